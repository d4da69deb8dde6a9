"""What is said of stock, of enquiries and of holds."""

from enum import Enum


class StockState(Enum):
    """Whether a unit is on its way to us, with us, or gone."""

    EXPECTED = "expected"
    ON_HAND = "on hand"
    GONE = "gone"


class EnquiryState(Enum):
    """Whether sales still waits for a decision."""

    OPEN = "open"
    ORDERED = "ordered"
    CLOSED = "closed"


class Pace(Enum):
    """How the units of one site come: each as early as it can, or all of them together."""

    EACH = "each"
    TOGETHER = "together"


class HoldEnd(Enum):
    """Why a hold ended before its time."""

    RELEASED = "released"
    ORDERED = "ordered"
    REPLACED = "replaced"
