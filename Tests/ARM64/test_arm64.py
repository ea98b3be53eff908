# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for arm64, run by QEMU in a root of Debian 13: what it does without hardware.

scripts/build-arm64 sets KIOSK_PROGRAM, KIOSK_ROOT (whose /tmp holds what is written), KIOSK_USER, KIOSK_WITHOUT_SHA2
and KIOSK_FONTS.
"""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time
import unittest

import picture

PROGRAM = os.environ["KIOSK_PROGRAM"]
ROOT = os.environ["KIOSK_ROOT"]
TESTS = pathlib.Path(__file__).resolve().parent.parent
SLOT = 900  # s
START_LIMIT = 60  # s; the emulator is slow beside other work


def command(*arguments: str, **environment: str) -> list[str]:
    inside = ["/usr/bin/env", "-i", "HOME=/tmp", "LANG=C.UTF-8", "PATH=/usr/bin"]
    inside += [f"{name}={value}" for name, value in environment.items()]
    return ["chroot", "--userspec", os.environ["KIOSK_USER"], ROOT, *inside, PROGRAM, *arguments]


def outside(path: str) -> pathlib.Path:
    return pathlib.Path(ROOT + path)


class TheProgramForArm64(unittest.TestCase):
    def kiosk(self, *arguments: str, **environment: str) -> str:
        result = subprocess.run(command(*arguments, **environment), capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, f"kiosk {' '.join(arguments)}: {result.stderr[-2000:]}")
        return result.stdout

    def demo(self, seconds: float, *arguments: str) -> None:
        """A simulated crowd for so long after its log was made, ended as systemd would."""
        process = subprocess.Popen(
            command("run", "--demo", *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        log = outside(arguments[arguments.index("--data") + 1] + "/kiosk.sqlite")
        end = time.monotonic() + START_LIMIT
        try:
            while not log.exists() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            time.sleep(seconds)
            self.assertIsNone(process.poll(), "the kiosk ended by itself")
        finally:
            process.terminate()
            _, messages = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, messages)

    def test_versionAndHelp(self):
        self.assertRegex(self.kiosk("--version"), r"^\d+\.\d+\.\d+\n$")
        self.assertIn("replay", self.kiosk("--help"))

    def test_ids_areThoseOfTheVectors(self):
        vectors = json.loads((TESTS / "Vectors/bluezone-ids.json").read_text())["ids"]
        days = [day for identity in vectors for day in identity["days"]]
        self.assertGreater(len(days), 1)
        for day in days:
            lines = self.kiosk("ids", "--daily-key", day["daily_key"]).split()
            self.assertEqual(len(lines), 96)
            for slot, hexadecimal in day["slots"].items():
                self.assertEqual(lines[int(slot)], hexadecimal)

    def test_render_looksAsTheGoldenPicture(self):
        drawn = {}
        for language in ("vi", "en"):
            self.kiosk(
                "render", "home", "--lang", language, "--size", "1280x720", "-o", f"/tmp/{language}.png",
                FONTCONFIG_FILE=os.environ["KIOSK_FONTS"])
            width, _, rows = picture.read(outside(f"/tmp/{language}.png"))
            self.assertEqual(width, 1280)
            drawn[language] = picture.shrunk(rows, 5)
        for language in ("vi", "en"):
            *_, golden = picture.read(TESTS / f"KioskAppTests/Golden/home-lying-{language}.png")
            mean, far = picture.difference(drawn[language], golden)
            print(f"mean difference {mean:.2f} of 255, {far:.3f} % far ", end="", flush=True)
            # The unit tests reduce as the golden pictures were reduced, and are stricter in the mean.
            self.assertLess(mean, 4)
            self.assertLess(far, 0.08)
        self.assertGreater(picture.difference(drawn["en"], drawn["vi"])[0], 8)

    def test_demo_isDrawnCapturedAndReplayed(self):
        self.demo(25, "--data", "/tmp/demo", "--display", "png:/tmp/screen", "--capture", "/tmp/demo.btsnoop",
                  "--operator", "An", "--reason", "test")
        width, _, _ = picture.read(outside("/tmp/screen/screen.png"))
        self.assertGreater(width, 0)
        replayed = json.loads(self.kiosk("replay", "/tmp/demo.btsnoop", "--json"))
        self.assertGreater(replayed["reports"], 100)
        self.assertGreater(replayed["bluezone_ids"], 0)
        self.assertEqual(replayed["malformed"], 0)
        print(f"{replayed['reports']} reports, {replayed['bluezone_ids']} ids ", end="", flush=True)
        with sqlite3.connect(outside("/tmp/demo/kiosk.sqlite")) as log:
            self.assertGreater(log.execute("SELECT count(*) FROM contact").fetchone()[0], 0)
            self.assertEqual(log.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_matching_findsEveryContactOnBothPaths(self):
        vectors = json.loads((TESTS / "Vectors/bluezone-ids.json").read_text())["ids"]
        self.demo(5, "--data", "/tmp/log")
        entries, contacts = [], []
        for identity in vectors:
            for day in identity["days"]:
                entries.append({
                    "daily_key": day["daily_key"], "time_start": day["day"], "max": 96, "time_end": day["day"] + 86399})
                contacts += [
                    (day["day"] // SLOT + int(slot), bytes.fromhex(text)) for slot, text in day["slots"].items()]
        with sqlite3.connect(outside("/tmp/log/kiosk.sqlite")) as log:
            log.execute("DELETE FROM contactRow")
            log.execute("DELETE FROM contactPack")
            log.executemany(
                "INSERT INTO contactRow (slot, blid, first, last, count, nearest, rssiSum, platform) "
                "VALUES (?, ?, 10, 20, 2, -60, -120, 1)", contacts + [(contacts[0][0], bytes(12))])
        outside("/tmp/batch.json").write_text(json.dumps({"data": entries}))
        # QEMU's processors have the SHA-256 instructions, as a Pi 5; hidden, they are a Pi 4's, and NEON is taken.
        for environment in ({}, {"LD_PRELOAD": os.environ["KIOSK_WITHOUT_SHA2"]}):
            words = self.kiosk("f0", "check", "/tmp/batch.json", "--data", "/tmp/log", **environment)
            found = re.search(r"(\d+) entries; (\d+) contacts match", words)
            self.assertEqual([int(found[1]), int(found[2])], [len(entries), len(contacts)], words)


if __name__ == "__main__":
    unittest.main()
