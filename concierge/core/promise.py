"""Capable to promise: the earliest windows for units that are not sold yet, from stock, plans and people together.

Units of one question compete for the same stock and the same people, so they are answered one after the other, in
the order of their priority, each with what those before it leave. The same question has the same answer. A plan is
laid out as any plan is; stock and people only ever move its steps later, until all of them fit.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from concierge.core.dispatch import (
    MATTERS,
    Objection,
    Person,
    Rule,
    Taken,
    Work,
    against_time,
    bound,
    candidates,
    minutes_there,
)
from concierge.core.hours import MINUTE, Place, open_within
from concierge.core.schedule import Plan, Step, lay_out
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.core.worktime import DAY, WorkCalendar, add_workdays, next_workday

HORIZON = timedelta(days=540)
"""So far ahead people are looked for."""
NEAR = timedelta(days=56)
"""So far ahead people's calendars say which day it is; later than that a window is the week it lies in."""
MOST_ROUNDS = 400
WEEK = timedelta(days=7)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Goods:
    """One unit of stock: from which day it can leave, and the days that papers take to another country."""

    key: int
    product: str
    available_on: date
    country: str = ""
    export_days: int = 0
    options: frozenset[str] = frozenset()
    """What is built in."""

    def ready_on(self, country: str) -> date:
        """The day from which it can be shipped to a country."""
        abroad = timedelta(days=self.export_days) if self.country != country else timedelta(0)
        return self.available_on + abroad

    def serves(self, unit: "Unit") -> bool:
        """Say whether it is what a unit asks for."""
        return self.product == unit.product and unit.options <= self.options


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit that is asked for; `options` have to be built in."""

    key: str
    product: str
    options: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody is needed at a step: how many of them, with what, and for how many minutes of a day."""

    step: str
    skill: str = ""
    level: int = 1
    crew: int = 1
    minutes: int = 480
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A plan for one unit, or for several that come together, at one place.

    `needs_stock` is the step that begins once all units are there, `installs` those that are the window.
    Calls of steps in `shared` are made once for all jobs of the same `group`.
    """

    key: str
    units: tuple[Unit, ...]
    steps: tuple[Step, ...]
    calendars: Mapping[str, WorkCalendar]
    site: Place
    spot: Spot
    country: str
    start_on: date
    calls: tuple[Call, ...] = ()
    needs_stock: str = ""
    installs: tuple[str, ...] = ()
    hands_over: str = ""
    group: str = ""
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Percent:
    """For how much of their hours somebody can be taken from a day to another, both included; `None`: on and on."""

    first_on: date
    last_on: date | None
    percent: int


@dataclass(frozen=True, slots=True)
class Given:
    """What a unit gets: a unit of stock, or one that the factory makes for it, ready to be shipped on a day."""

    unit: str
    goods: Goods | None
    ready_on: date


@dataclass(frozen=True, slots=True)
class Booked:
    """Who goes for a call, and when; `minutes` are those at the site. What was shared is booked once."""

    call: Call
    stay: Span[datetime]
    crew: tuple[str, ...]
    minutes: int
    binds: tuple[Span[datetime], ...] = ()
    """When it takes people: days off in between are not."""


class Why(StrEnum):
    """What moved a step, or what stands against any answer."""

    STOCK = "stock"
    PEOPLE = "people"
    NO_STOCK = "no stock"
    NO_SKILL = "no skill"
    NO_PEOPLE = "no people"
    NO_PLAN = "no plan"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that moved a step from a day to another; without days it is why there is no answer."""

    why: Why
    step: str = ""
    from_on: date | None = None
    to_on: date | None = None
    unit: str = ""
    call: Call | None = None
    against: tuple[tuple[str, Rule], ...] = ()
    """Of people: who could not on the first of these days, by name, and what stood against it."""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What can be promised for one job; without a plan the last reason says why nothing can."""

    job: Job
    plan: Plan | None
    steps: tuple[Step, ...] = ()
    """As they were laid out at last."""
    given: tuple[Given, ...] = ()
    booked: tuple[Booked, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def window(self) -> Span[date] | None:
        """From the first day of installation to the last, which is outside as in all spans."""
        if self.plan is None:
            return None
        keys = [key for key in self.job.installs if key in self.plan.placed] or [self.ends_with]
        placed = [self.plan.placed[key] for key in keys]
        return Span(min(one.start_on for one in placed), max(one.finish_on for one in placed) + DAY)

    @property
    def ends_with(self) -> str:
        """The key of the step that is the handover, else of the one that ends last."""
        assert self.plan is not None  # noqa: S101 # asked of answers only
        if self.job.hands_over in self.plan.placed:
            return self.job.hands_over
        return max(self.plan.placed, key=lambda key: self.plan.placed[key].finish_on)  # type: ignore[union-attr]  # said above

    @property
    def handover_on(self) -> date | None:
        """The last day of the handover."""
        return self.plan.placed[self.ends_with].finish_on if self.plan is not None else None


@dataclass(slots=True)
class Supply:
    """What there is to give: stock, and how many days the factory takes for one more of a product."""

    stock: Sequence[Goods] = ()
    days: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Team:
    """Who can be sent, with all that they have already, and for how much of their hours they can be taken."""

    people: Sequence[Person] = ()
    percents: Mapping[str, Sequence[Percent]] = field(default_factory=dict)


def answer(
    jobs: Sequence[Job], supply: Supply, team: Team, *, today: date, now: datetime
) -> tuple[Answer, ...]:
    """Answer jobs one after the other, each with what those before it leave of stock and people.

    A job that cannot be answered takes nothing.
    """
    giving, asking = _Giving(supply, today), _Asking(team, now)
    return tuple(_answered(job, giving, asking, today=today) for job in jobs)


def _answered(job: Job, giving: "_Giving", asking: "_Asking", *, today: date) -> Answer:
    try:
        plan = _laid_out(job, job.steps, today)
    except ValueError as problem:
        return Answer(job, None, reasons=(Reason(Why.NO_PLAN, words=str(problem)),))
    stock_step = job.needs_stock if job.needs_stock in plan.placed else _first(plan)
    needed_on = plan.placed[stock_step].start_on if stock_step else job.start_on
    given: list[Given] = []
    for unit in job.units:
        found = giving.best(unit, job.country, needed_on, [one.goods for one in given])
        if found is None:
            return Answer(job, None, reasons=(Reason(Why.NO_STOCK, unit=unit.key),))
        given.append(found)
    wishes: dict[str, date] = {}
    reasons: list[Reason] = []
    latest = max(given, key=lambda one: one.ready_on, default=None)
    if latest is not None and stock_step:
        wishes[stock_step] = latest.ready_on
        if latest.ready_on > needed_on:
            reasons.append(Reason(Why.STOCK, stock_step, needed_on, latest.ready_on, latest.unit))
    calls = _by_step(job.calls)
    found_for: dict[str, tuple[date, tuple[Booked, ...]]] = {}
    steps: tuple[Step, ...] = job.steps
    for _round in range(MOST_ROUNDS):
        steps = tuple(_not_before(step, wishes.get(step.key)) for step in job.steps)
        try:
            plan = _laid_out(job, steps, today)
        except ValueError as problem:
            return Answer(job, None, reasons=(*reasons, Reason(Why.NO_PLAN, words=str(problem))))
        key = _next_open(plan, calls, found_for)
        if key is None:
            break
        starts_on = plan.placed[key].start_on
        step = next(one for one in steps if one.key == key)
        taken = [booked for other, (_on, each) in found_for.items() if other != key for booked in each]
        possible = asking.crew_from(job, step, calls[key], starts_on, taken)
        if isinstance(possible, Reason):
            return Answer(job, None, reasons=(*reasons, possible))
        day, booked, against = possible
        found_for[key] = (day, booked)
        if day > starts_on:
            wishes[key] = day
            call = calls[key][0]
            reasons = [one for one in reasons if not (one.why is Why.PEOPLE and one.step == key)] + [
                Reason(Why.PEOPLE, key, starts_on, day, call=call, against=against)
            ]
    else:
        return Answer(job, None, reasons=(*reasons, Reason(Why.NO_PEOPLE, words="")))
    giving.take(given)
    for step_key, (_on, each) in found_for.items():
        asking.take(job, step_key, each)
    booked = tuple(booked for _on, each in found_for.values() for booked in each)
    return Answer(job, plan, steps, tuple(given), booked, tuple(reasons))


def _laid_out(job: Job, steps: Iterable[Step], today: date) -> Plan:
    return lay_out(
        steps,
        calendars=job.calendars,
        start_on=job.start_on,
        today=today,
        last_key=job.hands_over if any(step.key == job.hands_over for step in job.steps) else None,
    )


def _first(plan: Plan) -> str:
    return next(iter(plan.placed), "")


def _not_before(step: Step, wish: date | None) -> Step:
    if wish is None or (step.not_before is not None and step.not_before >= wish):
        return step
    return replace(step, not_before=wish)


def _by_step(calls: Iterable[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        if call.crew > 0:
            found.setdefault(call.step, []).append(call)
    return found


def _next_open(
    plan: Plan, calls: Mapping[str, object], found: Mapping[str, tuple[date, object]]
) -> str | None:
    """The first step that nobody was found for on the day where it lies now."""
    open_ones = [
        (plan.placed[key].start_on, number, key)
        for number, key in enumerate(calls)
        if key in plan.placed and (key not in found or found[key][0] != plan.placed[key].start_on)
    ]
    return min(open_ones)[2] if open_ones else None


class _Giving:
    """Stock that is given away unit by unit."""

    def __init__(self, supply: Supply, today: date) -> None:
        self._left = {one.key: one for one in supply.stock}
        self._days, self._today = supply.days, today

    def best(self, unit: Unit, country: str, needed_on: date, given: Sequence[Goods | None]) -> Given | None:
        """What suits best: of all that is there in time the last to come, so that others find more; else the first.

        One with other options built in is given only when there is nothing closer.
        """
        gone = {one.key for one in given if one is not None}
        usable = [one for one in self._left.values() if one.key not in gone and one.serves(unit)]
        in_time = [one for one in usable if self._ready(one, country) <= needed_on]
        if in_time:
            found = min(
                in_time,
                key=lambda one: (
                    len(one.options - unit.options),
                    -self._ready(one, country).toordinal(),
                    one.key,
                ),
            )
            return Given(unit.key, found, self._ready(found, country))
        first = min(
            usable,
            key=lambda one: (self._ready(one, country), len(one.options - unit.options), one.key),
            default=None,
        )
        made_on = (
            self._today + timedelta(days=self._days[unit.product]) if unit.product in self._days else None
        )
        if first is not None and (made_on is None or self._ready(first, country) <= made_on):
            return Given(unit.key, first, self._ready(first, country))
        return Given(unit.key, None, made_on) if made_on is not None else None

    def take(self, given: Iterable[Given]) -> None:
        for one in given:
            if one.goods is not None:
                del self._left[one.goods.key]

    def _ready(self, goods: Goods, country: str) -> date:
        """What was announced and has not come does not come before tomorrow's papers: today at the earliest."""
        return max(goods.ready_on(country), self._today)


