"""Letters: written as values, noted with the act that causes them, sent by a delivery.

Each letter has a key. The same key twice is one letter, and the key gives the Message-ID, so that a letter
that had to be handed over twice is shown once by the reader's mail program. What somebody of ours causes is
held for a while, in which it can be read and stopped: the row decides who was first. Development writes ``.eml`` files
and shows them on a page; production hands them to an SMTP server.
"""

import hashlib
import hmac
import re
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import clock, deliveries, files, speech
from concierge.platform.database import Base, Line, Prose, UtcInstant, clean, db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus, Hopeless
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.platform.settings import Settings

_POLICY = policy.SMTP.clone(refold_source="none")

TIMEOUT_S = 20
"""Seconds that an SMTP server may take for one answer."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along with a letter."""

    name: str
    content_type: str
    data: bytes
    method: str = ""
    """For calendars the iTIP method, e.g. REQUEST; a parameter of the content type (RFC 6047 §2.4)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is to read."""

    to: str
    to_name: str
    subject: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    language: str = "en"
    secret: str = ""
    """What only the reader may know, e.g. the token of a link; taken out of the ledger once the letter left."""
    secrets: tuple[str, ...] = ()
    """More of them, in a letter with many links."""
    calendar: Attachment | None = None
    """An iTIP object that mail programs show with buttons, as part of the text and once more as a file (RFC 6047)."""
    reply_to: str = ""
    """Where answers go, when that is not the sender."""
    unsubscribe: str = ""
    """Address that ends letters of this kind at a single POST (RFC 8058); its secret is among ``secrets``."""


class OutgoingMail(Base):
    """The ledger: one row for each letter that was ever to be sent, and what became of it."""

    __tablename__ = "outgoing_mails"

    key: Mapped[str] = mapped_column(Line(200), unique=True)
    message_id: Mapped[str] = mapped_column(Line(200), unique=True)
    to: Mapped[str] = mapped_column(Line(254))
    to_name: Mapped[str] = mapped_column(Line(200))
    subject: Mapped[str] = mapped_column(Line(300))
    text: Mapped[str] = mapped_column(Prose(100_000))
    html: Mapped[str] = mapped_column(Prose(400_000), default="")
    language: Mapped[str] = mapped_column(Line(16), default="en")
    attachments: Mapped[list[Any]]
    """For each attachment the id of its stored file, its calendar method, if it has one, and whether it is
    the letter's own iTIP object."""
    secret: Mapped[str] = mapped_column(Line(200), default="")
    secrets: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    reply_to: Mapped[str] = mapped_column(Line(320), default="", server_default="")
    unsubscribe: Mapped[str] = mapped_column(Line(500), default="", server_default="")
    project_id: Mapped[int | None] = mapped_column(index=True)
    """The project that it is about, if it is about one."""
    is_for_customer: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether it goes to a customer, about several projects or none."""
    caused_by_id: Mapped[int | None]
    """Who of ours was in front of the act that caused it; None: nobody."""
    is_whole: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Whether it can leave; if not, it still waits for its files."""
    created_at: Mapped[datetime]
    leaves_at: Mapped[datetime | None]
    """Until then it is held and can be stopped; None: it left as soon as it could."""
    leaves_by: Mapped[datetime | None]
    """When it has not left by then it never does: it would say what is no longer so."""
    afterwards: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Name and arguments of a delivery that notes what its reader knows once it has left."""
    taken_at: Mapped[datetime | None]
    """When a worker began to hand it over; from then on nobody can stop it."""
    sent_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    stopped_by_id: Mapped[int | None]
    """Who stopped it; None: it was too late for it."""
    returned_at: Mapped[datetime | None]
    """When a mail server said that its address takes no mail."""
    returned_why: Mapped[str] = mapped_column(Line(300), default="", server_default="")

    __table_args__ = (
        sa.Index(
            "ix_outgoing_mails_waiting",
            "id",
            sqlite_where=sa.text("sent_at IS NULL AND stopped_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND stopped_at IS NULL"),
        ),
        sa.Index(
            "ix_outgoing_mails_returned",
            "to",
            sqlite_where=sa.text("returned_at IS NOT NULL"),
            postgresql_where=sa.text("returned_at IS NOT NULL"),
        ),
    )

    @property
    def is_itip(self) -> bool:
        """Whether it carries a calendar object that its reader's program answers to."""
        return any(kept.get("method") for kept in self.attachments)

    @property
    def shown_text(self) -> str:
        """The text for people other than its reader: without what only that one may know."""
        return _without(self.text, self)


