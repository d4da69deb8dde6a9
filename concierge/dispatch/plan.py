"""The dispatch board put together from what was read: rows of people, bars of visits, what is grey, what clashes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from concierge.catalogue.states import VisitKind
from concierge.core.board import WallAxis, half_days_on, lanes
from concierge.core.dispatch import NIGHT
from concierge.core.hours import MINUTE, Hours, Place
from concierge.core.travel import Spot, way
from concierge.visits.models import BrokenRule, Visit
from concierge.visits.states import OVER, VisitState

HOUR = 60
MOST_DAYS = 366
"""No visit is carried further than a year by days on which its site is closed."""
DAY = timedelta(days=1)
_PX_PER_PERCENT = {False: 6.0, True: 9.8}
"""How wide a hundredth of the axis is at least, of a week or less and of more: whether words have room."""
LEAST_WAY_PX = 8
FRIDAY = 4
LANE_PX, BAR_PX, PAD_PX = 50, 44, 7
"""How high a lane of a row is, a bar in it, and what is left above."""


LOOKS = {
    VisitState.DRAFT: "draft",
    VisitState.TENTATIVE: "planned",
    VisitState.CONFIRMED: "sure",
    VisitState.ACCEPTED: "accepted",
    VisitState.ON_ROUTE: "under",
    VisitState.IN_PROGRESS: "under",
    VisitState.COMPLETE: "done",
    VisitState.INCOMPLETE: "short",
}
"""The form of each state, where nobody has to decide anything."""


class Booked(NamedTuple):
    """A visit as one of those who go has it."""

    user_id: int
    visit_id: int
    version: int
    title: str
    """In the reader's language where it is known in it."""
    kind: VisitKind
    state: VisitState
    starts_local: datetime
    ends_local: datetime
    zone: str
    starts_at: datetime
    ends_at: datetime
    skill: str
    level: int
    crew: int
    needs_decision: str
    conflict_reason: str
    project_key: str
    account: str
    site_id: int
    city: str
    spot: Spot


class Gap(NamedTuple):
    """A stretch in which somebody is not at work, by their own clock: leave, a holiday, something of their own."""

    kind: str
    """``leave``, ``sick``, ``travel``, ``training``, ``holiday``, ``own``, ``held`` or ``call``."""
    starts: datetime
    ends: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A technician with all that the board needs of them."""

    user_id: int
    name: str
    city: str
    territory: str
    zone: str
    home: Spot
    hours: Mapping[date, tuple[Hours, ...]]
    """When they would work on the days shown, if they were not away."""
    booked: tuple[Booked, ...] = ()
    """In order of time, also some days around what is shown."""
    gaps: tuple[Gap, ...] = ()
    free_minutes: int = 0
    """What visits may take of their hours on the days shown."""


class Bar(NamedTuple):
    """A visit in somebody's row. Places are percents of the axis and pixels of the row."""

    booked: Booked
    x: float
    width: float
    y: int
    look: str
    """``draft``, ``planned``, ``sure``, ``accepted``, ``under``, ``done``, ``short`` or ``asks``."""
    against: tuple[BrokenRule, ...]
    """The rules that it breaks, of the time and of this person."""
    days: int
    """On how many days somebody is there."""

    @property
    def is_clash(self) -> bool:
        """Whether a rule stands against it, whatever reason was given."""
        return bool(self.against)


class Block(NamedTuple):
    """Something grey in somebody's row."""

    kind: str
    x: float
    width: float
    y: int
    height: int
    words: str
    words_x: float = 0.0
    """Where its words begin, in percent of itself; they have room there."""

    def spoken(self, words: str, bars: Iterable[Bar], days: int) -> "Block":
        """With words where no bar lies on them; without where they have no room."""
        if not words:
            return self
        starts, ends = self.x, self.x + self.width
        for bar in sorted(bars, key=lambda each: each.x):
            if bar.x < ends and bar.x + bar.width > starts:
                if bar.x - starts > (ends - starts) / 2:
                    ends = bar.x
                    break
                starts = bar.x + bar.width
        if (ends - starts) * _PX_PER_PERCENT[days > 7] < 14 + 6.2 * len(words):
            return self._replace(words="")
        return self._replace(words=words, words_x=round((starts - self.x) / self.width * 100, 2))


