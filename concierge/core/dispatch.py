"""Who can go, and when: one answer to "is this interval feasible, and if not, why", travel included.

A visit is a stay: from an instant to another, perhaps over several days. People are at the site while they stay
and it is planned to be open; a weekend or a lunch break in between is nobody's presence. Over several days they
work each day what the site, they and the customer's people have in common: a site that is open longer than somebody
works waits for the next morning. Too little of a day in common is a reason, and so is a start or an end at which
somebody cannot be there. From one day to the next they are bound, nights included; a day off in between leaves them
free for whatever they can travel to. On the way there and back they are taken, too. Rules are checked over all of
it, never only at its start. Instants are aware.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import combinations, islice, pairwise
from math import inf

from concierge.core.hours import MINUTE, Hours, Place, clock_words, open_within
from concierge.core.spans import Span, gaps, merge, shared
from concierge.core.travel import By, Spot, Way, way
from concierge.core.worktime import DAY

NIGHT = timedelta(hours=10)
"""Somebody who has at least so long at home between two visits goes home; otherwise straight on."""

LONGEST_SHIFT = timedelta(hours=14)
"""So long people are at work at a time; in a longer stay they go when their day ends, and come again."""
LUNCH = 180
"""Breaks of so many minutes fall where the work lets them; who has a longer one does not work then."""
ENOUGH = timedelta(hours=4)
"""So much of a day is worked at least, or half of what there is where that is less."""
MOST_FRAMES = 12
"""So many different hours of a crew are tried for work of several days."""

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
    """List when a site expects people during a stay: while it is planned to be open, by its own clock.

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
    return _bound(presence(stay, site), site)


def _bound(there: Iterable[Span[datetime]], site: Place) -> tuple[Span[datetime], ...]:
    found: list[Span[datetime]] = []
    for span in there:
        last = found[-1] if found else None
        if last and _day_of(span.from_at, site) - _day_of(_end(last) - MINUTE, site) <= DAY:
            found[-1] = Span(last.from_at, span.to_at)
        else:
            found.append(span)
    return tuple(found)


def minutes_there(stay: Span[datetime], work: Work, hours: Iterable[Place] = ()) -> int:
    """Count the minutes of a stay at which people are at the site, all of the crew together.

    Over several days, what the site, the customer's people and the crew have in common; on a day on which that is
    too little, all that the site is planned to be open: whoever comes then comes for a reason.

    :param hours: those of the crew, each by their own clock; without any the site's alone.
    :raises ValueError: when the stay never ends.
    """
    return _minutes(_presence(stay, work), work, hours)


def _minutes(at: "_Presence", work: Work, hours: Iterable[Place]) -> int:
    if not at.days:
        return at.minutes
    usual: tuple[Span[datetime], ...] = (at.stay,)
    actual = usual
    for one in hours:
        there = hours_at(one, work)
        usual = shared(usual, open_within(replace(there, shut={}), at.stay))
        actual = shared(actual, open_within(there, at.stay))
    looked = _looked_through(at, usual, actual)
    return sum(
        (_sum(mine) if is_enough else _sum(day.planned) for day, mine, _usual, is_enough in looked), timedelta()
    ) // MINUTE  # fmt: skip


def against_time(stay: Span[datetime], work: Work) -> tuple[Objection, ...]:
    """Say what stands against a time, whoever goes: the site, the customer's people, what has to come before.

    :raises ValueError: when the stay never ends.
    """
    return _against_time(_presence(stay, work), work)


