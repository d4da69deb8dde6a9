"""Networks of every link: which end waits for which, wishes, room, counting back from a go-live."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from concierge.core.links import bridged, joined
from concierge.core.schedule import (
    CLOSED,
    EXACTLY,
    NOT_AFTER,
    REQUIRED,
    TODAY,
    Conflict,
    ConflictKind,
    CycleFound,
    LagUnit,
    Link,
    LinkKind,
    Plan,
    Step,
    lay_out,
    shifts,
)
from concierge.core.workdays import DayCount
from concierge.core.worktime import (
    WorkCalendar,
    add_workdays,
    next_workday,
    previous_workday,
    workdays_between,
)
from tests.makers.days import on, said

PLAIN = WorkCalendar("plain")
DAILY = WorkCalendar("every day", weekend=frozenset())
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
RIYADH = WorkCalendar("Riyadh", weekend=frozenset({4, 5}))
CALENDARS = {"plain": PLAIN, "daily": DAILY, "tokyo": TOKYO, "boston": BOSTON, "riyadh": RIYADH}
DAY = timedelta(days=1)

FS, SS = LinkKind.FINISH_TO_START, LinkKind.START_TO_START
FF, SF = LinkKind.FINISH_TO_FINISH, LinkKind.START_TO_FINISH
WORKDAYS, DAYS, HOURS = LagUnit.WORKDAYS, LagUnit.DAYS, LagUnit.HOURS


def step(key: str, workdays: int, *after: str | Link, calendar: str = "plain", **more: object) -> Step:
    links = tuple(link if isinstance(link, Link) else Link(link) for link in after)
    return Step(key, workdays, calendar, links, **more)  # type: ignore[arg-type]  # the rest of Step's fields


def plan_of(
    *steps: Step,
    start_on: str = "Mon 2026-03-02",
    today: str = "Mon 2026-03-02",
    required_on: str | None = None,
    backward: bool = False,
) -> Plan:
    return lay_out(
        steps,
        calendars=CALENDARS,
        start_on=on(start_on),
        today=on(today),
        required_on=on(required_on) if required_on else None,
        backward=backward,
    )


def back_from(required_on: str, *steps: Step, today: str = "Mon 2026-03-02") -> Plan:
    return plan_of(*steps, today=today, required_on=required_on, backward=True)


def days_of(plan: Plan) -> dict[str, tuple[str, str]]:
    return {key: (said(place.start_on), said(place.finish_on)) for key, place in plan.placed.items()}


@pytest.mark.parametrize(
    ("kind", "lag", "unit", "start", "finish"),
    [
        # The first step is worked from Thursday 5 to Monday 9 March; the second takes two days.
        (FS, 0, WORKDAYS, "Tue 2026-03-10", "Wed 2026-03-11"),
        (FS, 2, WORKDAYS, "Thu 2026-03-12", "Fri 2026-03-13"),
        (FS, 4, DAYS, "Mon 2026-03-16", "Tue 2026-03-17"),
        (FS, 2, DAYS, "Thu 2026-03-12", "Fri 2026-03-13"),
        (FS, 15, HOURS, "Tue 2026-03-10", "Wed 2026-03-11"),
        (FS, 16, HOURS, "Wed 2026-03-11", "Thu 2026-03-12"),
        (FS, 24, HOURS, "Wed 2026-03-11", "Thu 2026-03-12"),
        (FS, 72, HOURS, "Fri 2026-03-13", "Mon 2026-03-16"),
        (FS, 96, HOURS, "Mon 2026-03-16", "Tue 2026-03-17"),
        (SS, 0, WORKDAYS, "Thu 2026-03-05", "Fri 2026-03-06"),
        (SS, 1, WORKDAYS, "Fri 2026-03-06", "Mon 2026-03-09"),
        (SS, 2, DAYS, "Mon 2026-03-09", "Tue 2026-03-10"),
        (SS, 24, HOURS, "Fri 2026-03-06", "Mon 2026-03-09"),
        (FF, 0, WORKDAYS, "Fri 2026-03-06", "Mon 2026-03-09"),
        (FF, 1, WORKDAYS, "Mon 2026-03-09", "Tue 2026-03-10"),
        (FF, 5, DAYS, "Fri 2026-03-13", "Mon 2026-03-16"),
        (SF, 0, WORKDAYS, "Wed 2026-03-04", "Thu 2026-03-05"),
        (SF, 9, HOURS, "Wed 2026-03-04", "Thu 2026-03-05"),
        (SF, 10, HOURS, "Thu 2026-03-05", "Fri 2026-03-06"),
        (SF, -1, WORKDAYS, "Tue 2026-03-03", "Wed 2026-03-04"),
        (FS, -2, WORKDAYS, "Fri 2026-03-06", "Mon 2026-03-09"),
    ],
)
def test_each_end_waits_as_its_link_says(
    kind: LinkKind, lag: int, unit: LagUnit, start: str, finish: str
) -> None:
    plan = plan_of(
        step("first", 3, not_before=on("Thu 2026-03-05")), step("second", 2, Link("first", lag, kind, unit))
    )

    assert days_of(plan)["first"] == ("Thu 2026-03-05", "Mon 2026-03-09")
    assert days_of(plan)["second"] == (start, finish)
    assert plan.placed["second"].driver == "first"
    assert plan.placed["second"].link == Link("first", lag, kind, unit)


def test_a_crate_acclimatises_over_the_weekend_on_a_calendar_of_every_day() -> None:
    plan = plan_of(
        step("delivered", 0, not_before=on("Fri 2026-03-06")),
        step("acclimatise", 2, "delivered", calendar="daily"),
        step("unpack", 1, "acclimatise"),
        step("pump down", 1, Link("unpack", 24, unit=HOURS)),
    )

    assert days_of(plan)["acclimatise"] == ("Fri 2026-03-06", "Sat 2026-03-07")
    assert days_of(plan)["unpack"] == ("Mon 2026-03-09", "Mon 2026-03-09")
    assert days_of(plan)["pump down"] == ("Wed 2026-03-11", "Wed 2026-03-11")


def test_hours_after_a_moment_count_from_the_evening_of_its_day() -> None:
    plan = plan_of(
        step("delivered", 0, not_before=on("Tue 2026-03-03")),
        step("install", 1, Link("delivered", 24, unit=HOURS)),
        step("look", 1, Link("delivered", 0, unit=HOURS)),
    )

    assert said(plan.placed["look"].start_on) == "Tue 2026-03-03"
    assert said(plan.placed["install"].start_on) == "Thu 2026-03-05"


def test_one_plan_over_golden_week_and_the_fourth_of_july() -> None:
    """GanttProject #668, #716: several holiday calendars in one plan, each step on its own."""
    plan = plan_of(
        step("release", 0, not_before=on("Mon 2026-04-27")),
        step("freight", 6, "release", calendar="daily"),
        step("install", 3, "freight", calendar="tokyo"),
        step("report", 38, "install", calendar="boston"),
        step("training", 2, "report", calendar="boston"),
    )

    assert days_of(plan) == {
        "release": ("Mon 2026-04-27", "Mon 2026-04-27"),
        "freight": ("Mon 2026-04-27", "Sat 2026-05-02"),
        "install": ("Thu 2026-05-07", "Mon 2026-05-11"),
        "report": ("Tue 2026-05-12", "Thu 2026-07-02"),
        "training": ("Mon 2026-07-06", "Tue 2026-07-07"),
    }


