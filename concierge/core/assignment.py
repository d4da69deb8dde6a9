"""Who does which unassigned work, and when: a plan that breaks no rule, how good it is, and why it is as it is.

A problem is pieces of work and people, each with what else they have; a plan places pieces. What may be placed is
decided by `core/dispatch.py` alone: `breaks` asks it of a whole plan. The quick looks in here answer the same in
whole minutes, for many thousand times and people. Plans are compared by what is left over, then by lateness, travel
and fairness.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice, pairwise

from concierge.core.dispatch import (
    ENOUGH,
    LONGEST_SHIFT,
    NIGHT,
    CommonHours,
    Objection,
    Person,
    Rule,
    Taken,
    Work,
    against_crew,
    against_person,
    against_time,
    bound,
    days_there,
    hours_at,
    minutes_there,
    presence,
    sort_of_hours,
    worked,
)
from concierge.core.hours import MINUTE, MINUTES_OF_DAY, Hours, Place, open_within
from concierge.core.spans import Span, shared
from concierge.core.travel import Spot, way
from concierge.core.worktime import DAY, WorkCalendar, workdays_between

MOST_A_DAY = 10
"""So many starts are looked at on one day of a site."""
_NIGHT = NIGHT // MINUTE
_ENOUGH = ENOUGH // MINUTE
_BLOCKING = frozenset({Rule.VISIT, Rule.LEAVE, Rule.OWN_CALENDAR})
"""What keeps somebody from a visit; the rest is good to know."""
_BESIDE = frozenset({Rule.VISIT, Rule.TRAVEL})
"""What one visit can do to another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Work that nobody does yet; `work.crew` says how many people are still to be found.

    Who leads a crew has the level that is asked for, the others hold the certification at any.
    """

    key: str
    work: Work
    minutes: int
    """How long a crew works at the site."""
    deadline: date | None = None
    """The day, at the site, on which it should end at the latest."""
    title: str = ""
    stay: Span[datetime] | None = None
    """When it is, where only people are missing; `None`: that is to be found, too."""
    going: frozenset[str] = frozenset()
    """Keys of people who go already."""
    days: WorkCalendar | None = None
    """The working days in which lateness is counted; `None`: every day."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be planned, from when to when, and with whom; starts lie `step` minutes apart.

    Of people, `booked_minutes` and `capacity_minutes` are those of the whole time.

    :raises ValueError: when the time never ends, two have one key, or a piece takes no time or nobody.
    """

    pieces: tuple[Piece, ...]
    people: tuple[Person, ...]
    within: Span[datetime]
    step: int = 60

    def __post_init__(self) -> None:
        if self.within.to_at is None or self.step < 1:
            raise ValueError("A plan is made for a time that ends, in steps of at least a minute.")
        for keys in ([one.key for one in self.pieces], [one.key for one in self.people]):
            if len(set(keys)) < len(keys):
                raise ValueError("Two of the same key cannot be planned.")
        if any(one.minutes < 1 or one.work.crew < 1 for one in self.pieces):
            raise ValueError("A piece of work takes at least a minute and somebody to do it.")


@dataclass(frozen=True, slots=True)
class Placement:
    """A piece of work with a time and the keys of those who are sent."""

    piece: str
    stay: Span[datetime]
    crew: tuple[str, ...]


Plan = tuple[Placement, ...]


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """How good a plan is; less is better, and what stands first counts first."""

    left: int
    """Pieces nobody does."""
    late: int
    """Working days after deadlines, all pieces together."""
    travel: int
    """Minutes on the way that the plan adds."""
    unfair: int
    """Minutes that people would have above their share, by what their hours allow."""
    waiting: int
    """Days until the pieces begin, together."""


@dataclass(frozen=True, slots=True)
class Break:
    """A rule that a plan breaks."""

    piece: str
    person: str
    what: Objection | str


@dataclass(frozen=True, slots=True)
class Beside:
    """Somebody who was not chosen for a time: the rule against them, else how much worse it would be."""

    person: str
    rule: Rule | None
    travel: int = 0
    """Minutes on the way that this person would add."""
    load: int = 0
    """What they would have to do then, in per mille of what their hours allow."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who was chosen: the minutes on the way this adds, and how full their time is with it, per mille."""

    person: str
    travel: int
    load: int
    comes_from: str = ""
    """Title of the visit they come from, empty for home."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a piece is placed as it is."""

    late: int
    """Working days after the deadline; negative before it, 0 without one."""
    crew: tuple[Member, ...]
    beside: tuple[Beside, ...]
    """The others with the skill: who could go as well first, the best of them first."""
    earlier_days: int
    """On so many days before, no whole crew could go at any start that was looked at."""
    earlier: tuple[tuple[Rule, int], ...]
    """What stood against people then: rules and how often, the commonest first."""
    was_possible: int
    """On so many days before, a crew could go; it would be later for others, farther, or less fair."""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a piece is left over."""

    starts: int
    """Starts at which the site, the customer and the plan would allow it."""
    against_time: tuple[tuple[Rule, int], ...]
    """Rules that ruled other starts out, and how many each."""
    able: int
    """People who hold the skill; at its level, where one is enough."""
    needed: int
    people: tuple[tuple[str, Rule], ...]
    """For each of the able, the rule that stood most often against them; for too few, why others are not able."""


Minutes = tuple[tuple[int, int], ...]
"""Stretches in minutes after the begin of the problem's time, in order."""


@dataclass(frozen=True, slots=True)
class _SiteDay:
    """When a site is planned to be open on a day, and what of it is free."""

    on: date
    planned: Minutes
    free: Minutes

    def ends(self) -> int:
        """The minute at which it closes."""
        return self.planned[-1][1]


@dataclass(frozen=True, slots=True)
class _Day:
    """One day of a stay of several: when the site expects somebody, what of it is free, and which day it is."""

    planned: Minutes
    free: Minutes
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a stay of several days asks of somebody: when they are there, how long, and whether their hours allow it."""

    there: Minutes
    minutes: int
    is_at_work: bool


@dataclass(frozen=True, slots=True)
class _Stay:
    """A time to do a piece at, in minutes after the begin of the problem's time."""

    a: int
    b: int
    there: Minutes
    """When the site expects people."""
    busy: Minutes
    """When they are bound: all of it, but for whole days off in between."""
    last_on: date
    late: int
    span: Span[datetime]
    days: tuple[_Day, ...] = ()
    """Of one of several days; empty for one that is as long as people work at a time."""
    frame: Minutes = ()
    """Hours that all of a crew have to work, where it needs them together on several days."""
    is_free: bool = False
    """Whether nothing takes anything out of the site's hours and the customer's people's then."""
    known: dict[int, _Asked] = field(default_factory=dict, compare=False)
    """What it asks of people, by their hours."""


