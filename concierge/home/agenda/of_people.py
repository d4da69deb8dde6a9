"""What waits about our own people: leave to decide, certificates that run out."""

import sqlalchemy as sa

from concierge.core.urgency import Kind, Matter
from concierge.home.agenda.asking import Found, Looking, Question, Row, days_until, few, rows_of
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.workforce.models import LeaveRequest, Skill, Technician

TO_DECIDE = sa.text("leave_requests.state = 'requested'")
"""The condition of a partial index, in its own words: SQLite uses such an index for no others."""
EXPIRED_SINCE = sa.bindparam("expired_since", type_=sa.Date)
UNTIL_EXPIRY = sa.bindparam("until_expiry", type_=sa.Date)
STEP_DAYS = 20
"""So many days nearer, a certificate that was put aside is shown again."""


def leave(looking: Looking) -> Found:
    """Requests for leave that nobody has decided, those that begin first at the front; one's own is for others."""

    def question() -> Question:
        return (
            sa.select(
                LeaveRequest.id,
                LeaveRequest.first_on,
                LeaveRequest.last_on,
                LeaveRequest.note,
                User.name.label("who"),
            )
            .join(Technician, Technician.id == LeaveRequest.technician_id)
            .join(User, User.id == Technician.user_id)
            .where(TO_DECIDE, User.state == AccessState.ACTIVE)
            .order_by(LeaveRequest.first_on, LeaveRequest.id)
        )

    return few(
        looking,
        rows_of(looking, question, looking.most + 1, of_projects=False),
        lambda row: Matter(f"leave:{row.id}", Kind.LEAVE, days_left=days_until(row.first_on, looking.today)),
    )


def expiring(looking: Looking) -> Found:
    """Certificates that run out within two months, or have in the last two; those of one person and day together."""

    def question() -> Question:
        return (
            sa.select(
                User.id,
                User.name.label("who"),
                Skill.expires_on,
                sa.func.min(Skill.code).label("code"),
                sa.func.count(Skill.id).label("certificates"),
            )
            .join(Technician, Technician.id == Skill.technician_id)
            .join(User, User.id == Technician.user_id)
            .where(
                User.state == AccessState.ACTIVE,
                Skill.expires_on >= EXPIRED_SINCE,
                Skill.expires_on <= UNTIL_EXPIRY,
            )
            .group_by(User.id, User.name, Skill.expires_on)
            .order_by(Skill.expires_on, User.id)
        )

    def matter(row: Row) -> Matter:
        left = days_until(row.expires_on, looking.today) or 0
        return Matter(
            f"expiring:{row.id}:{row.expires_on}",
            Kind.EXPIRING,
            days_left=left,
            level=max(0, -left // STEP_DAYS + 4),
        )

    return few(looking, rows_of(looking, question, looking.most + 1, of_projects=False), matter)
