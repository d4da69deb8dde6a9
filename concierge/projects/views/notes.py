"""What people write down about a project: notes for the staff, serial numbers."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.clashes import meet
from concierge.platform.database import unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects import forms
from concierge.projects.actions import notes as writing
from concierge.projects.models import Project
from concierge.projects.queries import notes as queries
from concierge.projects.queries import project_by_key
from concierge.projects.views.blueprint import bp

Page = str | tuple[str, int] | Redirect


@bp.get("/projects/<key>/notes")
@requires(Permission.SEE_PROJECTS)
def notes(key: str) -> Page:
    """Show all that is written down about a project."""
    project = project_by_key(viewer(), key)
    return render_template("projects/notes.html", form=forms.Note(), **_page(project))


@bp.post("/projects/<key>/notes")
@requires(Permission.SEE_PROJECTS)
def add_note(key: str) -> Page:
    """Write something down about a project."""
    project = project_by_key(viewer(), key)
    form = forms.Note()
    if not form.validate_on_submit():
        return show_again("projects/notes.html", form, **_page(project))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        note = writing.write_note(
            project.id, text=form.text.data or "", actor_id=viewer().user_id, at=clock.now()
        )
        outcome.led_to = url_for("projects.notes", key=project.key, _anchor=f"note-{note.id}")
    flash(_("Your note stands on the project."))
    return redirect(url_for("projects.notes", key=project.key, _anchor=f"note-{note.id}"), code=303)


@bp.route("/projects/<key>/notes/<int:note_id>", methods=["GET", "POST"])
@requires(Permission.SEE_PROJECTS)
def change_note(key: str, note_id: int) -> Page:
    """Write a note anew."""
    project = project_by_key(viewer(), key)
    note = queries.note_for(viewer(), project, note_id)
    form = forms.Note(text=note.text)
    context = {"project": project, "note": note, "zone": viewer().zone}
    if not form.is_submitted():
        form.load(note.version)
        return render_template("projects/note.html", form=form, **context)
    if not form.validate():
        return show_again("projects/note.html", form, **context)
    by = people.last_change(project_id=project.id, note_id=note.id)
    theirs = forms.Note(formdata=None, text=note.text)
    if met := meet(form, theirs, version=note.version, by=by, zone=viewer().zone):
        return render_template("projects/note.html", form=form, met=met, **context), HTTPStatus.CONFLICT
    with unit_of_work():
        writing.change_note(
            note, text=form.text.data or "", version=note.version, actor_id=viewer().user_id, at=clock.now()
        )
    flash(_("The note is changed. The history keeps what it said before."))
    return redirect(url_for("projects.notes", key=project.key, _anchor=f"note-{note_id}"), code=303)


@bp.post("/projects/<key>/notes/<int:note_id>/removal")
@requires(Permission.SEE_PROJECTS)
def remove_note(key: str, note_id: int) -> Page:
    """Take a note away."""
    project = project_by_key(viewer(), key)
    note = queries.note_for(viewer(), project, note_id)
    with unit_of_work():
        writing.remove_note(note, actor_id=viewer().user_id, at=clock.now())
    flash(_("The note is removed. The history keeps what it said."))
    return redirect(url_for("projects.notes", key=project.key), code=303)


@bp.post("/projects/<key>/units")
@requires(Permission.WORK_VISITS)
def add_unit(key: str) -> Page:
    """Note a serial number."""
    project = project_by_key(viewer(), key)
    form = forms.RecordUnit()
    form.line.choices = [(line.id, line.name) for line in queries.lines_of(project)]
    if not form.validate_on_submit():
        return show_again("projects/notes.html", forms.Note(formdata=None), **_page(project, form))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        writing.record_unit(
            project.id,
            order_line_id=form.line.data,
            serial=form.serial.data or "",
            actor_id=viewer().user_id,
            at=clock.now(),
        )
        outcome.led_to = url_for("projects.notes", key=project.key, _anchor="units")
    flash(_("The serial number is noted."))
    return redirect(url_for("projects.notes", key=project.key, _anchor="units"), code=303)


@bp.post("/projects/<key>/units/<int:unit_id>/removal")
@requires(Permission.WORK_VISITS)
def remove_unit(key: str, unit_id: int) -> Page:
    """Take a serial number away."""
    project = project_by_key(viewer(), key)
    unit = queries.unit_for(project, unit_id)
    with unit_of_work():
        writing.remove_unit(unit, actor_id=viewer().user_id, at=clock.now())
    flash(_("The serial number is removed. The history keeps it."))
    return redirect(url_for("projects.notes", key=project.key, _anchor="units"), code=303)


def _page(project: Project, unit_form: forms.RecordUnit | None = None) -> dict[str, object]:
    lines = queries.lines_of(project)
    if unit_form is None:
        unit_form = forms.RecordUnit(formdata=None)
        unit_form.line.choices = [(line.id, line.name) for line in lines]
    return {
        "project": project,
        "zone": viewer().zone,
        "notes": [
            (note, queries.may_change(viewer(), note), note.version > 1) for note in queries.notes_of(project)
        ],
        "units": queries.units_of(project),
        "lines": lines,
        "unit_form": unit_form,
    }
