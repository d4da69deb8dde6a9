"""How often something may be tried: counts in the database, so that all processes share them.

A storage for the ``limits`` library that Flask-Limiter uses. A hit is one upsert in a transaction of its own.
When the database is away, Flask-Limiter counts in memory instead: a limit never breaks a request.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, request
from flask_limiter import Limiter
from limits.storage import Storage
from sqlalchemy.orm import Mapped, Session, mapped_column

from concierge.platform import clock
from concierge.platform.database import Base, db, insert, write_aside


class RateCount(Base):
    """How often something was tried within its window. Keys are digests: they say nothing about anybody."""

    __tablename__ = "rate_counts"

    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    hits: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


class DatabaseStorage(Storage):
    """Counts of the fixed-window strategy in the application's own database."""

    STORAGE_SCHEME = ["concierge"]

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What the database raises when it cannot answer."""
        return sa.exc.SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a hit.

        :param expiry: length of the window in seconds, from its first hit.
        :return: the hits in the current window.
        """
        now = clock.now()
        row = insert(RateCount).values(key=_digest(key), hits=amount, until=now + timedelta(seconds=expiry))
        is_over = RateCount.until <= now
        counted = row.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "hits": sa.case((is_over, row.excluded.hits), else_=RateCount.hits + row.excluded.hits),
                "until": sa.case((is_over, row.excluded.until), else_=RateCount.until),
            },
        ).returning(RateCount.hits)
        with _aside() as session:
            return int(session.execute(counted).scalar_one())

    def get(self, key: str) -> int:
        """The hits in the current window."""
        found = sa.select(RateCount.hits).where(RateCount.key == _digest(key), RateCount.until > clock.now())
        with _reading() as session:
            return session.scalar(found) or 0

    def get_expiry(self, key: str) -> float:
        """When the current window ends, in seconds since 1970."""
        found = sa.select(RateCount.until).where(RateCount.key == _digest(key))
        with _reading() as session:
            return (session.scalar(found) or clock.now()).timestamp()

    def check(self) -> bool:
        """Whether the database answers."""
        try:
            with _reading() as session:
                return session.scalar(sa.select(1)) == 1
        except sa.exc.SQLAlchemyError:
            return False

    def reset(self) -> int | None:
        """Forget every count."""
        with _aside() as session:
            return cast("sa.CursorResult[Any]", session.execute(sa.delete(RateCount))).rowcount

    def clear(self, key: str) -> None:
        """Forget one count."""
        with _aside() as session:
            session.execute(sa.delete(RateCount).where(RateCount.key == _digest(key)))


def address() -> str:
    """The address that the request came from, as far as configured proxies vouch for it."""
    return request.remote_addr or "unknown"


limiter = Limiter(
    address,
    storage_uri="concierge://",
    strategy="fixed-window",
    in_memory_fallback_enabled=True,
    headers_enabled=True,
    retry_after="delta-seconds",
)


def register(app: Flask) -> None:
    """Let routes carry limits."""
    limiter.init_app(app)


def forget(*, before: datetime) -> int:
    """Remove windows that ended before an instant."""
    gone = db.session.execute(sa.delete(RateCount).where(RateCount.until < before))
    return cast("sa.CursorResult[Any]", gone).rowcount


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _reading() -> Session:
    """A session beside the request's that never waits for writers, not even for the request's own."""
    return Session(db.engine.execution_options(writing=False))


def _aside() -> Any:  # Any: the context manager of a session
    """A write beside the request; its own transaction may hold the writers' gate and therefore ends first."""
    if db.session().in_transaction():
        db.session.rollback()
    return write_aside()
