"""The rota: who works, is away, is on call and is booked on which day, and how full everybody is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from concierge.core.hours import Hours, Place
from concierge.core.spans import Span, days
from concierge.core.worktime import WEEKDAYS
from concierge.identity.viewer import Viewer
from concierge.platform.database import UtcInstant, db
from concierge.platform.statements import any_of
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.queries import LONGEST_VISIT
from concierge.visits.states import VisitState
from concierge.workforce import queries as workforce
from concierge.workforce.calendars import Away, away_hours, percent_on, worked_minutes
from concierge.workforce.models import Absence, LeaveRequest, OnCallTurn, Technician

MINUTES = 60
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Booking:
    """A visit on which somebody goes; it counts in the load while it is not cancelled."""

    visit_id: int
    title: str
    state: VisitState
    span: Span[datetime]


@dataclass(frozen=True, slots=True)
class Gap:
    """Why somebody is not there on a day, or for a part of it: the kind of absence, the hours, who asks."""

    word: str
    hours: Hours | None
    """None: the whole day."""
    leave_id: int | None = None
    """Of a request that nobody has decided; None: it is certain."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one person."""

    on: date
    hours: tuple[Hours, ...]
    """When they work, whatever is booked; none: they do not."""
    closed: tuple[str, ...] = ()
    """Why they do not work, beside absences and the weekday: a holiday, a closure."""
    gaps: tuple[Gap, ...] = ()
    visits: tuple[Booking, ...] = ()
    is_on_call: bool = False
    is_today: bool = False

    @property
    def look(self) -> str:
        """What it looks like: ``away``, ``off``, or ``work``."""
        if any(gap.hours is None and gap.leave_id is None for gap in self.gaps):
            return "away"
        return "work" if self.hours else "off"


@dataclass(frozen=True, slots=True)
class Load:
    """Minutes that visits take of those that they may take."""

    booked: int = 0
    free_for_visits: int = 0

    @property
    def state(self) -> str:
        """How full: ``bad`` beyond what there is, ``warn`` nearly all of it, else ``idle``."""
        if self.booked > self.free_for_visits:
            return "bad"
        return "warn" if self.booked * 10 >= self.free_for_visits * 9 and self.booked else "idle"

    @property
    def booked_hours(self) -> int:
        """In whole hours, rounded."""
        return round(self.booked / MINUTES)

    @property
    def hours(self) -> int:
        """What visits may take, in whole hours, rounded."""
        return round(self.free_for_visits / MINUTES)


@dataclass(frozen=True, slots=True)
class Row:
    """A technician on the rota; the load is None for viewers who may not know of others' visits."""

    user_id: int
    name: str
    city: str
    territory: str
    zone: str
    cells: tuple[Cell, ...]
    load: Load | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """The rota of some weeks."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]
    over: int = 0
    """How many people are booked for more than they have."""
    asked: int = 0
    """How many requests for leave in it wait to be decided."""


@dataclass(slots=True)
class _Read:
    """All that the rota is made of, by user id."""

    places: Mapping[int, Place] = field(default_factory=dict)
    absences: Mapping[int, Sequence[Absence]] = field(default_factory=dict)
    requests: Mapping[int, Sequence[LeaveRequest]] = field(default_factory=dict)
    bookings: Mapping[int, Sequence[Booking]] = field(default_factory=dict)
    turns: Mapping[int, Sequence[OnCallTurn]] = field(default_factory=dict)


def rota(
    viewer: Viewer,
    technicians: Sequence[Technician],
    *,
    monday: date,
    weeks: int,
    today: date,
    may_see_requests: bool,
) -> Rota:
    """Put the rota of some weeks together, with a handful of questions however many people there are.

    Days are those where each technician lives. Viewers who see only their own visits are told of no others, and of
    nobody else's load.

    :param technicians: with user loaded.
    :param may_see_requests: whether requests for leave of others are shown; one's own always are.
    """
    found = tuple(monday + timedelta(days=number) for number in range(7 * weeks))
    ids = [one.user_id for one in technicians]
    known = _read(ids, found, viewer)
    capacities = workforce.capacities(ids, first_on=found[0], last_on=found[-1])
    rows = []
    for one in technicians:
        is_own = one.user_id == viewer.user_id
        cells = tuple(
            _cell(
                one.user_id,
                day,
                known,
                shows_requests=may_see_requests or is_own,
                shows_visits=viewer.sees_all_projects or is_own,
                today=today,
            )
            for day in found
        )
        load = None
        if viewer.sees_all_projects or is_own:
            place = known.places[one.user_id]
            within = _instants(found, place)
            load = Load(
                booked=booked_minutes(place, known.bookings.get(one.user_id, ()), within),
                free_for_visits=sum(
                    _minutes(place.hours_on(day)) * percent_on(capacities.get(one.user_id, ()), day) // 100
                    for day in found
                ),
            )
        rows.append(
            Row(
                user_id=one.user_id,
                name=one.user.name,
                city=one.city,
                territory=one.territory,
                zone=one.user.zone,
                cells=cells,
                load=load,
            )
        )
    return Rota(
        days=found,
        rows=tuple(rows),
        over=sum(row.load is not None and row.load.state == "bad" for row in rows),
        asked=len(
            {
                gap.leave_id
                for row in rows
                for cell in row.cells
                for gap in cell.gaps
                if gap.leave_id is not None
            }
        ),
    )


def booked_minutes(place: Place, bookings: Iterable[Booking], within: Span[datetime]) -> int:
    """Count the minutes that visits take of somebody's work within a stretch of time."""
    parts = (one.span.intersection(within) for one in bookings)
    return sum(worked_minutes(place, part) for part in parts if part is not None)


