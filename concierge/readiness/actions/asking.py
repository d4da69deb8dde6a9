"""What customers ask about their project, and what we answer."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.readiness import queries
from concierge.readiness.events import QuestionAnswered, QuestionAsked
from concierge.readiness.models import CustomerLink, CustomerQuestion, ReadinessItem

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
        raise NotAsked(_("Write your question."))
    if queries.waiting_questions(link.id) >= MOST_WAITING:
        raise NotAsked(_("Many of your questions wait for us already. Please call us."))
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
    if question.answered_at is not None:
        raise NotAsked(_("Somebody answered this question already. Look again."))
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
