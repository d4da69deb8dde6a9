"""Quarters of the calendar year, as addresses and pages name them."""

import re
from dataclasses import dataclass
from datetime import date

_WRITTEN = re.compile(r"(?P<year>\d{4})-?[Qq](?P<number>[1-4])", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months: number 1 begins in January."""

    year: int
    number: int

    @property
    def from_on(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def to_on(self) -> date:
        """The first day after it."""
        return self.next.from_on

    @property
    def next(self) -> "Quarter":
        """The one after it."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def previous(self) -> "Quarter":
        """The one before it."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


def quarter_of(day: date) -> Quarter:
    """The quarter that a day lies in."""
    return Quarter(day.year, (day.month + 2) // 3)


def read_quarter(text: str) -> Quarter:
    """Read a quarter such as ``2026-Q4``.

    :raises ValueError: when it is none; the sentence says how to write it.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not _FIRST_YEAR <= int(found["year"]) <= _LAST_YEAR:
        raise ValueError("Write the quarter as year and number, such as 2026-Q4.")
    return Quarter(int(found["year"]), int(found["number"]))
