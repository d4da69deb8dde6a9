"""Questions about what people wrote down about projects."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import Project, ProjectNote, ProjectPlaybook, Unit

MOST_NOTES = 200


def notes_of(project: Project, *, most: int = MOST_NOTES) -> Sequence[ProjectNote]:
    """What was written down about a project that the viewer sees, latest first, with who wrote it."""
    return db.session.scalars(
        sa.select(ProjectNote)
        .where(ProjectNote.project_id == project.id)
        .order_by(ProjectNote.written_at.desc(), ProjectNote.id.desc())
        .limit(most)
        .options(joinedload(ProjectNote.written_by))
    ).all()


def count_notes(project: Project) -> int:
    """How many notes a project has."""
    counted = sa.select(sa.func.count()).where(ProjectNote.project_id == project.id)
    return db.session.scalar(counted) or 0


def note_for(viewer: Viewer, project: Project, note_id: int) -> ProjectNote:
    """A note that the viewer may change: their own, or anybody's for those who may edit projects.

    :raises NotFound: when the project has no such note, or it is somebody else's.
    """
    note = db.session.scalar(
        sa.select(ProjectNote)
        .where(ProjectNote.id == note_id, ProjectNote.project_id == project.id)
        .options(joinedload(ProjectNote.written_by))
    )
    if note is None or not may_change(viewer, note):
        raise NotFound
    return note


def may_change(viewer: Viewer, note: ProjectNote) -> bool:
    """Whether somebody may write a note anew or take it away."""
    return note.written_by_id == viewer.user_id or viewer.may(Permission.EDIT_PROJECTS)


def units_of(project: Project) -> Sequence[Unit]:
    """The serial numbers noted for a project, with the line each belongs to."""
    return db.session.scalars(
        sa.select(Unit)
        .where(Unit.project_id == project.id)
        .order_by(Unit.order_line_id, Unit.serial)
        .options(joinedload(Unit.line))
    ).all()


def unit_for(project: Project, unit_id: int) -> Unit:
    """A unit of a project that the viewer sees.

    :raises NotFound: when the project has no such unit.
    """
    unit = db.session.scalar(sa.select(Unit).where(Unit.id == unit_id, Unit.project_id == project.id))
    if unit is None:
        raise NotFound
    return unit


def lines_of(project: Project) -> Sequence[OrderLine]:
    """What of its order a project brings to the site, in the order's order."""
    return db.session.scalars(
        sa.select(OrderLine)
        .join(ProjectPlaybook, ProjectPlaybook.order_line_id == OrderLine.id)
        .where(ProjectPlaybook.project_id == project.id)
        .order_by(OrderLine.position, OrderLine.id)
    ).all()
