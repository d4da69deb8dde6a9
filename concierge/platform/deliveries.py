"""What must still happen after a commit: rows of the same transaction, each run until its effect is there.

A delivery is claimed under a lease that ends by the database's clock, and carries a token. Its effect and its
completion are saved together, and only while the token still holds: whoever runs a delivery twice, because a
worker was killed or slept too long, causes one effect. Attempts count when a delivery is claimed, so one that
kills its worker ends as *dead* too, where a person sees it and may try again.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog
from flask import Flask, current_app, g
from flask_babel import gettext as _
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from concierge.platform import clock
from concierge.platform.database import (
    Base,
    Line,
    Prose,
    UtcInstant,
    db,
    text_enum,
    unit_of_work,
    write_aside,
)
from concierge.platform.errors import NotFound, Refused
from concierge.platform.said import Writing

log = structlog.get_logger()

Handler = Callable[
    [dict[str, Any]], Any
]  # Any: JSON values in; out, what an outside handler still wants to write
Announce = Callable[[int, str, int, datetime | None], None]
_Outside = TypeVar("_Outside", bound=Callable[..., Any])


class DeliveryStatus(Enum):
    """Where a delivery is."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class Delivery(Base):
    """One thing that must still happen, and how far it got."""

    __tablename__ = "deliveries"

    name: Mapped[str] = mapped_column(Line(120))
    args: Mapped[dict[str, Any]]
    queue: Mapped[str] = mapped_column(Line(40), default="default")
    priority: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime]
    status: Mapped[DeliveryStatus] = mapped_column(text_enum(DeliveryStatus), default=DeliveryStatus.READY)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=8)
    lease_until: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(Line(32))
    unique_key: Mapped[str | None] = mapped_column(Line(240), unique=True)
    last_error: Mapped[str] = mapped_column(Prose(2000), default="")
    asked_by_id: Mapped[int | None]
    """Who of ours was in front of the act that it follows from, however far back; None: nobody."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_deliveries_status_run_at", "status", "run_at"),
        sa.CheckConstraint(
            "status != 'leased' OR (token IS NOT NULL AND lease_until IS NOT NULL)", name="lease_has_token"
        ),
        sa.CheckConstraint("status != 'done' OR finished_at IS NOT NULL", name="done_has_instant"),
    )


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a lease holds and how long failures wait, in seconds."""

    lease_s: float = 60.0
    backoff_s: float = 10.0
    backoff_most_s: float = 12 * 3600.0

    def wait_s(self, attempts: int) -> float:
        """Seconds to wait after the n-th failed attempt: 10 s, 40 s, 160 s, 11 min … at most twelve hours."""
        return cast(float, min(self.backoff_most_s, self.backoff_s * 4 ** (attempts - 1)))


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker holds, for as long as its token does."""

    delivery_id: int
    name: str
    args: dict[str, Any]
    queue: str
    priority: int
    token: str
    attempts: int
    max_attempts: int
    asked_by_id: int | None = None


class Hopeless(Exception):
    """A failure that no further attempt can mend; the delivery is dead at once."""


class _LeaseLost(Exception):
    """Somebody else owns the delivery by now; what was done here must not be saved."""


Buried = Callable[[dict[str, Any]], None]

_handlers: dict[str, Handler] = {}
_buried: dict[str, Buried] = {}


def register(name: str, handler: Handler, *, buried: Buried | None = None) -> None:
    """Say which function does the deliveries of a name.

    :param buried: called in the transaction that gives such a delivery up.
    """
    _handlers[name] = handler
    if buried is not None:
        _buried[name] = buried


def outside(handler: _Outside) -> _Outside:
    """Mark a handler that takes long or leaves the process: it runs outside any transaction and cannot write.

    What it returns, if anything, is a function that writes the effect; it is called in the unit of work that
    completes the delivery.
    """
    handler.outside = True  # type: ignore[attr-defined]  # a mark that deliver() reads
    return handler


def act_for(user_id: int | None) -> None:
    """Say who of ours is in front of what happens from here on; None: nobody."""
    g.asked_by = user_id


def who_asks() -> int | None:
    """Who of ours is in front of what happens now, be it in their request or in what follows from it."""
    return cast("int | None", g.get("asked_by"))


def enqueue(
    name: str,
    args: dict[str, Any],
    *,
    unique_key: str | None = None,
    run_at: datetime | None = None,
    after: timedelta | None = None,
    queue: str = "default",
    priority: int = 0,
    max_attempts: int = 8,
) -> int | None:
    """Note in the caller's transaction that something must happen.

    :param unique_key: the same key twice is one delivery.
    :param run_at: not before this instant; None is as soon as possible.
    :param after: not before so long from now, by the clock that deliveries are due by; instead of ``run_at``.
    :return: the delivery's id; None when the key was there already.
    """
    row = {
        "name": name,
        "args": args,
        "queue": queue,
        "priority": priority,
        "status": DeliveryStatus.READY,
        "attempts": 0,
        "max_attempts": max_attempts,
        "unique_key": unique_key,
        "last_error": "",
        "asked_by_id": who_asks(),
    }
    if not _on_postgres():
        now = clock.now()
        row["created_at"], row["run_at"] = now, run_at or now + (after or timedelta())
    elif run_at is not None:
        row["run_at"] = run_at
    elif after is not None:
        row["after"] = after
    session = db.session()
    session.flush()
    statement = _enqueuing(_on_postgres(), run_at is None, after is not None)
    made = statement.told(session.connection(), row)
    if made is None:
        return None
    delivery_id, due_at = made
    _announce(delivery_id, queue, priority, due_at if after is not None else run_at)
    return cast("int", delivery_id)


@cache
def _enqueuing(on_postgres: bool, by_its_clock: bool, waits: bool) -> Writing:
    """The statement that enqueues; put together once, which costs more than asking it."""
    statement = postgresql.insert(Delivery) if on_postgres else sqlite.insert(Delivery)
    if on_postgres:
        now = sa.func.clock_timestamp()
        then = now + sa.bindparam("after", type_=sa.Interval()) if waits else now
        statement = statement.values({"created_at": now} | ({"run_at": then} if by_its_clock else {}))
    statement = statement.on_conflict_do_nothing(index_elements=["unique_key"])
    return Writing(statement.returning(Delivery.id, Delivery.run_at))


def enqueue_many(
    wanted: Sequence[tuple[str, dict[str, Any], str]], *, queue: str = "default", max_attempts: int = 8
) -> None:
    """Note in the caller's transaction that many things must happen, with one statement.

    :param wanted: of each its name, its arguments and its key; a key that is there already is one delivery.
    """
    if len(wanted) == 1:
        name, args, unique_key = wanted[0]
        enqueue(name, args, unique_key=unique_key, queue=queue, max_attempts=max_attempts)
    if len(wanted) < 2:
        return
    session = db.session()
    session.flush()
    now = _clock_of(session)  # an expression cannot stand in many rows
    rows = [
        {
            "name": name,
            "args": args,
            "queue": queue,
            "priority": 0,
            "run_at": now,
            "status": DeliveryStatus.READY,
            "attempts": 0,
            "max_attempts": max_attempts,
            "unique_key": unique_key,
            "last_error": "",
            "asked_by_id": who_asks(),
            "created_at": now,
        }
        for name, args, unique_key in wanted
    ]
    if "concierge.announce" not in current_app.extensions:
        _enqueuing_many(_on_postgres())[0].done(session.connection(), rows)
        return
    done = session.connection().execute(_enqueuing_many(_on_postgres())[1], rows)
    for delivery_id in done.scalars():
        _announce(delivery_id, queue, 0, None)


@cache
def _enqueuing_many(on_postgres: bool) -> tuple[Writing, Any]:  # Any: an INSERT that tells numbers
    """As `_enqueuing`, with the instants as values; once as it is, once telling the numbers of the rows."""
    statement = postgresql.insert(Delivery) if on_postgres else sqlite.insert(Delivery)
    statement = statement.on_conflict_do_nothing(index_elements=["unique_key"])
    return Writing(statement), statement.returning(Delivery.id)


def is_due(*, queues: Sequence[str] = ()) -> bool:
    """Whether a worker would find something to do now. Only reads, so that waiting costs no lock."""
    return db.session.scalar(sa.select(Delivery.id).where(*_due(database_now(), queues)).limit(1)) is not None


def claim(*, pace: Pace, delivery_id: int | None = None, queues: Sequence[str] = ()) -> Claim | None:
    """Take the next due delivery under a new token, or the one asked for; None when there is none.

    A delivery whose attempts are used up is dead instead of taken.
    """
    while True:
        with unit_of_work():
            now = database_now()
            row = _next_due(now, delivery_id, queues)
            if row is None:
                return None
            if row.attempts >= row.max_attempts:
                _bury(row, "Its worker ended without a word each time.", now)
                taken = None
            else:
                taken = _lease(row, pace, now)
        if taken is not None:
            return taken


def deliver(claim: Claim, *, pace: Pace) -> bool:
    """Do a claimed delivery and complete it in the same transaction.

    A failure is noted and waits for its next attempt; it never leaves here.

    :return: whether the effect was saved by this call.
    """
    with structlog.contextvars.bound_contextvars(delivery_id=claim.delivery_id, delivery=claim.name):
        try:
            with _kept(claim, pace):
                _do(claim)
        except _LeaseLost:
            log.info("delivery taken over by another worker", attempts=claim.attempts)
            return False
        except Exception as error:  # any failure of a handler is noted, retried and shown to staff
            db.session.rollback()
            _postpone(claim, error, pace)
            return False
    return True


def try_again(delivery_id: int) -> None:
    """Give a dead delivery a fresh start.

    :raises NotFound: when there is no such delivery.
    :raises Refused: when it is not dead.
    """
    row = db.session.get(Delivery, delivery_id)
    if row is None:
        raise NotFound
    if row.status is not DeliveryStatus.DEAD:
        raise Refused(_("This delivery is not dead, so it will be tried again by itself."))
    now = database_now()
    row.status, row.attempts, row.run_at, row.finished_at = DeliveryStatus.READY, 0, now, None
    _announce(row.id, row.queue, row.priority, None)


def put_up_again(unique_key: str, *, run_at: datetime | None) -> bool:
    """Have a delivery done anew, or sooner than it waits for; whether it was there and in nobody's hands.

    :param run_at: not before this instant; None is as soon as possible.
    """
    now = database_now()
    found = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.unique_key == unique_key, Delivery.status != DeliveryStatus.LEASED)
        .values(status=DeliveryStatus.READY, attempts=0, run_at=run_at or now, finished_at=None)
        .returning(Delivery.id, Delivery.queue, Delivery.priority)
    ).first()
    if found is not None:
        _announce(found.id, found.queue, found.priority, run_at)
    return found is not None


def listed(*, status: DeliveryStatus | None, page: int = 1, per_page: int = 50) -> tuple[list[Delivery], int]:
    """The deliveries of one page, newest first, and how many there are in all."""
    wanted = [] if status is None else [Delivery.status == status]
    total = db.session.scalar(sa.select(sa.func.count(Delivery.id)).where(*wanted)) or 0
    rows = (
        sa.select(Delivery)
        .where(*wanted)
        .order_by(Delivery.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return list(db.session.scalars(rows)), total


def counts() -> dict[str, int]:
    """How many deliveries are in each status."""
    rows = db.session.execute(
        sa.select(Delivery.status, sa.func.count(Delivery.id)).group_by(Delivery.status)
    )
    found = {status.value: number for status, number in rows}
    return {status.value: found.get(status.value, 0) for status in DeliveryStatus}


def forget(*, before: datetime) -> int:
    """Remove what was done before an instant; dead deliveries stay for people."""
    gone = db.session.execute(
        sa.delete(Delivery).where(Delivery.status == DeliveryStatus.DONE, Delivery.finished_at < before)
    )
    return cast("sa.CursorResult[Any]", gone).rowcount


def database_now() -> datetime:
    """The instant by the database's clock, which all workers share; on SQLite that is this machine's."""
    return _clock_of(db.session())


def due_again(*, grace_s: float) -> list[tuple[int, str, int]]:
    """Deliveries that have been due for a while, as (id, queue, priority): what a sweep announces again."""
    late = _due(database_now() - timedelta(seconds=grace_s), ())
    rows = db.session.execute(
        sa.select(Delivery.id, Delivery.queue, Delivery.priority)
        .where(*late)
        .order_by(Delivery.id)
        .limit(500)
    )
    return [(row.id, row.queue, row.priority) for row in rows]


def _moment() -> Any:  # Any: a value on SQLite, an expression on PostgreSQL
    return sa.func.clock_timestamp() if _on_postgres() else clock.now()


def _clock_of(session: Session) -> datetime:
    if not _on_postgres():
        return clock.now()
    return session.execute(sa.select(sa.func.clock_timestamp(type_=UtcInstant()))).scalar_one()


def _on_postgres() -> bool:
    return db.engine.dialect.name == "postgresql"


def _announce(delivery_id: int, queue: str, priority: int, run_at: datetime | None) -> None:
    """Ring the bell of the engine in force, if it has one; the row alone is what counts."""
    announce: Announce | None = current_app.extensions.get("concierge.announce")
    if announce is not None:
        announce(delivery_id, queue, priority, run_at)


def _due(now: datetime, queues: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    due = sa.or_(
        sa.and_(Delivery.status == DeliveryStatus.READY, Delivery.run_at <= now),
        sa.and_(Delivery.status == DeliveryStatus.LEASED, Delivery.lease_until < now),
    )
    return [due, Delivery.queue.in_(queues)] if queues else [due]


def _next_due(now: datetime, delivery_id: int | None, queues: Sequence[str]) -> Delivery | None:
    found = sa.select(Delivery).where(*_due(now, queues))
    if delivery_id is not None:
        found = found.where(Delivery.id == delivery_id)
    found = found.order_by(Delivery.priority.desc(), Delivery.run_at, Delivery.id).limit(1)
    return db.session.scalar(
        found.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )


def _bury(row: Delivery, reason: str, now: datetime) -> None:
    row.status, row.token, row.lease_until = DeliveryStatus.DEAD, None, None
    row.last_error = row.last_error or reason
    row.finished_at = now
    _tell_of_death(row.name, row.args)
    log.error("delivery dead", delivery_id=row.id, delivery=row.name, attempts=row.attempts)


def _tell_of_death(name: str, args: dict[str, Any]) -> None:
    if name in _buried:
        _buried[name](args)


def _lease(row: Delivery, pace: Pace, now: datetime) -> Claim:
    row.status = DeliveryStatus.LEASED
    row.token = secrets.token_hex(16)
    row.lease_until = now + timedelta(seconds=pace.lease_s)
    row.attempts += 1
    return Claim(
        delivery_id=row.id,
        name=row.name,
        args=dict(row.args),
        queue=row.queue,
        priority=row.priority,
        token=row.token,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        asked_by_id=row.asked_by_id,
    )


def _do(claim: Claim) -> None:
    before = who_asks()
    act_for(claim.asked_by_id)
    try:
        _handle(claim)
    finally:
        act_for(before)


def _handle(claim: Claim) -> None:
    handler = _handlers.get(claim.name)
    if handler is None:
        raise Hopeless(f"No function does deliveries of the name {claim.name}.")
    if getattr(handler, "outside", False):
        write = handler(claim.args)
        db.session.rollback()
        with unit_of_work():
            if write is not None:
                write()
            _complete(claim)
    else:
        with unit_of_work():
            handler(claim.args)
            _complete(claim)


def _held(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Delivery.id == claim.delivery_id,
        Delivery.token == claim.token,
        Delivery.status == DeliveryStatus.LEASED,
    )


def _complete(claim: Claim) -> None:
    db.session.flush()
    done = db.session.execute(
        sa.update(Delivery)
        .where(*_held(claim))
        .values(
            status=DeliveryStatus.DONE, finished_at=_moment(), token=None, lease_until=None, last_error=""
        )
        .execution_options(synchronize_session=False)
    )
    if cast("sa.CursorResult[Any]", done).rowcount != 1:
        raise _LeaseLost


def _postpone(claim: Claim, error: Exception, pace: Pace) -> None:
    is_dead = isinstance(error, Hopeless) or claim.attempts >= claim.max_attempts
    log.error("delivery failed", attempts=claim.attempts, dead=is_dead, exc_info=error)
    with unit_of_work():
        now = database_now()
        again_at = now + timedelta(seconds=pace.wait_s(claim.attempts))
        noted = db.session.execute(
            sa.update(Delivery)
            .where(*_held(claim))
            .values(
                status=DeliveryStatus.DEAD if is_dead else DeliveryStatus.READY,
                run_at=again_at,
                finished_at=now if is_dead else None,
                token=None,
                lease_until=None,
                last_error=str(error) if isinstance(error, Hopeless) else f"{type(error).__name__}: {error}",
            )
            .execution_options(synchronize_session=False)
        )
        if cast("sa.CursorResult[Any]", noted).rowcount != 1:
            return
        if is_dead:
            _tell_of_death(claim.name, claim.args)
        else:
            _announce(claim.delivery_id, claim.queue, claim.priority, again_at)


@contextmanager
def _kept(claim: Claim, pace: Pace) -> Iterator[None]:
    """Renew the lease every third of it, in a thread, for as long as the work takes."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own door
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(app, claim, pace, ended), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(app: Flask, claim: Claim, pace: Pace, ended: threading.Event) -> None:
    while not ended.wait(pace.lease_s / 3):
        try:
            with app.app_context(), write_aside() as session:
                until = _clock_of(session) + timedelta(seconds=pace.lease_s)
                kept = session.execute(sa.update(Delivery).where(*_held(claim)).values(lease_until=until))
        except sa.exc.OperationalError as error:  # the next third of the lease is another chance
            log.warning("lease not renewed", delivery_id=claim.delivery_id, error=type(error).__name__)
            continue
        if cast("sa.CursorResult[Any]", kept).rowcount != 1:
            return
