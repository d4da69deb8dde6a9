"""Who can go, and when: one answer to "is this interval feasible, and if not, why", travel included.

A visit is a stay: from an instant to another, perhaps over several days. People are at the site while they stay
and it is planned to be open; a weekend or a lunch break in between is nobody's presence. From one day to the next
they are bound, nights included; a day off in between leaves them free for whatever they can travel to. On the way
there and back they are taken, too. Rules are checked over all of it, never only at its start. Instants are aware.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import pairwise

from concierge.core.hours import MINUTE, Hours, Place, clock_words, open_within
from concierge.core.spans import Span, gaps, merge
from concierge.core.travel import By, Spot, Way, way
from concierge.core.worktime import DAY

NIGHT = timedelta(hours=10)
"""Somebody who has at least so long at home between two visits goes home; otherwise straight on."""


MATTERS = timedelta(days=4)
"""So far around a stay other things matter: the longest ways there and back, and a night at home."""
FEW = 16
"""So many things that somebody has are looked at faster than those near a stay are picked out of them."""


class Rule(Enum):
    """What can stand against a time, or against sending somebody then."""

    SITE_CLOSED = "site closed"
    SITE_HOURS = "site hours"
    ATTENDEE = "attendee"
    PREREQUISITE = "prerequisite"
    GATE = "gate"
    SKILL_MISSING = "skill missing"
    SKILL_LEVEL = "skill level"
    SKILL_EXPIRED = "skill expired"
    DAY_OFF = "day off"
    HOURS = "hours"
    LEAVE = "leave"
    VISIT = "visit"
    OWN_CALENDAR = "own calendar"
    TRAVEL = "travel"
    SAME_DAY = "same day"
    OWN_TENTATIVE = "own calendar tentative"
    OWN_UNREAD = "own calendar unread"


class Weight(Enum):
    """What a rule that stands against a time or a person asks for."""

    NEVER = "never"
    """Nobody is sent over it, whatever the reason."""
    REASON = "reason"
    """It is broken only for a reason, which is kept with the visit."""
    KNOW = "know"
    """It is good to know and keeps nobody from going."""


WEIGHTS: Mapping[Rule, Weight] = {
    Rule.SITE_CLOSED: Weight.REASON,
    Rule.SITE_HOURS: Weight.REASON,
    Rule.ATTENDEE: Weight.REASON,
    Rule.PREREQUISITE: Weight.REASON,
    Rule.GATE: Weight.KNOW,  # it may be cleared until then; nobody starts work while it is held
    Rule.SKILL_MISSING: Weight.REASON,
    Rule.SKILL_LEVEL: Weight.REASON,
    Rule.SKILL_EXPIRED: Weight.NEVER,
    Rule.DAY_OFF: Weight.REASON,
    Rule.HOURS: Weight.REASON,
    Rule.LEAVE: Weight.REASON,
    Rule.VISIT: Weight.REASON,
    Rule.OWN_CALENDAR: Weight.REASON,
    Rule.TRAVEL: Weight.REASON,
    Rule.SAME_DAY: Weight.KNOW,
    Rule.OWN_TENTATIVE: Weight.KNOW,
    Rule.OWN_UNREAD: Weight.KNOW,
}
UNBREAKABLE = frozenset(rule for rule, weight in WEIGHTS.items() if weight is Weight.NEVER)
"""Rules over which nobody is sent, whatever the reason."""
LASTING = frozenset(
    {
        Rule.SITE_CLOSED,
        Rule.SITE_HOURS,
        Rule.ATTENDEE,
        Rule.DAY_OFF,
        Rule.HOURS,
        Rule.LEAVE,
        Rule.OWN_CALENDAR,
        Rule.OWN_TENTATIVE,
    }
)
"""Rules about a stretch of time: a reason that was given for one stretch says nothing about another."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One rule that stands against a time: what breaks it, and from when to when."""

    rule: Rule
    span: Span[datetime]
    words: str = ""
    """The other visit's title, the reason of a closed day, the hours, the skill: what the rule is about."""
    minutes: int = 0
    """Of a way that does not fit: how long it takes."""
    key: str = ""
    """Of what is in the way, for those who want to look at it."""

    @property
    def weight(self) -> Weight:
        """What it asks for."""
        return WEIGHTS[self.rule]

    @property
    def is_breakable(self) -> bool:
        """Say whether a reason helps."""
        return self.rule not in UNBREAKABLE