def _against_time(at: "_Presence", work: Work) -> tuple[Objection, ...]:
    found: list[Objection] = []
    stay = at.stay
    expected = _asked(at, (stay,), (stay,)).must if at.days else at.there
    for span in expected:
        closed = (_closed(gap, work.site) for gap in gaps(open_within(work.site, span), within=span))
        found += [one for one in closed if not (work.is_remote and one.rule is Rule.SITE_HOURS)]
    for attendee in work.attendees:
        for away in attendee.away:
            found += [
                Objection(Rule.ATTENDEE, both, attendee.name)
                for span in expected
                if (both := span.intersection(away))
            ]
    if work.not_before is not None and stay.from_at < work.not_before:
        before = Span(stay.from_at, min(work.not_before, _end(stay)))
        found.append(Objection(Rule.PREREQUISITE, before, work.waits_for))
    if work.held_by:
        found.append(Objection(Rule.GATE, stay, work.held_by))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a stay of several: when the site expects somebody, and what it and the customer's people leave."""

    planned: tuple[Span[datetime], ...]
    free: tuple[Span[datetime], ...]
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a stay of several days asks of somebody.

    `must` is when they have to be at work, else it is said; `there` when they are there or would have to be.
    """

    must: tuple[Span[datetime], ...]
    there: tuple[Span[datetime], ...]


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
    """How many of it the site expects somebody."""
    days: tuple[Day, ...] = ()
    """The days of a stay that is longer than anybody works at a time; empty for a shorter one."""
    known: dict[Hashable, tuple[_Asked, int]] = field(default_factory=dict)
    """What it asks of people, and their minutes, by their hours."""


def _presence(stay: Span[datetime], work: Work) -> _Presence:
    site = work.site
    there = presence(stay, site)
    first, last = _day_of(stay.from_at, site), _day_of(_end(stay) - MINUTE, site)
    by_day: list[tuple[date, int, int]] | None = []
    for part in (part for parts in _by_day(there, site).values() for part in parts):
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
        (stay,) if last - first <= DAY else _bound(there, site),
        None if by_day is None else tuple(by_day),
        last,
        _sum(there) // MINUTE,
        _days(stay, work, there),
    )


def days_there(stay: Span[datetime], work: Work) -> tuple[Day, ...]:
    """List the days of a stay on which the site expects somebody; none of one that is as long as a shift.

    :raises ValueError: when the stay never ends.
    """
    return _days(stay, work, presence(stay, work.site))


def _days(stay: Span[datetime], work: Work, there: Sequence[Span[datetime]]) -> tuple[Day, ...]:
    first, last = _day_of(stay.from_at, work.site), _day_of(_end(stay) - MINUTE, work.site)
    if first == last or _length(stay) <= LONGEST_SHIFT:
        return ()
    free = _by_day(_without(open_within(work.site, stay), _away(work)), work.site)
    planned = _by_day(there, work.site)
    return tuple(
        Day(tuple(parts), tuple(free.get(day, ())), number == 0, number == len(planned) - 1)
        for number, (day, parts) in enumerate(planned.items())
    )


def _away(work: Work) -> list[Span[datetime]]:
    return [away for attendee in work.attendees for away in attendee.away]


def _without(spans: Iterable[Span[datetime]], away: Collection[Span[datetime]]) -> Iterable[Span[datetime]]:
    return (left for one in spans for left in gaps(away, within=one)) if away else spans


def _looked_through(
    at: _Presence, usual: Sequence[Span[datetime]], actual: Sequence[Span[datetime]]
) -> Iterator[tuple[Day, list[Span[datetime]], list[Span[datetime]], bool]]:
    """For each day what is left of it in the hours of somebody: as they are, as usual, and whether that is enough.

    Of the first and the last day they may have less than the site, as somebody does who comes in the evening.
    """
    left = _each_day(at, shared([span for day in at.days for span in day.free], actual))
    could = _each_day(at, shared([span for day in at.days for span in day.free], usual))
    expected = _each_day(at, shared([span for day in at.days for span in day.planned], usual))
    for day, mine, theirs, all_day in zip(at.days, left, could, expected, strict=True):
        of_day = _sum(all_day if day.is_first or day.is_last else day.planned)
        yield day, mine, theirs, bool(mine) and _sum(mine) >= min(ENOUGH, of_day / 2)


def _each_day(at: _Presence, spans: Iterable[Span[datetime]]) -> list[list[Span[datetime]]]:
    """Stretches, none of which goes over midnight, by the days of a stay."""
    found: list[list[Span[datetime]]] = [[] for _day in at.days]
    number = 0
    for span in spans:
        while span.from_at >= _end(at.days[number].planned[-1]):
            number += 1
        found[number].append(span)
    return found


def _asked(at: _Presence, usual: Sequence[Span[datetime]], actual: Sequence[Span[datetime]]) -> _Asked:
    """What a stay of several days asks of somebody with these hours: all of a day on which too little is left."""
    must: list[Span[datetime]] = []
    there: list[Span[datetime]] = []
    for day, mine, theirs, is_enough in _looked_through(at, usual, actual):
        if not is_enough:
            must += day.planned
            there += day.planned
            continue
        edges: list[Span[datetime]] = []
        if day.is_first and mine[0].from_at > at.stay.from_at:
            edges += shared(day.planned, [Span(at.stay.from_at, mine[0].from_at)])
        if day.is_last and _end(mine[-1]) < _end(at.stay):
            edges += shared(day.planned, [Span(_end(mine[-1]), _end(at.stay))])
        must += edges
        there += [*theirs, *edges]
    return _Asked(tuple(must), tuple(there))


def _asked_of(at: _Presence, work: Work, person: Person) -> tuple[_Asked, int]:
    """What a stay of several days asks of a person, and how many minutes they are there; the same for equal hours."""
    key = sort_of_hours(person.hours, work) if not _is_shut(person.hours, at.stay) else None
    if key is None or key not in at.known:
        hours = hours_at(person.hours, work)
        actual = open_within(hours, at.stay)
        usual = open_within(replace(hours, shut={}), at.stay) if hours.shut else actual
        found = _asked(at, usual, actual), _minutes(at, work, (person.hours,))
        if key is None:
            return found
        at.known[key] = found
    return at.known[key]


def sort_of_hours(hours: Place, work: Work) -> Hashable:
    """Tell what is the same for people who usually work the same hours at some work."""
    return (
        hours.zone if work.is_remote else None,
        tuple(sorted(hours.week.items())),
        id(hours.days),
        tuple(sorted(hours.exceptions.items())),
    )


def _is_shut(hours: Place, stay: Span[datetime]) -> bool:
    """Whether something is taken out of somebody's days around a stay."""
    first, last = stay.from_at.date() - DAY, _end(stay).date() + DAY
    return any(first <= day <= last for day in hours.shut)


