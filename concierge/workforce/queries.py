"""Questions about technicians: skills, absences, own calendars, turns on call; and the working days of places."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from concierge.core.hours import Place, open_within
from concierge.core.spans import Span, days
from concierge.core.travel import Spot
from concierge.core.worktime import WorkCalendar
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform import clock
from concierge.platform.database import UtcInstant, db
from concierge.platform.errors import NotFound
from concierge.platform.events import RecordedEvent
from concierge.platform.prepared import Question, rows_by_id
from concierge.platform.statements import any_of
from concierge.workforce.calendars import (
    HomeBase,
    Shift,
    away_span,
    open_calendar,
    our_days,
    technician_place,
    with_absences,
)
from concierge.workforce.cover import Colleague, Cover, cover
from concierge.workforce.events import LeaveEvent
from concierge.workforce.models import (
    Absence,
    BusyTime,
    Capacity,
    Closure,
    LeaveRequest,
    OnCallTurn,
    OtherHours,
    OwnCalendar,
    ServedTerritory,
    Skill,
    Technician,
    TechnicianHours,
    Territory,
    TerritoryPart,
    TimeHold,
)
from concierge.workforce.states import BusyKind, LeaveState, OwnCalendarState


def working_calendar(country: str, subdivision: str = "") -> WorkCalendar:
    """Return the days on which we can work at a place: its own without the company's closures."""
    return working_calendars([(country, subdivision)])[country, subdivision]


def working_calendars(places: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], WorkCalendar]:
    """Return the calendars of several places (country, subdivision) with one question."""
    company = closures()
    return {place: open_calendar(*place, company) for place in set(places)}


def closures() -> tuple[Closure, ...]:
    """List the company's closures, earliest first."""
    return tuple(db.session.scalars(select(Closure).order_by(Closure.first_on, Closure.id)))


def technicians() -> tuple[Technician, ...]:
    """List everybody who can be sent to sites, with user and skills, by name."""
    return _active()


def _active(*conditions: sa.ColumnElement[bool]) -> tuple[Technician, ...]:
    question = (
        select(Technician)
        .join(Technician.user)
        .options(contains_eager(Technician.user), selectinload(Technician.skills))
        .where(User.state == AccessState.ACTIVE, *conditions)
        .order_by(User.name, Technician.id)
    )
    return tuple(db.session.scalars(question))


def technician_of(user_id: int) -> Technician | None:
    """Find the technician that a person is, with user and skills; `None` when they are none."""
    question = (
        select(Technician)
        .join(Technician.user)
        .options(contains_eager(Technician.user), selectinload(Technician.skills))
        .where(Technician.user_id == user_id)
    )
    return db.session.scalar(question)


def technicians_by_user(user_ids: Collection[int]) -> Mapping[int, Technician]:
    """Find the technicians among people, by user id, with user and skills."""
    found = db.session.scalars(_TECHNICIANS, {"user_ids": sorted(user_ids)})
    return {technician.user_id: technician for technician in found}


@dataclass(frozen=True, slots=True)
class Held:
    """A certification as it is held: its level, and the last day on which it is valid (None: without end)."""

    level: int = 1
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sendable:
    """What has to be known of a technician who may be sent: who and where they are, and what they hold by code."""

    user_id: int
    name: str
    zone: str
    skills: Mapping[str, Held]
    city: str = ""
    country: str = ""
    subdivision: str = ""
    latitude: float | None = None
    longitude: float | None = None
    """Of their home base in decimal degrees, where known."""
    territory: str = ""
    """The name of their home territory."""
    languages: tuple[str, ...] = ()

    @property
    def spot(self) -> Spot:
        """Their home base, for the estimate of ways."""
        return Spot(self.country, self.city, self.latitude, self.longitude, f"home of {self.user_id}")

    def holds(self, code: str, *, level: int = 1, on: date) -> bool:
        """Say whether a certification of at least a level is valid on a day; an empty code is always held."""
        if not code:
            return True
        held = self.skills.get(code)
        return held is not None and held.level >= level and (held.expires_on is None or held.expires_on >= on)

    def expired_on(self, code: str, *, on: date) -> date | None:
        """Say on which day a certification ran out that is no longer valid on a day; `None`: it did not."""
        held = self.skills.get(code)
        return held.expires_on if held and held.expires_on is not None and held.expires_on < on else None


