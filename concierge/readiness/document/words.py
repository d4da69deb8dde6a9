"""What the document says about dates, numbers and codes, in the language and the country of the site."""

from datetime import date
from decimal import Decimal

from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core import units
from concierge.readiness.document.values import (
    MONTH_FIRST,
    Answered,
    Checklist,
    Evidence,
    Item,
    Section,
    Severity,
    locale_of,
)


class Figures:
    """Dates, numbers and units as a country writes them in a language."""

    def __init__(self, *, language: str, country: str) -> None:
        self.country = country
        self.locale = locale_of(language, country)

    def day(self, on: date | None) -> str:
        """A date with its weekday and year."""
        if on is None:
            return _("not set")
        if self.locale.language == "en" and self.country not in MONTH_FIRST:
            return str(format_date(on, "EEE d MMM y", locale=self.locale))
        return str(format_skeleton("yMMMEd", on, locale=self.locale, fuzzy=True))

    def short_day(self, on: date | None) -> str:
        """A date without its weekday."""
        return str(format_date(on, "medium", locale=self.locale)) if on else _("not set")

    def number(self, value: float) -> str:
        """A number with as many decimals as it has, six at most; thousands are grouped from five digits on."""
        pattern = "#,##0.######" if abs(value) >= 10_000 else "0.######"
        return str(format_decimal(value, pattern, locale=self.locale))

    def accepted(self, item: Item) -> str:
        """What is accepted as an answer; in the United States with customary units beside it."""
        if item.least is None and item.most is None:
            return item.accepted or (_("Yes") if item.kind == "confirm" else "")
        text = self._between(item.least, item.most, item.unit)
        customary = units.CUSTOMARY_US.get(item.unit) if self.country == "US" else None
        if item.is_difference and item.unit == "°C":
            customary = None  # half a degree of drift is not 32.9 °F
        if customary is None:
            return text
        converted = [
            self.number(_converted(bound, item.unit, customary))
            for bound in (item.least, item.most)
            if bound is not None
        ]
        together = "\N{EN DASH}".join(dict.fromkeys(converted))
        return f"{text} ({together}\N{NO-BREAK SPACE}{customary})"

    def _between(self, least: float | None, most: float | None, symbol: str) -> str:
        unit = f"\N{NO-BREAK SPACE}{symbol}" if symbol else ""
        if least is None:
            return _("at most %(value)s", value=self.number(most or 0) + unit)
        if most is None:
            return _("at least %(value)s", value=self.number(least) + unit)
        if least == most:
            return self.number(least) + unit
        return f"{self.number(least)}\N{EN DASH}{self.number(most)}{unit}"


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
        if due is None and section.confirmed == len(section.counted):
            return _("done")
        return self.day(due)


def _converted(bound: float, unit: str, to_unit: str) -> float:
    return float(units.rounded(units.convert(Decimal(str(bound)), from_unit=unit, to_unit=to_unit)))
