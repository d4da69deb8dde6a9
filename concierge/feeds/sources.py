"""What calendars are made of, read from the tables: what there is to tell, and in which calendars it stands."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from concierge.accounts.models import Account, Site
from concierge.catalogue.states import Audience
from concierge.feeds import plan
from concierge.feeds.models import Calendar
from concierge.feeds.states import Scope, Shows, Subject
from concierge.feeds.words import Told
from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.prepared import Question, rows_by_id
from concierge.platform.statements import any_of
from concierge.projects.models import Milestone, Project
from concierge.visits.models import Visit, VisitTechnician
from concierge.workforce.models import OnCallTurn, Technician

Place = tuple[Scope, str]

SHOWN_IN: Mapping[Subject, tuple[Shows, ...]] = {
    Subject.VISIT: (Shows.VISITS, Shows.FREE_BUSY),
    Subject.MILESTONE: (Shows.MILESTONES,),
    Subject.TURN: (Shows.ON_CALL,),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to tell, the scopes whose calendars it stands in, and whether a customer may read it."""

    subject: Subject
    told: Told
    places: frozenset[Place]
    is_for_customers: bool = False

    def stands_in(self, calendar: Calendar) -> bool:
        """Whether it belongs into a calendar."""
        is_shown = calendar.shows in SHOWN_IN[self.subject]
        is_readable = self.is_for_customers or not calendar.is_for_customer
        return is_shown and is_readable and (calendar.scope, calendar.scope_key) in self.places


def read(subject: Subject, ids: Collection[int]) -> Mapping[int, Found]:
    """What there is to tell of some visits, milestones or turns; what no calendar may show is left out."""
    match subject:
        case Subject.VISIT:
            return _visits(ids)
        case Subject.MILESTONE:
            return _milestones(ids)
        case Subject.TURN:
            return _turns(ids)


def ids_for(calendar: Calendar, *, since: datetime) -> Sequence[int]:
    """Ids of everything that may stand in a calendar, by what it shows and of whom, unless it ended before."""
    match calendar.shows:
        case Shows.VISITS | Shows.FREE_BUSY:
            return db.session.scalars(_visits_of(calendar).where(Visit.ends_at > since)).all()
        case Shows.MILESTONES:
            return db.session.scalars(_milestones_of(calendar)).all()
        case Shows.ON_CALL:
            return db.session.scalars(_turns_of(calendar).where(OnCallTurn.ends_at > since)).all()


def name_of(scope: Scope, key: str) -> str | None:
    """Of whom or what a calendar tells, in words; `None` when there is no such thing. Teams are always there."""
    if scope is Scope.TEAM:
        return key
    if not key.isdecimal() or not key.isascii() or len(key) > 9:
        return None
    id_ = int(key)
    match scope:
        case Scope.PERSON:
            return db.session.scalar(sa.select(User.name).where(User.id == id_))
        case Scope.PROJECT:
            row = db.session.execute(
                sa.select(Project.key, Account.name)
                .join(Account, Account.id == Project.account_id)
                .where(Project.id == id_)
            ).one_or_none()
            return None if row is None else f"{row.key} {row.name}"
        case Scope.SITE:
            row = db.session.execute(
                sa.select(Account.name, Site.name.label("site"))
                .join(Account, Account.id == Site.account_id)
                .where(Site.id == id_)
            ).one_or_none()
            if row is None:
                return None
            return row.name if row.site == row.name else f"{row.name}, {row.site}"


# Statements that are put together once: that costs several times what asking them does.
_ABOUT_VISITS = Question(
    sa.select(Visit.id, Account.name, Project.key, VisitTechnician.user_id, Technician.territory)
    .join(Project, Project.id == Visit.project_id)
    .join(Account, Account.id == Project.account_id)
    .outerjoin(VisitTechnician, VisitTechnician.visit_id == Visit.id)
    .outerjoin(Technician, Technician.user_id == VisitTechnician.user_id)
    .where(any_of(Visit.id, "ids"))
)
_ABOUT_MILESTONES = Question(
    sa.select(Milestone.id, Milestone.project_id, Site.zone, Account.name)
    .join(Project, Project.id == Milestone.project_id)
    .join(Account, Account.id == Project.account_id)
    .join(Site, Site.id == Project.site_id)
    .where(any_of(Milestone.id, "ids"))
)


