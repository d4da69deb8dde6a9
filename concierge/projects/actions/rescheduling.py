"""Moving a milestone, after seeing everything that moves with it."""

from dataclasses import dataclass
from datetime import date, datetime

from concierge.core.worktime import next_workday
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import calendar_of, follow, foresee
from concierge.projects.events import DateMove, MilestoneMoved
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState


@dataclass(frozen=True, slots=True)
class Preview:
    """What a move would do. ``starts_on`` is the day it can really start on, which may be later than asked."""

    asked: date
    starts_on: date
    why_not_as_asked: str
    moves: tuple[DateMove, ...]
    handover_before: date | None
    handover_after: date | None
    promised_handover_on: date | None


def preview_move(project: Project, milestone: Milestone, *, to: date, at: datetime) -> Preview:
    """What would move if a milestone were to start on another day; nothing changes.

    :raises Refused: when the milestone cannot be moved.
    """
    _refuse_if_fixed(project, milestone)
    plan, moves = foresee(project, at=at, not_before={milestone.id: to})
    placed = plan.placed[milestone.key]
    last = handover_of(project.milestones)
    return Preview(
        asked=to,
        starts_on=placed.start_on,
        why_not_as_asked=_why(project, milestone, to, placed.start_on, placed.driver),
        moves=moves,
        handover_before=last.finish_on,
        handover_after=plan.placed[last.key].finish_on,
        promised_handover_on=project.promised_handover_on,
    )


def move_milestone(
    project_id: int, milestone_id: int, *, to: date, reason: str, actor_id: int | None, at: datetime
) -> Project:
    """Let a milestone start on a day, or the first one after it that is possible; dependants follow.

    :param to: the wish, a day at the site; it stays with the milestone until it is moved again.
    :raises Refused: when the milestone has started or is done, or the project has ended.
    """
    project = queries.project_for_change(project_id)
    milestone = milestone_in(project, milestone_id)
    _refuse_if_fixed(project, milestone)
    milestone.not_before_on = to
    moves = follow(project, at=at)
    record(
        MilestoneMoved(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            to=to,
            reason=reason,
            moves=moves,
        )
    )
    return project


def milestone_in(project: Project, milestone_id: int) -> Milestone:
    """One milestone of a project that is loaded.

    :raises Refused: when the plan has changed and it is gone.
    """
    for milestone in project.milestones:
        if milestone.id == milestone_id:
            return milestone
    raise Refused("That milestone is no longer in the plan. Load the project again.")


def _refuse_if_fixed(project: Project, milestone: Milestone) -> None:
    name = milestone.english_name
    if project.has_ended:
        raise Refused(f"{project.key} is {project.state.value}; its dates no longer move.")
    if milestone.state is MilestoneState.DONE:
        raise Refused(f"{name} is done. Reopen it first if it did not happen.")
    if milestone.started_on is not None:
        raise Refused(f"{name} has started. Finish it, or reopen it to move its start.")


def _why(project: Project, milestone: Milestone, asked: date, starts_on: date, driver: str) -> str:
    if starts_on == asked:
        return ""
    closed = calendar_of(project).why_closed(asked)
    if closed and starts_on == next_workday(calendar_of(project), asked):
        return closed
    names = {other.key: other.english_name for other in project.milestones}
    return names.get(driver, "")
