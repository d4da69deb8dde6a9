"""Enquiries for tests: a spectrometer that Lea installs in a day, two units of it, and sites to go to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from concierge.accounts.models import Site
from concierge.catalogue.models import PlaybookVisit, Product
from concierge.catalogue.states import VisitKind
from concierge.enquiries import queries
from concierge.enquiries.actions import asking, holding, stocking
from concierge.enquiries.actions.asking import WantedLine
from concierge.enquiries.models import Enquiry, StockHold, StockUnit
from concierge.enquiries.queries import Reply
from concierge.enquiries.states import Pace, StockState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, unit_of_work
from tests.makers import catalogue, orders, people, workforce
from tests.makers.days import at, on

NOW = at("Mon 2026-03-02 10:00+00:00")
HOLD_DAYS = 5


@dataclass(frozen=True, slots=True)
class Shop:
    """Who asks, what for, and where to."""

    seller: User
    other: User
    product: Product
    site: Site


def shop(*, technicians: Sequence[str] = ("Lea Roth",)) -> Shop:
    """Two sellers, a product that takes one technician with “lcms”, and a customer."""
    with unit_of_work():
        seller, other = people.user(), people.user(name="Bo Ek")
        milestones = catalogue.plain_milestones()
        install = next(one for one in milestones if one.key == "install")
        install.visits = [
            PlaybookVisit(
                kind=VisitKind.INSTALL,
                title={"en": "Installation"},
                skill="lcms",
                minutes=480,
                tools=[],
                steps=[],
            )
        ]
        product = catalogue.add_instrument("ms-one", name="Spectrometer One", milestones=milestones)
        for name in technicians:
            workforce.technician(name=name, skills=("lcms",))
        return Shop(seller, other, product, orders.site())


def stock(shop_: Shop, *days: str, at_: datetime = NOW) -> list[StockUnit]:
    """One unit a day, from which it can leave; those to come are announced."""
    with unit_of_work():
        return [
            stocking.add_units(
                shop_.product,
                serial=f"ST-{number}",
                place="Hall 2",
                country="CH",
                available_on=on(day),
                state=StockState.ON_HAND if on(day) <= at_.date() else StockState.EXPECTED,
                at=at_,
                actor_id=shop_.seller.id,
            )[0]
            for number, day in enumerate(days, start=1)
        ]


def asked(
    shop_: Shop,
    quantity: int = 1,
    *,
    by: User | None = None,
    reference: str = "",
    wanted_on: date | None = None,
) -> Enquiry:
    """An enquiry for some units at the customer's site."""
    with unit_of_work():
        return asking.ask(
            account=shop_.site.account,
            lines=[WantedLine(shop_.product, quantity, shop_.site)],
            reference=reference,
            wanted_on=wanted_on,
            at=NOW,
            actor_id=(by or shop_.seller).id,
        )


def replied(enquiry: Enquiry, *, at_: datetime = NOW, pace: Pace = Pace.EACH) -> Reply:
    """The answer as it is now."""
    known = queries.material(again(enquiry), at=at_, hold_workdays=HOLD_DAYS)
    return queries.replied(known, pace=pace)


def held(enquiry: Enquiry, *, at_: datetime = NOW, by: User | None = None, seen: str = "") -> StockHold:
    """What was answered, held."""
    with unit_of_work():
        return holding.hold(
            queries.enquiry_for_change(enquiry.id),
            pace=Pace.EACH,
            seen=seen,
            workdays=HOLD_DAYS,
            at=at_,
            actor_id=(by.id if by is not None else enquiry.asked_by_id),
        )


def days_of(reply: Reply) -> list[str]:
    """The first days of installation, in order; empty where there is none."""
    return [f"{one.answer.window.from_at:%a %d %b}" if one.answer.window else "" for one in reply.promises]


def again(enquiry: Enquiry) -> Enquiry:
    """An enquiry as the database has it now, whole."""
    code = enquiry.code
    db.session.rollback()
    db.session.expire_all()  # lists that were loaded before are as they were then
    return queries.enquiry_by_code(Viewer(0, "", Role.MANAGER, "UTC", "en"), code)
