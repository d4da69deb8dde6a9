"""Finding rows by what a person types: one table of words, asked alike on every database.

A row's words are normalised by ``core/search.py`` when it is written, kept with it, and written in the same
transaction into the table of entries, over which SQLite keeps an FTS5 index and PostgreSQL a GIN index. Words are
found by how they begin; what was found stands in this order: keys that are or begin with what was typed, then
rows that have all its words, then rows with words that begin so, then rows that have them together with all that
belongs to them; the newest first.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, ClassVar, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column, object_session
from sqlalchemy.orm.util import identity_key

from concierge.core.search import normalised, terms, with_single_signs
from concierge.platform.database import Base, Line, db, weigh_tables
from concierge.platform.statements import beside

Question: TypeAlias = sa.Select[*tuple[Any, ...]]  # Any: whatever is asked for

MOST_TERMS = 12
LONGEST_TERM = 64
MOST_OF_WHOLE = 250_000
"""Characters of all that belongs to one row; PostgreSQL's index takes about a megabyte."""
WHOLE = "whole_"
"""Before the kind of a row, the kind of the entry that gathers all that belongs to it."""
MADE = "made"
"""The kind of the one entry that says how the entries were made."""
MADE_BY = 1
"""Raise it when entries are made otherwise than their declarations say; all are then written anew at the next start."""
LAST_SIGN = "\U0010ffff"
"""Sorts after every sign that a key or a word can hold."""


class Findable:
    """A row that is found by its own words where it has some; they stand in its entry only."""

    searched: ClassVar[tuple[str, ...]] = ()
    """What it can be found by: attributes of its own."""
    found_as: ClassVar[str] = "name"
    """The attribute that is shown when it is found."""
    found_key: ClassVar[str] = ""
    """The attribute by which people call it; it stands before all that only has the words."""
    found_under: ClassVar[tuple[str, str]] = ("", "")
    """The table of what it belongs to, and the attribute that says which row."""
    found_in: ClassVar[str] = ""
    """The attribute that says to which project it belongs; those who see some projects find only theirs."""
    gathers: ClassVar[tuple[str, ...]] = ()
    """Relations, one after the other with points between, to what it is found by as well: words of several rows that
    belong to it lead to it. So do the words of all that is found in it."""

    @classmethod
    def has_rules_for(cls, names: Collection[str]) -> bool:
        """Whether a row is found or shown otherwise once these attributes changed; then its entry is written too."""
        own = bool(cls.searched) and not (_told(cls) | {*cls.searched}).isdisjoint(names)
        return own or leads_elsewhere(cls, names)


class Searchable(Findable):
    """A row that people search for. Its text is written with the row, and anew when one of its words changes.

    It can also be found by ``relation.attribute`` of a row that it belongs to.
    """

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
    is_whole: bool = False
    """Whether it was found by the words of all that belongs to it."""


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
    "CREATE VIRTUAL TABLE search_words_known USING fts5vocab(search_words, instance)",
)
OFF_SQLITE = ("DROP TABLE IF EXISTS search_words_known", "DROP TABLE IF EXISTS search_words")
LONGEST_BEGINNING = 5
"""Letters up to which the index knows beginnings of words; longer ones are looked up among the words it knows."""
MOST_BEGUN = 32
"""Words with one beginning that are asked one by one; of more, the index itself has to list all rows first."""
LEXEMES = "array_to_tsvector(array_remove(string_to_array('_' || {row}kind || ' ' || {row}words, ' '), ''))"
"""The words of an entry, as they are: PostgreSQL's own parser would read numbers and addresses into them."""
ON_POSTGRESQL = (
    f"CREATE INDEX ix_search_entries_words ON search_entries USING gin ({LEXEMES.format(row='')})",
    "CREATE INDEX ix_search_entries_kind_id ON search_entries (kind, id)",
)
"""Of a common word the newest entries are wanted; by words alone all that have it would be read and sorted first."""


def _made_with_table(table: Any, connection: Connection, **_: Any) -> None:  # Any: what SQLAlchemy tells
    for statement in ON_SQLITE if connection.dialect.name == "sqlite" else ON_POSTGRESQL:
        connection.exec_driver_sql(statement)


def _dropped_with_table(table: Any, connection: Connection, **_: Any) -> None:  # Any: what SQLAlchemy tells
    if connection.dialect.name == "sqlite":
        for statement in OFF_SQLITE:
            connection.exec_driver_sql(statement)


event.listen(SearchEntry.__table__, "after_create", _made_with_table)
event.listen(SearchEntry.__table__, "before_drop", _dropped_with_table)


