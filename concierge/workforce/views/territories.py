"""The territories: which part of the world each covers, and how many people it needs."""

from http import HTTPStatus
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import Met, meet
from concierge.platform.database import unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.workforce import forms, queries
from concierge.workforce.actions import territories as actions
from concierge.workforce.models import Territory
from concierge.workforce.views.blueprint import Page, bp

FORM = "workforce/territory.html"


@bp.get("/territories")
@requires(Permission.SEE_PEOPLE)
def territories() -> Page:
    """List the territories."""
    return render_template(
        "workforce/territories.html",
        territories=queries.territories(),
        sizes=queries.team_sizes(),
        may_edit=viewer().may(Permission.MANAGE_WORKFORCE),
    )


@bp.route("/territories/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def new_territory() -> Page:
    """Add a territory."""
    form = forms.TerritoryForm()
    if not form.validate_on_submit():
        return _shown(form, None)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("workforce.territories")
        actions.add(
            form.name.data or "",
            parts=form.part_codes,
            least=form.least.data or 0,
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    return redirect(outcome.led_to, code=303)


@bp.route("/territories/<int:territory_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def edit_territory(territory_id: int) -> Page:
    """Call a territory otherwise, give it other parts, or let it need other people."""
    territory = queries.territory(territory_id)
    form = forms.TerritoryForm(data=_as_it_is(territory))
    if not form.is_submitted():
        form.load(territory.version)
    if not form.validate_on_submit():
        return _shown(form, territory)
    theirs = forms.TerritoryForm(formdata=None, data=_as_it_is(territory))
    by = people.last_change(territory_id=territory.id)
    if met := meet(form, theirs, version=territory.version, by=by, zone=viewer().zone):
        return _shown(form, territory, met)
    at = clock.now()
    with (
        unit_of_work(),
        undo.undoable(actor_id=viewer().user_id, at=at, needs=Permission.MANAGE_WORKFORCE.value) as act,
    ):
        actions.change(
            actions.territory_for_change(territory_id),
            name=form.name.data or "",
            parts=form.part_codes,
            least=form.least.data or 0,
            actor_id=viewer().user_id,
            at=at,
        )
    undo.tell(act, _("Saved."))
    return redirect(url_for("workforce.territories"), code=303)


@bp.post("/territories/<int:territory_id>/removal")
@requires(Permission.MANAGE_WORKFORCE)
def remove_territory(territory_id: int) -> Page:
    """Remove a territory that is nobody's home."""
    at = clock.now()
    with (
        unit_of_work(),
        undo.undoable(actor_id=viewer().user_id, at=at, needs=Permission.MANAGE_WORKFORCE.value) as act,
    ):
        actions.remove(actions.territory_for_change(territory_id), actor_id=viewer().user_id, at=at)
    undo.tell(act, _("The territory is removed."))
    return redirect(url_for("workforce.territories"), code=303)


def _shown(form: forms.TerritoryForm, territory: Territory | None, met: Met | None = None) -> Page:
    context: dict[str, Any] = {"territory": territory, "met": met}  # Any: values for the page
    if form.is_submitted() and met is None:
        return show_again(FORM, form, **context)
    page = render_template(FORM, form=form, **context)
    return (page, HTTPStatus.CONFLICT) if met is not None else page


def _as_it_is(territory: Territory) -> dict[str, object]:
    return {
        "name": territory.name,
        "parts": ", ".join(
            f"{part.country}-{part.subdivision}" if part.subdivision else part.country
            for part in territory.parts
        ),
        "least": territory.least,
    }
