# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk among bumble iPhones, whose id it must read over GATT, and read by a bumble central."""

import asyncio
import signal
import time

from bumble.core import UUID, ProtocolError
from bumble.device import Peer
from bumble.hci import Address, OwnAddressType

import bluezone
from phones import IPhone, OtherDevice, Radio, ad, AD_FLAGS, manufacturer
from test_kiosk import LOG_LIMIT, KioskCase

READ_LIMIT = 60  # s in which every iPhone is read
IOS, ANDROID = 2, 1


class StrangerInTheBackground(OtherDevice):
    """An iPhone whose background apps set Bluezone's bit without having Bluezone: it has no such service."""

    def __init__(self, air, name, rssi):
        super().__init__(air, name, rssi, ad(AD_FLAGS, b"\x1a") + manufacturer(0x004C, b"\x01\x0c" + bytes(15)))
        self.connections = 0
        self.device.on("connection", self._on_connection)

    def _on_connection(self, _):
        self.connections += 1


class WrongValue(IPhone):
    """An iPhone whose characteristic is a byte short."""

    @property
    def blid(self) -> bytes:
        return super().blid[:11]


def crowd(room) -> None:
    room.add_iphone(-50)
    room.add_iphone(-60)
    room.add_iphone(-62, background=True)
    room.add_iphone(-70, background=True)
    room.add_android(-55)
    stranger = StrangerInTheBackground(room.air, "stranger", -52)
    room.others.append(stranger)
    room.stranger = stranger
    wrong = WrongValue(room.air, "wrong value", -53)
    room.others.append(wrong)
    room.wrong = wrong


