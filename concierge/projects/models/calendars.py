"""Tables of changes to working calendars that wait for a person, with all that they would move."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.projects.states import CalendarProposalState


class CalendarProposal(Versioned, Base):
    """A change to somebody's working days, seen before it is made."""

    __tablename__ = "calendar_proposals"

    state: Mapped[CalendarProposalState] = mapped_column(
        text_enum(CalendarProposalState), default=CalendarProposalState.FORESEEING
    )
    title: Mapped[str] = mapped_column(Line(200))
    change: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """What is to be written, as plain values: ``{"kind": "closure added", …}``."""
    fingerprint: Mapped[str] = mapped_column(Line(64), default="")
    """Of the calendars and plans it was foreseen on; applying to others is refused."""
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    job_id: Mapped[int | None] = mapped_column(sa.ForeignKey("jobs.id", ondelete="SET NULL"))
    takes_back_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("calendar_proposals.id", ondelete="SET NULL"), index=True
    )
    """The change that this one takes back."""
    projects: Mapped[int] = mapped_column(default=0)
    """How many projects it would move."""
    promises: Mapped[int] = mapped_column(default=0)
    """How many promised dates the new forecast would miss that today's does not."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Prose(1000), default="")

    made_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[made_by_id])


class CalendarProposalMove(Base):
    """One milestone whose dates a calendar change would move."""

    __tablename__ = "calendar_proposal_moves"

    proposal_id: Mapped[int] = mapped_column(sa.ForeignKey("calendar_proposals.id", ondelete="CASCADE"))
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"), index=True)
    start_before: Mapped[date | None]
    start_after: Mapped[date | None]
    finish_before: Mapped[date | None]
    finish_after: Mapped[date | None]
    promised_on: Mapped[date | None]
    misses_promise: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        sa.Index("ix_calendar_proposal_moves_proposal_id_project_id", "proposal_id", "project_id"),
    )
