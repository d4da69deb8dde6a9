"""Calendars as files for programs, and the pages about their addresses."""

from concierge.feeds.views import addresses, serving
from concierge.feeds.views.blueprint import bp

__all__ = ["addresses", "bp", "serving"]
