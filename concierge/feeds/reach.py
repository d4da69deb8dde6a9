"""Who knows of a change: whether a program of somebody's has fetched what a visit is like now."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from concierge.feeds import plan
from concierge.feeds.models import Calendar, CalendarEntry, Feed
from concierge.feeds.states import FeedState, Scope, Shows, Subject
from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.events import RecordedEvent
from concierge.projects.events import ActUndone
from concierge.visits.events import (
    TechniciansAssigned,
    VisitCancelled,
    VisitChanged,
    VisitConfirmed,
    VisitEvent,
    VisitMoved,
    VisitPlanned,
    VisitStateChanged,
)
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState

NEAR = timedelta(hours=48)
"""A change of a visit that starts, or was to start, within so long does not wait for a calendar program."""
PATIENCE = timedelta(hours=1)
"""So long a program has to fetch it."""
LOOKED_BACK = timedelta(hours=12)
"""Changes older than this were told long ago, or the worker has stood still for half a day."""
SURE = timedelta(seconds=30)
"""A fetch counts as later than a change by so much: the change was noted a moment before it could be read."""

OWN = sa.and_(
    Feed.state == FeedState.ACTIVE,
    Calendar.shows == Shows.VISITS,
    Calendar.scope == Scope.PERSON,
    Calendar.scope_key == sa.cast(Feed.user_id, sa.String),
    Calendar.is_busy_only.is_(False),
)
"""Addresses that tell somebody of their own visits in full; one that only says "Busy" tells nobody where to go."""

_TOLD = tuple(
    kind.__name__
    for kind in (
        VisitPlanned,
        VisitMoved,
        VisitConfirmed,
        VisitStateChanged,
        VisitChanged,
        TechniciansAssigned,
        VisitCancelled,
    )
)
_IN_CALENDARS = frozenset({"title", "kind"})


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody's calendar programs know of a visit that they go on."""

    user_id: int
    name: str
    initials: str
    addresses: int
    """How many addresses of theirs tell of it."""
    changed_at: datetime | None
    """When what stands in their calendar of it last changed."""
    fetched_at: datetime | None
    fetched_by: str
    knows: bool

    @property
    def state(self) -> str:
        """In a word: none, never, knows or behind."""
        if not self.addresses:
            return "none"
        if self.fetched_at is None:
            return "never"
        return "knows" if self.knows else "behind"


@dataclass(frozen=True, slots=True)
class Change:
    """The latest change of a visit that somebody has to know of."""

    visit_id: int
    user_id: int
    at: datetime


def of_visit(visit_id: int, *, at: datetime) -> Sequence[Reach]:
    """What the programs of everybody who goes on a visit know of it; one question."""
    entry = sa.and_(
        CalendarEntry.calendar_id == Calendar.id,
        CalendarEntry.subject == Subject.VISIT,
        CalendarEntry.subject_id == VisitTechnician.visit_id,
        sa.or_(CalendarEntry.gone_at.is_(None), CalendarEntry.gone_at > at),
    )
    rows = db.session.execute(
        sa.select(User, Feed, Calendar.version, CalendarEntry.modified_at)
        .select_from(VisitTechnician)
        .join(User, User.id == VisitTechnician.user_id)
        .outerjoin(
            sa.join(Feed, Calendar, Calendar.id == Feed.calendar_id), sa.and_(Feed.user_id == User.id, OWN)
        )
        .outerjoin(CalendarEntry, entry)
        .where(VisitTechnician.visit_id == visit_id)
        .order_by(VisitTechnician.id, Feed.id)
    )
    found: defaultdict[User, list[tuple[Feed, str, datetime | None]]] = defaultdict(list)
    for person, feed, version, modified_at in rows:
        of_person = found[person]
        if feed is not None:
            of_person.append((feed, version, modified_at))
    return [_reach(person, known) for person, known in found.items()]


def changes_not_fetched(*, at: datetime) -> Sequence[Change]:
    """Changes close to their visit that nobody's program has fetched within the hour; of each person the latest.

    Close to a visit: at most 48 hours before its start, or before the start that it had. What somebody did
    themselves they know.
    """
    latest: dict[tuple[int, int], datetime] = {}
    for event, visit in _recent(at=at):
        if isinstance(event, VisitEvent) and visit is not None and _is_near(event, visit):
            for user_id in _concerned(event):
                latest[visit.id, user_id] = max(event.at, latest.get((visit.id, user_id), event.at))
    for undone_at, visit_id, starts_at, user_id, actor_id in _undone(at=at):
        if user_id != actor_id and undone_at <= starts_at <= undone_at + NEAR:
            latest[visit_id, user_id] = max(undone_at, latest.get((visit_id, user_id), undone_at))
    waited = {key: changed for key, changed in latest.items() if at - changed >= PATIENCE}
    known = _fetches({user_id for _visit_id, user_id in waited})
    return [
        Change(visit_id, user_id, changed)
        for (visit_id, user_id), changed in sorted(waited.items())
        if not any(_has(changed, fetched_at, is_latest) for fetched_at, is_latest in known[user_id])
    ]


