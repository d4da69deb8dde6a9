"""Letting a project rest and go on, and saying by when the customer needs to go live."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.clashes import Edited, Met, meet
from concierge.platform.web import show_again
from concierge.projects import forms, queries
from concierge.projects.actions import holding, shaping
from concierge.projects.actions.delays import CLAIMED_BY_PEOPLE
from concierge.projects.models import Hold, Project
from concierge.projects.states import BlockCause, Counting, Party
from concierge.projects.verdict import block_words
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp
from concierge.projects.views.doing import do
from concierge.projects.words import party_words


@bp.route("/projects/<key>/hold", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def hold(key: str) -> Page:
    """Show whether a project rests and rested, and let it rest."""
    project = queries.project_by_key(viewer(), key)
    form = _hold_form(project)
    if not form.is_submitted():
        return render_template("projects/hold.html", **_page(project))
    if not form.validate():
        return show_again("projects/hold.html", form, **_page(project) | {"hold_form": form})
    return _do(
        project,
        lambda: holding.hold(
            project.id,
            cause=BlockCause(form.cause.data),
            party=Party(form.party.data),
            reason=form.reason.data or "",
            first_on=form.first_on.data or clock.today(project.site.zone),
            expected_on=form.expected_on.data,
            **_by(),
        ),
        title=_("Put the project on hold"),
        done=_("The project is on hold."),
    )


@bp.post("/projects/<key>/hold/expectation")
@requires(Permission.EDIT_PROJECTS)
def expect(key: str) -> Page:
    """Say when a project that rests is expected to go on now."""
    project = queries.project_by_key(viewer(), key)
    form = forms.ExpectResume()
    if not form.validate_on_submit():
        return show_again("projects/hold.html", form, **_page(project) | {"expect_form": form})
    if (resting := queries.open_hold(project.id)) and (
        met := _met(form, _expect_form(resting), version=resting.version, project=project)
    ):
        page = {**_page(project), "expect_form": form, "met": met}
        return render_template("projects/hold.html", **page), HTTPStatus.CONFLICT
    return _do(
        project,
        lambda: holding.expect(project.id, expected_on=form.expected_on.data, **_by()),
        title=_("Expect the project to go on on another day"),
        done=_("The plan counts with that day now."),
    )


@bp.post("/projects/<key>/hold/end")
@requires(Permission.EDIT_PROJECTS)
def resume(key: str) -> Page:
    """Let a project go on."""
    project = queries.project_by_key(viewer(), key)
    form = forms.Resume()
    if not form.validate_on_submit():
        return show_again("projects/hold.html", form, **_page(project) | {"resume_form": form})
    on = form.on.data or clock.today(project.site.zone)
    return _do(
        project,
        lambda: holding.resume(project.id, on=on, **_by()),
        title=_("Let the project go on"),
        done=_("The project goes on."),
    )


@bp.route("/projects/<key>/go-live", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def require_go_live(key: str) -> Page:
    """Say by when the customer needs to go live, and from which end the plan is counted."""
    project = queries.project_by_key(viewer(), key)
    form = _go_live_form(project)
    page = {"project": project, "today": clock.today(project.site.zone)}
    if not form.is_submitted():
        form.load(project.version)
        return render_template("projects/go_live.html", form=form, **page)
    if not form.validate():
        return show_again("projects/go_live.html", form, **page)
    if met := _met(form, _go_live_form(project, is_sent=False), version=project.version, project=project):
        return render_template("projects/go_live.html", form=form, met=met, **page), HTTPStatus.CONFLICT
    return _do(
        project,
        lambda: shaping.require_go_live(
            project.id, required_on=form.required_on.data, counting=Counting(form.counting.data), **_by()
        ),
        title=_("Require a go-live"),
        done=_("The plan follows the go-live now."),
    )


def _do(project: Project, verb: Callable[[], object], *, title: str, done: str) -> Page:
    return do(project, verb, title=title, done=done, back=url_for("home.project", key=project.key), ask=True)


def _met(mine: Edited, theirs: Edited, *, version: int, project: Project) -> Met | None:
    """What somebody else changed since the form was loaded; None when it can be done."""
    by = people.last_change(project_id=project.id)
    return meet(mine, theirs, version=version, by=by, zone=viewer().zone)


def _go_live_form(project: Project, *, is_sent: bool = True) -> forms.RequireGoLive:
    held = {"required_on": project.required_on, "counting": project.counting.value}
    form = forms.RequireGoLive(data=held) if is_sent else forms.RequireGoLive(formdata=None, data=held)
    form.counting.choices = [
        (Counting.FORWARD.value, _("Forward from the order: everything as early as it may be")),
        (Counting.BACKWARD.value, _("Back from the go-live: everything as late as it may be")),
    ]
    return form


def _expect_form(resting: Hold | None) -> forms.ExpectResume:
    """When work is expected to go on, as it is known."""
    form = forms.ExpectResume(formdata=None, data={"expected_on": resting.expected_on if resting else None})
    form.load(resting.version if resting else 0)
    return form


def _by() -> dict[str, Any]:  # Any: an id and an instant
    return {"actor_id": viewer().user_id, "at": clock.now()}


def _page(project: Project) -> dict[str, Any]:  # Any: values for the page
    today = clock.today(project.site.zone)
    rests = queries.holds_of(project.id)
    resting = next((one for one in rests if one.resumed_on is None), None)
    return {
        "project": project,
        "today": today,
        "rests": rests,
        "resting": resting,
        "causes": block_words(),
        "parties": _parties(),
        "hold_form": _hold_form(project, empty=True),
        "expect_form": _expect_form(resting),
        "resume_form": forms.Resume(formdata=None, data={"on": today}),
    }


def _parties() -> dict[Party, str]:
    """Who can ask for a hold."""
    return {party: words for party, words in party_words().items() if party in CLAIMED_BY_PEOPLE}


def _hold_form(project: Project, *, empty: bool = False) -> forms.PutOnHold:
    usual = {"first_on": clock.today(project.site.zone), "party": Party.CUSTOMER.value}
    form = forms.PutOnHold(formdata=None, data=usual) if empty else forms.PutOnHold(data=usual)
    form.party.choices = [(party.value, words) for party, words in _parties().items()]
    form.cause.choices = [(cause.value, words) for cause, words in block_words().items()]
    return form
