"""Pages of technicians: who they are, their own calendars, their territories, and who is on call."""

from concierge.workforce.views import on_call, own_calendars, team, territories
from concierge.workforce.views.blueprint import bp

__all__ = ["bp", "on_call", "own_calendars", "team", "territories"]
