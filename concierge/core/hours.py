"""Working minutes in a place and in several at once, by the wall clocks that hang there.

A place opens by its own clock: when clocks go forward the skipped hour is not there, when they go back the
repeated hour counts twice. All answers are half-open stretches of instants in UTC. Zones are handed in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import MappingProxyType

from concierge.core.spans import Span, gaps, merge, shared
from concierge.core.worktime import DAY, LONGEST_CLOSURE_DAYS, WEEKDAYS, WorkCalendar

MINUTE = timedelta(minutes=1)
MINUTES_OF_DAY = 24 * 60
FURTHEST = timedelta(hours=26)
"""No place's clock shows a time further from UTC than this."""
CHUNK = timedelta(days=14)
"""How far ahead opening hours are made at a time while minutes are counted."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of a day by the wall clock, in minutes after midnight; the end, at most 1440, is outside.

    :raises ValueError: when it would end before it begins, or leave the day.
    """

    from_minute: int
    to_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.from_minute < self.to_minute <= MINUTES_OF_DAY:
            raise ValueError(
                f"Hours cannot run from {clock_words(self.from_minute)} to {clock_words(self.to_minute)}. "
                "Let them end after they begin, on the same day."
            )

    def __str__(self) -> str:
        return f"{clock_words(self.from_minute)}–{clock_words(self.to_minute)}"


@dataclass(frozen=True, slots=True)
class Shut:
    """A stretch of one day during which a place is closed although its hours say otherwise, and why."""

    hours: Hours
    reason: str


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date in place of those of its weekday: a half day, an extra opening, or none at all."""

    hours: tuple[Hours, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """When a place is open.

    `week` gives the hours of each weekday (Monday is 0); one that is missing is closed. Whole days that
    `days` closes are closed, and a weekend day that it opens has the hours of the week's first open day.
    `exceptions` hold whatever those say. `shut` takes parts out of days, the exceptions included.
    """

    name: str
    zone: tzinfo
    week: Mapping[int, tuple[Hours, ...]]
    days: WorkCalendar | None = None
    exceptions: Mapping[date, DayHours] = field(default_factory=dict)
    shut: Mapping[date, tuple[Shut, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("week", "exceptions", "shut"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def hours_on(self, day: date) -> tuple[Hours, ...]:
        """List the open stretches of a date, in order, by the wall clock."""
        open_hours = self.planned_on(day)
        if day not in self.shut:
            return open_hours
        taken = [_as_span(shut.hours, day) for shut in self.shut[day]]
        free = [left for hours in open_hours for left in gaps(taken, within=_as_span(hours, day))]
        return tuple(_as_hours(span, day) for span in free)

    def reasons(self, day: date, minute: int) -> tuple[str, ...]:
        """Give every reason why the place is closed at a minute of a date; none when it is open."""
        if any(hours.from_minute <= minute < hours.to_minute for hours in self.hours_on(day)):
            return ()
        found = [
            shut.reason
            for shut in self.shut.get(day, ())
            if shut.hours.from_minute <= minute < shut.hours.to_minute
        ]
        exception = self.exceptions.get(day)
        if exception is not None:
            return (*found, exception.reason)
        if self.days is not None and not self.days.is_workday(day):
            return (*found, *self.days.reasons(day))
        planned = self.planned_on(day)
        if not planned:
            return (*found, WEEKDAYS[day.weekday()])
        if not any(hours.from_minute <= minute < hours.to_minute for hours in planned):
            found.append(f"{self.name} is open {', '.join(map(str, planned))}")
        return tuple(found)

    def planned_on(self, day: date) -> tuple[Hours, ...]:
        """List the stretches of a date in which it would be open if nothing were shut, in order."""
        exception = self.exceptions.get(day)
        if exception is not None:
            return exception.hours
        if self.days is None:
            return self.week.get(day.weekday(), ())
        if not self.days.is_workday(day):
            return ()
        if day in self.days.opened and day.weekday() not in self.week:
            return next((self.week[number] for number in range(7) if self.week.get(number)), ())
        return self.week.get(day.weekday(), ())


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Whether a stretch of time is open everywhere; if not, its first closed part, where, and why."""

    closed: Span[datetime] | None = None
    place: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Say whether the whole stretch is open."""
        return self.closed is None


def hours_between(from_time: time, to_time: time) -> Hours:
    """Make hours from two times of the clock; midnight as the end means the end of the day."""
    to_minute = to_time.hour * 60 + to_time.minute
    return Hours(from_time.hour * 60 + from_time.minute, to_minute or MINUTES_OF_DAY)


def clock_words(minute: int) -> str:
    """Write a minute of the day as a clock shows it; 1440 is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def open_spans(places: Place | Sequence[Place], days: date | Span[date]) -> tuple[Span[datetime], ...]:
    """List when all places are open on the first one's calendar days; the days' end may not be open.

    :raises ValueError: without any place, or when the days never end.
    """
    all_places = _listed(places)
    if isinstance(days, date):
        days = Span(days, days + DAY)
    if days.to_at is None:
        raise ValueError("Opening hours cannot be listed without a last day. Name one.")
    span = Span(_utc_midnight(days.from_at) - FURTHEST, _utc_midnight(days.to_at) + FURTHEST)
    return _all_open(all_places, span.from_at, _end(span), on=days)


