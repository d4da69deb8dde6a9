"""The pages of lost days and of the forecast: they work, refuse the stranger, and show a bad form again."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.projects import chores
from concierge.projects.actions import forecasting, holding, milestones
from concierge.projects.models import Delay, Project
from concierge.projects.states import BlockCause, Party
from tests.conftest import csrf_token
from tests.makers import orders, people, projects

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]
ENTERED = {
    "milestone": "0",
    "cause": "power",
    "party": "customer",
    "team": "",
    "last_on": "",
    "reason": "<b>The outlet</b> is missing.",
}


def a_late_project() -> Project:
    """A project whose plan was approved a month ago; nothing has happened since."""
    began = clock.now() - timedelta(days=30)
    with unit_of_work():
        project = projects.live(requested_from=None, at=began)
    with unit_of_work():
        chores.follow_the_day(clock.now())
    return project


def post(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.get_data(as_text=True)


def the_delay() -> Delay:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(Delay)).one()


def today() -> str:
    return clock.today("Europe/Zurich").isoformat()


def test_the_page_says_how_many_days_were_lost_and_books_each(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()

    page = ada.get(f"/projects/{project.key}/delays").get_data(as_text=True)

    db.session.rollback()
    db.session.expire_all()
    slip = db.session.get_one(Project, project.id).slip_workdays
    assert f"{slip} working days are lost between" in page
    assert page.count('data-label="Happened on"') == slip
    assert "No cause is entered; it counts for whoever is accountable." in page


def test_every_page_of_a_project_has_the_same_head(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()

    heads = {
        ada.get(f"/projects/{project.key}{tab}")
        .get_data(as_text=True)
        .split('<p class="lead">')[1]
        .split("</p>")[0]
        for tab in ("", "/delays", "/history")
    }

    assert len(heads) == 1
    assert "would come back" in heads.pop()


def test_the_days_of_a_hold_stand_one_by_one_and_those_to_come_are_marked(
    app: Flask, ada: FlaskClient
) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None, at=clock.now())
    with unit_of_work():
        holding.hold(
            project.id,
            cause=BlockCause.BUILDING,
            party=Party.CUSTOMER,
            reason="The building is late.",
            first_on=clock.today("Europe/Zurich"),
            expected_on=clock.today("Europe/Zurich") + timedelta(days=21),
            actor_id=None,
            at=clock.now(),
        )

    page = ada.get(f"/projects/{project.key}/delays").get_data(as_text=True)

    dated = page.split('data-label="Happened on">')[1:]
    days = [one.split("<")[0] for one in dated]
    assert len(days) == len(set(days)) > 9
    assert page.count("lies ahead") >= len(days) - 1


def test_a_draft_has_nothing_to_lose(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.draft(at=clock.now())

    page = ada.get(f"/projects/{project.key}/delays").get_data(as_text=True)

    assert "No day can be lost yet" in page
    assert ada.get(f"/projects/{project.key}/delays/new").status_code == 409


def test_a_delay_is_entered_and_its_days_change_hands(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    began = (clock.today("Europe/Zurich") - timedelta(days=30)).isoformat()

    status, _ = post(ada, f"/projects/{project.key}/delays/new", **ENTERED, first_on=began)
    page = ada.get(f"/projects/{project.key}/delays").get_data(as_text=True)

    assert status == 303
    assert "Power: &lt;b&gt;The outlet&lt;/b&gt; is missing." in page
    assert "<b>The outlet" not in page
    assert "No cause is entered" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"first_on": ""}, "Choose the first day that it cost or costs."),
        ({"reason": ""}, "Say in a few words what happened."),
        ({"last_on": "2001-01-01"}, "before it begins"),
        ({"party": "us"}, "which of our teams"),
        ({"party": "concurrent"}, "Choose one of those that are offered"),
        ({"milestone": "987654321"}, "Choose one of those that are offered"),
    ],
)
def test_a_bad_delay_is_shown_again_and_nothing_is_kept(
    app: Flask, ada: FlaskClient, wrong: dict[str, str], said: str
) -> None:
    project = a_late_project()

    status, page = post(
        ada, f"/projects/{project.key}/delays/new", **{**ENTERED, "first_on": today(), **wrong}
    )

    assert status == 422
    assert said in page
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Delay.id))) == 0


def test_one_delay_is_shown_corrected_and_ended(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    post(ada, f"/projects/{project.key}/delays/new", **ENTERED, first_on=today())
    base = f"/projects/{project.key}/delays/{the_delay().id}"

    shown = ada.get(base).get_data(as_text=True)
    corrected, _ = post(
        ada, f"{base}/edit", **{**ENTERED, "party": "supplier", "first_on": today(), "version": "1"}
    )
    stale, page = post(
        ada, f"{base}/edit", **{**ENTERED, "party": "carrier or customs", "first_on": today(), "version": "1"}
    )
    ended, _ = post(ada, f"{base}/end", ended_on=today())

    assert "it lasts" in shown
    assert (corrected, stale, ended) == (303, 409, 303)
    assert "Changed while you were editing: Ada Lind" in page
    assert "Theirs: Supplier" in page
    assert "Yours, as below: Carrier or customs" in page
    kept = the_delay()
    assert (kept.party, kept.last_on) == (Party.SUPPLIER, clock.today("Europe/Zurich"))


def test_evidence_and_comments_are_added_on_its_page(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    post(ada, f"/projects/{project.key}/delays/new", **ENTERED, first_on=today())
    base = f"/projects/{project.key}/delays/{the_delay().id}"

    statuses = [
        post(ada, f"{base}/files", file=(BytesIO(b"%PDF-1.7\n%%EOF"), "letter.pdf"), file_note="Signed.")[0],
        post(ada, f"{base}/links", event="0", url="https://track.example/7", link_note="")[0],
        post(ada, f"{base}/comments", says="customer", who="Yuki <Tanaka>", text="It comes <i>soon</i>.")[0],
    ]
    page = ada.get(base).get_data(as_text=True)
    refused = [
        post(ada, f"{base}/files", file=(BytesIO(b"MZ\x90\x00\x00"), "x.pdf"), file_note=""),
        post(ada, f"{base}/links", event="0", url="javascript:alert(1)", link_note=""),
        post(ada, f"{base}/comments", says="customer", who="", text=""),
    ]

    assert statuses == [303, 303, 303]
    assert "letter.pdf" in page
    assert "https://track.example/7" in page
    assert "Yuki &lt;Tanaka&gt;" in page
    assert "It comes &lt;i&gt;soon&lt;/i&gt;." in page
    assert [status for status, _ in refused] == [422, 422, 422]
    assert "javascript:" not in ada.get(base).get_data(as_text=True)
    handed = ada.get(
        page.split('href="')[1:][[("files/" in part) for part in page.split('href="')[1:]].index(True)].split(
            '"'
        )[0]
    )
    assert handed.headers["Content-Disposition"].startswith("attachment")


def test_a_block_cannot_be_ended_or_withdrawn_here(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    with unit_of_work():
        first = next(one for one in project.milestones if one.started_on is None)
        milestones.block(
            project.id, first.id, cause=BlockCause.POWER, reason="No power.", actor_id=None, at=clock.now()
        )
    base = f"/projects/{project.key}/delays/{the_delay().id}"

    page = ada.get(base).get_data(as_text=True)
    status, said = post(ada, f"{base}/withdrawal", why="A mistake.")

    assert "It is over" not in page
    assert status == 422
    assert "A hold or a block wrote this delay" in said


def test_what_happened_is_offered_as_evidence_in_words_and_not_by_the_names_of_events(
    app: Flask, ada: FlaskClient
) -> None:
    project = a_late_project()
    with unit_of_work():
        first = next(one for one in project.milestones if one.started_on is None)
        milestones.block(
            project.id, first.id, cause=BlockCause.POWER, reason="No power.", actor_id=None, at=clock.now()
        )
    base = f"/projects/{project.key}/delays/{the_delay().id}"

    page = ada.get(base).get_data(as_text=True)
    choices = page.split('name="event"')[1].split("</select>")[0]
    event = choices.split("blocked Kick-off")[0].rsplit('value="', 1)[1].split('"')[0]
    status, _said = post(ada, f"{base}/links", event=event, url="", link_note="")

    assert "blocked Kick-off: Power: No power." in choices
    assert "milestone blocked" not in choices
    assert status == 303
    assert ada.get(base).get_data(as_text=True).count("blocked Kick-off: Power: No power.") == 2


def test_a_delay_of_another_project_is_not_found(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    post(ada, f"/projects/{project.key}/delays/new", **ENTERED, first_on=today())
    with unit_of_work():
        other = projects.live(place=orders.site(account="Other", key="OT"), number="SO-9", at=clock.now())

    assert ada.get(f"/projects/{other.key}/delays/{the_delay().id}").status_code == 404


def test_a_technician_reads_no_delay_of_a_project_they_do_not_go_to(app: Flask, sign_in: Browser) -> None:
    project = a_late_project()
    with unit_of_work():
        stranger = people.user(name="Tomas", email="tomas@example.com", role=Role.TECHNICIAN)
    tomas = sign_in(stranger)

    assert tomas.get(f"/projects/{project.key}/delays").status_code == 404
    assert post(tomas, f"/projects/{project.key}/delays/new", **ENTERED, first_on=today())[0] in {403, 404}


def test_the_forecast_page_is_honest_without_and_with_few_cases(app: Flask, ada: FlaskClient) -> None:
    project = a_late_project()
    empty = ada.get("/forecast").get_data(as_text=True)
    with unit_of_work():
        first = next(one for one in project.milestones if one.finished_on is None and not one.just_in_time)
        milestones.finish(
            project.id, first.id, on=clock.today("Europe/Zurich"), actor_id=None, at=clock.now()
        )
        forecasting.learn(project.id, at=clock.now())
        forecasting.compare_with_past(at=clock.now())
    page = ada.get("/forecast").get_data(as_text=True)

    assert "has not been compared with finished projects yet" in empty
    assert "Nothing was reached yet" in empty
    assert "No finished project could be compared yet" in page
    assert "a wider group, for there are too few" in page
    assert "Fewer than 15 cases are no group of their own" in page
