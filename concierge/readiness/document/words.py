"""What the document says about dates, numbers and codes, in the language and the country of the site."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache, reduce
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from concierge.core import units
from concierge.platform import words
from concierge.readiness.document.values import (
    MONTH_FIRST,
    RIGHT_TO_LEFT,
    Answered,
    Checklist,
    Deed,
    Evidence,
    Item,
    Section,
    Severity,
    locale_of,
)

STEERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
"""Marks that turn the direction of writing: ours are set around figures, nobody else's are printed."""

_EDGE = 80
"""Letters at the edge of a page: about a line."""


class Figures:
    """Dates, numbers and units as a country writes them in a language."""

    def __init__(self, *, language: str, country: str) -> None:
        self.country = country
        self.locale = locale_of(language, country)

    def day(self, on: date | None) -> str:
        """A date with its weekday and year."""
        if on is None:
            return _("not set")
        return _long_day(on, self.locale, self.country in MONTH_FIRST)

    def short_day(self, on: date | None) -> str:
        """A date without its weekday."""
        return _short_day(on, self.locale) if on else _("not set")

    def moment(self, at: datetime, zone: str) -> str:
        """A time at the site, with the name of its zone."""
        there = at.astimezone(ZoneInfo(zone))
        clock = _time(there.time().replace(second=0, microsecond=0), self.locale)
        return _(
            "%(day)s, %(time)s (%(zone)s)",
            day=self.short_day(there.date()),
            time=self.apart(clock),
            zone=self.apart(zone),
        )

    def number(self, value: float | Decimal) -> str:
        """A number with as many decimals as it has, six at most; thousands are grouped from five digits on."""
        pattern = "#,##0.######" if abs(float(value)) >= 10_000 else "0.######"
        return str(format_decimal(value, pattern, locale=self.locale))

    def accepted(self, item: Item) -> str:
        """What is accepted as an answer, in the country's units first and then in those that are kept."""
        if item.least is None and item.most is None:
            return item.accepted or (_("Yes") if item.kind == "confirm" else "")
        least, most = (None if end is None else Decimal(str(end)) for end in (item.least, item.most))
        kept = self._between(least, most, item.unit)
        own = self.unit(item)
        if own == item.unit:
            return kept
        shown = units.shown_bounds(least, most, unit=item.unit, to_unit=own, is_difference=item.is_difference)
        return f"{self._between(*shown, own)} ({kept})"

    def unit(self, item: Item) -> str:
        """The unit in which a measure is asked for; any other may be typed."""
        return units.preferred(item.unit, country=self.country, quantity=item.quantity)

    def apart(self, text: str) -> str:
        """A code, a figure or an address that keeps its order within words from right to left."""
        if not text or self.locale.language not in RIGHT_TO_LEFT:
            return text
        return f"\N{LEFT-TO-RIGHT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"

    def row(self, parts: Iterable[str]) -> str:
        """Parts of a line, as `in_a_row` has them."""
        return in_a_row(parts)

    def said(self, text: str) -> Markup:
        """Markup of a text in its own direction, which isolates alone lose where a line breaks."""
        if not text or self.locale.language not in RIGHT_TO_LEFT:
            return escape(text)
        return Markup('<span dir="{}">{}</span>').format(direction(text), text)

    def plain(self, text: str) -> str:
        """A text without the marks that set others apart, for where nothing shows them."""
        return text.translate(STEERING)

    def brief(self, text: str) -> str:
        """Its beginning, for the edge of a page: that is laid out for each page anew, however long it is."""
        if len(text) <= _EDGE:
            return text
        closing = "\N{POP DIRECTIONAL ISOLATE}" if text.startswith("\N{FIRST STRONG ISOLATE}") else ""
        return text[:_EDGE].rstrip() + "\N{HORIZONTAL ELLIPSIS}" + closing

    def _between(self, least: Decimal | None, most: Decimal | None, symbol: str) -> str:
        unit = f"\N{NO-BREAK SPACE}{symbol}" if symbol else ""

        def told(value: Decimal) -> str:
            return self.apart(self.number(value) + unit)

        match least, most:
            case None, Decimal() as high:
                return _("at most %(value)s", value=told(high))
            case Decimal() as low, None:
                return _("at least %(value)s", value=told(low))
            case Decimal() as low, Decimal() as high if low != high:
                return self.apart(f"{self.number(low)}\N{EN DASH}{self.number(high)}{unit}")
        return told(least or most or Decimal(0))


