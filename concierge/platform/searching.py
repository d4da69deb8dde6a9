"""Finding rows by what a person types: one column of normalised text, compared alike on every database."""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session
from sqlalchemy.orm.util import identity_key

from concierge.core.search import normalised, terms

MOST_TERMS = 12


class Searchable:
    """A row that people search for. Its text is written with the row, and anew when one of its words changes."""

    searched: ClassVar[tuple[str, ...]] = ()
    """What it can be found by: attributes of its own, or ``relation.attribute`` of one it belongs to."""

    search: Mapped[str] = mapped_column(sa.Text, default="", sort_order=91)


def matches(text: str, *tables: type[Searchable]) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions, one a term, that what was typed stands in the text of one of the tables (which are joined).

    No conditions for blank text; one that nothing meets for text that holds no letter and no digit.
    """
    if not text.strip():
        return ()
    wanted = terms(text)[:MOST_TERMS]
    if not wanted:
        return (sa.false(),)
    return tuple(
        sa.or_(*(table.search.contains(term, autoescape=True) for table in tables)) for term in wanted
    )


def renew(row: Searchable) -> None:
    """Write a row's text again because something it is found by changed elsewhere; its version stays."""
    session, table = object_session(row), type(row)
    if session is not None:
        text = _text(session.connection(), row)
        session.execute(sa.update(table).where(table.id == row.id).values(search=text))  # type: ignore[attr-defined]  # every table has one


@event.listens_for(Searchable, "before_insert", propagate=True)
@event.listens_for(Searchable, "before_update", propagate=True)
def _keep_text(mapper: Mapper[Any], connection: Connection, row: Searchable) -> None:  # Any: any table
    state = sa.inspect(row)
    if state.persistent and not _is_touched(state, mapper):
        return
    row.search = _text(connection, row)


def _is_touched(state: Any, mapper: Mapper[Any]) -> bool:  # Any: the state of any row
    """Whether one of the row's own words changed, or which row they are taken from."""
    names = {path for path in state.object.searched if "." not in path}
    for path in state.object.searched:
        if "." in path:
            names.update(_link(mapper, path.partition(".")[0]))
    return any(state.attrs[name].history.has_changes() for name in names)


def _link(mapper: Mapper[Any], relation: str) -> list[str]:
    """The attributes that say which row a relation leads to."""
    columns = mapper.relationships[relation].local_columns
    return [mapper.get_property_by_column(column).key for column in columns]


def _text(connection: Connection, row: Searchable) -> str:
    words = (_word(connection, row, path) for path in row.searched)
    return normalised(" ".join(word for word in words if word))


def _word(connection: Connection, row: Searchable, path: str) -> str | None:
    relation, _, name = path.partition(".")
    if not name:
        return getattr(row, relation)  # type: ignore[no-any-return]  # a column of text
    mapper = sa.inspect(type(row))
    (link,) = _link(mapper, relation)
    other_id, other = getattr(row, link), mapper.relationships[relation].mapper.class_
    session = object_session(row)
    known = session.identity_map.get(identity_key(other, other_id)) if session else None
    if known is not None and name in sa.inspect(known).dict:
        return getattr(known, name)  # type: ignore[no-any-return]  # a column of text
    return connection.scalar(sa.select(getattr(other, name)).where(other.id == other_id))
