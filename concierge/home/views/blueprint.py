"""The blueprint that home's pages hang on."""

from flask import Blueprint

bp = Blueprint("home", __name__)
