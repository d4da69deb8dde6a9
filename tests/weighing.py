"""Forgets what SQLite counted of its tables: the small tables of tests, once weighed, are rightly read whole."""

from concierge.platform.database import db


def unweighed() -> None:
    """Have SQLite guess again how large its tables are. Nothing to do on PostgreSQL."""
    with db.engine.execution_options(writing=True).connect() as connection:
        if connection.dialect.name != "sqlite":
            return
        counted = "SELECT name FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')"
        for name in connection.exec_driver_sql(counted).scalars().all():
            connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.commit()
