"""Pages of visits: they work, refuse the stranger, refuse the wrong moment, and show a bad form again."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.states import VisitKind
from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.visits.actions import progress
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.pages import agree
from tests.makers.visits import wall

SignIn = Callable[[User], FlaskClient]
NOW = at("Mon 2026-03-02 10:00+00:00")


@pytest.fixture
def scene(app: Flask) -> dict[str, Any]:  # Any: rows of several kinds
    """Ada coordinates, Tomas installs, Mallory is another technician; one tentative visit of Tomas."""
    with unit_of_work():
        ada = people.user(zone="America/New_York")
        tomas = workforce.technician(skills=("orbitrap",))
        mallory = workforce.technician(name="Mallory Moss")
        project = projects.live()
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, kind=VisitKind.TRAINING)
    return {
        "ada": ada,
        "count": len(db.session.scalars(sa.select(Visit)).all()),
        "tomas": tomas,
        "tomas_user": db.session.get(User, tomas.user_id),
        "mallory_user": db.session.get(User, mallory.user_id),
        "mallory": mallory,
        "project": project,
        "visit": visit,
    }


def form_of(project: Project, **changed: Any) -> dict[str, Any]:  # Any: what browsers send
    """A filled form for a visit."""
    return {
        "kind": "install",
        "title": "Install the spectrometer",
        "milestone": "0",
        "site": str(project.site_id),
        "start_on": "2026-03-18",
        "start_time": "09:00",
        "end_time": "12:00",
        "end_on": "",
        "crew": "1",
        "skill": "",
        "certainty": "tentative",
        "note": "",
        **changed,
    }


def send(
    browser: FlaskClient, page: str, form: dict[str, Any], to: str = ""
) -> Any:  # Any: werkzeug's answer
    """Send a form with the token of a page."""
    return agree(browser, browser.post(to or page, data={**form, "csrf_token": csrf_token(browser, page)}))


def press(
    browser: FlaskClient, visit: Visit, act: str, version: int | None = None, **form: Any
) -> Any:  # Any: as above
    """Press a button on the page of a visit."""
    page = f"/visits/{visit.id}"
    if version is None:
        version = visits.again(visit).version
    return send(browser, page, {"version": str(version), **form}, to=f"{page}/{act}")


def test_the_page_of_a_visit_shows_both_clocks(scene: dict[str, Any], sign_in: SignIn) -> None:
    page = sign_in(scene["ada"]).get(f"/visits/{scene['visit'].id}")

    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Install the spectrometer" in text
    assert "Tue 17 Mar, 09:00–12:00" in text
    assert "On your clock: Tue 17 Mar, 04:00–07:00" in text
    assert "Tomas Keller" in text


def test_a_project_lists_its_visits(scene: dict[str, Any], sign_in: SignIn) -> None:
    with unit_of_work():
        over = visits.visit(scene["project"], starts="Mon 2026-03-09 09:00", title="Called off")
        progress.cancel(over, reason="No power", at=NOW, actor_id=None)

    text = sign_in(scene["ada"]).get(f"/projects/{scene['project'].key}/visits").get_data(as_text=True)

    assert re.search(r"\d+ visits? (is|are) to come", text)
    assert "1 visit is over" in text
    assert "Called off" in text
    assert "No power" in text


def test_a_week_of_visits_is_read_in_ones_own_days(scene: dict[str, Any], sign_in: SignIn) -> None:
    browser = sign_in(scene["ada"])

    assert "Install the spectrometer" in browser.get("/visits?week=2026-03-18").get_data(as_text=True)
    assert "No visit this week" in browser.get("/visits?week=2026-03-25").get_data(as_text=True)
    assert "No visit this week" in browser.get("/visits?week=2026-03-18&mine=1").get_data(as_text=True)
    assert browser.get("/visits?week=nonsense").status_code == 200
    assert browser.get("/visits?week=9999-99-99").status_code == 200


def test_a_visit_is_planned_and_a_form_sent_twice_plans_one(scene: dict[str, Any], sign_in: SignIn) -> None:
    project = scene["project"]
    browser = sign_in(scene["ada"])
    page = f"/visits/new?project={project.key.lower()}"
    token = re.search(r'name="token"[^>]*value="([^"]+)"', browser.get(page).get_data(as_text=True))
    assert token is not None
    form = form_of(project, title="Survey", token=token[1], technicians=[str(scene["tomas"].user_id)])

    first = send(browser, page, form)
    second = send(browser, page, form)

    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    db.session.rollback()
    planned = db.session.scalars(sa.select(Visit).where(Visit.title == "Survey")).one()
    assert planned.starts_at == at("Wed 2026-03-18 08:00+00:00")
    assert planned.state is VisitState.TENTATIVE


def test_the_new_form_is_filled_from_its_milestone(scene: dict[str, Any], sign_in: SignIn) -> None:
    project = scene["project"]
    milestone = visits.any_milestone(project)

    page = sign_in(scene["ada"]).get(f"/visits/new?project={project.key}&milestone={milestone.id}")

    assert f'value="{milestone.start_on}"' in page.get_data(as_text=True)


def test_without_a_project_the_form_asks_for_one(scene: dict[str, Any], sign_in: SignIn) -> None:
    browser = sign_in(scene["ada"])

    assert "Which project" in browser.get("/visits/new").get_data(as_text=True)
    unknown = browser.get("/visits/new?project=XX-1")
    assert unknown.status_code == 422
    assert "no project with this key" in unknown.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": ""}, "Enter a title"),
        ({"start_on": ""}, "Choose the day"),
        ({"start_on": "1026-03-18"}, "from 1970 to 2100"),
        ({"start_on": "1996-03-18"}, "this century"),
        ({"end_on": "2026-03-17"}, "comes before the first"),
        ({"end_on": "2028-03-17"}, "lasts a year at most"),
        ({"end_time": "09:00"}, "Choose a later end"),
        ({"start_on": "2026-03-29", "start_time": "02:30"}, "does not exist there. Choose 03:30"),
        ({"crew": "many"}, "Enter a whole number"),
        ({"crew": "-1"}, "from 0 to 20"),
        ({"technicians": ["999999"]}, "Choose from those that are offered"),
        ({"kind": "party"}, "Choose one of those that are offered"),
    ],
)
def test_a_bad_form_is_shown_again(
    scene: dict[str, Any], sign_in: SignIn, changed: dict[str, Any], sentence: str
) -> None:
    project = scene["project"]
    browser = sign_in(scene["ada"])

    answer = send(browser, f"/visits/new?project={project.key}", form_of(project, **changed))

    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True).replace("&#39;", "'")
    db.session.rollback()
    assert len(db.session.scalars(sa.select(Visit)).all()) == scene["count"]


def test_a_clash_is_shown_and_allowed_for_a_reason(scene: dict[str, Any], sign_in: SignIn) -> None:
    with unit_of_work():
        workforce.absence(db.session.get_one(Technician, scene["tomas"].id), on("Wed 2026-03-18"))
    project = scene["project"]
    browser = sign_in(scene["ada"])
    page = f"/visits/new?project={project.key}"
    form = form_of(project, title="Survey", technicians=[str(scene["tomas"].user_id)])

    refused = send(browser, page, form)
    allowed = send(browser, page, {**form, "conflict_reason": "He offered to come."})

    assert refused.status_code == 422
    assert "Tomas Keller is away (leave)" in refused.get_data(as_text=True)
    assert 'name="conflict_reason"' in refused.get_data(as_text=True)
    assert allowed.status_code == 303
    assert "He offered to come." in browser.get(allowed.location).get_data(as_text=True)


def test_a_repeated_hour_can_be_chosen(scene: dict[str, Any], sign_in: SignIn) -> None:
    browser = sign_in(scene["ada"])
    project = scene["project"]
    page = f"/visits/new?project={project.key}"
    form = form_of(project, title="Night", start_on="2026-10-25", start_time="02:30", end_time="05:00")

    planned = send(browser, page, form)
    edit = f"{planned.location}/edit"
    shown = browser.get(edit).get_data(as_text=True)
    db.session.rollback()
    visit = db.session.scalars(sa.select(Visit).where(Visit.title == "Night")).one()
    first = visit.starts_at
    shown_first = browser.get(planned.location).get_data(as_text=True)
    moved = send(browser, edit, {**form, "later_hour": "y", "version": str(visit.version)})

    assert "The second time" in shown
    assert "first of the two times" in shown_first
    assert moved.status_code == 303
    again = visits.again(visit)
    assert (again.starts_at - first).total_seconds() == 3600
    assert "second of the two times" in browser.get(planned.location).get_data(as_text=True)


def test_a_visit_is_changed(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    browser = sign_in(scene["ada"])
    form = form_of(scene["project"], title="Install both", technicians=[str(scene["mallory"].user_id)])

    answer = send(browser, f"/visits/{visit.id}/edit", {**form, "version": str(visit.version)})

    assert answer.status_code == 303
    changed = visits.again(visit)
    assert (changed.title, changed.starts_local) == ("Install both", wall("Wed 2026-03-18 09:00"))
    assert [member.user_id for member in changed.crew_members] == [scene["mallory"].user_id]


def test_of_two_people_who_edit_at_once_the_second_is_told(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    browser = sign_in(scene["ada"])
    seen = visit.version
    form = form_of(scene["project"], technicians=[str(scene["tomas"].user_id)])

    first = send(browser, f"/visits/{visit.id}/edit", {**form, "title": "First", "version": str(seen)})
    second = send(browser, f"/visits/{visit.id}/edit", {**form, "title": "Second", "version": str(seen)})

    assert (first.status_code, second.status_code) == (303, 409)
    assert "Changed while you were editing: Ada Lind" in second.get_data(as_text=True)
    assert visits.again(visit).title == "First"


def test_a_visit_goes_its_way_through_its_buttons(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    ada, tomas = sign_in(scene["ada"]), sign_in(scene["tomas_user"])

    assert press(ada, visit, "confirmation").status_code == 303
    assert press(tomas, visit, "acceptance").status_code == 303
    assert press(tomas, visit, "departure").status_code == 303
    assert press(tomas, visit, "start").status_code == 303
    unsaid = send(tomas, f"/visits/{visit.id}/end", {"outcome": "incomplete", "note": ""})
    assert unsaid.status_code == 422
    assert "Say what is left to do" in unsaid.get_data(as_text=True)
    ended = send(
        tomas,
        f"/visits/{visit.id}/end",
        {"outcome": "complete", "note": "All runs", "version": str(visits.again(visit).version)},
    )

    assert ended.status_code == 303
    assert visits.again(visit).state is VisitState.COMPLETE
    assert "All runs" in tomas.get(f"/visits/{visit.id}").get_data(as_text=True)


def taken_back(browser: FlaskClient, answer: Any) -> Any:  # Any: werkzeug's answers
    """Press the undo button of the page that an act led to."""
    page = browser.get(answer.location).get_data(as_text=True)
    button = re.search(r'action="(/undo/\w+)"', page)
    assert button, page
    return browser.post(button[1], data={"csrf_token": csrf_token(browser, "/settings/me")})


def test_the_end_of_a_visit_is_taken_back(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit, tomas = scene["visit"], sign_in(scene["tomas_user"])
    press(sign_in(scene["ada"]), visit, "confirmation")
    press(tomas, visit, "departure")
    press(tomas, visit, "start")
    page = f"/visits/{visit.id}/end"
    ended = send(
        tomas,
        page,
        {"outcome": "complete", "note": "All runs", "version": str(visits.again(visit).version)},
    )

    back = taken_back(tomas, ended)

    assert (back.status_code, back.location) == (303, f"/visits/{visit.id}")
    assert visits.again(visit).state is VisitState.IN_PROGRESS
    assert "All runs" not in visits.again(visit).note
    assert "Taken back" in tomas.get(f"/visits/{visit.id}").get_data(as_text=True)


def test_a_visit_that_was_planned_is_taken_back(scene: dict[str, Any], sign_in: SignIn) -> None:
    ada, project = sign_in(scene["ada"]), scene["project"]
    page = f"/visits/new?project={project.key}"
    planned = send(ada, page, form_of(project, title="Survey", technicians=[str(scene["mallory"].user_id)]))
    seen_by = sign_in(scene["mallory_user"])
    assert seen_by.get(planned.location).status_code == 200

    back = taken_back(ada, planned)

    assert (back.status_code, back.location) == (303, f"/projects/{project.key}")
    db.session.rollback()
    assert db.session.scalar(sa.select(Visit).where(Visit.title == "Survey")) is None
    assert seen_by.get(f"/projects/{project.key}").status_code == 404


@pytest.mark.parametrize(
    ("act", "sentence"),
    [("start", "cannot become in progress"), ("release", "cannot become tentative")],
)
def test_the_wrong_moment_is_refused(scene: dict[str, Any], sign_in: SignIn, act: str, sentence: str) -> None:
    answer = press(sign_in(scene["ada"]), scene["visit"], act)

    assert answer.status_code == 409
    assert sentence in answer.get_data(as_text=True)


def test_what_is_over_cannot_be_edited_or_called_off(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    browser = sign_in(scene["ada"])
    page = f"/visits/{visit.id}/cancellation"

    silent = send(browser, page, {"reason": "", "version": str(visit.version)})
    done = send(browser, page, {"reason": "No power", "version": str(visit.version)})

    assert (silent.status_code, done.status_code) == (422, 303)
    assert visits.again(visit).cancel_reason == "No power"
    assert browser.get(page).status_code == 409
    assert browser.get(f"/visits/{visit.id}/edit").status_code == 409
    assert "Cancelled: No power" in browser.get(f"/visits/{visit.id}").get_data(as_text=True)


def test_a_decision_is_asked_for_and_taken(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    with unit_of_work():
        waiting = db.session.get_one(Visit, visit.id)
        waiting.state = VisitState.CONFIRMED
        waiting.needs_decision = "“Installed” moved in the plan."
        waiting.proposed_local = wall("Fri 2026-03-20 09:00")
    browser = sign_in(scene["ada"])
    text = browser.get(f"/visits/{visit.id}").get_data(as_text=True)
    assert "Keep it or move it?" in text
    assert "Move to Fri 20 Mar, 09:00–12:00" in text
    listed = browser.get(f"/projects/{scene['project'].key}/visits").get_data(as_text=True)
    assert "1 visit needs a decision" in listed

    silent = press(browser, visit, "decision", reason="")
    assert silent.status_code == 422
    assert "Say in a few words" in silent.get_data(as_text=True)
    moved = press(browser, visit, "proposal")

    assert moved.status_code == 303
    assert visits.again(visit).starts_local == wall("Fri 2026-03-20 09:00")
    assert press(browser, visit, "decision", reason="It fits").status_code == 409


def test_a_proposal_that_clashes_leads_to_the_form(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    with unit_of_work():
        waiting = db.session.get_one(Visit, visit.id)
        waiting.needs_decision = "“Installed” moved in the plan."
        waiting.proposed_local = wall("Fri 2026-03-20 09:00")
        workforce.absence(db.session.get_one(Technician, scene["tomas"].id), on("Fri 2026-03-20"))
    browser = sign_in(scene["ada"])

    sent_on = press(browser, visit, "proposal")
    page = browser.get(sent_on.location).get_data(as_text=True)

    assert sent_on.location.endswith(f"/visits/{visit.id}/edit?proposal=1")
    assert "Tomas Keller is away (leave)" in page
    assert 'value="2026-03-20"' in page
    assert visits.again(visit).starts_local == wall("Tue 2026-03-17 09:00")


def test_a_decision_to_keep_is_taken(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    with unit_of_work():
        waiting = db.session.get_one(Visit, visit.id)
        waiting.needs_decision = "Tomas is away then."
    browser = sign_in(scene["ada"])

    kept = press(browser, visit, "decision", reason="It fits")

    assert kept.status_code == 303
    assert visits.again(visit).needs_decision == ""


@pytest.mark.parametrize("page", ["", "/edit", "/cancellation", "/end"])
def test_a_technician_who_does_not_go_sees_nothing(scene: dict[str, Any], sign_in: SignIn, page: str) -> None:
    answer = sign_in(scene["mallory_user"]).get(f"/visits/{scene['visit'].id}{page}")

    assert answer.status_code in {403, 404}
    assert "Install the spectrometer" not in answer.get_data(as_text=True)


def test_a_technician_works_on_visits_but_does_not_plan_them(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    browser = sign_in(scene["tomas_user"])
    page = browser.get(f"/visits/{visit.id}").get_data(as_text=True)

    assert "/edit" not in page
    assert browser.get(f"/visits/{visit.id}/edit").status_code == 403
    assert browser.get(f"/visits/new?project={scene['project'].key}").status_code == 403
    assert browser.get(f"/projects/{scene['project'].key}/visits").status_code == 200
    for act in ("confirmation", "release", "proposal", "decision", "cancellation"):
        answer = browser.post(f"/visits/{visit.id}/{act}", data={"csrf_token": _token(browser)})
        assert answer.status_code == 403, act


def test_nobody_accepts_for_somebody_else(scene: dict[str, Any], sign_in: SignIn) -> None:
    visit = scene["visit"]
    browser = sign_in(scene["ada"])
    press(browser, visit, "confirmation")

    answer = press(browser, visit, "acceptance")

    assert answer.status_code == 409
    assert "Only somebody who goes" in answer.get_data(as_text=True)


def test_who_is_not_signed_in_is_asked_to(scene: dict[str, Any], client: FlaskClient) -> None:
    answer = client.get(f"/visits/{scene['visit'].id}")

    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_a_list_of_visits_does_not_ask_more_for_more_rows(
    scene: dict[str, Any], sign_in: SignIn, app: Flask
) -> None:
    browser = sign_in(scene["ada"])
    page = f"/projects/{scene['project'].key}/visits"

    few = _statements(browser, page)
    with unit_of_work():
        project = db.session.get_one(Project, scene["project"].id)
        tomas = db.session.get_one(Technician, scene["tomas"].id)
        for day in range(10, 28):
            visits.visit(project, tomas, starts=f"{on_day(day)} 09:00", title=f"Visit {day}", reason="Busy")
    many = _statements(browser, page)

    assert many <= few + 1
    assert many < 30


def on_day(number: int) -> str:
    """A day of April 2026 with its weekday."""
    day = date(2026, 4, number)
    return f"{day:%a} {day.isoformat()}"


def _token(browser: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/visits").get_data(as_text=True))
    assert found is not None
    return found[1]


def _statements(browser: FlaskClient, page: str) -> int:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    sa.event.listen(db.engine, "before_cursor_execute", counted)
    try:
        assert browser.get(page).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", counted)
    return count


def test_the_form_says_who_can_go_why_others_cannot_and_when_there_is_time(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    browser, project = sign_in(scene["ada"]), scene["project"]
    with unit_of_work():
        tomas = db.session.get_one(Technician, scene["tomas"].id)
        workforce.own_calendar(tomas, (at("Tue 2026-03-17 09:00+00:00"), at("Tue 2026-03-17 11:00+00:00")))
    said = "own calendar taken Tue 17 Mar, 10:00–12:00"

    assert said in browser.get(f"/visits/{scene['visit'].id}/edit").get_data(as_text=True)
    page = f"/visits/new?project={project.key}"
    assert said not in browser.get(page).get_data(as_text=True)
    token = csrf_token(browser, page)
    for day, is_said in (("2026-03-17", True), ("2026-03-18", False)):
        asked = {**form_of(project, start_on=day, title=""), "csrf_token": token, "look": "who"}
        looked = browser.post(page, data=asked)
        assert looked.status_code == 200, (
            "looking saves nothing, and asks for nothing that is not needed for it"
        )
        assert (said in looked.get_data(as_text=True)) is is_said
        assert ("Tomas Keller, Basel: free" in looked.get_data(as_text=True)) is not is_said


def test_a_free_time_that_was_found_is_taken_over_into_the_form(
    scene: dict[str, Any], sign_in: SignIn
) -> None:
    browser, project = sign_in(scene["ada"]), scene["project"]
    with unit_of_work():
        tomas = db.session.get_one(Technician, scene["tomas"].id)
        workforce.own_calendar(tomas, (at("Tue 2026-03-17 05:00+00:00"), at("Tue 2026-03-17 11:00+00:00")))
    page = f"/visits/new?project={project.key}"
    asked = {
        **form_of(project, start_on="2026-03-17", skill="orbitrap"),
        "csrf_token": csrf_token(browser, page),
    }
    before = db.session.scalar(sa.select(sa.func.count(Visit.id)))

    found = browser.post(page, data={**asked, "look": "when"}).get_data(as_text=True)
    values = re.findall(r'name="look" value="(2026[^"]+)"', found)
    taken = browser.post(page, data={**asked, "look": values[0]}).get_data(as_text=True)

    assert values == sorted(values)
    assert values
    starts = datetime.fromisoformat(values[0].split("/")[0]).astimezone(ZoneInfo(project.site.zone))
    assert starts >= at("Tue 2026-03-17 11:00+00:00")
    assert f'value="{starts:%Y-%m-%d}"' in taken
    (field,) = re.findall(r'<input[^>]*name="start_time"[^>]*>', taken)
    assert f'value="{starts:%H:%M}' in field
    assert "are missing" not in taken
    assert "is missing" not in taken
    for nonsense in ("x", "2026/2027/x", "9/9/9", "0001-01-01T00:00:00+14:00/2026-01-01/1"):
        assert browser.post(page, data={**asked, "look": nonsense}).status_code == 200
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == before
