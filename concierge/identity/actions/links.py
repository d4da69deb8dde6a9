"""Secret links in letters: made, looked at, used once."""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from concierge.identity.models import SecretLink, User
from concierge.identity.states import LinkPurpose
from concierge.identity.tokens import token_hash
from concierge.platform.database import db

LASTS: dict[LinkPurpose, timedelta] = {
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.PASSWORD_RESET: timedelta(hours=2),
}
"""How long a link works."""


def make_link(user: User, purpose: LinkPurpose, *, at: datetime) -> str:
    """Make a link for a purpose and return its token; earlier ones of the same purpose end."""
    end_links(user, purpose, at=at)
    token = secrets.token_urlsafe(32)
    db.session.add(
        SecretLink(
            user_id=user.id,
            purpose=purpose,
            token_hash=token_hash(token),
            created_at=at,
            expires_at=at + LASTS[purpose],
        )
    )
    return token


def use_link(link: SecretLink, *, at: datetime) -> None:
    """Mark a link as used."""
    link.used_at = at


def end_links(user: User, purpose: LinkPurpose | None = None, *, at: datetime) -> None:
    """End the open links of a person, of one purpose or of all."""
    open_ones = sa.update(SecretLink).where(SecretLink.user_id == user.id, SecretLink.used_at.is_(None))
    if purpose is not None:
        open_ones = open_ones.where(SecretLink.purpose == purpose)
    db.session.execute(open_ones.values(used_at=at).execution_options(synchronize_session="fetch"))
