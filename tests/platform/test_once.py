"""A form sent five times at once creates one thing, and every copy leads to it (rule R10)."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Account, Contact, Site
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders.models import Order, OrderImport
from concierge.platform import clock, once
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.files import StoredFile
from concierge.platform.mail import OutgoingMail
from concierge.platform.once import TakenForm
from concierge.projects.models import Project
from concierge.readiness.models import ItemEvidence
from concierge.visits.models import Visit
from tests.makers import order_documents, orders, people, projects

COPIES = 5
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def ada(app: Flask) -> User:
    with unit_of_work():
        return people.user(role=Role.ADMINISTRATOR)


@pytest.fixture
def browser(ada: User, sign_in: SignIn) -> FlaskClient:
    return sign_in(ada)


def tokens(browser: FlaskClient, page: str, action: str = "") -> dict[str, str]:
    """The hidden fields of the page's form, of the one that goes to `action` when it is given."""
    text = browser.get(page).get_data(as_text=True)
    forms = re.findall(r"<form\b.*?</form>", text, re.DOTALL)
    form = next(one for one in forms if "form_token" in one and (not action or f'action="{action}"' in one))
    return dict(re.findall(r'name="(csrf_token|form_token|token|version)"[^>]*value="([^"]*)"', form))


def send_together(
    app: Flask, browser: FlaskClient, path: str, fields: dict[str, str], file: tuple[str, str, bytes] | None
) -> list[tuple[int, str]]:
    """Send one form several times at once, as one browser does; say how each was answered."""
    cookie = browser.get_cookie("concierge")
    assert cookie is not None

    def send(_copy: int) -> tuple[int, str]:
        another = app.test_client()
        another.set_cookie("concierge", cookie.value)
        data = dict(fields) | ({file[0]: (io.BytesIO(file[2]), file[1])} if file else {})
        answer = another.post(path, data=data)
        return answer.status_code, answer.headers.get("Location", "")

    db.session.rollback()
    with ThreadPoolExecutor(COPIES) as pool:
        return list(pool.map(send, range(COPIES)))


