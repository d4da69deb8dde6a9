"""What happened to checklists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistEvent(Event):
    """Something that happened to one checklist."""

    checklist_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEvent(ChecklistEvent):
    """Something that happened to one item; ``requirement`` says what it asks."""

    item_id: int
    requirement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEvent(ChecklistEvent):
    """Somebody signed, a section or the whole list."""

    signature_id: int
    name: str
    channel: str = "staff"
    is_witnessed: bool = False
    """Whether the customer signed with the actor, on the phone or side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvent(Event):
    """Something that happened to the link of one of the customer's people."""

    link_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistIssued(ChecklistEvent):
    """A project got its readiness checklist."""

    items: int
    is_quiet: bool = False
    """Whether nobody is written to: the project was under way elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRedated(ChecklistEvent):
    """Open items are due on other days because delivery moved."""

    delivery_on: date | None
    items: int
    judged: int = 0
    """How many answers are judged otherwise: a day that was early enough is too late by now, or the reverse."""
    is_quiet: bool = False
    """Whether nobody is written to: it was taken back before anybody had read of it, or delivery stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswered(ItemEvent):
    """An item was answered; ``verdict`` is computed."""

    value: str
    verdict: str
    before: str = ""
    """What counted until then."""
    by_name: str = ""
    """Who answered when it was nobody of ours."""
    channel: str = "staff"
    was_accepted: bool = False
    """Whether one of ours had accepted what counted until then."""
    is_reported: bool = False
    """Whether the customer changed what was settled, so that one of ours looks at it before it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersDiffer(ItemEvent):
    """An answer contradicts one that its giver had not seen; both are kept, a person chooses."""

    value: str
    counts: str
    """What counts meanwhile."""
    by_name: str = ""
    channel: str = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChosen(ItemEvent):
    """A person said which of several answers counts."""

    value: str
    before: str = ""
    """What counted until then, when it was another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDismissed(ItemEvent):
    """A person put an answer aside that contradicts the one that counts."""

    value: str


# --- judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWaived(ItemEvent):
    """Shipping does not wait for an open item until a day; somebody answers for it."""

    name: str
    """Who answers for it."""
    reason: str
    until: date
    """The last day on which it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverEnded(ItemEvent):
    """A waived item holds again, unless it is settled."""

    name: str
    why: str
    """An English sentence; the usual ones are constants of ``actions/waiving.py``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAssessed(ChecklistEvent):
    """A site was judged on a day; ``name`` signed it, or nobody yet."""

    assessment_id: int
    occasion: str
    gate: str
    is_ready: bool
    percent: int
    critical: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentSigned(ChecklistEvent):
    """A judgement that had been made by itself was signed."""

    assessment_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSigned(SignatureEvent):
    """Somebody signed a section as it is answered."""

    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSigned(SignatureEvent):
    """Somebody declared the whole site ready, ready with conditions, or not ready."""

    decision: str
    conditions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEnded(ChecklistEvent):
    """What was signed says something else by now; ``section`` is empty for the whole list."""

    signature_id: int
    section: str
    name: str
    why: str
    """In English; ``changes`` say it in any language."""
    changes: Sequence[Mapping[str, Any]] = ()
    """Values of ``standing.Change``."""
    by_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessLost(ChecklistEvent):
    """A site that had been said to be ready is not any more."""

    said_at: datetime
    said_by: str
    """Who had signed that; empty: it was judged by itself."""
    requirement: str
    """The first item that is critical now."""
    critical: int
    by_name: str = ""
    """Who made the change; empty: nobody, such as a waiver that ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessRegained(ChecklistEvent):
    """A site that was ready and had lost that is ready again."""

    by_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistThawed(ChecklistEvent):
    """Answers of a frozen checklist may change freely again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAccepted(ItemEvent):
    """We accepted an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReopened(ItemEvent):
    """An answer does not hold; the item is open again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAttached(ItemEvent):
    """A file was attached to an item."""

    file_id: int
    name: str
    by_name: str = ""
    """Who attached it when it was nobody of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistSent(ChecklistEvent):
    """The checklist went to the customer's contact by mail."""

    contact_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistPrinted(ChecklistEvent):
    """A PDF of the checklist is there; ``occasion`` says whether somebody waits for it by mail.

    ``occasion`` is ``issued``, ``moved`` or ``asked`` when it goes to the customer, else empty.
    """

    document_id: int
    language: str
    occasion: str
    letter_key: str = ""
    """Names the letter that waits for it, if that can be seen already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRequested(ChecklistEvent):
    """A person asked to send the checklist to the customer's contact."""

    contact_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRenewed(ChecklistEvent):
    """The playbook, the order or the site asks other things; answers were kept."""

    added: int
    removed: int
    changed: int
    judged: int = 0
    """Answers that were judged anew, because what they are judged by changed."""
    why: str = "playbook"
    """What changed: ``playbook``, ``order`` or ``site``."""


# --- the customer's page


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGiven(LinkEvent):
    """Somebody at the customer's got a link to their page; ``is_mailed`` says whether a letter brings it."""

    is_mailed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSent(LinkEvent):
    """A link goes out by mail once more; ``is_asked_for`` when its holder asked for that, without us."""

    is_asked_for: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRevoked(LinkEvent):
    """A link opens nothing any more; ``by_name`` is the customer's person who took it back, if it was one of them."""

    by_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRotated(LinkEvent):
    """A link was replaced by another one for the same person; the old one opens nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHandedOn(Event):
    """The customer's person handed a section to a colleague, who gets a link of their own."""

    link_id: int
    section: str
    name: str
    by_name: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(Event):
    """The customer asked something, about the project or about one item."""

    question_id: int
    by_name: str
    requirement: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(Event):
    """We answered a question of the customer."""

    question_id: int
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSettled(Event):
    """What a customer wrote needs no answer."""

    question_id: int
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWritten(Event):
    """We wrote to the customer of our own accord; ``name`` is empty when it went to everybody with the whole page."""

    message_id: int
    name: str
    text: str


# --- what comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsReturned(Event):
    """Files came back that may hold answers; nobody has read them yet."""

    returned_ids: tuple[int, ...]
    sender: str = ""
    """The mail address that they came from; empty when they were uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnsRead(Event):
    """Files that came back were read, and what they say was taken or set aside."""

    returned_ids: tuple[int, ...]
    outcomes: tuple[str, ...]
    """Of each, a value of ``states.Outcome``."""
    taken: int
    """Answers that count now."""
    waiting: int
    """Entries that a person decides on."""
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSettled(Event):
    """A person dealt with a file that came back."""

    returned_id: int
    taken: int
    """Answers that count because that person said so."""


# --- reminders and many documents at once


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReminded(Event):
    """One of the customer's people is reminded by mail of so many open items; ``is_second``: after another one was."""

    contact_id: int
    name: str
    items: int
    is_second: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderLeftOut(Event):
    """Somebody left a reminder out that was coming."""

    contact_id: int
    name: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChasingTurned(ChecklistEvent):
    """From now on the customer is reminded of what is open, or is not."""

    is_chased: bool
