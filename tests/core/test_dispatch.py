"""Who can go and when: tables a dispatcher can read, and every minute of random weeks looked at one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.dispatch import (
    ENOUGH,
    LONGEST_SHIFT,
    LUNCH,
    NIGHT,
    Attendee,
    Certificate,
    Objection,
    Person,
    Rule,
    Taken,
    Work,
    against_crew,
    against_person,
    against_time,
    bound,
    candidates,
    minutes_there,
    objections,
    presence,
    slots,
    ways,
)
from concierge.core.hours import DayHours, Hours, Place, Shut, hours_between
from concierge.core.spans import Span
from concierge.core.travel import By, Spot, degrees, way
from concierge.core.worktime import WorkCalendar
from tests.makers.days import on

MINUTE = timedelta(minutes=1)
DAYTIME = hours_between(time(8), time(17))
WEEK = dict.fromkeys(range(5), (DAYTIME,))
ZURICH = ZoneInfo("Europe/Zurich")
BASEL = Spot("CH", "Basel", 47.56, 7.59, "Rheintal Pharma")
BERN = Spot("CH", "Bern", 46.95, 7.45, "Aare Clinic")
OSAKA = Spot("JP", "Osaka", 34.69, 135.5, "Nishiyama")
SITE = Place("Rheintal Pharma", ZURICH, WEEK)
WORK = Work(SITE, BASEL, skill="lc-ms", level=2)
SELIN = Person(
    "selin",
    "Selin",
    Place("Selin", ZURICH, WEEK),
    Spot("CH", "Basel", 47.55, 7.58),
    skills={"lc-ms": Certificate(3, on("Thu 2026-12-31"))},
)


def local(day: str, clock: str, zone: tzinfo = ZURICH) -> datetime:
    """An instant by the wall clock of a zone."""
    return datetime.combine(on(day), time.fromisoformat(clock), zone).astimezone(UTC)


def from_to(day: str, start: str, end: str, last: str = "") -> Span[datetime]:
    return Span(local(day, start), local(last or day, end))


def rules(found: tuple[Objection, ...]) -> list[Rule]:
    return [one.rule for one in found]


def a_visit(day: str, start: str, end: str, spot: Spot, title: str = "Aare Clinic, training") -> Taken:
    return Taken(from_to(day, start, end), Rule.VISIT, title, spot)


def test_a_free_skilled_person_can_go_within_the_sites_hours() -> None:
    assert objections(from_to("Tue 2026-11-24", "08:00", "17:00"), WORK, SELIN) == ()


@pytest.mark.parametrize(
    ("stay", "expected"),
    [
        (from_to("Tue 2026-11-24", "07:00", "12:00"), [Rule.SITE_HOURS]),
        (from_to("Tue 2026-11-24", "12:00", "18:00"), [Rule.SITE_HOURS]),
        (from_to("Sat 2026-11-28", "09:00", "12:00"), [Rule.SITE_CLOSED]),
        (
            from_to("Fri 2026-11-27", "09:00", "12:00", "Mon 2026-11-30"),
            [],
        ),  # the weekend is nobody's presence
        (from_to("Fri 2026-11-27", "09:00", "12:00", "Sat 2026-11-28"), [Rule.SITE_CLOSED]),
        (from_to("Sat 2026-11-28", "09:00", "12:00", "Mon 2026-11-30"), [Rule.SITE_CLOSED]),
    ],
)
def test_the_whole_stay_lies_in_the_sites_hours(stay: Span[datetime], expected: list[Rule]) -> None:
    assert rules(against_time(stay, WORK)) == expected


def test_a_power_cut_in_the_middle_counts_but_lunch_does_not() -> None:
    lunch = replace(SITE, week=dict.fromkeys(range(5), (Hours(480, 720), Hours(780, 1020))))
    stay = from_to("Tue 2026-11-24", "09:00", "16:00")
    assert against_time(stay, replace(WORK, site=lunch)) == ()
    cut = replace(SITE, shut={on("Tue 2026-11-24"): (Shut(Hours(600, 840), "Power test"),)})
    (found,) = against_time(stay, replace(WORK, site=cut))
    assert (found.rule, found.words) == (Rule.SITE_CLOSED, "Power test")
    assert found.span == from_to("Tue 2026-11-24", "10:00", "14:00")


def test_somebodys_own_lunch_stands_against_nothing() -> None:
    selin = replace(
        SELIN, hours=replace(SELIN.hours, week=dict.fromkeys(range(5), (Hours(480, 720), Hours(765, 1020))))
    )
    assert against_person(from_to("Tue 2026-11-24", "09:00", "16:00"), WORK, selin) == ()
    (found,) = against_person(from_to("Tue 2026-11-24", "07:00", "16:00"), WORK, selin)
    assert (found.rule, found.words) == (Rule.HOURS, "08:00–17:00")


def test_a_skill_has_to_last_to_the_end_and_reach_the_level() -> None:
    over_the_year = from_to("Thu 2026-12-31", "09:00", "12:00", "Mon 2027-01-04")
    assert Rule.SKILL_EXPIRED in rules(against_person(over_the_year, WORK, SELIN))
    tuesday = from_to("Tue 2026-11-24", "09:00", "12:00")
    assert rules(against_person(tuesday, replace(WORK, level=4), SELIN)) == [Rule.SKILL_LEVEL]
    assert rules(against_person(tuesday, replace(WORK, skill="nmr"), SELIN)) == [Rule.SKILL_MISSING]
    (expired,) = against_person(over_the_year, WORK, SELIN)
    assert not expired.is_breakable


def test_leave_in_the_middle_of_a_long_visit_counts_and_on_its_weekend_does_not() -> None:
    def away(day: str) -> Person:
        return replace(SELIN, taken=(Taken(from_to(day, "00:00", "23:59"), Rule.LEAVE, "leave"),))

    stay = from_to("Thu 2026-11-26", "09:00", "12:00", "Tue 2026-12-01")
    assert rules(against_person(stay, WORK, away("Mon 2026-11-30"))) == [Rule.LEAVE]
    assert rules(against_person(stay, WORK, away("Sat 2026-11-28"))) == []


def test_a_weekend_in_between_leaves_time_for_another_visit_and_its_travel() -> None:
    stay = from_to("Fri 2026-11-27", "09:00", "12:00", "Mon 2026-11-30")
    saturday = replace(SELIN, taken=(a_visit("Sat 2026-11-28", "09:00", "12:00", BERN),))
    assert against_person(stay, WORK, saturday) == ()
    friday_night = replace(SELIN, taken=(a_visit("Fri 2026-11-27", "18:00", "20:00", BERN),))
    assert rules(against_person(stay, WORK, friday_night)) == [Rule.TRAVEL]
    monday = replace(SELIN, taken=(a_visit("Mon 2026-11-30", "07:00", "07:30", BERN),))
    assert rules(against_person(stay, WORK, monday)) == [Rule.TRAVEL]
    at_noon = replace(SELIN, taken=(a_visit("Fri 2026-11-27", "12:00", "13:00", BERN),))
    assert rules(against_person(stay, WORK, at_noon)) == [Rule.VISIT]


def test_the_end_of_a_visit_counts_and_not_only_its_start() -> None:
    """OCA #1382: 8:45 and four hours of work were accepted over an absence at nine."""
    away = replace(SELIN, taken=(Taken(from_to("Tue 2026-11-24", "09:00", "10:00"), Rule.LEAVE, "doctor"),))
    assert rules(against_person(from_to("Tue 2026-11-24", "08:45", "12:45"), WORK, away)) == [Rule.LEAVE]


