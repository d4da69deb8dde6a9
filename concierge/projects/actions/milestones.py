"""What people do to a milestone: start, finish, block, unblock, reopen, hand it to somebody else."""

from datetime import date, datetime

from flask_babel import gettext as _

from concierge.catalogue.states import Team
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.gates import held_for, why_held
from concierge.projects.actions.laying_out import follow, today_at
from concierge.projects.actions.noting import note_dates
from concierge.projects.actions.rescheduling import milestone_in
from concierge.projects.events import (
    DateMove,
    MilestoneBlocked,
    MilestoneFinished,
    MilestoneReassigned,
    MilestoneReopened,
    MilestoneStarted,
    MilestoneUnblocked,
    ProjectFinished,
    ProjectReassigned,
    ProjectReopened,
)
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import (
    NEXT,
    BlockCause,
    DateKind,
    MilestoneAct,
    MilestoneState,
    ProjectState,
)


def start(project_id: int, milestone_id: int, *, on: date, actor_id: int | None, at: datetime) -> Project:
    """Say that work on a milestone began on a day.

    :raises Refused: when it cannot start now, the day lies ahead, a gate holds it, or the project is on hold.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.START)
    _refuse_if_on_hold(project)
    _refuse_future(project, on, at)
    _refuse_if_held(project, milestone)
    milestone.state = MilestoneState.STARTED
    milestone.started_on = on
    moves = _note_actual(project, milestone, Because.STARTED, actor_id=actor_id, at=at)
    record(
        MilestoneStarted(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            on=on,
            moves=moves,
        )
    )
    return project


def finish(project_id: int, milestone_id: int, *, on: date, actor_id: int | None, at: datetime) -> Project:
    """Say that a milestone was reached on a day; what waits for it follows from that day.

    The project is finished with its last milestone.

    :raises Refused: when it is done or blocked, the day lies ahead or before its start, what it waits for is
        not done, or a gate holds it.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.FINISH)
    _refuse_future(project, on, at)
    _refuse_if_held(project, milestone)
    _refuse_if_waiting(project, milestone)
    if milestone.started_on is not None and on < milestone.started_on:
        raise Refused(
            _(
                "%(name)s started on %(day)s; it cannot be done before.",
                name=localized(milestone.name),
                day=saying.long_day(milestone.started_on),
            )
        )
    milestone.state = MilestoneState.DONE
    milestone.finished_on = on
    moves = _note_actual(project, milestone, Because.FINISHED, actor_id=actor_id, at=at)
    record(
        MilestoneFinished(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            on=on,
            moves=moves,
        )
    )
    finish_if_done(project, actor_id=actor_id, at=at)
    return project


def finish_if_done(project: Project, *, actor_id: int | None, at: datetime) -> None:
    """Finish a project whose plan has nothing open any more."""
    if all(other.state is MilestoneState.DONE for other in project.planned):
        _finish_project(project, actor_id=actor_id, at=at)


def block(
    project_id: int,
    milestone_id: int,
    *,
    cause: BlockCause,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Say that a milestone cannot go on, from which cause, in whose words.

    :raises Refused: when it is done or blocked already, or no reason is given.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.BLOCK)
    if not reason.strip():
        raise Refused(_("Say in a few words what stands in the way."))
    milestone.state = MilestoneState.BLOCKED
    milestone.block_cause, milestone.block_reason = cause, reason
    milestone.blocked_on = today_at(project, at)
    why = Reason(Because.BLOCKED, milestone.name, said=reason)
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        MilestoneBlocked(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            cause=cause.value,
            reason=reason,
            moves=moves,
        )
    )
    return project


def unblock(project_id: int, milestone_id: int, *, actor_id: int | None, at: datetime) -> Project:
    """Say that a milestone can go on; one that had started is started again.

    :raises Refused: when it is not blocked.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.UNBLOCK)
    milestone.state = MilestoneState.STARTED if milestone.started_on else MilestoneState.PLANNED
    milestone.block_cause, milestone.block_reason, milestone.blocked_on = None, "", None
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.UNBLOCKED, milestone.name))
    record(
        MilestoneUnblocked(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            moves=moves,
        )
    )
    return project


def reopen(project_id: int, milestone_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Say that a milestone that was started or done is not; its actual dates go, its promise stays.

    :raises Refused: when it is neither, no reason is given, or something that waits for it is done.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.REOPEN, also=ProjectState.DONE)
    if not reason.strip():
        raise Refused(_("Say in a few words why it is open again."))
    waits = plans.waits_of(project.milestones)
    waiting = [
        other
        for other in project.planned
        if other.state is MilestoneState.DONE
        and any(link.predecessor == milestone.key for link in waits[other.key])
    ]
    if waiting:
        raise Refused(
            _(
                "%(name)s is done and waits for %(name2)s. Reopen that one first.",
                name=localized(waiting[0].name),
                name2=localized(milestone.name),
            )
        )
    milestone.state = MilestoneState.PLANNED
    milestone.started_on = milestone.finished_on = None
    was_done = project.state is ProjectState.DONE
    if was_done:
        project.state, project.finished_on = ProjectState.LIVE, None
    moves = _note_actual(project, milestone, Because.REOPENED, said=reason, actor_id=actor_id, at=at)
    record(
        MilestoneReopened(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            reason=reason,
            moves=moves,
        )
    )
    if was_done:
        record(ProjectReopened(at=at, actor_id=actor_id, project_id=project.id))
    return project


def reassign(
    project_id: int,
    milestone_id: int,
    *,
    team: Team,
    owner_id: int | None,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Make another team, and a person by name, accountable for a milestone.

    :raises Refused: when the project has ended.
    """
    project = queries.project_for_change(project_id)
    _refuse_if_ended(project)
    milestone = milestone_in(project, milestone_id)
    milestone.team, milestone.owner_id = team, owner_id
    record(
        MilestoneReassigned(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            team=team.value,
            owner_id=owner_id,
        )
    )
    return project


