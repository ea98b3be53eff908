# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes 01 to 05: the kiosk on the HCI user channel, unprivileged, among phones of both kinds."""

import time

import test_kiosk
from rig import RECOVERY, VMCase

CAPABILITIES = (1 << 12) | (1 << 13)  # CAP_NET_ADMIN, CAP_NET_RAW. Source: linux/capability.h


class RadioScenes(VMCase):
    """One kiosk runs through all of them."""

    def start_first(self) -> None:
        if not self.kiosk.running:
            type(self).first_start = time.time()
            self.kiosk.start()
            self.await_radio(self.kiosk, "running", self.kiosk.started)

    def test_01_adapterDown_runsWithTwoCapabilitiesAlone(self):
        self.start_first()
        seconds = time.time() - self.kiosk.started
        process = self.kiosk.process_status()
        self.assertEqual(process["Uid"].split(), ["1000"] * 4)
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(process[name], 16), CAPABILITIES, name)
        self.assertEqual(process["NoNewPrivs"], "1")
        self.note(f"running after {seconds:.1f} s, uid 1000, CapEff {process['CapEff']}")

    def test_02_androidPhones_areLoggedAndNobodyElse(self):
        self.start_first()
        time.sleep(max(0, self.kiosk.started + 15 - time.time()))
        self.wait_until(lambda: self.contacts_problem(self.first_start), test_kiosk.LOG_LIMIT, "contact log")
        rows = self.kiosk.contacts()
        self.note(f"{len(rows)} contacts: " + ", ".join(f"{row['nearest']} dBm {row['count']} times" for row in rows))

    def test_03_observer_hearsTheKiosk(self):
        self.start_first()
        begin = time.time()
        self.wait_until(lambda: self.advert_problem(begin), RECOVERY, "adverts")
        time.sleep(3)
        self.assertIsNone(self.advert_problem(begin))
        self.check_identity()
        self.note(f"{len(self.heard(time.time() - 3)) / 3:.0f} adverts a second from a random address, its own BLID")

    def test_04_iPhones_areReadOverTheUserChannel(self):
        self.start_first()

        async def add():
            phones = [self.room.add_iphone(-55), self.room.add_iphone(-58, background=True)]
            for phone in phones:
                await phone.start()
            return phones

        begin = time.time()
        phones = self.thread.call(add())

        def problem():
            logged = {row["blid"]: row for row in self.kiosk.contacts()}
            missing = []
            for phone in phones:
                rows = [row for slot in (phone.slot - 1, phone.slot) if (row := logged.get(phone.identity.blid(slot)))]
                if not rows:
                    missing.append(f"{phone.name} ({phone.reads} reads)")
                elif any(row["nearest"] != phone.rssi for row in rows):
                    return f"{phone.name} at {phone.rssi} dBm is logged with {rows}"
            return f"not in the log: {', '.join(missing)}" if missing else None

        try:
            self.wait_until(problem, 2 * test_kiosk.LOG_LIMIT, "contacts with iPhones")
            seconds = time.time() - begin
            self.assertGreaterEqual(self.kiosk.status()["radio"]["ids_read"], len(phones))
            for phone in phones:
                self.assertGreaterEqual(phone.reads, 1, phone.name)
            reads = ", ".join(f"{phone.name} {phone.reads} reads" for phone in phones)
            self.note(f"both in the log after {seconds:.0f} s: {reads}")
        finally:
            for phone in phones:
                phone.rssi = None
                self.thread.call(phone.stop())
                self.room.phones.remove(phone)

    def test_05_term_leavesTheAdapterAsItWas(self):
        self.start_first()
        self.end_cleanly(self.kiosk)
        ended = time.time()
        self.assertEqual(self.machine.adapter(), "down")
        time.sleep(1.5)
        self.assertEqual(self.heard(ended + 0.5), [], "it is still heard")
        self.machine.power_up()
        self.assertEqual(self.machine.adapter(), "up")
