"""Questions about the ledger of dates that customers were shown, and about how many came true."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from concierge.accounts.models import Account
from concierge.core.promises import Fate, Outcome, Tally, Told, outcomes
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db
from concierge.projects.models import DateChange, Milestone, Project, Promise
from concierge.projects.scope import visible_to
from concierge.projects.states import DateKind, MilestoneState, ShownOn

PAGE = 50
LAST_ZONE = timedelta(hours=12)
"""How far behind UTC the last place on earth is: a day that has passed there has passed everywhere."""

Values = Any  # Any: the columns of a statement that is put together below


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a project's ledger: the date, who showed it, and what became of it."""

    promise: Promise
    by: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AccountTally:
    """How one account's promises of a period came out."""

    account_id: int
    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class DueDate:
    """One distinct date that an account was told, when and where first, and what became of it."""

    project_key: str
    milestone_id: int | None
    milestone_key: str
    name: Mapping[str, str]
    finish_on: date
    finished_on: date | None
    told_on: date
    channels: tuple[ShownOn, ...]
    outcome: Outcome


def ledger_of(project: Project, *, at: datetime) -> Sequence[Entry]:
    """Everything that the customer of a project was shown, the latest first.

    :param project: with site and milestones.
    """
    rows = db.session.execute(
        sa.select(Promise, User.name)
        .outerjoin(User, User.id == Promise.by_id)
        .where(Promise.project_id == project.id)
        .order_by(Promise.shown_at.desc(), Promise.id.desc())
    ).all()
    judged = outcomes(
        [_told(promise) for promise, _ in rows if promise.taken_back_at is None],
        fates_of([project]),
        today=clock.day_at(at, project.site.zone),
    )
    return [
        Entry(
            promise,
            name or "",
            Outcome.WITHDRAWN
            if promise.taken_back_at is not None
            else judged[_name_of(promise), promise.finish_on],
        )
        for promise, name in rows
    ]


def not_yet_shown(project_id: int, shown_on: ShownOn, dates: Iterable[tuple[str, date]]) -> bool:
    """Whether any of these dates of milestones has never been shown on a channel."""
    rows = db.session.execute(
        sa.select(Promise.milestone_key, Promise.finish_on).where(
            Promise.project_id == project_id, Promise.shown_on == shown_on
        )
    )
    known = {(row.milestone_key, row.finish_on) for row in rows}
    return any((key, on) not in known for key, on in dates)


def promises_kept(viewer: Viewer, *, from_on: date, to_on: date, at: datetime) -> Tally:
    """How the dates came out that fell due from one day to before another, of all that the viewer may see.

    A date is one milestone on one day, however often and wherever it was shown. It fell due when its day is in the
    period and has passed. It is *kept* when the milestone was finished by that day. It is *agreed anew*, and counted
    apart, when the customer had asked for or agreed to a later day before it fell due. It is *withdrawn*, and not
    counted, when the milestone or the whole project had left the plan by then. Otherwise it is *broken*.
    """
    judged = _judged(viewer, from_on=from_on, to_on=to_on, at=at).subquery()
    row = db.session.execute(sa.select(*_counts(judged))).one()
    return Tally(row.kept, row.agreed, row.broken)