PREPARE_INSTALL_TRAIN = (
    step("prepare", 5),
    step("install", 2, "prepare"),
    step("training", 1, Link("install", 1)),
)


@pytest.mark.parametrize(
    ("finished", "install", "training"),
    [
        ("Wed 2026-03-11", "Thu 2026-03-12", "Tue 2026-03-17"),
        ("Fri 2026-03-06", "Mon 2026-03-09", "Thu 2026-03-12"),
        ("Tue 2026-03-03", "Wed 2026-03-04", "Mon 2026-03-09"),
        ("Sun 2026-03-08", "Mon 2026-03-09", "Thu 2026-03-12"),
    ],
)
def test_successors_follow_the_actual_finish(finished: str, install: str, training: str) -> None:
    """ERPNext #54271: a successor starts after the actual completion of what it waits for, late or early."""
    plan = plan_of(replace(PREPARE_INSTALL_TRAIN[0], finished_on=on(finished)), *PREPARE_INSTALL_TRAIN[1:])

    assert said(plan.placed["install"].start_on) == install
    assert said(plan.placed["training"].start_on) == training


def test_successors_move_back_when_the_predecessor_shrinks() -> None:
    """GanttProject #2002: they move forward with a longer predecessor, and back with a shorter one."""
    prepare, *rest = PREPARE_INSTALL_TRAIN
    planned = plan_of(prepare, *rest)

    longer = plan_of(replace(prepare, workdays=9), *rest)
    shorter = plan_of(replace(prepare, workdays=2), *rest)

    assert said(planned.placed["training"].start_on) == "Thu 2026-03-12"
    assert said(longer.placed["training"].start_on) == "Wed 2026-03-18"
    assert said(shorter.placed["training"].start_on) == "Mon 2026-03-09"
    assert plan_of(prepare, *rest) == planned


