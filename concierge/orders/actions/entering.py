"""Entering an order that no document brings: what was asked here before it was ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.models import Site
from concierge.catalogue.models import Product
from concierge.orders.events import OrderReceived
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import OrderState
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record


@dataclass(frozen=True, slots=True)
class EnteredLine:
    """So many of a product."""

    product: Product
    quantity: int


def enter_order(
    site: Site,
    lines: Sequence[EnteredLine],
    *,
    system: str,
    number: str,
    buyer_reference: str = "",
    requested_from: date | None = None,
    requested_to: date | None = None,
    at: datetime,
    on: date,
    actor_id: int | None,
) -> Order:
    """Enter an order with its lines; it becomes a project as any other does.

    :param system: within what the number is unique.
    :param on: the day on which it was ordered.
    :raises Refused: when there is an order of that number already.
    """
    known = sa.select(Order.id).where(Order.system == system, Order.number == number)
    if db.session.scalar(known) is not None:
        raise Refused(_("There is an order %(number)s already. Open it instead.", number=number))
    row = Order(
        system=system,
        number=number,
        account_id=site.account_id,
        site_id=site.id,
        state=OrderState.OPEN,
        issued_on=on,
        received_at=at,
        requested_from=requested_from,
        requested_to=requested_to,
        buyer_reference=buyer_reference,
        lines=[
            OrderLine(
                position=position,
                line_id=str(position),
                name=line.product.name,
                quantity=Decimal(line.quantity),
                product_id=line.product.id,
            )
            for position, line in enumerate(lines, start=1)
        ],
    )
    db.session.add(row)
    db.session.flush()
    record(OrderReceived(at=at, actor_id=actor_id, order_id=row.id, number=row.number))
    return row
