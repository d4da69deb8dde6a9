"""Giving one project's plan another shape: how a milestone is planned, what it waits for, split, add, leave out."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from concierge.catalogue.states import Audience, DaysOf, LagUnit, LinkKind, Team, VisitKind
from concierge.catalogue.words import (
    audience_words,
    days_of_words,
    lag_words,
    link_words,
    team_words,
    visit_words,
)
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock
from concierge.platform.errors import NotFound
from concierge.platform.web import show_again
from concierge.platform.words import day, localized
from concierge.projects import forms, queries
from concierge.projects.actions import shaping
from concierge.projects.models import Milestone, Project
from concierge.projects.states import NEXT, MilestoneAct, MilestoneState, ProjectState
from concierge.projects.verdict import wait_words
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp
from concierge.projects.views.doing import do, do_to_milestone

BASE = "/projects/<key>/milestones/<int:milestone_id>"


@bp.route(BASE + "/shape", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def shape(key: str, milestone_id: int) -> Page:
    """Change how long a milestone takes, in whose days, and between which days."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _shape_form(found)
    if not form.is_submitted():
        return render_template("projects/shape.html", **_shape_page(project, found))
    if not form.validate():
        return show_again("projects/shape.html", form, **_shape_page(project, found, shape_form=form))
    by = people.last_change(project_id=project.id, milestone_id=found.id)
    theirs = _shape_form(found, empty=True)
    if met := clashes.meet(form, theirs, version=found.version, by=by, zone=viewer().zone):
        page = _shape_page(project, found, shape_form=form)
        return render_template("projects/shape.html", met=met, **page), HTTPStatus.CONFLICT
    wanted = shaping.Shape(
        workdays=form.workdays.data or 0,
        days_of=DaysOf(form.days_of.data),
        not_before_on=form.not_before.data,
        not_after_on=form.not_after.data,
        exactly_on=form.exactly.data,
    )
    name = localized(found.name)
    return do(
        project,
        lambda: shaping.shape(project.id, found.id, wanted, reason=form.reason.data or "", **_by()),
        ask=True,
        title=_("Plan %(name)s differently", name=name),
        done=_("%(name)s is planned differently now.", name=name),
        back=_shape_url(project, found),
    )


@bp.post(BASE + "/links")
@requires(Permission.EDIT_PROJECTS)
def link(key: str, milestone_id: int) -> Page:
    """Let a milestone wait for another one, or change how long after."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = _link_form(project, found)
    if not form.validate_on_submit():
        return show_again("projects/shape.html", form, **_shape_page(project, found, link_form=form))
    wanted = {
        "predecessor_id": form.predecessor.data,
        "kind": LinkKind(form.kind.data),
        "lag": form.lag.data or 0,
        "unit": LagUnit(form.unit.data),
    }
    name = localized(found.name)
    return _do(
        project,
        found,
        lambda: shaping.link(project.id, found.id, **wanted, reason="", **_by()),
        title=_("Change what %(name)s waits for", name=name),
        done=_("What %(name)s waits for is changed.", name=name),
        back=_shape_url(project, found),
    )


@bp.post(BASE + "/links/<int:link_id>/removal")
@requires(Permission.EDIT_PROJECTS)
def unlink(key: str, milestone_id: int, link_id: int) -> Page:
    """Let a milestone no longer wait for another one.

    :raises NotFound: when it has no such link, or the viewer may not see it.
    """
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    if link_id not in {known.id for known in found.links}:
        raise NotFound
    name = localized(found.name)
    return _do(
        project,
        found,
        lambda: shaping.unlink(project.id, found.id, link_id=link_id, reason="", **_by()),
        title=_("Change what %(name)s waits for", name=name),
        done=_("What %(name)s waits for is changed.", name=name),
        back=_shape_url(project, found),
    )


@bp.route(BASE + "/split", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def split(key: str, milestone_id: int) -> Page:
    """Make two milestones of one."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.Split(first=max(1, found.workdays // 2))
    page = {"project": project, "milestone": found, "loaded": _loaded(found)}
    if not form.is_submitted():
        return render_template("projects/split.html", form=form, **page)
    if not form.validate():
        return show_again("projects/split.html", form, **page)
    name = localized(found.name)
    return _do(
        project,
        found,
        lambda: shaping.split(
            project.id,
            found.id,
            first_workdays=form.first.data or 0,
            name=_names(form.name.data, form.name_german.data),
            **_by(),
        ),
        title=_("Split %(name)s", name=name),
        done=_("%(name)s is split.", name=name),
        back=url_for("projects.milestone", key=project.key, milestone_id=found.id),
    )


