"""The states of projects, milestones, gates and proposals, and what may follow what."""

from enum import Enum


class ProjectState(Enum):
    """Where a project stands; health is computed beside it."""

    DRAFT = "draft"
    LIVE = "live"
    DONE = "done"
    CANCELLED = "cancelled"


class Health(Enum):
    """What is true of a project today, computed and never typed."""

    DRAFT = "draft"
    ON_TRACK = "on track"
    AT_RISK = "at risk"
    LATE = "late"
    ON_HOLD = "on hold"
    DONE = "done"
    CANCELLED = "cancelled"


class MilestoneState(Enum):
    """Where a milestone stands."""

    PLANNED = "planned"
    STARTED = "started"
    BLOCKED = "blocked"
    DONE = "done"
    SKIPPED = "skipped"


class MilestoneAct(Enum):
    """What a person can do to a milestone."""

    START = "start"
    FINISH = "finish"
    BLOCK = "block"
    UNBLOCK = "unblock"
    REOPEN = "reopen"
    SKIP = "skip"
    RESTORE = "restore"


NEXT: dict[tuple[MilestoneState, MilestoneAct], MilestoneState] = {
    (MilestoneState.PLANNED, MilestoneAct.START): MilestoneState.STARTED,
    (MilestoneState.PLANNED, MilestoneAct.FINISH): MilestoneState.DONE,
    (MilestoneState.PLANNED, MilestoneAct.BLOCK): MilestoneState.BLOCKED,
    (MilestoneState.STARTED, MilestoneAct.FINISH): MilestoneState.DONE,
    (MilestoneState.STARTED, MilestoneAct.BLOCK): MilestoneState.BLOCKED,
    (MilestoneState.STARTED, MilestoneAct.REOPEN): MilestoneState.PLANNED,
    (MilestoneState.BLOCKED, MilestoneAct.UNBLOCK): MilestoneState.PLANNED,
    (MilestoneState.DONE, MilestoneAct.REOPEN): MilestoneState.PLANNED,
    (MilestoneState.PLANNED, MilestoneAct.SKIP): MilestoneState.SKIPPED,
    (MilestoneState.BLOCKED, MilestoneAct.SKIP): MilestoneState.SKIPPED,
    (MilestoneState.SKIPPED, MilestoneAct.RESTORE): MilestoneState.PLANNED,
}
"""What follows: a blocked milestone that had started goes back to started (see ``actions/milestones.py``)."""


class GateState(Enum):
    """Whether something may pass."""

    HELD = "held"
    CLEAR = "clear"
    OVERRIDDEN = "overridden"


class ProposalKind(Enum):
    """What an order document asks of an approved plan."""

    NEW_DATES = "new dates"
    CANCEL = "cancel"


class ProposalState(Enum):
    """Whether a person has decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class BlockCause(Enum):
    """Why days are lost: the list of causes of delay."""

    POWER = "power"
    HVAC = "hvac"
    GAS = "gas"
    EXHAUST = "exhaust"
    WATER = "water"
    ROUTE = "floor or route"
    BENCH = "bench"
    NETWORK = "network"
    PERMIT = "permit or safety"
    PEOPLE = "people away"
    FREIGHT = "freight damage"
    CUSTOMS = "customs"
    STOCK = "stock or allocation"
    CAPACITY = "engineer capacity"
    CONTRACT = "order or contract"
    DECONTAMINATION = "decontamination"
    BUILDING = "building project late"
    OTHER = "other"


class Party(Enum):
    """To whom a lost day is booked."""

    CUSTOMER = "customer"
    US = "us"
    CARRIER = "carrier or customs"
    SUPPLIER = "supplier"
    AGREED = "agreed change"
    CONCURRENT = "concurrent"
    NONE = "none"


class Counting(Enum):
    """From which end a plan is counted: the order, or a required go-live."""

    FORWARD = "forward"
    BACKWARD = "backward"


class DateKind(Enum):
    """Which of a milestone's dates; derived ones are computed and keep no history."""

    PLANNED = "planned"
    PROMISED = "promised"
    ACTUAL = "actual"


class ShownOn(Enum):
    """Where a customer has been shown a date; ``agreement`` is one that they asked for or agreed to themselves."""

    PAGE = "page"
    MAIL = "mail"
    PDF = "pdf"
    FEED = "feed"
    AGREEMENT = "agreement"


class CalendarProposalState(Enum):
    """Where a proposed change of a calendar stands."""

    FORESEEING = "foreseeing"
    OPEN = "open"
    APPLYING = "applying"
    APPLIED = "applied"
    DISMISSED = "dismissed"
