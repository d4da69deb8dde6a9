"""Letting the people who go to a project's site see the project."""

from sqlalchemy import select

from concierge.platform.database import db
from concierge.projects.actions import crew
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState


def share_project(project_id: int) -> None:
    """Let exactly the people see a project who go on one of its visits that is not cancelled."""
    going = db.session.scalars(
        select(VisitTechnician.user_id)
        .join(Visit, Visit.id == VisitTechnician.visit_id)
        .where(Visit.project_id == project_id, Visit.state != VisitState.CANCELLED)
    )
    crew.name_crew(project_id, going)
