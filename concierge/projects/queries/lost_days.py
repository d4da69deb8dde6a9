"""Questions about lost days: the ledger of a project, and what people entered about its delays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import DaysOf
from concierge.core import delays as core
from concierge.core.schedule import Step
from concierge.core.worktime import WorkCalendar
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.events import RecordedEvent
from concierge.projects.calendars import FROZEN, SHUTDOWN, known_of
from concierge.projects.models import (
    Baseline,
    CalendarProposal,
    Delay,
    DelayEvidence,
    Hold,
    Milestone,
    Project,
)
from concierge.projects.queries.networks import (
    Network,
    accountable_party,
    day_of,
    network_of,
    step_then,
    with_calendars,
)
from concierge.projects.queries.plans import baselines_of, project_by_key
from concierge.projects.states import MilestoneState, ProjectState
from concierge.workforce.calendars import AWAY, COMPANY

_AGREED = "DatesPromised"
_MOVED = "MilestoneMoved"
_UNDONE = "ActUndone"
_REQUIRED = "GoLiveRequired"
REPLANNED = ("PlanReplanned", "PlanReplannedAmongMany")
"""Events that say that a plan followed a changed calendar."""
_ORDINARY = frozenset(
    {
        "MilestoneStarted",
        "MilestoneFinished",
        "MilestoneBlocked",
        "MilestoneUnblocked",
        "MilestoneReopened",
        "MilestoneReassigned",
        "ForecastChanged",
    }
)
"""Events of one milestone that do not change the plan's network."""
_FIELDS = ("workdays", "calendar", "links", "just_in_time")
_WISHES = ("not_before", "not_after", "exactly_on")
_CLOSED_BY = {
    "closure": core.Party.US,
    "absence": core.Party.US,
    "site closure": core.Party.CUSTOMER,
}
"""Whose days it costs when a calendar is closed, by the kind of the change."""


@dataclass(frozen=True, slots=True)
class LostDays:
    """Where the days between the first plan and today's forecast, or the real end, went.

    `ledger` books each of them once. `end_on` is the handover as it is forecast, or was.
    """

    ledger: core.Ledger
    baseline: Baseline
    baseline_on: date
    end_on: date
    end_name: dict[str, str]
    is_over: bool
    replanned: tuple[tuple[str, bool], ...] = ()
    """What was changed in working calendars since, which moved the end without anybody's delay: what each change
    is called, and whether it took an earlier one back.
    """


def lost_days(project: Project, *, at: datetime) -> LostDays | None:
    """The ledger of a project that is loaded whole; None before its plan was approved."""
    baseline = next(iter(baselines_of(project.id)), None)
    handover = _handover(project)
    if baseline is None or handover is None or handover.finish_on is None:
        return None
    course = _course(project, baseline, handover, at=at)
    return LostDays(
        core.ledger(course),
        baseline,
        course.baseline_on,
        course.end_on,
        handover.name,
        is_over=handover.finished_on is not None,
        replanned=_replanned(project.id, baseline.taken_at),
    )


def delays_of(project_id: int) -> Sequence[Delay]:
    """What people entered about a project's delays, earliest first, with evidence and comments."""
    return db.session.scalars(
        sa.select(Delay)
        .where(Delay.project_id == project_id)
        .order_by(Delay.first_on, Delay.id)
        .options(
            joinedload(Delay.entered_by),
            selectinload(Delay.evidence).joinedload(DelayEvidence.file),
            selectinload(Delay.comments),
        )
    ).all()


def delay_for(viewer: Viewer, key: str, delay_id: int) -> tuple[Project, Delay]:
    """A delay of a project that the viewer may see, with evidence and comments.

    :raises NotFound: when the project has no such delay, or the viewer may not see it.
    """
    project = project_by_key(viewer, key)
    for delay in delays_of(project.id):
        if delay.id == delay_id:
            return project, delay
    raise NotFound


def delay_for_change(delay_id: int) -> Delay:
    """One delay, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    delay = db.session.scalar(
        sa.select(Delay)
        .where(Delay.id == delay_id)
        .with_for_update(of=Delay)
        .options(selectinload(Delay.evidence), selectinload(Delay.comments))
        .execution_options(populate_existing=True)
    )
    if delay is None:
        raise NotFound
    return delay


def evidence_for(viewer: Viewer, key: str, evidence_id: int) -> DelayEvidence:
    """Evidence of a delay of a project that the viewer may see, with its file.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    project = project_by_key(viewer, key)
    found = db.session.scalar(
        sa.select(DelayEvidence)
        .join(Delay, Delay.id == DelayEvidence.delay_id)
        .where(DelayEvidence.id == evidence_id, Delay.project_id == project.id)
        .options(joinedload(DelayEvidence.file))
    )
    if found is None:
        raise NotFound
    return found


