"""Judging how a project stands, with reasons a sentence can be made of.

The state is computed, never typed in. Each reason is a kind with named values; a page makes the words.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from concierge.core.links import Link, Wait
from concierge.core.schedule import EXACTLY, JUST_IN_TIME, NOT_BEFORE, TODAY
from concierge.core.workdays import day_count
from concierge.core.worktime import WEEKDAYS, WorkCalendar, workdays_between


class Stage(StrEnum):
    """How far people have taken the project."""

    DRAFT = "draft"
    RUNNING = "running"
    ON_HOLD = "on_hold"
    DONE = "done"
    CANCELLED = "cancelled"


class Health(StrEnum):
    """How a project stands."""

    DRAFT = "draft"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    LATE = "late"
    ON_HOLD = "on_hold"
    DONE = "done"
    CANCELLED = "cancelled"


class ReasonKind(StrEnum):
    """Why it stands so. The comment says which values of the reason are filled beside it."""

    NO_PROMISE = "no_promise"  # forecast_on
    KEPT = "kept"  # promised_on, on (finished), workdays (negative: early)
    MISSED = "missed"  # promised_on, on (finished), workdays
    ON_HOLD = "on_hold"  # on (since), words (why), workdays so far, forecast_on (expected to go on)
    CANCELLED = "cancelled"  # on, words
    IN_TIME = "in_time"  # milestone, promised_on, forecast_on, workdays (zero or negative)
    SLIPPED = "slipped"  # milestone, promised_on, forecast_on, workdays after the promise
    PROMISE_PASSED = "promise_passed"  # milestone, promised_on, forecast_on, workdays since the promise
    BLOCKED = "blocked"  # milestone, on (since), words (why)
    ITEM_OPEN = "item_open"  # item, milestone (the gate's), on (the gate), workdays left until it
    ITEM_OVERDUE = "item_overdue"  # item, on (was due), workdays since, milestone (the gate's)
    MOVED = "moved"  # milestone, on (the day it was moved to)
    OVERDUE = "overdue"  # milestone, on (was forecast or promised), workdays since
    CANNOT_MEET = (
        "cannot_meet"  # milestone, on (the day wanted), words (which wish: required, not after, exactly on)
    )
    NO_SLACK = "no_slack"  # milestone, workdays of slack left
    # What a slip comes from; `workdays` counts the days of the slip that it cost.
    FINISHED_LATE = "finished_late"  # milestone, on (finished)
    NOT_BEGUN = "not_begun"  # milestone, on (was to begin)
    BEGAN_LATE = "began_late"  # milestone, on (began)
    CLOSED = "closed"  # milestone, on, until (the days), place (whose), words (why)
    LONGER = "longer"  # milestone, days (how many more it takes)
    WAITS = "waits"  # milestone, other (what it waits for since, or longer)
    ADDED = "added"  # milestone
    LATER = "later"  # milestone, on (its forecast)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; keys name milestones and items, `words` are what a person wrote."""

    kind: ReasonKind
    milestone: str | None = None
    item: str | None = None
    promised_on: date | None = None
    forecast_on: date | None = None
    on: date | None = None
    workdays: int | None = None
    words: str = ""
    until: date | None = None
    place: str = ""
    other: str | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How a milestone lies in the plan and lay in the promise: what the cause of a slip is found from.

    `driver` is what holds it, a milestone's key or a word of the schedule; `links` are what it waits for.
    `promised_workdays` and `promised_links` are its length and its links when it was promised, None when
    that is not known.
    """

    start_on: date
    calendar: WorkCalendar
    driver: str = ""
    link: Link | None = None
    links: tuple[Link, ...] = ()
    workdays: int = 0
    started_on: date | None = None
    promised_start_on: date | None = None
    promised_workdays: int | None = None
    promised_links: tuple[Link, ...] | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone as it matters to health.

    `planned_on` is the day the plan first gave it (its baseline), `slack_workdays` how far it can slip
    before the end moves; `is_driving` says that it lies on the chain that sets the end.
    """

    key: str
    forecast_on: date
    planned_on: date | None = None
    finished_on: date | None = None
    slack_workdays: int = 0
    is_driving: bool = False
    blocked_since: date | None = None
    blocked_why: str = ""
    moved_to: date | None = None
    """The later start that a person gave it, when that and no predecessor holds it."""
    course: Course | None = None
    """Given for each milestone of a project that is late, so that the causes of its slip can be found."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A blocking readiness item that is not cleared: what it holds, and when that would come."""

    key: str
    gate_milestone: str
    gate_on: date
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class BrokenWish:
    """A day that somebody wants and the plan cannot give; `wish` says which kind of wish it is."""

    wish: str
    milestone: str
    wanted_on: date
    workdays: int | None = None
    """By how many working days the plan misses it, where that is known."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that health is judged from; `last_key` names the milestone the promise is about, the handover."""

    stage: Stage
    last_key: str
    promised_on: date | None
    milestones: Sequence[Milestone] = ()
    open_items: Sequence[OpenItem] = ()
    broken_wishes: Sequence[BrokenWish] = ()
    stage_since: date | None = None
    stage_words: str = ""
    closures: Sequence[str] = ()
    """Names of the calendars that close days beside the weeks and public holidays of places, likeliest first:
    where a day has several reasons, or more days are closed than were lost, these are the cause."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When to worry, in working days of the site."""

    late_after: int = 0
    """So many working days after the promise are still not late."""
    gate_warning: int = 5
    """A blocking item still open this close to its gate is a risk."""
    little_slack: int = 0
    """A milestone that has slipped and has no more slack than this is a risk."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state, the reason that decides it, and its causes, gravest first; with one cause a page says so."""

    health: Health
    reason: Reason
    causes: tuple[Reason, ...] = ()


