# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes 06 to 08: lamps and buzzer on lines of gpio-sim, as the prompts demand."""

import contextlib
import time

from rig import RECOVERY, SLACK, VMCase

LINES = {"green": 1, "amber": 2, "buzzer": 3}  # as init makes them
SPARE = 6  # the line without a name
NEAR = -45  # dBm
AMBER, GREEN, BEEP = 3.0, 2.0, 0.2  # s; the first two as configured below


class LineScenes(VMCase):
    @contextlib.contextmanager
    def quiet_room(self):
        """Nobody in range but whom the test brings: (a phone without the app, another one, a Bluezoner)."""
        present = [(radio, radio.rssi) for radio in self.room.phones + self.room.others]

        async def add():
            room = self.room
            guests = [room.add_apple_without_app(None), room.add_apple_without_app(None), room.add_android(None)]
            for guest in guests:
                await guest.start()
            return guests

        for one, _ in present:
            one.rssi = None
        guests = self.thread.call(add())
        try:
            yield guests
        finally:
            for one, rssi in present:
                one.rssi = rssi
            for guest in guests:
                guest.rssi = None
                self.thread.call(guest.stop())
                for group in (self.room.phones, self.room.others):
                    if guest in group:
                        group.remove(guest)

    def users(self) -> str:
        """How many lines the kiosk has, by the kernel."""
        return self.machine.ask("grep -o 'bluezone-kiosk' /sys/kernel/debug/gpio | wc -l")[1].strip()

    def await_level(self, line: int, level: int, limit: float) -> None:
        end = time.monotonic() + self.patience(limit)
        while self.machine.level(line) != level:
            self.assertLess(time.monotonic(), end, f"line {line} is not {level} within {limit:.0f} s")
            time.sleep(0.05)

    def pulses(self, line: int, active: int) -> list[float]:
        """How long the line was active, each time, s; fails if it still is."""
        found, since = [], None
        for moment, number, level in self.machine.line_changes():
            if number != line:
                continue
            if level == active:
                since = moment
            elif since is not None:
                found.append(round(moment - since, 2))
                since = None
        self.assertIsNone(since, f"line {line} is still active")
        return found

    def check_lines(self, name: str, lines: dict[str, int], wiring: str, active: int) -> None:
        green, amber, buzzer = (lines[role] for role in LINES)
        for line in lines.values():
            self.machine.pull(line, up=not active)
        # One steady pulse each, so that their lengths can be compared; nothing while idle.
        patterns = (
            'idle = "none"\ndegraded = "none"\n'
            f'no_app = "amber {AMBER * 10:.0f}/0 x1"\nno_app_beep = "{BEEP * 10:.0f}/0 x1"\n'
            f'accepted = "green {GREEN * 10:.0f}/0 x1"\naccepted_beep = "none"\n')
        kiosk = self.new_kiosk(name, f"[prompt]\n{patterns}[lines]\n{wiring}")
        with self.quiet_room() as (walker, second, bluezoner):
            self.machine.watch_lines(*lines.values())
            kiosk.start()
            self.await_radio(kiosk, "running", kiosk.started)
            self.assertEqual(self.users(), "3", "lines in use by bluezone-kiosk")
            self.assertEqual(kiosk.status()["problems"], [])

            walker.rssi = NEAR
            near = time.time()
            self.await_level(amber, active, RECOVERY)
            prompted = time.time() - near
            self.await_level(amber, 1 - active, AMBER + RECOVERY)
            time.sleep(0.5)
            ambers, beeps, greens = (self.pulses(line, active) for line in (amber, buzzer, green))
            counts = len(ambers), len(beeps), len(greens)
            self.assertEqual(counts, (1, 1, 0), f"amber {ambers}, beep {beeps}, green {greens}")
            self.assertAlmostEqual(ambers[0], AMBER, delta=self.patience(SLACK))
            self.assertAlmostEqual(beeps[0], BEEP, delta=self.patience(SLACK) / 2)

            bluezoner.rssi = NEAR
            self.await_level(green, active, RECOVERY)
            self.await_level(green, 1 - active, GREEN + RECOVERY)
            time.sleep(0.5)
            greens = self.pulses(green, active)
            self.assertEqual(len(greens), 1)
            self.assertAlmostEqual(greens[0], GREEN, delta=self.patience(SLACK))
            self.assertEqual(len(self.pulses(amber, active)), 1, "amber for a Bluezoner")
            self.note(f"amber {prompted:.1f} s after the phone came near, for {ambers[0]} s; beep {beeps[0]} s;"
                      f" green {greens[0]} s")

            second.rssi = NEAR
            self.await_level(amber, active, RECOVERY)
            self.end_cleanly(kiosk)
            levels = {role: self.machine.level(line) for role, line in lines.items()}
            self.assertEqual(levels, dict.fromkeys(lines, 1 - active))
            self.assertEqual(self.users(), "0", "lines still in use after the end")
            self.machine.stop_watching_lines()

    def test_06_lines_byNameAndByOffset(self):
        self.check_lines(
            "lines", LINES | {"buzzer": SPARE},
            f'green = "kiosk-green"\namber = "kiosk-amber"\nbuzzer = "vm-board:{SPARE}"\n', active=1)

    def test_07_lines_activeLow(self):
        self.check_lines(
            "lines-low", LINES,
            'green = "kiosk-green"\namber = "kiosk-amber"\nbuzzer = "kiosk-buzzer"\n'
            "green_active_low = true\namber_active_low = true\nbuzzer_active_low = true\n", active=0)

    def test_08_lines_afterKill(self):
        amber = LINES["amber"]
        self.machine.pull(amber, up=False)
        patterns = 'idle = "none"\ndegraded = "none"\nno_app = "amber 250/0 x1"\n'
        kiosk = self.new_kiosk("killed", f'[prompt]\n{patterns}[lines]\namber = "kiosk-amber"\n')
        with self.quiet_room() as (walker, _, _):
            kiosk.start()
            self.await_radio(kiosk, "running", kiosk.started)
            walker.rssi = NEAR
            self.await_level(amber, 1, RECOVERY)
            self.assertEqual(kiosk.signal("KILL", 5), 137)
            after = self.machine.level(amber)
            self.assertEqual(self.users(), "0")
            walker.rssi = None
            kiosk.start()
            self.await_radio(kiosk, "running", kiosk.started)
            self.assertEqual(self.machine.level(amber), 0, "amber of the new run")
            self.end_cleanly(kiosk)
        # No promise is made about it: gpio-sim falls back to its pull, a board may hold the level.
        self.note(f"killed with amber active: the line, pulled down, then reads {after}")
