"""Orders for tests, with everything they need below them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import Product
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import db

RECEIVED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


def site(
    *,
    account: str = "Halden Biologics",
    key: str = "HB",
    city: str = "Basel",
    country: str = "CH",
    subdivision: str = "BS",
    zone: str = "Europe/Zurich",
) -> Site:
    """A site of an account of its own."""
    owner = Account(name=account, key=key, created_on=date(2026, 1, 5))
    db.session.add(owner)
    db.session.flush()
    place = Site(
        account_id=owner.id,
        account=owner,
        name=f"{city} lab",
        street="Hauptstrasse 1",
        postcode="4051",
        city=city,
        country=country,
        subdivision=subdivision,
        zone=zone,
    )
    db.session.add(place)
    db.session.flush()
    return place


def contact(
    place: Site, *, name: str = "Yuki Tanaka", email: str = "yuki@halden.example", language: str = "de"
) -> Contact:
    """The customer's person at a site."""
    person = Contact(
        account_id=place.account_id,
        site_id=place.id,
        name=name,
        email=email,
        language=language,
        zone=place.zone,
    )
    db.session.add(person)
    db.session.flush()
    return person


def order(
    place: Site,
    *products: Product | None,
    number: str = "SO-48213",
    requested_from: date | None = None,
    requested_to: date | None = None,
    quantity: int = 1,
    person: Contact | None = None,
) -> Order:
    """An order with one line a product; None is a line that means nothing yet."""
    row = Order(
        system="ERP",
        number=number,
        account_id=place.account_id,
        site_id=place.id,
        contact_id=person.id if person else None,
        issued_on=RECEIVED.date(),
        received_at=RECEIVED,
        requested_from=requested_from,
        requested_to=requested_to,
        currency="CHF",
    )
    db.session.add(row)
    db.session.flush()
    lines = products or (None,)
    db.session.add_all(
        OrderLine(
            order_id=row.id,
            position=position,
            line_id=str(position + 1),
            name=product.name if product else "Mystery box",
            quantity=Decimal(quantity),
            product_id=product.id if product else None,
        )
        for position, product in enumerate(lines)
    )
    db.session.flush()
    return row
