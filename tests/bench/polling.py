"""Twenty thousand subscriptions that are polled every quarter of an hour, and a PDF being made beside them.

Requests start when they are due, whether or not earlier ones are answered, and a latency counts from then: a
server that falls behind cannot hide it. Most polls ask with the tag they had; one in twenty is a device that
starts afresh and wants everything.
"""

import queue
import random
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from concierge.feeds.secret import fresh_nonce, token_of
from concierge.identity.tokens import token_hash
from tests.bench.load import Connection

SUBSCRIPTIONS = 20_000
EVERY_S = 15 * 60
AFRESH = 0.05
ENTRIES = 40
"""Entries of each calendar: a technician's quarter."""
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Polled:
    """What the polls took, in milliseconds from when they were due."""

    p50_ms: float
    p99_ms: float
    unchanged_p99_ms: float
    polls: int
    late: int
    """How many took longer than a second."""


def subscribed(instance: Path, *, secret_key: str, count: int = SUBSCRIPTIONS) -> list[str]:
    """Copy the fullest calendar with its address until there are as many; gives their paths.

    Half of the entries of the pattern are kept, so that the database stays small enough to be made in a minute.
    """
    with sqlite3.connect(instance / "concierge.sqlite3") as database:
        database.execute("PRAGMA synchronous=OFF")
        (pattern,) = database.execute(
            "SELECT calendar_id FROM calendar_entries e JOIN calendars c ON c.id = e.calendar_id"
            " WHERE e.gone_at IS NULL AND c.shows = 'visits' GROUP BY calendar_id ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        (feed,) = database.execute(
            "SELECT id FROM feeds WHERE calendar_id = ? AND state = 'active'", (pattern,)
        ).fetchone()
        calendars = _columns(database, "calendars")
        entries = _columns(database, "calendar_entries")
        feeds = _columns(database, "feeds")
        first = database.execute("SELECT max(id) + 1 FROM calendars").fetchone()[0]
        paths = []
        for number in range(count):
            nonce = fresh_nonce()
            token = token_of(nonce, key=secret_key)
            new = {
                "id": first + number,
                "scope_key": str(10_000_000 + number),
                "label": secrets.token_hex(12),
                "version": secrets.token_hex(8),
            }
            _copy(database, "calendars", calendars, new, f"id = {pattern}")
            fresh = {"calendar_id": first + number, "token_hash": token_hash(token), "nonce": nonce}
            _copy(database, "feeds", feeds, fresh, f"id = {feed}")
            (name,) = database.execute("SELECT name FROM feeds WHERE id = ?", (feed,)).fetchone()
            paths.append(f"/cal/{token}/{name}.ics")
        kept = [name for name in entries if name != "calendar_id"]
        database.execute(
            f"INSERT INTO calendar_entries (calendar_id, {', '.join(kept)})"
            f" SELECT c.id, {', '.join(f'e.{name}' for name in kept)}"
            f" FROM calendars c JOIN (SELECT * FROM calendar_entries WHERE calendar_id = {pattern} AND gone_at IS NULL"
            f" ORDER BY starts_at LIMIT {ENTRIES}) e WHERE c.id >= {first}"
        )
        database.commit()
        database.execute("ANALYZE")
    return paths


def polled(port: int, paths: Sequence[str], *, seconds: float, seed: int = 7) -> Polled:
    """Poll for some seconds at the rate of all subscriptions; each one that is asked has been asked before."""
    chance = random.Random(seed)
    rate = len(paths) / EVERY_S
    due_at, at = [], 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        due_at.append(at)
    chosen = chance.sample(list(paths), len(due_at))
    tags = _tags(port, chosen)
    jobs: queue.Queue[tuple[float, str, dict[str, str]]] = queue.Queue()
    took: list[tuple[float, bool]] = []
    started = time.perf_counter() + 0.2

    def ask() -> None:
        connection = Connection(port)
        while True:
            due, path, headers = jobs.get()
            if not path:
                break
            time.sleep(max(0.0, started + due - time.perf_counter()))
            answer = connection.get(path, headers)
            assert answer.status == (304 if headers else 200), answer.status
            took.append(((time.perf_counter() - started - due) * 1000, bool(headers)))
        connection.close()

    for due, path in zip(due_at, chosen, strict=True):
        headers = {} if chance.random() < AFRESH else {"If-None-Match": tags[path]}
        jobs.put((due, path, headers))
    for _ in range(CONNECTIONS):
        jobs.put((0.0, "", {}))
    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == len(due_at), "a poll failed"
    every = sorted(ms for ms, _ in took)
    unchanged = sorted(ms for ms, is_unchanged in took if is_unchanged)
    return Polled(
        p50_ms=every[len(every) // 2],
        p99_ms=every[int(len(every) * 0.99)],
        unchanged_p99_ms=unchanged[int(len(unchanged) * 0.99)],
        polls=len(took),
        late=sum(ms > 1000 for ms in every),
    )


def beside(work: Callable[[], None], measured: Callable[[], Polled]) -> tuple[Polled, int]:
    """Do work again and again while something is measured; gives what was measured and how often it was done."""
    done, is_over = 0, threading.Event()

    def repeat() -> None:
        nonlocal done
        while not is_over.is_set():
            work()
            done += 1

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        found = measured()
    finally:
        is_over.set()
        thread.join()
    return found, done


def _tags(port: int, paths: Sequence[str]) -> dict[str, str]:
    connection = Connection(port)
    tags = {path: connection.get(path).headers["etag"] for path in paths}
    connection.close()
    return tags


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "id"]


def _copy(
    database: sqlite3.Connection, table: str, columns: Sequence[str], new: dict[str, object], where: str
) -> None:
    kept = [name for name in columns if name not in new]
    names = ", ".join([*new, *kept])
    values = ", ".join(["?"] * len(new) + kept)
    database.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {where}", [*new.values()]
    )
