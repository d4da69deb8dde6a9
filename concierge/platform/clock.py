"""The one place that reads the clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The instant it is, aware, UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The calendar day it is at a place.

    :param zone: IANA name of the place's time zone.
    """
    return day_at(now(), zone)


def day_at(instant: datetime, zone: str) -> date:
    """The calendar day that an instant falls on at a place.

    :param instant: aware.
    :param zone: IANA name of the place's time zone.
    """
    return instant.astimezone(ZoneInfo(zone)).date()
