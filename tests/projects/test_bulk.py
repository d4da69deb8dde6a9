"""Doing the same to many projects: seen first, done as seen, told for each, taken back together."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import bulk, milestones
from concierge.projects.models import Project
from tests.conftest import csrf_token
from tests.makers import orders, people, projects
from tests.makers.projects import now

Browser = Callable[[User], FlaskClient]


def several(count: int) -> list[Project]:
    with unit_of_work():
        return [
            projects.live(
                place=orders.site(account=f"Account {number}", key=f"AC{number}"),
                number=f"SO-{number}",
                requested_from=None,
                at=clock.now(),
            )
            for number in range(count)
        ]


def post(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.location if answer.status_code == 303 else answer.get_data(as_text=True)


def look(browser: FlaskClient, made: list[Project], act: str, **fields: object) -> str:
    """Look at an act; the address of the page that shows it."""
    status, where = post(
        browser, "/projects/bulk", act=act, looking="1", project=[one.id for one in made], **fields
    )
    assert status == 303, where
    return where


def told(name: str) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).where(RecordedEvent.name == name)) or 0


def test_projects_are_shifted_as_it_was_shown_and_taken_back_together(app: Flask, ada: FlaskClient) -> None:
    made = several(2)
    before = [now(one).forecast_handover_on for one in made]
    where = look(ada, made, "shift", workdays="5", reason="Fair in Basel")

    page = ada.get(where).get_data(as_text=True)
    assert "Nothing has changed yet" in page
    assert "+5" in page
    assert [now(one).forecast_handover_on for one in made] == before

    status, result = post(ada, where)
    assert status == 303
    after = [now(one).forecast_handover_on for one in made]
    assert all(new > old for new, old in zip(after, before, strict=True))
    page = ada.get(result).get_data(as_text=True)
    assert "2 projects changed" in page
    assert "Undo all" in page

    undo = page.split('action="/undo/')[1].split('"')[0]
    assert post(ada, f"/undo/{undo}")[0] == 303
    assert [now(one).forecast_handover_on for one in made] == before


def test_what_cannot_be_done_to_one_is_told_and_done_to_the_others(app: Flask, ada: FlaskClient) -> None:
    rests, goes = several(2)
    assert (
        post(ada, look(ada, [rests], "hold", party="customer", cause="people away", reason="Move"))[0] == 303
    )
    assert now(rests).held_on is not None

    where = look(ada, [rests, goes], "shift", workdays="3", reason="Late")
    seen = ada.get(where).get_data(as_text=True)
    assert "It is on hold" in seen
    assert "; 1 stays as it is" in seen
    _, result = post(ada, where)

    page = ada.get(result).get_data(as_text=True)
    assert "1 changed, 1 did not" in page
    assert f"/projects/{goes.key}" in page
    assert told("MilestoneMoved") == 1


def test_what_changed_since_it_was_seen_is_not_done(app: Flask, ada: FlaskClient) -> None:
    (project,) = several(1)
    where = look(ada, [project], "shift", workdays="5", reason="Fair")
    with unit_of_work():
        bulk.shift(project.id, workdays=20, reason="Crate is late", actor_id=None, at=clock.now())
    moved = now(project).forecast_handover_on

    _, result = post(ada, where)

    assert "changed since you looked" in ada.get(result).get_data(as_text=True)
    assert now(project).forecast_handover_on == moved


def test_holding_and_letting_go_on_are_seen_first(app: Flask, ada: FlaskClient) -> None:
    made = several(2)
    post(ada, look(ada, made, "hold", party="customer", cause="building project late", reason="Roof"))
    assert all(now(one).held_on for one in made)

    post(ada, look(ada, made, "resume"))

    assert not any(now(one).held_on for one in made)


def test_projects_are_given_to_another_concierge(app: Flask, ada: FlaskClient) -> None:
    made = several(2)
    with unit_of_work():
        bruno = people.user(name="Bruno Roth", email="bruno@concierge.example")
        milestones.give_project_to(made[0].id, concierge_id=bruno.id, actor_id=None, at=clock.now())

    where = look(ada, made, "assign", concierge=bruno.id)
    page = ada.get(where).get_data(as_text=True)
    assert "Bruno Roth looks after them" in page
    assert "theirs already" in page
    post(ada, where)

    assert now(made[1]).concierge_id == bruno.id


def test_a_reminder_goes_out_once_and_only_where_something_is_open(app: Flask, ada: FlaskClient) -> None:
    waits, owes_nothing = several(2)
    with unit_of_work():
        db.session.execute(
            sa.text("UPDATE gates SET open_items = 0 WHERE project_id = :id"), {"id": owes_nothing.id}
        )
        db.session.execute(
            sa.text("UPDATE gates SET open_items = 2, state = 'held' WHERE project_id = :id"),
            {"id": waits.id},
        )

    where = look(ada, [waits, owes_nothing], "remind")
    assert told("ProjectReminded") == 0
    _, result = post(ada, where)

    assert told("ProjectReminded") == 1
    assert "Nothing is open" in ada.get(result).get_data(as_text=True)
    _, again = post(ada, where)  # from the page of before, or another one's
    assert told("ProjectReminded") == 1
    for page in (again, look(ada, [waits], "remind")):
        assert "reminded today already" in ada.get(page).get_data(as_text=True)


def test_a_shift_by_no_day_is_asked_again(app: Flask, ada: FlaskClient) -> None:
    (one,) = several(1)

    status, page = post(
        ada, "/projects/bulk", act="shift", looking="1", project=one.id, workdays="0", reason="-"
    )

    assert status == 422
    assert "Say by how many working days." in page


def test_many_projects_become_a_job_that_says_what_came_of_each(
    app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    made = several(3)
    with unit_of_work():
        bruno = people.user(name="Bruno Roth", email="bruno@concierge.example")

    where = look(ada, [], "assign", concierge=bruno.id, all="1", filter="")
    assert where.startswith("/jobs/")
    worker.drain(app)
    look_page = where.replace("/jobs/", "/projects/bulk/")
    assert "Assign 3 projects" in ada.get(look_page).get_data(as_text=True)
    _, job = post(ada, look_page)
    worker.drain(app)

    assert "3 projects changed" in ada.get(job.replace("/jobs/", "/projects/bulk/")).get_data(as_text=True)
    assert {now(one).concierge_id for one in made} == {bruno.id}


def test_a_wish_without_its_values_is_asked_for_again(app: Flask, ada: FlaskClient) -> None:
    (project,) = several(1)

    assert post(ada, "/projects/bulk", act="shift", project=project.id)[0] == 200
    assert post(ada, "/projects/bulk", act="shift", looking="1", project=project.id, workdays="x")[0] == 422
    assert post(ada, "/projects/bulk", act="shift", project="")[0] == 409
    assert post(ada, "/projects/bulk", act="eat", project=project.id)[0] == 409


def test_only_those_who_looked_may_do_it(app: Flask, ada: FlaskClient, sign_in: Browser) -> None:
    (project,) = several(1)
    where = look(ada, [project], "shift", workdays="5", reason="Fair")
    with unit_of_work():
        bruno = people.user(name="Bruno Roth", email="bruno@concierge.example")
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)

    assert post(sign_in(bruno), where)[0] == 404
    assert post(sign_in(tomas), "/projects/bulk", act="shift", project=project.id)[0] == 403


def test_selected_projects_are_exported(app: Flask, ada: FlaskClient) -> None:
    one, other = several(2)

    status, text = post(ada, "/projects/bulk", act="export", project=one.id, filter="columns=forecast")

    assert status == 200
    assert one.key in text
    assert other.key not in text
