"""Two people at the same thing: the second sees both values, who and when, and chooses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Site
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from concierge.visits.models import Visit, WorkOrder
from concierge.workforce.actions import territories
from tests.makers import orders, people, projects, readiness, visits, workforce
from tests.makers.days import on
from tests.makers.pages import agree, hidden_in

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def two(app: Flask, sign_in: SignIn) -> tuple[FlaskClient, FlaskClient]:
    """Ada and Maja, each with a browser."""
    with unit_of_work():
        ada, maja = people.user(), people.user(name="Maja Brunner")
    return sign_in(ada), sign_in(maja)


def opened(browser: FlaskClient, page: str, **changed: str) -> dict[str, Any]:
    """A form as somebody has it open, with what they typed."""
    text = browser.get(page).get_data(as_text=True)
    return {**hidden_in(text, of="loaded"), **changed}


def now(kind: type, row_id: int) -> Any:  # Any: a row
    """A row as the database has it."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(kind, row_id)


SITE = {
    "name": "Basel lab",
    "street": "Hauptstrasse 1",
    "postcode": "4051",
    "city": "Basel",
    "country": "CH",
    "subdivision": "BS",
    "zone": "Europe/Zurich",
    "access_from": "08:00",
    "access_to": "17:00",
    "dock_notes": "",
}


def test_each_field_is_chosen_for_itself_and_free_text_keeps_both(
    app: Flask, two: tuple[FlaskClient, FlaskClient]
) -> None:
    ada, maja = two
    with unit_of_work():
        project = projects.live()
    page = f"/accounts/{project.account_id}/sites/{project.site_id}/edit"
    first = opened(ada, page, **{**SITE, "street": "Nebenweg 2", "dock_notes": "Gate 4", "postcode": "4052"})
    second = opened(maja, page, **{**SITE, "street": "Seestrasse 9", "dock_notes": "Ring twice"})

    assert ada.post(page, data=first).status_code == 303
    asked = maja.post(page, data=second)
    text = asked.get_data(as_text=True)

    assert asked.status_code == 409
    assert "Ada Lind" in text
    assert "Theirs: Nebenweg 2" in text
    assert "Yours, as below: Seestrasse 9" in text
    assert 'name="choose-postcode" value="theirs" checked' in text  # Maja did not touch it
    assert 'name="choose-street" value="mine" checked' in text
    assert 'name="choose-dock_notes" value="both" checked' in text
    assert 'name="choose-city"' not in text
    assert now(Site, project.site_id).street == "Nebenweg 2"

    chosen = {"choose-street": "mine", "choose-postcode": "theirs", "choose-dock_notes": "both"}
    again = {**second, **hidden_in(text, of="loaded"), **chosen}
    assert maja.post(page, data=again).status_code == 303
    site = now(Site, project.site_id)
    assert (site.street, site.postcode) == ("Seestrasse 9", "4052")
    assert site.dock_notes == "Gate 4\n\nRing twice"


def test_what_somebody_else_did_to_other_fields_stays(
    app: Flask, two: tuple[FlaskClient, FlaskClient]
) -> None:
    _ada, maja = two
    with unit_of_work():
        project = projects.live()
        visit = visits.visit(project, workforce.technician())
    page = f"/visits/{visit.id}/move"
    form = {
        "start_on": "2026-03-17",
        "start_time": "09:00",
        "end_on": "",
        "end_time": "12:00",
        "conflict_reason": "",
    }
    second = opened(maja, page, **{**form, "start_time": "08:00", "act": "save"})
    with unit_of_work():
        db.session.get_one(Visit, visit.id).note = "Bring the lift."

    assert agree(maja, maja.post(page, data=second)).status_code == 303
    there = now(Visit, visit.id)
    assert there.note == "Bring the lift."
    assert f"{there.starts_local:%H:%M}" == "08:00"


def test_an_act_on_a_milestone_that_somebody_changed_is_asked_again(
    app: Flask, two: tuple[FlaskClient, FlaskClient]
) -> None:
    ada, maja = two
    with unit_of_work():
        project = projects.live()
        lab = projects.milestone(project, "site-ready")
    page = f"/projects/{project.key}/milestones/{lab.id}"
    block = opened(ada, page, cause="power", reason="No electrician before May")
    owner = opened(maja, page, team="sales", owner="0")
    other = opened(maja, page, cause="gas", reason="No nitrogen")

    assert agree(ada, ada.post(f"{page}/block", data=block)).status_code == 303
    asked = maja.post(f"{page}/owner", data=owner)
    text = asked.get_data(as_text=True)

    assert asked.status_code == 409
    assert "Ada Lind" in text
    assert "No electrician before May" in text
    assert maja.post(f"{page}/block", data=other).status_code == 409
    assert now(Milestone, lab.id).block_reason == "No electrician before May"
    assert 'value="sales" selected' in text or 'selected value="sales"' in text  # what was typed stays
    again = {**owner, **hidden_in(text, of="team")}
    agreed = agree(maja, maja.post(f"{page}/owner", data=again))
    assert agreed.status_code == 303
    there = now(Milestone, lab.id)
    assert (there.state, there.team.value) == (MilestoneState.BLOCKED, "sales")


