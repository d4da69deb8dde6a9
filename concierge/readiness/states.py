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
    FIELD = "field"


class Standing(Enum):
    """What an answer that was given once counts for now."""

    CURRENT = "current"
    EARLIER = "earlier"
    CONFLICT = "conflict"
    """Given without having seen the one that counts; a person chooses."""
    DISMISSED = "dismissed"


class Occasion(Enum):
    """Why a site was judged."""

    FOURTEEN_DAYS = "14 days before"
    SEVEN_DAYS = "7 days before"
    ON_THE_DAY = "on the day"
    BY_HAND = "by hand"


class Decision(Enum):
    """What the customer declares of the site when signing it off."""

    READY = "ready"
    WITH_CONDITIONS = "ready with conditions"
    NOT_READY = "not ready"


class Freeze(Enum):
    """Why answers count as settled, so that what the customer changes is looked at before it counts."""

    SIGNED_OFF = "signed off"
    SHIP_RELEASED = "ship released"


class DocumentKind(Enum):
    """A copy to be filled in, or the signed record."""

    WORKING = "working copy"
    RECORD = "record copy"


class Outcome(Enum):
    """What came of a file that a customer sent back."""

    WAITING = "waiting"
    TAKEN = "taken"
    """Every answer in it counts, or was known already."""
    CONFLICTS = "conflicts"
    """Some answers differ from newer ones; a person chooses."""
    PARTLY = "partly taken"
    """Some of what it says needs a person: it cannot be read, or its sender is not known."""
    NOTHING_FILLED = "nothing filled in"
    OTHER_PROJECT = "of another project"
    ALTERED = "altered"
    OLD_REVISION = "old revision"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    TOO_LARGE = "too large"
    ACTIVE_CONTENT = "with script or XFA"
    FLAT = "flattened or scanned"
    """No fields in it: a person types what the pictures show."""
    UNREADABLE = "unreadable"
    NOT_OURS = "not ours"
    SETTLED = "settled"
    """A person dealt with it."""


class Fate(Enum):
    """What came of one thing that somebody wrote into a file that came back."""

    TAKEN = "taken"
    KNOWN = "known already"
    CONFLICT = "conflict"
    """It differs from a newer answer; a person chooses."""
    FOR_A_PERSON = "for a person"
    """It counts when a person of ours says so."""
    NOT_ASKED = "no longer asked"
    LEFT = "left"
    """A person of ours decided that it does not count."""
