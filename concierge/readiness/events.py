"""What happened to checklists."""

from dataclasses import dataclass
from datetime import date

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistIssued(Event):
    """A project got its readiness checklist."""

    checklist_id: int
    items: int
    is_quiet: bool = False
    """Whether nobody is written to: the project was under way elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRedated(Event):
    """Open items are due on other days because delivery moved."""

    checklist_id: int
    delivery_on: date | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswered(Event):
    """An item was answered; ``verdict`` is computed."""

    checklist_id: int
    item_id: int
    requirement: str
    value: str
    verdict: str
    before: str = ""
    """What counted until then."""
    by_name: str = ""
    """Who answered when it was nobody of ours."""
    channel: str = "staff"
    was_accepted: bool = False
    """Whether one of ours had accepted what counted until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersDiffer(Event):
    """An answer contradicts one that its giver had not seen; both are kept, a person chooses."""

    checklist_id: int
    item_id: int
    requirement: str
    value: str
    counts: str
    """What counts meanwhile."""
    by_name: str = ""
    channel: str = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChosen(Event):
    """A person said which of several answers counts."""

    checklist_id: int
    item_id: int
    requirement: str
    value: str
    before: str = ""
    """What counted until then, when it was another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDismissed(Event):
    """A person put an answer aside that contradicts the one that counts."""

    checklist_id: int
    item_id: int
    requirement: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAccepted(Event):
    """We accepted an answer."""

    checklist_id: int
    item_id: int
    requirement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReopened(Event):
    """An answer does not hold; the item is open again."""

    checklist_id: int
    item_id: int
    requirement: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAttached(Event):
    """A file was attached to an item."""

    checklist_id: int
    item_id: int
    requirement: str
    file_id: int
    name: str
    by_name: str = ""
    """Who attached it when it was nobody of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistSent(Event):
    """The checklist went to the customer's contact by mail."""

    checklist_id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistPrinted(Event):
    """A PDF of the checklist is there; ``occasion`` says whether somebody waits for it by mail.

    ``occasion`` is ``issued``, ``moved`` or ``asked`` when it goes to the customer, else empty.
    """

    checklist_id: int
    document_id: int
    language: str
    occasion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRequested(Event):
    """A person asked to send the checklist to the customer's contact."""

    checklist_id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRenewed(Event):
    """A newer version of the playbook asks other things; answers were kept."""

    checklist_id: int
    added: int
    removed: int
    changed: int
