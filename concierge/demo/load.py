"""Loading the demo company (owner G: keep these three names, ``concierge run`` calls them)."""

from datetime import datetime

import sqlalchemy as sa

from concierge.identity.models import User
from concierge.platform.database import db


def is_empty() -> bool:
    """Whether nobody works here yet, so that the demo company may move in."""
    return db.session.scalar(sa.select(User.id).limit(1)) is None


def load_demo(*, at: datetime) -> None:
    """Bring the demo company into being, dated around an instant."""


def demo_sign_ins() -> tuple[tuple[str, str, str], ...]:
    """Role, address and password of one person for each role; empty when the demo is not loaded."""
    return ()
