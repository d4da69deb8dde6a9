"""An order becomes a project in one act."""

from collections.abc import Sequence
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
from concierge.platform.events import record
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions.laying_out import follow
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
    order = queries.order_whole(order_id)
    concierge = queries.concierge_with_least()
    project = Project(
        key=_next_key(order.account_id),
        name=_name(order),
        order_id=order.id,
        account_id=order.account_id,
        site_id=order.site_id,
        contact_id=order.contact_id,
        concierge_id=concierge.id if concierge else None,
        created_at=at,
        starts_on=clock.day_at(at, order.site.zone),
        requested_from=order.requested_from,
        requested_to=order.requested_to,
    )
    db.session.add(project)
    db.session.flush()
    insert_rows(Gate, [{"project_id": project.id, "kind": kind} for kind in GateKind])
    _plan_anew(project, order, at=at)
    project = queries.project_for_change(project.id)
    follow(project, at=at, actor_id=actor_id, why=Reason(Because.ORDER_PLANNED))
    record(
        ProjectCreated(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            order_id=order.id,
            key=project.key,
            name=project.name,
        )
    )
    return project


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
    _plan_anew(project, order, at=at)
    project = queries.project_for_change(project.id)
    follow(project, at=at, actor_id=actor_id, why=reason)
    record(PlanRenewed(at=at, actor_id=actor_id, project_id=project.id, reason="", because=reason.as_json()))


def _next_key(account_id: int) -> str:
    account = db.session.scalars(
        sa.select(Account)
        .where(Account.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    number = account.next_number
    account.next_number += 1
    return f"{account.key}-{1000 + number}"


def _name(order: Order) -> str:
    """The account and what it gets; the order's number where nothing is matched."""
    instruments = [
        line.product.name
        for line in order.lines
        if line.product is not None and line.product.kind is ProductKind.INSTRUMENT and not line.cancelled
    ]
    what = " + ".join(dict.fromkeys(instruments)) or f"order {order.number}"
    return f"{order.account.name}: {what}"


def _plan_anew(project: Project, order: Order, *, at: datetime) -> None:
    lines = [line for line in order.lines if not line.cancelled and line.quantity > 0]
    planned = _planned_lines(lines, at=at)
    if not planned:
        raise Refused(_("Every line of this order is cancelled, so there is nothing to plan."))
    insert_rows(
        ProjectPlaybook,
        [
            {
                "project_id": project.id,
                "order_line_id": one.line.id,
                "version_id": one.version.id,
                "quantity": plans.units(one.line.quantity),
            }
            for one in planned
        ],
    )
    sold = {line.product.kind for line in lines if line.product is not None}
    drafts = plans.merged(planned, sold=sold)
    rows = [_row(project, draft, position) for position, draft in enumerate(drafts)]
    ids = {row["key"]: row_id for row, row_id in zip(rows, insert_rows(Milestone, rows), strict=True)}
    insert_rows(
        MilestoneLink,
        [
            {
                "milestone_id": ids[draft.step.key],
                "predecessor_id": ids[link.predecessor],
                "kind": LinkKind(link.kind.value),
                "lag": link.lag,
                "lag_unit": LagUnit(link.unit.value),
            }
            for draft in drafts
            for link in draft.step.links
        ],
    )


def _planned_lines(lines: Sequence[OrderLine], *, at: datetime) -> list[plans.PlannedLine]:
    """The lines that bring a playbook; an order without any gets the standard one."""
    instruments = [
        line for line in lines if line.product is not None and line.product.kind is ProductKind.INSTRUMENT
    ]
    versions = queries.versions_to_plan(line.product_id for line in instruments if line.product_id)
    planned = [
        plans.PlannedLine(line, versions[line.product_id], line.product)
        for line in instruments
        if line.product_id in versions
    ]
    if planned or not lines:
        return planned
    return [plans.PlannedLine(lines[0], standard_version(at=at), None)]


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
