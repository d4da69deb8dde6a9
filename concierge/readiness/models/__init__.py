"""Tables of site readiness: checklists, their items, evidence and documents."""

from concierge.readiness.models.checklists import Checklist, ChecklistDocument, ItemEvidence, ReadinessItem

__all__ = ["Checklist", "ChecklistDocument", "ItemEvidence", "ReadinessItem"]
