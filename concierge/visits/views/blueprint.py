"""Where the pages of visits are hung up."""

from typing import TypeAlias

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Redirect

from concierge.catalogue.words import step_in_words
from concierge.visits import words
from concierge.visits.models import Visit

bp = Blueprint("visits", __name__)
bp.add_app_template_filter(words.cancel_words, "cancel_words")
bp.add_app_template_filter(words.to_decide, "to_decide")
bp.add_app_template_filter(step_in_words, "step_words")

LONGEST_NUMBER = 19
"""Digits that no count of changes has."""

Page: TypeAlias = str | tuple[str, int] | Response | Redirect


def back_to(visit: Visit) -> Redirect:
    """Go to the page of a visit."""
    return redirect(url_for("visits.visit", visit_id=visit.id), code=303)


def seen_version(text: str | None) -> int | None:
    """Read the version that a form carries; a missing or spoiled one is older than all."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else 0
