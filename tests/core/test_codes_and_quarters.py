"""Codes that are read from paper, and quarters that stand in addresses."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core import codes
from concierge.core.quarters import Quarter, quarter_of, read_quarter
from tests.makers.days import on


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("7K3M-Q0ZD", "7K3MQ0ZD"),
        ("7k3mq0zd", "7K3MQ0ZD"),
        (" 7k3m – q0zd".replace("–", "-"), "7K3MQ0ZD"),
        ("7K3M-QOZD", "7K3MQ0ZD"),
        ("IL00-0000", "11000000"),
        ("7K3M-Q0Z", None),
        ("7K3M-Q0ZDD", None),
        ("7K3M-U0ZD", None),
        ("７K3MQ0ZD", None),
        ("", None),
        ("-" * 60, None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert codes.read(typed) == code


def test_a_drawn_code_reads_back_and_is_never_drawn_again() -> None:
    drawn = {codes.drawn() for _ in range(2000)}

    assert len(drawn) == 2000
    assert all(codes.read(codes.written(code)) == code for code in drawn)
    assert {len(codes.written(code)) for code in drawn} == {9}


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_none(text: str) -> None:
    found = codes.read(text)

    assert found is None or (len(found) == codes.LENGTH and codes.read(found) == found)


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        (on("Thu 2026-01-01"), "2026-Q1"),
        (on("Tue 2026-03-31"), "2026-Q1"),
        (on("Wed 2026-04-01"), "2026-Q2"),
        (on("Thu 2026-12-31"), "2026-Q4"),
    ],
)
def test_a_day_lies_in_its_quarter(day: date, quarter: str) -> None:
    assert str(quarter_of(day)) == quarter
    assert read_quarter(quarter.lower()) == quarter_of(day)


@given(st.dates(date(1901, 1, 1), date(2998, 12, 31)))
def test_quarters_meet_and_hold_their_days(day: date) -> None:
    quarter = quarter_of(day)

    assert quarter.from_on <= day < quarter.to_on
    assert quarter.next.previous == quarter
    assert quarter.previous.to_on == quarter.from_on
    assert quarter_of(quarter.to_on - timedelta(days=1)) == quarter


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-Q5", "2026-Q0", "0000-Q1", "26-Q1", "2026-Q1x", "２０２６-Q1"]
)
def test_what_is_no_quarter_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="2026-Q4"):
        read_quarter(text)


def test_quarters_are_ordered() -> None:
    assert Quarter(2025, 4) < Quarter(2026, 1) < Quarter(2026, 2)
