"""What the office does with what came from the field: choosing between values, looking at strays, prints."""

from datetime import datetime
from uuid import uuid4

from flask_babel import gettext as _

from concierge.fieldwork import plan, queries
from concierge.fieldwork.actions import issuing, reporting, taking
from concierge.fieldwork.events import EntryChosen, StraysSeen
from concierge.fieldwork.models import FieldChange, FieldEntry, FieldRecord, FieldStep
from concierge.fieldwork.protocol import Change
from concierge.fieldwork.states import Standing
from concierge.platform import deliveries
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.visits import queries as visits

PRINT = "fieldwork.print"
"""The name of the delivery that makes a print of a record in a language."""
_KINDS = {step: kind for kind, step in taking.AT_STEP.items()}


def choose(visit_id: int, entry_key: str, *, actor_id: int, at: datetime) -> FieldEntry:
    """Let one of several values at a step count; the others stay in its history.

    :param entry_key: the key of the change that brought the value.
    :raises NotFound: when there is no such entry at this visit's steps.
    :raises Refused: when nothing stands against it any more.
    """
    visit = visits.visit_for_change(visit_id)
    found = issuing.found_of(visit.id)
    step, chosen = next(
        (
            (step, one)
            for step in found.steps
            for one in found.entries.get(step.id, ())
            if one.change.key == entry_key
        ),
        (None, None),
    )
    if step is None or chosen is None:
        raise NotFound
    standing = [one for one in found.entries[step.id] if one.standing is not Standing.SUPERSEDED]
    if not issuing.is_contradicted(found, step) or chosen not in standing:
        raise Refused(_("Nothing stands against this value any more. Load the page again."))
    change = Change(
        key=str(uuid4()),
        visit=visit.uid,
        ticket="",
        kind=_KINDS[step.kind],
        step=step.key,
        value=chosen.value,
        at=at,
        seen=tuple(one.change.key for one in standing),
    )
    row = FieldChange(
        key=change.key,
        digest=plan.digest_of(change),
        user_id=actor_id,
        visit_id=visit.id,
        kind=change.kind,
        at=at,
        received_at=at,
    )
    db.session.add(row)
    db.session.flush()
    entry = FieldEntry(
        change_id=row.id,
        step_id=step.id,
        value=chosen.value,
        number=chosen.number,
        fit=chosen.fit,
        standing=Standing.CURRENT,
        seen=list(change.seen),
    )
    db.session.add(entry)
    db.session.flush()
    taking.stand(step.id)
    if queries.is_of_unit(step):
        reporting.note_of_unit(visit, step, chosen.value, actor_id=actor_id, at=at)
    record(
        EntryChosen(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            step=_name(step),
            value=chosen.value,
        )
    )
    issuing.issue_if_signed(visit.id, actor_id=actor_id, at=at)
    return entry


def note_strays_seen(visit_id: int, *, actor_id: int, at: datetime) -> int:
    """Note that somebody of the office looked at what was entered at a visit that was changed meanwhile.

    :return: how many changes that were.
    """
    visit = visits.visit_for_change(visit_id)
    found = queries.strays_at(visit.id)
    for one in found:
        one.looked_at, one.looked_by_id = at, actor_id
    db.session.flush()
    if found:
        record(
            StraysSeen(
                at=at,
                actor_id=actor_id,
                project_id=visit.project_id,
                visit_id=visit.id,
                title=visit.title,
                number=len(found),
            )
        )
    return len(found)


def order_print(made: FieldRecord, language: str) -> None:
    """Have a record printed in another language; twice is once."""
    deliveries.enqueue(
        PRINT,
        {"record_id": made.id, "language": language},
        unique_key=f"field-print:{made.id}:{language}",
        max_attempts=3,
    )


def _name(step: FieldStep) -> str:
    return localized(step.text, "en") or step.key
