"""One milestone: its dates, what it waits for, and what can be done to it."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.catalogue.states import Team
from concierge.catalogue.words import team_words
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.web import show_again
from concierge.platform.words import localized
from concierge.projects import forms, queries
from concierge.projects.actions import milestones
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import comparing
from concierge.projects.states import NEXT, BlockCause, MilestoneAct
from concierge.projects.verdict import block_words, milestone_look
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp

BASE = "/projects/<key>/milestones/<int:milestone_id>"


@bp.get(BASE)
@requires(Permission.SEE_PROJECTS)
def milestone(key: str, milestone_id: int) -> Page:
    """Show one milestone."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    return render_template("projects/milestone.html", **_page(project, found))


@bp.post(BASE + "/start")
@requires(Permission.EDIT_PROJECTS)
def start(key: str, milestone_id: int) -> Page:
    """Say that work on it began."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.ActOnDay()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found))
    with unit_of_work():
        milestones.start(
            project.id,
            found.id,
            on=form.on.data or clock.today(project.site.zone),
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("%(name)s has started.", name=localized(found.name)))
    return _back(project)


@bp.post(BASE + "/finish")
@requires(Permission.EDIT_PROJECTS)
def finish(key: str, milestone_id: int) -> Page:
    """Say that it was reached."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.ActOnDay()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found))
    with unit_of_work():
        milestones.finish(
            project.id,
            found.id,
            on=form.on.data or clock.today(project.site.zone),
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("%(name)s is done.", name=localized(found.name)))
    return _back(project)


@bp.post(BASE + "/block")
@requires(Permission.EDIT_PROJECTS)
def block(key: str, milestone_id: int) -> Page:
    """Say what stands in the way."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _block_form()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, block_form=form))
    with unit_of_work():
        milestones.block(
            project.id,
            found.id,
            cause=BlockCause(form.cause.data),
            reason=form.reason.data or "",
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("%(name)s is blocked.", name=localized(found.name)))
    return _back(project)


@bp.post(BASE + "/unblock")
@requires(Permission.EDIT_PROJECTS)
def unblock(key: str, milestone_id: int) -> Page:
    """Say that it can go on."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    with unit_of_work():
        milestones.unblock(project.id, found.id, actor_id=viewer().user_id, at=clock.now())
    flash(_("%(name)s can go on.", name=localized(found.name)))
    return _back(project)


@bp.post(BASE + "/reopen")
@requires(Permission.EDIT_PROJECTS)
def reopen(key: str, milestone_id: int) -> Page:
    """Say that it was not reached after all."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.WithReason()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, reopen_form=form))
    with unit_of_work():
        milestones.reopen(
            project.id, found.id, reason=form.reason.data or "", actor_id=viewer().user_id, at=clock.now()
        )
    flash(_("%(name)s is open again.", name=localized(found.name)))
    return _back(project)


@bp.post(BASE + "/owner")
@requires(Permission.EDIT_PROJECTS)
def reassign(key: str, milestone_id: int) -> Page:
    """Make another team or person accountable."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _owner_form(found)
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, owner_form=form))
    with unit_of_work():
        milestones.reassign(
            project.id,
            found.id,
            team=Team(form.team.data),
            owner_id=form.owner.data or None,
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("Somebody else is accountable for %(name)s.", name=localized(found.name)))
    return _back(project)


def _page(
    project: Project,
    found: Milestone,
    *,
    block_form: forms.Block | None = None,
    reopen_form: forms.WithReason | None = None,
    owner_form: forms.Reassign | None = None,
) -> dict[str, object]:
    today = clock.today(project.site.zone)
    by_id = {other.id: other for other in project.milestones}
    return {
        "project": project,
        "milestone": found,
        "teams": team_words(),
        "look": milestone_look(found, today=today),
        "history": comparing.changes_of(found.id),
        "today": today,
        "waits_for": [(by_id[link.predecessor_id], link.lag) for link in found.links],
        "followed_by": [
            other
            for other in project.milestones
            if any(link.predecessor_id == found.id for link in other.links)
        ],
        "acts": {act.value for act in MilestoneAct if (found.state, act) in NEXT},
        "day_form": forms.ActOnDay(formdata=None, on=today),
        "block_form": block_form or _block_form(empty=True),
        "reopen_form": reopen_form or forms.WithReason(formdata=None),
        "owner_form": owner_form or _owner_form(found, empty=True),
    }


def _block_form(*, empty: bool = False) -> forms.Block:
    form = forms.Block(formdata=None) if empty else forms.Block()
    form.cause.choices = [(cause.value, words) for cause, words in block_words().items()]
    return form


def _owner_form(found: Milestone, *, empty: bool = False) -> forms.Reassign:
    start_with = {"team": found.team.value, "owner": found.owner_id or 0}
    form = forms.Reassign(formdata=None, data=start_with) if empty else forms.Reassign(data=start_with)
    form.team.choices = [(team.value, words) for team, words in team_words().items()]
    form.owner.choices = [(0, _("Nobody by name")), *((one.id, one.name) for one in queries.staff())]
    return form


def _back(project: Project) -> Page:
    return redirect(url_for("home.project", key=project.key), code=303)
