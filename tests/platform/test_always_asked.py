"""A question that is asked all the time, over connections that stay open: on both databases."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.pool import PoolProxiedConnection

from concierge.identity.models import User
from concierge.platform.database import AlwaysAsked, db, unit_of_work
from tests.makers import people

QUESTION = sa.select(User.id, User.role, User.created_at, User.name).where(
    User.email == sa.bindparam("email")
)
EMAIL = "ada@example.com"


@pytest.fixture
def asked(app: Flask) -> Iterator[AlwaysAsked]:
    with unit_of_work():
        people.user(email=EMAIL)
        people.user(email="ben@example.com")
    asked = AlwaysAsked(db.engine, QUESTION)
    yield asked
    asked.let_go()


def opened(asked: AlwaysAsked) -> list[PoolProxiedConnection]:
    return list(asked._idle)


def on_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


def from_outside(app: Flask, statement: str) -> list[Any]:  # Any: a row's values
    """Ask past the application, as the database's owner does."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def test_a_row_has_the_values_that_the_session_gives(asked: AlwaysAsked) -> None:
    row = asked.row(EMAIL)

    assert row == tuple(db.session.execute(QUESTION, {"email": EMAIL}).one())
    assert row is not None
    assert row[2].tzinfo is UTC
    assert asked.row("nobody@example.com") is None
    assert asked.row("' OR '1'='1") is None


def test_what_was_saved_is_seen_at_once_and_nothing_keeps_the_writer_waiting(asked: AlwaysAsked) -> None:
    for name in ("Ada Byron", "Ada King"):
        asked.row(EMAIL)
        with unit_of_work():
            db.session.execute(sa.update(User).where(User.email == EMAIL).values(name=name))
        assert (asked.row(EMAIL) or ())[3] == name


def test_one_after_the_other_needs_one_connection_outside_the_pool(asked: AlwaysAsked) -> None:
    db.session.remove()
    taken = db.engine.pool.checkedout()  # type: ignore[attr-defined]  # a QueuePool

    for _ in range(50):
        asked.row(EMAIL)

    assert len(opened(asked)) == 1
    assert db.engine.pool.checkedout() == taken  # type: ignore[attr-defined]  # as above


def test_many_threads_are_answered_over_few_connections(asked: AlwaysAsked) -> None:
    expected = asked.row(EMAIL)
    together = threading.Barrier(24)

    def ask(_: int) -> set[object]:
        together.wait()
        return {asked.row(EMAIL) for _ in range(60)}

    with ThreadPoolExecutor(24) as threads:
        answers = set().union(*threads.map(ask, range(24)))

    assert answers == {expected}
    assert 1 <= len(opened(asked)) <= AlwaysAsked.MOST
    assert asked._open == len(opened(asked))


def test_whoever_finds_all_taken_waits_for_one_and_not_for_ever(
    asked: AlwaysAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.row(EMAIL)
    monkeypatch.setattr(AlwaysAsked, "MOST", 1)
    monkeypatch.setattr(AlwaysAsked, "_PATIENCE_S", 0.2)
    taken = asked._idle.pop()

    with pytest.raises(TimeoutError):
        asked.row(EMAIL)
    monkeypatch.setattr(AlwaysAsked, "_PATIENCE_S", 20)
    threading.Timer(0.1, asked._idle.append, (taken,)).start()

    assert asked.row(EMAIL) is not None
    assert opened(asked) == [taken]


def test_nothing_is_idle_in_a_transaction(app: Flask, asked: AlwaysAsked) -> None:
    asked.row(EMAIL)
    [connection] = opened(asked)
    driver: Any = connection.dbapi_connection  # Any: either driver's connection

    if not on_postgresql():
        assert not driver.in_transaction
        with pytest.raises(Exception, match="readonly"):
            driver.execute("DELETE FROM users")
        return
    found = from_outside(app, f"SELECT state FROM pg_stat_activity WHERE pid = {driver.info.backend_pid}")
    assert found == [("idle",)]


def test_connections_that_were_cut_are_replaced(app: Flask, asked: AlwaysAsked) -> None:
    expected = asked.row(EMAIL)
    [connection] = opened(asked)
    if on_postgresql():
        driver: Any = connection.dbapi_connection  # Any: the driver's connection
        from_outside(app, f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")
    else:
        connection.dbapi_connection.close()  # type: ignore[union-attr]  # it is open

    with pytest.raises(Exception, match=r"terminat|closed"):
        asked.row(EMAIL)

    assert opened(asked) == []
    assert asked._open == 0
    assert asked.row(EMAIL) == expected


def test_a_database_that_cannot_be_opened_is_told_and_found_again(
    asked: AlwaysAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed() -> None:
        raise OSError("no database")

    with monkeypatch.context() as gone:
        gone.setattr(db.engine, "raw_connection", closed)
        for _ in range(AlwaysAsked.MOST + 2):
            with pytest.raises(OSError, match="no database"):
                asked.row(EMAIL)

    assert asked.row(EMAIL) is not None


def test_an_engine_that_lets_go_closes_these_too_also_what_is_in_use(
    asked: AlwaysAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.row(EMAIL)
    [connection] = opened(asked)
    cursor = connection.cursor

    def while_asked() -> object:
        db.engine.dispose()
        return cursor()

    monkeypatch.setattr(connection, "cursor", while_asked)

    assert asked.row(EMAIL) is not None
    assert (opened(asked), asked._open) == ([], 0)
    assert asked.row(EMAIL) is not None
    db.engine.dispose()
    assert (opened(asked), asked._open) == ([], 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_uses_and_closes_none_of_its_parents(asked: AlwaysAsked) -> None:
    expected = asked.row(EMAIL)
    [connection] = opened(asked)

    told = in_child(lambda: not opened(asked) and asked._open == 0 and asked.row(EMAIL) == expected)

    assert told == 0
    assert opened(asked) == [connection]
    assert asked.row(EMAIL) == expected


def in_child(is_so: Callable[[], bool]) -> int:
    """What a forked child says of something: 0 when it is so."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            db.engine.dispose(close=False)
            status = 0 if is_so() else 2
        finally:
            os._exit(status)
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")
