"""What happened to technicians and to the company's working days."""

from dataclasses import dataclass
from datetime import date, datetime

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianAdded(Event):
    """A person goes to sites from now on."""

    user_id: int
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillGranted(Event):
    """A technician holds a certification, new or renewed; `expires_on` None: for good."""

    user_id: int
    code: str
    level: int
    expires_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceEntered(Event):
    """A technician is away on these days, both inclusive."""

    user_id: int
    kind: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureEntered(Event):
    """The company is closed on these days, both inclusive."""

    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureChanged(Event):
    """A closure of the company is called otherwise or lies on other days, both inclusive."""

    name: str
    first_before: date
    last_before: date
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRemoved(Event):
    """The company is not closed on these days after all."""

    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRemoved(Event):
    """A technician is not away on these days after all."""

    user_id: int
    kind: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOfficeSet(Event):
    """The company's own working days are those of this place from now on."""

    name: str
    country: str
    subdivision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendarAdded(Event):
    """A technician lets a calendar of their own count; neither its name nor its address is told."""

    user_id: int
    own_calendar_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendarRenamed(Event):
    """A technician calls one of their own calendars otherwise, or reads it from another address."""

    user_id: int
    own_calendar_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendarRemoved(Event):
    """A calendar of a technician's own counts no longer; its times are gone."""

    user_id: int
    own_calendar_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendarRead(Event):
    """A technician's own calendar was read for the first time, again after failures, or with other times."""

    user_id: int
    own_calendar_id: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendarFailed(Event):
    """A technician's own calendar can no longer be read; the times it had then still count."""

    user_id: int
    own_calendar_id: int
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEntered(Event):
    """A technician is on call from an instant to another."""

    user_id: int
    turn_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnChanged(Event):
    """A turn on call has other times, another person, or another note."""

    user_id: int
    turn_id: int
    user_before: int
    starts_before: datetime
    ends_before: datetime
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCancelled(Event):
    """A technician is not on call then after all."""

    user_id: int
    turn_id: int
    starts_at: datetime
    ends_at: datetime
