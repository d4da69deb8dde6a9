"""Keeping the installed base true: entering a unit, correcting what is known, moving and removing it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from concierge.accounts.models import Site
from concierge.catalogue.models import Product
from concierge.equipment import queries
from concierge.equipment.events import AssetAdded, AssetChanged, AssetMoved, AssetRemoved
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record


class StandsElsewhere(Refused):
    """Another unit of the product carries that serial number."""


def add_asset(
    *,
    site: Site,
    product: Product | None,
    name: str,
    serial: str = "",
    place: str = "",
    options: Collection[str] = (),
    software: Collection[Mapping[str, str]] = (),
    installed_on: date | None = None,
    warranty_to: date | None = None,
    note: str = "",
    at: datetime,
    actor_id: int | None,
) -> Asset:
    """Enter a unit that a customer has already.

    :param warranty_to: the last day of its warranty, which is taken to have begun when it was installed.
    :raises StandsElsewhere: when another unit of the product has the serial number.
    :raises Refused: when it has no name, or its warranty ends before it was installed.
    """
    if not name.strip():
        raise Refused(_("Give the instrument a name."))
    _refuse_dates(installed_on, warranty_to)
    refuse_twice(product.id if product else None, serial)
    asset = Asset(
        site_id=site.id,
        product_id=product.id if product else None,
        name=name,
        serial=serial,
        place=place,
        options=list(options),
        software=[dict(one) for one in software],
        state=AssetState.INSTALLED,
        installed_on=installed_on,
        warranty_from=(installed_on or warranty_to) if warranty_to else None,
        warranty_to=warranty_to,
        note=note,
        created_at=at,
    )
    db.session.add(asset)
    db.session.flush()
    record(
        AssetAdded(
            at=at,
            actor_id=actor_id,
            asset_id=asset.id,
            account_id=site.account_id,
            name=asset.name,
            serial=asset.serial,
            site_id=site.id,
        )
    )
    return asset


def change_asset(
    asset: Asset,
    *,
    version: int | None = None,
    project_id: int | None = None,
    at: datetime,
    actor_id: int | None,
    **values: Any,  # Any: values of the columns
) -> tuple[str, ...]:
    """Correct what is known of a unit; nothing changed records nothing.

    :param asset: with its site.
    :param values: any of name, serial, place, options, software, installed_on, warranty_from, warranty_to, note.
    :return: the names of what changed.
    :raises Stale: when somebody changed it since `version`.
    :raises StandsElsewhere: when another unit of the product has the serial number.
    :raises Refused: when it has no name, or its warranty ends before it begins.
    """
    expect_version(asset, version)
    new = {name: values[name] for name in CHANGEABLE if name in values}
    if not str(new.get("name", asset.name)).strip():
        raise Refused(_("Give the instrument a name."))
    serial = str(new.get("serial", asset.serial)).strip()
    if serial.casefold() != asset.serial.casefold():
        refuse_twice(asset.product_id, serial, besides=asset.id)
    begins = new.get("warranty_from", asset.warranty_from)
    ends = new.get("warranty_to", asset.warranty_to)
    if (begins is None) != (ends is None):
        raise Refused(_("Say both when the warranty begins and when it ends, or neither."))
    _refuse_dates(begins, ends)
    before = {name: getattr(asset, name) for name in new}
    for name, value in new.items():
        setattr(asset, name, value)
    changed = tuple(name for name in new if getattr(asset, name) != before[name])
    if not changed:
        return ()
    db.session.flush()
    record(
        AssetChanged(
            at=at,
            actor_id=actor_id,
            project_id=project_id,
            asset_id=asset.id,
            account_id=asset.site.account_id,
            name=asset.name,
            serial=asset.serial,
            changed=changed,
            serial_before=str(before.get("serial", asset.serial)),
        )
    )
    return changed


CHANGEABLE = (
    "name",
    "serial",
    "place",
    "options",
    "software",
    "installed_on",
    "warranty_from",
    "warranty_to",
    "note",
)


def move_asset(
    asset: Asset,
    *,
    site: Site,
    place: str,
    reason: str,
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Let a unit stand at another site of its owner; its clocks go on.

    :param asset: with its site.
    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when the site is another customer's, the unit is gone, or it stands there already.
    """
    expect_version(asset, version)
    _refuse_gone(asset)
    before = asset.site
    if site.account_id != before.account_id:
        raise Refused(
            _(
                "%(site)s belongs to another customer. Remove the instrument here, and add it there.",
                site=site.name,
            )
        )
    if site.id == before.id:
        raise Refused(
            _("It stands at %(site)s already. Choose another site, or correct its place.", site=site.name)
        )
    asset.site_id, asset.site, asset.place = site.id, site, place
    db.session.flush()
    record(
        AssetMoved(
            at=at,
            actor_id=actor_id,
            asset_id=asset.id,
            account_id=site.account_id,
            name=asset.name,
            serial=asset.serial,
            site_before_id=before.id,
            site_id=site.id,
            site_before=before.name,
            site=site.name,
            reason=reason,
        )
    )


def remove_asset(
    asset: Asset, *, on: date, reason: str, version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Say that a unit is gone; what is known of it stays.

    :param asset: with its site.
    :param on: the last day on which it stood there.
    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is gone already, or had not come yet on that day.
    """
    expect_version(asset, version)
    _refuse_gone(asset)
    if asset.installed_on is not None and on < asset.installed_on:
        raise Refused(_("It was installed after that day. Choose a later one."))
    asset.state, asset.removed_on, asset.removal_reason = AssetState.REMOVED, on, reason
    db.session.flush()
    record(
        AssetRemoved(
            at=at,
            actor_id=actor_id,
            asset_id=asset.id,
            account_id=asset.site.account_id,
            name=asset.name,
            serial=asset.serial,
            removed_on=on,
            reason=reason,
        )
    )


def refuse_twice(product_id: int | None, serial: str, *, besides: int | None = None) -> None:
    """Make sure that no other unit of a product carries a serial number; an empty one is nobody's.

    :raises StandsElsewhere: when one does.
    """
    other = queries.standing(product_id, serial, besides=besides) if serial.strip() else None
    if other is not None:
        raise StandsElsewhere(
            _(
                "%(serial)s of this product stands at %(account)s, %(site)s already. "
                "Move or remove it there, or correct the number.",
                serial=serial,
                account=other.site.account.name,
                site=other.site.name,
            )
        )


def expect_version(asset: Asset, version: int | None) -> None:
    """Make sure that nobody changed a unit since a form was opened; `None` checks nothing.

    :raises Stale: when somebody did.
    """
    if version is not None and version != asset.version:
        raise Stale(
            _(
                "Somebody else changed this instrument in the meantime. Load the page again, "
                "look at what is new, then repeat."
            )
        )


def _refuse_gone(asset: Asset) -> None:
    if asset.state is AssetState.REMOVED:
        raise Refused(_("The instrument is gone. Add it again if it has come back."))


def _refuse_dates(begins: date | None, ends: date | None) -> None:
    if begins is not None and ends is not None and ends < begins:
        raise Refused(_("The warranty ends before it begins. Correct one of the two days."))
