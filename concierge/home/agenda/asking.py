"""How it is asked what waits: each kind by an index, in its order, and only the first of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from concierge.accounts.models import Account, Site
from concierge.catalogue.states import GateKind, MilestoneKind
from concierge.core.urgency import Matter
from concierge.feeds import reach
from concierge.identity.viewer import Viewer
from concierge.platform.database import UtcInstant, db
from concierge.platform.statements import beside
from concierge.projects.models import Project
from concierge.projects.scope import visible_to
from concierge.projects.states import ProjectState

MOST = 20
"""Matters of one kind that are read; of more it is only said that there are more."""
SOON_DAYS = 14
GATE_DAYS = 10
"""A held gate matters from so many days before what it holds."""
ANSWER_DAYS = 7
EXPIRY_DAYS = 60
"""A certificate matters from so many days before its end, and as many after it."""
UNREAD_AFTER = timedelta(days=1)
"""An own calendar matters when it was not read for so long."""

Question: TypeAlias = sa.Select[*tuple[Any, ...]]  # Any: a column each
Row: TypeAlias = sa.Row[*tuple[Any, ...]]  # Any: a column each

OPEN_MILESTONE = sa.text("milestones.state IN ('planned', 'started')")
BLOCKED_MILESTONE = sa.text("milestones.state = 'blocked'")
COMING_MILESTONE = sa.text(
    "milestones.state = 'planned' AND milestones.kind IN ('ship released', 'delivered', 'installed')"
)
OPEN_ITEM = sa.text("readiness_items.state = 'open' AND readiness_items.severity = 'blocking'")
TO_REVIEW = sa.text(
    "readiness_items.state = 'answered'"
    " AND (readiness_items.reviewer IS NOT NULL OR readiness_items.reported_at IS NOT NULL)"
)
CONTRADICTED = sa.text("item_answers.standing = 'conflict'")
STRAY = sa.text("field_changes.stray IS NOT NULL AND field_changes.looked_at IS NULL")
ENTRY_IN_CONFLICT = sa.text("field_entries.standing = 'conflict'")
NOT_READY_ANY_MORE = sa.text("checklists.ready_lost_at IS NOT NULL")
TO_DECIDE = sa.text("visits.needs_decision <> ''")
OPEN_PROPOSAL = sa.text("proposals.state = 'open'")
DECLINED = sa.text("invitations.reply = 'declined'")
TO_SETTLE = sa.text(
    "invitation_answers.seen_at IS NULL AND invitation_answers.outcome IN ('stranger', 'suggested', 'for a person')"
)
RETURNED = sa.text("invitations.undeliverable_at IS NOT NULL")
OPEN_WISH = sa.text("time_proposals.state = 'open'")
UNSEEN_OFFER = sa.text("slot_offers.seen_by_us_at IS NULL")
OPEN_QUESTION = sa.text("customer_questions.answered_at IS NULL")
TO_LOOK_AT = sa.text("returned_documents.settled_at IS NULL")
WITH_CONFLICT = sa.text("projects.conflict_count > 0")
STILL_HELD = sa.text("stock_holds.ended_at IS NULL")
"""The conditions of partial indexes, in their own words: SQLite uses such an index for no others."""

HOLDS = {
    MilestoneKind.SHIP_RELEASED: GateKind.SHIP,
    MilestoneKind.DELIVERED: GateKind.SHIP,
    MilestoneKind.INSTALLED: GateKind.INSTALL,
}


TODAY = sa.bindparam("today", type_=sa.Date)
IN_DAYS = sa.bindparam("in_days", type_=sa.Date)
UNTIL_GATE = sa.bindparam("until_gate", type_=sa.Date)
UNTIL_ANSWER = sa.bindparam("until_answer", type_=sa.Date)
NOW = sa.bindparam("now", type_=UtcInstant)
SOON = sa.bindparam("soon", type_=UtcInstant)
NEAR = sa.bindparam("near", type_=UtcInstant)
WAITED = sa.bindparam("waited", type_=UtcInstant)
UNREAD_SINCE = sa.bindparam("unread_since", type_=UtcInstant)
HOLD_OVER_SINCE = sa.bindparam("hold_over_since", type_=UtcInstant)
HOLD_ENDS_BY = sa.bindparam("hold_ends_by", type_=UtcInstant)
"""A hold for an enquiry matters from two days before its end to a week after it."""
ME = sa.bindparam("me", type_=sa.Integer)
MOST_ROWS = sa.bindparam("most", type_=sa.Integer)
"""What differs from one asking to the next; the questions themselves are put together once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What waits of one kind: each matter with its row, and whether there are more of them."""

    matters: Sequence[tuple[Matter, Row]]
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, on which day of theirs, and at whose projects."""

    viewer: Viewer
    today: date
    now: datetime
    mine: bool
    most: int = MOST

    @property
    def whose(self) -> tuple[sa.ColumnElement[bool], ...]:
        """The condition that a project is theirs, where they look only at those."""
        return (Project.concierge_id == ME,) if self.mine else ()

    def values(self, most: int) -> dict[str, Any]:  # Any: a value of each kind
        """What the questions' parameters stand for."""
        return {
            "today": self.today,
            "in_days": self.today + timedelta(days=3),
            "until_gate": self.today + timedelta(days=GATE_DAYS),
            "until_answer": self.today + timedelta(days=ANSWER_DAYS),
            "now": self.now,
            "soon": self.now + timedelta(days=SOON_DAYS),
            "near": self.now + reach.NEAR,
            "waited": self.now - reach.PATIENCE,
            "unread_since": self.now - UNREAD_AFTER,
            "expired_since": self.today - timedelta(days=EXPIRY_DAYS),
            "until_expiry": self.today + timedelta(days=EXPIRY_DAYS),
            "hold_over_since": self.now - timedelta(days=7),
            "hold_ends_by": self.now + timedelta(days=2),
            "me": self.viewer.user_id,
            "most": most,
        }


