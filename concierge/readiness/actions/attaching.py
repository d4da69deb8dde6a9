"""Attaching files that show that a requirement is met."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.catalogue.states import ItemType
from concierge.platform import files
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.platform.file_kinds import NotKept, kind_of, named, refuse_size
from concierge.readiness.events import EvidenceAttached
from concierge.readiness.models import ItemEvidence, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Verdict

MOST_FILES = 30
"""Files of one item."""


def attach_file(
    item: ReadinessItem,
    *,
    name: str,
    data: bytes,
    at: datetime,
    actor_id: int | None,
    channel: Channel = Channel.STAFF,
) -> ItemEvidence:
    """Keep a file with an item; an item that asks for a file is answered by it.

    :raises NotKept: when it is too large, empty, of a kind that is not kept, or one too many.
    """
    refuse_size(data)
    if len(item.evidence) >= MOST_FILES:
        raise NotKept(
            _("This point has %(most)s files already. Put further pages into one PDF.", most=MOST_FILES)
        )
    content_type, ending = kind_of(data)
    stored = files.store(data, name=named(name, ending), content_type=content_type)
    evidence = ItemEvidence(item_id=item.id, file_id=stored.id, attached_at=at, attached_by_id=actor_id)
    evidence.file = stored
    item.evidence.append(evidence)
    db.session.flush()
    if item.type is ItemType.UPLOAD and item.state is ItemState.OPEN:
        item.value, item.verdict, item.state = stored.name, Verdict.OK, ItemState.ANSWERED
        item.answered_at, item.answered_by_id, item.channel = at, actor_id, channel
    record(
        EvidenceAttached(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            file_id=stored.id,
            name=stored.name,
        )
    )
    return evidence
