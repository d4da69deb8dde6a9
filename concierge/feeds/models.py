"""Tables of calendar addresses, of entries rendered once, and of the version that a tag is made from."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.feeds.states import FeedState
from concierge.identity.models import User
from concierge.platform.database import Base, Line, text_enum


class Feed(Base):
    """A secret address that one person's programs subscribe to."""

    __tablename__ = "feeds"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """SHA-256 of the token; the token itself follows from ``nonce`` and the secret key."""
    nonce: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(Line(80))
    state: Mapped[FeedState] = mapped_column(text_enum(FeedState), default=FeedState.ACTIVE)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    fetched_by: Mapped[str] = mapped_column(Line(200), default="")

    user: Mapped[User] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked_has_instant"),
    )


class FeedEntry(Base):
    """One visit as one VEVENT for one technician, rendered when the visit changed."""

    __tablename__ = "feed_entries"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    uid: Mapped[str] = mapped_column(sa.String(64))
    sequence: Mapped[int]
    modified_at: Mapped[datetime]
    renderer: Mapped[int]
    gone_at: Mapped[datetime | None]
    """When a cancelled entry leaves the feed; None for a live one."""
    body: Mapped[bytes]

    __table_args__ = (
        sa.UniqueConstraint("owner_id", "visit_id"),
        sa.Index("ix_feed_entries_owner_id_starts_at", "owner_id", "starts_at", "visit_id"),
    )


class FeedVersion(Base):
    """Random at every change of an owner's entries; what a tag is made from."""

    __tablename__ = "feed_versions"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), unique=True)
    version: Mapped[str] = mapped_column(sa.String(32))
    changed_at: Mapped[datetime]
