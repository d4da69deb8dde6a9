"""Tables of the customer's page: who holds a link to it, codes by mail, uploads under way, questions."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Contact
from concierge.platform.database import Base, Line, Prose
from concierge.projects.models import Project


class CustomerLink(Base):
    """A signed address that opens one project for one person, without a password, until it ends."""

    __tablename__ = "customer_links"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"), index=True)
    """None: a colleague to whom a section was handed on."""
    name: Mapped[str] = mapped_column(Line(120))
    email: Mapped[str] = mapped_column(Line(254))
    language: Mapped[str] = mapped_column(Line(16), default="en")
    section: Mapped[str] = mapped_column(Line(40), default="")
    """The only section that it shows; empty: all."""
    given_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    """The link whose holder handed the section on."""
    nonce: Mapped[str] = mapped_column(sa.String(32))
    """Random; with the secret key it gives the token, so that the link can be sent again."""
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When it was last mailed."""
    opened_at: Mapped[datetime | None]
    """When it was last used."""
    read_at: Mapped[datetime | None]
    """When its holder last read the messages."""

    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact | None] = relationship(lazy="raise_on_sql")

    def is_open(self, *, at: datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and self.expires_at > at

    __table_args__ = (
        sa.Index(
            "uq_customer_links_one_for_each",
            "project_id",
            "contact_id",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL AND section = ''"),
            postgresql_where=sa.text("revoked_at IS NULL AND section = ''"),
        ),
    )


class LinkCode(Base):
    """Six digits by mail that a confidential site asks for besides the link."""

    __tablename__ = "link_codes"

    link_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_links.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class UploadUnderWay(Base):
    """A large file that comes in pieces and may be resumed."""

    __tablename__ = "uploads_under_way"

    token: Mapped[str] = mapped_column(sa.String(40), unique=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("readiness_items.id", ondelete="CASCADE"), index=True)
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Line(200))
    size: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    """Bytes that are here, from the first on."""
    pieces: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Ids of the stored files that hold them, in order."""
    begun_at: Mapped[datetime]


class CustomerQuestion(Base):
    """What a customer asked about the project or one item, and what we answered."""

    __tablename__ = "customer_questions"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[int | None] = mapped_column(sa.ForeignKey("readiness_items.id", ondelete="SET NULL"))
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(Line(120))
    text: Mapped[str] = mapped_column(Prose(2000))
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(Prose(4000), default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    __table_args__ = (
        sa.Index(
            "ix_customer_questions_waiting",
            "asked_at",
            "id",
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        ),
    )


class CustomerMessage(Base):
    """What one of ours wrote to the customer of their own accord; it stands on the customer's page."""

    __tablename__ = "customer_messages"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id", ondelete="SET NULL"))
    """To whom it went by mail; None: to everybody who sees the whole page."""
    name: Mapped[str] = mapped_column(Line(120), default="")
    """Of whom it went to; empty: everybody."""
    text: Mapped[str] = mapped_column(Prose(4000))
    sent_at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    stopped_at: Mapped[datetime | None]
    """Since when it stands on no page, because all its letters were stopped before they left."""
