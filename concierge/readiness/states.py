"""The states of readiness items."""

from enum import Enum


class ItemState(Enum):
    """Where an item stands."""

    OPEN = "open"
    ANSWERED = "answered"
    ACCEPTED = "accepted"


class Verdict(Enum):
    """What an answer says about the condition; computed."""

    OK = "ok"
    OUT_OF_RANGE = "out of range"
    UNKNOWN = "unknown"


class Channel(Enum):
    """How an answer came in."""

    WEB = "web"
    STAFF = "staff"
    PDF = "pdf"