def test_a_finish_that_waits_stretches_what_has_begun() -> None:
    plan = plan_of(
        step("calibrate", 6),
        step("document", 2, Link("calibrate", 0, FF), started_on=on("Mon 2026-03-02")),
    )

    assert days_of(plan)["document"] == ("Mon 2026-03-02", "Mon 2026-03-09")
    assert plan.placed["document"].driver == "calibrate"


def test_parallel_steps_of_a_ladder_drive_by_the_link_that_binds() -> None:
    plan = plan_of(
        step("install", 4),
        step("teach", 2, Link("install", 1, SS), Link("install", 1, FF)),
        step("handover", 0, "teach"),
    )

    assert days_of(plan)["teach"] == ("Thu 2026-03-05", "Fri 2026-03-06")
    assert plan.placed["teach"].link == Link("install", 1, FF)
    assert plan.driving_chain == ("install", "teach", "handover")


# --- wishes


def test_a_finish_not_after_a_day_is_reported_when_it_cannot_be_kept() -> None:
    steps = (step("prepare", 5), step("audit", 1, "prepare", not_after=on("Fri 2026-03-06")))

    plan = plan_of(*steps)
    kept = plan_of(replace(steps[0], workdays=4), steps[1])

    assert plan.conflicts == (
        Conflict(ConflictKind.NOT_AFTER, "audit", on("Fri 2026-03-06"), on("Mon 2026-03-09"), "prepare"),
    )
    assert kept.conflicts == ()


def test_exactly_on_a_day_waits_for_it_and_says_when_it_is_not_possible() -> None:
    deliver = step("deliver", 1, "prepare", exactly_on=on("Thu 2026-03-12"))

    early = plan_of(step("prepare", 2), deliver)
    late = plan_of(step("prepare", 9), deliver)
    passed = plan_of(step("prepare", 2, finished_on=on("Tue 2026-03-03")), deliver, today="Mon 2026-03-16")

    assert days_of(early)["deliver"] == ("Thu 2026-03-12", "Thu 2026-03-12")
    assert early.placed["deliver"].driver == EXACTLY
    assert early.placed["prepare"].slack_workdays == 6
    assert early.conflicts == ()
    assert late.conflicts == (
        Conflict(ConflictKind.EXACTLY, "deliver", on("Thu 2026-03-12"), on("Fri 2026-03-13"), "prepare"),
    )
    assert [(one.possible_on, one.driver) for one in passed.conflicts] == [(on("Mon 2026-03-16"), TODAY)]


def test_exactly_on_a_holiday_says_that_nobody_works() -> None:
    plan = plan_of(step("deliver", 1, calendar="tokyo", exactly_on=on("Tue 2026-05-05")))

    assert plan.conflicts == (
        Conflict(ConflictKind.EXACTLY, "deliver", on("Tue 2026-05-05"), on("Thu 2026-05-07"), CLOSED),
    )


def test_what_happened_breaks_no_wish() -> None:
    plan = plan_of(
        step("deliver", 1, exactly_on=on("Tue 2026-03-03"), finished_on=on("Thu 2026-03-05")),
        step("audit", 1, not_after=on("Mon 2026-03-02"), finished_on=on("Thu 2026-03-05")),
        today="Fri 2026-03-06",
    )

    assert plan.conflicts == ()


