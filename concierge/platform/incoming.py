"""Mail that comes in: each message kept once, whole, before anybody reads it.

A message is untrusted bytes. Here only the beginning of its head is looked at, in time that grows with its length
and no faster, to say in a list what it is; who reads more of it does so in a process of its own. What follows from a
message is the row ``MailReceived`` in ``concierge/reactions.py``.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import events, files
from concierge.platform.database import Base, Line, Prose, db, insert
from concierge.platform.events import Event
from concierge.platform.files import StoredFile

LARGEST = 25 * 1024 * 1024
"""Bytes of the largest message that is kept whole."""
HEAD_BYTES = 256 * 1024
"""Bytes of a message's head that are looked at, and kept of one that is too large."""


class IncomingMail(Base):
    """One message as it came; its bytes are a stored file, so that nothing is lost whatever its reader makes of it."""

    __tablename__ = "incoming_mails"

    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """SHA-256 of the bytes: the same message fetched twice is one row."""
    message_id: Mapped[str] = mapped_column(Line(300), default="", index=True)
    sender: Mapped[str] = mapped_column(Line(254), default="")
    recipients: Mapped[str] = mapped_column(Line(1000), default="")
    """All addresses it was delivered to or sent to, lower case, separated by blanks."""
    subject: Mapped[str] = mapped_column(Line(300), default="")
    note: Mapped[str] = mapped_column(Line(300), default="")
    """Why the stored file is not the whole message; empty when it is."""
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    received_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    """When its readers had dealt with it."""
    text: Mapped[str] = mapped_column(Prose(4000), default="")
    """The beginning of its plain text, as its reader found it."""


class Mailbox(Base):
    """How far a mailbox has been read: IMAP's UIDVALIDITY and the last UID (RFC 9051 §2.3.1)."""

    __tablename__ = "mailboxes"

    name: Mapped[str] = mapped_column(Line(200), unique=True)
    """Whose it is, host and folder, without password."""
    uid_validity: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    read_at: Mapped[datetime | None]
    """When it was last read to its end."""
    problem: Mapped[str] = mapped_column(Line(300), default="")
    """Why it could not be read the last time, and what to do."""
    failures: Mapped[int] = mapped_column(default=0)
    """How often in a row it could not be read."""
    again_at: Mapped[datetime | None]
    """After a failure: when it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReceived(Event):
    """A message came and is kept; nobody has read it yet."""

    mail_id: int


def keep(data: bytes, *, note: str = "", at: datetime) -> int | None:
    """Keep a message in the caller's transaction, once.

    :param note: why these bytes are not the whole message; empty when they are.
    :return: the number of its row; None when it was kept before.
    """
    digest = hashlib.sha256(data).hexdigest()
    if db.session.scalar(sa.select(IncomingMail.id).where(IncomingMail.digest == digest)) is not None:
        return None
    stored = files.store(data, name="message.eml", content_type="message/rfc822")
    row = {"digest": digest, "file_id": stored.id, "received_at": at, "note": note, "text": ""}
    found = insert(IncomingMail).values({**row, **_shown(data[:HEAD_BYTES])})
    mail_id: int | None = db.session.execute(
        found.on_conflict_do_nothing(index_elements=["digest"]).returning(IncomingMail.id)
    ).scalar()
    if mail_id is None:  # another worker kept it in the meantime
        db.session.delete(stored)
        return None
    events.record(MailReceived(mail_id=mail_id, at=at, actor_id=None))
    return mail_id


def bytes_of(mail: IncomingMail) -> bytes:
    """The message as it came.

    :raises NotFound: when the store lost it.
    """
    return files.read(db.session.get_one(StoredFile, mail.file_id))


def problems() -> list[Mailbox]:
    """The mailboxes that could not be read the last time."""
    return list(db.session.scalars(sa.select(Mailbox).where(Mailbox.problem != "").order_by(Mailbox.id)))


_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,190}")
_ANGLED = re.compile(r"<([^\s<>@]{1,64}@[^\s<>@]{1,190})>")
_TO = {"to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to"}
_SHOWN = {"from", "subject", "message-id"}
_LONGEST = 8000
"""Characters of one field that are looked at."""


def _shown(head: bytes) -> dict[str, str]:
    """What a list says of a message."""
    first: dict[str, str] = {}
    recipients: dict[str, None] = {}
    for name, value in _fields(head):
        if name in _SHOWN:
            first.setdefault(name, value)
        else:
            recipients.update(dict.fromkeys(found.lower() for found in _ADDRESS.findall(value)))
    return {
        "message_id": first.get("message-id", ""),
        "sender": _sender(first.get("from", "")),
        "recipients": _as_many_as_fit(recipients, 1000),
        "subject": _decoded(first.get("subject", "")),
    }


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a head that are shown, unfolded; a head that is none gives none."""
    ended = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    for line in re.sub(rb"\r?\n[ \t]+", b" ", ended).splitlines():
        name, colon, value = line[:_LONGEST].partition(b":")
        key = name.strip().lower().decode("ascii", "replace")
        if colon and key in _SHOWN | _TO:
            yield key, value.decode("utf-8", "replace").strip()


def _sender(text: str) -> str:
    angled = _ANGLED.findall(text)
    found = angled or _ADDRESS.findall(text)
    return found[-1].lower() if found else ""


def _as_many_as_fit(words: dict[str, None], length: int) -> str:
    kept: list[str] = []
    for word in words:
        length -= len(word) + 1
        if length < 0:
            break
        kept.append(word)
    return " ".join(kept)


def _decoded(text: str) -> str:
    with suppress(MessageError, ValueError, LookupError):
        return str(make_header(decode_header(text[:2000])))
    return text
