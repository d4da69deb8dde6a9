"""Taking an act back: the rows it changed are kept beside it for a month and put back as they were.

An act is one thing that a person did, whatever followed from it. While it is done, every flush and every
statement on a tracked table is watched; at its end the differences are stored. They are put back only while
nobody has changed them since; what is computed (forecasts, health) is computed anew where the world went on.
Which tables are tracked stands in ``concierge/tables.py``; the application hands it in at its start.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import Flask, current_app, flash
from flask_babel import gettext as _
from sqlalchemy import event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, defer, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from concierge.platform import searching
from concierge.platform.database import Base, Line, db, let_go
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent

KEPT = timedelta(days=30)
"""How long an act can be taken back."""

Values: TypeAlias = dict[str, Any]  # Any: what columns hold
Key: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A table whose rows an act may change and undo may put back.

    ``computed`` columns follow from others: a difference there does not keep an act from being taken back.
    ``counters`` only rise, so they are never put back but raised once more.
    """

    model: type[Base]
    computed: frozenset[str] = frozenset()
    counters: frozenset[str] = frozenset()

    @property
    def table(self) -> sa.Table:
        """The table itself."""
        table = self.model.__table__
        assert isinstance(table, sa.Table)  # noqa: S101 # every model maps one table
        return table


@dataclass(frozen=True, slots=True)
class Difference:
    """One row before and after; an empty one before was made by the act, an empty one after was removed."""

    table: str
    id: int
    before: Values | None
    after: Values | None

    @property
    def changed(self) -> frozenset[str]:
        """Names of the columns whose values differ."""
        before, after = self.before or {}, self.after or {}
        return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


class Undo(Base):
    """What an act did to the rows of one project, or of none."""

    __tablename__ = "undos"

    act: Mapped[str] = mapped_column(sa.String(32), index=True)
    """The same for all rows of one act."""
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None]
    project_id: Mapped[int | None] = mapped_column(index=True)
    first_event_id: Mapped[int] = mapped_column(index=True)
    """The event that tells what was done; what followed by itself lies between this and the last."""
    last_event_id: Mapped[int]
    needs: Mapped[str] = mapped_column(Line(60), default="")
    """The permission that taking it back takes."""
    differences: Mapped[list[Any]] = mapped_column(sa.JSON)
    undone_at: Mapped[datetime | None]


class ChangedSince(Refused):
    """Something of it has been changed since; nothing was put back."""

    def __init__(self, found: Sequence[Difference], undo: Undo) -> None:
        super().__init__("This has been changed since, so it cannot be taken back any more.")
        self.found = tuple(found)
        self.undo = undo