def is_of_the_index(name: str | None) -> bool:
    """Whether a table or an index is the full-text index, which migrations write by hand."""
    names = {"ix_search_entries_words", "ix_search_entries_kind_id"}
    return name in names or (bool(name) and str(name).startswith("search_words"))


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
        gathering = tuple(WHOLE + kind for kind in lacking if begins and kind in _gathering())
        more = _by_words(asked, (*lacking, *gathering), begins=begins)
        if begins:  # what is found by its own words comes before what something of it is found by
            own = [hit for hit in more if not hit.is_whole]
            led_to = {(hit.under_kind, hit.under_id) for hit in (*hits, *own)}
            more = [*own, *(hit for hit in more if hit.is_whole and (hit.kind, hit.row_id) not in led_to)]
        for hit in more:
            if (hit.kind, hit.row_id) not in known:
                known.add((hit.kind, hit.row_id))
                hits.append(hit)
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
    name = WHOLE + _name(table) if table.gathers else _name(table)
    entry = SearchEntry.__table__.alias("e")
    rows = _matching(
        sa.select(entry.c.row_id),
        entry,
        query=sa.literal(_query([term], True)(name), sa.Text),
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
        return self.within is None or kind.removeprefix(WHOLE) in self.everywhere


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
        query = _query(asked.wanted, begins)
        values |= {f"query_{kind}": query(kind) for kind in free}
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
    is_whole = kind.startswith(WHOLE)
    kind = kind.removeprefix(WHOLE)
    return Hit(kind, row_id, code, title, under_kind, under_id, under_code, under_title, is_by_key, is_whole)


@lru_cache(maxsize=64)
def _key_statement(kinds: tuple[str, ...]) -> Question:
    entry, question = _question()
    question = question.where(*_of_key(entry), beside(entry.c.kind).in_(kinds))
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


def _query(wanted: Sequence[str], begins: bool) -> Callable[[str], str]:
    """What the index is asked of a kind, in its own language; terms hold nothing but letters, digits and spaces."""
    if db.engine.dialect.name == "sqlite":
        asked = " AND ".join(_begun(term) if begins else f'words:"{term}"' for term in wanted)
        return lambda kind: f"kind:{kind} AND {asked}"
    parts = []
    for term in wanted:
        *first, last = term.split()
        parts += [*(f"'{word}'" for word in first), f"'{last}'{':*' if begins else ''}"]
    return lambda kind: " & ".join([f"'_{kind}'", *parts])


def _begun(term: str) -> str:
    """Ask SQLite for what begins with a term.

    It knows the rows of short beginnings in their order; for a long one it would list all of them before the first.
    """
    *first, last = term.split()
    if len(last) > LONGEST_BEGINNING and len(words := _known(last)) <= MOST_BEGUN:
        return "(" + " OR ".join(f'words:"{" ".join([*first, word])}"' for word in words or [last]) + ")"
    return f'words:"{term}"*'


def _known(beginning: str) -> list[str]:
    """The words of SQLite's index with a beginning, one more than are asked one by one at most."""
    asked = {"beginning": beginning, "beyond": beginning + LAST_SIGN, "most": MOST_BEGUN + 1}
    return list(db.session.connection().scalars(_KNOWN, asked))


_KNOWN = sa.text(
    """WITH RECURSIVE known(term) AS (
    SELECT (SELECT term FROM search_words_known WHERE term >= :beginning AND term < :beyond LIMIT 1)
    UNION ALL SELECT (SELECT v.term FROM search_words_known v
    WHERE v.term >= known.term || char(1) AND v.term < :beyond LIMIT 1) FROM known WHERE known.term IS NOT NULL
    LIMIT :most) SELECT term FROM known WHERE term IS NOT NULL"""
)
"""From word to word: the index lists each of them as often as it stands in it, so that none is asked for twice."""


# ------------------------------------------------------------ writing

Words: TypeAlias = Callable[[Connection, Collection[int]], Mapping[int, str]]
_MORE: dict[type[Findable], Words] = {}


def also_found_by(table: type[Findable]) -> Callable[[Words], Words]:
    """Let rows be found by what people read of them too, which a function says by their ids."""

    def keep(words: Words) -> Words:
        _MORE[table] = words
        return words

    return keep


def renew(row: Findable) -> None:
    """Write a row's text again because something it is found by changed elsewhere; its version stays."""
    session, table = object_session(row), type(row)
    if session is None:
        return
    connection = session.connection()
    if isinstance(row, Searchable):
        text = _text(connection, row)
        session.execute(sa.update(table).where(table.id == row.id).values(search=text))  # type: ignore[attr-defined]  # every table has one
    _keep(connection, table, [_shown(row)])


def forget(connection: Connection, table: type[Findable], row_id: int) -> None:
    """Take away the entry of a row that is gone."""
    _take_away(connection, _name(table), [row_id])


def is_shown_by(table: type[Findable], names: Collection[str]) -> bool:
    """Whether a row's entry tells of one of these attributes."""
    return issubclass(table, Searchable) or not _told(table).isdisjoint(names)


def is_current(connection: Connection) -> bool:
    """Whether the entries are there, and made as they are made now."""
    made = sa.select(SearchEntry.words).where(SearchEntry.kind == MADE)
    return connection.scalar(made) == _declared()


def rebuild(connection: Connection) -> int:
    """Write all entries anew from the rows; says how many rows are found."""
    connection.execute(sa.delete(SearchEntry))
    count = 0
    for table in _tables():
        rows = (row._asdict() for row in connection.execute(_told_question(table)))
        while some := list(islice(rows, 2000)):
            written = _entries(connection, table, some)
            count += len(written)
            if written:
                connection.execute(sa.insert(SearchEntry), written)
    weigh_tables(connection)  # a company that has just grown would be read whole for each part of it
    for root in _gathering().values():
        ids = iter(connection.scalars(sa.select(root.id).order_by(root.id)).all())  # type: ignore[attr-defined]  # every table has one
        while part := list(islice(ids, 1000)):
            connection.execute(sa.insert(SearchEntry), _wholes(connection, root, part))
    connection.execute(sa.insert(SearchEntry), [_bare_entry(MADE, 0, words=_declared())])
    return count


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
    written: dict[type[Findable], list[Mapping[str, Any]]] = {}  # Any: the values of rows
    for row in session.new:
        if _is_found(row) and not _is_blank(row):
            written.setdefault(type(row), []).append(_shown(row))
    for row in session.dirty:
        if _is_found(row) and _shows_anew(row):
            written.setdefault(type(row), []).append(_shown(row))
    for table, rows in written.items():
        _keep(session.connection(), table, rows)
    gone: dict[str, list[int]] = {}
    for row in session.deleted:
        if _is_found(row):
            gone.setdefault(_name(type(row)), []).append(row.id)
    for kind, ids in gone.items():
        _take_away(session.connection(), kind, ids)
    _gather_changed_links(session)


def _is_found(row: object) -> bool:
    return isinstance(row, Findable) and bool(row.searched)


def _is_blank(row: Findable) -> bool:
    """Whether a row has no words of its own, so that it needs no entry."""
    return not isinstance(row, Searchable) and not any(getattr(row, name) for name in row.searched)


def _shows_anew(row: Findable) -> bool:
    changed = sa.inspect(row).committed_state
    return bool(changed) and not changed.keys().isdisjoint(_told(type(row)))


def _told(table: type[Findable]) -> frozenset[str]:
    """The attributes that an entry is made of."""
    words = ("search",) if issubclass(table, Searchable) else table.searched
    own = [name for name in table.searched if "." not in name] if table in _MORE else []
    names = {"id", *words, *own, table.found_as, table.found_key, table.found_under[1], table.found_in}
    return frozenset(names - {""})


def _told_question(table: type[Findable]) -> Question:
    question = sa.select(*(getattr(table, name).label(name) for name in sorted(_told(table))))
    if not issubclass(table, Searchable):
        question = question.where(sa.or_(*(getattr(table, name) != "" for name in table.searched)))
    return question.order_by(table.id)  # type: ignore[attr-defined]  # every table has one


def _shown(row: Findable) -> Mapping[str, Any]:  # Any: the values of a row
    return {name: getattr(row, name) for name in _told(type(row))}


def _keep(
    connection: Connection, table: type[Findable], rows: Sequence[Mapping[str, Any]]
) -> None:  # Any: values
    """Write the entries of rows of one table, and those that gather them."""
    kind, entries = _name(table), _entries(connection, table, rows)
    blank = {row["id"] for row in rows} - {entry["row_id"] for entry in entries}
    if blank:
        _take_away(connection, kind, sorted(blank))
    if entries:
        _write(connection, entries)
        _gather(connection, kind, entries)


def _take_away(connection: Connection, kind: str, ids: Sequence[int]) -> None:
    e = SearchEntry
    gone = connection.execute(
        sa.delete(e)
        .where(sa.or_(e.kind == kind, e.kind == WHOLE + kind), e.row_id.in_(ids))
        .returning(e.project_id, e.kind)
    ).all()
    for root in _gathering().values():
        if _name(root) != kind:
            _write_wholes(connection, root, {row.project_id for row in gone if row.project_id is not None})


def _entries(
    connection: Connection, table: type[Findable], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:  # Any: the values of rows
    more = _MORE[table](connection, [row["id"] for row in rows]) if table in _MORE else {}
    entries = []
    for row in rows:
        if issubclass(table, Searchable):
            text = row["search"]
        else:
            said = " ".join(str(row[name]) for name in table.searched if row[name])
            if not said:
                continue
            text = normalised(said)
        if row["id"] in more:
            text = f"{text} {normalised(more[row['id']])}".strip()
        entries.append(_values(table, _name(table), row, text))
    return entries


def _values(
    table: type[Findable], kind: str, row: Mapping[str, Any], text: str
) -> dict[str, Any]:  # Any: values by name
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


def _bare_entry(kind: str, row_id: int, *, words: str) -> dict[str, Any]:  # Any: values by name
    return {
        "kind": kind, "row_id": row_id, "project_id": None, "under_kind": "", "under_id": None,
        "code": "", "title": "", "key": "", "words": words,
    }  # fmt: skip


def _write(connection: Connection, rows: list[dict[str, Any]]) -> None:  # Any: the values of rows
    connection.execute(_writing(connection.dialect.name == "postgresql"), rows)


@cache
def _writing(on_postgres: bool) -> Any:  # Any: an INSERT of either database
    """The statement that writes entries; put together once, which costs more than asking it."""
    writing = postgresql.insert(SearchEntry) if on_postgres else sqlite.insert(SearchEntry)
    names = ("project_id", "under_kind", "under_id", "code", "title", "key", "words")
    return writing.on_conflict_do_update(
        index_elements=["kind", "row_id"], set_={name: writing.excluded[name] for name in names}
    )


# ------------------------------------------------------------ what gathers the words of all that belongs to it


@cache
def _tables() -> tuple[type[Findable], ...]:
    found = (mapper.class_ for mapper in Base.registry.mappers)
    return tuple(
        sorted((table for table in found if issubclass(table, Findable) and table.searched), key=_name)
    )


@cache
def _gathering() -> dict[str, type[Findable]]:
    """The tables that gather, by their names."""
    return {_name(table): table for table in _tables() if table.gathers}


def _declared() -> str:
    """A short word for how entries are made; another one when a table declares something else."""
    said = [
        (_name(t), t.searched, t.found_as, t.found_key, t.found_under, t.found_in, t.gathers, t in _MORE)
        for t in _tables()
    ]
    return hashlib.sha256(repr((MADE_BY, said)).encode()).hexdigest()[:LONGEST_TERM]


def _way(
    root: type[Findable], path: str
) -> list[tuple[type[Any], Any, type[Any]]]:  # Any: any table, its relation
    """The steps of a path: the table, the relation, the table it leads to."""
    steps, here = [], root
    for name in filter(None, path.split(".")):
        relation = getattr(here, name)
        there = relation.property.mapper.class_
        steps.append((here, relation, there))
        here = there
    return steps


@cache
def _leading_to(kind: str, path: str) -> tuple[str, Question]:
    """Where a path leads, and the rows of whom it leads to one of some rows there."""
    question, there = _led(_gathering()[kind], path)
    return _name(there), question.where(there.id.in_(sa.bindparam("ids", expanding=True)))


def _led(root: type[Findable], path: str) -> tuple[Question, type[Any]]:  # Any: any table
    """The rows that a path leads to, beside where it began."""
    steps = _way(root, path)
    question: Any = sa.select(root.id).select_from(root)  # type: ignore[attr-defined]  # every table has one
    for _here, relation, _there in steps:
        question = question.join(relation)
    return question, steps[-1][2] if steps else root


def _gather(connection: Connection, kind: str, entries: Sequence[Mapping[str, Any]]) -> None:  # Any: values
    """Write anew what gathers these entries."""
    ids = [entry["row_id"] for entry in entries]
    for root in _gathering().values():
        roots = {entry["project_id"] for entry in entries if entry["project_id"] is not None}
        for path in root.gathers:
            there, question = _leading_to(_name(root), path)
            if there == kind:
                roots.update(connection.scalars(question, {"ids": ids}))
        _write_wholes(connection, root, roots)


def _gather_changed_links(session: Session) -> None:
    """Write anew what now leads elsewhere."""
    for kind, root in _gathering().items():
        roots: set[int] = set()
        for row in session.dirty:
            for path, names in _links(kind).get(type(row), {}).items():
                if not sa.inspect(row).committed_state.keys().isdisjoint(names):
                    if isinstance(row, root):
                        roots.add(row.id)  # type: ignore[attr-defined]  # every table has one
                    else:
                        question, there = _led(root, path)
                        roots.update(session.connection().scalars(question.where(there.id == row.id)))
        _write_wholes(session.connection(), root, roots)


def leads_elsewhere(table: type[Any], names: Collection[str]) -> bool:
    """Whether something gathers words along these attributes of any table."""
    along = (links for kind in _gathering() for links in _links(kind).get(table, {}).values())
    return any(not links.isdisjoint(names) for links in along)


@cache
def _links(kind: str) -> dict[type[Any], dict[str, frozenset[str]]]:  # Any: any table
    """On the tables along the paths: which attributes lead on, by the path from the root to the table."""
    root = _gathering()[kind]
    found: dict[type[Any], dict[str, set[str]]] = {}  # Any: any table
    for path in root.gathers:
        names = path.split(".")
        for number, (here, relation, _there) in enumerate(_way(root, path)):
            if not relation.property.uselist:
                kept = found.setdefault(here, {}).setdefault(".".join(names[:number]), set())
                kept.update(_link(sa.inspect(here), names[number]))
    return {here: {path: frozenset(kept) for path, kept in paths.items()} for here, paths in found.items()}


def _write_wholes(connection: Connection, root: type[Findable], ids: Iterable[int]) -> None:
    kept = iter(sorted(ids))
    while part := list(islice(kept, 500)):
        rows = _wholes(connection, root, part)
        if rows:
            _write(connection, rows)


def _wholes(
    connection: Connection, root: type[Findable], ids: Sequence[int]
) -> list[dict[str, Any]]:  # Any: values
    """The entries that gather all that belongs to some rows of a table."""
    kind = _name(root)
    own = {
        row["row_id"]: dict(row) for row in connection.execute(_own_of(kind), {"ids": list(ids)}).mappings()
    }
    words = {row_id: [row["words"]] for row_id, row in own.items()}
    for root_id, more in connection.execute(_gathered(kind), {"ids": list(own)}):
        words[root_id].append(more)
    return [
        {
            **{name: value for name, value in row.items() if name != "id"},
            "kind": WHOLE + kind,
            "key": "",
            "words": _cut(" ".join(words[row_id])),
        }
        for row_id, row in own.items()
    ]


@cache
def _own_of(kind: str) -> sa.Executable:
    """The entries of some rows of a table."""
    entry = SearchEntry.__table__
    return sa.select(entry).where(
        entry.c.kind == kind, entry.c.row_id.in_(sa.bindparam("ids", expanding=True))
    )


@cache
def _gathered(kind: str) -> sa.Executable:
    """The words of all that belongs to some rows of a table: what their paths lead to, then what is found in them,
    the newest first.
    """
    entry, root = SearchEntry.__table__, _gathering()[kind]
    ids: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
    order = (entry.c.kind, entry.c.row_id)
    within = sa.select(entry.c.project_id, entry.c.words, sa.literal(len(root.gathers)), *order).where(
        entry.c.project_id.in_(ids), entry.c.kind.not_in([kind, WHOLE + kind])
    )
    arms = [sa.select(*within.subquery().c)]
    for place, path in enumerate(root.gathers):
        question, there = _led(root, path)
        led_to = there.id + 0  # a sum has no index: no database begins with all entries of the kind
        arm = (
            question.add_columns(entry.c.words, sa.literal(place), *order)
            .join(entry, sa.and_(entry.c.kind == _name(there), entry.c.row_id == led_to))
            .where(root.id.in_(ids))  # type: ignore[attr-defined]  # every table has one
        )
        arms.append(sa.select(*arm.subquery().c))
    found = sa.union_all(*arms).subquery()
    first, words, place_of, kind_of, row_id = found.c
    return sa.select(first, words).order_by(first, place_of, kind_of, row_id.desc())


def _cut(text: str) -> str:
    return text if len(text) <= MOST_OF_WHOLE else text[:MOST_OF_WHOLE].rpartition(" ")[0]


def _name(table: type[Findable]) -> str:
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
    if other_id is None:
        return None
    session = object_session(row)
    known = session.identity_map.get(identity_key(other, other_id)) if session else None
    if known is not None and name in sa.inspect(known).dict:
        return getattr(known, name)  # type: ignore[no-any-return]  # a column of text
    return connection.scalar(sa.select(getattr(other, name)).where(other.id == other_id))
