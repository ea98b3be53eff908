# SPDX-License-Identifier: GPL-3.0-or-later
"""A kiosk, nginx, and between them whatever can go wrong."""

import json
import pathlib
import sqlite3
import tempfile
import time
import unittest

from fault_proxy import (BATCH, MANIFEST, ConnectProxy, CutAfter, Drip, Endless, FaultProxy, Huge, Replace, Stall, Status)
from feed_site import Authority, Kiosk, Nginx, Office, call, program

CASES = 40  # entries of a batch: some 5 kB


class FeedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="kiosk-feed-")
        cls.folder = folder = pathlib.Path(cls.temporary.name)
        authority = Authority(folder, "authority")
        cls.certificate = authority.certificate
        cls.stranger = Authority(folder, "stranger").certificate
        cls.office = Office(folder)
        cls.office.publish(CASES)
        cls.old = cls.office.file.read_bytes()
        key, certificate = authority.issue(folder, "server")
        cls.nginx = Nginx(folder, cls.office.folder, key, certificate)
        cls.proxy = FaultProxy(cls.nginx.port, authority.certificate, key, certificate)
        cls.kiosk = cls.make_kiosk("kiosk")
        first = cls.kiosk.sync()
        assert first.returncode == 0, first.stderr

    @classmethod
    def tearDownClass(cls):
        cls.proxy.released.set()
        cls.proxy.shutdown()
        cls.nginx.close()
        cls.temporary.cleanup()

    @classmethod
    def make_kiosk(cls, name: str, url: str | None = None, **feed) -> Kiosk:
        return Kiosk(cls.folder, name, url or cls.proxy.origin + "/", cls.office, cls.certificate, **feed)

    def setUp(self):
        self.proxy.fault = None

    def expect_held(self, kiosk: Kiosk):
        version, _, batches, entries = kiosk.held()
        self.assertEqual(version, self.office.manifest["version"])
        self.assertEqual(entries, self.office.cases)
        self.assertEqual({hash.lower() for hash, _ in batches}, {batch["sha256"] for batch in self.office.batches()})

    def refuse(self, fault, words: str, kiosk: Kiosk | None = None, publish: bool = True) -> float:
        """A new batch is published, the fault befalls the round, nothing changes; without it the next round succeeds.

        Returns how long the spoilt round took, s."""
        kiosk = kiosk or self.kiosk
        if publish:
            self.office.publish(CASES)
        before = kiosk.held()
        self.proxy.released.clear()
        self.proxy.fault = fault
        began = time.monotonic()
        done = kiosk.sync()
        took = time.monotonic() - began
        self.proxy.released.set()
        self.assertEqual(done.returncode, 1, f"{type(fault).__name__}: {done.stdout}")
        self.assertIn(words, done.stderr)
        self.assertNotIn(self.office.key.read_text().splitlines()[1], done.stderr)
        self.assertEqual(kiosk.held(), before, "a spoilt round changed something")
        self.proxy.fault = None
        good = kiosk.sync()
        self.assertEqual(good.returncode, 0, good.stderr)
        self.expect_held(kiosk)
        return took

    def signed(self, **changes):
        """A fault: a manifest with other fields, signed with the office's key by openssl."""
        return Replace(MANIFEST, lambda _: self.office.sign(self.office.manifest | changes))

    # What goes well

    def test_firstSync_appliesAll_andTheNextCostsOneConditionalRequest(self):
        kiosk = self.make_kiosk("fresh", f"https://localhost:{self.nginx.port}/")
        before = len(self.nginx.requests())
        done = kiosk.sync()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("applied", done.stdout)
        self.assertIn("fetching batch 1 of", done.stderr)
        self.expect_held(kiosk)
        self.assertEqual(kiosk.sync().stdout.split(";")[0], f"version {self.office.manifest['version']} is current")
        requests = self.nginx.requests()[before:]
        self.assertEqual(len(requests), 1 + len(self.office.batches()) + 1)
        self.assertEqual([r[0] for r in requests], ["200"] * (len(requests) - 1) + ["304"])

    def test_manifestSignedByOpenSSL_isRead(self):
        self.proxy.fault = self.signed(version=self.office.manifest["version"] + 1, community_total=23_000_000)
        self.office.publish()
        done = self.kiosk.sync()
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_runningKiosk_syncsOnRequest_andTellsFaults(self):
        kiosk = self.make_kiosk("running")
        kiosk.start()
        self.addCleanup(kiosk.stop)
        first = kiosk.sync()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.expect_held(kiosk)
        status = kiosk.status()
        self.assertEqual((status["version"], status["freshness"]), (self.office.manifest["version"], "fresh"))
        self.assertTrue(status["last_sync"] and not status.get("last_fault"))
        self.office.publish(CASES, "--community-total", "23000000")
        self.proxy.fault = Status(BATCH, 404)
        spoilt = kiosk.sync()
        self.assertEqual(spoilt.returncode, 1)
        self.assertIn("answers 404 for batch", spoilt.stderr)
        after = kiosk.status()
        self.assertIn("answers 404 for batch", after["last_fault"])
        self.assertEqual((after["version"], after["last_sync"]), (status["version"], status["last_sync"]))
        self.proxy.fault = None
        self.assertEqual(kiosk.sync().returncode, 0)
        self.assertEqual(kiosk.status()["community_total"], 23_000_000)
        self.assertIn("fresh, valid until", kiosk.run("status").stdout)
        # The stick works beside it, and is noticed.
        self.office.publish(CASES)
        self.assertEqual(kiosk.run("f0", "import", str(self.office.folder)).returncode, 0)
        self.assertEqual(kiosk.status()["version"], self.office.manifest["version"])

    def test_redirectWithinTheServer_isFollowed(self):
        kiosk = self.make_kiosk("moved", self.proxy.origin + "/moved/")
        done = kiosk.sync()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_held(kiosk)

    def test_proxy_isUsed(self):
        proxy = ConnectProxy()
        proxy.start()
        kiosk = self.make_kiosk("proxied", proxy=f"http://127.0.0.1:{proxy.port}")
        done = kiosk.sync()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(proxy.connected), {f"localhost:{self.proxy.port}"})

    def test_verify_readsWhatIsServed(self):
        out = call(program(), "feed", "verify", f"https://localhost:{self.nginx.port}/", "--key", self.office.public,
                   "--ca-file", self.certificate)
        self.assertIn(b"batches are as the manifest says", out)

    # What the network does

    def test_manifestCutAtEveryQuarter_isRefused(self):
        for quarter in range(4):
            self.refuse(CutAfter(MANIFEST, quarter / 4), "the manifest was cut off")

    def test_batchCutAtEveryQuarter_isRefused_andTheNextRoundGoesOnWhereItWas(self):
        for quarter in range(4):
            del self.proxy.seen[:]
            self.refuse(CutAfter(BATCH, quarter / 4), "was cut off")
            size = self.office.batches()[-1]["bytes"]
            asked = [(headers, status, length) for path, headers, status, length in self.proxy.seen if "/batches/" in path]
            self.assertEqual(len(asked), 2, asked)
            headers, status, length = asked[1]
            if quarter:
                self.assertEqual((headers["Range"], status, length),
                                 (f"bytes={size * quarter // 4}-", 206, size - size * quarter // 4))
            else:
                self.assertEqual((status, length), (200, size))

    def test_partOfAFileThatChanged_isBegunAnew(self):
        self.office.publish(CASES)
        self.proxy.fault = CutAfter(BATCH, 0.5)
        self.assertEqual(self.kiosk.sync().returncode, 1)
        validator = self.kiosk.parts()[0].with_suffix(".etag")
        validator.write_text('"another"')
        self.proxy.fault = None
        del self.proxy.seen[:]
        self.assertEqual(self.kiosk.sync().returncode, 0)
        path, headers, status, _ = self.proxy.seen[-1]
        self.assertEqual((headers["If-Range"], status), ('"another"', 200))
        self.expect_held(self.kiosk)

    def test_stall_isRefusedInTime(self):
        for target in (MANIFEST, BATCH):
            self.assertLess(self.refuse(Stall(target), "in 2 s"), 6)

    def test_drip_isRefusedInTime(self):
        self.assertLess(self.refuse(Drip(BATCH), "in 2 s"), 6)

    def test_errorStatuses_areRefused(self):
        for status in (404, 500, 503):
            self.refuse(Status(MANIFEST, status), f"answers {status} for the manifest")
            self.refuse(Status(BATCH, status), f"answers {status} for batch")

    def test_notModified_withoutAnythingHeld_isRefused(self):
        self.refuse(Status(MANIFEST, 304), "304", self.make_kiosk("empty"), publish=False)
        self.refuse(Status(BATCH, 304), "answers 304 for batch")

    def test_redirectElsewhere_isRefused(self):
        for place in ("https://example.org/manifest.signed", f"https://localhost:{self.nginx.port}/manifest.signed",
                      "http://localhost/", "file:///etc/passwd"):
            self.refuse(Status(MANIFEST, 302, Location=place), "another place")
        self.refuse(Status(BATCH, 301, Location="https://example.org/"), "another place")
        self.refuse(Status(MANIFEST, 307, Location=self.proxy.origin + "/moved/moved/moved/moved/moved/x"), "another place")

    def test_loginPage_isNamed(self):
        for page in (b"<html>Log in to the Wi-Fi</html>", b"\r\n <!DOCTYPE html><title>Welcome</title>"):
            self.refuse(Replace(MANIFEST, lambda _, page=page: page), "shows a login page")
        self.refuse(Status(MANIFEST, 511), "shows a login page")
        self.refuse(Status(MANIFEST, 302, Location="http://portal.example/"), "login page")

    def test_proxyThatRefuses_isNamed(self):
        for status, words in ((407, "wants a name and a password (407)"), (403, "let the kiosk through"),
                              (502, "the proxy answers 502")):
            proxy = ConnectProxy(refusal=status)
            proxy.start()
            kiosk = self.make_kiosk(f"refused-{status}", proxy=f"http://127.0.0.1:{proxy.port}")
            done = kiosk.sync()
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
            self.assertNotIn("cut off", done.stderr)
        kiosk = self.make_kiosk("no-proxy", proxy="http://127.0.0.1:1")
        self.assertIn("the proxy of feed.proxy does not answer", kiosk.sync().stderr)

    def test_entriesThatAreGone_areFetchedAgain_whateverTheServerSaysOfTheManifest(self):
        kiosk = self.make_kiosk("holes")
        self.assertEqual(kiosk.sync().returncode, 0)
        for sql in ("DELETE FROM f0Entry", "DELETE FROM f0Batch", "DELETE FROM f0Entry WHERE id % 7 = 0"):
            for fault in (None, Status(MANIFEST, 304)):
                database = sqlite3.connect(kiosk.data / "kiosk.sqlite")
                with database:
                    database.execute(sql)
                database.close()
                self.assertIn("not held", kiosk.run("f0", "list").stdout)
                self.proxy.fault = fault
                done = kiosk.sync()
                self.proxy.fault = None
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("applied", done.stdout)
                self.expect_held(kiosk)
                self.assertNotIn("not held", kiosk.run("f0", "list").stdout)

    def test_wrongLength_isRefused(self):
        self.refuse(CutAfter(MANIFEST, 1, more=10), "the manifest was cut off")
        self.refuse(CutAfter(BATCH, 1, more=10), "is larger than")
        self.refuse(Replace(BATCH, lambda body: body[:-10]), "bytes, and ")
        self.refuse(Replace(BATCH, lambda body: body + b"\n"), "is larger than")

    def test_hugeAndEndless_areRefusedWithoutBeingRead(self):
        for target in (MANIFEST, BATCH):
            for fault in (Huge, Endless):
                self.proxy.poured = 0
                self.refuse(fault(target), "the rest was not read")
                self.assertLess(self.proxy.poured, 8 << 20)

    def test_serverThatIsAway_orNotTheOne_isRefused(self):
        before = self.kiosk.held()
        for changes, words in (({"url": "https://localhost:1/"}, "cannot be reached"),
                               ({"ca_file": str(self.stranger)}, "cannot be trusted"),
                               ({"ca_file": "/none.pem"}, "cannot be trusted"),
                               ({"url": f"https://127.0.0.2:{self.proxy.port}/"}, "cannot be reached")):
            kept = dict(self.kiosk.settings)
            self.kiosk.configure(**changes)
            done = self.kiosk.sync()
            self.kiosk.configure(**kept)
            self.assertEqual((done.returncode, self.kiosk.held()), (1, before))
            self.assertIn(words, done.stderr)

    # What an attacker does

    def test_replacedBytes_areRefused(self):
        def flip(body: bytes) -> bytes:
            at = len(body) * 2 // 3
            return body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        self.refuse(Replace(MANIFEST, flip), "was changed after it was signed")
        self.refuse(Replace(BATCH, flip), "its hash is another")
        self.refuse(Replace(BATCH, lambda body: body.replace(b'"max":96', b'"max":95')), "its hash is another")
        self.refuse(Replace(MANIFEST, lambda _: b"some text"), "no signed feed")

    def test_oldManifest_isRefused(self):
        self.refuse(Replace(MANIFEST, lambda _: self.old), "older than the version")

    def test_sameVersionOtherContent_isRefused(self):
        self.assertEqual(self.kiosk.sync().returncode, 0)
        self.refuse(self.signed(version=self.office.manifest["version"], community_total=1), "other content", publish=False)

    def test_expiredManifest_isRefused_alsoIfItIsNotModified(self):
        now = int(time.time())
        version = self.office.manifest["version"] + 1
        self.refuse(self.signed(version=version, issued=now - 100, expires=now - 1), "expired at")
        self.office.publish(CASES)
        expires = int(time.time()) + 6
        self.proxy.fault = self.signed(expires=expires, issued=expires - 60)
        fresh = self.kiosk.sync()
        self.assertEqual(fresh.returncode, 0, fresh.stderr)
        before = self.kiosk.held()
        time.sleep(max(0, expires - time.time()))
        self.proxy.fault = Status(MANIFEST, 304)
        frozen = self.kiosk.sync()
        self.assertEqual((frozen.returncode, self.kiosk.held()), (1, before))
        self.assertIn("expired at", frozen.stderr)
        self.proxy.fault = None
        self.office.publish()
        self.assertEqual(self.kiosk.sync().returncode, 0)

    def test_wrongKey_isRefused(self):
        stranger = Office(self.folder, "stranger-office")
        stranger.folder.mkdir()
        self.refuse(Replace(MANIFEST, lambda _: stranger.sign(self.office.manifest)), "no key that this kiosk trusts")
        alike = self.office.public[:16]
        self.refuse(
            Replace(MANIFEST, lambda _: stranger.sign(self.office.manifest).replace(stranger.public[:16].encode(), alike.encode(), 1)),
            "the signature of key")

    def test_wrongRegionFormatAndField_areRefused(self):
        self.refuse(self.signed(region="VN-SG"), "for region VN-SG")
        self.refuse(self.signed(format=2), "format 2")
        self.refuse(self.signed(batches=[{"path": "../../etc/passwd"}]), "batches[0]")

        def miscounted(_) -> bytes:
            manifest = self.office.manifest
            manifest["batches"][-1]["entries"] += 1
            return self.office.sign(manifest)
        self.refuse(Replace(MANIFEST, miscounted), f"has {CASES} entries, and {CASES + 1} by the manifest")
