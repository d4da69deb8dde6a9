"""Where the pages of invitations are hung up."""

from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug.wrappers import Response as Redirect

bp = Blueprint("invitations", __name__)

Page: TypeAlias = str | tuple[str, int] | Response | Redirect
