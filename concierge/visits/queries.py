"""Questions about visits: who may see which, what comes, what clashes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.selectable import Select

from concierge.accounts.models import Site
from concierge.core.hours import Hours, Place, hours_between
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import UtcInstant, db
from concierge.platform.errors import NotFound
from concierge.platform.prepared import Question
from concierge.platform.statements import any_of
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.projects.scope import visible_to
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import COMING, OVER, VisitState
from concierge.workforce import queries as workforce
from concierge.workforce.calendars import away_span
from concierge.workforce.models import Absence
from concierge.workforce.states import BusyKind, OwnCalendarState

LONGEST_VISIT = timedelta(days=400)


class ConflictKind(Enum):
    """What stands against sending somebody, or against the time."""

    OVERLAP = "overlap"
    ABSENCE = "absence"
    OWN_CALENDAR = "own calendar"
    SKILL = "skill"
    EXPIRED = "skill expired"
    SAME_DAY = "same day"
    CLOSED = "closed"
    ACCESS_HOURS = "access hours"
    OWN_TENTATIVE = "own calendar, tentative"
    OWN_UNREAD = "own calendar, unread"


NEEDS_REASON = frozenset(
    {
        ConflictKind.OVERLAP,
        ConflictKind.ABSENCE,
        ConflictKind.OWN_CALENDAR,
        ConflictKind.SKILL,
        ConflictKind.EXPIRED,
    }
)
"""Conflicts over which somebody is sent only for a reason; the others are good to know."""
UNBREAKABLE = frozenset({ConflictKind.EXPIRED})
"""Conflicts over which nobody is sent, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that stands against a booking: who it is about, and what in plain words and times.

    `words` are the other visit's title, the kind of absence, the missing skill, or why the place is closed.
    """

    kind: ConflictKind
    user_id: int | None = None
    name: str = ""
    words: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = "UTC"
    visit_id: int | None = None
    read_at: datetime | None = None
    """Of a person's own calendar that cannot be read any more: when it last was."""

    @property
    def needs_reason(self) -> bool:
        """Say whether the booking is allowed only for a reason."""
        return self.kind in NEEDS_REASON


def visit_for(viewer: Viewer, visit_id: int) -> Visit:
    """Find one visit with its project, site, milestone and people.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = seen_by(viewer, select(Visit).where(Visit.id == visit_id)).options(*_whole())
    visit = db.session.scalar(question)
    if visit is None:
        raise NotFound
    return visit


def visit_by_uid(viewer: Viewer, uid: str) -> Visit | None:
    """Find the visit that a form with this token planned, `None` when it has not been sent yet."""
    return db.session.scalar(seen_by(viewer, select(Visit).where(Visit.uid == uid))) if uid else None


def visit_for_change(visit_id: int) -> Visit:
    """Find one visit, whole and locked until the end of the unit of work, whoever asks.

    :raises NotFound: when there is none.
    """
    visit = db.session.scalar(
        select(Visit)
        .where(Visit.id == visit_id)
        .with_for_update(of=Visit)
        .options(*_whole())
        .execution_options(populate_existing=True)
    )
    if visit is None:
        raise NotFound
    return visit


def visits_of_project(viewer: Viewer, project_id: int) -> Sequence[Visit]:
    """List a project's visits, earliest first, with site, milestone and people."""
    question = seen_by(viewer, select(Visit).where(Visit.project_id == project_id))
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def next_visit_of_project(viewer: Viewer, project_id: int, *, at: datetime) -> Visit | None:
    """Find the next visit of a project that is not over yet."""
    question = seen_by(
        viewer,
        select(Visit).where(Visit.project_id == project_id, Visit.ends_at > at, Visit.state.not_in(OVER)),
    )
    return db.session.scalar(question.options(*_whole()).order_by(Visit.starts_at, Visit.id).limit(1))


def visits_shown_to_customer(project_id: int) -> Sequence[Visit]:
    """List the visits of a project that the customer knows of, earliest first, with site and people.

    Drafts are ours alone, and a visit that was called off before anybody was told of it does not stand there.
    """
    shown = [state for state in VisitState if state not in {VisitState.DRAFT, VisitState.CANCELLED}]
    question = select(Visit).where(Visit.project_id == project_id, Visit.state.in_(shown))
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def visits_between(
    viewer: Viewer, *, from_at: datetime, to_at: datetime, user_id: int | None = None, most: int = 500
) -> Sequence[Visit]:
    """List visits that touch a stretch of time and are not cancelled, earliest first.

    :param user_id: only visits on which this person goes; `None` for everybody's.
    """
    question = seen_by(
        viewer,
        select(Visit).where(
            Visit.starts_at < to_at,
            Visit.ends_at > from_at,
            Visit.starts_at > from_at - LONGEST_VISIT,
            Visit.state != VisitState.CANCELLED,
        ),
    )
    if user_id is not None:
        question = question.where(_goes(user_id))
    return db.session.scalars(
        question.options(*_whole()).order_by(Visit.starts_at, Visit.id).limit(most)
    ).all()


