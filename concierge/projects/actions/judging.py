"""Saying how a project stands: computed after every act, never typed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from concierge.catalogue.states import MilestoneKind
from concierge.core import health as core
from concierge.core.schedule import NOT_BEFORE, Plan
from concierge.core.worktime import WorkCalendar, workdays_between
from concierge.projects.models import Gate, Milestone, Project
from concierge.projects.states import GateState, Health, MilestoneState, ProjectState

STAGES = {
    ProjectState.DRAFT: core.Stage.DRAFT,
    ProjectState.LIVE: core.Stage.RUNNING,
    ProjectState.DONE: core.Stage.DONE,
    ProjectState.CANCELLED: core.Stage.CANCELLED,
}
GATED_BY = {"ship": MilestoneKind.DELIVERED, "install": MilestoneKind.INSTALLED}


def judge(
    project: Project, milestones: Sequence[Milestone], plan: Plan, *, calendar: WorkCalendar, today: date
) -> None:
    """Write health, its reason, forecast hand-over and slip into the project.

    :param today: the calendar day at the site.
    """
    last = handover_of(milestones)
    verdict = core.judge(
        core.Situation(
            stage=STAGES[project.state],
            last_key=last.key,
            promised_on=project.promised_handover_on,
            milestones=[_as_core(milestone, plan) for milestone in milestones],
            open_items=_open_items(project.gates, milestones),
            stage_since=project.finished_on or _day(project.cancelled_at),
            stage_words=project.cancel_reason,
        ),
        calendar=calendar,
        today=today,
    )
    project.health = Health(verdict.health.value.replace("_", " "))
    project.forecast_handover_on = last.finish_on
    project.slip_workdays = (
        workdays_between(calendar, project.promised_handover_on, last.finish_on)
        if project.promised_handover_on and last.finish_on
        else 0
    )
    names = {milestone.key: milestone.name for milestone in milestones}
    items = {item["key"]: item["requirement"] for gate in project.gates for item in gate.holding}
    project.health_facts = {
        "reason": _plain(verdict.reason, names, items),
        "causes": [_plain(cause, names, items) for cause in verdict.causes[:5]],
    }


def handover_of(milestones: Sequence[Milestone]) -> Milestone:
    """The milestone that the promise is about: hand-over, else the last one."""
    for milestone in milestones:
        if milestone.kind is MilestoneKind.HANDOVER:
            return milestone
    return max(milestones, key=lambda milestone: (milestone.finish_on or date.min, milestone.position))


def _as_core(milestone: Milestone, plan: Plan) -> core.Milestone:
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
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None
