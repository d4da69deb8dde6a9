"""What happened to visits."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEvent(Event):
    """Something that happened to one visit; technicians are user ids, before and after."""

    visit_id: int
    title: str
    technicians_before: tuple[int, ...] = ()
    technicians_after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlanned(VisitEvent):
    """A visit was entered, by a person or from the playbook; perhaps its work order was opened with it."""

    starts_at: datetime
    ends_at: datetime
    work_order_id: int | None = None
    opens_work: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMoved(VisitEvent):
    """A visit is at another time; ``cause`` says whether a person or the plan moved it."""

    starts_before: datetime
    starts_at: datetime
    ends_at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitNeedsDecision(VisitEvent):
    """The plan moved, but the visit is confirmed: a person has to say what becomes of it."""

    reason: str
    reasons: dict[str, str] = field(default_factory=dict)
    """The same by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDecided(VisitEvent):
    """A person kept a confirmed visit although the plan moved, or what it waited for is over."""

    reason: str
    reasons: dict[str, str] = field(default_factory=dict)
    """The same by language; empty: a person said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChanged(VisitEvent):
    """Title, kind or notes of a visit changed; ``changed`` names the fields."""

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TechniciansAssigned(VisitEvent):
    """Other people go; a reason is given when a conflict was accepted."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitConfirmed(VisitEvent):
    """The visit is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStateChanged(VisitEvent):
    """A visit went on: accepted, on route, in progress, complete, incomplete …"""

    state_before: str
    state_after: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCancelled(VisitEvent):
    """Nobody comes."""

    reason: str
    because: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEvent(Event):
    """Something that happened to one work order; ``code`` is what people call it, such as ``HB-2041-W1``."""

    work_order_id: int
    code: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOpened(WorkEvent):
    """There is something to do at a site for which no visit is planned yet."""

    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkChanged(WorkEvent):
    """What a work order is about or asks for is something else; ``changed`` names the fields."""

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone(WorkEvent):
    """Nothing is left to do; the visit that ended it, None when a person said so."""

    visit_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReopened(WorkEvent):
    """There is something to do again; ``state_before`` says whether it was done or cancelled."""

    state_before: str
    reason: str = ""
    because: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCancelled(WorkEvent):
    """It will not be done."""

    reason: str
    because: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRulesChanged(Event):
    """The rules of time zones are of another edition; what is at another instant by them was moved.

    Wall times stay. ``version_before`` is empty when it is the first edition that was noticed.
    """

    version_before: str
    version_after: str
    visit_ids: tuple[int, ...] = ()
    turn_ids: tuple[int, ...] = ()
