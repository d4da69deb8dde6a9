"""Questions about projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.selectable import Select

from concierge.accounts.models import Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion, Product
from concierge.catalogue.states import GateKind
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.searching import matches
from concierge.projects.models import (
    Baseline,
    Gate,
    Milestone,
    Project,
    ProjectPlaybook,
    Proposal,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import GateState, Health, ProjectState, ProposalState

PAGE = 50
Narrowed = TypeVar("Narrowed", bound=Select[*tuple[Any, ...]])  # Any: whatever is asked for

_ORDERS = {
    "slip": (Project.slip_workdays.desc(), Project.id),
    "handover": (Project.forecast_handover_on, Project.id),
    "name": (Project.name, Project.id),
    "newest": (Project.id.desc(),),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of projects is narrowed to; empty fields do not narrow."""

    text: str = ""
    health: tuple[str, ...] = ()
    concierge_id: int | None = None
    country: str = ""
    account_id: int | None = None
    mine: bool = False
    sort: str = "slip"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and how many there are in all."""

    projects: Sequence[Project]
    total: int
    page: int
    pages: int


def projects_page(viewer: Viewer, wanted: Filter) -> Page:
    """One page of the projects a viewer may see, with account, site, concierge and product names loaded."""
    question = _narrowed(sa.select(Project.id), viewer, wanted)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    order = _ORDERS.get(wanted.sort, _ORDERS["slip"])
    ids = _narrowed(sa.select(Project), viewer, wanted).order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
    rows = db.session.scalars(
        ids.options(joinedload(Project.account), joinedload(Project.site), joinedload(Project.concierge))
    ).all()
    return Page(rows, total, page, pages)


def all_projects(viewer: Viewer, wanted: Filter) -> Sequence[Project]:
    """Every project that a filter leaves, in its order, for exports and commands."""
    question = _narrowed(sa.select(Project), viewer, wanted).order_by(*_ORDERS[wanted.sort])
    loaded = (joinedload(Project.account), joinedload(Project.site), joinedload(Project.order))
    return db.session.scalars(question.options(*loaded)).all()


def counts_by_health(viewer: Viewer) -> dict[Health, int]:
    """How many projects are in each state of health."""
    rows = db.session.execute(
        visible_to(viewer, sa.select(Project.health, sa.func.count()).group_by(Project.health))
    )
    return {row[0]: row[1] for row in rows}


def project_by_key(viewer: Viewer, key: str) -> Project:
    """One project with its account, site, order, people, milestones and gates.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    project = db.session.scalar(
        visible_to(viewer, sa.select(Project).where(Project.key == key.upper())).options(*_whole())
    )
    if project is None:
        raise NotFound
    return project


def project_for_change(project_id: int) -> Project:
    """One project, whole and locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    project = db.session.scalar(
        sa.select(Project)
        .where(Project.id == project_id)
        .with_for_update(of=Project)
        .options(*_whole())
        .execution_options(populate_existing=True)
    )
    if project is None:
        raise NotFound
    return project


def gate_says(project_id: int, kind: GateKind, *, open_items: int, holding: list[dict[str, Any]]) -> bool:
    """Whether a gate says exactly this already, so that nothing has to be laid out again."""
    gate = db.session.scalar(sa.select(Gate).where(Gate.project_id == project_id, Gate.kind == kind))
    if gate is None or (gate.open_items, gate.holding) != (open_items, holding):
        return False
    return (gate.state is GateState.CLEAR) is (open_items == 0)


def milestone_for(viewer: Viewer, key: str, milestone_id: int) -> tuple[Project, Milestone]:
    """A milestone of a project that the viewer may see.

    :raises NotFound: when the project has no such milestone, or the viewer may not see it.
    """
    project = project_by_key(viewer, key)
    for milestone in project.milestones:
        if milestone.id == milestone_id:
            return project, milestone
    raise NotFound


def project_of_order(order_id: int) -> Project | None:
    """The project that an order became, None when it did not yet."""
    return db.session.scalar(sa.select(Project).where(Project.order_id == order_id))


def projects_of_account(viewer: Viewer, account_id: int) -> Sequence[Project]:
    """The projects of one account, newest first."""
    question = sa.select(Project).where(Project.account_id == account_id).order_by(Project.id.desc())
    return db.session.scalars(visible_to(viewer, question).options(joinedload(Project.site))).all()


def baselines_of(project_id: int) -> Sequence[Baseline]:
    """The plans of a project that were kept, oldest first, with their dates."""
    question = sa.select(Baseline).where(Baseline.project_id == project_id).order_by(Baseline.number)
    return db.session.scalars(question.options(selectinload(Baseline.milestones))).all()


def open_proposals(viewer: Viewer, *, project_id: int | None = None) -> Sequence[Proposal]:
    """What order documents ask and nobody has decided, oldest first."""
    question = sa.select(Proposal).join(Proposal.project).where(Proposal.state == ProposalState.OPEN)
    if project_id is not None:
        question = question.where(Proposal.project_id == project_id)
    question = visible_to(viewer, question.order_by(Proposal.id))
    return db.session.scalars(
        question.options(joinedload(Proposal.project).joinedload(Project.account))
    ).all()


def proposals_of(project_id: int) -> Sequence[Proposal]:
    """Everything that order documents asked of a project, oldest first."""
    return db.session.scalars(
        sa.select(Proposal).where(Proposal.project_id == project_id).order_by(Proposal.id)
    ).all()


def proposal_for(viewer: Viewer, key: str, proposal_id: int) -> tuple[Project, Proposal]:
    """A proposal to a project that the viewer may see.

    :raises NotFound: when the project has no such proposal, or the viewer may not see it.
    """
    project = project_by_key(viewer, key)
    proposal = db.session.get(Proposal, proposal_id)
    if proposal is None or proposal.project_id != project.id:
        raise NotFound
    return project, proposal


def open_project_ids() -> Sequence[int]:
    """Ids of all projects under way or waiting for approval, in order."""
    is_open = Project.state.in_([ProjectState.LIVE, ProjectState.DRAFT])
    return db.session.scalars(sa.select(Project.id).where(is_open).order_by(Project.id)).all()


def promises_kept(viewer: Viewer, *, since: date) -> tuple[int, int]:
    """Handovers finished since a day: how many by their promise, and how many in all."""
    question = sa.select(
        sa.func.count().filter(Project.finished_on <= Project.promised_handover_on), sa.func.count()
    ).where(Project.state == ProjectState.DONE, Project.finished_on >= since)
    kept, total = db.session.execute(visible_to(viewer, question)).one()
    return kept, total


def playbooks_of(project_id: int) -> Sequence[ProjectPlaybook]:
    """The playbook versions that a project follows, with milestones, visits and items."""
    version = joinedload(ProjectPlaybook.version)
    milestones = version.selectinload(PlaybookVersion.milestones)
    return db.session.scalars(
        sa.select(ProjectPlaybook)
        .where(ProjectPlaybook.project_id == project_id)
        .order_by(ProjectPlaybook.id)
        .options(
            joinedload(ProjectPlaybook.line).joinedload(OrderLine.product),
            milestones.selectinload(PlaybookMilestone.visits),
            version.selectinload(PlaybookVersion.items),
            version.joinedload(PlaybookVersion.playbook),
        )
    ).all()


def order_whole(order_id: int) -> Order:
    """An order with its lines, what they mean, account and site.

    :raises NotFound: when there is none.
    """
    order = db.session.scalar(
        sa.select(Order)
        .where(Order.id == order_id)
        .options(
            selectinload(Order.lines).joinedload(OrderLine.product),
            joinedload(Order.account),
            joinedload(Order.site),
        )
    )
    if order is None:
        raise NotFound
    return order


def products_sold(order_id: int) -> frozenset[str]:
    """The keys of everything that an order's lines mean; an option among them changes what its site is asked."""
    keys = db.session.scalars(
        sa.select(Product.key)
        .join(OrderLine, OrderLine.product_id == Product.id)
        .where(OrderLine.order_id == order_id, OrderLine.cancelled.is_(False))
    )
    return frozenset(keys)


