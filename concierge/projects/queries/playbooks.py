"""Questions about the playbooks that projects follow: which version, what it says, who is behind."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Account
from concierge.catalogue.models import Playbook, PlaybookMilestone, PlaybookVersion
from concierge.catalogue.states import PlaybookState
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import Project, ProjectPlaybook
from concierge.projects.scope import visible_to
from concierge.projects.states import Health, ProjectState

OPEN = (ProjectState.DRAFT, ProjectState.LIVE)
MOST_BEHIND = 500
"""Projects that one page offers a version to."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A running project that follows an older version of a playbook."""

    project_id: int
    key: str
    name: str
    account: str
    number: int
    state: ProjectState
    health: Health


def newest_version(playbook_id: int) -> PlaybookVersion:
    """The newest published version of a playbook, whole.

    :raises NotFound: when none is published.
    """
    version = db.session.scalar(
        sa.select(PlaybookVersion)
        .where(PlaybookVersion.playbook_id == playbook_id, PlaybookVersion.state == PlaybookState.PUBLISHED)
        .order_by(PlaybookVersion.number.desc())
        .limit(1)
        .options(
            joinedload(PlaybookVersion.playbook),
            selectinload(PlaybookVersion.milestones).selectinload(PlaybookMilestone.links),
            selectinload(PlaybookVersion.milestones).selectinload(PlaybookMilestone.visits),
            selectinload(PlaybookVersion.items),
        )
    )
    if version is None:
        raise NotFound
    return version


def playbook_named(key: str) -> Playbook:
    """A playbook by its key.

    :raises NotFound: when there is none.
    """
    playbook = db.session.scalar(sa.select(Playbook).where(Playbook.key == key))
    if playbook is None:
        raise NotFound
    return playbook


def behind(viewer: Viewer, playbook_id: int, *, number: int) -> list[Behind]:
    """The open projects that follow a version before that number, by key; at most ``MOST_BEHIND``."""
    question = (
        sa.select(
            Project.id,
            Project.key,
            Project.name,
            Account.name,
            sa.func.min(PlaybookVersion.number),
            Project.state,
            Project.health,
        )
        .join(ProjectPlaybook, ProjectPlaybook.project_id == Project.id)
        .join(PlaybookVersion, PlaybookVersion.id == ProjectPlaybook.version_id)
        .join(Account, Account.id == Project.account_id)
        .where(
            PlaybookVersion.playbook_id == playbook_id,
            PlaybookVersion.number < number,
            Project.state.in_(OPEN),
        )
        .group_by(Project.id, Project.key, Project.name, Account.name, Project.state, Project.health)
        .order_by(Project.key)
        .limit(MOST_BEHIND)
    )
    return [Behind(*row) for row in db.session.execute(visible_to(viewer, question))]


def newer_versions(project_id: int) -> list[tuple[Playbook, int, int]]:
    """Playbooks of a project of which a newer version is published: playbook, its number, the newest."""
    newer = sa.orm.aliased(PlaybookVersion)
    rows = db.session.execute(
        sa.select(Playbook, sa.func.min(PlaybookVersion.number), sa.func.max(newer.number))
        .join(PlaybookVersion, PlaybookVersion.playbook_id == Playbook.id)
        .join(ProjectPlaybook, ProjectPlaybook.version_id == PlaybookVersion.id)
        .join(newer, newer.playbook_id == Playbook.id)
        .where(
            ProjectPlaybook.project_id == project_id,
            newer.state == PlaybookState.PUBLISHED,
            newer.number > PlaybookVersion.number,
        )
        .group_by(Playbook.id, Playbook.key, Playbook.name)
        .order_by(Playbook.key)
    )
    return [(row[0], row[1], row[2]) for row in rows]
