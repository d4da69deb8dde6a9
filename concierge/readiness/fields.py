"""What ties a working copy to its checklist: the names of its form fields, and the signed note inside it.

Whoever prints names fields and writes the note with this, and whoever reads a file that came back understands both
with it. A field's value in the file is never the place where it is said whose it is: the note is, and it is signed.
"""

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

NOTE = "concierge.json"
"""Name of the file inside a working copy that holds its note (relationship Data)."""
XMP_NAMESPACE = "urn:concierge:readiness:1"
XMP_NAME = "note"
"""The same note, in base64, as the text of ``<…:note xmlns:…="urn:concierge:readiness:1">`` in the XMP packet: some
programs drop files inside when they save."""
LARGEST_NOTE = 512 * 1024
"""Bytes."""
VERSION = 1

YES, NO = "yes", "no"
"""The states of a confirm's radio buttons."""


class Part(Enum):
    """What a field asks for."""

    VALUE = "val"
    """The answer: a text, a day, one radio button, one choice."""
    CHOICE = "val-"
    """One check box of a question with several answers."""
    COMMENT = "note"
    SIGN_NAME = "sign-name"
    SIGN_DATE = "sign-date"
    SIGNATURE = "sign-sig"
    DECISION = "decision"
    CONDITIONS = "conditions"


FINAL = "final"
"""Stands for a section where the whole list is signed."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of the form means."""

    part: Part
    item: str = ""
    """Key of the item; empty for signatures and the declaration."""
    code: str = ""
    """For one check box of several: its answer."""
    section: str = ""
    """For signatures: the section, or ``final``."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What stood in one item's fields when the copy was printed.

    ``value`` and ``comment`` are what the fields hold in the untouched file: the radio button's state, the code of a
    choice, the codes of several in alphabetical order with blanks between, else the text letter by letter.
    """

    seen: int = 0
    """Id of the answer that counted then; 0: none."""
    value: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Which print a file is, and what it said of each item."""

    document: str
    """Code of the print, eight letters and digits without hyphen."""
    project: str
    """Key of the project."""
    template: int
    """``TEMPLATE_VERSION`` of the document."""
    language: str
    revision: int
    fields: Mapping[str, Printed] = field(default_factory=dict)
    """By item key; items without a field are not in it."""
    version: int = VERSION


def value_of(key: str) -> str:
    """The name of an item's answer."""
    return f"{key}-val"


def choice_of(key: str, code: str) -> str:
    """The name of one check box of an item with several answers."""
    return f"{key}-val-{code}"


def comment_of(key: str) -> str:
    """The name of an item's comment."""
    return f"{key}-note"


def sign_of(section: str, part: Part) -> str:
    """The name of a signature's field; ``section`` is ``final`` for the whole list."""
    return f"final-{part.value}" if section == FINAL else f"section-{section}-{part.value}"


DECISION, CONDITIONS = "final-decision", "final-conditions"


def known(items: Mapping[str, Iterable[str]], *, sections: Iterable[str]) -> dict[str, Field]:
    """Every field that a checklist may have, by name.

    :param items: for each item key the codes of its choices; none for the other kinds.
    """
    found: dict[str, Field] = {
        DECISION: Field(Part.DECISION, section=FINAL),
        CONDITIONS: Field(Part.CONDITIONS, section=FINAL),
    }
    for section in (*sections, FINAL):
        for part in (Part.SIGN_NAME, Part.SIGN_DATE, Part.SIGNATURE):
            found[sign_of(section, part)] = Field(part, section=section)
    for key, codes in items.items():
        for code in codes:
            found[choice_of(key, code)] = Field(Part.CHOICE, item=key, code=code)
    for key in items:  # after the boxes: an item whose key ends like another's box keeps its own field
        found[value_of(key)] = Field(Part.VALUE, item=key)
        found[comment_of(key)] = Field(Part.COMMENT, item=key)
    return found


def written(note: Note, *, secret_key: str) -> bytes:
    """The note as it stands in the file, signed; equal notes give equal bytes."""
    said = _said(note)
    return _canonical({**said, "key": _key(said, secret_key=secret_key)})


def written_for_xmp(data: bytes) -> str:
    """The same for the XMP packet."""
    return base64.b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class ReadNote:
    """A note as a file holds it."""

    note: Note
    is_genuine: bool
    """Whether it is signed with our key, so that everything in it was printed by us."""


def read(data: bytes, *, secret_key: str) -> ReadNote | None:
    """A note from the bytes in a file; None when they are no such note. Values in it are the file's claim."""
    if len(data) > LARGEST_NOTE:
        return None
    try:
        said = json.loads(data)
        key = str(said.pop("key"))
        note = _note(said)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    own = _key(said, secret_key=secret_key)
    return ReadNote(note, hmac.compare_digest(own.encode(), key.encode("utf-8", "replace")))


_CODE = re.compile(r"[A-Za-z0-9-]{0,12}", re.ASCII)


def _said(note: Note) -> dict[str, Any]:  # Any: what JSON holds
    return {**asdict(note), "fields": {name: asdict(one) for name, one in note.fields.items()}}


def _note(said: dict[str, Any]) -> Note:  # Any: as above
    document = said["document"]
    if not isinstance(document, str) or not _CODE.fullmatch(document):
        raise ValueError("no code of a print")
    texts = {name: said[name] for name in ("project", "language")}
    numbers = {name: said[name] for name in ("template", "revision", "version")}
    if not all(isinstance(text, str) and len(text) <= 64 for text in texts.values()):
        raise ValueError("no such texts")
    if not all(isinstance(number, int) for number in numbers.values()):
        raise ValueError("no such numbers")
    printed = {}
    for name, one in said["fields"].items():
        values = one["value"], one["comment"]
        if not isinstance(one["seen"], int) or not all(isinstance(value, str) for value in values):
            raise ValueError("no such field")
        printed[str(name)] = Printed(one["seen"], *values)
    return Note(document=document, **texts, **numbers, fields=printed)


def _key(said: Mapping[str, Any], *, secret_key: str) -> str:
    """64 hexadecimal digits over all of a note, with a key that is used for nothing else."""
    own = hmac.digest(secret_key.encode(), b"readiness working copy", "sha256")
    return hmac.new(own, _canonical(said), "sha256").hexdigest()


def _canonical(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
