"""Who can go to a site, and when: what the core asks for, read with few questions for one person or for all.

Candidates and free times are ranked for somebody who chooses; `judged` says of presences that are, or would be,
which rules stand against them. Both ask `core/dispatch.py`, and nothing else decides what is feasible.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm as sa_orm
from sqlalchemy import select

from concierge.accounts.models import Contact, ContactAway, Site
from concierge.catalogue.states import MilestoneKind, VisitKind
from concierge.core import dispatch
from concierge.core.dispatch import (
    LASTING,
    WEIGHTS,
    Attendee,
    Candidate,
    Certificate,
    Objection,
    Person,
    Rule,
    Slot,
    Taken,
    Weight,
    Work,
)
from concierge.core.hours import Place
from concierge.core.schedule import LinkKind
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.platform.database import UtcInstant
from concierge.platform.prepared import Question
from concierge.platform.statements import any_of
from concierge.platform.words import localized
from concierge.projects import calendars
from concierge.projects.actions.gates import GATED
from concierge.projects.models import Gate, Milestone, MilestoneLink
from concierge.projects.states import GateState, MilestoneState
from concierge.visits.models import BrokenRule, Claim, Visit, VisitAttendee, VisitTechnician
from concierge.visits.states import OVER
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce
from concierge.workforce.models import Absence, Capacity
from concierge.workforce.states import BusyKind, OwnCalendarState

REACH = timedelta(days=3)
"""How far around a stay other things matter: the longest way, and a night at home."""
LONGEST_VISIT = timedelta(days=400)
MANY = 20
"""From so many people on visits are read by their time, and not by who goes."""
_Before = sa_orm.aliased(Milestone)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A presence that is, or would be: where, when, who goes, and what it asks for."""

    site: Site
    stay: Span[datetime]
    user_ids: tuple[int, ...] = ()
    kind: VisitKind | None = None
    skill: str = ""
    level: int = 1
    crew: int = 1
    project_id: int | None = None
    milestone_id: int | None = None
    contact_ids: tuple[int, ...] | None = ()
    """Who of the customer has to be there; `None`: who is written down at the visit."""
    visit_id: int | None = None
    """The visit that it is; it is not in its own way."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One rule that stands against a presence: whom of ours it is about, from when to when, and by whose clock.

    `words` are what the rule is about: the other visit's title, the kind of absence, hours, why the place is closed.
    """

    rule: Rule
    starts_at: datetime
    ends_at: datetime
    zone: str
    user_id: int | None = None
    """`None`: it is about the time, whoever goes."""
    name: str = ""
    words: str = ""
    minutes: int = 0
    """Of a way that does not fit: how long it takes."""
    visit_id: int | None = None
    """The other visit that is in the way."""
    read_at: datetime | None = None
    """Of a person's own calendar that cannot be read any more: when it last was."""

    @property
    def weight(self) -> Weight:
        """What it asks for."""
        return WEIGHTS[self.rule]

    @property
    def needs_reason(self) -> bool:
        """Say whether the booking is allowed only for a reason, or never."""
        return self.weight is not Weight.KNOW

    @property
    def is_breakable(self) -> bool:
        """Say whether a reason helps."""
        return self.weight is not Weight.NEVER

    @property
    def about(self) -> str:
        """What tells it from others of the same visit, wherever the visit moves."""
        if self.visit_id is not None:
            told = f"visit {self.visit_id}"
        elif self.rule in LASTING or self.rule is Rule.TRAVEL:
            told = f"{self.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M}"
        else:
            told = self.words[:60]
        return f"{self.rule.value}/{self.user_id or 0}/{told}"


def wanted_of(
    visit: Visit,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    user_ids: Collection[int] | None = None,
) -> Wanted:
    """A visit as it is, or as it would be at another time or with other people; site and people are loaded."""
    return Wanted(
        site=visit.site,
        stay=Span(starts_at or visit.starts_at, ends_at or visit.ends_at),
        user_ids=visit.technician_ids if user_ids is None else tuple(sorted(user_ids)),
        kind=visit.kind,
        skill=visit.skill,
        level=visit.level,
        crew=visit.crew,
        project_id=visit.project_id,
        milestone_id=visit.milestone_id,
        contact_ids=None,
        visit_id=visit.id,
    )


