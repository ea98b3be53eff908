# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in PNG files, as far as Cairo writes them: 8 bits of red, green and blue, not interlaced."""

import pathlib
import struct
import zlib


def read(path: pathlib.Path) -> tuple[int, int, list[bytearray]]:
    """Width, height and the rows. Source: Portable Network Graphics, third edition, 5 and 9."""
    data = path.read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path} is no PNG")
    place, packed, width, height = 8, b"", 0, 0
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, *form = struct.unpack(">IIBBBBB", body)
            if form != [8, 2, 0, 0, 0]:
                raise ValueError(f"{path}: not 8 bits of red, green and blue")
        elif kind == b"IDAT":
            packed += body
        place += 12 + length
    raw, pitch, rows = zlib.decompress(packed), 3 * width, []
    above = bytearray(pitch)
    for y in range(height):
        start = y * (pitch + 1)
        row = bytearray(raw[start + 1 : start + 1 + pitch])
        unfilter(raw[start], row, above)
        rows.append(row)
        above = row
    return width, height, rows


def unfilter(kind: int, row: bytearray, above: bytearray) -> None:
    if kind == 0:
        return
    for i in range(len(row)):
        left, up, corner = (row[i - 3] if i > 2 else 0), above[i], (above[i - 3] if i > 2 else 0)
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = left if by_left <= by_up and by_left <= by_corner else up if by_up <= by_corner else corner
        row[i] = (row[i] + guess) & 255


def shrunk(rows: list[bytearray], step: int) -> list[list[float]]:
    """Each square of `step` pixels becomes its mean."""
    result = []
    for y in range(0, len(rows), step):
        sums = [sum(values) for values in zip(*rows[y : y + step])]
        result.append(
            [sum(sums[x + c : x + c + 3 * step : 3]) / step**2 for x in range(0, len(sums), 3 * step) for c in range(3)])
    return result


def difference(one: list, other: list) -> tuple[float, float]:
    """The mean of all differences, and percent of the values that differ by more than 40 of 255."""
    gaps = [abs(a - b) for first, second in zip(one, other, strict=True) for a, b in zip(first, second, strict=True)]
    return sum(gaps) / len(gaps), 100 * sum(gap > 40 for gap in gaps) / len(gaps)
