"""Portfolios of any size, on either database, and what looking at them costs in processor time."""

import io
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from concierge.app import create_app
from concierge.identity.actions.sessions import open_session
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders.models import Order, OrderLine
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work, weigh_tables
from concierge.platform.settings import load
from concierge.projects.models import Project
from concierge.projects.states import Health, ProjectState
from tests.bench import bare
from tests.bench.figures import Figure

FULL = 0.93
"""A page with at least so much of another's bytes is as full."""
AT_ONCE = 5_000
"""Rows of one statement."""

PAGES = {
    "projects, list": "/projects",
    "projects, lines": "/projects?view=lines",
    "projects, board": "/projects?view=board",
}
"""What is looked at, and where."""

GOALS = {
    "projects, list": "goal 5 ms",
    "projects, lines": "goal 5 ms",
    "projects, board": "goal 10 ms, 300 KiB",
}

Row = dict[str, Any]  # Any: values of a table's columns


def measure(
    environ: Mapping[str, str],
    database: str,
    *,
    sizes: Sequence[int],
    seconds: float,
    note: Callable[[Figure], None],
    before: "dict[str, dict[int, Taken]] | None" = None,
) -> None:
    """Look at the projects of companies of each size; the yardstick is a bare route of as many bytes.

    A page of ten projects has ten rows on it and one of a hundred fifty, so growth is told from the smallest company
    and from the smallest whose page is as full: that is the growth that comes from the size of the company.

    :param database: what is written beside the figures.
    :param before: what smaller companies took, by page and size, which these are compared with.
    """
    app = create_app(load(dict(environ)))
    before = {} if before is None else before
    with app.app_context():
        for size in sizes:
            count = fill(size)
            with unit_of_work():
                manager = db.session.scalars(
                    sa.select(User).where(User.role == Role.MANAGER).order_by(User.id)
                ).first()
                assert manager is not None, "the demo company has a manager"
                token = open_session(manager, client="bench", days=1, at=clock.now())
            db.session.remove()
            headers = signed_in(app, token)
            for name, path in PAGES.items():
                taken = answered(app.wsgi_app, path, headers, seconds=seconds)
                ms, bytes_ = taken.cpu_ms, taken.bytes
                bare_ms = answered(bare.app.wsgi_app, f"/bytes/{bytes_}", {}, seconds=seconds / 4).cpu_ms
                sizes_before = before.setdefault(name, {})
                sizes_before[count] = taken
                remark = f"{GOALS[name]}; {bytes_ / 1024:,.0f} KiB; {_growth(sizes_before, count)}"
                if database != "SQLite":  # whose work is done in this process
                    remark += f"; answered in {taken.wall_ms:.1f} ms"
                note(
                    Figure(
                        f"{name} ({count:,} projects, {database})",
                        ms,
                        "CPU ms",
                        ms / bare_ms,
                        "bare route",
                        remark,
                    )
                )
        db.session.remove()
        db.engine.dispose()


def fill(to: int) -> int:
    """Have exactly so many projects: fewer than there are, or copies with dates and health of their own.

    A smaller company is the demo company without its later projects, so a larger one cannot follow from it.
    """
    _cut(to)
    with unit_of_work():
        patterns = _patterns()
        assert patterns, "there is no project to copy"
        count = db.session.scalar(sa.select(sa.func.count(Project.id))) or 0
        tables = {table: _next_id(table) for table in (Order, OrderLine, Project)}
        chance = random.Random(11)
        for first in range(count, to, AT_ONCE):
            orders, lines, projects = [], [], []
            for number in range(first, min(to, first + AT_ONCE)):
                project, order, of_order = patterns[number % len(patterns)]
                order_id = tables[Order]
                tables[Order] += 1
                orders.append({**order, "id": order_id, "number": f"{order['number'][:60]}-{number}"})
                for line in of_order:
                    lines.append({**line, "id": tables[OrderLine], "order_id": order_id})
                    tables[OrderLine] += 1
                projects.append(
                    {**_copy(project, number, chance), "id": tables[Project], "order_id": order_id}
                )
                tables[Project] += 1
            for table, rows in ((Order, orders), (OrderLine, lines), (Project, projects)):
                db.session.execute(sa.insert(table.__table__), rows)
    settle()
    return db.session.scalar(sa.select(sa.func.count(Project.id))) or 0


def settle() -> None:
    """Let the database look at its tables, as it does by itself some time after so many rows were written.

    PostgreSQL also notes which pages everybody may see, without which it reads the rows behind an index.
    """
    db.session.rollback()
    with db.engine.execution_options(writing=True, isolation_level="AUTOCOMMIT").connect() as connection:
        if connection.dialect.name == "sqlite":
            weigh_tables(connection)
        else:
            connection.execute(sa.text("VACUUM (ANALYZE)"))
        connection.commit()


