"""How what comes from the field stands."""

from enum import Enum


class Standing(Enum):
    """How an entry stands beside the others of its step."""

    CURRENT = "current"
    AGREED = "agreed"
    """The same as the current one, entered without having seen it."""
    CONFLICT = "conflict"
    """Another value, entered without having seen the current one: a person chooses."""
    SUPERSEDED = "superseded"
    """Somebody saw it and entered another one."""


class Fit(Enum):
    """How a reading lies to its range."""

    OK = "ok"
    OUT = "out of range"
    UNREADABLE = "unreadable"
    """It was kept as it was typed, but it is no number in a unit that fits."""


class Stray(Enum):
    """Why a person has to look at something that was entered."""

    CANCELLED = "cancelled"
    """The visit was cancelled before it arrived."""
    TAKEN_AWAY = "taken away"
    """Somebody else goes by now."""
    MOVED = "moved"
    """The visit was moved to another day after the device had it."""
    NOT_POSSIBLE = "not possible"
    """What was said does not fit the state of the visit."""


class RecordKind(Enum):
    """What is handed over after a visit."""

    CERTIFICATE = "certificate"
    REPORT = "report"
