"""A project rests, with a reason and counted days, and goes on."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects import chores, queries
from concierge.projects.actions import holding, milestones
from concierge.projects.actions.approving import approve_plan
from concierge.projects.models import Delay, Hold, Project
from concierge.projects.states import BlockCause, Health, Party, ProjectState
from tests.makers import orders, projects
from tests.makers.days import on
from tests.makers.projects import now

MONDAY = orders.RECEIVED
WHY: dict[str, Any] = {  # Any: of several types, as the verb takes them
    "cause": BlockCause.BUILDING,
    "party": Party.CUSTOMER,
    "reason": "The building is not handed over.",
    "actor_id": None,
}


def at(day: str) -> datetime:
    return datetime.combine(on(day), MONDAY.timetz())


def live() -> Project:
    return projects.live(requested_from=None)


def held(project: Project, first: str, *, when: str, expected: str | None = None) -> Project:
    return holding.hold(
        project.id,
        first_on=on(first),
        expected_on=on(expected) if expected else None,
        at=at(when),
        **WHY,
    )


def test_no_held_day_is_a_working_day_and_the_days_are_counted(app: Flask) -> None:
    with unit_of_work():
        project = live()
        kick_off = projects.milestone(project, "kick-off")
        milestones.finish(
            project.id, kick_off.id, on=on("Tue 2026-03-03"), actor_id=None, at=at("Tue 2026-03-03")
        )
        ends = projects.milestone(project, "site-ready").forecast_on
        milestones.start(
            project.id,
            projects.milestone(project, "site-ready").id,
            on=on("Wed 2026-03-04"),
            actor_id=None,
            at=at("Wed 2026-03-04"),
        )
    with unit_of_work():
        held(project, "Thu 2026-03-05", when="Thu 2026-03-05")
    with unit_of_work():
        holding.resume(project.id, on=on("Thu 2026-03-12"), actor_id=None, at=at("Thu 2026-03-12"))

    row = now(project)
    rest = queries.holds_of(project.id)[0]
    assert row.held_on is None
    assert rest.workdays == 5
    assert ends == on("Tue 2026-03-17")
    assert projects.milestone(row, "site-ready").forecast_on == on("Tue 2026-03-24")


def test_a_project_on_hold_says_so_and_moves_on_with_every_day(app: Flask) -> None:
    with unit_of_work():
        project = live()
        handover = project.forecast_handover_on
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")
    with unit_of_work():
        chores.follow_the_day(at("Wed 2026-03-11"))

    row = now(project)
    assert row.health is Health.ON_HOLD
    assert row.state is ProjectState.LIVE
    reason = row.health_facts["reason"]
    assert (reason["kind"], reason["on"], reason["workdays"]) == ("on_hold", "2026-03-02", 8)
    assert reason["words"] == "The building is not handed over."
    assert row.forecast_handover_on is not None
    assert handover is not None
    assert row.forecast_handover_on > handover
    assert row.slip_workdays > 0


def test_a_hold_is_entered_among_what_costs_days_and_ended_with_it(app: Flask) -> None:
    with unit_of_work():
        project = live()
        held(project, "Mon 2026-03-02", when="Tue 2026-03-03")
    with unit_of_work():
        holding.resume(project.id, on=on("Fri 2026-03-06"), actor_id=None, at=at("Fri 2026-03-06"))

    db.session.rollback()
    delay = db.session.scalars(sa.select(Delay).where(Delay.project_id == project.id)).one()
    assert (delay.party, delay.first_on, delay.last_on) == (
        Party.CUSTOMER,
        on("Mon 2026-03-02"),
        on("Thu 2026-03-05"),
    )


def test_the_plan_counts_with_the_day_on_which_work_is_expected(app: Flask) -> None:
    with unit_of_work():
        project = live()
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02", expected="Mon 2026-03-16")
    assert projects.milestone(now(project), "kick-off").forecast_start_on == on("Tue 2026-03-17")

    with unit_of_work():
        holding.expect(project.id, expected_on=on("Mon 2026-04-13"), actor_id=None, at=MONDAY)

    assert projects.milestone(now(project), "kick-off").forecast_start_on == on("Tue 2026-04-14")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("first", "expected", "sentence"),
    [
        ("Mon 2026-03-09", "Fri 2026-03-06", "before or on the day it begins"),
        ("Mon 2026-03-09", "Mon 2026-03-09", "before or on the day it begins"),
        ("Thu 2026-03-05", "Mon 2026-03-09", "no longer ahead"),
        ("Tue 2026-03-10", None, "lies ahead"),
        ("Fri 2026-02-27", None, "The plan began"),
    ],
)
def test_a_hold_whose_days_cannot_be_is_refused_in_words(
    app: Flask, first: str, expected: str | None, sentence: str
) -> None:
    with unit_of_work():
        project = live()

    with pytest.raises(Refused, match=sentence), unit_of_work():
        held(project, first, when="Mon 2026-03-09", expected=expected)

    assert now(project).held_on is None
    assert db.session.scalar(sa.select(sa.func.count(Hold.id))) == 0


def test_a_draft_a_resting_and_an_ended_project_cannot_be_put_on_hold(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft(requested_from=None)
    with pytest.raises(Refused, match="is a draft"), unit_of_work():
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")

    with unit_of_work():
        from_approval = approve_plan(project.id, actor_id=None, at=MONDAY)
        held(from_approval, "Mon 2026-03-02", when="Mon 2026-03-02")
    with pytest.raises(Refused, match="is on hold since"), unit_of_work():
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")


def test_two_holds_do_not_overlap(app: Flask) -> None:
    with unit_of_work():
        project = live()
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")
        holding.resume(project.id, on=on("Fri 2026-03-06"), actor_id=None, at=at("Fri 2026-03-06"))

    with pytest.raises(Refused, match="was on hold from"), unit_of_work():
        held(project, "Thu 2026-03-05", when="Mon 2026-03-09")
    with unit_of_work():
        held(project, "Fri 2026-03-06", when="Mon 2026-03-09")

    assert now(project).held_on == on("Fri 2026-03-06")


@pytest.mark.parametrize(
    ("day", "sentence"), [(date(2026, 3, 11), "lies ahead"), (date(2026, 3, 3), "Choose a later day")]
)
def test_a_project_goes_on_neither_ahead_nor_before_its_hold(app: Flask, day: date, sentence: str) -> None:
    with unit_of_work():
        project = live()
        held(project, "Wed 2026-03-04", when="Wed 2026-03-04")

    with pytest.raises(Refused, match=sentence), unit_of_work():
        holding.resume(project.id, on=day, actor_id=None, at=at("Tue 2026-03-10"))


def test_nothing_begins_while_a_project_rests_but_what_happened_may_be_said(app: Flask) -> None:
    with unit_of_work():
        project = live()
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")
        kick_off = projects.milestone(project, "kick-off")

    with pytest.raises(Refused, match="on hold since 2 March"), unit_of_work():
        milestones.start(
            project.id, kick_off.id, on=on("Tue 2026-03-03"), actor_id=None, at=at("Tue 2026-03-03")
        )
    with unit_of_work():
        milestones.finish(
            project.id, kick_off.id, on=on("Tue 2026-03-03"), actor_id=None, at=at("Tue 2026-03-03")
        )

    assert projects.milestone(now(project), "kick-off").finished_on == on("Tue 2026-03-03")


def test_a_hold_that_ends_the_day_it_began_costs_nothing(app: Flask) -> None:
    with unit_of_work():
        project = live()
        before = project.forecast_handover_on
        held(project, "Mon 2026-03-02", when="Mon 2026-03-02")
        holding.resume(project.id, on=on("Mon 2026-03-02"), actor_id=None, at=MONDAY + timedelta(hours=1))

    assert now(project).forecast_handover_on == before
    assert queries.holds_of(project.id)[0].workdays == 0