def _visits(ids: Collection[int]) -> Mapping[int, Found]:
    db.session.flush()
    visits = {id_: visit for id_, visit in rows_by_id(Visit, ids).items() if visit.state in plan.STATUSES}
    sites = rows_by_id(Site, {visit.site_id for visit in visits.values()})
    about: dict[int, tuple[str, str]] = {}
    places: defaultdict[int, set[Place]] = defaultdict(set)
    for visit_id, account_name, key, user_id, territory in _ABOUT_VISITS.all(ids=list(visits)):
        about[visit_id] = (account_name, key)
        if user_id is not None:
            places[visit_id] |= {(Scope.PERSON, str(user_id)), (Scope.TEAM, territory or "")}
    told: dict[int, Found] = {}
    for visit_id, (account_name, key) in about.items():
        visit = visits[visit_id]
        told[visit_id] = Found(
            Subject.VISIT,
            plan.appointment_of(
                visit,
                site=sites[visit.site_id],
                account_name=account_name,
                project_key=key,
                url=plan.page_of(visit_id),
            ),
            frozenset(
                places[visit_id]
                | {
                    (Scope.TEAM, ""),
                    (Scope.PROJECT, str(visit.project_id)),
                    (Scope.SITE, str(visit.site_id)),
                }
            ),
            is_for_customers=True,
        )
    return told


def _milestones(ids: Collection[int]) -> Mapping[int, Found]:
    db.session.flush()
    milestones = rows_by_id(Milestone, ids)
    projects = rows_by_id(Project, {milestone.project_id for milestone in milestones.values()})
    told: dict[int, Found] = {}
    for milestone_id, project_id, zone, account_name in _ABOUT_MILESTONES.all(ids=list(milestones)):
        milestone, project = milestones[milestone_id], projects[project_id]
        dated = plan.milestone_of(milestone, project=project, zone=zone, account_name=account_name)
        if dated is None:
            continue
        places = {(Scope.PROJECT, str(project.id)), (Scope.SITE, str(project.site_id))}
        if project.concierge_id is not None:
            places.add((Scope.PERSON, str(project.concierge_id)))
        told[milestone.id] = Found(
            Subject.MILESTONE,
            dated,
            frozenset(places),
            is_for_customers=milestone.audience is Audience.CUSTOMER,
        )
    return told


def _turns(ids: Collection[int]) -> Mapping[int, Found]:
    found = db.session.execute(
        sa.select(OnCallTurn, Technician.user_id, Technician.territory, User.name)
        .join(Technician, Technician.id == OnCallTurn.technician_id)
        .join(User, User.id == Technician.user_id)
        .where(OnCallTurn.id.in_(ids))
    )
    return {
        turn.id: Found(
            Subject.TURN,
            plan.turn_of(turn, name=name),
            frozenset({(Scope.PERSON, str(user_id)), (Scope.TEAM, territory), (Scope.TEAM, "")}),
        )
        for turn, user_id, territory, name in found
    }


def _visits_of(calendar: Calendar) -> sa.Select[int]:
    key = calendar.scope_key
    question = sa.select(Visit.id).order_by(Visit.id)
    match calendar.scope:
        case Scope.PERSON:
            goes = sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == int(key))
            return question.where(Visit.id.in_(goes))
        case Scope.TEAM if not key:
            return question
        case Scope.TEAM:
            goes = (
                sa.select(VisitTechnician.visit_id)
                .join(Technician, Technician.user_id == VisitTechnician.user_id)
                .where(Technician.territory == key)
            )
            return question.where(Visit.id.in_(goes))
        case Scope.PROJECT:
            return question.where(Visit.project_id == int(key))
        case Scope.SITE:
            return question.where(Visit.site_id == int(key))


def _milestones_of(calendar: Calendar) -> sa.Select[int]:
    id_ = int(calendar.scope_key)
    question = sa.select(Milestone.id).join(Project, Project.id == Milestone.project_id)
    column = {
        Scope.PERSON: Project.concierge_id,
        Scope.PROJECT: Project.id,
        Scope.SITE: Project.site_id,
    }[calendar.scope]
    return question.where(column == id_).order_by(Milestone.id)


def _turns_of(calendar: Calendar) -> sa.Select[int]:
    question = sa.select(OnCallTurn.id).join(Technician, Technician.id == OnCallTurn.technician_id)
    if calendar.scope is Scope.PERSON:
        question = question.where(Technician.user_id == int(calendar.scope_key))
    elif calendar.scope_key:
        question = question.where(Technician.territory == calendar.scope_key)
    return question.order_by(OnCallTurn.id)
