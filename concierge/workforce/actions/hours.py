"""When technicians work: weekly shifts, hours of single dates, and how much of them visits may take."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise

from flask_babel import gettext as _
from sqlalchemy import or_, select

from concierge.core.hours import Hours, clock_words
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.platform.words import day
from concierge.workforce import queries
from concierge.workforce.calendars import Shift
from concierge.workforce.events import CapacityRemoved, CapacitySet, DayCleared, DaySet, HoursSet
from concierge.workforce.models import Capacity, OtherHours, Technician, TechnicianHours

MOST_SHIFTS = 6
"""Of one day."""
_STRETCH = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|—|−)\s*(\d{1,2})(?:[:.](\d{2}))?", re.ASCII)


class HoursInDisorder(Refused):
    """Hours that end before they begin, or lie over each other."""


def set_hours(technician: Technician, shifts: Iterable[Shift], *, at: datetime, actor_id: int | None) -> None:
    """Give a technician weekly hours in place of those they had; none: the usual ones of their country's week.

    :param shifts: weekday (Monday is 0), and the minutes after midnight at which it begins and ends (1440: 24:00).
    :raises HoursInDisorder: when one ends before it begins, or two of a day overlap.
    """
    wanted = sorted(set(shifts))
    for weekday in range(7):
        of_day = [hours_from(*shift[1:]) for shift in wanted if shift[0] == weekday]
        refuse_overlap(of_day)
    queries.lock_technician(technician.id)
    before = db.session.scalars(
        select(TechnicianHours).where(TechnicianHours.technician_id == technician.id)
    ).all()
    kept = {(row.weekday, row.from_minute, row.to_minute): row for row in before}
    if sorted(kept) == wanted:
        return
    for shift, row in kept.items():
        if shift not in wanted:
            db.session.delete(row)
    db.session.flush()
    for weekday, from_minute, to_minute in wanted:
        if (weekday, from_minute, to_minute) not in kept:
            db.session.add(
                TechnicianHours(
                    technician_id=technician.id,
                    weekday=weekday,
                    from_minute=from_minute,
                    to_minute=to_minute,
                )
            )
    db.session.flush()
    db.session.expire(technician, ["hours"])
    record(
        HoursSet(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            minutes_before=sum(shift[2] - shift[1] for shift in kept),
            minutes=sum(shift[2] - shift[1] for shift in wanted),
        )
    )


def set_day(
    technician: Technician,
    *,
    worked_on: date,
    hours: Sequence[Hours],
    reason: str = "",
    at: datetime,
    actor_id: int | None,
) -> None:
    """Give a technician hours of their own on one date, in place of its weekday's; none: free.

    :raises HoursInDisorder: when two stretches overlap.
    """
    wanted = sorted(hours, key=lambda one: one.from_minute)
    refuse_overlap(wanted)
    queries.lock_technician(technician.id)
    _clear_day(technician.id, worked_on)
    stretches: list[tuple[int | None, int | None]] = [(one.from_minute, one.to_minute) for one in wanted]
    for from_minute, to_minute in stretches or [(None, None)]:
        db.session.add(
            OtherHours(
                technician_id=technician.id,
                worked_on=worked_on,
                from_minute=from_minute,
                to_minute=to_minute,
                reason=reason,
            )
        )
    db.session.flush()
    record(
        DaySet(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            worked_on=worked_on,
            hours=tuple(str(one) for one in wanted),
        )
    )


def clear_day(technician: Technician, *, worked_on: date, at: datetime, actor_id: int | None) -> None:
    """Let a date have the hours of its weekday again.

    :raises NotFound: when it has them already.
    """
    queries.lock_technician(technician.id)
    if not _clear_day(technician.id, worked_on):
        raise NotFound
    record(DayCleared(at=at, actor_id=actor_id, user_id=technician.user_id, worked_on=worked_on))


def set_capacity(
    technician: Technician,
    *,
    first_on: date,
    last_on: date | None,
    percent: int,
    reason: str = "",
    at: datetime,
    actor_id: int | None,
) -> Capacity:
    """Say how much of a technician's hours visits may take for some time.

    :param last_on: included; `None`: until further notice.
    :raises Refused: when it is no percentage, ends before it begins, or overlaps with another such time.
    """
    if not 0 <= percent <= 100:
        raise Refused(_("Enter a percentage from 0 to 100."))
    if last_on is not None and last_on < first_on:
        raise Refused(_("Choose a day that is not before the first day."))
    queries.lock_technician(technician.id)
    other = db.session.scalar(
        select(Capacity)
        .where(
            Capacity.technician_id == technician.id,
            or_(Capacity.last_on.is_(None), Capacity.last_on >= first_on),
            *([Capacity.first_on <= last_on] if last_on is not None else []),
        )
        .order_by(Capacity.first_on)
        .limit(1)
    )
    if other is not None:
        raise Refused(
            _(
                "From %(first)s on, %(percent)s %% are entered already. Remove that first, or choose other days.",
                first=day(other.first_on),
                percent=other.percent,
            )
        )
    capacity = Capacity(
        technician_id=technician.id, first_on=first_on, last_on=last_on, percent=percent, reason=reason
    )
    db.session.add(capacity)
    db.session.flush()
    record(
        CapacitySet(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            first_on=first_on,
            last_on=last_on,
            percent=percent,
        )
    )
    return capacity


def remove_capacity(technician: Technician, capacity_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Let visits take all of a technician's hours again.

    :raises NotFound: when it is gone, or somebody else's.
    """
    capacity = db.session.get(Capacity, capacity_id)
    if capacity is None or capacity.technician_id != technician.id:
        raise NotFound
    db.session.delete(capacity)
    db.session.flush()
    record(
        CapacityRemoved(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            first_on=capacity.first_on,
            last_on=capacity.last_on,
        )
    )


