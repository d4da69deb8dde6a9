"""Issuing a checklist, and dating it anew when delivery moves."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from concierge.catalogue.models import PlaybookItem
from concierge.catalogue.states import MilestoneKind, Responsible
from concierge.platform import settings
from concierge.platform.database import db, insert_rows
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries as projects
from concierge.projects.models import Milestone, Project
from concierge.readiness import plan, queries, scope
from concierge.readiness.events import ChecklistIssued, ChecklistRedated
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import ItemState

UNPLANNED_DAYS = 56
"""Days after the start of a plan that stand in for delivery while none is planned."""


class AlreadyIssued(Refused):
    """The project has its checklist."""


class NothingToAsk(Refused):
    """No playbook of the project has readiness items."""


def issue_checklist(
    project: Project, *, at: datetime, actor_id: int | None, is_quiet: bool = False
) -> Checklist:
    """Copy the playbooks' items into the project's own checklist, due relative to delivery.

    :param is_quiet: whether the customer is not written to until a person asks for it.
    :raises AlreadyIssued: when there is one.
    :raises NothingToAsk: when the playbooks ask nothing of the site.
    """
    if queries.checklist_of(project.id) is not None:
        raise AlreadyIssued(
            _("The checklist is issued already. Open it, and reopen the items that have changed.")
        )
    sold = projects.products_sold(project.order_id)
    versions = {
        brought.version_id: [item for item in brought.version.items if item.option_key in {"", *sold}]
        for brought in projects.playbooks_of(project.id)
    }
    wanted = plan.merged(list(versions.values()))
    if not wanted:
        raise NothingToAsk(
            _("No playbook of this project asks anything of the site. Match its order lines first.")
        )
    nonce = secrets.token_hex(16)
    checklist = Checklist(
        project_id=project.id,
        issued_at=at,
        anchor_on=delivery_day(project, queries.milestones_of(project.id)),
        link_nonce=nonce,
        link_hash=scope.link_hash(scope.link_token(nonce, key=settings.current().secret_key)),
    )
    db.session.add(checklist)
    db.session.flush()
    insert_rows(
        ReadinessItem,
        [
            _item(checklist, one, position=position, contact_id=project.contact_id)
            for position, one in enumerate(wanted, 1)
        ],
    )
    record(
        ChecklistIssued(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            checklist_id=checklist.id,
            items=len(wanted),
            is_quiet=is_quiet,
        )
    )
    return checklist


def redate_checklist(checklist: Checklist, *, delivery_on: date, at: datetime, actor_id: int | None) -> int:
    """Count the due days of open items from another delivery day; returns how many moved.

    Items that are answered keep the day they were asked for.
    """
    if delivery_on == checklist.anchor_on:
        return 0
    checklist.anchor_on = delivery_on
    for item in checklist.items:
        if item.state is ItemState.OPEN:
            item.due_on = plan.due_on(delivery_on, item.due_offset)
    return tell_redated(checklist, at=at, actor_id=actor_id)


def tell_redated(checklist: Checklist, *, at: datetime, actor_id: int | None) -> int:
    """Say that open items have other due days; returns how many are open."""
    moved = sum(item.state is ItemState.OPEN for item in checklist.items)
    record(
        ChecklistRedated(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            delivery_on=checklist.anchor_on,
            items=moved,
        )
    )
    return moved


def delivery_day(project: Project, milestones: list[Milestone]) -> date:
    """The day from which due days count: delivery, else the start of installation, else eight weeks on."""
    for kind in (MilestoneKind.DELIVERED, MilestoneKind.INSTALLED):
        days = [
            milestone.start_on for milestone in milestones if milestone.kind is kind and milestone.start_on
        ]
        if days:
            return min(days)
    return project.starts_on + timedelta(days=UNPLANNED_DAYS)


def _item(
    checklist: Checklist, wanted: plan.Wanted, *, position: int, contact_id: int | None
) -> dict[str, Any]:  # Any: values of columns
    source: PlaybookItem = wanted.item
    return {
        "checklist_id": checklist.id,
        "position": position,
        "key": wanted.key,
        "section": source.section,
        "type": source.type,
        "requirement": source.requirement,
        "why": source.why,
        "how": source.how,
        "quantity": source.quantity,
        "unit": source.unit,
        "minimum": wanted.minimum,
        "maximum": wanted.maximum,
        "choices": source.choices,
        "responsible": source.responsible,
        "contact_id": contact_id if source.responsible is Responsible.CUSTOMER else None,
        "due_offset": wanted.due_offset,
        "due_on": plan.due_on(checklist.anchor_on, wanted.due_offset),
        "severity": wanted.severity,
        "gate": wanted.gate,
        "evidence_need": wanted.evidence,
        "source": source.source,
        "source_rev": source.source_rev,
        "checked_on": source.checked_on,
    }