def count(table: type[Base]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def created_once(answers: list[tuple[int, str]], tables: dict[type[Base], int]) -> None:
    assert {status for status, _ in answers} == {303}
    assert len({place for _, place in answers}) == 1
    assert "sign-in" not in answers[0][1]
    assert {table: count(table) - before for table, before in tables.items()} == dict.fromkeys(tables, 1)


def test_an_account_and_its_parts_are_entered_once(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/accounts/new")
    answers = send_together(app, browser, "/accounts/new", form | {"name": "Halden Biologics"}, None)
    created_once(answers, {Account: 0})
    account = answers[0][1]

    form = tokens(browser, f"{account}/sites/new")
    site = {
        "name": "Basel",
        "city": "Basel",
        "country": "CH",
        "access_from": "08:00",
        "access_to": "17:00",
        "zone": "",
    }
    created_once(send_together(app, browser, f"{account}/sites/new", form | site, None), {Site: 0})

    form = tokens(browser, f"{account}/contacts/new")
    yuki = {"name": "Yuki Mori", "role": "lab", "site_id": "0", "language": "en", "zone": "Europe/Zurich"}
    created_once(send_together(app, browser, f"{account}/contacts/new", form | yuki, None), {Contact: 0})


def test_a_person_is_invited_once(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/people/invite")
    tomas = {"email": "tomas@concierge.example", "name": "Tomas Keller", "role": "technician"}

    answers = send_together(
        app, browser, "/people/invite", form | tomas | {"zone": "Europe/Zurich", "language": "de"}, None
    )

    created_once(answers, {User: 1})


def test_files_are_handed_in_and_imported_once(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/orders/import")
    file = ("files", "order.xml", order_documents.ubl_order())

    answers = send_together(app, browser, "/orders/import", form, file)

    created_once(answers, {OrderImport: 0, StoredFile: 0})
    application = f"{answers[0][1]}/application"
    csrf = tokens(browser, answers[0][1], application)
    answers = send_together(app, browser, application, csrf, None)
    assert {status for status, _ in answers} == {303}
    assert (count(Order), count(Project)) == (1, 1)
    assert "New order" in browser.get(application.removesuffix("/application")).get_data(as_text=True)


def test_a_visit_is_planned_and_evidence_attached_once(app: Flask, browser: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        key, site_id = project.key, project.site_id
    before = count(Visit)
    page = f"/visits/new?project={key}"
    visit = {
        "kind": "install",
        "title": "Install",
        "milestone": "0",
        "site": str(site_id),
        "start_on": "2026-04-14",
        "start_time": "09:00",
        "end_time": "12:00",
        "crew": "1",
        "skill": "",
        "certainty": "tentative",
    }
    created_once(send_together(app, browser, page, tokens(browser, page) | visit, None), {Visit: before})

    listed = browser.get(f"/projects/{key}/readiness").get_data(as_text=True)
    item = re.search(rf"/projects/{key}/readiness/(\d+)", listed)
    assert item
    path = f"{item[0]}/files"
    form = tokens(browser, item[0], path)
    file = ("file", "route.txt", b"Every door is 1.4 m wide.\n")
    created_once(send_together(app, browser, path, form, file), {ItemEvidence: 0})


def test_a_refused_form_can_be_sent_again(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/orders/import")

    assert browser.post("/orders/import", data=form).status_code == 422
    assert count(TakenForm) == 0

    file = {"files": (io.BytesIO(order_documents.ubl_order()), "order.xml")}
    assert browser.post("/orders/import", data={**form, **file}).status_code == 303
    assert count(TakenForm) == 1


def test_a_form_gone_back_to_and_changed_is_another_form(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/accounts/new")
    for name in ("Halden Biologics", "Halden Biologics", "Carver State"):
        assert browser.post("/accounts/new", data=form | {"name": name}).status_code == 303
    assert count(Account) == 2

    upload = tokens(browser, "/orders/import")
    places = set()
    for number in ("PO-1", "PO-2", "PO-2"):
        file = {"files": (io.BytesIO(order_documents.ubl_order(number)), "order.xml")}
        places.add(browser.post("/orders/import", data=upload | file).headers["Location"])
    assert len(places) == count(OrderImport) == 2


def test_the_token_of_another_person_takes_nothing_away(
    app: Flask, browser: FlaskClient, sign_in: SignIn
) -> None:
    with unit_of_work():
        tomas = sign_in_later = people.user(name="Tomas Keller", role=Role.MANAGER)
    other = sign_in(sign_in_later)
    form = tokens(browser, "/accounts/new") | {"name": "Halden Biologics"}
    assert browser.post("/accounts/new", data=form).status_code == 303

    theirs = tokens(other, "/accounts/new") | {"name": "Carver State", "form_token": form["form_token"]}
    assert other.post("/accounts/new", data=theirs).status_code == 303

    assert count(Account) == 2
    assert tomas.id


def test_tokens_are_forgotten(app: Flask, browser: FlaskClient) -> None:
    form = tokens(browser, "/accounts/new") | {"name": "Halden Biologics"}
    browser.post("/accounts/new", data=form)

    with unit_of_work():
        once.forget(before=clock.now() - timedelta(days=2))
    assert count(TakenForm) == 1
    with unit_of_work():
        once.forget(before=clock.now() + timedelta(seconds=1))
    assert count(TakenForm) == 0


def test_letters_have_a_key_of_their_own(app: Flask, browser: FlaskClient) -> None:
    with unit_of_work():
        key = projects.live(place=orders.site()).key
    page = f"/projects/{key}/readiness"
    form = tokens(browser, f"{page}/letter", f"{page}/letter")

    answers = send_together(app, browser, f"{page}/letter", form, None)

    assert {status for status, _ in answers} == {303}
    assert _requests() == 1
    assert count(OutgoingMail) == 1, "it can be stopped from now on; it leaves once its print is there"


def _requests() -> int:
    rows = db.session.execute(
        sa.text("SELECT count(*) FROM recorded_events WHERE name = 'ChecklistRequested'")
    )
    return int(rows.scalar_one())
