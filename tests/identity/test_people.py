"""Giving people access and taking it: invitations, roles, the end of access, links in letters."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.actions import people as access
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform import clock, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.platform.settings import current
from tests.conftest import csrf_token
from tests.makers import people as make

SignIn = Callable[[User], FlaskClient]
PASSWORD = "four unrelated calm words"


@pytest.fixture(autouse=True)
def empty_folder(app: Flask) -> None:
    for letter in folder().glob("*.eml"):
        letter.unlink()


@pytest.fixture
def admin(app: Flask, sign_in: SignIn) -> FlaskClient:
    with unit_of_work():
        person = make.user(name="Ida Berg", role=Role.ADMINISTRATOR)
    return sign_in(person)


@pytest.fixture
def tomas(app: Flask) -> User:
    with unit_of_work():
        return make.user(name="Tomas Berg", role=Role.TECHNICIAN)


def folder() -> Path:
    return current().instance / "mail"


def letters_to(address: str) -> list[str]:
    """The texts of the letters somebody got, after the worker did its part."""
    from flask import current_app

    worker.drain(current_app._get_current_object())  # type: ignore[attr-defined]  # the proxy's own door
    found = []
    for path in sorted(folder().glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        if address in str(message["To"]) and body is not None:
            found.append(body.get_content())
    return found


def link_in(text: str) -> str:
    found = re.search(r"/(?:invitation|reset)/\S+", text)
    assert found
    return found[0]


def press(browser: FlaskClient, url: str, page: str, **fields: str) -> int:
    return browser.post(url, data={"csrf_token": csrf_token(browser, page), **fields}).status_code


def invite(browser: FlaskClient, **fields: str) -> int:
    details = {
        "email": "Kai@Concierge.example",
        "name": "Kai Holm",
        "role": "dispatcher",
        "zone": "Europe/Berlin",
        "language": "en",
    }
    return press(browser, "/people/invite", "/people/invite", **{**details, **fields})


def by_email(address: str) -> User:
    db.session.rollback()
    found = db.session.query(User).filter_by(email=address).one()
    db.session.refresh(found)
    return found


def test_an_invited_person_chooses_a_password_and_comes_in(admin: FlaskClient, client: FlaskClient) -> None:
    assert invite(admin) == 303
    [letter] = letters_to("kai@concierge.example")

    link = link_in(letter)
    page = client.get(link)
    answer = client.post(
        link, data={"csrf_token": csrf_token(client, link), "password": PASSWORD, "again": PASSWORD}
    )

    assert "Ida Berg invites you" in letter
    assert "Welcome, Kai Holm" in page.get_data(as_text=True)
    assert answer.status_code == 303
    assert client.get("/settings/me").status_code == 200
    assert by_email("kai@concierge.example").state is AccessState.ACTIVE


def test_a_link_works_once(admin: FlaskClient, client: FlaskClient) -> None:
    invite(admin)
    link = link_in(letters_to("kai@concierge.example")[0])
    data = {"csrf_token": csrf_token(client, link), "password": PASSWORD, "again": PASSWORD}
    client.post(link, data=data)

    stranger = client.application.test_client()

    assert stranger.get(link).status_code == 404
    assert "used already or has expired" in stranger.get(link).get_data(as_text=True)


def test_an_invitation_expires(admin: FlaskClient, client: FlaskClient) -> None:
    invite(admin)
    link = link_in(letters_to("kai@concierge.example")[0])

    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1), tick=False):
        assert client.get(link).status_code == 404


def test_a_second_invitation_ends_the_first_link(admin: FlaskClient, client: FlaskClient) -> None:
    invite(admin)
    first = link_in(letters_to("kai@concierge.example")[0])
    kai = by_email("kai@concierge.example")

    assert press(admin, f"/people/{kai.id}/invitation", f"/people/{kai.id}") == 303

    second = link_in(letters_to("kai@concierge.example")[1])
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


def test_a_link_serves_its_own_purpose_only(admin: FlaskClient, client: FlaskClient) -> None:
    invite(admin)
    token = link_in(letters_to("kai@concierge.example")[0]).rsplit("/", 1)[1]

    assert client.get(f"/reset/{token}").status_code == 404
    assert client.get("/invitation/unknown").status_code == 404


def test_the_ledger_forgets_the_token_once_the_letter_left(admin: FlaskClient) -> None:
    invite(admin)
    token = link_in(letters_to("kai@concierge.example")[0]).rsplit("/", 1)[1]

    db.session.rollback()
    kept = db.session.query(OutgoingMail).one()
    assert token not in kept.text
    assert kept.secret == ""
    assert kept.sent_at is not None


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("short", "short"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"),
        ("kai holm concierge", "kai holm concierge"),
        (PASSWORD, "something else entirely"),
        ("", ""),
    ],
)
def test_a_weak_password_is_asked_again(
    admin: FlaskClient, client: FlaskClient, password: str, again: str
) -> None:
    invite(admin)
    link = link_in(letters_to("kai@concierge.example")[0])

    answer = client.post(
        link, data={"csrf_token": csrf_token(client, link), "password": password, "again": again}
    )

    assert answer.status_code == 422
    assert by_email("kai@concierge.example").state is AccessState.INVITED


def test_a_forgotten_password_is_replaced_and_other_sign_ins_end(
    client: FlaskClient, tomas: User, sign_in: SignIn
) -> None:
    elsewhere = sign_in(tomas)
    assert press(client, "/reset", "/reset", email="TOMAS@concierge.example") == 200

    link = link_in(letters_to(tomas.email)[0])
    press(client, link, link, password=PASSWORD, again=PASSWORD)

    assert client.get("/settings/me").status_code == 200
    assert elsewhere.get("/settings/me").status_code == 303


def test_asking_for_a_stranger_looks_the_same_and_sends_nothing(client: FlaskClient, tomas: User) -> None:
    def page(email: str) -> str:
        answer = client.post("/reset", data={"csrf_token": csrf_token(client, "/reset"), "email": email})
        return re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))

    assert page("tomas@concierge.example") == page("eve@concierge.example")
    assert letters_to("eve@concierge.example") == []


def test_a_letter_links_to_the_base_address_whatever_host_was_asked(client: FlaskClient, tomas: User) -> None:
    for headers in (
        {"X-Forwarded-Host": "evil.example"},
        {"X-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
    ):
        token = csrf_token(client, "/reset")
        client.post("/reset", data={"csrf_token": token, "email": tomas.email}, headers=headers)

    letters = letters_to(tomas.email)
    assert letters
    for letter in letters:
        assert "evil.example" not in letter
        assert f"{current().address}/reset/" in letter


def test_asking_too_often_is_refused(client: FlaskClient) -> None:
    outcomes = [press(client, "/reset", "/reset", email="tomas@concierge.example") for _ in range(6)]

    assert outcomes == [200] * 5 + [429]


def test_somebody_who_is_there_cannot_be_invited_again(admin: FlaskClient, tomas: User) -> None:
    assert invite(admin, email="tomas@concierge.example") == 422


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "fault", [{"email": "nobody"}, {"name": ""}, {"role": "king"}, {"zone": "Mars/Olympus"}]
)
def test_a_bad_invitation_is_shown_again(admin: FlaskClient, fault: dict[str, str]) -> None:
    assert invite(admin, **fault) == 422


def test_more_fields_than_the_form_has_change_nothing(admin: FlaskClient) -> None:
    invite(admin, state="active", password_hash="x", version="9", created_at="2020-01-01")

    kai = by_email("kai@concierge.example")
    assert (kai.state, kai.password_hash, kai.version) == (AccessState.INVITED, None, 1)


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.DISPATCHER, Role.CONCIERGE, Role.MANAGER])
def test_only_administrators_manage_people(app: Flask, sign_in: SignIn, tomas: User, role: Role) -> None:
    with unit_of_work():
        mallory = sign_in_later = make.user(name="Mallory Voss", role=role)
    browser = sign_in(sign_in_later)
    token = csrf_token(browser, "/settings/me")

    for url in (
        "invite",
        f"{tomas.id}/role",
        f"{tomas.id}/end",
        f"{tomas.id}/restore",
        f"{tomas.id}/sessions/end",
    ):
        data = {
            "csrf_token": token,
            "role": "administrator",
            "email": "x@y.example",
            "name": "X",
            "zone": "UTC",
            "language": "en",
        }
        assert browser.post(f"/people/{url}", data=data).status_code == 403
    assert by_email(tomas.email).role is Role.TECHNICIAN
    assert mallory.role is role


def test_a_new_role_holds_at_once_and_ends_the_sign_ins(
    admin: FlaskClient, tomas: User, sign_in: SignIn
) -> None:
    browser = sign_in(tomas)

    assert press(admin, f"/people/{tomas.id}/role", f"/people/{tomas.id}", role="manager") == 303

    assert browser.get("/settings/me").status_code == 303
    assert by_email(tomas.email).role is Role.MANAGER


def test_whose_access_ended_is_out_at_once_and_may_be_let_in_again(
    admin: FlaskClient, tomas: User, sign_in: SignIn
) -> None:
    browser = sign_in(tomas)

    assert press(admin, f"/people/{tomas.id}/end", f"/people/{tomas.id}") == 303
    assert browser.get("/settings/me").status_code == 303
    assert press(admin, f"/people/{tomas.id}/end", f"/people/{tomas.id}") == 409
    assert press(admin, f"/people/{tomas.id}/restore", f"/people/{tomas.id}") == 303
    assert by_email(tomas.email).state is AccessState.ACTIVE


def test_nobody_ends_their_own_access_and_the_last_administrator_stays(admin: FlaskClient) -> None:
    ida = by_email("ida@concierge.example")

    assert press(admin, f"/people/{ida.id}/end", f"/people/{ida.id}") == 409
    assert press(admin, f"/people/{ida.id}/role", f"/people/{ida.id}", role="manager") == 409
    assert by_email(ida.email).role is Role.ADMINISTRATOR


def test_people_are_listed_found_and_filtered(admin: FlaskClient, tomas: User) -> None:
    with unit_of_work():
        make.user(name="Ada Lind", role=Role.CONCIERGE)

    assert "3 people work here" in admin.get("/people").get_data(as_text=True)
    found = admin.get("/people?q=tomas").get_data(as_text=True)
    assert "Tomas Berg" in found
    assert "Ada Lind" not in found
    assert "Ada Lind" in admin.get("/people?role=concierge").get_data(as_text=True)
    assert "Nobody matches" in admin.get("/people?q=%25").get_data(as_text=True)


def test_a_technician_does_not_see_the_list_of_people(tomas: User, sign_in: SignIn) -> None:
    browser = sign_in(tomas)

    assert browser.get("/people").status_code == 403
    assert browser.get(f"/people/{tomas.id}").status_code == 403


def test_a_person_that_is_not_there_is_not_found(admin: FlaskClient) -> None:
    assert admin.get("/people/4711").status_code == 404


def test_a_person_changes_their_own_name_zone_and_language(tomas: User, sign_in: SignIn) -> None:
    browser = sign_in(tomas)
    details = {
        "name": "Tomas  Berg\x00-Lind",
        "zone": "Asia/Tokyo",
        "language": "de",
        "phone": "+49 30 1",
        "version": "1",
    }

    assert press(browser, "/settings/me", "/settings/me", **details) == 303

    changed = by_email(tomas.email)
    assert (changed.name, changed.zone, changed.language) == ("Tomas Berg-Lind", "Asia/Tokyo", "de")


def test_a_stale_profile_is_refused_in_words(tomas: User, sign_in: SignIn) -> None:
    browser = sign_in(tomas)
    details = {"name": "Tomas", "zone": "UTC", "language": "en", "phone": ""}

    assert press(browser, "/settings/me", "/settings/me", **details, version="1") == 303
    assert press(browser, "/settings/me", "/settings/me", **details, version="1") == 409


def test_a_profile_without_name_is_shown_again(tomas: User, sign_in: SignIn) -> None:
    assert (
        press(sign_in(tomas), "/settings/me", "/settings/me", name="", zone="UTC", language="en", version="1")
        == 422
    )


def test_sign_ins_are_listed_and_ended_one_by_one_and_all(tomas: User, sign_in: SignIn) -> None:
    here, there, elsewhere = sign_in(tomas), sign_in(tomas), sign_in(tomas)
    page = here.get("/settings/me").get_data(as_text=True)
    ids = re.findall(r"/settings/me/sessions/(\d+)/end", page)

    assert len(ids) == 2
    assert press(here, f"/settings/me/sessions/{ids[0]}/end", "/settings/me") == 303
    assert sorted(b.get("/settings/me").status_code for b in (there, elsewhere)) == [200, 303]
    assert press(here, "/settings/me/sessions/end", "/settings/me") == 303
    assert [b.get("/settings/me").status_code for b in (here, there, elsewhere)] == [200, 303, 303]


def test_nobody_ends_the_sign_in_of_another(tomas: User, sign_in: SignIn) -> None:
    with unit_of_work():
        ada = make.user(name="Ada Lind")
    mine, hers = sign_in(tomas), sign_in(ada)
    db.session.rollback()
    her_id = db.session.query(UserSession).filter_by(user_id=ada.id).one().id

    assert press(mine, f"/settings/me/sessions/{her_id}/end", "/settings/me") == 404
    assert hers.get("/settings/me").status_code == 200


def test_a_password_is_changed_by_who_knows_it_and_ends_the_other_sign_ins(
    app: Flask, sign_in: SignIn
) -> None:
    with unit_of_work():
        ada = access.add_person(
            email="a@c.example", name="Ada", role=Role.CONCIERGE, password=PASSWORD, at=clock.now()
        )
    here, there = sign_in(ada), sign_in(ada)
    fresh = {"password": "another set of calm words", "again": "another set of calm words"}
    page = "/settings/me/password"

    assert press(here, page, page, current="not that one", **fresh) == 422
    assert press(here, page, page, current=PASSWORD, **fresh) == 303
    assert here.get("/settings/me").status_code == 200
    assert there.get("/settings/me").status_code == 303
