"""Questions about work orders: what is to be done at a site, how far it is, and the steps of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.catalogue.models import PlaybookMilestone, PlaybookStep, PlaybookVisit
from concierge.catalogue.states import VisitKind
from concierge.core import dispatch
from concierge.core.hours import MINUTE, Place
from concierge.core.spans import Span
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects import calendars
from concierge.projects.models import Milestone, Project
from concierge.projects.scope import visible_to
from concierge.projects.states import ProjectState
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState
from concierge.workforce import queries as workforce

UNDER_WAY = frozenset({VisitState.ON_ROUTE, VisitState.IN_PROGRESS})
ENDED = frozenset({VisitState.COMPLETE, VisitState.INCOMPLETE})
BY_THE_CLOCK = frozenset({VisitKind.REMOTE_CALL, VisitKind.DELIVERY})
"""Work of these kinds takes the time of its visits whether or not the site is open."""


class Standing(Enum):
    """How far work is, as people say it."""

    NOT_PLANNED = "not planned"
    PLANNED = "planned"
    UNDER_WAY = "under way"
    AGAIN = "needs another visit"
    DONE = "done"
    CANCELLED = "cancelled"


def work_for(viewer: Viewer, key: str, number: int) -> WorkOrder:
    """Find one work order by its project's key and its number, with all that its page shows.

    :raises NotFound: when there is none, or the viewer may not see its project.
    """
    question = (
        visible_to(viewer, sa.select(WorkOrder).join(WorkOrder.project))
        .where(Project.key == key.upper(), WorkOrder.number == number)
        .options(*_whole())
    )
    work = db.session.scalar(question)
    if work is None:
        raise NotFound
    return work


def named(work_order_id: int | None) -> tuple[str, int] | None:
    """What people call a work order, and its number in its project; `None` without one."""
    if work_order_id is None:
        return None
    row = db.session.execute(
        sa.select(WorkOrder.code, WorkOrder.number).where(WorkOrder.id == work_order_id)
    ).one_or_none()
    return (row.code, row.number) if row else None


def open_work_in(project_id: int, number: str) -> WorkOrder | None:
    """Find open work of a project by what stands in an address; `None` when there is none such."""
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    return db.session.scalar(
        sa.select(WorkOrder)
        .where(
            WorkOrder.project_id == project_id,
            WorkOrder.number == int(number),
            WorkOrder.state == WorkOrderState.OPEN,
        )
        .options(joinedload(WorkOrder.site), selectinload(WorkOrder.visits).selectinload(Visit.crew_members))
    )


def work_for_change(work_order_id: int) -> WorkOrder:
    """Find one work order, whole and locked until the end of the unit of work, whoever asks.

    :raises NotFound: when there is none.
    """
    work = db.session.scalar(
        sa.select(WorkOrder)
        .where(WorkOrder.id == work_order_id)
        .with_for_update(of=WorkOrder)
        .options(*_whole())
        .execution_options(populate_existing=True)
    )
    if work is None:
        raise NotFound
    return work


def work_of_project(viewer: Viewer, project_id: int) -> Sequence[WorkOrder]:
    """List a project's work orders by number, with place, milestone and visits."""
    question = visible_to(viewer, sa.select(WorkOrder).join(WorkOrder.project)).where(
        WorkOrder.project_id == project_id
    )
    return db.session.scalars(
        question.options(
            joinedload(WorkOrder.site),
            joinedload(WorkOrder.milestone),
            selectinload(WorkOrder.visits).selectinload(Visit.crew_members),
        ).order_by(WorkOrder.number)
    ).all()


def work_of_asset(viewer: Viewer, asset_id: int) -> Sequence[WorkOrder]:
    """List the work at one unit, the latest first, with project and visits."""
    question = visible_to(viewer, sa.select(WorkOrder).join(WorkOrder.project)).where(
        WorkOrder.asset_id == asset_id
    )
    return db.session.scalars(
        question.options(
            joinedload(WorkOrder.project),
            joinedload(WorkOrder.site),
            selectinload(WorkOrder.visits).selectinload(Visit.crew_members),
        ).order_by(WorkOrder.opened_at.desc(), WorkOrder.id.desc())
    ).all()


