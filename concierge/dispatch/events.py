"""What happened to plans that a machine proposed."""

from dataclasses import dataclass
from datetime import date

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAsked(Event):
    """Somebody had unassigned work planned for some days, both included; nothing is booked by it."""

    run_id: int
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCancelled(Event):
    """Somebody stopped a plan before it was made."""

    run_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRejected(Event):
    """Somebody did not want what was proposed for a piece of work."""

    run_id: int
    proposal_id: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalChanged(Event):
    """Somebody gave a proposal another time or other people; it is still not booked."""

    run_id: int
    proposal_id: int
    title: str
