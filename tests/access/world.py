"""Two customers with everything that has an address, and one person for each role."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from concierge.accounts.models import Account, Contact
from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.dispatch.models import PlanningRun, SlotOffer
from concierge.dispatch.states import OfferKind, PlanningState
from concierge.enquiries.actions import asking, stocking
from concierge.enquiries.actions.asking import WantedLine
from concierge.enquiries.states import StockState
from concierge.equipment.actions import keeping
from concierge.feeds.models import Feed
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Role
from concierge.orders.models import OrderLine
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.jobs import start_job
from concierge.projects.actions import proposals
from concierge.projects.models import Project
from concierge.projects.states import ProposalKind
from concierge.readiness.actions import linking
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.visits.models import Visit
from concierge.workforce.actions import hours, technicians
from concierge.workforce.models import Technician
from tests.makers import catalogue, orders, people, projects, visits, workforce

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
        **_of_issue_six(project, visit, owner),
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


def _of_issue_six(project: Project, visit: Visit, owner: User) -> dict[str, object]:
    """What is dispatched, offered to choose, asked for, in stock and installed."""
    site = visits.site_of(project)
    about: dict[str, Any] = {"at": orders.RECEIVED, "actor_id": owner.id}  # Any: an instant and an id
    known = sa.select(Product).where(Product.kind == ProductKind.INSTRUMENT)
    product = db.session.scalars(known).first() or catalogue.add_instrument("ms-one", name="Spectrometer One")
    account = db.session.get_one(Account, project.account_id)
    contact = db.session.scalars(sa.select(Contact).where(Contact.account_id == account.id)).first()
    assert contact is not None
    enquiry = asking.ask(account=account, lines=[WantedLine(product, 1, site)], **about)
    (unit,) = stocking.add_units(
        product, serial=f"ST-{project.key}", place="Hall 2", country="CH", available_on=date(2026, 3, 2),
        state=StockState.ON_HAND, **about,
    )  # fmt: skip
    asset = keeping.add_asset(site=site, product=product, name="Pump", serial=f"P-{project.key}", **about)
    link = linking.give_link(project, contact, is_mailed=False, **about)
    run = PlanningRun(
        asked_by_id=owner.id, asked_at=orders.RECEIVED, job_id=None, first_on=date(2026, 3, 2),
        last_on=date(2026, 3, 20), state=PlanningState.READY, ended_at=orders.RECEIVED,
    )  # fmt: skip
    offer = SlotOffer(
        project_id=project.id, work_order_id=visit.work_order_id, visit_id=visit.id, link_id=link.id,
        contact_id=contact.id, kind=OfferKind.OPEN, minutes=60, first_on=date(2026, 3, 2),
        last_on=date(2026, 3, 20), offered_at=orders.RECEIVED, sent_at=orders.RECEIVED,
        expires_at=orders.RECEIVED + timedelta(days=400),
    )  # fmt: skip
    db.session.add_all((run, offer))
    db.session.flush()
    return {
        "work_order_id": visit.work_order_id,
        "uid": visit.uid,
        "run_id": run.id,
        "offer_id": offer.id,
        "code": enquiry.code,
        "unit_id": unit.id,
        "asset_id": asset.id,
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