@dataclass(frozen=True, slots=True)
class Taken:
    """A stretch of time in which somebody has something else: a visit, leave, an entry of their own calendar."""

    span: Span[datetime]
    rule: Rule
    words: str = ""
    spot: Spot | None = None
    """Where a visit is: travel counts between visits."""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A skill somebody holds, how well, and until which day it is valid (`None`: without end)."""

    level: int = 1
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be sent.

    `hours` are theirs by the wall clock of home; they go along to wherever the person works, so that somebody
    who flies to Osaka works by Osaka's clock. `taken` is in order of time.
    """

    key: str
    name: str
    hours: Place
    home: Spot
    taken: tuple[Taken, ...] = ()
    skills: Mapping[str, Certificate] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()
    booked_minutes: int = 0
    """Already booked in the week, or whatever time fairness is judged over, and what the hours allow then."""
    capacity_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody of the customer who has to be there, and when they cannot."""

    name: str
    away: tuple[Span[datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done at a site: the place with its hours, who has to be there, and what has to come before."""

    site: Place
    spot: Spot
    skill: str = ""
    level: int = 1
    crew: int = 1
    languages: frozenset[str] = frozenset()
    """Any of which the person should speak; none asked for when empty."""
    attendees: tuple[Attendee, ...] = ()
    not_before: datetime | None = None
    waits_for: str = ""
    """The prerequisite that ends at `not_before`."""
    held_by: str = ""
    """The gate that holds the work, empty when none does."""
    is_remote: bool = False
    """Whether nobody travels for it: people work by their own clock, and nobody has to let them in."""


def presence(stay: Span[datetime], site: Place) -> tuple[Span[datetime], ...]:
    """List when people are at the site during a stay: while it is planned to be open, by its own clock.

    Where it is planned to be closed at the start or at the end, the answer reaches to that end all the same,
    so that what is checked is what was asked for.

    :raises ValueError: when the stay never ends.
    """
    if stay.to_at is None:
        raise ValueError("A stay needs an end. Name one.")
    planned = replace(site, shut={})
    found = list(open_within(planned, stay))
    first, last = _day_of(stay.from_at, site), _day_of(stay.to_at - MINUTE, site)
    if first == last and not found:
        return (stay,)
    if not found or found[0].from_at > stay.from_at:
        ends = min(_midnight(first + DAY, site), found[0].from_at if found else stay.to_at)
        found.append(Span(stay.from_at, ends))
    if max(_end(span) for span in found) < stay.to_at:
        latest = max(_end(span) for span in found)
        found.append(Span(max(_midnight(last, site), latest), stay.to_at))
    return merge(found)


def bound(stay: Span[datetime], site: Place) -> tuple[Span[datetime], ...]:
    """List when people are bound by a stay: from each day at the site to the next, nights and breaks included.

    Only a whole day between two at which nobody is there, by the site's clock, leaves them free.

    :raises ValueError: when the stay never ends.
    """
    if _day_of(_end(stay) - MINUTE, site) - _day_of(stay.from_at, site) <= DAY:
        return (stay,)
    found: list[Span[datetime]] = []
    for span in presence(stay, site):
        last = found[-1] if found else None
        if last and _day_of(span.from_at, site) - _day_of(_end(last) - MINUTE, site) <= DAY:
            found[-1] = Span(last.from_at, span.to_at)
        else:
            found.append(span)
    return tuple(found)


def minutes_there(stay: Span[datetime], site: Place) -> int:
    """Count the minutes of a stay at which people are at the site."""
    return sum(map(_length, presence(stay, site)), timedelta()) // MINUTE


