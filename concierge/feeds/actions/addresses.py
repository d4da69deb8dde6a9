"""Making, changing, replacing and withdrawing calendar addresses, and noting who fetches them."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from concierge.accounts.models import Contact
from concierge.feeds import calendar_file, clients, plan, queries, secret
from concierge.feeds.actions import writing
from concierge.feeds.events import (
    AddressChosen,
    AddressCreated,
    AddressRenamed,
    AddressRevoked,
    AddressRotated,
)
from concierge.feeds.kept import forget
from concierge.feeds.models import Calendar, CalendarEntry, Feed, FeedClient
from concierge.feeds.plan import Choice
from concierge.feeds.queries import Address
from concierge.feeds.states import CANCELLED_DAYS, HORIZONS, OFFERED, FeedState, Scope, Shows
from concierge.feeds.words import LANGUAGES
from concierge.identity.models import User
from concierge.identity.tokens import token_hash
from concierge.platform import settings
from concierge.platform.database import db, insert
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.speech import customer_language
from concierge.projects.actions import promising
from concierge.projects.states import ProjectState, ShownOn
from concierge.readiness import queries as checklists

NOTED_EVERY = timedelta(minutes=10)
NOTED_EVERY_FOR_ANOTHER_CLIENT = timedelta(minutes=1)
REMEMBERED = timedelta(days=90)
"""So long after its end an address is known: a notice first, then the word that it is gone."""
MOST_REMOVED = 500
MOST_ADDRESSES = 25
"""How many addresses one owner may have in use."""


def create_address(
    owner: User | Contact,
    choice: Choice | None = None,
    *,
    device: str = "",
    actor_id: int | None,
    at: datetime,
) -> Feed:
    """Give a person, or a customer's contact, a secret calendar address for one device.

    Whether they may see what it shows is asked before: see ``queries.may_subscribe``.

    :param choice: what it shows; their own visits unless something else is chosen.
    :raises Refused: when the choice is none that there is, or they have the same address for the same device.
    """
    if choice is None:
        if isinstance(owner, Contact):
            raise ValueError("A contact has no visits of their own.")
        choice = plan.own_visits(owner.id)
    _check(choice, owner)
    calendar = writing.calendar_of(choice, language=customer_language(owner.language), at=at)
    column = Feed.user_id if isinstance(owner, User) else Feed.contact_id
    active = db.session.scalars(
        sa.select(Feed).where(column == owner.id, Feed.state == FeedState.ACTIVE)
    ).all()
    if any(feed.calendar_id == calendar.id and feed.device == device for feed in active):
        raise Refused(
            _(
                "%(name)s already has this calendar address. Replace it, or name another device.",
                name=owner.name,
            )
        )
    if len(active) >= MOST_ADDRESSES:
        raise Refused(_("%(name)s has too many calendar addresses. Withdraw some first.", name=owner.name))
    feed = _fresh(
        calendar,
        user_id=owner.id if isinstance(owner, User) else None,
        contact_id=owner.id if isinstance(owner, Contact) else None,
        device=device,
        has_own_language=bool(choice.language),
        at=at,
    )
    record(
        AddressCreated(
            at=at,
            actor_id=actor_id,
            project_id=_project_of(calendar),
            feed_id=feed.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            device=feed.device,
            calendar=in_words(calendar),
        )
    )
    return feed


def rotate(feed: Feed, *, actor_id: int | None, at: datetime) -> Feed:
    """Replace an address: the old one gives a notice only, the new one the same calendar.

    :raises Refused: when the address was ended before.
    """
    _end(feed, at=at)
    calendar = db.session.get_one(Calendar, feed.calendar_id)
    successor = _fresh(
        calendar,
        user_id=feed.user_id,
        contact_id=feed.contact_id,
        device=feed.device,
        has_own_language=feed.has_own_language,
        at=at,
    )
    record(
        AddressRotated(
            at=at,
            actor_id=actor_id,
            project_id=_project_of(calendar),
            feed_id=feed.id,
            new_feed_id=successor.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            device=feed.device,
        )
    )
    return successor


def revoke(feed: Feed, *, actor_id: int | None, at: datetime) -> None:
    """Withdraw an address: it gives a notice only.

    :raises Refused: when the address was ended before.
    """
    _end(feed, at=at)
    record(
        AddressRevoked(
            at=at,
            actor_id=actor_id,
            project_id=_project_of(db.session.get_one(Calendar, feed.calendar_id)),
            feed_id=feed.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            device=feed.device,
        )
    )


def revoke_all(feeds: Collection[Feed], *, actor_id: int | None, at: datetime) -> None:
    """Withdraw several addresses."""
    for feed in feeds:
        revoke(feed, actor_id=actor_id, at=at)


def remove_unused(*, at: datetime) -> int:
    """Remove the calendars whose addresses all ended long ago, with their entries, and those addresses.

    For 30 days such an address shows a notice and then says that it is gone; only after further months it is as
    unknown as one that never was.

    :return: how many calendars there were.
    """
    in_use = sa.or_(Feed.state == FeedState.ACTIVE, Feed.revoked_at > at - REMEMBERED)
    unused = db.session.scalars(
        sa.select(Calendar.id)
        .where(~sa.select(Feed.id).where(Feed.calendar_id == Calendar.id, in_use).exists())
        .order_by(Calendar.id)
        .limit(MOST_REMOVED)
        .with_for_update(skip_locked=True)
    ).all()
    feeds = sa.select(Feed.id).where(Feed.calendar_id.in_(unused))
    db.session.execute(sa.delete(FeedClient).where(FeedClient.feed_id.in_(feeds)))
    db.session.execute(sa.delete(Feed).where(Feed.calendar_id.in_(unused)))
    db.session.execute(sa.delete(CalendarEntry).where(CalendarEntry.calendar_id.in_(unused)))
    db.session.execute(sa.delete(Calendar).where(Calendar.id.in_(unused)))
    return len(unused)


def rename(feed: Feed, device: str, *, actor_id: int | None, at: datetime) -> None:
    """Call the device that uses an address otherwise; nothing changed records nothing.

    :raises Refused: when the address was ended before.
    """
    _expect_active(feed)
    before, feed.device = feed.device, device
    if feed.device == before:
        return
    db.session.flush()
    record(
        AddressRenamed(
            at=at,
            actor_id=actor_id,
            feed_id=feed.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            device=feed.device,
            device_before=before,
        )
    )


def choose(feed: Feed, choice: Choice, *, actor_id: int | None, at: datetime) -> None:
    """Let the same address show something else, or show it otherwise; its device need not be set up again.

    Whatever the device may know from before is published again, later than the old calendar ever did.

    :raises Refused: when the choice is none that there is, the address was ended, or free/busy would become
        entries or the other way round, for these have addresses of another form.
    """
    _expect_active(feed)
    owner = _owner_of(feed)
    _check(choice, owner)
    old = db.session.get_one(Calendar, feed.calendar_id)
    if (old.shows is Shows.FREE_BUSY) != (choice.shows is Shows.FREE_BUSY):
        raise Refused(_("Free and busy times have an address of their own. Make a new one."))
    feed.has_own_language = bool(choice.language)
    new = writing.calendar_of(choice, language=customer_language(owner.language), at=at)
    if new.id == old.id:
        db.session.flush()
        return
    feed.calendar_id = new.id
    writing.carry_over(old, new, at=at)
    record(
        AddressChosen(
            at=at,
            actor_id=actor_id,
            feed_id=feed.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            device=feed.device,
            before=in_words(old),
            after=in_words(new),
        )
    )


def follow_language(feeds: Collection[Feed], *, at: datetime) -> None:
    """Write calendars in the language that their owner reads now, where none was chosen for the device."""
    for feed in feeds:
        owner, calendar = _owner_of(feed), db.session.get_one(Calendar, feed.calendar_id)
        if not feed.has_own_language and calendar.language != customer_language(owner.language):
            choose(feed, replace(choice_of(calendar), language=""), actor_id=None, at=at)


def choice_of(calendar: Calendar) -> Choice:
    """The choice that a calendar is the answer to."""
    return Choice(
        shows=calendar.shows,
        scope=calendar.scope,
        scope_key=calendar.scope_key,
        language=calendar.language,
        is_busy_only=calendar.is_busy_only,
        has_alarms=calendar.has_alarms,
        cancelled_days=calendar.cancelled_days,
        horizon_days=calendar.horizon_days,
        is_for_customer=calendar.is_for_customer,
    )


def in_words(calendar: Calendar) -> str:
    """What a calendar shows, and how, in English: what events keep."""
    said = [calendar_file.title_of(calendar.shows, calendar.scope, calendar.name, language="en")]
    if calendar.is_busy_only:
        said.append("busy only")
    if calendar.has_alarms:
        said.append("with alarms")
    if calendar.language != "en":
        said.append(f"in {calendar.language}")
    said.append(f"cancelled for {calendar.cancelled_days} days")
    said.append(f"{calendar.horizon_days} days ahead")
    return ", ".join(said)


def is_worth_noting(
    *, fetched_at: datetime | None, fetched_by: str, has_latest: bool, client: str, at: datetime
) -> bool:
    """Whether a fetch is written down: not each of the thousand that say the same.

    :param has_latest: whether the fetch that was noted last handed out the calendar as it is.
    """
    if fetched_at is None or not has_latest:
        return True
    return at - fetched_at >= (NOTED_EVERY if client == fetched_by else NOTED_EVERY_FOR_ANOTHER_CLIENT)


def note_fetch(session: Session, feed_id: int, *, client: str, version: str, at: datetime) -> None:
    """Write down which program fetched which version of a calendar, in a transaction of its own.

    A preview of a link or a browser is listed, but nobody knows of a change because it was there.
    """
    if clients.is_a_calendar(client):
        session.execute(
            sa.update(Feed)
            .where(Feed.id == feed_id)
            .values(fetched_at=at, fetched_by=client, fetched_version=version)
        )
    seen = {"feed_id": feed_id, "client": client, "first_at": at, "last_at": at}
    session.execute(
        insert(FeedClient)
        .values(seen)
        .on_conflict_do_update(index_elements=["feed_id", "client"], set_={"last_at": at})
    )


def promised(address: Address, *, at: datetime) -> Sequence[promising.Entry]:
    """What the ledger notes when a customer's program fetches a calendar: each day to come that it shows.

    :return: rows for `promising.write`; none where the calendar is our own people's.
    """
    if not address.is_for_customer:
        return ()
    (project,) = checklists.projects_printed([int(address.scope_key)])
    if project.approved_at is None or project.state is ProjectState.CANCELLED:
        return ()
    shows_visits = address.shows is Shows.VISITS
    visits = queries.coming_visits(project.id, at=at) if shows_visits else ()
    return promising.entries(
        project,
        [shown for _, shown in queries.days_of_visits(visits)] if shows_visits else None,
        shown_on=ShownOn.FEED,
        reference=address.file_name,
        at=at,
        by_id=None,
    )


def _check(choice: Choice, owner: User | Contact) -> None:
    if choice.scope not in OFFERED[choice.shows]:
        raise Refused(_("There is no such calendar. Choose another."))
    if choice.language not in ("", *LANGUAGES):
        raise Refused(_("Calendars are not written in this language. Choose another."))
    if choice.cancelled_days not in CANCELLED_DAYS or choice.horizon_days not in HORIZONS:
        raise Refused(_("Choose how long cancelled entries stay, and how far ahead the calendar reaches."))
    is_contact = isinstance(owner, Contact)
    if is_contact != choice.is_for_customer or (is_contact and choice.scope is not Scope.PROJECT):
        raise Refused(_("A customer’s contact can subscribe to a project only."))
    if is_contact and choice.shows not in (Shows.VISITS, Shows.MILESTONES):
        raise Refused(_("A customer’s contact can subscribe to visits and milestones only."))


def _fresh(
    calendar: Calendar,
    *,
    user_id: int | None,
    contact_id: int | None,
    device: str,
    has_own_language: bool,
    at: datetime,
) -> Feed:
    nonce = secret.fresh_nonce()
    token = secret.token_of(nonce, key=settings.current().secret_key)
    feed = Feed(
        user_id=user_id,
        contact_id=contact_id,
        calendar_id=calendar.id,
        device=device,
        token_hash=token_hash(token),
        nonce=nonce,
        name=_file_name(calendar),
        state=FeedState.ACTIVE,
        has_own_language=has_own_language,
        created_at=at,
    )
    db.session.add(feed)
    db.session.flush()
    return feed


def _end(feed: Feed, *, at: datetime) -> None:
    _expect_active(feed)
    feed.state = FeedState.REVOKED
    feed.revoked_at = at
    db.session.flush()
    forget(secret.token_of(feed.nonce, key=settings.current().secret_key))


def _expect_active(feed: Feed) -> None:
    if feed.state is FeedState.REVOKED:
        raise Refused(_("This calendar address was ended before. Load the page again to see the one in use."))


def _owner_of(feed: Feed) -> User | Contact:
    return (
        db.session.get_one(User, feed.user_id)
        if feed.user_id is not None
        else db.session.get_one(Contact, feed.contact_id)
    )


def _project_of(calendar: Calendar) -> int | None:
    return int(calendar.scope_key) if calendar.scope is Scope.PROJECT else None


def _file_name(calendar: Calendar) -> str:
    """What some programs call the calendar, because they name it after the last part of its address."""
    name = calendar.name or ("everybody" if calendar.shows is Shows.ON_CALL else "all")
    if calendar.shows is Shows.VISITS and calendar.scope is Scope.PERSON:
        return _plain(name) or "visits"
    return "-".join(part for part in (_plain(name), _plain(calendar.shows.value)) if part)


def _plain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
