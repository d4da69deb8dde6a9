"""The letters that a project's playbooks send, in words for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _

from concierge.catalogue.states import Audience
from concierge.core.worktime import WorkCalendar
from concierge.platform.words import day, localized
from concierge.projects.models import Project
from concierge.projects.queries import messages
from concierge.projects.states import MilestoneState, ProjectState


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """A letter to the customer: sent, coming, or what keeps it from going out.

    One that was sent keeps the subject it had, in the customer's language: what it names may have moved since.
    """

    subject: str
    due_on: date | None
    sent_at: datetime | None
    hindrance: str


def letters_of(found: Project, *, calendar: WorkCalendar, today: date) -> Sequence[ShownLetter]:
    """The letters that a project's playbooks send, those to come first, each in the order of its milestones.

    What announces a milestone that began long ago, unsent, is left out.
    """
    planned = messages.planned_letters(found.id)
    if not planned:
        return ()
    sent = messages.sent_letters(one.key for one in planned)
    shown = [
        ShownLetter(
            subject=written.subject if written else _subject(one),
            due_on=due_on,
            sent_at=written.at if written and not written.is_stopped else None,
            hindrance=_hindrance(found, one, due_on, today)
            if not written
            else _("was stopped")
            if written.is_stopped
            else "",
        )
        for one in planned
        for due_on, written in ((one.due_on(calendar), sent.get(one.key)),)
        if written or not _is_over(one, due_on, today)
    ]
    return sorted(shown, key=lambda letter: (letter.sent_at is not None, letter.due_on or date.max))


def _subject(one: messages.Planned) -> str:
    """The subject with what is known of what it names."""
    subject = localized(one.message.subject)
    return subject.replace("{milestone}", localized(one.milestone.name)).replace(
        "{date}", day(one.milestone.start_on)
    )


def _is_over(one: messages.Planned, due_on: date | None, today: date) -> bool:
    is_left_out = (
        one.milestone.state is MilestoneState.SKIPPED or one.milestone.audience is not Audience.CUSTOMER
    )
    is_past = due_on is not None and (today - due_on).days > messages.GRACE_DAYS
    return is_left_out or is_past or not one.may_go(today=today)


def _hindrance(found: Project, one: messages.Planned, due_on: date | None, today: date) -> str:
    if found.state is ProjectState.DRAFT:
        return _("goes out once the plan is approved")
    if found.state is not ProjectState.LIVE:
        return _("does not go out any more")
    if found.contact is None or not found.contact.email:
        return _("waits for an address: nobody is named at the customer’s")
    if found.held_on is not None:
        return _("waits: the project is on hold")
    return _("goes out today") if due_on is not None and due_on <= today else ""
