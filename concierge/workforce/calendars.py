"""The working calendar of a place, from the public holidays of its country and subdivision."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import holidays
from babel import Locale

from concierge.core.worktime import SATURDAY_AND_SUNDAY, WorkCalendar, together
from concierge.workforce.models import Absence, Closure

YEARS = range(2015, 2046)
"""The years whose holidays are known; plans do not reach further."""

COMPANY = "company"
AWAY = "away"
"""Names of the calendars of our closures and of a technician's absences; a place has its own name."""

NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of two letters that name unions, tests and nothing, not a country."""

Period: TypeAlias = tuple[str, date, date]
"""Why somebody is closed or away, and the first and the last day of it."""


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
    """When a technician is away, by the word that colleagues see."""
    return tuple((absence.kind.value, absence.first_on, absence.last_on) for absence in absences)


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
