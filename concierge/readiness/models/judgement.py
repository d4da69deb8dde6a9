"""Tables of what was judged and signed: assessments, waivers, signatures."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.catalogue.states import GateKind
from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.readiness.states import Channel, Decision, Occasion


class Assessment(Base):
    """A dated, scored judgement of a site, signed or made by itself; what was judged never changes."""

    __tablename__ = "assessments"

    checklist_id: Mapped[int] = mapped_column(sa.ForeignKey("checklists.id", ondelete="CASCADE"), index=True)
    occasion: Mapped[Occasion] = mapped_column(text_enum(Occasion))
    on: Mapped[date]
    """The day at the site."""
    counted_from: Mapped[date | None]
    """The day of delivery, or of installation, that the occasion counted from; another one is judged again."""
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    """Who made it; None: it was made by itself on its day."""
    signed_name: Mapped[str] = mapped_column(Line(120), default="")
    """As the one who signed typed it; empty while nobody did."""
    signed_at: Mapped[datetime | None]
    signed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    meaning: Mapped[str] = mapped_column(Prose(500), default="")
    """The sentence that was signed."""
    gate: Mapped[GateKind] = mapped_column(text_enum(GateKind))
    """What the site was judged ready for, or not."""
    is_ready: Mapped[bool]
    percent: Mapped[int]
    """Weighted share of what is done."""
    critical_open: Mapped[int]
    """Blocking items that were open."""
    standing: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Each item that was asked as it stood; see ``plan.standing``."""
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over ``standing``: what was judged; see ``plan.digest``."""
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
    witness_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    """Who of ours the customer signed with, on the phone or side by side; None: they signed alone."""
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_links.id"))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 over ``content``."""
    content: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What was signed: each item that was asked with its answer and files; see ``plan.content``."""
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(Line(300), default="")
    """What changed since, in English; others read ``changes``."""
    critical: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Keys of the items that held delivery when the list was signed."""
    changes: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What changed since, one value of ``plan.Change`` each."""


@sa.event.listens_for(Assessment, "before_update")
def _keep_what_was_judged(_mapper: object, _connection: object, target: Assessment) -> None:
    """Refuse to change what was judged; a judgement may only be signed, once."""
    changed = {one.key for one in sa.inspect(target).attrs if one.history.has_changes()}
    if changed - _SIGNING:
        raise AssertionError(f"An assessment never changes, but here {', '.join(sorted(changed))} would.")


_SIGNING = {"signed_name", "signed_at", "signed_by_id", "meaning"}
