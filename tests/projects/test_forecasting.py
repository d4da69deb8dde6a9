"""What was reached is learnt from; the chance of a promise follows the plan and is compared with the past."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import MilestoneKind
from concierge.core.forecast import ENOUGH_CASES, Level
from concierge.platform import previews, worker
from concierge.platform.clock import day_at
from concierge.platform.database import db, unit_of_work
from concierge.projects import chores, queries
from concierge.projects.actions import forecasting, milestones, rescheduling
from concierge.projects.models import Backtest, Milestone, PastCase, Project
from concierge.projects.queries import chances
from concierge.projects.states import GateState, MilestoneState, Party, ProjectState
from concierge.projects.words import chance_words
from tests.makers import orders, projects
from tests.makers.days import on

MONDAY = orders.RECEIVED


def after(days: float) -> datetime:
    return MONDAY + timedelta(days=days)


def remember(project: Project, *taken: int, kind: MilestoneKind | None = None, planned: int = 10) -> None:
    """Past cases of other milestones, as if projects of long ago had been finished."""
    rows = [one for one in project.milestones if one.kind is not MilestoneKind.ORDER_ACCEPTED]
    for number, days in enumerate(taken):
        old = projects.draft(
            place=orders.site(account=f"Past {number}", key=f"P{number}"), number=f"OLD-{number}-{days}"
        )
        row = rows[number % len(rows)]
        twin = next(one for one in old.milestones if one.key == row.key)
        twin.state, twin.finished_on = MilestoneState.DONE, date(2026, 1, 15)
        db.session.add(
            PastCase(
                milestone_id=twin.id,
                project_id=old.id,
                kind=kind or row.kind,
                product_key="",
                region="CH",
                party=Party.CUSTOMER,
                planned_workdays=planned,
                actual_workdays=days,
                finished_on=date(2026, 1, 15),
            )
        )
    db.session.flush()


def seen(project: Project) -> Project:
    db.session.rollback()
    db.session.expire_all()  # what a worker wrote is in another session
    (found,) = chances.whole_projects([project.id])
    return found


def finish_first(project: Project, at: datetime) -> Milestone:
    first = next(one for one in project.milestones if one.finished_on is None and not one.just_in_time)
    milestones.finish(project.id, first.id, on=day_at(at, project.site.zone), actor_id=None, at=at)
    return first


def test_a_milestone_that_was_reached_is_learnt_and_forgotten_when_it_was_not(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        first = finish_first(project, after(3))
    worker.drain(app)
    case = db.session.scalars(sa.select(PastCase)).one()
    learnt = (case.milestone_id, case.kind, case.planned_workdays, case.region)
    taken = case.actual_workdays
    with unit_of_work():
        milestones.reopen(project.id, first.id, reason="It was another one.", actor_id=None, at=after(4))
    worker.drain(app)

    assert learnt == (first.id, first.kind, first.workdays, "CH")
    assert taken >= 1
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(PastCase.id))) == 0


def test_learning_twice_changes_nothing(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        finish_first(project, after(3))
    with unit_of_work():
        first = forecasting.learn(project.id, at=after(3))
    with unit_of_work():
        second = forecasting.learn(project.id, at=after(9))

    assert (first, second) == (1, 0)


def test_without_a_past_there_is_no_chance_and_the_basis_says_so(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        said = forecasting.renew(project.id, at=after(1))

    assert (said.percent, said.p50) == (None, None)
    found = seen(project)
    assert (found.chance_percent, found.handover_p50_on) == (None, None)
    assert found.forecast_basis["without_cases"] == found.forecast_basis["milestones"] > 0


def test_a_past_of_late_milestones_lowers_the_chance(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        remember(project, *[10] * 14, *[13] * 6)
        said = forecasting.renew(project.id, at=after(0))

    found = seen(project)
    assert said.percent is not None
    assert 60 <= said.percent <= 75  # fourteen of twenty such milestones went as planned
    assert found.chance_percent == said.percent
    assert found.handover_p50_on is not None
    assert found.handover_p50_on <= found.handover_p80_on <= found.handover_p90_on  # type: ignore[operator]
    handover = next(one for one in found.milestones if one.kind is MilestoneKind.HANDOVER)
    assert (handover.p50_on, handover.p90_on) == (found.handover_p50_on, found.handover_p90_on)
    assert found.forecast_basis["levels"] == {Level.ALL.value: found.forecast_basis["milestones"]} or (
        Level.ALL.value in found.forecast_basis["levels"]
    )


@pytest.mark.parametrize(("percent", "slip", "is_explained"), [(29, 0, True), (50, 0, False), (29, 3, False)])
def test_a_small_chance_beside_a_plan_that_holds_is_explained(
    app: Flask, percent: int, slip: int, is_explained: bool
) -> None:
    with unit_of_work():
        project = projects.live()
        project.chance_percent, project.slip_workdays = percent, slip

        with app.test_request_context():
            said = chance_words(project, project.chance_percent)

    assert f"In {percent} of 100 cases" in said
    assert ("as long as nothing takes longer" in said) is is_explained


def test_the_forecast_is_written_past_the_versions_that_people_hold(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        remember(project, *[12] * ENOUGH_CASES)
    before = {one.id: one.version for one in seen(project).milestones}, seen(project).version
    with unit_of_work():
        forecasting.renew(project.id, at=after(0))

    found = seen(project)
    assert found.chance_percent is not None
    assert ({one.id: one.version for one in found.milestones}, found.version) == before


def test_a_move_tells_its_change_in_the_chance_and_changes_nothing(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *[10] * 12, *[12] * 8)
        forecasting.renew(project.id, at=after(0))
    found = seen(project)
    delivery = projects.milestone(found, "delivery")

    now = forecasting.chance(found, at=after(0))
    later = forecasting.chance(found, at=after(0), not_before={delivery.id: on("Mon 2026-05-04")})

    assert now.percent == found.chance_percent
    assert now.percent is not None
    assert now.percent > 0
    assert later.percent == 0
    assert later.p50 > now.p50  # type: ignore[operator]  # both are known
    assert not db.session.dirty


def test_the_preview_of_a_move_is_what_the_move_then_gives(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *[10] * 12, *[12] * 8)
        forecasting.renew(project.id, at=after(0))
    found = seen(project)
    delivery = projects.milestone(found, "delivery")
    foreseen = forecasting.chance(found, at=after(0), not_before={delivery.id: on("Mon 2026-04-13")})
    with unit_of_work():
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Mon 2026-04-13"), reason="", actor_id=None, at=after(0)
        )
        said = forecasting.renew(project.id, at=after(0))

    assert (said.percent, said.p50, said.p80, said.p90) == (
        foreseen.percent,
        foreseen.p50,
        foreseen.p80,
        foreseen.p90,
    )


def test_right_after_an_act_its_page_shows_the_chance_that_its_preview_said(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *[10] * 12, *[12] * 8)
    worker.drain(app)
    before = forecasting.shown(seen(project), at=after(0))
    stored = seen(project).chance_percent
    delivery = projects.milestone(seen(project), "delivery").id

    def move() -> object:
        return rescheduling.move_milestone(
            project.id, delivery, to=on("Thu 2026-04-02"), reason="", actor_id=None, at=after(0)
        )

    foreseen = previews.foreseen(move, project_id=project.id, at=after(0))
    with unit_of_work():
        move()
    row = seen(project)
    at_once = forecasting.shown(row, at=after(0))
    still_stored, is_changed = row.chance_percent, bool(db.session.dirty)
    worker.drain(app)
    later = seen(project)

    assert before.percent == stored == still_stored == foreseen.chance_before
    assert at_once.percent == foreseen.chance_after != before.percent
    assert not is_changed
    assert at_once.percent == later.chance_percent
    assert forecasting.shown(later, at=after(0)) == replace(at_once, basis=later.forecast_basis)


def test_the_chance_of_a_plan_that_stays_as_it_is_is_not_worked_out_again(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *[10] * 12, *[12] * 8)
    worker.drain(app)
    with unit_of_work():
        db.session.execute(sa.update(Project).values(chance_percent=7))

    assert forecasting.shown(seen(project), at=after(0)).percent == 7


def test_a_change_of_the_plan_renews_the_chance_later_and_the_night_does_too(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *[10] * 12, *[12] * 8)
    worker.drain(app)
    first = seen(project).chance_percent
    with unit_of_work():
        rescheduling.move_milestone(
            project.id,
            projects.milestone(project, "delivery").id,
            to=on("Mon 2026-05-04"),
            reason="",
            actor_id=None,
            at=after(0),
        )
    worker.drain(app)
    moved = seen(project).chance_percent
    write = chores.renew_forecasts(after(200))
    with unit_of_work():
        write()

    assert first is not None
    assert first > 0
    assert moved == 0
    assert seen(project).handover_p50_on > day_at(after(200), "Europe/Zurich")  # type: ignore[operator]


def test_a_promise_that_was_kept_is_certain_and_a_cancelled_one_has_no_chance(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        remember(project, *[12] * ENOUGH_CASES)
    _hand_over(project, days=0)
    with unit_of_work():
        said = forecasting.renew(project.id, at=after(60))

    assert seen(project).state is ProjectState.DONE
    assert said.percent == 100
    assert said.p50 == said.p90 == seen(project).finished_on


def test_the_forecast_at_approval_is_compared_with_what_became_of_it(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        remember(project, *[10] * 10, *[14] * 10)
        young = projects.live(place=orders.site(account="Young", key="YO"), number="YO-1", at=after(1))
    _hand_over(project, days=1)
    with unit_of_work():
        forecasting.learn(project.id, at=after(90))
        compared = forecasting.compare_with_past(at=after(90))
    with unit_of_work():
        again = forecasting.compare_with_past(at=after(90))

    assert (compared, again) == (1, 0)
    rows = {row.group: row for row in chances.latest_backtest()}
    whole = rows[""]
    assert whole.cases == 1
    assert whole.within_p50 <= whole.within_p80 <= whole.within_p90
    assert any("site ready" in group or "installed" in group for group in rows)
    assert seen(young).state is ProjectState.LIVE
    # What the project itself taught was not known when it was approved.
    assert db.session.scalar(sa.select(sa.func.count(PastCase.id))) > 20  # type: ignore[operator]


def test_a_project_without_a_past_is_left_out_of_the_comparison(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    _hand_over(project, days=0)
    with unit_of_work():
        assert forecasting.compare_with_past(at=after(90)) == 0

    row = db.session.scalars(sa.select(Backtest)).one()
    assert (row.group, row.cases, row.detail) == ("", 0, {"without_past": 1})


def test_a_chance_is_computed_fast_enough_for_a_preview(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        remember(project, *range(8, 28))
        forecasting.renew(project.id, at=after(0))
    found = seen(project)
    forecasting.chance(found, at=after(0))

    took = []
    for _ in range(5):
        before = time.process_time()
        forecasting.chance(found, at=after(0))
        took.append(time.process_time() - before)

    assert min(took) < 0.04  # 20 ms is the goal; the other half is for a busy machine


def _hand_over(project: Project, *, days: int) -> None:
    """Finish one milestone after another, each some days later than the plan says."""
    while (found := seen(project)).state is ProjectState.LIVE:
        due = next(one for one in found.milestones if one.finished_on is None and _may_finish(found, one))
        at = datetime.combine(due.forecast_on or MONDAY.date(), MONDAY.timetz()) + timedelta(days=days)
        with unit_of_work():
            whole = queries.project_for_change(project.id)
            for gate in whole.gates:
                gate.state = GateState.CLEAR
            milestones.finish(project.id, due.id, on=day_at(at, found.site.zone), actor_id=None, at=at)


def _may_finish(project: Project, one: Milestone) -> bool:
    done = {other.id for other in project.milestones if other.finished_on}
    return all(link.predecessor_id in done for link in one.links)
