"""Tables of holds and of what costs days, with evidence and what each party says."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.catalogue.states import Team
from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.files import StoredFile
from concierge.platform.searching import Findable
from concierge.projects.states import BlockCause, Party


class Hold(Versioned, Base):
    """A time in which a project rests; its days are nobody's working days."""

    __tablename__ = "holds"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    first_on: Mapped[date]
    expected_on: Mapped[date | None]
    """The first day on which work is expected to go on; None: nobody knows."""
    resumed_on: Mapped[date | None]
    """The first day on which work went on; None while it rests."""
    cause: Mapped[BlockCause] = mapped_column(text_enum(BlockCause))
    party: Mapped[Party] = mapped_column(text_enum(Party))
    reason: Mapped[str] = mapped_column(Prose(500))
    workdays: Mapped[int] = mapped_column(default=0)
    """Working days of the site that it took, counted when work went on."""
    held_at: Mapped[datetime]
    held_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    resumed_at: Mapped[datetime | None]
    resumed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    held_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[held_by_id])

    __table_args__ = (
        sa.CheckConstraint("expected_on IS NULL OR expected_on > first_on", name="expected_after_start"),
        sa.CheckConstraint("resumed_on IS NULL OR resumed_on >= first_on", name="resumed_after_start"),
        sa.CheckConstraint("(resumed_on IS NULL) = (resumed_at IS NULL)", name="resumed_has_instant"),
        sa.Index(
            "ix_holds_expected",
            "expected_on",
            sqlite_where=sa.text("resumed_on IS NULL"),
            postgresql_where=sa.text("resumed_on IS NULL"),
        ),
    )


class Delay(Findable, Versioned, Base):
    """Something that costs days: what, whose, from when to when; each block and each hold writes one."""

    __tablename__ = "delays"
    searched = ("reason",)
    found_as = "reason"
    found_under = ("projects", "project_id")
    found_in = "project_id"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    milestone_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    """None: the whole project."""
    hold_id: Mapped[int | None] = mapped_column(sa.ForeignKey("holds.id", ondelete="CASCADE"), index=True)
    cause: Mapped[BlockCause] = mapped_column(text_enum(BlockCause))
    party: Mapped[Party] = mapped_column(text_enum(Party))
    team: Mapped[Team | None] = mapped_column(text_enum(Team))
    """Which of our teams, when it is ours."""
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    """None while it lasts."""
    reason: Mapped[str] = mapped_column(Prose(1000))
    is_from_block: Mapped[bool] = mapped_column(default=False)
    """Whether a block of the milestone wrote it and unblocking ends it."""
    entered_at: Mapped[datetime]
    entered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    entered_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
    evidence: Mapped[list["DelayEvidence"]] = relationship(lazy="raise_on_sql", order_by="DelayEvidence.id")
    comments: Mapped[list["DelayComment"]] = relationship(lazy="raise_on_sql", order_by="DelayComment.id")

    __table_args__ = (
        sa.CheckConstraint("last_on IS NULL OR first_on <= last_on", name="in_order"),
        sa.CheckConstraint("team IS NULL OR party = 'us'", name="team_is_ours"),
    )


class DelayEvidence(Base):
    """What shows that a delay was as it is said: a file, an event of the history, an address."""

    __tablename__ = "delay_evidence"

    delay_id: Mapped[int] = mapped_column(sa.ForeignKey("delays.id", ondelete="CASCADE"), index=True)
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))
    event_id: Mapped[int | None] = mapped_column(sa.ForeignKey("recorded_events.id"))
    url: Mapped[str] = mapped_column(Line(500), default="")
    note: Mapped[str] = mapped_column(Line(200), default="")
    linked_at: Mapped[datetime]
    linked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    file: Mapped[StoredFile | None] = relationship(lazy="raise_on_sql")


class DelayComment(Base):
    """What a party says to a delay; never changed."""

    __tablename__ = "delay_comments"

    delay_id: Mapped[int] = mapped_column(sa.ForeignKey("delays.id", ondelete="CASCADE"), index=True)
    party: Mapped[Party] = mapped_column(text_enum(Party))
    name: Mapped[str] = mapped_column(Line(120))
    """Who says it, as they are called; staff may note what a customer or carrier said."""
    text: Mapped[str] = mapped_column(Prose(2000))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
