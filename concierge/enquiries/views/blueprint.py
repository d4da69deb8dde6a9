"""Where the pages of stock and enquiries are hung up."""

from typing import TypeAlias

from flask import Blueprint
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.workforce.calendars import is_country

bp = Blueprint("enquiries", __name__)
Page: TypeAlias = str | tuple[str, int] | Response


def country_choices() -> list[SelectChoice]:
    """Every country by name, in the reader's language."""
    names = get_locale().territories
    known = [SelectChoice(code, name) for code, name in names.items() if is_country(code)]
    return [SelectChoice("", _("Choose")), *sorted(known, key=lambda one: str(one.label))]


def seen(text: str | None) -> int:
    """The version that a form carries; a missing or spoiled one is older than all."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
