"""Orders as a sheet: CSV with the columns below, one order line a row, rows of one number belong together."""

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from concierge.orders import fields
from concierge.orders.incoming import (
    NUMBER_LENGTH,
    Address,
    BadDocument,
    DeliveryPeriod,
    Fault,
    IncomingLine,
    IncomingOrder,
    Party,
    PartyId,
    PeriodKind,
    Person,
)
from concierge.orders.states import DocumentKind
from concierge.platform.database import clean

DELIMITERS = ",;\t|"
MOST_ROWS = 200_000
MOST_ORDERS = 500
MOST_COLUMNS = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `of_order` = the same on every row of an order, so it may be left empty after the first."""

    name: str
    meaning: str | LazyString
    example: str
    required: bool = False
    of_order: bool = True


COLUMNS = (
    Column("order_number", _l("The order's number in the seller's system."), "SO-10442", required=True),
    Column("system", _l("The system that counts the orders, when there are several."), ""),
    Column("ordered_on", _l("The day of the order."), "2026-11-02"),
    Column("customer", _l("The company that buys."), "Institute of Blood Research", required=True),
    Column("customer_id", _l("The customer's number, such as GLN, VAT or customer number."), "C-20871"),
    Column("site", _l("The name of the place of installation."), "Building 4, cell lab"),
    Column("street", _l("Street and house number of the place of delivery."), "Sensengasse 8"),
    Column("postal_code", _l("Postal code of the place of delivery."), "1090"),
    Column("city", _l("Town of the place of delivery."), "Wien"),
    Column("subdivision", _l("State, province or canton."), ""),
    Column("country", _l("Two-letter ISO 3166 code of the country."), "AT", required=True),
    Column("contact_name", _l("The person at the site."), "Yuki Brandt"),
    Column("contact_email", _l("The person's e-mail address."), "yuki.brandt@example.org"),
    Column("contact_phone", _l("The person's telephone number."), "+43 1 555 0199"),
    Column("delivery_from", _l("First day on which delivery is asked for."), "2027-02-15"),
    Column("delivery_to", _l("Last day on which delivery is asked for."), "2027-02-26"),
    Column("line_number", _l("The line's number; counted when empty."), "10", of_order=False),
    Column("item_id", _l("The seller's item number."), "CF-3000", of_order=False),
    Column("standard_id", _l("GTIN or another standard number of the item."), "", of_order=False),
    Column("item_name", _l("What is ordered."), "Flow cytometer, 3 lasers", required=True, of_order=False),
    Column("quantity", _l("How many; 1 when empty."), "1", of_order=False),
    Column("unit", _l("Unit code (UN/ECE Rec. 20); C62 = piece when empty."), "C62", of_order=False),
    Column("unit_price", _l("Price of one unit."), "184500.00", of_order=False),
    Column("currency", _l("Three-letter code of the currency."), "EUR"),
    Column("note", _l("Anything else about the line."), "", of_order=False),
)
_BY_NAME = {column.name: column for column in COLUMNS}
_OTHER_NAMES = {
    "order": "order_number",
    "order_no": "order_number",
    "order_id": "order_number",
    "po_number": "order_number",
    "customer_name": "customer",
    "account": "customer",
    "address": "street",
    "zip": "postal_code",
    "postcode": "postal_code",
    "town": "city",
    "state": "subdivision",
    "region": "subdivision",
    "country_code": "country",
    "email": "contact_email",
    "phone": "contact_phone",
    "contact": "contact_name",
    "requested_from": "delivery_from",
    "delivery_date": "delivery_from",
    "requested_to": "delivery_to",
    "line": "line_number",
    "line_no": "line_number",
    "item_number": "item_id",
    "item_no": "item_id",
    "sku": "item_id",
    "gtin": "standard_id",
    "item": "item_name",
    "name": "item_name",
    "qty": "quantity",
    "price": "unit_price",
    "order_date": "ordered_on",
}


def example_csv() -> str:
    """A sheet that can be imported as it is: two lines of one order and one of another."""
    first = {column.name: column.example for column in COLUMNS}
    second = first | {
        "line_number": "20",
        "item_id": "CF-3000-IQ",
        "item_name": "IQ and OQ, on site",
        "unit_price": "6200.00",
    }
    third = first | {
        "order_number": "SO-10443",
        "customer": "Kaze Genomics KK",
        "customer_id": "C-20902",
        "site": "",
        "street": "2-1 Yamadaoka",
        "postal_code": "565-0871",
        "city": "Suita",
        "subdivision": "Osaka",
        "country": "JP",
        "contact_name": "Haru Kaze",
        "contact_email": "haru.kaze@example.org",
        "contact_phone": "",
        "delivery_from": "2027-03-08",
        "delivery_to": "",
        "item_id": "SQ-900",
        "item_name": "Bench sequencer",
        "unit_price": "18900000",
        "currency": "JPY",
    }
    written = io.StringIO()
    writer = csv.DictWriter(written, [column.name for column in COLUMNS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows((first, second, third))
    return written.getvalue()


def read_csv(data: bytes, name: str) -> tuple[IncomingOrder, ...]:
    """The orders of a sheet; `name` is the file's, for the sentences.

    :raises BadDocument: with every faulty row, named by its number (the heading is row 1).
    """
    text, remarks = _decoded(data, name)
    table = _rows(text, name)
    heading = next(table, (1, []))[1]
    places, ignored = _columns(heading, name)
    if ignored:
        remarks += (
            _("These columns are not known and were not read: %(names)s.", names=", ".join(ignored[:10])),
        )
    reader = _Sheet(places, len(heading))
    orders = reader.orders(table, remarks)
    if reader.faults:
        raise BadDocument(name, reader.faults, in_rows=True)
    if len(orders) > MOST_ORDERS:
        sentence = _(
            "The sheet has %(found)d orders; at most %(most)d go in at once. Split it.",
            found=len(orders),
            most=MOST_ORDERS,
        )
        raise BadDocument(name, [Fault(sentence)])
    if not orders:
        raise BadDocument(
            name, [Fault(_("The sheet has a heading but no order. Add one row for each order line."))]
        )
    return orders


def table_of(data: bytes, name: str) -> tuple[Iterator[tuple[int, list[str]]], tuple[str, ...]]:
    """The rows of any sheet with their numbers, the heading first, and remarks on how it was read.

    :raises BadDocument: when it is no text, or a quotation mark is not closed.
    """
    text, remarks = _decoded(data, name)
    return _rows(text, name), remarks


def looks_like_sheet(data: bytes) -> bool:
    """Whether the first line names at least two known columns."""
    first = data[:4096].decode("utf-8-sig", "replace").splitlines()[:1]
    return bool(first) and _known(first[0], _delimiter(first[0])) >= 2


def _decoded(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
        remarks: tuple[str, ...] = ()
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            row = data[: error.start].count(b"\n") + 1
            raise BadDocument(
                name,
                [Fault(_("This row is neither UTF-8 nor Windows-1252. Save the sheet as “CSV UTF-8”."), row)],
                in_rows=True,
            ) from error
        remarks = (_("The file is not UTF-8 and was read as Windows-1252. Check names with accents."),)
    if "\x00" in text:
        row = text[: text.index("\x00")].count("\n") + 1
        raise BadDocument(
            name,
            [Fault(_("This row holds bytes that are no text. Save the sheet as “CSV UTF-8”."), row)],
            in_rows=True,
        )
    return text, remarks


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    if first.strip().lower().startswith("sep=") and "\n" in text:
        text = text.partition("\n")[2]
        first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MOST_ROWS:
                raise BadDocument(
                    name,
                    [Fault(_("The sheet has more than %(count)d rows. Split it.", count=MOST_ROWS))],
                    in_rows=True,
                )
            yield number, cells
    except csv.Error as error:
        sentence = _("A quotation mark is not closed, or stands inside a cell. Double it, or close it.")
        raise BadDocument(name, [Fault(sentence, number + 1)], in_rows=True) from error


def _delimiter(first_line: str) -> str:
    start = first_line[:20_000]
    return max(DELIMITERS, key=lambda sign: (_known(start, sign), start.count(sign)))


def _known(first_line: str, delimiter: str) -> int:
    return sum(_column_name(cell) in _BY_NAME for cell in first_line.split(delimiter))


def _column_name(cell: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", cell.strip().strip('"').casefold()).strip("_")
    return _OTHER_NAMES.get(plain, plain)


def _columns(heading: list[str], name: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Where each known column stands, and the names of those that are not known."""
    if len(heading) > MOST_COLUMNS:
        sentence = _(
            "The heading has more than %(count)d columns. Take those away that are not needed.",
            count=MOST_COLUMNS,
        )
        raise BadDocument(name, [Fault(sentence, 1)], in_rows=True)
    places: dict[str, int] = {}
    faults = []
    ignored = []
    for place, cell in enumerate(heading):
        column = _column_name(cell)
        if column in places:
            faults.append(Fault(_("The column %(name)s stands twice. Keep one.", name=column), 1))
        elif column in _BY_NAME:
            places[column] = place
        elif cell.strip():
            ignored.append(cell.strip()[:60])
    missing = (one.name for one in COLUMNS if one.required and one.name not in places)
    faults.extend(Fault(_missing(one, ignored), 1) for one in missing)
    if faults:
        raise BadDocument(name, faults, in_rows=True)
    return places, tuple(ignored)


