"""Tables of what comes from the field: steps, changes as devices sent them, and the records made of them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.catalogue.states import StepKind
from concierge.fieldwork.protocol import Kind, Party, Tap
from concierge.fieldwork.states import Fit, RecordKind, Standing, Stray
from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.platform.files import StoredFile
from concierge.projects.states import BlockCause
from concierge.visits.models import Visit


class FieldStep(Base):
    """One thing to do, read off or record at a visit; all visits of a work order share its steps.

    Copied from the playbook when something is first entered; from then on it stays as it was.
    """

    __tablename__ = "field_steps"

    work_order_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("work_orders.id", ondelete="CASCADE"), index=True
    )
    visit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("visits.id", ondelete="CASCADE"), index=True)
    """Of a visit without a work order."""
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(60))
    kind: Mapped[StepKind] = mapped_column(text_enum(StepKind))
    text: Mapped[dict[str, str]]
    """Language to text."""
    unit: Mapped[str] = mapped_column(Line(20), default="")
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    is_required: Mapped[bool] = mapped_column(default=True)
    asset_id: Mapped[int | None] = mapped_column(sa.ForeignKey("assets.id", ondelete="SET NULL"), index=True)
    """The unit that it is about, where the work is about several; None: about all of it."""

    __table_args__ = (
        sa.UniqueConstraint("work_order_id", "key"),
        sa.UniqueConstraint("visit_id", "key"),
        sa.CheckConstraint("(work_order_id IS NULL) <> (visit_id IS NULL)", name="belongs_to_one"),
    )


class FieldChange(Base):
    """One change as a device or a page sent it: whose, when, and under which key. Never changed, never removed."""

    __tablename__ = "field_changes"

    key: Mapped[str] = mapped_column(sa.String(36), unique=True)
    """A uuid that the device made; the same one twice is the same change."""
    digest: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over what the change says, so that a key that is used twice for different things is noticed."""
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id"), index=True)
    kind: Mapped[Kind] = mapped_column(text_enum(Kind))
    at: Mapped[datetime]
    """When it was entered, by the device's clock."""
    clock_off: Mapped[int] = mapped_column(default=0)
    """Seconds by which the device's clock was fast when it sent; negative: slow; 0: right, give or take."""
    received_at: Mapped[datetime]
    stray: Mapped[Stray | None] = mapped_column(text_enum(Stray))
    """Why a person has to look at it; None: nobody has to."""
    said: Mapped[str] = mapped_column(Prose(500), default="")
    """What the device was told besides that it was kept."""
    looked_at: Mapped[datetime | None]
    """When somebody of the office looked at a stray one."""
    looked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    user: Mapped[User] = relationship(lazy="raise_on_sql", foreign_keys=[user_id])
    visit: Mapped[Visit] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.Index(
            "ix_field_changes_stray",
            "visit_id",
            sqlite_where=sa.text("stray IS NOT NULL AND looked_at IS NULL"),
            postgresql_where=sa.text("stray IS NOT NULL AND looked_at IS NULL"),
        ),
    )


class FieldEntry(Base):
    """What was ticked, read off or written at a step, as it was given."""

    __tablename__ = "field_entries"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    step_id: Mapped[int] = mapped_column(sa.ForeignKey("field_steps.id", ondelete="CASCADE"), index=True)
    value: Mapped[str] = mapped_column(Prose(2000))
    """As typed; of a tick ``yes`` or ``no``."""
    number: Mapped[float | None]
    """Of a reading: in the step's unit."""
    fit: Mapped[Fit | None] = mapped_column(text_enum(Fit))
    standing: Mapped[Standing] = mapped_column(text_enum(Standing))
    seen: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Keys of the changes that stood before the person's eyes."""

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.Index(
            "ix_field_entries_in_conflict",
            "step_id",
            sqlite_where=sa.text("standing = 'conflict'"),
            postgresql_where=sa.text("standing = 'conflict'"),
        ),
    )


class FieldNote(Base):
    """What somebody wrote at a visit."""

    __tablename__ = "field_notes"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    text: Mapped[str] = mapped_column(Prose(4000))

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")


