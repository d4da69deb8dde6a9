"""How an item of the library is written, and what all sections share."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, GateKind, ItemType, Responsible, Severity
from concierge.demo.instruments import CHECKED
from concierge.demo.values import Fact, Item, Source, Text

LIBRARY = Source("Concierge default item library", "1", CHECKED)
MOVE_IN = Source("ESPEC chamber move-in advice", "revision not stated", CHECKED)
CRATE_MARGIN_MM = 300

BENCH = ("bench-customer", "bench-engineer")
HEAVY = ("floor", "clinical", "magnet")


def ask(
    key: str,
    section: str,
    kind: ItemType,
    due: int,
    requirement: Text,
    why: Text,
    how: Text,
    *,
    gate: GateKind | None = None,
    evidence: Evidence = Evidence.NONE,
    responsible: Responsible = Responsible.CUSTOMER,
    source: Source = LIBRARY,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: tuple[tuple[str, Text], ...] = (),
    option: str = "",
) -> Item:
    """An item of the library; it blocks when it holds a gate."""
    return Item(
        key=key,
        section=section,
        kind=kind,
        requirement=requirement,
        why=why,
        how=how,
        responsible=responsible,
        due=due,
        severity=Severity.BLOCKING if gate else Severity.ADVISORY,
        source=source,
        gate=gate,
        evidence=evidence,
        unit=unit,
        least=least,
        most=most,
        choices=choices,
        option=option,
    )


def figure(value: float) -> tuple[str, str]:
    """A figure as English and German readers write it."""
    text = f"{value:.6g}"
    return text, text.replace(".", ",")


def span(fact: Fact) -> tuple[str, str]:
    """A range as English and German readers write it."""
    least, most = figure(fact.least or 0), figure(fact.most or 0)
    return f"{least[0]}–{most[0]}", f"{least[1]}–{most[1]}"
