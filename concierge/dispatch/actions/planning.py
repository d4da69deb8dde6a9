"""Plans for unassigned work: asking for one, keeping what was found, and booking what somebody accepts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from concierge.accounts.models import Site
from concierge.catalogue.states import VisitKind
from concierge.core.assignment import Measure, Piece, Problem, Why, WhyNot
from concierge.core.dispatch import Attendee, Person, Rule, Work, minutes_there
from concierge.core.hours import Place
from concierge.core.spans import Span
from concierge.core.worktime import DAY
from concierge.dispatch import queries
from concierge.dispatch.events import PlanAsked, PlanCancelled, ProposalChanged, ProposalRejected
from concierge.dispatch.models import PlanningProposal, PlanningRun
from concierge.dispatch.queries import Unassigned
from concierge.dispatch.solver import Solved
from concierge.dispatch.states import PlanningState, ProposalState
from concierge.identity.viewer import Viewer
from concierge.platform import jobs
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.platform.events import record
from concierge.platform.words import instant
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.visits import feasibility
from concierge.visits import queries as visits
from concierge.visits.actions import arranging
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import COMING, VisitState, WorkOrderState
from concierge.visits.work import work_for_change
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce

PLAN_JOB = "dispatch.plan"
ACCEPT_JOB = "dispatch.accept"
WEEKS = 4
MOST_WEEKS = 12
MOST_PIECES = 300
"""So many pieces of work are planned at once, what is due first."""
AT_ONCE = 10
"""More proposals than these are booked by a job."""
MOST_BESIDE = 5
"""So many others are named who were not chosen."""

Facts = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be planned: days, both included, and which work."""

    first_on: date
    last_on: date
    territory: str = ""
    skill: str = ""
    keys: tuple[str, ...] = ()
    """Rows of the tray; none: all."""


def ask_plan(wish: Wish, *, at: datetime, actor_id: int | None) -> PlanningRun:
    """Have a plan made for the tray, by a job; nothing is booked.

    :raises Refused: when the days are none, or too many.
    """
    days = (wish.last_on - wish.first_on).days + 1
    if not 1 <= days <= MOST_WEEKS * 7:
        raise Refused(_("Plan for one to %(num)s weeks.", num=MOST_WEEKS))
    run = PlanningRun(
        asked_by_id=actor_id,
        asked_at=at,
        first_on=wish.first_on,
        last_on=wish.last_on,
        territory=wish.territory,
        skill=wish.skill,
        keys=list(wish.keys),
        state=PlanningState.PLANNING,
    )
    db.session.add(run)
    db.session.flush()
    run.job_id = jobs.start_job(PLAN_JOB, _("Plan for unassigned work"), {"run_id": run.id}, actor_id).id
    record(PlanAsked(at=at, actor_id=actor_id, run_id=run.id, first_on=run.first_on, last_on=run.last_on))
    return run


