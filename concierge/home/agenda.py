"""What waits for somebody: of each kind the gravest few, each read by an index, so that it costs the same everywhere.

Every question takes its rows in an order that an index has and stops after some; what is left out is only known to be
more. ``core/urgency.py`` says which of them is done first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.states import GateKind, MilestoneKind, Responsible, Reviewer, Severity
from concierge.core.urgency import Kind, Matter
from concierge.feeds import reach
from concierge.feeds.models import Calendar, CalendarEntry, Feed
from concierge.feeds.states import Subject
from concierge.identity.models import User
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import OrderState
from concierge.platform.database import UtcInstant, db
from concierge.platform.files import StoredFile
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import (
    CalendarProposal,
    Gate,
    Hold,
    Milestone,
    Project,
    Proposal,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import (
    CalendarProposalState,
    GateState,
    ProjectState,
)
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
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import COMING, VisitState
from concierge.workforce.models import BusyTime, OwnCalendar, Technician
from concierge.workforce.states import BusyKind, OwnCalendarState

MOST = 20
"""Matters of one kind that are read; of more it is only said that there are more."""
SOON_DAYS = 14
GATE_DAYS = 10
"""A held gate matters from so many days before what it holds."""
ANSWER_DAYS = 7
UNREAD_AFTER = timedelta(days=1)
"""An own calendar matters when it was not read for so long."""

Question: TypeAlias = sa.Select[*tuple[Any, ...]]  # Any: a column each
Row: TypeAlias = sa.Row[*tuple[Any, ...]]  # Any: a column each

OPEN_MILESTONE = sa.text("milestones.state IN ('planned', 'started')")
BLOCKED_MILESTONE = sa.text("milestones.state = 'blocked'")
COMING_MILESTONE = sa.text(
    "milestones.state = 'planned' AND milestones.kind IN ('ship released', 'delivered', 'installed')"
)
OPEN_ITEM = sa.text("readiness_items.state = 'open' AND readiness_items.severity = 'blocking'")
TO_REVIEW = sa.text(
    "readiness_items.state = 'answered'"
    " AND (readiness_items.reviewer IS NOT NULL OR readiness_items.reported_at IS NOT NULL)"
)
CONTRADICTED = sa.text("item_answers.standing = 'conflict'")
NOT_READY_ANY_MORE = sa.text("checklists.ready_lost_at IS NOT NULL")
TO_DECIDE = sa.text("visits.needs_decision <> ''")
OPEN_PROPOSAL = sa.text("proposals.state = 'open'")
DECLINED = sa.text("invitations.reply = 'declined'")
TO_SETTLE = sa.text(
    "invitation_answers.seen_at IS NULL AND invitation_answers.outcome IN ('stranger', 'suggested', 'for a person')"
)
RETURNED = sa.text("invitations.undeliverable_at IS NOT NULL")
OPEN_WISH = sa.text("time_proposals.state = 'open'")
OPEN_QUESTION = sa.text("customer_questions.answered_at IS NULL")
TO_LOOK_AT = sa.text("returned_documents.settled_at IS NULL")
WITH_CONFLICT = sa.text("projects.conflict_count > 0")
"""The conditions of partial indexes, in their own words: SQLite uses such an index for no others."""

HOLDS = {
    MilestoneKind.SHIP_RELEASED: GateKind.SHIP,
    MilestoneKind.DELIVERED: GateKind.SHIP,
    MilestoneKind.INSTALLED: GateKind.INSTALL,
}


TODAY = sa.bindparam("today", type_=sa.Date)
IN_DAYS = sa.bindparam("in_days", type_=sa.Date)
UNTIL_GATE = sa.bindparam("until_gate", type_=sa.Date)
UNTIL_ANSWER = sa.bindparam("until_answer", type_=sa.Date)
NOW = sa.bindparam("now", type_=UtcInstant)
SOON = sa.bindparam("soon", type_=UtcInstant)
NEAR = sa.bindparam("near", type_=UtcInstant)
WAITED = sa.bindparam("waited", type_=UtcInstant)
UNREAD_SINCE = sa.bindparam("unread_since", type_=UtcInstant)
ME = sa.bindparam("me", type_=sa.Integer)
MOST_ROWS = sa.bindparam("most", type_=sa.Integer)
"""What differs from one asking to the next; the questions themselves are put together once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What waits of one kind: each matter with its row, and whether there are more of them."""

    matters: Sequence[tuple[Matter, Row]]
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, on which day of theirs, and at whose projects."""

    viewer: Viewer
    today: date
    now: datetime
    mine: bool
    most: int = MOST

    @property
    def whose(self) -> tuple[sa.ColumnElement[bool], ...]:
        """The condition that a project is theirs, where they look only at those."""
        return (Project.concierge_id == ME,) if self.mine else ()

    def values(self, most: int) -> dict[str, Any]:  # Any: a value of each kind
        """What the questions' parameters stand for."""
        return {
            "today": self.today,
            "in_days": self.today + timedelta(days=3),
            "until_gate": self.today + timedelta(days=GATE_DAYS),
            "until_answer": self.today + timedelta(days=ANSWER_DAYS),
            "now": self.now,
            "soon": self.now + timedelta(days=SOON_DAYS),
            "near": self.now + reach.NEAR,
            "waited": self.now - reach.PATIENCE,
            "unread_since": self.now - UNREAD_AFTER,
            "me": self.viewer.user_id,
            "most": most,
        }


