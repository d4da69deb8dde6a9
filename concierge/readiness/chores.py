"""What readiness does when an hour comes: reminders; and the long work of making many checklists."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from concierge.platform import clock, mail, settings
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import outside
from concierge.platform.mail import Letter, post
from concierge.projects.models import Project
from concierge.readiness import mails, queries
from concierge.readiness.actions import assessing, batching, chasing, linking, sending
from concierge.readiness.actions.batching import Turn
from concierge.readiness.actions.chasing import Reader

log = structlog.get_logger()

HIDDEN = "[…]"
"""Stands for a secret where a letter is shown to somebody who is not its reader."""


@outside
def remind_customers(at: datetime) -> None:
    """Write the reminders that may leave by now, each in a transaction of its own.

    Runs again and again, by any number of workers: a reader's day is taken once, and what changes while it runs,
    or while nothing runs, is seen at the moment of writing.

    :param at: the instant it was due; it is the clock that counts, so that nobody is written to at night because
        a worker was late.
    """
    waiting = [
        one.contact.id
        for one in chasing.outlook(now=clock.now(), only_now=True)
        if one.next is not None and one.next.is_due and not one.hindrance
    ]
    db.session.rollback()
    for contact_id in waiting:
        with unit_of_work():
            remind(contact_id, at=clock.now())
        db.session.expunge_all()


@outside
def judge_sites(at: datetime) -> None:
    """Judge each site 14 and 7 days before delivery and on the day of installation; end what was waived until then.

    Days are those at the site. Runs again and again; what is judged already is left alone.
    """
    waiting = queries.checklists_to_judge(clock.now().date())
    db.session.rollback()
    for checklist_id in waiting:
        with unit_of_work():
            assessing.judge_if_due(checklist_id, at=clock.now())
        db.session.expunge_all()


def remind(contact_id: int, *, at: datetime) -> bool:
    """Write the reminder of one reader if it is due; whether it was. Needs a unit of work."""
    taken = chasing.take_turn(contact_id, at=at)
    if taken is None:
        return False
    reader, key = taken
    projects = _projects(reader)
    links = {
        number: linking.give_link(project, reader.contact, is_mailed=False, at=at, actor_id=None)
        for number, project in projects.items()
    }
    pages = {number: (linking.address_of(link), linking.token_of(link)) for number, link in links.items()}
    token = chasing.opt_out_token(reader.contact)
    letter = _letter(reader, projects, pages, opt_out=(_opt_out(token), token))
    post(
        letter,
        key=key,
        project_id=next(iter(projects)) if len(projects) == 1 else None,
        is_for_customer=True,
        leaves_by=chasing.leaves_by(reader),
    )
    return True


def foreseen(reader: Reader) -> Letter:
    """The next letter to a reader as it would be written now, without what only they may know."""
    projects = _projects(reader)
    pages = dict.fromkeys(projects, (hidden_page(), ""))
    return _letter(reader, projects, pages, opt_out=(_opt_out(HIDDEN), ""))


def hidden_page() -> str:
    """The address of somebody's own page as others see it."""
    return f"{settings.current().address}/p/{HIDDEN}"


def _letter(
    reader: Reader,
    projects: dict[int, Project],
    pages: dict[int, tuple[str, str]],
    *,
    opt_out: tuple[str, str],
) -> Letter:
    if reader.next is None:
        raise ValueError("Nobody is reminded of nothing.")
    return mails.reminder_letter(
        reader,
        projects,
        today=reader.next.local_on,
        pages=pages,
        opt_out=opt_out,
        asked_before=chasing.names_of(_asked_before(reader)),
    )


def _asked_before(reader: Reader) -> Iterable[int]:
    return {
        point.first_id
        for point in reader.named
        if point.item_id in reader.second_for and point.first_id is not None
    }


def _projects(reader: Reader) -> dict[int, Project]:
    wanted = dict.fromkeys(point.project_id for point in reader.named)
    found = {project.id: project for project in queries.projects_printed(wanted)}
    return {number: found[number] for number in wanted}


def _opt_out(token: str) -> str:
    return f"{settings.current().address}/reminders/{token}"


def _count_as_left_out(key: str, at: datetime) -> None:
    chasing.note_stopped(key, at=at)


mail.when_too_late(chasing.LETTER, _count_as_left_out)
