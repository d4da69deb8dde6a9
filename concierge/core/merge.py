"""Merging the playbooks of what was sold into one network of steps.

A step of project scope happens once however many instruments are sold; one of instrument scope happens for
each. Steps that go with something sold (a qualification, a training) are left out when it was not sold, and
what waited for them then waits for what they waited for.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from concierge.core.schedule import CycleFound, Link


class Scope(StrEnum):
    """Whether a step happens once a project or once an instrument."""

    PROJECT = "project"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True)
class TemplateStep:
    """One step as a playbook has it.

    `when_sold` names kinds of things of which one must be sold for the step to happen; empty means always.
    A `per_unit` step takes `workdays` for each unit of the line.
    """

    key: str
    workdays: int
    scope: Scope = Scope.PROJECT
    links: tuple[Link, ...] = ()
    when_sold: frozenset[str] = frozenset()
    per_unit: bool = False
    just_in_time: bool = False


@dataclass(frozen=True, slots=True)
class Sold:
    """One instrument line: its playbook's steps, how many, and the kinds of things that go with it.

    `name` is unique in the order, short and stable: it becomes part of keys.

    :raises ValueError: when fewer than one unit is sold, or a playbook's links lead nowhere.
    """

    name: str
    steps: tuple[TemplateStep, ...]
    quantity: int = 1
    kinds: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"“{self.name}” is sold {self.quantity} times. A plan needs at least one.")
        keys = [step.key for step in self.steps]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"The playbook of “{self.name}” has the step “{key}” twice.")
        for step in self.steps:
            for link in step.links:
                if link.predecessor not in keys:
                    raise ValueError(
                        f"In the playbook of “{self.name}”, “{step.key}” waits for “{link.predecessor}”, "
                        "which it does not have."
                    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a merged step comes from: the name of a `Sold` and the key of its template step."""

    sold: str
    template_key: str


@dataclass(frozen=True, slots=True)
class MergedStep:
    """One step of the project's network, ready for the schedule once it has dates and a calendar.

    `sold` is the line of an instrument's own step, `None` for a step of the whole project.
    """

    key: str
    template_key: str
    scope: Scope
    sold: str | None
    workdays: int
    links: tuple[Link, ...]
    just_in_time: bool
    sources: tuple[Source, ...]


def merge(lines: Sequence[Sold], *, also_sold: Iterable[str] = ()) -> tuple[MergedStep, ...]:
    """Merge the playbooks of the lines into one network, every step after those it waits for.

    A project step that several playbooks have takes the longest duration and all their links (the longest lag
    of each). Instrument steps carry the line's name in their key when there are several lines. `also_sold`
    names kinds sold for the order as a whole. The same lines give the same answer in the same order.

    :raises ValueError: when two lines have the same name.
    :raises CycleFound: when steps of the playbooks wait for each other in a circle.
    """
    names = [sold.name for sold in lines]
    if len(set(names)) < len(names):
        raise ValueError("Two lines of the order have the same name in the plan. Give each its own.")
    for_all = frozenset(also_sold)
    anywhere = for_all.union(*(sold.kinds for sold in lines))
    drafts: dict[str, _Draft] = {}
    for sold in lines:
        wanted = {
            step.key: _is_wanted(step, anywhere if step.scope is Scope.PROJECT else sold.kinds | for_all)
            for step in sold.steps
        }
        bridged = _bridge(sold, wanted)
        by_key = {step.key: step for step in sold.steps}
        for step in sold.steps:
            if not wanted[step.key]:
                continue
            key = _key(step, sold, lines)
            draft = drafts.setdefault(key, _Draft(step, sold))
            draft.add(
                step, sold, {_key(by_key[to], sold, lines): lag for to, lag in bridged[step.key].items()}
            )
            draft.count_workdays(step, sold, is_sold_here=_is_wanted(step, sold.kinds | for_all))
    return _ordered(drafts, _positions(lines), names)