def judge(
    situation: Situation, *, calendar: WorkCalendar, today: date, thresholds: Thresholds | None = None
) -> Judgement:
    """Judge how a project stands today, counting in the site's working days.

    :raises ValueError: when a running or finished project lacks the milestone its promise is about.
    """
    limits = thresholds or Thresholds()
    since, words = situation.stage_since, situation.stage_words
    match situation.stage:
        case Stage.CANCELLED:
            return Judgement(Health.CANCELLED, Reason(ReasonKind.CANCELLED, on=since, words=words))
        case Stage.ON_HOLD:
            return Judgement(Health.ON_HOLD, Reason(ReasonKind.ON_HOLD, on=since, words=words))
        case Stage.DRAFT:
            forecast_on = max((milestone.forecast_on for milestone in situation.milestones), default=None)
            return Judgement(Health.DRAFT, Reason(ReasonKind.NO_PROMISE, forecast_on=forecast_on))
        case Stage.DONE:
            return Judgement(Health.DONE, _outcome(situation, calendar))
        case Stage.RUNNING:
            return _judge_running(situation, calendar=calendar, today=today, limits=limits)


def _outcome(situation: Situation, calendar: WorkCalendar) -> Reason:
    last = _last(situation)
    finished_on = last.finished_on or situation.stage_since or last.forecast_on
    if situation.promised_on is None:
        return Reason(ReasonKind.KEPT, milestone=last.key, on=finished_on)
    return Reason(
        ReasonKind.MISSED if finished_on > situation.promised_on else ReasonKind.KEPT,
        milestone=last.key,
        promised_on=situation.promised_on,
        on=finished_on,
        workdays=workdays_between(calendar, situation.promised_on, finished_on),
    )


