"""Questions about changes of working calendars: what depends on them, what they would move, what closes whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.sql.elements import ColumnElement

from concierge.accounts.models import Site, SiteClosure, SiteHours
from concierge.catalogue.states import DaysOf
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import (
    CalendarProposal,
    CalendarProposalMove,
    Milestone,
    MilestoneCrew,
    Project,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import CalendarProposalState, ProjectState
from concierge.workforce.models import Absence, Closure, Office, Technician

PROJECTS_A_PAGE = 25
OPEN = (ProjectState.DRAFT, ProjectState.LIVE)
UNDECIDED = (
    CalendarProposalState.FORESEEING,
    CalendarProposalState.OPEN,
    CalendarProposalState.APPLYING,
)


@dataclass(frozen=True, slots=True)
class ProjectMoves:
    """One project of a proposal with the milestones it would move, in the order of the plan."""

    project: Project
    moves: Sequence[tuple[CalendarProposalMove, Milestone]]


@dataclass(frozen=True, slots=True)
class MovesPage:
    """One page of what a proposal would move."""

    projects: Sequence[ProjectMoves]
    page: int
    last: int


def dependents(
    *,
    touched: tuple[date, date] | None,
    site_id: int | None = None,
    user_id: int | None = None,
    days_of: DaysOf | None = None,
) -> Sequence[int]:
    """Ids of the open projects whose plan may count days that a change makes others, in order.

    :param touched: the first and the last of these days; None: there is no end to them.
    :param site_id: only projects at this site.
    :param user_id: only projects with a milestone that counts this technician's days.
    :param days_of: only projects with a milestone that counts these days.
    """
    question = sa.select(Project.id).where(Project.state.in_(OPEN)).order_by(Project.id)
    if touched is not None:
        first_on, last_on = touched
        question = question.where(Project.starts_on <= last_on, _lasts_until(first_on))
    if site_id is not None:
        question = question.where(Project.site_id == site_id)
    counting = sa.select(Milestone.id).where(Milestone.project_id == Project.id)
    if user_id is not None:
        going = counting.join(MilestoneCrew, MilestoneCrew.milestone_id == Milestone.id)
        question = question.where(
            sa.exists(going.where(Milestone.days_of == DaysOf.CREW, MilestoneCrew.user_id == user_id))
        )
    if days_of is not None:
        question = question.where(sa.exists(counting.where(Milestone.days_of == days_of)))
    return db.session.scalars(question).all()


def projects_to_lay_out(ids: Collection[int], *, for_change: bool) -> Sequence[Project]:
    """Projects with all that laying out their plans reads, in a handful of questions, by id.

    :param for_change: lock them until the end of the unit of work.
    """
    question = (
        sa.select(Project)
        .where(Project.id.in_(ids))
        .order_by(Project.id)
        .options(
            joinedload(Project.site),
            joinedload(Project.account),
            selectinload(Project.milestones).selectinload(Milestone.links),
            selectinload(Project.gates),
        )
        .execution_options(populate_existing=True)
    )
    if for_change:
        question = question.with_for_update(of=Project)
    return db.session.scalars(question).all()


def calendars_fingerprint() -> tuple[Any, ...]:  # Any: counts, sums and rows
    """What tells one state of all working calendars from another."""
    closures = db.session.execute(
        sa.select(
            Closure.id,
            Closure.name,
            Closure.first_on,
            Closure.last_on,
            Closure.from_time,
            Closure.to_time,
        ).order_by(Closure.id)
    )
    offices = db.session.execute(
        sa.select(Office.id, Office.country, Office.subdivision, Office.is_home).order_by(Office.id)
    )
    counted = sa.select(
        sa.select(sa.func.count()).select_from(SiteHours).scalar_subquery(),
        sa.select(sa.func.max(SiteHours.id)).scalar_subquery(),
        sa.select(sa.func.count()).select_from(SiteClosure).scalar_subquery(),
        sa.select(sa.func.sum(SiteClosure.id)).scalar_subquery(),
        sa.select(sa.func.sum(SiteClosure.version)).scalar_subquery(),
        sa.select(sa.func.count()).select_from(Absence).scalar_subquery(),
        sa.select(sa.func.sum(Absence.id)).scalar_subquery(),
    )
    return (
        tuple(tuple(row) for row in closures),
        tuple(tuple(row) for row in offices),
        tuple(db.session.execute(counted).one()),
    )


def calendar_proposal(proposal_id: int) -> CalendarProposal:
    """A proposed change of a calendar.

    :raises NotFound: when there is none.
    """
    proposal = db.session.scalar(
        sa.select(CalendarProposal)
        .where(CalendarProposal.id == proposal_id)
        .options(joinedload(CalendarProposal.made_by))
    )
    if proposal is None:
        raise NotFound
    return proposal


@dataclass(frozen=True, slots=True)
class NotAsBefore:
    """A project whose dates are not as they were before a change of working days."""

    key: str
    milestones: int


def taking_back(proposal_id: int) -> CalendarProposal | None:
    """The change that takes another one back, made or not yet decided; None when there is none."""
    return db.session.scalar(
        sa.select(CalendarProposal)
        .where(
            CalendarProposal.takes_back_id == proposal_id,
            CalendarProposal.state != CalendarProposalState.DISMISSED,
        )
        .order_by(CalendarProposal.id.desc())
        .limit(1)
    )


def not_as_before(proposal_id: int, *, most: int = 500) -> Sequence[NotAsBefore]:
    """Open projects in which something that a change had moved is not where it was before it, by key."""
    moves = CalendarProposalMove
    rows = db.session.execute(
        sa.select(Project.key, sa.func.count(moves.id))
        .join(Milestone, Milestone.id == moves.milestone_id)
        .join(Project, Project.id == moves.project_id)
        .where(
            moves.proposal_id == proposal_id,
            Project.state.in_([ProjectState.DRAFT, ProjectState.LIVE]),
            sa.or_(
                Milestone.forecast_start_on.is_distinct_from(moves.start_before),
                Milestone.forecast_on.is_distinct_from(moves.finish_before),
            ),
        )
        .group_by(Project.key)
        .order_by(Project.key)
        .limit(most)
    )
    return [NotAsBefore(row[0], row[1]) for row in rows]


def calendar_proposal_for_change(proposal_id: int) -> CalendarProposal:
    """A proposed change of a calendar, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    proposal = db.session.scalar(
        sa.select(CalendarProposal)
        .where(CalendarProposal.id == proposal_id)
        .with_for_update(of=CalendarProposal)
        .execution_options(populate_existing=True)
    )
    if proposal is None:
        raise NotFound
    return proposal


