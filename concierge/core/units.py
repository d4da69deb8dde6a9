"""The units people type and the one each quantity is stored in.

Stored are SI units and those accepted beside them, in the size people read: °C, mm, kg, kPa, W, L/min, V, A.
All arithmetic is decimal, so a value converted there and back is the value that was typed.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from typing import NoReturn


class Quantity(StrEnum):
    """What is measured."""

    TEMPERATURE = "temperature"
    LENGTH = "length"
    MASS = "mass"
    PRESSURE = "pressure"
    POWER = "power"
    APPARENT_POWER = "apparent_power"
    FLOW = "flow"
    VOLTAGE = "voltage"
    CURRENT = "current"
    SHARE = "share"
    FREQUENCY = "frequency"
    SOUND = "sound"
    FLUX_DENSITY = "flux_density"
    TIME = "time"
    RESISTIVITY = "resistivity"
    ILLUMINANCE = "illuminance"
    DATA_RATE = "data_rate"
    SPEED = "speed"
    VOLUME = "volume"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: stored value = (typed value + `shift`) × `factor`."""

    symbol: str
    quantity: Quantity
    factor: Decimal = Decimal(1)
    shift: Decimal = Decimal(0)


_INCH_MM = Decimal("25.4")
_POUND_KG = Decimal("0.45359237")
_PSI_KPA = Decimal("6.894757293168361")
_BTU_PER_HOUR_W = Decimal("0.29307107017222")
_FAHRENHEIT_DEGREE = Decimal(5) / Decimal(9)
_CUBIC_FOOT_L = Decimal("28.316846592")
_GALLON_L = Decimal("3.785411784")
_STANDARD_GRAVITY = Decimal("9.80665")

STORED: dict[Quantity, str] = {
    Quantity.TEMPERATURE: "°C",
    Quantity.LENGTH: "mm",
    Quantity.MASS: "kg",
    Quantity.PRESSURE: "kPa",
    Quantity.POWER: "W",
    Quantity.APPARENT_POWER: "VA",
    Quantity.FLOW: "L/min",
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.SHARE: "%",
    Quantity.FREQUENCY: "Hz",
    Quantity.SOUND: "dB(A)",
    Quantity.FLUX_DENSITY: "mT",
    Quantity.TIME: "h",
    Quantity.RESISTIVITY: "MΩ·cm",
    Quantity.ILLUMINANCE: "lx",
    Quantity.DATA_RATE: "Mbit/s",
    Quantity.SPEED: "m/s",
    Quantity.VOLUME: "L",
    Quantity.COUNT: "",
}
"""The symbol of the unit each quantity is stored in."""

