"""Stock as a sheet: CSV with the columns below, one unit a row; all of it comes in, or nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
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
class Row:
    """What one row of a sheet did: ``added``, ``changed`` or ``same``."""

    number: int
    product: str
    serial: str
    outcome: str
    changed: tuple[str, ...] = ()
    """The columns that were corrected."""

    def as_json(self) -> dict[str, Any]:
        """As plain values, to keep until it is agreed to."""
        return {**asdict(self), "changed": list(self.changed)}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sheet did, row by row, and remarks on how it was read."""

    rows: tuple[Row, ...]
    remarks: tuple[str, ...]

    def count(self, outcome: str) -> int:
        """How many rows did something."""
        return sum(row.outcome == outcome for row in self.rows)


def import_sheet(data: bytes, name: str, *, today: date, at: datetime, actor_id: int | None) -> Taken:
    """Take in all units of a sheet; units without a serial number are known by all else that is said of them.

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
    done: list[Row] = []
    faults: list[Fault] = []
    seen = _Seen(set(), set())
    for cells in rows:
        try:
            done.append(_take(cells, products, seen, today=today, at=at, actor_id=actor_id))
        except Refused as refusal:
            cells.faults.append(refusal.sentence)
        faults += [Fault(sentence, cells.number) for sentence in cells.faults]
    if faults:
        raise BadDocument(name, faults, in_rows=True)
    return Taken(tuple(done), remarks)


def example_csv(product: str) -> str:
    """A sheet with every column and a believable row."""
    return written(COLUMNS, [{column.name: column.example for column in COLUMNS} | {"product": product}])


@dataclass(frozen=True, slots=True)
class _Seen:
    """What earlier rows of the sheet took up."""

    serials: set[tuple[int, str]]
    unit_ids: set[int]


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
    seen: _Seen,
    *,
    today: date,
    at: datetime,
    actor_id: int | None,
) -> Row:
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
        if key in seen.serials:
            cells.faults.append(_("This serial number stands twice in the sheet. Keep one row."))
        seen.serials.add(key)
    name = product.name if product is not None else cells.cell("product")
    row = Row(cells.number, name, serial, "same")
    if cells.faults or product is None or available_on is None:
        return row
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
    known = _known(product, serial, values, besides=seen.unit_ids)
    if known is None:
        for one in stocking.add_units(product, serial=serial, at=at, actor_id=actor_id, **values):
            seen.unit_ids.add(one.id)
        return replace(row, outcome="added")
    seen.unit_ids.add(known.id)
    changed = stocking.change_unit(known, at=at, actor_id=actor_id, **values)
    return replace(row, outcome="changed", changed=changed) if changed else row


def _known(
    product: Product, serial: str, values: dict[str, Any], *, besides: set[int]
) -> StockUnit | None:  # Any: values of the columns
    """The unit that a row is about: by its serial number; one that has none yet, by when and where it is."""
    question = (
        sa.select(StockUnit)
        .where(
            StockUnit.product_id == product.id,
            sa.func.lower(StockUnit.serial) == serial.lower(),
            StockUnit.state != StockState.GONE,
        )
        .order_by(StockUnit.id)
        .options(joinedload(StockUnit.product))
    )
    if serial:
        return db.session.scalar(question)
    same = ("available_on", "country", "place", "options")
    return next(
        (
            one
            for one in db.session.scalars(question)
            if one.id not in besides and all(getattr(one, name) == values[name] for name in same)
        ),
        None,
    )
