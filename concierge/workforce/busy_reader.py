"""The child process behind `busy.py`: takes the bytes of somebody's calendar, gives when they are taken.

It is run by path and imports nothing of Concierge but what binds it. In come one line of JSON and then the file; out
goes one line of JSON with times and nothing else: titles, places and guests are dropped line by line before anything is
parsed. Whatever the file asks for, the process has little memory, little time, no network, and reads no file but time
zones.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from recurring_ical_events import CalendarQuery

from concierge.platform import confined

MOST_INSTANCES = 2_000
"""Of one repeating appointment within the horizon."""
MOST_TIMES = 40_000
MOST_ASKED_A_DAY = 24
LONGEST_TRAVEL = timedelta(hours=24)
_EARLIEST, _LATEST = 2, 9998

_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_ONCE = frozenset(
    {"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "TRANSP", "SEQUENCE",
     "X-APPLE-TRAVEL-DURATION", "X-MICROSOFT-CDO-BUSYSTATUS"}
)  # fmt: skip
_OFTEN = frozenset({"RRULE", "RDATE", "EXDATE"})
_ZONE = frozenset({"TZID", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE", "RDATE"})
# Any: these two carry no types.
_when: Any = icalendar.vDDDTypes
_length: Any = icalendar.vDuration

_NAME = re.compile(rb"([A-Za-z0-9-]{1,60})[;:]")
_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_VALUE = re.compile(rb'(?:[^":]|"[^"]*")*?:(.*)', re.DOTALL)


class Unreadable(Exception):
    """The file is no calendar that can be trusted; the word says why."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """Between which instants times are wanted, and the zone of whoever the calendar belongs to."""

    zone: ZoneInfo
    from_at: datetime
    to_at: datetime


@dataclass(slots=True)
class Found:
    """What a calendar says: times as (start, end, whether tentative, number of the uid), and what it hides."""

    times: list[tuple[int, int, bool, int]] = field(default_factory=list)
    uids: list[str] = field(default_factory=list)
    events: int = 0
    refused: int = 0
    """Repetitions that were not followed; only their first appointment counts."""
    unreadable: int = 0
    """Appointments whose time cannot be read."""


@dataclass(slots=True)
class Raw:
    """A component as the lines that are wanted of it."""

    name: str
    lines: list[bytes] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    uid: str = ""
    is_refused: bool = False


def main() -> None:
    """Answer one request on standard input."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answer
    confined.limit(int(sys.argv[1]), int(sys.argv[2]))
    head = json.loads(source.readline())
    data = source.read()
    horizon = Horizon(
        ZoneInfo(head["zone"]), datetime.fromisoformat(head["from"]), datetime.fromisoformat(head["to"])
    )
    confined.shut()
    try:
        found = read(data, horizon)
        answer: dict[str, Any] = {  # Any: JSON values
            "times": found.times,
            "uids": found.uids,
            "events": found.events,
            "refused": found.refused,
            "unreadable": found.unreadable,
        }
    except Unreadable as refusal:
        answer = {"problem": str(refusal)}
    target.write(json.dumps(answer).encode() + b"\n")
    target.flush()


def read(data: bytes, horizon: Horizon) -> Found:
    """Say when a calendar is taken within the horizon.

    :raises Unreadable: when it is no calendar, breaks off, or holds more than anybody's does.
    """
    raws = list(_components(_lines(data)))
    found = Found()
    zones = [raw for raw in raws if raw.name == "VTIMEZONE"]
    events = [raw for raw in raws if raw.name == "VEVENT"]
    found.events = len(events)
    for uid, parsed, is_refused in _series(zones, events):
        _take(uid, parsed, is_refused, horizon, found)
        if len(found.times) > MOST_TIMES:
            raise Unreadable("too many")
    for raw in raws:
        if raw.name == "VFREEBUSY":
            _take_free_busy(raw, horizon, found)
        elif raw.name == "nested":
            found.unreadable += 1
    return found