def all_matters(looking: Looking) -> dict[Kind, Found]:
    """Everything that waits for the viewer, by kind."""
    may = looking.viewer.may
    found = {
        Kind.BLOCKED: blocked(looking),
        Kind.HOLD_OVER: holds_over(looking),
        Kind.CONFLICT: conflicts(looking),
        Kind.LATE: late(looking),
        Kind.OVERDUE: overdue(looking),
        Kind.GATE: gates(looking),
        Kind.LOST: lost(looking),
        Kind.CONTRADICTED: contradicted(looking),
        Kind.REVIEW: to_review(looking),
        Kind.DECISION: to_decide(looking),
        Kind.UNASSIGNED: unassigned(looking),
        Kind.UNANSWERED: unanswered(looking),
        Kind.UNREACHED: unreached(looking),
        Kind.OURS: ours(looking),
    }
    if may(Permission.APPROVE_PLANS):
        found[Kind.PROPOSAL] = proposals(looking)
        found[Kind.DRAFT] = drafts(looking)
    if may(Permission.SCHEDULE_VISITS):
        found[Kind.CALENDAR] = calendar_proposals(looking)
        found[Kind.DECLINED] = declined(looking)
        found[Kind.WISH] = wishes(looking)
        found[Kind.ANSWERS] = answers(looking)
        found[Kind.UNFETCHED] = unfetched(looking)
        found[Kind.TAKEN] = taken(looking)
        found[Kind.UNREAD] = unread(looking)
    if may(Permission.EDIT_PROJECTS):
        found[Kind.QUESTION] = questions(looking)
    if may(Permission.ANSWER_CHECKLISTS):
        found[Kind.CAME_BACK] = came_back(looking)
    if may(Permission.EDIT_CATALOGUE):
        found[Kind.UNMATCHED] = unmatched(looking)
    return found


def blocked(looking: Looking) -> Found:
    """Milestones that cannot go on, of each project the first; the one whose handover slips most stands first."""

    def question() -> Question:
        return (
            _about(Milestone, Milestone.id, Milestone.name, Milestone.block_reason, Milestone.blocked_on)
            .where(BLOCKED_MILESTONE, *_running(looking))
            .order_by(Project.slip_workdays.desc(), Milestone.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"blocked:{row.id}",
            Kind.BLOCKED,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.blocked_on, looking.today),
            level=max(0, row.slip_workdays),
        ),
        one_a_project=True,
    )


