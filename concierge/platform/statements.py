"""Parts of statements that are put together once and asked with other values each time."""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Values(sa.types.TypeDecorator[Iterable[Any]]):  # Any: ids or texts
    """Many values as one parameter: JSON on SQLite, an array on PostgreSQL."""

    impl = sa.String
    cache_ok = True

    def __init__(self, of: type[sa.types.TypeEngine[Any]]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        kind: sa.types.TypeEngine[Any] = postgresql.ARRAY(self.of) if _has_arrays(dialect) else sa.String()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return values if _has_arrays(dialect) else json.dumps(values)


_Kind: TypeAlias = type[sa.types.TypeEngine[Any]]  # Any: whatever columns hold


class any_of(FunctionElement[bool]):  # noqa: N801 # reads like a function of SQL
    """Whether a column holds one of many values, which are one parameter: the text of the statement stays the same.

    An expanding ``IN`` is written, and prepared by the database, anew for every number of values; asked often and
    with few values, that costs more than the answer.

    :param column: of numbers, or of text when `of` says so.
    :param name: of the parameter, given as any iterable of plain values.
    """

    inherit_cache = True
    name = "any_of"
    type = sa.Boolean()

    def __init__(self, column: Any, name: str, of: _Kind = sa.Integer) -> None:  # Any: it or its name
        super().__init__(column, sa.bindparam(name, type_=_Values(of)))

    def self_group(self, against: Any = None) -> Any:  # Any: SQLAlchemy's own
        """As it is: “… = 1” around it would hide it from indexes."""
        return self


@compiles(any_of)
def _in_json(element: any_of, compiler: SQLCompiler, **how: Any) -> str:  # Any: SQLAlchemy's own
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(any_of, "postgresql")
def _in_array(element: any_of, compiler: SQLCompiler, **how: Any) -> str:  # Any: SQLAlchemy's own
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} = ANY ({values})"


class beside(FunctionElement[Any]):  # noqa: N801 # reads like a function of SQL
    """A column by which SQLite is not to look for rows, only to judge those that another index finds.

    SQLite begins a join with the table it takes for the smaller one, which from so many rows on is the wrong one:
    it then reads all of it where a partial index of the other has the first few rows at hand, in order.

    :param column: compared as it would be itself.
    """

    inherit_cache = True
    name = "beside"

    def __init__(self, column: sa.ColumnElement[Any] | sa.orm.InstrumentedAttribute[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(beside)
def _as_value(element: beside, compiler: SQLCompiler, **how: Any) -> str:  # Any: SQLAlchemy's own
    return f"+{compiler.process(next(iter(element.clauses)), **how)}"


@compiles(beside, "postgresql")
def _as_it_is(element: beside, compiler: SQLCompiler, **how: Any) -> str:  # Any: SQLAlchemy's own
    return compiler.process(next(iter(element.clauses)), **how)


def _has_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"
