"""The pages of checklists: the list, one item, its judgement, its prints, and what a print leads to."""

from concierge.readiness.views import checklist, documents, item, judgement, printed, returned, signing
from concierge.readiness.views.blueprint import bp

__all__ = ["bp", "checklist", "documents", "item", "judgement", "printed", "returned", "signing"]
