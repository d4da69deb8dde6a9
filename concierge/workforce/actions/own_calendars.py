"""Letting a technician's own calendar count: adding it, asking for it again, and what a reading found."""

import random
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy import select

from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.platform import deliveries, fetching
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.workforce.busy import Busy, Reading
from concierge.workforce.events import (
    OwnCalendarAdded,
    OwnCalendarFailed,
    OwnCalendarRead,
    OwnCalendarRemoved,
    OwnCalendarRenamed,
)
from concierge.workforce.models import BusyTime, OwnCalendar, Technician
from concierge.workforce.states import BusyKind, OwnCalendarState

MOST = 5
"""So many calendars of their own a technician may let count."""
EVERY = timedelta(minutes=15)
JITTER_S = 180
LONGEST_WAIT = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=1)
WHOLE_AFTER = timedelta(days=7)
"""After so long an unchanged calendar is read again all the same: the horizon has moved on."""
READ = "workforce.own_calendar"
"""The delivery that reads one; done by the visits, which know our own appointments."""


def add(
    technician: Technician, *, name: str, address: str, at: datetime, actor_id: int | None
) -> OwnCalendar:
    """Let a calendar elsewhere count; it is read as soon as possible.

    :raises BadAddress: when the address is none that may be fetched.
    :raises Refused: when it counts already, or there are enough of them.
    """
    checked = fetching.checked_address(address)
    db.session.execute(select(Technician.id).where(Technician.id == technician.id).with_for_update())
    known = db.session.scalars(
        select(OwnCalendar.address).where(OwnCalendar.technician_id == technician.id)
    ).all()
    if checked in known:
        raise Refused(_("This calendar counts already. Remove the other entry first to start anew."))
    if len(known) >= MOST:
        raise Refused(
            _("Up to %(most)s calendars of your own can count. Remove one that no longer matters.", most=MOST)
        )
    calendar = OwnCalendar(
        technician_id=technician.id,
        name=name,
        address=checked,
        state=OwnCalendarState.WAITING,
        created_at=at,
        due_at=at,
    )
    db.session.add(calendar)
    db.session.flush()
    _order(calendar, at)
    record(
        OwnCalendarAdded(at=at, actor_id=actor_id, user_id=technician.user_id, own_calendar_id=calendar.id)
    )
    return calendar


def change(calendar: OwnCalendar, *, name: str, address: str, at: datetime, actor_id: int | None) -> None:
    """Call a calendar otherwise, or read it from another address; nothing changed records nothing.

    With another address its times count until the new one has been read.

    :raises BadAddress: when the address is none that may be fetched.
    """
    checked = fetching.checked_address(address)
    is_elsewhere = checked != calendar.address
    before = calendar.name
    calendar.name = name
    if calendar.name == before and not is_elsewhere:
        return
    if is_elsewhere:
        calendar.address = checked
        calendar.entity_tag = calendar.last_modified = ""
        calendar.failures, calendar.due_at = 0, at
        _order(calendar, at)
    db.session.flush()
    record(
        OwnCalendarRenamed(
            at=at,
            actor_id=actor_id,
            user_id=_owner_id(calendar),
            own_calendar_id=calendar.id,
        )
    )


def remove(calendar: OwnCalendar, *, at: datetime, actor_id: int | None) -> None:
    """Let a calendar count no longer; its address and its times are forgotten."""
    gone_id, user_id = calendar.id, _owner_id(calendar)
    db.session.execute(sa.delete(BusyTime).where(BusyTime.own_calendar_id == gone_id))
    db.session.delete(calendar)
    db.session.flush()
    record(OwnCalendarRemoved(at=at, actor_id=actor_id, user_id=user_id, own_calendar_id=gone_id))


def read_now(calendar: OwnCalendar, *, at: datetime) -> None:
    """Have a calendar read as soon as possible, however long its next turn is away.

    :raises Refused: when that was tried just now.
    """
    if calendar.tried_at is not None and at - calendar.tried_at < AGAIN_AFTER:
        raise Refused(_("The calendar was read a moment ago. Wait a minute, then try again."))
    calendar.due_at = at
    db.session.flush()
    _order(calendar, at)


def order_due(*, from_at: datetime, to_at: datetime) -> int:
    """Order the reading of every calendar that is due before an instant, each in its own minute.

    Those of people who have left are read no more.

    :param from_at: the start of the time that this looks after; the same start orders once.
    :return: how many there are.
    """
    due = db.session.execute(
        select(OwnCalendar.id, OwnCalendar.due_at)
        .join(Technician, Technician.id == OwnCalendar.technician_id)
        .join(User, User.id == Technician.user_id)
        .where(OwnCalendar.due_at < to_at, User.state == AccessState.ACTIVE)
        .order_by(OwnCalendar.id)
    ).all()
    for calendar_id, due_at in due:
        deliveries.enqueue(
            READ,
            {"own_calendar_id": calendar_id},
            unique_key=f"own-calendar:{calendar_id}:{from_at.isoformat()}",
            run_at=max(due_at, from_at),
            queue="chores",
            priority=-5,
            max_attempts=3,
        )
    return len(due)


