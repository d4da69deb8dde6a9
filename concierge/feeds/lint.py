"""A strict reader of calendar files: says what a calendar program might stumble over.

No library finds lost line ends, lines over 75 octets, a missing VALUE=, an end before its start and a
character cut by a fold, and one bad line empties the calendar on somebody's telephone. Every entry is read
by this before it is stored. The rules are the lines F1–F19 of the feed checklist, and a problem names its
line there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

LINE_OCTETS = 75
SHORTEST_REFRESH_MINUTES = 15

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
_BAD_ESCAPE = re.compile(r"\\(?![\\;,nN])")
_BARE_SEPARATOR = re.compile(r"(?<!\\)(?:\\\\)*[;,]")
_BARE_SEMICOLON = re.compile(r"(?<!\\)(?:\\\\)*;")
_DATE = re.compile(r"\d{8}")
_UTC = re.compile(r"\d{8}T\d{6}Z")
_DURATION = re.compile(r"P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+")

_REQUIRED = ("UID", "DTSTAMP", "DTSTART", "LAST-MODIFIED", "SEQUENCE", "STATUS", "TRANSP", "SUMMARY")
_ONCE = frozenset(_REQUIRED) | {
    "DTEND",
    "CREATED",
    "DESCRIPTION",
    "LOCATION",
    "URL",
    "GEO",
    "CLASS",
    "PRIORITY",
    "DURATION",
    "COLOR",
}
_TEXTS = frozenset(
    {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "PRODID", "NAME", "X-WR-CALNAME", "X-WR-CALDESC"}
)
_CHOICES: Mapping[str, frozenset[str]] = {
    "STATUS": frozenset({"TENTATIVE", "CONFIRMED", "CANCELLED"}),
    "TRANSP": frozenset({"OPAQUE", "TRANSPARENT"}),
}
_NOT_IN_A_CALENDAR = frozenset({"METHOD", "UID", "X-WR-TIMEZONE", "SOURCE"})
_NOT_IN_AN_ENTRY = frozenset({"ATTENDEE", "ORGANIZER", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"})
_FREE_BUSY_TYPES = frozenset({"FREE", "BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"})
_NEEDS_VALUE: Mapping[str, frozenset[str]] = {
    "REFRESH-INTERVAL": frozenset({"DURATION"}),
    "CONFERENCE": frozenset({"URI"}),
    "IMAGE": frozenset({"URI", "BINARY"}),
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong: the physical line (from 1), the line of the feed checklist, and a sentence."""

    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence} ({self.rule})"


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    name: str
    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class _Component:
    number: int
    name: str
    lines: list[_Line]
    parts: "list[_Component]"

    def all(self, name: str) -> list[_Line]:
        return [line for line in self.lines if line.name == name]

    def value(self, name: str) -> str:
        return next((line.value for line in self.lines if line.name == name), "")


def problems(data: bytes) -> tuple[Problem, ...]:
    """Everything wrong with a calendar file; nothing when it may be published."""
    lines, found = _read(data)
    components = _nested(lines, found)
    if [component.name for component in components] != ["VCALENDAR"]:
        found.append(Problem(1, "F1", "The file is one VCALENDAR from its first line to its last."))
    for component in components:
        found.extend(_in_calendar(component))
    return tuple(sorted(found))


def problems_in_entry(data: bytes) -> tuple[Problem, ...]:
    """Everything wrong with the bytes of one VEVENT."""
    lines, found = _read(data)
    components = _nested(lines, found)
    if [component.name for component in components] != ["VEVENT"]:
        found.append(Problem(1, "F1", "The bytes are one VEVENT from their first line to their last."))
    for component in components:
        found.extend(_in_entry(component))
    return tuple(sorted(found))


