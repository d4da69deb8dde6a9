"""Saying how a project stands: computed after every act, never typed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from concierge.catalogue.states import MilestoneKind
from concierge.core import health as core
from concierge.core.schedule import NOT_BEFORE, ConflictKind, Plan, Step
from concierge.core.worktime import WorkCalendar, workdays_between
from concierge.projects import queries
from concierge.projects.calendars import FROZEN, HOLD, SHUTDOWN
from concierge.projects.models import Gate, Milestone, Project
from concierge.projects.queries.networks import promised_shapes
from concierge.projects.states import GateState, Health, MilestoneState, ProjectState
from concierge.workforce.calendars import AWAY, COMPANY

STAGES = {
    ProjectState.DRAFT: core.Stage.DRAFT,
    ProjectState.LIVE: core.Stage.RUNNING,
    ProjectState.DONE: core.Stage.DONE,
    ProjectState.CANCELLED: core.Stage.CANCELLED,
}
CLOSURES = (HOLD, AWAY, COMPANY, SHUTDOWN, FROZEN)
"""What closes days beside weekends and public holidays, by the names of their calendars."""
GATED_BY = {"ship": MilestoneKind.DELIVERED, "install": MilestoneKind.INSTALLED}


def judge(
    project: Project,
    milestones: Sequence[Milestone],
    plan: Plan,
    *,
    calendar: WorkCalendar,
    steps: Mapping[str, Step],
    calendars: Mapping[str, WorkCalendar],
    today: date,
) -> None:
    """Write health, its reason, forecast handover, slip and stage into the project.

    :param milestones: those that are in the plan.
    :param calendar: the working days at the site, whether or not the project was on hold.
    :param steps: of the plan, by key, with what they wait for.
    :param calendars: by name, the days in which steps count their lengths.
    :param today: the calendar day at the site.
    """
    last = handover_of(milestones)
    is_held = project.held_on is not None and project.state is ProjectState.LIVE
    courses = _courses(project, milestones, plan, last, steps, calendars) if not is_held else {}
    verdict = core.judge(
        core.Situation(
            stage=core.Stage.ON_HOLD if is_held else STAGES[project.state],
            last_key=last.key,
            promised_on=project.promised_handover_on,
            milestones=[_as_core(one, plan, courses.get(one.key)) for one in milestones],
            open_items=_open_items(project.gates, milestones),
            broken_wishes=[
                core.BrokenWish(
                    conflict.kind.value,
                    conflict.key,
                    conflict.wanted_on,
                    -plan.fit_workdays
                    if conflict.kind is ConflictKind.REQUIRED and plan.fit_workdays is not None
                    else None,
                )
                for conflict in plan.conflicts
            ],
            stage_since=project.held_on if is_held else project.finished_on or _day(project.cancelled_at),
            stage_words=project.cancel_reason,
            closures=CLOSURES,
        ),
        calendar=calendar,
        today=today,
    )
    if is_held:
        verdict = replace(verdict, reason=_about_hold(project, verdict.reason, calendar, today))
    project.health = Health(verdict.health.value.replace("_", " "))
    project.forecast_handover_on = last.finish_on
    project.slip_workdays = (
        workdays_between(calendar, project.promised_handover_on, last.finish_on)
        if project.promised_handover_on and last.finish_on
        else 0
    )
    _name_stage(project, milestones, today=today)
    names = {milestone.key: milestone.name for milestone in milestones}
    items = {item["key"]: item["requirement"] for gate in project.gates for item in gate.holding}
    project.health_facts = {
        "reason": _plain(verdict.reason, names, items),
        "causes": [_plain(cause, names, items) for cause in verdict.causes[:5]],
    }


def handover_of(milestones: Sequence[Milestone]) -> Milestone:
    """The milestone that the promise is about: handover, else the last one."""
    in_plan = [one for one in milestones if one.state is not MilestoneState.SKIPPED]
    for milestone in in_plan:
        if milestone.kind is MilestoneKind.HANDOVER:
            return milestone
    return max(in_plan, key=lambda milestone: (milestone.finish_on or date.min, milestone.position))


def _about_hold(project: Project, reason: core.Reason, calendar: WorkCalendar, today: date) -> core.Reason:
    """Why it rests, for how many working days, today's included, and when it is expected to go on."""
    hold = queries.open_hold(project.id)
    if hold is None:
        return reason
    rested = max(0, workdays_between(calendar, hold.first_on - timedelta(days=1), today))
    return replace(reason, words=hold.reason, workdays=rested, forecast_on=hold.expected_on)


