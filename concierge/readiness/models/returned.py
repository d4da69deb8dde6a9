"""Tables of documents that come back, and of many that are made at once."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.platform.files import StoredFile
from concierge.readiness.states import Channel, Outcome


class ReturnedDocument(Base):
    """A file that came back by mail, upload or on paper; its bytes are kept as they came."""

    __tablename__ = "returned_documents"

    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    digest: Mapped[str] = mapped_column(sa.String(64), index=True)
    """SHA-256 of the bytes."""
    project_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    """The project that it was sent to; None: not known."""
    document_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("checklist_documents.id", ondelete="SET NULL")
    )
    """The print that it is, by the key in it."""
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    sender: Mapped[str] = mapped_column(Line(254), default="")
    mail_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incoming_mails.id"))
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    received_at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome), default=Outcome.WAITING)
    detail: Mapped[str] = mapped_column(Prose(2000), default="")
    """Words of ``plan.NOTED`` for what a person has to know besides the outcome, separated by blanks."""
    revision: Mapped[int] = mapped_column(default=0)
    """Of the print that it is; 0: not known."""
    entries: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What was read, see ``actions/taking.py``: item or section, what was typed and printed, and what came of it."""
    pictures: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Ids of the stored pictures of its pages, for a person to read."""
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    file: Mapped[StoredFile] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("project_id", "digest"),
        sa.Index(
            "ix_returned_documents_unsettled",
            "outcome",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )


class DocumentBatch(Base):
    """Many checklists made as one job; they come as one ZIP."""

    __tablename__ = "document_batches"

    asked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    """None: asked for at the terminal."""
    job_id: Mapped[int | None]
    """The job that makes it; None: the terminal waits for it."""
    asked_at: Mapped[datetime]
    language: Mapped[str] = mapped_column(Line(16), default="")
    """Empty: each in its site's language."""
    project_ids: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    made: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Ids of the documents that are there."""
    left_out: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """``{"project": key, "why": sentence}``."""
    cancelled_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))

    file: Mapped[StoredFile | None] = relationship(lazy="raise_on_sql")
