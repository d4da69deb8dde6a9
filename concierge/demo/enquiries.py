"""Stock of the demo company, and what its sales has asked: one enquiry is open, for another units are held."""

from datetime import datetime, timedelta

from concierge.enquiries import queries
from concierge.enquiries.actions import asking, holding, stocking
from concierge.enquiries.actions.asking import WantedLine
from concierge.enquiries.states import StockState
from concierge.platform.database import db

STOCKED = ("nextseq-2000", "quantstudio", "agilent-8890", "gridion")
"""Keys of the instruments of which units are kept."""
HOLD_WORKDAYS = 5


def fill_stock(*, at: datetime, seller_id: int) -> None:
    """Enter units and supply times, ask twice, and hold once."""
    today = at.date()
    known = {one.key: one for one in queries.instruments()}
    products = [known[key] for key in STOCKED if key in known]
    for number, product in enumerate(products):
        for place, country, days, export_days in (
            ("Basel, hall 2", "CH", -12, 0),
            ("Basel, hall 2", "CH", -3, 0),
            ("Waltham", "US", 33 + 7 * number, 9),
        ):
            stocking.add_units(
                product,
                serial=f"{product.key[:2].upper()}-{4100 + 10 * number + days % 7}" if days < 0 else "",
                place=place,
                country=country,
                export_days=export_days,
                available_on=today + timedelta(days=days),
                state=StockState.ON_HAND if days < 0 else StockState.EXPECTED,
                at=at,
                actor_id=seller_id,
            )
        stocking.set_supply_time(product, days=70 + 15 * number, at=at, actor_id=seller_id)
    customers = sorted(queries.accounts_for_choice(), key=lambda one: (-len(one.sites), one.id))
    if len(products) < 2 or not customers:
        return
    asked = asking.ask(
        account=customers[0],
        lines=[
            WantedLine(products[0], 2, customers[0].sites[0]),
            WantedLine(products[0], 1, customers[0].sites[-1]),
        ],
        wanted_on=today + timedelta(days=110),
        reference="OFF-2291",
        note="They would rather have one early than all late.",
        at=at,
        actor_id=seller_id,
    )
    db.session.flush()
    own = queries.enquiry_for_change(asked.id)
    known_now = queries.material(own, at=at, hold_workdays=HOLD_WORKDAYS)
    if queries.replied(known_now, pace=own.pace, with_chances=False).is_whole:
        holding.hold(own, pace=own.pace, workdays=HOLD_WORKDAYS, at=at, actor_id=seller_id)
    asking.ask(
        account=None,
        customer="Passau University Hospital",
        lines=[WantedLine(products[1], 1, None, "DE", "BY", "Passau")],
        at=at,
        actor_id=seller_id,
    )
