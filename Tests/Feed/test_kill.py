# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at random points of a sync: version and data never disagree."""

import os
import pathlib
import random
import sqlite3
import subprocess
import tempfile
import time
import unittest

from feed_site import Authority, Kiosk, Nginx, Office, program

CASES = 300  # entries of a batch; two batches a round


class KillTest(unittest.TestCase):
    def test_killedAtAnyPoint_versionAndDataAgree(self):
        rounds = int(os.environ.get("KILLS", "40"))
        seed = int(os.environ.get("KILL_SEED", time.time_ns() % 1_000_000))
        chance = random.Random(seed)
        temporary = tempfile.TemporaryDirectory(prefix="kiosk-kill-")
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        authority = Authority(folder, "authority")
        office = Office(folder)
        expected = {None: 0}  # entries by version

        def publish():
            office.publish(CASES)
            office.publish(CASES)
            expected[office.manifest["version"]] = office.cases

        publish()
        nginx = Nginx(folder, office.folder, *authority.issue(folder, "server"))
        self.addCleanup(nginx.close)
        kiosk = Kiosk(folder, "kiosk", f"https://localhost:{nginx.port}/", office, authority.certificate)
        began = time.monotonic()
        self.assertEqual(kiosk.sync().returncode, 0)
        whole = time.monotonic() - began
        # Where the version changes is sought as it goes, so that many rounds are hit close to it, on both sides.
        change = whole
        outcomes = {"before": 0, "after": 0, "ended by itself": 0}
        for number in range(rounds):
            if number % 4 == 0 or held == office.manifest["version"]:
                publish()
            before = kiosk.held()[0]
            process = subprocess.Popen([program(), "f0", "sync", "--config", str(kiosk.config)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.2, 1.2) * change)
            process.kill()
            code = process.wait()
            self.check(kiosk, expected, f"round {number}, seed {seed}")
            held = kiosk.held()[0]
            outcomes["ended by itself" if code == 0 else "before" if held == before else "after"] += 1
            change *= 1.1 if held == before else 0.8
        done = kiosk.sync()
        self.assertEqual(done.returncode, 0, f"{done.stderr}, seed {seed}")
        self.assertEqual(kiosk.held()[0], office.manifest["version"])
        self.check(kiosk, expected, f"at the end, seed {seed}")
        self.assertEqual(kiosk.parts(), [])
        self.assertGreater(outcomes["before"], rounds // 4, f"too few rounds were hit: {outcomes}")
        self.assertGreater(outcomes["after"] + outcomes["ended by itself"], rounds // 10, f"too few came so far: {outcomes}")
        print(f"{rounds} rounds, seed {seed}, a sync takes {whole:.2f} s: killed before the version changed "
              f"{outcomes['before']}, after {outcomes['after']}, ended by itself {outcomes['ended by itself']}")

    def check(self, kiosk: Kiosk, expected: dict, when: str):
        version, _, batches, entries = kiosk.held()
        self.assertIn(version, expected, when)
        self.assertEqual(entries, expected[version], f"version {version}, {when}")
        self.assertEqual(sum(count for _, count in batches), entries, when)
        with sqlite3.connect(f"{kiosk.data}/kiosk.sqlite") as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)], when)
