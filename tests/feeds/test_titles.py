"""A visit from a playbook is called what its reader calls it, until a person gives it a name."""

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import selectinload

from concierge.catalogue.states import VisitKind
from concierge.feeds import queries
from concierge.platform.database import db, unit_of_work
from concierge.visits.actions import arranging
from concierge.visits.models import Visit
from tests.makers import orders, projects


def told(visit: Visit, language: str) -> str:
    data = queries.visit_file(visit.id, language=language, at=orders.RECEIVED, for_staff=True)
    return data.decode().replace("\r\n ", "")


def test_a_german_letter_carries_german_titles(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        visit = db.session.scalars(
            sa.select(Visit).where(Visit.project_id == project.id, Visit.kind == VisitKind.INSTALL)
        ).one()
        assert visit.titles == {"en": "Install", "de": "Installation"}

    assert "What: Install\\n" in told(visit, "en")
    assert "Was: " not in told(visit, "de")  # as the kind says already
    assert "Install\\n" not in told(visit, "de")


def test_what_a_person_calls_a_visit_stays_in_every_language(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        visit = db.session.scalars(
            sa.select(Visit)
            .where(Visit.project_id == project.id, Visit.kind == VisitKind.INSTALL)
            .options(selectinload(Visit.crew_members))
        ).one()
        arranging.change_details(
            visit,
            title="Install with crane",
            kind=visit.kind,
            milestone_id=visit.milestone_id,
            skill=visit.skill,
            crew=visit.crew,
            note=visit.note,
            at=orders.RECEIVED,
            actor_id=None,
        )

    assert visit.titles == {}
    assert "What: Install with crane" in told(visit, "en")
    assert "Was: Install with crane" in told(visit, "de")
    assert b"crane" not in queries.visit_file(visit.id, language="en", at=orders.RECEIVED)  # for a customer
