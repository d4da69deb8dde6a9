"""Working days in a place, several places at once, and counting in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SATURDAY_AND_SUNDAY = frozenset({5, 6})
LONGEST_CLOSURE_DAYS = 800
"""A place that is closed for longer than this many days on end is taken to be never open again."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Says on which days people work somewhere.

    `weekend` holds weekdays (Monday is 0). `closed` gives the reason of each closed day as it is read on
    screen ("Allerseelen, Basel-Stadt"). `opened` holds weekend days that are worked all the same, as China
    does around its long holidays; a day both closed and opened is closed.
    """

    name: str
    weekend: frozenset[int] = SATURDAY_AND_SUNDAY
    closed: Mapping[date, str] = field(default_factory=dict)
    opened: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "weekend", frozenset(self.weekend))
        object.__setattr__(self, "closed", MappingProxyType(dict(self.closed)))
        object.__setattr__(self, "opened", frozenset(self.opened))

    def __hash__(self) -> int:
        return hash((self.name, self.weekend, len(self.closed), self.opened))

    def is_workday(self, day: date) -> bool:
        """Say whether people work on that day."""
        if day in self.closed:
            return False
        return day.weekday() not in self.weekend or day in self.opened

    def why_closed(self, day: date) -> str | None:
        """Give the reason why nobody works that day, `None` when they do."""
        if day in self.closed:
            return self.closed[day]
        return None if self.is_workday(day) else WEEKDAYS[day.weekday()]


def together(*calendars: WorkCalendar) -> WorkCalendar:
    """Combine places: a day is worked only where it is worked in all of them.

    :raises ValueError: without any calendar.
    """
    if not calendars:
        raise ValueError("At least one calendar is needed to combine calendars.")
    if len(calendars) == 1:
        return calendars[0]
    closed: dict[date, str] = {}
    for calendar in calendars:
        for day, reason in calendar.closed.items():
            closed.setdefault(day, reason)
    return WorkCalendar(
        name=" + ".join(dict.fromkeys(calendar.name for calendar in calendars)),
        weekend=frozenset().union(*(calendar.weekend for calendar in calendars)),
        closed=closed,
        opened=frozenset(
            day
            for calendar in calendars
            for day in calendar.opened
            if all(other.is_workday(day) for other in calendars)
        ),
    )


def next_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the first working day from `day` on, that day itself included.

    :raises ValueError: when the place is never open again.
    """
    return _walk(calendar, day, DAY)


def previous_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the last working day up to `day`, that day itself included.

    :raises ValueError: when the place was never open before.
    """
    return _walk(calendar, day, -DAY)


def add_workdays(calendar: WorkCalendar, day: date, workdays: int) -> date:
    """Count so many working days on from `day`, back when negative.

    Zero gives the first working day from it on, itself included. From a closed day, 1 is the first
    working day after it and −1 the last before it.

    :raises ValueError: when the place is not open that often.
    """
    if workdays == 0:
        return next_workday(calendar, day)
    step = DAY if workdays > 0 else -DAY
    for _ in range(abs(workdays)):
        day = _walk(calendar, _neighbour(calendar, day, step), step)
    return day


def workdays_between(calendar: WorkCalendar, from_on: date, to_on: date) -> int:
    """Count the working days after `from_on` up to and with `to_on`; negative when `to_on` comes first.

    This is the slip of a date in the place's working days: from Friday to Monday it is 1.
    """
    if to_on < from_on:
        return -workdays_between(calendar, to_on, from_on)
    length = (to_on - from_on).days
    return sum(calendar.is_workday(from_on + timedelta(days=number)) for number in range(1, length + 1))


def _walk(calendar: WorkCalendar, day: date, step: timedelta) -> date:
    start = day
    for _ in range(LONGEST_CLOSURE_DAYS):
        if calendar.is_workday(day):
            return day
        day = _neighbour(calendar, day, step)
    direction = "after" if step > timedelta(0) else "before"
    raise ValueError(
        f"The calendar “{calendar.name}” has no working day within {LONGEST_CLOSURE_DAYS} days "
        f"{direction} {start}. "
        "Open at least one day of its week, or shorten its closures."
    )


def _neighbour(calendar: WorkCalendar, day: date, step: timedelta) -> date:
    try:
        return day + step
    except OverflowError as overflow:
        raise ValueError(f"The calendar “{calendar.name}” cannot count past {day}.") from overflow
