"""The record copy: made like the working copy, kept apart from it, with every answer and signature for machines."""

import io
import json
from collections.abc import Callable
from datetime import timedelta

import page as page_validation
import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.platform import clock, worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.actions import answering
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.document import filling
from concierge.readiness.models import ReadinessSignature
from concierge.readiness.states import Channel, DocumentKind
from tests.conftest import csrf_token
from tests.makers import people, readiness

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


def answered_and_signed(project: Project) -> int:
    """An answer from the customer's page, and a signature of the whole list; the id of the answer."""
    found = readiness.checklist(project)
    with unit_of_work():
        done = answering.answer_item(
            readiness.item(project, "circuit"),
            typed="yes",
            comment="Fuse 7",
            at=clock.now() - timedelta(hours=1),
            by=Answerer(name="山田太郎", channel=Channel.WEB),
            seen=0,
        )
        db.session.add(
            ReadinessSignature(
                checklist_id=found.id,
                name="山田太郎",
                meaning="All of it is true.",
                signed_at=clock.now(),
                channel=Channel.WEB,
                content_hash="ab" * 32,
            )
        )
    return done.answer_id


def test_a_record_is_made_beside_the_working_copy(app: Flask, ada: FlaskClient, project: Project) -> None:
    answer_id = answered_and_signed(project)
    worker.drain(app)
    found = readiness.checklist(project)
    working = [one.revision for one in queries.documents_of(found.id)]
    home = f"/projects/{project.key}/readiness"
    assert ada.get(f"{home}.pdf?kind=record&language=en").status_code == 202

    made = ada.post(
        f"{home}/prints", data={"csrf_token": csrf_token(ada, home), "language": "en", "kind": "record"}
    )
    assert "kind=record" in made.location
    worker.drain(app)
    shown = ada.get(made.location)

    assert shown.content_type == "application/pdf"
    assert "record" in shown.headers["Content-Disposition"]
    for profile in (page_validation.ValidationProfile.PDF_A_3A, page_validation.ValidationProfile.PDF_UA_1):
        assert page_validation.validate_pdf_bytes(shown.data, profile=profile).is_compliant
    db.session.rollback()
    assert [one.revision for one in queries.documents_of(found.id)] == working, "records count apart"
    (kept,) = queries.documents_of(found.id, kind=DocumentKind.RECORD)
    assert kept.revision == 1
    with pikepdf.open(io.BytesIO(shown.data)) as pdf:
        said = json.loads(pdf.attachments["answers.json"].get_file().read_bytes())
    circuit = next(item for item in said["items"] if item["key"] == "circuit")
    assert (circuit["value"], circuit["comment"], circuit["answer"]) == ("yes", "Fuse 7", answer_id)
    assert (circuit["answered_by"], circuit["channel"]) == ("山田太郎", "web")
    (signature,) = said["signatures"]
    assert (signature["name"], signature["sha256"]) == ("山田太郎", "ab" * 32)
    assert "Record 1" in ada.get(home).get_data(as_text=True)


def test_a_working_copy_remembers_which_answers_it_shows(app: Flask, project: Project) -> None:
    answer_id = answered_and_signed(project)
    found = readiness.checklist(project)

    with app.test_request_context():
        document = filling.filled(found, queries.project_of(found), language="en")

    circuit = next(item for item in document.items if item.key == "circuit")
    assert (circuit.typed, circuit.comment, circuit.seen) == ("yes", "Fuse 7", answer_id)
    assert circuit.audit == (), "who answered when is for the record"
    assert all(item.seen == 0 for item in document.items if item.key != "circuit")


def test_the_page_offers_both_kinds_in_six_languages(ada: FlaskClient, project: Project) -> None:
    page = ada.get(f"/projects/{project.key}/readiness").get_data(as_text=True)

    for code in ("en", "de", "fr", "es", "ja", "ar"):
        assert f'<option value="{code}"' in page
    assert 'name="kind" value="working"' in page
    assert 'name="kind" value="record"' in page
