"""`concierge db`: bring the database to this release."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from concierge.platform import procrastination, schema
from concierge.platform.errors import Refused


class DoesNotAnswer(Refused):
    """The database cannot be asked; the sentence says what to look at."""


@click.group()
def db() -> None:
    """Bring the database to this release."""


@db.command()
@with_appcontext
def upgrade() -> None:
    """Create the tables, or bring them up to this release. Safe to repeat; keeps every row.

    On SQLite a copy is put into backups/ in the instance folder first.

    \b
    Example: concierge db upgrade
    """
    upgrade_now()
    click.echo("The database is up to date.")


def upgrade_now() -> None:
    """Run the migrations that are lacking, and create the tables of the chosen job engine.

    :raises DoesNotAnswer: and nothing is changed.
    """
    try:
        current = schema.current()
    except OperationalError as error:
        raise DoesNotAnswer(
            f"The database does not answer: {str(error.orig).strip()}. Look whether DATABASE_URL is right and its "
            "server runs; on SQLite, whether the file was moved away from its journal (-wal): put it back."
        ) from error
    if current != schema.wanted():
        schema.upgrade()
    else:
        schema.let_old_rows_be_found()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own door
    if "concierge.procrastinate" in app.extensions:
        procrastination.prepare(app)
