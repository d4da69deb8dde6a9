"""Photos: taken in pieces that go on where a connection was lost, checked, and made anew."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask_babel import gettext as _

from concierge.fieldwork import plan, queries
from concierge.fieldwork.models import PhotoUpload
from concierge.fieldwork.protocol import LARGEST_PHOTO, PIECE
from concierge.platform import files
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.file_kinds import NotKept

MOST_UNDER_WAY = 400
"""Photos of one person that are not whole, or wait for their change: two weeks of work."""
KEPT = timedelta(days=30)
"""So long a photo waits for its change."""
_READER = Path(__file__).parents[1] / "photo_reader.py"
_KEPT = ("PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one photo may use: seconds by the clock and of the processor, bytes of memory."""

    seconds: int = 30
    processor_s: int = 20
    memory_bytes: int = 900 * 1024 * 1024


class Behind(NotKept):
    """A piece that does not follow what is here; ``received`` says where to go on."""

    def __init__(self, received: int) -> None:
        super().__init__(_("This piece does not follow. The photo goes on where it stopped."))
        self.received = received


def take_piece(uuid: str, data: bytes, *, offset: int, size: int, user_id: int, at: datetime) -> PhotoUpload:
    """Keep the next piece of a photo; with the last one it is checked and made anew.

    :param uuid: by which the device calls it.
    :param offset: where in the file the piece begins; an empty one at 0 only begins the photo, or finds it.
    :param size: of the whole file in bytes.
    :raises Behind: when the piece does not follow what is here.
    :raises NotKept: when it is too large, no photo, or many others are under way. Nothing of it is kept then.
    :raises NotFound: when somebody else calls another photo so.
    """
    upload = _begun(uuid, size=size, user_id=user_id, at=at)
    if upload.is_whole or (not data and offset == 0):
        return upload
    if size != upload.size:
        raise NotKept(_("This photo was begun with another size. Take it again."))
    if offset != upload.received:
        raise Behind(upload.received)
    if not data or len(data) > PIECE or upload.received + len(data) > upload.size:
        raise NotKept(_("This piece is not as long as it should be. Send the photo again."))
    stored = files.store(data, name="piece", content_type="application/octet-stream")
    upload.pieces = [*upload.pieces, stored.id]
    upload.received += len(data)
    if upload.received == upload.size:
        _finish(upload, b"".join(files.read(one) for one in queries.stored_pieces(upload.pieces)))
    db.session.flush()
    return upload


def keep_photo(uuid: str, data: bytes, *, user_id: int, at: datetime) -> PhotoUpload:
    """Keep a photo that came whole, as from a form.

    :raises NotKept: when it is too large or no photo.
    :raises NotFound: when somebody else calls another photo so.
    """
    upload = _begun(uuid, size=len(data), user_id=user_id, at=at)
    if not upload.is_whole:
        _finish(upload, data)
        db.session.flush()
    return upload


def refuse_large(size: int) -> None:
    """Make sure that a photo of so many bytes can be kept.

    :raises NotKept: when it cannot.
    """
    if size > LARGEST_PHOTO:
        raise NotKept(
            _(
                "The photo has %(size)s MB, more than the %(most)s that can be kept. "
                "Send a smaller one: it stays on your device until then.",
                size=-(-size // 1024**2),
                most=LARGEST_PHOTO // 1024**2,
            )
        )


def forget(uuid: str, *, user_id: int) -> None:
    """Remove a photo that cannot be kept, with what came of it; the bytes are swept up later."""
    upload = queries.upload_for_change(uuid)
    if upload is not None and upload.user_id == user_id and not upload.is_whole:
        _drop(upload)


def forget_old(at: datetime) -> int:
    """Remove photos whose change has not come for a month; how many there were."""
    found = queries.uploads_before(at - KEPT)
    for upload in found:
        _drop(upload)
    return len(found)


def _begun(uuid: str, *, size: int, user_id: int, at: datetime) -> PhotoUpload:
    if not plan.is_uuid(uuid):
        raise NotFound
    upload = queries.upload_for_change(uuid)
    if upload is not None:
        if upload.user_id != user_id:
            raise NotFound
        return upload
    if size <= 0:
        raise NotKept(_("The photo is empty. Take it again."))
    refuse_large(size)
    if queries.count_uploads(user_id) >= MOST_UNDER_WAY:
        raise NotKept(_("Many photos are under way. Send what they belong to, then this one."))
    upload = PhotoUpload(uuid=uuid, user_id=user_id, size=size, received=0, pieces=[], begun_at=at)
    db.session.add(upload)
    db.session.flush()
    return upload


def _finish(upload: PhotoUpload, data: bytes) -> None:
    large, small = pictures(data)
    for piece in queries.stored_pieces(upload.pieces):
        db.session.delete(piece)
    kept = files.store(large, name=f"{upload.uuid}.jpg", content_type="image/jpeg")
    thumb = files.store(small, name=f"{upload.uuid}-small.jpg", content_type="image/jpeg")
    upload.received, upload.pieces = upload.size, []
    upload.file_id, upload.small_id = kept.id, thumb.id


def _drop(upload: PhotoUpload) -> None:
    for piece in queries.stored_pieces(upload.pieces):
        db.session.delete(piece)
    db.session.delete(upload)


def pictures(data: bytes, *, limits: Limits | None = None) -> tuple[bytes, bytes]:
    """The large and the small picture of a photo, as JPEG without what the camera wrote into it.

    :raises NotKept: when it is too large, no photo of a kind that is read, or takes too much to read.
    """
    if len(data) > LARGEST_PHOTO:
        raise NotKept(_sentence("large"))
    limits = limits or Limits()
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-P", str(_READER), str(limits.memory_bytes), str(limits.processor_s)]
    try:
        child = subprocess.run(  # noqa: S603 - this very Python on a file of ours
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=limits.seconds,
            start_new_session=True,
            check=False,
        )
        line, found, rest = child.stdout.partition(b"\n")
        head = json.loads(line) if found else {}
    except (subprocess.TimeoutExpired, ValueError):
        head, rest = {}, b""
    if sizes := head.get("sizes"):
        if len(rest) == sum(sizes):
            return rest[: sizes[0]], rest[sizes[0] :]
        head = {}
    raise NotKept(_sentence(str(head.get("problem", "hard"))))


def _sentence(problem: str) -> str:
    match problem:
        case "large":
            return _("The photo is too large to be kept. Send a smaller one.")
        case "heic":
            return _("This is a HEIC photo. Let the camera save photos as JPEG, then take it again.")
        case "broken":
            return _("The photo breaks off or is damaged. Take it again.")
        case "hard":
            return _("The photo takes too much to read. Send a smaller one.")
    return _("This is no photo. Send a JPEG, PNG or WebP picture.")
