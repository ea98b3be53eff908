# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes 18 to 23: which adapter, and what can be done when it does not come back."""

import time

import plug
from guest_kiosk import CAPABILITIES, unprivileged
from rig import GONE, NOT_SET_UP, SETUP, VMCase

RECOVER_LIMIT = 60  # s; a step takes up to 28 s of them
NO_ADDRESS = "00:00:00:00:00:00"  # until the kernel has set the adapter up


class RecoveryScenes(VMCase):
    def recover(self, step: str, capabilities: str = CAPABILITIES, radio: str = "hci:0") -> tuple[int, str]:
        """What an operator does by hand: `kiosk recover`; exit code and output."""
        return self.machine.ask(f"{unprivileged(capabilities)} kiosk recover --radio {radio} {step}", RECOVER_LIMIT)

    def test_18_adapter_byItsAddress(self):
        address = self.machine.adapter_address()
        kiosk = self.new_kiosk("address", f'[radio]\naddress = "hci:{address.lower()}"\n')
        kiosk.radio = None
        kiosk.start()
        first = self.await_radio(kiosk, "running", kiosk.started)
        removed = time.time()
        self.unplug()
        self.await_radio(kiosk, GONE, removed)
        plugged = self.plug_in()
        again = self.await_radio(kiosk, "running", plugged)
        self.await_logging(kiosk, plugged + 2)
        self.end_cleanly(kiosk)
        self.assertNotIn(address.lower(), self.machine.read(kiosk.log).lower(), "an adapter's address is said")
        self.note(f"running after {first:.1f} s, and {again:.1f} s after it was plugged in again")

    def test_19_adapter_ofAnotherAddress(self):
        kiosk = self.new_kiosk("other", '[radio]\naddress = "hci:02:00:00:00:00:01"\n')
        kiosk.radio = None
        kiosk.start()
        seconds = self.await_radio(kiosk, GONE, kiosk.started)
        self.assertEqual(self.machine.adapter(), "down", "another adapter was touched")
        self.note(f"'{GONE}' after {seconds:.1f} s, and the other one is left alone")
        self.end_cleanly(kiosk)

    def test_20_powerCycle_leavesTheUserChannelFree(self):
        begin = time.monotonic()
        for radio in ("hci:0", f"hci:{self.machine.adapter_address()}"):
            code, output = self.recover("power-cycle", radio=radio)
            self.assertEqual((code, output.strip()), (0, "power cycle done"))
            self.assertEqual(self.machine.adapter(), "down")
        seconds = (time.monotonic() - begin) / 2
        kiosk = self.new_kiosk("cycled")
        kiosk.start()
        running = self.await_radio(kiosk, "running", kiosk.started)
        self.await_logging(kiosk, kiosk.started + 2)
        # Whoever runs is not disturbed by it.
        code, output = self.recover("power-cycle")
        self.assertEqual(code, 1, output)
        self.assertIn("power cycle failed", output)
        self.assertUndisturbed(kiosk)
        self.end_cleanly(kiosk)
        # One that is up ends down.
        self.machine.power_up()
        self.assertEqual(self.recover("power-cycle")[0], 0)
        self.assertEqual(self.machine.adapter(), "down")
        # Each of the two capabilities by itself.
        self.assertEqual(self.recover("power-cycle", "+net_admin")[0], 0)
        code, output = self.recover("power-cycle", "+net_raw")
        self.assertEqual(code, 77, output)
        self.assertIn("needs CAP_NET_ADMIN", output)
        self.note(f"{seconds:.1f} s each; running {running:.1f} s after; CAP_NET_ADMIN alone is enough")

    def test_21_powerCycle_ofASilentController(self):
        seconds, code, output = 0.0, 0, ""

        def pause():
            nonlocal seconds, code, output
            begin = time.monotonic()
            code, output = self.recover("power-cycle")
            seconds = time.monotonic() - begin

        self.replace_room(pause)
        self.assertEqual(code, 1, output)
        self.assertIn("power cycle failed", output)
        self.assertEqual(self.recover("power-cycle"), (0, "power cycle done\n"))
        kiosk = self.new_kiosk("after-silence")
        kiosk.start()
        self.await_radio(kiosk, "running", kiosk.started)
        self.end_cleanly(kiosk)
        self.note(f"'{output.strip()}' after {seconds:.1f} s; it succeeds once the controller answers")

    def test_22_adapter_thatWasSilentWhenPluggedIn(self):
        """What the ladder is up against: the kernel's setup fails once, and from then on nothing but a rebind helps."""
        self.addCleanup(self.unplug)
        self.unplug()
        self.machine.attach()
        self.assertFalse(self.machine.is_set_up(SETUP))
        self.assertEqual(self.machine.adapter_address(), NO_ADDRESS)
        # From now on the controller answers, and the kernel can power it up; yet its setup stays undone.
        self.thread.do(plug.give, self.room)
        self.machine.power_up()
        self.machine.take_down()
        self.assertNotEqual(self.machine.adapter_address(), NO_ADDRESS)
        kiosk = self.new_kiosk("not-set-up")
        kiosk.start()
        self.await_radio(kiosk, NOT_SET_UP, kiosk.started)
        code, output = self.recover("power-cycle")
        self.assertEqual(code, 1, output)
        self.assertIn("has not set it up", output)
        self.unplug()
        plugged = self.plug_in()
        seconds = self.await_radio(kiosk, "running", plugged)
        self.end_cleanly(kiosk)
        self.note(f"busy by the kernel's words; running {seconds:.1f} s after it was plugged in anew")

    def test_23_rebind_neverTouchesASerialPort(self):
        device = "/sys/class/bluetooth/hci0"
        where = self.machine.run(f"readlink {device}; readlink {device}/device/subsystem")
        code, output = self.recover("rebind")
        self.assertEqual(code, 1, output)
        self.assertIn("hangs on no USB or serial driver", output)
        self.assertEqual(self.machine.adapter(), "down")
        self.note(f"hci0 hangs at {' '.join(where.split())}")
