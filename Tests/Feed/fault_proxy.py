# SPDX-License-Identifier: GPL-3.0-or-later
"""A server before the real one that does to its answers what networks, portals and attackers do."""

import http.client
import http.server
import pathlib
import socket
import ssl
import threading
import time

MANIFEST, BATCH = "manifest", "batch"


class Fault:
    """What becomes of an answer; `target` says of which file's. Subclasses override what they spoil."""

    def __init__(self, target: str):
        self.target = target

    def answer(self, handler: "Handler", status: int, headers: dict, body: bytes) -> None:
        raise NotImplementedError


class CutAfter(Fault):
    """The connection ends after a part of what was promised."""

    def __init__(self, target: str, part: float, more: int = 0):
        super().__init__(target)
        self.part, self.more = part, more

    def answer(self, handler, status, headers, body):
        headers["Content-Length"] = str(len(body) + self.more)
        handler.begin(status, headers)
        handler.wfile.write(body[:int(len(body) * self.part)])


class Stall(Fault):
    def answer(self, handler, status, headers, body):
        handler.begin(status, headers)
        handler.wfile.write(body[:len(body) // 2])
        handler.wfile.flush()
        handler.server.released.wait(30)


class Drip(Fault):
    """Never silent, and never done: some bytes a second."""

    def answer(self, handler, status, headers, body):
        handler.begin(status, headers)
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if handler.server.released.wait(0.2):
                return


class Status(Fault):
    def __init__(self, target: str, status: int, **headers):
        super().__init__(target)
        self.status, self.headers = status, headers

    def answer(self, handler, status, headers, body):
        page = b"<html>something else</html>" * 100
        headers = {"Content-Length": str(len(page))} | {k.replace("_", "-"): v for k, v in self.headers.items()}
        if self.status == 304:
            headers.pop("Content-Length")
            page = b""
        handler.begin(self.status, headers)
        handler.wfile.write(page)


class Replace(Fault):
    """Another body, as a whole answer; a function of the real one."""

    def __init__(self, target: str, change):
        super().__init__(target)
        self.change = change

    def answer(self, handler, status, headers, body):
        body = self.change(body)
        headers["Content-Length"] = str(len(body))
        handler.begin(200, headers)
        handler.wfile.write(body)


class Huge(Fault):
    """A gigabyte is promised, and would be sent."""

    def answer(self, handler, status, headers, body):
        headers["Content-Length"] = str(1 << 30)
        handler.begin(status, headers)
        handler.pour(1 << 30)


class Endless(Fault):
    """No length, no end."""

    def answer(self, handler, status, headers, body):
        headers.pop("Content-Length", None)
        headers["Transfer-Encoding"] = "chunked"
        handler.begin(status, headers)
        handler.pour(1 << 40, chunked=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        headers = {k: v for k, v in self.headers.items() if k.lower() in ("range", "if-range", "if-none-match", "if-modified-since")}
        if self.path.startswith("/moved/"):
            return self.redirect(server.origin + self.path.removeprefix("/moved"))
        upstream = http.client.HTTPSConnection("localhost", server.upstream, context=server.trusting)
        upstream.request("GET", self.path, headers=headers)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        server.seen.append((self.path, headers, answer.status, len(body)))
        kept = {k: v for k, v in answer.getheaders() if k.lower() in
                ("etag", "last-modified", "content-length", "content-range", "content-type")}
        kind = MANIFEST if self.path.endswith("manifest.signed") else BATCH
        fault = server.fault
        self.close_connection = True
        if fault and fault.target == kind:
            return fault.answer(self, answer.status, kept, body)
        self.begin(answer.status, kept)
        self.wfile.write(body)

    def redirect(self, place: str):
        self.begin(302, {"Location": place, "Content-Length": "0"})

    def begin(self, status: int, headers: dict):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def pour(self, count: int, chunked: bool = False):
        piece = b"x" * 65536
        for _ in range(count // len(piece)):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            self.server.poured += len(piece)

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass


class FaultProxy(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: int, authority: pathlib.Path, key: pathlib.Path, certificate: pathlib.Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.trusting = ssl.create_default_context(cafile=str(authority))
        # Python's default from 3.13 on; older ones find out here what would fail there.
        self.trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.fault: Fault | None = None
        self.seen: list[tuple] = []
        self.poured = 0
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    def shutdown_request(self, request):
        # Without a TLS goodbye, as where a network ends.
        try:
            request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        request.close()

    def handle_error(self, *_):
        pass


class ConnectProxy(threading.Thread):
    """An HTTP proxy as offices have them: CONNECT, and bytes both ways; or a status by which it refuses."""

    def __init__(self, refusal: int | None = None):
        super().__init__(daemon=True)
        self.refusal = refusal
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connected: list[str] = []
        self.bytes = 0  # both ways, after CONNECT

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        place = head.split()[1].decode()
        self.connected.append(place)
        if self.refusal:
            with client:
                client.sendall(f"HTTP/1.1 {self.refusal} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        host, port = place.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source: socket.socket, sink: socket.socket):
        try:
            while piece := source.recv(65536):
                self.bytes += len(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
