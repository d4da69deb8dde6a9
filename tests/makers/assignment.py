"""Problems of assignment: work for some weeks and people who have other things, too, drawn from a seed."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from concierge.core.assignment import Piece, Problem
from concierge.core.dispatch import Attendee, Certificate, Person, Rule, Taken, Work
from concierge.core.hours import Hours, Place, Shut
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.core.worktime import WorkCalendar

MONDAY = date(2026, 11, 23)
CITIES = (
    ("CH", "Basel", 47.56, 7.59, "Europe/Zurich"),
    ("CH", "Bern", 46.95, 7.45, "Europe/Zurich"),
    ("DE", "Frankfurt", 50.11, 8.68, "Europe/Berlin"),
    ("DE", "München", 48.14, 11.58, "Europe/Berlin"),
    ("FR", "Lyon", 45.76, 4.84, "Europe/Paris"),
    ("GB", "London", 51.51, -0.13, "Europe/London"),
    ("IT", "Milano", 45.46, 9.19, "Europe/Rome"),
    ("US", "Boston", 42.36, -71.06, "America/New_York"),
)
ODD_HOURS = (
    (Hours(8 * 60, 17 * 60),),
    (Hours(8 * 60, 12 * 60), Hours(13 * 60, 17 * 60)),
    (Hours(7 * 60, 19 * 60),),
    (Hours(0, 24 * 60),),
    (Hours(0, 6 * 60), Hours(22 * 60, 24 * 60)),
)
"""A usual day, one with lunch, one longer than anybody works, a laboratory that never closes, nights."""
SKILLS = ("lc-ms", "nmr", "sequencer", "clinical")


def drawn_problem(
    seed: int,
    *,
    pieces: int,
    people: int,
    weeks: int = 4,
    step: int = 60,
    busy: float = 0.3,
    is_odd: bool = False,
) -> Problem:
    """Work and people as a company in Europe has them; odd ones have other hours, power cuts, attendees, gates,
    calls from home, something on weekends, and half days of leave.

    :param busy: how much of their time people are on other visits or away.
    """
    random = Random(seed)
    begin = datetime.combine(MONDAY, time(), UTC)
    within = Span(begin, begin + timedelta(weeks=weeks))
    return Problem(
        tuple(_piece(random, number, weeks, is_odd) for number in range(pieces)),
        tuple(_person(random, number, weeks, busy, is_odd) for number in range(people)),
        within,
        step,
    )


def _place(random: Random, name: str, zone: str, is_odd: bool) -> Place:
    week = random.choice(ODD_HOURS) if is_odd else (Hours(8 * 60, 17 * 60),)
    closed = {MONDAY + timedelta(days=random.randrange(14)): "holiday"} if random.random() < 0.5 else {}
    cut = {MONDAY + timedelta(days=random.randrange(5)): (Shut(Hours(600, 840), "power cut"),)}
    return Place(
        name,
        ZoneInfo(zone),
        dict.fromkeys(range(5), week),
        days=WorkCalendar(name, closed=closed),
        shut=cut if is_odd and random.random() < 0.4 else {},
    )


def _piece(random: Random, number: int, weeks: int, is_odd: bool) -> Piece:
    country, city, latitude, longitude, zone = random.choices(CITIES, (5, 4, 5, 4, 3, 3, 3, 1))[0]
    site = _place(random, f"site {number}", zone, is_odd)
    spot = Spot(
        country, city, latitude + random.uniform(-0.3, 0.3), longitude + random.uniform(-0.3, 0.3), site.name
    )
    minutes = random.choice((120, 240, 480, 480, 480, 960, 1440))
    deadline = MONDAY + timedelta(days=random.randrange(1, weeks * 7)) if random.random() < 0.85 else None
    not_before = None
    if random.random() < 0.3:
        not_before = datetime.combine(MONDAY + timedelta(days=random.randrange(10)), time(), UTC)
    away = ()
    if is_odd and random.random() < 0.4:
        from_at = datetime.combine(MONDAY + timedelta(days=random.randrange(5)), time(8), ZoneInfo(zone))
        away = (
            Attendee(
                "Dr Ito", (Span(from_at.astimezone(UTC), (from_at + timedelta(hours=4)).astimezone(UTC)),)
            ),
        )
    work = Work(
        site,
        spot,
        random.choice(SKILLS),
        random.choice((1, 1, 2, 3)),
        random.choice((1, 1, 1, 2)),
        attendees=away,
        not_before=not_before,
        held_by="Installation" if is_odd and random.random() < 0.05 else "",
        is_remote=is_odd and random.random() < 0.2,
    )
    stay = None
    if is_odd and random.random() < 0.15:
        from_at = datetime.combine(MONDAY + timedelta(days=random.randrange(5)), time(9), site.zone)
        stay = Span(from_at.astimezone(UTC), (from_at + timedelta(hours=4)).astimezone(UTC))
    return Piece(f"w{number}", work, minutes, deadline, f"Work {number}", stay, days=site.days)


def _person(random: Random, number: int, weeks: int, busy: float, is_odd: bool) -> Person:
    country, city, latitude, longitude, zone = random.choices(CITIES, (5, 4, 5, 4, 3, 3, 3, 1))[0]
    home = Spot(country, city, latitude + random.uniform(-0.2, 0.2), longitude + random.uniform(-0.2, 0.2))
    skills = {
        skill: Certificate(
            random.choice((1, 2, 3, 3)),
            MONDAY + timedelta(days=random.randrange(20)) if random.random() < 0.15 else None,
        )
        for skill in random.sample(SKILLS, random.choice((1, 2, 2, 3)))
    }
    taken, minutes = [], 0
    for day in range(weeks * 7):
        if (day % 7 >= 5 and not is_odd) or random.random() > busy:
            continue
        on = MONDAY + timedelta(days=day)
        kind = random.choice((Rule.VISIT, Rule.VISIT, Rule.VISIT, Rule.LEAVE, Rule.OWN_CALENDAR))
        early = random.choice((7, 12, 16))
        from_hour, to_hour = {Rule.VISIT: (9, 15), Rule.LEAVE: (0, 23)}.get(kind, (early, early + 1))
        where = random.choice(CITIES)
        is_there = kind is Rule.VISIT and not (is_odd and random.random() < 0.2)
        spot = Spot(where[0], where[1], where[2], where[3], f"booked {day}") if is_there else None
        span = Span(
            *(
                datetime.combine(on, time(hour), ZoneInfo(zone)).astimezone(UTC)
                for hour in (from_hour, to_hour)
            )
        )
        taken.append(Taken(span, kind, f"booked {day}", spot))
        minutes += 360 if kind is Rule.VISIT else 0
    begins, ends = random.choice(((8, 18), (8, 18), (9, 17), (8, 14)))
    of_day: tuple[Hours, ...] = (Hours(begins * 60, 12 * 60), Hours(12 * 60 + 45, ends * 60))
    if is_odd and random.random() < 0.2:
        of_day = ODD_HOURS[-1]
    hours = dict.fromkeys(range(random.choice((5, 5, 4))), of_day)
    shut = {}
    if is_odd and random.random() < 0.4:
        on = MONDAY + timedelta(days=random.randrange(5))
        shut[on] = (Shut(Hours(13 * 60, 24 * 60), "leave"),)
        from_at = datetime.combine(on, time(13), ZoneInfo(zone)).astimezone(UTC)
        taken.append(Taken(Span(from_at, from_at + timedelta(hours=11)), Rule.LEAVE, "half a day"))
        taken.sort(key=lambda one: one.span.from_at)
    return Person(
        f"p{number}",
        f"Person {number}",
        Place(f"Person {number}", ZoneInfo(zone), hours, shut=shut),
        home,
        tuple(taken),
        skills,
        booked_minutes=minutes,
        capacity_minutes=random.choice((1200, 2400, 2400)) * weeks,
    )
