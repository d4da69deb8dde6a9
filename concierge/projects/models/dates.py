"""Tables of what was planned, promised and done on which day, by whom and why."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.projects.reasons import Because
from concierge.projects.states import DateKind, ShownOn


class DateChange(Base):
    """One milestone's dates of one kind from an instant on; rows are only ever added.

    Both dates empty: the milestone left the plan, or what had happened was taken back.
    """

    __tablename__ = "date_changes"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    milestone_id: Mapped[int] = mapped_column(sa.ForeignKey("milestones.id", ondelete="CASCADE"))
    kind: Mapped[DateKind] = mapped_column(text_enum(DateKind))
    start_on: Mapped[date | None]
    finish_on: Mapped[date | None]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    why: Mapped[str] = mapped_column(Prose(500), default="")
    """What a person said to it; in rows of before 0.4.0 the whole reason in English."""
    because: Mapped[Because | None] = mapped_column(text_enum(Because))
    about: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """The milestone, day or thing that ``because`` speaks of, as ``reasons.Reason`` keeps it."""

    by: Mapped[User | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.Index("ix_date_changes_project_id_kind_at", "project_id", "kind", "at"),
        sa.Index("ix_date_changes_milestone_id", "milestone_id"),
    )


class Promise(Base):
    """A date that a customer has been shown: when, where, in which document. Rows are only ever added.

    An agreement that was entered and then taken back stays, says so, and excuses nothing.
    """

    __tablename__ = "promises"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    milestone_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    milestone_key: Mapped[str] = mapped_column(Line(80))
    is_handover: Mapped[bool] = mapped_column(default=False)
    start_on: Mapped[date | None]
    finish_on: Mapped[date]
    shown_on: Mapped[ShownOn] = mapped_column(text_enum(ShownOn))
    shown_at: Mapped[datetime]
    told_on: Mapped[date]
    """The calendar day at the site on which it was first shown there."""
    reference: Mapped[str] = mapped_column(Line(120), default="")
    """The code of the document, the address of the letter or the name of the feed that showed it first."""
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    is_agreed: Mapped[bool] = mapped_column(default=False)
    """Whether it took the place of an earlier promise because the customer asked for or agreed to it."""
    taken_back_at: Mapped[datetime | None]
    """When the agreement was taken back that this date stands for."""
    taken_back_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    __table_args__ = (
        sa.UniqueConstraint("project_id", "milestone_key", "shown_on", "finish_on"),
        sa.Index("ix_promises_project_id_shown_at", "project_id", "shown_at"),
        sa.Index("ix_promises_account_id_finish_on", "account_id", "finish_on"),
        sa.Index("ix_promises_finish_on", "finish_on"),
    )