def overdue(looking: Looking) -> Found:
    """Milestones whose promise has passed and of which nobody said that they are done, the oldest first."""

    def question() -> Question:
        return (
            _about(Milestone, Milestone.id, Milestone.name, Milestone.promised_on, Milestone.forecast_on)
            .where(
                OPEN_MILESTONE,
                Milestone.promised_on < TODAY,
                Milestone.forecast_on <= IN_DAYS,
                *_running(looking),
            )
            .order_by(Milestone.promised_on, Milestone.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"overdue:{row.id}",
            Kind.OVERDUE,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.promised_on, looking.today),
            level=max(0, row.slip_workdays),
        ),
        one_a_project=True,
    )


def late(looking: Looking) -> Found:
    """Projects whose handover is forecast after its promise, the longest slip first."""

    def question() -> Question:
        return (
            _of_project(sa.select(Project.promised_handover_on, Project.forecast_handover_on))
            .where(Project.slip_workdays > 0, *_running(looking))
            .order_by(Project.slip_workdays.desc(), Project.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"late:{row.project_id}",
            Kind.LATE,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.promised_handover_on, looking.today),
            level=row.slip_workdays,
        ),
    )


def conflicts(looking: Looking) -> Found:
    """Plans that cannot meet a day that somebody set."""

    def question() -> Question:
        return (
            _of_project(sa.select(Project.conflicts, Project.conflict_count))
            .where(WITH_CONFLICT, *_running(looking))
            .order_by(Project.slip_workdays.desc(), Project.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"conflict:{row.project_id}",
            Kind.CONFLICT,
            slip_workdays=row.slip_workdays,
            level=row.conflict_count,
        ),
    )


def holds_over(looking: Looking) -> Found:
    """Projects that still rest although work was to go on by now, the longest first."""

    def question() -> Question:
        return (
            _about(Hold, Hold.id, Hold.expected_on, Hold.first_on, Hold.reason)
            .where(
                Hold.resumed_on.is_(None),
                Hold.expected_on <= TODAY,
                Project.state == ProjectState.LIVE,
                *looking.whose,
            )
            .order_by(Hold.expected_on, Hold.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"hold:{row.id}",
            Kind.HOLD_OVER,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.expected_on, looking.today),
            level=max(0, row.slip_workdays),
        ),
    )


def gates(looking: Looking) -> Found:
    """Deliveries and installations that come near while their gate is held, the nearest first."""
    kind = sa.case(
        *((Milestone.kind == milestone, gate.value) for milestone, gate in HOLDS.items()), else_=""
    )

    def question() -> Question:
        return (
            _about(
                Milestone,
                Gate.id,
                Gate.kind,
                Gate.open_items,
                Gate.holding,
                Milestone.name,
                Milestone.forecast_start_on,
            )
            .join(Gate, sa.and_(Gate.project_id == Project.id, sa.cast(Gate.kind, sa.String) == kind))
            .where(
                COMING_MILESTONE,
                Milestone.forecast_start_on <= UNTIL_GATE,
                Gate.state == GateState.HELD,
                Gate.open_items > 0,
                *_running(looking),
            )
            .order_by(Milestone.forecast_start_on, Milestone.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"gate:{row.id}",
            Kind.GATE,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.forecast_start_on, looking.today),
            level=row.open_items,
        ),
        one_a_project=True,
    )


def to_decide(looking: Looking) -> Found:
    """Confirmed visits whose plan moved away under them, soonest first."""

    def question() -> Question:
        return (
            _about(Visit, Visit.id, Visit.title, Visit.starts_local, Visit.needs_decision)
            .where(TO_DECIDE, Visit.state.in_(COMING), *looking.whose)
            .order_by(Visit.starts_at, Visit.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"decision:{row.id}", Kind.DECISION, days_left=_until(row.starts_local.date(), looking.today)
        ),
    )


