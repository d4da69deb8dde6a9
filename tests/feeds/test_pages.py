"""My calendar and the list of all addresses: who may see what, and what the buttons do."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.feeds import queries
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.visits.states import VisitState
from tests.conftest import csrf_token
from tests.feeds.conftest import Selects, SetClock
from tests.makers import calendar, people
from tests.makers.calendar import AT

pytestmark = pytest.mark.usefixtures("it_is")
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def tomas(app: Flask) -> User:
    with unit_of_work():
        return calendar.technician()


def text_of(browser: FlaskClient, page: str, *, status: int = 200) -> str:
    answer = browser.get(page)
    assert answer.status_code == status
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def url_of(user: User) -> str:
    db.session.rollback()
    return queries.report_of(user.id, at=AT).url


def test_my_calendar_shows_what_the_feed_shows(app: Flask, tomas: User, sign_in: SignIn) -> None:
    with unit_of_work():
        mallory = calendar.technician("Mallory Stone")
        project = calendar.project()
        calendar.visit(project, tomas, title="Install the spectrometer")
        calendar.visit(
            project,
            tomas,
            title="Train the laboratory",
            starts=AT + timedelta(days=9),
            state=VisitState.TENTATIVE,
        )
        calendar.cancel(
            calendar.visit(project, tomas, title="Survey the site", starts=AT + timedelta(days=3)), at=AT
        )
        calendar.visit(project, tomas, title="Only a draft", state=VisitState.DRAFT)
        calendar.visit(project, mallory, title="Somebody else's visit")

    page = text_of(sign_in(tomas), "/calendar")

    assert "Next is Install the spectrometer : Isar Klinik, Wed 25 Nov, 10:00." in page
    assert "Train the laboratory" in page
    assert "Not confirmed yet." in page
    assert "Cancelled, do not travel." in page
    assert "Europe/Berlin" in page
    assert "Only a draft" not in page
    assert "Somebody else" not in page


def test_my_calendar_without_visits_or_address_says_what_to_do(
    app: Flask, tomas: User, sign_in: SignIn
) -> None:
    page = text_of(sign_in(tomas), "/calendar")

    assert "Nothing is planned" in page
    assert "Make my address" in page


def test_f32_an_address_is_made_shown_replaced_and_withdrawn(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient
) -> None:
    browser = sign_in(tomas)
    token = csrf_token(browser, "/calendar")

    made = browser.post(f"/people/{tomas.id}/calendar-address", data={"csrf_token": token})
    page = browser.get("/calendar").get_data(as_text=True)
    first = url_of(tomas)
    assert (made.status_code, made.location) == (303, "/calendar")
    assert first in page
    assert f'href="{first.replace("http://", "webcal://")}"' in page
    assert "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2F" in page
    assert "https://outlook.office.com/calendar/0/addfromweb?url=http%3A%2F%2F" in page
    assert 'src="data:image/svg+xml' in page
    assert "no public address" in page
    feed = queries.active_feed_of(tomas.id)
    assert feed

    replaced = browser.post(f"/calendar/addresses/{feed.id}/rotation", data={"csrf_token": token})
    assert (replaced.status_code, replaced.location) == (303, "/calendar")
    assert url_of(tomas) not in ("", first)
    again = browser.post(f"/calendar/addresses/{feed.id}/rotation", data={"csrf_token": token})
    assert again.status_code == 409
    twice = browser.post(f"/people/{tomas.id}/calendar-address", data={"csrf_token": token})
    assert twice.status_code == 409

    feed = queries.active_feed_of(tomas.id)
    assert feed
    browser.post(f"/calendar/addresses/{feed.id}/revocation", data={"csrf_token": token})
    assert url_of(tomas) == ""


def test_last_fetched_by_is_shown_to_the_owner(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient, it_is: SetClock
) -> None:
    with unit_of_work():
        path = calendar.path_of(tomas)
    browser = sign_in(tomas)
    assert "No program has fetched it yet." in text_of(browser, "/calendar")
    it_is.at = AT + timedelta(seconds=5)
    client.get(path, headers={"User-Agent": "Evolution/3.46.4"})
    it_is.at = AT + timedelta(hours=1)
    with unit_of_work():
        calendar.visit(calendar.project(), tomas, at=it_is.at)

    page = text_of(browser, "/calendar")

    assert "Last fetched by Evolution" in page
    assert "not fetched since" in page


def test_a_stranger_can_neither_see_nor_end_somebody_elses_address(
    app: Flask, tomas: User, sign_in: SignIn
) -> None:
    with unit_of_work():
        mallory = calendar.technician("Mallory Stone")
        calendar.path_of(tomas)
    feed = queries.active_feed_of(tomas.id)
    assert feed
    before = url_of(tomas)
    browser = sign_in(mallory)
    token = csrf_token(browser, "/calendar")

    for page in (
        f"/calendar/addresses/{feed.id}/rotation",
        f"/calendar/addresses/{feed.id}/revocation",
        f"/people/{tomas.id}/calendar-address",
        "/calendar/addresses/999999/rotation",
    ):
        assert browser.post(page, data={"csrf_token": token}).status_code == 404
        assert browser.post(page).status_code == 400
    assert browser.get("/settings/feeds").status_code == 403
    assert url_of(tomas) == before
    assert before not in browser.get("/calendar").get_data(as_text=True)


def test_nobody_sees_a_calendar_page_without_signing_in(client: FlaskClient) -> None:
    for page in ("/calendar", "/settings/feeds"):
        assert client.get(page).location.startswith("/sign-in")


def test_a_dispatcher_sees_how_all_addresses_do_but_not_what_they_are(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient, it_is: SetClock
) -> None:
    with unit_of_work():
        ben = calendar.technician("Ben Okafor")
        aiko = calendar.technician("Aiko Ito")
        dana = people.user(name="Dana Dispatch", role=Role.DISPATCHER)
        path, other = calendar.path_of(tomas), calendar.path_of(ben)
        calendar.visit(calendar.project(), tomas)
    client.get(path, headers={"User-Agent": "Google-Calendar-Importer"})
    it_is.at = AT + timedelta(hours=49)
    browser = sign_in(dana)

    page = text_of(browser, "/settings/feeds")
    raw = browser.get("/settings/feeds").get_data(as_text=True)

    assert re.search(
        r"Aiko Ito .* No address .* Ben Okafor .* Never fetched .* Tomas Berger .* Not fetched for 2 days",
        page,
    )
    assert "Google Calendar, 2 days ago" in page
    assert path.split("/")[2] not in raw
    assert other.split("/")[2] not in raw
    token = csrf_token(browser, "/settings/feeds")
    made = browser.post(f"/people/{aiko.id}/calendar-address", data={"csrf_token": token})
    assert (made.status_code, made.location) == (303, "/settings/feeds")
    assert url_of(aiko)


def test_the_list_of_addresses_does_not_ask_more_for_more_people(
    app: Flask, tomas: User, sign_in: SignIn, selects: Selects
) -> None:
    def asked() -> int:
        db.session.rollback()
        with selects() as statements:
            queries.reports(at=AT)
        return len(statements)

    few = asked()
    with unit_of_work():
        for n in range(12):
            calendar.path_of(calendar.technician(f"Number{n} Person"))

    assert asked() == few == 2
