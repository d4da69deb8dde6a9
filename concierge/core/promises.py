"""Whether what customers were told came true: dates that were shown, judged when they fell due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one date that a customer was shown."""

    KEPT = "kept"
    AGREED = "agreed anew"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Told:
    """One date that a customer was told for one milestone, on a day at the site.

    `is_agreed`: it took an earlier date's place because the customer asked for it or agreed to it.
    """

    milestone: str
    finish_on: date
    told_on: date
    is_agreed: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What happened to a milestone: the day it was finished, and the day it left the plan, if they came."""

    finished_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many dates that fell due were kept, agreed anew and broken; what was withdrawn counts in none."""

    kept: int = 0
    agreed: int = 0
    broken: int = 0

    @property
    def due(self) -> int:
        """How many fell due and still stood: those that were kept or broken."""
        return self.kept + self.broken

    @property
    def share(self) -> float | None:
        """The part of those that was kept, 0–1; None when none fell due."""
        return self.kept / self.due if self.due else None


def outcomes(
    told: Iterable[Told], fates: Mapping[str, Fate], *, today: date
) -> dict[tuple[str, date], Outcome]:
    """Judge every distinct date of every milestone; the same date on several channels is one promise.

    * kept – the milestone was finished by that date;
    * withdrawn – it left the plan on or before that date;
    * agreed anew – on or before that date the customer had asked for or agreed to a later one;
    * open – the date has not passed;
    * broken – otherwise.

    The first that holds counts, except that a date ahead is open whatever else is true of it.

    :param today: the calendar day at the site.
    """
    told = list(told)
    return {
        (one.milestone, one.finish_on): _outcome(one, told, fates.get(one.milestone, Fate()), today)
        for one in told
    }


def tally(judged: Mapping[tuple[str, date], Outcome], *, from_on: date, to_on: date) -> Tally:
    """Count the outcomes of dates that fell due from one day to before another."""
    within = [outcome for (_, finish_on), outcome in judged.items() if from_on <= finish_on < to_on]
    return Tally(
        kept=within.count(Outcome.KEPT),
        agreed=within.count(Outcome.AGREED),
        broken=within.count(Outcome.BROKEN),
    )


def _outcome(one: Told, told: Iterable[Told], fate: Fate, today: date) -> Outcome:
    due_on = one.finish_on
    if due_on > today:
        return Outcome.OPEN
    if fate.finished_on is not None and fate.finished_on <= due_on:
        return Outcome.KEPT
    if fate.left_on is not None and fate.left_on <= due_on:
        return Outcome.WITHDRAWN
    if any(
        other.is_agreed
        and other.milestone == one.milestone
        and other.finish_on > due_on
        and other.told_on <= due_on
        for other in told
    ):
        return Outcome.AGREED
    return Outcome.OPEN if due_on == today else Outcome.BROKEN
