"""How migrations run: one transaction each way, foreign keys kept, on SQLite and PostgreSQL alike.

On SQLite the whole upgrade is one immediate transaction with foreign keys off (a batch rebuild would otherwise
cascade into the children), checked before it commits, after a copy of the database was put beside it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

from concierge.platform.database import Base, Line, Prose, UtcInstant, db
from concierge.platform.searching import is_of_the_index

ONE_AT_A_TIME = 73190410
"""Key of the lock under which PostgreSQL lets one upgrade run at a time."""


def render_item(kind: str, item: Any, _: Any) -> str | bool:
    """Write our column types as the plain ones they are, so that old migrations need no code of ours."""
    if kind == "type" and isinstance(item, Line | Prose):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, UtcInstant):
        return "sa.DateTime(timezone=True)"
    return False


def configure(connection: sa.Connection) -> None:
    """Tell Alembic about the connection and the models."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
        include_object=_is_ours,
        include_name=_is_compared,
    )


def _is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what procrastinate keeps in the same database."""
    return not (kind == "table" and reflected and str(name).startswith("procrastinate_"))


def _is_compared(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out the full-text index, which is made by hand for each database."""
    return not is_of_the_index(name)


def run() -> None:
    """Run what was asked for in one transaction."""
    engine = db.engine.execution_options(writing=True)
    if engine.dialect.name == "sqlite":
        _run_on_sqlite(engine)
    else:
        _run_on_postgresql(engine)


def _run_on_sqlite(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute("PRAGMA query_only=OFF")  # a pooled connection may have read last
        _back_up(driver)
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                configure(connection)
                context.run_migrations()
                orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if orphans:
                    raise RuntimeError(f"The migration would leave rows without their parents: {orphans[:5]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _run_on_postgresql(engine: sa.Engine) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        configure(connection)
        context.run_migrations()


def _back_up(driver: Any) -> None:
    """Put a copy beside a database that holds something and is about to change; the last three stay."""
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return
    row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    head = context.script.get_current_head()
    if row is None or row[0] == head or not current_app.config.get("BACK_UP_BEFORE_UPGRADE", True):
        return
    folder = Path(current_app.extensions["concierge.settings"].instance) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    name = folder / f"before-{head}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite3"
    driver.execute("VACUUM INTO ?", (str(name),))
    for old in sorted(folder.glob("before-*.sqlite3"))[:-3]:
        old.unlink()


run()
