"""What sites wait for: answers, reviews and people to ask, and what customers ask us."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from concierge.accounts.models import Contact
from concierge.catalogue.states import Responsible, Reviewer, Severity
from concierge.core.urgency import Kind, Matter
from concierge.home.agenda.asking import (
    ANSWER_DAYS,
    CONTRADICTED,
    NOT_READY_ANY_MORE,
    OPEN_ITEM,
    OPEN_QUESTION,
    TO_LOOK_AT,
    TO_REVIEW,
    UNTIL_ANSWER,
    Found,
    Looking,
    Question,
    Row,
    With,
    about,
    days_until,
    first_of_each,
    found_of,
    of_project,
    rows_of,
    running,
)
from concierge.platform.database import db
from concierge.platform.files import StoredFile
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.readiness.actions.judging import REVIEWS
from concierge.readiness.actions.taking import WAITING
from concierge.readiness.models import (
    Checklist,
    CustomerQuestion,
    ItemAnswer,
    ReadinessItem,
    ReturnedDocument,
)
from concierge.readiness.states import ItemState


def unanswered(looking: Looking) -> Found:
    """Projects whose site owes blocking answers that are overdue or soon due, the longest overdue first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            of_project(
                sa.select(item.due_on, item.requirement, Checklist.id.label("checklist_id"))
                .select_from(item)
                .join(Checklist, Checklist.id == item.checklist_id)
                .join(Project, Project.id == Checklist.project_id)
            )
            .where(
                OPEN_ITEM,
                item.responsible == Responsible.CUSTOMER,
                item.is_asked.is_(True),
                item.due_on <= UNTIL_ANSWER,
                *running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    rows = rows_of(looking, question, looking.most * 4)
    first = first_of_each(rows)
    counted = _counts([row.checklist_id for row in first[: looking.most]], looking.today)
    found = []
    for row in first[: looking.most]:
        late_items, due, answered, total, contact = counted[row.checklist_id]
        about = With(row, overdue=late_items, due=due, answered=answered, total=total, contact=contact)
        found.append(
            (
                Matter(
                    f"unanswered:{row.checklist_id}",
                    Kind.UNANSWERED,
                    slip_workdays=row.slip_workdays if late_items else 0,
                    days_left=days_until(row.due_on, looking.today),
                    level=late_items,
                    is_for_others=not late_items,
                ),
                about,
            )
        )
    return Found(found, len(first) > looking.most or len(rows) == looking.most * 4)  # type: ignore[arg-type]  # read like rows


def unreached(looking: Looking) -> Found:
    """Projects whose customer owes answers that nobody can be reminded of, the longest overdue first."""
    item = ReadinessItem
    comes_back = (
        sa.select(OutgoingMail.id)
        .where(
            sa.func.lower(OutgoingMail.to) == sa.func.lower(Contact.email),
            OutgoingMail.returned_at.is_not(None),
        )
        .correlate(Contact)
        .exists()
    )

    def question() -> Question:
        return (
            of_project(
                sa.select(
                    item.due_on,
                    Contact.id.label("contact_id"),
                    Contact.name.label("who"),
                    Contact.email,
                    Contact.is_reminded,
                )
                .select_from(item)
                .join(Checklist, Checklist.id == item.checklist_id)
                .join(Project, Project.id == Checklist.project_id)
                .join(Contact, Contact.id == sa.func.coalesce(item.contact_id, Project.contact_id))
            )
            .where(
                OPEN_ITEM,
                item.responsible == Responsible.CUSTOMER,
                item.is_asked.is_(True),
                item.due_on <= UNTIL_ANSWER,
                Checklist.is_chased.is_(True),
                Checklist.sent_at.is_not(None),
                sa.or_(Contact.is_reminded.is_(False), Contact.email == "", comes_back),
                *running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"unreached:{row.project_id}:{row.contact_id}",
            Kind.UNREACHED,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.due_on, looking.today),
        ),
        one_a_project=True,
    )