def _read(ids: Collection[int], found: Sequence[date], viewer: Viewer) -> _Read:
    first_on, last_on = found[0], found[-1]
    from_at = datetime.combine(first_on - DAY, time(), ZoneInfo("UTC"))
    to_at = datetime.combine(last_on + 2 * DAY, time(), ZoneInfo("UTC"))
    turns: dict[int, list[OnCallTurn]] = {}
    for turn in workforce.turns_between(from_at=from_at, to_at=to_at):
        turns.setdefault(turn.technician.user_id, []).append(turn)
    return _Read(
        places=workforce.technician_places(ids, first_on=first_on, last_on=last_on),
        absences=workforce.absences(ids, first_on=first_on, last_on=last_on),
        requests=workforce.requested_leave(ids, first_on=first_on, last_on=last_on),
        bookings=_bookings(
            ids if viewer.sees_all_projects else [viewer.user_id], from_at=from_at, to_at=to_at
        ),
        turns=turns,
    )


def _bookings(ids: Collection[int], *, from_at: datetime, to_at: datetime) -> Mapping[int, Sequence[Booking]]:
    found: dict[int, list[Booking]] = {}
    asked = {
        "user_ids": sorted(ids),
        "from_at": from_at,
        "to_at": to_at,
        "longest": from_at - LONGEST_VISIT,
    }
    for user_id, visit_id, title, state, starts_at, ends_at in db.session.execute(_BOOKED, asked):
        found.setdefault(user_id, []).append(Booking(visit_id, title, state, Span(starts_at, ends_at)))
    return found


_BOOKED = (
    sa.select(VisitTechnician.user_id, Visit.id, Visit.title, Visit.state, Visit.starts_at, Visit.ends_at)
    .join(Visit, Visit.id == VisitTechnician.visit_id)
    .where(
        any_of(VisitTechnician.user_id, "user_ids"),
        Visit.state != VisitState.CANCELLED,
        Visit.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        Visit.ends_at > sa.bindparam("from_at", type_=UtcInstant),
        Visit.starts_at > sa.bindparam("longest", type_=UtcInstant),
    )
    .order_by(Visit.starts_at, Visit.id)
)
"""Put together once: that costs several times what asking it does."""


def _cell(
    user_id: int, day: date, known: _Read, *, shows_requests: bool, shows_visits: bool, today: date
) -> Cell:
    place = known.places[user_id]
    there = _instants([day], place)
    hours = place.hours_on(day)
    gaps = [
        Gap(absence.kind.value, _part(absence, day))
        for absence in known.absences.get(user_id, ())
        if absence.first_on <= day <= absence.last_on
    ]
    if shows_requests:
        gaps += [
            Gap(wish.kind.value, _part(wish, day), leave_id=wish.id)
            for wish in known.requests.get(user_id, ())
            if wish.first_on <= day <= wish.last_on
        ]
    exception = place.exceptions.get(day)
    closed: tuple[str, ...] = ()
    if exception is not None and not exception.hours:
        closed = (exception.reason,)
    elif exception is None and place.days is not None:
        closed = tuple(words for words in place.days.reasons(day) if words != WEEKDAYS[day.weekday()])
    return Cell(
        on=day,
        hours=hours,
        closed=closed,
        gaps=tuple(gaps),
        visits=tuple(
            one for one in known.bookings.get(user_id, ()) if shows_visits and one.span.overlaps(there)
        ),
        is_on_call=any(
            Span(turn.starts_at, turn.ends_at).overlaps(there) for turn in known.turns.get(user_id, ())
        ),
        is_today=day == today,
    )


def _part(away: Away, day: date) -> Hours | None:
    """The part of a day that an absence takes; `None`: all of it."""
    hours = away_hours(away, day)
    return None if _minutes([hours]) == 24 * MINUTES else hours


def _instants(found: Sequence[date], place: Place) -> Span[datetime]:
    """From the first to the last of some days, where somebody lives."""
    whole = days(found[0], found[-1])
    last = whole.to_at or found[-1]
    return Span(
        datetime.combine(whole.from_at, time(), place.zone), datetime.combine(last, time(), place.zone)
    )


def _minutes(hours: Iterable[Hours]) -> int:
    return sum(one.to_minute - one.from_minute for one in hours)
