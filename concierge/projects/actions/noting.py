"""Noting when a milestone's dates were planned, promised or happened, by whom and why. Rows are only added."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from concierge.platform.database import db, let_go
from concierge.platform.said import Writing
from concierge.projects.events import DateMove
from concierge.projects.models import DateChange
from concierge.projects.reasons import Reason
from concierge.projects.states import DateKind

Noted: TypeAlias = list[dict[str, Any]]  # Any: values of columns


def note_dates(
    project_id: int,
    milestone_id: int,
    kind: DateKind,
    start_on: date | None,
    finish_on: date | None,
    by_id: int | None,
    at: datetime,
    why: Reason = Reason(),  # noqa: B008 # never changed
    together: Noted | None = None,
) -> None:
    """Note that a milestone has these dates of a kind from an instant on.

    Whoever calls has compared: a row stands for a change. Both days None: it left the plan, or what had happened
    was taken back.

    :param by_id: the person whose act it followed from; None: the passing of days.
    :param together: gathers the rows of several notes, which ``keep_noted`` then writes.
    """
    row = {
        "project_id": project_id,
        "milestone_id": milestone_id,
        "kind": kind,
        "start_on": start_on,
        "finish_on": finish_on,
        "at": at,
        "by_id": by_id,
        **why.columns,
    }
    if together is None:
        db.session.add(DateChange(**row))
    else:
        together.append(row)


def note_moves(
    project_id: int,
    moves: Iterable[DateMove],
    *,
    by_id: int | None,
    at: datetime,
    why: Reason,
    together: Noted | None = None,
) -> None:
    """Note what a plan moved, with one statement; as ``note_dates`` does of each.

    :param together: gathers the rows of several plans, which ``keep_noted`` then writes.
    """
    rows: Noted = [] if together is None else together
    columns = why.columns
    rows += [
        {
            "project_id": project_id,
            "milestone_id": move.milestone_id,
            "kind": DateKind.PLANNED,
            "start_on": move.start_after,
            "finish_on": move.finish_after,
            "at": at,
            "by_id": by_id,
            **columns,
        }
        for move in moves
    ]
    if together is None:
        keep_noted(rows)


def keep_noted(rows: Noted) -> None:
    """Write what was noted of several plans with one statement."""
    if rows:
        session = db.session()
        session.flush()
        _NOTING.done(session.connection(), rows)
        let_go(session, [DateChange.__tablename__], references=[DateChange.__tablename__])


_NOTES = DateChange.__table__
assert isinstance(_NOTES, sa.Table)  # noqa: S101 # every model maps one table
_NOTING = Writing(sa.insert(_NOTES))
"""Put together once. Nothing asks for the numbers of these rows."""
