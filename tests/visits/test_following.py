"""Visits follow the plan, or wait for a person."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event, select

from concierge.catalogue.models import PlaybookMilestone, PlaybookVisit
from concierge.catalogue.states import VisitKind
from concierge.core.dispatch import Rule
from concierge.core.schedule import LinkKind
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent, record
from concierge.projects.events import DateMove, ForecastChanged, MilestoneMoved, ProjectCancelled
from concierge.projects.models import Milestone, MilestoneLink, Project
from concierge.projects.states import MilestoneState
from concierge.visits import queries
from concierge.visits.actions import arranging, checks, from_playbook, progress
from concierge.visits.models import BrokenRule, Visit
from concierge.visits.states import VisitState
from concierge.workforce import queries as workforce_queries
from tests.makers import projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.visits import site_of, wall

NOW = at("Mon 2026-03-02 10:00+00:00")


def moved(milestone: Milestone, before: str, after: str, *, by_person: bool = True) -> None:
    """Tell that a milestone's start moved."""
    move = DateMove(
        milestone_id=milestone.id,
        name="Installed",
        start_before=on(before),
        start_after=on(after),
        finish_before=on(before),
        finish_after=on(after),
    )
    with unit_of_work():
        common = {"at": NOW, "actor_id": None, "project_id": milestone.project_id, "moves": (move,)}
        record(
            MilestoneMoved(milestone_id=milestone.id, name="Installed", reason="", to=on(after), **common)  # type: ignore[arg-type]  # common fields
            if by_person
            else ForecastChanged(cause="the day", **common)  # type: ignore[arg-type]  # common fields
        )


def any_milestone(project: Project) -> Milestone:
    """A milestone of the project that has not begun."""
    return db.session.scalars(
        select(Milestone)
        .where(Milestone.project_id == project.id, Milestone.state == MilestoneState.PLANNED)
        .order_by(Milestone.position.desc())
    ).first()  # type: ignore[return-value]  # every plan has one


def events_since(last_id: int) -> list[str]:
    """What was recorded about visits after an event."""
    rows = db.session.scalars(
        select(RecordedEvent).where(RecordedEvent.id > last_id).order_by(RecordedEvent.id)
    )
    return [row.name for row in rows if row.name.startswith(("Visit", "Technicians"))]


@pytest.mark.parametrize("by_person", [True, False])
def test_an_unconfirmed_visit_follows_and_comes_back(app: Flask, by_person: bool) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        visit = visits.visit(project, milestone=milestone, starts="Wed 2026-04-29 09:00", hours=3)

    moved(milestone, "Tue 2026-04-28", "Thu 2026-04-30", by_person=by_person)
    # Friday is Tag der Arbeit: one working day after Thursday is Monday.
    there = visits.again(visit)
    assert (there.starts_local, there.sequence) == (wall("Mon 2026-05-04 09:00"), 1)
    assert there.starts_at == at("Mon 2026-05-04 07:00+00:00")

    moved(milestone, "Thu 2026-04-30", "Tue 2026-04-28", by_person=by_person)
    back = visits.again(visit)
    assert back.starts_local == wall("Wed 2026-04-29 09:00")
    assert back.ends_local == wall("Wed 2026-04-29 12:00")
    assert back.needs_decision == ""


