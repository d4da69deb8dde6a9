"""The pages of projects: they work, refuse the stranger and the wrong moment, and show a bad form again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.projects import chores
from concierge.projects.actions import proposals, rescheduling
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState, ProposalKind
from tests.conftest import csrf_token
from tests.makers import people, projects
from tests.makers.pages import agree, hidden_in
from tests.makers.projects import now

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]


def a_project(*, live: bool = True, days_ago: int = 0) -> Project:
    with unit_of_work():
        maker = projects.live if live else projects.draft
        return maker(requested_from=None, at=clock.now() - timedelta(days=days_ago))


def milestone(project: Project, key: str) -> Milestone:
    db.session.rollback()
    question = sa.select(Milestone).where(Milestone.project_id == project.id, Milestone.key == key)
    return db.session.scalars(question.execution_options(populate_existing=True)).one()


def post(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    if fields.get("act") != "preview":
        answer = agree(browser, answer)
    return answer.status_code, answer.get_data(as_text=True)


def test_the_project_page_says_the_verdict_and_both_dates(app: Flask, ada: FlaskClient) -> None:
    project = a_project()

    page = ada.get(f"/projects/{project.key}").get_data(as_text=True)

    assert "Handover is forecast for" in page
    assert "as promised" in page
    assert "Halden Biologics" in page


def test_a_plan_is_approved_on_its_page(app: Flask, ada: FlaskClient) -> None:
    project = a_project(live=False)

    status, _page = post(
        ada, f"/projects/{project.key}/approval", handover=project.forecast_handover_on.isoformat()
    )

    assert status == 303
    assert now(project).state is ProjectState.LIVE


def test_a_plan_that_moved_since_it_was_seen_is_not_approved(app: Flask, ada: FlaskClient) -> None:
    project = a_project(live=False, days_ago=20)

    status, page = post(
        ada, f"/projects/{project.key}/approval", handover=project.forecast_handover_on.isoformat()
    )

    assert status == 409
    assert "by now" in page
    assert now(project).state is ProjectState.DRAFT


def test_what_an_order_document_asks_is_told_in_the_readers_language(app: Flask, sign_in: Browser) -> None:
    project = a_project()
    with unit_of_work():
        uwe = people.user(name="Uwe Kern", language="de")
        lines = {"added": 2, "removed": 1}
        older, asked, ends = [
            proposals.propose(project.id, kind, note="", lines=some, actor_id=None, at=clock.now()).id
            for kind, some in (
                (ProposalKind.NEW_DATES, {}),
                (ProposalKind.NEW_DATES, lines),
                (ProposalKind.CANCEL, {}),
            )
        ]
    german = sign_in(uwe)
    here = f"/projects/{project.key}"

    page = german.get(f"{here}/proposals/{asked}").text
    assert "Positionen des Auftrags: 2 neu, 1 storniert." in page
    assert "<h1>Der Auftrag wurde geändert</h1>" in page
    assert "Ein neueres Dokument verlangt etwas anderes." in german.get(f"{here}/proposals/{older}").text
    with unit_of_work():
        proposals.accept(project.id, ends, reason="", actor_id=None, at=clock.now())

    assert "Das wurde angenommen." in german.get(f"{here}/proposals/{ends}").text
    for path in (here, f"{here}/history"):
        page = german.get(path).text
        assert "Der Käufer hat den Auftrag storniert." in page
        assert "buyer" not in page


def test_a_draft_follows_the_day_too(app: Flask) -> None:
    project = a_project(live=False, days_ago=20)
    before = project.forecast_handover_on

    with unit_of_work():
        chores.follow_the_day(clock.now())

    assert now(project).forecast_handover_on > before


def test_a_technician_may_not_approve(app: Flask, sign_in: Browser) -> None:
    with unit_of_work():
        tomas = people.user(name="Tomas Keller", role=Role.TECHNICIAN)
    project = a_project(live=False)

    assert post(sign_in(tomas), f"/projects/{project.key}/approval")[0] == 403
    assert now(project).state is ProjectState.DRAFT


def test_a_move_is_shown_before_it_is_saved(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    delivery = milestone(project, "delivery")
    path = f"/projects/{project.key}/milestones/{delivery.id}/move"
    later = (delivery.forecast_start_on + timedelta(days=21)).isoformat()

    status, page = post(ada, path, to=later, act="preview", version=delivery.version)

    assert status == 200
    assert "What moves" in page
    assert milestone(project, "delivery").not_before_on is None

    assert post(ada, path, to=later, act="save", version=delivery.version)[0] == 303
    assert milestone(project, "delivery").not_before_on.isoformat() == later


def test_the_second_of_two_movers_sees_both_days_and_decides(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    delivery = milestone(project, "delivery")
    path = f"/projects/{project.key}/milestones/{delivery.id}/move"
    seen = hidden_in(ada.get(path).get_data(as_text=True), of="loaded")["loaded"]
    theirs = delivery.forecast_start_on + timedelta(days=14)
    yours = (delivery.forecast_start_on + timedelta(days=28)).isoformat()
    with unit_of_work():
        rescheduling.move_milestone(
            project.id, delivery.id, to=theirs, reason="", actor_id=None, at=clock.now()
        )

    status, page = post(ada, path, to=yours, act="save", loaded=seen)

    assert status == 409
    assert "Changed while you were looking: Concierge" in page
    assert milestone(project, "delivery").not_before_on == theirs
    seen = hidden_in(page, of="loaded")["loaded"]
    assert post(ada, path, to=yours, act="save", loaded=seen)[0] == 303
    assert milestone(project, "delivery").not_before_on.isoformat() == yours


def test_a_move_without_a_day_is_asked_again(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    delivery = milestone(project, "delivery")

    status, page = post(ada, f"/projects/{project.key}/milestones/{delivery.id}/move", to="", act="preview")

    assert status == 422
    assert "Choose the day" in page


def test_a_milestone_is_blocked_and_goes_on_again(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    lab = milestone(project, "site-ready")
    path = f"/projects/{project.key}/milestones/{lab.id}"

    assert post(ada, f"{path}/block", cause="power", reason="")[0] == 422
    assert post(ada, f"{path}/block", cause="power", reason="No electrician")[0] == 303
    assert milestone(project, "site-ready").state is MilestoneState.BLOCKED
    assert "No electrician" in ada.get(f"/projects/{project.key}").get_data(as_text=True)
    assert post(ada, f"{path}/unblock")[0] == 303
    assert milestone(project, "site-ready").state is MilestoneState.PLANNED


def test_what_cannot_be_now_is_refused_in_a_sentence(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    handover = milestone(project, "handover")

    status, page = post(
        ada, f"/projects/{project.key}/milestones/{handover.id}/finish", on=clock.now().date().isoformat()
    )

    assert status == 409
    assert "waits for" in page


def test_a_project_is_cancelled_with_a_reason_only(app: Flask, ada: FlaskClient) -> None:
    project = a_project()

    assert post(ada, f"/projects/{project.key}/cancellation", reason="no")[0] == 422
    assert post(ada, f"/projects/{project.key}/cancellation", reason="The grant fell through")[0] == 303
    assert now(project).state is ProjectState.CANCELLED


def test_the_list_asks_the_same_few_questions_however_long_it_is(app: Flask, ada: FlaskClient) -> None:
    counts = []
    for number in range(2):
        with unit_of_work():
            for part in range(1 + number * 4):
                place = projects.orders.site(account=f"Account {number} {part}", key=f"A{number}{part}")
                projects.draft(place=place, number=f"SO-{number}-{part}", at=clock.now())
        counts.append(_statements(app, lambda: ada.get("/projects")))

    assert counts[0] == counts[1] <= 14


def _statements(app: Flask, act: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)
