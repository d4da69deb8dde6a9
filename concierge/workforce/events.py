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
