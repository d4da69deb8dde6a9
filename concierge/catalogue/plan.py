"""A playbook version as steps of the core, laid out for a sample order."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from concierge.catalogue.contents import LinkPart, MilestonePart
from concierge.catalogue.models import PlaybookLink, PlaybookMilestone
from concierge.catalogue.states import DaysOf, ProductKind
from concierge.core.merge import Scope, Sold, TemplateStep, merge
from concierge.core.schedule import LagUnit, Link, LinkKind, Plan, Step, lay_out
from concierge.core.worktime import WorkCalendar

WEEKDAYS_ONLY = WorkCalendar(name="weekdays")
SAMPLE_CALENDARS = {whose.value: WEEKDAYS_ONLY for whose in DaysOf} | {
    DaysOf.EVERY_DAY.value: WorkCalendar(name="every day", weekend=frozenset())
}
"""Without a site nobody has holidays: every calendar is plain weekdays, save the one of every day."""


def template_steps(milestones: Iterable[PlaybookMilestone | MilestonePart]) -> tuple[TemplateStep, ...]:
    """The milestones of a version as the core merges them."""
    return tuple(
        TemplateStep(
            key=milestone.key,
            workdays=milestone.workdays,
            scope=Scope(milestone.scope.value),
            links=tuple(_link(link) for link in milestone.links),
            when_sold=frozenset({milestone.when_sold.value}) if milestone.when_sold else frozenset(),
            per_unit=milestone.per_unit,
            just_in_time=milestone.just_in_time,
            calendar=milestone.days_of.value,
        )
        for milestone in milestones
    )


def sample_plan(
    milestones: Iterable[PlaybookMilestone | MilestonePart],
    *,
    start_on: date,
    sold: Collection[ProductKind] = tuple(ProductKind),
    quantity: int = 1,
    calendars: Mapping[str, WorkCalendar] | None = None,
) -> Plan:
    """The milestones laid out for an order of `quantity` units with those extras.

    :param calendars: by whose days a length counts; None: plain weekdays.
    :raises CycleFound: when milestones wait for each other.
    :raises UnknownPredecessor: when a link leads nowhere.
    """
    playbook = Sold("sample", template_steps(milestones), quantity, frozenset(kind.value for kind in sold))
    steps = [
        Step(step.key, step.workdays, step.calendar, step.links, just_in_time=step.just_in_time)
        for step in merge([playbook])
    ]
    return lay_out(steps, calendars=calendars or SAMPLE_CALENDARS, start_on=start_on, today=start_on)


def _link(row: PlaybookLink | LinkPart) -> Link:
    return Link(row.predecessor_key, row.lag, LinkKind(row.kind.value), LagUnit(row.lag_unit.value))