def tallies_by_account(
    viewer: Viewer, *, from_on: date, to_on: date, at: datetime, page: int = 1
) -> tuple[Sequence[AccountTally], int]:
    """The same for each account that had dates due, most broken first; and how many accounts there are."""
    judged = _judged(viewer, from_on=from_on, to_on=to_on, at=at).subquery()
    counts = _counts(judged)
    grouped = (
        sa.select(judged.c.account_id, Account.name, *counts, sa.func.count().over().label("accounts"))
        .join(Account, Account.id == judged.c.account_id)
        .group_by(judged.c.account_id, Account.name)
        .having(counts[0] + counts[1] + counts[2] > 0)
    )
    rows = db.session.execute(
        grouped.order_by(sa.desc("broken"), Account.name, judged.c.account_id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    found = [AccountTally(row.account_id, row.name, Tally(row.kept, row.agreed, row.broken)) for row in rows]
    return found, rows[0].accounts if rows else 0


def tally_of_account(viewer: Viewer, account_id: int, *, from_on: date, to_on: date, at: datetime) -> Tally:
    """The same for one account."""
    judged = _judged(viewer, from_on=from_on, to_on=to_on, at=at, account_id=account_id).subquery()
    row = db.session.execute(sa.select(*_counts(judged))).one()
    return Tally(row.kept, row.agreed, row.broken)


def due_dates(
    viewer: Viewer, account_id: int, *, from_on: date, to_on: date, at: datetime
) -> Sequence[DueDate]:
    """Every distinct date of one account that falls due in a period, with what became of it, by day."""
    judged = _judged(viewer, from_on=from_on, to_on=to_on, at=at, account_id=account_id).subquery()
    rows = db.session.execute(
        sa.select(
            judged.c.finish_on,
            judged.c.outcome,
            judged.c.told_on,
            judged.c.project_id,
            judged.c.milestone_key,
            Project.key,
            Milestone.id.label("milestone_id"),
            Milestone.name,
            Milestone.finished_on,
        )
        .join(Project, Project.id == judged.c.project_id)
        .outerjoin(
            Milestone,
            sa.and_(Milestone.project_id == Project.id, Milestone.key == judged.c.milestone_key),
        )
        .order_by(judged.c.finish_on, Project.key, judged.c.milestone_key)
    ).all()
    channels = _channels({row.project_id for row in rows}, from_on=from_on, to_on=to_on)
    return [
        DueDate(
            project_key=row.key,
            milestone_id=row.milestone_id,
            milestone_key=row.milestone_key,
            name=row.name or {"en": row.milestone_key},
            finish_on=row.finish_on,
            finished_on=row.finished_on,
            told_on=row.told_on,
            channels=channels.get((row.project_id, row.milestone_key, row.finish_on), ()),
            outcome=Outcome(row.outcome),
        )
        for row in rows
    ]


def account_named(viewer: Viewer, account_id: int) -> Account | None:
    """An account with a project that the viewer may see; None when there is none."""
    seen = visible_to(viewer, sa.select(Project.id).where(Project.account_id == account_id))
    return db.session.scalar(sa.select(Account).where(Account.id == account_id, seen.exists()))


def fates_of(projects: Iterable[Project]) -> dict[str, Fate]:
    """What happened to every milestone of projects, by the name that `_name_of` gives it."""
    fates = {}
    for project in projects:
        left = _left(project)
        ended_on = project.cancelled_at.date() if project.cancelled_at else None
        for one in project.milestones:
            left_on = left.get(one.id) if one.state is MilestoneState.SKIPPED else None
            days = [day for day in (left_on, ended_on) if day is not None]
            fates[f"{project.id} {one.key}"] = Fate(one.finished_on, min(days, default=None))
    return fates


def _left(project: Project) -> dict[int, date]:
    """The day (UTC) on which each milestone last left the plan."""
    rows = db.session.execute(
        sa.select(DateChange.milestone_id, sa.func.max(DateChange.at))
        .where(DateChange.project_id == project.id, *_leaving())
        .group_by(DateChange.milestone_id)
    )
    return {row[0]: row[1].date() for row in rows}


def _leaving() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        DateChange.kind == DateKind.PLANNED,
        DateChange.start_on.is_(None),
        DateChange.finish_on.is_(None),
    )


def _told(promise: Promise) -> Told:
    return Told(_name_of(promise), promise.finish_on, promise.told_on, promise.is_agreed)


def _name_of(promise: Promise) -> str:
    return f"{promise.project_id} {promise.milestone_key}"


def _judged(
    viewer: Viewer, *, from_on: date, to_on: date, at: datetime, account_id: int | None = None
) -> sa.Select[Values]:
    """Every distinct date due in a period with its outcome; the rules are those of `core.promises.outcomes`."""
    today = (at - LAST_ZONE).date()
    due = (
        sa.select(
            Promise.project_id,
            Promise.milestone_key,
            Promise.finish_on,
            sa.func.min(Promise.account_id).label("account_id"),
            sa.func.min(Promise.told_on).label("told_on"),
        )
        .where(Promise.finish_on >= from_on, Promise.finish_on < to_on, Promise.taken_back_at.is_(None))
        .group_by(Promise.project_id, Promise.milestone_key, Promise.finish_on)
    )
    if account_id is not None:
        due = due.where(Promise.account_id == account_id)
    dates = due.subquery("due")
    return visible_to(
        viewer,
        sa.select(
            dates.c.project_id,
            dates.c.milestone_key,
            dates.c.finish_on,
            dates.c.account_id,
            dates.c.told_on,
            _outcome(dates, today).label("outcome"),
        )
        .join(Project, Project.id == dates.c.project_id)
        .outerjoin(
            Milestone,
            sa.and_(Milestone.project_id == dates.c.project_id, Milestone.key == dates.c.milestone_key),
        ),
    )


def _outcome(due: sa.Subquery, today: date) -> sa.Case[str]:
    """What became of a date that is due, beside its project and its milestone."""
    later = aliased(Promise)
    left = sa.and_(
        Milestone.state == MilestoneState.SKIPPED,
        sa.exists().where(
            DateChange.milestone_id == Milestone.id,
            *_leaving(),
            _utc_day(DateChange.at) <= due.c.finish_on,
        ),
    )
    cancelled = sa.and_(Project.cancelled_at.is_not(None), _utc_day(Project.cancelled_at) <= due.c.finish_on)
    agreed = sa.exists().where(
        later.project_id == due.c.project_id,
        later.milestone_key == due.c.milestone_key,
        later.is_agreed,
        later.taken_back_at.is_(None),
        later.finish_on > due.c.finish_on,
        later.told_on <= due.c.finish_on,
    )
    return sa.case(
        (due.c.finish_on > today, Outcome.OPEN.value),
        (Milestone.finished_on <= due.c.finish_on, Outcome.KEPT.value),
        (sa.or_(cancelled, left), Outcome.WITHDRAWN.value),
        (agreed, Outcome.AGREED.value),
        (due.c.finish_on == today, Outcome.OPEN.value),
        else_=Outcome.BROKEN.value,
    )


def _utc_day(instant: sa.orm.InstrumentedAttribute[Any]) -> sa.ColumnElement[Any]:  # Any: an instant, a day
    if db.engine.dialect.name == "postgresql":
        return sa.cast(sa.func.timezone("UTC", instant), sa.Date)
    return sa.func.date(instant)


def _counts(judged: sa.Subquery) -> tuple[sa.Label[int], ...]:
    return tuple(
        sa.func.count().filter(judged.c.outcome == outcome.value).label(name)
        for name, outcome in (("kept", Outcome.KEPT), ("agreed", Outcome.AGREED), ("broken", Outcome.BROKEN))
    )


def _channels(
    project_ids: Iterable[int], *, from_on: date, to_on: date
) -> dict[tuple[int, str, date], tuple[ShownOn, ...]]:
    found: dict[tuple[int, str, date], tuple[ShownOn, ...]] = {}
    rows = db.session.execute(
        sa.select(Promise.project_id, Promise.milestone_key, Promise.finish_on, Promise.shown_on)
        .where(
            Promise.project_id.in_(set(project_ids)),
            Promise.finish_on >= from_on,
            Promise.finish_on < to_on,
            Promise.taken_back_at.is_(None),
        )
        .order_by(Promise.shown_at, Promise.id)
    )
    for row in rows:
        place = (row.project_id, row.milestone_key, row.finish_on)
        found[place] = (*found.get(place, ()), row.shown_on)
    return found
