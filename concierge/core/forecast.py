"""What usually becomes of such a plan: days by which it ends in so many of a hundred cases, from the past.

A past case says how many working days one milestone took, from the day on which it could begin to the day on
which it was finished. The forecast takes for each open step the narrowest group of like cases that is large
enough, draws from it what the step may take, and lets the network of the plan follow, many times. The draws
of a step are the same in every forecast, so that two forecasts differ by their plans and by nothing else.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

from concierge.core.links import Link, Wait
from concierge.core.schedule import Plan, Step, lay_out
from concierge.core.workdays import DayCount, day_count
from concierge.core.worktime import WorkCalendar

ENOUGH_CASES = 15
"""Fewer cases than this are no group of their own; a wider one is used."""
DRAWS = 500
PERCENTILES = (50, 80, 90)
MOST_VALUES = 61
"""So many evenly spread values stand for a larger group."""


class Level(StrEnum):
    """What the cases of a group have in common, narrowest first; all have a length, or none has."""

    MODEL_REGION_PARTY = "kind, model, region and party"
    MODEL_PARTY = "kind, model and party"
    KIND_PARTY = "kind and party"
    KIND = "kind"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Likeness:
    """What makes cases alike: kind of milestone, instrument model, region of the site, party."""

    kind: str
    model: str = ""
    region: str = ""
    party: str = ""


@dataclass(frozen=True, slots=True)
class PastCase:
    """One milestone that was reached. Both lengths in its own working days; a planned zero is a moment.

    `actual_workdays` counts the first day on which it could begin and the last, so it is at least one.
    """

    likeness: Likeness
    planned_workdays: int
    actual_workdays: int

    @property
    def value(self) -> float:
        """What other steps can draw: the share of the planned length, for a moment the days it waited."""
        if self.planned_workdays == 0:
            return float(max(0, self.actual_workdays - 1))
        return max(1, self.actual_workdays) / self.planned_workdays


@dataclass(frozen=True, slots=True)
class Sample:
    """The group a step draws from: sorted values, what its cases share, and how many they are.

    `narrow_count` says how many cases the narrowest group has; fewer than `ENOUGH_CASES` are the reason for
    a wider one. Without any group there are no values, and the step is taken to go as planned.
    """

    level: Level
    count: int
    narrow_count: int
    values: tuple[float, ...]


NO_SAMPLE = Sample(Level.NONE, 0, 0, ())
_Group: TypeAlias = tuple[bool, Level, tuple[str, ...]]


class History:
    """Past cases in groups."""

    def __init__(self, cases: Iterable[PastCase]) -> None:
        self._groups: dict[_Group, list[float]] = {}
        for case in cases:
            is_moment = case.planned_workdays == 0
            for level, shared in _groups_of(case.likeness):
                self._groups.setdefault((is_moment, level, shared), []).append(case.value)
        for values in self._groups.values():
            values.sort()

    def sample(self, likeness: Likeness, *, is_moment: bool) -> Sample:
        """The narrowest group with enough cases; the widest there is when none has enough says so itself."""
        narrow = 0
        for number, (level, shared) in enumerate(_groups_of(likeness)):
            values = self._groups.get((is_moment, level, shared), [])
            if number == 0:
                narrow = len(values)
            if len(values) >= ENOUGH_CASES:
                return Sample(level, len(values), narrow, _spread(values))
        return Sample(Level.NONE, len(self._groups.get((is_moment, Level.ALL, ()), [])), narrow, ())


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The days by which something is finished in 50, 80 and 90 of a hundred cases."""

    p50: date
    p80: date
    p90: date


