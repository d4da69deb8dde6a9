"""Where things lie in the Lines picture: days or hours become percents of an axis, plans become shapes.

Horizontal places are percents of the axis, vertical ones pixels from the top of a row; `None` as a lower end
means the bottom of the row, however tall it is. Nothing here knows words: templates say dates in the reader's
language.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from concierge.core.spans import Span

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

BAR_TOP, BAR_BOTTOM = 13.0, 24.0
PROMISE_TOP, PROMISE_BOTTOM = 27.0, 33.0
BAR_MIDDLE = 18.5
POINT_MIDDLE = 23.0
SHORTEST_BAR = 1.6
"""Percent of the axis below which a bar could no longer be seen."""

LONGEST_WORDS = 24
"""Characters beside a shape; the text columns tell the rest."""

LAST_CENTRED = 94.0
"""Percent of the axis beyond which (and before whose counterpart) the now mark stands beside its line."""

NARROWEST_PX = 356
"""The axis on the narrowest screen that is designed for, which decides whether words have room."""

TickKind = Literal["year", "month", "week", "hour"]
ShapeKind = Literal[
    "work", "link", "track", "slip", "promise", "before", "hollow", "done", "forecast", "solid"
]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis. `is_said` is false where its words would run into a neighbour or the now mark."""

    kind: TickKind
    x: float
    on: date
    text: str = ""
    is_said: bool = True


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis behind all rows, such as a weekend."""

    x: float
    width: float


class Shape(NamedTuple):
    """One thing drawn in a row; the first ones of a row lie behind the later ones."""

    kind: ShapeKind
    x: float
    x2: float
    y: float
    y2: float | None
    state: str = "idle"


class Label(NamedTuple):
    """Words beside a row's last or first shape."""

    x: float
    y: float
    text: str
    state: str
    is_before: bool
    """Whether the words end at `x`, because there is no room after it."""


_LAYERS = {"work": 0, "link": 1}


def _layer(shape: Shape) -> int:
    return _LAYERS.get(shape.kind, 2)


class Drawing(NamedTuple):
    """The picture of one row."""

    shapes: tuple[Shape, ...] = ()
    label: Label | None = None

    @property
    def in_order(self) -> Sequence[Shape]:
        """The shapes as they are drawn, one over the other: working time, links, then the rest."""
        return sorted(self.shapes, key=_layer)


