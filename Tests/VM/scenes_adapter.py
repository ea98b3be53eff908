# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes 09 to 17: adapters that are busy, late, gone, silent or not allowed, and back."""

import time

from rig import BLOCKED, GONE, IN_USE, POWERLESS, RECOVERY, SILENT, VMCase


class AdapterScenes(VMCase):
    def test_09_adapterUp_isTakenDown(self):
        self.machine.power_up()
        kiosk = self.new_kiosk("up")
        kiosk.start()
        seconds = self.await_radio(kiosk, "running", kiosk.started)
        self.await_logging(kiosk, kiosk.started + 2)
        self.note(f"running after {seconds:.1f} s")
        self.end_cleanly(kiosk)

    def test_10_secondKiosk_waitsForTheFirst(self):
        one, two = self.new_kiosk("one"), self.new_kiosk("two")
        one.start()
        self.await_radio(one, "running", one.started)
        two.start()
        self.await_radio(two, IN_USE, two.started)
        # It climbs its ladder: opening again four times, then a power cycle, which the kernel refuses it.
        with self.judged(two):
            self.wait_until(lambda: self.steps_problem(two), 2 * RECOVERY, "a power cycle")
        self.await_radio(two, IN_USE, time.time())
        self.assertUndisturbed(one)
        freed = time.time()
        self.end_cleanly(one)
        seconds = self.await_radio(two, "running", freed)
        self.note(f"running {seconds:.1f} s after the first got its signal to end")
        self.end_cleanly(two)

    @staticmethod
    def steps_problem(kiosk) -> str | None:
        status = kiosk.status()["radio"]
        steps = status["steps"]
        fault = status.get("last_step_fault") or ""
        done = steps.get("reopen", 0) >= 4 and steps.get("power_cycle", 0) == 1 and "power cycle failed" in fault
        return None if done else f"steps {steps}, last {status.get('last_step')}: {fault}"

    def test_11_adapter_appearsLate(self):
        self.unplug()
        self.assertEqual(self.machine.adapter(), "none")
        kiosk = self.new_kiosk("late")
        kiosk.start()
        self.await_radio(kiosk, GONE, kiosk.started)
        plugged = self.plug_in()
        seconds = self.await_radio(kiosk, "running", plugged)
        self.await_logging(kiosk, plugged + 2)
        self.note(f"running {seconds:.1f} s after the adapter came")
        self.end_cleanly(kiosk)

    def test_12_adapter_removedAndBack(self):
        kiosk = self.new_kiosk("removed")
        kiosk.start()
        self.await_radio(kiosk, "running", kiosk.started)
        self.await_logging(kiosk, kiosk.started + 2)
        removed = time.time()
        self.unplug()
        noticed = self.await_radio(kiosk, "", removed)
        self.await_radio(kiosk, GONE, removed)
        plugged = self.plug_in()
        seconds = self.await_radio(kiosk, "running", plugged)
        self.await_logging(kiosk, plugged + 2)
        self.note(f"noticed after {noticed:.1f} s; running {seconds:.1f} s after it was back")
        self.end_cleanly(kiosk)

    # A controller that dies behind the serial line

    def check_silence(self, name: str, half_frame: bytes) -> None:
        kiosk = self.new_kiosk(name)
        kiosk.start()
        self.await_radio(kiosk, "running", kiosk.started)
        silent = time.time()
        noticed = 0.0

        def pause():
            nonlocal noticed
            noticed = self.await_radio(kiosk, SILENT, silent)

        back = self.replace_room(pause, half_frame)
        self.assertNotEqual(self.machine.adapter(), "none")
        seconds = self.await_radio(kiosk, "running", back)
        self.await_logging(kiosk, back + 2)
        self.note(f"noticed after {noticed:.1f} s; running {seconds:.1f} s after it was back")
        self.end_cleanly(kiosk)

    def test_13_controller_silentThenBack(self):
        self.check_silence("silent", b"")

    def test_14_controller_diesInMidFrame(self):
        # An advertising report of 43 bytes, cut after three: the kernel's H4 takes what comes next for its rest.
        self.check_silence("mid-frame", bytes.fromhex("043e2b020100"))

    def test_15_controller_restartedAtOnce(self):
        kiosk = self.new_kiosk("restarted")
        kiosk.start()
        self.await_radio(kiosk, "running", kiosk.started)
        back = self.replace_room()
        with self.judged(kiosk):
            self.wait_until(lambda: None if self.heard(back) else "nobody hears the kiosk", RECOVERY, "adverts again")
        seconds = time.time() - back
        self.await_logging(kiosk, back)
        self.note(f"heard again {seconds:.1f} s after it was back")
        self.end_cleanly(kiosk)

    # What is not allowed

    def test_16_withoutCapabilities_saysSoAndKeepsRunning(self):
        kiosk = self.new_kiosk("powerless")
        kiosk.start(capabilities="")
        self.await_radio(kiosk, POWERLESS, kiosk.started)
        self.assertEqual(int(kiosk.process_status()["CapEff"], 16), 0)
        time.sleep(3)
        self.await_radio(kiosk, POWERLESS, kiosk.started)
        self.assertTrue(kiosk.running)
        self.end_cleanly(kiosk)

    def test_17_rfkill_saysSoAndRecovers(self):
        find = "for f in /sys/class/rfkill/*; do grep -q hci0 $f/name && echo $f/soft; done; true"
        soft = self.machine.run(find).strip()
        if not soft:
            self.skipTest("hci0 has no rfkill switch in this kernel")
        self.machine.run(f"echo 1 >{soft}")
        kiosk = self.new_kiosk("blocked")
        kiosk.start()
        self.await_radio(kiosk, BLOCKED, kiosk.started)
        unblocked = time.time()
        self.machine.run(f"echo 0 >{soft}")
        seconds = self.await_radio(kiosk, "running", unblocked)
        # The kernel refuses to block an adapter whose user channel is open.
        refused = self.machine.ask(f"echo 1 >{soft}")[0] != 0 or self.machine.read(soft).strip() == "0"
        time.sleep(2)
        state, _ = kiosk.radio_state()
        self.machine.run(f"echo 0 >{soft}")
        self.note(f"running {seconds:.1f} s after the unblocking; blocked while it runs: "
                  f"{'refused by the kernel' if refused else 'accepted by the kernel'}, radio {state}")
        self.end_cleanly(kiosk)
