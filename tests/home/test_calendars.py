"""The pages of working days: they say why, show what would move, and refuse in words."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.actions import hours
from concierge.accounts.models import Site, SiteClosure, SiteHours
from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import DaysOf
from concierge.core.worktime import WEEKDAYS
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import replanning, rescheduling
from concierge.projects.models import CalendarProposal, Milestone, MilestoneCrew, Project
from concierge.projects.states import CalendarProposalState
from concierge.workforce.actions import leave
from concierge.workforce.models import Absence, Closure, LeaveRequest, Office
from concierge.workforce.queries import technicians_by_user
from concierge.workforce.states import AbsenceKind, LeaveState
from tests.conftest import csrf_token
from tests.makers import orders, people, projects, workforce
from tests.makers.acts import dump
from tests.makers.days import at, on
from tests.makers.pages import hidden_in

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]
NOW = clock.now


def post(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.get_data(as_text=True), answer.location or ""


def running(*, place: Site | None = None, number: str = "SO-48213") -> Project:
    """A project under way from today on."""
    with unit_of_work():
        return projects.live(place=place, number=number, requested_from=None, at=clock.now())


def a_day(project: Project, key: str) -> date:
    db.session.rollback()
    day = db.session.scalar(
        sa.select(Milestone.forecast_start_on).where(Milestone.project_id == project.id, Milestone.key == key)
    )
    assert day is not None
    return day


def one_proposal() -> CalendarProposal:
    db.session.rollback()
    return db.session.scalars(sa.select(CalendarProposal).execution_options(populate_existing=True)).one()


def opened(browser: FlaskClient, path: str) -> dict[str, list[str]]:
    """What the page of a form carries, so that nobody overwrites what they did not see."""
    found = hidden_in(browser.get(path).get_data(as_text=True), of="loaded")
    return {name: value for name, value in found.items() if name in {"version", "loaded"}}


def last_proposal() -> CalendarProposal:
    db.session.rollback()
    newest = sa.select(CalendarProposal).order_by(CalendarProposal.id.desc()).limit(1)
    return db.session.scalars(newest.execution_options(populate_existing=True)).one()


def test_a_closure_is_shown_with_all_that_moves_and_then_made(app: Flask, ada: FlaskClient) -> None:
    project = running()
    install = a_day(project, "install")

    status, _page, way = post(
        ada, "/calendars/closures/new", name="Moving house", first_on=str(install), last_on=str(install)
    )
    shown = ada.get(way).get_data(as_text=True)

    assert status == 303
    assert "1 project would move." in shown
    assert project.key in shown
    assert "<del>" in shown
    assert "promised dates would be missed; the promises themselves stay" in shown
    assert a_day(project, "install") == install
    assert post(ada, f"{way}/application")[0] == 303
    assert a_day(project, "install") > install
    assert "Done: 1 project followed." in ada.get(way).get_data(as_text=True)
    assert "Moving house" in ada.get("/calendars").get_data(as_text=True)
    story = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "changed working days: Moving house" in story


def test_a_discarded_change_is_not_made(app: Flask, ada: FlaskClient) -> None:
    project = running()
    install = a_day(project, "install")
    way = post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))[2]

    assert post(ada, f"{way}/dismissal")[0] == 303

    assert a_day(project, "install") == install
    assert db.session.scalar(sa.select(Closure.id)) is None
    assert post(ada, f"{way}/application")[0] == 409
    assert "nothing has changed" in ada.get(way).get_data(as_text=True)


def test_a_change_on_which_nothing_depends_is_made_at_once_and_said(app: Flask, ada: FlaskClient) -> None:
    status, _page, way = post(
        ada, "/calendars/closures/new", name="Carnival", first_on="2030-03-04", last_on="2030-03-06"
    )

    assert (status, way) == (303, "/calendars")
    page = ada.get("/calendars").get_data(as_text=True)
    assert "No plan depends on it, so nothing moved." in page
    assert "Carnival" in page


def test_a_plan_that_changed_since_is_shown_again(app: Flask, ada: FlaskClient) -> None:
    project = running()
    install = a_day(project, "install")
    way = post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))[2]
    with unit_of_work():
        workforce.closure("Carnival", install + timedelta(days=1))

    status, page, _way = post(ada, f"{way}/application")

    assert status == 409
    assert "Working days have changed since" in page
    assert db.session.scalars(sa.select(Closure.name)).all() == ["Carnival"]
    assert post(ada, f"{way}/application")[0] == 303


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "X", "first_on": "2030-03-06", "last_on": "2030-03-04"}, "not before the first day"),
        ({"name": "", "first_on": "2030-03-06", "last_on": "2030-03-06"}, "Enter a name."),
        ({"name": "X", "first_on": "soon", "last_on": "2030-03-06"}, "Not a valid date"),
        (
            {"name": "X", "first_on": "2030-03-06", "last_on": "2030-03-06", "from_time": "12:00"},
            "Enter until when it is closed",
        ),
        (
            {
                "name": "X",
                "first_on": "2030-03-06",
                "last_on": "2030-03-06",
                "from_time": "17:00",
                "to_time": "12:00",
            },
            "Choose a time after the closing begins.",
        ),
    ],
)
def test_a_bad_closure_is_shown_again(
    app: Flask, ada: FlaskClient, fields: dict[str, str], sentence: str
) -> None:
    status, page, _way = post(ada, "/calendars/closures/new", **fields)

    assert status == 422
    assert sentence in page
    assert db.session.scalar(sa.select(Closure.id)) is None


def test_a_closure_for_years_is_refused_on_the_form(app: Flask, ada: FlaskClient) -> None:
    running()

    status, page, _way = post(
        ada,
        "/calendars/closures/new",
        name="For ever",
        first_on=str(clock.now().date()),
        last_on=str(clock.now().date() + timedelta(days=1200)),
    )

    assert status == 422
    assert "shorten its closures" in page
    assert db.session.scalar(sa.select(CalendarProposal.id)) is None


def hidden(page: str, *names: str) -> dict[str, str]:
    """What a form carries without showing it, as a browser sends it back."""
    found = {}
    for name in names:
        value = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
        assert value, name
        found[name] = unescape(value[1])
    return found


def test_the_second_who_edits_a_closure_sees_both_values(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        closure = workforce.closure("Carnival", on("Mon 2030-03-04"))
    address = f"/calendars/closures/{closure.id}/edit"
    loaded = hidden(ada.get(address).get_data(as_text=True), "version", "loaded")
    with unit_of_work():
        db.session.get_one(Closure, closure.id).name = "Fasnacht"
    wanted = {"name": "Carnival days", "first_on": "2030-03-04", "last_on": "2030-03-05"}

    status, page, _way = post(ada, address, **wanted, **loaded)

    assert status == 409
    assert "Theirs: Fasnacht" in page
    assert "Yours, as below: Carnival days" in page
    again = hidden(page, "version", "loaded", "theirs-name")
    assert post(ada, address, **wanted, **again, **{"choose-name": "theirs"})[0] == 303
    db.session.rollback()
    row = db.session.scalars(sa.select(Closure).execution_options(populate_existing=True)).one()
    assert (row.name, row.last_on) == ("Fasnacht", on("Tue 2030-03-05"))


def test_a_closure_is_removed(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        closure = workforce.closure("Carnival", on("Mon 2030-03-04"))

    assert post(ada, f"/calendars/closures/{closure.id}/removal")[0] == 303
    assert post(ada, f"/calendars/closures/{closure.id}/removal")[0] == 404

    db.session.rollback()
    assert db.session.scalar(sa.select(Closure.id)) is None


def test_the_home_office_decides_about_the_companys_days(app: Flask, ada: FlaskClient) -> None:
    assert "Nobody has said where the home office is" in ada.get("/calendars/company").get_data(as_text=True)

    carried = opened(ada, "/calendars/home")
    wanted = {"name": "Basel", "country": "CH", "subdivision": "CH-BS", "zone": ""}
    assert post(ada, "/calendars/home", **wanted, **carried)[0] == 303

    db.session.rollback()
    office = db.session.scalars(sa.select(Office)).one()
    assert (office.country, office.subdivision, office.zone) == ("CH", "BS", "Europe/Zurich")
    page = ada.get("/calendars/company?year=2026").get_data(as_text=True)
    assert "Tag der Arbeit, Basel-Stadt" in page
    assert post(ada, "/calendars/home", name="Nowhere", country="QQ")[0] == 422


def test_a_technicians_absence_moves_what_counts_the_crews_days(app: Flask, ada: FlaskClient) -> None:
    project = running()
    with unit_of_work():
        tomas = workforce.technician()
        install = db.session.scalars(
            sa.select(Milestone).where(Milestone.project_id == project.id, Milestone.key == "install")
        ).one()
        install.days_of = DaysOf.CREW
        db.session.add(MilestoneCrew(milestone_id=install.id, user_id=tomas.user_id))
    before = a_day(project, "install")

    way = post(
        ada,
        "/calendars/absences/new",
        user_id=tomas.user_id,
        word="leave",
        first_on=str(before),
        last_on=str(before),
    )[2]
    assert "is away on" in ada.get(way).get_data(as_text=True)
    post(ada, f"{way}/application")

    assert a_day(project, "install") > before
    days = ada.get(f"/calendars/technicians/{tomas.user_id}?year={before.year}").get_data(as_text=True)
    assert "Leave" in days
    absence = db.session.scalars(sa.select(Absence)).one()
    way = post(ada, f"/calendars/absences/{absence.id}/removal")[2]
    post(ada, f"{way}/application")
    assert a_day(project, "install") == before


def test_leave_that_moves_a_plan_is_approved_only_with_all_that_moves(
    app: Flask, ada: FlaskClient, sign_in: Browser
) -> None:
    project = running()
    before = a_day(project, "install")
    with unit_of_work():
        tomas = workforce.technician()
        install = db.session.scalars(
            sa.select(Milestone).where(Milestone.project_id == project.id, Milestone.key == "install")
        ).one()
        install.days_of = DaysOf.CREW
        db.session.add(MilestoneCrew(milestone_id=install.id, user_id=tomas.user_id))
        wish = leave.Wish(kind=AbsenceKind.LEAVE, first_on=before, last_on=before)
        known = technicians_by_user([tomas.user_id])[tomas.user_id]
        asked = leave.ask(known, wish, actor_id=tomas.user_id, at=clock.now())
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
    dispatcher = sign_in(jonas)

    way = post(dispatcher, f"/leave/{asked.id}/approval", answer="Enjoy it.")[2]

    db.session.rollback()
    assert db.session.get_one(LeaveRequest, asked.id).state is LeaveState.REQUESTED, "nothing is written yet"
    assert post(ada, f"{way}/application")[0] == 403, "who plans projects does not decide on leave"
    post(dispatcher, f"{way}/application")
    assert a_day(project, "install") > before
    approved = db.session.get_one(LeaveRequest, asked.id, populate_existing=True)
    assert (approved.state, approved.answer) == (LeaveState.APPROVED, "Enjoy it.")

    back = post(dispatcher, f"/leave/{asked.id}/withdrawal")[2]
    post(dispatcher, f"{back}/application")

    assert a_day(project, "install") == before
    withdrawn = db.session.get_one(LeaveRequest, asked.id, populate_existing=True)
    assert (withdrawn.state, withdrawn.absence_id) == (LeaveState.WITHDRAWN, None)


def test_every_closed_day_of_a_site_says_why(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site()
        hours.set_hours(
            place.id,
            hours=[hours.OpenHours(number, datetime(2026, 1, 1, 8).time(), time(16)) for number in range(4)],
            actor_id=None,
            at=at("Mon 2026-01-05 09:00+00:00"),
        )
        for kind, name, first, half in (
            (SiteClosureKind.SHUTDOWN, "Summer shutdown", "Mon 2026-07-20", False),
            (SiteClosureKind.FROZEN, "Audit", "Tue 2026-09-15", False),
            (SiteClosureKind.SHUTDOWN, "Power test", "Wed 2026-09-16", True),
        ):
            hours.enter_closure(
                place.id,
                details=hours.ClosureDetails(
                    kind=kind,
                    name=name,
                    first_on=on(first),
                    last_on=on(first),
                    from_time=time(12) if half else None,
                    to_time=time(16) if half else None,
                ),
                actor_id=None,
                at=at("Mon 2026-01-05 09:00+00:00"),
            )
        workforce.closure("Company holidays", on("Mon 2026-07-20"), on("Tue 2026-07-21"))

    year = ada.get(f"/calendars/sites/{place.id}?year=2026").get_data(as_text=True)
    may = ada.get(f"/calendars/sites/{place.id}?year=2026&month=5").get_data(as_text=True)
    september = ada.get(f"/calendars/sites/{place.id}?year=2026&month=9").get_data(as_text=True)

    assert "Company holidays, company closed; Summer shutdown, site shut" in year
    assert "Audit, frozen period" in year
    assert "Power test, closed 12:00–16:00" in year
    assert "Tag der Arbeit, Basel-Stadt; Friday" in may  # not let in on Fridays either
    assert "08:00–12:00" in september
    assert "08:00–16:00" in september


def whole_week(hours: dict[str, str]) -> dict[str, str]:
    """Every field of a week's form as a browser sends it, most of them empty."""
    parts = ("opens", "closes", "opens_again", "closes_again")
    return {f"{day.lower()}-{part}": "" for day in WEEKDAYS for part in parts} | hours


