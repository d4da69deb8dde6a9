"""Making somebody a technician, granting skills, entering absences."""

from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select

from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.workforce.events import AbsenceEntered, AbsenceRemoved, SkillGranted, TechnicianAdded
from concierge.workforce.models import Absence, Skill, Technician
from concierge.workforce.states import AbsenceKind


def add_technician(
    user: User,
    *,
    country: str,
    subdivision: str = "",
    city: str = "",
    territory: str = "",
    weekly_hours: int = 40,
    at: datetime,
    actor_id: int | None,
) -> Technician:
    """Let a person be sent to sites.

    :raises Refused: when they are a technician already.
    """
    if db.session.scalar(select(Technician.id).where(Technician.user_id == user.id)):
        raise Refused(f"{user.name} is a technician already.")
    technician = Technician(
        user_id=user.id,
        country=country.upper(),
        subdivision=subdivision.upper(),
        city=city,
        territory=territory,
        weekly_hours=weekly_hours,
    )
    db.session.add(technician)
    db.session.flush()
    record(TechnicianAdded(at=at, actor_id=actor_id, user_id=user.id, city=technician.city))
    return technician


def grant_skill(
    technician: Technician,
    *,
    code: str,
    level: int = 1,
    expires_on: date | None = None,
    at: datetime,
    actor_id: int | None,
) -> Skill:
    """Note a certification, or renew the one with the same code."""
    skill = db.session.scalar(select(Skill).where(Skill.technician_id == technician.id, Skill.code == code))
    if skill is None:
        skill = Skill(technician_id=technician.id, code=code)
        db.session.add(skill)
    skill.level = level
    skill.expires_on = expires_on
    db.session.flush()
    record(
        SkillGranted(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            code=skill.code,
            level=level,
            expires_on=expires_on,
        )
    )
    return skill


def enter_absence(
    technician: Technician,
    *,
    kind: AbsenceKind,
    first_on: date,
    last_on: date,
    at: datetime,
    actor_id: int | None,
) -> Absence:
    """Note that a technician is away, both days included.

    :raises Refused: when the last day comes before the first.
    """
    if last_on < first_on:
        raise Refused(_("The last day of an absence cannot come before its first. Exchange the two."))
    absence = Absence(technician_id=technician.id, kind=kind, first_on=first_on, last_on=last_on)
    db.session.add(absence)
    db.session.flush()
    record(
        AbsenceEntered(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            kind=kind.value,
            first_on=first_on,
            last_on=last_on,
        )
    )
    return absence


def remove_absence(absence_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Note that a technician is not away after all.

    :raises NotFound: when it has been removed.
    """
    row = db.session.execute(
        select(Absence, Technician.user_id)
        .join(Technician, Technician.id == Absence.technician_id)
        .where(Absence.id == absence_id)
    ).first()
    if row is None:
        raise NotFound
    absence, user_id = row[0], row[1]
    db.session.delete(absence)
    db.session.flush()
    record(
        AbsenceRemoved(
            at=at,
            actor_id=actor_id,
            user_id=user_id,
            kind=absence.kind.value,
            first_on=absence.first_on,
            last_on=absence.last_on,
        )
    )
