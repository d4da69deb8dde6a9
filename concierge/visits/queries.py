"""Questions about visits: who may see which, what comes, which rules are broken."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.selectable import Select

from concierge.accounts.models import Site
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.statements import any_of
from concierge.projects.models import Project
from concierge.projects.scope import visible_to
from concierge.visits.models import BrokenRule, Visit, VisitAttendee, VisitTechnician
from concierge.visits.states import COMING, OVER, VisitState

LONGEST_VISIT = timedelta(days=400)


def visit_for(viewer: Viewer, visit_id: int) -> Visit:
    """Find one visit with its project, site, milestone and people.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = seen_by(viewer, select(Visit).where(Visit.id == visit_id)).options(*_whole(), _ATTENDING)
    visit = db.session.scalar(question)
    if visit is None:
        raise NotFound
    return visit


def visit_by_uid(viewer: Viewer, uid: str) -> Visit | None:
    """Find the visit that a form with this token planned, `None` when it has not been sent yet."""
    return db.session.scalar(seen_by(viewer, select(Visit).where(Visit.uid == uid))) if uid else None


def visit_for_change(visit_id: int) -> Visit:
    """Find one visit, whole and locked until the end of the unit of work, whoever asks.

    :raises NotFound: when there is none.
    """
    visit = db.session.scalar(
        select(Visit)
        .where(Visit.id == visit_id)
        .with_for_update(of=Visit)
        .options(*_whole(), _ATTENDING)
        .execution_options(populate_existing=True)
    )
    if visit is None:
        raise NotFound
    return visit


def visits_of_project(viewer: Viewer, project_id: int) -> Sequence[Visit]:
    """List a project's visits, earliest first, with site, milestone and people."""
    question = seen_by(viewer, select(Visit).where(Visit.project_id == project_id))
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def next_visit_of_project(viewer: Viewer, project_id: int, *, at: datetime) -> Visit | None:
    """Find the next visit of a project that is not over yet."""
    question = seen_by(
        viewer,
        select(Visit).where(Visit.project_id == project_id, Visit.ends_at > at, Visit.state.not_in(OVER)),
    )
    return db.session.scalar(question.options(*_whole()).order_by(Visit.starts_at, Visit.id).limit(1))


def visits_shown_to_customer(project_id: int) -> Sequence[Visit]:
    """List the visits of a project that the customer knows of, earliest first, with site and people.

    Drafts are ours alone, and a visit that was called off before anybody was told of it does not stand there.
    """
    shown = [state for state in VisitState if state not in {VisitState.DRAFT, VisitState.CANCELLED}]
    question = select(Visit).where(Visit.project_id == project_id, Visit.state.in_(shown))
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def visits_between(
    viewer: Viewer, *, from_at: datetime, to_at: datetime, user_id: int | None = None, most: int = 500
) -> Sequence[Visit]:
    """List visits that touch a stretch of time and are not cancelled, earliest first.

    :param user_id: only visits on which this person goes; `None` for everybody's.
    """
    question = seen_by(
        viewer,
        select(Visit).where(
            Visit.starts_at < to_at,
            Visit.ends_at > from_at,
            Visit.starts_at > from_at - LONGEST_VISIT,
            Visit.state != VisitState.CANCELLED,
        ),
    )
    if user_id is not None:
        question = question.where(_goes(user_id))
    return db.session.scalars(
        question.options(*_whole()).order_by(Visit.starts_at, Visit.id).limit(most)
    ).all()


def coming_visits_of(user_id: int, span: Span[datetime]) -> Sequence[Visit]:
    """List the visits to come on which somebody goes and that touch a stretch of time, earliest first, whole."""
    question = select(Visit).where(
        Visit.state.in_(COMING),
        _goes(user_id),
        Visit.ends_at > span.from_at,
        Visit.starts_at < (span.to_at or span.from_at),
        Visit.starts_at > span.from_at - LONGEST_VISIT,
    )
    return db.session.scalars(question.options(*_whole()).order_by(Visit.starts_at, Visit.id)).all()


def coming_visit_ids(
    *,
    at: datetime,
    user_id: int | None = None,
    site_id: int | None = None,
    contact_id: int | None = None,
) -> Sequence[int]:
    """List the visits that are not over, by what something that changed may concern: a person, a site, a contact."""
    question = select(Visit.id).where(Visit.ends_at > at, Visit.state.not_in(OVER))
    if user_id is not None:
        question = question.where(_goes(user_id))
    if site_id is not None:
        question = question.where(Visit.site_id == site_id)
    if contact_id is not None:
        attends = select(VisitAttendee.visit_id).where(VisitAttendee.contact_id == contact_id)
        question = question.where(Visit.id.in_(attends))
    return db.session.scalars(question.order_by(Visit.starts_at, Visit.id)).all()


def visits_of_members(member_ids: Collection[int]) -> frozenset[int]:
    """Say on which visits rows of people lie that go there."""
    return frozenset(
        db.session.scalars(select(VisitTechnician.visit_id).where(VisitTechnician.id.in_(member_ids)))
    )


def visits_with_uids(uids: Collection[str]) -> frozenset[str]:
    """Say which of these identify visits, in whatever state."""
    return frozenset(db.session.scalars(select(Visit.uid).where(Visit.uid.in_(uids))))


