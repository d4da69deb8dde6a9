"""A web server near for the tests: real sockets, real TLS, and answers that no well-behaved server gives.

Fixture `web`; a test says what an address answers: `web.answers["/calendar.ics"] = ok(b"…")`. The server's
certificate is good for `calendar.example.com` and `other.example.com`, to whoever trusts it.
"""

import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from concierge.platform.fetching import Way, is_public
from tests import programs

NEAR = "127.0.0.1"
NAMES = ("calendar.example.com", "other.example.com")
LONG_S = 30.0

Answer = Callable[["Conversation"], None]


@dataclass
class Conversation:
    """One request and the connection it came on."""

    path: str
    headers: Mapping[str, str]
    server_name: str
    connection: ssl.SSLSocket
    ended: threading.Event

    def send(self, data: bytes) -> None:
        """Send some bytes as they are."""
        self.connection.sendall(data)

    def drip(self, data: bytes, *, every_s: float = 0.05) -> None:
        """Send byte after byte, until the other side has gone or the test is over."""
        for number in range(len(data)):
            if self.ended.wait(every_s):
                return
            self.send(data[number : number + 1])


@dataclass
class WebServer:
    """A running server: what it answers, and what it was asked."""

    port: int
    certificate: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Conversation] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def address(self, path: str, *, name: str = NAMES[0]) -> str:
        """The address of a path."""
        return f"https://{name}:{self.port}{path}"

    def way(self, *, seconds: float = 10.0, most_bytes: int = 10 * 1024 * 1024) -> Way:
        """The way to this server: every name leads here, and this place may be reached besides public ones."""
        return Way(
            look_up=lambda _name, _port: (NEAR,),
            may_reach=lambda address: address == NEAR or is_public(address),
            ports=frozenset({self.port}),
            context=lambda: ssl.create_default_context(cafile=str(self.certificate)),
            seconds=seconds,
            most_bytes=most_bytes,
        )


def ok(body: bytes, *headers: str) -> Answer:
    """A good answer."""
    return raw("200 OK", body, f"Content-Length: {len(body)}", *headers)


def raw(status: str, body: bytes = b"", *headers: str) -> Answer:
    """An answer with exactly these headers."""

    def answer(conversation: Conversation) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/calendar; charset=utf-8", "Connection: close"]
        conversation.send("\r\n".join([*lines, *headers, "", ""]).encode() + body)

    return answer


def to(place: str, status: str = "302 Found") -> Answer:
    """An answer that leads elsewhere."""
    return raw(status, b"", f"Location: {place}", "Content-Length: 0")


def unless_known(body: bytes, tag: str) -> Answer:
    """A good answer for whoever does not have it yet."""

    def answer(conversation: Conversation) -> None:
        if conversation.headers.get("if-none-match") == tag:
            raw("304 Not Modified", b"", f"ETag: {tag}")(conversation)
        else:
            ok(body, f"ETag: {tag}", "Last-Modified: Mon, 02 Mar 2026 08:00:00 GMT")(conversation)

    return answer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key beside it, signed by itself."""
    if shutil.which("openssl") is None:
        programs.missing("openssl", install="sudo apt-get install -y openssl")
    folder = tmp_path_factory.mktemp("certificate")
    names = ",".join(f"DNS:{name}" for name in NAMES)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=Tests", "-addext", f"subjectAltName={names}",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return folder / "certificate.pem"


@pytest.fixture
def web(certificate: Path) -> Iterator[WebServer]:
    """A web server with TLS on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    context.sni_callback = _note_name

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            found.connections.append(self.client_address[0])
            try:
                with context.wrap_socket(self.request, server_side=True) as connection:
                    _converse(found, connection)
            except OSError:  # the other side has had enough
                return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server((NEAR, 0), Handler) as server:
        found = WebServer(server.server_address[1], certificate)
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        running.start()
        yield found
        found.ended.set()
        server.shutdown()
        running.join()


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server((NEAR, 0)) as listening:
        yield listening.getsockname()[1]


_names: dict[int, str] = {}


def _note_name(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
    _names[id(connection)] = name or ""


def _converse(server: WebServer, connection: ssl.SSLSocket) -> None:
    connection.settimeout(LONG_S)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return
        head += piece
    first, *lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    path = first.split(" ")[1]
    name = _names.pop(id(connection), "")
    conversation = Conversation(path, headers, name, connection, server.ended)
    server.asked.append(conversation)
    server.answers.get(path, raw("404 Not Found", b"", "Content-Length: 0"))(conversation)
