"""The units people type and the one each quantity is stored in.

Stored are SI units and those accepted beside them, in the size people read: °C, mm, kg, kPa, W, L/min, V, A.
All arithmetic is decimal, so a value converted there and back is the value that was typed.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum


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
        Unit("kW", Quantity.POWER, Decimal(1000)),
        Unit("BTU/h", Quantity.POWER, _BTU_PER_HOUR_W),
        Unit("kVA", Quantity.APPARENT_POWER, Decimal(1000)),
        Unit("L/h", Quantity.FLOW, Decimal(1) / Decimal(60)),
        Unit("m³/min", Quantity.FLOW, Decimal(1000)),
        Unit("m³/h", Quantity.FLOW, Decimal(1000) / Decimal(60)),
        Unit("cfm", Quantity.FLOW, _CUBIC_FOOT_L),
        Unit("kV", Quantity.VOLTAGE, Decimal(1000)),
        Unit("mA", Quantity.CURRENT, Decimal("0.001")),
        Unit("ppm", Quantity.SHARE, Decimal("0.0001")),
        Unit("kHz", Quantity.FREQUENCY, Decimal(1000)),
        Unit("G", Quantity.FLUX_DENSITY, Decimal("0.1")),
        Unit("T", Quantity.FLUX_DENSITY, Decimal(1000)),
        Unit("min", Quantity.TIME, Decimal(1) / Decimal(60)),
        Unit("d", Quantity.TIME, Decimal(24)),
        Unit("Gbit/s", Quantity.DATA_RATE, Decimal(1000)),
    )
}
"""Every unit that can be typed, by its symbol."""

_SPELLINGS: dict[str, str] = {
    "c": "°C", "celsius": "°C", "degc": "°C", "f": "°F", "fahrenheit": "°F", "degf": "°F", "kelvin": "K",
    '"': "in", "″": "in", "inch": "in", "inches": "in", "'": "ft", "feet": "ft", "foot": "ft",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "kgs": "kg", "watt": "W", "watts": "W", "btu": "BTU/h",
    "btu/hr": "BTU/h", "btuh": "BTU/h", "lpm": "L/min", "l/m": "L/min", "slpm": "L/min", "volt": "V",
    "volts": "V", "amp": "A", "amps": "A", "ampere": "A", "percent": "%", "%rh": "%", "m3/min": "m³/min",
    "m3/h": "m³/h", "gauss": "G", "tesla": "T", "hour": "h", "hours": "h", "minutes": "min", "days": "d",
    "lux": "lx", "mohm·cm": "MΩ·cm", "mohmcm": "MΩ·cm", "dba": "dB(A)", "db": "dB(A)",
}  # fmt: skip

_BY_LOWER_CASE: dict[str, str] = {
    **{symbol.casefold(): symbol for symbol in UNITS if symbol not in {"MPa", "mA", "g", "t"}},
    "mpa": "MPa",
    "ma": "mA",
    **_SPELLINGS,
}

CUSTOMARY_US: dict[str, str] = {
    "°C": "°F", "mm": "in", "cm": "in", "m": "ft", "kg": "lb", "kPa": "psi", "bar": "psi", "W": "BTU/h",
    "L/min": "cfm", "m³/min": "cfm",
}  # fmt: skip
"""The unit a reader in the United States expects beside a metric one."""

MOST_DIGITS = 15
"""How many digits a typed number may have: more than anything measures, and exact in every conversion."""

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

_TYPED = re.compile(r"\s*(?P<number>[+\-−]?[\d.,'’\s\u00a0\u202f]*\d[.,]?)\s*(?P<unit>\S.*)?", re.DOTALL)


def unit_of(symbol: str) -> Unit:
    """Find the unit a person means by a symbol or a common spelling.

    :raises ValueError: when it is none we know.
    """
    wanted = symbol.strip()
    known = UNITS.get(wanted) or UNITS.get(_BY_LOWER_CASE.get(wanted.replace(" ", "").casefold(), wanted))
    if known is None:
        raise ValueError(
            f"“{wanted}” is not a unit we know. Use one such as °C, cm, kg, bar, W, L/min, V or A."
        )
    return known


def read_number(text: str) -> Decimal:
    """Read a number as people write it: `22,5`, `1 234.5`, `1.234,5`, `1'234`.

    :raises ValueError: when it is none, has too many digits to reckon with, or when one mark before three
        digits could mean either thing.
    """
    compact = re.sub(r"[\s\u00a0\u202f'’]", "", text).replace("−", "-")
    if not re.fullmatch(r"[+-]?\d[\d.,]*", compact) and not re.fullmatch(r"[+-]?[.,]\d+", compact):
        raise ValueError(f"“{text.strip()}” is not a number. Write digits, such as 22.5.")
    if not compact.isascii():
        raise ValueError(f"“{text.strip()}” is not a number. Write the digits 0 to 9, such as 22.5.")
    marks = [character for character in compact if character in ".,"]
    digits = compact.lstrip("+-")
    if len(digits) - len(marks) > MOST_DIGITS:
        raise ValueError(f"“{text.strip()}” has more than {MOST_DIGITS} digits. Write it in a larger unit.")
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            raise ValueError(f"“{text.strip()}” has two decimal marks. Write it such as 1234.5.")
        compact = compact.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    elif len(marks) > 1:
        if not re.fullmatch(r"\d{1,3}([.,]\d{3})+", digits):
            raise ValueError(f"“{text.strip()}” has two decimal marks. Write it such as 1234.5.")
        compact = compact.replace(marks[0], "")
    elif marks == [","] and re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits):
        whole = compact.replace(",", "")
        raise ValueError(
            f"“{text.strip()}” can be read in two ways. Write {whole} or {compact.replace(',', '.')}."
        )
    else:
        compact = compact.replace(",", ".")
    return Decimal(compact)


def read_measure(text: str, *, unit: str) -> Decimal:
    """Read a typed value, with or without a unit, into the stored unit; `unit` is meant when none is typed.

    :raises ValueError: when it is no number, the unit is unknown, it measures something else, or there cannot
        be less than nothing of it.
    """
    found = _TYPED.fullmatch(text)
    if found is None:
        raise ValueError(
            f"“{text.strip()}” is not a number. Write digits and a unit, such as 22.5 {unit}.".strip()
        )
    number = read_number(found["number"])
    expected = unit_of(unit)
    typed = unit_of(found["unit"]) if found["unit"] else expected
    if typed.quantity is not expected.quantity:
        raise ValueError(
            f"“{text.strip()}” is not in a unit of {_words(expected.quantity)}. Write it in {unit}."
        )
    if number < 0 and expected.quantity in _NEVER_NEGATIVE:
        raise ValueError(f"“{text.strip()}” is less than nothing. Write it without the minus sign.")
    return to_stored(number, typed.symbol)


def to_stored(value: Decimal, symbol: str) -> Decimal:
    """Convert a value from a unit into the stored unit of its quantity."""
    unit = unit_of(symbol)
    with localcontext() as context:
        context.prec = 34
        return _tidy((value + unit.shift) * unit.factor)


def from_stored(value: Decimal, symbol: str) -> Decimal:
    """Convert a stored value into a unit."""
    unit = unit_of(symbol)
    with localcontext() as context:
        context.prec = 34
        return _tidy(value / unit.factor - unit.shift)


def convert(value: Decimal, *, from_unit: str, to_unit: str) -> Decimal:
    """Convert between two units of one quantity.

    :raises ValueError: when they measure different things.
    """
    if unit_of(from_unit).quantity is not unit_of(to_unit).quantity:
        raise ValueError(f"{from_unit} cannot be turned into {to_unit}; they measure different things.")
    return from_stored(to_stored(value, from_unit), to_unit)


def rounded(value: Decimal, *, digits: int = 3) -> Decimal:
    """Round to so many significant digits for reading; whole digits stay: 17664, but 19.685 is 19.7."""
    if not value:
        return Decimal(0)
    places = max(0, digits - 1 - value.adjusted())
    return _plain(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))


def _tidy(value: Decimal) -> Decimal:
    """Drop what dividing by thirds and sixtieths leaves in the last digits."""
    return _plain(value.quantize(Decimal("1e-12")))


def _plain(value: Decimal) -> Decimal:
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal


def _words(quantity: Quantity) -> str:
    return quantity.value.replace("_", " ")
