# SPDX-License-Identifier: GPL-3.0-or-later
"""A Bluetooth host in a hundred lines: raw H4 on a Unix socket, to prove the rig without the kiosk.

As a program it scans and advertises with legacy commands and prints what it hears:
    python Tests/Air/h4_probe.py SOCKET [SECONDS]
"""

import select
import socket
import struct
import sys
import time

RESET, SET_EVENT_MASK, READ_BD_ADDR = 0x0C03, 0x0C01, 0x1009
LE_SET_EVENT_MASK, LE_READ_FEATURES, LE_SET_RANDOM_ADDRESS = 0x2001, 0x2003, 0x2005
LE_ADV_PARAMETERS, LE_ADV_DATA, LE_ADV_ENABLE = 0x2006, 0x2008, 0x200A
LE_SCAN_PARAMETERS, LE_SCAN_ENABLE = 0x200B, 0x200C
LE_CREATE_CONNECTION, LE_CREATE_CONNECTION_CANCEL = 0x200D, 0x200E
LE_SET_ADDRESS, LE_EXT_ADV_PARAMETERS, LE_EXT_ADV_DATA, LE_EXT_ADV_ENABLE = 0x2035, 0x2036, 0x2037, 0x2039
LE_EXT_SCAN_PARAMETERS, LE_EXT_SCAN_ENABLE = 0x2041, 0x2042


class NoAnswer(Exception):
    """The controller did not answer a command in time."""


class Probe:
    """Sends one command at a time; every event that is no answer is kept in `events` as (time, code, parameters)."""

    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.events: list[tuple[float, int, bytes]] = []
        self.answers: list[tuple[int, str, bytes]] = []

    def close(self) -> None:
        self.socket.close()

    def command(self, opcode: int, parameters: bytes = b"", timeout: float = 2) -> tuple[str, bytes]:
        """("complete", return parameters) or ("status", the status byte)."""
        self.socket.sendall(struct.pack("<BHB", 1, opcode, len(parameters)) + parameters)
        end = time.monotonic() + timeout
        while True:
            for answer in self.answers:
                if answer[0] == opcode:
                    self.answers.remove(answer)
                    return answer[1:]
            if not self.receive(end - time.monotonic()):
                raise NoAnswer(f"{opcode:#06x}")

    def must(self, opcode: int, parameters: bytes = b"") -> bytes:
        """Return parameters after the status, which must be success."""
        kind, answer = self.command(opcode, parameters)
        if answer[0]:
            raise AssertionError(f"command {opcode:#06x}: {kind}, status {answer[0]:#04x}")
        return answer[1:]

    def receive(self, timeout: float) -> bool:
        """Takes what comes within the time, at once if something does; False if nothing came or the end."""
        if timeout <= 0 or not select.select([self.socket], [], [], timeout)[0]:
            return False
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("the controller closed the connection")
        self.buffer += data
        while len(self.buffer) >= 3:
            if self.buffer[0] != 4:
                raise ValueError(f"packet type {self.buffer[0]:#04x}")
            size = 3 + self.buffer[2]
            if len(self.buffer) < size:
                break
            code, parameters, self.buffer = self.buffer[1], self.buffer[3:size], self.buffer[size:]
            if code == 0x0E:
                self.answers.append((struct.unpack_from("<H", parameters, 1)[0], "complete", parameters[3:]))
            elif code == 0x0F:
                self.answers.append((struct.unpack_from("<H", parameters, 2)[0], "status", parameters[:1]))
            else:
                self.events.append((time.time(), code, parameters))
        return True

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.receive(end - time.monotonic())

    def setup(self, le_mask: int = 0x1F) -> None:
        """Reset, and the LE Meta events let through."""
        self.must(RESET)
        self.must(SET_EVENT_MASK, struct.pack("<Q", 0x20001FFFFFFFFFFF))
        self.must(LE_SET_EVENT_MASK, struct.pack("<Q", le_mask))

    def advertise(self, address: bytes, data: bytes) -> None:
        """ADV_IND each 100 ms from a random address (little-endian)."""
        self.must(LE_SET_RANDOM_ADDRESS, address)
        self.must(LE_ADV_PARAMETERS, struct.pack("<HHBBB6sBB", 160, 160, 0, 1, 0, bytes(6), 7, 0))
        self.must(LE_ADV_DATA, bytes([len(data)]) + data.ljust(31, b"\0"))
        self.must(LE_ADV_ENABLE, b"\x01")

    def scan(self, *, active: bool = False, filter_duplicates: bool = False) -> None:
        self.must(LE_SCAN_PARAMETERS, struct.pack("<BHHBB", active, 160, 160, 0, 0))
        self.must(LE_SCAN_ENABLE, bytes([1, filter_duplicates]))

    def reports(self) -> list[tuple[int, int, bytes, bytes, int]]:
        """Legacy reports so far: event type, address type, address as written, data, RSSI. One report an event."""
        found = []
        for _, code, p in self.events:
            if code == 0x3E and p[0] == 0x02:
                if p[1] != 1:
                    raise ValueError("more than one report in an event")
                size = p[10]
                found.append((p[2], p[3], p[9:3:-1], p[11 : 11 + size], struct.unpack_from("b", p, 11 + size)[0]))
        return found

    def extended_reports(self) -> list[tuple[int, int, bytes, bytes, int]]:
        """Extended reports so far, in the same form; the event type has 16 bits."""
        found = []
        for _, code, p in self.events:
            if code == 0x3E and p[0] == 0x0D:
                kind, address_type = struct.unpack_from("<HB", p, 2)
                found.append((kind, address_type, p[10:4:-1], p[26 : 26 + p[25]], struct.unpack_from("b", p, 15)[0]))
        return found


def main() -> None:
    probe = Probe(sys.argv[1])
    probe.setup()
    probe.advertise(bytes.fromhex("665544332251"), bytes.fromhex("020106"))
    probe.scan()
    probe.listen(float(sys.argv[2]) if len(sys.argv) > 2 else 5)
    counts: dict[tuple, int] = {}
    for report in probe.reports():
        counts[report] = counts.get(report, 0) + 1
    for (kind, address_type, address, data, rssi), count in sorted(counts.items()):
        print(f"{count:5} type {kind} {address.hex(':')}/{address_type} {rssi} dBm {data.hex()}")
    probe.must(RESET)


if __name__ == "__main__":
    main()