class Act:
    """An act while it is done, and afterwards how to take it back."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.before: dict[Key, Values | None] = {}
        self.events: list[RecordedEvent] = []
        self.differences: tuple[Difference, ...] = ()
        self.key = ""
        """Names the act for ever; empty when it changed nothing."""
        self.is_again = False
        """Whether it did again what had been taken back."""
        self.letters = 0
        """How many letters went out since what it takes back was done."""
        self.letters = 0
        """How many letters went out since what it takes back was done."""

    def of(self, table: str) -> dict[int, Difference]:
        """What became of the rows of one table, by their ids."""
        return {one.id: one for one in self.differences if one.table == table}


@dataclass(slots=True)
class Restored:
    """What was put back, by project: ids by table, and whether the world went on in the meantime."""

    act: str
    first_event_id: int
    differences: dict[int | None, list[Difference]] = field(default_factory=lambda: defaultdict(list))
    needs: str = ""
    is_behind: bool = False


def register(app: Flask, tracked: Iterable[Tracked], *, going_along: Iterable[type[Base]] = ()) -> None:
    """Hand the tracked tables to the application and watch the sessions.

    :param going_along: tables whose rows may go with a tracked row that an act had made: what is noted of it.
    """
    app.extensions["concierge.tracked"] = {one.table.name: one for one in tracked}
    app.extensions["concierge.going_along"] = frozenset(model.__tablename__ for model in going_along)


@contextmanager
def undoable(
    *,
    actor_id: int | None,
    at: datetime,
    needs: str = "",
    together: str = "",
    keep: bool = True,
) -> Iterator[Act]:
    """Watch what an act does to the tracked tables, so that it can be taken back. Stands inside a unit of work.

    :param needs: the permission that taking it back takes, beside seeing the project.
    :param together: the key of an act that is done in several units of work; they are taken back as one.
    :param keep: whether it is stored; otherwise only the differences are told.
    :raises RuntimeError: inside another one.
    """
    session = db.session()
    if "act" in session.info:
        raise RuntimeError("An act is open already; one act is taken back as a whole.")
    session.flush()
    act = session.info["act"] = Act(at)
    session.info["recorded"], session.info["rows inserted"] = act.events, partial(_see_inserted, act)
    session.info["rows changing"] = partial(_see_changing, session, act)
    try:
        yield act
        session.flush()
        act.differences = _differences(session, act.before)
    finally:
        for name in ("act", "recorded", "rows inserted", "rows changing"):
            del session.info[name]
    if keep and act.differences and act.events:  # without an event, nothing would tell of it
        act.key = together or secrets.token_hex(8)
        _keep(session, act, actor_id=actor_id, at=at, needs=needs)


def find(act: str) -> Sequence[Undo]:
    """The parts of an act, in order; none when it is unknown, forgotten or taken back."""
    return db.session.scalars(
        sa.select(Undo).where(Undo.act == act, Undo.undone_at.is_(None)).order_by(Undo.id)
    ).all()


def rows_of(act: str, table: str) -> Sequence[int]:
    """The rows of a table that an act changed, also when it was taken back since; none when it is forgotten."""
    parts = db.session.scalars(sa.select(Undo).where(Undo.act == act).order_by(Undo.id))
    found = {one.id for part in parts for one in map(_read, part.differences) if one.table == table}
    return sorted(found)


def of_events(event_ids: Iterable[int], *, since: datetime) -> Mapping[int, Undo]:
    """The acts that can be taken back, by the event that tells of each."""
    rows = db.session.scalars(
        sa.select(Undo)
        .where(Undo.first_event_id.in_(list(event_ids)), Undo.undone_at.is_(None), Undo.at >= since)
        .options(defer(Undo.differences))
    )
    return {row.first_event_id: row for row in rows}


def restore(act: str, *, at: datetime) -> Restored:
    """Put back what an act changed. The projects have to be locked.

    :raises Refused: when it is unknown, taken back already, or older than a month.
    :raises ChangedSince: when something of it has been changed since; nothing is put back.
    """
    parts = db.session.scalars(
        sa.select(Undo)
        .where(Undo.act == act)
        .order_by(Undo.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not parts or parts[0].at < at - KEPT:
        raise Refused(_("This can no longer be taken back; acts are kept for a month."))
    if any(part.undone_at for part in parts):
        raise Refused(_("This was taken back already."))
    session = db.session()
    session.flush()
    restored = Restored(act, parts[0].first_event_id, needs=parts[0].needs)
    found: list[Difference] = []
    for part in parts:
        differences = [_read(one) for one in part.differences]
        found += differences
        restored.differences[part.project_id] += differences
        restored.is_behind |= _check(session, part, differences) or _went_on(session, part)
        part.undone_at = at
    session.flush()
    _see_again(session, found)
    _put_back(session, found)
    session.expire_all()
    let_go(session)
    _find_again(session, found)
    return restored


def row_of(table: str, row_id: int) -> Values | None:
    """A row of a tracked table as it is now, None when it is gone."""
    return _rows(db.session(), tracked()[table].table, [row_id]).get(row_id)


def tell(act: Act, text: str) -> None:
    """Say on the next page that an act is done, with a button that takes it back."""
    flash({"text": text, "undo": f"/undo/{act.key}"} if act.key else text)  # type: ignore[arg-type]  # any JSON value will do


def forget(*, before: datetime) -> None:
    """Remove acts that can no longer be taken back."""
    db.session.execute(sa.delete(Undo).where(Undo.at < before))


def tracked() -> Mapping[str, Tracked]:
    """The tracked tables by name."""
    found: Mapping[str, Tracked] = current_app.extensions["concierge.tracked"]
    return found


@event.listens_for(Session, "before_flush", insert=True)  # before the rows are written
def _see_rows(session: Session, _context: Any, _instances: Any) -> None:  # Any: SQLAlchemy's own
    act: Act | None = session.info.get("act")
    if act is None:
        return
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    gone = [*session.deleted, *_orphans(session)]
    for row in (*session.dirty, *gone):
        if isinstance(row, Base) and row.__tablename__ in tracked():
            wanted[row.__tablename__].update(sa.inspect(row).identity or ())
    for name, ids in wanted.items():
        table = tracked()[name].table
        _see(session, act, table, [table.c.id.in_(sorted(ids))], ids)
    removed: defaultdict[str, set[int]] = defaultdict(set)
    for row in gone:
        if isinstance(row, Base) and row.__tablename__ in tracked():
            removed[row.__tablename__].update(sa.inspect(row).identity or ())
    for table, column, ids in _hanging_on(removed):  # the database removes or empties these by itself
        _see(session, act, table, [column.in_(sorted(ids))], ())


def _orphans(session: Session) -> Iterator[object]:
    """Rows that the flush removes because nothing holds them any more."""
    for row in session.dirty:
        state = sa.inspect(row)
        for relation in state.mapper.relationships:
            if relation.cascade.delete_orphan and relation.key in state.dict:
                yield from state.attrs[relation.key].history.deleted


@event.listens_for(Session, "after_flush")
def _see_new_rows(session: Session, _context: Any) -> None:  # Any: SQLAlchemy's own
    act: Act | None = session.info.get("act")
    if act is None:
        return
    for row in session.new:
        if isinstance(row, Base) and row.__tablename__ in tracked():
            act.before.setdefault((row.__tablename__, row.id), None)


def _see_inserted(act: Act, table: str, ids: Iterable[int]) -> None:
    if table in tracked():
        for row_id in ids:
            act.before.setdefault((table, row_id), None)


def _see_changing(session: Session, act: Act, name: str, ids: Sequence[int]) -> None:
    if name in tracked():
        table = tracked()[name].table
        _see(session, act, table, [table.c.id.in_(ids)], ids)


@event.listens_for(Session, "do_orm_execute")
def _see_statement(state: ORMExecuteState) -> None:
    """Watch statements that change many rows at once: what they hit is read first."""
    act: Act | None = state.session.info.get("act")
    if act is None or state.is_select:
        return
    statement = state.statement
    table = getattr(statement, "table", None)
    name = getattr(table, "name", "")
    if name not in tracked():
        return
    if not isinstance(statement, sa.Update | sa.Delete):
        raise RuntimeError(f"Add rows of “{name}” to the session one by one; undo cannot see this INSERT.")
    state.session.flush()
    where = list(statement._where_criteria)
    _see(state.session, act, tracked()[name].table, where, ())
    if isinstance(statement, sa.Delete):
        hit = sa.select(tracked()[name].table.c.id).where(*where)
        _see_below(state.session, act, {name: set(state.session.connection().scalars(hit))})


def _see_below(session: Session, act: Act, removed: Mapping[str, set[int]]) -> None:
    """Note the rows that the database removes or empties with others, however deep."""
    while removed:
        below: defaultdict[str, set[int]] = defaultdict(set)
        for table, column, ids in _hanging_on(removed):
            where = column.in_(sorted(ids))
            _see(session, act, table, [where], ())
            below[table.name].update(session.connection().scalars(sa.select(table.c.id).where(where)))
        removed = {name: ids for name, ids in below.items() if ids and ids != removed.get(name)}


def _see(
    session: Session, act: Act, table: sa.Table, where: Sequence[ColumnElement[bool]], ids: Iterable[int]
) -> None:
    if ids and all((table.name, row_id) in act.before for row_id in ids):
        return
    for row in session.connection().execute(sa.select(table).where(*where)).mappings():
        act.before.setdefault((table.name, row["id"]), dict(row))


def _differences(session: Session, before: Mapping[Key, Values | None]) -> tuple[Difference, ...]:
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for name, row_id in before:
        ids[name].append(row_id)
    found = []
    for name, wanted in sorted(ids.items()):
        now = _rows(session, tracked()[name].table, wanted)
        for row_id in sorted(wanted):
            was, is_now = before[name, row_id], now.get(row_id)
            if was is None and is_now is None:
                continue
            difference = Difference(name, row_id, was, is_now)
            if was is not None and is_now is not None:
                names = difference.changed - {"version"}
                if not names:
                    continue
                difference = Difference(name, row_id, _only(was, names), _only(is_now, names))
            found.append(difference)
    return tuple(found)


def _rows(session: Session, table: sa.Table, ids: Sequence[int]) -> dict[int, Values]:
    found: dict[int, Values] = {}
    for first in range(0, len(ids), 500):
        chunk = sa.select(table).where(table.c.id.in_(ids[first : first + 500]))
        found |= {row["id"]: dict(row) for row in session.connection().execute(chunk).mappings()}
    return found


def _only(values: Values, names: Iterable[str]) -> Values:
    return {name: values[name] for name in sorted(names)}


def _keep(session: Session, act: Act, *, actor_id: int | None, at: datetime, needs: str) -> None:
    """Store the differences, one row a project, beside the events that the act recorded."""
    events = sorted(act.events, key=lambda row: row.id)
    by_project: defaultdict[int | None, list[Difference]] = defaultdict(list)
    owners = _projects_of(session, act.differences)
    for one in act.differences:
        by_project[owners[one.table, one.id]].append(one)
    for project_id, differences in by_project.items():
        own = [row.id for row in events if row.project_id == project_id] or [row.id for row in events]
        # The first event is what the person did; the others followed from it.
        session.add(
            Undo(
                act=act.key,
                at=at,
                actor_id=actor_id,
                project_id=project_id,
                first_event_id=own[0],
                last_event_id=events[-1].id,
                needs=needs,
                differences=[_written(one) for one in differences],
            )
        )
    session.flush()


def _projects_of(session: Session, differences: Iterable[Difference]) -> dict[Key, int | None]:
    """Whose each row is: its own project, or that of the row it belongs to."""
    metadata = Base.metadata.tables
    found: dict[Key, int | None] = {}

    def owner(name: str, row_id: int, values: Values, depth: int = 0) -> int | None:
        if name == "projects":
            return row_id
        table = metadata[name]
        whole = values if "project_id" in values else _rows(session, table, [row_id]).get(row_id, values)
        if "project_id" in table.c:
            project_id: int | None = whole.get("project_id")
            return project_id
        for column in table.c:
            for key in column.foreign_keys:
                parent = key.column.table.name
                if depth < 3 and parent in tracked() and whole.get(column.name) is not None:
                    parent_id = whole[column.name]
                    row = next(
                        (
                            one.before or one.after or {}
                            for one in differences
                            if (one.table, one.id) == (parent, parent_id)
                            and (one.before is None or one.after is None)
                        ),
                        {},
                    )
                    return owner(parent, parent_id, row, depth + 1)
        return None

    differences = tuple(differences)
    for one in differences:
        values = {**(one.before or {}), **(one.after or {})}
        found[one.table, one.id] = owner(one.table, one.id, values)
    return found


def _check(session: Session, part: Undo, differences: Sequence[Difference]) -> bool:
    """Refuse when what a person decided was changed since; say whether something computed was.

    :raises ChangedSince: when something was.
    """
    by_table: defaultdict[str, list[Difference]] = defaultdict(list)
    for one in differences:
        by_table[one.table].append(one)
    changed: list[Difference] = []
    is_behind = False
    for name, of_table in by_table.items():
        rows = _rows(session, tracked()[name].table, [one.id for one in of_table])
        for one in of_table:
            now = rows.get(one.id)
            since = _since(tracked()[name], one, now)
            if since - tracked()[name].computed:
                changed.append(Difference(name, one.id, one.after, now))
            is_behind |= bool(since)
    changed += _added_since(session, differences)
    if changed:
        raise ChangedSince(changed, part)
    return is_behind


def _went_on(session: Session, part: Undo) -> bool:
    """Whether anything has happened to the project since."""
    later = (RecordedEvent.project_id == part.project_id, RecordedEvent.id > part.last_event_id)
    return session.scalar(sa.select(RecordedEvent.id).where(*later).limit(1)) is not None


def _since(of: Tracked, one: Difference, now: Values | None) -> frozenset[str]:
    """Which columns are not as the act left them."""
    if one.after is None or now is None:
        return frozenset() if one.after is now else frozenset({"id"})
    ignored = of.counters | {"version"}
    return frozenset(name for name in one.after if name not in ignored and one.after[name] != now[name])


def _added_since(session: Session, differences: Sequence[Difference]) -> list[Difference]:
    """Tracked rows that hang on rows which the act made, and that came later."""
    made: defaultdict[str, set[int]] = defaultdict(set)
    for one in differences:
        if one.before is None:
            made[one.table].add(one.id)
    known = {(one.table, one.id) for one in differences}
    return [
        Difference(table.name, row["id"], None, dict(row))
        for table, column, ids in _hanging_on(made, everywhere=True)
        for row in session.connection().execute(sa.select(table).where(column.in_(sorted(ids)))).mappings()
        if (table.name, row["id"]) not in known
    ]


def _hanging_on(
    rows: Mapping[str, set[int]], *, everywhere: bool = False
) -> Iterator[tuple[sa.Table, sa.Column[Any], set[int]]]:  # Any: a key
    """The tables and columns that may refer to rows: of tracked tables, or of all that somebody would miss."""
    ignored = current_app.extensions["concierge.going_along"]
    for table in Base.metadata.sorted_tables if rows else ():
        if table.name in ignored or not (everywhere or table.name in tracked()):
            continue
        for column in table.c:
            for key in column.foreign_keys:
                if (ids := rows.get(key.column.table.name)) and (
                    table.name in tracked() or key.ondelete != "SET NULL"
                ):
                    yield table, column, ids


def _see_again(session: Session, differences: Iterable[Difference]) -> None:
    """Note how rows are before they are put back, so that this too can be taken back."""
    act: Act | None = session.info.get("act")
    if act is None:
        return
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for one in differences:
        ids[one.table].append(one.id)
    for name, wanted in ids.items():
        rows = _rows(session, tracked()[name].table, wanted)
        for row_id in wanted:
            act.before.setdefault((name, row_id), rows.get(row_id))


def _put_back(session: Session, differences: Sequence[Difference]) -> None:
    connection = session.connection()
    order = {table.name: number for number, table in enumerate(Base.metadata.sorted_tables)}
    parents = {
        key.column.table.name
        for name in tracked()
        for key in tracked()[name].table.foreign_keys
        if key.column.table.name != name
    }
    removed = sorted((one for one in differences if one.before is None), key=lambda one: -order[one.table])
    lost = sorted((one for one in differences if one.after is None), key=lambda one: order[one.table])
    for one in removed:
        if one.table not in parents:  # what nothing hangs on goes first, so that no unique key is held twice
            _remove(connection, one)
    for one in lost:
        connection.execute(tracked()[one.table].table.insert().values(one.before or {}))
    for one in differences:
        if one.before is not None and one.after is not None:
            _set(connection, one)
    for one in removed:
        if one.table in parents:
            _remove(connection, one)


def _find_again(session: Session, differences: Iterable[Difference]) -> None:
    """Let the search find rows by the words that they have again."""
    for one in differences:
        of = tracked()[one.table]
        if not issubclass(of.model, searching.Findable) or not one.changed - of.computed:
            continue
        if one.before is None:
            searching.forget(session.connection(), of.model, one.id)
        elif (
            searching.is_shown_by(of.model, one.changed)
            and (row := session.get(of.model, one.id)) is not None
        ):
            searching.renew(row)


def _remove(connection: sa.Connection, one: Difference) -> None:
    table = tracked()[one.table].table
    connection.execute(table.delete().where(table.c.id == one.id))


def _set(connection: sa.Connection, one: Difference) -> None:
    of = tracked()[one.table]
    values = {name: value for name, value in (one.before or {}).items() if name not in of.counters}
    rising = [name for name in ("version", *of.counters) if name in of.table.c]
    values |= {name: of.table.c[name] + 1 for name in rising}
    connection.execute(of.table.update().where(of.table.c.id == one.id).values(values))


def _written(one: Difference) -> Values:
    return {
        "table": one.table,
        "id": one.id,
        "before": one.before and {name: _plain(value) for name, value in one.before.items()},
        "after": one.after and {name: _plain(value) for name, value in one.after.items()},
    }


def _read(kept: Values) -> Difference:
    table = tracked()[kept["table"]].table
    before, after = (
        kept[side] and {name: _typed(table.c[name], value) for name, value in kept[side].items()}
        for side in ("before", "after")
    )
    return Difference(kept["table"], kept["id"], before, after)


def _plain(value: Any) -> Any:  # Any: what a column holds, as JSON
    match value:
        case Enum():
            return value.value
        case date() | time():  # an instant is a date too
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value


def _typed(column: sa.Column[Any], value: Any) -> Any:  # Any: JSON, as a column holds it
    kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    if value is None:
        return None
    match kind:
        case sa.Enum(enum_class=enumeration) if enumeration is not None:
            return enumeration(value)
        case sa.DateTime():
            return datetime.fromisoformat(value)
        case sa.Date():
            return date.fromisoformat(value)
        case sa.Time():
            return time.fromisoformat(value)
        case sa.Numeric() if not isinstance(kind, sa.Float):
            return Decimal(value)
        case _:
            return value
