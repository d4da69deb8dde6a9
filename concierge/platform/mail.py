"""Letters: written as values, noted with the act that causes them, sent by a delivery.

Each letter has a key. The same key twice is one letter, and the key gives the Message-ID, so that a letter
that had to be handed over twice is shown once by the reader's mail program. Development writes ``.eml`` files
and shows them on a page; production hands them to an SMTP server.
"""

import hashlib
import hmac
import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import clock, deliveries, files
from concierge.platform.database import Base, Line, Prose, clean, db
from concierge.platform.deliveries import Delivery, DeliveryStatus, Hopeless
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.platform.settings import Settings

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
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


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
    )
    deliveries.register("mail.send", send)


def post(letter: Letter, *, key: str) -> None:
    """Note a letter in the caller's transaction; it leaves after the commit.

    :param key: names the cause; the same key twice is one letter, e.g. ``checklist:12:issued:7``.
    """
    row_key = clean(key, lines=False)[:200]
    known = sa.select(OutgoingMail.id).where(OutgoingMail.key == row_key)
    if db.session.scalar(known) is not None:
        return
    row = OutgoingMail(
        key=row_key,
        message_id=_message_id(row_key, _post()),
        to=letter.to,
        to_name=letter.to_name,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        language=letter.language,
        secret=letter.secret,
        secrets=list(letter.secrets),
        reply_to=letter.reply_to,
        attachments=[
            *([{**_kept(letter.calendar), "inline": True}] if letter.calendar else []),
            *(_kept(attachment) for attachment in letter.attachments),
        ],
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    deliveries.enqueue(
        "mail.send", {"mail_id": row.id}, unique_key=f"mail:{row.id}", queue="mail", priority=5
    )


@deliveries.outside
def send(args: dict[str, Any]) -> Callable[[], None] | None:
    """Hand one letter over; return what notes that it left.

    :raises Hopeless: when the server refuses the recipient for good.
    """
    row = db.session.get_one(OutgoingMail, args["mail_id"])
    if row.sent_at is not None:
        return None
    try:
        message = _composed(row)
    except ValueError as error:  # the email package refuses addresses and names that could forge headers
        raise Hopeless("The letter's address cannot be written. Correct it where it was entered.") from error
    name = file_name(row.key)
    db.session.rollback()
    _post().transport(message, name)
    mail_id, at = row.id, clock.now()

    def note() -> None:
        sent = db.session.get_one(OutgoingMail, mail_id)
        sent.sent_at = at
        for secret in filter(None, (sent.secret, *sent.secrets)):
            sent.text, sent.html = (part.replace(secret, "[…]") for part in (sent.text, sent.html))
        sent.secret, sent.secrets, sent.reply_to = "", [], ""

    return note


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


@dataclass(frozen=True, slots=True)
class _Post:
    sender: Address
    domain: str
    secret_key: str
    folder: Path | None
    transport: Transport


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
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = _post().sender
    message["To"] = Address(row.to_name, addr_spec=row.to)
    if row.reply_to:
        message["Reply-To"] = Address(_post().sender.display_name, addr_spec=row.reply_to)
    _set_subject(message, row.subject)
    message["Date"] = row.created_at
    message["Message-ID"] = row.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
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
                raise Hopeless(
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
