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
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceEntered(Event):
    """A technician is away on these days, both inclusive; times stand in the row."""

    user_id: int
    kind: str
    first_on: date
    last_on: date
    absence_id: int = 0
    """0: recorded before absences had times."""


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
    absence_id: int = 0
    """0: recorded before absences had times."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianChanged(Event):
    """What dispatch knows of a technician is other now; ``changed`` names the fields."""

    user_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRemoved(Event):
    """A technician does not hold a certification after all."""

    user_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSet(Event):
    """A technician has other weekly hours; none: the usual ones of their country's week."""

    user_id: int
    minutes_before: int
    """A week, as `minutes`; 0: the usual ones."""
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySet(Event):
    """A technician has hours of their own on one date, or is free on it."""

    user_id: int
    worked_on: date
    hours: tuple[str, ...]
    """As a clock shows them, e.g. ``08:00–12:00``; none: free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCleared(Event):
    """A technician has the usual hours again on one date."""

    user_id: int
    worked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySet(Event):
    """Visits may take so many percent of a technician's hours on these days, both inclusive."""

    user_id: int
    first_on: date
    last_on: date | None
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRemoved(Event):
    """Visits may take all of a technician's hours again on these days, both inclusive."""

    user_id: int
    first_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryAdded(Event):
    """There is a territory."""

    territory_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryChanged(Event):
    """A territory is called otherwise, has other parts, or needs other people."""

    territory_id: int
    name_before: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryRemoved(Event):
    """A territory is gone."""

    territory_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveEvent(Event):
    """Something that happened to a request for leave; both days inclusive, times stand in the row."""

    user_id: int
    leave_id: int
    kind: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRequested(LeaveEvent):
    """A technician asks to be away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveApproved(LeaveEvent):
    """A technician will be away as they asked."""

    absence_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRefused(LeaveEvent):
    """A technician cannot be away as they asked."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveWithdrawn(LeaveEvent):
    """A technician is not away after all; ``was_approved``: others counted on it already."""

    was_approved: bool
    absence_id: int = 0
    """Of the absence that went with it; 0: there was none."""
    reason: str = ""
