# SPDX-License-Identifier: GPL-3.0-or-later
"""A room full of phones for the kiosk: bumble devices on one link, the kiosk's controller on a Unix socket (H4).

As a program it keeps such a room until stopped and prints what the observer hears of the kiosk:
    python Tests/Air/phones.py --socket h4.sock
    kiosk run --radio h4:unix:h4.sock
"""

import argparse
import asyncio
import collections
import dataclasses
import json
import secrets
import struct
import threading
import time

from bumble.core import UUID
from bumble.device import AdvertisingType, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address, HCI_LE_Set_Random_Address_Command, OwnAddressType
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

import bluezone
from controller import Air, H4Server, RadioController

ADVERTISING_INTERVAL = 100  # ms
DUTY = 15  # s on, then as long off, where a phone keeps a duty cycle
HEARD_MAX = 5_000  # adverts the observer remembers

AD_FLAGS, AD_UUID16_INCOMPLETE, AD_UUID16, AD_UUID128, AD_NAME, AD_MANUFACTURER = 0x01, 0x02, 0x03, 0x07, 0x09, 0xFF


def ad(kind: int, data: bytes) -> bytes:
    """One AD structure."""
    return bytes([len(data) + 1, kind]) + data


def ad_structures(data: bytes) -> list[tuple[int, bytes]]:
    """The AD structures of an advert; ValueError if the lengths do not fit. Zero bytes may end it early."""
    found, offset = [], 0
    while offset < len(data) and data[offset]:
        end = offset + 1 + data[offset]
        if end > len(data):
            raise ValueError(f"AD structure at {offset} ends at {end} of {len(data)}")
        found.append((data[offset + 1], data[offset + 2 : end]))
        offset = end
    if any(data[offset:]):
        raise ValueError(f"bytes after the end at {offset}")
    return found


def manufacturer(company: int, data: bytes) -> bytes:
    return ad(AD_MANUFACTURER, struct.pack("<H", company) + data)


def resolvable_address() -> Address:
    """A random address with the top bits of a resolvable private one, as phones use."""
    raw = bytearray(secrets.token_bytes(6))
    raw[5] = raw[5] & 0x3F | 0x40
    return Address(bytes(raw), Address.RANDOM_DEVICE_ADDRESS)


class Radio:
    """A bumble device in the room, heard by the others at `rssi` dBm; None is out of range."""

    def __init__(self, air: Air, name: str, rssi: int | None, kind=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE):
        self.name = name
        self.kind = kind
        public = Address(secrets.token_bytes(6), Address.PUBLIC_DEVICE_ADDRESS)
        self.controller = RadioController(name, air, tx_rssi=rssi, address=public)
        self.device = Device(name=name, host=Host(self.controller, AsyncPipeSink(self.controller)))
        self.addresses: list[Address] = []  # all it used, the present one last

    @property
    def rssi(self) -> int | None:
        return self.controller.tx_rssi

    @rssi.setter
    def rssi(self, value: int | None) -> None:
        self.controller.tx_rssi = value

    async def start(self) -> None:
        await self.device.power_on()
        await self.new_address()
        await self.advertise()

    async def stop(self) -> None:
        await self.device.stop_advertising()

    async def new_address(self) -> None:
        """A fresh random address; advertising must be off."""
        address = resolvable_address()
        await self.device.send_sync_command(HCI_LE_Set_Random_Address_Command(random_address=address))
        self.device.random_address = address
        self.addresses.append(address)

    def data(self) -> bytes:
        """The advertising data at this moment."""
        raise NotImplementedError

    async def advertise(self) -> None:
        await self.device.start_advertising(
            advertising_type=self.kind,
            own_address_type=OwnAddressType.RANDOM,
            auto_restart=True,
            advertising_data=self.data(),
            scan_response_data=b"",
            advertising_interval_min=ADVERTISING_INTERVAL,
            advertising_interval_max=ADVERTISING_INTERVAL,
        )


class OtherDevice(Radio):
    """Sends the same data all the time from one address."""

    def __init__(self, air, name, rssi, data: bytes, **kind):
        super().__init__(air, name, rssi, **kind)
        self._data = data

    def data(self) -> bytes:
        return self._data


class Bluezoner(Radio):
    """What both kinds of Bluezone phone share: an identity, and address and BLID changed with each slot.

    `ahead`: s by which the phone's clock is fast; below 0 it is slow.
    """

    def __init__(self, air, name, rssi, *, duty: bool = False, ahead: float = 0):
        super().__init__(air, name, rssi)
        self.ahead = ahead
        self.identity = bluezone.Identity(secrets.token_bytes(32), bluezone.midnight(self.now()))
        self.duty = duty
        self.slot = 0
        self._task: asyncio.Task | None = None

    def now(self) -> float:
        """Epoch s by the phone's clock."""
        return time.time() + self.ahead

    @property
    def blid(self) -> bytes:
        return self.identity.blid(self.slot)

    async def start(self) -> None:
        self.slot = bluezone.absolute_slot(self.now())
        await super().start()
        self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None
        await super().stop()

    async def _live(self) -> None:
        on, period_end = True, self.now() + DUTY
        while True:
            next_slot = (self.slot + 1) * bluezone.SLOT
            wake = min(next_slot, period_end) if self.duty else next_slot
            await asyncio.sleep(max(0, wake - self.now()) + 0.001)
            now = self.now()
            if self.duty and now >= period_end:
                on, period_end = not on, now + DUTY
            rotate = bluezone.absolute_slot(now) != self.slot
            await self.device.stop_advertising()
            if rotate:
                self.slot = bluezone.absolute_slot(now)
                await self.new_address()
            if on:
                await self.advertise()


