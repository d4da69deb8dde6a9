"""Tables of checklists, their items, evidence and documents."""

from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.states import ContactRole
from concierge.catalogue.states import (
    Anchor,
    DueDays,
    GateKind,
    ItemType,
    Responsible,
    Reviewer,
    Severity,
)
from concierge.catalogue.states import Evidence as EvidenceNeed
from concierge.core import readiness
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.files import StoredFile
from concierge.projects.models import Project
from concierge.readiness.states import Channel, DocumentKind, Freeze, ItemState, Standing, Verdict


class Checklist(Versioned, Base):
    """What one project's site has to meet; a copy of its playbooks' items that is then its own."""

    __tablename__ = "checklists"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id"), unique=True)
    issued_at: Mapped[datetime]
    anchor_on: Mapped[date]
    """The delivery day that due dates count from."""
    install_on: Mapped[date | None]
    """The day on which installation begins, for due dates that count from it; None: not planned, as delivery."""
    ordered_on: Mapped[date | None]
    """The day of the order, for due dates that count from it; None: from before it was kept, as delivery."""
    sold: Mapped[list[Any] | None] = mapped_column(sa.JSON)
    """Keys of the products of the order as the plan has it, which the options among them ask something for: a change
    of the order counts once it is accepted. None: from before that was kept."""
    sent_at: Mapped[datetime | None]
    link_nonce: Mapped[str] = mapped_column(sa.String(32))
    """Random; with the secret key it gives the printed link its token. A new one ends the old link."""
    link_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """SHA-256 of that token."""
    is_chased: Mapped[bool] = mapped_column(default=True)
    """Whether the customer is reminded of what is open."""
    frozen_at: Mapped[datetime | None]
    """Since when what the customer changes has to be looked at: they signed the site off, or shipping was released."""
    frozen_why: Mapped[Freeze | None] = mapped_column(text_enum(Freeze))
    ready_lost_at: Mapped[datetime | None]
    """Since when a site that was said to be ready is not; None: it is, or nobody said so."""
    ready_lost: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Who had said so when and how, and what is critical since: see ``actions/standing.py``. Empty: nothing lost."""
    chased_after: Mapped[date | None]
    """No reminder names its items up to and with this day: somebody left that one out, or it was off until then."""

    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    items: Mapped[list["ReadinessItem"]] = relationship(
        back_populates="checklist", lazy="raise_on_sql", order_by="ReadinessItem.position"
    )

    __table_args__ = (
        sa.Index("ix_checklists_anchor_on", "anchor_on"),
        sa.Index(
            "ix_checklists_ready_lost",
            "anchor_on",
            sqlite_where=sa.text("ready_lost_at IS NOT NULL"),
            postgresql_where=sa.text("ready_lost_at IS NOT NULL"),
        ),
    )


class ReadinessItem(Versioned, Base):
    """One requirement with its state and evidence."""

    __tablename__ = "readiness_items"

    checklist_id: Mapped[int] = mapped_column(sa.ForeignKey("checklists.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(80))
    section: Mapped[str] = mapped_column(Line(40))
    type: Mapped[ItemType] = mapped_column(text_enum(ItemType))
    requirement: Mapped[dict[str, str]]
    why: Mapped[dict[str, str]]
    how: Mapped[dict[str, str]]
    quantity: Mapped[str] = mapped_column(Line(40), default="")
    unit: Mapped[str] = mapped_column(Line(20), default="")
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    """In ``unit``; for a day the last one that will do, in days from its anchor."""
    choices: Mapped[dict[str, dict[str, str]]] = mapped_column(sa.JSON, default=dict)
    accepted: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """For a choice: the codes that fit; empty: any."""
    tolerance: Mapped[float | None]
    """How far a measure may lie outside, in ``unit``."""
    sample: Mapped[str] = mapped_column(Line(80), default="")
    """What has to be measured, e.g. ``24 h log``."""
    file_kinds: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Kinds of files that prove it: photo, log, certificate, drawing; empty: any."""
    file_count: Mapped[int] = mapped_column(default=1)
    """How many files it takes where evidence is required."""
    condition: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """When it is asked at all, by other answers; see ``core/conditions.py``. Empty: always."""
    is_asked: Mapped[bool] = mapped_column(default=True)
    """What the condition says now; never while it is withdrawn."""
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    """Whether neither playbook, options nor destination ask for it any more; it keeps its answer and holds nothing."""
    weight: Mapped[int] = mapped_column(default=1)
    """What it counts for in the readiness of the site."""
    responsible: Mapped[Responsible] = mapped_column(text_enum(Responsible))
    role: Mapped[ContactRole | None] = mapped_column(text_enum(ContactRole))
    """Which of the customer's people it is for when nobody is named."""
    reviewer: Mapped[Reviewer | None] = mapped_column(text_enum(Reviewer))
    """Whose review an answer needs before it counts; None: none."""
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"))
    """The customer's person who brings it about."""
    anchor: Mapped[Anchor] = mapped_column(text_enum(Anchor), default=Anchor.DELIVERY)
    """Which day ``due_offset`` counts from."""
    due_days: Mapped[DueDays] = mapped_column(text_enum(DueDays), default=DueDays.CALENDAR)
    due_offset: Mapped[int]
    due_on: Mapped[date]
    severity: Mapped[Severity] = mapped_column(text_enum(Severity))
    gate: Mapped[GateKind | None] = mapped_column(text_enum(GateKind))
    evidence_need: Mapped[EvidenceNeed] = mapped_column(text_enum(EvidenceNeed))
    source: Mapped[str] = mapped_column(Line(200), default="")
    source_rev: Mapped[str] = mapped_column(Line(60), default="")
    checked_on: Mapped[date | None]

    state: Mapped[ItemState] = mapped_column(text_enum(ItemState), default=ItemState.OPEN)
    value: Mapped[str] = mapped_column(Prose(2000), default="")
    """As it was typed."""
    si_value: Mapped[float | None]
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict), default=Verdict.UNKNOWN)
    comment: Mapped[str] = mapped_column(Prose(2000), default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    answered_name: Mapped[str] = mapped_column(Line(120), default="")
    """Who answered when it was nobody of ours."""
    channel: Mapped[Channel | None] = mapped_column(text_enum(Channel))
    returned_reason: Mapped[str] = mapped_column(Prose(2000), default="")
    """Why the last answer was given back; empty while it was not."""
    reviewed_at: Mapped[datetime | None]
    """When one of ours accepted the answer."""
    reviewed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    review_note: Mapped[str] = mapped_column(Prose(2000), default="")
    """What they noted with it; ours only."""
    reported_at: Mapped[datetime | None]
    """When the customer changed the answer of a frozen checklist; it counts only after one of ours looked at it."""
    is_contradicted: Mapped[bool] = mapped_column(default=False)
    """Whether another answer waits beside the one that counts; until a person chooses, it settles nothing."""
    waived_until: Mapped[date | None]
    """The last day on which shipping does not wait for it although it is open; None: it is not waived."""

    checklist: Mapped[Checklist] = relationship(back_populates="items", lazy="raise_on_sql")
    evidence: Mapped[list["ItemEvidence"]] = relationship(lazy="raise_on_sql", order_by="ItemEvidence.id")

    @property
    def is_cleared(self) -> bool:
        """Whether nothing waits for it: accepted, or answered well where nobody of ours has to look at it."""
        return is_cleared(self)

    @property
    def needs_review(self) -> bool:
        """Whether there is an answer that counts only after one of ours accepted it."""
        return needs_review(self)

    @property
    def is_waived(self) -> bool:
        """Whether somebody answers for it, so that shipping does not wait for it."""
        return self.waived_until is not None and not self.is_cleared

    @property
    def is_counted(self) -> bool:
        """Whether somebody has to do something about it; information, and what is not asked, is not counted."""
        return self.type is not ItemType.INFO and self.is_asked

    @property
    def lacks_evidence(self) -> bool:
        """Whether fewer files of a kind that will do are there than are needed. The evidence has to be loaded."""
        return self.needs_evidence and self.proofs < max(1, self.file_count)

    @property
    def needs_evidence(self) -> bool:
        """Whether it takes files to settle it."""
        return needs_evidence(self)

    @property
    def proofs(self) -> int:
        """How many different files are there that can be what is asked for. The evidence has to be loaded."""
        files = ((one.file.sha256, one.file.content_type) for one in self.evidence)
        return readiness.proving(files, self.file_kinds or ())

    __table_args__ = (
        sa.UniqueConstraint("checklist_id", "key"),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered_has_instant"),
        sa.Index(
            "ix_readiness_items_blocking",
            "due_on",
            sqlite_where=sa.text("state = 'open' AND severity = 'blocking'"),
            postgresql_where=sa.text("state = 'open' AND severity = 'blocking'"),
        ),
        sa.Index(
            "ix_readiness_items_to_review",
            "due_on",
            sqlite_where=sa.text("state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"),
            postgresql_where=sa.text(
                "state = 'answered' AND (reviewer IS NOT NULL OR reported_at IS NOT NULL)"
            ),
        ),
        sa.CheckConstraint("(severity = 'blocking') = (gate IS NOT NULL)", name="blocking_names_gate"),
    )


class BlockingItem(NamedTuple):
    """As much of an item that may hold a gate as tells whether it does; names are those of `ReadinessItem`."""

    id: int
    key: str
    gate: GateKind
    due_on: date
    requirement: dict[str, str]
    type: ItemType
    state: ItemState
    verdict: Verdict
    reviewer: Reviewer | None
    reported_at: datetime | None
    is_contradicted: bool
    waived_until: date | None
    evidence_need: EvidenceNeed
    lacks_evidence: bool
    """As far as it takes files."""

    @property
    def is_cleared(self) -> bool:
        """As of an item."""
        return is_cleared(self)

    @property
    def is_waived(self) -> bool:
        """As of an item."""
        return self.waived_until is not None and not self.is_cleared


def is_cleared(item: ReadinessItem | BlockingItem) -> bool:
    """Whether nothing waits for an item: accepted, or answered well where nobody of ours has to look at it."""
    if item.is_contradicted:
        return False
    if item.type is ItemType.INFO or item.state is ItemState.ACCEPTED:
        return True
    if item.state is ItemState.OPEN or needs_review(item):
        return False
    return item.verdict is Verdict.OK and not item.lacks_evidence


def needs_review(item: ReadinessItem | BlockingItem) -> bool:
    """Whether there is an answer that counts only after one of ours accepted it."""
    return item.state is ItemState.ANSWERED and (item.reviewer is not None or item.reported_at is not None)


def needs_evidence(item: ReadinessItem | BlockingItem) -> bool:
    """Whether it takes files to settle an item."""
    return item.type is ItemType.UPLOAD or item.evidence_need is EvidenceNeed.REQUIRED


class ItemAnswer(Base):
    """One answer as it was given; nothing that anybody entered is ever lost."""

    __tablename__ = "item_answers"

    item_id: Mapped[int] = mapped_column(sa.ForeignKey("readiness_items.id", ondelete="CASCADE"), index=True)
    standing: Mapped[Standing] = mapped_column(text_enum(Standing))
    value: Mapped[str] = mapped_column(Prose(2000), default="")
    """As it was typed, with its unit."""
    si_value: Mapped[float | None]
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict), default=Verdict.UNKNOWN)
    comment: Mapped[str] = mapped_column(Prose(2000), default="")
    at: Mapped[datetime]
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    returned_id: Mapped[int | None] = mapped_column(sa.ForeignKey("returned_documents.id"))
    name: Mapped[str] = mapped_column(Line(120), default="")
    """Who gave it, as shown."""

    __table_args__ = (
        sa.Index(
            "ix_item_answers_in_conflict",
            "item_id",
            sqlite_where=sa.text("standing = 'conflict'"),
            postgresql_where=sa.text("standing = 'conflict'"),
        ),
    )


