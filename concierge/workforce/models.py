"""Tables of technicians, skills, absences and company closures."""

from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.platform.database import Base, Line, text_enum
from concierge.workforce.states import AbsenceKind, BusyKind, OwnCalendarState


class Technician(Base):
    """What dispatch needs to know of a person who goes to sites."""

    __tablename__ = "technicians"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), unique=True)
    city: Mapped[str] = mapped_column(Line(100), default="")
    country: Mapped[str] = mapped_column(sa.String(2))
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    territory: Mapped[str] = mapped_column(Line(60), default="")
    weekly_hours: Mapped[int] = mapped_column(default=40)

    user: Mapped[User] = relationship(lazy="raise_on_sql")
    skills: Mapped[list["Skill"]] = relationship(lazy="raise_on_sql", order_by="Skill.code")


class Skill(Base):
    """A certification that a technician holds."""

    __tablename__ = "skills"

    technician_id: Mapped[int] = mapped_column(sa.ForeignKey("technicians.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Line(60))
    level: Mapped[int] = mapped_column(default=1)
    expires_on: Mapped[date | None]

    __table_args__ = (sa.UniqueConstraint("technician_id", "code"),)


class Absence(Base):
    """Days on which a technician does not go out; both ends inclusive."""

    __tablename__ = "absences"

    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[AbsenceKind] = mapped_column(text_enum(AbsenceKind))
    first_on: Mapped[date]
    last_on: Mapped[date]

    __table_args__ = (sa.CheckConstraint("first_on <= last_on", name="in_order"),)


class Closure(Base):
    """Days on which the whole company is closed; both ends inclusive."""

    __tablename__ = "closures"

    name: Mapped[str] = mapped_column(Line(120))
    first_on: Mapped[date]
    last_on: Mapped[date]
    from_time: Mapped[time | None]
    to_time: Mapped[time | None]
    """Only these hours of each of the days, wall time; both None: the whole day."""

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="in_order"),
        sa.CheckConstraint("(from_time IS NULL) = (to_time IS NULL)", name="both_times_or_none"),
    )


class Office(Base):
    """Where our own people work when they are with no customer: its public holidays are the company's."""

    __tablename__ = "offices"

    name: Mapped[str] = mapped_column(Line(80))
    country: Mapped[str] = mapped_column(sa.String(2))
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    zone: Mapped[str] = mapped_column(Line(64), default="UTC")
    is_home: Mapped[bool] = mapped_column(default=False)
    """The one whose days the company's durations count."""


class OnCallTurn(Base):
    """A stretch of time in which a technician answers calls; wall time where they live, and the instants."""

    __tablename__ = "on_call_turns"

    uid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """Opaque and stable for life; identifies the turn in every calendar."""
    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    starts_local: Mapped[datetime] = mapped_column(sa.DateTime())
    ends_local: Mapped[datetime] = mapped_column(sa.DateTime())
    zone: Mapped[str] = mapped_column(Line(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Line(200), default="")
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    sequence: Mapped[int] = mapped_column(default=0)

    technician: Mapped[Technician] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        sa.Index("ix_on_call_turns_starts_at", "starts_at"),
    )


class OwnCalendar(Base):
    """A technician's own calendar elsewhere, fetched from its address; only busy times are kept of it."""

    __tablename__ = "own_calendars"

    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(Line(80))
    address: Mapped[str] = mapped_column(Line(500))
    """https only; secret, shown to its owner alone and never logged."""
    state: Mapped[OwnCalendarState] = mapped_column(
        text_enum(OwnCalendarState), default=OwnCalendarState.WAITING
    )
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    """The last success: an unreadable calendar keeps what it had then."""
    read_at: Mapped[datetime | None]
    """When its bytes were last read; an answer that nothing has changed leaves it."""
    read_zone: Mapped[str] = mapped_column(Line(64), default="", server_default="")
    """Where its owner lived then: whole days are meant there."""
    due_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Line(300), default="")
    """Why the last fetch failed, or what of a calendar does not count, in its owner's words with the remedy."""
    entity_tag: Mapped[str] = mapped_column(Line(200), default="")
    last_modified: Mapped[str] = mapped_column(Line(60), default="")

    technician: Mapped[Technician] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.Index("ix_own_calendars_due_at", "due_at"),)


class BusyTime(Base):
    """A stretch of time that a technician's own calendar says is taken; never what for."""

    __tablename__ = "busy_times"

    own_calendar_id: Mapped[int] = mapped_column(sa.ForeignKey("own_calendars.id", ondelete="CASCADE"))
    kind: Mapped[BusyKind] = mapped_column(text_enum(BusyKind), default=BusyKind.BUSY)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        sa.Index("ix_busy_times_own_calendar_id_starts_at", "own_calendar_id", "starts_at"),
    )
