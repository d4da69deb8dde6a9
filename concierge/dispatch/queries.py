"""Questions of those who dispatch: what work has nobody yet, and by when it should be done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from concierge.accounts.models import Account, Site
from concierge.catalogue.states import VisitKind
from concierge.core.travel import Spot
from concierge.identity.viewer import Viewer
from concierge.platform.database import UtcInstant
from concierge.platform.prepared import Question
from concierge.platform.statements import any_of
from concierge.projects.models import Milestone, Project
from concierge.projects.states import ProjectState
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState

TO_STAFF = COMING - {VisitState.ON_ROUTE}
"""Visits in these states can still get somebody more."""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Work that nobody does yet: a work order without a visit to come, or a visit with too few people."""

    work_order_id: int | None
    visit_id: int | None
    """The visit that needs somebody more; None: no visit of the work is to come."""
    version: int
    """Of the visit, else of the work order."""
    project_id: int
    project_key: str
    account: str
    number: int | None
    """Of the work order within its project."""
    title: str
    titles: Mapping[str, str]
    kind: VisitKind
    skill: str
    level: int
    crew: int
    """Technicians needed at once, those who go already included."""
    user_ids: tuple[int, ...]
    """Who goes already, by user id."""
    minutes: int | None
    """How long a crew works at the site, all visits of the work order together; None: a visit without one."""
    tools: tuple[str, ...]
    needs_customer: bool
    site_id: int
    site: str
    city: str
    country: str
    subdivision: str
    zone: str
    latitude: float | None
    longitude: float | None
    starts_local: datetime | None
    """Wall time at the site, as `ends_local`, and the instants; None without a visit."""
    ends_local: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    milestone_id: int | None
    earliest_on: date | None
    """The day on which the milestone's work begins by the plan, at the site; None without one."""
    deadline_on: date | None
    """The day by which the milestone was promised, else is planned to be done; None without one."""
    is_promised: bool
    """Whether the customer was told the deadline."""
    is_held: bool
    """Whether the project is on hold."""

    @property
    def key(self) -> str:
        """What a form names it by: ``v12`` a visit, ``w7`` a work order."""
        return f"v{self.visit_id}" if self.visit_id is not None else f"w{self.work_order_id}"

    @property
    def missing(self) -> int:
        """How many technicians are still to be found."""
        return self.crew - len(self.user_ids)

    @property
    def spot(self) -> Spot:
        """Where the site is, for the estimate of ways."""
        return Spot(self.country, self.city, self.latitude, self.longitude, f"site {self.site_id}")


def tray(
    viewer: Viewer, *, at: datetime, keys: Collection[str] | None = None, until: date | None = None
) -> tuple[Unassigned, ...]:
    """List the unassigned work of live projects, what is due first first, then what is planned first.

    That is open work orders without a visit that is to come or under way, and visits to come with fewer people
    than their crew. Work that needs nobody is not there. Three statements, however much there is.

    :param keys: only these, as `Unassigned.key` names them; `None`: all.
    :param until: only what is due, or without a deadline planned to begin, on or before this day; `None`: all.
    """
    if not viewer.sees_all_projects:
        return ()
    going: dict[int, list[int]] = {}
    visits = _UNSTAFFED.all(now=at)
    if visits:
        for visit_id, user_id in _GOING.all(visit_ids=[row[1] for row in visits]):
            going.setdefault(visit_id, []).append(user_id)
    found = [_unassigned(row, going) for row in (*_UNPLANNED.all(), *visits)]
    chosen = (
        one
        for one in found
        if (keys is None or one.key in keys) and (until is None or (_due_on(one) or until) <= until)
    )
    return tuple(sorted(chosen, key=_urgency))


def _due_on(one: Unassigned) -> date | None:
    return one.deadline_on or (one.starts_local.date() if one.starts_local else one.earliest_on)


def _urgency(one: Unassigned) -> tuple[object, ...]:
    starts_on = one.starts_local.date() if one.starts_local else one.earliest_on
    return one.deadline_on or date.max, starts_on or date.max, one.project_key, one.key


