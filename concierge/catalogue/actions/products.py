"""Adding what can be sold, and saying how long its warranty lasts."""

import re
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue import queries
from concierge.catalogue.events import ProductAdded, WarrantySet
from concierge.catalogue.models import Playbook, Product, ProductAlias, ProductFact
from concierge.catalogue.states import AliasScheme, InstrumentClass, ProductKind
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record

LONGEST_WARRANTY = 240
"""Months."""
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def add_product(
    *,
    key: str,
    name: str,
    kind: ProductKind,
    actor_id: int | None,
    at: datetime,
    maker: str = "",
    instrument_class: InstrumentClass | None = None,
    playbook: Playbook | None = None,
    option_of: Product | None = None,
    facts: Iterable[ProductFact] = (),
    aliases: Iterable[tuple[AliasScheme, str]] = (),
) -> Product:
    """Add something that can be sold, with the names by which orders call it.

    :raises Refused: when the key is taken or no key, an instrument lacks its class or playbook, or a name
        already means another product.
    """
    if not KEY.fullmatch(key):
        raise Refused(_("“%(key)s” is not a key. Use small letters, digits and single dashes.", key=key))
    if db.session.scalar(sa.select(Product.id).where(Product.key == key)) is not None:
        raise Refused(_("There is already a product “%(key)s”. Choose another key.", key=key))
    if kind is ProductKind.INSTRUMENT and (instrument_class is None or playbook is None):
        raise Refused(_("An instrument needs a class and a playbook. Choose both."))
    product = Product(
        key=key,
        name=name,
        kind=kind,
        maker=maker,
        instrument_class=instrument_class,
        playbook_id=playbook.id if playbook else None,
        option_of_id=option_of.id if option_of else None,
        facts=list(facts),
    )
    product.aliases = _new_aliases(aliases)
    db.session.add(product)
    db.session.flush()
    record(ProductAdded(at=at, actor_id=actor_id, product_id=product.id, name=product.name))
    return product


def set_warranty(product: Product, months: int, *, actor_id: int | None, at: datetime) -> bool:
    """Say how many months of warranty an instrument has (0: as usual), or how many more something else gives.

    Clocks that run go on as they were begun.

    :return: whether that is new.
    :raises Refused: when it is less than none or more than `LONGEST_WARRANTY`.
    """
    if not 0 <= months <= LONGEST_WARRANTY:
        raise Refused(_("A warranty has between 0 and %(most)s months.", most=LONGEST_WARRANTY))
    before, product.warranty_months = product.warranty_months, months
    if months == before:
        return False
    db.session.flush()
    record(
        WarrantySet(
            at=at,
            actor_id=actor_id,
            product_id=product.id,
            name=product.name,
            months_before=before,
            months=months,
        )
    )
    return True


def _new_aliases(aliases: Iterable[tuple[AliasScheme, str]]) -> list[ProductAlias]:
    wanted = {(scheme, compared): value for scheme, value in aliases if (compared := queries.as_alias(value))}
    taken = db.session.execute(
        sa.select(ProductAlias.scheme, ProductAlias.value).where(
            ProductAlias.value.in_({compared for _, compared in wanted})
        )
    )
    for scheme, compared in taken:
        if (scheme, compared) in wanted:
            raise Refused(
                _("“%(name)s” already means another product. Leave it out.", name=wanted[scheme, compared])
            )
    return [ProductAlias(scheme=scheme, value=compared) for scheme, compared in wanted]
