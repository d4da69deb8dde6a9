"""A playbook version as values: what files, checks, comparisons and editors speak of, and rows are made of.

The names are those of the columns, so that a row and its value can be turned into each other by name.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from concierge.catalogue.models import (
    Course,
    PlaybookField,
    PlaybookItem,
    PlaybookLink,
    PlaybookMessage,
    PlaybookMilestone,
    PlaybookStep,
    PlaybookVersion,
    PlaybookVisit,
)
from concierge.catalogue.states import (
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    GateKind,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)

Texts: TypeAlias = Mapping[str, str]
"""Language to text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPart:
    """A milestone waits for another."""

    predecessor_key: str
    kind: LinkKind = LinkKind.FINISH_TO_START
    lag: int = 0
    lag_unit: LagUnit = LagUnit.WORKDAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """One thing that is done, read off or recorded at a visit."""

    key: str
    kind: StepKind = StepKind.TICK
    text: Texts
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPart:
    """Somebody comes for a milestone."""

    kind: VisitKind
    title: Texts
    skill: str = ""
    level: int = 1
    minutes: int
    technicians: int = 1
    tools: tuple[str, ...] = ()
    needs_customer: bool = False
    steps: tuple[StepPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonePart:
    """One dated outcome."""

    key: str
    name: Texts
    kind: MilestoneKind
    team: Team
    audience: Audience = Audience.CUSTOMER
    scope: Scope = Scope.PROJECT
    workdays: int = 0
    days_of: DaysOf = DaysOf.SITE
    per_unit: bool = False
    just_in_time: bool = False
    when_sold: ProductKind | None = None
    links: tuple[LinkPart, ...] = ()
    visits: tuple[VisitPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPart:
    """One condition that the site has to meet."""

    key: str
    section: str
    type: ItemType
    requirement: Texts
    why: Texts = field(default_factory=dict)
    how: Texts = field(default_factory=dict)
    quantity: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    tolerance: float | None = None
    sample: str = ""
    fact: str = ""
    choices: Mapping[str, Texts] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    responsible: Responsible = Responsible.CUSTOMER
    role: str = ""
    reviewer: Reviewer | None = None
    anchor: Anchor = Anchor.DELIVERY
    due_days: DueDays = DueDays.CALENDAR
    due_offset: int
    severity: Severity = Severity.ADVISORY
    gate: GateKind | None = None
    weight: int = 1
    evidence: Evidence = Evidence.NONE
    file_kinds: tuple[str, ...] = ()
    file_count: int = 1
    countries: tuple[str, ...] = ()
    condition: Mapping[str, Any] = field(default_factory=dict)  # Any: see core/conditions.py
    option_key: str = ""
    source: str = ""
    source_rev: str = ""
    checked_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """A letter to the customer around a milestone."""

    key: str
    milestone_key: str
    offset_workdays: int = 0
    subject: Texts
    text: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPart:
    """A field of the company's own."""

    key: str
    name: Texts
    kind: FieldKind
    unit: str = ""
    choices: Mapping[str, Texts] = field(default_factory=dict)
    audience: Audience = Audience.INTERNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePart:
    """A training that comes with the playbook."""

    code: str
    title: Texts
    level: str = ""
    half_days: int
    capacity: int
    curriculum: tuple[Texts, ...] = ()

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return self.code


Part: TypeAlias = MilestonePart | ItemPart | MessagePart | FieldPart | CoursePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that a playbook version holds, in its order."""

    key: str
    name: str
    note: str = ""
    milestones: tuple[MilestonePart, ...] = ()
    items: tuple[ItemPart, ...] = ()
    messages: tuple[MessagePart, ...] = ()
    fields: tuple[FieldPart, ...] = ()
    courses: tuple[CoursePart, ...] = ()

    def parts(self, collection: str) -> tuple[Part, ...]:
        """One of its collections by name."""
        found: tuple[Part, ...] = getattr(self, collection)
        return found


COLLECTIONS: Mapping[str, type[Part]] = {
    "milestones": MilestonePart,
    "items": ItemPart,
    "messages": MessagePart,
    "fields": FieldPart,
    "courses": CoursePart,
}

Row: TypeAlias = PlaybookMilestone | PlaybookItem | PlaybookMessage | PlaybookField | Course

ROWS: Mapping[type, type] = {
    MilestonePart: PlaybookMilestone,
    ItemPart: PlaybookItem,
    MessagePart: PlaybookMessage,
    FieldPart: PlaybookField,
    CoursePart: Course,
    LinkPart: PlaybookLink,
    VisitPart: PlaybookVisit,
    StepPart: PlaybookStep,
}
"""The table that each part is kept in."""

_NESTED: Mapping[str, type] = {"links": LinkPart, "visits": VisitPart, "steps": StepPart}

Kind = TypeVar("Kind")


def of_version(version: PlaybookVersion, courses: Iterable[Course]) -> Contents:
    """The contents of a version that is loaded whole."""
    return Contents(
        key=version.playbook.key,
        name=version.playbook.name,
        note=version.note,
        milestones=tuple(part_of(MilestonePart, row) for row in version.milestones),
        items=tuple(part_of(ItemPart, row) for row in version.items),
        messages=tuple(part_of(MessagePart, row) for row in version.messages),
        fields=tuple(part_of(FieldPart, row) for row in version.fields),
        courses=tuple(part_of(CoursePart, row) for row in courses),
    )


def part_of(kind: type[Kind], row: object) -> Kind:
    """A row as a value, with the rows under it."""
    values: dict[str, Any] = {}  # Any: values of columns
    for one in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        value = getattr(row, one.name)
        if one.name in _NESTED:
            value = tuple(part_of(_NESTED[one.name], under) for under in value)
        elif isinstance(value, list):
            value = tuple(value)
        values[one.name] = value
    return kind(**values)


def row_of(part: Part | LinkPart | VisitPart | StepPart) -> Any:  # Any: the row of its table, see ROWS
    """A value as a new row that belongs to no version yet."""
    row = ROWS[type(part)]()
    write_into(row, part)
    return row


def write_into(row: Any, part: Part | LinkPart | VisitPart | StepPart) -> None:  # Any: see row_of
    """Give a row the values of a part; the rows under it are made anew where they differ."""
    for one in fields(part):
        value = getattr(part, one.name)
        if one.name in _NESTED:
            there: tuple[object, ...] | None = (
                tuple(part_of(_NESTED[one.name], under) for under in getattr(row, one.name))
                if row.id
                else None
            )
            if there != value:
                setattr(row, one.name, _rows_of(value))
        else:
            setattr(row, one.name, _plain(value))


def _rows_of(parts: Iterable[Any]) -> list[Any]:  # Any: nested parts, and their rows
    rows = [row_of(under) for under in parts]
    for position, row in enumerate(rows):
        if isinstance(row, PlaybookStep):
            row.position = position
    return rows


def replaced(whole: Contents, *, milestones: tuple[MilestonePart, ...]) -> Contents:
    """The contents with other milestones."""
    return replace(whole, milestones=milestones)


def fingerprint(part: object) -> str:
    """A short name for exactly this value; another one as soon as anything in it is another."""
    return hashlib.sha256(json.dumps(plain(part), sort_keys=True).encode()).hexdigest()[:16]


def plain(value: object) -> Any:  # Any: JSON
    """A value as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value


def _plain(value: object) -> object:
    """A value as a column takes it: mappings and lists of the database's own."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value