def test_a_visit_that_follows_over_the_change_of_clocks_keeps_its_wall_time(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        visit = visits.visit(project, milestone=milestone, starts="Fri 2026-03-27 09:00")

    moved(milestone, "Fri 2026-03-27", "Mon 2026-03-30")

    visit = visits.again(visit)
    assert visit.starts_local == wall("Mon 2026-03-30 09:00")
    assert visit.starts_at == at("Mon 2026-03-30 07:00+00:00")


def test_a_confirmed_visit_waits_for_a_person_and_shows_where_it_would_go(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        tomas = workforce.technician()
        visit = visits.visit(
            project,
            tomas,
            milestone=milestone,
            starts="Tue 2026-03-17 09:00",
            state=VisitState.CONFIRMED,
        )
    sequence = visit.sequence

    moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19")
    moved(milestone, "Thu 2026-03-19", "Fri 2026-03-20")

    waiting = visits.again(visit)
    assert waiting.starts_local == wall("Tue 2026-03-17 09:00")
    assert waiting.sequence == sequence
    assert waiting.proposed_local == wall("Fri 2026-03-20 09:00")
    assert waiting.needs_decision == (
        "“Handover” moved in the plan. With it, this visit would be Fri 20 Mar, 09:00–12:00."
    )
    assert waiting.decide_words["de"].startswith("„"), "whoever reads it is told in their own language"
    assert "hat sich im Plan verschoben" in waiting.decide_words["de"]

    with unit_of_work():
        waiting = queries.visit_for_change(visit.id)
        arranging.follow_proposal(
            waiting,
            site=site_of(project),
            calendar=workforce_queries.working_calendar("CH", "BS"),
            at=NOW,
            actor_id=None,
        )
    followed = visits.again(visit)
    assert followed.starts_local == wall("Fri 2026-03-20 09:00")
    assert followed.sequence == sequence + 1
    assert (followed.needs_decision, followed.proposed_local) == ("", None)


def test_a_confirmed_visit_waits_no_longer_when_the_plan_moves_back(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        visit = visits.visit(project, workforce.technician(), milestone=milestone, state=VisitState.CONFIRMED)
    last = db.session.scalars(select(RecordedEvent.id).order_by(RecordedEvent.id.desc())).first() or 0

    moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19")
    moved(milestone, "Thu 2026-03-19", "Tue 2026-03-17")

    visit = visits.again(visit)
    assert (visit.needs_decision, visit.proposed_local) == ("", None)
    assert events_since(last) == ["VisitNeedsDecision", "VisitDecided"]


def test_a_person_may_keep_a_confirmed_visit(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        visit = visits.visit(project, workforce.technician(), milestone=milestone, state=VisitState.CONFIRMED)
    moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19")
    with unit_of_work():
        arranging.keep_visit(
            queries.visit_for_change(visit.id), reason="The room is free", at=NOW, actor_id=None
        )

    kept = visits.again(visit)
    assert kept.starts_local == wall("Tue 2026-03-17 09:00")
    assert kept.needs_decision == ""
    with pytest.raises(checks.NotNow, match="nothing to decide"), unit_of_work():
        arranging.keep_visit(visits.again(visit), reason="", at=NOW, actor_id=None)
    with pytest.raises(checks.NotNow, match="no new time"), unit_of_work():
        arranging.follow_proposal(
            visits.again(visit),
            site=site_of(project),
            calendar=workforce_queries.working_calendar("CH", "BS"),
            at=NOW,
            actor_id=None,
        )


def test_a_visit_that_follows_into_somebodys_leave_says_so(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        tomas = workforce.technician()
        workforce.absence(tomas, on("Thu 2026-03-19"), on("Fri 2026-03-20"))
        visit = visits.visit(project, tomas, milestone=milestone)

    moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19")

    visit = visits.again(visit)
    assert visit.starts_local == wall("Thu 2026-03-19 09:00")
    assert "Tomas Keller is away (leave)" in visit.needs_decision


def test_visits_that_move_together_clash_only_where_both_will_be(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        tomas = workforce.technician()
        first = visits.visit(project, tomas, milestone=milestone, starts="Tue 2026-03-17 09:00")
        second = visits.visit(project, tomas, milestone=milestone, starts="Wed 2026-03-18 09:00")
        other = visits.visit(project, tomas, starts="Fri 2026-03-20 09:00", title="Elsewhere")

    moved(milestone, "Tue 2026-03-17", "Wed 2026-03-18")  # the first takes the place that the second leaves
    assert visits.again(first).starts_local == wall("Wed 2026-03-18 09:00")
    assert (visits.again(first).needs_decision, visits.again(second).needs_decision) == ("", "")

    last_id = db.session.scalars(select(RecordedEvent.id).order_by(RecordedEvent.id.desc())).first() or 0
    moved(milestone, "Wed 2026-03-18", "Thu 2026-03-19")  # the second comes upon one that stays
    assert visits.again(first).needs_decision == ""
    assert "is on “Elsewhere”" in visits.again(second).needs_decision
    assert visits.again(other).needs_decision == ""
    assert events_since(last_id) == ["VisitMoved", "VisitMoved", "VisitNeedsDecision"]


def test_nine_visits_follow_with_as_many_statements_as_two(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        tomas = workforce.technician(skills=("orbitrap",))
        for hour in (8, 9):
            visits.visit(project, tomas, milestone=milestone, starts=f"Tue 2026-03-17 {hour:02}:00", hours=1)

    two = _statements_of(lambda: moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19"))
    with unit_of_work():
        for hour in range(10, 17):
            visits.visit(project, tomas, milestone=milestone, starts=f"Thu 2026-03-19 {hour:02}:00", hours=1)
    nine = _statements_of(lambda: moved(milestone, "Thu 2026-03-19", "Tue 2026-03-17"))

    assert nine <= two
    there = db.session.scalars(select(Visit.starts_local).where(Visit.milestone_id == milestone.id)).all()
    assert {each.date() for each in there} == {date(2026, 3, 17)}


def _statements_of(act: Callable[[], None]) -> int:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(asked)


@pytest.mark.parametrize("state", [MilestoneState.STARTED, MilestoneState.DONE])
def test_visits_of_a_milestone_that_has_begun_stay(app: Flask, state: MilestoneState) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        visit = visits.visit(project, milestone=milestone)
        milestone.started_on = date(2026, 3, 2)
        milestone.finished_on = date(2026, 3, 2) if state is MilestoneState.DONE else None
        milestone.state = state

    moved(milestone, "Tue 2026-03-17", "Mon 2026-03-02", by_person=False)

    assert visits.again(visit).starts_local == wall("Tue 2026-03-17 09:00")


def test_visits_of_other_milestones_and_finished_ones_stay(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = any_milestone(project)
        other = visits.visit(project)
        cancelled = visits.visit(project, milestone=milestone)
        progress.cancel(cancelled, reason="No power", at=NOW, actor_id=None)

    moved(milestone, "Tue 2026-03-17", "Thu 2026-03-19")

    assert visits.again(other).sequence == 0
    assert visits.again(cancelled).starts_local == wall("Tue 2026-03-17 09:00")


def test_a_cancelled_project_calls_its_visits_off(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        coming = visits.visit(project, tomas, state=VisitState.CONFIRMED)
        under_way = visits.visit(
            project, tomas, starts="Mon 2026-03-02 09:00", kind=VisitKind.TRAINING, state=VisitState.CONFIRMED
        )
        progress.start(under_way, at=NOW, actor_id=None)
    with unit_of_work():
        record(ProjectCancelled(at=NOW, actor_id=None, project_id=project.id, reason="Budget cut"))

    assert visits.again(coming).state is VisitState.CANCELLED
    assert visits.again(coming).cancel_reason == "Budget cut"
    assert visits.again(under_way).state is VisitState.IN_PROGRESS


def test_the_playbooks_visits_are_planned_once(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        milestone = any_milestone(project)
        template = db.session.scalars(
            select(PlaybookMilestone).where(PlaybookMilestone.id == milestone.playbook_milestone_id)
        ).first()
        if template is None:
            pytest.skip("the standard plan has no playbook behind it")
        milestone.forecast_start_on = on("Thu 2026-04-30")
        milestone.forecast_on = on("Tue 2026-05-05")
        db.session.add_all(
            [
                PlaybookVisit(
                    milestone_id=template.id,
                    kind=VisitKind.INSTALL,
                    title={"en": "Install it"},
                    minutes=480,
                    technicians=2,
                ),
                PlaybookVisit(
                    milestone_id=template.id,
                    kind=VisitKind.REMOTE_CALL,
                    title={"en": "Call"},
                    minutes=45,
                ),
            ]
        )
        db.session.flush()
        db.session.expire(template)
    with unit_of_work():
        first = from_playbook.plan_visits([project.id], at=NOW, actor_id=None)
    with unit_of_work():
        again = from_playbook.plan_visits([project.id], at=NOW, actor_id=None)

    planned = {visit.kind: visit for visit in first if visit.milestone_id == milestone.id}
    install, call = planned[VisitKind.INSTALL], planned[VisitKind.REMOTE_CALL]
    assert (install.starts_local, install.ends_local) == (
        wall("Thu 2026-04-30 08:00"),
        wall("Tue 2026-05-05 16:00"),
    )
    assert (install.title, install.crew, install.state) == ("Install it", 2, VisitState.TENTATIVE)
    assert (call.starts_local, call.ends_local) == (
        wall("Thu 2026-04-30 10:00"),
        wall("Thu 2026-04-30 10:45"),
    )
    assert again == ()
    assert len(db.session.scalars(select(Visit)).all()) == len(first)


def test_a_visit_that_stays_is_judged_anew_when_what_it_waits_for_is_later(app: Flask) -> None:
    """Its milestone keeps its days, as one that somebody fixed does; what has to come before ends after it."""
    with unit_of_work():
        project = projects.live()
        link = db.session.scalars(
            select(MilestoneLink)
            .join(Milestone, Milestone.id == MilestoneLink.milestone_id)
            .where(Milestone.project_id == project.id, MilestoneLink.kind == LinkKind.FINISH_TO_START)
            .order_by(Milestone.position.desc(), MilestoneLink.id)
        ).first()
        assert link is not None
        before = db.session.get_one(Milestone, link.predecessor_id)
        waits = db.session.get_one(Milestone, link.milestone_id)
        tomas = workforce.technician()
        visit = visits.visit(
            project, tomas, milestone=waits, starts="Tue 2026-09-15 09:00", state=VisitState.CONFIRMED
        )

    def ends(day: str) -> set[Rule]:
        move = DateMove(
            milestone_id=before.id,
            name="Before",
            start_before=before.start_on,
            start_after=before.start_on,
            finish_before=before.forecast_on,
            finish_after=on(day),
        )
        with unit_of_work():
            db.session.get_one(Milestone, before.id).forecast_on = on(day)
            record(
                ForecastChanged(cause="the day", at=NOW, actor_id=None, project_id=project.id, moves=(move,))
            )
        rows = db.session.scalars(
            select(BrokenRule).where(BrokenRule.visit_id == visit.id, BrokenRule.gone_at.is_(None))
        )
        return {row.rule for row in rows}

    assert Rule.PREREQUISITE not in ends("Tue 2026-09-15")
    assert Rule.PREREQUISITE in ends("Wed 2026-09-16")
    assert Rule.PREREQUISITE in ends("Mon 2026-09-21")
    assert Rule.PREREQUISITE not in ends("Mon 2026-09-14")
