"""The mailbox that answers come to: an IMAP folder, or a maildir for development.

A message is kept and committed first and marked as seen after that, so that none is lost; it is fetched again when a
worker dies in between, and known by its digest then. Two workers may read the same mailbox at once. A server that does
not answer, or answers for ever, costs one worker at most ``SECONDS``; then it is left alone for a while.
"""

import imaplib
import os
import re
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
import structlog
from flask import Flask, current_app
from imapclient import IMAPClient, SocketTimeout

from concierge.platform import clock, deliveries, incoming
from concierge.platform.database import db, insert, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.incoming import HEAD_BYTES, LARGEST, Mailbox
from concierge.platform.settings import Settings

log = structlog.get_logger()

CONNECT_S = 10
ANSWER_S = 20
"""Seconds that a server may take to be reached, and for one answer."""
SECONDS = 50.0
"""Seconds after which reading ends, wherever it is; the rest is read the next time."""
MOST = 200
"""Messages that are read at once."""
PIECE = 1024 * 1024
"""Bytes that are fetched at once."""
LONGEST_WAIT = timedelta(hours=1)
TOO_LARGE = "The message is larger than 25 MB; only its head was kept. The whole is still in the mailbox."
SEEN = rb"\Seen"


class Unreadable(Exception):
    """A mailbox could not be read; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """An IMAP folder and how one gets there."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    is_tls: bool
    """Whether the connection is encrypted from its first byte."""

    @property
    def name(self) -> str:
        """Whose folder it is and where, without the password."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"

    @property
    def is_here(self) -> bool:
        """Whether the server is this machine, so that nobody can listen in between."""
        if self.host == "localhost":
            return True
        with suppress(ValueError):
            return ip_address(self.host).is_loopback
        return False


Place = Server | Path


def register(app: Flask, settings: Settings) -> None:
    """Note which mailbox the settings name, and make reading it deliverable."""
    app.extensions["concierge.mailbox"] = place_of(settings)
    deliveries.register("mailbox.read", read)


def place_of(settings: Settings) -> Place:
    """Which mailbox the settings name."""
    if settings.mailbox in {"", "folder"}:
        return settings.instance / "mailbox"
    address = urlsplit(settings.mailbox)
    is_tls = address.scheme == "imaps"
    return Server(
        host=(address.hostname or "").lower(),
        port=address.port or (993 if is_tls else 143),
        user=unquote(address.username or ""),
        password=unquote(address.password or ""),
        folder=unquote(address.path.strip("/")) or "INBOX",
        is_tls=is_tls,
    )


def put_up(*, at: datetime) -> None:
    """Have the mailbox read, unless that is under way, nothing can be there, or its server needs a pause."""
    place = _place()
    if isinstance(place, Path):
        folder = place / "new"
        if folder.is_dir() and not any(folder.iterdir()):
            return
    again_at = db.session.scalar(sa.select(Mailbox.again_at).where(Mailbox.name == _name(place)))
    if again_at is not None and at < again_at:
        return
    under_way = sa.select(Delivery.id).where(
        Delivery.name == "mailbox.read",
        Delivery.status.in_((DeliveryStatus.READY, DeliveryStatus.LEASED)),
    )
    if db.session.scalar(under_way.limit(1)) is None:
        deliveries.enqueue(
            "mailbox.read", {}, unique_key=f"mailbox.read:{at.isoformat()}", queue="mail", max_attempts=3
        )


@deliveries.outside
def read(args: dict[str, Any]) -> None:  # Any: JSON values
    """Read the mailbox; a server that cannot be read is noted and waited for, and is no failure of this delivery."""
    read_now()


def read_now() -> int:
    """Keep all messages that are new; what stands in the way is noted with the mailbox.

    :return: how many were new.
    """
    place = _place()
    name = _name(place)
    try:
        kept = _read_folder(place) if isinstance(place, Path) else _read_server(place)
    except Unreadable as error:
        db.session.rollback()
        log.warning("mailbox not read", why=str(error))
        with unit_of_work():
            _note_failure(name, str(error))
        return 0
    with unit_of_work():
        _note_success(name)
    return kept


def _place() -> Place:
    place: Place = current_app.extensions["concierge.mailbox"]
    return place


def _name(place: Place) -> str:
    return "folder" if isinstance(place, Path) else place.name


# ---------------------------------------------------------------- what is noted of a mailbox


def _row(name: str) -> Mailbox:
    db.session.execute(
        insert(Mailbox)
        .values(name=name, uid_validity=0, last_uid=0, problem="", failures=0)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    found = sa.select(Mailbox).where(Mailbox.name == name).execution_options(populate_existing=True)
    return db.session.scalars(found.with_for_update()).one()


def _note_failure(name: str, sentence: str) -> None:
    row = _row(name)
    row.failures += 1
    wait = min(LONGEST_WAIT, timedelta(minutes=2 ** min(row.failures - 1, 10)))
    row.problem, row.again_at = sentence, clock.now() + wait


def _note_success(name: str) -> None:
    row = _row(name)
    row.problem, row.failures, row.again_at, row.read_at = "", 0, None, clock.now()


def _first_new(name: str, validity: int) -> int:
    """After which UID the new messages come; when the server counts anew, after none."""
    with unit_of_work():
        row = _row(name)
        if row.uid_validity != validity:
            row.uid_validity, row.last_uid = validity, 0
        return row.last_uid


def _keep(name: str, validity: int, uid: int, data: bytes | None, note: str) -> bool:
    """Keep a message and note that its mailbox is read so far; None: it vanished in the meantime."""
    with unit_of_work():
        is_new = data is not None and incoming.keep(data, note=note, at=clock.now()) is not None
        db.session.execute(
            sa.update(Mailbox)
            .where(Mailbox.name == name, Mailbox.uid_validity == validity, Mailbox.last_uid < uid)
            .values(last_uid=uid)
        )
    return is_new


# ---------------------------------------------------------------- a folder of files


def _read_folder(folder: Path) -> int:
    """Read a maildir (https://cr.yp.to/proto/maildir.html): what is in new/ goes to cur/ once it is kept."""
    try:
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        names = sorted(name for name in os.listdir(folder / "new") if not name.startswith("."))
    except OSError as error:
        raise Unreadable(f"The mailbox folder cannot be opened ({error.strerror}).") from error
    kept = 0
    for name in names[:MOST]:
        try:
            found = _file(folder / "new" / name)
        except FileNotFoundError:  # another worker was faster
            continue
        except OSError as error:
            raise Unreadable(f"The message {name[:80]} cannot be opened ({error.strerror}).") from error
        if found is None:
            continue
        with unit_of_work():
            kept += incoming.keep(found[0], note=found[1], at=clock.now()) is not None
        with suppress(FileNotFoundError):
            (folder / "new" / name).replace(folder / "cur" / _seen(name))
    return kept


def _file(path: Path) -> tuple[bytes, str] | None:
    """A message and a note on it; None for what is no plain file, such as a link to one."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        data = file.read(LARGEST + 1)
    return (data, "") if len(data) <= LARGEST else (_head(data[:HEAD_BYTES]), TOO_LARGE)


def _seen(name: str) -> str:
    if os.name == "nt":
        return name  # a colon cannot stand in a name there
    base, mark, flags = name.partition(":2,")
    return f"{base}:2,{''.join(sorted({*flags, 'S'}))}" if mark else f"{name}:2,S"


def _head(data: bytes) -> bytes:
    return re.split(rb"(?<=\n)\r?\n", data, maxsplit=1)[0] + b"\r\n"


# ---------------------------------------------------------------- a server


def _read_server(server: Server) -> int:
    alarm = _Alarm(SECONDS)
    try:
        with alarm, _signed_in(server, alarm) as client:
            return _read_messages(server, client)
    except (OSError, imaplib.IMAP4.error, ValueError) as error:  # ValueError: what is no answer at all
        if alarm.has_rung:
            raise Unreadable(
                f"The mail server took longer than {SECONDS:.0f} seconds. What it gave until then is kept."
            ) from error
        raise Unreadable(_why(error)) from error


def _read_messages(server: Server, client: IMAPClient) -> int:
    chosen = _choose(server, client)
    validity = int(chosen.get(b"UIDVALIDITY", 0))
    may_mark = b"READ-WRITE" in chosen and {SEEN, rb"\*"} & set(chosen.get(b"PERMANENTFLAGS", (SEEN,)))
    last = _first_new(server.name, validity)
    # "9:*" names the last message even when its number is lower
    uids = sorted(uid for uid in client.search(f"UID {last + 1}:*") if uid > last)
    kept = 0
    for uid in uids[:MOST]:
        found = _message(client, uid)
        data, note = found or (None, "")
        kept += _keep(server.name, validity, uid, data, note)
        if found and may_mark:
            client.add_flags([uid], [SEEN], silent=True)
    return kept


def _choose(server: Server, client: IMAPClient) -> dict[bytes, Any]:  # Any: numbers, flags
    try:
        chosen: dict[bytes, Any] = client.select_folder(server.folder)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise Unreadable(
            f"The mail server has no folder {server.folder} that can be opened. Check CONCIERGE_MAILBOX."
        ) from error
    return chosen


def _message(client: IMAPClient, uid: int) -> tuple[bytes, str] | None:
    """A message and a note on it, without marking it; None when it has vanished."""
    about = client.fetch([uid], ["RFC822.SIZE"]).get(uid)
    if about is None:
        return None
    if int(about.get(b"RFC822.SIZE", 0)) <= LARGEST:
        data = _pieces(client, uid, "BODY.PEEK[]", LARGEST + 1)
        if data is None or len(data) <= LARGEST:
            return None if data is None else (data, "")
    head = _pieces(client, uid, "BODY.PEEK[HEADER]", HEAD_BYTES)
    return None if head is None else (head, TOO_LARGE)


def _pieces(client: IMAPClient, uid: int, what: str, most: int) -> bytes | None:
    data = b""
    while len(data) < most:
        wanted = min(PIECE, most - len(data))
        found = client.fetch([uid], [f"{what}<{len(data)}.{wanted}>"]).get(uid)
        if found is None:
            return None
        section = what.replace(".PEEK", "")
        piece = found.get(f"{section}<{len(data)}>".encode()) or b""
        data += piece
        if len(piece) < wanted:
            break
    return data


@contextmanager
def _signed_in(server: Server, alarm: "_Alarm") -> Iterator[IMAPClient]:
    """A connection under the user's name; the password is said only where nobody else can hear it."""
    client = _Client(server, alarm)
    try:
        if not server.is_tls and (client.has_capability("STARTTLS") or not server.is_here):
            if not client.has_capability("STARTTLS"):
                raise Unreadable(
                    "The mail server offers no encryption, so the password was not sent. Use imaps://."
                )
            client.starttls(ssl.create_default_context())
        try:
            # LOGIN takes ASCII only
            sign_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
            sign_in(server.user, server.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Unreadable(
                "The mail server refuses the name or the password. Check CONCIERGE_MAILBOX."
            ) from error
        yield client
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            client.shutdown()


class _Connection(imaplib.IMAP4):
    """A connection that the alarm can end, and that takes no more into memory than was asked for."""

    def __init__(self, server: Server, watch: Callable[[socket.socket], None]) -> None:
        self._context = ssl.create_default_context() if server.is_tls else None
        self._watch = watch
        super().__init__(server.host, server.port, timeout=CONNECT_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        self._watch(plain)
        return self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain

    def read(self, size: int) -> bytes:
        """Read a literal of so many bytes."""
        if size > 2 * PIECE:
            raise self.abort("a literal is larger than what was asked for")
        return super().read(size)


class _Client(IMAPClient):
    """IMAPClient over such a connection."""

    def __init__(self, server: Server, alarm: "_Alarm") -> None:
        self._server, self._alarm = server, alarm
        timeout = SocketTimeout(CONNECT_S, ANSWER_S)
        super().__init__(server.host, server.port, ssl=server.is_tls, timeout=timeout)

    def _create_IMAP4(self) -> _Connection:  # noqa: N802 – IMAPClient's name
        return _Connection(self._server, self._alarm.watch)


class _Alarm:
    """Ends a connection after some seconds, even when its server sends a byte now and then."""

    def __init__(self, seconds: float) -> None:
        self.has_rung = False
        self._held: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._held is not None:
            self._held.close()

    def watch(self, connection: socket.socket) -> None:
        """End this connection when the time comes; a handle of its own, since TLS takes the other away.

        :raises TimeoutError: when it has come already.
        """
        self._held = connection.dup()
        if self.has_rung:
            raise TimeoutError

    def _ring(self) -> None:
        self.has_rung = True
        if self._held is not None:
            with suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"The mail server's certificate is not trusted: {error.verify_message}."
        case ssl.SSLError():
            return "The mail server and we could not agree on encryption. Check port and scheme of CONCIERGE_MAILBOX."
        case TimeoutError():
            return "The mail server does not answer."
        case socket.gaierror():
            return "There is no mail server of that name. Check CONCIERGE_MAILBOX."
        case ConnectionRefusedError():
            return "The mail server cannot be reached. Check host and port of CONCIERGE_MAILBOX."
        case imaplib.IMAP4.abort() | OSError():
            return "The connection to the mail server was lost. What it gave until then is kept."
    return f"The mail server gave an answer that cannot be read: {str(error)[:120]}"
