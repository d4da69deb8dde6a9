"""Visits and calendar addresses for tests of feeds, as rows and events, without the slices that plan them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from concierge.accounts.models import Account, Site
from concierge.catalogue.states import VisitKind
from concierge.feeds import queries
from concierge.feeds.actions import addresses
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders.models import Order
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.projects.models import Project
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
    if queries.active_feed_of(person.id) is None:
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