def test_the_week_of_a_site_is_changed_and_cleared(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site()
    address = f"/calendars/sites/{place.id}/hours"
    week = {
        "monday-opens": "08:00",
        "monday-closes": "12:00",
        "monday-opens_again": "13:00",
        "monday-closes_again": "17:00",
        "saturday-opens": "09:00",
        "saturday-closes": "11:30",
    }

    assert post(ada, address, **whole_week(week))[0] == 303
    db.session.rollback()
    rows = db.session.scalars(sa.select(SiteHours).order_by(SiteHours.weekday, SiteHours.opens)).all()
    assert [(row.weekday, f"{row.opens:%H:%M}–{row.closes:%H:%M}") for row in rows] == [
        (0, "08:00–12:00"),
        (0, "13:00–17:00"),
        (5, "09:00–11:30"),
    ]
    assert 'value="13:00"' in ada.get(address).get_data(as_text=True)
    assert "08:00–12:00, 13:00–17:00" in ada.get(f"/calendars/sites/{place.id}").get_data(as_text=True)

    assert post(ada, address, **whole_week({}))[0] == 303
    db.session.rollback()
    assert db.session.scalar(sa.select(SiteHours.id)) is None


@pytest.mark.parametrize(
    ("week", "sentence"),
    [
        ({"monday-opens": "17:00", "monday-closes": "08:00"}, "Monday: Choose a time after the site opens."),
        ({"wednesday-opens": "08:00"}, "Wednesday: Enter until when we are let in."),
        (
            {
                "monday-opens": "08:00",
                "monday-closes": "12:00",
                "monday-opens_again": "11:00",
                "monday-closes_again": "17:00",
            },
            "Monday: Choose a time after the first stretch ends.",
        ),
    ],
)
def test_hours_upside_down_are_shown_again(
    app: Flask, ada: FlaskClient, week: dict[str, str], sentence: str
) -> None:
    with unit_of_work():
        place = orders.site()

    status, page, _way = post(ada, f"/calendars/sites/{place.id}/hours", **whole_week(week))

    assert status == 422
    assert sentence in page
    assert db.session.scalar(sa.select(SiteHours.id)) is None


def test_a_site_that_moves_over_the_date_line_has_another_today(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site(city="Apia", country="AS", subdivision="", zone="Pacific/Pago_Pago")
    project = running(place=place)
    before = a_day(project, "kick-off")

    path = f"/calendars/sites/{place.id}/place"
    status, _page, way = post(ada, path, country="WS", zone="", **opened(ada, path))

    assert status == 303
    if way.startswith("/calendars/changes/"):
        assert "is in Samoa, on the clock of Pacific/Apia" in ada.get(way).get_data(as_text=True)
        assert post(ada, f"{way}/application")[0] == 303
    db.session.rollback()
    row = db.session.scalars(sa.select(Site).execution_options(populate_existing=True)).one()
    assert (row.country, row.zone) == ("WS", "Pacific/Apia")
    assert a_day(project, "kick-off") >= before
    assert one_proposal().state is CalendarProposalState.APPLIED


def test_the_place_of_a_site_is_not_changed_behind_the_plans_back(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site()
    address = f"/accounts/{place.account_id}/sites/{place.id}/edit"
    page = ada.get(address).get_data(as_text=True)
    fields = {
        "name": "Basel lab",
        "city": "Basel",
        "access_from": "08:00",
        "access_to": "17:00",
        "country": "JP",
    }

    assert 'name="country"' not in page
    assert f"/calendars/sites/{place.id}/place" in page
    assert post(ada, address, **fields, **hidden(page, "version", "loaded"))[0] == 303
    db.session.rollback()
    assert db.session.scalar(sa.select(Site.country).execution_options(populate_existing=True)) == "CH"


def test_a_shutdown_is_entered_changed_and_removed(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site()
    fields = {"kind": "shutdown", "name": "Summer", "first_on": "2030-07-15", "last_on": "2030-07-26"}

    assert post(ada, f"/calendars/sites/{place.id}/closures/new", **fields)[0] == 303
    db.session.rollback()
    closure = db.session.scalars(sa.select(SiteClosure)).one()
    address = f"/calendars/sites/{place.id}/closures/{closure.id}"
    loaded = hidden(ada.get(f"{address}/edit").get_data(as_text=True), "version", "loaded")
    assert post(ada, f"{address}/edit", **{**fields, "kind": "frozen", **loaded})[0] == 303
    db.session.rollback()
    again = db.session.scalars(sa.select(SiteClosure).execution_options(populate_existing=True)).one()
    assert again.kind is SiteClosureKind.FROZEN
    assert post(ada, f"/calendars/sites/{place.id + 1}/closures/{closure.id}/removal")[0] == 404
    assert post(ada, f"{address}/removal")[0] == 303
    db.session.rollback()
    assert db.session.scalar(sa.select(SiteClosure.id)) is None


@pytest.mark.parametrize(
    ("zone", "country", "expected"),
    [("Pacific/Kiritimati", "KI", "Tue 24 Nov"), ("Pacific/Pago_Pago", "AS", "Sun 22 Nov")],
)
def test_today_is_the_day_at_the_site_on_both_sides_of_the_date_line(
    app: Flask,
    sign_in: Browser,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    country: str,
    expected: str,
) -> None:
    with unit_of_work():
        place = orders.site(city="Lagoon", country=country, subdivision="", zone=zone)
        person = people.user()
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 10, 30, tzinfo=UTC))

    page = sign_in(person).get(f"/calendars/sites/{place.id}").get_data(as_text=True)

    assert f"today there is {expected}" in page
    day = expected.split()[1]
    assert re.search(rf'aria-current="date">{day}<', page)


def test_a_country_whose_holidays_nobody_knows_says_what_to_do(app: Flask, ada: FlaskClient) -> None:
    assert "Enter them as closures" in ada.get("/calendars/places?country=AC").get_data(as_text=True)
    assert "those of the whole country" in ada.get("/calendars/places?country=CH&subdivision=QQ").get_data(
        as_text=True
    )
    basel = ada.get("/calendars/places?country=ch&subdivision=BS&year=2026&month=5").get_data(as_text=True)
    assert "Tag der Arbeit, Basel-Stadt" in basel
    assert ada.get("/calendars/places?country=QQ").status_code == 303


def test_technicians_see_their_own_days_and_nobody_elses(app: Flask, sign_in: Browser) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        workforce.absence(tomas, on("Mon 2026-03-16"), kind=AbsenceKind.SICK)
        lea = workforce.technician(name="Lea Roth")
        person = db.session.get_one(User, tomas.user_id)
        other_id = lea.user_id
    browser = sign_in(person)

    assert browser.get(f"/calendars/technicians/{person.id}?year=2026").status_code == 200
    assert browser.get(f"/calendars/technicians/{other_id}").status_code == 404
    page = browser.get("/calendars").get_data(as_text=True)
    assert "Lea Roth" not in page
    assert "Add closure" not in page
    assert post(browser, "/calendars/absences/new", user_id=person.id)[0] == 403


def test_a_dispatcher_may_look_at_a_closure_and_not_decide(
    app: Flask, ada: FlaskClient, sign_in: Browser
) -> None:
    project = running()
    install = a_day(project, "install")
    way = post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))[2]
    with unit_of_work():
        dispatcher = people.user(name="Dana Disp", role=Role.DISPATCHER)
    browser = sign_in(dispatcher)

    assert "may look, and not decide" in browser.get(way).get_data(as_text=True)
    assert post(browser, f"{way}/application")[0] == 403
    assert one_proposal().state is CalendarProposalState.OPEN

    made = post(ada, f"{way}/application")[2]
    undo = re.search(r"/undo/\w+", ada.get(made).get_data(as_text=True))
    assert undo
    assert post(browser, undo[0])[0] == 403
    assert one_proposal().state is CalendarProposalState.APPLIED


