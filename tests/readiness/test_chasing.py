"""Reminders: who gets which letter when, what stops them, and what people see of them before they leave."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Contact
from concierge.catalogue.states import Responsible, Reviewer
from concierge.home.views import story
from concierge.identity.models import User
from concierge.platform import mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import OutgoingMail
from concierge.platform.settings import current
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.readiness import chores
from concierge.readiness.actions import answering, chasing
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.models import Checklist, ReadinessItem, Reminder
from tests.conftest import csrf_token
from tests.makers import orders, people
from tests.makers import readiness as make
from tests.makers.days import on

SENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""The checklist goes out on the day of the order; delivery is on Wed 29 April, the circuit is due on 8 April."""


@pytest.fixture(autouse=True)
def empty_folder(app: Flask) -> Iterator[None]:
    for path in (current().instance / "mail").glob("*.eml"):
        path.unlink()
    with time_machine.travel(SENT, tick=False):
        yield


@pytest.fixture
def project(app: Flask) -> Project:
    """A project whose customer has had the checklist."""
    with unit_of_work():
        found = make.project(language="de")
        reached(found)
    return found


def reached(*projects: Project) -> None:
    """The checklists are in the customers' hands. Needs a unit of work."""
    for one in projects:
        db.session.execute(sa.update(Checklist).where(Checklist.project_id == one.id).values(sent_at=SENT))


def look(when: str) -> list[OutgoingMail]:
    """Let the chore run at an instant, UTC; the reminders that were ever written."""
    with time_machine.travel(datetime.fromisoformat(when).replace(tzinfo=UTC), tick=False):
        chores.remind_customers(datetime.fromisoformat(when).replace(tzinfo=UTC))
    db.session.rollback()
    kept = sa.select(OutgoingMail).where(OutgoingMail.key.startswith("reminder:")).order_by(OutgoingMail.id)
    return list(db.session.scalars(kept.execution_options(populate_existing=True)))


def days() -> list[str]:
    db.session.rollback()
    return [
        f"{one.local_on:%a %d %b}" for one in db.session.scalars(sa.select(Reminder).order_by(Reminder.id))
    ]


def answer(of: Project, key: str, typed: str, at: str) -> None:
    with unit_of_work():
        answering.answer_item(
            make.item(of, key),
            typed=typed,
            at=datetime.fromisoformat(at).replace(tzinfo=UTC),
            by=Answerer(name="Yuki"),
        )


def contact(name: str = "Yuki Tanaka") -> Contact:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Contact).where(Contact.name == name).execution_options(populate_existing=True)
    ).one()


def test_the_rhythm_of_a_point_in_the_readers_daytime(project: Project) -> None:
    """08:00 in Basel is 06:00 UTC in summer; Easter lies between; the chore runs every few hours for a month."""
    for day in range(20, 32):
        for hour in (3, 6, 12, 16, 21):
            look(f"2026-03-{day}T{hour:02}:10")
    for day in range(1, 9):
        for hour in (3, 6, 12):
            look(f"2026-04-{day:02}T{hour:02}:10")

    # due on Wed 8 April: 14 days before, 7, 3 (a Sunday, so Thursday before Good Friday), 1, the day itself
    assert days()[:5] == ["Wed 25 Mar", "Wed 01 Apr", "Thu 02 Apr", "Tue 07 Apr", "Wed 08 Apr"]
    letters = look("2026-04-08T23:00")
    first = letters[0].created_at
    assert (first.hour, first.minute) == (12, 10), "on the 25th, 06:10 UTC is 07:10: still winter time"
    assert letters[2].created_at.hour == 6


def test_it_stops_at_once_when_everything_is_answered(project: Project) -> None:
    assert len(look("2026-03-25T09:00")) == 1
    answer(project, "circuit", "yes", "2026-03-26T10:00")
    answer(project, "temperature", "21", "2026-03-26T10:00")
    assert [point.requirement["en"] for point in named("2026-03-27T09:00")] == ["Floor plan"]

    with unit_of_work():
        for item in make.checklist(project).items:
            item.is_asked = False
    assert len(look("2026-04-08T09:00")) == 1


@pytest.fixture
def held(app: Flask) -> Iterator[None]:
    """Letters are held for half a minute."""
    mail.register(app, replace(current(), mail_hold=30))
    yield
    mail.register(app, current())


