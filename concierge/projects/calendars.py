"""Whose working days a plan counts, read with few questions for one project or for thousands.

`Known` holds as plain values all that the calendars of some projects are made of, so that a change can be tried
on the values before it is written into rows, and gives the same days then and afterwards.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from concierge.accounts.models import Site, SiteClosure, SiteHours
from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import DaysOf
from concierge.core.hours import Hours, Place, Shut, hours_between
from concierge.core.worktime import SATURDAY_AND_SUNDAY, WorkCalendar
from concierge.platform.database import Base, db, in_hand
from concierge.platform.prepared import Question
from concierge.platform.statements import any_of
from concierge.projects.models import Hold, Milestone, MilestoneCrew, Project
from concierge.workforce.calendars import (
    AWAY,
    COMPANY,
    Period,
    away_days,
    closed_calendar,
    joined,
    place_calendar,
    week_calendar,
)
from concierge.workforce.models import Absence, Closure, Office, Technician, TechnicianHours

SHUTDOWN = "shutdown"
FROZEN = "frozen"
HOLD = "on hold"
"""Names of the calendars of a site's shutdowns and frozen periods and of a project's holds, beside the places'."""

EVERY_DAY = WorkCalendar("every day", weekend=frozenset())
MONDAY_TO_FRIDAY = WorkCalendar("Monday to Friday", weekend=SATURDAY_AND_SUNDAY)
"""Our own days as long as nobody has said where our home office is."""

Region: TypeAlias = tuple[str, str]
"""Country (ISO 3166-1 alpha-2) and subdivision (ISO 3166-2 without the country)."""


@dataclass(frozen=True, slots=True)
class SiteDays:
    """What closes a site; `weekdays` are those on which we are let in, `None`: its country's week."""

    region: Region
    weekdays: tuple[int, ...] | None = None
    shutdowns: tuple[Period, ...] = ()
    frozen: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class TechnicianDays:
    """What keeps a technician at home."""

    region: Region
    absences: tuple[Period, ...] = ()
    weekdays: tuple[int, ...] | None = None
    """On which they work by their own hours (Monday is 0); `None`: their country's week."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A hold: no working days from `first_on` up to, but without, `resumed_on`; `None`: it lasts.

    A hold that lasts is expected to end on `expected_on`; until that day no plan counts on work.
    """

    first_on: date
    resumed_on: date | None
    reason: str
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that the calendars of some projects are made of."""

    closures: tuple[Period, ...] = ()
    home: Region | None = None
    sites: Mapping[int, SiteDays] = field(default_factory=dict)
    """By site id."""
    holds: Mapping[int, tuple[Rest, ...]] = field(default_factory=dict)
    """By project id."""
    crews: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """User ids by milestone id, only where the milestone's length counts the crew's days."""
    technicians: Mapping[int, TechnicianDays] = field(default_factory=dict)
    """By user id."""

    def calendars(
        self, project: Project, *, today: date, crew: Collection[int] = ()
    ) -> Mapping[DaysOf, WorkCalendar]:
        """The working days of a project by whose they are.

        :param today: the calendar day at the site, up to which an open hold closes every day.
        :param crew: the technicians whose days count for `DaysOf.CREW`; without any those are the site's.
        """
        return _calendars(
            self.closures,
            self.home,
            self.sites[project.site_id],
            _rests(self.holds.get(project.id, ()), today),
            tuple(self.technicians[user_id] for user_id in sorted(crew) if user_id in self.technicians),
        )

    def of_milestone(self, project: Project, milestone: Milestone, *, today: date) -> WorkCalendar:
        """The days in which a milestone's length is counted: those of its `days_of`, its own crew's included."""
        crew = self.crews.get(milestone.id, ()) if milestone.days_of is DaysOf.CREW else ()
        return self.calendars(project, today=today, crew=crew)[milestone.days_of]

    def of_site(self, days: SiteDays) -> Mapping[DaysOf, WorkCalendar]:
        """The working days at a site by whose they are, whatever project it is for."""
        return _calendars(self.closures, self.home, days, (), ())

    def of_technician(self, user_id: int) -> WorkCalendar:
        """The days on which a technician can be sent anywhere."""
        return _technician(self.closures, self.technicians[user_id])


def known_of(projects: Sequence[Project], *, crew: Collection[int] = ()) -> Known:
    """Read everything that the calendars of these projects are made of, in a handful of questions.

    :param crew: technicians to know besides those on the milestones.
    """
    site_ids = {project.site_id for project in projects}
    project_ids = [project.id for project in projects]
    crews = _crews(project_ids) if _may_count_crews(projects) else {}
    read = _read(sorted(site_ids), project_ids)
    return Known(
        closures=read.closures,
        home=read.home,
        sites=read.sites,
        holds=read.holds,
        crews=crews,
        technicians=_technicians({*crew, *(user_id for each in crews.values() for user_id in each)}),
    )


def _may_count_crews(projects: Sequence[Project]) -> bool:
    """Whether a crew's days may count anywhere; milestones that are not loaded may do so."""
    return any(
        "milestones" in sa.inspect(project).unloaded
        or any(one.days_of is DaysOf.CREW for one in project.milestones)
        for project in projects
    )