UNITS: dict[str, Unit] = {
    unit.symbol: unit
    for unit in (
        *(Unit(symbol, quantity) for quantity, symbol in STORED.items()),
        Unit("K", Quantity.TEMPERATURE, shift=Decimal("-273.15")),
        Unit("°F", Quantity.TEMPERATURE, factor=_FAHRENHEIT_DEGREE, shift=Decimal(-32)),
        Unit("cm", Quantity.LENGTH, Decimal(10)),
        Unit("m", Quantity.LENGTH, Decimal(1000)),
        Unit("in", Quantity.LENGTH, _INCH_MM),
        Unit("ft", Quantity.LENGTH, _INCH_MM * 12),
        Unit("g", Quantity.MASS, Decimal("0.001")),
        Unit("t", Quantity.MASS, Decimal(1000)),
        Unit("lb", Quantity.MASS, _POUND_KG),
        Unit("Pa", Quantity.PRESSURE, Decimal("0.001")),
        Unit("mbar", Quantity.PRESSURE, Decimal("0.1")),
        Unit("bar", Quantity.PRESSURE, Decimal(100)),
        Unit("MPa", Quantity.PRESSURE, Decimal(1000)),
        Unit("psi", Quantity.PRESSURE, _PSI_KPA),
        Unit("hPa", Quantity.PRESSURE, Decimal("0.1")),
        Unit("atm", Quantity.PRESSURE, Decimal("101.325")),
        Unit("inHg", Quantity.PRESSURE, Decimal("3.386389")),
        Unit("kN/m²", Quantity.PRESSURE),
        Unit("kg/m²", Quantity.PRESSURE, _STANDARD_GRAVITY / 1000),
        Unit("psf", Quantity.PRESSURE, _PSI_KPA / 144),
        Unit("kW", Quantity.POWER, Decimal(1000)),
        Unit("BTU/h", Quantity.POWER, _BTU_PER_HOUR_W),
        Unit("kBTU/h", Quantity.POWER, _BTU_PER_HOUR_W * 1000),
        Unit("kVA", Quantity.APPARENT_POWER, Decimal(1000)),
        Unit("L/h", Quantity.FLOW, Decimal(1) / Decimal(60)),
        Unit("m³/min", Quantity.FLOW, Decimal(1000)),
        Unit("m³/h", Quantity.FLOW, Decimal(1000) / Decimal(60)),
        Unit("cfm", Quantity.FLOW, _CUBIC_FOOT_L),
        Unit("scfh", Quantity.FLOW, _CUBIC_FOOT_L / 60),
        Unit("gpm", Quantity.FLOW, _GALLON_L),
        Unit("gph", Quantity.FLOW, _GALLON_L / 60),
        Unit("mL/min", Quantity.FLOW, Decimal("0.001")),
        Unit("L/s", Quantity.FLOW, Decimal(60)),
        Unit("kV", Quantity.VOLTAGE, Decimal(1000)),
        Unit("mV", Quantity.VOLTAGE, Decimal("0.001")),
        Unit("mA", Quantity.CURRENT, Decimal("0.001")),
        Unit("ppm", Quantity.SHARE, Decimal("0.0001")),
        Unit("kHz", Quantity.FREQUENCY, Decimal(1000)),
        Unit("G", Quantity.FLUX_DENSITY, Decimal("0.1")),
        Unit("T", Quantity.FLUX_DENSITY, Decimal(1000)),
        Unit("min", Quantity.TIME, Decimal(1) / Decimal(60)),
        Unit("d", Quantity.TIME, Decimal(24)),
        Unit("Gbit/s", Quantity.DATA_RATE, Decimal(1000)),
        Unit("m/min", Quantity.SPEED, Decimal(1) / Decimal(60)),
        Unit("ft/min", Quantity.SPEED, _INCH_MM * 12 / 1000 / 60),
        Unit("m³", Quantity.VOLUME, Decimal(1000)),
        Unit("mL", Quantity.VOLUME, Decimal("0.001")),
        Unit("gal", Quantity.VOLUME, _GALLON_L),
        Unit("oz", Quantity.MASS, _POUND_KG / 16),
        Unit("yd", Quantity.LENGTH, _INCH_MM * 36),
    )
}
"""Every unit that can be typed, by its symbol."""