@pytest.mark.usefixtures("held")
def test_a_held_reminder_leaves_only_while_something_is_owed(app: Flask, project: Project) -> None:
    def became(when: str) -> tuple[bool, bool]:
        """Whether the newest letter left, and whether it was given up, by an instant."""
        with time_machine.travel(datetime.fromisoformat(when).replace(tzinfo=UTC), tick=False):
            worker.drain(app)
        letter = look(when)[-1]
        return letter.sent_at is not None, letter.stopped_at is not None

    (first,) = look("2026-03-25T09:00")
    assert first.leaves_at == first.created_at + timedelta(seconds=30), (
        "until then it can be read and stopped"
    )
    assert became("2026-03-25T09:01") == (True, False)
    assert len(look("2026-04-01T09:00")) == 2
    for key, typed in (("circuit", "yes"), ("temperature", "21")):
        answer(project, key, typed, "2026-04-01T09:00")
    with unit_of_work():
        for item in make.checklist(project).items:
            item.is_asked = item.value != ""
    assert became("2026-04-01T09:01") == (False, True)


def named(when: str) -> tuple[chasing.Point, ...]:
    with time_machine.travel(datetime.fromisoformat(when).replace(tzinfo=UTC), tick=False):
        (reader,) = chasing.outlook(now=datetime.fromisoformat(when).replace(tzinfo=UTC))
        return reader.named


def test_points_of_two_projects_are_one_letter_and_every_worker_counts_once(app: Flask) -> None:
    with unit_of_work():
        place = orders.site(key="HB", account="HB Biologics")
        person = orders.contact(place)
        both = []
        for number in ("SO-1", "SO-2"):
            sold = orders.order(
                place,
                make.instrument(f"lcms-{number.lower()}"),
                number=number,
                requested_from=on("Wed 2026-04-29"),
                person=person,
            )
            draft = make.create_project(sold.id, actor_id=None, at=orders.RECEIVED)
            both.append(make.approve_plan(draft.id, actor_id=None, at=orders.RECEIVED))
        reached(*both)

    for _worker in range(3):
        letters = look("2026-04-08T09:00")

    (letter,) = letters
    assert letter.project_id is None
    assert letter.text.count("Dedicated circuit is live (de)") == 2
    keys = {item["project"] for item in db.session.scalars(sa.select(Reminder)).one().items}
    assert keys == {one.id for one in both}
    told = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "CustomerReminded")).all()
    assert {row.project_id for row in told} == keys
    assert story.words("CustomerReminded", told[0].payload) == "reminded Yuki Tanaka of 4 open points"


@pytest.mark.parametrize("state", ["on hold", "finished", "cancelled", "draft"])
def test_a_project_that_is_not_under_way_reminds_nobody(project: Project, state: str) -> None:
    values: dict[str, Any] = {
        "on hold": {"held_on": date(2026, 3, 20)},
        "finished": {"state": ProjectState.DONE, "finished_on": date(2026, 3, 20)},
        "cancelled": {"state": ProjectState.CANCELLED, "cancelled_at": SENT},
        "draft": {"state": ProjectState.DRAFT, "approved_at": None},
    }[state]
    with unit_of_work():
        db.session.execute(sa.update(Project).where(Project.id == project.id).values(**values))
    assert look("2026-04-08T09:00") == []


def test_what_is_ours_or_waits_for_us_is_nobody_elses(project: Project) -> None:
    with unit_of_work():
        for item in make.checklist(project).items:
            item.responsible = Responsible.VENDOR
    assert look("2026-04-08T09:00") == []

    with unit_of_work():
        item = make.item(project, "circuit")
        item.responsible, item.reviewer = Responsible.CUSTOMER, Reviewer.ENGINEER
    answer(project, "circuit", "yes", "2026-04-08T08:00")
    assert look("2026-04-08T09:00") == [], "answered, so it is our engineer's to look at"


def test_a_checklist_that_was_not_sent_and_one_turned_off_remind_nobody(
    project: Project,
) -> None:
    with unit_of_work():
        db.session.execute(sa.update(Checklist).values(sent_at=None))
    assert look("2026-04-08T09:00") == []
    with unit_of_work():
        reached(project)
        chasing.turn(make.checklist(project), is_chased=False, at=SENT, actor_id=None)
    assert look("2026-04-08T09:00") == []
    with unit_of_work():
        at = datetime(2026, 4, 8, 8, tzinfo=UTC)
        chasing.turn(make.checklist(project), is_chased=True, at=at, actor_id=None)
    assert look("2026-04-08T09:00") == [], "it goes on from the next step, and catches up on nothing"
    assert len(look("2026-04-10T09:00")) == 1


