"""Our own people give, send, replace and end links, answer questions, and see the page as the customer does."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project, Promise
from concierge.readiness import queries
from concierge.readiness.actions import asking
from concierge.readiness.models import CustomerLink
from tests.conftest import csrf_token
from tests.makers import people, readiness
from tests.portal.conftest import Customer, letters, link_of


@pytest.fixture
def ada(project: Project, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """A concierge in her browser."""
    with unit_of_work():
        person = people.user(name="Ada Okoro", email="ada@example.com")
    return sign_in(person)


def send(browser: FlaskClient, project: Project, path: str, **fields: str) -> int:
    page = f"/projects/{project.key}/customer"
    token = csrf_token(browser, page)
    return browser.post(f"{page}{path}", data={"csrf_token": token, **fields}).status_code


def test_who_holds_a_link_stands_there_without_the_link(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    customer.get()

    page = ada.get(f"/projects/{project.key}/customer").get_data(as_text=True)

    assert link_of(project).name in page
    assert "just now" in page
    assert customer.token not in page


def test_a_link_is_given_sent_replaced_and_ended(
    app: Flask, project: Project, customer: Customer, ada: FlaskClient
) -> None:
    assert project.contact is not None
    with unit_of_work():
        other = db.session.merge(people_at(project, name="Eva Roth", email="eva@example.com"))
        contact_id = other.id

    assert send(ada, project, "/links", contact_id=str(contact_id)) == 303
    assert len(letters(app, to="eva@example.com")) == 1
    link = db.session.query(CustomerLink).filter_by(email="eva@example.com").one()
    assert send(ada, project, f"/links/{link.id}/letter") == 303
    assert send(ada, project, f"/links/{link.id}/rotation") == 303
    assert len(letters(app, to="eva@example.com")) == 3
    assert send(ada, project, f"/links/{link.id}/revocation") == 303
    db.session.rollback()
    assert db.session.get_one(CustomerLink, link.id).revoked_at is not None
    assert send(ada, project, f"/links/{link.id}/letter") == 409
    assert send(ada, project, f"/links/{link.id}/rotation") == 409


def people_at(project: Project, *, name: str, email: str) -> object:
    from concierge.accounts.models import Contact

    found = Contact(
        account_id=project.account_id, name=name, email=email, language="de", zone="Europe/Zurich"
    )
    db.session.add(found)
    db.session.flush()
    return found


def test_somebody_without_a_mail_address_gets_none(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    with unit_of_work():
        contact_id = people_at(project, name="Eva Roth", email="").id  # type: ignore[attr-defined]  # a contact

    assert send(ada, project, "/links", contact_id=str(contact_id)) == 409
    assert send(ada, project, "/links", contact_id="987654") == 422


def test_a_question_waits_on_today_until_it_is_answered(
    app: Flask, project: Project, customer: Customer, ada: FlaskClient
) -> None:
    address = link_of(project).email
    with unit_of_work():
        db.session.get_one(Project, project.id).concierge_id = (
            db.session.query(User).filter_by(email="ada@example.com").one().id
        )
        question = asking.ask(queries.link_for_change(customer.link_id), "Is <16 A> enough?", at=clocks.now())
        number = question.id
    assert "Is &lt;16 A&gt; enough?" in ada.get("/today").get_data(as_text=True)

    empty = send(ada, project, f"/questions/{number}/answer", answer=" ")
    taken = send(ada, project, f"/questions/{number}/answer", answer="No.")
    again = send(ada, project, f"/questions/{number}/answer", answer="Yes.")

    assert (empty, taken, again) == (409, 303, 409)
    assert "enough?" not in ada.get("/today").get_data(as_text=True)
    assert "No." in letters(app, to=address)[-1].text
    history = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "Is &lt;16 A&gt; enough?" in history


def test_a_preview_shows_the_page_and_notes_nothing(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    item = readiness.item(project, "circuit")
    base = f"/projects/{project.key}/customer/links/{customer.link_id}/preview"

    page = ada.get(base)
    question = ada.get(f"{base}/items/{item.id}")

    text = page.get_data(as_text=True)
    assert "This is how" in text
    assert "Dedicated circuit is live" in text
    assert f"{base}/items/{item.id}" in text
    assert customer.token not in text
    assert "Save and go on" not in question.get_data(as_text=True)
    assert not re.findall(r'<button class="btn primary"', question.get_data(as_text=True))
    db.session.rollback()
    assert link_of(project).opened_at is None
    assert db.session.query(Promise).filter_by(reference=link_of(project).name).count() == 0


def test_looking_through_a_real_link_while_signed_in_promises_nothing(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    assert ada.get(f"/p/{customer.token}").status_code == 200

    assert link_of(project).opened_at is None


@pytest.mark.parametrize("role", [Role.SALES, Role.MANAGER] if hasattr(Role, "SALES") else [Role.MANAGER])
def test_others_look_and_change_nothing(
    project: Project, customer: Customer, sign_in: Callable[[User], FlaskClient], role: Role
) -> None:
    with unit_of_work():
        person = people.user(name="Ruth Meier", email="ruth@example.com", role=role)
    browser = sign_in(person)
    token = csrf_token(browser, "/settings/me")

    answer = browser.post(
        f"/projects/{project.key}/customer/links/{customer.link_id}/revocation", data={"csrf_token": token}
    )

    assert answer.status_code in {303, 403}
    if answer.status_code == 403:
        assert customer.get()


def test_the_link_of_another_project_is_not_found(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="CS")
    base = f"/projects/{other.key}/customer/links/{customer.link_id}"

    assert ada.get(f"{base}/preview").status_code == 404
    assert send(ada, other, f"/links/{customer.link_id}/revocation") == 404
    assert customer.get()
