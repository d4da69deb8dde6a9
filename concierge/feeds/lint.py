"""A strict reader of calendar files: says what a calendar program might stumble over.

No library finds lost line ends, lines over 75 octets, a missing VALUE=, an end before its start and a
character cut by a fold, and one bad line empties the calendar on somebody's telephone. Every entry is read
by this before it is stored, and `concierge feeds lint` reads anybody's file with it. A file with a METHOD is read
as a message (RFC 5546), one of VFREEBUSY as free and busy times, any other as a feed. A problem names the line of
the checklist: F1–F19 for feeds, I1–I17 for messages.
"""

import math
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

_LETTERS = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\\;,]*"
_TEXT = rf"{_LETTERS}(?:\\[\\;,n]{_LETTERS})*"
_MOMENT = r"([0-9]{8}T[0-9]{6}Z)"
_DAY = r";VALUE=DATE:([0-9]{8})"
_USUAL = re.compile(
    rf"BEGIN:VEVENT\r\nDTSTAMP:{_MOMENT}\r\nLAST-MODIFIED:\1\r\nCREATED:{_MOMENT}\r\nUID:[!-+\--:<-\[\]-~]+\r\n"
    rf"(?:DTSTART:{_MOMENT}\r\nDTEND:{_MOMENT}|DTSTART{_DAY}\r\nDTEND{_DAY})\r\nSEQUENCE:[0-9]+\r\n"
    r"TRANSP:(?:OPAQUE\r\nSTATUS:(?:TENTATIVE|CONFIRMED)|TRANSPARENT\r\nSTATUS:(?:TENTATIVE|CONFIRMED|CANCELLED))\r\n"
    rf"(?:CATEGORIES:{_TEXT}\r\n)?SUMMARY:(?=[^\s\\]){_TEXT}\r\n(?:LOCATION:{_TEXT}\r\n)?"
    rf"(?:DESCRIPTION:{_TEXT}\r\n)?(?:URL:[A-Za-z][A-Za-z0-9+.-]*:[!-~]+\r\n)?END:VEVENT\r\n"
)
"""An unfolded entry as it is usually written; more than this is allowed, and nothing of this is wrong but its days
and hours."""

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
    "ORGANIZER",
    "RECURRENCE-ID",
}
_TEXTS = frozenset(
    {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "PRODID", "NAME", "X-WR-CALNAME", "X-WR-CALDESC"}
)
_CHOICES: Mapping[str, frozenset[str]] = {
    "STATUS": frozenset({"TENTATIVE", "CONFIRMED", "CANCELLED"}),
    "TRANSP": frozenset({"OPAQUE", "TRANSPARENT"}),
}
_NOT_IN_A_CALENDAR = frozenset({"METHOD", "UID", "X-WR-TIMEZONE", "SOURCE"})
_NOT_IN_AN_ENTRY = frozenset({"ATTENDEE", "ORGANIZER", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"})
_FREE_BUSY_TYPES = frozenset({"FREE", "BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"})
_ORDINARY_IN_WORDS = """
    ACKNOWLEDGED ACTION ATTACH ATTENDEE BUSYTYPE CALENDAR-ADDRESS CALSCALE CATEGORIES CLASS COLOR COMMENT COMPLETED
    CONCEPT CONFERENCE CONTACT CREATED DESCRIPTION DTEND DTSTAMP DTSTART DUE DURATION EXDATE EXRULE FREEBUSY GEO IMAGE
    LAST-MODIFIED LINK LOCATION LOCATION-TYPE METHOD NAME ORGANIZER PARTICIPANT-TYPE PERCENT-COMPLETE POLL-ITEM-ID
    PRIORITY PRODID PROXIMITY RDATE RECURRENCE-ID REFID REFRESH-INTERVAL RELATED-TO REPEAT REQUEST-STATUS
    RESOURCE-TYPE RESOURCES RRULE SEQUENCE SOURCE STATUS STRUCTURED-DATA STYLED-DESCRIPTION SUMMARY TRANSP TRIGGER
    TZID TZID-ALIAS-OF TZNAME TZOFFSETFROM TZOFFSETTO TZUNTIL TZURL UID URL VERSION"""
_ORDINARY = frozenset(_ORDINARY_IN_WORDS.split())
"""The properties of RFC 5545, 7953, 7986, 9073, 9074 and 9253; any other begins with X-."""
_COLOURS_IN_WORDS = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
    darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue
    firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue
    lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange
    orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum
    powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna
    silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet
    wheat white whitesmoke yellow yellowgreen"""
_COLOURS = frozenset(_COLOURS_IN_WORDS.split())
_WITH_WORDS = frozenset({"PUBLISH", "REQUEST", "ADD", "COUNTER"})
"""Methods whose entries say what and when."""
_ATTENDEES: Mapping[str, tuple[int, float]] = {
    "PUBLISH": (0, 0),
    "REQUEST": (1, math.inf),
    "REPLY": (1, 1),
    "ADD": (1, math.inf),
    "CANCEL": (0, math.inf),
    "REFRESH": (1, 1),
    "COUNTER": (1, math.inf),
    "DECLINECOUNTER": (0, math.inf),
}
"""The methods, and how many attendees an entry of each names (RFC 5546 §3.2)."""
_ANSWERS = frozenset({"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"})
_REMEDIES: Mapping[str, str] = {
    "F1": "Write one VCALENDAR, each line of it ended by CRLF (0D 0A), and send it whole.",
    "F2": "Fold after at most 75 octets (not characters), between two characters, with CRLF and one space.",
    "F3": "Leave control characters out; write a line break inside a text as \\n.",
    "F4": "Escape backslash, semicolon, comma and line break in texts, each with a backslash.",
    "F5": "Write VERSION:2.0 and one PRODID; leave METHOD, UID, X-WR-TIMEZONE and SOURCE out of a feed's header.",
    "F6": "Write one entry that says so when nothing is planned: Evolution keeps the old ones otherwise.",
    "F7": "Write REFRESH-INTERVAL;VALUE=DURATION:PT1H and X-PUBLISHED-TTL:PT1H, and colours by their CSS name.",
    "F8": "Write each of these properties once in each entry, with a value that RFC 5545 allows.",
    "F9": "Give each entry a UID of its own that never changes: of two with the same one, programs show the last.",
    "F10": "Write DTSTART and the later DTEND alike, both in UTC (…Z): programs disagree about anything else.",
    "F11": "Write a whole day as DTSTART;VALUE=DATE:20261124 and DTEND as the day after it.",
    "F13": "Write DTSTAMP and LAST-MODIFIED as the instant of the last change in UTC, never as now.",
    "F16": "Write TRANSP:TRANSPARENT beside STATUS:CANCELLED, so that the time counts as free.",
    "F17": "Write entries in the order of their start, and of their UID where they start together.",
    "F18": "Leave out whatever says more than when somebody is busy.",
    "F19": "Leave it out of a feed; write each occurrence as an entry, and ACTION, TRIGGER, DESCRIPTION in an alarm.",
    "I1": "Send one VCALENDAR with one METHOD and the entries of one UID.",
    "I2": "Write what RFC 5546 §3.2 asks of this method.",
    "I4": "Write one of the methods of RFC 5546, such as REQUEST, REPLY or CANCEL.",
    "I9": "Write times in UTC (…Z), or bring the VTIMEZONE of each TZID along.",
    "I17": "Answer with one ATTENDEE whose PARTSTAT is ACCEPTED, TENTATIVE, DECLINED or DELEGATED.",
}
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

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.rule]

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
    if (other := _of_another_kind(data)) is not None:
        return (other,)
    lines, found = _read(data)
    components = _nested(lines, found)
    if [component.name for component in components] != ["VCALENDAR"]:
        found.append(Problem(1, "F1", "The file is one VCALENDAR from its first line to its last."))
    for component in components:
        found.extend(_in_message(component) if _is_message(component) else _in_calendar(component))
    return tuple(sorted(set(found)))


def _is_message(calendar: _Component) -> bool:
    """Whether it goes from one to another: many feeds say METHOD:PUBLISH and name nobody."""
    names_somebody = any(part.all("ORGANIZER") for part in calendar.parts)
    return bool(calendar.all("METHOD")) and (names_somebody or calendar.value("METHOD").upper() != "PUBLISH")


def _of_another_kind(data: bytes) -> Problem | None:
    """What a file is that has nothing of a calendar: no line of it needs to be read."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(1, "F1", "The file is written in UTF-16; calendars are written in UTF-8.")
    if data[:2] == b"\x1f\x8b":
        return Problem(1, "F1", "The file is compressed; unpack it first.")
    if b"BEGIN:VCALENDAR" in data[:100_000].upper():
        return None
    if re.match(rb"\s*<(!doctype|html|\?xml)", data, re.IGNORECASE):
        return Problem(1, "F1", "This is a web page and no calendar, perhaps one that asks to sign in.")
    return Problem(
        1, "F1", "The file holds no calendar: BEGIN:VCALENDAR is missing." if data else "The file is empty."
    )


def problems_in_entry(data: bytes) -> tuple[Problem, ...]:
    """Everything wrong with the bytes of one VEVENT."""
    if _is_usual(data):
        return ()
    return _problems_in_any_entry(data)


def _is_usual(data: bytes) -> bool:
    """Whether an entry is one of those that are written all the time, in which nothing can be wrong.

    A thousand are read while somebody waits: one look at the whole costs a tenth of reading it line by line.
    """
    *lines, rest = data.split(b"\r\n")
    if rest or not lines or data.count(b"\r") != len(lines) or data.count(b"\n") != len(lines):
        return False  # a fold would hide such line ends
    if max(map(len, lines)) > LINE_OCTETS or (not data.isascii() and any(map(_cuts_a_character, lines))):
        return False
    found = _USUAL.fullmatch(data.replace(b"\r\n ", b"").decode(errors="replace"))
    if found is None:
        return False
    try:
        *_, starts_at, ends_at = [datetime.fromisoformat(moment) for moment in found.groups() if moment]
    except ValueError:
        return False
    return starts_at < ends_at


def _problems_in_any_entry(data: bytes) -> tuple[Problem, ...]:
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
    if not data.endswith((b"\n", b"\r")):
        found.append(Problem(data.count(b"\n") + 1, "F1", "The last line does not end with CRLF."))
    unfolded: list[tuple[int, bytes]] = []
    ended_otherwise: list[int] = []
    for number, whole in enumerate(data.splitlines(keepends=True), start=1):
        line = whole.removesuffix(b"\r\n")
        if line.endswith((b"\r", b"\n")):
            ended_otherwise.append(number)
            line = line[:-1]
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
    if ended_otherwise:
        others = f", and {len(ended_otherwise) - 1} more" if len(ended_otherwise) > 1 else ""
        found.append(Problem(ended_otherwise[0], "F1", f"The line ends with CR or LF alone{others}."))
    parsed = (_parsed(*each, found) for each in unfolded)
    return [line for line in parsed if line is not None], found


def _cuts_a_character(line: bytes) -> bool:
    if line.isascii():
        return False
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
    if not (_is_property(name[0].upper()) or name[0].upper() in ("BEGIN", "END")):
        found.append(
            Problem(
                number, "F4", f"There is no property {name[0]}; a text before it may hold a bare line break."
            )
        )
    return _Line(number, name[0].upper(), parameters, text[position + 1 :])


def _is_property(name: str) -> bool:
    return name in _ORDINARY or name.startswith("X-")


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


def _in_header(calendar: _Component) -> Iterator[Problem]:
    yield from _texts(calendar)
    for name in ("VERSION", "PRODID"):
        if len(calendar.all(name)) != 1:
            yield Problem(calendar.number, "F5", f"A calendar has one {name}.")
    if calendar.all("VERSION") and calendar.value("VERSION") != "2.0":
        yield Problem(calendar.all("VERSION")[0].number, "F5", "The version is 2.0.")


def _in_calendar(calendar: _Component) -> Iterator[Problem]:
    yield from _in_header(calendar)
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
    uids: dict[tuple[str, str], int] = {}
    for entry in entries:
        first = uids.setdefault((entry.value("UID"), entry.value("RECURRENCE-ID")), entry.number)
        if first != entry.number and entry.all("UID"):
            yield Problem(
                entry.all("UID")[0].number, "F9", f"The UID stands already in the entry of line {first}."
            )
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


def _in_free_busy(part: _Component, *, is_message: bool = False) -> Iterator[Problem]:
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND"):
        if len(part.all(name)) != 1:
            yield Problem(part.number, "F8", f"Free and busy times have one {name}.")
    for line in part.lines:
        if line.name in ("DTSTAMP", "DTSTART", "DTEND") and not _is_instant(line):
            yield Problem(line.number, "F10", f"{line.name} is an instant in UTC.")
        elif line.name == "FREEBUSY":
            if line.parameters.get("FBTYPE", "BUSY") not in _FREE_BUSY_TYPES:
                yield Problem(line.number, "F8", "FBTYPE is one of those of RFC 5545.")
            if not all(_is_period(period) for period in line.value.split(",")):
                yield Problem(
                    line.number, "F10", "FREEBUSY is a period from an instant in UTC, to a later one."
                )
        elif line.name in ("SUMMARY", "DESCRIPTION", "LOCATION", *_NOT_IN_AN_ENTRY) and not (
            is_message and line.name in ("ATTENDEE", "ORGANIZER")
        ):
            yield Problem(line.number, "F18", f"Free and busy times have no {line.name}.")


def _is_period(text: str) -> bool:
    starts, _, ends = text.partition("/")
    if not _UTC.fullmatch(starts):
        return False
    return starts < ends if _UTC.fullmatch(ends) else _minutes(ends) not in (None, 0)


def _in_message(calendar: _Component) -> Iterator[Problem]:
    """The tables of RFC 5546 §3.2 and §3.3, as far as programs stumble over them."""
    yield from _in_header(calendar)
    methods = calendar.all("METHOD")
    if len(methods) > 1:
        yield Problem(methods[1].number, "I1", "A message has one METHOD.")
    method = methods[0].value.upper()
    if method not in _ATTENDEES:
        yield Problem(methods[0].number, "I4", f"METHOD is one of {', '.join(sorted(_ATTENDEES))}.")
        return
    parts = [part for part in calendar.parts if part.name != "VTIMEZONE"]
    kinds = {part.name for part in parts}
    if len(kinds) != 1 or (method != "PUBLISH" and len({part.value("UID") for part in parts}) != 1):
        yield Problem(
            calendar.number, "I1", "A message is about one thing: all its entries have one kind and one UID."
        )
    zones = {zone.value("TZID") for zone in calendar.parts if zone.name == "VTIMEZONE"}
    for part in parts:
        yield from _texts(part)
        yield from _values(part)
        if part.name == "VFREEBUSY":
            yield from _in_free_busy(part, is_message=True)
        else:
            yield from _in_invitation(part, method=method, zones=zones)
        yield from _people(part, method=method)


def _in_invitation(entry: _Component, *, method: str, zones: set[str]) -> Iterator[Problem]:
    needed = ["UID", "DTSTAMP"]
    needed += ["DTSTART", "SUMMARY"] if method in _WITH_WORDS else []
    needed += ["SEQUENCE"] if method in ("CANCEL", "ADD", "COUNTER") else []
    for name in needed:
        if not entry.all(name):
            yield Problem(entry.number, "I2", f"An entry of a {method} has a {name}.")
    for name, times in Counter(line.name for line in entry.lines).items():
        if times > 1 and name in _ONCE:
            yield Problem(entry.all(name)[1].number, "F8", f"{name} stands twice in one entry.")
    for line in entry.lines:
        if line.name in _CHOICES and line.value not in _CHOICES[line.name]:
            yield Problem(
                line.number, "F8", f"{line.name} is one of {', '.join(sorted(_CHOICES[line.name]))}."
            )
    if entry.all("SEQUENCE") and not entry.value("SEQUENCE").isdecimal():
        yield Problem(entry.all("SEQUENCE")[0].number, "F8", "SEQUENCE is a number from 0.")
    if method == "CANCEL" and entry.value("STATUS") not in ("", "CANCELLED"):
        yield Problem(entry.all("STATUS")[0].number, "I2", "The STATUS of a CANCEL is CANCELLED.")
    if entry.parts and method not in ("PUBLISH", "ADD"):
        yield Problem(
            entry.parts[0].number, "I2", f"A {method} holds no {entry.parts[0].name}: each sets their own."
        )
    for name in ("DTSTAMP", "LAST-MODIFIED", "CREATED"):
        for line in entry.all(name):
            if not _is_instant(line):
                yield Problem(line.number, "F13", f"{name} is an instant in UTC.")
    yield from _times_of_message(entry, zones)


def _times_of_message(entry: _Component, zones: set[str]) -> Iterator[Problem]:
    kinds = set()
    for line in (*entry.all("DTSTART"), *entry.all("DTEND")):
        zone, kind = line.parameters.get("TZID", ""), line.parameters.get("VALUE", "DATE-TIME").upper()
        kinds.add((kind, zone))
        if kind == "DATE":
            if not _is_date(line.value):
                yield Problem(line.number, "F11", f"{line.name} with VALUE=DATE is a date.")
        elif zone and zone not in zones:
            yield Problem(line.number, "I9", f"{line.name} has a TZID whose VTIMEZONE is missing.")
        elif not zone and not _is_instant(line):
            yield Problem(
                line.number, "I9", f"{line.name} is an instant in UTC, or has a TZID or VALUE=DATE."
            )
    if len({kind for kind, _ in kinds}) > 1:
        yield Problem(entry.number, "F10", "DTSTART and DTEND are of one kind.")
    elif len(kinds) == 1 and entry.all("DTEND") and entry.value("DTEND") <= entry.value("DTSTART"):
        yield Problem(entry.all("DTEND")[0].number, "F10", "DTEND is after DTSTART.")


def _people(part: _Component, *, method: str) -> Iterator[Problem]:
    if len(part.all("ORGANIZER")) != 1:
        yield Problem(part.number, "I2", f"A {method} names one ORGANIZER.")
    least, most = _ATTENDEES[method]
    attendees = part.all("ATTENDEE")
    if not least <= len(attendees) <= most:
        words = "exactly one ATTENDEE" if most == 1 else "at least one ATTENDEE" if least else "no ATTENDEE"
        yield Problem(attendees[-1].number if attendees else part.number, "I2", f"A {method} names {words}.")
    for line in (*attendees, *part.all("ORGANIZER")):
        if not _URI.fullmatch(line.value):
            yield Problem(line.number, "I2", f"{line.name} is an address such as mailto:a@b.example.")
    if method == "REPLY":
        for line in attendees:
            if line.parameters.get("PARTSTAT", "").upper() not in _ANSWERS:
                yield Problem(line.number, "I17", "The ATTENDEE of a REPLY has a PARTSTAT that is an answer.")


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
        if line.name == "COLOR" and line.value.lower() not in _COLOURS:
            yield Problem(line.number, "F7", "COLOR is the name of a CSS3 colour.")


def _without_pairs(value: str) -> str:
    return value.replace("\\\\", "")


def _is_instant(line: _Line) -> bool:
    if "TZID" in line.parameters or not _UTC.fullmatch(line.value):
        return False
    try:
        datetime.fromisoformat(line.value)
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
