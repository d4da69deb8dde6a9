"""Work that has nobody yet."""

from datetime import timedelta

from flask import Flask

from concierge.catalogue.states import VisitKind
from concierge.dispatch.queries import tray
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.visits.actions import progress
from concierge.visits.models import WorkOrder
from concierge.visits.states import VisitState, WorkOrderState
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at

NOW = at("Mon 2026-03-02 10:00+00:00")


def viewer_of(user: User) -> Viewer:
    """What this person sees with."""
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language=user.language)


def order(of: Project, number: int, **given: object) -> WorkOrder:
    """A work order that nobody has planned."""
    row = WorkOrder(
        project_id=of.id,
        number=number,
        site_id=of.site_id,
        kind=VisitKind.INSTALL,
        title=f"Work {number}",
        opened_at=NOW,
        **given,
    )
    db.session.add(row)
    db.session.flush()
    return row


def test_the_tray_holds_what_nobody_does_by_when_it_is_due(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        tomas, lena = workforce.technician(), workforce.technician(name="Lena Roth")
        project = projects.live()
        later = visits.any_milestone(project)
        sooner = visits.milestone(project, "delivery")
        open_ended = order(project, 101)
        due_later = order(project, 102, milestone_id=later.id, skill="ms", level=3, tools=["a crane"])
        due_sooner = order(project, 103, milestone_id=sooner.id)
        order(project, 104, state=WorkOrderState.DONE, closed_at=NOW)
        order(project, 105, crew=0)
        planned, again = order(project, 106), order(project, 107)
        visits.visit(project, tomas, title="Staffed").work_order_id = planned.id
        short = visits.visit(
            project, lena, starts="Wed 2026-03-18 09:00", title="Short", crew=2, milestone=sooner
        )
        over = visits.visit(project, tomas, starts="Thu 2026-03-19 09:00", state=VisitState.CONFIRMED)
        over.work_order_id = again.id
        progress.cancel(over, reason="Nobody at home", at=NOW, actor_id=None)
        visits.visit(project, starts="Sun 2026-03-01 09:00", title="Gone by")
        draft = projects.draft(place=visits.site_of(project), number="SO-2")
        order(draft, 101)

    found = tray(viewer_of(ada), at=NOW)

    mine = [one for one in found if one.title.startswith(("Work", "Short", "Gone"))]
    assert [one.title for one in mine] == ["Short", "Work 103", "Work 102", "Work 101", "Work 107"]
    assert (mine[0].missing, mine[0].user_ids, mine[0].key) == (1, (lena.user_id,), f"v{short.id}")
    assert (mine[0].deadline_on, mine[0].is_promised) == (sooner.promised_on, True)
    assert mine[0].starts_local == visits.wall("Wed 2026-03-18 09:00")
    assert mine[1].key == f"w{due_sooner.id}"
    assert (mine[2].skill, mine[2].level, mine[2].tools) == ("ms", 3, ("a crane",))
    assert mine[2].deadline_on == later.promised_on
    assert (mine[3].deadline_on, mine[3].starts_at) == (None, None)
    assert [one.number for one in tray(viewer_of(ada), at=NOW, keys={f"w{open_ended.id}"})] == [101]
    assert later.promised_on is not None
    assert due_later.id not in {
        one.work_order_id for one in tray(viewer_of(ada), at=NOW, until=later.promised_on - timedelta(days=1))
    }
    assert tray(viewer_of(tomas.user), at=NOW) == ()