@dataclass(frozen=True, slots=True)
class MailInFolder:
    """One letter as the development page shows it."""

    name: str
    to: str
    subject: str
    written_at: datetime
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]


Transport = Callable[[EmailMessage, str], None]

_too_late: dict[str, Callable[[str, datetime], None]] = {}
_wanted: dict[str, Callable[[str], bool]] = {}


def when_too_late(prefix: str, handler: Callable[[str, datetime], None]) -> None:
    """Say what follows when a letter whose key begins so could not leave in time; it gets the key and the instant."""
    _too_late[prefix] = handler


def only_while(prefix: str, is_wanted: Callable[[str], bool]) -> None:
    """Ask again, by its key, as a letter with a latest instant is about to leave; one that is not wanted any more is
    given up like one that is too late."""
    _wanted[prefix] = is_wanted


def register(app: Flask, settings: Settings) -> None:
    """Choose how letters leave, by the settings."""
    host = urlsplit(settings.address).hostname or "localhost"
    app.extensions["concierge.mail"] = _Post(
        sender=Address(settings.company, addr_spec=settings.mail_from),
        domain=host if "." in host else f"{host}.localdomain",
        secret_key=settings.secret_key,
        folder=settings.instance / "mail" if settings.mail == "folder" else None,
        transport=_to_folder(settings.instance / "mail")
        if settings.mail == "folder"
        else _to_server(settings.mail),
        hold=settings.mail_hold,
    )
    deliveries.register("mail.send", send)


def post(
    letter: Letter,
    *,
    key: str,
    project_id: int | None = None,
    is_for_customer: bool = False,
    hold: int | None = None,
    leaves_by: datetime | None = None,
    afterwards: tuple[str, dict[str, Any]] | None = None,
) -> int:
    """Note a letter in the caller's transaction; it leaves after the commit, or once it was held long enough.

    :param key: names the cause; the same key twice is one letter, e.g. ``checklist:12:issued:7``. One that was
        announced under this key becomes whole.
    :param is_for_customer: it goes to a customer, about several projects.
    :param hold: seconds for which it can be stopped; None: as the settings say when somebody of ours was in front
        of the act that caused it and it is no invitation, else none.
    :param leaves_by: the instant after which it may not leave any more.
    :param afterwards: name and arguments of a delivery for when it has left; one that is stopped has none.
    :return: the number of its row.
    """
    row = _known(key)
    if row is not None and row.is_whole:
        return row.id
    if row is None:
        row = _noted(letter, key=key, project_id=project_id, hold=hold)
    _fill(row, letter)
    row.is_whole, row.leaves_by, row.afterwards = True, leaves_by, list(afterwards or ())
    row.is_for_customer = is_for_customer
    db.session.flush()
    if row.stopped_at is None:
        _enqueue(row)
    return row.id


def announce(letter: Letter, *, key: str, project_id: int | None = None, hold: int | None = None) -> int:
    """Note a letter that is to leave once its files are there; it can be read and stopped from now on.

    It leaves when it is posted under the same key. Parameters and return value are those of `post`.
    """
    row = _known(key)
    if row is None:
        row = _noted(letter, key=key, project_id=project_id, hold=hold)
        row.is_whole = False
        db.session.flush()
    return row.id


def held_for() -> int:
    """For how many seconds a letter is held that somebody of ours causes."""
    return _post().hold


