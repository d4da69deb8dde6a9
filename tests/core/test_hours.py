"""Working minutes by the clocks of places, over clock changes and the date line."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.hours import (
    DayHours,
    Hours,
    Place,
    Shut,
    add_open_minutes,
    feasible,
    hours_between,
    open_minutes_between,
    open_spans,
)
from concierge.core.spans import Span, days
from concierge.core.worktime import WorkCalendar
from tests.makers.days import at, on

OFFICE = hours_between(time(8), time(17))
NIGHT = Hours(60, 4 * 60)
WEEK = dict.fromkeys(range(5), (OFFICE,))
BASEL = Place(
    "Basel",
    ZoneInfo("Europe/Zurich"),
    WEEK,
    days=WorkCalendar("Basel-Stadt", closed={on("Mon 2026-11-02"): "Allerseelen, Basel-Stadt"}),
    exceptions={
        on("Thu 2026-12-24"): DayHours((hours_between(time(8), time(12)),), "Heiligabend, half day"),
        on("Sat 2026-12-05"): DayHours((OFFICE,), "Extra opening"),
    },
    shut={on("Tue 2026-11-03"): (Shut(hours_between(time(12), time(14)), "Power test"),)},
)
KIRITIMATI = Place("Kiritimati", ZoneInfo("Pacific/Kiritimati"), WEEK)
PAGO_PAGO = Place("Pago Pago", ZoneInfo("Pacific/Pago_Pago"), WEEK)


def night(zone: str) -> Place:
    """A place that is open at night only, from one to four, every day."""
    return Place(zone, ZoneInfo(zone), dict.fromkeys(range(7), (NIGHT,)))


def utc(spans: tuple[Span[datetime], ...]) -> list[str]:
    return [f"{span.from_at:%d %H:%M}–{span.to_at:%d %H:%M}" for span in spans]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("Fri 2026-10-30", ["30 07:00–30 16:00"]),
        ("Mon 2026-11-02", []),
        ("Tue 2026-11-03", ["03 07:00–03 11:00", "03 13:00–03 16:00"]),
        ("Sat 2026-12-05", ["05 07:00–05 16:00"]),
        ("Sat 2026-12-12", []),
        ("Thu 2026-12-24", ["24 07:00–24 11:00"]),
        ("Fri 2026-07-10", ["10 06:00–10 15:00"]),
    ],
)
def test_a_day_opens_by_its_week_its_holidays_and_its_exceptions(day: str, expected: list[str]) -> None:
    assert utc(open_spans(BASEL, on(day))) == expected


@pytest.mark.parametrize(
    ("zone", "day", "expected", "minutes"),
    [
        ("Europe/Zurich", "Sun 2026-03-29", ["29 00:00–29 02:00"], 120),  # two to three is skipped
        ("Europe/Zurich", "Sun 2026-10-25", ["24 23:00–25 03:00"], 240),  # two to three comes twice
        ("Europe/Zurich", "Sat 2026-10-24", ["23 23:00–24 02:00"], 180),
        ("Australia/Lord_Howe", "Sun 2026-04-05", ["04 14:00–04 17:30"], 210),  # half an hour comes twice
        ("America/New_York", "Sun 2026-03-08", ["08 06:00–08 08:00"], 120),
        ("Asia/Kathmandu", "Sun 2026-03-29", ["28 19:15–28 22:15"], 180),
        ("Pacific/Apia", "Fri 2011-12-30", [], 0),  # the day was left out of the calendar
    ],
)
def test_hours_follow_the_clock_on_the_wall(zone: str, day: str, expected: list[str], minutes: int) -> None:
    spans = open_spans(night(zone), on(day))

    assert utc(spans) == expected
    assert sum((span.to_at - span.from_at for span in spans if span.to_at), timedelta()) == timedelta(
        minutes=minutes
    )


def test_the_same_hour_may_be_open_once_only_of_its_two_times() -> None:
    until_half_past_two = Place(
        "Basel", ZoneInfo("Europe/Zurich"), {6: (hours_between(time(1), time(2, 30)),)}
    )

    assert utc(open_spans(until_half_past_two, on("Sun 2026-10-25"))) == [
        "24 23:00–25 00:30",
        "25 01:00–25 01:30",
    ]


def test_places_east_and_west_of_the_date_line_share_an_afternoon() -> None:
    # 25 hours lie between them: Tuesday morning in Kiritimati is Monday in Pago Pago, an hour earlier.
    shared = open_spans([KIRITIMATI, PAGO_PAGO], on("Tue 2026-11-24"))

    assert utc(shared) == ["23 19:00–24 03:00"]
    assert open_spans([KIRITIMATI, PAGO_PAGO], on("Mon 2026-11-23")) == ()  # still Sunday in Pago Pago


def test_a_technician_elsewhere_shares_only_part_of_the_sites_day() -> None:
    boston = Place("Boston", ZoneInfo("America/New_York"), WEEK)

    assert utc(open_spans([BASEL, boston], on("Fri 2026-10-30"))) == ["30 12:00–30 16:00"]
    assert (
        open_minutes_between(
            [BASEL, boston], at("Fri 2026-10-30 00:00+00:00"), at("Sat 2026-10-31 00:00+00:00")
        )
        == 240
    )


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("Fri 2026-10-30 16:00+01:00", 60, "Fri 2026-10-30 17:00+01:00"),
        ("Fri 2026-10-30 16:00+01:00", 61, "Tue 2026-11-03 08:01+01:00"),
        ("Fri 2026-10-30 18:00+01:00", 0, "Tue 2026-11-03 08:00+01:00"),
        ("Fri 2026-10-30 09:00+01:00", 0, "Fri 2026-10-30 09:00+01:00"),
        ("Tue 2026-11-03 11:00+01:00", 120, "Tue 2026-11-03 15:00+01:00"),
        ("Tue 2026-11-03 08:30+01:00", -60, "Fri 2026-10-30 16:30+01:00"),
        ("Fri 2026-10-23 16:00+02:00", 540, "Mon 2026-10-26 16:00+01:00"),
    ],
)
def test_minutes_are_counted_while_it_is_open(start: str, minutes: int, expected: str) -> None:
    assert add_open_minutes(BASEL, at(start), minutes) == at(expected)


def test_a_stretch_that_is_open_throughout_is_feasible() -> None:
    visit = Span(at("Fri 2026-10-30 08:00+01:00"), at("Fri 2026-10-30 17:00+01:00"))

    assert feasible(visit, BASEL).is_feasible


@pytest.mark.parametrize(
    ("from_at", "to_at", "closed_from", "reasons"),
    [
        (
            "Tue 2026-11-03 09:00+01:00",
            "Tue 2026-11-03 15:00+01:00",
            "Tue 2026-11-03 12:00+01:00",
            ("Power test",),
        ),
        (
            "Mon 2026-11-02 09:00+01:00",
            "Mon 2026-11-02 10:00+01:00",
            "Mon 2026-11-02 09:00+01:00",
            ("Allerseelen, Basel-Stadt",),
        ),
        (
            "Thu 2026-12-24 09:00+01:00",
            "Thu 2026-12-24 15:00+01:00",
            "Thu 2026-12-24 12:00+01:00",
            ("Heiligabend, half day",),
        ),
        (
            "Fri 2026-10-30 16:00+01:00",
            "Fri 2026-10-30 18:00+01:00",
            "Fri 2026-10-30 17:00+01:00",
            ("Basel is open 08:00–17:00",),
        ),
        (
            "Sun 2026-11-08 09:00+01:00",
            "Sun 2026-11-08 10:00+01:00",
            "Sun 2026-11-08 09:00+01:00",
            ("Sunday",),
        ),
    ],
)
def test_what_is_closed_says_where_and_why(
    from_at: str, to_at: str, closed_from: str, reasons: tuple[str, ...]
) -> None:
    answer = feasible(Span(at(from_at), at(to_at)), [BASEL, night("Europe/Zurich")][:1])

    assert not answer.is_feasible
    assert answer.closed is not None
    assert answer.closed.from_at == at(closed_from)
    assert (answer.place, answer.reasons) == ("Basel", reasons)


def test_the_first_closed_place_is_named() -> None:
    boston = Place("Boston", ZoneInfo("America/New_York"), WEEK)
    visit = Span(at("Fri 2026-10-30 14:00+01:00"), at("Fri 2026-10-30 19:00+01:00"))

    assert feasible(visit, [BASEL, boston]).place == "Basel"
    assert feasible(Span(at("Fri 2026-10-30 09:00+01:00"), visit.to_at), [BASEL, boston]).place == "Boston"


def test_a_weekend_day_that_is_worked_has_the_usual_hours() -> None:
    calendar = WorkCalendar("China", opened=frozenset({on("Sat 2026-10-10")}))
    shanghai = Place("Shanghai", ZoneInfo("Asia/Shanghai"), WEEK, days=calendar)

    assert utc(open_spans(shanghai, on("Sat 2026-10-10"))) == ["10 00:00–10 09:00"]
    assert open_spans(shanghai, on("Sat 2026-10-17")) == ()


def test_hours_upside_down_are_refused_in_words() -> None:
    with pytest.raises(
        ValueError, match=r"Hours cannot run from 17:00 to 08:00\. Let them end after they begin"
    ):
        hours_between(time(17), time(8))


def test_places_that_share_no_hours_are_refused_in_words() -> None:
    mondays = Place("Mondays", UTC, {0: (OFFICE,)})
    tuesdays = Place("Tuesdays", UTC, {1: (OFFICE,)})

    with pytest.raises(ValueError, match=r"Mondays, Tuesdays cannot be found open .* hours that it shares"):
        add_open_minutes([mondays, tuesdays], at("Mon 2026-11-02 09:00+00:00"), 1)
    with pytest.raises(ValueError, match="At least one place"):
        feasible(Span(at("Mon 2026-11-02 09:00+00:00"), at("Mon 2026-11-02 10:00+00:00")), [])


ZONES = ("Europe/Zurich", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe", "Asia/Kathmandu")
# Every one of these days has a change of clocks near it in one of the zones.
CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 5), date(2026, 10, 4))
some_hours = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda ends: ends[0] < ends[1])
some_day = st.builds(
    lambda near, offset: near + timedelta(days=offset), st.sampled_from(CHANGES), st.integers(-4, 4)
)
a_place = st.builds(
    lambda zone, week, closed, odd, shut: Place(
        zone,
        ZoneInfo(zone),
        {number: tuple(Hours(*ends) for ends in _apart(each)) for number, each in week.items()},
        days=WorkCalendar(zone, weekend=frozenset({6}), closed=dict.fromkeys(closed, "closed")),
        exceptions={day: DayHours((Hours(*ends),), "odd") for day, ends in odd.items()},
        shut={day: (Shut(Hours(*ends), "shut"),) for day, ends in shut.items()},
    ),
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(0, 6), st.lists(some_hours, max_size=2)),
    st.sets(some_day, max_size=2),
    st.dictionaries(some_day, some_hours, max_size=2),
    st.dictionaries(some_day, some_hours, max_size=2),
)


def _apart(each: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Only such stretches as do not touch one that came before."""
    kept: list[tuple[int, int]] = []
    for ends in sorted(each):
        if not kept or kept[-1][1] < ends[0]:
            kept.append(ends)
    return kept