_SPELLINGS: dict[str, str] = {
    "c": "°C", "celsius": "°C", "degc": "°C", "degcelsius": "°C", "ºc": "°C", "grad": "°C", "gradc": "°C", "°": "°C",
    "f": "°F", "fahrenheit": "°F", "degf": "°F", "ºf": "°F", "kelvin": "K", "°k": "K",
    '"': "in", "inch": "in", "inches": "in", "zoll": "in", "'": "ft", "feet": "ft", "foot": "ft", "yard": "yd",
    "yards": "yd", "mtr": "m", "meter": "m", "metre": "m", "meters": "m", "metres": "m",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "kgs": "kg", "kilo": "kg", "kilos": "kg", "tonne": "t", "tonnes": "t",
    "ounce": "oz", "ounces": "oz",
    "watt": "W", "watts": "W", "btu": "BTU/h", "btu/hr": "BTU/h", "btuh": "BTU/h", "btus": "BTU/h",
    "btuperhour": "BTU/h", "btu/hour": "BTU/h", "kbtu/hr": "kBTU/h", "kbtuh": "kBTU/h", "mbh": "kBTU/h",
    "psig": "psi", "lbf/in2": "psi", "lb/in2": "psi", "barg": "bar", "bar(g)": "bar", "bars": "bar", "kpag": "kPa",
    "millibar": "mbar", "lb/ft2": "psf", "lbs/ft2": "psf", "lbf/ft2": "psf", "kn/m2": "kN/m²", "kg/m2": "kg/m²",
    "lpm": "L/min", "l/m": "L/min", "slpm": "L/min", "nl/min": "L/min", "lit/min": "L/min", "sccm": "mL/min",
    "m3/min": "m³/min", "m3/h": "m³/h", "m3/hr": "m³/h", "nm3/h": "m³/h", "cbm/h": "m³/h", "ft3/min": "cfm",
    "cuft/min": "cfm", "scfm": "cfm", "acfm": "cfm", "cfh": "scfh", "ft3/h": "scfh", "gal/min": "gpm", "gal/h": "gph",
    "m3": "m³", "litre": "L", "liter": "L", "litres": "L", "liters": "L", "gallon": "gal", "gallons": "gal",
    "fpm": "ft/min", "volt": "V", "volts": "V", "vac": "V", "v~": "V", "vrms": "V", "amp": "A", "amps": "A",
    "ampere": "A", "amperes": "A", "percent": "%", "%rh": "%", "rh": "%", "rh%": "%", "%rf": "%", "%hr": "%",
    "%r.h.": "%", "prozent": "%", "gauss": "G", "tesla": "T", "hour": "h", "hours": "h", "hr": "h", "hrs": "h",
    "std": "h", "minutes": "min", "minute": "min", "mins": "min", "day": "d", "days": "d", "lux": "lx",
    "mohm·cm": "MΩ·cm", "mohmcm": "MΩ·cm", "mωcm": "MΩ·cm", "mohm*cm": "MΩ·cm", "mohm-cm": "MΩ·cm", "mohm": "MΩ·cm",
    "dba": "dB(A)", "db": "dB(A)", "mbps": "Mbit/s", "gbps": "Gbit/s", "hertz": "Hz", "mw": "",
}  # fmt: skip
"""Other ways to write units, as `_spelt` writes them; those that lead to nothing could be told apart by case only."""

_BY_LOWER_CASE: dict[str, str] = {
    **{symbol.casefold(): symbol for symbol in UNITS if symbol not in {"MPa", "mA", "g", "t", "mV"}},
    "mpa": "MPa",
    "ma": "mA",
    "mv": "mV",
    **_SPELLINGS,
}

CUSTOMARY_US: dict[str, str] = {
    "°C": "°F", "mm": "in", "cm": "in", "m": "ft", "kg": "lb", "t": "lb", "g": "oz", "kPa": "psi", "bar": "psi",
    "MPa": "psi", "mbar": "psi", "kN/m²": "psf", "kg/m²": "psf", "W": "BTU/h", "kW": "BTU/h", "L/min": "cfm",
    "m³/min": "cfm", "m³/h": "cfm", "L/h": "gph", "m/s": "ft/min", "m/min": "ft/min", "L": "gal", "m³": "gal",
}  # fmt: skip
"""The unit a reader in the United States expects beside a metric one."""

US_COUNTRIES = frozenset({"US", "LR", "MM", "PR", "GU", "VI", "AS", "MP"})
"""Countries (ISO 3166-1 alpha-2) in which people measure in US customary units (CLDR, measurementSystem US)."""

HEAT = ("heat", "cool")
"""What a quantity's slug says when its watts are heat, which American buildings count in BTU/h; power stays in W."""

MOST_DIGITS = 15
"""How many digits a typed number may have: more than anything measures, and exact in every conversion."""

LONGEST = 200
"""How many characters a typed measure may have."""

_NEVER_NEGATIVE = frozenset(
    {
        Quantity.LENGTH,
        Quantity.MASS,
        Quantity.POWER,
        Quantity.APPARENT_POWER,
        Quantity.FLOW,
        Quantity.FREQUENCY,
        Quantity.TIME,
        Quantity.RESISTIVITY,
        Quantity.ILLUMINANCE,
        Quantity.DATA_RATE,
        Quantity.COUNT,
    }
)

