"""Who goes to a project's site, told by the slice that plans the visits."""

from collections.abc import Iterable

import sqlalchemy as sa

from concierge.platform.database import db
from concierge.projects.models import ProjectCrew


def name_crew(project_id: int, user_ids: Iterable[int]) -> None:
    """Say who goes to the site; they, and among technicians only they, may see the project."""
    wanted = set(user_ids)
    known = set(
        db.session.scalars(sa.select(ProjectCrew.user_id).where(ProjectCrew.project_id == project_id))
    )
    if known - wanted:
        db.session.execute(
            sa.delete(ProjectCrew).where(
                ProjectCrew.project_id == project_id, ProjectCrew.user_id.in_(known - wanted)
            )
        )
    db.session.add_all(
        ProjectCrew(project_id=project_id, user_id=user_id) for user_id in sorted(wanted - known)
    )
    db.session.flush()