def declined(looking: Looking) -> Found:
    """Visits that a customer will not have, and those later than the next days that a technician will not go on."""

    def question() -> Question:
        return (
            _about(
                Visit,
                Invitation.id,
                Visit.id.label("visit_id"),
                Visit.title,
                Visit.starts_local,
                Invitation.user_id,
                Invitation.comment,
                sa.func.coalesce(User.name, Contact.name).label("who"),
            )
            .join(Invitation, Invitation.visit_id == Visit.id)
            .outerjoin(User, User.id == Invitation.user_id)
            .outerjoin(Contact, Contact.id == Invitation.contact_id)
            .where(
                DECLINED,
                Invitation.withdrawn_at.is_(None),
                Visit.state.in_(COMING),
                Visit.starts_at >= NOW,
                sa.or_(
                    Invitation.contact_id.is_not(None),
                    sa.and_(Visit.state == VisitState.TENTATIVE, Visit.starts_at >= SOON),
                ),
                *looking.whose,
            )
            .order_by(Visit.starts_at, Invitation.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"declined:{row.id}", Kind.DECLINED, days_left=_until(row.starts_local.date(), looking.today)
        ),
    )


def answers(looking: Looking) -> Found:
    """Answers that only a person can settle and invitations that came back, together in one line."""

    def question() -> Question:
        returned = (
            sa.select(
                sa.func.count(Invitation.id).label("number"),
                sa.func.min(Invitation.undeliverable_at).label("since"),
            )
            .join(Visit, Visit.id == Invitation.visit_id)
            .where(RETURNED, Invitation.withdrawn_at.is_(None), Visit.ends_at > NOW, Visit.state.in_(COMING))
            .subquery()
        )
        return sa.select(
            sa.func.count(Answer.id).label("answers"),
            sa.func.min(Answer.received_at).label("since"),
            sa.select(returned.c.number).scalar_subquery().label("returned"),
            sa.select(returned.c.since).scalar_subquery().label("returned_since"),
        ).where(TO_SETTLE)

    rows = _rows(looking, question, 1, of_projects=False)
    return _few(
        looking,
        [row for row in rows if row.answers or row.returned],
        lambda row: Matter(
            "answers",
            Kind.ANSWERS,
            days_left=_until(
                min(since for since in (row.since, row.returned_since) if since).date(), looking.today
            ),
            level=row.answers + row.returned,
        ),
    )


def wishes(looking: Looking) -> Found:
    """Other times that somebody who is invited to a visit asks for, the longest waiting first."""

    def question() -> Question:
        return (
            _about(
                Visit,
                TimeProposal.id,
                TimeProposal.starts_at,
                Visit.title,
                Visit.starts_local,
                Visit.zone,
                sa.func.coalesce(User.name, Contact.name).label("who"),
            )
            .join(Invitation, Invitation.visit_id == Visit.id)
            .join(TimeProposal, TimeProposal.invitation_id == Invitation.id)
            .outerjoin(User, User.id == Invitation.user_id)
            .outerjoin(Contact, Contact.id == Invitation.contact_id)
            .where(OPEN_WISH, Visit.state.in_(COMING), *looking.whose)
            .order_by(TimeProposal.made_at, TimeProposal.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"wish:{row.id}", Kind.WISH, days_left=_until(row.starts_local.date(), looking.today)
        ),
    )


def questions(looking: Looking) -> Found:
    """What customers asked and nobody answered, the longest waiting first."""

    def question() -> Question:
        return (
            _about(
                CustomerQuestion,
                CustomerQuestion.id,
                CustomerQuestion.name.label("who"),
                CustomerQuestion.text,
                CustomerQuestion.asked_at,
            )
            .where(OPEN_QUESTION, Project.state != ProjectState.CANCELLED, *looking.whose)
            .order_by(CustomerQuestion.asked_at, CustomerQuestion.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"question:{row.id}",
            Kind.QUESTION,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.asked_at.date(), looking.today),
        ),
    )