@dataclass(frozen=True, slots=True)
class Load:
    """Minutes that visits take, with the ways to them, of those that leave, holidays and capacity leave."""

    booked: int
    hours: int

    @property
    def state(self) -> str:
        """``bad`` beyond what there is, ``warn`` nearly all of it, else ``idle``."""
        if self.booked > self.hours:
            return "bad"
        return "warn" if self.booked and self.booked * 10 >= self.hours * 9 else "idle"

    @property
    def booked_hours(self) -> int:
        """In whole hours, rounded."""
        return round(self.booked / HOUR)

    @property
    def free_hours(self) -> int:
        """What visits may take, in whole hours, rounded."""
        return round(self.hours / HOUR)


@dataclass(frozen=True, slots=True)
class Row:
    """A technician on the board."""

    known: Known
    load: Load
    bars: tuple[Bar, ...]
    blocks: tuple[Block, ...]
    height: int
    on_call: tuple[Gap, ...]

    @property
    def user_id(self) -> int:
        """Whose row it is."""
        return self.known.user_id


@dataclass(frozen=True, slots=True)
class Board:
    """The dispatch board of some days."""

    axis: WallAxis
    rows: tuple[Row, ...]
    bands: tuple[tuple[float, float], ...]
    """Weekends: from where, how wide."""
    now: float | None
    clashes: int = 0
    """Visits against which a rule stands and no reason was given."""
    excused: int = 0
    """Visits that break a rule for a reason."""
    zones: frozenset[str] = frozenset()
    """Of the sites that are shown."""
    crews: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Who goes on each visit, by its id: user ids, in order."""
    everybody: tuple[tuple[int, str], ...] = ()
    """Who could be shown: user id and name."""

    @property
    def bars(self) -> Iterable[Bar]:
        """All of them."""
        return (bar for row in self.rows for bar in row.bars)


@dataclass(slots=True)
class Ways:
    """How long ways take, and when sites are open; the same ones are asked again and again."""

    _known: dict[tuple[int, int], int] = field(default_factory=dict)
    _opened: dict[tuple[int, date], bool] = field(default_factory=dict)

    def home(self, known: Known, one: Booked) -> int:
        """Minutes from somebody's home to a visit, as `core.travel.way` says; the same back."""
        found = self._known.get((-known.user_id, one.site_id))
        if found is None:
            found = self._known[-known.user_id, one.site_id] = way(known.home, one.spot).minutes
        return found

    def between(self, one: Booked, other: Booked) -> int:
        """Minutes from one visit to another."""
        found = self._known.get((one.site_id, other.site_id))
        if found is None:
            found = self._known[one.site_id, other.site_id] = way(one.spot, other.spot).minutes
        return found

    def is_open(self, place: Place, site_id: int, day: date) -> bool:
        """Whether a site is planned to be open on a day."""
        found = self._opened.get((site_id, day))
        if found is None:
            found = self._opened[site_id, day] = bool(place.planned_on(day))
        return found


