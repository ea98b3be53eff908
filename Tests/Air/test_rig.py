# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig itself, proven with a raw H4 host before it judges the kiosk."""

import json
import pathlib
import struct
import tempfile
import time
import unittest

import bluezone
import h4_probe
from h4_probe import NoAnswer, Probe
from phones import RoomThread, ad_structures

OWN_ADDRESS = bytes.fromhex("665544332251")  # 51:22:33:44:55:66
OWN_DATA = bytes.fromhex("0201020303564e0fffb522") + bytes(range(12))


def crowd(room):
    for rssi in (-50, -60, -75, -95):
        room.add_android(rssi)
    room.add_apple_without_app(-58)
    room.add_pc(-96)
    room.add_wrong_length(-97, 11)
    room.add_wrong_length(-97, 13)


class BluezoneIds(unittest.TestCase):
    def test_ids_agreeWithVectors(self):
        if not bluezone.VECTORS.exists():
            self.skipTest("no Tests/Vectors/bluezone-ids.json")
        self.assertGreater(bluezone.check(json.loads(bluezone.VECTORS.read_text())), 0)

    def test_ids_areThePublishedOnes(self):
        key = bytes.fromhex("929574d33a2cd3f35a0b182fa21ea2159a967cc3c87f5bc4b9baffe6b872bc6b")
        ids = bluezone.blids(key)
        self.assertEqual((len(ids), ids[0].hex(), ids[95].hex()), (96, "d56342c09af6bdddc9e79108", "36152851d8019ddd866523f3"))
        next_day = bluezone.daily_key(key, 1598313600, 1598400000)
        self.assertEqual(bluezone.blids(next_day)[0].hex(), "8517df24a6500a06957f4bc2")

    def test_structures_refuseWhatDoesNotFit(self):
        self.assertEqual(ad_structures(bytes.fromhex("020106020a00")), [(1, b"\x06"), (10, b"\x00")])
        for data in ("0201", "0301", "00ff"):
            with self.assertRaises(ValueError):
                ad_structures(bytes.fromhex(data))


class RigCase(unittest.TestCase):
    extended = False

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(pathlib.Path(self.folder.name) / "h4")
        self.thread = RoomThread(self.path, crowd, extended=self.extended).start()
        self.room = self.thread.room
        self.probe = Probe(self.path)

    def tearDown(self):
        self.probe.close()
        self.thread.stop()
        self.folder.cleanup()

    def assertRefused(self, error, opcode, parameters=b""):
        self.assertEqual(self.probe.command(opcode, parameters)[1][0], error)


