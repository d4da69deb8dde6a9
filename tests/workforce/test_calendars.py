"""The working calendar of a place."""

from datetime import date

import pytest

from concierge.core.worktime import add_workdays
from concierge.workforce.calendars import place_calendar
from tests.makers.days import on, said


@pytest.mark.parametrize(
    ("country", "subdivision", "day", "reason"),
    [
        ("CH", "BS", on("Fri 2026-05-01"), "Tag der Arbeit, Basel-Stadt"),
        ("CH", "ZG", on("Fri 2026-05-01"), None),
        ("DE", "BY", on("Tue 2026-01-06"), "Heilige Drei Könige, Bayern"),
        ("DE", "HH", on("Tue 2026-01-06"), None),
        ("JP", "13", on("Wed 2026-05-06"), "振替休日, Japan"),
        ("US", "MA", on("Mon 2026-04-20"), "Patriots' Day, Massachusetts"),
        ("US", "CA", on("Mon 2026-04-20"), None),
        ("AE", "", on("Fri 2026-06-05"), None),
        ("SA", "", on("Fri 2026-06-05"), "Friday"),
        ("SA", "", on("Sun 2026-06-07"), None),
        ("CN", "", on("Sat 2026-10-10"), None),
        ("XX", "", on("Fri 2026-12-25"), None),
        ("XX", "", on("Sat 2026-12-26"), "Saturday"),
        ("de", "zz", on("Fri 2026-12-25"), "Erster Weihnachtstag, Germany"),
    ],
)
def test_a_place_is_closed_on_its_own_holidays(
    country: str, subdivision: str, day: date, reason: str | None
) -> None:
    assert place_calendar(country, subdivision).why_closed(day) == reason


def test_golden_week_is_left_out() -> None:
    assert said(add_workdays(place_calendar("JP"), on("Fri 2026-05-01"), 1)) == "Thu 2026-05-07"


def test_a_calendar_is_read_once() -> None:
    assert place_calendar("CH", "BS") is place_calendar("CH", "BS")
