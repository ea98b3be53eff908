# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands around a kiosk's feed: an authority for certificates, nginx with TLS, the health office, one kiosk."""

import hashlib
import json
import os
import pathlib
import secrets
import socket
import sqlite3
import subprocess
import time

HEADER = "bluezone-feed 1\n"
# Source: RFC 8410, 7 and 4: what stands before the 32 bytes of a private and of a public key.
PRIVATE_DER = bytes.fromhex("302e020100300506032b657004220420")
COMMAND_LIMIT = 60  # s any command may take


def program() -> str:
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    return os.path.abspath(os.environ.get("KIOSK") or root / ".build" / "debug" / "kiosk")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(*arguments, text: bytes | None = None) -> bytes:
    return subprocess.run(
        [str(a) for a in arguments], input=text, check=True, capture_output=True, timeout=COMMAND_LIMIT).stdout


class Authority:
    """Makes certificates for localhost, with openssl: with all that strict verification (Python 3.13's default) asks for."""

    # Without a file of its own openssl would take the system's, whose extensions are not the same everywhere.
    # Source: RFC 5280, 4.2.1.1, 4.2.1.2, 4.2.1.3 and 4.2.1.9.
    REQUEST = "[req]\ndistinguished_name = name\n[name]\n"
    EXTENSIONS = """
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign, cRLSign
        subjectKeyIdentifier = hash
        [site]
        basicConstraints = critical, CA:FALSE
        keyUsage = critical, digitalSignature
        extendedKeyUsage = serverAuth
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid
        subjectAltName = DNS:localhost, IP:127.0.0.1
        """

    def __init__(self, folder: pathlib.Path, name: str):
        self.key, self.certificate = folder / f"{name}.ca.key", folder / f"{name}.ca.pem"
        self.configuration = folder / f"{name}.cnf"
        self.configuration.write_text(self.REQUEST + self.EXTENSIONS)
        call("openssl", "req", "-x509", "-config", self.configuration, "-extensions", "authority", "-newkey", "ec",
             "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", self.key,
             "-out", self.certificate)

    def issue(self, folder: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        call("openssl", "req", "-config", self.configuration, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", request)
        call("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
             "-days", "2", "-extfile", self.configuration, "-extensions", "site", "-out", certificate)
        return key, certificate


class Nginx:
    """Debian's nginx, serving a folder over TLS on loopback."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path, key: pathlib.Path, certificate: pathlib.Path,
                 connections: int = 1024):
        self.port, self.folder = free_port(), folder / "nginx"
        self.folder.mkdir()
        self.log = self.folder / "access.log"
        configuration = self.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(f"""
            {user} daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log; worker_processes 1;
            worker_rlimit_nofile {2 * connections + 100};
            events {{ worker_connections {connections}; }}
            http {{
              types {{ application/json json; }} default_type application/octet-stream;
              log_format figures '$status $bytes_sent $request_length $request_uri $http_range $http_if_none_match';
              access_log {self.log} figures;
              client_body_temp_path {self.folder}; proxy_temp_path {self.folder}; fastcgi_temp_path {self.folder};
              uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};
              keepalive_timeout 5;
              server {{
                listen 127.0.0.1:{self.port} ssl backlog=8192; server_name localhost; root {root};
                ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_session_cache shared:kiosks:16m;
              }}
            }}""")
        self.process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", str(configuration)])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "error.log").read_text())

    def requests(self) -> list[list[str]]:
        """status, bytes sent, bytes received, path, range, If-None-Match of each."""
        time.sleep(0.05)
        return [line.split(" ", 5) for line in self.log.read_text().splitlines()]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Office:
    """The health office: `kiosk feed`, and an openssl of its own for what that would not sign."""

    def __init__(self, folder: pathlib.Path, name: str = "office", region: str = "VN-HN"):
        self.folder, self.region = folder / name, region
        self.key = folder / f"{name}.key"
        self.cases = 0
        call(program(), "feed", "keygen", "-o", self.key)
        self.public = pathlib.Path(f"{self.key}.pub").read_text().strip()

    def entry(self) -> dict:
        start = int(time.time()) // 86400 * 86400 - 86400
        return {"daily_key": secrets.token_hex(32), "time_start": start, "max": 96, "time_end": start + 86399}

    def publish(self, cases: int | list[dict] = 0, *options) -> None:
        """So many cases that nobody met, or these."""
        entries = [self.entry() for _ in range(cases)] if isinstance(cases, int) else cases
        files = []
        if entries:
            file = self.folder.parent / "cases.json"
            file.write_text(json.dumps({"data": entries}))
            files = [file]
            self.cases += len(entries)
        call(program(), "feed", "publish", self.folder, *files, "--key", self.key, "--region", self.region, *options)

    def settings(self, url: str, certificate: pathlib.Path) -> dict:
        """Those of a kiosk that takes its feed from there."""
        return {"url": url, "region": self.region, "keys": [self.public], "ca_file": str(certificate)}

    @property
    def file(self) -> pathlib.Path:
        return self.folder / "manifest.signed"

    @property
    def manifest(self) -> dict:
        return json.loads(self.file.read_bytes().split(b"\n\n", 1)[1])

    def sign(self, manifest: dict) -> bytes:
        """A whole file as docs/f0-feed.md says, by nothing of ours."""
        seed = bytes.fromhex(self.key.read_text().splitlines()[1])
        message = json.dumps(manifest).encode()
        der, file = self.folder.parent / "sign.der", self.folder.parent / "sign.message"
        der.write_bytes(PRIVATE_DER + seed)
        file.write_bytes(message)
        signature = call("openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", der, "-in", file)
        return f"{HEADER}signature {self.public[:16]} {signature.hex()}\n\n".encode() + message

    def batches(self) -> list[dict]:
        return self.manifest["batches"]


def feed_table(settings: dict) -> str:
    """The configuration file's."""
    return "[feed]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


class Kiosk:
    """One kiosk's data folder and settings."""

    def __init__(self, folder: pathlib.Path, name: str, url: str, office: Office, certificate: pathlib.Path, **feed):
        self.folder = folder / name
        self.folder.mkdir()
        self.data = self.folder / "data"
        self.config = self.folder / "kiosk.toml"
        self.settings = office.settings(url, certificate) | {"stall_seconds": 2, "total_seconds": 20} | feed
        self.configure()
        self.process: subprocess.Popen | None = None
        # The first run makes the database.
        self.start()
        self.stop()

    def configure(self, **feed) -> None:
        self.settings |= feed
        self.config.write_text(
            f'data_folder = "{self.data}"\n[radio]\naddress = "h4:unix:{self.folder}/none"\n[clock]\ntrust = "always"\n'
            + feed_table(self.settings))

    def run(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([program(), *arguments, "--config", str(self.config)], capture_output=True, text=True,
                              timeout=COMMAND_LIMIT)

    def sync(self) -> subprocess.CompletedProcess:
        return self.run("f0", "sync")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [program(), "run", "--quiet", "--config", str(self.config)], stderr=subprocess.DEVNULL)
        for _ in range(200):
            if self.run("status").returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("the kiosk does not start")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)
        self.process = None

    def status(self) -> dict:
        return json.loads(self.run("status", "--json").stdout)["feed"]

    def held(self) -> tuple:
        """Version, hash of the manifest, and the data that goes with it."""
        with sqlite3.connect(f"file:{self.data}/kiosk.sqlite?mode=ro", uri=True) as database:
            feed = database.execute("SELECT version, manifest FROM feed").fetchone()
            batches = database.execute("SELECT hex(sha256), entries FROM f0Batch ORDER BY 1").fetchall()
            entries = database.execute("SELECT count(*) FROM f0Entry").fetchone()[0]
        version = feed[0] if feed else None
        return version, hashlib.sha256(feed[1]).hexdigest() if feed else None, batches, entries

    def parts(self) -> list[pathlib.Path]:
        return list((self.data / "feed").glob("*.part"))
