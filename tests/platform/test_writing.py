"""Many write at once and lose nothing; who only reads cannot write; counts are shared."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask

from concierge.cli import main
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work, write_aside
from concierge.platform.deliveries import Delivery
from concierge.platform.limits import DatabaseStorage
from tests.platform import writers

SECONDS = float(os.environ.get("WRITERS_TEST_SECONDS", "3"))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Flask, Path, str]]:
    url = ""
    if request.param == "postgresql":
        server: Any = request.getfixturevalue("postgres")
        url = server.create("writers")
    app = writers.prepare(tmp_path, url)
    yield app, tmp_path, url
    with app.app_context():
        db.engine.dispose()


def test_eight_writers_lose_nothing_and_are_never_locked_out(place: tuple[Flask, Path, str]) -> None:
    app, folder, url = place

    outcomes = writers.in_processes(writers.add_ones, 8, folder, url, SECONDS)

    written = sum(outcome.written for outcome in outcomes)
    with app.app_context():
        total = db.session.scalar(sa.select(sa.func.sum(writers.counters.c.value)))
        noted = db.session.scalar(sa.select(sa.func.count(writers.audit.c.id)))
    print(f"\n{written} transactions, slowest {max(max(outcome.slowest_s) for outcome in outcomes):.3f} s")
    assert [error for outcome in outcomes for error in outcome.errors] == []
    assert written == total == noted
    assert written > 50


@pytest.mark.parametrize("is_running", [True, False])
def test_a_database_that_is_away_is_not_made_anew(tmp_path: Path, *, is_running: bool) -> None:
    """What was saved last stands in its journal, which SQLite deletes beside a database that is empty."""
    app = writers.prepare(tmp_path, "")
    there, away = tmp_path / "concierge.sqlite3", tmp_path / "away.sqlite3"
    counted = sa.select(sa.func.sum(writers.counters.c.value))
    with app.app_context(), db.engine.connect() as open_all_the_time:
        open_all_the_time.execute(counted)
        with db.engine.execution_options(writing=True).begin() as connection:
            connection.execute(writers.counters.update().values(value=1))
        there.rename(away)

        asking = app if is_running else writers.make_app(tmp_path, "")
        with asking.app_context():
            db.engine.dispose()
            with pytest.raises(sa.exc.OperationalError, match="unable to open"), db.engine.connect() as other:
                other.execute(counted)
        assert not there.exists()

        away.rename(there)
        with asking.app_context():
            with db.engine.connect() as other:
                assert other.execute(counted).scalar() == 4
            db.engine.dispose()
    with app.app_context():
        db.engine.dispose()


def test_an_upgrade_says_that_the_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "concierge.sqlite3-wal").touch()

    done = CliRunner().invoke(
        main, ["db", "upgrade"], env={"CONCIERGE_INSTANCE": str(tmp_path), "DATABASE_URL": ""}
    )

    assert done.exit_code == 1
    assert "unable to open database file" in done.stderr
    assert "put it back" in done.stderr
    assert not (tmp_path / "concierge.sqlite3").exists()


def test_two_processes_share_a_count(place: tuple[Flask, Path, str]) -> None:
    _, folder, url = place

    counts = writers.in_processes(writers.hit, 4, folder, url, 20)

    assert sorted(count for process in counts for count in process) == list(range(1, 81))


def test_a_count_starts_anew_when_its_window_is_over(app: Flask) -> None:
    storage = DatabaseStorage("concierge://")
    assert [storage.incr("a", 60), storage.incr("a", 60), storage.incr("b", 60)] == [1, 2, 1]
    assert storage.get("a") == 2

    with time_machine.travel(clock.now() + timedelta(seconds=61), tick=False):
        assert storage.get("a") == 0
        assert storage.incr("a", 60) == 1
    storage.clear("a")
    assert storage.get("a") == 0


def test_who_only_reads_cannot_write(app: Flask) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        db.session.execute(
            sa.insert(Delivery).values(name="x", args={}, run_at=clock.now(), created_at=clock.now())
        )
    db.session.rollback()

    with unit_of_work():
        db.session.execute(sa.delete(Delivery))


def test_a_get_that_writes_fails_and_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def write() -> str:
        db.session.execute(
            sa.insert(Delivery).values(name="x", args={}, run_at=clock.now(), created_at=clock.now())
        )
        return "written"

    monkeypatch.setitem(app.view_functions, "identity.sign_in", write)

    assert app.test_client().get("/sign-in").status_code == 500
    assert app.test_client().head("/sign-in").status_code == 500
    assert db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 0


def test_what_a_get_must_note_is_written_aside(app: Flask) -> None:
    with write_aside() as aside:
        aside.execute(
            sa.insert(Delivery).values(
                name="x", args={}, run_at=clock.now(), created_at=clock.now(), last_error=""
            )
        )

    assert db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 1
