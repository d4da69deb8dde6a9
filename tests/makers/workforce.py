"""Technicians, their skills, absences and own calendars, turns and closures for tests. Tomas installs."""

from datetime import UTC, date, datetime, timedelta

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.workforce import queries
from concierge.workforce.actions import closures, on_call, own_calendars, technicians
from concierge.workforce.actions import leave as requests
from concierge.workforce.busy import Busy, Reading
from concierge.workforce.models import Absence, Closure, LeaveRequest, OnCallTurn, OwnCalendar, Technician
from concierge.workforce.states import AbsenceKind, BusyKind
from tests.makers import people

SOME_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def technician(
    *,
    user: User | None = None,
    name: str = "Tomas Keller",
    zone: str = "Europe/Zurich",
    country: str = "CH",
    subdivision: str = "BS",
    city: str = "Basel",
    skills: tuple[str, ...] = (),
    skill_expires_on: date | None = None,
) -> Technician:
    """A technician with valid skills."""
    person = user or people.user(name=name, role=Role.TECHNICIAN, zone=zone)
    added = technicians.add_technician(
        person, country=country, subdivision=subdivision, city=city, at=SOME_DAY, actor_id=None
    )
    for code in skills:
        technicians.grant_skill(added, code=code, expires_on=skill_expires_on, at=SOME_DAY, actor_id=None)
    return added


def absence(
    of: Technician, first_on: date, last_on: date | None = None, kind: AbsenceKind = AbsenceKind.LEAVE
) -> Absence:
    """Days on which a technician is away."""
    return technicians.enter_absence(
        of, kind=kind, first_on=first_on, last_on=last_on or first_on, at=SOME_DAY, actor_id=None
    )


def leave(of: Technician, around: date) -> LeaveRequest:
    """A request for a week away, some time after a day, that nobody has decided."""
    first_on = around + timedelta(days=35 - around.weekday())
    wish = requests.Wish(kind=AbsenceKind.LEAVE, first_on=first_on, last_on=first_on + timedelta(days=4))
    person = queries.technicians_by_user([of.user_id])[of.user_id]
    return requests.ask(person, wish, at=SOME_DAY, actor_id=of.user_id)


def closure(name: str, first_on: date, last_on: date | None = None) -> Closure:
    """Days on which the company is closed."""
    return closures.enter_closure(
        name=name, first_on=first_on, last_on=last_on or first_on, at=SOME_DAY, actor_id=None
    )


def own_calendar(
    of: Technician,
    *times: tuple[datetime, datetime],
    name: str = "Family",
    address: str = "https://calendar.example.com/secret/tomas.ics",
    kind: BusyKind = BusyKind.BUSY,
    is_read: bool = True,
    at: datetime = SOME_DAY,
) -> OwnCalendar:
    """A calendar of a technician's own, read once: taken at these times."""
    added = own_calendars.add(of, name=name, address=address, at=at, actor_id=of.user_id)
    if is_read:
        reading = Reading(tuple(Busy(starts, ends, kind) for starts, ends in times))
        own_calendars.note_read(added.id, address=added.address, reading=reading, at=at)
    return added


def turn(
    of: Technician,
    *,
    starts_local: datetime = datetime(2026, 3, 16, 8),
    ends_local: datetime = datetime(2026, 3, 23, 8),
) -> OnCallTurn:
    """A technician's turn on call."""
    return on_call.enter(of, starts_local=starts_local, ends_local=ends_local, at=SOME_DAY, actor_id=None)
