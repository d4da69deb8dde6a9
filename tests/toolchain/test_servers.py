"""The private PostgreSQL of the tests."""

import os
import time

import psycopg

from tests.servers import PostgresServer, running_postgres


def test_databases_are_copied_from_a_template_and_dropped(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.create("toolchain_template"), autocommit=True) as connection:
        connection.execute("CREATE TABLE thing (name text)")
        connection.execute("INSERT INTO thing VALUES ('kept')")

    with psycopg.connect(postgres.create("toolchain_copy", template="toolchain_template")) as connection:
        assert connection.execute("SELECT name FROM thing").fetchall() == [("kept",)]
        postgres.drop("toolchain_template")

    postgres.drop("toolchain_copy")


def test_a_server_leaves_nothing_behind(postgres: PostgresServer) -> None:
    started_at = time.monotonic()

    with running_postgres() as server:
        assert server.folder.exists()
        open_pool = psycopg.connect(server.url("postgres"))

    assert not server.folder.exists()
    assert not _is_alive(server.pid)
    assert time.monotonic() - started_at < 60
    open_pool.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