def latest_events(project_id: int, *, most: int = 60) -> Sequence[RecordedEvent]:
    """What happened to a project lately, latest first, to be linked as evidence."""
    return db.session.scalars(
        sa.select(RecordedEvent)
        .where(RecordedEvent.project_id == project_id)
        .order_by(RecordedEvent.id.desc())
        .limit(most)
    ).all()


def events_by_id(ids: Iterable[int], *, project_id: int) -> Mapping[int, RecordedEvent]:
    """Events of a project by their ids."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = db.session.scalars(
        sa.select(RecordedEvent).where(RecordedEvent.id.in_(wanted), RecordedEvent.project_id == project_id)
    )
    return {row.id: row for row in rows}


def open_delays(
    project_id: int, *, milestone_id: int | None = None, hold_id: int | None = None
) -> Sequence[Delay]:
    """Delays that a block of a milestone, or a hold, wrote and that last."""
    question = sa.select(Delay).where(Delay.project_id == project_id, Delay.last_on.is_(None))
    if hold_id is not None:
        question = question.where(Delay.hold_id == hold_id)
    else:
        question = question.where(Delay.milestone_id == milestone_id, Delay.is_from_block)
    return db.session.scalars(question.order_by(Delay.id)).all()


def _handover(project: Project) -> Milestone | None:
    planned = [one for one in project.milestones if one.state is not MilestoneState.SKIPPED]
    named = next((one for one in planned if one.kind.value == "handover"), None)
    return named or max(planned, key=lambda one: (one.finish_on or date.min, one.position), default=None)


def _course(project: Project, baseline: Baseline, handover: Milestone, *, at: datetime) -> core.Course:
    zone = project.site.zone
    today = clock.day_at(at, zone)
    until = handover.finished_on or today
    if project.state is ProjectState.CANCELLED and project.cancelled_at is not None:
        until = min(until, clock.day_at(project.cancelled_at, zone))
    # Without its holds: the ledger closes held days itself, each from the day on which it was known.
    network = network_of(project, today=today, known=replace(known_of([project]), holds={}))
    told = _events_since(project.id, baseline.taken_at)
    history = _Changes(project, baseline, network, told, until=until)
    works = [history.work(one) for one in project.milestones]
    calendars = with_calendars(network, [one.step for one in works])
    closings = _closings(project, baseline, calendars, until=until)
    go_live_since = history.go_live(handover)
    finishes = {one.milestone_key: one.finish_on for one in baseline.milestones}
    return core.Course(
        works=works,
        end=handover.key,
        calendars=_opened(calendars, closings),
        counted_in=network.counted_in,
        start_on=project.starts_on,
        taken_on=clock.day_at(baseline.taken_at, zone),
        baseline_on=finishes.get(handover.key) or max(finishes.values()),
        end_on=handover.finish_on or until,
        until=until,
        causes=_causes(project, until),
        changes=history.changes,
        closings=closings,
        options=network.options,
        options_since=go_live_since,
        options_before={"last_key": network.options.get("last_key")},
    )


def _events_since(project_id: int, since: datetime) -> Sequence[RecordedEvent]:
    return db.session.scalars(
        sa.select(RecordedEvent)
        .where(
            RecordedEvent.project_id == project_id,
            RecordedEvent.at >= since,
            RecordedEvent.name.not_in(_ORDINARY),
        )
        .order_by(RecordedEvent.id)
    ).all()


def _replanned(project_id: int, since: datetime) -> tuple[tuple[str, bool], ...]:
    told = (row.payload for row in _replannings(project_id, since))
    return tuple(dict.fromkeys((str(one.get("change") or ""), bool(one.get("is_back"))) for one in told))


def _replannings(project_id: int, since: datetime) -> Sequence[RecordedEvent]:
    return db.session.scalars(
        sa.select(RecordedEvent)
        .where(
            RecordedEvent.project_id == project_id,
            RecordedEvent.at >= since,
            RecordedEvent.name.in_(REPLANNED),
        )
        .order_by(RecordedEvent.id)
    ).all()


def _closings(
    project: Project, baseline: Baseline, calendars: Mapping[str, WorkCalendar], *, until: date
) -> list[core.Closing]:
    """The days that changes of working calendars took out of the plan since the baseline, as they are today.

    A day that something else closes too is none of them: it was no working day before, or is none because of
    what came first.
    """
    rows = _replannings(project.id, baseline.taken_at)
    if not rows:
        return []
    ids = {int(row.payload.get("proposal_id") or 0) for row in rows}
    changes = {
        one.id: one.change
        for one in db.session.scalars(sa.select(CalendarProposal).where(CalendarProposal.id.in_(ids)))
    }
    found: list[core.Closing] = []
    told: set[date] = set()
    for row in rows:
        change = changes.get(int(row.payload.get("proposal_id") or 0), {})
        wanted = set(_days_closed_by(change)) - set(_days_closed_by(change.get("before") or {})) - told
        reason = _reason_of(change)
        days = {
            name: frozenset(day for day in wanted if set(calendar.explained(day)) == {reason})
            for name, calendar in calendars.items()
        }
        if not any(days.values()):
            continue
        told |= wanted
        on = min(clock.day_at(row.at, project.site.zone), until)
        found.append(core.Closing(on, days, _CLOSED_BY[change["kind"]], ref=f"event {row.id}"))
    return found


def _days_closed_by(change: Mapping[str, Any]) -> list[date]:  # Any: JSON
    """The whole days that a kept change of a calendar closes."""
    first_on, last_on = day_of(change.get("first_on")), day_of(change.get("last_on"))
    is_closing = (
        change.get("kind") in _CLOSED_BY and not change.get("removes") and not change.get("from_time")
    )
    if not is_closing or first_on is None or last_on is None:
        return []
    return [first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)]


def _reason_of(change: Mapping[str, Any]) -> tuple[str, str]:  # Any: JSON
    """As a calendar gives the reason of a day that such a change closes: whose it is, and why."""
    match change.get("kind"):
        case "closure":
            return COMPANY, str(change.get("name") or "")
        case "absence":
            return AWAY, str(change.get("word") or "")
    place = SHUTDOWN if change.get("word") == SiteClosureKind.SHUTDOWN.value else FROZEN
    return place, str(change.get("name") or "")


def _opened(
    calendars: Mapping[str, WorkCalendar], closings: Sequence[core.Closing]
) -> Mapping[str, WorkCalendar]:
    """Calendars as they were before days were closed."""
    return {
        name: replace(
            calendar,
            closed={
                day: why
                for day, why in calendar.closed.items()
                if not any(day in one.days.get(name, ()) for one in closings)
            },
            parts=(),
        )
        if closings
        else calendar
        for name, calendar in calendars.items()
    }


class _Changes:
    """How today's plan came from the baseline: what was changed, and on which day it was known."""

    def __init__(
        self,
        project: Project,
        baseline: Baseline,
        network: Network,
        told: Sequence[RecordedEvent],
        *,
        until: date,
    ) -> None:
        self.zone = project.site.zone
        self.baseline = baseline
        self.until = until
        self.changes: list[core.Change] = []
        self.now = {step.key: step for step in network.steps}
        self.keys = {one.id: one.key for one in project.milestones}
        self.told: dict[str, list[RecordedEvent]] = {}
        for row in told:
            inner = row.payload.get("told") if row.name == _UNDONE else row.payload
            key = self.keys.get((inner or {}).get("milestone_id", 0))
            if key is not None:
                self.told.setdefault(key, []).append(row)
        self.required = [row for row in told if row.name == _REQUIRED]
        taken_back: set[datetime] = set()
        for row in told:
            if row.name == _UNDONE and isinstance(done_at := row.payload.get("done_at"), str):
                change = taken_back.discard if row.payload.get("is_again") else taken_back.add
                change(datetime.fromisoformat(done_at))
        self.agreed = [
            row.at
            for row in told
            if row.name == _AGREED and row.payload.get("is_agreed", True) and row.at not in taken_back
        ]
        structural = [row for rows in self.told.values() for row in rows if row.name not in {_MOVED, _UNDONE}]
        self.changed_at = max((row.at for row in structural), default=None)

    def go_live(self, handover: Milestone) -> date | None:
        """The day since when a go-live is required, where that came after the baseline; agreed with the customer."""
        if not self.required:
            return None
        row = self.required[0]
        on = min(clock.day_at(row.at, self.zone), self.until)
        ref = f"event {row.id}"
        self.changes.append(core.Change(handover.key, on, (), is_agreed=True, number=row.id, ref=ref))
        return on

    def work(self, milestone: Milestone) -> core.Work:
        """A milestone as the baseline had it; what became of it since goes into `changes`."""
        now = self.now.get(milestone.key)
        then = step_then(milestone, self.baseline, now, keys=self.keys.values()) or _to_come(milestone, now)
        self._follow_wishes(milestone, then, now)
        self._follow_network(milestone, then, now)
        facts = replace(then, started_on=milestone.started_on, finished_on=milestone.finished_on)
        party = core.Party(accountable_party(milestone.kind, milestone.team).value)
        return core.Work(facts, party, milestone.team.value)

    def _follow_wishes(self, milestone: Milestone, then: Step, now: Step | None) -> None:
        wishes = [then.not_before]
        for row in self.told.get(milestone.key, ()):
            if (
                row.name == _UNDONE
                and row.payload.get("undone") == _MOVED
                and not row.payload.get("is_again")
            ):
                wishes = wishes[:-1] or [then.not_before]
            elif row.name == _MOVED or (
                row.name == _UNDONE and row.payload.get("undone") == _MOVED and row.payload.get("is_again")
            ):
                inner = row.payload if row.name == _MOVED else row.payload.get("told") or {}
                wishes.append(day_of(inner.get("to")))
            else:
                continue
            self._add(milestone.key, row.at, (("not_before", wishes[-1]),), row)
        last = replace(then, not_before=wishes[-1])
        if now is not None and any(getattr(last, name) != getattr(now, name) for name in _WISHES):
            values = tuple((name, getattr(now, name)) for name in _WISHES)
            self._add(milestone.key, milestone.moved_at or self.changed_at, values, None)

    def _follow_network(self, milestone: Milestone, then: Step, now: Step | None) -> None:
        rows = [row for row in self.told.get(milestone.key, ()) if row.name not in {_MOVED, _UNDONE, _AGREED}]
        row = rows[-1] if rows else None
        if now is None:
            if then.workdays:
                self._add(milestone.key, row.at if row else None, (("workdays", 0),), row)
            return
        values = tuple(
            (name, getattr(now, name)) for name in _FIELDS if getattr(now, name) != getattr(then, name)
        )
        if values:
            # Links change together, on the last day of any such change: one at a time they could close a circle.
            at = self.changed_at if any(name == "links" for name, _ in values) or row is None else row.at
            self._add(milestone.key, at, values, row)

    def _add(
        self,
        key: str,
        at: datetime | None,
        values: tuple[tuple[str, Any], ...],  # Any: values of Step's fields
        row: RecordedEvent | None,
    ) -> None:
        on = min(clock.day_at(at, self.zone), self.until) if at is not None else self.until
        is_agreed = at is not None and any(
            timedelta(0) <= agreed - at < timedelta(days=1) for agreed in self.agreed
        )
        self.changes.append(
            core.Change(key, on, values, is_agreed, row.id if row else 0, f"event {row.id}" if row else "")
        )


