"""`concierge checklists take`: a copy that came back, at a terminal."""

import json
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from concierge.cli import main
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness.models import ReturnedDocument
from tests.makers import readiness
from tests.readiness.copies import made, of, saved
from tests.readiness.test_returning import AT, items


@pytest.fixture
def project(app: Flask) -> Project:
    with time_machine.travel(AT, tick=False), unit_of_work():
        return readiness.project(readiness.instrument(items=items()))


def test_a_copy_is_taken_by_the_note_in_it(app: Flask, project: Project, tmp_path: Path) -> None:
    file = tmp_path / "back.pdf"
    file.write_bytes(saved(made(of(project, circuit="yes", temperature="about seven"))))
    runner = app.test_cli_runner()

    done = runner.invoke(main, ["checklists", "take", str(file), "--json"])

    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.output)
    assert (told["key"], told["is_new"], told["outcome"]) == (project.key, True, "partly taken")
    assert {entry["key"]: entry["fate"] for entry in told["entries"]} == {
        "circuit": "taken",
        "temperature": "for a person",
    }
    assert readiness.item(project, "circuit").value == "yes"

    again = runner.invoke(main, ["checklists", "take", str(file)])

    assert again.exit_code == 0
    assert "Partly taken" in again.output
    db.session.rollback()
    assert db.session.query(ReturnedDocument).count() == 1


@pytest.mark.parametrize(
    ("data", "more", "sentence"),
    [
        (b"%PDF-1.7 rubbish", [], "does not say which project"),
        (b"%PDF-1.7 rubbish", ["--project", "ZZ-1"], "There is no project ZZ-1"),
        (b"hello", ["--project", "KEY"], "Choose the checklist as a PDF"),
        (b"", ["--project", "KEY"], "empty"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    app: Flask, project: Project, tmp_path: Path, data: bytes, more: list[str], sentence: str
) -> None:
    file = tmp_path / "back.pdf"
    file.write_bytes(data)

    done = app.test_cli_runner().invoke(
        main, ["checklists", "take", str(file), *(project.key if one == "KEY" else one for one in more)]
    )

    assert done.exit_code == 1
    assert sentence in done.output
