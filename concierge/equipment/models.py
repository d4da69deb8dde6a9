"""Tables of the installed base."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Site
from concierge.catalogue.models import Product
from concierge.equipment.states import AssetState
from concierge.orders.models import OrderLine
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.searching import Searchable


class Asset(Searchable, Versioned, Base):
    """One unit that a customer owns: what it is, where it stands, and since when its clocks run."""

    __tablename__ = "assets"
    searched = ("name", "serial")
    found_key = "serial"
    found_under = ("sites", "site_id")

    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("order_lines.id", ondelete="SET NULL"), index=True
    )
    """What it was sold by; several units of a line are several rows."""
    name: Mapped[str] = mapped_column(Line(160))
    serial: Mapped[str] = mapped_column(Line(80), default="")
    """As it stands on the unit; empty as long as nobody has read it."""
    options: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Names of the options it was sold with."""
    software: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """Objects ``{"name": …, "version": …}``."""
    place: Mapped[str] = mapped_column(Line(120), default="")
    """Building, floor, room."""
    state: Mapped[AssetState] = mapped_column(text_enum(AssetState), default=AssetState.EXPECTED)
    installed_on: Mapped[date | None]
    warranty_from: Mapped[date | None]
    warranty_to: Mapped[date | None]
    """Started by the co-signed certificate; the last day is included."""
    training_from: Mapped[date | None]
    training_to: Mapped[date | None]
    """In which days the introduction that was sold has to be taken."""
    removed_on: Mapped[date | None]
    removal_reason: Mapped[str] = mapped_column(Prose(500), default="")
    note: Mapped[str] = mapped_column(Prose(4000), default="")
    created_at: Mapped[datetime]

    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    product: Mapped[Product | None] = relationship(lazy="raise_on_sql")
    order_line: Mapped[OrderLine | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.Index("ix_assets_serial", "serial"),
        sa.Index(
            "ix_assets_stands_once",
            "product_id",
            "serial",
            unique=True,
            sqlite_where=sa.text("serial <> '' AND state <> 'removed'"),
            postgresql_where=sa.text("serial <> '' AND state <> 'removed'"),
        ),
        sa.CheckConstraint("state <> 'removed' OR removed_on IS NOT NULL", name="removed_has_day"),
        sa.CheckConstraint("(warranty_from IS NULL) = (warranty_to IS NULL)", name="warranty_whole"),
        sa.CheckConstraint("warranty_from IS NULL OR warranty_from <= warranty_to", name="warranty_in_order"),
        sa.CheckConstraint("(training_from IS NULL) = (training_to IS NULL)", name="training_whole"),
        sa.CheckConstraint("training_from IS NULL OR training_from <= training_to", name="training_in_order"),
    )