def against_person(stay: Span[datetime], work: Work, person: Person) -> tuple[Objection, ...]:
    """Say what stands against sending somebody: skills, hours, leave, other visits, and the ways between.

    :raises ValueError: when the stay never ends.
    """
    return _against(_presence(stay, work), work, person, ways(stay, work, person))


def _against(at: _Presence, work: Work, person: Person, how: "Ways") -> tuple[Objection, ...]:
    found = _unskilled(at, work, person)
    must = there = at.there
    if at.days:
        asked, _minutes_there = _asked_of(at, work, person)
        must, there = asked.must, asked.there
    if must and (work.is_remote or not _is_at_work(person.hours, at)):
        hours = hours_at(person.hours, work)
        for span in must:
            for closed in gaps(open_within(hours, span), within=span):
                if not any(
                    taken.rule is Rule.LEAVE and taken.span.overlaps(closed) for taken in person.taken
                ):
                    found.append(_off(closed, hours, work.site))
    for taken in person.taken:
        if taken.rule in _BLOCKING and _blocks(taken, at.busy, there):
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
        if len(planned) > 1 and any(b.from_minute - a.to_minute > LUNCH for a, b in pairwise(planned)):
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
    at = _presence(stay, work)
    found: list[tuple[Person | None, Objection]] = [(None, one) for one in _against_time(at, work)]
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
    """Booked minutes with this visit over what the hours allow; infinite where these allow nothing."""
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
    at = _presence(stay, work)
    return tuple(sorted((_candidate(at, work, person) for person in people), key=_rank))