def _lines(data: bytes) -> Iterator[bytes]:
    """The unfolded lines of a whole calendar.

    :raises Unreadable: when it is something else, or breaks off.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:15].upper() != b"BEGIN:VCALENDAR":
        raise Unreadable("page" if text[:1] == b"<" else "no calendar" if text else "empty")
    if text[-13:].upper() != b"END:VCALENDAR":
        raise Unreadable("broken off")
    yield from _FOLD.sub(b"", text).splitlines()


def _components(lines: Iterable[bytes]) -> Iterator[Raw]:
    """What is wanted of a calendar: zones, appointments and free/busy times, with the lines that matter.

    Everything else is dropped here, however deep it is nested.

    :raises Unreadable: when something is opened and never closed.
    """
    open_names: list[bytes] = []
    raw: Raw | None = None
    for line in lines:
        head = line[:6].upper()
        if head == b"BEGIN:":
            name = line[6:].strip().upper()
            if name == b"VEVENT" and (raw is not None or open_names != [b"VCALENDAR"]):
                yield Raw("nested")
            open_names.append(name)
            if len(open_names) == 2 and name in {b"VEVENT", b"VTIMEZONE", b"VFREEBUSY"}:
                raw = Raw(name.decode())
            elif _is_part_of_zone(raw, open_names) and raw is not None:
                raw.lines.append(b"BEGIN:" + name)
                raw.seen.clear()
        elif line[:4].upper() == b"END:":
            name = line[4:].strip().upper()
            if not open_names or open_names[-1] != name:
                raise Unreadable("broken off")
            if _is_part_of_zone(raw, open_names) and raw is not None:
                raw.lines.append(b"END:" + name)
            open_names.pop()
            if len(open_names) == 1 and raw is not None:
                yield raw
                raw = None
        elif raw is not None and (len(open_names) == 2 or _is_part_of_zone(raw, open_names)):
            _keep(raw, line)
    if open_names:
        raise Unreadable("broken off")


def _is_part_of_zone(raw: Raw | None, open_names: list[bytes]) -> bool:
    return (
        raw is not None
        and raw.name == "VTIMEZONE"
        and len(open_names) == 3
        and open_names[-1] in {b"STANDARD", b"DAYLIGHT"}
    )


def _keep(raw: Raw, line: bytes) -> None:
    """Take a line over if it says when; of what stands once, the first."""
    match = _NAME.match(line)
    if match is None:
        return
    name = match[1].decode().upper()
    if raw.name == "VTIMEZONE":
        if name in _ZONE:
            raw.lines.append(line)
        return
    if raw.name == "VFREEBUSY":
        if name == "FREEBUSY":
            raw.lines.append(line)
        return
    if name in _ONCE and name not in raw.seen:
        raw.seen.add(name)
        if name == "UID":
            raw.uid = _value(line)[:255]
        else:
            raw.lines.append(line)
    elif name == "RRULE":
        if _may_follow(_value(line)):
            raw.lines.append(line)
        else:
            raw.is_refused = True
    elif name in _OFTEN:
        raw.lines.append(line)


def _value(line: bytes) -> str:
    match = _VALUE.match(line)
    return match[1].decode("utf-8", "replace").strip() if match else ""


def _may_follow(rule: str) -> bool:
    """Whether a repetition is one that a person's appointments have (RFC 5545 §3.3.10)."""
    parts = dict(part.upper().partition("=")[::2] for part in rule.split(";") if "=" in part)
    asked = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        asked *= parts.get(name, "").count(",") + 1
    interval = parts.get("INTERVAL", "1")
    return (
        parts.get("FREQ") in _FREQUENCIES
        and asked <= MOST_ASKED_A_DAY
        and interval.isascii()
        and interval.isdigit()
        and 0 < int(interval[:9]) < 100_000
    )


def _series(zones: list[Raw], events: list[Raw]) -> Iterator[tuple[str, list[Any], bool]]:
    """Parse appointments and put those of one series together: what repeats, and its changed instances.

    Two that carry the same uid without being instances of each other are both there, each for itself.
    """
    by_uid: dict[str, list[tuple[Raw, Any]]] = {}
    for number, (raw, parsed) in enumerate(zip(events, _parsed(zones, events), strict=True)):
        by_uid.setdefault(raw.uid or f"\0{number}", []).append((raw, parsed))
    for uid, members in by_uid.items():
        masters = [member for member in members if "RECURRENCE-ID" not in member[1]]
        changed = [parsed for _raw, parsed in members if "RECURRENCE-ID" in parsed]
        masters.sort(key=lambda member: _sequence(member[1]))
        known = "" if uid.startswith("\0") else uid
        if not masters:
            yield known, changed, any(raw.is_refused for raw, _parsed_one in members)
        for raw, parsed in masters:
            is_last = parsed is masters[-1][1]
            yield known, [parsed, *(changed if is_last else ())], raw.is_refused


