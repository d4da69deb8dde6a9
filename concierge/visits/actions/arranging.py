"""Planning a visit, moving it, sending people, following the plan."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict

from flask_babel import gettext as _
from sqlalchemy import select

from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.core.spans import Span
from concierge.core.worktime import WorkCalendar
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record, record_many
from concierge.platform.prepared import row_of
from concierge.platform.speech import in_each
from concierge.platform.uids import fresh_uid
from concierge.platform.words import instant, localized, span
from concierge.projects.models import Milestone, Project
from concierge.visits import feasibility
from concierge.visits.actions import checks, claiming, judging, progress, sharing, working
from concierge.visits.actions.working import Asked
from concierge.visits.clocks import Stay, followed, nearest_stay, stay
from concierge.visits.events import (
    TechniciansAssigned,
    VisitChanged,
    VisitDecided,
    VisitEvent,
    VisitMoved,
    VisitNeedsDecision,
    VisitPlanned,
)
from concierge.visits.feasibility import Conflict
from concierge.visits.models import Visit, VisitAttendee, VisitTechnician, WorkOrder
from concierge.visits.states import FOLLOWING_THE_PLAN, VisitState, WorkOrderState
from concierge.visits.words import sentence
from concierge.workforce import queries as workforce


class Act(TypedDict):
    """Who does something, and when."""

    at: datetime
    actor_id: int | None


MOVABLE = frozenset({VisitState.DRAFT, VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.ACCEPTED})
"""A visit in these states can get another time, other people and other details."""


def plan_visit(
    project: Project,
    *,
    kind: VisitKind,
    title: str,
    starts_local: datetime,
    ends_local: datetime,
    site: Site,
    milestone: Milestone | None = None,
    work_order: WorkOrder | None = None,
    fold: int = 0,
    skill: str = "",
    level: int = 1,
    crew: int = 1,
    technician_ids: Collection[int] = (),
    contact_ids: Collection[int] = (),
    arrival_minutes: int = 0,
    conflict_reason: str = "",
    note: str = "",
    titles: Mapping[str, str] | None = None,
    state: VisitState = VisitState.TENTATIVE,
    uid: str = "",
    at: datetime,
    actor_id: int | None,
) -> Visit:
    """Enter a visit; the same `uid` twice gives the first one back, so a form sent twice plans one.

    :param titles: the title by language, where it is known in several.
    :param starts_local: wall time at the site, naive, as `ends_local`.
    :param crew: how many technicians are needed.
    :param work_order: the open work that it is for; without one, work is opened that this visit does.
    :raises Refused: when the project is over, the work is not open, or somebody is no technician.
    :raises NoSuchTime: when the clocks at the site jump over the time.
    :param contact_ids: people of the customer who have to be there.
    :param arrival_minutes: how long after the start somebody may arrive, as the customer is promised.
    :raises Conflicting: when a rule stands against it, without a reason.
    """
    # Two copies of one form wait for each other here, so that the second finds what the first planned.
    db.session.execute(select(Project.id).where(Project.id == project.id).with_for_update())
    if uid and (known := db.session.scalar(select(Visit).where(Visit.uid == uid))):
        return known
    if project.has_ended:
        raise Refused(_("The project is %(state)s; no visit can be planned.", state=project.state.value))
    when = stay(starts_local, ends_local, zone=site.zone, fold=fold)
    ids = _technicians_among(technician_ids)
    work = work_order
    if work is None:
        asked = Asked(
            project=project,
            kind=kind,
            title=title,
            titles=titles or {},
            site=site,
            milestone=milestone,
            skill=skill,
            level=level,
            crew=crew,
            minutes=feasibility.worked_minutes(site, Span(when.starts_at, when.ends_at), user_ids=ids),
        )
        (work,) = working.work_for_visits([asked], at=at)
    if work.state is not WorkOrderState.OPEN:
        raise Refused(_("%(code)s is not open. Open it again, then plan a visit for it.", code=work.code))
    visit = _visit(
        work,
        site,
        when,
        uid=uid or fresh_uid(at=at),
        milestone_id=milestone.id if milestone else None,
        kind=kind,
        title=title,
        titles=dict(titles or {}),
        state=VisitState.DRAFT if state is VisitState.DRAFT else VisitState.TENTATIVE,
        skill=skill,
        level=level,
        crew=crew,
        arrival_minutes=arrival_minutes,
        note=note,
        created_at=at,
        attendees=[VisitAttendee(contact_id=contact_id) for contact_id in sorted(set(contact_ids))],
    )
    db.session.add(visit)
    db.session.flush()
    if ids:  # a visit on which nobody goes shows the project to nobody
        _send(visit, ids)
    judging.settle([visit], reason=conflict_reason, at=at, actor_id=actor_id)
    record(_planned(visit, opens_work=work_order is None, at=at, actor_id=actor_id))
    if state is VisitState.CONFIRMED:
        progress.confirm(visit, at=at, actor_id=actor_id)
    return visit


def plan_work(
    asked: Sequence[tuple[Asked, Stay]], *, at: datetime, actor_id: int | None
) -> tuple[Visit, ...]:
    """Open work, each for a stay, and plan a tentative visit for it on which nobody goes yet; all in one act.

    :raises Refused: when one of the projects is over.
    """
    if not asked:
        return ()
    works = working.work_for_visits([one for one, _when in asked], at=at)
    visits = [
        _visit(
            work,
            one.site,
            when,
            uid=fresh_uid(at=at),
            milestone_id=work.milestone_id,
            kind=one.kind,
            title=one.title,
            titles=dict(one.titles),
            state=VisitState.TENTATIVE,
            skill=one.skill,
            level=one.level,
            crew=one.crew,
            created_at=at,
            attendees=[],
        )
        for work, (one, when) in zip(works, asked, strict=True)
    ]
    db.session.add_all(visits)
    judging.settle(visits, at=at, actor_id=actor_id)
    record_many([_planned(visit, opens_work=False, at=at, actor_id=actor_id) for visit in visits])
    return tuple(visits)


def _visit(work: WorkOrder, site: Site, when: Stay, **values: Any) -> Visit:  # Any: values of columns
    visit = Visit(
        project_id=work.project_id,
        work_order_id=work.id,
        site_id=site.id,
        zone=site.zone,
        crew_members=[],
        **values,
    )
    visit.site = site
    _put(visit, when)
    return visit


def _planned(visit: Visit, *, opens_work: bool, at: datetime, actor_id: int | None) -> VisitPlanned:
    return VisitPlanned(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_after=visit.technician_ids,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        work_order_id=visit.work_order_id,
        opens_work=opens_work,
    )


def move_visit(
    visit: Visit,
    *,
    starts_local: datetime,
    ends_local: datetime,
    site: Site,
    fold: int = 0,
    conflict_reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Give a visit another time, which settles what somebody had to decide.

    One that was accepted has to be accepted again.

    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when it is on its way, over or cancelled.
    :raises NoSuchTime: when the clocks at the site jump over the time.
    :raises Conflicting: when a rule stands against it then, and no reason is given.
    """
    checks.expect_version(visit, version)
    checks.expect_state(visit, MOVABLE)
    when = stay(starts_local, ends_local, zone=site.zone, fold=fold)
    before = {name: getattr(visit, name) for name in _OF_A_MOVE}
    event = _moved(visit, when, cause="person", at=at, actor_id=actor_id)
    try:
        judging.settle([visit], reason=conflict_reason, at=at, actor_id=actor_id)
    except checks.Conflicting:
        for name, value in before.items():
            setattr(visit, name, value)
        raise
    record(event)


