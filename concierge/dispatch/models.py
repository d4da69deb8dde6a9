"""Tables of plans that a machine proposes for unassigned work; nothing in them is booked."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Site
from concierge.dispatch.states import PlanningState, ProposalState
from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.projects.models import Project
from concierge.visits.models import Visit, WorkOrder


class PlanningRun(Versioned, Base):
    """One asking for a plan: for which time and which work, how far it is, and how good the answer is."""

    __tablename__ = "planning_runs"

    asked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    job_id: Mapped[int | None]
    first_on: Mapped[date]
    last_on: Mapped[date]
    """The days that may be planned, both included."""
    territory: Mapped[str] = mapped_column(Line(60), default="")
    """Only sites of this territory, by who serves it; empty: all."""
    skill: Mapped[str] = mapped_column(Line(60), default="")
    """Only work that asks for this skill; empty: all."""
    keys: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Only these rows of the tray, as it names them; empty: all."""
    state: Mapped[PlanningState] = mapped_column(text_enum(PlanningState), default=PlanningState.PLANNING)
    ended_at: Mapped[datetime | None]
    people: Mapped[int] = mapped_column(default=0)
    """How many technicians were looked at."""
    result: Mapped[dict[str, Any] | None]
    """How good it is: ``measure`` and ``greedy`` as lists (`core/assignment.py`), ``bound``, and how it was found."""

    asked_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
    proposals: Mapped[list["PlanningProposal"]] = relationship(
        back_populates="run",
        lazy="raise_on_sql",
        order_by="PlanningProposal.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="ends_after_start"),
        sa.CheckConstraint("(state = 'planning') = (ended_at IS NULL)", name="ended_has_instant"),
    )


class PlanningProposal(Versioned, Base):
    """Who could do a piece of work and when, and why; or why nobody was found. Not booked until accepted."""

    __tablename__ = "planning_proposals"

    run_id: Mapped[int] = mapped_column(sa.ForeignKey("planning_runs.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    work_order_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("work_orders.id", ondelete="SET NULL"), index=True
    )
    visit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("visits.id", ondelete="SET NULL"), index=True)
    """The visit that needs somebody more, or, once accepted, the one that was planned."""
    needs_people: Mapped[bool] = mapped_column(default=False)
    """Whether the visit was there before and only lacks people: its time is not proposed."""
    seen_version: Mapped[int]
    """Of the visit, else of the work order, when this was proposed."""
    state: Mapped[ProposalState] = mapped_column(text_enum(ProposalState), default=ProposalState.PROPOSED)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    """None: nobody and no time was found."""
    user_ids: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Who would go, by user id, without those who go already."""
    deadline_on: Mapped[date | None]
    facts: Mapped[dict[str, Any]]
    """Why so, or why not, as `actions/planning.py` writes and `proposal_words.py` says it."""
    refusal: Mapped[str] = mapped_column(Prose(1000), default="")
    """Why it could not be booked when somebody accepted it, in a sentence."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    run: Mapped[PlanningRun] = relationship(back_populates="proposals", lazy="raise_on_sql")
    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    work_order: Mapped[WorkOrder | None] = relationship(lazy="raise_on_sql")
    visit: Mapped[Visit | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("run_id", "position"),
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name="both_or_neither"),
        sa.CheckConstraint("state = 'left over' OR starts_at IS NOT NULL", name="proposed_has_time"),
        sa.CheckConstraint(
            "(state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)", name="decided_has_instant"
        ),
    )
