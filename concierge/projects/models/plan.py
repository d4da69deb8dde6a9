"""Tables of projects, their milestones, baselines, gates and proposals."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session, relationship, validates

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion
from concierge.catalogue.states import Audience, DaysOf, GateKind, LagUnit, LinkKind, MilestoneKind, Team
from concierge.identity.models import User
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.searching import Searchable
from concierge.projects.reasons import Because
from concierge.projects.states import (
    BlockCause,
    Counting,
    GateState,
    Health,
    MilestoneState,
    ProjectState,
    ProposalKind,
    ProposalState,
)

IS_OPEN = "state IN ('draft', 'live')"
"""Which projects lists show unless others are asked for; questions say it in these words, as the indexes do."""


def _of_open_ones(*columns: str) -> sa.Index:
    """An index that a list of open projects is read along, one order of it each.

    It holds the state too, so that SQLite need not look at the rows to count them.
    """
    where = sa.text(IS_OPEN)
    name = f"ix_projects_open_{'_'.join(columns)}"
    return sa.Index(name, *columns, "id", "state", sqlite_where=where, postgresql_where=where)


def _only(condition: str) -> dict[str, Any]:  # Any: the databases' own keywords
    """That an index holds only some rows. Questions must say the same in the same words to be answered by it."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


class Project(Searchable, Versioned, Base):
    """One order's way from acceptance to handover."""

    __tablename__ = "projects"
    searched = ("key", "name", "account.name", "order.number")
    found_key = "key"
    found_under = ("accounts", "account_id")
    found_in = "id"
    gathers = ("site", "contact", "order.lines", "order.lines.product")

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
    counting: Mapped[Counting] = mapped_column(text_enum(Counting), default=Counting.FORWARD)
    required_on: Mapped[date | None]
    """The go-live that the customer requires; counting backward, the plan ends on it."""
    external_key: Mapped[str | None] = mapped_column(Line(120), unique=True)
    """Its key in the system it was imported from; None when it began here."""
    imported_digest: Mapped[str] = mapped_column(sa.String(64), default="")
    """SHA-256 of what the file said of it last; the same again changes nothing, whatever people did since."""
    approved_at: Mapped[datetime | None]
    finished_on: Mapped[date | None]
    held_on: Mapped[date | None]
    """First day of the hold it is in; None when work goes on."""
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Prose(1000), default="")

    health: Mapped[Health] = mapped_column(text_enum(Health), default=Health.DRAFT, index=True)
    health_facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Why the health is what it is, as plain values that pages put into words."""
    promised_handover_on: Mapped[date | None]
    forecast_handover_on: Mapped[date | None]
    slip_workdays: Mapped[int] = mapped_column(default=0)
    """Forecast (or actual) handover minus promise, in working days of the site; negative is early."""
    stage: Mapped[MilestoneKind] = mapped_column(
        text_enum(MilestoneKind), default=MilestoneKind.ORDER_ACCEPTED
    )
    """What the next open milestone that drives the end achieves: the column of the board."""
    stage_since_on: Mapped[date | None]
    chance_percent: Mapped[int | None]
    """The chance to keep the promise, 0–100; None where there is no promise or nothing was forecast yet."""
    handover_p50_on: Mapped[date | None]
    handover_p80_on: Mapped[date | None]
    handover_p90_on: Mapped[date | None]
    forecast_basis: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, deferred=True)
    """Which past cases the chance was taken from, as plain values that a page puts into words; some kilobytes,
    so lists of projects do not read it."""
    conflicts: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What the plan cannot meet: ``{"kind", "milestone", "wanted_on", "possible_on"}``, plain values."""
    conflict_count: Mapped[int] = mapped_column(default=0)
    """How many those are."""

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
        sa.Index("ix_projects_state_slip_workdays", "state", "slip_workdays"),
        sa.Index("ix_projects_state_created_at", "state", "created_at"),
        sa.Index("ix_projects_in_conflict", "id", **_only("conflict_count > 0")),
        sa.Index("ix_projects_health_slip_workdays", "health", "slip_workdays", "id"),
        _of_open_ones("slip_workdays"),
        _of_open_ones("forecast_handover_on"),
        _of_open_ones("name"),
        _of_open_ones("stage", "stage_since_on"),
    )

    @validates("conflicts")
    def _count_conflicts(self, _name: str, conflicts: list[Any]) -> list[Any]:  # Any: plain values
        self.conflict_count = len(conflicts)
        return conflicts

    @property
    def has_ended(self) -> bool:
        """Whether nothing in its plan changes any more: handed over, or cancelled."""
        return self.state in {ProjectState.DONE, ProjectState.CANCELLED}

    @property
    def planned(self) -> list["Milestone"]:
        """The milestones that are in the plan, in its order; those that are skipped are not."""
        return [one for one in self.milestones if one.state is not MilestoneState.SKIPPED]


