"""The pages that give a plan another shape, let it rest, and count it from a go-live."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.projects.models import Milestone, Project
from concierge.projects.states import Counting, MilestoneState
from tests.conftest import csrf_token
from tests.makers import people, projects
from tests.makers.pages import hidden_in
from tests.makers.projects import now

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]
LONG_AGO = timedelta(days=1)


def a_project() -> Project:
    with unit_of_work():
        return projects.live(requested_from=None, at=clock.now() - LONG_AGO)


def milestone(project: Project, key: str) -> Milestone:
    return next(one for one in now(project).milestones if one.key == key)


def opened(browser: FlaskClient, path: str) -> dict[str, list[str]]:
    """What the page of a form carries, so that nobody overwrites what they did not see."""
    answer = browser.get(path)
    if answer.status_code != 200:
        answer = browser.get(path.rsplit("/", 1)[0])
    found = hidden_in(answer.get_data(as_text=True), of="version")
    return {name: value for name, value in found.items() if name in {"version", "loaded"}}


def agreed(browser: FlaskClient, path: str, **fields: object) -> str:
    """Send a form, read what follows, and agree to it; give the page that asked."""
    sent = {"csrf_token": csrf_token(browser, "/settings/me"), **opened(browser, path), **fields}
    answer = browser.post(path, data=sent)
    page = answer.get_data(as_text=True)
    if answer.status_code == 303:
        return page
    assert answer.status_code == 200, page
    seen = re.search(r'name="agreed" value="([^"]+)"', page)
    assert seen, page
    assert browser.post(path, data={**sent, "agreed": seen[1]}).status_code == 303
    return page


def refused(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.get_data(as_text=True)


HELD = {
    "party": "customer",
    "cause": "building project late",
    "reason": "The building is not handed over.",
    "expected_on": "",
}


def test_a_project_is_put_on_hold_and_its_page_says_since_when_and_why(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    path = f"/projects/{project.key}/hold"
    today = clock.today("Europe/Zurich")

    assert "Put on hold" in ada.get(path).get_data(as_text=True)
    later = (today + timedelta(days=30)).isoformat()
    seen = agreed(ada, path, first_on=today.isoformat(), **(HELD | {"expected_on": later}))

    assert "Nothing has changed yet" in seen
    assert now(project).held_on == today
    page = ada.get(f"/projects/{project.key}").get_data(as_text=True)
    assert "On hold since" in page
    assert "The building is not handed over" in page
    assert "It is expected to go on on" in page
    assert "On hold" in ada.get(path).get_data(as_text=True)


def test_a_project_goes_on(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    path = f"/projects/{project.key}/hold"
    today = clock.today("Europe/Zurich").isoformat()
    agreed(ada, path, first_on=today, **HELD)

    agreed(
        ada,
        f"{path}/expectation",
        expected_on=(clock.today("Europe/Zurich") + timedelta(days=30)).isoformat(),
    )
    kick_off = milestone(project, "kick-off").forecast_start_on
    assert kick_off is not None
    assert kick_off > clock.today("Europe/Zurich") + timedelta(days=28)
    agreed(ada, f"{path}/end", on=today)

    assert now(project).held_on is None
    assert "Earlier holds" in ada.get(path).get_data(as_text=True)
    told = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "put the project on hold" in told
    assert "let the project go on" in told


def test_a_hold_that_ends_before_it_begins_is_refused_with_the_remedy(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    today = clock.today("Europe/Zurich")

    status, page = refused(
        ada,
        f"/projects/{project.key}/hold",
        first_on=today.isoformat(),
        **(HELD | {"expected_on": (today - timedelta(days=1)).isoformat()}),
    )

    assert status == 409
    assert "Choose a later day, or leave it open" in page
    assert now(project).held_on is None


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("hold", {"first_on": ""}, "Choose the first day"),
        ("hold/end", {"on": "never"}, "Choose the first day on which work went on"),
        ("go-live", {"counting": "sideways"}, "Choose one of those that are offered"),
        ("milestones/new", {"name": "", "workdays": "1"}, "Give the milestone a name"),
        ("milestones/{id}/shape", {"workdays": "many"}, "Give a whole number"),
        ("milestones/{id}/links", {"lag": "x"}, "Give a whole number"),
        ("milestones/{id}/split", {"first": "", "name": "Rest"}, "Give the days of the first part"),
        ("milestones/{id}/skip", {"reason": ""}, "Give the reason"),
    ],
)
def test_a_bad_form_is_shown_again(
    app: Flask, ada: FlaskClient, path: str, fields: dict[str, str], sentence: str
) -> None:
    project = a_project()
    where = path.format(id=milestone(project, "site-ready").id)

    status, page = refused(ada, f"/projects/{project.key}/{where}", **fields)

    assert status == 422
    assert sentence in page


def test_the_plan_is_counted_back_from_a_go_live(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    path = f"/projects/{project.key}/go-live"
    wanted = clock.today("Europe/Zurich") + timedelta(days=120)

    assert "Required go-live" in ada.get(path).get_data(as_text=True)
    agreed(ada, path, required_on=wanted.isoformat(), counting="backward")

    row = now(project)
    assert (row.required_on, row.counting) == (wanted, Counting.BACKWARD)
    assert row.forecast_handover_on is not None
    assert wanted - timedelta(days=7) < row.forecast_handover_on <= wanted


def test_a_go_live_that_is_too_soon_is_told_on_the_page_of_the_project(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    soon = clock.today("Europe/Zurich") + timedelta(days=3)

    agreed(ada, f"/projects/{project.key}/go-live", required_on=soon.isoformat(), counting="forward")

    page = ada.get(f"/projects/{project.key}").get_data(as_text=True)
    assert "Go-live is required by" in page


def test_a_milestone_is_planned_differently(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    row = milestone(project, "site-ready")
    path = f"/projects/{project.key}/milestones/{row.id}/shape"

    page = ada.get(path).get_data(as_text=True)
    assert "Kick-off" in page
    agreed(ada, path, workdays="12", days_of="customer", reason="Two more days for power")

    row = milestone(project, "site-ready")
    assert (row.workdays, row.days_of.value) == (12, "customer")
    told = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "length: 10 → 12" in told


def test_two_people_at_the_length_of_a_milestone_see_each_other(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    row = milestone(project, "site-ready")
    path = f"/projects/{project.key}/milestones/{row.id}/shape"
    loaded = opened(ada, path)
    agreed(ada, path, workdays="12", days_of="site")

    status, page = refused(ada, path, workdays="8", days_of="site", reason="Less to do", **loaded)

    assert status == 409
    assert "Theirs: 12" in page
    assert "Yours, as below: 8" in page
    assert 'value="Less to do"' in page
    assert milestone(project, "site-ready").workdays == 12


def test_what_a_milestone_waits_for_is_changed_on_its_page(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    row, order = milestone(project, "site-ready"), milestone(project, "order")
    base = f"/projects/{project.key}/milestones/{row.id}"

    for known in row.links:
        agreed(ada, f"{base}/links/{known.id}/removal")
    agreed(ada, f"{base}/links", predecessor=order.id, kind="start to start", lag="48", unit="hours")

    page = ada.get(base).get_data(as_text=True)
    assert "starts after it has started, 48 hours later" in page


def test_a_circle_is_refused_on_the_page_with_every_milestone_on_it(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    row, handover = milestone(project, "kick-off"), milestone(project, "handover")
    path = f"/projects/{project.key}/milestones/{row.id}/links"

    status, page = refused(
        ada, path, predecessor=handover.id, kind="finish to start", lag="0", unit="workdays"
    )

    assert status == 409
    assert "Kick-off → Lab prep → Ship release → Delivery → Install → Handover → Kick-off" in page


def test_a_milestone_is_split_added_left_out_and_taken_in_again(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    row = milestone(project, "site-ready")
    base = f"/projects/{project.key}/milestones"

    agreed(ada, f"{base}/{row.id}/split", first="4", name="Power", name_german="Strom")
    agreed(
        ada,
        f"{base}/new",
        name="Crane",
        name_german="Kran",
        workdays="1",
        days_of="site",
        after=milestone(project, "site-ready-rest").id,
        before=milestone(project, "delivery").id,
        team="logistics",
        audience="customer",
        visit="",
    )
    crane = milestone(project, "own-crane")
    assert crane.name == {"en": "Crane", "de": "Kran"}
    agreed(ada, f"{base}/{crane.id}/skip", reason="It fits through the door.")
    assert milestone(project, "own-crane").state is MilestoneState.SKIPPED
    page = ada.get(f"{base}/{crane.id}").get_data(as_text=True)
    assert "It fits through the door." in page
    assert ada.get(f"/projects/{project.key}").status_code == 200
    agreed(ada, f"{base}/{crane.id}/restoration")

    assert milestone(project, "own-crane").state is MilestoneState.PLANNED
    told = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    for words in (
        "split Lab prep",
        "took Crane into the plan",
        "left Crane out",
        "Crane into the plan again",
    ):
        assert words in told


def test_a_technician_may_not_change_the_shape_of_a_plan(
    app: Flask, ada: FlaskClient, sign_in: Browser
) -> None:
    project = a_project()
    with unit_of_work():
        tomas = people.user(name="Tomas", email="tomas@concierge.example", role=Role.TECHNICIAN)
    browser = sign_in(tomas)

    for path in ("hold", "go-live", "milestones/new"):
        assert browser.get(f"/projects/{project.key}/{path}").status_code in {403, 404}


def test_a_form_that_is_sent_twice_is_done_once(app: Flask, ada: FlaskClient) -> None:
    project = a_project()
    path = f"/projects/{project.key}/milestones/new"
    count = len(now(project).milestones)
    sent = {
        "csrf_token": csrf_token(ada, "/settings/me"), "form_token": "a-token-of-one-form", "name": "Crane",
        "workdays": "1", "days_of": "site", "after": "0", "before": "0", "team": "operations",
        "audience": "internal", "visit": "",
    }  # fmt: skip
    looked = ada.post(path, data=sent).get_data(as_text=True)
    assert "No milestone moves" not in looked
    assert count == len(now(project).milestones), "what follows is shown before anything is saved"
    seen = re.search(r'name="agreed" value="([^"]+)"', looked)
    assert seen
    sent["agreed"] = seen[1]
    first, second = ada.post(path, data=sent), ada.post(path, data=sent)

    assert (first.status_code, second.status_code) == (303, 303)
    assert ada.get(second.location).status_code == 200
    assert len(now(project).milestones) == count + 1
