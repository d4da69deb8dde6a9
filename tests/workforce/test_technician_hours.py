"""When technicians work: weeks, zones, holidays, closures, single days and absences, for one and for many."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.hours import Hours, feasible, open_within
from concierge.core.spans import Span
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.workforce import queries
from concierge.workforce.actions import hours, technicians, territories
from concierge.workforce.actions.hours import HoursInDisorder
from concierge.workforce.calendars import (
    HomeBase,
    away_span,
    percent_on,
    place_calendar,
    technician_place,
    worked_minutes,
)
from concierge.workforce.models import Absence, Closure, OtherHours, Technician
from concierge.workforce.states import AbsenceKind
from tests.makers import workforce
from tests.makers.days import at, on
from tests.makers.workforce import SOME_DAY

MINUTE = timedelta(minutes=1)
PLACES = (
    ("Europe/Zurich", "CH", "BS", date(2026, 3, 27)),  # forward on the 29th
    ("Europe/Zurich", "CH", "ZH", date(2026, 10, 23)),  # back on the 25th
    ("America/New_York", "US", "MA", date(2026, 11, 24)),  # Thanksgiving
    ("Australia/Lord_Howe", "AU", "NSW", date(2026, 4, 3)),  # back by half an hour, and Easter
    ("Asia/Beirut", "LB", "", date(2026, 3, 27)),  # midnight is jumped over
    ("Asia/Dubai", "AE", "", date(2026, 3, 19)),  # another weekend
)
DAYS = 5


def clocks() -> st.SearchStrategy[time]:
    return st.integers(1, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@st.composite
def stretches(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Up to two stretches of a day that follow each other, as minutes; the end may be 24:00."""
    points = sorted(draw(st.lists(st.integers(0, 96), min_size=4, max_size=4, unique=True)))
    found = [(points[0] * 15, points[1] * 15), (points[2] * 15, points[3] * 15)]
    return found[: draw(st.integers(0, 2))]


