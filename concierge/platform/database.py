"""The database: one engine, one commit, and the types that columns are made of.

SQLite runs in WAL mode; a transaction that may write waits at a gate (a file lock) and starts with
``BEGIN IMMEDIATE``, one that only reads cannot write at all. PostgreSQL gets ``READ ONLY`` for the latter.
Measured reasons: with a gate eight writers lose nothing and see no "database is locked".
"""

import os
import re
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

import sqlalchemy as sa
from flask import Flask, g, has_app_context, request
from flask_babel import gettext as _
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Mapper,
    ORMExecuteState,
    Session,
    SessionTransaction,
    declared_attr,
    mapped_column,
)
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from concierge.platform.errors import Stale
from concierge.platform.said import KeptAsText, Writing
from concierge.platform.settings import Settings

try:
    import fcntl
except ImportError:  # Windows has no flock; its writers rely on SQLite's own waiting.
    fcntl = None  # type: ignore[assignment]  # see above


Answer = TypeVar("Answer")

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff]")


def clean(text: str, *, lines: bool) -> str:
    """Text as it may enter a table: NFC, no control characters, no lone surrogates.

    :param lines: whether line breaks stay; otherwise any run of white space becomes one space.
    """
    if text.isascii() and text.isprintable():  # nothing below finds anything in it
        return text.strip() if lines else " ".join(text.split())
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\u2028", "\n")
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text.replace("\u2029", "\n")))
    return text.strip() if lines else " ".join(text.split())


class _Text(sa.types.TypeDecorator[str]):
    """Text of people, cleaned when it is assigned and capped at ``length`` characters."""

    impl = sa.String
    cache_ok = True
    lines = False

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def clean(self, value: str) -> str:
        """The value as it will be stored."""
        return clean(value, lines=self.lines)[: self.length]

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.clean(value)


class Line(_Text):
    """One line of text of at most n characters."""

    cache_ok = True


class Prose(_Text):
    """Text of several lines, of at most n characters."""

    cache_ok = True
    lines = True


class UtcInstant(sa.types.TypeDecorator[datetime], KeptAsText):
    """An instant: aware going in, aware UTC coming out, on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs its time zone.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def read_text(self, text: str) -> datetime:
        """An instant of what SQLite keeps."""
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def write_text(self, value: datetime | None) -> str | None:
        """What SQLite keeps of an instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs its time zone.")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def text_enum(enumeration: type[Enum]) -> sa.Enum:
    """An enumeration stored as its values in text, checked by the database."""
    return sa.Enum(
        enumeration,
        native_enum=False,
        length=40,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        name=re.sub(r"(?<!^)(?=[A-Z])", "_", enumeration.__name__).lower(),
    )


class Base(DeclarativeBase):
    """What every table inherits: a number of its own, and the names of constraints."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcInstant,
        dict[str, Any]: sa.JSON,
        list[Any]: sa.JSON,
        dict[str, str]: sa.JSON,
    }

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)

    @classmethod
    def has_rules_for(cls, names: Collection[str]) -> bool:
        """Whether more happens than writing when these attributes of a row have other values."""
        return bool(names and cls.__mapper__.dispatch.before_update)


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True, session_options={"expire_on_commit": False})


class Versioned:
    """A row that two people may edit at once: the second is told, never overwritten."""

    version: Mapped[int] = mapped_column(default=1, sort_order=90)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:  # Any: the mapper's own keywords
        return {"version_id_col": cls.version}


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _clean_at_the_door(cls: type, key: str, attribute: InstrumentedAttribute[Any]) -> None:
    columns = getattr(attribute.property, "columns", ())
    if columns and isinstance(columns[0].type, _Text):
        kind = columns[0].type

        @event.listens_for(attribute, "set", retval=True)
        def set_clean(target: object, value: str | None, old: object, initiator: object) -> str | None:
            return kind.clean(value) if isinstance(value, str) else value


WEIGHED_SECONDS = 3600
"""How often SQLite's figures of its tables are renewed."""
WEIGHED_ROWS = 50_000
"""Rows of an index that are read for it."""


