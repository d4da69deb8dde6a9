"""Editing the draft of a playbook's next version, by several people at once."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue import checking, contents, queries
from concierge.catalogue.actions.playbooks import Content, content_of, draft_playbook
from concierge.catalogue.actions.products import KEY
from concierge.catalogue.contents import COLLECTIONS, Contents, LinkPart, MilestonePart, Part
from concierge.catalogue.events import (
    PlaybookChosen,
    PlaybookDiscarded,
    PlaybookDrafted,
    PlaybookEdited,
)
from concierge.catalogue.models import Playbook, PlaybookVersion, Product
from concierge.catalogue.states import PlaybookState, ProductKind
from concierge.core.schedule import DRIVERS
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.platform.events import record

MOST = {"milestones": 200, "items": 500, "messages": 100, "fields": 60, "courses": 40}
"""How many parts of a kind a playbook may have."""


RESERVED = DRIVERS | {"new"}
"""Keys that no part may have: addresses and the schedule use these words themselves."""
RESERVED_PLAYBOOKS = frozenset({"new", "import"})
_IN_ASCII = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}


class EditedMeanwhile(Stale):
    """Somebody else changed the same part while it was being edited; `theirs` is what is saved, None: removed."""

    def __init__(self, theirs: Part | None) -> None:
        super().__init__(
            _("Somebody else changed this in the meantime. Look at both values, then save again.")
        )
        self.theirs = theirs


def start_playbook(*, key: str, name: str, actor_id: int | None, at: datetime) -> PlaybookVersion:
    """Begin a playbook from nothing, with a first draft.

    :raises Refused: when the key is no key, is taken, or the name is empty.
    """
    _refuse_key(key)
    if not name.strip():
        raise Refused(_("Give the playbook a name."))
    if queries.playbooks_by_key([key]):
        raise Refused(_("There is already a playbook “%(key)s”. Choose another key.", key=key))
    version = draft_playbook(key, name=name, content=Content(milestones=()))
    _record_draft(version, source="nothing", actor_id=actor_id, at=at)
    return version


def start_draft(key: str, *, number: int | None, actor_id: int | None, at: datetime) -> PlaybookVersion:
    """Begin the next version as a copy of one, the newest when no number is given.

    :raises NotFound: when there is no such version.
    :raises Refused: when a draft is open already.
    """
    values = queries.contents_of(key, number=number)
    source = queries.version_number(key, number=number)
    version = draft_playbook(key, name=values.name, content=content_of(values))
    _record_draft(version, source=f"version {source}", actor_id=actor_id, at=at)
    return version


def import_draft(values: Contents, *, actor_id: int | None, at: datetime) -> PlaybookVersion:
    """Begin the next version of the playbook that a file is of, or the playbook itself.

    :raises Refused: when the key is no key or a draft is open already.
    """
    _refuse_key(values.key)
    if not values.name:
        raise Refused(_("Give the playbook a name."))
    for collection, most in MOST.items():
        if len(values.parts(collection)) > most:
            raise Refused(_too_many(most))
    version = draft_playbook(values.key, name=values.name, content=content_of(values))
    version.playbook.name = values.name
    _record_draft(version, source="file", actor_id=actor_id, at=at)
    return version


def discard_draft(key: str, *, actor_id: int | None, at: datetime) -> None:
    """Throw a draft away; a playbook that never had another version goes with it.

    :raises NotFound: when there is no draft.
    """
    version = _draft(key)
    record(
        PlaybookDiscarded(at=at, actor_id=actor_id, playbook_id=version.playbook_id, number=version.number)
    )
    db.session.execute(sa.delete(PlaybookVersion).where(PlaybookVersion.id == version.id))
    others = sa.select(PlaybookVersion.id).where(PlaybookVersion.playbook_id == version.playbook_id)
    used = sa.select(Product.id).where(Product.playbook_id == version.playbook_id)
    if db.session.scalar(others.limit(1)) is None and db.session.scalar(used.limit(1)) is None:
        db.session.execute(sa.delete(Playbook).where(Playbook.id == version.playbook_id))
    db.session.expunge_all()


def describe(
    key: str, *, name: str, note: str, basis: str, actor_id: int | None, at: datetime
) -> PlaybookVersion:
    """Give the playbook another name, and its draft another note.

    :param basis: fingerprint of name and note as the editor saw them.
    :raises EditedMeanwhile: when somebody else changed them.
    :raises Refused: when the name is empty.
    """
    version = _draft(key)
    if basis != about_basis(version.playbook.name, version.note):
        raise EditedMeanwhile(None)
    if not name.strip():
        raise Refused(_("Give the playbook a name."))
    version.playbook.name, version.note = name, note
    _record_edit(version, "about", key, "changed", actor_id=actor_id, at=at)
    return version


def about_basis(name: str, note: str) -> str:
    """The fingerprint of a playbook's name and a draft's note."""
    return contents.fingerprint({"name": name, "note": note})


def put_part(
    key: str,
    collection: str,
    part: Part,
    *,
    replaces: str = "",
    basis: str = "",
    actor_id: int | None,
    at: datetime,
) -> Part:
    """Add a part to a draft, or put it in the place of the one with the key `replaces`.

    :param basis: fingerprint of the part as the editor saw it, when it replaces one.
    :raises EditedMeanwhile: when the part is not what the editor saw any more.
    :raises Refused: when the key is taken, milestones would wait in a circle (it is named), or there are too many.
    """
    version = _draft(key)
    rows = _rows(version, collection)
    known = {row.key if collection != "courses" else row.code: row for row in rows}
    kind = COLLECTIONS[collection]
    if replaces:
        row = known.get(replaces)
        theirs = None if row is None else contents.part_of(kind, row)
        if theirs is None or contents.fingerprint(theirs) != basis:
            raise EditedMeanwhile(theirs)
        if theirs == part:
            return part
    elif len(rows) >= MOST[collection]:
        raise Refused(_too_many(MOST[collection]))
    if part.key != replaces and part.key in known:
        raise Refused(_("“%(key)s” stands in this playbook already. Choose another key.", key=part.key))
    _refuse_circle(version, part, replaces)
    if replaces:
        contents.write_into(known[replaces], part)
    else:
        _add(version, collection, contents.row_of(part), rows)
    db.session.flush()
    _record_edit(version, collection, part.key, "changed" if replaces else "added", actor_id=actor_id, at=at)
    return part


def remove_part(
    key: str, collection: str, part_key: str, *, actor_id: int | None, at: datetime
) -> tuple[str, ...]:
    """Take a part out of a draft; milestones that waited for it wait for what it waited for.

    :returns: the keys of milestones whose links changed.
    :raises NotFound: when it is not there.
    """
    version = _draft(key)
    rows = _rows(version, collection)
    row = _one(rows, collection, part_key)
    followers = _bridge(rows, row) if collection == "milestones" else ()
    db.session.delete(row)
    left = [one for one in rows if one is not row]
    _number(collection, left)
    db.session.flush()
    _record_edit(version, collection, part_key, "removed", actor_id=actor_id, at=at)
    return followers


def move_part(
    key: str, collection: str, part_key: str, *, to: int, actor_id: int | None, at: datetime
) -> None:
    """Put a part at another place among its like.

    :param to: the place, counted from 0; beyond the end is the end.
    :raises NotFound: when it is not there.
    :raises Refused: when its like have no order.
    """
    if collection == "courses":
        raise Refused(_("Courses have no order."))
    version = _draft(key)
    rows = _rows(version, collection)
    row = _one(rows, collection, part_key)
    others = [one for one in rows if one is not row]
    others.insert(max(0, min(to, len(others))), row)
    if others == rows:
        return
    _number(collection, others)
    db.session.flush()
    _record_edit(version, collection, part_key, "moved", actor_id=actor_id, at=at)


def use_for(key: str, product_key: str, *, actor_id: int | None, at: datetime) -> Product:
    """Let orders of an instrument be planned by this playbook from now on; running projects keep theirs.

    :raises NotFound: when there is no such playbook.
    :raises Refused: when there is no such instrument, or it uses the playbook already.
    """
    playbook = queries.playbooks_by_key([key]).get(key)
    if playbook is None:
        raise NotFound
    product = db.session.scalar(
        sa.select(Product).where(Product.key == product_key, Product.kind == ProductKind.INSTRUMENT)
    )
    if product is None:
        raise Refused(_("Choose one of the instruments in the list."))
    if product.playbook_id == playbook.id:
        raise Refused(_("%(name)s uses this playbook already.", name=product.name))
    before, product.playbook_id = product.playbook_id, playbook.id
    db.session.flush()
    record(
        PlaybookChosen(
            at=at,
            actor_id=actor_id,
            product_id=product.id,
            playbook_id=playbook.id,
            playbook_before_id=before,
        )
    )
    return product


def key_from(name: str, *, taken: Collection[str]) -> str:
    """A key that says what a name says: small letters, digits and dashes; numbered when it is taken."""
    simple = (
        unicodedata.normalize("NFKD", name.translate(_IN_ASCII)).encode("ascii", "ignore").decode().casefold()
    )
    key = re.sub(r"[^a-z0-9]+", "-", simple).strip("-")[:50].strip("-") or "part"
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}-{number}"
    return found


def _refuse_key(key: str) -> None:
    if not KEY.fullmatch(key) or len(key) > 60 or key in RESERVED_PLAYBOOKS:
        raise Refused(_("“%(key)s” is not a key. Use small letters, digits and single dashes.", key=key[:60]))


def _too_many(most: int) -> str:
    return _("A playbook has at most %(most)d of these. Take some out first.", most=most)


def _draft(key: str) -> PlaybookVersion:
    """The open draft, whole and locked until the end of the unit of work."""
    draft_id = db.session.scalar(
        sa.select(PlaybookVersion.id)
        .join(PlaybookVersion.playbook)
        .where(Playbook.key == key, PlaybookVersion.state == PlaybookState.DRAFT)
        .with_for_update(of=PlaybookVersion)
    )
    if draft_id is None:
        raise NotFound(_("There is no open draft of this playbook. Begin one from a version."))
    return queries.version_for_change(draft_id)


def _rows(version: PlaybookVersion, collection: str) -> list[Any]:  # Any: rows of one table, see ROWS
    if collection == "courses":
        return list(queries.courses_of(version.id))
    return list(getattr(version, collection))


def _one(rows: list[Any], collection: str, part_key: str) -> Any:  # Any: see _rows
    name = "code" if collection == "courses" else "key"
    found = next((row for row in rows if getattr(row, name) == part_key), None)
    if found is None:
        raise NotFound(_("That is no longer in the draft. Somebody took it out."))
    return found


def _refuse_circle(version: PlaybookVersion, part: Part, replaces: str) -> None:
    if not isinstance(part, MilestonePart):
        return
    values = contents.of_version(version, ())
    others = [one for one in values.milestones if one.key != (replaces or part.key)]
    whole = replace(values, milestones=(*others, part))
    circle = checking.circle_of(whole.milestones)
    if circle:
        raise Refused(checking.circle_sentence(whole, circle))


def _add(version: PlaybookVersion, collection: str, row: Any, rows: list[Any]) -> None:  # Any: see _rows
    row.version_id = version.id
    place = len(rows)
    if collection == "milestones" and row.links:
        waits = {link.predecessor_key for link in row.links}
        place = max((number + 1 for number, one in enumerate(rows) if one.key in waits), default=place)
    rows.insert(place, row)
    _number(collection, rows)
    db.session.add(row)


def _number(collection: str, rows: list[Any]) -> None:  # Any: see _rows
    if collection != "courses":
        for position, row in enumerate(rows):
            row.position = position


def _bridge(rows: list[Any], gone: Any) -> tuple[str, ...]:  # Any: see _rows
    """Let what waited for a milestone wait for what that one waited for, if it did not already."""
    changed = []
    for row in rows:
        kept = [contents.part_of(LinkPart, link) for link in row.links if link.predecessor_key != gone.key]
        if row is gone or len(kept) == len(row.links):
            continue
        known = {link.predecessor_key for link in kept}
        kept += [contents.part_of(LinkPart, link) for link in gone.links if link.predecessor_key not in known]
        row.links = [contents.row_of(link) for link in kept]
        changed.append(row.key)
    return tuple(changed)


def _record_draft(version: PlaybookVersion, *, source: str, actor_id: int | None, at: datetime) -> None:
    record(
        PlaybookDrafted(
            at=at,
            actor_id=actor_id,
            playbook_id=version.playbook_id,
            version_id=version.id,
            number=version.number,
            source=source,
        )
    )


def _record_edit(
    version: PlaybookVersion, collection: str, key: str, act: str, *, actor_id: int | None, at: datetime
) -> None:
    record(
        PlaybookEdited(
            at=at,
            actor_id=actor_id,
            playbook_id=version.playbook_id,
            version_id=version.id,
            collection=collection,
            key=key,
            act=act,
        )
    )