def needing_another_visit(viewer: Viewer, *, most: int = 60) -> Sequence[WorkOrder]:
    """List open work of live projects whose latest visit ended incomplete and for which nobody comes again yet."""
    ended, later, coming = aliased(Visit), aliased(Visit), aliased(Visit)
    question = (
        visible_to(viewer, sa.select(WorkOrder).join(WorkOrder.project))
        .where(
            WorkOrder.state == WorkOrderState.OPEN,
            Project.state == ProjectState.LIVE,
            sa.exists().where(
                ended.work_order_id == WorkOrder.id,
                ended.state == VisitState.INCOMPLETE,
                ~sa.exists().where(
                    later.work_order_id == WorkOrder.id,
                    later.state.in_(ENDED),
                    later.starts_at > ended.starts_at,
                ),
            ),
            ~sa.exists().where(coming.work_order_id == WorkOrder.id, coming.state.in_(COMING | UNDER_WAY)),
        )
        .options(joinedload(WorkOrder.project), joinedload(WorkOrder.site))
        .order_by(WorkOrder.id)
        .limit(most)
    )
    return db.session.scalars(question).all()


def standing_of(work: WorkOrder) -> Standing:
    """Say how far work is. Visits have to be loaded."""
    if work.state is not WorkOrderState.OPEN:
        return Standing.DONE if work.state is WorkOrderState.DONE else Standing.CANCELLED
    states = {visit.state for visit in work.visits}
    if states & UNDER_WAY:
        return Standing.UNDER_WAY
    if states & COMING:
        return Standing.PLANNED
    return Standing.AGAIN if states & ENDED else Standing.NOT_PLANNED


def planned_minutes(works: Iterable[WorkOrder]) -> Mapping[int, int]:
    """Count how long visits that took or take place are at the site, by work order, once for the whole crew.

    Sites, visits and their people have to be loaded. Hours in which the site is closed do not count, nor those of
    several days in which the crew does not work.
    """
    listed = list(works)
    hours = _hours_of(listed)
    places = {}
    found = {}
    for work in listed:
        if work.site_id not in places:
            places[work.site_id] = calendars.site_place(work.site)
        found[work.id] = sum(
            _minutes(work, visit, places[work.site_id], hours)
            for visit in work.visits
            if visit.state is not VisitState.CANCELLED
        )
    return found


def _minutes(work: WorkOrder, visit: Visit, place: Place, hours: Mapping[int, Place]) -> int:
    length = (visit.ends_at - visit.starts_at) // MINUTE
    if work.kind in BY_THE_CLOCK:
        return int(length)
    of_crew = [hours[user_id] for user_id in visit.technician_ids if user_id in hours]
    asked = dispatch.Work(place, work.site.spot)
    return dispatch.minutes_there(Span(visit.starts_at, visit.ends_at), asked, of_crew) or int(length)


def _hours_of(works: Iterable[WorkOrder]) -> Mapping[int, Place]:
    """When the people of visits of several days work, by user id."""
    long = [
        visit
        for work in works
        if work.kind not in BY_THE_CLOCK
        for visit in work.visits
        if visit.ends_at - visit.starts_at > dispatch.LONGEST_SHIFT and visit.crew_members
    ]
    if not long:
        return {}
    return workforce.technician_places(
        {user_id for visit in long for user_id in visit.technician_ids},
        first_on=min(visit.starts_at for visit in long).date(),
        last_on=max(visit.ends_at for visit in long).date(),
    )


def steps_of(work_order_ids: Collection[int]) -> Mapping[int, tuple[PlaybookStep, ...]]:
    """Tell what is done, read off and recorded at the visits of work, in order, by work order.

    The steps are those of the playbook version that the project follows; work that no playbook knows has none.
    """
    rows = db.session.execute(
        sa.select(WorkOrder.id, PlaybookStep)
        .join(Milestone, Milestone.id == WorkOrder.milestone_id)
        .join(PlaybookMilestone, PlaybookMilestone.id == Milestone.playbook_milestone_id)
        .join(
            PlaybookVisit,
            sa.and_(PlaybookVisit.milestone_id == PlaybookMilestone.id, PlaybookVisit.kind == WorkOrder.kind),
        )
        .join(PlaybookStep, PlaybookStep.visit_id == PlaybookVisit.id)
        .where(WorkOrder.id.in_(work_order_ids))
        .order_by(WorkOrder.id, PlaybookVisit.id, PlaybookStep.position)
    )
    found: dict[int, dict[str, PlaybookStep]] = {}
    for work_order_id, step in rows:
        found.setdefault(work_order_id, {}).setdefault(step.key, step)
    return {work_order_id: tuple(steps.values()) for work_order_id, steps in found.items()}


def _whole() -> tuple[ORMOption, ...]:
    project = joinedload(WorkOrder.project)
    return (
        project.joinedload(Project.account),
        project.joinedload(Project.site),
        joinedload(WorkOrder.milestone),
        joinedload(WorkOrder.site),
        joinedload(WorkOrder.asset),
        selectinload(WorkOrder.visits).selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )
