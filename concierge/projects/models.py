"""Tables of projects, their milestones, baselines, gates and proposals."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion
from concierge.catalogue.states import Audience, GateKind, MilestoneKind, Team
from concierge.identity.models import User
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.searching import Searchable
from concierge.projects.states import (
    BlockCause,
    GateState,
    Health,
    MilestoneState,
    ProjectState,
    ProposalKind,
    ProposalState,
)


class Project(Searchable, Versioned, Base):
    """One order's way from acceptance to handover."""

    __tablename__ = "projects"
    searched = ("key", "name", "account.name", "order.number")

    key: Mapped[str] = mapped_column(Line(20), unique=True)
    name: Mapped[str] = mapped_column(Line(200))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("orders.id"), unique=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"))
    concierge_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    state: Mapped[ProjectState] = mapped_column(text_enum(ProjectState), default=ProjectState.DRAFT)
    created_at: Mapped[datetime]
    starts_on: Mapped[date]
    """The day from which the plan is laid out."""
    requested_from: Mapped[date | None]
    requested_to: Mapped[date | None]
    approved_at: Mapped[datetime | None]
    finished_on: Mapped[date | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Prose(1000), default="")

    health: Mapped[Health] = mapped_column(text_enum(Health), default=Health.DRAFT, index=True)
    health_facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Why the health is what it is, as plain values that pages put into words."""
    promised_handover_on: Mapped[date | None]
    forecast_handover_on: Mapped[date | None]
    slip_workdays: Mapped[int] = mapped_column(default=0)
    """Forecast (or actual) handover minus promise, in working days of the site; negative is early."""

    order: Mapped[Order] = relationship(lazy="raise_on_sql")
    account: Mapped[Account] = relationship(lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact | None] = relationship(lazy="raise_on_sql")
    concierge: Mapped[User | None] = relationship(lazy="raise_on_sql")
    milestones: Mapped[list["Milestone"]] = relationship(
        back_populates="project", lazy="raise_on_sql", order_by="Milestone.position"
    )
    gates: Mapped[list["Gate"]] = relationship(lazy="raise_on_sql", order_by="Gate.id")
    playbooks: Mapped[list["ProjectPlaybook"]] = relationship(
        lazy="raise_on_sql", order_by="ProjectPlaybook.id"
    )

    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_instant"
        ),
        sa.CheckConstraint("state <> 'done' OR finished_on IS NOT NULL", name="done_has_day"),
        sa.CheckConstraint(
            "state NOT IN ('live', 'done') OR approved_at IS NOT NULL", name="live_is_approved"
        ),
        sa.Index("ix_projects_state_health", "state", "health"),
    )

    @property
    def has_ended(self) -> bool:
        """Whether nothing in its plan changes any more: handed over, or cancelled."""
        return self.state in {ProjectState.DONE, ProjectState.CANCELLED}


class ProjectPlaybook(Base):
    """The playbook version that an order line brought into the project, kept even when newer ones come."""

    __tablename__ = "project_playbooks"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(sa.ForeignKey("order_lines.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("playbook_versions.id"))

    line: Mapped[OrderLine] = relationship(lazy="raise_on_sql")
    version: Mapped[PlaybookVersion] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("project_id", "order_line_id"),)


class Milestone(Versioned, Base):
    """A dated outcome with one accountable team. Promise, forecast and actual are kept apart."""

    __tablename__ = "milestones"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Line(80))
    name: Mapped[dict[str, str]]
    """Language to text."""
    kind: Mapped[MilestoneKind] = mapped_column(text_enum(MilestoneKind))
    team: Mapped[Team] = mapped_column(text_enum(Team))
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    audience: Mapped[Audience] = mapped_column(text_enum(Audience))
    workdays: Mapped[int]
    just_in_time: Mapped[bool] = mapped_column(default=False)
    playbook_milestone_id: Mapped[int | None] = mapped_column(sa.ForeignKey("playbook_milestones.id"))
    order_line_id: Mapped[int | None] = mapped_column(sa.ForeignKey("order_lines.id"))
    """The line that it is for; None: the whole project."""
    state: Mapped[MilestoneState] = mapped_column(text_enum(MilestoneState), default=MilestoneState.PLANNED)
    not_before_on: Mapped[date | None]
    """Set by a requested delivery period or by a person's move; working days earlier are not used."""
    promised_start_on: Mapped[date | None]
    promised_on: Mapped[date | None]
    """The finish that was approved and told to the customer; never overwritten by a forecast."""
    forecast_start_on: Mapped[date | None]
    forecast_on: Mapped[date | None]
    """The finish that the plan gives today."""
    started_on: Mapped[date | None]
    finished_on: Mapped[date | None]
    block_cause: Mapped[BlockCause | None] = mapped_column(text_enum(BlockCause))
    block_reason: Mapped[str] = mapped_column(Prose(500), default="")
    blocked_on: Mapped[date | None]
    driver: Mapped[str] = mapped_column(Line(80), default="")
    """Key of the milestone that sets this one's start, or why it starts when it does."""
    slack_workdays: Mapped[int] = mapped_column(default=0)

    project: Mapped[Project] = relationship(back_populates="milestones", lazy="raise_on_sql")
    owner: Mapped[User | None] = relationship(lazy="raise_on_sql")
    links: Mapped[list["MilestoneLink"]] = relationship(
        lazy="raise_on_sql", foreign_keys="MilestoneLink.milestone_id", order_by="MilestoneLink.id"
    )
    template: Mapped[PlaybookMilestone | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("project_id", "key"),
        sa.CheckConstraint("(state = 'done') = (finished_on IS NOT NULL)", name="done_has_day"),
        sa.CheckConstraint("state <> 'started' OR started_on IS NOT NULL", name="started_has_day"),
        sa.CheckConstraint("(state = 'blocked') = (block_cause IS NOT NULL)", name="blocked_has_cause"),
        sa.CheckConstraint(
            "started_on IS NULL OR finished_on IS NULL OR started_on <= finished_on",
            name="actual_days_in_order",
        ),
    )

    @property
    def english_name(self) -> str:
        """The name as events, refusals and commands write it; the key where there is none in English."""
        return self.name.get("en", self.key)

    @property
    def start_on(self) -> date | None:
        """The first day: actual where it happened, else forecast."""
        return self.started_on or self.forecast_start_on

    @property
    def finish_on(self) -> date | None:
        """The last day: actual where it happened, else forecast."""
        return self.finished_on or self.forecast_on


