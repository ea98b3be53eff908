# SPDX-License-Identifier: GPL-3.0-or-later
"""A kiosk of the demo on a disk of its own, and the disk."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = os.environ["KIOSK"]
# Root without the right to pass over permissions: then a folder of another user is closed to it.
WITHOUT_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
DISK_BYTES = 3 << 20


class Failure(Exception):
    """What a test expected and did not find."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def run(*arguments, prefix=()):
    return subprocess.run([*prefix, PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


def unmount(path, *arguments):
    subprocess.run(["umount", *arguments, str(path)], check=True, capture_output=True)


class Disk:
    """A file system in memory that can be filled to its last byte."""

    def __init__(self, place: pathlib.Path, size=DISK_BYTES):
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)

    def fill(self):
        with open(self.place / "filler", "ab", buffering=0) as filler:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        (self.place / "filler").unlink()

    def remount(self, how):
        mount("-o", f"remount,{how}", self.place)


class Kiosk:
    """The demo with a data folder."""

    def __init__(self, folder, prefix=()):
        self.folder = str(folder)
        self.prefix = prefix
        self.pages = pathlib.Path(tempfile.mkdtemp(prefix="disk-pages-"))
        self.messages = tempfile.TemporaryFile("w+")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.prefix, PROGRAM, "run", "--demo", "--data", self.folder, "--display", f"png:{self.pages}"],
            stdout=subprocess.DEVNULL, stderr=self.messages)

    def words(self):
        self.messages.seek(0)
        return self.messages.read()

    def status(self):
        """nil where it does not answer."""
        expect(self.process.poll() is None, f"the kiosk has ended with {self.process.returncode}: {self.words()}")
        result = run("status", "--json", "--data", self.folder)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def wait(self, what, condition, seconds=45):
        """The status when the condition holds for it."""
        end = time.monotonic() + seconds
        status = None
        while time.monotonic() < end:
            status = self.status()
            if status and condition(status):
                return status
            time.sleep(0.3)
        disk = status and (status["disk"], status["radio"]["state"], status["radio"]["advertising"],
                           status["contacts"], status["visits"], status["problems"])
        raise Failure(f"{what}: not within {seconds} s; {disk}; {self.words()}")

    def lives(self, advertising=True):
        """It scans, counts and draws, and advertises only what it may."""
        status = self.wait("scans and counts", lambda s: s["radio"]["state"] == "running" and s["radio"]["scanning"]
                           and s["people_around"] > 0 and s["radio"]["advertising"] == advertising
                           and (self.pages / "screen.png").exists())
        return status

    def heals(self, before):
        """The fault ends, and all that waited is written; `before` is a status of the time of the fault."""
        status = self.wait("works again", lambda s: s["disk"]["state"] == "works" and s["disk"]["identity"] == "read"
                           and s["radio"]["advertising"])
        expect("reason" not in status["disk"], f"a fault stays: {status['disk']}")
        self.wait("has no fault of writing", lambda s: s["contacts"].get("write_fault") is None
                  and s["visits"].get("write_fault") is None)
        # While it runs, not only at its end.
        self.wait("is written", lambda s: self.contacts() >= before["contacts"]["pending"]
                  and len(self.log()) >= before["visits"]["today"])
        status = self.status()
        expect(status["contacts"]["lost"] == 0 and status["visits"]["lost"] == 0, "something was lost")
        expect(not status["problems"], f"problems stay: {status['problems']}")
        self.stop()
        self.is_whole(status)

    def is_whole(self, last):
        """After the end every contact and visit of the last status is in the log."""
        contacts, logged = self.contacts(), len(self.log())
        expect(contacts >= last["contacts"]["pending"] and logged >= last["visits"]["today"],
               f"{contacts} contacts, {logged} visits, {last['visits']['today']} counted")

    def contacts(self):
        """In the log, as an export finds them."""
        file = self.pages / f"trace-{time.monotonic_ns()}"
        result = run("export", "trace", "--days", "1", "--data", self.folder, "-o", str(file), "--operator", "An",
                     "--reason", "test")
        expect(result.returncode == 0, f"kiosk export: {result.stderr}")
        return int(re.search(r": (\d+) contacts in", result.stdout)[1])

    def log(self, prefix=()):
        result = run("log", "--json", "--data", self.folder, prefix=prefix)
        expect(result.returncode == 0, f"kiosk log: {result.returncode} {result.stderr}")
        return result.stdout.splitlines()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        expect(code == 0, f"it ended with {code}: {self.words()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.pages, ignore_errors=True)
        self.messages.close()
