"""Judging answers to typed requirements, counting readiness, and saying what holds a gate."""

from collections.abc import Collection, Iterable
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
    MULTI = "multi"
    TEXT = "text"
    DATE = "date"
    UPLOAD = "upload"
    SIGNATURE = "signature"
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
    `tolerance` is how far outside it may lie, in the same unit; `accepted` are the choices that fit, empty
    for any; `latest_on` is the last day that will do; `files` is how many files an upload takes.
    """

    kind: AnswerKind
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    tolerance: Decimal = Decimal(0)
    accepted: frozenset[str] = frozenset()
    latest_on: date | None = None
    files: int = 1

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"No value lies between {self.minimum} and {self.maximum}. Exchange the two bounds."
            )
        if self.tolerance < 0:
            raise ValueError("A tolerance is not less than nothing. Write it without the minus sign.")

    @property
    def lowest(self) -> Decimal | None:
        """The least that is still accepted, the tolerance counted; `None` for no bound."""
        return None if self.minimum is None else self.minimum - self.tolerance

    @property
    def highest(self) -> Decimal | None:
        """The most that is still accepted, the tolerance counted; `None` for no bound."""
        return None if self.maximum is None else self.maximum + self.tolerance


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: yes or no, a measure (stored unit), a choice or text, choices, a day, files, a signature.

    A measure given as a range or by one end has both in `ends`, `None` for one that was not given; `number` is
    then the end that decides. `files` counts those that prove it; see `proving`.
    """

    confirmed: bool | None = None
    number: Decimal | None = None
    ends: tuple[Decimal | None, Decimal | None] | None = None
    text: str = ""
    codes: tuple[str, ...] = ()
    day: date | None = None
    files: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it counts: `gate` is what it blocks, `None` when it is only advice.

    `weight` is what it counts for, at least 0. `is_waived`: shipping does not wait for it; installing does.
    """

    key: str
    gate: Gate | None
    is_done: bool
    is_waived: bool = False
    due_on: date | None = None
    weight: int = 1

    def holds(self, gate: Gate) -> bool:
        """Say whether a gate waits for it; what holds shipping holds installing too, also when it was waived."""
        if self.is_done or self.gate is None:
            return False
        return True if gate is Gate.INSTALL else self.gate is Gate.SHIP and not self.is_waived


@dataclass(frozen=True, slots=True)
class Score:
    """How ready a site is for one gate."""

    gate: Gate
    done_weight: int
    asked_weight: int
    done: int
    """Items that nothing waits for; a waived one is not among them."""
    asked: int
    critical: tuple[str, ...]
    """Keys of the items that hold the gate, soonest due first."""
    waived: tuple[str, ...]
    """Keys of open items that do not hold shipping because somebody answers for them."""
    overdue: int

    @property
    def percent(self) -> int:
        """The weighted share of what is done, 0–100, rounded down: 100 only when nothing is left."""
        return 100 if not self.asked_weight else 100 * self.done_weight // self.asked_weight

    @property
    def is_ready(self) -> bool:
        """Whether nothing critical is open; however much is done, one critical item keeps a site from being ready."""
        return not self.critical


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
            return _measured(requirement, answer)
        case AnswerKind.CHOICE:
            chosen = answer.text.strip()
            return _fits(chosen or None, not requirement.accepted or chosen in requirement.accepted)
        case AnswerKind.MULTI:
            fitting = not requirement.accepted or requirement.accepted.issuperset(answer.codes)
            return _fits(answer.codes or None, fitting)
        case AnswerKind.TEXT | AnswerKind.SIGNATURE:
            return _fits(answer.text.strip() or None, True)
        case AnswerKind.DATE:
            latest_on = requirement.latest_on
            return _fits(
                answer.day, latest_on is None or (answer.day is not None and answer.day <= latest_on)
            )
        case AnswerKind.UPLOAD:
            return Verdict.OK if answer.files >= max(1, requirement.files) else Verdict.UNKNOWN


PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
_PAGES = PHOTOS | {
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
MEDIA_TYPES = {"photo": PHOTOS, "certificate": _PAGES, "drawing": _PAGES}
"""As which media types a kind of file can come; any for a kind that is not here, such as a log: a table, a text, or
the photo of a recorder's paper. That it can be one says nothing about what it shows; that is for people to judge."""


def proving(files: Iterable[tuple[str, str]], kinds: Collection[str]) -> int:
    """Count the files that can be what is asked for; the same file sent twice is one.

    :param files: of each a mark by what it holds, such as its SHA-256, and its media type.
    :param kinds: of which one has to be; empty: any.
    """
    fitting = {
        mark
        for mark, media_type in files
        if not kinds or any(kind not in MEDIA_TYPES or media_type in MEDIA_TYPES[kind] for kind in kinds)
    }
    return len(fitting)


def deciding(requirement: Requirement, least: Decimal | None, most: Decimal | None) -> Decimal | None:
    """Which end of a range decides: the one that is out of bounds, else the nearer to its bound."""
    if least is None or most is None or least == most:
        return most if least is None else least
    below = None if requirement.lowest is None else least - requirement.lowest
    above = None if requirement.highest is None else requirement.highest - most
    if above is None:
        return least if below is not None else most
    return most if below is None or above <= below else least


def score(items: Iterable[Item], gate: Gate, *, today: date) -> Score:
    """Weigh what is done against what is asked; what holds the gate is told apart.

    :param items: what is asked; information, and what its condition does not ask for, is not among them.
    :param today: the day at the site, for what is overdue.
    """
    items = tuple(items)
    return Score(
        gate=gate,
        done_weight=sum(item.weight for item in items if item.is_done),
        asked_weight=sum(item.weight for item in items),
        done=sum(item.is_done for item in items),
        asked=len(items),
        critical=gate_state(items, gate).held_by,
        waived=tuple(item.key for item in items if item.is_waived and not item.is_done),
        overdue=sum(not item.is_done and item.due_on is not None and item.due_on < today for item in items),
    )


def gate_state(items: Iterable[Item], gate: Gate) -> GateState:
    """Say whether a gate is open; what holds shipping holds installing too."""
    held_by = [item for item in items if item.holds(gate)]
    held_by.sort(key=lambda item: (item.due_on or date.max, item.key))
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


def _measured(requirement: Requirement, answer: Answer) -> Verdict:
    least, most = answer.ends or (answer.number, answer.number)
    if least is None and most is None:
        return Verdict.UNKNOWN
    if any(end is not None and not end.is_finite() for end in (least, most)):
        return Verdict.OUT_OF_RANGE
    lowest, highest = requirement.lowest, requirement.highest
    too_low = lowest is not None and least is not None and least < lowest
    too_high = highest is not None and most is not None and most > highest
    if least is not None and most is not None:
        return Verdict.OUT_OF_RANGE if too_low or too_high else Verdict.OK
    if most is not None:  # at most so much: it may be less than asked
        if lowest is not None and most < lowest:
            return Verdict.OUT_OF_RANGE
        return Verdict.UNKNOWN if lowest is not None or too_high else Verdict.OK
    if highest is not None and least is not None and least > highest:
        return Verdict.OUT_OF_RANGE
    return Verdict.UNKNOWN if highest is not None or too_low else Verdict.OK