def is_open(place: Place, minute: datetime) -> bool:
    """Ask the clock on the wall: what a person standing there would find."""
    there = minute.astimezone(place.zone)
    day, clock = there.date(), there.hour * 60 + there.minute
    if any(s.hours.from_minute <= clock < s.hours.to_minute for s in place.shut.get(day, ())):
        return False
    if day in place.exceptions:
        hours = place.exceptions[day].hours
    elif place.days is not None and not place.days.is_workday(day):
        return False
    else:
        hours = place.week.get(day.weekday(), ())
    return any(each.from_minute <= clock < each.to_minute for each in hours)


@settings(max_examples=60, deadline=None)
@given(st.lists(a_place, min_size=1, max_size=2), some_day, st.integers(0, 1439), st.integers(1, 4 * 1440))
def test_feasible_time_equals_a_brute_force_minute_by_minute(
    places: list[Place], day: date, minute: int, length: int
) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    span = Span(start, start + timedelta(minutes=length))
    every = [start + timedelta(minutes=number) for number in range(length)]
    opened = [all(is_open(place, each) for place in places) for each in every]

    answer = feasible(span, places)

    assert open_minutes_between(places, start, start + timedelta(minutes=length)) == sum(opened)
    assert answer.is_feasible == all(opened)
    if answer.closed is not None:
        assert answer.closed.from_at == every[opened.index(False)]
        assert answer.reasons
    if any(opened):
        last = max(number for number, each in enumerate(opened) if each)
        assert add_open_minutes(places, start, sum(opened)) == every[last] + timedelta(minutes=1)
        assert add_open_minutes(places, start, 0) == every[opened.index(True)]
        assert (
            add_open_minutes(places, start + timedelta(minutes=length), -sum(opened))
            == every[opened.index(True)]
        )


@settings(max_examples=60, deadline=None)
@given(a_place, some_day)
def test_the_spans_of_days_are_those_minutes_whose_date_it_is(place: Place, day: date) -> None:
    spans = open_spans(place, days(day, day))

    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    for number in range(3 * 1440):
        minute = begin + timedelta(minutes=number)
        expected = minute.astimezone(place.zone).date() == day and is_open(place, minute)
        assert any(span.contains(minute) for span in spans) == expected
