"""Pages of technicians: their own calendars, and who is on call."""

from concierge.workforce.views import on_call, own_calendars
from concierge.workforce.views.blueprint import bp

__all__ = ["bp", "on_call", "own_calendars"]
