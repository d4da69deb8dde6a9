"""The customer's pages."""

from concierge.portal.views.blueprint import bp

__all__ = ["bp"]
