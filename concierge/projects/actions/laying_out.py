"""Laying a project's plan out again and writing what follows into its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from concierge.catalogue.states import DaysOf
from concierge.core.schedule import CycleFound, Plan
from concierge.core.worktime import WorkCalendar
from concierge.platform import clock
from concierge.platform.errors import Refused
from concierge.projects import plan as plans
from concierge.projects.actions import judging
from concierge.projects.actions.noting import Noted, note_moves
from concierge.projects.calendars import Known, known_of
from concierge.projects.events import DateMove
from concierge.projects.models import Milestone, Project


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
    plan = _laid_out(project, known or calendars_of(project), at=at, not_before=not_before)
    return plan, plans.moves_to(plan, project.milestones)


def follow(
    project: Project,
    *,
    at: datetime,
    actor_id: int | None = None,
    why: str = "",
    known: Known | None = None,
    noted: Noted | None = None,
) -> tuple[DateMove, ...]:
    """Lay the plan out, write the dates and the health, note what moved, and return it.

    :param actor_id: whose act moves dates; None: the passing of days.
    :param why: that act in one English sentence, as the history of dates keeps it.
    :param known: the project's calendars, where they have been read.
    :param noted: gathers what is noted of several projects, for whoever calls to keep.
    :raises Refused: when milestones wait for each other, or a calendar is never open.
    """
    known = known or calendars_of(project)
    plan, moves = foresee(project, at=at, known=known)
    derived = (
        _laid_out(project, known, at=at, is_derived=True) if plans.has_wishes(project.milestones) else plan
    )
    plans.write(plan, project.milestones, derived=derived)
    project.conflicts = plans.conflicts_of(plan, project.milestones)
    note_moves(project.id, moves, by_id=actor_id, at=at, why=why, together=noted)
    today = today_at(project, at)
    judging.judge(
        project,
        project.planned,
        plan,
        calendar=calendar_of(project, known=known),
        calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
        today=today,
    )
    return moves


def _laid_out(
    project: Project,
    known: Known,
    *,
    at: datetime,
    not_before: Mapping[int, date] | None = None,
    is_derived: bool = False,
) -> Plan:
    today = today_at(project, at)
    try:
        return plans.lay_out_project(
            project,
            project.milestones,
            calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
            today=today,
            not_before=not_before,
            is_derived=is_derived,
        )
    except CycleFound as circle:
        raise Refused(_in_a_circle(circle, project.milestones)) from circle
    except ValueError as never_open:
        raise Refused(str(never_open)) from never_open


def _in_a_circle(circle: CycleFound, milestones: Iterable[Milestone]) -> str:
    names = {milestone.key: milestone.english_name for milestone in milestones}
    said = " → ".join(names.get(key, key) for key in (*circle.keys, circle.keys[0]))
    return f"These milestones would wait for each other in a circle: {said}. Take one of these links out."
