"""What people do to a visit: decide, confirm, call off, and what happens on the day."""

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.previews import carry_out
from concierge.platform.web import show_again
from concierge.platform.words import called
from concierge.projects import calendars
from concierge.visits import feasibility, forms, queries
from concierge.visits.actions import arranging, checks, progress
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.visits.views.blueprint import Page, back_to, bp, seen_version
from concierge.visits.views.showing import page_of
from concierge.visits.words import sentence


@bp.post("/visits/<int:visit_id>/confirmation")
@requires(Permission.SCHEDULE_VISITS)
def confirm(visit_id: int) -> Page:
    """Make a visit certain; where a rule stands against it, ask why."""
    visit = queries.visit_for(viewer(), visit_id)
    form = forms.Confirm()
    if not form.validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))
    reason, actor_id, at = form.conflict_reason.data or "", viewer().user_id, clock.now()
    needs = Permission.SCHEDULE_VISITS.value
    try:
        with unit_of_work(), undo.undoable(actor_id=actor_id, at=at, needs=needs) as kept:
            progress.confirm(
                queries.visit_for_change(visit_id),
                conflict_reason=reason,
                version=seen_version(form.version.data),
                actor_id=actor_id,
                at=at,
            )
    except checks.Conflicting as refusal:
        visit = queries.visit_for(viewer(), visit_id)
        found = feasibility.conflicts(feasibility.wanted_of(visit))
        said = [sentence(one) for one in feasibility.unsettled(found, visit_id=visit_id)]
        form.conflict_reason.errors = [refusal.sentence]
        return show_again("visits/confirm.html", form, visit=visit, warnings=said)
    undo.tell(kept, _("The visit is confirmed."))
    return back_to(visit)


@bp.post("/visits/<int:visit_id>/release")
@requires(Permission.SCHEDULE_VISITS)
def release(visit_id: int) -> Page:
    """Make a certain visit tentative again."""
    done = _("The visit is tentative again and follows the plan.")
    return _do(visit_id, progress.release, done, needs=Permission.SCHEDULE_VISITS)


@bp.post("/visits/<int:visit_id>/acceptance")
@requires(Permission.WORK_VISITS)
def accept(visit_id: int) -> Page:
    """Say that one will come."""
    visit = queries.visit_for(viewer(), visit_id)
    if all(member.user_id != viewer().user_id for member in visit.crew_members):
        raise checks.NotNow(_("Only somebody who goes on the visit can accept it."))
    return _do(visit_id, progress.accept, _("You have accepted the visit."))


@bp.post("/visits/<int:visit_id>/departure")
@requires(Permission.WORK_VISITS)
def set_out(visit_id: int) -> Page:
    """Say that one is on the way."""
    return _do(visit_id, progress.set_out, _("Noted: on the way."))


@bp.post("/visits/<int:visit_id>/start")
@requires(Permission.WORK_VISITS)
def start(visit_id: int) -> Page:
    """Say that work at the site has begun."""
    return _do(visit_id, progress.start, _("Noted: work has begun."))


@bp.route("/visits/<int:visit_id>/end", methods=["GET", "POST"])
@requires(Permission.WORK_VISITS)
def finish(visit_id: int) -> Page:
    """Say how a visit ended."""
    visit = queries.visit_for(viewer(), visit_id)
    checks.expect_follows(visit, VisitState.COMPLETE)
    form = forms.Finish()
    if not form.is_submitted():
        form.version.data = str(visit.version)
        return render_template("visits/finish.html", form=form, visit=visit)
    if not form.validate():
        return show_again("visits/finish.html", form, visit=visit)
    actor_id, at = viewer().user_id, clock.now()
    with unit_of_work(), undo.undoable(actor_id=actor_id, at=at, needs=Permission.WORK_VISITS.value) as kept:
        progress.finish(
            visit,
            is_complete=form.outcome.data == VisitState.COMPLETE.value,
            note=form.note.data or "",
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        )
    undo.tell(kept, _("The visit is over."))
    return back_to(visit)