class With:
    """A row with some more values beside it."""

    def __init__(self, row: Row, **more: object) -> None:
        self._row = row
        self._more = more

    def __getattr__(self, name: str) -> Any:  # Any: what the row holds
        return self._more[name] if name in self._more else getattr(self._row, name)


def about(
    table: type[Any], *columns: Any
) -> Question:  # Any: a table that leads to its project, and its columns
    return of_project(sa.select(*columns).select_from(table).join(Project, Project.id == table.project_id))


def of_project(question: Question) -> Question:
    """Add what every line says of its project: key, name, customer and town."""
    return (
        question.add_columns(
            Project.id.label("project_id"),
            Project.key.label("project_key"),
            Project.name.label("project_name"),
            Project.slip_workdays,
            Account.name.label("account"),
            Site.city,
            Site.name.label("site"),
        )
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Project.site_id)
    )


def running(looking: Looking) -> tuple[sa.ColumnElement[bool], ...]:
    """That the project of what waits is under way; one that is on hold waits for something else."""
    return (beside(Project.state) == ProjectState.LIVE, Project.held_on.is_(None), *looking.whose)


def found_of(
    looking: Looking,
    question: Callable[[], Question],
    matter: Any,  # Any: a row's matter
    *,
    one_a_project: bool = False,
) -> Found:
    most = looking.most * 3 if one_a_project else looking.most + 1
    rows = rows_of(looking, question, most)
    if one_a_project:
        first = first_of_each(rows)
        return Found(
            [(matter(row), row) for row in first[: looking.most]],
            len(first) > looking.most or len(rows) == most,
        )
    return few(looking, rows, matter)


def rows_of(
    looking: Looking, question: Callable[[], Question], most: int, *, of_projects: bool = True
) -> Sequence[Row]:
    """Ask a question that is put together once for all who see all projects, and anew for others."""
    key = (question.__qualname__, looking.mine)
    statement = _KEPT.get(key) if looking.viewer.sees_all_projects else None
    if statement is None:
        statement = question().limit(MOST_ROWS)
        if of_projects:
            statement = visible_to(looking.viewer, statement)
        if looking.viewer.sees_all_projects:
            _KEPT[key] = statement
    return db.session.connection().execute(statement, looking.values(most)).all()


_KEPT: dict[tuple[str, bool], Question] = {}


def few(looking: Looking, rows: Sequence[Row], matter: Any) -> Found:  # Any: a row's matter
    return Found([(matter(row), row) for row in rows[: looking.most]], len(rows) > looking.most)


def first_of_each(rows: Iterable[Row]) -> list[Row]:
    seen: dict[int, Row] = {}
    for row in rows:
        seen.setdefault(row.project_id, row)
    return list(seen.values())


def days_until(on: date | None, today: date) -> int | None:
    return (on - today).days if on else None