@st.composite
def away(draw: st.DrawFn, first: date) -> Absence:
    begins = draw(st.integers(-2, DAYS))
    lasts = draw(st.integers(0, 3))
    from_time, to_time = draw(st.none() | clocks()), draw(st.none() | clocks())
    if lasts == 0 and from_time and to_time and to_time <= from_time:
        to_time = None
    return Absence(
        kind=draw(st.sampled_from(AbsenceKind)),
        first_on=first + timedelta(days=begins),
        last_on=first + timedelta(days=begins + lasts),
        from_time=from_time,
        to_time=to_time,
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[HomeBase, list[Closure], list[Absence], list[OtherHours], date]:
    """Somebody somewhere around a day on which something happens to the clocks or in the calendar."""
    zone, country, subdivision, first = draw(st.sampled_from(PLACES))
    week = draw(st.lists(stretches(), min_size=7, max_size=7)) if draw(st.booleans()) else []
    shifts = tuple((weekday, *one) for weekday, day in enumerate(week) for one in day)
    single = draw(st.dictionaries(st.integers(0, DAYS), stretches(), max_size=2))
    others = [
        OtherHours(worked_on=first + timedelta(days=number), from_minute=one[0], to_minute=one[1], reason="")
        for number, day in single.items()
        for one in (*day, *(() if day else ((None, None),)))
    ]
    half = draw(st.none() | st.tuples(st.integers(0, 40), st.integers(41, 95)))
    closures = []
    if draw(st.booleans()):
        closed_on = first + timedelta(days=draw(st.integers(0, DAYS)))
        closures.append(
            Closure(
                name="Stocktaking",
                first_on=closed_on,
                last_on=closed_on,
                from_time=time(half[0] // 4, half[0] % 4 * 15) if half else None,
                to_time=time(half[1] // 4, half[1] % 4 * 15) if half else None,
            )
        )
    absences = [draw(away(first)) for _number in range(draw(st.integers(0, 2)))]
    return HomeBase("Tomas", zone, country, subdivision, shifts), closures, absences, others, first


def works(
    base: HomeBase,
    closures: list[Closure],
    absences: list[Absence],
    others: list[OtherHours],
    instant: datetime,
) -> bool:
    """Whether somebody works at an instant, said anew from the rules and for this one minute."""
    wall = instant.astimezone(ZoneInfo(base.zone)).replace(tzinfo=None)
    day, minute = wall.date(), wall.hour * 60 + wall.minute
    for absence in absences:
        begins = datetime.combine(absence.first_on, absence.from_time or time())
        ends = (
            datetime.combine(absence.last_on, absence.to_time)
            if absence.to_time
            else datetime.combine(absence.last_on + timedelta(days=1), time())
        )
        if begins <= wall < ends:
            return False
    for closure in closures:
        if (
            closure.from_time
            and closure.to_time
            and closure.first_on <= day <= closure.last_on
            and closure.from_time <= wall.time() < closure.to_time
        ):
            return False
    single = [one for one in others if one.worked_on == day]
    if single:
        return any(
            one.from_minute is not None
            and one.to_minute is not None
            and one.from_minute <= minute < one.to_minute
            for one in single
        )
    if any(c.from_time is None and c.first_on <= day <= c.last_on for c in closures):
        return False
    country = place_calendar(base.country, base.subdivision)
    if day in country.closed:
        return False
    if base.shifts:
        return any(weekday == day.weekday() and a <= minute < b for weekday, a, b in base.shifts)
    return day.weekday() not in country.weekend and 8 * 60 <= minute < 17 * 60


def every_quarter(first: date, zone: str) -> Iterator[datetime]:
    begins = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC)
    yield from (begins + 15 * MINUTE * number for number in range(DAYS * 96))


@settings(max_examples=120, deadline=None)
@given(worlds())
def test_a_technicians_hours_equal_a_brute_force_over_every_minute(
    world: tuple[HomeBase, list[Closure], list[Absence], list[OtherHours], date],
) -> None:
    base, closures, absences, others, first = world
    within = Span(first - timedelta(days=1), first + timedelta(days=DAYS + 2))

    place = technician_place(base, closures=closures, absences=absences, other_hours=others, within=within)

    quarters = list(every_quarter(first, base.zone))
    spans = open_within(place, Span(quarters[0], quarters[-1] + 15 * MINUTE))
    said = {quarter for quarter in quarters for span in spans if span.contains(quarter)}
    assert said == {each for each in quarters if works(base, closures, absences, others, each)}
    for absence in absences:
        assert not any(span.overlaps(away_span(absence, base.zone)) for span in spans), "and away is away"
    for span in spans:
        assert feasible(span, place).is_feasible


def test_the_hours_of_many_take_as_many_statements_as_those_of_one(app: Flask) -> None:
    first, last = on("Mon 2026-03-23"), on("Sun 2026-04-05")
    with unit_of_work():
        known = [workforce.technician(name=f"Technician{number} Keller") for number in range(12)]
        hours.set_hours(known[0], [(0, 0, 360), (0, 1320, 1440)], at=SOME_DAY, actor_id=None)
        hours.set_day(
            known[1], worked_on=on("Sat 2026-03-28"), hours=[Hours(600, 720)], at=SOME_DAY, actor_id=None
        )
        technicians.enter_absence(
            known[2],
            kind=AbsenceKind.LEAVE,
            first_on=on("Tue 2026-03-24"),
            last_on=on("Wed 2026-03-25"),
            from_time=time(12),
            to_time=time(10),
            at=SOME_DAY,
            actor_id=None,
        )
        workforce.closure("Stocktaking", on("Thu 2026-03-26"))
    ids = [one.user_id for one in known]

    with statements() as few:
        places = queries.technician_places(ids, first_on=first, last_on=last)
    db.session.expunge_all()  # who is away is read again
    with statements() as one:
        queries.technician_places(ids[2:3], first_on=first, last_on=last)

    assert len([text for text in few if text.startswith("SELECT")]) == len(one) == 6
    assert places.keys() == set(ids)

    def said(number: int, day: str) -> str:
        return ", ".join(map(str, places[ids[number]].hours_on(on(day))))

    assert said(0, "Mon 2026-03-23") == "00:00–06:00, 22:00–24:00"
    assert said(0, "Tue 2026-03-24") == ""
    assert said(1, "Sat 2026-03-28") == "10:00–12:00"
    assert said(2, "Tue 2026-03-24") == "08:00–12:00"
    assert said(2, "Wed 2026-03-25") == "10:00–17:00"
    assert all(place.hours_on(on("Thu 2026-03-26")) == () for place in places.values())
    assert places[ids[3]].reasons(on("Fri 2026-04-03"), 600) == ("Karfreitag, Basel-Stadt",)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    seen: list[str] = []

    def note(*told: Any) -> None:
        seen.append(told[2])

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def test_work_is_counted_by_day_or_by_working_hours_when_nights_lie_in_it() -> None:
    place = technician_place(HomeBase("Tomas", "Europe/Zurich", "CH", "BS"))
    saturday = Span(at("Sat 2026-03-28 08:00+01:00"), at("Sat 2026-03-28 12:00+01:00"))
    over_the_weekend = Span(at("Fri 2026-03-27 08:00+01:00"), at("Mon 2026-03-30 12:00+02:00"))

    assert worked_minutes(place, saturday) == 4 * 60, "a visit on a free day is work"
    assert worked_minutes(place, over_the_weekend) == (9 + 4) * 60, "nights and weekends in between are not"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8-12, 13.00–17:30", "08:00–12:00, 13:00–17:30"),
        ("22:00–24", "22:00–24:00"),
        ("13-17;8-12", "08:00–12:00, 13:00–17:00"),
        ("", ""),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, said: str) -> None:
    assert ", ".join(map(str, hours.hours_in(text))) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("22:00–06:00", "cannot run from 22:00 to 06:00"),
        ("08:00–12:00, 11:00–15:00", "lie over each other"),
        ("all day", "no stretch of hours"),
        ("08:00–25:00", "cannot run from 08:00 to 25:00"),
        ("08:75–12:00", "no stretch of hours"),
        ("٠٨-١٢", "no stretch of hours"),
    ],
)
def test_hours_that_cannot_be_are_refused_in_words(sqlite_app: Flask, text: str, why: str) -> None:
    with sqlite_app.test_request_context(), pytest.raises(HoursInDisorder, match=why):
        hours.hours_in(text)


