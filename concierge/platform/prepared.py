"""Questions that every act asks: put into words once, answered as plain values or as rows of the session.

SQLAlchemy finds a statement's words, its values and the kinds of its columns anew each time, and tells each answer
to a chain of listeners; in a short act that takes several times as long as the database.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import instance_state

from concierge.platform.database import Base, connected, db
from concierge.platform.said import Said
from concierge.platform.statements import any_of

Row = TypeVar("Row", bound=Base)
_Given: TypeAlias = Sequence[Any]  # Any: what the driver gives of one row


class Question:
    """A SELECT of columns that is put into words once for each database.

    What waits to be written is written first, as for every other question.

    :param statement: its parameters are named; each value is given when it is asked.
    :param is_settled: whether nothing that waits to be written can be in the answer, so that it may go on waiting.
    """

    def __init__(self, statement: sa.SelectBase, *, is_settled: bool = False) -> None:
        self._statement, self._is_settled = statement, is_settled
        self._said: WeakKeyDictionary[Dialect, Said] = WeakKeyDictionary()

    def all(self, **values: Any) -> list[tuple[Any, ...]]:  # Any: what parameters and columns hold
        """The answer, one tuple a row."""
        said, rows = self.asked(db.session(), values)
        return list(map(tuple, rows)) if said.is_read else [tuple(said.read(list(row))) for row in rows]

    def first(self, **values: Any) -> tuple[Any, ...] | None:  # Any: what parameters and columns hold
        """The first row of the answer; None when there is none."""
        said, rows = self.asked(db.session(), values)
        return tuple(said.read(list(rows[0]))) if rows else None

    def asked(self, session: Session, values: Mapping[str, Any]) -> tuple[Said, Sequence[_Given]]:
        """The answer as the driver gives it, and how to read it."""
        if not self._is_settled:
            session.flush()
        connection = connected(session)
        said = self._said.get(connection.dialect)
        if said is None:
            said = self._said[connection.dialect] = Said(self._statement, connection.dialect)
        return said, said.asked(connection, values)


class Rows(Generic[Row]):
    """Whole rows of one table as the session would give them: each once, and what it holds already as it is there.

    They know their columns, but for those that are left for later, and nothing that they refer to.

    :param statement: selects them; see `Question`.
    :param anew: whether rows that the session holds are read again; what they refer to is then forgotten.
    """

    def __init__(self, statement: sa.Select[Row], *, anew: bool = False) -> None:
        (described,) = statement.column_descriptions
        mapper: Mapper[Row] = sa.inspect(described["entity"])
        columns = [one for one in mapper.column_attrs if not one.deferred]
        self._question = Question(
            statement.with_only_columns(*(one.class_attribute for one in columns), maintain_column_froms=True)
        )
        self._names = tuple(one.key for one in columns)
        self._others = frozenset(mapper.attrs.keys()) - set(self._names)
        self._id = self._names.index("id")
        self._table, self._new, self._anew = mapper.class_, mapper.class_manager.new_instance, anew
        self._path = mapper._path_registry  # from where what is left for later is read

    def all(self, **values: Any) -> list[Row]:  # Any: what parameters hold
        """The rows in the order of the statement."""
        session = db.session()
        said, rows = self._question.asked(session, values)
        return [self._row(session, said, row) for row in rows]

    def first(self, **values: Any) -> Row | None:  # Any: what parameters hold
        """The first row; None when there is none."""
        session = db.session()
        said, rows = self._question.asked(session, values)
        return self._row(session, said, rows[0]) if rows else None

    def _row(self, session: Session, said: Said, given: _Given) -> Row:
        key = (self._table, (given[self._id],), None)
        row: Row | None = session.identity_map.get(key)
        if row is None:
            row = self._new()
            state = instance_state(row)
            state.key, state.session_id, state.load_path = key, session.hash_key, self._path
            row.__dict__.update(zip(self._names, said.read(list(given)), strict=True))
            session.identity_map.add(state)
            return row
        state = instance_state(row)
        if self._anew or state.expired_attributes:
            known = row.__dict__
            for name in self._others:
                known.pop(name, None)
            state.expired_attributes.clear()
            known.update(zip(self._names, said.read(list(given)), strict=True))
            state._commit_all(known, session.identity_map)
        return row


def rows_by_id(table: type[Row], ids: Collection[int]) -> dict[int, Row]:
    """Rows of a table by number; what the session holds is not read again, what is not there is left out."""
    held = db.session().identity_map
    known = {
        row_id: row
        for row_id in ids
        if (row := held.get((table, (row_id,), None))) is not None
        and not instance_state(row).expired_attributes
    }
    if missing := [row_id for row_id in ids if row_id not in known]:
        known |= {row.id: row for row in _by_id(table).all(ids=missing)}
    return known


def row_of(table: type[Row], row_id: int | None) -> Row | None:
    """One row by number, as `rows_by_id`; None of None."""
    return None if row_id is None else rows_by_id(table, (row_id,)).get(row_id)


@cache
def _by_id(table: type[Row]) -> Rows[Row]:
    return Rows(sa.select(table).where(any_of(table.id, "ids")))
