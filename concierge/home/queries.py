"""What needs somebody today, what happens at sites, what changed: questions over all slices below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

from concierge.accounts.models import Account
from concierge.catalogue.states import GateKind, MilestoneKind
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Permission, Role
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import OrderState
from concierge.platform.database import db, remembered
from concierge.platform.events import RecordedEvent
from concierge.platform.searching import Hit, found
from concierge.projects import queries as projects
from concierge.projects.models import CalendarProposalMove, Gate, Milestone, Project, ProjectCrew
from concierge.projects.queries import fields
from concierge.projects.scope import visible_to
from concierge.projects.states import GateState, Health, MilestoneState, ProjectState
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, FOLLOWING_THE_PLAN, VisitState

LONGEST_VISIT = timedelta(days=60)
"""A visit that began earlier is not looked for among those that still go on."""
MOST = 60
"""Rows of one kind that one page will hold; more are counted, not shown."""
LINES_COUNTED = 100
"""Lines that nobody has matched which the sidebar counts; of more it says as many."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what the sidebar counts."""

    live: int = 0
    late: int = 0
    at_risk: int = 0
    drafts: int = 0
    orders: int | None = None
    """Orders with a line that nobody has matched; None when there are none."""


class Movable(NamedTuple):
    """A project and those of its milestones, with their names by language, that can be moved."""

    key: str
    milestones: tuple[tuple[int, dict[str, str]], ...]


class Of(NamedTuple):
    """Of a project: what a line about it says."""

    id: int
    key: str
    account: "Named"


class Named(NamedTuple):
    """Something that has a name."""

    name: str


class ComingSite(NamedTuple):
    """A site before its delivery."""

    key: str
    account: str
    delivery_on: date
    percent: int
    """Weighted share of what is asked of it that is done."""
    critical: int
    """Points that hold delivery."""


class Happened(NamedTuple):
    """One event as it was recorded."""

    name: str
    at: datetime
    actor_id: int | None
    payload: Mapping[str, Any]  # Any: plain values


def counts(viewer: Viewer) -> Counts:
    """Count what the sidebar shows, in two statements."""
    by_health = projects.counts_by_health(viewer)
    live = sum(by_health.get(health, 0) for health in (Health.ON_TRACK, Health.AT_RISK, Health.LATE))
    return Counts(
        live=live,
        late=by_health.get(Health.LATE, 0),
        at_risk=by_health.get(Health.AT_RISK, 0),
        drafts=by_health.get(Health.DRAFT, 0),
        orders=remembered("unmatched orders", _unmatched_orders) or None
        if viewer.may(Permission.SEE_ORDERS)
        else None,
    )


def visits_between(
    viewer: Viewer, from_at: datetime, to_at: datetime, *, own: bool, most: int = MOST
) -> Sequence[Visit]:
    """Visits that touch a stretch of time, soonest first.

    :param own: only those that the viewer goes on.
    """
    question = (
        sa.select(Visit)
        .join(Visit.project)
        .where(
            Visit.starts_at.between(from_at - LONGEST_VISIT, to_at),
            Visit.starts_at < to_at,
            Visit.ends_at > from_at,
            Visit.state != VisitState.CANCELLED,
            Project.state != ProjectState.CANCELLED,
        )
        .order_by(Visit.starts_at, Visit.id)
        .limit(most)
    )
    if own:
        goes = sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == viewer.user_id)
        question = question.where(Visit.id.in_(goes))
    return db.session.scalars(visible_to(viewer, question).options(*_with_place())).all()


def next_visit(viewer: Viewer, *, after: datetime, own: bool) -> Visit | None:
    """The visit that starts next."""
    coming = visits_between(viewer, after, after + timedelta(days=120), own=own, most=20)
    return next((visit for visit in coming if visit.starts_at >= after), None)