@bp.route("/projects/<key>/milestones/new", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def add(key: str) -> Page:
    """Take a milestone into this plan that its playbook does not know."""
    project = queries.project_by_key(viewer(), key)
    form = _add_form(project)
    if not form.is_submitted():
        return render_template("projects/add.html", form=form, project=project)
    if not form.validate():
        return show_again("projects/add.html", form, project=project)
    name = " ".join((form.name.data or "").split())
    return do(
        project,
        lambda: shaping.add(
            project.id,
            name=_names(form.name.data, form.name_german.data),
            workdays=form.workdays.data or 0,
            days_of=DaysOf(form.days_of.data),
            team=Team(form.team.data),
            audience=Audience(form.audience.data),
            after_id=form.after.data or None,
            before_id=form.before.data or None,
            visit=VisitKind(form.visit.data) if form.visit.data else None,
            **_by(),
        ),
        ask=True,
        title=_("Take %(name)s into the plan", name=name),
        done=_("%(name)s is in the plan.", name=name),
        back=url_for("home.project", key=project.key),
    )


@bp.route(BASE + "/skip", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def skip(key: str, milestone_id: int) -> Page:
    """Leave a milestone out of this plan."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    form = forms.WithReason()
    page = {"project": project, "milestone": found, "loaded": _loaded(found)}
    if not form.is_submitted():
        return render_template("projects/skip.html", form=form, **page)
    if not form.validate():
        return show_again("projects/skip.html", form, **page)
    name = localized(found.name)
    return _do(
        project,
        found,
        lambda: shaping.skip(project.id, found.id, reason=form.reason.data or "", **_by()),
        title=_("Leave %(name)s out of the plan", name=name),
        done=_("%(name)s is left out of the plan.", name=name),
        back=url_for("projects.milestone", key=project.key, milestone_id=found.id),
    )


@bp.post(BASE + "/restoration")
@requires(Permission.EDIT_PROJECTS)
def restore(key: str, milestone_id: int) -> Page:
    """Take a milestone that was left out into the plan again."""
    project, found = queries.milestone_for(viewer(), key, milestone_id)
    name = localized(found.name)
    return _do(
        project,
        found,
        lambda: shaping.restore(project.id, found.id, **_by()),
        title=_("Take %(name)s into the plan again", name=name),
        done=_("%(name)s is in the plan again.", name=name),
        back=url_for("projects.milestone", key=project.key, milestone_id=found.id),
    )


def can_be(found: Milestone, project: Project) -> set[str]:
    """What can be done to the shape of the plan around a milestone."""
    if project.has_ended:
        return set()
    if found.state is MilestoneState.SKIPPED:
        return {"restored"}
    can = set()
    if found.state is not MilestoneState.DONE:
        can.add("shaped")
        if found.workdays > 1 and found.state is not MilestoneState.BLOCKED:
            can.add("split")
    if (found.state, MilestoneAct.SKIP) in NEXT and found.started_on is None:
        can.add("skipped")
    return can


def _do(
    project: Project, found: Milestone, verb: Callable[[], object], *, title: str, done: str, back: str
) -> Page:
    return do_to_milestone(
        project, found, verb, facts=_facts(found), title=title, done=done, back=back, ask=True
    )


def _by() -> dict[str, Any]:  # Any: an id and an instant
    return {"actor_id": viewer().user_id, "at": clock.now()}


def _facts(found: Milestone) -> dict[str, str]:
    """How a milestone is planned, in words: for a form to carry, so that nobody overwrites it unseen."""
    return {
        _("Length"): str(found.workdays),
        _("Whose days"): days_of_words()[found.days_of],
        _("Not before"): day(found.not_before_on),
        _("Not after"): day(found.not_after_on),
        _("Exactly on"): day(found.exactly_on),
        _("Left out because"): found.skip_reason or _("nothing"),
        _("Links"): str(len(found.links)),
    }


def _loaded(found: Milestone) -> str:
    return clashes.kept_facts(_facts(found))


def _shape_page(
    project: Project,
    found: Milestone,
    *,
    shape_form: forms.Shape | None = None,
    link_form: forms.AddLink | None = None,
) -> dict[str, Any]:  # Any: values for the page
    by_id = {one.id: one for one in project.milestones}
    return {
        "project": project,
        "milestone": found,
        "loaded": _loaded(found),
        "links": [(one, by_id[one.predecessor_id], wait_words(one)) for one in found.links],
        "shape_form": shape_form or _shape_form(found, empty=True),
        "link_form": link_form or _link_form(project, found, empty=True),
    }


def _shape_url(project: Project, found: Milestone) -> str:
    return url_for("projects.shape", key=project.key, milestone_id=found.id)


def _shape_form(found: Milestone, *, empty: bool = False) -> forms.Shape:
    known = {
        "workdays": found.workdays,
        "days_of": found.days_of.value,
        "not_before": found.not_before_on,
        "not_after": found.not_after_on,
        "exactly": found.exactly_on,
    }
    form = forms.Shape(formdata=None, data=known) if empty else forms.Shape(data=known)
    if empty:
        form.load(found.version)
    form.days_of.choices = [(whose.value, words) for whose, words in days_of_words().items()]
    return form


def _link_form(project: Project, found: Milestone, *, empty: bool = False) -> forms.AddLink:
    form = forms.AddLink(formdata=None) if empty else forms.AddLink()
    form.predecessor.choices = [
        (one.id, localized(one.name)) for one in project.planned if one.id != found.id
    ]
    form.kind.choices = [(kind.value, words) for kind, words in link_words().items()]
    form.unit.choices = [(unit.value, words) for unit, words in lag_words().items()]
    return form


def _add_form(project: Project) -> forms.AddMilestone:
    form = forms.AddMilestone(audience=Audience.CUSTOMER.value)
    named = [(one.id, localized(one.name)) for one in project.planned]
    still_open = [
        (one.id, localized(one.name)) for one in project.planned if one.state is not MilestoneState.DONE
    ]
    form.days_of.choices = [(whose.value, words) for whose, words in days_of_words().items()]
    form.after.choices = [(0, _("Nothing: it may begin with the plan")), *named]
    form.before.choices = [(0, _("Nothing")), *still_open]
    form.team.choices = [(team.value, words) for team, words in team_words().items()]
    form.audience.choices = [(seen.value, words) for seen, words in audience_words().items()]
    visits = visit_words().items() if project.state is ProjectState.LIVE else ()
    form.visit.choices = [("", _("No visit")), *((kind.value, words) for kind, words in visits)]
    return form


def _names(english: str | None, german: str | None) -> dict[str, str]:
    return {"en": english or "", "de": german or ""}
