"""Working days of a place, from its public holidays, and working hours of a technician, from all that shapes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import holidays
from babel import Locale

from concierge.core.dispatch import LONGEST_SHIFT
from concierge.core.hours import MINUTES_OF_DAY, DayHours, Hours, Place, Shut, hours_between, open_within
from concierge.core.spans import Span
from concierge.core.worktime import SATURDAY_AND_SUNDAY, WorkCalendar, together
from concierge.workforce.models import Absence, Capacity, Closure, OtherHours, Technician

YEARS = range(2015, 2046)
"""The years whose holidays are known; plans do not reach further."""

OTHER_HOURS = "other hours"
COMPANY = "company"
AWAY = "away"
"""Names of the calendars of our closures and of a technician's absences; a place has its own name."""

NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of two letters that name unions, tests and nothing, not a country."""

Period: TypeAlias = tuple[str, date, date]
"""Why somebody is closed or away, and the first and the last day of it."""

Shift: TypeAlias = tuple[int, int, int]
"""A weekday (Monday is 0), and the minutes after midnight at which a shift begins and ends (1440 is 24:00)."""

USUAL_SHIFT = (8 * 60, 17 * 60)
"""The hours of everybody who has none of their own."""

WHOLE_DAY = Hours(0, MINUTES_OF_DAY)


class Away(Protocol):
    """Something with the days and times of an absence: an absence, a request for leave, or a change of one."""

    @property
    def first_on(self) -> date:
        """The first day, where the technician lives."""

    @property
    def last_on(self) -> date:
        """The last day, included."""

    @property
    def from_time(self) -> time | None:
        """On the first day; None: from its beginning."""

    @property
    def to_time(self) -> time | None:
        """On the last day; None: to its end."""


@dataclass(frozen=True, slots=True)
class HomeBase:
    """Where a technician lives and by which hours: what their place is made of besides what happens on dates.

    `shifts` are ordered; without any they work the usual shift on the working days of their country's week.
    """

    name: str
    zone: str
    country: str
    subdivision: str = ""
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class OurDays:
    """The company's closures as everybody's hours need them: whole days, and those that take a part of a day."""

    whole: tuple[Period, ...]
    halves: tuple[Closure, ...]
    _shut: dict[Span[date] | None, Mapping[date, tuple[Shut, ...]]] = field(default_factory=dict, repr=False)

    def shut(self, within: Span[date] | None) -> Mapping[date, tuple[Shut, ...]]:
        """What they take out of days, as far as they lie within some."""
        found = self._shut.get(within)
        if found is None:
            days: dict[date, list[Shut]] = {}
            for closure in self.halves:
                assert closure.from_time is not None and closure.to_time is not None  # noqa: S101, PT018 # halves
                shut = Shut(hours_between(closure.from_time, closure.to_time), closure.name)
                for day in _days_within(closure.first_on, closure.last_on, within):
                    days.setdefault(day, []).append(shut)
            found = self._shut[within] = {day: tuple(each) for day, each in days.items()}
        return found


def our_days(closures: Iterable[Closure]) -> OurDays:
    """Sort closures once for many people."""
    company = tuple(closures)
    halves = tuple(one for one in company if one.from_time is not None and one.to_time is not None)
    return OurDays(whole_days(company), halves)


def technician_place(
    technician: Technician | HomeBase,
    *,
    closures: Iterable[Closure] | OurDays = (),
    absences: Iterable[Absence] = (),
    other_hours: Iterable[OtherHours] = (),
    within: Span[date] | None = None,
) -> Place:
    """Return when a technician works: weekly hours in their zone, holidays where they live, closures, absences.

    Hours of a single date hold whatever its weekday, a holiday or a closure says; an absence takes time out of
    everything. For many technicians ask `queries.technician_places`.

    :param technician: with user and hours loaded, or the same as values.
    :param absences: theirs; `other_hours` likewise, ordered by date.
    :param within: the days that matter; absences are looked at on those alone. `None`: on all of theirs.
    """
    base = technician if isinstance(technician, HomeBase) else base_of(technician)
    company = closures if isinstance(closures, OurDays) else our_days(closures)
    return Place(
        name=base.name,
        zone=ZoneInfo(base.zone),
        week=_week(base.country, base.subdivision, base.shifts),
        days=_base_calendar(base.country, base.subdivision, base.shifts, company.whole),
        exceptions=_exceptions(other_hours),
        shut=_shut(company.shut(within), absences, within),
    )


def base_of(technician: Technician) -> HomeBase:
    """The values of a technician that hours are made of; user and hours have to be loaded."""
    return HomeBase(
        name=technician.user.name,
        zone=technician.user.zone,
        country=technician.country,
        subdivision=technician.subdivision,
        shifts=tuple((row.weekday, row.from_minute, row.to_minute) for row in technician.hours),
    )


def away_span(away: Away, zone: str) -> Span[datetime]:
    """Say from which instant to which somebody is away, who lives in a zone; UTC.

    An hour that the clocks repeat belongs to the absence wholly.
    """
    from_wall = datetime.combine(away.first_on, away.from_time or time())
    to_wall = (
        datetime.combine(away.last_on + timedelta(days=1), time())
        if away.to_time is None
        else datetime.combine(away.last_on, away.to_time)
    )
    return Span(_instant(from_wall, zone, fold=0), _instant(to_wall, zone, fold=1))


def percent_on(capacities: Iterable[Capacity], day: date) -> int:
    """Say how much of a technician's hours visits may take on a day, in percent."""
    for capacity in capacities:
        if capacity.first_on <= day and (capacity.last_on is None or day <= capacity.last_on):
            return capacity.percent
    return 100


