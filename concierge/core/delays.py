"""The ledger of lost days: who cost which working day between the baseline's end and the real one.

It walks forward through the project, window by window. On each day the plan is laid out with nothing but the
facts known by then, so that the end moves only for what happened on that day; the working days by which it
moves are booked to whoever held the driving chain on that day. A day that is won back releases what was
booked last. So every working day after the baseline's end, up to the end that is forecast or has come, has
exactly one booking, whatever the order in which anything was entered.

The method is the contemporaneous one that delay analysts use; its rules stand beside the functions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from concierge.core.schedule import JUST_IN_TIME, Plan, Step, lay_out
from concierge.core.worktime import DAY, WorkCalendar, workdays_between


class Party(StrEnum):
    """To whom a lost day is booked."""

    CUSTOMER = "customer"
    US = "us"
    CARRIER = "carrier or customs"
    SUPPLIER = "supplier"
    AGREED = "agreed change"
    CONCURRENT = "concurrent"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Work:
    """A step as the baseline had it, with what has happened since, and who is accountable for it.

    `party` answers for days that the step loses without any entered cause; `Party.NONE` when nobody does.
    """

    step: Step
    party: Party = Party.NONE
    team: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that costs days, as a person entered it; both days count, a `last_on` of None lasts.

    A `step` of None means the whole project. `is_hold` closes its days: nobody works on any of them, and
    while it lasts no plan counts on work until after `expected_last_on`. `ref` names the entry, so that a
    booking can lead to it.
    """

    party: Party
    first_on: date
    last_on: date | None = None
    step: str | None = None
    team: str = ""
    cause: str = ""
    ref: str = ""
    is_hold: bool = False
    expected_last_on: date | None = None

    def touches(self, first_on: date, last_on: date) -> bool:
        """Whether it costs any of these days, both counted."""
        return self.first_on <= last_on and (self.last_on is None or first_on <= self.last_on)


