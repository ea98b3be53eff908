# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kiosk writes to its card, as the block device counts it: ext4 by its defaults, and with commit=300.

One guest with two disks and a kiosk on each, in real time, with the demonstration's crowd. Not run unless it is named:
VM_LIMIT=2400 scripts/vm-test PROGRAM test_card. CARD_MINUTES: how long is measured (20).
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from guest_kiosk import GuestKiosk
from machine import Machine

MINUTES = int(os.environ.get("CARD_MINUTES", "20"))
DISK = 256 << 20  # bytes of each
BLOCK = 4096  # bytes of the file system's blocks, and of the journal's pages
SECTOR = 512  # bytes in which /sys/block/*/stat counts (Documentation/block/stat.rst)
APPEND = 10  # s from one page of the journal to the next
MOST_KILOBYTES = {"commit=5": 24, "commit=300": 8}  # each 10 s; measured 17.2 and 5.5 on kernel 6.1


class Card(unittest.TestCase):
    def test_whatTheBlockDeviceSees(self):
        with tempfile.TemporaryDirectory(prefix="vm-") as name:
            folder = pathlib.Path(name)
            disks = []
            for number in range(len(MOST_KILOBYTES)):
                disk = folder / f"disk{number}"
                with disk.open("wb") as file:
                    file.truncate(DISK)
                subprocess.run(["/sbin/mkfs.ext4", "-q", "-b", str(BLOCK), "-E", "lazy_itable_init=0,lazy_journal_init=0", disk],
                               check=True)
                disks.append(disk)
            machine = Machine(folder, os.environ["VM_PIECES"] + "/kernel/vmlinux", os.environ["VM_INITRAMFS"],
                              str(folder / "h4"), disks)
            self.addCleanup(machine.end)
            machine.set_clock()
            self.measure(machine)

    def measure(self, machine: Machine) -> None:
        kiosks = []
        for device, options in zip(("vda", "vdb"), MOST_KILOBYTES):
            kiosk = GuestKiosk(machine, device)
            machine.run(f"mount -t ext4 -o noatime,{options} /dev/{device} {kiosk.data} && chown 1000:1000 {kiosk.data}")
            kiosk.radio, kiosk.options = None, "--demo"
            kiosk.start()
            kiosks.append(kiosk)
        # What is written once in a kiosk's life: the database's tables, the journal's room.
        time.sleep(60)
        before = [self.written(machine, kiosk) for kiosk in kiosks]
        begin = time.monotonic()
        while time.monotonic() - begin < MINUTES * 60:
            time.sleep(30)
            for kiosk in kiosks:
                self.assertTrue(kiosk.running, kiosk.last_words())
        seconds = time.monotonic() - begin
        for kiosk, options, (of_device, of_process) in zip(kiosks, MOST_KILOBYTES, before):
            device, process = self.written(machine, kiosk)
            device, process = device - of_device, process - of_process
            self.assertEqual(kiosk.signal("TERM", 30), 0, kiosk.last_words())
            self.assertGreater(len(kiosk.contacts()), 0)
            each = device / (seconds / APPEND) / 1000
            print(f"\n    {options}: in {seconds:.0f} s the kiosk wrote {process} bytes and the device {device}: {each:.1f} kB each"
                  f" {APPEND} s, {device / seconds * 36_000 / 1e6:.1f} MB in ten hours", end=" ", file=sys.stderr, flush=True)
            with self.subTest(options=options):
                self.assertGreater(process, seconds / APPEND * BLOCK * 0.8, "it did not write each ten seconds")
                self.assertLess(each, MOST_KILOBYTES[options])

    @staticmethod
    def written(machine: Machine, kiosk: GuestKiosk) -> tuple[int, int]:
        """Bytes that the block device was told to write, and that the process caused."""
        device = int(machine.read(f"/sys/block/{kiosk.name}/stat").split()[6]) * SECTOR
        counts = dict(line.split(": ") for line in machine.read(f"/proc/{kiosk.pid}/io").splitlines())
        return device, int(counts["write_bytes"])
