"""What it costs when a holiday is added: foreseeing and re-planning thousands of running projects (SQLite)."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.jobs import Job, Progress
from concierge.projects import chores
from concierge.projects.actions import replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.models import CalendarProposal, CalendarProposalMove, Milestone, Project
from concierge.projects.states import CalendarProposalState, ProjectState
from tests.bench import company
from tests.bench.figures import Figure

GOAL = "goal 60 s for 10,000"


def only_running(instance: Path) -> None:
    """Leave nothing but projects under way in an instance whose server has stopped, so that copies are too."""
    with contextlib.closing(sqlite3.connect(instance / "concierge.sqlite3")) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("DELETE FROM projects WHERE state <> 'live'")
        database.execute("DELETE FROM orders WHERE id NOT IN (SELECT order_id FROM projects)")
        while broken := database.execute("PRAGMA foreign_key_check").fetchall():
            for child, row, _parent, _key in broken:
                database.execute(f"DELETE FROM {child} WHERE rowid = ?", (row,))
        database.commit()


def grown(base: Path, to: Path, *, projects: int) -> int:
    """Make a company of so many running projects beside a base; says how many there are."""
    company.copied(base, to)
    only_running(to)
    return company.grow_projects(to, to=projects)


def holiday(app: Flask) -> Iterator[Figure]:
    """Add a holiday in the middle of the running plans: work out what moves, then let every plan follow.

    Stands inside an application context; the jobs run here as the worker runs them.
    """
    count = db.session.scalar(sa.select(sa.func.count(Project.id)).where(Project.state == ProjectState.LIVE))
    with unit_of_work():
        proposal = replanning.propose(_holiday(), title="Holiday", actor_id=None, at=clock.now())
        number, job_id = proposal.id, proposal.job_id
    assert proposal.state is CalendarProposalState.FORESEEING, "so few projects need no job"
    took, worked = _seconds(lambda: _run(chores.foresee_calendar, job_id, number))
    yield Figure(f"holiday foreseen in {count:,} running projects", took, "s", remark=f"{worked:.1f} CPU s")

    expected = _expected(number)
    with unit_of_work():
        job_id = replanning.apply(number, actor_id=None, at=clock.now()).job_id
    took, worked = _seconds(lambda: _run(chores.apply_calendar, job_id, number))
    moved = db.session.get_one(CalendarProposal, number, populate_existing=True).projects
    yield Figure(
        f"{count:,} running projects re-planned after a holiday",
        took,
        "s",
        remark=f"{worked:.1f} CPU s; {moved:,} moved; {GOAL}",
    )
    assert expected == _present(expected), "the plans are as they were foreseen"


def _holiday() -> CalendarChange:
    """The working day that most running plans have work on."""
    busiest = db.session.execute(
        sa.select(Milestone.forecast_start_on)
        .join(Project, Project.id == Milestone.project_id)
        .where(
            Project.state == ProjectState.LIVE,
            Milestone.started_on.is_(None),
            Milestone.forecast_start_on > clock.now().date() + timedelta(days=1),
        )
        .group_by(Milestone.forecast_start_on)
        .order_by(sa.func.count().desc(), Milestone.forecast_start_on)
        .limit(1)
    ).scalar_one()
    db.session.rollback()
    return CalendarChange(kind=ChangeKind.CLOSURE, name="Holiday", first_on=busiest, last_on=busiest)


def _run(
    work: Callable[[Progress, dict[str, Any]], Any], job_id: int | None, proposal_id: int
) -> None:  # Any: JSON, and a job's result or end
    assert job_id is not None
    with unit_of_work():
        db.session.get_one(Job, job_id).state = chores.jobs.JobState.RUNNING
    result = work(Progress(job_id=job_id, owner_id=None), {"proposal_id": proposal_id})
    if callable(result):
        with unit_of_work():
            result()
    db.session.rollback()


def _seconds(act: Callable[[], None]) -> tuple[float, float]:
    """What an act takes, and how much of it is processor time."""
    began, began_working = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - began_working


def _expected(proposal_id: int) -> dict[int, tuple[Any, Any]]:  # Any: days
    moves = CalendarProposalMove
    rows = db.session.execute(
        sa.select(moves.milestone_id, moves.start_after, moves.finish_after).where(
            moves.proposal_id == proposal_id
        )
    )
    found = {row[0]: (row[1], row[2]) for row in rows}
    db.session.rollback()
    return found


def _present(expected: dict[int, tuple[Any, Any]]) -> dict[int, tuple[Any, Any]]:  # Any: days
    rows = db.session.execute(
        sa.select(Milestone.id, Milestone.forecast_start_on, Milestone.forecast_on).where(
            Milestone.id.in_(sa.select(CalendarProposalMove.milestone_id))
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows if row[0] in expected}
