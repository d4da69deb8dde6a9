"""Questions about real orders that a playbook can be tried with."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Site
from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.platform import clock
from concierge.platform.database import db
from concierge.projects import plan

MOST_ORDERS = 12


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order that a playbook's instrument was sold with."""

    order_id: int
    number: str
    account: str
    place: str
    region: tuple[str, str]
    received_on: date
    units: int
    products: frozenset[str]
    kinds: frozenset[ProductKind]


def past_orders(viewer: Viewer, playbook_id: int) -> list[PastOrder]:
    """The latest orders with an instrument of a playbook."""
    lines = (
        sa.select(OrderLine.order_id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(Product.playbook_id == playbook_id, OrderLine.cancelled.is_(False))
    )
    question = (
        sa.select(Order)
        .where(Order.id.in_(lines))
        .order_by(Order.id.desc())
        .limit(MOST_ORDERS)
        .options(
            selectinload(Order.lines).joinedload(OrderLine.product),
            joinedload(Order.account),
            joinedload(Order.site),
        )
    )
    return [_past(order, playbook_id) for order in db.session.scalars(question)]


def countries() -> list[str]:
    """The countries of all sites."""
    return list(db.session.scalars(sa.select(Site.country).distinct().order_by(Site.country)))


def _past(order: Order, playbook_id: int) -> PastOrder:
    lines = [
        line for line in order.lines if line.product is not None and not line.cancelled and line.quantity > 0
    ]
    products = [line.product for line in lines if line.product is not None]
    units = sum(
        plan.units(line.quantity)
        for line in lines
        if line.product is not None and line.product.playbook_id == playbook_id
    )
    return PastOrder(
        order.id,
        order.number,
        order.account.name,
        order.site.city or order.site.name,
        order.site.region,
        clock.day_at(order.received_at, order.site.zone),
        units,
        frozenset(product.key for product in products),
        frozenset(product.kind for product in products),
    )
