"""Questions about one project: its plan, its order, its people."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion, Product
from concierge.catalogue.states import GateKind
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import (
    Baseline,
    Gate,
    Hold,
    Milestone,
    Project,
    ProjectPlaybook,
    Proposal,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import GateState, ProjectState, ProposalState


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


def seen_among(viewer: Viewer, project_ids: Collection[int]) -> dict[int, str]:
    """The keys of those projects that a viewer may see, by id."""
    question = sa.select(Project.id, Project.key).where(Project.id.in_(project_ids))
    return {row.id: row.key for row in db.session.execute(visible_to(viewer, question))}


def gate_says(project_id: int, kind: GateKind, *, open_items: int, holding: list[dict[str, Any]]) -> bool:
    """Whether a gate says exactly this already, so that nothing has to be laid out again."""
    gate = db.session.scalar(sa.select(Gate).where(Gate.project_id == project_id, Gate.kind == kind))
    if gate is None or (gate.open_items, gate.holding) != (open_items, holding):
        return False
    return (gate.state is GateState.CLEAR) is (open_items == 0)


def open_hold(project_id: int) -> Hold | None:
    """The hold that a project is in; None while work goes on."""
    return db.session.scalar(
        sa.select(Hold).where(Hold.project_id == project_id, Hold.resumed_on.is_(None)).order_by(Hold.id)
    )


def holds_of(project_id: int) -> Sequence[Hold]:
    """Every hold of a project, earliest first, with who put it on hold."""
    question = sa.select(Hold).where(Hold.project_id == project_id).order_by(Hold.first_on, Hold.id)
    return db.session.scalars(question.options(joinedload(Hold.held_by))).all()


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


def playbooks_of(project_id: int, *, whole: bool = False) -> Sequence[ProjectPlaybook]:
    """The playbook versions that a project follows, with milestones, visits and items.

    :param whole: with links, messages and fields too, as comparing two versions needs.
    """
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
            *(
                (
                    milestones.selectinload(PlaybookMilestone.links),
                    version.selectinload(PlaybookVersion.messages),
                    version.selectinload(PlaybookVersion.fields),
                )
                if whole
                else ()
            ),
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
