"""Counting in the working days of a calendar quickly, on day numbers (`date.toordinal`).

A plan asks the same calendars thousands of questions. Each calendar's working days are therefore listed once
and looked up by bisection; what `worktime` says one day at a time stays the definition.
"""

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache
from threading import Lock

from concierge.core.worktime import WorkCalendar, next_workday, previous_workday

STRETCH_DAYS = 184
"""So many days are listed at a time: a plan seldom spans more than two such stretches."""
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
_STRETCHING = Lock()


class DayCount:
    """The working days of one calendar; all days in and out are day numbers."""

    __slots__ = ("_known", "calendar")

    def __init__(self, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        # First and last day looked at, and the working days between: replaced whole, never narrower.
        self._known: tuple[int, int, list[int]] | None = None

    def next(self, day: int) -> int:
        """Return the first working day from `day` on, that day itself included.

        :raises ValueError: when the calendar is never open again.
        """
        days = self._around(day)
        place = bisect_left(days, day)
        return days[place] if place < len(days) else self._later(day, 0)

    def previous(self, day: int) -> int:
        """Return the last working day up to `day`, that day itself included.

        :raises ValueError: when the calendar was never open before.
        """
        days = self._around(day)
        place = bisect_right(days, day)
        return days[place - 1] if place else self._earlier(day, 1)

    def add(self, day: int, workdays: int) -> int:
        """Count so many working days on from `day`, exactly as `worktime.add_workdays` does.

        :raises ValueError: when the calendar is not open that often.
        """
        if workdays == 0:
            return self.next(day)
        days = self._around(day)
        if workdays > 0:
            place = bisect_right(days, day) + workdays - 1
            return days[place] if place < len(days) else self._later(day + 1, workdays - 1)
        place = bisect_left(days, day) + workdays
        return days[place] if place >= 0 else self._earlier(day - 1, -workdays)

    def between(self, from_day: int, to_day: int) -> int:
        """Count the working days after `from_day` up to and with `to_day`; negative when `to_day` is first."""
        self._around(from_day)
        days = self._around(to_day)
        return bisect_right(days, to_day) - bisect_right(days, from_day)

    def _around(self, day: int) -> list[int]:
        """The working days of a stretch without gaps that holds `day`."""
        known = self._known
        if known is not None and known[0] <= day <= known[1]:
            return known[2]
        return self._stretch(day, day + STRETCH_DAYS)

    def _later(self, day: int, more: int) -> int:
        """The working day that comes `more` working days after the first one from `day` on."""
        days, last = self._around(day), day
        while (place := bisect_left(days, day) + more) >= len(days):
            last = self._last(last) + 1
            # The definition refuses a calendar that stays closed, in its own words.
            next_workday(self.calendar, _date(last, self.calendar))
            days = self._stretch(day, last + STRETCH_DAYS)
        return days[place]

    def _earlier(self, day: int, many: int) -> int:
        """The working day that is the `many`th counted back from `day`, that day itself included."""
        days, first = self._around(day), day
        while (place := bisect_right(days, day) - many) < 0:
            first = self._first(first) - 1
            previous_workday(self.calendar, _date(first, self.calendar))
            days = self._stretch(first - STRETCH_DAYS, day)
        return days[place]

    def _first(self, day: int) -> int:
        return min(self._known[0], day) if self._known else day

    def _last(self, day: int) -> int:
        return max(self._known[1], day) if self._known else day

    def _stretch(self, first: int, last: int) -> list[int]:
        """List the working days of what is known and of these days, and everything between."""
        first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
        is_workday, from_number = self.calendar.is_workday, date.fromordinal
        with _STRETCHING:
            before, after, days = self._known or (first, first - 1, [])
            days = [
                *(day for day in range(first, before) if is_workday(from_number(day))),
                *days,
                *(day for day in range(after + 1, last + 1) if is_workday(from_number(day))),
            ]
            self._known = min(first, before), max(last, after), days
        return days


@lru_cache(maxsize=512)
def day_count(calendar: WorkCalendar) -> DayCount:
    """The counter of a calendar; the same one for calendars that are the same."""
    return DayCount(calendar)


def _date(day: int, calendar: WorkCalendar) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"The calendar “{calendar.name}” cannot count past the years 1 and 9999.")
    return date.fromordinal(day)