@dataclass(frozen=True, slots=True)
class Forecast:
    """Percentiles of every step, and the whole percent of cases that keep the promise; None without one."""

    steps: Mapping[str, Percentiles]
    chance_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan whose future is asked: its steps, calendars and days as `lay_out` takes them.

    `samples` are the groups that its steps draw from; `end` is the step that the promise is about. `options`
    go to `lay_out` as they are.
    """

    steps: Sequence[Step]
    calendars: Mapping[str, WorkCalendar]
    start_on: date
    today: date
    end: str
    samples: Mapping[str, Sample] = field(default_factory=dict)
    promised_on: date | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: keyword arguments of lay_out


def forecast(outlook: Outlook, *, plan: Plan | None = None, draws: int = DRAWS) -> Forecast:
    """Let the plan come about so many times, from today on, and see when each step is finished.

    A step under way that has run for n days takes only from cases that ran longer. What is not finished is
    finished today at the earliest.

    :param plan: the plan as it is laid out today, where it is known already.
    :raises ValueError: when the plan cannot be laid out, or has no step with the key of its end.
    """
    if all(step.key != outlook.end for step in outlook.steps):
        raise ValueError(f"The plan has no step “{outlook.end}” to measure its end by.")
    plan = plan or lay_out(
        outlook.steps,
        calendars=outlook.calendars,
        start_on=outlook.start_on,
        today=outlook.today,
        **outlook.options,
    )
    due = lay_out(
        [step if step.finished_on else replace(step, started_on=None) for step in outlook.steps],
        calendars=outlook.calendars,
        start_on=outlook.start_on,
        today=min(outlook.start_on, outlook.today),
        **outlook.options,
    )
    finishes = _Simulation(outlook, plan, due, draws).run()
    promised = outlook.promised_on.toordinal() if outlook.promised_on else None
    is_over = next(step for step in outlook.steps if step.key == outlook.end).finished_on is not None
    return Forecast(
        {key: _percentiles(days) for key, days in finishes.items()},
        None if promised is None else _chance(finishes[outlook.end], promised, is_over=is_over),
    )


def due_start(
    steps: Sequence[Step],
    key: str,
    *,
    calendars: Mapping[str, WorkCalendar],
    start_on: date,
    options: Mapping[str, Any] | None = None,  # Any: keyword arguments of lay_out
) -> date:
    """The day on which a step could begin, by what its predecessors really did and by its own wishes.

    This is where the working days of a past case are counted from; a step that began sooner, from there. A
    just-in-time step is due when its followers, as they were planned, need it.
    """
    after = _followers(steps, key)
    stripped = [replace(one, started_on=None, finished_on=None) if one.key in after else one for one in steps]
    plan = lay_out(stripped, calendars=calendars, start_on=start_on, today=start_on, **(options or {}))
    placed = plan.placed[key]
    begun_on = next(one.started_on for one in steps if one.key == key)
    return min(placed.start_on, begun_on) if begun_on else placed.start_on


def workdays_taken(calendar: WorkCalendar, due_on: date, finished_on: date) -> int:
    """Working days from the day a step could begin to the day it was finished, both counted; at least one."""
    return max(1, day_count(calendar).between(due_on.toordinal() - 1, finished_on.toordinal()))


def _groups_of(likeness: Likeness) -> tuple[tuple[Level, tuple[str, ...]], ...]:
    kind, model, region, party = likeness.kind, likeness.model, likeness.region, likeness.party
    narrow = (
        (Level.MODEL_REGION_PARTY, (kind, model, region, party)),
        (Level.MODEL_PARTY, (kind, model, party)),
    )
    wide = ((Level.KIND_PARTY, (kind, party)), (Level.KIND, (kind,)), (Level.ALL, ()))
    return (*narrow, *wide) if model else wide


def _followers(steps: Sequence[Step], key: str) -> set[str]:
    """A step and everything that waits for it."""
    found = {key}
    grown = True
    while grown:
        more = {
            one.key
            for one in steps
            if one.key not in found and any(link.predecessor in found for link in one.links)
        }
        grown = bool(more)
        found |= more
    return found


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    """Values of a sorted group, few enough to keep: each stands for as many cases as any other."""
    if len(values) <= MOST_VALUES:
        return tuple(values)
    return tuple(values[(2 * number + 1) * len(values) // (2 * MOST_VALUES)] for number in range(MOST_VALUES))


def _percentiles(days: "_Days") -> Percentiles:
    if isinstance(days, int):
        return Percentiles(*(date.fromordinal(days),) * 3)
    ordered = sorted(days)
    return Percentiles(
        *(date.fromordinal(ordered[math.ceil(len(ordered) * share / 100) - 1]) for share in PERCENTILES)
    )


def _chance(days: "_Days", promised: int, *, is_over: bool) -> int:
    if isinstance(days, int):
        return 100 if days <= promised else 0
    percent = 100 * sum(day <= promised for day in days) // len(days)
    # What has not happened is never certain, however few the cases that say otherwise.
    return percent if is_over else min(percent, 99)


_Days: TypeAlias = int | list[int]
"""Day numbers of one step: one of what is known, or one for each draw."""


class _Simulation:
    """One plan coming about many times at once: step by step in the order of the plan, all draws together."""

    def __init__(self, outlook: Outlook, plan: Plan, due: Plan, draws: int) -> None:
        self.outlook = outlook
        self.plan = plan
        self.due = due
        self.draws = draws
        self.today = outlook.today.toordinal()
        self.steps = {step.key: step for step in outlook.steps}
        self.starts: dict[str, _Days] = {}
        self.finishes: dict[str, _Days] = {}

    def run(self) -> Mapping[str, _Days]:
        """When each step is finished."""
        # Counted back, a plan lists its steps in the same order: each after those it waits for.
        for key in self.plan.placed:
            step = self.steps[key]
            if step.finished_on is not None:
                self.starts[key] = self.plan.placed[key].start_on.toordinal()
                self.finishes[key] = step.finished_on.toordinal()
            else:
                self._come_about(step, day_count(self.outlook.calendars[step.calendar]))
        return self.finishes

    def _come_about(self, step: Step, count: DayCount) -> None:
        lengths = _lengths(step, self.outlook.samples.get(step.key, NO_SAMPLE))
        starts: list[_Days] = []
        finishes: list[_Days] = [count.next(self.today)]
        for link in step.links:
            limits = finishes if link.kind.is_to_finish else starts
            limits.append(self._limit(step, link, count))
        since = self._counts_since(step)
        if since is None:
            start = _latest([self._floor(step, count), *starts])
        else:
            start = count.next(since)
            lengths = _longer_than(lengths, count.between(since - 1, self.today - 1))
        self.starts[step.key] = step.started_on.toordinal() if step.started_on else start
        drawn = _drawn(step.key, lengths, self.draws)
        self.finishes[step.key] = _latest([_finishes(count, start, drawn), *finishes])

    def _counts_since(self, step: Step) -> int | None:
        """The day from which its length counts already: it has begun, or could have. None when it is to come."""
        due_on = self.due.placed[step.key].start_on
        if step.started_on is not None:
            return min(step.started_on, due_on, self.outlook.today).toordinal()
        if any(self.steps[link.predecessor].finished_on is None for link in step.links):
            return None
        return due_on.toordinal() if due_on < self.outlook.today else None

    def _floor(self, step: Step, count: DayCount) -> int:
        """The first day on which a step to come may start, whatever its predecessors do."""
        wishes = [self.outlook.start_on, self.outlook.today, step.not_before, step.exactly_on]
        if step.just_in_time or self.plan.is_backward:
            # These are done when they are planned, not as soon as they could be.
            wishes.append(self.plan.placed[step.key].start_on)
        return max(count.next(wish.toordinal()) for wish in wishes if wish is not None)

    def _limit(self, step: Step, link: Link, count: DayCount) -> _Days:
        from_moment = self.steps[link.predecessor].is_moment
        wait = Wait(link, count, from_moment=from_moment, to_moment=step.is_moment)
        other = (self.starts if link.kind.is_from_start else self.finishes)[link.predecessor]
        if isinstance(other, int):
            return wait.earliest(other)
        known = {day: wait.earliest(day) for day in set(other)}
        return [known[day] for day in other]


def _lengths(step: Step, sample: Sample) -> tuple[int, ...]:
    """What the step may take in working days, its first and last day counted; sorted, one at least."""
    if not sample.values:
        return (max(1, step.workdays),)
    if step.is_moment:
        return tuple(1 + round(value) for value in sample.values)
    return tuple(max(1, math.floor(value * step.workdays + 0.5)) for value in sample.values)


def _longer_than(lengths: Sequence[int], passed: int) -> tuple[int, ...]:
    """Those that are not over after so many working days; where none ran so long, one more time as long."""
    longer = tuple(length for length in lengths if length > passed)
    if longer:
        return longer
    return tuple(passed + length for length in lengths) if len(lengths) > 1 else (passed + 1,)


def _drawn(key: str, lengths: Sequence[int], draws: int) -> int | list[int]:
    if len(lengths) == 1:
        return lengths[0]
    return [lengths[int(share * len(lengths))] for share in _shares(key, draws)]


@lru_cache(maxsize=1024)
def _shares(key: str, draws: int) -> tuple[float, ...]:
    """Evenly spread shares between 0 and 1 in an order that is the key's own, the same every time."""
    shares = [(number + 0.5) / draws for number in range(draws)]
    random.Random(key).shuffle(shares)  # noqa: S311 - draws, not secrets
    return tuple(shares)


def _finishes(count: DayCount, start: _Days, lengths: int | list[int]) -> _Days:
    add = count.add
    if isinstance(start, int):
        if isinstance(lengths, int):
            return add(start, lengths - 1)
        known = {length: add(start, length - 1) for length in set(lengths)}
        return [known[length] for length in lengths]
    if isinstance(lengths, int):
        moved = {day: add(day, lengths - 1) for day in set(start)}
        return [moved[day] for day in start]
    return [add(day, length - 1) for day, length in zip(start, lengths, strict=True)]


def _latest(limits: Sequence[_Days]) -> _Days:
    """The latest of several, draw by draw."""
    fixed = max((one for one in limits if isinstance(one, int)), default=0)
    several = [one for one in limits if not isinstance(one, int)]
    if not several:
        return fixed
    first, *others = several
    for other in others:
        first = list(map(max, first, other))
    return [max(fixed, day) for day in first]
