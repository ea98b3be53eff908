# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes 25 to 28, with those of the lines: a sensor and buttons on gpio-sim, and the lines' priority."""

import json
import time
from datetime import datetime

from guest_kiosk import LIMIT_RTPRIO, unprivileged
from rig import RECOVERY, SLACK
from scenes_lines import LINES, LineScenes

PRESENCE, ACKNOWLEDGE, LANGUAGE = 4, 5, 7  # lines; the first two are named by init
AMBER = LINES["amber"]
DWELL = 5  # s after which the sensor alone makes a visit
AWAY = 10  # s, as configured below
WRITE = 10  # s from a visit to the disk
DEBOUNCE = 0.1  # s, as configured below
MUTE = 30 * 60  # s

SETTINGS = (
    '[prompt]\nidle = "none"\ndegraded = "none"\nno_phone = "amber 250/0 x1"\n'
    f"[visits]\naway_seconds = {AWAY}\n"
    '[lines]\namber = "kiosk-amber"\n'
    '[inputs]\npresence = "kiosk-presence"\nacknowledge = "kiosk-acknowledge"\n'
    f'language = "vm-board:{LANGUAGE}"\npresence_prompts = true\ndebounce_milliseconds = {DEBOUNCE * 1000:.0f}\n')


class InputScenes(LineScenes):
    def start_alone(self, name: str, settings: str = SETTINGS, **how):
        """A kiosk whose sensor is at rest; the pull-ups of the buttons are the kiosk's doing."""
        self.machine.pull(PRESENCE, up=False)
        self.machine.pull(AMBER, up=False)
        kiosk = self.new_kiosk(name, settings)
        kiosk.start(**how)
        self.await_radio(kiosk, "running", kiosk.started)
        self.assertEqual(kiosk.status()["problems"], [])
        return kiosk

    def press(self, line: int, seconds: float = 0.3) -> None:
        """As a finger does: the button lies between line and ground."""
        script = f"cd /run/gpio/sim_gpio{line}; echo pull-down >pull; usleep {seconds * 1e6:.0f}; echo pull-up >pull"
        self.machine.run(script)

    def await_status(self, kiosk, is_right, what: str, limit: float = 3) -> dict:
        end = time.monotonic() + self.patience(limit)
        while not is_right(status := kiosk.status()):
            self.assertLess(time.monotonic(), end, f"{what}: {status}")
            time.sleep(0.1)
        return status

    def visits(self, kiosk) -> list[dict]:
        code, output = self.machine.ask(f"kiosk log --json --data {kiosk.data}")
        self.assertEqual(code, 0, output)
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def test_25_inputs_sensorMakesAVisitWithoutAPhone(self):
        with self.quiet_room():
            kiosk = self.start_alone("sensor")
            self.machine.pull(PRESENCE, up=True)
            begin = time.time()
            time.sleep(1)
            self.assertEqual(self.machine.level(AMBER), 0, "prompted at once, before a phone could be heard")
            self.await_level(AMBER, 1, DWELL + SLACK)
            prompted = time.time() - begin
            self.assertGreater(prompted, DWELL - SLACK)
            self.assertEqual(kiosk.status()["lines"]["shows"], "no-phone")
            self.machine.pull(PRESENCE, up=False)
            stayed = time.time() - begin
            end = time.monotonic() + self.patience(AWAY + WRITE + RECOVERY)
            while not (found := self.visits(kiosk)):
                self.assertLess(time.monotonic(), end, "the visit is not in the log")
                time.sleep(0.5)
            self.assertEqual([(visit["kind"], visit["nearest_dbm"]) for visit in found], [("no-phone", None)])
            start, ended = (datetime.fromisoformat(found[0][key]).timestamp() for key in ("start", "end"))
            self.assertAlmostEqual(ended - start, stayed, delta=self.patience(SLACK) + 1)  # in whole seconds
            self.assertEqual(kiosk.status()["visits"]["without_phone"], 1)
            self.note(f"prompted {prompted:.1f} s after the edge; there for {stayed:.1f} s, logged {ended - start:.0f} s")
            self.end_cleanly(kiosk)

    def test_26_inputs_staffsButtonEndsThePromptAndMutes(self):
        with self.quiet_room():
            kiosk = self.start_alone("button")
            self.assertEqual(kiosk.status()["lines"]["muted_seconds"], 0)
            self.machine.pull(PRESENCE, up=True)
            self.await_level(AMBER, 1, DWELL + RECOVERY)
            pressed = time.time()
            self.press(ACKNOWLEDGE)
            self.await_level(AMBER, 0, SLACK)
            dark = time.time() - pressed
            lines = self.await_status(kiosk, lambda status: status["lines"]["muted_seconds"] > 0, "not muted")["lines"]
            self.assertNotIn("shows", lines)
            self.assertLessEqual(lines["muted_seconds"], MUTE)
            self.assertGreater(lines["muted_seconds"], MUTE - self.patience(10))
            self.note(f"amber ended {dark:.1f} s after the press, muted for {lines['muted_seconds']} s more")
            self.end_cleanly(kiosk)

    def test_27_inputs_languageButtonAndItsBounce(self):
        with self.quiet_room():
            kiosk = self.start_alone("language")
            self.assertEqual(kiosk.status()["language"], "vi")
            self.press(LANGUAGE)
            self.await_status(kiosk, lambda status: status["language"] == "en", "a press is not seen")
            self.press(LANGUAGE)
            self.await_status(kiosk, lambda status: status["language"] == "vi", "a second press is not seen")

            # Contacts that only bounce, as from a knock at the case, shorter than what is debounced.
            pull = f"/run/gpio/sim_gpio{LANGUAGE}/pull"
            bounce = f"for i in 1 2 3 4 5 6 7 8; do echo pull-down >{pull}; echo pull-up >{pull}; done; "
            for _ in range(8):
                before = self.edges()
                took = self.seconds_of(bounce)
                if took < DEBOUNCE:
                    break
                # The guest stood still meanwhile: that was a press for all that the kiosk can know.
                time.sleep(1)
                if kiosk.status()["language"] == "en":
                    self.press(LANGUAGE)
                    self.await_status(kiosk, lambda status: status["language"] == "vi", "a press is not seen")
            self.assertLess(took, DEBOUNCE, "the guest is too slow to bounce")
            edges = self.edges() - before
            self.assertGreaterEqual(edges, 2, "the bounce did not reach the kiosk")
            time.sleep(1)
            self.assertEqual(kiosk.status()["language"], "vi", "a bounce counted")

            # A press that bounces at both ends counts once.
            self.machine.run(f"{bounce}echo pull-down >{pull}; usleep 400000; {bounce}")
            self.await_status(kiosk, lambda status: status["language"] == "en", "a bouncing press is not seen")
            time.sleep(1)
            self.assertEqual(kiosk.status()["language"], "en", "a bouncing press counted twice")
            self.assertEqual(kiosk.status()["problems"], [])
            self.note(f"{edges} edges within {took * 1000 + 10:.0f} ms ignored; a press that bounced twice as much counted once")
            self.end_cleanly(kiosk)

    def edges(self) -> int:
        """Edges of the language button that the kernel has told the kiosk."""
        lines = self.machine.read("/proc/interrupts").splitlines()
        counts = [line.split() for line in lines if "bluezone-kiosk" in line]
        self.assertEqual(len(counts), 3, "inputs in use")
        # CPU columns, then chip, hardware number, trigger and name; the numbers are the lines'.
        return sum(int(n) for words in counts if str(LANGUAGE) in words[3:5] for n in words[1:3])

    def seconds_of(self, script: str) -> float:
        """How long a script takes in the guest, to 10 ms."""
        both = self.machine.run(f"read -r a _ </proc/uptime; {script}read -r b _ </proc/uptime; echo $a $b").split()
        return float(both[1]) - float(both[0])

    def test_28_lines_sayWhetherTheyArePunctual(self):
        for realtime in (True, False):
            kiosk = self.start_alone(f"punctual-{realtime}", realtime=realtime)
            self.assertIs(kiosk.status()["lines"]["punctual"], realtime)
            words = kiosk.command("status", "--data", kiosk.data).stdout
            self.assertEqual("LimitRTPRIO=1" in words, not realtime, words)
            self.end_cleanly(kiosk)
        for limit in (LIMIT_RTPRIO, ""):
            # How late it is says nothing in an emulated machine; scripts/measure-lines measures that.
            _, figures = self.machine.ask(f"{limit}{unprivileged()} kiosk lines-latency --seconds 1")
            self.assertEqual(figures.startswith("real-time"), bool(limit), figures)
