"""How far a plan for unassigned work is, and what became of each of its proposals."""

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
