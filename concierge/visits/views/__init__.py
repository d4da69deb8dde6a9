"""Pages of visits: a project's visits, one visit, planning and changing it, and what people do on the day."""

from concierge.visits.views import acts, editing, showing
from concierge.visits.views.blueprint import bp

__all__ = ["acts", "bp", "editing", "showing"]
