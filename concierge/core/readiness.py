"""Judging answers to typed requirements, counting readiness, and saying what holds a gate."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from concierge.core.worktime import WorkCalendar, previous_workday


class AnswerKind(StrEnum):
    """What kind of answer a requirement asks for."""

    CONFIRM = "confirm"
    MEASURE = "measure"
    CHOICE = "choice"
    TEXT = "text"
    DATE = "date"
    UPLOAD = "upload"
    INFO = "info"


class Verdict(StrEnum):
    """What an answer says about a requirement."""

    OK = "ok"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN = "unknown"


class Gate(StrEnum):
    """What a blocking item holds back."""

    SHIP = "ship"
    INSTALL = "install"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked.

    `minimum` and `maximum` bound a measure in its stored unit (SI), both included, `None` for no bound;
    `accepted` are the choices that fit, empty for any; `latest_on` is the last day that will do.
    """

    kind: AnswerKind
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    accepted: frozenset[str] = frozenset()
    latest_on: date | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"No value lies between {self.minimum} and {self.maximum}. Exchange the two bounds."
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: yes or no, a measure (stored unit), a choice or text, a day, a count of files."""

    confirmed: bool | None = None
    number: Decimal | None = None
    text: str = ""
    day: date | None = None
    files: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it counts: `gate` is what it blocks, `None` when it is only advice."""

    key: str
    gate: Gate | None
    is_done: bool
    is_waived: bool = False
    due_on: date | None = None

    @property
    def is_cleared(self) -> bool:
        """Say whether nothing waits for it any more."""
        return self.is_done or self.is_waived


@dataclass(frozen=True, slots=True)
class Counts:
    """How ready a site is; waived items count as done and are also counted apart."""

    blocking_done: int
    blocking_total: int
    advisory_done: int
    advisory_total: int
    waived: int
    overdue: int


@dataclass(frozen=True, slots=True)
class GateState:
    """Whether a gate is open, and the keys of the items that hold it shut, soonest due first."""

    gate: Gate
    held_by: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Say whether nothing holds the gate."""
        return not self.held_by


def verdict(requirement: Requirement, answer: Answer | None) -> Verdict:
    """Judge an answer; what is not answered in the kind asked for is unknown. Information needs none."""
    if requirement.kind is AnswerKind.INFO:
        return Verdict.OK
    if answer is None:
        return Verdict.UNKNOWN
    match requirement.kind:
        case AnswerKind.CONFIRM:
            return _fits(answer.confirmed, bool(answer.confirmed))
        case AnswerKind.MEASURE:
            return _fits(answer.number, _is_between(requirement, answer.number))
        case AnswerKind.CHOICE:
            chosen = answer.text.strip()
            return _fits(chosen or None, not requirement.accepted or chosen in requirement.accepted)
        case AnswerKind.TEXT:
            return _fits(answer.text.strip() or None, True)
        case AnswerKind.DATE:
            latest_on = requirement.latest_on
            return _fits(
                answer.day, latest_on is None or (answer.day is not None and answer.day <= latest_on)
            )
        case AnswerKind.UPLOAD:
            return Verdict.OK if answer.files > 0 else Verdict.UNKNOWN


def counts(items: Iterable[Item], *, today: date) -> Counts:
    """Count what is done and what is left, blocking and advisory apart."""
    items = tuple(items)
    blocking = [item for item in items if item.gate is not None]
    advisory = [item for item in items if item.gate is None]
    return Counts(
        blocking_done=sum(item.is_cleared for item in blocking),
        blocking_total=len(blocking),
        advisory_done=sum(item.is_cleared for item in advisory),
        advisory_total=len(advisory),
        waived=sum(item.is_waived for item in items),
        overdue=sum(
            not item.is_cleared and item.due_on is not None and item.due_on < today for item in items
        ),
    )


def gate_state(items: Iterable[Item], gate: Gate) -> GateState:
    """Say whether a gate is open; what holds shipping holds installing too."""
    holding = {Gate.SHIP: {Gate.SHIP}, Gate.INSTALL: {Gate.SHIP, Gate.INSTALL}}[gate]
    held_by = [item for item in items if item.gate in holding and not item.is_cleared]
    held_by.sort(key=lambda item: item.due_on or date.max)
    return GateState(gate, tuple(item.key for item in held_by))


def due_on(anchor_on: date, *, offset_days: int, calendar: WorkCalendar | None = None) -> date:
    """Give the day an item is due: so many days after its anchor, before it when negative.

    With a calendar a due day on which the place is closed is pulled back to the working day before it.
    """
    day = anchor_on + timedelta(days=offset_days)
    return day if calendar is None else previous_workday(calendar, day)


def _fits(given: object, fits: bool) -> Verdict:
    if given is None:
        return Verdict.UNKNOWN
    return Verdict.OK if fits else Verdict.OUT_OF_RANGE


def _is_between(requirement: Requirement, number: Decimal | None) -> bool:
    if number is None or not number.is_finite():
        return False
    return (requirement.minimum is None or requirement.minimum <= number) and (
        requirement.maximum is None or number <= requirement.maximum
    )
