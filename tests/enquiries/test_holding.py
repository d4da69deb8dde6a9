"""What sales may promise: units and people are promised once, and what is held ends by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from concierge.enquiries import queries
from concierge.enquiries.actions import holding, ordering, stocking
from concierge.enquiries.models import Enquiry, HeldUnit, StockReservation
from concierge.enquiries.states import EnquiryState
from concierge.orders.actions.entering import EnteredLine, enter_order
from concierge.orders.models import Order
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.previews import foreseen
from concierge.projects.actions import rescheduling
from concierge.projects.actions.approving import approve_plan
from concierge.projects.models import Project
from concierge.workforce.models import TimeHold
from tests.makers import enquiries, projects
from tests.makers.days import at, on
from tests.makers.enquiries import NOW, again, asked, days_of, held, replied, shop, stock

IN_A_WEEK = at("Tue 2026-03-10 10:00+00:00")


def kept(enquiry: Enquiry, moment: object = NOW) -> list[str]:
    """For whom each unit of stock is kept."""
    db.session.rollback()
    units = db.session.scalars(sa.select(StockReservation.unit_id).distinct()).all()
    found = queries.kept_now(units, at=moment)  # type: ignore[arg-type]  # an instant
    return [one.enquiry or one.order for _id, one in sorted(found.items())]


def test_units_of_one_enquiry_share_stock_and_people(app: Flask) -> None:
    """The easy answer says “Thu 26 Mar” three times: one Lea, one unit on hand, one in April, none after it."""
    there = shop()
    stock(there, "Mon 2026-03-02", "Wed 2026-04-08")
    with unit_of_work():
        stocking.set_supply_time(there.product, days=60, at=NOW, actor_id=None)
    enquiry = asked(there, 3)

    reply = replied(enquiry)

    assert days_of(reply) == ["Thu 26 Mar", "Mon 13 Apr", "Thu 07 May"]
    assert [one.answer.given[0].goods is None for one in reply.promises] == [False, False, True]
    assert reply.order_by == at("Mon 2026-03-09 00:00+00:00").date()
    assert reply.is_whole


def test_the_next_one_who_asks_sees_what_is_held_until_it_ends(app: Flask) -> None:
    there = shop()
    stock(there, "Mon 2026-03-02", "Wed 2026-04-08")
    first, second = asked(there), asked(there, by=there.other)
    before = days_of(replied(second))

    hold = held(first)

    assert days_of(replied(second)) == ["Mon 13 Apr"] != before
    assert kept(first) == [first.code]
    assert db.session.scalars(sa.select(TimeHold.words)).all() == [f"{first.code} {first.customer}"]
    with pytest.raises(Refused, match="holds units already"):
        held(first)
    late = hold.expires_at + timedelta(seconds=1)
    assert kept(first, late) == [], "no chore has run"
    held(second, at_=late, by=there.other)
    assert kept(second, late) == [second.code]


def test_one_of_two_sellers_gets_the_last_unit_in_the_same_second(app: Flask) -> None:
    there = shop(technicians=("Lea Roth", "Max Frei"))
    stock(there, "Mon 2026-03-02")
    both = [asked(there), asked(there, by=there.other)]
    seen = [replied(one).fingerprint for one in both]
    ready = Barrier(2)

    def seller(number: int) -> str:
        with app.app_context():
            try:
                ready.wait(timeout=30)
                held(both[number], seen=seen[number])
            except Refused as refusal:
                return refusal.sentence
            finally:
                db.session.remove()
            return ""

    with ThreadPoolExecutor(2) as sellers:
        said = sorted(sellers.map(seller, (0, 1)))

    assert said[0] == ""
    assert "Nothing is held" in said[1]
    assert len(kept(both[0])) == 1
    loser = both[0] if kept(both[0]) == [both[1].code] else both[1]
    assert days_of(replied(loser)) == [""], "and the page says that there is no further unit"


def test_the_database_itself_keeps_a_unit_for_one(app: Flask) -> None:
    there = shop()
    (unit,) = stock(there, "Mon 2026-03-02")
    hold = held(asked(there))
    held_unit = db.session.scalars(sa.select(HeldUnit.id)).one()
    row = {"unit_id": unit.id, "held_unit_id": held_unit}

    for from_at, until_at in (
        (NOW, None),
        (NOW - timedelta(days=1), NOW + timedelta(minutes=1)),
        (hold.expires_at - timedelta(minutes=1), hold.expires_at + timedelta(days=1)),
    ):
        with pytest.raises(IntegrityError, match="ex_stock_reservations_one_at_a_time"), unit_of_work():
            db.session.execute(sa.insert(StockReservation).values(**row, from_at=from_at, until_at=until_at))
    with unit_of_work():
        db.session.execute(sa.insert(StockReservation).values(**row, from_at=hold.expires_at, until_at=None))


def test_a_hold_is_extended_once_and_only_as_long_as_the_site_can_keep_its_day(app: Flask) -> None:
    there = shop()
    stock(there, "Mon 2026-04-20")
    enquiry = asked(there)
    held(enquiry)

    def extend(reason: str, when: object) -> None:
        with unit_of_work():
            holding.extend(
                queries.enquiry_for_change(enquiry.id),
                reason=reason,
                workdays=5,
                at=when,
                actor_id=there.seller.id,  # type: ignore[arg-type]
            )

    later = NOW + timedelta(days=2)
    with pytest.raises(Refused, match="why"):
        extend(" ", later)
    extend("Their board meets", later)
    assert kept(enquiry, IN_A_WEEK) == [enquiry.code]
    assert db.session.scalars(sa.select(TimeHold.held_until).distinct()).one() > IN_A_WEEK
    with pytest.raises(Refused, match="once already"):
        extend("And again", later + timedelta(days=1))

    with unit_of_work():
        holding.release(queries.enquiry_for_change(enquiry.id), at=later, actor_id=there.seller.id)
    assert kept(enquiry, later + timedelta(seconds=1)) == []
    assert db.session.scalars(sa.select(TimeHold.id)).all() == []


def test_a_hold_that_waits_for_the_site_cannot_be_extended_past_its_day(app: Flask) -> None:
    there = shop()
    stock(there, "Mon 2026-03-02")
    enquiry = asked(there)
    held(enquiry)

    with pytest.raises(Refused, match="could not be ready"), unit_of_work():
        holding.extend(
            queries.enquiry_for_change(enquiry.id),
            reason="Their board meets",
            workdays=5,
            at=NOW + timedelta(days=2),
            actor_id=there.seller.id,
        )


def test_an_order_with_the_reference_takes_what_is_held(app: Flask) -> None:
    there = shop()
    stock(there, "Mon 2026-03-02", "Mon 2026-03-02")
    enquiry = asked(there, 2, reference="OFF-7")
    hold = held(enquiry)
    later = NOW + timedelta(days=1)

    def come(number: str, quantity: int, reference: str) -> Order:
        with unit_of_work():
            return enter_order(
                there.site,
                [EnteredLine(there.product, quantity)],
                system="ERP",
                number=number,
                buyer_reference=reference,
                at=later,
                on=later.date(),
                actor_id=None,
            )

    come("SO-0", 1, "another offer")
    assert set(kept(enquiry, later)) == {enquiry.code}
    order = come("SO-1", 1, " off-7 ")

    assert sorted(kept(enquiry, later + timedelta(seconds=1))) == [enquiry.code, "SO-1"]
    assert again(enquiry).state is EnquiryState.OPEN
    come("SO-2", 1, "OFF-7")
    assert sorted(kept(enquiry, hold.expires_at + timedelta(days=99))) == ["SO-1", "SO-2"], "for good"
    assert again(enquiry).state is EnquiryState.ORDERED
    assert db.session.scalars(sa.select(TimeHold.id)).all() != [], "people are kept until the plan stands"
    project = db.session.scalars(sa.select(Project).where(Project.order_id == order.id)).one()
    with unit_of_work():
        approve_plan(project.id, actor_id=None, at=later)
    db.session.rollback()
    assert len(db.session.scalars(sa.select(TimeHold.holder).distinct()).all()) == 1, "the other one's still"


def test_orders_are_made_of_what_is_held_for_each_site(app: Flask) -> None:
    there = shop()
    stock(there, "Mon 2026-03-02")
    enquiry = asked(there)
    hold = held(enquiry)

    with unit_of_work():
        (order,) = ordering.make_orders(
            queries.enquiry_for_change(enquiry.id),
            system="ERP",
            today=NOW.date(),
            at=NOW,
            actor_id=there.seller.id,
        )

    db.session.rollback()
    held_on = db.session.scalars(sa.select(HeldUnit.delivery_on)).one()
    assert (order.number, order.requested_from) == (enquiry.code, held_on)
    assert kept(enquiry, hold.expires_at + timedelta(days=99)) == [enquiry.code]
    assert again(enquiry).state is EnquiryState.ORDERED
    assert db.session.scalar(sa.select(Project.key).where(Project.order_id == order.id)) == "HB-1001"


def test_a_preview_names_reserved_units_that_cannot_be_shipped_so_early(app: Flask) -> None:
    there = shop()
    (unit,) = stock(there, "Mon 2026-03-02")
    enquiry = asked(there)
    held(enquiry)
    with unit_of_work():
        (order,) = ordering.make_orders(
            queries.enquiry_for_change(enquiry.id),
            system="ERP",
            today=NOW.date(),
            at=NOW,
            actor_id=there.seller.id,
        )
        late = queries.stock_unit_for_change(unit.id)
        stocking.change_unit(late, available_on=on("Mon 2026-06-01"), at=NOW, actor_id=None)
        project_id = db.session.scalars(sa.select(Project.id).where(Project.order_id == order.id)).one()
        approve_plan(project_id, actor_id=None, at=NOW)
    project = projects.now(db.session.get_one(Project, project_id))
    shipped = projects.milestone(project, "ship-released")

    found = foreseen(
        lambda: rescheduling.move_milestone(
            project_id, shipped.id, to=on("Mon 2026-04-20"), reason="Truck", actor_id=None, at=NOW
        ),
        project_id=project_id,
        at=NOW,
    )

    assert [one.late for one in found.stock] == [(("ST-1", on("Mon 2026-06-01")),)]


def test_what_was_read_is_what_is_held(app: Flask) -> None:
    """Between reading and holding the only unit goes to somebody else: nothing later is held in its place."""
    there = shop()
    first, _second = stock(there, "Mon 2026-03-02", "Wed 2026-04-08")
    enquiry = asked(there)
    seen = replied(enquiry).fingerprint
    with unit_of_work():
        stocking.take_out(
            queries.stock_unit_for_change(first.id), reason="Lent", on=NOW.date(), at=NOW, actor_id=None
        )

    with pytest.raises(holding.TakenMeanwhile):
        held(enquiry, seen=seen)

    assert kept(enquiry) == []
    assert enquiries.days_of(replied(enquiry)) == ["Mon 13 Apr"]