def open_within(places: Place | Sequence[Place], span: Span[datetime]) -> tuple[Span[datetime], ...]:
    """List the stretches within `span` during which all places are open, in order.

    :raises ValueError: without any place, or when the stretch never ends.
    """
    all_places = _listed(places)
    if span.to_at is None:
        raise ValueError("Opening hours cannot be listed without an end. Name one.")
    return _all_open(all_places, span.from_at, span.to_at)


def add_open_minutes(places: Place | Sequence[Place], at: datetime, minutes: int) -> datetime:
    """Count so many minutes on during which all places are open, back when negative.

    The answer is the first instant by which they have passed: eight hours from opening time end at closing
    time, not at the next opening. Zero gives the first open instant from `at` on.

    :raises ValueError: when the places are not open together that often.
    """
    all_places = _listed(places)
    at = at.astimezone(UTC)
    left = timedelta(minutes=abs(minutes))
    idle_since = at
    for chunk in _chunks(at, back=minutes < 0):
        spans = open_within(all_places, chunk)
        for span in reversed(spans) if minutes < 0 else spans:
            length = _length(span)
            if minutes == 0:
                return span.from_at
            if length >= left:
                return span.from_at + left if minutes > 0 else _end(span) - left
            left -= length
            idle_since = span.from_at
        if abs(chunk.from_at - idle_since) > timedelta(days=LONGEST_CLOSURE_DAYS):
            break
    names = ", ".join(place.name for place in all_places)
    raise ValueError(
        f"{names} cannot be found open (together) for {abs(minutes)} minutes "
        f"{'before' if minutes < 0 else 'after'} {at:%Y-%m-%d %H:%M} UTC. "
        "Give every place hours that it shares with the others, or shorten its closures."
    )


def open_minutes_between(places: Place | Sequence[Place], from_at: datetime, to_at: datetime) -> int:
    """Count the whole minutes between two instants during which all places are open; negative backwards."""
    if to_at < from_at:
        return -open_minutes_between(places, to_at, from_at)
    spans = open_within(places, Span(from_at, to_at))
    return sum((_length(span) for span in spans), timedelta()) // MINUTE


def feasible(span: Span[datetime], places: Place | Sequence[Place]) -> Feasibility:
    """Say whether the whole stretch is open in all places, and if not where it first is not, and why.

    :raises ValueError: without any place, or when the stretch never ends.
    """
    first: tuple[Span[datetime], Place] | None = None
    for place in _listed(places):
        closed = gaps(open_within(place, span), within=span)
        if closed and (first is None or closed[0].from_at < first[0].from_at):
            first = closed[0], place
    if first is None:
        return Feasibility()
    closed_span, place = first
    there = closed_span.from_at.astimezone(place.zone)
    return Feasibility(closed_span, place.name, place.reasons(there.date(), there.hour * 60 + there.minute))