class Cases:
    def rows(self):
        names = ("slot", "blid", "nearest", "count", "platform")
        return [tuple(row[name] for name in names) for row in self.kiosk.contacts()]

    def phones_problem(self, since: float) -> str | None:
        now = bluezone.absolute_slot(time.time())
        first = bluezone.absolute_slot(since)
        rows = self.rows()
        wanted = {}
        for phone in self.room.phones:
            for slot in range(first, now + 1):
                wanted[phone.identity.blid(slot)] = phone
        for _, blid, nearest, _, platform in rows:
            phone = wanted.get(bytes(blid))
            if phone is None:
                return "a contact with nobody of the room"
            if nearest != phone.rssi:
                return f"{phone.name}: nearest {nearest} dBm instead of {phone.rssi}"
            if platform != (IOS if isinstance(phone, IPhone) else ANDROID):
                return f"{phone.name}: platform {platform}"
        have = {wanted[bytes(row[1])].name for row in rows}
        missing = [phone.name for phone in self.room.phones if phone.name not in have]
        return f"not in the log: {', '.join(missing)}" if missing else None

    def test_01_everyIPhone_isReadAndLogged(self):
        self.wait_until(lambda: self.phones_problem(self.first_start), READ_LIMIT + LOG_LIMIT, "log")

    def test_02_readOnce_isNotReadAgainInTheSlot(self):
        self.wait_until(lambda: self.phones_problem(self.first_start), READ_LIMIT + LOG_LIMIT, "log")
        slot = bluezone.absolute_slot(time.time())
        before = [phone.reads for phone in self.room.phones if isinstance(phone, IPhone)]
        time.sleep(12)
        if bluezone.absolute_slot(time.time()) != slot:
            self.skipTest("the slot changed meanwhile")
        self.assertEqual([phone.reads for phone in self.room.phones if isinstance(phone, IPhone)], before)

    def test_03_stranger_isAskedOnce(self):
        self.wait_until(lambda: None if self.room.stranger.connections else "not asked yet", READ_LIMIT, "stranger")
        time.sleep(8)
        self.assertEqual(self.room.stranger.connections, 1)

    def test_04_iPhonesAreBluezoners_inTheStatus(self):
        def problem():
            status = self.kiosk.status()
            count = status.get("bluezoners_around") if status else None
            return None if count == len(self.room.phones) else f"bluezoners_around {count}"

        self.wait_until(problem, READ_LIMIT, "status")

    # A phone that reads the kiosk

    def connect(self):
        """A central connected to the kiosk."""
        heard = self.heard(time.time() - 5)
        self.assertTrue(heard, "the observer hears no kiosk")
        address = heard[-1].address

        async def go():
            central = Radio(self.room.air, "central", -55)
            await central.device.power_on()
            await central.new_address()
            connection = await asyncio.wait_for(
                central.device.connect(
                    Address(address, Address.RANDOM_DEVICE_ADDRESS), own_address_type=OwnAddressType.RANDOM
                ),
                15,
            )
            return central, connection

        central, connection = self.thread.call(go())
        self.addCleanup(lambda: self.thread.call(self.leave(connection)))
        return central, connection

    @staticmethod
    async def leave(connection):
        try:
            await asyncio.wait_for(connection.disconnect(), 3)
        except Exception:
            pass

    def own_blids(self) -> set[bytes]:
        identity = self.kiosk.identity()
        now = time.time()
        return {identity.blid(bluezone.absolute_slot(t)) for t in (now - 5, now)}

    def test_05_central_readsOurId_inEveryWay(self):
        _, connection = self.connect()

        async def read():
            peer = Peer(connection)
            mtu = await asyncio.wait_for(peer.request_mtu(512), 5)
            await asyncio.wait_for(peer.discover_services(), 5)
            names = [str(service.uuid) for service in peer.services]
            services = await asyncio.wait_for(peer.discover_service(UUID(bluezone.SERVICE_128)), 5)
            characteristics = await asyncio.wait_for(
                peer.discover_characteristics([UUID(bluezone.CHARACTERISTIC)], services[0]), 5
            )
            value = await asyncio.wait_for(characteristics[0].read_value(), 5)
            by_type = await asyncio.wait_for(
                peer.read_characteristics_by_uuid(UUID(bluezone.CHARACTERISTIC), services[0]), 5
            )
            await asyncio.wait_for(peer.discover_descriptors(start_handle=1, end_handle=0xFFFF), 5)
            return mtu, names, characteristics[0].handle, bytes(value), [bytes(v) for v in by_type]

        mtu, names, handle, value, by_type = self.thread.call(read())
        self.assertEqual(mtu, 512)
        self.assertIn(value, self.own_blids())
        self.assertEqual(by_type, [value])
        self.assertGreaterEqual(len(names), 3)

        async def wrong():
            errors = []
            peer = Peer(connection)
            for attribute in (0, handle + 1000):
                try:
                    await asyncio.wait_for(peer.gatt_client.read_value(attribute, no_long_read=True), 5)
                except ProtocolError as error:
                    errors.append(error.error_code)
            try:
                await asyncio.wait_for(peer.gatt_client.write_value(handle, b"x", with_response=True), 5)
            except ProtocolError as error:
                errors.append(error.error_code)
            return errors

        self.assertEqual(self.thread.call(wrong()), [1, 1, 3])  # invalid handle twice, write not permitted

    def test_06_kioskAdvertises_whileItIsRead(self):
        self.connect()
        since = time.time()
        self.wait_until(lambda: None if self.heard(since + 1) else "silent beside a connection", 10, "advertising")

    def test_07_silentCentral_isDropped(self):
        central, connection = self.connect()
        gone = []
        self.thread.do(lambda: connection.on("disconnection", gone.append))
        self.wait_until(lambda: None if gone else "still connected", 25, "silence")

    def test_08_term_endsCleanly(self):
        self.assertEqual(self.kiosk.signal(signal.SIGTERM, 3), 0, self.kiosk.last_words())


class IPhonesOnLegacyController(Cases, KioskCase):
    build = staticmethod(crowd)


class IPhonesOnExtendedController(Cases, KioskCase):
    build = staticmethod(crowd)
    extended = True
