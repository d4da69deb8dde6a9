"""Two calendar programs that run here without a screen: each subscribes to an address and tells what it holds."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tests.processes import dies_with_parent, stop

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = (
    "thunderbird xvfb xauth evolution-data-server gir1.2-ecal-2.0 gir1.2-edataserver-1.2 dbus-x11 python3-gi"
)
CALENDAR = "11111111-1111-4111-8111-111111111111"
"""The name of the one calendar in Thunderbird's profile."""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One entry as a program holds it: instants in UTC, or days."""

    uid: str
    title: str
    start: str
    end: str
    status: str


class Program(Protocol):
    """A running calendar program."""

    name: str

    def look(self) -> frozenset[Held] | None:
        """What it holds now; None while it cannot say."""


class Thunderbird:
    """Reads the file in which Thunderbird keeps a subscribed calendar; it looks at the address once a minute."""

    name = "Thunderbird"

    def __init__(self, profile: Path) -> None:
        self._kept = profile / "calendar-data"

    def look(self) -> frozenset[Held] | None:
        with tempfile.TemporaryDirectory() as folder:  # Thunderbird keeps its own file locked
            for path in self._kept.glob("cache.sqlite*"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(path, folder)
            copy = Path(folder) / "cache.sqlite"
            if not copy.exists():
                return None
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                try:
                    rows = connection.execute(
                        "SELECT id, title, event_start, event_end, event_start_tz, ical_status FROM cal_events"
                    ).fetchall()
                except sqlite3.DatabaseError:
                    return None
        return frozenset(
            Held(uid, title, _moment(start, zone), _moment(end, zone), status or "")
            for uid, title, start, end, zone, status in rows
        )


class Evolution:
    """Asks Evolution's data server, which fetches anew for every look."""

    name = "Evolution"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def look(self) -> frozenset[Held] | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("look\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("Evolution's data server ended.")
        return frozenset(Held(**each) for each in json.loads(line))


def missing() -> list[str]:
    """The programs that are not installed."""
    wanted = ("thunderbird", "xvfb-run", "dbus-run-session", SYSTEM_PYTHON)
    absent = [name for name in wanted if shutil.which(name) is None]
    look = "import gi; gi.require_version('ECal', '2.0')"
    if not absent and subprocess.run([SYSTEM_PYTHON, "-c", look], capture_output=True).returncode:
        absent.append("Evolution's bindings for Python")
    return absent


@contextlib.contextmanager
def thunderbird(address: str, work: Path) -> Iterator[Thunderbird]:
    """Run Thunderbird with a fresh profile that subscribes to an address."""
    profile = work / "thunderbird"
    profile.mkdir(parents=True)
    calendar = f"calendar.registry.{CALENDAR}"
    wishes: dict[str, object] = {
        f"{calendar}.type": "ics",
        f"{calendar}.uri": address,
        f"{calendar}.name": "Concierge",
        f"{calendar}.cache.enabled": True,
        f"{calendar}.refreshInterval": "1",
        f"{calendar}.readOnly": True,
        "calendar.list.sortOrder": CALENDAR,
        "mail.provider.suppress_dialog_on_startup": True,
        "mail.spotlight.firstRunDone": True,
        "datareporting.policy.bypassNotification": True,
        "app.donation.eoy.version.viewed": 999,
        "app.update.enabled": False,
    }
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wishes.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = ["xvfb-run", "-a", "thunderbird", "--profile", str(profile), "-calendar"]
    with _running(command, home=work / "thunderbird-home", log=work / "thunderbird.log"):
        yield Thunderbird(profile)


@contextlib.contextmanager
def evolution(address: str, work: Path) -> Iterator[Evolution]:
    """Run Evolution's data server in a session of its own, subscribed to an address."""
    command = ["dbus-run-session", "--", SYSTEM_PYTHON, "-I", str(HERE / "evolution.py"), address]
    with _running(command, home=work / "evolution-home", log=work / "evolution.log") as process:
        yield Evolution(process)


@contextlib.contextmanager
def _running(command: list[str], *, home: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
    home.mkdir(parents=True)
    settings = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_AT_BRIDGE": "1"}
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=lines,
            env=settings,
            text=True,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        stop(process, with_signal=signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def holds(program: Program, expected: frozenset[Held], *, within_s: float) -> frozenset[Held] | None:
    """Wait until a program holds exactly this; gives what it held last."""
    give_up_at = time.monotonic() + within_s
    last: frozenset[Held] | None = None
    while time.monotonic() < give_up_at:
        last = program.look()
        if last == expected:
            break
        time.sleep(2)
    return last


def _moment(microseconds: int, zone: str) -> str:
    when = datetime.fromtimestamp(microseconds / 1_000_000, tz=UTC)
    return f"{when:%Y-%m-%d}" if zone == "floating" else f"{when:%Y-%m-%dT%H:%M:%SZ}"


if sys.platform != "linux":
    raise SystemExit("The release check of calendars runs on Linux.")
