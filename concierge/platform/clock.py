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
    return now().astimezone(ZoneInfo(zone)).date()
