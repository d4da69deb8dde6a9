"""Where the customer's pages are hung up."""

from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug.wrappers import Response as Redirect

bp = Blueprint("portal", __name__)
"""What our own people see of it."""
customers = Blueprint("customers", __name__)
"""What lies behind a link; what goes wrong there is said to customers, see ``access.py``."""

Page: TypeAlias = str | tuple[str, int] | Response | Redirect
