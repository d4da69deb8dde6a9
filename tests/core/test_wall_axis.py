"""Days of many places on one axis."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from concierge.core.board import WallAxis, half_days_on, lanes

MONDAY = date(2026, 3, 16)
WEEK = WallAxis(MONDAY, 7)
WALLS = st.datetimes(datetime(2026, 3, 10), datetime(2026, 3, 30))


@given(WALLS, WALLS, st.sampled_from([WEEK, WallAxis(MONDAY, 28), WallAxis(MONDAY, 1, 360, 1200, 0.05)]))
def test_later_is_never_further_left(one: datetime, other: datetime, axis: WallAxis) -> None:
    earlier, later = sorted((one, other))
    assert 0 <= axis.at(earlier) <= axis.at(later) <= 100


def test_a_working_day_fills_its_column_and_nights_are_narrow() -> None:
    nine, six = WEEK.at(datetime(2026, 3, 17, 8)), WEEK.at(datetime(2026, 3, 17, 18))
    assert (six - nine) / WEEK.width > 0.9
    night = WEEK.at(datetime(2026, 3, 18, 6)) - WEEK.at(datetime(2026, 3, 17, 20))
    assert 0 < night / WEEK.width < 0.06
    assert WEEK.at(datetime(2026, 3, 17)) == WEEK.width
    assert WEEK.stretch(datetime(2026, 3, 2), datetime(2026, 3, 3)) is None


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 10)), max_size=30))
def test_nothing_in_a_lane_lies_on_another(found: list[tuple[float, float]]) -> None:
    stretches = sorted((x, x + width) for x, width in found)
    given_lanes = lanes(stretches)
    for lane in set(given_lanes):
        inside = [each for each, own in zip(stretches, given_lanes, strict=True) if own == lane]
        assert all(one[1] <= other[0] for one, other in pairwise(inside))


@given(WALLS, st.integers(-60, 60))
def test_half_days_there_and_back_lead_to_the_same_half_day(starts: datetime, halves: int) -> None:
    opens, reopens = time(8), time(13)
    there = half_days_on(starts, halves, opens=opens, reopens=reopens)
    again = half_days_on(there, -halves, opens=opens, reopens=reopens)
    assert (again.date(), again.hour >= 12) == (starts.date(), starts.hour >= 12)
    if halves % 2 == 0:
        assert there == starts + timedelta(days=halves // 2)
