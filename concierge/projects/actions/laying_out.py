"""Laying a project's plan out again and writing what follows into its rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from concierge.catalogue.states import DaysOf
from concierge.core.schedule import CycleFound, Plan, Step
from concierge.core.worktime import WorkCalendar
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.projects import plan as plans
from concierge.projects.actions import judging
from concierge.projects.actions.noting import Noted, keep_noted, note_moves
from concierge.projects.calendars import Known, known_of
from concierge.projects.events import DateMove
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Reason

MOST_KEPT = 200
"""Projects of which the last plans are held at hand."""


def calendars_of(project: Project) -> Known:
    """All that the project's calendars are made of, read once."""
    return known_of([project])


def calendar_of(project: Project, *, known: Known | None = None) -> WorkCalendar:
    """The working days at the project's site, those on which it is on hold included."""
    known = known or calendars_of(project)
    return replace(known, holds={}).calendars(project, today=date.min)[DaysOf.SITE]


def today_at(project: Project, at: datetime) -> date:
    """The calendar day at the project's site."""
    return clock.day_at(at, project.site.zone)


def foresee(
    project: Project,
    *,
    at: datetime,
    not_before: Mapping[int, date] | None = None,
    known: Known | None = None,
) -> tuple[Plan, tuple[DateMove, ...]]:
    """What the plan would be, and what would move, without changing anything.

    :param not_before: wishes that replace those of the rows, by milestone id.
    :param known: other calendars than those in force.
    :raises Refused: when milestones wait for each other, or a calendar is never open.
    """
    with _said_of(project):
        network = _network(project, known or calendars_of(project), at=at, not_before=not_before)
        plan = _placed(project, *network, at=at)
    return plan, plans.moves_to(plan, project.milestones)


def follow(
    project: Project,
    *,
    at: datetime,
    actor_id: int | None = None,
    why: Reason = Reason(),  # noqa: B008 # never changed
    known: Known | None = None,
    noted: Noted | None = None,
) -> tuple[DateMove, ...]:
    """Lay the plan out, write the dates and the health, note what moved, and return it.

    :param actor_id: whose act moves dates; None: the passing of days.
    :param why: that act, as the history of dates keeps it.
    :param known: the project's calendars, where they have been read.
    :param noted: gathers what is noted of several projects, for whoever calls to keep.
    :raises Refused: when milestones wait for each other, or a calendar is never open.
    """
    known = known or calendars_of(project)
    with _said_of(project):
        steps, calendars = _network(project, known, at=at)
        plan = _placed(project, steps, calendars, at=at)
        alone = plans.without_wishes(steps)
        derived = _placed(project, alone, calendars, at=at) if alone is not steps else plan
    moves = plans.moves_to(plan, project.milestones)
    plans.write(plan, project.milestones, derived=derived)
    conflicts = plans.conflicts_of(plan, project.milestones) if plan.conflicts else []
    if project.conflicts != conflicts:
        project.conflicts = conflicts
    note_moves(project.id, moves, by_id=actor_id, at=at, why=why, together=noted)
    _judge(project, plan, steps, calendars, known, at=at)
    return moves


def follow_all(
    projects: Sequence[Project],
    *,
    at: datetime,
    actor_id: int | None = None,
    why: Reason = Reason(),  # noqa: B008 # never changed
    noted: Noted | None = None,
) -> None:
    """Lay many plans out in one act, as `follow` does each.

    :param noted: gathers what is noted for whoever calls to keep; None: it is kept here.
    :raises Refused: when milestones of one wait for each other, or a calendar is never open.
    """
    known, together = known_of(projects), [] if noted is None else noted
    for project in projects:
        follow(project, at=at, actor_id=actor_id, why=why, known=known, noted=together)
    if noted is None:
        keep_noted(together)


def judge_again(project: Project, *, at: datetime) -> None:
    """Say how a project stands whose plan has just been laid out: something that holds a gate is otherwise."""
    known = calendars_of(project)
    with _said_of(project):
        steps, calendars = _network(project, known, at=at)
        plan = _placed(project, steps, calendars, at=at)
    _judge(project, plan, steps, calendars, known, at=at)


def _judge(
    project: Project,
    plan: Plan,
    steps: Sequence[Step],
    calendars: Mapping[str, WorkCalendar],
    known: Known,
    *,
    at: datetime,
) -> None:
    judging.judge(
        project,
        project.planned,
        plan,
        calendar=calendar_of(project, known=known),
        steps={step.key: step for step in steps},
        calendars=calendars,
        today=today_at(project, at),
    )


def _network(
    project: Project, known: Known, *, at: datetime, not_before: Mapping[int, date] | None = None
) -> tuple[Sequence[Step], Mapping[str, WorkCalendar]]:
    today = today_at(project, at)
    return plans.network_of(
        project,
        project.milestones,
        calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
        not_before=not_before,
    )


def _placed(
    project: Project, steps: Sequence[Step], calendars: Mapping[str, WorkCalendar], *, at: datetime
) -> Plan:
    """The plan of these steps; what was laid out last of a project is not laid out again while nothing differs."""
    today, options = today_at(project, at), plans.options_of(project)
    wanted = (
        list(steps),
        {name: id(each) for name, each in calendars.items()},
        project.starts_on,
        today,
        options,
    )
    kept: dict[int, list[_Placed]] = db.session().info.setdefault("laid out", {})
    if len(kept) > MOST_KEPT:  # a long job lays out thousands
        kept.clear()
    for one in kept.get(project.id, ()):
        if one.wanted == wanted:
            return one.plan
    plan = plans.lay_out_network(project, steps, calendars, today=today)
    kept[project.id] = [_Placed(wanted, calendars, plan), *kept.get(project.id, ())][:2]
    return plan


@dataclass(frozen=True, slots=True)
class _Placed:
    wanted: Any
    calendars: Mapping[str, WorkCalendar]
    """Held, so that no other one can come by the id of one of them."""
    plan: Plan


@contextmanager
def _said_of(project: Project) -> Iterator[None]:
    """Say in a sentence what keeps a plan from being laid out."""
    try:
        yield
    except CycleFound as circle:
        raise Refused(_in_a_circle(circle, project.milestones)) from circle
    except ValueError as never_open:
        raise Refused(str(never_open)) from never_open


def _in_a_circle(circle: CycleFound, milestones: Iterable[Milestone]) -> str:
    names = {milestone.key: milestone.english_name for milestone in milestones}
    said = " → ".join(names.get(key, key) for key in (*circle.keys, circle.keys[0]))
    return f"These milestones would wait for each other in a circle: {said}. Take one of these links out."
