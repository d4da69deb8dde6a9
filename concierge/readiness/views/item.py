"""One item: what is asked, the answer, the files."""

from datetime import date
from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.catalogue.states import ItemType
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files
from concierge.platform.clashes import Met, meet
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Stale
from concierge.platform.file_kinds import NotKept
from concierge.platform.forms import Form
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import localized
from concierge.projects.models import Project
from concierge.readiness import forms, queries
from concierge.readiness.actions import answering, attaching
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.document import filling
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import ItemState, Verdict
from concierge.readiness.views.blueprint import Page, bp
from concierge.readiness.views.checklist import judged_on, row_of
from concierge.readiness.views.documents import served


@bp.get("/projects/<key>/readiness/<int:item_id>")
@requires(Permission.SEE_CHECKLISTS)
def item(key: str, item_id: int) -> Page:
    """Show one item: what is asked, why, what was answered, and what can be done."""
    project, asked = queries.item_for(viewer(), key, item_id)
    return _item_page(project, asked)


@bp.post("/projects/<key>/readiness/<int:item_id>/answer")
@requires(Permission.ANSWER_CHECKLISTS)
def answer(key: str, item_id: int) -> Page:
    """Answer an item."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = _answer_form(asked, sent=True)
    if form is None:
        raise NotFound("This point is not answered in words. Attach a file to it, or read it.")
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    theirs = _answer_form(asked) if form.version.data else None
    by = people.last_change(project_id=project.id, item_id=asked.id)
    if theirs and (met := meet(form, theirs, version=asked.version, by=by, zone=viewer().zone)):
        return item_again(project, asked, form, met=met)[0], HTTPStatus.CONFLICT
    typed = form.answer.data
    try:
        with unit_of_work():
            same_version(asked, form.version.data)
            verdict = answering.answer_item(
                asked,
                typed=typed.isoformat() if isinstance(typed, date) else str(typed or ""),
                comment=form.comment.data or "",
                at=clock.now(),
                by=Answerer(user_id=viewer().user_id),
            ).verdict
    except answering.UnreadableAnswer as problem:
        form.answer.errors = [*form.answer.errors, problem.sentence]
        return item_again(*queries.item_for(viewer(), key, item_id), form)
    flash(_answer_told(verdict))
    return redirect(url_for("readiness.checklist", key=key, _anchor=f"item-{item_id}"), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/files")
@requires(Permission.ANSWER_CHECKLISTS)
def attach(key: str, item_id: int) -> Page:
    """Attach a file to an item."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.FileForm()
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.item", key=key, item_id=item_id)
            kept = attaching.attach_file(
                asked,
                name=form.file.data.filename or "",
                data=form.file.data.read(files.LARGEST + 1),
                at=clock.now(),
                by=Answerer(user_id=viewer().user_id),
            )
            name = kept.file.name
    except NotKept as problem:
        form.file.errors = [*form.file.errors, problem.sentence]
        return item_again(*queries.item_for(viewer(), key, item_id), form)
    flash(_("%(name)s was attached.", name=name))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.get("/projects/<key>/readiness/files/<int:evidence_id>")
@requires(Permission.SEE_CHECKLISTS)
def evidence(key: str, evidence_id: int) -> AnyResponse:
    """Hand out a file, to be saved and never shown in place."""
    return served(queries.evidence_for(viewer(), key, evidence_id).file, inline=False)


def same_version(asked: ReadinessItem, version: str | None) -> None:
    if version and version != str(asked.version):
        raise Stale(
            "Somebody else answered this point in the meantime. Open it again, look at what is new, then repeat."
        )


def _answer_form(asked: ReadinessItem, *, sent: bool = False) -> forms.AnswerForm | None:
    choices = [(code, localized(words)) for code, words in asked.choices.items()]
    comment = asked.comment if asked.state is ItemState.ANSWERED else ""
    form = forms.answer_form(asked.type, choices, shown=_shown(asked), comment=comment, sent=sent)
    if form is not None and not sent:
        form.load(asked.version)
    return form


def _shown(asked: ReadinessItem) -> object:
    if asked.type is ItemType.DATE and asked.value:
        return date.fromisoformat(asked.value)
    return asked.value or None


def _item_page(project: Project, asked: ReadinessItem) -> str:
    return render_template("readiness/item.html", **_item_context(project, asked), form=None)


def item_again(
    project: Project, asked: ReadinessItem, form: Form, *, met: Met | None = None
) -> tuple[str, int]:
    context = {**_item_context(project, asked), "met": met}
    for name, kind in (
        ("answer_form", forms.AnswerForm),
        ("file_form", forms.FileForm),
        ("accept_form", forms.AcceptForm),
        ("reopen_form", forms.ReopenForm),
    ):
        if isinstance(form, kind):
            context[name] = form
    return show_again("readiness/item.html", form, **context)


def _item_context(project: Project, asked: ReadinessItem) -> dict[str, object]:
    country = project.site.country
    return {
        "project": project,
        "item": asked,
        "row": row_of(asked, judged_on(project)),
        "accepted": filling.accepted_in_words(asked, language=viewer().language, country=country),
        "answered": filling.answer_in_words(asked),
        "party": filling.party(asked.responsible),
        "section": filling.section_title(asked.section),
        "contact": queries.contacts_of([asked]).get(asked.contact_id or 0),
        "answerer": queries.answerers_of([asked]).get(asked.answered_by_id or 0),
        "answer_form": _answer_form(asked),
        "file_form": forms.FileForm(formdata=None),
        "accept_form": forms.AcceptForm(formdata=None),
        "reopen_form": forms.ReopenForm(formdata=None),
        "may_answer": viewer().may(Permission.ANSWER_CHECKLISTS),
        "waits_for_acceptance": asked.state is ItemState.ANSWERED,
        "may_reopen": asked.state is not ItemState.OPEN,
    }


def _answer_told(verdict: Verdict) -> str:
    match verdict:
        case Verdict.OK:
            return _("The answer was noted and fits.")
        case Verdict.OUT_OF_RANGE:
            return _("The answer was noted. It is not within what was asked for, so the point stays open.")
    return _("The answer was noted.")
