"""Parts of the world, and who serves them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.workforce.calendars import is_country
from concierge.workforce.events import TerritoryAdded, TerritoryChanged, TerritoryRemoved
from concierge.workforce.models import ServedTerritory, Technician, Territory, TerritoryPart

Part = tuple[str, str]
"""Country (ISO 3166-1 alpha-2) and subdivision (ISO 3166-2 without the country; empty: all of it)."""


class NameTaken(Refused):
    """There is a territory of that name already."""


def add(
    name: str, *, parts: Iterable[Part] = (), least: int = 0, at: datetime, actor_id: int | None
) -> Territory:
    """Let there be a territory.

    :param least: how many of its technicians have to be there on a working day.
    :raises NameTaken: when there is one of that name.
    :raises Refused: when a part names no country.
    """
    territory = Territory(name=name.strip(), least=least)
    _refuse_taken(territory)
    wanted = _checked(parts)
    db.session.add(territory)
    db.session.flush()
    _put_parts(territory, wanted)
    record(TerritoryAdded(at=at, actor_id=actor_id, territory_id=territory.id, name=territory.name))
    return territory


def change(
    territory: Territory, *, name: str, parts: Iterable[Part], least: int, at: datetime, actor_id: int | None
) -> None:
    """Call a territory otherwise, give it other parts, or let it need other people; its technicians stay.

    :raises NameTaken: when there is one of that name.
    :raises Refused: when a part names no country.
    """
    name_before = territory.name
    territory.name, territory.least = name.strip(), least
    _refuse_taken(territory)
    wanted = _checked(parts)
    if territory.name != name_before:
        for technician in db.session.scalars(select(Technician).where(Technician.territory == name_before)):
            technician.territory = territory.name
    db.session.flush()
    _put_parts(territory, wanted)
    record(
        TerritoryChanged(
            at=at,
            actor_id=actor_id,
            territory_id=territory.id,
            name_before=name_before,
            name=territory.name,
        )
    )


def remove(territory: Territory, *, at: datetime, actor_id: int | None) -> None:
    """Remove a territory that is nobody's home.

    :raises Refused: when it is somebody's home.
    """
    count = db.session.scalar(select(func.count(Technician.id)).where(Technician.territory == territory.name))
    if count:
        raise Refused(
            _("%(name)s is the home of technicians. Give them another home first.", name=territory.name)
        )
    territory_id, name = territory.id, territory.name
    for row in (
        *db.session.scalars(select(TerritoryPart).where(TerritoryPart.territory_id == territory_id)),
        *db.session.scalars(select(ServedTerritory).where(ServedTerritory.territory_id == territory_id)),
    ):
        db.session.delete(row)
    db.session.flush()
    db.session.delete(territory)
    db.session.flush()
    record(TerritoryRemoved(at=at, actor_id=actor_id, territory_id=territory_id, name=name))


def serve(technician: Technician, territory_ids: Collection[int]) -> bool:
    """Let a technician serve these territories besides their home; whether that is anything new.

    :raises NotFound: when one of them is gone.
    """
    known = set(db.session.scalars(select(Territory.id).where(Territory.id.in_(territory_ids))))
    if known != set(territory_ids):
        raise NotFound
    rows = db.session.scalars(
        select(ServedTerritory).where(ServedTerritory.technician_id == technician.id)
    ).all()
    before = {row.territory_id for row in rows}
    for row in rows:
        if row.territory_id not in known:
            db.session.delete(row)
    for territory_id in sorted(known - before):
        db.session.add(ServedTerritory(technician_id=technician.id, territory_id=territory_id))
    db.session.flush()
    db.session.expire(technician, ["served"])
    return before != known


def territory_for_change(territory_id: int) -> Territory:
    """Find a territory, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    territory = db.session.scalar(
        select(Territory)
        .where(Territory.id == territory_id)
        .with_for_update(of=Territory)
        .execution_options(populate_existing=True)
    )
    if territory is None:
        raise NotFound
    return territory


def _refuse_taken(territory: Territory) -> None:
    if not territory.name:
        raise Refused(_("Enter a name."))
    with db.session.no_autoflush:
        other = db.session.scalar(
            select(Territory.id).where(
                func.lower(Territory.name) == territory.name.lower(), Territory.id != (territory.id or 0)
            )
        )
    if other is not None:
        raise NameTaken(
            _("There is a territory “%(name)s” already. Choose another name.", name=territory.name)
        )


def _checked(parts: Iterable[Part]) -> frozenset[Part]:
    wanted = frozenset((country.strip().upper(), part.strip().upper()) for country, part in parts)
    for country, _part in wanted:
        if not is_country(country):
            raise Refused(_("“%(code)s” is no country. Use its two letters, such as CH or JP.", code=country))
    return wanted


def _put_parts(territory: Territory, wanted: Collection[Part]) -> None:
    rows = db.session.scalars(select(TerritoryPart).where(TerritoryPart.territory_id == territory.id)).all()
    before = {(row.country, row.subdivision): row for row in rows}
    for part, row in before.items():
        if part not in wanted:
            db.session.delete(row)
    for country, subdivision in sorted(set(wanted) - before.keys()):
        db.session.add(TerritoryPart(territory_id=territory.id, country=country, subdivision=subdivision))
    db.session.flush()
    db.session.expire(territory, ["parts"])
