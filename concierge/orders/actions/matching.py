"""Saying by hand what an order line means, once for this line and for all that call it the same."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.catalogue.actions.aliases import add_alias
from concierge.catalogue.models import Product
from concierge.catalogue.queries import LineNames
from concierge.orders import queries
from concierge.orders.events import OrderLineMatched
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record


def match_line(line: OrderLine, product: Product, *, actor_id: int | None, at: datetime) -> int:
    """A line means this product, and so do all open, unmatched lines that call it the same, now and later.

    The surest thing the line says is remembered: the seller's item id, else the standard id, else the name.

    :return: how many lines were matched.
    :raises Refused: when the line is cancelled, or its name already means another product.
    """
    if line.cancelled:
        raise Refused(_("This line is cancelled and needs no match. Match a line that stands."))
    aliases = LineNames(line.seller_item_id, line.standard_item_id, line.name).aliases()
    if not aliases:
        raise Refused(
            _("The line has neither a number nor a name. Ask for an order change that names the item.")
        )
    scheme, value = aliases[0]
    add_alias(product, scheme=scheme, value=value, actor_id=actor_id, at=at)
    same = [
        one
        for one in queries.unmatched_lines()
        if (scheme, value) in LineNames(one.seller_item_id, one.standard_item_id, one.name).aliases()
    ]
    matched = list({one.id: one for one in (line, *same)}.values())
    for one in matched:
        one.product = product
    db.session.flush()
    for one in matched:
        record(
            OrderLineMatched(
                at=at, actor_id=actor_id, order_id=one.order_id, line_id=one.id, product_id=product.id
            )
        )
    return len(matched)
