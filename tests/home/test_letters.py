"""Letters before they leave: read, stopped and sent by those who may, and what Today says of people and points."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Contact
from concierge.catalogue.states import MilestoneKind, Responsible
from concierge.home.views import story
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, deliveries, mail, undo, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import Letter, OutgoingMail
from concierge.platform.settings import current
from concierge.projects.actions import rescheduling, undoing
from concierge.projects.models import Project
from concierge.readiness.models import Checklist
from tests.conftest import csrf_token
from tests.makers import people, projects
from tests.makers import readiness as make

SignIn = Callable[[User], FlaskClient]
NOW = datetime(2026, 4, 3, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _held(app: Flask) -> Iterator[None]:
    """Letters are held for half a minute, as outside of tests; it is a Friday before things are due."""
    mail.register(app, replace(current(), mail_hold=30))
    for path in (current().instance / "mail").glob("*.eml"):
        path.unlink()
    with time_machine.travel(NOW, tick=False):
        yield
    mail.register(app, current())


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return make.project()


def somebody(sign_in: SignIn, role: Role = Role.CONCIERGE, name: str = "Ada Keller") -> FlaskClient:
    with unit_of_work():
        person = people.user(name=name, role=role)
    return sign_in(person)


def send(browser: FlaskClient, project: Project) -> OutgoingMail:
    """Send the checklist from its page; the letter that is held then."""
    token = {"csrf_token": csrf_token(browser, "/today")}
    assert browser.post(f"/projects/{project.key}/readiness/letter", data=token).status_code == 303
    return letter()


def letter() -> OutgoingMail:
    db.session.rollback()
    return db.session.scalars(
        sa.select(OutgoingMail)
        .where(OutgoingMail.key.contains(":asked:"))
        .execution_options(populate_existing=True)
    ).one()


def files() -> list[str]:
    return [path.name for path in (current().instance / "mail").glob("checklist-*-asked-*.eml")]


def wait(app: Flask, seconds: int) -> None:
    """Let so much time pass for the worker, whatever clock the database has."""
    with time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=False):
        if db.engine.dialect.name == "postgresql":
            with unit_of_work():
                db.session.execute(sa.text("UPDATE deliveries SET run_at = now() WHERE status = 'ready'"))
        worker.drain(app)


def test_the_letter_is_shown_before_it_is_sent(project: Project, sign_in: SignIn) -> None:
    browser = somebody(sign_in)
    shown = browser.get(f"/projects/{project.key}/readiness/letter").get_data(as_text=True)
    assert "Send the checklist to Yuki Tanaka" in shown
    assert "Hello Yuki Tanaka," in shown
    assert "held for 30 seconds" in shown
    assert "/p/[…]" in shown
    assert db.session.scalar(sa.select(sa.func.count(OutgoingMail.id))) == 0, "looking sends nothing"


def test_it_is_held_and_stopped_from_the_confirmation_without_script(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    browser = somebody(sign_in)
    row = send(browser, project)
    page = browser.get(f"/projects/{project.key}/readiness").get_data(as_text=True)
    assert "It leaves in 30 seconds." in page
    stop = re.search(r'<form method="post" action="(/letters/\d+/stop)">', page)
    assert stop
    assert stop[1] == f"/letters/{row.id}/stop"

    browser.post(stop[1], data={"csrf_token": csrf_token(browser, "/today")})
    wait(app, 60)

    assert files() == []
    assert letter().stopped_by_id is not None
    told = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "LetterStopped")).one()
    assert told.project_id == project.id
    assert story.words(told.name, told.payload).startswith("stopped the letter “Site readiness checklist")
    history = browser.get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert "before it left" in history


def test_nobody_was_promised_anything_by_a_letter_that_was_stopped(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    browser = somebody(sign_in)
    row = send(browser, project)
    form = {"csrf_token": csrf_token(browser, "/today")}
    browser.post(f"/letters/{row.id}/stop", data=form)
    wait(app, 60)
    assert not _was_sent(project)

    browser.post(f"/letters/{row.id}/send", data=form)
    wait(app, 61)
    worker.drain(app)

    assert len(files()) == 1
    assert _was_sent(project)
    assert "after all" in browser.get(f"/projects/{project.key}/history").get_data(as_text=True)


def _was_sent(project: Project) -> bool:
    """Whether the checklist counts as sent by the letter that was asked for; the one of the approval did not leave."""
    db.session.rollback()
    kept = sa.select(RecordedEvent.id).where(
        RecordedEvent.name == "ChecklistSent", RecordedEvent.project_id == project.id
    )
    asked = db.session.scalars(sa.select(OutgoingMail).where(OutgoingMail.key.contains(":asked:"))).one()
    return len(db.session.scalars(kept).all()) > sum(
        one.sent_at is not None
        for one in db.session.scalars(sa.select(OutgoingMail))
        if one.id != asked.id and one.key.startswith("checklist:")
    )


def test_it_leaves_at_once_when_somebody_cannot_wait(app: Flask, project: Project, sign_in: SignIn) -> None:
    browser = somebody(sign_in)
    worker.drain(app)
    row = send(browser, project)
    browser.post(f"/letters/{row.id}/send", data={"csrf_token": csrf_token(browser, "/today")})
    worker.drain(app)
    assert len(files()) == 1
    page = browser.get(f"/letters/{row.id}").get_data(as_text=True)
    assert "Send now" not in page
    again = browser.post(f"/letters/{row.id}/stop", data={"csrf_token": csrf_token(browser, "/today")})
    assert again.status_code == 409
    assert "It has left already." in again.get_data(as_text=True)


def test_the_page_of_letters_shows_them_as_their_readers_see_them_and_no_secret(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    browser = somebody(sign_in)
    row = send(browser, project)
    assert row.secret
    for path in ("/letters", f"/projects/{project.key}/letters", f"/letters/{row.id}", "/letters/held"):
        page = browser.get(path).get_data(as_text=True)
        assert "Site readiness checklist for" in page, path
        assert row.secret not in page, path
    assert "leaves in 30 seconds" in browser.get("/letters").get_data(as_text=True)
    assert "Site readiness" not in browser.get("/letters?show=left").get_data(as_text=True)


def test_who_may_see_and_stop(app: Flask, project: Project, sign_in: SignIn) -> None:
    row = send(somebody(sign_in), project)
    with unit_of_work():
        private = mail.post(Letter("x@y.example", "X", "Reset your password", "secret"), key="reset:1")
    technician = somebody(sign_in, Role.TECHNICIAN, "Selin Aydin")
    dispatcher = somebody(sign_in, Role.DISPATCHER, "Jonas Weber")
    manager = somebody(sign_in, Role.MANAGER, "Ruth Frei")
    operator = somebody(sign_in, Role.ADMINISTRATOR, "Petra Suter")

    assert technician.get("/letters").status_code == 403
    assert dispatcher.get(f"/letters/{row.id}").status_code == 200
    form = {"csrf_token": csrf_token(dispatcher, "/today")}
    assert dispatcher.post(f"/letters/{row.id}/stop", data=form).status_code == 403
    assert manager.get(f"/letters/{private}").status_code == 404, (
        "about no project and caused by somebody else"
    )
    assert "Reset your password" not in manager.get("/letters?show=all").get_data(as_text=True)
    assert operator.get(f"/letters/{private}").status_code == 200
    form = {"csrf_token": csrf_token(manager, "/today")}
    assert manager.post(f"/letters/{row.id}/stop", data=form).status_code == 303
    assert manager.post("/letters/99999/stop", data=form).status_code == 404


def test_all_that_somebody_caused_is_stopped_at_once(app: Flask, project: Project, sign_in: SignIn) -> None:
    browser, other = somebody(sign_in), somebody(sign_in, Role.MANAGER, "Ruth Frei")
    send(browser, project)
    form = {"csrf_token": csrf_token(other, "/today")}
    other.post("/letters/stop", data=form)
    assert letter().stopped_at is None
    browser.post("/letters/stop", data={"csrf_token": csrf_token(browser, "/today")})
    assert letter().stopped_at is not None


def test_markup_in_a_letter_is_shown_as_it_is(app: Flask, project: Project, sign_in: SignIn) -> None:
    text, subject = "<script>alert(1)</script>\n\n<b>x</b>", "<img src=x onerror=alert(1)>"
    with unit_of_work():
        number = mail.post(Letter("x@y.example", "<i>Eve", subject, text), key="x", project_id=project.id)
    browser = somebody(sign_in)
    for path in (f"/letters/{number}", "/letters?show=all", f"/projects/{project.key}/letters"):
        page = browser.get(path).get_data(as_text=True)
        assert "&lt;img src=x" in page, path
        assert "<script>alert" not in page, path
        assert "<i>Eve" not in page, path


def test_today_tells_of_points_that_are_ours_and_of_people_who_cannot_be_reminded(
    app: Flask, project: Project, sign_in: SignIn
) -> None:
    with unit_of_work():
        db.session.execute(sa.update(Checklist).values(sent_at=NOW))
        item = make.item(project, "temperature")
        item.responsible, item.due_on = Responsible.ENGINEER, NOW.date()
        db.session.execute(sa.update(Contact).values(is_reminded=False))
    browser = somebody(sign_in)

    today = browser.get("/today?whose=all").get_data(as_text=True)

    assert "See to it: Temperature" in today
    assert "for our engineer" in today
    assert "Ask Yuki Tanaka yourself, or somebody else" in today
    assert "does not want reminders" in today
    with unit_of_work():
        db.session.execute(sa.update(Contact).values(is_reminded=True))
        make.item(project, "temperature").responsible = Responsible.CUSTOMER
    today = browser.get("/today?whose=all").get_data(as_text=True)
    assert "See to it" not in today
    assert "Ask Yuki" not in today


@pytest.mark.parametrize("is_printed", ["ready to leave", "still printing", "not begun"])
def test_taking_an_act_back_stops_what_it_wrote_and_writes_nothing_about_it(
    app: Flask, project: Project, is_printed: str
) -> None:
    """A delivery is moved by mistake and put back within half a minute: the customer hears of neither."""
    queues = {"ready to leave": ("default", "documents"), "still printing": ("default",), "not begun": ()}
    worker.drain(app)
    with unit_of_work():
        ada = people.user()
    delivery = next(one for one in projects.now(project).milestones if one.kind is MilestoneKind.DELIVERED)
    delivery_id, starts_on = delivery.id, delivery.start_on
    assert starts_on is not None
    deliveries.act_for(ada.id)
    with unit_of_work(), undo.undoable(actor_id=ada.id, at=NOW, needs="edit projects") as act:
        rescheduling.move_milestone(
            project.id, delivery_id, to=starts_on + timedelta(days=28), reason="x", actor_id=ada.id, at=NOW
        )
    deliveries.act_for(None)
    while queues[is_printed] and worker.work_once(app, queues=queues[is_printed]):
        pass  # not the letters: the clock of PostgreSQL does not travel along
    assert [one.is_whole for one in moved()] == {"ready to leave": [True], "still printing": [False]}.get(
        is_printed, []
    )

    with time_machine.travel(NOW + timedelta(seconds=10), tick=False), unit_of_work():
        undoing.take_back(act.key, zone="UTC", actor_id=ada.id, at=clock.now())
    wait(app, 60)

    stopped = [] if is_printed == "not begun" else [(None, ada.id)]
    assert [(one.sent_at, one.stopped_by_id) for one in moved()] == stopped


def moved() -> list[OutgoingMail]:
    db.session.rollback()
    kept = sa.select(OutgoingMail).where(OutgoingMail.key.contains(":moved:"))
    return list(db.session.scalars(kept.execution_options(populate_existing=True)))
