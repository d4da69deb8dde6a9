"""Two plans side by side."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core import axis
from concierge.core.compare import Change, Dated, compare
from concierge.core.spans import days
from concierge.core.worktime import WorkCalendar, workdays_between
from tests.makers.days import on

BASEL = WorkCalendar("Basel", closed={on("Tue 2026-12-08"): "Mariä Empfängnis"})


def test_moved_added_and_removed_are_told_in_the_order_of_the_newer_plan() -> None:
    before = [
        Dated("order", on("Mon 2026-11-02"), on("Mon 2026-11-02"), is_done=True),
        Dated("survey", on("Tue 2026-11-03"), on("Wed 2026-11-04")),
        Dated("delivery", on("Mon 2026-12-07"), on("Mon 2026-12-07")),
        Dated("handover", on("Fri 2026-12-11"), on("Fri 2026-12-11")),
    ]
    after = [
        Dated("order", on("Mon 2026-11-02"), on("Mon 2026-11-02"), is_done=True),
        Dated("delivery", on("Wed 2026-12-09"), on("Thu 2026-12-10")),
        Dated("acclimatise", on("Fri 2026-12-11"), on("Fri 2026-12-11")),
        Dated("handover", on("Thu 2026-12-10"), on("Thu 2026-12-10")),
    ]

    found = compare(before, after, calendar=BASEL)

    assert [(row.key, row.change) for row in found.rows] == [
        ("order", Change.SAME),
        ("survey", Change.REMOVED),
        ("delivery", Change.MOVED),
        ("acclimatise", Change.ADDED),
        ("handover", Change.MOVED),
    ]
    delivery = found.rows[2]
    assert (delivery.start_workdays, delivery.finish_workdays) == (1, 2)  # the 8th is a holiday
    assert found.rows[4].finish_workdays == -1
    assert (found.later, found.earlier) == (1, 1)
    assert [found.count(change) for change in Change] == [1, 2, 1, 1]


def test_a_move_over_a_weekend_is_a_move_that_costs_no_working_day() -> None:
    found = compare(
        [Dated("call", on("Sat 2026-11-07"), on("Sat 2026-11-07"))],
        [Dated("call", on("Sun 2026-11-08"), on("Sun 2026-11-08"))],
        calendar=BASEL,
    )

    assert found.rows[0].change is Change.MOVED
    assert found.rows[0].finish_workdays == 0
    assert found.later == 1


def test_what_left_first_stands_first() -> None:
    found = compare(
        [Dated("gone", on("Mon 2026-11-02"), on("Mon 2026-11-02"))],
        [Dated("new", on("Mon 2026-11-02"), on("Mon 2026-11-02"))],
        calendar=BASEL,
    )

    assert [row.key for row in found.rows] == ["gone", "new"]


def test_a_plan_with_a_milestone_twice_is_refused() -> None:
    one = Dated("order", on("Mon 2026-11-02"), on("Mon 2026-11-02"))

    with pytest.raises(ValueError, match="order twice"):
        compare([], [one, one], calendar=BASEL)


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
PLANS = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(DAYS, st.integers(0, 20), st.booleans())).map(
    lambda found: [
        Dated(key, start, start + timedelta(days=length), is_done)
        for key, (start, length, is_done) in found.items()
    ]
)


@given(PLANS, PLANS)
def test_every_milestone_of_either_plan_is_told_once_and_the_other_way_round_is_the_opposite(
    before: list[Dated], after: list[Dated]
) -> None:
    there, back = compare(before, after, calendar=BASEL), compare(after, before, calendar=BASEL)

    keys = [row.key for row in there.rows]
    assert sorted(keys) == sorted({one.key for one in (*before, *after)})
    assert [key for key in keys if key in {one.key for one in after}] == [one.key for one in after]
    assert there.count(Change.ADDED) == back.count(Change.REMOVED)
    assert there.later == back.earlier
    for row in there.rows:
        if row.before and row.after:
            assert row.finish_workdays == workdays_between(BASEL, row.before.finish_on, row.after.finish_on)


@given(PLANS)
def test_a_plan_beside_itself_is_the_same(plan: list[Dated]) -> None:
    assert compare(plan, plan, calendar=BASEL).is_same


def test_an_older_plan_is_drawn_in_grey_under_the_newer_one() -> None:
    start, later = on("Mon 2026-11-02"), on("Mon 2026-11-09")
    scale = axis.day_axis([start, start + timedelta(days=30)], today=start)
    row = axis.PlanLine(
        key="delivery",
        before=days(start, start + timedelta(days=4)),
        forecast=days(start + timedelta(days=7), start + timedelta(days=11)),
    )
    gone = axis.PlanLine(key="survey", before=days(start, start))
    moment = axis.PlanLine(
        key="handover", before=days(start, start), forecast=days(later, later), is_point=True
    )

    drawn = axis.draw_plan([row, gone, moment], scale)

    assert [[shape.kind for shape in one.shapes] for one in drawn] == [
        ["before", "forecast"],
        ["before"],
        ["slip", "hollow", "solid"],
    ]
    assert drawn[0].shapes[0].x < drawn[0].shapes[1].x
