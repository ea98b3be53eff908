# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk among third-party phones: `kiosk run` on bumble's controller, judged by what it logs, sends and says.

The tests of a class run in the order of their numbers on one kiosk and one room. KIOSK names the program.
"""

import datetime
import json
import os
import pathlib
import re
import secrets
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import bluezone
from h4_probe import LE_ADV_ENABLE, LE_EXT_ADV_ENABLE
from kiosk import Kiosk, default_program, find, radio
from phones import AD_FLAGS, AD_MANUFACTURER, AD_UUID16, AD_UUID16_INCOMPLETE, Room, RoomThread

PHONES = (-50, -60, -94, -97)  # dBm; the first two are near by any threshold, the others by none
NEAR_PHONES = 2
APPLE, PC, WRONG = -58, -95, -98
OTHERS = 4  # one Apple phone without the app (near), one PC and two false BLIDs (far)
F0 = (1, 2)  # the phones that fall ill: one near, one far

START_LIMIT = 20  # s from the start to the first adverts of the kiosk
LOG_LIMIT = 30  # s to the row in the log, which is written at most every 10 s
WRITE_EVERY = 10  # s
RECONNECT_LIMIT = 10  # s after the socket is back
HANG_LIMIT = 60  # s to notice a controller that answers no more
STOP_LIMIT = 3  # s from SIGTERM to the end
LAG = 2  # s into a slot in which the last slot's BLID may still be heard


def crowd(room: Room) -> None:
    for rssi in PHONES:
        room.add_android(rssi)
    room.add_apple_without_app(APPLE)
    room.add_pc(PC)
    room.add_wrong_length(WRONG, 11)
    room.add_wrong_length(WRONG, 13)


class KioskCase(unittest.TestCase):
    extended = False
    build = staticmethod(crowd)

    @classmethod
    def setUpClass(cls):
        program = default_program()
        if not os.access(program, os.X_OK):
            raise FileNotFoundError(f"no kiosk program at {program}; build it, or set KIOSK")
        folder = tempfile.TemporaryDirectory(prefix="air-")
        cls.addClassCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        cls.thread = RoomThread(str(path / "h4"), cls.build, extended=cls.extended).start()
        cls.addClassCleanup(cls.thread.stop)
        cls.room = cls.thread.room
        cls.kiosk = Kiosk(path, str(path / "h4"), settings=cls.settings(path))
        cls.addClassCleanup(cls.kiosk.end)
        cls.first_start = time.time()
        cls.kiosk.start()

    @classmethod
    def settings(cls, folder: pathlib.Path) -> str:
        """Of its kiosk, in TOML; what they name is made here."""
        return ""

    def setUp(self):
        if not self.kiosk.running:
            self.kiosk.start()

    # How the checks wait and speak

    def wait_until(self, problem, limit: float, what: str) -> None:
        """Polls until `problem()` is None; fails with its last words."""
        end = time.monotonic() + limit
        while True:
            last = problem()
            if last is None:
                return
            if not self.kiosk.running:
                self.fail(f"{what}: the kiosk ended with {self.kiosk.process.returncode}\n{self.kiosk.last_words()}")
            if time.monotonic() > end:
                self.fail(f"{what}: not within {limit} s: {last}\nthe kiosk said:\n{self.kiosk.last_words()}")
            time.sleep(0.5)

    def heard(self, since: float):
        return self.thread.do(self.room.observer.since, since)

    # What must hold

    def contacts_problem(self, since: float) -> str | None:
        """Why the log is not exactly the phones of the room, as far as it must have been written by now."""
        now = time.time()
        rows = self.kiosk.contacts()
        wanted, late = {}, {}
        for slot in range(bluezone.absolute_slot(since), bluezone.absolute_slot(now) + 1):
            for phone in self.room.phones:
                wanted[slot, phone.identity.blid(slot)] = phone
                late[slot + 1, phone.identity.blid(slot)] = phone
        have = set()
        for row in rows:
            blid = bytes(row["blid"])
            key = row["slot"], blid
            where = f"slot {row['slot']}, {len(blid)} bytes of id, first {row['first']}, {row['nearest']} dBm"
            phone = wanted.get(key) or (late.get(key) if row["first"] <= LAG else None)
            if phone is None:
                return f"a contact with nobody of the room: {where}"
            if key in have:
                return f"a contact twice: {where}"
            have.add(key)
            if not 0 <= row["first"] <= row["last"] < bluezone.SLOT:
                return f"first {row['first']}, last {row['last']} of a {bluezone.SLOT} s slot"
            start = row["slot"] * bluezone.SLOT
            if start + row["first"] < since - 1 or start + row["last"] > now + 1:
                return f"{phone.name}: a contact outside the time of the run: {where}, last {row['last']}"
            seconds = row["last"] - row["first"]
            most, least = (seconds + 2) * 11, max(1, seconds // 30)  # the radio may have been away meanwhile
            if not least <= row["count"] <= most:
                return f"{phone.name}: heard {row['count']} times in {seconds} s at 10 adverts a second"
            if row["nearest"] != phone.rssi or row["rssiSum"] != row["count"] * phone.rssi:
                return (f"{phone.name}: nearest {row['nearest']} dBm, sum {row['rssiSum']} of {row['count']},"
                        f" all were sent at {phone.rssi}")
        for (slot, blid), phone in wanted.items():
            begin = max(since + 5, slot * bluezone.SLOT)
            end = min(now - WRITE_EVERY - 2, (slot + 1) * bluezone.SLOT)
            if end - begin > 3 and (slot, blid) not in have:
                return f"{phone.name} is not in the log of slot {slot} after {now - begin:.0f} s ({len(rows)} rows)"
        missing = [p.name for p in self.room.phones if not any((s, b) in have for (s, b), q in wanted.items() if q is p)]
        return f"not in the log: {', '.join(missing)} ({len(rows)} rows)" if missing else None

    def logging_problem(self, since: float) -> str | None:
        """Why the log does not show that every phone was heard after `since`."""
        last: dict[str, float] = {}
        for row in self.kiosk.contacts():
            for phone in self.room.phones:
                if any(bytes(row["blid"]) == phone.identity.blid(row["slot"] - lag) for lag in (0, 1)):
                    last[phone.name] = max(last.get(phone.name, 0), row["slot"] * bluezone.SLOT + row["last"])
        stale = [phone.name for phone in self.room.phones if last.get(phone.name, 0) < since]
        return f"nothing in the log since then of {', '.join(stale)}" if stale else None

    def advert_problem(self, since: float) -> str | None:
        """Why the kiosk's adverts since then are not Bluezone's Android form with the BLID of their slot."""
        adverts = self.heard(since)
        if not adverts:
            return "the observer heard no connectable advert of the kiosk"
        identity = self.kiosk.identity()
        for advert in adverts:
            slot = bluezone.absolute_slot(advert.time)
            blids = [identity.blid(slot)]
            if advert.time - slot * bluezone.SLOT < LAG:
                blids.append(identity.blid(slot - 1))
            try:
                structures = advert.structures()
            except ValueError as error:
                return f"malformed advertising data {advert.data.hex()}: {error}"
            kinds = [kind for kind, _ in structures]
            data = dict(structures)
            if not advert.random or not advert.connectable or not advert.scannable:
                return (f"random address: {advert.random}, connectable: {advert.connectable},"
                        f" scannable: {advert.scannable}; ADV_IND from a random address is wanted")
            if kinds.count(AD_FLAGS) != 1 or not data[AD_FLAGS] or data[AD_FLAGS][0] & 0x03 not in (1, 2):
                return f"no flags of a discoverable device in {advert.data.hex()}"
            uuids = data.get(AD_UUID16, b"") + data.get(AD_UUID16_INCOMPLETE, b"")
            if struct.pack("<H", bluezone.SERVICE_16) not in [uuids[i : i + 2] for i in range(0, len(uuids), 2)]:
                return f"no 16-bit UUID 0x4E56 in {advert.data.hex()}"
            if kinds.count(AD_MANUFACTURER) != 1 or (blid := advert.manufacturer_data(bluezone.COMPANY)) is None:
                return f"no manufacturer data of company 0x22B5 in {advert.data.hex()}"
            if blid not in blids:
                return (f"{len(blid)} bytes of id that are not the BLID of slot {slot % bluezone.SLOTS}"
                        f" ({advert.time - slot * bluezone.SLOT:.1f} s into it)")
            if {0x08, 0x09, 0x0A} & set(kinds):
                return f"a name or TX power, which the app never sends, in {advert.data.hex()}"
        return None

    def enable_problem(self, since: float) -> str | None:
        """The controller advertises on when the kiosk dies, as a chip does: only a new command proves the new run."""
        opcodes = {opcode for moment, opcode in self.room.h4.commands[-1000:] if moment >= since}
        return None if opcodes & {LE_ADV_ENABLE, LE_EXT_ADV_ENABLE} else "no command to advertise"

    def running_problem(self) -> str | None:
        try:
            state, reason = radio(self.kiosk.status())
        except AssertionError as error:
            return str(error)  # A kiosk that has just been started does not answer yet.
        return None if state == "running" else f"status says radio {state} ({reason})"

    def check_identity(self) -> None:
        """The advert's id is what `kiosk ids` and bluezone.py both make of the base key."""
        identity = self.kiosk.identity()
        advert = self.heard(time.time() - 5)[-1]
        slot = bluezone.absolute_slot(advert.time)
        key = identity.daily_key(slot // bluezone.SLOTS * bluezone.DAY)
        done = self.kiosk.command("ids", "--daily-key", key.hex())
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.split()
        self.assertEqual(lines, [blid.hex() for blid in bluezone.blids(key)], "kiosk ids against bluezone.py")
        if advert.time - slot * bluezone.SLOT >= LAG:
            sent = advert.manufacturer_data(bluezone.COMPANY).hex()
            self.assertEqual(sent, lines[slot % bluezone.SLOTS], "the advert against kiosk ids")


class KioskOnLegacyController(KioskCase):
    def test_01_advertises_asAnAndroidPhone(self):
        begin = time.time()
        self.wait_until(lambda: self.advert_problem(begin), START_LIMIT, "first adverts")
        time.sleep(3)
        self.assertIsNone(self.advert_problem(begin))
        rate = len(self.heard(time.time() - 3)) / 3
        self.assertTrue(1 <= rate <= 50, f"{rate:.1f} adverts a second")
        self.check_identity()

    def test_02_logs_exactlyThePhones(self):
        time.sleep(max(0, self.kiosk.started + 15 - time.time()))
        self.wait_until(lambda: self.contacts_problem(self.first_start), LOG_LIMIT, "contact log")
        time.sleep(5)
        self.assertIsNone(self.contacts_problem(self.first_start))
        for row in self.kiosk.contacts():
            self.assertGreaterEqual(row["count"], (row["last"] - row["first"]) // 10, "count of a phone never away")
        self.assertIsNone(self.advert_problem(time.time() - 10), "adverts while it scans")

    def test_03_status_tellsWhatIsAround(self):
        def problem():
            status = self.kiosk.status()
            state, reason = radio(status)
            if state != "running":
                return f"radio {state} ({reason})"
            counts = {name: find(status, name) for name in
                      ("people_around", "bluezoners_around", "people_near", "bluezoners_near")}
            right = (
                counts["bluezoners_around"] == len(PHONES)
                and counts["bluezoners_near"] == NEAR_PHONES
                and counts["people_near"] == NEAR_PHONES + 1
                and isinstance(counts["people_around"], int)
                and len(PHONES) + 1 <= counts["people_around"] <= len(PHONES) + OTHERS
            )
            return None if right else f"{counts} with {PHONES} dBm, an Apple phone at {APPLE}, {OTHERS - 1} others far"

        self.wait_until(problem, LOG_LIMIT, "status")

    def f0_entry(self, key: bytes) -> dict:
        now = int(time.time())
        return {"daily_key": key.hex(), "time_start": bluezone.midnight(now), "max": 96, "time_end": now}

    def import_f0(self, name: str, content) -> subprocess.CompletedProcess:
        path = self.kiosk.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return self.kiosk.command(
            "f0", "import", str(path), "--operator", "test", "--reason", "test", "--data", str(self.kiosk.data))

    def phone_key(self, index: int) -> bytes:
        return self.room.phones[index].identity.daily_key(bluezone.midnight(time.time()))

    def exposures_problem(self, exposures: list[dict]) -> str | None:
        """Why these are not the exposures of the F0 phones and of nobody else."""
        ill = {self.room.phones[index].rssi: self.room.phones[index] for index in F0}
        found = {rssi: 0 for rssi in ill}
        rows = self.kiosk.contacts()
        for exposure in exposures:
            if lacking := {"start", "end", "nearest_dbm", "contacts", "f0"} - exposure.keys():
                return f"an exposure without {lacking}"
            if exposure["nearest_dbm"] not in ill:
                return f"an exposure at {exposure['nearest_dbm']} dBm; the F0s are at {sorted(ill)}"
            if not isinstance(exposure["contacts"], int) or exposure["f0"] in (None, ""):
                return f"contacts {exposure['contacts']!r}, f0 {exposure['f0']!r}"
            start, end = (datetime.datetime.fromisoformat(exposure[name]) for name in ("start", "end"))
            if start.tzinfo is None or end.tzinfo is None:
                return "times without an offset"
            start, end = start.timestamp(), end.timestamp()
            phone = ill[exposure["nearest_dbm"]]
            met = [row for row in rows if bytes(row["blid"]) == phone.identity.blid(row["slot"])]
            slots = [row["slot"] * bluezone.SLOT for row in met]
            if not start <= end or not slots or start < min(slots) or end > max(slots) + bluezone.SLOT:
                return f"window {exposure['start']} to {exposure['end']} is not in a slot with {phone.name}"
            if not any(start <= s + row["last"] + 1 and end >= s + row["first"] - 1 for s, row in zip(slots, met)):
                return f"window {exposure['start']} to {exposure['end']}: {phone.name} was not there then"
            found[exposure["nearest_dbm"]] += 1
            if found[exposure["nearest_dbm"]] > len(slots):
                return f"{found[exposure['nearest_dbm']]} exposures for {len(slots)} contacts with {phone.name}"
        missing = [rssi for rssi, count in found.items() if not count]
        return f"no exposure at {missing} dBm among {len(exposures)}" if missing else None

    def test_04_f0Import_findsExactlyTheExposures(self):
        self.wait_until(lambda: self.contacts_problem(self.first_start), LOG_LIMIT, "contacts before the import")
        self.assertEqual(self.kiosk.exposures(), [], "exposures before any F0")
        batch = {"data": [self.f0_entry(self.phone_key(index)) for index in F0] + [self.f0_entry(secrets.token_bytes(32))]}
        for attempt in ("first", "second"):
            slot = bluezone.absolute_slot(time.time())
            done = self.import_f0("batch.json", batch)
            self.assertEqual(done.returncode, 0, f"{attempt} import: {done.stderr}")
            self.wait_until(lambda: self.exposures_problem(self.kiosk.exposures()), LOG_LIMIT, f"exposures, {attempt} import")
            windows = sorted((e["start"], e["nearest_dbm"]) for e in self.kiosk.exposures())
            if attempt == "second" and before[0] == slot == bluezone.absolute_slot(time.time()):
                self.assertEqual(windows, before[1], "the second import changed the exposures")
            before = slot, windows
        self.assertTrue(self.kiosk.running, "the kiosk ended at the import")

    def test_05_f0Import_refusesMalformedFiles(self):
        listed = self.kiosk.command("f0", "list", "--data", str(self.kiosk.data))
        self.assertEqual(listed.returncode, 0, listed.stderr)
        good = self.f0_entry(self.phone_key(0))  # was there: half an import would show
        bad = self.f0_entry(secrets.token_bytes(32))
        cases = {
            "bad hex": {"data": [good, bad | {"daily_key": "zz" + bad["daily_key"][2:]}]},
            "short key": {"data": [good, bad | {"daily_key": bad["daily_key"][2:]}]},
            "ends before it starts": {"data": [good, bad | {"time_end": bad["time_start"] - 1}]},
            "not JSON": '{"data": [' + json.dumps(good),
        }
        for name, content in cases.items():
            with self.subTest(name):
                done = self.import_f0("malformed.json", content)
                self.assertEqual(done.returncode, 1, f"exit code; stderr: {done.stderr}")
                self.assertTrue(done.stderr.strip(), "nothing on stderr")
                if name != "not JSON":
                    self.assertRegex(done.stderr, re.compile(r"(entry|data)\W*[12]\b", re.I), "the second entry is not named")
                again = self.kiosk.command("f0", "list", "--data", str(self.kiosk.data))
                self.assertEqual((again.returncode, again.stdout), (0, listed.stdout), "f0 list changed")
                self.assertFalse([e for e in self.kiosk.exposures() if e["nearest_dbm"] == PHONES[0]], "it was stored")

    def check_f0(self, content: dict, *options: str) -> int:
        """How many contacts `kiosk f0 check` finds."""
        path = self.kiosk.folder / "check.json"
        path.write_text(json.dumps(content))
        done = self.kiosk.command("f0", "check", str(path), "--data", str(self.kiosk.data), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(re.search(r"(\d+) contacts match", done.stdout)[1])

    def test_05_f0Check_findsWhatTheToleranceAllows(self):
        self.wait_until(lambda: self.contacts_problem(self.first_start), LOG_LIMIT, "contacts before")
        key = self.phone_key(F0[0])
        config = self.kiosk.folder / "exact.toml"
        config.write_text("[f0]\ntolerance_slots = 0\n")
        exact = ("--config", str(config))
        right = {"data": [self.f0_entry(key)]}
        self.assertGreaterEqual(self.check_f0(right), 1)
        self.assertGreaterEqual(self.check_f0(right, *exact), 1)
        # As if the phone's clock were a slot ahead of the kiosk's.
        ahead = {"data": [right["data"][0] | {"time_start": right["data"][0]["time_start"] - bluezone.SLOT}]}
        self.assertGreaterEqual(self.check_f0(ahead), 1)
        self.assertEqual(self.check_f0(ahead, *exact), 0)
        self.assertEqual(self.check_f0({"data": [self.f0_entry(secrets.token_bytes(32))]}), 0, "a key that was not there")

    def test_05_laterContacts_reachTheExposureWithoutAnotherImport(self):
        if bluezone.SLOT - time.time() % bluezone.SLOT < LOG_LIMIT + 30:
            self.skipTest("the quarter hour ends too soon")
        self.assertEqual(self.import_f0("again.json", {"data": [self.f0_entry(self.phone_key(F0[0]))]}).returncode, 0)
        ends = {exposure["id"]: exposure["end"] for exposure in self.kiosk.exposures()}
        self.assertTrue(ends)
        self.wait_until(
            lambda: None if any(e["end"] > ends.get(e["id"], "9") for e in self.kiosk.exposures()) else f"ends stay {ends}",
            LOG_LIMIT, "the exposure goes on")

    def test_05_evidence_isTheAppsFormat(self):
        exposure = next(e for e in self.kiosk.exposures() if e["nearest_dbm"] == PHONES[F0[0]])
        folder = self.kiosk.folder / "evidence"
        done = self.kiosk.command(
            "exposures", "evidence", str(exposure["id"]), "-o", str(folder), "--data", str(self.kiosk.data),
            "--operator", "Air", "--reason", "test")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (folder / f"exposure-{exposure['id']}-trace.txt").read_text().splitlines()
        own, seen = self.kiosk.identity(), set()
        for line in lines:
            sent, contact, rssi, milliseconds = line.split("\t")
            slot = int(milliseconds) // 1000 // bluezone.SLOT
            self.assertIn(bytes.fromhex(sent), [own.blid(slot), own.blid(slot - 1)], "not this kiosk's id")
            whose = [p for p in self.room.phones if bytes.fromhex(contact) in (p.identity.blid(slot), p.identity.blid(slot - 1))]
            self.assertEqual(len(whose), 1, "nobody's id")
            self.assertEqual(int(rssi), whose[0].rssi)
            seen.add(whose[0].rssi)
        self.assertIn(PHONES[F0[0]], seen)
        self.assertGreaterEqual(len(seen), NEAR_PHONES, "the others in the window are missing")
        document = json.loads((folder / f"exposure-{exposure['id']}.json").read_text())
        self.assertEqual(document["exposure"]["start"], exposure["start"])
        self.assertNotIn(self.phone_key(F0[0]).hex(), (folder / f"exposure-{exposure['id']}.json").read_text().lower())
        audit = self.kiosk.command("audit", "--data", str(self.kiosk.data), "--json")
        self.assertEqual(json.loads(audit.stdout.splitlines()[-1])["action"], "export-evidence")

    def test_06_kill_losesNothingWritten(self):
        self.wait_until(lambda: self.contacts_problem(self.first_start), LOG_LIMIT, "contacts before the kill")
        key = (self.kiosk.data / "base-key.json").read_bytes()
        rows = {(row["slot"], bytes(row["blid"])): row for row in self.kiosk.contacts()}
        windows = {(e["start"], e["nearest_dbm"]) for e in self.kiosk.exposures()}
        self.kiosk.signal(signal.SIGKILL, 5)
        time.sleep(1)
        self.kiosk.start()
        restart = self.kiosk.started
        self.wait_until(lambda: self.enable_problem(restart), START_LIMIT, "advertising enabled after the kill")
        self.wait_until(lambda: self.advert_problem(restart + 1), START_LIMIT, "adverts after the kill")
        self.assertEqual((self.kiosk.data / "base-key.json").read_bytes(), key, "the base key changed")
        self.wait_until(lambda: self.logging_problem(restart + 1), LOG_LIMIT, "log after the kill")
        self.assertIsNone(self.contacts_problem(self.first_start))
        after = {(row["slot"], bytes(row["blid"])): row for row in self.kiosk.contacts()}
        for contact, row in rows.items():
            self.assertIn(contact, after, "a contact is gone")
            self.assertGreaterEqual(after[contact]["count"], row["count"], "a count went back")
            self.assertEqual(after[contact]["first"], row["first"], "a contact lost its beginning")
        self.assertLessEqual(windows, {(e["start"], e["nearest_dbm"]) for e in self.kiosk.exposures()}, "an exposure is gone")

    def recovers(self, since: float, limit: float) -> None:
        """From `since` on, or from when the kiosk calls its radio running again: until then a controller that nobody
        commands goes on with what it was told last, past a quarter hour too."""

        def problem():
            nonlocal since
            if (trouble := self.running_problem()) is not None:
                since = time.time()
                return trouble
            return self.advert_problem(since)

        self.wait_until(problem, limit, "status and adverts")
        self.wait_until(lambda: self.logging_problem(since), LOG_LIMIT, "log")

    def test_07_droppedConnection_isMadeAgain(self):
        self.wait_until(self.running_problem, START_LIMIT, "before")
        process = self.kiosk.process.pid
        self.thread.call(self.room.h4.interrupt(3))
        back = time.time()
        self.wait_until(lambda: None if self.room.h4.connected else "no connection", RECONNECT_LIMIT, "reconnection")
        connected = time.time()
        self.recovers(connected, max(1, RECONNECT_LIMIT - (connected - back)))
        self.assertEqual(self.kiosk.process.pid, process)

    def test_08_mixedUpBytes_areSurvived(self):
        self.wait_until(self.running_problem, START_LIMIT, "before")
        self.thread.do(self.room.h4.send_garbage, bytes([0xEE]) * 64)
        after = time.time()
        self.recovers(after + 1, RECONNECT_LIMIT + 5)

    def hang(self, kind: str) -> None:
        self.wait_until(self.running_problem, START_LIMIT, "before")
        self.room.h4.hang = kind
        try:
            def problem():
                state, reason = radio(self.kiosk.status())
                if state == "running":
                    return "status still says running"
                return None if reason else f"status says {state}, without a reason"

            self.wait_until(problem, HANG_LIMIT, f"notice of a controller that hangs ({kind})")
        finally:
            self.room.h4.hang = None
        self.recovers(time.time(), LOG_LIMIT)

    def test_09_controllerWithoutAnswers_isReported_andRecovers(self):
        self.hang("commands")

    def test_10_silentController_isReported_andRecovers(self):
        self.hang("all")

    def test_11_term_endsCleanly(self):
        self.wait_until(self.running_problem, START_LIMIT, "before")
        code = self.kiosk.signal(signal.SIGTERM, STOP_LIMIT)
        self.assertEqual(code, 0, f"exit code (None: still running after {STOP_LIMIT} s)\n{self.kiosk.last_words()}")
        done = self.kiosk.command("status", "--data", str(self.kiosk.data), "--json")
        self.assertEqual(done.returncode, 69, f"kiosk status when nothing runs: {done.stderr}")
        self.assertIsNone(self.contacts_problem(self.first_start), "the log after the end")
        quiet = time.time() + 0.3
        time.sleep(1)
        self.assertEqual(self.heard(quiet), [], "it still advertises after the end")

    def test_12_output_tellsNoSecrets(self):
        secrets_ = self.secrets()
        self.assertGreater(len(secrets_), 20)
        for file, text in self.kiosk.output().items():
            hexadecimal = re.sub(r"[\s:,_-]|0x", "", text.lower())
            decimal = re.sub(r"\s", "", text)
            for what, value in secrets_:
                for form in {value.hex(), value[::-1].hex()}:
                    self.assertNotIn(form, hexadecimal, f"{what} in {file}")
                self.assertNotIn(",".join(map(str, value)), decimal, f"{what} in {file}")

    def secrets(self) -> list[tuple[str, bytes]]:
        """Everything that must stay out of messages."""
        slots = range(bluezone.absolute_slot(self.first_start) - 1, bluezone.absolute_slot(time.time()) + 2)
        day = bluezone.midnight(time.time())
        found = []
        for name, identity in [(p.name, p.identity) for p in self.room.phones] + [("the kiosk", self.kiosk.identity())]:
            found.append((f"base key of {name}", identity.base_key))
            found.append((f"daily key of {name}", identity.daily_key(day)))
            found += [(f"BLID of {name}", identity.blid(slot)) for slot in slots if slot * bluezone.SLOT >= identity.base_day]
        for device in self.room.radios():
            found += [(f"address of {device.name}", bytes(address)) for address in device.addresses]
        for address in {heard.address for heard in self.heard(0)}:
            found.append(("address of the kiosk", bytes.fromhex(address.replace(":", ""))))
        return found


class KioskOnExtendedController(KioskCase):
    extended = True

    def test_01_advertises_inLegacyPdus(self):
        begin = time.time()
        self.wait_until(lambda: self.advert_problem(begin), START_LIMIT, "first adverts")
        self.check_identity()

    def test_02_logs_exactlyThePhones(self):
        self.wait_until(lambda: self.contacts_problem(self.first_start), START_LIMIT + LOG_LIMIT, "contact log")

    def test_03_term_endsCleanly(self):
        self.wait_until(self.running_problem, START_LIMIT, "before")
        self.assertEqual(self.kiosk.signal(signal.SIGTERM, STOP_LIMIT), 0, self.kiosk.last_words())


@unittest.skipUnless(os.environ.get("AIR_ROTATION"), "takes up to 16 minutes; set AIR_ROTATION=1")
class KioskAtTheQuarterHour(KioskCase):
    def test_blidAndAddress_changeTogether(self):
        self.wait_until(lambda: self.advert_problem(self.first_start), START_LIMIT, "first adverts")
        boundary = (bluezone.absolute_slot(time.time()) + 1) * bluezone.SLOT
        time.sleep(boundary - time.time() + LAG + 15)
        self.assertIsNone(self.advert_problem(boundary - 30))
        by_blid: dict[bytes, set[str]] = {}
        for advert in self.heard(boundary - 30):
            by_blid.setdefault(advert.manufacturer_data(bluezone.COMPANY), set()).add(advert.address)
        self.assertEqual(len(by_blid), 2, "BLIDs around the boundary")
        before, after = by_blid.values()
        self.assertFalse(before & after, "the address stayed when the BLID changed")
        self.wait_until(lambda: self.contacts_problem(self.first_start), LOG_LIMIT, "contact log of both slots")


if __name__ == "__main__":
    unittest.main()
