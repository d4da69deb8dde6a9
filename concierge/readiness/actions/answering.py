"""Answering items: every answer stays as it was given, one counts, and what contradicts it waits for a person."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.states import ItemType
from concierge.core import readiness
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.readiness import plan
from concierge.readiness.events import AnswerChosen, AnswerDismissed, AnswersDiffer, ItemAnswered
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Standing, Verdict

VERDICTS = {
    readiness.Verdict.OK: Verdict.OK,
    readiness.Verdict.OUT_OF_RANGE: Verdict.OUT_OF_RANGE,
    readiness.Verdict.UNKNOWN: Verdict.UNKNOWN,
}


class UnreadableAnswer(Refused):
    """What was typed is not an answer of the kind that is asked for."""


class WrongMoment(Refused):
    """The item is not in a state in which that can be done."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who gives an answer or a file, and how it came: one of ours, the holder of a link, or a name on a paper."""

    user_id: int | None = None
    link_id: int | None = None
    name: str = ""
    """As shown; empty for ours."""
    channel: Channel = Channel.STAFF

    @property
    def is_ours(self) -> bool:
        """Whether it is one of our people."""
        return self.channel in {Channel.STAFF, Channel.FIELD}

    def is_same(self, answer: ItemAnswer) -> bool:
        """Whether this is known to be the person who gave that answer; a name alone proves nothing."""
        if self.channel is Channel.PDF or answer.channel is Channel.PDF:
            return False
        if self.user_id is not None:
            return self.user_id == answer.by_id
        return self.link_id is not None and self.link_id == answer.link_id


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer."""

    verdict: Verdict
    """What the answer itself says about the requirement, whether it counts or not."""
    standing: Standing
    """CURRENT: it counts, or says what counts already. CONFLICT: a person of ours chooses. Else: nothing new."""
    answer_id: int
    """The row that holds it; the one that was there when it says the same."""


def answer_item(
    item: ReadinessItem,
    *,
    typed: str,
    comment: str = "",
    at: datetime,
    by: Answerer,
    seen: int | None = None,
    returned_id: int | None = None,
) -> Answered:
    """Take an answer, judge it and keep it; the one before it stays in the history.

    :param item: with its checklist and evidence.
    :param seen: id of the answer that the answerer had before their eyes, 0 for none, `None` when nobody knows. When
        another one counts by now and says something else than both, the new answer is kept beside it as CONFLICT.
    :param returned_id: the returned document that it was read from.
    :raises WrongMoment: when nothing is asked, or one of ours would overwrite what was accepted.
    :raises UnreadableAnswer: when it is not an answer of the kind that is asked for; nothing is kept then.
    """
    lock(item)
    if item.type is ItemType.INFO:
        raise WrongMoment(_("This point only informs. It needs no answer."))
    if item.state is ItemState.ACCEPTED and by.is_ours:
        raise WrongMoment(_("This answer was accepted. Reopen the point first, with a reason."))
    new = _judged(item, typed)
    new.comment, new.at, new.channel = comment.strip(), at, by.channel
    new.by_id, new.link_id, new.name, new.returned_id = by.user_id, by.link_id, by.name, returned_id
    rows = _rows(item)
    counts = _counting(item, rows)
    before = next((row for row in rows if row.id == seen), None)
    is_untouched = before is not None and before.value == new.value and new.comment in {"", before.comment}
    if by.channel is Channel.PDF and before is not None and is_untouched:
        return Answered(new.verdict, before.standing, before.id)  # printed so, and left as it was
    known = _known(item, rows, counts, new, by)
    if known is not None:
        return Answered(new.verdict, known.standing, known.id)
    if _is_contradiction(item, counts, before, new, by, seen):
        return _keep_apart(item, new, by)
    was_accepted = item.state is ItemState.ACCEPTED and counts is not None and not _is_same(item, counts, new)
    _make_current(item, rows, new)
    _note_contradiction(item, rows)
    if item.state is not ItemState.ACCEPTED or was_accepted:
        item.state = ItemState.ANSWERED
        _forget_review(item)
    is_other = counts is not None and not _is_same(item, counts, new)
    if by.is_ours:
        item.reported_at = None
    elif is_other and item.checklist.frozen_at is not None:
        item.reported_at = at
    _tell_answered(item, new, by=by, before=counts, was_accepted=was_accepted)
    return Answered(new.verdict, Standing.CURRENT, new.id)


def choose_answer(item: ReadinessItem, answer_id: int, *, at: datetime, actor_id: int | None) -> Verdict:
    """Let one of the answers that contradict each other count; the others of them are put aside, none is lost.

    :param answer_id: the one that counts, which may be the one that does so already.
    :raises NotFound: when it is none of this item's.
    :raises WrongMoment: when nothing is to be chosen any more, or it cannot be read as an answer to what is asked now.
    """
    lock(item)
    rows = _rows(item)
    counts = _counting(item, rows)
    chosen = _one_of(rows, answer_id)
    if chosen.standing not in {Standing.CURRENT, Standing.CONFLICT}:
        raise WrongMoment(_("Somebody chose among these answers in the meantime. Look at the point again."))
    if not any(row.standing is Standing.CONFLICT for row in rows):
        raise WrongMoment(_("There is nothing to choose: only one answer counts."))
    if chosen is not counts:
        again = _judged(item, chosen.value)
        chosen.si_value, chosen.verdict = again.si_value, again.verdict
        _make_current(item, rows, chosen)
        item.state = ItemState.ANSWERED
        _forget_review(item)
    for row in rows:
        if row.standing is Standing.CONFLICT:
            row.standing = Standing.DISMISSED
    _note_contradiction(item, rows)
    record(
        AnswerChosen(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            value=chosen.value,
            before="" if counts is None or counts is chosen else counts.value,
        )
    )
    return item.verdict


def dismiss_answer(item: ReadinessItem, answer_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Put one answer aside that contradicts the one that counts; it stays in the history.

    :raises NotFound: when it is none of this item's.
    :raises WrongMoment: when it contradicts nothing any more.
    """
    lock(item)
    rows = _rows(item)
    row = _one_of(rows, answer_id)
    if row.standing is not Standing.CONFLICT:
        raise WrongMoment(_("Somebody chose among these answers in the meantime. Look at the point again."))
    row.standing = Standing.DISMISSED
    _note_contradiction(item, rows)
    record(
        AnswerDismissed(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            value=row.value,
        )
    )


