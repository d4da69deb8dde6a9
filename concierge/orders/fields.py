"""Words of a document read as dates, numbers, money, countries; a refusal says how to write it."""

import re
from datetime import date, time
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

from babel import Locale
from babel.numbers import get_currency_precision, is_currency
from flask_babel import gettext as _

FIRST_YEAR, LAST_YEAR = 1980, 2199
LARGEST_QUANTITY = Decimal(10) ** 9
LARGEST_AMOUNT = Decimal(10) ** 13
QUANTITY_PLACES = 4

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_PERSONS_NUMBER = re.compile(r"[+-]?\d[\d., '\u2019\u00a0\u202f]*", re.ASCII)
_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
_MEANT_COUNTRIES = {"UK": "GB", "EL": "GR"}


class Unreadable(Exception):
    """A word that cannot be read as what it should be; the message says how to write it."""


def as_date(text: str) -> date:
    """A day written as ISO 8601, an XML Schema zone is dropped: the day stands as the sender wrote it.

    :raises Unreadable: when it is no day of the calendar or outside 1980–2199.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise Unreadable(_("“%(text)s” is not a date. Write it as 2026-03-31.", text=_short(text)))
    return _day(text, *(int(part) for part in match.groups()))


def as_written_date(text: str) -> date:
    """A day as people write it into a sheet: ISO 8601, or 31.03.2026.

    :raises Unreadable: when it is no date, or one that two countries read differently (03/04/2026).
    """
    if match := _DOTTED_DATE.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
        return _day(text, year, month, day)
    if "/" in text:
        raise Unreadable(
            _(
                "“%(text)s” can mean two different days. Write the year first, as in 2026-03-31.",
                text=_short(text),
            )
        )
    return as_date(text)


def as_time(text: str) -> time:
    """A time of day at the site; an offset is dropped, for the site's own clock counts.

    :raises Unreadable: when it is no time of day.
    """
    match = _TIME.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    if (hour, minute, second) == (24, 0, 0):
        return time(23, 59)
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable(_("“%(text)s” is not a time of day. Write it as 14:30:00.", text=_short(text)))
    return time(hour, minute, second)


def as_decimal(text: str) -> Decimal:
    """A number as XML Schema writes it: digits and a point.

    :raises Unreadable: when it is none.
    """
    if len(text) > 40 or not _DECIMAL.fullmatch(text):
        raise Unreadable(
            _("“%(text)s” is not a number. Write it with a point, as in 1250.50.", text=_short(text))
        )
    return Decimal(text)


def as_written_decimal(text: str) -> Decimal:
    """A number as people write it: 1250.50, 1250,50, 1.250,50 or 1,250.50.

    :raises Unreadable: when it is none, or can mean two numbers (1,250 or 1.250).
    """
    if len(text) > 40 or not _PERSONS_NUMBER.fullmatch(text):
        raise Unreadable(_("“%(text)s” is not a number. Write it as in 1250.50.", text=_short(text)))
    packed = re.sub(r"[ '\u2019\u00a0\u202f]", "", text)
    decimal_sign = max(".,", key=packed.rfind)
    whole, _sign, fraction = packed.rpartition(decimal_sign)
    if not whole:
        return as_decimal(packed.replace(",", "."))
    other = "," if decimal_sign == "." else "."
    if other in whole:
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(other)}\d{{3}})+", whole):
            raise Unreadable(_("“%(text)s” is not a number. Write it as in 1250.50.", text=_short(text)))
        return as_decimal(f"{whole.replace(other, '')}.{fraction}")
    if decimal_sign in whole or (len(fraction) == 3 and re.fullmatch(r"[+-]?[1-9]\d{0,2}", whole)):
        raise Unreadable(
            _(
                "“%(text)s” can mean two numbers. Write it without a thousands sign, as in 1250 or 1.25.",
                text=_short(text),
            )
        )
    return as_decimal(f"{whole}.{fraction}")


def as_quantity(number: Decimal) -> Decimal:
    """A quantity that can be delivered.

    :raises Unreadable: when it is negative or larger than a billion.
    """
    if number < 0:
        raise Unreadable(
            _(
                "The quantity %(number)s is negative. Correct it, or cancel the line with an order change.",
                number=number,
            )
        )
    if number >= LARGEST_QUANTITY:
        raise Unreadable(_("The quantity %(number)s is too large. Correct it.", number=number))
    return number.quantize(Decimal(1).scaleb(-QUANTITY_PLACES), ROUND_HALF_EVEN)


def as_currency(text: str) -> str:
    """An ISO 4217 code.

    :raises Unreadable: when there is no such currency.
    """
    code = text.upper()
    if not is_currency(code) or code in {"XXX", "XTS"}:
        raise Unreadable(
            _("“%(text)s” is not a currency. Use its three-letter code, as in EUR.", text=_short(text))
        )
    return code


def as_minor(amount: Decimal, currency: str) -> int:
    """Money in the smallest unit of its currency (cents for EUR, whole yen for JPY), halves to the even side.

    :raises Unreadable: when no price could be that high.
    """
    if abs(amount) >= LARGEST_AMOUNT:
        raise Unreadable(_("The amount %(amount)s is too large. Correct it.", amount=amount))
    return int(amount.scaleb(get_currency_precision(currency)).to_integral_value(ROUND_HALF_EVEN))


def as_country(text: str) -> str:
    """An ISO 3166-1 alpha-2 code, from the code or the country's English name.

    :raises Unreadable: when there is no such country.
    """
    code = text.upper()
    if code in country_codes():
        return code
    if code in _MEANT_COUNTRIES:
        raise Unreadable(
            _(
                "“%(text)s” is not a country code. Write %(code)s.",
                text=_short(text),
                code=_MEANT_COUNTRIES[code],
            )
        )
    named = _countries_by_name().get(text.casefold())
    if named is None:
        raise Unreadable(
            _(
                "“%(text)s” is not a country. Use its two-letter ISO 3166 code, as in DE for Germany.",
                text=_short(text),
            )
        )
    return named


@cache
def country_codes() -> frozenset[str]:
    """Every ISO 3166-1 alpha-2 code, and XK, which is used for Kosovo."""
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


@cache
def _countries_by_name() -> dict[str, str]:
    territories = Locale("en").territories
    return {territories[code].casefold(): code for code in country_codes()}


def _day(text: str, year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise Unreadable(
            _("There is no day “%(text)s” in the calendar. Write a day that exists.", text=_short(text))
        ) from error
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable(_("The year of “%(text)s” cannot be meant. Correct it.", text=_short(text)))
    return found


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