def came_back(looking: Looking) -> Found:
    """Checklists that came back and need a person, of each project the one that waits longest."""

    def question() -> Question:
        return (
            _about(
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

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"came back:{row.id}",
            Kind.CAME_BACK,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.received_at.date(), looking.today),
        ),
        one_a_project=True,
    )


def unassigned(looking: Looking) -> Found:
    """Visits of the next days to which too few technicians go, soonest first."""
    going = (
        sa.select(sa.func.count(VisitTechnician.id))
        .where(VisitTechnician.visit_id == Visit.id)
        .correlate(Visit)
        .scalar_subquery()
    )

    def question() -> Question:
        return (
            _about(Visit, Visit.id, Visit.title, Visit.starts_local, (Visit.crew - going).label("missing"))
            .where(
                Visit.starts_at >= NOW,
                Visit.starts_at < SOON,
                Visit.state.in_(COMING),
                Visit.crew > going,
                *looking.whose,
            )
            .order_by(Visit.starts_at, Visit.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"unassigned:{row.id}",
            Kind.UNASSIGNED,
            days_left=_until(row.starts_local.date(), looking.today),
            level=row.missing,
        ),
    )


def unfetched(looking: Looking) -> Found:
    """Visits of the next 48 hours that changed over an hour ago without anybody's program fetching it, soonest first.

    Of each visit those of its technicians who have an address and neither fetched the change nor answered a letter
    since; who has no address is told by mail at once.
    """
    has_it = sa.or_(Feed.fetched_version == Calendar.version, Feed.fetched_at > CalendarEntry.modified_at)
    has_answered = (
        sa.select(Invitation.id)
        .where(
            Invitation.visit_id == Visit.id,
            Invitation.user_id == VisitTechnician.user_id,
            Invitation.replied_sequence >= Visit.sequence,
        )
        .correlate(Visit, VisitTechnician)
        .exists()
    )

    def question() -> Question:
        return (
            _about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.starts_at,
                Visit.starts_local,
                User.name.label("who"),
                User.id.label("user_id"),
                sa.func.max(CalendarEntry.modified_at).label("changed_at"),
            )
            .join(VisitTechnician, VisitTechnician.visit_id == Visit.id)
            .join(User, User.id == VisitTechnician.user_id)
            .join(Feed, Feed.user_id == User.id)
            .join(Calendar, sa.and_(Calendar.id == Feed.calendar_id, reach.OWN))
            .join(
                CalendarEntry,
                sa.and_(
                    CalendarEntry.calendar_id == Calendar.id,
                    CalendarEntry.subject == Subject.VISIT,
                    CalendarEntry.subject_id == Visit.id,
                ),
            )
            .where(
                Visit.starts_at >= NOW,
                Visit.starts_at < NEAR,
                Visit.state.in_(COMING),
                Feed.fetched_at.is_not(None),
                ~has_answered,
                *looking.whose,
            )
            .group_by(Visit.id, User.id, Project.id, Account.id, Site.id)
            .having(
                sa.func.max(sa.case((has_it, 1), else_=0)) == 0,
                sa.func.max(CalendarEntry.modified_at) < WAITED,
            )
            .order_by(Visit.starts_at, Visit.id, User.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"unfetched:{row.id}:{row.user_id}",
            Kind.UNFETCHED,
            days_left=_until(row.starts_local.date(), looking.today),
        ),
    )


