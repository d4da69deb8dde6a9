"""From an order to its project."""

from flask import redirect
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform.errors import NotFound
from concierge.projects import queries
from concierge.projects.views.blueprint import bp


@bp.get("/orders/<int:order_id>/project")
@requires(Permission.SEE_PROJECTS)
def of_order(order_id: int) -> Response:
    """Go to the project that an order became.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    project = queries.project_of_order(order_id)
    if project is None:
        raise NotFound(_("This order has no project. Import it again, or look for it in the list of orders."))
    return redirect(f"/projects/{queries.project_by_key(viewer(), project.key).key}", code=303)
