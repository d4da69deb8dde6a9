"""A private PostgreSQL for the tests: in a temporary folder, on a Unix socket only, stopped by its id.

Fixture `postgres` (one server per test process, 0.6 s). By hand: `with running_postgres() as server: …`.
"""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests import programs
from tests.processes import dies_with_parent, stop

START_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `folder` holds its socket."""

    folder: Path
    pid: int

    def url(self, database: str) -> str:
        """The address of a database, as `DATABASE_URL` takes it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Make a database anew, empty or as a copy of another one that nobody uses, and give its address."""
        self.drop(database)
        with self._administration() as connection:
            copied = " STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"{copied}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, if it is there, and whoever is connected to it."""
        with self._administration() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _administration(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres"), autocommit=True)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server of the newest installed PostgreSQL (as user postgres when we are root), stop it after.

    :raises LookupError: when no PostgreSQL server is installed
    :raises RuntimeError: when it does not start; carries its own words
    """
    binaries = programs.postgresql_folder()
    if binaries is None:
        raise LookupError("PostgreSQL (server) is not installed. Type: sudo apt-get install -y postgresql")
    # a socket's path holds 107 bytes at most, so not below a long TMPDIR
    folder = Path(tempfile.mkdtemp(prefix="concierge-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
    process: subprocess.Popen[bytes] | None = None

    def clean() -> None:
        if process is not None:
            stop(process, with_signal=signal.SIGINT)  # SIGTERM would wait for open pools
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clean)
    try:
        process = _start(binaries, folder)
        yield PostgresServer(folder=folder, pid=process.pid)
    finally:
        clean()
        atexit.unregister(clean)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process's own; skips (or fails in CI) where none is installed."""
    if programs.postgresql_folder() is None:
        programs.missing("PostgreSQL (server)", install="sudo apt-get install -y postgresql")
    with running_postgres() as server:
        yield server


def _start(binaries: Path, folder: Path) -> subprocess.Popen[bytes]:
    data, log = folder / "data", folder / "log"
    identity = _identity(folder)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    made = subprocess.run(
        [binaries / "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
         "--no-locale", "--pgdata", data],
        capture_output=True, text=True, cwd=folder, env=environment, **identity,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"initdb refused: {made.stderr.strip()}")
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "max_connections": "120",
        "shared_buffers": "64MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, cwd=folder, env=environment,
            preexec_fn=dies_with_parent(signal.SIGINT), **identity,
        )  # fmt: skip
    try:
        _wait(process, folder, log)
    except BaseException:
        stop(process, with_signal=signal.SIGINT)
        raise
    return process


def _wait(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _identity(folder: Path) -> dict[str, object]:
    """Who the server runs as: PostgreSQL refuses root, so root hands over to postgres (or nobody)."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it.")
