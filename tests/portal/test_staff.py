"""Our own people give, send, replace and end links, answer questions, and see the page as the customer does."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock as clocks
from concierge.platform import mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.platform.settings import current
from concierge.projects.models import Project, Promise
from concierge.readiness import queries
from concierge.readiness.actions import asking, linking
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

    assert (empty, taken, again) == (422, 303, 409), "an empty one is shown again to be written"
    assert "enough?" not in ada.get("/today").get_data(as_text=True)
    assert "No." in letters(app, to=address)[-1].text
    history = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "Is &lt;16 A&gt; enough?" in history


def test_what_we_write_stands_on_the_page_and_goes_out_by_mail(
    app: Flask, project: Project, customer: Customer, ada: FlaskClient
) -> None:
    address = link_of(project).email
    with unit_of_work():
        colleague = linking.hand_on(
            queries.link_for_change(customer.link_id),
            section="power",
            name="Urs Keller",
            email="urs@example.com",
            at=clocks.now(),
        )
        section_link = Customer(app, app.test_client(), linking.token_of(colleague), colleague.id)
    before = len(letters(app))

    empty = send(ada, project, "/messages", link_id="0", text="  ")
    foreign = send(ada, project, "/messages", link_id="987654", text="Hello")
    to_all = send(ada, project, "/messages", link_id="0", text="The crate <is> 92 cm wide.")
    to_urs = send(ada, project, "/messages", link_id=str(section_link.link_id), text="Which breaker is it?")

    assert (empty, foreign, to_all, to_urs) == (422, 422, 303, 303)
    sent = letters(app)[before:]
    assert [(one.to, "92 cm" in one.text, "breaker" in one.text) for one in sent] == [
        (address, True, False),
        ("urs@example.com", False, True),
    ]
    assert "&lt;is&gt;" in sent[0].html
    assert customer.token not in sent[0].text, "the ledger forgets it"
    assert "We wrote to you 2 times." in customer.get()
    page, its = customer.get("/questions"), section_link.get("/questions")
    assert "The crate &lt;is&gt; 92 cm wide." in page
    assert "Ada Okoro" in page
    assert page.index("Which breaker") < page.index("The crate"), "the newest first"
    assert "Which breaker" in its
    assert "The crate" not in its, "who has only a section reads what was written to them"
    assert "We wrote to you" not in customer.get(), "it was read"
    answer = customer.post("/questions", page="/questions", text="It fits, thank you.")
    assert answer.status_code == 303
    shown = ada.get(f"/projects/{project.key}/customer").get_data(as_text=True)
    assert shown.index("It fits") < shown.index("The crate")
    history = ada.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "wrote to the customer: “The crate &lt;is&gt; 92 cm wide.”" in history
    assert "wrote to Urs Keller: “Which breaker is it?”" in history


@pytest.fixture
def held(app: Flask) -> Iterator[None]:
    """Letters are held for half a minute."""
    mail.register(app, replace(current(), mail_hold=30))
    yield
    mail.register(app, current())


@pytest.mark.usefixtures("held")
def test_who_stops_a_letter_takes_back_what_it_was_to_bring(
    app: Flask, project: Project, customer: Customer, ada: FlaskClient
) -> None:
    with unit_of_work():
        asked = asking.ask(queries.link_for_change(customer.link_id), "Is 16 A enough?", at=clocks.now()).id

    def decide(what: str, kind: str) -> None:
        while worker.work_once(app, queues=("default",)):  # letters are written, and none leaves
            pass
        db.session.rollback()
        newest = db.session.query(OutgoingMail).order_by(OutgoingMail.id.desc())
        number = newest.filter(OutgoingMail.key.startswith(f"{kind}:")).limit(1).one().id
        token = csrf_token(ada, f"/letters/{number}")
        assert ada.post(f"/letters/{number}/{what}", data={"csrf_token": token}).status_code == 303

    assert send(ada, project, "/messages", link_id="0", text="The crate is 92 cm wide.") == 303
    assert send(ada, project, f"/questions/{asked}/answer", answer="Sixteen will do.") == 303
    decide("stop", "message")
    decide("stop", "answer")

    theirs = customer.get("/questions")
    assert "92 cm" not in theirs
    assert "Sixteen" not in theirs
    assert "We have it, and answer soon." in theirs
    ours = ada.get(f"/projects/{project.key}/customer").get_data(as_text=True)
    assert "stopped before it left; the customer does not see it" in ours
    assert re.search(r"<textarea[^>]*>Sixteen will do\.</textarea>", ours), "a draft, and the question waits"

    decide("send", "message")
    assert send(ada, project, f"/questions/{asked}/answer", answer="Take 20 A.") == 303
    decide("send", "answer")

    theirs = customer.get("/questions")
    assert "92 cm" in theirs
    assert "Take 20 A." in theirs
    assert "Take 20 A." in letters(app)[-1].text, "another answer is another letter"


def test_what_needs_no_answer_no_longer_waits(project: Project, customer: Customer, ada: FlaskClient) -> None:
    customer.post("/questions", page="/questions", text="Thank you!")
    db.session.rollback()
    number = queries.questions_of(project.id)[0].id

    settled = send(ada, project, f"/questions/{number}/settlement")
    again = send(ada, project, f"/questions/{number}/settlement")

    assert (settled, again) == (303, 409)
    assert "No message waits for an answer." in ada.get(f"/projects/{project.key}/customer").get_data(
        as_text=True
    )
    assert "We have read it." in customer.get("/questions")
    db.session.rollback()
    assert queries.waiting_questions(customer.link_id) == 0


def test_nobody_is_written_to_whose_link_has_ended(
    project: Project, customer: Customer, ada: FlaskClient
) -> None:
    with unit_of_work():
        linking.revoke_link(queries.link_for_change(customer.link_id), at=clocks.now(), actor_id=None)

    ended = ada.post(
        f"/projects/{project.key}/customer/messages",
        data={"csrf_token": csrf_token(ada, "/today"), "link_id": "0", "text": "Are you there?"},
    )

    assert ended.status_code == 422
    assert "Give somebody one first" in ended.get_data(as_text=True)
    assert "Are you there?" in ended.get_data(as_text=True)
    assert queries.messages_to(project.id) == []


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