# --- room


def test_room_before_the_end_and_before_the_next() -> None:
    plan = plan_of(
        step("prepare", 10),
        step("survey", 1),
        step("report", 2, "survey"),
        step("install", 1, "prepare", "report"),
    )

    room = {key: (place.slack_workdays, place.free_workdays) for key, place in plan.placed.items()}
    assert room == {"prepare": (0, 0), "survey": (7, 0), "report": (7, 7), "install": (0, 0)}


def test_a_plan_is_about_its_hand_over_and_not_about_what_comes_after() -> None:
    steps = (
        step("install", 3),
        step("handover", 0, "install"),
        step("train", 2, Link("install", 10)),
        step("report", 1, "install"),
    )
    plan = lay_out(
        steps,
        calendars=CALENDARS,
        start_on=on("Mon 2026-03-02"),
        today=on("Mon 2026-03-02"),
        last_key="handover",
    )

    assert plan.driving_chain == ("install", "handover")
    assert said(plan.finish_on) == "Fri 2026-03-20"
    assert {key: place.slack_workdays for key, place in plan.placed.items()} == {
        "install": 0,
        "handover": 0,
        "train": 0,
        "report": 11,
    }


def test_counted_back_what_comes_after_the_hand_over_follows_it_at_once() -> None:
    steps = (
        step("install", 3),
        step("handover", 0, "install"),
        step("train", 2, Link("handover", 2)),
        step("report", 1, "install"),
    )
    plan = lay_out(
        steps,
        calendars=CALENDARS,
        start_on=on("Mon 2026-03-02"),
        today=on("Mon 2026-03-02"),
        required_on=on("Fri 2026-04-17"),
        backward=True,
        last_key="handover",
    )

    assert days_of(plan) == {
        "install": ("Wed 2026-04-15", "Fri 2026-04-17"),
        "handover": ("Fri 2026-04-17", "Fri 2026-04-17"),
        "train": ("Tue 2026-04-21", "Wed 2026-04-22"),
        "report": ("Mon 2026-04-20", "Mon 2026-04-20"),
    }
    assert plan.driving_chain == ("install", "handover")
    assert plan.conflicts == ()


# --- counting back


def test_a_plan_is_counted_back_from_the_go_live() -> None:
    """YetiForce #2666: the end is given; everything before it lies as late as it may."""
    plan = back_from(
        "Fri 2026-05-29",
        step("accepted", 0, finished_on=on("Mon 2026-03-02")),
        step("prepare", 10, "accepted"),
        step("release", 0, "accepted", just_in_time=True),
        step("freight", 5, "release", calendar="daily"),
        step("deliver", 1, "freight", "prepare"),
        step("install", 3, "deliver"),
        step("go-live", 0, "install"),
    )

    assert days_of(plan) == {
        "accepted": ("Mon 2026-03-02", "Mon 2026-03-02"),
        "prepare": ("Tue 2026-05-12", "Mon 2026-05-25"),
        "release": ("Thu 2026-05-21", "Thu 2026-05-21"),
        "freight": ("Thu 2026-05-21", "Mon 2026-05-25"),
        "deliver": ("Tue 2026-05-26", "Tue 2026-05-26"),
        "install": ("Wed 2026-05-27", "Fri 2026-05-29"),
        "go-live": ("Fri 2026-05-29", "Fri 2026-05-29"),
    }
    assert plan.is_backward
    assert plan.conflicts == ()
    assert plan.driving_chain == ("prepare", "deliver", "install", "go-live")
    assert plan.placed["prepare"].driver == "deliver"
    assert plan.placed["go-live"].driver == REQUIRED
    assert plan.fit_workdays == workdays_between(PLAIN, on("Mon 2026-03-02"), on("Tue 2026-05-12"))


