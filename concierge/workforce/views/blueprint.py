"""Where the pages of technicians are hung up."""

from typing import TypeAlias

from flask import Blueprint
from werkzeug.wrappers import Response

bp = Blueprint("workforce", __name__)

Page: TypeAlias = str | tuple[str, int] | Response
