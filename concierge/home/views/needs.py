"""What needs somebody, in words: a verb and its object, what hangs on it, by when, and one action."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from concierge.catalogue.states import VisitKind
from concierge.core.urgency import Band, Kind, Matter, band, in_order, is_aside
from concierge.home import agenda, queries
from concierge.home.agenda import Looking, Row
from concierge.home.views import needs_of_people, needs_of_plans, needs_of_sites, needs_of_visits
from concierge.home.views.need import Need
from concierge.identity import queries as identity
from concierge.identity.permissions import Role
from concierge.identity.queries import Aside
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import called, clock_time, span
from concierge.visits.models import Visit
from concierge.visits.states import OVER

ICONS = {
    VisitKind.SITE_SURVEY: "ruler",
    VisitKind.DELIVERY: "truck",
    VisitKind.INSTALL: "wrench",
    VisitKind.TRAINING: "graduation-cap",
    VisitKind.REMOTE_CALL: "phone",
}
MOST_SHOWN = 20
"""Lines of one urgency on the page; of the others only the number is said."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Needs of one urgency: the first of them in words, and how many there are."""

    needs: Sequence[Need] = ()
    count: int = 0
    is_more: bool = False
    """Whether there are more than were read."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """All that needs the viewer: to act on now, to do soon, to wait for from others, and what they put aside."""

    act: Listed
    soon: Listed
    waiting: Listed
    aside: Listed


def of_viewer(looking: Viewer, *, now: datetime, mine: bool) -> Agenda:
    """What needs the viewer, the most urgent first."""
    asides = identity.asides_of(looking.user_id, at=now)
    asked, found = _asked(looking, asides, now=now, mine=mine)
    told = {row.project_id for kind in (Kind.BLOCKED, Kind.OVERDUE) for _matter, row in found[kind].matters}
    ranked = in_order(
        (matter, (kind, row))
        for kind, of_kind in found.items()
        for matter, row in of_kind.matters
        if kind is not Kind.LATE or row.project_id not in told
    )
    levels = {key: aside.level for key, aside in asides.items()}
    put_aside = [one for one in ranked if is_aside(one[0], levels)]
    shown = [one for one in ranked if not is_aside(one[0], levels)]
    more = {band(matter) for of_kind in found.values() if of_kind.is_more for matter, _row in of_kind.matters}

    def listed(one: Band) -> Listed:
        of_band = [pair for pair in shown if band(pair[0]) is one]
        needs = tuple(_need(matter, *told, asked.today) for matter, told in of_band[:MOST_SHOWN])
        return Listed(needs, len(of_band), one in more)

    aside = tuple(
        replace(_need(matter, *told, asked.today), aside=asides[matter.key])
        for matter, told in put_aside[:MOST_SHOWN]
    )
    return Agenda(listed(Band.NOW), listed(Band.SOON), listed(Band.OTHERS), Listed(aside, len(put_aside)))


def level_of(looking: Viewer, key: str, *, now: datetime, mine: bool) -> int | None:
    """How bad the line with a key is just now; None when the viewer's Today has no such line."""
    if looking.role is Role.TECHNICIAN:
        lines = own_visits(visits_of(looking, now=now), looking, now=now)
        return next((line.level for line in lines if line.key == key), None)
    _of, found = _asked(looking, identity.asides_of(looking.user_id, at=now), now=now, mine=mine)
    every = (matter for of_kind in found.values() for matter, _row in of_kind.matters)
    return next((matter.level for matter in every if matter.key == key), None)


def visits_of(looking: Viewer, *, now: datetime) -> Sequence[Visit]:
    """The visits that a technician's Today is about: those just over, of the day, and of two weeks."""
    return queries.visits_between(looking, now - timedelta(hours=12), now + timedelta(days=14), own=True)


