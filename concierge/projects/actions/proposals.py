"""What an order document asks of an approved plan: noted, then decided by a person."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from flask_babel import gettext as _

from concierge.catalogue.states import MilestoneKind
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.approving import promise_anew
from concierge.projects.actions.laying_out import follow
from concierge.projects.actions.rescheduling import move_milestone
from concierge.projects.events import ProjectCancelled, ProposalDecided, ProposalMade
from concierge.projects.models import Project, Proposal
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import ProjectState, ProposalKind, ProposalState


def propose(
    project_id: int,
    kind: ProposalKind,
    *,
    requested_from: date | None = None,
    requested_to: date | None = None,
    note: str,
    lines: Mapping[str, int] | None = None,
    actor_id: int | None,
    at: datetime,
) -> Proposal:
    """Note what is asked; an older open proposal of the same kind gives way to it, and what it says of lines is kept.

    Dates that the plan has followed already are not asked again: they would undo what was agreed since.

    :param note: what the buyer said.
    :param lines: how many lines of the order are ``added``, ``changed`` and ``removed``; None: none.
    """
    project = queries.project_for_change(project_id)
    undecided = _dismiss_older(project.id, kind, at=at)
    if (requested_from, requested_to) == (project.requested_from, project.requested_to):
        requested_from = requested_to = None
    proposal = Proposal(
        project_id=project.id,
        kind=kind,
        made_at=at,
        requested_from=requested_from,
        requested_to=requested_to,
        note=note,
        lines=dict(undecided + Counter(lines or {})),
    )
    db.session.add(proposal)
    db.session.flush()
    record(
        ProposalMade(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            proposal_id=proposal.id,
            kind=kind.value,
            note=note,
            lines=proposal.lines,
            asks_dates=proposal.asks_dates,
        )
    )
    return proposal


def accept(project_id: int, proposal_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Do what is proposed: what was bought counts, delivery follows new dates and they are promised; or the project is
    cancelled.

    :raises Refused: when it is decided already, or what it asks can no longer be done.
    """
    project = queries.project_for_change(project_id)
    proposal = _decide(project, proposal_id, ProposalState.ACCEPTED, reason=reason, actor_id=actor_id, at=at)
    match proposal.kind:
        case ProposalKind.NEW_DATES:
            _take_quantities(project.id)
            if proposal.asks_dates:
                _take_dates(project, proposal, actor_id=actor_id, at=at)
        case ProposalKind.CANCEL:
            said = reason.strip() or proposal.note
            _cancel(project, Reason(Because.ORDER_CANCELLED, said=said), actor_id=actor_id, at=at)
    return project


def dismiss(project_id: int, proposal_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Leave the plan as it is, with a reason.

    :raises Refused: when it is decided already, or no reason is given.
    """
    if not reason.strip():
        raise Refused(_("Say in a few words why the plan stays as it is."))
    project = queries.project_for_change(project_id)
    _decide(project, proposal_id, ProposalState.DISMISSED, reason=reason, actor_id=actor_id, at=at)
    return project


def cancel(project_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """End a project without handover.

    :raises Refused: when it has ended already, or no reason is given.
    """
    project = queries.project_for_change(project_id)
    if not reason.strip():
        raise Refused(_("Say in a few words why the project is cancelled."))
    return _cancel(project, Reason(said=reason.strip()), actor_id=actor_id, at=at)


def _cancel(project: Project, why: Reason, *, actor_id: int | None, at: datetime) -> Project:
    if project.has_ended:
        raise Refused(
            _("%(key)s is %(state)s already.", key=project.key, state=saying.project_is(project.state))
        )
    project.state = ProjectState.CANCELLED
    project.cancelled_at, project.cancel_reason = at, why.said
    follow(project, at=at)
    record(
        ProjectCancelled(
            at=at, actor_id=actor_id, project_id=project.id, reason=why.said, because=why.as_json()
        )
    )
    return project


def _dismiss_older(project_id: int, kind: ProposalKind, *, at: datetime) -> Counter[str]:
    lines: Counter[str] = Counter()
    for older in queries.proposals_of(project_id):
        if older.kind is kind and older.state is ProposalState.OPEN:
            older.state, older.decided_at = ProposalState.DISMISSED, at
            lines.update(older.lines)
    return lines


def _decide(
    project: Project,
    proposal_id: int,
    state: ProposalState,
    *,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Proposal:
    proposal = next((one for one in queries.proposals_of(project.id) if one.id == proposal_id), None)
    if proposal is None or proposal.state is not ProposalState.OPEN:
        raise Refused(_("This proposal is decided already. Load the project again to see how."))
    proposal.state, proposal.reason = state, reason
    proposal.decided_at, proposal.decided_by_id = at, actor_id
    db.session.flush()
    record(
        ProposalDecided(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            proposal_id=proposal.id,
            kind=proposal.kind.value,
            accepted=state is ProposalState.ACCEPTED,
            reason=reason,
        )
    )
    return proposal


def _take_quantities(project_id: int) -> None:
    """From now on the project speaks of as many units as its order does."""
    for brought in queries.playbooks_of(project_id):
        brought.quantity = plans.units(brought.line.quantity)


def _take_dates(project: Project, proposal: Proposal, *, actor_id: int | None, at: datetime) -> None:
    delivery = next((one for one in project.planned if one.kind is MilestoneKind.DELIVERED), None)
    wish = proposal.requested_from or proposal.requested_to
    if delivery is None or wish is None:
        raise Refused(
            _("The plan has no delivery that could follow the new dates. Move a milestone by hand.")
        )
    project.requested_from, project.requested_to = proposal.requested_from, proposal.requested_to
    move_milestone(
        project.id,
        delivery.id,
        to=wish,
        reason=proposal.note,
        because=Because.ORDER_ASKS,
        actor_id=actor_id,
        at=at,
    )
    promise_anew(
        project.id,
        reason=proposal.note,
        because=Because.ORDER_ASKS,
        is_agreed=True,
        reference=project.order.number,
        actor_id=actor_id,
        at=at,
    )
