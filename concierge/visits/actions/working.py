"""Work orders: opening one, changing what it asks for, and when it is done, open again or cancelled."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Site
from concierge.catalogue.models import PlaybookMilestone, PlaybookVisit
from concierge.catalogue.states import VisitKind
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Reason, reason_of
from concierge.visits.actions import checks, progress
from concierge.visits.events import (
    VisitChanged,
    WorkCancelled,
    WorkChanged,
    WorkDone,
    WorkOpened,
    WorkReopened,
)
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState

DAY_MINUTES = 480
"""How long work is taken to last that nobody has said anything about."""
CHANGEABLE = COMING - {VisitState.ON_ROUTE}
"""Visits in these states go along with what their work asks for."""
PASSED_ON = frozenset({"title", "kind", "milestone_id", "skill", "level", "crew"})
"""What visits have of their work."""
HELD_BY_VISITS = frozenset({VisitState.ON_ROUTE, VisitState.IN_PROGRESS})
"""While a visit is in one of these states, its work can be neither cancelled nor closed."""


def open_work(
    project: Project,
    *,
    kind: VisitKind,
    title: str,
    site: Site,
    milestone: Milestone | None = None,
    titles: Mapping[str, str] | None = None,
    skill: str = "",
    level: int = 1,
    crew: int = 1,
    minutes: int = DAY_MINUTES,
    tools: Collection[str] = (),
    needs_customer: bool = False,
    note: str = "",
    asset_id: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> WorkOrder:
    """Enter work to do at a site, for which visits are planned later.

    :param minutes: how long a crew works at the site, all visits together.
    :raises Refused: when the project is over.
    """
    asked = Asked(
        project=project,
        kind=kind,
        title=title,
        site=site,
        milestone=milestone,
        titles=titles or {},
        skill=skill,
        level=level,
        crew=crew,
        minutes=minutes,
        tools=tools,
        needs_customer=needs_customer,
        note=note,
        asset_id=asset_id,
    )
    (work,) = work_for_visits([asked], at=at)
    record(
        WorkOpened(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            work_order_id=work.id,
            code=work.code,
            title=work.title,
            minutes=work.minutes,
        )
    )
    return work


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Work to be done at a site of a project, and what it asks for."""

    project: Project
    kind: VisitKind
    title: str
    site: Site
    milestone: Milestone | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    skill: str = ""
    level: int = 1
    crew: int = 1
    minutes: int = DAY_MINUTES
    """How long a crew works at the site, all visits together."""
    tools: Collection[str] = ()
    needs_customer: bool = False
    note: str = ""
    asset_id: int | None = None


def work_for_visits(asked: Sequence[Asked], *, at: datetime) -> list[WorkOrder]:
    """Open work that visits are planned for in the same act, whose events tell of both; as many as are asked for.

    :raises Refused: when one of the projects is over.
    """
    for one in asked:
        if one.project.has_ended:
            state = one.project.state.value
            raise Refused(_("The project is %(state)s; no work can be planned.", state=state))
    ids = sorted({one.project.id for one in asked})
    # Two at once wait for each other here, so that no number is given twice.
    db.session.execute(
        sa.select(Project.id).where(Project.id.in_(ids)).order_by(Project.id).with_for_update()
    )
    of_projects = sa.select(WorkOrder.project_id, sa.func.max(WorkOrder.number))
    grouped = of_projects.where(WorkOrder.project_id.in_(ids)).group_by(WorkOrder.project_id)
    last: dict[int, int] = {row[0]: row[1] for row in db.session.execute(grouped)}
    works = []
    for one in asked:
        number = last[one.project.id] = last.get(one.project.id, 0) + 1
        works.append(
            WorkOrder(
                project_id=one.project.id,
                number=number,
                code=f"{one.project.key}-W{number}",
                milestone_id=one.milestone.id if one.milestone else None,
                site_id=one.site.id,
                asset_id=one.asset_id,
                kind=one.kind,
                title=one.title,
                titles=dict(one.titles),
                skill=one.skill,
                level=one.level,
                crew=one.crew,
                minutes=max(1, one.minutes),
                tools=list(one.tools),
                needs_customer=one.needs_customer,
                note=one.note,
                state=WorkOrderState.OPEN,
                opened_at=at,
                visits=[],
            )
        )
    db.session.add_all(works)
    db.session.flush()
    return works


