"""Where things lie on a board of people and days: wall times of many places on one axis, and rows without overlap.

A column is a day, whatever place's day: nine o'clock is nine o'clock at each site. So a day has 24 hours here even
when the clocks change. Nights are narrow, so that a working day fills its column. Nothing here knows zones or words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

DAY = timedelta(days=1)
MINUTES = 24 * 60
NOON = 12 * 60


@dataclass(frozen=True, slots=True)
class WallAxis:
    """Days from `first` on, drawn from 0 to 100 percent.

    :raises ValueError: when there is no day, or the wide part of a day is none.
    """

    first: date
    days: int
    opens: int = 8 * 60
    """Minute of the day at which its wide part begins, and at which it ends."""
    closes: int = 18 * 60
    night: float = 0.03
    """Which part of a column the hours before take, and as much the hours after."""

    def __post_init__(self) -> None:
        if self.days < 1 or not 0 < self.opens < self.closes < MINUTES or not 0 < self.night < 0.5:
            raise ValueError("A board needs a day, and a day needs hours before, during and after work.")

    @property
    def last(self) -> date:
        """The last day that it shows."""
        return self.first + (self.days - 1) * DAY

    @property
    def every(self) -> tuple[date, ...]:
        """The days that it shows."""
        return tuple(self.first + number * DAY for number in range(self.days))

    @property
    def width(self) -> float:
        """How wide a day is, in percent."""
        return 100 / self.days

    def at(self, wall: datetime) -> float:
        """Where a wall time lies, in percent; what is before or after the axis lies on its edge."""
        number = wall.toordinal() - self.first.toordinal()
        if number < 0:
            return 0.0
        if number >= self.days:
            return 100.0
        shares = _shares(self.opens, self.closes, self.night)
        return (number + shares[wall.hour * 60 + wall.minute]) * 100 / self.days

    def stretch(self, starts: datetime, ends: datetime) -> tuple[float, float] | None:
        """From where to where two wall times reach; `None` when nothing of it is on the axis."""
        x, x2 = self.at(starts), self.at(ends)
        return None if x2 <= x else (x, x2)

    def at_minute(self, minute: int) -> float:
        """Where a minute of the first day lies."""
        return _shares(self.opens, self.closes, self.night)[minute] * 100 / self.days


@lru_cache
def _shares(opens: int, closes: int, night: float) -> tuple[float, ...]:
    """Which part of its column has passed at each minute of a day, midnight at its end included."""
    return tuple(_share(minute, opens, closes, night) for minute in range(MINUTES + 1))


def _share(minute: int, opens: int, closes: int, night: float) -> float:
    if minute < opens:
        return night * minute / opens
    if minute <= closes:
        return night + (1 - 2 * night) * (minute - opens) / (closes - opens)
    return 1 - night * (MINUTES - minute) / (MINUTES - closes)


def lanes(stretches: Iterable[tuple[float, float]]) -> Sequence[int]:
    """Give each stretch, in order of its start, the first lane in which nothing else lies."""
    ends: list[float] = []
    found = []
    for x, x2 in stretches:
        lane = next((number for number, end in enumerate(ends) if end <= x), len(ends))
        if lane == len(ends):
            ends.append(x2)
        else:
            ends[lane] = x2
        found.append(lane)
    return found


def half_days_on(starts: datetime, halves: int, *, opens: time, reopens: time) -> datetime:
    """Say when something starts so many half days later, earlier when negative; wall times of one place.

    What stays in the same half of the day keeps its time of day; in the other half it starts with that half.

    :param opens: when mornings begin there; `reopens` when afternoons do, which is not before noon.
    """
    is_afternoon = starts.hour * 60 + starts.minute >= NOON
    days, half = divmod(halves + is_afternoon, 2)
    on = starts.date() + days * DAY
    if half == is_afternoon:
        return datetime.combine(on, starts.time())
    return datetime.combine(on, reopens if half else min(opens, time(11, 30)))
