"""What people do to a whole project: approve, decide, override, hand over to a colleague, cancel."""

from datetime import date
from http import HTTPStatus
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from concierge.catalogue.states import GateKind
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.previews import carry_out, foreseen
from concierge.platform.web import show_again
from concierge.projects import forms, queries
from concierge.projects.actions import approving, gates, milestones, proposals
from concierge.projects.models import Project, Proposal
from concierge.projects.states import ProposalState
from concierge.projects.views.blueprint import bp
from concierge.projects.words import decision_words, lines_words

Page = str | tuple[str, int] | Response | Redirect


@bp.post("/projects/<key>/approval")
@requires(Permission.APPROVE_PLANS)
def approve(key: str) -> Page:
    """Approve a plan: its dates become promises."""
    project = queries.project_by_key(viewer(), key)
    seen = request.form.get("handover", type=date.fromisoformat)
    with unit_of_work():
        approving.approve_plan(project.id, seen_handover_on=seen, actor_id=viewer().user_id, at=clock.now())
    flash(_("The plan is approved. Its dates are promised from now on."))
    return _back(project)


@bp.route("/projects/<key>/gates/<gate>/override", methods=["GET", "POST"])
@requires(Permission.OVERRIDE_GATES)
def override_gate(key: str, gate: str) -> Page:
    """Let something pass although blocking items are open."""
    project = queries.project_by_key(viewer(), key)
    kind = next((kind for kind in GateKind if kind.value == gate), None)
    if kind is None:
        raise NotFound
    held = next(one for one in project.gates if one.kind is kind)
    form = forms.WithReason()
    if form.validate_on_submit():
        at = clock.now()
        needs = Permission.OVERRIDE_GATES.value
        with unit_of_work(), undo.undoable(actor_id=viewer().user_id, at=at, needs=needs) as act:
            gates.override(project.id, kind, reason=form.reason.data or "", actor_id=viewer().user_id, at=at)
        undo.tell(act, _("The gate is overridden. Your name and the reason stay in the history."))
        return _back(project)
    page = {"project": project, "gate": held}
    if form.is_submitted():
        return show_again("projects/override.html", form, **page)
    return render_template("projects/override.html", form=form, **page)


@bp.route("/projects/<key>/proposals/<int:proposal_id>", methods=["GET"])
@requires(Permission.SEE_PROJECTS)
def proposal(key: str, proposal_id: int) -> Page:
    """Show what an order document asks, and what accepting it would move."""
    project, asked = queries.proposal_for(viewer(), key, proposal_id)
    return render_template("projects/proposal.html", form=forms.Decide(), **_asked(project, asked))


@bp.post("/projects/<key>/proposals/<int:proposal_id>/acceptance")
@requires(Permission.APPROVE_PLANS)
def accept_proposal(key: str, proposal_id: int) -> Page:
    """Do what an order document asks."""
    project, asked = queries.proposal_for(viewer(), key, proposal_id)
    form = forms.Decide()
    if not form.validate_on_submit():
        return show_again("projects/proposal.html", form, **_asked(project, asked))
    actor_id, at = viewer().user_id, clock.now()
    act = carry_out(
        lambda: proposals.accept(
            project.id, asked.id, reason=form.reason.data or "", actor_id=actor_id, at=at
        ),
        project_id=project.id,
        actor_id=actor_id,
        at=at,
        needs=Permission.APPROVE_PLANS.value,
        title=_("Do what the order asks"),
        verb=_("Do it"),
        back=url_for("projects.proposal", key=project.key, proposal_id=asked.id),
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("Done as the order asks."))
    return _back(project)


@bp.post("/projects/<key>/proposals/<int:proposal_id>/dismissal")
@requires(Permission.APPROVE_PLANS)
def dismiss_proposal(key: str, proposal_id: int) -> Page:
    """Leave the plan as it is, with a reason."""
    project, asked = queries.proposal_for(viewer(), key, proposal_id)
    form = forms.Decide()
    if not (form.validate_on_submit() and (form.reason.data or "").strip()):
        form.reason.errors = [_("Say in a few words why the plan stays as it is.")]
        return show_again("projects/proposal.html", form, **_asked(project, asked))
    at, needs = clock.now(), Permission.APPROVE_PLANS.value
    with unit_of_work(), undo.undoable(actor_id=viewer().user_id, at=at, needs=needs) as act:
        proposals.dismiss(
            project.id, asked.id, reason=form.reason.data or "", actor_id=viewer().user_id, at=at
        )
    undo.tell(act, _("The plan stays as it is."))
    return _back(project)