def known_of_site(site_id: int) -> Known:
    """Read what the calendar of one site is made of."""
    return _known_of_sites({site_id})


def known_of_technician(user_id: int) -> Known:
    """Read what the calendar of one technician is made of."""
    return Known(closures=company_closures(), home=home_region(), technicians=_technicians({user_id}))


def site_calendars(site_ids: Collection[int]) -> Mapping[int, WorkCalendar]:
    """The days on which we can work at sites, by site id, whatever project it is for."""
    known = _known_of_sites(site_ids) if site_ids else Known()
    return {site_id: known.of_site(days)[DaysOf.SITE] for site_id, days in known.sites.items()}


def customer_calendars(site_ids: Collection[int]) -> Mapping[int, WorkCalendar]:
    """The days on which the people at sites work, by site id: their country's, without the site's shutdowns."""
    return {
        site_id: _calendars((), None, days, (), ())[DaysOf.CUSTOMER]
        for site_id, days in _sites(site_ids).items()
    }


def site_place(site: Site) -> Place:
    """The hours in which we can work at a site by its own clock: access hours, half days, whole days closed."""
    return site_places([site])[site.id]


def site_places(sites: Iterable[Site]) -> Mapping[int, Place]:
    """As `site_place` of many sites, by site id, with a handful of questions however many they are."""
    by_id = {site.id: site for site in sites}
    company = _company_half_days() if by_id else ()
    half_days: dict[int, list[Closure | SiteClosure]] = {site_id: [*company] for site_id in by_id}
    weeks: dict[int, dict[int, list[Hours]]] = {site_id: {} for site_id in by_id}
    asked = {"site_ids": sorted(by_id)}
    for closure in db.session.scalars(_HALF_DAYS_OF_SITES, asked):
        half_days[closure.site_id].append(closure)
    for hours in db.session.scalars(_HOURS_OF_SITES, asked):
        weeks[hours.site_id].setdefault(hours.weekday, []).append(hours_between(hours.opens, hours.closes))
    days = site_calendars(by_id.keys())
    return {
        site_id: Place(
            name=site.name,
            zone=ZoneInfo(site.zone),
            week={number: tuple(each) for number, each in weeks[site_id].items()} or _usual_week(site),
            days=days[site_id],
            shut=_shut(half_days[site_id]),
        )
        for site_id, site in by_id.items()
    }


def _usual_week(site: Site) -> Mapping[int, tuple[Hours, ...]]:
    usual = (hours_between(site.access_from, site.access_to),)
    weekend = place_calendar(*site.region).weekend
    return {number: usual for number in range(7) if number not in weekend}


_HALF_DAYS_OF_SITES = (
    sa.select(SiteClosure)
    .where(any_of(SiteClosure.site_id, "site_ids"), SiteClosure.from_time.is_not(None))
    .order_by(SiteClosure.first_on, SiteClosure.id)
)
_HOURS_OF_SITES = (
    sa.select(SiteHours)
    .where(any_of(SiteHours.site_id, "site_ids"))
    .order_by(SiteHours.weekday, SiteHours.opens)
)


def company_closures() -> tuple[Period, ...]:
    """The whole days on which the company is closed, earliest first."""
    return in_hand("closures", lambda: _read_anew([], []).closures, of=(Closure,))


def home_region() -> Region | None:
    """Where our home office is; `None` when nobody has said."""
    return in_hand("home", lambda: _read_anew([], []).home, of=(Office,))


def _sites(site_ids: Collection[int]) -> Mapping[int, SiteDays]:
    ids = sorted(site_ids)
    return in_hand(("sites", *ids), lambda: _read_anew(ids, []).sites, of=_OF_SITES)


def _known_of_sites(site_ids: Collection[int]) -> Known:
    """What is the same for everybody, and of these sites: what is in hand stays, the rest is one question."""
    ids = sorted(site_ids)
    anew = cache(lambda: _read_anew(ids, []))
    return Known(
        closures=in_hand("closures", lambda: anew().closures, of=(Closure,)),
        home=in_hand("home", lambda: anew().home, of=(Office,)),
        sites=in_hand(("sites", *ids), lambda: anew().sites, of=_OF_SITES),
    )