class FieldPhoto(Base):
    """A photo of a visit: re-encoded, without what the camera wrote into it."""

    __tablename__ = "field_photos"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    step_id: Mapped[int | None] = mapped_column(sa.ForeignKey("field_steps.id", ondelete="SET NULL"))
    caption: Mapped[str] = mapped_column(Line(2000), default="")
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    small_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")
    file: Mapped[StoredFile] = relationship(lazy="raise_on_sql", foreign_keys=[file_id])
    small: Mapped[StoredFile] = relationship(lazy="raise_on_sql", foreign_keys=[small_id])


class FieldSignature(Base):
    """Somebody signed what a visit's page showed; bound to it for good."""

    __tablename__ = "field_signatures"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    party: Mapped[Party] = mapped_column(text_enum(Party))
    name: Mapped[str] = mapped_column(Line(120))
    role: Mapped[str] = mapped_column(Line(120), default="")
    meaning: Mapped[str] = mapped_column(Prose(500))
    """The sentence that was signed."""
    strokes: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """The drawing, as `protocol.SignatureValue` says; empty: the name was typed."""
    content: Mapped[dict[str, Any]]
    """What was signed; see ``plan.content``."""
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over ``content``; see ``plan.digest``."""

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")


class FieldTap(Base):
    """Somebody set out, arrived, or finished; the device's instant is when it was."""

    __tablename__ = "field_taps"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    to: Mapped[Tap] = mapped_column(text_enum(Tap))
    note: Mapped[str] = mapped_column(Prose(4000), default="")

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")


class NotReady(Base):
    """A site where work could not go on, and why."""

    __tablename__ = "not_ready_reports"

    change_id: Mapped[int] = mapped_column(sa.ForeignKey("field_changes.id"), unique=True)
    cause: Mapped[BlockCause] = mapped_column(text_enum(BlockCause))
    note: Mapped[str] = mapped_column(Prose(2000))
    photo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))
    small_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))
    milestone_id: Mapped[int | None] = mapped_column(sa.ForeignKey("milestones.id", ondelete="SET NULL"))
    """What it blocked; None: nothing could be blocked."""
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    change: Mapped[FieldChange] = relationship(lazy="raise_on_sql")
    photo: Mapped[StoredFile | None] = relationship(lazy="raise_on_sql", foreign_keys=[photo_id])
    small: Mapped[StoredFile | None] = relationship(lazy="raise_on_sql", foreign_keys=[small_id])


class PhotoUpload(Base):
    """A photo that comes in pieces, or has come and waits for its change."""

    __tablename__ = "photo_uploads"

    uuid: Mapped[str] = mapped_column(sa.String(36), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    size: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    pieces: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Ids of the stored files that hold them, in order; empty once it is whole."""
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))
    small_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))
    begun_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (sa.CheckConstraint("(file_id IS NULL) = (small_id IS NULL)", name="whole_has_both"),)

    @property
    def is_whole(self) -> bool:
        """Whether the photo is here, checked and made anew."""
        return self.file_id is not None


class FieldRecord(Base):
    """A certificate or report as it was signed: its content never changes; another content is another revision."""

    __tablename__ = "field_records"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id"))
    kind: Mapped[RecordKind] = mapped_column(text_enum(RecordKind))
    revision: Mapped[int]
    """From 1."""
    content: Mapped[dict[str, Any]]
    """All that it says, in every language; see ``document/values.py``."""
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over ``content``."""
    signed_hash: Mapped[str] = mapped_column(sa.String(64))
    """The hash that the signatures are bound to."""
    issued_at: Mapped[datetime]

    visit: Mapped[Visit] = relationship(lazy="raise_on_sql")
    prints: Mapped[list["FieldPrint"]] = relationship(lazy="raise_on_sql", order_by="FieldPrint.id")

    __table_args__ = (sa.UniqueConstraint("visit_id", "kind", "revision"),)


class FieldPrint(Base):
    """A record as a PDF in one language."""

    __tablename__ = "field_prints"

    record_id: Mapped[int] = mapped_column(sa.ForeignKey("field_records.id"))
    language: Mapped[str] = mapped_column(Line(16))
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    made_at: Mapped[datetime]

    file: Mapped[StoredFile] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("record_id", "language"),)