def register(app: Flask, settings: Settings) -> None:
    """Give the application its engine and make every transaction say whether it writes."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings.database)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine, settings)
    app.before_request(_reads_or_writes)


def _engine_options(address: str) -> dict[str, object]:
    if address.startswith("sqlite"):
        return {
            "poolclass": _ReadersAndWriters,
            "connect_args": {"timeout": 30, "isolation_level": None, "cached_statements": 512},
            "pool_recycle": WEIGHED_SECONDS,  # a connection learns of new figures when it is opened
        }
    return {"pool_pre_ping": True, "pool_size": 8}


def weigh_tables(connection: sa.Connection | None = None) -> None:
    """Have SQLite count rows and how often values repeat; without, it guesses that all tables are small.

    Of so many rows in each index: of few it would believe that no value repeats more often than they do.

    Needs a unit of work. PostgreSQL does the same by itself.

    :param connection: one that writes; None: that of the unit of work.
    """
    connection = connection or db.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit={WEIGHED_ROWS}")
        connection.exec_driver_sql("ANALYZE")


class _ReadersAndWriters(QueuePool):
    """Gives a transaction a connection that did the same before: reading, or writing.

    SQLite compiles every statement of a connection anew when it may write and could not before, or the other way.
    """

    def _do_get(self) -> ConnectionPoolEntry:
        wanted = bool(has_app_context() and g.get("writing"))
        passed = []
        found = super()._do_get()
        # takes only what is idle or may be opened at once, so it never waits while it holds one
        while found.info.get("is writing", wanted) is not wanted and (
            self.checkedin() or self.overflow() < 0
        ):
            passed.append(found)
            found = super()._do_get()
        for other in passed:
            self._do_return_conn(other)
        return found


def prepare(engine: Engine, settings: Settings) -> None:
    """Attach the rules of transactions to an engine."""
    if engine.dialect.name == "sqlite":
        gate = Path(str(engine.url.database) + ".gate")
        event.listen(engine, "do_connect", _sqlite_open(Path(str(engine.url.database))))
        event.listen(engine, "connect", _sqlite_connect(settings.synchronous))
        event.listen(engine, "begin", _sqlite_begin(gate))
        event.listen(engine.pool, "checkin", _leave_gate)
    else:
        event.listen(engine, "begin", _postgres_begin)


def _reads_or_writes() -> None:
    g.writing = request.method not in {"GET", "HEAD", "OPTIONS"}


def _is_writing(connection: Connection) -> bool:
    asked = connection.get_execution_options().get("writing")
    if asked is not None:
        return bool(asked)
    return bool(has_app_context() and g.get("writing"))


def _sqlite_open(file: Path) -> Callable[[Any, Any, list[str], dict[str, object]], None]:
    """Make a database where there was none, and never one that is only away.

    Beside an empty file SQLite deletes the journal of the one that was there, and with it what was saved last.
    """
    journal = file.with_name(f"{file.name}-wal")
    was_there = False

    def open_(
        _: Any, __: Any, arguments: list[str], named: dict[str, object]
    ) -> None:  # Any: SQLAlchemy's own
        nonlocal was_there
        was_there = was_there or file.exists() or journal.exists()
        arguments[0] = f"{file.absolute().as_uri()}?mode={'rw' if was_there else 'rwc'}"
        named["uri"] = was_there = True

    return open_


def _sqlite_connect(synchronous: str) -> Callable[[Any, Any], None]:
    def connect(connection: Any, _: Any) -> None:  # Any: the driver's own connection
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "cache_size=-8192",  # KiB; the indexes that lists are read along stay at hand in large companies
        ):
            connection.execute(f"PRAGMA {pragma}")

    return connect


def _sqlite_begin(gate: Path) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        is_writing = _is_writing(connection)
        if is_writing:
            _pass_gate(connection, gate)
        if connection.info.get("is writing") is not is_writing:
            # said only where it is news: SQLite then compiles every statement of the connection anew
            connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if is_writing else 'ON'}")
            connection.info["is writing"] = is_writing
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return begin


def _pass_gate(connection: Connection, gate: Path) -> None:
    if fcntl is None:
        return
    handle = os.open(gate, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    connection.info["gate"] = handle


def _leave_gate(_: Any, record: Any) -> None:  # Any: the pool's own record
    handle = record.info.pop("gate", None) if record is not None else None
    if handle is not None:
        os.close(handle)  # closing frees the lock; so does the kernel when the process is killed


def _postgres_begin(connection: Connection) -> None:
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.read_only = not _is_writing(connection)


@contextmanager
def unit_of_work() -> Iterator[None]:
    """One act: everything in it is saved together, or nothing is. Stands in a page, a job or a command.

    :raises Stale: when somebody else changed one of the rows in the meantime.
    """
    if g.get("in_unit_of_work"):
        raise RuntimeError("A unit of work stands in a page, a job or a command, never deeper.")
    if db.session().in_transaction() and not g.get("writing"):
        db.session.rollback()
    g.writing = g.in_unit_of_work = True
    try:
        yield
        db.session.commit()
    except StaleDataError as error:
        db.session.rollback()
        raise Stale(
            _(
                "Somebody else changed this in the meantime. Load the page again, look at what is new, then repeat."
            )
        ) from error
    except BaseException:
        db.session.rollback()
        raise
    finally:
        g.writing = g.in_unit_of_work = False


class AlwaysAsked:
    """One SELECT that is asked all the time, over connections of its own that stay open, past session and pool.

    A connection is taken by whoever asks and given back at once; outside of it no transaction is open. When one
    fails, all are let go, and the next to ask opens another: so a database that was away is found again.
    Measured on SQLite: 0.013 ms of processor time for a row, against 0.05 ms over the pool and 0.3 ms through the
    session; with eight threads the pool opens and closes connections all the time.

    :param statement: its one parameter is plain text.
    """

    MOST = 8
    """Connections of one process: PostgreSQL has few."""
    _PATIENCE_S, _STEP_S = 5.0, 0.0005

    def __init__(
        self,
        engine: Engine,
        statement: sa.Select[*tuple[Any, ...]],  # Any: rows of any kind
    ) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        [self._name] = compiled.params
        self._engine = engine
        self._text = str(compiled)
        self._is_positional = bool(compiled.positional)
        kinds = [column.type.dialect_impl(engine.dialect) for column in statement.selected_columns]
        self._readers = [kind.result_processor(engine.dialect, None) for kind in kinds]
        self._idle: deque[PoolProxiedConnection] = deque()
        self._open = 0
        self._lock = threading.Lock()
        self._parents: list[deque[PoolProxiedConnection]] = []
        _ALWAYS_ASKED.add(self)
        event.listen(engine, "engine_disposed", lambda _: self.let_go())

    def row(self, value: str) -> tuple[Any, ...] | None:  # Any: values of columns
        """The one row there is for a value, or None.

        :raises Exception: whatever the driver says when the database cannot be asked.
        """
        idle = self._idle
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._another(idle)
        try:
            cursor = connection.cursor()
            cursor.execute(self._text, (value,) if self._is_positional else {self._name: value})
            found = cursor.fetchall()
            cursor.close()
        except BaseException:
            self._end(connection)
            self.let_go()
            raise
        idle.append(connection)
        if idle is not self._idle:  # they were let go in the meantime
            self._close(idle)
        if not found:
            return None
        (row,) = found
        return tuple(
            [value if read is None else read(value) for read, value in zip(self._readers, row, strict=True)]
        )

    def let_go(self) -> None:
        """Close what is open, or will be when it has answered."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        self._close(idle)

    def leave_to_parent(self) -> None:
        """After a fork: what is open belongs to the process that forked, and is neither used nor closed here."""
        self._parents.append(self._idle)
        self._idle, self._open, self._lock = deque(), 0, threading.Lock()

    def _another(self, idle: "deque[PoolProxiedConnection]") -> PoolProxiedConnection:
        give_up_at = time.monotonic() + self._PATIENCE_S
        while True:
            with self._lock:
                if self._open < self.MOST:
                    self._open += 1
                    break
            if time.monotonic() > give_up_at:
                raise TimeoutError("no connection came back in time")
            time.sleep(self._STEP_S)
            with suppress(IndexError):
                return idle.pop()
        try:
            return self._opened()
        except BaseException:
            with self._lock:
                self._open -= 1
            raise

    def _opened(self) -> PoolProxiedConnection:
        connection, dialect = self._engine.raw_connection(), self._engine.dialect
        connection.detach()
        driver = connection.dbapi_connection
        assert driver is not None  # noqa: S101 # it has just been opened
        dialect.set_isolation_level(driver, "AUTOCOMMIT")
        if dialect.name == "sqlite":
            connection.cursor().execute("PRAGMA query_only=ON")
        return connection

    def _close(self, idle: "deque[PoolProxiedConnection]") -> None:
        with suppress(IndexError):
            while True:
                self._end(idle.pop())

    def _end(self, connection: PoolProxiedConnection) -> None:
        with self._lock:
            self._open -= 1
        with suppress(Exception):  # it may be broken already
            connection.close()