def _read(site_ids: list[int], project_ids: list[int]) -> Known:
    """What is the same for everybody, of these sites and of these projects' holds; what was read before stays."""
    key = ("calendars", *site_ids, "of", *project_ids)
    read = in_hand(key, lambda: _read_anew(site_ids, project_ids), of=(Closure, Office, Hold, *_OF_SITES))
    in_hand("closures", lambda: read.closures, of=(Closure,))
    in_hand("home", lambda: read.home, of=(Office,))
    in_hand(("sites", *site_ids), lambda: read.sites, of=_OF_SITES)
    return read


_OF_SITES = (Site, SiteHours, SiteClosure)
_closures, _offices, _places = Closure.__table__.c, Office.__table__.c, Site.__table__.c
_hours, _shut_days, _holds = SiteHours.__table__.c, SiteClosure.__table__.c, Hold.__table__.c


def _arm(what: type[Base], of: Any = None, **columns: Any) -> sa.Select[*tuple[Any, ...]]:  # Any: columns
    """One part of the question below; what it does not tell is NULL."""
    nothing: dict[str, Any] = {  # Any: columns
        **dict.fromkeys(("name", "other"), sa.cast(sa.null(), sa.String)),
        **dict.fromkeys(("first_on", "last_on", "until_on"), sa.cast(sa.null(), sa.Date)),
        **dict.fromkeys(("number", "of"), sa.cast(sa.null(), sa.Integer)),
    }
    told = nothing | columns | ({"of": of} if of is not None else {})
    named = [column.label(name) for name, column in told.items()]
    return sa.select(sa.literal_column(f"'{what.__tablename__}'", sa.String).label("what"), *named, what.id)


_EVERYTHING = Question(
    sa.union_all(
        _arm(Closure, name=_closures.name, first_on=_closures.first_on, last_on=_closures.last_on).where(
            _closures.from_time.is_(None)
        ),
        _arm(Office, name=_offices.country, other=_offices.subdivision).where(_offices.is_home),
        _arm(Site, _places.id, name=_places.country, other=_places.subdivision).where(
            any_of(_places.id, "site_ids")
        ),
        _arm(SiteHours, _hours.site_id, number=_hours.weekday).where(any_of(_hours.site_id, "site_ids")),
        _arm(
            SiteClosure,
            _shut_days.site_id,
            name=_shut_days.name,
            other=sa.type_coerce(_shut_days.kind, sa.String),
            first_on=_shut_days.first_on,
            last_on=_shut_days.last_on,
        ).where(any_of(_shut_days.site_id, "site_ids"), _shut_days.from_time.is_(None)),
        _arm(
            Hold,
            _holds.project_id,
            name=_holds.reason,
            first_on=_holds.first_on,
            last_on=_holds.resumed_on,
            until_on=_holds.expected_on,
        ).where(any_of(_holds.project_id, "project_ids")),
    )
)
"""All that calendars are made of as one question, put together once: asking six times takes three times as long."""


def _read_anew(site_ids: list[int], project_ids: list[int]) -> Known:
    """Ask past the session's own machinery what is not kept as rows; what waits to be written is written first."""
    closures: list[Period] = []
    homes: list[Region] = []
    regions: dict[int, Region] = {}
    weekdays: dict[int, set[int]] = {}
    closed: dict[tuple[int, str], list[Period]] = {}
    holds: dict[int, list[Rest]] = {}
    rows = _EVERYTHING.all(site_ids=site_ids, project_ids=project_ids)
    for what, name, other, first_on, last_on, until_on, number, of, _id in sorted(rows, key=_in_order):
        match what:
            case Closure.__tablename__:
                closures.append((name, first_on, last_on))
            case Office.__tablename__:
                homes.append((name, other))
            case Site.__tablename__:
                regions[of] = (name, other)
            case SiteHours.__tablename__:
                weekdays.setdefault(of, set()).add(number)
            case SiteClosure.__tablename__:
                closed.setdefault((of, other), []).append((name, first_on, last_on))
            case Hold.__tablename__:
                holds.setdefault(of, []).append(Rest(first_on, last_on, name, until_on))
    sites = {
        site_id: SiteDays(
            region,
            tuple(sorted(weekdays[site_id])) if site_id in weekdays else None,
            tuple(closed.get((site_id, SiteClosureKind.SHUTDOWN.value), ())),
            tuple(closed.get((site_id, SiteClosureKind.FROZEN.value), ())),
        )
        for site_id, region in regions.items()
    }
    resting = {project_id: tuple(each) for project_id, each in holds.items()}
    return Known(tuple(closures), homes[0] if homes else None, sites, resting)


def _in_order(row: Any) -> tuple[date, int]:  # Any: a row
    """By the first day, then by number."""
    return row[3] or date.min, row[-1]


