"""What is done first: how much each day of waiting costs, then what is due first.

A matter is anything that waits for a person. Its cost is what another day without an act adds to: the working days by
which the customer's handover slips, weighed by how directly the matter holds the customer up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeVar


class Kind(Enum):
    """What waits."""

    BLOCKED = "blocked"
    """A milestone cannot go on."""
    HOLD_OVER = "hold"
    """A project rests although work was to go on."""
    CONFLICT = "conflict"
    """The plan cannot meet a day that somebody set."""
    LATE = "late"
    """The handover is forecast after its promise."""
    OVERDUE = "overdue"
    """A milestone's day has passed and nobody said that it is done."""
    GATE = "gate"
    """Delivery or installation comes near and its gate is held."""
    LOST = "lost"
    """A site that was said to be ready is not any more."""
    CONTRADICTED = "contradicted"
    """Two answers about a site contradict each other."""
    REVIEW = "review"
    """An answer about a site counts only when somebody has looked at it."""
    FIELD = "field"
    """What technicians entered contradicts itself, or came in after its visit was changed."""
    DECISION = "decision"
    """A confirmed visit no longer fits its plan."""
    DECLINED = "declined"
    """Somebody who is invited to a visit will not have it."""
    ANSWERS = "answers"
    """Answers to invitations that only a person can settle."""
    WISH = "wish"
    """Somebody who is invited to a visit asks for another time."""
    QUESTION = "question"
    """A customer asked something and waits for the answer."""
    CAME_BACK = "came back"
    """A checklist came back and needs a person: it contradicts, cannot be read, or nobody knows its sender."""
    PROPOSAL = "proposal"
    """An order document asks for something else."""
    CALENDAR = "calendar"
    """A change of a calendar would move plans."""
    UNFETCHED = "unfetched"
    """A change close to a visit that no calendar program of who goes has fetched."""
    TAKEN = "taken"
    """Who goes on a visit is taken then, by their own calendar."""
    UNREAD = "unread"
    """The own calendar of somebody who goes cannot be read any more."""
    UNASSIGNED = "unassigned"
    """A visit without enough people."""
    OFFER = "offer"
    """A customer chose none of the times that they were offered, or called off what they had chosen."""
    AGAIN = "again"
    """A visit ended before its work was done, and nobody comes again yet."""
    UNANSWERED = "unanswered"
    """The customer owes answers."""
    UNREACHED = "unreached"
    """Who owes answers cannot be reminded: no address, mail comes back, or they do not want it."""
    OURS = "ours"
    """A point of a site's checklist that is ours to bring about."""
    LEAVE = "leave"
    """Somebody asks to be away, and nobody has decided."""
    EXPIRING = "expiring"
    """A certificate of somebody who goes to sites runs out, or has."""
    HELD_UNITS = "held units"
    """What is held for an enquiry will soon be free for others, or is."""
    DRAFT = "draft"
    """A plan that nobody has approved."""
    UNMATCHED = "unmatched"
    """An order's line that means nothing yet."""


WEIGHTS: Mapping[Kind, int] = {
    Kind.BLOCKED: 8,
    Kind.HOLD_OVER: 7,
    Kind.CONFLICT: 6,
    Kind.LATE: 6,
    Kind.OVERDUE: 5,
    Kind.GATE: 5,
    Kind.LOST: 5,
    Kind.CONTRADICTED: 4,
    Kind.REVIEW: 4,
    Kind.FIELD: 4,
    Kind.DECISION: 4,
    Kind.DECLINED: 4,
    Kind.ANSWERS: 4,
    Kind.WISH: 4,
    Kind.QUESTION: 4,
    Kind.CAME_BACK: 4,
    Kind.PROPOSAL: 4,
    Kind.CALENDAR: 4,
    Kind.UNFETCHED: 3,
    Kind.TAKEN: 4,
    Kind.UNREAD: 2,
    Kind.UNASSIGNED: 3,
    Kind.OFFER: 4,
    Kind.AGAIN: 4,
    Kind.UNANSWERED: 2,
    Kind.UNREACHED: 3,
    Kind.OURS: 4,
    Kind.LEAVE: 3,
    Kind.EXPIRING: 2,
    Kind.HELD_UNITS: 3,
    Kind.DRAFT: 2,
    Kind.UNMATCHED: 1,
}
"""How directly a day of waiting becomes a day of the customer's."""


class Band(IntEnum):
    """When something is to be done."""

    NOW = 0
    SOON = 1
    OTHERS = 2
    """Somebody else is to act; it is only watched."""


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that waits."""

    key: str
    """What it is, the same as long as it is the same thing."""
    kind: Kind
    slip_workdays: int = 0
    """Working days that the handover is behind its promise; early ones count nothing."""
    days_left: int | None = None
    """Until its own day; negative: days since; None: it has none."""
    level: int = 0
    """How bad it is, in a measure of its own; who put it aside sees it again when this rises."""
    is_for_others: bool = False


NOW_DAYS = 3
"""What is due within so many days is done now."""
NEAR_DAYS = 14
"""A decision about a visit within so many days is taken now: people book their travel."""

_STANDING = frozenset({Kind.BLOCKED, Kind.HOLD_OVER, Kind.CONFLICT, Kind.LATE, Kind.OVERDUE})
_BOOKED = frozenset({Kind.DECISION, Kind.DECLINED, Kind.WISH, Kind.TAKEN, Kind.OFFER})
_QUIET = frozenset({Kind.PROPOSAL, Kind.CALENDAR, Kind.DRAFT, Kind.UNMATCHED})
_NO_DAY = 10_000
Held = TypeVar("Held")


def band(matter: Matter) -> Band:
    """When a matter is to be done.

    Now: what stands still, is past its day or lets a promise slip, and what is due within some days.
    """
    if matter.is_for_others:
        return Band.OTHERS
    if matter.kind in _STANDING:
        return Band.NOW
    if matter.kind in _QUIET:
        return Band.SOON
    near = NEAR_DAYS if matter.kind in _BOOKED else NOW_DAYS
    return Band.NOW if _left(matter) <= near else Band.SOON


def cost(matter: Matter) -> int:
    """What a day of waiting costs: days that the handover slips so far and the next one, times the weight."""
    return (max(0, matter.slip_workdays) + 1) * WEIGHTS[matter.kind]


def rank(matter: Matter) -> tuple[int, int, int, str]:
    """Where a matter stands: by band, then the dearest, then the one due first; smaller is first, none are equal."""
    return int(band(matter)), -cost(matter), _left(matter), matter.key


def in_order(matters: Iterable[tuple[Matter, Held]]) -> list[tuple[Matter, Held]]:
    """Matters with what is held beside them, the one to be done first at the front."""
    return sorted(matters, key=lambda pair: rank(pair[0]))


def is_aside(matter: Matter, asides: Mapping[str, int]) -> bool:
    """Whether a matter was put aside and has not become worse since.

    :param asides: of each key that is put aside just now, the level at which that was done.
    """
    return matter.key in asides and matter.level <= asides[matter.key]


def _left(matter: Matter) -> int:
    return _NO_DAY if matter.days_left is None else matter.days_left