def test_two_answers_to_one_point_are_both_kept(app: Flask, two: tuple[FlaskClient, FlaskClient]) -> None:
    ada, maja = two
    with unit_of_work():
        project = readiness.project()
    item = readiness.item(project, "temperature")
    page = f"/projects/{project.key}/readiness/{item.id}"
    first = opened(ada, page, answer="21 °C", comment="Measured on Monday")
    second = opened(maja, page, answer="23 °C", comment="Measured at noon")

    assert ada.post(f"{page}/answer", data=first).status_code == 303
    asked = maja.post(f"{page}/answer", data=second)
    text = asked.get_data(as_text=True)
    assert asked.status_code == 409
    assert "Theirs: 21 °C" in text
    assert "Ada Lind" in text
    again = {**second, **hidden_in(text, of="loaded"), "choose-answer": "theirs", "choose-comment": "both"}
    assert maja.post(f"{page}/answer", data=again).status_code == 303

    there = readiness.item(project, "temperature")
    assert there.value == "21 °C"
    assert there.comment == "Measured on Monday\n\nMeasured at noon"


def test_work_that_somebody_changed_shows_both_values_and_who(
    app: Flask, two: tuple[FlaskClient, FlaskClient]
) -> None:
    ada, maja = two
    with unit_of_work():
        project = projects.live()
        visit = visits.visit(project, workforce.technician())
    work = now(WorkOrder, visit.work_order_id)
    page = f"/projects/{project.key}/work-orders/{work.number}/edit"
    typed = {"kind": work.kind.value, "hours": "8", "crew": "1", "level": "1"}
    typed |= {"milestone": str(work.milestone_id or 0), "skill": work.skill, "asset": "0", "tools": ""}
    first = opened(ada, page, **typed, title="Install the pump", note="Gate 4")
    second = opened(maja, page, **typed, title="Install the column", note="Ring twice")

    assert agree(ada, ada.post(page, data=first)).status_code == 303
    asked = maja.post(page, data=second)
    text = asked.get_data(as_text=True)

    assert asked.status_code == 409
    assert "Ada Lind" in text
    assert "Theirs: Install the pump" in text
    assert "Yours, as below: Install the column" in text
    again = {**second, **hidden_in(text, of="loaded"), "choose-title": "theirs", "choose-note": "both"}
    again["theirs-title"], again["theirs-note"] = "Install the pump", "Gate 4"
    assert agree(maja, maja.post(page, data=again)).status_code == 303
    there = now(WorkOrder, work.id)
    assert (there.title, there.note) == ("Install the pump", "Gate 4\n\nRing twice")


def test_hours_that_somebody_set_meanwhile_are_shown_with_their_name(
    app: Flask, two: tuple[FlaskClient, FlaskClient]
) -> None:
    ada, maja = two
    with unit_of_work():
        project = projects.live()
    page = f"/calendars/sites/{project.site_id}/hours"
    first = opened(ada, page, **{"monday-opens": "09:00", "monday-closes": "16:00"})
    second = opened(maja, page, **{"monday-opens": "10:00", "monday-closes": "15:00"})
    proposed = ada.post(page, data=first)
    change = proposed.headers["Location"]
    if change.startswith("/calendars/changes/"):
        asked = ada.get(change).get_data(as_text=True)
        assert ada.post(f"{change}/application", data=hidden_in(asked, of="form_token")).status_code == 303

    answer = maja.post(page, data=second)
    text = answer.get_data(as_text=True)

    assert answer.status_code == 409
    assert "09:00–16:00" in text
    assert "Ada Lind" in text


