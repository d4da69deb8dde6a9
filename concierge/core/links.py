"""What waits for what: which end for which, how long after, and what remains when a step is left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from concierge.core.workdays import DayCount

OPENS_AT, CLOSES_AT = 8, 17
"""Between these hours people work: hours of lag run from the end of a day, or from its beginning."""
HOURS_A_DAY = 24


class LinkKind(StrEnum):
    """Which end of the predecessor holds which end of the step that waits."""

    FINISH_TO_START = "finish to start"
    START_TO_START = "start to start"
    FINISH_TO_FINISH = "finish to finish"
    START_TO_FINISH = "start to finish"

    @property
    def is_from_start(self) -> bool:
        """Say whether the predecessor's start counts, not its finish."""
        return self in _FROM_START

    @property
    def is_to_finish(self) -> bool:
        """Say whether the finish of the step that waits is held, not its start."""
        return self in _TO_FINISH


_FROM_START = frozenset({LinkKind.START_TO_START, LinkKind.START_TO_FINISH})
_TO_FINISH = frozenset({LinkKind.FINISH_TO_FINISH, LinkKind.START_TO_FINISH})


class LagUnit(StrEnum):
    """What a lag counts: working days of the step that waits, days of the calendar, or elapsed hours."""

    WORKDAYS = "workdays"
    DAYS = "days"
    HOURS = "hours"


class CycleFound(ValueError):
    """Steps wait for each other in a circle; `keys` names them in the order of waiting."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        circle = " → ".join((*self.keys, self.keys[0]))
        super().__init__(
            f"These steps wait for each other in a circle: {circle}. Take one of these links out."
        )


@dataclass(frozen=True, slots=True)
class Link:
    """Wait for `predecessor`, then `lag` more; a negative lag lets the step be earlier.

    A start after a finish begins on the next day, every other pair of ends may share a day; so may a moment
    and whatever it touches. Hours run from 17:00 of a finish and from 08:00 of a start, and the step that
    waits starts on its first working day that opens, at 08:00, no sooner than they have passed.
    """

    predecessor: str
    lag: int = 0
    kind: LinkKind = LinkKind.FINISH_TO_START
    unit: LagUnit = LagUnit.WORKDAYS


class Wait:
    """A link between two known steps as arithmetic on the day numbers of the two ends that it ties.

    `from_moment` and `to_moment` say which of the two has no length; `count` counts the days of the one that
    waits.
    """

    __slots__ = ("_count", "_gap", "_lag", "link")

    def __init__(self, link: Link, count: DayCount, *, from_moment: bool, to_moment: bool) -> None:
        self.link = link
        self._count = count
        self._gap = _gap(link, from_moment=from_moment, to_moment=to_moment)
        self._lag = link.lag if link.unit is LagUnit.WORKDAYS else 0

    def earliest(self, day: int) -> int:
        """The first working day for the end that waits, when the other end falls on `day`."""
        first = self._count.next(day + self._gap)
        return self._count.add(first, self._lag) if self._lag else first

    def latest(self, day: int) -> int:
        """The last day for the other end that lets the end that waits fall on the working day `day`."""
        return (self._count.add(day, -self._lag) if self._lag else day) - self._gap


def joined(earlier: Link, later: Link) -> Link:
    """The one link that remains of two when the step between them is left out; their lags are added.

    Where the two count in different units, both become working days and none gets shorter.
    """
    ends = (earlier.kind.is_from_start, later.kind.is_to_finish)
    kind = next(kind for kind in LinkKind if (kind.is_from_start, kind.is_to_finish) == ends)
    unit = later.unit if earlier.lag == 0 else earlier.unit
    if earlier.lag == 0 or later.lag == 0 or earlier.unit is later.unit:
        return Link(earlier.predecessor, earlier.lag + later.lag, kind, unit)
    return Link(earlier.predecessor, _workdays(earlier) + _workdays(later), kind)


def longer(one: Link, other: Link) -> Link:
    """The link that holds longer of two of one kind; a working day counts for as many hours as on average."""
    return other if _hours(other) > _hours(one) else one


def bridged(links: Mapping[str, Sequence[Link]], *, left_out: Collection[str]) -> dict[str, tuple[Link, ...]]:
    """What each remaining step waits for when some are left out: what those waited for, lags added.

    Of several links of one kind to the same predecessor the longest remains.

    :raises CycleFound: when steps wait for each other, also those left out.
    """
    found: dict[str, tuple[Link, ...]] = {}
    order = tuple(links)

    def links_of(key: str, path: tuple[str, ...]) -> tuple[Link, ...]:
        if key in path:
            circle = tuple(reversed(path[path.index(key) :]))
            first = min(range(len(circle)), key=lambda number: order.index(circle[number]))
            raise CycleFound(circle[first:] + circle[:first])
        if key not in found:
            reached: dict[tuple[str, LinkKind], Link] = {}
            for link in links[key]:
                inherited = links_of(link.predecessor, (*path, key))
                is_kept = link.predecessor not in left_out
                for one in [link] if is_kept else [joined(before, link) for before in inherited]:
                    place = (one.predecessor, one.kind)
                    reached[place] = longer(reached[place], one) if place in reached else one
            found[key] = tuple(reached.values())
        return found[key]

    for key in links:
        links_of(key, ())
    return {key: waits_for for key, waits_for in found.items() if key not in left_out}


def _gap(link: Link, *, from_moment: bool, to_moment: bool) -> int:
    """How many days of the calendar lie between the two ends at least, before working days of lag."""
    is_start_after_finish = link.kind is LinkKind.FINISH_TO_START
    next_day = 1 if is_start_after_finish and not (from_moment or to_moment) else 0
    match link.unit:
        case LagUnit.WORKDAYS:
            return next_day
        case LagUnit.DAYS:
            return next_day + link.lag
        case LagUnit.HOURS:
            return _days_of_hours(link, from_moment=from_moment, to_moment=to_moment)


def _days_of_hours(link: Link, *, from_moment: bool, to_moment: bool) -> int:
    """Hours of lag as days from end to end, rounded up to the next opening."""
    runs_from = OPENS_AT if link.kind.is_from_start else CLOSES_AT
    ends_at = CLOSES_AT if link.kind.is_to_finish or to_moment else OPENS_AT
    if from_moment and link.lag <= 0 and not link.kind.is_from_start:
        runs_from = ends_at
    return -((ends_at - runs_from - link.lag) // HOURS_A_DAY)


def _workdays(link: Link) -> int:
    match link.unit:
        case LagUnit.WORKDAYS:
            return link.lag
        case LagUnit.DAYS:
            return link.lag if link.lag > 0 else -(-link.lag * 5 // 7)
        case LagUnit.HOURS:
            return -(-link.lag // HOURS_A_DAY)


def _hours(link: Link) -> float:
    per = {LagUnit.WORKDAYS: HOURS_A_DAY * 7 / 5, LagUnit.DAYS: HOURS_A_DAY, LagUnit.HOURS: 1}
    return link.lag * per[link.unit]
