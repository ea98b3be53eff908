# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's monitor: what the emulated screen shows, a finger on it, and its plug."""

import json
import pathlib
import re
import socket
import struct
import time
import zlib

AXIS = 0x7FFF  # the highest value of an axis of QEMU's absolute pointers


class Monitor:
    """One connection by QMP."""

    def __init__(self, path: str):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(30)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()  # QEMU introduces itself
        self._deleted: list[str] = []
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments):
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self._lines.readline())
            if answer.get("event") == "DEVICE_DELETED":
                self._deleted.append(answer["data"].get("device"))
            if "error" in answer:
                raise AssertionError(f"QEMU: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def unplug(self, device: str) -> None:
        """Returns when the guest has let go of it, so that another may have its name."""
        self._deleted.clear()
        self.execute("device_del", id=device)
        while device not in self._deleted:
            time.sleep(0.1)
            self.execute("query-status")  # events come before its answer

    def screen(self, path: pathlib.Path, device: str = "screen") -> "Picture":
        """What a screen shows now; left in that file as PPM."""
        self.execute("screendump", filename=str(path), device=device)
        return Picture.ppm(path.read_bytes())

    def finger(self, x: float, y: float, down: bool | None = None) -> None:
        """Moves a finger to shares of the screen's width and height, then puts it down or lifts it."""
        events = [{"type": "abs", "data": {"axis": axis, "value": round(share * AXIS)}}
                  for axis, share in (("x", x), ("y", y))]
        if down is not None:
            events.append({"type": "btn", "data": {"button": "left", "down": down}})
        self.execute("input-send-event", events=events)

    def tap(self, x: float, y: float) -> None:
        self.finger(x, y)
        self.finger(x, y, True)
        time.sleep(0.1)
        self.finger(x, y, False)


class Viewer:
    """Somebody who looks by VNC, and whose window decides the size of the screen. Source: RFC 6143; the community's RFB
    protocol, SetDesktopSize."""

    EXTENDED_DESKTOP_SIZE = -308

    def __init__(self, path: str):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._socket.connect(path)
        self._take(12)
        self._socket.sendall(b"RFB 003.008\n")
        self._take(self._take(1)[0])
        self._socket.sendall(b"\1")  # no password
        self._take(4)
        self._socket.sendall(b"\1")  # others may look as well
        self._take(20)
        self._take(struct.unpack(">I", self._take(4))[0])
        self._socket.sendall(struct.pack(">BxHi", 2, 1, self.EXTENDED_DESKTOP_SIZE))

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise AssertionError("QEMU's VNC server is gone")
            data += piece
        return data

    def resize(self, width: int, height: int) -> None:
        """QEMU then tells the graphics card that another screen is plugged in."""
        screen = struct.pack(">IHHHHI", 0, 0, 0, width, height, 0)
        self._socket.sendall(struct.pack(">BxHHBx", 251, width, height, 1) + screen)

    def close(self) -> None:
        self._socket.close()


class Picture:
    """Pixels of 24 bits, row by row."""

    def __init__(self, width: int, height: int, pixels: bytes):
        self.width, self.height, self.pixels = width, height, pixels

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @classmethod
    def ppm(cls, data: bytes) -> "Picture":
        header = re.match(rb"P6\s(\d+)\s(\d+)\s255\s", data)
        if not header:
            raise ValueError("not the PPM that QEMU writes")
        return cls(int(header[1]), int(header[2]), data[header.end():])

    @classmethod
    def png(cls, data: bytes) -> "Picture":
        """As Cairo writes it: 8 bits a colour, with or without an opaque alpha, not interlaced."""
        at, packed, header = 8, b"", None
        while at < len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            body = data[at + 8:at + 8 + length]
            if kind == b"IHDR":
                header = struct.unpack(">IIBBBBB", body)
            elif kind == b"IDAT":
                packed += body
            at += 12 + length
        width, height, depth, colour, _, _, interlace = header
        if depth != 8 or colour not in (2, 6) or interlace:
            raise ValueError("not the PNG that Cairo writes")
        size = 3 if colour == 2 else 4
        rows = unfiltered(zlib.decompress(packed), width * size, height, size)
        if size == 4:
            rows = b"".join(bytes(c for i, c in enumerate(row) if i % 4 != 3)
                            for row in (rows[y * width * 4:(y + 1) * width * 4] for y in range(height)))
        return cls(width, height, rows)

    def turned(self, degrees: int) -> "Picture":
        """Clockwise."""
        if degrees == 0:
            return self
        rows = [[self.pixels[3 * (y * self.width + x):][:3] for x in range(self.width)] for y in range(self.height)]
        for _ in range(degrees // 90):
            rows = [list(column) for column in zip(*reversed(rows))]
        return Picture(len(rows[0]), len(rows), b"".join(b"".join(row) for row in rows))

    def difference(self, other: "Picture", tolerance: int = 0) -> str | None:
        """What differs by more than `tolerance` in a colour; None: nothing does."""
        if self.size != other.size:
            return f"size {self.size} and {other.size}"
        if self.pixels == other.pixels:
            return None
        wrong = [i for i, (a, b) in enumerate(zip(self.pixels, other.pixels)) if abs(a - b) > tolerance]
        if not wrong:
            return None
        first = wrong[0] // 3
        return (f"{len({i // 3 for i in wrong})} pixels of {self.width * self.height}, the first at"
                f" {first % self.width},{first // self.width}: {self.at(first).hex()} and {other.at(first).hex()}")

    def at(self, index: int) -> bytes:
        return self.pixels[3 * index:3 * index + 3]

    @property
    def colours(self) -> int:
        return len({self.at(i) for i in range(self.width * self.height)})


def unfiltered(data: bytes, stride: int, height: int, size: int) -> bytes:
    """PNG's rows without their filters. Source: PNG specification, 9.2."""
    result, above = bytearray(), bytearray(stride)
    for y in range(height):
        kind, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if kind else 0):
            left = row[i - size] if i >= size else 0
            corner = above[i - size] if i >= size else 0
            if kind == 1:
                add = left
            elif kind == 2:
                add = above[i]
            elif kind == 3:
                add = (left + above[i]) // 2
            else:
                estimate = left + above[i] - corner
                add = min((abs(estimate - left), 0, left), (abs(estimate - above[i]), 1, above[i]),
                          (abs(estimate - corner), 2, corner))[2]
            row[i] = (row[i] + add) & 0xFF
        result += row
        above = row
    return bytes(result)