_PLAUSIBLE: Mapping[Quantity, tuple[Decimal, Decimal]] = {
    Quantity.TEMPERATURE: (Decimal("-273.15"), Decimal(1000)),
    Quantity.SHARE: (Decimal(0), Decimal(100)),
    Quantity.SOUND: (Decimal(0), Decimal(200)),
}
"""Between what a value must lie, in the stored unit; it tells which of two readings of a number was meant."""

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff\u00ad"))
_INVISIBLE |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u207b\u208b\u2796\u30fc\ufe58\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4\u0060\u055a", "'"),
        **dict.fromkeys("\u201c\u201d\u201f\u2033", '"'),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2002\u2003\u3000\t\n\r", " "),
        "\u00bc": " 1/4", "\u00bd": " 1/2", "\u00be": " 3/4",
        "\u215b": " 1/8", "\u215c": " 3/8", "\u215d": " 5/8", "\u215e": " 7/8",
        "\u2044": "/", "\u060c": ",", "\u3001": ",", "\u066a": "%",
        "\u2264": "<=", "\u2266": "<=", "\u2a7d": "<=", "\u2265": ">=", "\u2267": ">=", "\u2a7e": ">=",
        "\u2126": "\u03a9", "\u22c5": "\u00b7", "\u2219": "\u00b7", "\u00b7": "\u00b7",
    }
)  # fmt: skip
_DECIMAL_ONLY, _THOUSANDS_ONLY = "\u066b", "\u066c"
"""The marks of Arabic numbers, which say by themselves what they are."""

_NUMBER = (
    r"[+-]?\s*(?:\d+(?:\s+\d+)?/\d+|(?:\d+(?:\s+\d+)?)\s+\d+/\d+|[.,]?\d(?:[\d.,'\u066b\u066c]|\s(?=\d))*)"
)
_POWERS = re.compile(r"(?<=[A-Za-z])[\u00b2\u00b3]")
_DOTS = re.compile(r"\.{2,}")
_FRACTION = re.compile(r"(?P<sign>[+-]?)\s*(?:(?P<whole>\d+)\s+)?(?P<part>\d+)/(?P<of>\d+)")
_FEET_AND_INCHES = re.compile(
    r"(?P<feet>\d+)\s*(?:'|ft\.?|feet|foot)\s*-?\s*"
    r"(?P<inches>(?:\d|1[01])(?:[.,]\d+)?|(?:(?:\d|1[01])\s+)?\d+/\d+)\s*(?:\"|''|in\.?|inch|inches)?",
    re.IGNORECASE,
)
"""A foot has twelve inches: 1'200 is how the Swiss write 1200."""
_FEET = re.compile(r"(?P<feet>\d+(?:[.,]\d+)?)\s*'")
_ABOUT = re.compile(
    r"(?:ca\.?|circa|approx\.?|approximately|about|etwa|rund|env\.?|≈|~|=|≃)\s*(?=[\d+.,-])", re.IGNORECASE
)
_AT_MOST = re.compile(
    r"(?:<=?|max\.?:?|at most|up to|under|below|höchstens|bis|unter)\s*(?=[\d+.,-])", re.IGNORECASE
)
_AT_LEAST = re.compile(
    r"(?:>=?|min\.?:?|at least|over|above|mindestens|ab|über)\s*(?=[\d+.,-])", re.IGNORECASE
)
_SINGLE = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s+-].*)?", re.DOTALL)
_AROUND = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s±+-][^±\d]*?)?\s*(?:±|\+/-|\+-)\s*(?P<by>{_NUMBER})\s*(?P<other>[^\d\s+-].*)?",
    re.DOTALL,
)
_RANGE = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s+.~-][^\d~]*?)?\s*(?:-|to|bis|à|~)\s*(?P<to>{_NUMBER})"
    r"\s*(?P<other>[^\d\s+-].*)?",
    re.DOTALL | re.IGNORECASE,
)


class Problem(StrEnum):
    """Why what was typed is no measure."""

    NO_NUMBER = "no number"
    TOO_MANY_DIGITS = "too many digits"
    TWO_MARKS = "two decimal marks"
    TWO_READINGS = "two readings"
    TWO_NUMBERS = "two numbers"
    UNKNOWN_UNIT = "unknown unit"
    OTHER_QUANTITY = "other quantity"
    LESS_THAN_NOTHING = "less than nothing"
    RANGE = "a range"


