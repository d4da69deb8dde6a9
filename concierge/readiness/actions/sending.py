"""Prints that are kept, and checklists that go to the customer."""

from datetime import datetime

from concierge.platform import files
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.events import ChecklistPrinted, ChecklistRequested, ChecklistSent
from concierge.readiness.models import Checklist, ChecklistDocument


class NobodyToSendTo(Refused):
    """The project has no contact with a mail address."""


def ask_to_send(checklist: Checklist, project: Project, *, at: datetime, actor_id: int | None) -> None:
    """Have the checklist sent to the customer's contact as soon as its print is there.

    :raises NobodyToSendTo: when the project has no contact with a mail address.
    """
    contact = project.contact
    if contact is None or not contact.email:
        raise NobodyToSendTo(
            "The project has no contact with a mail address. Add one on the account's page, then send again."
        )
    record(
        ChecklistRequested(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            checklist_id=checklist.id,
            contact_id=contact.id,
        )
    )


def keep_print(
    checklist: Checklist,
    *,
    language: str,
    content_hash: str,
    revision: int,
    name: str,
    data: bytes,
    occasion: str,
    at: datetime,
) -> ChecklistDocument:
    """Keep the PDF of one content; the same content twice is one document."""
    document = queries.document_with(checklist.id, language=language, content_hash=content_hash)
    if document is None:
        stored = files.store(data, name=name, content_type="application/pdf")
        document = ChecklistDocument(
            checklist_id=checklist.id,
            language=language,
            content_hash=content_hash,
            revision=revision,
            file_id=stored.id,
            made_at=at,
        )
        db.session.add(document)
        db.session.flush()
    note_printed(checklist, document, occasion=occasion, at=at)
    return document


def note_printed(checklist: Checklist, document: ChecklistDocument, *, occasion: str, at: datetime) -> None:
    """Tell those who wait for a print that it is there."""
    record(
        ChecklistPrinted(
            at=at,
            actor_id=None,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            document_id=document.id,
            language=document.language,
            occasion=occasion,
        )
    )


def note_sent(checklist: Checklist, *, contact_id: int | None, at: datetime) -> None:
    """Note that the checklist went to the customer's contact."""
    checklist.sent_at = at
    record(
        ChecklistSent(
            at=at,
            actor_id=None,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            contact_id=contact_id,
        )
    )
