"""Questions of those who dispatch: what work has nobody yet and is due when, and who is where on which days."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Account, Site
from concierge.catalogue.states import VisitKind
from concierge.core.board import WallAxis
from concierge.core.hours import Hours, Place
from concierge.core.travel import Spot
from concierge.dispatch.plan import FRIDAY, Board, Booked, Gap, Known, board, length
from concierge.identity.viewer import Viewer
from concierge.platform.database import UtcInstant, db
from concierge.platform.errors import NotFound
from concierge.platform.events import Event, RecordedEvent
from concierge.platform.prepared import Question, rows_by_id
from concierge.platform.statements import any_of
from concierge.projects import calendars
from concierge.projects.events import ProjectEvent
from concierge.projects.models import Milestone, Project
from concierge.projects.scope import visible_to
from concierge.projects.states import ProjectState
from concierge.visits import queries as visits
from concierge.visits.feasibility import LONGEST_VISIT, REACH
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce
from concierge.workforce.models import OnCallTurn, Technician
from concierge.workforce.states import BusyKind

WINDOW = 500
"""So many events back the board looks for what others committed late."""
TO_STAFF = COMING - {VisitState.ON_ROUTE}
"""Visits in these states can still get somebody more."""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Work that nobody does yet: a work order without a visit to come, or a visit with too few people."""

    work_order_id: int | None
    visit_id: int | None
    """The visit that needs somebody more; None: no visit of the work is to come."""
    version: int
    """Of the visit, else of the work order."""
    project_id: int
    project_key: str
    account: str
    number: int | None
    """Of the work order within its project."""
    title: str
    titles: Mapping[str, str]
    kind: VisitKind
    skill: str
    level: int
    crew: int
    """Technicians needed at once, those who go already included."""
    user_ids: tuple[int, ...]
    """Who goes already, by user id."""
    minutes: int | None
    """How long a crew works at the site, all visits of the work order together; None: a visit without one."""
    tools: tuple[str, ...]
    needs_customer: bool
    site_id: int
    site: str
    city: str
    country: str
    subdivision: str
    zone: str
    latitude: float | None
    longitude: float | None
    starts_local: datetime | None
    """Wall time at the site, as `ends_local`, and the instants; None without a visit."""
    ends_local: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    milestone_id: int | None
    earliest_on: date | None
    """The day on which the milestone's work begins by the plan, at the site; None without one."""
    deadline_on: date | None
    """The day by which the milestone was promised, else is planned to be done; None without one."""
    is_promised: bool
    """Whether the customer was told the deadline."""
    is_held: bool
    """Whether the project is on hold."""

    @property
    def key(self) -> str:
        """What a form names it by: ``v12`` a visit, ``w7`` a work order."""
        return f"v{self.visit_id}" if self.visit_id is not None else f"w{self.work_order_id}"

    @property
    def missing(self) -> int:
        """How many technicians are still to be found."""
        return self.crew - len(self.user_ids)

    @property
    def spot(self) -> Spot:
        """Where the site is, for the estimate of ways."""
        return Spot(self.country, self.city, self.latitude, self.longitude, f"site {self.site_id}")


def tray(
    viewer: Viewer, *, at: datetime, keys: Collection[str] | None = None, until: date | None = None
) -> tuple[Unassigned, ...]:
    """List the unassigned work of live projects, what is due first first, then what is planned first.

    That is open work orders without a visit that is to come or under way, and visits to come with fewer people
    than their crew. Work that needs nobody is not there. Three statements, however much there is.

    :param keys: only these, as `Unassigned.key` names them; `None`: all.
    :param until: only what is due, or without a deadline planned to begin, on or before this day; `None`: all.
    """
    if not viewer.sees_all_projects:
        return ()
    going: dict[int, list[int]] = {}
    visits = _UNSTAFFED.all(now=at)
    if visits:
        for visit_id, user_id in _GOING.all(visit_ids=[row[1] for row in visits]):
            going.setdefault(visit_id, []).append(user_id)
    found = [_unassigned(row, going) for row in (*_UNPLANNED.all(), *visits)]
    chosen = (
        one
        for one in found
        if (keys is None or one.key in keys) and (until is None or (due_on(one) or until) <= until)
    )
    return tuple(sorted(chosen, key=_urgency))


