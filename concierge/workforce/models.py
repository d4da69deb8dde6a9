"""Tables of technicians, what they can do, when they work and are away, and of the company's closures."""

from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.exclusion import Span, one_at_a_time
from concierge.workforce.states import AbsenceKind, BusyKind, LeaveState, OwnCalendarState


class Technician(Versioned, Base):
    """What dispatch needs to know of a person who goes to sites; their zone is the user's."""

    __tablename__ = "technicians"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), unique=True)
    city: Mapped[str] = mapped_column(Line(100), default="")
    country: Mapped[str] = mapped_column(sa.String(2))
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    """Of the home base, decimal degrees, north and east positive; both or neither."""
    territory: Mapped[str] = mapped_column(Line(60), default="")
    """The name of their home territory; empty: none."""
    languages: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    """Codes of the languages they work in, the best first, e.g. ``de`` or ``pt-BR``."""
    weekly_hours: Mapped[int] = mapped_column(default=40)
    """What their contract says; when they work stands in `hours`."""

    user: Mapped[User] = relationship(lazy="raise_on_sql")
    skills: Mapped[list["Skill"]] = relationship(lazy="raise_on_sql", order_by="Skill.code")
    hours: Mapped[list["TechnicianHours"]] = relationship(
        lazy="raise_on_sql", order_by="[TechnicianHours.weekday, TechnicianHours.from_minute]"
    )
    served: Mapped[list["ServedTerritory"]] = relationship(lazy="raise_on_sql", order_by="ServedTerritory.id")

    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="both_degrees_or_none"),
        sa.CheckConstraint("latitude IS NULL OR abs(latitude) <= 90", name="latitude_on_earth"),
        sa.CheckConstraint("longitude IS NULL OR abs(longitude) <= 180", name="longitude_on_earth"),
    )

    @property
    def degrees(self) -> str:
        """Where their home base is, as maps write it; empty when nobody has said."""
        return "" if self.latitude is None else f"{self.latitude}, {self.longitude}"