class _Asking:
    """People whose time is taken call by call."""

    def __init__(self, team: Team, now: datetime) -> None:
        self._now, self._until = now, now + HORIZON
        self._people = {one.key: one for one in team.people}
        self._begins = {one.key: [each.span.from_at for each in one.taken] for one in team.people}
        self._longest = {
            one.key: max((_end(each.span) - each.span.from_at for each in one.taken), default=timedelta(0))
            for one in team.people
        }
        self._openings = {
            (one.hours.zone, each[0].from_minute)
            for one in team.people
            for each in one.hours.week.values()
            if each
        }
        self._percents = team.percents
        self._added: dict[str, list[Taken]] = {}
        self._used: dict[tuple[str, date], int] = {}
        self._allowed: dict[tuple[str, date], int] = {}
        self._shared: dict[tuple[str, str], tuple[date, tuple[Booked, ...]]] = {}
        self._in_vain: dict[tuple[object, ...], list[tuple[str, Rule]]] = {}

    def crew_from(
        self, job: Job, step: Step, calls: Sequence[Call], from_on: date, taken: Sequence[Booked]
    ) -> tuple[date, tuple[Booked, ...], tuple[tuple[str, Rule], ...]] | Reason:
        """The first day from one on at which everybody is found, who it is, and who could not on the first day."""
        if job.group and step.key in job.shared and (job.group, step.key) in self._shared:
            on, _booked = self._shared[job.group, step.key]
            return (max(on, from_on), (), ())
        for call in calls:
            able = [one for one in self._people.values() if _is_able(one, call, from_on)]
            if len(able) < call.crew or not any(_leads(one, call, from_on) for one in able):
                return Reason(Why.NO_SKILL, step.key, from_on, call=call)
        calendar = job.calendars[step.calendar]
        last_on = self._until.date() - timedelta(days=max(step.workdays, 1) * 3)
        against: tuple[tuple[str, Rule], ...] = ()
        day = next_workday(calendar, from_on)
        while day <= last_on:
            booked: list[Booked] = []
            for call in calls:
                found = self._booked(job, step, call, day, calendar, [*taken, *booked])
                if isinstance(found, list):
                    if day == from_on:
                        against = tuple(found[:5])
                    break
                booked.append(found)
            else:
                return day, tuple(booked), against
            day = next_workday(calendar, day + DAY)
        return Reason(Why.NO_PEOPLE, step.key, from_on, call=calls[0], against=against)

    def _booked(
        self, job: Job, step: Step, call: Call, day: date, calendar: WorkCalendar, taken: Sequence[Booked]
    ) -> Booked | list[tuple[str, Rule]]:
        """A call on a day at the first time at which everybody is found; else who cannot, when fewest cannot."""
        against: list[list[tuple[str, Rule]]] = []
        for minute in self._begins_on(job, call, day):
            stay = _stay(job, step, call, day, minute, calendar)
            crew = self._tried(job, step, call, stay, taken) if stay is not None else []
            if stay is not None and isinstance(crew, tuple):
                binds = (stay,) if call.is_remote else bound(stay, job.site)
                return Booked(call, stay, crew, _minutes(call, stay, job), binds)
            if isinstance(crew, list) and crew:
                against.append(crew)
        return min(against, key=len, default=[])

    def _begins_on(self, job: Job, call: Call, day: date) -> list[int]:
        """Minutes of a day at which a call may begin by the site's clock: when it opens, or people do after that."""
        opened = job.site.hours_on(day)
        if not opened:
            return []
        found = {opened[0].from_minute}
        for zone, minute in self._openings:
            if call.is_remote:
                there = _at(day, minute, zone).astimezone(job.site.zone)
                minute = there.hour * 60 + there.minute
            if any(hours.from_minute <= minute < hours.to_minute for hours in opened):
                found.add(minute)
        return sorted(found)

    def _tried(
        self, job: Job, step: Step, call: Call, stay: Span[datetime], taken: Sequence[Booked]
    ) -> tuple[str, ...] | list[tuple[str, Rule]]:
        """As `_crew`; people only ever have less time, so what was in vain for one unit is not tried for the next."""
        asks = (
            id(job.site),
            job.spot,
            replace(call, step=""),
            step.workdays,
            id(job.calendars[step.calendar]),
            stay.from_at,
        )
        if asks in self._in_vain:
            return self._in_vain[asks]
        found = self._crew(job, call, stay, taken)
        near = Span(stay.from_at - 2 * WEEK, _end(stay) + 2 * WEEK)
        if isinstance(found, list) and not any(one.stay.overlaps(near) for one in taken):
            self._in_vain[asks] = found
        return found

    def take(self, job: Job, step: str, booked: Sequence[Booked]) -> None:
        """Nobody else gets these people for that time."""
        if job.group and step in job.shared and booked:
            first = min(one.stay.from_at for one in booked)
            on = first.astimezone(job.site.zone).date()
            self._shared.setdefault((job.group, step), (on, tuple(booked)))
        for one in booked:
            for key in one.crew:
                self._added.setdefault(key, []).extend(_as_taken(one, job))
                for monday, minutes in _by_week(one, job.site):
                    self._used[key, monday] = self._used.get((key, monday), 0) + minutes

    def _crew(
        self, job: Job, call: Call, stay: Span[datetime], taken: Sequence[Booked]
    ) -> tuple[str, ...] | list[tuple[str, Rule]]:
        """Who can go, the leader first found; else who cannot and what stands against it."""
        work = Work(job.site, job.spot, call.skill, call.level, max(1, call.crew), is_remote=call.is_remote)
        closed = against_time(stay, work)
        if closed or stay.from_at < self._now:
            return []
        weeks = list(_by_week(Booked(call, stay, (), _minutes(call, stay, job)), job.site))
        last_on = stay.from_at.astimezone(job.site.zone).date()
        near: list[Person] = []
        tired: list[tuple[str, Rule]] = []
        for person in self._people.values():
            if not _is_able(person, call, last_on):
                continue
            of_job = [one for one in taken if person.key in one.crew]
            extra = {monday: 0 for monday, _minutes_ in weeks}
            for one in of_job:
                for monday, minutes in _by_week(one, job.site):
                    extra[monday] = extra.get(monday, 0) + minutes
            if any(self._left(person, monday) - extra.get(monday, 0) < minutes for monday, minutes in weeks):
                tired.append((person.name, Rule.HOURS))
                continue
            near.append(self._near(person, stay, [each for one in of_job for each in _as_taken(one, job)]))
        found = candidates(stay, work, near)
        able = [one for one in found if all(each.rule is Rule.SKILL_LEVEL for each in one.against)]
        leads = next((one for one in able if one.is_free), None)
        if leads is None or len(able) < call.crew:
            said = [(one.person.name, _gravest(one.against)) for one in found if one.against]
            return [*said, *tired]
        others = [one for one in able if one is not leads][: call.crew - 1]
        return (leads.person.key, *(one.person.key for one in others))

    def _near(self, person: Person, stay: Span[datetime], more: Sequence[Taken]) -> Person:
        """Somebody with what they have around a stay, and what they got in this answer."""
        latest, earliest = _end(stay) + MATTERS, stay.from_at - MATTERS
        begins = self._begins[person.key]
        first = bisect_left(begins, earliest - self._longest[person.key])
        found = [
            one for one in person.taken[first : bisect_left(begins, latest)] if _end(one.span) > earliest
        ]
        added = [
            one
            for one in (*self._added.get(person.key, ()), *more)
            if one.span.from_at < latest and _end(one.span) > earliest
        ]
        return replace(
            person, taken=tuple(sorted((*found, *added), key=lambda one: (one.span.from_at, one.key)))
        )

    def _left(self, person: Person, monday: date) -> int:
        """Minutes of a week that visits may still take of somebody."""
        if (person.key, monday) not in self._allowed:
            self._allowed[person.key, monday] = self._of_week(person, monday)
        return self._allowed[person.key, monday] - self._used.get((person.key, monday), 0)

    def _of_week(self, person: Person, monday: date) -> int:
        percents = self._percents.get(person.key, ())
        minutes = 0
        for number in range(7):
            day = monday + timedelta(days=number)
            opened = sum(each.to_minute - each.from_minute for each in person.hours.hours_on(day))
            minutes += opened * _percent_on(percents, day)
        zone = person.hours.zone
        week = Span(_instant(monday, zone), _instant(monday + timedelta(days=7), zone))
        booked = timedelta(0)
        for taken in person.taken:
            inside = taken.span.intersection(week) if taken.rule is Rule.VISIT else None
            if inside is not None:
                booked += sum(map(_length, open_within(person.hours, inside)), timedelta())
        return minutes // 100 - booked // MINUTE


