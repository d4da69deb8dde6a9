"""Five independent programs reading a calendar file, each telling which entries it sees.

None of them shares code with the library that writes our feeds.
"""

import json
import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """One entry as a program understood it: start and end as ISO text, in UTC."""

    uid: str
    start: str
    end: str
    title: str


Reader = Callable[[bytes], set[Seen]]


def read_with_libical(data: bytes) -> set[Seen]:
    """libical, with its table of RFC 5546 restrictions: any complaint is an error."""
    answer = _answer(["/usr/bin/python3", "-I", str(HERE / "libical_reader.py")], data)
    assert answer["errors"] == [], answer["errors"]
    return {Seen(**each) for each in answer["entries"]}


def read_with_icaljs(data: bytes) -> set[Seen]:
    """ical.js, which Thunderbird reads with, run by Deno with no permission at all."""
    return _read_with_deno("icaljs_reader.mjs", data)


def read_with_nodeical(data: bytes) -> set[Seen]:
    """node-ical, of MagicMirror and Homebridge, run by Deno; a library of its own asks for one variable."""
    return _read_with_deno("nodeical_reader.mjs", data, "--allow-env=TOTEXT_LANGS")


def shown_by(read: Reader, title: str) -> str:
    """What a program makes of a title: node-ical alone takes an escaped backslash before an n for a line break."""
    return re.sub(r"\\[nN]", "\\\\\n", title) if read is read_with_nodeical else title


def _read_with_deno(script: str, data: bytes, *permissions: str) -> set[Seen]:
    deno = Path(sysconfig.get_path("scripts")) / "deno"
    command = [str(deno), "run", "--quiet", "--no-prompt", "--cached-only", "--frozen", *permissions]
    answer = _answer([*command, str(HERE / script)], data)
    return {Seen(**each) for each in answer["entries"]}


def read_with_ical(data: bytes) -> set[Seen]:
    """`ical`, the strict reader of Home Assistant."""
    from ical.calendar_stream import IcsCalendarStream

    calendar = IcsCalendarStream.calendar_from_ics(data.decode())
    return {Seen(e.uid, _iso(e.dtstart), _iso(e.dtend), e.summary) for e in calendar.events}


def read_with_vobject(data: bytes) -> set[Seen]:
    """vobject, with its validation of cardinalities."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vobject

        calendar = vobject.readOne(data.decode())
        calendar.validate(raiseException=True)
    return {
        Seen(e.uid.value, _iso(e.dtstart.value), _iso(e.dtend.value), e.summary.value)
        for e in calendar.vevent_list
    }


def _answer(command: list[str], data: bytes) -> Any:  # Any: JSON
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "NO_COLOR": "1"}
    if "DENO_DIR" in os.environ:
        environment["DENO_DIR"] = os.environ["DENO_DIR"]
    done = subprocess.run(
        command, input=data, capture_output=True, timeout=60, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def _iso(moment: date | datetime) -> str:
    return (
        f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else moment.isoformat()
    )


def entries_in(data: bytes) -> set[Seen]:
    """What our own bytes say, read by nothing but splitting: the plain expectation in tests of bytes."""
    text = data.replace(b"\r\n ", b"").decode()
    found = set()
    for block in re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT\r\n", text, re.DOTALL):
        values = dict(line.partition(":")[::2] for line in block.split("\r\n") if line)
        start, end = (_of_line(values, name) for name in ("DTSTART", "DTEND"))
        title = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], values["SUMMARY"])
        found.add(Seen(values["UID"], start, end, title))
    return found


def _of_line(values: dict[str, str], name: str) -> str:
    if name in values:
        return f"{datetime.strptime(values[name], '%Y%m%dT%H%M%SZ'):%Y-%m-%dT%H:%M:%SZ}"
    return date.fromisoformat(values[f"{name};VALUE=DATE"]).isoformat()


def _libical_is_there() -> bool:
    if not Path("/usr/bin/python3").exists():
        return False
    probe = "import gi; gi.require_version('ICalGLib', '3.0')"
    return (
        subprocess.run(["/usr/bin/python3", "-Ic", probe], capture_output=True, check=False).returncode == 0
    )


def _package_is_there(name: str) -> bool:
    deno = Path(sysconfig.get_path("scripts")) / "deno"
    return (shutil.which(str(deno)) is not None) and (ROOT / "node_modules" / name).exists()


def _needs(is_there: bool, remedy: str) -> list[pytest.MarkDecorator]:
    if is_there or os.environ.get("CI") == "true":
        return []
    return [pytest.mark.skip(reason=remedy)]


READERS = [
    pytest.param(
        read_with_libical,
        id="libical",
        marks=_needs(
            _libical_is_there(), "libical is missing: apt-get install python3-gi gir1.2-ical-3.0 brings it"
        ),
    ),
    pytest.param(read_with_ical, id="ical"),
    pytest.param(read_with_vobject, id="vobject"),
    pytest.param(
        read_with_icaljs,
        id="ical.js",
        marks=_needs(_package_is_there("ical.js"), "ical.js is missing: ./dev test brings it"),
    ),
    pytest.param(
        read_with_nodeical,
        id="node-ical",
        marks=_needs(_package_is_there("node-ical"), "node-ical is missing: ./dev test brings it"),
    ),
]