def conflicts(wanted: Wanted) -> tuple[Conflict, ...]:
    """Say everything that stands against a presence, and what is good to know; what needs a reason comes first.

    :raises ValueError: when the stay never ends.
    """
    (found,) = judged((wanted,), with_notes=True)
    return tuple(sorted(found, key=lambda one: not one.needs_reason))


def grave_conflicts(visits: Sequence[Visit]) -> Mapping[int, tuple[Conflict, ...]]:
    """Say which rules visits break as they are, by visit id; those that break none are left out.

    Site and people have to be loaded, and everything that was changed to be written. Asked of all together.
    """
    found = judged([wanted_of(visit) for visit in visits])
    return {visit.id: against for visit, against in zip(visits, found, strict=True) if against}


def unsettled(found: Collection[Conflict], *, visit_id: int | None = None) -> tuple[Conflict, ...]:
    """Pick the conflicts that need a reason and have none yet.

    What was accepted at the visit as it is stays accepted; what is new has to be said again.
    """
    grave = [conflict for conflict in found if conflict.needs_reason]
    if visit_id is None or not grave:
        return tuple(grave)
    accepted = {row[0] for row in _ACCEPTED.all(visit_id=visit_id)}
    return tuple(one for one in grave if not one.is_breakable or one.about not in accepted)


def judged(wanted: Sequence[Wanted], *, with_notes: bool = False) -> tuple[tuple[Conflict, ...], ...]:
    """Say of several presences which rules stand against each, with few questions however many they are.

    Rules that need a reason, or that no reason helps against; what is only good to know as well `with_notes`.

    :raises ValueError: when a stay never ends.
    """
    if not wanted:
        return ()
    known = workforce.sendable({user_id for one in wanted for user_id in one.user_ids})
    together = {one.visit_id for one in wanted if one.visit_id is not None}
    people_by_id = (
        _persons(known, _around(wanted), unclaimed=together, with_notes=with_notes) if known else {}
    )
    places = calendars.site_places(one.site for one in wanted)
    attending = _attending(wanted)
    waiting = _waiting({one.milestone_id for one in wanted if one.milestone_id is not None})
    held = _held(wanted) if with_notes else {}
    unread = _unread(known) if with_notes else {}
    found = []
    for number, one in enumerate(wanted):
        place = places[one.site.id]
        not_before, waits_for = waiting.get(one.milestone_id or 0, (None, ""))
        work = Work(
            place,
            one.site.spot,
            one.skill,
            one.level,
            max(1, one.crew),
            attendees=attending.get(number, ()),
            not_before=_midnight(not_before, place.zone) if not_before else None,
            waits_for=waits_for,
            held_by=held.get(number, ""),
            is_remote=one.kind is VisitKind.REMOTE_CALL,
        )
        crew = [_near(people_by_id[user_id], one) for user_id in one.user_ids if user_id in people_by_id]
        against = list(dispatch.against_crew(one.stay, work, crew))
        if with_notes:
            against += [
                (person, note) for person in crew for note in dispatch.good_to_know(one.stay, work, person)
            ]
        told = [_conflict(person, objection, one.site.zone, known) for person, objection in against]
        if with_notes:
            said = {each.user_id for each in told if each.read_at is not None}
            told += [
                Conflict(
                    Rule.OWN_UNREAD,
                    one.stay.from_at,
                    one.stay.to_at or one.stay.from_at,
                    one.site.zone,
                    user_id,
                    unread[user_id].name,
                    read_at=unread[user_id].fetched_at,
                )
                for user_id in one.user_ids
                if user_id in unread and user_id not in said
            ]
        found.append(_joined(each for each in told if with_notes or each.needs_reason))
    return tuple(found)


def leaders(visits: Iterable[Visit]) -> Mapping[int, int]:
    """Say who leads on each visit: the user id of who holds its certification at the highest level, by visit id."""
    listed = [visit for visit in visits if visit.crew_members]
    known = workforce.sendable({user_id for visit in listed for user_id in visit.technician_ids})
    people_of = {
        visit.id: [_skilled(known[user_id]) for user_id in visit.technician_ids if user_id in known]
        for visit in listed
    }
    return {
        visit.id: int(dispatch.leader(people_of[visit.id], visit.skill))
        for visit in listed
        if people_of[visit.id]
    }


