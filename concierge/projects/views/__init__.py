"""The pages of projects: the list, the acts on a plan, one milestone."""

from concierge.projects.views import (
    acts,
    bulk,
    comparing,
    delays,
    fields,
    forecast,
    holding,
    importing,
    listing,
    milestone,
    notes,
    of_order,
    promises,
    saved,
    shaping,
    trial,
)
from concierge.projects.views.blueprint import bp

__all__ = [
    "acts",
    "bp",
    "bulk",
    "comparing",
    "delays",
    "fields",
    "forecast",
    "holding",
    "importing",
    "listing",
    "milestone",
    "notes",
    "of_order",
    "promises",
    "saved",
    "shaping",
    "trial",
]