def answer_by_file(item: ReadinessItem, *, name: str, at: datetime, by: Answerer) -> None:
    """Let a file that was just attached answer an item that asks for files; a further one may complete the answer.

    :param item: locked, with its evidence.
    """
    if item.type is not ItemType.UPLOAD:
        return
    if item.state is ItemState.ANSWERED:
        counts = _counting(item, _rows(item))
        if counts is not None:
            counts.verdict = item.verdict = _judged(item, item.value).verdict
    if item.state is not ItemState.OPEN:
        return
    new = _judged(item, name)
    new.at, new.channel, new.by_id = at, by.channel, by.user_id
    new.link_id, new.name = by.link_id, by.name
    _make_current(item, _rows(item), new)
    item.state = ItemState.ANSWERED
    _forget_review(item)
    db.session.flush()


def lock(item: ReadinessItem) -> None:
    """Read an item as it is now and keep others from changing it until this act is saved."""
    db.session.flush()
    columns = [one.key for one in sa.inspect(ReadinessItem).column_attrs]
    db.session.refresh(item, attribute_names=columns, with_for_update=True)


def set_aside(item: ReadinessItem) -> None:
    """Let no answer of an item count any more, as when it is asked for again; all stay in the history."""
    rows = _rows(item)
    _counting(item, rows)
    for row in rows:
        if row.standing is Standing.CURRENT:
            row.standing = Standing.EARLIER
    item.answered_at = item.answered_by_id = item.channel = item.si_value = None
    item.value, item.verdict, item.comment, item.answered_name = "", Verdict.UNKNOWN, "", ""
    item.state = ItemState.OPEN
    _forget_review(item)


def _judged(item: ReadinessItem, typed: str) -> ItemAnswer:
    """An answer that is not kept yet, as it says something about what is asked now."""
    try:
        answer = plan.answer_of(item, typed)
    except ValueError as problem:
        raise UnreadableAnswer(str(problem)) from problem
    return ItemAnswer(
        item_id=item.id,
        value=typed.strip(),
        si_value=None if answer.number is None else float(answer.number),
        verdict=VERDICTS[readiness.verdict(plan.requirement_of(item), answer)],
        comment="",
    )


def _rows(item: ReadinessItem) -> list[ItemAnswer]:
    """Every answer of an item as it stands now, the oldest first."""
    found = db.session.scalars(
        sa.select(ItemAnswer)
        .where(ItemAnswer.item_id == item.id)
        .order_by(ItemAnswer.id)
        .execution_options(populate_existing=True)
    )
    return list(found)


