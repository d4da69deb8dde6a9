"""A link opens one project for one person until it ends; nobody learns whether there is one."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Contact
from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Project
from concierge.readiness import queries, scope
from concierge.readiness.actions import linking, sending
from concierge.readiness.models import CustomerLink
from tests.makers import readiness
from tests.portal.conftest import SOON, Customer, holder, letters, link_of

PARTS = ["", "/visits", "/documents", "/questions", "/people", "/signature", "/sections/power"]


def test_the_checklists_letter_brings_the_link_and_the_ledger_forgets_it(
    app: Flask, project: Project, customer: Customer, clock: time_machine.Traveller
) -> None:
    with unit_of_work():
        sending.ask_to_send(readiness.checklist(project), project, at=clocks.now(), actor_id=None)
    assert letters(app)
    clock.shift(timedelta(minutes=5))  # letters wait a moment in which they can be stopped
    sent = [one for one in letters(app) if one.key.startswith("checklist:")]

    assert len(sent) == 1
    assert customer.token not in sent[0].text + sent[0].html
    assert "[…]" in sent[0].text
    assert sent[0].secret == ""


def test_a_page_is_told_to_nobody_and_kept_nowhere(customer: Customer) -> None:
    for part in PARTS:
        answer = customer.browser.get(f"/p/{customer.token}{part}")

        assert answer.status_code == 200, part
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_opening_a_link_uses_nothing_up_and_notes_when(project: Project, customer: Customer) -> None:
    customer.get()
    customer.get()

    assert link_of(project).opened_at is not None
    assert customer.get()


@pytest.mark.parametrize("how", ["unknown", "ended", "run out", "other"])
def test_unknown_ended_and_old_links_look_the_same(
    project: Project, customer: Customer, clock: time_machine.Traveller, how: str
) -> None:
    token = customer.token
    with unit_of_work():
        link = queries.link_for_change(customer.link_id)
        match how:
            case "ended":
                linking.revoke_link(link, at=clocks.now(), actor_id=None)
            case "run out":
                link.expires_at = clocks.now() - timedelta(seconds=1)
            case "unknown":
                token = scope.customer_token("another nonce", key="a key for tests only")
            case _:
                token = "../../etc/passwd"[:26]

    pages = []
    for part in PARTS:
        answer = customer.browser.get(f"/p/{token}{part}")
        assert answer.status_code == 404
        pages.append(re.sub(r'value="[^"]+"', "", answer.get_data(as_text=True)))

    if how != "other":
        assert len(set(pages)) == 1
        assert "Send me my link" in pages[0]
        assert project.name not in pages[0]


def test_who_tries_links_is_stopped_and_who_holds_one_is_not(customer: Customer) -> None:
    told = [customer.browser.get(f"/p/{number:026}").status_code for number in range(62)]

    assert told == [*[404] * 60, 429, 429]
    customer.get()


def test_a_form_of_an_ended_link_is_not_taken(customer: Customer) -> None:
    proof = re.search(r'name="proof" value="([^"]+)"', customer.get("/questions"))
    assert proof
    with unit_of_work():
        linking.revoke_link(queries.link_for_change(customer.link_id), at=clocks.now(), actor_id=None)

    answer = customer.browser.post(
        f"/p/{customer.token}/questions", data={"proof": proof[1], "text": "Are you there?"}
    )

    assert answer.status_code == 404
    assert queries.questions_of(1) == []


def test_the_link_of_one_project_opens_nothing_of_another(
    app: Flask, project: Project, customer: Customer
) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="CS")
    foreign = readiness.checklist(other).items[0]

    customer.get(f"/items/{foreign.id}", status=404)
    proof = scope.form_proof(customer.token, key="a key for tests only", at=clocks.now())
    answer = customer.browser.post(
        f"/p/{customer.token}/items/{foreign.id}", data={"proof": proof, "answer": "yes"}
    )

    assert answer.status_code == 404
    assert readiness.checklist(other).items[0].value == ""


def test_a_lost_link_is_sent_again_to_its_own_address_only(
    app: Flask, project: Project, customer: Customer
) -> None:
    address = link_of(project).email
    before = len(letters(app, to=address))
    page = customer.browser.get("/p").get_data(as_text=True)
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf

    def asked(email: str) -> str:
        answer = customer.browser.post("/p", data={"csrf_token": csrf[1], "email": email})
        assert answer.status_code == 200
        return answer.get_data(as_text=True).replace(email, "")

    known = asked(address.upper())
    stranger = asked("stranger@example.org")

    assert known == stranger
    assert len(letters(app, to=address)) == before + 1
    assert letters(app, to="stranger@example.org") == []
    letter = letters(app, to=address)[-1]
    assert letter.key.startswith(f"link:{customer.link_id}:")
    assert customer.get(), "the link that was sent before still opens the page"


def test_a_link_that_has_run_out_comes_back_as_another_one(
    app: Flask, project: Project, customer: Customer
) -> None:
    with unit_of_work():
        link = queries.link_for_change(customer.link_id)
        link.expires_at = clocks.now() - timedelta(days=1)
        address = link.email

    with unit_of_work():
        assert linking.send_again(address, at=clocks.now()) == 1

    customer.get(status=404)
    again = holder(app, customer.browser, project)
    assert again.token != customer.token
    assert project.name in again.get()


def test_an_ended_link_is_not_sent_again(project: Project, customer: Customer) -> None:
    address = link_of(project).email
    with unit_of_work():
        linking.revoke_link(queries.link_for_change(customer.link_id), at=clocks.now(), actor_id=None)

    with unit_of_work():
        assert linking.send_again(address, at=clocks.now()) == 0


def test_wishes_for_a_link_are_limited_for_one_address(customer: Customer) -> None:
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', customer.browser.get("/p").get_data(as_text=True))
    assert csrf

    told = [
        customer.browser.post("/p", data={"csrf_token": csrf[1], "email": "one@example.com"}).status_code
        for _attempt in range(5)
    ]

    assert told == [200, 200, 200, 200, 429]


def test_a_replaced_link_opens_nothing_and_its_holder_gets_another(
    app: Flask, project: Project, customer: Customer
) -> None:
    with unit_of_work():
        linking.rotate_link(queries.link_for_change(customer.link_id), at=clocks.now(), actor_id=None)

    customer.get(status=404)
    assert holder(app, customer.browser, project).get()
    assert letters(app)[-1].key.startswith(f"link:{customer.link_id}:")


def test_a_contact_with_another_address_gets_another_link(project: Project, customer: Customer) -> None:
    with unit_of_work():
        contact = link_of(project).contact or project.contact
        assert contact is not None
        db.session.add(contact)
        contact.email = "moved@example.com"
        given = linking.give_link(project, contact, at=clocks.now(), actor_id=None)

    customer.get(status=404)
    assert given.email == "moved@example.com"
    assert given.id != customer.link_id


@pytest.fixture
def confidential(project: Project, customer: Customer) -> Customer:
    """The same customer, whose site is confidential."""
    with unit_of_work():
        site = db.session.merge(project).site_id
        db.session.execute(db.text("UPDATE sites SET is_confidential = true WHERE id = :id"), {"id": site})
    return customer


def code_in(app: Flask) -> str:
    """The six digits of the last letter, before it left."""
    db.session.rollback()
    secret = db.session.query(OutgoingMail.secret).order_by(OutgoingMail.id.desc()).limit(1).scalar()
    assert secret is not None
    assert re.fullmatch(r"\d{6}", secret)
    return str(secret)


def ask_for_code(customer: Customer) -> None:
    page = customer.get("/code")
    proof = re.search(r'name="proof" value="([^"]+)"', page)
    assert proof
    answer = customer.browser.post(f"/p/{customer.token}/code/letter", data={"proof": proof[1]})
    assert answer.status_code == 303


def try_code(customer: Customer, digits: str) -> int:
    proof = scope.form_proof(customer.token, key="a key for tests only", at=clocks.now())
    answer = customer.browser.post(f"/p/{customer.token}/code", data={"proof": proof, "code": digits})
    return answer.status_code


def test_a_confidential_site_asks_for_a_code_and_shows_nothing_before(
    app: Flask, confidential: Customer, project: Project
) -> None:
    for part in PARTS:
        answer = confidential.browser.get(f"/p/{confidential.token}{part}")
        assert answer.status_code == 303, part
        assert answer.location.endswith("/code")
    assert project.site.name not in confidential.get("/code") if project.site else True
    ask_for_code(confidential)
    digits = code_in(app)

    assert try_code(confidential, "000000" if digits != "000000" else "000001") == 422
    assert try_code(confidential, f" {digits[:3]} {digits[3:]} ") == 303
    assert project.name in confidential.get()
    assert try_code(confidential, digits) in {303, 422}
    other = app.test_client().get(f"/p/{confidential.token}")
    assert other.status_code == 303, "another browser is asked again"


def test_a_code_counts_five_tries_ten_minutes_and_once(
    app: Flask, confidential: Customer, clock: time_machine.Traveller
) -> None:
    ask_for_code(confidential)
    digits = code_in(app)
    wrong = "111111" if digits != "111111" else "222222"
    assert [try_code(confidential, wrong) for _attempt in range(5)] == [422] * 5
    assert try_code(confidential, digits) == 422, "used up by tries"

    ask_for_code(confidential)
    digits = code_in(app)
    clock.shift(timedelta(minutes=11))
    assert try_code(confidential, digits) == 422, "too old"

    ask_for_code(confidential)
    digits = code_in(app)
    with unit_of_work():
        link = queries.link_for_change(confidential.link_id)
        assert linking.check_code(link, digits, at=clocks.now())
    with unit_of_work():
        link = queries.link_for_change(confidential.link_id)
        assert not linking.check_code(link, digits, at=clocks.now()), "a second time"


def test_codes_are_limited_within_an_hour(confidential: Customer) -> None:
    with unit_of_work():
        link = queries.link_for_change(confidential.link_id)
        for _attempt in range(linking.MOST_CODES):
            linking.new_code(link, at=clocks.now())
        with pytest.raises(linking.NotGiven, match="Wait an hour"):
            linking.new_code(link, at=clocks.now())
        for hour in range(1, linking.MOST_CODES_A_DAY - linking.MOST_CODES + 1):
            linking.new_code(link, at=clocks.now() + timedelta(hours=2 * hour))
        with pytest.raises(linking.NotGiven, match="tomorrow"):
            linking.new_code(link, at=clocks.now() + timedelta(hours=18))


def test_tokens_stay_out_of_the_log(customer: Customer, capsys: pytest.CaptureFixture[str]) -> None:
    customer.get()
    customer.browser.get(f"/p/{customer.token}/nothing-here")
    customer.browser.get(f"/p/{customer.token}/items/999999")

    said = capsys.readouterr()
    assert customer.token not in said.err + said.out


def test_a_link_is_bound_to_its_key(customer: Customer, project: Project) -> None:
    link = link_of(project)

    assert scope.customer_token(link.nonce, key="another key") != customer.token
    assert customer.token not in {link.nonce, link.token_hash}


def test_a_link_lasts_until_some_months_after_the_handover(project: Project) -> None:
    link = link_of(project)
    handover = project.promised_handover_on
    assert handover is not None

    assert (link.expires_at.date() - handover).days == linking.DAYS_AFTER_HANDOVER


def test_an_app_client_without_cookies_can_send_forms(app: Flask, customer: Customer) -> None:
    without = app.test_client(use_cookies=False)
    page = without.get(f"/p/{customer.token}/questions").get_data(as_text=True)
    proof = re.search(r'name="proof" value="([^"]+)"', page)
    assert proof

    taken = without.post(f"/p/{customer.token}/questions", data={"proof": proof[1], "text": "When?"})
    forged = without.post(f"/p/{customer.token}/questions", data={"proof": "1-" + "a" * 26, "text": "When?"})

    assert (taken.status_code, forged.status_code) == (303, 400)


def test_a_proof_belongs_to_its_own_link(app: Flask, customer: Customer, client: FlaskClient) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="CS")
        contact = other.contact
        assert contact is not None
        link = linking.give_link(other, contact, at=clocks.now(), actor_id=None)
        token = linking.token_of(link)
    proof = scope.form_proof(token, key="a key for tests only", at=clocks.now())

    answer = client.post(f"/p/{customer.token}/questions", data={"proof": proof, "text": "When?"})

    assert answer.status_code == 400


def test_two_who_give_the_same_person_a_link_at_once_give_one(app: Flask, project: Project) -> None:
    link_id, project_id, contact_id = link_of(project).id, project.id, project.contact_id
    assert contact_id is not None
    with unit_of_work():
        db.session.execute(sa.update(CustomerLink).values(revoked_at=SOON))
    start, given = Barrier(4), []

    def give() -> None:
        with app.app_context():
            try:
                start.wait(timeout=20)
                with unit_of_work():
                    made, contact = db.session.get(Project, project_id), db.session.get(Contact, contact_id)
                    assert made
                    assert contact
                    given.append(linking.give_link(made, contact, at=SOON, actor_id=None).id)
            finally:
                db.session.remove()

    threads = [Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(given) == 4
    assert len(set(given)) == 1
    assert link_id not in given
    assert len(letters(app, to="yuki@halden.example")) == 1
