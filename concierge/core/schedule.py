"""Laying out a network of steps on working calendars, and saying what moved.

Days are inclusive. A step of n working days occupies n working days; a step of none is a moment. Work
starts on the first working day after the last predecessor's finish; only directly after a moment may it
start on the moment's own day, and a moment falls on the day its predecessor finishes. What has happened
stays where it happened, even on a Sunday; what has not happened never lies in the past.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from concierge.core.links import CycleFound, LagUnit, Link, LinkKind, Wait
from concierge.core.workdays import DayCount, day_count
from concierge.core.worktime import WorkCalendar

__all__ = [
    "CLOSED",
    "DRIVERS",
    "EXACTLY",
    "JUST_IN_TIME",
    "NOT_AFTER",
    "NOT_BEFORE",
    "REQUIRED",
    "START",
    "TODAY",
    "Conflict",
    "ConflictKind",
    "CycleFound",
    "LagUnit",
    "Link",
    "LinkKind",
    "Placed",
    "Plan",
    "Shift",
    "Step",
    "UnknownPredecessor",
    "lay_out",
    "shifts",
]

START = "start"
TODAY = "today"
NOT_BEFORE = "not_before"
NOT_AFTER = "not_after"
EXACTLY = "exactly"
JUST_IN_TIME = "just_in_time"
REQUIRED = "required"
CLOSED = "closed"
DRIVERS = frozenset({START, TODAY, NOT_BEFORE, NOT_AFTER, EXACTLY, JUST_IN_TIME, REQUIRED, CLOSED})
"""What holds a step when no other step does; no step may carry one of these as its key."""


class UnknownPredecessor(ValueError):
    """A step waits for one that is not in the plan."""

    def __init__(self, key: str, predecessor: str) -> None:
        self.key = key
        self.predecessor = predecessor
        super().__init__(
            f"“{key}” waits for “{predecessor}”, which is not in the plan. Add that step or the link goes."
        )


class ConflictKind(StrEnum):
    """Which wish a plan cannot meet."""

    NOT_AFTER = "not after"
    EXACTLY = "exactly on"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan; `workdays` is its length in working days of `calendar`, zero for a moment.

    `not_before` and `exactly_on` are about its start, `not_after` about its finish. `just_in_time` steps (a
    ship release) are placed as late as they can be without moving anything else.
    """

    key: str
    workdays: int
    calendar: str
    links: tuple[Link, ...] = ()
    not_before: date | None = None
    started_on: date | None = None
    finished_on: date | None = None
    just_in_time: bool = False
    not_after: date | None = None
    exactly_on: date | None = None

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

    `driver` is the key of the step that holds it, or what else does: `START` of the plan, `TODAY`, its own
    `NOT_BEFORE`, `NOT_AFTER` or `EXACTLY`, `JUST_IN_TIME` (it waits for its successor), `REQUIRED` (the end
    that a plan is counted back from). Counted forward a predecessor holds it, counted back the step that
    follows; `link` is the link by which it does. `slack_workdays` says how far it can slip before the end of
    the plan moves or a wish is broken, `free_workdays` how far before any other step moves; both are zero
    once it is finished.
    """

    start_on: date
    finish_on: date
    driver: str
    slack_workdays: int = 0
    free_workdays: int = 0
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A wish that the plan cannot meet: which step, the day wanted, the day possible, and what holds it.

    `driver` is as in `Placed`; `CLOSED` says that nobody works on the day wanted.
    """

    kind: ConflictKind
    key: str
    wanted_on: date
    possible_on: date
    driver: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A network laid out: each step's place by its key, every step after those it waits for.

    `driving_chain` names the steps that hold the end, the last of them being the one that ends the plan.
    With a required end, `fit_workdays` says how many working days there are to spare, negative when it does
    not fit; `is_backward` says that the plan is counted back from it.
    """

    placed: Mapping[str, Placed]
    finish_on: date
    driving_chain: tuple[str, ...]
    conflicts: tuple[Conflict, ...] = ()
    fit_workdays: int | None = None
    is_backward: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One step that moved; a `None` before means it is new, a `None` after that it is gone."""

    key: str
    start_before: date | None
    start_after: date | None
    finish_before: date | None
    finish_after: date | None