def taken(looking: Looking) -> Found:
    """Visits of the next days whose technicians' own calendars say that they are taken then, soonest first.

    Those who go for a reason that was given are left out; somebody has decided that already.
    """

    def question() -> Question:
        return (
            _about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.starts_local,
                Visit.zone,
                User.name.label("who"),
                User.id.label("user_id"),
                sa.func.min(BusyTime.starts_at).label("taken_from"),
                sa.func.max(BusyTime.ends_at).label("taken_to"),
                sa.func.count(BusyTime.id).label("times"),
            )
            .join(VisitTechnician, VisitTechnician.visit_id == Visit.id)
            .join(User, User.id == VisitTechnician.user_id)
            .join(Technician, Technician.user_id == User.id)
            .join(OwnCalendar, OwnCalendar.technician_id == Technician.id)
            .join(BusyTime, BusyTime.own_calendar_id == OwnCalendar.id)
            .where(
                Visit.starts_at >= NOW,
                Visit.starts_at < SOON,
                Visit.state.in_(COMING),
                VisitTechnician.conflict_reason == "",
                BusyTime.kind == BusyKind.BUSY,
                BusyTime.starts_at < Visit.ends_at,
                BusyTime.ends_at > Visit.starts_at,
                *looking.whose,
            )
            .group_by(Visit.id, User.id, Project.id, Account.id, Site.id)
            .order_by(Visit.starts_at, Visit.id, User.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"taken:{row.id}:{row.user_id}:{row.taken_from:%Y%m%d%H%M}",
            Kind.TAKEN,
            days_left=_until(row.starts_local.date(), looking.today),
        ),
    )


def unread(looking: Looking) -> Found:
    """Technicians who go on visits of the next days and whose own calendar was not read for a day."""

    def question() -> Question:
        read_at = sa.func.coalesce(OwnCalendar.fetched_at, OwnCalendar.created_at, type_=UtcInstant)
        return (
            sa.select(
                User.id,
                User.name.label("who"),
                sa.func.count(sa.distinct(Visit.id)).label("visits"),
                sa.func.min(Visit.id).label("visit_id"),
                sa.func.min(Visit.starts_local).label("starts_local"),
                sa.func.min(read_at, type_=UtcInstant).label("since"),
            )
            .join(Technician, Technician.user_id == User.id)
            .join(OwnCalendar, OwnCalendar.technician_id == Technician.id)
            .join(VisitTechnician, VisitTechnician.user_id == User.id)
            .join(Visit, Visit.id == VisitTechnician.visit_id)
            .join(Project, Project.id == Visit.project_id)
            .where(
                OwnCalendar.state != OwnCalendarState.FRESH,
                read_at < UNREAD_SINCE,
                Visit.starts_at >= NOW,
                Visit.starts_at < SOON,
                Visit.state.in_(COMING),
                *looking.whose,
            )
            .group_by(User.id)
            .order_by(sa.func.min(Visit.starts_at), User.id)
        )

    return _few(
        looking,
        _rows(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"unread:{row.id}", Kind.UNREAD, days_left=_until(row.starts_local.date(), looking.today)
        ),
    )


def unanswered(looking: Looking) -> Found:
    """Projects whose site owes blocking answers that are overdue or soon due, the longest overdue first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            _of_project(
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
                *_running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    rows = _rows(looking, question, looking.most * 4)
    first = _first_of_each(rows)
    counted = _counts([row.checklist_id for row in first[: looking.most]], looking.today)
    found = []
    for row in first[: looking.most]:
        late_items, due, answered, total, contact = counted[row.checklist_id]
        about = _With(row, overdue=late_items, due=due, answered=answered, total=total, contact=contact)
        found.append(
            (
                Matter(
                    f"unanswered:{row.checklist_id}",
                    Kind.UNANSWERED,
                    slip_workdays=row.slip_workdays if late_items else 0,
                    days_left=_until(row.due_on, looking.today),
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
            _of_project(
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
                *_running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"unreached:{row.project_id}:{row.contact_id}",
            Kind.UNREACHED,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.due_on, looking.today),
        ),
        one_a_project=True,
    )


def ours(looking: Looking) -> Found:
    """Points of checklists that hold something and are ours to bring about, of each project the one due first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            _of_project(
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
                *_running(looking),
            )
            .order_by(item.due_on, item.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"ours:{row.id}",
            Kind.OURS,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.due_on, looking.today),
        ),
        one_a_project=True,
    )