def change_work(
    work: WorkOrder,
    *,
    title: str,
    kind: VisitKind,
    milestone_id: int | None,
    skill: str,
    level: int,
    crew: int,
    minutes: int,
    tools: Collection[str],
    needs_customer: bool,
    note: str,
    asset_id: int | None,
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> tuple[str, ...]:
    """Change what the work is and what it asks for; nothing changed records nothing.

    Visits to come take over what they had like the work itself. They have to be loaded, with people.

    :return: the names of what changed.
    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is done or cancelled.
    """
    expect_version(work, version)
    expect_open(work)
    new = {
        "title": title,
        "kind": kind,
        "milestone_id": milestone_id,
        "skill": skill,
        "level": level,
        "crew": crew,
        "minutes": minutes,
        "tools": list(tools),
        "needs_customer": needs_customer,
        "note": note,
        "asset_id": asset_id,
    }
    before = {name: getattr(work, name) for name in new}
    for name, value in new.items():
        setattr(work, name, value)
    changed = tuple(name for name in new if getattr(work, name) != before[name])
    if not changed:
        return ()
    if "title" in changed:
        work.titles = {}  # what a person wrote is not translated
    _announce_change(work, before, changed, at=at, actor_id=actor_id)
    return changed


def follow_playbook(project_id: int, *, version_before_id: int, at: datetime, actor_id: int | None) -> None:
    """Let open work ask for what its playbook says now, where it asked for what the playbook said before.

    What a person changed stays. Work on which a visit has ended keeps its length: part of it is done.
    """
    found = db.session.scalars(
        sa.select(WorkOrder)
        .where(
            WorkOrder.project_id == project_id,
            WorkOrder.state == WorkOrderState.OPEN,
            WorkOrder.milestone_id.is_not(None),
        )
        .options(
            joinedload(WorkOrder.milestone)
            .joinedload(Milestone.template)
            .selectinload(PlaybookMilestone.visits),
            selectinload(WorkOrder.visits).selectinload(Visit.crew_members),
        )
        .order_by(WorkOrder.id)
    ).all()
    old = {
        (milestone_key, visit.kind): visit
        for milestone_key, visit in db.session.execute(
            sa.select(PlaybookMilestone.key, PlaybookVisit)
            .join(PlaybookVisit, PlaybookVisit.milestone_id == PlaybookMilestone.id)
            .where(PlaybookMilestone.version_id == version_before_id)
        )
    }
    for work in found:
        template = work.milestone.template if work.milestone else None
        if template is None:
            continue
        was = old.get((template.key, work.kind))
        now = next((visit for visit in template.visits if visit.kind is work.kind), None)
        if was is not None and now is not None and was is not now:
            _take_over(work, was, now, at=at, actor_id=actor_id)


def _take_over(
    work: WorkOrder, was: PlaybookVisit, now: PlaybookVisit, *, at: datetime, actor_id: int | None
) -> None:
    days, rest = divmod(work.minutes, was.minutes)
    values = {
        "skill": (was.skill, now.skill),
        "level": (was.level, now.level),
        "crew": (was.technicians, now.technicians),
        "tools": (list(was.tools), list(now.tools)),
        "needs_customer": (was.needs_customer, now.needs_customer),
        "minutes": (work.minutes, work.minutes if rest or last_ended(work.visits) else days * now.minutes),
    }
    before = {name: getattr(work, name) for name in values}
    changed = tuple(name for name, (old, new) in values.items() if before[name] == old and old != new)
    for name in changed:
        setattr(work, name, values[name][1])
    if changed:
        _announce_change(work, before, changed, at=at, actor_id=actor_id)


def _announce_change(
    work: WorkOrder,
    before: Mapping[str, Any],  # Any: values of the columns
    changed: tuple[str, ...],
    *,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Pass on what changed to the visits that were like the work, and tell of it."""
    db.session.flush()
    record(
        WorkChanged(
            at=at,
            actor_id=actor_id,
            project_id=work.project_id,
            work_order_id=work.id,
            code=work.code,
            title=work.title,
            changed=changed,
        )
    )
    for visit in work.visits:
        if visit.state in CHANGEABLE:
            _pass_on(visit, work, before, changed, at=at, actor_id=actor_id)


def _pass_on(
    visit: Visit,
    work: WorkOrder,
    before: Mapping[str, Any],  # Any: values of the columns
    changed: Iterable[str],
    *,
    at: datetime,
    actor_id: int | None,
) -> None:
    names = tuple(name for name in changed if name in PASSED_ON and getattr(visit, name) == before[name])
    for name in names:
        setattr(visit, name, getattr(work, name))
    if not names:
        return
    if "title" in names:
        visit.titles = {}
    db.session.flush()
    going = visit.technician_ids
    record(
        VisitChanged(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            technicians_before=going,
            technicians_after=going,
            changed=names,
        )
    )


def close_work(
    work: WorkOrder, *, note: str = "", version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Say that nothing is left to do. Visits have to be loaded.

    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is done or cancelled already, or a visit of it has not ended.
    """
    expect_version(work, version)
    expect_open(work)
    if any(visit.state in COMING or visit.state in HELD_BY_VISITS for visit in work.visits):
        raise Refused(
            _("A visit of this work is still to come or under way. Finish or cancel it, then close the work.")
        )
    _done(work, visit_id=None, note=note, at=at, actor_id=actor_id)


def reopen_work(
    work: WorkOrder, *, reason: str | Reason, version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Say that there is something to do again.

    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is open, or its project has ended.
    """
    expect_version(work, version)
    if work.state is WorkOrderState.OPEN:
        raise Refused(_("The work is open already. Plan a visit for it."))
    project = db.session.get_one(Project, work.project_id)
    if project.has_ended:
        raise Refused(_("The project is %(state)s; no work can be planned.", state=project.state.value))
    before, why = work.state, reason_of(reason)
    work.state, work.closed_at, work.cancel_reason = WorkOrderState.OPEN, None, ""
    work.cancel_because = None
    db.session.flush()
    record(
        WorkReopened(
            at=at,
            actor_id=actor_id,
            project_id=work.project_id,
            work_order_id=work.id,
            code=work.code,
            title=work.title,
            state_before=before.value,
            reason=why.said,
            because=why.as_json(),
        )
    )


def cancel_work(
    work: WorkOrder, *, reason: str, version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Say that the work will not be done; its visits to come are called off. Visits have to be loaded, with people.

    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is done or cancelled already, or somebody is on the way or at work.
    """
    expect_version(work, version)
    expect_open(work)
    if any(visit.state in HELD_BY_VISITS for visit in work.visits):
        raise Refused(
            _("Somebody is on the way or at work for it. Finish that visit first, then cancel the rest.")
        )
    _cancelled(work, reason=reason, at=at, actor_id=actor_id)
    for visit in work.visits:
        if visit.state in COMING:
            progress.cancel(visit, reason=reason, at=at, actor_id=actor_id)


def cancel_work_of(
    *conditions: sa.ColumnElement[bool], reason: str | Reason, at: datetime, actor_id: int | None
) -> None:
    """Cancel open work because of what it is for; what somebody is at work on stays open."""
    found = db.session.scalars(
        sa.select(WorkOrder)
        .where(WorkOrder.state == WorkOrderState.OPEN, *conditions)
        .options(selectinload(WorkOrder.visits))
        .order_by(WorkOrder.id)
    ).all()
    for work in found:
        if not any(visit.state in HELD_BY_VISITS for visit in work.visits):
            _cancelled(work, reason=reason, at=at, actor_id=actor_id)


def reopen_work_of(milestone_id: int, *, reason: str | Reason, at: datetime, actor_id: int | None) -> None:
    """Open the cancelled work of a milestone that is in the plan again."""
    found = db.session.scalars(
        sa.select(WorkOrder)
        .where(WorkOrder.milestone_id == milestone_id, WorkOrder.state == WorkOrderState.CANCELLED)
        .order_by(WorkOrder.id)
    ).all()
    for work in found:
        reopen_work(work, reason=reason, at=at, actor_id=actor_id)


def follow_visits(work_order_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Let work be done once its last visit ended complete and none is to come; else it stays as it is."""
    work = db.session.scalar(
        sa.select(WorkOrder)
        .where(WorkOrder.id == work_order_id)
        .with_for_update(of=WorkOrder)
        .options(selectinload(WorkOrder.visits))
        .execution_options(populate_existing=True)
    )
    if work is None or work.state is not WorkOrderState.OPEN:
        return
    last = last_ended(work.visits)
    if last is not None and last.state is VisitState.COMPLETE and not has_more(work.visits):
        _done(work, visit_id=last.id, note="", at=at, actor_id=actor_id)


def last_ended(visits: Iterable[Visit]) -> Visit | None:
    """The latest visit of which somebody said how it ended; one that was called off says nothing."""
    ended = [visit for visit in visits if visit.state in {VisitState.COMPLETE, VisitState.INCOMPLETE}]
    return max(ended, key=lambda visit: (visit.starts_at, visit.id), default=None)


def has_more(visits: Iterable[Visit]) -> bool:
    """Say whether a visit is to come or under way."""
    return any(visit.state in COMING or visit.state in HELD_BY_VISITS for visit in visits)


def expect_version(work: WorkOrder, version: int | None) -> None:
    """Make sure that nobody changed the work since a form was opened; `None` checks nothing.

    :raises Stale: when somebody did.
    """
    if version is not None and version != work.version:
        raise Stale(
            _(
                "Somebody else changed this work in the meantime. Load the page again, "
                "look at what is new, then repeat."
            )
        )


def expect_open(work: WorkOrder) -> None:
    """Make sure that there is still something to do.

    :raises NotNow: when the work is done or cancelled.
    """
    if work.state is WorkOrderState.DONE:
        raise checks.NotNow(_("The work is done. Open it again if something is left to do."))
    if work.state is WorkOrderState.CANCELLED:
        raise checks.NotNow(_("The work is cancelled. Open it again if it is to be done after all."))


def _done(work: WorkOrder, *, visit_id: int | None, note: str, at: datetime, actor_id: int | None) -> None:
    work.state, work.closed_at = WorkOrderState.DONE, at
    db.session.flush()
    record(
        WorkDone(
            at=at,
            actor_id=actor_id,
            project_id=work.project_id,
            work_order_id=work.id,
            code=work.code,
            title=work.title,
            visit_id=visit_id,
            note=note,
        )
    )


def _cancelled(work: WorkOrder, *, reason: str | Reason, at: datetime, actor_id: int | None) -> None:
    why = reason_of(reason)
    work.state, work.closed_at, work.cancel_reason = WorkOrderState.CANCELLED, at, why.said
    work.cancel_because = why.as_json() if why.because else None
    db.session.flush()
    record(
        WorkCancelled(
            at=at,
            actor_id=actor_id,
            project_id=work.project_id,
            work_order_id=work.id,
            code=work.code,
            title=work.title,
            reason=why.said,
            because=work.cancel_because or {},
        )
    )