def test_after_three_letters_a_second_person_is_reminded_too(project: Project) -> None:
    with unit_of_work():
        second = Contact(
            account_id=project.account_id,
            site_id=project.site_id,
            name="Bea Roth",
            email="bea@halden.example",
            language="en",
            zone="America/New_York",
        )
        db.session.add(second)
    for day in ("03-25", "04-01", "04-07"):
        letters = look(f"2026-{day}T09:00")
    assert {one.to for one in letters} == {"yuki@halden.example"}

    look("2026-04-08T09:00")
    letters = look("2026-04-08T13:30")

    assert [one.to for one in letters][-2:] == ["yuki@halden.example", "bea@halden.example"]
    assert "We wrote to Yuki Tanaka before" in letters[-1].text
    assert "We wrote to" not in letters[-2].text
    assert "Temperature" not in letters[-1].text.split("After that")[0]


def test_the_letter_says_what_is_next_and_opens_the_page(app: Flask, project: Project) -> None:
    with unit_of_work():
        contact().language = "en"
    answer(project, "temperature", "40", "2026-03-26T10:00")
    look("2026-04-10T09:00")
    with time_machine.travel(datetime(2026, 4, 10, 9, 0, 5, tzinfo=UTC), tick=False):
        worker.drain(app)

    message = written()
    text = body(message, "plain")
    assert message["Subject"].startswith("4 open points for ")
    assert message["Subject"].endswith(", the first due Wed 8 Apr 2026")
    assert text.index("What comes first:\nDedicated circuit is live") < text.index("After that:")
    assert "due Wed 8 Apr 2026 · 2 days late" in text
    html = body(message, "html")
    page = re.search(r"http://[^\s/]+/p/[a-z2-7]{26}", text)
    assert page
    assert page[0] in html
    browser = app.test_client()
    assert browser.get(re.sub(r"http://[^/]+", "", page[0])).status_code in {200, 303}
    ending = re.search(r"http://[^\s/]+(/reminders/[0-9]+-[a-z2-7]{26})", text)
    assert ending
    assert message["List-Unsubscribe"] == f"<{ending[0]}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    kept = look("2026-04-10T09:10")[0]
    assert ending[1] not in kept.text, "the ledger forgets what only the reader may know"
    assert page[0] not in kept.html
    assert kept.unsubscribe == ""


def test_hostile_words_stay_words(app: Flask, project: Project) -> None:
    with unit_of_work():
        contact().name = "Yuki\r\nBcc: eve@evil.example <i>"
        db.session.flush()
        item = make.item(project, "circuit")
        item.requirement = {
            "en": "<img src=x onerror=alert(1)>\r\nBcc: eve@evil.example",
            "de": "</b><script>x",
        }
        item.returned_reason = "<b>no</b>\n{{ 7*7 }}"
    look("2026-04-08T09:00")
    with time_machine.travel(datetime(2026, 4, 8, 9, 1, tzinfo=UTC), tick=False):
        worker.drain(app)

    message = written()
    html = body(message, "html")
    assert message["Bcc"] is None
    assert "<script>" not in html
    assert "&lt;/b&gt;&lt;script&gt;x" in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert "49" not in html.split("</blockquote>")[0].split("<blockquote>")[1]


def test_one_click_ends_reminders_and_a_look_does_not(app: Flask, project: Project) -> None:
    look("2026-03-25T09:00")
    token, browser = chasing.opt_out_token(contact()), app.test_client()

    asked = browser.get(f"/reminders/{token}")
    assert asked.status_code == 200
    assert "Keine Erinnerungen mehr" in asked.get_data(as_text=True), "in the reader's language"
    assert contact().is_reminded

    done = browser.post(f"/reminders/{token}", data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, done.data) == (200, b"")
    assert not contact().is_reminded
    assert len(look("2026-04-08T09:00")) == 1, "only the one from before"

    unsaid = browser.post(f"/reminders/{token}", data={"reminders": "perhaps"})
    assert unsaid.status_code == 400
    assert "Dieses Formular ist unvollständig" in unsaid.get_data(as_text=True)
    browser.post(f"/reminders/{token}", data={"reminders": "yes"})
    assert contact().is_reminded
    forged = token[:-1] + ("b" if token.endswith("a") else "a")
    assert browser.get(f"/reminders/{forged}").status_code == 404
    assert browser.post(f"/reminders/1-{'a' * 26}", data={"reminders": "no"}).status_code == 404
    with unit_of_work():
        contact().email = "new@halden.example"
    assert browser.get(f"/reminders/{token}").status_code == 404, "another address, another person"


