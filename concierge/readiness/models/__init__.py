"""Tables of site readiness: checklists and answers, judgement, the customer's links, documents, reminders."""

from concierge.readiness.models.chasing import Reminder
from concierge.readiness.models.checklists import (
    BlockingItem,
    Checklist,
    ChecklistDocument,
    ItemAnswer,
    ItemEvidence,
    ReadinessItem,
)
from concierge.readiness.models.judgement import Assessment, ReadinessSignature, Waiver
from concierge.readiness.models.links import (
    CustomerLink,
    CustomerMessage,
    CustomerQuestion,
    LinkCode,
    UploadUnderWay,
)
from concierge.readiness.models.returned import DocumentBatch, ReturnedDocument

__all__ = [
    "Assessment",
    "BlockingItem",
    "Checklist",
    "ChecklistDocument",
    "CustomerLink",
    "CustomerMessage",
    "CustomerQuestion",
    "DocumentBatch",
    "ItemAnswer",
    "ItemEvidence",
    "LinkCode",
    "ReadinessItem",
    "ReadinessSignature",
    "Reminder",
    "ReturnedDocument",
    "UploadUnderWay",
    "Waiver",
]
