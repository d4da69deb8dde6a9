"""A clock that tests set, and a reader of calendars over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from io import StringIO

import pytest
import sqlalchemy as sa
import structlog
from flask import Flask

from concierge.platform import clock
from concierge.platform.database import AlwaysAsked, db
from tests.makers import calendar

Selects = Callable[[], AbstractContextManager[list[str]]]


class SetClock:
    """The time it is, as the test says."""

    def __init__(self) -> None:
        self.at = calendar.AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def it_is(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """The clock of the application; set `it_is.at`."""
    time = SetClock()
    monkeypatch.setattr(clock, "now", time)
    return time


@pytest.fixture
def logged(app: Flask) -> Iterator[StringIO]:
    """What is written to the log, as it is written."""
    lines = StringIO()
    before = structlog.get_config()["logger_factory"]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=lines))
    yield lines
    structlog.configure(logger_factory=before)


@pytest.fixture
def selects() -> Selects:
    """Count the questions that are put to the database inside `with selects() as asked:`."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(connection: object, cursor: object, statement: str, *_: object) -> None:
            if not statement.startswith(("PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")):
                asked.append(statement)

        row = AlwaysAsked.row

        def noted(self: AlwaysAsked, value: str) -> object:
            asked.append(self._text)
            return row(self, value)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        with pytest.MonkeyPatch.context() as watched:
            watched.setattr(AlwaysAsked, "row", noted)
            yield asked
        sa.event.remove(db.engine, "before_cursor_execute", note)

    return counting
