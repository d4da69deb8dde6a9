"""When somebody's own calendar is taken: its bytes go into a child process, times come out and nothing else.

The child (`busy_reader.py`) has limits of memory and of processor time, and this side has a clock. What a file asks
for decides only about its own reading: one that needs too much ends with the child and a sentence.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.spans import Span, gaps, merge
from concierge.platform.errors import Refused
from concierge.workforce.states import BusyKind

BEFORE = timedelta(days=1)
AHEAD = timedelta(days=400)
"""How far back and how far ahead times are kept."""
MOST_TIMES = 10_000

_READER = Path(__file__).with_name("busy_reader.py")
_KEPT = ("PATH", "SYSTEMROOT", "PYTHONTZPATH")


class NoCalendar(Refused):
    """What was found is no calendar that can be trusted; what was known before stays."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one calendar may use: seconds by the clock and of the processor, bytes of memory."""

    seconds: float = 20.0
    processor_s: int = 10
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Busy:
    """A stretch of time that is taken, and how firmly."""

    starts_at: datetime
    ends_at: datetime
    kind: BusyKind


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar says: times in order without overlaps, and how much of it could not be followed."""

    times: tuple[Busy, ...]
    refused: int = 0
    """Repetitions of which only the first appointment counts."""
    unreadable: int = 0
    """Appointments whose time could not be read."""

    @property
    def complaint(self) -> str:
        """What its owner should know, in words; empty when all of it counts."""
        said = []
        if self.refused:
            said.append(
                ngettext(
                    "%(num)s repeating appointment is not followed beyond its first time.",
                    "%(num)s repeating appointments are not followed beyond their first time.",
                    self.refused,
                )
            )
        if self.unreadable:
            said.append(
                ngettext(
                    "The time of %(num)s appointment could not be read.",
                    "The times of %(num)s appointments could not be read.",
                    self.unreadable,
                )
            )
        if said:
            said.append(_("Enter days away as an absence instead."))
        return " ".join(said)


def read(
    data: bytes,
    *,
    zone: str,
    at: datetime,
    ours: Callable[[Collection[str]], Collection[str]],
    limits: Limits | None = None,
) -> Reading:
    """Read when a calendar is taken, from a day before an instant to 400 days after it.

    :param zone: of its owner: whole days and times without a zone are meant there.
    :param ours: says which of these uids are appointments of our own; they are known and do not count again.
    :raises NoCalendar: when it is no calendar, breaks off, or takes too much to read.
    """
    answer = _asked(data, zone=zone, from_at=at - BEFORE, to_at=at + AHEAD, limits=limits or Limits())
    if problem := answer.get("problem"):
        raise NoCalendar(_sentence(str(problem)))
    uids = [str(uid) for uid in answer["uids"]]
    known = ours({uid for uid in uids if uid})
    firm: list[Span[datetime]] = []
    tentative: list[Span[datetime]] = []
    for starts, ends, is_tentative, number in answer["times"]:
        if uids[number] not in known:
            span = Span(datetime.fromtimestamp(starts, UTC), datetime.fromtimestamp(ends, UTC))
            (tentative if is_tentative else firm).append(span)
    times = _ordered(firm, tentative)
    if len(times) > MOST_TIMES:
        raise NoCalendar(_sentence("too many"))
    return Reading(times, int(answer["refused"]), int(answer["unreadable"]))


def _ordered(firm: list[Span[datetime]], tentative: list[Span[datetime]]) -> tuple[Busy, ...]:
    """Join what overlaps; what is firmly taken is not tentative as well."""
    taken = merge(firm)
    found = [(span, BusyKind.BUSY) for span in taken]
    place = 0
    for span in merge(tentative):
        while place < len(taken) and _end(taken[place]) <= span.from_at:
            place += 1
        last = place
        while last < len(taken) and taken[last].from_at < _end(span):
            last += 1
        found += [(left, BusyKind.TENTATIVE) for left in gaps(taken[place:last], within=span)]
    return tuple(
        Busy(span.from_at, _end(span), kind) for span, kind in sorted(found, key=lambda each: each[0].from_at)
    )


def _end(span: Span[datetime]) -> datetime:
    return span.to_at or span.from_at


def _asked(
    data: bytes, *, zone: str, from_at: datetime, to_at: datetime, limits: Limits
) -> dict[str, Any]:  # Any: JSON values
    """Let the child read.

    :raises NoCalendar: when it does not come back with an answer.
    """
    head = json.dumps({"zone": zone, "from": from_at.isoformat(), "to": to_at.isoformat()}).encode()
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-P", str(_READER), str(limits.memory_bytes), str(limits.processor_s)]
    try:
        child = subprocess.run(  # noqa: S603 - this very Python on a file of ours
            command,
            input=head + b"\n" + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=limits.seconds,
            start_new_session=True,
            check=False,
        )
        answer = json.loads(child.stdout or b"{}")
    except (subprocess.TimeoutExpired, ValueError):
        answer = {}
    return answer if "times" in answer or "problem" in answer else {"problem": "too hard"}


def _sentence(problem: str) -> str:
    match problem:
        case "page":
            return _("There is a web page at the address, no calendar. Copy the address that ends in .ics.")
        case "empty":
            return _("The file at the address is empty. Copy the address again from your calendar.")
        case "broken off":
            return _("The calendar breaks off in the middle. It is read again later.")
        case "too many":
            return _("The calendar holds more appointments than a person has. Use one of your own.")
        case "too hard":
            return _("The calendar takes too long to read. Take repetitions out that go on for centuries.")
    return _("There is no calendar at the address. Copy the address that ends in .ics.")
