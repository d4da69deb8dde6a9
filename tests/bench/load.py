"""Bounded requests to servers on this machine, over kept connections, with little cost of our own."""

import socket
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

SAMPLES_AT_MOST = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, headers (names in lower case) and body as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Timing:
    """What a number of equal requests took, in milliseconds, and how many were answered in a second."""

    median_ms: float
    p95_ms: float
    per_second: float
    answers: int


class Connection:
    """A kept HTTP/1.1 connection to 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb", buffering=1 << 20)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a path and read the whole answer."""
        named = {"Host": f"127.0.0.1:{self._port}", "Accept": "*/*", **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        status = int(self._lines.readline().split()[1])
        said: dict[str, str] = {}
        while line := self._lines.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            said[name.lower()] = value.strip()
        return Answer(status, said, self._body(status, said))

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if headers.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(self._lines.readline(), 16):
                parts.append(self._lines.read(size))
                self._lines.readline()
            self._lines.readline()
            return b"".join(parts)
        return self._lines.read(int(headers.get("content-length", "0")))


def timed(
    port: int, path: str, *, headers: Mapping[str, str] | None = None, status: int = 200, seconds: float = 2
) -> Timing:
    """Ask one after the other for some seconds; the first three answers only warm up.

    :raises AssertionError: when an answer has another status
    """
    connection = Connection(port)
    for _ in range(3):
        answer = connection.get(path, headers)
        assert answer.status == status, f"{path} answered {answer.status}: {answer.body[:300]!r}"
    took_ms: list[float] = []
    began_at = time.perf_counter()
    while len(took_ms) < 5 or (time.perf_counter() - began_at < seconds and len(took_ms) < SAMPLES_AT_MOST):
        asked_at = time.perf_counter()
        answer = connection.get(path, headers)
        took_ms.append((time.perf_counter() - asked_at) * 1000)
        assert answer.status == status, f"{path} answered {answer.status}"
    elapsed_s = time.perf_counter() - began_at
    connection.close()
    return Timing(
        median_ms=statistics.median(took_ms),
        p95_ms=sorted(took_ms)[int(len(took_ms) * 0.95)],
        per_second=len(took_ms) / elapsed_s,
        answers=len(took_ms),
    )


def per_second(
    port: int,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    clients: int = 8,
    seconds: float = 2,
) -> float:
    """Answers in a second to several clients at once."""
    counts = [0] * clients
    problems: list[str] = []
    ends_at = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = Connection(port)
        while time.perf_counter() < ends_at:
            answer = connection.get(path, headers)
            if answer.status != status:
                problems.append(f"{path} answered {answer.status}")
                break
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    began_at = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    return sum(counts) / (time.perf_counter() - began_at)
