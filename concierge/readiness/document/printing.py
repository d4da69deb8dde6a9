"""From the document's values to a page, and from the page to a PDF."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

import segno
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.platform.assets import NotSetUp, asset_path
from concierge.platform.paths import templates_dir
from concierge.platform.pdf import Press, Printed, press
from concierge.readiness.document.values import Checklist, Item, Section, Step
from concierge.readiness.document.words import Words

LANGUAGES = ("en", "de")
"""The languages that documents are written in."""

_LONGEST_TEXT = 700
_PIECE = 24
_LONG_WORD = re.compile(rf"\S{{{_PIECE + 8},}}")
_EXACT = {"link", "code", "language", "country", "concierge_mail", "concierge_phone", "kind"}
"""Fields that are addresses or codes."""

Value = TypeVar("Value", Checklist, Section, Item, Step)

_FONTS = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")


def file_name(checklist: Checklist) -> str:
    """The name under which the document is saved and mailed."""
    with force_locale(checklist.language):
        name = _("site-readiness")
    return f"{checklist.project_key}-{name}.pdf"


def html(checklist: Checklist) -> str:
    """The page that is printed, in the site's language."""
    checklist = breakable(checklist)
    with force_locale(checklist.language):
        return render_template(
            "readiness/document.html",
            checklist=checklist,
            words=Words(checklist),
            qr=qr_path(checklist.scanned) if checklist.link else None,
        )


def printed(checklist: Checklist, *, on: Press | None = None) -> Printed:
    """The document as PDF/UA-1. Takes about a second: for the worker and the command line, never for a page.

    :raises Unprintable: when it cannot be laid out within its limits.
    """
    return (on or press()).print_page(html(checklist), stylesheet=stylesheet(), assets=fonts())


def breakable(value: Value) -> Value:
    """The same value with texts that a line can hold: very long words may break, very long texts end.

    Laying out one word of thousands of letters takes minutes, and nobody reads it.
    """
    changes: dict[str, Any] = {}  # Any: fields of every kind
    for field in fields(value):
        known = getattr(value, field.name)
        if type(known) is str and field.name not in _EXACT:
            changes[field.name] = _breakable(known)
        elif isinstance(known, tuple):
            changes[field.name] = tuple(
                _breakable(one) if isinstance(one, str) else breakable(one) for one in known
            )
    return replace(value, **changes)


def _breakable(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return _LONG_WORD.sub(lambda found: "\N{ZERO WIDTH SPACE}".join(_pieces(found[0])), text)


def _pieces(word: str) -> list[str]:
    return [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]


@cache
def stylesheet() -> str:
    """The print styles; they stand beside the template."""
    return (templates_dir() / "readiness" / "document.css").read_text("utf-8")


@cache
def fonts() -> Mapping[str, bytes]:
    """The bundled fonts by name; where nothing is bundled, the styles fall back to a font of the system."""
    try:
        return {name: asset_path(name).read_bytes() for name in _FONTS}
    except NotSetUp:
        return {}


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