def worked_minutes(place: Place, span: Span[datetime]) -> int:
    """Count the minutes that a stretch of time takes of somebody's work.

    All of it within a day, at whatever hour; of one that has nights in it the working hours.

    :raises ValueError: when it never ends.
    """
    if span.to_at is None:
        raise ValueError("The work of a stretch of time without an end cannot be counted. Name its end.")
    length = span.to_at.astimezone(UTC) - span.from_at.astimezone(
        UTC
    )  # in one zone clocks may change between
    if length <= LONGEST_SHIFT:
        return int(length.total_seconds()) // 60
    inside = (one.to_at - one.from_at for one in open_within(place, span) if one.to_at is not None)
    return int(sum(inside, timedelta()).total_seconds()) // 60


@lru_cache(maxsize=512)
def place_calendar(country: str, subdivision: str = "") -> WorkCalendar:
    """Return on which days people work at a place: its weekend, its public holidays by their local names.

    A country that is not known has Saturday and Sunday off and no holidays; a subdivision that is not known
    has the holidays of the whole country.

    :param country: ISO 3166-1 alpha-2.
    :param subdivision: ISO 3166-2 without the country, e.g. ``BS``; empty for the whole country.
    """
    days = _holidays_of(country.upper(), subdivision.upper())
    if days is None:
        return WorkCalendar(country.upper())
    where = _place_name(days, country.upper())
    worked = frozenset(day for day in getattr(days, "weekend_workdays", ()) if day.year in YEARS)
    return WorkCalendar(
        name=where,
        weekend=frozenset(days.weekend) or SATURDAY_AND_SUNDAY,
        closed={day: f"{name}, {where}" for day, name in sorted(days.items())},
        opened=worked,
    )


@lru_cache(maxsize=512)
def week_calendar(country: str, subdivision: str, weekdays: tuple[int, ...]) -> WorkCalendar:
    """Return the calendar of a place that has a week of its own: open on these weekdays, Monday being 0."""
    place = place_calendar(country, subdivision)
    return replace(place, weekend=frozenset(range(7)) - frozenset(weekdays))


@lru_cache(maxsize=1024)
def closed_calendar(name: str, periods: tuple[Period, ...]) -> WorkCalendar | None:
    """Return the calendar of somebody who is open every day but on these; `None` when there are none.

    A day of several periods names all of them.
    """
    closed: dict[date, str] = {}
    for words, first_on, last_on in periods:
        for day in _each_day(first_on, last_on):
            before = closed.get(day)
            closed[day] = words if before is None or words in before else f"{before}; {words}"
    return WorkCalendar(name, weekend=frozenset(), closed=closed) if closed else None


def open_calendar(country: str, subdivision: str, closures: Iterable[Closure]) -> WorkCalendar:
    """Return the calendar of a place, closed on the company's own days off as well."""
    return joined(place_calendar(country, subdivision), closed_calendar(COMPANY, whole_days(closures)))


def with_absences(calendar: WorkCalendar, absences: Iterable[Absence]) -> WorkCalendar:
    """Close a calendar on the days on which one technician is away."""
    return joined(calendar, closed_calendar(AWAY, away_days(absences)))


def joined(*calendars: WorkCalendar | None) -> WorkCalendar:
    """Combine calendars, of which some may not exist."""
    return together(*(calendar for calendar in calendars if calendar is not None))


def whole_days(closures: Iterable[Closure]) -> tuple[Period, ...]:
    """The closures that take whole days; half days leave a day a working day, only shorter."""
    return tuple(
        (closure.name, closure.first_on, closure.last_on) for closure in closures if closure.from_time is None
    )


def away_days(absences: Iterable[Absence]) -> tuple[Period, ...]:
    """The whole days on which a technician is away, by the word that colleagues see; half days are worked."""
    found = ((absence.kind.value, whole_days_of(absence)) for absence in absences)
    return tuple((words, *days) for words, days in found if days is not None)


