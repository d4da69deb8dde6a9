"""What comes out of the wall in each country."""

import pytest

from concierge.core.mains import MAINS, PLUGS, mains_of, plugs_for, rank, uses_customary_units

CODES = (*PLUGS, "cee-16", "other")


@pytest.mark.parametrize(
    ("country", "volts", "hertz", "plugs"),
    [
        ("US", 120, (60,), {"A", "B"}),
        ("JP", 100, (50, 60), {"A", "B"}),
        ("DE", 230, (50,), {"C", "F"}),
        ("CH", 230, (50,), {"C", "J"}),
        ("GB", 230, (50,), {"G"}),
        ("BR", 127, (60,), {"C", "N"}),
        ("KR", 220, (60,), {"C", "F"}),
        ("AU", 230, (50,), {"I"}),
        ("KW", 240, (50,), {"G"}),
        ("KZ", 220, (50,), {"C", "F"}),
        ("YE", 230, (50,), {"A", "D", "G"}),
        ("AG", 230, (60,), {"A", "B"}),
    ],
)
def test_supplies_of_countries(country: str, volts: int, hertz: tuple[int, ...], plugs: set[str]) -> None:
    supply = mains_of(country.lower())

    assert supply is not None
    assert (supply.voltage, supply.frequencies, set(supply.plugs)) == (volts, hertz, plugs)


def test_every_row_can_be_true() -> None:
    assert len(MAINS) > 220
    for code, supply in MAINS.items():
        assert len(code) == 2
        assert code.isupper()
        assert all(100 <= volts <= 415 for volts in supply.voltages), code
        assert set(supply.frequencies) <= {50, 60}, code
        assert set(supply.plugs) <= set("ABCDEFGHIJKLMNO"), code


@pytest.mark.parametrize(
    ("volts", "country", "place"),
    [
        (120, "US", 0),
        (230, "US", 1),
        (240, "CA", 1),
        (230, "DE", 0),
        (120, "DE", None),
        (230, "JP", 1),
        (100, "JP", 0),
        (230, "", None),
    ],
)
def test_a_figure_for_a_mains_voltage_is_meant_where_there_is_one_like_it(
    volts: float, country: str, place: int | None
) -> None:
    assert rank(volts, country) == place


def test_only_plugs_of_the_country_can_be_chosen_and_what_is_no_plug() -> None:
    assert plugs_for(CODES, "CH") == ("europlug", "t23", "t13", "cee-16", "other")
    assert "schuko" in plugs_for(CODES, "FR")
    assert "schuko" not in plugs_for(CODES, "US")
    assert plugs_for(CODES, "XX") == CODES


def test_three_countries_and_some_islands_measure_in_feet() -> None:
    assert all(uses_customary_units(code) for code in ("US", "LR", "MM", "us"))
    assert not any(uses_customary_units(code) for code in ("CA", "GB", "CH", ""))
