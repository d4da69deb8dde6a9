"""Windows that can be promised: nothing is given twice, nothing is earlier than what it waits for, and none is late."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.dispatch import Certificate, Person, Rule, Taken
from concierge.core.hours import Hours, Place
from concierge.core.links import Link
from concierge.core.promise import (
    Answer,
    Call,
    Goods,
    Job,
    Percent,
    Supply,
    Team,
    Unit,
    Why,
    answer,
)
from concierge.core.schedule import Step
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.core.worktime import WorkCalendar, add_workdays, next_workday
from tests.makers.days import at, on

TODAY = on("Mon 2026-03-02")
NOW = at("Mon 2026-03-02 05:00+00:00")
WEEKDAYS = WorkCalendar("weekdays")
OPEN = Place("lab", UTC, {number: (Hours(8 * 60, 16 * 60),) for number in range(5)}, WEEKDAYS)
BASEL = Spot("CH", "Basel", 47.56, 7.59, "lab")


def day_off(day: date) -> Taken:
    """A whole day of leave."""
    midnight = datetime.combine(day, time(), UTC)
    return Taken(Span(midnight, midnight + timedelta(days=1)), Rule.LEAVE)


def person(key: str, *off: date, level: int = 2, until: date | None = None) -> Person:
    """Somebody next door who works when the lab is open, and is away on some days."""
    return Person(
        key,
        key,
        OPEN,
        Spot("CH", "Basel", 47.56, 7.59, key),
        tuple(day_off(day) for day in sorted(off)),
        {"lcms": Certificate(level, until)},
    )


def job(
    key: str,
    *,
    prepares: int = 2,
    installs: int = 1,
    crew: int = 1,
    level: int = 1,
    country: str = "CH",
    options: frozenset[str] = frozenset(),
) -> Job:
    """A unit whose site is prepared, which is shipped the day after, and installed the day after that."""
    return Job(
        key=key,
        units=(Unit(key, "ms", options),),
        steps=(
            Step("prepare", prepares, "site"),
            Step("ship", 1, "site", (Link("prepare"),), just_in_time=True),
            Step("install", installs, "site", (Link("ship"),)),
            Step("handover", 0, "site", (Link("install"),)),
        ),
        calendars={"site": WEEKDAYS},
        site=OPEN,
        spot=BASEL,
        country=country,
        start_on=TODAY,
        calls=(Call("install", "lcms", level, crew, 480),),
        needs_stock="ship",
        installs=("install",),
        hands_over="handover",
    )


def goods(key: int, available_on: date, *options: str, country: str = "CH", export_days: int = 0) -> Goods:
    return Goods(key, "ms", available_on, country, export_days, frozenset(options))


def answered(jobs: Sequence[Job], supply: Supply, team: Team) -> tuple[Answer, ...]:
    return answer(jobs, supply, team, today=TODAY, now=NOW)


def installed_on(one: Answer) -> date:
    assert one.window is not None
    return one.window.from_at


def later(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_a_unit_on_hand_is_not_wasted_on_a_site_that_takes_long() -> None:
    """The first line's site needs twenty days: it gets what comes by then, and the second line what is there."""
    found = answered(
        [job("slow", prepares=20), job("quick")],
        Supply([goods(1, TODAY), goods(2, later(14))]),
        Team([person("Lea")]),
    )

    assert [one.given[0].goods.key for one in found if one.given[0].goods] == [2, 1]
    assert installed_on(found[1]) == on("Thu 2026-03-05")


def test_what_decides_a_day_is_told() -> None:
    team = Team([person("Lea", *(later(number) for number in range(3, 9)), level=3), person("Max", level=1)])

    (late,) = answered([job("a", level=3)], Supply([goods(1, TODAY)]), team)
    (out_of_stock,) = answered([job("a")], Supply([goods(1, later(9), country="JP", export_days=5)]), team)

    assert installed_on(late) == on("Wed 2026-03-11")
    assert [(one.why, one.from_on, one.to_on) for one in late.reasons] == [
        (Why.PEOPLE, on("Thu 2026-03-05"), on("Wed 2026-03-11"))
    ]
    assert late.reasons[0].against == (("Lea", Rule.LEAVE), ("Max", Rule.SKILL_LEVEL))
    assert installed_on(out_of_stock) == on("Tue 2026-03-17"), "fourteen days later it can be shipped"
    assert [one.why for one in out_of_stock.reasons] == [Why.STOCK]


