"""What every test may ask for: the application on both databases, a client, somebody signed in."""

import re
from collections.abc import Callable, Iterator
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.app import create_app
from concierge.identity.actions.sessions import open_session
from concierge.identity.models import User
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.settings import load
from tests.makers import people

if TYPE_CHECKING:
    from tests.servers import PostgresServer  # loaded as a plugin below, which rewrites its assertions

pytest_plugins = ["tests.programs", "tests.servers", "tests.mail_server", "tests.browser", "tests.web_server"]

SETTINGS = {
    "CONCIERGE_SECRET_KEY": "a key for tests only",
    "CONCIERGE_SYNCHRONOUS": "NORMAL",
    "CONCIERGE_MAIL_HOLD": "0",  # what leaves is looked at when everything due is done
}


class Browser(FlaskClient):
    """Sends each request from outside, as a browser does: nothing of the test's own context leaks in."""

    def open(self, *args: Any, **kwargs: Any) -> Any:  # Any: whatever the test client takes and gives
        """Send one request."""
        return Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on SQLite, with empty tables."""
    yield from _prepared(tmp_path_factory.mktemp("sqlite"), "")


@pytest.fixture(scope="session")
def postgres_app(postgres: "PostgresServer", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on PostgreSQL, with empty tables."""
    yield from _prepared(tmp_path_factory.mktemp("postgres"), postgres.create("suite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application inside its context, first on SQLite, then on PostgreSQL; empty again after the test."""
    application: Flask = request.getfixturevalue(
        "sqlite_app" if request.param == "sqlite" else "postgres_app"
    )
    with application.app_context():
        yield application
        db.session.remove()
        _empty(application)


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
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).get_data(as_text=True))
    assert found, f"{page} has no form"
    return found[1]


def _prepared(instance: Path, database_url: str) -> Iterator[Flask]:
    environ = {**SETTINGS, "CONCIERGE_INSTANCE": str(instance)}
    if database_url:
        environ["DATABASE_URL"] = database_url
    application = create_app(load(environ))
    application.config["TESTING"] = False
    application.test_client_class = Browser
    with application.app_context():
        Base.metadata.create_all(db.engine.execution_options(writing=True))
    yield application
    with application.app_context():
        db.engine.dispose()


def _empty(application: Flask) -> None:
    with db.engine.execution_options(writing=True).connect() as connection:
        postgres = db.engine.dialect.name == "postgresql"
        if postgres:
            connection.execute(sa.text("SET session_replication_role = replica"))
        else:
            connection.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        if postgres:
            connection.execute(sa.text("SET session_replication_role = DEFAULT"))
        connection.commit()