def project_to_visit(viewer: Viewer, key: str) -> Project:
    """Find a project that a visit may be planned for, with site, account and milestones.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = visible_to(viewer, select(Project).where(Project.key == key.upper())).options(
        joinedload(Project.site), joinedload(Project.account), selectinload(Project.milestones)
    )
    project = db.session.scalar(question)
    if project is None:
        raise NotFound
    return project


def sites_of_account(account_id: int) -> Sequence[Site]:
    """List the places of a customer, by name."""
    return db.session.scalars(
        select(Site).where(Site.account_id == account_id).order_by(Site.name, Site.id)
    ).all()


def visits_of_milestones(milestone_ids: Collection[int]) -> Mapping[int, Sequence[Visit]]:
    """List the visits for milestones, by milestone, earliest first, with site and people."""
    question = (
        select(Visit)
        .where(Visit.milestone_id.in_(milestone_ids))
        .options(*_whole())
        .order_by(Visit.starts_at, Visit.id)
    )
    found: dict[int, list[Visit]] = {}
    for visit in db.session.scalars(question):
        if visit.milestone_id is not None:
            found.setdefault(visit.milestone_id, []).append(visit)
    return found


def broken_rules(visit_ids: Collection[int]) -> Mapping[int, Sequence[BrokenRule]]:
    """List the rules that visits break now, as they were last judged, by visit id, with the people they are about.

    `words.broken` says them. For marks on many visits; what decides is `feasibility.judged`.
    """
    found: dict[int, list[BrokenRule]] = {}
    question = (
        select(BrokenRule)
        .where(any_of(BrokenRule.visit_id, "visit_ids"), BrokenRule.gone_at.is_(None))
        .options(joinedload(BrokenRule.user), joinedload(BrokenRule.given_by))
        .order_by(BrokenRule.visit_id, BrokenRule.id)
    )
    for row in db.session.scalars(question, {"visit_ids": sorted(visit_ids)}):
        found.setdefault(row.visit_id, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class Breaches:
    """A page of rules that are broken now, and how many there are of all; what lists can be narrowed to."""

    rows: Sequence[BrokenRule]
    count: int
    rules: Sequence[Rule]
    people: Sequence[tuple[int, str]]
    """User id and name."""
    regions: Sequence[str]
    """Countries of the sites."""


def breaches(
    *,
    rule: Rule | None = None,
    user_id: int | None = None,
    country: str = "",
    unexplained: bool = False,
    page: int = 1,
    size: int = 50,
) -> Breaches:
    """List the rules that visits to come break, those first that come first, with visit, project, site and people.

    :param unexplained: only those for which nobody has given a reason.
    """
    now = (BrokenRule.gone_at.is_(None), Visit.state.not_in(OVER))
    narrowed = [
        *now,
        *([BrokenRule.rule == rule] if rule else []),
        *([BrokenRule.user_id == user_id] if user_id else []),
        *([Site.country == country] if country else []),
        *([BrokenRule.reason == ""] if unexplained else []),
    ]
    joined = (
        select(BrokenRule).join(Visit, Visit.id == BrokenRule.visit_id).join(Site, Site.id == Visit.site_id)
    )
    visit = contains_eager(BrokenRule.visit)
    rows = db.session.scalars(
        joined.join(Project, Project.id == Visit.project_id)
        .where(*narrowed)
        .options(
            visit.contains_eager(Visit.site),
            visit.joinedload(Visit.project).joinedload(Project.account),
            visit.selectinload(Visit.crew_members),
            joinedload(BrokenRule.user),
            joinedload(BrokenRule.given_by),
        )
        .order_by(Visit.starts_at, Visit.id, BrokenRule.id)
        .limit(size)
        .offset((max(1, page) - 1) * size)
    ).all()
    count = db.session.scalar(joined.where(*narrowed).with_only_columns(sa.func.count(BrokenRule.id))) or 0
    offered = joined.outerjoin(User, User.id == BrokenRule.user_id).where(*now)
    told = db.session.execute(
        offered.with_only_columns(BrokenRule.rule, User.id, User.name, Site.country).distinct()
    ).all()
    return Breaches(
        rows,
        count,
        sorted({row[0] for row in told}, key=list(Rule).index),
        sorted({(row[1], row[2]) for row in told if row[1] is not None}, key=lambda one: one[1]),
        sorted({row[3] for row in told}),
    )


def seen_by(viewer: Viewer, question: Select[Visit]) -> Select[Visit]:
    """Narrow a question about visits to what a viewer may see: technicians the ones they go on."""
    return question if viewer.sees_all_projects else question.where(_goes(viewer.user_id))


def _goes(user_id: int) -> sa.ColumnElement[bool]:
    return Visit.id.in_(select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id))


_ATTENDING = selectinload(Visit.attendees).joinedload(VisitAttendee.contact)


def _whole() -> tuple[ORMOption, ...]:
    return (
        joinedload(Visit.project).joinedload(Project.account),
        joinedload(Visit.project).joinedload(Project.contact),
        joinedload(Visit.project).selectinload(Project.gates),
        joinedload(Visit.site),
        joinedload(Visit.milestone),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )
