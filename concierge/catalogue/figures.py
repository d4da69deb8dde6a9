"""What cannot be true of an instrument's figures: the mistakes that makers' own documents contain.

Documents print two units that disagree (25 kg as 60 lb), a crate lighter than what is in it, a heat figure in the
column of temperatures. One value is stored, in one unit; what is printed is read again and held against it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from flask_babel import gettext as _

from concierge.core import units
from concierge.core.units import Quantity

AGREE = Decimal("0.0075")
"""By what share two figures may differ that are meant to be the same, rounding apart."""
WARMEST_ROOM = 70
"""°C; a figure above it in a column of temperatures is something else."""

MEASURED: dict[Quantity, frozenset[str]] = {
    Quantity.TEMPERATURE: frozenset({"temperature", "temperature_drift"}),
    Quantity.LENGTH: frozenset(
        {
            "width",
            "depth",
            "height",
            "length",
            "clearance",
            "distance",
            "altitude",
            "bench_width",
            "bench_depth",
        }
        | {
            "clearance_above",
            "clearance_front",
            "clearance_sides",
            "clearance_rear",
            "crate_width",
            "crate_height",
        }
    ),
    Quantity.FLUX_DENSITY: frozenset({"magnet_zone_inner", "magnet_zone_outer", "magnetic_field"}),
    Quantity.MASS: frozenset({"weight", "mass", "shipping_weight", "bench_load"}),
    Quantity.PRESSURE: frozenset(
        {"pressure", "gas_pressure", "water_pressure", "nitrogen_pressure", "exhaust_pressure"}
    ),
    Quantity.POWER: frozenset({"power", "heat_load", "cooling"}),
    Quantity.APPARENT_POWER: frozenset({"power_apparent"}),
    Quantity.FLOW: frozenset({"flow", "gas_flow", "water_flow", "exhaust_flow", "nitrogen_flow"}),
    Quantity.VOLTAGE: frozenset({"voltage", "mains_voltage"}),
    Quantity.CURRENT: frozenset({"current", "circuit_current"}),
    Quantity.SHARE: frozenset(
        {"humidity", "gas_purity", "nitrogen_purity", "hydrogen_purity", "helium_purity", "voltage_tolerance"}
    ),
    Quantity.FREQUENCY: frozenset({"frequency", "mains_frequency"}),
    Quantity.SOUND: frozenset({"sound", "noise"}),
}
"""Which quantities are measured in the units of what; quantities of a playbook's own are not judged."""


