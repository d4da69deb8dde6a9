"""What every test may ask for: the application on both databases, a client, somebody signed in."""

import gc
import os
import re
from collections.abc import Callable, Iterator
from contextvars import Context
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from xdist.scheduler import LoadScopeScheduling

from concierge.app import create_app
from concierge.identity.actions.sessions import open_session
from concierge.identity.models import User
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.settings import load
from tests.makers import people
from tests.weighing import unweighed

if TYPE_CHECKING:
    from tests.servers import PostgresServer  # loaded as a plugin below, which rewrites its assertions

pytest_plugins = ["tests.programs", "tests.servers", "tests.mail_server", "tests.browser", "tests.web_server"]

# The same examples each time, however busy the machine is; others with --hypothesis-profile=default
settings.register_profile(
    "steady",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("steady")

SETTINGS = {
    "CONCIERGE_SECRET_KEY": "a key for tests only",
    "CONCIERGE_SYNCHRONOUS": "NORMAL",
    "CONCIERGE_MAIL_HOLD": "0",  # what leaves is looked at when everything due is done
}


WEDNESDAY = datetime(2026, 11, 18, 9, tzinfo=UTC)


class Together(LoadScopeScheduling):
    """Hands out test by test, but to one process what shares something dear (xdist 3.8 cannot with pytest 9.2)."""

    def _split_scope(self, nodeid: str) -> str:
        return _shared_with(nodeid.partition("::")[0]) or nodeid


@cache
def _shared_with(file: str) -> str:
    """What the tests of a file share: the browser and its site, or what the file makes once; empty: nothing."""
    text = (Path(__file__).parent.parent / file).read_text("utf-8")
    if "pytest.mark.browser" in text:
        return "browser"
    makes_once = 'scope="module"' in text or "from tests import catalogues" in text  # these read every source
    return file if makes_once else ""


@pytest.hookimpl(optionalhook=True)  # xdist may be off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:  # Any: xdist's Producer
    """The one that keeps together; the largest groups come first."""
    return Together(config, log)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among modules and tests, which stay: a sixth of all the time was that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


class Browser(FlaskClient):
    """Sends each request from outside, as a browser does: nothing of the test's own context leaks in."""

    def open(self, *args: Any, **kwargs: Any) -> Any:  # Any: whatever the test client takes and gives
        """Send one request."""
        return Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on SQLite, with empty tables."""
    yield from _prepared(tmp_path_factory.mktemp("sqlite"), "", _templates(tmp_path_factory))


@pytest.fixture(scope="session")
def postgres_app(postgres: "PostgresServer", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on PostgreSQL, with empty tables."""
    url = postgres.create("suite")
    yield from _prepared(tmp_path_factory.mktemp("postgres"), url, _templates(tmp_path_factory))


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application inside its context, first on SQLite, then on PostgreSQL; as it was again after the test."""
    application: Flask = request.getfixturevalue(
        "sqlite_app" if request.param == "sqlite" else "postgres_app"
    )
    usual = dict(application.extensions)
    with application.app_context():
        yield application
        application.extensions.update(usual)
        db.session.remove()
        _empty()


@pytest.fixture
def wednesday() -> Iterator[None]:
    """It is a Wednesday with no holiday near: for tests whose people plan from today on, whenever they are run."""
    with time_machine.travel(WEDNESDAY):
        yield


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody with a browser, not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[User], FlaskClient]:
    """Give a person a browser in which they are signed in."""

    def signed_in(user: User) -> FlaskClient:
        with unit_of_work():
            token = open_session(user, client="test", days=1, at=clock.now())
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return browser

    return signed_in


@pytest.fixture
def ada(app: Flask, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Ada, who coordinates, in her browser."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


def csrf_token(browser: FlaskClient, page: str) -> str:
    """The token of a form on a page, as a person's browser would send it."""
    answer = browser.get(page)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.get_data(as_text=True))
    assert found, f"{page} has no form: {answer.status}, {answer.location or answer.text[:2000]}"
    return found[1]


def _templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled templates, for both applications of all processes of this run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    (folder / "templates").mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder / "templates"))


def _prepared(instance: Path, database_url: str, templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    environ = {**SETTINGS, "CONCIERGE_INSTANCE": str(instance)}
    if database_url:
        environ["DATABASE_URL"] = database_url
    application = create_app(load(environ))
    application.config["TESTING"] = False
    application.test_client_class = Browser
    application.jinja_env.bytecode_cache = templates
    with application.app_context():
        Base.metadata.create_all(db.engine.execution_options(writing=True))
    yield application
    with application.app_context():
        db.engine.dispose()


def _empty() -> None:
    """Delete what the test left, only where something is: most tests touch a few of a hundred tables."""
    unweighed()
    look, names = _question()
    with db.engine.execution_options(writing=True).connect() as connection:
        found = connection.exec_driver_sql(look).one()
        full = [name for name, is_full in zip(names, found, strict=True) if is_full]
        if not full:
            return
        if connection.dialect.name == "postgresql":
            deletions = "; ".join(f'DELETE FROM "{name}"' for name in full)
            connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletions}")
        else:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for name in full:
                connection.exec_driver_sql(f'DELETE FROM "{name}"')
        connection.commit()


@cache
def _question() -> tuple[str, tuple[str, ...]]:
    """Which tables hold a row, in one statement that both databases answer; and the tables, in its order."""
    names = tuple(table.name for table in reversed(Base.metadata.sorted_tables))
    return "SELECT " + ", ".join(f'EXISTS (SELECT 1 FROM "{name}")' for name in names), names
