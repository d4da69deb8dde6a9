"""The working calendar of a place, from the public holidays of its country and subdivision."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from babel import Locale

from concierge.core.worktime import SATURDAY_AND_SUNDAY, WorkCalendar, together
from concierge.workforce.models import Absence, Closure

YEARS = range(2015, 2046)
"""The years whose holidays are known; plans do not reach further."""


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


def open_calendar(country: str, subdivision: str, closures: Iterable[Closure]) -> WorkCalendar:
    """Return the calendar of a place, closed on the company's own days off as well."""
    periods = tuple((closure.name, closure.first_on, closure.last_on) for closure in closures)
    return _with_closures(country, subdivision, periods)


def with_absences(calendar: WorkCalendar, absences: Iterable[Absence]) -> WorkCalendar:
    """Close a calendar on the days on which one technician is away."""
    closed = {
        day: absence.kind.value
        for absence in absences
        for day in _each_day(absence.first_on, absence.last_on)
    }
    if not closed:
        return calendar
    return together(calendar, WorkCalendar("away", weekend=frozenset(), closed=closed))


@lru_cache(maxsize=512)
def _with_closures(
    country: str, subdivision: str, periods: tuple[tuple[str, date, date], ...]
) -> WorkCalendar:
    closed = {day: name for name, first_on, last_on in periods for day in _each_day(first_on, last_on)}
    calendar = place_calendar(country, subdivision)
    if not closed:
        return calendar
    return together(calendar, WorkCalendar("company", weekend=frozenset(), closed=closed))


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