def work_for(viewer: Viewer, work_order_id: int) -> WorkOrder:
    """Find work that a visit may be booked for, with project and its gates, site and milestone.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = (
        select(WorkOrder)
        .join(Project, Project.id == WorkOrder.project_id)
        .where(WorkOrder.id == work_order_id)
        .options(
            joinedload(WorkOrder.project).options(joinedload(Project.account), selectinload(Project.gates)),
            joinedload(WorkOrder.site),
            joinedload(WorkOrder.milestone),
        )
    )
    found = db.session.scalar(visible_to(viewer, question))
    if found is None:
        raise NotFound
    return found


def has_visit_to_come(work_order: WorkOrder, *, but_uid: str) -> bool:
    """Say whether a visit of this work is to come or under way; until the act ends, nobody else books one.

    Needs a unit of work.

    :param but_uid: a visit that does not count: the one that the same form has booked already.
    """
    lock = select(WorkOrder.id).where(WorkOrder.id == work_order.id).with_for_update(of=WorkOrder)
    db.session.execute(lock)
    coming = COMING | {VisitState.IN_PROGRESS}
    planned = select(Visit.id).where(
        Visit.work_order_id == work_order.id, Visit.state.in_(coming), Visit.uid != but_uid
    )
    return db.session.scalar(planned.limit(1)) is not None


def swappable(viewer: Viewer, visit: Visit) -> Sequence[Visit]:
    """List the visits whose people could take over a visit and hand theirs on: those of its week, with people."""
    week = timedelta(days=7)
    found = visits.visits_between(
        viewer, from_at=visit.starts_at - week, to_at=visit.ends_at + week, most=200
    )
    mine = set(visit.technician_ids)
    return [
        one
        for one in found
        if one.id != visit.id and one.state in TO_STAFF and any(who not in mine for who in one.technician_ids)
    ]


def due_on(one: Unassigned) -> date | None:
    """By when it should be done, else when it is planned to begin; None when nobody has said."""
    return one.deadline_on or (one.starts_local.date() if one.starts_local else one.earliest_on)


def _urgency(one: Unassigned) -> tuple[object, ...]:
    starts_on = one.starts_local.date() if one.starts_local else one.earliest_on
    return one.deadline_on or date.max, starts_on or date.max, one.project_key, one.key


def _unassigned(row: tuple[Any, ...], going: Mapping[int, list[int]]) -> Unassigned:  # Any: the columns
    (
        work_order_id,
        visit_id,
        version,
        number,
        title,
        titles,
        kind,
        skill,
        level,
        crew,
        minutes,
        tools,
        needs_customer,
        starts_local,
        ends_local,
        starts_at,
        ends_at,
        project_id,
        project_key,
        held_on,
        account,
        *place,
        milestone_id,
        start_on,
        promised_on,
        planned_on,
    ) = row
    site_id, site, city, country, subdivision, zone, latitude, longitude = place
    return Unassigned(
        work_order_id=work_order_id,
        visit_id=visit_id,
        version=version,
        project_id=project_id,
        project_key=project_key,
        account=account,
        number=number,
        title=title,
        titles=titles or {},
        kind=kind,
        skill=skill,
        level=level,
        crew=crew,
        user_ids=tuple(going.get(visit_id, ())),
        minutes=minutes,
        tools=tuple(map(str, tools or ())),
        needs_customer=bool(needs_customer),
        site_id=site_id,
        site=site,
        city=city,
        country=country,
        subdivision=subdivision,
        zone=zone,
        latitude=latitude,
        longitude=longitude,
        starts_local=starts_local,
        ends_local=ends_local,
        starts_at=starts_at,
        ends_at=ends_at,
        milestone_id=milestone_id,
        earliest_on=start_on,
        deadline_on=promised_on or planned_on,
        is_promised=promised_on is not None,
        is_held=held_on is not None,
    )


_NO_WALL = sa.literal(None, sa.DateTime())
_NO_INSTANT = sa.literal(None, UtcInstant())
_ABOUT = (
    Project.id,
    Project.key,
    Project.held_on,
    Account.name,
    Site.id,
    Site.name,
    Site.city,
    Site.country,
    Site.subdivision,
    Site.zone,
    Site.latitude,
    Site.longitude,
    Milestone.id,
    Milestone.forecast_start_on,
    Milestone.promised_on,
    Milestone.forecast_on,
)
_IS_PLANNED = (
    select(Visit.id)
    .where(
        Visit.work_order_id == WorkOrder.id,
        Visit.state.in_(COMING | {VisitState.IN_PROGRESS}),
    )
    .correlate(WorkOrder)
    .exists()
)
_UNPLANNED = Question(
    select(
        WorkOrder.id,
        sa.literal(None, sa.Integer()),
        WorkOrder.version,
        WorkOrder.number,
        WorkOrder.title,
        WorkOrder.titles,
        WorkOrder.kind,
        WorkOrder.skill,
        WorkOrder.level,
        WorkOrder.crew,
        WorkOrder.minutes,
        WorkOrder.tools,
        WorkOrder.needs_customer,
        _NO_WALL,
        _NO_WALL,
        _NO_INSTANT,
        _NO_INSTANT,
        *_ABOUT,
    )
    .join(Project, Project.id == WorkOrder.project_id)
    .join(Account, Account.id == Project.account_id)
    .join(Site, Site.id == WorkOrder.site_id)
    .outerjoin(Milestone, Milestone.id == WorkOrder.milestone_id)
    .where(
        WorkOrder.state == WorkOrderState.OPEN,
        WorkOrder.crew > 0,
        Project.state == ProjectState.LIVE,
        ~_IS_PLANNED,
    )
    .order_by(WorkOrder.id)
)
_HOW_MANY = (
    select(sa.func.count(VisitTechnician.id))
    .where(VisitTechnician.visit_id == Visit.id)
    .correlate(Visit)
    .scalar_subquery()
)
_UNSTAFFED = Question(
    select(
        Visit.work_order_id,
        Visit.id,
        Visit.version,
        WorkOrder.number,
        Visit.title,
        Visit.titles,
        Visit.kind,
        Visit.skill,
        Visit.level,
        Visit.crew,
        WorkOrder.minutes,
        WorkOrder.tools,
        sa.func.coalesce(WorkOrder.needs_customer, False),
        Visit.starts_local,
        Visit.ends_local,
        Visit.starts_at,
        Visit.ends_at,
        *_ABOUT,
    )
    .join(Project, Project.id == Visit.project_id)
    .join(Account, Account.id == Project.account_id)
    .join(Site, Site.id == Visit.site_id)
    .outerjoin(WorkOrder, WorkOrder.id == Visit.work_order_id)
    .outerjoin(Milestone, Milestone.id == sa.func.coalesce(Visit.milestone_id, WorkOrder.milestone_id))
    .where(
        Visit.state.in_(TO_STAFF),
        Visit.ends_at > sa.bindparam("now", type_=UtcInstant),
        Project.state == ProjectState.LIVE,
        Visit.crew > _HOW_MANY,
    )
    .order_by(Visit.id)
)
_GOING = Question(
    select(VisitTechnician.visit_id, VisitTechnician.user_id)
    .where(any_of(VisitTechnician.visit_id, "visit_ids"))
    .order_by(VisitTechnician.id)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the board somebody looks at; empty: all."""

    first: date
    days: int
    territory: str = ""
    skill: str = ""
    technician: int | None = None
    kind: VisitKind | None = None


