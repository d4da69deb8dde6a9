"""Between a project's rows and the core's plan: steps out, dates back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion, Product
from concierge.catalogue.plan import template_steps
from concierge.catalogue.states import DaysOf, MilestoneKind, ProductKind
from concierge.core.links import bridged
from concierge.core.merge import MergedStep, Sold, merge
from concierge.core.schedule import ConflictKind, LagUnit, Link, LinkKind, Plan, Step, lay_out
from concierge.core.worktime import WorkCalendar
from concierge.orders.models import OrderLine
from concierge.projects.events import DateMove
from concierge.projects.models import Milestone, Project
from concierge.projects.states import Counting, MilestoneState


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """An order line with the playbook version that brings it into use."""

    line: OrderLine
    version: PlaybookVersion
    product: Product | None
    quantity: int | None = None
    """Units as the plan has them; None: those of the line."""


@dataclass(frozen=True, slots=True)
class DraftMilestone:
    """A merged step with the playbook milestone it comes from and the line it is for (None: all)."""

    step: MergedStep
    template: PlaybookMilestone
    line: PlannedLine | None
    name: dict[str, str]


@dataclass(frozen=True, slots=True)
class StartWishes:
    """When persons want a milestone to start: not before a day, or exactly on one."""

    not_before_on: date | None
    exactly_on: date | None


def merged(lines: Sequence[PlannedLine], *, sold: Iterable[ProductKind]) -> tuple[DraftMilestone, ...]:
    """One network from the playbooks of all lines.

    :param sold: every kind of thing on the order, which decides on milestones that go with something sold.
    """
    by_name = {planned.line.line_id: planned for planned in lines}
    kinds = frozenset(kind.value for kind in sold)
    steps = merge(
        [
            Sold(
                name,
                template_steps(planned.version.milestones),
                planned.quantity or units(planned.line.quantity),
                kinds,
            )
            for name, planned in by_name.items()
        ]
    )
    return tuple(_draft(step, by_name, several=len(lines) > 1) for step in steps)


def network_of(
    project: Project,
    milestones: Sequence[Milestone],
    *,
    calendar_of: Callable[[Milestone], WorkCalendar],
    not_before: Mapping[int, date] | None = None,
) -> tuple[list[Step], dict[str, WorkCalendar]]:
    """The steps of a plan, and by name the calendars that they count in; what is skipped is not in it.

    :param calendar_of: the days in which a milestone's length is counted.
    :param not_before: days to which persons move milestones, by milestone id, in place of the rows' wishes.
    """
    calendars: dict[str, WorkCalendar] = {}
    for milestone in milestones:
        if (name := _calendar_name(milestone)) not in calendars:
            calendars[name] = calendar_of(milestone)
    waits = waits_of(milestones)
    moved = not_before or {}
    steps = []
    for milestone in milestones:
        if milestone.key not in waits:
            continue
        wish = start_wishes(project, milestone, to=moved.get(milestone.id))
        steps.append(
            Step(
                key=milestone.key,
                workdays=milestone.workdays,
                calendar=_calendar_name(milestone),
                links=waits[milestone.key],
                not_before=wish.not_before_on,
                started_on=milestone.started_on,
                finished_on=milestone.finished_on,
                just_in_time=milestone.just_in_time,
                not_after=milestone.not_after_on,
                exactly_on=wish.exactly_on,
            )
        )
    return steps, calendars


def lay_out_network(
    project: Project, steps: Sequence[Step], calendars: Mapping[str, WorkCalendar], *, today: date
) -> Plan:
    """Lay steps out from the project's beginning, or back from its required go-live."""
    return lay_out(
        steps,
        calendars=calendars,
        start_on=project.starts_on,
        today=today,
        **options_of(project),
    )


def options_of(project: Project) -> dict[str, Any]:  # Any: keyword arguments of lay_out
    """What a project's plan is about, the handover, by when it is required, and from which end it counts."""
    handover = next((one for one in project.planned if one.kind is MilestoneKind.HANDOVER), None)
    return {
        "required_on": project.required_on,
        "backward": project.counting is Counting.BACKWARD and project.required_on is not None,
        "last_key": handover.key if handover else None,
    }


def start_wishes(project: Project, milestone: Milestone, *, to: date | None) -> StartWishes:
    """The wishes for a milestone's start as its row has them, or as they are once a person moves it to a day.

    A plan that is counted back holds everything as late as it may be, so there a move is a day to be met
    exactly; so it is where an exact day was wished before.
    """
    if to is None:
        return StartWishes(milestone.not_before_on, milestone.exactly_on)
    if milestone.exactly_on is not None or project.counting is Counting.BACKWARD:
        return StartWishes(None, to)
    return StartWishes(to, None)


