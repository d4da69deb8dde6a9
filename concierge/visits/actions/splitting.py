"""Making visits of single days out of one that lasts several, with days off in between."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _

from concierge.accounts.models import Site
from concierge.core.hours import MINUTES_OF_DAY, Place
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.visits.actions import arranging, checks
from concierge.visits.clocks import nearest_stay
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState

MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class DayAtSite:
    """One day of a long visit: wall times at the site between which somebody would be there."""

    day: date
    starts_local: datetime
    ends_local: datetime


def days_of(visit: Visit, site: Site) -> tuple[DayAtSite, ...]:
    """List the days of a visit on which the site is planned to be open, with the hours somebody would be there."""
    place = calendars.site_place(site)
    first, last = visit.starts_local.date(), visit.ends_local.date()
    count = min((last - first).days + 1, MOST_DAYS)
    days = (first + timedelta(days=number) for number in range(count))
    found = (_day_at(visit, place, day) for day in days)
    return tuple(one for one in found if one is not None)


def split_by_days(
    visit: Visit,
    *,
    project: Project,
    site: Site,
    days: Collection[date],
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> Sequence[Visit]:
    """Let a visit be on the first of these days only, and plan one like it for each of the others.

    The same people go, as certain as before; all belong to one work order.

    :param visit: with its people and milestone.
    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when it is on its way, over or cancelled.
    :raises Refused: when it lasts one day, or fewer than two of its days are named.
    """
    checks.expect_version(visit, version)
    checks.expect_state(visit, arranging.MOVABLE)
    chosen = [one for one in days_of(visit, site) if one.day in days]
    if len(chosen) < 2:
        raise Refused(_("Choose two days of the visit at least; for a single one, move the visit."))
    people = visit.technician_ids
    reason = "; ".join(
        dict.fromkeys(one.conflict_reason for one in visit.crew_members if one.conflict_reason)
    )
    is_certain = visit.state not in {VisitState.DRAFT, VisitState.TENTATIVE}
    first, *rest = chosen
    when = nearest_stay(first.starts_local, first.ends_local, zone=visit.zone)
    arranging.move_visit(
        visit,
        starts_local=when.starts_local,
        ends_local=when.ends_local,
        site=site,
        fold=when.fold,
        conflict_reason=reason,
        at=at,
        actor_id=actor_id,
    )
    work = db.session.get(WorkOrder, visit.work_order_id) if visit.work_order_id else None
    made = [visit]
    for one in rest:
        when = nearest_stay(one.starts_local, one.ends_local, zone=visit.zone)
        made.append(
            arranging.plan_visit(
                project,
                kind=visit.kind,
                title=visit.title,
                titles=visit.titles,
                starts_local=when.starts_local,
                ends_local=when.ends_local,
                fold=when.fold,
                site=site,
                milestone=visit.milestone,
                work_order=work,
                skill=visit.skill,
                level=visit.level,
                crew=visit.crew,
                technician_ids=people,
                conflict_reason=reason,
                note=visit.note,
                state=VisitState.CONFIRMED if is_certain else visit.state,
                at=at,
                actor_id=actor_id,
            )
        )
    return made


def _day_at(visit: Visit, place: Place, day: date) -> DayAtSite | None:
    hours = place.hours_on(day)
    if not hours:
        return None
    opens = datetime.combine(day, time()) + timedelta(minutes=hours[0].from_minute)
    closes = datetime.combine(day, time()) + timedelta(minutes=min(hours[-1].to_minute, MINUTES_OF_DAY - 1))
    is_first, is_last = day == visit.starts_local.date(), day == visit.ends_local.date()
    starts = max(opens, visit.starts_local) if is_first else opens
    ends = min(closes, visit.ends_local) if is_last else closes
    return DayAtSite(day, starts, ends) if starts < ends else None
