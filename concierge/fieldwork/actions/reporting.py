"""What follows for the plan from what a technician found: a site that is not ready, what is read off a unit."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from concierge.equipment import queries as equipment
from concierge.equipment.actions import keeping
from concierge.fieldwork import plan, queries
from concierge.fieldwork.events import NotReadyWithdrawn, SiteNotReady
from concierge.fieldwork.models import FieldChange, FieldStep, NotReady, PhotoUpload
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.actions import delays, milestones
from concierge.projects.models import Milestone
from concierge.projects.queries import lost_days
from concierge.projects.states import BlockCause, MilestoneState
from concierge.visits.models import Visit

EARLY = timedelta(hours=12)
"""Who begins so long before a visit's time had another time on their device."""


def report_not_ready(
    visit: Visit,
    row: FieldChange,
    *,
    cause: BlockCause,
    note: str,
    upload: PhotoUpload | None,
    happened_at: datetime,
    at: datetime,
) -> str:
    """Keep that a site is not ready: its milestone is blocked, and the days are booked from that day on.

    :param happened_at: when it was found.
    :return: why nothing could be blocked, as a sentence; empty when something was.
    """
    report = NotReady(
        change_id=row.id,
        cause=cause,
        note=note,
        photo_id=upload.file_id if upload else None,
        small_id=upload.small_id if upload else None,
    )
    db.session.add(report)
    if upload is not None:
        db.session.delete(upload)
    db.session.flush()
    problem = ""
    if row.stray is None:
        try:
            with db.session.begin_nested():
                report.milestone_id = _block(
                    visit, cause=cause, note=note, found_at=happened_at, actor_id=row.user_id, at=at
                )
                db.session.flush()
        except Refused as refusal:
            db.session.refresh(report)
            problem = refusal.sentence
    record(
        SiteNotReady(
            at=at,
            actor_id=row.user_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            milestone_id=report.milestone_id,
            cause=cause.value,
            note=note,
        )
    )
    return problem


def withdraw_not_ready(report_id: int, *, actor_id: int | None, at: datetime) -> NotReady:
    """Take back that a site is not ready: its milestone goes on, and the booked days end.

    :raises NotFound: when there is no such report.
    :raises Refused: when it was taken back before.
    """
    report = queries.report_for_change(report_id)
    if report.withdrawn_at is not None:
        raise Refused(_("This was taken back before."))
    visit = db.session.get_one(Visit, report.change.visit_id)
    report.withdrawn_at, report.withdrawn_by_id = at, actor_id
    db.session.flush()
    if report.milestone_id is not None and _is_blocked(visit, report.milestone_id):
        milestones.unblock(visit.project_id, report.milestone_id, actor_id=actor_id, at=at)
    record(
        NotReadyWithdrawn(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            milestone_id=report.milestone_id,
        )
    )
    return report


def _block(
    visit: Visit, *, cause: BlockCause, note: str, found_at: datetime, actor_id: int, at: datetime
) -> int:
    """Block what the visit is for, and count its days from when it was found.

    :raises Refused: when the visit is for nothing in the plan, or that cannot be blocked.
    """
    if visit.milestone_id is None:
        raise Refused(_("This visit belongs to nothing in the plan, so nothing was blocked."))
    milestones.block(
        visit.project_id, visit.milestone_id, cause=cause, reason=note[:500], actor_id=actor_id, at=at
    )
    found_on = clock.day_at(found_at, visit.zone)
    for delay in lost_days.open_delays(visit.project_id, milestone_id=visit.milestone_id):
        if delay.is_from_block and found_on < delay.first_on:
            delays.amend(
                delay.id,
                milestone_id=delay.milestone_id,
                party=delay.party,
                team=delay.team,
                cause=delay.cause,
                first_on=found_on,
                last_on=delay.last_on,
                reason=delay.reason,
                actor_id=actor_id,
                at=at,
            )
    return visit.milestone_id


def _is_blocked(visit: Visit, milestone_id: int) -> bool:
    found = db.session.get(Milestone, milestone_id)
    return found is not None and found.state is MilestoneState.BLOCKED


def note_of_unit(visit: Visit, step: FieldStep, value: str, *, actor_id: int, at: datetime) -> str:
    """Write the serial number or the software that was read at the site to the unit, where it is known which.

    :param step: one of those of which `queries.is_of_unit` holds.
    :return: why that could not be done, as a sentence; empty when it was, or nothing is known.
    """
    asset_id = step.asset_id
    if asset_id is None:
        ids = queries.unit_ids_of([visit])[visit.id]
        asset_id = ids[0] if len(ids) == 1 else None
    if asset_id is None or not value.strip():
        return ""
    try:
        with db.session.begin_nested():
            asset = equipment.asset_for_change(asset_id)
            if queries.is_software(step):
                new: dict[str, Any] = {"software": plan.software_after(asset.software, value)}
            else:
                new = {"serial": value.strip()}
            keeping.change_asset(asset, project_id=visit.project_id, at=at, actor_id=actor_id, **new)
    except Refused as refusal:
        return refusal.sentence
    return ""
