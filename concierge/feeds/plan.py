"""What somebody may choose of a calendar, and rows to the values that entries are made of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.feeds import vevent
from concierge.feeds.states import Scope, Shows
from concierge.feeds.vevent import Status
from concierge.feeds.words import Appointment, DatedMilestone, Turn
from concierge.platform import settings
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import OnCallTurn

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an address shows, of whom or what, and how.

    `scope_key` is the id of the person, project or site as text, or the team's name (empty: all teams).
    `language` empty: the one its owner reads, also when they choose another.
    """

    shows: Shows
    scope: Scope
    scope_key: str
    language: str = ""
    is_busy_only: bool = False
    has_alarms: bool = False
    cancelled_days: int = 7
    horizon_days: int = 400
    is_for_customer: bool = False


def own_visits(user_id: int) -> Choice:
    """What everybody's first address shows: their own visits."""
    return Choice(shows=Shows.VISITS, scope=Scope.PERSON, scope_key=str(user_id))


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
        arrival_minutes=visit.arrival_minutes,
        wall=(visit.starts_local, visit.ends_local),
    )


def milestone_of(
    milestone: Milestone, *, project: Project, zone: str, account_name: str
) -> DatedMilestone | None:
    """What calendars tell of a milestone; `None` while its plan is a draft or it has no day.

    What is done keeps its days in a project that was cancelled; the rest is called off.
    """
    start, finish = milestone.start_on, milestone.finish_on
    if project.state is ProjectState.DRAFT or project.approved_at is None or finish is None:
        return None
    is_done = milestone.state is MilestoneState.DONE
    is_off = milestone.state is MilestoneState.SKIPPED or (
        project.state is ProjectState.CANCELLED and not is_done
    )
    return DatedMilestone(
        uid=milestone_uid(milestone, project=project),
        sequence=0,
        created_at=project.created_at,
        status=Status.CANCELLED if is_off else Status.CONFIRMED,
        first_on=min(start or finish, finish),
        last_on=finish,
        zone=zone,
        names=milestone.name,
        key=milestone.key,
        account=account_name,
        project_key=project.key,
        is_done=is_done,
        url=f"{settings.current().address}/projects/{project.key}",
    )


def milestone_uid(milestone: Milestone, *, project: Project) -> str:
    """The UID of a milestone in every calendar: opaque, the same for life, another one on another installation."""
    made_at = project.created_at.astimezone(UTC).isoformat()
    return str(uuid5(NAMESPACE_URL, f"concierge:{made_at}/{project.key}/{milestone.key}/{milestone.id}"))


def turn_of(turn: OnCallTurn, *, name: str) -> Turn:
    """What calendars tell of an on-call turn."""
    return Turn(
        uid=turn.uid,
        sequence=turn.sequence,
        created_at=turn.created_at,
        status=Status.CONFIRMED if turn.cancelled_at is None else Status.CANCELLED,
        start_at=turn.starts_at,
        end_at=turn.ends_at,
        zone=turn.zone,
        name=name,
        note=turn.note,
        wall=(turn.starts_local, turn.ends_local),
    )


def page_of(visit_id: int) -> str:
    """The public address of a visit's page, which asks for a sign-in."""
    return f"{settings.current().address}/visits/{visit_id}"


def stamp() -> str:
    """Which renderer, for which public address, writes entries now."""
    return f"{vevent.RENDERER}.{sha256(settings.current().address.encode()).hexdigest()[:6]}"


def instants(lapses: list[str]) -> tuple[datetime, ...]:
    """Kept instants, from their text."""
    return tuple(datetime.fromisoformat(lapse) for lapse in lapses)
