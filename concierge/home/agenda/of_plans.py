"""What plans wait for: milestones, gates and promises, what order documents ask, and what is to be approved."""

import sqlalchemy as sa

from concierge.accounts.models import Account
from concierge.core.urgency import Kind, Matter
from concierge.enquiries.models import Enquiry, StockHold
from concierge.enquiries.states import EnquiryState
from concierge.home.agenda.asking import (
    BLOCKED_MILESTONE,
    COMING_MILESTONE,
    HOLD_ENDS_BY,
    HOLD_OVER_SINCE,
    HOLDS,
    IN_DAYS,
    MOST_ROWS,
    NOW,
    OPEN_MILESTONE,
    OPEN_PROPOSAL,
    STILL_HELD,
    TODAY,
    UNTIL_GATE,
    WITH_CONFLICT,
    Found,
    Looking,
    Question,
    about,
    days_until,
    few,
    found_of,
    of_project,
    rows_of,
    running,
)
from concierge.identity.models import User
from concierge.identity.permissions import Permission
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import OrderState
from concierge.platform import clock
from concierge.platform.statements import beside
from concierge.projects.models import CalendarProposal, Gate, Hold, Milestone, Project, Proposal
from concierge.projects.states import CalendarProposalState, GateState, ProjectState


def blocked(looking: Looking) -> Found:
    """Milestones that cannot go on, of each project the first; the one whose handover slips most stands first."""

    def question() -> Question:
        return (
            about(Milestone, Milestone.id, Milestone.name, Milestone.block_reason, Milestone.blocked_on)
            .where(BLOCKED_MILESTONE, *running(looking))
            .order_by(Project.slip_workdays.desc(), Milestone.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"blocked:{row.id}",
            Kind.BLOCKED,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.blocked_on, looking.today),
            level=max(0, row.slip_workdays),
        ),
        one_a_project=True,
    )


def overdue(looking: Looking) -> Found:
    """Milestones whose promise has passed and of which nobody said that they are done, the oldest first."""

    def question() -> Question:
        return (
            about(Milestone, Milestone.id, Milestone.name, Milestone.promised_on, Milestone.forecast_on)
            .where(
                OPEN_MILESTONE,
                Milestone.promised_on < TODAY,
                Milestone.forecast_on <= IN_DAYS,
                *running(looking),
            )
            .order_by(Milestone.promised_on, Milestone.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"overdue:{row.id}",
            Kind.OVERDUE,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.promised_on, looking.today),
            level=max(0, row.slip_workdays),
        ),
        one_a_project=True,
    )


def late(looking: Looking) -> Found:
    """Projects whose handover is forecast after its promise, the longest slip first."""

    def question() -> Question:
        return (
            of_project(sa.select(Project.promised_handover_on, Project.forecast_handover_on))
            .where(
                Project.state == ProjectState.LIVE,
                Project.slip_workdays > 0,
                Project.held_on.is_(None),
                *looking.whose,
            )
            .order_by(Project.slip_workdays.desc(), Project.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"late:{row.project_id}",
            Kind.LATE,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.promised_handover_on, looking.today),
            level=row.slip_workdays,
        ),
    )


def conflicts(looking: Looking) -> Found:
    """Plans that cannot meet a day that somebody set."""

    def question() -> Question:
        return (
            of_project(sa.select(Project.conflicts, Project.conflict_count))
            .where(WITH_CONFLICT, *running(looking))
            .order_by(Project.slip_workdays.desc(), Project.id)
        )

    return found_of(
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
            about(Hold, Hold.id, Hold.expected_on, Hold.first_on, Hold.reason)
            .where(
                Hold.resumed_on.is_(None),
                Hold.expected_on <= TODAY,
                beside(Project.state) == ProjectState.LIVE,
                *looking.whose,
            )
            .order_by(Hold.expected_on, Hold.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"hold:{row.id}",
            Kind.HOLD_OVER,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.expected_on, looking.today),
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
            about(
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
                *running(looking),
            )
            .order_by(Milestone.forecast_start_on, Milestone.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"gate:{row.id}",
            Kind.GATE,
            slip_workdays=row.slip_workdays,
            days_left=days_until(row.forecast_start_on, looking.today),
            level=row.open_items,
        ),
        one_a_project=True,
    )


def proposals(looking: Looking) -> Found:
    """What order documents ask of approved plans, oldest first."""

    def question() -> Question:
        return (
            about(
                Proposal,
                Proposal.id,
                Proposal.kind,
                Proposal.requested_from,
                Proposal.requested_to,
                Proposal.made_at,
            )
            .where(OPEN_PROPOSAL, *looking.whose)
            .order_by(Proposal.made_at, Proposal.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"proposal:{row.id}", Kind.PROPOSAL, days_left=days_until(row.made_at.date(), looking.today)
        ),
    )


def calendar_proposals(looking: Looking) -> Found:
    """Changes of calendars that were foreseen and wait to be applied, oldest first."""

    def question() -> Question:
        return (
            sa.select(
                CalendarProposal.id,
                CalendarProposal.title,
                CalendarProposal.takes_back_id,
                CalendarProposal.projects,
                CalendarProposal.promises,
                CalendarProposal.made_at,
            )
            .where(CalendarProposal.state == CalendarProposalState.OPEN)
            .order_by(CalendarProposal.made_at, CalendarProposal.id)
        )

    return few(
        looking,
        rows_of(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"calendar:{row.id}",
            Kind.CALENDAR,
            days_left=days_until(row.made_at.date(), looking.today),
            level=row.promises,
        ),
    )


def drafts(looking: Looking) -> Found:
    """Plans that wait for approval, oldest first."""

    def question() -> Question:
        return (
            of_project(sa.select(Project.created_at, Project.forecast_handover_on))
            .where(Project.state == ProjectState.DRAFT, *looking.whose)
            .order_by(Project.created_at, Project.id)
        )

    return found_of(
        looking,
        question,
        lambda row: Matter(
            f"draft:{row.project_id}", Kind.DRAFT, days_left=days_until(row.created_at.date(), looking.today)
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

    return few(
        looking,
        rows_of(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"unmatched:{row.id}",
            Kind.UNMATCHED,
            days_left=days_until(row.received_at.date(), looking.today),
            level=row.lines,
        ),
    )


def held_units(looking: Looking) -> Found:
    """Holds for open enquiries that end within two days, or ended within a week and led to nothing."""

    def question() -> Question:
        later = sa.orm.aliased(StockHold)
        return (
            sa.select(
                StockHold.id,
                StockHold.expires_at,
                (StockHold.expires_at <= NOW).label("is_over"),
                Enquiry.code,
                Enquiry.customer,
                User.name.label("who"),
            )
            .join(Enquiry, Enquiry.id == StockHold.enquiry_id)
            .join(User, User.id == StockHold.held_by_id)
            .where(
                STILL_HELD,
                Enquiry.state == EnquiryState.OPEN,
                StockHold.expires_at > HOLD_OVER_SINCE,
                StockHold.expires_at <= HOLD_ENDS_BY,
                ~sa.exists().where(later.enquiry_id == StockHold.enquiry_id, later.id > StockHold.id),
            )
            .order_by(StockHold.expires_at, StockHold.id)
        )

    return few(
        looking,
        rows_of(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(
            f"held:{row.id}",
            Kind.HELD_UNITS,
            days_left=days_until(clock.day_at(row.expires_at, looking.viewer.zone), looking.today),
            level=1 if row.is_over else 0,
        ),
    )