def board(
    people: Iterable[Known],
    places: Mapping[int, Place],
    broken: Mapping[int, Sequence[BrokenRule]],
    axis: WallAxis,
    *,
    now_local: datetime,
    shows: Callable[[Booked], bool] = lambda _one: True,
    least_width: float = 0.0,
    crews: Mapping[int, tuple[int, ...]] | None = None,
    everybody: tuple[tuple[int, str], ...] = (),
) -> Board:
    """Put the board together.

    :param places: of the sites of visits of several days, by site id.
    :param broken: the rules that visits break now, by visit id.
    :param now_local: wall time of the reader.
    :param shows: which visits get a bar; all of them count for load and rules.
    :param least_width: percent of the axis below which no bar falls, so that it can be hit.
    :param crews: who goes on each visit, by its id, also those who are not shown.
    :param everybody: who could be shown, whatever else is chosen.
    """
    ways = Ways()
    rows = tuple(_row(one, ways, places, broken, axis, shows, least_width) for one in people)
    clashing: dict[int, bool] = {}
    zones: set[str] = set()
    for row in rows:
        for bar in row.bars:
            zones.add(bar.booked.zone)
            if bar.against:
                is_open = any(not rule.reason for rule in bar.against)
                clashing[bar.booked.visit_id] = clashing.get(bar.booked.visit_id, False) or is_open
    weekends = [day for day in axis.every if day.weekday() > FRIDAY]
    return Board(
        axis=axis,
        rows=rows,
        bands=tuple(
            (round(axis.at(datetime.combine(day, time())), 3), round(axis.width, 3)) for day in weekends
        ),
        now=round(axis.at(now_local), 3) if axis.first <= now_local.date() <= axis.last else None,
        clashes=sum(clashing.values()),
        excused=sum(not is_open for is_open in clashing.values()),
        zones=frozenset(zones),
        crews=crews or {},
        everybody=everybody,
    )


def _row(
    known: Known,
    ways: Ways,
    places: Mapping[int, Place],
    broken: Mapping[int, Sequence[BrokenRule]],
    axis: WallAxis,
    shows: Callable[[Booked], bool],
    least_width: float,
) -> Row:
    drawn: list[tuple[float, float, Booked]] = []
    travelling: list[tuple[float, float, float]] = []
    booked, least_way = 0, _least_way(axis)
    for one, (there, back) in zip(known.booked, _chains(known, ways), strict=True):
        stretch = axis.stretch(one.starts_local, one.ends_local)
        if stretch is None:
            continue
        booked += _worked_minutes(known.hours, one, axis) + _within(one, there, back, axis)
        if not shows(one):
            continue
        x, x2 = stretch
        if x2 - x < least_width:
            x2 = min(100.0, x + least_width)
            x = max(0.0, x2 - least_width)
        drawn.append((x, x2, one))
        if one.state not in OVER and max(there, back) >= least_way:
            for minutes, starts, ends in (
                (there, one.starts_local - there * MINUTE, one.starts_local),
                (back, one.ends_local, one.ends_local + back * MINUTE),
            ):
                way_there = axis.stretch(starts, ends) if minutes >= least_way else None
                if way_there is not None and _is_seen(way_there, axis):
                    travelling.append((*way_there, x))
    drawn.sort(key=lambda each: (each[0], each[2].visit_id))
    found = lanes((x, x2) for x, x2, _one in drawn)
    lane_at = {each[0]: lane for each, lane in zip(drawn, found, strict=True)}
    height = LANE_PX * (max(found, default=0) + 1) + PAD_PX
    bars = tuple(
        Bar(
            booked=one,
            x=round(x, 3),
            width=round(x2 - x, 3),
            y=PAD_PX + lane * LANE_PX,
            look=look_of(one),
            against=_against(broken.get(one.visit_id, ()), one),
            days=_days(one, places.get(one.site_id), ways),
        )
        for (x, x2, one), lane in zip(drawn, found, strict=True)
    )
    blocks = [
        Block("way", round(x, 3), round(x2 - x, 3), PAD_PX + lane_at[of] * LANE_PX + BAR_PX - 14, 14, "")
        for x, x2, of in travelling
    ]
    calls = []
    for gap in known.gaps:
        stretch = axis.stretch(gap.starts, gap.ends)
        if stretch is None:
            continue
        x, width = round(stretch[0], 3), round(stretch[1] - stretch[0], 3)
        if gap.kind == "call":
            calls.append(gap)
            blocks.append(Block("call", x, width, 0, 5, gap.words))
        elif gap.kind == "off":
            blocks.append(Block("off", x, width, 0, height, gap.words))
        else:
            blocks.append(Block(gap.kind, x, width, PAD_PX, height - 2 * PAD_PX, gap.words))
    blocks.sort(key=lambda each: each.kind != "off")
    return Row(known, Load(booked, known.free_minutes), bars, tuple(blocks), height, tuple(calls))


