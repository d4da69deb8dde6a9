"""Moving a milestone or a visit, after seeing everything that moves with it."""

from datetime import date
from types import SimpleNamespace as Shown
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.home.views.project import VISIT_LOOKS
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.web import show_again
from concierge.platform.words import day, localized
from concierge.projects import forms, queries
from concierge.projects.actions import rescheduling
from concierge.projects.models import Milestone, Project
from concierge.visits import queries as visits
from concierge.visits.models import Visit
from concierge.visits.states import FOLLOWING_THE_PLAN


@bp.route("/projects/<key>/milestones/<int:milestone_id>/move", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def move(key: str, milestone_id: int) -> str | tuple[str, int] | Response:
    """Move a milestone to another day, after showing everything that moves with it."""
    found, milestone = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.MoveMilestone(to=milestone.start_on, version=str(milestone.version))
    if form.is_submitted() and not form.validate():
        return show_again("home/move.html", form, **_move_page(found, milestone, None))
    wish = form.to.data or clock.today(found.site.zone)
    if request.form.get("act") == "save":
        if form.version.data != str(milestone.version):
            return _move_conflict(found, milestone, form, wish)
        with unit_of_work():
            rescheduling.move_milestone(
                found.id,
                milestone.id,
                to=wish,
                reason=form.reason.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
        flash(_("%(name)s moved.", name=localized(milestone.name)))
        return redirect(url_for("home.project", key=found.key), code=303)
    preview = None
    if form.is_submitted():
        preview = rescheduling.preview_move(found, milestone, to=wish, at=clock.now())
    return render_template("home/move.html", form=form, **_move_page(found, milestone, preview))


def _move_conflict(
    found: Project, milestone: Milestone, form: forms.MoveMilestone, wish: date
) -> tuple[str, int]:
    """Show both days, theirs and the wish; the next save counts, because it has seen theirs."""
    both = _(
        "Somebody else moved this in the meantime: it starts on %(theirs)s now, you asked for %(yours)s. "
        "Save again to move it to your day, or cancel to keep theirs.",
        theirs=day(milestone.start_on),
        yours=day(wish),
    )
    form.to.errors = [both]
    form.version.data = str(milestone.version)
    preview = rescheduling.preview_move(found, milestone, to=wish, at=clock.now())
    return show_again("home/move.html", form, **_move_page(found, milestone, preview))


def _move_page(
    found: Project, milestone: Milestone, preview: rescheduling.Preview | None
) -> dict[str, Any]:  # Any: values for the page
    moving = {move.milestone_id: move for move in preview.moves} if preview else {}
    touched = visits.visits_of_milestones(list(moving)) if moving else {}
    return {
        "project": found,
        "milestone": milestone,
        "preview": preview,
        "names": {one.id: localized(one.name) for one in found.milestones},
        "visits": [
            _touched(visit)
            for of_milestone in touched.values()
            for visit in of_milestone
            if visit.state in VISIT_LOOKS
        ],
    }


def _touched(visit: Visit) -> Shown:
    follows = visit.state in FOLLOWING_THE_PLAN
    return Shown(
        title=visit.title,
        url=f"/visits/{visit.id}",
        follows=follows,
        when=day(visit.starts_local),
        why=_("follows its milestone") if follows else _("is confirmed and waits for a person to decide"),
    )
