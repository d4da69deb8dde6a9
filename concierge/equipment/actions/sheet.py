"""An installed base as a sheet: CSV with the columns below, one instrument a row."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.sheets import Cells, Column, rows_of, written

MOST_ROWS = 20_000
LONGEST = 400
"""Characters of one cell that are read."""


COLUMNS = (
    Column(
        "account", _l("The customer, by name or by the letters of their projects."), "Halden Biologics", True
    ),
    Column(
        "site", _l("The name of the place; empty where the customer has one only."), "Building 4, cell lab"
    ),
    Column("product", _l("What it is, as the catalogue or your orders call it.")),
    Column("name", _l("What people call it; that of the product when empty."), "HPLC 2"),
    Column("serial", _l("The number on its nameplate; it is known by it ever after."), "DE-48213-07", True),
    Column("place", _l("Building, floor, room."), "Floor 2, room 214"),
    Column("installed", _l("The day on which it was installed."), "2025-03-17"),
    Column("warranty_to", _l("The last day of its warranty."), "2027-03-16"),
    Column("options", _l("Its options, several with a semicolon."), "Autosampler; column oven"),
    Column("software", _l("Its software, several with a semicolon: name = version."), "Acquisition = 4.2"),
    Column("note", _l("Anything else."), ""),
)
_OTHER_NAMES = {
    "customer": "account",
    "instrument": "product",
    "model": "product",
    "serial_number": "serial",
    "serial_no": "serial",
    "sn": "serial",
    "room": "place",
    "location": "place",
    "installed_on": "installed",
    "warranty": "warranty_to",
    "warranty_until": "warranty_to",
    "notes": "note",
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One instrument as a row says it; ``faults`` say what is wrong with the row and how to write it."""

    number: int
    account: str = ""
    site: str = ""
    product: str = ""
    name: str = ""
    serial: str = ""
    place: str = ""
    installed: date | None = None
    warranty_to: date | None = None
    options: tuple[str, ...] = ()
    software: tuple[tuple[str, str], ...] = ()
    note: str = ""
    faults: tuple[str, ...] = ()


def read_sheet(data: bytes, name: str) -> tuple[tuple[SheetRow, ...], tuple[str, ...]]:
    """The instruments of a sheet, and remarks on how it was read. A faulty row carries its faults.

    :raises BadDocument: when the file is no sheet, lacks a column, or holds no instrument or too many.
    """
    table, remarks = rows_of(data, name, columns=COLUMNS, other_names=_OTHER_NAMES, longest=LONGEST)
    rows = []
    for cells in table:
        rows.append(_row(cells))
        if len(rows) > MOST_ROWS:
            sentence = _("The sheet has more than %(most)s instruments. Split it.", most=f"{MOST_ROWS:,}")
            raise BadDocument(name, [Fault(sentence)])
    if not rows:
        raise BadDocument(
            name, [Fault(_("The sheet has a heading but no instrument. Add one row for each of them."))]
        )
    return tuple(rows), remarks


def example_csv(account: str, product: str) -> str:
    """A sheet with every column and a believable row.

    :param account: the name of a customer who is known.
    :param product: the name of something in the catalogue.
    """
    row = {column.name: column.example for column in COLUMNS} | {"site": "", "product": product}
    return written(COLUMNS, [row | ({"account": account} if account else {})])


def _row(cells: Cells) -> SheetRow:
    """The row's instrument."""
    for name, most in (("serial", 80), ("name", 160), ("place", 120)):
        if len(cells.cell(name)) > most:
            cells.faults.append(
                _("%(column)s is longer than %(most)s characters. Shorten it.", column=name, most=most)
            )
    installed, warranty_to = cells.date("installed"), cells.date("warranty_to")
    if installed and warranty_to and warranty_to < installed:
        cells.faults.append(_("The warranty ends before it was installed. Correct one of the two days."))
    if not cells.cell("product") and not cells.cell("name"):
        cells.faults.append(_("Say what it is: fill product or name."))
    return SheetRow(
        number=cells.number,
        account=cells.cell("account"),
        site=cells.cell("site"),
        product=cells.cell("product"),
        name=cells.cell("name")[:160],
        serial=cells.cell("serial")[:80],
        place=cells.cell("place")[:120],
        installed=installed,
        warranty_to=warranty_to,
        options=cells.several("options")[:40],
        software=tuple(_versioned(one) for one in cells.several("software")[:40]),
        note=cells.cell("note"),
        faults=tuple(cells.faults),
    )


def _versioned(text: str) -> tuple[str, str]:
    name, _equals, version = text.partition("=")
    return name.strip(), version.strip()
