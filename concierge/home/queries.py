"""What needs somebody today, what happens at sites, what changed: questions over all slices below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Account, Contact
from concierge.catalogue.states import Severity
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Permission, Role
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import OrderState
from concierge.platform.database import db
from concierge.platform.events import RecordedEvent
from concierge.platform.searching import matches
from concierge.projects import queries as projects
from concierge.projects.models import CalendarProposalMove, Milestone, Project, Proposal
from concierge.projects.scope import visible_to
from concierge.projects.states import Health, MilestoneState, ProjectState, ProposalState
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import ItemState
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import COMING, FOLLOWING_THE_PLAN, VisitState

MOST = 60
"""Rows of one kind that one page will hold; more are counted, not shown."""
LINES_COUNTED = 500
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


@dataclass(frozen=True, slots=True)
class OpenAnswers:
    """A project's readiness items that are overdue or soon due, counted."""

    project: Project
    overdue: int
    open: int
    answered: int
    total: int
    first_due_on: date
    requirement: dict[str, str]
    """The one that is due first, in its languages."""
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An order with lines that are not understood."""

    order: Order
    lines: int
    first: str
    """What the first of them is called in the order."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, by kind."""

    projects: Sequence[Project] = ()
    accounts: Sequence[Account] = ()
    people: Sequence[User] = ()


def counts(viewer: Viewer) -> Counts:
    """Count what the sidebar shows, in two statements."""
    by_health = projects.counts_by_health(viewer)
    live = sum(by_health.get(health, 0) for health in (Health.ON_TRACK, Health.AT_RISK, Health.LATE))
    return Counts(
        live=live,
        late=by_health.get(Health.LATE, 0),
        at_risk=by_health.get(Health.AT_RISK, 0),
        drafts=by_health.get(Health.DRAFT, 0),
        orders=_unmatched_orders() or None if viewer.may(Permission.SEE_ORDERS) else None,
    )


def stuck_milestones(viewer: Viewer, *, today: date, mine: bool) -> Sequence[Milestone]:
    """Milestones that are blocked or whose promise has passed: of each live project only the first, gravest first."""
    question = visible_to(
        viewer,
        sa.select(Milestone)
        .join(Milestone.project)
        .where(
            Project.state == ProjectState.LIVE,
            Milestone.state.in_([MilestoneState.PLANNED, MilestoneState.STARTED, MilestoneState.BLOCKED]),
            sa.or_(Milestone.state == MilestoneState.BLOCKED, Milestone.promised_on < today),
            *_of(viewer, mine=mine),
        )
        .order_by(Project.slip_workdays.desc(), Project.id, Milestone.position)
        .options(
            joinedload(Milestone.project).joinedload(Project.account),
            joinedload(Milestone.project).joinedload(Project.site),
        ),
    )
    first: dict[int, Milestone] = {}
    for milestone in db.session.scalars(question.limit(400)):
        known = first.get(milestone.project_id)
        is_graver = milestone.state is MilestoneState.BLOCKED and (
            known is None or known.state is not MilestoneState.BLOCKED
        )
        if known is None or is_graver:
            first[milestone.project_id] = milestone
    return tuple(first.values())[:MOST]


def visits_to_decide(viewer: Viewer, *, mine: bool) -> Sequence[Visit]:
    """Confirmed visits whose plan moved away under them, soonest first."""
    question = (
        sa.select(Visit)
        .join(Visit.project)
        .where(Visit.needs_decision != "", Visit.state.in_(COMING), *_of(viewer, mine=mine))
        .order_by(Visit.starts_at, Visit.id)
        .limit(MOST)
    )
    return db.session.scalars(visible_to(viewer, question).options(*_with_place())).all()


def visits_without_people(viewer: Viewer, *, now: datetime, days: int, mine: bool) -> Sequence[Visit]:
    """Visits of the next days to which too few technicians go, soonest first."""
    going = (
        sa.select(sa.func.count(VisitTechnician.id))
        .where(VisitTechnician.visit_id == Visit.id)
        .correlate(Visit)
        .scalar_subquery()
    )
    question = (
        sa.select(Visit)
        .join(Visit.project)
        .where(
            Visit.state.in_(COMING),
            Visit.starts_at >= now,
            Visit.starts_at < now + timedelta(days=days),
            Visit.crew > going,
            *_of(viewer, mine=mine),
        )
        .order_by(Visit.starts_at, Visit.id)
        .limit(MOST)
    )
    return db.session.scalars(visible_to(viewer, question).options(*_with_place())).all()


