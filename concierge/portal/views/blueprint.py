"""Where the customer's pages are hung up."""

from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug.wrappers import Response as Redirect

bp = Blueprint("portal", __name__)

Page: TypeAlias = str | tuple[str, int] | Response | Redirect
