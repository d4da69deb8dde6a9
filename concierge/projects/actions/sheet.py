"""Running projects as a sheet: CSV with the columns below, one project a row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from concierge.accounts import clocks
from concierge.catalogue.states import MilestoneKind
from concierge.catalogue.words import milestone_words
from concierge.orders import fields
from concierge.orders.incoming import BadDocument, Fault
from concierge.orders.sheets import Cells, Column, rows_of, written
from concierge.platform.words import told_day

MOST_PROJECTS = 5000
MOST_PRODUCTS = 20
LONGEST = 160
"""Characters of one cell that are read."""

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
    table, remarks = rows_of(data, name, columns=COLUMNS, other_names=_OTHER_NAMES, longest=LONGEST)
    rows = []
    for cells in table:
        rows.append(_row(cells))
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
    return written(COLUMNS, (first, second))


def _row(cells: Cells) -> SheetRow:
    """The row's project."""
    if len(cells.cell("external_key")) > 80:
        cells.faults.append(_("The key is longer than 80 characters. Shorten it."))
    zone = cells.cell("zone")
    if zone and not clocks.is_zone(zone):
        cells.faults.append(_("“%(zone)s” is no time zone. Write one such as Europe/Zurich.", zone=zone[:40]))
        zone = ""
    products = cells.several("products")
    if len(products) > MOST_PRODUCTS:
        cells.faults.append(
            _("More than %(most)s products are named. Split the project.", most=MOST_PRODUCTS)
        )
    start, required = cells.date("start"), cells.date("required")
    promised = {kind: on for name, kind in STAGES.items() if (on := cells.date(name + PROMISED))}
    finished = {kind: on for name, kind in STAGES.items() if (on := cells.date(name + FINISHED))}
    if start:
        _check_order(cells, start, required, promised, finished)
    return SheetRow(
        number=cells.number,
        external_key=cells.cell("external_key")[:80],
        account=cells.cell("account"),
        site=cells.cell("site"),
        street=cells.cell("street"),
        postal_code=cells.cell("postal_code")[:20],
        city=cells.cell("city")[:100],
        subdivision=cells.cell("subdivision")[:60],
        country=cells.read("country", fields.as_country) or "",
        zone=zone,
        products=products[:MOST_PRODUCTS],
        quantity=_quantity(cells),
        concierge=cells.cell("concierge").casefold(),
        contact_name=cells.cell("contact_name")[:120],
        contact_email=cells.cell("contact_email"),
        start=start,
        required=required,
        promised=promised,
        finished=finished,
        faults=tuple(cells.faults),
    )


def _check_order(
    cells: Cells,
    start: date,
    required: date | None,
    promised: Mapping[MilestoneKind, date],
    finished: Mapping[MilestoneKind, date],
) -> None:
    if required and required <= start:
        cells.faults.append(_("The required go-live is not after the start. Correct one of the two days."))
    names = {kind: name for name, kind in STAGES.items()}
    for kind, on in promised.items():
        if on < start:
            cells.faults.append(
                _(
                    "%(column)s lies before the start. Correct one of the two days.",
                    column=names[kind] + PROMISED,
                )
            )
    for kind, on in finished.items():
        if on < start:
            cells.faults.append(
                _(
                    "%(column)s lies before the start. Correct one of the two days.",
                    column=names[kind] + FINISHED,
                )
            )


def _quantity(cells: Cells) -> int:
    number = cells.read("quantity", fields.as_written_decimal)
    if number is None:
        return 1
    if number != int(number) or not 1 <= number <= 50:
        cells.faults.append(
            _("The quantity is %(number)s. Write a whole number from 1 to 50.", number=number)
        )
        return 1
    return int(number)
