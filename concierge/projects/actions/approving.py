"""Approving a plan, promising other dates, keeping the plan as it is: what is kept is never changed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.core import links as core
from concierge.platform.database import db, insert_rows
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import follow, today_at
from concierge.projects.actions.noting import note_dates
from concierge.projects.actions.promising import note_shown
from concierge.projects.events import BaselineTaken, DatesPromised, PlanApproved
from concierge.projects.models import Baseline, BaselineMilestone, Milestone, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import DateKind, MilestoneState, ProjectState, ShownOn

MOST_BASELINES = 99


def approve_plan(
    project_id: int, *, seen_handover_on: date | None = None, actor_id: int | None, at: datetime
) -> Project:
    """Promise the dates of a draft as they are laid out today, and keep them as the first baseline.

    :param seen_handover_on: the handover that the person saw who approves; None does not compare.
    :raises Refused: when the plan is approved already, or the project has ended.
    :raises Stale: when today's plan leads to another handover than the one that was seen.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.DRAFT:
        raise Refused(
            _(
                "The plan of %(key)s is %(state)s; only a draft can be approved.",
                key=project.key,
                state=_said(project.state),
            )
        )
    follow(project, at=at)
    if seen_handover_on is not None and project.forecast_handover_on != seen_handover_on:
        raise Stale(
            _(
                "The plan leads to %(day)s by now, not to the %(day2)s on your page. Load the page again,"
                " look, then approve.",
                day=saying.long_day(project.forecast_handover_on),
                day2=saying.long_day(seen_handover_on),
            )
        )
    project.state = ProjectState.LIVE
    project.approved_at = at
    baseline = _promise(project, name="First plan", why=Reason(Because.APPROVED), actor_id=actor_id, at=at)
    record(
        PlanApproved(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            baseline_id=baseline.id,
            handover_on=project.promised_handover_on,
        )
    )
    return project


