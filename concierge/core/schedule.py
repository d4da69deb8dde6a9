"""Laying out a network of steps on working calendars, and saying what moved.

Days are inclusive. A step of n working days occupies n working days; a step of none is a moment. Work
starts on the first working day after the last predecessor's finish; only directly after a moment may it
start on the moment's own day, and a moment falls on the day its predecessor finishes. What has happened
stays where it happened, even on a Sunday; what has not happened never lies in the past.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from concierge.core.worktime import (
    WorkCalendar,
    add_workdays,
    next_workday,
    previous_workday,
    workdays_between,
)

START = "start"
TODAY = "today"
NOT_BEFORE = "not_before"
JUST_IN_TIME = "just_in_time"
DRIVERS = frozenset({START, TODAY, NOT_BEFORE, JUST_IN_TIME})
"""What holds a start when no predecessor does; no step may carry one of these as its key."""


class CycleFound(ValueError):
    """Steps wait for each other in a circle; `keys` names them in the order of waiting."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        circle = " → ".join((*self.keys, self.keys[0]))
        super().__init__(
            f"These steps wait for each other in a circle: {circle}. Take one of these links out."
        )


class UnknownPredecessor(ValueError):
    """A step waits for one that is not in the plan."""

    def __init__(self, key: str, predecessor: str) -> None:
        self.key = key
        self.predecessor = predecessor
        super().__init__(
            f"“{key}” waits for “{predecessor}”, which is not in the plan. Add that step or the link goes."
        )


