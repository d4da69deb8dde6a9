"""An installed base as a sheet: CSV with the columns below, one instrument a row."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from concierge.orders import fields
from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.spreadsheet import table_of

MOST_ROWS = 20_000
LONGEST = 400
"""Characters of one cell that are read."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet."""

    name: str
    meaning: str | LazyString
    example: str = ""
    required: bool = False


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
_KNOWN = {column.name for column in COLUMNS}
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
    table, remarks = table_of(data, name)
    heading = next(table, (1, []))[1]
    places, ignored = _places(heading, name)
    if ignored:
        remarks += (
            _("These columns are not known and were not read: %(names)s.", names=", ".join(ignored[:10])),
        )
    rows = []
    for number, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        rows.append(_Reader(number, cells, places, len(heading)).row())
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
    written = io.StringIO()
    writer = csv.DictWriter(written, [column.name for column in COLUMNS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(row | ({"account": account} if account else {}))
    return written.getvalue()


def _places(heading: list[str], name: str) -> tuple[dict[str, int], list[str]]:
    places: dict[str, int] = {}
    faults, ignored = [], []
    for place, cell in enumerate(heading[:400]):
        plain = re.sub(r"[^a-z0-9]+", "_", cell.strip().casefold()).strip("_")
        column = _OTHER_NAMES.get(plain, plain)
        if column in places:
            faults.append(Fault(_("The column %(name)s stands twice. Keep one.", name=column), 1))
        elif column in _KNOWN:
            places[column] = place
        elif plain:
            ignored.append(cell.strip()[:60])
    for each in COLUMNS:
        if each.required and each.name not in places:
            sentence = _(
                "The column %(name)s is missing. Add it to the heading; the example file shows all columns.",
                name=each.name,
            )
            faults.append(Fault(sentence, 1))
    if faults:
        raise BadDocument(name, faults, in_rows=True)
    return places, ignored


class _Reader:
    """Reads one row, and gathers what is wrong with it."""

    def __init__(self, number: int, cells: list[str], places: Mapping[str, int], width: int) -> None:
        self._number, self._cells, self._places, self._width = number, cells, places, width
        self._faults: list[str] = []

    def row(self) -> SheetRow:
        """The row's instrument."""
        if any(cell.strip() for cell in self._cells[self._width :]):
            self._faults.append(
                _("There are more cells than columns. Put quotation marks around text with a separator.")
            )
        for column in COLUMNS:
            if column.required and not self._cell(column.name):
                self._faults.append(_("The column %(name)s is empty. Fill it.", name=column.name))
        for name, most in (("serial", 80), ("name", 160), ("place", 120)):
            if len(self._cell(name)) > most:
                self._faults.append(
                    _("%(column)s is longer than %(most)s characters. Shorten it.", column=name, most=most)
                )
        installed, warranty_to = self._date("installed"), self._date("warranty_to")
        if installed and warranty_to and warranty_to < installed:
            self._faults.append(_("The warranty ends before it was installed. Correct one of the two days."))
        if not self._cell("product") and not self._cell("name"):
            self._faults.append(_("Say what it is: fill product or name."))
        return SheetRow(
            number=self._number,
            account=self._cell("account"),
            site=self._cell("site"),
            product=self._cell("product"),
            name=self._cell("name")[:160],
            serial=self._cell("serial")[:80],
            place=self._cell("place")[:120],
            installed=installed,
            warranty_to=warranty_to,
            options=self._several("options"),
            software=tuple(_versioned(one) for one in self._several("software")),
            note=self._cell("note"),
            faults=tuple(self._faults),
        )

    def _several(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in re.split(r"[;\n]", self._cell(name)) if part.strip())[:40]

    def _date(self, name: str) -> date | None:
        return self._read(name, fields.as_written_date)

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        text = self._cell(name)
        if not text:
            return None
        try:
            return read(text)
        except fields.Unreadable as unreadable:
            self._faults.append(_("%(column)s: %(why)s", column=name, why=str(unreadable)))
            return None

    def _cell(self, name: str) -> str:
        place = self._places.get(name)
        if place is None or place >= len(self._cells):
            return ""
        text = " ".join(self._cells[place].split())[:LONGEST]
        return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text


def _versioned(text: str) -> tuple[str, str]:
    name, _equals, version = text.partition("=")
    return name.strip(), version.strip()