def sendable(user_ids: Collection[int] | None) -> Mapping[int, Sendable]:
    """Tell what has to be known of the technicians among people, by user id, with one question.

    :param user_ids: of these people; `None`: of every active technician, by name.
    """
    if user_ids is None:
        return _sendable(_ALL_SENDABLE.all())
    return _sendable(_SENDABLE.all(user_ids=sorted(user_ids)))


def holders(code: str, *, level: int = 1, on: date) -> Mapping[int, Sendable]:
    """Tell of every active technician who holds a certification on a day, by user id, with one question.

    Of their certifications only that one is told; with an empty code everybody is found, and none is told.
    """
    asked = {"code": code, "level": level, "on": on}
    return _sendable(_HOLDERS.all(**asked) if code else _EVERYBODY.all())


def _sendable(rows: Iterable[tuple[Any, ...]]) -> Mapping[int, Sendable]:  # Any: the columns
    found: dict[int, tuple[tuple[Any, ...], dict[str, Held]]] = {}
    for *person, code, level, expires_on in rows:
        _first, skills = found.setdefault(person[0], (tuple(person), {}))
        if code is not None:
            skills[code] = Held(level, expires_on)
    return {
        user_id: Sendable(
            user_id=user_id,
            name=name,
            zone=zone,
            skills=skills,
            city=city,
            country=country,
            subdivision=subdivision,
            latitude=latitude,
            longitude=longitude,
            territory=territory,
            languages=tuple(languages or ()),
        )
        for (
            user_id,
            name,
            zone,
            city,
            country,
            subdivision,
            latitude,
            longitude,
            territory,
            languages,
        ), skills in found.values()
    }


def technician_places(
    user_ids: Collection[int],
    *,
    first_on: date,
    last_on: date,
    known: tuple[Closure, ...] | None = None,
    away: Mapping[int, Sequence[Absence]] | None = None,
) -> Mapping[int, Place]:
    """Return when technicians work, by user id, with six questions however many they are.

    :param first_on: with `last_on` the days that matter, both included, where the technicians live; exceptions and
        absences beside them are not known. A day more each way is read, for other zones.
    :param known: the company's closures, when they are at hand.
    :param away: their absences on those days and a day more each way, likewise.
    """
    first_on, last_on = first_on - timedelta(days=1), last_on + timedelta(days=1)
    asked = {"user_ids": sorted(user_ids), "first_on": first_on, "last_on": last_on}
    shifts: dict[int, list[Shift]] = {}
    for technician_id, weekday, from_minute, to_minute in _SHIFTS.all(user_ids=asked["user_ids"]):
        shifts.setdefault(technician_id, []).append((weekday, from_minute, to_minute))
    others: dict[int, list[OtherHours]] = {}
    for row in db.session.scalars(_OTHER_HOURS, asked):
        others.setdefault(row.technician_id, []).append(row)
    if away is None:
        away = absences(user_ids, first_on=first_on, last_on=last_on)
    company = our_days(closures() if known is None else known)
    within = days(first_on, last_on)
    return {
        user_id: technician_place(
            HomeBase(name, zone, country, subdivision, tuple(shifts.get(technician_id, ()))),
            closures=company,
            absences=away.get(user_id, ()),
            other_hours=others.get(technician_id, ()),
            within=within,
        )
        for technician_id, user_id, name, zone, country, subdivision in _BASES.all(user_ids=asked["user_ids"])
    }


def capacities(
    user_ids: Collection[int], *, first_on: date, last_on: date
) -> Mapping[int, tuple[Capacity, ...]]:
    """List for how much of their hours technicians can be taken on these days, by user id, earliest first.

    Days that no row names are 100 %; see `calendars.percent_on`.
    """
    asked = {"user_ids": sorted(user_ids), "first_on": first_on, "last_on": last_on}
    found: dict[int, list[Capacity]] = {}
    for user_id, capacity in db.session.execute(_CAPACITIES, asked):
        found.setdefault(user_id, []).append(capacity)
    return {user_id: tuple(each) for user_id, each in found.items()}


def leave_of_absence(absence_id: int) -> int | None:
    """The id of the request that an absence was granted by; `None` when nobody asked."""
    return db.session.scalar(select(LeaveRequest.id).where(LeaveRequest.absence_id == absence_id))