def proposals(looking: Looking) -> Found:
    """What order documents ask of approved plans, oldest first."""

    def question() -> Question:
        return (
            _about(Proposal, Proposal.id, Proposal.kind, Proposal.requested_from, Proposal.made_at)
            .where(OPEN_PROPOSAL, *looking.whose)
            .order_by(Proposal.made_at, Proposal.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"proposal:{row.id}", Kind.PROPOSAL, days_left=_until(row.made_at.date(), looking.today)
        ),
    )


def calendar_proposals(looking: Looking) -> Found:
    """Changes of calendars that were foreseen and wait to be applied, oldest first."""

    def question() -> Question:
        return (
            sa.select(
                CalendarProposal.id,
                CalendarProposal.title,
                CalendarProposal.projects,
                CalendarProposal.promises,
                CalendarProposal.made_at,
            )
            .where(CalendarProposal.state == CalendarProposalState.OPEN)
            .order_by(CalendarProposal.made_at, CalendarProposal.id)
        )

    return _few(
        looking,
        _rows(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"calendar:{row.id}",
            Kind.CALENDAR,
            days_left=_until(row.made_at.date(), looking.today),
            level=row.promises,
        ),
    )


def lost(looking: Looking) -> Found:
    """Sites that were said to be ready and are not any more, the soonest delivery first."""

    def question() -> Question:
        return (
            _about(Checklist, Checklist.ready_lost, Checklist.ready_lost_at, Checklist.anchor_on)
            .where(NOT_READY_ANY_MORE, *_running(looking))
            .order_by(Checklist.anchor_on, Checklist.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"lost:{row.project_id}",
            Kind.LOST,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.anchor_on, looking.today),
            level=len((row.ready_lost or {}).get("critical", ())),
        ),
    )


def contradicted(looking: Looking) -> Found:
    """Points with answers that contradict each other, of each project the one due first."""
    item = ReadinessItem

    def question() -> Question:
        return (
            _of_project(
                sa.select(item.id, item.due_on, item.requirement)
                .select_from(ItemAnswer)
                .join(item, item.id == ItemAnswer.item_id)
                .join(Checklist, Checklist.id == item.checklist_id)
                .join(Project, Project.id == Checklist.project_id)
            )
            .where(CONTRADICTED, *_running(looking))
            .order_by(item.due_on, item.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"contradicted:{row.id}",
            Kind.CONTRADICTED,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.due_on, looking.today),
        ),
        one_a_project=True,
    )


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
    return _found(
        looking,
        question,
        lambda row: Matter(
            f"review:{row.id}",
            Kind.REVIEW,
            slip_workdays=row.slip_workdays,
            days_left=_until(row.due_on, looking.today),
            level=int(row.reported_at is not None),
        ),
        one_a_project=True,
    )


def _to_review(looking: Looking, *reviewers: Reviewer) -> Question:
    item = ReadinessItem
    return (
        _of_project(
            sa.select(item.id, item.due_on, item.requirement, item.value, item.reported_at, item.answered_at)
            .select_from(item)
            .join(Checklist, Checklist.id == item.checklist_id)
            .join(Project, Project.id == Checklist.project_id)
        )
        .where(
            TO_REVIEW,
            item.is_asked.is_(True),
            sa.or_(item.reviewer.is_(None), item.reviewer.in_(reviewers)),
            *_running(looking),
        )
        .order_by(item.reported_at.is_(None), item.due_on, item.id)
    )


def drafts(looking: Looking) -> Found:
    """Plans that wait for approval, oldest first."""

    def question() -> Question:
        return (
            _of_project(sa.select(Project.created_at, Project.forecast_handover_on))
            .where(Project.state == ProjectState.DRAFT, *looking.whose)
            .order_by(Project.created_at, Project.id)
        )

    return _found(
        looking,
        question,
        lambda row: Matter(
            f"draft:{row.project_id}", Kind.DRAFT, days_left=_until(row.created_at.date(), looking.today)
        ),
    )