_OF_A_MOVE = (
    "starts_local", "ends_local", "zone", "fold", "starts_at", "ends_at", "state", "needs_decision",
    "proposed_local", "sequence",
)  # fmt: skip
"""What of a visit a move changes; put back when it is refused, for whoever tries something else then."""


def assign_technicians(
    visit: Visit,
    *,
    technician_ids: Collection[int],
    site: Site,
    conflict_reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Send these people and nobody else.

    :raises Stale: when somebody changed the visit since `version`.
    :raises NotNow: when it is on its way, over or cancelled, or confirmed and nobody would be left.
    :raises Conflicting: when a rule stands against it, and no reason is given.
    :raises Refused: when somebody is no technician.
    """
    checks.expect_version(visit, version)
    assign_together({visit: technician_ids}, conflict_reason=conflict_reason, at=at, actor_id=actor_id)


def assign_together(
    people: Mapping[Visit, Collection[int]],
    *,
    conflict_reason: str = "",
    at: datetime,
    actor_id: int | None,
) -> None:
    """Send people on several visits in one act: what counts is who goes where once all is said, so they can swap.

    Sites and people of the visits have to be loaded; whoever holds others' visits has locked them.

    :raises Refused: as `assign_technicians` does, of any of them.
    """
    events = []
    states = {visit: visit.state for visit in people}
    for visit, technician_ids in people.items():
        checks.expect_state(visit, MOVABLE)
        before = visit.technician_ids
        ids = _technicians_among(technician_ids, keeping=before)
        if visit.state not in FOLLOWING_THE_PLAN and visit.crew and not ids:
            raise checks.NotNow(_("The visit is confirmed, so somebody has to go. Name another technician."))
        _send(visit, ids)
        if visit.state is VisitState.ACCEPTED and set(ids) != set(before):
            visit.state = VisitState.CONFIRMED
        visit.sequence += 1
        events.append((visit, before))
    try:
        found = judging.settle(list(people), reason=conflict_reason, at=at, actor_id=actor_id)
    except checks.Conflicting:  # whoever tries somebody else then begins from what was
        for visit, before in events:
            visit.state, visit.sequence = states[visit], visit.sequence - 1
            _send(visit, before)
        raise
    record_many(
        [
            _assigned(
                visit, before, reason=conflict_reason if found.get(visit.id) else "", at=at, actor_id=actor_id
            )
            for visit, before in events
        ]
    )


def change_details(
    visit: Visit,
    *,
    title: str,
    kind: VisitKind,
    milestone_id: int | None,
    skill: str,
    crew: int,
    note: str,
    level: int | None = None,
    arrival_minutes: int | None = None,
    contact_ids: Collection[int] | None = None,
    conflict_reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Change what a visit is for and what is noted about it; nothing changed records nothing.

    :param level: as `arrival_minutes` and `contact_ids`, `None` leaves it as it is.
    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when it is on its way, over or cancelled.
    :raises Conflicting: when a rule stands against what is asked for now, and no reason is given.
    """
    checks.expect_version(visit, version)
    checks.expect_state(visit, MOVABLE)
    details = Details(title, kind, milestone_id, skill, crew, note, level, arrival_minutes, contact_ids)
    changed = _write_details(visit, details)
    if not changed:
        return
    db.session.flush()
    if _JUDGED & set(changed):
        judging.settle([visit], reason=conflict_reason, at=at, actor_id=actor_id)
    record(_changed(visit, changed, at=at, actor_id=actor_id))


@dataclass(frozen=True, slots=True)
class Details:
    """What a visit is for and asks for; `None`: as it is."""

    title: str
    kind: VisitKind
    milestone_id: int | None
    skill: str
    crew: int
    note: str
    level: int | None = None
    arrival_minutes: int | None = None
    contact_ids: Collection[int] | None = None
    """People of the customer who have to be there."""


def rearrange(
    visit: Visit,
    *,
    site: Site,
    title: str,
    kind: VisitKind,
    milestone_id: int | None,
    skill: str,
    crew: int,
    note: str,
    starts_local: datetime,
    ends_local: datetime,
    fold: int,
    technician_ids: Collection[int],
    conflict_reason: str,
    level: int | None = None,
    arrival_minutes: int | None = None,
    contact_ids: Collection[int] | None = None,
    version: int | None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Do what a whole form says: details, time and people; only what differs is changed and recorded.

    What counts is who goes at the new time and for what, not what stood against any of it before.

    :raises Refused: as `change_details`, `move_visit` and `assign_technicians` do.
    """
    checks.expect_version(visit, version)
    checks.expect_state(visit, MOVABLE)
    act: Act = {"at": at, "actor_id": actor_id}
    details = Details(title, kind, milestone_id, skill, crew, note, level, arrival_minutes, contact_ids)
    changed = _write_details(visit, details)
    before = visit.technician_ids
    is_moved = (starts_local, ends_local, fold) != (visit.starts_local, visit.ends_local, visit.fold)
    is_assigned = set(technician_ids) != set(before)
    events: list[VisitEvent] = [_changed(visit, changed, **act)] if changed else []
    if is_assigned:
        ids = _technicians_among(technician_ids, keeping=before)
        if visit.state not in FOLLOWING_THE_PLAN and visit.crew and not ids:
            raise checks.NotNow(_("The visit is confirmed, so somebody has to go. Name another technician."))
        _send(visit, ids)
    if is_moved:
        when = stay(starts_local, ends_local, zone=site.zone, fold=fold)
        events.append(_moved(visit, when, cause="person", technicians_before=before, **act))
    elif is_assigned:
        visit.sequence += 1
        if visit.state is VisitState.ACCEPTED:
            visit.state = VisitState.CONFIRMED
        events.append(_assigned(visit, before, reason="", **act))
    if not events:
        return
    db.session.flush()
    if is_moved or is_assigned or _JUDGED & set(changed):
        found = judging.settle([visit], reason=conflict_reason, **act)
        if is_assigned and not is_moved and found.get(visit.id):
            events[-1] = _assigned(visit, before, reason=conflict_reason, **act)
    record_many(events)


def keep_visit(
    visit: Visit, *, reason: str, version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Leave a visit as it is although the plan moved, or a rule stands against it: the reason is kept for that, too.

    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when there is nothing to decide.
    :raises Conflicting: when a rule stands against it for which no reason helps.
    """
    checks.expect_version(visit, version)
    if not visit.needs_decision:
        raise checks.NotNow(_("There is nothing to decide about this visit."))
    judging.settle([visit], reason=reason, at=at, actor_id=actor_id)
    progress.settle(visit)
    db.session.flush()
    record(_decided(visit, reason=reason, at=at, actor_id=actor_id))


def follow_proposal(
    visit: Visit,
    *,
    site: Site,
    calendar: WorkCalendar,
    conflict_reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Move a confirmed visit to where the plan moved.

    :raises NotNow: when no new time is proposed.
    :raises Refused: as `move_visit` does.
    """
    checks.expect_version(visit, version)
    if visit.proposed_local is None:
        raise checks.NotNow(_("There is no new time to take over. Choose one under Edit."))
    when = proposed_stay(visit, calendar=calendar)
    move_visit(
        visit,
        starts_local=when.starts_local,
        ends_local=when.ends_local,
        site=site,
        fold=when.fold,
        conflict_reason=conflict_reason,
        at=at,
        actor_id=actor_id,
    )


def proposed_stay(visit: Visit, *, calendar: WorkCalendar) -> Stay:
    """Say when a visit would be if it followed the plan; its present time when nothing is proposed."""
    proposed = visit.proposed_local or visit.starts_local
    _start, ends_local = followed(
        visit.starts_local,
        visit.ends_local,
        before=visit.starts_local.date(),
        after=proposed.date(),
        calendar=calendar,
    )
    return nearest_stay(proposed, ends_local, zone=visit.zone)


@dataclass(frozen=True, slots=True)
class Following:
    """A visit whose milestone moved, and the day it started.

    `after` is the day it starts now, `calendar` the days on which we can work at the visit's site.
    """

    visit: Visit
    before: date
    after: date
    calendar: WorkCalendar


def follow_milestones(follows: Iterable[Following], *, at: datetime, actor_id: int | None) -> None:
    """Let visits follow their milestones by the same number of working days, keeping their time of day.

    A draft or tentative visit moves. A confirmed one stays and waits for a person, who sees where it would
    go; it waits no longer when the milestone comes back. Visits under way, over or cancelled stay. Each needs
    its site and its people loaded; those who go clash with what all of them are once all have moved.
    """
    moved: list[Visit] = []
    events: dict[int, list[VisitEvent]] = {}
    for one in follows:
        event: VisitEvent | None = None
        if one.visit.state in FOLLOWING_THE_PLAN:
            event = _go_along(one, at=at, actor_id=actor_id)
            if event is not None:
                moved.append(one.visit)
        elif one.visit.state in MOVABLE:
            event = _wait(one, at=at, actor_id=actor_id)
        if event is not None:
            events[one.visit.id] = [event]
    if moved:
        db.session.flush()
        going = [visit for visit in moved if visit.crew_members]
        for visit_id, clashes in judging.note(going, at=at).items() if going else ():
            visit = next(visit for visit in going if visit.id == visit_id)
            progress.let_wait(visit, in_each(partial(_taken_along, visit, clashes[0])))
            events[visit.id].append(_undecided(visit, at=at, actor_id=actor_id))
        claiming.claim(going)
    record_many([event for each in events.values() for event in each])


def _go_along(one: Following, *, at: datetime, actor_id: int | None) -> VisitMoved | None:
    """Move a visit with its milestone; None when it is there already."""
    visit = one.visit
    starts_local, ends_local = followed(
        visit.starts_local, visit.ends_local, before=one.before, after=one.after, calendar=one.calendar
    )
    when = nearest_stay(starts_local, ends_local, zone=visit.zone)
    if (when.starts_at, when.ends_at) == (visit.starts_at, visit.ends_at):
        return None
    return _moved(visit, when, cause="plan", at=at, actor_id=actor_id)


def _wait(one: Following, *, at: datetime, actor_id: int | None) -> VisitDecided | VisitNeedsDecision | None:
    """Let a visit wait for a person, or no longer; None when it waited for nobody and need not."""
    visit = one.visit
    base = visit.proposed_local or visit.starts_local
    proposed, _end = followed(base, base, before=one.before, after=one.after, calendar=one.calendar)
    if proposed == visit.starts_local:
        if not visit.needs_decision:
            return None
        progress.settle(visit)
        words = in_each(_moved_back)
        return _decided(visit, reason=words["en"], reasons=words, at=at, actor_id=actor_id)
    visit.proposed_local = proposed
    when = proposed_stay(visit, calendar=one.calendar)
    progress.let_wait(visit, in_each(partial(_left_behind, one, when)))
    return _undecided(visit, at=at, actor_id=actor_id)


def _taken_along(visit: Visit, clash: Conflict) -> str:
    return _(
        "The plan moved this visit to %(when)s. %(conflict)s",
        when=instant(visit.starts_at, visit.zone),
        conflict=sentence(clash),
    )


def _left_behind(one: Following, when: Stay) -> str:
    milestone = row_of(Milestone, one.visit.milestone_id)
    return _(
        "“%(milestone)s” moved in the plan. With it, this visit would be %(when)s.",
        milestone=localized(milestone.name) if milestone else one.visit.title,
        when=span(when.starts_local, when.ends_local),
    )


def _moved_back() -> str:
    return _("The plan moved back.")


def _technicians_among(user_ids: Collection[int], *, keeping: Collection[int] = ()) -> tuple[int, ...]:
    ids = tuple(sorted(set(user_ids)))
    if not ids:
        return ()
    known = workforce.technicians_by_user(ids)
    if any(user_id not in known and user_id not in keeping for user_id in ids):
        raise Refused(_("Only technicians can be sent. Make the person a technician first."))
    return ids


def _put(visit: Visit, when: Stay) -> None:
    visit.starts_local, visit.ends_local = when.starts_local, when.ends_local
    visit.zone, visit.fold = when.zone, when.fold
    visit.starts_at, visit.ends_at = when.starts_at, when.ends_at


def _send(visit: Visit, user_ids: Collection[int]) -> None:
    """Write who goes, and let them see the project; why in spite of what stands against it is written later."""
    for member in [member for member in visit.crew_members if member.user_id not in user_ids]:
        visit.crew_members.remove(member)
        db.session.delete(member)
    there = {member.user_id for member in visit.crew_members}
    for user_id in user_ids:
        if user_id not in there:
            member = VisitTechnician(visit_id=visit.id, user_id=user_id, conflict_reason="")
            visit.crew_members.append(member)
    db.session.flush()
    sharing.share_project(visit.project_id)


_JUDGED = frozenset({"kind", "milestone_id", "skill", "level", "crew", "contact_ids"})
"""What of a visit decides which rules stand against it."""


def _write_details(visit: Visit, details: Details) -> tuple[str, ...]:
    """Write what differs, and name it."""
    new = {
        name: value
        for name in ("title", "kind", "milestone_id", "skill", "level", "crew", "arrival_minutes", "note")
        if (value := getattr(details, name)) is not None or name == "milestone_id"
    }
    before = {name: getattr(visit, name) for name in new}
    for name, value in new.items():
        setattr(visit, name, value)
    changed = [name for name in new if getattr(visit, name) != before[name]]
    if "title" in changed:
        visit.titles = {}  # what a person wrote is not translated
    if details.contact_ids is not None:
        wanted = set(details.contact_ids)
        if wanted != {one.contact_id for one in visit.attendees}:
            for one in [one for one in visit.attendees if one.contact_id not in wanted]:
                visit.attendees.remove(one)
                db.session.delete(one)
            there = {one.contact_id for one in visit.attendees}
            visit.attendees += [VisitAttendee(contact_id=new_id) for new_id in sorted(wanted - there)]
            changed.append("contact_ids")
    return tuple(changed)


def _changed(visit: Visit, changed: tuple[str, ...], *, at: datetime, actor_id: int | None) -> VisitChanged:
    going = visit.technician_ids
    return VisitChanged(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=going,
        technicians_after=going,
        changed=changed,
    )


def _assigned(
    visit: Visit, before: tuple[int, ...], *, reason: str, at: datetime, actor_id: int | None
) -> TechniciansAssigned:
    return TechniciansAssigned(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=before,
        technicians_after=visit.technician_ids,
        reason=reason,
    )


def _moved(
    visit: Visit,
    when: Stay,
    *,
    cause: str,
    at: datetime,
    actor_id: int | None,
    technicians_before: tuple[int, ...] | None = None,
) -> VisitMoved:
    """Give a visit another time; the event is still to be recorded."""
    starts_before = visit.starts_at
    _put(visit, when)
    progress.settle(visit)
    if visit.state is VisitState.ACCEPTED:
        visit.state = VisitState.CONFIRMED
    visit.sequence += 1
    going = visit.technician_ids
    return VisitMoved(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=going if technicians_before is None else technicians_before,
        technicians_after=going,
        starts_before=starts_before,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        cause=cause,
    )


def _undecided(visit: Visit, *, at: datetime, actor_id: int | None) -> VisitNeedsDecision:
    going = visit.technician_ids
    return VisitNeedsDecision(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=going,
        technicians_after=going,
        reason=visit.needs_decision,
        reasons=visit.decide_words,
    )


def _decided(
    visit: Visit,
    *,
    reason: str,
    reasons: Mapping[str, str] = {},  # never changed
    at: datetime,
    actor_id: int | None,
) -> VisitDecided:
    going = visit.technician_ids
    return VisitDecided(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=going,
        technicians_after=going,
        reason=reason,
        reasons=dict(reasons),
    )