def _judge_running(
    situation: Situation, *, calendar: WorkCalendar, today: date, limits: Thresholds
) -> Judgement:
    last = _last(situation)
    forecast_on = last.finished_on or last.forecast_on
    promised_on = situation.promised_on
    lost = _slip_causes(situation, calendar=calendar, today=today)
    causes = (
        *lost,
        *_causes(
            situation, calendar=calendar, today=today, limits=limits, told={one.milestone for one in lost}
        ),
    )
    if promised_on is None:
        reason = Reason(ReasonKind.NO_PROMISE, milestone=last.key, forecast_on=forecast_on)
        return Judgement(Health.AT_RISK if causes else Health.ON_TRACK, reason, causes)
    slip = workdays_between(calendar, promised_on, forecast_on)
    reason = Reason(
        ReasonKind.IN_TIME,
        milestone=last.key,
        promised_on=promised_on,
        forecast_on=forecast_on,
        workdays=slip,
    )
    if last.finished_on is None and promised_on < today:
        since = workdays_between(calendar, promised_on, today)
        return Judgement(Health.LATE, replace(reason, kind=ReasonKind.PROMISE_PASSED, workdays=since), causes)
    # A forecast on a closed day after the promise is no working day later, and is after it all the same.
    if slip > limits.late_after or (slip == 0 == limits.late_after and forecast_on > promised_on):
        return Judgement(Health.LATE, replace(reason, kind=ReasonKind.SLIPPED), causes)
    if slip > 0:
        return Judgement(Health.AT_RISK, replace(reason, kind=ReasonKind.SLIPPED), causes)
    health = Health.AT_RISK if causes else Health.ON_TRACK
    return Judgement(health, reason, causes)


def _last(situation: Situation) -> Milestone:
    for milestone in situation.milestones:
        if milestone.key == situation.last_key:
            return milestone
    raise ValueError(f"The plan has no milestone “{situation.last_key}” to measure its promise by.")


def _slip_causes(situation: Situation, *, calendar: WorkCalendar, today: date) -> tuple[Reason, ...]:
    """Name what the days between the promised end and the forecast were lost to, the greatest loss first.

    Going back from the end along what holds it, each milestone answers for the days that what it waits for
    does not explain; so the days add up to the slip.
    """
    by_key = {one.key: one for one in situation.milestones}
    last = _last(situation)
    promised_on = situation.promised_on
    if promised_on is None or last.course is None:
        return ()
    end_on = last.finished_on or last.forecast_on
    budget = workdays_between(calendar, promised_on, end_on)
    if end_on <= promised_on:
        return ()
    found: list[Reason] = []
    current: Milestone | None = last
    seen: set[str] = set()
    while current is not None and current.key not in seen and (budget > 0 or not found):
        seen.add(current.key)
        before, explained = _held_up_by(current, by_key, calendar)
        explained = min(budget, explained)
        if current.planned_on is None:
            own = min(budget, current.course.workdays if current.course else 0)
            explained = budget - own
        own = budget - explained
        is_first = before is None or before.key in seen
        if is_first and not found:
            own = budget
        if own > 0 or (is_first and not found):
            found.append(_why_later(current, before, own, situation.closures, today))
        budget, current = explained, before
    return tuple(sorted(found, key=lambda one: -(one.workdays or 0)))


def _held_up_by(
    one: Milestone, by_key: Mapping[str, Milestone], calendar: WorkCalendar
) -> tuple[Milestone | None, int]:
    """What held a milestone up most, and for how many of the days by which it is later than promised."""
    course = one.course
    if course is None:
        return None, 0
    waits = {link.predecessor: link for link in course.links}
    if course.driver in by_key:
        link = course.link or waits.get(course.driver)
        before = by_key[course.driver]
        return before, _explained(one, before, link, calendar)
    claims = [
        (_explained(one, by_key[key], link, calendar), number, by_key[key])
        for number, (key, link) in enumerate(waits.items())
        if key in by_key and not _is_pulled(by_key[key])
    ]
    if not claims:
        return None, 0
    explained, _number, before = max(claims, key=lambda claim: (claim[0], -claim[1]))
    return (before, explained) if explained else (None, 0)


def _is_as_long(one: Milestone) -> bool:
    """Whether it has the length that it was promised with: its promised days are then its own."""
    return one.course is not None and one.course.promised_workdays in {None, one.course.workdays}


def _is_pulled(one: Milestone) -> bool:
    """Whether it lies as late as it may for what follows it: then it is late because of that, not the cause."""
    return one.finished_on is None and one.course is not None and one.course.driver == JUST_IN_TIME