def test_an_address_that_fails_stops_reminders_until_a_person_says_so(app: Flask, project: Project) -> None:
    (letter,) = look("2026-03-25T09:00")
    with unit_of_work():
        mail.note_returned([letter.message_id], ["YUKI@halden.example"], why="550 no such user", at=SENT)
    assert len(look("2026-04-01T09:00")) == 1
    (reader,) = chasing.outlook(now=datetime(2026, 4, 1, 9, tzinfo=UTC))
    assert reader.hindrance == "returned"

    with unit_of_work():
        mail.trust("yuki@halden.example")
    assert len(look("2026-04-01T09:00")) == 2


def test_a_letter_that_could_not_leave_by_day_is_not_sent_at_night(app: Flask, project: Project) -> None:
    look("2026-03-25T15:30")
    with time_machine.travel(datetime(2026, 3, 25, 16, 1, tzinfo=UTC), tick=False):
        worker.drain(app)

    (letter,) = look("2026-03-25T20:00")
    assert letter.sent_at is None
    assert letter.stopped_at is not None
    assert db.session.scalars(sa.select(Reminder)).one().stopped_at is not None
    assert list((current().instance / "mail").glob("reminder*.eml")) == []


def test_one_can_be_left_out_and_then_the_rhythm_goes_on(
    project: Project, sign_in: Callable[[User], FlaskClient]
) -> None:
    with time_machine.travel(datetime(2026, 3, 24, 9, tzinfo=UTC), tick=False):
        ada = somebody(sign_in)
        shown = ada.get("/letters/reminders").get_data(as_text=True)
        assert "1 reminder leaves today or tomorrow" in shown
        assert "Dedicated circuit is live (de)" in shown, "as its reader will read it"
        assert "/p/[…]" in shown
        answered = ada.post(f"/letters/reminders/{contact().id}/omission", data=token_of(ada))
        assert answered.status_code == 303
        assert "No reminder leaves today or tomorrow" in ada.get("/letters/reminders").get_data(as_text=True)
    assert look("2026-03-25T09:00") == []
    assert len(look("2026-04-01T09:00")) == 1


def test_the_checklists_page_says_when_to_whom_and_why_not(
    project: Project, sign_in: Callable[[User], FlaskClient]
) -> None:
    address = f"/projects/{project.key}/readiness/reminders"
    with time_machine.travel(datetime(2026, 3, 24, 9, tzinfo=UTC), tick=False):
        ada = somebody(sign_in)
        assert "Wed 25 Mar, 08:00" in ada.get(address).get_data(as_text=True)
        ada.post(f"/projects/{project.key}/readiness/chasing", data={**token_of(ada), "chased": "no"})
        assert "Reminders are off for this checklist." in ada.get(address).get_data(as_text=True)
        ada.post(f"/projects/{project.key}/readiness/chasing", data={**token_of(ada), "chased": "yes"})
        edit = f"/accounts/{project.account_id}/contacts/{contact().id}/edit"
        form = {"name": "Yuki Tanaka", "email": "yuki@halden.example", "zone": "Europe/Zurich"}
        more = {"role": "lab", "site_id": project.site_id, "language": "de", "is_reminded": "False"}
        page = ada.get(edit).get_data(as_text=True)
        hidden = dict(re.findall(r'name="(version|loaded)" type="hidden" value="([^"]*)"', page))
        loaded = {name: unescape(value) for name, value in hidden.items()}
        assert ada.post(edit, data={**loaded, **token_of(ada), **form, **more}).status_code == 303
        shown = ada.get(address).get_data(as_text=True)
        assert "Yuki Tanaka does not want reminders." in shown
        assert "Nobody else of this customer" in shown


def test_ten_thousand_points_are_looked_at_quickly(app: Flask, project: Project) -> None:
    """A look that finds nobody to write to asks few questions, however many points there are."""
    asked: list[str] = []

    @sa.event.listens_for(db.engine, "before_cursor_execute")
    def note(*args: Any) -> None:
        asked.append(args[2])

    try:
        look("2026-04-08T09:00")
        asked.clear()
        with time_machine.travel(datetime(2026, 4, 8, 9, 5, tzinfo=UTC), tick=False):
            chores.remind_customers(datetime(2026, 4, 8, 9, 5, tzinfo=UTC))
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len([one for one in asked if one.startswith("SELECT")]) <= 9
    assert db.session.scalar(sa.select(sa.func.count(ReadinessItem.id))) == 4


def written() -> EmailMessage:
    (path,) = (current().instance / "mail").glob("reminder-*.eml")
    return message_from_bytes(path.read_bytes(), policy=policy.default)  # type: ignore[return-value]  # by the policy


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def somebody(sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Ada signs in at the instant it is."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


def token_of(browser: FlaskClient) -> dict[str, str]:
    return {"csrf_token": csrf_token(browser, "/today")}
