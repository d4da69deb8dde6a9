"""My calendar and the list of all addresses: who may see what, and what the buttons do."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.feeds import health, queries
from concierge.feeds.states import Scope
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import record
from concierge.visits.events import ZoneRulesChanged
from concierge.visits.models import Visit
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


def send(browser: FlaskClient, page: str, **values: str) -> TestResponse:
    """Fill the form of a page and send it."""
    usual = {"titles": "full", "cancelled_days": "7", "horizon_days": "400", "language": ""}
    data = {**usual, **values, "csrf_token": csrf_token(browser, page)}
    return browser.post(page, data=data)


def bring_away(app: Flask) -> None:
    """Send what waits to be sent."""
    while worker.work_once(app, queues=("mail",)):
        pass


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
    assert "Subscribe once" in page


def test_f32_an_address_is_made_shown_replaced_and_withdrawn(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient
) -> None:
    browser = sign_in(tomas)
    made = send(browser, "/calendar/addresses/new", device="Phone", what=f"visits|person|{tomas.id}")
    first = url_of(tomas)
    feed = queries.active_feed_of(tomas.id)
    assert feed
    assert (made.status_code, made.location) == (303, f"/calendar/addresses/{feed.id}")
    answer = browser.get(made.location)
    page = html.unescape(answer.get_data(as_text=True))
    assert f'value="{first}" readonly' in page
    assert f'href="{first.replace("http://", "webcal://")}"' in page
    assert "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2F" in page
    assert "https://outlook.office.com/calendar/0/addfromweb?url=http%3A%2F%2F" in page
    assert "https://outlook.live.com/calendar/0/addfromweb?url=http%3A%2F%2F" in page
    assert 'src="data:image/svg+xml' in page
    assert "no public address" in page
    for delay in (
        "8 hours to 1 day; Google decides",
        "3 hours to 1 day",
        "30 minutes",
        "1 day, or as you set it",
    ):
        assert delay in page
    assert "is sent to you by mail" in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get("/cal/" + first.partition("/cal/")[2]).status_code == 200

    token = csrf_token(browser, "/calendar")
    replaced = browser.post(f"/calendar/addresses/{feed.id}/rotation", data={"csrf_token": token})
    db.session.rollback()
    successor = queries.active_feed_of(tomas.id)
    assert successor
    assert (replaced.status_code, replaced.location) == (303, f"/calendar/addresses/{successor.id}")
    assert url_of(tomas) not in ("", first)
    assert browser.get(f"/calendar/addresses/{feed.id}").status_code == 404
    again = browser.post(f"/calendar/addresses/{feed.id}/rotation", data={"csrf_token": token})
    assert again.status_code == 409

    browser.post(f"/calendar/addresses/{successor.id}/revocation", data={"csrf_token": token})
    assert url_of(tomas) == ""


def test_one_device_after_the_other_gets_its_own_choice(app: Flask, tomas: User, sign_in: SignIn) -> None:
    browser = sign_in(tomas)
    own = f"visits|person|{tomas.id}"
    send(browser, "/calendar/addresses/new", device="Phone", what=own)
    twice = send(browser, "/calendar/addresses/new", device="Phone", what=own)
    send(
        browser, "/calendar/addresses/new", device="Family", what=own, titles="busy", has_alarms="y",
        cancelled_days="0", horizon_days="60", language="de",
    )  # fmt: skip

    assert twice.status_code == 409 or twice.status_code == 422
    assert "already has this calendar address" in html.unescape(twice.get_data(as_text=True))
    assert 'value="Phone"' in twice.get_data(as_text=True)
    page = text_of(browser, "/calendar")
    assert "only “Busy”, with reminders, cancelled entries leave at once, 2 months ahead, Deutsch" in page
    phone, family = queries.reports_of(tomas.id, at=AT)
    assert (phone.device, family.device) == ("Phone", "Family")
    assert family.choice
    assert (family.choice.is_busy_only, family.choice.cancelled_days, family.choice.language) == (
        True,
        0,
        "de",
    )

    edit = f"/calendar/addresses/{family.feed_id}/edit"
    form = browser.get(edit).get_data(as_text=True)
    assert 'value="Family"' in form
    saved = send(browser, edit, device="Kitchen", what=own, titles="full", cancelled_days="30")

    assert saved.location == f"/calendar/addresses/{family.feed_id}"
    db.session.rollback()
    _phone, kitchen = queries.reports_of(tomas.id, at=AT)
    assert kitchen.choice
    assert (kitchen.device, kitchen.url) == ("Kitchen", family.url)
    assert (kitchen.choice.is_busy_only, kitchen.choice.cancelled_days, kitchen.choice.horizon_days) == (
        False, 30, 400,
    )  # fmt: skip


def test_a_form_with_faults_says_what_to_do_and_makes_nothing(
    app: Flask, tomas: User, sign_in: SignIn
) -> None:
    with unit_of_work():
        mallory = calendar.technician("Mallory Stone")
    browser = sign_in(tomas)

    nameless = send(browser, "/calendar/addresses/new", what=f"visits|person|{tomas.id}", titles="busy")
    foreign = send(browser, "/calendar/addresses/new", device="Phone", what=f"visits|person|{mallory.id}")
    team = send(
        browser, "/calendar/addresses/new?shows=visits&scope=team", device="Phone", what="visits|team|"
    )
    odd = send(browser, "/calendar/addresses/new", device="P" * 81, what="visits|nobody|9")

    assert [answer.status_code for answer in (nameless, foreign, team, odd)] == [422] * 4
    assert "Name the device" in nameless.get_data(as_text=True)
    assert re.search(r'checked[^>]*value="busy"', nameless.get_data(as_text=True))
    assert queries.reports_of(tomas.id, at=AT) == []


def test_a_link_presets_what_the_form_shows(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        maja = people.user(name="Maja Lind", role=Role.CONCIERGE)
        project = calendar.project("Isar Klinik")
        key, site_id = project.key, project.site_id
    browser = sign_in(maja)

    for address, chosen in (
        (f"?shows=visits&scope=project&key={project.id}", f"visits|project|{project.id}"),
        (f"?shows=milestones&scope=project&key={project.id}", f"milestones|project|{project.id}"),
        (f"?shows=visits&scope=site&key={site_id}", f"visits|site|{site_id}"),
        ("?shows=on+call&scope=team", "on call|team|"),
        ("?shows=visits&scope=team", "visits|team|"),
    ):
        page = browser.get(f"/calendar/addresses/new{address}").get_data(as_text=True)
        assert f'<option selected value="{chosen}">' in page
    for address in (
        "?shows=visits&scope=project&key=99999",
        "?shows=x&scope=y",
        "?shows=visits&scope=site&key=%00",
    ):
        page = browser.get(f"/calendar/addresses/new{address}").get_data(as_text=True)
        options = re.findall(r'<option (selected )?value="([^"]*[|][^"]*)">', page)
        assert options[0] == ("", f"milestones|person|{maja.id}")
        assert not any(selected for selected, _value in options)
    for entrance in (f"/projects/{key}", "/visits", "/on-call", f"/calendars/sites/{site_id}"):
        assert "/calendar/addresses/new?shows=" in browser.get(entrance).get_data(as_text=True)


@pytest.mark.parametrize(
    "device", ["<script>alert(1)</script>", "a\r\nEND:VEVENT\r\n", "\u202eenohP", "\x00\x07📱", "'\"{{7*7}}"]
)
def test_hostile_device_names_are_only_words(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient, device: str
) -> None:
    with unit_of_work():
        dana = people.user(name="Dana Dispatch", role=Role.DISPATCHER)
    browser = sign_in(tomas)
    made = send(browser, "/calendar/addresses/new", device=device, what=f"visits|person|{tomas.id}")
    assert made.status_code == 303

    pages = [
        browser.get(path).get_data(as_text=True)
        for path in ("/calendar", made.location, f"{made.location}/edit")
    ]
    pages.append(sign_in(dana).get("/settings/feeds").get_data(as_text=True))

    for page in pages:
        assert "<script>alert" not in page
        assert ">49<" not in page
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", page)
    file = client.get("/cal/" + url_of(tomas).partition("/cal/")[2]).get_data()
    assert file.count(b"END:VEVENT\r\n") == 1
    assert b"script" not in file


def test_many_programs_on_one_address_warn_its_owner(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient, it_is: SetClock
) -> None:
    with unit_of_work():
        path = calendar.path_of(tomas)
    for number, program in enumerate(("Google-Calendar-Importer", "Thunderbird/153", "ICSx5/2", "curl/8")):
        it_is.at = AT + timedelta(minutes=20 * number)
        client.get(path, headers={"User-Agent": program})
        page = text_of(sign_in(tomas), "/calendar")
        assert ("fetched by 4 programs. Replace it" in page) is (number == 3)


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

    assert "1 calendar address has not been fetched for 2 days" in page
    assert "1 technician has no calendar address" in page
    assert re.search(r"Ben Okafor .* Never fetched .* Tomas Berger .* Not fetched for 2 days", page)
    assert "Google Calendar, 2 days ago" in page
    assert "Edition" in page or "time zones have not moved anything" in page
    assert path.split("/")[2] not in raw
    assert other.split("/")[2] not in raw
    assert "Aiko Ito" in text_of(browser, "/settings/feeds?state=none")
    token = csrf_token(browser, "/settings/feeds?state=none")
    made = browser.post(f"/people/{aiko.id}/calendar-address", data={"csrf_token": token})
    assert (made.status_code, made.location) == (303, "/settings/feeds")
    assert url_of(aiko)
    feed = queries.active_feed_of(tomas.id)
    assert feed
    assert browser.get(f"/calendar/addresses/{feed.id}").status_code == 404
    token = csrf_token(browser, "/settings/feeds")
    ended = browser.post(
        f"/calendar/addresses/{feed.id}/revocation", data={"csrf_token": token, "from": "health"}
    )
    assert (ended.status_code, ended.location) == (303, "/settings/feeds")
    assert "Tomas Berger" in text_of(browser, "/settings/feeds?state=ended")


def test_all_addresses_are_filtered_found_and_sorted_in_the_address(
    app: Flask, sign_in: SignIn, client: FlaskClient, it_is: SetClock
) -> None:
    with unit_of_work():
        ruth = people.user(name="Ruth Manager", role=Role.MANAGER)
        paths = [calendar.path_of(calendar.technician(name)) for name in ("Zoe Ames", "Ada %Lane", "Moe Ngo")]
    for number, path in enumerate(paths[:2]):
        it_is.at = AT + timedelta(hours=number)
        client.get(path, headers={"User-Agent": ("Thunderbird/153", "ICSx5/2")[number]})
    it_is.at = AT + timedelta(hours=2)
    browser = sign_in(ruth)

    def names(query: str) -> list[str]:
        body = browser.get(f"/settings/feeds?{query}").get_data(as_text=True).partition("<tbody>")[2]
        return re.findall(r'<th scope="row"><b>([^<]*)</b>', body)

    assert names("") == ["Ada %Lane", "Moe Ngo", "Zoe Ames"]
    assert names("sort=fetched") == ["Moe Ngo", "Zoe Ames", "Ada %Lane"]
    assert names("state=never") == ["Moe Ngo"]
    assert names("program=ICSx5") == ["Ada %Lane"]
    assert names("q=zOE") == ["Zoe Ames"]
    assert names("q=%25") == ["Ada %Lane"]
    assert names("page=2") == []
    assert names("state=x&sort=x&page=x&program=x") == []
    assert names("state=x&sort=x&page=999999999999") == ["Ada %Lane", "Moe Ngo", "Zoe Ames"]


def test_the_page_of_all_addresses_asks_as_much_for_many_as_for_few(
    app: Flask, tomas: User, selects: Selects
) -> None:
    def asked() -> int:
        db.session.rollback()
        with selects() as statements:
            health.page(at=AT)
        return len(statements)

    few = asked()
    with unit_of_work():
        for n in range(60):
            calendar.path_of(calendar.technician(f"Number{n} Person"))

    assert asked() == few == 2
    db.session.rollback()
    page = health.page(number=2, at=AT)
    assert (page.total, page.last, len(page.lines)) == (60, 2, 10)
    assert page.states["none"] == 1


def test_the_page_says_what_new_rules_of_time_zones_published_again(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        dana = people.user(name="Dana Dispatch", role=Role.DISPATCHER)
        record(
            ZoneRulesChanged(
                at=AT, actor_id=None, version_before="2026a", version_after="2026b", visit_ids=(3, 4)
            )
        )

    page = text_of(sign_in(dana), "/settings/feeds")

    assert "last changed to edition 2026b" in page
    assert "2 visits and turns were at another instant by them and were published again." in page


def test_the_dispatcher_sees_whose_devices_know_of_a_visit(
    app: Flask, tomas: User, sign_in: SignIn, client: FlaskClient, it_is: SetClock
) -> None:
    with unit_of_work():
        ben, aiko = calendar.technician("Ben Okafor"), calendar.technician("Aiko Ito")
        dana = people.user(name="Dana Dispatch", role=Role.DISPATCHER, zone="Europe/Berlin")
        visit = calendar.visit(calendar.project(), tomas, ben, aiko, starts=AT + timedelta(hours=30))
        paths = [calendar.path_of(person) for person in (tomas, ben)]
    it_is.at = AT + timedelta(seconds=5)
    client.get(paths[0], headers={"User-Agent": "Thunderbird/153"})
    browser, page = sign_in(dana), f"/visits/{visit.id}/calendars"
    seen = text_of(browser, page)
    assert re.search(r"Tomas Berger Has it fetched by Thunderbird", seen)
    assert re.search(r"Ben Okafor Never fetched has an address that no program fetches; told by mail", seen)
    assert re.search(r"Aiko Ito No address has no calendar address; told by mail", seen)

    it_is.at = AT + timedelta(minutes=10)
    with unit_of_work():
        calendar.move(db.session.get_one(Visit, visit.id), by=timedelta(hours=1), at=it_is.at)
    assert "changed at Wed 18 Nov, 10:10, not fetched since" in text_of(browser, page)
    assert f"/visits/{visit.id}/calendars" in browser.get(f"/visits/{visit.id}").get_data(as_text=True)
    part = browser.get(page, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.lstrip().startswith("<div")
    assert "Tomas" in part
    assert "Make sure that" not in text_of(browser, "/today")

    it_is.at = AT + timedelta(minutes=71)
    assert "Make sure that Tomas Berger knows of Install the spectrometer" in text_of(browser, "/today")

    client.get(paths[0], headers={"User-Agent": "Thunderbird/153"})
    assert "Tomas Berger Has it" in text_of(browser, page)
    assert "Make sure that" not in text_of(browser, "/today")
    assert sign_in(tomas).get(page).status_code == 403


def test_a_customer_gets_a_projects_calendar_by_mail_and_nobody_else_sees_it(
    app: Flask, sign_in: SignIn, client: FlaskClient
) -> None:
    with unit_of_work():
        maja = people.user(name="Maja Lind", role=Role.CONCIERGE)
        project = calendar.live("Isar Klinik")
        karin = calendar.contact(project, "Dr. Karin Hoff", language="de")
        stranger = calendar.contact(calendar.live("Elsewhere"), "Sam Stranger")
        calendar.visit(project, calendar.technician(), title="Install the spectrometer")
        page = f"/projects/{project.key}/calendars"
    browser = sign_in(maja)
    assert "Nobody at the customer has a calendar" in text_of(browser, page)

    foreign = send(browser, page, contact_id=str(stranger.id), shows="visits")
    given = send(browser, page, contact_id=str(karin.id), shows="visits")
    for_them = queries.reports_of_calendar(Scope.PROJECT, str(project.id), at=AT)
    bring_away(app)

    assert (foreign.status_code, given.status_code, given.location) == (422, 303, page)
    (report,) = for_them
    assert (report.contact_id, report.device) == (karin.id, "Dr. Karin Hoff")
    assert report.choice is not None
    assert (report.choice.is_for_customer, report.choice.language) == (True, "")
    (letter,) = (one for one in mail.folder_letters() if report.url in one.text)  # others left theirs there
    assert letter.to == f'"Dr. Karin Hoff" <{karin.email}>'
    assert letter.subject == f"Ihr Kalender: Besuche: {project.key} Isar Klinik"
    assert report.url in letter.text
    assert report.url.replace("http://", "webcal://") in letter.text
    token = report.url.split("/")[-2]
    db.session.rollback()
    kept = db.session.scalars(sa.select(mail.OutgoingMail)).one()
    assert token not in kept.text + kept.html + kept.secret
    raw = browser.get(page).get_data(as_text=True)
    assert "Dr. Karin Hoff" in raw
    assert token not in raw
    assert browser.get(f"/calendar/addresses/{report.feed_id}").status_code == 404

    form = {"csrf_token": csrf_token(browser, page)}
    browser.post(f"/calendar/addresses/{report.feed_id}/rotation", data=form)
    bring_away(app)
    db.session.rollback()
    (report,) = queries.reports_of_calendar(Scope.PROJECT, str(project.id), at=AT)
    assert any(report.url in one.text for one in mail.folder_letters())
    ended = browser.post(f"/calendar/addresses/{report.feed_id}/revocation", data=form)
    assert ended.location == page
    assert browser.post(f"/calendar/addresses/{report.feed_id}/letter", data=form).status_code == 404
    assert "Nobody at the customer has a calendar" in text_of(browser, page)