_ALWAYS_ASKED: "WeakSet[AlwaysAsked]" = WeakSet()


def _leave_to_parent() -> None:
    for one in list(_ALWAYS_ASKED):
        one.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


@contextmanager
def dry_run() -> Iterator[None]:
    """Acts are done in it to see what they would do, then everything is taken back. Stands where a page begins.

    The request keeps what it has loaded: the acts have a session of their own.
    :raises RuntimeError: inside a unit of work, for whose end it would wait for ever on SQLite.
    """
    if g.get("in_unit_of_work"):
        raise RuntimeError("A unit of work is open: look first, then do.")
    kept, was_writing = db.session(), g.get("writing")
    if kept.new or kept.deleted:
        raise RuntimeError("Something waits to be saved: look first, then change it.")
    kept.commit()  # nothing was written; only the transaction ends, and what it has read stays readable
    db.session.registry.set(db.session.session_factory())
    # Only the acts' own connection writes: a row of the request that has to be read again must not wait for it.
    g.writing = g.in_unit_of_work = g.looking = True
    try:
        db.session.connection(execution_options={"writing": True})
        g.writing = False
        yield
    finally:
        db.session.rollback()
        db.session.close()
        db.session.registry.set(kept)
        g.writing, g.in_unit_of_work, g.looking = was_writing, False, False


