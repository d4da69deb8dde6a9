"""What customers and we write to each other about a project: questions, answers, and messages of ours."""

import re
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.mail import OutgoingMail
from concierge.readiness import queries
from concierge.readiness.events import MessageWritten, QuestionAnswered, QuestionAsked, QuestionSettled
from concierge.readiness.models import CustomerLink, CustomerMessage, CustomerQuestion, ReadinessItem

MOST_WAITING = 20
"""Questions of one link that may wait for an answer."""


class NotAsked(Refused):
    """A question or an answer that cannot be taken now."""


def ask(
    link: CustomerLink, text: str, *, item: ReadinessItem | None = None, at: datetime
) -> CustomerQuestion:
    """Ask us something; whoever coordinates the project hears of it.

    :param item: the requirement that it is about; None: the project.
    :raises NotAsked: when it says nothing, or many wait already.
    """
    if not text.strip():
        raise NotAsked(_("Write your message."))
    if queries.waiting_questions(link.id) >= MOST_WAITING:
        raise NotAsked(_("Many of your messages wait for us already. Please call us."))
    question = CustomerQuestion(
        project_id=link.project_id,
        item_id=item.id if item else None,
        link_id=link.id,
        name=link.name,
        text=text.strip(),
        asked_at=at,
    )
    db.session.add(question)
    db.session.flush()
    record(
        QuestionAsked(
            at=at,
            actor_id=None,
            project_id=link.project_id,
            question_id=question.id,
            by_name=link.name,
            requirement=item.requirement.get("en", "") if item else "",
            text=question.text,
        )
    )
    return question


def answer_question(question: CustomerQuestion, text: str, *, at: datetime, actor_id: int) -> None:
    """Answer what a customer asked; they get it by mail and read it on their page.

    :raises NotAsked: when it was answered already, or the answer says nothing.
    """
    _expect_waiting(question)
    if not text.strip():
        raise NotAsked(_("Write an answer."))
    question.answer, question.answered_at, question.answered_by_id = text.strip(), at, actor_id
    record(
        QuestionAnswered(
            at=at,
            actor_id=actor_id,
            project_id=question.project_id,
            question_id=question.id,
            name=question.name,
            text=question.answer,
        )
    )


def settle(question: CustomerQuestion, *, at: datetime, actor_id: int) -> None:
    """Note that what a customer wrote needs no answer; their page says that we have read it.

    :raises NotAsked: when it was answered already.
    """
    _expect_waiting(question)
    question.answer, question.answered_at, question.answered_by_id = "", at, actor_id
    record(
        QuestionSettled(
            at=at,
            actor_id=actor_id,
            project_id=question.project_id,
            question_id=question.id,
            name=question.name,
            text=question.text,
        )
    )


def write(
    project_id: int, text: str, *, to: CustomerLink | None, at: datetime, actor_id: int
) -> CustomerMessage:
    """Write to the customer; it stands on their page, and a letter brings it.

    :param to: whose letter it is; None: everybody's who sees the whole page.
    :raises NotAsked: when it says nothing, or nobody would get it.
    """
    if not text.strip():
        raise NotAsked(_("Write a message."))
    if to is None and not queries.links_to_write_to(project_id, at=at):
        raise NotAsked(_("Nobody at the customer’s holds a link. Give somebody one first."))
    if to is not None and (to.project_id != project_id or not to.is_open(at=at)):
        raise NotAsked(
            _("The link of %(name)s opens nothing any more. Give them a new one first.", name=to.name)
        )
    message = CustomerMessage(
        project_id=project_id,
        link_id=to.id if to else None,
        name=to.name if to else "",
        text=text.strip(),
        sent_at=at,
        by_id=actor_id,
    )
    db.session.add(message)
    db.session.flush()
    record(
        MessageWritten(
            at=at,
            actor_id=actor_id,
            project_id=project_id,
            message_id=message.id,
            name=message.name,
            text=message.text,
        )
    )
    return message


def letter_key(message: CustomerMessage, link: CustomerLink) -> str:
    """Names the letter that brings somebody a message."""
    return f"message:{message.id}:{link.id}"


def answer_key(question: CustomerQuestion, *, at: datetime) -> str:
    """Names the letter that brings somebody the answer given at an instant."""
    return f"answer:{question.id}:{at.isoformat()}"


_LETTER = re.compile(r"(?P<what>message|answer):(?P<id>[0-9]{1,12}):.*", re.ASCII)


def follow_stopped(mail_key: str, *, at: datetime) -> None:
    """Take off the customer's page what a letter was to bring that was stopped before it left.

    A message once all its letters were; an answer is a draft again, and its question waits.
    """
    found = _LETTER.fullmatch(mail_key)
    if found is None:
        return
    number = int(found["id"])
    if found["what"] == "answer":
        values = {"answered_at": None, "answered_by_id": None}
        db.session.execute(sa.update(CustomerQuestion).where(CustomerQuestion.id == number).values(**values))
        return
    others = sa.select(OutgoingMail.id).where(
        OutgoingMail.key.startswith(f"message:{number}:"), OutgoingMail.stopped_at.is_(None)
    )
    if db.session.scalar(others.limit(1)) is None:
        db.session.execute(
            sa.update(CustomerMessage).where(CustomerMessage.id == number).values(stopped_at=at)
        )


def follow_let_go(mail_key: str, *, at: datetime, actor_id: int | None) -> None:
    """Put back what the letter brings that leaves after all."""
    found = _LETTER.fullmatch(mail_key)
    if found is None:
        return
    number = int(found["id"])
    if found["what"] == "message":
        db.session.execute(
            sa.update(CustomerMessage).where(CustomerMessage.id == number).values(stopped_at=None)
        )
        return
    draft = CustomerQuestion.answered_at.is_(None) & (CustomerQuestion.answer != "")
    db.session.execute(
        sa.update(CustomerQuestion)
        .where(CustomerQuestion.id == number, draft)
        .values(answered_at=at, answered_by_id=actor_id)
    )


def _expect_waiting(question: CustomerQuestion) -> None:
    if question.answered_at is not None:
        raise NotAsked(_("Somebody answered this question already. Look again."))
