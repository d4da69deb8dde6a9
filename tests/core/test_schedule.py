"""Laying out a plan: forward, back, from actuals, on several calendars."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.schedule import (
    JUST_IN_TIME,
    NOT_BEFORE,
    START,
    TODAY,
    CycleFound,
    Link,
    Plan,
    Step,
    UnknownPredecessor,
    lay_out,
    shifts,
)
from concierge.core.worktime import WorkCalendar, add_workdays
from tests.makers.days import on, said

PLAIN = WorkCalendar("plain")
TOKYO = WorkCalendar(
    "Tokyo",
    closed={
        on("Wed 2026-04-29"): "昭和の日",
        on("Mon 2026-05-04"): "みどりの日",
        on("Tue 2026-05-05"): "こどもの日",
        on("Wed 2026-05-06"): "振替休日",
    },
)
BOSTON = WorkCalendar("Massachusetts", closed={on("Fri 2026-07-03"): "Independence Day (observed)"})
CALENDARS = {"plain": PLAIN, "tokyo": TOKYO, "boston": BOSTON}


def step(key: str, workdays: int, *after: str | Link, calendar: str = "plain", **more: object) -> Step:
    links = tuple(link if isinstance(link, Link) else Link(link) for link in after)
    return Step(key, workdays, calendar, links, **more)  # type: ignore[arg-type]  # the rest of Step's fields


def plan_of(*steps: Step, start_on: str = "Mon 2026-03-02", today: str = "Mon 2026-03-02") -> Plan:
    return lay_out(steps, calendars=CALENDARS, start_on=on(start_on), today=on(today))


def days_of(plan: Plan) -> dict[str, tuple[str, str]]:
    return {key: (said(place.start_on), said(place.finish_on)) for key, place in plan.placed.items()}


def test_steps_follow_each_other_over_weekends() -> None:
    plan = plan_of(
        step("accepted", 0),
        step("prepare", 5, "accepted"),
        step("install", 2, "prepare"),
        step("handover", 0, "install"),
    )

    assert days_of(plan) == {
        "accepted": ("Mon 2026-03-02", "Mon 2026-03-02"),
        "prepare": ("Mon 2026-03-02", "Fri 2026-03-06"),
        "install": ("Mon 2026-03-09", "Tue 2026-03-10"),
        "handover": ("Tue 2026-03-10", "Tue 2026-03-10"),
    }
    assert said(plan.finish_on) == "Tue 2026-03-10"
    assert plan.driving_chain == ("accepted", "prepare", "install", "handover")


@pytest.mark.parametrize(
    ("lag", "expected"),
    [(0, "Wed 2026-03-04"), (1, "Thu 2026-03-05"), (3, "Mon 2026-03-09"), (-1, "Tue 2026-03-03")],
)
def test_lag_counts_in_the_successors_working_days(lag: int, expected: str) -> None:
    plan = plan_of(step("first", 2), step("second", 1, Link("first", lag)))

    assert said(plan.placed["second"].start_on) == expected


def test_golden_week_and_the_fourth_of_july_are_not_worked() -> None:
    plan = plan_of(
        step("crate", 2, calendar="tokyo", not_before=on("Thu 2026-04-30")),
        step("install", 3, "crate", calendar="tokyo"),
        step("review", 1, "install", calendar="boston", not_before=on("Thu 2026-07-02")),
        step("training", 2, "review", calendar="boston"),
        start_on="Mon 2026-04-27",
        today="Mon 2026-04-27",
    )

    assert days_of(plan) == {
        "crate": ("Thu 2026-04-30", "Fri 2026-05-01"),
        "install": ("Thu 2026-05-07", "Mon 2026-05-11"),
        "review": ("Thu 2026-07-02", "Thu 2026-07-02"),
        "training": ("Mon 2026-07-06", "Tue 2026-07-07"),
    }


def test_a_plan_over_the_year_end_and_a_leap_day() -> None:
    plan = plan_of(
        step("close", 3, not_before=on("Wed 2027-12-29")),
        step("leap", 2, "close", not_before=on("Mon 2028-02-28")),
        step("after", 1, "leap"),
    )

    assert days_of(plan)["close"] == ("Wed 2027-12-29", "Fri 2027-12-31")
    assert days_of(plan)["leap"] == ("Mon 2028-02-28", "Tue 2028-02-29")
    assert days_of(plan)["after"] == ("Wed 2028-03-01", "Wed 2028-03-01")


def test_dependants_follow_an_actual_finish_forward_and_back_again() -> None:
    steps = (step("prepare", 5), step("install", 2, "prepare"), step("training", 1, "install"))
    planned = plan_of(*steps)

    late = plan_of(replace(steps[0], finished_on=on("Wed 2026-03-11")), *steps[1:])
    early = plan_of(replace(steps[0], finished_on=on("Tue 2026-03-03")), *steps[1:])

    assert days_of(late)["install"] == ("Thu 2026-03-12", "Fri 2026-03-13")
    assert days_of(late)["training"] == ("Mon 2026-03-16", "Mon 2026-03-16")
    assert days_of(early)["install"] == ("Wed 2026-03-04", "Thu 2026-03-05")
    assert days_of(early)["training"] == ("Fri 2026-03-06", "Fri 2026-03-06")
    assert plan_of(*steps) == planned


def test_an_actual_weekend_day_is_kept_as_it_was() -> None:
    plan = plan_of(
        step("deliver", 1, started_on=on("Sat 2026-03-07"), finished_on=on("Sat 2026-03-07")),
        step("install", 1, "deliver"),
        today="Mon 2026-03-09",
    )

    assert days_of(plan)["deliver"] == ("Sat 2026-03-07", "Sat 2026-03-07")
    assert days_of(plan)["install"] == ("Mon 2026-03-09", "Mon 2026-03-09")


def test_what_has_not_started_never_starts_in_the_past() -> None:
    plan = plan_of(step("prepare", 5), step("install", 2, "prepare"), today="Sat 2026-03-14")

    assert days_of(plan)["prepare"] == ("Mon 2026-03-16", "Fri 2026-03-20")
    assert plan.placed["prepare"].driver == TODAY


def test_what_has_started_but_not_finished_never_finishes_in_the_past() -> None:
    overdue = plan_of(
        step("prepare", 5, started_on=on("Mon 2026-03-02")),
        step("install", 2, "prepare"),
        today="Thu 2026-03-12",
    )
    in_time = plan_of(step("prepare", 5, started_on=on("Mon 2026-03-02")), today="Wed 2026-03-04")

    assert days_of(overdue)["prepare"] == ("Mon 2026-03-02", "Thu 2026-03-12")
    assert days_of(overdue)["install"] == ("Fri 2026-03-13", "Mon 2026-03-16")
    assert overdue.placed["prepare"].driver == TODAY
    assert days_of(in_time)["prepare"] == ("Mon 2026-03-02", "Fri 2026-03-06")


def test_drivers_name_what_holds_a_step() -> None:
    plan = plan_of(
        step("accepted", 0),
        step("survey", 1, "accepted"),
        step("prepare", 10, "accepted"),
        step("deliver", 1, "survey", "prepare", not_before=on("Mon 2026-03-16")),
        step("freight", 1, not_before=on("Thu 2026-03-12")),
        step("install", 2, "deliver", "freight"),
    )

    assert {key: place.driver for key, place in plan.placed.items()} == {
        "accepted": START,
        "survey": "accepted",
        "prepare": "accepted",
        "deliver": "prepare",
        "freight": NOT_BEFORE,
        "install": "deliver",
    }
    assert plan.driving_chain == ("accepted", "prepare", "deliver", "install")
    assert {key: place.slack_workdays for key, place in plan.placed.items()} == {
        "accepted": 0,
        "survey": 9,
        "prepare": 0,
        "deliver": 0,
        "freight": 2,
        "install": 0,
    }


def test_a_ship_release_is_placed_as_late_as_nothing_else_moves() -> None:
    steps = (
        step("accepted", 0),
        step("release", 0, "accepted", just_in_time=True),
        step("freight", 3, "release", just_in_time=True),
        step("prepare", 10, "accepted"),
        step("deliver", 1, "freight", "prepare", not_before=on("Fri 2026-03-20")),
    )

    plan = plan_of(*steps)
    eager = plan_of(*(replace(each, just_in_time=False) for each in steps))

    assert days_of(plan)["release"] == ("Tue 2026-03-17", "Tue 2026-03-17")
    assert days_of(plan)["freight"] == ("Tue 2026-03-17", "Thu 2026-03-19")
    assert plan.placed["release"].driver == JUST_IN_TIME
    assert plan.placed["deliver"].start_on == eager.placed["deliver"].start_on
    assert plan.finish_on == eager.finish_on


def test_a_release_that_happened_stays_where_it_was() -> None:
    plan = plan_of(
        step("release", 0, just_in_time=True, finished_on=on("Tue 2026-03-03")),
        step("deliver", 1, "release", not_before=on("Fri 2026-03-20")),
        today="Wed 2026-03-04",
    )

    assert days_of(plan)["release"] == ("Tue 2026-03-03", "Tue 2026-03-03")


def test_a_circle_is_named_in_the_order_of_waiting() -> None:
    with pytest.raises(CycleFound, match="install → training → deliver → install") as caught:
        plan_of(
            step("accepted", 0),
            step("install", 1, "deliver"),
            step("training", 1, "install", "accepted"),
            step("deliver", 1, "training"),
            step("after", 1, "training"),
        )

    assert caught.value.keys == ("install", "training", "deliver")


def test_a_step_that_waits_for_itself_is_a_circle() -> None:
    with pytest.raises(CycleFound, match="install → install"):
        plan_of(step("install", 1, "install"))


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ((("install", "deliver"),), "waits for “deliver”, which is not in the plan"),
        ((("install",), ("install",)), "stands twice"),
    ],
)
def test_a_broken_network_is_refused_in_words(steps: tuple[tuple[str, ...], ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        plan_of(*(step(key, 1, *after) for key, *after in steps))


def test_an_unknown_predecessor_has_its_own_name() -> None:
    with pytest.raises(UnknownPredecessor):
        plan_of(step("install", 1, "deliver"))


def test_bad_steps_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="cannot last -1 working days"):
        step("install", -1)
    with pytest.raises(ValueError, match="cannot have the key “today”"):
        step("today", 1)
    with pytest.raises(ValueError, match="calendar “mars”, which is not given"):
        plan_of(step("install", 1, calendar="mars"))


def test_an_empty_plan_ends_where_it_starts() -> None:
    plan = plan_of()

    assert plan.finish_on == on("Mon 2026-03-02")
    assert plan.driving_chain == ()


def test_shifts_list_only_what_moved() -> None:
    steps = (
        step("accepted", 0),
        step("survey", 1, "accepted"),
        step("prepare", 5, "accepted"),
        step("install", 1, "prepare"),
    )
    before = plan_of(*steps)

    after = plan_of(*steps[:2], replace(steps[2], workdays=6), replace(steps[3], key="fit"))

    assert [shift.key for shift in shifts(before, after)] == ["prepare", "fit", "install"]
    moved, new, gone = shifts(before, after)
    assert (moved.finish_before, moved.finish_after) == (on("Fri 2026-03-06"), on("Mon 2026-03-09"))
    assert new.start_before is None
    assert gone.finish_after is None
    assert shifts(before, before) == ()


A_DAY = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Step, ...]:
    """Draw a network without circles, on up to three calendars, some dates actual, some wished."""
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 9))):
        earlier = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        started = draw(st.none() | A_DAY) if draw(st.integers(0, 4)) == 0 else None
        finished = (
            started + timedelta(days=draw(st.integers(0, 9))) if started and draw(st.booleans()) else None
        )
        steps.append(
            Step(
                f"step {number}",
                draw(st.integers(0, 6)),
                draw(st.sampled_from(sorted(CALENDARS))),
                tuple(Link(f"step {key}", draw(st.integers(0, 4))) for key in sorted(earlier)),
                not_before=draw(st.none() | A_DAY),
                started_on=started,
                finished_on=finished,
                just_in_time=draw(st.integers(0, 4)) == 0,
            )
        )
    return tuple(draw(st.permutations(steps)))


def laid(steps: tuple[Step, ...], today: date, start_on: date = date(2026, 1, 5)) -> Plan:
    return lay_out(steps, calendars=CALENDARS, start_on=start_on, today=today)


@given(networks(), A_DAY)
def test_nobody_starts_before_what_they_wait_for(steps: tuple[Step, ...], today: date) -> None:
    plan = laid(steps, today)

    by_key = {each.key: each for each in steps}
    for each in steps:
        if each.started_on or each.finished_on:
            continue
        place = plan.placed[each.key]
        assert place.start_on >= today
        assert CALENDARS[each.calendar].is_workday(place.start_on)
        for link in each.links:
            finish_on = plan.placed[link.predecessor].finish_on
            share = each.is_moment or by_key[link.predecessor].is_moment
            assert place.start_on >= finish_on if share else place.start_on > finish_on


@given(networks(), A_DAY)
def test_what_happened_stays_and_what_is_open_is_not_past(steps: tuple[Step, ...], today: date) -> None:
    plan = laid(steps, today)

    for each in steps:
        place = plan.placed[each.key]
        assert place.start_on <= place.finish_on <= plan.finish_on
        if each.finished_on:
            assert place.finish_on == each.finished_on
        elif each.started_on:
            assert place.start_on == each.started_on
            assert place.finish_on >= today
        else:
            worked = sum(
                CALENDARS[each.calendar].is_workday(place.start_on + timedelta(days=number))
                for number in range((place.finish_on - place.start_on).days + 1)
            )
            assert worked == max(1, each.workdays)


@given(networks(), A_DAY)
def test_laying_out_what_was_laid_out_changes_nothing(steps: tuple[Step, ...], today: date) -> None:
    plan = laid(steps, today)

    again = laid(tuple(replace(each, not_before=plan.placed[each.key].start_on) for each in steps), today)

    assert shifts(plan, again) == ()


@given(networks(), A_DAY, st.integers(1, 15))
def test_moving_a_step_and_back_restores_every_date(steps: tuple[Step, ...], today: date, by: int) -> None:
    before = laid(steps, today)
    chosen = steps[0]
    moved = replace(chosen, not_before=before.placed[chosen.key].start_on + timedelta(days=by))

    after = laid((moved, *steps[1:]), today)
    restored = laid(steps, today)

    assert all(after.placed[key].finish_on >= before.placed[key].finish_on for key in before.placed)
    assert shifts(before, restored) == ()
    there = {shift.key: shift for shift in shifts(before, after)}
    back = {shift.key: shift for shift in shifts(after, restored)}
    assert there.keys() == back.keys()


@given(networks(), A_DAY)
def test_just_in_time_steps_move_nothing_else(steps: tuple[Step, ...], today: date) -> None:
    plan = laid(steps, today)
    eager = laid(tuple(replace(each, just_in_time=False) for each in steps), today)

    for each in steps:
        late, early = plan.placed[each.key], eager.placed[each.key]
        assert late.start_on >= early.start_on
        if not each.just_in_time:
            assert (late.start_on, late.finish_on) == (early.start_on, early.finish_on)
    assert plan.finish_on == eager.finish_on


def _with_wish(steps: tuple[Step, ...], wishes: Mapping[str, date]) -> tuple[Step, ...]:
    return tuple(replace(each, not_before=wishes.get(each.key, each.not_before)) for each in steps)


@given(networks(), A_DAY)
def test_slack_can_be_used_up_without_moving_the_end(steps: tuple[Step, ...], today: date) -> None:
    steps = tuple(replace(each, just_in_time=False, started_on=None, finished_on=None) for each in steps)
    plan = laid(steps, today)

    for each in steps:
        place = plan.placed[each.key]
        pushed = add_workdays(CALENDARS[each.calendar], place.start_on, place.slack_workdays)
        assert laid(_with_wish(steps, {each.key: pushed}), today).finish_on == plan.finish_on


@given(networks(), A_DAY)
def test_the_driving_chain_ends_at_the_finish_and_each_drives_the_next(
    steps: tuple[Step, ...], today: date
) -> None:
    plan = laid(steps, today)

    assert plan.placed[plan.driving_chain[-1]].finish_on == plan.finish_on
    for first, second in zip(plan.driving_chain, plan.driving_chain[1:], strict=False):
        assert plan.placed[second].driver == first


@given(networks(), A_DAY)
def test_the_order_in_which_steps_are_given_does_not_matter(steps: tuple[Step, ...], today: date) -> None:
    forward, backward = laid(steps, today), laid(tuple(reversed(steps)), today)

    assert {k: (p.start_on, p.finish_on, p.slack_workdays) for k, p in forward.placed.items()} == {
        k: (p.start_on, p.finish_on, p.slack_workdays) for k, p in backward.placed.items()
    }