def _to_come(milestone: Milestone, now: Step | None) -> Step:
    """A milestone that the baseline did not have: until it was added it takes no time."""
    if now is None:
        return Step(milestone.key, 0, DaysOf.SITE.value)
    return replace(
        now,
        workdays=0,
        not_before=None,
        not_after=None,
        exactly_on=None,
        started_on=None,
        finished_on=None,
    )


def _causes(project: Project, until: date) -> list[core.Cause]:
    keys = {one.id: one.key for one in project.milestones}
    holds = {
        row.id: row
        for row in db.session.scalars(sa.select(Hold).where(Hold.project_id == project.id).order_by(Hold.id))
    }
    entered = db.session.scalars(
        sa.select(Delay).where(Delay.project_id == project.id).order_by(Delay.first_on, Delay.id)
    ).all()
    of_holds = {one.hold_id: one for one in entered if one.hold_id is not None}
    causes = [
        core.Cause(
            core.Party(one.party.value),
            one.first_on,
            one.last_on,
            keys.get(one.milestone_id or 0),
            one.team.value if one.team else "",
            one.cause.value,
            f"delay {one.id}",
        )
        for one in entered
        if one.hold_id is None
    ]
    for hold in holds.values():
        last_on = hold.resumed_on - timedelta(days=1) if hold.resumed_on else None
        if last_on is not None and last_on < hold.first_on:
            continue
        said = of_holds.get(hold.id)
        party, cause = (said.party, said.cause) if said else (hold.party, hold.cause)
        team = said.team.value if said and said.team else ""
        ref = f"delay {said.id}" if said else ""
        causes.append(
            core.Cause(
                core.Party(party.value),
                hold.first_on,
                last_on,
                None,
                team,
                cause.value,
                ref,
                is_hold=True,
                expected_last_on=hold.expected_on - timedelta(days=1) if hold.expected_on else None,
            )
        )
    return [one for one in causes if one.first_on <= until]