_SENTENCES: Mapping[Problem, str] = {
    Problem.NO_NUMBER: "“{typed}” is not a number. Write digits, such as {example}.",
    Problem.TOO_MANY_DIGITS: f"“{{typed}}” has more than {15} digits. Write it in a larger unit.",
    Problem.TWO_MARKS: "“{typed}” has two decimal marks. Write it such as 1234.5.",
    Problem.TWO_READINGS: "“{typed}” can be read in two ways. Write {whole} or {broken}.",
    Problem.TWO_NUMBERS: "“{typed}” holds two numbers. Write one, or both ends of a range, such as 18–27.",
    Problem.UNKNOWN_UNIT: "“{typed}” is not a unit we know. Use one such as {known}.",
    Problem.OTHER_QUANTITY: "“{typed}” is not in a unit of {quantity}. Write it in {unit}.",
    Problem.LESS_THAN_NOTHING: "“{typed}” is less than nothing. Write it without the minus sign.",
    Problem.RANGE: "“{typed}” is a range. Write one figure.",
}


class Unreadable(ValueError):
    """What was typed is no measure; says so in English, and tells `problem` and `about` to those who translate it."""

    def __init__(self, problem: Problem, **about: str) -> None:
        super().__init__(_SENTENCES[problem].format(**about))
        self.problem = problem
        self.about = about


class _TwoReadings(Unreadable):
    """A number whose mark may part thousands or decimals."""

    def __init__(self, typed: str, whole: Decimal, broken: Decimal) -> None:
        super().__init__(Problem.TWO_READINGS, typed=typed, whole=f"{whole:f}", broken=f"{broken:f}0")
        self.readings = (whole, broken)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was typed for a measure, in the stored unit: both ends are the same for a single figure.

    An end is `None` when only the other was given: “≤ 5” has no `least`.
    """

    least: Decimal | None
    most: Decimal | None
    typed_unit: str = field(default="", compare=False)
    """The symbol of the unit that was typed or meant."""

    @property
    def figure(self) -> Decimal | None:
        """The single figure; `None` for a range."""
        return self.least if self.least == self.most else None


def unit_of(symbol: str) -> Unit:
    """Find the unit a person means by a symbol or a common spelling.

    :raises Unreadable: when it is none we know.
    """
    wanted = symbol.strip()
    known = UNITS.get(wanted)
    if known is None:
        spelt = _spelt(wanted)
        known = UNITS.get(spelt) or UNITS.get(_BY_LOWER_CASE.get(spelt.casefold(), wanted))
    if known is None and wanted.endswith("."):
        return unit_of(wanted[:-1])
    if known is None or (wanted and not known.symbol):
        raise Unreadable(
            Problem.UNKNOWN_UNIT, typed=wanted[:40], known="°C, cm, kg, bar, W, L/min, V or A"
        ) from None
    return known


def is_known(symbol: str) -> bool:
    """Say whether a symbol is a unit that can be converted."""
    try:
        unit_of(symbol)
    except ValueError:
        return False
    return True


def read_number(text: str, *, decimal: str = "") -> Decimal:
    """Read a number as people write it: `22,5`, `1 234.5`, `1.234,5`, `1'234`, `−3`, `٢٢٫٥`.

    :param decimal: the mark that parts decimals where the writer is known to use it; else a single mark before
        three digits is refused, because it could mean either thing.
    :raises Unreadable: when it is none, has too many digits to reckon with, or can be read in two ways.
    """
    return _number(simplified(text), text, decimal=decimal)


def read_reading(text: str, *, unit: str, is_difference: bool = False) -> Reading:
    """Read what was typed for a measure: a figure, “5–7”, “≤ 5”, “22 ± 1”, with or without a unit, in any case.

    :param unit: what is meant when none is typed; one that we do not know is taken as it stands.
    :param is_difference: whether it says how far a value moves, so that 1 °F is 5/9 °C.
    :raises Unreadable: when it is no number, the unit is unknown, it measures something else, or there cannot
        be less than nothing of it.
    """
    reader = _Reader(text, unit, is_difference=is_difference)
    return reader.read()


def read_measure(text: str, *, unit: str, is_difference: bool = False) -> Decimal:
    """Read one figure, with or without a unit, into the stored unit; `unit` is meant when none is typed.

    :raises Unreadable: as `read_reading`, and when it is a range.
    """
    figure = read_reading(text, unit=unit, is_difference=is_difference).figure
    if figure is None:
        raise Unreadable(Problem.RANGE, typed=text.strip()[:60])
    return figure


def to_stored(value: Decimal, symbol: str, *, is_difference: bool = False) -> Decimal:
    """Convert a value from a unit into the stored unit of its quantity."""
    unit = unit_of(symbol)
    with localcontext() as context:
        context.prec = 34
        return _tidy((value if is_difference else value + unit.shift) * unit.factor)


def from_stored(value: Decimal, symbol: str, *, is_difference: bool = False) -> Decimal:
    """Convert a stored value into a unit."""
    unit = unit_of(symbol)
    with localcontext() as context:
        context.prec = 34
        return _tidy(value / unit.factor - (0 if is_difference else unit.shift))


def stored_unit(symbol: str) -> str:
    """The symbol of the unit in which values of a unit's quantity are stored; itself when we do not know it."""
    return STORED[unit_of(symbol).quantity] if is_known(symbol) else symbol


