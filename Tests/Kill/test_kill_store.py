# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at random moments of a running kiosk: the log stays whole, and at most the last 10 s are lost.

KILLS=N rounds (200), four in ten of them during purge, pack, salvage and changes of the settings. KILL_SEED=N repeats a run.
"""

import json
import os
import pathlib
import random
import secrets
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

SLOT = 900  # s
DAY = 86_400  # s
AT_RISK = 10.0  # s that a kill may cost
# A phone of the demo may be silent for so long, and a report takes its time to be handed over.
SILENCE = 3.0  # s
COMMAND_LIMIT = 60  # s
# Four rounds in ten are killed within 2 s of a start that has this to do, the others at any moment of an ordinary run.
SPECIAL = {3: "purge", 5: "pack", 7: "salvage", 9: "settings"}


def program() -> str:
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    return os.path.abspath(os.environ.get("KIOSK") or root / ".build" / "debug" / "kiosk")


class Box:
    """A kiosk with the demo's crowd, and its data folder."""

    def __init__(self, folder: pathlib.Path, chance: random.Random):
        self.folder, self.data, self.chance = folder, folder / "data", chance
        self.config = folder / "kiosk.toml"
        self.database = self.data / "kiosk.sqlite"
        self.write_settings(0)

    def write_settings(self, number: int):
        self.config.write_text(f'[operator]\nname = "Bệnh viện {number}"\n')

    def start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [program(), "run", "--demo", "--display", "none", "--quiet", "--config", str(self.config), "--data", str(self.data)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def call(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program(), *arguments, "--config", str(self.config), "--data", str(self.data)], capture_output=True, text=True,
            timeout=COMMAND_LIMIT)

    def stored(self) -> set[str]:
        """The ids in the database, in rows and packs."""
        return {id.hex() for (id,) in self.sql("SELECT blid FROM contact")}

    def contacts(self) -> dict[str, tuple[int, int]]:
        """By id, those of the journal among them: when it was first and last heard, ms. Without those from before this node
        had a key."""
        path = self.folder / "trace.txt"
        path.unlink(missing_ok=True)
        done = self.call("export", "trace", "--days", "14", "-o", str(path), "--operator", "test", "--reason", "test")
        if done.returncode != 0:
            raise AssertionError(f"export: {done.stderr}")
        found: dict[str, tuple[int, int]] = {}
        for line in path.read_text().splitlines():
            _, contact, _, at = line.split("\t")
            first, last = found.get(contact, (int(at), int(at)))
            found[contact] = (min(first, int(at)), max(last, int(at)))
        return found

    def visits(self) -> set[tuple]:
        done = self.call("log", "--json", "--since", "2020-01-01")
        if done.returncode != 0:
            raise AssertionError(f"log: {done.stderr}")
        return {(v["start"], v["kind"]) for v in map(json.loads, done.stdout.splitlines())}

    def sql(self, text: str, rows=None):
        database = sqlite3.connect(self.database)
        try:
            cursor = database.executemany(text, rows) if rows is not None else database.execute(text)
            found = cursor.fetchall()
            database.commit()
            return found
        finally:
            database.close()

    def fill(self, ages: range, count: int) -> list[str]:
        """Adds contacts of as many seconds ago, and gives their ids."""
        now = int(time.time())
        ids = [secrets.token_bytes(12) for _ in range(count)]
        rows = [((now - self.chance.randrange(ages.start, ages.stop)) // SLOT, id, 10, 20, 3, -60, -190, 1) for id in ids]
        self.sql("INSERT INTO contactRow (slot, blid, first, last, count, nearest, rssiSum, platform) VALUES (?,?,?,?,?,?,?,?)",
                 rows)
        return [id.hex() for id in ids]

    def damage(self):
        """Noise over the first page's header: no row stands there. In half of all rounds the number of the journal's newest page
        is lost, too, as with the page on which it stands."""
        if self.chance.random() < 0.5:
            self.sql("DELETE FROM journal")
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.database, "r+b") as file:
            file.seek(20)
            file.write(self.chance.randbytes(60))


class KillTest(unittest.TestCase):
    def test_killedAtAnyMoment_theLogIsWholeAndLosesTenSeconds(self):
        rounds = int(os.environ.get("KILLS", "200"))
        seed = int(os.environ.get("KILL_SEED", time.time_ns() % 1_000_000))
        chance = random.Random(seed)
        temporary = tempfile.TemporaryDirectory(prefix="kiosk-kill-")
        self.addCleanup(temporary.cleanup)
        box = Box(pathlib.Path(temporary.name), chance)
        self.run_for(box, 2, signal.SIGTERM)
        known: dict[str, tuple[int, int]] = {}
        closed: set[tuple] = set()
        filled: set[str] = set()
        killed: dict[str, int] = {}
        worst = 0.0
        for number in range(rounds):
            kind = SPECIAL.get(number % 10, "run")
            when = f"round {number} ({kind}), seed {seed}"
            expired: list[str] = []
            if kind == "purge":
                expired = box.fill(range(15 * DAY, 30 * DAY), 3000)
            elif kind == "pack":
                filled.update(box.fill(range(2 * 3600, 13 * DAY), 3000))
            elif kind == "salvage":
                box.damage()
            elif kind == "settings":
                box.write_settings(number)
            seconds = chance.uniform(0, 20) if kind == "run" else chance.uniform(0, 2)
            at = self.run_for(box, seconds, signal.SIGKILL)
            killed[kind] = killed.get(kind, 0) + 1
            if kind == "salvage":
                # What was cut short is done at the next start.
                self.run_for(box, 6, signal.SIGTERM)
            if kind == "purge":
                self.run_for(box, 3, signal.SIGTERM)
            contacts = box.contacts()
            self.assertEqual(box.sql("PRAGMA integrity_check"), [("ok",)], when)
            lost = [id for id in known if id not in contacts]
            self.assertEqual(len(lost), 0, f"{len(lost)} of {len(known)} contacts that were there are gone, {when}")
            stored = box.stored()
            self.assertEqual(len(filled - stored), 0, f"of {len(filled)} contacts that were filled in, {when}")
            earlier = [id for id, (_, last) in known.items() if contacts[id][1] < last]
            self.assertEqual(earlier, [], f"contacts were put back to an earlier state, {when}")
            self.assertEqual([id for id in expired if id in stored], [], when)
            visits = box.visits()
            self.assertLessEqual(closed, visits, when)
            if kind == "run" and seconds > AT_RISK + 2:
                newest = max(last for _, last in contacts.values()) / 1000
                worst = max(worst, at - newest)
                self.assertLess(at - newest, AT_RISK + SILENCE, when)
            known = contacts
            closed = visits
        self.assertGreater(worst, 0, "no kill came late enough to show what is lost")
        print(f"{rounds} kills, seed {seed}: {killed}; {len(known) + len(filled)} contacts and {len(closed)} visits whole; "
              f"at most {worst:.1f} s lost")

    def run_for(self, box: Box, seconds: float, end: signal.Signals) -> float:
        """Runs the kiosk for so long and ends it. Returns when, s since 1970."""
        process = box.start()
        time.sleep(seconds)
        at = time.time()
        early = process.poll()
        process.send_signal(end)
        _, messages = process.communicate(timeout=COMMAND_LIMIT)
        self.assertIsNone(early, f"it ended by itself with {early}: {messages.decode()}")
        return at


if __name__ == "__main__":
    unittest.main(verbosity=2)