def _counting(item: ReadinessItem, rows: list[ItemAnswer]) -> ItemAnswer | None:
    """The answer that counts; one from before there was a history gets its row now."""
    found = next((row for row in rows if row.standing is Standing.CURRENT), None)
    if found is not None or item.state is ItemState.OPEN or item.answered_at is None:
        return found
    made = ItemAnswer(
        item_id=item.id,
        standing=Standing.CURRENT,
        value=item.value,
        si_value=item.si_value,
        verdict=item.verdict,
        comment=item.comment,
        at=item.answered_at,
        channel=item.channel or Channel.STAFF,
        by_id=item.answered_by_id,
        name=item.answered_name,
    )
    db.session.add(made)
    db.session.flush()
    rows.append(made)
    return made


def _one_of(rows: list[ItemAnswer], answer_id: int) -> ItemAnswer:
    found = next((row for row in rows if row.id == answer_id), None)
    if found is None:
        raise NotFound
    return found


def _is_same(item: ReadinessItem, one: ItemAnswer, other: ItemAnswer) -> bool:
    """Whether two answers say the same, however they were typed: 71.6 °F and 22 °C do."""
    return plan.is_same_value(item, one.value, other.value)


def _known(
    item: ReadinessItem, rows: list[ItemAnswer], counts: ItemAnswer | None, new: ItemAnswer, by: Answerer
) -> ItemAnswer | None:
    """The row that holds exactly this already: the one that counts, or the same person's that waits to be chosen."""
    if counts is not None and new.value == counts.value and new.comment in {"", counts.comment}:
        return counts
    return next(
        (
            row
            for row in rows
            if row.standing is Standing.CONFLICT
            and (row.value, row.comment) == (new.value, new.comment)
            and (row.channel, row.by_id, row.link_id, row.name)
            == (by.channel, by.user_id, by.link_id, by.name)
        ),
        None,
    )


def _is_contradiction(
    item: ReadinessItem,
    counts: ItemAnswer | None,
    before: ItemAnswer | None,
    new: ItemAnswer,
    by: Answerer,
    seen: int | None,
) -> bool:
    """Whether an answer differs from one that counts and that its giver had not seen."""
    if seen is None or counts is None or counts.id == seen or _is_same(item, counts, new):
        return False
    if before is not None and _is_same(item, before, counts):
        return False
    return not by.is_same(counts)


def _keep_apart(item: ReadinessItem, new: ItemAnswer, by: Answerer) -> Answered:
    new.standing = Standing.CONFLICT
    item.is_contradicted = True
    db.session.add(new)
    db.session.flush()
    record(
        AnswersDiffer(
            at=new.at,
            actor_id=by.user_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            value=new.value,
            counts=item.value,
            by_name=by.name,
            channel=by.channel.value,
        )
    )
    return Answered(new.verdict, Standing.CONFLICT, new.id)


def _make_current(item: ReadinessItem, rows: list[ItemAnswer], new: ItemAnswer) -> None:
    """Let an answer count: the item shows it, the one before it becomes an earlier one."""
    for row in rows:
        is_agreed = row.standing is Standing.CONFLICT and _is_same(item, row, new)
        if row is not new and (row.standing is Standing.CURRENT or is_agreed):
            row.standing = Standing.EARLIER
    new.standing = Standing.CURRENT
    db.session.add(new)
    item.value, item.si_value, item.verdict, item.comment = new.value, new.si_value, new.verdict, new.comment
    item.answered_at, item.answered_by_id, item.answered_name = new.at, new.by_id, new.name
    item.channel, item.returned_reason = new.channel, ""
    if item.state is ItemState.OPEN:
        item.state = ItemState.ANSWERED


def _note_contradiction(item: ReadinessItem, rows: list[ItemAnswer]) -> None:
    item.is_contradicted = any(row.standing is Standing.CONFLICT for row in rows)


def _forget_review(item: ReadinessItem) -> None:
    item.reviewed_at = item.reviewed_by_id = None
    item.review_note = ""


def _tell_answered(
    item: ReadinessItem, new: ItemAnswer, *, by: Answerer, before: ItemAnswer | None, was_accepted: bool
) -> None:
    db.session.flush()
    record(
        ItemAnswered(
            at=new.at,
            actor_id=by.user_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            value=item.value,
            verdict=item.verdict.value,
            before="" if before is None else before.value,
            by_name=by.name,
            channel=by.channel.value,
            was_accepted=was_accepted,
            is_reported=item.reported_at == new.at,
        )
    )
