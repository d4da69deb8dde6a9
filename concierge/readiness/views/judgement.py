"""Letting answers count and giving them back."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.readiness import forms, queries
from concierge.readiness.actions import judging
from concierge.readiness.views.blueprint import Page, bp
from concierge.readiness.views.item import item_again, same_version


@bp.post("/projects/<key>/readiness/<int:item_id>/acceptance")
@requires(Permission.ANSWER_CHECKLISTS)
def accept(key: str, item_id: int) -> Page:
    """Let an answer count."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.AcceptForm()
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    with unit_of_work():
        same_version(asked, form.version.data)
        judging.accept_item(
            asked, note=form.accept_comment.data or "", at=clock.now(), actor_id=viewer().user_id
        )
    flash(_("The answer was accepted."))
    return redirect(url_for("readiness.checklist", key=key, _anchor=f"item-{item_id}"), code=303)


@bp.post("/projects/<key>/readiness/<int:item_id>/reopening")
@requires(Permission.ANSWER_CHECKLISTS)
def reopen(key: str, item_id: int) -> Page:
    """Ask for an item again."""
    project, asked = queries.item_for(viewer(), key, item_id)
    form = forms.ReopenForm()
    if not form.validate_on_submit():
        return item_again(project, asked, form)
    with unit_of_work():
        same_version(asked, form.version.data)
        judging.return_item(asked, reason=form.reason.data or "", at=clock.now(), actor_id=viewer().user_id)
    flash(_("The point is open again."))
    return redirect(url_for("readiness.item", key=key, item_id=item_id), code=303)
