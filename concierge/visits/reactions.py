"""What visits do when something happens to the project they belong to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from concierge.accounts.events import (
    ContactAwayEntered,
    ContactAwayRemoved,
    SiteChanged,
    SiteClosureChanged,
    SiteClosureEntered,
    SiteClosureRemoved,
    SiteHoursSet,
)
from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.identity.models import User
from concierge.platform import undo
from concierge.platform.database import db
from concierge.platform.events import Event, together
from concierge.platform.prepared import Rows, rows_by_id
from concierge.platform.statements import any_of
from concierge.projects import calendars
from concierge.projects.events import (
    ActUndone,
    DateMove,
    MilestoneAdded,
    MilestoneRestored,
    MilestoneSkipped,
    PlanApproved,
    PlanEvent,
    PlaybookAdopted,
    ProjectCancelled,
    ProjectTakenOver,
)
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason, reason_of_json
from concierge.projects.states import MilestoneState, ProjectState
from concierge.visits import feasibility, queries
from concierge.visits.actions import arranging, away, from_playbook, judging, progress, sharing, working
from concierge.visits.events import VisitCancelled, VisitStateChanged
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import COMING, VisitState
from concierge.workforce.calendars import away_span
from concierge.workforce.events import (
    AbsenceEntered,
    AbsenceRemoved,
    DayCleared,
    DaySet,
    HoursSet,
    LeaveApproved,
    LeaveWithdrawn,
    OwnCalendarRead,
    OwnCalendarRemoved,
    SkillGranted,
    SkillRemoved,
    TechnicianChanged,
)
from concierge.workforce.models import Absence

_OfPerson: TypeAlias = (
    AbsenceEntered
    | AbsenceRemoved
    | DayCleared
    | DaySet
    | HoursSet
    | LeaveApproved
    | LeaveWithdrawn
    | OwnCalendarRead
    | OwnCalendarRemoved
    | SkillGranted
    | SkillRemoved
    | TechnicianChanged
)
_SiteClosed: TypeAlias = SiteClosureEntered | SiteClosureChanged | SiteClosureRemoved


def plan_visits_of_many(events: Sequence[PlanApproved | ProjectTakenOver]) -> None:
    """Plan the visits of many projects at once."""
    by_act: dict[tuple[datetime, int | None], list[int]] = {}
    for event in events:
        by_act.setdefault((event.at, event.actor_id), []).append(event.project_id)
    for (at, actor_id), ids in by_act.items():
        from_playbook.plan_visits(ids, at=at, actor_id=actor_id)


@together(plan_visits_of_many)
def plan_visits(event: PlanApproved | ProjectTakenOver) -> None:
    """Plan the visits that playbooks ask for, for what is not done yet."""
    plan_visits_of_many((event,))


def follow_milestones(event: PlanEvent) -> None:
    """Take unconfirmed visits along with milestones that moved; let confirmed ones wait for a person.

    Visits of a milestone that has begun stay: what happens there is no longer planned by the plan. Those that stay
    where they are and begin before what they wait for, or no longer do, are judged anew.
    """
    moves = {move.milestone_id: move for move in event.moves if _has_moved(move)}
    if moves:
        _follow(event, moves)
    judging.look_again(feasibility.concerned_by_plan(event.project_id), at=event.at)


def _follow(event: PlanEvent, moves: Mapping[int, DateMove]) -> None:
    visits = _FOLLOWING.all(moved=sorted(moves))
    crews = _CREWS.all(visit_ids=[visit.id for visit in visits]) if visits else []
    sites = rows_by_id(
        Site, {visit.site_id for visit in visits}
    )  # most at the project's, which the session holds
    for visit in visits:
        set_committed_value(visit, "site", sites[visit.site_id])
        set_committed_value(visit, "crew_members", [one for one in crews if one.visit_id == visit.id])
    days = calendars.site_calendars({visit.site_id for visit in visits}) if visits else {}
    follows = []
    for visit in visits:
        move = moves[visit.milestone_id or 0]
        if move.start_before is not None and move.start_after is not None:
            days_there = days[visit.site_id]
            follows.append(arranging.Following(visit, move.start_before, move.start_after, days_there))
    arranging.follow_milestones(follows, at=event.at, actor_id=event.actor_id)


_FOLLOWING = Rows(
    select(Visit)
    .join(Milestone, Milestone.id == Visit.milestone_id)
    .where(
        any_of(Visit.milestone_id, "moved"),
        Visit.state.in_(tuple(COMING)),
        Milestone.state.not_in([MilestoneState.STARTED, MilestoneState.DONE]),
    )
    .order_by(Visit.starts_at, Visit.id)
)
_CREWS = Rows(
    select(VisitTechnician).where(any_of(VisitTechnician.visit_id, "visit_ids")).order_by(VisitTechnician.id)
)


def cancel_visits(event: ProjectCancelled) -> None:
    """Call off what has not begun when the project is cancelled; somebody on the way is told by a person."""
    reason = reason_of_json(event.because, event.reason)
    working.cancel_work_of(
        WorkOrder.project_id == event.project_id, reason=reason, at=event.at, actor_id=event.actor_id
    )
    visits = db.session.scalars(
        select(Visit)
        .where(
            Visit.project_id == event.project_id,
            Visit.state.in_(COMING - {VisitState.ON_ROUTE}),
        )
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    ).all()
    for visit in visits:
        progress.cancel(visit, reason=reason, at=event.at, actor_id=event.actor_id)


def cancel_visits_of_skipped(event: MilestoneSkipped) -> None:
    """Call off the work and coming visits of a milestone that is left out; somebody on the way is told by a person."""
    milestone = db.session.get(Milestone, event.milestone_id)
    name = milestone.name if milestone else {"en": event.name}
    reason = Reason(Because.LEFT_OUT, name, said=event.reason)
    working.cancel_work_of(
        WorkOrder.milestone_id == event.milestone_id, reason=reason, at=event.at, actor_id=event.actor_id
    )
    visits = db.session.scalars(
        select(Visit)
        .where(Visit.milestone_id == event.milestone_id, Visit.state.in_(COMING - {VisitState.ON_ROUTE}))
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    ).all()
    for visit in visits:
        progress.cancel(visit, reason=reason, at=event.at, actor_id=event.actor_id)


def follow_playbook(event: PlaybookAdopted) -> None:
    """Call off work and coming visits of milestones that a newer playbook does without; plan those that it brings.

    Work that is open and has not begun asks for what the newer playbook says.
    """
    reason = Reason(Because.PLAYBOOK_WITHOUT, name=event.playbook, number=event.number)
    working.cancel_work_of(
        WorkOrder.milestone_id.in_(event.removed_ids), reason=reason, at=event.at, actor_id=event.actor_id
    )
    visits = db.session.scalars(
        select(Visit)
        .where(Visit.milestone_id.in_(event.removed_ids), Visit.state.in_(COMING - {VisitState.ON_ROUTE}))
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    ).all()
    for visit in visits:
        progress.cancel(visit, reason=reason, at=event.at, actor_id=event.actor_id)
    working.follow_playbook(
        event.project_id,
        version_before_id=event.version_before_id,
        at=event.at,
        actor_id=event.actor_id,
    )
    state = db.session.scalar(select(Project.state).where(Project.id == event.project_id))
    if state is ProjectState.LIVE:
        from_playbook.plan_visits([event.project_id], at=event.at, actor_id=event.actor_id)


def reopen_work(event: MilestoneRestored) -> None:
    """Let there be work to do again for a milestone that is in the plan again; its visits are planned anew."""
    milestone = db.session.get(Milestone, event.milestone_id)
    reason = Reason(Because.TAKEN_IN_AGAIN, milestone.name if milestone else {"en": event.name})
    working.reopen_work_of(event.milestone_id, reason=reason, at=event.at, actor_id=event.actor_id)


def end_work(event: VisitStateChanged | VisitCancelled) -> None:
    """Let work be done when its last visit has ended complete and none is to come."""
    if isinstance(event, VisitStateChanged) and VisitState(event.state_after) is not VisitState.COMPLETE:
        return
    work_order_id = db.session.scalar(select(Visit.work_order_id).where(Visit.id == event.visit_id))
    if work_order_id is not None:
        working.follow_visits(work_order_id, at=event.at, actor_id=event.actor_id)


def plan_visit_of_added(event: MilestoneAdded) -> None:
    """Plan the visit that an added milestone asks for, if it asks for one."""
    if event.visit:
        from_playbook.plan_visit_of(
            event.project_id,
            event.milestone_id,
            VisitKind(event.visit),
            at=event.at,
            actor_id=event.actor_id,
        )


def question_visits(event: AbsenceEntered | LeaveApproved) -> None:
    """Let the coming visits of somebody who will be away wait for a person; nothing of them is lost."""
    absence = db.session.get(Absence, event.absence_id) if event.absence_id else None
    gone = _gone(event)
    if absence is None or gone is None:
        return
    who, zone = gone
    away.question(who, away_span(absence, zone), at=event.at, actor_id=event.actor_id)


def settle_visits(event: AbsenceRemoved | LeaveWithdrawn) -> None:
    """Let visits that waited because somebody would be away wait no longer."""
    gone = _gone(event) if event.absence_id else None
    if gone is not None:
        away.settle(gone[0], at=event.at, actor_id=event.actor_id)


def share_undone(event: ActUndone) -> None:
    """Let those see the project who go there, now that visits are as they were."""
    if {"visits", "visit_technicians"} & event.touched.keys():
        visits = undo.rows_of(
            event.act, "visits"
        )  # of all projects: two visits may have swapped their people
        members = queries.visits_of_members(undo.rows_of(event.act, "visit_technicians"))
        judging.look_again({*visits, *members}, insists=True, at=event.at)
        sharing.share_project(event.project_id)
    elif "milestones" in event.touched:
        judging.look_again(feasibility.concerned_by_plan(event.project_id), at=event.at)


def look_at_visits_of_person(event: _OfPerson) -> None:
    """Judge the coming visits of somebody anew: their hours, certificates, leave or own calendar are others."""
    found = judging.look_again(queries.coming_visit_ids(at=event.at, user_id=event.user_id), at=event.at)
    away.question_unfit(event.user_id, found, at=event.at, actor_id=event.actor_id)


def look_at_visits_at_site(event: SiteChanged | SiteHoursSet | _SiteClosed) -> None:
    """Judge the coming visits to a site anew: its hours or closed days are others."""
    judging.look_again(queries.coming_visit_ids(at=event.at, site_id=event.site_id), at=event.at)


def look_at_visits_with_contact(event: ContactAwayEntered | ContactAwayRemoved) -> None:
    """Judge the coming visits anew at which somebody of the customer has to be."""
    judging.look_again(queries.coming_visit_ids(at=event.at, contact_id=event.contact_id), at=event.at)


def look_at_all_visits(event: Event) -> None:
    """Judge all coming visits anew: the company is closed on other days."""
    judging.order_all(at=event.at)


def _gone(
    event: AbsenceEntered | AbsenceRemoved | LeaveApproved | LeaveWithdrawn,
) -> tuple[away.Gone, str] | None:
    """Who is away, and the zone they live in; `None` when the person is gone."""
    user = db.session.get(User, event.user_id)
    return (away.Gone(user.id, user.name, event.first_on, event.last_on), user.zone) if user else None


def _has_moved(move: DateMove) -> bool:
    return (
        move.start_before is not None
        and move.start_after is not None
        and move.start_before != move.start_after
    )
