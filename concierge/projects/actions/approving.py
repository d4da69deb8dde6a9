"""Approving a plan: its dates become promises and are kept for ever."""

from datetime import date, datetime

import sqlalchemy as sa

from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import follow
from concierge.projects.events import DatesPromised, PlanApproved
from concierge.projects.models import Baseline, BaselineMilestone, Project
from concierge.projects.states import ProjectState


def approve_plan(
    project_id: int, *, seen_handover_on: date | None = None, actor_id: int | None, at: datetime
) -> Project:
    """Promise the dates of a draft as they are laid out today, and keep them as the first baseline.

    :param seen_handover_on: the handover that the person saw who approves; None does not compare.
    :raises Refused: when the plan is approved already, or the project has ended.
    :raises Stale: when today's plan leads to another handover than the one that was seen.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.DRAFT:
        raise Refused(f"The plan of {project.key} is {_said(project.state)}; only a draft can be approved.")
    follow(project, at=at)
    if seen_handover_on is not None and project.forecast_handover_on != seen_handover_on:
        raise Stale(
            f"The plan leads to {project.forecast_handover_on:%-d %B %Y} by now, not to the "
            f"{seen_handover_on:%-d %B %Y} on your page. Load the page again, look, then approve."
        )
    project.state = ProjectState.LIVE
    project.approved_at = at
    baseline = _promise(project, name="First plan", actor_id=actor_id, at=at)
    record(
        PlanApproved(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            baseline_id=baseline.id,
            handover_on=project.promised_handover_on,
        )
    )
    return project


def promise_anew(project_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Promise the dates of the forecast instead of the older ones, as agreed with the customer.

    What was promised before stays in the baselines; milestones that are done keep their promise.

    :raises Refused: when the project is not under way, or no reason is given.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.LIVE:
        raise Refused(f"{project.key} is {project.state.value}; there is nothing to promise.")
    if not reason.strip():
        raise Refused("Say in a few words why other dates are promised now.")
    before = project.promised_handover_on
    follow(project, at=at)
    baseline = _promise(project, name=f"Agreed on {at:%Y-%m-%d}", actor_id=actor_id, at=at)
    record(
        DatesPromised(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            baseline_id=baseline.id,
            handover_before=before,
            handover_on=project.promised_handover_on,
            reason=reason,
        )
    )
    return project


def _promise(project: Project, *, name: str, actor_id: int | None, at: datetime) -> Baseline:
    for milestone in project.milestones:
        if milestone.promised_on is None or milestone.finished_on is None:
            milestone.promised_start_on, milestone.promised_on = milestone.start_on, milestone.finish_on
    project.promised_handover_on = handover_of(project.milestones).promised_on
    baseline = take_baseline(project, name=name, actor_id=actor_id, at=at)
    follow(project, at=at)
    return baseline


def take_baseline(project: Project, *, name: str, actor_id: int | None, at: datetime) -> Baseline:
    """Keep the plan as it is now under the next number."""
    last = db.session.scalar(sa.select(sa.func.max(Baseline.number)).where(Baseline.project_id == project.id))
    baseline = Baseline(
        project_id=project.id, number=(last or 0) + 1, name=name, taken_at=at, taken_by_id=actor_id
    )
    db.session.add(baseline)
    db.session.flush()
    db.session.add_all(
        BaselineMilestone(
            baseline_id=baseline.id,
            milestone_key=milestone.key,
            name=milestone.name,
            start_on=milestone.start_on,
            finish_on=milestone.finish_on,
        )
        for milestone in project.milestones
    )
    db.session.flush()
    return baseline


def _said(state: ProjectState) -> str:
    return {
        ProjectState.LIVE: "approved already",
        ProjectState.DONE: "finished",
        ProjectState.CANCELLED: "cancelled",
    }[state]
