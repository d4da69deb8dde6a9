"""Tables of plans that a machine proposes for unassigned work, and of times that customers choose from."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Contact, Site
from concierge.dispatch.states import OfferKind, OfferState, PlanningState, ProposalState
from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.projects.models import Project
from concierge.readiness.models import CustomerLink
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


class SlotOffer(Versioned, Base):
    """Times for one piece of work that somebody at the customer's may choose from, and under which rules."""

    __tablename__ = "slot_offers"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    work_order_id: Mapped[int] = mapped_column(
        sa.ForeignKey("work_orders.id", ondelete="CASCADE"), index=True
    )
    visit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("visits.id", ondelete="SET NULL"), index=True)
    """The visit that gets the time: one that was planned without being certain, or that choosing planned."""
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_links.id", ondelete="CASCADE"), index=True)
    """Who chooses: whoever holds this link."""
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id"), index=True)
    kind: Mapped[OfferKind] = mapped_column(text_enum(OfferKind))
    state: Mapped[OfferState] = mapped_column(text_enum(OfferState), default=OfferState.OPEN)
    minutes: Mapped[int]
    """How long a crew works at the site."""
    first_on: Mapped[date]
    last_on: Mapped[date]
    """The days, at the site, from which may be chosen, both included."""
    user_ids: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Only these people of ours, by user id; empty: everybody who can."""
    buffer_minutes: Mapped[int] = mapped_column(default=0)
    """So long before and after it those who go have nothing else."""
    notice_days: Mapped[int] = mapped_column(default=2)
    """How many working days of the site ahead the visit has to be when it is chosen, moved or called off."""
    moves_allowed: Mapped[int] = mapped_column(default=2)
    moves_made: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(Prose(1000), default="")
    """What we say to the customer beside the times."""
    offered_at: Mapped[datetime]
    offered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    sent_at: Mapped[datetime]
    """When the letter was last sent."""
    expires_at: Mapped[datetime]
    """Until when it may be chosen; so long the times are held."""
    opened_at: Mapped[datetime | None]
    """When the customer first looked."""
    wish: Mapped[str] = mapped_column(Prose(1000), default="")
    """What the customer said when none of the times suits; empty: nothing."""
    wished_at: Mapped[datetime | None]
    booked_at: Mapped[datetime | None]
    """When the present time was chosen."""
    delay_id: Mapped[int | None] = mapped_column(sa.ForeignKey("delays.id", ondelete="SET NULL"), index=True)
    """The delay that stands since the customer called off; it ends when the work has a time again."""
    ended_at: Mapped[datetime | None]
    """When it was withdrawn, lapsed, called off or overtaken."""
    reason: Mapped[str] = mapped_column(Prose(500), default="")
    """Why it was withdrawn or called off, in the words of who did it."""
    seen_by_us_at: Mapped[datetime | None]
    """When one of ours took note of a wish, a lapse or a cancellation; nobody is asked about it any more."""

    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    work_order: Mapped[WorkOrder] = relationship(lazy="raise_on_sql")
    visit: Mapped[Visit | None] = relationship(lazy="raise_on_sql")
    link: Mapped[CustomerLink] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact] = relationship(lazy="raise_on_sql")
    offered_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
    choices: Mapped[list["SlotChoice"]] = relationship(
        back_populates="offer",
        lazy="raise_on_sql",
        order_by="[SlotChoice.starts_at, SlotChoice.id]",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def holder(self) -> str:
        """What its held times are held for."""
        return f"offer {self.id}"

    @property
    def answer_on(self) -> date:
        """The last day, at the site, on which may be chosen; its work with site is loaded."""
        return (self.expires_at.astimezone(ZoneInfo(self.work_order.site.zone)) - timedelta(minutes=1)).date()

    def is_open(self, *, at: datetime) -> bool:
        """Whether a time may be chosen at an instant; nobody has to have tidied up."""
        return self.state is OfferState.OPEN and self.expires_at > at

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="ends_after_start"),
        sa.CheckConstraint("minutes > 0", name="takes_time"),
        sa.CheckConstraint("buffer_minutes >= 0 AND notice_days >= 0", name="not_negative"),
        sa.CheckConstraint("moves_made >= 0 AND moves_allowed >= 0", name="moves_not_negative"),
        sa.CheckConstraint("(state IN ('open', 'booked')) = (ended_at IS NULL)", name="ended_has_instant"),
        sa.CheckConstraint("state <> 'booked' OR booked_at IS NOT NULL", name="booked_has_instant"),
        sa.CheckConstraint("(wish = '') = (wished_at IS NULL)", name="wish_has_instant"),
        sa.Index(
            "uq_slot_offers_one_open",
            "work_order_id",
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'booked')"),
            postgresql_where=sa.text("state IN ('open', 'booked')"),
        ),
        sa.Index(
            "ix_slot_offers_to_look_at",
            "offered_at",
            sqlite_where=sa.text("seen_by_us_at IS NULL"),
            postgresql_where=sa.text("seen_by_us_at IS NULL"),
        ),
    )


class SlotChoice(Base):
    """One time of an offer, and who would go; held for the customer while it may be chosen."""

    __tablename__ = "slot_choices"

    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("slot_offers.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    user_ids: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Who would go, by user id."""
    held_until: Mapped[datetime]
    is_ours: Mapped[bool] = mapped_column(default=True)
    """Whether one of ours picked it; else the customer holds it while they make up their mind."""

    offer: Mapped[SlotOffer] = relationship(back_populates="choices", lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("offer_id", "starts_at"),
        sa.CheckConstraint("starts_at < ends_at", name="in_order"),
    )
