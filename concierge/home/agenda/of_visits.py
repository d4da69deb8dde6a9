"""What visits wait for: people to go there, answers, and changes that nobody has heard of."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from concierge.accounts.models import Account, Contact, Site
from concierge.core.urgency import Kind, Matter
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferState
from concierge.feeds import reach
from concierge.feeds.models import Calendar, CalendarEntry, Feed
from concierge.feeds.states import Subject
from concierge.fieldwork.models import FieldChange, FieldEntry
from concierge.home.agenda.asking import (
    DECLINED,
    ENTRY_IN_CONFLICT,
    NEAR,
    NOW,
    OPEN_WISH,
    RETURNED,
    SOON,
    STRAY,
    TO_DECIDE,
    TO_SETTLE,
    UNREAD_SINCE,
    UNSEEN_OFFER,
    WAITED,
    Found,
    Looking,
    Question,
    about,
    days_until,
    few,
    found_of,
    rows_of,
)
from concierge.identity.models import User
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.platform.database import UtcInstant
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState
from concierge.workforce.models import BusyTime, OwnCalendar, Technician
from concierge.workforce.states import BusyKind, OwnCalendarState


def to_decide(looking: Looking) -> Found:
    """Confirmed visits whose plan moved away under them, soonest first."""

    def question() -> Question:
        return (
            about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.titles,
                Visit.starts_local,
                Visit.needs_decision,
                Visit.decide_words,
            )
            .where(TO_DECIDE, Visit.state.in_(COMING), *looking.whose)
            .order_by(Visit.starts_at, Visit.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"decision:{row.id}", Kind.DECISION, days_left=days_until(row.starts_local.date(), looking.today)
        ),
    )


def from_field(looking: Looking) -> Found:
    """Visits where values that technicians entered contradict each other, or that were changed before they arrived."""

    def question() -> Question:
        strays = sa.select(FieldChange.visit_id).where(STRAY)
        conflicts = (
            sa.select(FieldChange.visit_id)
            .join(FieldEntry, FieldEntry.change_id == FieldChange.id)
            .where(ENTRY_IN_CONFLICT)
        )
        waiting = strays.union(conflicts).subquery()
        return (
            about(Visit, Visit.id, Visit.title, Visit.titles, Visit.starts_local)
            .join(waiting, waiting.c.visit_id == Visit.id)
            .where(*looking.whose)
            .order_by(Visit.starts_at, Visit.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"field:{row.id}", Kind.FIELD, days_left=days_until(row.starts_local.date(), looking.today)
        ),
    )


def declined(looking: Looking) -> Found:
    """Visits that a customer will not have, and those later than the next days that a technician will not go on."""

    def question() -> Question:
        return (
            about(
                Visit,
                Invitation.id,
                Visit.id.label("visit_id"),
                Visit.title,
                Visit.titles,
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

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"declined:{row.id}", Kind.DECLINED, days_left=days_until(row.starts_local.date(), looking.today)
        ),
    )


def offers(looking: Looking) -> Found:
    """Times that nobody chose in time, of which none suits, or that the customer called off; the oldest first."""

    def question() -> Question:
        return (
            about(
                WorkOrder,
                SlotOffer.id,
                WorkOrder.title,
                WorkOrder.titles,
                SlotOffer.state,
                SlotOffer.wish,
                SlotOffer.reason,
                SlotOffer.first_on,
                SlotOffer.expires_at,
                Contact.name.label("who"),
            )
            .join(SlotOffer, SlotOffer.work_order_id == WorkOrder.id)
            .join(Contact, Contact.id == SlotOffer.contact_id)
            .where(
                UNSEEN_OFFER,
                sa.or_(
                    SlotOffer.state.in_([OfferState.LAPSED, OfferState.CALLED_OFF]),
                    sa.and_(
                        SlotOffer.state == OfferState.OPEN,
                        sa.or_(SlotOffer.expires_at <= NOW, SlotOffer.wished_at.is_not(None)),
                    ),
                ),
                WorkOrder.state == WorkOrderState.OPEN,
                Project.state == ProjectState.LIVE,
                *looking.whose,
            )
            .order_by(SlotOffer.offered_at, SlotOffer.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"offer:{row.id}",
            Kind.OFFER,
            days_left=days_until(row.first_on, looking.today),
            level=1 if row.wish or row.reason else 0,
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

    rows = rows_of(looking, question, 1, of_projects=False)
    return few(
        looking,
        [row for row in rows if row.answers or row.returned],
        lambda row: Matter(
            "answers",
            Kind.ANSWERS,
            days_left=days_until(
                min(since for since in (row.since, row.returned_since) if since).date(), looking.today
            ),
            level=row.answers + row.returned,
        ),
    )


def wishes(looking: Looking) -> Found:
    """Other times that somebody who is invited to a visit asks for, the longest waiting first."""

    def question() -> Question:
        return (
            about(
                Visit,
                TimeProposal.id,
                TimeProposal.starts_at,
                Visit.title,
                Visit.titles,
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

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"wish:{row.id}", Kind.WISH, days_left=days_until(row.starts_local.date(), looking.today)
        ),
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
            about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.titles,
                Visit.starts_local,
                (Visit.crew - going).label("missing"),
            )
            .where(
                Visit.starts_at >= NOW,
                Visit.starts_at < SOON,
                Visit.state.in_(COMING),
                Visit.crew > going,
                *looking.whose,
            )
            .order_by(Visit.starts_at, Visit.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"unassigned:{row.id}",
            Kind.UNASSIGNED,
            days_left=days_until(row.starts_local.date(), looking.today),
            level=row.missing,
        ),
    )


def again(looking: Looking) -> Found:
    """Open work whose latest visit ended before it was done and to which nobody comes again, the longest first."""
    other = aliased(Visit)
    goes_on = sa.exists().where(
        other.work_order_id == WorkOrder.id,
        sa.or_(
            other.state.in_([*COMING, VisitState.IN_PROGRESS]),
            sa.and_(other.state == VisitState.COMPLETE, other.starts_at > Visit.starts_at),
            sa.and_(other.state == VisitState.INCOMPLETE, other.starts_at > Visit.starts_at),
        ),
    )

    def question() -> Question:
        return (
            about(
                Visit,
                WorkOrder.id,
                WorkOrder.code,
                WorkOrder.number,
                WorkOrder.title,
                WorkOrder.titles,
                Visit.ends_local,
            )
            .join(WorkOrder, WorkOrder.id == Visit.work_order_id)
            .where(
                Visit.state == sa.literal_column("'incomplete'"),
                WorkOrder.state == WorkOrderState.OPEN,
                Project.state == ProjectState.LIVE,
                ~goes_on,
                *looking.whose,
            )
            .order_by(Visit.ends_at, Visit.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"again:{row.id}", Kind.AGAIN, days_left=days_until(row.ends_local.date(), looking.today)
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
            about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.titles,
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

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"unfetched:{row.id}:{row.user_id}",
            Kind.UNFETCHED,
            days_left=days_until(row.starts_local.date(), looking.today),
        ),
    )


def taken(looking: Looking) -> Found:
    """Visits of the next days whose technicians' own calendars say that they are taken then, soonest first.

    Those who go for a reason that was given are left out; somebody has decided that already.
    """

    def question() -> Question:
        return (
            about(
                Visit,
                Visit.id,
                Visit.title,
                Visit.titles,
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

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"taken:{row.id}:{row.user_id}:{row.taken_from:%Y%m%d%H%M}",
            Kind.TAKEN,
            days_left=days_until(row.starts_local.date(), looking.today),
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

    return few(
        looking,
        rows_of(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"unread:{row.id}", Kind.UNREAD, days_left=days_until(row.starts_local.date(), looking.today)
        ),
    )