def test_a_go_live_that_is_too_soon_says_by_how_many_working_days() -> None:
    plan = back_from("Fri 2026-03-13", step("prepare", 10), step("install", 3, "prepare"))

    assert not plan.is_backward
    assert days_of(plan)["prepare"][0] == "Mon 2026-03-02"
    assert plan.fit_workdays == -3
    assert plan.conflicts == (
        Conflict(ConflictKind.REQUIRED, "install", on("Fri 2026-03-13"), on("Wed 2026-03-18"), "prepare"),
    )


def test_a_go_live_fits_until_the_days_run_out() -> None:
    steps = (step("prepare", 5), step("install", 2, "prepare"))

    fits = [
        back_from("Fri 2026-03-13", *steps, today=today).fit_workdays
        for today in ("Mon 2026-03-02", "Wed 2026-03-04", "Thu 2026-03-05", "Fri 2026-03-06")
    ]

    assert fits == [3, 1, 0, -1]


def test_counting_forward_also_tells_whether_the_go_live_is_met() -> None:
    plan = plan_of(step("prepare", 5), required_on="Wed 2026-03-04")

    assert [one.kind for one in plan.conflicts] == [ConflictKind.REQUIRED]
    assert plan.fit_workdays == -2
    assert plan_of(step("prepare", 5), required_on="Tue 2026-03-10").fit_workdays == 2


def test_an_early_finish_leaves_a_plan_that_is_counted_back_where_it_is() -> None:
    prepare, *rest = PREPARE_INSTALL_TRAIN
    before = back_from("Fri 2026-04-17", prepare, *rest)

    after = back_from("Fri 2026-04-17", replace(prepare, finished_on=on("Tue 2026-03-03")), *rest)

    assert [shift.key for shift in shifts(before, after)] == ["prepare"]


def test_a_deadline_inside_a_plan_counted_back_is_kept() -> None:
    plan = back_from(
        "Fri 2026-04-17",
        step("audit", 1, not_after=on("Wed 2026-03-11")),
        step("install", 2, "audit"),
    )

    assert days_of(plan)["audit"] == ("Wed 2026-03-11", "Wed 2026-03-11")
    assert plan.placed["audit"].driver == NOT_AFTER
    assert days_of(plan)["install"] == ("Thu 2026-04-16", "Fri 2026-04-17")


def test_counting_back_from_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="Give the go-live"):
        plan_of(step("install", 1), backward=True)


# --- circles and leaving out


def test_a_circle_through_different_ends_is_a_circle_all_the_same() -> None:
    with pytest.raises(CycleFound) as caught:
        plan_of(
            step("teach", 1, Link("install", 0, SS)),
            step("install", 1, Link("qualify", 0, FF)),
            step("qualify", 1, Link("teach", 0, SF)),
        )

    assert caught.value.keys == ("teach", "qualify", "install")


@pytest.mark.parametrize(
    ("earlier", "later", "remains"),
    [
        (Link("a", 1), Link("b", 2), Link("a", 3)),
        (Link("a", 1, SS), Link("b", 2, FF), Link("a", 3, SF)),
        (Link("a", 0, FF), Link("b", 24, SS, HOURS), Link("a", 24, FS, HOURS)),
        (Link("a", 2, FS, DAYS), Link("b", 0), Link("a", 2, FS, DAYS)),
        (Link("a", 2, FS, DAYS), Link("b", 30, FS, HOURS), Link("a", 4)),
        (Link("a", -7, FS, DAYS), Link("b", 1), Link("a", -4)),
    ],
)
def test_what_remains_of_two_links_when_the_step_between_is_left_out(
    earlier: Link, later: Link, remains: Link
) -> None:
    assert joined(earlier, later) == remains


def test_followers_of_a_left_out_step_wait_for_what_it_waited_for() -> None:
    network = {"a": [], "x": [], "b": [Link("a", 2), Link("x")], "c": [Link("b", 1), Link("a", 1)]}

    assert bridged(network, left_out={"b"}) == {"a": (), "x": (), "c": (Link("a", 3), Link("x", 1))}


# --- against an oracle that counts day by day

LINKS = st.builds(
    Link,
    predecessor=st.just("?"),
    lag=st.integers(-3, 5) | st.sampled_from([24, 30, 48]),
    kind=st.sampled_from(LinkKind),
    unit=st.sampled_from(LagUnit),
)
A_DAY = st.dates(date(2026, 3, 1), date(2026, 8, 1))


