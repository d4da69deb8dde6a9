"""One item: what is asked, the answer, the files."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus

from babel.lists import format_list
from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.catalogue.states import Evidence, GateKind, ItemType
from concierge.catalogue.words import file_kind_words
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
from concierge.readiness.actions import answering, attaching, waiving
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.actions.judging import may_review
from concierge.readiness.document import filling
from concierge.readiness.document.words import Figures
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Standing, Verdict
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
        raise NotFound(_("This point is not answered in words. Attach a file to it, or read it."))
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    theirs = _answer_form(asked) if form.version.data else None
    by = people.last_change(project_id=project.id, item_id=asked.id)
    if theirs and (met := meet(form, theirs, version=asked.version, by=by, zone=viewer().zone)):
        return item_again(project, asked, form, met=met)[0], HTTPStatus.CONFLICT
    try:
        with unit_of_work():
            same_version(asked, form.version.data)
            verdict = answering.answer_item(
                asked,
                typed=_typed(form.answer.data),
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
            _(
                "Somebody else answered this point in the meantime. Open it again, look at what is new, then repeat."
            )
        )


def _answer_form(asked: ReadinessItem, *, sent: bool = False) -> forms.AnswerForm | None:
    choices = [(code, localized(words)) for code, words in asked.choices.items()]
    comment = asked.comment if asked.state is ItemState.ANSWERED else ""
    form = forms.answer_form(asked.type, choices, shown=_shown(asked), comment=comment, sent=sent)
    if form is not None and not sent:
        form.load(asked.version)
    return form


def _typed(answer: object) -> str:
    if isinstance(answer, list):
        return ", ".join(map(str, answer))
    return answer.isoformat() if isinstance(answer, date) else str(answer or "")


def _shown(asked: ReadinessItem) -> object:
    if asked.type is ItemType.MULTI:
        return [part.strip() for part in asked.value.replace(";", ",").split(",") if part.strip()]
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
        ("waiver_form", forms.WaiverForm),
    ):
        if isinstance(form, kind):
            context[name] = form
    return show_again("readiness/item.html", form, **context)


def _item_context(project: Project, asked: ReadinessItem) -> dict[str, object]:
    country = project.site.country
    given = _given(project, asked)
    waivers = queries.all_waivers_of(asked.id)
    may_waive = viewer().may(Permission.OVERRIDE_GATES)
    is_held = asked.gate is GateKind.SHIP and asked.is_counted and not asked.is_cleared
    return {
        "project": project,
        "item": asked,
        "row": row_of(asked, judged_on(project)),
        "given": given,
        "contradicting": sorted(
            (one for one in given if one.standing in {Standing.CURRENT, Standing.CONFLICT}),
            key=lambda one: (one.standing is not Standing.CURRENT, one.id),
        ),
        "waiver": next((one for one in waivers if one.ended_at is None), None),
        "waivers": [one for one in waivers if one.ended_at is not None],
        "waiver_form": forms.WaiverForm(formdata=None) if may_waive and is_held else None,
        "waives_until": waiving.latest_day(asked.checklist, today=clock.today(project.site.zone)),
        "may_waive": may_waive,
        "may_review": may_review(asked, viewer().role),
        "accepted": filling.accepted_in_words(asked, language=viewer().language, country=country),
        "answered": filling.answer_in_words(asked),
        "evidence": _evidence(asked),
        "party": filling.party(asked.responsible),
        "section": filling.section_title(asked.section),
        "contact": queries.contacts_of([asked]).get(asked.contact_id or 0)
        or queries.people_of_ours(project).get(asked.responsible),
        "answerer": queries.answerers_of([asked]).get(asked.answered_by_id or 0),
        "answer_form": _answer_form(asked),
        "file_form": forms.FileForm(formdata=None),
        "accept_form": forms.AcceptForm(formdata=None),
        "reopen_form": forms.ReopenForm(formdata=None),
        "may_answer": viewer().may(Permission.ANSWER_CHECKLISTS),
        "waits_for_acceptance": asked.state is ItemState.ANSWERED,
        "may_reopen": asked.state is not ItemState.OPEN,
    }


def _evidence(asked: ReadinessItem) -> str:
    """Which files it takes: how many, and of which kinds any will do."""
    if not asked.needs_evidence:
        return _("not needed") if asked.evidence_need is Evidence.NONE else _("welcome")
    named = [words for kind, words in file_kind_words().items() if kind.value in (asked.file_kinds or ())]
    kinds = str(format_list(named, style="or", locale=get_locale() or "en")) if named else _("any file")
    return ngettext(
        "%(num)s file: %(kinds)s", "%(num)s files: %(kinds)s", max(1, asked.file_count), kinds=kinds
    )


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was given."""

    id: int
    standing: Standing
    state: str
    stands: str
    value: str
    fits: tuple[str, str, str]
    """What it says about what is asked: state, words, icon."""
    stored: str
    """The figure in the item's unit; empty when it was typed in that."""
    comment: str
    who: str
    when: datetime
    how: str


def _given(project: Project, asked: ReadinessItem) -> list[Given]:
    """Every answer to an item, the newest first."""
    rows = queries.history_of(asked.id)
    people_by_id = queries.people_named([row.by_id for row in rows])
    stands = {
        Standing.CURRENT: ("ok", _("Counts")),
        Standing.EARLIER: ("idle", _("Earlier")),
        Standing.CONFLICT: ("bad", _("Contradicts")),
        Standing.DISMISSED: ("idle", _("Put aside")),
    }
    how = {
        Channel.WEB: _("on the customer’s page"),
        Channel.STAFF: _("here"),
        Channel.PDF: _("in a returned PDF"),
        Channel.FIELD: _("on site"),
    }
    fits = {
        Verdict.OK: ("ok", _("Fits"), "check"),
        Verdict.OUT_OF_RANGE: ("bad", _("Does not fit"), "triangle-alert"),
        Verdict.UNKNOWN: ("idle", _("Cannot be told"), ""),
    }
    figures = Figures(language=viewer().language, country=project.site.country)
    return [
        Given(
            row.id,
            row.standing,
            *stands[row.standing],
            filling.value_in_words(asked, row.value),
            fits[row.verdict],
            _stored(asked, row, figures),
            row.comment,
            people_by_id[row.by_id].name if row.by_id in people_by_id else row.name or _("Nobody named"),
            row.at,
            how[row.channel],
        )
        for row in rows
    ]


def _stored(asked: ReadinessItem, row: ItemAnswer, figures: Figures) -> str:
    """An answer's figure in the item's own unit; empty when it was typed so, or is none."""
    if row.si_value is None:
        return ""
    typed = row.value.replace(",", ".").removesuffix(asked.unit).strip()
    try:
        if float(typed) == row.si_value:
            return ""
    except ValueError:  # another unit, or a range
        pass
    return f"{figures.number(float(f'{row.si_value:.6g}'))}\N{NO-BREAK SPACE}{asked.unit}"


def _answer_told(verdict: Verdict) -> str:
    match verdict:
        case Verdict.OK:
            return _("The answer was noted and fits.")
        case Verdict.OUT_OF_RANGE:
            return _("The answer was noted. It is not within what was asked for, so the point stays open.")
    return _("The answer was noted.")
