"""The geometry of the Lines picture: percents a reader can check with a ruler."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core import axis
from concierge.core.axis import (
    Band,
    DayAxis,
    DayLine,
    HourAxis,
    PlanLine,
    day_axis,
    draw_day,
    draw_plan,
    draw_point,
)
from concierge.core.spans import Span, days
from concierge.platform.paths import templates_dir
from tests.makers.days import on

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY, FRIDAY = on("Mon 2026-11-02"), on("Fri 2026-11-06")
TEN_DAYS = DayAxis(on("Mon 2026-11-02"), on("Wed 2026-11-11"), on("Thu 2026-11-05"))


def kinds(drawing: axis.Drawing) -> list[str]:
    return [shape.kind for shape in drawing.shapes]


def shape(drawing: axis.Drawing, kind: str) -> axis.Shape:
    (found,) = [each for each in drawing.shapes if each.kind == kind]
    return found


@pytest.mark.parametrize(
    ("day", "starts", "noon"),
    [
        (on("Mon 2026-11-02"), 0, 5),
        (on("Tue 2026-11-03"), 10, 15),
        (on("Wed 2026-11-11"), 90, 95),
        (on("Thu 2026-11-12"), 100, 100),
        (on("Sun 2026-11-01"), 0, 0),
    ],
)
def test_a_day_lies_where_its_number_says_and_never_beyond_the_edge(
    day: date, starts: float, noon: float
) -> None:
    assert TEN_DAYS.at(day) == starts
    assert TEN_DAYS.middle(day) == noon


def test_the_today_line_stands_at_noon_of_today() -> None:
    assert TEN_DAYS.now == 35


def test_there_is_no_today_line_when_today_is_elsewhere() -> None:
    assert DayAxis(MONDAY, FRIDAY, on("Mon 2027-02-01")).now is None


def test_an_axis_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        DayAxis(FRIDAY, MONDAY, MONDAY)


def test_an_axis_holds_every_date_and_room_for_words_after_the_last() -> None:
    made = day_axis([on("Fri 2026-12-11"), on("Thu 2026-10-01")], today=on("Tue 2026-11-24"))

    assert made.first < on("Thu 2026-10-01")
    assert (made.last - on("Fri 2026-12-11")).days >= 10
    assert made.now is not None


def test_an_old_project_is_not_stretched_to_today() -> None:
    made = day_axis([on("Thu 2025-01-02"), on("Mon 2025-02-03")], today=on("Tue 2026-11-24"))

    assert made.last.year == 2025
    assert made.now is None


def test_weekends_become_bands_and_vanish_when_days_are_hair_thin() -> None:
    two_weeks = day_axis([MONDAY, on("Fri 2026-11-13")], today=MONDAY)
    a_year = day_axis([MONDAY, on("Tue 2027-11-02")], today=MONDAY)

    assert all(
        band.width == pytest.approx(200 / two_weeks.length_days, abs=0.01) for band in two_weeks.bands[1:-1]
    )
    assert a_year.bands == ()


def test_closed_days_of_the_place_become_bands() -> None:
    made = day_axis([MONDAY, FRIDAY], today=MONDAY, is_off=lambda day: day == on("Wed 2026-11-04"))

    assert made.bands == (
        Band(made.at(on("Wed 2026-11-04")), pytest.approx(100 / made.length_days, abs=0.01)),
    )


def test_months_are_ticked_and_january_names_its_year() -> None:
    ticks = DayAxis(on("Thu 2026-10-01"), on("Sun 2027-02-28"), on("Tue 2026-06-02")).ticks

    assert [(tick.kind, tick.on.month) for tick in ticks] == [
        ("month", 10), ("month", 11), ("month", 12), ("year", 1), ("month", 2),
    ]  # fmt: skip


def test_a_short_axis_is_ticked_by_weeks_from_monday() -> None:
    ticks = DayAxis(on("Wed 2026-11-04"), on("Wed 2026-11-25"), on("Tue 2026-06-02")).ticks

    assert {tick.kind for tick in ticks} == {"week"}
    assert [tick.on.day for tick in ticks] == [9, 16, 23]


def test_words_of_ticks_meet_neither_each_other_nor_today() -> None:
    made = DayAxis(on("Thu 2026-10-01"), on("Thu 2026-12-31"), on("Sun 2026-11-01"))

    said = {tick.on.month: tick.is_said for tick in made.ticks}

    assert said == {10: True, 11: False, 12: True}


def test_work_under_way_is_done_up_to_now_and_expected_after_it() -> None:
    line = PlanLine(
        key="prep",
        promised=days(on("Tue 2026-11-03"), on("Thu 2026-11-05")),
        done=days(on("Mon 2026-11-02"), on("Thu 2026-11-05")),
        forecast=days(on("Thu 2026-11-05"), on("Mon 2026-11-09")),
        state="warn",
    )

    (drawing,) = draw_plan([line], TEN_DAYS)

    assert kinds(drawing) == ["promise", "done", "forecast"]
    assert (shape(drawing, "done").x, shape(drawing, "done").x2) == (0, 35)
    assert (shape(drawing, "forecast").x, shape(drawing, "forecast").x2) == (35, 80)
    assert (shape(drawing, "promise").x, shape(drawing, "promise").x2) == (10, 40)


def test_promise_lies_below_and_behind_the_forecast() -> None:
    line = PlanLine(key="a", promised=days(MONDAY, MONDAY), forecast=days(MONDAY, MONDAY))

    (drawing,) = draw_plan([line], TEN_DAYS)

    promise, forecast = drawing.shapes
    assert promise.y > (forecast.y2 or 0)


def test_a_bar_is_never_too_short_to_see() -> None:
    year = DayAxis(on("Thu 2026-01-01"), on("Thu 2026-12-31"), MONDAY)

    (drawing,) = draw_plan([PlanLine(key="a", forecast=days(MONDAY, MONDAY))], year)

    forecast = shape(drawing, "forecast")
    assert forecast.x2 - forecast.x >= axis.SHORTEST_BAR - 1e-9


def test_a_slipped_point_is_hollow_at_the_promise_solid_at_the_forecast_and_dotted_between() -> None:
    line = PlanLine(
        key="handover", is_point=True, state="warn",
        promised=days(MONDAY, MONDAY), forecast=days(FRIDAY, FRIDAY),
    )  # fmt: skip

    (drawing,) = draw_plan([line], TEN_DAYS)

    assert kinds(drawing) == ["slip", "hollow", "solid"]
    assert (shape(drawing, "slip").x, shape(drawing, "slip").x2) == (5, 45)


def test_a_point_as_promised_is_one_solid_diamond() -> None:
    line = PlanLine(key="order", is_point=True, promised=days(MONDAY, MONDAY), done=days(MONDAY, MONDAY))

    (drawing,) = draw_plan([line], TEN_DAYS)

    assert kinds(drawing) == ["solid"]
    assert shape(drawing, "solid").state == "ok"


def test_a_project_without_a_promise_still_has_its_line() -> None:
    line = PlanLine(key="draft", is_point=True, forecast=days(FRIDAY, FRIDAY), track_from=MONDAY)

    (drawing,) = draw_plan([line], TEN_DAYS)

    assert kinds(drawing) == ["track", "solid"]


NEAR = st.none() | st.dates(on("Sun 2026-11-01"), on("Thu 2026-11-12"))


@given(promised=NEAR, at=NEAR, is_done=st.booleans(), track_from=NEAR)
def test_a_point_alone_is_drawn_as_in_a_plan(
    promised: date | None, at: date | None, is_done: bool, track_from: date | None
) -> None:
    reached = days(at, at) if at else None
    line = PlanLine(
        key="a",
        is_point=True,
        state="warn",
        promised=days(promised, promised) if promised else None,
        done=reached if is_done else None,
        forecast=None if is_done else reached,
        track_from=track_from,
    )

    alone = draw_point(
        TEN_DAYS,
        promised=promised,
        at=at,
        state="warn",
        is_done=is_done and at is not None,
        track_from=track_from,
    )

    assert (alone,) == draw_plan([line], TEN_DAYS)


def test_a_row_about_which_nothing_is_known_is_empty() -> None:
    (drawing,) = draw_plan([PlanLine(key="a", words="unknown")], TEN_DAYS)

    assert drawing == axis.Drawing()


def test_a_link_runs_from_an_end_through_the_rows_between_to_a_start() -> None:
    lines = [
        PlanLine(key="a", forecast=days(MONDAY, MONDAY)),
        PlanLine(key="b", forecast=days(MONDAY, MONDAY)),
        PlanLine(key="c", forecast=days(FRIDAY, FRIDAY), after=("a",)),
    ]

    first, between, last = draw_plan(lines, TEN_DAYS)

    assert [(s.x, s.y, s.y2) for s in first.shapes if s.kind == "link"] == [(10, axis.BAR_BOTTOM, None)]
    assert [(s.x, s.y, s.y2) for s in between.shapes if s.kind == "link"] == [(10, 0, None)]
    assert [(s.x, s.x2) for s in last.shapes if s.kind == "link"] == [(10, 10), (10, 40)]


def test_of_several_rows_that_are_waited_for_the_last_to_end_is_linked() -> None:
    lines = [
        PlanLine(key="early", forecast=days(MONDAY, MONDAY)),
        PlanLine(key="late", forecast=days(MONDAY, on("Wed 2026-11-04"))),
        PlanLine(key="c", forecast=days(FRIDAY, FRIDAY), after=("early", "late")),
    ]

    early, late, last = draw_plan(lines, TEN_DAYS)

    assert "link" not in kinds(early)
    assert "link" in kinds(late)
    assert {s.x for s in last.shapes if s.kind == "link"} == {30}


def test_a_link_to_an_unknown_or_later_row_is_not_drawn() -> None:
    lines = [PlanLine(key="a", forecast=days(MONDAY, MONDAY), after=("b", "gone")), PlanLine(key="b")]

    assert "link" not in kinds(draw_plan(lines, TEN_DAYS)[0])


def test_words_stand_after_the_bar_or_before_it_or_nowhere() -> None:
    def label(first: date, last: date, words: str) -> axis.Label | None:
        return draw_plan([PlanLine(key="a", forecast=days(first, last), words=words)], TEN_DAYS)[0].label

    after, before = label(MONDAY, MONDAY, "Power"), label(on("Tue 2026-11-10"), on("Wed 2026-11-11"), "Power")

    assert after is not None
    assert not after.is_before
    assert before is not None
    assert before.is_before
    assert label(MONDAY, on("Wed 2026-11-11"), "Power") is None


def test_long_words_are_cut_between_words() -> None:
    line = PlanLine(
        key="a", forecast=days(MONDAY, MONDAY), words="Power outlet missing; the electrician comes later"
    )

    label = draw_plan([line], TEN_DAYS)[0].label

    assert label is not None
    assert label.text == "Power outlet missing…"


def test_the_day_of_a_zone_starts_at_its_own_midnight() -> None:
    made = HourAxis(on("Tue 2026-11-24"), ZURICH, datetime(2026, 11, 24, 9, 42, tzinfo=UTC))

    assert made.at(datetime(2026, 11, 23, 23, 0, tzinfo=UTC)) == 0
    assert made.at(datetime(2026, 11, 24, 11, 0, tzinfo=UTC)) == 50
    assert made.now_text == "10:42"
    assert made.now == pytest.approx(44.58, abs=0.01)
    assert [tick.text for tick in made.ticks] == ["00:00", "06:00", "12:00", "18:00"]


@pytest.mark.parametrize(
    ("day", "hours", "noon"),
    [
        (on("Sun 2026-03-29"), 23, 11),  # the hour from 02:00 is left out
        (on("Sun 2026-10-25"), 25, 13),  # the hour from 02:00 comes twice
    ],
)
def test_a_day_on_which_clocks_change_is_an_hour_shorter_or_longer(day: date, hours: int, noon: int) -> None:
    made = HourAxis(day, ZURICH, datetime(2026, 1, 1, tzinfo=UTC))

    assert (made.to_at - made.from_at).total_seconds() == hours * 3600
    assert made.at(datetime(day.year, day.month, day.day, 12, tzinfo=ZURICH)) == pytest.approx(
        100 * noon / hours, abs=0.01
    )
    assert made.now is None


def test_a_visit_under_way_is_filled_up_to_now() -> None:
    made = HourAxis(on("Tue 2026-11-24"), ZURICH, datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
    visit = Span(datetime(2026, 11, 24, 9, 0, tzinfo=UTC), datetime(2026, 11, 24, 12, 0, tzinfo=UTC))

    (drawing,) = draw_day([DayLine(open=(visit,), present=((visit, "go"),))], made)

    assert kinds(drawing) == ["work", "forecast", "done"]
    assert shape(drawing, "done").x2 == made.now
    assert shape(drawing, "forecast").x2 > made.now


def test_hours_outside_the_day_are_not_drawn() -> None:
    made = HourAxis(on("Tue 2026-11-24"), ZURICH, datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
    yesterday = Span(datetime(2026, 11, 23, 9, 0, tzinfo=UTC), datetime(2026, 11, 23, 12, 0, tzinfo=UTC))

    (drawing,) = draw_day([DayLine(open=(yesterday,), present=((yesterday, "idle"),))], made)

    assert drawing.shapes == ()


some_days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(st.lists(some_days, min_size=1, max_size=8), some_days, some_days, some_days)
def test_nothing_is_ever_drawn_outside_the_picture(
    known: list[date], today: date, one: date, other: date
) -> None:
    made = day_axis(known, today=today)
    first, last = sorted((one, other))
    line = PlanLine(
        key="a", promised=days(first, last), done=days(first, last), forecast=days(first, last), words="words"
    )

    (drawing,) = draw_plan([line], made)

    assert all(0 <= each.x <= each.x2 <= 100 for each in drawing.shapes)
    assert all(band.x >= 0 and band.x + band.width <= 100.01 for band in made.bands)
    assert all(0 <= tick.x <= 100 for tick in made.ticks)


@given(st.lists(some_days, min_size=2, max_size=2, unique=True), some_days)
def test_later_days_never_lie_further_left(pair: list[date], today: date) -> None:
    made = day_axis(pair, today=today)
    earlier, later = sorted(pair)

    assert made.at(earlier) < made.middle(earlier) < made.at(later) or (later - earlier).days == 1


def test_points_are_drawn_where_the_template_of_lines_puts_them() -> None:
    """The template says this number once for all rows, instead of for each shape."""
    drawn = (templates_dir() / "parts" / "lines.html").read_text("utf-8")

    assert drawn.count(f'y1="{axis.POINT_MIDDLE:g}" y2="{axis.POINT_MIDDLE:g}"') == 2
    assert drawn.count(f'transform="translate(-7.5 {axis.POINT_MIDDLE - 7.5:g})"') == 2
