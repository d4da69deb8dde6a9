"""Two plans side by side: what moved, what came in, what left, counted in working days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from concierge.core.worktime import WorkCalendar, workdays_between


class Change(StrEnum):
    """What became of one milestone between two plans."""

    SAME = "same"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Dated:
    """One milestone of a plan: its first and last day, and whether it was done already."""

    key: str
    start_on: date
    finish_on: date
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One milestone in both plans; the side that lacks it is None.

    The working days say how far start and finish moved; negative is earlier, 0 where a side is missing.
    """

    key: str
    change: Change
    before: Dated | None
    after: Dated | None
    start_workdays: int = 0
    finish_workdays: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every milestone of either plan, in the order of the newer one; what left stands where it stood before."""

    rows: tuple[Row, ...]

    def count(self, change: Change) -> int:
        """How many milestones changed in one way."""
        return sum(row.change is change for row in self.rows)

    @property
    def later(self) -> int:
        """How many finish on a later day; such a one may lie within a weekend and lose no working day."""
        return sum(_finish_days(row) > 0 for row in self.rows)

    @property
    def earlier(self) -> int:
        """How many finish on an earlier day."""
        return sum(_finish_days(row) < 0 for row in self.rows)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return all(row.change is Change.SAME for row in self.rows)


def compare(before: Sequence[Dated], after: Sequence[Dated], *, calendar: WorkCalendar) -> Comparison:
    """Lay an older plan beside a newer one.

    :param calendar: whose working days tell how far something moved.
    :raises ValueError: when a plan has one milestone twice.
    """
    old, new = _by_key(before), _by_key(after)
    return Comparison(
        tuple(
            _row(key, old.get(key), new.get(key), calendar)
            for key in _ordered([one.key for one in before], [one.key for one in after])
        )
    )


def _by_key(plan: Iterable[Dated]) -> dict[str, Dated]:
    found: dict[str, Dated] = {}
    for one in plan:
        if one.key in found:
            raise ValueError(f"The plan has {one.key} twice.")
        found[one.key] = one
    return found


def _ordered(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The newer order, with each key that left behind the one it stood behind in the older order."""
    ordered = list(after)
    known = set(after)
    for place, key in enumerate(before):
        if key in known:
            continue
        in_front = next((other for other in reversed(before[:place]) if other in known), None)
        ordered.insert(0 if in_front is None else ordered.index(in_front) + 1, key)
        known.add(key)
    return ordered


def _row(key: str, before: Dated | None, after: Dated | None, calendar: WorkCalendar) -> Row:
    if before is None or after is None:
        return Row(key, Change.ADDED if before is None else Change.REMOVED, before, after)
    if (before.start_on, before.finish_on) == (after.start_on, after.finish_on):
        return Row(key, Change.SAME, before, after)
    return Row(
        key,
        Change.MOVED,
        before,
        after,
        start_workdays=workdays_between(calendar, before.start_on, after.start_on),
        finish_workdays=workdays_between(calendar, before.finish_on, after.finish_on),
    )


def _finish_days(row: Row) -> int:
    if row.before is None or row.after is None:
        return 0
    return (row.after.finish_on - row.before.finish_on).days
