"""What a calendar costs that has to be put together: after one change, and from nothing, in processor time."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from concierge.feeds import queries, shelf
from concierge.feeds.actions import addresses
from concierge.feeds.models import Feed
from concierge.feeds.plan import Choice
from concierge.feeds.states import FeedState, Scope, Shows
from concierge.identity.models import User
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.visits.models import Visit
from tests.bench.figures import Figure
from tests.makers import calendar

ROUNDS = 9


def costs(app: Flask, *, entries: int) -> Iterator[Figure]:
    """Put calendars of one site together whose visits fill them; the figures are medians of the request alone.

    Stands inside an application context; the visits of the company are moved to one site and into the coming weeks.
    """
    person, site_id = _one_site(entries)
    path, from_nothing = _subscribed(app, person, site_id, entries)
    yield Figure(
        f"calendar of {entries:,} made from nothing",
        from_nothing,
        "ms",
        remark="goal 250 CPU ms: every entry written, checked and stored, then the file",
    )
    ask(app, path)  # the fetch is noted, as it is once in ten minutes
    for name, coding in (("plain", "identity"), ("packed", "gzip")):
        changed, made = [], []
        for _ in range(ROUNDS):
            changed.append(_cpu_ms(_change))
            status, ms = timed_ask(app, path, coding)
            assert status.startswith("200"), status
            made.append(ms)
        yield Figure(
            f"calendar of {entries:,} after one change, {name}",
            statistics.median(made),
            "ms",
            remark=f"goal 12 CPU ms; the change itself wrote its entries in {statistics.median(changed):.1f} ms",
        )


def ask(app: Flask, path: str, coding: str = "identity") -> str:
    """Ask the application for a calendar, without a server; gives the status."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT_ENCODING": coding,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    said: list[str] = []
    answer = app.wsgi_app(
        environ, lambda status, headers, problem=None: said.append(status) or (lambda data: None)
    )
    for _ in answer:
        pass
    if hasattr(answer, "close"):
        answer.close()
    return said[0]


def timed_ask(app: Flask, path: str, coding: str) -> tuple[str, float]:
    """The status of an answer and the processor time it took, in milliseconds."""
    began_at = time.process_time()
    status = ask(app, path, coding)
    return status, (time.process_time() - began_at) * 1000


def _one_site(entries: int) -> tuple[User, int]:
    """Bring the visits to the site that has most of them, one an hour from tomorrow on."""
    site_id = db.session.scalar(
        sa.select(Visit.site_id).group_by(Visit.site_id).order_by(sa.func.count().desc()).limit(1)
    )
    assert site_id is not None, "the company has no visit"
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)
    with unit_of_work():
        ids = db.session.scalars(sa.select(Visit.id).order_by(Visit.id).limit(entries)).all()
        assert len(ids) == entries, "the company was not grown"
        for number, visit_id in enumerate(ids):
            at = first + timedelta(hours=number % 9000)
            db.session.execute(
                sa.update(Visit)
                .where(Visit.id == visit_id)
                .values(
                    site_id=site_id,
                    state="confirmed",
                    cancelled_at=None,
                    zone="UTC",
                    starts_local=at,
                    ends_local=at + timedelta(hours=2),
                    starts_at=at.replace(tzinfo=UTC),
                    ends_at=at.replace(tzinfo=UTC) + timedelta(hours=2),
                )
            )
        rest = sa.update(Visit).where(Visit.site_id == site_id, Visit.id.not_in(ids)).values(state="draft")
        db.session.execute(rest.values(cancelled_at=None))
    manager = db.session.scalar(sa.select(User).where(User.role == "manager").order_by(User.id).limit(1))
    assert manager is not None
    return manager, site_id


def _subscribed(app: Flask, person: User, site_id: int, entries: int) -> tuple[str, float]:
    """The path of a new calendar of the site, and what making and fetching it for the first time took."""
    choice = Choice(shows=Shows.VISITS, scope=Scope.SITE, scope_key=str(site_id), has_alarms=False)
    shelf.clear()
    db.session.remove()
    began_at = time.process_time()
    with unit_of_work():
        feed = addresses.create_address(
            db.session.get_one(User, person.id), choice, device="bench", actor_id=None, at=clock.now()
        )
        url = queries.url_of(feed)
    path = "/cal/" + url.partition("/cal/")[2]
    assert ask(app, path).startswith("200")
    took = (time.process_time() - began_at) * 1000
    address = queries.address_of_token(path.split("/")[2])
    assert address is not None
    found = queries.file_of(address, at=clock.now()).count(b"BEGIN:VEVENT")
    assert found == entries, f"{found} entries instead of {entries}"
    assert db.session.scalar(sa.select(sa.func.count()).where(Feed.state == FeedState.ACTIVE))
    db.session.rollback()
    return path, took


def _change() -> None:
    with unit_of_work():
        visit = db.session.scalars(
            sa.select(Visit).where(Visit.state == "confirmed").order_by(Visit.id).limit(1)
        ).one()
        calendar.move(visit, by=timedelta(minutes=5), at=clock.now())


def _cpu_ms(act: Callable[[], None]) -> float:
    began_at = time.process_time()
    act()
    return (time.process_time() - began_at) * 1000
