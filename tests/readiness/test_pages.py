"""Pages of the checklist: each works, refuses the stranger and the wrong moment, and shows a bad form again."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.catalogue.states import GateKind, ItemType, Reviewer
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, settings, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.projects.actions.proposals import cancel
from concierge.projects.models import Gate, Project
from concierge.projects.states import GateState
from concierge.readiness import chores, queries, scope
from concierge.readiness.actions import answering, signing
from concierge.readiness.models import ChecklistDocument
from concierge.readiness.states import Channel, Decision, Freeze, ItemState, Verdict
from tests.conftest import csrf_token
from tests.makers import orders, people, readiness
from tests.makers.pages import hidden_in

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return readiness.project()


@pytest.fixture
def ada(app: Flask, project: Project, sign_in: SignIn) -> FlaskClient:
    with unit_of_work():
        person = people.user(name="Ada Lind")
    return sign_in(person)


def home(project: Project) -> str:
    return f"/projects/{project.key}/readiness"


def page_of(project: Project, key: str) -> str:
    return f"{home(project)}/{readiness.item(project, key).id}"


def post(browser: FlaskClient, page: str, act: str, **fields: object) -> TestResponse:
    return browser.post(f"{page}/{act}", data={"csrf_token": csrf_token(browser, page), **fields})


def test_the_list_says_what_delivery_waits_for(ada: FlaskClient, project: Project) -> None:
    page = ada.get(home(project)).get_data(as_text=True)

    assert "Delivery waits for 3 points" in page
    assert "0 of 4 points are confirmed" in page
    assert "Dedicated circuit is live" in page
    assert "Climate" in page


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient, project: Project) -> None:
    answer = client.get(home(project))

    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_a_technician_without_a_visit_there_finds_nothing(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)
    browser = sign_in(tomas)

    for address in ("", ".pdf", f"/{readiness.item(project, 'circuit').id}"):
        assert browser.get(home(project) + address).status_code == 404


def test_an_answer_is_noted_and_folds_away(ada: FlaskClient, project: Project) -> None:
    answer = post(ada, page_of(project, "temperature"), "answer", answer="22 °C", comment="Logger 7")

    assert answer.status_code == 303
    item = readiness.item(project, "temperature")
    assert (item.value, item.comment, item.is_cleared) == ("22 °C", "Logger 7", True)
    assert "1 confirmed" in ada.get(home(project)).get_data(as_text=True)


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Enter the measured value."), ("mild", "not a number"), ("5 kg", "°C")]
)
def test_what_cannot_be_read_is_shown_again(
    ada: FlaskClient, project: Project, typed: str, said: str
) -> None:
    answer = post(ada, page_of(project, "temperature"), "answer", answer=typed, comment="kept words")

    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert said in page
    assert "kept words" in page
    assert "<title>Error:" in page
    assert readiness.item(project, "temperature").state is ItemState.OPEN


def test_an_answer_to_what_somebody_else_answered_is_refused(ada: FlaskClient, project: Project) -> None:
    page = page_of(project, "circuit")
    post(ada, page, "answer", answer="yes", version="1")

    answer = post(ada, page, "answer", answer="no", version="1")

    assert answer.status_code == 409
    assert readiness.item(project, "circuit").value == "yes"


def test_an_item_of_another_project_is_not_found(app: Flask, ada: FlaskClient, project: Project) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="XY")
    foreign = readiness.item(other, "circuit").id

    assert ada.get(f"{home(project)}/{foreign}").status_code == 404
    token = csrf_token(ada, page_of(project, "circuit"))
    refused = ada.post(f"{home(project)}/{foreign}/answer", data={"csrf_token": token, "answer": "yes"})
    assert refused.status_code == 404
    assert readiness.item(other, "circuit").state is ItemState.OPEN


def test_a_file_is_attached_and_only_ever_saved(ada: FlaskClient, project: Project) -> None:
    page = page_of(project, "floor-plan")
    sent = post(ada, page, "files", file=(io.BytesIO(b"%PDF-1.7 plan"), "plan <b>.html"))
    assert sent.status_code == 303

    evidence = readiness.item(project, "floor-plan").evidence[0]
    answer = ada.get(f"{home(project)}/files/{evidence.id}")

    assert answer.data == b"%PDF-1.7 plan"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_page_is_no_evidence(ada: FlaskClient, project: Project) -> None:
    page = page_of(project, "floor-plan")

    answer = post(ada, page, "files", file=(io.BytesIO(b"<html>x"), "plan.pdf"))

    assert answer.status_code == 422
    assert "Send a PDF" in answer.get_data(as_text=True)


def test_accept_and_reopen(ada: FlaskClient, project: Project) -> None:
    page = page_of(project, "circuit")
    post(ada, page, "answer", answer="yes")

    assert post(ada, page, "acceptance").status_code == 303
    assert readiness.item(project, "circuit").state is ItemState.ACCEPTED
    assert post(ada, page, "acceptance").status_code == 409
    assert post(ada, page, "reopening", reason="").status_code == 422
    assert post(ada, page, "reopening", reason="Fuse changed").status_code == 303
    assert readiness.item(project, "circuit").state is ItemState.OPEN


def test_the_pdf_is_made_by_the_worker_and_then_shown(app: Flask, ada: FlaskClient, project: Project) -> None:
    first = ada.get(f"{home(project)}.pdf?language=de")
    assert first.status_code == 202
    assert "Make the PDF" in first.get_data(as_text=True)

    made = ada.post(
        f"{home(project)}/prints",
        data={"csrf_token": csrf_token(ada, page_of(project, "circuit")), "language": "de"},
    )
    assert made.status_code == 303
    waiting = ada.get(made.location)
    assert (waiting.status_code, waiting.headers["Refresh"]) == (202, "2")

    worker.drain(app)
    shown = ada.get(made.location)

    assert shown.status_code == 200
    assert shown.content_type == "application/pdf"
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.data.startswith(b"%PDF")
    assert ada.get(made.location, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304


def test_the_same_content_is_printed_once(app: Flask, ada: FlaskClient, project: Project) -> None:
    worker.drain(app)
    before = len(documents(project))
    token = csrf_token(ada, page_of(project, "circuit"))
    for _ in range(2):
        ada.post(f"{home(project)}/prints", data={"csrf_token": token, "language": "en"})

    worker.drain(app)

    assert len(documents(project)) == before == 1


def test_a_change_makes_the_next_revision(app: Flask, ada: FlaskClient, project: Project) -> None:
    worker.drain(app)
    post(ada, page_of(project, "circuit"), "answer", answer="yes")
    token = csrf_token(ada, page_of(project, "circuit"))
    ada.post(f"{home(project)}/prints", data={"csrf_token": token, "language": "en"})

    worker.drain(app)

    assert [document.revision for document in documents(project)] == [2, 1]
    assert "Revision 2" in ada.get(home(project)).get_data(as_text=True)
    old = documents(project)[1]
    assert ada.get(f"{home(project)}/versions/{old.id}.pdf").data.startswith(b"%PDF")


def documents(project: Project) -> list[ChecklistDocument]:
    return queries.documents_of(readiness.checklist(project).id)


def test_one_press_of_the_pdf_button_leads_to_the_pdf(app: Flask, ada: FlaskClient, project: Project) -> None:
    worker.drain(app)
    page = ada.get(home(project)).get_data(as_text=True)
    assert f'action="{home(project)}/prints"' in page

    shown = ada.post(
        f"{home(project)}/prints",
        data={"csrf_token": csrf_token(ada, home(project)), "language": "en"},
        follow_redirects=True,
    )

    assert shown.content_type == "application/pdf"


def test_sending_makes_a_letter(app: Flask, ada: FlaskClient, project: Project) -> None:
    token = csrf_token(ada, page_of(project, "circuit"))

    answer = ada.post(f"{home(project)}/letter", data={"csrf_token": token})
    worker.drain(app)

    assert answer.status_code == 303
    assert readiness.checklist(project).sent_at is not None


def test_the_printed_link_shows_the_state_and_the_newest_pdf(
    app: Flask, client: FlaskClient, project: Project
) -> None:
    found = readiness.checklist(project)
    token = scope.link_token(found.link_nonce, key=settings.current().secret_key)
    worker.drain(app)
    db.session.expire_all()

    page = client.get(f"/checklist/{token}")

    assert page.status_code == 200
    assert "0 of 4 points are confirmed" in page.get_data(as_text=True)
    assert client.get(f"/checklist/{token}/checklist.pdf").data.startswith(b"%PDF")


@pytest.mark.parametrize("token", ["x", "a" * 26, "%00", "../../etc"])
def test_an_unknown_link_shows_nothing(client: FlaskClient, project: Project, token: str) -> None:
    assert client.get(f"/checklist/{token}").status_code == 404


def test_hostile_texts_stay_text(app: Flask, ada: FlaskClient, project: Project) -> None:
    post(ada, page_of(project, "circuit"), "answer", answer="no", comment="<script>alert(1)</script>")

    for address in (home(project), page_of(project, "circuit")):
        assert "<script>alert" not in ada.get(address).get_data(as_text=True)


def test_a_dispatcher_may_answer_but_not_send(app: Flask, project: Project, sign_in: SignIn) -> None:
    with unit_of_work():
        person = people.user(name="Dora Dispatch", role=Role.DISPATCHER)
    browser = sign_in(person)

    assert post(browser, page_of(project, "circuit"), "answer", answer="yes").status_code == 303
    token = csrf_token(browser, page_of(project, "circuit"))
    assert browser.post(f"{home(project)}/letter", data={"csrf_token": token}).status_code == 403


def test_delivery_waits_for_nothing_once_its_gate_is_overridden(ada: FlaskClient, project: Project) -> None:
    held = ada.get(home(project)).text
    with unit_of_work():
        person = people.user(name="Ruth Weber")
        db.session.execute(sa.delete(Gate).where(Gate.project_id == project.id))
        db.session.add(
            Gate(
                project_id=project.id,
                kind=GateKind.SHIP,
                state=GateState.OVERRIDDEN,
                reason="The customer signed a waiver",
                decided_by_id=person.id,
            )
        )

    let_pass = ada.get(home(project)).text

    assert "Delivery waits for" in held
    assert "Delivery waits for" not in let_pass
    assert "The customer signed a waiver" in let_pass


def test_nothing_is_late_any_more_once_the_project_has_ended(ada: FlaskClient, project: Project) -> None:
    late = "days late"
    assert late in ada.get(f"/projects/{project.key}/readiness").text
    assert late in ada.get(f"/projects/{project.key}").text

    with unit_of_work():
        cancel(project.id, reason="Order withdrawn", actor_id=None, at=clock.now())

    assert late not in ada.get(f"/projects/{project.key}/readiness").text
    assert late not in ada.get(f"/projects/{project.key}").text


def contradicted(project: Project) -> tuple[int, int]:
    """A point with an answer that counts and one that contradicts it; the ids of both."""
    ids = []
    for typed, name in (("21", "Yuki <b>Tanaka"), ("30,5", "Ana Pinto")):
        with unit_of_work():
            by = answering.Answerer(name=name, channel=Channel.PDF)
            item = readiness.item(project, "temperature")
            ids.append(answering.answer_item(item, typed=typed, at=clock.now(), by=by, seen=0).answer_id)
    return ids[0], ids[1]


def test_two_answers_stand_side_by_side_until_one_is_chosen(ada: FlaskClient, project: Project) -> None:
    first, second = contradicted(project)
    assert "1 point has two answers that contradict each other" in ada.get(home(project)).text
    page = page_of(project, "temperature")
    shown = ada.get(page).text
    assert "Which answer counts?" in shown
    assert "Yuki &lt;b&gt;Tanaka" in shown
    assert "30.5\N{NO-BREAK SPACE}°C" in shown, "with the decimal mark of who reads, and its unit"

    assert post(ada, page, "choice", answer=str(second)).status_code == 303
    assert readiness.item(project, "temperature").value == "30,5"
    assert "Which answer counts?" not in ada.get(page).text
    assert post(ada, page, "choice", answer=str(first)).status_code == 409
    assert post(ada, page, "dismissal", answer="99999").status_code == 404


def test_a_choice_is_taken_back(ada: FlaskClient, project: Project) -> None:
    _first, second = contradicted(project)
    page = page_of(project, "temperature")
    post(ada, page, "choice", answer=str(second))
    shown = ada.get(page).text
    address = shown[shown.index("/undo/") :].split('"')[0]

    undone = ada.post(address, data={"csrf_token": csrf_token(ada, page)})

    assert undone.status_code == 303
    assert readiness.item(project, "temperature").value == "21"
    assert "Which answer counts?" in ada.get(page).text


def test_a_point_is_waived_and_listed_apart(ada: FlaskClient, project: Project) -> None:
    page = page_of(project, "circuit")
    with unit_of_work():
        readiness.checklist(project).install_on = clock.today("Europe/Zurich") + timedelta(days=30)
    until = (clock.today("Europe/Zurich") + timedelta(days=3)).isoformat()

    bad = post(
        ada, page, "waiver", waiver_name="Ruth Weber", waiver_reason="ok it is", expires_on="2020-01-01"
    )
    assert bad.status_code == 422
    assert "That day has passed" in bad.text
    assert "ok it is" in bad.text
    assert post(ada, page, "waiver", waiver_name="", waiver_reason="", expires_on=until).status_code == 422
    done = post(
        ada,
        page,
        "waiver",
        waiver_name="Ruth Weber",
        waiver_reason="The electrician comes.",
        expires_on=until,
    )

    assert done.status_code == 303
    shown = ada.get(home(project)).text
    assert "Waived for delivery" in shown
    assert "Ruth Weber answers for it: The electrician comes." in shown
    assert post(ada, page, "waiver/end").status_code == 303
    assert "Waived for delivery" not in ada.get(home(project)).text


def test_a_dispatcher_waives_nothing(app: Flask, project: Project, sign_in: SignIn) -> None:
    with unit_of_work():
        person = people.user(name="Dora Dispatch", role=Role.DISPATCHER)
    browser = sign_in(person)

    assert post(browser, page_of(project, "circuit"), "waiver", waiver_name="x").status_code == 403
    assert "Waive the point" not in browser.get(page_of(project, "circuit")).text


def test_who_may_review_is_asked_and_nobody_else(app: Flask, sign_in: SignIn) -> None:
    asked = readiness.wanted("circuit", "Dedicated circuit is live")
    asked.reviewer = Reviewer.ENGINEER
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[asked]))
        concierge = people.user(name="Maja")
        manager = people.user(name="Ruth", email="ruth@x.example", role=Role.MANAGER)
    maja, ruth = sign_in(concierge), sign_in(manager)
    page = page_of(project, "circuit")
    post(maja, page, "answer", answer="yes")

    assert "waits for our engineer" in maja.get(page).text
    assert post(maja, page, "acceptance").status_code == 409
    assert "1 answer waits for your review" in ruth.get(home(project)).text
    assert post(ruth, page, "acceptance", accept_comment="Seen.").status_code == 303
    assert readiness.item(project, "circuit").is_cleared


def test_a_site_is_judged_and_compared_with_now(ada: FlaskClient, project: Project) -> None:
    page = f"{home(project)}/assessments"
    assert "No assessment yet" in ada.get(page).text
    token = csrf_token(ada, page)
    assert ada.post(page, data={"csrf_token": token, "signed_name": ""}).status_code == 422

    made = ada.post(page, data={"csrf_token": token, "signed_name": "Ada Lind", "note": "By phone"})
    assert made.status_code == 303
    assert "Everything stands as it was judged" in ada.get(made.location).text
    post(ada, page_of(project, "circuit"), "answer", answer="yes")

    shown = ada.get(made.location).text
    assert "“Dedicated circuit is live” was answered with “Yes”." in shown
    assert "unchanged since" in shown
    assert ada.get(f"{page}/99999").status_code == 404


def test_what_was_ready_and_changed_is_said_on_the_list(ada: FlaskClient, project: Project) -> None:
    for key, typed in (("circuit", "yes"), ("temperature", "21")):
        post(ada, page_of(project, key), "answer", answer=typed)
    post(ada, page_of(project, "floor-plan"), "files", file=(io.BytesIO(b"%PDF-1.7 plan"), "plan.pdf"))
    page = f"{home(project)}/assessments"
    ada.post(page, data={"csrf_token": csrf_token(ada, page), "signed_name": "Maja Brunner"})
    post(ada, page_of(project, "temperature"), "answer", answer="31")

    for address in (home(project), page):
        shown = ada.get(address).text
        assert "signed by Maja Brunner, but changed." in shown
        assert (
            "“Temperature” is “31\N{NO-BREAK SPACE}°C”; it was “21\N{NO-BREAK SPACE}°C” (Ada Lind)." in shown
        )


def test_a_frozen_list_is_thawed_with_a_reason(ada: FlaskClient, project: Project) -> None:
    with unit_of_work():
        found = readiness.checklist(project)
        found.frozen_at, found.frozen_why = clock.now(), Freeze.SIGNED_OFF
    assert "Frozen since the site was signed off" in ada.get(home(project)).text
    page = f"{home(project)}/thawing"
    token = csrf_token(ada, page)

    assert ada.post(page, data={"csrf_token": token, "thaw_reason": ""}).status_code == 422
    assert ada.post(page, data={"csrf_token": token, "thaw_reason": "Room moves"}).status_code == 303
    assert "Frozen since" not in ada.get(home(project)).text


def test_what_is_not_asked_is_not_counted(ada: FlaskClient, project: Project) -> None:
    with unit_of_work():
        readiness.item(project, "storage").is_asked = False

    shown = ada.get(home(project)).text
    assert "0 of 3 points are confirmed" in shown
    assert "Not asked here" in shown


def test_today_names_what_was_lost_contradicted_and_waits_for_review(
    app: Flask, ada: FlaskClient, project: Project, sign_in: SignIn
) -> None:
    contradicted(project)
    with unit_of_work():
        found = readiness.checklist(project)
        asked = readiness.item(project, "circuit")
        asked.reviewer = Reviewer.ENGINEER
        found.ready_lost_at = clock.now()
        change = {"key": "circuit", "requirement": asked.requirement, "what": "answer", "before": "yes",
                  "after": "no", "by": "Yuki <Tanaka"}  # fmt: skip
        found.ready_lost = {
            "at": clock.now().isoformat(),
            "name": "",
            "critical": ["circuit"],
            "changes": [change],
        }
    post(ada, page_of(project, "circuit"), "answer", answer="yes")
    with unit_of_work():
        found = readiness.checklist(project)
        found.ready_lost_at = clock.now()
        found.ready_lost = {
            "at": clock.now().isoformat(),
            "name": "",
            "critical": ["circuit"],
            "changes": [change],
        }
        engineer = people.user(name="Dora", email="dora@x.example", role=Role.DISPATCHER)

    concierge, dispatcher = ada.get("/today").text, sign_in(engineer).get("/today").text

    assert "was ready, but changed" in concierge
    assert "Changed by Yuki &lt;Tanaka: Dedicated circuit is live" in concierge
    assert "Choose which answer counts: Temperature" in concierge
    assert "Review the answer: Dedicated circuit is live" not in concierge
    assert "Review the answer: Dedicated circuit is live" in dispatcher
    assert "Was ready on" in ada.get(f"/projects/{project.key}").text


def test_giving_an_answer_back_is_taken_back_with_all_that_followed(
    app: Flask, ada: FlaskClient, project: Project
) -> None:
    for key, typed in (("circuit", "yes"), ("temperature", "21")):
        post(ada, page_of(project, key), "answer", answer=typed)
    post(ada, page_of(project, "floor-plan"), "files", file=(io.BytesIO(b"%PDF-1.7 plan"), "plan.pdf"))
    with unit_of_work():
        by = answering.Answerer(name="Yuki Tanaka", channel=Channel.PDF)
        signing.sign_list(
            readiness.checklist(project), name="Yuki Tanaka", decision=Decision.READY, meaning="Ready.",
            at=clock.now(), by=by,
        )  # fmt: skip
    worker.drain(app)
    letters = db.session.scalar(sa.select(sa.func.count(OutgoingMail.id)))
    page = page_of(project, "circuit")
    post(ada, page, "reopening", reason="The fuse blew.")
    assert readiness.checklist(project).ready_lost_at is not None
    assert queries.signatures_on(readiness.checklist(project).id)[0].ended_at is not None
    shown = ada.get(page).text
    address = shown[shown.index("/undo/") :].split('"')[0]

    assert ada.post(address, data={"csrf_token": csrf_token(ada, page)}).status_code == 303

    assert readiness.item(project, "circuit").value == "yes"
    assert readiness.checklist(project).ready_lost_at is None
    assert queries.signatures_on(readiness.checklist(project).id)[0].ended_at is None
    ship = db.session.scalars(
        sa.select(Gate).where(Gate.project_id == project.id, Gate.kind == GateKind.SHIP)
    ).one()
    assert (ship.state, ship.open_items) == (GateState.CLEAR, 0)
    worker.drain(app)
    assert db.session.scalar(sa.select(sa.func.count(OutgoingMail.id))) == letters, "no letter of new dates"


def test_a_section_is_signed_with_the_customer_on_the_phone(ada: FlaskClient, project: Project) -> None:
    page = f"{home(project)}/sections/power/signature"
    assert "no answer yet. Answer it first." in ada.get(page).get_data(as_text=True)
    post(ada, page_of(project, "circuit"), "answer", answer="yes")
    shown = ada.get(page).get_data(as_text=True)
    assert "Dedicated circuit is live" in shown
    assert "I confirm that what stands here under “Power” is right." in shown

    seen = seen_in(shown)
    fields = {"who": "phone", "signer": "Yuki Tanaka", "title": "Facilities", "seen": seen}
    nameless = post_to(ada, page, **{**fields, "signer": ""})
    assert (nameless.status_code, "Facilities" in nameless.get_data(as_text=True)) == (422, True)
    signed = post_to(ada, page, **fields)

    assert signed.status_code == 303
    assert "Yuki Tanaka signed on" in ada.get(signed.location).get_data(as_text=True)
    (row,) = queries.signatures_on(readiness.checklist(project).id)
    ours = db.session.scalars(sa.select(User).where(User.name == "Ada Lind")).one()
    assert (row.by_id, row.witness_id, row.channel) == (None, ours.id, Channel.STAFF)
    assert row.content_hash == seen
    listed = ada.get(home(project)).get_data(as_text=True)
    assert "on the phone with Ada Lind" in listed


def test_what_changed_meanwhile_is_not_signed_and_our_engineer_signs_beside(
    ada: FlaskClient, project: Project
) -> None:
    page = f"{home(project)}/sections/power/signature"
    post(ada, page_of(project, "circuit"), "answer", answer="yes")
    fields = {"who": "ours", "signer": "Ada Lind"}
    seen = seen_in(ada.get(page).get_data(as_text=True))
    post(ada, page_of(project, "circuit"), "answer", answer="no", comment="Tripped.")

    refused = post_to(ada, page, **fields, seen=seen)
    again = refused.get_data(as_text=True)
    assert (refused.status_code, "Something was changed" in again, "Tripped." in again) == (409, True, True)
    assert post_to(ada, page, **fields, seen=seen_in(again)).status_code == 303

    (row,) = queries.signatures_on(readiness.checklist(project).id)
    assert (row.witness_id, "I looked at what stands here" in row.meaning) == (None, True)
    post(ada, page_of(project, "circuit"), "answer", answer="yes")
    assert "The signature of Ada Lind ended" in ada.get(home(project)).get_data(as_text=True)


def test_the_customer_declares_the_site_beside_one_of_ours(ada: FlaskClient, project: Project) -> None:
    page = f"{home(project)}/signature"
    shown = ada.get(page).get_data(as_text=True)
    fields = {"who": "beside", "signer": "Yuki Tanaka", "seen": seen_in(shown)}
    assert 'value="ours"' not in shown, "ready is what the customer declares"

    ready = post_to(ada, page, **fields, decision="ready")
    assert (ready.status_code, "still hold delivery" in ready.get_data(as_text=True)) == (409, True)
    bare = post_to(ada, page, **fields, decision="ready with conditions")
    assert (bare.status_code, "Write the conditions." in bare.get_data(as_text=True)) == (422, True)
    done = post_to(ada, page, **fields, decision="ready with conditions", conditions="Power by Friday.")

    assert done.status_code == 303
    assert readiness.checklist(project).frozen_why is Freeze.SIGNED_OFF
    assert ada.get(f"{home(project)}/sections/water/signature").status_code == 404


def test_several_choices_and_a_name_are_answered_here_too(app: Flask, sign_in: SignIn) -> None:
    asked = readiness.four_items()
    asked[0].type, asked[0].choices = ItemType.MULTI, {"he": {"en": "Helium"}, "n2": {"en": "Nitrogen"}}
    asked[1].type = ItemType.SIGNATURE
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=asked))
        ada = people.user(name="Ada Lind")
    browser = sign_in(ada)
    post(browser, page_of(project, asked[0].key), "answer", answer=["he", "n2"])
    post(browser, page_of(project, asked[1].key), "answer", answer="Yuki Tanaka")

    assert readiness.item(project, asked[0].key).value == "he, n2"
    assert readiness.item(project, asked[1].key).verdict is Verdict.OK
    again = browser.get(page_of(project, asked[0].key)).get_data(as_text=True)
    assert again.count(" checked") == 2


def post_to(browser: FlaskClient, page: str, **fields: object) -> TestResponse:
    return browser.post(page, data={"csrf_token": csrf_token(browser, page), **fields})


def seen_in(page: str) -> str:
    return hidden_in(page, of="seen")["seen"][0]


@time_machine.travel(orders.RECEIVED, tick=False)
def test_today_and_the_list_say_how_much_is_done_and_what_is_critical(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    """By weight; an item of advice counts too, and a list from before it was kept is counted by the hour."""
    with unit_of_work():
        person = people.user(name="Ada Lind")
        readiness.item(project, "circuit").weight = 5
    ada = sign_in(person)
    post(ada, page_of(project, "storage"), "answer", answer="yes")
    assert share(ada, "/projects") == ("12 %", "3 critical open")
    post(ada, page_of(project, "circuit"), "answer", answer="yes")

    assert share(ada, "/projects") == share(ada, "/today?whose=all") == ("75 %", "2 critical open")
    with unit_of_work():
        db.session.execute(sa.update(Gate).values(percent=None))
    assert share(ada, "/projects") == share(ada, "/today?whose=all") is None
    chores.judge_sites(clock.now())
    assert share(ada, "/projects") == ("75 %", "2 critical open")
    exported = ada.get("/projects/export.csv?columns=ready").get_data(as_text=True)
    assert exported.splitlines()[1].endswith(",75")


def share(browser: FlaskClient, path: str) -> tuple[str, str] | None:
    """The number and the note beside the bar that a page shows first."""
    text = browser.get(path).get_data(as_text=True)
    found = re.search(r'class="share [a-z]+">.*?class="n">([^<]*)<.*?class="meta">([^<]*)<', text, re.DOTALL)
    return (found[1], found[2]) if found else None
