"""What somebody's own calendar says is read as times and nothing else, whoever wrote it."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.spans import Span, merge
from concierge.workforce import busy, busy_reader
from concierge.workforce.busy import Limits, NoCalendar
from concierge.workforce.busy_reader import Found, Horizon, Unreadable
from concierge.workforce.states import BusyKind

HOME = ZoneInfo("Europe/Zurich")
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HORIZON = Horizon(HOME, AT - busy.BEFORE, AT + busy.AHEAD)
WITHIN_S = 5.0
"""How long a hostile file may keep a processor at work, ours and the child's."""

OUTLOOK = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, before: str = "") -> bytes:
    """A calendar with these appointments, as bytes."""
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{before}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def found(*events: str, before: str = "") -> Found:
    return busy_reader.read(calendar(*events, before=before), HORIZON)


def shown(what: Found, zone: str = "UTC") -> list[str]:
    """The times in words, earliest first."""
    there = ZoneInfo(zone)
    return [
        f"{datetime.fromtimestamp(starts, there):%m-%d %H:%M}–{datetime.fromtimestamp(ends, there):%m-%d %H:%M}"
        for starts, ends, _tentative, _number in sorted(what.times)
    ]


@pytest.fixture
def speaking(sqlite_app: Flask) -> Iterator[None]:
    with sqlite_app.test_request_context():
        yield


def read(data: bytes, *, limits: Limits | None = None, ours: frozenset[str] = frozenset()) -> busy.Reading:
    return busy.read(data, zone=HOME.key, at=AT, ours=lambda uids: ours & set(uids), limits=limits)


# --- what counts


def test_only_times_come_out(speaking: None) -> None:
    words = "Appointment with a doctor at https://clinic.example for Anna"
    data = calendar(
        f"UID:a@x\nSUMMARY:{words}\nDESCRIPTION:{words}\nLOCATION:{words}\nATTENDEE;CN={words}:mailto:a@b.example\n"
        "DTSTART:20260317T090000Z\nDTEND:20260317T100000Z\n"
        f"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:{words}\nEND:VALARM\nATTACH:https://x.example/a"
    )

    answer = busy._asked(data, zone=HOME.key, from_at=HORIZON.from_at, to_at=HORIZON.to_at, limits=Limits())

    assert answer["times"] == [[1773738000, 1773741600, False, 0]]
    assert "doctor" not in json.dumps(answer)
    assert set(answer) == {"times", "uids", "events", "refused", "unreadable"}


@pytest.mark.parametrize(
    "line",
    ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "transp: transparent"],
)
def test_what_is_cancelled_or_shown_as_free_does_not_count(line: str) -> None:
    assert not found(f"UID:a\nDTSTART:20260317T090000Z\nDTEND:20260317T100000Z\n{line}").times


@pytest.mark.parametrize("line", ["STATUS:TENTATIVE", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"])
def test_what_is_tentative_stays_tentative(speaking: None, line: str) -> None:
    data = calendar(
        f"UID:a\nDTSTART:20260317T080000Z\nDTEND:20260317T120000Z\n{line}",
        "UID:b\nDTSTART:20260317T090000Z\nDTEND:20260317T100000Z",
        "UID:c\nDTSTART:20260317T093000Z\nDTEND:20260317T110000Z",
    )

    times = [(f"{each.starts_at:%H:%M}–{each.ends_at:%H:%M}", each.kind) for each in read(data).times]

    assert times == [
        ("08:00–09:00", BusyKind.TENTATIVE),
        ("09:00–11:00", BusyKind.BUSY),
        ("11:00–12:00", BusyKind.TENTATIVE),
    ]


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("DTSTART:20260317T090000", "03-17 09:00–03-17 10:00"),
        ("DTSTART;TZID=Nowhere/Land:20260317T090000", "03-17 09:00–03-17 10:00"),
        ("DTSTART:20260317T090000Z", "03-17 10:00–03-17 11:00"),
        ("DTSTART;TZID=Asia/Tokyo:20260317T170000", "03-17 09:00–03-17 10:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260317T090000", "03-17 09:00–03-17 10:00"),
        ('DTSTART;TZID="Tokyo Standard Time":20260317T170000', "03-17 09:00–03-17 10:00"),
        ("DTSTART;TZID=Eastern Standard Time:20260317T040000", "03-17 09:00–03-17 10:00"),
    ],
)
def test_times_are_meant_in_their_zone_or_else_in_the_technicians(starts: str, expected: str) -> None:
    assert shown(found(f"UID:a\n{starts}\nDURATION:PT1H"), HOME.key) == [expected]


