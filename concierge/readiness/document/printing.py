"""From the document's values to a page, and from the page to a PDF."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

import segno
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.platform import settings, signing
from concierge.platform.paths import templates_dir
from concierge.platform.pdf import InnerFile, Job, Press, Printed, press
from concierge.readiness import fields as names
from concierge.readiness.document.form import LONGEST, LONGEST_TEXT, Form, breakable_text
from concierge.readiness.document.values import Checklist, Deed, Item, Section, Signature, Step
from concierge.readiness.document.words import Words

LANGUAGES = ("en", "de", "fr", "es", "ja", "ar")
"""The languages that documents are written in."""

RECORD_FILE = "answers.json"
"""Name of the file inside a record copy that holds its answers."""

_EXACT = {
    "link", "code", "project_key", "language", "country", "concierge_mail", "concierge_phone", "kind",
    "return_address", "key", "typed", "comment", "codes", "data", "hash",
}  # fmt: skip
"""Fields that are addresses, codes, or what stands in a form."""

Value = TypeVar("Value", Checklist, Section, Item, Step, Signature, Deed)


def file_name(checklist: Checklist) -> str:
    """The name under which the document is saved and mailed."""
    with force_locale(checklist.language):
        name = _("site-readiness-record") if checklist.is_record else _("site-readiness")
    return f"{checklist.project_key}-{name}.pdf"


def html(checklist: Checklist) -> str:
    """The page that is printed, in the site's language."""
    return _page(checklist)[0]


def printed(checklist: Checklist, *, on: Press | None = None) -> Printed:
    """The document: a working copy with its form as PDF/UA-1, a record as PDF/A-3a and PDF/UA-1.

    Takes about a second: for the worker and the command line, never for a page.

    :raises Unprintable: when it cannot be laid out within its limits.
    :raises NotSigned: when the company's certificate cannot be used.
    """
    made = (on or press()).print_job(job(checklist))
    if not checklist.is_sealed:
        return made
    with force_locale(checklist.language):
        reason = _("The answers as we hold them")
    return replace(made, data=signing.signed(made.data, reason=reason, place=checklist.company))


def job(checklist: Checklist) -> Job:
    """What the press needs: the page with its fields, and the note or the answers that go inside."""
    markup, form = _page(checklist)
    if checklist.is_record:
        data = checklist.data.encode()
        inner = InnerFile(RECORD_FILE, "application/json", data, "The answers, for machines")
        note = ""
    else:
        data = names.written(form.note, secret_key=settings.current().secret_key)
        inner = InnerFile(names.NOTE, "application/json", data, "Which print this is")
        note = names.written_for_xmp(data)
    return Job(
        markup,
        stylesheet(is_mirrored=checklist.is_mirrored),
        fields=tuple(form.fields),
        files=(inner,),
        note=note,
        is_record=checklist.is_record,
        is_mirrored=checklist.is_mirrored,
    )


def _page(checklist: Checklist) -> tuple[str, Form]:
    most = LONGEST if checklist.is_record else LONGEST_TEXT  # a record says all that was said
    checklist = breakable(checklist, apart=_apart if checklist.is_mirrored else str, most=most)
    with force_locale(checklist.language):
        words = Words(checklist)
        form = Form(checklist, words)
        page = render_template(
            "readiness/document.html",
            checklist=checklist,
            words=words,
            form=form,
            qr=qr_path(checklist.scanned) if checklist.link else None,
        )
    return page, form


def _apart(text: str) -> str:
    """A text that keeps its own direction, whichever the words around it have."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if text else ""


def breakable(value: Value, *, apart: Callable[[str], str] = str, most: int = LONGEST_TEXT) -> Value:
    """The same value with texts that a line can hold: very long words may break, very long texts end.

    Laying out one word of thousands of letters takes minutes, and nobody reads it.

    :param apart: what else is done with each text.
    :param most: letters of a text.
    """
    changes: dict[str, Any] = {}  # Any: fields of every kind
    for field in fields(value):
        known = getattr(value, field.name)
        if field.name in _EXACT:
            continue
        if type(known) is str:
            changes[field.name] = apart(breakable_text(known, most=most))
        elif isinstance(known, tuple):
            changes[field.name] = tuple(
                apart(breakable_text(one, most=most))
                if isinstance(one, str)
                else breakable(one, apart=apart, most=most)
                for one in known
            )
    return replace(value, **changes)


@cache
def stylesheet(*, is_mirrored: bool = False) -> str:
    """The print styles; they stand beside the template. For languages from right to left, left is right."""
    text = (templates_dir() / "readiness" / "document.css").read_text("utf-8")
    return _SIDE.sub(lambda found: _OTHER_SIDE[found[0]], text) if is_mirrored else text


_SIDE = re.compile(r"\b(left|right)\b")
_OTHER_SIDE: Mapping[str, str] = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as one SVG path of unit squares; `size` is its side, the quiet zone included."""

    path: str
    size: int


def qr_path(text: str) -> QrCode:
    """The QR code of a link, error correction M, quiet zone of four squares (ISO/IEC 18004 §5.3.8)."""
    matrix = segno.make(text, error="m", micro=False).matrix
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                runs.append(f"M{x + 4} {y + 4}h{width}v1h-{width}z")
            x += width or 1
    return QrCode("".join(runs), len(matrix) + 8)
