"""What is in a file that came back, read in a child process (`return_reader.py`) that can hurt nobody.

Everything here is what the file claims; `actions/taking.py` says what of it is believed.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
MOST_PICTURE_BYTES = 24 * MIB
"""Of all pictures of one file together."""
LARGEST_ANSWER = 40 * MIB

_READER = Path(__file__).with_name("return_reader.py")
_KEPT = ("PATH", "SYSTEMROOT", "FONTCONFIG_FILE")


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may use: seconds by the clock and of the processor, bytes of memory."""

    seconds: int = 10
    memory_bytes: int = 512 * MIB


FORM = Limits()
MAIL = Limits()
PAGES = Limits(seconds=40, memory_bytes=768 * MIB)


class Problem(Enum):
    """Why nothing can be said about the fields of a file."""

    NONE = ""
    PASSWORD = "password"  # noqa: S105 - a word for what is asked for
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"
    """Too many pages, fields or objects."""
    TOO_HARD = "too hard"
    """It needs more time or memory than one file gets."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one field holds."""

    kind: str
    """``/Tx``, ``/Btn``, ``/Ch`` or ``/Sig``."""
    text: str = ""
    is_signed: bool = False
    is_cut: bool = False
    """Whether there was more than is taken."""
    is_odd: bool = False
    """Whether it is nothing that a program for forms writes."""
    is_twice: bool = False
    """Whether two fields of this name hold different things."""

    @property
    def is_doubtful(self) -> bool:
        """Whether a person has to look at the file itself."""
        return self.is_cut or self.is_odd or self.is_twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is in a PDF."""

    problem: Problem = Problem.NONE
    is_whole: bool = True
    """Whether it does not break off."""
    has_form: bool = False
    pages: int = 0
    note: bytes = b""
    """Ours, unread and not believed; empty when there is none."""
    active: tuple[str, ...] = ()
    """What it could do of its own accord: script, xfa, launch, submit, import, media."""
    is_drawn_on: bool = False
    """Whether something stands on the pages that is no field's value: drawn beside them, or only shown in one."""
    files: int = 0
    """Files inside that are not our note."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """By the full name of the field."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that a message brings."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a message says of itself, and its files; nothing of it is proven."""

    sender: str = ""
    """The one address in From; empty when there is none or several."""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    authentication_results: str = ""
    """What the topmost mail server that says anything found of its sender; to be read with `platform.vouching`."""
    is_automatic: bool = False
    """Whether a machine wrote it (RFC 3834), as scanners, absence notes and mailing lists do."""
    is_report: bool = False
    """Whether it is a mail server's report on a letter."""
    files: tuple[Brought, ...] = ()
    is_read: bool = True


def is_pdf(data: bytes) -> bool:
    """Whether a file says that it is a PDF."""
    return b"%PDF-" in data[:1024]


def read_form(data: bytes, *, limits: Limits = FORM) -> Form:
    """The fields of a PDF; what cannot be read is a form with a problem."""
    said, _rest = _first_line(_asked("form", data, limits))
    try:
        problem = Problem(said["problem"])
        if problem is not Problem.NONE:
            return Form(problem=problem)
        return Form(
            is_whole=bool(said["is_whole"]),
            has_form=bool(said["has_form"]),
            pages=int(said["pages"]),
            note=base64.b64decode(said["note"]),
            active=tuple(map(str, said["active"])),
            is_drawn_on=bool(said["is_drawn_on"]),
            files=int(said["files"]),
            values=_values(said["fields"]),
        )
    except (ValueError, TypeError, KeyError):
        return Form(problem=Problem.TOO_HARD)


def pictures_of(data: bytes, *, limits: Limits = PAGES) -> list[bytes]:
    """Pictures of the first pages of a PDF, or of a photograph, as JPEG; those that could be made."""
    answer, found = _asked("pages", data, limits), []
    while answer:
        said, answer = _first_line(answer)
        size = said.get("size", 0)
        if not isinstance(size, int) or not 0 < size <= len(answer):
            break
        found.append(answer[:size])
        answer = answer[size:]
        if sum(map(len, found)) > MOST_PICTURE_BYTES:
            found.pop()
            break
    return found


def read_message(data: bytes, *, limits: Limits = MAIL) -> Message:
    """Who sent a message and which files it brings; one that cannot be read says so."""
    said, rest = _first_line(_asked("mail", data, limits))
    try:
        files, place = [], 0
        for one in said["files"]:
            files.append(Brought(str(one["name"]), rest[place : place + int(one["size"])]))
            place += int(one["size"])
        return Message(
            sender=str(said["sender"]),
            recipients=tuple(map(str, said["recipients"])),
            subject=str(said["subject"]),
            authentication_results=str(said["authentication_results"]),
            is_automatic=said["auto_submitted"] not in {"", "no"} or bool(said["is_list"]),
            is_report=bool(said["is_report"]),
            files=tuple(files),
        )
    except (ValueError, TypeError, KeyError):
        return Message(is_read=False)


def _values(fields: list[dict[str, Any]]) -> dict[str, Value]:  # Any: what JSON holds
    """The values by name; of two fields of one name the filled one, or a doubt when both are and differ."""
    found: dict[str, Value] = {}
    for one in fields:
        new = Value(
            kind=str(one["kind"]),
            text=str(one["value"]),
            is_signed=bool(one.get("is_signed")),
            is_cut=bool(one.get("is_cut")),
            is_odd=bool(one.get("is_odd")),
        )
        name = str(one["name"])
        old = found.get(name)
        if old is None or (not old.text and not old.is_doubtful and not old.is_signed):
            found[name] = new
        elif new.text and new.text != old.text:
            found[name] = Value(old.kind, f"{old.text} / {new.text}", is_twice=True)
    return found


def _first_line(answer: bytes) -> tuple[dict[str, Any], bytes]:  # Any: as above
    line, _end, rest = answer.partition(b"\n")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}, b""
    return (said, rest) if isinstance(said, dict) else ({}, b"")


def _asked(task: str, data: bytes, limits: Limits) -> bytes:
    """What the child says until its end, or until its time is up."""
    with tempfile.TemporaryDirectory(prefix="concierge-back-", ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(  # noqa: S603 - this very Python on a file of ours
            [sys.executable, "-P", str(_READER), task, str(limits.memory_bytes), str(limits.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ}
            | {"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "TZ": "UTC"}
            | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"},
            cwd=folder,
            start_new_session=True,
        )
        try:
            said, _ = child.communicate(data, timeout=limits.seconds + 2)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()  # what it had said until then
        finally:
            child.kill()
            child.wait()
    return said[:LARGEST_ANSWER]
