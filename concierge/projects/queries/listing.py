"""Questions about many projects: pages of a list, the board, counts, what is found.

Lists ask for columns instead of whole rows, and count no further than people read: a page costs the same in a
company of ten projects and in one of a hundred thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Playbook, PlaybookField, PlaybookVersion, Product
from concierge.catalogue.states import GateKind, MilestoneKind, ProductKind
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, remembered
from concierge.platform.errors import NotFound
from concierge.platform.prepared import Question
from concierge.projects.models import FieldValue, Gate, PastCase, Project
from concierge.projects.queries.filtering import Filter, conditions, narrowed, order_of, product_of
from concierge.projects.scope import visible_to
from concierge.projects.states import GateState, Health, ProjectState

PAGE = 50
MOST_COUNTED = 1000
"""Nobody reads further; what is more is called more."""
LAST_PAGE = 100
"""The page that a list ends with; what comes after is for a filter or an export."""
CARDS = 10
"""Cards that one column of the board holds."""
NOT_ENDED = (Health.LATE, Health.AT_RISK, Health.ON_HOLD, Health.DRAFT, Health.ON_TRACK)
"""Gravest first."""
USUAL_CASES = 41
"""So many of the latest cases say how long a stage usually takes; fewer than five say nothing."""


Statement: TypeAlias = sa.Select[*tuple[Any, ...]]  # Any: a column each


class Row(NamedTuple):
    """One project as a list shows it."""

    id: int
    key: str
    name: str
    account_id: int
    account: str
    city: str
    site: str
    country: str
    concierge_id: int | None
    concierge: str | None
    state: ProjectState
    health: Health
    promised_on: date | None
    forecast_on: date | None
    slip: int
    stage: MilestoneKind
    stage_since_on: date | None
    chance: int | None
    starts_on: date
    required_on: date | None
    held_on: date | None
    ready: int | None
    """Weighted share of what is asked of the site that is done, in percent; None: nothing is asked."""
    holds_shipping: int | None
    """Critical points that hold delivery."""
    holds_installing: int | None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``total`` is exact up to ``MOST_COUNTED``, one more than that means more."""

    projects: Sequence[Row]
    total: int
    page: int
    pages: int | None
    """None when there are more than were counted."""
    has_next: bool


