"""Running projects as a sheet: CSV with the columns below, one project a row."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from concierge.accounts import clocks
from concierge.catalogue.states import MilestoneKind
from concierge.catalogue.words import milestone_words
from concierge.orders import fields
from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.spreadsheet import table_of
from concierge.platform.words import told_day

MOST_PROJECTS = 5000
MOST_PRODUCTS = 20
LONGEST = 160
"""Characters of one cell that are read."""

T = TypeVar("T")

STAGES = {
    "kick_off": MilestoneKind.KICK_OFF,
    "site_survey": MilestoneKind.SITE_SURVEY,
    "site_ready": MilestoneKind.SITE_READY,
    "ship_released": MilestoneKind.SHIP_RELEASED,
    "delivered": MilestoneKind.DELIVERED,
    "installed": MilestoneKind.INSTALLED,
    "iq": MilestoneKind.IQ,
    "oq": MilestoneKind.OQ,
    "pq": MilestoneKind.PQ,
    "training": MilestoneKind.TRAINING,
    "handover": MilestoneKind.HANDOVER,
}
"""How the sheet calls milestones; each has two columns, when it was promised for and when it was finished."""
PROMISED, FINISHED = "_promised", "_finished"
_CHANGES = {
    "concierge": _l("another concierge"),
    "required": _l("go-live required on %(on)s"),
    "finished": _l("%(what)s: finished on %(on)s"),
    "promised": _l("%(what)s: promised for %(on)s"),
}


def change_words(change: Mapping[str, str] | str) -> str:
    """What a row of the sheet changed in a project, in the reader's language.

    :param change: ``{"what": …, "stage": …, "on": ISO day}``; a text is an English sentence of before 0.6.
    """
    if isinstance(change, str):
        return change
    kind = STAGES.get(change.get("stage", ""))
    what = milestone_words()[kind] if kind else ""
    return str(_CHANGES[change["what"]]) % {"what": what, "on": told_day(change.get("on"))}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet."""

    name: str
    meaning: str | LazyString
    example: str = ""
    required: bool = False


