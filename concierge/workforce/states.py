"""Why somebody is away or taken."""

from enum import Enum


class AbsenceKind(Enum):
    """Reason of an absence; shown to colleagues as a word, never with details."""

    LEAVE = "leave"
    SICK = "sick"
    TRAVEL = "travel"
    TRAINING = "training"


class OwnCalendarState(Enum):
    """How a technician's own calendar is doing."""

    WAITING = "waiting"
    FRESH = "fresh"
    STALE = "stale"


class BusyKind(Enum):
    """How firmly a time is taken (RFC 5545 §3.2.9)."""

    BUSY = "busy"
    TENTATIVE = "tentative"
