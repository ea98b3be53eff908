# SPDX-License-Identifier: GPL-3.0-or-later
"""Bluezone ids, written a second time from the protocol's description, to judge the kiosk's own.

Run as a program it checks itself against the vectors file given, or Tests/Vectors/bluezone-ids.json.
"""

import hashlib
import json
import pathlib
import sys

DAY = 86_400  # s
SLOTS = 96  # a day, unless an F0 entry says otherwise
SLOT = DAY // SLOTS  # s
BLID_OFFSETS = (0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30)
SUB_KEY_LABEL = b"bluzonesubkey"  # the spelling is the apps'
SERVICE_16 = 0x4E56
SERVICE_128 = "00004E56-73F5-4BC4-A12F-17D1AD07A667"
CHARACTERISTIC = "00004E56-73F5-4BC4-A12F-17D1AD07A689"
COMPANY = 0x22B5

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "Vectors" / "bluezone-ids.json"


def midnight(seconds: float) -> int:
    """The UTC midnight at or before a moment, epoch seconds."""
    return int(seconds) // DAY * DAY


def daily_key(base_key: bytes, base_day: int, day: int) -> bytes:
    """The key of the day that starts at `day`; `base_day` is the base key's own day."""
    days, rest = divmod(day - base_day, DAY)
    if rest or days < 0:
        raise ValueError("not a day at or after the base key's")
    key = base_key
    for _ in range(days):
        key = hashlib.sha256(key).digest()
    return key


def blids(key: bytes, slots: int = SLOTS) -> list[bytes]:
    """The BLIDs of a daily key, slot by slot."""
    ids = []
    sub_key = hashlib.sha256(key + SUB_KEY_LABEL).digest()
    for _ in range(slots):
        ids.append(bytes(sub_key[offset] for offset in BLID_OFFSETS))
        sub_key = hashlib.sha256(sub_key).digest()
    return ids


def slot_of(seconds: float) -> int:
    """The slot within its UTC day of a moment."""
    return (int(seconds) % DAY) // SLOT


def absolute_slot(seconds: float) -> int:
    """Slots since the epoch, as the kiosk's log counts them."""
    return int(seconds) // SLOT


class Identity:
    """A phone's keys: the base key and every BLID that follows from it."""

    def __init__(self, base_key: bytes, base_day: int):
        self.base_key = base_key
        self.base_day = base_day
        self._days: dict[int, list[bytes]] = {}

    def daily_key(self, day: int) -> bytes:
        return daily_key(self.base_key, self.base_day, day)

    def blid(self, absolute: int) -> bytes:
        """The BLID of a slot counted from the epoch."""
        day = absolute // SLOTS * DAY
        if day not in self._days:
            self._days[day] = blids(self.daily_key(day))
        return self._days[day][absolute % SLOTS]


def check(vectors: dict) -> int:
    """Compares with a vectors file; returns how many BLIDs were compared, raises AssertionError."""
    compared = 0
    for case in vectors["ids"]:
        base, base_day = bytes.fromhex(case["base_key"]), case["base_day"]
        for day in case["days"]:
            key = daily_key(base, base_day, day["day"])
            assert key.hex() == day["daily_key"], f"daily key of day {day['day']}"
            ids = blids(key)
            for slot, blid in day["slots"].items():
                assert ids[int(slot)].hex() == blid, f"day {day['day']} slot {slot}"
                compared += 1
    assert compared, "no BLID in the vectors"
    return compared


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS
    print(check(json.loads(path.read_text())), "BLIDs agree")
