"""Notes and serial numbers: written, changed by two people, removed and kept in the history."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import notes as writing
from concierge.projects.models import Project, ProjectNote, ProjectPlaybook, Unit
from tests.conftest import csrf_token
from tests.makers import people, projects
from tests.makers.orders import RECEIVED

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return projects.live()


def post(browser: FlaskClient, path: str, **fields: object) -> int:
    token = csrf_token(browser, "/settings/me")
    return browser.post(path, data={"csrf_token": token, **fields}).status_code


def story(project: Project, browser: FlaskClient) -> str:
    return browser.get(f"/projects/{project.key}/history").get_data(as_text=True)


def kept() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(ProjectNote.text).order_by(ProjectNote.id)))


def test_a_note_is_written_shown_and_told(project: Project, ada: FlaskClient) -> None:
    assert post(ada, f"/projects/{project.key}/notes", text="Gate 3, ask for Urs.\nBring badges.") == 303

    page = ada.get(f"/projects/{project.key}/notes").get_data(as_text=True)
    assert "Gate 3, ask for Urs.\nBring badges." in page
    assert "Ada Lind" in page
    assert "wrote a note: Gate 3, ask for Urs. Bring badges." in story(project, ada)
    assert "Gate 3" in ada.get(f"/projects/{project.key}").get_data(as_text=True)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 8001])
def test_a_note_needs_a_text_of_some_length(project: Project, ada: FlaskClient, text: str) -> None:
    assert post(ada, f"/projects/{project.key}/notes", text=text) == 422

    assert kept() == []


def test_markup_in_a_note_stays_text(project: Project, ada: FlaskClient) -> None:
    post(ada, f"/projects/{project.key}/notes", text="<script>alert(1)</script>")

    for path in ("notes", "history", ""):
        assert "<script>alert" not in ada.get(f"/projects/{project.key}/{path}".rstrip("/")).get_data(
            as_text=True
        )


def test_of_two_people_the_second_sees_what_the_first_wrote(project: Project, ada: FlaskClient) -> None:
    with unit_of_work():
        note = writing.write_note(project.id, text="Gate 3", actor_id=None, at=RECEIVED)
    path = f"/projects/{project.key}/notes/{note.id}"

    assert post(ada, path, text="Gate 4", version="1") == 303
    token = csrf_token(ada, path)
    answer = ada.post(path, data={"csrf_token": token, "text": "Gate 5", "version": "1"})
    page = answer.get_data(as_text=True)

    assert answer.status_code == 409
    assert "Changed while you were editing: Ada Lind" in page
    assert "Gate 4" in page
    assert "Gate 5" in page
    assert kept() == ["Gate 4"]
    assert post(ada, path, text="Gate 5", version="2") == 303
    assert kept() == ["Gate 5"]
    assert "changed a note from “Gate 4” to “Gate 5”" in story(project, ada)


def test_a_removed_note_stays_in_the_history(project: Project, ada: FlaskClient) -> None:
    with unit_of_work():
        note = writing.write_note(project.id, text="Gate 3", actor_id=None, at=RECEIVED)

    assert post(ada, f"/projects/{project.key}/notes/{note.id}/removal") == 303

    assert kept() == []
    assert "removed a note that said: Gate 3" in story(project, ada)


def test_a_dispatcher_changes_only_own_notes(project: Project, sign_in: SignIn) -> None:
    with unit_of_work():
        dora = people.user(name="Dora Vogt", role=Role.DISPATCHER)
        own = writing.write_note(project.id, text="Mine", actor_id=dora.id, at=RECEIVED)
        other = writing.write_note(project.id, text="Ada’s", actor_id=None, at=RECEIVED)
    browser = sign_in(dora)

    assert post(browser, f"/projects/{project.key}/notes/{other.id}/removal") == 404
    assert post(browser, f"/projects/{project.key}/notes/{own.id}/removal") == 303
    assert kept() == ["Ada’s"]


def test_somebody_who_does_not_see_the_project_writes_nothing(project: Project, sign_in: SignIn) -> None:
    with unit_of_work():
        mallory = people.user(name="Mallory Kern", role=Role.TECHNICIAN)
    browser = sign_in(mallory)

    assert browser.get(f"/projects/{project.key}/notes").status_code == 404
    assert post(browser, f"/projects/{project.key}/notes", text="Hello") == 404
    assert kept() == []


def line_of(project: Project) -> int:
    found = db.session.scalar(
        sa.select(ProjectPlaybook.order_line_id).where(ProjectPlaybook.project_id == project.id)
    )
    assert found
    return found


def with_a_line(project: Project) -> int:
    """The line that the project brings; made where the standard plan has none."""
    known = db.session.scalar(
        sa.select(ProjectPlaybook.order_line_id).where(ProjectPlaybook.project_id == project.id)
    )
    if known:
        return known
    from concierge.catalogue.models import PlaybookVersion
    from concierge.orders.models import OrderLine

    with unit_of_work():
        line = db.session.scalars(
            sa.select(OrderLine.id).where(OrderLine.order_id == project.order_id)
        ).first()
        version = db.session.scalars(sa.select(PlaybookVersion.id)).first()
        db.session.add(ProjectPlaybook(project_id=project.id, order_line_id=line, version_id=version))
    return line_of(project)


def test_a_serial_number_is_noted_once_and_told(project: Project, ada: FlaskClient) -> None:
    line = with_a_line(project)
    path = f"/projects/{project.key}/units"

    assert post(ada, path, line=line, serial=" HX-90-0042 ") == 303
    assert post(ada, path, line=line, serial="HX-90-0042") == 409
    assert post(ada, path, line=line, serial="") == 422
    assert post(ada, path, line=987654, serial="HX-1") == 422

    db.session.rollback()
    assert list(db.session.scalars(sa.select(Unit.serial))) == ["HX-90-0042"]
    assert "noted the serial number HX-90-0042" in story(project, ada)


def test_a_removed_serial_number_stays_in_the_history(project: Project, ada: FlaskClient) -> None:
    line = with_a_line(project)
    with unit_of_work():
        unit = writing.record_unit(project.id, order_line_id=line, serial="HX-1", actor_id=None, at=RECEIVED)

    assert post(ada, f"/projects/{project.key}/units/{unit.id}/removal") == 303

    names = db.session.scalars(
        sa.select(RecordedEvent.name).where(RecordedEvent.name.startswith("Unit")).order_by(RecordedEvent.id)
    ).all()
    assert names == ["UnitRecorded", "UnitRemoved"]
    assert "removed the serial number HX-1" in story(project, ada)
