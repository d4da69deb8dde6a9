"""Visits for tests: through the same actions that people use."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.platform.database import db
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from concierge.visits.actions import arranging
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.makers import orders


def wall(text: str) -> datetime:
    """Read a wall time such as `Tue 2026-03-17 09:00`, and refuse one whose weekday is wrong."""
    weekday, _, moment = text.partition(" ")
    parsed = datetime.fromisoformat(moment)
    assert parsed.strftime("%a") == weekday, f"{moment} is a {parsed:%a}, not a {weekday}"
    return parsed


def visit(
    of: Project,
    *technicians: Technician,
    starts: str = "Tue 2026-03-17 09:00",
    hours: float = 3,
    ends: str = "",
    milestone: Milestone | None = None,
    state: VisitState = VisitState.TENTATIVE,
    kind: VisitKind = VisitKind.INSTALL,
    title: str = "Install the spectrometer",
    skill: str = "",
    crew: int = 1,
    reason: str = "",
    uid: str = "",
    at: datetime = orders.RECEIVED,
) -> Visit:
    """A planned visit; needs a unit of work."""
    starts_local = wall(starts)
    return arranging.plan_visit(
        of,
        kind=kind,
        title=title,
        starts_local=starts_local,
        ends_local=wall(ends) if ends else starts_local + timedelta(hours=hours),
        site=site_of(of),
        milestone=milestone,
        skill=skill,
        crew=crew,
        technician_ids=[technician.user_id for technician in technicians],
        conflict_reason=reason,
        state=state,
        uid=uid,
        at=at,
        actor_id=None,
    )


def site_of(project: Project) -> Site:
    """The place of a project."""
    return db.session.scalars(select(Site).where(Site.id == project.site_id)).one()


def any_milestone(project: Project) -> Milestone:
    """A milestone of the project that has not begun."""
    question = (
        select(Milestone)
        .where(Milestone.project_id == project.id, Milestone.state == MilestoneState.PLANNED)
        .order_by(Milestone.position.desc())
    )
    return db.session.scalars(question.limit(1)).one()


def milestone(project: Project, key: str) -> Milestone:
    """One milestone of a project by its key, as it is now."""
    return db.session.scalars(
        select(Milestone).where(Milestone.project_id == project.id, Milestone.key == key)
    ).one()


def again(visit: Visit) -> Visit:
    """The visit as the database has it now, with its people; not inside a unit of work."""
    db.session.rollback()
    question = select(Visit).where(Visit.id == visit.id).options(selectinload(Visit.crew_members))
    return db.session.scalars(question.execution_options(populate_existing=True)).one()