def knows(user_id: int, *, since: datetime) -> bool:
    """Whether a program of somebody's has fetched their visits as they were after a change."""
    return any(_has(since, fetched_at, is_latest) for fetched_at, is_latest in _fetches((user_id,))[user_id])


def _reach(person: User, known: Sequence[tuple[Feed, str, datetime | None]]) -> Reach:
    fetched = [feed for feed, _version, _modified_at in known if feed.fetched_at is not None]
    up_to_date = [
        feed
        for feed, version, modified_at in known
        if _has(modified_at, feed.fetched_at, feed.fetched_version == version)
    ]
    last = max(
        up_to_date or fetched, key=lambda feed: (feed.fetched_at is not None, feed.fetched_at), default=None
    )
    return Reach(
        user_id=person.id,
        name=person.name,
        initials=person.initials,
        addresses=len(known),
        changed_at=max((changed for _feed, _version, changed in known if changed is not None), default=None),
        fetched_at=last.fetched_at if last else None,
        fetched_by=last.fetched_by if last else "",
        knows=bool(up_to_date),
    )


def _has(changed_at: datetime | None, fetched_at: datetime | None, is_latest: bool) -> bool:
    """Whether a fetch brought a change: the calendar as it is, or later than the change."""
    if fetched_at is None:
        return False
    return is_latest or changed_at is None or fetched_at > changed_at + SURE


def _fetches(user_ids: Collection[int]) -> defaultdict[int, list[tuple[datetime | None, bool]]]:
    found: defaultdict[int, list[tuple[datetime | None, bool]]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(Feed.user_id, Feed.fetched_at, Feed.fetched_version, Calendar.version)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .where(OWN, Feed.user_id.in_(sorted(user_ids)))
    )
    for user_id, fetched_at, fetched_version, version in rows:
        assert user_id is not None  # noqa: S101 # asked for by their ids
        found[user_id].append((fetched_at, fetched_version == version))
    return found


def _recent(*, at: datetime) -> list[tuple[object, Visit | None]]:
    visit_id = RecordedEvent.payload["visit_id"].as_integer()
    before = RecordedEvent.payload["starts_before"].as_string()
    from_at = at - LOOKED_BACK
    rows = db.session.execute(
        sa.select(RecordedEvent, Visit)
        .join(Visit, Visit.id == visit_id)
        .where(
            RecordedEvent.at > from_at,
            RecordedEvent.at <= at,
            RecordedEvent.name.in_(_TOLD),
            Visit.state.in_([*plan.STATUSES]),
            sa.or_(
                sa.and_(Visit.starts_at > from_at, Visit.starts_at <= at + NEAR),
                sa.and_(
                    RecordedEvent.name == VisitMoved.__name__,
                    before > from_at.isoformat(),
                    before <= (at + NEAR).isoformat(),
                ),
            ),
        )
        .order_by(RecordedEvent.id)
    )
    return [(row.event, visit) for row, visit in rows]


def _undone(*, at: datetime) -> list[tuple[datetime, int, datetime, int, int | None]]:
    """Visits that came back to where they were, with who goes: when, which, its start, who, and by whom."""
    events = [
        row.event
        for row in db.session.scalars(
            sa.select(RecordedEvent).where(
                RecordedEvent.at > at - LOOKED_BACK,
                RecordedEvent.at <= at,
                RecordedEvent.name == ActUndone.__name__,
            )
        )
    ]
    touched = {
        visit_id: event
        for event in events
        if isinstance(event, ActUndone)
        for visit_id in event.touched.get("visits", ())
    }
    if not touched:
        return []
    rows = db.session.execute(
        sa.select(Visit.id, Visit.starts_at, VisitTechnician.user_id)
        .join(VisitTechnician, VisitTechnician.visit_id == Visit.id)
        .where(
            Visit.id.in_(sorted(touched)),
            Visit.state.in_([*plan.STATUSES]),
            Visit.starts_at > at - LOOKED_BACK,
            Visit.starts_at <= at + NEAR,
        )
    )
    return [
        (touched[visit_id].at, visit_id, starts_at, user_id, touched[visit_id].actor_id)
        for visit_id, starts_at, user_id in rows
    ]


def _is_near(event: VisitEvent, visit: Visit) -> bool:
    if isinstance(event, VisitChanged) and not _IN_CALENDARS & {*event.changed}:
        return False
    if isinstance(event, VisitStateChanged) and _shown(event.state_before) is _shown(event.state_after):
        return False
    starts = [visit.starts_at]
    if isinstance(event, VisitMoved):
        starts.append(event.starts_before)
    return any(event.at <= start <= event.at + NEAR for start in starts)


def _shown(state: str) -> object:
    return plan.STATUSES.get(VisitState(state))


def _concerned(event: VisitEvent) -> set[int]:
    before, after = {*event.technicians_before}, {*event.technicians_after}
    people = before ^ after if isinstance(event, TechniciansAssigned) else before | after
    return people - {event.actor_id or 0}
