"""The shapes of the example data: frozen values that the loader turns into rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from babel.numbers import format_decimal

from concierge.catalogue.states import (
    Anchor,
    Audience,
    DueDays,
    Evidence,
    FileKind,
    GateKind,
    ItemType,
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
from concierge.demo import translated


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the languages that customers read; those that are not written here stand in `translated`.

    `figures` are names of numbers in it, ``{name}``, each written as its language writes numbers.
    """

    en: str
    de: str
    figures: tuple[tuple[str, float], ...] = ()

    def as_json(self) -> dict[str, str]:
        """This text as it is stored in a table, by language."""
        written = {"en": self.en, "de": self.de, **translated.others(self.en)}
        return {language: self._with_figures(text, language) for language, text in written.items()}

    def _with_figures(self, text: str, language: str) -> str:
        for name, value in self.figures:
            told = str(format_decimal(value, "0.######", locale=language))
            text = text.replace(f"{{{name}}}", told)
        return text


@dataclass(frozen=True, slots=True)
class Source:
    """The document a figure was read in."""

    name: str
    revision: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of an instrument, kept once in the stored unit of `core.units`.

    `value` is a single figure, `least` and `most` the ends of a range; `None` is an open end. `%` stands for
    relative humidity and purity. `where` narrows the figure to an option, a part or a mains voltage.
    """

    quantity: str
    unit: str
    printed: str
    source: Source
    value: float | None = None
    least: float | None = None
    most: float | None = None
    where: str = ""
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """Something ordered with an instrument that changes what its site must offer."""

    key: str
    name: Text


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument model with its figures and how it is sold."""

    key: str
    maker: str
    model: str
    title: Text
    family: str
    item_id: str
    standard_id: str
    skill: str
    facts: tuple[Fact, ...]
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()

    def fact(self, quantity: str, *, where: str = "") -> Fact | None:
        """The figure for a quantity, or `None` when no document gives it."""
        return next((f for f in self.facts if f.quantity == quantity and f.where == where), None)


@dataclass(frozen=True, slots=True)
class Article:
    """Something on an order that is no instrument: a service, a course or a supply."""

    key: str
    kind: ProductKind
    item_id: str
    standard_id: str
    name: Text
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """A link to an earlier milestone; `lag` in working days."""

    key: str
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone of a playbook. `workdays` is its length in working days of the place that does it."""

    key: str
    kind: MilestoneKind
    name: Text
    owner: Team
    workdays: int
    after: tuple[After, ...] = ()
    audience: Audience = Audience.CUSTOMER
    scope: Scope = Scope.INSTRUMENT
    when_sold: ProductKind | None = None
    just_in_time: bool = False
    per_unit: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is done, read off or recorded at a visit; both ends of the range are included."""

    key: str
    kind: StepKind
    text: Text
    unit: str = ""
    least: float | None = None
    most: float | None = None
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A visit that a milestone needs, `minutes` on each of its working days, on site or remote."""

    kind: VisitKind
    milestone: str
    title: Text
    skill: str
    minutes: int
    technicians: int = 1
    tools: tuple[str, ...] = ()
    needs_customer: bool = False
    steps: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """A training course; `half_days` of teaching for at most `capacity` people at the instrument."""

    key: str
    level: str
    title: Text
    half_days: int
    capacity: int
    curriculum: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One readiness item. `due` is in days from its `anchor`; a blocking item holds its `gate`.

    `fact` names the figure that bounds it, `least` and `most` stand in where a document gives none; `condition` is
    written as `core.conditions` reads it, `{instrument}` in an option's key standing for the instrument's.
    """

    key: str
    section: str
    kind: ItemType
    requirement: Text
    why: Text
    how: Text
    responsible: Responsible
    due: int
    severity: Severity
    source: Source
    gate: GateKind | None = None
    evidence: Evidence = Evidence.NONE
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    option: str = ""
    fact: str = ""
    tolerance: float | None = None
    sample: str = ""
    accepted: tuple[str, ...] = ()
    role: str = ""
    reviewer: Reviewer | None = None
    weight: int = 1
    anchor: Anchor = Anchor.DELIVERY
    due_days: DueDays = DueDays.CALENDAR
    files: tuple[FileKind, ...] = ()
    file_count: int = 1
    countries: tuple[str, ...] = ()
    condition: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Playbook:
    """The reusable plan for one instrument."""

    key: str
    name: str
    family: str
    instrument: str
    steps: tuple[Step, ...]
    visits: tuple[Call, ...]
    courses: tuple[Course, ...]
    items: tuple[Item, ...]
    summary: Text