def lay_out(
    steps: Iterable[Step],
    *,
    calendars: Mapping[str, WorkCalendar],
    start_on: date,
    today: date,
    required_on: date | None = None,
    backward: bool = False,
    last_key: str | None = None,
) -> Plan:
    """Place every step as early as its links, its wishes, the plan's start and today allow.

    Counted `backward`, place every step as late as the last one may be to end by `required_on`. Where that
    would begin too early the plan is counted forward after all, and says by how much it does not fit.

    :param last_key: the step that the plan is about, its handover: the driving chain leads to it, slack is
        room until it moves, and it is what has to end by `required_on`. `None`: whatever ends last. Steps that
        it does not wait for are placed as early as they may be.
    :raises CycleFound: when steps wait for each other.
    :raises UnknownPredecessor: when a link leads nowhere.
    :raises ValueError: when a key stands twice, a calendar is missing or never open, or a plan is counted
        back from no day.
    """
    if backward and required_on is None:
        raise ValueError("A plan that is counted back needs the day it is counted from. Give the go-live.")
    network = _Network(steps, calendars)
    for node in network.ordered:
        _place_early(node, start_on=start_on.toordinal(), today=today.toordinal())
    network.aim_at(last_key)
    end = network.last.finish if network.last else start_on.toordinal()
    chain = _chain_back(network)
    required = required_on.toordinal() if required_on else None
    fit = network.last.count.between(end, required) if required is not None and network.last else None
    is_backward = backward and required is not None and end <= required
    if is_backward and required is not None:
        fit, chain = _place_backward(network, required) or (fit, chain)
        for node in network.ordered:
            if not node.leads_to_last:
                _place_early(node, start_on=start_on.toordinal(), today=today.toordinal())
    for node in reversed(network.ordered):
        if node.step.just_in_time and node.is_open and node.step.exactly_on is None:
            _place_just_in_time(node, is_driving=node.step.key in chain)
    return _plan(network, start_on.toordinal(), chain, required=required, fit=fit, is_backward=is_backward)


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


class _Node:
    """A step on its way into a plan; days are day numbers, `late` the last day it may finish."""

    __slots__ = (
        "after",
        "before",
        "count",
        "driver",
        "finish",
        "is_done",
        "is_open",
        "is_running",
        "late",
        "leads_to_last",
        "length",
        "link",
        "start",
        "step",
    )

    def __init__(self, step: Step, count: DayCount) -> None:
        self.step = step
        self.count = count
        self.length = max(step.workdays - 1, 0)
        self.is_done = step.finished_on is not None
        self.is_running = step.started_on is not None and not self.is_done
        self.is_open = step.started_on is None and not self.is_done
        self.after: list[tuple[_Node, Wait]] = []
        self.before: list[tuple[_Node, Wait]] = []
        self.start = self.finish = self.late = 0
        self.leads_to_last = True
        self.driver = START
        self.link: Link | None = None

    def finish_from(self, start: int) -> int:
        return self.count.add(start, self.length) if self.length else start

    def start_from(self, finish: int) -> int:
        return self.count.add(finish, -self.length) if self.length else finish


class _Network:
    """The steps as nodes, who follows whom, and an order in which nobody comes before a predecessor."""

    def __init__(self, steps: Iterable[Step], calendars: Mapping[str, WorkCalendar]) -> None:
        self.nodes: dict[str, _Node] = {}
        for step in steps:
            if step.key in self.nodes:
                raise ValueError(f"“{step.key}” stands twice in the plan. Every step needs a key of its own.")
            if step.calendar not in calendars:
                raise ValueError(
                    f"“{step.key}” is planned on the calendar “{step.calendar}”, which is not given."
                )
            self.nodes[step.key] = _Node(step, day_count(calendars[step.calendar]))
        for node in self.nodes.values():
            for link in node.step.links:
                if link.predecessor not in self.nodes:
                    raise UnknownPredecessor(node.step.key, link.predecessor)
                other = self.nodes[link.predecessor]
                wait = Wait(link, node.count, from_moment=other.step.is_moment, to_moment=node.step.is_moment)
                node.after.append((other, wait))
                other.before.append((node, wait))
        self.ordered = self._order()
        self.last: _Node | None = None

    def aim_at(self, key: str | None) -> None:
        """Say which step the plan is about, once all have their places; those it waits for lead to it."""
        if key is not None and key in self.nodes:
            self.last = self.nodes[key]
            for node in self.ordered:
                node.leads_to_last = node is self.last
            for node in reversed(self.ordered):
                node.leads_to_last |= any(follower.leads_to_last for follower, _ in node.before)
        elif self.ordered:
            end = max(node.finish for node in self.ordered)
            self.last = [node for node in self.ordered if node.finish == end][-1]

    def _order(self) -> tuple[_Node, ...]:
        keys = tuple(self.nodes)
        position = {key: number for number, key in enumerate(keys)}
        waiting = {key: len(node.after) for key, node in self.nodes.items()}
        ready = [position[key] for key, count in waiting.items() if count == 0]
        ordered: list[_Node] = []
        while ready:
            node = self.nodes[keys[heapq.heappop(ready)]]
            ordered.append(node)
            for follower, _ in node.before:
                key = follower.step.key
                waiting[key] -= 1
                if waiting[key] == 0:
                    heapq.heappush(ready, position[key])
        if len(ordered) < len(self.nodes):
            raise CycleFound(self._circle({key for key, count in waiting.items() if count > 0}))
        return tuple(ordered)

    def _circle(self, stuck: set[str]) -> tuple[str, ...]:
        # Every stuck step waits for another stuck one, so walking back must come round.
        key = next(key for key in self.nodes if key in stuck)
        path: list[str] = []
        while key not in path:
            path.append(key)
            key = next(link.predecessor for link in self.nodes[key].step.links if link.predecessor in stuck)
        circle = path[path.index(key) :]
        circle.reverse()
        first = min(range(len(circle)), key=lambda number: list(self.nodes).index(circle[number]))
        return tuple(circle[first:] + circle[:first])