def _sequence(event: Any) -> int:  # Any: icalendar's component
    try:
        return int(event.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def _parsed(zones: list[Raw], events: list[Raw]) -> list[Any]:  # Any: icalendar's components
    """Parse what was kept; bytes, never text: text of one line would be taken for a path.

    :raises Unreadable: when the parser loses count.
    """
    parts = [b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//"]
    for raw in (*zones, *events):
        parts += [b"BEGIN:" + raw.name.encode(), *raw.lines, b"END:" + raw.name.encode()]
    parts += [b"END:VCALENDAR", b""]
    try:
        calendar: Any = icalendar.Calendar.from_ical(b"\r\n".join(parts))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise Unreadable("no calendar") from error
    found = [part for part in calendar.subcomponents if part.name == "VEVENT"]
    if len(found) != len(events):
        raise Unreadable("no calendar")
    return found


def _take(uid: str, members: list[Any], is_refused: bool, horizon: Horizon, found: Found) -> None:
    """Take the times of one series."""
    found.refused += is_refused
    instances: list[Any]
    try:
        if faults := {name for event in members for name in _faults(event)}:
            found.refused += faults <= _OFTEN
            found.unreadable += not faults <= _OFTEN
            instances = members
        elif len(members) == 1 and not any(
            name in members[0] for name in ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
        ):
            instances = members
        else:
            instances = _unrolled(members, horizon)
            if len(instances) > MOST_INSTANCES:
                found.refused += 1
                instances = members
    except Exception:  # libraries fail in many ways on rules that cannot be; what is sure is kept
        found.refused += 1
        instances = members
    number = len(found.uids)
    times = [each for event in instances if (each := _time(event, number, horizon, found)) is not None]
    if times:
        found.uids.append(uid)
        found.times += times


def _faults(event: Any) -> frozenset[str]:  # Any: icalendar's component
    """The properties that say when, as far as they cannot be read."""
    faults = {str(name).upper() for name, _why in getattr(event, "errors", ())}
    missing = set() if "DTSTART" in event else {"DTSTART"}
    return frozenset((faults | missing) & {"DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE"})


def _unrolled(members: list[Any], horizon: Horizon) -> list[Any]:  # Any: icalendar's components
    """The instances of a series that touch the horizon, and a little more: travel, zones."""
    calendar = icalendar.Calendar()
    for event in members:
        event["UID"] = "one"
        calendar.add_component(event)
    around = LONGEST_TRAVEL + timedelta(days=1)
    return list(CalendarQuery(calendar).between(horizon.from_at - around, horizon.to_at + around))


def _time(event: Any, number: int, horizon: Horizon, found: Found) -> tuple[int, int, bool, int] | None:
    """When one instance takes its owner, within the horizon; `None` when it does not."""
    is_tentative = str(event.get("STATUS", "")).strip().upper() == "TENTATIVE"
    shown = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).strip().upper()
    if (
        str(event.get("STATUS", "")).strip().upper() == "CANCELLED"
        or str(event.get("TRANSP", "")).strip().upper() == "TRANSPARENT"
        or shown == "FREE"
    ):
        return None
    try:
        starts, ends = _bounds(event, horizon.zone)
    except (KeyError, TypeError, ValueError, AttributeError):
        found.unreadable += not _faults(event)
        return None
    except OverflowError:  # a length beyond all time
        found.unreadable += 1
        return None
    starts, ends = max(starts, horizon.from_at), min(ends, horizon.to_at)
    if ends <= starts:
        return None
    return int(starts.timestamp()), int(ends.timestamp()), is_tentative or shown == "TENTATIVE", number


def _bounds(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when to when; an all-day appointment from midnight to midnight where its owner lives."""
    first = event["DTSTART"].dt
    length = event["DURATION"].dt if "DURATION" in event else None
    last = event["DTEND"].dt if "DTEND" in event else None
    if last is None and length is None:
        last = first if isinstance(first, datetime) else first + timedelta(days=1)
    elif last is None:
        last = first + length
    if not isinstance(first, datetime) and not isinstance(last, datetime) and last <= first:
        last = first + timedelta(days=1)
    starts, ends = _instant(first, zone), _instant(last, zone)
    if ends <= starts and last > first:  # it begins in the hour that the clocks jump over
        ends = starts + (last - first)
    if "X-APPLE-TRAVEL-DURATION" in event:
        starts -= _travel(event["X-APPLE-TRAVEL-DURATION"])
    return starts, ends


def _instant(value: date, zone: ZoneInfo) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if not _EARLIEST < moment.year < _LATEST:  # where no zone reaches
        return moment.replace(tzinfo=UTC)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _travel(value: Any) -> timedelta:  # Any: icalendar's text or length
    try:
        length = value.dt if hasattr(value, "dt") else _length.from_ical(str(value))
    except ValueError:
        return timedelta()
    return max(timedelta(), min(length, LONGEST_TRAVEL)) if isinstance(length, timedelta) else timedelta()


def _take_free_busy(raw: Raw, horizon: Horizon, found: Found) -> None:
    """Take the times of a free/busy component (RFC 5545 §3.8.2.6)."""
    number = len(found.uids)
    found.uids.append("")
    for line in raw.lines:
        kind = line.partition(b":")[0].upper()
        if b"FBTYPE=FREE" in kind:
            continue
        for period in _value(line).split(","):
            try:
                starts, _, rest = period.partition("/")
                first = _when.from_ical(starts)
                last = _when.from_ical(rest)
                ends = first + last if isinstance(last, timedelta) else last
                times = _instant(first, horizon.zone), _instant(ends, horizon.zone)
            except (ValueError, TypeError, AttributeError, OverflowError):
                found.unreadable += 1
                continue
            from_at, to_at = max(times[0], horizon.from_at), min(times[1], horizon.to_at)
            if from_at < to_at:
                found.times.append(
                    (int(from_at.timestamp()), int(to_at.timestamp()), b"BUSY-TENTATIVE" in kind, number)
                )
            if len(found.times) > MOST_TIMES:
                raise Unreadable("too many")


if __name__ == "__main__":
    main()
