"""Companies of any size: the demo company, with its rows copied as often as it takes (SQLite)."""

import contextlib
import random
import re
import shutil
import sqlite3
from base64 import b32encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from concierge.feeds import vevent
from concierge.platform.uids import RANDOM_BYTES

PROJECTS = (
    "orders",
    "order_lines",
    "projects",
    "project_playbooks",
    "milestones",
    "milestone_links",
    "baselines",
    "baseline_milestones",
    "gates",
    "proposals",
    "visits",
    "visit_technicians",
    "checklists",
    "readiness_items",
)
"""Tables that grow with the number of projects, each after those it points to."""
ENTRIES = ("visits", "calendar_entries")
WRITTEN = "%Y%m%dT%H%M%SZ"
KEPT = "%Y-%m-%d %H:%M:%S.%f"
"""How calendars write an instant, and how the database does."""


def copied(base: Path, to: Path) -> Path:
    """Copy an instance folder whose server has stopped."""
    shutil.copytree(base, to, ignore=shutil.ignore_patterns("served.log", "*.lock"))
    return to


def grow_projects(instance: Path, *, to: int) -> int:
    """Copy projects with all that belongs to them until there are as many; says how many there are."""
    with _database(instance) as database:
        return _grow(database, PROJECTS, counted="SELECT count(*) FROM projects", to=to)


def grow_entries(instance: Path, *, owner_id: int, to: int) -> int:
    """Copy one person's calendar entries until there are as many; says how many there are.

    Each then tells of another visit of the company, at a time and with a UID of its own: texts that repeat would be
    packed much smaller than those of a real calendar.
    """
    with _database(instance) as database:
        told = _entries_told(database)
        of_person = (
            "shows = 'visits' AND scope = 'person' AND scope_key = ? AND NOT is_busy_only AND NOT has_alarms"
        )
        database.execute(
            "DELETE FROM calendar_entries WHERE gone_at IS NOT NULL"
            f" OR calendar_id NOT IN (SELECT id FROM calendars WHERE {of_person})",
            (str(owner_id),),
        )
        database.execute(
            f"DELETE FROM feeds WHERE user_id = ? AND calendar_id NOT IN (SELECT id FROM calendars WHERE {of_person})",
            (owner_id, str(owner_id)),
        )
        count = _grow(database, ENTRIES, counted="SELECT count(*) FROM calendar_entries", to=to)
        _tell_apart(database, told)
        return count


def _entries_told(database: sqlite3.Connection) -> list[str]:
    """The entries of all visits as colleagues read them, each once, their lines unfolded."""
    rows = database.execute(
        "SELECT uid, max(body) FROM calendar_entries e JOIN calendars c ON c.id = e.calendar_id"
        " WHERE shows = 'visits' AND language = 'en' AND gone_at IS NULL AND length(body) > 0"
        " AND NOT is_busy_only AND NOT has_alarms AND NOT is_for_customer GROUP BY uid ORDER BY uid"
    )
    return [bytes(body).replace(b"\r\n ", b"").decode() for _, body in rows]


def _tell_apart(database: sqlite3.Connection, told: Sequence[str]) -> None:
    chance = random.Random(5)
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for (entry_id,) in database.execute("SELECT id FROM calendar_entries ORDER BY id").fetchall():
        text = chance.choice(told)
        before, ended = (datetime.strptime(_value(text, name), WRITTEN) for name in ("DTSTART", "DTEND"))
        starts_at = tomorrow + timedelta(days=chance.randrange(300), hours=before.hour, minutes=before.minute)
        ends_at = starts_at + (ended - before)
        made_at = starts_at - timedelta(days=chance.randrange(20, 120), seconds=chance.randrange(30_000))
        letters = b32encode(chance.randbytes(RANDOM_BYTES)).decode().lower()
        uid = f"{made_at:{WRITTEN}}-{letters}-{'bench' * 3}"
        changed_at = made_at + timedelta(days=chance.randrange(20), seconds=chance.randrange(30_000))
        for name, value in {
            "UID": uid,
            "DTSTAMP": f"{changed_at:{WRITTEN}}",
            "CREATED": f"{made_at:{WRITTEN}}",
            "LAST-MODIFIED": f"{changed_at:{WRITTEN}}",
            "DTSTART": f"{starts_at:{WRITTEN}}",
            "DTEND": f"{ends_at:{WRITTEN}}",
        }.items():
            text = text.replace(f"\r\n{name}:{_value(text, name)}\r\n", f"\r\n{name}:{value}\r\n", 1)
        text = text.replace(
            f"{before:%a} {before.day} {before:%b %Y}", f"{starts_at:%a} {starts_at.day} {starts_at:%b %Y}"
        )
        text = re.sub(r"/visits/[0-9]+", f"/visits/{10_000 + entry_id}", text)
        body = b"".join(vevent.folded(line) for line in text.removesuffix("\r\n").split("\r\n"))
        database.execute(
            "UPDATE calendar_entries SET uid = ?, body = ?, starts_at = ?, ends_at = ? WHERE id = ?",
            (uid, body, f"{starts_at:{KEPT}}", f"{ends_at:{KEPT}}", entry_id),
        )


