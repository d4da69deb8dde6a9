"""Two customers with everything that has an address, and one person for each role."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask.testing import FlaskClient

from concierge.feeds.models import Feed
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Role
from concierge.orders.models import OrderLine
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.jobs import start_job
from concierge.projects.actions import proposals
from concierge.projects.states import ProposalKind
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.workforce.actions import hours, technicians
from concierge.workforce.models import Technician
from tests.makers import orders, people, projects, visits, workforce

MISSING = 987654

VOLATILE = {"recorded_events", "rate_counts", "feed_clients"}
"""Tables that refused requests may add to without harm; sessions are compared without their last use."""


@dataclass(frozen=True, slots=True)
class World:
    """Values of every part of an address, of the one customer and of the other, and the people."""

    ours: Mapping[str, object]
    theirs: Mapping[str, object]
    people: Mapping[str, User]
    browsers: Mapping[str, FlaskClient]


def build(sign_in: Callable[[User], FlaskClient]) -> World:
    """Fill the tables; the technician goes to the one customer, the stranger to the other."""
    with unit_of_work():
        staff = {
            role.value: people.user(name=f"{role.value.capitalize()} Lind", role=role)
            for role in Role
            if role is not Role.TECHNICIAN
        }
        tomas = workforce.technician(name="Tomas Berg")
        mallory = workforce.technician(name="Mallory Strang")
        ours = _customer("Halden Biologics", "HB", "SO-1", tomas, staff["concierge"])
        theirs = _customer("Carver State", "CS", "SO-2", mallory, staff["manager"])
    persons = {**staff, "technician": tomas.user, "stranger": mallory.user}
    browsers = {name: sign_in(person) for name, person in persons.items()}
    sessions = {row[0]: row[1] for row in db.session.execute(sa.select(UserSession.user_id, UserSession.id))}
    feeds = {row[0]: row[1] for row in db.session.execute(sa.select(Feed.user_id, Feed.id))}
    for place, owner in ((ours, tomas), (theirs, mallory)):
        place["user_id"] = owner.user_id
        place["feed_id"] = feeds.get(owner.user_id, MISSING)
        place["session_id"] = sessions[owner.user_id]
    db.session.rollback()
    return World(ours, theirs, persons, browsers)


def _customer(name: str, key: str, number: str, technician: Technician, owner: User) -> dict[str, object]:
    place = orders.site(account=name, key=key)
    project = projects.live(place=place, number=number, requested_from=date(2026, 4, 1))
    visit = visits.visit(project, technician)
    proposal = proposals.propose(
        project.id,
        ProposalKind.NEW_DATES,
        requested_from=date(2026, 5, 4),
        note="",
        actor_id=None,
        at=orders.RECEIVED,
    )
    job = start_job("orders.import", "Import", {}, owner.id)
    own_calendar = workforce.own_calendar(technician)
    turn = workforce.turn(technician)
    skill = technicians.grant_skill(technician, code="orbitrap", at=orders.RECEIVED, actor_id=None)
    capacity = hours.set_capacity(
        technician, first_on=date(2026, 6, 1), last_on=None, percent=80, at=orders.RECEIVED, actor_id=None
    )
    leave = workforce.leave(technician, date(2026, 6, 1))
    db.session.flush()
    item = db.session.scalars(
        sa.select(ReadinessItem.id)
        .join(Checklist)
        .where(Checklist.project_id == project.id)
        .order_by(ReadinessItem.id)
    ).first()
    line = db.session.scalars(sa.select(OrderLine.id).where(OrderLine.order_id == project.order_id)).first()
    return {
        "key": project.key,
        "milestone_id": projects.milestone(project, "install").id,
        "proposal_id": proposal.id,
        "gate": "ship",
        "number": 1,
        "visit_id": visit.id,
        "item_id": item,
        "account_id": project.account_id,
        "site_id": project.site_id,
        "contact_id": project.contact_id,
        "order_id": project.order_id,
        "line_id": line,
        "job_id": job.id,
        "own_calendar_id": own_calendar.id,
        "turn_id": turn.id,
        "skill_id": skill.id,
        "capacity_id": capacity.id,
        "leave_id": leave.id,
    }


def digest() -> str:
    """A number that is another one as soon as any row is another one."""
    found = hashlib.sha256()
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in VOLATILE:
                continue
            columns = [
                column
                for column in table.columns
                if column.name not in {"seen_at", "fetched_at", "fetched_by", "fetched_version"}
            ]
            for row in connection.execute(sa.select(*columns).order_by(table.c.id)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()