def preferred(symbol: str, *, country: str, quantity: str = "") -> str:
    """The unit in which people of a country measure what is kept in another; the same where there is none.

    :param quantity: the slug of what is measured; water is not counted like air, nor power like heat.
    """
    if country not in US_COUNTRIES:
        return symbol
    if symbol in {"W", "kW"} and not any(word in quantity for word in HEAT):
        return symbol
    if symbol in {"L/min", "m³/h"} and "water" in quantity:
        return "gpm"
    return CUSTOMARY_US.get(symbol, symbol)


def shown_bounds(
    least: Decimal | None, most: Decimal | None, *, unit: str, to_unit: str, is_difference: bool = False
) -> tuple[Decimal | None, Decimal | None]:
    """Two bounds in another unit, rounded for reading so that whatever lies between them is within.

    The least is rounded up and the most down: who types the bound that is shown is never out of range.
    """

    def turned(value: Decimal | None) -> Decimal | None:
        if value is None or unit == to_unit or not is_known(unit):
            return value
        stored = to_stored(value, unit, is_difference=is_difference)
        return from_stored(stored, to_unit, is_difference=is_difference)

    low, high = turned(least), turned(most)
    if low is not None and low == high:  # no value is between; the nearest that can be read
        return _rounded(low, 5, ROUND_HALF_EVEN), _rounded(high, 5, ROUND_HALF_EVEN)
    for digits in range(3, MOST_DIGITS):
        shown = _rounded(low, digits, ROUND_CEILING), _rounded(high, digits, ROUND_FLOOR)
        if shown[0] is None or shown[1] is None or shown[0] <= shown[1]:
            return shown
    return low, high


def convert(value: Decimal, *, from_unit: str, to_unit: str) -> Decimal:
    """Convert between two units of one quantity.

    :raises ValueError: when they measure different things.
    """
    if unit_of(from_unit).quantity is not unit_of(to_unit).quantity:
        raise ValueError(f"{from_unit} cannot be turned into {to_unit}; they measure different things.")
    return from_stored(to_stored(value, from_unit), to_unit)


def rounded(value: Decimal, *, digits: int = 3) -> Decimal:
    """Round to so many significant digits for reading; whole digits stay: 17664, but 19.685 is 19.7."""
    found = _rounded(value, digits, ROUND_HALF_EVEN)
    return Decimal(0) if found is None else found


