"""Where templates, assets and migrations lie: at the top of a checkout, inside the package in a wheel."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def templates_dir() -> Path:
    """The folder of the page templates."""
    return _folder() / "templates"


def static_dir() -> Path:
    """The folder that is served under /static; the bundle lies in its `vendor`."""
    return _folder() / "static"


def migrations_dir() -> Path:
    """The folder of Alembic's environment and the migrations."""
    return _folder() / "migrations"


def translations_dir() -> Path:
    """The folder of the compiled translations."""
    return _PACKAGE / "translations"


@cache
def _folder() -> Path:
    shipped = _PACKAGE / "_shipped"  # made by hatch_build.py
    return shipped if shipped.is_dir() else _PACKAGE.parent
