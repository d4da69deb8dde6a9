"""Questions about many projects: lists, counts, what is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.selectable import Select

from concierge.accounts.models import Site
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.searching import matches
from concierge.projects.models import (
    Project,
)
from concierge.projects.scope import visible_to
from concierge.projects.states import Health, ProjectState

PAGE = 50


Narrowed = TypeVar("Narrowed", bound=Select[*tuple[Any, ...]])  # Any: whatever is asked for


_ORDERS = {
    "slip": (Project.slip_workdays.desc(), Project.id),
    "handover": (Project.forecast_handover_on, Project.id),
    "name": (Project.name, Project.id),
    "newest": (Project.id.desc(),),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of projects is narrowed to; empty fields do not narrow."""

    text: str = ""
    health: tuple[str, ...] = ()
    concierge_id: int | None = None
    country: str = ""
    account_id: int | None = None
    mine: bool = False
    sort: str = "slip"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and how many there are in all."""

    projects: Sequence[Project]
    total: int
    page: int
    pages: int


def projects_page(viewer: Viewer, wanted: Filter) -> Page:
    """One page of the projects a viewer may see, with account, site, concierge and product names loaded."""
    question = _narrowed(sa.select(Project.id), viewer, wanted)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    order = _ORDERS.get(wanted.sort, _ORDERS["slip"])
    ids = _narrowed(sa.select(Project), viewer, wanted).order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
    rows = db.session.scalars(
        ids.options(joinedload(Project.account), joinedload(Project.site), joinedload(Project.concierge))
    ).all()
    return Page(rows, total, page, pages)


def all_projects(viewer: Viewer, wanted: Filter) -> Sequence[Project]:
    """Every project that a filter leaves, in its order, for exports and commands."""
    question = _narrowed(sa.select(Project), viewer, wanted).order_by(*_ORDERS[wanted.sort])
    loaded = (joinedload(Project.account), joinedload(Project.site), joinedload(Project.order))
    return db.session.scalars(question.options(*loaded)).all()


def counts_by_health(viewer: Viewer) -> dict[Health, int]:
    """How many projects are in each state of health."""
    rows = db.session.execute(
        visible_to(viewer, sa.select(Project.health, sa.func.count()).group_by(Project.health))
    )
    return {row[0]: row[1] for row in rows}


def projects_of_account(viewer: Viewer, account_id: int) -> Sequence[Project]:
    """The projects of one account, newest first."""
    question = sa.select(Project).where(Project.account_id == account_id).order_by(Project.id.desc())
    return db.session.scalars(visible_to(viewer, question).options(joinedload(Project.site))).all()


def open_project_ids() -> Sequence[int]:
    """Ids of all projects under way or waiting for approval, in order."""
    is_open = Project.state.in_([ProjectState.LIVE, ProjectState.DRAFT])
    return db.session.scalars(sa.select(Project.id).where(is_open).order_by(Project.id)).all()


def promises_kept(viewer: Viewer, *, since: date) -> tuple[int, int]:
    """Handovers finished since a day: how many by their promise, and how many in all."""
    question = sa.select(
        sa.func.count().filter(Project.finished_on <= Project.promised_handover_on), sa.func.count()
    ).where(Project.state == ProjectState.DONE, Project.finished_on >= since)
    kept, total = db.session.execute(visible_to(viewer, question)).one()
    return kept, total


def found_with_account(account_id: int) -> Sequence[Project]:
    """Every project that is found by a customer's name."""
    return db.session.scalars(
        sa.select(Project).where(Project.account_id == account_id).order_by(Project.id)
    ).all()


def found_by(viewer: Viewer, text: str, *, most: int = 8) -> Sequence[Project]:
    """Projects whose key, name, account or order number holds a text, for the search."""
    question = (
        _narrowed(sa.select(Project), viewer, Filter(text=text)).order_by(Project.id.desc()).limit(most)
    )
    return db.session.scalars(question.options(joinedload(Project.account))).all()


def _narrowed(question: Narrowed, viewer: Viewer, wanted: Filter) -> Narrowed:
    question = visible_to(viewer, question)
    known = {health.value: health for health in Health}
    healths = [known[value] for value in wanted.health if value in known]
    if healths:
        question = question.where(Project.health.in_(healths))
    if wanted.mine:
        question = question.where(Project.concierge_id == viewer.user_id)
    if wanted.concierge_id is not None:
        question = question.where(Project.concierge_id == wanted.concierge_id)
    if wanted.account_id is not None:
        question = question.where(Project.account_id == wanted.account_id)
    if wanted.country:
        question = question.join(Site, Site.id == Project.site_id).where(
            Site.country == wanted.country.upper()
        )
    return question.where(*matches(wanted.text, Project))
