"""From what is held to an order: units that were held belong to it from the moment it comes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.models import Product
from concierge.enquiries import queries
from concierge.enquiries.actions import holding
from concierge.enquiries.events import EnquiryOrdered
from concierge.enquiries.models import Enquiry, EnquiryLine, HeldUnit, StockHold, StockReservation
from concierge.enquiries.states import EnquiryState, HoldEnd
from concierge.orders.actions.entering import EnteredLine, enter_order
from concierge.orders.models import Order
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.models import Project
from concierge.workforce.actions import holding as people


def make_orders(
    enquiry: Enquiry, *, system: str, today: date, at: datetime, actor_id: int
) -> Sequence[Order]:
    """Make one order a site of what is held, with the days that are held as those the customer asks for.

    :param enquiry: whole and locked.
    :param system: within what orders are numbered here.
    :raises Refused: when nothing is held, or it is not known for whom or where to.
    """
    row = queries.last_hold(enquiry)
    if enquiry.state is not EnquiryState.OPEN or row is None or not queries.holds_now(row, at):
        raise Refused(_("Nothing is held any more. Hold it anew, then make orders of it."))
    if enquiry.account is None:
        raise Refused(
            _(
                "Orders belong to a customer. Add %(name)s to the accounts, then ask anew for them.",
                name=enquiry.customer,
            )
        )
    if any(line.site is None for line in enquiry.lines):
        raise Refused(_("Orders go to sites. Add the place as a site of the customer, then ask anew for it."))
    extra_keys = {key for line in enquiry.lines for key in line.options}
    sold = {one.key: one for one in db.session.scalars(sa.select(Product).where(Product.key.in_(extra_keys)))}
    sites: dict[int, list[EnquiryLine]] = {}
    for line in enquiry.lines:
        sites.setdefault(line.site_id or 0, []).append(line)
    made = []
    for number, lines in enumerate(sites.values(), start=1):
        site = lines[0].site
        assert site is not None  # noqa: S101 # looked at above
        entered = []
        for line in lines:
            entered.append(EnteredLine(line.product, line.quantity))
            entered += [EnteredLine(sold[key], line.quantity) for key in line.options if key in sold]
        ids = {line.id for line in lines}
        days = [unit.delivery_on for unit in row.units if unit.line_id in ids and unit.delivery_on]
        made.append(
            enter_order(
                site,
                entered,
                system=system,
                number=enquiry.code if len(sites) == 1 else f"{enquiry.code}-{number}",
                buyer_reference=enquiry.reference or enquiry.code,
                requested_from=min(days, default=None),
                requested_to=max(days, default=None),
                at=at,
                on=today,
                actor_id=actor_id,
            )
        )
    return made


def take_for_order(order_id: int, *, at: datetime, actor_id: int | None) -> int:
    """Give an order the units that an enquiry of its customer with its reference holds; return how many.

    People stay held until the plan is approved or the hold is over. An enquiry of which nothing is left is ordered.
    """
    order = db.session.scalars(
        sa.select(Order).where(Order.id == order_id).options(selectinload(Order.lines))
    ).one()
    names = {
        name.strip().casefold()
        for name in (order.buyer_reference, order.number, order.seller_number)
        if name.strip()
    }
    if not names:
        return 0
    found = db.session.scalars(
        sa.select(Enquiry)
        .where(
            Enquiry.account_id == order.account_id,
            Enquiry.state == EnquiryState.OPEN,
            sa.or_(
                sa.func.lower(Enquiry.reference).in_(names),
                sa.func.lower(Enquiry.code).in_(names),
            ),
        )
        .order_by(Enquiry.id)
    ).all()
    return sum(_take(queries.enquiry_for_change(one.id), order, at=at, actor_id=actor_id) for one in found)


def may_be_for(order_ids: Collection[int]) -> set[int]:
    """Those of some orders whose customers have an open enquiry."""
    question = sa.select(Order.id).where(
        Order.id.in_(order_ids),
        sa.exists().where(Enquiry.account_id == Order.account_id, Enquiry.state == EnquiryState.OPEN),
    )
    return set(db.session.scalars(question))


def _take(enquiry: Enquiry, order: Order, *, at: datetime, actor_id: int | None) -> int:
    row = queries.last_hold(enquiry)
    if row is None or not queries.holds_now(row, at):
        return 0
    wanted: dict[int, int] = {}
    for line in order.lines:
        if line.product_id is not None and not line.cancelled:
            wanted[line.product_id] = wanted.get(line.product_id, 0) + int(line.quantity)
    taken = []
    for unit in holding.units_of(row):
        product_id = unit.line.product_id
        is_there = unit.line.site_id in {None, order.site_id}
        if unit.order_id is None and is_there and wanted.get(product_id, 0) > 0:
            wanted[product_id] -= 1
            taken.append(unit)
    if not taken:
        return 0
    for unit in taken:
        unit.order_id = order.id
        _hand_over(unit, order, at=at, actor_id=actor_id)
    if all(unit.order_id is not None for unit in row.units):
        row.ended_at, row.ended_how, row.ended_by_id = at, HoldEnd.ORDERED, actor_id
        enquiry.state, enquiry.closed_at = EnquiryState.ORDERED, at
    db.session.flush()
    record(
        EnquiryOrdered(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            order_ids=(order.id,),
            units=len(taken),
        )
    )
    return len(taken)


def _hand_over(unit: HeldUnit, order: Order, *, at: datetime, actor_id: int | None) -> None:
    """What was kept until an instant is kept for good."""
    db.session.flush()
    for kept in unit.reservations:
        if kept.until_at is not None and kept.until_at > at:
            kept.until_at = at
            db.session.flush()
            db.session.add(
                StockReservation(
                    unit_id=kept.unit_id, order_id=order.id, from_at=at, until_at=None, made_by_id=actor_id
                )
            )
            db.session.flush()


def let_people_go(project_id: int) -> None:
    """Hold nobody any more for an order whose plan is approved: its visits stand by now."""
    units = db.session.scalars(
        sa.select(HeldUnit)
        .join(Project, Project.order_id == HeldUnit.order_id)
        .where(Project.id == project_id)
        .options(joinedload(HeldUnit.hold).selectinload(StockHold.units))
    ).all()
    for unit in units:
        people.let_go(unit.holder)


def give_back(project_id: int, *, at: datetime) -> None:
    """Keep no unit for a project that is cancelled, nor for its order."""
    order_id = db.session.scalar(sa.select(Project.order_id).where(Project.id == project_id))
    mine = StockReservation.project_id == project_id
    if order_id is not None:
        mine = sa.or_(mine, StockReservation.order_id == order_id)
    db.session.execute(
        sa.update(StockReservation)
        .where(mine, sa.or_(StockReservation.until_at.is_(None), StockReservation.until_at > at))
        .values(until_at=at)
        .execution_options(synchronize_session=False)
    )