def days_on(calendar: WorkCalendar, day: date, direction: int) -> Iterator[date]:
    """The working days from a day on, itself included, one after the other."""
    while True:
        if calendar.is_workday(day):
            yield day
        day += DAY * direction


def allowed(
    link: Link, calendar: WorkCalendar, other: date, waits: date, *, moments: tuple[bool, bool]
) -> bool:
    """Whether the end that waits may fall on a working day, told day by day and hour by hour."""
    shares = link.kind is not FS or any(moments)
    if link.unit is HOURS:
        starts = link.kind in {SS, SF}
        ready = datetime.combine(other, time(8 if starts else 17)) + timedelta(hours=link.lag)
        opens = time(17 if link.kind in {FF, SF} or moments[1] else 8)
        if moments[0] and link.lag <= 0 and not starts:
            ready = datetime.combine(other, opens) + timedelta(hours=link.lag)
        return datetime.combine(waits, opens) >= ready
    first = other if shares else other + DAY
    if link.unit is DAYS:
        return waits >= first + DAY * link.lag
    day = next(days_on(calendar, first, 1))
    for _ in range(abs(link.lag)):
        direction = 1 if link.lag > 0 else -1
        day = next(days_on(calendar, day + DAY * direction, direction))
    return waits >= day


def is_allowed(
    steps: dict[str, Step], key: str, start: date, finish: date, places: dict[str, tuple[date, date]]
) -> bool:
    waiting = steps[key]
    return all(
        allowed(
            link,
            CALENDARS[waiting.calendar],
            places[link.predecessor][0 if link.kind in {SS, SF} else 1],
            finish if link.kind in {FF, SF} else start,
            moments=(steps[link.predecessor].is_moment, waiting.is_moment),
        )
        for link in waiting.links
    )


def lasts(step: Step, start: date) -> date:
    working = days_on(CALENDARS[step.calendar], start, 1)
    return [next(working) for _ in range(max(1, step.workdays))][-1]


@st.composite
def networks(draw: st.DrawFn, *, most: int = 6, actuals: bool = False) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number in range(draw(st.integers(1, most))):
        earlier = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        started = draw(st.none() | A_DAY) if actuals else None
        ends = draw(st.none() | st.integers(0, 9)) if started else None
        steps.append(
            Step(
                f"step {number}",
                draw(st.integers(0, 5)),
                draw(st.sampled_from(sorted(CALENDARS))),
                tuple(replace(draw(LINKS), predecessor=f"step {key}") for key in earlier),
                not_before=draw(st.none() | A_DAY),
                started_on=started,
                finished_on=started + DAY * ends if started and ends is not None else None,
                just_in_time=draw(st.booleans()),
                not_after=draw(st.none() | A_DAY),
                exactly_on=draw(st.none() | st.none() | A_DAY),
            )
        )
    return tuple(steps)


def laid(
    steps: tuple[Step, ...], today: date, required_on: date | None = None, *, backward: bool = False
) -> Plan:
    return lay_out(
        steps,
        calendars=CALENDARS,
        start_on=date(2026, 3, 2),
        today=today,
        required_on=required_on,
        backward=backward,
    )


@given(networks(), A_DAY)
def test_every_step_lies_on_the_first_day_that_the_oracle_allows(
    steps: tuple[Step, ...], today: date
) -> None:
    steps = tuple(replace(each, just_in_time=False) for each in steps)
    by_key = {each.key: each for each in steps}
    expected: dict[str, tuple[date, date]] = {}
    for each in steps:
        wishes = [today, date(2026, 3, 2), each.not_before or today, each.exactly_on or today]
        for start in days_on(CALENDARS[each.calendar], max(wishes), 1):
            finish = lasts(each, start)
            if is_allowed(by_key, each.key, start, finish, expected):
                expected[each.key] = (start, finish)
                break

    plan = laid(steps, today)

    assert {key: (place.start_on, place.finish_on) for key, place in plan.placed.items()} == expected


