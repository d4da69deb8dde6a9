"""When customers' people are not there, so that nobody is sent to meet them then."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.events import ContactAwayEntered, ContactAwayRemoved
from concierge.accounts.models import Contact, ContactAway
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record

LONGEST_DAYS = 366


def enter_away(
    contact: Contact,
    *,
    first_on: date,
    last_on: date,
    from_time: time | None = None,
    to_time: time | None = None,
    actor_id: int | None,
    at: datetime,
) -> ContactAway:
    """Note that somebody is not there from a day to another, both included, by the clock of where they are.

    :param from_time: on the first day; `None`: from its beginning.
    :param to_time: on the last day; `None`: to its end.
    :raises Refused: when it ends before it begins, or lasts more than a year.
    """
    starts_local = datetime.combine(first_on, from_time or time())
    ends_local = (
        datetime.combine(last_on, to_time)
        if to_time
        else datetime.combine(last_on + timedelta(days=1), time())
    )
    if ends_local <= starts_local:
        raise Refused(_("The time away has to end after it begins. Choose a later end."))
    if (last_on - first_on).days > LONGEST_DAYS:
        raise Refused(_("That is more than a year. Enter a shorter time."))
    zone = ZoneInfo(contact.zone)
    # Where the clocks jump over a time, what they show next is meant; an hour they show twice is wholly away.
    starts_at = starts_local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    ends_at = ends_local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    away = ContactAway(
        contact_id=contact.id,
        starts_local=starts_local,
        ends_local=ends_local,
        zone=contact.zone,
        starts_at=starts_at,
        ends_at=max(ends_at, starts_at + timedelta(minutes=1)),
    )
    db.session.add(away)
    db.session.flush()
    record(
        ContactAwayEntered(
            at=at,
            actor_id=actor_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            name=contact.name,
            first_on=first_on,
            last_on=last_on,
        )
    )
    return away


def remove_away(contact: Contact, away_id: int, *, actor_id: int | None, at: datetime) -> None:
    """Note that somebody is there after all.

    :raises NotFound: when there is no such time, or it is somebody else's.
    """
    away = db.session.scalar(
        sa.select(ContactAway).where(ContactAway.id == away_id, ContactAway.contact_id == contact.id)
    )
    if away is None:
        raise NotFound
    last_on = (away.ends_local - timedelta(minutes=1)).date()
    db.session.delete(away)
    db.session.flush()
    record(
        ContactAwayRemoved(
            at=at,
            actor_id=actor_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            name=contact.name,
            first_on=away.starts_local.date(),
            last_on=last_on,
        )
    )
