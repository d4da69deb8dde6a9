"""The last good bytes of each address, on this machine's disk: what is served while the database cannot be.

One answer of 4xx or 5xx makes a calendar program stop asking for the rest of its session, or for good; so a
known address is answered with what it gave last. A file is named for the hash of the token, holds the tag
and the name in its first line, and is replaced as a whole.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import structlog

from concierge.identity.tokens import token_hash
from concierge.platform import settings

FORMS = (".ifb", ".json")
"""Forms of a calendar besides the usual one."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was served last."""

    tag: str
    file_name: str
    body: bytes


def keep(token: str, file: Kept, *, form: str = "") -> None:
    """Keep the bytes of an address unless they are kept already; a full disk is told and changes nothing.

    :param form: the ending of the file's name where the address gives it in several forms.
    """
    path = _path(token, form)
    if _first_line(path) == _label(file):
        return
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(_label(file) + b"\n" + file.body)
        os.replace(fresh, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        log.warning("calendar not kept", exc_info=error)


def kept(token: str, *, form: str = "") -> Kept | None:
    """What an address gave last; `None` when it was never fetched from this machine."""
    try:
        label, _, body = _path(token, form).read_bytes().partition(b"\n")
        found = json.loads(label)
        return Kept(tag=found["tag"], file_name=found["name"], body=body)
    except (OSError, ValueError, KeyError):
        return None


def forget(token: str) -> None:
    """Keep nothing of an address that was ended: it is not to give its last visits when the database is gone."""
    for form in ("", *FORMS):
        try:
            _path(token, form).unlink(missing_ok=True)
        except OSError as error:
            log.warning("calendar not forgotten", exc_info=error)


def _path(token: str, form: str) -> Path:
    name = token_hash(token)
    return settings.current().instance / "feeds" / name[:2] / f"{name}{form}"


def _label(file: Kept) -> bytes:
    return json.dumps({"tag": file.tag, "name": file.file_name}).encode()


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline().rstrip(b"\n")
    except OSError:
        return b""