@bp.route("/projects/<key>/cancellation", methods=["GET", "POST"])
@requires(Permission.APPROVE_PLANS)
def cancel(key: str) -> Page:
    """End a project without handover."""
    project = queries.project_by_key(viewer(), key)
    form = forms.WithReason()
    if form.validate_on_submit():
        actor_id, at = viewer().user_id, clock.now()
        act = carry_out(
            lambda: proposals.cancel(project.id, reason=form.reason.data or "", actor_id=actor_id, at=at),
            project_id=project.id,
            actor_id=actor_id,
            at=at,
            needs=Permission.APPROVE_PLANS.value,
            title=_("Cancel the project"),
            verb=_("Cancel the project"),
            back=url_for("home.project", key=project.key),
            ask=True,
        )
        if not isinstance(act, undo.Act):
            return act
        undo.tell(act, _("The project is cancelled. Its coming visits are cancelled too."))
        return _back(project)
    if form.is_submitted():
        return show_again("projects/cancel.html", form, project=project)
    return render_template("projects/cancel.html", form=form, project=project)


@bp.route("/projects/<key>/promise", methods=["GET", "POST"])
@requires(Permission.APPROVE_PLANS)
def promise(key: str) -> Page:
    """Promise the dates of the forecast, as agreed with the customer."""
    project = queries.project_by_key(viewer(), key)
    form = forms.PromiseAnew()
    if form.validate_on_submit():
        actor_id, at = viewer().user_id, clock.now()
        act = carry_out(
            lambda: approving.promise_anew(
                project.id,
                reason=form.reason.data or "",
                is_agreed=bool(form.is_agreed.data),
                actor_id=actor_id,
                at=at,
            ),
            project_id=project.id,
            actor_id=actor_id,
            at=at,
            needs=Permission.APPROVE_PLANS.value,
            title=_("Promise the forecast"),
            verb=_("Promise these dates"),
            back=url_for("projects.promise", key=project.key),
            ask=True,
        )
        if not isinstance(act, undo.Act):
            return act
        undo.tell(act, _("The dates of the forecast are promised from now on."))
        return _back(project)
    if form.is_submitted():
        return show_again("projects/promise.html", form, project=project)
    return render_template("projects/promise.html", form=form, project=project)


@bp.route("/projects/<key>/concierge", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def give_to(key: str) -> Page:
    """Let another person look after a project."""
    project = queries.project_by_key(viewer(), key)
    form = _give_form(project)
    if form.validate_on_submit():
        by = people.last_change(project_id=project.id)
        theirs = _give_form(project, is_sent=False)
        if met := clashes.meet(form, theirs, version=project.version, by=by, zone=viewer().zone):
            page = render_template("projects/give_to.html", form=form, project=project, met=met)
            return page, HTTPStatus.CONFLICT
        at = clock.now()
        needs = Permission.EDIT_PROJECTS.value
        with unit_of_work(), undo.undoable(actor_id=viewer().user_id, at=at, needs=needs) as act:
            milestones.give_project_to(
                project.id, concierge_id=form.concierge.data, actor_id=viewer().user_id, at=at
            )
        undo.tell(act, _("Somebody else looks after the project from now on."))
        return _back(project)
    if form.is_submitted():
        return show_again("projects/give_to.html", form, project=project)
    form.load(project.version)
    return render_template("projects/give_to.html", form=form, project=project)


def _give_form(project: Project, *, is_sent: bool = True) -> forms.GiveTo:
    known = {"concierge": project.concierge_id}
    form = forms.GiveTo(data=known) if is_sent else forms.GiveTo(formdata=None, data=known)
    form.concierge.choices = [(person.id, person.name) for person in queries.concierges()]
    return form


def _asked(project: Project, asked: Proposal) -> dict[str, Any]:  # Any: values for the page
    return {
        "project": project,
        "proposal": asked,
        "lines": lines_words(asked.lines),
        "decided": decision_words(asked),
        "consequences": _foreseen(project, asked),
    }


def _foreseen(project: Project, asked: Proposal) -> object | None:
    """What doing as the order asks would do; None when that can no longer be done."""
    if asked.state is not ProposalState.OPEN or not viewer().may(Permission.APPROVE_PLANS):
        return None
    actor_id, at = viewer().user_id, clock.now()
    reason = _("As the order asks.")
    try:
        seen: object = foreseen(
            lambda: proposals.accept(project.id, asked.id, reason=reason, actor_id=actor_id, at=at),
            project_id=project.id,
            at=at,
        )
    except Refused:
        return None
    return seen


def _back(project: Project) -> Redirect:
    return redirect(url_for("home.project", key=project.key), code=303)
