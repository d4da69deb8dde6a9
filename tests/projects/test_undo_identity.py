"""Taking an act back restores the identical state, whatever the act was; doing it again does it again."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.orders.models import Order
from concierge.orders.states import OrderState
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.undo import Undo, undoable
from concierge.projects import queries
from concierge.projects.actions import approving, proposals, rescheduling
from concierge.projects.actions.undoing import take_back
from concierge.projects.models import DateChange, Milestone, Project, ProjectCrew, Promise
from concierge.projects.reasons import Because
from concierge.projects.states import DateKind, ProposalKind
from tests.makers import acts, orders, people, projects, visits, workforce
from tests.makers.acts import dump
from tests.makers.days import on

NOW = orders.RECEIVED + timedelta(hours=1)


def lately() -> str:
    """The act that was done last."""
    db.session.rollback()
    return db.session.scalars(sa.select(Undo.act).order_by(Undo.id.desc()).limit(1)).one()


def moved(project: Project, key: str, to: str) -> None:
    """A person moves a milestone."""
    with unit_of_work(), undoable(actor_id=None, at=NOW):
        milestone = projects.milestone(queries.project_for_change(project.id), key)
        rescheduling.move_milestone(project.id, milestone.id, to=on(to), reason="", actor_id=None, at=NOW)


@pytest.mark.parametrize("seed", range(2))
def test_any_act_taken_back_leaves_every_row_as_it_was(app: Flask, seed: int) -> None:
    rng = random.Random(seed)
    with unit_of_work():
        project = projects.live(requested_from=on("Wed 2026-04-29"))
        crew = [workforce.technician(), workforce.technician(name="Ana Ruiz")]
        person = people.user()
        milestone = projects.milestone(project, "install")
        visits.visit(project, crew[0], milestone=milestone, starts="Mon 2026-05-04 09:00")
    done = 0
    history: list[str] = []
    for _attempt in range(40):
        before = dump()
        try:
            with unit_of_work():
                wanted = acts.any_act(rng, acts.whole(project.id), crew, at=NOW, actor_id=person.id)
                with undoable(actor_id=person.id, at=NOW) as act:
                    wanted.do()
        except Refused:
            assert dump() == before
            continue
        after = dump()
        history.append(wanted.words)
        if not act.key:
            assert after == before, history
            continue
        done += 1
        with unit_of_work():
            back = take_back(act.key, actor_id=person.id, at=NOW)
        assert dump() == before, history
        with unit_of_work():
            take_back(back.key, actor_id=person.id, at=NOW)
        assert dump() == after, history
        going = set(db.session.scalars(sa.select(ProjectCrew.user_id)))
        seen = sa.text(
            "SELECT t.user_id FROM visit_technicians t JOIN visits v ON v.id = t.visit_id WHERE v.state <> 'cancelled'"
        )
        assert going == set(db.session.scalars(seen))
    assert done > 10


def promised(project: Project) -> dict[str, object]:
    """The promised day of every milestone."""
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(sa.select(Milestone).where(Milestone.project_id == project.id))
    return {row.key: row.promised_on for row in rows}


def ledger(project: Project) -> set[tuple[str, object, bool]]:
    """Every date of the ledger of promises, and whether its agreement was taken back."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(Promise).where(Promise.project_id == project.id).execution_options(populate_existing=True)
    )
    return {(row.milestone_key, row.finish_on, row.taken_back_at is not None) for row in rows}


@pytest.mark.parametrize("is_agreed", [True, False])
def test_a_promise_that_is_taken_back_returns_and_stays_in_the_ledger(app: Flask, is_agreed: bool) -> None:
    with unit_of_work():
        project = projects.live(requested_from=on("Wed 2026-04-29"))
        person = people.user()
    moved(project, "install", "Mon 2026-05-18")
    before, was, shown = dump(), promised(project), ledger(project)
    with unit_of_work(), undoable(actor_id=person.id, at=NOW) as act:
        approving.promise_anew(
            project.id, reason="By telephone", is_agreed=is_agreed, actor_id=person.id, at=NOW
        )
    after, agreed = dump(), ledger(project)
    assert promised(project) != was
    assert (agreed != shown) is is_agreed

    with unit_of_work():
        back = take_back(act.key, actor_id=person.id, at=NOW + timedelta(minutes=1))
    assert dump() == before
    assert promised(project) == was
    assert {row[:2] for row in ledger(project)} == {row[:2] for row in agreed}, "what was shown was shown"
    assert {row[:2] for row in ledger(project) if row[2]} == {row[:2] for row in agreed - shown}
    kinds = db.session.scalars(
        sa.select(DateChange.because).where(
            DateChange.project_id == project.id, DateChange.kind == DateKind.PROMISED
        )
    )
    assert Because.UNDONE in set(kinds), "the history of dates says so"

    with unit_of_work():
        take_back(back.key, actor_id=person.id, at=NOW + timedelta(minutes=2))
    assert dump() == after
    assert ledger(project) == agreed


@pytest.mark.parametrize("kind", ["cancel", "accept dates", "accept cancellation", "dismiss"])
def test_the_end_of_a_project_and_what_an_order_asks_go_back(app: Flask, kind: str) -> None:
    with unit_of_work():
        project = projects.live(requested_from=on("Wed 2026-04-29"))
        person = people.user()
        crew = workforce.technician()
        install = projects.milestone(project, "install")
        visits.visit(project, crew, milestone=install, starts="Mon 2026-05-04 09:00")
    by = {"actor_id": person.id, "at": NOW}
    asked = None
    if kind != "cancel":
        wish = ProposalKind.CANCEL if kind == "accept cancellation" else ProposalKind.NEW_DATES
        with unit_of_work():
            if wish is ProposalKind.CANCEL:
                db.session.get_one(Order, project.order_id).state = OrderState.CANCELLATION_ASKED
            asked = proposals.propose(
                project.id, wish, requested_from=on("Wed 2026-05-27"), note="Later, please", **by
            ).id
    before, going = dump(), who_goes()

    with unit_of_work(), undoable(**by) as act:
        if asked is None:
            proposals.cancel(project.id, reason="They buy nothing", **by)
        elif kind == "dismiss":
            proposals.dismiss(project.id, asked, reason="It fits", **by)
        else:
            proposals.accept(project.id, asked, reason="As they ask", **by)
    after = dump()
    assert after != before
    with unit_of_work():
        back = take_back(act.key, **by)
    assert dump() == before
    assert who_goes() == going
    with unit_of_work():
        take_back(back.key, **by)
    assert dump() == after


def who_goes() -> set[tuple[int, int]]:
    """Which technician sees which project."""
    db.session.rollback()
    return {(row.project_id, row.user_id) for row in db.session.scalars(sa.select(ProjectCrew))}
