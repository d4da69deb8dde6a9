"""Keeping the stock true: units that come, change and go, and for whom they are kept."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from concierge.catalogue.models import Product
from concierge.enquiries.events import StockAdded, StockChanged, StockGone, StockReserved, SupplyTimeSet
from concierge.enquiries.models import StockReservation, StockUnit, SupplyTime
from concierge.enquiries.states import StockState
from concierge.orders.models import Order
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.projects.models import Project
from concierge.workforce.calendars import is_country

CHANGEABLE = ("serial", "options", "place", "country", "export_days", "available_on", "state", "note")
MOST_AT_ONCE = 50


def add_units(
    product: Product,
    *,
    count: int = 1,
    serial: str = "",
    options: Collection[str] = (),
    place: str = "",
    country: str,
    export_days: int = 0,
    available_on: date,
    state: StockState,
    note: str = "",
    at: datetime,
    actor_id: int | None,
) -> list[StockUnit]:
    """Enter units that are with us or announced.

    :raises Refused: when a serial number is given for several, or is known already, or a value is not possible.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise Refused(_("Enter between 1 and %(most)d units at once.", most=MOST_AT_ONCE))
    if serial.strip() and count > 1:
        raise Refused(_("A serial number belongs to one unit. Enter one unit, or leave it empty."))
    _refuse_odd(country, export_days)
    refuse_twice(product, serial)
    rows = [
        StockUnit(
            product_id=product.id,
            product=product,
            serial=serial,
            options=sorted(options),
            place=place,
            country=country,
            export_days=export_days,
            available_on=available_on,
            state=state,
            note=note,
            created_at=at,
        )
        for _number in range(count)
    ]
    db.session.add_all(rows)
    db.session.flush()
    for row in rows:
        record(
            StockAdded(
                at=at,
                actor_id=actor_id,
                unit_id=row.id,
                product=product.name,
                serial=row.serial,
                available_on=row.available_on,
            )
        )
    return rows


def change_unit(
    unit: StockUnit,
    *,
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
    **values: Any,  # Any: values of the columns
) -> tuple[str, ...]:
    """Correct what is known of a unit; nothing changed records nothing.

    :param values: any of `CHANGEABLE`.
    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is gone, another unit has the serial number, or a value is not possible.
    """
    _expect_version(unit, version)
    _expect_there(unit)
    new = {name: values[name] for name in CHANGEABLE if name in values}
    _refuse_odd(new.get("country", unit.country), new.get("export_days", unit.export_days))
    serial = str(new.get("serial", unit.serial)).strip()
    if serial.casefold() != unit.serial.casefold():
        refuse_twice(unit.product, serial, besides=unit.id)
    before = {name: getattr(unit, name) for name in new}
    for name, value in new.items():
        if before[name] != value:
            setattr(unit, name, value)
    changed = tuple(name for name in new if before[name] != getattr(unit, name))
    if changed:
        db.session.flush()
        record(
            StockChanged(
                at=at,
                actor_id=actor_id,
                unit_id=unit.id,
                product=unit.product.name,
                serial=unit.serial,
                changed=changed,
                available_before=before.get("available_on"),
                available_on=unit.available_on,
            )
        )
    return changed


def take_out(
    unit: StockUnit, *, reason: str, version: int | None = None, on: date, at: datetime, actor_id: int | None
) -> None:
    """Say that a unit is no longer in stock: shipped, sold elsewhere, scrapped. What is kept of it stays readable.

    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is gone already, or no reason is given.
    """
    _expect_version(unit, version)
    _expect_there(unit)
    if not reason.strip():
        raise Refused(_("Say in a few words where it went."))
    unit.state, unit.gone_on, unit.gone_reason = StockState.GONE, on, reason
    db.session.flush()
    record(
        StockGone(
            at=at,
            actor_id=actor_id,
            unit_id=unit.id,
            product=unit.product.name,
            serial=unit.serial,
            reason=unit.gone_reason,
        )
    )


def reserve(
    unit: StockUnit,
    *,
    order: Order | None = None,
    project: Project | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Keep a unit for an order or a project for good; without either, for nobody any longer.

    :raises Refused: when it is kept for something else. Nothing more can be done in the transaction then.
    """
    _expect_there(unit)
    free = (order, project) == (None, None)
    if free:
        db.session.execute(
            sa.update(StockReservation)
            .where(
                StockReservation.unit_id == unit.id,
                StockReservation.held_unit_id.is_(None),
                StockReservation.until_at.is_(None),
            )
            .values(until_at=at)
            .execution_options(synchronize_session=False)
        )
    else:
        try:
            db.session.execute(
                sa.insert(StockReservation).values(
                    unit_id=unit.id,
                    order_id=order.id if order is not None else None,
                    project_id=project.id if project is not None and order is None else None,
                    from_at=at,
                    until_at=None,
                    made_by_id=actor_id,
                )
            )
        except IntegrityError as error:
            raise Refused(
                _("This unit is kept for something else. Release that first, or choose another unit.")
            ) from error
    record(
        StockReserved(
            at=at,
            actor_id=actor_id,
            unit_id=unit.id,
            product=unit.product.name,
            serial=unit.serial,
            order_id=order.id if order is not None else 0,
            project_id=project.id if project is not None and order is None else 0,
        )
    )


def set_supply_time(product: Product, *, days: int, at: datetime, actor_id: int | None) -> None:
    """Say how many calendar days the factory takes for one more unit; 0: nobody says.

    :raises Refused: when the number is not possible.
    """
    if not 0 <= days <= 1000:
        raise Refused(_("A supply time lies between 1 and 1,000 days; leave it empty where nobody knows."))
    row = db.session.scalar(sa.select(SupplyTime).where(SupplyTime.product_id == product.id))
    if (row.days if row is not None else 0) == days:
        return
    if row is not None and days == 0:
        db.session.delete(row)
    elif row is not None:
        row.days = days
    else:
        db.session.add(SupplyTime(product_id=product.id, days=days))
    db.session.flush()
    record(SupplyTimeSet(at=at, actor_id=actor_id, product_id=product.id, product=product.name, days=days))


def refuse_twice(product: Product, serial: str, *, besides: int = 0) -> None:
    """Make sure that no other unit of a product in stock has a serial number.

    :raises Refused: when one has.
    """
    if not serial.strip():
        return
    there = db.session.scalar(
        sa.select(StockUnit.id).where(
            StockUnit.product_id == product.id,
            sa.func.lower(StockUnit.serial) == serial.strip().lower(),
            StockUnit.state != StockState.GONE,
            StockUnit.id != besides,
        )
    )
    if there is not None:
        raise Refused(
            _(
                "A unit with the serial number %(serial)s is in stock already. Open that one.",
                serial=serial.strip(),
            )
        )


def _refuse_odd(country: str, export_days: int) -> None:
    if not is_country(country):
        raise Refused(_("Say in which country it is: two letters, such as CH."))
    if not 0 <= export_days <= 365:
        raise Refused(_("Papers and the way to another country take between 0 and 365 days."))


def _expect_there(unit: StockUnit) -> None:
    if unit.state is StockState.GONE:
        raise Refused(_("This unit is no longer in stock."))


def _expect_version(unit: StockUnit, version: int | None) -> None:
    if version is not None and version != unit.version:
        raise Stale(
            _(
                "Somebody else changed this in the meantime. Load the page again, look at what is new, then repeat."
            )
        )
