"""Questions about one project: its plan, its order, its people."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import PlaybookLink, PlaybookMilestone, PlaybookVersion, Product
from concierge.catalogue.states import GateKind, PlaybookState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import db, in_hand, read_again_with
from concierge.platform.errors import NotFound
from concierge.platform.events import RecordedEvent
from concierge.platform.prepared import Rows, rows_by_id
from concierge.platform.statements import any_of
from concierge.projects.events import ProjectReminded
from concierge.projects.models import (
    Baseline,
    Gate,
    Hold,
    Milestone,
    MilestoneLink,
    Project,
    ProjectPlaybook,
    Proposal,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import ProjectState, ProposalKind, ProposalState


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
    return _for_change(project_id, with_all=True)


def plan_for_change(project_id: int) -> Project:
    """One project as its plan is laid out and judged: with site, milestones, their links and gates; locked likewise.

    Nobody and nothing else around it is read, unless it was before.

    :raises NotFound: when there is none.
    """
    return _for_change(project_id, with_all=False)


def projects_for_change(project_ids: Collection[int]) -> list[Project]:
    """Many projects, whole and locked until the end of the unit of work, by id; read with a few questions.

    :raises NotFound: when one of them is not there.
    """
    ids = sorted(set(project_ids))
    found = _read_for_change(_MANY, {"project_ids": ids}, with_all=True)
    if len(found) != len(ids):
        raise NotFound
    for project in found:
        keep_in_hand(project)
    return found


def keep_in_hand(project: Project) -> None:
    """Say that a project that is whole knows of every row that its plan has gained since it was read."""
    in_hand(("project", project.id), lambda: project, of=_GRAPH, are_rows=True)


def seen_among(viewer: Viewer, project_ids: Collection[int]) -> dict[int, str]:
    """The keys of those projects that a viewer may see, by id."""
    question = sa.select(Project.id, Project.key).where(Project.id.in_(project_ids))
    return {row.id: row.key for row in db.session.execute(visible_to(viewer, question))}


def gates_of(project_id: int) -> dict[GateKind, Gate]:
    """The gates of a project by their kind."""
    return {gate.kind: gate for gate in _ONE.gates.all(project_id=project_id)}


def reminded_at(project_id: int) -> datetime | None:
    """When a person last had the customer of a project reminded of what is open; None: never."""
    return db.session.scalar(
        sa.select(sa.func.max(RecordedEvent.at)).where(
            RecordedEvent.project_id == project_id, RecordedEvent.name == ProjectReminded.__name__
        )
    )


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
    return playbooks_followed([project_id], whole=whole)[project_id]


def playbooks_followed(
    project_ids: Sequence[int], *, whole: bool = False
) -> dict[int, list[ProjectPlaybook]]:
    """The playbook versions that each of some projects follows, as `playbooks_of`."""
    version = joinedload(ProjectPlaybook.version)
    milestones = version.selectinload(PlaybookVersion.milestones)
    rows = db.session.scalars(
        sa.select(ProjectPlaybook)
        .where(ProjectPlaybook.project_id.in_(project_ids))
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
    # Held, so that the next project that follows them does not read them again.
    versions = {one.version_id: one.version for one in rows}
    key = ("versions followed", tuple(sorted(versions)), whole)
    in_hand(key, lambda: list(versions.values()), of=(), are_rows=True)
    found: dict[int, list[ProjectPlaybook]] = {project_id: [] for project_id in project_ids}
    for one in rows:
        found[one.project_id].append(one)
    return found


def projects_of_orders(order_ids: Collection[int]) -> dict[int, Project]:
    """The projects that orders became, by order; orders that did not yet are left out."""
    question = sa.select(Project).where(Project.order_id.in_(order_ids))
    return {project.order_id: project for project in db.session.scalars(question)}


def order_whole(order_id: int) -> Order:
    """An order with its lines, what they mean, account and site.

    :raises NotFound: when there is none.
    """
    (order,) = orders_whole([order_id])
    return order


def orders_whole(order_ids: Collection[int]) -> list[Order]:
    """Orders with their lines, what these mean, accounts and sites, by id.

    :raises NotFound: when one of them is not there.
    """
    session, asked = db.session(), {"order_ids": sorted(set(order_ids))}
    found = list(session.scalars(_ORDERS, asked))
    if len(found) != len(asked["order_ids"]):
        raise NotFound
    lines: dict[int, list[OrderLine]] = {order.id: [] for order in found}
    for line in session.scalars(_ORDER_LINES, asked):
        lines[line.order_id].append(line)
    for order in found:
        set_committed_value(order, "lines", lines[order.id])
        read_again_with(
            order,
            selectinload(Order.lines).joinedload(OrderLine.product),
            joinedload(Order.account),
            joinedload(Order.site),
        )
    return found


def versions_to_plan(product_ids: Iterable[int]) -> dict[int, PlaybookVersion]:
    """The newest published playbook version of each instrument, by product, with its milestones and their links.

    Products without a published playbook are left out.
    """
    ids = tuple(sorted(set(product_ids)))
    versions = in_hand(
        ("versions to plan", ids),
        lambda: _versions_to_plan(ids),
        of=(Product, PlaybookVersion, PlaybookMilestone, PlaybookLink),
        are_rows=True,
    )
    return dict(versions)


def _versions_to_plan(ids: Sequence[int]) -> Mapping[int, PlaybookVersion]:
    session = db.session()
    found: dict[int, PlaybookVersion] = (
        {row[0]: row[1] for row in session.execute(_VERSIONS, {"ids": ids})} if ids else {}
    )
    asked = {"ids": sorted({version.id for version in found.values()})}
    milestones: dict[int, list[PlaybookMilestone]] = {}
    links: dict[int, list[PlaybookLink]] = {}
    if found:
        for milestone in session.scalars(_TEMPLATES, asked):
            milestones.setdefault(milestone.version_id, []).append(milestone)
        for link in session.scalars(_TEMPLATE_LINKS, asked):
            links.setdefault(link.milestone_id, []).append(link)
    for version in found.values():
        rows = milestones.get(version.id, [])
        set_committed_value(version, "milestones", rows)
        for milestone in rows:
            set_committed_value(milestone, "links", links.get(milestone.id, []))
    return found


def products_sold(projects: Sequence[Project]) -> dict[int, frozenset[str]]:
    """The keys of everything that projects' orders sell, by project; an option among them changes what a site is asked.

    Lines of a change that nobody has accepted are left out.
    """
    agreed_at = agreed_until(projects)
    found: dict[int, set[str]] = {project.id: set() for project in projects}
    rows = db.session.execute(
        sa.select(OrderLine.order_id, OrderLine.named_at, Product.key)
        .join(Product, OrderLine.product_id == Product.id)
        .where(
            OrderLine.order_id.in_([project.order_id for project in projects]), OrderLine.cancelled.is_(False)
        )
    )
    of_order = {project.order_id: project.id for project in projects}
    for order_id, named_at, key in rows:
        until = agreed_at[of_order[order_id]]
        if until is None or named_at is None or named_at <= until:
            found[of_order[order_id]].add(key)
    return {project_id: frozenset(keys) for project_id, keys in found.items()}


def agreed_until(projects: Sequence[Project]) -> dict[int, datetime | None]:
    """Up to when plans have followed what their orders say: approval, or the last change that was accepted, by project.

    `None` for a draft, which follows its order by itself.
    """
    ids = [project.id for project in projects if project.approved_at is not None]
    accepted: dict[int, datetime] = {}
    if ids:
        rows = db.session.execute(
            sa.select(Proposal.project_id, sa.func.max(Proposal.made_at))
            .where(
                Proposal.project_id.in_(ids),
                Proposal.kind == ProposalKind.NEW_DATES,
                Proposal.state == ProposalState.ACCEPTED,
            )
            .group_by(Proposal.project_id)
        )
        accepted = {row[0]: row[1] for row in rows}
    return {
        project.id: project.approved_at
        and max(project.approved_at, accepted.get(project.id, project.approved_at))
        for project in projects
    }


def concierges_with_least(number: int) -> list[int | None]:
    """Who looks after so many new projects, one after the other: each time the active concierge with the fewest open
    ones; `None` for each while there is no concierge.
    """
    busy: list[list[int]] = [list(row) for row in db.session.execute(_LEAST_BUSY)]
    chosen: list[int | None] = []
    for _new in range(number):
        least = min(busy, default=None)
        chosen.append(least[1] if least else None)
        if least:
            least[0] += 1
    return chosen


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


def _around() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    return (
        joinedload(Project.account),
        joinedload(Project.site),
        joinedload(Project.contact),
        joinedload(Project.concierge),
        joinedload(Project.order),
    )


def _whole() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    return (
        *_around(),
        selectinload(Project.milestones).selectinload(Milestone.links),
        selectinload(Project.milestones).joinedload(Milestone.owner),
        selectinload(Project.gates),
    )


_ORDERS = (
    sa.select(Order)
    .where(any_of(Order.id, "order_ids"))
    .order_by(Order.id)
    .options(joinedload(Order.account), joinedload(Order.site))
)
_ORDER_LINES = (
    sa.select(OrderLine)
    .where(any_of(OrderLine.order_id, "order_ids"))
    .order_by(OrderLine.position)
    .options(joinedload(OrderLine.product))
)
_BUSY = (
    sa.select(sa.func.count(Project.id))
    .where(Project.concierge_id == User.id, Project.state.in_([ProjectState.DRAFT, ProjectState.LIVE]))
    .scalar_subquery()
)
_LEAST_BUSY = sa.select(_BUSY, User.id).where(User.role == Role.CONCIERGE, User.state == AccessState.ACTIVE)
_IDS = sa.bindparam("ids", expanding=True, type_=sa.Integer)
_newer = orm.aliased(PlaybookVersion)
_VERSIONS = (
    sa.select(Product.id, PlaybookVersion)
    .join(PlaybookVersion, PlaybookVersion.playbook_id == Product.playbook_id)
    .where(
        Product.id.in_(_IDS),
        PlaybookVersion.state == PlaybookState.PUBLISHED,
        ~sa.exists().where(
            _newer.playbook_id == PlaybookVersion.playbook_id,
            _newer.state == PlaybookState.PUBLISHED,
            _newer.number > PlaybookVersion.number,
        ),
    )
)
_TEMPLATES = (
    sa.select(PlaybookMilestone)
    .where(PlaybookMilestone.version_id.in_(_IDS))
    .order_by(PlaybookMilestone.position, PlaybookMilestone.id)
)
_TEMPLATE_LINKS = (
    sa.select(PlaybookLink)
    .join(PlaybookMilestone, PlaybookMilestone.id == PlaybookLink.milestone_id)
    .where(PlaybookMilestone.version_id.in_(_IDS))
    .order_by(PlaybookLink.id)
)
_GRAPH = (Project, Milestone, MilestoneLink, Gate)
_OF_PLAN = ("site", "milestones", "gates")
_AROUND = (*_OF_PLAN, "account", "contact", "concierge", "order")
_OF_EACH = ("links", "owner")
"""What is known of each milestone."""
_OF_PROJECT = sa.bindparam("project_id", type_=sa.Integer)


class _Reading:
    """The questions that projects are read for change with.

    :param of: the condition that a column holds the number of one of them.
    """

    def __init__(self, of: Callable[[orm.InstrumentedAttribute[int]], sa.ColumnElement[bool]]) -> None:
        self.projects = Rows(
            sa.select(Project).where(of(Project.id)).order_by(Project.id).with_for_update(of=Project),
            anew=True,
        )
        self.milestones = Rows(
            sa.select(Milestone).where(of(Milestone.project_id)).order_by(Milestone.position), anew=True
        )
        self.links = Rows(
            sa.select(MilestoneLink)
            .join(Milestone, Milestone.id == MilestoneLink.milestone_id)
            .where(of(Milestone.project_id))
            .order_by(MilestoneLink.id),
            anew=True,
        )
        self.gates = Rows(sa.select(Gate).where(of(Gate.project_id)).order_by(Gate.id), anew=True)


_ONE = _Reading(lambda column: column == _OF_PROJECT)
_MANY = _Reading(lambda column: any_of(column, "project_ids"))
_WITH_ALL = _whole()
_OF_MILESTONE = (selectinload(Milestone.links), joinedload(Milestone.owner))


def _for_change(project_id: int, *, with_all: bool) -> Project:
    """What is in hand, if it knows as much of the project and of each milestone; else read anew."""

    def read() -> Project | None:
        return next(iter(_read_for_change(_ONE, {"project_id": project_id}, with_all=with_all)), None)

    project = in_hand(("project", project_id), read, of=_GRAPH, are_rows=True)
    if project is not None and not _is_whole(project, with_all=with_all):
        project = read()
    if project is None:
        raise NotFound
    return project


def _read_for_change(
    reading: _Reading, which: Mapping[str, Any], *, with_all: bool
) -> list[Project]:  # Any: values of parameters
    found = reading.projects.all(**which)
    if not found:
        return []
    milestones: dict[int, list[Milestone]] = {project.id: [] for project in found}
    links: dict[int, list[MilestoneLink]] = {}
    gates: dict[int, list[Gate]] = {project.id: [] for project in found}
    for milestone in reading.milestones.all(**which):
        milestones[milestone.project_id].append(milestone)
    for link in reading.links.all(**which):
        links.setdefault(link.milestone_id, []).append(link)
    for gate in reading.gates.all(**which):
        gates[gate.project_id].append(gate)
    sites = rows_by_id(Site, {project.site_id for project in found})
    for project in found:
        for milestone in milestones[project.id]:
            set_committed_value(milestone, "links", links.get(milestone.id, []))
            read_again_with(milestone, *_OF_MILESTONE)
        set_committed_value(project, "milestones", milestones[project.id])
        set_committed_value(project, "gates", gates[project.id])
        set_committed_value(project, "site", sites[project.site_id])
    if with_all:
        _read_around(found)
    for project in found:
        read_again_with(project, *_WITH_ALL)
    return found


def _read_around(projects: Sequence[Project]) -> None:
    """Who and what is around them."""
    around = (
        ("account", Account, "account_id"),
        ("contact", Contact, "contact_id"),
        ("concierge", User, "concierge_id"),
        ("order", Order, "order_id"),
    )
    for name, table, column in around:
        ids = {getattr(project, column) for project in projects} - {None}
        rows = rows_by_id(table, ids)
        for project in projects:
            set_committed_value(project, name, rows.get(getattr(project, column)))
    milestones = [one for project in projects for one in project.milestones]
    owners = rows_by_id(User, {one.owner_id for one in milestones if one.owner_id is not None})
    for milestone in milestones:
        set_committed_value(milestone, "owner", owners.get(milestone.owner_id or 0))


def _is_whole(project: Project, *, with_all: bool) -> bool:
    """Whether it knows all that and nothing of it was put away since, to be read again."""
    names, of_each = (_AROUND, _OF_EACH) if with_all else (_OF_PLAN, _OF_EACH[:1])
    state = sa.inspect(project)
    if state.detached or state.expired_attributes or not all(name in state.dict for name in names):
        return False
    return all(
        not one.expired_attributes and all(name in one.dict for name in of_each)
        for one in map(sa.inspect, project.milestones)
    )