@dataclass(slots=True)
class _Entry:
    """Something somebody has, in minutes; `spot` numbers the place of a visit, -1 where none is known."""

    a: int
    b: int
    rule: Rule
    spot: int
    words: str
    piece: str = ""
    """Which piece of the plan it is; empty for what was there before."""
    visit: str = ""
    """The same for all stretches of one visit; empty where nobody knows."""


@dataclass(slots=True)
class _Desk:
    """One person with what they have and get."""

    person: Person
    home: int
    entries: list[_Entry]
    load: int
    share: int = 0
    placed: dict[str, _Stay] = field(default_factory=dict)
    """What a plan gives them, by piece."""
    opened: dict[tzinfo, Minutes] = field(default_factory=dict)
    usual: dict[tzinfo, Minutes] = field(default_factory=dict)
    """The same without what is taken out of single days."""
    sorts: dict[tzinfo | None, int] = field(default_factory=dict)
    """The number of their sort of hours, by the zone of those who work by their own clock."""

    def above(self, minutes: int = 0) -> int:
        """Minutes above their share with so many more."""
        return max(0, self.load + minutes - self.share)

    def full(self, minutes: int = 0) -> int:
        """How full their time is with so many more minutes, per mille."""
        return (
            (self.load + minutes) * 1000 // self.person.capacity_minutes
            if self.person.capacity_minutes
            else 0
        )


@dataclass(frozen=True, slots=True)
class Option:
    """One way to place one person of a crew: the piece's number, the time's among its times, the person's."""

    piece: int
    stay: int
    person: int


@dataclass(frozen=True, slots=True)
class Model:
    """All ways to place that are looked at, and what excludes what, as numbers for a solver.

    Options are numbered from 0; -1, -2 … are visits that are there anyhow. A saving is how many minutes less on the
    way two visits take when one person goes straight from one to the other.
    """

    crews: tuple[int, ...]
    """How many people each piece needs."""
    stays: tuple[tuple[tuple[int, int], ...], ...]
    """For each piece and time: working days late, days until then."""
    options: tuple[Option, ...]
    travel: tuple[int, ...]
    """Minutes from home and back, by option."""
    minutes: tuple[int, ...]
    """Minutes of work, by piece."""
    cliques: tuple[tuple[int, ...], ...]
    """Options of which at most one can be."""
    savings: tuple[tuple[int, int, int], ...]
    """Node before, node after, minutes."""
    saved_anyhow: int
    """Minutes that the visits which are there anyhow save by lying beside each other."""
    loads: tuple[tuple[int, int], ...]
    """For each person, what is booked and their fair share."""
    leads: tuple[bool, ...]
    """Whether the person could lead, by option; every crew needs one who does."""
    hint: tuple[int, ...]
    """The options of the plan that is known."""
    is_whole: bool
    """Whether every start and person that breaks no rule is among the options."""


