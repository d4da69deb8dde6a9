"""One milestone: its dates, what it waits for, and what can be done to it."""

from collections.abc import Callable

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.catalogue.states import Team
from concierge.catalogue.words import days_of_words, team_words
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock
from concierge.platform.web import show_again
from concierge.platform.words import day, localized
from concierge.projects import forms, queries
from concierge.projects.actions import milestones
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import comparing
from concierge.projects.states import NEXT, BlockCause, MilestoneAct, MilestoneState
from concierge.projects.verdict import block_words, milestone_look, wait_words
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp
from concierge.projects.views.doing import do_to_milestone
from concierge.projects.views.shaping import can_be

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
    on = form.on.data or clock.today(project.site.zone)
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.start,
        {"on": on},
        title=_("Start %(name)s on %(day)s", name=name, day=day(on)),
        done=_("%(name)s has started.", name=name),
    )


@bp.post(BASE + "/finish")
@requires(Permission.EDIT_PROJECTS)
def finish(key: str, milestone_id: int) -> Page:
    """Say that it was reached."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.ActOnDay()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found))
    on = form.on.data or clock.today(project.site.zone)
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.finish,
        {"on": on},
        title=_("Finish %(name)s on %(day)s", name=name, day=day(on)),
        done=_("%(name)s is done.", name=name),
    )


@bp.post(BASE + "/block")
@requires(Permission.EDIT_PROJECTS)
def block(key: str, milestone_id: int) -> Page:
    """Say what stands in the way."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _block_form()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, block_form=form))
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.block,
        {"cause": BlockCause(form.cause.data), "reason": form.reason.data or ""},
        title=_("Block %(name)s", name=name),
        done=_("%(name)s is blocked.", name=name),
    )


@bp.post(BASE + "/unblock")
@requires(Permission.EDIT_PROJECTS)
def unblock(key: str, milestone_id: int) -> Page:
    """Say that it can go on."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.unblock,
        {},
        title=_("Let %(name)s go on", name=name),
        done=_("%(name)s can go on.", name=name),
    )


@bp.post(BASE + "/reopen")
@requires(Permission.EDIT_PROJECTS)
def reopen(key: str, milestone_id: int) -> Page:
    """Say that it was not reached after all."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.WithReason()
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, reopen_form=form))
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.reopen,
        {"reason": form.reason.data or ""},
        title=_("Reopen %(name)s", name=name),
        done=_("%(name)s is open again.", name=name),
    )


@bp.post(BASE + "/owner")
@requires(Permission.EDIT_PROJECTS)
def reassign(key: str, milestone_id: int) -> Page:
    """Make another team or person accountable."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _owner_form(found)
    if not form.validate_on_submit():
        return show_again("projects/milestone.html", form, **_page(project, found, owner_form=form))
    name = localized(found.name)
    return _do(
        project,
        found,
        milestones.reassign,
        {"team": Team(form.team.data), "owner_id": form.owner.data or None},
        title=_("Make somebody else accountable for %(name)s", name=name),
        done=_("Somebody else is accountable for %(name)s.", name=name),
    )


def milestone_facts(found: Milestone) -> dict[str, str]:
    """What people decide about a milestone, in words: for a form to carry, so that nobody overwrites it unseen."""
    states = {
        MilestoneState.PLANNED: _("Planned"),
        MilestoneState.STARTED: _("Started"),
        MilestoneState.BLOCKED: _("Blocked"),
        MilestoneState.DONE: _("Done"),
        MilestoneState.SKIPPED: _("Left out"),
    }
    return {
        _("State"): states[found.state],
        _("Not before"): day(found.not_before_on),
        _("Started"): day(found.started_on),
        _("Done"): day(found.finished_on),
        _("What stands in the way"): found.block_reason or _("nothing"),
        _("Accountable"): ", ".join(
            part for part in (team_words()[found.team], found.owner.name if found.owner else "") if part
        ),
    }


def _do(
    project: Project,
    found: Milestone,
    verb: Callable[..., object],
    said: dict[str, object],
    *,
    title: str,
    done: str,
) -> Page:
    actor_id, at = viewer().user_id, clock.now()
    return do_to_milestone(
        project,
        found,
        lambda: verb(project.id, found.id, **said, actor_id=actor_id, at=at),
        facts=milestone_facts(found),
        title=title,
        done=done,
        back=url_for("projects.milestone", key=project.key, milestone_id=found.id),
    )


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
        "loaded": clashes.kept_facts(milestone_facts(found)),
        "waits_for": [(by_id[link.predecessor_id], wait_words(link)) for link in found.links],
        "can_be": can_be(found, project),
        "days_of": days_of_words(),
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
