"""Answering items, accepting answers, opening them again."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.catalogue.states import ItemType
from concierge.core import readiness
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.readiness import plan
from concierge.readiness.events import ItemAccepted, ItemAnswered, ItemReopened
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import Channel, ItemState, Verdict

_VERDICTS = {
    readiness.Verdict.OK: Verdict.OK,
    readiness.Verdict.OUT_OF_RANGE: Verdict.OUT_OF_RANGE,
    readiness.Verdict.UNKNOWN: Verdict.UNKNOWN,
}


class UnreadableAnswer(Refused):
    """What was typed is not an answer of the kind that is asked for."""


class WrongMoment(Refused):
    """The item is not in a state in which that can be done."""


def answer_item(
    item: ReadinessItem,
    *,
    typed: str,
    comment: str = "",
    channel: Channel = Channel.STAFF,
    at: datetime,
    actor_id: int | None,
) -> Verdict:
    """Take an answer and judge it; an earlier one is replaced.

    :raises WrongMoment: when nothing is asked, or the answer was accepted already.
    :raises UnreadableAnswer: when it is not an answer of the kind that is asked for.
    """
    if item.type is ItemType.INFO:
        raise WrongMoment(_("This point only informs. It needs no answer."))
    if item.state is ItemState.ACCEPTED:
        raise WrongMoment(_("This answer was accepted. Reopen the point first, with a reason."))
    try:
        answer = plan.answer_of(item, typed, files=len(item.evidence))
    except ValueError as problem:
        raise UnreadableAnswer(str(problem)) from problem
    item.value = typed.strip()
    item.si_value = None if answer.number is None else float(answer.number)
    item.verdict = _VERDICTS[readiness.verdict(plan.requirement_of(item), answer)]
    item.comment = comment
    item.state = ItemState.ANSWERED
    item.answered_at, item.answered_by_id, item.channel = at, actor_id, channel
    record(
        ItemAnswered(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            value=item.value,
            verdict=item.verdict.value,
        )
    )
    return item.verdict


def accept_item(item: ReadinessItem, *, comment: str = "", at: datetime, actor_id: int | None) -> None:
    """Let an answer count, also one out of range when a comment says why it will do.

    :raises WrongMoment: when there is no answer, or the evidence or the reason is missing.
    """
    if item.state is ItemState.OPEN:
        raise WrongMoment(_("There is no answer to accept yet. Answer the point first."))
    if item.state is ItemState.ACCEPTED:
        raise WrongMoment(_("The answer is accepted already."))
    if item.lacks_evidence:
        raise WrongMoment(_("This point needs evidence. Attach a photo, log or certificate first."))
    if item.verdict is not Verdict.OK and not (comment or item.comment):
        raise WrongMoment(
            _("The answer is not within what was asked for. Say in the comment why it will do.")
        )
    if comment:
        item.comment = comment
    item.state = ItemState.ACCEPTED
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


def reopen_item(item: ReadinessItem, *, reason: str, at: datetime, actor_id: int | None) -> None:
    """Ask for an item again; its files stay, its answer goes into the history.

    :raises WrongMoment: when it is open already, or no reason is given.
    """
    if item.state is ItemState.OPEN:
        raise WrongMoment(_("This point is open already."))
    if not reason.strip():
        raise WrongMoment(_("Say why the answer does not hold, so that the customer knows what to do."))
    item.state = ItemState.OPEN
    item.answered_at = item.answered_by_id = item.channel = item.si_value = None
    item.value, item.verdict, item.comment = "", Verdict.UNKNOWN, reason
    item.due_on = plan.due_on(item.checklist.anchor_on, item.due_offset)
    record(
        ItemReopened(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            reason=item.comment,
        )
    )