def _explained(one: Milestone, before: Milestone, link: Link | None, calendar: WorkCalendar) -> int:
    """By how many working days a milestone is later because what it waits for is."""
    course = one.course
    finish_on = before.finished_on or before.forecast_on
    own_slip = (
        max(0, workdays_between(calendar, before.planned_on, finish_on))
        if before.planned_on is not None and _is_as_long(before)
        else None
    )
    if course is None or course.promised_start_on is None:
        return own_slip if own_slip is not None else 0
    if link is None or before.course is None:
        return own_slip if own_slip is not None else 0
    wait = Wait(
        link,
        day_count(course.calendar),
        from_moment=before.course.workdays == 0,
        to_moment=course.workdays == 0,
    )
    end_on = before.course.start_on if link.kind.is_from_start else finish_on
    earliest = date.fromordinal(wait.earliest(end_on.toordinal()))
    promised_on = one.planned_on if link.kind.is_to_finish else course.promised_start_on
    pushed = max(0, workdays_between(calendar, promised_on or earliest, earliest))
    return pushed if own_slip is None or link.kind.is_from_start else min(pushed, own_slip)


def _why_later(
    one: Milestone, before: Milestone | None, own: int, closures: Sequence[str], today: date
) -> Reason:
    """Why a milestone is later by more than what it waits for."""
    reason = Reason(ReasonKind.LATER, milestone=one.key, on=one.finished_on or one.forecast_on, workdays=own)
    course = one.course
    if one.planned_on is None or course is None:
        return replace(reason, kind=ReasonKind.ADDED, on=None)
    if one.blocked_since is not None:
        return replace(reason, kind=ReasonKind.BLOCKED, on=one.blocked_since, words=one.blocked_why)
    promised_start = course.promised_start_on or one.planned_on
    is_wished = course.driver in {NOT_BEFORE, EXACTLY} and course.start_on > promised_start
    if one.moved_to is not None or (is_wished and course.started_on is None):
        return replace(reason, kind=ReasonKind.MOVED, on=one.moved_to or course.start_on)
    closed = _closed_days(one, course, before, own, promised_start, closures)
    if closed is not None:
        return replace(closed, workdays=own)
    longer = course.workdays - (
        course.workdays if course.promised_workdays is None else course.promised_workdays
    )
    if longer > 0:
        return replace(reason, kind=ReasonKind.LONGER, on=None, days=longer)
    if one.finished_on is not None:
        return replace(reason, kind=ReasonKind.FINISHED_LATE, on=one.finished_on)
    if course.started_on is not None and course.started_on > promised_start:
        return replace(reason, kind=ReasonKind.BEGAN_LATE, on=course.started_on)
    if course.started_on is not None and one.planned_on < today:
        return replace(reason, kind=ReasonKind.OVERDUE, on=one.planned_on)
    if course.started_on is None and course.driver == TODAY and promised_start <= today:
        return replace(reason, kind=ReasonKind.NOT_BEGUN, on=promised_start)
    if course.promised_links is not None and course.link is not None:
        then = {link.predecessor: link for link in course.promised_links}
        if then.get(course.link.predecessor) != course.link:
            return replace(reason, kind=ReasonKind.WAITS, on=None, other=course.link.predecessor)
    return reason


def _closed_days(
    one: Milestone,
    course: Course,
    before: Milestone | None,
    own: int,
    promised_start: date,
    closures: Sequence[str],
) -> Reason | None:
    """The days that nobody works on now and that the promise counted on; None where there are none.

    They lie among its own promised days, or in the wait between the promised end of what it waits for and
    its promised start.
    """
    if one.planned_on is None:
        return None
    length = course.workdays if course.promised_workdays is None else course.promised_workdays
    left = sum(course.calendar.is_workday(day) for day in _days(promised_start, one.planned_on))
    since = _wait_since(course, before, promised_start)
    if since is None and left >= max(1, length):
        return None
    groups: dict[tuple[str, str], list[date]] = {}
    for day in _days(since or promised_start, max(one.finished_on or one.forecast_on, one.planned_on)):
        named = dict(course.calendar.explained(day))
        if not named or WEEKDAYS[day.weekday()] in named.values():
            continue
        place = next((name for name in closures if name in named), next(iter(named)))
        groups.setdefault((place, named[place]), []).append(day)
    if not groups:
        return None
    rank = {name: number for number, name in enumerate(closures)}

    def likely(group: tuple[tuple[str, str], list[date]]) -> tuple[bool, bool, int, date]:
        (place, _words), days = group
        return (place not in rank, len(days) != own, rank.get(place, 0), days[0])

    (place, words), days = min(groups.items(), key=likely)
    return Reason(ReasonKind.CLOSED, milestone=one.key, on=days[0], until=days[-1], place=place, words=words)


