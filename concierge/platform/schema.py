"""Which migration the database is at, which one this release needs, and the way from one to the other."""

import sqlalchemy as sa
from flask import current_app

from concierge.platform import paths, searching
from concierge.platform.database import db


def wanted() -> str:
    """The number of this release's last migration."""
    return (paths.migrations_dir() / "HEAD").read_text("utf-8").strip()


def current() -> str | None:
    """The number of the database's last migration; None when it has no tables yet.

    :raises SQLAlchemyError: when the database does not answer.
    """
    with db.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(directory: str = "") -> None:
    """Run the migrations that the database lacks, and let everything be found that was there before.

    :param directory: Alembic's folder; empty: the release's own.
    """
    import flask_migrate  # here, because Alembic takes long to load and most starts need no migration

    directory = directory or str(paths.migrations_dir())
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own door
    flask_migrate.Migrate(app, db, directory=directory)
    flask_migrate.upgrade(directory=directory)
    let_old_rows_be_found()


def let_old_rows_be_found() -> None:
    """Fill the search where it is empty or was made otherwise, as it is after an upgrade, even one cut short."""
    with db.engine.connect() as connection:
        if searching.is_current(connection):
            return
    with db.engine.execution_options(writing=True).begin() as connection:
        searching.rebuild(connection)
