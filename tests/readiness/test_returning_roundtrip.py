"""Our own working copy, filled in by the programs that people use, comes back with the same values."""

import pytest
import time_machine
from flask import Flask

from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.readiness import queries
from concierge.readiness.actions import taking
from concierge.readiness.actions.taking import Arrived, Source
from concierge.readiness.document import filling as document
from concierge.readiness.document import printing
from concierge.readiness.states import Channel, Fate, Outcome
from tests.makers import people, readiness
from tests.readiness.copies import keep_print
from tests.readiness.filling import ENGINES
from tests.readiness.test_returning import AT, FLOORS, items, row, work

NAMES = {"en": "Anna O’Neill", "de": "Jörg Müßig", "ja": "山田太郎", "ar": "ليلى حداد"}


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_filled_in_comes_back(app: Flask, engine: str, language: str) -> None:
    with time_machine.travel(AT, tick=True):
        with unit_of_work():
            project = readiness.project(readiness.instrument(items=items()), language=language)
            keep_print(project, "TEST2345", language=language)
            person_id = people.user().id
        checklist = readiness.checklist(project)
        copy = document.filled(
            checklist,
            queries.project_of(checklist),
            language=language,
            revision=1,
            revised_on=clock.today("UTC"),
            code="TEST2345",
        )
        printed = printing.printed(copy).data
    label = FLOORS["wood"].get(language, FLOORS["wood"]["en"])
    wanted = {
        "circuit-val": "yes",
        "storage-val": "no",
        "temperature-val": "71,6 °F",
        "floor-val": label if engine == "pdfium" else "wood",
        "ready-day-val": "2026-04-02",
        "contact-name-val": NAMES[language],
        "storage-note": f"{NAMES[language]}: 2. Obergeschoss",
    }

    data = ENGINES[engine](printed, wanted)
    with unit_of_work():
        source = Source(Channel.STAFF, user_id=person_id)
        returned_id = taking.receive(project.id, [Arrived("back.pdf", data)], source, at=AT).new[0].id
    work(app)

    back = row(returned_id)
    assert (back.outcome, back.revision, back.document_id is not None) == (Outcome.TAKEN, 1, True), (
        back.entries
    )
    assert {entry["fate"] for entry in back.entries} == {Fate.TAKEN.value}
    assert {item.key: (item.value, item.comment) for item in readiness.checklist(project).items} == {
        "circuit": ("yes", ""),
        "storage": ("no", f"{NAMES[language]}: 2. Obergeschoss"),
        "temperature": ("71,6 °F", ""),
        "floor": ("wood", ""),
        "ready-day": ("2026-04-02", ""),
        "contact-name": (NAMES[language], ""),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_what_nobody_touched_is_nothing(app: Flask, engine: str) -> None:
    with time_machine.travel(AT, tick=True):
        with unit_of_work():
            project = readiness.project(readiness.instrument(items=items()))
            person_id = people.user().id
        checklist = readiness.checklist(project)
        copy = document.filled(
            checklist,
            queries.project_of(checklist),
            language="en",
            revised_on=clock.today("UTC"),
            code="TEST2345",
        )
        printed = printing.printed(copy).data

    data = ENGINES[engine](printed, {})
    with unit_of_work():
        source = Source(Channel.STAFF, user_id=person_id)
        returned_id = taking.receive(project.id, [Arrived("back.pdf", data)], source, at=AT).new[0].id
    work(app)

    assert row(returned_id).outcome is Outcome.NOTHING_FILLED, row(returned_id).entries
