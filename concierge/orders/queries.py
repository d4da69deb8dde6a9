"""Questions about orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Account, Site
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderDocument, OrderImport, OrderLine
from concierge.orders.states import OrderState
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.platform.searching import matches

PAGE = 50
LINES_PAGE = 100


def orders_numbered(number: str) -> list[Order]:
    """Every order with a number, with its customer, lines and documents."""
    return list(
        db.session.scalars(
            sa.select(Order)
            .where(Order.number == number)
            .options(
                joinedload(Order.account),
                joinedload(Order.site),
                selectinload(Order.lines),
                selectinload(Order.documents),
            )
            .order_by(Order.id)
        )
    )


def unmatched_lines() -> list[OrderLine]:
    """Lines of open orders of which nobody knows what they mean."""
    return list(
        db.session.scalars(
            sa.select(OrderLine)
            .join(Order, Order.id == OrderLine.order_id)
            .where(
                OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False), Order.state == OrderState.OPEN
            )
            .order_by(OrderLine.id)
        )
    )


def order_with_all(order_id: int) -> Order:
    """One order with customer, place, person, lines and what they mean: what a plan is made from.

    :raises NotFound: when there is none.
    """
    order = db.session.scalar(
        sa.select(Order)
        .where(Order.id == order_id)
        .options(
            joinedload(Order.account),
            joinedload(Order.site),
            joinedload(Order.contact),
            selectinload(Order.lines).joinedload(OrderLine.product),
        )
    )
    if order is None:
        raise NotFound
    return order


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order as the list shows it."""

    id: int
    number: str
    account_id: int
    customer: str
    city: str
    country: str
    state: OrderState
    issued_on: date
    received_at: datetime
    requested_from: date | None
    requested_to: date | None
    currency: str
    total_minor: int | None
    lines: int
    unmatched: int


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of the list of orders."""

    orders: Sequence[ListedOrder]
    total: int
    page: int
    last: int


def orders_listed(
    viewer: Viewer, *, text: str = "", state: str = "", matching: str = "", page: int = 1
) -> OrderPage:
    """Orders, the latest received first, found by number, customer, town or item.

    :param matching: "open" for orders with a line that is not in the catalogue.
    """
    chosen = sa.select(Order.id).join(Order.account).join(Order.site)
    for here, on_line in zip(matches(text, Order, Account, Site), matches(text, OrderLine), strict=True):
        chosen = chosen.where(sa.or_(here, Order.lines.any(on_line)))
    if state in {known.value for known in OrderState}:
        chosen = chosen.where(Order.state == OrderState(state))
    if matching == "open":
        chosen = chosen.where(
            Order.lines.any(sa.and_(OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False)))
        )
    total = db.session.scalar(sa.select(sa.func.count()).select_from(chosen.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(1, page), last)
    standing = sa.and_(OrderLine.order_id == Order.id, OrderLine.cancelled.is_(False))
    lines = sa.select(sa.func.count(OrderLine.id)).where(standing).scalar_subquery()
    unmatched = (
        sa.select(sa.func.count(OrderLine.id))
        .where(standing, OrderLine.product_id.is_(None))
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            Order.id,
            Order.number,
            Account.id,
            Account.name,
            Site.city,
            Site.country,
            Order.state,
            Order.issued_on,
            Order.received_at,
            Order.requested_from,
            Order.requested_to,
            Order.currency,
            Order.total_minor,
            lines,
            unmatched,
        )
        .join(Order.account)
        .join(Order.site)
        .where(Order.id.in_(chosen))
        .order_by(Order.received_at.desc(), Order.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return OrderPage([ListedOrder(*values) for values in map(tuple, rows)], total, page, last)


def count_to_match(viewer: Viewer) -> int:
    """How many open orders have a line that is not in the catalogue."""
    has_gap = Order.lines.any(sa.and_(OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False)))
    question = sa.select(sa.func.count(Order.id)).where(Order.state == OrderState.OPEN, has_gap)
    return db.session.scalar(question) or 0


def order_for(viewer: Viewer, order_id: int) -> Order:
    """One order with customer, place, person and documents; its lines come by the page.

    :raises NotFound: when there is none.
    """
    order = db.session.scalar(
        sa.select(Order)
        .where(Order.id == order_id)
        .options(
            joinedload(Order.account),
            joinedload(Order.site),
            joinedload(Order.contact),
            selectinload(Order.documents).joinedload(OrderDocument.file),
        )
    )
    if order is None:
        raise NotFound
    return order


@dataclass(frozen=True, slots=True)
class LinePage:
    """One page of an order's lines."""

    lines: Sequence[OrderLine]
    total: int
    unmatched: int
    page: int
    last: int


def lines_of(viewer: Viewer, order_id: int, *, page: int = 1) -> LinePage:
    """An order's lines with what they mean, unmatched ones first when the order has more than one page."""
    counted = db.session.execute(
        sa.select(
            sa.func.count(OrderLine.id),
            sa.func.count(OrderLine.id).filter(
                OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False)
            ),
        ).where(OrderLine.order_id == order_id)
    ).one()
    total, unmatched = counted
    last = max(1, -(-total // LINES_PAGE))
    page = min(max(1, page), last)
    gap_first = sa.case((sa.and_(OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False)), 0), else_=1)
    order = (gap_first, OrderLine.position) if last > 1 else (OrderLine.position,)
    lines = db.session.scalars(
        sa.select(OrderLine)
        .where(OrderLine.order_id == order_id)
        .options(joinedload(OrderLine.product))
        .order_by(*order, OrderLine.id)
        .limit(LINES_PAGE)
        .offset((page - 1) * LINES_PAGE)
    )
    return LinePage(list(lines), total, unmatched, page, last)


def line_for(viewer: Viewer, order_id: int, line_id: int) -> OrderLine:
    """One line of an order, with the order.

    :raises NotFound: when the order has no such line.
    """
    line = db.session.scalar(
        sa.select(OrderLine)
        .where(OrderLine.id == line_id, OrderLine.order_id == order_id)
        .options(joinedload(OrderLine.order).joinedload(Order.account), joinedload(OrderLine.product))
    )
    if line is None:
        raise NotFound
    return line


def document_for(viewer: Viewer, order_id: int, document_id: int) -> OrderDocument:
    """A document of an order, with its file.

    :raises NotFound: when the order has no such document, or its bytes were not kept.
    """
    document = db.session.scalar(
        sa.select(OrderDocument)
        .where(OrderDocument.id == document_id, OrderDocument.order_id == order_id)
        .options(joinedload(OrderDocument.file))
    )
    if document is None or document.file is None:
        raise NotFound
    return document


def people_named(viewer: Viewer, user_ids: Sequence[int]) -> dict[int, str]:
    """Names of colleagues by their ids."""
    rows = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}


def import_for(viewer: Viewer, import_id: int) -> OrderImport:
    """An import that the viewer started.

    :raises NotFound: when there is none, or somebody else started it.
    """
    found = db.session.get(OrderImport, import_id)
    if found is None or found.owner_id != viewer.user_id:
        raise NotFound
    return found


def import_by_id(import_id: int) -> OrderImport:
    """An import, for the job that does it."""
    return db.session.get_one(OrderImport, import_id)


def files_of(found: OrderImport) -> list[StoredFile]:
    """The files of an import, in the order in which they were handed in."""
    rows = {
        row.id: row
        for row in db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(found.file_ids)))
    }
    return [rows[file_id] for file_id in found.file_ids if file_id in rows]


def file_by_id(file_id: int) -> StoredFile:
    """A kept file, for the job that reads it."""
    return db.session.get_one(StoredFile, file_id)
