"""The blueprint of the checklist's pages."""

import zlib

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

bp = Blueprint("readiness", __name__)

Page = str | AnyResponse | tuple[str, int]


def anchor_of(section: str) -> str:
    """Where a section stands on the page of the checklist; without the words of whoever named it."""
    return f"section-{zlib.crc32(section.encode()):08x}"
