"""Tables of calendars, of their entries rendered once, and of the addresses that give them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Contact
from concierge.feeds.states import FeedState, Scope, Shows, Subject
from concierge.identity.models import User
from concierge.platform.database import Base, Line, text_enum


class Calendar(Base):
    """One calendar as bytes: what it shows of whom, for which kind of reader. Addresses that want the same share it.

    Its version is drawn anew, at random, with every change of its bytes; tags are made from it.
    """

    __tablename__ = "calendars"

    shows: Mapped[Shows] = mapped_column(text_enum(Shows))
    scope: Mapped[Scope] = mapped_column(text_enum(Scope))
    scope_key: Mapped[str] = mapped_column(Line(80))
    """Id of the person, project or site as text; the team's name, empty for all teams."""
    is_for_customer: Mapped[bool] = mapped_column(default=False)
    """Whether a customer reads it: nothing internal, no address that asks for a sign-in."""
    language: Mapped[str] = mapped_column(Line(16), default="en")
    is_busy_only: Mapped[bool] = mapped_column(default=False)
    """Whether entries say "Busy" and nothing else."""
    has_alarms: Mapped[bool] = mapped_column(default=False)
    cancelled_days: Mapped[int] = mapped_column(default=7)
    """How long a cancelled entry is still shown as such; or until its old start, if that is sooner."""
    horizon_days: Mapped[int] = mapped_column(default=400)

    name: Mapped[str] = mapped_column(Line(200), default="")
    """Of whom it tells, in words: the header's title is made from it."""
    label: Mapped[str] = mapped_column(sa.String(32), unique=True)
    """Random and stable: stands for the calendar in tags and notices."""
    version: Mapped[str] = mapped_column(sa.String(32))
    """Random, not counted: a counter would repeat itself after a restored backup (C4)."""
    changed_at: Mapped[datetime]
    lapses: Mapped[list[Any]] = mapped_column(default=list)
    """The instants, as ISO text, at which cancelled entries leave; the tag counts those that have passed."""

    __table_args__ = (
        sa.UniqueConstraint(
            "scope",
            "scope_key",
            "shows",
            "is_for_customer",
            "language",
            "is_busy_only",
            "has_alarms",
            "cancelled_days",
            "horizon_days",
            name="uq_calendars_what",
        ),
    )


class CalendarEntry(Base):
    """One visit, milestone or turn as one VEVENT of one calendar, rendered when it changed.

    A row stays when its subject leaves the calendar, so that a return is published later than the leaving.
    """

    __tablename__ = "calendar_entries"

    calendar_id: Mapped[int] = mapped_column(sa.ForeignKey("calendars.id"))
    subject: Mapped[Subject] = mapped_column(text_enum(Subject))
    subject_id: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """An all-day entry covers its days as UTC days here; its bytes carry dates."""
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
        sa.UniqueConstraint("calendar_id", "subject", "subject_id"),
        sa.Index("ix_calendar_entries_subject", "subject", "subject_id"),
        sa.Index("ix_calendar_entries_calendar_id_starts_at", "calendar_id", "starts_at", "uid"),
    )


class Feed(Base):
    """A secret address that one device of a person, or of a customer's contact, subscribes to."""

    __tablename__ = "feeds"

    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"), index=True)
    calendar_id: Mapped[int] = mapped_column(sa.ForeignKey("calendars.id"), index=True)
    device: Mapped[str] = mapped_column(Line(80), default="")
    """What its owner calls it: "Phone", "Outlook at work"."""
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
    fetched_version: Mapped[str] = mapped_column(sa.String(32), default="")
    """The calendar's version that was handed out then: another one means "changed, not fetched since"."""
    has_own_language: Mapped[bool] = mapped_column(default=False)
    """Whether a language was chosen for this device; otherwise it follows its owner's."""

    calendar: Mapped[Calendar] = relationship(lazy="raise_on_sql")
    user: Mapped[User | None] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked_has_instant"),
        sa.CheckConstraint("(user_id IS NULL) <> (contact_id IS NULL)", name="one_owner"),
    )


class FeedClient(Base):
    """A program that fetched an address: many different ones mean that the address went from hand to hand."""

    __tablename__ = "feed_clients"

    feed_id: Mapped[int] = mapped_column(sa.ForeignKey("feeds.id", ondelete="CASCADE"))
    client: Mapped[str] = mapped_column(Line(200))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]

    __table_args__ = (sa.UniqueConstraint("feed_id", "client"),)
