"""Visits that people are invited to, for tests: through the same actions that people use."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from concierge.invitations.models import Invitation
from concierge.platform.database import db
from concierge.projects.models import Project
from concierge.visits import queries
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.makers import visits

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday, a fortnight before the visits."""


def confirmed(
    of: Project, *technicians: Technician, starts: str = "Tue 2026-03-17 09:00", crew: int | None = None,
    title: str = "Install the spectrometer", uid: str = "", reason: str = "", at: datetime = NOW,
) -> Visit:  # fmt: skip
    """A visit that is certain; needs a unit of work."""
    return visits.visit(
        of,
        *technicians,
        starts=starts,
        crew=len(technicians) if crew is None else crew,
        state=VisitState.CONFIRMED,
        title=title,
        uid=uid,
        reason=reason,
        at=at,
    )


def for_change(visit: Visit) -> Visit:
    """The visit as actions take it; needs a unit of work."""
    return queries.visit_for_change(visit.id)


def of_user(visit: Visit, user_id: int) -> Invitation:
    """A technician's invitation as the database has it now."""
    return _only(Invitation.visit_id == visit.id, Invitation.user_id == user_id)


def of_contact(visit: Visit) -> Invitation:
    """The customer's invitation as the database has it now."""
    return _only(Invitation.visit_id == visit.id, Invitation.contact_id.is_not(None))


def later(minutes: float) -> datetime:
    """An instant so long after the visits were planned."""
    return NOW + timedelta(minutes=minutes)


def _only(*conditions: object) -> Invitation:
    db.session.rollback()
    question = select(Invitation).where(*conditions)  # type: ignore[arg-type]  # conditions of SQL
    question = question.options(joinedload(Invitation.user), joinedload(Invitation.contact))
    return db.session.scalars(question.execution_options(populate_existing=True)).one()
