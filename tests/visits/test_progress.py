"""Confirming, starting, finishing and cancelling visits."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import VisitKind
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Gate
from concierge.projects.states import GateState
from concierge.visits import queries
from concierge.visits.actions import arranging, checks, progress
from concierge.visits.states import VisitState
from tests.makers import projects, visits, workforce
from tests.makers.days import at
from tests.makers.visits import site_of, wall

NOW = at("Mon 2026-03-02 10:00+00:00")


def test_a_visit_goes_its_whole_way(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        visit = visits.visit(project, workforce.technician(), kind=VisitKind.TRAINING)
    way: list[tuple[Callable[..., None], VisitState]] = [
        (progress.confirm, VisitState.CONFIRMED),
        (progress.accept, VisitState.ACCEPTED),
        (progress.set_out, VisitState.ON_ROUTE),
        (progress.start, VisitState.IN_PROGRESS),
    ]

    for number, (act, state) in enumerate(way, start=1):
        with unit_of_work():
            act(visit, at=NOW, actor_id=None)
        assert visit.state is state
        assert visit.sequence == number
    with unit_of_work():
        progress.finish(visit, is_complete=True, note="All done", at=NOW, actor_id=None)

    assert visit.state is VisitState.COMPLETE
    assert visit.note == "All done"


def test_nobody_can_be_confirmed_to_come(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project)
        delivery = visits.visit(project, kind=VisitKind.DELIVERY, crew=0)

    with pytest.raises(checks.NotNow, match="Nobody goes yet"), unit_of_work():
        progress.confirm(visit, at=NOW, actor_id=None)
    with unit_of_work():
        progress.confirm(delivery, at=NOW, actor_id=None)

    assert delivery.state is VisitState.CONFIRMED


def test_a_confirmed_visit_keeps_somebody_and_an_accepted_one_is_asked_again(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project, workforce.technician(), state=VisitState.CONFIRMED)
        progress.accept(visit, at=NOW, actor_id=None)

    with pytest.raises(checks.NotNow, match="somebody has to go"), unit_of_work():
        arranging.assign_technicians(visit, technician_ids=[], site=site_of(project), at=NOW, actor_id=None)
    with unit_of_work():
        visit = queries.visit_for_change(visit.id)
        arranging.move_visit(
            visit,
            starts_local=wall("Wed 2026-03-18 09:00"),
            ends_local=wall("Wed 2026-03-18 12:00"),
            site=site_of(project),
            at=NOW,
            actor_id=None,
        )

    assert visit.state is VisitState.CONFIRMED


@pytest.mark.parametrize(
    ("state", "act", "sentence"),
    [
        (VisitState.TENTATIVE, progress.start, "is tentative; it cannot become in progress"),
        (VisitState.TENTATIVE, progress.accept, "is tentative; it cannot become accepted"),
        (VisitState.CONFIRMED, progress.confirm, "is confirmed; it cannot become confirmed"),
    ],
)
def test_what_may_not_follow_is_refused_in_words(
    app: Flask, state: VisitState, act: Callable[..., None], sentence: str
) -> None:
    with unit_of_work():
        visit = visits.visit(projects.draft(), workforce.technician(), state=state)

    with pytest.raises(checks.NotNow, match=sentence), unit_of_work():
        act(visit, at=NOW, actor_id=None)


def test_a_cancelled_visit_stays_as_it_is(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project, workforce.technician())
        progress.cancel(visit, reason="No power", at=NOW, actor_id=None)

    assert (visit.cancelled_at, visit.cancel_reason, visit.sequence) == (NOW, "No power", 1)
    with pytest.raises(checks.NotNow, match="cancelled"), unit_of_work():
        arranging.move_visit(
            visit,
            starts_local=wall("Wed 2026-03-18 09:00"),
            ends_local=wall("Wed 2026-03-18 12:00"),
            site=site_of(project),
            at=NOW,
            actor_id=None,
        )


def test_an_incomplete_visit_says_what_is_left(app: Flask) -> None:
    with unit_of_work():
        visit = visits.visit(projects.draft(), workforce.technician(), kind=VisitKind.TRAINING)
        progress.confirm(visit, at=NOW, actor_id=None)
        progress.start(visit, at=NOW, actor_id=None)

    with pytest.raises(checks.NotNow, match="what is left"), unit_of_work():
        progress.finish(visit, is_complete=False, at=NOW, actor_id=None)


def test_an_installation_does_not_begin_while_the_site_holds_it(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        _set_gate(project.id, GateState.HELD, 2)
        visit = visits.visit(project, workforce.technician(), state=VisitState.CONFIRMED)

    with pytest.raises(checks.NotNow, match="held: 2 blocking points"), unit_of_work():
        progress.start(visit, at=NOW, actor_id=None)
    with unit_of_work():
        _set_gate(project.id, GateState.CLEAR, 0)
    with unit_of_work():
        visit = queries.visit_for_change(visit.id)
        progress.start(visit, at=NOW, actor_id=None)

    assert visit.state is VisitState.IN_PROGRESS


def _set_gate(project_id: int, state: GateState, open_items: int) -> None:
    db.session.execute(
        sa.update(Gate).where(Gate.project_id == project_id).values(state=state, open_items=open_items)
    )