def test_many_projects_follow_by_jobs_with_a_bar(
    app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "FEW", 1)
    with unit_of_work():
        place = orders.site()
    some = [running(place=place, number=f"SO-{number}") for number in range(3)]
    install = a_day(some[0], "install")

    way = post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))[2]
    assert way.startswith("/jobs/")
    _work(app)
    change = f"/calendars/changes/{one_proposal().id}"
    assert "3 projects would move." in ada.get(change).get_data(as_text=True)
    assert post(ada, f"{change}/application")[2].startswith("/jobs/")
    _work(app)

    assert "Done: 3 projects followed." in ada.get(change).get_data(as_text=True)
    assert all(a_day(project, "install") > install for project in some)


def _work(app: Flask) -> None:
    db.session.remove()
    worker.drain(app)
    db.session.remove()


def test_a_change_that_a_job_made_is_taken_back_by_a_job_and_everything_is_as_it_was(
    app: Flask, ada: FlaskClient, sign_in: Callable[[User], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "FEW", 1)
    with unit_of_work():
        place = orders.site()
    some = [running(place=place, number=f"SO-{number}") for number in range(3)]
    install = a_day(some[0], "install")
    _work(app)
    before = _plans()

    post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))
    _work(app)
    made = f"/calendars/changes/{last_proposal().id}"
    post(ada, f"{made}/application")
    _work(app)
    assert _plans() != before
    assert "Take it back" in ada.get(made).get_data(as_text=True)

    assert post(ada, f"{made}/taking-back")[2].startswith("/jobs/")
    _work(app)
    back = f"/calendars/changes/{last_proposal().id}"
    assert back != made
    assert "3 projects would move." in ada.get(back).get_data(as_text=True)
    assert _plans() != before, "nothing moves before it was agreed to"
    assert post(ada, f"{back}/application")[2].startswith("/jobs/")
    _work(app)

    assert _plans() == before
    page = ada.get(back).get_data(as_text=True)
    assert "Every date is as it was before the change." in page
    assert "This was taken back." in ada.get(made).get_data(as_text=True)
    assert post(ada, f"{made}/taking-back")[0] == 409
    told = ada.get(f"/projects/{some[0].key}/history").get_data(as_text=True)
    assert "taken back" in told
    with unit_of_work():
        uwe = people.user(name="Uwe Kern", language="de")
    for path in (back, f"/projects/{some[0].key}/history"):
        told = sign_in(uwe).get(path).get_data(as_text=True)
        assert "zurückgenommen" in told
        assert "taken back" not in told