class MilestoneLink(Base):
    """A milestone starts after another has finished."""

    __tablename__ = "milestone_links"

    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"))
    predecessor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="CASCADE"), index=True
    )
    lag: Mapped[int] = mapped_column(default=0)
    """Working days between; may be negative."""

    __table_args__ = (
        sa.UniqueConstraint("milestone_id", "predecessor_id"),
        sa.CheckConstraint("milestone_id <> predecessor_id", name="not_after_itself"),
    )


class Baseline(Base):
    """The plan as it was at one moment; never changed."""

    __tablename__ = "baselines"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(Line(120))
    taken_at: Mapped[datetime]
    taken_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    milestones: Mapped[list["BaselineMilestone"]] = relationship(
        lazy="raise_on_sql", order_by="BaselineMilestone.id"
    )

    __table_args__ = (sa.UniqueConstraint("project_id", "number"),)


class BaselineMilestone(Base):
    """One milestone's dates in a baseline."""

    __tablename__ = "baseline_milestones"

    baseline_id: Mapped[int] = mapped_column(sa.ForeignKey("baselines.id", ondelete="CASCADE"), index=True)
    milestone_key: Mapped[str] = mapped_column(Line(80))
    name: Mapped[dict[str, str]]
    start_on: Mapped[date]
    finish_on: Mapped[date]


class Gate(Base):
    """Whether shipping or installation may begin."""

    __tablename__ = "gates"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[GateKind] = mapped_column(text_enum(GateKind))
    state: Mapped[GateState] = mapped_column(text_enum(GateState), default=GateState.HELD)
    open_items: Mapped[int] = mapped_column(default=0)
    """Blocking items that hold it; reported by the slice that owns them."""
    holding: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """The first of them as reported: ``{"key", "requirement": {language: text}, "due_on": ISO day}``."""
    reason: Mapped[str] = mapped_column(Prose(1000), default="")
    """Why it was overridden."""
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("project_id", "kind"),
        sa.CheckConstraint(
            "state <> 'overridden' OR (reason <> '' AND decided_by_id IS NOT NULL)", name="override_is_named"
        ),
    )


class Proposal(Base):
    """What an order document asks of an approved plan; a person decides."""

    __tablename__ = "proposals"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    kind: Mapped[ProposalKind] = mapped_column(text_enum(ProposalKind))
    state: Mapped[ProposalState] = mapped_column(text_enum(ProposalState), default=ProposalState.OPEN)
    made_at: Mapped[datetime]
    requested_from: Mapped[date | None]
    requested_to: Mapped[date | None]
    note: Mapped[str] = mapped_column(Prose(2000), default="")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(Prose(1000), default="")

    project: Mapped[Project] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_instant"),
    )


class ProjectCrew(Base):
    """A person who goes to the project's site, and therefore may see the project."""

    __tablename__ = "project_crew"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)

    __table_args__ = (sa.UniqueConstraint("project_id", "user_id"),)