class Card(NamedTuple):
    """One project on the board."""

    key: str
    name: str
    account: str
    health: Health
    forecast_on: date | None
    slip: int
    stage_since_on: date | None
    stage: MilestoneKind
    concierge: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One stage of the board: how many are in it, for how long, and the first of them."""

    stage: MilestoneKind
    count: int
    """One more than ``MOST_COUNTED`` means more."""
    middle_since_on: date | None
    """The day since which the one in the middle is in it; of more than are counted, of those longest in it."""
    usual_workdays: int | None
    """How long it usually takes, from what happened before; None when there are too few cases."""
    cards: Sequence[Card]


class Choices(NamedTuple):
    """What the filters of a list can be set to, beside what is known anyway."""

    countries: Sequence[str]
    products: Sequence[tuple[int, str]]
    fields: Sequence[tuple[str, dict[str, str]]]
    """Key and name, in its languages, of each field that a playbook defines."""


def projects_page(viewer: Viewer, wanted: Filter) -> Page:
    """One page of the projects that a viewer may see."""
    page = min(max(1, wanted.page), LAST_PAGE)
    total = _total(viewer, wanted)
    if total <= MOST_COUNTED:
        page = min(page, max(1, -(-total // PAGE)))
    values = {"most": PAGE + 1, "skipped": (page - 1) * PAGE}
    found = [Row(*row) for row in _page_rows(viewer, wanted, values)]
    return Page(
        projects=found[:PAGE],
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE)) if total <= MOST_COUNTED else None,
        has_next=len(found) > PAGE and page < LAST_PAGE,
    )


def _total(viewer: Viewer, wanted: Filter) -> int:
    """How many there are; of lists that only a state of health narrows, from what the page counts anyway."""
    plain = _plain(wanted)
    if plain == _OPEN:
        return min(sum(counts_by_health(viewer).values()), MOST_COUNTED + 1)
    if len(plain.health) == 1 and plain == Filter(health=plain.health):
        health = Health(plain.health[0])
        if health in NOT_ENDED:
            return counts_by_health(viewer).get(health, 0)
    return count_of(viewer, wanted)


def count_of(viewer: Viewer, wanted: Filter) -> int:
    """How many projects a filter leaves, counted to one more than ``MOST_COUNTED``."""
    return counts_of(viewer, [wanted])[0]


def counts_of(viewer: Viewer, filters: Sequence[Filter]) -> tuple[int, ...]:
    """How many projects each of some filters leaves, each counted to one more than ``MOST_COUNTED``."""
    if not filters:
        return ()
    row = _ask(_counts(_scope(viewer), tuple(_plain(one) for one in filters))).one()
    return tuple(row)


def counts_by_health(viewer: Viewer) -> dict[Health, int]:
    """How many projects are in each state of health of those that have not ended, as far as ``MOST_COUNTED``."""
    scope = _scope(viewer)
    row = remembered(("projects by health", scope), lambda: _by_health(scope).all()[0])
    return {health: count for health, count in zip(NOT_ENDED, row, strict=True) if count}


def all_rows(viewer: Viewer, wanted: Filter, *, ids: Sequence[int] = ()) -> Iterable[Row]:
    """Every project that a filter leaves, in its order, as a list shows it.

    :param ids: only these.
    """
    question = _rows(viewer, wanted)
    if ids:
        question = question.where(Project.id.in_(ids))
    return (Row(*tuple(row)) for row in _ask(question, {"most": 1_000_000, "skipped": 0}))


def ids_of(viewer: Viewer, wanted: Filter, *, most: int) -> Sequence[int]:
    """The ids of the projects that a filter leaves, in its order, at most some."""
    question = narrowed(sa.select(Project.id), viewer, wanted).order_by(*order_of(Filter(sort=wanted.sort)))
    return db.session.scalars(question.limit(most)).all()


def all_projects(viewer: Viewer, wanted: Filter) -> Sequence[Project]:
    """Every project that a filter leaves, in its order, for commands."""
    question = narrowed(sa.select(Project), viewer, wanted).order_by(*order_of(Filter(sort=wanted.sort)))
    loaded = (joinedload(Project.account), joinedload(Project.site), joinedload(Project.order))
    return db.session.scalars(question.options(*loaded)).all()


def board(viewer: Viewer, wanted: Filter) -> Sequence[Column]:
    """The stages in which there are projects, in their order, each with those that are longest in it."""
    scope, wanted = _scope(viewer), _plain(wanted)
    counts = dict(zip(MilestoneKind, _stage_counts(scope, wanted).all()[0], strict=True))
    stages = tuple(stage for stage, count in counts.items() if count)
    if not stages:
        return ()
    middles = {f"middle_{place}": min(counts[stage], MOST_COUNTED) // 2 for place, stage in enumerate(stages)}
    said = _stage_middles(scope, wanted, stages).all(**middles)[0]
    cards: dict[MilestoneKind, list[Card]] = {stage: [] for stage in stages}
    for row in _cards(scope, wanted, stages).all():
        card = Card(*row)
        cards[card.stage].append(card)
    return [
        Column(stage, counts[stage], said[2 * place], said[2 * place + 1], cards[stage])
        for place, stage in enumerate(stages)
    ]


def group_counts(viewer: Viewer, wanted: Filter, groups: Sequence[str]) -> Mapping[str, int]:
    """How many projects are in each of the groups that a page shows, by the group's value."""
    if not wanted.group or not groups:
        return {}
    value = _group_value(wanted.group)
    question = _joined(sa.select(value, sa.func.count()), wanted).where(value.in_(groups)).group_by(value)
    rows = db.session.execute(narrowed(question, viewer, wanted))
    return {row[0]: row[1] for row in rows}


