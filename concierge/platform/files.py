"""Files: a row that says what a file is, and its bytes in a store under a random name.

The bytes are written first and the row with the act that needs it. An act that fails leaves bytes without
a row; :func:`sweep` removes those after a day. A row without bytes cannot come about.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Protocol, cast

import fsspec
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import clock
from concierge.platform.database import Base, Line, db
from concierge.platform.errors import NotFound
from concierge.platform.settings import Settings

LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file that people may send."""


class StoredFile(Base):
    """What a file is called, what it holds, and where its bytes lie."""

    __tablename__ = "stored_files"

    name: Mapped[str] = mapped_column(Line(200))
    content_type: Mapped[str] = mapped_column(Line(120))
    size: Mapped[int]
    """In bytes."""
    sha256: Mapped[str] = mapped_column(sa.String(64))
    place: Mapped[str] = mapped_column(sa.String(80), unique=True)
    """Where in the store; random, says nothing about the content."""
    created_at: Mapped[datetime]


class _Store(Protocol):
    """The part of fsspec's file systems that is used here."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None: ...

    def pipe_file(self, path: str, value: bytes) -> None: ...

    def cat_file(self, path: str) -> bytes: ...

    def open(self, path: str, mode: str) -> BinaryIO: ...

    def exists(self, path: str) -> bool: ...

    def find(self, path: str, *, detail: bool) -> dict[str, dict[str, object]]: ...

    def rm_file(self, path: str) -> None: ...


class FileDamaged(Exception):
    """The bytes in the store are not the ones that were put there."""


def register(app: Flask, settings: Settings) -> None:
    """Open the store that the settings name."""
    address = settings.files or (settings.instance.resolve() / "files").as_uri()
    open_store: Any = fsspec.core.url_to_fs  # Any: fsspec is not typed
    system, root = open_store(address)
    app.extensions["concierge.files"] = (system, root.rstrip("/"))


def store(data: bytes, *, name: str, content_type: str) -> StoredFile:
    """Put bytes into the store and their row into the caller's transaction.

    :param name: what people call it; only ever shown, never used as a place.
    """
    system, root = _store()
    place = _new_place()
    system.makedirs(f"{root}/{place[:2]}", exist_ok=True)
    system.pipe_file(f"{root}/{place}", data)
    return _row(place, name, content_type, len(data), hashlib.sha256(data).hexdigest())


class Writing:
    """A file that is written piece by piece, so that it is never whole in memory; it cannot be gone back in."""

    def __init__(self, stream: BinaryIO, place: str) -> None:
        self._stream, self._place = stream, place
        self._digest, self._size = hashlib.sha256(), 0

    def write(self, data: bytes, /) -> int:
        """Add bytes at the end."""
        self._stream.write(data)
        self._digest.update(data)
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: it is whole when it is closed."""

    def close(self) -> None:
        """Nothing: `writing` closes it."""

    def keep(self, *, name: str, content_type: str) -> StoredFile:
        """Put the row of the file into the caller's transaction, once it is closed.

        :param name: what people call it; only ever shown, never used as a place.
        """
        return _row(self._place, name, content_type, self._size, self._digest.hexdigest())


@contextmanager
def writing() -> Iterator[Writing]:
    """Open a file in the store to be written piece by piece; without its row it is swept away after a day."""
    system, root = _store()
    place = _new_place()
    system.makedirs(f"{root}/{place[:2]}", exist_ok=True)
    with system.open(f"{root}/{place}", "wb") as stream:
        yield Writing(stream, place)


def pieces(file: StoredFile, *, size: int = 1024 * 1024) -> Iterator[bytes]:
    """The bytes of a large file, some at a time.

    :raises NotFound: when the store lost them.
    """
    system, root = _store()
    try:
        stream = system.open(f"{root}/{file.place}", "rb")
    except FileNotFoundError as error:
        raise NotFound(
            _("The file is no longer in the store. Ask an administrator to restore it.")
        ) from error
    return _read_on(stream, size)


def _read_on(stream: BinaryIO, size: int) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(size):
            yield piece


def read(file: StoredFile) -> bytes:
    """The bytes of a file.

    :raises NotFound: when the store lost them.
    :raises FileDamaged: when they are not the ones that were stored.
    """
    system, root = _store()
    try:
        data = system.cat_file(f"{root}/{file.place}")
    except FileNotFoundError as error:
        raise NotFound(
            _("The file is no longer in the store. Ask an administrator to restore it.")
        ) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise FileDamaged(f"File {file.id} differs from what was stored.")
    return data


def plain_name(name: str) -> str:
    """A name that no system takes for a path: the last part, without control characters or leading dots."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').strip(" .")
    return kept[-180:] or "file"


def sweep(at: datetime) -> int:
    """Remove bytes of the day before and earlier that no row knows: what acts left that failed.

    :return: how many files went.
    """
    system, root = _store()
    if not system.exists(root):
        return 0
    known = set(db.session.scalars(sa.select(StoredFile.place)))
    gone = 0
    for path, about in system.find(root, detail=True).items():
        if "/".join(path.rsplit("/", 2)[-2:]) not in known and _is_older(about, at - timedelta(days=1)):
            system.rm_file(path)
            gone += 1
    return gone


def _new_place() -> str:
    token = secrets.token_hex(20)
    return f"{token[:2]}/{token}"


def _row(place: str, name: str, content_type: str, size: int, sha256: str) -> StoredFile:
    row = StoredFile(
        name=plain_name(name),
        content_type=content_type,
        size=size,
        sha256=sha256,
        place=place,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def _store() -> tuple[_Store, str]:
    return cast("tuple[_Store, str]", current_app.extensions["concierge.files"])


def _is_older(about: dict[str, object], instant: datetime) -> bool:
    changed = about.get("mtime") or about.get("LastModified") or about.get("created")
    match changed:
        case datetime():
            return changed.replace(tzinfo=changed.tzinfo or instant.tzinfo) < instant
        case int() | float():
            return changed < instant.timestamp()
        case _:
            return False