class AndroidPhone(Bluezoner):
    """Flags, the 16-bit UUID, the BLID as manufacturer data; no name."""

    def data(self) -> bytes:
        return (
            ad(AD_FLAGS, b"\x02")
            + ad(AD_UUID16, struct.pack("<H", bluezone.SERVICE_16))
            + manufacturer(bluezone.COMPANY, self.blid)
        )


class IPhone(Bluezoner):
    """The 128-bit UUID and the name in the foreground, Apple's overflow area in the background; BLID by GATT."""

    def __init__(self, air, name, rssi, *, background: bool = False):
        super().__init__(air, name, rssi)
        self.background = background
        self.reads = 0

        def read(connection) -> bytes:
            self.reads += 1
            return self.blid

        self.device.add_service(
            Service(
                UUID(bluezone.SERVICE_128),
                [
                    Characteristic(
                        UUID(bluezone.CHARACTERISTIC),
                        Characteristic.Properties.READ,
                        Characteristic.READABLE,
                        CharacteristicValue(read=read),
                    )
                ],
            )
        )

    def data(self) -> bytes:
        if self.background:
            return ad(AD_FLAGS, b"\x1a") + manufacturer(0x004C, b"\x01\x08" + bytes(15))
        return ad(AD_FLAGS, b"\x1a") + ad(AD_UUID128, bytes(UUID(bluezone.SERVICE_128))) + ad(AD_NAME, b"Bluezone")


@dataclasses.dataclass(frozen=True)
class Heard:
    """An advert of the kiosk as the observer's stack reported it."""

    time: float
    address: str
    random: bool
    connectable: bool
    scannable: bool
    data: bytes

    def structures(self) -> list[tuple[int, bytes]]:
        return ad_structures(self.data)

    def manufacturer_data(self, company: int) -> bytes | None:
        """What follows the company identifier in the first structure of that company."""
        for kind, data in self.structures():
            if kind == AD_MANUFACTURER and data[:2] == struct.pack("<H", company):
                return data[2:]
        return None


class Observer(Radio):
    """A phone that only scans, with legacy commands, and remembers the adverts of whoever is not of the room."""

    def __init__(self, room: "Room"):
        super().__init__(room.air, "observer", None)
        self.room = room
        self.heard: collections.deque[Heard] = collections.deque(maxlen=HEARD_MAX)
        self.device.on("advertisement", self._on_advertisement)

    async def start(self) -> None:
        await self.device.power_on()
        await self.new_address()
        await self.device.start_scanning(legacy=True, active=False, filter_duplicates=False)

    async def stop(self) -> None:
        await self.device.stop_scanning(legacy=True)

    def _on_advertisement(self, advertisement) -> None:
        if advertisement.address in self.room.addresses():
            return
        self.heard.append(
            Heard(
                time.time(),
                str(advertisement.address).split("/")[0],
                advertisement.address.is_random,
                advertisement.is_connectable,
                advertisement.is_scannable,
                bytes(advertisement.data_bytes),
            )
        )

    def since(self, moment: float) -> list[Heard]:
        return [heard for heard in list(self.heard) if heard.time >= moment]


