"""The bridge between a sign-in and Flask-Login: the cookie holds an opaque token, the session row the truth."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, g
from flask_login import LoginManager, UserMixin

from concierge.identity.models import User, UserSession
from concierge.identity.states import AccessState
from concierge.identity.tokens import token_hash
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import write_aside
from concierge.platform.prepared import Question
from concierge.platform.settings import Settings

NOTED_EVERY = timedelta(minutes=5)
"""How exactly the last use of a sign-in is noted."""

_STANDS_FOR = Question(
    sa.select(
        UserSession.id,
        UserSession.revoked_at,
        UserSession.expires_at,
        UserSession.seen_at,
        User.state,
        User.id,
        User.name,
        User.role,
        User.zone,
        User.language,
        User.keys_off,
    )
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == sa.bindparam("token_hash"))
)
"""Asked at every page, so only for what it needs."""


class SignedIn(UserMixin):
    """Somebody who is signed in, as Flask-Login sees them."""

    def __init__(self, viewer: Viewer, token: str) -> None:
        self.viewer = viewer
        self.token = token

    def get_id(self) -> str:
        """The opaque token that the cookie carries."""
        return self.token


def register(app: Flask, settings: Settings) -> None:
    """Let Flask-Login carry the sign-in."""
    login = LoginManager(app)
    login.session_protection = None
    idle = timedelta(hours=settings.session_idle_hours)
    login.user_loader(lambda token: signed_in(token, idle=idle))


def signed_in(token: str, *, idle: timedelta) -> SignedIn | None:
    """Who a token stands for; None when it is unknown, revoked, expired, or the person may not sign in.

    :param idle: after which an unused sign-in has ended.
    """
    row = _STANDS_FOR.first(token_hash=token_hash(token))
    if row is None:
        return None
    session_id, revoked_at, expires_at, seen_at, state, user_id, name, role, zone, language, keys_off = row
    now = clock.now()
    if revoked_at is not None or expires_at <= now or seen_at + idle <= now:
        return None
    if state is not AccessState.ACTIVE:
        return None
    if seen_at + NOTED_EVERY <= now:
        _note_use(session_id)
    viewer = Viewer(
        user_id=user_id,
        name=name,
        role=role,
        zone=zone,
        language=language,
        session_id=session_id,
        keys_off=keys_off,
    )
    return SignedIn(viewer, token)


def _note_use(session_id: int) -> None:
    if g.get(
        "writing"
    ):  # a request that writes holds the gate; a second writer beside it would wait for ever
        return
    with write_aside() as aside:
        aside.execute(sa.update(UserSession).where(UserSession.id == session_id).values(seen_at=clock.now()))