@bp.route("/visits/<int:visit_id>/cancellation", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def cancel(visit_id: int) -> Page:
    """Call a visit off."""
    visit = queries.visit_for(viewer(), visit_id)
    checks.expect_follows(visit, VisitState.CANCELLED)
    form = forms.Cancel()
    if not form.is_submitted():
        form.version.data = str(visit.version)
        return render_template("visits/cancel.html", form=form, visit=visit)
    if not form.validate():
        return show_again("visits/cancel.html", form, visit=visit)
    actor_id, at = viewer().user_id, clock.now()
    act = carry_out(
        lambda: progress.cancel(
            queries.visit_for_change(visit_id),
            reason=form.reason.data or "",
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        ),
        project_id=visit.project_id,
        actor_id=actor_id,
        at=at,
        needs=Permission.SCHEDULE_VISITS.value,
        title=_("Cancel the visit %(title)s", title=called(visit)),
        verb=_("Cancel the visit"),
        back=url_for("visits.visit", visit_id=visit_id),
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("The visit is cancelled. It leaves the calendars."))
    return back_to(visit)


@bp.post("/visits/<int:visit_id>/proposal")
@requires(Permission.SCHEDULE_VISITS)
def follow(visit_id: int) -> Page:
    """Move a visit to where the plan moved."""
    visit = queries.visit_for(viewer(), visit_id)
    form = forms.Act()
    if not form.validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))
    calendar = calendars.site_calendars([visit.site_id])[visit.site_id]
    actor_id, at = viewer().user_id, clock.now()

    def go() -> None:
        own = queries.visit_for_change(visit_id)
        arranging.follow_proposal(
            own,
            site=own.site,
            calendar=calendar,
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        )

    try:
        act = carry_out(
            go,
            project_id=visit.project_id,
            actor_id=actor_id,
            at=at,
            needs=Permission.SCHEDULE_VISITS.value,
            title=_("Move the visit %(title)s with the plan", title=called(visit)),
            verb=_("Move it"),
            back=url_for("visits.visit", visit_id=visit_id),
        )
    except checks.Conflicting as refusal:
        # The form has the place in which to choose somebody else or to say why.
        flash(refusal.sentence)
        return redirect(url_for("visits.edit", visit_id=visit_id, proposal=1), code=303)
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("The visit has moved with the plan."))
    return back_to(visit)


@bp.post("/visits/<int:visit_id>/decision")
@requires(Permission.SCHEDULE_VISITS)
def keep(visit_id: int) -> Page:
    """Leave a visit where it is although the plan moved."""
    visit = queries.visit_for(viewer(), visit_id)
    form = forms.Keep()
    if not form.validate_on_submit():
        return show_again("visits/visit.html", form, **{**page_of(visit, viewer()), "keep": form})
    actor_id, at = viewer().user_id, clock.now()
    with (
        unit_of_work(),
        undo.undoable(actor_id=actor_id, at=at, needs=Permission.SCHEDULE_VISITS.value) as kept,
    ):
        arranging.keep_visit(
            visit,
            reason=form.reason.data or "",
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        )
    undo.tell(kept, _("The visit stays where it is."))
    return back_to(visit)


def _do(
    visit_id: int,
    act: Callable[..., None],
    done: str,
    *,
    needs: Permission = Permission.WORK_VISITS,
) -> Page:
    """Do one act to a visit the viewer may see, and go back to it."""
    visit: Visit = queries.visit_for(viewer(), visit_id)
    form = forms.Act()
    if not form.validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))
    at = clock.now()
    with unit_of_work(), undo.undoable(actor_id=viewer().user_id, at=at, needs=needs.value) as kept:
        act(visit, version=seen_version(form.version.data), actor_id=viewer().user_id, at=at)
    undo.tell(kept, done)
    return back_to(visit)
