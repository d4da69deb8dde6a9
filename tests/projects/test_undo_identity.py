"""Taking an act back restores the identical state, whatever the act was; doing it again does it again."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.undo import Undo, undoable
from concierge.projects import queries
from concierge.projects.actions import rescheduling
from concierge.projects.actions.undoing import take_back
from concierge.projects.models import Project, ProjectCrew
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
