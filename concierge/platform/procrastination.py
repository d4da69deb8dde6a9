"""procrastinate on PostgreSQL as the engine that runs deliveries, for more than one worker machine.

Each delivery is also deferred as a procrastinate job, in the same transaction. The job is only the bell: the
delivery row, its lease and its token decide what is done, so a job too many changes nothing, and a sweep
defers again what lost its job in a crash.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from flask import Flask, current_app

from concierge.platform import deliveries, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Pace
from concierge.platform.settings import Settings

if TYPE_CHECKING:
    import procrastinate
    from procrastinate.app import WorkerOptions

log = structlog.get_logger()

TASK = "concierge.deliver"
_MARK = "concierge applied: "


def register(app: Flask, settings: Settings) -> None:
    """Defer every delivery as a job too, when the settings choose this engine."""
    if settings.jobs == "procrastinate":
        app.extensions["concierge.procrastinate"] = _bell(app)
        app.extensions["concierge.announce"] = _announce


def prepare(app: Flask) -> None:
    """Create procrastinate's tables, or bring them up to the installed version."""
    import psycopg
    from procrastinate.schema import SchemaManager, migrations_path

    files = sorted(path.name for path in Path(migrations_path).glob("*.sql"))
    with psycopg.connect(_address(app)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(73190411)")
        applied = _applied(connection)
        if applied is None:
            connection.execute(SchemaManager.get_schema())
        else:
            for name in files:
                if name > applied:
                    connection.execute((Path(migrations_path) / name).read_bytes())
        connection.execute(
            psycopg.sql.SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(
                psycopg.sql.Literal(_MARK + files[-1])
            )
        )


def work(app: Flask, *, threads: int = 2, queues: Sequence[str] = (), pace: Pace = worker.PACE) -> None:
    """Run deliveries until told to stop (SIGTERM, SIGINT)."""
    asyncio.run(_work(app, threads=threads, queues=queues, pace=pace))


def defer_again(app: Flask, *, grace_s: float) -> int:
    """Defer the deliveries that are due but have no job, because a crash took it; return how many."""
    with app.app_context():
        if not _without_job(grace_s):
            return 0
        with unit_of_work():
            lost = _without_job(grace_s)
            for delivery_id, queue, priority in lost:
                _announce(delivery_id, queue, priority, None)
    log.info("deliveries deferred again", count=len(lost))
    return len(lost)


def _bell(app: Flask) -> "procrastinate.App":
    from procrastinate import App, SyncPsycopgConnector

    bell = App(connector=SyncPsycopgConnector(conninfo=_address(app)))
    bell.task(name=TASK)(_never)
    return bell


def _never(delivery_id: int) -> None:
    raise RuntimeError("The bell rings only; a worker does the delivery.")


def _announce(delivery_id: int, queue: str, priority: int, run_at: datetime | None) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    bell: procrastinate.App = current_app.extensions["concierge.procrastinate"]
    deferred = bell.configure_task(
        TASK,
        queue=queue,
        priority=priority,
        schedule_at=run_at,
        queueing_lock=_lock(delivery_id),
        connection=db.session.connection().connection.dbapi_connection,
    )
    with contextlib.suppress(AlreadyEnqueued), db.session.begin_nested():
        deferred.defer(delivery_id=delivery_id)


def _lock(delivery_id: int) -> str:
    return f"delivery:{delivery_id}"


def _without_job(grace_s: float) -> list[tuple[int, str, int]]:
    due = deliveries.due_again(grace_s=grace_s)
    locks = sa.text(
        "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(:locks)"
    )
    waiting = (
        set(db.session.scalars(locks, {"locks": [_lock(delivery_id) for delivery_id, _, _ in due]}))
        if due
        else set()
    )
    return [row for row in due if _lock(row[0]) not in waiting]


async def _work(app: Flask, *, threads: int, queues: Sequence[str], pace: Pace) -> None:
    from procrastinate import App, PsycopgConnector

    engine = App(connector=PsycopgConnector(conninfo=_address(app), min_size=1, max_size=threads + 4))

    @engine.task(name=TASK)
    def deliver(delivery_id: int) -> None:
        with app.app_context():
            claim = deliveries.claim(pace=pace, delivery_id=delivery_id)
            if claim is not None:
                deliveries.deliver(claim, pace=pace)

    options: WorkerOptions = {
        "concurrency": threads,
        "delete_jobs": "successful",
        "fetch_job_polling_interval": min(5.0, pace.lease_s / 2),
        "update_heartbeat_interval": pace.lease_s / 6,
        "stalled_worker_timeout": pace.lease_s,
    }
    if queues:
        options["queues"] = list(queues)
    async with engine.open_async():
        keeper = asyncio.create_task(_look_after(app, engine, pace))
        await engine.run_worker_async(**options)
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _look_after(app: Flask, engine: "procrastinate.App", pace: Pace) -> None:
    """Retry the jobs of workers that are gone, defer lost ones again, put up the hours of the timetable."""
    while True:
        try:
            await _retry_stalled(engine, pace)
            await asyncio.to_thread(defer_again, app, grace_s=min(5.0, pace.lease_s / 2))
            await asyncio.to_thread(worker.put_up, app)
        except Exception as error:  # the database may be away for a while; the next look tries again
            log.warning("database not reachable", error=type(error).__name__)
        await asyncio.sleep(min(5.0, pace.lease_s / 4))


async def _retry_stalled(engine: "procrastinate.App", pace: Pace) -> None:
    """Take up the jobs of workers whose heart stopped; one whose delivery rings again already is dropped."""
    from procrastinate.exceptions import UniqueViolation
    from procrastinate.jobs import Status

    for job in await engine.job_manager.get_stalled_jobs(seconds_since_heartbeat=pace.lease_s / 2):
        try:
            await engine.job_manager.retry_job(job)
        except UniqueViolation:
            if job.id is not None:
                await engine.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)


def _applied(connection: Any) -> str | None:  # Any: psycopg is there with the extra only
    """The last of procrastinate's migrations that is in this database; None when it has no tables."""
    if connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0] is None:
        return None
    comment = connection.execute("SELECT obj_description('procrastinate_jobs'::regclass)").fetchone()[0] or ""
    return str(comment).removeprefix(_MARK) if comment.startswith(_MARK) else "~"


def _address(app: Flask) -> str:
    with app.app_context():
        return db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
