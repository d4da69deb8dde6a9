"""A change within 48 hours of a visit that no calendar program has fetched within the hour goes out by mail, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.feeds import plan
from concierge.feeds import queries as feeds
from concierge.feeds.actions import addresses
from concierge.identity.models import User
from concierge.invitations import chores
from concierge.platform import deliveries
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit
from concierge.workforce.models import Technician
from tests.invitations.conftest import Post, event_in, method_of
from tests.invitations.test_sending import SELIN, TOMAS, assign, invited, move, retitle
from tests.makers import invitations as make
from tests.makers import workforce
from tests.makers.invitations import for_change, later

SOON = "Tue 2026-03-03 09:00"
"""23 hours after now."""
Fetch = Callable[[Technician, datetime], None]


@pytest.fixture
def fetch(app: Flask, client: FlaskClient) -> Fetch:
    """Let a program of somebody's fetch all their addresses at an instant."""

    def fetching(technician: Technician, at: datetime) -> None:
        with time_machine.travel(at, tick=False):
            db.session.rollback()
            for report in feeds.reports_of(technician.user_id, at=at):
                client.get(
                    "/cal/" + report.url.partition("/cal/")[2], headers={"User-Agent": "Thunderbird/153"}
                )

    return fetching


def without_letters(name: str = "Tomas Berger", *, has_address: bool = True) -> Technician:
    """A technician who does not want each visit by mail; needs a unit of work."""
    technician = workforce.technician(name=name)
    person = db.session.get_one(User, technician.user_id)
    person.invited_by_mail = False
    if has_address and not feeds.active_feeds(user_id=person.id):
        addresses.create_address(person, actor_id=None, at=make.NOW)
    for feed in feeds.active_feeds(user_id=person.id) if not has_address else ():
        addresses.revoke(feed, actor_id=None, at=make.NOW)
    return technician


def told(post: Post, at: datetime) -> list[tuple[str, str]]:
    """To whom the chore writes at an instant, and what: the iTIP method or the subject."""
    return [
        (
            str(letter["To"].addresses[0].addr_spec),
            method_of(letter) if _has_calendar(letter) else str(letter["Subject"]),
        )
        for letter in letters(post, at)
    ]


def letters(post: Post, at: datetime) -> list[EmailMessage]:
    """The letters of the chore at an instant."""
    with time_machine.travel(at, tick=False), unit_of_work():
        chores.tell_unfetched_changes(at)
    return post.send(at)


def test_a_move_that_nobody_fetched_goes_out_by_mail_after_an_hour_and_once(
    app: Flask, post: Post, fetch: Fetch
) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
    fetch(tomas, later(1))
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))
    post.got.clear()

    assert told(post, later(69)) == []
    sent = letters(post, later(71))
    assert [method_of(letter) for letter in sent] == ["REQUEST"]
    assert str(sent[0]["To"].addresses[0].addr_spec) == TOMAS
    assert event_in(sent[0])["DTSTART"].dt.hour == 10  # 11:00 in Berlin
    for minutes in (76, 81, 140, 600):
        assert told(post, later(minutes)) == []

    move(visit, "Tue 2026-03-03 12:00", at=later(610))
    post.quiet(later(610))
    assert told(post, later(671)) == [(TOMAS, "REQUEST")]
    assert told(post, later(676)) == []


def test_a_fetch_within_the_hour_is_enough(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
    fetch(tomas, later(1))
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))
    fetch(tomas, later(50))

    assert told(post, later(71)) == []


def test_a_fetch_after_the_letter_was_ordered_stops_it(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))
    with time_machine.travel(later(71), tick=False), unit_of_work():
        chores.tell_unfetched_changes(later(71))
    fetch(tomas, later(72))
    post.got.clear()

    assert [str(one["To"]) for one in post.send(later(73))] == []


def test_who_was_invited_by_mail_is_not_written_to_again(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician(), starts=SOON)
    post.quiet(make.NOW)
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    assert TOMAS in {str(one["To"].addresses[0].addr_spec) for one in post.quiet(later(10))}

    assert told(post, later(71)) == []


def test_a_cancelled_visit_that_nobody_fetched_is_told_in_words(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON, title="Install <b>it</b>\r\nBcc: all@evil.example")
    fetch(tomas, later(1))
    with time_machine.travel(later(10), tick=False), unit_of_work():
        progress.cancel(for_change(visit), reason="no power", at=later(10), actor_id=None)
    post.quiet(later(10))

    (letter,) = letters(post, later(71))
    assert str(letter["Subject"]).startswith("Cancelled, do not travel: Install <b>it</b>")
    assert letter["Bcc"] is None
    text, page = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert "Please do not travel." in text
    assert "<b>it" not in page
    assert "no calendar program of yours has fetched the change within an hour" in page
    assert told(post, later(76)) == []


