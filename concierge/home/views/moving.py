"""Moving a milestone or a visit, after seeing everything that moves with it."""

from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.home.consequences import Consequences
from concierge.home.views.blueprint import bp
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock, undo
from concierge.platform.database import clean
from concierge.platform.errors import Refused
from concierge.platform.previews import carry_out, foreseen
from concierge.platform.web import show_again
from concierge.platform.words import called, day, localized
from concierge.projects import forms, queries
from concierge.projects.actions import gates, rescheduling
from concierge.projects.models import Milestone, Project
from concierge.projects.views.milestone import milestone_facts
from concierge.visits import feasibility
from concierge.visits import forms as visit_forms
from concierge.visits import queries as visits
from concierge.visits.actions import arranging, bridging, checks
from concierge.visits.models import Visit
from concierge.visits.views.editing import times_of
from concierge.visits.words import sentence

Page = str | tuple[str, int] | Response


@bp.route("/projects/<key>/milestones/<int:milestone_id>/move", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def move(key: str, milestone_id: int) -> Page:
    """Move a milestone to another day, after showing everything that moves with it."""
    found, milestone = queries.milestone_for(viewer(), key, milestone_id)
    asked = request.args.get("to", type=date.fromisoformat)
    form = forms.MoveMilestone(to=asked or milestone.start_on)
    facts = _facts(milestone)
    page = {"project": found, "milestone": milestone, "differences": (), "by": ""}
    if not form.is_submitted():
        form.loaded.data = clashes.kept_facts(facts)
        return render_template("home/move.html", form=form, **page, **_seen(found, milestone, asked))
    if not form.validate():
        return show_again("home/move.html", form, **page, **_seen(found, milestone, None))
    try:
        gates.refuse_without_reason(found, form.reason.data or "")
    except gates.ReasonNeeded as problem:
        form.reason.errors = [*form.reason.errors, problem.sentence]
        return show_again("home/move.html", form, **page, **_seen(found, milestone, None))
    wish = form.to.data or clock.today(found.site.zone)
    changed = clashes.changed_facts(form.loaded.data, facts)
    form.loaded.data = clashes.kept_facts(facts)
    if changed:
        page |= {"differences": changed, "by": _last_change(project_id=found.id, milestone_id=milestone.id)}
        context = {**page, **_seen(found, milestone, wish)}
        return render_template("home/move.html", form=form, **context), 409
    if request.form.get("act") != "save":
        return render_template("home/move.html", form=form, **page, **_seen(found, milestone, wish))
    actor_id, at = viewer().user_id, clock.now()
    name = localized(milestone.name)
    act = carry_out(
        lambda: rescheduling.move_milestone(
            found.id, milestone_id, to=wish, reason=form.reason.data or "", actor_id=actor_id, at=at
        ),
        project_id=found.id,
        actor_id=actor_id,
        at=at,
        needs=Permission.EDIT_PROJECTS.value,
        title=_("Move %(name)s to %(day)s", name=name, day=day(wish)),
        verb=_("Move it"),
        back=url_for("home.project", key=found.key),
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("%(name)s moved.", name=name))
    return redirect(url_for("home.project", key=found.key), code=303)


@bp.route("/visits/<int:visit_id>/move", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def move_visit(visit_id: int) -> Page:
    """Move a visit to another time, after showing who has to know and what it does to the plan."""
    visit = visits.visit_for(viewer(), visit_id)
    checks.expect_state(visit, arranging.MOVABLE)
    form = visit_forms.MoveVisit(data=times_of(visit, proposed=bool(request.args.get("proposal"))))
    form.zone = visit.zone
    page: dict[str, Any] = {"visit": visit, "met": None}
    if not form.is_submitted():
        form.load(visit.version)
        return render_template("home/move_visit.html", form=form, **page, **_nothing_seen())
    if not form.validate():
        return show_again("home/move_visit.html", form, **page, **_nothing_seen())
    theirs = visit_forms.MoveVisit(formdata=None, data=times_of(visit))
    by = people.last_change(project_id=visit.project_id, visit_id=visit.id)
    met = clashes.meet(form, theirs, version=visit.version, by=by, zone=viewer().zone)
    warnings = _warnings(form, visit)
    needs_reason = (
        any(grave for grave, _sentence in warnings) and not (form.conflict_reason.data or "").strip()
    )
    along = request.form.get("act") == "along"
    if met or needs_reason or request.form.get("act") not in {"save", "along"}:
        if needs_reason and not met:
            form.conflict_reason.errors = [_("Choose another time, or say why they go all the same.")]
        page |= {"met": met, **_visit_seen(form, visit, can_move=not needs_reason), "warnings": warnings}
        status = 409 if met else 422 if needs_reason else 200
        return render_template("home/move_visit.html", form=form, **page), status
    actor_id, at = viewer().user_id, clock.now()
    move = _move_along if along else _move_visit
    act = carry_out(
        lambda: move(form, visit, actor_id=actor_id, at=at),
        project_id=visit.project_id,
        actor_id=actor_id,
        at=at,
        needs=Permission.SCHEDULE_VISITS.value,
        title=_("Move the visit %(title)s and its milestone", title=called(visit))
        if along
        else _("Move the visit %(title)s", title=called(visit)),
        verb=_("Move it"),
        back=url_for("visits.visit", visit_id=visit.id),
        ask=True if along else None,
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("The visit has moved, and the plan with it.") if along else _("The visit has moved."))
    return redirect(url_for("visits.visit", visit_id=visit.id), code=303)


def _facts(milestone: Milestone) -> dict[str, str]:
    return {**milestone_facts(milestone), _("Starts on"): day(milestone.start_on)}


def _last_change(**ids: int) -> str:
    return people.last_change(**ids).words(viewer().zone)


def _seen(found: Project, milestone: Milestone, wish: date | None) -> dict[str, Any]:  # Any: for the page
    """What a move to a day would do; nothing yet without a day."""
    if wish is None:
        return {"preview": None, "consequences": None}
    return {
        "preview": rescheduling.preview_move(found, milestone, to=wish, at=clock.now()),
        "consequences": _milestone_moved(found.id, milestone.id, wish),
    }


def _milestone_moved(project_id: int, milestone_id: int, wish: date) -> Consequences:
    actor_id, at = viewer().user_id, clock.now()
    seen: Consequences = foreseen(
        lambda: rescheduling.move_milestone(
            project_id, milestone_id, to=wish, reason=_("to see what it does"), actor_id=actor_id, at=at
        ),
        project_id=project_id,
        at=at,
    )
    return seen


def _move_visit(
    form: visit_forms.MoveVisit, visit: Visit, *, actor_id: int, at: Any
) -> None:  # Any: an instant
    own = visits.visit_for_change(visit.id)
    arranging.move_visit(
        own,
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        site=own.site,
        fold=form.fold if form.asks_for_hour else 0,
        conflict_reason=form.conflict_reason.data or "",
        version=visit.version,
        at=at,
        actor_id=actor_id,
    )


def _move_along(
    form: visit_forms.MoveVisit, visit: Visit, *, actor_id: int, at: Any
) -> None:  # Any: an instant
    bridging.move_with_plan(
        visit.id,
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        fold=form.fold if form.asks_for_hour else 0,
        conflict_reason=form.conflict_reason.data or "",
        reason=clean(request.form.get("plan_reason", "")[:500], lines=True),
        version=visit.version,
        at=at,
        actor_id=actor_id,
    )


def _nothing_seen() -> dict[str, Any]:  # Any: for the page
    return {
        "consequences": None,
        "warnings": [],
        "outside": "",
        "along": None,
        "why_not_along": "",
        "asks_reason": False,
    }


def _visit_seen(
    form: visit_forms.MoveVisit, visit: Visit, *, can_move: bool
) -> dict[str, Any]:  # Any: for the page
    """What moving a visit would do, and what moving its milestone along would, where it leaves its days."""
    actor_id, at = viewer().user_id, clock.now()
    page = _nothing_seen()
    if can_move:
        page["consequences"] = foreseen(
            lambda: _move_visit(form, visit, actor_id=actor_id, at=at), project_id=visit.project_id, at=at
        )
    milestone = visit.milestone
    if milestone is None or not bridging.leaves(
        milestone, starts_local=form.starts_local, ends_local=form.ends_local
    ):
        return page
    page["outside"] = localized(milestone.name)
    page["asks_reason"] = gates.settled_since(visit.project.gates) is not None
    if can_move:
        try:
            page["along"] = foreseen(
                lambda: _look_along(form, visit, actor_id=actor_id, at=at), project_id=visit.project_id, at=at
            )
        except Refused as refusal:
            page["why_not_along"] = refusal.sentence
    return page


def _look_along(
    form: visit_forms.MoveVisit, visit: Visit, *, actor_id: int, at: Any
) -> None:  # Any: see above
    bridging.move_with_plan(
        visit.id,
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        fold=form.fold if form.asks_for_hour else 0,
        conflict_reason=form.conflict_reason.data or "",
        reason=_("to see what it does"),
        at=at,
        actor_id=actor_id,
    )


def _warnings(form: visit_forms.MoveVisit, visit: Visit) -> list[tuple[bool, str]]:
    """What stands against the visit then; whether it needs a reason, and a sentence."""
    when = form.when
    found = feasibility.conflicts(
        feasibility.wanted_of(visit, starts_at=when.starts_at, ends_at=when.ends_at)
    )
    unsettled = set(feasibility.unsettled(found, visit_id=visit.id))
    return [(one in unsettled, sentence(one)) for one in found]