@pytest.mark.parametrize(("installs", "is_remote"), [(1, False), (3, False), (1, True)])
def test_work_begins_when_people_do_where_the_site_opens_before(installs: int, *, is_remote: bool) -> None:
    """Open from seven to seven: nobody who begins at eight is there at seven."""
    asked = job("a", installs=installs)
    early = replace(OPEN, week={number: (Hours(7 * 60, 19 * 60),) for number in range(5)})
    call = replace(asked.calls[0], minutes=60 if is_remote else 480, is_remote=is_remote)
    far = replace(person("Lea"), hours=replace(OPEN, zone=ZoneInfo("America/New_York")))
    team = Team([far if is_remote else person("Lea")])

    (found,) = answered([replace(asked, site=early, calls=(call,))], Supply([goods(1, TODAY)]), team)

    assert installed_on(found) == on("Thu 2026-03-05")
    [booked] = found.booked
    assert booked.stay.from_at == at(f"Thu 2026-03-05 {'13:00' if is_remote else '08:00'}+00:00")


@pytest.mark.parametrize(
    ("supply", "team", "asked", "why"),
    [
        (Supply(), Team([person("Lea")]), job("a"), Why.NO_STOCK),
        (Supply([goods(1, TODAY)]), Team([person("Lea")]), job("a", options=frozenset({"x"})), Why.NO_STOCK),
        (Supply([goods(1, TODAY)]), Team([person("Lea", level=2)]), job("a", level=3), Why.NO_SKILL),
        (Supply([goods(1, TODAY)]), Team([person("Lea")]), job("a", crew=2), Why.NO_SKILL),
        (Supply([goods(1, TODAY)]), Team([person("Lea", until=later(2))]), job("a"), Why.NO_SKILL),
        (
            Supply([goods(1, TODAY)]),
            Team([person("Lea")], {"Lea": [Percent(TODAY, None, 0)]}),
            job("a"),
            Why.NO_PEOPLE,
        ),
    ],
)
def test_what_cannot_be_promised_says_why_and_takes_nothing(
    supply: Supply, team: Team, asked: Job, why: Why
) -> None:
    found = answered([asked, job("b")], supply, team)

    assert found[0].plan is None
    assert found[0].reasons[-1].why is why
    if supply.stock and why is not Why.NO_PEOPLE and not (team.people[0].skills["lcms"].until):
        assert found[1].plan is not None, "the next one has all of it"


def test_a_week_that_is_half_someones_own_takes_half_the_work() -> None:
    """Half of forty hours are two days of installation; the third unit waits for next week."""
    team = Team([person("Lea")], {"Lea": [Percent(TODAY, None, 50)]})
    units = [job(name, prepares=1) for name in "abc"]

    found = answered(units, Supply([goods(number, TODAY) for number in range(3)]), team)

    assert [installed_on(one) for one in found] == [
        on("Wed 2026-03-04"),
        on("Thu 2026-03-05"),
        on("Mon 2026-03-09"),
    ]


days_ahead = st.integers(0, 25)
teams = st.lists(
    st.tuples(st.sets(days_ahead, max_size=12), st.integers(1, 3), st.sampled_from([100, 60, 40])),
    min_size=1,
    max_size=3,
)
asked_for = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)),
    min_size=1,
    max_size=4,
)


def drawn(people: list[tuple[set[int], int, int]]) -> Team:
    return Team(
        [
            person(f"p{number}", *(later(day) for day in off), level=level)
            for number, (off, level, _percent) in enumerate(people)
        ],
        {f"p{number}": [Percent(TODAY, None, percent)] for number, (_o, _l, percent) in enumerate(people)},
    )


