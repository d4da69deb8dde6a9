"""Moving a visit and the plan under it at once, so that work and promises stay one truth."""

from collections.abc import Collection
from datetime import date, datetime

from flask_babel import gettext as _

from concierge.core.worktime import DAY, WorkCalendar, add_workdays, workdays_between
from concierge.platform.errors import Refused
from concierge.platform.words import day, localized
from concierge.projects import calendars
from concierge.projects.actions import rescheduling
from concierge.projects.models import Milestone
from concierge.projects.states import MilestoneState
from concierge.visits import queries
from concierge.visits.actions import arranging, checks
from concierge.visits.models import Visit


def leaves(milestone: Milestone | None, *, starts_local: datetime, ends_local: datetime) -> bool:
    """Say whether a visit at that time lies outside the days of its milestone, which could come along."""
    if milestone is None or milestone.start_on is None or not _is_open(milestone):
        return False
    last = max(milestone.start_on, milestone.finish_on or milestone.start_on)
    return not (milestone.start_on <= starts_local.date() and ends_local.date() <= last)


def move_with_plan(
    visit_id: int,
    *,
    starts_local: datetime,
    ends_local: datetime,
    fold: int = 0,
    technician_ids: Collection[int] | None = None,
    conflict_reason: str = "",
    reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> Visit:
    """Move a visit, and the milestone that it is for by as many working days of the site.

    Other visits of the milestone, and all that hangs on it, follow as they do whenever it moves: what is
    confirmed waits for a person.

    :param starts_local: wall time at the site, naive, as `ends_local`.
    :param technician_ids: who goes from now on; None: those who go.
    :param reason: why the plan moves; needed once its dates are settled.
    :raises Stale: when somebody changed the visit since `version`.
    :raises NotNow: when it is on its way, over or cancelled.
    :raises Refused: when it is for no milestone, that has begun, the dates are settled and no reason is given, or
        the plan does not let the milestone start so early.
    :raises Conflicting: when somebody is elsewhere, away or not certified then, and no reason is given.
    """
    visit = queries.visit_for_change(visit_id)
    checks.expect_version(visit, version)
    checks.expect_state(visit, arranging.MOVABLE)
    milestone = visit.milestone
    if milestone is None or milestone.start_on is None or not _is_open(milestone):
        raise Refused(_("The visit is for no milestone that could still move. Move the visit alone."))
    calendar = calendars.site_calendars([visit.site_id])[visit.site_id]
    to = _start_with(visit, milestone.start_on, starts_local.date(), calendar)
    bring(milestone, to=to, by=starts_local.date(), reason=reason, at=at, actor_id=actor_id)
    own = queries.visit_for_change(visit_id)
    if technician_ids is not None and set(technician_ids) != set(own.technician_ids):
        arranging.rearrange(
            own,
            site=own.site,
            title=own.title,
            kind=own.kind,
            milestone_id=own.milestone_id,
            skill=own.skill,
            crew=own.crew,
            note=own.note,
            starts_local=starts_local,
            ends_local=ends_local,
            fold=fold,
            technician_ids=technician_ids,
            conflict_reason=conflict_reason,
            version=None,
            at=at,
            actor_id=actor_id,
        )
    if (starts_local, ends_local) != (own.starts_local, own.ends_local) or own.needs_decision:
        arranging.move_visit(
            own,
            starts_local=starts_local,
            ends_local=ends_local,
            site=own.site,
            fold=fold,
            conflict_reason=conflict_reason,
            at=at,
            actor_id=actor_id,
        )
    return own


def bring(
    milestone: Milestone, *, to: date, by: date, reason: str = "", at: datetime, actor_id: int | None
) -> None:
    """Move a milestone to where the work on it is; all that hangs on it follows.

    :param to: the day on which it is to start; nothing moves when it does already.
    :param by: the day on which the work begins.
    :param reason: why the plan moves; needed once its dates are settled.
    :raises Refused: when it has begun, the dates are settled and no reason is given, or the plan does not let it
        start by then.
    """
    if not _is_open(milestone):
        raise Refused(_("The visit is for no milestone that could still move. Move the visit alone."))
    milestone_id = milestone.id
    if to == milestone.start_on:
        return
    project = rescheduling.move_milestone(
        milestone.project_id, milestone_id, to=to, reason=reason, actor_id=actor_id, at=at
    )
    moved = rescheduling.milestone_in(project, milestone_id)
    if moved.start_on is not None and moved.start_on > by:
        raise Refused(
            _(
                "“%(name)s” cannot start before %(day)s. Choose that day or a later one, or move the visit alone.",
                name=localized(moved.name),
                day=day(moved.start_on),
            )
        )


def _start_with(visit: Visit, start_on: date, to: date, calendar: WorkCalendar) -> date:
    """The day on which the milestone starts so that the visit is as many working days into it as before."""
    into = workdays_between(calendar, start_on - DAY, visit.starts_local.date()) - 1
    return add_workdays(calendar, to, -into) if into > 0 else to


def _is_open(milestone: Milestone) -> bool:
    return milestone.state is MilestoneState.PLANNED and milestone.started_on is None
