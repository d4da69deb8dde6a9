"""Making somebody a technician, what they can do and where they live, and when they are away."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _
from sqlalchemy import select

from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.workforce.actions import territories
from concierge.workforce.calendars import Away, is_country
from concierge.workforce.clocks import refuse_skipped_time
from concierge.workforce.events import (
    AbsenceEntered,
    AbsenceRemoved,
    SkillGranted,
    SkillRemoved,
    TechnicianAdded,
    TechnicianChanged,
)
from concierge.workforce.models import Absence, Skill, Technician, Territory
from concierge.workforce.states import AbsenceKind

HIGHEST_LEVEL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What dispatch knows of a technician besides hours and skills.

    Degrees are decimal, north and east positive, both or neither; languages are codes, the best first.
    """

    city: str
    country: str
    subdivision: str = ""
    latitude: float | None = None
    longitude: float | None = None
    territory: str = ""
    languages: tuple[str, ...] = ()
    weekly_hours: int = 40
    territory_ids: Collection[int] = ()
    """Of the territories that they serve besides their home."""


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
        raise Refused(_("%(name)s is a technician already.", name=user.name))
    technician = Technician(
        user_id=user.id,
        country=country.upper(),
        subdivision=subdivision.upper(),
        city=city,
        territory=territory,
        weekly_hours=weekly_hours,
    )
    db.session.add(technician)
    _let_there_be(technician.territory, at=at, actor_id=actor_id)
    db.session.flush()
    record(TechnicianAdded(at=at, actor_id=actor_id, user_id=user.id, city=technician.city))
    return technician


def change_technician(
    technician: Technician, profile: Profile, *, at: datetime, actor_id: int | None
) -> None:
    """Note where somebody lives, what they speak and which territories they serve; nothing changed records nothing.

    :raises Refused: when the degrees lie beside the Earth or one of them is missing, or a country, a language or a
        territory is unknown.
    :raises NotFound: when one of the territories served is gone.
    """
    refuse_degrees(profile.latitude, profile.longitude)
    if not is_country(profile.country):
        raise Refused(
            _("“%(code)s” is no country. Use its two letters, such as CH or JP.", code=profile.country)
        )
    languages = known_languages(profile.languages)
    if not 0 <= profile.weekly_hours <= 168:
        raise Refused(_("A week has 168 hours. Enter how many of them are worked."))
    home = _territory(profile.territory)
    if profile.territory and home is None:
        raise Refused(_("There is no territory “%(name)s”. Add it first.", name=profile.territory))
    wanted = {
        "city": profile.city,
        "country": profile.country.upper(),
        "subdivision": profile.subdivision.upper(),
        "latitude": profile.latitude,
        "longitude": profile.longitude,
        "territory": profile.territory,
        "languages": list(languages),
        "weekly_hours": profile.weekly_hours,
    }
    changed = [name for name, value in wanted.items() if getattr(technician, name) != value]
    for name in changed:
        setattr(technician, name, wanted[name])
    others = {each for each in profile.territory_ids if home is None or each != home.id}
    if territories.serve(technician, others):
        changed.append("territories")
    if not changed:
        return
    db.session.flush()
    record(
        TechnicianChanged(
            at=at, actor_id=actor_id, user_id=technician.user_id, changed=tuple(sorted(changed))
        )
    )


def grant_skill(
    technician: Technician,
    *,
    code: str,
    level: int = 1,
    number: str = "",
    issued_on: date | None = None,
    expires_on: date | None = None,
    at: datetime,
    actor_id: int | None,
) -> Skill:
    """Note a certification, or renew the one with the same code.

    :param expires_on: the last day on which it is valid; `None`: without end.
    :raises Refused: without a code, with a level that there is not, or when it runs out before it is issued.
    """
    code = " ".join(code.split())
    if not code:
        raise Refused(_("Enter what the certificate is for, such as “mass-spectrometry”."))
    if not 1 <= level <= HIGHEST_LEVEL:
        raise Refused(_("Choose a level from 1 to %(highest)s.", highest=HIGHEST_LEVEL))
    if issued_on is not None and expires_on is not None and expires_on < issued_on:
        raise Refused(_("The certificate runs out before it is issued. Exchange the two days."))
    skill = db.session.scalar(select(Skill).where(Skill.technician_id == technician.id, Skill.code == code))
    if skill is None:
        skill = Skill(technician_id=technician.id, code=code)
        db.session.add(skill)
    skill.level, skill.number = level, number
    skill.issued_on, skill.expires_on = issued_on, expires_on
    db.session.flush()
    record(
        SkillGranted(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            code=skill.code,
            level=level,
            expires_on=expires_on,
            number=number,
        )
    )
    return skill


