"""How far a plan for unassigned work is, what became of its proposals, and of times offered to customers."""

from enum import Enum


class PlanningState(Enum):
    """How far a plan is."""

    PLANNING = "planning"
    READY = "ready"
    CANCELLED = "cancelled"


class ProposalState(Enum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    LEFT = "left over"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class OfferKind(Enum):
    """What a customer may choose from."""

    TIMES = "times"
    """Two or three times that one of ours picked, held for them."""
    OPEN = "open"
    """Whatever is feasible on some days, when they look."""


class OfferState(Enum):
    """What became of an offer."""

    OPEN = "open"
    BOOKED = "booked"
    """The customer chose; they may still move within the rules."""
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """Nobody chose in time."""
    CALLED_OFF = "called off"
    """The customer cancelled what they had chosen."""
    OVERTAKEN = "overtaken"
    """The visit was planned, moved or called off otherwise; there is nothing left to choose."""
