"""What happened to invitations."""

from dataclasses import dataclass, field

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationEvent(Event):
    """Something that happened to the invitation of one person to one visit; ``name`` is the person's."""

    visit_id: int
    invitation_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationSent(InvitationEvent):
    """An invitation, a change or a withdrawal left by mail; ``method`` is REQUEST or CANCEL."""

    method: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAnswered(InvitationEvent):
    """An answer was applied; ``way`` says whether by mail or on the page."""

    reply: str
    way: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSetAside(InvitationEvent):
    """An answer came that a person has to look at, or that changes nothing; ``outcome`` says which."""

    outcome: str
    why: str = ""
    """What a machine said."""
    because: str = ""
    about: dict[str, str] = field(default_factory=dict)
    answer_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeProposed(InvitationEvent):
    """Somebody who is invited asks for another time."""

    proposal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeProposalDecided(InvitationEvent):
    """A person took or declined another time that was asked for."""

    proposal_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationUndeliverable(InvitationEvent):
    """A mail server said that the letter cannot be delivered."""
