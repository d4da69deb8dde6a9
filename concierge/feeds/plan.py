"""Rows to the value that an entry is made of."""

from hashlib import sha256

from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.feeds import vevent
from concierge.feeds.vevent import Status
from concierge.feeds.words import Appointment
from concierge.platform import settings
from concierge.visits.models import Visit
from concierge.visits.states import VisitState

STATUSES: dict[VisitState, Status] = {
    VisitState.TENTATIVE: Status.TENTATIVE,
    VisitState.CONFIRMED: Status.CONFIRMED,
    VisitState.ACCEPTED: Status.CONFIRMED,
    VisitState.ON_ROUTE: Status.CONFIRMED,
    VisitState.IN_PROGRESS: Status.CONFIRMED,
    VisitState.COMPLETE: Status.CONFIRMED,
    VisitState.INCOMPLETE: Status.CONFIRMED,
    VisitState.CANCELLED: Status.CANCELLED,
}
"""What a calendar shows of each state; a draft stands in none."""


def appointment_of(visit: Visit, *, site: Site, account_name: str, project_key: str, url: str) -> Appointment:
    """What calendars tell of a visit that is no draft."""
    is_remote = visit.kind is VisitKind.REMOTE_CALL  # an address would send somebody there
    address = ", ".join(part for part in (site.name, site.address_line, site.country) if part)
    return Appointment(
        uid=visit.uid,
        sequence=visit.sequence,
        created_at=visit.created_at,
        kind=visit.kind.value,
        status=STATUSES[visit.state],
        start_at=visit.starts_at,
        end_at=visit.ends_at,
        zone=visit.zone,
        title=visit.title,
        titles=visit.titles or {},
        account=account_name,
        place=site.city,
        address="" if is_remote else address,
        project_key=project_key,
        url=url,
    )


def page_of(visit_id: int) -> str:
    """The public address of a visit's page, which asks for a sign-in."""
    return f"{settings.current().address}/visits/{visit_id}"


def stamp() -> str:
    """Which renderer, for which public address, writes entries now."""
    return f"{vevent.RENDERER}.{sha256(settings.current().address.encode()).hexdigest()[:6]}"
