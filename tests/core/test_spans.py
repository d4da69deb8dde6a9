"""Half-open stretches of days and instants."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.spans import Span, days, gaps, merge
from tests.makers.days import at, on


def test_stretches_that_touch_do_not_overlap() -> None:
    morning = Span(at("Tue 2026-03-17 08:00+00:00"), at("Tue 2026-03-17 12:00+00:00"))
    afternoon = Span(at("Tue 2026-03-17 12:00+00:00"), at("Tue 2026-03-17 17:00+00:00"))

    assert not morning.overlaps(afternoon)
    assert morning.intersection(afternoon) is None
    assert merge([afternoon, morning]) == (Span(morning.from_at, afternoon.to_at),)


def test_an_absence_that_begins_later_the_same_morning_overlaps_the_visit() -> None:
    visit = Span(at("Tue 2026-03-17 08:45+01:00"), at("Tue 2026-03-17 12:45+01:00"))
    absence = Span(at("Tue 2026-03-17 09:00+01:00"), None)

    assert visit.overlaps(absence)
    assert absence.overlaps(visit)
    assert visit.intersection(absence) == Span(at("Tue 2026-03-17 09:00+01:00"), visit.to_at)


def test_days_include_their_last_day() -> None:
    leave = days(on("Mon 2026-03-16"), on("Fri 2026-03-20"))

    assert leave.contains(on("Fri 2026-03-20"))
    assert not leave.contains(on("Sat 2026-03-21"))


def test_an_empty_stretch_overlaps_nothing() -> None:
    moment = Span(on("Tue 2026-03-17"), on("Tue 2026-03-17"))

    assert moment.is_empty
    assert not moment.overlaps(days(on("Mon 2026-03-16"), on("Fri 2026-03-20")))


def test_a_stretch_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Span(on("Tue 2026-03-17"), on("Mon 2026-03-16"))


def test_gaps_are_what_is_left_of_the_day() -> None:
    week = days(on("Mon 2026-03-16"), on("Sun 2026-03-22"))
    taken = [
        days(on("Tue 2026-03-17"), on("Wed 2026-03-18")),
        days(on("Wed 2026-03-18"), on("Thu 2026-03-19")),
    ]

    assert gaps(taken, within=week) == (
        days(on("Mon 2026-03-16"), on("Mon 2026-03-16")),
        days(on("Fri 2026-03-20"), on("Sun 2026-03-22")),
    )


EPOCH = date(2026, 1, 1)
a_span = st.builds(
    lambda start, length: Span(EPOCH + timedelta(days=start), EPOCH + timedelta(days=start + length)),
    st.integers(0, 60),
    st.integers(0, 20),
)


@given(st.lists(a_span, max_size=8), a_span)
def test_taken_and_gaps_cover_the_whole_and_share_nothing(
    taken: list[Span[date]], within: Span[date]
) -> None:
    free = gaps(taken, within=within)

    for number in range(90):
        day = EPOCH + timedelta(days=number)
        is_taken = any(span.contains(day) for span in taken)
        is_free = any(span.contains(day) for span in free)
        assert is_free == (within.contains(day) and not is_taken)


@given(st.lists(a_span, max_size=8))
def test_merging_twice_changes_nothing(spans: list[Span[date]]) -> None:
    once = merge(spans)

    assert merge(once) == once
    assert list(once) == sorted(once, key=lambda span: span.from_at)
