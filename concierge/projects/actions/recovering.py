"""What would bring a project's handover back towards its promise."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from concierge.core.recovery import Remedy, RemedyKind, remedies
from concierge.core.schedule import ConflictKind, Plan, Step
from concierge.core.worktime import DAY, WorkCalendar, next_workday, workdays_between
from concierge.projects import plan as plans
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import calendar_of, calendars_of, today_at
from concierge.projects.calendars import SHUTDOWN, Known
from concierge.projects.models import Project
from concierge.projects.states import Counting, ProjectState
from concierge.workforce.calendars import AWAY, COMPANY

WORKABLE = (COMPANY, AWAY, SHUTDOWN)
"""Calendars whose closed days people can agree to work on; public holidays and holds are not among them."""


def remedies_of(project: Project, *, at: datetime) -> tuple[Remedy, ...]:
    """What somebody could do so that the handover comes sooner, the greatest gain first; nothing changes.

    Only for a project under way whose handover is forecast after its promise, or after the go-live that is
    required; one that is counted back from its go-live gains nothing, for it ends as late as it may. A gain
    counts up to what is missing; the delivery period that the customer asked for is not ours to give up.
    """
    missing = missing_workdays(project)
    if project.state is not ProjectState.LIVE or missing <= 0:
        return ()
    if project.counting is Counting.BACKWARD and _beyond_go_live(project) <= 0:
        return ()
    today = today_at(project, at)
    known = calendars_of(project)
    calendar = calendar_of(project, known=known)
    if project.held_on is not None:
        found = _going_on(project, known, calendar, today=today)
    else:
        found = _in_the_plan(project, known, calendar, today=today)
    moved_by_us = {one.key for one in project.milestones if one.moved_at is not None}
    counted = [
        replace(remedy, workdays=min(remedy.workdays, missing))
        for remedy in found
        if remedy.kind is not RemedyKind.DROP_WISH or remedy.key in moved_by_us
    ]
    return tuple(sorted(counted, key=lambda one: (-one.workdays, one.kind is not RemedyKind.OPEN_DAY)))


def missing_workdays(project: Project) -> int:
    """By how many working days the handover is later than it was promised, or than the go-live is required."""
    return max(project.slip_workdays, _beyond_go_live(project))


def _beyond_go_live(project: Project) -> int:
    return max(
        (
            int(one.get("workdays") or 0)
            for one in project.conflicts or ()
            if one.get("kind") == ConflictKind.REQUIRED.value
        ),
        default=0,
    )


def _in_the_plan(
    project: Project, known: Known, calendar: WorkCalendar, *, today: date
) -> tuple[Remedy, ...]:
    """What can be done to one milestone."""
    steps, calendars = _network(project, known, today=today)

    def lay(tried: Sequence[Step]) -> Plan:
        return plans.lay_out_network(project, tried, calendars, today=today)

    def lay_open(day: date) -> Plan:
        opened = {name: _opened(one, day) for name, one in calendars.items()}
        return plans.lay_out_network(project, steps, opened, today=today)

    return remedies(
        steps,
        lay=lay,
        last_key=handover_of(project.planned).key,
        calendar=calendar,
        calendars=calendars,
        today=today,
        lay_open=lay_open,
        closed=_workable(project, today=today),
    )


def _going_on(project: Project, known: Known, calendar: WorkCalendar, *, today: date) -> tuple[Remedy, ...]:
    """What it would bring if a project that rests went on as soon as it can."""
    rests = known.holds.get(project.id, ())
    lasting = next((one for one in rests if one.resumed_on is None), None)
    if lasting is None:
        return ()
    on = next_workday(calendar, max(today, lasting.first_on + DAY))
    ended = tuple(replace(one, resumed_on=on) if one is lasting else one for one in rests)
    ends = [
        plans.lay_out_network(project, *_network(project, each, today=today), today=today)
        .placed[handover_of(project.planned).key]
        .finish_on
        for each in (replace(known, holds={project.id: ended}), known)
    ]
    gained = workdays_between(calendar, *ends)
    return (Remedy(RemedyKind.GO_ON, handover_of(project.planned).key, gained, ends[0], on),) * (gained > 0)


def _network(project: Project, known: Known, *, today: date) -> tuple[list[Step], Mapping[str, WorkCalendar]]:
    return plans.network_of(
        project,
        project.milestones,
        calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
    )


def _workable(project: Project, *, today: date) -> list[tuple[str, date]]:
    """The first day ahead of each closure that costs the plan days, with the milestone that it holds up."""
    by_name = {tuple(sorted(one.name.items())): one.key for one in project.planned}
    found = []
    for cause in (project.health_facts or {}).get("causes", ()):
        if cause.get("kind") != "closed" or cause.get("place") not in WORKABLE:
            continue
        first_on = max(today, date.fromisoformat(cause["on"]))
        key = by_name.get(tuple(sorted((cause.get("milestone") or {}).items())))
        if key is not None and first_on <= date.fromisoformat(cause["until"]):
            found.append((key, first_on))
    return found


def _opened(calendar: WorkCalendar, day: date) -> WorkCalendar:
    closed = {on: why for on, why in calendar.closed.items() if on != day}
    return replace(calendar, closed=closed, parts=())
