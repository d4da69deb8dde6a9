"""What an act would do is shown on every page before it is done, and nothing else is done."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.core.worktime import next_workday
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.projects import calendars, queries
from concierge.projects.actions import proposals, rescheduling
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProposalKind
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.pages import agree, hidden_in

pytestmark = pytest.mark.usefixtures("wednesday")

SignIn = Callable[[User], FlaskClient]


def running() -> Project:
    """A project under way from today on."""
    with unit_of_work():
        return projects.live(requested_from=None, at=clock.now())


def now(project: Project, key: str) -> Milestone:
    """A milestone as the database has it."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(
        sa.select(Milestone).where(Milestone.project_id == project.id, Milestone.key == key)
    ).one()


def sent(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    """Send a form; nothing is agreed to yet."""
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.get_data(as_text=True)


def test_a_finish_that_moves_others_is_shown_before_it_is_saved(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None, at=clock.now() - timedelta(days=21))
    first = now(project, "kick-off")
    path = f"/projects/{project.key}/milestones/{first.id}/finish"

    status, page = sent(ada, path, on=clock.today("Europe/Zurich").isoformat())

    assert status == 200
    assert "This is what it will do. Nothing has changed yet." in page
    assert "What moves" in page
    assert now(project, "kick-off").state is MilestoneState.PLANNED
    answer = ada.post(path, data=hidden_in(page, of="agreed"))
    assert answer.status_code == 303
    assert now(project, "kick-off").state is MilestoneState.DONE


def test_an_act_that_nobody_else_feels_is_done_at_once(app: Flask, ada: FlaskClient) -> None:
    project = running()
    lab = now(project, "site-ready")

    status, _page = sent(
        ada, f"/projects/{project.key}/milestones/{lab.id}/block", cause="power", reason="No circuit"
    )

    assert status == 303


def test_what_was_agreed_to_is_done_or_nothing(app: Flask, ada: FlaskClient) -> None:
    project = running()
    delivery = now(project, "delivery")
    path = f"/projects/{project.key}/milestones/{delivery.id}/move"
    day = (delivery.forecast_start_on + timedelta(days=21)).isoformat()
    page = sent(ada, path, to=day, reason="", act="save")[1]
    agreed = hidden_in(page, of="agreed")
    with unit_of_work():
        other = projects.milestone(queries.project_for_change(project.id), "install")
        later = other.forecast_start_on + timedelta(days=60)
        rescheduling.move_milestone(project.id, other.id, to=later, reason="", actor_id=None, at=clock.now())

    again = ada.post(path, data=agreed)
    text = again.get_data(as_text=True)

    assert again.status_code == 200
    assert "The plan has changed since you looked. Nothing was done" in text
    assert now(project, "delivery").not_before_on != later
    assert now(project, "delivery").not_before_on is None
    assert ada.post(path, data=hidden_in(text, of="agreed")).status_code == 303
    assert now(project, "delivery").not_before_on.isoformat() == day


def test_a_visit_that_leaves_its_milestone_says_so_and_what_moving_that_would_do(
    app: Flask, ada: FlaskClient
) -> None:
    project = running()
    install = now(project, "install")
    with unit_of_work():
        tomas = workforce.technician()
        visit = visits.visit(
            project,
            tomas,
            milestone=install,
            starts=f"{install.start_on:%a %Y-%m-%d} 09:00",
            state=VisitState.CONFIRMED,
            at=clock.now(),
        )
    path = f"/visits/{visit.id}/move"
    held = hidden_in(ada.get(path).get_data(as_text=True), of="loaded")
    day = install.finish_on + timedelta(days=14)
    form = {**held, "start_on": day.isoformat(), "start_time": "09:00", "end_on": "", "end_time": "12:00"}

    shown = ada.post(path, data={**form, "act": "preview"})
    text = shown.get_data(as_text=True)

    assert shown.status_code == 200
    assert "The visit would no longer lie within “Install" in text
    assert "Moving that along: handover moves from" in text
    assert "Tomas Keller" in text
    assert "Yuki Tanaka counts on what no longer holds" in text
    assert db.session.get_one(Visit, visit.id, populate_existing=True).starts_local == visit.starts_local
    done = ada.post(path, data={**form, **hidden_in(text, of="agreed"), "act": "save"})
    assert done.status_code == 303
    db.session.rollback()
    assert db.session.get_one(Visit, visit.id, populate_existing=True).starts_local.date() == day
    assert now(project, "install").start_on == install.start_on


def test_a_dispatcher_moves_a_visit_and_its_milestone_in_one_act(app: Flask, sign_in: SignIn) -> None:
    project = running()
    install = now(project, "install")
    with unit_of_work():
        visit = visits.visit(
            project,
            workforce.technician(),
            milestone=install,
            starts=f"{install.start_on:%a %Y-%m-%d} 09:00",
            state=VisitState.CONFIRMED,
            at=clock.now(),
        )
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
    browser = sign_in(jonas)
    path = f"/visits/{visit.id}/move"
    held = hidden_in(browser.get(path).get_data(as_text=True), of="loaded")
    day = next_workday(
        calendars.site_calendars([project.site_id])[project.site_id], install.finish_on + timedelta(days=14)
    )
    form = {**held, "start_on": day.isoformat(), "start_time": "09:00", "end_on": "", "end_time": "12:00"}

    seen = browser.post(path, data={**form, "act": "along"}).get_data(as_text=True)
    done = browser.post(path, data={**form, **hidden_in(seen, of="agreed"), "act": "along"})

    assert "This is what it will do" in seen
    assert "Go-live" in seen or "Handover" in seen
    assert done.status_code == 303
    db.session.rollback()
    moved = db.session.get_one(Visit, visit.id, populate_existing=True)
    assert (moved.starts_local.date(), moved.needs_decision, moved.state) == (day, "", VisitState.CONFIRMED)
    assert now(project, "install").start_on == day
    early = {
        **form,
        "start_on": (clock.today("UTC") + timedelta(days=1)).isoformat(),
        "conflict_reason": "agreed by phone",
    }
    held = hidden_in(browser.get(path).get_data(as_text=True), of="loaded")
    assert "cannot start before" in browser.post(path, data={**early, **held, "act": "preview"}).get_data(
        as_text=True
    )


def test_a_visit_to_where_somebody_is_away_needs_a_reason(app: Flask, ada: FlaskClient) -> None:
    project = running()
    with unit_of_work():
        tomas = workforce.technician()
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        workforce.absence(tomas, visit.starts_local.date() + timedelta(days=1))
    path = f"/visits/{visit.id}/move"
    held = hidden_in(ada.get(path).get_data(as_text=True), of="loaded")
    form = {**held, "start_on": "2026-03-18", "start_time": "09:00", "end_on": "", "end_time": "12:00"}

    refused = ada.post(path, data={**form, "act": "save"})

    assert refused.status_code == 422
    assert "Tomas Keller is away (leave)" in refused.get_data(as_text=True)
    kept = {**form, "act": "save", "conflict_reason": "He agreed to it"}
    assert agree(ada, ada.post(path, data=kept)).status_code == 303


def test_what_an_order_asks_is_shown_with_all_it_would_do(
    app: Flask, ada: FlaskClient, sign_in: SignIn
) -> None:
    project = running()
    delivery = now(project, "delivery")
    wish = delivery.forecast_start_on + timedelta(days=35)
    with unit_of_work():
        asked = proposals.propose(
            project.id,
            ProposalKind.NEW_DATES,
            requested_from=wish,
            note="The lab is late",
            actor_id=None,
            at=clock.now(),
        )
    events = db.session.scalar(sa.select(sa.func.count(RecordedEvent.id)))
    page = f"/projects/{project.key}/proposals/{asked.id}"

    text = ada.get(page).get_data(as_text=True)

    db.session.rollback()
    assert "What moves" in text
    assert "Handover" in text
    assert db.session.scalar(sa.select(sa.func.count(RecordedEvent.id))) == events
    form = {**hidden_in(text, of="agreed"), "reason": ""}
    assert ada.post(f"{page}/acceptance", data=form).status_code == 303
    assert now(project, "delivery").not_before_on == wish


def test_days_that_are_none_are_asked_again(app: Flask, ada: FlaskClient) -> None:
    project = running()
    delivery = now(project, "delivery")
    path = f"/projects/{project.key}/milestones/{delivery.id}/move"

    assert ada.get(f"{path}?to=soon").status_code == 200
    assert sent(ada, path, to="soon", act="preview")[0] == 422
    assert sent(ada, path, to=delivery.start_on.isoformat(), act="save", loaded="{not json")[0] in {200, 303}
    assert sent(ada, path, to=delivery.start_on.isoformat(), act="save", agreed="x")[0] == 200
