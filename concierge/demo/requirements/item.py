"""How an item of the library is written, and what all sections share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from concierge.catalogue.states import (
    Anchor,
    DueDays,
    Evidence,
    FileKind,
    GateKind,
    ItemType,
    Responsible,
    Reviewer,
    Severity,
)
from concierge.demo.instruments import CHECKED
from concierge.demo.values import Item, Source, Text

LIBRARY = Source("Concierge default item library", "1", CHECKED)
MOVE_IN = Source("ESPEC chamber move-in advice", "", CHECKED)
CRATE_MARGIN_MM = 300

BENCH = ("bench-customer", "bench-engineer")
HEAVY = ("floor", "clinical", "magnet")

FACILITIES, IT, SAFETY, RECEIVING = "facilities", "it", "safety", "receiving"
"""Whom of the customer's people an item is for; who does not say is the project's contact."""


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
    fact: str = "",
    tolerance: float | None = None,
    sample: str = "",
    accepted: tuple[str, ...] = (),
    role: str = "",
    reviewer: Reviewer | None = None,
    weight: int = 0,
    anchor: Anchor = Anchor.DELIVERY,
    due_days: DueDays = DueDays.CALENDAR,
    files: tuple[FileKind, ...] = (),
    file_count: int = 1,
    countries: tuple[str, ...] = (),
    condition: Mapping[str, Any] | None = None,  # Any: JSON values
) -> Item:
    """An item of the library; it blocks when it holds a gate, and counts for two then unless `weight` says so."""
    return Item(
        key=key,
        section=section,
        kind=kind,
        requirement=requirement,
        why=why,
        how=how,
        responsible=responsible,
        due=due,
        severity=Severity.INFO if kind is ItemType.INFO else Severity.BLOCKING if gate else Severity.ADVISORY,
        source=source,
        gate=gate,
        evidence=evidence,
        unit=unit,
        least=least,
        most=most,
        choices=choices,
        option=option,
        fact=fact,
        tolerance=tolerance,
        sample=sample,
        accepted=accepted,
        role=role,
        reviewer=reviewer,
        weight=weight or (2 if gate else 1),
        anchor=anchor,
        due_days=due_days,
        files=files,
        file_count=file_count,
        countries=countries,
        condition=condition or {},
    )
