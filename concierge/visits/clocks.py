"""Wall time at a site and the instants it means, also in the weeks in which clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from concierge.core.worktime import WorkCalendar, add_workdays, previous_workday, workdays_between
from concierge.platform.errors import Refused
from concierge.platform.words import clock_time, day


class NoSuchTime(Refused):
    """A wall time that the clocks at the place jump over."""


class EndsTooEarly(Refused):
    """A visit that would end before, or when, it starts."""


@dataclass(frozen=True, slots=True)
class Stay:
    """From when to when: wall time at a zone, and the instants that it means."""

    starts_local: datetime
    ends_local: datetime
    zone: str
    fold: int
    starts_at: datetime
    ends_at: datetime


def stay(starts_local: datetime, ends_local: datetime, *, zone: str, fold: int = 0) -> Stay:
    """Say which instants two wall times at a place mean.

    :param fold: which of the two a repeated hour means, 0 the first, 1 the second (PEP 495).
    :raises NoSuchTime: when the clocks jump over one of them.
    :raises EndsTooEarly: when the end does not come after the start.
    """
    _check_exists(starts_local, zone)
    _check_exists(ends_local, zone)
    fold = fold if is_repeated(starts_local, zone) else 0
    starts_at = _instant(starts_local, zone, fold)
    ends_at = _instant(ends_local, zone, fold)
    if ends_at <= starts_at:
        ends_at = _instant(ends_local, zone, 1)
    if ends_at <= starts_at:
        raise EndsTooEarly(_("The visit has to end after it starts. Choose a later end."))
    return Stay(starts_local, ends_local, zone, fold, starts_at, ends_at)


def nearest_stay(starts_local: datetime, ends_local: datetime, *, zone: str, fold: int = 0) -> Stay:
    """Like `stay`, for times nobody is there to choose: one that does not exist moves on as the clocks do."""
    starts_local = _after_the_jump(starts_local, zone)
    ends_local = _after_the_jump(ends_local, zone)
    if _instant(ends_local, zone, 1) <= _instant(starts_local, zone, 0):
        ends_local = starts_local + timedelta(hours=1)
    return stay(starts_local, ends_local, zone=zone, fold=fold)


def exists(wall: datetime, zone: str) -> bool:
    """Say whether the clocks of a place ever show this time."""
    there = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    return there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def is_repeated(wall: datetime, zone: str) -> bool:
    """Say whether the clocks of a place show this time twice."""
    return exists(wall, zone) and _instant(wall, zone, 0) != _instant(wall, zone, 1)


def wall_time(instant: datetime, zone: str) -> datetime:
    """Say what the clocks of a place show at an instant; naive."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def followed(
    starts_local: datetime, ends_local: datetime, *, before: date, after: date, calendar: WorkCalendar
) -> tuple[datetime, datetime]:
    """Move two wall times so that they keep their distance in working days from a day that moved.

    The time of day stays. What lay on a closed day keeps its distance in days from the working day before it.

    :param before: the day they hang on, as it was.
    :param after: the same day now.
    """
    start_on = _follow(starts_local.date(), before=before, after=after, calendar=calendar)
    end_on = _follow(ends_local.date(), before=starts_local.date(), after=start_on, calendar=calendar)
    return (
        datetime.combine(start_on, starts_local.time()),
        datetime.combine(max(start_on, end_on), ends_local.time()),
    )


def _follow(on: date, *, before: date, after: date, calendar: WorkCalendar) -> date:
    if before == after:
        return on
    if on == before:
        return after
    worked = previous_workday(calendar, on)
    distance = workdays_between(calendar, before, worked)
    moved = add_workdays(calendar, after, distance) if distance else previous_workday(calendar, after)
    return moved + (on - worked)


def _instant(wall: datetime, zone: str, fold: int) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def _after_the_jump(wall: datetime, zone: str) -> datetime:
    return wall if exists(wall, zone) else wall_time(_instant(wall, zone, 0), zone)


def _check_exists(wall: datetime, zone: str) -> None:
    if exists(wall, zone):
        return
    later = _after_the_jump(wall, zone)
    raise NoSuchTime(
        _(
            "The clocks in %(zone)s go forward on %(day)s: %(time)s does not exist there. Choose %(later)s.",
            zone=zone.rpartition("/")[2].replace("_", " "),
            day=day(wall),
            time=clock_time(wall),
            later=clock_time(later),
        )
    )
