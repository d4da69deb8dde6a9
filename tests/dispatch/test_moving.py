"""Where a visit is that was moved by half a day, and where work of the tray is when it was put somewhere."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from concierge.core.hours import Hours, Place
from concierge.dispatch.plan import begun, clock_changes, moved

SITE = Place("Lab", ZoneInfo("Europe/Zurich"), {day: (Hours(8 * 60, 17 * 60),) for day in range(5)})


def wall(text: str) -> datetime:
    """A wall time, `16 09:00` of March 2026."""
    return datetime.fromisoformat(f"2026-03-{text}")


@pytest.mark.parametrize(
    ("starts", "ends", "halves", "begins", "is_over"),
    [
        ("16 09:00", "16 12:00", 1, "16 13:00", "16 16:00"),
        ("16 13:00", "16 16:00", 1, "17 08:00", "17 11:00"),
        ("16 09:00", "16 12:00", 2, "17 09:00", "17 12:00"),
        ("16 09:00", "16 12:00", -1, "15 13:00", "15 16:00"),  # a Sunday: somebody has to see that
        ("16 09:00", "16 17:00", 1, "16 13:00", "17 12:00"),  # what does not fit goes on next day
        ("20 09:00", "20 17:00", 1, "20 13:00", "23 12:00"),  # over the weekend
        ("16 09:00", "18 17:00", 6, "19 09:00", "23 17:00"),  # three days stay three days of work
        ("16 20:00", "16 22:00", 2, "17 20:00", "17 22:00"),  # an evening that was agreed on stays one
    ],
)
def test_a_visit_stays_as_long_as_it_is(
    starts: str, ends: str, halves: int, begins: str, is_over: str
) -> None:
    assert moved(wall(starts), wall(ends), SITE, halves=halves) == (wall(begins), wall(is_over))


def test_minutes_move_both_ends() -> None:
    assert moved(wall("16 09:00"), wall("17 12:00"), SITE, minutes=-30) == (
        wall("16 08:30"),
        wall("17 11:30"),
    )


def test_work_that_is_put_on_a_half_day_takes_its_time() -> None:
    assert begun(date(2026, 3, 16), 0, 240, SITE) == (wall("16 08:00"), wall("16 12:00"))
    assert begun(date(2026, 3, 20), 1, 960, SITE) == (wall("20 13:00"), wall("24 11:00"))
    assert begun(date(2026, 3, 21), 0, 240, SITE) == (wall("21 08:00"), wall("21 12:00"))


def test_weeks_in_which_clocks_change_are_told() -> None:
    zones = ("America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Europe/Zurich")
    assert clock_changes(zones, date(2026, 3, 23), date(2026, 4, 5)) == (
        ("Australia/Lord_Howe", date(2026, 4, 5), -30),
        ("Europe/Zurich", date(2026, 3, 29), 60),
    )