def leave_request(leave_id: int, *, user_id: int | None = None) -> LeaveRequest:
    """Find a request for leave with its technician.

    :param user_id: only one of this person's; `None`: anybody's.
    :raises NotFound: when there is none, or it is somebody else's.
    """
    question = _leave().where(LeaveRequest.id == leave_id)
    if user_id is not None:
        question = question.where(Technician.user_id == user_id)
    found = db.session.scalar(question)
    if found is None:
        raise NotFound
    return found


def leave_requests(
    *,
    states: Collection[LeaveState],
    from_on: date | None = None,
    user_id: int | None = None,
    most: int = 200,
) -> tuple[LeaveRequest, ...]:
    """List requests for leave in some states, those first that begin first, with their technicians.

    :param from_on: only those that end on this day or later.
    :param user_id: only this person's.
    """
    question = _leave().where(LeaveRequest.state.in_(states), User.state == AccessState.ACTIVE)
    if from_on is not None:
        question = question.where(LeaveRequest.last_on >= from_on)
    if user_id is not None:
        question = question.where(Technician.user_id == user_id)
    return tuple(db.session.scalars(question.order_by(LeaveRequest.first_on, LeaveRequest.id).limit(most)))


def leave_history(leave_id: int) -> tuple[tuple[LeaveEvent, str], ...]:
    """List what happened to a request for leave and who did it, the latest first."""
    names = [kind.__name__ for kind in LeaveEvent.__subclasses__()]
    rows = db.session.execute(
        select(RecordedEvent, User.name)
        .outerjoin(User, User.id == RecordedEvent.actor_id)
        .where(RecordedEvent.name.in_(names), RecordedEvent.payload["leave_id"].as_integer() == leave_id)
        .order_by(RecordedEvent.id.desc())
    )
    told = ((row.event, name or "") for row, name in rows)
    return tuple((event, name) for event, name in told if isinstance(event, LeaveEvent))


def requested_leave(
    user_ids: Collection[int], *, first_on: date, last_on: date
) -> Mapping[int, tuple[LeaveRequest, ...]]:
    """List what people ask for and nobody has decided, by user id, as far as it touches these days (inclusive)."""
    found: dict[int, list[LeaveRequest]] = {}
    rows = db.session.execute(
        select(Technician.user_id, LeaveRequest)
        .join(Technician, Technician.id == LeaveRequest.technician_id)
        .where(
            Technician.user_id.in_(user_ids),
            LeaveRequest.state == LeaveState.REQUESTED,
            LeaveRequest.first_on <= last_on,
            LeaveRequest.last_on >= first_on,
        )
        .order_by(LeaveRequest.first_on, LeaveRequest.id)
    )
    for user_id, request in rows:
        found.setdefault(user_id, []).append(request)
    return {user_id: tuple(each) for user_id, each in found.items()}


def cover_of(request: LeaveRequest) -> Cover:
    """Say who else of the same territory is there on the days of a request for leave that nobody has decided.

    Somebody without a territory is covered by everybody.
    """
    person = request.technician
    where = territory_named(person.territory)
    others = tuple(
        one
        for one in (technicians_of(where.id, where.name) if where is not None else technicians())
        if one.id != person.id
    )
    first_on, last_on = request.first_on, request.last_on
    user_ids = [one.user_id for one in others]
    places = technician_places([person.user_id, *user_ids], first_on=first_on, last_on=last_on)
    asking = requested_leave(user_ids, first_on=first_on, last_on=last_on)
    every = [first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)]
    held = sendable([person.user_id, *user_ids])
    mine = held[person.user_id]
    return cover(
        [day for day in every if places[person.user_id].hours_on(day)],
        [
            Colleague(
                user_id=one.user_id,
                name=one.user.name,
                skills=frozenset(
                    code for code in held[one.user_id].skills if held[one.user_id].holds(code, on=last_on)
                ),
                place=places[one.user_id],
                asks=frozenset(
                    day
                    for wish in asking.get(one.user_id, ())
                    for day in every
                    if wish.first_on <= day <= wish.last_on
                ),
            )
            for one in others
        ],
        skills=[code for code in mine.skills if mine.holds(code, on=first_on)],
        territory=person.territory,
        least=where.least if where is not None else 0,
    )


def territories() -> tuple[Territory, ...]:
    """List the territories by name, with their parts."""
    question = select(Territory).options(selectinload(Territory.parts)).order_by(Territory.name)
    return tuple(db.session.scalars(question))


