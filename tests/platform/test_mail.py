"""Letters: one for each key, with headers nobody can forge, to a folder or a real SMTP server."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, deliveries, mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.mail import Attachment, Letter, OutgoingMail
from concierge.platform.settings import current
from tests.mail_server import receiving
from tests.makers import people as make

LETTER = Letter(
    to="yuki@customer.example",
    to_name="Yuki Mori",
    subject="Delivery on 12 Dec",
    text="Hello Yuki,\n\nsee the list.",
    html="<p>Hello <b>Yuki</b></p>",
    attachments=(
        Attachment("Checklist – Köln.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        Attachment("visit.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", method="REQUEST"),
    ),
)


PLAIN = replace(LETTER, attachments=LETTER.attachments[:1])
"""One without a calendar object."""


class Inbox:
    """What a mail server got, and how it answers."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.answers: list[str] = []
        self.address = ""

    async def handle_RCPT(  # noqa: N802 – aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("gone@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 – aiosmtpd's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.got.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return answer


@pytest.fixture
def inbox(app: Flask) -> Iterator[Inbox]:
    """A real SMTP server that this application sends to."""
    handler = Inbox()
    with receiving(handler) as handler.address:
        mail.register(app, replace(current(), mail=handler.address))
        yield handler
    mail.register(app, current())


@pytest.fixture(autouse=True)
def empty_folder(app: Flask) -> None:
    for path in (current().instance / "mail").glob("*.eml"):
        path.unlink()


def post(letter: Letter = LETTER, key: str = "checklist:1:issued") -> None:
    with unit_of_work():
        mail.post(letter, key=key)


def delivery() -> Delivery:
    db.session.rollback()
    found = db.session.query(Delivery).one()
    db.session.refresh(found)
    return found


def test_a_letter_reaches_a_server_whole(app: Flask, inbox: Inbox) -> None:
    post()
    worker.drain(app)

    [message] = inbox.got
    assert message["To"] == "Yuki Mori <yuki@customer.example>"
    assert message["Subject"] == "Delivery on 12 Dec"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").strip() == LETTER.text
    assert "<b>Yuki</b>" in html.get_content()
    pdf, visit = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == ("Checklist – Köln.pdf", b"%PDF-1.7 \x00\xff")
    assert visit.get_content_type() == "text/calendar"
    assert visit.get_param("method") == "REQUEST"


def test_the_same_key_is_one_letter_with_one_id(app: Flask, inbox: Inbox) -> None:
    post()
    post()
    worker.drain(app)
    post()
    worker.drain(app)

    assert len(inbox.got) == 1
    assert db.session.query(OutgoingMail).one().message_id == inbox.got[0]["Message-ID"]


def test_nobody_without_the_secret_key_can_work_an_id_out(app: Flask, inbox: Inbox) -> None:
    ids = []
    for secret_key in ("one key that nobody knows", "another key that nobody knows"):
        mail.register(app, replace(current(), mail=inbox.address, secret_key=secret_key))
        with unit_of_work():
            mail.post(LETTER, key="invitation:7:0:user:3")
        ids.append(db.session.query(OutgoingMail).one().message_id)
        with unit_of_work():
            db.session.query(OutgoingMail).delete()
            db.session.query(Delivery).delete()

    assert len(set(ids)) == 2


def test_the_ledger_keeps_no_secret_of_a_letter_that_left(app: Flask, inbox: Inbox) -> None:
    post(
        replace(
            LETTER,
            text="See /answer/first and /answer/second, or /answer/third.",
            html="<p>/answer/first /answer/second /answer/third</p>",
            secret="/first",
            secrets=("/second", "/third"),
            reply_to="schedule+7.hidden@customer.example",
        )
    )
    worker.drain(app)

    [message] = inbox.got
    assert "/answer/third" in message.as_string()
    assert "schedule+7.hidden@" in message["Reply-To"]
    db.session.rollback()
    kept = db.session.query(OutgoingMail).populate_existing().one()
    assert kept.sent_at is not None
    for words in (kept.text, kept.html):
        assert words.count("[…]") == 3
        assert not any(word in words for word in ("first", "second", "third"))
    assert (kept.secret, kept.secrets, kept.reply_to) == ("", [], "")


def test_a_server_that_is_busy_gets_the_same_letter_again(app: Flask, inbox: Inbox) -> None:
    inbox.answers = ["451 try again later"]
    post()
    worker.drain(app)
    assert delivery().status is DeliveryStatus.READY

    with unit_of_work():
        db.session.query(Delivery).one().run_at = delivery().created_at
    worker.drain(app)

    assert len(inbox.got) == 1
    assert delivery().status is DeliveryStatus.DONE


def test_a_refused_recipient_is_given_up_and_said(app: Flask, inbox: Inbox) -> None:
    post(replace(LETTER, to="gone@customer.example"))
    worker.drain(app)

    assert delivery().status is DeliveryStatus.DEAD
    assert "refuses the recipient" in delivery().last_error


def test_a_server_that_is_away_is_tried_later(app: Flask) -> None:
    mail.register(app, replace(current(), mail="smtp://127.0.0.1:1"))
    post()
    worker.drain(app)
    mail.register(app, current())

    assert delivery().status is DeliveryStatus.READY
    assert "ConnectionRefusedError" in delivery().last_error


def test_a_password_is_never_said_in_the_clear(app: Flask, inbox: Inbox) -> None:
    mail.register(app, replace(current(), mail=inbox.address.replace("//", "//ada:secret@")))
    post()
    worker.drain(app)

    assert inbox.got == []
    assert "offers no encryption" in delivery().last_error


@pytest.mark.parametrize(
    "name",
    [
        "Yuki\r\nBcc: eve@evil.example",
        "Yuki\nSubject: x",
        'Yuki" <eve@evil.example>, "',
        "Yuki\u2028Bcc: a@b.example",
    ],
)
def test_no_name_or_subject_adds_a_header_or_a_recipient(app: Flask, inbox: Inbox, name: str) -> None:
    post(replace(LETTER, to_name=name, subject=name, attachments=(Attachment(name, "text/plain", b"x"),)))
    worker.drain(app)

    [message] = inbox.got
    assert message["Bcc"] is None
    assert len(message.get_all("Subject", [])) == 1
    assert [a.addr_spec for a in message["To"].addresses] == ["yuki@customer.example"]


def test_the_folder_keeps_one_file_for_a_key(app: Flask) -> None:
    post()
    worker.drain(app)
    [path] = (current().instance / "mail").glob("*.eml")
    before = path.read_bytes()
    with unit_of_work():
        db.session.query(OutgoingMail).one().sent_at = None
        db.session.query(Delivery).one().status = DeliveryStatus.READY
    worker.drain(app)

    assert [p.name for p in (current().instance / "mail").glob("*.eml")] == [path.name]
    assert message_from_bytes(before)["Message-ID"] == message_from_bytes(path.read_bytes())["Message-ID"]


def test_the_development_page_shows_letters_to_those_who_operate(
    app: Flask, sign_in: Callable[[User], FlaskClient]
) -> None:
    post(replace(LETTER, text="<script>alert(1)</script>", subject="<b>Bold</b>"))
    worker.drain(app)
    with unit_of_work():
        ida, mallory = (
            make.user(name="Ida Berg", role=Role.ADMINISTRATOR),
            make.user(name="Mallory Voss", role=Role.MANAGER),
        )
    browser, [path] = sign_in(ida), list((current().instance / "mail").glob("*.eml"))

    listed = browser.get("/mail").get_data(as_text=True)
    shown = browser.get(f"/mail/{path.name}").get_data(as_text=True)
    pdf = browser.get(f"/mail/{path.name}/attachments/0")

    assert "&lt;b&gt;Bold" in listed
    assert "<script>alert" not in shown
    assert "&lt;b&gt;Yuki" in shown
    assert pdf.data == b"%PDF-1.7 \x00\xff"
    assert pdf.headers["Content-Disposition"].startswith("attachment")
    assert browser.get("/mail/..%2f..%2fsecret_key").status_code == 404
    assert browser.get(f"/mail/{path.name}/attachments/9").status_code == 404
    assert sign_in(mallory).get("/mail").status_code == 403
    assert app.test_client().get("/mail").status_code == 303


LONG = "https://concierge.instruments.a-company-with-a-long-name.example.com/reminders/123456-" + "a" * 26


def test_the_address_that_ends_letters_stays_in_one_piece(app: Flask, inbox: Inbox) -> None:
    """Mail programs read it by machine; the email package would encode one that is longer than a line."""
    post(replace(LETTER, subject="Noch offen: Übergabe " * 6, unsubscribe=LONG, secrets=("a" * 26,)))
    worker.drain(app)

    [message] = inbox.got
    assert message["List-Unsubscribe"] == f"<{LONG}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Subject"] == ("Noch offen: Übergabe " * 6).strip()


