"""The pages of projects: the list, the acts on a plan, one milestone."""

from concierge.projects.views import (
    acts,
    bulk,
    comparing,
    delays,
    forecast,
    holding,
    listing,
    milestone,
    notes,
    of_order,
    promises,
    saved,
    shaping,
)
from concierge.projects.views.blueprint import bp

__all__ = [
    "acts",
    "bp",
    "bulk",
    "comparing",
    "delays",
    "forecast",
    "holding",
    "listing",
    "milestone",
    "notes",
    "of_order",
    "promises",
    "saved",
    "shaping",
]
