# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk in the emulated machine: its runs on one data folder, what it tells, and what it keeps."""

import base64
import gzip
import json
import time

import bluezone
import journal
from kiosk import CONTACT_COLUMNS, radio
from machine import Machine

UID, GPIO, VIDEO, INPUT = 1000, 997, 44, 996
CAPABILITIES = "+net_admin,+net_raw"  # what deploy/bluezone-kiosk.service gives, and no more
LIMIT_RTPRIO = "ulimit -r 1; "  # the same, LimitRTPRIO=1


def unprivileged(capabilities: str = CAPABILITIES, groups: tuple[int, ...] = (GPIO,)) -> str:
    """What stands before a command that runs as the kiosk's user."""
    given = f"-all,{capabilities}" if capabilities else "-all"
    return (f"/usr/bin/setpriv --reuid {UID} --regid {UID} --groups {','.join(map(str, groups))} --no-new-privs"
            f" --inh-caps {given} --ambient-caps {given} --bounding-set {given}")


class GuestKiosk:
    """One data folder in the guest; has what Tests/Air/kiosk.py's Kiosk has."""

    def __init__(self, machine: Machine, name: str, settings: str = ""):
        self.machine = machine
        self.name = name
        self.data = f"/var/lib/{name}"
        self.started = 0.0  # epoch s of the present run
        self.pid = 0
        self.runs = 0
        self.radio: str | None = "hci:0"  # None: what its settings say
        self.display = "none"
        self.groups: tuple[int, ...] = (GPIO,)
        self.options = ""
        self.process = self  # for its `returncode`
        machine.run(f"mkdir -p /run/kiosk {self.data} && chown {UID}:{UID} {self.data} && chmod 700 {self.data}")
        text = base64.b64encode(('[clock]\ntrust = "always"\n' + settings).encode()).decode()
        machine.run(f"echo {text} | base64 -d >/run/kiosk/{self.name}.toml")

    # The process

    def start(self, *, capabilities: str = CAPABILITIES, realtime: bool = False) -> None:
        source = f"--radio {self.radio} " if self.radio else ""
        run = f"kiosk run {source}{self.options} --display {self.display} --data {self.data} --config /run/kiosk/{self.name}.toml"
        self.runs += 1
        files = f"/run/kiosk/{self.name}"
        self.started = time.time()
        self.machine.run(
            f"rm -f {files}.exit\n"
            f"( {LIMIT_RTPRIO if realtime else ''}{unprivileged(capabilities, self.groups)} {run} </dev/null >{self.log} 2>&1 & echo $! >{files}.pid\n"
            f"  wait $!; echo $? >{files}.exit ) </dev/null >/dev/null 2>&1 &\n"
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

    def process_status(self) -> dict[str, str]:
        """/proc/PID/status."""
        lines = self.machine.read(f"/proc/{self.pid}/status").splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    # What it tells

    def command(self, *arguments: str):
        code, output = self.machine.ask("kiosk " + " ".join(arguments))
        # The agent does not part stdout and stderr; commands that succeed write nothing to stderr.
        return type("Done", (), {"returncode": code, "stdout": output, "stderr": output if code else ""})

    def status(self) -> dict:
        code, output = self.machine.ask(f"kiosk status --data {self.data} --json")
        if code:
            raise AssertionError(f"kiosk status: exit {code}: {output.strip()}")
        return json.loads(output)

    def radio_state(self) -> tuple[str, str]:
        """State and reason of the radio in `kiosk status`; running means on the air both ways."""
        code, output = self.machine.ask(f"kiosk status --data {self.data} --json")
        if code:
            return "unknown", f"kiosk status: exit {code}: {output.strip()}"
        status = json.loads(output)
        state, reason = radio(status)
        if state == "running" and not (status["radio"]["advertising"] and status["radio"]["scanning"]):
            state = "running in part"
        return state, reason

    # What it keeps

    def contacts(self) -> list[dict]:
        names = ", ".join(f'hex("{name}") AS "{name}"' if name == "blid" else f'"{name}"' for name in CONTACT_COLUMNS)
        code, output = self.machine.ask(
            f"[ -e {self.data}/kiosk.sqlite ] || exit 0\n"
            # The journal's pages that hold something, first; then the rows, and the journal's mark in the same transaction.
            f"gzip -c {self.data}/kiosk.journal 2>/dev/null | base64 -w 0; echo\n"
            f"sqlite3 -readonly -json -cmd '.timeout 3000' {self.data}/kiosk.sqlite "
            f"'BEGIN; SELECT epoch, sequence FROM journal; SELECT \"--\" AS part; SELECT {names} FROM contact'")
        if code:
            if "no such table" in output:
                return []
            raise AssertionError(f"the contact log cannot be read: {output.strip()}")
        if not output.strip():
            return []
        packed, answer = output.split("\n", 1)
        mark, _, table = answer.partition('[{"part":"--"}]')
        rows = json.loads(table) if table.strip() else []
        for row in rows:
            row["blid"] = bytes.fromhex(row["blid"])
        marks = [(row["epoch"], row["sequence"]) for row in json.loads(mark)] if mark.strip() else [None]
        return journal.overlaid(rows, gzip.decompress(base64.b64decode(packed)) if packed else b"", marks[0])

    def identity(self) -> bluezone.Identity:
        keys = json.loads(self.machine.read(f"{self.data}/base-key.json"))
        return bluezone.Identity(bytes.fromhex(keys["base_key"]), keys["base_day"])