def coming_visits_of(user_id: int, span: Span[datetime]) -> Sequence[Visit]:
    """List the visits to come on which somebody goes and that touch a stretch of time, earliest first, whole."""
    question = select(Visit).where(
        Visit.state.in_(COMING),
        _goes(user_id),
        Visit.ends_at > span.from_at,
        Visit.starts_at < (span.to_at or span.from_at),
        Visit.starts_at > span.from_at - LONGEST_VISIT,
    )
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def visits_with_uids(uids: Collection[str]) -> frozenset[str]:
    """Say which of these identify visits, in whatever state."""
    return frozenset(db.session.scalars(select(Visit.uid).where(Visit.uid.in_(uids))))


def project_to_visit(viewer: Viewer, key: str) -> Project:
    """Find a project that a visit may be planned for, with site, account and milestones.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = visible_to(viewer, select(Project).where(Project.key == key.upper())).options(
        joinedload(Project.site), joinedload(Project.account), selectinload(Project.milestones)
    )
    project = db.session.scalar(question)
    if project is None:
        raise NotFound
    return project


def sites_of_account(account_id: int) -> Sequence[Site]:
    """List the places of a customer, by name."""
    return db.session.scalars(
        select(Site).where(Site.account_id == account_id).order_by(Site.name, Site.id)
    ).all()


def visits_of_milestones(milestone_ids: Collection[int]) -> Mapping[int, Sequence[Visit]]:
    """List the visits for milestones, by milestone, earliest first, with site and people."""
    question = (
        select(Visit)
        .where(Visit.milestone_id.in_(milestone_ids))
        .options(*_whole())
        .order_by(Visit.starts_at, Visit.id)
    )
    found: dict[int, list[Visit]] = {}
    for visit in db.session.scalars(question):
        if visit.milestone_id is not None:
            found.setdefault(visit.milestone_id, []).append(visit)
    return found


def conflicts(
    *,
    user_ids: Collection[int],
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    skill: str = "",
    except_visit_id: int | None = None,
) -> tuple[Conflict, ...]:
    """Say what stands against people going to a site at a time; the whole interval counts.

    Conflicts that need a reason come first, then what is good to know.
    """
    wanted = Span(starts_at, ends_at)
    technicians = workforce.sendable(user_ids)
    found = [
        *_busy(user_ids, wanted, site, except_visit_id),
        *_away(technicians, _absences(user_ids, wanted), wanted),
        *_own_calendars(technicians, wanted, site),
        *_unskilled(technicians, skill, clock.day_at(ends_at, site.zone)),
        *_place(site, starts_at, ends_at),
    ]
    return tuple(sorted(found, key=lambda conflict: not conflict.needs_reason))


def grave_conflicts(visits: Sequence[Visit]) -> Mapping[int, Conflict]:
    """Say what stands most against visits as they are, by visit id, where it needs a reason; as `conflicts` of each.

    The people have to be loaded, and everything that was changed to be written. Asked of all visits together.
    """
    user_ids = {user_id for visit in visits for user_id in visit.technician_ids}
    if not user_ids:
        return {}
    whole = Span(min(visit.starts_at for visit in visits), max(visit.ends_at for visit in visits))
    technicians = workforce.sendable(user_ids)
    others, absences = _others(user_ids, whole), _absences(user_ids, whole)
    taken = workforce.taken_times(user_ids, from_at=whole.from_at, to_at=whole.to_at or whole.from_at)
    found = {}
    for visit in visits:
        wanted, site = Span(visit.starts_at, visit.ends_at), visit.site
        theirs = {user_id: technicians[user_id] for user_id in visit.technician_ids if user_id in technicians}
        own = [
            one
            for one in taken
            if one.user_id in theirs and wanted.overlaps(Span(one.starts_at, one.ends_at))
        ]
        grave = (
            conflict
            for conflict in (
                *_beside(others, visit.technician_ids, wanted, site, visit.id),
                *_away(theirs, absences, wanted),
                *_taken(own, site),
                *_unskilled(theirs, visit.skill, clock.day_at(visit.ends_at, site.zone)),
            )
            if conflict.needs_reason
        )
        if (first := next(grave, None)) is not None:
            found[visit.id] = first
    return found


def unsettled(found: Collection[Conflict], *, site: Site, visit: Visit | None = None) -> tuple[Conflict, ...]:
    """Pick the conflicts that need a reason and have none yet.

    What was accepted when the visit was planned as it is stays accepted; what is new has to be said again.
    """
    grave = [conflict for conflict in found if conflict.needs_reason]
    excused = {member.user_id for member in visit.crew_members if member.conflict_reason} if visit else set()
    if visit is None or not grave or not excused:
        return tuple(grave)
    present = conflicts(
        user_ids=excused,
        site=site,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        skill=visit.skill,
        except_visit_id=visit.id,
    )
    accepted = {_identity(conflict) for conflict in present if conflict.kind not in UNBREAKABLE}
    return tuple(conflict for conflict in grave if _identity(conflict) not in accepted)


def seen_by(viewer: Viewer, question: Select[Visit]) -> Select[Visit]:
    """Narrow a question about visits to what a viewer may see: technicians the ones they go on."""
    return question if viewer.sees_all_projects else question.where(_goes(viewer.user_id))


def _identity(conflict: Conflict) -> tuple[object, ...]:
    """Tell one conflict from another, whenever the visit is."""
    about = conflict.visit_id or conflict.words
    lasting = {ConflictKind.ABSENCE, ConflictKind.OWN_CALENDAR}
    since = conflict.starts_at if conflict.kind in lasting else None
    return conflict.kind, conflict.user_id, about, since


def _goes(user_id: int) -> sa.ColumnElement[bool]:
    return Visit.id.in_(select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id))


def _whole() -> tuple[ORMOption, ...]:
    return (
        joinedload(Visit.project).joinedload(Project.account),
        joinedload(Visit.project).joinedload(Project.contact),
        joinedload(Visit.project).selectinload(Project.gates),
        joinedload(Visit.site),
        joinedload(Visit.milestone),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )


def _busy(
    user_ids: Collection[int], wanted: Span[datetime], site: Site, except_visit_id: int | None
) -> list[Conflict]:
    """Find other visits of the same people that overlap, or lie on the same day at the site."""
    there = ZoneInfo(site.zone)
    first = datetime.combine(wanted.from_at.astimezone(there), time(), there)
    ends_at = wanted.to_at or wanted.from_at
    last = datetime.combine(ends_at.astimezone(there), time(), there) + timedelta(days=1)
    others = _others(user_ids, Span(first.astimezone(UTC), last.astimezone(UTC)))
    return _beside(others, user_ids, wanted, site, except_visit_id)


_Other: TypeAlias = tuple[int, str, int, str, datetime, datetime]
"""Who else is busy where: user id, name, the visit's id, title, start and end."""
_OTHERS = Question(
    select(VisitTechnician.user_id, User.name, Visit.id, Visit.title, Visit.starts_at, Visit.ends_at)
    .join(User, User.id == VisitTechnician.user_id)
    .join(Visit, Visit.id == VisitTechnician.visit_id)
    .where(
        any_of(VisitTechnician.user_id, "user_ids"),
        Visit.state.not_in(OVER),
        Visit.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        Visit.ends_at > sa.bindparam("from_at", type_=UtcInstant),
        Visit.starts_at > sa.bindparam("longest", type_=UtcInstant),
    )
    .order_by(Visit.starts_at, Visit.id, User.name)
)