def _candidate(at: _Presence, work: Work, person: Person) -> Candidate:
    how = ways(at.stay, work, person)
    minutes = _asked_of(at, work, person)[1] if at.days else at.minutes
    return Candidate(
        person,
        _against(at, work, person, how),
        how,
        (person.booked_minutes + minutes) / person.capacity_minutes if person.capacity_minutes else inf,
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

    Work that fits into a day of the site and of the crew is done on one; longer work begins when both can, and goes
    on when both can again. Starts lie on whole steps of the site's clock; at most `per_day` of them on one day of
    the site, one after the other.

    :raises ValueError: when the work takes no time, nobody is needed, or `within` never ends.
    """
    if minutes <= 0 or work.crew < 1 or step < 1:
        raise ValueError("A slot needs work of at least a minute and somebody to do it.")
    common = CommonHours(work, within)
    able = [person for person in people if not work.skill or work.skill in person.skills]
    fits = any(common.frame(person).fits(minutes) for person in able)
    long: list[Frame] | None = None
    found: list[Slot] = []
    free_from = within.from_at
    of_day: Counter[date] = Counter()
    for session in common.sessions:
        today = of_day.total()
        for starts in _starts(session.starts, step, work.site) if fits else ():
            stay = worked(starts, minutes, session.opened) if starts >= free_from else None
            on = _day_of(starts, work.site)
            if stay is None or of_day[on] == per_day:
                continue
            crew = _crew_for(stay, common, able, minutes)
            if crew is not None:
                found.append(Slot(stay, crew))
                free_from = _end(stay)
                of_day[on] += 1
            if len(found) == most:
                return tuple(found)
        if today < of_day.total():
            continue
        if long is None:
            long = [one for one in common.frames(able) if not one.fits(minutes)]
        slot = _long_slot(common, session, long, able, minutes, step, free_from)
        if slot is not None:
            found.append(slot)
            free_from = _end(slot.stay)
            if len(found) == most:
                break
    return tuple(found)


def _long_slot(
    common: "CommonHours",
    session: "Session",
    frames: Iterable["Frame"],
    able: Sequence[Person],
    minutes: int,
    step: int,
    free_from: datetime,
) -> Slot | None:
    """The slot that begins on a day and ends first, for work that is longer than some people's day."""
    stays: dict[Span[datetime], list[Frame]] = {}
    for frame in frames:
        starts = next(_starts(common.begins(session, frame), step, common.work.site), None)
        stay = worked(starts, minutes, frame.open) if starts is not None and starts >= free_from else None
        if stay is not None:
            stays.setdefault(stay, []).append(frame)
    for stay, of_stay in sorted(stays.items(), key=lambda one: _end(one[0])):
        crew = _crew_for(stay, common, able, minutes, of_stay)
        if crew is not None:
            return Slot(stay, crew)
    return None


@dataclass(frozen=True, slots=True)
class Session:
    """A day of a site as people work it: one of its nights is one, too, and goes over midnight.

    `starts` is where work can begin on it, `opened` all in which it can be done. A site that never closes has a
    session from each midnight, in which work may go on over the next.
    """

    starts: tuple[Span[datetime], ...]
    opened: tuple[Span[datetime], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Hours that a site is planned to be open and a crew usually works, and what of them is free for work."""

    usual: tuple[Span[datetime], ...]
    open: tuple[Span[datetime], ...]
    longest: timedelta
    """So much of them lies in one shift."""

    def fits(self, minutes: int) -> bool:
        """Say whether so much work can be done in one shift."""
        return minutes * MINUTE <= min(self.longest, LONGEST_SHIFT)

    def holds(self, spans: Sequence[Span[datetime]]) -> bool:
        """Say whether all of some stretches lie in them."""
        return shared(self.usual, spans) == tuple(spans)


class CommonHours:
    """When a site and people can work together within a stretch of time; each sort of hours is looked at once."""

    def __init__(
        self,
        work: Work,
        within: Span[datetime],
        known: dict[Hashable, tuple[Span[datetime], ...]] | None = None,
    ) -> None:
        """Look at the site.

        :param known: of people's hours, what was found for other work within the same stretch.
        :raises ValueError: when the stretch never ends.
        """
        self.work, self._within = work, within
        self._planned = open_within(replace(work.site, shut={}), within)
        self._free = tuple(_without(open_within(work.site, within), _away(work)))
        self._frames: dict[Hashable, Frame] = {}
        self._known = {} if known is None else known
        self.sessions = tuple(_sessions(self._planned, work.site))

    def days(self) -> Mapping[date, tuple[Sequence[Span[datetime]], Sequence[Span[datetime]]]]:
        """List by day when the site is planned to be open, and what of it is free, cut at its midnights."""
        free = _by_day(self._free, self.work.site)
        return {
            day: (planned, free.get(day, ()))
            for day, planned in _by_day(self._planned, self.work.site).items()
        }

    def frame(self, person: Person) -> Frame:
        """Tell when one person can work there; the same frame for all who have the same hours."""
        key = sort_of_hours(person.hours, self.work)
        if key not in self._frames:
            there = (key, self.work.site.zone)
            if there not in self._known:
                hours = hours_at(replace(person.hours, shut={}), self.work)
                self._known[there] = open_within(hours, self._within)
            self._frames[key] = self._framed(shared(self._planned, self._known[there]))
        return self._frames[key]

    def begins(self, session: Session, frame: Frame) -> tuple[Span[datetime], ...]:
        """Say when work of several days can begin on one; not on what is left of a day that is mostly taken."""
        free = shared(session.starts, frame.open)
        usual = _sum(shared(session.starts, frame.usual))
        return free if _sum(free) >= min(ENOUGH, usual / 2) else ()

    def frames(self, people: Iterable[Person]) -> tuple[Frame, ...]:
        """List when crews of these people can work there, each sort of hours once, those with most time first."""
        single = list({id(one): one for one in map(self.frame, people)}.values())
        found = {one.usual: one for one in single}
        for count in range(2, min(self.work.crew, 3) + 1):
            for some in islice(combinations(single, count), MOST_FRAMES * MOST_FRAMES):
                usual = some[0].usual
                for other in some[1:]:
                    usual = shared(usual, other.usual)
                if usual not in found:
                    found[usual] = self._framed(usual)
        kept = sorted(found.values(), key=lambda one: _sum(one.usual), reverse=True)
        return tuple(one for one in kept if one.usual)[:MOST_FRAMES]

    def _framed(self, usual: tuple[Span[datetime], ...]) -> Frame:
        longest = max((_sum(shift) for shift in _shifts(usual)), default=timedelta(0))
        return Frame(usual, shared(usual, self._free), longest)


def _shifts(opened: Iterable[Span[datetime]]) -> Iterator[list[Span[datetime]]]:
    """Stretches with no more than a lunch break between them."""
    shift: list[Span[datetime]] = []
    for span in opened:
        if shift and span.from_at - _end(shift[-1]) > LUNCH * MINUTE:
            yield shift
            shift = []
        shift.append(span)
    if shift:
        yield shift


def _sessions(opened: Iterable[Span[datetime]], site: Place) -> Iterator[Session]:
    for shift in _shifts(opened):
        if _sum(shift) <= LONGEST_SHIFT:
            yield Session(tuple(shift), tuple(shift))
            continue
        for of_day in _by_day(shift, site).values():
            later = tuple(span for span in shift if _end(span) > of_day[0].from_at)
            yield Session(tuple(of_day), later)


def _by_day(opened: Iterable[Span[datetime]], site: Place) -> dict[date, list[Span[datetime]]]:
    """Stretches cut at the site's midnights, by day, in order."""
    days: dict[date, list[Span[datetime]]] = {}
    for span in opened:
        begins = span.from_at
        while begins < _end(span):
            day = _day_of(begins, site)
            ends = min(_midnight(day + DAY, site), _end(span))
            days.setdefault(day, []).append(Span(begins, ends))
            begins = ends
    return days


def _starts(opened: Iterable[Span[datetime]], step: int, site: Place) -> Iterator[datetime]:
    """The instants on whole steps of the site's clock at which it is planned to be open."""
    for span in opened:
        starts = _on_step(span.from_at, step, site)
        while starts < _end(span):
            yield starts
            starts = _on_step(starts + step * MINUTE, step, site)


def _crew_for(
    stay: Span[datetime],
    common: "CommonHours",
    people: Sequence[Person],
    minutes: int,
    frames: Sequence["Frame"] = (),
) -> tuple[str, ...] | None:
    """The nearest people with the most time who can all go and do so much; `None` when they are too few.

    :param frames: where it lasts several days and a crew goes, hours of which all of them work one.
    """
    work = common.work
    at = _presence(stay, work)
    if _against_time(at, work):
        return None
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
        if at.days:
            asked, there = _asked_of(at, work, person)
            if there < minutes or any(
                one.rule in _BLOCKING and _blocks(one, at.busy, asked.there) for one in near
            ):
                continue
        elif any(each.rule in _BLOCKING and _blocks(each, at.busy, at.there) for each in near):
            continue
        found.append(_candidate(at, work, person if near is person.taken else replace(person, taken=near)))
    able = sorted(
        (one for one in found if all(each.rule is Rule.SKILL_LEVEL for each in one.against)), key=_rank
    )
    if not at.days or work.crew == 1:
        return _led(able, work.crew)
    for frame in frames:
        wanted = shared(frame.usual, (stay,))
        crew = _led([one for one in able if common.frame(one.person).holds(wanted)], work.crew)
        if (
            crew
            and _minutes(at, work, [one.person.hours for one in able if one.person.key in crew]) >= minutes
        ):
            return crew
    return None


def _led(able: Sequence[Candidate], count: int) -> tuple[str, ...] | None:
    """The first of the able, one of whom leads."""
    leads = next((one for one in able if one.is_free), None)
    if leads is None or len(able) < count:
        return None
    others = [one for one in able if one is not leads][: count - 1]
    return tuple(one.person.key for one in able if one is leads or one in others)


def _leads(work: Work, person: Person, against: Iterable[Objection]) -> bool:
    """Whether somebody has the level that is asked for, and holds the certification validly."""
    held = person.skills.get(work.skill)
    unfit = {Rule.SKILL_MISSING, Rule.SKILL_LEVEL, Rule.SKILL_EXPIRED}
    return held is not None and all(one.rule not in unfit for one in against)


def worked(starts: datetime, minutes: int, opened: Sequence[Span[datetime]]) -> Span[datetime] | None:
    """The stay that begins at an instant and holds so many minutes of stretches; `None` when it cannot."""
    left = minutes * MINUTE
    for span in islice(opened, bisect_right(opened, starts, key=_end), None):
        begins = max(span.from_at, starts)
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


def hours_at(hours: Place, work: Work) -> Place:
    """Somebody's hours by the clock of the place where they work; their breaks fall where the work lets them."""
    return replace(
        hours,
        zone=hours.zone if work.is_remote else work.site.zone,
        week={weekday: _unbroken(each) for weekday, each in hours.week.items()},
        exceptions={day: replace(one, hours=_unbroken(one.hours)) for day, one in hours.exceptions.items()},
    )


def _unbroken(hours: Sequence[Hours]) -> tuple[Hours, ...]:
    found: list[Hours] = []
    for one in hours:
        if found and one.from_minute - found[-1].to_minute <= LUNCH:
            before = found.pop()
            one = Hours(before.from_minute, max(before.to_minute, one.to_minute))
        found.append(one)
    return tuple(found)


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


def _sum(spans: Iterable[Span[datetime]]) -> timedelta:
    return sum(map(_length, spans), timedelta())


def _end(span: Span[datetime]) -> datetime:
    if span.to_at is None:
        raise ValueError("This stretch of time never ends.")
    return span.to_at