def _cut(to: int) -> None:
    """Take away the projects beyond the first so many, their orders, and all that hangs on them."""
    with unit_of_work():
        surplus = db.session.execute(
            sa.select(Project.id, Project.order_id).order_by(Project.id).offset(to).limit(AT_ONCE)
        ).all()
        if not surplus:
            return
        gone = {"projects": {row[0] for row in surplus}, "orders": {row[1] for row in surplus}}
        tables = Base.metadata.sorted_tables
        for table in tables:
            for key in table.foreign_keys:
                if (ids := gone.get(key.column.table.name)) and key.ondelete != "SET NULL":
                    hanging = db.session.scalars(sa.select(table.c.id).where(key.parent.in_(ids)))
                    gone.setdefault(table.name, set()).update(hanging)
        for table in reversed(tables):
            if ids := gone.get(table.name):
                db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one answer takes: processor time of this process and time until it is there, medians, and its bytes."""

    cpu_ms: float
    wall_ms: float
    bytes: int


def answered(
    app: Callable[..., Any],  # Any: a WSGI program
    path: str,
    headers: Mapping[str, str],
    *,
    seconds: float,
) -> Taken:
    """Ask for one page again and again."""
    answer = _asked(app, path, headers)
    for _ in range(20):
        answer()
    cpu, wall = [], []
    ends_at = time.perf_counter() + seconds
    size = 0
    while len(cpu) < 30 or time.perf_counter() < ends_at:
        began, began_at = time.process_time_ns(), time.perf_counter_ns()
        size = answer()
        cpu.append((time.process_time_ns() - began) / 1e6)
        wall.append((time.perf_counter_ns() - began_at) / 1e6)
    return Taken(statistics.median(cpu), statistics.median(wall), size)


def _growth(taken: Mapping[int, Taken], count: int) -> str:
    now = taken[count]
    least = min(taken)
    full = min(size for size, one in taken.items() if one.bytes >= now.bytes * FULL)
    told = [f"× {now.cpu_ms / taken[least].cpu_ms:.2f} of {least:,} projects"] if count != least else []
    if full not in (least, count):
        told.append(f"× {now.cpu_ms / taken[full].cpu_ms:.2f} of {full:,}, whose page is as full")
    return ", ".join(told) or "the smallest company"


def _asked(app: Callable[..., Any], path: str, headers: Mapping[str, str]) -> Callable[[], int]:  # Any: WSGI
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }

    def once() -> int:
        said: list[str] = []
        body = app({**environ, "wsgi.input": io.BytesIO()}, lambda status, heads, *_rest: said.append(status))
        try:
            size = sum(len(part) for part in body)
        finally:
            if hasattr(body, "close"):
                body.close()
        assert said[0].startswith("200"), f"{path} answered {said[0]}"
        return size

    return once


def _patterns() -> list[tuple[Row, Row, list[Row]]]:
    """The projects that are copied, each with its order and the order's lines."""
    lines: dict[int, list[Row]] = {}
    for row in db.session.execute(sa.select(OrderLine.__table__)).mappings():
        lines.setdefault(row["order_id"], []).append(dict(row))
    orders = {row["id"]: dict(row) for row in db.session.execute(sa.select(Order.__table__)).mappings()}
    question = sa.select(Project.__table__).order_by(Project.id).limit(400)
    return [
        (dict(row), orders[row["order_id"]], lines.get(row["order_id"], []))
        for row in db.session.execute(question).mappings()
    ]


def _copy(project: Row, number: int, chance: random.Random) -> Row:
    """A project like another one, but with a key, a name, days and a health of its own."""
    moved = timedelta(days=chance.randrange(-40, 120))
    key = f"{project['key'].partition('-')[0]}-{number + 10_000}"
    changed = {
        "key": key,
        "name": f"{project['name'][:150]} {number}",
        "search": f"{project['search'][:300]} {key.lower().replace('-', ' ')} {number}",
        "external_key": None,
    }
    for name in ("promised_handover_on", "forecast_handover_on"):
        if project[name] is not None:
            changed[name] = project[name] + moved
    if project["state"] is ProjectState.LIVE:
        slip = max(0, chance.randrange(-60, 40))
        changed["slip_workdays"] = slip
        changed["health"] = Health.ON_TRACK if slip == 0 else Health.LATE if slip > 9 else Health.AT_RISK
    return {**project, **changed}


def _next_id(table: type[Base]) -> int:
    return (db.session.scalar(sa.select(sa.func.max(table.id))) or 0) + 1


def signed_in(app: Flask, token: str) -> dict[str, str]:
    """The header of somebody who is signed in."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's own
    value = serializer.dumps({"_user_id": token, "_fresh": True})
    return {"Cookie": f"{app.config['SESSION_COOKIE_NAME']}={value}"}