def told(said: str, key: str) -> str | dict[str, str]:
    """What a confirmation says of the letter that an act caused: when it leaves, and how it is stopped.

    :param said: what was done.
    :param key: of the letter; one that is not written yet, or not held, is not told of.
    :return: what can be flashed.
    """
    row = _known(key)
    if row is None or row.leaves_at is None:
        return said
    leaves = speech.ngettext("It leaves in %(num)s second.", "It leaves in %(num)s seconds.", held_for())
    return {"text": f"{said} {leaves}", "undo": f"/letters/{row.id}/stop", "verb": speech.gettext("Stop")}


def stop(mail_id: int, *, by_id: int | None, at: datetime) -> bool:
    """Keep a letter from leaving; whether it was still here.

    The row decides: whoever hands letters over takes them by a statement on the same conditions.
    """
    stopped = db.session.execute(
        sa.update(OutgoingMail)
        .where(
            OutgoingMail.id == mail_id,
            OutgoingMail.sent_at.is_(None),
            OutgoingMail.stopped_at.is_(None),
            OutgoingMail.taken_at.is_(None),
        )
        .values(stopped_at=at, stopped_by_id=by_id)
        .execution_options(synchronize_session=False)
    )
    return cast("sa.CursorResult[Any]", stopped).rowcount == 1


def stop_untold(prefix: str, *, since: datetime, by_id: int | None, at: datetime) -> bool:
    """Stop what an act wrote that is taken back; whether nobody has read of it: all stopped, or none there yet.

    :param prefix: how the keys of these letters begin.
    :param since: when the act was done.
    """
    of_it = (OutgoingMail.key.startswith(prefix, autoescape=True), OutgoingMail.created_at >= since)
    ids = db.session.scalars(
        sa.select(OutgoingMail.id).where(*of_it, OutgoingMail.stopped_at.is_(None))
    ).all()
    stopped = [stop(number, by_id=by_id, at=at) for number in ids]
    return all(stopped)