class ProjectPlaybook(Base):
    """The playbook version that an order line brought into the project, kept even when newer ones come."""

    __tablename__ = "project_playbooks"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(sa.ForeignKey("order_lines.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("playbook_versions.id"))
    quantity: Mapped[int] = mapped_column(default=1)
    """Units of the line as the plan has them; an order change alters it when its proposal is accepted."""

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
    """Length in the days that ``days_of`` names; 0 is a moment."""
    days_of: Mapped[DaysOf] = mapped_column(text_enum(DaysOf), default=DaysOf.SITE)
    just_in_time: Mapped[bool] = mapped_column(default=False)
    playbook_milestone_id: Mapped[int | None] = mapped_column(sa.ForeignKey("playbook_milestones.id"))
    order_line_id: Mapped[int | None] = mapped_column(sa.ForeignKey("order_lines.id"))
    """The line that it is for; None: the whole project."""
    state: Mapped[MilestoneState] = mapped_column(text_enum(MilestoneState), default=MilestoneState.PLANNED)
    not_before_on: Mapped[date | None]
    """Set by a requested delivery period or by a person's move; working days earlier are not used."""
    not_after_on: Mapped[date | None]
    """The last day on which it may finish; a plan that cannot says so."""
    exactly_on: Mapped[date | None]
    """The day on which it is to start; a plan that cannot says so."""
    moved_at: Mapped[datetime | None]
    moved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    move_reason: Mapped[str] = mapped_column(Prose(500), default="")
    """When a person last wished another date for it, who, and why."""
    derived_start_on: Mapped[date | None]
    derived_on: Mapped[date | None]
    """The finish that the network alone gives, without any person's wish."""
    promised_start_on: Mapped[date | None]
    promised_on: Mapped[date | None]
    """The finish that was approved and told to the customer; never overwritten by a forecast."""
    forecast_start_on: Mapped[date | None]
    forecast_on: Mapped[date | None]
    """The finish that the plan gives today, wishes included: what is planned."""
    p50_on: Mapped[date | None]
    p80_on: Mapped[date | None]
    p90_on: Mapped[date | None]
    """Days by which it is finished in 50, 80 and 90 of 100 cases, from what happened before."""
    started_on: Mapped[date | None]
    finished_on: Mapped[date | None]
    block_cause: Mapped[BlockCause | None] = mapped_column(text_enum(BlockCause))
    block_reason: Mapped[str] = mapped_column(Prose(500), default="")
    blocked_on: Mapped[date | None]
    driver: Mapped[str] = mapped_column(Line(80), default="")
    """Key of the milestone that sets this one's start, or why it starts when it does."""
    slack_workdays: Mapped[int] = mapped_column(default=0)
    free_workdays: Mapped[int] = mapped_column(default=0)
    """How far it can slip before any milestone that waits for it moves."""
    skip_reason: Mapped[str] = mapped_column(Prose(500), default="")
    """Why it is left out of this project's plan; empty unless skipped."""
    split_from_id: Mapped[int | None] = mapped_column(sa.ForeignKey("milestones.id", ondelete="SET NULL"))

    project: Mapped[Project] = relationship(back_populates="milestones", lazy="raise_on_sql")
    owner: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[owner_id])
    moved_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[moved_by_id])
    links: Mapped[list["MilestoneLink"]] = relationship(
        lazy="raise_on_sql", foreign_keys="MilestoneLink.milestone_id", order_by="MilestoneLink.id"
    )
    template: Mapped[PlaybookMilestone | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("project_id", "key"),
        sa.Index("ix_milestones_promised_open", "promised_on", **_only("state IN ('planned', 'started')")),
        sa.Index("ix_milestones_blocked", "project_id", **_only("state = 'blocked'")),
        sa.Index(
            "ix_milestones_coming",
            "forecast_start_on",
            **_only("state = 'planned' AND kind IN ('ship released', 'delivered', 'installed')"),
        ),
        sa.CheckConstraint("(state = 'done') = (finished_on IS NOT NULL)", name="done_has_day"),
        sa.CheckConstraint("state <> 'started' OR started_on IS NOT NULL", name="started_has_day"),
        sa.CheckConstraint("(state = 'blocked') = (block_cause IS NOT NULL)", name="blocked_has_cause"),
        sa.CheckConstraint("(state = 'skipped') = (skip_reason <> '')", name="skipped_has_reason"),
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
    """A milestone waits for another: which end of it for which, and how long after."""

    __tablename__ = "milestone_links"

    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"))
    predecessor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[LinkKind] = mapped_column(text_enum(LinkKind), default=LinkKind.FINISH_TO_START)
    lag: Mapped[int] = mapped_column(default=0)
    """Time between, in ``lag_unit``; may be negative."""
    lag_unit: Mapped[LagUnit] = mapped_column(text_enum(LagUnit), default=LagUnit.WORKDAYS)

    __table_args__ = (
        sa.UniqueConstraint("milestone_id", "predecessor_id", "kind"),
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
    note: Mapped[str] = mapped_column(Prose(1000), default="")
    because: Mapped[Because | None] = mapped_column(text_enum(Because))
    """What it was taken for by itself; None: a person named it, or it was taken before 0.4.0."""

    taken_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
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
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """Team, length, whose days, links and whether it was done then: what the ledger of lost days lays out."""


class KeptForEver(RuntimeError):
    """The program tried to change a row that is never changed."""


@event.listens_for(Baseline, "before_update")
@event.listens_for(Baseline, "before_delete")
@event.listens_for(BaselineMilestone, "before_update")
@event.listens_for(BaselineMilestone, "before_delete")
def _keep(mapper: Mapper[Baseline], connection: Connection, row: Baseline | BaselineMilestone) -> None:
    session = object_session(row)
    if session is not None and (row in session.deleted or session.is_modified(row)):
        raise KeptForEver(f"{type(row).__name__} {row.id} is kept as it was taken. Take another baseline.")


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
    percent: Mapped[int | None]
    """Weighted share of what is asked of the site that is done, 0–100; None: nothing is asked, or not reported yet."""
    reason: Mapped[str] = mapped_column(Prose(1000), default="")
    """Why it was overridden."""
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    """Since when the dates behind it are settled: the site was signed off, or shipping released. Whoever moves one
    then gives a reason."""

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
    lines: Mapped[dict[str, int]] = mapped_column(sa.JSON, default=dict)
    """How many lines of the order are ``added``, ``changed`` and ``removed``, which the plan does not follow."""
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(Prose(1000), default="")

    project: Mapped[Project] = relationship(lazy="raise_on_sql")

    @property
    def asks_dates(self) -> bool:
        """Whether delivery is wanted on other days, and not only something else."""
        return bool(self.requested_from or self.requested_to)

    __table_args__ = (
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_instant"),
        sa.Index("ix_proposals_open", "made_at", **_only("state = 'open'")),
    )


class ProjectCrew(Base):
    """A person who goes to the project's site, and therefore may see the project."""

    __tablename__ = "project_crew"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)

    __table_args__ = (sa.UniqueConstraint("project_id", "user_id"),)


class MilestoneCrew(Base):
    """A technician who goes for one milestone; their days count where its length counts the crew's days."""

    __tablename__ = "milestone_crew"

    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)

    __table_args__ = (sa.UniqueConstraint("milestone_id", "user_id"),)
