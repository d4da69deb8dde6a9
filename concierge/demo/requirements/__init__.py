"""The default library of readiness items, and the items that follow from an instrument's figures.

Offsets and severities are house practice; every figure comes from a fact and keeps that fact's source.
"""

from __future__ import annotations

from concierge.demo.requirements import (
    access,
    climate,
    gas,
    language,
    people,
    power,
    safety,
    space,
    utilities,
)
from concierge.demo.values import Instrument, Item

SECTIONS = (
    access.access,
    space.space,
    power.power,
    climate.climate,
    gas.gas,
    gas.exhaust,
    utilities.water,
    utilities.network,
    safety.safety,
    people.people,
    people.supplies,
    language.language,
    people.arrival,
)
"""One function a section, in the order in which a laboratory works."""


def items_for(instrument: Instrument) -> tuple[Item, ...]:
    """Every readiness item of an instrument."""
    return tuple(item for section in SECTIONS for item in section(instrument))
