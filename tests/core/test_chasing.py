"""When somebody is reminded: the rhythm by table, and what holds for any points, places and clocks."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.chasing import RHYTHM, Next, Owed, Rhythm, misses, next_letter, second_since, steps
from concierge.core.worktime import WorkCalendar
from tests.makers.days import on

ZURICH = ZoneInfo("Europe/Zurich")
WEEK = WorkCalendar("Monday to Friday")
EASTER = WorkCalendar(
    "Basel", closed={on("Fri 2026-04-03"): "Good Friday", on("Mon 2026-04-06"): "Easter Monday"}
)
LONG_AGO = on("Thu 2026-01-01")


def at(day: str, clock: str = "06:00", zone: ZoneInfo = ZURICH) -> datetime:
    return datetime.combine(on(day), time.fromisoformat(clock), tzinfo=zone)


def owed(due: str, *, key: str = "circuit", since: date = LONG_AGO, named: tuple[str, ...] = ()) -> Owed:
    return Owed(key, on(due), since, named_on=tuple(on(day) for day in named))


def letter(*points: Owed, now: datetime, taken: tuple[str, ...] = (), calendar: WorkCalendar = WEEK) -> Next:
    found = next_letter(points, calendar=calendar, zone=ZURICH, now=now, taken=[on(day) for day in taken])
    assert found is not None
    return found


def test_steps_come_closer_and_then_every_other_working_day() -> None:
    """Due on a Wednesday; the step of three days before falls on a Sunday and is taken on Friday."""
    found = steps(on("Wed 2026-03-25"), calendar=WEEK, after=LONG_AGO, most=8)
    assert [f"{day:%a %d}" for day in found] == [
        "Wed 11", "Wed 18", "Fri 20", "Tue 24", "Wed 25", "Fri 27", "Tue 31", "Thu 02",
    ]  # fmt: skip


def test_steps_leave_holidays_out() -> None:
    found = steps(on("Tue 2026-04-07"), calendar=EASTER, after=on("Tue 2026-03-24"), most=5)
    assert [f"{day:%a %d}" for day in found] == ["Tue 31", "Thu 02", "Tue 07", "Thu 09", "Mon 13"]


@pytest.mark.parametrize(
    ("point", "now", "when"),
    [
        (owed("Wed 2026-03-25"), at("Wed 2026-03-11"), "Wed 11 08:00"),
        (owed("Wed 2026-03-25"), at("Wed 2026-03-11", "16:59"), "Wed 11 16:59"),
        (owed("Wed 2026-03-25"), at("Wed 2026-03-11", "17:00"), "Thu 12 08:00"),  # missed, so the day after
        (owed("Wed 2026-03-25", named=("Wed 2026-03-11",)), at("Thu 2026-03-12"), "Wed 18 08:00"),
        (owed("Wed 2026-03-25"), at("Sat 2026-03-14", "11:00"), "Mon 16 08:00"),
        # named on Monday for the sake of another point: nearer to Wednesday's step than to the last one
        (owed("Wed 2026-03-25", named=("Wed 2026-03-11", "Mon 2026-03-16")), at("Tue 2026-03-17"), "Fri 20 08:00"),
        (owed("Wed 2026-03-25", named=("Wed 2026-03-11", "Thu 2026-03-12")), at("Fri 2026-03-13"), "Wed 18 08:00"),
        # overdue: two working days after the last letter, however late
        (owed("Wed 2026-03-25", named=("Thu 2026-03-26",)), at("Fri 2026-03-27"), "Mon 30 08:00"),
        # asked for only since yesterday: no letters for steps that passed before
        (owed("Wed 2026-03-25", since=on("Thu 2026-03-19")), at("Fri 2026-03-20"), "Fri 20 08:00"),
        (owed("Wed 2026-03-25", since=on("Fri 2026-03-20")), at("Fri 2026-03-20"), "Tue 24 08:00"),
        # nothing ran for weeks: one letter, not one for each step
        (owed("Wed 2026-03-25"), at("Thu 2026-05-07"), "Thu 07 08:00"),
        # the night in which clocks go forward, and back
        (owed("Mon 2026-03-30", since=on("Fri 2026-03-27")), at("Sun 2026-03-29", "01:59"), "Mon 30 08:00"),
        (owed("Mon 2026-10-26", since=on("Fri 2026-10-23")), at("Sun 2026-10-25", "02:30"), "Mon 26 08:00"),
    ],
)  # fmt: skip
def test_one_point_is_named_on_its_steps(point: Owed, now: datetime, when: str) -> None:
    found = letter(point, now=now)
    assert f"{found.at.astimezone(ZURICH):%a %d %H:%M}" == when
    assert found.is_due == (found.at <= now)


def test_a_day_that_had_its_letter_has_no_other() -> None:
    now = at("Wed 2026-03-11", "10:00")
    assert letter(owed("Wed 2026-03-25"), now=now, taken=("Wed 2026-03-11",)).local_on == on("Thu 2026-03-12")


def test_points_of_several_projects_share_a_letter_and_the_most_urgent_is_first() -> None:
    found = letter(
        Owed("far", on("Fri 2026-05-15"), LONG_AGO),
        Owed("gas", on("Tue 2026-03-24"), LONG_AGO, weight=1),
        Owed("power", on("Tue 2026-03-24"), LONG_AGO, weight=2),
        Owed("late", on("Mon 2026-03-02"), LONG_AGO, named_on=(on("Mon 2026-03-09"),)),
        Owed("new", on("Tue 2026-03-24"), on("Wed 2026-03-11")),
        now=at("Wed 2026-03-11", "09:00"),
    )
    assert found.keys == ("late", "power", "gas")
    assert found.is_due


def test_a_second_person_comes_in_after_three_letters_that_lie_apart() -> None:
    named = [on(day) for day in ("Mon 2026-03-02", "Tue 2026-03-03", "Wed 2026-03-04", "Fri 2026-03-06")]
    friday, saturday = on("Fri 2026-03-06"), on("Sat 2026-03-07")
    assert misses(named, today=saturday) == (named[0], named[2], named[3])
    assert second_since(named, today=friday) is None, "the letter of today may still bring something"
    assert second_since(named, today=saturday) == friday


def test_nothing_owed_and_a_place_closed_for_ever_mean_no_letter() -> None:
    never = WorkCalendar("closed", weekend=frozenset(range(7)))
    for points, calendar in (((), WEEK), ((owed("Wed 2026-03-25"),), never)):
        assert next_letter(points, calendar=calendar, zone=ZURICH, now=at("Wed 2026-03-11")) is None


def test_the_end_of_the_calendar_breaks_nothing() -> None:
    point = Owed("x", date.max, LONG_AGO)
    found = next_letter([point], calendar=WEEK, zone=ZURICH, now=datetime(9999, 12, 31, 20, tzinfo=UTC))
    assert found is None or found.local_on <= date.max


def test_a_zone_that_skips_a_day_has_no_letter_on_it() -> None:
    """Samoa had no Friday, 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    every_day = WorkCalendar("every day", weekend=frozenset())
    point = Owed("x", on("Fri 2011-12-30"), on("Thu 2011-12-29"))
    found = next_letter([point], calendar=every_day, zone=apia, now=datetime(2011, 12, 29, 18, tzinfo=apia))
    assert found is not None
    assert found.local_on == on("Sat 2011-12-31")
    assert found.at.astimezone(apia).date() == on("Sat 2011-12-31")


