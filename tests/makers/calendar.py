"""Visits and calendar addresses for tests of feeds, as rows and events, without the slices that plan them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.states import Audience, MilestoneKind, Team, VisitKind
from concierge.feeds import queries
from concierge.feeds.actions import addresses
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders.models import Order
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.projects.models import Milestone, Project
from concierge.projects.states import ProjectState
from concierge.visits.events import (
    TechniciansAssigned,
    VisitCancelled,
    VisitChanged,
    VisitMoved,
    VisitPlanned,
    VisitStateChanged,
)
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState
from concierge.workforce.models import OnCallTurn
from tests.makers import people

AT = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
_numbers = count(1)


def technician(name: str = "Tomas Berger", *, language: str = "en", zone: str = "Europe/Zurich") -> User:
    """Somebody who goes to sites; needs a unit of work."""
    return people.user(name=name, role=Role.TECHNICIAN, language=language, zone=zone)


def project(name: str = "Isar Klinik", *, zone: str = "Europe/Berlin", city: str = "München") -> Project:
    """A project at a site of its own; needs a unit of work."""
    number = next(_numbers)
    account = Account(name=name, key=f"C{number}", created_on=AT.date())
    db.session.add(account)
    db.session.flush()
    site = Site(
        account_id=account.id,
        name=name,
        street="Sonnenstraße 24",
        postcode="80331",
        city=city,
        country="DE",
        zone=zone,
    )
    db.session.add(site)
    db.session.flush()
    order = Order(
        system="ERP",
        number=str(number),
        account_id=account.id,
        site_id=site.id,
        issued_on=AT.date(),
        received_at=AT,
    )
    db.session.add(order)
    db.session.flush()
    made = Project(
        key=f"C{number}-2041",
        name=name,
        order_id=order.id,
        account_id=account.id,
        site_id=site.id,
        created_at=AT,
        starts_on=AT.date(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def live(name: str = "Isar Klinik", *, zone: str = "Europe/Berlin", city: str = "München") -> Project:
    """A project whose plan was approved; needs a unit of work."""
    made = project(name, zone=zone, city=city)
    made.state, made.approved_at = ProjectState.LIVE, AT
    db.session.flush()
    return made


def milestones(of: Project) -> list[Milestone]:
    """Three milestones, of which the second is nothing for customers; needs a unit of work."""
    made = [
        Milestone(
            project_id=of.id,
            position=number,
            key=key,
            name={"en": key.capitalize(), "de": german},
            kind=kind,
            team=Team.SERVICE,
            audience=Audience.INTERNAL if key == "release" else Audience.CUSTOMER,
            workdays=workdays,
            forecast_start_on=AT.date() + timedelta(days=10 * number),
            forecast_on=AT.date() + timedelta(days=10 * number + max(workdays - 1, 0)),
        )
        for number, (key, german, kind, workdays) in enumerate(
            [
                ("survey", "Begehung", MilestoneKind.SITE_SURVEY, 1),
                ("release", "Freigabe", MilestoneKind.SHIP_RELEASED, 0),
                ("install", "Installation", MilestoneKind.INSTALLED, 3),
            ],
            start=1,
        )
    ]
    db.session.add_all(made)
    db.session.flush()
    return made


def contact(of: Project, name: str = "Dr. Karin Hoff", *, language: str = "en") -> Contact:
    """Somebody at the customer of a project; needs a unit of work."""
    made = Contact(
        account_id=of.account_id,
        name=name,
        email=f"contact{next(_numbers)}@customer.example",
        language=language,
    )
    db.session.add(made)
    db.session.flush()
    return made


def contact_again(contact_id: int) -> Contact:
    """A contact by their number."""
    return db.session.get_one(Contact, contact_id)


def turn(technician_id: int, *, starts: datetime, hours: int = 12, at: datetime = AT) -> OnCallTurn:
    """An on-call turn, of which nothing is told; needs a unit of work."""
    ends = starts + timedelta(hours=hours)
    made = OnCallTurn(
        uid=f"turn-{next(_numbers)}",
        technician_id=technician_id,
        starts_local=_wall(starts, "Europe/Berlin"),
        ends_local=_wall(ends, "Europe/Berlin"),
        zone="Europe/Berlin",
        starts_at=starts,
        ends_at=ends,
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
    return made


def move_turn(turn: OnCallTurn, *, by: timedelta) -> None:
    """Put an on-call turn at another time."""
    turn.starts_at += by
    turn.ends_at += by
    turn.starts_local = _wall(turn.starts_at, turn.zone)
    turn.ends_local = _wall(turn.ends_at, turn.zone)


def visit(
    of: Project,
    *technicians: User,
    starts: datetime = AT + timedelta(days=7),
    hours: int = 4,
    state: VisitState = VisitState.CONFIRMED,
    title: str = "Install the spectrometer",
    kind: VisitKind = VisitKind.INSTALL,
    at: datetime = AT,
) -> Visit:
    """A planned visit with its people, told to whoever listens; needs a unit of work."""
    zone = db.session.get_one(Site, of.site_id).zone
    ends = starts + timedelta(hours=hours)
    made = Visit(
        uid=f"visit-{next(_numbers)}",
        project_id=of.id,
        site_id=of.site_id,
        kind=kind,
        title=title,
        state=state,
        starts_local=_wall(starts, zone),
        ends_local=_wall(ends, zone),
        zone=zone,
        fold=starts.astimezone(ZoneInfo(zone)).fold,
        starts_at=starts,
        ends_at=ends,
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
    _assign(made, technicians)
    record(VisitPlanned(at=at, actor_id=None, visit_id=made.id, title=title, starts_at=starts, ends_at=ends))
    return made


def move(visit: Visit, *, by: timedelta, at: datetime) -> None:
    """Put a visit at another time."""
    before = visit.starts_at
    visit.starts_at += by
    visit.ends_at += by
    visit.starts_local = _wall(visit.starts_at, visit.zone)
    visit.ends_local = _wall(visit.ends_at, visit.zone)
    visit.fold = visit.starts_at.astimezone(ZoneInfo(visit.zone)).fold
    visit.sequence += 1
    db.session.flush()
    record(
        VisitMoved(
            at=at,
            actor_id=None,
            visit_id=visit.id,
            title=visit.title,
            starts_before=before,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            cause="a person",
        )
    )


def retitle(visit: Visit, title: str, *, at: datetime) -> None:
    """Call a visit something else."""
    visit.title = title
    db.session.flush()
    record(VisitChanged(at=at, actor_id=None, visit_id=visit.id, title=title, changed=("title",)))


def reassign(visit: Visit, *technicians: User, at: datetime) -> None:
    """Send other people."""
    visit.sequence += 1
    _assign(visit, technicians)
    record(TechniciansAssigned(at=at, actor_id=None, visit_id=visit.id, title=visit.title))


def set_state(visit: Visit, state: VisitState, *, at: datetime) -> None:
    """Move a visit on to another state."""
    before, visit.state = visit.state, state
    visit.sequence += 1
    db.session.flush()
    record(
        VisitStateChanged(
            at=at,
            actor_id=None,
            visit_id=visit.id,
            title=visit.title,
            state_before=before.value,
            state_after=state.value,
        )
    )


def cancel(visit: Visit, *, at: datetime) -> None:
    """Call a visit off."""
    visit.state, visit.cancelled_at = VisitState.CANCELLED, at
    visit.sequence += 1
    db.session.flush()
    record(VisitCancelled(at=at, actor_id=None, visit_id=visit.id, title=visit.title, reason="no power"))


def path_of(person: User, *, at: datetime = AT) -> str:
    """The path of a person's calendar, with an address made for them if they have none; needs a unit of
    work.
    """
    if queries.report_of(person.id, at=at).feed_id is None:
        addresses.create_address(person, actor_id=None, at=at)
    url = queries.report_of(person.id, at=at).url
    return "/cal/" + url.partition("/cal/")[2]


def _assign(visit: Visit, technicians: Sequence[User]) -> None:
    wanted = {person.id for person in technicians}
    rows = db.session.query(VisitTechnician).filter_by(visit_id=visit.id).all()
    for row in rows:
        if row.user_id not in wanted:
            db.session.delete(row)
    for user_id in sorted(wanted - {row.user_id for row in rows}):
        db.session.add(VisitTechnician(visit_id=visit.id, user_id=user_id))
    db.session.flush()


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
