"""The pages of projects: the list, the acts on a plan, one milestone."""

from concierge.projects.views import acts, listing, milestone, notes, of_order
from concierge.projects.views.blueprint import bp

__all__ = ["acts", "bp", "listing", "milestone", "notes", "of_order"]
