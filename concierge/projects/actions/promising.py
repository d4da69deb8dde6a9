"""The ledger of dates that customers were shown. Rows are only added, by whoever shows a date to a customer.

What was shown was shown: an agreement that is taken back stays in the ledger, with a note.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from concierge.catalogue.states import Audience
from concierge.platform import clock
from concierge.platform.database import db, insert
from concierge.projects.actions.judging import handover_of
from concierge.projects.models import Milestone, Project, Promise
from concierge.projects.states import MilestoneState, ShownOn

LONGEST_REFERENCE = 120

Entry = dict[str, Any]  # Any: the columns of one row


@dataclass(frozen=True, slots=True)
class ShownDate:
    """The day of one milestone as the customer reads it; ``start_on`` where a period is shown."""

    milestone_key: str
    finish_on: date
    start_on: date | None = None


def note_shown(
    project: Project,
    dates: Iterable[ShownDate] | None = None,
    *,
    shown_on: ShownOn,
    reference: str,
    at: datetime,
    by_id: int | None,
    is_agreed: bool = False,
) -> int:
    """Note the dates that a customer has just been shown; return how many are promises.

    Only what the customer sees and what still lies ahead is a promise: internal milestones, milestones that are
    done or left out, and days that are over when they are shown promise nothing. The same date on the same channel
    again is the same promise and adds no row.

    :param project: with site and milestones.
    :param dates: what was shown; None: every milestone the customer sees, as it is planned today.
    :param reference: the code of the document, the address of the letter, the name of the file.
    """
    found = entries(
        project,
        dates,
        shown_on=shown_on,
        reference=reference,
        at=at,
        by_id=by_id,
        is_agreed=is_agreed,
    )
    write(found, session=db.session())
    return len(found)


def entries(
    project: Project,
    dates: Iterable[ShownDate] | None,
    *,
    shown_on: ShownOn,
    reference: str,
    at: datetime,
    by_id: int | None,
    is_agreed: bool = False,
) -> Sequence[Entry]:
    """The rows that `note_shown` adds, as values: for a page that only reads and writes them aside."""
    last = handover_of(project.milestones)
    return [
        {
            "project_id": project.id,
            "account_id": project.account_id,
            "milestone_id": milestone.id,
            "milestone_key": milestone.key,
            "is_handover": milestone is last,
            "start_on": shown.start_on,
            "finish_on": shown.finish_on,
            "shown_on": shown_on,
            "shown_at": at,
            "told_on": clock.day_at(at, project.site.zone),
            "reference": reference[:LONGEST_REFERENCE],
            "by_id": by_id,
            "is_agreed": is_agreed,
        }
        for milestone, shown in promised_by(project, dates, at=at)
    ]


def write(found: Sequence[Entry], *, session: Session) -> None:
    """Add rows to the ledger, but for those that are in it; one that was taken back stands again."""
    if found:
        known = ("project_id", "milestone_key", "shown_on", "finish_on")
        row = insert(Promise).values(found)
        anew = ("shown_at", "told_on", "reference", "by_id", "is_agreed")
        session.execute(
            row.on_conflict_do_update(
                index_elements=known,
                set_={
                    **{name: row.excluded[name] for name in anew},
                    "taken_back_at": None,
                    "taken_back_by_id": None,
                },
                where=Promise.taken_back_at.is_not(None),
            )
        )


def take_back(
    project_id: int, *, agreed_at: datetime, is_again: bool = False, actor_id: int | None, at: datetime
) -> int:
    """Note that an agreement was taken back, or stands again; its dates stay in the ledger. Return how many.

    :param agreed_at: the instant of the agreement.
    """
    dates = db.session.scalars(
        sa.select(Promise)
        .where(
            Promise.project_id == project_id,
            Promise.shown_on == ShownOn.AGREEMENT,
            Promise.shown_at == agreed_at,
        )
        .execution_options(populate_existing=True)
    ).all()
    for one in dates:
        one.taken_back_at = None if is_again else at
        one.taken_back_by_id = None if is_again else actor_id
    db.session.flush()
    return len(dates)


def promised_by(
    project: Project, dates: Iterable[ShownDate] | None, *, at: datetime
) -> Sequence[tuple[Milestone, ShownDate]]:
    """Which of the dates that are shown are promises, each once, with their milestones."""
    today = clock.day_at(at, project.site.zone)
    visible = {
        milestone.key: milestone
        for milestone in project.milestones
        if milestone.audience is Audience.CUSTOMER
        and milestone.state not in {MilestoneState.DONE, MilestoneState.SKIPPED}
    }
    wanted = planned_dates(visible.values()) if dates is None else dates
    found = {
        (shown.milestone_key, shown.finish_on): shown
        for shown in wanted
        if shown.milestone_key in visible and shown.finish_on >= today
    }
    return [(visible[key], shown) for (key, _), shown in found.items()]


def planned_dates(milestones: Iterable[Milestone]) -> Sequence[ShownDate]:
    """The dates of milestones as they are planned today."""
    return [
        ShownDate(milestone.key, milestone.finish_on, milestone.start_on)
        for milestone in milestones
        if milestone.finish_on is not None
    ]
