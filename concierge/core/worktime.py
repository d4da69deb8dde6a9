"""Working days in a place, several places at once, and counting in them."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from types import MappingProxyType

DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SATURDAY_AND_SUNDAY = frozenset({5, 6})
LONGEST_CLOSURE_DAYS = 800
"""A place that is closed for longer than this many days on end is taken to be never open again."""

_LAST = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Says on which days people work somewhere.

    `weekend` holds weekdays (Monday is 0). `closed` gives the reason of each closed day as it is read on
    screen ("Allerseelen, Basel-Stadt"). `opened` holds weekend days that are worked all the same, as China
    does around its long holidays; a day both closed and opened is closed. `parts` are the calendars that it
    combines, so that a closed day can name every reason; a plain calendar has none.
    """

    name: str
    weekend: frozenset[int] = SATURDAY_AND_SUNDAY
    closed: Mapping[date, str] = field(default_factory=dict)
    opened: frozenset[date] = frozenset()
    parts: tuple["WorkCalendar", ...] = ()
    _counted: "_Counted | None" = field(default=None, init=False, repr=False, compare=False)

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

    def reasons(self, day: date) -> tuple[str, ...]:
        """Give every reason why nobody works that day, each once; none when they do.

        Named days come before the weekday: ("Allerseelen, Basel-Stadt", "Saturday").
        """
        return tuple(dict.fromkeys(words for _, words in self.explained(day)))

    def explained(self, day: date) -> tuple[tuple[str, str], ...]:
        """Give every reason of a closed day with the name of the calendar it comes from."""
        if self.is_workday(day):
            return ()
        plain = _plain_parts(self)
        named = [(part.name, part.closed[day]) for part in plain if day in part.closed]
        weekday = day.weekday()
        resting = [
            (part.name, WEEKDAYS[weekday])
            for part in plain
            if weekday in part.weekend and day not in part.opened
        ]
        return (*named, *resting)

    @property
    def counted(self) -> "_Counted":
        """Its working days in a form that is fast to count in; made once."""
        counted = self._counted
        if counted is None:
            counted = _Counted(self)
            object.__setattr__(self, "_counted", counted)
        return counted


@lru_cache(maxsize=4096)
def together(*calendars: WorkCalendar) -> WorkCalendar:
    """Combine places: a day is worked only where it is worked in all of them.

    :raises ValueError: without any calendar.
    """
    if not calendars:
        raise ValueError("At least one calendar is needed to combine calendars.")
    if len(calendars) == 1:
        return calendars[0]
    closed: dict[date, str] = {}
    for calendar in reversed(calendars):
        closed.update(calendar.closed)
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
        parts=calendars,
    )


def next_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the first working day from `day` on, that day itself included.

    :raises ValueError: when the place is never open again.
    """
    if calendar.is_workday(day):
        return day
    return _count_on(calendar, day, 1)


def previous_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the last working day up to `day`, that day itself included.

    :raises ValueError: when the place was never open before.
    """
    if calendar.is_workday(day):
        return day
    return _count_on(calendar, day, -1)


def add_workdays(calendar: WorkCalendar, day: date, workdays: int) -> date:
    """Count so many working days on from `day`, back when negative.

    Zero gives the first working day from it on, itself included. From a closed day, 1 is the first
    working day after it and −1 the last before it.

    :raises ValueError: when the place is not open that often.
    """
    if workdays == 0:
        return next_workday(calendar, day)
    return _count_on(calendar, day, workdays)


def workdays_between(calendar: WorkCalendar, from_on: date, to_on: date) -> int:
    """Count the working days after `from_on` up to and with `to_on`; negative when `to_on` comes first.

    This is the slip of a date in the place's working days: from Friday to Monday it is 1.
    """
    return calendar.counted.up_to(to_on.toordinal()) - calendar.counted.up_to(from_on.toordinal())


def refuse_if_never_open(calendar: WorkCalendar) -> None:
    """Check that people work there at all.

    :raises ValueError: when no weekday is worked and no single day is opened.
    """
    if not calendar.counted.is_ever_open:
        raise ValueError(
            f"The calendar “{calendar.name}” has no working day at all. Open at least one day of its week."
        )


def _plain_parts(calendar: WorkCalendar) -> tuple[WorkCalendar, ...]:
    if not calendar.parts:
        return (calendar,)
    return tuple(plain for part in calendar.parts for plain in _plain_parts(part))


