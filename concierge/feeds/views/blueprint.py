"""The one blueprint of the slice."""

from flask import Blueprint

bp = Blueprint("feeds", __name__)
