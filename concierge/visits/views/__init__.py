"""Pages of visits: a project's work and visits, one of each, planning and changing it, and acts of the day."""

from concierge.visits.views import acts, editing, rules, showing, work_orders
from concierge.visits.views.blueprint import bp

__all__ = ["acts", "bp", "editing", "rules", "showing", "work_orders"]