def work_at(
    site: Site,
    *,
    skill: str = "",
    level: int = 1,
    crew: int = 1,
    attendees: tuple[Attendee, ...] = (),
    not_before: datetime | None = None,
    waits_for: str = "",
    is_remote: bool = False,
) -> Work:
    """What work at a site asks for."""
    return Work(
        calendars.site_place(site),
        site.spot,
        skill,
        level,
        max(1, crew),
        attendees=attendees,
        not_before=not_before,
        waits_for=waits_for,
        is_remote=is_remote,
    )


def waiting(milestone_ids: Collection[int]) -> Mapping[int, tuple[date, str]]:
    """Say from which day on work for milestones can begin, and which other one it waits for, by milestone id."""
    return _waiting(milestone_ids)


def concerned_by_plan(project_id: int) -> Sequence[int]:
    """List a project's coming visits that begin before what they wait for, or of which that was found; by id."""
    return [row[0] for row in _CONCERNED.all(project_id=project_id)]


def attendees(contact_ids: Collection[int], within: Span[datetime]) -> tuple[Attendee, ...]:
    """Tell of people of a customer when they cannot be there, as far as it touches a stretch of time.

    :raises ValueError: when the stretch never ends.
    """
    if within.to_at is None:
        raise ValueError("Who can be there is asked of a time that ends.")
    rows = _AWAY.all(ids=sorted(contact_ids), visit_ids=[], from_at=within.from_at, to_at=within.to_at)
    return _as_attendees((contact_id, name, starts, ends) for _of, contact_id, name, starts, ends in rows)


def attendees_of(visit_ids: Collection[int], within: Span[datetime]) -> Mapping[int, tuple[Attendee, ...]]:
    """Tell who of the customer has to be at visits, and when they cannot within a stretch of time, by visit id.

    :raises ValueError: when the stretch never ends.
    """
    if within.to_at is None:
        raise ValueError("Who can be there is asked of a time that ends.")
    found: dict[int, list[tuple[int, str, datetime | None, datetime | None]]] = {}
    if visit_ids:
        rows = _AWAY.all(ids=[], visit_ids=sorted(visit_ids), from_at=within.from_at, to_at=within.to_at)
        for visit_id, *about in rows:
            found.setdefault(visit_id, []).append((about[0], about[1], about[2], about[3]))
    return {visit_id: _as_attendees(each) for visit_id, each in found.items()}


def candidates(
    site: Site,
    stay: Span[datetime],
    *,
    skill: str = "",
    level: int = 1,
    is_remote: bool = False,
    user_ids: Collection[int] | None = None,
    except_visit_id: int | None = None,
) -> tuple[Candidate, ...]:
    """Rank technicians for a stay at a site, the best first.

    :param user_ids: only these people; `None`: everybody who can be sent.
    :raises ValueError: when the stay never ends.
    """
    found = people(stay, user_ids=user_ids, except_visit_id=except_visit_id)
    return dispatch.candidates(stay, work_at(site, skill=skill, level=level, is_remote=is_remote), found)


def slots(
    site: Site,
    *,
    minutes: int,
    within: Span[datetime],
    skill: str = "",
    level: int = 1,
    crew: int = 1,
    contact_ids: Collection[int] = (),
    milestone_id: int | None = None,
    is_remote: bool = False,
    user_ids: Collection[int] | None = None,
    most: int = 3,
    per_day: int = 2,
    except_visit_id: int | None = None,
) -> tuple[Slot, ...]:
    """Find the first times at which enough people can do so many minutes of work at a site.

    :param contact_ids: people of the customer who have to be there.
    :param milestone_id: what the work is for: it begins when that can.
    :param user_ids: only these people; `None`: everybody who holds the certification.
    :raises ValueError: when the work takes no time, or `within` never ends.
    """
    able = workforce.holders(skill, on=within.from_at.astimezone(ZoneInfo(site.zone)).date())
    if user_ids is not None:
        able = {user_id: able[user_id] for user_id in able if user_id in set(user_ids)}
    found = _people(able, within, except_visit_id, is_search=True)
    there = attendees(contact_ids, within) if contact_ids else ()
    not_before, _waits_for = _waiting([milestone_id] if milestone_id else []).get(
        milestone_id or 0, (None, "")
    )
    work = work_at(
        site,
        skill=skill,
        level=level,
        crew=crew,
        attendees=there,
        not_before=_midnight(not_before, ZoneInfo(site.zone)) if not_before else None,
        is_remote=is_remote,
    )
    return dispatch.slots(work, found, minutes=minutes, within=within, most=most, per_day=per_day)


