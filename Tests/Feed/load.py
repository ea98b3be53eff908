# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated kiosks that poll one nginx on loopback as real ones do: one TLS connection a round, conditional requests,
batches that are new. What they cost the origin, in figures."""

import argparse
import asyncio
import json
import os
import pathlib
import random
import resource
import ssl
import statistics
import subprocess
import tempfile
import time

from fault_proxy import ConnectProxy
from feed_site import Authority, Kiosk, Nginx, Office

CASES = 200  # entries of a batch
TOGETHER = 200  # connections at once at most; the others wait, and a round's time begins when it has its turn


class Poller:
    """What a kiosk keeps from round to round."""

    def __init__(self):
        self.etag: str | None = None
        self.held: set[str] = set()


async def get(reader, writer, path: str, etag: str | None) -> tuple[int, dict, bytes]:
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bluezone-kiosk\r\nAccept: */*\r\n{condition}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    status = int(head[0].split()[1])
    body = await reader.readexactly(int(fields.get("content-length", 0))) if status != 304 else b""
    return status, fields, body


async def round_of(poller: Poller, port: int, context: ssl.SSLContext, delay: float, gate: asyncio.Semaphore) -> float:
    await asyncio.sleep(delay)
    async with gate:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        status, fields, body = await get(reader, writer, "/manifest.signed", poller.etag)
        if status == 200:
            poller.etag = fields["etag"]
            for batch in json.loads(body.split(b"\n\n", 1)[1])["batches"]:
                if batch["sha256"] not in poller.held:
                    status, _, content = await get(reader, writer, "/" + batch["path"], None)
                    assert status == 200 and len(content) == batch["bytes"]
                    poller.held.add(batch["sha256"])
        else:
            assert status == 304, status
        writer.transport.abort()
        return time.monotonic() - began


async def all_rounds(pollers: list[Poller], port: int, context: ssl.SSLContext, seconds: float) -> list[float]:
    gate = asyncio.Semaphore(TOGETHER)
    chance = random.Random(1)
    return await asyncio.gather(*(round_of(p, port, context, chance.uniform(0, seconds), gate) for p in pollers))


def processor_seconds(master: int) -> float:
    """Of nginx's workers."""
    ticks = 0
    for pid in subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True).stdout.split():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def one_real_poll(folder: pathlib.Path, nginx: Nginx, office: Office, certificate: pathlib.Path) -> int:
    """Bytes on the wire, TLS included, of a real kiosk's poll that finds nothing new."""
    proxy = ConnectProxy()
    proxy.start()
    kiosk = Kiosk(folder, "real", f"https://localhost:{nginx.port}/", office, certificate,
                  proxy=f"http://127.0.0.1:{proxy.port}")
    for _ in range(2):
        proxy.bytes = 0
        assert kiosk.sync().returncode == 0
    return proxy.bytes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiosks", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30, help="over which each round is spread")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with tempfile.TemporaryDirectory(prefix="kiosk-load-") as temporary:
        folder = pathlib.Path(temporary)
        authority, office = Authority(folder, "authority"), Office(folder)
        for _ in range(3):
            office.publish(CASES)
        nginx = Nginx(folder, office.folder, *authority.issue(folder, "server"), connections=8192)
        try:
            poll = one_real_poll(folder, nginx, office, authority.certificate)
            print(f"one real kiosk's poll without news: {poll} bytes both ways, TLS included")
            pollers = [Poller() for _ in range(options.kiosks)]
            context = ssl.create_default_context(cafile=str(authority.certificate))
            print(f"{options.kiosks} kiosks, each round spread over {options.seconds:.0f} s")
            print("round                requests/kiosk  bytes/kiosk  share of 304  median ms  p99 ms  nginx CPU s")
            for name, publishes in (("first", False), ("nothing new", False), ("nothing new", False),
                                    ("one new batch", True), ("nothing new", False)):
                if publishes:
                    office.publish(CASES)
                before, used = len(nginx.requests()), processor_seconds(nginx.process.pid)
                times = asyncio.run(all_rounds(pollers, nginx.port, context, options.seconds))
                requests = nginx.requests()[before:]
                sent = sum(int(request[1]) for request in requests)
                unchanged = sum(request[0] == "304" for request in requests)
                times.sort()
                print(f"{name:<20} {len(requests) / options.kiosks:14.2f} {sent / options.kiosks:12.0f} "
                      f"{unchanged / len(requests):13.1%} {statistics.median(times) * 1000:10.1f} "
                      f"{times[len(times) * 99 // 100] * 1000:7.1f} {processor_seconds(nginx.process.pid) - used:12.1f}",
                      flush=True)
            listed = {batch["sha256"] for batch in office.batches()}
            assert all(poller.held == listed for poller in pollers), "a kiosk lacks a batch"
        finally:
            nginx.close()


if __name__ == "__main__":
    main()
