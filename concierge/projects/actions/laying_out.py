"""Laying a project's plan out again and writing what follows into its rows."""

from collections.abc import Mapping
from datetime import date, datetime

from concierge.core.schedule import Plan
from concierge.core.worktime import WorkCalendar
from concierge.platform import clock
from concierge.projects import plan as plans
from concierge.projects.actions import judging
from concierge.projects.events import DateMove
from concierge.projects.models import Project
from concierge.workforce import queries as workforce


def calendar_of(project: Project) -> WorkCalendar:
    """The working days at the project's site."""
    return workforce.working_calendar(*project.site.region)


def today_at(project: Project, at: datetime) -> date:
    """The calendar day at the project's site."""
    return clock.day_at(at, project.site.zone)


def foresee(
    project: Project,
    *,
    at: datetime,
    not_before: Mapping[int, date] | None = None,
    calendar: WorkCalendar | None = None,
) -> tuple[Plan, tuple[DateMove, ...]]:
    """What the plan would be, and what would move, without changing anything."""
    plan = plans.lay_out_project(
        project,
        project.milestones,
        calendar=calendar or calendar_of(project),
        today=today_at(project, at),
        not_before=not_before,
    )
    return plan, plans.moves_to(plan, project.milestones)


def follow(project: Project, *, at: datetime) -> tuple[DateMove, ...]:
    """Lay the plan out, write the dates and the health, and return what moved."""
    calendar = calendar_of(project)
    plan, moves = foresee(project, at=at, calendar=calendar)
    plans.write(plan, project.milestones)
    judging.judge(project, project.milestones, plan, calendar=calendar, today=today_at(project, at))
    return moves