def _listed(places: Place | Sequence[Place]) -> Sequence[Place]:
    all_places = [places] if isinstance(places, Place) else places
    if not all_places:
        raise ValueError("At least one place is needed to ask for its hours.")
    return all_places


def _all_open(
    places: Sequence[Place], from_at: datetime, to_at: datetime, *, on: Span[date] | None = None
) -> tuple[Span[datetime], ...]:
    """When all places are open; `on` names the calendar days of the first that count, all when `None`."""
    found = _open_at(places[0], from_at, to_at, on=on)
    for place in places[1:]:
        found = shared(found, _open_at(place, from_at, to_at))
    return found


def _open_at(
    place: Place, from_at: datetime, to_at: datetime, *, on: Span[date] | None = None
) -> tuple[Span[datetime], ...]:
    """When one place is open, for a stretch of instants; empty when it is over before it begins."""
    from_at, to_at = from_at.astimezone(UTC), to_at.astimezone(UTC)
    if to_at <= from_at:
        return ()
    found = []
    for regime, offset in _offsets(place.zone, from_at, to_at):
        day = (regime.from_at + offset).date()
        last_on = (_end(regime) + offset).date()
        while day <= last_on:
            midnight = _utc_midnight(day) - offset
            for hours in place.hours_on(day) if on is None or on.contains(day) else ():
                opening = Span(midnight + hours.from_minute * MINUTE, midnight + hours.to_minute * MINUTE)
                inside = opening.intersection(regime)
                if inside is not None:
                    found.append(inside)
            if day == date.max:
                break
            day += DAY
    return merge(found)


def _offsets(zone: tzinfo, from_at: datetime, to_at: datetime) -> Iterator[tuple[Span[datetime], timedelta]]:
    """Cut a stretch of instants where the zone's clocks change; each piece with its distance from UTC."""
    begin = from_at
    offset = _offset(zone, begin)
    known = begin
    while known < to_at:
        coming = min(known + DAY, to_at)
        if _offset(zone, coming) != offset:
            changed = _change(zone, known, coming)
            yield Span(begin, changed), offset
            begin, offset = changed, _offset(zone, changed)
            coming = changed
        known = coming
    if begin < to_at:
        yield Span(begin, to_at), offset


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The instant between two, to the second, at which the first one's distance from UTC ends."""
    offset = _offset(zone, before)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before + timedelta(seconds=middle)) == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _chunks(at: datetime, *, back: bool) -> Iterator[Span[datetime]]:
    """Pieces of time from an instant on, or back from it, until the calendar ends."""
    while True:
        try:
            following = at - CHUNK if back else at + CHUNK
            _ = following - 2 * DAY, following + 2 * DAY  # the zones' own days lie up to a day beside it
        except OverflowError:
            return
        yield Span(following, at) if back else Span(at, following)
        at = following


def _end(span: Span[datetime]) -> datetime:
    """The end of a stretch that has one, as all have here."""
    if span.to_at is None:
        raise ValueError("This stretch of time never ends.")
    return span.to_at


def _length(span: Span[datetime]) -> timedelta:
    return _end(span) - span.from_at


def _utc_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _as_span(hours: Hours, day: date) -> Span[datetime]:
    midnight = _utc_midnight(day)
    return Span(midnight + hours.from_minute * MINUTE, midnight + hours.to_minute * MINUTE)


def _as_hours(span: Span[datetime], day: date) -> Hours:
    midnight = _utc_midnight(day)
    return Hours((span.from_at - midnight) // MINUTE, (_end(span) - midnight) // MINUTE)