_Limit: TypeAlias = tuple[int, str, Link | None]
"""A day, who or what sets it, and the link by which."""


def _place_early(node: _Node, *, start_on: int, today: int) -> None:
    starts: list[_Limit] = []
    finishes: list[_Limit] = []
    for other, wait in node.after:
        kind = wait.link.kind
        limit = wait.earliest(other.start if kind.is_from_start else other.finish)
        if kind.is_to_finish:
            finishes.append((limit, other.step.key, wait.link))
            limit = node.start_from(limit)
        starts.append((limit, other.step.key, wait.link))
    if node.step.finished_on is not None:
        _keep_done(node, node.step.finished_on.toordinal(), starts)
    elif node.step.started_on is not None:
        _keep_running(node, node.step.started_on.toordinal(), starts, finishes, today=today)
    else:
        if node.step.not_before is not None:
            starts.append((node.count.next(node.step.not_before.toordinal()), NOT_BEFORE, None))
        if node.step.exactly_on is not None:
            starts.append((node.count.next(node.step.exactly_on.toordinal()), EXACTLY, None))
        starts.append((node.count.next(start_on), START, None))
        starts.append((node.count.next(today), TODAY, None))
        node.start, node.driver, node.link = _last(starts)
        node.finish = node.finish_from(node.start)


def _last(limits: Sequence[_Limit]) -> _Limit:
    """Pick the limit that binds; among equals the first named."""
    return max(limits, key=lambda limit: limit[0], default=(0, START, None))


def _keep_done(node: _Node, finished_on: int, starts: Sequence[_Limit]) -> None:
    begun_on = node.step.started_on
    node.finish = finished_on
    node.start = min(begun_on.toordinal() if begun_on else node.start_from(finished_on), finished_on)
    _, node.driver, node.link = _last(starts)


def _keep_running(
    node: _Node, started_on: int, starts: Sequence[_Limit], finishes: Sequence[_Limit], *, today: int
) -> None:
    """A step that has begun keeps its start; it finishes not before its length, its links and today."""
    _, driver, link = _last(starts)
    limits = [(node.finish_from(node.count.next(started_on)), driver, link), *finishes]
    if started_on <= today:
        limits.append((node.count.next(today), TODAY, None))
    node.start = started_on
    node.finish, node.driver, node.link = _last(limits)


def _room(node: _Node, *, is_placed: bool, only_to_last: bool = False) -> _Limit | None:
    """The last day on which a node may finish for those that follow it: as placed, or as late as they may be.

    None when nothing follows that could be held up. `only_to_last` leaves out those that do not lead to the
    step that the plan is about.
    """
    found: _Limit | None = None
    for follower, wait in node.before:
        kind = wait.link.kind
        if only_to_last and not follower.leads_to_last:
            continue
        if follower.is_done or (follower.is_running and not kind.is_to_finish):
            continue
        if kind.is_from_start and not node.is_open:
            continue
        finish = follower.finish if is_placed else follower.late
        day = wait.latest(finish if kind.is_to_finish else follower.start_from(finish))
        day = node.count.previous(day)
        if kind.is_from_start:
            day = node.finish_from(day)
        if found is None or day < found[0]:
            found = day, follower.step.key, wait.link
    return found