def remove_skill(technician: Technician, skill_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Note that a certification is not held after all.

    :raises NotFound: when it is gone, or somebody else's.
    """
    skill = db.session.get(Skill, skill_id)
    if skill is None or skill.technician_id != technician.id:
        raise NotFound
    db.session.delete(skill)
    db.session.flush()
    record(SkillRemoved(at=at, actor_id=actor_id, user_id=technician.user_id, code=skill.code))


def enter_absence(
    technician: Technician,
    *,
    kind: AbsenceKind,
    first_on: date,
    last_on: date,
    from_time: time | None = None,
    to_time: time | None = None,
    at: datetime,
    actor_id: int | None,
) -> Absence:
    """Note that a technician is away, both days included, from a time of the first to a time of the last.

    :param from_time: wall time where they live, as ``to_time``; `None`: the whole day.
    :raises Refused: when it ends before it begins.
    :raises NoSuchTime: when the clocks jump over one of the times.
    """
    refuse_disorder(first_on, last_on, from_time, to_time)
    absence = Absence(
        technician_id=technician.id,
        kind=kind,
        first_on=first_on,
        last_on=last_on,
        from_time=from_time,
        to_time=to_time,
    )
    if from_time is not None or to_time is not None:
        refuse_skipped(absence, db.session.get_one(User, technician.user_id).zone)
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
            absence_id=absence.id,
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
            absence_id=absence_id,
        )
    )


def refuse_disorder(first_on: date, last_on: date, from_time: time | None, to_time: time | None) -> None:
    """Check that an absence ends after it begins, by day and, on a single day, by the clock.

    :raises Refused: when it does not.
    """
    if last_on < first_on:
        raise Refused(_("The last day of an absence cannot come before its first. Exchange the two."))
    if first_on == last_on and from_time is not None and to_time is not None and to_time <= from_time:
        raise Refused(_("This ends before it begins. Exchange the two times."))


def refuse_skipped(away: Away, zone: str) -> None:
    """Check that the times of an absence exist on their days.

    :raises NoSuchTime: when the clocks in the zone jump over one of them.
    """
    for on, moment in ((away.first_on, away.from_time), (away.last_on, away.to_time)):
        if moment is not None:
            refuse_skipped_time(datetime.combine(on, moment), zone)


def refuse_degrees(latitude: float | None, longitude: float | None) -> None:
    """Check that degrees name a point on Earth, or nothing.

    :raises Refused: when one of them is missing or lies beside it.
    """
    if (latitude is None) != (longitude is None):
        raise Refused(_("A place needs both degrees. Enter latitude and longitude, or neither."))
    if latitude is not None and not -90 <= latitude <= 90:
        raise Refused(_("Latitude lies between −90 and 90 degrees, north is positive."))
    if longitude is not None and not -180 <= longitude <= 180:
        raise Refused(_("Longitude lies between −180 and 180 degrees, east is positive."))


def known_languages(codes: Collection[str]) -> tuple[str, ...]:
    """Check codes of languages and write them as standards do, each once, in order.

    :raises Refused: when one names no language.
    """
    found = []
    for code in codes:
        try:
            locale = Locale.parse(code.strip().replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError):
            raise Refused(
                _("“%(code)s” is no language. Use codes such as de, en or pt-BR.", code=code.strip()[:20])
            ) from None
        found.append(str(locale).replace("_", "-"))
    return tuple(dict.fromkeys(found))


def _territory(name: str) -> Territory | None:
    return db.session.scalar(select(Territory).where(Territory.name == name)) if name else None


def _let_there_be(name: str, *, at: datetime, actor_id: int | None) -> None:
    """Add a territory that somebody is the first to live in."""
    if name and _territory(name) is None:
        territories.add(name, at=at, actor_id=actor_id)
