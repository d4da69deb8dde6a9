"""Large files that come in pieces, and go on where they stopped when a connection was lost."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from concierge.platform import files, settings
from concierge.platform.database import db
from concierge.platform.file_kinds import NotKept, kind_of, refuse_long_text
from concierge.readiness import queries, scope
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.actions.attaching import attach_file
from concierge.readiness.models import CustomerLink, ItemEvidence, ReadinessItem, UploadUnderWay

PIECE = 1024 * 1024
"""Bytes of a piece; the last one may be smaller."""
MOST_UNDER_WAY = 8
"""Uploads of one link that may be under way at once."""
KEPT = timedelta(days=3)
"""So long an upload can go on after it began."""
HEAD = 4096
"""Bytes by which most kinds of files are told."""


class Behind(NotKept):
    """A piece that does not follow what is here; ``received`` says where to go on."""

    def __init__(self, received: int) -> None:
        super().__init__(_("This piece does not follow. The upload goes on where it stopped."))
        self.received = received


def begin_upload(
    link: CustomerLink, item: ReadinessItem, *, name: str, size: int, changed: str, at: datetime
) -> UploadUnderWay:
    """Begin an upload, or find the one of the same file that was begun before.

    :param size: of the whole file in bytes.
    :param changed: when the file was changed last, as the browser says it; tells two photos of one name apart.
    :raises NotKept: when it is empty, too large, or many are under way.
    """
    if size <= 0:
        raise NotKept(_("The file is empty. Choose one with content."))
    if size > files.LARGEST:
        raise NotKept(_("The file is larger than 20 MB. Send a smaller photo, or split the document."))
    plain = files.plain_name(name)
    token = scope.upload_token(
        link.id, item.id, name=plain, size=size, changed=changed[:40], key=settings.current().secret_key
    )
    known = queries.upload_for_change(token, link_id=link.id)
    if known is not None:
        return known
    if len(queries.uploads_of(link.id)) >= MOST_UNDER_WAY:
        raise NotKept(_("Many uploads are under way. Wait until one of them is done."))
    upload = UploadUnderWay(
        token=token, item_id=item.id, link_id=link.id, name=plain, size=size, pieces=[], begun_at=at
    )
    db.session.add(upload)
    db.session.flush()
    return upload


def take_piece(upload: UploadUnderWay, data: bytes, *, offset: int) -> None:
    """Keep the next piece of an upload.

    :param offset: where in the file it begins.
    :raises Behind: when it does not follow what is here.
    :raises NotKept: when it is too large, or the first one shows that the file is of a kind that is not kept.
    """
    if offset != upload.received:
        raise Behind(upload.received)
    if not data or len(data) > PIECE or upload.received + len(data) > upload.size:
        raise NotKept(_("This piece is not as long as it should be. Start the upload again."))
    if offset == 0:
        _refuse_kind(data, upload.size)
    stored = files.store(data, name=upload.name, content_type="application/octet-stream")
    upload.pieces = [*upload.pieces, stored.id]
    upload.received += len(data)


def finish_upload(
    upload: UploadUnderWay, item: ReadinessItem, *, by: Answerer, at: datetime
) -> ItemEvidence | None:
    """Attach a file of which all pieces are here; None while some are missing.

    :param item: the one that the upload is for, with its checklist and evidence.
    :raises NotKept: when the file is of a kind that is not kept, or one too many.
    """
    if upload.received < upload.size:
        return None
    data = b"".join(files.read(one) for one in queries.stored_pieces(upload.pieces))
    evidence = attach_file(item, name=upload.name, data=data, at=at, by=by)
    forget_upload(upload)
    return evidence


def forget_upload(upload: UploadUnderWay) -> None:
    """Remove an upload and its pieces; the bytes are swept up later."""
    for piece in queries.stored_pieces(upload.pieces):
        db.session.delete(piece)
    db.session.delete(upload)


def _refuse_kind(head: bytes, size: int) -> None:
    """Refuse what is certainly of a kind that is not kept, or too large for it, before all of it was sent."""
    start = head[:HEAD]
    try:
        content_type, _ending = kind_of(head)
    except NotKept:
        looks_like_text = b"\x00" not in start and not start.lstrip().startswith((b"<", b"%!", b"#!"))
        if start[:4] != b"PK\x03\x04" and not looks_like_text:
            raise
        content_type = "text/plain" if looks_like_text else ""
    refuse_long_text(content_type, size)