def coming_sites(viewer: Viewer, *, since: date, mine: bool, most: int) -> Sequence[ComingSite]:
    """Sites that an instrument is delivered to next, with how ready they are; soonest delivery first.

    :param since: the day in the viewer's zone; of deliveries planned earlier that have not happened, none counts.
    :param mine: only projects that the viewer is the concierge of.
    """
    ship = aliased(Gate)
    is_there = sa.exists().where(
        Milestone.project_id == Project.id,
        Milestone.kind == MilestoneKind.DELIVERED,
        Milestone.finished_on.is_not(None),
    )
    question = (
        sa.select(
            Project.key,
            Account.name,
            Checklist.anchor_on,
            ship.percent,
            sa.case((ship.state == GateState.HELD, ship.open_items), else_=0),
        )
        .select_from(Checklist)
        .join(Project, Project.id == Checklist.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(ship, sa.and_(ship.project_id == Project.id, ship.kind == GateKind.SHIP))
        .where(
            Checklist.anchor_on >= since,
            Project.state == ProjectState.LIVE,
            ship.percent.is_not(None),
            ~is_there,
        )
        .order_by(Checklist.anchor_on, Checklist.id)
        .limit(most)
    )
    if mine:
        question = question.where(Project.concierge_id == viewer.user_id)
    return [ComingSite(*row) for row in db.session.execute(visible_to(viewer, question))]


def last_here(viewer: Viewer, *, now: datetime) -> datetime:
    """When the viewer was last here in an earlier sign-in; a day ago when that is unknown or longer than a week."""
    seen_at = db.session.scalar(
        sa.select(sa.func.max(UserSession.seen_at)).where(
            UserSession.user_id == viewer.user_id, UserSession.id != (viewer.session_id or 0)
        )
    )
    earliest, latest = now - timedelta(days=7), now - timedelta(hours=1)
    if seen_at is None or not earliest <= seen_at <= latest:
        return now - timedelta(days=1)
    return seen_at


def story(project_id: int, *, most: int) -> Sequence[tuple[RecordedEvent, str | None]]:
    """What happened to one project, latest first, with the name of who did it."""
    question = (
        sa.select(RecordedEvent, User.name)
        .outerjoin(User, User.id == RecordedEvent.actor_id)
        .where(RecordedEvent.project_id == project_id)
        .order_by(RecordedEvent.id.desc())
        .limit(most)
    )
    return db.session.execute(question).all()


def texts_of(told: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, str]]:
    """What the things that events tell of are called, by language: by the field that refers to one, and its id."""
    found: dict[tuple[str, int], Mapping[str, str]] = {}
    rows = list(told)
    for field, (number, texts) in _CALLED.items():
        ids = {row[field] for row in rows if row.get(field)}
        if ids:
            named = db.session.execute(sa.select(number, texts).where(number.in_(ids)))
            found |= {(field, row[0]): row[1] for row in named}
    return found


_CALLED: Mapping[str, tuple[Any, Any]] = {  # Any: columns
    "milestone_id": (Milestone.id, Milestone.name),
    "visit_id": (Visit.id, Visit.titles),
    "work_order_id": (WorkOrder.id, WorkOrder.titles),
    "item_id": (ReadinessItem.id, ReadinessItem.requirement),
}


def changes(
    viewer: Viewer, *, since: datetime, names: Sequence[str], most: int
) -> Sequence[tuple[Happened, Of, str | None]]:
    """What happened to projects, latest first: the event, its project with account, and the actor's name."""
    question = (
        sa.select(
            RecordedEvent.name,
            RecordedEvent.at,
            RecordedEvent.actor_id,
            RecordedEvent.payload,
            Project.id,
            Project.key,
            Account.name.label("account"),
            User.name.label("actor"),
        )
        .join(Project, Project.id == RecordedEvent.project_id)
        .join(Account, Account.id == Project.account_id)
        .outerjoin(User, User.id == RecordedEvent.actor_id)
        .where(RecordedEvent.at >= since, RecordedEvent.name.in_(names))
        .order_by(RecordedEvent.at.desc(), RecordedEvent.id.desc())
        .limit(most)
    )
    return [
        (
            Happened(row.name, row.at, row.actor_id, row.payload),
            Of(row.id, row.key, Named(row.account)),
            row.actor,
        )
        for row in db.session.execute(visible_to(viewer, question))
    ]


def find(viewer: Viewer, text: str, *, most: int = 6, kind: str = "") -> list[Hit]:
    """What is found by a text, of each kind at most some; what the viewer may not see is not found.

    :param kind: only rows of this table; empty: of all.
    """
    kinds = [table for table, needed in FOUND.items() if viewer.may(needed) and kind in ("", table)]
    within = None
    if not viewer.sees_all_projects:
        within = sa.select(ProjectCrew.project_id).where(ProjectCrew.user_id == viewer.user_id)
    hits = found(text, kinds=kinds, most=most, within=within, everywhere=NOT_OF_PROJECTS)
    said = fields.said_in_fields([hit.row_id for hit in hits if hit.kind == "field_values"])
    return [
        replace(hit, title=said.get(hit.row_id, hit.title)) if hit.kind == "field_values" else hit
        for hit in hits
    ]