def test_travel_between_two_sites_has_to_fit() -> None:
    to_bern = way(BASEL, BERN).minutes
    assert 60 <= to_bern <= 150
    ends = datetime.combine(date(2026, 11, 24), time(12), ZURICH)
    busy = replace(SELIN, taken=(a_visit("Tue 2026-11-24", "08:00", "12:00", BERN),))
    tight = Span((ends + (to_bern - 1) * MINUTE).astimezone(UTC), local("Tue 2026-11-24", "17:00"))
    (found,) = against_person(tight, WORK, busy)
    assert (found.rule, found.minutes, found.words) == (Rule.TRAVEL, to_bern, "Aare Clinic, training")
    fits = Span(tight.from_at + MINUTE, tight.to_at)
    assert against_person(fits, WORK, busy) == ()
    assert ways(fits, WORK, busy).comes_from == "Aare Clinic, training"


def test_a_call_takes_nobody_anywhere() -> None:
    call = replace(WORK, site=Place("Nishiyama", ZoneInfo("Asia/Tokyo"), WEEK), spot=OSAKA, is_remote=True)
    busy = replace(SELIN, taken=(a_visit("Tue 2026-11-24", "09:00", "17:00", BERN),))
    assert rules(objections(from_to("Tue 2026-11-24", "08:00", "09:00"), call, busy)) == []  # 16:00 there
    (early,) = against_person(from_to("Tue 2026-11-24", "07:00", "08:00"), call, busy)
    assert (early.rule, early.words) == (Rule.HOURS, "00:00–01:00, 16:00–24:00")  # hers, by the clock there
    assert rules(against_time(from_to("Tue 2026-11-24", "09:00", "10:00"), call)) == []  # nobody is let in


