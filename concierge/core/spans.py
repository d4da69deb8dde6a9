"""Half-open stretches of time, of days or of instants alike: the start belongs to them, the end does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

When = TypeVar("When", date, datetime)


@dataclass(frozen=True, slots=True)
class Span(Generic[When]):
    """From `from_at` up to, but without, `to_at`; an open end is `None`.

    :raises ValueError: when it would end before it starts.
    """

    from_at: When
    to_at: When | None

    def __post_init__(self) -> None:
        if self.to_at is not None and self.to_at < self.from_at:
            raise ValueError(
                f"A stretch of time cannot end ({self.to_at}) before it starts ({self.from_at})."
            )

    @property
    def is_empty(self) -> bool:
        """Say whether nothing lies in it."""
        return self.to_at is not None and self.to_at == self.from_at

    def contains(self, moment: When) -> bool:
        """Say whether a moment lies in it."""
        return self.from_at <= moment and (self.to_at is None or moment < self.to_at)

    def overlaps(self, other: "Span[When]") -> bool:
        """Say whether the two share any moment; stretches that only touch do not."""
        ours, theirs = self.to_at, other.to_at
        return (
            (ours is None or other.from_at < ours)
            and (theirs is None or self.from_at < theirs)
            and ours != self.from_at  # nothing lies in what is empty
            and theirs != other.from_at
        )

    def intersection(self, other: "Span[When]") -> "Span[When] | None":
        """Return what both share, `None` when they share nothing."""
        if not self.overlaps(other):
            return None
        ends = [end for end in (self.to_at, other.to_at) if end is not None]
        return Span(max(self.from_at, other.from_at), min(ends) if ends else None)


def days(first_on: date, last_on: date) -> Span[date]:
    """Make a stretch of days from its first and its last day, both included."""
    return Span(first_on, last_on + timedelta(days=1))


def merge(spans: Iterable[Span[When]]) -> tuple[Span[When], ...]:
    """Join stretches that overlap or touch; the answer is ordered and has gaps between its members."""
    merged: list[Span[When]] = []
    for span in sorted((span for span in spans if not span.is_empty), key=lambda span: span.from_at):
        last = merged[-1] if merged else None
        if last is None or (last.to_at is not None and last.to_at < span.from_at):
            merged.append(span)
            continue
        to_at = None if last.to_at is None or span.to_at is None else max(last.to_at, span.to_at)
        merged[-1] = Span(last.from_at, to_at)
    return tuple(merged)


def gaps(spans: Iterable[Span[When]], *, within: Span[When]) -> tuple[Span[When], ...]:
    """Return what is left of `within` when the given stretches are taken out, in order."""
    left: list[Span[When]] = []
    free_from: When | None = within.from_at
    for span in merge(spans):
        if free_from is None:
            break
        taken = span.intersection(within)
        if taken is None:
            continue
        if free_from < taken.from_at:
            left.append(Span(free_from, taken.from_at))
        free_from = taken.to_at
    if free_from is not None and (within.to_at is None or free_from < within.to_at):
        left.append(Span(free_from, within.to_at))
    return tuple(left)


def shared(ours: Sequence[Span[When]], theirs: Sequence[Span[When]]) -> tuple[Span[When], ...]:
    """Return what two ordered lists of stretches have in common, in order; each is looked at once.

    :raises ValueError: when a stretch never ends.
    """
    found: list[Span[When]] = []
    here = there = 0
    while here < len(ours) and there < len(theirs):
        one, other = ours[here], theirs[there]
        if one.to_at is None or other.to_at is None:
            raise ValueError("What stretches of time share is asked of those that end.")
        begins = max(other.from_at, one.from_at)
        ends = min(other.to_at, one.to_at)
        if begins < ends:
            found.append(Span(begins, ends))
        if one.to_at <= other.to_at:
            here += 1
        else:
            there += 1
    return tuple(found)
