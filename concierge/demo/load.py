"""Loading the demo company: once, in one unit of work, dated around the moment it is loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

import sqlalchemy as sa

from concierge.accounts.actions.accounts import add_account
from concierge.accounts.actions.contacts import ContactDetails, add_contact
from concierge.accounts.actions.sites import SiteDetails, add_site
from concierge.demo.calendars import fill_calendars
from concierge.demo.catalogue import fill_catalogue
from concierge.demo.customers import CUSTOMERS, DEGREES, Customer
from concierge.demo.dispatching import dispatch
from concierge.demo.documents import mail_of
from concierge.demo.enquiries import fill_stock
from concierge.demo.fieldwork import PHONES, look_again, stand_since_long
from concierge.demo.history import LATELY, Company, live_through
from concierge.demo.invitations import invite
from concierge.demo.planning import settle_calendars, shape_plans
from concierge.demo.staff import FIELD, OFFICE, PASSWORD, SIGN_INS, Field, Person
from concierge.demo.stories import PAST, STORIES
from concierge.demo.subscriptions import subscribe
from concierge.demo.team import settle_team, shifts_of
from concierge.fieldwork.reactions import print_record
from concierge.identity.actions.people import add_person
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.invitations.reactions import mark_people
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.events import RecordedEvent, delivery_name
from concierge.projects.actions import forecasting
from concierge.projects.chores import follow_the_day
from concierge.projects.models import Project
from concierge.projects.reactions import forecast_anew
from concierge.readiness.actions.sending import PRINT
from concierge.workforce import queries as workforce
from concierge.workforce.actions import hours as technician_hours
from concierge.workforce.actions.closures import enter_closure
from concierge.workforce.actions.technicians import add_technician, enter_absence, grant_skill
from concierge.workforce.states import AbsenceKind

DONE = frozenset({delivery_name(forecast_anew), delivery_name(mark_people)})
"""Every forecast is computed and everybody invited at the end of loading: none of that is waited for."""
PAPER = delivery_name(print_record)
"""Each certificate and each report is printed."""
PRINTED = 8
"""How many checklists are printed after loading."""
OPENED_DAYS_AGO = 420
"""When the demo company began, in days before today."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading brought; nothing when the company was there already."""

    people: int = 0
    accounts: int = 0
    projects: int = 0
    acts: int = 0


def is_empty() -> bool:
    """Whether nobody has ever used this database."""
    return db.session.scalar(sa.select(User.id).limit(1)) is None


def is_loaded() -> bool:
    """Whether the demo company is here."""
    return db.session.scalar(sa.select(User.id).where(User.email == OFFICE[0].email)) is not None


def demo_sign_ins() -> tuple[tuple[str, str, str], ...]:
    """Role, mail address and password of one person a role; none when the demo company is not here."""
    if not is_loaded():
        return ()
    return tuple((person.role.value, person.email, PASSWORD) for person in SIGN_INS)


def load_demo(*, at: datetime) -> Loaded:
    """Bring the demo company to life up to this moment; a second time changes nothing.

    Everything goes through the actions that people use, in one unit of work: it is there whole or not at all.
    """
    if is_loaded():
        return Loaded()
    with _without_collecting(), unit_of_work():
        began = at - timedelta(days=OPENED_DAYS_AGO)
        office = [_employ(person, at=began) for person in OFFICE]
        for field in FIELD:
            _send_out(field, actor_id=office[-1].id, at=began, today=at.date())
        _close_at_new_year(at=began, today=at.date(), actor_id=office[-1].id)
        fill_catalogue(actor_id=office[0].id, at=began)
        for customer in CUSTOMERS:
            _enter(customer, actor_id=office[0].id, at=began)
        settle_calendars(at=began, today=at.date(), actor_id=office[-1].id)
        stand_since_long(at=began, today=at.date(), actor_id=office[0].id)
        company = _company(office, at)
        acts = live_through(company, (*STORIES, *PAST))
        shape_plans(at=at, today=at.date(), concierge_id=office[0].id, manager_id=company.manager_id)
        fill_calendars(at=at, today=at.date(), manager_id=company.manager_id)
        follow_the_day(at)
        settle_team(at=at, today=at.date(), manager_id=company.manager_id)
        dispatch(at=at, dispatcher_id=company.dispatcher_id)
        look_again(at=at, planner_id=company.dispatcher_id)
        subscribe(at=at)
        invite(at=at)
        _learn(at)
        fill_stock(at=at, seller_id=office[0].id)
        _forget_old_deliveries(at)
        count = db.session.scalar(sa.select(sa.func.count(Project.id))) or 0
    return Loaded(len(OFFICE) + len(FIELD), len(CUSTOMERS), count, acts)


def _learn(at: datetime) -> None:
    """What the past has taught by now: its cases, every project's chance, and how good the forecast is."""
    ids = db.session.scalars(sa.select(Project.id).order_by(Project.id)).all()
    for project_id in ids:
        forecasting.learn(project_id, at=at)
    forecasting.renew_all(ids, at=at)
    forecasting.compare_with_past(at=at)


