"""Wall time at a site, also in the weeks in which clocks change."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.worktime import WorkCalendar, add_workdays, previous_workday
from concierge.visits.clocks import (
    EndsTooEarly,
    NoSuchTime,
    followed,
    is_repeated,
    nearest_stay,
    stay,
    wall_time,
)
from tests.makers.days import at, on
from tests.makers.visits import wall

BASEL = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-05-01"): "Tag der Arbeit"})


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "starts_at", "ends_at"),
    [
        ("Europe/Zurich", "Fri 2026-03-27 09:00", "Fri 2026-03-27 12:00", "Fri 2026-03-27 08:00+00:00", 3),
        ("Europe/Zurich", "Mon 2026-03-30 09:00", "Mon 2026-03-30 12:00", "Mon 2026-03-30 07:00+00:00", 3),
        ("Europe/Zurich", "Sun 2026-03-29 01:00", "Sun 2026-03-29 04:00", "Sun 2026-03-29 00:00+00:00", 2),
        ("Europe/Zurich", "Sun 2026-10-25 01:00", "Sun 2026-10-25 04:00", "Sat 2026-10-24 23:00+00:00", 4),
        ("America/New_York", "Mon 2026-03-09 09:00", "Mon 2026-03-09 12:00", "Mon 2026-03-09 13:00+00:00", 3),
        ("Asia/Tokyo", "Mon 2026-03-30 09:00", "Mon 2026-03-30 12:00", "Mon 2026-03-30 00:00+00:00", 3),
        (
            "Australia/Lord_Howe",
            "Sun 2026-04-05 01:00",
            "Sun 2026-04-05 03:00",
            "Sat 2026-04-04 14:00+00:00",
            2.5,
        ),
        (
            "Pacific/Kiritimati",
            "Tue 2026-03-17 09:00",
            "Tue 2026-03-17 10:00",
            "Mon 2026-03-16 19:00+00:00",
            1,
        ),
    ],
)
def test_wall_times_mean_instants(
    app: object, zone: str, starts: str, ends: str, starts_at: str, ends_at: float
) -> None:
    when = stay(wall(starts), wall(ends), zone=zone)

    assert when.starts_at == at(starts_at)
    assert (when.ends_at - when.starts_at).total_seconds() == ends_at * 3600
    assert wall_time(when.starts_at, zone) == wall(starts)


def test_a_time_the_clocks_jump_over_is_refused_with_the_next_one(app: object) -> None:
    with pytest.raises(NoSuchTime, match=r"Zurich go forward on Sun 29 Mar.*02:30.*Choose 03:30"):
        stay(wall("Sun 2026-03-29 02:30"), wall("Sun 2026-03-29 05:00"), zone="Europe/Zurich")


def test_a_time_shown_twice_is_the_first_unless_told() -> None:
    starts, ends = wall("Sun 2026-10-25 02:30"), wall("Sun 2026-10-25 02:45")

    first = stay(starts, ends, zone="Europe/Zurich")
    second = stay(starts, ends, zone="Europe/Zurich", fold=1)

    assert is_repeated(starts, "Europe/Zurich")
    assert first.starts_at == at("Sun 2026-10-25 00:30+00:00")
    assert second.starts_at == at("Sun 2026-10-25 01:30+00:00")
    assert (second.ends_at - second.starts_at).total_seconds() == 15 * 60


def test_fold_means_nothing_on_an_ordinary_day() -> None:
    when = stay(wall("Tue 2026-03-17 09:00"), wall("Tue 2026-03-17 10:00"), zone="Europe/Zurich", fold=1)

    assert when.fold == 0


def test_a_visit_over_the_repeated_hour_may_end_in_its_second_run() -> None:
    when = stay(wall("Sun 2026-10-25 02:50"), wall("Sun 2026-10-25 02:10"), zone="Europe/Zurich")

    assert when.ends_at == at("Sun 2026-10-25 01:10+00:00")


def test_an_end_before_the_start_is_refused(app: object) -> None:
    with pytest.raises(EndsTooEarly, match="later end"):
        stay(wall("Tue 2026-03-17 12:00"), wall("Tue 2026-03-17 12:00"), zone="Europe/Zurich")


def test_what_moves_by_itself_into_the_gap_goes_on_as_the_clocks_do() -> None:
    when = nearest_stay(wall("Sun 2026-03-29 02:30"), wall("Sun 2026-03-29 02:45"), zone="Europe/Zurich")

    assert when.starts_local == wall("Sun 2026-03-29 03:30")
    assert when.ends_local == wall("Sun 2026-03-29 03:45")


@pytest.mark.parametrize(
    ("starts", "ends", "before", "after", "new_starts", "new_ends"),
    [
        (
            "Tue 2026-03-17 09:00",
            "Tue 2026-03-17 12:00",
            "Tue 2026-03-17",
            "Fri 2026-03-20",
            "Fri 2026-03-20 09:00",
            "Fri 2026-03-20 12:00",
        ),
        (
            "Wed 2026-03-18 09:00",
            "Wed 2026-03-18 12:00",
            "Tue 2026-03-17",
            "Fri 2026-03-20",
            "Mon 2026-03-23 09:00",
            "Mon 2026-03-23 12:00",
        ),
        (
            "Thu 2026-04-30 13:00",
            "Mon 2026-05-04 12:00",
            "Thu 2026-04-30",
            "Tue 2026-04-28",
            "Tue 2026-04-28 13:00",
            "Wed 2026-04-29 12:00",
        ),
        (
            "Mon 2026-03-16 09:00",
            "Mon 2026-03-16 12:00",
            "Tue 2026-03-17",
            "Mon 2026-03-23",
            "Fri 2026-03-20 09:00",
            "Fri 2026-03-20 12:00",
        ),
        (
            "Sat 2026-03-21 09:00",
            "Sat 2026-03-21 12:00",
            "Thu 2026-03-19",
            "Thu 2026-03-26",
            "Sat 2026-03-28 09:00",
            "Sat 2026-03-28 12:00",
        ),
    ],
)
def test_a_visit_keeps_its_distance_in_working_days_and_its_time_of_day(
    starts: str, ends: str, before: str, after: str, new_starts: str, new_ends: str
) -> None:
    moved = followed(wall(starts), wall(ends), before=on(before), after=on(after), calendar=BASEL)

    assert moved == (wall(new_starts), wall(new_ends))


workdays = st.dates(on("Thu 2026-01-01"), on("Thu 2026-12-31")).map(lambda day: previous_workday(BASEL, day))


@given(workdays, workdays, workdays, st.integers(0, 3), st.times())
def test_following_forward_and_back_restores(
    visit_on: date, before: date, after: date, length: int, clock: time
) -> None:
    starts = datetime.combine(visit_on, clock)
    ends = datetime.combine(add_workdays(BASEL, visit_on, length), clock)

    there = followed(starts, ends, before=before, after=after, calendar=BASEL)
    back = followed(*there, before=after, after=before, calendar=BASEL)

    assert back == (starts, ends)
    assert there[0].time() == starts.time()
