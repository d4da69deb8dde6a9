"""Tables of how people keep an eye on many projects: notes, serial numbers, saved views, fields of their own."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.identity.models import User
from concierge.orders.models import OrderLine
from concierge.platform.database import Base, Line, Prose, Versioned
from concierge.platform.searching import Searchable


class ProjectNote(Searchable, Versioned, Base):
    """What somebody wrote down about a project; for staff only."""

    __tablename__ = "project_notes"
    searched = ("text",)
    found_as = "text"
    found_under = ("projects", "project_id")
    found_in = "project_id"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Prose(8000))
    written_at: Mapped[datetime]
    written_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    written_by: Mapped[User | None] = relationship(lazy="raise_on_sql")


class Unit(Searchable, Base):
    """One instrument or part that a project brings to its site, known by the serial number on it."""

    __tablename__ = "units"
    searched = ("serial", "line.name")
    found_as = found_key = "serial"
    found_under = ("projects", "project_id")
    found_in = "project_id"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(
        sa.ForeignKey("order_lines.id", ondelete="CASCADE"), index=True
    )
    serial: Mapped[str] = mapped_column(Line(60))
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    line: Mapped[OrderLine] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("project_id", "serial"),
        sa.CheckConstraint("serial <> ''", name="has_serial"),
    )


class SavedView(Versioned, Base):
    """A list of projects that somebody keeps: a name for an address."""

    __tablename__ = "saved_views"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(Line(60))
    query: Mapped[str] = mapped_column(Line(1000))
    """The part of the address after the question mark, in its normal form."""
    is_shared: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]

    owner: Mapped[User] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("owner_id", "name"),)


class FieldValue(Searchable, Versioned, Base):
    """What one project says in a field that its playbook defines."""

    __tablename__ = "field_values"
    searched = ("text",)
    found_as = "text"
    found_under = ("projects", "project_id")
    found_in = "project_id"

    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Line(60), index=True)
    """Key of the playbook's field; the same key in several playbooks is the same field."""
    text: Mapped[str] = mapped_column(Prose(2000), default="")
    """As it is read: text, code of the choice, ``yes`` or ``no``, ISO day, or the number as typed."""
    number: Mapped[float | None]
    day: Mapped[date | None]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    __table_args__ = (sa.UniqueConstraint("project_id", "key"),)
