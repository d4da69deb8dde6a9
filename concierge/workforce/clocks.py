"""The wall times of turns on call and of absences, and the instants they mean where their technician lives."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from concierge.platform.errors import Refused
from concierge.platform.words import clock_time, day


class NoSuchTime(Refused):
    """A wall time that the clocks at the place jump over."""


class EndsTooEarly(Refused):
    """A turn that would end before, or when, it starts."""


def instants(starts_local: datetime, ends_local: datetime, *, zone: str) -> tuple[datetime, datetime]:
    """Say which instants two wall times at a place mean; a repeated hour means its first for the start, its last
    for the end, so that nobody is missing in between.

    :raises NoSuchTime: when the clocks jump over one of them.
    :raises EndsTooEarly: when the end does not come after the start.
    """
    for wall in (starts_local, ends_local):
        refuse_skipped_time(wall, zone)
    starts_at = starts_local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    ends_at = ends_local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    if ends_at <= starts_at:
        raise EndsTooEarly(_("The turn has to end after it starts. Choose a later end."))
    return starts_at, ends_at


def refuse_skipped_time(wall: datetime, zone: str) -> None:
    """Check that the clocks in a zone ever show a wall time.

    :raises NoSuchTime: when they jump over it.
    """
    there = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC).astimezone(ZoneInfo(zone))
    if there.replace(tzinfo=None) != wall:
        raise NoSuchTime(
            _(
                "The clocks in %(zone)s go forward on %(day)s: %(time)s does not exist there. Choose %(later)s.",
                zone=zone.rpartition("/")[2].replace("_", " "),
                day=day(wall),
                time=clock_time(wall),
                later=clock_time(there.replace(tzinfo=None)),
            )
        )
