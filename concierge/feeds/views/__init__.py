"""Calendars as files for programs, and the pages about their addresses."""

from concierge.feeds.views import addresses, for_customers, health, serving
from concierge.feeds.views.blueprint import bp

__all__ = ["addresses", "bp", "for_customers", "health", "serving"]
