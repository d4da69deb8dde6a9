"""Opening and ending sign-ins."""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from concierge.identity.events import SessionsRevoked, SignedIn
from concierge.identity.models import User, UserSession
from concierge.identity.tokens import token_hash
from concierge.platform.database import db
from concierge.platform.events import record


def open_session(user: User, *, client: str, days: int, at: datetime) -> str:
    """Sign a person in on one device and return the token for the cookie; only its hash is kept.

    :param days: after which the sign-in ends whatever happens.
    """
    token = secrets.token_urlsafe(32)
    db.session.add(
        UserSession(
            user_id=user.id,
            token_hash=token_hash(token),
            client=client,
            created_at=at,
            seen_at=at,
            expires_at=at + timedelta(days=days),
        )
    )
    record(SignedIn(at=at, actor_id=user.id, user_id=user.id))
    return token


def revoke_sessions(
    user: User, *, at: datetime, actor_id: int | None, only: int | None = None, keep: int | None = None
) -> int:
    """End sign-ins of a person and return how many.

    :param only: id of the one session to end; None: all.
    :param keep: id of a session that stays, e.g. the one that asks.
    """
    statement = (
        sa.update(UserSession)
        .where(UserSession.user_id == user.id, UserSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    if only is not None:
        statement = statement.where(UserSession.id == only)
    if keep is not None:
        statement = statement.where(UserSession.id != keep)
    count = db.session.connection().execute(statement).rowcount
    if count:
        record(SessionsRevoked(at=at, actor_id=actor_id, user_id=user.id, count=count))
    return count
