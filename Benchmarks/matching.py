# SPDX-License-Identifier: GPL-3.0-or-later
"""Matching, end to end: whole processes that read a kiosk's log and a batch and count the contacts that match.

Ours is `kiosk f0 check`; the others are baseline.c. All are run in turns, and the least CPU time of the rounds counts.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
SLOTS = 14 * 96
parser = argparse.ArgumentParser()
parser.add_argument("program", nargs="?", default=".build/release/kiosk")
parser.add_argument("--full", action="store_true", help="10 million rows and 100,000 cases as well: half an hour")
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()


def build(folder: pathlib.Path, name: str) -> str:
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]
    subprocess.run(["cc", *flags, str(HERE / f"{name}.c"), "-o", str(folder / name), "-lcrypto", "-lsqlite3"], check=True)
    return str(folder / name)


def measured(*command: str) -> tuple[str, float, float]:
    """Its output, CPU seconds and most memory in MB."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command[0]}: exit {process.returncode}")
        output.seek(0)
        return output.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def empty_log(folder: pathlib.Path) -> None:
    """A log as the kiosk makes it."""
    folder.mkdir()
    log = folder / "kiosk.sqlite"
    kiosk = subprocess.Popen(
        [options.program, "run", "--radio", "h4:unix:" + str(folder / "no-radio"), "--data", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        time.sleep(0.2)
        if kiosk.poll() is not None:
            sys.exit("the kiosk does not run")
        if log.exists():
            with sqlite3.connect(log) as database:
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'contactPack'").fetchone():
                    break
    kiosk.send_signal(signal.SIGTERM)
    kiosk.wait()


def spread(values: list[float]) -> float:
    return min(values)


def compare(work: pathlib.Path, rows: int, entries: int, hours: str, baseline: bool) -> None:
    folder = work / f"{rows}-{hours}"
    batch = work / f"{entries}.json"
    if not folder.exists():
        empty_log(folder)
        # The same contacts, as the kiosk keeps them and as plain rows for the others.
        for name, form in (("kiosk.sqlite", "packs"), ("plain.sqlite", "rows")):
            subprocess.run(
                [fill, str(folder / name), str(rows), "1000", str(work / "same.json"), hours, form], check=True)
    # The keys come in the same order, so that the first cases of every batch are those that were there.
    subprocess.run([fill, "/dev/null", "0", str(entries), str(batch), hours, "rows"], check=True)
    ours, theirs, memory, their_memory = [], [], 0.0, 0.0
    for _ in range(options.rounds):
        text, seconds, memory = measured(options.program, "f0", "check", str(batch), "--data", str(folder))
        found = int(re.search(r"(\d+) contacts match", text)[1])
        ours.append(seconds)
        if baseline:
            text, seconds, their_memory = measured(base, str(folder / "plain.sqlite"), str(batch), "set")
            if int(text.split()[1]) != found:
                sys.exit(f"{found} matches of ours, {text.split()[1]} of the baseline")
            theirs.append(seconds)
    mine = spread(ours)
    line = f"{rows:>10,} {entries:>8,} {hours:>8} {mine:8.3f} {memory:7.1f} {found:>7}"
    if baseline:
        line += f" {spread(theirs):9.3f} {their_memory:7.1f} {spread(theirs) / mine:7.1f}"
    print(line, flush=True)
    costs[rows, entries, hours] = mine


def sql_ways(work: pathlib.Path, rows: int, entries: int) -> None:
    """The indexed query and the app's, on as many ids as a few seconds allow."""
    folder, batch = work / f"{rows}-all", work / f"{entries}.json"
    indexed = work / "indexed.sqlite"
    shutil.copy(folder / "plain.sqlite", indexed)
    database = sqlite3.connect(indexed)
    database.execute("CREATE INDEX contactID ON plain (blid)")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    grown = indexed.stat().st_size / (folder / "plain.sqlite").stat().st_size - 1
    for name, database, how, ids in [
        (f"index on the id, file {grown:.0%} larger", indexed, "index", 200_000),
        ("the app's query", folder / "plain.sqlite", "scan", max(3, 3_000_000 // rows)),
    ]:
        text, _, _ = measured(base, str(database), str(batch), how, str(ids))
        done, _, seconds = text.split()
        whole = float(seconds) / int(done) * entries * SLOTS
        ours = costs[rows, entries, "all"]
        print(f"{name}: {float(seconds) / int(done) * 1e6:,.1f} µs an id, {whole:,.1f} s for {entries:,} cases and "
              f"{rows:,} rows (from {int(done):,} ids): {whole / ours:,.0f} times ours", flush=True)
    indexed.unlink()


costs: dict[tuple[int, int, str], float] = {}
with tempfile.TemporaryDirectory() as temporary:
    work = pathlib.Path(temporary)
    fill, base = build(work, "fill"), build(work, "baseline")
    print("      rows    cases    hours    ours s      MB matches  C+EVP s      MB   ratio")
    cases = [(10_000, 1000), (100_000, 1000), (1_000_000, 1000), (10_000, 10_000), (100_000, 10_000), (1_000_000, 10_000)]
    for rows, entries in cases:
        compare(work, rows, entries, "all", baseline=True)
    for entries in (1000, 10_000):
        compare(work, 1_000_000, entries, "opening", baseline=True)
    if options.full:
        for rows, entries, baseline in [
            (10_000_000, 1000, True), (10_000_000, 10_000, True), (10_000, 100_000, False), (1_000_000, 100_000, True),
            (10_000_000, 100_000, False),
        ]:
            compare(work, rows, entries, "all", baseline)
    print()
    for rows in sorted({rows for rows, _, _ in costs}):
        few, many = costs.get((rows, 1000, "all")), costs.get((rows, 10_000, "all"))
        if few and many:
            print(f"{rows:>10,} rows: {(many - few) / (9000 * SLOTS) * 1e9:5.1f} ns an id "
                  "(what 9,000 further cases cost)")
    print()
    sql_ways(work, 100_000, 1000)
    for rows in sorted({rows for rows, _, hours in costs if hours == "all"}):
        packs, plain = ((work / f"{rows}-all" / f"{name}.sqlite").stat().st_size / rows for name in ("kiosk", "plain"))
        print(f"{rows:>10,} rows: {packs:.1f} bytes a contact, database and all; {plain:.1f} as plain rows")
