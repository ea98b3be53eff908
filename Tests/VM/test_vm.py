# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk on a real kernel: HCI user channel, capabilities, adapters that come and go, GPIO lines, rfkill.

The scenes run in the order of their numbers in one guest, and each by itself as well. scripts/vm-test sets VM_PIECES,
VM_INITRAMFS and VM_OUTPUT.
"""

import re
import unittest

from scenes_adapter import AdapterScenes
from scenes_inputs import InputScenes
from scenes_radio import RadioScenes
from scenes_recovery import RecoveryScenes


class KioskOnARealKernel(RadioScenes, InputScenes, AdapterScenes, RecoveryScenes):
    def test_99_kernel_complainsOfNothing(self):
        log = self.machine.run("dmesg")
        complaints = re.compile(r"BUG:|Oops|WARNING:|Call Trace|hung task")
        self.assertEqual([line for line in log.splitlines() if complaints.search(line)], [])
        # bytes the kernel dropped with a close: tty_ldisc_flush in hci_uart_close cuts a frame that is on its way
        self.note(f"{log.count('Frame reassembly failed')} times the kernel found the serial stream out of step")


def load_tests(loader, _, __):
    """The scenes' own classes are not tests by themselves."""
    return loader.loadTestsFromTestCase(KioskOnARealKernel)


if __name__ == "__main__":
    unittest.main()