def _unassigned(row: tuple[Any, ...], going: Mapping[int, list[int]]) -> Unassigned:  # Any: the columns
    (
        work_order_id,
        visit_id,
        version,
        number,
        title,
        titles,
        kind,
        skill,
        level,
        crew,
        minutes,
        tools,
        needs_customer,
        starts_local,
        ends_local,
        starts_at,
        ends_at,
        project_id,
        project_key,
        held_on,
        account,
        *place,
        milestone_id,
        start_on,
        promised_on,
        planned_on,
    ) = row
    site_id, site, city, country, subdivision, zone, latitude, longitude = place
    return Unassigned(
        work_order_id=work_order_id,
        visit_id=visit_id,
        version=version,
        project_id=project_id,
        project_key=project_key,
        account=account,
        number=number,
        title=title,
        titles=titles or {},
        kind=kind,
        skill=skill,
        level=level,
        crew=crew,
        user_ids=tuple(going.get(visit_id, ())),
        minutes=minutes,
        tools=tuple(map(str, tools or ())),
        needs_customer=bool(needs_customer),
        site_id=site_id,
        site=site,
        city=city,
        country=country,
        subdivision=subdivision,
        zone=zone,
        latitude=latitude,
        longitude=longitude,
        starts_local=starts_local,
        ends_local=ends_local,
        starts_at=starts_at,
        ends_at=ends_at,
        milestone_id=milestone_id,
        earliest_on=start_on,
        deadline_on=promised_on or planned_on,
        is_promised=promised_on is not None,
        is_held=held_on is not None,
    )


_NO_WALL = sa.literal(None, sa.DateTime())
_NO_INSTANT = sa.literal(None, UtcInstant())
_ABOUT = (
    Project.id,
    Project.key,
    Project.held_on,
    Account.name,
    Site.id,
    Site.name,
    Site.city,
    Site.country,
    Site.subdivision,
    Site.zone,
    Site.latitude,
    Site.longitude,
    Milestone.id,
    Milestone.forecast_start_on,
    Milestone.promised_on,
    Milestone.forecast_on,
)
_IS_PLANNED = (
    select(Visit.id)
    .where(
        Visit.work_order_id == WorkOrder.id,
        Visit.state.in_(COMING | {VisitState.IN_PROGRESS}),
    )
    .correlate(WorkOrder)
    .exists()
)
_UNPLANNED = Question(
    select(
        WorkOrder.id,
        sa.literal(None, sa.Integer()),
        WorkOrder.version,
        WorkOrder.number,
        WorkOrder.title,
        WorkOrder.titles,
        WorkOrder.kind,
        WorkOrder.skill,
        WorkOrder.level,
        WorkOrder.crew,
        WorkOrder.minutes,
        WorkOrder.tools,
        WorkOrder.needs_customer,
        _NO_WALL,
        _NO_WALL,
        _NO_INSTANT,
        _NO_INSTANT,
        *_ABOUT,
    )
    .join(Project, Project.id == WorkOrder.project_id)
    .join(Account, Account.id == Project.account_id)
    .join(Site, Site.id == WorkOrder.site_id)
    .outerjoin(Milestone, Milestone.id == WorkOrder.milestone_id)
    .where(
        WorkOrder.state == WorkOrderState.OPEN,
        WorkOrder.crew > 0,
        Project.state == ProjectState.LIVE,
        ~_IS_PLANNED,
    )
    .order_by(WorkOrder.id)
)
_HOW_MANY = (
    select(sa.func.count(VisitTechnician.id))
    .where(VisitTechnician.visit_id == Visit.id)
    .correlate(Visit)
    .scalar_subquery()
)
_UNSTAFFED = Question(
    select(
        Visit.work_order_id,
        Visit.id,
        Visit.version,
        WorkOrder.number,
        Visit.title,
        Visit.titles,
        Visit.kind,
        Visit.skill,
        Visit.level,
        Visit.crew,
        WorkOrder.minutes,
        WorkOrder.tools,
        sa.func.coalesce(WorkOrder.needs_customer, False),
        Visit.starts_local,
        Visit.ends_local,
        Visit.starts_at,
        Visit.ends_at,
        *_ABOUT,
    )
    .join(Project, Project.id == Visit.project_id)
    .join(Account, Account.id == Project.account_id)
    .join(Site, Site.id == Visit.site_id)
    .outerjoin(WorkOrder, WorkOrder.id == Visit.work_order_id)
    .outerjoin(Milestone, Milestone.id == sa.func.coalesce(Visit.milestone_id, WorkOrder.milestone_id))
    .where(
        Visit.state.in_(TO_STAFF),
        Visit.ends_at > sa.bindparam("now", type_=UtcInstant),
        Project.state == ProjectState.LIVE,
        Visit.crew > _HOW_MANY,
    )
    .order_by(Visit.id)
)
_GOING = Question(
    select(VisitTechnician.visit_id, VisitTechnician.user_id)
    .where(any_of(VisitTechnician.visit_id, "visit_ids"))
    .order_by(VisitTechnician.id)
)