def _name_stage(project: Project, milestones: Sequence[Milestone], *, today: date) -> None:
    """Say which stage is to be reached next, and since when that is so.

    Work of no stage of its own – a unit being tested beside – says nothing while a stage is open. The chain
    that sets the end does not matter: it may begin at a day wished for, long after what comes before it.
    """
    still_open = [one for one in milestones if one.state is not MilestoneState.DONE]
    staged = [one for one in still_open if one.kind is not MilestoneKind.OTHER]
    nearest = min(
        staged or still_open, key=lambda one: (one.start_on or date.max, one.position), default=None
    )
    stage = nearest.kind if nearest else handover_of(milestones).kind
    if project.stage is not stage or project.stage_since_on is None:
        project.stage, project.stage_since_on = stage, today


def _courses(
    project: Project,
    milestones: Sequence[Milestone],
    plan: Plan,
    last: Milestone,
    steps: Mapping[str, Step],
    calendars: Mapping[str, WorkCalendar],
) -> dict[str, core.Course]:
    """How the milestones of a project that is late lie and lay when they were promised; nothing of any other."""
    promised_on = project.promised_handover_on
    end_on = plan.placed[last.key].finish_on
    if project.state is not ProjectState.LIVE or promised_on is None or end_on <= promised_on:
        return {}
    then = promised_shapes(project.id, milestones)
    found = {}
    for one in milestones:
        placed, step = plan.placed[one.key], steps[one.key]
        shape = then.get(one.key)
        found[one.key] = core.Course(
            start_on=placed.start_on,
            calendar=calendars[step.calendar],
            driver=placed.driver,
            link=placed.link,
            links=step.links,
            workdays=one.workdays,
            started_on=one.started_on,
            promised_start_on=one.promised_start_on,
            promised_workdays=shape.workdays if shape else None,
            promised_links=shape.links if shape else None,
        )
    return found


def _as_core(milestone: Milestone, plan: Plan, course: core.Course | None) -> core.Milestone:
    return core.Milestone(
        key=milestone.key,
        forecast_on=plan.placed[milestone.key].finish_on,
        planned_on=milestone.promised_on,
        finished_on=milestone.finished_on,
        slack_workdays=milestone.slack_workdays,
        is_driving=milestone.key in plan.driving_chain,
        blocked_since=milestone.blocked_on if milestone.state is MilestoneState.BLOCKED else None,
        blocked_why=milestone.block_reason,
        moved_to=_moved_to(milestone, plan),
        course=course,
    )


def _moved_to(milestone: Milestone, plan: Plan) -> date | None:
    """The day a person moved it to, when it is later than the promise and nothing else holds it."""
    placed = plan.placed[milestone.key]
    promised = milestone.promised_start_on
    is_wish = placed.driver == NOT_BEFORE and promised is not None and placed.start_on > promised
    return placed.start_on if is_wish else None


def _open_items(gates: Sequence[Gate], milestones: Sequence[Milestone]) -> list[core.OpenItem]:
    found = []
    for gate in gates:
        gated = next((m for m in milestones if m.kind is GATED_BY[gate.kind.value]), None)
        if (
            gate.state is GateState.HELD
            and gated is not None
            and gated.finished_on is None
            and gated.start_on
        ):
            found += [
                core.OpenItem(item["key"], gated.key, gated.start_on, date.fromisoformat(item["due_on"]))
                for item in gate.holding
            ]
    return found


def _plain(
    reason: core.Reason, names: dict[str, dict[str, str]], items: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """A reason as JSON: days in ISO, milestones and items by their names."""
    return {
        "kind": reason.kind.value,
        "milestone": names.get(reason.milestone or ""),
        "item": items.get(reason.item or ""),
        "promised_on": _iso(reason.promised_on),
        "forecast_on": _iso(reason.forecast_on),
        "on": _iso(reason.on),
        "workdays": reason.workdays,
        "words": reason.words,
        "until": _iso(reason.until),
        "place": reason.place,
        "other": names.get(reason.other or ""),
        "days": reason.days,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None
