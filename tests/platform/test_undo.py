"""Acts are taken back as a whole, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import Team
from concierge.identity.permissions import Permission, Role
from concierge.platform import chores, undo
from concierge.platform.database import db, dry_run, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.platform.undo import Undo, undoable
from concierge.projects import queries
from concierge.projects.actions import milestones, replanning, rescheduling
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.actions.undoing import take_back
from concierge.projects.models import Gate, Milestone, MilestoneLink, Project
from concierge.projects.states import CalendarProposalState
from concierge.visits.models import Visit, VisitTechnician
from tests.conftest import csrf_token
from tests.makers import orders, people, projects, visits, workforce
from tests.makers.acts import dump
from tests.makers.days import on
from tests.makers.pages import hidden_in

NOW = orders.RECEIVED + timedelta(hours=1)
LATER = on("Tue 2026-04-14")


def moved(project: Project, key: str = "delivery", *, actor_id: int | None = None, to: object = LATER) -> str:
    """A person moves a milestone; what names the act."""
    with unit_of_work(), undoable(actor_id=actor_id, at=NOW, needs=Permission.EDIT_PROJECTS.value) as act:
        milestone = projects.milestone(queries.project_for_change(project.id), key)
        rescheduling.move_milestone(project.id, milestone.id, to=to, reason="", actor_id=actor_id, at=NOW)  # type: ignore[arg-type]  # a day
    return act.key


def test_what_changed_since_is_named_with_who_and_when_and_nothing_is_touched(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        maja = people.user(name="Maja Brunner")
    act = moved(project)
    at = NOW + timedelta(hours=3)
    with unit_of_work():
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Mon 2026-04-20"), reason="", actor_id=maja.id, at=at
        )
    before = dump()

    with pytest.raises(Refused) as refusal, unit_of_work():
        take_back(act, zone="Europe/Zurich", actor_id=None, at=at)

    assert "Maja Brunner changed" in refusal.value.sentence
    assert "Mon 2 Mar" in refusal.value.sentence
    assert "14:00" in refusal.value.sentence
    assert dump() == before


def test_an_act_elsewhere_in_the_plan_does_not_stand_in_the_way(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        untouched = {one.key: one.finish_on for one in project.milestones}
        training = next(one for one in project.milestones if one.key not in {"delivery", "order"})
    act = moved(project, to=on("Tue 2026-05-12"))
    with unit_of_work():
        milestones.reassign(project.id, training.id, team=Team.SALES, owner_id=None, actor_id=None, at=NOW)

    with unit_of_work():
        take_back(act, actor_id=None, at=NOW)

    db.session.expire_all()
    rows = db.session.scalars(sa.select(Milestone).where(Milestone.project_id == project.id)).all()
    assert {row.key: row.finish_on for row in rows} == untouched
    assert next(row.team for row in rows if row.id == training.id) is Team.SALES


def test_statements_that_change_many_rows_are_seen(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before = dump()

    with unit_of_work(), undoable(actor_id=None, at=NOW) as act:
        db.session.execute(sa.update(Gate).where(Gate.project_id == project.id).values(reason="All of them"))
        db.session.execute(sa.delete(MilestoneLink))
        milestone = projects.milestone(queries.project_for_change(project.id), "delivery")
        milestones.reassign(project.id, milestone.id, team=Team.SALES, owner_id=None, actor_id=None, at=NOW)
    assert dump() != before
    with unit_of_work():
        take_back(act.key, actor_id=None, at=NOW)

    assert dump() == before


def test_an_insert_past_the_session_is_forbidden(app: Flask) -> None:
    with unit_of_work():
        visit = visits.visit(projects.live(), workforce.technician())
        other = workforce.technician(name="Ana Ruiz")

    with pytest.raises(RuntimeError, match="one by one"), unit_of_work(), undoable(actor_id=None, at=NOW):
        db.session.execute(sa.insert(VisitTechnician).values(visit_id=visit.id, user_id=other.user_id))


def test_of_many_who_take_an_act_back_at_once_one_succeeds(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before = dump()
    act = moved(project)

    def once(_number: int) -> str:
        with app.app_context():
            try:
                with unit_of_work():
                    take_back(act, actor_id=None, at=NOW)
            except Refused as refusal:
                return refusal.sentence
            finally:
                db.session.remove()
        return "done"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(once, range(6)))

    assert said.count("done") == 1
    assert all("taken back already" in one for one in said if one != "done")
    assert dump() == before


def test_several_units_of_work_are_taken_back_as_one_act(app: Flask) -> None:
    with unit_of_work():
        first = projects.live()
        second = projects.live(place=orders.site(account="Other", key="OT"), number="SO-2")
    before = dump()
    for project in (first, second):
        with unit_of_work(), undoable(actor_id=None, at=NOW, together="calendar-1"):
            delivery = projects.milestone(queries.project_for_change(project.id), "delivery")
            rescheduling.move_milestone(project.id, delivery.id, to=LATER, reason="", actor_id=None, at=NOW)

    with unit_of_work():
        back = take_back("calendar-1", actor_id=None, at=NOW)

    assert dump() == before
    names = db.session.scalars(sa.select(RecordedEvent.project_id).where(RecordedEvent.name == "ActUndone"))
    assert sorted(name or 0 for name in names) == [first.id, second.id]
    with unit_of_work():
        take_back(back.key, actor_id=None, at=NOW)
    assert projects.milestone(queries_again(first), "delivery").not_before_on == LATER
    assert projects.milestone(queries_again(second), "delivery").not_before_on == LATER


def queries_again(project: Project) -> Project:
    """The project as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(
        sa.select(Project).where(Project.id == project.id).options(sa.orm.selectinload(Project.milestones))
    ).one()


