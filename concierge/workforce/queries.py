"""Questions about technicians: skills, absences, own calendars, turns on call; and the working days of places."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from concierge.core.worktime import WorkCalendar
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.platform.database import UtcInstant, db
from concierge.platform.errors import NotFound
from concierge.platform.statements import any_of
from concierge.workforce.calendars import open_calendar, with_absences
from concierge.workforce.models import (
    Absence,
    BusyTime,
    Closure,
    OnCallTurn,
    OwnCalendar,
    Skill,
    Technician,
)
from concierge.workforce.states import BusyKind, OwnCalendarState


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
    question = (
        select(Technician)
        .join(Technician.user)
        .options(contains_eager(Technician.user), selectinload(Technician.skills))
        .where(User.state == AccessState.ACTIVE)
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
class Sendable:
    """What has to be known of a technician who may be sent: name, zone at home, and certifications by code.

    A certification is valid up to its day; `None`: without end.
    """

    user_id: int
    name: str
    zone: str
    skills: Mapping[str, date | None]

    def holds(self, code: str, *, on: date) -> bool:
        """Say whether a certification is held that is valid on a day; an empty code is always held."""
        if not code:
            return True
        return code in self.skills and ((until := self.skills[code]) is None or until >= on)


def sendable(user_ids: Collection[int]) -> Mapping[int, Sendable]:
    """Tell what has to be known of the technicians among people, by user id, with one question."""
    found: dict[int, tuple[str, str, dict[str, date | None]]] = {}
    rows = db.session.execute(_SENDABLE, {"user_ids": sorted(user_ids)})
    for user_id, name, zone, code, expires_on in rows:
        _name, _zone, skills = found.setdefault(user_id, (name, zone, {}))
        if code is not None:
            skills[code] = expires_on
    return {user_id: Sendable(user_id, *told) for user_id, told in found.items()}


def skill_codes() -> tuple[str, ...]:
    """List every certification that somebody holds."""
    return tuple(db.session.scalars(select(Skill.code).distinct().order_by(Skill.code)))


def absences(
    user_ids: Collection[int], *, first_on: date, last_on: date
) -> Mapping[int, tuple[Absence, ...]]:
    """List the absences of people that touch these days (both included), by user id, earliest first."""
    asked = {"user_ids": sorted(user_ids), "first_on": first_on, "last_on": last_on}
    found: dict[int, list[Absence]] = {}
    for user_id, absence in db.session.execute(_ABSENCES, asked):
        found.setdefault(user_id, []).append(absence)
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
    """A time at which somebody's own calendar says they are taken; never what for."""

    user_id: int
    name: str
    kind: BusyKind
    starts_at: datetime
    ends_at: datetime
    stale_since: datetime | None
    """When the calendar was last read, if it can no longer be."""


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
    """List when people's own calendars say that they are taken, as far as it touches a time; earliest first."""
    rows = db.session.execute(_TAKEN, {"user_ids": sorted(user_ids), "from_at": from_at, "to_at": to_at})
    return tuple(
        Taken(user_id, name, kind, starts, ends, read if state is OwnCalendarState.STALE else None)
        for user_id, name, kind, starts, ends, state, read in rows
    )


# Statements that are put together once: that costs several times what asking them does.
_TECHNICIANS = (
    select(Technician)
    .join(Technician.user)
    .options(contains_eager(Technician.user), selectinload(Technician.skills))
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(Technician.id)
)
_SENDABLE = (
    select(Technician.user_id, User.name, User.zone, Skill.code, Skill.expires_on)
    .join(User, User.id == Technician.user_id)
    .outerjoin(Skill, Skill.technician_id == Technician.id)
    .where(any_of(Technician.user_id, "user_ids"))
    .order_by(Technician.id)
)
_ABSENCES = (
    select(Technician.user_id, Absence)
    .join(Technician, Technician.id == Absence.technician_id)
    .where(
        any_of(Technician.user_id, "user_ids"),
        Absence.first_on <= sa.bindparam("last_on", type_=sa.Date),
        Absence.last_on >= sa.bindparam("first_on", type_=sa.Date),
    )
    .order_by(Absence.first_on, Absence.id)
)
_TAKEN = (
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


def turns_between(*, from_at: datetime, to_at: datetime) -> tuple[OnCallTurn, ...]:
    """List who is on call within a time, earliest first, with technician and user."""
    question = (
        select(OnCallTurn)
        .where(OnCallTurn.starts_at < to_at, OnCallTurn.ends_at > from_at, OnCallTurn.cancelled_at.is_(None))
        .options(joinedload(OnCallTurn.technician).joinedload(Technician.user))
        .order_by(OnCallTurn.starts_at, OnCallTurn.id)
    )
    return tuple(db.session.scalars(question))


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