class Room:
    """The phones, the other devices, the observer and the kiosk's controller. Create and use it on one event loop."""

    def __init__(self, socket: str, *, extended: bool = False):
        self.air = Air()
        public = Address(secrets.token_bytes(6), Address.PUBLIC_DEVICE_ADDRESS)
        self.kiosk = RadioController("kiosk", self.air, extended=extended, tx_rssi=-60, address=public)
        self.h4 = H4Server(socket, self.kiosk)
        self.phones: list[Bluezoner] = []
        self.others: list[OtherDevice] = []
        self.observer = Observer(self)
        self._addresses: set[Address] = set()

    def add_android(self, rssi: int, **options) -> AndroidPhone:
        phone = AndroidPhone(self.air, f"android {len(self.phones) + 1}", rssi, **options)
        self.phones.append(phone)
        return phone

    def add_iphone(self, rssi: int, **options) -> IPhone:
        phone = IPhone(self.air, f"iphone {len(self.phones) + 1}", rssi, **options)
        self.phones.append(phone)
        return phone

    def add_other(self, name: str, rssi: int, data: bytes, **kind) -> OtherDevice:
        other = OtherDevice(self.air, name, rssi, data, **kind)
        self.others.append(other)
        return other

    def add_apple_without_app(self, rssi: int) -> OtherDevice:
        """An iPhone's Nearby Info: no Bluezone, yet a phone."""
        return self.add_other(
            "apple", rssi, ad(AD_FLAGS, b"\x1a") + manufacturer(0x004C, bytes.fromhex("10050318a1b2c3"))
        )

    def add_pc(self, rssi: int) -> OtherDevice:
        """A Windows PC's beacon: not a phone, not connectable."""
        return self.add_other(
            "pc",
            rssi,
            manufacturer(0x0006, bytes.fromhex("0109200263d1") + bytes(21)),
            kind=AdvertisingType.UNDIRECTED,
        )

    def add_wrong_length(self, rssi: int, length: int) -> OtherDevice:
        """Looks like a Bluezone phone but for the length of its BLID."""
        return self.add_other(
            f"blid of {length}",
            rssi,
            ad(AD_FLAGS, b"\x02")
            + ad(AD_UUID16, struct.pack("<H", bluezone.SERVICE_16))
            + manufacturer(bluezone.COMPANY, secrets.token_bytes(length)),
        )

    def radios(self) -> list[Radio]:
        return [*self.phones, *self.others, self.observer]

    def addresses(self) -> set[Address]:
        """Every address a device of the room has used."""
        used = [address for radio in self.radios() for address in radio.addresses]
        if len(used) != len(self._addresses):
            self._addresses = set(used)
        return self._addresses

    async def start(self) -> None:
        await self.h4.open()
        for radio in self.radios():
            await radio.start()

    async def stop(self) -> None:
        for radio in self.radios():
            await radio.stop()
        await self.h4.close()


class RoomThread:
    """A room on an event loop of its own thread, for tests that are not asynchronous.

    `with RoomThread(path, build) as room:` where `build(room)` adds the devices; `call` runs a coroutine there,
    `do` a function.
    """

    LIMIT = 30  # s any one call may take

    def __init__(self, socket: str, build, *, extended: bool = False):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="room", daemon=True)
        self._socket, self._build, self._extended = socket, build, extended
        self.room: Room

    def start(self) -> "RoomThread":
        self._thread.start()
        try:
            self.call(self._start())
        except BaseException:
            self._end()
            raise
        return self

    async def _start(self) -> None:
        self.room = Room(self._socket, extended=self._extended)
        self._build(self.room)
        await self.room.start()

    def stop(self) -> None:
        try:
            self.call(self.room.stop())
        finally:
            self._end()

    def _end(self) -> None:
        async def cancel_others():
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self.call(cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(self.LIMIT)

    def do(self, function, *arguments):
        async def run():
            return function(*arguments)

        return self.call(run())

    def __enter__(self) -> "RoomThread":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()


async def main(options: argparse.Namespace) -> None:
    room = Room(options.socket, extended=options.extended)
    levels = options.rssi or [-50, -60, -75, -95]
    for index in range(options.phones):
        room.add_android(levels[index % len(levels)], duty=options.duty)
    for index in range(options.iphones):
        room.add_iphone(levels[index % len(levels)], background=bool(index % 2))
    if options.others:
        room.add_apple_without_app(-58)
        room.add_pc(-96)
        room.add_wrong_length(-97, 11)
        room.add_wrong_length(-97, 13)
    await room.start()
    for phone in room.phones:
        key = phone.identity.base_key.hex()
        print(json.dumps({"phone": phone.name, "rssi": phone.rssi, "daily_key": key, "blid": phone.blid.hex()}), flush=True)
    try:
        end = time.time() + options.seconds if options.seconds else float("inf")
        seen = None
        while time.time() < end:
            await asyncio.sleep(0.5)
            if room.observer.heard and (last := room.observer.heard[-1]) and (last.address, last.data) != seen:
                seen = (last.address, last.data)
                print(json.dumps({"kiosk": last.address, "random": last.random, "connectable": last.connectable,
                                  "data": last.data.hex(), "time": round(last.time, 1)}), flush=True)
    finally:
        await room.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--socket", required=True, help="path of the kiosk's H4 socket")
    parser.add_argument("--phones", type=int, default=4, help="Android phones with Bluezone")
    parser.add_argument("--iphones", type=int, default=0, help="iPhones with Bluezone, every second one in the background")
    parser.add_argument("--rssi", type=int, nargs="*", help="dBm, phone by phone, repeated")
    parser.add_argument("--no-others", dest="others", action="store_false", help="phones with Bluezone only")
    parser.add_argument("--duty", action="store_true", help="15 s on, 15 s off")
    parser.add_argument("--extended", action="store_true", help="a controller with extended advertising")
    parser.add_argument("--seconds", type=float, help="end after this time; default: at Ctrl-C")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except KeyboardInterrupt:
        pass
