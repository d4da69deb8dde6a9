"""Entering and changing places of installation."""

from dataclasses import dataclass, fields
from datetime import datetime, time

from flask_babel import gettext as _

from concierge.accounts import clocks
from concierge.accounts.events import SiteAdded, SiteChanged
from concierge.accounts.models import Account, Site
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDetails:
    """What is known of a site. An empty zone takes the one of its country; hours are wall time."""

    name: str
    country: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    subdivision: str = ""
    zone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    access_from: time = time(8)
    access_to: time = time(17)
    dock_notes: str = ""
    is_confidential: bool | None = None
    """Whether the customer's page asks for a code besides the link; None: as it is."""


def add_site(account: Account, *, details: SiteDetails, actor_id: int | None, at: datetime) -> Site:
    """Enter a place of installation.

    :raises Refused: when the country or zone is unknown, or the hours are upside down.
    """
    site = Site(account_id=account.id)
    _write(site, details)
    db.session.add(site)
    db.session.flush()
    record(SiteAdded(at=at, actor_id=actor_id, account_id=account.id, site_id=site.id, name=site.name))
    return site


def change_site(
    site: Site, *, details: SiteDetails, actor_id: int | None, at: datetime, version: int | None = None
) -> tuple[str, ...]:
    """Change what is known of a site; return the names of the fields that changed.

    :param version: the version the person saw; None when nobody looked.
    :raises Stale: when somebody changed the site in the meantime.
    :raises Refused: when the country or zone is unknown, or the hours are upside down.
    """
    if version is not None and version != site.version:
        raise Stale(_("Somebody else changed %(name)s in the meantime. Look again.", name=site.name))
    names = tuple(field.name for field in fields(details))
    before = {name: getattr(site, name) for name in names}
    _write(site, details)
    changed = tuple(name for name in names if getattr(site, name) != before[name])
    if changed:
        db.session.flush()
        record(
            SiteChanged(
                at=at,
                actor_id=actor_id,
                account_id=site.account_id,
                site_id=site.id,
                name=site.name,
                changed=changed,
            )
        )
    return changed


def _write(site: Site, details: SiteDetails) -> None:
    country = details.country.strip().upper()
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        raise Refused(
            _("“%(code)s” is no country. Use its two letters, such as CH or JP.", code=details.country)
        )
    subdivision = details.subdivision.strip().upper().removeprefix(f"{country}-")
    zone = details.zone.strip() or clocks.zone_of(country, subdivision)
    if not clocks.is_zone(zone):
        raise Refused(_("“%(zone)s” is no time zone. Choose one, such as Europe/Zurich.", zone=zone))
    if details.access_from >= details.access_to:
        raise Refused(_("The site closes before it opens. Exchange the two access hours."))
    site.name = details.name or details.city or country
    site.street = details.street
    site.postcode = details.postcode
    site.city = details.city
    site.country = country
    site.subdivision = subdivision
    site.zone = zone
    site.latitude, site.longitude = details.latitude, details.longitude
    site.access_from = details.access_from
    site.access_to = details.access_to
    site.dock_notes = details.dock_notes
    if details.is_confidential is not None:
        site.is_confidential = details.is_confidential