def promise_anew(
    project_id: int,
    *,
    reason: str,
    because: Because | None = None,
    is_agreed: bool = False,
    reference: str = "",
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Promise the dates of the forecast instead of the older ones.

    What was promised before stays in the baselines; milestones that are done keep their promise.

    :param because: what it follows from, where that is reason enough; None: ``reason`` is needed.
    :param is_agreed: whether the customer asked for these dates or agreed to them, which the ledger then says.
    :param reference: what shows that they did, such as the number of their order.
    :raises Refused: when the project is not under way, no reason is given, or a date would lie in the past.
    """
    project = queries.project_for_change(project_id)
    if project.state is not ProjectState.LIVE:
        raise Refused(
            _(
                "%(key)s is %(state)s; there is nothing to promise.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    if not reason.strip() and because is None:
        raise Refused(_("Say in a few words why other dates are promised now."))
    before = project.promised_handover_on
    follow(project, at=at)
    day = today_at(project, at)
    name = f"Agreed on {day:%Y-%m-%d}" if is_agreed else f"Promised on {day:%Y-%m-%d}"
    why = Reason(because or (Because.AGREED if is_agreed else Because.PROMISED), said=reason.strip())
    baseline = _promise(project, name=name, why=why, actor_id=actor_id, at=at)
    if is_agreed:
        note_shown(
            project,
            shown_on=ShownOn.AGREEMENT,
            reference=reference,
            at=at,
            by_id=actor_id,
            is_agreed=True,
        )
    record(
        DatesPromised(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            baseline_id=baseline.id,
            handover_before=before,
            handover_on=project.promised_handover_on,
            reason=reason,
            because=why.as_json() if because else {},
            is_agreed=is_agreed,
        )
    )
    return project


def keep_plan(
    project_id: int, *, name: str, note: str = "", actor_id: int | None, at: datetime
) -> tuple[Project, Baseline]:
    """Keep the plan as it is now under a name; nothing else changes, and the promise stays what it is.

    :raises Refused: when it has no name, or one that is taken, or the project has ended.
    """
    project = queries.project_for_change(project_id)
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s; its plan no longer changes and needs no baseline.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    name = " ".join(name.split())
    if not name:
        raise Refused(
            _("Give the baseline a name by which you will know it, such as: Before the summer shutdown.")
        )
    known = queries.baselines_of(project.id)
    if any(one.name.casefold() == name.casefold() for one in known):
        raise Refused(
            _(
                "%(key)s has a baseline called %(name)s already. Choose another name.",
                key=project.key,
                name=name,
            )
        )
    if len(known) >= MOST_BASELINES:
        raise Refused(
            _(
                "%(key)s has %(most)s baselines, and more help nobody. Compare with a day.",
                key=project.key,
                most=MOST_BASELINES,
            )
        )
    baseline = take_baseline(project, name=name, note=note, actor_id=actor_id, at=at)
    record(
        BaselineTaken(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            baseline_id=baseline.id,
            number=baseline.number,
            name=baseline.name,
        )
    )
    return project, baseline


def take_baseline(
    project: Project,
    *,
    name: str,
    note: str = "",
    because: Because | None = None,
    actor_id: int | None,
    at: datetime,
) -> Baseline:
    """Keep the plan as it is now under the next number; what is left out of the plan is left out of it.

    :param because: what it was taken by itself for, which then names it to each reader; None: a person names it.
    """
    (baseline,) = take_baselines([project], name=name, note=note, because=because, actor_id=actor_id, at=at)
    return baseline


def take_baselines(
    projects: Sequence[Project],
    *,
    name: str,
    note: str = "",
    because: Because | None = None,
    actor_id: int | None,
    at: datetime,
) -> list[Baseline]:
    """Keep the plans of many projects in one act, as `take_baseline` does each."""
    ids = [project.id for project in projects]
    of_projects = sa.select(Baseline.project_id, sa.func.max(Baseline.number)).group_by(Baseline.project_id)
    last = {row[0]: row[1] for row in db.session.execute(of_projects.where(Baseline.project_id.in_(ids)))}
    baselines = [
        Baseline(
            project_id=project.id,
            number=last.get(project.id, 0) + 1,
            name=name,
            note=note,
            because=because,
            taken_at=at,
            taken_by_id=actor_id,
        )
        for project in projects
    ]
    db.session.add_all(baselines)
    db.session.flush()
    rows = []
    for project, baseline in zip(projects, baselines, strict=True):
        waits_for = _links(project.milestones)
        rows += [
            {
                "baseline_id": baseline.id,
                "milestone_key": milestone.key,
                "name": milestone.name,
                "start_on": milestone.start_on,
                "finish_on": milestone.finish_on,
                "content": _content(milestone, waits_for[milestone.key]),
            }
            for milestone in project.milestones
            if milestone.state is not MilestoneState.SKIPPED
        ]
    insert_rows(BaselineMilestone, rows)
    return baselines


def _promise(project: Project, *, name: str, why: Reason, actor_id: int | None, at: datetime) -> Baseline:
    today = today_at(project, at)
    for milestone in project.milestones:
        if milestone.state is MilestoneState.SKIPPED:
            continue
        if milestone.promised_on is not None and milestone.finished_on is not None:
            continue
        start_on, finish_on = milestone.start_on, milestone.finish_on
        if milestone.finished_on is None and finish_on is not None and finish_on < today:
            raise Refused(
                _(
                    "%(name)s would be promised for %(day)s, which is past. Move it to a day that lies"
                    " ahead, or say that it is done.",
                    name=localized(milestone.name),
                    day=saying.long_day(finish_on),
                )
            )
        if (milestone.promised_start_on, milestone.promised_on) == (start_on, finish_on):
            continue
        milestone.promised_start_on, milestone.promised_on = start_on, finish_on
        note_dates(project.id, milestone.id, DateKind.PROMISED, start_on, finish_on, actor_id, at, why)
    project.promised_handover_on = handover_of(project.milestones).promised_on
    baseline = take_baseline(project, name=name, note=why.said, because=why.because, actor_id=actor_id, at=at)
    follow(project, at=at)
    return baseline


def _links(milestones: Sequence[Milestone]) -> Mapping[str, Sequence[core.Link]]:
    """What each milestone of the plan waits for; what is left out hands on what it waited for itself."""
    keys = {milestone.id: milestone.key for milestone in milestones}
    links = {
        milestone.key: [
            core.Link(
                keys[link.predecessor_id],
                link.lag,
                core.LinkKind(link.kind.value),
                core.LagUnit(link.lag_unit.value),
            )
            for link in milestone.links
        ]
        for milestone in milestones
    }
    left_out = {one.key for one in milestones if one.state is MilestoneState.SKIPPED}
    return core.bridged(links, left_out=left_out)


def _content(milestone: Milestone, waits_for: Sequence[core.Link]) -> dict[str, Any]:  # Any: JSON values
    """All that lays the milestone out again as it stood, as plain values; days in ISO."""
    return {
        "kind": milestone.kind.value,
        "team": milestone.team.value,
        "audience": milestone.audience.value,
        "state": milestone.state.value,
        "workdays": milestone.workdays,
        "days_of": milestone.days_of.value,
        "just_in_time": milestone.just_in_time,
        "not_before_on": _iso(milestone.not_before_on),
        "not_after_on": _iso(milestone.not_after_on),
        "exactly_on": _iso(milestone.exactly_on),
        "promised_on": _iso(milestone.promised_on),
        "started_on": _iso(milestone.started_on),
        "finished_on": _iso(milestone.finished_on),
        "is_done": milestone.state is MilestoneState.DONE,
        "links": [
            {"after": link.predecessor, "kind": link.kind.value, "lag": link.lag, "lag_unit": link.unit.value}
            for link in waits_for
        ],
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _said(state: ProjectState) -> str:
    return {
        ProjectState.LIVE: _("approved already"),
        ProjectState.DONE: _("finished"),
        ProjectState.CANCELLED: _("cancelled"),
    }[state]