@dataclass(frozen=True, slots=True)
class DayAxis:
    """Days from `first` to `last`, both included, drawn from 0 to 100 percent."""

    first: date
    last: date
    today: date
    bands: tuple[Band, ...] = ()

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"An axis cannot end ({self.last}) before it starts ({self.first}).")

    @property
    def length_days(self) -> int:
        """How many days it shows."""
        return (self.last - self.first).days + 1

    def at(self, day: date) -> float:
        """Where a day starts; days beyond the axis lie on its edge."""
        return _percent((day - self.first).days, self.length_days)

    def middle(self, day: date) -> float:
        """Where noon of a day is."""
        return _percent((day - self.first).days + 0.5, self.length_days)

    @property
    def now(self) -> float | None:
        """Where the today line stands, `None` when today is not on the axis."""
        return self.middle(self.today) if self.first <= self.today <= self.last else None

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Months, or weeks where fewer than seven of them are shown; the first words stand at the very edge."""
        if self.length_days <= 49:
            monday = self.first + timedelta(days=-self.first.weekday() % 7)
            days = [monday + timedelta(days=7 * n) for n in range(self.length_days // 7 + 1)]
            return self._spaced(
                [Tick("week", self.at(day), day) for day in days if day <= self.last], room_px=46
            )
        ticks = []
        year, month = self.first.year, self.first.month
        day = self.first
        while day <= self.last:
            kind: TickKind = "year" if month == 1 and day > self.first else "month"
            ticks.append(Tick(kind, self.at(day), day))
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            day = date(year, month, 1)
        return self._spaced(ticks, room_px=36)

    def _spaced(self, ticks: Sequence[Tick], *, room_px: int) -> tuple[Tick, ...]:
        return _quiet_neighbours(ticks, room=_px(room_px), now=self.now)


@dataclass(frozen=True, slots=True)
class HourAxis:
    """One day of a zone, from midnight to midnight (23 or 25 hours when clocks change), from 0 to 100 percent."""

    on: date
    zone: ZoneInfo
    now_at: datetime
    bands: tuple[Band, ...] = ()

    @property
    def from_at(self) -> datetime:
        """Midnight at its start."""
        return _instant(datetime(self.on.year, self.on.month, self.on.day, tzinfo=self.zone))

    @property
    def to_at(self) -> datetime:
        """Midnight at its end."""
        after = self.on + DAY
        return _instant(datetime(after.year, after.month, after.day, tzinfo=self.zone))

    def at(self, moment: datetime) -> float:
        """Where an instant lies; instants beyond the axis lie on its edge."""
        return _percent((_instant(moment) - self.from_at) / HOUR, (self.to_at - self.from_at) / HOUR)

    @property
    def now(self) -> float | None:
        """Where the now line stands, `None` when now is not on the axis."""
        return self.at(self.now_at) if self.from_at <= _instant(self.now_at) < self.to_at else None

    @property
    def now_text(self) -> str:
        """The clock on the now line."""
        return f"{self.now_at.astimezone(self.zone):%H:%M}"

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Each six hours of the zone's own clock."""
        ticks = [
            Tick(
                "hour",
                self.at(datetime(self.on.year, self.on.month, self.on.day, hour, tzinfo=self.zone)),
                self.on,
                f"{hour:02}:00",
            )
            for hour in (0, 6, 12, 18)
        ]
        return _quiet_neighbours(ticks, room=_px(38), now=self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One row of a plan: what was promised, what is done, what is expected. Every part may be missing.

    `done` ends where the doing ends, or today while it goes on. A row that is a point in time (`is_point`)
    takes the last day of each stretch. `after` names the keys of earlier rows that this one waits for.
    """

    key: str
    promised: Span[date] | None = None
    done: Span[date] | None = None
    forecast: Span[date] | None = None
    is_point: bool = False
    state: str = "idle"
    words: str = ""
    after: tuple[str, ...] = ()
    track_from: date | None = None
    """Where a thin line to the forecast starts, for a picture with one row a project."""
    before: Span[date] | None = None
    """Where an older plan had it, for a picture of two plans; stands where a promise would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One row of a day's picture in hours: open hours of the place, and presence of a known state."""

    open: tuple[Span[datetime], ...] = ()
    present: tuple[tuple[Span[datetime], str], ...] = ()
    """Stretches with their state: `ok` is over, `go` goes on, all else is to come."""


def day_axis(
    dates: Iterable[date],
    *,
    today: date,
    is_off: Callable[[date], bool] = lambda day: day.weekday() > 4,
) -> DayAxis:
    """Make an axis that holds all dates, and today when it is near, with room for words at its end.

    Days for which `is_off` is true become bands, unless a day is too narrow to be told apart.
    """
    known = sorted(dates) or [today]
    first, last = known[0], known[-1]
    if first - timedelta(days=30) <= today <= last + timedelta(days=30):
        first, last = min(first, today), max(last, today)
    length = (last - first).days + 1
    first -= timedelta(days=max(2, round(length * 0.03)))
    last += timedelta(days=max(4, round(length * 0.18)))
    return DayAxis(first, last, today, bands=_off_bands(first, last, is_off))


def draw_plan(lines: Sequence[PlanLine], axis: DayAxis) -> tuple[Drawing, ...]:
    """Draw rows of a plan, one drawing a row in the same order: links, promises, deeds, forecasts, words."""
    links = _links(lines, axis)
    return tuple(
        Drawing(shapes=(*links[n], *_plan_shapes(line, axis)), label=_plan_label(line, axis))
        for n, line in enumerate(lines)
    )


def draw_point(
    axis: DayAxis,
    *,
    promised: date | None,
    at: date | None,
    state: str = "idle",
    is_done: bool = False,
    track_from: date | None = None,
) -> Drawing:
    """Draw a row alone that is a point in time, without words: as `draw_plan` does, which also looks for links.

    :param at: when it was reached, or is expected.
    """
    shapes = _point_shapes(axis, told=promised, at=at, state=state, is_done=is_done, track_from=track_from)
    return Drawing(tuple(shapes))


def draw_day(lines: Sequence[DayLine], axis: HourAxis) -> tuple[Drawing, ...]:
    """Draw rows of one day; a visit that goes on is filled up to now."""
    return tuple(Drawing(shapes=tuple(_day_shapes(line, axis))) for line in lines)


def state_of_slip(workdays: int, *, is_done: bool = False, is_late: bool = False) -> str:
    """The state in which a milestone's forecast is drawn: done, late, moved, or as promised."""
    if is_done:
        return "ok"
    if is_late:
        return "bad"
    return "warn" if workdays > 0 else "idle"


def _plan_shapes(line: PlanLine, axis: DayAxis) -> Iterable[Shape]:
    if line.is_point:
        told, at = line.promised or line.before, line.done or line.forecast
        yield from _point_shapes(
            axis,
            told=None if told is None else _last_day(told),
            at=None if at is None else _last_day(at),
            state=line.state,
            is_done=line.done is not None,
            track_from=line.track_from,
        )
        return
    if line.promised is not None:
        yield Shape("promise", *_stretch(line.promised, axis), PROMISE_TOP, PROMISE_BOTTOM)
    if line.before is not None:
        yield Shape("before", *_stretch(line.before, axis), PROMISE_TOP, PROMISE_BOTTOM)
    split = _now_within(line, axis)
    if line.done is not None:
        x, x2 = _stretch(line.done, axis)
        yield Shape("done", x, max(x, split if split is not None else x2), BAR_TOP, BAR_BOTTOM, "ok")
    if line.forecast is not None:
        x, x2 = _stretch(line.forecast, axis)
        x = x if split is None else max(x, split)
        yield Shape("forecast", x, min(100.0, max(x2, x + SHORTEST_BAR)), BAR_TOP, BAR_BOTTOM, line.state)


def _point_shapes(
    axis: DayAxis,
    *,
    told: date | None,
    at: date | None,
    state: str,
    is_done: bool,
    track_from: date | None,
) -> Iterable[Shape]:
    promised = None if told is None else axis.middle(told)
    x = None if at is None else axis.middle(at)
    reached = "ok" if is_done else state
    end = promised if x is None else x
    if track_from is not None and end is not None and (start := axis.at(track_from)) < end:
        yield Shape("track", start, end, POINT_MIDDLE, POINT_MIDDLE, state)
    if promised is not None and promised != x:
        if x is not None:
            low, high = (promised, x) if promised < x else (x, promised)
            yield Shape("slip", low, high, POINT_MIDDLE, POINT_MIDDLE, reached)
        yield Shape("hollow", promised, promised, POINT_MIDDLE, POINT_MIDDLE)
    if x is not None:
        yield Shape("solid", x, x, POINT_MIDDLE, POINT_MIDDLE, reached)


def _plan_label(line: PlanLine, axis: DayAxis) -> Label | None:
    if not line.words:
        return None
    edges = [
        shape
        for shape in _plan_shapes(line, axis)
        if shape.kind in {"done", "forecast", "solid", "hollow", "slip"}
    ]
    if not edges:
        return None
    y = POINT_MIDDLE if line.is_point else BAR_MIDDLE
    aside = 12 if line.is_point else 7
    words = _shortened(line.words)
    right = max(shape.x2 for shape in edges)
    needed = _px(aside + 6.1 * len(words))
    if right + needed <= 100:
        return Label(right, y, words, line.state, is_before=False)
    left = min(shape.x for shape in edges)
    return Label(left, y, words, line.state, is_before=True) if left >= needed else None


def _shortened(words: str) -> str:
    """The first words that have room, with an ellipsis for what is left out."""
    if len(words) <= LONGEST_WORDS:
        return words
    kept = words[:LONGEST_WORDS].rsplit(" ", 1)[0].rstrip(" ,;.:")
    return f"{kept}…"


def _links(lines: Sequence[PlanLine], axis: DayAxis) -> Mapping[int, list[Shape]]:
    """A line to each row from the end of the one that it waits for longest, cut into the rows that it crosses."""
    row_of = {line.key: n for n, line in enumerate(lines)}
    links: dict[int, list[Shape]] = {n: [] for n in range(len(lines))}
    for to, line in enumerate(lines):
        start = _start(line, axis)
        ends = [
            (x, origin)
            for key in line.after
            if (origin := row_of.get(key, to)) < to and (x := _end(lines[origin], axis)) is not None
        ]
        if start is None or not ends:
            continue
        x, origin = max(ends)
        links[origin].append(Shape("link", x, x, 29.5 if lines[origin].is_point else BAR_BOTTOM, None))
        for between in range(origin + 1, to):
            links[between].append(Shape("link", x, x, 0.0, None))
        middle = POINT_MIDDLE if line.is_point else BAR_MIDDLE
        if start > x + 0.4:
            links[to].append(Shape("link", x, x, 0.0, middle))
            links[to].append(Shape("link", x, start, middle, middle))
        else:
            links[to].append(Shape("link", x, x, 0.0, 16.0 if line.is_point else BAR_TOP))
    return links


def _start(line: PlanLine, axis: DayAxis) -> float | None:
    span = line.done or line.forecast
    if span is None:
        return None
    return axis.middle(_last_day(span)) if line.is_point else axis.at(span.from_at)


def _end(line: PlanLine, axis: DayAxis) -> float | None:
    span = line.forecast or line.done
    if span is None:
        return None
    if line.is_point:
        return axis.middle(_last_day(span))
    shapes = [shape for shape in _plan_shapes(line, axis) if shape.kind in {"done", "forecast"}]
    return max(shape.x2 for shape in shapes)


def _day_shapes(line: DayLine, axis: HourAxis) -> Iterable[Shape]:
    for hours in line.open:
        x, x2 = _stretch_of_hours(hours, axis)
        if x2 > x:
            yield Shape("work", x, x2, 0.0, None)
    for span, state in line.present:
        x, x2 = _stretch_of_hours(span, axis)
        if x2 <= x:
            continue
        x2 = min(100.0, max(x2, x + SHORTEST_BAR))
        x = min(x, x2 - SHORTEST_BAR)
        if state == "ok":
            yield Shape("done", x, x2, 17.0, 28.0, "ok")
            continue
        yield Shape("forecast", x, x2, 17.0, 28.0, state)
        if state == "go" and axis.now is not None and x < axis.now:
            yield Shape("done", x, min(axis.now, x2), 17.0, 28.0, "go")


def _stretch(span: Span[date], axis: DayAxis) -> tuple[float, float]:
    x, x2 = axis.at(span.from_at), axis.at(span.to_at or axis.last + DAY)
    x2 = min(100.0, max(x2, x + SHORTEST_BAR))
    return min(x, x2 - SHORTEST_BAR), x2


def _stretch_of_hours(span: Span[datetime], axis: HourAxis) -> tuple[float, float]:
    return axis.at(span.from_at), axis.at(span.to_at or axis.to_at)


def _now_within(line: PlanLine, axis: DayAxis) -> float | None:
    """The now line, where doing ends and expecting begins, when the row is under way."""
    if line.done is None or line.forecast is None or axis.now is None:
        return None
    return axis.now if axis.at(line.done.from_at) <= axis.now else None


def _last_day(span: Span[date]) -> date:
    return span.from_at if span.to_at is None or span.is_empty else span.to_at - DAY


def _off_bands(first: date, last: date, is_off: Callable[[date], bool]) -> tuple[Band, ...]:
    length = (last - first).days + 1
    if 100 / length < 0.55:
        return ()
    bands: list[Band] = []
    n = 0
    while n < length:
        start = n
        while n < length and is_off(first + timedelta(days=n)):
            n += 1
        if n > start:
            bands.append(Band(_percent(start, length), _percent(n - start, length)))
        n += 1
    return tuple(bands)


def _quiet_neighbours(ticks: Sequence[Tick], *, room: float, now: float | None) -> tuple[Tick, ...]:
    """Silence the ticks whose words would meet the now mark, the next word, or the edge."""
    mark = _now_mark(now)
    said: list[Tick] = []
    free_to = 100.0
    for tick in reversed(ticks):
        meets_now = mark is not None and tick.x + room > mark[0] and tick.x < mark[1]
        is_said = not meets_now and tick.x + room <= free_to
        if is_said:
            free_to = tick.x
        said.append(Tick(tick.kind, tick.x, tick.on, tick.text, is_said))
    return tuple(reversed(said))


def _now_mark(now: float | None) -> tuple[float, float] | None:
    """The room that the now mark takes: around its line, or beside it at either edge."""
    if now is None:
        return None
    wide = _px(50)
    if now > LAST_CENTRED:
        return now - wide, now
    return (now, now + wide) if now < 100 - LAST_CENTRED else (now - wide / 2, now + wide / 2)


def _percent(part: float, whole: float) -> float:
    return round(min(100.0, max(0.0, 100 * part / whole)), 3)


def _px(length: float) -> float:
    return 100 * length / NARROWEST_PX


def _instant(moment: datetime) -> datetime:
    """The same moment, comparable across changes of clocks: arithmetic within one zone ignores them."""
    return moment.astimezone(ZoneInfo("UTC"))
