"""Merging the playbooks of what was sold into one network of steps.

A step of project scope happens once however many instruments are sold; one of instrument scope happens for
each. Steps that go with something sold (a qualification, a training) are left out when it was not sold, and
what waited for them then waits for what they waited for.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from concierge.core.links import CycleFound, Link, LinkKind, bridged, longer

AT_SITE = "site"
"""The calendar of a step that does not say whose days it counts."""


class Scope(StrEnum):
    """Whether a step happens once a project or once an instrument."""

    PROJECT = "project"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True)
class TemplateStep:
    """One step as a playbook has it.

    `when_sold` names kinds of things of which one must be sold for the step to happen; empty means always.
    A `per_unit` step takes `workdays` for each unit of the line. `calendar` names whose days they are.
    """

    key: str
    workdays: int
    scope: Scope = Scope.PROJECT
    links: tuple[Link, ...] = ()
    when_sold: frozenset[str] = frozenset()
    per_unit: bool = False
    just_in_time: bool = False
    calendar: str = AT_SITE


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
    calendar: str = AT_SITE


def merge(lines: Sequence[Sold], *, also_sold: Iterable[str] = ()) -> tuple[MergedStep, ...]:
    """Merge the playbooks of the lines into one network, every step after those it waits for.

    A project step that several playbooks have takes the longest duration, in the days that duration counts,
    and all their links (of each kind the longest lag). Instrument steps carry the line's name in their key
    when there are several lines. `also_sold` names kinds sold for the order as a whole. The same lines give
    the same answer in the same order.

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
        waits = bridged(
            {step.key: step.links for step in sold.steps},
            left_out={key for key, is_wanted in wanted.items() if not is_wanted},
        )
        by_key = {step.key: step for step in sold.steps}
        for step in sold.steps:
            if not wanted[step.key]:
                continue
            key = _key(step, sold, lines)
            draft = drafts.setdefault(key, _Draft(step, sold))
            links = waits[step.key]
            draft.add(
                step,
                sold,
                [replace(link, predecessor=_key(by_key[link.predecessor], sold, lines)) for link in links],
            )
            draft.count_workdays(step, sold, is_sold_here=_is_wanted(step, sold.kinds | for_all))
    return _ordered(drafts, _positions(lines), names)


class _Draft:
    """A merged step in the making."""

    def __init__(self, step: TemplateStep, sold: Sold) -> None:
        self.step = step
        self.sold = sold.name if step.scope is Scope.INSTRUMENT else None
        self.links: dict[tuple[str, LinkKind], Link] = {}
        self.sources: list[Source] = []
        self.just_in_time = True
        self.lengths_sold: list[tuple[int, str]] = []
        self.lengths_other: list[tuple[int, str]] = []

    def add(self, step: TemplateStep, sold: Sold, links: Iterable[Link]) -> None:
        self.sources.append(Source(sold.name, step.key))
        self.just_in_time = self.just_in_time and step.just_in_time
        for link in links:
            place = (link.predecessor, link.kind)
            self.links[place] = longer(self.links.get(place, link), link)

    def count_workdays(self, step: TemplateStep, sold: Sold, *, is_sold_here: bool) -> None:
        workdays = step.workdays * (sold.quantity if step.per_unit else 1)
        (self.lengths_sold if is_sold_here else self.lengths_other).append((workdays, step.calendar))

    def waits_for(self) -> list[str]:
        return list(dict.fromkeys(predecessor for predecessor, _ in self.links))

    def finished(self, key: str) -> MergedStep:
        workdays, calendar = max(self.lengths_sold or self.lengths_other, key=lambda length: length[0])
        return MergedStep(
            key=key,
            template_key=self.step.key,
            scope=self.step.scope,
            sold=self.sold,
            workdays=workdays,
            links=tuple(self.links.values()),
            just_in_time=self.just_in_time,
            sources=tuple(self.sources),
            calendar=calendar,
        )


def _is_wanted(step: TemplateStep, kinds: frozenset[str]) -> bool:
    return not step.when_sold or bool(step.when_sold & kinds)


def _key(step: TemplateStep, sold: Sold, lines: Sequence[Sold]) -> str:
    return f"{step.key}-{sold.name}" if step.scope is Scope.INSTRUMENT and len(lines) > 1 else step.key


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
    waits_for = {key: draft.waits_for() for key, draft in drafts.items()}
    waiting = {key: len(predecessors) for key, predecessors in waits_for.items()}
    ready = [rank[key] for key, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    merged: list[MergedStep] = []
    while ready:
        *_, key = heapq.heappop(ready)
        merged.append(drafts[key].finished(key))
        for follower, predecessors in waits_for.items():
            if key in predecessors:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    heapq.heappush(ready, rank[follower])
    if len(merged) < len(drafts):
        raise CycleFound(_circle({key: waits_for[key] for key, count in waiting.items() if count > 0}))
    return tuple(merged)


def _circle(stuck: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    path: list[str] = []
    key = next(iter(stuck))
    while key not in path:
        path.append(key)
        key = next(to for to in stuck[key] if to in stuck)
    return tuple(reversed(path[path.index(key) :]))
