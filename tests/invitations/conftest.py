"""A real mail server that invitations go to, and time that passes between a change and the letter about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from icalendar import Calendar, Event

from concierge.feeds import lint
from concierge.invitations.actions import sending
from concierge.platform import mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.settings import current
from tests.feeds.readers import read_with_libical
from tests.mail_server import receiving
from tests.makers.invitations import NOW
from tests.programs import python_with_libical


@dataclass
class Post:
    """What a mail server got, letter by letter, and the time that passes."""

    app: Flask
    got: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What the server says to the next letters; 250 when it is empty."""

    async def handle_DATA(  # noqa: N802 – aiosmtpd's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take one letter."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.got.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return answer

    def note(self, at: datetime) -> None:
        """Do at an instant what follows at once: it is noted who has to be told."""
        with time_machine.travel(at, tick=False):
            while worker.work_once(self.app, queues=("default",)):
                pass

    def send(self, at: datetime) -> list[EmailMessage]:
        """Tell at an instant whom it is time to tell, and bring the letters away."""
        before = len(self.got)
        with time_machine.travel(at, tick=False):
            self.let_be_due(at)
            while worker.work_once(self.app, queues=("mail",)):
                self.let_be_due(at)
        return self.got[before:]

    def let_be_due(self, at: datetime) -> None:
        """On PostgreSQL deliveries are due by the server's clock, which does not travel: let it say what is due."""
        if db.engine.dialect.name != "postgresql":
            return
        with unit_of_work():
            for row in db.session.scalars(
                sa.select(Delivery).where(
                    Delivery.name == sending.TELL,
                    Delivery.status == DeliveryStatus.READY,
                    Delivery.attempts == 0,
                )
            ):
                is_due = datetime.fromisoformat(row.args["due_at"]) <= at
                row.run_at = NOW if is_due else datetime.max.replace(tzinfo=UTC)

    def quiet(self, at: datetime) -> list[EmailMessage]:
        """What is sent when nothing else happens after an instant."""
        self.note(at)
        sent = self.send(at + sending.QUIET + timedelta(seconds=1))
        self.note(at + sending.QUIET + timedelta(seconds=2))
        return sent


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    """It is a Monday, a fortnight before the visits."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def post(app: Flask) -> Iterator[Post]:
    """A real SMTP server that this application sends to."""
    handler = Post(app)
    with receiving(handler) as address:
        mail.register(app, replace(current(), mail=address))
        yield handler
    mail.register(app, current())
    for message in handler.got:
        for part in calendar_parts(message):
            check_object(data_of(part))


def check_object(data: bytes) -> None:
    """Refuse an iTIP object that libical's table of RFC 5546 or our own linter complains about (rules I1, I2)."""
    entry = data[data.index(b"BEGIN:VEVENT") : data.rindex(b"END:VCALENDAR")]
    is_whole = b"METHOD:DECLINECOUNTER" not in data  # which names a visit and says nothing of it
    assert [
        one
        for one in lint.problems_in_entry(entry)
        if one.rule != "F19" and (is_whole or one.rule in {"F1", "F2", "F3", "F4"})  # feeds name nobody
    ] == []
    assert lint.problems(data) == ()  # the whole of it as a message, by the tables of RFC 5546
    if python_with_libical() is not None:
        assert len(read_with_libical(data)) == 1


def calendar_parts(message: EmailMessage) -> list[EmailMessage]:
    """The parts of a letter that are iTIP objects, inline or as files."""
    return [
        part
        for part in message.walk()
        if isinstance(part, EmailMessage) and part.get_content_type() == "text/calendar"
    ]


def calendar_part(message: EmailMessage) -> EmailMessage:
    """The part of a letter that mail programs read an invitation from."""
    [part] = calendar_parts(message)
    return part


def data_of(part: EmailMessage) -> bytes:
    """The bytes of a part as they were before they were encoded for the way."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def event_in(message: EmailMessage) -> Event:
    """The only event that a letter carries."""
    [event] = Calendar.from_ical(data_of(calendar_part(message))).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def method_of(message: EmailMessage) -> str:
    """The iTIP method of a letter."""
    return str(calendar_part(message).get_param("method"))


def to(messages: list[EmailMessage]) -> dict[str, EmailMessage]:
    """Letters by their only recipient's address."""
    found = {str(message["To"].addresses[0].addr_spec): message for message in messages}
    assert len(found) == len(messages)
    return found
