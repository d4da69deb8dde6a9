"""A section handed to a colleague shows nothing else; questions reach us and their answers come back."""

import re
from threading import Barrier, Thread

import pytest
from flask import Flask

from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.actions import asking, linking
from concierge.readiness.models import CustomerLink
from tests.makers import calendar, readiness
from tests.portal.conftest import Customer, letters


def hand_on(customer: Customer, section: str = "power", **fields: str) -> Customer:
    given = {"name": "Urs Keller", "email": "urs@example.com", "note": "It is your <b>room</b>.", **fields}
    answer = customer.post(f"/sections/{section}/hand-on", page=f"/sections/{section}/hand-on", **given)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    db.session.rollback()
    link = (
        db.session.query(CustomerLink)
        .filter_by(email=given["email"])
        .order_by(CustomerLink.id.desc())
        .first()
    )
    assert link is not None
    return Customer(customer.app, customer.app.test_client(), linking.token_of(link), link.id)


def test_a_colleague_sees_their_section_and_nothing_else(
    app: Flask, project: Project, customer: Customer
) -> None:
    colleague = hand_on(customer)
    circuit, temperature = (readiness.item(project, key) for key in ("circuit", "temperature"))

    page = colleague.get()

    assert "Dedicated circuit is live" in page
    assert "Temperature" not in page
    assert project.contact is not None
    assert "asked you to see to this part" in page
    for path in ("/visits", "/documents", "/signature", "/sections/climate", f"/items/{temperature.id}"):
        colleague.get(path, status=404)
    colleague.get("/sections/power/hand-on", status=404)
    answer = colleague.post(f"/items/{circuit.id}", page=f"/items/{circuit.id}", answer="yes")
    assert answer.status_code == 303
    assert readiness.item(project, "circuit").answered_name == "Urs Keller"
    foreign = colleague.post(f"/items/{temperature.id}", page="", answer="20", unit="°C")
    assert foreign.status_code == 404
    letter = letters(app, to="urs@example.com")[-1]
    assert "It is your <b>room</b>." in letter.text
    assert "&lt;b&gt;room&lt;/b&gt;" in letter.html
    assert colleague.token not in letter.text


def test_two_who_hand_one_section_to_the_same_colleague_at_once_give_one_link(
    app: Flask, project: Project, customer: Customer
) -> None:
    with unit_of_work():
        kept = db.session.get(Project, project.id)
        assert kept
        others = [
            linking.give_link(
                kept,
                calendar.contact(kept, f"Person {n}"),
                is_mailed=False,
                at=clocks.now(),
                actor_id=None,
            ).id
            for n in range(3)
        ]
    links, start, outcomes = [customer.link_id, *others], Barrier(4), []

    def give(link_id: int) -> None:
        with app.app_context():
            try:
                start.wait(timeout=20)
                with unit_of_work():
                    linking.hand_on(
                        queries.link_for_change(link_id),
                        section="power",
                        name="Urs Keller",
                        email="urs@EXAMPLE.com" if link_id % 2 else "urs@example.com",
                        at=clocks.now(),
                    )
                outcomes.append("given")
            except linking.NotGiven as problem:
                outcomes.append(problem.sentence)
            finally:
                db.session.remove()

    threads = [Thread(target=give, args=(link_id,)) for link_id in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sum(one == "given" for one in outcomes) == 1, outcomes
    assert sum("has this section already" in one for one in outcomes) == 3
    with app.app_context():
        db.session.rollback()
        assert len(queries.sections_handed_on(project.id)) == 1
    assert len(letters(app, to="urs@example.com") + letters(app, to="urs@EXAMPLE.com")) == 1


def test_a_section_can_be_taken_back_by_who_handed_it_on_only(project: Project, customer: Customer) -> None:
    colleague = hand_on(customer)
    other = hand_on(customer, section="climate", email="eva@example.com", name="Eva")

    assert "Urs Keller" in customer.get("/sections/power")
    foreign = other.post(f"/colleagues/{colleague.link_id}/removal")
    own = customer.post(f"/colleagues/{customer.link_id}/removal")
    taken = customer.post(f"/colleagues/{colleague.link_id}/removal")

    assert (foreign.status_code, own.status_code, taken.status_code) == (404, 409, 303)
    colleague.get(status=404)
    assert other.get()
    assert "Urs Keller" not in customer.get("/sections/power").partition('role="status"')[0]


def test_what_was_handed_on_ends_with_the_link_it_came_from(project: Project, customer: Customer) -> None:
    colleague = hand_on(customer)
    with unit_of_work():
        ended = linking.revoke_link(queries.link_for_change(customer.link_id), at=clocks.now(), actor_id=None)

    assert ended == 2
    colleague.get(status=404)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": "no address"}, "Enter a mail address"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "Enter a mail address"),
        ({"name": ""}, "Enter a name"),
        ({"note": "x" * 1001}, "1000"),
    ],
)
def test_a_hand_on_that_cannot_be_keeps_what_was_typed(
    customer: Customer, fields: dict[str, str], says: str
) -> None:
    given = {"name": "Urs Keller", "email": "urs@example.com", "note": "", **fields}

    answer = customer.post("/sections/power/hand-on", page="/sections/power/hand-on", **given)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert says in page
    if given["name"]:
        assert "Urs Keller" in page


