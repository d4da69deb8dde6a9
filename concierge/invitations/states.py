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


class Because(Enum):
    """Why an answer changes nothing, or what a person has to see to."""

    NO_ANSWER = "no answer"
    NAMED_TWICE = "named twice"
    FOR_SEVERAL = "for several"
    TIME_UNREADABLE = "time unreadable"
    SAYS_NOTHING = "says nothing"
    NOT_INVITED = "not invited"
    ANOTHER_APPOINTMENT = "another appointment"
    NO_INVITATION = "no invitation"
    UNVOUCHED = "unvouched"
    SENT_JUST_NOW = "sent just now"
    SENT_AGAIN = "sent again"
    A_MACHINE = "a machine"
    IN_WORDS = "in words"
    COPY_FAILED = "copy failed"
    MADE_SURE = "made sure"
    TO_DECIDE = "to decide"
    NEITHER = "neither"
    SAME_ANSWER = "same answer"
    BEGUN = "begun"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    OLDER = "older"
    UNCERTAIN = "uncertain"
    ANOTHER_GOES = "another goes"
    ASKED_BEFORE = "asked before"
    LATER_ANSWER = "later answer"
    ANOTHER_COMES = "another comes"
    COMES_AFTER_ALL = "comes after all"
    ON_THE_WAY = "on the way"
    ENDS_FIRST = "ends first"
    HAS_PASSED = "has passed"
    TOO_LONG = "too long"
    IS_THE_ONE = "is the one"
    SAME_TIME = "same time"


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
