# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts in `kiosk.journal` that the database does not hold yet, read from the format's description alone
(Sources/KioskCore/Journal/JournalPage.swift)."""
import struct

PAGE, HEAD, MAGIC = 4096, 48, b"BLZJRNL1"
MASK = (1 << 64) - 1


def checksum(page: bytes) -> int:
    total = int.from_bytes(MAGIC, "big")
    for (word,) in struct.iter_unpack(">Q", page[16:]):
        total = (total ^ word) * 0x9E3779B97F4A7C15 & MASK
        total ^= total >> 32
    return total


class Content:
    def __init__(self, page: bytes):
        self.page, self.at = page, HEAD

    def take(self, count: int) -> bytes:
        self.at += count
        return self.page[self.at - count:self.at]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        value = self.number()
        return value >> 1 ^ -(value & 1)


def contacts(data: bytes, mark: tuple[int, int] | None) -> dict[tuple[int, bytes], dict]:
    """By slot and id. `mark` is epoch and sequence of the table `journal`, as SQLite has them; None before there is one."""
    pages = []
    for at in range(0, len(data) - PAGE + 1, PAGE):
        page = data[at:at + PAGE]
        if page[:8] != MAGIC or struct.unpack(">Q", page[8:16])[0] != checksum(page):
            continue
        epoch, sequence, generation, _ = struct.unpack(">4Q", page[16:HEAD])
        if mark is None or epoch != mark[0] & MASK or sequence > mark[1] & MASK:
            pages.append((sequence, generation, page))
    found: dict[tuple[int, bytes], dict] = {}
    known, last_generation = {}, None
    for _, generation, page in sorted(pages):
        if generation != last_generation:
            known, last_generation = {}, generation
        content = Content(page)
        content.take(content.number())  # boot
        content.take(content.number())  # clock
        seconds, milliseconds, _ = content.signed(), content.signed(), content.signed()
        number = content.number()
        while content.at < PAGE and content.page[content.at]:
            tag = content.take(1)[0]
            if tag & 3 == 3:
                flags = content.take(1)[0]
                for _ in range(4 if flags & 0x10 else 3):
                    content.signed()
                content.take(1 if flags & 8 else 0)
                continue
            if tag & 3 == 1:
                blid = content.take(12)
                first = content.signed() + (milliseconds if tag & 0x40 else seconds)
                place = known[number] = [blid, first, first + content.signed(), bool(tag & 0x40)]
                last = place[2]
                number += 1
            else:
                place = known.get(content.number())
                later = content.signed()
                last = place[2] + later if place else 0
                if place:
                    place[2] = max(place[2], last)
            count, nearest, total = 0, None, 0
            if tag & 0x10:
                count = content.signed()
                nearest = None if tag & 0x20 else content.signed() - 60
                total = content.signed() + count * (nearest or 0)
            if place is None or place[3]:
                continue
            blid, first = place[:2]
            slot = first // 900
            row = found.setdefault((slot, blid), {
                "slot": slot, "blid": blid, "first": first - slot * 900, "last": 0, "count": 0, "nearest": None,
                "rssiSum": 0, "platform": None})
            merge(row, {"first": first - slot * 900, "last": last - slot * 900, "count": count, "nearest": nearest,
                        "rssiSum": total, "platform": tag >> 2 & 3 or None})
    return found


def merge(row: dict, news: dict) -> None:
    """As the database does it."""
    row["first"] = min(row["first"], news["first"])
    row["last"] = max(row["last"], news["last"])
    row["count"] += news["count"]
    row["rssiSum"] += news["rssiSum"]
    row["nearest"] = max((n for n in (row["nearest"], news["nearest"]) if n is not None), default=None)
    row["platform"] = row["platform"] or news["platform"]


def overlaid(rows: list[dict], data: bytes, mark: tuple[int, int] | None) -> list[dict]:
    """The database's rows and the journal's. The journal must have been read first."""
    all_rows = {(row["slot"], bytes(row["blid"])): row for row in rows}
    for place, news in contacts(data, mark).items():
        if place in all_rows:
            merge(all_rows[place], news)
        else:
            all_rows[place] = news
    return list(all_rows.values())