@pytest.fixture
def held(app: Flask, inbox: Inbox) -> Iterator[Inbox]:
    """The server, where letters that somebody causes are held for half a minute."""
    mail.register(app, replace(current(), mail=inbox.address, mail_hold=30))
    yield inbox
    deliveries.act_for(None)


def caused(key: str = "checklist:1:asked", by: int | None = 7) -> int:
    """A letter that somebody of ours causes."""
    deliveries.act_for(by)
    with unit_of_work():
        number = mail.post(PLAIN, key=key)
    deliveries.act_for(None)
    return number


def later(app: Flask, seconds: int = 31) -> None:
    with time_machine.travel(clock.now() + timedelta(seconds=seconds)):
        if db.engine.dialect.name == "postgresql":  # whose clock does not travel along
            with unit_of_work():
                for row in db.session.query(Delivery).filter_by(status=DeliveryStatus.READY):
                    row.run_at -= timedelta(seconds=seconds)
        worker.drain(app)
    db.session.rollback()


def test_what_somebody_causes_is_held_and_what_nobody_did_leaves(app: Flask, held: Inbox) -> None:
    caused("by a person")
    caused("by itself", by=None)
    worker.drain(app)
    assert len(held.got) == 1
    later(app, 20)
    assert len(held.got) == 1
    later(app, 31)
    assert len(held.got) == 2