def _others(user_ids: Collection[int], whole: Span[datetime]) -> Sequence[_Other]:
    """List the visits of people that touch a stretch of time and are not over, earliest first."""
    asked = {
        "user_ids": sorted(user_ids),
        "from_at": whole.from_at,
        "to_at": whole.to_at,
        "longest": whole.from_at - LONGEST_VISIT,
    }
    return _OTHERS.all(**asked)


def _beside(
    others: Iterable[_Other],
    user_ids: Collection[int],
    wanted: Span[datetime],
    site: Site,
    except_visit_id: int | None,
) -> list[Conflict]:
    """Say which of others' visits stand against some people's time."""
    return [
        Conflict(
            ConflictKind.OVERLAP if wanted.overlaps(Span(starts_at, ends_at)) else ConflictKind.SAME_DAY,
            user_id=user_id,
            name=name,
            words=title,
            starts_at=starts_at,
            ends_at=ends_at,
            zone=site.zone,
            visit_id=visit_id,
        )
        for user_id, name, visit_id, title, starts_at, ends_at in others
        if user_id in user_ids and visit_id != except_visit_id
    ]


def _absences(user_ids: Collection[int], whole: Span[datetime]) -> Mapping[int, Sequence[Absence]]:
    """List the absences of people that may touch a stretch of time, in whatever zone they live."""
    ends_at = whole.to_at or whole.from_at
    return workforce.absences(
        user_ids,
        first_on=(whole.from_at - timedelta(days=1)).date(),
        last_on=(ends_at + timedelta(days=1)).date(),
    )


