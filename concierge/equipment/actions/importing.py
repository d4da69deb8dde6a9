"""Taking an installed base over from a sheet: first what each row would do, then each row by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.catalogue.queries import LineNames, candidates_for, products_for
from concierge.catalogue.states import ProductKind
from concierge.equipment import queries
from concierge.equipment.actions import keeping
from concierge.equipment.actions.sheet import SheetRow
from concierge.equipment.models import Asset
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.words import listed


class Outcome(StrEnum):
    """What a row does."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What one row does, and why; for a refused one, what to do about it."""

    number: int
    account: str
    serial: str
    outcome: Outcome
    says: tuple[str, ...] = ()
    asset_id: int | None = None

    def as_json(self) -> dict[str, Any]:  # Any: plain values
        """As plain values."""
        return {
            "row": self.number,
            "account": self.account,
            "serial": self.serial,
            "outcome": self.outcome.value,
            "says": list(self.says),
            "asset_id": self.asset_id,
        }


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a row means here."""

    site: Site | None
    product: Product | None
    asset: Asset | None
    faults: tuple[str, ...]


def plan_rows(rows: Sequence[SheetRow]) -> tuple[RowPlan, ...]:
    """What each row would do. Changes nothing."""
    accounts, products = _accounts(rows), _products(rows)
    twice = repeated(rows)
    return tuple(_planned(row, _meant(row, accounts, products, twice=twice)) for row in rows)


def import_row(row: SheetRow, *, twice: frozenset[int], at: datetime, actor_id: int | None) -> RowPlan:
    """Enter the instrument of a row, or correct what is known of it; what is known already changes nothing.

    :param twice: the numbers of rows whose serial number an earlier row of the sheet has.
    """
    meant = _meant(row, _accounts([row]), _products([row]), twice=twice)
    plan = _planned(row, meant)
    if plan.outcome in {Outcome.REFUSED, Outcome.SAME} or meant.site is None:
        return plan
    try:
        if meant.asset is None:
            made = keeping.add_asset(
                site=meant.site,
                product=meant.product,
                name=row.name or (meant.product.name if meant.product else ""),
                serial=row.serial,
                place=row.place,
                options=row.options,
                software=_software(row),
                installed_on=row.installed,
                warranty_to=row.warranty_to,
                note=row.note,
                at=at,
                actor_id=actor_id,
            )
            return replace(plan, asset_id=made.id)
        keeping.change_asset(meant.asset, at=at, actor_id=actor_id, **_differing(row, meant.asset))
    except Refused as refusal:
        return replace(plan, outcome=Outcome.REFUSED, says=(refusal.sentence,))
    return plan


def _planned(row: SheetRow, meant: _Meant) -> RowPlan:
    if meant.faults:
        return RowPlan(row.number, row.account, row.serial, Outcome.REFUSED, meant.faults)
    if meant.asset is None:
        return RowPlan(row.number, row.account, row.serial, Outcome.NEW)
    outcome = Outcome.CHANGED if _differing(row, meant.asset) else Outcome.SAME
    return RowPlan(row.number, row.account, row.serial, outcome, asset_id=meant.asset.id)


def _meant(
    row: SheetRow, accounts: dict[str, Account], products: dict[str, Product | None], *, twice: frozenset[int]
) -> _Meant:
    faults = list(row.faults)
    account = accounts.get(row.account.casefold())
    site = None
    if row.account and account is None:
        faults.append(
            _("There is no customer “%(name)s”. Add them first, or correct the name.", name=row.account)
        )
    elif account is not None:
        site, fault = _site(row, account)
        faults += [fault] if fault else []
    product = products.get(row.product) if row.product else None
    if row.product and product is None:
        faults.append(
            _(
                "Nobody knows the product “%(name)s”. Is it one of these: %(known)s?",
                name=row.product,
                known=listed(_like(row.product)),
            )
        )
    if row.number in twice:
        faults.append(
            _("The serial number %(serial)s stands on an earlier row already. Keep one.", serial=row.serial)
        )
    asset = None
    if not faults and site is not None:
        asset = queries.standing(product.id if product else None, row.serial)
        if asset is not None and asset.site_id != site.id:
            faults.append(
                _(
                    "%(serial)s of this product stands at %(account)s, %(site)s already. "
                    "Move or remove it there, or correct the number.",
                    serial=row.serial,
                    account=asset.site.account.name,
                    site=asset.site.name,
                )
            )
    return _Meant(site, product, asset, tuple(faults))


def _like(name: str) -> list[str]:
    """Names of the instruments that are called most like it."""
    found = (one.name for one in candidates_for(name, limit=60) if one.kind is ProductKind.INSTRUMENT)
    return list(islice(found, 3))


def _site(row: SheetRow, account: Account) -> tuple[Site | None, str]:
    if not row.site and len(account.sites) == 1:
        return account.sites[0], ""
    found = next((site for site in account.sites if site.name.casefold() == row.site.casefold()), None)
    if found is not None:
        return found, ""
    names = listed(site.name for site in account.sites[:6])
    if not account.sites:
        return None, _("%(account)s has no site yet. Add one first.", account=account.name)
    if not row.site:
        return None, _("Say at which site it stands: %(sites)s.", sites=names)
    return None, _(
        "%(account)s has no site “%(site)s”. Use one of: %(sites)s.",
        account=account.name,
        site=row.site,
        sites=names,
    )


def _differing(row: SheetRow, asset: Asset) -> dict[str, Any]:  # Any: values of columns
    """What a row says otherwise; a cell that is empty says nothing."""
    said: dict[str, Any] = {
        "name": row.name,
        "place": row.place,
        "installed_on": row.installed,
        "options": list(row.options),
        "software": _software(row),
        "note": row.note,
    }
    if row.warranty_to is not None:
        said["warranty_to"] = row.warranty_to
        said["warranty_from"] = asset.warranty_from or row.installed or asset.installed_on or row.warranty_to
    return {name: value for name, value in said.items() if value and value != getattr(asset, name)}


def _software(row: SheetRow) -> list[dict[str, str]]:
    return [{"name": name, "version": version} for name, version in row.software]


def _accounts(rows: Iterable[SheetRow]) -> dict[str, Account]:
    """Customers by what rows call them: their name or their letters."""
    called = {row.account for row in rows if row.account}
    names = {name.casefold() for name in called}
    found: dict[str, Account] = {}
    for account in db.session.scalars(
        sa.select(Account)
        .where(
            sa.or_(
                Account.name.in_(called),
                sa.func.lower(Account.name).in_(names),
                sa.func.lower(Account.key).in_(names),
            )
        )
        .options(selectinload(Account.sites))
        .order_by(Account.id.desc())
    ):
        found[account.key.casefold()] = account
        found[account.name.casefold()] = account
    return found


def _products(rows: Iterable[SheetRow]) -> dict[str, Product | None]:
    names = sorted({row.product for row in rows if row.product})
    by_alias = products_for([LineNames(seller_item_id=name, standard_id=name, name=name) for name in names])
    by_key = {
        key: product
        for product in db.session.scalars(
            sa.select(Product).where(Product.key.in_(names) | Product.name.in_(names))
        )
        for key in (product.key, product.name)
    }
    return {name: alias or by_key.get(name) for name, alias in zip(names, by_alias, strict=True)}


def repeated(rows: Iterable[SheetRow]) -> frozenset[int]:
    """The numbers of the rows whose product and serial number stand on an earlier row."""
    seen: set[tuple[str, str]] = set()
    found = set()
    for row in rows:
        key = ((row.product or row.name).casefold(), row.serial.casefold())
        if row.serial and key in seen:
            found.add(row.number)
        seen.add(key)
    return frozenset(found)
