"""Questions about technicians, their skills and absences, and the working days of places."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from concierge.core.worktime import WorkCalendar
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.platform.database import db
from concierge.workforce.calendars import open_calendar, with_absences
from concierge.workforce.models import Absence, Closure, Skill, Technician


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
    question = (
        select(Technician)
        .join(Technician.user)
        .options(contains_eager(Technician.user), selectinload(Technician.skills))
        .where(Technician.user_id.in_(user_ids))
        .order_by(Technician.id)
    )
    return {technician.user_id: technician for technician in db.session.scalars(question)}


def skill_codes() -> tuple[str, ...]:
    """List every certification that somebody holds."""
    return tuple(db.session.scalars(select(Skill.code).distinct().order_by(Skill.code)))


def absences(
    user_ids: Collection[int], *, first_on: date, last_on: date
) -> Mapping[int, tuple[Absence, ...]]:
    """List the absences of people that touch these days (both included), by user id, earliest first."""
    question = (
        select(Technician.user_id, Absence)
        .join(Technician, Technician.id == Absence.technician_id)
        .where(Technician.user_id.in_(user_ids), Absence.first_on <= last_on, Absence.last_on >= first_on)
        .order_by(Absence.first_on, Absence.id)
    )
    found: dict[int, list[Absence]] = {}
    for user_id, absence in db.session.execute(question):
        found.setdefault(user_id, []).append(absence)
    return {user_id: tuple(each) for user_id, each in found.items()}


def holds_skill(technician: Technician, code: str, *, on: date) -> bool:
    """Say whether a technician holds a certification that is valid on a day; an empty code is always held."""
    if not code:
        return True
    return any(
        skill.code == code and (skill.expires_on is None or skill.expires_on >= on)
        for skill in technician.skills
    )


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
