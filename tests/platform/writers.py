"""Processes that write the same rows at once, and processes that share a count."""

import multiprocessing
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from concierge.platform import database, limits
from concierge.platform.database import db, unit_of_work
from concierge.platform.settings import Settings

tables = sa.MetaData()
counters = sa.Table(
    "test_counters",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)
audit = sa.Table(
    "test_audit", tables, sa.Column("id", sa.Integer, primary_key=True), sa.Column("counter", sa.Integer)
)

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Outcome:
    """What one writer saw."""

    written: int
    errors: tuple[str, ...]
    slowest_s: tuple[float, ...]


def make_app(folder: Path, database_url: str) -> Flask:
    app = Flask("writers")
    settings = Settings(instance=folder, database_url=database_url, synchronous="NORMAL", secret_key="x")
    database.register(app, settings)
    return app


def prepare(folder: Path, database_url: str) -> Flask:
    app = make_app(folder, database_url)
    with app.app_context(), db.engine.execution_options(writing=True).begin() as connection:
        tables.create_all(connection)
        limits.RateCount.__table__.create(connection)  # type: ignore[attr-defined]  # a Table, typed as FromClause
        connection.execute(counters.insert(), [{"id": n, "value": 0} for n in range(4)])
    return app


def in_processes(target: Any, count: int, *args: Any) -> list[Any]:
    """Run a function in several processes at once and return what each returned."""
    answers = processes.Queue()
    running = [processes.Process(target=_answer, args=(answers, target, n, *args)) for n in range(count)]
    for process in running:
        process.start()
    found = [answers.get(timeout=60) for _ in running]
    for process in running:
        process.join()
    return found


def add_ones(number: int, folder: Path, database_url: str, seconds: float) -> Outcome:
    """Read a hot row, add one, write it, note it: over and over."""
    app, chance, errors, taken = make_app(folder, database_url), random.Random(number), [], []
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        began = time.perf_counter()
        try:
            with app.app_context(), unit_of_work():
                which = chance.randrange(4)
                value = db.session.scalar(
                    sa.select(counters.c.value).where(counters.c.id == which).with_for_update()
                )
                db.session.execute(
                    counters.update().where(counters.c.id == which).values(value=(value or 0) + 1)
                )
                db.session.execute(audit.insert().values(counter=which))
        except sa.exc.SQLAlchemyError as error:
            errors.append(str(error)[:200])
        else:
            taken.append(time.perf_counter() - began)
    with app.app_context():
        db.engine.dispose()
    return Outcome(len(taken), tuple(errors), tuple(sorted(taken)[-20:]))


def hit(number: int, folder: Path, database_url: str, times: int) -> list[int]:
    """Count hits of one key."""
    app = make_app(folder, database_url)
    with app.app_context():
        storage = limits.DatabaseStorage("concierge://")
        counts = [storage.incr("sign-in/ada", 900) for _ in range(times)]
        db.engine.dispose()
    return counts


def _answer(answers: Any, target: Any, *args: Any) -> None:
    answers.put(target(*args))