class Words(Figures):
    """What the template says about a checklist, in the document's language and country."""

    def __init__(self, checklist: Checklist) -> None:
        super().__init__(language=checklist.language, country=checklist.country)
        self.checklist = checklist

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

    def severity(self, item: Item) -> str:
        """What the item holds up, in words."""
        match item.severity:
            case Severity.SHIP:
                return _("Blocks shipment")
            case Severity.INSTALL:
                return _("Blocks installation")
            case Severity.INFO:
                return _("For information")
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
            case Answered.UNPROVEN:
                return _("Evidence missing")
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

    def source(self, item: Item) -> Markup:
        """The document that the figure was read from, as markup; empty when none is known."""
        if not item.source:
            return Markup()
        return self.said(
            f"{self.plain(item.source)}, {self.plain(words.source_revision(item.source_revision))}"
        )

    def deed(self, deed: Deed) -> str:
        """One line about something that was done."""
        what = _("%(what)s: %(note)s", what=deed.what, note=deed.who) if deed.who else deed.what
        return in_a_row([what, deed.at, deed.how, deed.more])

    def instruments(self) -> str:
        """The instruments by name."""
        return format_list(list(self.checklist.instruments), locale=self.locale)

    def verdict(self) -> str:
        """The one sentence that says where the site stands."""
        items = self.checklist.counted
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

    def asked_for(self, item: Item) -> str:
        """What a field asks for, read aloud: number, requirement, and what is accepted."""
        accepted = self.accepted(item) if item.kind == "measure" else ""
        return " ".join(
            part for part in (item.number, item.requirement, f"({accepted})" if accepted else "") if part
        )

    def section_state(self, section: Section) -> str:
        """How many of a section's points are confirmed."""
        return _(
            "%(confirmed)s of %(total)s confirmed", confirmed=section.confirmed, total=len(section.counted)
        )

    def holding(self, section: Section) -> str:
        """How many open points of a section hold the shipment."""
        holding = sum(item.is_open and item.severity is Severity.SHIP for item in section.items)
        return ngettext("%(num)d point", "%(num)d points", holding) if holding else _("none")

    def first_due(self, section: Section) -> str:
        """The earliest date among the open points of a section."""
        due = min((item.due_on for item in section.items if item.is_open and item.due_on), default=None)
        if due is None and section.confirmed == len(section.counted):
            return _("done")
        return self.day(due)


def in_a_row(parts: Iterable[str]) -> str:
    """Parts of a line with the language's commas between them; empty ones are left out."""
    told = [part for part in parts if part]
    if not told:
        return ""
    return reduce(lambda before, after: _("%(before)s, %(after)s", before=before, after=after), told)


def direction(text: str) -> str:
    """Which way a text is written, by its first letter: ``ltr`` or ``rtl``; figures run from left to right."""
    for one in text:
        match unicodedata.bidirectional(one):
            case "L":
                return "ltr"
            case "R" | "AL":
                return "rtl"
    return "ltr"


# Checklists say the same days again and again, and writing one takes longer than all else about it.


@lru_cache(maxsize=2048)
def _long_day(on: date, locale: Locale, is_month_first: bool) -> str:
    if locale.language == "en" and not is_month_first:
        return str(format_date(on, "EEE d MMM y", locale=locale))
    return str(format_skeleton("yMMMEd", on, locale=locale, fuzzy=True))


@lru_cache(maxsize=2048)
def _short_day(on: date, locale: Locale) -> str:
    if locale.language in RIGHT_TO_LEFT:  # figures and slashes turn over beside other figures
        return str(format_skeleton("yMMMd", on, locale=locale, fuzzy=True))
    return str(format_date(on, "medium", locale=locale))


@lru_cache(maxsize=2048)
def _time(at: time, locale: Locale) -> str:
    return str(format_time(at, "short", locale=locale))
