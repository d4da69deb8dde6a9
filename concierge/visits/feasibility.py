"""Who can go to a site, and when: what the core asks for, read with few questions for one person or for all."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select

from concierge.accounts.models import Site
from concierge.core import dispatch
from concierge.core.dispatch import Candidate, Certificate, Person, Rule, Slot, Taken, Work
from concierge.core.hours import Place
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.platform.database import UtcInstant, db
from concierge.platform.statements import any_of
from concierge.projects import calendars
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import OVER
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce
from concierge.workforce.states import BusyKind

REACH = timedelta(days=3)
"""How far around a stay other things matter: the longest way, and a night at home."""
LONGEST_VISIT = timedelta(days=400)


def work_at(site: Site, *, skill: str = "", level: int = 1, crew: int = 1) -> Work:
    """What work at a site asks for."""
    return Work(calendars.site_place(site), site.spot, skill, level, max(1, crew))


def candidates(
    site: Site,
    stay: Span[datetime],
    *,
    skill: str = "",
    user_ids: Collection[int] | None = None,
    except_visit_id: int | None = None,
) -> tuple[Candidate, ...]:
    """Rank technicians for a stay at a site, the best first.

    :param user_ids: only these people; `None`: everybody who can be sent.
    :raises ValueError: when the stay never ends.
    """
    found = people(stay, user_ids=user_ids, except_visit_id=except_visit_id)
    return dispatch.candidates(stay, work_at(site, skill=skill), found)


def slots(
    site: Site,
    *,
    minutes: int,
    within: Span[datetime],
    skill: str = "",
    crew: int = 1,
    most: int = 3,
    except_visit_id: int | None = None,
) -> tuple[Slot, ...]:
    """Find the first times at which enough people can do so many minutes of work at a site.

    :raises ValueError: when the work takes no time, or `within` never ends.
    """
    able = workforce.holders(skill, on=within.from_at.astimezone(ZoneInfo(site.zone)).date())
    found = people(within, user_ids=able.keys(), except_visit_id=except_visit_id)
    return dispatch.slots(
        work_at(site, skill=skill, crew=crew), found, minutes=minutes, within=within, most=most
    )


def worked_minutes(site: Site, stay: Span[datetime]) -> int:
    """Count the minutes of a stay at which somebody is at the site, at least one.

    :raises ValueError: when the stay never ends.
    """
    return max(1, dispatch.minutes_there(stay, calendars.site_place(site)))


def people(
    stay: Span[datetime],
    *,
    user_ids: Collection[int] | None = None,
    except_visit_id: int | None = None,
) -> tuple[Person, ...]:
    """Tell of technicians what decides whether they can go, as far as it touches a stretch of time.

    Their week is that of the start, by their own clock: what is booked in it and what their hours allow.

    :param user_ids: only these; `None`: everybody who can be sent.
    :raises ValueError: when the stretch never ends.
    """
    if stay.to_at is None:
        raise ValueError("Who can go is asked of a time that ends.")
    ids = workforce.holders("", on=stay.from_at.date()).keys() if user_ids is None else user_ids
    known = workforce.sendable(ids)
    if not known:
        return ()
    monday = stay.from_at.date() - timedelta(days=stay.from_at.date().weekday())
    around = Span(
        min(stay.from_at - REACH, _midnight(monday, UTC) - timedelta(days=1)),
        max(stay.to_at + REACH, _midnight(monday, UTC) + timedelta(days=9)),
    )
    first_on, last_on = around.from_at.date(), (around.to_at or stay.to_at).date()
    hours = workforce.technician_places(known, first_on=first_on, last_on=last_on)
    percents = workforce.capacities(known, first_on=first_on, last_on=last_on)
    taken = _taken(known, around, except_visit_id)
    found = []
    for user_id, one in known.items():
        week = _week_of(stay.from_at, one.zone)
        visits = (each.span for each in taken.get(user_id, ()) if each.rule is Rule.VISIT)
        percent = working.percent_on(
            percents.get(user_id, ()), stay.from_at.astimezone(ZoneInfo(one.zone)).date()
        )
        found.append(
            Person(
                key=str(user_id),
                name=one.name,
                hours=hours[user_id],
                home=one.spot,
                taken=tuple(sorted(taken.get(user_id, ()), key=lambda each: each.span.from_at)),
                skills={code: Certificate(held.level, held.expires_on) for code, held in one.skills.items()},
                languages=frozenset(one.languages),
                booked_minutes=_booked(hours[user_id], visits, week),
                capacity_minutes=working.worked_minutes(hours[user_id], week) * percent // 100,
            )
        )
    return tuple(found)


def _taken(
    known: Mapping[int, workforce.Sendable], around: Span[datetime], except_visit_id: int | None
) -> Mapping[int, Sequence[Taken]]:
    """What else people have: visits that are not over, leave, and their own calendars where those are sure."""
    assert around.to_at is not None  # noqa: S101 # what `people` has made
    found: dict[int, list[Taken]] = {user_id: [] for user_id in known}
    asked = {
        "user_ids": sorted(known),
        "from_at": around.from_at,
        "to_at": around.to_at,
        "longest": around.from_at - LONGEST_VISIT,
    }
    for user_id, visit_id, title, starts_at, ends_at, *where in db.session.execute(_VISITS, asked):
        if visit_id != except_visit_id:
            country, city, latitude, longitude, site_id = where
            spot = Spot(country, city, latitude, longitude, f"site {site_id}")
            found[user_id].append(Taken(Span(starts_at, ends_at), Rule.VISIT, title, spot, str(visit_id)))
    away = workforce.absences(known, first_on=around.from_at.date(), last_on=around.to_at.date())
    for user_id, absences in away.items():
        for absence in absences:
            span = working.away_span(absence, known[user_id].zone)
            found[user_id].append(Taken(span, Rule.LEAVE, absence.kind.value))
    for time_ in workforce.taken_times(known, from_at=around.from_at, to_at=around.to_at):
        if time_.kind is BusyKind.BUSY:
            found[time_.user_id].append(Taken(Span(time_.starts_at, time_.ends_at), Rule.OWN_CALENDAR))
    return found


def _booked(hours: Place, visits: Iterable[Span[datetime]], week: Span[datetime]) -> int:
    inside = (span.intersection(week) for span in visits)
    return sum(working.worked_minutes(hours, span) for span in inside if span is not None)


def _week_of(at: datetime, zone: str) -> Span[datetime]:
    """The week from Monday to Sunday in which an instant lies, by the clock of a zone."""
    day = at.astimezone(ZoneInfo(zone)).date()
    monday = day - timedelta(days=day.weekday())
    return Span(_midnight(monday, ZoneInfo(zone)), _midnight(monday + timedelta(days=7), ZoneInfo(zone)))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


_VISITS = (
    select(
        VisitTechnician.user_id,
        Visit.id,
        Visit.title,
        Visit.starts_at,
        Visit.ends_at,
        Site.country,
        Site.city,
        Site.latitude,
        Site.longitude,
        Site.id,
    )
    .join(Visit, Visit.id == VisitTechnician.visit_id)
    .join(Site, Site.id == Visit.site_id)
    .where(
        any_of(VisitTechnician.user_id, "user_ids"),
        Visit.state.not_in(OVER),
        Visit.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        Visit.ends_at > sa.bindparam("from_at", type_=UtcInstant),
        Visit.starts_at > sa.bindparam("longest", type_=UtcInstant),
    )
    .order_by(Visit.starts_at, Visit.id)
)
"""Put together once: that costs several times what asking it does."""
