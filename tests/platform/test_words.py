"""Amounts as people read them, whatever number of digits their currency has."""

import pytest
from flask import Flask

from concierge.platform.words import money


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (41_200_000, "CHF", "CHF 412,000.00"),
        (41_200_000, "JPY", "JPY 41,200,000"),
        (41_200_500, "KWD", "KWD 41,200.500"),
        (41_200_000, "RSD", "RSD 412,000"),
        (41_200_000, "IQD", "IQD 41,200"),
        (None, "CHF", "not stated"),
        (100, "", "not stated"),
    ],
)
def test_an_amount_is_said_as_large_as_it_was_ordered(
    sqlite_app: Flask, minor: int | None, currency: str, said: str
) -> None:
    with sqlite_app.test_request_context():
        assert money(minor, currency) == said
