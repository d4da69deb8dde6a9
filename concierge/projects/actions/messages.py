"""Noting that a letter of a playbook went to the customer, and the date that it said."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from concierge.platform.events import record
from concierge.projects import queries
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


def as_told(project: Project, letter: Planned, *, subject: str, language: str) -> dict[str, Any]:  # Any: JSON
    """What a letter tells whom, as plain values, to be noted once it has left.

    :param subject: as it was written.
    """
    milestone, contact = letter.milestone, project.contact
    says_date = any(
        "{date}" in text for text in (*letter.message.subject.values(), *letter.message.text.values())
    )
    return {
        "project_id": project.id,
        "milestone_id": milestone.id,
        "key": letter.message.key,
        "subject": subject,
        "language": language,
        "email": contact.email if contact is not None else "",
        "on": milestone.start_on.isoformat() if milestone.start_on else None,
        "finish_on": milestone.finish_on.isoformat() if says_date and milestone.finish_on else None,
    }


def note_sent(told: Mapping[str, Any], *, at: datetime) -> None:
    """Keep in history and ledger that a letter went out, and which date the customer read in it.

    :param told: see ``as_told``; a milestone that left the plan meanwhile keeps its place in the history.
    """
    project = queries.project_for_change(int(told["project_id"]))
    milestone = next((one for one in project.milestones if one.id == told["milestone_id"]), None)
    on, finish_on = (date.fromisoformat(told[name]) if told[name] else None for name in ("on", "finish_on"))
    if milestone is not None and finish_on is not None:
        promising.note_shown(
            project,
            [ShownDate(milestone.key, finish_on, on)],
            shown_on=ShownOn.MAIL,
            reference=told["email"],
            at=at,
            by_id=None,
        )
    record(
        MessageSent(
            at=at,
            actor_id=None,
            project_id=project.id,
            key=told["key"],
            subject=told["subject"],
            milestone_id=int(told["milestone_id"]),
            name=milestone.english_name if milestone is not None else "",
            on=on,
            language=told["language"],
        )
    )