@settings(max_examples=120)
@given(teams, asked_for, st.lists(st.tuples(days_ahead, st.booleans()), max_size=5), st.booleans())
def test_nothing_is_given_twice_and_nothing_comes_before_what_it_waits_for(
    people: list[tuple[set[int], int, int]],
    wanted: list[tuple[int, int, int, int]],
    there: list[tuple[int, bool]],
    is_made: bool,
) -> None:
    jobs = [
        job(f"j{number}", prepares=prepares, installs=installs, crew=crew, level=level)
        for number, (prepares, installs, crew, level) in enumerate(wanted)
    ]
    stock = [
        goods(number, later(day), country="JP" if is_abroad else "CH", export_days=4)
        for number, (day, is_abroad) in enumerate(there)
    ]
    supply, team = Supply(stock, {"ms": 30} if is_made else {}), drawn(people)

    found = answered(jobs, supply, team)

    assert found == answered(jobs, supply, team), "the same question has the same answer"
    used = [each.goods.key for one in found for each in one.given if each.goods is not None]
    assert len(used) == len(set(used))
    taken: dict[str, list[Span[datetime]]] = {each.key: [] for each in team.people}
    weeks: dict[tuple[str, date], int] = {}
    for one in (each for each in found if each.plan is not None):
        assert one.plan is not None
        placed = one.plan.placed
        for each in one.given:
            assert placed["ship"].start_on >= each.ready_on >= TODAY
        assert placed["ship"].start_on > placed["prepare"].finish_on or one.steps[0].workdays == 0
        assert placed["install"].start_on > placed["ship"].finish_on
        (booked,) = one.booked
        assert booked.stay.from_at.date() == placed["install"].start_on
        assert len(set(booked.crew)) == booked.call.crew
        skilled = {each.key: each.skills["lcms"].level for each in team.people}
        assert max(skilled[key] for key in booked.crew) >= booked.call.level
        for key in booked.crew:
            taken[key] += booked.binds
            day = placed["install"].start_on
            while day <= placed["install"].finish_on:
                if day.weekday() < 5:
                    monday = day - timedelta(days=day.weekday())
                    weeks[key, monday] = weeks.get((key, monday), 0) + 480
                    off = people[int(key[1:])][0]
                    assert (day - TODAY).days not in off, "somebody who is away is not sent"
                day += timedelta(days=1)
    for spans in taken.values():
        for before, after in pairwise(sorted(spans, key=lambda span: span.from_at)):
            assert before.to_at is not None
            assert before.to_at <= after.from_at
    for (key, _monday), minutes in weeks.items():
        assert minutes <= 2400 * people[int(key[1:])][2] // 100


@settings(max_examples=80)
@given(
    st.lists(st.sets(days_ahead, max_size=15), min_size=1, max_size=2),
    st.lists(st.integers(0, 6), min_size=1, max_size=3),
    st.lists(days_ahead, min_size=3, max_size=4),
)
def test_each_unit_comes_on_the_first_day_that_those_before_it_leave(
    away: list[set[int]], prepares: list[int], there: list[int]
) -> None:
    """What is tried here day by day and unit by unit is what is answered: no earlier day was missed."""
    team = Team([person(f"p{number}", *(later(day) for day in off)) for number, off in enumerate(away)])
    stock = [goods(number, later(day)) for number, day in enumerate(there)]
    jobs = [job(f"j{number}", prepares=length) for number, length in enumerate(prepares)]

    found = answered(jobs, Supply(stock), team)

    left, busy = {one.key: one.available_on for one in stock}, {key: set(off) for key, off in enumerate(away)}
    for one, length in zip(found, prepares, strict=True):
        ready_on = add_workdays(WEEKDAYS, TODAY, length - 1) if length else TODAY
        shipped_on = next_workday(WEEKDAYS, ready_on + timedelta(days=1)) if length else TODAY
        first_on = min(
            add_workdays(WEEKDAYS, next_workday(WEEKDAYS, max(shipped_on, day)), 1) for day in left.values()
        )
        tried = first_on
        while tried.weekday() > 4 or all((tried - TODAY).days in days for days in busy.values()):
            tried += timedelta(days=1)
        assert installed_on(one) == tried
        (each,) = one.given
        assert each.goods is not None
        del left[each.goods.key]
        busy[int(one.booked[0].crew[0][1:])].add((tried - TODAY).days)
