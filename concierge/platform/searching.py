"""Finding rows by what a person types: one table of words, asked alike on every database.

A row's words are normalised by ``core/search.py`` when it is written, kept with it, and written in the same
transaction into the table of entries, over which SQLite keeps an FTS5 index and PostgreSQL a GIN index. Words are
found by how they begin; what was found stands in this order: keys that are or begin with what was typed, then
rows that have all its words, then rows with words that begin so; the newest first.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column, object_session
from sqlalchemy.orm.util import identity_key

from concierge.core.search import normalised, terms, with_single_signs
from concierge.platform.database import Base, Line, db

Question: TypeAlias = sa.Select[*tuple[Any, ...]]  # Any: whatever is asked for

MOST_TERMS = 12
LONGEST_TERM = 64
LAST_SIGN = "\U0010ffff"
"""Sorts after every sign that a key can hold."""


class Searchable:
    """A row that people search for. Its text is written with the row, and anew when one of its words changes."""

    searched: ClassVar[tuple[str, ...]] = ()
    """What it can be found by: attributes of its own, or ``relation.attribute`` of one it belongs to."""
    found_as: ClassVar[str] = "name"
    """The attribute that is shown when it is found."""
    found_key: ClassVar[str] = ""
    """The attribute by which people call it; it stands before all that only has the words."""
    found_under: ClassVar[tuple[str, str]] = ("", "")
    """The table of what it belongs to, and the attribute that says which row."""
    found_in: ClassVar[str] = ""
    """The attribute that says to which project it belongs; those who see some projects find only theirs."""

    search: Mapped[str] = mapped_column(sa.Text, default="", sort_order=91)


class SearchEntry(Base):
    """What one row is found by, and how it is shown; written with the row."""

    __tablename__ = "search_entries"

    kind: Mapped[str] = mapped_column(Line(40))
    """The row's table."""
    row_id: Mapped[int]
    project_id: Mapped[int | None] = mapped_column(index=True)
    under_kind: Mapped[str] = mapped_column(Line(40), default="")
    under_id: Mapped[int | None]
    """What it belongs to: table and row."""
    code: Mapped[str] = mapped_column(Line(120), default="")
    title: Mapped[str] = mapped_column(Line(200), default="")
    """How people call it, and its name, as they are shown."""
    key: Mapped[str] = mapped_column(sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"))
    """The code, normalised."""
    words: Mapped[str] = mapped_column(sa.Text)

    __table_args__ = (
        sa.UniqueConstraint("kind", "row_id"),
        sa.Index("ix_search_entries_key", "key"),
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that was found, with what it belongs to."""

    kind: str
    row_id: int
    code: str
    title: str
    under_kind: str
    under_id: int | None
    under_code: str
    under_title: str
    is_by_key: bool = False
    """Whether its key is, or begins with, what was typed."""


# ------------------------------------------------------------ the index of the database in use

ON_SQLITE = (
    """CREATE VIRTUAL TABLE search_words USING fts5(kind, words, content='search_entries', content_rowid='id',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_'", prefix='1 2 3 4 5')""",
    """CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_words (rowid, kind, words) VALUES (new.id, new.kind, new.words); END""",
    """CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_words (search_words, rowid, kind, words)
    VALUES ('delete', old.id, old.kind, old.words); END""",
    """CREATE TRIGGER search_entries_changed AFTER UPDATE OF kind, words ON search_entries BEGIN
    INSERT INTO search_words (search_words, rowid, kind, words)
    VALUES ('delete', old.id, old.kind, old.words);
    INSERT INTO search_words (rowid, kind, words) VALUES (new.id, new.kind, new.words); END""",
)
OFF_SQLITE = "DROP TABLE IF EXISTS search_words"
LEXEMES = "array_to_tsvector(array_remove(string_to_array('_' || {row}kind || ' ' || {row}words, ' '), ''))"
"""The words of an entry, as they are: PostgreSQL's own parser would read numbers and addresses into them."""
ON_POSTGRESQL = (
    f"CREATE INDEX ix_search_entries_words ON search_entries USING gin ({LEXEMES.format(row='')})",
)


def _made_with_table(table: Any, connection: Connection, **_: Any) -> None:  # Any: what SQLAlchemy tells
    for statement in ON_SQLITE if connection.dialect.name == "sqlite" else ON_POSTGRESQL:
        connection.exec_driver_sql(statement)


def _dropped_with_table(table: Any, connection: Connection, **_: Any) -> None:  # Any: what SQLAlchemy tells
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(OFF_SQLITE)


event.listen(SearchEntry.__table__, "after_create", _made_with_table)
event.listen(SearchEntry.__table__, "before_drop", _dropped_with_table)


def is_of_the_index(name: str | None) -> bool:
    """Whether a table or an index is the full-text index, which migrations write by hand."""
    return name == "ix_search_entries_words" or (bool(name) and str(name).startswith("search_words"))


# ------------------------------------------------------------ questions


def found(
    text: str,
    *,
    kinds: Sequence[str],
    most: int,
    within: sa.Select[int] | None = None,
    everywhere: Collection[str] = (),
) -> list[Hit]:
    """What is found by a text: of each kind at most some, in the order of the kinds, best first.

    :param kinds: names of tables.
    :param within: ids of the projects that the asker sees; None: all of them. Then entries of other projects, and
        entries of no project, are not found.
    :param everywhere: kinds of which all are found nevertheless.
    """
    wanted, key = _terms(text), normalised(text[: 4 * LONGEST_TERM])
    if not wanted or not kinds:
        return []
    asked = _Asked(wanted, key, most, within, frozenset(everywhere))
    hits = _by_key(asked, tuple(kinds))
    known = {(hit.kind, hit.row_id) for hit in hits}
    for begins in (False, True):
        lacking = tuple(kind for kind in kinds if sum(hit.kind == kind for hit in hits) < most)
        if not lacking:
            break
        more = _by_words(asked, lacking, begins=begins)
        hits += [hit for hit in more if (hit.kind, hit.row_id) not in known]
        known.update((hit.kind, hit.row_id) for hit in more)
    place = {kind: number for number, kind in enumerate(kinds)}
    counts = dict.fromkeys(kinds, 0)
    shown = []
    for hit in sorted(hits, key=lambda hit: place[hit.kind]):
        counts[hit.kind] += 1
        if counts[hit.kind] <= most:
            shown.append(hit)
    return shown


def matches(text: str, *tables: type[Searchable]) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions, one a term, that a word of one of the tables (which are joined) begins with what was typed.

    No conditions for blank text; one that nothing meets for text that holds no letter and no digit.
    """
    if not text.strip():
        return ()
    wanted = _terms(text)
    if not wanted:
        return (sa.false(),)
    return tuple(sa.or_(*(_has(table, term) for table in tables)) for term in wanted)


def _has(table: type[Searchable], term: str) -> sa.ColumnElement[bool]:
    name = _name(table)
    entry = SearchEntry.__table__.alias("e")
    rows = _matching(
        sa.select(entry.c.row_id),
        entry,
        query=sa.literal(_query([term], kind=name, begins=True), sa.Text),
        lines=[sa.literal(f" {term}", sa.Text)] if " " in term else [],
        begins=True,
    )
    return table.id.in_(rows.where(entry.c.kind == name).order_by(None))  # type: ignore[attr-defined,no-any-return]  # every table has one


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search: what was typed, how many of each kind, and where one looks."""

    wanted: tuple[str, ...]
    key: str
    most: int
    within: sa.Select[int] | None
    everywhere: frozenset[str]

    def is_everywhere(self, kind: str) -> bool:
        """Whether all rows of a kind are looked at."""
        return self.within is None or kind in self.everywhere


def _terms(text: str) -> tuple[str, ...]:
    asked = terms(text[: 20 * LONGEST_TERM])[:MOST_TERMS]
    return tuple(" ".join(word[:LONGEST_TERM] for word in term.split()) for term in asked)


def _by_key(asked: _Asked, kinds: tuple[str, ...]) -> list[Hit]:
    values = {"key": asked.key, "end": asked.key + LAST_SIGN, "most": asked.most}
    free = tuple(kind for kind in kinds if asked.is_everywhere(kind))
    rows = list(_ask(_key_statement(free), values)) if free else []
    if asked.within is not None:
        entry, question = _question()
        narrow = question.where(
            *_of_key(entry), entry.c.kind.in_(kinds), entry.c.project_id.in_(asked.within)
        )
        rows += _ask(narrow.order_by(entry.c.key, entry.c.id.desc()).limit(sa.bindparam("most")), values)
    return [_hit(row, is_by_key=True) for row in rows]


def _by_words(asked: _Asked, kinds: tuple[str, ...], *, begins: bool) -> list[Hit]:
    """Rows that have all the words, of each kind the newest.

    Who sees few projects has their entries looked through; the index would list everybody's first.
    """
    postgres = db.engine.dialect.name == "postgresql"
    free = tuple(kind for kind in kinds if asked.is_everywhere(kind))
    rows: list[sa.Row[*tuple[Any, ...]]] = []  # Any: a column each
    if free:
        end = "" if begins else " "
        lines = [f" {term}{end}" for term in asked.wanted if " " in term] if postgres else []
        values: dict[str, object] = {"most": asked.most}
        values |= {f"query_{kind}": _query(asked.wanted, kind=kind, begins=begins) for kind in free}
        values |= {f"line_{number}": line for number, line in enumerate(lines)}
        rows += _ask(_words_statement(free, begins, len(lines), postgres), values)
    for kind in kinds:
        if kind not in free and asked.within is not None:
            entry, question = _question()
            end = "" if begins else " "
            line = " " + entry.c.words + end
            question = question.where(
                entry.c.kind == kind,
                entry.c.project_id.in_(asked.within),
                *(line.contains(f" {term}{end}") for term in asked.wanted),
            )
            rows += _ask(question.order_by(entry.c.id.desc()).limit(asked.most), {})
    return [_hit(row) for row in sorted(rows, key=lambda row: -row[0])]


def _ask(question: Any, values: dict[str, Any]) -> list[sa.Row[*tuple[Any, ...]]]:  # Any: a column each
    return list(db.session.connection().execute(question, values))


def _hit(row: sa.Row[*tuple[Any, ...]], *, is_by_key: bool = False) -> Hit:  # Any: a column each
    _id, kind, row_id, code, title, under_kind, under_id, under_code, under_title = row
    return Hit(kind, row_id, code, title, under_kind, under_id, under_code, under_title, is_by_key)


@lru_cache(maxsize=64)
def _key_statement(kinds: tuple[str, ...]) -> Question:
    entry, question = _question()
    question = question.where(*_of_key(entry), entry.c.kind.in_(kinds))
    return question.order_by(entry.c.key, entry.c.id.desc()).limit(sa.bindparam("most"))


def _of_key(entry: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return (entry.c.key >= sa.bindparam("key"), entry.c.key < sa.bindparam("end"))


@lru_cache(maxsize=256)
def _words_statement(
    kinds: tuple[str, ...], begins: bool, lines: int, postgres: bool
) -> sa.CompoundSelect[*tuple[Any, ...]]:  # Any: a column each
    """Made once: putting it together costs more than asking it."""
    arms = []
    for kind in kinds:
        entry, question = _question()
        question = _matching(
            question.where(entry.c.kind == kind),
            entry,
            query=sa.bindparam(f"query_{kind}", type_=sa.Text),
            lines=[sa.bindparam(f"line_{number}", type_=sa.Text) for number in range(lines)],
            begins=begins,
            postgres=postgres,
        )
        arm = question.limit(sa.bindparam("most")).subquery()
        arms.append(sa.select(*arm.c))
    return sa.union_all(*arms)


def _question() -> tuple[sa.FromClause, Question]:
    """An alias of the entries, and what is read of them."""
    table = SearchEntry.__table__
    entry, under = table.alias("e"), table.alias("u")
    question = (
        sa.select(
            entry.c.id,
            entry.c.kind,
            entry.c.row_id,
            entry.c.code,
            entry.c.title,
            entry.c.under_kind,
            entry.c.under_id,
            sa.func.coalesce(under.c.code, "").label("under_code"),
            sa.func.coalesce(under.c.title, "").label("under_title"),
        )
        .select_from(entry)
        .outerjoin(under, sa.and_(under.c.kind == entry.c.under_kind, under.c.row_id == entry.c.under_id))
    )
    return entry, question


def _matching(
    question: Question,
    entry: sa.FromClause,
    *,
    query: sa.ColumnElement[str],
    lines: Sequence[sa.ColumnElement[str]],
    begins: bool,
    postgres: bool | None = None,
) -> Question:
    """Narrow a question to the entries that an index finds, the newest first.

    :param lines: terms of several words, which PostgreSQL's index knows only one by one.
    """
    if postgres is None:
        postgres = db.engine.dialect.name == "postgresql"
    if not postgres:
        words = sa.table("search_words", sa.column("rowid"), sa.column("search_words"))
        # by the index's own number: it has its rows in that order, so the newest are read and no more
        return (
            question.join(words, words.c.rowid == entry.c.id)
            .where(words.c.search_words.op("MATCH", is_comparison=True)(query))
            .order_by(words.c.rowid.desc())
        )
    lexed: sa.ColumnElement[Any] = sa.literal_column(LEXEMES.format(row="e."))  # Any: a tsvector
    line = " " + entry.c.words + ("" if begins else " ")
    return question.where(
        lexed.op("@@", is_comparison=True)(sa.cast(query, postgresql.TSQUERY)),
        *(sa.func.strpos(line, one) > 0 for one in lines),
    ).order_by(entry.c.id.desc())


def _query(wanted: Sequence[str], *, kind: str, begins: bool) -> str:
    """What the index is asked, in its own language; terms hold nothing but letters, digits and spaces."""
    if db.engine.dialect.name == "sqlite":
        star = "*" if begins else ""
        return f"kind:{kind} AND " + " AND ".join(f'words:"{term}"{star}' for term in wanted)
    parts = [f"'_{kind}'"]
    for term in wanted:
        *first, last = term.split()
        parts += [*(f"'{word}'" for word in first), f"'{last}'{':*' if begins else ''}"]
    return " & ".join(parts)


# ------------------------------------------------------------ writing


def renew(row: Searchable) -> None:
    """Write a row's text again because something it is found by changed elsewhere; its version stays."""
    session, table = object_session(row), type(row)
    if session is not None:
        connection = session.connection()
        text = _text(connection, row)
        session.execute(sa.update(table).where(table.id == row.id).values(search=text))  # type: ignore[attr-defined]  # every table has one
        _write(connection, [_entry(row, text)])


def is_filled(connection: Connection) -> bool:
    """Whether there are entries at all."""
    return connection.scalar(sa.select(SearchEntry.id).limit(1)) is not None


def rebuild(connection: Connection) -> int:
    """Write all entries anew from the rows' kept text; says how many there are."""
    connection.execute(sa.delete(SearchEntry))
    count = 0
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Searchable) and mapper.class_.searched:
            kept = _kept(connection, mapper)
            while rows := list(islice(kept, 2000)):
                connection.execute(sa.insert(SearchEntry), rows)
                count += len(rows)
    return count


def _kept(
    connection: Connection, mapper: Mapper[Any]
) -> Iterator[dict[str, Any]]:  # Any: any table and its values
    table, kind = mapper.class_, _name(mapper.class_)
    names = {"id", "search", table.found_as, table.found_key, table.found_under[1], table.found_in} - {""}
    columns = [getattr(table, name).label(name) for name in sorted(names)]
    for row in connection.execute(sa.select(*columns).order_by(table.id)):
        yield _values(table, kind, row._mapping, row.search)


@event.listens_for(Searchable, "before_insert", propagate=True)
@event.listens_for(Searchable, "before_update", propagate=True)
def _keep_text(mapper: Mapper[Any], connection: Connection, row: Searchable) -> None:  # Any: any table
    state = sa.inspect(row)
    if state.persistent and not _is_touched(state, mapper):
        return
    row.search = _text(connection, row)


@event.listens_for(Session, "after_flush")
def _keep_entries(session: Session, _context: object) -> None:
    """Write the entries of the rows that were just written, and drop those of rows that are gone."""
    written = [_entry(row, row.search) for row in session.new if _is_found(row)]
    written += [_entry(row, row.search) for row in session.dirty if _is_found(row) and _shows_anew(row)]
    if written:
        _write(session.connection(), written)
    for row in session.deleted:
        if _is_found(row):
            session.connection().execute(
                sa.delete(SearchEntry).where(
                    SearchEntry.kind == _name(type(row)), SearchEntry.row_id == row.id
                )
            )


def _is_found(row: object) -> bool:
    return isinstance(row, Searchable) and bool(row.searched)


def _shows_anew(row: Searchable) -> bool:
    changed = sa.inspect(row).committed_state
    return bool(changed) and not changed.keys().isdisjoint(
        ("search", row.found_as, row.found_key, row.found_under[1], row.found_in)
    )


def _entry(row: Searchable, text: str) -> dict[str, Any]:  # Any: the values of a row
    table = type(row)
    names = {"id", table.found_as, table.found_key, table.found_under[1], table.found_in} - {""}
    return _values(table, _name(table), {name: getattr(row, name) for name in names}, text)


def _values(table: type[Searchable], kind: str, row: Any, text: str) -> dict[str, Any]:  # Any: values by name
    under_kind, under = table.found_under
    code = str(row[table.found_key] or "") if table.found_key else ""
    return {
        "kind": kind,
        "row_id": row["id"],
        "project_id": row[table.found_in] if table.found_in else None,
        "under_kind": under_kind,
        "under_id": row[under] if under else None,
        "code": code,
        "title": str(row[table.found_as] or ""),
        "key": normalised(code),
        "words": " ".join(word[:LONGEST_TERM] for word in with_single_signs(text).split()),
    }


def _write(connection: Connection, rows: list[dict[str, Any]]) -> None:  # Any: the values of rows
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    writing = kind.insert(SearchEntry)
    names = ("project_id", "under_kind", "under_id", "code", "title", "key", "words")
    connection.execute(
        writing.on_conflict_do_update(
            index_elements=["kind", "row_id"], set_={name: writing.excluded[name] for name in names}
        ),
        rows,
    )


def _name(table: type[Searchable]) -> str:
    return str(table.__tablename__)  # type: ignore[attr-defined]  # every table has one


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