@dataclass(frozen=True, slots=True)
class Link:
    """Finish-to-start: wait for `predecessor`, then `lag` more working days.

    The lag counts in the working days of the step that waits; a negative one lets it start earlier.
    """

    predecessor: str
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan; `workdays` is its length in working days of `calendar`, zero for a moment.

    `just_in_time` steps (a ship release) are placed as late as they can be without moving anything else.
    """

    key: str
    workdays: int
    calendar: str
    links: tuple[Link, ...] = ()
    not_before: date | None = None
    started_on: date | None = None
    finished_on: date | None = None
    just_in_time: bool = False

    def __post_init__(self) -> None:
        if self.key in DRIVERS:
            raise ValueError(f"A step cannot have the key “{self.key}”; the schedule uses that word itself.")
        if self.workdays < 0:
            raise ValueError(f"“{self.key}” cannot last {self.workdays} working days. Give it zero or more.")

    @property
    def is_moment(self) -> bool:
        """Say whether the step has no length."""
        return self.workdays == 0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a step lies.

    `driver` is the key of the predecessor that holds its start, or what else does: `START` of the plan,
    `TODAY`, `NOT_BEFORE` (its own wish), `JUST_IN_TIME` (it waits for its successor). `slack_workdays`
    says how far it can slip before the end of the plan moves; zero once it is finished.
    """

    start_on: date
    finish_on: date
    driver: str
    slack_workdays: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A network laid out: each step's place by its key, every step after those it waits for.

    `driving_chain` names the steps that hold the end, the last of them being the one that ends the plan.
    """

    placed: Mapping[str, Placed]
    finish_on: date
    driving_chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """One step that moved; a `None` before means it is new, a `None` after that it is gone."""

    key: str
    start_before: date | None
    start_after: date | None
    finish_before: date | None
    finish_after: date | None


def lay_out(
    steps: Iterable[Step], *, calendars: Mapping[str, WorkCalendar], start_on: date, today: date
) -> Plan:
    """Place every step as early as its links, its wish, the plan's start and today allow.

    :raises CycleFound: when steps wait for each other.
    :raises UnknownPredecessor: when a link leads nowhere.
    :raises ValueError: when a key stands twice, a calendar is missing, or a calendar is never open.
    """
    network = _Network(steps, calendars)
    placed: dict[str, Placed] = {}
    for step in network.ordered:
        placed[step.key] = _place_early(network, step, placed, start_on=start_on, today=today)
    for step in reversed(network.ordered):
        if step.just_in_time and step.started_on is None and step.finished_on is None:
            placed[step.key] = _place_late(network, step, placed)
    finish_on = max((place.finish_on for place in placed.values()), default=start_on)
    slack = _slack(network, placed, finish_on)
    placed = {key: replace(place, slack_workdays=slack[key]) for key, place in placed.items()}
    return Plan(MappingProxyType(placed), finish_on, _driving_chain(placed, finish_on))


def shifts(before: Plan, after: Plan) -> tuple[Shift, ...]:
    """List the steps whose dates differ between two layouts.

    They come in the order of the later plan; steps that are gone come last.
    """
    keys = [*after.placed, *(key for key in before.placed if key not in after.placed)]
    found: list[Shift] = []
    for key in keys:
        old, new = before.placed.get(key), after.placed.get(key)
        shift = Shift(
            key,
            start_before=old.start_on if old else None,
            start_after=new.start_on if new else None,
            finish_before=old.finish_on if old else None,
            finish_after=new.finish_on if new else None,
        )
        if (shift.start_before, shift.finish_before) != (shift.start_after, shift.finish_after):
            found.append(shift)
    return tuple(found)


class _Network:
    """The steps by key, who follows whom, and an order in which nobody comes before a predecessor."""

    def __init__(self, steps: Iterable[Step], calendars: Mapping[str, WorkCalendar]) -> None:
        self.steps: dict[str, Step] = {}
        self.calendars = calendars
        for step in steps:
            if step.key in self.steps:
                raise ValueError(f"“{step.key}” stands twice in the plan. Every step needs a key of its own.")
            if step.calendar not in calendars:
                raise ValueError(
                    f"“{step.key}” is planned on the calendar “{step.calendar}”, which is not given."
                )
            self.steps[step.key] = step
        self.successors: dict[str, list[tuple[Step, Link]]] = {key: [] for key in self.steps}
        for step in self.steps.values():
            for link in step.links:
                if link.predecessor not in self.steps:
                    raise UnknownPredecessor(step.key, link.predecessor)
                self.successors[link.predecessor].append((step, link))
        self.ordered = self._order()

    def calendar(self, step: Step) -> WorkCalendar:
        return self.calendars[step.calendar]

    def earliest_after(self, step: Step, link: Link, finish_on: date) -> date:
        """Return the first day `step` may start when the predecessor of `link` finishes on `finish_on`."""
        calendar = self.calendar(step)
        may_share_the_day = step.is_moment or self.steps[link.predecessor].is_moment
        base = add_workdays(calendar, finish_on, 0 if may_share_the_day else 1)
        return base if link.lag == 0 else add_workdays(calendar, base, link.lag)

    def latest_before(self, step: Step, link: Link, start_on: date) -> date:
        """Return the last day the predecessor of `link` may finish for `step` to start on `start_on`."""
        predecessor_calendar = self.calendar(self.steps[link.predecessor])
        upper = start_on if link.lag >= 0 else add_workdays(self.calendar(step), start_on, -link.lag)
        finish_on = previous_workday(predecessor_calendar, upper)
        while self.earliest_after(step, link, finish_on) > start_on:
            finish_on = add_workdays(predecessor_calendar, finish_on, -1)
        return finish_on

    def _order(self) -> tuple[Step, ...]:
        position = {key: number for number, key in enumerate(self.steps)}
        waiting = {key: len(step.links) for key, step in self.steps.items()}
        ready = [position[key] for key, count in waiting.items() if count == 0]
        heapq.heapify(ready)
        keys = tuple(self.steps)
        ordered: list[Step] = []
        while ready:
            step = self.steps[keys[heapq.heappop(ready)]]
            ordered.append(step)
            for successor, _ in self.successors[step.key]:
                waiting[successor.key] -= 1
                if waiting[successor.key] == 0:
                    heapq.heappush(ready, position[successor.key])
        if len(ordered) < len(self.steps):
            raise CycleFound(self._circle({key for key, count in waiting.items() if count > 0}))
        return tuple(ordered)

    def _circle(self, stuck: set[str]) -> tuple[str, ...]:
        # Every stuck step waits for another stuck one, so walking back must come round.
        key = next(key for key in self.steps if key in stuck)
        path: list[str] = []
        while key not in path:
            path.append(key)
            key = next(link.predecessor for link in self.steps[key].links if link.predecessor in stuck)
        circle = path[path.index(key) :]
        circle.reverse()
        first = min(range(len(circle)), key=lambda number: list(self.steps).index(circle[number]))
        return tuple(circle[first:] + circle[:first])


def _place_early(
    network: _Network, step: Step, placed: Mapping[str, Placed], *, start_on: date, today: date
) -> Placed:
    calendar = network.calendar(step)
    limits = [
        (network.earliest_after(step, link, placed[link.predecessor].finish_on), link.predecessor)
        for link in step.links
    ]
    if step.finished_on is not None:
        begun_on = step.started_on or _begin(calendar, step, step.finished_on)
        return Placed(min(begun_on, step.finished_on), step.finished_on, _driver(limits))
    if step.started_on is not None:
        planned_on = _finish(calendar, step, next_workday(calendar, step.started_on))
        today_on = next_workday(calendar, today)
        if step.started_on <= today and planned_on < today_on:
            return Placed(step.started_on, today_on, TODAY)
        return Placed(step.started_on, planned_on, _driver(limits))
    if step.not_before is not None:
        limits.append((next_workday(calendar, step.not_before), NOT_BEFORE))
    limits.append((next_workday(calendar, start_on), START))
    limits.append((next_workday(calendar, today), TODAY))
    begin_on, driver = _latest(limits)
    return Placed(begin_on, _finish(calendar, step, begin_on), driver)


def _latest(limits: Sequence[tuple[date, str]]) -> tuple[date, str]:
    """Pick the limit that binds; among equals the first named."""
    return max(limits, key=lambda limit: limit[0])


def _driver(limits: Sequence[tuple[date, str]]) -> str:
    return _latest(limits)[1] if limits else START


def _begin(calendar: WorkCalendar, step: Step, finish_on: date) -> date:
    return add_workdays(calendar, finish_on, 1 - step.workdays) if step.workdays > 1 else finish_on


def _finish(calendar: WorkCalendar, step: Step, begin_on: date) -> date:
    return add_workdays(calendar, begin_on, step.workdays - 1) if step.workdays > 1 else begin_on


def _place_late(network: _Network, step: Step, placed: Mapping[str, Placed]) -> Placed:
    early = placed[step.key]
    limits = [
        network.latest_before(successor, link, placed[successor.key].start_on)
        for successor, link in network.successors[step.key]
        if successor.started_on is None and successor.finished_on is None
    ]
    if not limits:
        return early
    begin_on = _begin(network.calendar(step), step, min(limits))
    if begin_on <= early.start_on:
        return early
    return Placed(begin_on, min(limits), JUST_IN_TIME)


def _slack(network: _Network, placed: Mapping[str, Placed], finish_on: date) -> dict[str, int]:
    latest_start: dict[str, date] = {}
    slack: dict[str, int] = {}
    for step in reversed(network.ordered):
        calendar = network.calendar(step)
        latest_on = previous_workday(calendar, finish_on)
        for successor, link in network.successors[step.key]:
            if successor.started_on is None and successor.finished_on is None:
                latest_on = min(
                    latest_on, network.latest_before(successor, link, latest_start[successor.key])
                )
        latest_start[step.key] = _begin(calendar, step, latest_on)
        spare = workdays_between(calendar, placed[step.key].finish_on, latest_on)
        slack[step.key] = 0 if step.finished_on is not None else max(0, spare)
    return slack


def _driving_chain(placed: Mapping[str, Placed], finish_on: date) -> tuple[str, ...]:
    last = [key for key, place in placed.items() if place.finish_on == finish_on]
    chain: list[str] = []
    key = last[-1] if last else ""
    while key in placed:
        chain.append(key)
        key = placed[key].driver
    return tuple(reversed(chain))
