"""Amounts of money in minor units."""

from decimal import Decimal

import pytest

from concierge.core.money import Money, money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.345", "EUR", 1235),
        ("-12.345", "EUR", -1235),
        ("1500", "JPY", 1500),
        ("1.2345", "KWD", 1235),
        ("0", "CHF", 0),
        ("99999999999999.99", "USD", 9999999999999999),
    ],
)
def test_amounts_become_minor_units(amount: str, currency: str, minor: int) -> None:
    assert money(Decimal(amount), currency) == Money(minor, currency)


def test_amounts_are_read_with_the_currencys_digits() -> None:
    assert str(Money(1500, "JPY")) == "1500 JPY"
    assert str(Money(1235, "KWD")) == "1.235 KWD"
    assert str(Money(-5, "EUR")) == "-0.05 EUR"


def test_only_one_currency_adds_up() -> None:
    assert Money(100, "EUR") + Money(50, "EUR") - Money(25, "EUR") == Money(125, "EUR")
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "EUR") + Money(1, "USD")


def test_quantities_round_to_whole_minor_units() -> None:
    assert Money(333, "EUR").times(Decimal("1.5")) == Money(500, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "€"])
def test_bad_codes_are_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="not a currency code"):
        Money(1, currency)


def test_no_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money(Decimal("NaN"), "EUR")
