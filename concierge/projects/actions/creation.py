"""An order becomes a project in one act."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.models import Account
from concierge.catalogue.actions.standard import standard_version
from concierge.catalogue.states import DaysOf, GateKind, LagUnit, LinkKind, MilestoneKind, ProductKind
from concierge.orders.models import Order, OrderLine
from concierge.platform import clock
from concierge.platform.database import db, insert_rows
from concierge.platform.errors import Refused
from concierge.platform.events import record, record_many
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions.laying_out import follow, follow_all
from concierge.projects.events import PlanRenewed, ProjectCreated
from concierge.projects.models import (
    Gate,
    Milestone,
    MilestoneLink,
    Project,
    ProjectPlaybook,
)
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import MilestoneState, ProjectState


def create_project(order_id: int, *, actor_id: int | None, at: datetime) -> Project:
    """Merge the playbooks of an order's lines into one plan and lay it out; a draft until it is approved.

    An order that became a project already gives that project.
    """
    known = queries.project_of_order(order_id)
    if known is not None:
        return queries.project_for_change(known.id)
    (project,) = create_projects([order_id], actor_id=actor_id, at=at)
    return project


def create_projects(order_ids: Collection[int], *, actor_id: int | None, at: datetime) -> list[Project]:
    """Plan the projects of many orders in one act, as `create_project` does each; none of them is one yet.

    :raises Refused: when every line of one of them is cancelled.
    """
    orders = queries.orders_whole(order_ids)
    keys = _next_keys([order.account_id for order in orders])
    concierges = queries.concierges_with_least(len(orders))
    projects = [
        Project(
            key=key,
            name=_name(order),
            order_id=order.id,
            account_id=order.account_id,
            site_id=order.site_id,
            contact_id=order.contact_id,
            concierge_id=concierge_id,
            created_at=at,
            starts_on=clock.day_at(at, order.site.zone),
            requested_from=order.requested_from,
            requested_to=order.requested_to,
        )
        for order, key, concierge_id in zip(orders, keys, concierges, strict=True)
    ]
    db.session.add_all(projects)
    db.session.flush()
    insert_rows(Gate, [{"project_id": project.id, "kind": kind} for project in projects for kind in GateKind])
    _plan_anew(list(zip(projects, orders, strict=True)), at=at)
    projects = queries.projects_for_change([project.id for project in projects])
    follow_all(projects, at=at, actor_id=actor_id, why=Reason(Because.ORDER_PLANNED))
    record_many(
        [
            ProjectCreated(
                at=at,
                actor_id=actor_id,
                project_id=project.id,
                order_id=project.order_id,
                key=project.key,
                name=project.name,
            )
            for project in projects
        ]
    )
    return projects


def renew_plan(project_id: int, *, reason: Reason, actor_id: int | None, at: datetime) -> None:
    """Lay a draft out again from its order, whose lines or dates changed.

    :raises Refused: when the plan is approved; then a proposal is the way.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.DRAFT:
        raise Refused(_("This plan is approved. Changes to it are proposed and decided, not laid over it."))
    order = queries.order_whole(project.order_id)
    project.name = _name(order)
    project.requested_from, project.requested_to = order.requested_from, order.requested_to
    for table in (Milestone, ProjectPlaybook):
        db.session.execute(sa.delete(table).where(table.project_id == project.id))
    db.session.flush()
    db.session.expire(project, ["milestones"])
    _plan_anew([(project, order)], at=at)
    project = queries.project_for_change(project.id)
    follow(project, at=at, actor_id=actor_id, why=reason)
    record(PlanRenewed(at=at, actor_id=actor_id, project_id=project.id, reason="", because=reason.as_json()))