def _least_way(axis: WallAxis) -> float:
    """How many minutes a way takes at least that can be seen, at the widest part of a day."""
    percent = LEAST_WAY_PX / _PX_PER_PERCENT[axis.days > 7]
    return percent / axis.width * (axis.closes - axis.opens) / (1 - 2 * axis.night)


def _is_seen(stretch: tuple[float, float], axis: WallAxis) -> bool:
    return (stretch[1] - stretch[0]) * _PX_PER_PERCENT[axis.days > 7] >= LEAST_WAY_PX


def look_of(one: Booked | Visit) -> str:
    """What form a visit's state has on the board."""
    return "asks" if one.needs_decision and one.state not in OVER else LOOKS[one.state]


def _chains(known: Known, ways: Ways) -> Sequence[tuple[int, int]]:
    """How long somebody travels to each of their visits and from it, in minutes; straight on counts once."""
    found = []
    before: Booked | None = None
    visits = [one for one in known.booked if one.kind is not VisitKind.REMOTE_CALL]
    if len(visits) < len(known.booked):  # nobody travels to a call
        travelled = iter(_chains(replace(known, booked=tuple(visits)), ways))
        return [(0, 0) if one.kind is VisitKind.REMOTE_CALL else next(travelled) for one in known.booked]
    homes = [ways.home(known, one) for one in visits]
    for number, one in enumerate(visits):
        after = visits[number + 1] if number + 1 < len(visits) else None
        there = back = homes[number]
        if before is not None and _goes_on(before, one, there + homes[number - 1]):
            there = ways.between(before, one)
        if after is not None and _goes_on(one, after, homes[number] + homes[number + 1]):
            back = 0  # counted as the way to the next
        found.append((there, back))
        before = one
    return found


def _goes_on(one: Booked, other: Booked, over_home: int) -> bool:
    """Whether there is no time to go home between two visits, as `core.dispatch.ways` says it."""
    return other.starts_at - one.ends_at < NIGHT + over_home * MINUTE


def _within(one: Booked, there: int, back: int, axis: WallAxis) -> int:
    """The minutes of ways that belong to the days shown, of a visit that touches them."""
    first, last = axis.first, axis.last
    return (there if one.starts_local.date() >= first else 0) + (back if one.ends_local.date() <= last else 0)


def _worked_minutes(hours: Mapping[date, tuple[Hours, ...]], one: Booked, axis: WallAxis) -> int:
    """The minutes of a visit on the days shown: all of it within a day, of a longer one the person's hours."""
    first, last = one.starts_local.date(), one.ends_local.date()
    if first == last:
        length = (one.ends_at - one.starts_at) // MINUTE
        return length if axis.first <= first <= axis.last else 0
    found = 0
    day, until = max(first, axis.first), min(last, axis.last)
    while day <= until:
        from_minute = _minute(one.starts_local) if day == first else 0
        to_minute = _minute(one.ends_local) if day == last else 24 * HOUR
        for each in hours.get(day, ()):
            begins, ends = max(each.from_minute, from_minute), min(each.to_minute, to_minute)
            if begins < ends:
                found += ends - begins
        day += DAY
    return found


def _against(broken: Iterable[BrokenRule], one: Booked) -> tuple[BrokenRule, ...]:
    """The rules that concern this person, or everybody."""
    if one.state in OVER:
        return ()
    return tuple(each for each in broken if each.user_id in (None, one.user_id))


def _days(one: Booked, place: Place | None, ways: Ways) -> int:
    """On how many days somebody is at the site."""
    first, last = one.starts_local.date(), one.ends_local.date()
    if first == last or place is None:
        return (last - first).days + 1
    every = (first + number * DAY for number in range((last - first).days + 1))
    return max(1, sum(day in (first, last) or ways.is_open(place, one.site_id, day) for day in every))


def _minute(wall: datetime) -> int:
    return wall.hour * HOUR + wall.minute


def length(hours: Iterable[Hours]) -> int:
    """How many minutes they are."""
    return sum(each.to_minute - each.from_minute for each in hours)