def against_time(stay: Span[datetime], work: Work) -> tuple[Objection, ...]:
    """Say what stands against a time, whoever goes: the site, the customer's people, what has to come before.

    :raises ValueError: when the stay never ends.
    """
    found: list[Objection] = []
    for span in presence(stay, work.site):
        closed = (_closed(gap, work.site) for gap in gaps(open_within(work.site, span), within=span))
        found += [one for one in closed if not (work.is_remote and one.rule is Rule.SITE_HOURS)]
    for attendee in work.attendees:
        for away in attendee.away:
            found += [
                Objection(Rule.ATTENDEE, both, attendee.name)
                for span in presence(stay, work.site)
                if (both := span.intersection(away))
            ]
    if work.not_before is not None and stay.from_at < work.not_before:
        before = Span(stay.from_at, min(work.not_before, _end(stay)))
        found.append(Objection(Rule.PREREQUISITE, before, work.waits_for))
    if work.held_by:
        found.append(Objection(Rule.GATE, stay, work.held_by))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Presence:
    """A stay as it is the same for everybody: when they are there, when bound, and on which minutes of which days."""

    stay: Span[datetime]
    there: tuple[Span[datetime], ...]
    busy: tuple[Span[datetime], ...]
    by_day: tuple[tuple[date, int, int], ...] | None
    """By the site's clock; `None` where that changes in between."""
    last_on: date
    """The last day of it, by the site's clock."""
    minutes: int
    """How many of it they are there."""


def _presence(stay: Span[datetime], site: Place) -> _Presence:
    there = presence(stay, site)
    by_day: list[tuple[date, int, int]] | None = []
    for part in (part for parts in _by_day(there, site) for part in parts):
        begins, ends = part.from_at.astimezone(site.zone), _end(part).astimezone(site.zone)
        if by_day is None or begins.utcoffset() != ends.utcoffset():
            by_day = None
            break
        minutes = _length(part) // MINUTE
        minute = begins.hour * 60 + begins.minute
        by_day.append((begins.date(), minute, minute + minutes))
    return _Presence(
        stay,
        there,
        bound(stay, site),
        None if by_day is None else tuple(by_day),
        _day_of(_end(stay) - MINUTE, site),
        sum(map(_length, there), timedelta()) // MINUTE,
    )


def against_person(stay: Span[datetime], work: Work, person: Person) -> tuple[Objection, ...]:
    """Say what stands against sending somebody: skills, hours, leave, other visits, and the ways between.

    :raises ValueError: when the stay never ends.
    """
    return _against(_presence(stay, work.site), work, person, ways(stay, work, person))


def _against(at: _Presence, work: Work, person: Person, how: "Ways") -> tuple[Objection, ...]:
    found = _unskilled(at, work, person)
    if work.is_remote or not _is_at_work(person.hours, at):
        hours = replace(
            _worked_at(person.hours, work.site), zone=person.hours.zone if work.is_remote else work.site.zone
        )
        for span in at.there:
            for closed in gaps(open_within(hours, span), within=span):
                if not any(
                    taken.rule is Rule.LEAVE and taken.span.overlaps(closed) for taken in person.taken
                ):
                    found.append(_off(closed, hours, work.site))
    for taken in person.taken:
        if taken.rule in _BLOCKING and _blocks(taken, at.busy, at.there):
            found.append(Objection(taken.rule, taken.span, taken.words, key=taken.key))
    found += _ways_blocked(at.stay, at.busy, work, person, how)
    return tuple(found)


def _is_at_work(hours: Place, at: _Presence) -> bool:
    """Whether all minutes at the site plainly lie in somebody's day; what is not plain is looked at closely."""
    if at.by_day is None:
        return False
    for day, from_minute, to_minute in at.by_day:
        planned = hours.planned_on(day)
        if not planned or from_minute < planned[0].from_minute or to_minute > planned[-1].to_minute:
            return False
        if any(
            shut.hours.from_minute < to_minute and from_minute < shut.hours.to_minute
            for shut in hours.shut.get(day, ())
        ):
            return False
    return True


