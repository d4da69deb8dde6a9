"""Pages about lists that people keep: save one, call it otherwise, share it, forget it."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects import forms, queries
from concierge.projects.actions import saving_views
from concierge.projects.views.blueprint import bp


@bp.get("/projects/views")
@requires(Permission.SEE_PROJECTS)
def views() -> str:
    """List the views that one sees."""
    kept = queries.views_of(viewer())
    return render_template(
        "projects/views.html",
        own=[view for view in kept if view.owner_id == viewer().user_id],
        shared=[view for view in kept if view.owner_id != viewer().user_id],
    )


@bp.get("/projects/views/new")
@requires(Permission.SEE_PROJECTS)
def new_view() -> str:
    """Ask how a list is to be called."""
    form = forms.SaveView(address=request.query_string.decode("utf-8", "replace"))
    return render_template("projects/save_view.html", form=form, view=None)


@bp.post("/projects/views")
@requires(Permission.SEE_PROJECTS)
def save_view() -> Response | tuple[str, int]:
    """Keep a list under a name."""
    form = forms.SaveView()
    if not form.validate_on_submit():
        return show_again("projects/save_view.html", form, view=None)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            view = saving_views.save_view(
                name=form.name.data or "",
                address=form.address.data or "",
                is_shared=form.is_shared.data,
                owner_id=viewer().user_id,
                at=clock.now(),
            )
            outcome.led_to = _to(view.query)
    except Refused as refused:
        form.name.errors = [refused.sentence]
        return show_again("projects/save_view.html", form, view=None)
    flash(_("The view “%(name)s” is kept.", name=view.name))
    return redirect(_to(view.query), code=303)  # type: ignore[return-value]  # werkzeug's class


@bp.get("/projects/views/<int:view_id>")
@requires(Permission.SEE_PROJECTS)
def edit_view(view_id: int) -> str:
    """Show how a view is called and who sees it."""
    view = queries.view_for_change(viewer(), view_id)
    form = forms.SaveView(name=view.name, is_shared=view.is_shared, address=view.query)
    return render_template("projects/save_view.html", form=form, view=view)


@bp.post("/projects/views/<int:view_id>")
@requires(Permission.SEE_PROJECTS)
def change_view(view_id: int) -> Response | tuple[str, int]:
    """Call a view otherwise, or share it."""
    form = forms.SaveView()
    view = queries.view_for_change(viewer(), view_id)
    if not form.validate_on_submit():
        return show_again("projects/save_view.html", form, view=view)
    try:
        with unit_of_work():
            view = queries.view_for_change(viewer(), view_id)
            saving_views.change_view(
                view, name=form.name.data or "", is_shared=form.is_shared.data, at=clock.now()
            )
    except Refused as refused:
        form.name.errors = [refused.sentence]
        return show_again("projects/save_view.html", form, view=queries.view_for_change(viewer(), view_id))
    flash(_("The view is called “%(name)s” now.", name=form.name.data))
    return redirect(url_for("projects.views"), code=303)  # type: ignore[return-value]  # werkzeug's class


@bp.post("/projects/views/<int:view_id>/deletion")
@requires(Permission.SEE_PROJECTS)
def delete_view(view_id: int) -> Response:
    """Forget a view."""
    with unit_of_work():
        saving_views.delete_view(queries.view_for_change(viewer(), view_id), at=clock.now())
    flash(_("The view is deleted; its projects are where they were."))
    return redirect(url_for("projects.views"), code=303)  # type: ignore[return-value]  # werkzeug's class


def _to(query: str) -> str:
    return "/projects?" + query if query else "/projects"
