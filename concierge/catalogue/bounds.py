"""What bounds a requirement: its own figures, the instrument's, the mains of the destination; and how that is said."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

from concierge.catalogue.models import ProductFact
from concierge.core import mains, units
from concierge.platform.speech import RIGHT_TO_LEFT, languages_of

MAINS_VOLTAGE, MAINS_FREQUENCY, MAINS_PLUG = "mains_voltage", "mains_frequency", "mains_plug"
"""What an item's ``fact`` may name besides the figures of instruments: the supply of the destination."""
FOR_MAINS = "mains-"
"""How the condition of a figure begins that holds for a mains voltage: ``mains-120``."""
BOTH_ENDS = frozenset(
    {"voltage", "frequency", "exhaust_pressure", "exhaust_duct", "magnet_zone_outer", "air_line"}
)
"""Quantities of which a single figure is meant as it stands; of others the site offers it at least."""


@dataclass(frozen=True, slots=True)
class Destination:
    """What a checklist is computed from besides playbooks and figures: where it goes, and all that is sold."""

    country: str = ""
    """ISO 3166-1 alpha-2; empty: not known."""
    sold: frozenset[str] = frozenset()
    """Keys of products."""


def facts_for(
    quantity: str, facts: Iterable[ProductFact], instrument: str, destination: Destination
) -> tuple[ProductFact, ...]:
    """The figures of an instrument that hold for what is sold and where it goes; the most particular only."""
    best: tuple[ProductFact, ...] = ()
    rank = (-1, 0)
    for fact in facts:
        held = _holds(fact.condition or "", instrument, destination) if fact.quantity == quantity else None
        if held is None or held < rank:
            continue
        best = (*best, fact) if held == rank else (fact,)
        rank = held
    return best


def _holds(condition: str, instrument: str, destination: Destination) -> tuple[int, int] | None:
    """How particular a figure's condition is where it holds, an option more than a mains voltage; else `None`."""
    options = place = 0
    for part in filter(None, condition.split("+")):
        if part.startswith(FOR_MAINS) and part.removeprefix(FOR_MAINS).isdecimal():
            found = mains.rank(float(part.removeprefix(FOR_MAINS)), destination.country)
            if found is None:
                return None
            place = 9 - found
        elif {part, f"{instrument}-{part}"} & destination.sold:
            options += 1
        else:
            return None
    return options, place


def ends_of(fact: ProductFact, unit: str) -> tuple[float | None, float | None]:
    """The bounds that a figure gives, in a unit; none when it measures something else."""
    low, high = fact.minimum, fact.maximum
    if low is not None and low == high and fact.quantity not in BOTH_ENDS:
        high = None
    if fact.unit == unit:
        return low, high
    if not (units.is_known(fact.unit) and units.is_known(unit)):
        return None, None
    if units.unit_of(fact.unit).quantity is not units.unit_of(unit).quantity:
        return None, None
    low, high = (
        None if end is None else float(units.convert(Decimal(str(end)), from_unit=fact.unit, to_unit=unit))
        for end in (low, high)
    )
    return low, high


def said(
    text: str, wanted: Any, *, language: str, country: str
) -> str:  # Any: whatever has bounds and a unit
    """A text with the figures that it names.

    :param wanted: a `Wanted`, or an item of a playbook, with ``minimum``, ``maximum``, ``unit``, ``quantity``.
    :param country: whose units stand first; empty: those of record only.
    """
    if "{" not in text:
        return text
    supply = mains.mains_of(country)
    told = {
        "{range}": range_in_words(wanted, language=language, country=country),
        "{mains}": ""
        if supply is None
        else (
            f"{' / '.join(map(str, supply.voltages))}\u00a0V, {' / '.join(map(str, supply.frequencies))}\u00a0Hz"
        ),
        "{plugs}": "" if supply is None else ", ".join(supply.plugs),
    }
    for name, words in told.items():
        text = text.replace(name, _apart(words, language) if words else "…")
    if "{languages}" in text:
        text = text.replace("{languages}", languages_in_words(country, language=language) or "…")
    return text


def languages_in_words(country: str, *, language: str) -> str:
    """The languages of a country by name, any of which will do there: “German, French or Italian”.

    :param language: that they are named in.
    """
    names = [Locale(language).languages.get(code, code) for code in languages_of(country)]
    return str(format_list(names, style="or", locale=language))


def _apart(words: str, language: str) -> str:
    """Figures that keep their order within words from right to left."""
    if language not in RIGHT_TO_LEFT:
        return words
    return f"\N{LEFT-TO-RIGHT ISOLATE}{words}\N{POP DIRECTIONAL ISOLATE}"


def asked_in_words(
    item: Any,  # Any: a row or a part of a playbook
    text: str,
    *,
    language: str,
    facts: Iterable[ProductFact] = (),
    instrument: str = "",
    destination: Destination | None = None,
) -> str:
    """A text of a playbook's item as a project would read it, as far as that is known.

    Without a destination every figure that may hold is said: “220–240 V / 108–132 V”.
    """
    where = destination or Destination()
    if "{range}" in text and item.fact:
        facts = [fact for fact in facts if fact.quantity == item.fact]
        chosen = facts_for(item.fact, facts, instrument, where) or facts
        ranges = [
            range_in_words(
                _Bounded(*ends_of(fact, item.unit), item.unit, item.quantity, item.key),
                language=language,
                country=where.country,
            )
            for fact in chosen
        ]
        told = " / ".join(dict.fromkeys(filter(None, ranges)))
        text = text.replace("{range}", _apart(told, language) if told else "{range}")
    return said(text, item, language=language, country=where.country)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """Bounds as `range_in_words` reads them."""

    minimum: float | None
    maximum: float | None
    unit: str
    quantity: str
    key: str


def range_in_words(wanted: Any, *, language: str, country: str) -> str:  # Any: see `said`
    """What is accepted: “18–27 °C”, “≥ 300 mm”; where people measure otherwise, in their units first."""
    least, most = (None if end is None else Decimal(str(end)) for end in (wanted.minimum, wanted.maximum))
    if least is None and most is None:
        return ""
    kept = _span(least, most, wanted.unit, language)
    own = units.preferred(wanted.unit, country=country, quantity=wanted.quantity or "")
    if own == wanted.unit:
        return kept
    is_moved = "drift" in f"{wanted.quantity} {getattr(wanted, 'key', '')}"
    shown = units.shown_bounds(least, most, unit=wanted.unit, to_unit=own, is_difference=is_moved)
    return f"{_span(*shown, own, language)} ({kept})"


def _span(least: Decimal | None, most: Decimal | None, unit: str, language: str) -> str:
    def number(value: Decimal) -> str:
        pattern = "#,##0.######" if abs(value) >= 10_000 else "0.######"
        try:
            return str(format_decimal(value, pattern, locale=language))
        except (ValueError, LookupError):
            return f"{value:f}"

    symbol = f"\u00a0{unit}" if unit else ""
    match least, most:
        case None, None:
            return ""
        case None, Decimal() as high:
            return f"≤\u00a0{number(high)}{symbol}"
        case Decimal() as low, None:
            return f"≥\u00a0{number(low)}{symbol}"
        case Decimal() as low, Decimal() as high:
            return f"{number(low)}{symbol}" if low == high else f"{number(low)}–{number(high)}{symbol}"
    return ""