def field_values(project_ids: Sequence[int], keys: Sequence[str]) -> Mapping[tuple[int, str], FieldValue]:
    """What projects say in fields that playbooks define, by project and key."""
    if not project_ids or not keys:
        return {}
    question = sa.select(FieldValue).where(FieldValue.project_id.in_(project_ids), FieldValue.key.in_(keys))
    return {(row.project_id, row.key): row for row in db.session.scalars(question)}


def fields_defined() -> Sequence[PlaybookField]:
    """The fields that playbooks in use define, one of each key: that of the latest version."""
    question = (
        sa.select(PlaybookField)
        .join(PlaybookVersion, PlaybookVersion.id == PlaybookField.version_id)
        .join(Playbook, Playbook.id == PlaybookVersion.playbook_id)
        .order_by(PlaybookField.key, PlaybookField.id.desc())
    )
    found: dict[str, PlaybookField] = {}
    for row in db.session.scalars(question):
        found.setdefault(row.key, row)
    return tuple(found.values())


def choices() -> Choices:
    """What the filters of a list can be set to."""
    countries = db.session.scalars(sa.select(Site.country).distinct().order_by(Site.country)).all()
    products = db.session.execute(
        sa.select(Product.id, Product.name)
        .where(Product.kind == ProductKind.INSTRUMENT)
        .order_by(Product.name, Product.id)
        .limit(500)
    )
    fields = [(field.key, field.name) for field in fields_defined()]
    return Choices(countries, [(row[0], row[1]) for row in products], fields)


def key_and_name(project_id: int) -> tuple[str, str]:
    """How a project is called.

    :raises NotFound: when there is none.
    """
    row = db.session.execute(sa.select(Project.key, Project.name).where(Project.id == project_id)).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def seen_ids(viewer: Viewer, ids: Sequence[int]) -> Sequence[int]:
    """Those of some projects that a viewer may see, in the order given."""
    seen: set[int] = set()
    for first in range(0, len(ids), 500):
        some = sa.select(Project.id).where(Project.id.in_(ids[first : first + 500]))
        seen.update(db.session.scalars(visible_to(viewer, some)))
    return [one for one in dict.fromkeys(ids) if one in seen]


def some_product() -> str:
    """The name of an instrument of the catalogue, for examples; of none when it is empty."""
    question = sa.select(Product.name).where(Product.kind == ProductKind.INSTRUMENT).order_by(Product.id)
    return db.session.scalar(question.limit(1)) or "Flow cytometer"


def account_named(viewer: Viewer, account_id: int) -> str:
    """The name of an account with a project that the viewer may see; empty when there is none."""
    seen = visible_to(viewer, sa.select(Project.id).where(Project.account_id == account_id))
    return db.session.scalar(sa.select(Account.name).where(Account.id == account_id, seen.exists())) or ""


def projects_of_account(viewer: Viewer, account_id: int) -> Sequence[Project]:
    """The projects of one account, newest first."""
    question = sa.select(Project).where(Project.account_id == account_id).order_by(Project.id.desc())
    return db.session.scalars(visible_to(viewer, question).options(joinedload(Project.site))).all()


def open_project_ids() -> Sequence[int]:
    """Ids of all projects under way or waiting for approval, in order."""
    is_open = Project.state.in_([ProjectState.LIVE, ProjectState.DRAFT])
    return db.session.scalars(sa.select(Project.id).where(is_open).order_by(Project.id)).all()


def found_with_account(account_id: int) -> Sequence[Project]:
    """Every project that is found by a customer's name."""
    return db.session.scalars(
        sa.select(Project).where(Project.account_id == account_id).order_by(Project.id)
    ).all()


def found_by(viewer: Viewer, text: str, *, most: int = 8) -> Sequence[Project]:
    """Projects whose key, name, account or order number holds a text, for the search."""
    question = narrowed(sa.select(Project), viewer, Filter(text=text)).order_by(Project.id.desc()).limit(most)
    return db.session.scalars(question.options(joinedload(Project.account))).all()


# ------------------------------------------------------------ statements, kept as they are made