def test_what_somebody_changed_since_a_change_stays_and_is_named(
    app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "FEW", 1)
    with unit_of_work():
        place = orders.site()
    some = [running(place=place, number=f"SO-{number}") for number in range(3)]
    install = a_day(some[0], "install")
    post(ada, "/calendars/closures/new", name="Moving", first_on=str(install), last_on=str(install))
    _work(app)
    made = f"/calendars/changes/{last_proposal().id}"
    post(ada, f"{made}/application")
    _work(app)
    later = install + timedelta(days=28)
    with unit_of_work():
        row = projects.milestone(some[1], "install")
        rescheduling.move_milestone(
            some[1].id, row.id, to=later, reason="The customer asks", actor_id=None, at=clock.now()
        )

    post(ada, f"{made}/taking-back")
    _work(app)
    back = f"/calendars/changes/{last_proposal().id}"
    post(ada, f"{back}/application")
    _work(app)

    page = ada.get(back).get_data(as_text=True)
    assert "Changed since, and left as it is" in page
    assert f'<a href="/projects/{some[1].key}">{some[1].key}</a>: ' in page
    assert f'<a href="/projects/{some[0].key}">{some[0].key}</a>: ' not in page
    assert a_day(some[1], "install") >= later
    assert a_day(some[0], "install") == install


