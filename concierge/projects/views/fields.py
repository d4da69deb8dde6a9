"""The fields of the company's own on a project: shown and filled in."""

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Length

from concierge.catalogue.models import PlaybookField
from concierge.catalogue.states import FieldKind
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.web import show_again
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import fields as filling
from concierge.projects.models import FieldValue, Project
from concierge.projects.queries import fields as own
from concierge.projects.views.blueprint import bp

Page = str | tuple[str, int] | Response


@bp.route("/projects/<key>/fields", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def own_fields(key: str) -> Page:
    """Fill in the fields that a project's playbooks define."""
    project = queries.project_by_key(viewer(), key)
    defined = own.fields_of(project.id)
    if not defined:
        raise NotFound(_("The playbooks of this project define no fields."))
    values = own.values_of(project.id)
    version = sum(value.version for value in values.values())
    form = _form(defined, values)
    if not form.is_submitted():
        form.load(version)
        return render_template("projects/fields.html", form=form, project=project, met=None)
    if not form.validate():
        return show_again("projects/fields.html", form, project=project, met=None)
    by = people.last_change(project_id=project.id)
    met = clashes.meet(
        form, _form(defined, values, is_sent=False), version=version, by=by, zone=viewer().zone
    )
    if met:
        return render_template("projects/fields.html", form=form, project=project, met=met), 409
    try:
        act = _save(project, form, defined)
    except filling.WrongValues as wrong:
        for name, sentence in wrong.faults.items():
            form[name].errors = [sentence]
        return show_again("projects/fields.html", form, project=project, met=None)
    undo.tell(act, _("Saved."))
    return redirect(url_for("home.project", key=project.key), code=303)


def _save(project: Project, form: clashes.Edited, defined: tuple[PlaybookField, ...]) -> undo.Act:
    typed = {field.key: form[field.key].data or "" for field in defined}
    actor_id, at, needs = viewer().user_id, clock.now(), Permission.EDIT_PROJECTS.value
    with unit_of_work(), undo.undoable(actor_id=actor_id, at=at, needs=needs) as act:
        filling.fill_fields(project.id, typed, actor_id=actor_id, at=at)
    return act


def _form(
    defined: tuple[PlaybookField, ...], values: dict[str, FieldValue], *, is_sent: bool = True
) -> clashes.Edited:
    """A form with one input a field, by the field's key."""
    kind = type("OwnFields", (clashes.Edited,), {field.key: _input(field) for field in defined})
    data = {key: value.text for key, value in values.items()}
    form: clashes.Edited = kind(data=data) if is_sent else kind(formdata=None, data=data)
    return form


def _input(field: PlaybookField) -> Any:  # Any: WTForms' unbound field
    label = localized(field.name) or field.key
    match field.kind:
        case FieldKind.TEXT:
            return TextAreaField(label, validators=[Length(max=filling.LONGEST)])
        case FieldKind.NUMBER:
            named = _("%(name)s in %(unit)s", name=label, unit=field.unit) if field.unit else label
            return StringField(named, validators=[Length(max=40)])
        case FieldKind.DATE:
            return StringField(
                label, description=_("Such as 2026-11-27 or 27.11.2026."), validators=[Length(max=40)]
            )
        case FieldKind.CHOICE:
            offered = [SelectChoice(code, localized(texts) or code) for code, texts in field.choices.items()]
            return SelectField(label, choices=[SelectChoice("", _("not set")), *offered])
        case FieldKind.YES_NO:
            offered = [
                SelectChoice("", _("not set")),
                SelectChoice("yes", _("yes")),
                SelectChoice("no", _("no")),
            ]
            return RadioField(label, choices=offered, default="")
