"""What the verbs wrote for one test, written again as rows for the next: the same rows, at a tenth of the time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.platform import clock
from concierge.platform.database import Base, db

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Made:
    """The rows that verbs added, by table, parents first; the one to give back, and what of it was loaded."""

    rows: Sequence[tuple[sa.Table, Sequence[Mapping[str, Any]]]]  # Any: values of columns
    kind: type[Base]
    id: int
    until: datetime
    options: tuple[ORMOption, ...]


_MADE: dict[tuple[object, ...], Made] = {}


def made(name: object, make: Callable[[], Row]) -> Row:
    """What `make` gives back; by its verbs the first time in a process, from then on by adding the same rows.

    It has to write the same whenever it begins with the same tables, only add rows, and be named by all that it
    depends on. The rows are added only where the tables that it writes are empty, so that no row can be in the way.
    """
    db.session.flush()
    key = (db.engine.url, name, clock.now().date())
    known = _MADE.get(key)
    if known is not None:
        is_later = clock.now() >= known.until  # what was due then is due now
        free = is_later and _are_empty(tuple(table.name for table, _rows in known.rows))
        return _write(known) if free else make()  # type: ignore[return-value]  # what `make` made
    before = _last_ids()
    entity = make()
    db.session.flush()
    after = _last_ids()
    added = [table for table in Base.metadata.sorted_tables if after[table.name] != before[table.name]]
    if all(before[table.name] is None for table in added):
        rows = [(table, _rows(table)) for table in added]
        _MADE[key] = Made(rows, type(entity), entity.id, clock.now(), tuple(_loaded(entity)))
    return entity


def _write(known: Made) -> Base:
    connection = db.session.connection()
    for table, rows in known.rows:
        connection.execute(_adding(table), rows)
    question = sa.select(known.kind).where(known.kind.id == known.id).options(*known.options)
    return db.session.scalars(question).one()


def _rows(table: sa.Table) -> Sequence[Mapping[str, Any]]:  # Any: values of columns
    found = db.session.connection().execute(sa.select(table).order_by(table.primary_key.columns.values()[0]))
    return [dict(row) for row in found.mappings()]


def _loaded(entity: Base, *, depth: int = 2, seen: frozenset[type] = frozenset()) -> Iterator[ORMOption]:
    """Options that load again what is loaded of an entity."""
    for path in _paths(entity, depth, seen):
        option = selectinload(path[0])
        for step in path[1:]:
            option = option.selectinload(step)
        yield option


def _paths(entity: Base, depth: int, seen: frozenset[type]) -> Iterator[tuple[Any, ...]]:  # Any: attributes
    state = sa.inspect(entity)
    for relation in state.mapper.relationships:
        if relation.key in state.unloaded or relation.mapper.class_ in seen:
            continue
        attribute = getattr(state.mapper.class_, relation.key)
        yield (attribute,)
        value = getattr(entity, relation.key)
        first = value[0] if isinstance(value, list) and value else value
        if depth > 1 and isinstance(first, Base):
            for path in _paths(first, depth - 1, seen | {type(entity)}):
                yield (attribute, *path)


def _are_empty(names: tuple[str, ...]) -> bool:
    question = "SELECT " + " OR ".join(f'EXISTS (SELECT 1 FROM "{name}")' for name in names)
    return not db.session.connection().exec_driver_sql(question).scalar_one()


def _last_ids() -> Mapping[str, int | None]:
    question, names = _question()
    return dict(zip(names, db.session.connection().exec_driver_sql(question).one(), strict=True))


@cache
def _question() -> tuple[str, tuple[str, ...]]:
    names = tuple(table.name for table in Base.metadata.sorted_tables)
    return "SELECT " + ", ".join(f'(SELECT max(id) FROM "{name}")' for name in names), names


@cache
def _adding(table: sa.Table) -> sa.Insert:
    return sa.insert(table)
