"""Codes on prints, the page behind them, and the ledger that every shown date enters."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from concierge.core import codes
from concierge.identity.models import User
from concierge.orders.models import OrderLine
from concierge.platform import clock, files, settings, worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import proposals, rescheduling
from concierge.projects.models import Project, ProjectPlaybook, Promise
from concierge.projects.states import ProposalKind, ShownOn
from concierge.readiness import queries, scope
from concierge.readiness.actions import answering, sending
from concierge.readiness.document import filling
from concierge.readiness.models import ChecklistDocument
from tests.makers import orders, people, projects, readiness

SignIn = Callable[[User], FlaskClient]
SOON = orders.RECEIVED + timedelta(hours=1)


@pytest.fixture
def project(app: Flask) -> Project:
    """A project whose letter has gone out an hour after its approval."""
    with time_machine.travel(SOON, tick=True):
        with unit_of_work():
            made = readiness.project()
        worker.drain(app)
    db.session.rollback()
    db.session.expire_all()  # the worker has written to rows that this session still holds
    return made


def documents(project: Project) -> list[ChecklistDocument]:
    """The prints of a project, the newest first."""
    db.session.rollback()
    return queries.documents_of(readiness.checklist(project).id)


def ledger() -> dict[ShownOn, set[str]]:
    db.session.rollback()
    found: dict[ShownOn, set[str]] = {}
    for row in db.session.scalars(sa.select(Promise).order_by(Promise.id)):
        found.setdefault(row.shown_on, set()).add(row.milestone_key)
    return found


def token_of(project: Project) -> str:
    nonce = readiness.checklist(project).link_nonce
    return scope.link_token(nonce, key=settings.current().secret_key)


def forget() -> None:
    with unit_of_work():
        db.session.execute(sa.delete(Promise))


def print_anew(app: Flask, project: Project) -> None:
    """Answer an item and have the newest print made."""
    with unit_of_work():
        item = next(one for one in readiness.checklist(project).items if one.key == "circuit")
        answering.answer_item(item, typed="yes", comment="", at=clock.now(), by=answering.Answerer())
    with unit_of_work():
        sending.order_print(readiness.checklist(project).id, language="en", content_hash="not made yet")
    worker.drain(app)


def test_every_page_of_a_print_carries_its_code(app: Flask, project: Project) -> None:
    (kept,) = documents(project)

    assert kept.code is not None
    for page in PdfReader(io.BytesIO(files.read(kept.file))).pages:
        assert f"Code {codes.written(kept.code)}" in page.extract_text()


def test_a_letter_enters_what_it_shows_and_no_more(app: Flask, project: Project) -> None:
    (kept,) = documents(project)
    shown = ledger()

    assert shown[ShownOn.MAIL] == {"delivery"}
    assert shown[ShownOn.PDF] == {one["milestone"] for one in kept.shown}
    assert shown[ShownOn.PDF] == {"lab-prep", "delivery", "install", "training", "handover"}
    references = db.session.scalars(
        sa.select(Promise.reference).where(Promise.shown_on == ShownOn.PDF).distinct()
    ).all()
    assert references == [codes.written(kept.code or "")]


def test_the_printed_link_is_a_page_that_promises_once(
    app: Flask, client: FlaskClient, project: Project
) -> None:
    forget()
    with time_machine.travel(SOON, tick=True):
        for _ in range(3):
            assert client.get(f"/checklist/{token_of(project)}").status_code == 200

    assert ledger() == {ShownOn.PAGE: {"delivery"}}
    assert db.session.scalar(sa.select(sa.func.count(Promise.id))) == 1


def test_handing_out_the_pdf_promises_what_it_prints(
    app: Flask, client: FlaskClient, project: Project
) -> None:
    forget()
    with time_machine.travel(SOON, tick=True):
        assert client.get(f"/checklist/{token_of(project)}/checklist.pdf").data.startswith(b"%PDF")

    assert ledger() == {ShownOn.PDF: {"lab-prep", "delivery", "install", "training", "handover"}}


def test_what_staff_look_at_promises_nothing(app: Flask, project: Project, sign_in: SignIn) -> None:
    (kept,) = documents(project)
    forget()
    with time_machine.travel(SOON, tick=True):
        with unit_of_work():
            person = people.user()
        ada = sign_in(person)
        for path in (
            f"/checklist/{token_of(project)}",
            f"/d/{kept.code}",
            f"/projects/{project.key}/readiness.pdf",
        ):
            assert ada.get(path).status_code in {200, 202}

    assert ledger() == {}


def test_a_code_says_that_its_print_is_current(app: Flask, client: FlaskClient, project: Project) -> None:
    (kept,) = documents(project)
    written = codes.written(kept.code or "")

    for typed in (written, written.lower(), (kept.code or "").replace("0", "O")):
        page = client.get(f"/d/{typed}").text
        assert "This document is current" in page
        assert "revision 1 of 2 Mar 2026" in page
        for internal in (project.key, project.name, "Halden", "Yuki", token_of(project)):
            assert internal not in page


def test_a_code_names_the_print_that_took_its_place(
    app: Flask, client: FlaskClient, project: Project
) -> None:
    (old,) = documents(project)
    print_anew(app, project)
    newest, _old = documents(project)
    today = clock.today(project.site.zone)

    page = client.get(f"/d/{old.code}").text
    with_link = client.get(f"/d/{old.code}?t={token_of(project)}").text
    with_another = client.get(f"/d/{old.code}?t={'a' * 26}").text

    assert "A newer document has taken its place" in page
    assert f"{today.day} {today:%b}" in page
    assert "revision 2" in page
    assert codes.written(newest.code or "") in page
    assert token_of(project) not in page
    assert f"/checklist/{token_of(project)}" in with_link
    assert with_another == page


@pytest.mark.parametrize("code", ["0000-0000", "x", "7K3M-Q0Z", "U" * 8, "%2e%2e", "a" * 300])
def test_a_wrong_code_looks_like_any_address_that_is_not_there(
    app: Flask, client: FlaskClient, project: Project, code: str
) -> None:
    wrong, nothing = client.get(f"/d/{code}"), client.get("/nothing/of/the/kind")

    assert wrong.status_code == nothing.status_code == 404
    assert wrong.text == nothing.text


def test_nobody_finds_codes_by_trying(app: Flask, client: FlaskClient, project: Project) -> None:
    (kept,) = documents(project)
    for _ in range(25):
        client.get(f"/d/{kept.code}")
    tried = [client.get(f"/d/{codes.drawn()}").status_code for _ in range(21)]

    assert tried == [404] * 20 + [429]
    assert client.get(f"/d/{kept.code}").status_code == 429


def test_the_qr_code_leads_to_the_code_and_from_there_to_the_newest(app: Flask, project: Project) -> None:
    checklist = readiness.checklist(project)
    value = filling.filled(checklist, queries.project_of(checklist), language="en", code="7K3MQ0ZD")

    assert value.scanned.endswith(f"/d/7K3M-Q0ZD?t={token_of(project)}")
    assert replace(value, code="").scanned == value.link


def test_a_changed_order_does_not_show_before_it_is_accepted(app: Flask, project: Project) -> None:
    with unit_of_work():
        line = db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == project.order_id)).one()
        line.quantity = line.quantity * 3

    def subject() -> tuple[str, ...]:
        db.session.rollback()
        db.session.expire_all()
        checklist = readiness.checklist(project)
        return filling.filled(checklist, queries.project_of(checklist), language="en").instruments

    before = subject()
    with unit_of_work():
        asked = proposals.propose(
            project.id, ProposalKind.NEW_DATES, note="Three, please", actor_id=None, at=SOON
        )
        proposals.accept(project.id, asked.id, reason="", actor_id=None, at=SOON)

    assert before == ("LCMS-HB",)
    assert subject() == ("3\xa0×\xa0LCMS-HB",)
    assert db.session.scalar(sa.select(ProjectPlaybook.quantity)) == 3


def test_a_delivery_that_moved_is_a_promise_of_its_own(app: Flask, project: Project) -> None:
    with time_machine.travel(SOON, tick=True):
        with unit_of_work():
            delivery = projects.milestone(project, "delivery")
            rescheduling.move_milestone(
                project.id,
                delivery.id,
                to=(delivery.start_on or SOON.date()) + timedelta(days=7),
                reason="",
                actor_id=None,
                at=SOON,
            )
        worker.drain(app)

    db.session.rollback()
    by_mail = sa.select(Promise.finish_on).where(
        Promise.shown_on == ShownOn.MAIL, Promise.milestone_key == "delivery"
    )
    assert len(set(db.session.scalars(by_mail))) == 2


def test_a_print_never_shows_installation_before_the_delivery_it_waits_for(
    app: Flask, project: Project
) -> None:
    with unit_of_work():
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=(delivery.start_on or SOON.date()) + timedelta(days=21),
            reason="",
            actor_id=None,
            at=SOON,
        )

    checklist = readiness.checklist(project)
    value = filling.filled(checklist, queries.project_of(checklist), language="en")
    days = [step.on for step in value.steps if step.on is not None]
    assert days == sorted(days)
    assert value.delivery_on in days
