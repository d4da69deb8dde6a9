"""Issuing a checklist, and dating it anew when delivery moves."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask_babel import gettext as _

from concierge.catalogue.states import DueDays, MilestoneKind
from concierge.core import conditions
from concierge.platform import settings
from concierge.platform.database import db, insert_rows, update_rows
from concierge.platform.errors import Refused
from concierge.platform.events import record, record_many
from concierge.projects import queries as projects
from concierge.projects.calendars import site_calendars
from concierge.projects.models import Milestone, Project
from concierge.readiness import plan, queries, scope
from concierge.readiness.actions import computing
from concierge.readiness.actions.renewing import judge_again
from concierge.readiness.events import ChecklistIssued, ChecklistRedated
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import ItemState, Verdict

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
    found = issue_checklists([project], at=at, actor_id=actor_id, is_quiet=is_quiet)
    if not found:
        raise NothingToAsk(
            _("No playbook of this project asks anything of the site. Match its order lines first.")
        )
    return found[project.id]


def issue_checklists(
    of: Sequence[Project], *, at: datetime, actor_id: int | None, is_quiet: bool = False
) -> dict[int, Checklist]:
    """Issue the checklists of projects that have none, all in one act; by project.

    Those of whose site the playbooks ask nothing are left out.

    :param of: with their milestones.
    """
    sold = projects.products_sold(of)
    wanted_by = computing.wanted_by_each(of, sold=sold)
    asking = [project for project in of if wanted_by[project.id]]
    key = settings.current().secret_key
    checklists = {}
    for project in asking:
        nonce = secrets.token_hex(16)
        checklists[project.id] = Checklist(
            project_id=project.id,
            issued_at=at,
            anchor_on=delivery_day(project, project.milestones),
            install_on=computing.install_day(project.milestones),
            ordered_on=project.starts_on,
            sold=sorted(sold[project.id]),
            link_nonce=nonce,
            link_hash=scope.link_hash(scope.link_token(nonce, key=key)),
        )
    db.session.add_all(checklists.values())
    db.session.flush()
    rows = []
    for project in asking:
        wanted, checklist = wanted_by[project.id], checklists[project.id]
        contacts, calendar = computing.contacts_of(project), computing.calendar_for(project, wanted)
        asked = conditions.asked({one.key: one.condition for one in wanted}, {})
        rows += [
            {
                **computing.columns(one, checklist, project, contacts=contacts, calendar=calendar),
                "position": position,
                "is_asked": one.key in asked,
            }
            for position, one in enumerate(wanted, 1)
        ]
    insert_rows(ReadinessItem, rows)
    record_many(
        [
            ChecklistIssued(
                at=at,
                actor_id=actor_id,
                project_id=project.id,
                checklist_id=checklists[project.id].id,
                items=len(wanted_by[project.id]),
                is_quiet=is_quiet,
            )
            for project in asking
        ]
    )
    return checklists


def redate_checklist(
    checklist: Checklist,
    *,
    delivery_on: date,
    install_on: date | None = None,
    project: Project | None = None,
    at: datetime,
    actor_id: int | None,
) -> int:
    """Count the due days of open items from other days of delivery and installation; returns how many moved.

    Items that are answered keep the day they were asked for.

    :param checklist: its items need not be loaded.
    :param project: whose site's working days count; `None`: the checklist's, which is then loaded with it.
    """
    if (delivery_on, install_on) == (checklist.anchor_on, checklist.install_on):
        return 0
    is_quiet = delivery_on == checklist.anchor_on  # the letter tells of another day of delivery
    checklist.anchor_on, checklist.install_on = delivery_on, install_on
    return redate_open_items(
        checklist, project or checklist.project, is_quiet=is_quiet, at=at, actor_id=actor_id
    )


def redate_open_items(
    checklist: Checklist, project: Project, *, is_quiet: bool = True, at: datetime, actor_id: int | None
) -> int:
    """Give open items the due days that follow from anchors and working days; returns how many are open, 0 as it was.

    A day that was answered is judged again: what was early enough may have become too late.

    :param checklist: its items need not be loaded.
    :param is_quiet: whether nobody is written to.
    """
    dates = queries.dates_of(checklist.id)
    calendar = computing.calendar_for(project, dates)
    open_ = [one for one in dates if one.is_open]
    days = [(one, plan.due_day(one, checklist, calendar)) for one in open_]
    moved = [(one.id, one.version, {"due_on": day}) for one, day in days if day != one.due_on]
    judged = 0
    if len(open_) < len(dates):
        items = queries.answered_days(checklist)
        otherwise = judge_again(items)
        judged = len(otherwise)
        for item in items:
            if item.key in otherwise and item.verdict is not Verdict.OK:
                item.state = ItemState.ANSWERED
    if not moved and not judged:
        return 0
    update_rows(ReadinessItem, moved)
    return tell_redated(checklist, len(open_), judged=judged, is_quiet=is_quiet, at=at, actor_id=actor_id)


def due_day(item: ReadinessItem) -> date:
    """The day an item is due as things stand; its checklist is loaded."""
    if item.due_days is DueDays.CALENDAR:
        return plan.due_day(item, item.checklist)
    site_id = queries.site_of(item.checklist.project_id)
    return plan.due_day(item, item.checklist, site_calendars([site_id])[site_id])


def tell_redated(
    checklist: Checklist,
    items: int,
    *,
    judged: int = 0,
    is_quiet: bool = False,
    at: datetime,
    actor_id: int | None,
) -> int:
    """Say that open items have other due days; returns how many are open.

    :param items: how many are open.
    :param judged: how many answers are judged otherwise.
    :param is_quiet: whether nobody is written to.
    """
    record(
        ChecklistRedated(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            delivery_on=checklist.anchor_on,
            items=items,
            judged=judged,
            is_quiet=is_quiet,
        )
    )
    return items


def delivery_day(project: Project, milestones: Sequence[Milestone]) -> date:
    """The day from which due days count: delivery, else the start of installation, else eight weeks on."""
    for kind in (MilestoneKind.DELIVERED, MilestoneKind.INSTALLED):
        days = [
            milestone.start_on for milestone in milestones if milestone.kind is kind and milestone.start_on
        ]
        if days:
            return min(days)
    return project.starts_on + timedelta(days=UNPLANNED_DAYS)