def _next_keys(account_ids: Sequence[int]) -> list[str]:
    """The next key of the account of each."""
    accounts = {
        account.id: account
        for account in db.session.scalars(
            sa.select(Account)
            .where(Account.id.in_(set(account_ids)))
            .order_by(Account.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    keys = []
    for account_id in account_ids:
        account = accounts[account_id]
        keys.append(f"{account.key}-{1000 + account.next_number}")
        account.next_number += 1
    return keys


def _name(order: Order) -> str:
    """The account and what it gets; the order's number where nothing is matched."""
    instruments = [
        line.product.name
        for line in order.lines
        if line.product is not None and line.product.kind is ProductKind.INSTRUMENT and not line.cancelled
    ]
    what = " + ".join(dict.fromkeys(instruments)) or f"order {order.number}"
    return f"{order.account.name}: {what}"


def _plan_anew(of: Sequence[tuple[Project, Order]], *, at: datetime) -> None:
    """Write the milestones of projects without any, and what they wait for, from their orders."""
    lines_of = {
        project.id: [line for line in order.lines if not line.cancelled and line.quantity > 0]
        for project, order in of
    }
    planned_of = _planned_lines(lines_of, at=at)
    if not all(planned_of.values()):
        raise Refused(_("Every line of this order is cancelled, so there is nothing to plan."))
    insert_rows(
        ProjectPlaybook,
        [
            {
                "project_id": project_id,
                "order_line_id": one.line.id,
                "version_id": one.version.id,
                "quantity": plans.units(one.line.quantity),
            }
            for project_id, planned in planned_of.items()
            for one in planned
        ],
    )
    drafts, rows = [], []
    for project, _order in of:
        sold = {line.product.kind for line in lines_of[project.id] if line.product is not None}
        for position, draft in enumerate(plans.merged(planned_of[project.id], sold=sold)):
            drafts.append(draft)
            rows.append(_row(project, draft, position))
    numbers = insert_rows(Milestone, rows)
    ids = {(row["project_id"], row["key"]): number for row, number in zip(rows, numbers, strict=True)}
    insert_rows(
        MilestoneLink,
        [
            {
                "milestone_id": number,
                "predecessor_id": ids[row["project_id"], link.predecessor],
                "kind": LinkKind(link.kind.value),
                "lag": link.lag,
                "lag_unit": LagUnit(link.unit.value),
            }
            for row, number, draft in zip(rows, numbers, drafts, strict=True)
            for link in draft.step.links
        ],
    )


def _planned_lines(
    lines_of: Mapping[int, Sequence[OrderLine]], *, at: datetime
) -> dict[int, list[plans.PlannedLine]]:
    """The lines of each project that bring a playbook; an order without any gets the standard one."""
    instruments = {
        project_id: [
            line for line in lines if line.product is not None and line.product.kind is ProductKind.INSTRUMENT
        ]
        for project_id, lines in lines_of.items()
    }
    versions = queries.versions_to_plan(
        line.product_id for lines in instruments.values() for line in lines if line.product_id
    )
    planned = {
        project_id: [
            plans.PlannedLine(line, versions[line.product_id], line.product)
            for line in lines
            if line.product_id in versions
        ]
        for project_id, lines in instruments.items()
    }
    for project_id, lines in lines_of.items():
        if lines and not planned[project_id]:
            planned[project_id] = [plans.PlannedLine(lines[0], standard_version(at=at), None)]
    return planned


def _row(
    project: Project, draft: plans.DraftMilestone, position: int
) -> dict[str, Any]:  # Any: values of columns
    """A milestone of a new plan. The order is in, so its acceptance has happened on the day the plan starts."""
    kind = draft.template.kind
    happened_on = project.starts_on if kind is MilestoneKind.ORDER_ACCEPTED else None
    wanted_on = project.requested_from or project.requested_to if kind is MilestoneKind.DELIVERED else None
    return {
        "project_id": project.id,
        "position": position,
        "key": draft.step.key,
        "name": draft.name,
        "kind": kind,
        "team": draft.template.team,
        "audience": draft.template.audience,
        "workdays": draft.step.workdays,
        "days_of": DaysOf(draft.step.calendar),
        "just_in_time": draft.step.just_in_time,
        "playbook_milestone_id": draft.template.id,
        "order_line_id": draft.line.line.id if draft.line else None,
        "not_before_on": wanted_on,
        "state": MilestoneState.DONE if happened_on else MilestoneState.PLANNED,
        "started_on": happened_on,
        "finished_on": happened_on,
    }