def _read(data: bytes) -> tuple[list[_Line], list[Problem]]:
    found: list[Problem] = []
    if data.startswith(b"\xef\xbb\xbf"):
        found.append(Problem(1, "F1", "The file begins with a byte order mark."))
        data = data[3:]
    if not data.endswith(b"\r\n"):
        found.append(Problem(data.count(b"\n") + 1, "F1", "The last line does not end with CRLF."))
    unfolded: list[tuple[int, bytes]] = []
    for number, line in enumerate(data.removesuffix(b"\r\n").split(b"\r\n"), start=1):
        if b"\n" in line or b"\r" in line:
            found.append(Problem(number, "F1", "A line ends with CR or LF alone."))
        if len(line) > LINE_OCTETS:
            found.append(
                Problem(number, "F2", f"The line has {len(line)} octets; {LINE_OCTETS} are allowed.")
            )
        if _cuts_a_character(line):
            found.append(Problem(number, "F2", "A fold cuts a character in two, or the line is not UTF-8."))
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1] = (unfolded[-1][0], unfolded[-1][1] + line[1:])
        else:
            unfolded.append((number, line))
    parsed = (_parsed(*each, found) for each in unfolded)
    return [line for line in parsed if line is not None], found


def _cuts_a_character(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _parsed(number: int, raw: bytes, found: list[Problem]) -> _Line | None:
    text = raw.decode(errors="replace")
    if _CONTROL.search(text):
        found.append(Problem(number, "F3", "The line holds a control character."))
    name = _NAME.match(text)
    if name is None:
        found.append(Problem(number, "F4", "The line does not start with the name of a property."))
        return None
    position = name.end()
    parameters: dict[str, str] = {}
    while parameter := _PARAMETER.match(text, position):
        parameters[parameter[1].upper()] = parameter[2].strip('"')
        position = parameter.end()
    if text[position : position + 1] != ":":
        found.append(Problem(number, "F4", f"After {name[0].upper()} a colon and a value are missing."))
        return None
    return _Line(number, name[0].upper(), parameters, text[position + 1 :])


def _nested(lines: list[_Line], found: list[Problem]) -> list[_Component]:
    outermost: list[_Component] = []
    open_ones: list[_Component] = []
    for line in lines:
        match line.name:
            case "BEGIN":
                component = _Component(line.number, line.value.upper(), [], [])
                (open_ones[-1].parts if open_ones else outermost).append(component)
                open_ones.append(component)
            case "END" if open_ones and open_ones[-1].name == line.value.upper():
                open_ones.pop()
            case "END":
                found.append(Problem(line.number, "F4", f"END:{line.value} ends nothing that is open."))
            case _ if open_ones:
                open_ones[-1].lines.append(line)
            case _:
                found.append(Problem(line.number, "F4", f"{line.name} stands outside of every component."))
    found.extend(Problem(each.number, "F1", f"BEGIN:{each.name} has no end.") for each in open_ones)
    return outermost


def _in_calendar(calendar: _Component) -> Iterator[Problem]:
    yield from _texts(calendar)
    for name in ("VERSION", "PRODID"):
        if len(calendar.all(name)) != 1:
            yield Problem(calendar.number, "F5", f"A calendar has one {name}.")
    if calendar.all("VERSION") and calendar.value("VERSION") != "2.0":
        yield Problem(calendar.all("VERSION")[0].number, "F5", "The version is 2.0.")
    for line in calendar.lines:
        if line.name in _NOT_IN_A_CALENDAR:
            yield Problem(line.number, "F5", f"A feed has no {line.name}.")
    yield from _refresh(calendar)
    entries = [part for part in calendar.parts if part.name == "VEVENT"]
    busy = [part for part in calendar.parts if part.name == "VFREEBUSY"]
    if not entries and not busy:
        yield Problem(calendar.number, "F6", "A feed has at least one VEVENT.")
    for part in busy:
        yield from _in_free_busy(part)
    for part in calendar.parts:
        if part.name not in ("VEVENT", "VFREEBUSY"):
            yield Problem(part.number, "F10", f"A feed has no {part.name}: its times are in UTC.")
    for uid, times in Counter(entry.value("UID") for entry in entries).items():
        if times > 1:
            second = [entry for entry in entries if entry.value("UID") == uid][1]
            yield Problem(second.number, "F9", "A UID stands twice in one feed.")
    order = [(_sortable(entry.value("DTSTART")), entry.value("UID")) for entry in entries]
    if order != sorted(order):
        yield Problem(calendar.number, "F17", "The entries are not in the order of their start and UID.")
    for entry in entries:
        yield from _in_entry(entry)


def _refresh(calendar: _Component) -> Iterator[Problem]:
    yield from _values(calendar)
    intervals = calendar.all("REFRESH-INTERVAL")
    if len(intervals) > 1:
        yield Problem(intervals[1].number, "F7", "REFRESH-INTERVAL stands twice.")
    for line in intervals:
        minutes = _minutes(line.value)
        if minutes is None or minutes < SHORTEST_REFRESH_MINUTES:
            yield Problem(
                line.number, "F7", f"REFRESH-INTERVAL is a length of at least PT{SHORTEST_REFRESH_MINUTES}M."
            )
        if calendar.value("X-PUBLISHED-TTL") not in ("", line.value):
            yield Problem(line.number, "F7", "REFRESH-INTERVAL and X-PUBLISHED-TTL differ.")


def _in_entry(entry: _Component) -> Iterator[Problem]:
    yield from _texts(entry)
    yield from _values(entry)
    for name in _REQUIRED:
        if not entry.all(name):
            yield Problem(entry.number, "F8", f"An entry has a {name}.")
    for name, times in Counter(line.name for line in entry.lines).items():
        if times > 1 and name in _ONCE:
            yield Problem(entry.all(name)[1].number, "F8", f"{name} stands twice in one entry.")
    for line in entry.lines:
        if line.name in _CHOICES and line.value not in _CHOICES[line.name]:
            yield Problem(
                line.number, "F8", f"{line.name} is one of {', '.join(sorted(_CHOICES[line.name]))}."
            )
        if line.name in _NOT_IN_AN_ENTRY:
            yield Problem(line.number, "F19", f"An entry of a feed has no {line.name}.")
        if line.name in ("UID", "SUMMARY") and not line.value.strip():
            yield Problem(line.number, "F8", f"{line.name} is not empty.")
    if entry.all("SEQUENCE") and not entry.value("SEQUENCE").isdecimal():
        yield Problem(entry.all("SEQUENCE")[0].number, "F8", "SEQUENCE is a number from 0.")
    yield from _times(entry)
    if entry.value("STATUS") == "CANCELLED" and entry.value("TRANSP") != "TRANSPARENT":
        yield Problem(entry.number, "F16", "A cancelled entry takes no time: TRANSP is TRANSPARENT.")
    for part in entry.parts:
        yield from _in_alarm(part)


def _times(entry: _Component) -> Iterator[Problem]:
    for name in ("DTSTAMP", "LAST-MODIFIED", "CREATED"):
        for line in entry.all(name):
            if not _is_instant(line):
                yield Problem(line.number, "F13", f"{name} is an instant in UTC.")
    if entry.value("DTSTAMP") != entry.value("LAST-MODIFIED"):
        yield Problem(entry.number, "F13", "DTSTAMP and LAST-MODIFIED differ.")
    for name in ("DTSTART", "DTEND"):
        for line in entry.all(name):
            if "TZID" in line.parameters:
                yield Problem(line.number, "F10", f"{name} has a TZID; a feed's times are in UTC.")
            elif line.parameters.get("VALUE") == "DATE":
                if not _is_date(line.value):
                    yield Problem(line.number, "F11", f"{name} with VALUE=DATE is a date.")
            elif not _is_instant(line):
                yield Problem(line.number, "F10", f"{name} is an instant in UTC or has VALUE=DATE.")
    if not entry.all("DTEND"):
        yield Problem(entry.number, "F10", "An entry has a DTEND.")
    elif [
        line.parameters.get("VALUE", "DATE-TIME") for line in entry.lines if line.name in ("DTSTART", "DTEND")
    ][:2] in (
        ["DATE", "DATE-TIME"],
        ["DATE-TIME", "DATE"],
    ):
        yield Problem(entry.number, "F10", "DTSTART and DTEND are of one kind.")
    elif entry.value("DTEND") <= entry.value("DTSTART"):
        yield Problem(entry.all("DTEND")[0].number, "F10", "DTEND is after DTSTART.")


def _in_free_busy(part: _Component) -> Iterator[Problem]:
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND"):
        if len(part.all(name)) != 1:
            yield Problem(part.number, "F8", f"Free and busy times have one {name}.")
    for line in part.lines:
        if line.name in ("DTSTAMP", "DTSTART", "DTEND") and not _is_instant(line):
            yield Problem(line.number, "F10", f"{line.name} is an instant in UTC.")
        elif line.name == "FREEBUSY":
            if line.parameters.get("FBTYPE") not in _FREE_BUSY_TYPES:
                yield Problem(line.number, "F8", "FBTYPE is one of those of RFC 5545.")
            starts, _, ends = line.value.partition("/")
            if not (_UTC.fullmatch(starts) and _UTC.fullmatch(ends) and starts < ends):
                yield Problem(line.number, "F10", "FREEBUSY is a period between two instants in UTC.")
        elif line.name in ("SUMMARY", "DESCRIPTION", "LOCATION", *_NOT_IN_AN_ENTRY):
            yield Problem(line.number, "F18", f"Free and busy times have no {line.name}.")


def _in_alarm(part: _Component) -> Iterator[Problem]:
    if part.name != "VALARM":
        yield Problem(part.number, "F19", f"An entry holds no {part.name}.")
        return
    for name in ("ACTION", "TRIGGER", "DESCRIPTION"):
        if not part.all(name):
            yield Problem(part.number, "F19", f"An alarm has a {name}.")


def _texts(component: _Component) -> Iterator[Problem]:
    for line in component.lines:
        if line.name in _TEXTS and (
            _BAD_ESCAPE.search(_without_pairs(line.value)) or _BARE_SEPARATOR.search(line.value)
        ):
            yield Problem(
                line.number, "F4", f"{line.name} holds a backslash, semicolon or comma that is not escaped."
            )
        elif line.name == "CATEGORIES" and (
            _BAD_ESCAPE.search(_without_pairs(line.value)) or _BARE_SEMICOLON.search(line.value)
        ):
            yield Problem(line.number, "F4", "CATEGORIES holds a backslash or semicolon that is not escaped.")
        elif line.name == "URL" and not _URI.fullmatch(line.value):
            yield Problem(line.number, "F4", "URL is not an address.")


def _values(component: _Component) -> Iterator[Problem]:
    for line in component.lines:
        if (
            line.name in _NEEDS_VALUE
            and line.parameters.get("VALUE", "").upper() not in _NEEDS_VALUE[line.name]
        ):
            yield Problem(
                line.number, "F7", f"{line.name} lacks VALUE={'|'.join(sorted(_NEEDS_VALUE[line.name]))}."
            )
        if line.name == "COLOR" and not line.value.isalpha():
            yield Problem(line.number, "F7", "COLOR is the name of a CSS3 colour.")


def _without_pairs(value: str) -> str:
    return value.replace("\\\\", "")


def _is_instant(line: _Line) -> bool:
    if "TZID" in line.parameters or not _UTC.fullmatch(line.value):
        return False
    try:
        datetime.strptime(line.value, "%Y%m%dT%H%M%S%z")
    except ValueError:
        return False
    return True


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def _minutes(value: str) -> float | None:
    match = _DURATION.fullmatch(value)
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    return ((weeks * 7 + days) * 24 + hours) * 60 + minutes + seconds / 60


def _sortable(start: str) -> str:
    return start if "T" in start else f"{start}T000000Z"