@dataclass(frozen=True, slots=True)
class Closing:
    """Days that were taken out of working calendars after the baseline, known from the day `on`.

    `days` are those of each calendar by its name. `ref` names what made them known.
    """

    on: date
    days: Mapping[str, frozenset[date]]
    party: Party = Party.NONE
    team: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a person changed in the plan after the baseline: fields of one step, known from a day on.

    `values` are names and values of `Step`'s fields, such as ``("not_before", day)``. `is_agreed` says that
    the customer asked for it or agreed. Changes of one day count in the order of `number`.
    """

    step: str
    on: date
    values: tuple[tuple[str, Any], ...]  # Any: a date, a length, links
    is_agreed: bool = False
    number: int = 0
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """All that the ledger is computed from.

    `calendars` are those of the plan without its holds and `closings`; `counted_in` is the one in which slip
    is counted, as it is today.
    `taken_on` is the day of the baseline, `baseline_on` the end it promised, `end_on` the end that is
    forecast or has come, and `until` today, or the day of the end. `options` go to `lay_out` as they are.
    """

    works: Sequence[Work]
    end: str
    calendars: Mapping[str, WorkCalendar]
    counted_in: WorkCalendar
    start_on: date
    taken_on: date
    baseline_on: date
    end_on: date
    until: date
    causes: Sequence[Cause] = ()
    changes: Sequence[Change] = ()
    closings: Sequence[Closing] = ()
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: keyword arguments of lay_out
    options_since: date | None = None
    options_before: Mapping[str, Any] = field(default_factory=dict)  # Any: as above
    """Other options that were in force until after the day `options_since`; None: never."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One lost working day, `day`, lost by what happened on `lost_on`.

    A day that was held or closed is lost on that day itself, even if it was known before or lies ahead; so
    each day of a hold is lost on a day of its own. Everything else is lost on the day on which it was known.
    `step` is the milestone that held the driving chain, None when the plan itself was changed. `parties` are
    those at once when it is concurrent, else the one. `refs` lead to the entries that explain it.
    """

    day: date
    party: Party
    lost_on: date
    step: str | None = None
    team: str = ""
    cause: str = ""
    parties: tuple[Party, ...] = ()
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WonBack:
    """Working days that what happened on a day brought back."""

    on: date
    workdays: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Each lost working day with its booking, by day; `gained_workdays` is how far the end came early."""

    bookings: tuple[Booking, ...]
    won_back: tuple[WonBack, ...] = ()
    gained_workdays: int = 0

    @property
    def slip_workdays(self) -> int:
        """Working days from the baseline's end to the real one; negative is early."""
        return len(self.bookings) - self.gained_workdays

    def by_party(self) -> dict[tuple[Party, str], int]:
        """How many days each party and team has, most first."""
        counts: dict[tuple[Party, str], int] = {}
        for one in self.bookings:
            counts[one.party, one.team] = counts.get((one.party, one.team), 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def ledger(course: Course) -> Ledger:
    """Book every working day between the baseline's end and the real one.

    :raises ValueError: when the plan cannot be laid out, or has no step with the key of its end.
    """
    windows = _Windows(course)
    books = _Books(course)
    plan = windows.plan_on(course.taken_on)
    books.move_to(windows.end_of(plan), on=course.taken_on, holders=_nobody)
    day = course.taken_on
    while (day := windows.next_window(plan, day)) < course.until:
        plan = _pass_day(windows, books, plan, windows.plan_on(day + DAY), day)
        day += DAY
    if course.taken_on <= course.until:
        plan = _pass_day(windows, books, plan, windows.plan_at_last(), course.until)
    books.move_to(course.end_on, on=course.until, holders=_nobody)
    return books.closed(windows.causes)


def _pass_day(windows: "_Windows", books: "_Books", before: Plan, after: Plan, day: date) -> Plan:
    """Book what one day did to the end: first the days that became known to be closed, then the rest."""
    if any(one.on == day for one in windows.closings):
        closed = windows.plan_on(day, closings_before=day + DAY)
        before = _pass(windows, books, before, closed, day, by_closing=True)
    return _pass(windows, books, before, after, day)


def _pass(
    windows: "_Windows", books: "_Books", before: Plan, after: Plan, day: date, *, by_closing: bool = False
) -> Plan:
    def holders(lost: Sequence[date]) -> list["_Owner"]:
        return _owners(windows, books, before, after, day, lost, by_closing=by_closing)

    books.move_to(windows.end_of(after), on=day, holders=holders)
    return after


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who owns a lost day, before it is written down."""

    party: Party
    step: str | None = None
    team: str = ""
    cause: str = ""
    parties: tuple[Party, ...] = ()
    causes: tuple[int, ...] = ()
    refs: tuple[str, ...] = ()
    lost_on: date | None = None
    """The idle day that cost it; None: the day on which it was known."""


_NOBODY = _Owner(Party.NONE)


def _nobody(lost: Sequence[date]) -> list[_Owner]:
    return [_NOBODY for _ in lost]


class _Windows:
    """Layouts of one plan as it was known on each day."""

    def __init__(self, course: Course) -> None:
        works = {work.step.key: work for work in course.works}
        if course.end not in works:
            raise ValueError(f"The plan has no step “{course.end}” to measure its end by.")
        wanted = _upstream(works, course)
        self.course = course
        self.works = {key: works[key] for key in sorted(wanted)}
        self.causes = sorted(
            course.causes, key=lambda one: (one.first_on, one.step or "", one.party, one.cause, one.ref)
        )
        self.changes = sorted(course.changes, key=lambda one: (one.on, one.number, one.step, one.ref))
        self.closings = sorted(course.closings, key=lambda one: (one.on, one.ref, one.party))
        self._holds = [one for one in self.causes if one.is_hold]
        held = {
            day
            for hold in self._holds
            for day in _days(
                hold.first_on, min(hold.last_on + DAY if hold.last_on else course.until, course.until)
            )
        }
        facts = {
            day
            for work in self.works.values()
            for day in (work.step.started_on, work.step.finished_on)
            if day is not None
        }
        since = {course.options_since} if course.options_since else set()
        known = {change.on for change in self.changes} | {closing.on for closing in self.closings}
        self._busy = sorted(facts | known | held | since)
        self._calendars: dict[tuple[int, tuple[tuple[date, date], ...]], Mapping[str, WorkCalendar]] = {}

    def plan_on(self, today: date, *, closings_before: date | None = None) -> Plan:
        """The plan as it was on the morning of a day, with what was known from the days before.

        :param closings_before: with the days that became known to be closed before this one.
        """
        return self._lay(
            self._known(before=today), today, closed_before=today, closings_before=closings_before
        )

    def plan_at_last(self) -> Plan:
        """The plan on the last day, with everything that is known."""
        after = self.course.until + DAY
        return self._lay(self._known(before=after), self.course.until, closed_before=after)

    def plan_but_for(
        self, today: date, mover: str, moved: Plan, *, closings_before: date | None = None
    ) -> Plan:
        """The plan of a morning, if only one of its steps were to move to where another plan has it."""
        place = moved.placed[mover]
        steps = [
            replace(step, started_on=place.start_on, finished_on=place.finish_on)
            if step.key == mover
            else step
            for step in self._known(before=today)
        ]
        return self._lay(steps, today, closed_before=today, closings_before=closings_before)

    def end_of(self, plan: Plan) -> date:
        """When a plan ends."""
        return plan.placed[self.course.end].finish_on

    def next_window(self, plan: Plan, day: date) -> date:
        """The first day from one on that can move anything: something is known, done, or left undone on it."""
        waits = self.course.until
        for key, place in plan.placed.items():
            step = self.works[key].step
            if step.finished_on is None or step.finished_on >= day:
                has_begun = step.started_on is not None and step.started_on < day
                waits = min(waits, place.finish_on if has_begun else place.start_on)
        known = next((busy for busy in self._busy if busy >= day), waits)
        return max(day, min(waits, known))

    def _known(self, *, before: date) -> list[Step]:
        changed: dict[str, dict[str, Any]] = {}  # Any: values of Step's fields
        for change in self.changes:
            if change.on < before and change.step in self.works:
                changed.setdefault(change.step, {}).update(change.values)
        return [
            replace(
                work.step,
                **changed.get(key, {}),
                started_on=_if_before(work.step.started_on, before),
                finished_on=_if_before(work.step.finished_on, before),
            )
            for key, work in self.works.items()
        ]

    def _lay(
        self,
        steps: Iterable[Step],
        today: date,
        *,
        closed_before: date,
        closings_before: date | None = None,
    ) -> Plan:
        return lay_out(
            steps,
            calendars=self._open_on(closed_before, closings_before or closed_before),
            start_on=self.course.start_on,
            today=today,
            **self._options(closed_before),
        )

    def _options(self, before: date) -> Mapping[str, Any]:  # Any: keyword arguments of lay_out
        since = self.course.options_since
        return self.course.options if since is None or since < before else self.course.options_before

    def idle_days(self, mover: str, closed: Iterable[date], first_on: date, last_on: date) -> list[date]:
        """Those among some closed days on which a step would have been worked on."""
        calendar = self.course.calendars[self.works[mover].step.calendar]
        return sorted(day for day in {*closed} if first_on <= day <= last_on and calendar.is_workday(day))

    def _open_on(self, before: date, closings_before: date) -> Mapping[str, WorkCalendar]:
        """The calendars with the days that were known to be held or closed, by what was known before a day."""
        held = tuple(
            (hold.first_on, _held_until(hold, before)) for hold in self._holds if hold.first_on < before
        )
        known = [one for one in self.closings if one.on < closings_before]
        if not held and not known:
            return self.course.calendars
        key = len(known), held
        if key not in self._calendars:
            rest = dict.fromkeys((day for first, last in held for day in _days(first, last)), "hold")
            self._calendars[key] = {
                name: replace(
                    calendar,
                    closed={
                        **rest,
                        **{day: "closed" for one in known for day in one.days.get(name, ())},
                        **calendar.closed,
                    },
                )
                for name, calendar in self.course.calendars.items()
            }
        return self._calendars[key]


class _Books:
    """The bookings so far: a stack, its last day on top."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.end_on = course.baseline_on
        self.written: list[tuple[Booking, tuple[int, ...]]] = []
        self.won_back: list[WonBack] = []
        self.spent: dict[int, int] = {}
        """How many days each cause has been booked for, by its number."""

    def move_to(self, end_on: date, *, on: date, holders: Callable[[Sequence[date]], list[_Owner]]) -> None:
        """Let the end move: book the days that are lost by it, or release those that are won."""
        floor = self.course.baseline_on
        lost = _workdays(self.course.counted_in, max(self.end_on, floor), max(end_on, floor))
        if lost:
            for day, owner in zip(lost, holders(lost), strict=True):
                self._write(day, on, owner)
        released = 0
        while self.written and self.written[-1][0].day > end_on:
            _, causes = self.written.pop()
            for number in causes:
                self.spent[number] -= 1
            released += 1
        if released:
            self.won_back.append(WonBack(on, released))
        self.end_on = end_on

    def closed(self, causes: Sequence[Cause]) -> Ledger:
        """The ledger, once the end is where it is.

        A hold that ended before it was expected to cost no day after its end.
        """
        gained = workdays_between(self.course.counted_in, self.end_on, self.course.baseline_on)
        bookings = []
        for one, numbers in self.written:
            ends = [_ended_on(causes[number], self.course.until) for number in numbers]
            known = [end for end in ends if end is not None]
            latest = max(known) if known and len(known) == len(ends) else one.lost_on
            bookings.append(replace(one, lost_on=min(one.lost_on, latest)))
        return Ledger(tuple(bookings), tuple(self.won_back), max(0, gained))

    def _write(self, day: date, on: date, owner: _Owner) -> None:
        for number in owner.causes:
            self.spent[number] = self.spent.get(number, 0) + 1
        booking = Booking(
            day,
            owner.party,
            owner.lost_on or on,
            owner.step,
            owner.team,
            owner.cause,
            owner.parties or (owner.party,),
            owner.refs,
        )
        self.written.append((booking, owner.causes))


def _owners(
    windows: _Windows,
    books: _Books,
    before: Plan,
    after: Plan,
    day: date,
    lost: Sequence[date],
    *,
    by_closing: bool,
) -> list[_Owner]:
    """Who owns each of the days that one day cost.

    The movers are the steps that moved of themselves. Where they belong to different parties, each is asked
    how far it alone would have moved the end: a day that two parties would each have cost is concurrent.
    """
    movers = _movers(windows, before, after)
    claim = _claim_of_closing if by_closing else _claim
    claims = [(mover, claim(windows, books, before, after, mover, day, len(lost))) for mover in movers]
    if not claims:
        return [_NOBODY for _ in lost]
    claimed = {owner.party for _, owners in claims for owner in owners}
    if len(claims) == 1 or (len(claimed) == 1 and Party.CONCURRENT not in claimed):
        return claims[0][1]
    until = day if by_closing else day + DAY
    reach = {
        mover: windows.end_of(windows.plan_but_for(day, mover, after, closings_before=until))
        for mover in movers
    }
    furthest = max(reach.values())
    if furthest <= windows.end_of(before):
        return claims[0][1]
    # Together they may reach further than each alone; then a day is theirs who reach furthest.
    return [
        _joined([owners[number] for mover, owners in claims if reach[mover] >= min(lost_day, furthest)])
        for number, lost_day in enumerate(lost)
    ]


def _movers(windows: _Windows, before: Plan, after: Plan) -> list[str]:
    """The steps that finish later than they did of themselves; those that drive the end come first.

    Not those that wait for one that does, nor those that are done just in time for one that moved.
    """
    later = {
        key
        for key, place in after.placed.items()
        if key in before.placed and place.finish_on > before.placed[key].finish_on
    }
    chain = {key: number for number, key in enumerate(after.driving_chain)}
    pulled = {*later, JUST_IN_TIME}
    found = [key for key in after.placed if key in later and after.placed[key].driver not in pulled]
    return sorted(found, key=lambda key: (key not in chain, chain.get(key, 0), key))


def _claim(
    windows: _Windows, books: _Books, before: Plan, after: Plan, mover: str, day: date, count: int
) -> list[_Owner]:
    """Who answers for a step that moved on a day, for each of so many days that this costs.

    In this order: a change that was agreed on that day; the causes that lasted on it – or, for a step that
    was moved, until its new start; causes further along the chain that it drives; for a step under way,
    causes that stopped it on earlier days and have not been counted for all of them; at last whoever is
    accountable for the step.
    """
    changes = [one for one in windows.changes if one.step == mover and one.on == day]
    agreed = [one for one in changes if one.is_agreed]
    if agreed:
        refs = tuple(one.ref for one in agreed if one.ref)
        return [_Owner(Party.AGREED, mover, refs=refs)] * count
    last_on = max(day, after.placed[mover].start_on - DAY) if changes else day
    chain = after.driving_chain
    driven = chain[chain.index(mover) + 1 :] if mover in chain else ()
    for steps in ({None, mover}, set(driven)):
        active = [
            number
            for number, one in enumerate(windows.causes)
            if one.step in steps and one.touches(day, last_on)
        ]
        if active:
            held = _sorted_days(
                windows.idle_days(
                    mover,
                    _days(max(day, one.first_on), _held_until(one, day + DAY)),
                    windows.course.start_on,
                    date.max,
                )
                for one in (windows.causes[number] for number in active)
                if one.is_hold
            )
            return _by_day(_of_causes(windows, mover, active), held, count)
    work = windows.works[mover]
    accountable = _Owner(work.party, mover, work.team if work.party is Party.US else "")
    unspent = _unspent(windows, books, mover, day)
    return [_of_causes(windows, mover, [number]) for number in unspent[:count]] + [accountable] * (
        count - len(unspent)
    )


def _claim_of_closing(
    windows: _Windows, _books: _Books, before: Plan, after: Plan, mover: str, day: date, count: int
) -> list[_Owner]:
    """Who closed the days on which a step was to be worked on or waited for, as became known on a day."""
    place = before.placed[mover]
    waits = [
        before.placed[link.predecessor].finish_on
        for link in windows.works[mover].step.links
        if link.predecessor in before.placed
    ]
    first_on = min(place.start_on, max(waits, default=place.start_on))
    name = windows.works[mover].step.calendar
    found = {
        number: windows.idle_days(mover, one.days.get(name, ()), first_on, after.placed[mover].finish_on)
        for number, one in enumerate(windows.closings)
        if one.on == day
    }
    closings = {number: days for number, days in found.items() if days}
    return _closed_by_day(windows, mover, closings, count) if closings else [_NOBODY] * count


def _closed_by_day(
    windows: _Windows, mover: str, closings: Mapping[int, Sequence[date]], count: int
) -> list[_Owner]:
    """The owners of so many lost days, each of them whoever closed the day that cost it."""
    work = windows.works[mover]
    team = "" if work.party is Party.CUSTOMER else work.team
    owners = {
        number: _Owner(
            one.party,
            mover,
            (one.team or team) if one.party is Party.US else "",
            refs=(one.ref,) if one.ref else (),
        )
        for number, one in enumerate(windows.closings)
        if number in closings
    }
    of_day = {
        day: _joined([owner for number, owner in owners.items() if day in closings[number]])
        for day in _sorted_days(closings.values())
    }
    placed = _by_day(_NOBODY, list(of_day), count)
    return [replace(of_day[one.lost_on], lost_on=one.lost_on) for one in placed if one.lost_on is not None]


def _by_day(owner: _Owner, idle: Sequence[date], count: int) -> list[_Owner]:
    """The owner of so many lost days, each lost on an idle day of its own.

    Where fewer were lost than were idle, the first had room to spare; where more were, the last cost them.
    """
    if not idle:
        return [owner] * count
    days = [*idle[max(0, len(idle) - count) :]]
    days += [days[-1]] * (count - len(days))
    return [replace(owner, lost_on=day) for day in days]


def _sorted_days(several: Iterable[Iterable[date]]) -> list[date]:
    return sorted({day for days in several for day in days})


def _unspent(windows: _Windows, books: _Books, mover: str, day: date) -> list[int]:
    """Causes that stopped a step under way before a day, once for each day that was not counted yet."""
    started_on = windows.works[mover].step.started_on
    if started_on is None or started_on > day:
        return []
    found = []
    for number, one in enumerate(windows.causes):
        if one.is_hold or one.step not in {None, mover} or one.last_on is None or one.last_on >= day:
            continue
        since = max(one.first_on, started_on)
        stopped = workdays_between(windows.course.counted_in, since - DAY, one.last_on)
        found += [number] * max(0, stopped - books.spent.get(number, 0))
    return found


def _of_causes(windows: _Windows, mover: str, numbers: Sequence[int]) -> _Owner:
    causes = [windows.causes[number] for number in numbers]
    return replace(
        _joined([_Owner(one.party, mover, one.team, one.cause, refs=_refs(one)) for one in causes]),
        causes=tuple(numbers),
    )


def _joined(owners: Sequence[_Owner]) -> _Owner:
    """One owner of a day that several claim: the party they share, or concurrent."""
    parties = dict.fromkeys(
        party for one in owners for party in (one.parties or (one.party,)) if party is not Party.NONE
    )
    refs = tuple(dict.fromkeys(ref for one in owners for ref in one.refs))
    causes = tuple(dict.fromkeys(number for one in owners for number in one.causes))
    lost_on = next((one.lost_on for one in owners if one.lost_on is not None), None)
    if len(parties) > 1:
        return _Owner(
            Party.CONCURRENT,
            owners[0].step,
            cause=next((one.cause for one in owners if one.cause), ""),
            parties=tuple(sorted(parties)),
            causes=causes,
            refs=refs,
            lost_on=lost_on,
        )
    first = next((one for one in owners if one.party is not Party.NONE), owners[0])
    cause = first.cause or next((one.cause for one in owners if one.cause), "")
    return replace(first, cause=cause, causes=causes, refs=refs, lost_on=lost_on)


def _refs(cause: Cause) -> tuple[str, ...]:
    return (cause.ref,) if cause.ref else ()


def _upstream(works: Mapping[str, Work], course: Course) -> set[str]:
    """The end and everything it waits for, then or since: the rest cannot move it."""
    links = {key: {link.predecessor for link in work.step.links} for key, work in works.items()}
    for change in course.changes:
        for name, value in change.values:
            if name == "links" and change.step in links:
                links[change.step] |= {link.predecessor for link in value}
    found: set[str] = set()
    waiting = [course.end]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += links.get(key, ())
    return found


def _ended_on(hold: Cause, until: date) -> date | None:
    """The last day of a hold that is known to be over; `None` for one that lasts, and for other causes."""
    is_over = hold.is_hold and hold.last_on is not None and hold.last_on < until
    return hold.last_on if is_over else None


def _held_until(hold: Cause, before: date) -> date:
    """The last day of a hold as it was known before a day: when it had ended, or how long it was to last."""
    if hold.last_on is not None and hold.last_on + DAY < before:
        return hold.last_on
    return max(before - DAY, hold.expected_last_on or hold.first_on)


def _if_before(day: date | None, limit: date) -> date | None:
    return day if day is not None and day < limit else None


def _days(first_on: date, last_on: date) -> list[date]:
    return [first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)]


def _workdays(calendar: WorkCalendar, after: date, until: date) -> list[date]:
    """The working days after one day, up to and with another."""
    return [day for day in _days(after + DAY, until) if calendar.is_workday(day)]
