"""Tables of stock, of what sales asks, and of what is held for it."""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.enquiries.states import EnquiryState, HoldEnd, Pace, StockState
from concierge.identity.models import User
from concierge.orders.models import Order
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.exclusion import Span, one_at_a_time
from concierge.platform.searching import Searchable
from concierge.projects.models import Project

MOST_UNITS = 40
"""So many units one enquiry asks for at most; more of them are a plan of their own."""


class StockUnit(Searchable, Versioned, Base):
    """One unit of a product that is with us or on its way to us, before it is anybody's."""

    __tablename__ = "stock_units"
    searched = ("serial", "place")
    found_as = found_key = "serial"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    serial: Mapped[str] = mapped_column(Line(80), default="")
    """As it stands on the unit; empty as long as nobody has read it."""
    options: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Keys of the options that are built in."""
    place: Mapped[str] = mapped_column(Line(120), default="")
    """The warehouse or factory."""
    country: Mapped[str] = mapped_column(sa.String(2))
    """Where that is, ISO 3166-1 alpha-2."""
    export_days: Mapped[int] = mapped_column(default=0)
    """Calendar days that papers and the way take on top of the playbook's when it goes to another country."""
    available_on: Mapped[date]
    """From which day on it can leave; of an expected one the day it was announced for."""
    state: Mapped[StockState] = mapped_column(text_enum(StockState), default=StockState.EXPECTED)
    note: Mapped[str] = mapped_column(Prose(1000), default="")
    gone_on: Mapped[date | None]
    gone_reason: Mapped[str] = mapped_column(Line(200), default="")
    created_at: Mapped[datetime]

    def ready_on(self, country: str) -> date:
        """The day from which it can be shipped to a country."""
        return self.available_on + timedelta(days=self.export_days if country != self.country else 0)

    product: Mapped[Product] = relationship(lazy="raise_on_sql")
    reservations: Mapped[list["StockReservation"]] = relationship(
        back_populates="unit", lazy="raise_on_sql", order_by="StockReservation.id"
    )

    __table_args__ = (
        sa.Index(
            "ix_stock_units_there_once",
            "product_id",
            "serial",
            unique=True,
            sqlite_where=sa.text("serial <> '' AND state <> 'gone'"),
            postgresql_where=sa.text("serial <> '' AND state <> 'gone'"),
        ),
        sa.CheckConstraint("export_days BETWEEN 0 AND 365", name="export_days_in_range"),
        sa.CheckConstraint("(state = 'gone') = (gone_on IS NOT NULL)", name="gone_has_day"),
    )


class SupplyTime(Versioned, Base):
    """How long a unit takes that is neither on hand nor announced."""

    __tablename__ = "supply_times"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), unique=True)
    days: Mapped[int]
    """Calendar days from the order at the factory until it can leave there."""

    product: Mapped[Product] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.CheckConstraint("days BETWEEN 1 AND 1000", name="days_in_range"),)


class Enquiry(Searchable, Versioned, Base):
    """What sales asks: so many units, at these sites, when?"""

    __tablename__ = "enquiries"
    searched = ("code", "customer", "reference")
    found_as = "customer"
    found_key = "code"

    code: Mapped[str] = mapped_column(Line(20), unique=True)
    """What people call it: ``Q-12``."""
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    customer: Mapped[str] = mapped_column(Line(160))
    """Who asks, in words; of an account its name when it was asked."""
    reference: Mapped[str] = mapped_column(Line(120), default="")
    """By which an order that comes of it is known: the number of our offer."""
    wanted_on: Mapped[date | None]
    """By when the customer wants to work with it."""
    pace: Mapped[Pace] = mapped_column(text_enum(Pace), default=Pace.EACH)
    note: Mapped[str] = mapped_column(Prose(4000), default="")
    state: Mapped[EnquiryState] = mapped_column(text_enum(EnquiryState), default=EnquiryState.OPEN)
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    asked_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(Prose(500), default="")

    account: Mapped[Account | None] = relationship(lazy="raise_on_sql")
    asked_by: Mapped[User] = relationship(lazy="raise_on_sql")
    lines: Mapped[list["EnquiryLine"]] = relationship(
        back_populates="enquiry", lazy="raise_on_sql", order_by="EnquiryLine.position"
    )
    holds: Mapped[list["StockHold"]] = relationship(
        back_populates="enquiry", lazy="raise_on_sql", order_by="StockHold.id"
    )

    __table_args__ = (
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_has_instant"),
        sa.Index("ix_enquiries_state_id", "state", "id"),
    )


