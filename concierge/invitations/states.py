"""The words of invitations: what was answered, what became of an answer, how far its sender is believed."""

from enum import Enum


class Reply(Enum):
    """What somebody who is invited says (PARTSTAT, RFC 5545 §3.2.12)."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    DELEGATED = "delegated"


class Way(Enum):
    """How an answer came."""

    MAIL = "mail"
    PAGE = "page"


class Outcome(Enum):
    """What became of an answer."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """The same answer came before."""
    OUTDATED = "outdated"
    """It answers an older invitation, or one that was withdrawn."""
    STRANGER = "stranger"
    """Somebody who is not invited answered; a person looks at it."""
    SUGGESTED = "suggested"
    """Its sender could not be made sure of; a person decides."""
    PROPOSED = "proposed"
    """Another time is asked for; a person decides."""
    FOR_A_PERSON = "for a person"
    """Understood, but only a person can act on it, e.g. a delegation."""
    REFUSED = "refused"
    """Not an answer at all, or one that changes nothing (a REQUEST from outside, an unreadable part)."""


class Trust(Enum):
    """How sure we are of who answered."""

    ADDRESS = "secret address"
    """It came to the secret reply address, or from the secret page."""
    SIGNED = "signed"
    """The mail server vouches for the sender's domain, and the sender is who was invited."""
    PERSON = "a person"
    """Somebody of ours made sure of it."""
    NONE = "none"


class ProposalState(Enum):
    """What became of another time that was asked for."""

    OPEN = "open"
    TAKEN = "taken"
    DECLINED = "declined"
    OVERTAKEN = "overtaken"
