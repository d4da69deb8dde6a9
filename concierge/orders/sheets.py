"""What sheets of one thing a row share: a heading in any order, and rows that say what is wrong with them."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel.speaklater import LazyString

from concierge.orders import fields
from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.spreadsheet import table_of

MOST_COLUMNS = 400

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet."""

    name: str
    meaning: str | LazyString
    example: str = ""
    required: bool = False


@dataclass(slots=True)
class Cells:
    """One row of a sheet, by column, and what is wrong with it so far."""

    number: int
    """The line of the file on which it stands, from 1."""
    texts: Mapping[str, str]
    faults: list[str] = field(default_factory=list)

    def cell(self, name: str) -> str:
        """What stands in a column; empty when nothing does, or there is no such column."""
        return self.texts.get(name, "")

    def several(self, name: str) -> tuple[str, ...]:
        """The parts of a cell that a semicolon or a line end parts."""
        return tuple(part.strip() for part in re.split(r"[;\n]", self.cell(name)) if part.strip())

    def date(self, name: str) -> date | None:
        """The day in a column; `None` when it is empty, or cannot be read, which is a fault."""
        return self.read(name, fields.as_written_date)

    def read(self, name: str, read: Callable[[str], T]) -> T | None:
        """What a cell means; `None` when it is empty, or cannot be read, which is a fault."""
        text = self.cell(name)
        if not text:
            return None
        try:
            return read(text)
        except fields.Unreadable as unreadable:
            self.faults.append(_("%(column)s: %(why)s", column=name, why=str(unreadable)))
            return None


def rows_of(
    data: bytes, name: str, *, columns: Sequence[Column], other_names: Mapping[str, str], longest: int
) -> tuple[Iterator[Cells], tuple[str, ...]]:
    """The rows of a sheet in which something stands, and remarks on how it was read.

    :param other_names: how people call columns otherwise.
    :param longest: characters of one cell that are read.
    :raises BadDocument: when the file is no sheet, or lacks a column.
    """
    table, remarks = table_of(data, name)
    heading = next(table, (1, []))[1]
    places, ignored = _places(heading, name, columns, other_names)
    if ignored:
        remarks += (
            _("These columns are not known and were not read: %(names)s.", names=", ".join(ignored[:10])),
        )
    filled = ((number, cells) for number, cells in table if any(cell.strip() for cell in cells))
    return (
        _cells(number, cells, places, len(heading), columns, longest) for number, cells in filled
    ), remarks


def written(columns: Sequence[Column], rows: Iterable[Mapping[str, str]]) -> str:
    """A sheet with every column and these rows, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in columns], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _places(
    heading: Sequence[str], name: str, columns: Sequence[Column], other_names: Mapping[str, str]
) -> tuple[dict[str, int], list[str]]:
    known = {column.name for column in columns}
    places: dict[str, int] = {}
    faults, ignored = [], []
    for place, cell in enumerate(heading[:MOST_COLUMNS]):
        plain = re.sub(r"[^a-z0-9]+", "_", cell.strip().casefold()).strip("_")
        column = other_names.get(plain, plain)
        if column in places:
            faults.append(Fault(_("The column %(name)s stands twice. Keep one.", name=column), 1))
        elif column in known:
            places[column] = place
        elif plain:
            ignored.append(cell.strip()[:60])
    for each in columns:
        if each.required and each.name not in places:
            sentence = _(
                "The column %(name)s is missing. Add it to the heading; the example file shows all columns.",
                name=each.name,
            )
            faults.append(Fault(sentence, 1))
    if faults:
        raise BadDocument(name, faults, in_rows=True)
    return places, ignored


def _cells(
    number: int,
    cells: Sequence[str],
    places: Mapping[str, int],
    width: int,
    columns: Sequence[Column],
    longest: int,
) -> Cells:
    texts = {name: _text(cells[place], longest) for name, place in places.items() if place < len(cells)}
    row = Cells(number, texts)
    if any(cell.strip() for cell in cells[width:]):
        row.faults.append(
            _("There are more cells than columns. Put quotation marks around text with a separator.")
        )
    for column in columns:
        if column.required and not row.cell(column.name):
            row.faults.append(_("The column %(name)s is empty. Fill it.", name=column.name))
    return row


def _text(cell: str, longest: int) -> str:
    """A cell on one line, without the mark by which programs keep formulas from running."""
    text = " ".join(cell.split())[:longest]
    return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text