def _wait_since(course: Course, before: Milestone | None, promised_start: date) -> date | None:
    """When a wait began that takes longer than it was promised to, though both ends wait as they did then."""
    then = {link.predecessor: link for link in course.promised_links or ()}
    link = then.get(before.key) if before is not None else None
    if before is None or link is None or before.course is None or link.kind.is_to_finish:
        return None
    end_on = before.course.promised_start_on if link.kind.is_from_start else before.planned_on
    if end_on is None or not _is_as_long(before):
        return None
    wait = Wait(
        link,
        day_count(course.calendar),
        from_moment=before.course.workdays == 0,
        to_moment=course.workdays == 0,
    )
    return end_on if date.fromordinal(wait.earliest(end_on.toordinal())) > promised_start else None


def _days(first_on: date, last_on: date) -> list[date]:
    return [first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)]


def _causes(
    situation: Situation,
    *,
    calendar: WorkCalendar,
    today: date,
    limits: Thresholds,
    told: Collection[str | None] = (),
) -> tuple[Reason, ...]:
    """List what endangers the end: what is blocked, cannot be met, is open near its gate, overdue, or tight.

    :param told: milestones that the slip is put down to already; those that are late only because of them
        are no causes.
    """
    blocked, moved, overdue, tight = [], [], [], []
    for milestone in situation.milestones:
        if milestone.finished_on is not None or milestone.key in told:
            continue
        if milestone.blocked_since is not None:
            blocked.append(
                Reason(
                    ReasonKind.BLOCKED,
                    milestone=milestone.key,
                    on=milestone.blocked_since,
                    words=milestone.blocked_why,
                )
            )
            continue
        if milestone.planned_on is None or milestone.forecast_on <= milestone.planned_on:
            continue
        if told and milestone.is_driving:
            continue
        if milestone.moved_to is not None and milestone.is_driving:
            moved.append(Reason(ReasonKind.MOVED, milestone=milestone.key, on=milestone.moved_to))
            continue
        if milestone.planned_on < today and milestone.is_driving:
            since = workdays_between(calendar, milestone.planned_on, today)
            overdue.append(
                Reason(ReasonKind.OVERDUE, milestone=milestone.key, on=milestone.planned_on, workdays=since)
            )
        elif not milestone.is_driving and milestone.slack_workdays <= limits.little_slack:
            tight.append(
                Reason(ReasonKind.NO_SLACK, milestone=milestone.key, workdays=milestone.slack_workdays)
            )
    items = _item_causes(situation.open_items, calendar, today, limits)
    broken = [
        Reason(
            ReasonKind.CANNOT_MEET,
            milestone=one.milestone,
            on=one.wanted_on,
            words=one.wish,
            workdays=one.workdays,
        )
        for one in situation.broken_wishes
    ]
    return (*blocked, *broken, *moved, *items, *overdue, *(() if moved or told else tight))


def _item_causes(
    items: Sequence[OpenItem], calendar: WorkCalendar, today: date, limits: Thresholds
) -> list[Reason]:
    causes: list[Reason] = []
    for item in sorted(items, key=lambda item: (item.due_on or item.gate_on, item.key)):
        left = workdays_between(calendar, today, item.gate_on)
        if item.due_on is not None and item.due_on < today:
            causes.append(
                Reason(
                    ReasonKind.ITEM_OVERDUE,
                    item=item.key,
                    milestone=item.gate_milestone,
                    on=item.due_on,
                    workdays=workdays_between(calendar, item.due_on, today),
                )
            )
        elif left <= limits.gate_warning:
            causes.append(
                Reason(
                    ReasonKind.ITEM_OPEN,
                    item=item.key,
                    milestone=item.gate_milestone,
                    on=item.gate_on,
                    workdays=left,
                )
            )
    return causes