ZONES = st.sampled_from(
    [
        "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati",
        "Etc/GMT+12", "Etc/GMT-14", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
        "Pacific/Apia", "Pacific/Chatham", "America/Havana",
    ]
).map(ZoneInfo)  # fmt: skip
DAYS = st.dates(date(2010, 1, 1), date(2031, 12, 31))
CALENDARS = st.builds(
    lambda weekend, closed: WorkCalendar("somewhere", weekend=weekend, closed=dict.fromkeys(closed, "shut")),
    st.frozensets(st.integers(0, 6), max_size=3),
    st.lists(DAYS, max_size=12),
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Owed], WorkCalendar, ZoneInfo, datetime]:
    """Some points around a day, a place, a zone, and an instant of that day."""
    middle = draw(DAYS)
    near = st.integers(-40, 40).map(lambda days: middle + timedelta(days=days))
    points = [
        Owed(number, draw(near), draw(near), draw(st.integers(0, 2)), tuple(draw(st.lists(near, max_size=4))))
        for number in range(draw(st.integers(1, 6)))
    ]
    now = datetime.combine(middle, time(), tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 24 * 60 - 1)))
    return points, draw(CALENDARS), draw(ZONES), now


@settings(max_examples=300, deadline=None)
@given(situations(), st.integers(1, 400), st.sampled_from([RHYTHM, Rhythm((2, 0), 1, 5, 1, 1)]))
def test_for_a_season_of_looking_every_rule_holds(
    situation: tuple[list[Owed], WorkCalendar, ZoneInfo, datetime], step_minutes: int, rhythm: Rhythm
) -> None:
    """Whoever looks at whatever intervals: one letter a local day, in daytime, on open days, never earlier later."""
    points, calendar, zone, now = situation
    sent: set[date] = set()
    before: Next | None = None
    for _ in range(60):
        found = next_letter(points, calendar=calendar, zone=zone, now=now, taken=sent, rhythm=rhythm)
        assert found is not None
        assert found.keys
        local = found.at.astimezone(zone)
        assert local.date() == found.local_on
        assert found.local_on not in sent
        assert rhythm.opens <= local.time() < rhythm.closes
        assert calendar.is_workday(found.local_on)
        assert found.at >= now
        if before is not None:
            assert found.at >= before.at, "it moves nearer only by an answer or a letter"
        before = found
        if found.is_due:
            assert found.local_on == now.astimezone(zone).date()
            sent.add(found.local_on)
            points = [
                replace(one, named_on=(*one.named_on, found.local_on)) if one.key in found.keys else one
                for one in points
            ]
            before = None
        now += timedelta(minutes=step_minutes * 3)


@settings(max_examples=200, deadline=None)
@given(situations())
def test_what_is_done_is_never_named_and_less_owed_never_means_sooner(
    situation: tuple[list[Owed], WorkCalendar, ZoneInfo, datetime],
) -> None:
    points, calendar, zone, now = situation
    whole = next_letter(points, calendar=calendar, zone=zone, now=now)
    rest = next_letter(points[1:], calendar=calendar, zone=zone, now=now)
    assert whole is not None
    if rest is None:
        assert len(points) == 1
        return
    assert points[0].key not in rest.keys
    assert rest.at >= whole.at
