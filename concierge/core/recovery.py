"""What would bring a day back: changes to one step at a time that let the plan end sooner.

Only what people can decide or do is tried: doing at once what today waits for, giving up a wish for a later
day, taking a day off the length of a step, a working day less between two steps. Each is laid out for itself,
so the days gained are those the plan really gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from concierge.core.schedule import NOT_BEFORE, Plan, Step
from concierge.core.worktime import WorkCalendar, next_workday, workdays_between

MOST_STEPS = 12
"""A longer driving chain is tried from its beginning up to so many open steps."""


class RemedyKind(StrEnum):
    """What somebody could do."""

    FINISH_NOW = "finish_now"  # the step that everything waits for, done by `by_on`
    DROP_WISH = "drop_wish"  # the later day that a person gave a step, given up
    SHORTEN = "shorten"  # one day off the length of a step
    WAIT_LESS = "wait_less"  # one day less between a step and the one before it
    OPEN_DAY = "open_day"  # work on `by_on`, a day that is closed for this step
    GO_ON = "go_on"  # the whole plan, at rest, going on on `by_on`; its key is the last step's


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would let the plan end sooner.

    `workdays` counts what the end gains, in the calendar the caller gives; `end_on` is the end it leads to.
    """

    kind: RemedyKind
    key: str
    workdays: int
    end_on: date
    by_on: date | None = None


def remedies(
    steps: Sequence[Step],
    *,
    lay: Callable[[Sequence[Step]], Plan],
    last_key: str,
    calendar: WorkCalendar,
    calendars: Mapping[str, WorkCalendar],
    today: date,
    lay_open: Callable[[date], Plan] | None = None,
    closed: Sequence[tuple[str, date]] = (),
) -> tuple[Remedy, ...]:
    """Try what would bring days back, the greatest gain first; equal gains in the order of the plan.

    :param lay: lays the steps out on their calendars as the plan itself is laid out.
    :param last_key: the step whose finish is meant by the end, the handover.
    :param calendar: the days in which a gain is counted.
    :param calendars: the days in which steps are counted, by name.
    :param today: the calendar day at the site; what is done at once is done on it, or on the first day after
        it on which somebody works.
    :param lay_open: lays the steps out as if a day that is closed were not.
    :param closed: steps with a closed day each on which somebody could work all the same.
    """
    plan = lay(steps)
    end_on = plan.placed[last_key].finish_on
    by_key = {step.key: step for step in steps}
    chain = _chain_of(plan, last_key)
    open_keys = [key for key in chain if by_key[key].finished_on is None][:MOST_STEPS]
    found: list[Remedy] = []

    def keep(kind: RemedyKind, key: str, tried: Plan, by_on: date | None) -> None:
        new_end_on = tried.placed[last_key].finish_on
        gained = workdays_between(calendar, new_end_on, end_on)
        if gained > 0:
            found.append(Remedy(kind, key, gained, new_end_on, by_on))

    for key, day in closed:
        if lay_open is not None and day >= today and key in open_keys:
            keep(RemedyKind.OPEN_DAY, key, lay_open(day), day)
    for number, key in enumerate(open_keys):
        at_once = next_workday(calendars[by_key[key].calendar], today)
        for kind, changed in _changes(by_key[key], plan, at_once=at_once, is_first=number == 0):
            tried = lay([changed if step.key == key else step for step in steps])
            keep(kind, key, tried, at_once if kind is RemedyKind.FINISH_NOW else None)
    return tuple(sorted(found, key=lambda remedy: -remedy.workdays))


def _chain_of(plan: Plan, last_key: str) -> list[str]:
    """The steps that hold the last one, the first of them first."""
    chain: list[str] = []
    key = last_key
    while key in plan.placed and key not in chain:
        chain.append(key)
        key = plan.placed[key].driver
    chain.reverse()
    return chain


def _changes(step: Step, plan: Plan, *, at_once: date, is_first: bool) -> list[tuple[RemedyKind, Step]]:
    changes: list[tuple[RemedyKind, Step]] = []
    if is_first and plan.placed[step.key].start_on <= at_once:
        begun_on = step.started_on or at_once
        changes.append((RemedyKind.FINISH_NOW, replace(step, started_on=begun_on, finished_on=at_once)))
    if step.started_on is None and plan.placed[step.key].driver == NOT_BEFORE:
        changes.append((RemedyKind.DROP_WISH, replace(step, not_before=None)))
    if step.workdays > 1:
        changes.append((RemedyKind.SHORTEN, replace(step, workdays=step.workdays - 1)))
    driver = plan.placed[step.key].driver
    waits = [link for link in step.links if link.predecessor == driver and link.lag > 0]
    if waits:
        links = tuple(replace(link, lag=link.lag - 1) if link in waits else link for link in step.links)
        changes.append((RemedyKind.WAIT_LESS, replace(step, links=links)))
    return changes
