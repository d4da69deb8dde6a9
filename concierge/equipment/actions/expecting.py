"""Units that an order brings: expected with its plan, more or fewer with the order, and known by their serials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.equipment import queries
from concierge.equipment.events import EquipmentExpected
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.platform.events import record, record_many

MOST_OF_A_LINE = 200
"""Units of one line that are listed one by one; nobody installs more at once."""


@dataclass(frozen=True, slots=True)
class Expecting:
    """An order whose units are to be expected, and where."""

    order_id: int
    site_id: int
    project_id: int | None = None
    agreed_until: datetime | None = None
    """Lines that the order was changed by since wait; None: all lines count."""


def expect_units(orders: Sequence[Expecting], *, at: datetime, actor_id: int | None) -> Sequence[Asset]:
    """Let the base hold one unit for each one that the orders' instrument lines sell; twice changes nothing.

    What is expected beyond that and has no serial number yet is taken out again; a unit that is known by its
    number or stands there already stays for a person to look at.

    :return: what came in.
    """
    ids = [one.order_id for one in orders]
    lines_of: dict[int, list[OrderLine]] = {order_id: [] for order_id in ids}
    for line in db.session.scalars(
        sa.select(OrderLine)
        .where(OrderLine.order_id.in_(ids), OrderLine.product_id.is_not(None))
        .options(joinedload(OrderLine.product))
        .order_by(OrderLine.position)
    ):
        lines_of[line.order_id].append(line)
    there: dict[int | None, list[Asset]] = {}
    for asset in queries.assets_of_orders(ids):
        there.setdefault(asset.order_line_id, []).append(asset)
    came: list[Asset] = []
    events = []
    for one in orders:
        lines = [line for line in lines_of[one.order_id] if _is_agreed(line, one.agreed_until)]
        made, gone = _expected_of(lines, there, site_id=one.site_id, at=at)
        came += made
        if made or gone:
            events.append(
                EquipmentExpected(
                    at=at,
                    actor_id=actor_id,
                    project_id=one.project_id,
                    order_id=one.order_id,
                    added=len(made),
                    taken_out=gone,
                )
            )
    db.session.add_all(came)
    db.session.flush()
    record_many(events)
    return came


def _is_agreed(line: OrderLine, until: datetime | None) -> bool:
    return until is None or line.named_at is None or line.named_at <= until


def _expected_of(
    lines: Sequence[OrderLine], there: Mapping[int | None, Sequence[Asset]], *, site_id: int, at: datetime
) -> tuple[list[Asset], int]:
    """The units of one order that are still to come in, and how many were taken out."""
    made: list[Asset] = []
    gone = 0
    for line in lines:
        known = there.get(line.id, [])
        wanted = _units(line)
        kept = [asset for asset in known if asset.product_id == line.product_id and _is_settled(asset)]
        loose = [asset for asset in known if not _is_settled(asset)]
        matching = [asset for asset in loose if asset.product_id == line.product_id]
        missing = max(0, wanted - len(kept))
        for asset in [*matching[missing:], *(one for one in loose if one not in matching)]:
            db.session.delete(asset)
            gone += 1
        options = _options_with(line, lines)
        for asset in matching[:missing]:
            if asset.options != options:
                asset.options = options
        made += [
            _expected(line, site_id=site_id, options=options, at=at) for _n in range(missing - len(matching))
        ]
    return made, gone


def expect_nothing(
    order_id: int, *, reason: str, on: date, project_id: int | None, at: datetime, actor_id: int | None
) -> None:
    """Take out what is still expected of an order that is cancelled; a unit with a serial number is noted as gone."""
    gone = 0
    for asset in queries.assets_of_order(order_id):
        if asset.state is not AssetState.EXPECTED:
            continue
        gone += 1
        if asset.serial:
            asset.state, asset.removed_on, asset.removal_reason = AssetState.REMOVED, on, reason
        else:
            db.session.delete(asset)
    db.session.flush()
    if gone:
        record(
            EquipmentExpected(
                at=at, actor_id=actor_id, project_id=project_id, order_id=order_id, taken_out=gone
            )
        )


def note_installed(order_id: int, *, order_line_id: int | None, on: date) -> None:
    """Say that the units of an order, or of one of its lines, stand there; their clocks wait for the certificate."""
    for asset in queries.assets_of_order(order_id):
        if asset.state is AssetState.EXPECTED and order_line_id in {None, asset.order_line_id}:
            asset.state, asset.installed_on = AssetState.INSTALLED, on
    db.session.flush()


def note_not_installed(order_id: int, *, order_line_id: int | None) -> None:
    """Take that back; units whose clocks run stay."""
    for asset in queries.assets_of_order(order_id):
        is_meant = order_line_id in {None, asset.order_line_id}
        if is_meant and asset.state is AssetState.INSTALLED and asset.warranty_from is None:
            asset.state, asset.installed_on = AssetState.EXPECTED, None
    db.session.flush()


def know_serial(order_line_id: int, serial: str) -> Asset | None:
    """Give a serial number that was read to the first unit of a line that has none; `None` when there is none.

    A number that a unit of that product has already is not given twice.
    """
    asset = db.session.scalar(
        sa.select(Asset)
        .where(Asset.order_line_id == order_line_id, Asset.serial == "", Asset.state != AssetState.REMOVED)
        .order_by(Asset.id)
        .limit(1)
        .with_for_update()
    )
    if asset is None or queries.standing(asset.product_id, serial) is not None:
        return None
    asset.serial = serial
    db.session.flush()
    return asset


def forget_serial(order_line_id: int, serial: str) -> None:
    """Take a serial number back that was noted by mistake, as long as the unit is only expected."""
    asset = db.session.scalar(
        sa.select(Asset)
        .where(
            Asset.order_line_id == order_line_id,
            Asset.serial == serial,
            Asset.state == AssetState.EXPECTED,
        )
        .with_for_update()
    )
    if asset is not None:
        asset.serial = ""
        db.session.flush()


def _units(line: OrderLine) -> int:
    product = line.product
    if line.cancelled or product is None or product.kind is not ProductKind.INSTRUMENT:
        return 0
    return min(MOST_OF_A_LINE, -int(-line.quantity // 1))


def _is_settled(asset: Asset) -> bool:
    """Whether more is known of a unit than that it was ordered."""
    return asset.state is not AssetState.EXPECTED or bool(asset.serial)


def _options_with(line: OrderLine, lines: Sequence[OrderLine]) -> list[str]:
    """Names of the options of an order that go with one of its instruments."""
    instruments = {
        one.product_id for one in lines if one.product and one.product.kind is ProductKind.INSTRUMENT
    }
    return [
        one.product.name
        for one in lines
        if one.product is not None
        and one.product.kind is ProductKind.OPTION
        and not one.cancelled
        and one.quantity > 0
        and _belongs(one.product, line, alone=len(instruments) == 1)
    ]


def _belongs(option: Product, line: OrderLine, *, alone: bool) -> bool:
    return option.option_of_id == line.product_id or (option.option_of_id is None and alone)


def _expected(line: OrderLine, *, site_id: int, options: list[str], at: datetime) -> Asset:
    return Asset(
        site_id=site_id,
        product_id=line.product_id,
        order_line_id=line.id,
        name=line.product.name if line.product else line.name[:160],
        serial="",
        options=options,
        software=[],
        place="",
        state=AssetState.EXPECTED,
        created_at=at,
    )
