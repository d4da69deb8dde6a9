"""Attaching files that show that a requirement is met."""

from datetime import datetime

from concierge.catalogue.states import ItemType
from concierge.platform import files
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.readiness.events import EvidenceAttached
from concierge.readiness.models import ItemEvidence, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Verdict

MOST_FILES = 30
"""Files of one item."""

_MAGIC = (
    (b"%PDF-", 0, "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "png"),
    (b"\xff\xd8\xff", 0, "image/jpeg", "jpg"),
    (b"WEBP", 8, "image/webp", "webp"),
    (b"ftypheic", 4, "image/heic", "heic"),
    (b"ftypheix", 4, "image/heic", "heic"),
    (b"ftypmif1", 4, "image/heic", "heic"),
)
_OFFICE = {
    b"xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    b"word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
}
_ENDINGS = {"jpg": {"jpg", "jpeg"}, "heic": {"heic", "heif"}, "txt": {"txt", "csv", "log"}}


class NotEvidence(Refused):
    """A file that is too large, empty, or of a kind that is not kept."""


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

    :raises NotEvidence: when it is too large, empty, of a kind that is not kept, or one too many.
    """
    if not data:
        raise NotEvidence("The file is empty. Choose one with content.")
    if len(data) > files.LARGEST:
        raise NotEvidence("The file is larger than 20 MB. Send a smaller photo, or split the document.")
    if len(item.evidence) >= MOST_FILES:
        raise NotEvidence(f"This point has {MOST_FILES} files already. Put further pages into one PDF.")
    content_type, ending = kind_of(data)
    stored = files.store(data, name=_named(name, ending), content_type=content_type)
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


def kind_of(data: bytes) -> tuple[str, str]:
    """Media type and ending of a file, by what it holds and never by its name.

    :raises NotEvidence: when it is of a kind that is not kept.
    """
    for magic, offset, content_type, ending in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return content_type, ending
    if data[:4] == b"PK\x03\x04":
        for part, office in _OFFICE.items():
            if part in data[:65536] and b"[Content_Types].xml" in data[:65536]:
                return office
    if _is_plain_text(data):
        return "text/plain", "txt"
    raise NotEvidence("Send a PDF, a photo (JPEG, PNG, WebP, HEIC), a table (CSV, XLSX), DOCX or plain text.")


def _is_plain_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not text.lstrip().startswith(("<", "%!", "#!")) and all(
        letter >= " " or letter in "\t\r\n" for letter in text
    )


def _named(name: str, ending: str) -> str:
    """The file's name with the ending of what it holds, so that no system takes it for something else."""
    plain = files.plain_name(name)
    if plain.rpartition(".")[2].lower() in _ENDINGS.get(ending, {ending}):
        return plain
    return f"{plain}.{ending}"