def worked_minutes(site: Site, stay: Span[datetime], *, user_ids: Collection[int] = ()) -> int:
    """Count the minutes of a stay at which people are at the site, at least one.

    :param user_ids: who goes; over several days what they and the site have in common counts.
    :raises ValueError: when the stay never ends.
    """
    work = work_at(site)
    if not user_ids or stay.to_at is None or not dispatch.days_there(stay, work):
        return max(1, dispatch.minutes_there(stay, work))
    first_on, last_on = stay.from_at.date(), stay.to_at.date()
    hours = workforce.technician_places(user_ids, first_on=first_on, last_on=last_on)
    return max(1, dispatch.minutes_there(stay, work, hours.values()))


def people(
    stay: Span[datetime],
    *,
    user_ids: Collection[int] | None = None,
    except_visit_id: int | None = None,
    is_search: bool = False,
) -> tuple[Person, ...]:
    """Tell of technicians what decides whether they can go, as far as it touches a stretch of time.

    Their week is that of the start, by their own clock: what is booked in it and what their hours allow.

    :param user_ids: only these; `None`: everybody who can be sent.
    :param is_search: whether nobody chose them: who is meant for no visits for some time (0 %) has none then.
    :raises ValueError: when the stretch never ends.
    """
    return _people(workforce.sendable(user_ids), stay, except_visit_id, is_search=is_search)


def _people(
    known: Mapping[int, workforce.Sendable],
    stay: Span[datetime],
    except_visit_id: int | None,
    *,
    is_search: bool,
) -> tuple[Person, ...]:
    """As `people`, of whom is known already who they are and what they hold."""
    if stay.to_at is None:
        raise ValueError("Who can go is asked of a time that ends.")
    if not known:
        return ()
    monday = stay.from_at.date() - timedelta(days=stay.from_at.date().weekday())
    around = Span(
        min(stay.from_at - REACH, _midnight(monday, UTC) - timedelta(days=1)),
        max(stay.to_at + REACH, _midnight(monday, UTC) + timedelta(days=9)),
    )
    first_on, last_on = around.from_at.date(), (around.to_at or stay.to_at).date()
    away = _away(known, around)
    hours = workforce.technician_places(known, first_on=first_on, last_on=last_on, away=away)
    percents = workforce.capacities(known, first_on=first_on, last_on=last_on)
    taken = _taken(known, around, away, except_visit_id)
    if is_search:
        free = {user_id: _kept_free(each, known[user_id].zone, last_on) for user_id, each in percents.items()}
        taken = {
            **taken,
            **{
                user_id: tuple(sorted((*taken[user_id], *each), key=_begins))
                for user_id, each in free.items()
                if each
            },
        }
    weeks = {zone: _week_of(stay.from_at, zone) for zone in {one.zone for one in known.values()}}
    minutes = _WeekMinutes()
    return tuple(
        Person(
            key=str(user_id),
            name=one.name,
            hours=hours[user_id],
            home=one.spot,
            taken=taken[user_id],
            skills={code: Certificate(held.level, held.expires_on) for code, held in one.skills.items()},
            languages=frozenset(one.languages),
            booked_minutes=_booked(hours[user_id], taken[user_id], weeks[one.zone].span),
            capacity_minutes=minutes.of(hours[user_id], weeks[one.zone])
            * working.percent_on(percents.get(user_id, ()), weeks[one.zone].today)
            // 100,
        )
        for user_id, one in known.items()
    )


