"""The states of visits and work orders, and what may follow what."""

from enum import Enum


class VisitState(Enum):
    """How certain a visit is, and how far it has come (glossary: Visit states)."""

    DRAFT = "draft"
    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    ON_ROUTE = "on route"
    IN_PROGRESS = "in progress"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


FOLLOWS: dict[VisitState, frozenset[VisitState]] = {
    VisitState.DRAFT: frozenset({VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.CANCELLED}),
    VisitState.TENTATIVE: frozenset({VisitState.DRAFT, VisitState.CONFIRMED, VisitState.CANCELLED}),
    VisitState.CONFIRMED: frozenset(
        {
            VisitState.TENTATIVE,
            VisitState.ACCEPTED,
            VisitState.ON_ROUTE,
            VisitState.IN_PROGRESS,
            VisitState.CANCELLED,
        }
    ),
    VisitState.ACCEPTED: frozenset(
        {
            VisitState.TENTATIVE,
            VisitState.CONFIRMED,
            VisitState.ON_ROUTE,
            VisitState.IN_PROGRESS,
            VisitState.CANCELLED,
        }
    ),
    VisitState.ON_ROUTE: frozenset({VisitState.ACCEPTED, VisitState.IN_PROGRESS, VisitState.INCOMPLETE}),
    VisitState.IN_PROGRESS: frozenset({VisitState.COMPLETE, VisitState.INCOMPLETE}),
    VisitState.COMPLETE: frozenset(),
    VisitState.INCOMPLETE: frozenset(),
    VisitState.CANCELLED: frozenset(),
}
"""Which states may follow."""

FOLLOWING_THE_PLAN = frozenset({VisitState.DRAFT, VisitState.TENTATIVE})
"""Visits in these states move along with their milestone; later ones wait for a person."""

COMING = frozenset(
    {VisitState.DRAFT, VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.ACCEPTED, VisitState.ON_ROUTE}
)
"""Visits that have not begun and will."""

OVER = frozenset({VisitState.COMPLETE, VisitState.INCOMPLETE, VisitState.CANCELLED})
"""Visits of which somebody has said how they ended."""


class WorkOrderState(Enum):
    """Whether there is still something to do."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