def read_board(viewer: Viewer, wanted: Wanted, axis: WallAxis, *, at: datetime) -> Board:
    """Read who is where on some days, with a constant number of statements however many there are.

    Days are columns whatever place's they are: visits lie at their site's wall time, leave and hours at that of
    the technician's home. Technicians see nobody.

    :param axis: of the same days.
    """
    if not viewer.sees_all_projects:
        return board((), {}, {}, axis, now_local=at.replace(tzinfo=None))
    people = _people(wanted, axis)
    booked = _booked(axis, viewer.language)
    shown = {one.user_id: booked[one.user_id] for one in people.technicians if one.user_id in booked}
    places = _places(shown)
    least = 100 * _LEAST_DAYS[axis.days > 7] / axis.days
    return board(
        [_known(one, shown.get(one.user_id, ()), people, axis) for one in people.technicians],
        places,
        visits.broken_rules([one.visit_id for each in shown.values() for one in each]),
        axis,
        now_local=at.astimezone(ZoneInfo(viewer.zone)).replace(tzinfo=None),
        shows=(lambda one: one.kind is wanted.kind) if wanted.kind else (lambda _one: True),
        least_width=least,
        crews=_crews(booked),
        everybody=people.everybody,
    )


def _crews(booked: Mapping[int, Sequence[Booked]]) -> Mapping[int, tuple[int, ...]]:
    """Who goes on each visit, by its id: user ids, in order."""
    found: dict[int, list[int]] = {}
    for user_id, theirs in booked.items():
        for one in theirs:
            found.setdefault(one.visit_id, []).append(user_id)
    return {visit_id: tuple(sorted(ids)) for visit_id, ids in found.items()}


