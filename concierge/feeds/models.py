"""Tables of calendar addresses, of entries rendered once, and of the version that a tag is made from."""

from datetime import datetime
from typing import Any

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
    """The last part of the address without its ending; some programs name the calendar after it."""
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
    """One visit as one VEVENT for one technician, rendered when the visit changed.

    A row stays when its visit leaves the calendar, so that a return is published later than the leaving.
    """

    __tablename__ = "feed_entries"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    uid: Mapped[str] = mapped_column(sa.String(64))
    sequence: Mapped[int]
    modified_at: Mapped[datetime]
    """LAST-MODIFIED: rises by at least a second with every change of the bytes."""
    renderer: Mapped[str] = mapped_column(sa.String(40))
    """Which renderer, for which public address, wrote the bytes."""
    gone_at: Mapped[datetime | None]
    """When the entry leaves, or left, the calendar; None while it stays."""
    body: Mapped[bytes]

    __table_args__ = (
        sa.UniqueConstraint("owner_id", "visit_id"),
        sa.Index("ix_feed_entries_owner_id_starts_at", "owner_id", "starts_at", "uid"),
    )


class FeedVersion(Base):
    """What the tag of a person's calendar is made from: drawn anew with every change of its bytes."""

    __tablename__ = "feed_versions"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), unique=True)
    scope: Mapped[str] = mapped_column(sa.String(32), unique=True)
    """Random and stable: stands for the person in tags and notices."""
    version: Mapped[str] = mapped_column(sa.String(32))
    """Random, not counted: a counter would repeat itself after a restored backup."""
    changed_at: Mapped[datetime]
    lapses: Mapped[list[Any]] = mapped_column(default=list)
    """The instants, as ISO text, at which cancelled entries leave; the tag counts those that have passed."""