def open_answers(viewer: Viewer, *, today: date, days: int, mine: bool) -> Sequence[OpenAnswers]:
    """Projects whose site still owes blocking answers that are overdue or due within some days, most urgent first."""
    item = ReadinessItem
    seen = visible_to(viewer, sa.select(Project.id))
    question = (
        sa.select(item, Project)
        .join(Checklist, Checklist.id == item.checklist_id)
        .join(Project, Project.id == Checklist.project_id)
        .where(
            Project.state == ProjectState.LIVE,
            item.state == ItemState.OPEN,
            item.severity == Severity.BLOCKING,
            item.due_on <= today + timedelta(days=days),
            Project.id.in_(seen),
            *_of(viewer, mine=mine),
        )
        .order_by(item.due_on, item.id)
        .options(joinedload(Project.account), joinedload(Project.site), joinedload(Project.contact))
        .limit(600)
    )
    late: dict[int, list[ReadinessItem]] = {}
    owners: dict[int, Project] = {}
    for row, project in db.session.execute(question):
        late.setdefault(project.id, []).append(row)
        owners[project.id] = project
    totals = _answered(tuple(owners))
    return tuple(
        OpenAnswers(
            project=owners[project_id],
            overdue=sum(row.due_on < today for row in rows),
            open=len(rows),
            answered=totals[project_id][0],
            total=totals[project_id][1],
            first_due_on=rows[0].due_on,
            requirement=rows[0].requirement,
            contact=owners[project_id].contact,
        )
        for project_id, rows in late.items()
    )[:MOST]


def drafts(viewer: Viewer, *, mine: bool) -> Sequence[Project]:
    """Plans that wait for approval, oldest first."""
    question = (
        sa.select(Project)
        .where(Project.state == ProjectState.DRAFT, *_of(viewer, mine=mine))
        .order_by(Project.created_at, Project.id)
        .limit(MOST)
        .options(joinedload(Project.account), joinedload(Project.site))
    )
    return db.session.scalars(visible_to(viewer, question)).all()


def proposals(viewer: Viewer, *, mine: bool) -> Sequence[Proposal]:
    """What order documents ask of approved plans, oldest first."""
    question = (
        sa.select(Proposal)
        .join(Proposal.project)
        .where(Proposal.state == ProposalState.OPEN, *_of(viewer, mine=mine))
        .order_by(Proposal.made_at, Proposal.id)
        .limit(MOST)
        .options(
            joinedload(Proposal.project).joinedload(Project.account),
            joinedload(Proposal.project).joinedload(Project.site),
        )
    )
    return db.session.scalars(visible_to(viewer, question)).all()


def unmatched(viewer: Viewer) -> Sequence[Unmatched]:
    """Orders with lines that mean no product yet, oldest first; nothing for those who may not see orders."""
    if not viewer.may(Permission.SEE_ORDERS):
        return ()
    lines = (
        sa.select(
            OrderLine.order_id, sa.func.count().label("count"), sa.func.min(OrderLine.name).label("first")
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(_is_unmatched())
        .group_by(OrderLine.order_id)
        .subquery()
    )
    question = (
        sa.select(Order, lines.c.count, lines.c.first)
        .join(lines, lines.c.order_id == Order.id)
        .order_by(Order.received_at, Order.id)
        .limit(MOST)
        .options(joinedload(Order.account))
    )
    return tuple(Unmatched(order, count, first) for order, count, first in db.session.execute(question))


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


def changes(
    viewer: Viewer, *, since: datetime, names: Sequence[str], most: int
) -> Sequence[tuple[RecordedEvent, Project, str | None]]:
    """What happened to projects, latest first: the event, its project with account, and the actor's name."""
    seen = visible_to(viewer, sa.select(Project.id))
    question = (
        sa.select(RecordedEvent, Project, User.name)
        .join(Project, Project.id == RecordedEvent.project_id)
        .outerjoin(User, User.id == RecordedEvent.actor_id)
        .where(RecordedEvent.at >= since, RecordedEvent.name.in_(names), Project.id.in_(seen))
        .order_by(RecordedEvent.id.desc())
        .limit(most)
        .options(joinedload(Project.account), joinedload(Project.site))
    )
    return db.session.execute(question).all()


def find(viewer: Viewer, text: str, *, most: int = 6) -> Found:
    """Projects, accounts and people whose names hold every word; what the viewer may not see is not found."""
    if not text.strip():
        return Found()
    accounts: Sequence[Account] = ()
    people: Sequence[User] = ()
    if viewer.may(Permission.SEE_ACCOUNTS):
        accounts = db.session.scalars(
            sa.select(Account).where(*matches(text, Account)).order_by(Account.name, Account.id).limit(most)
        ).all()
    if viewer.may(Permission.SEE_PEOPLE):
        people = db.session.scalars(
            sa.select(User)
            .where(User.state != AccessState.DISABLED, *matches(text, User))
            .order_by(User.name, User.id)
            .limit(most)
        ).all()
    return Found(projects.found_by(viewer, text, most=most), accounts, people)


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


def _of(viewer: Viewer, *, mine: bool) -> tuple[sa.ColumnElement[bool], ...]:
    return (Project.concierge_id == viewer.user_id,) if mine else ()


def _with_place() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    return (
        joinedload(Visit.project).joinedload(Project.account),
        joinedload(Visit.site),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )


def _answered(project_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many items of each project's checklist are answered, and how many there are."""
    counted = sa.select(
        Checklist.project_id,
        sa.func.count().filter(ReadinessItem.state != ItemState.OPEN),
        sa.func.count(),
    ).join(ReadinessItem, ReadinessItem.checklist_id == Checklist.id)
    rows = db.session.execute(
        counted.where(
            Checklist.project_id.in_(project_ids), ReadinessItem.severity != Severity.INFO
        ).group_by(Checklist.project_id)
    )
    return {project_id: (answered, total) for project_id, answered, total in rows}


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
