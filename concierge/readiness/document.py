"""The readiness checklist as a document: a frozen value, its words, its page and its print.

A `Checklist` carries everything that is printed and nothing that is looked up; `content_hash` says whether
the print on somebody's desk is still the newest. Dates, numbers and words are those of the site's language
and country.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from functools import cache

import segno
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from concierge.platform.assets import NotSetUp, asset_path
from concierge.platform.paths import templates_dir
from concierge.platform.pdf import Press, Printed, press

# Raised when the template or its styles change what is printed, so that kept prints are made again.
TEMPLATE_VERSION = 1

LANGUAGES = ("en", "de")

# Unicode CLDR, supplemental data, paper size US-Letter.
LETTER_COUNTRIES = frozenset(
    {"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"}
)

# English abroad is British in its dates; these write the month first.
_MONTH_FIRST = frozenset({"US", "PH", "PR"})

_FONTS = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")


class Severity(StrEnum):
    """What an open item holds up."""

    SHIP = "ship"
    INSTALL = "install"
    ADVISORY = "advisory"


class Evidence(StrEnum):
    """Whether an answer needs something to show for it."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Answered(StrEnum):
    """How far one item is."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    OUT_OF_RANGE = "out_of_range"
    WAIVED = "waived"


class Reached(StrEnum):
    """Where one step of the way stands."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Item:
    """One row: what the site must offer, and what has been said about it.

    `least` and `most` are in `unit`, an open end is `None`; `accepted` stands in their place where nothing
    is measured. `offset_days` counts from delivery, negative before it.
    """

    number: str
    requirement: str
    why: str = ""
    kind: str = "confirm"
    least: float | None = None
    most: float | None = None
    unit: str = ""
    accepted: str = ""
    choices: tuple[str, ...] = ()
    severity: Severity = Severity.ADVISORY
    responsible: str = ""
    evidence: Evidence = Evidence.NONE
    due_on: date | None = None
    offset_days: int | None = None
    answered: Answered = Answered.OPEN
    answer: str = ""
    answered_by: str = ""
    answered_on: date | None = None
    source: str = ""
    source_revision: str = ""
    checked_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.answered in {Answered.OPEN, Answered.OUT_OF_RANGE}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the checklist that one party answers for."""

    number: int
    title: str
    responsible: str
    items: tuple[Item, ...]

    @property
    def confirmed(self) -> int:
        """How many items need nothing more."""
        return sum(not item.is_open for item in self.items)


@dataclass(frozen=True, slots=True)
class Step:
    """One station of the way from order to handover; `on` is `None` while it is not planned."""

    name: str
    on: date | None
    reached: Reached


@dataclass(frozen=True, slots=True)
class Checklist:
    """The whole document. `revision` and `revised_on` name the print and are no part of its content."""

    company: str
    project_key: str
    order_number: str
    account: str
    site: str
    address: tuple[str, ...]
    country: str
    instruments: tuple[str, ...]
    sections: tuple[Section, ...]
    steps: tuple[Step, ...]
    language: str
    contact: str = ""
    concierge: str = ""
    concierge_phone: str = ""
    concierge_mail: str = ""
    serials: tuple[str, ...] = ()
    delivery_on: date | None = None
    sign_off_on: date | None = None
    link: str = ""
    code: str = ""
    revision: int = 1
    revised_on: date | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """All rows in their order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def paper(self) -> str:
        """A4, or Letter where the country prints on it."""
        return "Letter" if self.country in LETTER_COUNTRIES else "A4"

    @property
    def locale(self) -> Locale:
        """The language of the words with the country's way to write dates and numbers."""
        return _locale(self.language, self.country)

    @property
    def content_hash(self) -> str:
        """64 hexadecimal digits over everything printed but the revision and its day."""
        content = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"revision", "revised_on"}
        }
        content["sections"] = [asdict(section) for section in self.sections]
        content["steps"] = [asdict(step) for step in self.steps]
        text = json.dumps([TEMPLATE_VERSION, content], sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The eight digits of the content hash that are printed and can be read over the telephone."""
        digits = self.content_hash[:8].upper()
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def open_before_shipping(self) -> tuple[Item, ...]:
        """Open items that hold the shipment."""
        return tuple(item for item in self.items if item.is_open and item.severity is Severity.SHIP)


def file_name(checklist: Checklist) -> str:
    """The name under which the document is saved and mailed."""
    with force_locale(checklist.language):
        return f"{checklist.project_key}-{_('site-readiness')}.pdf"


def html(checklist: Checklist) -> str:
    """The page that is printed, in the site's language."""
    with force_locale(checklist.language):
        return render_template(
            "readiness/document.html",
            checklist=checklist,
            words=Words(checklist),
            qr=qr_path(checklist.link) if checklist.link else None,
        )


def printed(checklist: Checklist, *, on: Press | None = None) -> Printed:
    """The document as PDF/UA-1. Takes about a second: for the worker and the command line, never for a page.

    :raises Unprintable: when it cannot be laid out within its limits.
    """
    return (on or press()).print_page(html(checklist), stylesheet=stylesheet(), assets=fonts())


@cache
def stylesheet() -> str:
    """The print styles; they stand beside the template."""
    return (templates_dir() / "readiness" / "document.css").read_text("utf-8")


@cache
def fonts() -> Mapping[str, bytes]:
    """The bundled fonts by name; where nothing is bundled, the styles fall back to a font of the system."""
    try:
        return {name: asset_path(name).read_bytes() for name in _FONTS}
    except NotSetUp:
        return {}


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as one SVG path of unit squares; `size` is its side, the quiet zone included."""

    path: str
    size: int


def qr_path(text: str) -> QrCode:
    """The QR code of a link, error correction M, quiet zone of four squares (ISO/IEC 18004 §5.3.8)."""
    matrix = segno.make(text, error="m", micro=False).matrix
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                runs.append(f"M{x + 4} {y + 4}h{width}v1h-{width}z")
            x += width or 1
    return QrCode("".join(runs), len(matrix) + 8)


class Words:
    """What the template says about dates, numbers and codes, in the document's language and country."""

    def __init__(self, checklist: Checklist) -> None:
        self.checklist = checklist
        self.locale = checklist.locale

    def day(self, on: date | None) -> str:
        """A date with its weekday and year."""
        if on is None:
            return _("not set")
        if self.locale.language == "en" and self.checklist.country not in _MONTH_FIRST:
            return str(format_date(on, "EEE d MMM y", locale=self.locale))
        return str(format_skeleton("yMMMEd", on, locale=self.locale, fuzzy=True))

    def short_day(self, on: date | None) -> str:
        """A date without its weekday."""
        return str(format_date(on, "medium", locale=self.locale)) if on else _("not set")

    def offset(self, item: Item) -> str:
        """How far an item's due date lies from delivery."""
        days = item.offset_days
        match days:
            case None:
                return ""
            case 0:
                return _("on the day of delivery")
            case _ if days < 0:
                return ngettext("%(num)d day before delivery", "%(num)d days before delivery", -days)
        return ngettext("%(num)d day after delivery", "%(num)d days after delivery", days)

    def number(self, value: float) -> str:
        """A number with as many decimals as it has, six at most."""
        return str(format_decimal(value, "#,##0.######", locale=self.locale))

    def accepted(self, item: Item) -> str:
        """What is accepted as an answer."""
        unit = f"\N{NO-BREAK SPACE}{item.unit}" if item.unit else ""
        if item.least is None and item.most is None:
            return item.accepted or (_("Yes") if item.kind == "confirm" else "")
        if item.most is None:
            return _("at least %(value)s", value=self.number(item.least or 0) + unit)
        if item.least is None:
            return _("at most %(value)s", value=self.number(item.most) + unit)
        return f"{self.number(item.least)}\N{EN DASH}{self.number(item.most)}{unit}"

    def severity(self, item: Item) -> str:
        """What the item holds up, in words."""
        match item.severity:
            case Severity.SHIP:
                return _("Blocks shipment")
            case Severity.INSTALL:
                return _("Blocks installation")
        return _("Advisory")

    def evidence(self, item: Item) -> str:
        """What is asked for beside the answer."""
        match item.evidence:
            case Evidence.REQUIRED:
                return _("Evidence needed")
            case Evidence.OPTIONAL:
                return _("Evidence welcome")
        return ""

    def answered(self, item: Item) -> str:
        """How far the item is, in a word."""
        match item.answered:
            case Answered.CONFIRMED:
                return _("Confirmed")
            case Answered.OUT_OF_RANGE:
                return _("Out of range")
            case Answered.WAIVED:
                return _("Waived")
        return _("Open")

    def answered_note(self, item: Item) -> str:
        """Who answered, and when."""
        if not item.answered_on:
            return ""
        if not item.answered_by:
            return self.short_day(item.answered_on)
        return _("%(person)s, %(day)s", person=item.answered_by, day=self.short_day(item.answered_on))

    def source(self, item: Item) -> str:
        """Where the figure was read."""
        if not item.source:
            return ""
        named = f"{item.source}, {item.source_revision}" if item.source_revision else item.source
        if item.checked_on is None:
            return _("Source: %(name)s", name=named)
        return _("Source: %(name)s, checked %(day)s", name=named, day=self.short_day(item.checked_on))

    def instruments(self) -> str:
        """The instruments by name."""
        return format_list(list(self.checklist.instruments), locale=self.locale)

    def verdict(self) -> str:
        """The one sentence that says where the site stands."""
        items = self.checklist.items
        confirmed = sum(not item.is_open for item in items)
        blocking = self.checklist.open_before_shipping
        if not items:
            return _("Nothing needs to be prepared for this delivery.")
        if confirmed == len(items):
            return _("Everything is confirmed. Your site is ready.")
        if not blocking:
            return _(
                "%(confirmed)s of %(total)s points are confirmed. Nothing holds the shipment.",
                confirmed=confirmed,
                total=len(items),
            )
        first = min((item.due_on for item in blocking if item.due_on), default=None)
        if first is None:
            return ngettext(
                "%(confirmed)s of %(total)s points are confirmed. %(num)d open point holds the shipment.",
                "%(confirmed)s of %(total)s points are confirmed. %(num)d open points hold the shipment.",
                len(blocking),
                confirmed=confirmed,
                total=len(items),
            )
        return ngettext(
            "%(confirmed)s of %(total)s points are confirmed. %(num)d open point holds the shipment, "
            "due %(day)s.",
            "%(confirmed)s of %(total)s points are confirmed. %(num)d open points hold the shipment, "
            "the first due %(day)s.",
            len(blocking),
            confirmed=confirmed,
            total=len(items),
            day=self.day(first),
        )

    def section_state(self, section: Section) -> str:
        """How many of a section's points are confirmed."""
        return _(
            "%(confirmed)s of %(total)s confirmed", confirmed=section.confirmed, total=len(section.items)
        )

    def holding(self, section: Section) -> str:
        """How many open points of a section hold the shipment."""
        holding = sum(item.is_open and item.severity is Severity.SHIP for item in section.items)
        return ngettext("%(num)d point", "%(num)d points", holding) if holding else _("none")

    def first_due(self, section: Section) -> str:
        """The earliest date among the open points of a section."""
        due = min((item.due_on for item in section.items if item.is_open and item.due_on), default=None)
        if due is None and section.confirmed == len(section.items):
            return _("done")
        return self.day(due)


@cache
def _locale(language: str, country: str) -> Locale:
    if language == "en" and country not in _MONTH_FIRST:
        tags = [f"en_{country}"] if country in {"GB", "IE", "AU", "NZ", "CA", "ZA", "IN", "SG"} else []
        tags.append("en_GB")
    else:
        tags = [f"{language}_{country}", language]
    for tag in tags:
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en_GB")
