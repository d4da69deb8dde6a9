"""Attaching files that show that a requirement is met."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.platform import files
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.platform.file_kinds import NotKept, kind_of, named, refuse_long_text, refuse_size
from concierge.readiness.actions import answering
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.events import EvidenceAttached
from concierge.readiness.models import ItemEvidence, ReadinessItem

MOST_FILES = 30
"""Files of one item."""


def attach_file(
    item: ReadinessItem,
    *,
    name: str,
    data: bytes,
    at: datetime,
    by: Answerer,
) -> ItemEvidence:
    """Keep a file with an item; an item that asks for a file is answered by it.

    :param item: with its checklist and evidence.
    :raises NotKept: when it is too large, empty, of a kind that is not kept, or one too many.
    """
    refuse_size(data)
    answering.lock(item)
    if len(item.evidence) >= MOST_FILES:
        raise NotKept(
            _("This point has %(most)s files already. Put further pages into one PDF.", most=MOST_FILES)
        )
    content_type, ending = kind_of(data)
    refuse_long_text(content_type, len(data))
    stored = files.store(data, name=named(name, ending), content_type=content_type)
    evidence = ItemEvidence(
        item_id=item.id,
        file_id=stored.id,
        attached_at=at,
        attached_by_id=by.user_id,
        attached_name=by.name,
        link_id=by.link_id,
    )
    evidence.file = stored
    item.evidence.append(evidence)
    db.session.flush()
    answering.answer_by_file(item, name=stored.name, at=at, by=by)
    record(
        EvidenceAttached(
            at=at,
            actor_id=by.user_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            file_id=stored.id,
            name=stored.name,
            by_name=by.name,
        )
    )
    return evidence
