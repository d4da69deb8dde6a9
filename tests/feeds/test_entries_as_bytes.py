"""One entry: its bytes (feed checklist F1–F4, F8, F10–F14)."""

import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Alarm, Event
from icalendar.prop import vCategory, vDuration, vUri

from concierge.feeds import calendar_file, lint, vevent, words
from concierge.feeds.sentences import SENTENCES
from concierge.feeds.states import Scope, Shows
from concierge.feeds.vevent import Entry, Status, Transparency
from concierge.platform.speech import CUSTOMERS
from tests.feeds import readers

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 16, 8, 30, tzinfo=UTC)

ENTRY = Entry(
    uid="7c1f0c9e-visit@concierge",
    sequence=2,
    created_at=AT - timedelta(days=30),
    modified_at=AT,
    start=datetime(2026, 12, 14, 8, 0, tzinfo=UTC),
    end=datetime(2026, 12, 14, 15, 0, tzinfo=UTC),
    summary="Installation: Isar Klinik, München",
    description="Local time at the site: Mon 14 Dec 2026, 09:00–16:00",
    location="Isar Klinik, Sonnenstraße 24–26, 80331 München",
    categories=("Installation",),
    url="https://concierge.example/visits/12",
)
APPOINTMENT = words.Appointment(
    uid="7c1f0c9e-visit@concierge",
    sequence=2,
    created_at=AT - timedelta(days=30),
    kind="install",
    status=Status.CONFIRMED,
    start_at=datetime(2026, 12, 14, 8, 0, tzinfo=UTC),
    end_at=datetime(2026, 12, 15, 15, 30, tzinfo=UTC),
    zone="Europe/Berlin",
    account="Isar Klinik",
    place="München",
    address="Isar Klinik, Sonnenstraße 24–26, 80331 München, Deutschland",
    title="Installation of Orbitrap Exploris 240; with UHPLC, binary",
    project_key="IK-2041",
    url="https://concierge.example/visits/12",
)
HOSTILE = (
    "a\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "NUL\x00 VT\x0b FF\x0c DEL\x7f NEL\x85 LS\u2028 PS\u2029 end",
    "semi;colon, comma \\ backslash \\n \\N \\; \"quoted\" 'x' ^n ^'",
    "🧪" * 200,
    "👩‍🔬é̂" * 60,
    "\u202eright to left\u202c שלום \u200f",
    "x" * 10_000,
    "BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM",
    "\ud800 lone surrogate",
    " leading and trailing \t",
    "=cmd|' /C calc'!A0",
    "",
)
hostile_texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), max_size=300),
    st.text(st.sampled_from('\r\n\t\\;,:"^nN \x00\x0b\x85\u2028é🧪'), max_size=120),
)


def file_of(*entries: bytes, language: str = "en") -> bytes:
    title = calendar_file.title_of(Shows.VISITS, Scope.PERSON, "Tomas Berger", language=language)
    return calendar_file.joined(calendar_file.header(title=title, language=language), entries)


def unfolded(data: bytes) -> str:
    return data.replace(b"\r\n ", b"").decode()


def values(data: bytes, name: str) -> list[str]:
    lines = unfolded(data).split("\r\n")
    return [line.partition(":")[2] for line in lines if line.split(":")[0].split(";")[0] == name]


