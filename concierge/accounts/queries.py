"""Questions about customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Account, Contact, ContactAway, Site
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.searching import matches

PAGE = 50


def account_by_party(party_id: str) -> Account | None:
    """The customer with this number in the ordering system, ``scheme:value``."""
    return db.session.scalar(sa.select(Account).where(Account.party_id == party_id))


def account_by_name(name: str) -> Account | None:
    """The customer of this name, the letters' case aside; the first entered when there are several."""
    return db.session.scalar(
        sa.select(Account)
        .where(sa.func.lower(Account.name) == name.strip().lower())
        .order_by(Account.id)
        .limit(1)
    )


def sites_of(account_id: int) -> list[Site]:
    """The places of installation of a customer."""
    return list(db.session.scalars(sa.select(Site).where(Site.account_id == account_id).order_by(Site.id)))


def contacts_of(account_id: int) -> list[Contact]:
    """The people of a customer."""
    return list(
        db.session.scalars(sa.select(Contact).where(Contact.account_id == account_id).order_by(Contact.id))
    )


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """A customer as the list shows it."""

    id: int
    key: str
    name: str
    sites: int
    contacts: int
    places: tuple[tuple[str, str], ...] = ()
    """City and country of each site."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of the list of customers."""

    accounts: Sequence[ListedAccount]
    total: int
    page: int
    last: int


def accounts_listed(viewer: Viewer, *, text: str = "", country: str = "", page: int = 1) -> AccountPage:
    """Customers by name, found by their name, key, a site's city or a person's name."""
    chosen = sa.select(Account.id)
    for here, at_site, of_contact in zip(
        matches(text, Account), matches(text, Site), matches(text, Contact), strict=True
    ):
        chosen = chosen.where(sa.or_(here, Account.sites.any(at_site), Account.contacts.any(of_contact)))
    if country:
        chosen = chosen.where(Account.sites.any(Site.country == country.upper()))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(chosen.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(1, page), last)
    contacts = sa.select(sa.func.count(Contact.id)).where(Contact.account_id == Account.id).scalar_subquery()
    rows = db.session.execute(
        sa.select(Account.id, Account.key, Account.name, contacts)
        .where(Account.id.in_(chosen))
        .order_by(sa.func.lower(Account.name), Account.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    places = _places([row[0] for row in rows])
    listed = [
        ListedAccount(
            id=row[0],
            key=row[1],
            name=row[2],
            contacts=row[3],
            sites=len(places.get(row[0], ())),
            places=tuple(places.get(row[0], ())),
        )
        for row in rows
    ]
    return AccountPage(listed, total, page, last)


def countries(viewer: Viewer) -> list[str]:
    """Countries that have a site."""
    return list(db.session.scalars(sa.select(Site.country).distinct().order_by(Site.country)))


def account_by_id(viewer: Viewer, account_id: int) -> Account:
    """One customer with sites and people.

    :raises NotFound: when there is none.
    """
    account = db.session.scalar(
        sa.select(Account)
        .where(Account.id == account_id)
        .options(
            selectinload(Account.sites).selectinload(Site.hours),
            selectinload(Account.contacts).joinedload(Contact.site),
        )
    )
    if account is None:
        raise NotFound
    return account


def site_by_id(viewer: Viewer, account_id: int, site_id: int) -> Site:
    """One site of a customer.

    :raises NotFound: when the customer has no such site.
    """
    site = db.session.scalar(
        sa.select(Site)
        .where(Site.id == site_id, Site.account_id == account_id)
        .options(joinedload(Site.account))
    )
    if site is None:
        raise NotFound
    return site


def contact_by_id(viewer: Viewer, account_id: int, contact_id: int) -> Contact:
    """One person of a customer.

    :raises NotFound: when the customer has no such person.
    """
    contact = db.session.scalar(
        sa.select(Contact)
        .where(Contact.id == contact_id, Contact.account_id == account_id)
        .options(joinedload(Contact.account))
    )
    if contact is None:
        raise NotFound
    return contact


def aways_of(contact_id: int, *, from_at: datetime) -> list[ContactAway]:
    """When a customer's person is not there, from an instant on, earliest first."""
    question = sa.select(ContactAway).where(
        ContactAway.contact_id == contact_id, ContactAway.ends_at > from_at
    )
    return list(db.session.scalars(question.order_by(ContactAway.starts_at, ContactAway.id)))


def contact_seen(viewer: Viewer, contact_id: int) -> Contact:
    """One person of whatever customer.

    :raises NotFound: when there is none, or the viewer sees no customers.
    """
    contact = db.session.get(Contact, contact_id) if viewer.may(Permission.SEE_ACCOUNTS) else None
    if contact is None:
        raise NotFound
    return contact


def _places(account_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    places: dict[int, list[tuple[str, str]]] = {}
    rows = db.session.execute(
        sa.select(Site.account_id, Site.city, Site.country)
        .where(Site.account_id.in_(account_ids))
        .order_by(Site.id)
    )
    for account_id, city, country in rows:
        places.setdefault(account_id, []).append((city, country))
    return places
