"""How a project stands, and why."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.health import (
    BrokenWish,
    Course,
    Health,
    Milestone,
    OpenItem,
    ReasonKind,
    Situation,
    Stage,
    Thresholds,
    judge,
)
from concierge.core.schedule import Link, Step, lay_out
from concierge.core.worktime import WorkCalendar, workdays_between
from tests.makers.days import on

BASEL = WorkCalendar("Basel-Stadt")
TODAY = on("Mon 2026-11-23")
RUNNING = Situation(
    Stage.RUNNING,
    "handover",
    promised_on=on("Mon 2026-12-07"),
    milestones=(
        Milestone("deliver", on("Mon 2026-11-30"), planned_on=on("Mon 2026-11-30"), is_driving=True),
        Milestone("handover", on("Mon 2026-12-07"), planned_on=on("Mon 2026-12-07"), is_driving=True),
    ),
)


def with_handover(forecast_on: date, finished_on: date | None = None) -> Situation:
    deliver, handover = RUNNING.milestones
    return replace(
        RUNNING, milestones=(deliver, replace(handover, forecast_on=forecast_on, finished_on=finished_on))
    )


def test_a_forecast_on_the_promised_day_is_on_track() -> None:
    judged = judge(RUNNING, calendar=BASEL, today=TODAY)

    assert judged.health is Health.ON_TRACK
    assert (judged.reason.kind, judged.reason.workdays) == (ReasonKind.IN_TIME, 0)
    assert judged.causes == ()


def test_a_forecast_after_the_promise_is_late_and_names_the_one_cause() -> None:
    situation = replace(
        with_handover(on("Fri 2026-12-11")),
        open_items=(OpenItem("outlet-32a", "ship", on("Fri 2026-11-27"), due_on=on("Fri 2026-11-20")),),
    )

    judged = judge(situation, calendar=BASEL, today=TODAY)

    assert judged.health is Health.LATE
    assert judged.reason.kind is ReasonKind.SLIPPED
    assert judged.reason.milestone == "handover"
    assert (judged.reason.forecast_on, judged.reason.promised_on) == (
        on("Fri 2026-12-11"),
        on("Mon 2026-12-07"),
    )
    assert judged.reason.workdays == 4
    assert [(cause.kind, cause.item, cause.workdays) for cause in judged.causes] == [
        (ReasonKind.ITEM_OVERDUE, "outlet-32a", 1)
    ]


@pytest.mark.parametrize(
    ("forecast", "late_after", "health"),
    [
        ("Tue 2026-12-08", 0, Health.LATE),
        ("Tue 2026-12-08", 2, Health.AT_RISK),
        ("Wed 2026-12-09", 2, Health.AT_RISK),
        ("Thu 2026-12-10", 2, Health.LATE),
        ("Fri 2026-12-04", 0, Health.ON_TRACK),
    ],
)
def test_the_threshold_between_risk_and_late(forecast: str, late_after: int, health: Health) -> None:
    judged = judge(
        with_handover(on(forecast)), calendar=BASEL, today=TODAY, thresholds=Thresholds(late_after=late_after)
    )

    assert judged.health is health


def test_a_forecast_on_the_weekend_after_a_friday_promise_is_late() -> None:
    situation = replace(with_handover(on("Sat 2026-12-05")), promised_on=on("Fri 2026-12-04"))

    assert judge(situation, calendar=BASEL, today=TODAY).health is Health.LATE


def test_a_promise_that_passed_is_late() -> None:
    judged = judge(with_handover(on("Thu 2026-12-10")), calendar=BASEL, today=on("Wed 2026-12-09"))

    assert judged.health is Health.LATE
    assert (judged.reason.kind, judged.reason.workdays) == (ReasonKind.PROMISE_PASSED, 2)


@pytest.mark.parametrize(
    ("gate", "due", "expected"),
    [
        ("Mon 2026-11-30", None, ReasonKind.ITEM_OPEN),
        ("Tue 2026-12-01", None, None),
        ("Tue 2026-12-29", "Fri 2026-11-20", ReasonKind.ITEM_OVERDUE),
        ("Tue 2026-12-29", "Mon 2026-11-23", None),
    ],
)
def test_an_open_item_near_its_gate_is_a_risk(
    gate: str, due: str | None, expected: ReasonKind | None
) -> None:
    item = OpenItem("outlet", "ship", on(gate), due_on=on(due) if due else None)

    judged = judge(replace(RUNNING, open_items=(item,)), calendar=BASEL, today=TODAY)

    assert judged.health is (Health.AT_RISK if expected else Health.ON_TRACK)
    assert [cause.kind for cause in judged.causes] == ([expected] if expected else [])


def test_blocked_slackless_and_overdue_milestones_are_risks() -> None:
    deliver, handover = RUNNING.milestones
    blocked = replace(deliver, blocked_since=on("Thu 2026-11-19"), blocked_why="customs")
    tight = Milestone("survey", on("Thu 2026-11-26"), planned_on=on("Tue 2026-11-24"), slack_workdays=0)
    overdue = Milestone("prepare", on("Tue 2026-11-24"), planned_on=on("Wed 2026-11-18"), is_driving=True)

    judged = judge(
        replace(RUNNING, milestones=(tight, overdue, blocked, handover)), calendar=BASEL, today=TODAY
    )

    assert judged.health is Health.AT_RISK
    assert [(cause.kind, cause.milestone) for cause in judged.causes] == [
        (ReasonKind.BLOCKED, "deliver"),
        (ReasonKind.OVERDUE, "prepare"),
        (ReasonKind.NO_SLACK, "survey"),
    ]
    assert judged.causes[0].words == "customs"


@pytest.mark.parametrize(
    ("finished", "kind", "workdays"),
    [
        ("Mon 2026-12-07", ReasonKind.KEPT, 0),
        ("Thu 2026-12-03", ReasonKind.KEPT, -2),
        ("Wed 2026-12-09", ReasonKind.MISSED, 2),
    ],
)
def test_what_is_done_kept_its_promise_or_missed_it(finished: str, kind: ReasonKind, workdays: int) -> None:
    situation = replace(with_handover(on(finished), on(finished)), stage=Stage.DONE)

    judged = judge(situation, calendar=BASEL, today=on("Mon 2027-02-01"))

    assert judged.health is Health.DONE
    assert (judged.reason.kind, judged.reason.workdays) == (kind, workdays)


@pytest.mark.parametrize(
    ("stage", "health", "kind"),
    [
        (Stage.DRAFT, Health.DRAFT, ReasonKind.NO_PROMISE),
        (Stage.ON_HOLD, Health.ON_HOLD, ReasonKind.ON_HOLD),
        (Stage.CANCELLED, Health.CANCELLED, ReasonKind.CANCELLED),
    ],
)
def test_what_does_not_run_says_so(stage: Stage, health: Health, kind: ReasonKind) -> None:
    situation = replace(RUNNING, stage=stage, stage_since=on("Thu 2026-11-19"), stage_words="building closed")

    judged = judge(situation, calendar=BASEL, today=TODAY)

    assert (judged.health, judged.reason.kind) == (health, kind)


def test_a_plan_without_its_last_milestone_is_refused() -> None:
    with pytest.raises(ValueError, match="no milestone “acceptance”"):
        judge(replace(RUNNING, last_key="acceptance"), calendar=BASEL, today=TODAY)


def test_a_wish_that_the_plan_cannot_meet_is_a_risk_although_the_promise_holds() -> None:
    situation = replace(RUNNING, broken_wishes=(BrokenWish("required", "handover", on("Thu 2026-12-03")),))

    judged = judge(situation, calendar=BASEL, today=TODAY)

    assert judged.health is Health.AT_RISK
    assert [(cause.kind, cause.on) for cause in judged.causes] == [
        (ReasonKind.CANNOT_MEET, on("Thu 2026-12-03"))
    ]


# ------------------------------------------------------------------ what a slip comes from

BASEL_WEEK = WorkCalendar("Basel-Stadt")
BEGUN = on("Mon 2026-03-02")


@st.composite
def late_plans(draw: st.DrawFn) -> tuple[Situation, date]:
    """A plan as it was promised, and what became of it: other lengths, closed days, wishes, late work."""
    count = draw(st.integers(2, 6))
    keys = [f"s{number}" for number in range(count)]
    steps = []
    for number, key in enumerate(keys):
        before = draw(st.lists(st.sampled_from(keys[:number]), unique=True, max_size=2)) if number else []
        links = tuple(Link(one, draw(st.integers(0, 2))) for one in before)
        steps.append(Step(key, draw(st.integers(0, 5)), "site", links))
    promised = lay_out(
        steps, calendars={"site": BASEL_WEEK}, start_on=BEGUN, today=BEGUN, last_key=keys[-1]
    ).placed
    today = BEGUN + timedelta(days=draw(st.integers(0, 30)))
    first_closed = BEGUN + timedelta(days=draw(st.integers(0, 20)))
    closed = {first_closed + timedelta(days=number): "Shut" for number in range(draw(st.integers(0, 6)))}
    calendar = WorkCalendar(
        "Basel-Stadt", closed=closed, parts=(BASEL_WEEK, WorkCalendar("company", closed=closed))
    )
    now = []
    for step in steps:
        begun = draw(st.none() | st.integers(0, 30))
        started_on = BEGUN + timedelta(days=begun) if begun is not None else None
        is_done = started_on is not None and draw(st.booleans())
        now.append(
            replace(
                step,
                workdays=step.workdays + draw(st.sampled_from([0, 0, 1, 3])),
                not_before=BEGUN + timedelta(days=draw(st.integers(0, 40))) if draw(st.booleans()) else None,
                started_on=started_on if started_on and started_on <= today else None,
                finished_on=min(today, started_on + timedelta(days=draw(st.integers(0, 9))))
                if is_done and started_on and started_on <= today
                else None,
            )
        )
    plan = lay_out(now, calendars={"site": calendar}, start_on=BEGUN, today=today, last_key=keys[-1])
    milestones = [
        Milestone(
            step.key,
            plan.placed[step.key].finish_on,
            planned_on=promised[step.key].finish_on,
            finished_on=step.finished_on,
            is_driving=step.key in plan.driving_chain,
            course=Course(
                start_on=plan.placed[step.key].start_on,
                calendar=calendar,
                driver=plan.placed[step.key].driver,
                link=plan.placed[step.key].link,
                links=step.links,
                workdays=step.workdays,
                started_on=step.started_on,
                promised_start_on=promised[step.key].start_on,
                promised_workdays=then.workdays,
                promised_links=then.links,
            ),
        )
        for step, then in zip(now, steps, strict=True)
    ]
    situation = Situation(
        Stage.RUNNING, keys[-1], promised[keys[-1]].finish_on, milestones, closures=("company",)
    )
    return situation, today


@given(late_plans())
@settings(max_examples=150, deadline=None)
def test_what_a_slip_comes_from_adds_up_to_it_and_is_never_silent(case: tuple[Situation, date]) -> None:
    situation, today = case
    calendar = situation.milestones[0].course.calendar  # type: ignore[union-attr]  # each has one

    found = judge(situation, calendar=calendar, today=today)

    last = situation.milestones[-1]
    end_on = last.finished_on or last.forecast_on
    if situation.promised_on is None or end_on <= situation.promised_on:
        return
    slip = workdays_between(calendar, situation.promised_on, end_on)
    assert found.health in {Health.LATE, Health.AT_RISK}
    assert found.causes
    of_slip = [
        one for one in found.causes if one.workdays is not None and one.kind is not ReasonKind.NO_SLACK
    ]
    assert sum(one.workdays or 0 for one in of_slip) == slip
    assert all((one.workdays or 0) > 0 for one in of_slip) or slip == 0
