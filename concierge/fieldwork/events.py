"""What happened in the field."""

from dataclasses import dataclass

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvent(Event):
    """Something that happened at one visit; ``title`` is the visit's."""

    visit_id: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkReported(FieldEvent):
    """What somebody entered at a visit arrived, all at once; conflicts and strays wait for a person."""

    entries: int = 0
    notes: int = 0
    photos: int = 0
    signatures: int = 0
    conflicts: int = 0
    strays: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNotReady(FieldEvent):
    """Work could not go on at a site; ``milestone_id`` is what it blocked, None when nothing could be blocked."""

    milestone_id: int | None
    cause: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadyWithdrawn(FieldEvent):
    """A person of the office took back that a site is not ready."""

    milestone_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChosen(FieldEvent):
    """A person chose between values that stood side by side."""

    step: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StraysSeen(FieldEvent):
    """A person of the office looked at what was entered at a visit that was changed meanwhile."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIssued(FieldEvent):
    """A certificate or report was signed; ``record_id`` keeps what it says."""

    record_id: int
    kind: str
    revision: int
    name: str
    """Who signed for the customer; empty while nobody did."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrinted(FieldEvent):
    """The PDF of a record was made in a language."""

    record_id: int
    kind: str
    revision: int
    language: str
