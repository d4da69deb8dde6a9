"""Units people type and the one that is stored."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.units import (
    CUSTOMARY_US,
    UNITS,
    convert,
    from_stored,
    read_measure,
    read_number,
    rounded,
    to_stored,
    unit_of,
)


@pytest.mark.parametrize(
    ("typed", "unit", "stored"),
    [
        ("22,5", "°C", "22.5"),
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
        ("1e5", "not a unit we know"),
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