def give_project_to(
    project_id: int, *, concierge_id: int | None, actor_id: int | None, at: datetime
) -> Project:
    """Let another person look after a project."""
    project = queries.project_for_change(project_id)
    _refuse_if_ended(project)
    project.concierge_id = concierge_id
    record(ProjectReassigned(at=at, actor_id=actor_id, project_id=project.id, concierge_id=concierge_id))
    return project


def _for_act(
    project_id: int, milestone_id: int, act: MilestoneAct, *, also: ProjectState | None = None
) -> tuple[Project, Milestone]:
    project = queries.project_for_change(project_id)
    milestone = milestone_in(project, milestone_id)
    if project.state is ProjectState.DRAFT:
        raise Refused(_("The plan of %(key)s is a draft. Approve it first.", key=project.key))
    if project.state is not also:
        _refuse_if_ended(project)
    if (milestone.state, act) not in NEXT:
        raise Refused(
            _(
                "%(name)s is %(state)s, so you cannot %(act)s it.",
                name=localized(milestone.name),
                state=saying.milestone_is(milestone.state),
                act=act.value,
            )
        )
    return project, milestone


def _refuse_if_ended(project: Project) -> None:
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s, so nothing in its plan changes any more.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )


def _refuse_future(project: Project, on: date, at: datetime) -> None:
    if on > today_at(project, at):
        raise Refused(_("That day has not come yet at the site. Choose today or a day before."))


def _refuse_if_held(project: Project, milestone: Milestone) -> None:
    gate = held_for(project.gates, milestone.kind)
    if gate is not None:
        raise Refused(why_held(gate, milestone))


def _refuse_if_waiting(project: Project, milestone: Milestone) -> None:
    """Refuse to finish what waits for something that has not begun, or is not done, as the link between says."""
    by_key = {other.key: other for other in project.milestones}
    for link in plans.waits_of(project.milestones)[milestone.key]:
        predecessor = by_key[link.predecessor]
        if predecessor.state is MilestoneState.DONE:
            continue
        if not link.kind.is_from_start:
            raise Refused(
                _(
                    "%(name)s waits for %(name2)s. Finish that one first.",
                    name=localized(milestone.name),
                    name2=localized(predecessor.name),
                )
            )
        if predecessor.started_on is None:
            raise Refused(
                _(
                    "%(name)s waits until %(name2)s begins. Start that one first.",
                    name=localized(milestone.name),
                    name2=localized(predecessor.name),
                )
            )


def _refuse_if_on_hold(project: Project) -> None:
    if project.held_on is not None:
        raise Refused(
            _(
                "%(key)s is on hold since %(day)s. Let it go on before work begins.",
                key=project.key,
                day=saying.long_day(project.held_on),
            )
        )


def _note_actual(
    project: Project,
    milestone: Milestone,
    what: Because,
    *,
    said: str = "",
    actor_id: int | None,
    at: datetime,
) -> tuple[DateMove, ...]:
    """Note when a milestone began or was done, and let the plan follow."""
    why = Reason(what, milestone.name, said=said)
    note_dates(
        project.id,
        milestone.id,
        DateKind.ACTUAL,
        milestone.started_on,
        milestone.finished_on,
        actor_id,
        at,
        why,
    )
    return follow(project, at=at, actor_id=actor_id, why=why)


def _finish_project(project: Project, *, actor_id: int | None, at: datetime) -> None:
    project.state = ProjectState.DONE
    project.finished_on = max(other.finished_on for other in project.milestones if other.finished_on)
    follow(project, at=at)
    record(ProjectFinished(at=at, actor_id=actor_id, project_id=project.id, on=project.finished_on))
