"""Dates, times, spans and amounts in words: the filters that templates put values through."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal
from flask import Flask, g
from flask_babel import get_locale
from flask_babel.speaklater import LazyString

from concierge.core.money import minor_digits
from concierge.platform import clock
from concierge.platform.speech import gettext as _
from concierge.platform.speech import ngettext


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update(
        day=day,
        written=written,
        clock=clock_time,
        instant=instant,
        span=span,
        moment=moment,
        amount=amount,
        localized=localized,
        called=called,
        in_words=in_words,
        workdays=workdays,
        slip=slip,
        money=money,
        source_revision=source_revision,
        country=country,
        there_now=there_now,
        ago=ago,
        listed=listed,
    )


def day(value: date | datetime | None, *, weekday: bool = True) -> str:
    """A day: "Fri 11 Dec", with the year only when it is not this year; "not set" for None."""
    if value is None:
        return _("not set")
    value = value.date() if isinstance(value, datetime) else value
    locale = _locale()
    with_year = value.year != clock.now().year
    match locale.language:
        case "de":
            pattern = ("E, " if weekday else "") + "d. MMM" + (" y" if with_year else "")
        case "en":
            pattern = ("E " if weekday else "") + "d MMM" + (" y" if with_year else "")
        case _:
            return _as_usual(value, f"{'y' * with_year}MMM{'E' * weekday}d", locale)
    return _written(value, pattern, locale)


def written(value: date, pattern: str) -> str:
    """A day as a pattern of CLDR says it in the reader's language: "Dec", "11 Dec"."""
    return _written(value, pattern, _locale())


def told_day(value: object) -> str:
    """A day, or the day of an instant, as stored facts tell it (ISO 8601); "not set" for nothing or no text."""
    return day(datetime.fromisoformat(value)) if isinstance(value, str) and value else day(None)


@lru_cache(maxsize=4096)
def _written(value: date, pattern: str, locale: Locale) -> str:
    """A day as written; lists say the same days again and again."""
    return format_date(value, pattern, locale=locale)


@lru_cache(maxsize=1024)
def _as_usual(value: date, skeleton: str, locale: Locale) -> str:
    """A day in the order that is usual in a language of customers."""
    return str(format_skeleton(skeleton, value, locale=locale, fuzzy=True))


def clock_time(value: datetime | time, zone: str | None = None) -> str:
    """A time of day: "08:00"; an aware instant needs the zone it is meant in."""
    if isinstance(value, datetime) and zone:
        value = value.astimezone(ZoneInfo(zone))
    moment = value.time() if isinstance(value, datetime) else value
    return format_time(moment, "HH:mm", locale=_locale())


def instant(value: datetime | None, zone: str) -> str:
    """An instant at a place: "Fri 11 Dec, 08:00"."""
    if value is None:
        return _("not set")
    there = value.astimezone(ZoneInfo(zone))
    return f"{day(there)}, {clock_time(there)}"


def span(starts: datetime, ends: datetime) -> str:
    """From when to when, wall times of one place: "Fri 27 Nov, 08:00–12:00", "Tue 1 Dec 08:00 – Thu 3 Dec 17:00"."""
    if starts.date() == ends.date():
        return f"{day(starts)}, {clock_time(starts)}–{clock_time(ends)}"
    return f"{day(starts)} {clock_time(starts)} – {day(ends)} {clock_time(ends)}"


def moment(wall: datetime) -> str:
    """A wall time of one place: "Fri 27 Nov, 08:00"."""
    return f"{day(wall)}, {clock_time(wall)}"


def amount(value: Decimal) -> str:
    """How many or how much, without zeros at the end: "2", "0.5"."""
    return str(format_decimal(value, locale=_locale()))


def localized(texts: Mapping[str, str] | None, language: str | None = None) -> str:
    """The text of a language, else English, else any; empty when there is none."""
    if not texts:
        return ""
    wanted = (language or str(_locale().language)).split("-")[0].split("_")[0]
    return texts.get(wanted) or texts.get("en") or next(iter(texts.values()), "")


_KEPT: dict[str, LazyString] = {}


def keep(english: str, said: LazyString) -> str:
    """Let a sentence of ours stand in a column among those that people type; it is kept in English.

    :return: the sentence, to be kept; ``in_words`` says it in each reader's language.
    """
    _KEPT[english] = said
    return english


def in_words(text: str) -> str:
    """What stands in a column: what somebody typed as they typed it, a sentence of ours in the reader's language."""
    return str(_KEPT.get(text, text))


class Titled(Protocol):
    """Work or a visit: what it is called where it was planned, and what it is called by language."""

    @property
    def title(self) -> Any: ...  # Any: also a column of a row
    @property
    def titles(self) -> Any: ...


def called(one: Titled) -> str:
    """What work or a visit is called in the reader's language; as it was typed when a person named it."""
    return localized(one.titles) or str(one.title)


def workdays(count: int) -> str:
    """A length in prose: "4 working days"."""
    return ngettext("%(num)s working day", "%(num)s working days", abs(count))


def slip(count: int) -> str:
    """A slip in a table: "+4 d", "−2 d", empty for none."""
    if count == 0:
        return ""
    return _("%(sign)s%(days)s d", sign="+" if count > 0 else "−", days=abs(count))


def money(minor: int | None, currency: str) -> str:
    """An amount in minor units: "CHF 412,000.00" as the locale writes it."""
    if minor is None or not currency:
        return _("not stated")
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    return str(
        format_currency(amount, currency, locale=_locale(), format="¤¤ #,##0.00", currency_digits=True)
    )


def source_revision(text: str) -> str:
    """The revision of a document that a figure was read in, as it was written down there."""
    return text or _("revision not stated")


def country(code: str) -> str:
    """A country's name in the reader's language."""
    return str(_locale().territories.get(code.upper(), code))


def there_now(zone: str) -> str:
    """What time it is at a place: "10:42"."""
    return clock_time(clock.now(), zone)


def ago(value: datetime | None) -> str:
    """How long since: "5 minutes ago", "3 days ago"; "never" for None."""
    if value is None:
        return _("never")
    passed = clock.now() - value
    if passed < timedelta(minutes=2):
        return _("just now")
    if passed < timedelta(hours=2):
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", passed // timedelta(minutes=1))
    if passed < timedelta(days=2):
        return ngettext("%(num)s hour ago", "%(num)s hours ago", passed // timedelta(hours=1))
    return ngettext("%(num)s day ago", "%(num)s days ago", passed.days)


def listed(words: Iterable[str]) -> str:
    """Words as a list in prose: "A, B and C"."""
    return format_list([str(word) for word in words], locale=_locale())


def _locale() -> Locale:
    try:
        known = g._flask_babel.babel_locale  # what Flask-Babel gives; a list asks a hundred times
    except (AttributeError, RuntimeError):  # not asked for yet, or no application around
        known = None
    return known or get_locale() or Locale("en", "GB")
