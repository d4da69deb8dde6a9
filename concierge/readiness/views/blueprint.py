"""The blueprint of the checklist's pages."""

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

bp = Blueprint("readiness", __name__)

Page = str | AnyResponse | tuple[str, int]