def test_a_zone_of_the_files_own_is_followed_through_its_clock_changes() -> None:
    event = (
        "UID:a\nDTSTART;TZID=Customized Time Zone:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3"
    )

    assert shown(found(event, before=OUTLOOK)) == [
        "03-02 14:00–03-02 15:00",
        "03-09 13:00–03-09 14:00",
        "03-16 13:00–03-16 14:00",
    ]


def test_whole_days_last_from_midnight_to_midnight_where_the_technician_lives() -> None:
    events = (
        "UID:a\nDTSTART;VALUE=DATE:20260317",
        "UID:b\nDTSTART;VALUE=DATE:20260319\nDTEND;VALUE=DATE:20260319",
        "UID:c\nDTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260331",
    )

    assert shown(found(*events), HOME.key) == [
        "03-17 00:00–03-18 00:00",
        "03-19 00:00–03-20 00:00",
        "03-28 00:00–03-31 00:00",
    ]


def test_changed_and_cancelled_instances_take_the_place_of_those_that_repeat() -> None:
    series = "UID:a\nDTSTART;TZID=Europe/Berlin:20260316T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\n"
    changed = found(
        series + "EXDATE;TZID=America/New_York:20260317T040000\nEXDATE:20260318T080000Z",
        "UID:a\nRECURRENCE-ID:20260319T080000Z\nDTSTART;TZID=Europe/Berlin:20260319T150000\nDURATION:PT2H",
        "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20260320T090000\nSTATUS:CANCELLED\n"
        "DTSTART;TZID=Europe/Berlin:20260320T090000\nDURATION:PT1H",
        "UID:b\nRECURRENCE-ID;TZID=Europe/Berlin:20260320T090000\n"
        "DTSTART;TZID=Europe/Berlin:20260321T090000\nDURATION:PT1H",
    )

    assert shown(changed, "Europe/Berlin") == [
        "03-16 09:00–03-16 10:00",
        "03-19 15:00–03-19 17:00",
        "03-21 09:00–03-21 10:00",
    ]


def test_an_instance_moved_here_from_long_ago_counts() -> None:
    moved = found(
        "UID:a\nDTSTART:20240101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
        "UID:a\nRECURRENCE-ID:20240102T090000Z\nDTSTART:20260317T090000Z\nDURATION:PT1H",
    )

    assert shown(moved) == ["03-17 09:00–03-17 10:00"]


def test_travel_extends_the_start() -> None:
    event = "DTSTART:20260317T090000Z\nDURATION:PT1H\nX-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT45M"

    assert shown(found(f"UID:a\n{event}")) == ["03-17 08:15–03-17 10:00"]
    assert shown(found(f"UID:a\n{event}\nRRULE:FREQ=DAILY;COUNT=2"))[1] == "03-18 08:15–03-18 10:00"
    assert shown(found(f"UID:a\n{event}0000000H")) == ["03-17 09:00–03-17 10:00"]


def test_what_starts_in_the_hour_that_the_clocks_jump_over_keeps_its_length() -> None:
    event = "UID:a\nDTSTART;TZID=Europe/Zurich:20260328T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"

    assert shown(found(event))[1] == "03-29 01:30–03-29 02:30"


def test_a_daily_appointment_does_not_vanish_after_a_year_or_long_after_it_began() -> None:
    assert len(found("UID:a\nDTSTART:20200101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY").times) == 401
    assert len(found("UID:a\nDTSTART:20260301T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY").times) == 401


def test_free_busy_times_count() -> None:
    data = (
        b"BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nFREEBUSY;FBTYPE=BUSY:20260317T090000Z/PT1H,20260318T090000Z/"
        b"20260318T100000Z\r\nFREEBUSY;FBTYPE=FREE:20260319T090000Z/PT1H\r\n"
        b"FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260320T090000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR"
    )

    what = busy_reader.read(data, HORIZON)

    assert shown(what) == ["03-17 09:00–03-17 10:00", "03-18 09:00–03-18 10:00", "03-20 09:00–03-20 10:00"]
    assert [tentative for _starts, _ends, tentative, _number in what.times] == [False, False, True]