def _ask(question: sa.Executable, values: Mapping[str, object] | None = None) -> sa.CursorResult[Any]:
    """Ask for columns, without the session's care for whole rows."""
    return db.session.connection().execute(question, values or {})


def _scope(viewer: Viewer) -> Viewer:
    """Who is looking, as far as it matters to a statement, so that statements can be kept.

    In place of a name stands the database: searching is another statement on another one.
    """
    return Viewer(viewer.user_id, db.engine.dialect.name, viewer.role, "UTC", "en")


def _plain(wanted: Filter) -> Filter:
    """The filter alone, without how it is shown."""
    changed = {name: getattr(_SHOWN, name) for name in ("sort", "group", "view", "columns", "page")}
    return _replaced(wanted, changed)


def _replaced(wanted: Filter, changed: Mapping[str, object]) -> Filter:
    values = {name: getattr(wanted, name) for name in Filter.__dataclass_fields__}
    return Filter(**{**values, **changed})


_SHOWN = Filter()
_OPEN = Filter(only_open=True)


def _rows(viewer: Viewer, wanted: Filter) -> Statement:
    return _rows_kept(_scope(viewer), _ordered(wanted))


def _ordered(wanted: Filter) -> Filter:
    """The filter and the order alone, without how it is shown."""
    return _replaced(wanted, {"view": "", "columns": (), "page": 1})


def _page_rows(viewer: Viewer, wanted: Filter, values: Mapping[str, int]) -> Iterable[tuple[Any, ...]]:
    """A page's rows as columns; lists that are opened again and again are put into words once."""
    if wanted.text or wanted.value:  # as somebody typed it
        return map(tuple, _ask(_rows(viewer, wanted), values))
    return _rows_said(_scope(viewer), _ordered(wanted)).all(**values)


@lru_cache(maxsize=256)
def _rows_said(viewer: Viewer, wanted: Filter) -> Question:
    return Question(_rows_kept(viewer, wanted))


@lru_cache(maxsize=256)
def _rows_kept(viewer: Viewer, wanted: Filter) -> Statement:
    """A page's rows; the ids of the page are found first, so that nothing else is read for other pages."""
    walk = narrowed(_joined(sa.select(Project.id), wanted), viewer, wanted).order_by(*order_of(wanted))
    page = walk.limit(sa.bindparam("most", type_=sa.Integer)).offset(
        sa.bindparam("skipped", type_=sa.Integer)
    )
    chosen = page.subquery("chosen")
    group = [_group_value(wanted.group)] if wanted.group else []
    ship, install = aliased(Gate), aliased(Gate)
    return (
        sa.select(
            Project.id,
            Project.key,
            Project.name,
            Project.account_id,
            Account.name,
            Site.city,
            Site.name,
            Site.country,
            Project.concierge_id,
            User.name,
            Project.state,
            Project.health,
            Project.promised_handover_on,
            Project.forecast_handover_on,
            Project.slip_workdays,
            Project.stage,
            Project.stage_since_on,
            Project.chance_percent,
            Project.starts_on,
            Project.required_on,
            Project.held_on,
            ship.percent,
            _open(ship),
            _open(install),
            *group,
        )
        .select_from(chosen)
        .join(Project, Project.id == chosen.c.id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Project.site_id)
        .outerjoin(User, User.id == Project.concierge_id)
        .outerjoin(ship, sa.and_(ship.project_id == Project.id, ship.kind == GateKind.SHIP))
        .outerjoin(install, sa.and_(install.project_id == Project.id, install.kind == GateKind.INSTALL))
        .order_by(*order_of(wanted))
    )


def _open(gate: type[Gate]) -> sa.ColumnElement[int]:
    """How many points hold a gate; none that was let pass."""
    return sa.case((gate.state == GateState.HELD, gate.open_items), else_=0)


