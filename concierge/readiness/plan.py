"""Rows of checklists as values of the core, and playbook items merged into one checklist."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from concierge.catalogue.models import PlaybookItem
from concierge.catalogue.states import SECTIONS, Evidence, GateKind, ItemType, Severity
from concierge.core import readiness, units
from concierge.projects.actions.promising import ShownDate
from concierge.readiness.models import ChecklistDocument, ReadinessItem

_PARTS = re.compile(r"(?P<number>.*\d)\s*(?P<unit>[^\d\s].*)?")

_EVIDENCE = (Evidence.NONE, Evidence.OPTIONAL, Evidence.REQUIRED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item of the checklist to be: a playbook's, with what the others made stricter."""

    item: PlaybookItem
    key: str
    minimum: float | None
    maximum: float | None
    severity: Severity
    gate: GateKind | None
    evidence: Evidence
    due_offset: int


def merged(versions: Sequence[Iterable[PlaybookItem]]) -> tuple[Wanted, ...]:
    """The items of several playbooks as one list: the same condition once, at its strictest.

    Two measures of one thing become the range that both accept; where there is none, or the words differ,
    both stay and the second gets a key of its own. Sorted by section, then as the playbooks have them.
    """
    kept: dict[str, Wanted] = {}
    for items in versions:
        for item in items:
            new = Wanted(
                item,
                item.key,
                item.minimum,
                item.maximum,
                item.severity,
                item.gate,
                item.evidence,
                item.due_offset,
            )
            key = item.key
            number = 1
            while key in kept:
                both = _both(kept[key], new)
                if both is not None:
                    new = both
                    break
                number += 1
                key = f"{item.key}-{number}"
            kept[key] = replace(new, key=key)
    known = {section: place for place, section in enumerate(SECTIONS)}
    return tuple(sorted(kept.values(), key=lambda wanted: known.get(wanted.item.section, len(SECTIONS))))


def _both(first: Wanted, second: Wanted) -> Wanted | None:
    """What satisfies two items at once; `None` when they ask for different things."""
    one, other = first.item, second.item
    if (one.type, one.unit, one.quantity, one.choices) != (
        other.type,
        other.unit,
        other.quantity,
        other.choices,
    ):
        return None
    if one.type is not ItemType.MEASURE and one.requirement != other.requirement:
        return None
    minimum = max((bound for bound in (first.minimum, second.minimum) if bound is not None), default=None)
    maximum = min((bound for bound in (first.maximum, second.maximum) if bound is not None), default=None)
    if minimum is not None and maximum is not None and minimum > maximum:
        return None
    gates = {first.gate, second.gate}
    gate = GateKind.SHIP if GateKind.SHIP in gates else first.gate or second.gate
    severity = next(
        (
            kind
            for kind in (Severity.BLOCKING, Severity.ADVISORY)
            if kind in {first.severity, second.severity}
        ),
        Severity.INFO,
    )
    return replace(
        first,
        minimum=minimum,
        maximum=maximum,
        severity=severity,
        gate=gate,
        evidence=max(first.evidence, second.evidence, key=_EVIDENCE.index),
        due_offset=min(first.due_offset, second.due_offset),
    )


def shown_by(document: ChecklistDocument) -> tuple[ShownDate, ...]:
    """The days of milestones that a print shows."""
    return tuple(ShownDate(one["milestone"], date.fromisoformat(one["on"])) for one in document.shown or ())


def due_on(anchor_on: date, offset: int) -> date:
    """The day an item is due, `offset` calendar days from delivery."""
    return anchor_on + timedelta(days=offset)


def requirement_of(item: ReadinessItem) -> readiness.Requirement:
    """What an item asks, as the core judges it."""
    return readiness.Requirement(
        kind=readiness.AnswerKind(item.type.value),
        minimum=None if item.minimum is None else Decimal(str(item.minimum)),
        maximum=None if item.maximum is None else Decimal(str(item.maximum)),
    )


def answer_of(item: ReadinessItem, typed: str, *, files: int) -> readiness.Answer:
    """What was typed for an item, in the kind it asks for.

    :raises ValueError: when it cannot be read as that kind; the sentence says how to write it.
    """
    typed = typed.strip()
    match item.type:
        case ItemType.CONFIRM:
            if typed not in {"yes", "no"}:
                raise ValueError("Choose yes or not yet.")
            return readiness.Answer(confirmed=typed == "yes")
        case ItemType.MEASURE:
            return readiness.Answer(number=_number(item, typed))
        case ItemType.CHOICE:
            if typed not in item.choices:
                raise ValueError("Choose one of the answers in the list.")
            return readiness.Answer(text=typed)
        case ItemType.DATE:
            try:
                return readiness.Answer(day=date.fromisoformat(typed))
            except ValueError:
                raise ValueError("Write the day as year-month-day, such as 2026-11-27.") from None
        case ItemType.UPLOAD:
            return readiness.Answer(files=files)
    if not typed:
        raise ValueError("Write an answer.")
    return readiness.Answer(text=typed)


def is_same_value(item: ReadinessItem, one: str, other: str) -> bool:
    """Whether two answers to an item say the same, however they were typed: 71.6 °F and 22 °C do."""
    if one == other:
        return True
    if item.type is ItemType.UPLOAD:
        return False
    try:
        return answer_of(item, one, files=0) == answer_of(item, other, files=0)
    except ValueError:  # one of them is no answer to what is asked now
        return False


def core_item(item: ReadinessItem) -> readiness.Item:
    """An item as it counts."""
    return readiness.Item(
        key=item.key,
        gate=readiness.Gate(item.gate.value) if item.gate else None,
        is_done=item.is_cleared,
        due_on=item.due_on,
    )


def counted(items: Iterable[ReadinessItem]) -> tuple[readiness.Item, ...]:
    """The items that somebody has to do something about; information is not among them."""
    return tuple(core_item(item) for item in items if item.type is not ItemType.INFO)


def is_difference(item: ReadinessItem) -> bool:
    """Whether a measure is how far a value moves, such as a drift, and not the value itself."""
    return "drift" in item.quantity or "drift" in item.key


def _number(item: ReadinessItem, typed: str) -> Decimal:
    try:
        units.unit_of(item.unit)
    except ValueError:  # a unit of the playbook's own
        return units.read_number(typed.removesuffix(item.unit) if item.unit else typed)
    if is_difference(item) and (parts := _PARTS.fullmatch(typed)) and parts["unit"]:
        factor = units.unit_of(parts["unit"]).factor / units.unit_of(item.unit).factor
        return units.read_number(parts["number"]) * factor
    return units.read_measure(typed, unit=item.unit)