def _value(text: str, name: str) -> str:
    return text.partition(f"\r\n{name}:")[2].partition("\r\n")[0]


@contextlib.contextmanager
def _database(instance: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(instance / "concierge.sqlite3")
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    try:
        yield connection
        connection.commit()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, f"copied rows point nowhere: {broken[:3]}"
        connection.execute("ANALYZE")
        connection.commit()
    finally:
        connection.close()


def _grow(database: sqlite3.Connection, tables: tuple[str, ...], *, counted: str, to: int) -> int:
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = tuple(table for table in tables if table in there)
    spans = {
        table: database.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0]
        for table in tables
    }
    (count,) = database.execute(counted).fetchone()
    assert count, "the demo company has nothing to copy"
    statements = [_copying(database, table, spans) for table in tables]
    generation, made = 0, count
    while made < to:
        generation += 1
        for statement in statements:
            database.execute(statement, {"g": generation})
        made += count
    surplus = max(made - to, 0)
    if surplus:
        counted_table = tables[-1] if tables == ENTRIES else "projects"
        _drop_last(database, counted_table, surplus)
    return int(database.execute(counted).fetchone()[0])


def _copying(database: sqlite3.Connection, table: str, spans: dict[str, int]) -> str:
    """The statement that copies the first rows of a table once, with ids and references moved along."""
    points_to = {row[3]: row[2] for row in database.execute(f"PRAGMA foreign_key_list({table})")}
    if table == "calendar_entries":
        points_to["subject_id"] = "visits"  # of a person's calendar of visits, which has no others
    columns = [(row[1], row[2].upper()) for row in database.execute(f"PRAGMA table_info({table})")]
    renamed = _unique_texts(database, table, dict(columns), points_to, spans)
    values = []
    for name, _ in columns:
        if name == "id":
            values.append(f"id + :g * {spans[table]}")
        elif points_to.get(name) in spans:
            values.append(f"{name} + :g * {spans[points_to[name]]}")
        elif name == "subject_id" and table == "calendar_entries":
            values.append(f"{name} + :g * {spans['visits']}")
        elif name == "body" and table == "calendar_entries":
            values.append("CAST(replace(CAST(body AS TEXT), uid, substr(uid, 1, 20) || '-' || :g) AS BLOB)")
        elif name == "uid":
            values.append("substr(uid, 1, 20) || '-' || :g")
        elif name in renamed:
            values.append(f"{name} || '-' || :g")
        else:
            values.append(name)
    names = ", ".join(name for name, _ in columns)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} WHERE id < {spans[table]}"


def _unique_texts(
    database: sqlite3.Connection,
    table: str,
    kinds: dict[str, str],
    points_to: dict[str, str],
    spans: dict[str, int],
) -> set[str]:
    """Columns that have to differ in a copy because a unique index would not differ otherwise."""
    renamed = set()
    for _, index, is_unique, *_rest in database.execute(f"PRAGMA index_list({table})").fetchall():
        parts = [row[2] for row in database.execute(f"PRAGMA index_info({index})") if row[2]]
        moved = any(points_to.get(part) in spans or part == "id" for part in parts)
        texts = [part for part in parts if "CHAR" in kinds[part] or "TEXT" in kinds[part]]
        if is_unique and not moved and texts:
            renamed.add(texts[-1])
    return renamed


def _drop_last(database: sqlite3.Connection, table: str, surplus: int) -> None:
    """Take away the last copies, and what points to them."""
    last = f"SELECT id FROM {table} ORDER BY id DESC LIMIT {surplus}"
    gone = [row[0] for row in database.execute(last)]
    database.execute("CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY)")
    database.executemany("INSERT INTO gone VALUES (?)", [(one,) for one in gone])
    database.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM gone)")
    database.execute("DROP TABLE gone")
    while broken := database.execute("PRAGMA foreign_key_check").fetchall():
        for child, row, _parent, _key in broken:
            database.execute(f"DELETE FROM {child} WHERE rowid = ?", (row,))
