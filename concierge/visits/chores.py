"""What happens at an hour: technicians' own calendars are read, and all visits judged by the rules anew."""

from collections.abc import Callable, Collection
from datetime import datetime
from itertools import islice
from typing import Any

from flask_babel import force_locale

from concierge.platform import clock, deliveries, fetching
from concierge.platform.errors import Refused
from concierge.visits import queries
from concierge.visits.actions import judging
from concierge.workforce import busy
from concierge.workforce import queries as workforce
from concierge.workforce.actions import own_calendars
from concierge.workforce.models import OwnCalendar

ACCEPTED = "text/calendar, */*;q=0.1"


def look_at_rules(due_at: datetime) -> None:
    """Order all visits to come to be judged anew: whatever changed unseen, no broken rule stays unlisted for long."""
    judging.order_all(at=due_at)


def order_own_calendars(due_at: datetime) -> None:
    """Order the reading of technicians' own calendars that are due until the next time."""
    own_calendars.order_due(from_at=due_at, to_at=due_at + own_calendars.EVERY)


@deliveries.outside
def read_own_calendar(args: dict[str, Any]) -> Callable[[], None] | None:  # Any: JSON values
    """Fetch and read one technician's own calendar, outside any transaction; what it returns writes.

    One that was read since it was ordered, or is gone, is left alone.
    """
    calendar = workforce.own_calendar_to_read(args["own_calendar_id"])
    if calendar is None or calendar.due_at > clock.now():
        return None
    with force_locale(calendar.technician.user.language):
        return _read(calendar)


def _read(calendar: OwnCalendar) -> Callable[[], None]:
    calendar_id, address = calendar.id, calendar.address
    zone = calendar.technician.user.zone
    at = clock.now()
    is_known = (
        calendar.read_at is not None
        and calendar.read_zone == zone
        and at - calendar.read_at < own_calendars.WHOLE_AFTER
    )
    try:
        fetched = fetching.get(
            address,
            entity_tag=calendar.entity_tag if is_known else "",
            last_modified=calendar.last_modified if is_known else "",
            accept=ACCEPTED,
        )
        reading = None if fetched.data is None else busy.read(fetched.data, zone=zone, at=at, ours=_ours)
    except Refused as refusal:
        problem = refusal.sentence
        return lambda: own_calendars.note_failure(
            calendar_id, address=address, problem=problem, at=clock.now()
        )
    return lambda: own_calendars.note_read(
        calendar_id,
        address=address,
        reading=reading,
        zone=zone,
        entity_tag=fetched.entity_tag,
        last_modified=fetched.last_modified,
        at=clock.now(),
    )


def _ours(uids: Collection[str]) -> frozenset[str]:
    """Say which appointments are visits or turns of our own, in questions of a size that databases take."""
    known: set[str] = set()
    left = iter(sorted(uids))
    while some := list(islice(left, 500)):
        known |= queries.visits_with_uids(some) | workforce.turns_with_uids(some)
    return frozenset(known)


deliveries.register(own_calendars.READ, read_own_calendar)