class _Reader:
    """Reads one typed measure."""

    def __init__(self, text: str, unit: str, *, is_difference: bool) -> None:
        self.text = text
        self.unit = unit
        self.is_difference = is_difference
        self.expected = unit_of(unit) if is_known(unit) else None

    def read(self) -> Reading:
        text = simplified(self.text[:LONGEST])
        if len(self.text) > LONGEST:
            self._no_number()
        text = _ABOUT.sub("", text, count=1) if _ABOUT.match(text) else text
        for pattern, is_most in ((_AT_MOST, True), (_AT_LEAST, False)):
            if found := pattern.match(text):
                only = self._one(text[found.end() :])
                end = only.figure
                return Reading(None, end, only.typed_unit) if is_most else Reading(end, None, only.typed_unit)
        if found := _AROUND.fullmatch(text):
            return self._around(found)
        if (found := _RANGE.fullmatch(text)) and not _FEET_AND_INCHES.fullmatch(text):
            return self._between(found)
        return self._one(text)

    def _one(self, text: str) -> Reading:
        is_length = self.expected is not None and self.expected.quantity is Quantity.LENGTH
        if is_length and (found := _FEET_AND_INCHES.fullmatch(text)):
            inches = _fraction(found["inches"]) or read_number(found["inches"], decimal=".")
            return self._reading(Decimal(found["feet"]) * 12 + inches, "in")
        if is_length and (found := _FEET.fullmatch(text)):
            return self._reading(self._figure(found["feet"], "ft"), "ft")
        found = _SINGLE.fullmatch(text)
        if found is None:
            self._no_number()
        symbol = self._symbol(found["unit"])
        return self._reading(self._figure(found["number"], symbol), symbol)

    def _between(self, found: "re.Match[str]") -> Reading:
        after = self._symbol(found["other"])
        before = self._symbol(found["unit"]) if found["unit"] else after
        ends = [
            self._reading(self._figure(number, symbol), symbol).figure
            for number, symbol in ((found["number"], before), (found["to"], after))
        ]
        known = [end for end in ends if end is not None]
        return Reading(min(known), max(known), after)

    def _around(self, found: "re.Match[str]") -> Reading:
        typed, other = (found["unit"] or "").strip(), (found["other"] or "").strip()
        is_share = _spelt(other) == "%" and (
            self.expected is None or self.expected.quantity is not Quantity.SHARE
        )
        symbol = self._symbol(typed or ("" if is_share else other))
        middle = self._figure(found["number"], symbol)
        by = abs(self._figure(found["by"], symbol))
        if is_share:
            by = abs(middle) * by / 100
        low, high = self._reading(middle - by, symbol), self._reading(middle + by, symbol)
        return Reading(low.least, high.most, symbol)

    def _symbol(self, typed: str | None) -> str:
        typed = (typed or "").strip()
        if not typed:
            return self.unit
        if self.expected is None:
            if _spelt(typed).casefold() == _spelt(self.unit).casefold():
                return self.unit
            raise Unreadable(Problem.UNKNOWN_UNIT, typed=typed[:40], known=self.unit or "none")
        if re.match(r"[.,'/]\s*\d", typed):
            raise Unreadable(Problem.TWO_NUMBERS, typed=self.text.strip()[:60])
        meant = unit_of(typed)
        if meant.quantity is not self.expected.quantity:
            raise Unreadable(
                Problem.OTHER_QUANTITY,
                typed=self.text.strip()[:60],
                quantity=self.expected.quantity.value.replace("_", " "),
                unit=self.unit or "plain numbers",
            )
        return meant.symbol

    def _figure(self, number: str, symbol: str) -> Decimal:
        """A number; where it can be read in two ways, the one that there can be."""
        try:
            return _number(number, number)
        except _TwoReadings as two:
            span = None if self.expected is None else _PLAUSIBLE.get(self.expected.quantity)
            if span is None or self.is_difference:
                raise
            likely = [one for one in two.readings if span[0] <= to_stored(one, symbol) <= span[1]]
            if len(likely) != 1:
                raise
            return likely[0]

    def _reading(self, number: Decimal, symbol: str) -> Reading:
        if self.expected is None:
            return Reading(number, number, symbol)
        if number < 0 and not self.is_difference and self.expected.quantity in _NEVER_NEGATIVE:
            raise Unreadable(Problem.LESS_THAN_NOTHING, typed=self.text.strip()[:60])
        stored = to_stored(number, symbol, is_difference=self.is_difference)
        return Reading(stored, stored, symbol)

    def _no_number(self) -> NoReturn:
        example = f"22.5 {self.unit}".strip()
        raise Unreadable(Problem.NO_NUMBER, typed=self.text.strip()[:60], example=example)


def simplified(text: str) -> str:
    """The same with plain digits, dashes, quotes and spaces, powers of ten written out, and without marks that are
    not seen.
    """
    text = _POWER_OF_TEN.sub(_written_out, text)
    seen = _POWERS.sub(lambda power: "23"[power[0] == "\u00b3"], text.translate(_INVISIBLE).translate(_ALIKE))
    known = "".join("?" if unicodedata.category(one) == "No" else one for one in seen)
    plain = unicodedata.normalize("NFKC", known).translate(_ALIKE)
    digits = "".join(
        str(unicodedata.decimal(one)) if unicodedata.category(one) == "Nd" else one for one in plain
    )
    return " ".join(_DOTS.sub("~", digits).split())