def test_who_was_in_front_is_known_however_far_the_letter_is_from_the_act(app: Flask, held: Inbox) -> None:
    """An act puts up a delivery, that one another one, and that one writes the letter."""

    def first(args: dict[str, Any]) -> None:
        deliveries.enqueue("test.second", {})

    def second(args: dict[str, Any]) -> None:
        mail.post(PLAIN, key="far away")

    deliveries.register("test.first", first)
    deliveries.register("test.second", second)
    deliveries.act_for(7)
    with unit_of_work():
        deliveries.enqueue("test.first", {})
    deliveries.act_for(None)
    worker.drain(app)

    row = db.session.query(OutgoingMail).one()
    assert row.caused_by_id == 7
    assert row.leaves_at is not None
    assert held.got == []
    assert deliveries.who_asks() is None, "nobody is in front of what the worker does next"


def test_a_letter_that_is_stopped_does_not_leave_and_can_be_sent_after_all(app: Flask, held: Inbox) -> None:
    number = caused()
    with unit_of_work():
        assert mail.stop(number, by_id=7, at=clock.now())
    with unit_of_work():
        assert not mail.stop(number, by_id=8, at=clock.now()), "it is stopped already"
    later(app)
    assert held.got == []

    with unit_of_work():
        assert mail.let_go(number, at=clock.now())
    worker.drain(app)
    assert len(held.got) == 1
    with unit_of_work():
        assert not mail.let_go(number, at=clock.now())
        assert not mail.stop(number, by_id=7, at=clock.now())


def test_a_letter_need_not_wait(app: Flask, held: Inbox) -> None:
    number = caused()
    with unit_of_work():
        mail.let_go(number, at=clock.now())
    worker.drain(app)
    assert len(held.got) == 1
    later(app)
    assert len(held.got) == 1, "and it leaves once"