class LegacyRig(RigCase):
    def test_host_hearsThePhones_whileItAdvertises(self):
        self.probe.setup()
        self.probe.advertise(OWN_ADDRESS, OWN_DATA)
        start = time.time()
        self.probe.scan()
        self.probe.listen(3)
        slot = bluezone.absolute_slot(start)
        reports = self.probe.reports()
        self.assertNotIn(4, {report[0] for report in reports}, "a scan response to a passive scan")
        for phone in self.room.phones:
            heard = [r for r in reports if r[3].endswith(phone.identity.blid(slot))]
            if bluezone.absolute_slot(time.time()) != slot:
                self.skipTest("the slot changed meanwhile")
            self.assertTrue(20 <= len(heard) <= 32, f"{phone.name}: {len(heard)} adverts in 3 s")
            self.assertEqual({(r[0], r[1], r[4]) for r in heard}, {(0, 1, phone.rssi)})
            self.assertEqual({r[2] for r in heard}, {bytes(phone.addresses[-1])[::-1]})
            self.assertEqual(heard[0][3].hex(), "0201020303564e0fffb522" + phone.identity.blid(slot).hex())
        others = {r[3][-4:]: r for r in reports if b"\xb5\x22" not in r[3]}
        self.assertEqual({r[4] for r in others.values()}, {-58, -96})
        self.assertEqual(len({r[2] for r in reports}), 8)
        heard = self.thread.do(self.room.observer.since, start)
        self.assertTrue(20 <= len(heard) <= 32, f"the observer heard {len(heard)} adverts in 3 s")
        one = heard[-1]
        self.assertEqual((one.address, one.random, one.connectable, one.scannable, one.data),
                         ("51:22:33:44:55:66", True, True, True, OWN_DATA))
        self.assertEqual(one.manufacturer_data(bluezone.COMPANY), bytes(range(12)))

    def test_masks_holdBackReports_afterReset(self):
        self.probe.must(h4_probe.RESET)
        self.probe.scan()
        self.probe.listen(0.5)
        self.assertEqual(self.probe.events, [])

    def test_activeScan_getsScanResponses(self):
        self.probe.setup()
        self.probe.scan(active=True)
        self.probe.listen(0.5)
        self.assertEqual({r[0] for r in self.probe.reports()}, {0, 3, 4})

    def test_duplicateFilter_passesEachDeviceOnce(self):
        self.probe.setup()
        self.probe.scan(filter_duplicates=True)
        self.probe.listen(1)
        self.assertEqual(len(self.probe.reports()), 8)

    def test_reset_endsScanningAndAdvertising(self):
        self.probe.setup()
        self.probe.advertise(OWN_ADDRESS, OWN_DATA)
        self.probe.scan()
        self.probe.listen(0.3)
        self.probe.setup()
        self.probe.listen(0.2)
        self.probe.events.clear()
        start = time.time()
        self.probe.listen(0.5)
        self.assertEqual(self.probe.events, [])
        self.assertEqual(self.thread.do(self.room.observer.since, start), [])

    def test_commands_areRefusedInTheWrongState(self):
        self.probe.setup()
        self.assertRefused(0x0C, h4_probe.LE_CREATE_CONNECTION_CANCEL)
        self.probe.must(h4_probe.LE_ADV_PARAMETERS, struct.pack("<HHBBB6sBB", 160, 160, 0, 1, 0, bytes(6), 7, 0))
        self.assertRefused(0x12, h4_probe.LE_ADV_ENABLE, b"\x01")  # no random address yet
        self.probe.advertise(OWN_ADDRESS, OWN_DATA)
        self.assertRefused(0x0C, h4_probe.LE_SET_RANDOM_ADDRESS, OWN_ADDRESS)
        self.assertRefused(0x0C, h4_probe.LE_ADV_PARAMETERS, struct.pack("<HHBBB6sBB", 160, 160, 0, 1, 0, bytes(6), 7, 0))
        self.probe.scan()
        self.assertRefused(0x0C, h4_probe.LE_SCAN_PARAMETERS, struct.pack("<BHHBB", 0, 160, 160, 1, 0))
        self.assertRefused(0x01, h4_probe.LE_EXT_SCAN_ENABLE, bytes([1, 0, 0, 0, 0, 0]))  # a legacy controller
        self.assertRefused(0x01, 0xFC01)  # vendor
        self.assertRefused(0x12, h4_probe.LE_ADV_DATA, b"\x03\x02\x01\x06")  # not padded to 31 bytes
        self.assertRefused(0x12, h4_probe.LE_SCAN_ENABLE, b"\x01")
        self.assertRefused(0x01, 0x041D, b"\x00\x00")  # asynchronous, not in bumble: Read Remote Version Information

    def test_cancelledConnection_ends(self):
        self.probe.setup()
        create = struct.pack("<HHBB6sBHHHHHH", 96, 48, 0, 1, OWN_ADDRESS, 1, 24, 40, 0, 42, 0, 0)
        self.probe.must(h4_probe.LE_SET_RANDOM_ADDRESS, OWN_ADDRESS)
        self.assertEqual(self.probe.command(h4_probe.LE_CREATE_CONNECTION, create), ("status", b"\0"))
        self.probe.must(h4_probe.LE_CREATE_CONNECTION_CANCEL)
        self.probe.listen(0.3)
        self.assertEqual([(code, p[:2]) for _, code, p in self.probe.events], [(0x3E, b"\x01\x02")])

    def test_connection_readsAnIPhone(self):
        async def add():
            phone = self.room.add_iphone(-55)
            await phone.start()
            return phone

        phone = self.thread.call(add())
        self.probe.setup()
        self.probe.must(h4_probe.LE_SET_RANDOM_ADDRESS, OWN_ADDRESS)
        peer = bytes(phone.addresses[-1])
        create = struct.pack("<HHBB6sBHHHHHH", 96, 48, 0, 1, peer, 1, 24, 40, 0, 42, 0, 0)
        self.assertEqual(self.probe.command(h4_probe.LE_CREATE_CONNECTION, create), ("status", b"\0"))
        self.probe.listen(0.5)
        done = next(p for _, code, p in self.probe.events if code == 0x3E and p[0] == 1)
        handle = struct.unpack_from("<H", done, 2)[0] & 0xFFF
        # ATT Read By Type over all handles for the characteristic's UUID, read in the ACL packet that answers.
        uuid = bytes.fromhex(bluezone.CHARACTERISTIC.replace("-", ""))[::-1]
        att = b"\x08\x01\x00\xff\xff" + uuid
        self.probe.buffer = b""
        self.probe.socket.sendall(struct.pack("<BHHHH", 2, handle, len(att) + 4, len(att), 4) + att)
        time.sleep(0.5)
        answer = self.probe.socket.recv(4096)
        self.assertIn(bytes([0x09, 14]), answer)
        self.assertTrue(answer.find(phone.blid) > 0 and phone.reads == 1)

    def test_hang_swallowsCommands_andEnds(self):
        self.probe.setup()
        self.probe.scan()
        self.room.h4.hang = "commands"
        with self.assertRaises(NoAnswer):
            self.probe.command(h4_probe.READ_BD_ADDR, timeout=0.5)
        self.probe.events.clear()
        self.probe.listen(0.5)
        self.assertTrue(self.probe.reports())
        self.room.h4.hang = "all"
        self.probe.listen(0.2)
        self.probe.events.clear()
        self.probe.listen(0.5)
        self.assertFalse(self.probe.events)
        self.room.h4.hang = None
        self.probe.must(h4_probe.READ_BD_ADDR)

    def test_garbage_reachesTheHost(self):
        # An answer shows that the server has taken the connection: garbage has somewhere to go.
        self.probe.must(h4_probe.READ_BD_ADDR)
        self.thread.do(self.room.h4.send_garbage, b"\xee\xff\xee")
        with self.assertRaises(ValueError):
            self.probe.listen(0.5)

    def test_interruption_dropsAndComesBack(self):
        self.probe.setup()
        self.thread.call(self.room.h4.interrupt(0.3))
        with self.assertRaises(OSError):
            self.probe.listen(0.5)
        self.probe.close()
        self.probe = Probe(self.path)
        self.probe.setup()
        self.assertEqual(self.room.h4.connections, 2)

    def test_outOfRange_isNotHeard(self):
        for radio in self.room.phones + self.room.others:
            radio.rssi = None
        self.probe.setup()
        self.probe.scan()
        self.probe.listen(0.5)
        self.assertEqual(self.probe.reports(), [])


