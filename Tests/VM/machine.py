# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated machine: Debian's kernel, bumble on its second serial line, and an agent in it that runs scripts."""

import atexit
import base64
import json
import pathlib
import re
import shlex
import socket
import subprocess
import time

BOOT_LIMIT = 90  # s from the start of QEMU to the agent's first answer
SCRIPT_LIMIT = 30  # s a script may take unless told otherwise
MEMORY = 1024  # MiB
APPEND = "console=ttyS0 panic=-1 loglevel=4 random.trust_cpu=on"


class ScriptFailed(AssertionError):
    """A script in the guest that ended otherwise than with 0."""


class Machine:
    """One QEMU. Its `run` is for one thread at a time."""

    def __init__(self, folder: pathlib.Path, kernel: str, initramfs: str, bluetooth: str):
        self.console = folder / "console.txt"
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
             "-device", "virtserialport,chardev=agent,name=agent"],
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

    def attach(self) -> None:
        """Puts hci0 on the serial line; returns at once."""
        self.run("btattach -B /dev/ttyS1 -P h4 -S 115200 </dev/null >/dev/null 2>&1 & echo $! >/run/btattach.pid")

    def detach(self) -> None:
        self.run("kill $(cat /run/btattach.pid) && rm /run/btattach.pid")

    # The lines

    def level(self, line: int) -> int:
        return int(self.read(f"/run/gpio/sim_gpio{line}/value"))

    def pull(self, line: int, up: bool) -> None:
        self.run(f"echo pull-{'up' if up else 'down'} >/run/gpio/sim_gpio{line}/pull")

    def watch_lines(self, *lines: int) -> None:
        names = " ".join(map(str, lines))
        self.run(f"watch-lines {names} </dev/null >/run/lines.txt 2>&1 & echo $! >/run/watch.pid")

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


class GuestKiosk:
    """One data folder in the guest and the runs of the kiosk on it; has what Tests/Air/kiosk.py's Kiosk has."""

    UID, GPIO = 1000, 997
    CAPABILITIES = "+net_admin,+net_raw"  # what deploy/bluezone-kiosk.service gives, and no more

    def __init__(self, machine: Machine, name: str, settings: str = ""):
        self.machine = machine
        self.name = name
        self.data = f"/var/lib/{name}"
        self.started = 0.0  # epoch s of the present run
        self.pid = 0
        self.runs = 0
        self.radio: str | None = "hci:0"  # None: what its settings say
        self.process = self  # for its `returncode`
        machine.run(f"mkdir -p /run/kiosk {self.data} && chown {self.UID}:{self.UID} {self.data} && chmod 700 {self.data}")
        self.configure(settings)

    def configure(self, settings: str) -> None:
        text = base64.b64encode(('[clock]\ntrust = "always"\n' + settings).encode()).decode()
        self.machine.run(f"echo {text} | base64 -d >/run/kiosk/{self.name}.toml")

    @classmethod
    def drop(cls, capabilities: str = CAPABILITIES) -> str:
        """What stands before a command that runs as the kiosk's user."""
        given = f"-all,{capabilities}" if capabilities else "-all"
        return (f"/usr/bin/setpriv --reuid {cls.UID} --regid {cls.UID} --groups {cls.GPIO} --no-new-privs"
                f" --inh-caps {given} --ambient-caps {given} --bounding-set {given}")

    def start(self, *, capabilities: str = CAPABILITIES) -> None:
        drop = self.drop(capabilities)
        radio = f"--radio {self.radio} " if self.radio else ""
        run = f"kiosk run {radio}--display none --data {self.data} --config /run/kiosk/{self.name}.toml"
        self.runs += 1
        files = f"/run/kiosk/{self.name}"
        self.started = time.time()
        self.machine.run(
            f"rm -f {files}.exit\n"
            f"( {drop} {run} </dev/null >{self.log} 2>&1 & echo $! >{files}.pid; wait $!; echo $? >{files}.exit )"
            " </dev/null >/dev/null 2>&1 &\n"
            f"while [ ! -s {files}.pid ]; do usleep 10000; done")
        self.pid = int(self.machine.read(f"{files}.pid"))
        self.machine.run(f"rm {files}.pid")

    @property
    def log(self) -> str:
        """What the present run writes to stderr."""
        return f"/run/kiosk/{self.name}.{self.runs}.txt"

    @property
    def returncode(self) -> int | None:
        code, output = self.machine.ask(f"cat /run/kiosk/{self.name}.exit")
        return int(output) if code == 0 and output.strip() else None

    @property
    def running(self) -> bool:
        return self.pid != 0 and self.returncode is None

    def signal(self, name: str, limit: float) -> int | None:
        """Sends TERM or KILL; the exit code (128 and the signal's number if it died of one), None if it still runs."""
        self.machine.run(f"kill -{name} {self.pid}")
        end = time.monotonic() + limit
        while (code := self.returncode) is None and time.monotonic() < end:
            time.sleep(0.05)
        return code

    def end(self) -> None:
        if self.running:
            self.signal("KILL", 5)

    def last_words(self, lines: int = 12) -> str:
        return self.machine.ask(f"tail -n {lines} {self.log}")[1]

    def status(self) -> dict:
        code, output = self.machine.ask(f"kiosk status --data {self.data} --json")
        if code:
            raise AssertionError(f"kiosk status: exit {code}: {output.strip()}")
        return json.loads(output)

    def process_status(self) -> dict[str, str]:
        """/proc/PID/status."""
        return dict(line.split(":\t", 1) for line in self.machine.read(f"/proc/{self.pid}/status").splitlines() if ":\t" in line)
