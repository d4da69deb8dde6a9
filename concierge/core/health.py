"""Judging how a project stands, with reasons a sentence can be made of.

The state is computed, never typed in. Each reason is a kind with named values; a page makes the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from concierge.core.worktime import WorkCalendar, workdays_between


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
    causes = _causes(situation, calendar=calendar, today=today, limits=limits)
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


def _causes(
    situation: Situation, *, calendar: WorkCalendar, today: date, limits: Thresholds
) -> tuple[Reason, ...]:
    """List what endangers the end: what is blocked, cannot be met, is open near its gate, overdue, or tight."""
    blocked, moved, overdue, tight = [], [], [], []
    for milestone in situation.milestones:
        if milestone.finished_on is not None:
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
        Reason(ReasonKind.CANNOT_MEET, milestone=one.milestone, on=one.wanted_on, words=one.wish)
        for one in situation.broken_wishes
    ]
    return (*blocked, *broken, *moved, *items, *overdue, *(() if moved else tight))


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