class _Draft:
    """A merged step in the making."""

    def __init__(self, step: TemplateStep, sold: Sold) -> None:
        self.step = step
        self.sold = sold.name if step.scope is Scope.INSTRUMENT else None
        self.links: dict[str, int] = {}
        self.sources: list[Source] = []
        self.just_in_time = True
        self.workdays_sold: list[int] = []
        self.workdays_other: list[int] = []

    def add(self, step: TemplateStep, sold: Sold, links: Mapping[str, int]) -> None:
        self.sources.append(Source(sold.name, step.key))
        self.just_in_time = self.just_in_time and step.just_in_time
        for key, lag in links.items():
            self.links[key] = max(lag, self.links.get(key, lag))

    def count_workdays(self, step: TemplateStep, sold: Sold, *, is_sold_here: bool) -> None:
        workdays = step.workdays * (sold.quantity if step.per_unit else 1)
        (self.workdays_sold if is_sold_here else self.workdays_other).append(workdays)

    def finished(self, key: str) -> MergedStep:
        return MergedStep(
            key=key,
            template_key=self.step.key,
            scope=self.step.scope,
            sold=self.sold,
            workdays=max(self.workdays_sold or self.workdays_other),
            links=tuple(Link(to, lag) for to, lag in self.links.items()),
            just_in_time=self.just_in_time,
            sources=tuple(self.sources),
        )


def _is_wanted(step: TemplateStep, kinds: frozenset[str]) -> bool:
    return not step.when_sold or bool(step.when_sold & kinds)


def _key(step: TemplateStep, sold: Sold, lines: Sequence[Sold]) -> str:
    return f"{step.key}-{sold.name}" if step.scope is Scope.INSTRUMENT and len(lines) > 1 else step.key


def _bridge(sold: Sold, wanted: Mapping[str, bool]) -> dict[str, dict[str, int]]:
    """Give each step's links to wanted steps, past those left out, with the lags on the way added."""
    by_key = {step.key: step for step in sold.steps}
    found: dict[str, dict[str, int]] = {}

    def links_of(key: str, path: tuple[str, ...]) -> dict[str, int]:
        if key in path:
            raise CycleFound(tuple(reversed(path[path.index(key) :])))
        if key in found:
            return found[key]
        links: dict[str, int] = {}
        for link in by_key[key].links:
            reached = {link.predecessor: 0}
            inherited = links_of(link.predecessor, (*path, key))
            for to, lag in (reached if wanted[link.predecessor] else inherited).items():
                links[to] = max(lag + link.lag, links.get(to, lag + link.lag))
        found[key] = links
        return links

    for key in by_key:
        links_of(key, ())
    return found


def _positions(lines: Sequence[Sold]) -> dict[str, int]:
    """Weave the playbooks' own orders into one; what a later one adds comes after its neighbour there."""
    order: list[str] = []
    for sold in lines:
        after = -1
        for step in sold.steps:
            if step.key in order:
                after = order.index(step.key)
            else:
                after += 1
                order.insert(after, step.key)
    return {key: number for number, key in enumerate(order)}


def _ordered(
    drafts: Mapping[str, _Draft], positions: Mapping[str, int], names: Sequence[str]
) -> tuple[MergedStep, ...]:
    rank = {
        key: (positions[draft.step.key], names.index(draft.sold) if draft.sold else -1, key)
        for key, draft in drafts.items()
    }
    waiting = {key: len(draft.links) for key, draft in drafts.items()}
    ready = [rank[key] for key, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    merged: list[MergedStep] = []
    while ready:
        *_, key = heapq.heappop(ready)
        merged.append(drafts[key].finished(key))
        for follower, draft in drafts.items():
            if key in draft.links:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    heapq.heappush(ready, rank[follower])
    if len(merged) < len(drafts):
        raise CycleFound(_circle({key: draft.links for key, draft in drafts.items() if waiting[key] > 0}))
    return tuple(merged)


def _circle(stuck: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    path: list[str] = []
    key = next(iter(stuck))
    while key not in path:
        path.append(key)
        key = next(to for to in stuck[key] if to in stuck)
    return tuple(reversed(path[path.index(key) :]))
