"""The technician's pages, and what a device and the server exchange."""

from concierge.fieldwork.views import installing, on_visit, pages, sync
from concierge.fieldwork.views.blueprint import bp

__all__ = ["bp", "installing", "on_visit", "pages", "sync"]
