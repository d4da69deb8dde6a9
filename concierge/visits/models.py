"""Tables of work orders, the visits on which the work is done, and who goes on them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Contact, Site
from concierge.catalogue.states import VisitKind
from concierge.core.dispatch import Rule
from concierge.equipment.models import Asset
from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.exclusion import Span, one_at_a_time
from concierge.platform.searching import Searchable
from concierge.projects.models import Milestone, Project
from concierge.visits.states import VisitState, WorkOrderState


class WorkOrder(Searchable, Versioned, Base):
    """The work to do at a site, and what it asks for; visits are when somebody does it."""

    __tablename__ = "work_orders"
    searched = ("code", "title")
    found_as = "title"
    found_key = "code"
    found_under = ("projects", "project_id")
    found_in = "project_id"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id"))
    number: Mapped[int]
    """Within the project, from 1."""
    code: Mapped[str] = mapped_column(Line(60), default="")
    """What people call it: the project's key and the number, ``HB-2041-W1``."""
    milestone_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    asset_id: Mapped[int | None] = mapped_column(sa.ForeignKey("assets.id", ondelete="SET NULL"), index=True)
    """The unit that is worked on, once it is known."""
    kind: Mapped[VisitKind] = mapped_column(text_enum(VisitKind))
    title: Mapped[str] = mapped_column(Line(200))
    titles: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    """The title by language; empty when a person wrote it."""
    skill: Mapped[str] = mapped_column(Line(60), default="")
    level: Mapped[int] = mapped_column(default=1)
    """The least level of the skill, 1 to 5."""
    crew: Mapped[int] = mapped_column(default=1)
    """Technicians needed at once."""
    minutes: Mapped[int] = mapped_column(default=480)
    """How long a crew works at the site, all visits together."""
    tools: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """What has to be brought, in words."""
    needs_customer: Mapped[bool] = mapped_column(default=False)
    """Whether somebody of the customer has to be there."""
    note: Mapped[str] = mapped_column(Prose(4000), default="")
    state: Mapped[WorkOrderState] = mapped_column(text_enum(WorkOrderState), default=WorkOrderState.OPEN)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """When it was done or cancelled."""
    cancel_reason: Mapped[str] = mapped_column(Prose(500), default="")
    """What a person said about it."""
    cancel_because: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    """Why, as `projects.reasons.Reason.as_json` says it; None: only what the person said."""

    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    milestone: Mapped[Milestone | None] = relationship(lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    asset: Mapped[Asset | None] = relationship(lazy="raise_on_sql")
    visits: Mapped[list["Visit"]] = relationship(
        back_populates="work_order", lazy="raise_on_sql", order_by="[Visit.starts_at, Visit.id]"
    )

    __table_args__ = (
        sa.UniqueConstraint("project_id", "number"),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name="level_in_range"),
        sa.CheckConstraint("crew >= 0", name="crew_not_negative"),
        sa.CheckConstraint("minutes > 0", name="takes_time"),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_has_instant"),
    )