def territory(territory_id: int) -> Territory:
    """Find a territory with its parts.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        select(Territory).where(Territory.id == territory_id).options(selectinload(Territory.parts))
    )
    if found is None:
        raise NotFound
    return found


def territory_named(name: str) -> Territory | None:
    """Find a territory by its name; `None` when there is none, or no name."""
    return db.session.scalar(select(Territory).where(Territory.name == name)) if name else None


def technicians_of(territory_id: int, name: str) -> tuple[Technician, ...]:
    """List who lives in a territory or serves it, with user and skills, by name."""
    serving = select(ServedTerritory.technician_id).where(ServedTerritory.territory_id == territory_id)
    return _active(sa.or_(Technician.territory == name, Technician.id.in_(serving)))


def serving(country: str, subdivision: str = "") -> frozenset[int]:
    """Say who serves a place: user ids of those whose home or other territory contains it.

    A territory that names a country contains all of it; one that names a subdivision that alone.
    """
    part = select(TerritoryPart.territory_id).where(
        TerritoryPart.country == country.upper(),
        TerritoryPart.subdivision.in_(("", subdivision.upper())),
    )
    question = (
        select(Technician.user_id)
        .outerjoin(ServedTerritory, ServedTerritory.technician_id == Technician.id)
        .outerjoin(Territory, Territory.name == Technician.territory)
        .where(sa.or_(Territory.id.in_(part), ServedTerritory.territory_id.in_(part)))
    )
    return frozenset(db.session.scalars(question))


def team_sizes() -> Mapping[str, int]:
    """Count the active technicians of each home territory, by its name."""
    rows = db.session.execute(
        select(Technician.territory, sa.func.count(Technician.id))
        .join(Technician.user)
        .where(User.state == AccessState.ACTIVE)
        .group_by(Technician.territory)
    )
    return {row[0]: row[1] for row in rows}


def profile_of(user_id: int) -> Technician:
    """Find a technician with all that their page shows: user, skills, hours, territories served.

    :raises NotFound: when the person is none.
    """
    found = db.session.scalar(
        select(Technician)
        .join(Technician.user)
        .where(Technician.user_id == user_id)
        .options(
            contains_eager(Technician.user),
            selectinload(Technician.skills),
            selectinload(Technician.hours),
            selectinload(Technician.served).joinedload(ServedTerritory.territory),
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def other_hours_of(technician_id: int, *, from_on: date, most: int = 100) -> tuple[OtherHours, ...]:
    """List the dates from a day on, on which a technician has hours of their own, earliest first."""
    question = select(OtherHours).where(
        OtherHours.technician_id == technician_id, OtherHours.worked_on >= from_on
    )
    return tuple(
        db.session.scalars(
            question.order_by(OtherHours.worked_on, OtherHours.from_minute, OtherHours.id).limit(most)
        )
    )


def capacities_of(technician_id: int, *, from_on: date) -> tuple[Capacity, ...]:
    """List for how much of their hours a technician can be taken from a day on, earliest first."""
    question = select(Capacity).where(
        Capacity.technician_id == technician_id,
        sa.or_(Capacity.last_on.is_(None), Capacity.last_on >= from_on),
    )
    return tuple(db.session.scalars(question.order_by(Capacity.first_on, Capacity.id)))


def weekly_minutes(user_ids: Collection[int]) -> Mapping[int, int]:
    """Sum the weekly hours of technicians who have their own, by user id, in minutes."""
    found: dict[int, int] = {}
    rows = db.session.execute(
        select(Technician.user_id, sa.func.sum(TechnicianHours.to_minute - TechnicianHours.from_minute))
        .join(Technician, Technician.id == TechnicianHours.technician_id)
        .where(any_of(Technician.user_id, "user_ids"))
        .group_by(Technician.user_id),
        {"user_ids": sorted(user_ids)},
    )
    found.update((row[0], int(row[1])) for row in rows)
    return found


def not_yet_technicians() -> tuple[User, ...]:
    """List the people whose role is to go to sites and of whom dispatch knows nothing yet, by name."""
    known = select(Technician.user_id)
    question = select(User).where(
        User.role == Role.TECHNICIAN, User.state != AccessState.DISABLED, User.id.not_in(known)
    )
    return tuple(db.session.scalars(question.order_by(User.name, User.id)))


def _leave() -> sa.Select[LeaveRequest]:
    return (
        select(LeaveRequest)
        .join(LeaveRequest.technician)
        .join(Technician.user)
        .options(
            contains_eager(LeaveRequest.technician).contains_eager(Technician.user),
            joinedload(LeaveRequest.requested_by),
            joinedload(LeaveRequest.decided_by),
        )
    )


def lock_technician(technician_id: int) -> None:
    """Let others who change the same technician's hours, leave or capacity wait until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    if (
        db.session.scalar(select(Technician.id).where(Technician.id == technician_id).with_for_update())
        is None
    ):
        raise NotFound