def test_capacity_holds_for_its_period_and_never_twice(app: Flask) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        hours.set_capacity(
            tomas, first_on=on("Mon 2026-06-01"), last_on=None, percent=60, at=SOME_DAY, actor_id=None
        )

    known = queries.capacities([tomas.user_id], first_on=on("Mon 2026-05-25"), last_on=on("Tue 2026-06-02"))

    assert percent_on(known[tomas.user_id], on("Sun 2026-05-31")) == 100
    assert percent_on(known[tomas.user_id], on("Wed 2031-01-01")) == 60
    with app.test_request_context(), pytest.raises(Refused, match="60 % are entered already"), unit_of_work():
        hours.set_capacity(
            tomas,
            first_on=on("Mon 2026-08-03"),
            last_on=on("Tue 2026-08-04"),
            percent=10,
            at=SOME_DAY,
            actor_id=None,
        )
    with app.test_request_context(), pytest.raises(Refused, match="0 to 100"), unit_of_work():
        hours.set_capacity(
            tomas,
            first_on=on("Mon 2026-01-05"),
            last_on=on("Tue 2026-01-06"),
            percent=101,
            at=SOME_DAY,
            actor_id=None,
        )


def test_a_certificate_is_held_with_its_level_until_its_last_day(app: Flask) -> None:
    with unit_of_work():
        tomas, lea = workforce.technician(), workforce.technician(name="Lea Roth")
        for who, level, until in ((tomas, 2, on("Tue 2026-03-31")), (lea, 3, None)):
            technicians.grant_skill(
                who, code="orbitrap", level=level, expires_on=until, at=SOME_DAY, actor_id=None
            )

    found = queries.sendable([tomas.user_id, lea.user_id])

    assert found[tomas.user_id].holds("orbitrap", level=2, on=on("Tue 2026-03-31"))
    assert not found[tomas.user_id].holds("orbitrap", on=on("Wed 2026-04-01"))
    assert not found[tomas.user_id].holds("orbitrap", level=3, on=on("Mon 2026-03-30"))
    assert found[tomas.user_id].expired_on("orbitrap", on=on("Wed 2026-04-01")) == on("Tue 2026-03-31")
    assert set(queries.holders("orbitrap", level=2, on=on("Tue 2026-03-31"))) == {tomas.user_id, lea.user_id}
    assert set(queries.holders("orbitrap", on=on("Wed 2026-04-01"))) == {lea.user_id}
    assert set(queries.holders("", on=on("Wed 2026-04-01"))) == {tomas.user_id, lea.user_id}


def test_who_serves_a_place_follows_from_territories(app: Flask) -> None:
    with unit_of_work():
        tomas, lea = workforce.technician(), workforce.technician(name="Lea Roth")
        alps = territories.add("Alps", parts=[("CH", ""), ("it", "bz")], least=1, at=SOME_DAY, actor_id=None)
        _change(tomas, territory="Alps", languages=("de", "PT-br", "de"), latitude=47.5, longitude=7.6)
        _change(lea, territory_ids=[alps.id])

    assert queries.serving("CH", "BS") == {tomas.user_id, lea.user_id}
    assert queries.serving("IT", "BZ") == {tomas.user_id, lea.user_id}
    assert queries.serving("IT", "RM") == frozenset()
    assert queries.profile_of(tomas.user_id).languages == ["de", "pt-BR"]
    for wrong, why in (
        ({"languages": ("klingon",)}, "no language"),
        ({"latitude": 91.0, "longitude": 7.0}, "−90 and 90"),
        ({"latitude": 47.0}, "both degrees"),
        ({"territory": "Atlantis"}, "no territory"),
        ({"country": "ZZ"}, "no country"),
    ):
        with app.test_request_context(), pytest.raises(Refused, match=why), unit_of_work():
            _change(tomas, **wrong)
    with app.test_request_context(), pytest.raises(Refused, match="home of technicians"), unit_of_work():
        territories.remove(territories.territory_for_change(alps.id), at=SOME_DAY, actor_id=None)
    with unit_of_work():
        found = territories.territory_for_change(alps.id)
        territories.change(found, name="Mountains", parts=[("CH", "")], least=0, at=SOME_DAY, actor_id=None)
    assert queries.profile_of(tomas.user_id).territory == "Mountains", "whoever lives there follows its name"


def _change(technician: Technician, **wanted: object) -> None:
    profile = technicians.Profile(**{"city": "Basel", "country": "CH", "subdivision": "BS", **wanted})  # type: ignore[arg-type]
    technicians.change_technician(queries.profile_of(technician.user_id), profile, at=SOME_DAY, actor_id=None)
