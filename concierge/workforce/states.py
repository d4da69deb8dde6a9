"""Why somebody is away."""

from enum import Enum


class AbsenceKind(Enum):
    """Reason of an absence; shown to colleagues as a word, never with details."""

    LEAVE = "leave"
    SICK = "sick"
    TRAVEL = "travel"
    TRAINING = "training"
