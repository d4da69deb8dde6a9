"""What no two rows may have at the same time, defended by the database itself, whoever writes.

PostgreSQL has exclusion constraints for it; a range of one number stands for an equal id, so no extension is needed.
SQLite has none, so triggers look for the other row.
"""

from typing import NamedTuple

import sqlalchemy as sa

from concierge.platform.database import Base

DEFENCES: list[tuple[str, str]] = []
"""Every statement with the database that it is for, in the order in which tables were declared."""
ENDLESS = "'9999-12-31'"
"""Later than any instant as SQLite keeps them."""


class Span(NamedTuple):
    """Two columns of instants: from the first on, and before the second; an end of NULL never comes."""

    start: str
    end: str


def one_at_a_time(table: type[Base], rule: str, *, of: str, spans: tuple[Span, ...], only: str = "") -> None:
    """Refuse a row that shares a moment of every span with another row of the same owner (`IntegrityError`).

    :param rule: the name of the rule, which the error says as ``ex_<table>_<rule>``.
    :param of: the column of the owner's id.
    :param spans: a span of no length is shared with none.
    :param only: a column; rows where it is false are left alone.
    """
    name = table.__tablename__
    error = f"ex_{name}_{rule}"
    for database, statement in (
        ("postgresql", _constraint(name, error, of, spans, only)),
        ("sqlite", _trigger(name, error, of, spans, only, verb="insert")),
        ("sqlite", _trigger(name, error, of, spans, only, verb="update")),
    ):
        DEFENCES.append((database, statement))
        defend = sa.DDL(statement).execute_if(dialect=database)  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        sa.event.listen(table.__table__, "after_create", defend)


def _constraint(name: str, error: str, of: str, spans: tuple[Span, ...], only: str) -> str:
    ranges = [f"int4range({of}, {of}, '[]')", *(f"tstzrange({start}, {end})" for start, end in spans)]
    parts = ", ".join(f"{one} WITH &&" for one in ranges)
    where = f" WHERE ({only})" if only else ""
    return f"ALTER TABLE {name} ADD CONSTRAINT {error} EXCLUDE USING gist ({parts}){where}"


def _trigger(name: str, error: str, of: str, spans: tuple[Span, ...], only: str, *, verb: str) -> str:
    mine, both = [f"NEW.{only}"] if only else [], [f"{of} = NEW.{of}", *([only] if only else [])]
    for start, end in spans:
        my_end, its_end = f"ifnull(NEW.{end}, {ENDLESS})", f"ifnull({end}, {ENDLESS})"
        mine.append(f"NEW.{start} < {my_end}")
        both += [f"{start} < {its_end}", f"{start} < {my_end}", f"{its_end} > NEW.{start}"]
    if verb == "update":
        both.append("id <> NEW.id")
    return (
        f"CREATE TRIGGER {error.replace('ex_', 'tr_', 1)}_{verb} BEFORE {verb.upper()} ON {name} "
        f"WHEN {' AND '.join(mine)} AND EXISTS (SELECT 1 FROM {name} WHERE {' AND '.join(both)}) "
        f"BEGIN SELECT RAISE(ABORT, '{error}'); END"
    )