FOUND = {
    "projects": Permission.SEE_PROJECTS,
    "orders": Permission.SEE_ORDERS,
    "accounts": Permission.SEE_ACCOUNTS,
    "sites": Permission.SEE_ACCOUNTS,
    "contacts": Permission.SEE_ACCOUNTS,
    "work_orders": Permission.SEE_VISITS,
    "assets": Permission.SEE_ACCOUNTS,
    "enquiries": Permission.ASK_WHEN,
    "stock_units": Permission.ASK_WHEN,
    "units": Permission.SEE_PROJECTS,
    "project_notes": Permission.SEE_PROJECTS,
    "delays": Permission.SEE_PROJECTS,
    "field_values": Permission.SEE_PROJECTS,
    "playbooks": Permission.SEE_PLAYBOOKS,
    "users": Permission.SEE_PEOPLE,
}
"""What is searched, in the order in which it is shown, and what one has to be allowed to find it."""
NOT_OF_PROJECTS = frozenset(
    {"orders", "accounts", "sites", "contacts", "assets", "enquiries", "stock_units", "playbooks", "users"}
)
"""Kinds that are found by everybody who may see them at all."""


def movable(viewer: Viewer, key: str) -> Movable | None:
    """A project by its key with the next milestones that can still be moved; None when the viewer sees none such."""
    question = sa.select(Project.id, Project.key, Project.state).where(Project.key == key)
    row = db.session.execute(visible_to(viewer, question)).one_or_none()
    if row is None:
        return None
    milestones = db.session.execute(
        sa.select(Milestone.id, Milestone.name)
        .where(Milestone.project_id == row.id, Milestone.state == MilestoneState.PLANNED)
        .order_by(Milestone.position)
        .limit(4)
    )
    is_live = row.state in {ProjectState.DRAFT, ProjectState.LIVE}
    return Movable(row.key, tuple((one.id, one.name) for one in milestones) if is_live else ())


def own_by_default(viewer: Viewer) -> bool:
    """Whether somebody's day is about the projects they look after, or about everybody's."""
    if viewer.role is not Role.CONCIERGE:
        return False
    has_some = sa.select(Project.id).where(
        Project.concierge_id == viewer.user_id,
        Project.state.in_([ProjectState.DRAFT, ProjectState.LIVE]),
    )
    return db.session.scalar(sa.select(has_some.exists())) or False


def city_of(zone: str) -> str:
    """The city that a time zone is named after, as people write it."""
    city = ZoneInfo(zone).key.rsplit("/", 1)[-1].replace("_", " ")
    return {"Zurich": "Zürich", "Sao Paulo": "São Paulo"}.get(city, city)


def visits_put_in_question(proposal_id: int) -> dict[int, int]:
    """How many agreed visits would wait for a person after a change of working days, by project."""
    moves = CalendarProposalMove
    rows = db.session.execute(
        sa.select(moves.project_id, sa.func.count(Visit.id))
        .join(Visit, Visit.milestone_id == moves.milestone_id)
        .join(Milestone, Milestone.id == moves.milestone_id)
        .where(
            moves.proposal_id == proposal_id,
            moves.start_before != moves.start_after,
            Visit.state.in_(COMING - FOLLOWING_THE_PLAN),
            Milestone.state.not_in([MilestoneState.STARTED, MilestoneState.DONE]),
        )
        .group_by(moves.project_id)
    )
    return {row[0]: row[1] for row in rows}


def _with_place() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    return (
        joinedload(Visit.project).joinedload(Project.account),
        joinedload(Visit.site),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )


def _is_unmatched() -> sa.ColumnElement[bool]:
    return sa.and_(
        OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False), Order.state == OrderState.OPEN
    )


def _unmatched_orders() -> int:
    """Orders with lines that mean nothing yet, among the first such lines."""
    return db.session.connection().execute(_UNMATCHED).scalar() or 0


_UNMATCHED = sa.select(sa.func.count(sa.distinct(sa.column("order_id")))).select_from(
    sa.select(OrderLine.order_id)
    .join(Order, Order.id == OrderLine.order_id)
    .where(_is_unmatched())
    .limit(LINES_COUNTED)
    .subquery()
)