def test_the_row_decides_between_stopping_and_leaving(app: Flask, held: Inbox) -> None:
    """However the two meet: either it was stopped and nothing left, or it left and nobody was told otherwise."""
    outcomes = set()
    for number in range(8):
        letter = caused(f"race:{number}", by=None)
        started, stopped = threading.Barrier(2), []

        def stop(
            letter: int = letter, started: threading.Barrier = started, stopped: list[bool] = stopped
        ) -> None:
            with app.app_context():
                started.wait()
                time.sleep(random.random() / 40)  # no secret
                with unit_of_work():
                    stopped.append(mail.stop(letter, by_id=7, at=clock.now()))

        thread = threading.Thread(target=stop)
        thread.start()
        started.wait()
        worker.drain(app)
        thread.join()
        worker.drain(app)
        db.session.rollback()
        db.session.expire_all()
        row = db.session.get_one(OutgoingMail, letter)
        left = [one for one in held.got if one["Message-ID"] == row.message_id]
        assert stopped[0] == (row.stopped_at is not None)
        assert len(left) == (0 if stopped[0] else 1)
        assert (row.sent_at is None) == stopped[0]
        outcomes.add(stopped[0])
    assert outcomes


def test_a_letter_that_failed_can_be_stopped_again(app: Flask, held: Inbox) -> None:
    held.answers = ["451 try again later"]
    number = caused(by=None)
    worker.drain(app)
    with unit_of_work():
        assert mail.stop(number, by_id=7, at=clock.now())
    with unit_of_work():
        db.session.query(Delivery).one().run_at = delivery().created_at
    worker.drain(app)
    assert held.got == []


def test_a_letter_is_seen_and_stopped_before_its_files_are_there(app: Flask, held: Inbox) -> None:
    deliveries.act_for(7)
    with unit_of_work():
        number = mail.announce(PLAIN, key="with a print")
    with unit_of_work():
        mail.stop(number, by_id=7, at=clock.now())
    with unit_of_work():
        assert mail.post(PLAIN, key="with a print") == number
    deliveries.act_for(None)
    later(app)
    assert held.got == []
    with unit_of_work():
        mail.let_go(number, at=clock.now())
    worker.drain(app)
    assert len(list(held.got[0].iter_attachments())) == 1


def test_an_invitation_is_not_held_for_what_it_says_is_kept_as_said(app: Flask, held: Inbox) -> None:
    deliveries.act_for(7)
    with unit_of_work():
        number = mail.post(LETTER, key="invitation:1")
    deliveries.act_for(None)
    assert db.session.get_one(OutgoingMail, number).is_itip
    worker.drain(app)
    assert len(held.got) == 1


def test_what_would_be_too_late_is_given_up_and_told(app: Flask, inbox: Inbox) -> None:
    told: list[str] = []
    mail.when_too_late("late:", lambda key, at: told.append(key))
    with unit_of_work():
        mail.post(LETTER, key="late:1", leaves_by=clock.now() - timedelta(seconds=1))
    worker.drain(app)
    db.session.rollback()
    row = db.session.query(OutgoingMail).populate_existing().one()
    assert (inbox.got, row.sent_at, told) == ([], None, ["late:1"])
    assert row.stopped_at is not None


def test_a_refused_address_is_known_until_it_is_trusted_again(app: Flask, inbox: Inbox) -> None:
    post(replace(LETTER, to="gone@customer.example"))
    worker.drain(app)
    db.session.rollback()
    assert set(mail.returned_addresses(["Gone@customer.example", "yuki@customer.example"])) == {
        "gone@customer.example"
    }
    with unit_of_work():
        mail.trust("gone@CUSTOMER.example")
    assert mail.returned_addresses(["gone@customer.example"]) == {}


def test_a_report_on_a_letter_that_nobody_sent_says_nothing(app: Flask, inbox: Inbox) -> None:
    post()
    row = db.session.query(OutgoingMail).one()
    with unit_of_work():
        assert mail.note_returned(["<forged@x>"], [], why="no", at=clock.now()) == []
        assert mail.note_returned([row.message_id], ["somebody@else.example"], why="no", at=clock.now()) == []
        assert mail.note_returned([row.message_id], ["YUKI@customer.example"], why="no", at=clock.now()) == [
            row
        ]