class EnquiryLine(Base):
    """So many units of a product at one place; what stands first is served first."""

    __tablename__ = "enquiry_lines"

    enquiry_id: Mapped[int] = mapped_column(sa.ForeignKey("enquiries.id", ondelete="CASCADE"))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    options: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Keys of the products that are sold with it: options, qualification, training."""
    quantity: Mapped[int]
    site_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    """Where it goes; None: nobody has named more than the place below."""
    country: Mapped[str] = mapped_column(sa.String(2))
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    city: Mapped[str] = mapped_column(Line(100), default="")

    enquiry: Mapped[Enquiry] = relationship(back_populates="lines", lazy="raise_on_sql")
    product: Mapped[Product] = relationship(lazy="raise_on_sql")
    site: Mapped[Site | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("enquiry_id", "position"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 40", name="quantity_in_range"),
    )


class StockHold(Versioned, Base):
    """Stock and people kept for an enquiry until an instant; from then on it holds nothing, whoever looks."""

    __tablename__ = "stock_holds"

    enquiry_id: Mapped[int] = mapped_column(sa.ForeignKey("enquiries.id", ondelete="CASCADE"), index=True)
    held_by_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    held_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    extended_at: Mapped[datetime | None]
    extension_reason: Mapped[str] = mapped_column(Prose(500), default="")
    ended_at: Mapped[datetime | None]
    """When it was given up before its time, or became an order."""
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    ended_how: Mapped[HoldEnd | None] = mapped_column(text_enum(HoldEnd))
    pace: Mapped[Pace] = mapped_column(text_enum(Pace))

    enquiry: Mapped[Enquiry] = relationship(back_populates="holds", lazy="raise_on_sql")
    held_by: Mapped[User] = relationship(lazy="raise_on_sql", foreign_keys=[held_by_id])
    units: Mapped[list["HeldUnit"]] = relationship(
        back_populates="hold", lazy="raise_on_sql", order_by="HeldUnit.id"
    )

    __table_args__ = (
        sa.CheckConstraint("held_at < expires_at", name="in_order"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="end_has_reason"),
        sa.CheckConstraint("(extended_at IS NULL) = (extension_reason = '')", name="extension_has_reason"),
        sa.Index(
            "ix_stock_holds_ending",
            "expires_at",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )


class HeldUnit(Base):
    """One unit of an enquiry as it was held: its window, and what was said of it then.

    Whom it takes for how long stands with all other times that are held, under its `holder`.
    """

    __tablename__ = "held_units"

    hold_id: Mapped[int] = mapped_column(sa.ForeignKey("stock_holds.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[int] = mapped_column(sa.ForeignKey("enquiry_lines.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    """Within the line, from 1."""
    delivery_on: Mapped[date | None]
    window_from_on: Mapped[date]
    window_to_on: Mapped[date]
    """Both included: when it is installed."""
    handover_on: Mapped[date]
    order_id: Mapped[int | None] = mapped_column(sa.ForeignKey("orders.id", ondelete="SET NULL"), index=True)
    """What came of it."""

    order: Mapped[Order | None] = relationship(lazy="raise_on_sql")
    hold: Mapped[StockHold] = relationship(back_populates="units", lazy="raise_on_sql")
    line: Mapped[EnquiryLine] = relationship(lazy="raise_on_sql")
    reservations: Mapped[list["StockReservation"]] = relationship(
        back_populates="held_unit", lazy="raise_on_sql", order_by="StockReservation.id"
    )

    __table_args__ = (
        sa.UniqueConstraint("hold_id", "line_id", "number"),
        sa.CheckConstraint("window_from_on <= window_to_on", name="in_order"),
    )

    @property
    def holder(self) -> str:
        """By which the times of people that are held for it are known."""
        return f"held unit {self.id}"


class StockReservation(Base):
    """For whom a unit of stock is kept, from an instant to another; no two of a unit at any instant."""

    __tablename__ = "stock_reservations"

    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("stock_units.id", ondelete="CASCADE"), index=True)
    held_unit_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("held_units.id", ondelete="CASCADE"), index=True
    )
    order_id: Mapped[int | None] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    """None: for good."""
    made_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    unit: Mapped[StockUnit] = relationship(back_populates="reservations", lazy="raise_on_sql")
    order: Mapped[Order | None] = relationship(lazy="raise_on_sql")
    project: Mapped[Project | None] = relationship(lazy="raise_on_sql")
    held_unit: Mapped[HeldUnit | None] = relationship(back_populates="reservations", lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("until_at IS NULL OR from_at <= until_at", name="in_order"),
        sa.CheckConstraint(
            "CASE WHEN held_unit_id IS NULL THEN 0 ELSE 1 END + CASE WHEN order_id IS NULL THEN 0 ELSE 1 END "
            "+ CASE WHEN project_id IS NULL THEN 0 ELSE 1 END = 1",
            name="for_one",
        ),
    )


one_at_a_time(StockReservation, "one_at_a_time", of="unit_id", spans=(Span("from_at", "until_at"),))
