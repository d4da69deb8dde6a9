"""Stock as a sheet: CSV with the columns below, one unit a row; all of it comes in, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from concierge.catalogue.models import Product
from concierge.catalogue.queries import LineNames, as_alias, products_for
from concierge.catalogue.states import ProductKind
from concierge.enquiries.actions import stocking
from concierge.enquiries.models import StockUnit
from concierge.enquiries.states import StockState
from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.sheets import Cells, Column, rows_of, written
from concierge.platform.database import db
from concierge.platform.errors import Refused

MOST_ROWS = 2_000
LONGEST = 400

COLUMNS = (
    Column("product", _l("What it is, as the catalogue or your orders call it."), "", True),
    Column(
        "available",
        _l("The day from which it can leave; of announced units the day named."),
        "2026-03-17",
        True,
    ),
    Column("country", _l("Where it is: two letters."), "CH", True),
    Column("serial", _l("The number on its nameplate; a known one is corrected."), "DE-48213-07"),
    Column("state", _l("on hand or expected; without it, by the day."), "on hand"),
    Column("place", _l("The warehouse or factory."), "Basel, hall 2"),
    Column("export_days", _l("Days that papers and the way to another country take."), "10"),
    Column("options", _l("Options that are built in, several with a semicolon."), ""),
    Column("note", _l("Anything else."), ""),
)
_OTHER_NAMES = {
    "instrument": "product",
    "model": "product",
    "available_on": "available",
    "date": "available",
    "serial_number": "serial",
    "serial_no": "serial",
    "location": "place",
    "warehouse": "place",
    "lead_days": "export_days",
    "notes": "note",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sheet did: units that are new, corrected, and known already; and remarks on how it was read."""

    added: int
    changed: int
    same: int
    remarks: tuple[str, ...]


def import_sheet(data: bytes, name: str, *, today: date, at: datetime, actor_id: int | None) -> Taken:
    """Take in all units of a sheet.

    :raises BadDocument: when it is no sheet, or any of its rows is wrong; nothing is to be kept then.
    """
    table, remarks = rows_of(data, name, columns=COLUMNS, other_names=_OTHER_NAMES, longest=LONGEST)
    rows = []
    for cells in table:
        rows.append(cells)
        if len(rows) > MOST_ROWS:
            raise BadDocument(
                name, [Fault(_("The sheet has more than %(most)s units. Split it.", most=f"{MOST_ROWS:,}"))]
            )
    if not rows:
        raise BadDocument(
            name, [Fault(_("The sheet has a heading but no unit. Add one row for each of them."))]
        )
    products = _products(rows)
    counts = {"added": 0, "changed": 0, "same": 0}
    faults: list[Fault] = []
    serials: set[tuple[int, str]] = set()
    for cells in rows:
        try:
            counts[_take(cells, products, serials, today=today, at=at, actor_id=actor_id)] += 1
        except Refused as refusal:
            cells.faults.append(refusal.sentence)
        faults += [Fault(sentence, cells.number) for sentence in cells.faults]
    if faults:
        raise BadDocument(name, faults, in_rows=True)
    return Taken(counts["added"], counts["changed"], counts["same"], remarks)


def example_csv(product: str) -> str:
    """A sheet with every column and a believable row."""
    return written(COLUMNS, [{column.name: column.example for column in COLUMNS} | {"product": product}])


def _products(rows: Sequence[Cells]) -> dict[str, Product]:
    """What rows and their options are called, as it is compared, to the product."""
    by_name = {
        as_alias(text): one
        for one in db.session.scalars(sa.select(Product).order_by(Product.id.desc()))
        for text in (one.key, f"{one.maker} {one.name}", one.name)
    }
    texts = sorted({cells.cell("product") for cells in rows})
    for text, found in zip(
        texts, products_for([LineNames(seller_item_id=text, name=text) for text in texts]), strict=True
    ):
        if found is not None:
            by_name.setdefault(as_alias(text), found)
    return by_name


def _take(
    cells: Cells,
    products: dict[str, Product],
    serials: set[tuple[int, str]],
    *,
    today: date,
    at: datetime,
    actor_id: int | None,
) -> str:
    product = products.get(as_alias(cells.cell("product")))
    available_on = cells.date("available")
    if cells.cell("product") and (product is None or product.kind is not ProductKind.INSTRUMENT):
        cells.faults.append(
            _(
                "No instrument of the catalogue is called “%(name)s”. Correct the name.",
                name=cells.cell("product"),
            )
        )
    options = []
    for text in cells.several("options"):
        option = products.get(as_alias(text))
        if option is None or option.kind is not ProductKind.OPTION:
            cells.faults.append(_("“%(name)s” is no option of the catalogue. Correct it.", name=text))
        else:
            options.append(option.key)
    days = cells.cell("export_days") or "0"
    if not (days.isascii() and days.isdigit() and int(days[:6]) <= 365):
        cells.faults.append(_("export_days: write a number of days from 0 to 365."))
    states = {"": None, "on hand": StockState.ON_HAND, "expected": StockState.EXPECTED}
    written_state = cells.cell("state").casefold().replace("_", " ")
    if written_state not in states:
        cells.faults.append(_("state: write on hand or expected."))
    serial = cells.cell("serial")[:80]
    if product is not None and serial:
        key = (product.id, serial.casefold())
        if key in serials:
            cells.faults.append(_("This serial number stands twice in the sheet. Keep one row."))
        serials.add(key)
    if cells.faults or product is None or available_on is None:
        return "same"
    known = _known(product, serial)
    state = states[written_state] or (StockState.ON_HAND if available_on <= today else StockState.EXPECTED)
    values: dict[str, Any] = {  # Any: values of the columns
        "options": sorted(options),
        "place": cells.cell("place")[:120],
        "country": cells.cell("country").upper(),
        "export_days": int(days),
        "available_on": available_on,
        "state": state,
        "note": cells.cell("note"),
    }
    if known is None:
        stocking.add_units(product, serial=serial, at=at, actor_id=actor_id, **values)
        return "added"
    return "changed" if stocking.change_unit(known, at=at, actor_id=actor_id, **values) else "same"


def _known(product: Product, serial: str) -> StockUnit | None:
    if not serial:
        return None
    return db.session.scalar(
        sa.select(StockUnit)
        .where(
            StockUnit.product_id == product.id,
            sa.func.lower(StockUnit.serial) == serial.lower(),
            StockUnit.state != StockState.GONE,
        )
        .options(joinedload(StockUnit.product))
    )
