# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated machine: Debian's kernel, bumble on its second serial line, and an agent in it that runs scripts."""

import atexit
import base64
import pathlib
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Sequence

BOOT_LIMIT = 90  # s from the start of QEMU to the agent's first answer
SCRIPT_LIMIT = 30  # s a script may take unless told otherwise
MEMORY = 1024  # MiB
SCREEN = 800, 480  # pixels of the emulated screen
HCI_DEBUG = "/sys/kernel/debug/bluetooth/hci0"
# no_timer_check: else the kernel panics if its timer does not tick within ten ticks, which a busy machine misses.
APPEND = "console=ttyS0 panic=-1 loglevel=4 random.trust_cpu=on no_timer_check fbcon=map:0"


class ScriptFailed(AssertionError):
    """A script in the guest that ended otherwise than with 0."""


class Machine:
    """One QEMU. Its `run` is for one thread at a time."""

    def __init__(self, folder: pathlib.Path, kernel: str, initramfs: str, bluetooth: str, disks: Sequence[pathlib.Path] = ()):
        self.console = folder / "console.txt"
        self.folder = folder
        agent = str(folder / "agent")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(agent)
        listener.listen(1)
        self.process = subprocess.Popen(
            # Whatever becomes of this program, QEMU does not outlive it.
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2",
             "-m", str(MEMORY), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-rtc", "base=utc",
             "-kernel", kernel, "-initrd", initramfs, "-append", APPEND,
             "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
             "-chardev", f"socket,id=bluetooth,path={bluetooth},{reconnect()}", "-serial", "chardev:bluetooth",
             "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={agent}",
             "-device", "virtserialport,chardev=agent,name=agent",
             # A screen that whoever looks at it by VNC can exchange, an old one of 16 bits a pixel, and a finger.
             "-qmp", f"unix:{folder / 'qmp'},server=on,wait=off", "-vnc", f"unix:{folder / 'vnc'}",
             "-device", f"virtio-gpu-pci,id=screen,xres={SCREEN[0]},yres={SCREEN[1]}",
             "-device", "cirrus-vga,id=old", "-device", "virtio-tablet-pci,id=touch",
             *(word for disk in disks for word in ("-drive", f"file={disk},format=raw,if=virtio"))],
            stdin=subprocess.DEVNULL, stdout=(folder / "qemu.txt").open("wb"), stderr=subprocess.STDOUT,
        )
        atexit.register(self.end)
        listener.settimeout(10)
        try:
            self._socket, _ = listener.accept()
        except TimeoutError:
            raise AssertionError(f"QEMU did not start: {(folder / 'qemu.txt').read_text()}") from None
        finally:
            listener.close()
        self._answers = self._socket.makefile("rb")
        self._number = 0
        self.tools: dict[str, str] = {}
        self._await_boot()

    def _await_boot(self) -> None:
        end = time.monotonic() + BOOT_LIMIT
        while "vm-test: ready" not in self.console.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                tail = "\n".join(self.console.read_text(errors="replace").splitlines()[-20:])
                raise AssertionError(f"the guest did not boot; its console ends with\n{tail}")
            time.sleep(0.1)

    def set_clock(self) -> None:
        """The guest's `date` takes whole seconds: it is told at the begin of one."""
        time.sleep(1 - time.time() % 1)
        self.run(f"date -u -s @{round(time.time())} >/dev/null")

    def ask(self, script: str, limit: float = SCRIPT_LIMIT) -> tuple[int, str]:
        """Runs a script of the guest's shell; its exit code, and what it wrote to stdout and stderr."""
        self._number += 1
        text = base64.b64encode(script.encode()).decode()
        self._socket.settimeout(limit + 15)
        self._socket.sendall(f"{self._number} {int(limit)} {text}\n".encode())
        while True:
            line = self._answers.readline().decode().split()
            if not line:
                raise AssertionError("the guest is gone")
            if int(line[0]) == self._number:
                output = base64.b64decode(line[2]) if len(line) > 2 else b""
                return int(line[1]), output.decode(errors="replace")

    def run(self, script: str, limit: float = SCRIPT_LIMIT) -> str:
        """As `ask`, for what must succeed."""
        code, output = self.ask(script, limit)
        if code:
            raise ScriptFailed(f"in the guest: exit {code} of: {script}\n{output}")
        return output

    def read(self, path: str) -> str:
        return self.run(f"cat {shlex.quote(path)}")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    # The adapter

    def adapter(self) -> str:
        """none, down or up."""
        code, output = self.ask("hciconfig hci0")
        if code or "hci0" not in output:
            return "none"
        return "up" if re.search(r"^\s+UP\b", output, re.M) else "down"

    def adapter_address(self) -> str:
        return re.search(r"BD Address: (\S+)", self.run("hciconfig hci0")).group(1)

    def attach(self) -> None:
        """Puts hci0 on the serial line; returns at once, and the kernel begins to set it up."""
        self.run("btattach -B /dev/ttyS1 -P h4 -S 115200 </dev/null >/dev/null 2>&1 & echo $! >/run/btattach.pid")

    def detach(self) -> None:
        """Takes hci0 from the serial line; nothing if it is on none."""
        self.run("[ -e /run/btattach.pid ] || exit 0\n"
                 "kill $(cat /run/btattach.pid); rm /run/btattach.pid\n"
                 "while [ -e /sys/class/bluetooth/hci0 ]; do usleep 20000; done")

    def is_set_up(self, limit: float) -> bool:
        """Waits until the kernel has set hci0 up, which it tries once, at the attachment; False if it has not.

        The kernel shows the controller's features in debugfs at the very end of it (net/bluetooth/hci_sync.c,
        hci_init_sync). A setup that failed is not visible but by that: the adapter is there, and down.
        """
        tries = int(limit * 20)
        script = f"for i in $(seq {tries}); do [ -e {HCI_DEBUG}/features ] && exit 0; usleep 50000; done; exit 1"
        return self.ask(script, limit + SCRIPT_LIMIT)[0] == 0

    def power_up(self) -> None:
        """What `hciconfig hci0 up` does; again if an answer was lost."""
        self.run("for i in 1 2 3 4; do hciconfig hci0 up && break; done; hciconfig hci0 | grep -q UP")

    def take_down(self) -> None:
        """What `hciconfig hci0 down` does, until it is down: not while the kernel or a kiosk has it."""
        self.run("for i in $(seq 20); do\n"
                 "hciconfig hci0 down; hciconfig hci0 | grep -q DOWN && exit 0; usleep 500000\n"
                 "done; exit 1")

    # The lines

    def level(self, line: int) -> int:
        return int(self.read(f"/run/gpio/sim_gpio{line}/value"))

    def pull(self, line: int, up: bool) -> None:
        self.run(f"echo pull-{'up' if up else 'down'} >/run/gpio/sim_gpio{line}/pull")

    def watch_lines(self, *lines: int) -> None:
        names = " ".join(map(str, lines))
        # Before everything else in the guest: a beep is short.
        self.run(f"nice -n -15 watch-lines {names} </dev/null >/run/lines.txt 2>&1 & echo $! >/run/watch.pid")

    def stop_watching_lines(self) -> None:
        self.run("kill $(cat /run/watch.pid)")

    def line_changes(self) -> list[tuple[float, int, int]]:
        """(uptime s, line, level) since `watch_lines`; the first of each line is what it was then."""
        found = []
        for line in self.read("/run/lines.txt").splitlines():
            moment, number, level = line.split()
            found.append((float(moment), int(number), int(level)))
        return found

    def uptime(self) -> float:
        return float(self.read("/proc/uptime").split()[0])


def reconnect() -> str:
    """The option by which QEMU calls bumble again every second: renamed in 9.2."""
    text = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = map(int, re.search(r"version (\d+)\.(\d+)", text).groups())
    return "reconnect-ms=1000" if (major, minor) >= (9, 2) else "reconnect=1"
