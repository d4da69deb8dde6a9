"""Judging answers: letting them count, and giving them back with a reason."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.catalogue.states import Reviewer
from concierge.identity.permissions import Role
from concierge.platform.events import record
from concierge.readiness import standing
from concierge.readiness.actions import answering, issuing
from concierge.readiness.actions.answering import WrongMoment
from concierge.readiness.events import ItemAccepted, ItemReopened
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import ItemState, Verdict

REVIEWS = {
    Reviewer.ENGINEER: frozenset({Role.TECHNICIAN, Role.DISPATCHER, Role.MANAGER, Role.ADMINISTRATOR}),
    Reviewer.CONCIERGE: frozenset({Role.CONCIERGE, Role.MANAGER, Role.ADMINISTRATOR}),
}
"""Whose review counts for an item that asks for one."""


def may_review(item: ReadinessItem, role: Role) -> bool:
    """Whether somebody's word lets an answer count; where no reviewer is named, anybody's who may answer."""
    return item.reviewer is None or role in REVIEWS[item.reviewer]


def accept_item(item: ReadinessItem, *, note: str = "", at: datetime, actor_id: int | None) -> None:
    """Let an answer count, also one out of range, or with files of another kind, when a note says why it will do.

    :param note: ours; the answer's own comment stays.
    :raises WrongMoment: when there is no answer, or several, or the evidence or the reason is missing.
    """
    answering.lock(item)
    if item.state is ItemState.OPEN:
        raise WrongMoment(_("There is no answer to accept yet. Answer the point first."))
    if item.is_contradicted:
        raise WrongMoment(_("Two answers contradict each other. Choose which one counts, then accept it."))
    if item.state is ItemState.ACCEPTED:
        raise WrongMoment(_("The answer is accepted already."))
    if item.lacks_evidence and not (note.strip() and len(item.evidence) >= max(1, item.file_count)):
        raise WrongMoment(_not_proven(item))
    if item.verdict is not Verdict.OK and not (note.strip() or item.comment):
        raise WrongMoment(
            _("The answer is not within what was asked for. Say in the comment why it will do.")
        )
    item.state, item.reported_at = ItemState.ACCEPTED, None
    item.reviewed_at, item.reviewed_by_id, item.review_note = at, actor_id, note
    record(
        ItemAccepted(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
        )
    )


def return_item(item: ReadinessItem, *, reason: str, at: datetime, actor_id: int | None) -> None:
    """Give an answer back with a reason that the customer reads; its files stay, it itself goes into the history.

    :raises WrongMoment: when it is open already, or no reason is given.
    """
    answering.lock(item)
    if item.state is ItemState.OPEN:
        raise WrongMoment(_("This point is open already."))
    if not reason.strip():
        raise WrongMoment(_("Say why the answer does not hold, so that the customer knows what to do."))
    answering.set_aside(item)
    item.returned_reason, item.reported_at = reason, None
    item.due_on = issuing.due_day(item)
    record(
        ItemReopened(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            reason=item.returned_reason,
        )
    )


def _not_proven(item: ReadinessItem) -> str:
    if len(item.evidence) < max(1, item.file_count):
        return standing.missing_files(item) + " " + _("Attach what is missing first.")
    return (
        standing.missing_files(item)
        + " "
        + _("Attach what is missing, or say in the comment why it will do.")
    )
