"""Questions about lists that people keep."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, remembered
from concierge.platform.errors import NotFound
from concierge.projects.models import SavedView
from concierge.projects.queries.filtering import Filter, filter_from
from concierge.projects.queries.listing import counts_of

MOST_SHOWN = 8
"""Views that the sidebar shows."""


class Kept(NamedTuple):
    """A view as lists of views show it."""

    id: int
    name: str
    query: str
    is_shared: bool
    owner_id: int
    owner: str


_KEPT = (
    sa.select(
        SavedView.id, SavedView.name, SavedView.query, SavedView.is_shared, SavedView.owner_id, User.name
    )
    .join(User, User.id == SavedView.owner_id)
    .where(
        sa.or_(
            SavedView.owner_id == sa.bindparam("viewer_id"),
            sa.and_(SavedView.is_shared, sa.bindparam("sees_all", type_=sa.Boolean)),
        )
    )
    .order_by(SavedView.owner_id != sa.bindparam("viewer_id"), SavedView.name, SavedView.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def views_of(viewer: Viewer, *, most: int = 400) -> Sequence[Kept]:
    """The views that a person sees: their own by name, then those that others share.

    Names tell of customers and plans, so only who may see the whole list sees what is shared of it.
    """
    values = {"viewer_id": viewer.user_id, "sees_all": viewer.sees_all_projects, "most": most}
    return [Kept._make(row) for row in db.session.connection().execute(_KEPT, values)]


def views_with_counts(viewer: Viewer) -> Sequence[tuple[Kept, Filter, int]]:
    """The first views that a person sees, each with its filter and how many projects are in it now."""

    def ask() -> Sequence[tuple[Kept, Filter, int]]:
        views = views_of(viewer, most=MOST_SHOWN)
        filters = [filter_from(view.query) for view in views]
        return list(zip(views, filters, counts_of(viewer, filters), strict=True))

    return remembered(("views with counts", viewer.user_id), ask)


def view_for_change(viewer: Viewer, view_id: int) -> SavedView:
    """A view that the viewer keeps.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    view = db.session.get(SavedView, view_id)
    if view is None or view.owner_id != viewer.user_id:
        raise NotFound
    return view