def _missing(column: str, ignored: list[str]) -> str:
    near = difflib.get_close_matches(column, ignored, n=1, cutoff=0.7)
    if near:
        return _(
            "The column %(name)s is missing. Is it “%(near)s”? Then rename that one.",
            name=column,
            near=near[0],
        )
    return _(
        "The column %(name)s is missing. Add it to the heading; the example file shows all columns.",
        name=column,
    )


@dataclass(slots=True)
class _Sheet:
    """Gathers rows into orders, and what is wrong with them."""

    places: dict[str, int]
    width: int
    faults: list[Fault] = field(default_factory=list)
    row: int = 1
    cells: list[str] = field(default_factory=list)

    def orders(
        self, table: Iterable[tuple[int, list[str]]], remarks: tuple[str, ...]
    ) -> tuple[IncomingOrder, ...]:
        heads: dict[tuple[str, str], tuple[IncomingOrder, dict[str, str]]] = {}
        lines: dict[tuple[str, str], list[IncomingLine]] = {}
        numbers: dict[tuple[str, str], set[str]] = {}
        for self.row, self.cells in table:
            if not any(cell.strip() for cell in self.cells):
                continue
            if any(cell.strip() for cell in self.cells[self.width :]):
                self._fault(
                    _("There are more cells than columns. Put quotation marks around text with a separator.")
                )
                continue
            number = self._cell("order_number")
            if not number:
                self._fault(_("The order number is missing. Fill the column order_number on every row."))
                continue
            if max(len(number), len(self._cell("line_number"))) > NUMBER_LENGTH:
                self._fault(
                    _("A number is longer than %(count)d characters. Shorten it.", count=NUMBER_LENGTH)
                )
                continue
            key = (self._cell("system"), number)
            if key not in heads:
                written = {column.name: self._cell(column.name) for column in COLUMNS if column.of_order}
                heads[key] = (replace(self._head(number), remarks=remarks), written)
                lines[key], numbers[key] = [], set()
            else:
                self._agree(heads[key][1], number)
            line = self._line(heads[key][0].currency, str(len(lines[key]) + 1))
            if line.number in numbers[key]:
                self._fault(
                    _("Line number %(number)s is used twice. Give each line its own.", number=line.number)
                )
            numbers[key].add(line.number)
            lines[key].append(line)
        return tuple(
            replace(head, lines=tuple(lines[key]), total_minor=_total(lines[key]))
            for key, (head, _written) in heads.items()
        )

    def _head(self, number: str) -> IncomingOrder:
        customer_id = self._cell("customer_id")
        address = Address(
            lines=tuple(filter(None, (self._cell("street"),))),
            city=self._cell("city"),
            postal_code=self._cell("postal_code"),
            subdivision=self._cell("subdivision"),
            country=self._read("country", fields.as_country) or "",
            line=self.row,
        )
        if not self._cell("customer"):
            self._fault(_("The customer is missing. Fill the column customer."))
        if not self._cell("country"):
            self._fault(_("The country is missing. Fill the column country with a code such as AT."))
        person = Person(self._cell("contact_name"), self._cell("contact_email"), self._cell("contact_phone"))
        return IncomingOrder(
            kind=DocumentKind.ORDER,
            number=number,
            document_number=number,
            syntax="csv",
            system=self._cell("system") or "csv",
            seller_number=number,
            buyer=Party(
                name=self._cell("customer"),
                ids=(PartyId(customer_id),) if customer_id else (),
                people=(person,) if person else (),
                line=self.row,
            ),
            delivery_address=address,
            delivery_place=self._cell("site"),
            periods=self._period(),
            issued_on=self._read("ordered_on", fields.as_written_date),
            currency=self._read("currency", fields.as_currency) or "",
            line=self.row,
        )

    def _period(self) -> tuple[DeliveryPeriod, ...]:
        from_on: date | None = self._read("delivery_from", fields.as_written_date)
        to_on: date | None = self._read("delivery_to", fields.as_written_date)
        if from_on and to_on and from_on > to_on:
            self._fault(_("The delivery period ends before it starts. Correct delivery_from or delivery_to."))
        if not from_on and not to_on:
            return ()
        return (DeliveryPeriod(PeriodKind.REQUESTED, from_on, to_on, line=self.row),)

    def _agree(self, written: dict[str, str], number: str) -> None:
        for column, first in written.items():
            now = self._cell(column)
            if now and first and now != first:
                self._fault(
                    _(
                        "Order %(number)s has two values for %(column)s: “%(first)s” and “%(now)s”. Make them"
                        " the same, or give the row another order number.",
                        number=number,
                        column=column,
                        first=first[:60],
                        now=now[:60],
                    )
                )

    def _line(self, currency: str, fallback: str) -> IncomingLine:
        name = self._cell("item_name")
        if not name:
            self._fault(_("The item's name is missing. Fill the column item_name."))
        quantity = self._read("quantity", lambda text: fields.as_quantity(fields.as_written_decimal(text)))
        price = self._read("unit_price", fields.as_written_decimal)
        if price is not None and not currency:
            self._fault(_("The price has no currency. Fill the column currency with a code such as EUR."))
        amount = self._amount(price, Decimal(1) if quantity is None else quantity, currency)
        return IncomingLine(
            number=self._cell("line_number") or fallback,
            name=name,
            quantity=Decimal(1) if quantity is None else quantity,
            unit=self._cell("unit") or "C62",
            seller_item_id=self._cell("item_id"),
            standard_item_id=self._cell("standard_id"),
            price=price,
            currency=currency,
            amount_minor=amount,
            note=self._cell("note"),
            line=self.row,
        )

    def _amount(self, price: Decimal | None, quantity: Decimal, currency: str) -> int | None:
        if price is None or not currency:
            return None
        try:
            return fields.as_minor(price * quantity, currency)
        except fields.Unreadable as error:
            self._fault(str(error))
            return None

    def _cell(self, column: str) -> str:
        place = self.places.get(column)
        if place is None or place >= len(self.cells):
            return ""
        return clean(self.cells[place], lines=column == "note")

    def _read(self, column: str, read: Callable[[str], T]) -> T | None:
        text = self._cell(column)
        if not text:
            return None
        try:
            return read(text)
        except fields.Unreadable as error:
            self._fault(_("%(column)s: %(sentence)s", column=column, sentence=error))
            return None

    def _fault(self, sentence: str) -> None:
        self.faults.append(Fault(sentence, self.row))


def _total(lines: list[IncomingLine]) -> int | None:
    amounts = [line.amount_minor for line in lines if line.amount_minor is not None]
    return sum(amounts) if amounts else None
