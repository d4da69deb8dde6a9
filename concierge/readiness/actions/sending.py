"""Prints that are kept, and checklists that go to the customer."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _

from concierge.platform import deliveries, files
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.events import ChecklistPrinted, ChecklistRequested, ChecklistSent
from concierge.readiness.models import Checklist, ChecklistDocument
from concierge.readiness.states import DocumentKind

PRINT = "readiness.print"
"""The name of the delivery that makes a print."""

CALM = timedelta(minutes=3)
"""How long a print waits for further answers before it is made."""


class NobodyToSendTo(Refused):
    """The project has no contact with a mail address."""


def ask_to_send(checklist: Checklist, project: Project, *, at: datetime, actor_id: int | None) -> str:
    """Have the checklist sent to the customer's contact as soon as its print is there; returns the letter's key.

    :raises NobodyToSendTo: when the project has no contact with a mail address.
    """
    contact = project.contact
    if contact is None or not contact.email:
        raise NobodyToSendTo(
            _(
                "The project has no contact with a mail address. Add one on the account's page, then send"
                " again."
            )
        )
    event = ChecklistRequested(
        at=at,
        actor_id=actor_id,
        project_id=project.id,
        checklist_id=checklist.id,
        contact_id=contact.id,
    )
    record(event)
    return letter_key(event)


def order_print(
    checklist_id: int, *, language: str, content_hash: str, kind: DocumentKind = DocumentKind.WORKING
) -> None:
    """Have the print of a content made for somebody who looks at it; twice is once, a failed one is tried anew."""
    key = queries.print_key(checklist_id, language=language, content_hash=content_hash)
    ordered = deliveries.enqueue(
        PRINT,
        {"checklist_id": checklist_id, "language": language, "occasion": "", "kind": kind.value},
        unique_key=key,
        queue="documents",
        priority=5,
    )
    if ordered is None:
        failed = queries.failed_print(key)
        if failed is not None:
            deliveries.try_again(failed)


def letter_key(event: ChecklistRequested) -> str:
    """Names the letter that somebody asked for, from the asking on."""
    return f"checklist:{event.checklist_id}:asked:{event.at.isoformat()}"


def order_letter(
    checklist_id: int, *, language: str, occasion: str, letter_key: str = "", at: datetime
) -> None:
    """Have the print made that a letter waits for.

    :param letter_key: of a letter that is announced already.
    """
    deliveries.enqueue(
        PRINT,
        {
            "checklist_id": checklist_id,
            "language": language,
            "occasion": occasion,
            "letter_key": letter_key,
        },
        unique_key=f"{PRINT}:{checklist_id}:{language}:{occasion}:{at.isoformat()}",
        queue="documents",
    )


def refresh_print(checklist_id: int, *, at: datetime) -> None:
    """Have the customer's print made anew a little later, once for all that changes meanwhile."""
    slot = int(at.timestamp() // CALM.total_seconds()) + 1
    deliveries.enqueue(
        PRINT,
        {"checklist_id": checklist_id, "language": "", "occasion": ""},
        unique_key=f"{PRINT}:{checklist_id}:calm:{slot}",
        run_at=at + CALM,
        queue="documents",
    )


def keep_print(
    checklist: Checklist,
    *,
    language: str,
    content_hash: str,
    revision: int,
    name: str,
    data: bytes,
    code: str,
    shown: Sequence[ShownDate],
    occasion: str,
    letter_key: str = "",
    kind: DocumentKind = DocumentKind.WORKING,
    at: datetime,
) -> ChecklistDocument:
    """Keep the PDF of one content; the same content twice is one document.

    :param code: the code that is printed on it, as it is stored.
    :param shown: the days of milestones that it prints.
    """
    document = queries.document_with(checklist.id, language=language, content_hash=content_hash)
    if document is None:
        stored = files.store(data, name=name, content_type="application/pdf")
        document = ChecklistDocument(
            file=stored,
            checklist_id=checklist.id,
            language=language,
            kind=kind,
            content_hash=content_hash,
            revision=revision,
            file_id=stored.id,
            made_at=at,
            code=code,
            shown=[{"milestone": one.milestone_key, "on": one.finish_on.isoformat()} for one in shown],
        )
        db.session.add(document)
        db.session.flush()
    note_printed(checklist, document, occasion=occasion, letter_key=letter_key, at=at)
    return document


def note_printed(
    checklist: Checklist, document: ChecklistDocument, *, occasion: str, letter_key: str = "", at: datetime
) -> None:
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
            letter_key=letter_key,
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
