"""The pages of customers: they work, refuse strangers, show bad forms again, and tell of conflicts."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.actions.sites import SiteDetails, change_site
from concierge.accounts.models import Account, Contact, Site
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from tests.conftest import csrf_token
from tests.makers import accounts as make
from tests.makers import people

SignIn = Callable[[User], FlaskClient]

SITE = {
    "name": "Basel, building 7",
    "street": "Rheinweg 12",
    "postcode": "4057",
    "city": "Basel",
    "country": "CH",
    "subdivision": "BS",
    "zone": "",
    "access_from": "07:30",
    "access_to": "17:00",
    "dock_notes": "Dock 2",
}


@pytest.fixture
def ada(app: Flask, sign_in: SignIn) -> FlaskClient:
    """The coordinator's browser."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


@pytest.fixture
def nishiyama(app: Flask) -> Account:
    """A customer with a site and a person."""
    with unit_of_work():
        account = make.account()
        make.contact(account, at_site=make.site(account))
    return account


def test_a_customer_is_entered_found_and_shown(ada: FlaskClient) -> None:
    token = csrf_token(ada, "/accounts/new")

    answer = ada.post("/accounts/new", data={"csrf_token": token, "name": "Halden Biologics"})

    assert answer.status_code == 303
    assert "Halden Biologics" in ada.get("/accounts?q=halden").get_data(as_text=True)
    assert "No site yet" in ada.get(answer.location).get_data(as_text=True)


def test_a_customer_without_a_name_is_asked_again(ada: FlaskClient) -> None:
    answer = ada.post("/accounts/new", data={"csrf_token": csrf_token(ada, "/accounts/new"), "name": ""})

    assert answer.status_code == 422
    assert "Enter a name" in answer.get_data(as_text=True)


def test_a_customers_page_shows_sites_hours_and_local_time(ada: FlaskClient, nishiyama: Account) -> None:
    page = ada.get(f"/accounts/{nishiyama.id}").get_data(as_text=True)

    assert "Osaka laboratory" in page
    assert "08:00–17:00 on working days" in page
    assert "there now, Asia/Tokyo" in page
    assert "Yuki Mori" in page


def test_a_site_is_entered_and_changed(ada: FlaskClient, nishiyama: Account) -> None:
    page = f"/accounts/{nishiyama.id}/sites/new"

    answer = ada.post(page, data={"csrf_token": csrf_token(ada, page), **SITE})

    assert answer.status_code == 303
    db.session.rollback()
    site = db.session.query(Site).filter_by(city="Basel").one()
    assert site.zone == "Europe/Zurich"
    change = f"/accounts/{nishiyama.id}/sites/{site.id}/edit"
    data = {
        "csrf_token": csrf_token(ada, change),
        **SITE,
        "dock_notes": "Dock 3",
        "degrees": "47.5596, 7.5886",
        "version": str(site.version),
    }
    assert ada.post(change, data=data).status_code == 303
    assert "Dock 3" in ada.get(f"/accounts/{nishiyama.id}").get_data(as_text=True)
    assert "47.5596, 7.5886" in ada.get(change).get_data(as_text=True)
    nowhere = ada.post(change, data={**data, "degrees": "in the middle"})
    assert nowhere.status_code == 422
    assert "in the middle" in nowhere.get_data(as_text=True)
    db.session.rollback()
    assert (site.latitude, site.longitude) == (47.5596, 7.5886)


def test_a_site_that_closes_before_it_opens_is_asked_again(ada: FlaskClient, nishiyama: Account) -> None:
    page = f"/accounts/{nishiyama.id}/sites/new"

    answer = ada.post(page, data={"csrf_token": csrf_token(ada, page), **SITE, "access_to": "06:00"})

    assert answer.status_code == 422
    assert "after the site opens" in answer.get_data(as_text=True)


def test_two_people_who_change_one_site_are_told(ada: FlaskClient, nishiyama: Account) -> None:
    site = db.session.query(Site).one()
    page = f"/accounts/{nishiyama.id}/sites/{site.id}/edit"
    token, seen = csrf_token(ada, page), site.version
    with unit_of_work():
        details = SiteDetails(name="Osaka, hall 2", country="JP", city="Osaka", dock_notes="Gate 4")
        change_site(site, details=details, actor_id=None, at=clock.now())

    mine = {"csrf_token": token, **SITE, "dock_notes": "Gate 9", "version": str(seen)}
    answer = ada.post(page, data=mine)

    said = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Gate 4" in said
    assert "Gate 9" in said
    again = {**mine, "version": str(site.version)}
    assert ada.post(page, data=again).status_code == 303


def test_a_person_is_entered_and_changed(ada: FlaskClient, nishiyama: Account) -> None:
    page = f"/accounts/{nishiyama.id}/contacts/new"
    person = {
        "name": "Dr Kenji Abe",
        "title": "lab manager",
        "role": "lab",
        "site_id": "0",
        "email": "kenji@customer.example",
        "phone": "",
        "language": "de",
        "zone": "Asia/Tokyo",
    }

    answer = ada.post(page, data={"csrf_token": csrf_token(ada, page), **person})

    assert answer.status_code == 303
    db.session.rollback()
    kenji = db.session.query(Contact).filter_by(title="lab manager").one()
    change = f"/accounts/{nishiyama.id}/contacts/{kenji.id}/edit"
    data = {
        "csrf_token": csrf_token(ada, change),
        **person,
        "phone": "+81 6 1234",
        "version": str(kenji.version),
    }
    assert ada.post(change, data=data).status_code == 303
    assert ada.post(change, data={**data, "phone": "+81 6 9999"}).status_code == 409
    assert ada.post(change, data={**data, "email": "no address"}).status_code == 422


def test_a_customer_is_renamed_once(ada: FlaskClient, nishiyama: Account) -> None:
    page = f"/accounts/{nishiyama.id}/edit"
    data = {"csrf_token": csrf_token(ada, page), "name": "Nishiyama Life", "version": str(nishiyama.version)}

    assert ada.post(page, data=data).status_code == 303
    assert ada.post(page, data={**data, "name": "Nishiyama Bio"}).status_code == 409
    assert "Nishiyama Life" in ada.get("/accounts").get_data(as_text=True)


def test_technicians_and_strangers_do_not_see_customers(
    client: FlaskClient, sign_in: SignIn, nishiyama: Account
) -> None:
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)
        dispatcher = people.user(name="Dora Kim", role=Role.DISPATCHER)

    assert client.get("/accounts").status_code in {302, 303}
    assert sign_in(tomas).get(f"/accounts/{nishiyama.id}").status_code == 403
    dora = sign_in(dispatcher)
    shown = dora.get(f"/accounts/{nishiyama.id}")
    assert shown.status_code == 200
    assert dora.get(f"/accounts/{nishiyama.id}/edit").status_code == 403
    assert "/edit" not in shown.text
    assert "/sites/new" not in shown.text
    assert "/contacts/new" not in shown.text
    assert "/accounts/new" not in dora.get("/accounts").text


def test_what_is_not_there_is_not_found(ada: FlaskClient, nishiyama: Account) -> None:
    for page in (
        "/accounts/9999",
        f"/accounts/{nishiyama.id}/sites/9999/edit",
        f"/accounts/{nishiyama.id}/contacts/9999/edit",
    ):
        assert ada.get(page).status_code == 404