@pytest.mark.parametrize("kind", ["closure", "removal", "edit", "absence", "place", "hours", "shutdown"])
def test_every_kind_of_change_can_be_taken_back(app: Flask, ada: FlaskClient, kind: str) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        known = workforce.closure("Inventory", next_tuesday()).id
    project = running()
    install, site = a_day(project, "install"), project.site_id
    before = _days()

    days = {"first_on": str(install + timedelta(days=1)), "last_on": str(install + timedelta(days=1))}
    page, sent = {
        "closure": ("/calendars/closures/new", {"name": "Moving", **days}),
        "removal": (f"/calendars/closures/{known}/removal", {}),
        "edit": (f"/calendars/closures/{known}/edit", {"name": "Counting", **days}),
        "absence": ("/calendars/absences/new", {"user_id": tomas.user_id, "word": "leave", **days}),
        "place": (
            f"/calendars/sites/{site}/place",
            {"country": "JP", "subdivision": "", "zone": "Asia/Tokyo"},
        ),
        "hours": (f"/calendars/sites/{site}/hours", {"monday-opens": "08:00", "monday-closes": "12:00"}),
        "shutdown": (
            f"/calendars/sites/{site}/closures/new",
            {"kind": "shutdown", "name": "Summer", **days},
        ),
    }[kind]
    if not page.endswith("removal"):
        sent = {**opened(ada, page), **sent}
    assert post(ada, page, **sent)[0] == 303
    if last_proposal().state is CalendarProposalState.OPEN:
        assert post(ada, f"/calendars/changes/{last_proposal().id}/application")[0] == 303
    assert last_proposal().state is CalendarProposalState.APPLIED
    assert _days() != before

    assert post(ada, f"/calendars/changes/{last_proposal().id}/taking-back")[0] == 303
    if last_proposal().state is CalendarProposalState.OPEN:
        assert post(ada, f"/calendars/changes/{last_proposal().id}/application")[0] == 303

    assert last_proposal().state is CalendarProposalState.APPLIED
    assert _days() == before