def cancel_plan(run_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Stop a plan that is being made.

    :raises Refused: when it is there already.
    """
    run = run_for_change(run_id)
    if run.state is not PlanningState.PLANNING:
        raise Refused(_("The plan is there already. Nothing of it is booked until you accept it."))
    run.state, run.ended_at = PlanningState.CANCELLED, at
    record(PlanCancelled(at=at, actor_id=actor_id, run_id=run.id))


# ---------------------------------------------------------------- finding


def run_by_id(run_id: int) -> PlanningRun:
    """A plan with who asked for it, as it is now.

    :raises NotFound: when there is none.
    """
    return _run(run_id, sa.select(PlanningRun).options(joinedload(PlanningRun.asked_by)))


def run_for_change(run_id: int) -> PlanningRun:
    """The same, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    return _run(run_id, sa.select(PlanningRun).with_for_update(of=PlanningRun))


def recent_runs(*, most: int = 20) -> Sequence[tuple[PlanningRun, int]]:
    """The last plans with how many of their proposals wait for a person, the newest first."""
    waiting = (
        sa.select(sa.func.count(PlanningProposal.id))
        .where(PlanningProposal.run_id == PlanningRun.id, PlanningProposal.state == ProposalState.PROPOSED)
        .correlate(PlanningRun)
        .scalar_subquery()
    )
    question = (
        sa.select(PlanningRun, waiting)
        .options(joinedload(PlanningRun.asked_by))
        .order_by(PlanningRun.id.desc())
        .limit(most)
    )
    return [(run, count) for run, count in db.session.execute(question)]


def proposals_of(run_id: int) -> Sequence[PlanningProposal]:
    """The proposals of a plan in order, with project, account, site, work and visit."""
    question = sa.select(PlanningProposal).where(PlanningProposal.run_id == run_id).options(*_WHOLE)
    return db.session.scalars(question.order_by(PlanningProposal.position)).all()


def proposal_of(run_id: int, proposal_id: int) -> PlanningProposal:
    """One proposal of a plan, whole.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(PlanningProposal)
        .where(PlanningProposal.id == proposal_id, PlanningProposal.run_id == run_id)
        .options(*_WHOLE)
    )
    if found is None:
        raise NotFound
    return found


def is_cancelled(run_id: int) -> bool:
    """Whether nobody wants the plan any more."""
    state = db.session.scalar(sa.select(PlanningRun.state).where(PlanningRun.id == run_id))
    return state is not PlanningState.PLANNING


def standing(proposals: Sequence[PlanningProposal], *, viewer: Viewer, at: datetime) -> Mapping[int, str]:
    """Say of proposals that wait for a person why they can no longer be booked, by id; nothing is written.

    A sentence each: what is planned by now, has changed or passed, or the first rule that stands against it;
    rules as conflicts, which the caller puts into words, are in `against`.
    """
    waiting = [one for one in proposals if one.state is ProposalState.PROPOSED]
    keys = {key_of(one) for one in waiting}
    tray = {one.key: one for one in queries.tray(viewer, at=at, keys=keys)} if keys else {}
    found = {}
    for one in waiting:
        sentence = _outdated(one, tray.get(key_of(one)), at=at)
        if sentence:
            found[one.id] = sentence
    return found


def against(proposals: Sequence[PlanningProposal]) -> Mapping[int, tuple[feasibility.Conflict, ...]]:
    """Say which rules stand by now against proposals that wait for a person, by id; those without are left out."""
    waiting = [one for one in proposals if one.state is ProposalState.PROPOSED and one.starts_at is not None]
    found = feasibility.judged([_wanted(one) for one in waiting])
    return {one.id: told for one, told in zip(waiting, found, strict=True) if told}


def key_of(proposal: PlanningProposal) -> str:
    """What the tray calls the work of a proposal."""
    return f"v{proposal.visit_id}" if proposal.needs_people else f"w{proposal.work_order_id}"


# ---------------------------------------------------------------- making a plan


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be planned, and the rows of the tray by the key of their piece."""

    problem: Problem
    rows: Mapping[str, Unassigned]
    held: tuple[Unassigned, ...]
    """Work of projects on hold, which nobody is sent to."""
    too_many: int
    """How many pieces are left for another time."""


def read_task(run: PlanningRun, *, viewer: Viewer, at: datetime) -> Task:
    """Read what a plan is about: the work in the tray, and everybody who can be sent."""
    within = _within(run, viewer.zone)
    where = workforce.territory_named(run.territory)
    parts = (
        {(part.country, part.subdivision) for part in workforce.territory(where.id).parts} if where else set()
    )
    rows = [
        one
        for one in queries.tray(viewer, at=at, keys=set(run.keys) or None)
        if (not run.skill or one.skill == run.skill)
        and (where is None or {(one.country, ""), (one.country, one.subdivision)} & parts)
        and (one.starts_at is None or _touches(one, within))
    ]
    planned = [one for one in rows if not one.is_held]
    user_ids = {one.user_id for one in workforce.technicians_of(where.id, where.name)} if where else None
    chosen = planned[:MOST_PIECES]
    return Task(
        Problem(_pieces(chosen), _people(within, user_ids), within),
        {one.key: one for one in chosen},
        tuple(one for one in rows if one.is_held),
        len(planned) - len(chosen),
    )


def keep_plan(
    run_id: int, task: Task, solved: Solved, why: Mapping[str, Why | WhyNot], *, at: datetime
) -> PlanningRun:
    """Keep what was found, unless somebody has cancelled it meanwhile or it is kept already."""
    run = run_for_change(run_id)
    if run.state is not PlanningState.PLANNING:
        return run
    placed = {one.piece: one for one in solved.plan}
    rows = [*task.rows.values(), *task.held]
    rows.sort(key=lambda one: (one.key not in placed, one.deadline_on or date.max, one.project_key, one.key))
    for position, one in enumerate(rows):
        here = placed.get(one.key)
        facts = _facts(why[one.key]) if one.key in why else {"kind": "held"}
        db.session.add(
            PlanningProposal(
                run_id=run.id,
                position=position,
                project_id=one.project_id,
                site_id=one.site_id,
                work_order_id=one.work_order_id,
                visit_id=one.visit_id,
                needs_people=one.visit_id is not None,
                seen_version=one.version,
                state=ProposalState.PROPOSED if here else ProposalState.LEFT,
                starts_at=here.stay.from_at if here else None,
                ends_at=here.stay.to_at if here else None,
                user_ids=[int(key) for key in here.crew] if here else [],
                deadline_on=one.deadline_on,
                facts={**facts, "asks": asks(one)},
            )
        )
    run.state, run.ended_at, run.people = PlanningState.READY, at, len(task.problem.people)
    run.result = {
        "measure": _as_list(solved.measure),
        "greedy": _as_list(solved.greedy),
        "bound": {
            "left": solved.bound.left,
            "late": solved.bound.late,
            "travel": solved.bound.travel,
            "is_travel_whole": solved.bound.is_travel_whole,
        },
        "was_searched": solved.was_searched,
        "seconds": round(solved.seconds, 1),
        "too_many": task.too_many,
    }
    db.session.flush()
    return run


def asks(one: Unassigned) -> list[Any]:  # Any: JSON
    """What a proposal was made for; when any of it is something else, it no longer holds."""
    when = one.starts_at.isoformat() if one.starts_at else None
    ends = one.ends_at.isoformat() if one.ends_at else None
    return [one.skill, one.level, one.crew, one.minutes, one.site_id, sorted(one.user_ids), when, ends]


# ---------------------------------------------------------------- deciding


def accept(run_id: int, proposal_id: int, *, viewer: Viewer, at: datetime, actor_id: int | None) -> Visit:
    """Book what is proposed, as it would be booked by hand; every rule is asked once more.

    :raises Refused: when it no longer holds: somebody planned it, it changed, its time passed, or a rule stands
        against it by now.
    """
    proposal = _proposal_for_change(run_id, proposal_id)
    sentence = standing([proposal], viewer=viewer, at=at).get(proposal.id)
    if sentence or proposal.starts_at is None or proposal.ends_at is None:
        raise Refused(sentence or _("Nobody was found for this."))
    if proposal.needs_people:
        visit = visits.visit_for_change(proposal.visit_id or 0)
        who = (*visit.technician_ids, *map(int, proposal.user_ids))
        arranging.assign_technicians(visit, technician_ids=who, site=visit.site, at=at, actor_id=actor_id)
    else:
        work = _unplanned_for_change(proposal.work_order_id or 0)
        starts, ends = (wall_time(when, work.site.zone) for when in (proposal.starts_at, proposal.ends_at))
        visit = arranging.plan_visit(
            work.project,
            kind=work.kind,
            title=work.title,
            titles=work.titles,
            starts_local=starts,
            ends_local=ends,
            fold=proposal.starts_at.astimezone(ZoneInfo(work.site.zone)).fold,
            site=work.site,
            milestone=work.milestone,
            work_order=work,
            skill=work.skill,
            level=work.level,
            crew=work.crew,
            technician_ids=[int(user_id) for user_id in proposal.user_ids],
            note=work.note,
            at=at,
            actor_id=actor_id,
        )
        proposal.visit_id = visit.id
    proposal.state, proposal.decided_at, proposal.decided_by_id = ProposalState.ACCEPTED, at, actor_id
    proposal.refusal = ""
    db.session.flush()
    return visit


def note_refusal(run_id: int, proposal_id: int, sentence: str) -> None:
    """Write beside a proposal why it could not be booked; it stays."""
    proposal = _proposal_for_change(run_id, proposal_id)
    if proposal.state is ProposalState.PROPOSED:
        proposal.refusal = sentence[:1000]


def reject(run_id: int, proposal_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Put a proposal aside; its work stays in the tray.

    :raises Refused: when somebody has decided already.
    """
    proposal = _proposal_for_change(run_id, proposal_id)
    proposal.state, proposal.decided_at, proposal.decided_by_id = ProposalState.REJECTED, at, actor_id
    db.session.flush()
    record(
        ProposalRejected(
            at=at,
            actor_id=actor_id,
            project_id=proposal.project_id,
            run_id=run_id,
            proposal_id=proposal.id,
            title=title_of(proposal),
        )
    )


def change(
    run_id: int,
    proposal_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    user_ids: Collection[int],
    version: int,
    at: datetime,
    actor_id: int | None,
) -> tuple[feasibility.Conflict, ...]:
    """Give a proposal another time or other people; it is still not booked.

    :return: rules that stand against it; then nothing is changed.
    :raises Refused: when somebody has decided already, nobody is named, or its visit's time is asked to change.
    :raises Stale: when somebody changed it since `version`.
    """
    proposal = _proposal_for_change(run_id, proposal_id)
    if proposal.version != version:
        raise Stale(_("Somebody else changed this proposal in the meantime. Load the page again."))
    if not user_ids:
        raise Refused(_("Name who goes, or reject the proposal."))
    if starts_at <= at:
        raise Refused(_("That time has passed. Choose a later one."))
    if proposal.needs_people and (starts_at, ends_at) != (proposal.starts_at, proposal.ends_at):
        raise Refused(_("The visit has its time already. Move the visit itself instead."))
    found = feasibility.judged([replace(_wanted(proposal, user_ids), stay=Span(starts_at, ends_at))])[0]
    if found:
        return found
    proposal.starts_at, proposal.ends_at = starts_at, ends_at
    proposal.user_ids, proposal.refusal = sorted(user_ids), ""
    proposal.facts = {**proposal.facts, "kind": "changed", "by": actor_id}
    db.session.flush()
    record(
        ProposalChanged(
            at=at,
            actor_id=actor_id,
            project_id=proposal.project_id,
            run_id=run_id,
            proposal_id=proposal.id,
            title=title_of(proposal),
        )
    )
    return ()


def title_of(proposal: PlanningProposal) -> str:
    """What the work of a proposal is called; work and visit are loaded."""
    found = proposal.visit if proposal.needs_people else proposal.work_order
    return found.title if found is not None else ""


# ---------------------------------------------------------------- inside

_WHOLE = (
    joinedload(PlanningProposal.project).joinedload(Project.account),
    joinedload(PlanningProposal.site),
    joinedload(PlanningProposal.work_order),
    joinedload(PlanningProposal.visit).selectinload(Visit.crew_members),
    joinedload(PlanningProposal.visit).joinedload(Visit.site),
)


def _run(run_id: int, question: sa.Select[PlanningRun]) -> PlanningRun:
    found: PlanningRun | None = db.session.scalar(
        question.where(PlanningRun.id == run_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def _proposal_for_change(run_id: int, proposal_id: int) -> PlanningProposal:
    """A proposal that nobody has decided, locked; the rest of it is loaded.

    :raises Refused: when somebody has.
    """
    found = db.session.scalar(
        sa.select(PlanningProposal)
        .where(PlanningProposal.id == proposal_id, PlanningProposal.run_id == run_id)
        .with_for_update(of=PlanningProposal)
        .options(*_WHOLE)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    if found.state is not ProposalState.PROPOSED:
        words = {
            ProposalState.ACCEPTED: _("This is booked already."),
            ProposalState.REJECTED: _(
                "Somebody has rejected this already. Plan again to have it proposed anew."
            ),
            ProposalState.LEFT: _("Nobody was found for this."),
        }
        raise Refused(words[found.state])
    return found


def _unplanned_for_change(work_order_id: int) -> WorkOrder:
    """Work, locked, so that it is planned once."""
    found = work_for_change(work_order_id)
    planned = db.session.scalar(
        sa.select(Visit).where(
            Visit.work_order_id == found.id, Visit.state.in_(COMING | {VisitState.IN_PROGRESS})
        )
    )
    if planned is not None:
        raise Refused(_planned(planned))
    return found


def _planned(visit: Visit) -> str:
    return _("Somebody has planned it meanwhile, for %(when)s.", when=instant(visit.starts_at, visit.zone))


def _outdated(one: PlanningProposal, row: Unassigned | None, *, at: datetime) -> str:
    if row is None:
        work = one.work_order
        if one.needs_people:
            return _("The visit needs nobody any more, or is over.")
        if work is None or work.state is not WorkOrderState.OPEN:
            return _("There is nothing to do any more.")
        return _("Somebody has planned it meanwhile.")
    if row.is_held:
        return _("The project is on hold.")
    if one.facts.get("asks") != asks(row):
        return _("What it asks for, or its time, has changed since. Plan again.")
    if one.starts_at is not None and one.starts_at <= at:
        return _("Its time has passed. Plan again.")
    return ""


def _wanted(one: PlanningProposal, user_ids: Collection[int] | None = None) -> feasibility.Wanted:
    """The presence that a proposal would be."""
    assert one.starts_at is not None and one.ends_at is not None  # noqa: S101, PT018 # what waits has a time
    who = [int(user_id) for user_id in (one.user_ids if user_ids is None else user_ids)]
    if one.needs_people and one.visit is not None:
        return feasibility.wanted_of(one.visit, user_ids={*one.visit.technician_ids, *who})
    skill, level, crew = one.facts["asks"][:3]
    work = one.work_order
    return feasibility.Wanted(
        site=one.site,
        stay=Span(one.starts_at, one.ends_at),
        user_ids=tuple(sorted(who)),
        kind=work.kind if work else None,
        skill=skill,
        level=level,
        crew=crew,
        project_id=one.project_id,
        milestone_id=work.milestone_id if work else None,
    )


def _within(run: PlanningRun, zone: str) -> Span[datetime]:
    here = ZoneInfo(zone)
    return Span(
        datetime.combine(run.first_on, time(), here), datetime.combine(run.last_on + DAY, time(), here)
    )


def _touches(one: Unassigned, within: Span[datetime]) -> bool:
    assert one.starts_at is not None  # noqa: S101 # what the caller has seen
    return within.contains(one.starts_at)


def _pieces(rows: Sequence[Unassigned]) -> tuple[Piece, ...]:
    sites = db.session.scalars(sa.select(Site).where(Site.id.in_({one.site_id for one in rows})))
    places = calendars.site_places(sites)
    waiting = feasibility.waiting({one.milestone_id for one in rows if one.milestone_id is not None})
    times = [(one.starts_at, one.ends_at) for one in rows if one.starts_at and one.ends_at]
    attending: Mapping[int, tuple[Attendee, ...]] = {}
    if times:
        whole = Span(min(starts for starts, _ends in times), max(ends for _starts, ends in times))
        attending = feasibility.attendees_of(
            {one.visit_id for one in rows if one.visit_id is not None}, whole
        )
    return tuple(
        _piece(
            one, places[one.site_id], waiting.get(one.milestone_id or 0), attending.get(one.visit_id or 0, ())
        )
        for one in rows
    )


def _piece(
    one: Unassigned, place: Place, waits: tuple[date, str] | None, attending: tuple[Attendee, ...]
) -> Piece:
    begins = [waits[0]] if waits else []
    stay = None
    if one.starts_at is not None and one.ends_at is not None:
        stay = Span(one.starts_at, one.ends_at)
    elif one.earliest_on is not None:
        begins.append(one.earliest_on)
    not_before = datetime.combine(max(begins), time(), place.zone) if begins else None
    work = Work(
        place,
        one.spot,
        one.skill,
        one.level,
        max(1, one.missing),
        attendees=attending,
        not_before=not_before,
        waits_for=waits[1] if waits else "",
        is_remote=one.kind is VisitKind.REMOTE_CALL,
    )
    return Piece(
        key=one.key,
        work=work,
        minutes=max(1, minutes_there(stay, work)) if stay else one.minutes or 480,
        deadline=one.deadline_on,
        title=f"{one.account}: {one.title}",
        stay=stay,
        going=frozenset(map(str, one.user_ids)),
        days=place.days,
    )


def _people(within: Span[datetime], user_ids: Collection[int] | None) -> tuple[Person, ...]:
    """Who can be sent, with what is booked and what their hours allow over the whole time."""
    assert within.to_at is not None  # noqa: S101 # a plan is made for days
    found = feasibility.people(within, user_ids=user_ids, is_search=True)
    first_on, last_on = within.from_at.date(), within.to_at.date()
    percents = workforce.capacities([int(one.key) for one in found], first_on=first_on, last_on=last_on)
    weeks = []
    begins = within.from_at
    while begins < within.to_at:
        weeks.append(Span(begins, min(begins + timedelta(days=7), within.to_at)))
        begins += timedelta(days=7)
    return tuple(
        replace(
            one,
            booked_minutes=sum(
                working.worked_minutes(one.hours, both)
                for taken in one.taken
                if taken.rule is Rule.VISIT and (both := taken.span.intersection(within)) is not None
            ),
            capacity_minutes=sum(
                working.worked_minutes(one.hours, week)
                * working.percent_on(percents.get(int(one.key), ()), week.from_at.date())
                // 100
                for week in weeks
            ),
        )
        for one in found
    )


def _facts(why: Why | WhyNot) -> Facts:
    if isinstance(why, WhyNot):
        return {
            "kind": "left",
            "starts": why.starts,
            "time": [[rule.value, count] for rule, count in why.against_time],
            "able": why.able,
            "needed": why.needed,
            "people": [[int(key), rule.value] for key, rule in why.people],
        }
    return {
        "kind": "placed",
        "late": why.late,
        "crew": [
            {"id": int(one.person), "travel": one.travel, "load": one.load, "from": one.comes_from}
            for one in why.crew
        ],
        "beside": [
            {
                "id": int(one.person),
                "rule": one.rule.value if one.rule else None,
                "travel": one.travel,
                "load": one.load,
            }
            for one in why.beside[:MOST_BESIDE]
        ],
        "beside_more": max(0, len(why.beside) - MOST_BESIDE),
        "earlier_days": why.earlier_days,
        "earlier": [[rule.value, count] for rule, count in why.earlier[:2]],
        "possible": why.was_possible,
    }


def _as_list(measure: Measure) -> list[int]:
    return [measure.left, measure.late, measure.travel, measure.unfair, measure.waiting]