def is_working_time(place: Place, span: Span[datetime]) -> bool:
    """Say whether any of a stretch of time is somebody's working time."""
    return bool(open_within(place, span))


def skill_codes() -> tuple[str, ...]:
    """List every certification that somebody holds."""
    return tuple(db.session.scalars(select(Skill.code).distinct().order_by(Skill.code)))


def absences(
    user_ids: Collection[int], *, first_on: date, last_on: date
) -> Mapping[int, tuple[Absence, ...]]:
    """List the absences of people that touch these days (both included), by user id, earliest first."""
    asked = {"user_ids": sorted(user_ids), "first_on": first_on, "last_on": last_on}
    found: dict[int, list[Absence]] = {}
    told = _ABSENCES.all(**asked)
    rows = rows_by_id(Absence, [absence_id for _user_id, absence_id in told]) if told else {}
    for user_id, absence_id in told:
        found.setdefault(user_id, []).append(rows[absence_id])
    return {user_id: tuple(each) for user_id, each in found.items()}


def technician_calendar(technician: Technician, *, around: date, days: int = 366) -> WorkCalendar:
    """Return the days on which a technician can be sent, knowing absences for so many days each way."""
    away = db.session.scalars(
        select(Absence)
        .where(
            Absence.technician_id == technician.id,
            Absence.last_on >= around - timedelta(days=days),
            Absence.first_on <= around + timedelta(days=days),
        )
        .order_by(Absence.first_on, sa.desc(Absence.id))
    )
    return with_absences(working_calendar(technician.country, technician.subdivision), away)


@dataclass(frozen=True, slots=True)
class Taken:
    """A time at which somebody's own calendar says they are taken, never what for; or that is held for something."""

    user_id: int
    name: str
    kind: BusyKind
    starts_at: datetime
    ends_at: datetime
    stale_since: datetime | None
    """When the calendar was last read, if it can no longer be."""
    held_for: str = ""
    """For what they are kept free, in words; empty: it stands in their own calendar."""
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnCalendarShown:
    """How a technician's own calendar is doing, for everybody: without its address and its name."""

    user_id: int
    name: str
    """Of the technician."""
    state: OwnCalendarState
    fetched_at: datetime | None


def own_calendars_of(user_id: int) -> tuple[OwnCalendar, ...]:
    """List a person's own calendars with their addresses: only for themselves."""
    question = (
        select(OwnCalendar)
        .join(OwnCalendar.technician)
        .where(Technician.user_id == user_id)
        .order_by(OwnCalendar.name, OwnCalendar.id)
    )
    return tuple(db.session.scalars(question))