class Planner:
    """Answers about one problem; what costs time is worked out once."""

    def __init__(self, problem: Problem) -> None:
        """Prepare the people; the times of a piece are looked up when they are asked for."""
        self.problem = problem
        self._origin = problem.within.from_at.astimezone(UTC)
        self._end = -int(-((problem.within.to_at or self._origin) - self._origin) // MINUTE)
        self._spots: dict[Spot, int] = {}
        self._places: list[Spot] = []
        self._ways: dict[tuple[int, int], int] = {}
        self._stays: dict[str, tuple[_Stay, ...]] = {}
        self._ruled_out: dict[str, Counter[Rule]] = {}
        self._sorts: dict[Hashable, int] = {}
        self._known: dict[Hashable, tuple[Span[datetime], ...]] = {}
        self._pieces = {one.key: one for one in problem.pieces}
        wanted = sum(self._there(one) * one.work.crew for one in problem.pieces)
        self._desks = {one.key: self._desk(one) for one in problem.people}
        booked = sum(one.booked_minutes for one in problem.people)
        capacity = sum(one.capacity_minutes for one in problem.people)
        for desk in self._desks.values():
            desk.share = (booked + wanted) * desk.person.capacity_minutes // capacity if capacity else 0
        self._able = {one.key: self._able_for(one) for one in problem.pieces}
        self._offered: list[list[tuple[_Stay, list[str]]]] = []

    # ---------------------------------------------------------------- asked from outside

    def greedy(self) -> Plan:
        """Place what is due first at its best time, with who is best for it then; never fails.

        A time is better when it is less late, then adds less travel, then is fairer, then is earlier.
        """
        return self.completed(())

    def completed(self, plan: Plan) -> Plan:
        """Keep what of a plan breaks no rule, in its order, and place the rest as `greedy` does."""
        self._clear()
        kept: list[Placement] = []
        for one in plan:
            stay = self._stay_of(one)
            if stay is not None and self._fits(self._pieces[one.piece], stay, one.crew):
                self._put(one.piece, stay, one.crew)
                kept.append(one)
        there = {one.piece for one in kept}
        for piece in sorted(self.problem.pieces, key=self._urgency):
            found = None if piece.key in there else self._best(piece)
            if found is not None:
                kept.append(Placement(piece.key, found[0].span, found[1]))
                self._put(piece.key, *found)
        order = {one.key: number for number, one in enumerate(self.problem.pieces)}
        return tuple(sorted(kept, key=lambda one: order[one.piece]))

    def improved(self, plan: Plan, *, rounds: int = 3) -> Plan:
        """Take each piece out and place it where it is best beside all others, until nothing gets better.

        What breaks a rule is placed anew; the answer is never worse than what is left of the plan then.
        """
        plan = self.completed(plan)
        crews = {one.piece: one.crew for one in plan}
        stays = {one.piece: stay for one in plan if (stay := self._stay_of(one)) is not None}
        for _round in range(rounds):
            is_better = False
            for piece in sorted(self.problem.pieces, key=self._urgency):
                had = stays.get(piece.key)
                if had is not None:
                    self._take(piece.key, crews[piece.key])
                found = self._best(piece)
                if found is not None:
                    is_better |= had is None or (found[0].span, found[1]) != (had.span, crews[piece.key])
                    stays[piece.key], crews[piece.key] = found
                    self._put(piece.key, *found)
            if not is_better:
                break
        return tuple(
            Placement(one.key, stays[one.key].span, crews[one.key])
            for one in self.problem.pieces
            if one.key in stays
        )

    def measure(self, plan: Plan) -> Measure:
        """Say how good a plan is.

        :raises KeyError: when it places what the problem does not hold.
        """
        self._clear()
        late = waiting = 0
        before = sum(self._travel(desk) for desk in self._desks.values())
        for one in plan:
            stay = self._stay_of(one) or self._as_stay(self._pieces[one.piece], one.stay)
            late, waiting = late + stay.late, waiting + max(0, stay.a) // MINUTES_OF_DAY
            self._put(one.piece, stay, one.crew)
        travel = sum(self._travel(desk) for desk in self._desks.values()) - before
        unfair = sum(desk.above() for desk in self._desks.values())
        return Measure(len(self.problem.pieces) - len(plan), late, travel, unfair, waiting)

    def explain(self, plan: Plan) -> Mapping[str, Why | WhyNot]:
        """Say of every piece why it is placed as it is, or why it is left over."""
        self._clear()
        stays = {
            one.piece: self._stay_of(one) or self._as_stay(self._pieces[one.piece], one.stay) for one in plan
        }
        for one in plan:
            self._put(one.piece, stays[one.piece], one.crew)
        found: dict[str, Why | WhyNot] = {}
        for one in plan:
            self._take(one.piece, one.crew)
            found[one.piece] = self._why(self._pieces[one.piece], stays[one.piece], one.crew)
            self._put(one.piece, stays[one.piece], one.crew)
        for piece in self.problem.pieces:
            if piece.key not in found:
                found[piece.key] = self._why_not(piece)
        return found

    def bound(self) -> tuple[int, int]:
        """Say how many pieces are left over and how late the others are at least, whatever the plan."""
        self._clear()
        left = late = 0
        for piece in self.problem.pieces:
            found = (
                stay.late
                for stay in sorted(self._times(piece), key=lambda stay: stay.late)
                if self._is_crew(
                    piece, [one for one in self._able[piece.key] if self._against(piece, stay, one) is None]
                )
            )
            least = next(found, None)
            left, late = left + (least is None), late + (least or 0)
        return left, late

    def model(self, plan: Plan, *, most: int, with_ways: bool = True) -> Model:
        """List the ways to place each piece, for a solver, among them those of a plan.

        :param most: about so many options; with more, the later and the farther ones are left out.
        :param with_ways: whether to say what going straight from one visit to the next saves.
        """
        self._clear()
        people = list(self._desks.values())
        numbers = {key: number for number, key in enumerate(self._desks)}
        by_piece = {one.piece: one for one in plan}
        quota = max(20, most // max(1, len(self.problem.pieces)))
        options: list[Option] = []
        times: list[_Stay] = []
        hint: list[int] = []
        stays: list[tuple[tuple[int, int], ...]] = []
        is_whole = True
        self._offered = []
        for number, piece in enumerate(self.problem.pieces):
            chosen = by_piece.get(piece.key)
            found, all_there = self._ways_to_place(piece, quota, chosen)
            is_whole &= all_there
            self._offered.append(found)
            stays.append(tuple((stay.late, max(0, stay.a) // MINUTES_OF_DAY) for stay, _people in found))
            hinted = next((place for place, one in enumerate(found) if _holds(*one, chosen)), -1)
            for place, (stay, keys) in enumerate(found):
                for key in keys:
                    if chosen is not None and place == hinted and key in chosen.crew:
                        hint.append(len(options))
                    options.append(Option(number, place, numbers[key]))
                    times.append(stay)
        cliques, savings, saved_anyhow = self._relations(options, times, with_ways)
        return Model(
            crews=tuple(one.work.crew for one in self.problem.pieces),
            stays=tuple(stays),
            options=tuple(options),
            travel=tuple(self._from_home_and_back(one) for one in options),
            minutes=tuple(self._there(one) for one in self.problem.pieces),
            cliques=cliques,
            savings=savings,
            saved_anyhow=saved_anyhow,
            loads=tuple((desk.load, desk.share) for desk in self._desks.values()),
            leads=tuple(
                self._could_lead(self.problem.pieces[one.piece], people[one.person]) for one in options
            ),
            hint=tuple(hint),
            is_whole=is_whole,
        )

    def chosen(self, options: Iterable[Option]) -> Plan:
        """Make the plan that some options of the last `model` are; what is not whole is left out."""
        people, crews = list(self._desks), dict[tuple[int, int], list[str]]()
        for one in options:
            crews.setdefault((one.piece, one.stay), []).append(people[one.person])
        found = []
        for (number, place), crew in sorted(crews.items()):
            piece, stay = self.problem.pieces[number], self._offered[number][place][0]
            if len(crew) == piece.work.crew:
                found.append(Placement(piece.key, stay.span, tuple(sorted(crew))))
        return tuple(found)

    # ---------------------------------------------------------------- times of a piece

    def _times(self, piece: Piece) -> tuple[_Stay, ...]:
        """The times at which a piece can be done as far as the site, the customer and the plan go, in order."""
        if piece.key not in self._stays:
            ruled_out: Counter[Rule] = Counter()
            found = []
            for stay in (self._as_stay(piece, piece.stay),) if piece.stay else self._possible(piece):
                against = (
                    _against_begin(stay.span, piece.work)
                    if stay.is_free
                    else _rules(against_time(stay.span, piece.work))
                )
                ruled_out.update(against)
                if not against:
                    found.append(stay)
            found.sort(key=lambda stay: stay.a)
            self._stays[piece.key], self._ruled_out[piece.key] = tuple(found), ruled_out
        return self._stays[piece.key]

    def _possible(self, piece: Piece) -> Iterator[_Stay]:
        """Times that hold the piece's minutes: within a day of the site and of people, else over several.

        With those of a crew that last several days go the hours that all of it have to work.
        """
        work, length = piece.work, piece.minutes
        common = CommonHours(work, self.problem.within, self._known)
        frames = common.frames(desk.person for desk in self._able[piece.key])
        fits = any(one.fits(length) for one in frames)
        long = [one for one in frames if not one.fits(length)]
        days = [
            _SiteDay(day, self._minutes(planned), self._minutes(free))
            for day, (planned, free) in common.days().items()
        ]
        for session in common.sessions:
            starts = _starts(session.starts, self.problem.step)
            for begins in islice(starts, MOST_A_DAY) if fits else ():
                stay = worked(begins, length, session.opened)
                if stay is None:
                    break
                yield self._laid(piece, stay, days)
            seen: set[tuple[Span[datetime], tuple[Span[datetime], ...]]] = set()
            for frame in long:
                first = next(iter(common.begins(session, frame)), None)
                stay = worked(first.from_at, length, frame.open) if first is not None else None
                if stay is not None:
                    together = shared(frame.usual, (stay,)) if work.crew > 1 else ()
                    if (stay, together) not in seen:
                        seen.add((stay, together))
                        yield self._laid(piece, stay, days, together)

    def _laid(
        self,
        piece: Piece,
        span: Span[datetime],
        days: Sequence[_SiteDay],
        frame: tuple[Span[datetime], ...] = (),
    ) -> _Stay:
        """A stay that begins and ends when the site is planned to be open."""
        a, b = self._minute(span.from_at), self._minute_after(_end(span))
        place = bisect_right(days, a, key=_SiteDay.ends)
        touched: list[_SiteDay] = []
        while place < len(days) and days[place].planned[0][0] < b:
            one = days[place]
            if one.planned[0][0] < a or one.ends() > b:
                within = ((a, b),)
                one = _SiteDay(one.on, tuple(_shared(one.planned, within)), tuple(_shared(one.free, within)))
            touched.append(one)
            place += 1
        busy = [(a, b)]
        for before, one in pairwise(touched):
            if one.on - before.on > DAY:
                busy[-1] = busy[-1][0], before.ends()
                busy.append((one.planned[0][0], b))
        last = len(touched) - 1
        return _Stay(
            a,
            b,
            tuple(part for one in touched for part in one.planned),
            tuple(busy),
            touched[-1].on,
            max(0, _after(piece, touched[-1].on)),
            span,
            tuple(
                _Day(one.planned, one.free, number == 0, number == last) for number, one in enumerate(touched)
            )
            if last and _end(span) - span.from_at > LONGEST_SHIFT
            else (),
            self._minutes(frame),
            all(one.planned == one.free for one in touched),
        )

    def _as_stay(self, piece: Piece, span: Span[datetime]) -> _Stay:
        """A stay as it is there already."""
        there = self._minutes(presence(span, piece.work.site))
        last_on = (_end(span) - MINUTE).astimezone(piece.work.site.zone).date()
        late = 0 if piece.stay else max(0, _after(piece, last_on))
        a, b = self._minute(span.from_at), self._minute_after(_end(span))
        busy = [
            (self._minute(one.from_at), self._minute_after(_end(one))) for one in bound(span, piece.work.site)
        ]
        days = tuple(
            _Day(self._minutes(one.planned), self._minutes(one.free), one.is_first, one.is_last)
            for one in days_there(span, piece.work)
        )
        return _Stay(a, b, there, tuple(busy), last_on, late, span, days)

    def _minutes(self, spans: Iterable[Span[datetime]]) -> Minutes:
        return tuple((self._minute(one.from_at), self._minute(_end(one))) for one in spans)

    def _stay_of(self, one: Placement) -> _Stay | None:
        """Its time among those that are looked at; where it is there with several hours, with those of its crew."""
        piece = self._pieces[one.piece]
        found = [stay for stay in self._times(piece) if stay.span == one.stay]
        if len(found) > 1:
            crew = [self._desks[key] for key in one.crew if key in self._desks]
            found.sort(key=lambda stay: any(not self._is_at_work(piece, stay, desk) for desk in crew))
        return found[0] if found else None

    def _there(self, piece: Piece) -> int:
        return minutes_there(piece.stay, piece.work) if piece.stay else piece.minutes

    # ---------------------------------------------------------------- people

    def _desk(self, person: Person) -> _Desk:
        entries = [
            _Entry(
                self._minute(taken.span.from_at),
                self._minute_after(_end(taken.span)),
                taken.rule,
                -1 if taken.spot is None else self._number(taken.spot),
                taken.words,
                visit=taken.key,
            )
            for taken in person.taken
            if taken.rule in _BLOCKING
        ]
        return _Desk(person, self._number(person.home), sorted(entries, key=_begin), person.booked_minutes)

    def _able_for(self, piece: Piece) -> tuple[_Desk, ...]:
        """Who holds the skill, perhaps not to the end, and does not go already; one who goes alone has its level."""
        is_alone = piece.work.crew == 1
        return tuple(
            desk
            for key, desk in self._desks.items()
            if key not in piece.going
            and (not piece.work.skill or piece.work.skill in desk.person.skills)
            and (not is_alone or self._could_lead(piece, desk))
        )

    def _could_lead(self, piece: Piece, desk: _Desk) -> bool:
        """Whether somebody has the level that is asked for, or somebody goes already who has."""
        going = (self._desks[key].person for key in piece.going if key in self._desks)
        return any(_has_level(one, piece.work) for one in (desk.person, *going))

    def _is_crew(self, piece: Piece, desks: Collection[_Desk]) -> bool:
        """Whether these are enough people, and somebody among them could lead."""
        return len(desks) >= piece.work.crew and any(self._could_lead(piece, desk) for desk in desks)

    def _opened(self, desk: _Desk, work: Work) -> Minutes:
        """When somebody works at some work, around the problem's time."""
        zone = desk.person.hours.zone if work.is_remote else work.site.zone
        if zone not in desk.opened:
            around = Span(
                self._origin - timedelta(days=2), self._origin + (self._end + 2 * MINUTES_OF_DAY) * MINUTE
            )
            hours = hours_at(desk.person.hours, work)
            desk.opened[zone] = self._minutes(open_within(hours, around))
            desk.usual[zone] = (
                self._minutes(open_within(replace(hours, shut={}), around))
                if hours.shut
                else desk.opened[zone]
            )
        return desk.opened[zone]

    def _is_at_work(self, piece: Piece, stay: _Stay, desk: _Desk) -> bool:
        """Whether somebody's hours allow a time, and hold the work where it lasts several days."""
        opened = self._opened(desk, piece.work)
        if not stay.days:
            return _lie_in(stay.there, opened)
        asked = self._asked(piece, stay, desk)
        if not asked.is_at_work or (piece.stay is None and asked.minutes < piece.minutes):
            return False
        return _lie_in(stay.frame, opened)

    def _asked(self, piece: Piece, stay: _Stay, desk: _Desk) -> _Asked:
        """What a stay of several days asks of somebody, as `core/dispatch.py` says it."""
        work = piece.work
        zone = desk.person.hours.zone if work.is_remote else None
        if zone not in desk.sorts:
            hours = desk.person.hours
            sort = desk.person.key if hours.shut else sort_of_hours(hours, work)
            desk.sorts[zone] = self._sorts.setdefault(sort, len(self._sorts))
        key = desk.sorts[zone]
        if key not in stay.known:
            opened = self._opened(desk, work)
            stay.known[key] = _asked(stay, opened, desk.usual[zone or work.site.zone])
        return stay.known[key]

    def _against(self, piece: Piece, stay: _Stay, desk: _Desk) -> Rule | None:
        """The first rule that stands against sending somebody, or against what they have beside it.

        As `core/dispatch.py` says; what lies on the days off of a stay is asked there.
        """
        work = piece.work
        if work.skill:
            until = desk.person.skills[work.skill].until
            if until is not None and until < stay.last_on:
                return Rule.SKILL_EXPIRED
        there = self._asked(piece, stay, desk).there if stay.days else stay.there
        for entry in desk.entries:
            if entry.a >= stay.b:
                break
            if entry.b > stay.a and any(
                entry.b > a and entry.a < b for a, b in (there if entry.rule is Rule.LEAVE else stay.busy)
            ):
                return entry.rule
        if not self._is_at_work(piece, stay, desk):
            return Rule.HOURS
        if _is_within_days_off(stay, desk):
            return self._exactly(piece, stay, desk)
        if work.is_remote:
            return None if self._leaves_ways(stay, desk) else Rule.TRAVEL
        return None if self._can_travel(stay, self._number(work.spot), desk) else Rule.TRAVEL

    def _exactly(self, piece: Piece, stay: _Stay, desk: _Desk) -> Rule | None:
        """The same, asked of the core: what stands against it, and what it does to what is placed already."""
        placed = {key: _as_taken(one.span, self._pieces[key]) for key, one in desk.placed.items()}
        new = _as_taken(stay.span, piece)
        full = _with(desk.person, [one for each in placed.values() for one in each])
        for against in against_person(stay.span, piece.work, full):
            if against.rule is not Rule.SKILL_LEVEL:  # who leads is asked of the crew
                return against.rule
        for key, one in desk.placed.items():
            rest = [*new, *(taken for other, each in placed.items() if other != key for taken in each)]
            work = self._pieces[key].work
            if any(
                against.rule in _BESIDE
                for against in against_person(one.span, work, _with(desk.person, rest))
            ):
                return Rule.TRAVEL
        return Rule.TRAVEL if any(_newly_blocked(full, new)) else None

    def _leaves_ways(self, stay: _Stay, desk: _Desk) -> bool:
        """Whether a call lies on no way from the visit before it or to the one after that is free without it."""
        before, after = _around(stay.a, stay.b, desk)
        straight = (
            self._straight(before.spot, after.spot, after.a - before.b, desk)
            if before is not None and after is not None
            else None
        )
        for visit, coming in ((before, False), (after, True)):
            if visit is not None:
                minutes = self._way(desk.home, visit.spot) if straight is None else straight
                a, b = (visit.a - minutes, visit.a) if coming else (visit.b, visit.b + minutes)
                if a < stay.b and b > stay.a and not self._was_blocked(visit, desk, coming=coming):
                    return False
        return True

    def _can_travel(self, stay: _Stay, spot: int, desk: _Desk) -> bool:
        """Whether nothing lies on the ways there and back, nor on those from the visit before and to the one after."""
        before, after = _around(stay.a, stay.b, desk)
        there = back = self._way(desk.home, spot)
        if before is not None:
            straight = self._straight(before.spot, spot, stay.a - before.b, desk)
            there = there if straight is None else straight
            if self._is_blocked(before, straight, desk) and not self._was_blocked(before, desk):
                return False
        if after is not None:
            straight = self._straight(spot, after.spot, after.a - stay.b, desk)
            back = back if straight is None else straight
            if self._is_blocked(after, straight, desk, coming=True) and not self._was_blocked(
                after, desk, coming=True
            ):
                return False
        entries = [one for one in desk.entries if one.b <= stay.a or one.a >= stay.b]
        return not _overlaps(stay.a - there, stay.a, entries) and not _overlaps(
            stay.b, stay.b + back, entries
        )

    def _is_blocked(self, visit: _Entry, straight: int | None, desk: _Desk, *, coming: bool = False) -> bool:
        """Whether something lies on the way from a visit, or to it: straight, or home where that is `None`."""
        minutes = self._way(desk.home, visit.spot) if straight is None else straight
        span = (visit.a - minutes, visit.a) if coming else (visit.b, visit.b + minutes)
        return _overlaps(*span, [one for one in desk.entries if one.b <= visit.a or one.a >= visit.b])

    def _was_blocked(self, visit: _Entry, desk: _Desk, *, coming: bool = False) -> bool:
        """The same as it is before anything else is placed beside the visit."""
        before, after = _around(visit.a, visit.b, desk)
        other = before if coming else after
        if other is None:
            return self._is_blocked(visit, None, desk, coming=coming)
        pause = visit.a - other.b if coming else other.a - visit.b
        return self._is_blocked(
            visit, self._straight(other.spot, visit.spot, pause, desk), desk, coming=coming
        )

    def _straight(self, here: int, there: int, pause: int, desk: _Desk) -> int | None:
        """Minutes straight from one visit to the next, where there is no time to go home in between."""
        over_home = self._way(desk.home, here) + self._way(desk.home, there) + _NIGHT
        return self._way(here, there) if pause < over_home else None

    def _leg(self, before: _Entry | None, after: _Entry | None, desk: _Desk) -> int:
        """Minutes on the way between two visits, over home where there is time; `None` is home."""
        if before is None or after is None:
            one = before or after
            return 0 if one is None else self._way(desk.home, one.spot)
        if before.visit and before.visit == after.visit:
            return 0  # who has nothing else on days off stays
        straight = self._straight(before.spot, after.spot, after.a - before.b, desk)
        if straight is not None:
            return straight
        return self._way(desk.home, before.spot) + self._way(desk.home, after.spot)

    def _travel(self, desk: _Desk, also: Iterable[_Entry] = ()) -> int:
        every = sorted((*desk.entries, *also), key=_begin) if also else desk.entries
        visits: list[_Entry | None] = [None, *(one for one in every if _is_visit(one)), None]
        return sum(self._leg(before, after, desk) for before, after in pairwise(visits))

    def _added(self, piece: Piece, stay: _Stay, desk: _Desk) -> int:
        """Minutes on the way that a piece adds for somebody."""
        if piece.work.is_remote:
            return 0
        if len(stay.busy) > 1 and _is_within_days_off(stay, desk):
            return self._travel(desk, self._entries(piece, stay)) - self._travel(desk)
        before, after = _around(stay.a, stay.b, desk)
        new = _Entry(stay.a, stay.b, Rule.VISIT, self._number(piece.work.spot), "")
        return self._leg(before, new, desk) + self._leg(new, after, desk) - self._leg(before, after, desk)

    # ---------------------------------------------------------------- placing

    def _urgency(self, piece: Piece) -> tuple[object, ...]:
        """What has one time only, then what is due first, then what few can do, then what takes long."""
        spare = len(self._able[piece.key]) - piece.work.crew
        return piece.stay is None, piece.deadline or date.max, spare, -piece.minutes, piece.key

    def _fits(self, piece: Piece, stay: _Stay, crew: Sequence[str]) -> bool:
        able = {desk.person.key for desk in self._able[piece.key]}
        return (
            len(set(crew)) == len(crew) == piece.work.crew
            and able.issuperset(crew)
            and self._is_crew(piece, [self._desks[key] for key in crew])
            and all(self._against(piece, stay, self._desks[key]) is None for key in crew)
        )

    def _best(self, piece: Piece) -> tuple[_Stay, tuple[str, ...]] | None:
        """The best time and crew for a piece beside what is placed; `None` when there is none."""
        best: tuple[tuple[int, int, int, int], _Stay, tuple[str, ...]] | None = None
        if not self._is_crew(piece, self._able[piece.key]):
            return None
        for stay in self._times(piece):
            if best is not None and stay.late > best[0][0]:
                continue
            crew = self._crew(piece, stay)
            if crew is not None:
                travel = sum(one[0] for one in crew)
                unfair = sum(one[1] for one in crew)
                worth = stay.late, travel, unfair, stay.a
                if best is None or worth < best[0]:
                    best = worth, stay, tuple(sorted(one[-1] for one in crew))
        return None if best is None else best[1:]

    def _crew(self, piece: Piece, stay: _Stay) -> list[tuple[int, int, int, str, str]] | None:
        """Who adds the least travel, then is fairest to send; `None` when too few can go."""
        minutes = self._there(piece)
        free = sorted(
            (
                self._added(piece, stay, desk),
                desk.above(minutes) - desk.above(),
                desk.full(minutes),
                desk.person.name,
                desk.person.key,
            )
            for desk in self._able[piece.key]
            if self._against(piece, stay, desk) is None
        )
        leads = next((one for one in free if self._could_lead(piece, self._desks[one[-1]])), None)
        if leads is None or len(free) < piece.work.crew:
            return None
        return [leads, *(one for one in free if one is not leads)][: piece.work.crew]

    def _put(self, key: str, stay: _Stay, crew: Iterable[str]) -> None:
        piece = self._pieces[key]
        for one in crew:
            desk = self._desks[one]
            desk.entries += self._entries(piece, stay)
            desk.entries.sort(key=_begin)
            desk.load += self._there(piece)
            desk.placed[key] = stay

    def _entries(self, piece: Piece, stay: _Stay) -> list[_Entry]:
        spot = -1 if piece.work.is_remote else self._number(piece.work.spot)
        return [_Entry(a, b, Rule.VISIT, spot, piece.title, piece.key, piece.key) for a, b in stay.busy]

    def _take(self, key: str, crew: Iterable[str]) -> None:
        for one in crew:
            desk = self._desks[one]
            desk.entries = [entry for entry in desk.entries if entry.piece != key]
            desk.load -= self._there(self._pieces[key])
            desk.placed.pop(key, None)

    def _clear(self) -> None:
        for desk in self._desks.values():
            desk.entries = [entry for entry in desk.entries if not entry.piece]
            desk.load = desk.person.booked_minutes
            desk.placed.clear()

    # ---------------------------------------------------------------- reasons

    def _why(self, piece: Piece, stay: _Stay, crew: Sequence[str]) -> Why:
        minutes, members, beside = self._there(piece), [], []
        for desk in self._able[piece.key]:
            key, full = desk.person.key, desk.full(minutes)
            if key in crew:
                before = None if piece.work.is_remote else _around(stay.a, stay.b, desk)[0]
                spot = self._number(piece.work.spot)
                pause = stay.a - before.b if before else 0
                straight = before is not None and self._straight(before.spot, spot, pause, desk) is not None
                comes_from = before.words if before is not None and straight else ""
                members.append(Member(key, self._added(piece, stay, desk), full, comes_from))
            elif (rule := self._against(piece, stay, desk)) is not None:
                beside.append(Beside(key, rule))
            else:
                beside.append(Beside(key, None, self._added(piece, stay, desk), full))
        beside.sort(key=lambda one: (one.rule is not None, one.travel, one.load, one.person))
        blocked, possible, rules = self._days_before(piece, stay)
        late = 0 if piece.stay else _after(piece, stay.last_on)
        return Why(late, tuple(members), tuple(beside), blocked, tuple(rules.most_common()), possible)

    def _days_before(self, piece: Piece, stay: _Stay) -> tuple[int, int, Counter[Rule]]:
        """Days before on which no crew could go and on which one could, and what stood against people."""
        rules: Counter[Rule] = Counter()
        days: dict[date, bool] = {}
        for one in self._times(piece):
            if one.a >= stay.a:
                break
            day = one.span.from_at.astimezone(piece.work.site.zone).date()
            against = [self._against(piece, one, desk) for desk in self._able[piece.key]]
            rules.update(rule for rule in against if rule is not None)
            free = [desk for desk, rule in zip(self._able[piece.key], against, strict=True) if rule is None]
            days[day] = days.get(day, False) or self._is_crew(piece, free)
        days.pop(stay.span.from_at.astimezone(piece.work.site.zone).date(), None)
        return list(days.values()).count(False), list(days.values()).count(True), rules

    def _why_not(self, piece: Piece) -> WhyNot:
        times, able, people = self._times(piece), self._able[piece.key], []
        if not self._is_crew(piece, able):
            keys = {desk.person.key for desk in able if self._could_lead(piece, desk)}
            for key, desk in self._desks.items():
                if key not in keys | piece.going:
                    held = desk.person.skills.get(piece.work.skill)
                    people.append((key, Rule.SKILL_MISSING if held is None else Rule.SKILL_LEVEL))
        for desk in able if self._is_crew(piece, able) else ():
            against = Counter(self._against(piece, stay, desk) for stay in times)
            against.pop(None, None)
            if against:
                rule = against.most_common(1)[0][0]
                assert rule is not None  # noqa: S101 # what was taken out above
                people.append((desk.person.key, rule))
        out = tuple(self._ruled_out[piece.key].most_common())
        return WhyNot(len(times), out, len(able), piece.work.crew, tuple(people))

    # ---------------------------------------------------------------- for a solver

    def _ways_to_place(
        self, piece: Piece, quota: int, chosen: Placement | None
    ) -> tuple[list[tuple[_Stay, list[str]]], bool]:
        """Times and who can go then beside what is there anyhow, and whether these are all of them.

        Where they are more than `quota`, the first of each day and the nearest people; the plan's own in any case.
        """
        found: list[tuple[_Stay, list[str]]] = []
        for stay in self._times(piece):
            free = [desk for desk in self._able[piece.key] if self._against(piece, stay, desk) is None]
            if self._is_crew(piece, free):
                found.append((stay, [desk.person.key for desk in free]))
        if sum(len(people) for _stay, people in found) <= quota:
            return found, True
        spot = self._number(piece.work.spot)
        near = {desk.person.key: self._way(desk.home, spot) for desk in self._able[piece.key]}
        most, left = max(piece.work.crew + 5, quota // 24), quota
        kept: list[tuple[_Stay, list[str]]] = []
        last: date | None = None
        for stay, people in sorted(found, key=lambda one: (one[0].late, one[0].a)):
            by_way = sorted(people, key=lambda key: (near[key], key))
            leads = next(key for key in by_way if self._could_lead(piece, self._desks[key]))
            best = [leads, *(key for key in by_way if key != leads)][:most]
            if chosen is not None and _holds(stay, people, chosen):
                kept.append((stay, sorted({*best, *chosen.crew}.intersection(people))))
            elif left > 0 and last != stay.last_on:
                kept.append((stay, best))
                left, last = left - len(best), stay.last_on
        return kept, False

    def _from_home_and_back(self, option: Option) -> int:
        if self._work_of(option).is_remote:
            return 0
        home = self._number(self.problem.people[option.person].home)
        return 2 * self._way(home, self._number(self._work_of(option).spot))

    def _relations(
        self, options: Sequence[Option], times: Sequence[_Stay], with_ways: bool
    ) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, int, int], ...], int]:
        """What of each person's options excludes what, what is saved between visits, and what is saved anyhow."""
        by_person: dict[int, list[int]] = {}
        for number, option in enumerate(options):
            by_person.setdefault(option.person, []).append(number)
        cliques: list[tuple[int, ...]] = []
        savings: list[tuple[int, int, int]] = []
        saved_anyhow = fixed = 0
        for person, desk in enumerate(self._desks.values()):
            mine = sorted(by_person.get(person, ()), key=lambda number: (times[number].a, number))
            nodes = [
                (number, times[number].a, times[number].b, self._number(self._work_of(options[number]).spot))
                for number in mine
                if not self._work_of(options[number]).is_remote
            ]
            cliques += _at_once(sorted((a, b, number) for number in mine for a, b in times[number].busy))
            for entry in desk.entries:
                if _is_visit(entry):
                    fixed -= 1
                    nodes.append((fixed, entry.a, entry.b, entry.spot))
            nodes.sort(key=lambda node: node[1])
            self._relate(desk, nodes, options, cliques, savings if with_ways else None)
            saved_anyhow += self._saved_anyhow(desk)
        return tuple(cliques), tuple(savings), saved_anyhow

    def _relate(
        self,
        desk: _Desk,
        nodes: Sequence[tuple[int, int, int, int]],
        options: Sequence[Option],
        cliques: list[tuple[int, ...]],
        savings: list[tuple[int, int, int]] | None,
    ) -> None:
        """Note what cannot be done one after the other for want of time on the way, and what going straight saves."""
        farthest = max((self._way(desk.home, node[3]) for node in nodes), default=0)
        reach = 2 * farthest + (0 if savings is None else _NIGHT)
        others = [entry for entry in desk.entries if not _is_visit(entry)]
        for place, (here, _a, ends, spot) in enumerate(nodes):
            for there, begins, _b, to_spot in nodes[place + 1 :]:
                if begins - ends >= reach:
                    break
                if begins < ends or (
                    here >= 0 and there >= 0 and options[here].piece == options[there].piece
                ):
                    continue
                straight = self._straight(spot, to_spot, begins - ends, desk)
                if straight is None:
                    continue
                is_free = begins - ends >= straight and not (
                    _overlaps(ends, ends + straight, others) or _overlaps(begins - straight, begins, others)
                )
                if is_free or (here < 0 and there < 0):
                    saved = self._way(desk.home, spot) + self._way(desk.home, to_spot) - straight
                    if saved > 0 and savings is not None:
                        savings.append((here, there, saved))
                elif here >= 0 and there >= 0:
                    cliques.append((here, there))

    def _saved_anyhow(self, desk: _Desk) -> int:
        visits = [one for one in desk.entries if _is_visit(one)]
        return sum(2 * self._way(desk.home, one.spot) for one in visits) - self._travel(desk)

    def _work_of(self, option: Option) -> Work:
        return self.problem.pieces[option.piece].work

    # ---------------------------------------------------------------- minutes and places

    def _minute(self, at: datetime) -> int:
        return (at - self._origin) // MINUTE

    def _minute_after(self, at: datetime) -> int:
        return -((self._origin - at) // MINUTE)

    def _number(self, spot: Spot) -> int:
        """The number of a place; one that is not known well is another place each time."""
        if spot not in self._spots:
            self._spots[spot] = len(self._places)
            self._places.append(spot)
        return self._spots[spot]

    def _way(self, here: int, there: int) -> int:
        key = (here, there) if here <= there else (there, here)
        if key not in self._ways:
            self._ways[key] = way(self._places[here], self._places[there]).minutes
        return self._ways[key]


def breaks(problem: Problem, plan: Plan) -> tuple[Break, ...]:
    """Say which rules a plan breaks: each placement beside all others, and what was booked before beside them.

    Nothing of it is remembered or approximated; it asks `core/dispatch.py` of every person's whole diary.
    """
    pieces = {one.key: one for one in problem.pieces}
    people = {one.key: one for one in problem.people}
    found: list[Break] = []
    seen: set[str] = set()
    for one in plan:
        piece = pieces.get(one.piece)
        if piece is None or one.piece in seen or not people.keys() >= set(one.crew):
            found.append(Break(one.piece, "", "placed twice, or not asked for"))
            continue
        seen.add(one.piece)
        found += [Break(one.piece, "", text) for text in _misplaced(problem, piece, one)]
        crew = [_with(people[key], _given(plan, pieces, key, but=one.piece)) for key in one.crew]
        there = [people[key] for key in piece.going if key in people]  # one of them may lead
        for about, what in against_crew(one.stay, piece.work, [*crew, *there]):
            if about is None or about.key in one.crew:
                found.append(Break(one.piece, about.key if about else "", what))
    for key, person in people.items():
        given = _given(plan, pieces, key)
        if given:
            found += [Break("", key, what) for what in _newly_blocked(person, given)]
    return tuple(found)


def _has_level(person: Person, work: Work) -> bool:
    held = person.skills.get(work.skill)
    return not work.skill or (held is not None and held.level >= work.level)


def _misplaced(problem: Problem, piece: Piece, one: Placement) -> Iterator[str]:
    if len(one.crew) != piece.work.crew or len(set(one.crew)) < len(one.crew):
        yield "another number of people than asked for"
    if piece.going.intersection(one.crew):
        yield "somebody is sent who goes already"
    if piece.stay is not None and one.stay != piece.stay:
        yield "another time than it has"
    if piece.stay is None:
        if one.stay.from_at < problem.within.from_at or _end(one.stay) > _end(problem.within):
            yield "outside the time that may be planned"
        hours = [person.hours for person in problem.people if person.key in one.crew]
        if minutes_there(one.stay, piece.work, hours) < piece.minutes:
            yield "less time than it takes"


def _given(plan: Plan, pieces: Mapping[str, Piece], person: str, *, but: str = "") -> list[Taken]:
    return [
        taken
        for one in plan
        if person in one.crew and one.piece != but and one.piece in pieces
        for taken in _as_taken(one.stay, pieces[one.piece])
    ]


def _as_taken(stay: Span[datetime], piece: Piece) -> list[Taken]:
    """What a piece takes of who is sent, as it will be booked: days off in between are free."""
    spot = None if piece.work.is_remote else piece.work.spot
    return [Taken(span, Rule.VISIT, piece.title, spot, piece.key) for span in bound(stay, piece.work.site)]


def _with(person: Person, given: Iterable[Taken]) -> Person:
    return replace(person, taken=tuple(sorted((*person.taken, *given), key=lambda one: one.span.from_at)))


def _newly_blocked(person: Person, given: Sequence[Taken]) -> Iterator[Objection]:
    """Ways of visits that were there before and that a plan makes impossible."""
    for number, visit in enumerate(person.taken):
        if visit.rule is Rule.VISIT and visit.spot is not None:
            rest = replace(person, taken=person.taken[:number] + person.taken[number + 1 :])
            always = Place("", UTC, dict.fromkeys(range(7), (Hours(0, MINUTES_OF_DAY),)))
            work = Work(always, visit.spot)
            was = {_where(one, visit) for one in against_person(visit.span, work, rest)}
            for one in against_person(visit.span, work, _with(rest, given)):
                if one.rule in _BESIDE and _where(one, visit) not in was:
                    yield one


def _where(one: Objection, visit: Taken) -> tuple[Rule, bool]:
    """Which rule it is, and whether on the way there: one that was blocked anyhow says nothing of the way back."""
    return one.rule, one.span.from_at < visit.span.from_at


def _at_once(stretches: Sequence[tuple[int, int, int]]) -> list[tuple[int, ...]]:
    """The largest sets of stays that share a moment, of their stretches in order: begin, end, which stay."""
    found: list[tuple[int, ...]] = []
    active: list[tuple[int, int]] = []
    for a, b, number in stretches:
        if any(ends <= a for ends, _other in active):
            if len(active) > 1:
                found.append(tuple(other for _ends, other in active))
            active = [one for one in active if one[0] > a]
        active.append((b, number))
    if len(active) > 1:
        found.append(tuple(other for _ends, other in active))
    return found


def _after(piece: Piece, last_on: date) -> int:
    """Working days from the deadline to the day on which it ends; negative before it, 0 without one."""
    if piece.deadline is None:
        return 0
    if piece.days is None:
        return (last_on - piece.deadline).days
    return workdays_between(piece.days, piece.deadline, last_on)


def _against_begin(span: Span[datetime], work: Work) -> list[Rule]:
    found = [Rule.GATE] if work.held_by else []
    if work.not_before is not None and span.from_at < work.not_before:
        found.append(Rule.PREREQUISITE)
    return found


def _rules(found: Iterable[Objection]) -> list[Rule]:
    return sorted({one.rule for one in found}, key=lambda rule: rule.value)


def _starts(opened: Iterable[Span[datetime]], step: int) -> Iterator[datetime]:
    for span in opened:
        starts = span.from_at
        while starts < _end(span):
            yield starts
            starts += step * MINUTE


def _holds(stay: _Stay, people: Collection[str], chosen: Placement | None) -> bool:
    """Whether a plan places a piece at this time, with some of these people."""
    return chosen is not None and stay.span == chosen.stay and set(chosen.crew) <= set(people)


def _lie_in(spans: Minutes, opened: Minutes) -> bool:
    """Whether all of some stretches lie in others."""
    for a, b in spans:
        place = bisect_right(opened, a, key=_first) - 1
        if place < 0 or opened[place][1] < b:
            return False
    return True


def _shared(ours: Iterable[tuple[int, int]], theirs: Minutes) -> list[tuple[int, int]]:
    """What stretches share with others, in order."""
    found = []
    for a, b in ours:
        place = max(0, bisect_right(theirs, a, key=_first) - 1)
        while place < len(theirs) and theirs[place][0] < b:
            begins, ends = max(a, theirs[place][0]), min(b, theirs[place][1])
            if begins < ends:
                found.append((begins, ends))
            place += 1
    return found


def _asked(stay: _Stay, opened: Minutes, usual: Minutes) -> _Asked:
    """What a stay of several days asks of who works in these minutes, and usually in those."""
    there: list[tuple[int, int]] = []
    minutes, is_at_work = 0, True
    for day in stay.days:
        mine = _shared(day.free, opened)
        of_day = _long(_shared(day.planned, usual) if day.is_first or day.is_last else day.planned)
        length = _long(mine)
        if not mine or length < min(_ENOUGH, of_day / 2):
            must, there_of_day = list(day.planned), list(day.planned)
            length = _long(day.planned)
        else:
            must = _shared(day.planned, ((stay.a, mine[0][0]),)) if day.is_first else []
            must += _shared(day.planned, ((mine[-1][1], stay.b),)) if day.is_last else []
            there_of_day = [*_shared(day.free, usual), *must]
        minutes += length
        there += there_of_day
        is_at_work &= _lie_in(tuple(must), opened)
    return _Asked(tuple(there), minutes, is_at_work)


def _long(spans: Iterable[tuple[int, int]]) -> int:
    return sum(b - a for a, b in spans)


def _first(span: tuple[int, int]) -> int:
    return span[0]


def _around(a: int, b: int, desk: _Desk) -> tuple[_Entry | None, _Entry | None]:
    """The visits before and after a stretch."""
    before = after = None
    for entry in desk.entries:
        if not _is_visit(entry):
            continue
        if entry.b <= a and (before is None or entry.b >= before.b):
            before = entry
        if entry.a >= b:
            after = entry
            break
    return before, after


def _is_within_days_off(stay: _Stay, desk: _Desk) -> bool:
    """Whether somebody has something on the days off within a stay, or it lies on those of what is placed."""
    for (_a, begins), (ends, _b) in pairwise(stay.busy):
        if any(entry.a < ends and entry.b > begins for entry in desk.entries):
            return True
    return any(
        begins < stay.b and ends > stay.a
        for one in desk.placed.values()
        for (_a, begins), (ends, _b) in pairwise(one.busy)
    )


def _is_visit(entry: _Entry) -> bool:
    return entry.rule is Rule.VISIT and entry.spot >= 0


def _overlaps(a: int, b: int, entries: Iterable[_Entry]) -> bool:
    return any(entry.a < b and entry.b > a for entry in entries)


def _begin(entry: _Entry) -> tuple[int, int]:
    return entry.a, entry.b


def _end(span: Span[datetime]) -> datetime:
    if span.to_at is None:
        raise ValueError("This stretch of time never ends.")
    return span.to_at
