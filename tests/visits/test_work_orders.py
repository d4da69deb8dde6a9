"""Work is what has to be done; visits are when somebody does it. One truth with the plan, whoever moves what."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.models import PlaybookMilestone, PlaybookStep, PlaybookVersion, PlaybookVisit
from concierge.catalogue.states import MilestoneKind, StepKind, VisitKind
from concierge.core.worktime import next_workday, workdays_between
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock, undo
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects import calendars
from concierge.projects.actions import proposals as ending
from concierge.projects.actions import rescheduling, shaping, undoing
from concierge.projects.models import Milestone, Project
from concierge.visits import queries, work
from concierge.visits.actions import arranging, bridging, progress, splitting, working
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import COMING, FOLLOWING_THE_PLAN, VisitState, WorkOrderState
from concierge.visits.work import Standing
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.pages import agree, hidden_in
from tests.makers.visits import site_of, wall

NOW = at("Mon 2026-03-02 10:00+00:00")
ALL = Viewer(user_id=0, name="", role=Role.ADMINISTRATOR, zone="UTC", language="en")
SignIn = Callable[[User], FlaskClient]


def live() -> Project:
    """A project under way on the standard plan, which asks for a delivery, an installation and training."""
    with unit_of_work():
        return projects.live()


def work_of(project: Project, kind: VisitKind = VisitKind.INSTALL) -> WorkOrder:
    """The first work order of a kind, as the database has it."""
    db.session.rollback()
    db.session.expire_all()
    return next(one for one in work.work_of_project(ALL, project.id) if one.kind is kind)


def run(visit_id: int, *, is_complete: bool) -> None:
    """Let somebody go and say how it ended."""
    with unit_of_work():
        visit = queries.visit_for_change(visit_id)
        for step in (progress.set_out, progress.start):
            if visit.state is VisitState.TENTATIVE:
                visit.state = VisitState.CONFIRMED
            if step is progress.start:
                visit.state = VisitState.IN_PROGRESS  # gates are another page's matter
            else:
                step(visit, at=NOW, actor_id=None)
    with unit_of_work():
        progress.finish(
            queries.visit_for_change(visit_id),
            is_complete=is_complete,
            note="Pump missing",
            at=NOW,
            actor_id=None,
        )


def test_the_plan_opens_one_work_order_for_each_presence(app: Flask) -> None:
    project = live()

    found = work.work_of_project(ALL, project.id)

    assert [one.kind for one in found] == [VisitKind.DELIVERY, VisitKind.INSTALL]
    assert [one.code for one in found] == [f"{project.key}-W1", f"{project.key}-W2"]
    assert all(len(one.visits) == 1 and one.milestone_id == one.visits[0].milestone_id for one in found)
    assert [work.standing_of(one) for one in found] == [Standing.PLANNED, Standing.PLANNED]
    days = calendars.site_calendars([project.site_id])[project.site_id]
    install = found[1]
    first, last = install.visits[0].starts_local.date(), install.visits[0].ends_local.date()
    assert install.minutes == 480 * workdays_between(days, first - timedelta(days=1), last)


def test_work_is_done_when_its_last_visit_is_complete_and_none_is_to_come(app: Flask) -> None:
    project = live()
    install = work_of(project)
    with unit_of_work():
        more = arranging.plan_visit(
            project,
            kind=install.kind,
            title=install.title,
            starts_local=wall("Tue 2026-06-02 09:00"),
            ends_local=wall("Tue 2026-06-02 12:00"),
            site=site_of(project),
            work_order=db.session.get_one(WorkOrder, install.id),
            at=NOW,
            actor_id=None,
        )

    run(install.visits[0].id, is_complete=True)
    assert work_of(project).state is WorkOrderState.OPEN
    run(more.id, is_complete=False)
    assert work.standing_of(work_of(project)) is Standing.AGAIN
    assert [one.id for one in work.needing_another_visit(ALL)] == [install.id]
    with unit_of_work():
        last = visits.visit(project, starts="Wed 2026-06-03 09:00", at=NOW)
        last.work_order_id = install.id
    assert work.standing_of(work_of(project)) is Standing.PLANNED
    assert work.needing_another_visit(ALL) == []
    run(last.id, is_complete=True)

    done = work_of(project)
    assert (done.state, done.closed_at) == (WorkOrderState.DONE, NOW)
    with pytest.raises(Refused, match="is not open"), unit_of_work():
        arranging.plan_visit(
            project,
            kind=done.kind,
            title="Again",
            starts_local=wall("Tue 2026-06-09 09:00"),
            ends_local=wall("Tue 2026-06-09 12:00"),
            site=site_of(project),
            work_order=db.session.get_one(WorkOrder, done.id),
            at=NOW,
            actor_id=None,
        )


def test_an_end_that_is_taken_back_opens_the_work_again(app: Flask) -> None:
    project = live()
    install = work_of(project)
    with unit_of_work():
        queries.visit_for_change(install.visits[0].id).state = VisitState.IN_PROGRESS

    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        progress.finish(
            queries.visit_for_change(install.visits[0].id), is_complete=True, at=NOW, actor_id=None
        )
    assert work_of(project).state is WorkOrderState.DONE
    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)

    assert work_of(project).state is WorkOrderState.OPEN


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_work_ends_with_its_milestone_and_comes_back_with_it(app: Flask) -> None:
    project = live()
    install = work_of(project)
    milestone_id = install.milestone_id or 0

    with unit_of_work():
        shaping.skip(project.id, milestone_id, reason="The customer does it", actor_id=None, at=NOW)
    left_out = work_of(project)
    assert (left_out.state, left_out.visits[0].state) == (WorkOrderState.CANCELLED, VisitState.CANCELLED)
    with unit_of_work():
        shaping.restore(project.id, milestone_id, actor_id=None, at=NOW)
    assert work.standing_of(work_of(project)) is Standing.NOT_PLANNED
    with unit_of_work():
        ending.cancel(project.id, reason="Budget cut", actor_id=None, at=NOW)

    found = work.work_of_project(ALL, project.id)
    assert {one.state for one in found} == {WorkOrderState.CANCELLED}
    with pytest.raises(Refused), unit_of_work():
        working.reopen_work(work.work_for_change(found[0].id), reason="No", at=NOW, actor_id=None)


def test_a_long_visit_is_split_by_days_with_the_same_people(app: Flask) -> None:
    project = live()
    install = work_of(project)
    with unit_of_work():
        tomas = workforce.technician()
        visit = visits.visit(
            project,
            tomas,
            starts="Thu 2026-04-09 09:00",
            ends="Tue 2026-04-14 15:00",
            state=VisitState.CONFIRMED,
            milestone=db.session.get_one(Milestone, install.milestone_id),
        )
        visit_id = visit.id
    open_days = [one.day for one in splitting.days_of(queries.visit_for(ALL, visit_id), visit.site)]
    assert open_days == [
        on("Thu 2026-04-09"),
        on("Fri 2026-04-10"),
        on("Mon 2026-04-13"),
        on("Tue 2026-04-14"),
    ]

    with unit_of_work():
        own = queries.visit_for_change(visit_id)
        made = splitting.split_by_days(
            own,
            project=project,
            site=own.site,
            days=[open_days[0], open_days[3]],
            at=NOW,
            actor_id=None,
        )
        ids = [one.id for one in made]

    found = [queries.visit_for(ALL, one) for one in ids]
    assert [(one.starts_local, one.ends_local) for one in found] == [
        (wall("Thu 2026-04-09 09:00"), wall("Thu 2026-04-09 17:00")),
        (wall("Tue 2026-04-14 08:00"), wall("Tue 2026-04-14 15:00")),
    ]
    assert {one.work_order_id for one in found} == {visit.work_order_id}
    assert {one.technician_ids for one in found} == {(tomas.user_id,)}
    assert {one.state for one in found} == {VisitState.CONFIRMED}
    site = site_of(project)
    with pytest.raises(Refused, match="two days"), unit_of_work():
        splitting.split_by_days(
            queries.visit_for_change(ids[0]),
            project=project,
            site=site,
            days=open_days[:1],
            at=NOW,
            actor_id=None,
        )


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_open_work_asks_for_what_its_playbook_says_now(app: Flask) -> None:
    project = live()
    install, delivery = work_of(project), work_of(project, VisitKind.DELIVERY)
    days = install.minutes // 480
    template_id = db.session.get_one(Milestone, install.milestone_id).playbook_milestone_id
    with unit_of_work():
        old = db.session.get_one(PlaybookMilestone, template_id)
        before_id = old.version_id
        for one in db.session.scalars(
            sa.select(PlaybookVisit)
            .join(PlaybookMilestone)
            .where(PlaybookMilestone.version_id == before_id)
            .where(PlaybookVisit.kind.in_([VisitKind.INSTALL, VisitKind.DELIVERY]))
        ):
            key = db.session.get_one(PlaybookMilestone, one.milestone_id).key
            other = PlaybookMilestone(
                version_id=_next_version(before_id), position=99, key=key, name={"en": key},
                kind=MilestoneKind.INSTALLED, team=old.team, workdays=1,
            )  # fmt: skip
            db.session.add(other)
            db.session.flush()
            newer = PlaybookVisit(
                milestone_id=other.id, kind=one.kind, title=one.title, minutes=600, technicians=3, level=2,
                skill="lcms", tools=["Crane"], needs_customer=True,
                steps=[PlaybookStep(position=0, key="leak", kind=StepKind.TICK, text={"en": "Leak check"})],
            )  # fmt: skip
            db.session.add(newer)
            target = install if one.kind is VisitKind.INSTALL else delivery
            db.session.get_one(Milestone, target.milestone_id).playbook_milestone_id = other.id
        db.session.get_one(WorkOrder, delivery.id).crew = 7  # somebody knew better

    with unit_of_work():
        working.follow_playbook(project.id, version_before_id=before_id, at=NOW, actor_id=None)

    now, brought = work_of(project), work_of(project, VisitKind.DELIVERY)
    assert (now.crew, now.level, now.skill, now.tools, now.needs_customer, now.minutes) == (
        3, 2, "lcms", ["Crane"], True, 600 * days,
    )  # fmt: skip
    assert (now.visits[0].crew, now.visits[0].level, now.visits[0].skill) == (3, 2, "lcms")
    assert (brought.crew, brought.tools) == (7, ["Crane"])
    assert [step.key for step in work.steps_of([now.id])[now.id]] == ["leak"]


def _next_version(before_id: int) -> int:
    before = db.session.get_one(PlaybookVersion, before_id)
    found = db.session.scalar(
        sa.select(PlaybookVersion).where(
            PlaybookVersion.playbook_id == before.playbook_id, PlaybookVersion.number == before.number + 1
        )
    )
    if found is None:
        found = PlaybookVersion(playbook_id=before.playbook_id, number=before.number + 1)
        db.session.add(found)
        db.session.flush()
    return found.id


def test_pages_of_work_lead_from_what_is_left_to_the_next_visit(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None, at=clock.now())
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
        mallory = people.user(name="Mallory Vane", role=Role.TECHNICIAN)
    install = work_of(project)
    browser = sign_in(jonas)
    base = f"/projects/{project.key}/work-orders"

    listed = browser.get(f"/projects/{project.key}/visits").get_data(as_text=True)
    assert f"{install.code} · " in listed
    page = browser.get(f"{base}/{install.number}").get_data(as_text=True)
    assert "All of it is planned." in page
    typed = hidden_in(browser.get(f"{base}/{install.number}/edit").get_data(as_text=True), of="version")
    form = {**typed, "title": "Install both", "kind": "install", "milestone": str(install.milestone_id),
            "asset": "0", "hours": "99.5", "crew": "2", "skill": "", "level": "2",
            "tools": "Torque wrench\nGloves", "note": ""}  # fmt: skip
    wrong = browser.post(f"{base}/{install.number}/edit", data={**form, "hours": "a lot"})
    assert wrong.status_code == 422
    assert "Torque wrench" in wrong.get_data(as_text=True)
    saved = browser.post(f"{base}/{install.number}/edit", data=form)
    assert saved.status_code == 303, saved.get_data(as_text=True)
    page = browser.get(f"{base}/{install.number}").get_data(as_text=True)
    assert "Install both" in page
    assert "are not planned yet" in page
    assert work_of(project).visits[0].crew == 2
    new = browser.get(f"/visits/new?project={project.key}&work={install.number}").get_data(as_text=True)
    assert 'value="Install both"' in new

    run(install.visits[0].id, is_complete=False)
    assert f"Plan another visit for {work_of(project).title}" in browser.get("/today").get_data(as_text=True)

    made = browser.post(
        f"{base}/new",
        data={**typed, **form, "site": str(project.site_id), "title": "Bring the pump", "milestone": "0"},
    )
    assert made.status_code == 303
    ids = f"{base}/{install.number + 1}"
    assert "Nobody is planned for it yet." in browser.get(ids).get_data(as_text=True)
    found = browser.get(f"/find?q={project.key}-W{install.number + 1}").get_data(as_text=True)
    assert ids in found
    token = hidden_in(browser.get(f"{ids}/cancellation").get_data(as_text=True), of="version")
    ended = browser.post(f"{ids}/cancellation", data={**token, "reason": "Not needed"})
    if ended.status_code == 200:
        ended = agree(browser, f"{ids}/cancellation", ended)
    assert ended.status_code == 303
    assert "Not needed" in browser.get(ids).get_data(as_text=True)
    assert sign_in(mallory).get(f"{base}/{install.number}").status_code == 404


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_after_random_moves_on_either_side_plan_and_visits_agree(app: Flask, seed: int) -> None:
    """Plan and visits agree: every visit to come of a milestone that has not begun is as many working days of its
    site into the milestone as when a person last put it there – or, when it is confirmed and the plan has moved
    since, it waits for a person and proposes exactly that day. One that a person moved together with its milestone
    lies on or after the milestone's start.
    """
    moves = random.Random(seed)
    project = live()
    days = calendars.site_calendars([project.site_id])[project.site_id]
    install = work_of(project)
    with unit_of_work():
        milestone = db.session.get_one(Milestone, install.milestone_id)
        tomas = workforce.technician()
        for hour in (8, 13):
            visits.visit(
                project,
                tomas,
                milestone=milestone,
                starts=f"{milestone.start_on:%a %Y-%m-%d} {hour:02}:00",
                hours=2,
                state=VisitState.CONFIRMED if hour == 8 else VisitState.TENTATIVE,
                at=NOW,
            )
    into = {visit.id: _into(visit, days) for visit in _coming(project)}

    for _number in range(8):
        visit = moves.choice(_coming(project))
        milestone = moves.choice([one for one in projects.now(project).milestones if one.start_on])
        side = moves.choice(("plan", "alone", "along", "keep"))
        wish = next_workday(days, NOW.date() + timedelta(days=moves.randrange(20, 160)))
        try:
            with unit_of_work():
                _act(side, visit, milestone, wish)
        except Refused:
            db.session.rollback()
            continue
        if side in {"alone", "along", "keep"}:
            moved = queries.visit_for(ALL, visit.id)
            into[visit.id] = _into(moved, days)
            if side == "along":
                assert moved.milestone is not None
                assert moved.starts_local.date() == wish >= (moved.milestone.start_on or date.max)

        for one in _coming(project):
            expected = into[one.id]
            if one.needs_decision and one.state not in FOLLOWING_THE_PLAN:
                assert one.proposed_local is not None
                assert _into(one, days, day=one.proposed_local.date()) == expected, side
            else:
                assert _into(one, days) == expected, (side, one.state)


def _act(side: str, visit: Visit, milestone: Milestone, wish: date) -> None:
    own = queries.visit_for_change(visit.id)
    starts = datetime.combine(wish, own.starts_local.time())
    to = {"starts_local": starts, "ends_local": starts + timedelta(hours=2), "at": NOW, "actor_id": None}
    match side:
        case "plan":
            rescheduling.move_milestone(
                milestone.project_id, milestone.id, to=wish, reason="Carrier late", actor_id=None, at=NOW
            )
        case "alone":
            arranging.move_visit(own, site=own.site, conflict_reason="agreed", **to)
        case "along":
            bridging.move_with_plan(own.id, conflict_reason="agreed", reason="agreed", **to)
        case _:
            arranging.keep_visit(own, reason="Agreed with the customer", at=NOW, actor_id=None)


def _coming(project: Project) -> list[Visit]:
    db.session.rollback()
    db.session.expire_all()
    found = queries.visits_of_project(ALL, project.id)
    return [one for one in found if one.state in COMING and one.milestone and one.milestone.start_on]


def _into(visit: Visit, days: object, day: date | None = None) -> int:
    """How many working days of the site a visit is into its milestone."""
    assert visit.milestone is not None
    assert visit.milestone.start_on is not None
    return workdays_between(days, visit.milestone.start_on, day or visit.starts_local.date())  # type: ignore[arg-type]  # a calendar