class Skill(Base):
    """A certification that a technician holds."""

    __tablename__ = "skills"

    technician_id: Mapped[int] = mapped_column(sa.ForeignKey("technicians.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Line(60))
    level: Mapped[int] = mapped_column(default=1)
    """1 works along, 2 works alone, 3 leads others, 4 teaches, 5 certifies others."""
    number: Mapped[str] = mapped_column(Line(60), default="")
    """Of the certificate, as it is printed on it."""
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    """The last day on which it is valid; None: without end."""

    __table_args__ = (
        sa.UniqueConstraint("technician_id", "code"),
        sa.Index("ix_skills_expires_on", "expires_on"),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name="level_in_range"),
        sa.CheckConstraint(
            "issued_on IS NULL OR expires_on IS NULL OR issued_on <= expires_on", name="in_order"
        ),
    )


class Territory(Versioned, Base):
    """A part of the world that some technicians serve."""

    __tablename__ = "territories"

    name: Mapped[str] = mapped_column(Line(60), unique=True)
    least: Mapped[int] = mapped_column(default=0)
    """How many of its technicians have to be there on a working day; below, leave is warned of."""

    parts: Mapped[list["TerritoryPart"]] = relationship(
        lazy="raise_on_sql", order_by="[TerritoryPart.country, TerritoryPart.subdivision]"
    )

    __table_args__ = (sa.CheckConstraint("least BETWEEN 0 AND 1000", name="least_in_range"),)


class TerritoryPart(Base):
    """A country, or a subdivision of one, that belongs to a territory."""

    __tablename__ = "territory_parts"

    territory_id: Mapped[int] = mapped_column(sa.ForeignKey("territories.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(sa.String(2))
    """ISO 3166-1 alpha-2, upper case."""
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    """ISO 3166-2 without the country; empty: the whole country."""

    __table_args__ = (sa.UniqueConstraint("territory_id", "country", "subdivision"),)


class ServedTerritory(Base):
    """A territory that a technician serves besides their home territory."""

    __tablename__ = "served_territories"

    technician_id: Mapped[int] = mapped_column(sa.ForeignKey("technicians.id", ondelete="CASCADE"))
    territory_id: Mapped[int] = mapped_column(sa.ForeignKey("territories.id", ondelete="CASCADE"), index=True)

    territory: Mapped[Territory] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("technician_id", "territory_id"),)


class TechnicianHours(Base):
    """A shift of a weekday, wall time where the technician lives.

    One who has none works 08:00–17:00 on the working days of their country's week.
    """

    __tablename__ = "technician_hours"

    technician_id: Mapped[int] = mapped_column(sa.ForeignKey("technicians.id", ondelete="CASCADE"))
    weekday: Mapped[int]
    """Monday is 0."""
    from_minute: Mapped[int]
    to_minute: Mapped[int]
    """Minutes after midnight; the end, at most 1440 (24:00), is outside."""

    __table_args__ = (
        sa.UniqueConstraint("technician_id", "weekday", "from_minute"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_in_week"),
        sa.CheckConstraint(
            "0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440", name="in_order"
        ),
    )


class OtherHours(Base):
    """The hours of one date in place of those of its weekday, and of a holiday; without minutes: free that day.

    Several rows are several stretches of the same day.
    """

    __tablename__ = "other_hours"

    technician_id: Mapped[int] = mapped_column(sa.ForeignKey("technicians.id", ondelete="CASCADE"))
    worked_on: Mapped[date]
    from_minute: Mapped[int | None]
    to_minute: Mapped[int | None]
    """Minutes after midnight, wall time where the technician lives; both None: no hours at all."""
    reason: Mapped[str] = mapped_column(Line(120), default="")

    __table_args__ = (
        sa.UniqueConstraint("technician_id", "worked_on", "from_minute"),
        sa.CheckConstraint("(from_minute IS NULL) = (to_minute IS NULL)", name="both_minutes_or_none"),
        sa.CheckConstraint(
            "from_minute IS NULL OR (0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440)",
            name="in_order",
        ),
    )


class Capacity(Base):
    """How much of a technician's hours visits may take for some time, in percent; outside of any period 100."""

    __tablename__ = "capacities"

    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    """Included; None: until further notice."""
    percent: Mapped[int]
    reason: Mapped[str] = mapped_column(Line(120), default="")

    __table_args__ = (
        sa.CheckConstraint("last_on IS NULL OR first_on <= last_on", name="in_order"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent_in_range"),
    )


class Absence(Base):
    """A stretch of time in which a technician does not go out; both days inclusive.

    It lasts from a time of the first day to a time of the last, wall time where the technician lives.
    """

    __tablename__ = "absences"

    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[AbsenceKind] = mapped_column(text_enum(AbsenceKind))
    first_on: Mapped[date]
    last_on: Mapped[date]
    from_time: Mapped[time | None]
    """On the first day; None: from its beginning."""
    to_time: Mapped[time | None]
    """On the last day; None: to its end."""

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="in_order"),
        sa.CheckConstraint(
            "first_on < last_on OR from_time IS NULL OR to_time IS NULL OR from_time < to_time",
            name="times_in_order",
        ),
    )


class LeaveRequest(Versioned, Base):
    """A technician's wish to be away; once approved, the absence says so."""

    __tablename__ = "leave_requests"

    technician_id: Mapped[int] = mapped_column(
        sa.ForeignKey("technicians.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[AbsenceKind] = mapped_column(text_enum(AbsenceKind))
    first_on: Mapped[date]
    last_on: Mapped[date]
    from_time: Mapped[time | None]
    """As of an absence."""
    to_time: Mapped[time | None]
    note: Mapped[str] = mapped_column(Prose(1000), default="")
    """For those who decide; nobody else reads it."""
    state: Mapped[LeaveState] = mapped_column(text_enum(LeaveState), default=LeaveState.REQUESTED)
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    answer: Mapped[str] = mapped_column(Prose(1000), default="")
    """Why it was refused or withdrawn, or what was said with the approval."""
    absence_id: Mapped[int | None] = mapped_column(sa.ForeignKey("absences.id", ondelete="SET NULL"))
    """What came of it; None as long as it is not approved, and when the absence was removed since."""

    technician: Mapped[Technician] = relationship(lazy="raise_on_sql")
    requested_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[requested_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[decided_by_id])

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="in_order"),
        sa.CheckConstraint(
            "first_on < last_on OR from_time IS NULL OR to_time IS NULL OR from_time < to_time",
            name="times_in_order",
        ),
        sa.CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name="decided_has_instant"),
        sa.CheckConstraint("state <> 'refused' OR answer <> ''", name="refusal_has_reason"),
        sa.CheckConstraint("absence_id IS NULL OR state = 'approved'", name="absence_is_approved"),
        sa.Index(
            "ix_leave_requests_to_decide",
            "first_on",
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        ),
    )


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


class TimeHold(Base):
    """A stretch of time in which somebody is kept free for something that is not booked yet, for a while.

    It counts as taken while it is held, whoever looks and whether or not anybody tidied up; the database refuses
    a second one of the same person that overlaps while both are held.
    """

    __tablename__ = "time_holds"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    held_from: Mapped[datetime]
    held_until: Mapped[datetime] = mapped_column(index=True)
    holder: Mapped[str] = mapped_column(sa.String(60), index=True)
    """For what it is held: whoever lets it go names it so, such as ``offer 12``."""
    words: Mapped[str] = mapped_column(Line(200), default="")
    """What a dispatcher reads about it."""

    __table_args__ = (
        sa.CheckConstraint("from_at < to_at", name="in_order"),
        sa.CheckConstraint("held_from <= held_until", name="held_in_order"),
        sa.Index("ix_time_holds_user_id_from_at", "user_id", "from_at"),
    )


one_at_a_time(
    TimeHold, "one_at_a_time", of="user_id", spans=(Span("from_at", "to_at"), Span("held_from", "held_until"))
)