def insert(table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what happens on a conflict, in the words of the database in use."""
    return postgresql.insert(table) if db.engine.dialect.name == "postgresql" else sqlite.insert(table)


def remembered(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """What was asked before in a request that only reads; anywhere else it is asked again."""
    if not has_app_context() or g.get("writing", True):
        return ask()
    kept: dict[Hashable, Any] = g.setdefault("remembered", {})  # Any: whatever was answered
    if key not in kept:
        kept[key] = ask()
    return kept[key]  # type: ignore[no-any-return]  # what `ask` gave


def connected(session: Session) -> Connection:
    """The connection of a session's transaction: which it is does not change while that lasts."""
    innermost = session.get_nested_transaction() or session.get_transaction()
    kept: tuple[SessionTransaction, Connection] | None = session.info.get("connected")
    if kept is not None and kept[0] is innermost and innermost.is_active:
        return kept[1]
    connection = session.connection()
    session.info["connected"] = session.get_nested_transaction() or session.get_transaction(), connection
    return connection


# ------------------------------------------------------------ what a transaction has in hand


def in_hand(
    key: Hashable, ask: Callable[[], Answer], *, of: Iterable[type[Base]], are_rows: bool = False
) -> Answer:
    """What was asked before in this unit of work, until rows of these tables are written in it.

    Anywhere else it is asked again, to see what others have written meanwhile.

    :param are_rows: the answer is rows, which tell their new values themselves: it is asked again only once rows
        are added or removed, refer to others, or a statement has changed them.
    """
    if not has_app_context() or not g.get("in_unit_of_work"):
        return ask()
    session = db.session()
    tables = frozenset(table.__tablename__ for table in of)
    kept: dict[Hashable, _InHand] = session.info.setdefault("in hand", {})
    if key in kept:
        values, references = _touched(session)
        if tables & (references if are_rows else values):
            session.flush()
    if key not in kept:
        kept[key] = _InHand(tables, are_rows, ask())
    return kept[key].answer  # type: ignore[no-any-return]  # what `ask` gave


def let_go(session: Session, tables: Iterable[str] | None = None, *, references: Iterable[str] = ()) -> None:
    """Ask again what was asked of these tables; without any, everything.

    :param references: tables whose rows are others, or refer to others.
    """
    kept: dict[Hashable, _InHand] | None = session.info.get("in hand")
    if not kept:
        return
    values, related = None if tables is None else frozenset(tables), frozenset(references)
    for key, one in list(kept.items()):
        if values is None or one.tables & (related if one.are_rows else values | related):
            del kept[key]


def read_again_with(row: Base, *options: Any) -> None:  # Any: loader options
    """Say what is read along with a row that is put away and read again, where several questions have read it.

    A row that one question read with its relations knows that by itself.

    :param options: as for a question that asks for the row itself, however it was met first.
    """
    state = instance_state(row)
    state.load_options = options
    state.load_path = (
        state.mapper._path_registry
    )  # a row that was made here has none; SQLAlchemy tells it nowhere


@dataclass(frozen=True, slots=True)
class _InHand:
    tables: frozenset[str]
    are_rows: bool
    answer: Any  # Any: whatever was asked


def _touched(session: Session) -> tuple[set[str], set[str]]:
    """The tables with rows that wait to be written; those where rows are added, removed or refer to others."""
    references = {getattr(row, "__tablename__", "") for row in (*session.new, *session.deleted)}
    values = set(references)
    for row in session.dirty:
        name = getattr(row, "__tablename__", "")
        values.add(name)
        if name not in references and any(
            _is_other(instance_state(row), one) for one in _referring(sa.inspect(type(row)))
        ):
            references.add(name)
    return values, references


def _is_other(state: Any, name: str) -> bool:  # Any: the state of any row
    """Whether an attribute was given another value than it has in the database."""
    before = state.committed_state
    if name not in before:
        return False
    return state.manager[name].impl.is_equal(state.dict.get(name), before[name]) is not True


@cache
def _referring(mapper: Mapper[Any]) -> frozenset[str]:  # Any: any table
    """The attributes by which rows of a table refer to others; who did something is only noted."""
    columns = {
        prop.key
        for prop in mapper.column_attrs
        if any(column.foreign_keys for column in prop.columns) and not prop.key.endswith("_by_id")
    }
    return frozenset(columns | set(mapper.relationships.keys()))


@event.listens_for(Session, "after_flush")
def _let_go_of_written(session: Session, _context: Any) -> None:  # Any: SQLAlchemy's own
    if session.info.get("in hand"):
        values, references = _touched(session)
        let_go(session, values, references=references)


@event.listens_for(Session, "do_orm_execute")
def _let_go_of_stated(state: ORMExecuteState) -> None:
    if not state.is_select and state.session.info.get("in hand"):
        name = getattr(getattr(state.statement, "table", None), "name", "")
        let_go(state.session, [name] if name else None, references=[name])


@event.listens_for(Session, "after_transaction_end")
def _let_go_of_all(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None or transaction.nested:  # not that of a flush
        let_go(session)


# ------------------------------------------------------------ writing many rows of one table


@event.listens_for(Session, "before_flush")
def _number_together(session: Session, _context: Any, instances: Any) -> None:  # Any: SQLAlchemy's own
    """Give new rows of one table their numbers before they are written on SQLite, so that one statement does it.

    It would give them these numbers itself, but tell them row by row; nobody else writes in the meantime.
    """
    if instances or len(session.new) < 2:
        return
    new: dict[Mapper[Any], list[Any]] = {}  # Any: rows of any table
    for row in session.new:
        new.setdefault(instance_state(row).mapper, []).append(row)
    for mapper, rows in new.items():
        if len(rows) > 1 and all("id" not in instance_state(row).dict for row in rows):
            connection = session.connection()
            if connection.dialect.name != "sqlite":
                return
            highest = connection.execute(_highest(mapper)).scalar() or 0
            for number, row in enumerate(
                sorted(rows, key=lambda row: instance_state(row).insert_order or 0), 1
            ):
                row.id = highest + number


@cache
def _highest(mapper: Mapper[Any]) -> sa.Select[Any]:  # Any: any table
    return sa.select(sa.func.max(mapper.columns["id"]))


@event.listens_for(Session, "before_flush")
def _write_together(session: Session, _context: Any, instances: Any) -> None:  # Any: SQLAlchemy's own
    """Write rows that only have other values by one statement a table, where SQLAlchemy takes one a row.

    That also spares it sorting out what depends on what, which takes it longer than the writing. Versions are
    compared and raised as it does. A row is left to it whose table gains or loses rows at the same time or has
    rules of its own for what changed, that refers to another one now, has a value that the database computes, or
    whose number has not been read again after a transaction.
    """
    if instances:
        return
    left = {type(row) for row in (*session.new, *session.deleted)}
    is_alone = not left
    changed: dict[Mapper[Any], list[tuple[Any, dict[str, Any]]]] = {}  # Any: states and values of any table
    for row in session.dirty:
        if type(row) not in left and isinstance(row, Base):
            state = instance_state(row)
            values = _other_values(state, is_alone=is_alone)
            if values is not None and not values:
                state._commit_all(state.dict, session.identity_map)  # set to what it was
            elif values and not row.has_rules_for(values.keys()):
                changed.setdefault(state.mapper, []).append((state, values))
    for mapper, of_table in changed.items():
        names = set().union(*(values for _, values in of_table))
        known = {"id", "version"} if mapper.version_id_col is not None else {"id"}
        whole = [state for state, _ in of_table if names | known <= state.dict.keys()]
        if whole:
            _update(session, mapper, sorted(names), sorted(whole, key=lambda state: state.dict["id"]))


def _other_values(
    state: Any, *, is_alone: bool
) -> dict[str, Any] | None:  # Any: a state, the values of a row
    """What is to be written of a row; None when more changed than plain values of its columns.

    :param is_alone: no rows are added or removed, so that whatever a row refers to is there.
    """
    columns, referring = state.mapper.columns, _referring(state.mapper)
    values = {}
    for name in state.committed_state:
        if name not in columns:
            return None
        if _is_other(state, name):
            value = state.dict.get(name)
            if name in {"id", "version"} or (name in referring and not is_alone):
                return None
            if isinstance(value, sa.ClauseElement) or hasattr(value, "__clause_element__"):
                return None
            values[name] = value
    return values


def _update(session: Session, mapper: Mapper[Any], names: list[str], states: list[Any]) -> None:
    is_versioned = mapper.version_id_col is not None
    keys = {name: mapper.columns[name].key for name in names}
    rows = []
    for state in states:
        values = state.dict
        row = {keys[name]: values[name] for name in names} | {"known_id": values["id"]}
        if is_versioned:
            row |= {"known_version": values["version"], "version": values["version"] + 1}
        rows.append(row)
    is_referring = not _referring(mapper).isdisjoint(names)
    _written(session, mapper, rows, is_referring=is_referring)
    for state in states:
        if is_versioned:
            state.dict["version"] += 1
        state._commit_all(state.dict, session.identity_map)


def _written(
    session: Session, mapper: Mapper[Any], rows: list[dict[str, Any]], *, is_referring: bool
) -> None:
    table = str(mapper.local_table.name)  # type: ignore[attr-defined]  # every model maps one table
    let_go(session, [table], references=[table] if is_referring else ())
    matched = _updating(mapper).done(connected(session), rows)
    if matched != len(rows):
        raise StaleDataError(
            f"UPDATE statement on table '{table}' expected to update {len(rows)} row(s); {matched} were matched."
        )


def update_rows(
    table: type[Versioned], rows: Sequence[tuple[int, int, dict[str, Any]]]
) -> None:  # Any: values of columns
    """Give rows other plain values by one statement, past the session, which need not have read them.

    What the session holds of them has the values afterwards; an act that is watched is told.

    :param rows: of each its number, the version it was read with and the values, of the same columns.
    :raises StaleDataError: when somebody has changed one of them since.
    """
    if not rows:
        return
    session, mapper = db.session(), sa.inspect(table)
    session.flush()
    if tell := session.info.get("rows changing"):
        tell(mapper.local_table.name, [row_id for row_id, _, _ in rows])
    _written(
        session,
        mapper,
        [
            {**values, "known_id": row_id, "known_version": version, "version": version + 1}
            for row_id, version, values in rows
        ],
        is_referring=False,
    )
    for row_id, version, values in rows:
        held = session.identity_map.get((table, (row_id,), None))
        if held is not None and not (state := instance_state(held)).expired_attributes:
            state.dict.update(values, version=version + 1)
            state._commit_all(state.dict, session.identity_map)


@cache
def _updating(mapper: Mapper[Any]) -> Writing:  # Any: any table
    table = mapper.local_table
    assert isinstance(table, sa.Table)  # noqa: S101 # every model maps one table
    statement = sa.update(table).where(table.c.id == sa.bindparam("known_id"))
    if mapper.version_id_col is not None:
        statement = statement.where(table.c.version == sa.bindparam("known_version"))
    return Writing(statement)


def insert_rows(table: type[Base], rows: Sequence[dict[str, Any]]) -> list[int]:  # Any: values of columns
    """Write new rows by one statement, past the session; returns their numbers in the same order.

    For rows without rules of their own, of which there are many; they can be read afterwards.
    """
    if not rows:
        return []
    session, mapper = db.session(), sa.inspect(table)
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        highest = connection.execute(_highest(mapper)).scalar() or 0
        ids = [highest + number for number in range(1, len(rows) + 1)]
        numbered = [{**row, "id": row_id} for row, row_id in zip(rows, ids, strict=True)]
        _inserting(mapper).done(connection, numbered)
    else:
        ids = list(connection.execute(_returning(mapper), rows).scalars())
    let_go(session, [table.__tablename__], references=[table.__tablename__])
    if tell := session.info.get("rows inserted"):
        tell(table.__tablename__, ids)
    return ids


@cache
def _inserting(mapper: Mapper[Any]) -> Writing:  # Any: any table
    return Writing(_insert(mapper))


@cache
def _returning(mapper: Mapper[Any]) -> Any:  # Any: an INSERT that tells numbers
    return _insert(mapper).returning(mapper.local_table.c.id, sort_by_parameter_order=True)


def _insert(mapper: Mapper[Any]) -> sa.Insert:  # Any: any table
    assert isinstance(mapper.local_table, sa.Table)  # noqa: S101 # every model maps one table
    return sa.insert(mapper.local_table)


@contextmanager
def write_aside() -> Iterator[Session]:
    """A short write transaction of its own, beside the request's: for what a GET has to note.

    :raises RuntimeError: inside a unit of work, for whose end it would wait for ever on SQLite.
    """
    if g.get("in_unit_of_work"):
        raise RuntimeError("A unit of work is open: write there instead of beside it.")
    with (
        Session(db.engine.execution_options(writing=True), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session
