"""Writing down what people know of a project: notes for the staff, and serial numbers of what it brings."""

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.projects.events import NoteChanged, NoteRemoved, NoteWritten, UnitRecorded, UnitRemoved
from concierge.projects.models import ProjectNote, ProjectPlaybook, Unit


def write_note(project_id: int, *, text: str, actor_id: int | None, at: datetime) -> ProjectNote:
    """Write something down about a project.

    :raises Refused: without a text.
    """
    note = ProjectNote(project_id=project_id, text=_text(text), written_at=at, written_by_id=actor_id)
    db.session.add(note)
    db.session.flush()
    record(NoteWritten(at=at, actor_id=actor_id, project_id=project_id, note_id=note.id, text=note.text))
    return note


def change_note(note: ProjectNote, *, text: str, version: int, actor_id: int | None, at: datetime) -> None:
    """Write a note anew; the history keeps what it said before.

    :param version: the version the person saw.
    :raises Stale: when somebody changed it in the meantime.
    :raises Refused: without a text.
    """
    if version != note.version:
        raise Stale(_("Somebody else changed this note in the meantime. Look again, then repeat."))
    before, note.text = note.text, _text(text)
    if note.text == before:
        return
    db.session.flush()
    record(
        NoteChanged(
            at=at,
            actor_id=actor_id,
            project_id=note.project_id,
            note_id=note.id,
            text_before=before,
            text=note.text,
        )
    )


def remove_note(note: ProjectNote, *, actor_id: int | None, at: datetime) -> None:
    """Take a note away; the history keeps what it said."""
    db.session.delete(note)
    db.session.flush()
    record(NoteRemoved(at=at, actor_id=actor_id, project_id=note.project_id, note_id=note.id, text=note.text))


def record_unit(
    project_id: int, *, order_line_id: int, serial: str, actor_id: int | None, at: datetime
) -> Unit:
    """Note the serial number on an instrument or part of the project.

    :raises Refused: without a number, with one that is noted already, or for a line of another project.
    """
    unit = Unit(
        project_id=project_id,
        order_line_id=order_line_id,
        serial=serial,
        recorded_at=at,
        recorded_by_id=actor_id,
    )
    if not unit.serial:
        raise Refused(_("Type the serial number as it stands on the unit."))
    if db.session.scalar(sa.select(_is_noted(project_id, unit.serial))):
        raise Refused(_("%(serial)s is noted already. Remove it there first.", serial=unit.serial))
    if not db.session.scalar(sa.select(_is_brought(project_id, order_line_id))):
        raise Refused(_("Choose what of this project carries the serial number."))
    db.session.add(unit)
    db.session.flush()
    record(
        UnitRecorded(
            at=at,
            actor_id=actor_id,
            project_id=project_id,
            unit_id=unit.id,
            order_line_id=order_line_id,
            serial=unit.serial,
        )
    )
    return unit


def remove_unit(unit: Unit, *, actor_id: int | None, at: datetime) -> None:
    """Take a serial number away; the history keeps it."""
    db.session.delete(unit)
    db.session.flush()
    record(
        UnitRemoved(
            at=at,
            actor_id=actor_id,
            project_id=unit.project_id,
            unit_id=unit.id,
            order_line_id=unit.order_line_id,
            serial=unit.serial,
        )
    )


def _text(text: str) -> str:
    if not text.strip():
        raise Refused(_("A note needs a text. Write down what your colleagues should know."))
    return text


def _is_noted(project_id: int, serial: str) -> sa.Exists:
    return sa.exists().where(Unit.project_id == project_id, Unit.serial == serial)


def _is_brought(project_id: int, order_line_id: int) -> sa.Exists:
    return sa.exists().where(
        ProjectPlaybook.project_id == project_id, ProjectPlaybook.order_line_id == order_line_id
    )