@lru_cache(maxsize=8192)
def _calendars(
    closures: tuple[Period, ...],
    home: Region | None,
    site: SiteDays,
    rests: tuple[Period, ...],
    crew: tuple[TechnicianDays, ...],
) -> Mapping[DaysOf, WorkCalendar]:
    company = closed_calendar(COMPANY, closures)
    hold = closed_calendar(HOLD, rests)
    shutdowns = closed_calendar(SHUTDOWN, site.shutdowns)
    ours = place_calendar(*home) if home else MONDAY_TO_FRIDAY
    let_in = (
        place_calendar(*site.region) if site.weekdays is None else week_calendar(*site.region, site.weekdays)
    )
    at_site = joined(let_in, company, shutdowns, closed_calendar(FROZEN, site.frozen), hold)
    return MappingProxyType(
        {
            DaysOf.SITE: at_site,
            DaysOf.CUSTOMER: joined(place_calendar(*site.region), shutdowns, hold),
            DaysOf.COMPANY: joined(ours, company, hold),
            DaysOf.CREW: joined(at_site, *(_technician(closures, each) for each in crew)),
            DaysOf.EVERY_DAY: joined(EVERY_DAY, hold),
        }
    )


@lru_cache(maxsize=1024)
def _technician(closures: tuple[Period, ...], days: TechnicianDays) -> WorkCalendar:
    week = (
        place_calendar(*days.region) if days.weekdays is None else week_calendar(*days.region, days.weekdays)
    )
    return joined(week, closed_calendar(COMPANY, closures), closed_calendar(AWAY, days.absences))


def _rests(holds: Iterable[Rest], today: date) -> tuple[Period, ...]:
    """The days on which a project rests; while it does, every day up to today or until work is expected."""
    found = []
    for hold in holds:
        ends_on = hold.resumed_on or max(today + timedelta(days=1), hold.expected_on or today)
        last_on = ends_on - timedelta(days=1)
        if hold.first_on <= last_on:
            found.append((f"on hold: {hold.reason}", hold.first_on, last_on))
    return tuple(found)


def _crews(project_ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for milestone_id, user_id in db.session.execute(
        sa.select(MilestoneCrew.milestone_id, MilestoneCrew.user_id)
        .join(Milestone, Milestone.id == MilestoneCrew.milestone_id)
        .where(Milestone.project_id.in_(project_ids), Milestone.days_of == DaysOf.CREW)
        .order_by(MilestoneCrew.user_id)
    ):
        found.setdefault(milestone_id, []).append(user_id)
    return {milestone_id: tuple(each) for milestone_id, each in found.items()}


def _technicians(user_ids: Collection[int]) -> Mapping[int, TechnicianDays]:
    if not user_ids:
        return {}
    absences: dict[int, list[Absence]] = {}
    for absence in db.session.scalars(
        sa.select(Absence)
        .join(Technician, Technician.id == Absence.technician_id)
        .where(Technician.user_id.in_(user_ids))
        .order_by(Absence.first_on, Absence.id)
    ):
        absences.setdefault(absence.technician_id, []).append(absence)
    rows = db.session.execute(
        sa.select(Technician.id, Technician.user_id, Technician.country, Technician.subdivision).where(
            Technician.user_id.in_(user_ids)
        )
    )
    weeks: dict[int, set[int]] = {}
    for technician_id, weekday in db.session.execute(
        sa.select(TechnicianHours.technician_id, TechnicianHours.weekday)
        .join(Technician, Technician.id == TechnicianHours.technician_id)
        .where(Technician.user_id.in_(user_ids))
    ):
        weeks.setdefault(technician_id, set()).add(weekday)
    return {
        user_id: TechnicianDays(
            (country, subdivision),
            away_days(absences.get(technician_id, ())),
            tuple(sorted(weeks[technician_id])) if technician_id in weeks else None,
        )
        for technician_id, user_id, country, subdivision in rows
    }


def _company_half_days() -> Sequence[Closure]:
    return db.session.scalars(
        sa.select(Closure).where(Closure.from_time.is_not(None)).order_by(Closure.first_on, Closure.id)
    ).all()


def _shut(half_days: Iterable[Closure | SiteClosure]) -> Mapping[date, tuple[Shut, ...]]:
    found: dict[date, tuple[Shut, ...]] = {}
    for closure in half_days:
        if closure.from_time is None or closure.to_time is None:
            continue
        hours = hours_between(closure.from_time, closure.to_time)
        for number in range((closure.last_on - closure.first_on).days + 1):
            day = closure.first_on + timedelta(days=number)
            found[day] = (*found.get(day, ()), Shut(hours, closure.name))
    return found
