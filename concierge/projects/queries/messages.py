"""Questions about the letters that playbooks send around milestones: which, when, and whether they went out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from concierge.accounts.models import Contact
from concierge.catalogue.models import PlaybookMessage, PlaybookMilestone
from concierge.catalogue.states import Audience
from concierge.core.worktime import WorkCalendar, add_workdays
from concierge.platform.database import db
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Milestone, Project, ProjectPlaybook
from concierge.projects.states import MilestoneState, ProjectState

GRACE_DAYS = 7
"""Days after its day on which a letter may still go out, should nothing have run on the day itself."""
LOOKED_BACK, LOOKED_AHEAD = timedelta(days=420), timedelta(days=420)


@dataclass(frozen=True, slots=True)
class Planned:
    """A letter of a project's playbook, for one of its milestones."""

    message: PlaybookMessage
    milestone: Milestone

    @property
    def key(self) -> str:
        """Names the letter among all letters, whenever it goes out: it does so once."""
        return f"playbook-letter:{self.milestone.project_id}:{self.milestone.id}:{self.message.key}"

    def due_on(self, calendar: WorkCalendar) -> date | None:
        """The day on which it goes out; None where the milestone has no day.

        :param calendar: the working days at the site.
        """
        start_on = self.milestone.start_on
        if start_on is None or self.message.offset_workdays == 0:
            return start_on
        return add_workdays(calendar, start_on, self.message.offset_workdays)

    def may_go(self, *, today: date) -> bool:
        """Whether it still makes sense: what announces a milestone is for nothing once that has begun."""
        if self.milestone.audience is not Audience.CUSTOMER or self.milestone.state is MilestoneState.SKIPPED:
            return False
        begun_on = self.milestone.started_on or self.milestone.finished_on
        return self.message.offset_workdays >= 0 or begun_on is None or begun_on > today


def planned_letters(project_id: int) -> Sequence[Planned]:
    """Every letter that a project's playbooks send, in the order of its milestones."""
    rows = db.session.execute(_letters().where(ProjectPlaybook.project_id == project_id).order_by(*_IN_ORDER))
    return _each_once(rows)


def candidates(*, today: date) -> Sequence[Planned]:
    """Letters of projects under way that may be due: not on hold, with somebody to write to, not sent yet.

    :param today: today somewhere; the days of milestones are looked at generously around it.
    """
    starts = sa.func.coalesce(Milestone.started_on, Milestone.forecast_start_on)
    rows = db.session.execute(
        _letters()
        .join(Project, Project.id == Milestone.project_id)
        .join(Contact, Contact.id == Project.contact_id)
        .where(
            Project.state == ProjectState.LIVE,
            Project.held_on.is_(None),
            Contact.email != "",
            Milestone.audience == Audience.CUSTOMER,
            Milestone.state != MilestoneState.SKIPPED,
            starts.between(today - LOOKED_BACK, today + LOOKED_AHEAD),
        )
        .order_by(Milestone.project_id, *_IN_ORDER)
    )
    near = [one for one in _each_once(rows) if _is_near(one, today)]
    sent = sent_letters(one.key for one in near)
    return [one for one in near if one.key not in sent]


class Written(NamedTuple):
    """A letter that was written."""

    at: datetime
    subject: str
    is_stopped: bool
    """Whether somebody kept it from leaving."""


def sent_letters(keys: Iterable[str]) -> dict[str, Written]:
    """Letters that were written, by their keys; those that were not are left out."""
    rows = db.session.execute(
        sa.select(
            OutgoingMail.key,
            OutgoingMail.created_at,
            OutgoingMail.subject,
            OutgoingMail.stopped_at.is_not(None),
        ).where(OutgoingMail.key.in_(set(keys)))
    )
    return {row[0]: Written(row[1], row[2], bool(row[3])) for row in rows}


_IN_ORDER = (Milestone.position, PlaybookMessage.offset_workdays, PlaybookMessage.id)


def _letters() -> sa.Select[PlaybookMessage, Milestone]:
    is_for_it = sa.and_(
        PlaybookMilestone.id == Milestone.playbook_milestone_id,
        PlaybookMilestone.key == PlaybookMessage.milestone_key,
    )
    is_its_line = sa.or_(
        Milestone.order_line_id.is_(None), Milestone.order_line_id == ProjectPlaybook.order_line_id
    )
    return (
        sa.select(PlaybookMessage, Milestone)
        .join(ProjectPlaybook, ProjectPlaybook.version_id == PlaybookMessage.version_id)
        .join(Milestone, sa.and_(Milestone.project_id == ProjectPlaybook.project_id, is_its_line))
        .join(PlaybookMilestone, is_for_it)
    )


def _each_once(rows: Iterable[sa.Row[PlaybookMessage, Milestone]]) -> list[Planned]:
    """A letter for a milestone that several lines of the order bring is one letter."""
    found: dict[str, Planned] = {}
    for message, milestone in rows:
        one = Planned(message, milestone)
        found.setdefault(one.key, one)
    return list(found.values())


def _is_near(one: Planned, today: date) -> bool:
    """Whether its day may be today or within the grace, whatever the holidays."""
    start_on = one.milestone.start_on
    if start_on is None or not one.may_go(today=today):
        return False
    about = start_on + timedelta(days=one.message.offset_workdays * 7 // 5)
    room = timedelta(days=GRACE_DAYS + 10 + abs(one.message.offset_workdays) // 2)
    return about - room <= today <= about + room
