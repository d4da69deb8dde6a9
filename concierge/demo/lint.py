"""What example data must satisfy before it may be shown: the mistakes that makers' own documents contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from concierge.catalogue import figures
from concierge.catalogue.states import ItemType, Severity
from concierge.core.units import STORED
from concierge.demo.values import Fact, Instrument, Item, Playbook, Source
from concierge.platform import speech


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of the example data as the catalogue's check reads it."""

    fact: Fact

    @property
    def quantity(self) -> str:
        return self.fact.quantity

    @property
    def minimum(self) -> float | None:
        return self.fact.least if self.fact.value is None else self.fact.value

    @property
    def maximum(self) -> float | None:
        return self.fact.most if self.fact.value is None else self.fact.value

    @property
    def unit(self) -> str:
        return self.fact.unit

    @property
    def printed(self) -> str:
        return self.fact.printed

    @property
    def condition(self) -> str:
        return self.fact.where


def faults_of_instruments(instruments: Iterable[Instrument]) -> Iterator[str]:
    """Sentences about figures that cannot be true."""
    for instrument in instruments:
        for fact in instrument.facts:
            yield from _faults_of_fact(instrument.key, fact)
        for doubt in figures.doubts([_Figure(fact) for fact in instrument.facts]):
            yield f"{instrument.key}.{doubt.quantity}: {doubt.sentence}"
        if not has_check_digit(instrument.standard_id):
            yield f"{instrument.key}: {instrument.standard_id} has a wrong check digit"


def faults_of_playbooks(playbooks: Iterable[Playbook]) -> Iterator[str]:
    """Sentences about plans that cannot be laid out and items that cannot be answered."""
    for playbook in playbooks:
        yield from _faults_of_links(playbook)
        yield from _twice(playbook.key, [item.key for item in playbook.items])
        for item in playbook.items:
            yield from _faults_of_item(playbook.key, item)


def has_check_digit(number: str) -> bool:
    """Whether the last digit of a GTIN-13 is right (GS1 §7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number[:-1]))
    return len(number) == 13 and int(number[-1]) == -total % 10


def _faults_of_fact(key: str, fact: Fact) -> Iterator[str]:
    where = f"{key}.{fact.quantity}"
    yield from _no_source(where, fact.source)
    if fact.note is None and fact.value is None and fact.least is None and fact.most is None:
        yield f"{where}: says nothing"


def _faults_of_links(playbook: Playbook) -> Iterator[str]:
    seen: set[str] = set()
    for step in playbook.steps:
        for link in step.after:
            if link.key not in seen:
                yield f"{playbook.key}: {step.key} follows {link.key}, which is not before it"
        if step.workdays < 0:
            yield f"{playbook.key}: {step.key} takes less than no time"
        seen.add(step.key)
    for visit in playbook.visits:
        if visit.milestone not in seen:
            yield f"{playbook.key}: visit {visit.title.en} belongs to no milestone"
    yield from _twice(playbook.key, [step.key for step in playbook.steps])


def _faults_of_item(playbook: str, item: Item) -> Iterator[str]:
    where = f"{playbook}.{item.key}"
    yield from _no_source(where, item.source)
    if not re.fullmatch(r"[a-z0-9-]+", item.key):
        yield f"{where}: not a key"
    if item.least is not None and item.most is not None and item.least > item.most:
        yield f"{where}: the least is more than the most"
    if item.kind is ItemType.MEASURE and item.unit not in STORED.values():
        yield f"{where}: {item.unit or 'nothing'} is not a unit that answers are stored in"
    if item.kind is ItemType.CHOICE and len(item.choices) < 2:
        yield f"{where}: nothing to choose from"
    if (item.severity is Severity.BLOCKING) != bool(item.gate):
        yield f"{where}: blocking items hold a gate, others do not"
    asked = (item.requirement, item.why, item.how, *(said for _, said in item.choices))
    for language in speech.CUSTOMERS:
        if any(not text.as_json().get(language) for text in asked):
            yield f"{where}: a text is missing in {language}"


def _no_source(where: str, source: Source) -> Iterator[str]:
    if not source.name:
        yield f"{where}: no source"


def _twice(where: str, keys: list[str]) -> Iterator[str]:
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"{where}: {key} stands twice"