def test_a_tentative_visit_that_moved_is_told_in_words(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
        progress.release(for_change(visit), at=make.NOW, actor_id=None)
    fetch(tomas, later(1))
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))

    assert told(post, later(71)) == [(TOMAS, "Changed: Install the spectrometer")]
    assert told(post, later(76)) == []


def test_somebody_else_goes(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas, selin = without_letters(), without_letters("Selin Aydin")
        _project, visit = invited(tomas, starts=SOON)
    fetch(tomas, later(1))
    assign(visit, selin, at=later(10))
    post.quiet(later(10))

    assert sorted(told(post, later(71))) == [
        (SELIN, "REQUEST"),
        (TOMAS, "Somebody else goes: Install the spectrometer"),
    ]
    assert told(post, later(76)) == []


def test_only_changes_close_to_their_visit_are_told(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        project, far = invited(tomas, starts="Tue 2026-03-17 09:00")
        near = make.confirmed(project, tomas, starts=SOON)
    fetch(tomas, later(1))
    retitle(far, "Something else", at=later(10))
    post.quiet(later(10))
    assert told(post, later(71)) == []

    move(near, "Wed 2026-03-18 09:00", at=later(80))
    post.quiet(later(80))
    assert told(post, later(141)) == [(TOMAS, "REQUEST")]


def test_who_has_no_address_is_told(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = without_letters(has_address=False)
        _project, visit = invited(tomas, starts=SOON)
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))

    assert told(post, later(71)) == [(TOMAS, "REQUEST")]


def test_an_address_that_only_says_busy_tells_nobody_where_to_go(
    app: Flask, post: Post, fetch: Fetch
) -> None:
    with unit_of_work():
        tomas = without_letters(has_address=False)
        person = db.session.get_one(User, tomas.user_id)
        busy = replace(plan.own_visits(person.id), is_busy_only=True)
        addresses.create_address(person, busy, device="Family", actor_id=None, at=make.NOW)
        _project, visit = invited(tomas, starts=SOON)
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))
    fetch(tomas, later(50))

    assert told(post, later(71)) == [(TOMAS, "REQUEST")]


def test_what_somebody_did_themselves_they_know(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON, at=make.NOW - timedelta(days=1))
    with time_machine.travel(later(10), tick=False), unit_of_work():
        found = for_change(visit)
        starts = found.starts_local + timedelta(hours=2)
        arranging.move_visit(
            found, starts_local=starts, ends_local=starts + timedelta(hours=4), site=found.site, at=later(10),
            actor_id=tomas.user_id,
        )  # fmt: skip
    post.quiet(later(10))

    assert told(post, later(71)) == []


def test_two_runs_at_once_order_one_letter(app: Flask, post: Post, fetch: Fetch) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
    move(visit, "Tue 2026-03-03 11:00", at=later(10))
    post.quiet(later(10))
    for _run in range(3):
        with time_machine.travel(later(71), tick=False), unit_of_work():
            chores.tell_unfetched_changes(later(71))

    db.session.rollback()
    ordered = db.session.scalars(
        sa.select(Delivery).where(Delivery.name == "invitations.tell_unfetched")
    ).all()
    about = [one for one in ordered if one.args["visit_id"] == visit.id]
    assert len({one.unique_key for one in about}) == len(about) == 1
    assert [str(one["To"].addresses[0].addr_spec) for one in post.send(later(72))] == [TOMAS]


def test_a_visit_that_vanished_meanwhile_is_no_trouble(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = without_letters()
        _project, visit = invited(tomas, starts=SOON)
        deliveries.enqueue(
            "invitations.tell_unfetched",
            {"visit_id": visit.id, "user_id": tomas.user_id, "changed_at": make.NOW.isoformat()},
            queue="mail",
        )
    with unit_of_work():
        found = db.session.get_one(Visit, visit.id)
        found.starts_at, found.ends_at = make.NOW - timedelta(hours=9), make.NOW - timedelta(hours=5)

    assert post.send(later(71)) == []


def _has_calendar(letter: EmailMessage) -> bool:
    return any(part.get_content_type() == "text/calendar" for part in letter.walk())