def hours_in(text: str) -> tuple[Hours, ...]:
    """Read the hours of a day as people write them: ``08:00–12:00, 13-17``; none when nothing is written.

    :raises HoursInDisorder: when it cannot be read, ends before it begins, or overlaps.
    """
    found = []
    for part in filter(None, (each.strip() for each in re.split(r"[,;]", text))):
        ends = _STRETCH.fullmatch(part)
        if ends is None or int(ends[2] or 0) > 59 or int(ends[4] or 0) > 59:
            raise HoursInDisorder(
                _(
                    "“%(text)s” is no stretch of hours. Write them such as 08:00–12:00, 13:00–17:00.",
                    text=part[:40],
                )
            )
        begin, end = (60 * int(ends[at]) + int(ends[at + 1] or 0) for at in (1, 3))
        found.append(hours_from(begin, end))
    found.sort(key=lambda one: one.from_minute)
    refuse_overlap(found)
    return tuple(found)


def hours_from(from_minute: int, to_minute: int) -> Hours:
    """Make a stretch of a day.

    :raises HoursInDisorder: when it ends before it begins or leaves the day.
    """
    if not 0 <= from_minute < to_minute <= 1440:
        raise HoursInDisorder(
            _(
                "Hours cannot run from %(start)s to %(end)s. Let them end later on the same day; the end of the day "
                "is 24:00.",
                start=clock_words(from_minute),
                end=clock_words(to_minute),
            )
        )
    return Hours(from_minute, to_minute)


def refuse_overlap(hours: Sequence[Hours]) -> None:
    """Check that stretches of one day, in order, follow each other.

    :raises HoursInDisorder: when two overlap, or there are too many.
    """
    if len(hours) > MOST_SHIFTS:
        raise HoursInDisorder(_("A day has %(count)s shifts at most.", count=MOST_SHIFTS))
    for one, other in pairwise(hours):
        if other.from_minute < one.to_minute:
            raise HoursInDisorder(
                _(
                    "%(one)s and %(other)s lie over each other. Enter one after the other.",
                    one=str(one),
                    other=str(other),
                )
            )


def _clear_day(technician_id: int, worked_on: date) -> bool:
    rows = db.session.scalars(
        select(OtherHours).where(OtherHours.technician_id == technician_id, OtherHours.worked_on == worked_on)
    ).all()
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return bool(rows)
