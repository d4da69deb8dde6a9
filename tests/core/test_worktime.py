"""Working days in one place and in several at once."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.worktime import (
    WorkCalendar,
    add_workdays,
    next_workday,
    previous_workday,
    refuse_if_never_open,
    together,
    workdays_between,
)
from tests.makers.days import on, said

BASEL = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-05-01"): "Tag der Arbeit, Basel-Stadt"})
TOKYO = WorkCalendar(
    "Tokyo",
    closed={
        on("Wed 2026-04-29"): "昭和の日",
        on("Mon 2026-05-04"): "みどりの日",
        on("Tue 2026-05-05"): "こどもの日",
        on("Wed 2026-05-06"): "振替休日",
    },
)
BOSTON = WorkCalendar("Massachusetts", closed={on("Fri 2026-07-03"): "Independence Day (observed)"})
DUBAI = WorkCalendar("Dubai", weekend=frozenset({4, 5}))
SHANGHAI = WorkCalendar(
    "Shanghai", closed={on("Thu 2026-10-01"): "国庆节"}, opened=frozenset({on("Sat 2026-10-10")})
)


@pytest.mark.parametrize(
    ("calendar", "day", "reason"),
    [
        (BASEL, on("Thu 2026-04-30"), None),
        (BASEL, on("Fri 2026-05-01"), "Tag der Arbeit, Basel-Stadt"),
        (BASEL, on("Sat 2026-05-02"), "Saturday"),
        (DUBAI, on("Fri 2026-05-01"), "Friday"),
        (DUBAI, on("Sun 2026-05-03"), None),
        (SHANGHAI, on("Sat 2026-10-10"), None),
        (SHANGHAI, on("Sat 2026-10-17"), "Saturday"),
    ],
)
def test_a_closed_day_says_why(calendar: WorkCalendar, day: date, reason: str | None) -> None:
    assert calendar.why_closed(day) == reason
    assert calendar.is_workday(day) is (reason is None)


@pytest.mark.parametrize(
    ("calendar", "day", "workdays", "expected"),
    [
        (BASEL, "Thu 2026-04-30", 1, "Mon 2026-05-04"),
        (BASEL, "Thu 2026-04-30", 0, "Thu 2026-04-30"),
        (BASEL, "Sat 2026-05-02", 0, "Mon 2026-05-04"),
        (BASEL, "Sat 2026-05-02", 1, "Mon 2026-05-04"),
        (BASEL, "Mon 2026-05-04", -1, "Thu 2026-04-30"),
        (TOKYO, "Fri 2026-05-01", 1, "Thu 2026-05-07"),
        (TOKYO, "Tue 2026-04-28", 3, "Thu 2026-05-07"),
        (BOSTON, "Thu 2026-07-02", 1, "Mon 2026-07-06"),
        (DUBAI, "Thu 2026-05-07", 1, "Sun 2026-05-10"),
        (SHANGHAI, "Fri 2026-10-09", 1, "Sat 2026-10-10"),
    ],
)
def test_counting_working_days(calendar: WorkCalendar, day: str, workdays: int, expected: str) -> None:
    assert said(add_workdays(calendar, on(day), workdays)) == expected


@pytest.mark.parametrize(
    ("from_on", "to_on", "slip"),
    [
        ("Mon 2026-12-07", "Fri 2026-12-11", 4),
        ("Fri 2026-12-11", "Mon 2026-12-07", -4),
        ("Fri 2026-12-11", "Mon 2026-12-14", 1),
        ("Fri 2026-12-11", "Sun 2026-12-13", 0),
        ("Thu 2026-04-30", "Mon 2026-05-04", 1),
        ("Thu 2026-04-30", "Thu 2026-04-30", 0),
    ],
)
def test_slip_is_counted_in_the_places_working_days(from_on: str, to_on: str, slip: int) -> None:
    assert workdays_between(BASEL, on(from_on), on(to_on)) == slip


def test_together_is_open_only_where_all_are() -> None:
    both = together(TOKYO, BOSTON, DUBAI)

    assert both.why_closed(on("Mon 2026-05-04")) == "みどりの日"
    assert both.why_closed(on("Fri 2026-07-03")) == "Independence Day (observed)"
    assert both.why_closed(on("Fri 2026-07-10")) == "Friday"
    assert said(next_workday(both, on("Fri 2026-05-01"))) == "Thu 2026-05-07"


def test_a_saturday_worked_in_one_place_only_stays_closed_together() -> None:
    assert not together(SHANGHAI, BASEL).is_workday(on("Sat 2026-10-10"))
    assert together(SHANGHAI, DUBAI).why_closed(on("Sat 2026-10-10")) == "Saturday"
    assert together(SHANGHAI, SHANGHAI).is_workday(on("Sat 2026-10-10"))


def test_together_needs_a_calendar() -> None:
    with pytest.raises(ValueError, match="At least one calendar"):
        together()


def test_a_place_that_is_never_open_is_refused_in_words() -> None:
    never = WorkCalendar("Atlantis", weekend=frozenset(range(7)))

    with pytest.raises(ValueError, match="“Atlantis” has no working day"):
        next_workday(never, on("Tue 2026-03-17"))
    with pytest.raises(ValueError, match="“Atlantis” has no working day"):
        add_workdays(never, on("Tue 2026-03-17"), -1)


def test_a_calendar_without_any_working_day_says_what_to_do() -> None:
    refuse_if_never_open(WorkCalendar("Fridays only", weekend=frozenset(range(7)) - {4}))
    with pytest.raises(
        ValueError, match=r"“Basel \+ Mondays” has no working day at all. Open at least one day"
    ):
        refuse_if_never_open(
            together(
                WorkCalendar("Basel", weekend=frozenset({0, 5, 6})),
                WorkCalendar("Mondays", weekend=frozenset(range(1, 7))),
            )
        )


def test_a_closed_day_names_every_reason_and_where_it_comes_from() -> None:
    basel = WorkCalendar("Basel-Stadt", closed={on("Sun 2026-11-01"): "Allerheiligen, Basel-Stadt"})
    company = WorkCalendar("company", weekend=frozenset(), closed={on("Sun 2026-11-01"): "Stocktaking"})
    crew = together(together(basel, company), DUBAI)

    assert crew.reasons(on("Sun 2026-11-01")) == ("Allerheiligen, Basel-Stadt", "Stocktaking", "Sunday")
    assert crew.reasons(on("Sat 2026-11-07")) == ("Saturday",)
    assert crew.explained(on("Sat 2026-11-07")) == (("Basel-Stadt", "Saturday"), ("Dubai", "Saturday"))
    assert crew.reasons(on("Fri 2026-11-06")) == ("Friday",)
    assert crew.reasons(on("Mon 2026-11-02")) == ()


@pytest.mark.parametrize(("closed_days", "is_passed"), [(600, True), (900, False)])
def test_a_closure_is_waited_for_unless_it_is_endless(closed_days: int, is_passed: bool) -> None:
    first = on("Mon 2026-01-05")
    calendar = WorkCalendar(
        "Rebuilding", closed={first + timedelta(days=n): "rebuilding" for n in range(closed_days)}
    )

    if is_passed:
        assert add_workdays(calendar, on("Fri 2026-01-02"), 1) >= first + timedelta(days=closed_days)
    else:
        with pytest.raises(ValueError, match="has no working day within 800 days after 2026-01-02"):
            add_workdays(calendar, on("Fri 2026-01-02"), 1)
        with pytest.raises(ValueError, match="has no working day within 800 days before"):
            previous_workday(calendar, first + timedelta(days=closed_days - 1))
        assert next_workday(calendar, first + timedelta(days=closed_days - 9)) > first


def test_the_end_of_the_calendar_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="cannot count past 9999-12-31"):
        add_workdays(BASEL, date(9999, 12, 31), 1)


def test_a_calendar_cannot_be_changed_and_serves_as_a_key() -> None:
    closed = {on("Fri 2026-05-01"): "Tag der Arbeit"}
    calendar = WorkCalendar("Basel-Stadt", closed=closed)
    closed.clear()

    assert not calendar.is_workday(on("Fri 2026-05-01"))
    assert {calendar: 1}[WorkCalendar("Basel-Stadt", closed={on("Fri 2026-05-01"): "Tag der Arbeit"})] == 1


a_day = st.dates(date(2025, 1, 1), date(2027, 12, 31))
a_calendar = st.builds(
    lambda weekend, closed, opened: WorkCalendar(
        "anywhere", frozenset(weekend), dict.fromkeys(closed, "closed"), frozenset(opened)
    ),
    st.sets(st.integers(0, 6), max_size=5),
    st.sets(a_day, max_size=20),
    st.sets(a_day, max_size=5),
)


@given(a_calendar, a_day, st.integers(-40, 40))
def test_counting_there_and_back_returns(calendar: WorkCalendar, day: date, workdays: int) -> None:
    start = next_workday(calendar, day)

    there = add_workdays(calendar, start, workdays)

    assert calendar.is_workday(there)
    assert add_workdays(calendar, there, -workdays) == start
    assert workdays_between(calendar, start, there) == workdays


@given(a_calendar, a_day, a_day)
def test_slip_there_is_minus_slip_back(calendar: WorkCalendar, first: date, second: date) -> None:
    assert workdays_between(calendar, first, second) == -workdays_between(calendar, second, first)


@given(a_calendar, a_calendar, a_day)
def test_together_agrees_with_asking_each(first: WorkCalendar, second: WorkCalendar, day: date) -> None:
    both = together(first, second)

    assert both.is_workday(day) == (first.is_workday(day) and second.is_workday(day))
    assert (both.why_closed(day) is None) == both.is_workday(day)


@given(a_calendar, a_day)
def test_the_next_and_the_previous_working_day_include_the_day_itself(
    calendar: WorkCalendar, day: date
) -> None:
    following, previous = next_workday(calendar, day), previous_workday(calendar, day)

    assert previous <= day <= following
    assert (following == day) == (previous == day) == calendar.is_workday(day)
    assert workdays_between(calendar, day, following) == (0 if following == day else 1)
    assert not any(calendar.is_workday(day + timedelta(days=n)) for n in range((following - day).days))


@given(a_calendar, a_day, a_day)
def test_counting_equals_looking_at_every_day(calendar: WorkCalendar, first: date, second: date) -> None:
    early, late = min(first, second), max(first, second)
    days = [early + timedelta(days=n) for n in range(1, (late - early).days + 1)]
    worked = [day for day in days if calendar.is_workday(day)]

    assert workdays_between(calendar, early, late) == len(worked)
    if worked:
        assert add_workdays(calendar, early, len(worked)) == worked[-1]
        assert add_workdays(calendar, early, 1) == worked[0]
        assert add_workdays(calendar, late + timedelta(days=1), -1) == worked[-1]
        assert add_workdays(calendar, late + timedelta(days=1), -len(worked)) == worked[0]