class ExtendedRig(RigCase):
    extended = True

    def advertise(self, properties):
        probe = self.probe
        probe.must(
            h4_probe.LE_EXT_ADV_PARAMETERS,
            struct.pack("<BH3s3sBBB6sBbBBBBB", 0, properties, b"\xa0\0\0", b"\xa0\0\0", 7, 1, 0, bytes(6), 0, 0x7F, 1, 0, 1, 0, 0),
        )
        probe.must(h4_probe.LE_SET_ADDRESS, b"\0" + OWN_ADDRESS)
        probe.must(h4_probe.LE_EXT_ADV_DATA, bytes([0, 3, 1, len(OWN_DATA)]) + OWN_DATA)
        probe.must(h4_probe.LE_EXT_ADV_ENABLE, bytes([1, 1, 0, 0, 0, 0]))

    def test_host_hearsThePhones_asLegacyPdus(self):
        self.probe.setup(le_mask=0x101F)
        self.probe.must(h4_probe.LE_SET_RANDOM_ADDRESS, OWN_ADDRESS)
        self.probe.must(h4_probe.LE_EXT_SCAN_PARAMETERS, struct.pack("<BBBBHH", 1, 0, 1, 0, 160, 160))
        self.probe.must(h4_probe.LE_EXT_SCAN_ENABLE, bytes([1, 0, 0, 0, 0, 0]))
        self.probe.listen(0.5)
        reports = self.probe.extended_reports()
        self.assertEqual({r[0] for r in reports}, {0x13, 0x10})
        self.assertEqual({r[4] for r in reports}, {-50, -60, -75, -95, -58, -96, -97})
        self.assertEqual(self.probe.reports(), [])
        self.assertRefused(0x0C, h4_probe.LE_SCAN_ENABLE, b"\x01\x00")  # legacy after extended

    def test_phones_hearLegacyPdusAlone(self):
        self.probe.setup()
        self.advertise(0x13)
        start = time.time()
        self.probe.listen(0.7)
        heard = self.thread.do(self.room.observer.since, start)
        self.assertTrue(heard and heard[-1].connectable and heard[-1].random)
        self.assertEqual(heard[-1].data, OWN_DATA)
        self.probe.setup()
        self.advertise(0x01)
        start = time.time() + 0.1
        self.probe.listen(0.7)
        self.assertEqual(self.thread.do(self.room.observer.since, start), [])


if __name__ == "__main__":
    unittest.main()