def next_tuesday() -> date:
    today = clock.today("Europe/Zurich")
    return today + timedelta(days=7 + (1 - today.weekday()) % 7)


def _days() -> dict[str, list[dict[str, object]]]:
    """All that makes working days what they are, without the numbers of rows."""
    tables = ("closures", "absences", "offices", "site_hours", "site_closures")
    found = {
        name: sorted(({key: value for key, value in row.items() if key != "id"} for row in rows), key=str)
        for name, rows in dump().items()
        if name in tables
    }
    sites = db.session.execute(
        sa.select(Site.id, Site.country, Site.subdivision, Site.zone).order_by(Site.id)
    )
    return {**found, "sites": [dict(row) for row in sites.mappings()], **_plans()}


def _plans() -> dict[str, list[dict[str, object]]]:
    """Every plan and visit as the database has it."""
    rows = dump()
    return {name: rows[name] for name in ("projects", "milestones", "milestone_links", "visits")}


@pytest.mark.parametrize("page", ["home", "place", "hours"])
def test_two_people_at_the_same_days_see_each_other(app: Flask, ada: FlaskClient, page: str) -> None:
    with unit_of_work():
        place = orders.site()
    path = "/calendars/home" if page == "home" else f"/calendars/sites/{place.id}/{page}"
    first, second, theirs, yours = {
        "home": ({"name": "Basel", "country": "CH"}, {"name": "Bern", "country": "CH"}, "Basel", "Bern"),
        "place": ({"country": "DE"}, {"country": "FR"}, "Germany", "France"),
        "hours": (
            {"monday-opens": "07:15", "monday-closes": "12:00"},
            {"monday-opens": "09:45", "monday-closes": "12:00"},
            "07:15",
            "09:45",
        ),
    }[page]
    carried = opened(ada, path)
    assert post(ada, path, zone="Europe/Zurich", **carried, **first)[0] == 303

    status, shown, _way = post(ada, path, zone="Europe/Zurich", **carried, **second)

    assert status == 409
    assert theirs in shown
    assert yours in shown
    again = {**hidden_in(shown, of="loaded"), "zone": "Europe/Zurich", **second}
    again = {name: value for name, value in again.items() if not name.startswith("theirs-")}
    assert post(ada, path, **{name: value for name, value in again.items() if "token" not in name})[0] == 303