def against_crew(
    stay: Span[datetime], work: Work, crew: Sequence[Person]
) -> tuple[tuple[Person | None, Objection], ...]:
    """Say what stands against a crew's visit at a time, and whom of them it is about; `None`: the time itself.

    Who leads a crew has the level that is asked for; the others hold the certification at any.

    :raises ValueError: when the stay never ends.
    """
    found: list[tuple[Person | None, Objection]] = [(None, one) for one in against_time(stay, work)]
    at = _presence(stay, work.site)
    of_all = [(person, _against(at, work, person, ways(stay, work, person))) for person in crew]
    is_led = any(_leads(work, person, against) for person, against in of_all)
    for person, against in of_all:
        found += [(person, one) for one in against if not (is_led and one.rule is Rule.SKILL_LEVEL)]
    return tuple(found)


def leader(crew: Iterable[Person], skill: str) -> str:
    """Say who leads a crew: the key of who holds a certification at the highest level; empty without a crew."""
    ranked = sorted(
        crew, key=lambda one: (-(one.skills[skill].level if skill in one.skills else 0), one.name, one.key)
    )
    return ranked[0].key if ranked else ""


def good_to_know(stay: Span[datetime], work: Work, person: Person) -> tuple[Objection, ...]:
    """List what keeps nobody from going: other visits on the same days at the site, and what is only tentative.

    :raises ValueError: when the stay never ends.
    """
    busy = bound(stay, work.site)
    first, last = _day_of(stay.from_at, work.site), _day_of(_end(stay) - MINUTE, work.site)
    days = Span(_midnight(first, work.site), _midnight(last + DAY, work.site))
    found = []
    for taken in person.taken:
        is_during = any(taken.span.overlaps(span) for span in busy)
        if taken.rule is Rule.OWN_TENTATIVE and is_during:
            found.append(Objection(taken.rule, taken.span, taken.words, key=taken.key))
        elif taken.rule is Rule.VISIT and not is_during and taken.span.overlaps(days):
            found.append(Objection(Rule.SAME_DAY, taken.span, taken.words, key=taken.key))
    return tuple(found)


def objections(stay: Span[datetime], work: Work, person: Person) -> tuple[Objection, ...]:
    """Say everything that stands against a person's visit at a time; empty when it is feasible."""
    return *against_time(stay, work), *against_person(stay, work, person)


NO_WAY = Way(0, By.CAR)


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody comes to a visit and leaves it, and from where to where: another visit, or home."""

    there: Way
    back: Way
    comes_from: str = ""
    goes_to: str = ""
    """Title of the visit before, and of the one after; empty for home."""


def ways(stay: Span[datetime], work: Work, person: Person) -> Ways:
    """Tell how somebody travels to a stay and from it, given their other visits."""
    if work.is_remote:
        return Ways(NO_WAY, NO_WAY)
    home = way(person.home, work.spot)
    before, after = _neighbours(stay, person)
    comes = _straight(before, home, work, person, stay.from_at - _end(before.span)) if before else None
    goes = _straight(after, home, work, person, after.span.from_at - _end(stay)) if after else None
    return Ways(
        comes or home,
        goes or home,
        before.words if before and comes else "",
        after.words if after and goes else "",
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may go: what stands against it, how far it is, and how full their time is with this visit."""

    person: Person
    against: tuple[Objection, ...]
    ways: Ways
    load: float
    """Booked minutes with this visit over what the hours allow; 0 where nothing is known."""
    speaks: bool
    """Whether they speak a language that is asked for."""

    @property
    def is_free(self) -> bool:
        """Say whether nothing stands against sending them."""
        return not self.against


def candidates(stay: Span[datetime], work: Work, people: Iterable[Person]) -> tuple[Candidate, ...]:
    """Rank people for a visit: who is free first, then who breaks the least, speaks, is near, has time.

    What stands against the time itself is the same for all and not repeated here; see `against_time`.
    """
    at = _presence(stay, work.site)
    return tuple(sorted((_candidate(at, work, person) for person in people), key=_rank))