def _is_able(person: Person, call: Call, on: date) -> bool:
    """Whether somebody holds what is asked for, at any level."""
    if not call.skill:
        return True
    held = person.skills.get(call.skill)
    return held is not None and (held.until is None or held.until >= on)


def _leads(person: Person, call: Call, on: date) -> bool:
    held = person.skills.get(call.skill)
    return not call.skill or (held is not None and held.level >= call.level and _is_able(person, call, on))


def _gravest(against: Iterable[Objection]) -> Rule:
    """What is said of somebody: other work before leave, leave before hours."""
    order = [Rule.VISIT, Rule.LEAVE, Rule.OWN_CALENDAR, Rule.TRAVEL]
    rules = [one.rule for one in against]
    return next((rule for rule in order if rule in rules), rules[0])


def _stay(
    job: Job, step: Step, call: Call, day: date, minute: int, calendar: WorkCalendar
) -> Span[datetime] | None:
    """When a call takes place if its step begins on a day: over all of its days, a call from afar on the first.

    :param minute: of the day by the site's clock, at which it begins.
    """
    last = day if call.is_remote else add_workdays(calendar, day, max(0, step.workdays - 1))
    last_hours = job.site.hours_on(last)
    if not last_hours:
        return None
    ends = max(minute, last_hours[0].from_minute) + max(15, call.minutes)
    if not call.is_remote:
        ends = min(ends, last_hours[-1].to_minute)
    span = Span(_at(day, minute, job.site.zone), _at(last, ends, job.site.zone))
    return span if _end(span) > span.from_at else None


