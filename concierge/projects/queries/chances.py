"""Questions about what usually becomes of plans: past cases, and how well the forecast did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.models import Product
from concierge.catalogue.states import MilestoneKind, ProductKind
from concierge.core import forecast as core
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.projects.models import Backtest, Baseline, Milestone, PastCase, Project
from concierge.projects.states import MilestoneState, Party, ProjectState

MOST_CASES = 20_000
"""Only so many of the latest cases are learnt from."""


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A past case with the day from which it is known, and whose it was."""

    case: core.PastCase
    finished_on: date
    project_id: int


def known_cases(*, before: date | None = None, most: int = MOST_CASES) -> Sequence[KnownCase]:
    """What is known of past milestones, the latest first.

    :param before: only those finished before a day.
    """
    question = (
        sa.select(
            PastCase.kind,
            PastCase.product_key,
            PastCase.region,
            PastCase.party,
            PastCase.planned_workdays,
            PastCase.actual_workdays,
            PastCase.finished_on,
            PastCase.project_id,
        )
        .order_by(PastCase.finished_on.desc(), PastCase.id.desc())
        .limit(most)
    )
    if before is not None:
        question = question.where(PastCase.finished_on < before)
    return [
        KnownCase(
            core.PastCase(core.Likeness(row[0].value, row[1], row[2], row[3].value), row[4], row[5]),
            row[6],
            row[7],
        )
        for row in db.session.execute(question)
    ]


def history(*, before: date | None = None) -> core.History:
    """Past cases in groups."""
    return core.History(one.case for one in known_cases(before=before))


def instruments_of(project_ids: Collection[int]) -> Mapping[int, str]:
    """The instrument model of each project, by project id; those with several or none are left out."""
    rows = db.session.execute(
        sa.select(Project.id, Product.key)
        .join(OrderLine, OrderLine.order_id == Project.order_id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(
            Project.id.in_(project_ids),
            Product.kind == ProductKind.INSTRUMENT,
            OrderLine.cancelled.is_(False),
        )
        .distinct()
    )
    found: dict[int, list[str]] = {}
    for project_id, key in rows:
        found.setdefault(project_id, []).append(key)
    return {project_id: keys[0] for project_id, keys in found.items() if len(keys) == 1}


def cases_of(project_id: int) -> Mapping[int, PastCase]:
    """The past cases that a project's milestones gave, by milestone id."""
    rows = db.session.scalars(sa.select(PastCase).where(PastCase.project_id == project_id))
    return {row.milestone_id: row for row in rows}


def finished_projects() -> Sequence[int]:
    """Ids of the projects that were approved and handed over, in the order of their ends."""
    return db.session.scalars(
        sa.select(Project.id)
        .where(Project.state == ProjectState.DONE, Project.approved_at.is_not(None))
        .order_by(Project.finished_on, Project.id)
    ).all()


def first_baselines(project_ids: Collection[int]) -> Mapping[int, Baseline]:
    """The plan that was approved, by project id, with its milestones."""
    rows = db.session.scalars(
        sa.select(Baseline)
        .where(Baseline.project_id.in_(project_ids), Baseline.number == 1)
        .options(selectinload(Baseline.milestones))
    )
    return {row.project_id: row for row in rows}


def whole_projects(project_ids: Collection[int]) -> Sequence[Project]:
    """Projects with sites and milestones, in the order of their ids; nothing is locked."""
    return db.session.scalars(
        sa.select(Project)
        .where(Project.id.in_(project_ids))
        .order_by(Project.id)
        .options(
            joinedload(Project.site),
            selectinload(Project.milestones).selectinload(Milestone.links),
        )
    ).all()


def latest_backtest() -> Sequence[Backtest]:
    """Every group of the latest night's comparison, all of them first, then by how many cases they have."""
    ran_at = db.session.scalar(sa.select(sa.func.max(Backtest.ran_at)))
    if ran_at is None:
        return ()
    rows = db.session.scalars(sa.select(Backtest).where(Backtest.ran_at == ran_at)).all()
    return sorted(rows, key=lambda row: (row.group != "", -row.cases, row.group))


def backtests_of_all(*, most: int = 30) -> Sequence[Backtest]:
    """How all handovers together did, night by night, latest first."""
    return db.session.scalars(
        sa.select(Backtest).where(Backtest.group == "").order_by(Backtest.ran_at.desc()).limit(most)
    ).all()


@dataclass(frozen=True, slots=True)
class Group:
    """Past cases of one kind and party: how many, and the share of the planned time that they took."""

    kind: MilestoneKind
    party: Party
    is_moment: bool
    cases: int
    models: int
    """How many instrument models among them have enough cases of their own."""
    median: float
    high: float
    """What eight of ten stayed within."""


def groups() -> Sequence[Group]:
    """Every group of kind and party with its figures, largest first."""
    found: dict[tuple[str, str, bool], list[core.PastCase]] = {}
    for one in known_cases():
        like = one.case.likeness
        found.setdefault((like.kind, like.party, one.case.planned_workdays == 0), []).append(one.case)
    rows = [
        _group(MilestoneKind(kind), Party(party), is_moment, cases)
        for (kind, party, is_moment), cases in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.cases, row.kind.value, row.party.value))


def _group(kind: MilestoneKind, party: Party, is_moment: bool, cases: Sequence[core.PastCase]) -> Group:
    values = sorted(case.value for case in cases)
    by_model: dict[str, int] = {}
    for case in cases:
        if case.likeness.model:
            by_model[case.likeness.model] = by_model.get(case.likeness.model, 0) + 1
    enough = sum(count >= core.ENOUGH_CASES for count in by_model.values())
    return Group(
        kind,
        party,
        is_moment,
        len(cases),
        enough,
        values[(len(values) - 1) // 2],
        values[-(-len(values) * 8 // 10) - 1],
    )


def done_milestones(project: Project) -> Sequence[Milestone]:
    """What of a project can be learnt from: milestones that were reached after its order was accepted."""
    return [
        one
        for one in project.milestones
        if one.state is MilestoneState.DONE and one.kind is not MilestoneKind.ORDER_ACCEPTED
    ]
