# SPDX-License-Identifier: GPL-3.0-or-later
"""From a phone that was heard to its case found, by everything between: phones that come and go, the log, their keys in
the health office's signed feed, nginx with TLS, `kiosk f0 sync`, the exposure and its evidence."""

import datetime
import json
import pathlib
import secrets
import signal
import sqlite3
import time

import bluezone
from feed_site import Authority, Nginx, Office, feed_table
from phones import Bluezoner, Room
from test_kiosk import LOG_LIMIT, START_LIMIT, STOP_LIMIT, WRITE_EVERY, KioskCase

OFF = 600  # s by which the wrong clock is off
STAY = 12  # s the phones are in range
EDGE = 3  # s after which a phone that comes is heard at the latest, and for which it is not before it goes
CASE, WRONG_CLOCK, HEALTHY = -50, -70, -60  # dBm
ABOUT = START_LIMIT + STAY + 15  # s from the making of the room to the phones' going, at the most


def crowd(room: Room) -> None:
    """All are out of range at first. The wrong clock is off to the side on which its slot is another than the true one
    for as long as the phones stay: OFF is less than a slot, so the other side would not do at every time."""
    into = time.time() % bluezone.SLOT
    room.case = room.add_android(None)
    room.wrong_clock = room.add_android(None, ahead=-OFF if into < OFF - ABOUT else OFF)
    room.healthy = room.add_android(None)


