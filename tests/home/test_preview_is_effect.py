"""What is shown before an act is what happens: to milestones, visits, people and promises."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import MilestoneKind
from concierge.home.consequences import Consequences, Fate, of_act
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.platform.previews import foreseen
from concierge.platform.undo import undoable
from concierge.projects.actions import rescheduling
from concierge.projects.actions.approving import approve_plan
from concierge.projects.actions.creation import create_project
from concierge.projects.events import PlanEvent
from concierge.projects.models import Milestone, Project, Promise
from concierge.projects.states import MilestoneState, ShownOn
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.makers import acts, catalogue, orders, people, projects, visits, workforce
from tests.makers.acts import dump
from tests.makers.days import on

NOW = orders.RECEIVED + timedelta(hours=1)
NOT_IN = (None, None)
Dates = dict[int, tuple[object, object]]


def dates_of(project: Project) -> Dates:
    """The first and last day of every milestone that is in the plan."""
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(sa.select(Milestone).where(Milestone.project_id == project.id))
    return {row.id: (row.start_on, row.finish_on) for row in rows if row.state is not MilestoneState.SKIPPED}


def times_of(project: Project) -> dict[int, tuple[object, ...]]:
    """When every visit is, and what it waits for."""
    rows = db.session.scalars(sa.select(Visit).where(Visit.project_id == project.id))
    return {row.id: (row.starts_local, row.needs_decision, row.proposed_local, row.state) for row in rows}


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_what_was_shown_is_what_the_rows_and_events_say(app: Flask, seed: int) -> None:
    rng = random.Random(seed)
    with unit_of_work():
        project = projects.live(requested_from=on("Wed 2026-04-29"))
        crew = [workforce.technician(), workforce.technician(name="Ana Ruiz")]
        person = people.user()
        for state in (VisitState.TENTATIVE, VisitState.CONFIRMED):
            visits.visit(
                project,
                crew[0],
                milestone=projects.milestone(project, "install"),
                starts="Mon 2026-05-04 09:00" if state is VisitState.TENTATIVE else "Tue 2026-05-05 09:00",
                state=state,
            )
    done, history = 0, []
    for _attempt in range(30):
        with unit_of_work():
            wanted = acts.any_act(rng, acts.whole(project.id), crew, at=NOW, actor_id=person.id)
        before, was, rows = dates_of(project), times_of(project), dump()
        try:
            shown: Consequences = foreseen(wanted.do, project_id=project.id, at=NOW)
        except Refused:
            assert dump() == rows
            with pytest.raises(Refused), unit_of_work():
                wanted.do()
            continue
        assert dump() == rows, "looking changed something"
        last = db.session.scalar(sa.select(sa.func.max(RecordedEvent.id))) or 0
        with unit_of_work():
            with undoable(actor_id=person.id, at=NOW) as act:
                wanted.do()
            said = of_act(act, project_id=project.id)
        history.append(wanted.words)
        done += 1
        after, is_now = dates_of(project), times_of(project)

        assert said == shown, history
        assert said.fingerprint == shown.fingerprint
        moved = {
            one.milestone_id: ((one.start_before, one.finish_before), (one.start_after, one.finish_after))
            for one in said.moved  # the same as shown, but a new milestone has its number now
        }
        pairs = {key: (before.get(key, NOT_IN), after.get(key, NOT_IN)) for key in {*before, *after}}
        assert moved == {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}, history
        events = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.id > last))
        told = {
            (move.milestone_id, move.start_after, move.finish_after)
            for row in events
            if isinstance(event := row.event, PlanEvent)
            for move in event.moves
        }
        assert {(one.milestone_id, one.start_after, one.finish_after) for one in said.moved} >= told, history
        touched = {one.visit_id: one for one in said.visits if one.fate is not Fate.CHANGES}
        assert touched.keys() >= {key for key in was if was[key][0] != is_now[key][0]}, history
        assert touched.keys() >= {key for key in was if was[key][1] != is_now[key][1]}, history
        for key, one in touched.items():
            expected = is_now[key][2] if one.fate is Fate.WAITS else is_now[key][0]
            assert (one.starts_after, one.why) == (expected, is_now[key][1]), history
    assert done > 5


def test_a_move_says_who_has_to_know_and_what_comes_from_stock(app: Flask) -> None:
    with unit_of_work():
        place = orders.site()
        person = orders.contact(place)
        instrument = catalogue.add_instrument("lcms", name="LC-MS")
        sold = orders.order(place, instrument, requested_from=on("Wed 2026-04-29"), person=person, quantity=2)
        plan = create_project(sold.id, actor_id=None, at=orders.RECEIVED)
        project = approve_plan(plan.id, actor_id=None, at=orders.RECEIVED)
        tomas = workforce.technician()
        install = projects.milestone(project, "install")
        start = install.start_on
        assert start
        visit = visits.visit(project, tomas, milestone=install, starts=f"{start:%a %Y-%m-%d} 09:00")
        release = next(one for one in project.milestones if one.kind is MilestoneKind.SHIP_RELEASED)
        released = release.start_on
        delivery = projects.milestone(project, "delivery")
        db.session.add(
            Promise(
                project_id=project.id,
                account_id=project.account_id,
                milestone_id=delivery.id,
                milestone_key=delivery.key,
                finish_on=delivery.finish_on,
                shown_on=ShownOn.PDF,
                shown_at=NOW,
                told_on=NOW.date(),
            )
        )
        told = delivery.finish_on

    def move() -> object:
        return rescheduling.move_milestone(
            project.id, release.id, to=on("Mon 2026-05-11"), reason="", actor_id=None, at=NOW
        )

    shown: Consequences = foreseen(move, project_id=project.id, at=NOW)

    assert [(one.quantity, one.name, one.before, one.after) for one in shown.stock] == [
        (2, "LC-MS", released, on("Mon 2026-05-11"))
    ]
    assert shown.to_tell is not None
    assert shown.to_tell.contact == "Yuki Tanaka"
    by_pdf = [one for one in shown.to_tell.dates if one.shown_on is ShownOn.PDF]
    assert [(one.told_on, one.now_on) for one in by_pdf] == [(told, on("Wed 2026-05-13"))]
    assert [(one.title, one.fate) for one in shown.visits] == [(visit.title, Fate.MOVES)]
    (colleague,) = shown.colleagues
    assert colleague.name == "Tomas Keller"
    assert colleague.changes[0].starts_before == visit.starts_local
    assert colleague.changes[0].starts_after == shown.visits[0].starts_after
    assert shown.handover_workdays > 0
    assert all(one.misses_promise for one in shown.moved if one.key in {"delivery", "install", "handover"})