def _kept_free(capacities: Iterable[Capacity], zone: str, last_on: date) -> list[Taken]:
    """When somebody is meant for no visits at all, up to a day."""
    there, day = ZoneInfo(zone), timedelta(days=1)
    return [
        Taken(
            Span(_midnight(one.first_on, there), _midnight((one.last_on or last_on) + day, there)), Rule.LEAVE
        )
        for one in capacities
        if one.percent == 0
    ]


def _persons(
    known: Mapping[int, workforce.Sendable],
    around: Span[datetime],
    *,
    unclaimed: Collection[int],
    with_notes: bool,
) -> Mapping[int, Person]:
    """What decides whether people can go; how full their weeks are is left out."""
    last_on = (around.to_at or around.from_at).date()
    away = _away(known, around)
    hours = workforce.technician_places(known, first_on=around.from_at.date(), last_on=last_on, away=away)
    taken = _taken(known, around, away, None, unclaimed=unclaimed, with_tentative=with_notes)
    return {
        user_id: replace(
            _skilled(one),
            hours=hours[user_id],
            taken=taken[user_id],
        )
        for user_id, one in known.items()
    }


def _skilled(one: workforce.Sendable) -> Person:
    return Person(
        key=str(one.user_id),
        name=one.name,
        hours=Place(one.name, ZoneInfo(one.zone), {}),
        home=one.spot,
        skills={code: Certificate(held.level, held.expires_on) for code, held in one.skills.items()},
    )


def _around(wanted: Iterable[Wanted]) -> Span[datetime]:
    ends = []
    for one in wanted:
        if one.stay.to_at is None:
            raise ValueError("Who can go is asked of a time that ends.")
        ends.append(one.stay.to_at)
    return Span(min(one.stay.from_at for one in wanted) - REACH, max(ends) + REACH)


def _near(person: Person, wanted: Wanted) -> Person:
    """Somebody with what they have around one presence, which is not in its own way."""
    own = None if wanted.visit_id is None else str(wanted.visit_id)
    around = _around((wanted,))
    upto = bisect_left(person.taken, around.to_at or around.from_at, key=lambda each: each.span.from_at)
    near = tuple(
        each
        for each in person.taken[:upto]
        if (each.span.to_at or around.from_at) > around.from_at
        and not (each.rule is Rule.VISIT and each.key == own)
    )
    return replace(person, taken=near)


def _conflict(
    person: Person | None, one: Objection, zone: str, known: Mapping[int, workforce.Sendable]
) -> Conflict:
    user_id = int(person.key) if person else None
    is_own = one.rule in {Rule.OWN_CALENDAR, Rule.OWN_TENTATIVE}
    return Conflict(
        rule=one.rule,
        starts_at=one.span.from_at,
        ends_at=one.span.to_at or one.span.from_at,
        zone=known[user_id].zone if user_id is not None and one.rule is Rule.LEAVE else zone,
        user_id=user_id,
        name=person.name if person else "",
        words=one.words,
        minutes=one.minutes,
        visit_id=int(one.key) if one.key.isdigit() else None,
        read_at=datetime.fromisoformat(one.key) if is_own and one.key else None,
    )


