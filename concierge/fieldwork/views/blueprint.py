"""Where the technician's pages are hung up."""

from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug.wrappers import Response as Redirect

bp = Blueprint("fieldwork", __name__)

Page: TypeAlias = str | tuple[str, int] | Response | Redirect
