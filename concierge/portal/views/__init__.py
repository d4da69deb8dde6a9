"""The customer's pages, and what our own people see of them."""

from concierge.portal.views import access, answering, links, pages, questions, signing, staff, times, uploads
from concierge.portal.views.blueprint import bp, customers

bp.register_blueprint(customers)

__all__ = ["access", "answering", "bp", "links", "pages", "questions", "signing", "staff", "times", "uploads"]