def own_visits(visits: Sequence[Visit], looking: Viewer, *, now: datetime) -> list[Need]:
    """A technician's visits as rows: what, where, when on the site's clock.

    One that was put aside is shown again when it changes for who goes there, and when it is to be reported on.
    """
    asides = identity.asides_of(looking.user_id, at=now)
    rows = []
    for visit in visits:
        is_due = visit.ends_at <= now and visit.state not in OVER
        place = ", ".join(part for part in (visit.project.account.name, visit.site.address_line) if part)
        key, level = f"visit:{visit.id}", 2 * visit.sequence + is_due
        aside = asides.get(key)
        rows.append(
            Need(
                state="warn" if is_due else ("go" if visit.starts_at <= now < visit.ends_at else "idle"),
                icon=ICONS[visit.kind],
                title=called(visit),
                url=f"/visits/{visit.id}",
                why=place,
                when=span(visit.starts_local, visit.ends_local),
                note=_("%(clock)s your time", clock=clock_time(visit.starts_at, looking.zone))
                if _clock_differs(visit, looking)
                else "",
                action=_("Report") if is_due else _("Look"),
                key=key,
                level=level,
                aside=aside if aside is not None and level <= aside.level else None,
            )
        )
    return rows


def _asked(
    looking: Viewer, asides: Mapping[str, Aside], *, now: datetime, mine: bool
) -> tuple[Looking, dict[Kind, agenda.Found]]:
    """What waits for the viewer, with as many more of a kind as they put aside."""
    most = agenda.MOST + min(len(asides), agenda.MOST)
    asked = Looking(looking, clock.day_at(now, looking.zone), now, mine, most)
    return asked, agenda.all_matters(asked)


Words = Callable[[Row, date], Need]


def _need(matter: Matter, kind: Kind, row: Row, today: date) -> Need:
    return replace(_WORDS[kind](row, today), key=matter.key, level=matter.level)


_WORDS: dict[Kind, Words] = {
    Kind.BLOCKED: needs_of_plans.blocked,
    Kind.HOLD_OVER: needs_of_plans.hold_over,
    Kind.CONFLICT: needs_of_plans.conflict,
    Kind.LATE: needs_of_plans.late,
    Kind.OVERDUE: needs_of_plans.overdue,
    Kind.GATE: needs_of_plans.gate,
    Kind.LOST: needs_of_sites.lost,
    Kind.CONTRADICTED: needs_of_sites.contradicted,
    Kind.REVIEW: needs_of_sites.to_review,
    Kind.FIELD: needs_of_visits.from_field,
    Kind.DECISION: needs_of_visits.to_decide,
    Kind.DECLINED: needs_of_visits.declined,
    Kind.WISH: needs_of_visits.wish,
    Kind.OFFER: needs_of_visits.offer,
    Kind.QUESTION: needs_of_sites.question,
    Kind.UNFETCHED: needs_of_visits.unfetched,
    Kind.ANSWERS: needs_of_visits.answers,
    Kind.CAME_BACK: needs_of_sites.came_back,
    Kind.PROPOSAL: needs_of_plans.proposed,
    Kind.CALENDAR: needs_of_plans.calendar,
    Kind.TAKEN: needs_of_visits.taken,
    Kind.UNREAD: needs_of_visits.unread,
    Kind.UNASSIGNED: needs_of_visits.unassigned,
    Kind.AGAIN: needs_of_visits.again,
    Kind.UNANSWERED: needs_of_sites.unanswered,
    Kind.UNREACHED: needs_of_sites.unreached,
    Kind.OURS: needs_of_sites.ours,
    Kind.LEAVE: needs_of_people.leave,
    Kind.EXPIRING: needs_of_people.expiring,
    Kind.HELD_UNITS: needs_of_plans.held_units,
    Kind.DRAFT: needs_of_plans.to_approve,
    Kind.UNMATCHED: needs_of_plans.to_match,
}


def _clock_differs(visit: Visit, looking: Viewer) -> bool:
    at = visit.starts_at
    return (
        at.astimezone(ZoneInfo(visit.zone)).utcoffset() != at.astimezone(ZoneInfo(looking.zone)).utcoffset()
    )
