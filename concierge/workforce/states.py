"""Why somebody is away or taken."""

from enum import Enum


class AbsenceKind(Enum):
    """Reason of an absence; shown to colleagues as a word, never with details."""

    LEAVE = "leave"
    SICK = "sick"
    TRAVEL = "travel"
    TRAINING = "training"


class LeaveState(Enum):
    """What became of a request for leave."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


LEAVE_FOLLOWS: dict[LeaveState, frozenset[LeaveState]] = {
    LeaveState.REQUESTED: frozenset({LeaveState.APPROVED, LeaveState.REFUSED, LeaveState.WITHDRAWN}),
    LeaveState.APPROVED: frozenset({LeaveState.WITHDRAWN}),
    LeaveState.REFUSED: frozenset(),
    LeaveState.WITHDRAWN: frozenset(),
}
"""Which states may follow."""


class OwnCalendarState(Enum):
    """How a technician's own calendar is doing."""

    WAITING = "waiting"
    FRESH = "fresh"
    STALE = "stale"


class BusyKind(Enum):
    """How firmly a time is taken (RFC 5545 §3.2.9)."""

    BUSY = "busy"
    TENTATIVE = "tentative"
