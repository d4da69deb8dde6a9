"""Between a project's rows and the core's plan: steps out, dates back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion, Product
from concierge.catalogue.plan import template_steps
from concierge.catalogue.states import ProductKind
from concierge.core.merge import MergedStep, Sold, merge
from concierge.core.schedule import Link, Plan, Step, lay_out
from concierge.core.worktime import WorkCalendar
from concierge.orders.models import OrderLine
from concierge.projects.events import DateMove
from concierge.projects.models import Milestone, Project

SITE = "site"


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """An order line with the playbook version that brings it into use."""

    line: OrderLine
    version: PlaybookVersion
    product: Product | None


@dataclass(frozen=True, slots=True)
class DraftMilestone:
    """A merged step with the playbook milestone it comes from and the line it is for (None: all)."""

    step: MergedStep
    template: PlaybookMilestone
    line: PlannedLine | None
    name: dict[str, str]


def merged(lines: Sequence[PlannedLine], *, sold: Iterable[ProductKind]) -> tuple[DraftMilestone, ...]:
    """One network from the playbooks of all lines.

    :param sold: every kind of thing on the order, which decides on milestones that go with something sold.
    """
    by_name = {planned.line.line_id: planned for planned in lines}
    kinds = frozenset(kind.value for kind in sold)
    steps = merge(
        [
            Sold(name, template_steps(planned.version.milestones), units(planned.line.quantity), kinds)
            for name, planned in by_name.items()
        ]
    )
    return tuple(_draft(step, by_name, several=len(lines) > 1) for step in steps)


def lay_out_project(
    project: Project,
    milestones: Sequence[Milestone],
    *,
    calendar: WorkCalendar,
    today: date,
    not_before: Mapping[int, date] | None = None,
) -> Plan:
    """The plan as it stands on a day.

    :param today: the calendar day at the site.
    :param not_before: wishes that replace those of the rows, by milestone id.
    """
    wishes = not_before or {}
    keys = {milestone.id: milestone.key for milestone in milestones}
    steps = [
        Step(
            key=milestone.key,
            workdays=milestone.workdays,
            calendar=SITE,
            links=tuple(Link(keys[link.predecessor_id], link.lag) for link in milestone.links),
            not_before=wishes.get(milestone.id, milestone.not_before_on),
            started_on=milestone.started_on,
            finished_on=milestone.finished_on,
            just_in_time=milestone.just_in_time,
        )
        for milestone in milestones
    ]
    return lay_out(steps, calendars={SITE: calendar}, start_on=project.starts_on, today=today)


def moves_to(plan: Plan, milestones: Iterable[Milestone]) -> tuple[DateMove, ...]:
    """What a plan would change in the rows, in the order of the plan."""
    moves = []
    for milestone in milestones:
        placed = plan.placed[milestone.key]
        before = (milestone.forecast_start_on, milestone.forecast_on)
        if before != (placed.start_on, placed.finish_on):
            moves.append(
                DateMove(
                    milestone_id=milestone.id,
                    name=milestone.english_name,
                    start_before=before[0],
                    start_after=placed.start_on,
                    finish_before=before[1],
                    finish_after=placed.finish_on,
                )
            )
    return tuple(moves)


def write(plan: Plan, milestones: Iterable[Milestone]) -> None:
    """Put the plan's dates into the rows as the forecast."""
    for milestone in milestones:
        placed = plan.placed[milestone.key]
        milestone.forecast_start_on = placed.start_on
        milestone.forecast_on = placed.finish_on
        milestone.driver = placed.driver
        milestone.slack_workdays = placed.slack_workdays


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
