"""A known address answers its last good bytes or 304 while the machine is in trouble: with the real program."""

import contextlib
import gzip
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import structlog

from concierge.feeds import lint
from concierge.platform import logs
from tests import programs
from tests.browser import ROOT, Site, served
from tests.processes import dies_with_parent, stop
from tests.servers import PostgresServer, _identity, running_postgres

ALONE = ("--without-worker",)
PATIENCE_S = 40
ANSWERED_WITHIN_S = 20
"""On a busy machine; programs wait for 30 seconds and more."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    tag: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Asker:
    """A calendar program that subscribed."""

    url: str

    def ask(self, *, known: str = "", is_packed: bool = False, agent: str = "Thunderbird/153.7.0") -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWERED_WITHIN_S)
        headers = {"User-Agent": agent, "Accept-Encoding": "gzip" if is_packed else "identity"}
        if known:
            headers["If-None-Match"] = known
        try:
            connection.request("GET", parts.path, headers=headers)

            answer = connection.getresponse()
            data = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                data = gzip.decompress(data)
            return Answer(answer.status, answer.headers.get("ETag", ""), data)
        finally:
            connection.close()

    def check_served(self, good: Answer) -> None:
        """The last good bytes, plain and compressed, to new programs and to those with any tag."""
        for is_packed in (False, True):
            for agent in ("Thunderbird/153.7.0", "ICSx5/2.3", "Google-Calendar-Importer"):
                answer = self.ask(is_packed=is_packed, agent=agent)
                assert (answer.status, answer.data) == (200, good.data)
                assert answer.tag.strip('"').removesuffix(".gz") == good.tag.strip('"')
                for known in (good.tag, answer.tag, f"W/{good.tag}"):
                    assert self.ask(known=known, is_packed=is_packed, agent=agent).status == 304
                assert self.ask(known='"of-last-week"', is_packed=is_packed, agent=agent).status == 200


def subscribed(site: Site, **settings: str) -> Asker:
    """A technician with an address, made by the commands, in one process: each start costs seconds."""
    environment = {
        **os.environ,
        "CONCIERGE_INSTANCE": str(site.instance),
        "CONCIERGE_BASE_URL": site.address,
        **settings,
    }

    commands = (
        ("user", "add", "tomas@example.com", "--name", "Tomas Berger", "--role", "technician"),
        ("feeds", "url", "--user", "tomas@example.com", "--json"),
    )
    both = "; ".join(f"main({list(one)!r}, standalone_mode=False); print('#')" for one in commands)
    done = subprocess.run(
        [sys.executable, "-c", f"from concierge.cli import main; {both}"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [told] = json.loads(done.stdout.split("#")[1])
    asker = Asker(told["url"])
    assert lint.problems(asker.ask().data) == ()
    return asker


def rename(execute: Callable[[str], object], name: str) -> None:
    """What a change does to a calendar, written by hand: other bytes and another version."""
    execute(f"UPDATE calendars SET name = '{name}', version = '{os.urandom(8).hex()}'")


@contextlib.contextmanager
def sqlite(instance: Path) -> Iterator[sqlite3.Connection]:
    with (
        contextlib.closing(sqlite3.connect(instance / "concierge.sqlite3", timeout=20)) as connection,
        connection,
    ):
        yield connection


def until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up_at, "it does not recover"
        time.sleep(0.2)


def test_f30_a_database_that_is_gone_then_a_restart_then_the_newest(tmp_path: Path) -> None:
    """On SQLite: the file is moved away and what is open of it spoilt, then it comes back changed."""
    with served(tmp_path, CONCIERGE_DEMO="no", CONCIERGE_WORKERS="1") as site:
        asker = subscribed(site)
        good = asker.ask()
        assert (good.status, lint.problems(good.data)) == (200, ())
        port = urlsplit(site.address).port or 0
    there, away = tmp_path / "concierge.sqlite3", tmp_path / "away.sqlite3"

    with served(tmp_path, port=port, arguments=ALONE, CONCIERGE_DEMO="no", CONCIERGE_WORKERS="1"):
        with sqlite(tmp_path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        saved = there.read_bytes()
        with there.open("r+b") as file:
            file.write(os.urandom(len(saved)))
        asker.check_served(good)
        with there.open("r+b") as file:
            file.write(saved)
        until(lambda: asker.ask().data == good.data)
        with sqlite(tmp_path) as connection:
            rename(connection.execute, "Tomáš Berger")
        until(lambda: "Tomáš".encode() in asker.ask().data)
        newest = asker.ask()
        assert asker.ask(known=good.tag).status == 200
        there.rename(away)
        asker.check_served(newest)
        away.rename(there)
    with served(tmp_path, port=port, arguments=ALONE, CONCIERGE_DEMO="no", CONCIERGE_WORKERS="1"):
        asker.check_served(newest)


def test_f30_a_disk_that_is_full_still_gives_the_newest(tmp_path: Path) -> None:
    """No file of the program may grow: nothing is noted, nothing is kept, and everything is answered."""
    with served(tmp_path, CONCIERGE_DEMO="no", CONCIERGE_WORKERS="1") as site:
        asker = subscribed(site)
        good = asker.ask()
        sizes = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        for pid in (site.pid, *_children(site.pid)):
            _forbid_to_write(pid)
        with sqlite(tmp_path) as connection:  # only now: nobody can have kept what comes of it
            rename(connection.execute, "Tomáš Berger")

        newest = asker.ask(known=good.tag)

        assert (newest.status, "Tomáš".encode() in newest.data) == (200, True)
        asker.check_served(newest)
        kept = [path.read_bytes() for path in (tmp_path / "feeds").rglob("*") if path.is_file()]
        assert kept
        assert not any("Tomáš".encode() in data for data in kept), "the disk was full"
        assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < sizes * 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a thing of Linux")
def test_f30_a_line_that_cannot_be_written_ends_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure()
    full = open("/dev/full", "w")  # noqa: SIM115 - closing it is the proof
    monkeypatch.setattr(sys, "stderr", full)

    structlog.get_logger().error("calendar not kept")

    monkeypatch.undo()
    with pytest.raises(OSError, match="space"):
        full.close()


def test_f30_a_postgresql_that_stops_is_survived_and_found_again(tmp_path: Path) -> None:
    if programs.postgresql_folder() is None:
        programs.missing("PostgreSQL (server)", install="sudo apt-get install -y postgresql")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_postgres())
        url = server.create("outage")
        settings = {"DATABASE_URL": url, "CONCIERGE_DEMO": "no", "CONCIERGE_WORKERS": "1"}
        site = stack.enter_context(served(tmp_path, **settings))
        asker = subscribed(site, DATABASE_URL=url)
        good = asker.ask()
        assert good.status == 200
        os.kill(server.pid, signal.SIGINT)
        until(lambda: not _answers(url))
        for _ in range(3):
            asker.check_served(good)
        stack.enter_context(_started_again(server))
        until(lambda: _answers(url))
        with psycopg.connect(url, autocommit=True) as connection:
            rename(connection.execute, "Tomáš Berger")
        until(lambda: "Tomáš".encode() in asker.ask().data)
        asker.check_served(asker.ask())


@contextlib.contextmanager
def _started_again(server: PostgresServer) -> Iterator[None]:
    binaries = programs.postgresql_folder()
    assert binaries
    process = subprocess.Popen(
        [binaries / "postgres", "-D", server.folder / "data", "-c", "listen_addresses=",
         "-c", f"unix_socket_directories={server.folder}", "-c", "max_connections=120"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.folder,
        preexec_fn=dies_with_parent(signal.SIGINT), **_identity(server.folder),
    )  # fmt: skip
    try:
        yield
    finally:
        stop(process, with_signal=signal.SIGINT)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found += [int(entry.name), *_children(int(entry.name))]
    return found


def _forbid_to_write(pid: int) -> None:
    import resource

    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
