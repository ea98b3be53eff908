# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk's screen on a real kernel: virtio-gpu and cirrus by DRM and as framebuffers, touch, plugs, and the console.

One guest, without Bluetooth: the radio is simulated (`--demo`). scripts/vm-test sets VM_PIECES, VM_INITRAMFS and VM_OUTPUT.
"""

import base64
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

from guest_kiosk import CAPABILITIES, GPIO, INPUT, VIDEO, GuestKiosk, unprivileged
from machine import SCREEN, Machine
from monitor import Monitor, Picture, Viewer

START = 30  # s in which a program in the emulated machine is on its screen
CHANGE = 15  # s in which a change outside is answered
ADDRESS = "https://bluezone.example/cai"
CONNECTOR = "/sys/class/drm/card0-Virtual-1"
OLD_SCREEN = 1024, 768  # what cirrus does
SIXTEEN_BITS = 8  # by which a colour of 16 bits may be off
CHECK_IN = 0.72, 0.81  # where the button for people without a phone is, on the home page of that size
CURSOR = 200  # pixels that blink on a console


class KioskOnARealScreen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vm-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.output = pathlib.Path(os.environ["VM_OUTPUT"])
        cls.output.mkdir(parents=True, exist_ok=True)
        cls.machine = Machine(
            cls.folder, os.environ["VM_PIECES"] + "/kernel/vmlinux", os.environ["VM_INITRAMFS"], str(cls.folder / "h4"))
        cls.addClassCleanup(cls.machine.end)
        cls.addClassCleanup(cls.keep_output)
        cls.machine.set_clock()
        cls.monitor = Monitor(str(cls.folder / "qmp"))

    @classmethod
    def keep_output(cls) -> None:
        with contextlib.suppress(AssertionError, OSError):
            (cls.output / "screen-kernel.txt").write_text(cls.machine.run("dmesg"))
            for name in cls.machine.run("cd /run/kiosk && ls *.txt").split():
                (cls.output / f"screen-{name}").write_text(cls.machine.read(f"/run/kiosk/{name}"))

    # How the scenes look and wait

    @staticmethod
    def note(text: str) -> None:
        print(f"\n    {text}", end=" ", file=sys.stderr, flush=True)

    def wait_until(self, problem, limit: float, what: str) -> float:
        """Waits until `problem` says None; s that it took."""
        begin = time.monotonic()
        limit *= max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
        while (words := problem()) is not None:
            self.assertLess(time.monotonic() - begin, limit, f"{what}: {words}")
            time.sleep(0.2)
        return time.monotonic() - begin

    def look(self, name: str, device: str = "screen") -> Picture:
        return self.monitor.screen(self.output / f"screen-{name}.ppm", device)

    def start(self, command: str, groups=(GPIO, VIDEO, INPUT), wrapped: str = "{} </dev/null") -> None:
        """Starts a program as the kiosk's user, one at a time; `said` and `end` are about it."""
        command = wrapped.format(f"{unprivileged(CAPABILITIES, groups)} {command}")
        self.machine.run(
            "[ ! -e /run/shown.pid ] || kill -9 $(cat /run/shown.pid) 2>/dev/null; rm -f /run/shown.*\n"
            f"( {command} >/run/shown.out 2>/run/shown.err &\n"
            "  echo $! >/run/shown.pid; wait $!; echo $? >/run/shown.exit ) </dev/null >/dev/null 2>&1 &\n"
            "while [ ! -s /run/shown.pid ]; do usleep 10000; done")
        self.addCleanup(lambda: self.machine.ask("kill -9 $(cat /run/shown.pid)"))

    def said(self, words: str) -> str | None:
        """None once the program has said that; as `problem`."""
        text = self.machine.read("/run/shown.err")
        return None if re.search(words, text) else f"not said '{words}': {text}"

    def end(self, signal: str = "TERM") -> None:
        self.machine.run(f"kill -{signal} $(cat /run/shown.pid)\n"
                         "for i in $(seq 100); do [ -e /run/shown.exit ] && exit 0; usleep 100000; done; exit 1")
        if signal == "TERM":
            self.assertEqual(self.machine.read("/run/shown.exit").strip(), "0", self.machine.read("/run/shown.err"))

    def file(self, path: str) -> bytes:
        return base64.b64decode(self.machine.run(f"base64 {path}"))

    def expected(self, size: tuple[int, int], width: int | None, turn: int = 0) -> Picture:
        """The test picture as the same program draws it into a file, as it lies on the panel."""
        picture = size if turn % 180 == 0 else size[::-1]
        ruler = f"--width {width}" if width else ""
        self.machine.run(f"kiosk screen test --size {picture[0]}x{picture[1]} {ruler} -o /run/test.png")
        return Picture.png(self.file("/run/test.png")).turned(turn)

    def await_picture(self, name: str, expected: Picture, device: str = "screen", tolerance: int = 0) -> None:
        self.wait_until(lambda: self.look(name, device).difference(expected, tolerance), START, name)

    def console(self, name: str) -> Picture:
        """What the console shows once it has something to show."""
        self.machine.run("echo 'the console of the kernel' >/dev/tty1")
        time.sleep(0.5)
        return self.look(name)

    def assertConsoleIsBack(self, before: Picture, name: str) -> None:
        def problem():
            now = self.look(name)
            words = now.difference(before)
            return None if words is None or int(words.split()[0] if words[0].isdigit() else "999999") < CURSOR else words

        self.wait_until(problem, CHANGE, "the console is back")

    def new_kiosk(
        self, name: str, display: str = "drm", groups=(GPIO, VIDEO, INPUT), settings: str = "",
    ) -> GuestKiosk:
        kiosk = GuestKiosk(self.machine, name, f'[screen]\ninstall_address = "{ADDRESS}"\n{settings}')
        kiosk.radio, kiosk.options, kiosk.display, kiosk.groups = None, "--demo", display, groups
        self.addCleanup(kiosk.end)
        kiosk.start()
        return kiosk

    def codes(self, name: str) -> list[str]:
        self.look(name)
        found = subprocess.run(["zbarimg", "--quiet", "--raw", self.output / f"screen-{name}.ppm"],
                               capture_output=True, text=True, check=False)
        return found.stdout.split()

    def await_page(self, kiosk: GuestKiosk, name: str, limit: float = START) -> float:
        """Waits until a page with its code is on the screen; s that it took."""
        return self.wait_until(lambda: None if ADDRESS in self.codes(name) else kiosk.last_words(), limit, "a page")

    def await_status(self, kiosk: GuestKiosk, words: str, limit: float = CHANGE) -> float:
        def problem():
            code, text = self.machine.ask(f"kiosk status --data {kiosk.data}")
            return None if code == 0 and re.search(words, text) else text

        return self.wait_until(problem, limit, f"status says '{words}'")

    def assertTracing(self, kiosk: GuestKiosk) -> None:
        """The radio runs, and hears more from one look to the next."""
        first = kiosk.status()["radio"]
        time.sleep(2)
        second = kiosk.status()["radio"]
        self.assertEqual((second["state"], second["starts"]), ("running", 1))
        self.assertGreater(second["reports"], first["reports"])

    # The scenes

    def test_01_drm_picturesEqualPixelForPixel(self):
        for turn in (0, 90, 180, 270):
            with self.subTest(turn=turn):
                # A screen that tells 200 by 120 mm, by QEMU's EDID.
                expected = self.expected(SCREEN, 200 if turn % 180 == 0 else 120, turn)
                self.start(f"kiosk screen test --display drm --rotation {turn}")
                self.await_picture(f"drm-{turn}", expected)
                self.end()

    def test_02_drm_anotherDriver_whenNamed(self):
        self.start("kiosk screen test --display drm:VGA-1")
        self.await_picture("drm-old", self.expected(OLD_SCREEN, None), "old", SIXTEEN_BITS)
        self.end()

    def test_03_framebuffer_of32BitsAndOf16(self):
        self.assertEqual(self.machine.read("/sys/class/graphics/fb1/bits_per_pixel").strip(), "16")
        # Without rights to it the console stays, and so would its cursor.
        self.machine.run("printf '\\033[?25l' >/dev/tty1")
        self.addCleanup(lambda: self.machine.run("printf '\\033[?25h' >/dev/tty1"))
        self.start("kiosk screen test --display fbdev")
        self.await_picture("fb0", self.expected(SCREEN, 200))
        self.end()
        self.start("kiosk screen test --display fbdev:/dev/fb1 --rotation 180")
        self.await_picture("fb1", self.expected(OLD_SCREEN, None, 180), "old", SIXTEEN_BITS)
        self.end()
        self.wait_until(lambda: None if self.look("fb1-after", "old").colours == 1 else "a page still stands there",
                        CHANGE, "after the end")

    def test_04_console_isBack_afterTheEndAndAfterAKill(self):
        before = self.console("console-before")
        self.assertGreater(before.colours, 1, "there is a console")
        for display, signal in (("drm", "TERM"), ("drm", "KILL")):
            self.start(f"kiosk screen test --display {display}")
            self.await_picture("console-gone", self.expected(SCREEN, 200))
            self.end(signal)
            self.assertConsoleIsBack(before, f"console-after-{signal}")

    def test_05_console_leavesAFramebufferAlone_whenItIsOurs(self):
        self.console("fb-console-before")
        expected = self.expected(SCREEN, 200)
        # A service with TTYPath=/dev/tty1 and StandardInput=tty: the terminal is its own, and it has no other right to it.
        self.machine.run("chown 1000 /dev/tty1")
        self.start("kiosk screen test --display fbdev", wrapped="setsid sh -c 'exec {} </dev/tty1'")
        self.await_picture("fb-console", expected)
        self.machine.run("echo 'nobody should see this' >/dev/tty1")
        time.sleep(1)
        self.assertIsNone(self.look("fb-console-written").difference(expected))
        self.end()
        self.wait_until(lambda: None if self.look("fb-console-after").difference(expected) else "the page still stands",
                        CHANGE, "after the end")
        self.assertGreater(self.look("fb-console-after").colours, 1, "the console's words")

    def test_06_touch_isFeltWhereItIs_turnedAndReplugged(self):
        for turn, point in ((0, "200 359"), (90, "359 599"), (180, "599 120"), (270, "120 200")):
            with self.subTest(turn=turn):
                self.start(f"kiosk screen test --display drm --rotation {turn}")
                self.wait_until(lambda: self.said("Virtual-1"), START, "on the screen")
                self.await_taps([(0.25, 0.75)], [point])
                if turn:
                    self.end()
                    continue
                # A finger that strokes is no tap, and what is plugged in anew is felt again.
                self.monitor.finger(0.2, 0.2, True)
                self.monitor.finger(0.6, 0.6)
                self.monitor.finger(0.6, 0.6, False)
                self.replug_touch()
                self.await_taps([(0.5, 0.5)], [point, "400 240"])
                self.end()

    def await_taps(self, taps, expected) -> None:
        for place in taps:
            self.monitor.tap(*place)
        self.wait_until(
            lambda: None if (found := self.machine.read("/run/shown.out").splitlines()) == expected else str(found),
            CHANGE, "taps")

    def replug_touch(self) -> None:
        there = "grep -l 'QEMU Virtio Tablet' /sys/class/input/event*/device/name"
        self.monitor.unplug("touch")
        self.monitor.execute("device_add", driver="virtio-tablet-pci", id="touch")
        # As udev does, a moment after the kernel has told of it.
        self.machine.run(f"until {there}; do usleep 50000; done\n"
                         "chgrp input /dev/input/event*; chmod 660 /dev/input/event*")
        time.sleep(3)

    def test_07_kiosk_showsItsPages_andFeelsATouch(self):
        before = self.console("kiosk-before")
        kiosk = self.new_kiosk("shown")
        took = self.await_page(kiosk, "kiosk-page")
        self.await_status(kiosk, r"display +drm: Virtual-1, 800x480 at \d+ Hz, 200 mm x 120 mm")
        self.assertEqual(kiosk.status()["problems"], [])
        self.monitor.tap(0.5, 0.5)
        self.await_status(kiosk, "touches +1")
        self.assertTracing(kiosk)
        self.note(f"the first page {took:.1f} s after the start, in an emulated machine")
        self.assertEqual(kiosk.signal("TERM", 20), 0)
        self.assertConsoleIsBack(before, "kiosk-after")

    def test_08_kiosk_followsAScreenThatIsUnplugged_andPluggedInAgain(self):
        kiosk = self.new_kiosk("plugged")
        self.await_page(kiosk, "plug-before")
        # As the driver would find it; with what the kernel sends when it does.
        plug = f"echo {{}} >{CONNECTOR}/status; echo change >/sys/class/drm/card0/uevent"
        self.machine.run(plug.format("off"))
        # The old screen is plugged in as well: pages go there meanwhile.
        self.await_status(kiosk, "display +drm: VGA-1")
        self.machine.run(plug.format("detect"))
        self.machine.run("echo off >/sys/class/drm/card1-VGA-1/status; echo change >/sys/class/drm/card1/uevent")
        self.await_status(kiosk, "display +drm: Virtual-1")
        self.await_page(kiosk, "plug-after")
        self.machine.run(plug.format("off"))
        told = self.await_status(kiosk, "problem +No screen is plugged in")
        self.assertTracing(kiosk)
        self.machine.run(plug.format("detect"))
        back = self.await_page(kiosk, "plug-again")
        self.assertEqual(kiosk.status()["problems"], [])
        # Out and in before anybody looks: all is as before, and the mode is set nevertheless.
        self.machine.run(plug.format("detect"))
        time.sleep(2)
        self.await_page(kiosk, "plug-same")
        self.assertEqual(kiosk.signal("TERM", 20), 0)
        self.machine.run("echo detect >/sys/class/drm/card1-VGA-1/status")
        self.note(f"unplugged: told after {told:.1f} s; plugged in: a page after {back:.1f} s")

    def test_09_kiosk_startsWithoutAScreen_andWithoutRights(self):
        off = "; ".join(f"echo {{0}} >{c}/status" for c in (CONNECTOR, "/sys/class/drm/card1-VGA-1"))
        self.machine.run(off.format("off"))
        kiosk = self.new_kiosk("dark")
        self.await_status(kiosk, "problem +No screen is plugged in", START)
        self.assertTracing(kiosk)
        self.machine.run(off.format("detect") + "; echo change >/sys/class/drm/card0/uevent")
        self.await_page(kiosk, "dark-plugged")
        self.assertEqual(kiosk.signal("TERM", 20), 0)
        kiosk = self.new_kiosk("forbidden", groups=(GPIO,))
        self.await_status(kiosk, "problem +The kiosk may not use /dev/dri/card.*group video", START)
        self.assertTracing(kiosk)
        self.assertEqual(kiosk.signal("TERM", 20), 0)

    def test_10_kiosk_waitsForAScreenThatAnotherHas(self):
        self.start("kiosk screen test --display drm")
        self.wait_until(lambda: self.said("Virtual-1"), START, "the other one is on the screen")
        kiosk = self.new_kiosk("second", display="drm:Virtual-1")
        self.await_status(kiosk, "problem +Another program has the screen", START)
        self.assertTracing(kiosk)
        self.end()
        took = self.await_page(kiosk, "second-page")
        self.note(f"a page {took:.1f} s after the other had gone")
        self.assertEqual(kiosk.status()["problems"], [])
        self.assertEqual(kiosk.signal("TERM", 20), 0)

    def test_11_kiosk_countsAVisitor_whoTouchesTheButton(self):
        kiosk = self.new_kiosk("touched", settings='pages = "home"\nalternate = false\n')
        self.await_page(kiosk, "touched-page")
        self.assertEqual(kiosk.status()["visits"]["without_phone"], 0)
        self.monitor.tap(*CHECK_IN)
        self.wait_until(lambda: None if kiosk.status()["visits"]["without_phone"] == 1 else kiosk.status()["visits"],
                        CHANGE, "the visitor is counted")
        self.look("touched-after")
        self.assertEqual(kiosk.signal("TERM", 20), 0)

    def test_12_kiosk_laysOutAnew_forAScreenOfAnotherSize(self):
        kiosk = self.new_kiosk("exchanged")
        self.await_page(kiosk, "exchange-before")
        viewer = Viewer(str(self.folder / "vnc"))
        self.addCleanup(viewer.close)
        viewer.resize(1024, 600)
        self.await_status(kiosk, "Virtual-1, 1024x600")
        self.await_page(kiosk, "exchange-after")
        self.assertEqual(self.look("exchange-after").size, (1024, 600))
        viewer.resize(600, 1024)
        self.await_status(kiosk, "Virtual-1, 600x1024")
        self.await_page(kiosk, "exchange-portrait")
        self.assertEqual(kiosk.signal("TERM", 20), 0)

    def test_13_kernel_complainsOfNothing(self):
        log = self.machine.run("dmesg")
        complaints = re.compile(r"BUG:|Oops|WARNING:|Call Trace|hung task|flip_done timed out")
        self.assertEqual([line for line in log.splitlines() if complaints.search(line)], [])


if __name__ == "__main__":
    unittest.main()