class Figure(Protocol):
    """One figure of an instrument."""

    @property
    def quantity(self) -> str: ...
    @property
    def minimum(self) -> float | None: ...
    @property
    def maximum(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def printed(self) -> str: ...
    @property
    def condition(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that cannot be true, or looks wrong, of a figure."""

    quantity: str
    sentence: str
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure found in a text, with its unit and how exactly it is written."""

    value: Decimal
    symbol: str
    half_step: Decimal
    place: tuple[int, int]

    @property
    def in_words(self) -> str:
        """The figure with its unit."""
        return f"{self.value:f} {self.symbol}"

    @property
    def quantity(self) -> Quantity:
        """What its unit measures."""
        return units.unit_of(self.symbol).quantity

    def span(self) -> tuple[Decimal, Decimal]:
        """Between what it lies in the stored unit, rounding and a little more allowed."""
        slack = max(self.half_step, abs(self.value) * AGREE)
        low = units.to_stored(self.value - slack, self.symbol)
        return low, units.to_stored(self.value + slack, self.symbol)


_SYMBOLS = sorted(
    {
        *units.UNITS,
        "BTU/hr",
        "lbs",
        "inch",
        "inches",
        "feet",
        "m3/h",
        "m3/min",
        "dB",
        "psig",
        "gauss",
        "VAC",
        "Watt",
    }
    - {"", "h", "d", "min", "t", "T", "g", "K"},
    key=len,
    reverse=True,
)
_UNIT = rf"[\s\u00a0-]*(?P<{{}}>{'|'.join(re.escape(one) for one in _SYMBOLS)})(?![\w/])"
_FIGURE = re.compile(
    r"(?<![\w.,])[WHDLØ]?\s?(?P<number>\d{1,3}(?:[\u00a0\u202f\u2009 ]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    rf"(?:{_UNIT.format('before')}(?=\s*±))?(?:\s*±\s*(?P<by>\d+(?:[.,]\d+)?)\s*(?P<share>%)?)?"
    rf"(?:{_UNIT.format('unit')})?"
)
_BETWEEN = re.compile(r"\s*(?:\(|/|=|or|oder|,)?\s*(?:approx\.?|ca\.?|about|≈)?\s*")
_SAME = re.compile(r"\s*(?:[–×x/-]|to|bis)\s*$")


def doubts(figures: Iterable[Figure]) -> tuple[Doubt, ...]:
    """Everything that cannot be true or looks wrong of an instrument's figures."""
    figures = tuple(figures)
    return (*(one for figure in figures for one in _of_figure(figure)), *_lighter_when_packed(figures))


def disagreements(text: str) -> Iterator[tuple[str, str, str]]:
    """Pairs of figures in a text that are one thing in two units and do not agree: both, and what the first one is."""
    groups: list[list[Printed]] = []
    for figure in figures_in(text):
        gap = text[groups[-1][-1].place[1] : figure.place[0]] if groups else ""
        if groups and groups[-1][-1].symbol == figure.symbol and _SAME.match(gap):
            groups[-1].append(figure)
        else:
            groups.append([figure])
    for before, after in pairwise(groups):
        gap = text[before[-1].place[1] : after[0].place[0]]
        if len(before) != len(after) or before[0].symbol == after[0].symbol or not _BETWEEN.fullmatch(gap):
            continue
        if before[0].quantity is not after[0].quantity:
            continue
        for one, other in zip(before, after, strict=True):
            (low, high), (least, most) = one.span(), other.span()
            if high < least or most < low:
                stored = units.to_stored(one.value, one.symbol)
                said = units.rounded(units.from_stored(stored, other.symbol))
                yield one.in_words, other.in_words, f"{said:f} {other.symbol}"


def figures_in(text: str) -> tuple[Printed, ...]:
    """The figures of a text that have a unit; one without takes that of the figure after it, as in 18–27 °C."""
    hits = list(_FIGURE.finditer(text))
    found: list[Printed] = []
    symbol = ""
    for place in range(len(hits) - 1, -1, -1):
        hit = hits[place]
        follows = place + 1 < len(hits) and _SAME.match(text[hit.end() : hits[place + 1].start()] or "none")
        if hit["unit"] or hit["before"]:
            symbol = units.unit_of(hit["before"] or hit["unit"]).symbol
        elif not (symbol and follows):
            symbol = ""
            continue
        value, half = _value(hit["number"])
        spans = [(value, half)]
        if hit["by"]:
            by = _value(hit["by"])[0] * (value / 100 if hit["share"] else 1)
            spans += [(value - by, half), (value + by, half)]
        found += [Printed(each, symbol, step, hit.span()) for each, step in spans]
    return tuple(sorted(found, key=lambda one: one.place))


def _value(digits: str) -> tuple[Decimal, Decimal]:
    plain = re.sub(r"[\s\u00a0\u202f\u2009]", "", digits).replace(",", ".")
    value = Decimal(plain)
    exponent = value.as_tuple().exponent
    return value, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) / 2


def _of_figure(figure: Figure) -> Iterator[Doubt]:
    name = figure.quantity.replace("_", " ")

    def doubt(sentence: str, *, is_wrong: bool = False) -> Doubt:
        return Doubt(figure.quantity, sentence, is_wrong)

    if figure.minimum is not None and figure.maximum is not None and figure.minimum > figure.maximum:
        yield doubt(
            _("The figure for %(name)s has a least that is more than its most. Exchange them.", name=name),
            is_wrong=True,
        )
    wanted = next((known for known, slugs in MEASURED.items() if figure.quantity in slugs), None)
    known = units.unit_of(figure.unit).quantity if units.is_known(figure.unit) else None
    if wanted is not None and known is not wanted and (figure.minimum, figure.maximum) != (None, None):
        yield doubt(
            _(
                "The figure for %(name)s is in “%(unit)s”, which does not measure that. Give it in a unit such as "
                "%(example)s.",
                name=name,
                unit=figure.unit,
                example=units.STORED[wanted],
            ),
            is_wrong=True,
        )
        return
    if known is Quantity.MASS and any(
        end is not None and end <= 0 for end in (figure.minimum, figure.maximum)
    ):
        yield doubt(
            _("The figure for %(name)s weighs nothing. Enter what it weighs.", name=name), is_wrong=True
        )
    if known is Quantity.TEMPERATURE:
        yield from _too_hot(figure, name)
    for one, other, said in disagreements(figure.printed):
        yield doubt(
            _(
                "“%(printed)s” says one thing in two units that disagree: %(one)s is %(said)s, not %(other)s. "
                "Find out which one is meant.",
                printed=figure.printed,
                one=one,
                said=said,
                other=other,
            )
        )
    if known is not None and not _is_as_printed(figure):
        ends = [f"{end:g}" for end in (figure.minimum, figure.maximum) if end is not None]
        yield doubt(
            _(
                "The figure for %(name)s is kept as %(kept)s %(unit)s, but “%(printed)s” is printed. "
                "Correct one of them.",
                name=name,
                kept="–".join(dict.fromkeys(ends)),
                unit=figure.unit,
                printed=figure.printed,
            )
        )


def _too_hot(figure: Figure, name: str) -> Iterator[Doubt]:
    ends = [
        units.to_stored(Decimal(str(end)), figure.unit)
        for end in (figure.minimum, figure.maximum)
        if end is not None
    ]
    is_heat = any(one.quantity is Quantity.POWER for one in figures_in(figure.printed))
    if is_heat or any(end > WARMEST_ROOM for end in ends):
        yield Doubt(
            figure.quantity,
            _(
                "The figure for %(name)s looks like heat given off: “%(printed)s”. Enter it as heat load, in W.",
                name=name,
                printed=figure.printed or f"{ends[-1]:f} °C",
            ),
            is_wrong=True,
        )


def _is_as_printed(figure: Figure) -> bool:
    """Whether each stored end stands in what is printed; nothing is said of a text without figures of that kind."""
    quantity = units.unit_of(figure.unit).quantity
    spans = [one.span() for one in figures_in(figure.printed) if one.quantity is quantity and one.symbol]
    if not spans or quantity is Quantity.COUNT:
        return True
    ends = [
        units.to_stored(Decimal(str(end)), figure.unit)
        for end in (figure.minimum, figure.maximum)
        if end is not None and end != 0
    ]
    margin = Decimal("0.002")
    return all(
        any(low - abs(low) * margin <= end <= high + abs(high) * margin for low, high in spans)
        for end in ends
    )


def _lighter_when_packed(figures: Sequence[Figure]) -> Iterator[Doubt]:
    net = {one.condition: one for one in figures if one.quantity == "weight"}
    for packed in figures:
        bare = net.get(packed.condition) if packed.quantity == "shipping_weight" else None
        if bare is None:
            continue
        least, most = _kilograms(bare), _kilograms(packed)
        if least is not None and most is not None and most < least:
            yield Doubt(
                packed.quantity,
                _(
                    "The crate weighs %(packed)s kg, less than the %(net)s kg of what is in it. "
                    "Find out which of the two is wrong.",
                    packed=f"{most:f}",
                    net=f"{least:f}",
                ),
                is_wrong=True,
            )


def _kilograms(figure: Figure) -> Decimal | None:
    end = figure.maximum if figure.maximum is not None else figure.minimum
    if end is None or not units.is_known(figure.unit):
        return None
    return units.to_stored(Decimal(str(end)), figure.unit)
