"""Names by which orders call products: matched by hand once, known ever after."""

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue import queries
from concierge.catalogue.events import AliasAdded
from concierge.catalogue.models import Product, ProductAlias
from concierge.catalogue.states import AliasScheme
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record


def add_alias(
    product: Product, *, scheme: AliasScheme, value: str, actor_id: int | None, at: datetime
) -> ProductAlias:
    """From now on order lines that use this name or number mean this product.

    The same name for the same product again changes nothing.

    :raises Refused: when the name is empty or already means another product.
    """
    compared = queries.as_alias(value)
    if not compared:
        raise Refused(_("There is no name to remember. Give the line a name or an item number first."))
    known = db.session.scalar(
        sa.select(ProductAlias).where(ProductAlias.scheme == scheme, ProductAlias.value == compared)
    )
    if known is not None and known.product_id == product.id:
        return known
    if known is not None:
        raise Refused(
            _(
                "“%(name)s” already means another product. Open that product and take the name away first.",
                name=value,
            )
        )
    alias = ProductAlias(product_id=product.id, scheme=scheme, value=compared)
    db.session.add(alias)
    db.session.flush()
    record(AliasAdded(at=at, actor_id=actor_id, product_id=product.id, scheme=scheme.value, value=compared))
    return alias