def note_read(
    calendar_id: int,
    *,
    address: str,
    reading: Reading | None,
    zone: str = "",
    entity_tag: str = "",
    last_modified: str = "",
    at: datetime,
) -> None:
    """Note what was found at an address; what was known before gives way to it.

    A calendar that was removed or moved in the meantime stays as it is.

    :param reading: `None` when the server said that nothing has changed.
    :param zone: where its owner lives, for whom it was read.
    """
    calendar = _for_change(calendar_id, address)
    if calendar is None:
        return
    was_fresh = calendar.state is OwnCalendarState.FRESH
    calendar.state, calendar.failures = OwnCalendarState.FRESH, 0
    calendar.tried_at = calendar.fetched_at = at
    calendar.due_at = at + EVERY + _jitter()
    is_new = False
    if reading is not None:
        calendar.read_at, calendar.read_zone = at, zone
        calendar.entity_tag, calendar.last_modified = entity_tag, last_modified
        calendar.problem = reading.complaint
        is_new = _replace(calendar, reading.times)
    db.session.flush()
    if is_new or not was_fresh:
        record(
            OwnCalendarRead(
                at=at,
                actor_id=None,
                user_id=_owner_id(calendar),
                own_calendar_id=calendar.id,
                times=_count(calendar),
            )
        )


def note_failure(calendar_id: int, *, address: str, problem: str, at: datetime) -> None:
    """Note that a calendar could not be read; its last times go on counting, and it is tried ever more rarely."""
    calendar = _for_change(calendar_id, address)
    if calendar is None:
        return
    was_stale = calendar.state is OwnCalendarState.STALE
    calendar.state, calendar.problem, calendar.tried_at = OwnCalendarState.STALE, problem, at
    calendar.failures += 1
    wait = min(LONGEST_WAIT, EVERY * 2 ** min(calendar.failures - 1, 10))
    calendar.due_at = at + wait + _jitter()
    db.session.flush()
    if not was_stale:
        record(
            OwnCalendarFailed(
                at=at,
                actor_id=None,
                user_id=_owner_id(calendar),
                own_calendar_id=calendar.id,
                fetched_at=calendar.fetched_at,
            )
        )


def _for_change(calendar_id: int, address: str) -> OwnCalendar | None:
    calendar = db.session.scalar(
        select(OwnCalendar)
        .where(OwnCalendar.id == calendar_id)
        .with_for_update(of=OwnCalendar)
        .execution_options(populate_existing=True)
    )
    return calendar if calendar is not None and calendar.address == address else None


def _replace(calendar: OwnCalendar, times: tuple[Busy, ...]) -> bool:
    """Write the times of a calendar, only what differs; whether any of what is still to come does."""
    rows = db.session.execute(
        select(BusyTime.id, BusyTime.starts_at, BusyTime.ends_at, BusyTime.kind).where(
            BusyTime.own_calendar_id == calendar.id
        )
    ).all()
    before = {(row.starts_at, row.ends_at, row.kind): cast("int", row.id) for row in rows}
    after = {(busy.starts_at, busy.ends_at, busy.kind) for busy in times}
    gone = [row_id for key, row_id in before.items() if key not in after]
    new = sorted(after - before.keys(), key=lambda key: (key[0], key[1], key[2].value))
    for first in range(0, len(gone), 500):
        db.session.execute(sa.delete(BusyTime).where(BusyTime.id.in_(gone[first : first + 500])))
    if new:
        db.session.execute(
            sa.insert(BusyTime),
            [
                {"own_calendar_id": calendar.id, "starts_at": starts, "ends_at": ends, "kind": kind}
                for starts, ends, kind in new
            ],
        )
    return bool(new or gone)


def _count(calendar: OwnCalendar) -> int:
    return (
        db.session.scalar(
            select(sa.func.count(BusyTime.id)).where(
                BusyTime.own_calendar_id == calendar.id, BusyTime.kind == BusyKind.BUSY
            )
        )
        or 0
    )


def _owner_id(calendar: OwnCalendar) -> int:
    return db.session.get_one(Technician, calendar.technician_id).user_id


def _order(calendar: OwnCalendar, at: datetime) -> None:
    deliveries.enqueue(
        READ,
        {"own_calendar_id": calendar.id},
        unique_key=f"own-calendar:{calendar.id}:now:{at.isoformat()}",
        max_attempts=3,
    )


def _jitter() -> timedelta:
    return timedelta(seconds=random.uniform(0, JITTER_S))  # noqa: S311 - spreads load, guards nothing


def owned(calendar_id: int, *, user_id: int) -> OwnCalendar:
    """Find a calendar that is a person's own, locked until the end of the unit of work.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    calendar = db.session.scalar(
        select(OwnCalendar)
        .join(OwnCalendar.technician)
        .where(OwnCalendar.id == calendar_id, Technician.user_id == user_id)
        .with_for_update(of=OwnCalendar)
        .execution_options(populate_existing=True)
    )
    if calendar is None:
        raise NotFound
    return calendar