class CasesFromTheFeed(KioskCase):
    """Its kiosk allows no tolerance at first."""

    build = staticmethod(crowd)

    @classmethod
    def setUpClass(cls):
        # The phones shall come and go within one slot, so that each has one id and the log one row of it.
        left = bluezone.SLOT - time.time() % bluezone.SLOT
        if left < ABOUT:
            time.sleep(left + 1)
        super().setUpClass()

    @classmethod
    def settings(cls, folder: pathlib.Path) -> str:
        authority = Authority(folder, "authority")
        cls.office = Office(folder)
        cls.office.publish()
        cls.nginx = Nginx(folder, cls.office.folder, *authority.issue(folder, "server"))
        cls.addClassCleanup(cls.nginx.close)
        cls.feed = cls.office.settings(f"https://localhost:{cls.nginx.port}/", authority.certificate)
        return cls.with_tolerance(0)

    @classmethod
    def with_tolerance(cls, slots: int) -> str:
        return f"[f0]\ntolerance_slots = {slots}\n" + feed_table(cls.feed)

    # What the tests ask

    def ask(self, *arguments: str) -> str:
        done = self.kiosk.command(*arguments, "--data", str(self.kiosk.data), "--config", str(self.kiosk.config))
        self.assertEqual(done.returncode, 0, f"kiosk {' '.join(arguments[:2])}: {done.stderr}")
        return done.stdout

    def sync(self) -> None:
        """By the running kiosk; ends when the newest version is held and all of it was compared with the log."""
        self.assertIn(f"version {self.office.manifest['version']}", self.ask("f0", "sync"))
        self.wait_until(self.matching_problem, LOG_LIMIT, "comparison with the log")

    def matching_problem(self, tolerance: int = 0) -> str | None:
        with sqlite3.connect(f"file:{self.kiosk.data}/kiosk.sqlite?mode=ro", uri=True, timeout=5) as database:
            held, compared = database.execute(
                "SELECT count(*), coalesce(sum(isMatched AND toleranceSlots = ?), 0) FROM f0Entry", [tolerance]).fetchone()
        right = held == compared == self.office.cases
        return None if right else f"{compared} entries of {held} compared, {self.office.cases} published"

    def rows_of(self, phone: Bluezoner) -> list[dict]:
        return [row for row in self.kiosk.contacts() if bytes(row["blid"]) == phone.blid]

    def log_problem(self) -> str | None:
        """Why the log is not one contact with each phone, from its coming to its going."""
        rows = self.kiosk.contacts()
        for phone in self.room.phones:
            mine = self.rows_of(phone)
            if len(mine) != 1:
                return f"{len(mine)} contacts with {phone.name}"
            first, last = self.times(mine[0])
            if not (self.came - 1 <= first <= self.came + EDGE and self.gone - EDGE <= last <= self.gone + 1):
                return (f"{phone.name} was heard from {first - self.came:.1f} s after it came"
                        f" to {self.gone - last:.1f} s before it went")
        return None if len(rows) == len(self.room.phones) else f"{len(rows)} contacts in all"

    @staticmethod
    def times(row: dict) -> tuple[int, int]:
        return row["slot"] * bluezone.SLOT + row["first"], row["slot"] * bluezone.SLOT + row["last"]

    @staticmethod
    def entry(phone: Bluezoner) -> dict:
        """As the phone's app hands it over: the day's key, by the phone's own clock."""
        now = int(phone.now())
        day = bluezone.midnight(now)
        return {"daily_key": phone.identity.daily_key(day).hex(), "time_start": day, "max": 96, "time_end": now}

    def expect(self, exposures: list[dict], *phones: tuple[Bluezoner, int]) -> None:
        """Exactly these phones, told apart by their strength: the window is what the log says, which is when they were here."""
        self.assertEqual(sorted(e["nearest_dbm"] for e in exposures), sorted(dbm for _, dbm in phones))
        for phone, dbm in phones:
            exposure = next(e for e in exposures if e["nearest_dbm"] == dbm)
            self.assertEqual((exposure["contacts"], len(exposure["windows"])), (1, 1))
            for window in (exposure, exposure["windows"][0]):
                start, end = (datetime.datetime.fromisoformat(window[name]).timestamp() for name in ("start", "end"))
                self.assertEqual((start, end), self.times(self.rows_of(phone)[0]))
                self.assertLessEqual(start, self.came + EDGE)
                self.assertGreaterEqual(end, self.gone - EDGE)
            self.assertEqual(exposure["bluezoners"], len(self.room.phones) - 1, "the others who were here")

    def evidence(self, exposure: dict) -> dict:
        folder = self.kiosk.folder / "evidence"
        self.ask("exposures", "evidence", str(exposure["id"]), "-o", str(folder), "--operator", "Air", "--reason", "test")
        return json.loads((folder / f"exposure-{exposure['id']}.json").read_text())

    def expect_provenance(self, phone: Bluezoner, document: dict, tolerance: int) -> None:
        manifest, batch = self.office.manifest, document["batch"]
        self.assertEqual((batch["feed_version"], batch["feed_region"]), (manifest["version"], "VN-HN"))
        self.assertEqual((batch["sha256"], batch["entries"]), (manifest["batches"][0]["sha256"], 3))
        self.assertEqual(document["tolerance_minutes"], tolerance)
        self.assertEqual([contact["id"].lower() for contact in document["contacts"]], [phone.blid.hex()])

    # The tests, in this order

    def test_01_phonesComeAndGo_andTheLogSaysWhen(self):
        cls, room = type(self), self.room
        self.wait_until(lambda: self.advert_problem(self.first_start), START_LIMIT, "first adverts")
        self.assertIsNone(self.running_problem())
        self.assertEqual(self.kiosk.contacts(), [])

        def strengths(*dbm: int | None) -> float:
            room.case.rssi, room.wrong_clock.rssi, room.healthy.rssi = dbm
            return time.time()

        cls.came = self.thread.do(strengths, CASE, WRONG_CLOCK, HEALTHY)
        time.sleep(STAY)
        cls.gone = self.thread.do(strengths, None, None, None)
        slot = bluezone.absolute_slot(self.came)
        self.assertEqual(bluezone.absolute_slot(self.gone), slot, f"the machine is slow: {ABOUT} s were not enough")
        self.assertEqual(abs(room.wrong_clock.slot - slot), 1, "the wrong clock's slot")
        # Nothing more is written after this, so that log and exposures can be compared to the second.
        time.sleep(WRITE_EVERY + 2)
        self.wait_until(self.log_problem, LOG_LIMIT, "contact log")

    def test_02_publishedCase_isFoundWithTheTimesItWasHeard(self):
        self.sync()
        self.assertEqual(self.kiosk.exposures(), [], "a feed without cases")
        room = self.room
        absent = {"daily_key": secrets.token_hex(32)}
        self.office.publish([self.entry(room.case), self.entry(room.case) | absent, self.entry(room.wrong_clock)])
        before, published = len(self.nginx.requests()), time.time()
        self.sync()
        took = time.time() - published
        served = [(request[0], request[3]) for request in self.nginx.requests()[before:]]
        batch = self.office.batches()[0]["path"]
        self.assertIn(("200", "/manifest.signed"), served)
        self.assertIn(("200", f"/{batch}"), served)
        exposures = self.kiosk.exposures()
        self.expect(exposures, (room.case, CASE))
        self.expect_provenance(room.case, self.evidence(exposures[0]), tolerance=0)
        first, last = self.times(self.rows_of(room.case)[0])
        print(f"\nhere for {self.gone - self.came:.1f} s; the window of {last - first} s begins {first - self.came:+.1f} s"
              f" from its coming and ends {last - self.gone:+.1f} s from its going; found {took:.1f} s after it was"
              f" published; the wrong clock was {room.wrong_clock.ahead:+} s off")

    def test_03_phoneWhoseClockIsOff_isFoundWithTheTolerance(self):
        self.assertEqual(self.kiosk.signal(signal.SIGTERM, STOP_LIMIT), 0, self.kiosk.last_words())
        self.kiosk.configure(self.with_tolerance(1))
        self.kiosk.start()
        self.wait_until(lambda: self.matching_problem(tolerance=1), START_LIMIT, "comparison with a tolerance of one slot")
        exposures, room = self.kiosk.exposures(), self.room
        self.expect(exposures, (room.case, CASE), (room.wrong_clock, WRONG_CLOCK))
        found = next(e for e in exposures if e["nearest_dbm"] == WRONG_CLOCK)
        self.expect_provenance(room.wrong_clock, self.evidence(found), tolerance=15)
