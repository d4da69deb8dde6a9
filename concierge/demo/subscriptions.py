"""Who subscribes to which calendar in the demo company, on which device."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from concierge.accounts.models import Contact
from concierge.demo.staff import OFFICE, SIGN_INS
from concierge.feeds.actions import addresses
from concierge.feeds.plan import Choice, own_visits
from concierge.feeds.states import Scope, Shows
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.workforce.models import Technician


def subscribe(*, at: datetime) -> None:
    """Give some people the addresses that they would have: a second device, a team, a site, a customer's project."""
    maja, jonas = (_person(first) for first in ("maja", "jonas"))
    technician = next(_person(one.first) for one in SIGN_INS if one.role is Role.TECHNICIAN)
    own = own_visits(technician.id)
    _add(
        technician,
        Choice(
            shows=own.shows, scope=own.scope, scope_key=own.scope_key, is_busy_only=True, cancelled_days=0
        ),
        "Family calendar",
        at=at,
    )
    _add(technician, _choice(Shows.FREE_BUSY, Scope.PERSON, technician.id), "Shared with the office", at=at)
    _add(jonas, _choice(Shows.VISITS, Scope.TEAM, _largest_team()), "Outlook at work", at=at)
    _add(jonas, _choice(Shows.ON_CALL, Scope.TEAM, ""), "Phone", at=at)
    _add(maja, _choice(Shows.MILESTONES, Scope.PERSON, maja.id), "Thunderbird", at=at)
    project = db.session.scalars(
        sa.select(Project)
        .where(
            Project.state == ProjectState.LIVE,
            Project.concierge_id == maja.id,
            Project.contact_id.is_not(None),
        )
        .order_by(Project.id)
        .limit(1)
    ).first()
    if project is None:
        return
    _add(maja, _choice(Shows.VISITS, Scope.SITE, project.site_id), "Thunderbird", at=at)
    contact = db.session.get_one(Contact, project.contact_id)
    for shows in (Shows.VISITS, Shows.MILESTONES):
        of_project = Choice(shows=shows, scope=Scope.PROJECT, scope_key=str(project.id), is_for_customer=True)
        addresses.create_address(contact, of_project, actor_id=maja.id, at=at)


def _add(person: User, choice: Choice, device: str, *, at: datetime) -> None:
    addresses.create_address(person, choice, device=device, actor_id=person.id, at=at)


def _choice(shows: Shows, scope: Scope, key: int | str) -> Choice:
    return Choice(shows=shows, scope=scope, scope_key=str(key))


def _person(first: str) -> User:
    email = next(person.email for person in (*OFFICE, *SIGN_INS) if person.first == first)
    return db.session.scalars(sa.select(User).where(User.email == email)).one()


def _largest_team() -> str:
    found = Counter(db.session.scalars(sa.select(Technician.territory).where(Technician.territory != "")))
    return found.most_common(1)[0][0]
