"""What happened to plans that a machine proposed, and to times that customers choose from."""

from dataclasses import dataclass
from datetime import date, datetime

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEvent(Event):
    """Something that happened to times offered for some work; ``name`` is who of the customer's chooses."""

    offer_id: int
    work_order_id: int
    title: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesOffered(OfferEvent):
    """Somebody of ours lets a customer choose: of so many times, or, with none, of whatever is free."""

    count: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSent(OfferEvent):
    """The letter with the times goes out once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(OfferEvent):
    """Somebody of ours takes back what was offered; ``offered_at`` tells whose letter may still be stopped."""

    reason: str
    offered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLapsed(OfferEvent):
    """Nobody chose in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferOvertaken(OfferEvent):
    """What was offered got its time, or its end, otherwise; ``is_replaced``: by another offer.

    ``offered_at`` tells whose letter may still be stopped.
    """

    is_replaced: bool
    offered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChosen(OfferEvent):
    """The customer chose a time, and the visit is booked."""

    visit_id: int
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChanged(OfferEvent):
    """The customer moved the visit to another time."""

    visit_id: int
    starts_before: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledOff(OfferEvent):
    """The customer called the visit off that they had chosen."""

    visit_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTimeSuits(OfferEvent):
    """The customer said that none of the times suits, and what would."""

    wish: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferNoted(OfferEvent):
    """Somebody of ours took note of what became of an offer."""