def ours(looking: Looking) -> Found:
    """Points of checklists that hold something and are ours to bring about, of each project the one due first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            of_project(
                sa.select(item.id, item.due_on, item.requirement, item.responsible)
                .select_from(item)
                .join(Checklist, Checklist.id == item.checklist_id)
                .join(Project, Project.id == Checklist.project_id)
            )
            .where(
                OPEN_ITEM,
                item.responsible != Responsible.CUSTOMER,
                item.is_asked.is_(True),
                item.due_on <= UNTIL_ANSWER,
                *running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    return _first_due(looking, question, Kind.OURS)


def questions(looking: Looking) -> Found:
    """What customers asked and nobody answered, the longest waiting first."""

    def question() -> Question:
        return (
            about(
                CustomerQuestion,
                CustomerQuestion.id,
                CustomerQuestion.name.label("who"),
                CustomerQuestion.text,
                CustomerQuestion.asked_at,
            )
            .where(OPEN_QUESTION, Project.state != ProjectState.CANCELLED, *looking.whose)
            .order_by(CustomerQuestion.asked_at, CustomerQuestion.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"question:{row.id}",
            Kind.QUESTION,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.asked_at.date(), looking.today),
        ),
    )


def came_back(looking: Looking) -> Found:
    """Checklists that came back and need a person, of each project the one that waits longest."""

    def question() -> Question:
        return (
            about(
                ReturnedDocument,
                ReturnedDocument.id,
                ReturnedDocument.outcome,
                ReturnedDocument.received_at,
                StoredFile.name.label("file"),
            )
            .join(StoredFile, StoredFile.id == ReturnedDocument.file_id)
            .where(TO_LOOK_AT, ReturnedDocument.outcome.in_(WAITING), *looking.whose)
            .order_by(ReturnedDocument.received_at, ReturnedDocument.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"came back:{row.id}",
            Kind.CAME_BACK,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.received_at.date(), looking.today),
        ),
        one_a_project=True,
    )


def lost(looking: Looking) -> Found:
    """Sites that were said to be ready and are not any more, the soonest delivery first."""

    def question() -> Question:
        return (
            about(Checklist, Checklist.ready_lost, Checklist.ready_lost_at, Checklist.anchor_on)
            .where(NOT_READY_ANY_MORE, *running(looking))
            .order_by(Checklist.anchor_on, Checklist.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"lost:{row.project_id}",
            Kind.LOST,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.anchor_on, looking.today),
            level=len((row.ready_lost or {}).get("critical", ())),
        ),
    )


def contradicted(looking: Looking) -> Found:
    """Points with answers that contradict each other, of each project the one due first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            of_project(
                sa.select(item.id, item.due_on, item.requirement)
                .select_from(ItemAnswer)
                .join(item, item.id == ItemAnswer.item_id)
                .join(Checklist, Checklist.id == item.checklist_id)
                .join(Project, Project.id == Checklist.project_id)
            )
            .where(CONTRADICTED, *running(looking))
            .order_by(item.due_on, item.id)
        )

    return _first_due(looking, question, Kind.CONTRADICTED)


def to_review(looking: Looking) -> Found:
    """Answers that count only when the viewer has looked at them, of each project the one due first."""

    def by_engineer() -> Question:
        return _to_review(looking, Reviewer.ENGINEER)

    def by_concierge() -> Question:
        return _to_review(looking, Reviewer.CONCIERGE)

    def by_either() -> Question:
        return _to_review(looking, *Reviewer)

    mine = {reviewer for reviewer, roles in REVIEWS.items() if looking.viewer.role in roles}
    question = by_either if len(mine) > 1 else by_engineer if Reviewer.ENGINEER in mine else by_concierge
    return _first_due(looking, question, Kind.REVIEW, level=lambda row: int(row.reported_at is not None))


def _first_due(
    looking: Looking,
    question: Callable[[], Question],
    kind: Kind,
    *,
    level: Callable[[Row], int] = lambda _row: 0,
) -> Found:
    """Points of sites, of each project the one due first."""
    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"{kind.value}:{row.id}",
            kind,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.due_on, looking.today),
            level=level(row),
        ),
        one_a_project=True,
    )


def _to_review(looking: Looking, *reviewers: Reviewer) -> Question:
    item = ReadinessItem
    return (
        of_project(
            sa.select(item.id, item.due_on, item.requirement, item.value, item.reported_at, item.answered_at)
            .select_from(item)
            .join(Checklist, Checklist.id == item.checklist_id)
            .join(Project, Project.id == Checklist.project_id)
        )
        .where(
            TO_REVIEW,
            item.is_asked.is_(True),
            sa.or_(item.reviewer.is_(None), item.reviewer.in_(reviewers)),
            *running(looking),
        )
        .order_by(item.reported_at.is_(None), item.due_on, item.id)
    )


def _counts(checklist_ids: Sequence[int], today: date) -> dict[int, tuple[int, int, int, int, str | None]]:
    """Of each checklist: blocking items overdue, blocking items due soon, answered, all, and the customer's person."""
    item = ReadinessItem
    is_open = sa.and_(item.state == ItemState.OPEN, item.severity == Severity.BLOCKING)
    soon = today + timedelta(days=ANSWER_DAYS)
    rows = db.session.execute(
        sa.select(
            item.checklist_id,
            sa.func.count().filter(is_open, item.due_on < today),
            sa.func.count().filter(is_open, item.due_on <= soon),
            sa.func.count().filter(item.state != ItemState.OPEN),
            sa.func.count(),
            sa.func.min(Contact.name),
        )
        .join(Checklist, Checklist.id == item.checklist_id)
        .join(Project, Project.id == Checklist.project_id)
        .outerjoin(Contact, Contact.id == Project.contact_id)
        .where(item.checklist_id.in_(checklist_ids), item.severity != Severity.INFO, item.is_asked.is_(True))
        .group_by(item.checklist_id)
    )
    return {row[0]: tuple(row[1:]) for row in rows}  # type: ignore[misc]  # five values each