_LEAST_DAYS = {False: 0.2, True: 0.9}
"""How much of a day a bar takes at least, so that it can be hit: of a week or less, and of more."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What decides when people work and what takes them, by user id."""

    everybody: tuple[tuple[int, str], ...]
    technicians: Sequence[workforce.Sendable]
    hours: Mapping[int, Place]
    percents: Mapping[int, Sequence[Any]]
    absences: Mapping[int, Sequence[Any]]
    own: Mapping[int, Sequence[workforce.Taken]]
    calls: Mapping[int, Sequence[tuple[datetime, datetime, str]]]
    planned: "_Planned"


def _people(wanted: Wanted, axis: WallAxis) -> _Read:
    everybody = workforce.holders(wanted.skill, on=axis.first) if wanted.skill else workforce.sendable(None)
    where = workforce.territory_named(wanted.territory)
    there = {one.user_id for one in workforce.technicians_of(where.id, where.name)} if where else set()
    chosen = [
        user_id
        for user_id in everybody
        if wanted.technician in (None, user_id) and (not wanted.territory or user_id in there)
    ]
    ids, first_on, last_on = chosen, axis.first, axis.last
    from_at = datetime.combine(first_on, time(), UTC) - REACH
    to_at = datetime.combine(last_on, time(), UTC) + REACH
    own: dict[int, list[workforce.Taken]] = {}
    for taken in workforce.taken_times(ids, from_at=from_at, to_at=to_at):
        if taken.kind is BusyKind.BUSY:
            own.setdefault(taken.user_id, []).append(taken)
    calls: dict[int, list[tuple[datetime, datetime, str]]] = {}
    asked = {"user_ids": ids, "from_at": from_at, "to_at": to_at}
    for user_id, starts_local, ends_local, note in _CALLS.all(**asked):
        calls.setdefault(user_id, []).append((starts_local, ends_local, note))
    first_near, last_near = first_on - REACH, last_on + REACH
    day = timedelta(days=1)
    away = workforce.absences(ids, first_on=first_near - day, last_on=last_near + day)
    return _Read(
        everybody=tuple((user_id, one.name) for user_id, one in everybody.items()),
        technicians=[everybody[user_id] for user_id in ids],
        hours=workforce.technician_places(ids, first_on=first_near, last_on=last_near, away=away),
        percents=workforce.capacities(ids, first_on=first_on, last_on=last_on),
        absences=away,
        own=own,
        calls=calls,
        planned=_Planned(),
    )


class _Planned:
    """When people would work on the days shown; days of a common week are looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Mapping[date, tuple[Hours, ...]]] = {}

    def on(self, hours: Place, axis: WallAxis) -> Mapping[date, tuple[Hours, ...]]:
        """Somebody's planned hours by day."""
        if hours.exceptions:
            return {day: hours.planned_on(day) for day in axis.every}
        key = (id(hours.days), *(hours.week.get(number, ()) for number in range(7)))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = {day: hours.planned_on(day) for day in axis.every}
        return found


def _booked(axis: WallAxis, language: str) -> Mapping[int, Sequence[Booked]]:
    from_at = datetime.combine(axis.first, time(), UTC) - REACH
    asked = {
        "from_at": from_at,
        "to_at": datetime.combine(axis.last, time(), UTC) + REACH,
        "longest": from_at - LONGEST_VISIT,
    }
    spots: dict[int, Spot] = {}
    found: dict[int, list[Booked]] = {}
    for row in _booked_in(language).all(**asked):
        site_id, city, country, latitude, longitude = row[-5:]
        spot = spots.get(site_id)
        if spot is None:
            spot = spots[site_id] = Spot(country, city, latitude, longitude, f"site {site_id}")
        found.setdefault(row[0], []).append(Booked._make((*row[:-3], spot)))
    return found


def _places(booked: Mapping[int, Iterable[Booked]]) -> Mapping[int, Place]:
    every = (one for each in booked.values() for one in each)
    site_ids = {one.site_id for one in every if one.starts_local.date() != one.ends_local.date()}
    return calendars.site_places(rows_by_id(Site, sorted(site_ids)).values())