def own_calendar_of(user_id: int, calendar_id: int) -> OwnCalendar:
    """Find one of a person's own calendars with its address: only for themselves.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    found = next((one for one in own_calendars_of(user_id) if one.id == calendar_id), None)
    if found is None:
        raise NotFound
    return found


def own_calendar_to_read(calendar_id: int) -> OwnCalendar | None:
    """Find a calendar with its owner, for whoever reads it."""
    question = (
        select(OwnCalendar)
        .where(OwnCalendar.id == calendar_id)
        .options(joinedload(OwnCalendar.technician).joinedload(Technician.user))
    )
    return db.session.scalar(question)


def busy_counts(calendar_ids: Collection[int], *, from_at: datetime) -> Mapping[int, int]:
    """Count the times still to come that are kept of calendars, by calendar."""
    rows = db.session.execute(
        select(BusyTime.own_calendar_id, sa.func.count(BusyTime.id))
        .where(BusyTime.own_calendar_id.in_(calendar_ids), BusyTime.ends_at > from_at)
        .group_by(BusyTime.own_calendar_id)
    )
    return {row[0]: row[1] for row in rows}


def own_calendars_shown(user_ids: Collection[int]) -> tuple[OwnCalendarShown, ...]:
    """List how the own calendars of technicians are doing, by name."""
    rows = db.session.execute(
        select(Technician.user_id, User.name, OwnCalendar.state, OwnCalendar.fetched_at)
        .join(Technician, Technician.id == OwnCalendar.technician_id)
        .join(User, User.id == Technician.user_id)
        .where(Technician.user_id.in_(user_ids))
        .order_by(User.name, OwnCalendar.id)
    )
    return tuple(OwnCalendarShown(*row) for row in rows)


def taken_times(user_ids: Collection[int], *, from_at: datetime, to_at: datetime) -> tuple[Taken, ...]:
    """List when people are taken by their own calendars, or held for something not booked yet; earliest first.

    What was held counts no more once its instant has come, whether or not anybody tidied up.
    """
    asked = {"user_ids": sorted(user_ids), "from_at": from_at, "to_at": to_at}
    found = [
        Taken(user_id, name, kind, starts, ends, read if state is OwnCalendarState.STALE else None)
        for user_id, name, kind, starts, ends, state, read in _TAKEN.all(**asked)
    ]
    holds = _HOLDS.all(**asked, now=clock.now(), but=_set_aside.get())
    if holds:
        found += [
            Taken(user_id, name, BusyKind.BUSY, starts, ends, None, words or "–", until)
            for user_id, name, starts, ends, until, words in holds
        ]
        found.sort(key=lambda one: one.starts_at)
    return tuple(found)


_set_aside: ContextVar[str] = ContextVar("set_aside", default="")


@contextmanager
def without_holds_of(holder: str) -> Iterator[None]:
    """Ask within this as if nothing were held for one thing: what is held for it is not in its own way."""
    before = _set_aside.set(holder)
    try:
        yield
    finally:
        _set_aside.reset(before)


# Statements that are put together once: that costs several times what asking them does.
_TECHNICIANS = (
    select(Technician)
    .join(Technician.user)
    .options(contains_eager(Technician.user), selectinload(Technician.skills))
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(Technician.id)
)
_PERSON = (
    Technician.user_id,
    User.name,
    User.zone,
    Technician.city,
    Technician.country,
    Technician.subdivision,
    Technician.latitude,
    Technician.longitude,
    Technician.territory,
    Technician.languages,
)
_SENDABLE = Question(
    select(*_PERSON, Skill.code, Skill.level, Skill.expires_on)
    .join(User, User.id == Technician.user_id)
    .outerjoin(Skill, Skill.technician_id == Technician.id)
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(Technician.id)
)
_ALL_SENDABLE = Question(
    select(*_PERSON, Skill.code, Skill.level, Skill.expires_on)
    .join(User, User.id == Technician.user_id)
    .outerjoin(Skill, Skill.technician_id == Technician.id)
    .where(User.state == AccessState.ACTIVE)
    .order_by(User.name, Technician.id)
)
_HOLDERS = Question(
    select(*_PERSON, Skill.code, Skill.level, Skill.expires_on)
    .join(User, User.id == Technician.user_id)
    .join(Skill, Skill.technician_id == Technician.id)
    .where(
        User.state == AccessState.ACTIVE,
        Skill.code == sa.bindparam("code", type_=sa.String),
        Skill.level >= sa.bindparam("level", type_=sa.Integer),
        sa.or_(Skill.expires_on.is_(None), Skill.expires_on >= sa.bindparam("on", type_=sa.Date)),
    )
    .order_by(User.name, Technician.id)
)
_EVERYBODY = Question(
    select(*_PERSON, sa.null().label("code"), sa.null().label("level"), sa.null().label("expires_on"))
    .join(User, User.id == Technician.user_id)
    .where(User.state == AccessState.ACTIVE)
    .order_by(User.name, Technician.id)
)
_BASES = Question(
    select(
        Technician.id, Technician.user_id, User.name, User.zone, Technician.country, Technician.subdivision
    )
    .join(User, User.id == Technician.user_id)
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(User.name, Technician.id)
)
_SHIFTS = Question(
    select(
        TechnicianHours.technician_id,
        TechnicianHours.weekday,
        TechnicianHours.from_minute,
        TechnicianHours.to_minute,
    )
    .join(Technician, Technician.id == TechnicianHours.technician_id)
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(TechnicianHours.technician_id, TechnicianHours.weekday, TechnicianHours.from_minute)
)
_OTHER_HOURS = (
    select(OtherHours)
    .join(Technician, Technician.id == OtherHours.technician_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        OtherHours.worked_on.between(
            sa.bindparam("first_on", type_=sa.Date), sa.bindparam("last_on", type_=sa.Date)
        ),
    )
    .order_by(OtherHours.worked_on, OtherHours.from_minute, OtherHours.id)
)
_CAPACITIES = (
    select(Technician.user_id, Capacity)
    .join(Technician, Technician.id == Capacity.technician_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        Capacity.first_on <= sa.bindparam("last_on", type_=sa.Date),
        sa.or_(Capacity.last_on.is_(None), Capacity.last_on >= sa.bindparam("first_on", type_=sa.Date)),
    )
    .order_by(Capacity.first_on, Capacity.id)
)
_ABSENCES = Question(
    select(Technician.user_id, Absence.id)
    .join(Technician, Technician.id == Absence.technician_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        Absence.first_on <= sa.bindparam("last_on", type_=sa.Date),
        Absence.last_on >= sa.bindparam("first_on", type_=sa.Date),
    )
    .order_by(Absence.first_on, Absence.id)
)
_TAKEN = Question(
    select(
        Technician.user_id,
        User.name,
        BusyTime.kind,
        BusyTime.starts_at,
        BusyTime.ends_at,
        OwnCalendar.state,
        OwnCalendar.fetched_at,
    )
    .join(OwnCalendar, OwnCalendar.id == BusyTime.own_calendar_id)
    .join(Technician, Technician.id == OwnCalendar.technician_id)
    .join(User, User.id == Technician.user_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        BusyTime.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        BusyTime.ends_at > sa.bindparam("from_at", type_=UtcInstant),
    )
    .order_by(BusyTime.starts_at, BusyTime.id)
)

_HOLDS = Question(
    select(TimeHold.user_id, User.name, TimeHold.from_at, TimeHold.to_at, TimeHold.held_until, TimeHold.words)
    .join(User, User.id == TimeHold.user_id)
    .where(
        any_of(TimeHold.user_id, "user_ids"),
        TimeHold.from_at < sa.bindparam("to_at", type_=UtcInstant),
        TimeHold.to_at > sa.bindparam("from_at", type_=UtcInstant),
        TimeHold.held_until > sa.bindparam("now", type_=UtcInstant),
        TimeHold.holder != sa.bindparam("but", type_=sa.String),
    )
    .order_by(TimeHold.from_at, TimeHold.id)
)


def turns_between(
    *, from_at: datetime, to_at: datetime, user_id: int | None = None
) -> tuple[OnCallTurn, ...]:
    """List who is on call within a time, earliest first, with technician and user.

    :param user_id: only this person's turns.
    """
    question = (
        select(OnCallTurn)
        .where(OnCallTurn.starts_at < to_at, OnCallTurn.ends_at > from_at, OnCallTurn.cancelled_at.is_(None))
        .options(joinedload(OnCallTurn.technician).joinedload(Technician.user))
        .order_by(OnCallTurn.starts_at, OnCallTurn.id)
    )
    if user_id is not None:
        question = question.join(Technician, Technician.id == OnCallTurn.technician_id).where(
            Technician.user_id == user_id
        )
    return tuple(db.session.scalars(question))


def away_on_call(turns: Sequence[OnCallTurn]) -> Mapping[int, Absence]:
    """Tell of turns whose technician is away for part of them: the first such absence, by turn id."""
    if not turns:
        return {}
    away = absences(
        {turn.technician.user_id for turn in turns},
        first_on=min(turn.starts_local for turn in turns).date(),
        last_on=max(turn.ends_local for turn in turns).date(),
    )
    found: dict[int, Absence] = {}
    for turn in turns:
        span = Span(turn.starts_at, turn.ends_at)
        for absence in away.get(turn.technician.user_id, ()):
            if away_span(absence, turn.zone).overlaps(span):
                found.setdefault(turn.id, absence)
    return found


def turn(turn_id: int) -> OnCallTurn:
    """Find a turn on call that stands, with technician and user.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        select(OnCallTurn)
        .where(OnCallTurn.id == turn_id, OnCallTurn.cancelled_at.is_(None))
        .options(joinedload(OnCallTurn.technician).joinedload(Technician.user))
    )
    if found is None:
        raise NotFound
    return found


def turns_with_uids(uids: Collection[str]) -> frozenset[str]:
    """Say which of these identify turns on call."""
    return frozenset(db.session.scalars(select(OnCallTurn.uid).where(OnCallTurn.uid.in_(uids))))