def undecided_calendar_proposals() -> Sequence[CalendarProposal]:
    """Changes of calendars that wait for a person or are at work, newest first."""
    return db.session.scalars(
        sa.select(CalendarProposal)
        .where(CalendarProposal.state.in_(UNDECIDED))
        .options(joinedload(CalendarProposal.made_by))
        .order_by(CalendarProposal.id.desc())
    ).all()


def foreseen(
    proposal_id: int, project_ids: Collection[int]
) -> dict[int, dict[int, tuple[date | None, date | None]]]:
    """Where a proposal would move milestones: by project and milestone the start and the finish afterwards."""
    moves = CalendarProposalMove
    found: dict[int, dict[int, tuple[date | None, date | None]]] = {}
    for row in db.session.execute(
        sa.select(moves.project_id, moves.milestone_id, moves.start_after, moves.finish_after).where(
            moves.proposal_id == proposal_id, moves.project_id.in_(project_ids)
        )
    ):
        found.setdefault(row[0], {})[row[1]] = (row[2], row[3])
    return found


def moves_page(viewer: Viewer, proposal_id: int, *, page: int, promised_only: bool = False) -> MovesPage:
    """One page of the projects that a proposal would move, those that would miss a promise first."""
    moves = CalendarProposalMove
    missed = sa.func.max(sa.case((moves.misses_promise, 1), else_=0))
    question = visible_to(
        viewer,
        sa.select(moves.project_id)
        .join(Project, Project.id == moves.project_id)
        .where(moves.proposal_id == proposal_id)
        .group_by(moves.project_id)
        .order_by(missed.desc(), moves.project_id),
    )
    if promised_only:
        question = question.having(missed == 1)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    last = max(1, -(-total // PROJECTS_A_PAGE))
    page = min(max(1, page), last)
    ids = db.session.scalars(question.limit(PROJECTS_A_PAGE).offset((page - 1) * PROJECTS_A_PAGE)).all()
    projects = {
        project.id: project
        for project in db.session.scalars(
            sa.select(Project)
            .where(Project.id.in_(ids))
            .options(joinedload(Project.account), joinedload(Project.site))
        )
    }
    found: dict[int, list[tuple[CalendarProposalMove, Milestone]]] = {}
    for move, milestone in db.session.execute(
        sa.select(moves, Milestone)
        .join(Milestone, Milestone.id == moves.milestone_id)
        .where(moves.proposal_id == proposal_id, moves.project_id.in_(ids))
        .order_by(moves.project_id, Milestone.position)
    ):
        found.setdefault(move.project_id, []).append((move, milestone))
    return MovesPage([ProjectMoves(projects[id_], found[id_]) for id_ in ids], page, last)


def all_closures() -> Sequence[Closure]:
    """The company's closures, the latest first."""
    return db.session.scalars(sa.select(Closure).order_by(Closure.first_on.desc(), Closure.id.desc())).all()


def closure_by_id(closure_id: int) -> Closure:
    """One closure of the company.

    :raises NotFound: when there is none.
    """
    closure = db.session.get(Closure, closure_id)
    if closure is None:
        raise NotFound
    return closure


def home_office() -> Office | None:
    """Where our own people work; None as long as nobody has said."""
    return db.session.scalar(sa.select(Office).where(Office.is_home).order_by(Office.id).limit(1))


def absences_from(day: date) -> Sequence[tuple[Absence, Technician]]:
    """Who is away on a day or later, earliest first, with the technician and their person."""
    rows = db.session.execute(
        sa.select(Absence, Technician)
        .join(Technician, Technician.id == Absence.technician_id)
        .join(Technician.user)
        .where(Absence.last_on >= day)
        .options(contains_eager(Technician.user))
        .order_by(Absence.first_on, Absence.id)
    )
    return [(row[0], row[1]) for row in rows]


def absence_by_id(absence_id: int) -> tuple[Absence, Technician]:
    """One absence with its technician and their person.

    :raises NotFound: when there is none.
    """
    row = db.session.execute(
        sa.select(Absence, Technician)
        .join(Technician, Technician.id == Absence.technician_id)
        .join(Technician.user)
        .where(Absence.id == absence_id)
        .options(contains_eager(Technician.user))
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def site_with_days(site_id: int) -> Site:
    """One site with its account, its hours and its closures.

    :raises NotFound: when there is none.
    """
    site = db.session.scalar(
        sa.select(Site)
        .where(Site.id == site_id)
        .options(joinedload(Site.account), selectinload(Site.hours), selectinload(Site.closures))
    )
    if site is None:
        raise NotFound
    return site


def sites_found(text: str, *, most: int = 20) -> Sequence[Site]:
    """Sites whose name or city holds a text, with their account, by name; the first by name without one."""
    question = sa.select(Site).options(joinedload(Site.account)).order_by(Site.name, Site.id).limit(most)
    if text:
        pattern = f"%{text.lower()}%"
        question = question.where(
            sa.or_(sa.func.lower(Site.name).like(pattern), sa.func.lower(Site.city).like(pattern))
        )
    return db.session.scalars(question).all()


def _lasts_until(day: date) -> ColumnElement[bool]:
    """Whether a plan, or what was promised or required of it, reaches a day."""
    later = sa.select(Milestone.id).where(
        Milestone.project_id == Project.id,
        sa.or_(Milestone.forecast_on >= day, Milestone.derived_on >= day),
    )
    return sa.or_(
        Project.promised_handover_on >= day,
        Project.required_on >= day,
        Project.forecast_handover_on >= day,
        sa.exists(later),
    )
