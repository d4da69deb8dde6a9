"""Today: what needs whom, in order, and what happens at sites. It is Tuesday 17 March 2026, 09:42 UTC."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import milestones, rescheduling
from concierge.projects.models import Milestone, Project
from concierge.projects.states import BlockCause
from concierge.visits.states import VisitState
from tests.makers import orders, people, projects, visits, workforce

SignIn = Callable[[User], FlaskClient]
NOW = datetime(2026, 3, 17, 9, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada(app: Flask, sign_in: SignIn) -> FlaskClient:
    """The coordinator's browser."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


def page(browser: FlaskClient, path: str = "/today") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def block_first(project: Project) -> Milestone:
    """Block the first milestone that is open."""
    milestone = next(one for one in project.milestones if one.finished_on is None)
    milestones.block(
        project.id, milestone.id, cause=BlockCause.POWER, reason="32 A outlet missing", actor_id=None, at=NOW
    )
    return milestone


def test_strangers_are_asked_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/today")

    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_the_first_day_says_what_to_do_first(ada: FlaskClient) -> None:
    text = page(ada)

    assert "Nothing needs you" in text
    assert "There is no project yet" in text
    assert "/orders/import" in text


def test_a_blocked_milestone_stands_first_with_its_reason(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = block_first(project)

    text = page(ada)

    act_now = text.split('aria-label="Act now"')[1].split("</ul>")[0]
    assert "you now</h1>" in text
    assert f"Clear the way for {milestone.name['en']}" in act_now
    assert "32 A outlet missing" in text
    assert f"/projects/{project.key}" in text


def test_a_draft_waits_for_those_who_may_approve_it(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        projects.draft()
        ada, dora = people.user(), people.user(name="Dora Vogt", role=Role.DISPATCHER)

    assert "Approve the plan of" in page(sign_in(ada))
    assert "Approve the plan of" not in page(sign_in(dora))


def test_a_line_nobody_understands_waits_to_be_matched_once(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        order = orders.order(orders.site())

    text = page(ada)

    assert "Match 1 line of order SO-48213" in text
    assert "Mystery box" in text
    assert f"/orders/{order.id}" in text


def test_a_confirmed_visit_without_its_plan_asks_for_a_decision(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = projects.milestone(project, "install")
        tomas = workforce.technician()
        visit = visits.visit(
            project, tomas, milestone=milestone, state=VisitState.CONFIRMED,
            starts=f"{milestone.forecast_start_on:%a %Y-%m-%d} 09:00", reason="for the test",
        )  # fmt: skip
    with unit_of_work():
        moved = projects.milestone(project, "install")
        rescheduling.move_milestone(
            project.id, moved.id, to=moved.forecast_start_on + timedelta(days=14), reason="later",
            actor_id=None, at=NOW,
        )  # fmt: skip

    text = page(ada)

    assert "Keep or move Install the spectrometer" in text
    assert f"/visits/{visit.id}" in text


def test_a_technician_sees_own_visits_and_nobody_elses(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        mallory = people.user(name="Mallory Kern", role=Role.TECHNICIAN)
        visits.visit(project, tomas, title="Level the magnet", starts="Tue 2026-03-17 13:00")
        tomas_user = db.session.get_one(User, tomas.user_id)

    own, strange = page(sign_in(tomas_user)), page(sign_in(mallory))

    assert "One visit today" in own
    assert "Level the magnet" in own
    assert "Level the magnet" not in strange
    assert "Halden" not in strange


def test_sites_today_counts_the_days_of_a_visit_and_knows_who_is_there(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        visits.visit(
            project, tomas, title="Install", starts="Mon 2026-03-16 09:00", ends="Wed 2026-03-18 17:00"
        )

    text = page(ada)

    assert "Install, day 2 of 3" in text
    assert "10:42 there now" in text
    assert "Visits of Tue 17 Mar by site" in text


def test_what_changed_is_told_in_words_with_who_did_it(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        first = next(one for one in project.milestones if one.finished_on is None)
        bea = people.user(name="Bea Roth")
        milestones.finish(project.id, first.id, on=NOW.date(), actor_id=bea.id, at=NOW)

    text = page(ada)

    assert f"{first.name['en']} is done" in text
    assert "Bea Roth" in text


def test_a_concierge_sees_own_projects_first_and_all_when_asked(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        ada = people.user()
        own, other = (
            projects.draft(),
            projects.draft(place=orders.site(account="Nishiyama", key="NP"), number="SO-2"),
        )
        own.concierge_id, other.concierge_id = ada.id, None

    browser = sign_in(ada)

    assert other.key not in page(browser).split("Sites today")[0]
    assert other.key in page(browser, "/today?whose=all")


def test_more_projects_do_not_mean_more_questions(app: Flask, ada: FlaskClient) -> None:
    def statements() -> int:
        seen: list[str] = []

        def count(*args: object) -> None:
            seen.append(str(args[2]))

        sa.event.listen(db.engine, "before_cursor_execute", count)
        page(ada, "/today?whose=all")
        sa.event.remove(db.engine, "before_cursor_execute", count)
        return len(seen)

    with unit_of_work():
        block_first(projects.live())
        projects.draft(place=orders.site(account="Nishiyama", key="NP"), number="SO-2")
    few = statements()
    with unit_of_work():
        for n in range(4):
            block_first(projects.live(place=orders.site(account=f"More {n}", key=f"M{n}"), number=f"SO-1{n}"))
            projects.draft(place=orders.site(account=f"Draft {n}", key=f"D{n}"), number=f"SO-3{n}")

    assert statements() <= few
    assert few <= 40


def test_the_sidebar_names_only_what_one_may_open(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        ada = people.user()
        tomas_user = db.session.get_one(User, tomas.user_id)

    assert 'href="/accounts"' in page(sign_in(ada))
    assert 'href="/accounts"' not in page(sign_in(tomas_user))
