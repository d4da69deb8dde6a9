"""Changing a working calendar after seeing what it moves: proposing, foreseeing, applying, discarding.

A change is foreseen on the values that calendars are made of, and applied to the rows and to the plans of all
that depends on them, together. Where many projects depend both are jobs, some hundred projects a transaction.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.states import DaysOf
from concierge.platform import jobs
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record_many
from concierge.projects.actions import calendar_changes as changes
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.actions.laying_out import follow, foresee
from concierge.projects.actions.noting import Noted, keep_noted
from concierge.projects.calendars import Known, known_of, known_of_site, known_of_technician
from concierge.projects.events import DateMove, PlanReplanned, PlanReplannedAmongMany
from concierge.projects.models import CalendarProposal, CalendarProposalMove, Project
from concierge.projects.queries import replanning as queries
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import CalendarProposalState, ProjectState

FORESEE_JOB = "projects.foresee_calendar"
APPLY_JOB = "projects.apply_calendar"
FEW = 40
"""So many projects are foreseen and laid out again while a person waits; more become a job."""
CHUNK = 200
"""Projects of one transaction of a job."""

Days: TypeAlias = tuple[date | None, date | None]
"""The start and the finish of a milestone."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """What became of some projects: how many moved, and which moved otherwise than was foreseen."""

    moved: int = 0
    surprises: tuple[str, ...] = ()
    """Keys of the projects that somebody had changed since."""


def propose(change: CalendarChange, *, title: str, actor_id: int | None, at: datetime) -> CalendarProposal:
    """Say what a change of somebody's working days would move; where nothing would, make it at once.

    :param title: the change in a few English words, for histories.
    :raises Refused: when the change ends before it begins, names no country, or leaves no working day.
    """
    change = changes.with_before(change)
    changes.check(change, _known_about(change))
    proposal = CalendarProposal(title=title, change=changes.as_json(change), made_at=at, made_by_id=actor_id)
    db.session.add(proposal)
    db.session.flush()
    _begin(proposal, change, actor_id=actor_id, at=at)
    return proposal


def propose_back(proposal_id: int, *, actor_id: int | None, at: datetime) -> CalendarProposal:
    """Say what taking a change back would move; where nothing would, take it back at once.

    Every plan follows the days as they were; what somebody has changed since stays, and is listed.

    :raises Refused: when it is not made or taken back already, or what it wrote is no longer there.
    """
    done = queries.calendar_proposal_for_change(proposal_id)
    if done.state is not CalendarProposalState.APPLIED:
        raise Refused(_("Only a change that is made can be taken back."))
    known = queries.taking_back(proposal_id)
    if known is not None and known.state is CalendarProposalState.APPLIED:
        raise Refused(_("That change was taken back already."))
    if known is not None:
        return known
    change = changes.back(changes.from_json(done.change))
    changes.refuse_stale(change)
    changes.check(change, _known_about(change))
    proposal = CalendarProposal(
        title=done.title,
        change=changes.as_json(change),
        made_at=at,
        made_by_id=actor_id,
        takes_back_id=done.id,
    )
    db.session.add(proposal)
    db.session.flush()
    _begin(proposal, change, actor_id=actor_id, at=at)
    return proposal


def foresee_again(proposal_id: int, *, actor_id: int | None, at: datetime) -> CalendarProposal:
    """Say anew what a proposal would move, after calendars or plans have changed.

    :raises Refused: when it is decided, or at work.
    :raises Stale: when the row that it changes is another one now.
    """
    proposal = _undecided(proposal_id)
    change = changes.from_json(proposal.change)
    changes.refuse_stale(change)
    changes.check(change, _known_about(change))
    _begin(proposal, change, actor_id=actor_id, at=at)
    return proposal


def apply(proposal_id: int, *, note: str = "", actor_id: int | None, at: datetime) -> CalendarProposal:
    """Write a change and let every plan follow; where many projects depend a job does it.

    :raises Stale: when calendars or plans have changed since it was foreseen; nothing is written.
    :raises Refused: when it is decided, or at work.
    """
    proposal = _undecided(proposal_id)
    if proposal.state is CalendarProposalState.FORESEEING:
        raise Refused(_("What it would move is still being worked out. Wait until the page shows it."))
    proposal.note = note
    if proposal.fingerprint != fingerprint():
        raise Stale(_("Working days have changed since. Look again at what would move, then apply it."))
    change = changes.from_json(proposal.change)
    ids = depending(change)
    if len(ids) > FEW:
        proposal.state = CalendarProposalState.APPLYING
        proposal.job_id = jobs.start_job(APPLY_JOB, proposal.title, {"proposal_id": proposal.id}, actor_id).id
        db.session.flush()
        return proposal
    changes.write(change, actor_id=actor_id, at=at)
    done = replan(proposal, ids, actor_id=actor_id, at=at)
    if done.surprises:
        raise Stale(
            _(
                "Plans have changed since: %(keys)s. Look again at what would move, then apply it.",
                keys=", ".join(done.surprises),
            )
        )
    settle(proposal, actor_id=actor_id, at=at)
    return proposal


def discard(proposal_id: int, *, actor_id: int | None, at: datetime) -> CalendarProposal:
    """Leave the calendar as it is.

    :raises Refused: when it is decided, or being applied.
    """
    proposal = _undecided(proposal_id)
    _forget_moves(proposal)
    proposal.state = CalendarProposalState.DISMISSED
    proposal.decided_at, proposal.decided_by_id = at, actor_id
    db.session.flush()
    return proposal


def begin_applying(proposal_id: int, *, actor_id: int | None, at: datetime) -> Sequence[int]:
    """Write the change of a proposal that a job applies, once; return the projects that depend on it.

    :raises Stale: when calendars have changed since it was foreseen; the proposal is open again.
    """
    proposal = queries.calendar_proposal_for_change(proposal_id)
    change = changes.from_json(proposal.change)
    if not proposal.change.get("is_written"):
        if proposal.fingerprint != fingerprint():
            raise Stale(_("Working days have changed since. Look again at what would move, then apply it."))
        ids = depending(change)
        changes.write(change, actor_id=actor_id, at=at)
        proposal.change = {**proposal.change, "is_written": True, "project_ids": list(ids)}
        db.session.flush()
    return [int(project_id) for project_id in proposal.change["project_ids"]]


def reopen(proposal_id: int) -> None:
    """Let a proposal wait for a person again, whose change could not be written."""
    proposal = queries.calendar_proposal_for_change(proposal_id)
    if proposal.state is CalendarProposalState.APPLYING and not proposal.change.get("is_written"):
        proposal.state = CalendarProposalState.OPEN
        db.session.flush()


def replan(
    proposal: CalendarProposal,
    project_ids: Collection[int],
    *,
    is_among_many: bool = False,
    actor_id: int | None,
    at: datetime,
) -> Replanned:
    """Let the plans of projects follow a change that is written; a second time changes nothing.

    :param is_among_many: let visits and checklists follow later, each project on its own.
    """
    event = PlanReplannedAmongMany if is_among_many else PlanReplanned
    projects = queries.projects_to_lay_out(project_ids, for_change=True)
    known = known_of(projects)
    expected = queries.foreseen(proposal.id, project_ids)
    moved = 0
    surprises: list[str] = []
    events: list[PlanReplanned | PlanReplannedAmongMany] = []
    is_back = proposal.takes_back_id is not None
    because = Because.WORKING_DAYS_BACK if is_back else Because.WORKING_DAYS
    why = Reason(because, name=proposal.title)
    noted: Noted = []
    with db.session.no_autoflush:  # nothing that is read here is written here
        for project in projects:
            if project.has_ended:
                continue
            moves = follow(project, at=at, actor_id=actor_id, why=why, known=known, noted=noted)
            if not _as_foreseen(project, moves, expected.get(project.id, {})):
                surprises.append(project.key)
            if moves and project.state is ProjectState.LIVE:
                events.append(
                    event(
                        at=at,
                        actor_id=actor_id,
                        project_id=project.id,
                        proposal_id=proposal.id,
                        change=proposal.title,
                        is_back=is_back,
                        moves=moves,
                    )
                )
            moved += bool(moves)
    keep_noted(noted)
    record_many(events)
    db.session.flush()
    return Replanned(moved, tuple(surprises))


def settle(proposal: CalendarProposal, *, actor_id: int | None, at: datetime) -> None:
    """Note that a change is made and all that depends on it laid out."""
    proposal.state = CalendarProposalState.APPLIED
    proposal.decided_at, proposal.decided_by_id = at, actor_id
    if proposal.takes_back_id is not None:
        db.session.flush()
        left = queries.not_as_before(proposal.takes_back_id)
        proposal.change = {**proposal.change, "left": [[one.key, one.milestones] for one in left]}
    db.session.flush()


def left_over(proposal: CalendarProposal) -> Sequence[tuple[str, int]]:
    """What taking a change back did not bring back: keys of projects, and how many of their dates are others."""
    return [(str(key), int(count)) for key, count in proposal.change.get("left", [])]


def foresee_some(
    change: CalendarChange, project_ids: Collection[int], *, at: datetime
) -> list[dict[str, Any]]:  # Any: days and ids
    """What a change would move in some projects, as rows of a proposal; nothing changes."""
    projects = queries.projects_to_lay_out(project_ids, for_change=False)
    known = changes.tried(known_of(projects, crew=_crew(change)), change)
    at = changes.moment_after(change, at)
    return [
        row
        for project in projects
        if not project.has_ended
        for row in _rows(project, foresee(project, at=at, known=known)[1])
    ]


def keep_moves(proposal_id: int, project_ids: Collection[int], rows: Sequence[dict[str, Any]]) -> None:
    """Keep what a proposal would move in some projects, in place of what was kept of them before."""
    moves = CalendarProposalMove
    db.session.execute(
        sa.delete(moves).where(moves.proposal_id == proposal_id, moves.project_id.in_(project_ids))
    )
    if rows:
        db.session.execute(sa.insert(moves), [{**row, "proposal_id": proposal_id} for row in rows])


def show(proposal_id: int, *, seen_on: str) -> None:
    """Open a proposal for a decision: all that it would move is kept.

    :param seen_on: the fingerprint of the calendars on which it was foreseen.
    """
    proposal = queries.calendar_proposal_for_change(proposal_id)
    moves = CalendarProposalMove
    proposal.projects, proposal.promises = db.session.execute(
        sa.select(
            sa.func.count(moves.project_id.distinct()),
            sa.func.coalesce(sa.func.sum(sa.case((moves.misses_promise, 1), else_=0)), 0),
        ).where(moves.proposal_id == proposal_id)
    ).one()
    proposal.state, proposal.fingerprint = CalendarProposalState.OPEN, seen_on
    db.session.flush()


def depending(change: CalendarChange) -> Sequence[int]:
    """Ids of the open projects whose plan may count days that a change makes others."""
    touched = change.touched
    match change.kind:
        case ChangeKind.CLOSURE:
            return queries.dependents(touched=touched)
        case ChangeKind.HOME:
            return queries.dependents(touched=None, days_of=DaysOf.COMPANY)
        case ChangeKind.ABSENCE:
            return queries.dependents(touched=touched, user_id=change.user_id)
        case ChangeKind.SITE_PLACE | ChangeKind.SITE_HOURS | ChangeKind.SITE_CLOSURE:
            return queries.dependents(touched=touched, site_id=change.site_id)


def fingerprint() -> str:
    """A short word that is another one after any change of any working calendar."""
    return hashlib.sha256(json.dumps(queries.calendars_fingerprint(), default=str).encode()).hexdigest()


def _begin(proposal: CalendarProposal, change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    _forget_moves(proposal)
    ids = depending(change)
    if len(ids) > FEW:
        proposal.state = CalendarProposalState.FORESEEING
        proposal.job_id = jobs.start_job(
            FORESEE_JOB, proposal.title, {"proposal_id": proposal.id}, actor_id
        ).id
        db.session.flush()
        return
    rows = foresee_some(change, ids, at=at)
    if rows:
        keep_moves(proposal.id, ids, rows)
        show(proposal.id, seen_on=fingerprint())
        return
    changes.write(change, actor_id=actor_id, at=at)
    replan(proposal, ids, actor_id=actor_id, at=at)
    settle(proposal, actor_id=actor_id, at=at)


def _forget_moves(proposal: CalendarProposal) -> None:
    db.session.execute(sa.delete(CalendarProposalMove).where(CalendarProposalMove.proposal_id == proposal.id))
    proposal.projects = proposal.promises = 0


def _undecided(proposal_id: int) -> CalendarProposal:
    proposal = queries.calendar_proposal_for_change(proposal_id)
    match proposal.state:
        case CalendarProposalState.APPLIED:
            raise Refused(_("That change is made already."))
        case CalendarProposalState.DISMISSED:
            raise Refused(_("That change was discarded. Enter it again."))
        case CalendarProposalState.APPLYING:
            raise Refused(_("That change is being made. Wait until it is done."))
        case _:
            return proposal


def _known_about(change: CalendarChange) -> Known:
    if change.site_id is not None:
        return known_of_site(change.site_id)
    if change.user_id is not None:
        return known_of_technician(change.user_id)
    return known_of([])


def _crew(change: CalendarChange) -> tuple[int, ...]:
    return (change.user_id,) if change.user_id is not None else ()


def _rows(project: Project, moves: Iterable[DateMove]) -> list[dict[str, Any]]:  # Any: days and ids
    promised = {milestone.id: milestone.promised_on for milestone in project.milestones}
    rows = []
    for move in moves:
        promise = promised.get(move.milestone_id)
        misses = (
            promise is not None
            and move.finish_after is not None
            and move.finish_after > promise
            and (move.finish_before is None or move.finish_before <= promise)
        )
        rows.append(
            {
                "project_id": project.id,
                "milestone_id": move.milestone_id,
                "start_before": move.start_before,
                "start_after": move.start_after,
                "finish_before": move.finish_before,
                "finish_after": move.finish_after,
                "promised_on": promise,
                "misses_promise": misses,
            }
        )
    return rows


def _as_foreseen(project: Project, moves: Iterable[DateMove], expected: Mapping[int, Days]) -> bool:
    """Whether the plan is now as it was foreseen; one that had followed before moves no more and still is."""
    if any(expected.get(move.milestone_id) != (move.start_after, move.finish_after) for move in moves):
        return False
    now = {one.id: (one.forecast_start_on, one.forecast_on) for one in project.milestones}
    return all(now.get(milestone_id) == days for milestone_id, days in expected.items())
