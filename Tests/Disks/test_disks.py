# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk is full, read-only, absent, another's or in pieces, at the start or later: the kiosk works on, tells the true cause,
lets be read what is there, and writes everything once it can."""

import os
import random
import shutil
import time

from disk_kiosk import WITHOUT_OVERRIDE, Disk, Kiosk, expect, mount, run, unmount

seed = None
visits = 0


def make_seed(folder):
    """A data folder with a key and a log that holds visits."""
    global seed, visits
    folder.mkdir()
    kiosk = Kiosk(folder)
    kiosk.wait("visits are logged", lambda s: s["visits"]["today"] >= 2)
    kiosk.stop()
    visits = len(kiosk.log())
    kiosk.close()
    # SQLite's readers leave them. Without them a reader, too, needs room on the disk.
    expect((folder / "kiosk.sqlite-wal").stat().st_size == 0, "the end left something ahead")
    for end in ("-wal", "-shm"):
        (folder / f"kiosk.sqlite{end}").unlink()
    expect(visits >= 2, "no seed")
    seed = folder


def begun(folder):
    shutil.copytree(seed, folder, ignore=shutil.ignore_patterns("png"), dirs_exist_ok=True)
    return folder


def started(kiosks, folder, **options):
    kiosk = Kiosk(folder, **options)
    kiosks.append(kiosk)
    return kiosk


def waits(kiosk, words, state="closed", identity="read", pending=3):
    """It tells the cause and holds back so many contacts. Where the log could be opened to read it refuses to be written."""
    states = ("closed", "refuses") if state == "closed" else (state,)
    kiosk.lives(advertising=identity == "read")
    status = kiosk.wait(f"tells '{words}'", lambda s: s["disk"]["state"] in states and s["disk"]["identity"] == identity
                        and words in s["disk"].get("reason", s["disk"].get("identity_reason", ""))
                        and s["contacts"]["pending"] >= pending)
    said = run("status", "--data", kiosk.folder).stdout
    expect(words in said, f"status does not say '{words}': {said}")
    return status


def test_full_at_start(place, kiosks):
    disk = Disk(place)
    begun(place)
    disk.fill()
    kiosk = started(kiosks, place)
    before = waits(kiosk, "the disk is full")
    expect(before["visits"]["today"] >= visits, "the visits of before are not counted")
    expect(len(kiosk.log()) >= visits, "the log cannot be read")
    for command in (["history"], ["exposures"], ["f0", "list"], ["audit"]):
        result = run(*command, "--data", str(place))
        expect(result.returncode == 0, f"{command}: {result.stderr}")
    expect("the disk is full" in kiosk.words(), "not told on stderr")
    disk.free()
    kiosk.heals(before)


def test_full_at_first_start(place, kiosks):
    disk = Disk(place)
    disk.fill()
    kiosk = started(kiosks, place)
    before = waits(kiosk, "the disk is full", identity="unreadable")
    expect(run("log", "--data", str(place)).returncode == 1, "a log that is not there is shown")
    disk.free()
    kiosk.heals(before)


def test_full_later(place, kiosks):
    disk = Disk(place)
    kiosk = started(kiosks, begun(place))
    kiosk.lives()
    disk.fill()
    before = waits(kiosk, "the disk is full", state="refuses")
    # The journal's room was taken long before: what is heard goes there meanwhile.
    expect("full" in before["contacts"].get("write_fault", before["disk"]["reason"]), "nothing says why")
    expect(len(kiosk.log()) >= visits, "the log cannot be read")
    disk.free()
    kiosk.heals(before)


def test_read_only_at_start(place, kiosks):
    disk = Disk(place)
    begun(place)
    disk.remount("ro")
    kiosk = started(kiosks, place)
    before = waits(kiosk, "the disk is read-only")
    expect(before["visits"]["today"] >= visits, "the visits of before are not counted")
    expect(len(kiosk.log()) >= visits, "the log cannot be read")
    second = run("run", "--demo", "--data", str(place), "--display", "none")
    expect(second.returncode == 1 and "another kiosk" in second.stderr, f"a second one: {second}")
    disk.remount("rw")
    kiosk.heals(before)


def test_read_only_after_power_cut(place, kiosks):
    # What stands in the journal or in the log ahead alone is read, too.
    disk = Disk(place)
    kiosk = started(kiosks, begun(place))
    kiosk.wait("more visits", lambda s: s["visits"]["today"] >= visits + 2 and s["visits"]["pending"] == 0)
    kiosk.kill()
    logged = len(kiosk.log())
    expect(logged > visits, "nothing stands ahead")
    (place / "kiosk.sqlite-shm").unlink(missing_ok=True)
    disk.remount("ro")
    expect(len(kiosk.log()) == logged, "what stands ahead is not read")


def test_absent_at_start(place, kiosks):
    data = place / "usb" / "data"
    place.mkdir()
    kiosk = started(kiosks, data)
    before = waits(kiosk, "is not there", identity="unreadable")
    expect(not (place / "usb").exists(), "the folder of the disk was made")
    begun(seed.parent / "stick" / "data")
    (place / "usb").mkdir()
    mount("--bind", seed.parent / "stick", place / "usb")
    kiosk.heals(before)
    expect((data / "base-key.json").read_bytes() == (seed / "base-key.json").read_bytes(), "another key is used")


def test_taken_away_and_put_back(place, kiosks):
    stick = begun(seed.parent / "taken")
    place.mkdir()
    mount("--bind", stick, place)
    kiosk = started(kiosks, place)
    kiosk.lives()
    unmount(place, "-l")
    before = waits(kiosk, "is not there")
    made = {file.name for file in place.iterdir()} - {"lock", "control.sock"}
    expect(not made, f"under the disk was made: {made}")
    mount("--bind", stick, place)
    kiosk.heals(before)


def test_of_another_user(place, kiosks):
    begun(place)
    place.chmod(0o700)
    os.chown(place, 12345, 12345)
    kiosk = started(kiosks, place, prefix=WITHOUT_OVERRIDE)
    before = waits(kiosk, "belongs to user #12345", identity="unreadable")
    refused = run("log", "--data", str(place), prefix=WITHOUT_OVERRIDE)
    expect(refused.returncode == 77 and "12345" in refused.stderr, f"kiosk log: {refused}")
    os.chown(place, 0, 0)
    kiosk.heals(before)


def test_folder_that_may_be_read_alone(place, kiosks):
    kiosk = started(kiosks, begun(place))
    kiosk.lives()
    kiosk.stop()
    expect(not (place / "kiosk.sqlite-shm").exists(), "the end left files")
    os.chown(place, 12345, 12345)
    place.chmod(0o755)
    expect(len(kiosk.log(WITHOUT_OVERRIDE)) >= visits, "who may read cannot")
    expect(not (place / "kiosk.sqlite-shm").exists(), "a reader left files")


def in_its_place(place, kiosks, put, same):
    begun(place)
    log, kept = place / "kiosk.sqlite", place.parent / (place.name + ".kept")
    log.rename(kept)
    put(log)
    kiosk = started(kiosks, place)
    before = waits(kiosk, "stands in its place")
    result = run("log", "--data", str(place))
    expect(result.returncode == 1 and "stands in its place" in result.stderr, f"kiosk log: {result}")
    expect(same(log), "what is there was touched")
    log.rename(place.parent / (place.name + ".moved"))
    waits(kiosk, "the log (kiosk.sqlite) is missing", state="waiting")
    kept.rename(log)
    kiosk.heals(before)


def test_folder_in_its_place(place, kiosks):
    in_its_place(place, kiosks, lambda log: log.mkdir(), lambda log: log.is_dir() and not list(log.iterdir()))


def test_text_in_its_place(place, kiosks):
    text = "Phiếu khai báo y tế\n" * 500
    in_its_place(place, kiosks, lambda log: log.write_text(text), lambda log: log.read_text() == text)


def begin(place, missing):
    command = ["begin", "--data", str(place), "--operator", "An", "--reason", "card exchanged"]
    result = run(*command)
    expect(result.returncode == 0 and missing in result.stderr, f"begin: {result}")
    again = run(*command)
    expect(again.returncode == 1 and "nothing is missing" in again.stderr, f"begin again: {again}")
    expect("begin" in run("audit", "--data", str(place)).stdout, "it is not on record")


def test_lost_key(place, kiosks):
    begun(place)
    (place / "base-key.json").unlink()
    kiosk = started(kiosks, place)
    before = waits(kiosk, "the key (base-key.json) is missing", state="works", identity="waiting")
    expect(not (place / "base-key.json").exists(), "a key was made")
    begin(place, "the key (base-key.json) is missing")
    # It goes on at once, without waiting for its next look.
    kiosk.wait("advertises at once", lambda s: s["radio"]["advertising"], seconds=5)
    kiosk.heals(before)


def test_lost_log(place, kiosks):
    begun(place)
    (place / "kiosk.sqlite").write_bytes(b"")
    kiosk = started(kiosks, place)
    before = waits(kiosk, "the log (kiosk.sqlite) is missing", state="waiting")
    expect((place / "kiosk.sqlite").stat().st_size == 0, "a log was made")
    begin(place, "the log (kiosk.sqlite) is missing")
    kiosk.wait("opens at once", lambda s: s["disk"]["state"] == "works", seconds=5)
    kiosk.heals(before)


def test_damaged_key(place, kiosks):
    begun(place)
    key = (place / "base-key.json").read_bytes()
    (place / "base-key.json").write_bytes(key[:40])
    kiosk = started(kiosks, place)
    before = waits(kiosk, "base-key.json is damaged", state="works", identity="unreadable")
    expect((place / "base-key.json").read_bytes() == key[:40], "the key was overwritten")
    (place / "base-key.json").write_bytes(key)
    kiosk.heals(before)


def test_killed_at_first_start(place, kiosks):
    random.seed(15)
    for attempt in range(20):
        folder = place / str(attempt)
        folder.mkdir(parents=True)
        kiosk = started(kiosks, folder)
        time.sleep(random.uniform(0.02, 0.5))
        kiosk.kill()
        kiosk.start()
        kiosk.wait(f"begins after kill {attempt}", lambda s: s["disk"]["state"] == "works"
                   and s["disk"]["identity"] == "read", seconds=15)
        expect(not (folder / "beginning").exists(), "the first start has not ended")
        kiosk.stop()
