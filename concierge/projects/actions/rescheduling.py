"""Moving a milestone, after seeing everything that moves with it."""

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _

from concierge.core.worktime import WorkCalendar, next_workday
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.gates import refuse_without_reason
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import calendars_of, follow, foresee, today_at
from concierge.projects.events import DateMove, MilestoneMoved
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason
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
    known = calendars_of(project)
    plan, moves = foresee(project, at=at, not_before={milestone.id: to}, known=known)
    placed = plan.placed[milestone.key]
    last = handover_of(project.milestones)
    return Preview(
        asked=to,
        starts_on=placed.start_on,
        why_not_as_asked=_why(
            project,
            known.of_milestone(project, milestone, today=today_at(project, at)),
            to,
            placed.start_on,
            placed.driver,
        ),
        moves=moves,
        handover_before=last.finish_on,
        handover_after=plan.placed[last.key].finish_on,
        promised_handover_on=project.promised_handover_on,
    )


def move_milestone(
    project_id: int,
    milestone_id: int,
    *,
    to: date,
    reason: str,
    because: Because = Because.MOVED,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Let a milestone start on a day, or the first one after it that is possible; dependants follow.

    :param to: the wish, a day at the site; it stays with the milestone until it is moved again.
    :param because: what it is moved for; anything but a person's own move is a reason in itself.
    :raises Refused: when the milestone has started or is done, the project has ended, or its dates are settled and
        no reason is given.
    """
    project = queries.plan_for_change(project_id)
    milestone = milestone_in(project, milestone_id)
    _refuse_if_fixed(project, milestone)
    if because is Because.MOVED:
        refuse_without_reason(project, reason)
    known = calendars_of(project)  # read before anything waits to be written
    wish = plans.start_wishes(project, milestone, to=to)
    milestone.not_before_on, milestone.exactly_on = wish.not_before_on, wish.exactly_on
    milestone.moved_at, milestone.moved_by_id, milestone.move_reason = at, actor_id, reason
    why = Reason(because, milestone.name, said=reason)
    moves = follow(project, at=at, actor_id=actor_id, why=why, known=known)
    record(
        MilestoneMoved(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            to=to,
            reason=reason,
            because={} if because is Because.MOVED else why.as_json(),
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
    raise Refused(_("That milestone is no longer in the plan. Load the project again."))


def _refuse_if_fixed(project: Project, milestone: Milestone) -> None:
    name = milestone.english_name
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s; its dates no longer move.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    if milestone.state is MilestoneState.SKIPPED:
        raise Refused(_("%(name)s is left out of this plan. Take it in again to move it.", name=name))
    if milestone.state is MilestoneState.DONE:
        raise Refused(_("%(name)s is done. Reopen it first if it did not happen.", name=name))
    if milestone.started_on is not None:
        raise Refused(_("%(name)s has started. Finish it, or reopen it to move its start.", name=name))


def _why(project: Project, calendar: WorkCalendar, asked: date, starts_on: date, driver: str) -> str:
    """Why a milestone does not start as asked: the reasons of a closed day, or what it waits for."""
    if starts_on == asked:
        return ""
    if not calendar.is_workday(asked) and starts_on == next_workday(calendar, asked):
        return ", ".join(calendar.reasons(asked))
    names = {other.key: other.english_name for other in project.milestones}
    return names.get(driver, "")