def test_a_month_later_an_act_is_forgotten(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    act = moved(project)

    with pytest.raises(Refused, match="no longer"), unit_of_work():
        take_back(act, actor_id=None, at=NOW + undo.KEPT + timedelta(days=1))
    with unit_of_work():
        chores.forget_acts(NOW + undo.KEPT + timedelta(days=1))

    assert db.session.scalar(sa.select(sa.func.count(Undo.id))) == 0


def test_a_dry_run_leaves_nothing_and_keeps_what_was_loaded(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before = dump()
    loaded = queries_again(project)

    with dry_run():
        delivery = projects.milestone(queries.project_for_change(project.id), "delivery")
        rescheduling.move_milestone(project.id, delivery.id, to=LATER, reason="", actor_id=None, at=NOW)

    assert projects.milestone(loaded, "delivery").not_before_on != LATER
    assert dump() == before
    assert (
        db.session.scalar(
            sa.select(sa.func.count(RecordedEvent.id)).where(RecordedEvent.name == "MilestoneMoved")
        )
        == 0
    )
    with pytest.raises(RuntimeError, match="look first"), unit_of_work(), dry_run():
        pass


def test_the_toast_and_the_history_take_it_back_without_a_script(app: Flask, sign_in) -> None:  # type: ignore[no-untyped-def]  # a fixture
    with unit_of_work():
        project = projects.live()
        ada = people.user()
        stranger = people.user(name="Tom Hill", role=Role.TECHNICIAN)
    browser = sign_in(ada)
    delivery = projects.milestone(queries_again(project), "delivery")
    was = delivery.not_before_on
    path = f"/projects/{project.key}/milestones/{delivery.id}/move"
    form = {"csrf_token": csrf_token(browser, path), "to": LATER.isoformat(), "reason": "", "act": "preview"}
    shown = browser.post(path, data=form).get_data(as_text=True)
    agreed = hidden_in(shown, of="agreed")
    done = browser.post(path, data={**form, **agreed, "act": "save"}, follow_redirects=True).get_data(
        as_text=True
    )
    assert projects.milestone(queries_again(project), "delivery").not_before_on == LATER

    act = db.session.scalars(sa.select(Undo.act)).one()
    assert f'action="/undo/{act}"' in done
    token = {"csrf_token": csrf_token(browser, path)}
    assert sign_in(stranger).post(f"/undo/{act}", data=token).status_code in {400, 403, 404}
    back = browser.post(f"/undo/{act}", data=token, follow_redirects=True).get_data(as_text=True)

    assert "Taken back." in back
    assert projects.milestone(queries_again(project), "delivery").not_before_on == was
    history = browser.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "took back: moved Delivery" in history
    again = db.session.scalars(sa.select(Undo.act).order_by(Undo.id.desc()).limit(1)).one()
    assert f'action="/undo/{again}"' in history
    assert f'action="/undo/{act}"' not in history
    twice = browser.post(f"/undo/{act}", data=token)
    assert twice.status_code == 409
    assert "Done again." in browser.post(f"/undo/{again}", data=token, follow_redirects=True).get_data(
        as_text=True
    )
    assert projects.milestone(queries_again(project), "delivery").not_before_on == LATER


def test_visits_that_moved_along_come_back_into_calendars_with_a_higher_sequence(app: Flask) -> None:
    from concierge.feeds.actions import addresses
    from concierge.feeds.models import CalendarEntry
    from concierge.identity.models import User

    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        addresses.create_address(db.session.get_one(User, tomas.user_id), actor_id=None, at=NOW)
        milestone = projects.milestone(project, "install")
        start = milestone.start_on
        visit = visits.visit(project, tomas, milestone=milestone, starts=f"{start:%a %Y-%m-%d} 09:00")
    was = visit.starts_local
    act = moved(project)
    there = visits.again(visit)
    assert there.starts_local != was
    (sequence,) = db.session.scalars(
        sa.select(CalendarEntry.sequence).where(CalendarEntry.subject_id == visit.id)
    )

    with unit_of_work():
        take_back(act, actor_id=None, at=NOW)

    back = visits.again(visit)
    assert back.starts_local == was
    entry = db.session.scalars(sa.select(CalendarEntry).where(CalendarEntry.subject_id == visit.id)).one()
    assert entry.sequence > sequence
    assert f"DTSTART:{back.starts_at:%Y%m%dT%H%M%SZ}".encode() in entry.body
    assert db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.id == visit.id)) == 1


def test_a_change_of_working_days_is_taken_back_with_all_plans_that_followed(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        closed_on = projects.milestone(project, "install").start_on
        assert closed_on
        change = CalendarChange(kind=ChangeKind.CLOSURE, name="Moving", first_on=closed_on, last_on=closed_on)
    before = dump()
    with unit_of_work():
        proposal = replanning.propose(change, title="Moving", actor_id=None, at=NOW)
    with unit_of_work(), undoable(actor_id=None, at=NOW) as act:
        replanning.apply(proposal.id, actor_id=None, at=NOW)
    assert projects.milestone(queries_again(project), "install").start_on != closed_on

    with unit_of_work():
        take_back(act.key, actor_id=None, at=NOW)

    after = dump()
    (left,) = after.pop("calendar_proposals")
    before.pop("calendar_proposals")
    assert left["state"] is CalendarProposalState.OPEN
    assert after == before