def test_the_same_section_goes_to_the_same_address_once(customer: Customer) -> None:
    hand_on(customer)

    again = customer.post(
        "/sections/power/hand-on",
        page="/sections/power/hand-on",
        name="Urs Keller",
        email="URS@example.com",
    )

    assert again.status_code == 409
    assert "has this section already" in again.get_data(as_text=True)


def test_a_question_reaches_us_and_its_answer_the_customer(
    app: Flask, project: Project, customer: Customer
) -> None:
    item = readiness.item(project, "circuit")

    asked = customer.post(
        "/questions",
        page=f"/questions?item={item.id}",
        item=str(item.id),
        text="Is 16 A enough?\nWe have <two>.",
    )

    assert asked.status_code == 303
    letter = letters(app, to="maja@example.com")[-1]
    assert "Is 16 A enough?" in letter.text
    assert "&lt;two&gt;" in letter.html
    assert f"/projects/{project.key}/customer#question-" in letter.text
    question = queries.questions_of(project.id)[0]
    assert question.item_id == item.id
    with unit_of_work():
        asking.answer_question(
            queries.question_by_id(question.id), "No: 32 A.", at=clocks.now(), actor_id=_maja()
        )
    page = customer.get("/questions")
    assert "No: 32 A." in page
    assert "Maja Lindqvist" in page
    assert "&lt;two&gt;" in page
    assert project.contact is not None
    told = letters(app, to=project.contact.email)[-1]
    assert "No: 32 A." in told.text


def test_a_colleague_does_not_read_what_others_asked(project: Project, customer: Customer) -> None:
    colleague = hand_on(customer)
    customer.post("/questions", page="/questions", text="A question about money")

    assert "about money" not in colleague.get("/questions")
    assert "about money" in customer.get("/questions")


def test_a_question_about_anothers_point_is_refused(project: Project, customer: Customer) -> None:
    colleague = hand_on(customer)
    foreign = readiness.item(project, "temperature")

    answer = colleague.post("/questions", page="/questions", item=str(foreign.id), text="What is this?")

    assert answer.status_code == 404
    assert queries.questions_of(project.id) == []


def test_what_is_sent_twice_is_done_once(project: Project, customer: Customer) -> None:
    proof = {
        name: re.findall(rf'name="{name}" value="([^"]+)"', customer.get("/questions"))[-1]
        for name in ("proof", "form_token")
    }
    for path, fields in (
        ("/questions", {"text": "Who brings the regulators?"}),
        ("/sections/power/hand-on", {"name": "Urs Keller", "email": "urs@halden.example", "note": ""}),
    ):
        first, second = (
            customer.browser.post(f"/p/{customer.token}{path}", data={**proof, **fields}) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (303, 303)
        assert first.headers["Location"] == second.headers["Location"]

    db.session.rollback()
    assert len(queries.questions_of(project.id)) == 1
    assert len(queries.sections_handed_on(project.id)) == 1


def test_an_empty_question_is_said_and_many_are_limited(project: Project, customer: Customer) -> None:
    empty = customer.post("/questions", page="/questions", text="  ")
    assert empty.status_code == 422
    with unit_of_work():
        link = queries.link_for_change(customer.link_id)
        for number in range(asking.MOST_WAITING):
            asking.ask(link, f"Question {number}", at=clocks.now())

    full = customer.post("/questions", page="/questions", text="One more")

    assert full.status_code == 409
    assert "One more" in full.get_data(as_text=True)


def _maja() -> int:
    from concierge.identity.models import User

    db.session.rollback()
    found = db.session.query(User).filter_by(email="maja@example.com").one()
    return found.id


def test_the_letter_in_arabic_runs_from_right_to_left(
    app: Flask, project: Project, customer: Customer
) -> None:
    customer.post("/language", language="ar")

    colleague = hand_on(customer, email="amal@example.com", name="Amal")

    letter = letters(app, to="amal@example.com")[-1]
    assert letter.language == "ar"
    assert '<html lang="ar" dir="rtl">' in letter.html
    assert re.search(r'<html lang="ar" dir="rtl"', colleague.get())
