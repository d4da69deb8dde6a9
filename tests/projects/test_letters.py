"""Letters of playbooks go out once, on their day, in the customer's language, and only while they make sense."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from concierge.catalogue import queries as catalogue
from concierge.catalogue.actions import drafting, playbooks
from concierge.catalogue.actions.standard import standard_version
from concierge.catalogue.contents import MessagePart
from concierge.platform import mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import OutgoingMail
from concierge.platform.settings import current
from concierge.projects import queries
from concierge.projects.actions import holding, rescheduling
from concierge.projects.actions.laying_out import calendar_of
from concierge.projects.chores import send_letters
from concierge.projects.models import Promise
from concierge.projects.queries import messages
from concierge.projects.states import BlockCause, Party
from concierge.projects.views.letters import letters_of
from tests.makers import orders, projects

LETTER = MessagePart(
    key="soon",
    milestone_key="delivery",
    offset_workdays=-5,
    subject={"en": "We deliver on {date}", "de": "Wir liefern am {date}"},
    text={
        "en": "Dear {contact}, {milestone} of {project} is near.",
        "de": "Guten Tag {contact}: {milestone}.",
    },
)
INSIDE = replace(LETTER, key="inside", milestone_key="ship-release", offset_workdays=0)


def live(*letters: MessagePart, language: str = "de") -> int:
    """A project under way whose playbook sends letters; delivery is wished for Wed 2026-04-01."""
    with unit_of_work():
        standard_version(at=orders.RECEIVED)
        whole = catalogue.contents_of("standard")
        version = drafting.import_draft(replace(whole, messages=letters), actor_id=None, at=orders.RECEIVED)
        playbooks.publish(catalogue.version_for_change(version.id), actor_id=None, at=orders.RECEIVED)
        project = projects.live()
        project.contact.language = language  # type: ignore[union-attr]  # there is one
    return project.id


def run(on: str) -> list[OutgoingMail]:
    """Let the chore run at nine, and give all letters of playbooks."""
    at = datetime.combine(date.fromisoformat(on), datetime.min.time(), UTC).replace(hour=9)
    with unit_of_work():
        send_letters(at)
    db.session.rollback()
    key = OutgoingMail.key.startswith("playbook-letter:")
    return list(db.session.scalars(sa.select(OutgoingMail).where(key).order_by(OutgoingMail.id)))


def test_a_letter_goes_out_once_on_its_working_day_in_the_readers_language(app: Flask) -> None:
    project_id = live(LETTER)
    db.session.rollback()
    (planned,) = messages.planned_letters(project_id)
    assert planned.milestone.start_on == date(2026, 4, 1)

    before = run("2026-03-24")
    with time_machine.travel(datetime(2026, 3, 25, 9, tzinfo=UTC), tick=False):
        on_the_day = run("2026-03-25")
        worker.drain(app)
    after = run("2026-03-26")

    assert (len(before), len(on_the_day), len(after)) == (0, 1, 1)
    (letter,) = after
    assert letter.to == "yuki@halden.example"
    assert letter.subject.startswith("Wir liefern am Mi")
    assert "Guten Tag Yuki Tanaka: Lieferung." in letter.text
    assert noted() == 1
    shown = db.session.scalars(sa.select(Promise).where(Promise.reference == "yuki@halden.example")).all()
    assert [one.finish_on for one in shown] == [date(2026, 4, 1)]


def noted() -> int:
    """How often history says that a letter went out."""
    db.session.rollback()
    told = sa.select(sa.func.count()).where(RecordedEvent.name == "MessageSent")
    return db.session.scalar(told) or 0


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_letter_waits_to_be_stopped_and_counts_once_it_has_left(app: Flask, is_stopped: bool) -> None:
    project_id = live(LETTER)
    mail.register(app, replace(current(), mail_hold=30))
    try:
        with time_machine.travel(datetime(2026, 3, 25, 9, tzinfo=UTC), tick=False) as clock:
            (letter,) = run("2026-03-25")
            assert (letter.leaves_at, noted()) == (letter.created_at + timedelta(seconds=30), 0)
            if is_stopped:
                with unit_of_work():
                    assert mail.stop(letter.id, by_id=None, at=letter.created_at)
            clock.shift(31)
            run("2026-03-25")
            worker.drain(app)
            with unit_of_work():
                project = queries.project_for_change(project_id)
                (shown,) = letters_of(project, calendar=calendar_of(project), today=date(2026, 3, 25))
            assert (shown.sent_at is None, shown.hindrance) == (
                is_stopped,
                "was stopped" if is_stopped else "",
            )
    finally:
        mail.register(app, current())
    assert noted() == (0 if is_stopped else 1)


def test_a_letter_that_was_sent_is_shown_as_it_was_sent(app: Flask) -> None:
    project_id = live(LETTER)
    (letter,) = run("2026-03-25")

    with unit_of_work():
        project = queries.project_for_change(project_id)
        rescheduling.move_milestone(
            project_id,
            projects.milestone(project, "delivery").id,
            to=date(2026, 4, 13),
            reason="",
            actor_id=None,
            at=datetime(2026, 3, 26, 9, tzinfo=UTC),
        )
    with unit_of_work():
        project = queries.project_for_change(project_id)
        (shown,) = letters_of(project, calendar=calendar_of(project), today=date(2026, 3, 26))

    assert shown.sent_at == letter.created_at
    assert shown.subject == letter.subject


def test_nothing_goes_out_on_hold_nor_about_what_the_customer_does_not_see(app: Flask) -> None:
    project_id = live(LETTER, INSIDE)
    with unit_of_work():
        holding.hold(
            project_id, first_on=date(2026, 3, 24), expected_on=None, cause=BlockCause.OTHER, party=Party.CUSTOMER,
            reason="Building closed", actor_id=None, at=datetime(2026, 3, 24, 8, tzinfo=UTC),
        )  # fmt: skip

    assert run("2026-03-25") == []
    assert run("2026-03-31") == []


def test_what_is_long_past_does_not_go_out(app: Flask) -> None:
    live(LETTER)

    assert run("2026-04-09") == []
    assert queries.open_project_ids()
