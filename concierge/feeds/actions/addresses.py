"""Making, replacing and withdrawing calendar addresses, and noting who fetches them."""

import re
import unicodedata
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from concierge.feeds import secret
from concierge.feeds.actions import writing
from concierge.feeds.events import AddressCreated, AddressRevoked, AddressRotated
from concierge.feeds.models import Feed
from concierge.feeds.states import FeedState
from concierge.identity.models import User
from concierge.identity.tokens import token_hash
from concierge.platform import settings
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record

NOTED_EVERY = timedelta(minutes=10)
NOTED_EVERY_FOR_ANOTHER_CLIENT = timedelta(minutes=1)


def create_address(person: User, *, actor_id: int | None, at: datetime) -> Feed:
    """Give a person a secret calendar address.

    :raises Refused: when they have one.
    """
    known = sa.select(Feed.id).where(Feed.user_id == person.id, Feed.state == FeedState.ACTIVE)
    if db.session.scalar(known.limit(1)) is not None:
        raise Refused(f"{person.name} already has a calendar address. Replace it instead.")
    feed = _fresh(person, at=at)
    record(AddressCreated(at=at, actor_id=actor_id, feed_id=feed.id, user_id=person.id))
    return feed


def rotate(feed: Feed, person: User, *, actor_id: int | None, at: datetime) -> Feed:
    """Replace an address: the old one gives a notice only, the new one the calendar.

    :raises Refused: when the address was ended before.
    """
    _end(feed, at=at)
    successor = _fresh(person, at=at)
    record(
        AddressRotated(
            at=at, actor_id=actor_id, feed_id=feed.id, new_feed_id=successor.id, user_id=feed.user_id
        )
    )
    return successor


def revoke(feed: Feed, *, actor_id: int | None, at: datetime) -> None:
    """Withdraw an address: it gives a notice only.

    :raises Refused: when the address was ended before.
    """
    _end(feed, at=at)
    record(AddressRevoked(at=at, actor_id=actor_id, feed_id=feed.id, user_id=feed.user_id))


def is_worth_noting(*, fetched_at: datetime | None, fetched_by: str, client: str, at: datetime) -> bool:
    """Whether a fetch is written down: not each of the thousand that say the same."""
    if fetched_at is None:
        return True
    return at - fetched_at >= (NOTED_EVERY if client == fetched_by else NOTED_EVERY_FOR_ANOTHER_CLIENT)


def note_fetch(session: Session, feed_id: int, *, client: str, at: datetime) -> None:
    """Write down which program fetched an address, and when, in a transaction of its own."""
    session.execute(sa.update(Feed).where(Feed.id == feed_id).values(fetched_at=at, fetched_by=client))


def _fresh(person: User, *, at: datetime) -> Feed:
    nonce = secret.fresh_nonce()
    token = secret.token_of(nonce, key=settings.current().secret_key)
    feed = Feed(
        user_id=person.id,
        token_hash=token_hash(token),
        nonce=nonce,
        name=_file_name(person.name),
        state=FeedState.ACTIVE,
        created_at=at,
    )
    db.session.add(feed)
    writing.draw_version(person.id, at=at)
    db.session.flush()
    return feed


def _end(feed: Feed, *, at: datetime) -> None:
    if feed.state is FeedState.REVOKED:
        raise Refused("This calendar address was ended before. Load the page again to see the one in use.")
    feed.state = FeedState.REVOKED
    feed.revoked_at = at
    db.session.flush()


def _file_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "visits"