def test_a_flight_on_the_evening_before_may_not_lie_in_leave() -> None:
    site = Place("Nishiyama", ZoneInfo("Asia/Tokyo"), WEEK)
    work = replace(WORK, site=site, spot=OSAKA)
    stay = Span(
        local("Tue 2026-11-24", "09:00", ZoneInfo("Asia/Tokyo")),
        local("Tue 2026-11-24", "17:00", ZoneInfo("Asia/Tokyo")),
    )
    assert against_person(stay, work, SELIN) == ()  # she works by Osaka's clock there
    home = replace(SELIN, taken=(Taken(from_to("Mon 2026-11-23", "00:00", "23:00"), Rule.LEAVE, "leave"),))
    assert rules(against_person(stay, work, home)) == [Rule.TRAVEL]


def test_what_comes_before_gates_and_attendees_stand_against_a_time() -> None:
    stay = from_to("Tue 2026-11-24", "09:00", "12:00")
    work = replace(
        WORK,
        not_before=local("Wed 2026-11-25", "00:00"),
        waits_for="Delivered",
        held_by="Installation",
        attendees=(Attendee("Dr Ito", (from_to("Tue 2026-11-24", "11:00", "18:00"),)),),
    )
    found = {one.rule: one for one in against_time(stay, work)}
    assert found.keys() == {Rule.PREREQUISITE, Rule.GATE, Rule.ATTENDEE}
    assert found[Rule.ATTENDEE].span == from_to("Tue 2026-11-24", "11:00", "12:00")


def test_the_free_come_first_then_the_near_then_those_with_time() -> None:
    stay = from_to("Tue 2026-11-24", "09:00", "12:00")
    far = replace(SELIN, key="far", home=OSAKA)
    full = replace(SELIN, key="full", booked_minutes=2300, capacity_minutes=2400)
    easy = replace(SELIN, key="easy", booked_minutes=600, capacity_minutes=2400)
    away = replace(SELIN, key="away", taken=(a_visit("Tue 2026-11-24", "08:00", "12:00", BASEL),))
    unskilled = replace(SELIN, key="unskilled", skills={"lc-ms": Certificate(3, on("Mon 2026-11-23"))})
    found = candidates(stay, WORK, [unskilled, away, full, far, easy])
    assert [one.person.key for one in found] == ["easy", "full", "far", "away", "unskilled"]
    assert [one.is_free for one in found] == [True, True, True, False, False]
    assert found[0].load == pytest.approx((600 + 180) / 2400)


@pytest.mark.parametrize(
    ("here", "there", "by", "minutes"),
    [
        (BASEL, BASEL, By.CAR, 0),
        (BASEL, Spot("CH", "Basel", 47.57, 7.60, "Another"), By.CAR, 15),
        (BASEL, BERN, By.CAR, 90),
        (BASEL, Spot("DE", "Frankfurt", 50.11, 8.68), By.TRAIN, 225),
        (BASEL, OSAKA, By.PLANE, 975),
        (Spot("CH", "Basel"), Spot("CH", "basel", name="X"), By.CAR, 30),
        (Spot("CH", "Basel"), Spot("CH", "Genf"), By.TRAIN, 150),
        (Spot("CH", "Basel"), Spot("JP", "Osaka"), By.PLANE, 480),
    ],
)
def test_ways_are_what_a_person_would_guess(here: Spot, there: Spot, by: By, minutes: int) -> None:
    found = way(here, there)
    assert (found.by, found.minutes) == (by, minutes)
    assert found.is_assumed == (here.latitude is None)


@pytest.mark.parametrize(
    "text", ["47.5596, 7.5886", "47.5596 7.5886", "geo:47.5596,7.5886", " 47.5596;7.5886 "]
)
def test_degrees_are_read_as_maps_write_them(text: str) -> None:
    assert degrees(text) == (47.5596, 7.5886)


@pytest.mark.parametrize(
    "text", ["", "Basel", "47.5", "91, 7", "47, 181", "47,5596, 7,5886", "1e1, 2", "٤٧ ٧"]
)
def test_what_is_no_place_on_earth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[dD]egrees"):
        degrees(text)


# ------------------------------------------------------------ moment by moment

GRID = 5 * MINUTE
"""Everything drawn below begins and ends on such a step, so that looking at one minute of each sees all."""

