"""Noting that a letter of a playbook went to the customer, and the date that it said."""

from datetime import datetime

from concierge.platform.events import record
from concierge.projects.actions import promising
from concierge.projects.actions.laying_out import calendar_of, today_at
from concierge.projects.actions.promising import ShownDate
from concierge.projects.events import MessageSent
from concierge.projects.models import Project
from concierge.projects.queries.messages import GRACE_DAYS, Planned
from concierge.projects.states import ProjectState, ShownOn


def is_due(project: Project, letter: Planned, *, at: datetime) -> bool:
    """Whether a letter is to go out now: its day has come at the site, and is not long past.

    :param project: with site and contact.
    """
    today = today_at(project, at)
    if project.state is not ProjectState.LIVE or project.held_on is not None:
        return False
    if project.contact is None or not project.contact.email or not letter.may_go(today=today):
        return False
    due_on = letter.due_on(calendar_of(project))
    return due_on is not None and due_on <= today and (today - due_on).days <= GRACE_DAYS


def note_sent(project: Project, letter: Planned, *, subject: str, language: str, at: datetime) -> None:
    """Keep in history and ledger that a letter went out, and which date the customer read in it.

    :param subject: as it was written.
    """
    milestone = letter.milestone
    says_date = any(
        "{date}" in text for text in (*letter.message.subject.values(), *letter.message.text.values())
    )
    if says_date and milestone.finish_on is not None and project.contact is not None:
        promising.note_shown(
            project,
            [ShownDate(milestone.key, milestone.finish_on, milestone.start_on)],
            shown_on=ShownOn.MAIL,
            reference=project.contact.email,
            at=at,
            by_id=None,
        )
    record(
        MessageSent(
            at=at,
            actor_id=None,
            project_id=project.id,
            key=letter.message.key,
            subject=subject,
            milestone_id=milestone.id,
            name=milestone.english_name,
            on=milestone.start_on,
            language=language,
        )
    )