def whole_days_of(away: Away) -> tuple[date, date] | None:
    """The first and the last day that an absence takes wholly; `None` when it takes none."""
    first_on = away.first_on + timedelta(days=away.from_time not in {None, time()})
    last_on = away.last_on - timedelta(days=away.to_time is not None)
    return (first_on, last_on) if first_on <= last_on else None


def is_country(code: str) -> bool:
    """Whether these two letters name a country."""
    code = code.upper()
    return len(code) == 2 and code.isalpha() and code in Locale("en").territories and code not in NO_COUNTRY


def has_holidays(country: str) -> bool:
    """Whether the public holidays of a country are known."""
    return country.upper() in holidays.list_supported_countries()


def subdivisions(country: str) -> tuple[str, ...]:
    """List the parts of a country that have holidays of their own, by ISO 3166-2 code without the country."""
    return tuple(holidays.list_supported_countries().get(country.upper(), ()))


@lru_cache(maxsize=2048)
def _week(country: str, subdivision: str, shifts: tuple[Shift, ...]) -> Mapping[int, tuple[Hours, ...]]:
    if not shifts:
        weekend = place_calendar(country, subdivision).weekend
        return {number: (Hours(*USUAL_SHIFT),) for number in range(7) if number not in weekend}
    by_day = groupby(sorted(shifts), key=lambda shift: shift[0])
    return {weekday: tuple(Hours(*shift[1:]) for shift in of_day) for weekday, of_day in by_day}


@lru_cache(maxsize=2048)
def _base_calendar(
    country: str, subdivision: str, shifts: tuple[Shift, ...], closed: tuple[Period, ...]
) -> WorkCalendar:
    """The days on which somebody works by their week, the holidays of where they live, and our closures."""
    weekdays = tuple(sorted({shift[0] for shift in shifts}))
    days = week_calendar(country, subdivision, weekdays) if weekdays else place_calendar(country, subdivision)
    return joined(days, closed_calendar(COMPANY, closed))


def _exceptions(rows: Iterable[OtherHours]) -> Mapping[date, DayHours]:
    found: dict[date, DayHours] = {}
    for row in sorted(rows, key=lambda one: (one.worked_on, one.from_minute or 0)):
        before = found.get(row.worked_on, DayHours((), row.reason or OTHER_HOURS))
        if row.from_minute is not None and row.to_minute is not None:
            before = replace(before, hours=(*before.hours, Hours(row.from_minute, row.to_minute)))
        found[row.worked_on] = before
    return found


def _shut(
    ours: Mapping[date, tuple[Shut, ...]], absences: Iterable[Absence], within: Span[date] | None
) -> Mapping[date, tuple[Shut, ...]]:
    """What half closures and absences take out of days; an absence also of a day with hours of its own."""
    found = dict(ours)
    for absence in absences:
        all_day = Shut(WHOLE_DAY, absence.kind.value)
        for day in _days_within(absence.first_on, absence.last_on, within):
            hours = away_hours(absence, day)
            shut = all_day if hours is WHOLE_DAY else Shut(hours, absence.kind.value)
            found[day] = (*found.get(day, ()), shut)
    return found


def away_hours(away: Away, day: date) -> Hours:
    """The stretch of one of its days that an absence takes, by the wall clock."""
    from_time = away.from_time if day == away.first_on else None
    to_time = away.to_time if day == away.last_on else None
    if from_time is None and to_time is None:
        return WHOLE_DAY
    return hours_between(from_time or time(), to_time or time())


def _days_within(first_on: date, last_on: date, within: Span[date] | None) -> Iterable[date]:
    if within is not None:
        first_on = max(first_on, within.from_at)
        last_on = last_on if within.to_at is None else min(last_on, within.to_at - timedelta(days=1))
    return _each_day(first_on, last_on)


def _instant(wall: datetime, zone: str, *, fold: int) -> datetime:
    """The instant of a wall time; midnight where the clocks jump over it is the instant of the jump."""
    there = ZoneInfo(zone)
    at = wall.replace(tzinfo=there, fold=fold).astimezone(UTC)
    is_there = at.astimezone(there).replace(tzinfo=None) == wall
    return at if is_there else wall.replace(tzinfo=there, fold=0).astimezone(UTC)


def _each_day(first_on: date, last_on: date) -> Iterable[date]:
    return (first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1))


def _holidays_of(country: str, subdivision: str) -> Any | None:  # Any: the library's class of the country
    try:
        probe = holidays.country_holidays(country)
    except NotImplementedError:
        return None
    known = subdivision if subdivision in probe.subdivisions else None
    return holidays.country_holidays(
        country, subdiv=known, years=YEARS, language=probe.default_language, expand=False
    )


def _place_name(days: Any, country: str) -> str:  # Any: the library's class of the country
    if days.subdiv:
        names = days.get_subdivision_aliases().get(days.subdiv) or [days.subdiv]
        return str(names[0])
    return str(Locale("en").territories.get(country, country))