ZONES = ("Europe/Zurich", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe")
CHANGES = (date(2026, 3, 27), date(2026, 10, 23), date(2026, 10, 30), date(2026, 4, 3), date(2026, 10, 2))
"""A few days before clocks change somewhere."""
SPOTS = (BASEL, BERN, Spot("CH", "Basel"), Spot("DE", "Freiburg", 47.99, 7.85))


@st.composite
def a_place(draw: st.DrawFn, name: str) -> Place:
    stretches = st.lists(
        st.tuples(st.integers(0, 22), st.integers(1, 10)).map(
            lambda pair: Hours(pair[0] * 60, min(pair[0] + pair[1], 24) * 60)
        ),
        max_size=2,
    ).map(_apart)
    day = draw(st.sampled_from(CHANGES))
    days_on = st.integers(0, 8).map(lambda number: day + timedelta(days=number))
    closed = draw(st.sets(days_on, max_size=2))
    return Place(
        name,
        ZoneInfo(draw(st.sampled_from(ZONES))),
        draw(st.dictionaries(st.integers(0, 6), stretches, min_size=3)),
        days=WorkCalendar(name, weekend=frozenset(), closed=dict.fromkeys(closed, "closed")),
        exceptions={one: DayHours(draw(stretches), "half day") for one in draw(st.sets(days_on, max_size=1))},
        shut={one: (Shut(Hours(600, 700), "shut"),) for one in draw(st.sets(days_on, max_size=2))},
    )


def _apart(hours: list[Hours]) -> tuple[Hours, ...]:
    kept: list[Hours] = []
    for one in sorted(hours, key=lambda each: each.from_minute):
        if not kept or one.from_minute > kept[-1].to_minute:
            kept.append(one)
    return tuple(kept)


@st.composite
def a_case(draw: st.DrawFn) -> tuple[Span[datetime], Work, Person]:
    site = draw(a_place("site"))
    day = draw(st.sampled_from(CHANGES))
    begins = datetime.combine(day, time(), UTC) + draw(st.integers(0, 5 * 96)) * 15 * MINUTE
    longest = draw(st.sampled_from((1, 3, 7)))  # days; the longest hold days off
    stay = Span(begins, begins + draw(st.integers(1, longest * 96)) * 15 * MINUTE)
    taken = []
    for number in range(draw(st.integers(0, 3))):
        starts = begins + draw(st.integers(-200, 100 + longest * 80)) * 15 * MINUTE
        span = Span(starts, starts + draw(st.integers(1, 60)) * 15 * MINUTE)
        rule = draw(
            st.sampled_from((Rule.VISIT, Rule.VISIT, Rule.LEAVE, Rule.OWN_CALENDAR, Rule.OWN_TENTATIVE))
        )
        spot = draw(st.sampled_from(SPOTS)) if rule is Rule.VISIT else None
        taken.append(Taken(span, rule, f"taken {number}", spot))
    held = draw(st.none() | st.just(day + timedelta(days=2)))
    person = Person(
        "p",
        "P",
        draw(a_place("person")),
        draw(st.sampled_from(SPOTS)),
        tuple(taken),
        {"lc-ms": Certificate(draw(st.integers(1, 3)), held)},
    )
    away = Span(begins + 60 * MINUTE, begins + draw(st.integers(13, 60)) * GRID)
    attendees = (Attendee("a", (away,)),) if draw(st.booleans()) else ()
    not_before = draw(st.none() | st.just(begins + 30 * MINUTE) | st.just(begins - 30 * MINUTE))
    work = Work(site, draw(st.sampled_from(SPOTS)), "lc-ms", 2, attendees=attendees, not_before=not_before)
    return stay, work, person


def _moments(span: Span[datetime]) -> Iterator[datetime]:
    assert span.to_at is not None
    moment = span.from_at
    while moment < span.to_at:
        yield moment
        moment += GRID


def _is_open(place: Place, moment: datetime, *, planned: bool = False) -> bool:
    there = moment.astimezone(place.zone)
    hours = (place.planned_on if planned else place.hours_on)(there.date())
    return any(one.from_minute <= there.hour * 60 + there.minute < one.to_minute for one in hours)


def _works(person: Person, moment: datetime, *, at: Place, usually: bool = False) -> bool:
    """In their planned hours by the clock of where they are, a lunch break included, but for what is shut."""
    wall = moment.astimezone(at.zone)
    minute, planned = wall.hour * 60 + wall.minute, person.hours.planned_on(wall.date())
    shut = () if usually else person.hours.shut.get(wall.date(), ())
    is_planned = any(one.from_minute <= minute < one.to_minute for one in planned) or any(
        before.to_minute <= minute < after.from_minute and after.from_minute - before.to_minute <= LUNCH
        for before, after in pairwise(planned)
    )
    return is_planned and not any(one.hours.from_minute <= minute < one.hours.to_minute for one in shut)


def _there(stay: Span[datetime], site: Place) -> set[datetime]:
    """The minutes of a stay at which somebody is at the site."""
    assert stay.to_at is not None
    planned = [moment for moment in _moments(stay) if _is_open(site, moment, planned=True)]

    def day(moment: datetime) -> date:
        return moment.astimezone(site.zone).date()

    inside = set(planned)
    return {
        moment
        for moment in _moments(stay)
        if moment in inside
        or (day(moment) == day(stay.from_at) and (not planned or moment < planned[0]))
        or (day(moment) == day(stay.to_at - MINUTE) and (not planned or moment > planned[-1]))
    }


def _attended(
    stay: Span[datetime], work: Work, crew: Sequence[Person], there: set[datetime]
) -> tuple[set[datetime], set[datetime], set[datetime]]:
    """Of several days, on which less of each is worked than the site is open: who has to be at work when, who is
    there, and what is worked. Of a day on which people have too little in common all that the site is open.
    """
    assert stay.to_at is not None
    first, last = (one.astimezone(work.site.zone).date() for one in (stay.from_at, stay.to_at - MINUTE))
    if first == last or stay.to_at - stay.from_at <= LONGEST_SHIFT:
        return there, there, there
    must, present, worked = set[datetime](), set[datetime](), set[datetime]()
    for day in {moment.astimezone(work.site.zone).date() for moment in there}:
        planned = {moment for moment in there if moment.astimezone(work.site.zone).date() == day}
        free = {
            moment
            for moment in planned
            if _is_open(work.site, moment)
            and not any(away.contains(moment) for who in work.attendees for away in who.away)
        }
        mine = {moment for moment in free if all(_works(one, moment, at=work.site) for one in crew)}
        usual = {
            moment
            for moment in planned
            if all(_works(one, moment, at=work.site, usually=True) for one in crew)
        }
        asked = len(usual if day in (first, last) else planned) * GRID / 2
        if not mine or len(mine) * GRID < min(ENOUGH, asked):
            must, present, worked = must | planned, present | planned, worked | planned
            continue
        edges = {
            moment
            for moment in planned
            if (day == first and moment < min(mine)) or (day == last and moment > max(mine))
        }
        must, present, worked = must | edges, present | edges | (free & usual), worked | mine
    return must, present, worked


def _days_off(stay: Span[datetime], there: set[datetime], site: Place) -> list[Span[datetime]]:
    """What lies between two minutes at the site with a whole day of its clock between them."""
    return [
        Span(one + GRID, other)
        for one, other in pairwise(sorted(there))
        if (other.astimezone(site.zone).date() - one.astimezone(site.zone).date()).days > 1
    ]


def _legs(off: Span[datetime], work: Work, person: Person) -> list[datetime]:
    """The minutes on the way to another visit on days off, and back from the last of them."""
    assert off.to_at is not None
    inside = [
        taken
        for taken in person.taken
        if taken.rule is Rule.VISIT and off.from_at <= taken.span.from_at and _to(taken) <= off.to_at
    ]
    if not inside:
        return []

    def minutes(other: Taken, pause: timedelta) -> timedelta:
        assert other.spot is not None
        home = way(person.home, work.spot).minutes
        over_home = (home + way(person.home, other.spot).minutes) * MINUTE + NIGHT
        return (way(other.spot, work.spot).minutes if pause < over_home else home) * MINUTE

    first = min(inside, key=lambda taken: taken.span.from_at)
    last = max(inside, key=_to)
    goes = minutes(first, first.span.from_at - off.from_at)
    comes = minutes(last, off.to_at - _to(last))
    return [
        *_moments(Span(off.from_at, off.from_at + goes)),
        *_moments(Span(off.to_at - comes, off.to_at)),
    ]


def _to(taken: Taken) -> datetime:
    assert taken.span.to_at is not None
    return taken.span.to_at


@given(a_case())
@settings(max_examples=200, deadline=None)
def test_feasible_is_what_every_minute_says(case: tuple[Span[datetime], Work, Person]) -> None:
    stay, work, person = case
    assert stay.to_at is not None
    there = _there(stay, work.site)
    assert {moment for span in presence(stay, work.site) for moment in _moments(span)} == there
    days_off = _days_off(stay, there, work.site)
    busy = {moment for moment in _moments(stay) if not any(off.contains(moment) for off in days_off)}
    assert {moment for span in bound(stay, work.site) for moment in _moments(span)} == busy
    how = ways(stay, work, person)
    around = [
        *_moments(Span(stay.from_at - how.there.minutes * MINUTE, stay.from_at)),
        *_moments(Span(stay.to_at, stay.to_at + how.back.minutes * MINUTE)),
        *(moment for off in days_off for moment in _legs(off, work, person)),
    ]
    sure = [taken for taken in person.taken if taken.rule is not Rule.OWN_TENTATIVE]
    held = person.skills["lc-ms"]
    last_day = (stay.to_at - MINUTE).astimezone(work.site.zone).date()
    opened, _present, _worked = _attended(stay, work, (), there)
    must, present, worked = _attended(stay, work, (person,), there)
    assert minutes_there(stay, work, (person.hours,)) * MINUTE == len(worked) * GRID
    feasible = (
        all(_is_open(work.site, moment) for moment in opened)
        and all(_works(person, moment, at=work.site) for moment in must)
        and not any(away.contains(moment) for who in work.attendees for away in who.away for moment in opened)
        and (work.not_before is None or work.not_before <= stay.from_at)
        and held.level >= 2
        and (held.until is None or held.until >= last_day)
        and not any(
            taken.span.contains(moment)
            for taken in sure
            for moment in (present if taken.rule is Rule.LEAVE else busy)
        )
        and not any(
            taken.span.contains(moment) and not any(taken.span.contains(one) for one in busy)
            for taken in sure
            for moment in around
        )
    )
    assert (objections(stay, work, person) == ()) == feasible
    nobody_off = all(_works(person, moment, at=work.site) for moment in must)
    hours = {one.span for one in against_person(stay, work, person) if one.rule in (Rule.HOURS, Rule.DAY_OFF)}
    off = {moment for moment in must if not _works(person, moment, at=work.site)}
    if not any(taken.rule is Rule.LEAVE for taken in person.taken):
        assert {moment for span in hours for moment in _moments(span)} == off
    assert nobody_off == (not off)
    beginner = replace(person, key="q", skills={"lc-ms": Certificate(1, held.until)})
    of_crew = {one.rule for who, one in against_crew(stay, work, (person, beginner)) if who is beginner}
    assert (Rule.SKILL_LEVEL in of_crew) == (held.level < 2 and Rule.SKILL_EXPIRED not in of_crew)


@given(a_case(), st.integers(3, 240), st.sampled_from((15, 30, 60)), a_place("other"), st.integers(1, 2))
@settings(max_examples=80, deadline=None)
def test_a_slot_is_feasible_for_its_crew_and_holds_the_work(
    case: tuple[Span[datetime], Work, Person], lasts: int, step: int, other: Place, crew: int
) -> None:
    stay, work, person = case
    others = [replace(person, key="q", taken=()), replace(person, key="r", hours=other), person]
    within = Span(stay.from_at, stay.from_at + timedelta(days=6))
    work = replace(work, crew=crew)
    found = slots(work, others, minutes=lasts * 5, within=within, step=step, most=4)
    by_key = {one.key: one for one in others}
    for slot in found:
        going = [by_key[key] for key in slot.crew]
        there = _there(slot.stay, work.site)
        assert len(_attended(slot.stay, work, going, there)[2]) >= lasts
        assert len(going) == crew
        assert all(objections(slot.stay, work, by_key[key]) == () for key in slot.crew)
        assert slot.stay.from_at.astimezone(work.site.zone).minute % step == 0
    for one, other in pairwise(found):  # long work may begin on either of two days that it both needs
        days = [slot.stay.from_at.astimezone(work.site.zone).date() for slot in (one, other)]
        assert one.stay.from_at < other.stay.from_at
        assert days[0] != days[1] or not one.stay.overlaps(other.stay)


def test_the_first_slot_is_the_earliest_there_is() -> None:
    busy = replace(SELIN, taken=(a_visit("Tue 2026-11-24", "08:00", "11:00", BASEL),))
    within = Span(local("Tue 2026-11-24", "06:10"), local("Fri 2026-11-27", "23:00"))
    found = slots(WORK, [busy], minutes=240, within=within)
    assert [at_site(slot.stay) for slot in found] == ["24 11:00–15:00", "25 08:00–12:00", "25 12:00–16:00"]
    two_days = slots(WORK, [busy], minutes=600, within=within, most=1)
    assert [at_site(slot.stay) for slot in two_days] == ["25 08:00–09:00"]  # of the 26th
    lunch = replace(SITE, week=dict.fromkeys(range(5), (Hours(480, 720), Hours(780, 1020))))
    after = slots(replace(WORK, site=lunch), [busy], minutes=120, within=within, most=2)
    assert [at_site(slot.stay) for slot in after] == ["24 11:00–14:00", "24 14:00–16:00"]
    always = replace(SITE, week=dict.fromkeys(range(7), (Hours(0, 1440),)))
    anytime = replace(busy, hours=replace(always, name="Selin"))
    night = slots(replace(WORK, site=always), [anytime], minutes=120, within=within, most=3)
    assert [at_site(slot.stay) for slot in night] == ["24 11:00–13:00", "24 13:00–15:00", "25 00:00–02:00"]


def at_site(span: Span[datetime]) -> str:
    assert span.to_at is not None
    return f"{span.from_at.astimezone(ZURICH):%d %H:%M}–{span.to_at.astimezone(ZURICH):%H:%M}"


LONG = replace(SITE, week=dict.fromkeys(range(5), (Hours(7 * 60, 19 * 60),)))
"""Open longer than anybody works."""


def test_people_go_when_their_day_ends_though_the_site_is_open_longer() -> None:
    work = replace(WORK, site=LONG)
    within = Span(local("Mon 2026-11-23", "00:00"), local("Fri 2026-12-11", "00:00"))
    (slot,) = slots(work, [SELIN], minutes=27 * 60, within=within, most=1)
    assert slot.stay == from_to("Mon 2026-11-23", "08:00", "17:00", "Wed 2026-11-25")
    assert objections(slot.stay, work, SELIN) == ()
    assert minutes_there(slot.stay, work, [SELIN.hours]) == 27 * 60
    (ten_hours,) = slots(work, [SELIN], minutes=600, within=within, most=1)  # the site's day, not hers
    assert ten_hours.stay == from_to("Mon 2026-11-23", "08:00", "09:00", "Tue 2026-11-24")
    for stay, words in (
        (from_to("Mon 2026-11-23", "07:00", "17:00", "Wed 2026-11-25"), "07:00"),
        (from_to("Mon 2026-11-23", "08:00", "18:00", "Wed 2026-11-25"), "17:00"),
    ):  # what was asked for at the start and at the end is asked of her
        (found,) = against_person(stay, work, SELIN)
        assert (found.rule, f"{found.span.from_at.astimezone(ZURICH):%H:%M}") == (Rule.HOURS, words)
    evening = Taken(from_to("Tue 2026-11-24", "17:30", "18:30"), Rule.LEAVE, "parents' evening")
    assert against_person(slot.stay, work, replace(SELIN, taken=(evening,))) == ()
    doctor = Taken(from_to("Tue 2026-11-24", "16:30", "18:30"), Rule.LEAVE, "doctor")
    assert rules(against_person(slot.stay, work, replace(SELIN, taken=(doctor,)))) == [Rule.LEAVE]
    friday_off = replace(SELIN, hours=replace(SELIN.hours, week=dict.fromkeys(range(4), (DAYTIME,))))
    over_friday = from_to("Thu 2026-11-26", "08:00", "17:00", "Mon 2026-11-30")
    assert rules(against_person(over_friday, work, friday_off)) == [Rule.DAY_OFF]


@pytest.mark.parametrize(
    ("shut", "away", "ends", "expected"),
    [
        (None, None, "Wed 25 17:00", []),
        (("12:00", "23:59"), None, "Thu 26 13:00", []),  # a half day before the holiday
        (("07:00", "15:30"), None, "", [Rule.SITE_CLOSED]),
        (None, ("08:00", "10:00"), "Thu 26 10:00", []),
        (None, ("07:00", "16:00"), "", [Rule.ATTENDEE]),
        (("12:00", "23:59"), ("07:00", "11:00"), "", [Rule.SITE_CLOSED, Rule.ATTENDEE]),
    ],
)
def test_a_day_in_between_needs_enough_that_all_have_in_common(
    shut: tuple[str, str] | None, away: tuple[str, str] | None, ends: str, expected: list[Rule]
) -> None:
    tuesday = on("Tue 2026-11-24")
    closed = hours_between(*map(time.fromisoformat, shut)) if shut else None
    site = replace(LONG, shut={tuesday: (Shut(closed, "half day"),)} if closed else {})
    attendees = (Attendee("Dr Ito", (from_to("Tue 2026-11-24", *away),)),) if away else ()
    work = replace(WORK, site=site, attendees=attendees)
    stay = from_to("Mon 2026-11-23", "08:00", "17:00", "Wed 2026-11-25")
    assert rules(against_time(stay, work)) == expected
    within = Span(stay.from_at, local("Sat 2026-11-28", "00:00"))
    found = slots(work, [SELIN], minutes=27 * 60, within=within, most=1)
    (first,) = found
    if ends:
        assert f"{_ends(first.stay).astimezone(ZURICH):%a %d %H:%M}" == ends
        assert first.stay.from_at == stay.from_at
    else:  # not over that day
        assert first.stay.from_at == local("Wed 2026-11-25", "08:00")
    assert objections(first.stay, work, SELIN) == ()


def test_a_crew_works_the_hours_it_has_in_common() -> None:
    early = replace(SELIN, hours=replace(SELIN.hours, week=dict.fromkeys(range(5), (Hours(360, 780),))))
    late = replace(
        SELIN, key="ben", hours=replace(SELIN.hours, week=dict.fromkeys(range(5), (Hours(540, 1080),)))
    )
    work = replace(WORK, site=LONG, crew=2)
    within = Span(local("Mon 2026-11-23", "00:00"), local("Fri 2026-12-11", "00:00"))
    (slot,) = slots(work, [early, late], minutes=720, within=within, most=1)
    assert slot.stay == from_to("Mon 2026-11-23", "09:00", "13:00", "Wed 2026-11-25")  # 09:00–13:00 together
    assert against_crew(slot.stay, work, [early, late]) == ()
    (alone,) = slots(replace(work, crew=1), [early, late], minutes=720, within=within, most=1)
    assert alone.stay == from_to("Mon 2026-11-23", "09:00", "12:00", "Tue 2026-11-24")


def test_nights_are_shifts_and_go_over_midnight_and_clock_changes() -> None:
    """A lab that is free from ten to six, and somebody who works then; clocks change on the 25th of October."""
    nights = dict.fromkeys(range(7), (Hours(0, 6 * 60), Hours(22 * 60, 24 * 60)))
    work = replace(WORK, site=replace(SITE, week=nights))
    owl = replace(SELIN, hours=replace(SELIN.hours, week=nights))
    within = Span(local("Fri 2026-10-23", "12:00"), local("Tue 2026-10-27", "12:00"))
    found = slots(work, [owl, SELIN], minutes=480, within=within, most=3)
    assert [at_site(slot.stay) for slot in found] == ["23 22:00–06:00", "24 22:00–05:00", "25 22:00–06:00"]
    (two,) = slots(work, [owl], minutes=1020, within=within, most=1)  # eight hours, then nine
    assert at_site(two.stay) == "23 22:00–06:00"
    assert _ends(two.stay) == local("Sun 2026-10-25", "06:00")
    assert objections(two.stay, work, owl) == ()
    at_noon = from_to("Sat 2026-10-24", "11:00", "13:00")
    assert rules(against_person(at_noon, work, owl)) == [Rule.HOURS]  # no lunch break lasts sixteen hours
    always = replace(work, site=replace(SITE, week=dict.fromkeys(range(7), (Hours(0, 1440),))))
    assert at_site(slots(always, [owl], minutes=480, within=within, most=1)[0].stay) == "23 22:00–06:00"
    (spring,) = slots(
        work,
        [owl],
        minutes=420,
        within=Span(local("Sat 2026-03-28", "12:00"), local("Sun 2026-03-29", "12:00")),
    )
    assert at_site(spring.stay) == "28 22:00–06:00"  # one of its hours is not there


def _ends(span: Span[datetime]) -> datetime:
    assert span.to_at is not None
    return span.to_at


def test_starts_stay_on_the_clocks_steps_when_it_changes_by_half_an_hour() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    always = dict.fromkeys(range(7), (Hours(0, 1440),))
    site = Place("Lord Howe", lord_howe, always)
    anybody = replace(SELIN, hours=Place("Selin", ZURICH, always), home=BASEL)
    within = Span(local("Sun 2026-10-04", "00:30", lord_howe), local("Sun 2026-10-04", "06:00", lord_howe))
    found = slots(replace(WORK, site=site), [anybody], minutes=60, within=within, step=60, most=3, per_day=3)
    assert [f"{slot.stay.from_at.astimezone(lord_howe):%H:%M}" for slot in found] == [
        "01:00",
        "03:00",
        "04:00",
    ]


def test_a_crew_of_two_needs_two() -> None:
    within = Span(local("Tue 2026-11-24", "06:00"), local("Wed 2026-11-25", "18:00"))
    assert slots(replace(WORK, crew=2), [SELIN], minutes=60, within=within) == ()
    pair = [SELIN, replace(SELIN, key="ben")]
    assert slots(replace(WORK, crew=2), pair, minutes=60, within=within)[0].crew == ("ben", "selin")