@settings(max_examples=150, deadline=None)
@given(summary=hostile_texts, other=hostile_texts)
def test_f1_f2_f3_f4_hostile_text_stays_in_its_property(summary: str, other: str) -> None:
    entry = replace(
        ENTRY, summary=summary, description=other, location=other, categories=(summary, other),
        url="https://x.example/" + other, uid="uid-" + summary,
    )  # fmt: skip

    data = vevent.render(entry)

    assert lint.problems_in_entry(data) == ()
    assert lint.problems(file_of(data)) == ()
    assert values(data, "BEGIN") == values(data, "END") == ["VEVENT"]
    assert {line.partition(":")[0].partition(";")[0] for line in unfolded(data).split("\r\n") if line} <= {
        "BEGIN", "UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY",
        "DESCRIPTION", "LOCATION", "STATUS", "TRANSP", "CATEGORIES", "URL", "END",
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(summary=hostile_texts)
@pytest.mark.parametrize("read", [readers.read_with_ical, readers.read_with_vobject], ids=["ical", "vobject"])
def test_f4_other_programs_read_hostile_text_as_it_was_written(read: readers.Reader, summary: str) -> None:
    data = file_of(vevent.render(replace(ENTRY, summary=summary)))

    (seen,) = read(data)

    expected = vevent.one_line(summary, at_most=vevent.SUMMARY_CHARACTERS) or "–"
    assert (seen.uid, seen.title) == (ENTRY.uid, expected)


@pytest.mark.parametrize("read", readers.READERS)
def test_f4_f20_every_reader_sees_the_same_hostile_entries(read: readers.Reader) -> None:
    rendered = [
        vevent.render(replace(ENTRY, uid=f"{n}@concierge", summary=text, description=text, location=text))
        for n, text in enumerate(HOSTILE)
    ]
    expected = {
        readers.Seen(
            f"{n}@concierge",
            "2026-12-14T08:00:00Z",
            "2026-12-14T15:00:00Z",
            readers.shown_by(read, vevent.one_line(text, at_most=200) or "–"),
        )
        for n, text in enumerate(HOSTILE)
    }

    assert read(file_of(*rendered)) == expected


def test_f8_every_property_stands_once_and_in_one_order() -> None:
    names = [
        line.partition(":")[0].partition(";")[0] for line in unfolded(vevent.render(ENTRY)).split("\r\n")
    ]

    assert names == [
        "BEGIN", "DTSTAMP", "LAST-MODIFIED", "CREATED", "UID", "DTSTART", "DTEND", "SEQUENCE", "TRANSP", "STATUS",
        "CATEGORIES", "SUMMARY", "LOCATION", "DESCRIPTION", "URL", "END", "",
    ]  # fmt: skip


def test_f2_a_text_of_several_lines_is_folded_where_its_lines_end() -> None:
    """What follows a name of any length is folded alike, which packs better."""
    data = vevent.render(
        replace(ENTRY, description="é" * 80 + "\nWhere: here\n\n" + "x" * 70 + "\\nno break")
    )

    folded = data[data.index(b"DESCRIPTION") : data.index(b"URL")].removesuffix(b"\r\n").split(b"\r\n ")
    assert [len(part) for part in folded[:3]] == [74, 74, 26]
    assert [part.decode() for part in folded[2:]] == [
        "é" * 12 + "\\n", "Where: here\\n", "\\n", "x" * 70 + r"\\n", "no break",
    ]  # fmt: skip
    assert lint.problems_in_entry(data) == ()


def test_f10_an_entry_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        vevent.render(replace(ENTRY, end=ENTRY.start))
    with pytest.raises(ValueError, match="both"):
        vevent.render(replace(ENTRY, end=date(2026, 12, 15)))
    with pytest.raises(ValueError, match="has a zone"):
        vevent.render(replace(ENTRY, start=datetime(2026, 12, 14, 8, 0)))


def test_f11_a_day_is_written_as_a_date_with_an_exclusive_end() -> None:
    data = vevent.render(replace(ENTRY, start=date(2026, 12, 14), end=date(2026, 12, 16)))

    assert b"DTSTART;VALUE=DATE:20261214\r\n" in data
    assert b"DTEND;VALUE=DATE:20261216\r\n" in data


@settings(max_examples=100, deadline=None)
@given(
    zone=st.sampled_from(
        [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Africa/Cairo",
            "Asia/Kathmandu",
            "Pacific/Chatham",
        ]
    ),
    wall=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1)),
    fold=st.sampled_from([0, 1]),
)
def test_f12_the_instant_is_published_exactly_through_gaps_and_repeated_hours(
    zone: str, wall: datetime, fold: int
) -> None:
    start = wall.replace(microsecond=0, tzinfo=ZoneInfo(zone), fold=fold)
    data = vevent.render(replace(ENTRY, start=start, end=start.astimezone(UTC) + timedelta(hours=1)))

    assert values(data, "DTSTART") == [f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"]


def test_f13_the_stamp_is_the_last_change_and_never_now() -> None:
    data = vevent.render(ENTRY)

    assert values(data, "DTSTAMP") == values(data, "LAST-MODIFIED") == ["20261116T083000Z"]


def test_f14_the_bytes_are_the_same_in_other_processes_and_with_other_hash_seeds() -> None:
    program = (
        "import sys; from tests.feeds import test_entries_as_bytes as t;"
        "sys.stdout.buffer.write(t.file_of(*t.samples('de'), language='de'))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip

    assert made == {file_of(*samples("de"), language="de")}


def test_f15_each_change_counts_as_published_at_least_a_second_later() -> None:
    assert vevent.after(None, at=AT + timedelta(microseconds=7)) == AT
    assert vevent.after(AT, at=AT) == AT + timedelta(seconds=1)
    assert vevent.after(AT, at=AT - timedelta(days=1)) == AT + timedelta(seconds=1)
    assert vevent.after(AT, at=AT + timedelta(hours=1)) == AT + timedelta(hours=1)


def samples(language: str) -> list[bytes]:
    def later(days: int, hours: int = 0) -> datetime:
        return APPOINTMENT.start_at + timedelta(days=days, hours=hours)

    variants = [
        APPOINTMENT,
        replace(
            APPOINTMENT,
            uid="b@concierge",
            status=Status.TENTATIVE,
            kind="training",
            start_at=later(7),
            end_at=later(7, 3),
        ),
        replace(
            APPOINTMENT,
            uid="c@concierge",
            status=Status.CANCELLED,
            kind="remote call",
            start_at=later(9),
            end_at=later(9, 1),
            zone="Asia/Kolkata",
            place="",
            title="",
            address="",
        ),
    ]
    return [
        vevent.render(words.entry_of(each, style=words.Style(language=language), modified_at=AT))
        for each in variants
    ]


@pytest.mark.parametrize("language", ["en", "de"])
def test_f14_the_file_is_byte_for_byte_the_golden_one(language: str) -> None:
    data = file_of(*samples(language), language=language)
    golden = GOLDEN / f"three-visits.{language}.ics"
    if os.environ.get("GOLDEN") == "write":
        golden.write_bytes(data)

    assert data == golden.read_bytes()
    assert lint.problems(data) == ()


@pytest.mark.parametrize("read", readers.READERS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_f20_independent_readers_see_what_the_golden_file_says(read: readers.Reader, language: str) -> None:
    data = file_of(*samples(language), language=language)

    assert read(data) == readers.entries_in(data)
    assert len(read(data)) == 3


@pytest.mark.parametrize("language", [code for code in CUSTOMERS if code not in ("en", "de")])
def test_a_customer_reads_an_entry_in_each_language_that_their_page_speaks(language: str) -> None:
    style = words.Style(language=language, is_for_customer=True)
    told = replace(APPOINTMENT, status=Status.CANCELLED, titles={"en": "Set-up, part 2"})
    entry = words.entry_of(told, style=style, modified_at=AT)
    english = words.entry_of(told, style=replace(style, language="en"), modified_at=AT)

    title = words.sentence(
        "title", language=language, kind=entry.categories[0], account="Isar Klinik", place="München"
    )
    assert entry.summary == words.sentence("cancelled", language=language, title=title)
    ours, theirs = entry.description.splitlines(), english.description.splitlines()
    assert len(ours) == len(theirs) == 5
    assert not set(ours) & set(theirs), "a line is left in English"
    assert "Set-up, part 2" in ours[2], "a title in English is better than none"
    assert lint.problems(file_of(*samples(language), language=language)) == ()
    assert {name for name, text in SENTENCES[language].items() if text == SENTENCES["en"][name]} <= {
        "calendar", "days", "milestone", "milestone_customer", "on_one_day", "over_days", "title",
        "title_without_place",
    }  # fmt: skip
    if language == "ar":
        assert "(\u2068Europe/Berlin\u2069، \u2068UTC+1\u2069)" in entry.description, "each runs its own way"


def test_every_sentence_says_the_same_things_in_every_language() -> None:
    def parts(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert tuple(SENTENCES) == CUSTOMERS == words.LANGUAGES
    for language, sentences in SENTENCES.items():
        assert {name: parts(text) for name, text in sentences.items()} == {
            name: parts(text) for name, text in SENTENCES["en"].items()
        }, language


def test_f16_a_cancelled_visit_says_so_and_takes_no_time() -> None:
    english = words.entry_of(
        replace(APPOINTMENT, status=Status.CANCELLED), style=words.Style(language="en"), modified_at=AT
    )
    german = words.entry_of(
        replace(APPOINTMENT, status=Status.CANCELLED), style=words.Style(language="de"), modified_at=AT
    )

    assert english.summary == "CANCELLED: Installation: Isar Klinik, München"
    assert german.summary.startswith("ABGESAGT: ")
    assert (english.status, english.transparency) == (Status.CANCELLED, Transparency.TRANSPARENT)
    assert english.description.startswith("This visit is cancelled. Do not travel.")


def test_the_description_states_the_time_at_the_site_with_its_zone() -> None:
    description = words.entry_of(
        replace(APPOINTMENT, zone="America/New_York"), style=words.Style(language="en"), modified_at=AT
    ).description

    assert "Mon 14 Dec 2026, 03:00 – Tue 15 Dec 2026, 10:30 (America/New_York, UTC−5)" in description
    assert (
        "Mo., 14. Dezember 2026, 09:00"
        in words.entry_of(APPOINTMENT, style=words.Style(language="de"), modified_at=AT).description
    )


def test_a_name_with_braces_is_only_text() -> None:
    entry = words.entry_of(
        replace(APPOINTMENT, account="{url.__class__} {0}", status=Status.CANCELLED),
        style=words.Style(language="en"),
        modified_at=AT,
    )

    assert entry.summary == "CANCELLED: Installation: {url.__class__} {0}, München"


def _by_icalendar(entry: Entry) -> bytes:
    """The same entry as the library writes it, eight times as slowly."""
    event = Event()
    modified_at = vevent.whole_second(entry.modified_at)
    event.add("dtstamp", modified_at)
    event.add("last-modified", modified_at)
    event.add("created", vevent.whole_second(entry.created_at))
    event.add("uid", vevent.text(entry.uid))
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("sequence", entry.sequence)
    event.add("transp", vevent.text(entry.transparency.value))
    event.add("status", vevent.text(entry.status.value))
    categories = vCategory([])
    categories.cats = [
        vevent.text(word) for each in entry.categories if (word := vevent.one_line(each, at_most=60))
    ]
    if categories.cats:
        event.add("categories", categories)
    event.add("summary", vevent.text(vevent.one_line(entry.summary, at_most=200) or "–"))
    if location := vevent.one_line(entry.location, at_most=300):
        event.add("location", vevent.text(location))
    if description := vevent.prose(entry.description, at_most=4000):
        event.add("description", vevent.text(description))
    if entry.url:
        event.add("url", vUri(vevent.uri(entry.url)))
    for before in entry.alarms:
        alarm = Alarm()
        alarm.add("action", vevent.text("DISPLAY"))
        alarm.add("trigger", vDuration(-before))
        alarm.add("description", vevent.text(vevent.one_line(entry.summary, at_most=200) or "–"))
        event.add_component(alarm)
    return bytes(event.to_ical(sorted=False))


_WORDS = st.text(max_size=300) | st.text(alphabet="ab\\^;,\n é漢😀", max_size=300)


@given(_WORDS, _WORDS, _WORDS, _WORDS, st.lists(_WORDS, max_size=2), st.booleans(), st.integers(0, 2))
def test_an_entry_says_what_icalendar_writes(
    summary: str, description: str, place: str, url: str, categories: list[str], is_day: bool, alarms: int
) -> None:
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    entry = Entry(
        uid="visit-1",
        sequence=3,
        created_at=at,
        modified_at=at,
        start=at.date() if is_day else at,
        end=at.date() + timedelta(days=1) if is_day else at + timedelta(hours=1),
        summary=summary,
        description=description,
        location=place,
        url=url,
        categories=tuple(categories),
        alarms=(timedelta(hours=1), timedelta(days=1))[:alarms],
    )

    assert unfolded(vevent.render(entry)) == unfolded(_by_icalendar(entry))
    assert max(map(len, vevent.render(entry).split(b"\r\n"))) <= 75


_MARKS = "ab  \t\n\r\x0b\x1c\x85\xa0\u00ad\u2028\u2029\u3000\ufeff\uffff\u0301é\x00\x7f"


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=_MARKS) | st.text())
def test_f3_a_text_without_marks_is_cleaned_like_any_other(text: str) -> None:
    """The short way for printable texts gives what the long way gives."""
    text = "".join(each for each in text if not 0xD800 <= ord(each) <= 0xDFFF)
    long = unicodedata.normalize("NFC", vevent._UNPRINTABLE.sub("", vevent._LINE_BREAKS.sub("\n", text)))

    assert vevent.prose(text, at_most=10_000) == long.strip()
    assert vevent.one_line(text, at_most=10_000) == re.sub(r"\s+", " ", long).strip()
