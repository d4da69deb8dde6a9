"""Planning the visits that a project's playbooks ask for."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from concierge.accounts.models import Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVisit
from concierge.catalogue.states import VisitKind
from concierge.core.worktime import DAY, WorkCalendar, workdays_between
from concierge.equipment.queries import only_unit
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.projects import calendars
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from concierge.visits.actions.arranging import plan_visit
from concierge.visits.actions.working import work_for_visit
from concierge.visits.clocks import nearest_stay
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState

CALL_AT = time(10)
"""When a remote call is proposed, site time."""
CALL_MINUTES, DAY_MINUTES = 60, 480
"""How long a visit is proposed that no playbook knows."""


def plan_visits(project_id: int, *, at: datetime, actor_id: int | None) -> tuple[Visit, ...]:
    """Open the work that the playbooks name, where there is none of its kind yet, and plan a tentative visit for each.

    A visit for a milestone of several working days spans them, and its work takes as many times the minutes of a
    day; a remote call is one call on its first day.
    """
    project = db.session.scalars(
        select(Project).where(Project.id == project_id).options(joinedload(Project.site))
    ).one()
    milestones = db.session.scalars(
        select(Milestone)
        .where(Milestone.project_id == project_id, Milestone.state != MilestoneState.DONE)
        .options(joinedload(Milestone.template).selectinload(PlaybookMilestone.visits))
        .order_by(Milestone.position, Milestone.id)
    ).all()
    there = {
        (milestone_id, kind)
        for milestone_id, kind in db.session.execute(
            select(WorkOrder.milestone_id, WorkOrder.kind)
            .where(WorkOrder.project_id == project_id)
            .union(select(Visit.milestone_id, Visit.kind).where(Visit.project_id == project_id))
        )
    }
    names = _instruments(milestones)
    days = calendars.site_calendars([project.site_id])[project.site_id]
    return tuple(
        _plan(
            project, milestone, template, days, names.get(milestone.order_line_id), at=at, actor_id=actor_id
        )
        for milestone in milestones
        if milestone.template is not None and milestone.start_on is not None
        for template in milestone.template.visits
        if (milestone.id, template.kind) not in there
    )


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
    return _plan(project, milestone, asked, days, None, at=at, actor_id=actor_id)


def _plan(
    project: Project,
    milestone: Milestone,
    template: PlaybookVisit,
    days: WorkCalendar,
    instrument: str | None,
    *,
    at: datetime,
    actor_id: int | None,
) -> Visit:
    first_on = milestone.start_on or project.starts_on
    last_on = max(first_on, milestone.finish_on or first_on)
    if template.kind in {VisitKind.REMOTE_CALL, VisitKind.DELIVERY}:
        last_on = first_on
    starts_local, ends_local = _hours(project.site, template, first_on, last_on)
    when = nearest_stay(starts_local, ends_local, zone=project.site.zone)
    titles = {
        language: f"{text}, {instrument}" if instrument else text
        for language, text in template.title.items()
        if text
    }
    title = titles.get("en") or next(iter(titles.values()), template.kind.value)
    worked = max(1, workdays_between(days, first_on - DAY, last_on))
    work = work_for_visit(
        project,
        kind=template.kind,
        title=title,
        titles=titles,
        site=project.site,
        milestone=milestone,
        skill=template.skill,
        level=template.level,
        crew=template.technicians,
        minutes=template.minutes * worked,
        tools=template.tools,
        needs_customer=template.needs_customer,
        at=at,
    )
    if milestone.order_line_id is not None:
        work.asset_id = only_unit(milestone.order_line_id)
    return plan_visit(
        project,
        kind=template.kind,
        title=title,
        titles=titles,
        starts_local=when.starts_local,
        ends_local=when.ends_local,
        site=project.site,
        milestone=milestone,
        work_order=work,
        skill=template.skill,
        level=template.level,
        crew=template.technicians,
        state=VisitState.TENTATIVE,
        at=at,
        actor_id=actor_id,
    )


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
    ids = {milestone.order_line_id for milestone in milestones if milestone.order_line_id is not None}
    if len(ids) < 2:
        return {}
    lines = db.session.scalars(
        select(OrderLine).where(OrderLine.id.in_(ids)).options(joinedload(OrderLine.product))
    )
    return {line.id: line.product.name if line.product else line.name for line in lines}
