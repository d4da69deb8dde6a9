"""Putting something on one's own Today aside: done with, or until later. Nobody else's day changes."""

from datetime import datetime

import sqlalchemy as sa

from concierge.identity.models import PutAside
from concierge.platform.database import db
from concierge.platform.errors import NotFound

MOST = 300
"""Things that one person can have aside; the oldest come back first."""


def put_aside(*, user_id: int, key: str, level: int, until: datetime | None, at: datetime) -> PutAside:
    """Keep a matter off a person's Today until an instant, or for good; it comes back when it becomes worse.

    :param level: how bad it was when it was put aside.
    :param until: None: done with.
    """
    kept = PutAside.user_id == user_id
    db.session.execute(
        sa.delete(PutAside).where(
            kept, sa.or_(PutAside.key.startswith(f"{key}#", autoescape=True), PutAside.until < at)
        )
    )
    latest = (
        sa.select(PutAside.id).where(kept).order_by(PutAside.at.desc(), PutAside.id.desc()).limit(MOST - 1)
    )
    db.session.execute(sa.delete(PutAside).where(kept, PutAside.id.not_in(latest)))
    aside = PutAside(user_id=user_id, key=f"{key}#{level}", until=until, at=at)
    db.session.add(aside)
    db.session.flush()
    return aside


def bring_back(*, user_id: int, aside_id: int) -> None:
    """Show a matter again that its owner put aside.

    :raises NotFound: when they have put nothing such aside.
    """
    done = db.session.execute(
        sa.delete(PutAside).where(PutAside.id == aside_id, PutAside.user_id == user_id).returning(PutAside.id)
    )
    if done.first() is None:
        raise NotFound
