"""Who an order is from and where it goes: found among the customers, or entered."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import holidays
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from concierge.accounts import queries
from concierge.accounts.actions.accounts import add_account
from concierge.accounts.actions.contacts import ContactDetails, add_contact
from concierge.accounts.actions.sites import SiteDetails, add_site
from concierge.accounts.clocks import zone_of
from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.queries import as_alias
from concierge.orders.incoming import Address, IncomingOrder, Person
from concierge.platform.errors import Refused
from concierge.platform.speech import customer_language


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer's records as they are; None is entered when the order is taken in."""

    account: Account | None
    site: Site | None
    contact: Contact | None
    remarks: tuple[str, ...] = ()


def customer_of(order: IncomingOrder) -> Customer:
    """Find who buys, where it goes and whom to talk to, by number, name and address.

    :raises Refused: when the order is new here and does not say in which country the place is.
    """
    account = _account_of(order)
    sites = queries.sites_of(account.id) if account else []
    address = order.site_address
    site = _site_of(order, address, sites)
    if site is None and not address.country:
        raise Refused(_("It does not name the country of delivery. Add the country's code to the address."))
    person = _person_of(order)
    contact = _contact_of(person, account) if person and account else None
    remarks = []
    if person and person.email and not _address_of(person):
        remarks.append(_("“%(email)s” is not an e-mail address; it was left out.", email=person.email[:80]))
    return Customer(account, site, contact, tuple(remarks))


def settle_customer(
    order: IncomingOrder, found: Customer, *, actor_id: int | None, at: datetime
) -> tuple[Account, Site, Contact | None]:
    """Enter what was not found; what was found stays as it is."""
    account = found.account
    if account is None:
        name = order.buyer.called or order.delivery_party.called
        account = add_account(name=name, party_id=_free_party_id(order), actor_id=actor_id, at=at)
    elif account.party_id is None:
        account.party_id = _free_party_id(order)
    site = found.site or add_site(account, details=_site_details(order), actor_id=actor_id, at=at)
    person = _person_of(order)
    contact = found.contact
    if contact is None and person:
        contact = add_contact(account, details=_contact_details(person, site), actor_id=actor_id, at=at)
    return account, site, contact


def is_at(site: Site, address: Address) -> bool:
    """Whether a site is at an address: the same street and number, the same postal code or town."""
    there = _place_key(" ".join(address.lines[:1]), address.postal_code, address.city)
    same_place = _place_key(site.street.split(",")[0], site.postcode, site.city) == there
    return same_place and address.country in {"", site.country}


def _account_of(order: IncomingOrder) -> Account | None:
    """By one of the buyer's numbers; else by name, unless that customer goes by another number elsewhere."""
    for number in order.buyer.keys if order.buyer.ids else ():
        account = queries.account_by_party(number[:80])
        if account and _is_same_company(account, order):
            return account
    named = queries.account_by_name(order.buyer.called or order.delivery_party.called)
    if named is None or not named.party_id or not order.buyer.ids:
        return named
    address = order.site_address
    return named if _site_of(order, address, queries.sites_of(named.id)) else None


def _is_same_company(account: Account, order: IncomingOrder) -> bool:
    """Whether a customer found by number is who the document names: numbers are mistyped and copied.

    A company that only changed its name is still in its country; one with another name in another country is
    another company.
    """
    words = set(as_alias(account.name).split())
    if (
        words & set(as_alias(f"{order.buyer.name} {order.buyer.legal_name}").split())
        or not order.buyer.called
    ):
        return True
    country = order.buyer.address.country or order.buyer.legal_address.country
    return not country or country in {site.country for site in queries.sites_of(account.id)}


def _free_party_id(order: IncomingOrder) -> str | None:
    """The buyer's first number that is nobody else's; None when there is none."""
    numbers = (number[:80] for number in (order.buyer.keys if order.buyer.ids else ()))
    return next((number for number in numbers if queries.account_by_party(number) is None), None)


def _site_of(order: IncomingOrder, address: Address, sites: list[Site]) -> Site | None:
    if not address.lines and not address.city and not address.postal_code:
        same_country = [site for site in sites if address.country in {"", site.country}]
        return same_country[0] if len(same_country) == 1 else None
    here = next((site for site in sites if is_at(site, address)), None)
    if here:
        return here
    place = as_alias(order.delivery_place)
    return next(
        (site for site in sites if place and as_alias(site.name) == place and not address.lines), None
    )


def _place_key(street: str, postcode: str, city: str) -> tuple[str, str]:
    return as_alias(street), as_alias(postcode).replace(" ", "") or as_alias(city)


def _site_details(order: IncomingOrder) -> SiteDetails:
    address = order.site_address
    receiver = order.delivery_party.called if order.delivery_party.called != order.buyer.called else ""
    subdivision = _subdivision(address.country, address.subdivision)
    return SiteDetails(
        name=order.delivery_place or receiver or address.city or address.country,
        country=address.country,
        street=", ".join(address.lines)[:200],
        postcode=address.postal_code[:20],
        city=address.city,
        subdivision=subdivision,
        zone=zone_of(address.country, subdivision),
    )


def _subdivision(country: str, written: str) -> str:
    """The ISO 3166-2 part for a region as written; empty when it is not one that has holidays of its own."""
    return _regions(country).get(as_alias(written.removeprefix(f"{country}-")), "") if written else ""


@cache
def _regions(country: str) -> dict[str, str]:
    try:
        calendar = holidays.country_holidays(country)
    except NotImplementedError:
        return {}
    codes = {as_alias(code): code for code in calendar.subdivisions}
    named = {
        as_alias(name): code for code, names in calendar.get_subdivision_aliases().items() for name in names
    }
    return named | codes


def _person_of(order: IncomingOrder) -> Person | None:
    """Who is written to: the first person with an e-mail address, else the first with a name."""
    people = [person for person in order.people if person.name or _address_of(person)]
    return next((person for person in people if _address_of(person)), people[0] if people else None)


def _contact_of(person: Person, account: Account) -> Contact | None:
    known = queries.contacts_of(account.id)
    email = _address_of(person).casefold()
    by_address = next((one for one in known if email and one.email.casefold() == email), None)
    if by_address or email:
        return by_address
    return next((one for one in known if as_alias(one.name) == as_alias(person.name)), None)


def _contact_details(person: Person, site: Site) -> ContactDetails:
    return ContactDetails(
        name=person.name or _address_of(person),
        site_id=site.id,
        email=_address_of(person),
        phone=person.phone[:40],
        title=person.job[:80],
        language=customer_language("", country=site.country),
        zone=site.zone,
    )


def _address_of(person: Person) -> str:
    """The e-mail address when letters can be sent to it, else empty."""
    if not person.email:
        return ""
    try:
        return str(validate_email(person.email, check_deliverability=False).normalized)
    except EmailNotValidError:
        return ""
