"""Files: a row that says what a file is, and its bytes in a store under a random name.

The bytes are written first and the row with the act that needs it. An act that fails leaves bytes without
a row; :func:`sweep` removes those after a day. A row without bytes cannot come about.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import fsspec
import sqlalchemy as sa
from flask import Flask, current_app
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
    token = secrets.token_hex(20)
    place = f"{token[:2]}/{token}"
    system.makedirs(f"{root}/{token[:2]}", exist_ok=True)
    system.pipe_file(f"{root}/{place}", data)
    row = StoredFile(
        name=plain_name(name),
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        place=place,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def read(file: StoredFile) -> bytes:
    """The bytes of a file.

    :raises NotFound: when the store lost them.
    :raises FileDamaged: when they are not the ones that were stored.
    """
    system, root = _store()
    try:
        data = system.cat_file(f"{root}/{file.place}")
    except FileNotFoundError as error:
        raise NotFound("The file is no longer in the store. Ask an administrator to restore it.") from error
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