def _known(one: workforce.Sendable, booked: Sequence[Booked], people: _Read, axis: WallAxis) -> Known:
    user_id, hours = one.user_id, people.hours[one.user_id]
    gaps = []
    for absence in people.absences.get(user_id, ()):
        starts = datetime.combine(absence.first_on, absence.from_time or time())
        last = absence.last_on if absence.to_time else absence.last_on + timedelta(days=1)
        gaps.append(Gap(absence.kind.value, starts, datetime.combine(last, absence.to_time or time())))
    there = ZoneInfo(one.zone)
    for each in people.own.get(user_id, ()):
        starts, ends = (at.astimezone(there).replace(tzinfo=None) for at in (each.starts_at, each.ends_at))
        gaps.append(Gap("held" if each.held_for else "own", starts, ends, each.held_for))
    gaps += [Gap("call", *call) for call in people.calls.get(user_id, ())]
    percents = people.percents.get(user_id, ())
    free, worked_on = 0, people.planned.on(hours, axis)
    for day, planned in worked_on.items():
        if not planned:
            off = _day_off(hours, day)
            if off.words or day.weekday() <= FRIDAY:  # weekends lie behind all rows
                gaps.append(off)
            continue
        worked = length(hours.hours_on(day) if day in hours.shut else planned)
        free += worked * working.percent_on(percents, day) // 100 if percents else worked
    return Known(
        user_id=user_id,
        name=one.name,
        city=one.city,
        territory=one.territory,
        zone=one.zone,
        home=one.spot,
        hours=worked_on,
        booked=tuple(booked),
        gaps=tuple(gaps),
        free_minutes=free,
    )


def _day_off(hours: Place, day: date) -> Gap:
    """A whole day on which somebody does not work, with the reason unless it is their weekend."""
    starts = datetime.combine(day, time())
    exception = hours.exceptions.get(day)
    closed = hours.days.closed.get(day, "") if hours.days is not None else ""
    words = exception.reason if exception is not None else closed
    return Gap("off", starts, starts + timedelta(days=1), words)


def version_of(base: int | None = None) -> tuple[int, int]:
    """Tell two boards apart: an event before which nothing is new to somebody, and how many that matter came since.

    A number alone would miss what was numbered earlier and committed later.

    :param base: as it was told before; `None`: for a board that is read now.
    """
    if base is None:
        base = max(0, (db.session.scalar(sa.select(sa.func.max(RecordedEvent.id))) or 0) - WINDOW)
    (count,) = _SINCE.first(base=base, names=_that_matter()) or (0,)
    return base, int(count)


@cache
def _that_matter() -> list[str]:
    """Names of the events after which the board may look otherwise."""
    slices = ("concierge.visits.", "concierge.workforce.", "concierge.dispatch.", "concierge.fieldwork.")
    return sorted(
        name
        for name, kind in Event.known.items()
        if kind.__module__.startswith(slices) or issubclass(kind, ProjectEvent)
    )


_SINCE = Question(
    select(sa.func.count(RecordedEvent.id)).where(
        RecordedEvent.id > sa.bindparam("base", type_=sa.Integer),
        any_of(RecordedEvent.name, "names", sa.String),
    )
)
_CALLS = Question(
    select(Technician.user_id, OnCallTurn.starts_local, OnCallTurn.ends_local, OnCallTurn.note)
    .join(Technician, Technician.id == OnCallTurn.technician_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        OnCallTurn.cancelled_at.is_(None),
        OnCallTurn.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        OnCallTurn.ends_at > sa.bindparam("from_at", type_=UtcInstant),
    )
    .order_by(OnCallTurn.starts_at, OnCallTurn.id)
)


@cache
def _booked_in(language: str) -> Question:
    """Who has which visits, with the title in a language; it is taken out by the database, once for each row."""
    return Question(
        select(
            VisitTechnician.user_id,
            Visit.id,
            Visit.version,
            sa.func.coalesce(sa.func.nullif(Visit.titles[language].as_string(), ""), Visit.title),
            Visit.kind,
            Visit.state,
            Visit.starts_local,
            Visit.ends_local,
            Visit.zone,
            Visit.starts_at,
            Visit.ends_at,
            Visit.skill,
            Visit.level,
            Visit.crew,
            sa.func.coalesce(
                sa.func.nullif(Visit.decide_words[language].as_string(), ""), Visit.needs_decision
            ),
            VisitTechnician.conflict_reason,
            Project.key,
            Account.name,
            Site.id,
            Site.city,
            Site.country,
            Site.latitude,
            Site.longitude,
        )
        .join(Visit, Visit.id == VisitTechnician.visit_id)
        .join(Project, Project.id == Visit.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Visit.site_id)
        .where(
            Visit.state != VisitState.CANCELLED,
            Visit.starts_at < sa.bindparam("to_at", type_=UtcInstant),
            Visit.ends_at > sa.bindparam("from_at", type_=UtcInstant),
            Visit.starts_at > sa.bindparam("longest", type_=UtcInstant),
        )
        .order_by(Visit.starts_at, Visit.id, VisitTechnician.user_id)
    )
