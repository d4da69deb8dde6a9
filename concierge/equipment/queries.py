"""Questions about the installed base: what stands where, what it is called, how long its clocks run."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.platform.errors import NotFound

USUAL_WARRANTY_MONTHS = 12
"""How long an instrument is under warranty whose product says nothing else."""
TRAINING_DAYS = 365
"""How long after installation the introduction that was sold can be taken."""
MOST = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a unit is under warranty, in months, and for how many days its introduction can be taken."""

    warranty_months: int = USUAL_WARRANTY_MONTHS
    training_days: int = TRAINING_DAYS


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the installed base is listed; empty values leave nothing out."""

    text: str = ""
    state: str = ""
    page: int = 1
    ends_by: date | None = None
    """Only units whose warranty ends on or before this day, and has not ended long ago."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the installed base."""

    assets: Sequence[Asset]
    total: int
    page: int
    last: int


PAGE = 50


def asset_for(viewer: Viewer, asset_id: int) -> Asset:
    """Find one unit with its site, account, product and order line.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = sa.select(Asset).where(Asset.id == asset_id).options(*_whole())
    found = db.session.scalar(question) if viewer.may(Permission.SEE_ACCOUNTS) else None
    if found is None:
        raise NotFound
    return found


def asset_for_change(asset_id: int) -> Asset:
    """Find one unit, whole and locked until the end of the unit of work, whoever asks.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(Asset)
        .where(Asset.id == asset_id)
        .with_for_update(of=Asset)
        .options(*_whole())
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def assets_listed(viewer: Viewer, wanted: Filter) -> Listed:
    """List a page of the installed base, by customer, site and name."""
    if not viewer.may(Permission.SEE_ACCOUNTS):
        return Listed((), 0, 1, 1)
    question = sa.select(Asset).join(Asset.site).join(Site.account)
    states = {state.value: state for state in AssetState}
    if wanted.state in states:
        question = question.where(Asset.state == states[wanted.state])
    else:
        question = question.where(Asset.state != AssetState.REMOVED)
    for word in wanted.text.casefold().split()[:6]:
        pattern = f"%{_escaped(word)}%"
        question = question.where(
            sa.or_(
                sa.func.lower(Asset.name).like(pattern, escape="\\"),
                sa.func.lower(Asset.serial).like(pattern, escape="\\"),
                sa.func.lower(Account.name).like(pattern, escape="\\"),
                sa.func.lower(Site.name).like(pattern, escape="\\"),
            )
        )
    if wanted.ends_by is not None:
        question = question.where(Asset.warranty_to <= wanted.ends_by)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), last)
    rows = db.session.scalars(
        question.options(*_whole())
        .order_by(Account.name, Site.name, Asset.name, Asset.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return Listed(rows, total, page, last)


def assets_of_account(account_id: int) -> Sequence[Asset]:
    """List a customer's units that are not gone, by site and name, with site and product."""
    return db.session.scalars(
        sa.select(Asset)
        .join(Asset.site)
        .where(Site.account_id == account_id, Asset.state != AssetState.REMOVED)
        .options(*_whole())
        .order_by(Site.name, Asset.name, Asset.serial, Asset.id)
        .limit(MOST)
    ).all()


def assets_of_order(order_id: int) -> Sequence[Asset]:
    """List the units that an order brings, by its lines, with site and product."""
    return assets_of_orders([order_id])


def assets_of_orders(order_ids: Collection[int]) -> Sequence[Asset]:
    """List the units that orders bring, by their lines, with site and product."""
    return db.session.scalars(
        sa.select(Asset)
        .join(Asset.order_line)
        .where(OrderLine.order_id.in_(order_ids))
        .options(*_whole())
        .order_by(OrderLine.order_id, OrderLine.position, Asset.id)
    ).all()


def units_of(asset_id: int | None, order_line_id: int | None, *, for_change: bool = False) -> Sequence[Asset]:
    """The units that work is about: the one that it names, else all of its order line that are not gone."""
    question = sa.select(Asset).options(*_whole()).order_by(Asset.id)
    if asset_id is not None:
        question = question.where(Asset.id == asset_id)
    elif order_line_id is not None:
        question = question.where(Asset.order_line_id == order_line_id, Asset.state != AssetState.REMOVED)
    else:
        return ()
    if for_change:
        question = question.with_for_update(of=Asset).execution_options(populate_existing=True)
    return db.session.scalars(question).all()


def only_units(order_line_ids: Iterable[int | None]) -> dict[int | None, int]:
    """The units of order lines that sell a single one, by line; lines that sell several, or none, are left out."""
    ids = {line_id for line_id in order_line_ids if line_id is not None}
    if not ids:
        return {}
    found = db.session.execute(
        sa.select(Asset.order_line_id, sa.func.min(Asset.id))
        .where(Asset.order_line_id.in_(ids), Asset.state != AssetState.REMOVED)
        .group_by(Asset.order_line_id)
        .having(sa.func.count() == 1)
    )
    return {row[0]: row[1] for row in found}


def standing(product_id: int | None, serial: str, *, besides: int | None = None) -> Asset | None:
    """Find the unit of a product that carries a serial number and is not gone, with site and account."""
    question = sa.select(Asset).where(
        sa.func.lower(Asset.serial) == serial.casefold(),
        Asset.product_id == product_id if product_id is not None else Asset.product_id.is_(None),
        Asset.state != AssetState.REMOVED,
    )
    if besides is not None:
        question = question.where(Asset.id != besides)
    return db.session.scalar(question.options(*_whole()).order_by(Asset.id).limit(1))


def terms_for(asset: Asset) -> Terms:
    """Say how long a unit's clocks run: as its product says, longer by what was sold with it.

    A product that lengthens the warranty counts when it stands on the same order, for this instrument or any.
    """
    product = db.session.get(Product, asset.product_id) if asset.product_id else None
    months = (product.warranty_months if product else 0) or USUAL_WARRANTY_MONTHS
    line = db.session.get(OrderLine, asset.order_line_id) if asset.order_line_id else None
    if line is not None:
        longer = db.session.scalar(
            sa.select(sa.func.sum(Product.warranty_months))
            .join(OrderLine, OrderLine.product_id == Product.id)
            .where(
                OrderLine.order_id == line.order_id,
                OrderLine.cancelled.is_(False),
                OrderLine.quantity > 0,
                Product.kind != ProductKind.INSTRUMENT,
                sa.or_(Product.option_of_id.is_(None), Product.option_of_id == asset.product_id),
            )
        )
        months += int(longer or 0)
    return Terms(warranty_months=months)


def called(asset: Asset) -> str:
    """What people call a unit: its name, with the serial number once it is known, and its site."""
    serial = f", {asset.serial}" if asset.serial else ""
    return f"{asset.name}{serial} ({asset.site.name})"


def counts_by_line(order_line_ids: Collection[int]) -> Mapping[int, int]:
    """Count the units of order lines that are not gone."""
    rows = db.session.execute(
        sa.select(Asset.order_line_id, sa.func.count())
        .where(Asset.order_line_id.in_(order_line_ids), Asset.state != AssetState.REMOVED)
        .group_by(Asset.order_line_id)
    )
    return {line_id: count for line_id, count in rows if line_id is not None}


def _whole() -> tuple[ORMOption, ...]:
    return (
        joinedload(Asset.site).joinedload(Site.account),
        joinedload(Asset.product),
        joinedload(Asset.order_line).joinedload(OrderLine.order),
    )


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