def _joined(found: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """One conflict where a rule is broken on several days in the same words."""
    joined: dict[tuple[object, ...], Conflict] = {}
    for one in found:
        key = (
            one.rule,
            one.user_id,
            one.visit_id,
            one.words,
            one.rule is Rule.OWN_CALENDAR and one.starts_at,
        )
        first = joined.get(key)
        joined[key] = one if first is None else replace(first, ends_at=max(first.ends_at, one.ends_at))
    return tuple(joined.values())


def _attending(wanted: Sequence[Wanted]) -> Mapping[int, tuple[Attendee, ...]]:
    """Who of the customer has to be at each presence, by its number, and when they cannot."""
    visit_ids = sorted(
        {one.visit_id for one in wanted if one.contact_ids is None and one.visit_id is not None}
    )
    contact_ids = sorted({contact_id for one in wanted for contact_id in one.contact_ids or ()})
    if not visit_ids and not contact_ids:
        return {}
    whole = _around(wanted)
    rows = _AWAY.all(ids=contact_ids, visit_ids=visit_ids, from_at=whole.from_at, to_at=whole.to_at)
    found: dict[int, tuple[Attendee, ...]] = {}
    for number, one in enumerate(wanted):
        found[number] = _as_attendees(
            (contact_id, name, starts, ends)
            for of, contact_id, name, starts, ends in rows
            if (
                of == one.visit_id
                if one.contact_ids is None
                else of is None and contact_id in one.contact_ids
            )
        )
    return found


def _as_attendees(rows: Iterable[tuple[int, str, datetime | None, datetime | None]]) -> tuple[Attendee, ...]:
    found: dict[int, tuple[str, list[Span[datetime]]]] = {}
    for contact_id, name, starts, ends in rows:
        _name, away = found.setdefault(contact_id, (name, []))
        if starts is not None:
            away.append(Span(starts, ends))
    return tuple(Attendee(name, tuple(away)) for name, away in found.values())


def _waiting(milestone_ids: Collection[int]) -> Mapping[int, tuple[date, str]]:
    """The last day on which milestones that have not begun wait for another, and for which, by the plan."""
    found: dict[int, tuple[date, str]] = {}
    if milestone_ids:
        for milestone_id, name, finish_on in _PREDECESSORS.all(ids=sorted(milestone_ids)):
            if milestone_id not in found or found[milestone_id][0] < finish_on:
                found[milestone_id] = (finish_on, localized(name))
    return found


_GATED = {VisitKind.DELIVERY: MilestoneKind.DELIVERED, VisitKind.INSTALL: MilestoneKind.INSTALLED}
"""What a visit brings about that a gate may hold."""


def _held(wanted: Sequence[Wanted]) -> Mapping[int, str]:
    """Which gate holds each presence, by its number."""
    asked = {one.project_id for one in wanted if one.kind in _GATED and one.project_id is not None}
    gates = set(_GATES.all(ids=sorted(asked))) if asked else set()
    found = {}
    for number, one in enumerate(wanted):
        kind = _GATED.get(one.kind) if one.kind else None
        holding = (
            [gate.value for gate in GATED.get(kind, ()) if (one.project_id, gate) in gates] if kind else []
        )
        if holding:
            found[number] = holding[0]
    return found


def _unread(known: Mapping[int, workforce.Sendable]) -> Mapping[int, workforce.OwnCalendarShown]:
    """Whose own calendar cannot be read: it frees nobody, and nobody knows of what came since."""
    found: dict[int, workforce.OwnCalendarShown] = {}
    for shown in workforce.own_calendars_shown(known.keys()) if known else ():
        if shown.state is not OwnCalendarState.FRESH and shown.user_id not in found:
            found[shown.user_id] = shown
    return found


def _away(known: Collection[int], around: Span[datetime]) -> Mapping[int, tuple[Absence, ...]]:
    """Absences of people as far as they touch a stretch of time in any zone."""
    assert around.to_at is not None  # noqa: S101 # what `people` and `_around` have made
    day = timedelta(days=1)
    first_on, last_on = around.from_at.date() - day, around.to_at.date() + day
    return workforce.absences(known, first_on=first_on, last_on=last_on)


def _taken(
    known: Mapping[int, workforce.Sendable],
    around: Span[datetime],
    away: Mapping[int, Sequence[Absence]],
    except_visit_id: int | None,
    *,
    unclaimed: Collection[int] = (),
    with_tentative: bool = False,
) -> Mapping[int, tuple[Taken, ...]]:
    """What else people have, in order of time: visits that are not over, leave, and what is sure in own calendars.

    :param unclaimed: visits that are judged together and claim their people anew after it.
    """
    assert around.to_at is not None  # noqa: S101 # what `people` has made
    found: dict[int, list[Taken]] = {user_id: [] for user_id in known}
    asked = {
        "user_ids": sorted(known),
        "from_at": around.from_at,
        "to_at": around.to_at,
        "longest": around.from_at - LONGEST_VISIT,
    }
    rows = [
        row
        for row in (_VISITS if len(known) < MANY else _MANY_VISITS).all(**asked)
        if row[1] not in unclaimed
    ]
    if len(unclaimed) > 1:  # what one of them claims is of before: all of it counts
        rows += _STAYS.all(visit_ids=sorted(unclaimed), user_ids=sorted(known))
    spots: dict[int, Spot] = {}
    for user_id, visit_id, title, starts_at, ends_at, kind, *where in rows:
        if visit_id != except_visit_id:
            spot = None
            if kind is not VisitKind.REMOTE_CALL:
                country, city, latitude, longitude, site_id = where
                if (spot := spots.get(site_id)) is None:
                    spot = spots[site_id] = Spot(country, city, latitude, longitude, f"site {site_id}")
            found[user_id].append(Taken(Span(starts_at, ends_at), Rule.VISIT, title, spot, str(visit_id)))
    for user_id, absences in away.items():
        for absence in absences:
            span = working.away_span(absence, known[user_id].zone)
            found[user_id].append(Taken(span, Rule.LEAVE, absence.kind.value))
    for time_ in workforce.taken_times(known, from_at=around.from_at, to_at=around.to_at):
        rule = Rule.OWN_CALENDAR if time_.kind is BusyKind.BUSY else Rule.OWN_TENTATIVE
        if rule is Rule.OWN_CALENDAR or with_tentative:
            key = time_.stale_since.isoformat() if time_.stale_since else ""
            span = Span(time_.starts_at, time_.ends_at)
            found[time_.user_id].append(Taken(span, rule, time_.held_for, key=key))
    return {user_id: tuple(sorted(each, key=_begins)) for user_id, each in found.items()}


def _begins(taken: Taken) -> datetime:
    return taken.span.from_at


def _booked(hours: Place, taken: Iterable[Taken], week: Span[datetime]) -> int:
    inside = (
        one.span.intersection(week) for one in taken if one.rule is Rule.VISIT and one.span.overlaps(week)
    )
    return sum(working.worked_minutes(hours, span) for span in inside if span is not None)


@dataclass(frozen=True, slots=True)
class _Week:
    """The week from Monday to Sunday in which an instant lies, by the clock of a zone."""

    span: Span[datetime]
    days: tuple[date, ...]
    today: date


class _WeekMinutes:
    """How many minutes people's hours have in a week; those of a common week are counted once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], int] = {}

    def of(self, hours: Place, week: _Week) -> int:
        """All of a person's hours in the week."""
        if hours.exceptions or any(day in hours.shut for day in week.days):
            return sum(one.to_minute - one.from_minute for day in week.days for one in hours.hours_on(day))
        days = [hours.week.get(number, ()) for number in range(7)]
        key = (week.days[0], id(hours.days), *days)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = sum(
                one.to_minute - one.from_minute for day in week.days for one in hours.planned_on(day)
            )
        return found


def _week_of(at: datetime, zone: str) -> _Week:
    there = ZoneInfo(zone)
    today = at.astimezone(there).date()
    monday = today - timedelta(days=today.weekday())
    days = tuple(monday + timedelta(days=number) for number in range(7))
    return _Week(Span(_midnight(monday, there), _midnight(monday + timedelta(days=7), there)), days, today)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


# Statements that are put together once: that costs several times what asking them does.
_their_visits = (
    select(
        VisitTechnician.user_id,
        Visit.id,
        Visit.title,
        sa.func.coalesce(Claim.from_at, Visit.starts_at, type_=UtcInstant()),
        sa.func.coalesce(Claim.to_at, Visit.ends_at, type_=UtcInstant()),
        Visit.kind,
        Site.country,
        Site.city,
        Site.latitude,
        Site.longitude,
        Site.id,
    )
    .join(Visit, Visit.id == VisitTechnician.visit_id)
    .join(Site, Site.id == Visit.site_id)
    .outerjoin(Claim, Claim.member_id == VisitTechnician.id)
    .where(
        Visit.state.not_in(OVER),
        Visit.starts_at < sa.bindparam("to_at", type_=UtcInstant),
        Visit.ends_at > sa.bindparam("from_at", type_=UtcInstant),
        Visit.starts_at > sa.bindparam("longest", type_=UtcInstant),
    )
    .order_by(Visit.starts_at, Visit.id, Claim.from_at)
)
_VISITS = Question(_their_visits.where(any_of(VisitTechnician.user_id, "user_ids")))
_MANY_VISITS = Question(_their_visits.where(any_of(VisitTechnician.user_id + 0, "user_ids")))
"""As `_VISITS`. SQLite would look up each visit of the time for each person; the sum is in no index."""
_STAYS = Question(
    select(
        VisitTechnician.user_id,
        Visit.id,
        Visit.title,
        Visit.starts_at,
        Visit.ends_at,
        Visit.kind,
        Site.country,
        Site.city,
        Site.latitude,
        Site.longitude,
        Site.id,
    )
    .join(Visit, Visit.id == VisitTechnician.visit_id)
    .join(Site, Site.id == Visit.site_id)
    .where(
        any_of(VisitTechnician.user_id, "user_ids"), any_of(Visit.id, "visit_ids"), Visit.state.not_in(OVER)
    )
)
_ACCEPTED = Question(
    select(BrokenRule.about).where(
        BrokenRule.visit_id == sa.bindparam("visit_id", type_=sa.Integer),
        BrokenRule.reason != "",
        BrokenRule.gone_at.is_(None),
    )
)
_is_during = sa.and_(
    ContactAway.contact_id == Contact.id,
    ContactAway.starts_at < sa.bindparam("to_at", type_=UtcInstant),
    ContactAway.ends_at > sa.bindparam("from_at", type_=UtcInstant),
)
_AWAY = Question(
    sa.union_all(
        select(
            VisitAttendee.visit_id.label("visit_id"),
            Contact.id.label("contact_id"),
            Contact.name.label("name"),
            ContactAway.starts_at.label("starts_at"),
            ContactAway.ends_at.label("ends_at"),
        )
        .join(Contact, Contact.id == VisitAttendee.contact_id)
        .outerjoin(ContactAway, _is_during)
        .where(any_of(VisitAttendee.visit_id, "visit_ids")),
        select(
            sa.cast(sa.null(), sa.Integer),
            Contact.id,
            Contact.name,
            ContactAway.starts_at,
            ContactAway.ends_at,
        )
        .outerjoin(ContactAway, _is_during)
        .where(any_of(Contact.id, "ids")),
    )
)
_PREDECESSORS = Question(
    select(MilestoneLink.milestone_id, _Before.name, _Before.forecast_on)
    .join(_Before, _Before.id == MilestoneLink.predecessor_id)
    .join(Milestone, Milestone.id == MilestoneLink.milestone_id)
    .where(
        any_of(MilestoneLink.milestone_id, "ids"),
        MilestoneLink.kind == LinkKind.FINISH_TO_START,
        MilestoneLink.lag >= 0,
        Milestone.state == MilestoneState.PLANNED,
        _Before.state.not_in([MilestoneState.DONE, MilestoneState.SKIPPED]),
        _Before.forecast_on.is_not(None),
    )
    .order_by(MilestoneLink.milestone_id, _Before.id)
)
_CONCERNED = Question(
    select(Visit.id)
    .where(
        Visit.project_id == sa.bindparam("project_id", type_=sa.Integer),
        Visit.state.not_in(OVER),
        sa.or_(
            sa.exists().where(
                BrokenRule.visit_id == Visit.id,
                BrokenRule.rule == Rule.PREREQUISITE,
                BrokenRule.gone_at.is_(None),
            ),
            sa.exists().where(
                MilestoneLink.milestone_id == Visit.milestone_id,
                MilestoneLink.kind == LinkKind.FINISH_TO_START,
                MilestoneLink.lag >= 0,
                _Before.id == MilestoneLink.predecessor_id,
                _Before.state.not_in([MilestoneState.DONE, MilestoneState.SKIPPED]),
                Visit.starts_local < _Before.forecast_on,
            ),
        ),
    )
    .order_by(Visit.id)
)
_GATES = Question(
    select(Gate.project_id, Gate.kind).where(any_of(Gate.project_id, "ids"), Gate.state == GateState.HELD)
)
