"""Keeping people free for a while for something that is not booked yet: holding their time, and letting it go."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from concierge.core.spans import Span
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.prepared import Question
from concierge.workforce.models import Technician, TimeHold


class HeldAlready(Refused):
    """Somebody is kept free for something else then."""


def lock(user_ids: Collection[int]) -> None:
    """Let nobody else hold or book these people until the commit; whoever asks what is feasible then asks once."""
    if user_ids and db.engine.dialect.name == "postgresql":  # SQLite has one writer anyhow
        of_people = sa.select(Technician.id).where(Technician.user_id.in_(user_ids)).order_by(Technician.id)
        db.session.execute(of_people.with_for_update())


def hold(
    user_ids: Collection[int],
    span: Span[datetime],
    *,
    until: datetime,
    holder: str,
    words: str,
    at: datetime,
) -> None:
    """Keep people free for a stretch of time until an instant; by itself it says nothing about what is feasible.

    :param holder: for what, by which it is let go, such as ``offer 12``.
    :param words: what a dispatcher reads about it.
    :raises HeldAlready: when one of them is held for something else then. Nothing more can be done in the
        transaction.
    """
    assert span.to_at is not None  # noqa: S101 # what is held ends
    rows = [
        {
            "user_id": user_id,
            "from_at": span.from_at,
            "to_at": span.to_at,
            "held_from": at,
            "held_until": max(at, until),
            "holder": holder,
            "words": words,
        }
        for user_id in sorted(set(user_ids))
    ]
    try:
        db.session.execute(sa.insert(TimeHold), rows)
    except IntegrityError as error:
        raise HeldAlready(
            _("Somebody is kept free for something else at that time. Choose another time or somebody else.")
        ) from error


def prolong(holder: str, *, until: datetime) -> None:
    """Hold all that is held for something until another instant.

    :raises HeldAlready: when one of them is held for something else by then.
    """
    change = sa.update(TimeHold).where(TimeHold.holder == holder).values(held_until=until)
    try:
        db.session.execute(change.execution_options(synchronize_session=False))
    except IntegrityError as error:
        raise HeldAlready(
            _("Somebody is kept free for something else at that time. Choose another time or somebody else.")
        ) from error


def let_go(holder: str, *, span: Span[datetime] | None = None) -> None:
    """Hold nobody for something any more, or not for one stretch of time."""
    gone = sa.delete(TimeHold).where(TimeHold.holder == holder)
    if span is not None:
        gone = gone.where(TimeHold.from_at == span.from_at, TimeHold.to_at == span.to_at)
    db.session.execute(gone.execution_options(synchronize_session=False))


def held(holder: str, *, at: datetime) -> frozenset[tuple[int, datetime, datetime]]:
    """Who is held for something at an instant, by user id, and from when to when."""
    return frozenset((row[0], row[1], row[2]) for row in _HELD.all(holder=holder, now=at))


def forget_expired(*, at: datetime) -> int:
    """Remove what is held no more; it has not counted since. Return how many."""
    gone = db.session.execute(
        sa.delete(TimeHold).where(TimeHold.held_until <= at).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a cursor's


_HELD = Question(
    sa.select(TimeHold.user_id, TimeHold.from_at, TimeHold.to_at).where(
        TimeHold.holder == sa.bindparam("holder", type_=sa.String),
        TimeHold.held_until > sa.bindparam("now", type_=TimeHold.held_until.type),
    )
)