class ItemEvidence(Base):
    """A file that shows that a requirement is met."""

    __tablename__ = "item_evidence"

    item_id: Mapped[int] = mapped_column(sa.ForeignKey("readiness_items.id", ondelete="CASCADE"), index=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    attached_at: Mapped[datetime]
    attached_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    attached_name: Mapped[str] = mapped_column(Line(120), default="")
    """Who attached it when it was nobody of ours."""
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    """The customer's link that it came by."""

    file: Mapped[StoredFile] = relationship(lazy="raise_on_sql")


class ChecklistDocument(Base):
    """The checklist as a PDF in one language; made again only when its content changes."""

    __tablename__ = "checklist_documents"

    checklist_id: Mapped[int] = mapped_column(sa.ForeignKey("checklists.id", ondelete="CASCADE"))
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind), default=DocumentKind.WORKING)
    language: Mapped[str] = mapped_column(Line(16))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    revision: Mapped[int]
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    made_at: Mapped[datetime]
    code: Mapped[str | None] = mapped_column(sa.String(8), unique=True)
    """Printed on every page, eight letters and digits without hyphen; None on prints from before there were codes."""
    shown: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """The customer's dates it prints: ``{"milestone": key, "on": ISO day}``; what the ledger takes from it."""

    file: Mapped[StoredFile] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("checklist_id", "language", "content_hash"),)