def _away(
    technicians: Mapping[int, workforce.Sendable],
    absences: Mapping[int, Sequence[Absence]],
    wanted: Span[datetime],
) -> list[Conflict]:
    """Find absences, by the clock where the technician lives."""
    found = []
    for user_id, periods in absences.items():
        technician = technicians.get(user_id)
        if technician is None:
            continue
        for absence in periods:
            away = away_span(absence, technician.zone)
            if wanted.overlaps(away):
                found.append(
                    Conflict(
                        ConflictKind.ABSENCE,
                        user_id=user_id,
                        name=technician.name,
                        words=absence.kind.value,
                        starts_at=away.from_at,
                        ends_at=away.to_at,
                        zone=technician.zone,
                    )
                )
    return found


def _taken(times: Iterable[workforce.Taken], site: Site) -> list[Conflict]:
    """Find what people's own calendars say."""
    return [
        Conflict(
            ConflictKind.OWN_CALENDAR if time.kind is BusyKind.BUSY else ConflictKind.OWN_TENTATIVE,
            user_id=time.user_id,
            name=time.name,
            starts_at=time.starts_at,
            ends_at=time.ends_at,
            zone=site.zone,
            read_at=time.stale_since,
        )
        for time in times
    ]


def _own_calendars(
    technicians: Mapping[int, workforce.Sendable], wanted: Span[datetime], site: Site
) -> list[Conflict]:
    """Find what people's own calendars say; one that cannot be read is named, since it frees nobody."""
    to_at = wanted.to_at or wanted.from_at
    found = _taken(workforce.taken_times(technicians.keys(), from_at=wanted.from_at, to_at=to_at), site)
    said = {conflict.user_id for conflict in found if conflict.read_at is not None}
    for shown in workforce.own_calendars_shown(technicians.keys()):
        if shown.state is not OwnCalendarState.FRESH and shown.user_id not in said:
            said.add(shown.user_id)
            found.append(
                Conflict(
                    ConflictKind.OWN_UNREAD,
                    user_id=shown.user_id,
                    name=shown.name,
                    zone=site.zone,
                    read_at=shown.fetched_at,
                )
            )
    return found


def _unskilled(technicians: Mapping[int, workforce.Sendable], skill: str, on: date) -> list[Conflict]:
    return [
        Conflict(
            ConflictKind.EXPIRED if technician.expired_on(skill, on=on) else ConflictKind.SKILL,
            user_id=user_id,
            name=technician.name,
            words=skill,
        )
        for user_id, technician in technicians.items()
        if not technician.holds(skill, on=on)
    ]


def _place(site: Site, starts_at: datetime, ends_at: datetime) -> list[Conflict]:
    """Say when the place is closed, or lets nobody in."""
    there = ZoneInfo(site.zone)
    starts, ends = starts_at.astimezone(there), ends_at.astimezone(there)
    place = calendars.site_place(site)
    found = []
    if place.days is not None and (reasons := place.days.reasons(starts.date())):
        words = "; ".join(reasons)
        found.append(Conflict(ConflictKind.CLOSED, words=words, starts_at=starts_at, zone=site.zone))
    opening, closing = (_hours(place, site, moment.date()) for moment in (starts, ends))
    comes = any(hours.from_minute <= _minute(starts) < hours.to_minute for hours in opening)
    goes = any(hours.from_minute < _minute(ends) <= hours.to_minute for hours in closing)
    if not (comes and goes):
        words = ", ".join(str(hours) for hours in (closing if comes else opening))
        found.append(Conflict(ConflictKind.ACCESS_HOURS, words=words, zone=site.zone))
    return found


def _hours(place: Place, site: Site, day: date) -> tuple[Hours, ...]:
    """When somebody is let in on a day; on a closed one when they would be, were it open."""
    usual = (hours_between(site.access_from, site.access_to),)
    return place.hours_on(day) or place.week.get(day.weekday(), usual)


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute
