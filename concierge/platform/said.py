"""Statements in the words of one database, asked of its driver: what SQLAlchemy does anew each time, done once.

Whoever listens to statements hears these too; values go through the kinds of their columns as always.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeAlias, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

_Statement: TypeAlias = sa.SelectBase | sa.Insert | sa.Update
_Given: TypeAlias = Sequence[Any]  # Any: what the driver gives of one row
_Read: TypeAlias = Callable[[Any], Any]  # Any: what the driver gives, and what a column holds


class Writing:
    """An INSERT or UPDATE of values that is put into words once for each database and each choice of columns.

    :param statement: its values are given when it is done; parameters beside them are named as no column is.
    """

    def __init__(self, statement: sa.Insert | sa.Update) -> None:
        self._statement = statement
        self._said: WeakKeyDictionary[Dialect, dict[tuple[str, ...], Said]] = WeakKeyDictionary()

    def done(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Do it, without RETURNING, with rows of the same columns; returns how many rows of the table it concerned."""
        return self._in_words(connection, rows[0]).done(connection, rows)

    def told(self, connection: Connection, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Do it with one row; returns what the statement tells of it, None when it did nothing."""
        said = self._in_words(connection, row)
        told = said.asked(connection, row)
        return tuple(said.read(list(told[0]))) if told else None

    def _in_words(self, connection: Connection, row: Mapping[str, Any]) -> "Said":
        names, known = tuple(row), self._said.setdefault(connection.dialect, {})
        said = known.get(names)
        if said is None:
            said = known[names] = Said(self._statement, connection.dialect, names=names)
        return said


class Said:
    """A statement in the words of one database, and how its values are written and read.

    :param names: of the columns that an INSERT or UPDATE gives values to; an INSERT gives the others the values that
        they have by themselves.
    """

    def __init__(
        self, statement: _Statement, dialect: Dialect, *, names: Sequence[str] | None = None
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=None if names is None else list(names))
        wanted = {name for bind, name in compiled.bind_names.items() if bind.required}
        said = compiled.construct_expanded_state(dict.fromkeys(wanted))
        self._text, self._dialect = said.statement, dialect
        kinds = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
        writers = {name: writer(kind, dialect) for name, kind in kinds.items()}
        writers |= {name: write for name, write in said.processors.items() if name not in kinds}
        self._writers: dict[str, Any] = {name: write for name, write in writers.items() if write is not None}
        self._fixed = {
            name: self._written(name, value) for name, value in said.parameters.items() if name not in wanted
        }
        self._filled = {
            column.key: partial(self._by_itself, column.key, column.default)
            for column in compiled.insert_prefetch
        }
        self._order = (
            [(name, self._writers.get(name)) for name in said.positiontup or ()]
            if compiled.positional
            else None
        )
        self._kinds = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        self._readers: list[tuple[int, _Read]] | None = None

    def asked(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[_Given]:
        """What the driver answers; whoever listens to statements hears this one too, and errors are SQLAlchemy's."""
        cursor = self._told(connection, self._given(values), is_many=False)
        try:
            if self._readers is None:
                self._readers = self._readers_of(cursor.description)
            return cast("Sequence[Any]", cursor.fetchall())
        finally:
            cursor.close()

    def done(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Do it with the values of each row; returns how many rows of the table it concerned."""
        given = [self._given(row) for row in rows]
        is_many = len(rows) > 1
        cursor = self._told(connection, given if is_many else given[0], is_many=is_many)
        concerned = cast("int", cursor.rowcount)
        cursor.close()
        return concerned

    def read(self, row: list[Any]) -> list[Any]:
        """What the columns of a row hold, in place of what the driver gave."""
        for place, read in self._readers or ():
            if (value := row[place]) is not None:
                row[place] = read(value)
        return row

    @property
    def is_read(self) -> bool:
        """Whether a row's columns hold what the driver gives; known when it has been asked once."""
        return not self._readers

    def _given(
        self, values: Mapping[str, Any]
    ) -> Any:  # Any: a tuple or a dictionary, as the driver wants it
        if self._order is None:
            written = self._fixed | {name: self._written(name, value) for name, value in values.items()}
            return written | {name: make() for name, make in self._filled.items() if name not in values}
        given = []
        for name, write in self._order:
            if name in values:
                value = values[name]
                given.append(value if write is None else write(value))
            elif name in self._filled:
                given.append(self._filled[name]())
            else:
                given.append(self._fixed[name])
        return tuple(given)

    def _told(self, connection: Connection, given: Any, *, is_many: bool) -> Any:
        """The driver's cursor after it was told."""
        text = self._text
        cursor = connection.connection.cursor()
        try:
            for listen in connection.dispatch.before_cursor_execute:
                text, given = listen(connection, cursor, text, given, None, is_many)
            if is_many:
                cursor.executemany(text, given)
            else:
                cursor.execute(text, given)
        except BaseException as error:
            cursor.close()
            errors = self._dialect.loaded_dbapi.Error
            if isinstance(error, errors):
                raise sa.exc.DBAPIError.instance(text, given, error, errors, dialect=self._dialect) from error
            raise
        return cursor

    def _by_itself(self, name: str, default: Any) -> Any:  # Any: a column's default, and what it gives
        return self._written(name, default.arg if default.is_scalar else default.arg(None))

    def _written(self, name: str, value: Any) -> Any:
        write = self._writers.get(name)
        return value if write is None else write(value)

    def _readers_of(self, description: Sequence[Any]) -> list[tuple[int, _Read]]:
        readers = [
            reader(kind, self._dialect, told[1]) for kind, told in zip(self._kinds, description, strict=True)
        ]
        return [(place, read) for place, read in enumerate(readers) if read is not None]


def reader(kind: sa.types.TypeEngine[Any], dialect: Dialect, told: object) -> _Read | None:
    """What a column holds, by what the driver gives unless that is NULL; None: the same.

    :param told: the driver's own kind of the column.
    """
    if isinstance(kind, sa.Enum) and kind.enum_class is not None:
        return {member.value: member for member in kind.enum_class}.__getitem__
    if dialect.name == "sqlite":
        if isinstance(kind, sa.JSON):
            return _json
        if isinstance(kind, KeptAsText):
            return kind.read_text
    return kind.result_processor(dialect, told)


def writer(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> _Read | None:
    """What the driver is given for what a column holds; None: the same."""
    usual = kind.bind_processor(dialect)
    if isinstance(kind, sa.Enum) and kind.enum_class is not None:
        members, words = kind.enum_class, {member: member.value for member in kind.enum_class}
        return lambda value: words[value] if type(value) is members else usual and usual(value)
    if dialect.name == "sqlite":
        if isinstance(kind, sa.Date):
            return lambda value: value.isoformat() if type(value) is date else usual and usual(value)
        if isinstance(kind, KeptAsText):
            return kind.write_text
    return usual


class KeptAsText:
    """A kind of column that knows how SQLite keeps it, shorter than by its rules for every database."""

    def read_text(self, text: str) -> Any:  # Any: what such a column holds
        """What a column holds, of what SQLite keeps."""
        raise NotImplementedError

    def write_text(self, value: Any) -> str | None:  # Any: what such a column holds, or nothing
        """What SQLite keeps."""
        raise NotImplementedError


def _json(kept: Any) -> Any:  # Any: text, or a number by itself, which SQLite keeps as one; what was written
    """What JSON says that this program wrote: nothing stands around it."""
    return _DECODER.raw_decode(kept)[0] if type(kept) is str else kept


_DECODER = json.JSONDecoder()
