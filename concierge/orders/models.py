"""Tables of orders, their lines and the documents they came in."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import Product
from concierge.orders.states import DocumentKind, OrderState
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.files import StoredFile
from concierge.platform.searching import Searchable


class Order(Searchable, Versioned, Base):
    """What a customer bought; known by the seller's system and its number there."""

    __tablename__ = "orders"
    searched = ("number", "seller_number", "buyer_reference")
    found_as = found_key = "number"
    found_under = ("accounts", "account_id")

    system: Mapped[str] = mapped_column(Line(200))
    """Within what the number is unique: the seller's system, or seller and buyer of a paper."""
    number: Mapped[str] = mapped_column(Line(80))
    seller_number: Mapped[str] = mapped_column(Line(80), default="")
    """The seller's own number for it, when the order is numbered by the buyer."""
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"))
    state: Mapped[OrderState] = mapped_column(text_enum(OrderState), default=OrderState.OPEN)
    issued_on: Mapped[date]
    received_at: Mapped[datetime]
    requested_from: Mapped[date | None]
    requested_to: Mapped[date | None]
    """The delivery period the customer asked for, both days inclusive, kept as asked even when past."""
    requested_from_time: Mapped[time | None]
    requested_to_time: Mapped[time | None]
    """Times of day at the site."""
    currency: Mapped[str] = mapped_column(sa.String(3), default="")
    total_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    buyer_reference: Mapped[str] = mapped_column(Line(120), default="")
    note: Mapped[str] = mapped_column(Prose(4000), default="")

    account: Mapped[Account] = relationship(lazy="raise_on_sql")
    site: Mapped[Site] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact | None] = relationship(lazy="raise_on_sql")
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", lazy="raise_on_sql", order_by="OrderLine.position"
    )
    documents: Mapped[list["OrderDocument"]] = relationship(
        back_populates="order", lazy="raise_on_sql", order_by="OrderDocument.id"
    )

    __table_args__ = (
        sa.UniqueConstraint("system", "number"),
        sa.CheckConstraint(
            "requested_from IS NULL OR requested_to IS NULL OR requested_from <= requested_to",
            name="period_in_order",
        ),
    )


class OrderLine(Searchable, Base):
    """One line of an order."""

    __tablename__ = "order_lines"
    searched = ("name",)
    found_under = ("orders", "order_id")

    order_id: Mapped[int] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int]
    line_id: Mapped[str] = mapped_column(Line(80))
    """The line's own identifier in the document."""
    name: Mapped[str] = mapped_column(Line(300))
    description: Mapped[str] = mapped_column(Prose(4000), default="")
    seller_item_id: Mapped[str] = mapped_column(Line(100), default="")
    standard_item_id: Mapped[str] = mapped_column(Line(100), default="")
    buyer_item_id: Mapped[str] = mapped_column(Line(100), default="")
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(18, 4))
    unit: Mapped[str] = mapped_column(Line(12), default="EA")
    """UN/ECE Recommendation 20 unit code."""
    amount_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    requested_from: Mapped[date | None]
    requested_to: Mapped[date | None]
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"), index=True)
    """What the line means; None until it is matched."""
    cancelled: Mapped[bool] = mapped_column(default=False)
    named_at: Mapped[datetime | None]
    """When it came in, or was last said to be something else; None: with an order that was entered by hand."""

    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise_on_sql")
    product: Mapped[Product | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.UniqueConstraint("order_id", "line_id"),
        sa.CheckConstraint("quantity >= 0", name="quantity_not_negative"),
        sa.Index(
            "ix_order_lines_unmatched",
            "order_id",
            sqlite_where=sa.text("product_id IS NULL"),
            postgresql_where=sa.text("product_id IS NULL"),
        ),
    )


class OrderDocument(Base):
    """A document as it was received; the same bytes twice are one document."""

    __tablename__ = "order_documents"

    order_id: Mapped[int] = mapped_column(sa.ForeignKey("orders.id"), index=True)
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind))
    name: Mapped[str] = mapped_column(Line(200))
    number: Mapped[str] = mapped_column(Line(80))
    """The document's own identifier."""
    sequence: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 of the bytes, or of the rows that concern this order."""
    issued_on: Mapped[date]
    summary: Mapped[str] = mapped_column(Prose(1000), default="")
    """What it did to the order, in a sentence or two."""
    received_at: Mapped[datetime]
    received_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_files.id"))

    order: Mapped[Order] = relationship(back_populates="documents", lazy="raise_on_sql")
    file: Mapped[StoredFile | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (sa.UniqueConstraint("order_id", "digest"),)


class OrderImport(Base):
    """Files that a person handed in together, what they would do, and what came of it."""

    __tablename__ = "order_imports"

    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(sa.ForeignKey("jobs.id"))
    """The job that checks or imports them, when they are too many for one request."""
    file_ids: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    results: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    """One object a file: name, refusals, rows; of the check, then of the import."""