def waits_of(milestones: Iterable[Milestone]) -> dict[str, tuple[Link, ...]]:
    """What each milestone of the plan waits for, by key; past those that are skipped, with the lags on the way.

    :raises CycleFound: when milestones wait for each other.
    """
    rows = list(milestones)
    keys = {milestone.id: milestone.key for milestone in rows}
    links = {
        milestone.key: [
            Link(keys[link.predecessor_id], link.lag, LinkKind(link.kind.value), LagUnit(link.lag_unit.value))
            for link in milestone.links
        ]
        for milestone in rows
    }
    skipped = {one.key for one in rows if one.state is MilestoneState.SKIPPED}
    return bridged(links, left_out=skipped)


def without_wishes(steps: Sequence[Step]) -> Sequence[Step]:
    """What the network alone says, without the wishes of persons; the same steps where there are none."""
    wished = {one.key for one in steps if one.not_before or one.not_after or one.exactly_on}
    if not wished:
        return steps
    return [
        replace(one, not_before=None, not_after=None, exactly_on=None) if one.key in wished else one
        for one in steps
    ]


def moves_to(plan: Plan, milestones: Iterable[Milestone]) -> tuple[DateMove, ...]:
    """What a plan would change in the rows, in the order of the plan; skipped ones lose their dates."""
    moves = []
    for milestone in milestones:
        placed = plan.placed.get(milestone.key)
        before = (milestone.forecast_start_on, milestone.forecast_on)
        after = (placed.start_on, placed.finish_on) if placed else (None, None)
        if before != after:
            moves.append(
                DateMove(
                    milestone_id=milestone.id,
                    name=milestone.english_name,
                    start_before=before[0],
                    start_after=after[0],
                    finish_before=before[1],
                    finish_after=after[1],
                )
            )
    return tuple(moves)


def write(plan: Plan, milestones: Iterable[Milestone], *, derived: Plan) -> None:
    """Put the plan's dates into the rows as the forecast, and those of the network alone beside them."""
    for milestone in milestones:
        placed, alone = plan.placed.get(milestone.key), derived.placed.get(milestone.key)
        values = {
            "forecast_start_on": placed.start_on if placed else None,
            "forecast_on": placed.finish_on if placed else None,
            "derived_start_on": alone.start_on if alone else None,
            "derived_on": alone.finish_on if alone else None,
            "driver": placed.driver if placed else "",
            "slack_workdays": placed.slack_workdays if placed else 0,
            "free_workdays": placed.free_workdays if placed else 0,
        }
        for name, value in values.items():
            if getattr(milestone, name) != value:
                setattr(milestone, name, value)


def conflicts_of(plan: Plan, milestones: Iterable[Milestone]) -> list[dict[str, Any]]:  # Any: plain values
    """What the plan cannot meet, as the row of a project keeps it."""
    names = {milestone.key: milestone.name for milestone in milestones}
    return [
        {
            "kind": conflict.kind.value,
            "key": conflict.key,
            "milestone": names[conflict.key],
            "wanted_on": conflict.wanted_on.isoformat(),
            "possible_on": conflict.possible_on.isoformat(),
            "driver": conflict.driver,
            "driven_by": names.get(conflict.driver),
            "workdays": -plan.fit_workdays
            if conflict.kind is ConflictKind.REQUIRED and plan.fit_workdays is not None
            else None,
        }
        for conflict in plan.conflicts
    ]


def units(quantity: Decimal) -> int:
    """How many units a quantity of an order line means for a plan; at least one."""
    return max(1, int(quantity.to_integral_value(ROUND_CEILING)))


def _draft(step: MergedStep, by_name: Mapping[str, PlannedLine], *, several: bool) -> DraftMilestone:
    source = step.sources[0]
    planned = by_name[source.sold]
    template = next(row for row in planned.version.milestones if row.key == source.template_key)
    name = dict(template.name)
    if step.sold is not None and several and planned.product is not None:
        name = {language: f"{text}: {planned.product.name}" for language, text in name.items()}
    return DraftMilestone(step, template, planned if step.sold is not None else None, name)


def _calendar_name(milestone: Milestone) -> str:
    """Crews differ from milestone to milestone; all other days are the same in the whole project."""
    is_own = milestone.days_of is DaysOf.CREW
    return f"{milestone.days_of.value} {milestone.key}" if is_own else milestone.days_of.value