def _forget_old_deliveries(at: datetime) -> None:
    """What followed from acts of long ago was delivered long ago; prints are made when somebody asks.

    A few prints stay, so that documents are there to look at and the worker is soon free.
    """
    recorded = sa.select(RecordedEvent.id, RecordedEvent.at, RecordedEvent.project_id)
    events = {row.id: row for row in db.session.execute(recorded)}
    ready = db.session.scalars(
        sa.select(Delivery).where(Delivery.status == DeliveryStatus.READY).order_by(Delivery.id.desc())
    )
    kept: set[tuple[str, int | None]] = set()
    prints = 0
    for delivery in ready:
        if delivery.name in DONE:
            delivery.status, delivery.finished_at = DeliveryStatus.DONE, at
            continue
        if delivery.name == PRINT:
            prints += 1
            if prints > PRINTED:
                db.session.delete(delivery)
            continue
        event = events.get(delivery.args.get("event_id", 0))
        if event is None:
            continue
        what = (delivery.name, delivery.args.get("event_id") if delivery.name == PAPER else event.project_id)
        if (event.at < at - LATELY and delivery.name != PAPER) or what in kept:
            delivery.status, delivery.finished_at = DeliveryStatus.DONE, event.at
        else:
            kept.add(what)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Everything loaded stays alive until the end, so looking for garbage in between only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _employ(person: Person, *, at: datetime) -> User:
    user = add_person(
        email=person.email,
        name=person.name,
        role=person.role,
        password=PASSWORD,
        zone=person.zone,
        language=person.language,
        at=at,
    )
    user.phone = person.phone
    return user


def _send_out(field: Field, *, actor_id: int, at: datetime, today: date) -> None:
    """Make a person a technician with certificates and days away."""
    user = _employ(field.person, at=at)
    technician = add_technician(
        user,
        country=field.country,
        subdivision=field.subdivision,
        city=field.city,
        territory=field.territory,
        at=at,
        actor_id=actor_id,
    )
    technician_hours.set_hours(technician, shifts_of(field), at=at, actor_id=actor_id)
    for code in field.skills:
        expires_on = today + timedelta(days=21 if code == field.lapsing else 400)
        grant_skill(technician, code=code, level=2, expires_on=expires_on, at=at, actor_id=actor_id)
    for first, last in field.away:
        enter_absence(
            technician,
            kind=AbsenceKind.LEAVE,
            first_on=today + timedelta(days=first),
            last_on=today + timedelta(days=last),
            at=at,
            actor_id=actor_id,
        )


def _close_at_new_year(*, at: datetime, today: date, actor_id: int) -> None:
    for year in (today.year - 1, today.year, today.year + 1):
        enter_closure(
            name="Company holidays",
            first_on=date(year, 12, 24),
            last_on=date(year + 1, 1, 2),
            at=at,
            actor_id=actor_id,
        )


def _enter(customer: Customer, *, actor_id: int, at: datetime) -> None:
    account = add_account(name=customer.name, party_id=f"0088:{customer.gln}", actor_id=actor_id, at=at)
    sites = [
        add_site(
            account,
            details=SiteDetails(
                name=place.name,
                street=place.street,
                postcode=place.postcode,
                city=place.city,
                country=place.country,
                subdivision=place.subdivision,
                zone=place.zone,
                latitude=DEGREES[place.city][0],
                longitude=DEGREES[place.city][1],
                access_from=place.opens,
                access_to=place.closes,
                dock_notes=place.dock,
            ),
            actor_id=actor_id,
            at=at,
        )
        for place in customer.places
    ]
    for number, person in enumerate(customer.people):
        add_contact(
            account,
            details=ContactDetails(
                name=person.name,
                title=person.title,
                role=person.role,
                site_id=sites[0].id if len(sites) == 1 else None,
                email=mail_of(customer, person),
                phone=f"+{_PREFIX[sites[0].country]} 555 0{300 + 7 * account.id + number}",
                language=customer.language,
                zone=sites[0].zone,
            ),
            actor_id=actor_id,
            at=at,
        )


def _company(office: Sequence[User], at: datetime) -> Company:
    maja, daniel, hana, claire = (user.id for user in office[:4])
    technicians = list(workforce.technicians())
    by_country = {"CH": maja, "DE": maja, "FR": daniel, "GB": daniel, "SE": daniel, "US": claire}
    return Company(
        now=at,
        concierges={**dict.fromkeys(("JP", "SG", "NZ"), hana), **by_country},
        dispatcher_id=next(user.id for user in office if user.role is Role.DISPATCHER),
        manager_id=next(user.id for user in office if user.role is Role.MANAGER),
        technicians=technicians,
        random=Random(7),  # noqa: S311 - the same company every time
        phones=frozenset(one.user_id for one in technicians if one.user.name in PHONES),
    )


_PREFIX = {"CH": 41, "DE": 49, "FR": 33, "GB": 44, "US": 1, "JP": 81, "SG": 65, "NZ": 64, "SE": 46}
