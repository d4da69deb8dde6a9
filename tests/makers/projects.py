"""Projects for tests: drafts and live ones on the standard plan."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from concierge.accounts.models import Site
from concierge.platform.database import db
from concierge.projects.actions.approving import approve_plan
from concierge.projects.actions.creation import create_project
from concierge.projects.models import Milestone, Project
from tests.makers import again, orders


def draft(
    *,
    place: Site | None = None,
    number: str = "SO-48213",
    requested_from: date | None = date(2026, 4, 1),
    at: datetime = orders.RECEIVED,
) -> Project:
    """A project whose plan waits for approval; planned on Mon 2026-03-02."""
    place = place or orders.site()
    person = orders.contact(place)
    order = orders.order(place, number=number, requested_from=requested_from, person=person)
    return create_project(order.id, actor_id=None, at=at)


def live(**wanted: object) -> Project:
    """A project under way, its dates promised."""

    def approved() -> Project:
        project = draft(**wanted)  # type: ignore[arg-type]  # the same arguments
        return approve_plan(project.id, actor_id=None, at=wanted.get("at", orders.RECEIVED))  # type: ignore[arg-type]  # an instant

    if "place" in wanted:  # one of several, which is made beside others
        return approved()
    return again.made(("live", *sorted(wanted.items())), approved)


def now(project: Project) -> Project:
    """A project as the database has it now, with its milestones and their links."""
    db.session.rollback()  # a transaction that read before sees the rows as they were then
    question = sa.select(Project).where(Project.id == project.id)
    links = selectinload(Project.milestones).selectinload(Milestone.links)
    return db.session.scalars(question.options(links).execution_options(populate_existing=True)).one()


def milestone(project: Project, key: str) -> Milestone:
    """One milestone by its key."""
    return next(one for one in project.milestones if one.key == key)
