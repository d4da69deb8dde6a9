"""Many checklists made as one piece of work: what was asked for, how far it is, what could not be made.

Each document is kept together with the note that it is made, so whoever goes on after a crash makes none twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from concierge.platform import jobs
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.files import StoredFile
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.readiness.models import Checklist, ChecklistDocument, DocumentBatch

JOB = "readiness.batch"
MOST = 5000
"""Checklists of one batch."""
KEPT = timedelta(days=7)
"""How long the ZIP of a batch can be fetched; each document stays with its checklist."""


class Overtaken(Exception):
    """Another worker goes on with the batch."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The next document of a batch."""

    place: int
    """How many come before it."""
    project_id: int
    language: str
    """Empty: that of its customer's contact."""


def ask_batch(
    project_ids: Sequence[int],
    *,
    language: str,
    at: datetime,
    actor_id: int | None,
    is_waited_for: bool = False,
) -> DocumentBatch:
    """Have the checklists of projects made, as one ZIP in the end.

    :param language: of each; empty: in that of its customer's contact.
    :param is_waited_for: whether the caller makes them now; else a job does.
    :raises Refused: when there are none, or too many.
    """
    if not project_ids:
        raise Refused(_("Select at least one project first."))
    if len(project_ids) > MOST:
        raise Refused(
            _("More than %(count)s checklists at once are too many. Select fewer.", count=f"{MOST:,}")
        )
    batch = DocumentBatch(
        asked_by_id=actor_id, asked_at=at, language=language, project_ids=list(dict.fromkeys(project_ids))
    )
    db.session.add(batch)
    db.session.flush()
    if not is_waited_for:
        count = len(batch.project_ids)
        title = ngettext("%(num)s checklist as PDF", "%(num)s checklists as PDF", count)
        batch.job_id = jobs.start_job(JOB, title, {"batch_id": batch.id}, actor_id).id
    return batch


def project_ids_of(keys: Sequence[str]) -> list[int]:
    """Projects by their keys, or all that are under way when none is named; for the operator's command line.

    :raises NotFound: when there is no project of a key.
    """
    if not keys:
        live = sa.select(Project.id).where(Project.state == ProjectState.LIVE).order_by(Project.key)
        return list(db.session.scalars(live))
    wanted = [key.upper() for key in keys]
    found = sa.select(Project.key, Project.id).where(Project.key.in_(wanted))
    known = {row.key: row.id for row in db.session.execute(found)}
    missing = next((key for key in wanted if key not in known), None)
    if missing is not None:
        raise NotFound(f"There is no project {missing}. See: concierge projects list")
    return [known[key] for key in wanted]


def batch_by_id(batch_id: int) -> DocumentBatch:
    """A batch with its file, as it is now.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(DocumentBatch)
        .where(DocumentBatch.id == batch_id)
        .options(joinedload(DocumentBatch.file))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def turns(batch: DocumentBatch) -> list[Turn]:
    """What is still to be made, in order."""
    done = done_of(batch)
    return [
        Turn(place, project_id, batch.language)
        for place, project_id in enumerate(batch.project_ids[done:], done)
    ]


def done_of(batch: DocumentBatch) -> int:
    """How many of a batch are dealt with: made, or left out."""
    return len(batch.made) + len(batch.left_out)


def is_cancelled(batch_id: int) -> bool:
    """Whether somebody cancelled a batch."""
    return (
        db.session.scalar(sa.select(DocumentBatch.cancelled_at).where(DocumentBatch.id == batch_id))
        is not None
    )


def note_made(batch_id: int, turn: Turn, document_id: int) -> None:
    """Note that a document is there, in the transaction that keeps it.

    :raises Overtaken: when another worker has dealt with it.
    """
    batch = _locked(batch_id, turn)
    batch.made = [*batch.made, document_id]


def note_left_out(batch_id: int, turn: Turn, *, why: str) -> None:
    """Note that a document cannot be made.

    :raises Overtaken: when another worker has dealt with it.
    """
    batch = _locked(batch_id, turn)
    key = db.session.scalar(sa.select(Project.key).where(Project.id == turn.project_id)) or str(
        turn.project_id
    )
    batch.left_out = [*batch.left_out, {"project": key, "why": why}]


def cancel_batch(batch: DocumentBatch, *, at: datetime) -> None:
    """Make no further documents; those that are there stay with their checklists.

    :raises Refused: when it is over.
    """
    if batch.finished_at is not None:
        raise Refused(_("It is finished already."))
    batch.cancelled_at = batch.cancelled_at or at


def finish(batch_id: int, *, file: StoredFile | None, at: datetime) -> DocumentBatch:
    """Note that a batch is over, with its ZIP if there is one."""
    batch = batch_by_id(batch_id)
    batch.finished_at, batch.file = at, file
    return batch


def checklist_id_of(project_id: int) -> int | None:
    """The checklist of a project; None when it has none."""
    return db.session.scalar(sa.select(Checklist.id).where(Checklist.project_id == project_id))


def documents_of(batch: DocumentBatch, *, first: int, most: int) -> list[tuple[str, ChecklistDocument]]:
    """Some of the documents that a batch made, with the keys of their projects, in order."""
    ids = batch.made[first : first + most]
    rows = db.session.execute(
        sa.select(Project.key, ChecklistDocument)
        .join(Checklist, Checklist.id == ChecklistDocument.checklist_id)
        .join(Project, Project.id == Checklist.project_id)
        .where(ChecklistDocument.id.in_(ids))
        .options(joinedload(ChecklistDocument.file))
    )
    by_id = {document.id: (key, document) for key, document in rows}
    return [by_id[number] for number in ids if number in by_id]


def forget_old(*, before: datetime) -> int:
    """Remove the ZIPs of batches that ended long ago; returns how many."""
    old = db.session.scalars(
        sa.select(DocumentBatch)
        .where(DocumentBatch.finished_at < before, DocumentBatch.file_id.is_not(None))
        .options(joinedload(DocumentBatch.file))
    ).all()
    for batch in old:
        file, batch.file = batch.file, None
        db.session.flush()
        if file is not None:
            db.session.delete(file)
    return len(old)


def _locked(batch_id: int, turn: Turn) -> DocumentBatch:
    batch = db.session.scalars(
        sa.select(DocumentBatch)
        .where(DocumentBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if done_of(batch) != turn.place:
        raise Overtaken
    return batch