_POWER_OF_TEN = re.compile(
    r"(?<![\w.,])(?P<figure>[0-9]{1,15}(?:[.,][0-9]{1,15})?)"
    r"(?:[eE](?P<e>[+\-−]?[0-9]{1,2})|\s?[x×·]\s?10(?:\^(?P<to>[+\-−]?[0-9]{1,2})|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})))"
    r"(?!\w)"
)
"""2e-5, 2 × 10⁻⁵, 2x10^-5."""
_LOWERED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "+-0123456789-")


def _written_out(found: "re.Match[str]") -> str:
    exponent = int((found["e"] or found["to"] or found["raised"]).translate(_LOWERED))
    return f"{Decimal(found['figure'].replace(',', '.')).scaleb(exponent):f}"


def _spelt(symbol: str) -> str:
    """A unit without spaces, with plain marks."""
    return simplified(symbol).replace(" ", "").replace("''", '"').replace("^", "").replace(" per ", "/")


def _number(simple: str, typed: str, *, decimal: str = "") -> Decimal:
    """Read a number that `simplified` has written."""
    typed = typed.strip()[:60]
    compact = simple.strip().replace("- ", "-").replace("+ ", "+")
    part = _fraction(compact)
    if part is not None:
        return part
    sign, digits = ("-", compact[1:]) if compact.startswith("-") else ("", compact.removeprefix("+"))
    if not re.fullmatch(r"(?:\d[\d.,' \u066b\u066c]*|[.,]\d+)", digits):
        raise Unreadable(Problem.NO_NUMBER, typed=typed, example="22.5")
    if len(re.sub(r"\D", "", digits)) > MOST_DIGITS:
        raise Unreadable(Problem.TOO_MANY_DIGITS, typed=typed)
    if _DECIMAL_ONLY in digits or _THOUSANDS_ONLY in digits:
        digits = re.sub(r"[\u066c]", "", digits).replace(_DECIMAL_ONLY, ".")
        decimal = "."
    grouped = re.sub(r"(?<=\d)[ '](?=\d{3}(?!\d))", "", digits)
    if re.search(r"[ ']", grouped):
        raise Unreadable(Problem.TWO_NUMBERS, typed=typed)
    was_grouped = grouped != digits
    marks = [character for character in grouped if character in ".,"]
    if len(set(marks)) == 2:
        last = marks[-1]
        other = "." if last == "," else ","
        whole, _mark, _rest = grouped.partition(last)
        if marks.count(last) > 1 or was_grouped or not _is_grouped(whole, other):
            raise Unreadable(Problem.TWO_MARKS, typed=typed)
        plain = grouped.replace(other, "").replace(last, ".")
    elif len(marks) > 1:
        if was_grouped or not _is_grouped(grouped, marks[0]):
            raise Unreadable(Problem.TWO_MARKS, typed=typed)
        plain = grouped.replace(marks[0], "")
    elif (
        marks and not was_grouped and decimal != marks[0] and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", grouped)
    ):
        whole_number = Decimal(sign + re.sub(r"\D", "", grouped))
        if decimal:
            return whole_number
        raise _TwoReadings(typed, whole_number, Decimal(sign + grouped.replace(",", ".")))
    else:
        plain = grouped.replace(",", ".")
    return Decimal(sign + plain)


def _is_grouped(digits: str, mark: str) -> bool:
    """Whether a mark parts thousands, or lakhs as in India."""
    mark = re.escape(mark)
    return bool(
        re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}}", digits)
    )


def _fraction(text: str) -> Decimal | None:
    """What a fraction such as 31 1/2 says; `None` when it is none."""
    found = _FRACTION.fullmatch(text)
    if found is None or not int(found["of"]) or len(text) > 2 * MOST_DIGITS:
        return None
    value = Decimal(found["whole"] or 0) + Decimal(found["part"]) / Decimal(found["of"])
    return -value if found["sign"] == "-" else value


def _rounded(value: Decimal | None, digits: int, rounding: str) -> Decimal | None:
    if value is None:
        return None
    if not value:
        return Decimal(0)
    places = max(0, digits - 1 - value.adjusted())
    return _plain(value.quantize(Decimal(1).scaleb(-places), rounding=rounding))


def _tidy(value: Decimal) -> Decimal:
    """Drop what dividing by thirds and sixtieths leaves in the last digits."""
    return _plain(value.quantize(Decimal("1e-12")))


def _plain(value: Decimal) -> Decimal:
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal
