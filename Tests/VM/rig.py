# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenes share: one guest and one room of phones, how they prepare, wait, plug in and speak."""

import contextlib
import os
import pathlib
import re
import sys
import tempfile
import time

import plug
import test_kiosk
from guest_kiosk import GuestKiosk
from machine import Machine
from phones import RoomThread

RECOVERY = 20  # s in which the radio must be back once its cause is gone, or be down with words once it came
SETUP = 6  # s in which the kernel has set an adapter up, or has given up on it
PLUGS = 3  # times an adapter is plugged in before the kernel is believed to be at fault
CONNECT = 10  # s until QEMU has called bumble again
SLACK = 1.0  # s by which an emulated machine may be late

# What the scenes look for in the words by which `kiosk status` tells why there is no radio; regular expressions.
IN_USE, NOT_SET_UP = "another program uses", "could not set it up"
GONE, SILENT = "no such adapter", "did not answer"
POWERLESS, BLOCKED = "needs CAP_NET_ADMIN", "switched off"


class VMCase(test_kiosk.KioskCase):
    """With the checks of Tests/Air: what the kiosk keeps, sends, and says of its radio."""

    build = staticmethod(test_kiosk.crowd)

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vm-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.socket = str(cls.folder / "h4")
        cls.thread = RoomThread(cls.socket, cls.build).start()
        cls.room = cls.thread.room
        cls.addClassCleanup(lambda: cls.thread.stop())
        begin = time.monotonic()
        cls.machine = Machine(
            cls.folder, os.environ["VM_PIECES"] + "/kernel/vmlinux", os.environ["VM_INITRAMFS"], cls.socket)
        cls.addClassCleanup(cls.machine.end)
        cls.addClassCleanup(cls.keep_output)
        cls.note(f"booted in {time.monotonic() - begin:.0f} s: {cls.machine.run('uname -r').strip()}\n")
        cls.machine.set_clock()
        cls.plug_in()
        cls.kiosk = GuestKiosk(cls.machine, "first")

    @classmethod
    def keep_output(cls) -> None:
        """What a person looks at after a failure."""
        output = pathlib.Path(os.environ["VM_OUTPUT"])
        output.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(AssertionError, OSError):
            (output / "kernel.txt").write_text(cls.machine.run("dmesg"))
            for name in cls.machine.run("cd /run/kiosk && ls *.txt").split():
                (output / f"kiosk-{name}").write_text(cls.machine.read(f"/run/kiosk/{name}"))
        (output / "console.txt").write_bytes(cls.machine.console.read_bytes())

    def setUp(self):
        begin = time.monotonic()
        self.addCleanup(lambda: self.note(f"{time.monotonic() - begin:.0f} s, load {os.getloadavg()[0]:.1f}:"))
        self.settle()

    def settle(self) -> None:
        """An adapter that is set up and down, whatever the last test left; not while a kiosk has it."""
        if self.kiosk.running:
            return
        self.machine.run("for f in /sys/class/rfkill/*/soft; do [ -e $f ] && echo 0 >$f; done; true")
        if self.machine.adapter() == "none" or not self.machine.is_set_up(0.1):
            self.unplug()
            self.plug_in()
        self.machine.take_down()

    # How the scenes speak and wait

    @staticmethod
    def note(text: str) -> None:
        print(f"\n    {text}", end=" ", file=sys.stderr, flush=True)

    @staticmethod
    def patience(seconds: float) -> float:
        """A limit while this machine has other work: longer by the number of processes that want each core."""
        return seconds * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))

    def wait_until(self, problem, limit: float, what: str) -> None:
        super().wait_until(problem, self.patience(limit), what)

    def new_kiosk(self, name: str, settings: str = "") -> GuestKiosk:
        kiosk = GuestKiosk(self.machine, name, settings)
        self.addCleanup(kiosk.end)
        return kiosk

    @contextlib.contextmanager
    def judged(self, kiosk: GuestKiosk):
        """The checks of Tests/Air are for `kiosk` meanwhile."""
        self.kiosk, first = kiosk, self.kiosk
        try:
            yield
        finally:
            self.kiosk = first

    def await_radio(self, kiosk: GuestKiosk, words: str, since: float) -> float:
        """Waits until `kiosk status` calls the radio running, or down with other words; s after `since`.

        No words at all wait until it is not called running any more.
        """
        told = since

        def problem():
            nonlocal told
            state, reason = kiosk.radio_state()
            told = time.time()
            if words in ("running", ""):
                right = (state == "running") == (words == "running") and state != "unknown"
            else:
                right = state == "down" and re.search(words, reason)
            return None if right else f"radio {state} ({reason})"

        with self.judged(kiosk):
            self.wait_until(problem, RECOVERY, f"radio {words or 'down'}")
        return told - since

    def await_logging(self, kiosk: GuestKiosk, since: float) -> None:
        """Every phone of the room is heard and written after `since`."""
        with self.judged(kiosk):
            self.wait_until(lambda: self.logging_problem(since), test_kiosk.LOG_LIMIT, "contact log")

    def assertUndisturbed(self, kiosk: GuestKiosk) -> None:
        """It has opened the adapter once, and still has it."""
        status = kiosk.status()["radio"]
        self.assertEqual((status["state"], status["starts"]), ("running", 1), status.get("last_fault"))

    def end_cleanly(self, kiosk: GuestKiosk) -> None:
        code = kiosk.signal("TERM", self.patience(test_kiosk.STOP_LIMIT + SLACK))
        how = "it still runs" if code is None else f"ended by signal {code - 128}" if code > 128 else f"exit {code}"
        self.assertEqual(code, 0, f"{how}\n{kiosk.last_words()}")

    # The plug

    @classmethod
    def unplug(cls) -> None:
        """Pulls the adapter out: the controller has no power any more, and the kernel no hci0."""
        cls.thread.call(plug.cut(cls.room))
        cls.machine.detach()

    @classmethod
    def plug_in(cls) -> float:
        """Plugs it in, as a person would once more if the kernel could not set it up; the epoch s of the last time.

        The kernel gives a controller 2 s for the answer to its first Reset, and asks once.
        """
        for _ in range(PLUGS):
            cls.thread.do(plug.give, cls.room)
            plugged = time.time()
            cls.machine.attach()
            if cls.machine.is_set_up(cls.patience(SETUP)):
                return plugged
            cls.note("the kernel could not set hci0 up; plugged in again")
            cls.unplug()
        raise AssertionError(f"the kernel cannot set hci0 up:\n{cls.machine.run('dmesg | grep Bluetooth | tail')}")

    def replace_room(self, pause=lambda: None, half_frame: bytes = b"") -> float:
        """Ends bumble and everybody in it, does what `pause` says, starts anew with other phones; the epoch s of that.

        The serial line falls silent between two frames, or in the middle of the one that `half_frame` begins.
        """
        # The kernel forgets half a frame with the line alone, and learns the new controller's address at the plug.
        self.addCleanup(self.unplug)
        cls = type(self)
        self.thread.call(plug.cut(self.room))
        self.thread.do(self.room.h4.send_garbage, half_frame)
        time.sleep(0.5)  # it arrives
        cls.thread.stop()
        pause()
        cls.thread = RoomThread(self.socket, self.build).start()
        cls.room = cls.thread.room
        end = time.monotonic() + self.patience(CONNECT)
        while not self.room.h4.connected:
            self.assertLess(time.monotonic(), end, "QEMU does not call bumble again")
            time.sleep(0.05)
        return time.time()