def _deadline(node: _Node, end: int) -> _Limit:
    """The last day on which a node may finish for its own wishes and the end of the plan."""
    found: _Limit = (node.count.previous(end), REQUIRED, None)
    if node.step.not_after is not None:
        found = min(
            found, (node.count.previous(node.step.not_after.toordinal()), NOT_AFTER, None), key=_day_of
        )
    if node.step.exactly_on is not None and node.is_open:
        exact = node.finish_from(node.count.next(node.step.exactly_on.toordinal()))
        found = min(found, (exact, EXACTLY, None), key=_day_of)
    return found


def _day_of(limit: _Limit) -> int:
    return limit[0]


def _place_just_in_time(node: _Node, *, is_driving: bool) -> None:
    room = _room(node, is_placed=True)
    if room is None:
        return
    finish = min(room, _deadline(node, room[0]), key=_day_of)[0]
    if finish > node.finish:
        node.start, node.finish = node.start_from(finish), finish
        if not is_driving:
            node.driver, node.link = JUST_IN_TIME, None


def _place_backward(network: _Network, required: int) -> tuple[int, tuple[str, ...]] | None:
    """Place what has not begun as late as it may be; give the room that is left and the chain that has least.

    None when nothing could be placed: everything has begun, or lies where a broken wish leaves it.
    """
    follows: dict[str, str] = {}
    tightest: tuple[int, int, str] | None = None
    for node in reversed(network.ordered):
        if not node.leads_to_last:
            continue
        room, deadline = _room(node, is_placed=False, only_to_last=True), _deadline(node, required)
        node.late, driver, link = min(room or deadline, deadline, key=_day_of)
        spare = node.count.between(node.finish, node.late)
        # A wish that cannot be met leaves its step where it is possible; what waits for it comes after.
        if node.is_open and spare >= 0:
            node.start, node.finish = node.start_from(node.late), node.late
            node.driver, node.link = driver, link
            follows[node.step.key] = driver
            here = (spare, node.start, node.step.key)
            tightest = min(tightest or here, here)
    if tightest is None:
        return None
    chain = [tightest[2]]
    while (key := follows.get(chain[-1], REQUIRED)) in network.nodes:
        chain.append(key)
    return tightest[0], tuple(chain)


def _chain_back(network: _Network) -> tuple[str, ...]:
    chain: list[str] = []
    key = network.last.step.key if network.last else ""
    while key in network.nodes:
        chain.append(key)
        key = network.nodes[key].driver
    return tuple(reversed(chain))


def _plan(
    network: _Network,
    start_on: int,
    chain: tuple[str, ...],
    *,
    required: int | None,
    fit: int | None,
    is_backward: bool,
) -> Plan:
    finish = max((node.finish for node in network.ordered), default=start_on)
    end = network.last.finish if network.last else start_on
    placed: dict[str, Placed] = {}
    for node in reversed(network.ordered):
        until = finish
        if is_backward and node.leads_to_last and required is not None:
            until = required
        elif node is network.last:
            until = end
        deadline = _deadline(node, until)
        late = min(_room(node, is_placed=False) or deadline, deadline, key=_day_of)
        free = min(_room(node, is_placed=True) or deadline, deadline, key=_day_of)
        node.late = late[0]
        slack = 0 if node.is_done else max(0, node.count.between(node.finish, node.late))
        placed[node.step.key] = Placed(
            date.fromordinal(node.start),
            date.fromordinal(node.finish),
            node.driver,
            slack,
            0 if node.is_done else min(slack, max(0, node.count.between(node.finish, free[0]))),
            node.link,
        )
    in_order = {node.step.key: placed[node.step.key] for node in network.ordered}
    return Plan(
        MappingProxyType(in_order),
        date.fromordinal(finish),
        chain,
        tuple(_conflicts(network, end, required)),
        fit,
        is_backward,
    )


def _conflicts(network: _Network, end: int, required: int | None) -> Iterable[Conflict]:
    for node in network.ordered:
        step = node.step
        if step.exactly_on is not None and node.is_open and node.start != step.exactly_on.toordinal():
            is_closed = node.driver == EXACTLY
            yield Conflict(
                ConflictKind.EXACTLY,
                step.key,
                step.exactly_on,
                date.fromordinal(node.start),
                CLOSED if is_closed else node.driver,
            )
        if step.not_after is not None and not node.is_done and node.finish > step.not_after.toordinal():
            yield Conflict(
                ConflictKind.NOT_AFTER, step.key, step.not_after, date.fromordinal(node.finish), node.driver
            )
    if required is not None and network.last is not None and end > required and not network.last.is_done:
        yield Conflict(
            ConflictKind.REQUIRED,
            network.last.step.key,
            date.fromordinal(required),
            date.fromordinal(end),
            network.last.driver,
        )
