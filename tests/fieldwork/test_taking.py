"""Taking what devices send: once, for themselves, and with what they could not know."""

import pytest
from flask import Flask

from concierge.fieldwork import queries
from concierge.fieldwork.protocol import Outcome
from concierge.fieldwork.states import RecordKind
from concierge.platform.database import unit_of_work
from concierge.projects.models import Project
from concierge.visits.states import VisitState
from tests.makers import fieldwork, projects, visits, workforce


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return projects.live()


def outcomes(results: object) -> list[Outcome]:
    return [one.outcome for one in results]  # type: ignore[attr-defined]  # a list of results


def test_a_whole_visit_arrives_at_once(project: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        visit = fieldwork.visit(project, tomas)

    with unit_of_work():
        results = fieldwork.filled_and_signed(visit, by=tomas.user_id)

    assert outcomes(results) == [Outcome.DONE] * 9, results
    assert visits.again(visit).state is VisitState.COMPLETE
    (report,) = queries.records_of_project(project.id)
    assert (report.kind, report.revision) == (RecordKind.REPORT, 1)
    assert [one["party"] for one in report.content["signatures"]] == ["technician", "customer"]