DAY = "2030-03-04"
PROFILE = {"country": "CH", "territory": "", "weekly_hours": "40"}
THINGS = {
    "closure": (
        "/calendars/closures/{id}/edit",
        {"first_on": DAY, "last_on": DAY},
        "name",
        "Fasnacht",
        "Carnival",
    ),
    "territory": ("/territories/{id}/edit", {"parts": "CH", "least": "0"}, "name", "Alps", "Lakes"),
    "home": ("/calendars/home", {"country": "CH", "subdivision": "", "zone": ""}, "name", "Basel", "Bern"),
    "place": (
        "/calendars/sites/{id}/place",
        {"subdivision": "", "zone": "Europe/Zurich"},
        "country",
        "DE",
        "FR",
    ),
    "profile": ("/technicians/{id}/edit", PROFILE, "city", "Bern", "Zug"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_whoever_comes_second_sees_who_was_first_and_both_values(
    app: Flask, sign_in: SignIn, thing: str
) -> None:
    path, typed, field, theirs, yours = THINGS[thing]
    with unit_of_work():
        ada, maja = (people.user(name=name, role=Role.ADMINISTRATOR) for name in ("Ada Lind", "Maja Brunner"))
        number = {
            "closure": lambda: workforce.closure("Days", on("Mon 2030-03-04")).id,
            "territory": lambda: (
                territories.add("South", parts=[("CH", "")], actor_id=None, at=orders.RECEIVED).id
            ),
            "home": lambda: 0,
            "place": lambda: orders.site().id,
            "profile": lambda: workforce.technician().user_id,
        }[thing]()
    page = path.format(id=number)
    first, second = sign_in(ada), sign_in(maja)
    forms = [opened(browser, page, **typed) for browser in (first, second)]

    done = first.post(page, data={**forms[0], field: theirs})
    assert done.status_code == 303
    if "/calendars/changes/" in done.headers["Location"]:
        change = done.headers["Location"]
        asked = first.get(change).get_data(as_text=True)
        assert first.post(f"{change}/application", data=hidden_in(asked, of="form_token")).status_code == 303
    asked = second.post(page, data={**forms[1], field: yours})
    text = asked.get_data(as_text=True)

    assert asked.status_code == 409
    assert "Ada Lind" in text
    assert f'name="choose-{field}"' in text
    again = {**forms[1], field: yours, **hidden_in(text, of="loaded"), f"choose-{field}": "theirs"}
    assert second.post(page, data=again).status_code in {302, 303}


def test_a_third_person_in_between_is_shown_as_well(app: Flask, two: tuple[FlaskClient, FlaskClient]) -> None:
    ada, maja = two
    with unit_of_work():
        project = projects.live()
    page = f"/accounts/{project.account_id}/edit"
    first, second, third = (
        opened(browser, page, name=name) for browser, name in ((ada, "A"), (maja, "B"), (ada, "C"))
    )

    assert ada.post(page, data=first).status_code == 303
    asked = maja.post(page, data=second).get_data(as_text=True)
    latest = {**third, "version": hidden_in(asked, of="loaded")["version"]}
    assert ada.post(page, data={**latest, "choose-name": "mine"}).status_code == 303
    again = maja.post(page, data={**second, **hidden_in(asked, of="loaded"), "choose-name": "mine"})

    assert again.status_code == 409
    assert "Theirs: C" in again.get_data(as_text=True)


def test_of_many_who_save_one_form_in_the_same_moment_one_does_and_all_others_are_asked(
    app: Flask, sign_in: SignIn
) -> None:
    with unit_of_work():
        project = projects.live()
        persons = [people.user(name=f"Person{number} Smith") for number in range(6)]
    page = f"/accounts/{project.account_id}/sites/{project.site_id}/edit"
    browsers = [sign_in(person) for person in persons]
    forms = [
        opened(browser, page, **{**SITE, "street": f"Street {number}"})
        for number, browser in enumerate(browsers)
    ]

    def save(number: int) -> int:
        return browsers[number].post(page, data=forms[number]).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(save, range(6)))

    assert sorted(statuses) == [303, 409, 409, 409, 409, 409]
    assert now(Site, project.site_id).street == f"Street {statuses.index(303)}"


def test_of_two_moves_in_the_same_moment_nothing_unseen_is_done(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        project = projects.live()
        persons = [people.user(name=f"Person{number} Smith") for number in range(4)]
        delivery = projects.milestone(project, "delivery")
    page = f"/projects/{project.key}/milestones/{delivery.id}/move"
    browsers = [sign_in(person) for person in persons]
    forms = []
    for number, browser in enumerate(browsers):
        form = opened(browser, page, to=f"2026-04-{14 + number}", reason="", act="preview")
        seen = hidden_in(browser.post(page, data=form).get_data(as_text=True), of="agreed")
        forms.append({**form, **seen, "act": "save"})

    def save(number: int) -> int:
        return browsers[number].post(page, data=forms[number]).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(save, range(4)))

    assert statuses.count(303) == 1, statuses
    assert set(statuses) <= {303, 200, 409}, statuses
    moved = db.session.scalar(sa.select(Project.id).where(Project.id == project.id))
    assert moved
    assert f"{now(Milestone, delivery.id).not_before_on:%Y-%m-%d}" == f"2026-04-{14 + statuses.index(303)}"
