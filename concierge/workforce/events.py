"""What happened to technicians and to the company's working days."""

from dataclasses import dataclass
from datetime import date

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