@given(networks(actuals=True), A_DAY, st.none() | A_DAY, st.booleans())
def test_no_step_lies_before_what_it_waits_for_however_it_is_counted(
    steps: tuple[Step, ...], today: date, required_on: date | None, backward: bool
) -> None:
    plan = laid(steps, today, required_on, backward=backward and required_on is not None)

    by_key = {each.key: each for each in steps}
    places = {key: (place.start_on, place.finish_on) for key, place in plan.placed.items()}
    for each in steps:
        start, finish = places[each.key]
        if each.started_on is None and each.finished_on is None:
            assert start >= today
            assert is_allowed(by_key, each.key, start, finish, places)
        elif each.finished_on is None and each.started_on is not None and each.started_on <= today:
            assert finish >= today


@given(networks(actuals=True), A_DAY, A_DAY)
def test_a_plan_counted_back_ends_by_its_day_or_says_that_it_does_not_fit(
    steps: tuple[Step, ...], today: date, required_on: date
) -> None:
    plan = laid(steps, today, required_on, backward=True)

    broken = [one for one in plan.conflicts if one.kind is ConflictKind.REQUIRED]
    by_key = {each.key: each for each in steps}
    is_over = by_key[plan.driving_chain[-1]].finished_on is not None
    assert bool(broken) == (plan.finish_on > required_on and not is_over)
    assert plan.is_backward == (plan.finish_on <= required_on)
    again = laid(steps, today, required_on, backward=True)
    assert again == plan


@given(networks(most=3), A_DAY, st.integers(0, 12))
def test_counted_back_no_later_place_is_possible(steps: tuple[Step, ...], today: date, room: int) -> None:
    steps = tuple(
        replace(
            each,
            just_in_time=False,
            exactly_on=None,
            not_after=None,
            not_before=None,
            links=tuple(replace(link, lag=max(-2, min(link.lag, 3))) for link in each.links),
        )
        for each in steps
    )
    required_on = laid(steps, today).finish_on + DAY * room
    plan = laid(steps, today, required_on, backward=True)
    by_key = {each.key: each for each in steps}

    def possible(each: Step) -> list[tuple[date, date]]:
        starts = [today + DAY * number for number in range((required_on - today).days + 1)]
        open_days = [day for day in starts if CALENDARS[each.calendar].is_workday(day)]
        return [(day, lasts(each, day)) for day in open_days if lasts(each, day) <= required_on]

    choices = [possible(each) for each in steps]
    assume(len(steps) < 3 or len(choices[0]) * len(choices[1]) * len(choices[2]) < 20_000)
    latest: dict[str, date] = {}
    for combination in product(*choices):
        places = dict(zip(by_key, combination, strict=True))
        if all(is_allowed(by_key, key, *places[key], places) for key in by_key):
            for key, (start, _) in places.items():
                latest[key] = max(latest.get(key, start), start)

    assert {key: place.start_on for key, place in plan.placed.items()} == latest


@given(networks(actuals=True), A_DAY, A_DAY, st.booleans(), st.data())
def test_a_plan_about_one_of_its_steps_keeps_every_link(
    steps: tuple[Step, ...], today: date, required_on: date, backward: bool, data: st.DataObject
) -> None:
    last_key = data.draw(st.sampled_from([each.key for each in steps]))
    plan = lay_out(
        steps,
        calendars=CALENDARS,
        start_on=date(2026, 3, 2),
        today=today,
        required_on=required_on,
        backward=backward,
        last_key=last_key,
    )
    by_key = {each.key: each for each in steps}
    places = {key: (place.start_on, place.finish_on) for key, place in plan.placed.items()}

    if not plan.is_backward:
        assert plan.driving_chain[-1] == last_key
    else:
        assert places[last_key][1] <= required_on
    for each in steps:
        if each.started_on is None and each.finished_on is None:
            assert places[each.key][0] >= today
            assert is_allowed(by_key, each.key, *places[each.key], places)


