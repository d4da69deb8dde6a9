"""Doing the same to many projects: seen first for each, then done to each by itself, and told for each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from concierge.core.worktime import add_workdays
from concierge.platform import clock, jobs
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions import adopting, holding, milestones, rescheduling
from concierge.projects.actions.laying_out import calendars_of, foresee, today_at
from concierge.projects.events import ProjectReminded
from concierge.projects.models import Milestone, Project
from concierge.projects.states import BlockCause, GateState, MilestoneState, Party, ProjectState

LOOK_JOB = "projects.bulk.look"
DO_JOB = "projects.bulk.do"
AT_ONCE = 8
"""Projects that one request looks at or changes itself; more become a job with a page of its own."""
MOST = 5000
"""Projects of one act."""


class Kind(StrEnum):
    """What can be done to many projects."""

    ASSIGN = "assign"
    REMIND = "remind"
    SHIFT = "shift"
    HOLD = "hold"
    RESUME = "resume"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done to each project; the fields that its kind needs are filled."""

    kind: Kind
    concierge_id: int | None = None
    workdays: int = 0
    """By how many working days; negative is sooner."""
    cause: str = ""
    party: str = ""
    reason: str = ""
    expected_on: date | None = None
    playbook_id: int | None = None
    number: int = 0
    """Of the version that is taken over."""
    playbook: str = ""
    """What the playbook is called."""

    def as_args(self) -> dict[str, Any]:
        """As JSON, to keep with a job."""
        expected = self.expected_on.isoformat() if self.expected_on else None
        return {**asdict(self), "kind": self.kind.value, "expected_on": expected}


def wish_from(args: dict[str, Any]) -> Wish:
    """A wish that was kept as JSON."""
    expected = args.get("expected_on")
    day = date.fromisoformat(expected) if expected else None
    return Wish(**{**args, "kind": Kind(args["kind"]), "expected_on": day})


def ask_to_look(wish: Wish, project_ids: Sequence[int], *, title: str, owner_id: int) -> jobs.Job:
    """Note the job that sees what an act would do to each project."""
    args = {"wish": wish.as_args(), "ids": list(project_ids)}
    return jobs.start_job(LOOK_JOB, title, args, owner_id)


def ask_to_do(look: jobs.Job, *, owner_id: int) -> jobs.Job:
    """Note the job that does what somebody has looked at."""
    return jobs.start_job(DO_JOB, look.title, {"look_id": look.id, "wish": look.args["wish"]}, owner_id)


def act_on(project_id: int, wish: Wish, *, actor_id: int | None, at: datetime) -> Project:
    """Do to one project what is wished for.

    :raises Refused: when it cannot be done to this one, with the reason.
    """
    match wish.kind:
        case Kind.ASSIGN:
            return _assign(project_id, wish.concierge_id, actor_id=actor_id, at=at)
        case Kind.REMIND:
            return remind(project_id, actor_id=actor_id, at=at)
        case Kind.SHIFT:
            return shift(project_id, workdays=wish.workdays, reason=wish.reason, actor_id=actor_id, at=at)
        case Kind.HOLD:
            return holding.hold(
                project_id,
                cause=BlockCause(wish.cause),
                party=Party(wish.party),
                reason=wish.reason,
                first_on=today_at(queries.project_for_change(project_id), at),
                expected_on=wish.expected_on,
                actor_id=actor_id,
                at=at,
            )
        case Kind.ADOPT:
            return adopting.adopt(
                project_id, wish.playbook_id or 0, number=wish.number, actor_id=actor_id, at=at
            )
    project = queries.project_for_change(project_id)
    return holding.resume(project_id, on=today_at(project, at), actor_id=actor_id, at=at)


def _assign(project_id: int, concierge_id: int | None, *, actor_id: int | None, at: datetime) -> Project:
    project = queries.project_for_change(project_id)
    if project.concierge_id == concierge_id:
        raise Refused(_("It is theirs already."))
    return milestones.give_project_to(project_id, concierge_id=concierge_id, actor_id=actor_id, at=at)


def remind(project_id: int, *, actor_id: int | None, at: datetime) -> Project:
    """Have the customer reminded of what is open before shipping or installation.

    :raises Refused: when the project is not under way, rests, nothing is open, or there is nobody to write to, or
        they have been written to today, by the day at the site.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.LIVE:
        raise Refused(_("It is not under way, so the customer owes nothing."))
    if project.held_on is not None:
        raise Refused(_("It is on hold; nobody is reminded until work goes on."))
    items = sum(gate.open_items for gate in project.gates if gate.state is GateState.HELD)
    if not items:
        raise Refused(_("Nothing is open that holds shipping or installation."))
    if project.contact is None or not project.contact.email:
        raise Refused(_("It has no contact with a mail address. Add one on the account’s page."))
    reminded_at = queries.reminded_at(project_id)
    if reminded_at is not None and clock.day_at(reminded_at, project.site.zone) == today_at(project, at):
        raise Refused(_("Its customer was reminded today already. Once a day is enough."))
    record(ProjectReminded(at=at, actor_id=actor_id, project_id=project.id, open_items=items))
    return project


def shift(project_id: int, *, workdays: int, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Move what comes next by working days of its own calendar; everything that hangs on it follows.

    That is the first milestone of the chain that sets handover which is neither begun nor done.

    :param workdays: negative is sooner, as far as the plan allows.
    :raises Refused: when the project has ended or rests, or everything in its plan has begun.
    """
    if not workdays:
        raise Refused(_("Say by how many working days."))
    project = queries.project_for_change(project_id)
    if project.held_on is not None:
        raise Refused(_("It is on hold. Let it go on first."))
    if project.has_ended:
        raise Refused(_("It has ended; its dates no longer move."))
    milestone = _next_in_chain(project, at=at)
    known = calendars_of(project)
    calendar = known.of_milestone(project, milestone, today=today_at(project, at))
    starts_on = milestone.start_on or project.starts_on
    return rescheduling.move_milestone(
        project_id,
        milestone.id,
        to=add_workdays(calendar, starts_on, workdays),
        reason=reason,
        actor_id=actor_id,
        at=at,
    )


def _next_in_chain(project: Project, *, at: datetime) -> Milestone:
    plan, _moves = foresee(project, at=at)
    movable = [
        one
        for one in project.milestones
        if one.state in {MilestoneState.PLANNED, MilestoneState.BLOCKED} and one.started_on is None
    ]
    chain = [one for one in movable if one.key in plan.driving_chain] or movable
    if not chain:
        raise Refused(_("Everything in its plan has begun or is done."))
    return min(chain, key=lambda one: (plan.placed[one.key].start_on, one.position))
