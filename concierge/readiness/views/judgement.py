"""Letting answers count, giving them back, choosing between them, waiving; and judging the whole site."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from concierge.core.readiness import Gate
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.undo import Act
from concierge.platform.web import show_again
from concierge.projects.models import Project
from concierge.readiness import forms, queries, standing
from concierge.readiness.actions import answering, assessing, judging, signing, waiving
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import Occasion
from concierge.readiness.views import judged
from concierge.readiness.views.blueprint import Page, bp
from concierge.readiness.views.checklist import judged_on
from concierge.readiness.views.item import item_again, same_version


@bp.post("/projects/<key>/readiness/<int:item_id>/acceptance")
@requires(Permission.ANSWER_CHECKLISTS)
def accept(key: str, item_id: int) -> Page:
    """Let an answer count."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.AcceptForm()
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    _refuse_stranger(asked)

    def do() -> None:
        same_version(asked, form.version.data)
        judging.accept_item(
            asked, note=form.accept_comment.data or "", at=clock.now(), actor_id=viewer().user_id
        )

    undo.tell(_done(do), _("The answer was accepted."))
    return redirect(url_for("readiness.checklist", key=key, _anchor=f"item-{item_id}"), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/reopening")
@requires(Permission.ANSWER_CHECKLISTS)
def reopen(key: str, item_id: int) -> Page:
    """Give an answer back, so that the item is open again."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.ReopenForm()
    if not form.validate_on_submit():
        return item_again(project, asked, form)

    def do() -> None:
        same_version(asked, form.version.data)
        judging.return_item(asked, reason=form.reason.data or "", at=clock.now(), actor_id=viewer().user_id)

    undo.tell(_done(do), _("The point is open again."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/choice")
@requires(Permission.ANSWER_CHECKLISTS)
def choose(key: str, item_id: int) -> Page:
    """Let one of several answers that contradict each other count."""
    _project, asked = queries.item_for(viewer(), key, item_id)
    answer_id = request.form.get("answer", type=int) or 0
    at, by = clock.now(), viewer().user_id
    act = _done(lambda: answering.choose_answer(asked, answer_id, at=at, actor_id=by))
    undo.tell(act, _("That answer counts. The others stay in the history."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/dismissal")
@requires(Permission.ANSWER_CHECKLISTS)
def dismiss(key: str, item_id: int) -> Page:
    """Put one answer aside that contradicts the one that counts."""
    _project, asked = queries.item_for(viewer(), key, item_id)
    answer_id = request.form.get("answer", type=int) or 0
    at, by = clock.now(), viewer().user_id
    act = _done(lambda: answering.dismiss_answer(asked, answer_id, at=at, actor_id=by))
    undo.tell(act, _("That answer was put aside. It stays in the history."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/waiver")
@requires(Permission.OVERRIDE_GATES)
def waive(key: str, item_id: int) -> Page:
    """Let delivery not wait for an open point, by name, until a day."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.WaiverForm()
    if not form.validate_on_submit() or form.expires_on.data is None:
        return item_again(project, asked, form)
    until = form.expires_on.data

    def do() -> None:
        same_version(asked, form.version.data)
        waiving.waive_item(
            asked,
            name=form.waiver_name.data or "",
            reason=form.waiver_reason.data or "",
            expires_on=until,
            today=clock.today(project.site.zone),
            at=clock.now(),
            actor_id=viewer().user_id,
        )

    try:
        act = _done(do, needs=Permission.OVERRIDE_GATES)
    except waiving.NotWaivable as problem:
        form.expires_on.errors = [*form.expires_on.errors, problem.sentence]
        return item_again(*queries.item_for(viewer(), key, item_id), form)
    undo.tell(act, _("Delivery does not wait for it. Installation does."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/waiver/end")
@requires(Permission.OVERRIDE_GATES)
def end_waiver(key: str, item_id: int) -> Page:
    """Let a waived point hold delivery again."""
    _project, asked = queries.item_for(viewer(), key, item_id)
    at, by = clock.now(), viewer().user_id
    act = _done(
        lambda: waiving.end_waiver(asked, why=waiving.TAKEN_BACK, at=at, actor_id=by),
        needs=Permission.OVERRIDE_GATES,
    )
    undo.tell(act, _("The point holds delivery again."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)


@bp.get("/projects/<key>/readiness/assessments")
@requires(Permission.SEE_CHECKLISTS)
def assessments(key: str) -> Page:
    """List every judgement of a site, and compare the newest with now."""
    project, found = _with_checklist(key)
    newest = next(iter(queries.assessments_of(found.id)), None)
    return render_template(
        "readiness/assessments.html", **_judgements(project, found, newest.id if newest else 0), form=None
    )


@bp.get("/projects/<key>/readiness/assessments/<int:assessment_id>")
@requires(Permission.SEE_CHECKLISTS)
def assessment(key: str, assessment_id: int) -> Page:
    """Show one judgement of a site, and compare it with now."""
    project, found, made = queries.assessment_for(viewer(), key, assessment_id)
    return render_template("readiness/assessments.html", **_judgements(project, found, made.id), form=None)


@bp.post("/projects/<key>/readiness/assessments")
@requires(Permission.ANSWER_CHECKLISTS)
def assess(key: str) -> Page:
    """Judge a site as it stands now, signed."""
    project, found = _with_checklist(key)
    form = forms.AssessmentForm()
    if not form.validate_on_submit():
        page = {**_judgements(project, found, 0), "assessment_form": form}
        return show_again("readiness/assessments.html", form, **page)
    at = clock.now()
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("readiness.assessments", key=key)
        moment = queries.moment_of(project.id)
        made = assessing.assess(
            found,
            occasion=Occasion.BY_HAND,
            gate=assessing.gate_of(is_delivered=moment.is_delivered),
            on=clock.today(project.site.zone),
            at=at,
            actor_id=viewer().user_id,
            signed_name=form.signed_name.data or "",
            meaning=_meaning(),
            note=form.note.data or "",
        )
        led_to = url_for("readiness.assessment", key=key, assessment_id=made.id)
    flash(_("The site was judged as it stands now, signed with your name."))
    return redirect(led_to, code=303)


@bp.post("/projects/<key>/readiness/assessments/<int:assessment_id>/signature")
@requires(Permission.ANSWER_CHECKLISTS)
def sign_assessment(key: str, assessment_id: int) -> Page:
    """Sign a judgement that was made by itself."""
    project, found, made = queries.assessment_for(viewer(), key, assessment_id)
    form = forms.SignatureForm()
    if not form.validate_on_submit():
        page = {**_judgements(project, found, made.id), "signature_form": form}
        return show_again("readiness/assessments.html", form, **page)
    with unit_of_work():
        assessing.sign_assessment(
            made,
            project_id=project.id,
            name=form.signature.data or "",
            meaning=_meaning(),
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("The assessment was signed."))
    return redirect(url_for("readiness.assessment", key=key, assessment_id=assessment_id), code=303)


@bp.route("/projects/<key>/readiness/thawing", methods=["GET", "POST"])
@requires(Permission.OVERRIDE_GATES)
def thaw(key: str) -> Page:
    """Let the answers of a frozen checklist change freely again, by name and reason."""
    project, found = _with_checklist(key)
    form = forms.ThawForm()
    page = {"project": project, "frozen": judged.frozen(project, found)}
    if form.validate_on_submit():
        at, by, reason = clock.now(), viewer().user_id, form.thaw_reason.data or ""
        act = _done(
            lambda: signing.thaw(found, reason=reason, at=at, actor_id=by), needs=Permission.OVERRIDE_GATES
        )
        undo.tell(act, _("Answers change freely again. Your name and the reason stay in the history."))
        return redirect(url_for("readiness.checklist", key=key), code=303)
    if form.is_submitted():
        return show_again("readiness/thaw.html", form, **page)
    return render_template("readiness/thaw.html", form=form, **page)


def _done(do: Callable[[], object], *, needs: Permission = Permission.ANSWER_CHECKLISTS) -> Act:
    """Do something in one act that can be taken back."""
    at, by = clock.now(), viewer().user_id
    with unit_of_work(), undo.undoable(actor_id=by, at=at, needs=needs.value) as act:
        do()
    return act


def _refuse_stranger(asked: ReadinessItem) -> None:
    if not judging.may_review(asked, viewer().role):
        raise Refused(
            _("This answer waits for our engineer.")
            if asked.reviewer is not None and asked.reviewer.value == "engineer"
            else _("This answer waits for the concierge.")
        )


def _with_checklist(key: str) -> tuple[Project, Checklist]:
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound(_("This project has no checklist yet. It is issued when the plan is approved."))
    return project, found


def _meaning() -> str:
    return _("I judged the readiness of this site as it is written here.")


def _judgements(project: Project, found: Checklist, chosen_id: int) -> dict[str, object]:
    """What the page of judgements shows, one of them compared with now."""
    rows = queries.assessments_of(found.id)
    chosen = next((one for one in rows if one.id == chosen_id), None)
    items = {one.key: one for one in found.items}
    changes = [] if chosen is None else standing.changes(chosen.standing, standing.standing(found.items))
    moment = queries.moment_of(project.id)
    gate = assessing.gate_of(is_delivered=moment.is_delivered)
    return {
        "project": project,
        "rows": rows,
        "occasions": {one.occasion: judged.occasion_words(one.occasion) for one in rows},
        "people": queries.people_named([one.by_id for one in rows] + [one.signed_by_id for one in rows]),
        "chosen": chosen,
        "is_whole": chosen is None or standing.digest(chosen.standing) == chosen.content_hash,
        "changes": [judged.change_words(one, items.get(one.key)) for one in changes],
        "gate": gate,
        "score": standing.score(found.items, Gate(gate.value), today=judged_on(project)),
        "lost": judged.lost(project, found) if found.ready_lost_at is not None else "",
        "assessment_form": forms.AssessmentForm(formdata=None),
        "signature_form": forms.SignatureForm(formdata=None),
        "may_answer": viewer().may(Permission.ANSWER_CHECKLISTS),
        "meaning": _meaning(),
    }
