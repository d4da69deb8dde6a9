"""When somebody is reminded of what they owe, and of what: by a rhythm, in their own daytime, at most once a day.

A point is due on a day. Some days before it, on that day and every other working day after it there is a step. A step
on a closed day is taken on the last working day before it until the point is due, and on the next one afterwards. A
letter is sent for the first point whose step has come and names all that is near: several points, of however many
projects, need one letter, and it counts for the step of each that is nearest to its day.
"""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from concierge.core.worktime import WorkCalendar, add_workdays, next_workday, previous_workday

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and when on a day."""

    before_days: tuple[int, ...] = (14, 7, 3, 1, 0)
    """Calendar days before a point is due."""
    after_workdays: int = 2
    """Working days from one letter to the next once it was due."""
    near_days: int = 14
    """A letter names what is due within so many days besides."""
    second_after: int = 3
    """So many letters without an answer until a second person is reminded too."""
    apart_days: int = 2
    """Letters that are closer count as one of these: other points may have caused one a day."""
    opens: time = time(8)
    closes: time = time(17)
    """Wall time of the reader between which letters leave; the end is excluded."""


RHYTHM = Rhythm()


@dataclass(frozen=True, slots=True)
class Owed:
    """One open point that somebody is reminded of."""

    key: Hashable
    due_on: date
    since_on: date
    """The day from which it is chased: they knew of it by then, or somebody left a reminder out."""
    weight: int = 0
    """What it holds up; the heavier is named first among those due on one day."""
    named_on: tuple[date, ...] = ()
    """The reader's days on which a letter to them named it."""


@dataclass(frozen=True, slots=True)
class Next:
    """The next letter."""

    at: datetime
    """The instant from which it may leave; aware, UTC."""
    local_on: date
    """The reader's day."""
    keys: tuple[Hashable, ...]
    """What it names, the most urgent first."""
    is_due: bool
    """Whether it may leave now."""


def next_letter(
    owed: Iterable[Owed],
    *,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    now: datetime,
    taken: Collection[date] = (),
    rhythm: Rhythm = RHYTHM,
) -> Next | None:
    """The next letter to one reader; none while they owe nothing, or when their place never opens again.

    :param calendar: the days on which the reader works.
    :param zone: where their clock stands.
    :param now: aware.
    :param taken: their days that have had a letter already, also one that somebody stopped.
    """
    points = sorted(owed, key=_urgency)
    if not points:
        return None
    today = now.astimezone(zone).date()
    try:
        wanted = min(_next_step(point, calendar, rhythm) for point in points)
        on, opens_at = _first_open(max(wanted, today), calendar, zone, now, taken, rhythm)
    except (ValueError, OverflowError):  # a place that is closed for ever, or the end of the calendar
        return None
    named = [
        point
        for point in points
        if point.due_on <= on + timedelta(days=rhythm.near_days) or _next_step(point, calendar, rhythm) <= on
    ]
    keys = tuple(point.key for point in named if point.since_on < on)
    return Next(max(opens_at, now.astimezone(UTC)), on, keys, opens_at <= now)


def steps(
    due_on: date, *, calendar: WorkCalendar, after: date, most: int, rhythm: Rhythm = RHYTHM
) -> tuple[date, ...]:
    """The next days on which a point is to be named, from the one after `after` on.

    :param most: how many.
    :raises ValueError: when the calendar is never open again.
    """
    found: list[date] = []
    while len(found) < most:
        after = _step_after(due_on, after, calendar, rhythm)
        found.append(after)
    return tuple(found)


def misses(named_on: Collection[date], *, today: date, rhythm: Rhythm = RHYTHM) -> tuple[date, ...]:
    """The days of letters that named a point and brought nothing; the one of today still may.

    Of letters that lie close together the first counts.
    """
    found: list[date] = []
    for day in sorted(named_on):
        if day < today and (not found or (day - found[-1]).days >= rhythm.apart_days):
            found.append(day)
    return tuple(found)


def second_since(named_on: Collection[date], *, today: date, rhythm: Rhythm = RHYTHM) -> date | None:
    """From which day on a second person is reminded of a point, too; None while the first one may still do it."""
    missed = misses(named_on, today=today, rhythm=rhythm)
    return missed[rhythm.second_after - 1] if len(missed) >= rhythm.second_after else None


def _urgency(point: Owed) -> tuple[date, int, str]:
    return point.due_on, -point.weight, str(point.key)


def _next_step(point: Owed, calendar: WorkCalendar, rhythm: Rhythm) -> date:
    named_on = max(point.named_on, default=date.min)
    if named_on < point.since_on:
        return _step_after(point.due_on, point.since_on, calendar, rhythm)
    step = _step_after(point.due_on, named_on, calendar, rhythm)
    before = _step_before(point.due_on, named_on, calendar, rhythm)
    if step <= point.due_on and before is not None and step - named_on < named_on - before:
        return _step_after(point.due_on, step, calendar, rhythm)  # that letter came instead of this step's
    return step


def _step_after(due_on: date, after: date, calendar: WorkCalendar, rhythm: Rhythm) -> date:
    """The first step of a point that comes after a day."""
    step = min((step for step in _steps_before(due_on, calendar, rhythm) if step > after), default=None)
    # once it was due, counted from the last letter, however late that was: there is rest between any two
    return step or add_workdays(calendar, max(after, due_on), rhythm.after_workdays)


def _step_before(due_on: date, day: date, calendar: WorkCalendar, rhythm: Rhythm) -> date | None:
    """The last step of a point up to a day; None before its first."""
    return max((step for step in _steps_before(due_on, calendar, rhythm) if step <= day), default=None)


def _steps_before(due_on: date, calendar: WorkCalendar, rhythm: Rhythm) -> tuple[date, ...]:
    return tuple(previous_workday(calendar, due_on - timedelta(days=days)) for days in rhythm.before_days)


def _first_open(
    day: date,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    now: datetime,
    taken: Collection[date],
    rhythm: Rhythm,
) -> tuple[date, datetime]:
    """The first working day from a day on with daytime left and no letter yet, and when its daytime begins."""
    while True:
        day = next_workday(calendar, day)
        opens_at, closes_at = _instant(day, rhythm.opens, zone), _instant(day, rhythm.closes, zone)
        # a zone that skips a day across the date line has no instant on it
        exists = opens_at.astimezone(zone).date() == day
        if exists and day not in taken and now < closes_at:
            return day, opens_at
        day += DAY


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
