"""Planning the visits that a project's playbooks ask for."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from concierge.accounts.models import Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVisit
from concierge.catalogue.states import VisitKind
from concierge.core.worktime import DAY, WorkCalendar, workdays_between
from concierge.equipment.queries import only_units
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.projects import calendars
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from concierge.visits.actions.arranging import plan_work
from concierge.visits.actions.working import Asked
from concierge.visits.clocks import Stay, nearest_stay
from concierge.visits.models import Visit, WorkOrder

CALL_AT = time(10)
"""When a remote call is proposed, site time."""
CALL_MINUTES, DAY_MINUTES = 60, 480
"""How long a visit is proposed that no playbook knows."""


def plan_visits(project_ids: Collection[int], *, at: datetime, actor_id: int | None) -> tuple[Visit, ...]:
    """Open the work that the playbooks name, where there is none of its kind yet, and plan a tentative visit for each.

    A visit for a milestone of several working days spans them, and its work takes as many times the minutes of a
    day; a remote call is one call on its first day. Many projects are asked about at once.
    """
    ids = sorted(project_ids)
    projects = {
        project.id: project
        for project in db.session.scalars(
            select(Project).where(Project.id.in_(ids)).options(joinedload(Project.site))
        )
    }
    milestones = db.session.scalars(
        select(Milestone)
        .where(Milestone.project_id.in_(ids), Milestone.state != MilestoneState.DONE)
        .options(joinedload(Milestone.template).selectinload(PlaybookMilestone.visits))
        .order_by(Milestone.project_id, Milestone.position, Milestone.id)
    ).all()
    there = {
        (milestone_id, kind)
        for milestone_id, kind in db.session.execute(
            select(WorkOrder.milestone_id, WorkOrder.kind)
            .where(WorkOrder.project_id.in_(ids))
            .union(select(Visit.milestone_id, Visit.kind).where(Visit.project_id.in_(ids)))
        )
    }
    wanted = [
        (projects[milestone.project_id], milestone, template)
        for milestone in milestones
        if milestone.template is not None and milestone.start_on is not None
        for template in milestone.template.visits
        if (milestone.id, template.kind) not in there
    ]
    names = _instruments(milestones)
    units = only_units({milestone.order_line_id for _project, milestone, _visit in wanted})
    days = calendars.site_calendars({project.site_id for project, _milestone, _visit in wanted})
    asked = [
        _asked(
            project,
            milestone,
            template,
            days[project.site_id],
            names.get(milestone.order_line_id),
            units.get(milestone.order_line_id),
        )
        for project, milestone, template in wanted
    ]
    return plan_work(asked, at=at, actor_id=actor_id)


def plan_visit_of(
    project_id: int, milestone_id: int, kind: VisitKind, *, at: datetime, actor_id: int | None
) -> Visit:
    """Plan one tentative visit for a milestone that no playbook knows, on its days."""
    project = db.session.scalars(
        select(Project).where(Project.id == project_id).options(joinedload(Project.site))
    ).one()
    milestone = db.session.get_one(Milestone, milestone_id)
    minutes = CALL_MINUTES if kind is VisitKind.REMOTE_CALL else DAY_MINUTES
    asked = PlaybookVisit(
        kind=kind, title=milestone.name, minutes=minutes, technicians=1, skill="", level=1, tools=[],
        needs_customer=kind in {VisitKind.REMOTE_CALL, VisitKind.TRAINING},
    )  # fmt: skip
    days = calendars.site_calendars([project.site_id])[project.site_id]
    unit = only_units([milestone.order_line_id]).get(milestone.order_line_id)
    work = _asked(project, milestone, asked, days, None, unit)
    (visit,) = plan_work([work], at=at, actor_id=actor_id)
    return visit


def _asked(
    project: Project,
    milestone: Milestone,
    template: PlaybookVisit,
    days: WorkCalendar,
    instrument: str | None,
    asset_id: int | None,
) -> tuple[Asked, Stay]:
    first_on = milestone.start_on or project.starts_on
    last_on = max(first_on, milestone.finish_on or first_on)
    if template.kind in {VisitKind.REMOTE_CALL, VisitKind.DELIVERY}:
        last_on = first_on
    starts_local, ends_local = _hours(project.site, template, first_on, last_on)
    titles = {
        language: f"{text}, {instrument}" if instrument else text
        for language, text in template.title.items()
        if text
    }
    asked = Asked(
        project=project,
        kind=template.kind,
        title=titles.get("en") or next(iter(titles.values()), template.kind.value),
        titles=titles,
        site=project.site,
        milestone=milestone,
        skill=template.skill,
        level=template.level,
        crew=template.technicians,
        minutes=template.minutes * max(1, workdays_between(days, first_on - DAY, last_on)),
        tools=template.tools,
        needs_customer=template.needs_customer,
        asset_id=asset_id,
    )
    return asked, nearest_stay(starts_local, ends_local, zone=project.site.zone)


def _hours(site: Site, template: PlaybookVisit, first_on: date, last_on: date) -> tuple[datetime, datetime]:
    """Give wall times within the site's access hours where the visit fits into them."""
    is_call = template.kind is VisitKind.REMOTE_CALL
    begins = max(site.access_from, CALL_AT) if is_call and site.access_to > CALL_AT else site.access_from
    starts_local = datetime.combine(first_on, begins)
    ends_local = datetime.combine(last_on, begins) + timedelta(minutes=max(15, template.minutes))
    closes = datetime.combine(last_on, site.access_to)
    if ends_local > closes > starts_local and not is_call:
        ends_local = closes
    return starts_local, ends_local


def _instruments(milestones: Sequence[Milestone]) -> dict[int | None, str]:
    """Name the instrument of each line, where a project has several and a title has to tell them apart."""
    lines_of: dict[int, set[int]] = {}
    for milestone in milestones:
        if milestone.order_line_id is not None:
            lines_of.setdefault(milestone.project_id, set()).add(milestone.order_line_id)
    ids = {line_id for of_project in lines_of.values() if len(of_project) > 1 for line_id in of_project}
    if not ids:
        return {}
    lines = db.session.scalars(
        select(OrderLine).where(OrderLine.id.in_(ids)).options(joinedload(OrderLine.product))
    )
    return {line.id: line.product.name if line.product else line.name for line in lines}
