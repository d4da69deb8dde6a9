"""The states of an order and the kinds of document it comes in."""

from enum import Enum


class OrderState(Enum):
    """Where an order stands."""

    OPEN = "open"
    CANCELLATION_ASKED = "cancellation asked"
    CANCELLED = "cancelled"


class DocumentKind(Enum):
    """What a received document says."""

    ORDER = "order"
    CHANGE = "change"
    CANCELLATION = "cancellation"


class Outcome(Enum):
    """What importing a document does to an order."""

    CREATE = "create"
    CHANGE = "change"
    CANCEL = "cancel"
    UNCHANGED = "unchanged"
    REFUSE = "refuse"