@given(networks(), A_DAY)
def test_room_before_the_hand_over_is_exact(steps: tuple[Step, ...], today: date) -> None:
    steps = tuple(
        replace(
            each,
            just_in_time=False,
            exactly_on=None,
            not_after=None,
            links=tuple(replace(link, kind=FS, lag=max(0, min(link.lag, 4))) for link in each.links),
        )
        for each in steps
    )

    def about_first(*rows: Step) -> Plan:
        return lay_out(
            rows, calendars=CALENDARS, start_on=date(2026, 3, 2), today=today, last_key=steps[0].key
        )

    plan = about_first(*steps)
    for number, each in enumerate(steps):
        place = plan.placed[each.key]
        for by, is_harmless in ((place.slack_workdays, True), (place.slack_workdays + 1, False)):
            to = add_workdays(CALENDARS[each.calendar], place.start_on, by)
            slipped = about_first(*steps[:number], replace(each, not_before=to), *steps[number + 1 :])
            moved_last = slipped.placed[steps[0].key].finish_on > plan.placed[steps[0].key].finish_on
            assert (moved_last or slipped.finish_on > plan.finish_on) is not is_harmless


@given(networks(), A_DAY)
def test_room_is_exact(steps: tuple[Step, ...], today: date) -> None:
    """Slipping by the slack moves no end and breaks no wish; one working day more does."""
    steps = tuple(
        replace(
            each,
            just_in_time=False,
            exactly_on=None,
            not_after=None,
            links=tuple(replace(link, kind=FS, lag=max(0, min(link.lag, 4))) for link in each.links),
        )
        for each in steps
    )
    plan = laid(steps, today)

    for number, each in enumerate(steps):
        place = plan.placed[each.key]

        def slipped(by: int, each: Step = each, number: int = number, start: date = place.start_on) -> Plan:
            to = add_workdays(CALENDARS[each.calendar], start, by)
            return laid((*steps[:number], replace(each, not_before=to), *steps[number + 1 :]), today)

        assert slipped(place.slack_workdays).finish_on == plan.finish_on
        assert slipped(place.slack_workdays + 1).finish_on > plan.finish_on
        alone = {shift.key for shift in shifts(plan, slipped(place.free_workdays))}
        assert alone <= {each.key}
        if place.free_workdays < place.slack_workdays:
            assert len(shifts(plan, slipped(place.free_workdays + 1))) > 1


@given(networks(actuals=True), A_DAY)
def test_moving_every_step_to_where_it_lies_changes_nothing(steps: tuple[Step, ...], today: date) -> None:
    plan = laid(steps, today)

    again = laid(tuple(replace(each, not_before=plan.placed[each.key].start_on) for each in steps), today)

    assert shifts(plan, again) == ()


@given(networks(), A_DAY)
def test_a_longer_step_and_back_again_restores_the_plan(steps: tuple[Step, ...], today: date) -> None:
    before = laid(steps, today)
    grown = laid((replace(steps[0], workdays=steps[0].workdays + 4), *steps[1:]), today)

    assert laid(steps, today) == before
    assert grown.placed[steps[0].key].finish_on >= before.placed[steps[0].key].finish_on


@given(
    st.sampled_from(sorted(CALENDARS)),
    st.lists(
        st.tuples(st.dates(date(2020, 1, 1), date(2032, 1, 1)), st.integers(-400, 400)),
        min_size=1,
        max_size=6,
    ),
)
def test_fast_counting_equals_counting(name: str, questions: list[tuple[date, int]]) -> None:
    calendar, count = CALENDARS[name], DayCount(CALENDARS[name])

    for day, workdays in questions:
        number = day.toordinal()
        assert count.next(number) == next_workday(calendar, day).toordinal()
        assert count.previous(number) == previous_workday(calendar, day).toordinal()
        assert count.add(number, workdays) == add_workdays(calendar, day, workdays).toordinal()
        to_on = day + DAY * workdays
        assert count.between(number, to_on.toordinal()) == workdays_between(calendar, day, to_on)


@pytest.mark.parametrize(("day", "workdays"), [("Mon 2026-03-02", 1), ("Mon 2026-03-02", -1)])
def test_a_calendar_that_is_never_open_is_refused_in_words(day: str, workdays: int) -> None:
    never = DayCount(WorkCalendar("Atlantis", weekend=frozenset(range(7))))

    with pytest.raises(ValueError, match="Open at least one day of its week"):
        never.add(on(day).toordinal(), workdays)
