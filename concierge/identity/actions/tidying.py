"""Forgetting sign-ins and links that ended long ago."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from concierge.identity.models import SecretLink, UserSession
from concierge.platform.database import db

KEPT = timedelta(days=30)


def forget_ended(*, at: datetime) -> None:
    """Remove sign-ins and links that ended more than thirty days ago."""
    db.session.execute(
        sa.delete(UserSession)
        .where(sa.or_(UserSession.expires_at < at - KEPT, UserSession.revoked_at < at - KEPT))
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        sa.delete(SecretLink)
        .where(SecretLink.expires_at < at - KEPT)
        .execution_options(synchronize_session=False)
    )
