"""The whole file: header, notices, window and tag (feed checklist F5–F7, F17, F29; cache conditions
C4–C10).
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from concierge.feeds import calendar_file, lint
from concierge.feeds.calendar_file import Window
from tests.feeds import readers

AT = datetime(2026, 11, 18, 23, 59, tzinfo=UTC)  # a Wednesday


def test_f5_the_header_has_what_programs_need_and_nothing_that_breaks_one() -> None:
    head = calendar_file.header(title="Tomas Berger", language="en").decode()

    names = [line.partition(":")[0] for line in head.replace("\r\n ", "").split("\r\n")]
    assert names == [
        "BEGIN", "VERSION", "PRODID", "CALSCALE", "NAME", "X-WR-CALNAME", "X-WR-CALDESC",
        "REFRESH-INTERVAL;VALUE=DURATION", "X-PUBLISHED-TTL", "",
    ]  # fmt: skip


def test_a_hostile_name_stays_in_the_header() -> None:
    data = calendar_file.joined(
        calendar_file.header(title="Bobby\r\nMETHOD:CANCEL;x,\\\x00", language="en"),
        [calendar_file.nothing_planned(scope="s", window=Window.around(AT), changed_at=None, language="en")],
    )

    assert lint.problems(data) == ()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("read", readers.READERS)
def test_f6_an_empty_calendar_holds_one_notice(read: readers.Reader, language: str) -> None:
    notice = calendar_file.nothing_planned(
        scope="s1", window=Window.around(AT), changed_at=None, language=language
    )
    data = calendar_file.joined(
        calendar_file.header(title="Visits of Tomas Berger", language=language), [notice]
    )

    (seen,) = read(data)

    assert lint.problems(data) == ()
    assert (seen.start, seen.end) == ("2026-11-16", "2026-11-17")
    assert seen.title == {"en": "No visits are planned", "de": "Keine Besuche geplant"}[language]


@pytest.mark.parametrize("read", readers.READERS)
def test_f29_an_ended_address_holds_one_notice_and_no_data(read: readers.Reader) -> None:
    notice = calendar_file.address_ended(scope="s1", ended_at=AT, language="en")
    data = calendar_file.joined(calendar_file.header(title="–", language="en"), [notice])

    (seen,) = read(data)

    assert lint.problems(data) == ()
    assert (seen.start, seen.end) == ("2026-11-18", "2026-12-18")
    assert not calendar_file.notice_is_over(ended_at=AT, at=AT + timedelta(days=29))
    assert calendar_file.notice_is_over(ended_at=AT, at=AT + timedelta(days=30))


def test_f17_the_window_moves_once_a_week_and_always_covers_what_was_promised() -> None:
    for minutes in range(0, 60 * 24 * 15, 97):
        at = AT + timedelta(minutes=minutes)
        window = Window.around(at)
        assert window.week_on.weekday() == 0
        assert window.from_at <= at - timedelta(days=60) < window.from_at + timedelta(days=7)
        assert window.to_at >= at + timedelta(days=400)
    assert Window.around(AT) == Window(date(2026, 11, 16))


def test_c7_the_notice_of_an_empty_calendar_comes_from_the_window_and_the_last_change() -> None:
    def notice(at: datetime, changed_at: datetime | None = None) -> bytes:
        return calendar_file.nothing_planned(
            scope="s", window=Window.around(at), changed_at=changed_at, language="en"
        )

    assert notice(AT) == notice(AT + timedelta(days=2))
    assert b"LAST-MODIFIED:20261116T000000Z" in notice(AT)
    assert b"LAST-MODIFIED:20261123T000000Z" in notice(AT + timedelta(days=7))
    assert b"LAST-MODIFIED:20261118T235900Z" in notice(AT, changed_at=AT)


def test_c5_c6_c7_c9_the_tag_changes_with_each_thing_that_changes_the_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    same = {
        "scope": "s1", "version": "aa", "window": Window.around(AT), "lapsed": 0, "base_url": "https://a.example",
    }  # fmt: skip
    tags = [
        calendar_file.tag(**{**same, **other})  # type: ignore[arg-type]  # a table of variations
        for other in (
            {},
            {"scope": "s2"},
            {"version": "ab"},
            {"window": Window.around(AT + timedelta(days=7))},
            {"lapsed": 1},
            {"base_url": "https://b.example"},
        )
    ]
    monkeypatch.setattr(calendar_file.vevent, "RENDERER", "next")
    tags.append(calendar_file.tag(**same))  # type: ignore[arg-type]  # as above

    assert len(set(tags)) == 7
    assert all(tag.isascii() and '"' not in tag and "," not in tag and " " not in tag for tag in tags)
    assert calendar_file.compressed_tag(tags[0]) not in tags
