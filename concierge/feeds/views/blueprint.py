"""The one blueprint of the slice."""

from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug.wrappers import Response as Redirect

bp = Blueprint("feeds", __name__)

Page: TypeAlias = str | tuple[str, int] | Response | Redirect