def let_go(mail_id: int, *, at: datetime) -> bool:
    """Let a letter leave now, one that is held or one that was stopped; whether there was anything to do."""
    row = db.session.scalar(
        sa.select(OutgoingMail)
        .where(OutgoingMail.id == mail_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    if row.sent_at is not None or row.taken_at is not None:
        return False
    row.stopped_at, row.stopped_by_id, row.leaves_at, row.leaves_by = None, None, at, None
    db.session.flush()
    if row.is_whole:
        _enqueue(row, is_again=True)
    return True


def note_returned(
    message_ids: Sequence[str], addresses: Sequence[str], *, why: str, at: datetime
) -> Sequence[OutgoingMail]:
    """Note that a mail server reports an address as one that takes no mail; which letters that concerns.

    :param message_ids: those of our letters that the report names; nobody else can work one out.
    :param addresses: those that failed; empty: the report does not say.
    """
    if not message_ids:
        return ()
    failed = {address.lower() for address in addresses}
    rows = db.session.scalars(
        sa.select(OutgoingMail).where(
            OutgoingMail.message_id.in_(message_ids), OutgoingMail.returned_at.is_(None)
        )
    )
    returned = [row for row in rows if not failed or row.to.lower() in failed]
    for row in returned:
        row.returned_at, row.returned_why = at, why
    return returned


def returned_addresses(addresses: Iterable[str]) -> dict[str, datetime]:
    """Of these addresses those that take no mail, in small letters, and since when that is known."""
    wanted = {address.lower() for address in addresses if address}
    if not wanted:
        return {}
    rows = db.session.execute(
        sa.select(sa.func.lower(OutgoingMail.to), sa.func.max(OutgoingMail.returned_at, type_=UtcInstant()))
        .where(OutgoingMail.returned_at.is_not(None))
        .group_by(sa.func.lower(OutgoingMail.to))
    )
    return {address: at for address, at in rows if address in wanted}


def trust(address: str) -> None:
    """Write to an address again that took no mail before; why it did not stays with the letter."""
    db.session.execute(
        sa.update(OutgoingMail)
        .where(sa.func.lower(OutgoingMail.to) == address.lower(), OutgoingMail.returned_at.is_not(None))
        .values(returned_at=None)
    )


@deliveries.outside
def send(args: dict[str, Any]) -> Callable[[], None] | None:
    """Hand one letter over; return what notes that it left. One that was stopped stays.

    :raises Hopeless: when the server refuses the recipient for good.
    """
    mail_id, at = int(args["mail_id"]), clock.now()
    row = db.session.get_one(OutgoingMail, mail_id)
    if row.sent_at is not None or row.stopped_at is not None:
        return None
    if row.leaves_by is not None and (row.leaves_by < at or not _is_wanted(row.key)):
        return lambda: _give_up(mail_id, at)
    try:
        message = _composed(row)
    except ValueError as error:  # the email package refuses addresses and names that could forge headers
        raise Hopeless("The letter's address cannot be written. Correct it where it was entered.") from error
    name = file_name(row.key)
    db.session.rollback()
    if not _take(mail_id, at):
        return None
    try:
        _post().transport(message, name)
    except Exception as error:  # whatever happened, it did not leave and may be stopped again
        _put_back(mail_id, returned=str(error) if isinstance(error, _NoSuchAddress) else "")
        raise
    return lambda: _note_sent(mail_id, clock.now())


def _note_sent(mail_id: int, at: datetime) -> None:
    sent = db.session.get_one(OutgoingMail, mail_id)
    sent.sent_at = at
    sent.text, sent.html = _without(sent.text, sent), _without(sent.html, sent)
    sent.secret, sent.secrets, sent.reply_to, sent.unsubscribe = "", [], "", ""
    if sent.afterwards:
        name, args = sent.afterwards
        deliveries.enqueue(name, args, unique_key=f"mail left:{mail_id}")


def _is_wanted(key: str) -> bool:
    return all(is_wanted(key) for prefix, is_wanted in _wanted.items() if key.startswith(prefix))


def _give_up(mail_id: int, at: datetime) -> None:
    row = db.session.get_one(OutgoingMail, mail_id)
    if stop(mail_id, by_id=None, at=at):
        for prefix, handler in _too_late.items():
            if row.key.startswith(prefix):
                handler(row.key, at)


def _take(mail_id: int, at: datetime) -> bool:
    """Take a letter to hand it over, unless somebody stopped it meanwhile; whether it is ours to hand over."""
    with unit_of_work():
        taken = db.session.execute(
            sa.update(OutgoingMail)
            .where(
                OutgoingMail.id == mail_id, OutgoingMail.sent_at.is_(None), OutgoingMail.stopped_at.is_(None)
            )
            .values(taken_at=at)
        )
    return cast("sa.CursorResult[Any]", taken).rowcount == 1


def _put_back(mail_id: int, *, returned: str) -> None:
    about: dict[str, Any] = {"taken_at": None}
    if returned:
        about |= {"returned_at": clock.now(), "returned_why": returned}
    with unit_of_work():
        db.session.execute(sa.update(OutgoingMail).where(OutgoingMail.id == mail_id).values(about))


def _known(key: str) -> OutgoingMail | None:
    found = sa.select(OutgoingMail).where(OutgoingMail.key == clean(key, lines=False)[:200])
    return db.session.scalar(found.execution_options(populate_existing=True))


def _noted(letter: Letter, *, key: str, project_id: int | None, hold: int | None) -> OutgoingMail:
    row_key, now, by_id = clean(key, lines=False)[:200], clock.now(), deliveries.who_asks()
    # what an iTIP object says is kept as said; it has waited for quiet before, and is taken back by another one
    is_held = by_id is not None and not _is_itip(letter)
    seconds = (_post().hold if is_held else 0) if hold is None else hold
    row = OutgoingMail(
        key=row_key,
        message_id=_message_id(row_key, _post()),
        project_id=project_id,
        caused_by_id=by_id,
        created_at=now,
        leaves_at=now + timedelta(seconds=seconds) if seconds else None,
        attachments=[],
    )
    _write(row, letter)
    db.session.add(row)
    return row


def _is_itip(letter: Letter) -> bool:
    return letter.calendar is not None or any(one.method for one in letter.attachments)


def _write(row: OutgoingMail, letter: Letter) -> None:
    row.to, row.to_name, row.subject = letter.to, letter.to_name, letter.subject
    row.text, row.html, row.language = letter.text, letter.html, letter.language
    row.secret, row.secrets = letter.secret, list(letter.secrets)
    row.reply_to, row.unsubscribe = letter.reply_to, letter.unsubscribe


def _fill(row: OutgoingMail, letter: Letter) -> None:
    _write(row, letter)
    row.attachments = [
        *([{**_kept(letter.calendar), "inline": True}] if letter.calendar else []),
        *(_kept(attachment) for attachment in letter.attachments),
    ]


def _enqueue(row: OutgoingMail, *, is_again: bool = False) -> None:
    key = f"mail:{row.id}"
    if is_again and deliveries.put_up_again(key, run_at=row.leaves_at):
        return
    for unique_key in (key, f"{key}:{row.leaves_at}") if is_again else (key,):
        # the second: a worker has the first one in hand and may have seen the letter stopped
        ordered = deliveries.enqueue(
            "mail.send",
            {"mail_id": row.id},
            unique_key=unique_key,
            run_at=row.leaves_at,
            queue="mail",
            priority=5,
        )
        if ordered is not None:
            return


def _without(text: str, row: OutgoingMail) -> str:
    for secret in sorted(filter(None, (row.secret, *row.secrets)), key=len, reverse=True):
        text = text.replace(secret, "[…]")
    return text


def file_name(key: str) -> str:
    """The name of a letter's file: the same for the same key, so that a second writing replaces the first."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-")[:60]
    return f"{words}-{hashlib.sha256(key.encode()).hexdigest()[:10]}.eml"


def has_folder() -> bool:
    """Whether letters go to a folder, to be looked at in development."""
    return _post().folder is not None


def folder_letters(*, most: int = 200) -> list[MailInFolder]:
    """The letters in the folder, newest first."""
    folder = _post().folder
    if folder is None or not folder.is_dir():
        return []
    newest = sorted(folder.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    return [_read(path) for path in newest[:most]]


def folder_letter(name: str) -> MailInFolder:
    """One letter of the folder.

    :raises NotFound: when there is none of that name.
    """
    folder = _post().folder
    path = None if folder is None else folder / name
    if path is None or "/" in name or "\\" in name or path.suffix != ".eml" or not path.is_file():
        raise NotFound
    return _read(path)


def ledger(
    *, page: int = 1, per_page: int = 50
) -> tuple[list[tuple[OutgoingMail, DeliveryStatus | None]], int]:
    """One page of the ledger, newest first, each letter with its delivery's status, and how many in all."""
    total = db.session.scalar(sa.select(sa.func.count(OutgoingMail.id))) or 0
    key = sa.literal("mail:") + sa.cast(OutgoingMail.id, sa.String)
    rows = db.session.execute(
        sa.select(OutgoingMail, Delivery.status)
        .outerjoin(Delivery, Delivery.unique_key == key)
        .order_by(OutgoingMail.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return [(mail, status) for mail, status in rows], total


class Leaving(Enum):
    """What is asked for of the letters that were written."""

    HELD = "held"
    """About to leave, and may be stopped."""
    STOPPED = "stopped"
    LEFT = "left"
    ALL = "all"


EVERYBODY = 0
"""Stands for whoever may see every letter."""


def letters_listed(
    which: Leaving,
    *,
    who: int | None = None,
    project_id: int | None = None,
    caused_by_id: int | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[tuple[OutgoingMail, DeliveryStatus | None]], int]:
    """One page of letters with their deliveries' status, those that were written last first.

    :param who: only what this person may see; `EVERYBODY`: all.
    :param project_id: only those about this project.
    :param caused_by_id: only those that somebody caused.
    :return: the letters, and how many there are in all.
    """
    row = OutgoingMail
    wanted: list[sa.ColumnElement[bool]] = []
    match which:
        case Leaving.HELD:
            wanted = [row.sent_at.is_(None), row.stopped_at.is_(None)]
        case Leaving.STOPPED:
            wanted = [row.stopped_at.is_not(None)]
        case Leaving.LEFT:
            wanted = [row.sent_at.is_not(None)]
    if who:
        wanted.append(sa.or_(row.project_id.is_not(None), row.is_for_customer, row.caused_by_id == who))
    if project_id is not None:
        wanted.append(row.project_id == project_id)
    if caused_by_id is not None:
        wanted.append(row.caused_by_id == caused_by_id)
    total = db.session.scalar(sa.select(sa.func.count(row.id)).where(*wanted)) or 0
    key = sa.literal("mail:") + sa.cast(row.id, sa.String)
    found = (
        sa.select(row, Delivery.status)
        .outerjoin(Delivery, Delivery.unique_key == key)
        .where(*wanted)
        .order_by(row.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return [(mail, status) for mail, status in db.session.execute(found)], total


def is_seen(row: OutgoingMail, *, who: int | None) -> bool:
    """Whether somebody may see a letter, by the same rule as lists."""
    return not who or row.project_id is not None or row.is_for_customer or row.caused_by_id == who


def attachment_names(row: OutgoingMail) -> list[str]:
    """What the files are called that go along with a letter."""
    stored = _files_of(row.attachments)
    return [stored[kept["file_id"]].name for kept in row.attachments if kept["file_id"] in stored]


def letter_by_id(mail_id: int) -> tuple[OutgoingMail, Delivery | None]:
    """One letter and the delivery that hands it over.

    :raises NotFound: when there is none.
    """
    row = db.session.get(OutgoingMail, mail_id)
    if row is None:
        raise NotFound
    return row, db.session.scalar(sa.select(Delivery).where(Delivery.unique_key == f"mail:{mail_id}"))


def letter_by_key(key: str) -> OutgoingMail | None:
    """The letter of a cause; None when none was written."""
    return _known(key)


@dataclass(frozen=True, slots=True)
class _Post:
    sender: Address
    domain: str
    secret_key: str
    folder: Path | None
    transport: Transport
    hold: int = 0
    """Seconds for which letters are held that somebody of ours causes."""


class _NoSuchAddress(Hopeless):
    """The server refuses the address of the reader for good."""


def _post() -> _Post:
    found: _Post = current_app.extensions["concierge.mail"]
    return found


def _message_id(key: str, post: _Post) -> str:
    """The same for the same key; nobody outside can work it out and forge a report on somebody else's letter."""
    made = hmac.digest(post.secret_key.encode(), b"message id:" + key.encode(), "sha256")
    return f"<{made.hex()[:40]}@{post.domain}>"


def _kept(attachment: Attachment) -> dict[str, Any]:
    row = files.store(attachment.data, name=attachment.name, content_type=attachment.content_type)
    return {"file_id": row.id, "method": attachment.method}


def _composed(row: OutgoingMail) -> EmailMessage:
    """The letter as a message; every header passes the email package, which refuses line breaks in them."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _post().sender
    message["To"] = Address(row.to_name, addr_spec=row.to)
    if row.reply_to:
        message["Reply-To"] = Address(_post().sender.display_name, addr_spec=row.reply_to)
    _set_subject(message, row.subject)
    message["Date"] = row.created_at
    message["Message-ID"] = row.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if row.unsubscribe:
        # as it is: the email package would break a long address into words that it encodes
        message.set_raw("List-Unsubscribe", f"<{row.unsubscribe}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(row.text, cte="quoted-printable")
    if row.html:
        message.add_alternative(row.html, subtype="html", cte="quoted-printable")
    stored = _files_of(row.attachments)
    for kept in row.attachments:
        file = stored[kept["file_id"]]
        if kept.get("inline"):
            _add_calendar(message, file, method=kept["method"])
            continue
        maintype, _, subtype = file.content_type.partition("/")
        params = {"charset": "utf-8", "method": kept["method"]} if kept.get("method") else {}
        message.add_attachment(
            files.read(file),
            maintype=maintype,
            subtype=subtype or "octet-stream",
            filename=file.name,
            params=params,
        )
    # last: a part that is added takes what was said before with it
    message["Content-Language"] = row.language
    return message


def _set_subject(message: EmailMessage, subject: str) -> None:
    """The subject; the email package's own folding loses and doubles blanks between words that it encodes."""
    if subject.isascii():
        message["Subject"] = subject
    else:
        message.set_raw("Subject", Header(subject, "utf-8", header_name="Subject").encode())


def _add_calendar(message: EmailMessage, file: StoredFile, *, method: str) -> None:
    """An iTIP object as the last alternative of the text, where programs look for it, and as a file for the rest.

    The alternative has no Content-Disposition: Thunderbird shows no invitation where there is one.
    """
    data = files.read(file)
    message.add_alternative(
        data.decode(),
        subtype="calendar",
        charset="utf-8",
        cte="base64",
        params={"method": method, "component": "VEVENT"},
    )
    message.add_attachment(data, maintype="application", subtype="ics", filename=file.name)


def _files_of(attachments: Sequence[dict[str, Any]]) -> dict[int, StoredFile]:
    ids = [kept["file_id"] for kept in attachments]
    return {file.id: file for file in db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(ids)))}


def _to_folder(folder: Path) -> Transport:
    def transport(message: EmailMessage, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{name}.part"
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(folder / name)

    return transport


def _to_server(address: str) -> Transport:
    server = urlsplit(address)

    def transport(message: EmailMessage, name: str) -> None:
        try:
            with _connected(server) as connection:
                connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            if all(500 <= code < 600 for code, _ in error.recipients.values()):
                raise _NoSuchAddress(
                    "The mail server refuses the recipient for good. Check the address."
                ) from error
            raise
        except smtplib.SMTPNotSupportedError as error:
            raise Hopeless("The mail server does not take addresses with such letters.") from error
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            if 500 <= error.smtp_code < 600:
                raise Hopeless(
                    f"The mail server refuses the letter for good (code {error.smtp_code})."
                ) from error
            raise

    return transport


def _connected(server: SplitResult) -> smtplib.SMTP:
    """A connection to the server, encrypted when it can be and always before a password is said."""
    host = server.hostname or "localhost"
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            host, server.port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT_S)
    try:
        connection.ehlo()
        if server.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if server.username:
            if server.scheme == "smtp" and not isinstance(connection.sock, ssl.SSLSocket):
                raise Hopeless(
                    "The mail server offers no encryption, so the password was not sent. Use smtps://."
                )
            connection.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        with suppress(OSError, smtplib.SMTPException):
            connection.close()
        raise
    return connection


def _read(path: Path) -> MailInFolder:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    return MailInFolder(
        name=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        written_at=message["Date"].datetime,
        text="" if text is None else text.get_content().replace("\r\n", "\n"),
        html="" if html is None else html.get_content().replace("\r\n", "\n"),
        headers=tuple((name, str(value)) for name, value in message.items()),
        attachments=tuple(
            Attachment(
                name=part.get_filename() or "file",
                content_type=part.get_content_type(),
                data=_bytes_of(part),
                method=str(part.get_param("method", "")),
            )
            for part in message.iter_attachments()
        ),
    )


def _bytes_of(part: EmailMessage) -> bytes:
    content = part.get_content()
    return content.encode() if isinstance(content, str) else bytes(content)
