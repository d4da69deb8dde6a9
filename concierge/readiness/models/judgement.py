"""Tables of what was judged and signed: assessments, waivers, signatures."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.readiness.states import Channel, Decision, Occasion


class Assessment(Base):
    """A dated, scored, signed judgement of a site; never changed."""

    __tablename__ = "assessments"

    checklist_id: Mapped[int] = mapped_column(sa.ForeignKey("checklists.id", ondelete="CASCADE"), index=True)
    occasion: Mapped[Occasion] = mapped_column(text_enum(Occasion))
    on: Mapped[date]
    """The day at the site."""
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    """None: made by itself on its day, not signed."""
    signed_name: Mapped[str] = mapped_column(Line(120), default="")
    is_ready: Mapped[bool]
    percent: Mapped[int]
    """Weighted share of what is done."""
    critical_open: Mapped[int]
    """Blocking items that were open."""
    standing: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Each item as it stood: key, state, verdict, value, waived."""
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over ``standing``: what was judged."""
    note: Mapped[str] = mapped_column(Prose(2000), default="")


class Waiver(Base):
    """An open item that holds nothing for now, by name and reason, until a day or the installation."""

    __tablename__ = "waivers"

    item_id: Mapped[int] = mapped_column(sa.ForeignKey("readiness_items.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Line(120))
    """Who answers for it."""
    reason: Mapped[str] = mapped_column(Prose(2000))
    given_at: Mapped[datetime]
    given_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    expires_on: Mapped[date]
    """The last day on which it holds; it ends at the beginning of the installation at the latest."""
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(Line(200), default="")


class ReadinessSignature(Base):
    """Somebody signed a section, or the whole list; bound to what it said."""

    __tablename__ = "readiness_signatures"

    checklist_id: Mapped[int] = mapped_column(sa.ForeignKey("checklists.id", ondelete="CASCADE"), index=True)
    section: Mapped[str] = mapped_column(Line(40), default="")
    """Empty: the whole list."""
    name: Mapped[str] = mapped_column(Line(120))
    title: Mapped[str] = mapped_column(Line(80), default="")
    meaning: Mapped[str] = mapped_column(Prose(500))
    """The sentence that was signed."""
    decision: Mapped[Decision | None] = mapped_column(text_enum(Decision))
    """For the whole list."""
    conditions: Mapped[str] = mapped_column(Prose(2000), default="")
    signed_at: Mapped[datetime]
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    """For ours; None: the customer."""
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over the items and answers that were signed."""
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(Line(300), default="")
    """What changed since."""