def unmatched(looking: Looking) -> Found:
    """Orders with lines that mean no product yet, oldest first."""
    if not looking.viewer.may(Permission.SEE_ORDERS):
        return Found(())

    def question() -> Question:
        lines = (
            sa.select(
                OrderLine.order_id.label("id"),
                sa.func.count().label("lines"),
                sa.func.min(OrderLine.name).label("first"),
            )
            .join(Order, Order.id == OrderLine.order_id)
            .where(
                OrderLine.product_id.is_(None), OrderLine.cancelled.is_(False), Order.state == OrderState.OPEN
            )
            .group_by(OrderLine.order_id)
            .order_by(OrderLine.order_id)
            .limit(MOST_ROWS)
            .subquery()
        )
        return (
            sa.select(lines, Order.number, Order.received_at, Account.name.label("account"))
            .join(Order, Order.id == lines.c.id)
            .join(Account, Account.id == Order.account_id)
            .order_by(Order.received_at, Order.id)
        )

    return _few(
        looking,
        _rows(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"unmatched:{row.id}",
            Kind.UNMATCHED,
            days_left=_until(row.received_at.date(), looking.today),
            level=row.lines,
        ),
    )


class _With:
    """A row with some more values beside it."""

    def __init__(self, row: Row, **more: object) -> None:
        self._row = row
        self._more = more

    def __getattr__(self, name: str) -> Any:  # Any: what the row holds
        return self._more[name] if name in self._more else getattr(self._row, name)


def _about(
    table: type[Any], *columns: Any
) -> Question:  # Any: a table that leads to its project, and its columns
    return _of_project(sa.select(*columns).select_from(table).join(Project, Project.id == table.project_id))


def _of_project(question: Question) -> Question:
    """Add what every line says of its project: key, name, customer and town."""
    return (
        question.add_columns(
            Project.id.label("project_id"),
            Project.key.label("project_key"),
            Project.name.label("project_name"),
            Project.slip_workdays,
            Account.name.label("account"),
            Site.city,
            Site.name.label("site"),
        )
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Project.site_id)
    )


def _running(looking: Looking) -> tuple[sa.ColumnElement[bool], ...]:
    """That a project is under way; one that is on hold waits for something else."""
    return (Project.state == ProjectState.LIVE, Project.held_on.is_(None), *looking.whose)


def _found(
    looking: Looking,
    question: Callable[[], Question],
    matter: Any,  # Any: a row's matter
    *,
    one_a_project: bool = False,
) -> Found:
    most = looking.most * 3 if one_a_project else looking.most + 1
    rows = _rows(looking, question, most)
    if one_a_project:
        first = _first_of_each(rows)
        return Found(
            [(matter(row), row) for row in first[: looking.most]],
            len(first) > looking.most or len(rows) == most,
        )
    return _few(looking, rows, matter)


def _rows(
    looking: Looking, question: Callable[[], Question], most: int, *, of_projects: bool = True
) -> Sequence[Row]:
    """Ask a question that is put together once for all who see all projects, and anew for others."""
    key = (question.__qualname__, looking.mine)
    statement = _KEPT.get(key) if looking.viewer.sees_all_projects else None
    if statement is None:
        statement = question().limit(MOST_ROWS)
        if of_projects:
            statement = visible_to(looking.viewer, statement)
        if looking.viewer.sees_all_projects:
            _KEPT[key] = statement
    return db.session.connection().execute(statement, looking.values(most)).all()


_KEPT: dict[tuple[str, bool], Question] = {}


def _few(looking: Looking, rows: Sequence[Row], matter: Any) -> Found:  # Any: a row's matter
    return Found([(matter(row), row) for row in rows[: looking.most]], len(rows) > looking.most)


def _first_of_each(rows: Iterable[Row]) -> list[Row]:
    seen: dict[int, Row] = {}
    for row in rows:
        seen.setdefault(row.project_id, row)
    return list(seen.values())


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


def _until(on: date | None, today: date) -> int | None:
    return (on - today).days if on else None