def concierge_with_least() -> User | None:
    """The active concierge who looks after the fewest open projects."""
    busy = (
        sa.select(sa.func.count(Project.id))
        .where(Project.concierge_id == User.id, Project.state.in_([ProjectState.DRAFT, ProjectState.LIVE]))
        .scalar_subquery()
    )
    return db.session.scalar(
        sa.select(User)
        .where(User.role == Role.CONCIERGE, User.state == AccessState.ACTIVE)
        .order_by(busy, User.id)
        .limit(1)
    )


def concierges() -> Sequence[User]:
    """People who can look after a project, by name."""
    wanted = User.role.in_([Role.CONCIERGE, Role.MANAGER, Role.ADMINISTRATOR])
    return db.session.scalars(
        sa.select(User).where(wanted, User.state == AccessState.ACTIVE).order_by(User.name, User.id)
    ).all()


def staff() -> Sequence[User]:
    """Everybody who can be accountable for a milestone, by name."""
    return db.session.scalars(
        sa.select(User).where(User.state == AccessState.ACTIVE).order_by(User.name, User.id)
    ).all()


def found_with_account(account_id: int) -> Sequence[Project]:
    """Every project that is found by a customer's name."""
    return db.session.scalars(
        sa.select(Project).where(Project.account_id == account_id).order_by(Project.id)
    ).all()


def found_by(viewer: Viewer, text: str, *, most: int = 8) -> Sequence[Project]:
    """Projects whose key, name, account or order number holds a text, for the search."""
    question = (
        _narrowed(sa.select(Project), viewer, Filter(text=text)).order_by(Project.id.desc()).limit(most)
    )
    return db.session.scalars(question.options(joinedload(Project.account))).all()


def _narrowed(question: Narrowed, viewer: Viewer, wanted: Filter) -> Narrowed:
    question = visible_to(viewer, question)
    known = {health.value: health for health in Health}
    healths = [known[value] for value in wanted.health if value in known]
    if healths:
        question = question.where(Project.health.in_(healths))
    if wanted.mine:
        question = question.where(Project.concierge_id == viewer.user_id)
    if wanted.concierge_id is not None:
        question = question.where(Project.concierge_id == wanted.concierge_id)
    if wanted.account_id is not None:
        question = question.where(Project.account_id == wanted.account_id)
    if wanted.country:
        question = question.join(Site, Site.id == Project.site_id).where(
            Site.country == wanted.country.upper()
        )
    return question.where(*matches(wanted.text, Project))


def _whole() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    return (
        joinedload(Project.account),
        joinedload(Project.site),
        joinedload(Project.contact),
        joinedload(Project.concierge),
        joinedload(Project.order),
        selectinload(Project.milestones).selectinload(Milestone.links),
        selectinload(Project.milestones).joinedload(Milestone.owner),
        selectinload(Project.gates),
    )
