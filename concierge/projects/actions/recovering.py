"""What would bring a project's handover back towards its promise."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from concierge.core.recovery import Remedy, RemedyKind, remedies
from concierge.core.schedule import Plan, Step
from concierge.projects import plan as plans
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import calendar_of, calendars_of, today_at
from concierge.projects.models import Project
from concierge.projects.states import Counting, ProjectState


def remedies_of(project: Project, *, at: datetime) -> tuple[Remedy, ...]:
    """What somebody could do so that the handover comes sooner, the greatest gain first; nothing changes.

    Only for a project under way whose handover is forecast after its promise; one that is counted back from
    its go-live gains nothing, for it ends as late as it may. A gain counts up to the promise; the delivery
    period that the customer asked for is not ours to give up.
    """
    if project.state is not ProjectState.LIVE or project.held_on is not None or project.slip_workdays <= 0:
        return ()
    if project.counting is Counting.BACKWARD:
        return ()
    today = today_at(project, at)
    known = calendars_of(project)
    steps, calendars = plans.network_of(
        project,
        project.milestones,
        calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
    )

    def lay(tried: Sequence[Step]) -> Plan:
        return plans.lay_out_network(project, tried, calendars, today=today)

    found = remedies(
        steps,
        lay=lay,
        last_key=handover_of(project.planned).key,
        calendar=calendar_of(project, known=known),
        today=today,
    )
    moved_by_us = {one.key for one in project.milestones if one.moved_at is not None}
    return tuple(
        replace(remedy, workdays=min(remedy.workdays, project.slip_workdays))
        for remedy in found
        if remedy.kind is not RemedyKind.DROP_WISH or remedy.key in moved_by_us
    )