def clock_changes(zones: Iterable[str], first: date, last: date) -> tuple[tuple[str, date, int], ...]:
    """List where clocks change on which of some days, both included, and by how many minutes; forward is positive."""
    found = []
    for zone in sorted(zones):
        there = ZoneInfo(zone)
        day = first
        while day <= last:
            here, tomorrow = (
                datetime.combine(each, time(), there).astimezone(UTC) for each in (day, day + DAY)
            )
            change = DAY - (tomorrow - here)
            if change:
                found.append((zone, day, change // MINUTE))
            day += DAY
    return tuple(found)


def moved(
    starts: datetime, ends: datetime, place: Place, *, halves: int = 0, minutes: int = 0
) -> tuple[datetime, datetime]:
    """Say when a visit is so many half days, or minutes, later; wall times of its site.

    It stays as long as it is. Where a half day more would carry it past closing time, or where it lasts several
    days, the work goes on when the site is planned to be open again; a start while it is closed is left as it is,
    for somebody to see.
    """
    if minutes:
        return starts + minutes * MINUTE, ends + minutes * MINUTE
    opens, reopens = half_starts(place, starts.date() + halves // 2 * DAY)
    begins = half_days_on(starts, halves, opens=opens, reopens=reopens)
    return begins, _ended(begins, starts, ends, place)


def begun(on: date, half: int, minutes: int, place: Place) -> tuple[datetime, datetime]:
    """Say when work of so many minutes is that begins with a half of a day, 0 or 1; wall times of its site."""
    begins = datetime.combine(on, half_starts(place, on)[half])
    return begins, _worked_on(begins, minutes, place) or begins + minutes * MINUTE


def half_starts(place: Place, on: date) -> tuple[time, time]:
    """When the morning and the afternoon of a day begin at a place, on a closed day as usual."""
    hours = place.planned_on(on) or next(
        (place.week[number] for number in range(7) if place.week.get(number)), ()
    )
    opens = hours[0].from_minute if hours else HOUR * 8
    second = [each.from_minute for each in hours[1:] if each.from_minute >= 12 * HOUR]
    reopens = second[0] if second else 13 * HOUR
    return time(*divmod(min(opens, 11 * HOUR), HOUR)), time(*divmod(reopens, HOUR))


def _ended(begins: datetime, starts: datetime, ends: datetime, place: Place) -> datetime:
    length = ends - starts
    if starts.date() == ends.date():
        closes = max((each.to_minute for each in place.planned_on(begins.date())), default=24 * HOUR)
        was_over = _minute(ends) > max((each.to_minute for each in place.planned_on(ends.date())), default=0)
        later = begins + length
        if was_over or (later.date() == begins.date() and _minute(later) <= closes):
            return later
        return _worked_on(begins, length // MINUTE, place) or later
    worked = sum(_opened(place, starts, ends))
    return (worked and _worked_on(begins, worked, place)) or begins + length


def _opened(place: Place, starts: datetime, ends: datetime) -> Iterable[int]:
    """The minutes of each day between two wall times in which a place is planned to be open."""
    for number in range((ends.date() - starts.date()).days + 1):
        day = starts.date() + number * DAY
        from_minute = _minute(starts) if not number else 0
        to_minute = _minute(ends) if day == ends.date() else 24 * HOUR
        for each in place.planned_on(day):
            yield max(0, min(each.to_minute, to_minute) - max(each.from_minute, from_minute))


def _worked_on(begins: datetime, minutes: int, place: Place) -> datetime | None:
    """When so many minutes of planned opening have passed from a wall time on; None when it is closed then."""
    first = place.planned_on(begins.date())
    if not any(each.from_minute <= _minute(begins) < each.to_minute for each in first):
        return None
    left, day = minutes, begins.date()
    for _number in range(MOST_DAYS):
        for each in place.planned_on(day):
            from_minute = max(each.from_minute, _minute(begins) if day == begins.date() else 0)
            if from_minute + left <= each.to_minute:
                return datetime.combine(day, time()) + (from_minute + left) * MINUTE
            left -= max(0, each.to_minute - from_minute)
        day += DAY
    return None
