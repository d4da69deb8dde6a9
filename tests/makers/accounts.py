"""Makers of customers. Yuki is the customer."""

from datetime import UTC, datetime

from concierge.accounts.actions.accounts import add_account
from concierge.accounts.actions.contacts import ContactDetails, add_contact
from concierge.accounts.actions.sites import SiteDetails, add_site
from concierge.accounts.models import Account, Contact, Site

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def account(name: str = "Nishiyama Pharma", *, party_id: str | None = None) -> Account:
    """A customer without sites; needs a unit of work."""
    return add_account(name=name, party_id=party_id, actor_id=None, at=AT)


def site(
    of: Account,
    *,
    name: str = "Osaka laboratory",
    country: str = "JP",
    city: str = "Osaka",
    subdivision: str = "27",
) -> Site:
    """A place of installation; needs a unit of work."""
    details = SiteDetails(name=name, country=country, city=city, subdivision=subdivision, street="1-2 Kita")
    return add_site(of, details=details, actor_id=None, at=AT)


def contact(
    of: Account, *, name: str = "Yuki Mori", at_site: Site | None = None, language: str = "en"
) -> Contact:
    """A customer's person; needs a unit of work."""
    details = ContactDetails(
        name=name,
        site_id=at_site.id if at_site else None,
        email=f"{name.split()[0].lower()}@customer.example",
        language=language,
        zone=at_site.zone if at_site else "UTC",
    )
    return add_contact(of, details=details, actor_id=None, at=AT)
