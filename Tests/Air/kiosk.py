# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk program as a test sees it: a binary, a data folder, an H4 socket, and what it wrote."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

import bluezone
import journal

COMMAND_LIMIT = 20  # s any command but `run` may take
CONTACT_COLUMNS = ("slot", "blid", "first", "last", "count", "nearest", "rssiSum", "platform")


def default_program() -> str:
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    return os.environ.get("KIOSK") or str(root / ".build" / "debug" / "kiosk")


class Kiosk:
    """One data folder and the runs of the program on it. Everything any run wrote to stderr is kept."""

    def __init__(self, folder: pathlib.Path, socket: str, program: str | None = None, settings: str = ""):
        self.program = os.path.abspath(program or default_program())
        self.data = folder / "data"
        self.config = folder / "kiosk.toml"
        self.configure(settings)
        self.folder = folder
        self.socket = socket
        self.process: subprocess.Popen | None = None
        self.started = 0.0  # epoch s of the present run
        self.logs: list[pathlib.Path] = []

    def configure(self, settings: str) -> None:
        """What the next run's settings say beside those of every test."""
        # Test machines rarely have a clock that the kernel calls synchronised; the kiosk would wait to date its log.
        self.config.write_text('[clock]\ntrust = "always"\n' + settings)

    def _log(self, name: str) -> pathlib.Path:
        path = self.folder / f"{len(self.logs):03}-{name}.txt"
        self.logs.append(path)
        return path

    # The appliance

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        out = self._log("run").open("wb")
        with out:
            self.started = time.time()
            self.process = subprocess.Popen(
                [self.program, "run", "--radio", f"h4:unix:{self.socket}", "--display", "none",
                 "--data", str(self.data), "--config", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )

    def signal(self, number: signal.Signals, limit: float) -> int | None:
        """Sends the signal; the exit code, or None if it still runs after the limit."""
        self.process.send_signal(number)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """However it is, it does not run any more."""
        if self.running:
            self.process.kill()
            self.process.wait(5)

    def last_words(self, lines: int = 12) -> str:
        """The end of the newest run's output."""
        runs = [path for path in self.logs if path.name.endswith("run.txt")]
        text = runs[-1].read_text(errors="replace") if runs else ""
        return "\n".join(text.splitlines()[-lines:])

    # Other commands

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_LIMIT
        )
        self._log(arguments[0]).write_bytes(done.stderr)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode(errors="replace")
        return done

    def status(self) -> dict:
        done = self.command("status", "--data", str(self.data), "--json")
        if done.returncode:
            raise AssertionError(f"kiosk status: exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def exposures(self) -> list[dict]:
        done = self.command("exposures", "--data", str(self.data), "--json")
        if done.returncode:
            raise AssertionError(f"kiosk exposures: exit {done.returncode}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    # What it keeps

    def contacts(self) -> list[dict]:
        """The contact log, read beside the running program, its journal first; [] while there is no database."""
        path = self.data / "kiosk.sqlite"
        pages = self.data / "kiosk.journal"
        written = pages.read_bytes() if pages.exists() else b""
        if not path.exists():
            return []
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            names = ", ".join(f'"{name}"' for name in CONTACT_COLUMNS)
            # One transaction, so that rows and mark belong together.
            database.execute("BEGIN")
            rows = [dict(zip(CONTACT_COLUMNS, row)) for row in database.execute(f"SELECT {names} FROM contact")]
            mark = database.execute("SELECT epoch, sequence FROM journal").fetchone()
            return journal.overlaid(rows, written, mark)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            database.close()

    def identity(self) -> bluezone.Identity:
        """Its own keys, from the base key file."""
        keys = json.loads((self.data / "base-key.json").read_text())
        return bluezone.Identity(bytes.fromhex(keys["base_key"]), keys["base_day"])

    def output(self) -> dict[str, str]:
        """Everything written to stderr by all runs, file by file."""
        return {path.name: path.read_text(errors="replace") for path in self.logs if path.exists()}


def find(tree, name: str):
    """The value of the first key of that name anywhere in a JSON value, or None."""
    if isinstance(tree, dict):
        if name in tree:
            return tree[name]
        tree = list(tree.values())
    if isinstance(tree, list):
        for value in tree:
            if (found := find(value, name)) is not None:
                return found
    return None


def radio(status: dict) -> tuple[str, str]:
    """State and reason of the radio in `status --json`: {"radio": {"state": …, "reason": …}}."""
    value = status.get("radio")
    if isinstance(value, dict):
        return str(value.get("state")), str(value.get("reason") or "")
    return str(value), str(status.get("radio_reason") or "")
