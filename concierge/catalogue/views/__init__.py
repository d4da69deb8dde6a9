"""The pages of the catalogue: reading playbooks and instruments, editing drafts, playbooks as files."""

from concierge.catalogue.views import editing, exchange, reading, versions
from concierge.catalogue.views.blueprint import bp

__all__ = ["bp", "editing", "exchange", "reading", "versions"]