def _minutes(call: Call, stay: Span[datetime], job: Job) -> int:
    return int(_length(stay) // MINUTE) if call.is_remote else minutes_there(stay, Work(job.site, job.spot))


def _by_week(booked: Booked, site: Place) -> Iterator[tuple[date, int]]:
    """The minutes of a stay by the Monday of their week, at the site."""
    found: dict[date, int] = {}
    spans = (booked.stay,) if booked.call.is_remote else open_within(replace(site, shut={}), booked.stay)
    for span in spans:
        there = span.from_at.astimezone(site.zone).date()
        monday = there - timedelta(days=there.weekday())
        found[monday] = found.get(monday, 0) + int(_length(span) // MINUTE)
    yield from found.items()


def _as_taken(booked: Booked, job: Job) -> Iterator[Taken]:
    spot = None if booked.call.is_remote else job.spot
    for span in booked.binds or (booked.stay,):
        yield Taken(span, Rule.VISIT, job.key, spot, f"{job.key} {booked.call.step}")


def _percent_on(percents: Iterable[Percent], day: date) -> int:
    for one in percents:
        if one.first_on <= day and (one.last_on is None or day <= one.last_on):
            return one.percent
    return 100


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    local = datetime.combine(day, _MIDNIGHT) + timedelta(minutes=minute)
    return local.replace(tzinfo=zone).astimezone(UTC)


def _instant(day: date, zone: object) -> datetime:
    return datetime.combine(day, _MIDNIGHT, zone).astimezone(UTC)  # type: ignore[arg-type]  # a place's zone


def _length(span: Span[datetime]) -> timedelta:
    return _end(span) - span.from_at


def _end(span: Span[datetime]) -> datetime:
    if span.to_at is None:
        raise ValueError("This stretch of time never ends.")
    return span.to_at