COLUMNS = (
    Column(
        "external_key",
        _l("The project’s key in your other system; it is known by it ever after."),
        "P-2041",
        True,
    ),
    Column("account", _l("The customer."), "Institute of Blood Research", True),
    Column("site", _l("The name of the place of installation."), "Building 4, cell lab"),
    Column("street", _l("Street and house number."), "Sensengasse 8"),
    Column("postal_code", _l("Postal code."), "1090"),
    Column("city", _l("Town of the place of installation."), "Wien", True),
    Column("subdivision", _l("State, province or canton.")),
    Column("country", _l("Two-letter ISO 3166 code of the country."), "AT", True),
    Column("zone", _l("Time zone of the place; that of its country when empty."), "Europe/Vienna"),
    Column(
        "products",
        _l("What is installed, as the catalogue or your orders call it; several with a semicolon."),
        "Flow cytometer",
        True,
    ),
    Column("quantity", _l("How many of each; 1 when empty."), "1"),
    Column("concierge", _l("E-mail address of who looks after it.")),
    Column("contact_name", _l("The person at the site."), "Yuki Brandt"),
    Column("contact_email", _l("The person’s e-mail address."), "yuki.brandt@example.org"),
    Column("start", _l("The day on which the order was accepted."), "2026-09-07", True),
    Column("required", _l("The go-live that the customer requires."), "2027-03-01"),
    *(
        column
        for name in STAGES
        for column in (
            Column(name + PROMISED, _l("The day for which it was promised.")),
            Column(name + FINISHED, _l("The day on which it was finished.")),
        )
    ),
)
_KNOWN = {column.name for column in COLUMNS}
_OTHER_NAMES = {
    "key": "external_key",
    "project": "external_key",
    "customer": "account",
    "town": "city",
    "zip": "postal_code",
    "postcode": "postal_code",
    "product": "products",
    "instrument": "products",
    "email": "contact_email",
    "contact": "contact_name",
    "time_zone": "zone",
    "go_live": "required",
    "required_on": "required",
    "required_go_live": "required",
    "started": "start",
    "owner": "concierge",
    "concierge_email": "concierge",
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One project as a row says it; ``faults`` say what is wrong with the row and how to write it."""

    number: int
    external_key: str = ""
    account: str = ""
    site: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    subdivision: str = ""
    country: str = ""
    zone: str = ""
    products: tuple[str, ...] = ()
    quantity: int = 1
    concierge: str = ""
    contact_name: str = ""
    contact_email: str = ""
    start: date | None = None
    required: date | None = None
    promised: Mapping[MilestoneKind, date] = field(default_factory=dict)
    finished: Mapping[MilestoneKind, date] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of all that the row says."""
        said = [getattr(self, name) for name in self.__dataclass_fields__ if name not in {"number", "faults"}]
        plain = [
            sorted((kind.value, on.isoformat()) for kind, on in one.items())
            if isinstance(one, Mapping)
            else one
            for one in said
        ]
        return hashlib.sha256(json.dumps(plain, default=str).encode()).hexdigest()


def read_sheet(data: bytes, name: str) -> tuple[tuple[SheetRow, ...], tuple[str, ...]]:
    """The projects of a sheet, and remarks on how it was read. A faulty row carries its faults.

    :raises BadDocument: when the file is no sheet, lacks a column, or holds no project or too many.
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
        if len(rows) > MOST_PROJECTS:
            sentence = _("The sheet has more than %(most)s projects. Split it.", most=f"{MOST_PROJECTS:,}")
            raise BadDocument(name, [Fault(sentence)])
    if not rows:
        raise BadDocument(
            name, [Fault(_("The sheet has a heading but no project. Add one row for each project."))]
        )
    return tuple(rows), remarks


def example_csv(product: str) -> str:
    """A sheet that can be imported as it is: one project on its way, one that is almost done.

    :param product: the name of something that is in the catalogue.
    """
    first = {column.name: column.example for column in COLUMNS}
    first["products"] = product
    first |= {
        "kick_off_finished": "2026-09-11",
        "delivered_promised": "2027-01-18",
        "handover_promised": "2027-02-26",
    }
    second = first | {
        "external_key": "P-2042",
        "account": "Kaze Genomics KK",
        "site": "Sequencing floor",
        "street": "2-1 Yamadaoka",
        "postal_code": "565-0871",
        "city": "Suita",
        "country": "JP",
        "zone": "Asia/Tokyo",
        "contact_name": "Haru Kaze",
        "contact_email": "haru.kaze@example.org",
        "start": "2026-05-11",
        "required": "",
        "kick_off_finished": "2026-05-20",
        "delivered_promised": "2026-10-05",
        "delivered_finished": "2026-10-07",
        "handover_promised": "2026-12-04",
    }
    written = io.StringIO()
    writer = csv.DictWriter(written, [column.name for column in COLUMNS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows((first, second))
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
    for column_ in COLUMNS:
        if column_.required and column_.name not in places:
            sentence = _(
                "The column %(name)s is missing. Add it to the heading; the example file shows all columns.",
                name=column_.name,
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
        """The row's project."""
        if any(cell.strip() for cell in self._cells[self._width :]):
            self._fault(
                _("There are more cells than columns. Put quotation marks around text with a separator.")
            )
        for column in COLUMNS:
            if column.required and not self._cell(column.name):
                self._fault(_("The column %(name)s is empty. Fill it.", name=column.name))
        if len(self._cell("external_key")) > 80:
            self._fault(_("The key is longer than 80 characters. Shorten it."))
        zone = self._cell("zone")
        if zone and not clocks.is_zone(zone):
            self._fault(_("“%(zone)s” is no time zone. Write one such as Europe/Zurich.", zone=zone[:40]))
            zone = ""
        products = tuple(part.strip() for part in re.split(r"[;\n]", self._cell("products")) if part.strip())
        if len(products) > MOST_PRODUCTS:
            self._fault(_("More than %(most)s products are named. Split the project.", most=MOST_PRODUCTS))
        start, required = self._date("start"), self._date("required")
        promised = {kind: on for name, kind in STAGES.items() if (on := self._date(name + PROMISED))}
        finished = {kind: on for name, kind in STAGES.items() if (on := self._date(name + FINISHED))}
        if start:
            self._check_order(start, required, promised, finished)
        return SheetRow(
            number=self._number,
            external_key=self._cell("external_key")[:80],
            account=self._cell("account"),
            site=self._cell("site"),
            street=self._cell("street"),
            postal_code=self._cell("postal_code")[:20],
            city=self._cell("city")[:100],
            subdivision=self._cell("subdivision")[:60],
            country=self._read("country", fields.as_country) or "",
            zone=zone,
            products=products[:MOST_PRODUCTS],
            quantity=self._quantity(),
            concierge=self._cell("concierge").casefold(),
            contact_name=self._cell("contact_name")[:120],
            contact_email=self._cell("contact_email"),
            start=start,
            required=required,
            promised=promised,
            finished=finished,
            faults=tuple(self._faults),
        )

    def _check_order(
        self,
        start: date,
        required: date | None,
        promised: Mapping[MilestoneKind, date],
        finished: Mapping[MilestoneKind, date],
    ) -> None:
        if required and required <= start:
            self._fault(_("The required go-live is not after the start. Correct one of the two days."))
        names = {kind: name for name, kind in STAGES.items()}
        for kind, on in promised.items():
            if on < start:
                self._fault(
                    _(
                        "%(column)s lies before the start. Correct one of the two days.",
                        column=names[kind] + PROMISED,
                    )
                )
        for kind, on in finished.items():
            if on < start:
                self._fault(
                    _(
                        "%(column)s lies before the start. Correct one of the two days.",
                        column=names[kind] + FINISHED,
                    )
                )

    def _quantity(self) -> int:
        number = self._read("quantity", fields.as_written_decimal)
        if number is None:
            return 1
        if number != int(number) or not 1 <= number <= 50:
            self._fault(_("The quantity is %(number)s. Write a whole number from 1 to 50.", number=number))
            return 1
        return int(number)

    def _date(self, name: str) -> date | None:
        return self._read(name, fields.as_written_date)

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        text = self._cell(name)
        if not text:
            return None
        try:
            return read(text)
        except fields.Unreadable as unreadable:
            self._fault(_("%(column)s: %(why)s", column=name, why=str(unreadable)))
            return None

    def _cell(self, name: str) -> str:
        place = self._places.get(name)
        if place is None or place >= len(self._cells):
            return ""
        text = " ".join(self._cells[place].split())[:LONGEST]
        return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text

    def _fault(self, sentence: str) -> None:
        self._faults.append(sentence)