def _count_on(calendar: WorkCalendar, day: date, workdays: int) -> date:
    counted = calendar.counted
    start = day.toordinal()
    so_far = counted.up_to(start)
    if workdays > 0:
        found, edge, direction = counted.nth(so_far + workdays), _LAST, "after"
    else:
        before = so_far - 1 if calendar.is_workday(day) else so_far
        found, edge, direction = counted.nth(before + 1 + workdays), 1, "before"
    if found is None or counted.is_shut_between(start, found):
        refuse_if_never_open(calendar)
        raise ValueError(
            f"The calendar “{calendar.name}” has no working day within {LONGEST_CLOSURE_DAYS} days "
            f"{direction} {day}. "
            "Open at least one day of its week, or shorten its closures."
        )
    if not 1 <= found <= _LAST:
        raise ValueError(f"The calendar “{calendar.name}” cannot count past {date.fromordinal(edge)}.")
    return date.fromordinal(found)


class _Counted:
    """The working days of a calendar, numbered; days are ordinals, so that Monday is 1 modulo 7.

    The week repeats, so working days are counted by arithmetic; only the days that break the pattern – closed
    on a day of work, worked on a weekend – are looked up, by bisection.
    """

    __slots__ = ("_breaks", "_counts", "_days", "_gained", "_long_gaps", "_of_week", "_sums", "is_ever_open")

    def __init__(self, calendar: WorkCalendar) -> None:
        self._days = tuple(number for number in range(7) if number not in calendar.weekend)
        self._of_week = tuple(accumulate((int(n not in calendar.weekend) for n in range(7)), initial=0))
        gains = {day.toordinal(): -1 for day in calendar.closed if day.weekday() not in calendar.weekend}
        for day in calendar.opened:
            if day.weekday() in calendar.weekend and day not in calendar.closed:
                gains[day.toordinal()] = 1
        self._breaks = sorted(gains)
        self._gained = [gains[day] for day in self._breaks]
        self._sums = list(accumulate(self._gained, initial=0))
        self._counts = [
            self._by_week(day) + total for day, total in zip(self._breaks, self._sums[1:], strict=True)
        ]
        self.is_ever_open = bool(self._days) or 1 in self._gained
        self._long_gaps = self._find_long_gaps()

    def up_to(self, day: int) -> int:
        """How many working days there are up to a day, itself included; only differences mean something."""
        return self._by_week(day) + self._sums[bisect_right(self._breaks, day)]

    def nth(self, count: int) -> int | None:
        """The first day up to which there are so many working days; None when there never are."""
        number = bisect_left(self._counts, count)
        # Before the break of that number the week repeats undisturbed: count back from its own sum.
        found = self._by_week_nth(count - self._sums[number])
        if number < len(self._breaks) and (found is None or found >= self._breaks[number]):
            return self._breaks[number] if self._gained[number] > 0 else None
        return found

    def is_shut_between(self, start: int, end: int) -> bool:
        """Whether more closed days on end lie between two days than anybody waits for."""
        first, last = min(start, end), max(start, end)
        return any(
            min(last, shut_to) - max(first, shut_from) > LONGEST_CLOSURE_DAYS
            for shut_from, shut_to in self._long_gaps
        )

    def _by_week(self, day: int) -> int:
        weeks, rest = divmod(day - 1, 7)
        return weeks * len(self._days) + self._of_week[rest + 1]

    def _by_week_nth(self, count: int) -> int | None:
        if not self._days:
            return None
        weeks, rest = divmod(count - 1, len(self._days))
        return weeks * 7 + self._days[rest] + 1

    def _find_long_gaps(self) -> tuple[tuple[int, int], ...]:
        """The working days at both ends of each closure that is too long to wait for."""
        if not self._days:
            edges = [-LONGEST_CLOSURE_DAYS, *self._breaks, _LAST + LONGEST_CLOSURE_DAYS]
            return tuple(
                (before, after) for before, after in pairwise(edges) if after - before > LONGEST_CLOSURE_DAYS
            )
        # A closure that long breaks the pattern at least this often, and the count stands still all the while.
        fewest = (LONGEST_CLOSURE_DAYS // 7 - 1) * len(self._days)
        found: set[tuple[int, int]] = set()
        for number in range(len(self._counts) - fewest):
            count = self._counts[number]
            if count == self._counts[number + fewest]:
                before, after = self.nth(count), self.nth(count + 1)
                if before is not None and after is not None and after - before > LONGEST_CLOSURE_DAYS:
                    found.add((before, after))
        return tuple(sorted(found))
