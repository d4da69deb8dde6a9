"""A project's plan as the core computes with it: as it is, and as a baseline had it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from concierge.catalogue.states import DaysOf, MilestoneKind, Team
from concierge.core.schedule import LagUnit, Link, LinkKind, Step
from concierge.core.worktime import WorkCalendar
from concierge.platform.database import in_hand
from concierge.platform.prepared import Question
from concierge.projects import plan as plans
from concierge.projects.calendars import Known, known_of
from concierge.projects.models import Baseline, BaselineMilestone, Milestone, Project
from concierge.projects.states import Party


@dataclass(frozen=True, slots=True)
class Network:
    """The steps of a plan with their calendars by name; `counted_in` counts the site's own working days.

    `options` are the other arguments that `lay_out` takes: the required end, and from which end it counts.
    """

    steps: tuple[Step, ...]
    calendars: Mapping[str, WorkCalendar]
    counted_in: WorkCalendar
    start_on: date
    options: Mapping[str, Any]  # Any: keyword arguments of lay_out

    def calendar_of(self, key: str) -> WorkCalendar:
        """The days in which a step's length is counted."""
        return self.calendars[next(step.calendar for step in self.steps if step.key == key)]


def network_of(
    project: Project,
    *,
    today: date,
    known: Known | None = None,
    not_before: Mapping[int, date] | None = None,
) -> Network:
    """The plan of a project that is loaded whole; milestones that are skipped are not in it.

    :param today: the calendar day at the site, up to which an open hold closes every day.
    :param known: what its calendars are made of, where it was read already.
    :param not_before: wishes that replace those of the rows, by milestone id.
    """
    known = known or known_of([project])
    steps, calendars = plans.network_of(
        project,
        project.milestones,
        calendar_of=lambda milestone: known.of_milestone(project, milestone, today=today),
        not_before=not_before,
    )
    plain = {days_of.value: days for days_of, days in known.calendars(project, today=today).items()}
    return Network(
        steps=tuple(steps),
        calendars={**plain, **calendars},
        counted_in=replace(known, holds={}).calendars(project, today=date.min)[DaysOf.SITE],
        start_on=project.starts_on,
        options=plans.options_of(project),
    )


def step_then(
    milestone: Milestone, baseline: Baseline, now: Step | None, *, keys: Collection[str]
) -> Step | None:
    """A milestone as a baseline had it, without anything that happened; None when it was not in it.

    :param now: the step as it is today, None when it has been left out since.
    :param keys: the milestones that there are; a link to another one is dropped.
    """
    row = next((one for one in baseline.milestones if one.milestone_key == milestone.key), None)
    if row is None:
        return None
    content = row.content
    if not content:
        # Baselines of older releases hold dates only: the plan of today stands for theirs.
        return replace(now, started_on=None, finished_on=None) if now else None
    return Step(
        key=milestone.key,
        workdays=content["workdays"],
        calendar=_calendar_name(milestone.key, DaysOf(content["days_of"])),
        links=tuple(link for link in _links_then(content) if link.predecessor in keys),
        not_before=day_of(content["not_before_on"]),
        just_in_time=content["just_in_time"],
        not_after=day_of(content["not_after_on"]),
        exactly_on=day_of(content["exactly_on"]),
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """The length and the links of a milestone when it was promised."""

    workdays: int
    links: tuple[Link, ...]


def promised_shapes(project_id: int, milestones: Collection[Milestone]) -> Mapping[str, Shape]:
    """How long each milestone was, and what it waited for, when its dates were promised, by key.

    Every promise is kept as a baseline, so it is the latest of them with the promised dates; milestones that
    no baseline has are left out.
    """
    promised = {one.key: (one.promised_start_on, one.promised_on) for one in milestones}
    # Asked in the middle of an act, whose rows are written together at its end; baselines stand already.
    rows = in_hand(
        ("shapes", project_id),
        lambda: _BASELINES.all(project_id=project_id),
        of=(Baseline, BaselineMilestone),
    )
    return {
        key: Shape(content["workdays"], _links_then(content))
        for key, start_on, finish_on, content in rows
        if content and promised.get(key) == (start_on, finish_on)
    }


_then, _baselines = BaselineMilestone.__table__.c, Baseline.__table__.c
_BASELINES = Question(
    sa.select(_then.milestone_key, _then.start_on, _then.finish_on, _then.content)
    .join_from(BaselineMilestone, Baseline, _baselines.id == _then.baseline_id)
    .where(_baselines.project_id == sa.bindparam("project_id", type_=sa.Integer))
    .order_by(_baselines.number, _then.id),
    is_settled=True,
)


def _links_then(content: Mapping[str, Any]) -> tuple[Link, ...]:  # Any: JSON values
    return tuple(
        Link(one["after"], one["lag"], LinkKind(one["kind"]), LagUnit(one["lag_unit"]))
        for one in content["links"]
    )


def with_calendars(network: Network, steps: Collection[Step]) -> Mapping[str, WorkCalendar]:
    """The calendars that some steps of other days ask for; a crew that is no longer counted has the site's."""
    return {**{step.calendar: network.counted_in for step in steps}, **network.calendars}


def accountable_party(kind: MilestoneKind, team: Team) -> Party:
    """To whom days belong that a milestone loses without any cause: the crate on its way is the carrier's."""
    if kind is MilestoneKind.DELIVERED:
        return Party.CARRIER
    return Party.CUSTOMER if team is Team.CUSTOMER else Party.US


def day_of(text: str | None) -> date | None:
    """A day as JSON keeps it."""
    return date.fromisoformat(text[:10]) if text else None


def _calendar_name(key: str, days_of: DaysOf) -> str:
    """As `plan` names calendars: a crew's days are each milestone's own."""
    return f"{days_of.value} {key}" if days_of is DaysOf.CREW else days_of.value
