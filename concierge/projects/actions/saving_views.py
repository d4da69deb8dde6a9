"""Lists of projects that people keep under a name, for themselves or for everybody."""

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.events import ViewChanged, ViewDeleted, ViewSaved
from concierge.projects.models import SavedView
from concierge.projects.queries.filtering import LONGEST_ADDRESS

MOST_VIEWS = 100
"""Views that one person keeps."""


def save_view(*, name: str, address: str, is_shared: bool, owner_id: int, at: datetime) -> SavedView:
    """Keep a list of projects under a name.

    :param address: the part of the list's address after the question mark.
    :raises Refused: when it has no name, the owner uses the name already or keeps too many, or the address is too long.
    """
    name = _name(name, owner_id=owner_id, besides=None)
    query = queries.filter_from(address).address(page=1)
    if len(query) > LONGEST_ADDRESS:
        raise Refused(_("This view has more filters than can be kept. Remove some, then save it."))
    count = sa.select(sa.func.count(SavedView.id)).where(SavedView.owner_id == owner_id)
    if (db.session.scalar(count) or 0) >= MOST_VIEWS:
        raise Refused(_("You keep %(count)s views. Delete one that you no longer need.", count=MOST_VIEWS))
    view = SavedView(owner_id=owner_id, name=name, query=query, is_shared=is_shared, made_at=at)
    db.session.add(view)
    db.session.flush()
    record(ViewSaved(at=at, actor_id=owner_id, view_id=view.id, name=view.name, is_shared=is_shared))
    return view


def change_view(view: SavedView, *, name: str, is_shared: bool, at: datetime) -> None:
    """Call a view otherwise, share it with everybody or keep it for its owner.

    :raises Refused: when it has no name, or the owner uses the name already.
    """
    view.name = _name(name, owner_id=view.owner_id, besides=view.id)
    view.is_shared = is_shared
    db.session.flush()
    record(ViewChanged(at=at, actor_id=view.owner_id, view_id=view.id, name=view.name, is_shared=is_shared))


def delete_view(view: SavedView, *, at: datetime) -> None:
    """Forget a view; the projects in it stay."""
    record(ViewDeleted(at=at, actor_id=view.owner_id, view_id=view.id, name=view.name))
    db.session.delete(view)


def _name(name: str, *, owner_id: int, besides: int | None) -> str:
    name = " ".join(name.split())[:60]
    if not name:
        raise Refused(_("Give the view a name."))
    same = sa.select(SavedView.id).where(SavedView.owner_id == owner_id, SavedView.name == name)
    if besides is not None:
        same = same.where(SavedView.id != besides)
    if db.session.scalar(same) is not None:
        raise Refused(_("You have a view called “%(name)s” already. Choose another name.", name=name))
    return name
