"""Units people type and the one that is stored."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from concierge.core.units import (
    CUSTOMARY_US,
    UNITS,
    Problem,
    Unreadable,
    convert,
    from_stored,
    preferred,
    read_measure,
    read_number,
    read_reading,
    rounded,
    shown_bounds,
    to_stored,
    unit_of,
)


@pytest.mark.parametrize(
    ("typed", "unit", "stored"),
    [
        ("22,5", "°C", "22.5"),
        ("2e-5", "kPa", "0.00002"),
        ("2 × 10⁻⁵ mbar", "kPa", "0.000002"),
        ("1,5x10^3", "mm", "1500"),
        ("72 F", "°C", "22.222222222222"),
        ("68°F", "°C", "20"),
        ("−5 °C", "°C", "-5"),
        ("293.15 K", "°C", "20"),
        ("31.5 in", "cm", "800.1"),
        ('31.5"', "cm", "800.1"),
        ("80", "cm", "800"),
        ("1,2 m", "mm", "1200"),
        ("110 lb", "kg", "49.8951607"),
        ("1.234,5 kg", "kg", "1234.5"),
        ("1 234.5 kg", "kg", "1234.5"),
        ("100 psi", "bar", "689.475729316836"),
        ("6 bar", "kPa", "600"),
        ("800 mbar", "bar", "80"),
        ("5 200 BTU/h", "W", "1523.969564895544"),
        ("1.5 kW", "W", "1500"),
        ("15 L/min", "L/min", "15"),
        ("900 L/h", "L/min", "15"),
        ("2,8 m3/min", "L/min", "2800"),
        ("230 V", "V", "230"),
        ("32A", "A", "32"),
        ("45 %", "%", "45"),
        ("5 G", "mT", "0.5"),
        ("30 min", "h", "0.5"),
    ],
)
def test_typed_values_are_stored_in_one_unit(typed: str, unit: str, stored: str) -> None:
    assert read_measure(typed, unit=unit) == Decimal(stored)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "is not a number"),
        ("warm", "is not a number"),
        ("20 parsec", "not a unit we know"),
        ("20 kg", "not in a unit of temperature"),
        ("2,5.0", "two decimal marks"),
        ("1.2.3", "two decimal marks"),
        ("1,2.3,4", "two decimal marks"),
        ("5 7", "holds two numbers"),
        ("3.5/1.75", "holds two numbers"),
        ("5–7", "is a range"),
        ("1e", "not a unit we know"),
        ("--5", "is not a number"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(typed: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_measure(typed, unit="°C")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("22.5", "22.5"),
        ("0,125", "0.125"),
        (",5", "0.5"),
        ("0.125", "0.125"),
        ("1.2340", "1.234"),
        ("٢٢٫٥", "22.5"),
        ("１２．５", "12.5"),
        ("۱۲", "12"),
        ("−3", "-3"),
        ("–3", "-3"),
        ("－3", "-3"),
        ("12,34,567", "1234567"),
        ("١٬٢٣٤", "1234"),
        ("31 1/2", "31.5"),
        ("31½", "31.5"),
        ("12,5", "12.5"),
        ("1'234'567,8", "1234567.8"),
        ("1,234,567", "1234567"),
        ("1\u202f234,5", "1234.5"),
        ("+7", "7"),
    ],
)
def test_numbers_are_read_the_way_people_write_them(typed: str, number: str) -> None:
    assert read_number(typed) == Decimal(number)


def test_converting_between_units_of_one_quantity() -> None:
    assert rounded(convert(Decimal(10071), from_unit="BTU/h", to_unit="kW")) == Decimal("2.95")
    assert rounded(convert(Decimal(25), from_unit="kg", to_unit="lb")) == Decimal("55.1")
    with pytest.raises(ValueError, match="different things"):
        convert(Decimal(1), from_unit="kg", to_unit="m")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("17664", "17664"), ("19.685", "19.7"), ("0", "0"), ("0.0004567", "0.000457"), ("700", "700")],
)
def test_rounding_keeps_whole_digits(value: str, shown: str) -> None:
    assert str(rounded(Decimal(value))) == shown


def test_us_readers_units_measure_the_same() -> None:
    assert all(unit_of(metric).quantity is unit_of(us).quantity for metric, us in CUSTOMARY_US.items())


@given(
    st.decimals(-10_000, 10_000, places=4, allow_nan=False, allow_infinity=False),
    st.sampled_from(sorted(UNITS)),
)
def test_there_and_back_gives_what_was_typed(value: Decimal, symbol: str) -> None:
    assert abs(from_stored(to_stored(value, symbol), symbol) - value) < Decimal("1e-7")


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    refused = ""
    try:
        measure = read_measure(text, unit="°C")
    except ValueError as refusal:
        refused = str(refusal)

    assert refused.endswith(".") or measure.is_finite()


@pytest.mark.parametrize(
    ("typed", "unit", "sentence"),
    [
        ("9" * 23, "kg", "more than 15 digits"),
        ("0." + "3" * 40, "°C", "more than 15 digits"),
        ("-5", "kg", "less than nothing"),
        ("-5 cm", "mm", "less than nothing"),
    ],
)
def test_what_nothing_can_measure_is_refused_in_words(typed: str, unit: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_measure(typed, unit=unit)


@pytest.mark.parametrize(
    ("typed", "unit", "least", "most"),
    [
        ("5–7", "bar", "500", "700"),
        ("5 to 7 bar", "kPa", "500", "700"),
        ("7-5 bar", "kPa", "500", "700"),
        ("−5 … −3 °C", "°C", "-5", "-3"),
        ("500 mbar – 1 bar", "kPa", "50", "100"),
        ("≤ 5", "bar", None, "500"),
        ("<= 5 BAR", "kPa", None, "500"),
        ("max. 27", "°C", None, "27"),
        ("≥ 15 L/MIN", "L/min", "15", None),
        ("mindestens 3", "mm", "3", None),
        ("22 ± 1 °C", "°C", "21", "23"),
        ("230 V ±10 %", "V", "207", "253"),
        ("ca. 22", "°C", "22", "22"),
    ],
)
def test_ranges_and_limits_are_read_as_they_are_written(
    typed: str, unit: str, least: str | None, most: str | None
) -> None:
    reading = read_reading(typed, unit=unit)

    assert (reading.least, reading.most) == tuple(end and Decimal(end) for end in (least, most))


@pytest.mark.parametrize(
    ("typed", "unit", "stored"),
    [
        ("72 Degf", "°C", "22.222222222222"),
        ("２２．５ ℃", "°C", "22.5"),
        ("٢٢٫٥ °C", "°C", "22.5"),
        ("\u200f٤٥٪", "%", "45"),
        ("45 %RH", "%", "45"),
        ("55 DBA", "dB(A)", "55"),
        ("120 vac", "V", "120"),
        ("10 LBS.", "kg", "4.5359237"),
        ("5 PSIG", "kPa", "34.473786465842"),
        ("2.8 M3/MIN", "L/min", "2800"),
        ("100 cfm", "L/min", "2831.6846592"),
        ("1 Mpa", "kPa", "1000"),
        ("3 KVA", "VA", "3000"),
        ("20 PPM", "%", "0.002"),
        ("5' 10\"", "mm", "1778"),
        ("6'", "mm", "1828.8"),
        ("1'200", "mm", "1200"),
        ("1’252", "mm", "1252"),
        ("5 ft 10 1/2 in", "mm", "1790.7"),
        ("31½ in", "mm", "800.1"),
        ("99,999 %", "%", "99.999"),
        ("22.375 °C", "°C", "22.375"),
        ("3 RPM", "rpm", "3"),
    ],
)
def test_units_are_known_in_any_case_and_script(typed: str, unit: str, stored: str) -> None:
    assert read_measure(typed, unit=unit) == Decimal(stored)


@pytest.mark.parametrize(
    ("typed", "whole", "broken"), [("1.234", "1234", "1.2340"), ("12,345 mm", "12345", "12.3450")]
)
def test_one_mark_before_three_digits_is_asked_back(typed: str, whole: str, broken: str) -> None:
    with pytest.raises(Unreadable, match=f"Write {whole} or {broken}") as asked:
        read_measure(typed, unit="mm")

    assert asked.value.problem is Problem.TWO_READINGS
    assert read_number(broken) * 1 == Decimal(broken)


def test_a_known_decimal_mark_decides() -> None:
    assert read_number("1.234", decimal=".") == Decimal("1.234")
    assert read_number("1,234", decimal=".") == Decimal(1234)


def test_a_difference_is_not_converted_as_a_reading_is() -> None:
    assert read_measure("0.9 °F", unit="°C", is_difference=True) == Decimal("0.5")
    assert read_measure("0.5 K", unit="°C", is_difference=True) == Decimal("0.5")
    assert read_measure("32 °F", unit="°C") == 0
    assert shown_bounds(None, Decimal("0.5"), unit="°C", to_unit="°F", is_difference=True) == (
        None,
        Decimal("0.9"),
    )


def test_people_are_asked_in_the_units_of_their_country() -> None:
    assert preferred("°C", country="US") == "°F"
    assert preferred("W", country="US", quantity="heat_load") == "BTU/h"
    assert preferred("W", country="US", quantity="power") == "W"
    assert preferred("L/min", country="US", quantity="water_flow") == "gpm"
    assert preferred("°C", country="CA") == "°C"


BOUNDS = st.decimals(1, 5000, places=2, allow_nan=False, allow_infinity=False)
PAIRS = st.sampled_from(sorted((metric, us) for metric, us in CUSTOMARY_US.items()))


@given(BOUNDS, BOUNDS, PAIRS, st.booleans())
def test_who_types_the_bound_that_is_shown_is_within(
    one: Decimal, other: Decimal, pair: tuple[str, str], is_difference: bool
) -> None:
    least, most = sorted((one, other))
    metric, us = pair
    assume(most > least)

    shown = shown_bounds(least, most, unit=metric, to_unit=us, is_difference=is_difference)

    slack = Decimal("1e-9")
    assert shown[0] is not None
    assert shown[1] is not None
    for end in shown:
        typed = read_measure(f"{end:f} {us}", unit=metric, is_difference=is_difference)
        low, high = (to_stored(bound, metric, is_difference=is_difference) for bound in (least, most))
        assert low - slack <= typed <= high + slack


@given(
    st.decimals(0, 100_000, places=4, allow_nan=False, allow_infinity=False),
    st.sampled_from(sorted(symbol for symbol in UNITS if symbol)),
    st.sampled_from([".", ","]),
    st.sampled_from(["0123456789", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "۰۱۲۳۴۵۶۷۸۹"]),
)
def test_typed_stored_shown_and_typed_again_is_the_same(
    value: Decimal, symbol: str, mark: str, digits: str
) -> None:
    said = f"{value:.4f}".replace(".", mark).translate(str.maketrans("0123456789", digits))

    stored = read_measure(f"{said} {symbol}", unit=symbol)
    shown = from_stored(stored, symbol)
    again = read_measure(f"{shown:.4f} {symbol.upper() if symbol not in EXACT else symbol}", unit=symbol)

    assert abs(shown - value) < Decimal("1e-7")
    assert abs(again - stored) <= abs(stored) * Decimal("1e-9") + Decimal("1e-4")


EXACT = frozenset({"g", "G", "t", "T", "mA", "mV", "mT", "MPa", "m", "M"})
"""Units that another one differs from by case only."""


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_remedy(text: str) -> None:
    for unit in ("°C", "mm", "rpm", ""):
        refused, ends = "", (None, None)
        try:
            reading = read_reading(text, unit=unit)
            ends = reading.least, reading.most
        except Unreadable as refusal:
            refused = str(refusal)

        assert refused.endswith(".") or ends != (None, None)


@pytest.mark.parametrize(
    "text", ["1" * 5000, "1 " * 2000, "5-" * 1000, "±" * 3000, "(" * 2000 + "5", "1/" * 1500]
)
def test_long_texts_are_refused_at_once(text: str) -> None:
    with pytest.raises(Unreadable):
        read_reading(text, unit="mm")