def test_appointments_of_our_own_do_not_count_again(speaking: None) -> None:
    data = calendar(
        "UID:visit-1\nDTSTART:20260317T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",
        "UID:visit-1\nRECURRENCE-ID:20260318T090000Z\nDTSTART:20260318T120000Z\nDURATION:PT1H",
        "UID:private\nDTSTART:20260319T090000Z\nDURATION:PT1H",
    )

    reading = read(data, ours=frozenset({"visit-1", "visit-2"}))

    assert [f"{each.starts_at:%m-%d}" for each in reading.times] == ["03-19"]


def test_two_that_share_an_identity_are_both_there_and_so_are_those_without() -> None:
    same = (
        "UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H",
        "UID:a\nDTSTART:20260318T090000Z\nDURATION:PT1H",
    )
    none = ("DTSTART:20260319T090000Z\nDURATION:PT1H", "DTSTART:20260320T090000Z\nDURATION:PT1H")

    assert len(found(*same, *none).times) == 4


# --- what is no calendar


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\r\n  \r\n", "empty"),
        (b"<!doctype html><title>Sign in</title>", "page"),
        (b"/etc/passwd", "no calendar"),
        (b"BEGIN:VCARD\r\nEND:VCARD", "no calendar"),
        (b"\x1f\x8b\x08", "no calendar"),
        ("BEGIN:VCALENDAR".encode("utf-16"), "no calendar"),
        (calendar("UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H")[:-16], "broken off"),
        (
            calendar("UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H")[:60] + b"\r\nEND:VCALENDAR",
            "broken off",
        ),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR", "broken off"),
    ],
)
def test_what_is_no_whole_calendar_is_refused_and_says_nothing_about_being_free(
    data: bytes, word: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        busy_reader.read(data, HORIZON)

    assert str(refusal.value) == word


@pytest.mark.parametrize("data", [b"", b"<html>", b"/etc/passwd", b"BEGIN:VCALENDAR\r\n"])
def test_a_refusal_is_a_sentence_with_a_remedy(speaking: None, data: bytes) -> None:
    with pytest.raises(NoCalendar) as refusal:
        read(data)

    assert refusal.value.sentence.count(".") >= 2


def test_an_empty_calendar_is_one(speaking: None) -> None:
    assert read(calendar()).times == ()


def test_a_mark_at_the_start_and_bare_line_ends_are_no_obstacle() -> None:
    data = calendar("UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H")

    for variant in (b"\xef\xbb\xbf" + data, data.replace(b"\r\n", b"\n"), data.replace(b"\r\n", b"\r")):
        assert len(busy_reader.read(variant, HORIZON).times) == 1


# --- what is hostile


def worked() -> float:
    """Seconds of a processor that this process and its children had, however busy the machine is."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=secondly;COUNT=9", "FREQ=FORTNIGHTLY", "INTERVAL=1",
     "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=99999999999999999999",
     "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,1",
     "FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60))),
     "FREQ=DAILY;BYHOUR=6,9,12,15,18,21", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;UNTIL=never",
     "FREQ=DAILY;COUNT=x"],
)  # fmt: skip
def test_a_rule_that_no_person_has_is_not_followed_and_its_first_time_counts(rule: str) -> None:
    before = worked()
    what = found(
        f"UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H\nRRULE:{rule}",
        "UID:b\nDTSTART:20260318T090000Z\nDURATION:PT1H",
    )

    assert shown(what) == ["03-17 09:00–03-17 10:00", "03-18 09:00–03-18 10:00"]
    assert what.refused == 1
    assert worked() - before < WITHIN_S


@pytest.mark.parametrize(
    "event",
    ["UID:a", "UID:a\nDTSTART:soon", "UID:a\nDTSTART:20260317T090000Z\nDTEND:later", "UID:a\nDTSTART:20261399",
     "UID:a\nDTSTART:20260317T090000Z\nDURATION:P99999999999D",
     "UID:a\nDTSTART;VALUE=DATE:20260317\nDTEND:20260318T090000Z\nDURATION:x"],
)  # fmt: skip
def test_what_cannot_be_read_is_counted_and_the_rest_counts(event: str) -> None:
    what = found(event, "UID:b\nDTSTART:20260318T090000Z\nDURATION:PT1H")

    assert "03-18 09:00–03-18 10:00" in shown(what)
    assert what.unreadable == 1


def test_what_is_hidden_from_its_owner_is_said(speaking: None) -> None:
    reading = read(
        calendar(
            "UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY",
            "UID:b\nDTSTART:soon",
            "UID:c\nDTSTART:soon",
        )
    )

    assert (reading.refused, reading.unreadable) == (1, 2)
    assert "1 repeating appointment is" in reading.complaint
    assert "2 appointments" in reading.complaint


def test_all_of_time_is_cut_to_what_is_kept() -> None:
    what = found(
        "UID:a\nDTSTART;VALUE=DATE:00010101\nDTEND;VALUE=DATE:99991231",
        "UID:b\nDTSTART:00010101T000000\nDTEND:00010101T010000",
        "UID:c\nDTSTART:99991231T235959Z\nDURATION:PT0S",
    )

    assert [(starts, ends) for starts, ends, _tentative, _number in what.times] == [
        (int(HORIZON.from_at.timestamp()), int(HORIZON.to_at.timestamp()))
    ]


HOSTILE = {
    "a million folds": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260317T090000Z\r\nDURATION:PT1H\r\n"
    b"SUMMARY:" + b"lol\r\n " * 1_000_000 + b"\r\nEND:VEVENT\r\nEND:VCALENDAR",
    "a million folds where it matters": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:"
    + b"2\r\n " * 1_000_000 + b"\r\nEND:VEVENT\r\nEND:VCALENDAR",
    "3,000 nested": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260317T090000Z\r\nDURATION:PT1H\r\n"
    + b"BEGIN:VALARM\r\n" * 3000 + b"END:VALARM\r\n" * 3000 + b"END:VEVENT\r\nEND:VCALENDAR",
    "3,000 nested appointments": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 3000 + b"END:VEVENT\r\n" * 3000
    + b"END:VCALENDAR",
    "daily since 1601": calendar("UID:a\nDTSTART:16010101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"),
    "30 February": calendar(
        "UID:a\nDTSTART:20260317T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    ),
    "a name as a path": calendar("UID:/etc/passwd\nDTSTART;TZID=../../../etc/passwd:20260317T090000\nDURATION:PT1H"),
    "quotes and colons": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;X=" + b'":' * 200_000
    + b"\r\nEND:VEVENT\r\nEND:VCALENDAR",
    "no end of parts": b"BEGIN:VCALENDAR\r\n" + b"X-A:b\r\n" * 1_000_000 + b"END:VCALENDAR",
    "control characters": calendar("UID:\x00\x0b\nDTSTART:20260317T090000Z\nDURATION:PT1H"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_read_or_refused_at_once(speaking: None, name: str) -> None:
    before = worked()
    try:
        times = read(HOSTILE[name]).times
    except NoCalendar:
        times = ()

    assert worked() - before < WITHIN_S
    assert len(times) <= 401


CENTURIES = tuple(f"UID:{n}\nDTSTART:16010101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY" for n in range(60))
MANY = tuple(
    f"UID:{n}\nDTSTART:20260317T090000Z\nRDATE:" + ",".join(["20260318T090000Z"] * 500) for n in range(200)
)


@pytest.mark.parametrize(
    ("events", "limits"),
    [
        (CENTURIES, Limits(processor_s=1)),
        (CENTURIES, Limits(seconds=1)),
        (MANY, Limits(memory_bytes=40 * 1024 * 1024)),
    ],
)
def test_what_takes_too_much_ends_with_the_child_and_a_sentence(
    speaking: None, events: tuple[str, ...], limits: Limits
) -> None:
    before = worked()

    with pytest.raises(NoCalendar, match="takes too long"):
        read(calendar(*events), limits=limits)

    assert worked() - before < WITHIN_S


def test_5000_appointments_are_read(speaking: None) -> None:
    events = [
        f"UID:{n}\nSUMMARY:{'word ' * 30}\nDURATION:PT5M\n"
        f"DTSTART:2026{3 + n % 9:02}{1 + n % 28:02}T{n % 24:02}{n % 60:02}00Z"
        for n in range(5000)
    ]

    assert len(read(calendar(*events)).times) > 1000


def test_more_than_a_person_has_is_refused(speaking: None) -> None:
    events = [
        f"UID:{n}\nDTSTART:20260302T{n:02}0000Z\nDURATION:PT10S\nRRULE:FREQ=DAILY;BYMINUTE=0,30"
        for n in range(24)
    ]

    with pytest.raises(NoCalendar, match="more appointments"):
        read(calendar(*events))


# --- the same as counting days


@dataclass(frozen=True)
class Made:
    """A random appointment, from which both the file and the times follow."""

    zone: str
    """A name; `UTC`, empty for times without a zone, or `day` for whole days."""
    first: datetime
    minutes: int
    freq: str
    interval: int
    weekdays: tuple[int, ...]
    count: int | None
    until_days: int | None
    left_out: tuple[int, ...]
    moved: tuple[tuple[int, int], ...]
    """Numbers of instances and by how many hours each is moved."""
    status: str
    is_free: bool

    def rule(self) -> str:
        if not self.freq:
            return ""
        parts = [f"FREQ={self.freq}", f"INTERVAL={self.interval}"]
        if self.freq == "WEEKLY":
            names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
            parts.append("BYDAY=" + ",".join(names[day] for day in sorted(self._days())))
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        elif self.until_days is not None:
            parts.append("UNTIL=" + self._until())
        return "RRULE:" + ";".join(parts) + "\n"

    def text(self, uid: str) -> list[str]:
        walls = list(self._walls())
        lines = f"UID:{uid}\n{self._at('DTSTART', self.first)}\n{self._length()}{self.rule()}{self._about()}"
        for number in self.left_out:
            if self.freq and number < len(walls):
                lines += self._at("EXDATE", walls[number]) + "\n"
        events = [lines]
        for number, hours in self._moved(walls):
            moved = self._at("DTSTART", walls[number] + timedelta(hours=hours))
            events.append(
                f"UID:{uid}\n{self._at('RECURRENCE-ID', walls[number])}\n{moved}\n{self._length()}{self._about()}"
            )
        return events

    def times(self) -> list[tuple[Span[datetime], bool]]:
        """When it takes its owner, by counting days one by one."""
        if self.status == "CANCELLED" or self.is_free:
            return []
        walls = list(self._walls())
        gone = {number for number in self.left_out if self.freq}
        moved = dict(self._moved(walls))
        return [
            (self._span(wall + timedelta(hours=moved.get(number, 0))), self.status == "TENTATIVE")
            for number, wall in enumerate(walls)
            if number not in gone
        ]

    def _moved(self, walls: list[datetime]) -> list[tuple[int, int]]:
        fits = self.freq and self.zone != "day"
        return [
            (number, hours)
            for number, hours in dict(self.moved).items()
            if fits and number < len(walls) and number not in self.left_out
        ]

    def _days(self) -> frozenset[int]:
        return frozenset({*self.weekdays, self.first.weekday()})

    def _walls(self) -> Iterator[datetime]:
        last = (HORIZON.to_at + timedelta(days=3)).replace(tzinfo=None)
        if self.freq and self.until_days is not None and self.count is None:
            last = min(last, self.first + timedelta(days=self.until_days))
        number, wall = 0, self.first
        while wall <= last and (self.freq or number == 0) and (self.count is None or number < self.count):
            if self._is_on(wall.date()):
                number += 1
                yield wall
            wall += timedelta(days=1)

    def _is_on(self, day: date) -> bool:
        first = self.first.date()
        passed = (day - first).days
        match self.freq:
            case "DAILY":
                return passed % self.interval == 0
            case "WEEKLY":
                monday = first - timedelta(days=first.weekday())
                return day.weekday() in self._days() and (day - monday).days // 7 % self.interval == 0
            case "MONTHLY":
                months = (day.year - first.year) * 12 + day.month - first.month
                return day.day == first.day and months % self.interval == 0
            case "YEARLY":
                same = (day.month, day.day) == (first.month, first.day)
                return same and (day.year - first.year) % self.interval == 0
        return day == first

    def _span(self, wall: datetime) -> Span[datetime]:
        if self.zone == "day":
            starts = datetime.combine(wall, time(), HOME)
            ends = datetime.combine(wall.date() + timedelta(days=max(1, self.minutes // 240)), time(), HOME)
            return Span(starts.astimezone(UTC), ends.astimezone(UTC))
        zone = ZoneInfo(self.zone) if self.zone else HOME
        starts = wall.replace(tzinfo=zone)
        return Span(
            starts.astimezone(UTC),
            (wall + timedelta(minutes=self.minutes)).replace(tzinfo=zone).astimezone(UTC),
        )

    def _until(self) -> str:
        last = self.first + timedelta(days=self.until_days or 0)
        if self.zone == "day":
            return f"{last:%Y%m%d}"
        if not self.zone:
            return f"{last:%Y%m%dT%H%M%S}"
        return f"{last.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def _at(self, name: str, wall: datetime) -> str:
        match self.zone:
            case "day":
                return f"{name};VALUE=DATE:{wall:%Y%m%d}"
            case "":
                return f"{name}:{wall:%Y%m%dT%H%M%S}"
            case "UTC":
                return f"{name}:{wall:%Y%m%dT%H%M%SZ}"
        return f"{name};TZID={self.zone}:{wall:%Y%m%dT%H%M%S}"

    def _length(self) -> str:
        if self.zone == "day":
            return f"DURATION:P{max(1, self.minutes // 240)}D\n"
        return f"DURATION:PT{self.minutes}M\n"

    def _about(self) -> str:
        return (f"STATUS:{self.status}\n" if self.status else "") + (
            "TRANSP:TRANSPARENT\n" if self.is_free else ""
        )


def made(draw_zone: st.SearchStrategy[str]) -> st.SearchStrategy[Made]:
    return st.builds(
        Made,
        zone=draw_zone,
        # Between five and ten at night: no clock here changes then, so that a wall time is one instant.
        first=st.builds(
            datetime.combine,
            st.dates(date(2023, 1, 1), date(2027, 5, 1)).filter(lambda day: day.day <= 28),
            st.times(time(5), time(16)).map(lambda moment: moment.replace(second=0, microsecond=0)),
        ),
        minutes=st.integers(1, 300),
        freq=st.sampled_from(["", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        interval=st.integers(1, 5),
        weekdays=st.lists(st.integers(0, 6), max_size=4).map(tuple),
        count=st.none() | st.integers(1, 600),
        until_days=st.none() | st.integers(0, 900),
        left_out=st.lists(st.integers(0, 40), max_size=4).map(tuple),
        moved=st.lists(st.tuples(st.integers(0, 40), st.integers(-3, 3)), max_size=3).map(tuple),
        status=st.sampled_from(["", "CONFIRMED", "TENTATIVE", "CANCELLED"]),
        is_free=st.booleans(),
    )


ZONES = st.sampled_from(
    ["", "UTC", "day", "Europe/Zurich", "America/New_York", "Asia/Tokyo", "Australia/Sydney"]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(made(ZONES), min_size=1, max_size=4))
def test_the_times_are_those_that_counting_days_gives(appointments: list[Made]) -> None:
    texts = [text for number, each in enumerate(appointments) for text in each.text(f"uid-{number}")]
    within = Span(HORIZON.from_at, HORIZON.to_at)
    expected: dict[bool, list[Span[datetime]]] = {False: [], True: []}
    for each in appointments:
        for span, is_tentative in each.times():
            if (cut := span.intersection(within)) is not None:
                expected[is_tentative].append(cut)

    what = busy_reader.read(calendar(*texts), HORIZON)

    got: dict[bool, list[Span[datetime]]] = {False: [], True: []}
    for starts, ends, is_tentative, _number in what.times:
        got[is_tentative].append(Span(datetime.fromtimestamp(starts, UTC), datetime.fromtimestamp(ends, UTC)))
    assert (what.refused, what.unreadable) == (0, 0)
    assert merge(got[False]) == merge(expected[False])
    assert merge(got[True]) == merge(expected[True])