class Visit(Versioned, Base):
    """One scheduled presence at a site (or a remote call)."""

    __tablename__ = "visits"

    uid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """Opaque and stable for life; identifies the visit in every calendar (RFC 5545 §3.8.4.7)."""
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id"), index=True)
    milestone_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    work_order_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("work_orders.id", ondelete="SET NULL"), index=True
    )
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    kind: Mapped[VisitKind] = mapped_column(text_enum(VisitKind))
    title: Mapped[str] = mapped_column(Line(200))
    titles: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    """The title by language, for readers of calendars; empty when a person wrote it."""
    state: Mapped[VisitState] = mapped_column(text_enum(VisitState), default=VisitState.DRAFT)
    starts_local: Mapped[datetime] = mapped_column(sa.DateTime())
    ends_local: Mapped[datetime] = mapped_column(sa.DateTime())
    """Wall time at the site, naive; the truth from which the instants are derived."""
    zone: Mapped[str] = mapped_column(Line(64))
    fold: Mapped[int] = mapped_column(default=0)
    """Which of the two instants of a repeated hour the start is (PEP 495)."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    arrival_minutes: Mapped[int] = mapped_column(default=0)
    """Length of the arrival window that the customer is promised, from the start on; 0: at the start."""
    sequence: Mapped[int] = mapped_column(default=0)
    """Raised by a change of time, state, place or people; never falls (RFC 5545 §3.8.7.4)."""
    skill: Mapped[str] = mapped_column(Line(60), default="")
    level: Mapped[int] = mapped_column(default=1)
    """The least level of the skill, 1 to 5."""
    crew: Mapped[int] = mapped_column(default=1)
    """Technicians needed."""
    needs_decision: Mapped[str] = mapped_column(Prose(500), default="")
    """Why a person has to decide, in English; empty when nothing is open."""
    decide_words: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    """The same by language, for those who decide; empty: only as it stands there."""
    proposed_local: Mapped[datetime | None] = mapped_column(sa.DateTime())
    """While a person has to decide: the start (wall time at the site) with which it would follow the plan."""
    note: Mapped[str] = mapped_column(Prose(4000), default="")
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Prose(500), default="")
    """What a person said about it."""
    cancel_because: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    """Why, as `projects.reasons.Reason.as_json` says it; None: only what the person said."""
    created_at: Mapped[datetime]

    project: Mapped[Project] = relationship(lazy="raise_on_sql")
    milestone: Mapped[Milestone | None] = relationship(lazy="raise_on_sql")
    work_order: Mapped[WorkOrder | None] = relationship(back_populates="visits", lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    crew_members: Mapped[list["VisitTechnician"]] = relationship(
        lazy="raise_on_sql", order_by="VisitTechnician.id"
    )
    attendees: Mapped[list["VisitAttendee"]] = relationship(lazy="raise_on_sql", order_by="VisitAttendee.id")

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name="level_in_range"),
        sa.CheckConstraint("arrival_minutes BETWEEN 0 AND 1440", name="window_within_a_day"),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_instant"
        ),
        sa.CheckConstraint("needs_decision <> '' OR proposed_local IS NULL", name="proposal_has_reason"),
        sa.Index("ix_visits_starts_at_id", "starts_at", "id"),
        sa.Index(
            "ix_visits_incomplete",
            "ends_at",
            sqlite_where=sa.text("state = 'incomplete'"),
            postgresql_where=sa.text("state = 'incomplete'"),
        ),
        sa.Index(
            "ix_visits_to_decide",
            "starts_at",
            sqlite_where=sa.text("needs_decision <> ''"),
            postgresql_where=sa.text("needs_decision <> ''"),
        ),
    )

    @property
    def technician_ids(self) -> tuple[int, ...]:
        """User ids of those who go, in order. They have to be loaded."""
        return tuple(sorted(member.user_id for member in self.crew_members))


class VisitTechnician(Base):
    """A technician goes on a visit."""

    __tablename__ = "visit_technicians"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    conflict_reason: Mapped[str] = mapped_column(Prose(500), default="")
    """Why the person goes although something else stands in their calendar."""
    user: Mapped[User] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("visit_id", "user_id"),)


class VisitAttendee(Base):
    """Somebody of the customer who has to be there."""

    __tablename__ = "visit_attendees"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id"), index=True)

    contact: Mapped[Contact] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("visit_id", "contact_id"),)


class Claim(Base):
    """A stretch of time for which a visit takes a person: one a visit, and one more after every day off in it.

    The database refuses a second firm one of the same person that overlaps, whoever writes it.
    """

    __tablename__ = "visit_claims"

    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("visit_technicians.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    is_firm: Mapped[bool] = mapped_column(default=True)
    """False: it overlaps another one for a reason that stands at the visit, or until a person decides."""

    __table_args__ = (
        sa.CheckConstraint("from_at < to_at", name="in_order"),
        sa.Index("ix_visit_claims_user_id_from_at", "user_id", "from_at"),
    )


one_at_a_time(Claim, "no_double_booking", of="user_id", spans=(Span("from_at", "to_at"),), only="is_firm")


class BrokenRule(Base):
    """A rule that a visit breaks, or has broken for a reason; what nobody gave a reason for goes with the breach."""

    __tablename__ = "broken_rules"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    """Whom of ours it is about; None: the time itself."""
    rule: Mapped[Rule] = mapped_column(text_enum(Rule))
    about: Mapped[str] = mapped_column(Line(120))
    """Tells it from others of the visit: rule, person, and the other visit, the day or the certification."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(Prose(300), default="")
    """What it is about, as the rule says it: a title, hours, why the place is closed."""
    minutes: Mapped[int] = mapped_column(default=0)
    other_visit_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("visits.id", ondelete="SET NULL"), index=True
    )
    found_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    """Since when it is no longer broken."""
    reason: Mapped[str] = mapped_column(Prose(500), default="")
    """Why it is broken; empty: nobody has said yet."""
    given_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    given_at: Mapped[datetime | None]

    visit: Mapped[Visit] = relationship(lazy="raise_on_sql", foreign_keys=[visit_id])
    user: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[user_id])
    given_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[given_by_id])

    __table_args__ = (
        sa.UniqueConstraint("visit_id", "about"),
        sa.CheckConstraint("starts_at < ends_at", name="in_order"),
        sa.CheckConstraint("(reason = '') = (given_at IS NULL)", name="reason_has_instant"),
        sa.Index(
            "ix_broken_rules_now",
            "visit_id",
            sqlite_where=sa.text("gone_at IS NULL"),
            postgresql_where=sa.text("gone_at IS NULL"),
        ),
    )