def _candidate(at: _Presence, work: Work, person: Person) -> Candidate:
    how = ways(at.stay, work, person)
    return Candidate(
        person,
        _against(at, work, person, how),
        how,
        (person.booked_minutes + at.minutes) / person.capacity_minutes if person.capacity_minutes else 0.0,
        not work.languages or bool(work.languages & person.languages),
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which the work can be done, and the keys of a crew that can do it then."""

    stay: Span[datetime]
    crew: tuple[str, ...]


def slots(
    work: Work,
    people: Sequence[Person],
    *,
    minutes: int,
    within: Span[datetime],
    step: int = 30,
    most: int = 3,
    per_day: int = 2,
) -> tuple[Slot, ...]:
    """Find the first times at which a whole crew can do so many minutes of work at the site.

    Work that fits into a day of the site is done on one; longer work begins when the site opens, and goes on
    when it is planned to be open again. Starts lie on whole steps of the site's clock; at most `per_day` of them
    on one day of the site, one after the other.

    :raises ValueError: when the work takes no time, nobody is needed, or `within` never ends.
    """
    if minutes <= 0 or work.crew < 1 or step < 1:
        raise ValueError("A slot needs work of at least a minute and somebody to do it.")
    days = _by_day(open_within(replace(work.site, shut={}), within), work.site)
    fits_a_day = any(sum(map(_length, opened), timedelta()) >= minutes * MINUTE for opened in days)
    found: list[Slot] = []
    for number, opened in enumerate(days):
        later = opened if fits_a_day else [span for day in days[number:] for span in day]
        free_from, today = within.from_at, 0
        for starts in _starts(opened, step, work.site):
            stay = _worked(starts, minutes, later) if starts >= free_from else None
            if stay is not None and (crew := _crew_for(stay, work, people)) is not None:
                found.append(Slot(stay, crew))
                free_from, today = _end(stay), today + 1
            if len(found) == most:
                return tuple(found)
            if not fits_a_day or today == per_day:
                break
    return tuple(found)


def _by_day(opened: Iterable[Span[datetime]], site: Place) -> list[list[Span[datetime]]]:
    """Stretches cut at the site's midnights, by day, in order."""
    days: dict[date, list[Span[datetime]]] = {}
    for span in opened:
        begins = span.from_at
        while begins < _end(span):
            day = _day_of(begins, site)
            ends = min(_midnight(day + DAY, site), _end(span))
            days.setdefault(day, []).append(Span(begins, ends))
            begins = ends
    return list(days.values())


def _starts(opened: Iterable[Span[datetime]], step: int, site: Place) -> Iterator[datetime]:
    """The instants on whole steps of the site's clock at which it is planned to be open."""
    for span in opened:
        starts = _on_step(span.from_at, step, site)
        while starts < _end(span):
            yield starts
            starts = _on_step(starts + step * MINUTE, step, site)


def _crew_for(stay: Span[datetime], work: Work, people: Sequence[Person]) -> tuple[str, ...] | None:
    """The nearest people with the most time who can all go; `None` when they are too few."""
    if against_time(stay, work):
        return None
    at = _presence(stay, work.site)
    earliest, latest = stay.from_at - MATTERS, _end(stay) + MATTERS
    found = []
    for person in people:
        if work.skill and (
            (held := person.skills.get(work.skill)) is None
            or (held.until is not None and held.until < at.last_on)
        ):
            continue
        near = person.taken
        if len(near) > FEW:
            near = tuple(
                one
                for one in near
                if one.span.from_at < latest and (one.span.to_at is None or one.span.to_at > earliest)
            )
        if not any(each.rule in _BLOCKING and _blocks(each, at.busy, at.there) for each in near):
            found.append(
                _candidate(at, work, person if near is person.taken else replace(person, taken=near))
            )
    able = sorted(
        (one for one in found if all(each.rule is Rule.SKILL_LEVEL for each in one.against)), key=_rank
    )
    leads = next((one for one in able if one.is_free), None)
    if leads is None or len(able) < work.crew:
        return None
    others = [one for one in able if one is not leads][: work.crew - 1]
    return tuple(one.person.key for one in able if one is leads or one in others)


def _leads(work: Work, person: Person, against: Iterable[Objection]) -> bool:
    """Whether somebody has the level that is asked for, and holds the certification validly."""
    held = person.skills.get(work.skill)
    unfit = {Rule.SKILL_MISSING, Rule.SKILL_LEVEL, Rule.SKILL_EXPIRED}
    return held is not None and all(one.rule not in unfit for one in against)


def _worked(starts: datetime, minutes: int, opened: Sequence[Span[datetime]]) -> Span[datetime] | None:
    """The stay that begins at an instant and holds so many minutes of planned opening; `None` when it cannot."""
    left = minutes * MINUTE
    for span in opened:
        begins = max(span.from_at, starts)
        if begins >= _end(span):
            continue
        if _end(span) - begins >= left:
            return Span(starts, begins + left)
        left -= _end(span) - begins
    return None


def _rank(candidate: Candidate) -> tuple[object, ...]:
    hard = sum(not one.is_breakable for one in candidate.against)
    minutes = candidate.ways.there.minutes + candidate.ways.back.minutes
    return (
        hard,
        len({one.rule for one in candidate.against}),
        not candidate.speaks,
        minutes,
        candidate.load,
        candidate.person.name,
        candidate.person.key,
    )


def _unskilled(at: _Presence, work: Work, person: Person) -> list[Objection]:
    """The certification has to be held to the last day, by the site's clock."""
    if not work.skill:
        return []
    held = person.skills.get(work.skill)
    if held is None:
        return [Objection(Rule.SKILL_MISSING, at.stay, work.skill)]
    if held.until is not None and held.until < at.last_on:
        return [Objection(Rule.SKILL_EXPIRED, at.stay, work.skill)]
    if held.level < work.level:
        return [Objection(Rule.SKILL_LEVEL, at.stay, work.skill)]
    return []


_BLOCKING = frozenset({Rule.VISIT, Rule.LEAVE, Rule.OWN_CALENDAR})
"""What somebody has that keeps them from a visit; the rest is good to know."""


def _blocks(taken: Taken, busy: Collection[Span[datetime]], there: Collection[Span[datetime]]) -> bool:
    """Visits and entries take all the time in which one is bound, leave only the hours that would be worked."""
    return any(taken.span.overlaps(span) for span in (there if taken.rule is Rule.LEAVE else busy))


def _ways_blocked(
    stay: Span[datetime], busy: Sequence[Span[datetime]], work: Work, person: Person, how: Ways
) -> list[Objection]:
    """What lies on the way there or back, or on those from a day off in between; what lies in the stay is said."""
    if not person.taken:
        return []
    legs = [
        (Span(stay.from_at - how.there.minutes * MINUTE, stay.from_at), how.there.minutes),
        (Span(_end(stay), _end(stay) + how.back.minutes * MINUTE), how.back.minutes),
    ]
    for before, after in pairwise(busy) if not work.is_remote else ():
        legs += _ways_between(_end(before), after.from_at, work, person)
    return [
        Objection(Rule.TRAVEL, taken.span, taken.words, minutes, taken.key)
        for span, minutes in legs
        for taken in person.taken
        if taken.span.overlaps(span)
        and taken.rule in _BLOCKING
        and not any(taken.span.overlaps(one) for one in busy)
    ]


def _ways_between(
    leaves_at: datetime, returns_at: datetime, work: Work, person: Person
) -> list[tuple[Span[datetime], int]]:
    """The ways to another visit on days off and back again; who has none there stays."""
    visits = [
        taken
        for taken in person.taken
        if taken.rule is Rule.VISIT
        and taken.spot is not None
        and taken.span.from_at >= leaves_at
        and _end(taken.span) <= returns_at
    ]
    if not visits:
        return []
    home = way(person.home, work.spot)
    first = min(visits, key=lambda taken: taken.span.from_at)
    last = max(visits, key=lambda taken: _end(taken.span))
    goes = _straight(first, home, work, person, first.span.from_at - leaves_at) or home
    comes = _straight(last, home, work, person, returns_at - _end(last.span)) or home
    return [
        (Span(leaves_at, leaves_at + goes.minutes * MINUTE), goes.minutes),
        (Span(returns_at - comes.minutes * MINUTE, returns_at), comes.minutes),
    ]


def _neighbours(stay: Span[datetime], person: Person) -> tuple[Taken | None, Taken | None]:
    """The visits before and after a stay, which do not overlap it."""
    if not person.taken:
        return None, None
    visits = [taken for taken in person.taken if taken.rule is Rule.VISIT and taken.spot is not None]
    before = [taken for taken in visits if _end(taken.span) <= stay.from_at]
    after = [taken for taken in visits if taken.span.from_at >= _end(stay)]
    return (
        max(before, key=lambda taken: _end(taken.span), default=None),
        min(after, key=lambda taken: taken.span.from_at, default=None),
    )


def _straight(other: Taken, home: Way, work: Work, person: Person, pause: timedelta) -> Way | None:
    """The way between two visits, where there is no time to go home in between."""
    assert other.spot is not None  # noqa: S101 # what `_neighbours` has seen
    over_home = (home.minutes + way(person.home, other.spot).minutes) * MINUTE + NIGHT
    return way(other.spot, work.spot) if pause < over_home else None


def _worked_at(hours: Place, site: Place) -> Place:
    """Somebody's hours by the clock of the place where they work; their breaks fall where the work lets them."""
    return replace(
        hours,
        zone=site.zone,
        week={weekday: _unbroken(each) for weekday, each in hours.week.items()},
        exceptions={day: replace(one, hours=_unbroken(one.hours)) for day, one in hours.exceptions.items()},
    )


def _unbroken(hours: Sequence[Hours]) -> tuple[Hours, ...]:
    return (Hours(hours[0].from_minute, hours[-1].to_minute),) if hours else ()


def _closed(span: Span[datetime], site: Place) -> Objection:
    day, minute = _clock(span.from_at, site)
    planned = site.planned_on(day)
    if planned and day not in site.shut:
        return Objection(Rule.SITE_HOURS, span, _listed(planned))
    return Objection(Rule.SITE_CLOSED, span, "; ".join(site.reasons(day, minute)))


def _off(span: Span[datetime], hours: Place, site: Place) -> Objection:
    day, minute = _clock(span.from_at, hours)
    planned = hours.hours_on(day)
    if planned:
        return Objection(Rule.HOURS, span, _by_the_clock(site, hours, span.from_at) or _listed(planned))
    return Objection(Rule.DAY_OFF, span, "; ".join(hours.reasons(day, minute)))


def _by_the_clock(site: Place, hours: Place, at: datetime) -> str:
    """When somebody works on the site's day, as its clock shows it; empty where both have the same clock."""
    if hours.zone == site.zone:
        return ""
    day, _minute = _clock(at, site)
    first, last = (datetime.combine(each, time(), site.zone).astimezone(UTC) for each in (day, day + DAY))
    said = []
    for span in open_within(hours, Span(first, last)):
        minutes = (
            _clock(span.from_at, site)[1],
            _clock(_end(span), site)[1] if _end(span) < last else 24 * 60,
        )
        said.append("–".join(map(clock_words, minutes)))
    return ", ".join(said)


def _listed(hours: Iterable[Hours]) -> str:
    return ", ".join(f"{clock_words(one.from_minute)}–{clock_words(one.to_minute)}" for one in hours)


def _on_step(at: datetime, step: int, site: Place) -> datetime:
    """The first instant from `at` on that lies on a whole step of the site's clock, also over a clock change."""
    while True:
        there = at.astimezone(site.zone)
        over = timedelta(
            minutes=(there.hour * 60 + there.minute) % step,
            seconds=there.second,
            microseconds=there.microsecond,
        )
        if not over:
            return at
        at += step * MINUTE - over


def _clock(at: datetime, place: Place) -> tuple[date, int]:
    there = at.astimezone(place.zone)
    return there.date(), there.hour * 60 + there.minute


def _day_of(at: datetime, place: Place) -> date:
    return at.astimezone(place.zone).date()


def _midnight(day: date, place: Place) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=place.zone).astimezone(UTC)


def _length(span: Span[datetime]) -> timedelta:
    return _end(span) - span.from_at


def _end(span: Span[datetime]) -> datetime:
    if span.to_at is None:
        raise ValueError("This stretch of time never ends.")
    return span.to_at
