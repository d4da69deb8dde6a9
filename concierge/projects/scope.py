"""Which projects a viewer may see. Every question about projects passes through here."""

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.selectable import Select

from concierge.identity.viewer import Viewer
from concierge.projects.models import Project, ProjectCrew

Question = TypeVar("Question", bound=Select[*tuple[Any, ...]])  # Any: whatever is asked for


def visible_to(viewer: Viewer, question: Question) -> Question:
    """Narrow a question that has ``Project`` in it to what a viewer may see.

    A technician sees the projects whose crew he belongs to: those of the visits he is on.
    """
    if viewer.sees_all_projects:
        return question
    mine = sa.select(ProjectCrew.project_id).where(ProjectCrew.user_id == viewer.user_id)
    return question.where(Project.id.in_(mine))
