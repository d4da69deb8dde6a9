"""Tables of technicians, skills, absences and company closures."""

from datetime import date, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.platform.database import Base, Line, text_enum
from concierge.workforce.states import AbsenceKind


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