def _joined(question: Statement, wanted: Filter) -> Statement:
    """With the tables joined that the order of groups needs."""
    question = question.select_from(Project)
    match wanted.group:
        case "concierge":
            return question.outerjoin(User, User.id == Project.concierge_id)
        case "account":
            return question.join(Account, Account.id == Project.account_id)
        case "country":
            return question.join(Site, Site.id == Project.site_id)
    return question


def _group_value(group: str) -> sa.ColumnElement[str]:
    match group:
        case "health":
            return sa.cast(Project.health, sa.String)
        case "stage":
            return sa.cast(Project.stage, sa.String)
        case "concierge":
            return sa.func.coalesce(User.name, "")
        case "account":
            return Account.name.expression
        case "country":
            return Site.country.expression
    return product_of()


@lru_cache(maxsize=256)
def _counts(viewer: Viewer, filters: tuple[Filter, ...]) -> Statement:
    return sa.select(*(_counted(viewer, conditions(viewer, wanted)) for wanted in filters))


@lru_cache(maxsize=64)
def _by_health(viewer: Viewer) -> Question:
    return Question(sa.select(*(_counted(viewer, [Project.health == health]) for health in NOT_ENDED)))


@lru_cache(maxsize=64)
def _stage_counts(viewer: Viewer, wanted: Filter) -> Question:
    by_stage = ([*conditions(viewer, wanted), Project.stage == stage] for stage in MilestoneKind)
    return Question(sa.select(*(_counted(viewer, asked) for asked in by_stage)))


def _counted(viewer: Viewer, asked: Iterable[sa.ColumnElement[bool]]) -> sa.ScalarSelect[int]:
    some = visible_to(viewer, sa.select(Project.id).where(*asked)).limit(MOST_COUNTED + 1)
    return sa.select(sa.func.count()).select_from(some.subquery()).scalar_subquery()


@lru_cache(maxsize=64)
def _stage_middles(viewer: Viewer, wanted: Filter, stages: tuple[MilestoneKind, ...]) -> Question:
    parts: list[sa.ColumnElement[Any]] = []
    for place, stage in enumerate(stages):
        middle = sa.bindparam(f"middle_{place}", type_=sa.Integer)
        since = (
            narrowed(sa.select(Project.stage_since_on), viewer, wanted)
            .where(Project.stage == stage)
            .order_by(Project.stage_since_on, Project.id)
            .limit(1)
            .offset(middle)
        )
        parts += [since.scalar_subquery(), _usual(stage)]
    return Question(sa.select(*parts))


def _usual(stage: MilestoneKind) -> sa.ColumnElement[Any]:
    """The median of the latest cases of a stage; null when there are fewer than five."""
    latest = (
        sa.select(PastCase.actual_workdays.label("workdays"))
        .where(PastCase.kind == stage)
        .order_by(PastCase.finished_on.desc(), PastCase.id.desc())
        .limit(USUAL_CASES)
        .subquery()
    )
    count = sa.select(sa.func.count()).select_from(latest).scalar_subquery()
    middle = sa.select(latest.c.workdays).order_by(latest.c.workdays).limit(1).offset(count // 2)
    return sa.case((count >= 5, middle.scalar_subquery()), else_=sa.null())


@lru_cache(maxsize=64)
def _cards(viewer: Viewer, wanted: Filter, stages: tuple[MilestoneKind, ...]) -> Question:
    arms = [
        sa.select(
            narrowed(sa.select(Project.id), viewer, wanted)
            .where(Project.stage == stage)
            .order_by(Project.stage_since_on, Project.id)
            .limit(CARDS)
            .subquery()
        )
        for stage in stages
    ]
    chosen = sa.union_all(*arms).subquery("chosen")
    return Question(
        sa.select(
            Project.key,
            Project.name,
            Account.name,
            Project.health,
            Project.forecast_handover_on,
            Project.slip_workdays,
            Project.stage_since_on,
            Project.stage,
            User.name,
        )
        .select_from(chosen)
        .join(Project, Project.id == chosen.c.id)
        .join(Account, Account.id == Project.account_id)
        .outerjoin(User, User.id == Project.concierge_id)
        .order_by(Project.stage_since_on, Project.id)
    )
