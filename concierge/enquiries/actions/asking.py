"""Asking when units can be there, giving it up, and asking again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.enquiries.actions import holding
from concierge.enquiries.events import EnquiryAsked, EnquiryClosed, EnquiryReopened
from concierge.enquiries.models import MOST_UNITS, Enquiry, EnquiryLine
from concierge.enquiries.states import EnquiryState, Pace
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record
from concierge.workforce.calendars import is_country


@dataclass(frozen=True, slots=True)
class WantedLine:
    """So many units of a product at a site, or at a place that is none yet."""

    product: Product
    quantity: int
    site: Site | None = None
    country: str = ""
    subdivision: str = ""
    city: str = ""
    options: Collection[str] = ()


def ask(
    *,
    account: Account | None,
    customer: str = "",
    lines: Sequence[WantedLine],
    wanted_on: date | None = None,
    reference: str = "",
    pace: Pace = Pace.EACH,
    note: str = "",
    zone: str = "UTC",
    at: datetime,
    actor_id: int,
) -> Enquiry:
    """Keep what is asked; the answer is computed whenever somebody looks.

    :param zone: by whose clock the wanted day is judged.
    :raises Refused: when nobody asks, nothing is asked for, or it cannot be answered as it is.
    """
    name = account.name if account is not None else customer.strip()
    if not name:
        raise Refused(_("Say who asks: choose a customer or write a name."))
    if not lines:
        raise Refused(_("Say what is asked for: choose a product on the first line."))
    units = sum(line.quantity for line in lines)
    if any(line.quantity < 1 for line in lines):
        raise Refused(_("Each line asks for at least one unit. Write how many, or leave the line empty."))
    if units > MOST_UNITS:
        raise Refused(
            _(
                "%(units)s units are more than one enquiry answers; it takes %(most)d. Ask for them in several.",
                units=f"{units:,}",
                most=MOST_UNITS,
            )
        )
    if wanted_on is not None and wanted_on < clock.day_at(at, zone):
        raise Refused(_("The wanted day is over. Choose a day to come, or leave it empty."))
    for line in lines:
        if line.site is None and not is_country(line.country):
            raise Refused(_("Say where the units go: choose a site, or a country."))
        if line.site is not None and account is not None and line.site.account_id != account.id:
            raise Refused(
                _(
                    "%(site)s is not a site of %(account)s. Choose one of theirs.",
                    site=line.site.name,
                    account=name,
                )
            )
    number = (db.session.scalar(sa.select(sa.func.max(Enquiry.id))) or 0) + 1
    enquiry = Enquiry(
        code=f"Q-{number}",
        account_id=account.id if account is not None else None,
        customer=name,
        reference=reference,
        wanted_on=wanted_on,
        pace=pace,
        note=note,
        asked_by_id=actor_id,
        asked_at=at,
        lines=[
            EnquiryLine(
                position=position,
                product_id=line.product.id,
                options=sorted(line.options),
                quantity=line.quantity,
                site_id=line.site.id if line.site is not None else None,
                country=line.site.country if line.site is not None else line.country,
                subdivision=line.site.subdivision if line.site is not None else line.subdivision,
                city=line.site.city if line.site is not None else line.city,
            )
            for position, line in enumerate(lines, start=1)
        ],
        holds=[],
    )
    if account is not None:
        enquiry.account = account
    db.session.add(enquiry)
    db.session.flush()
    record(
        EnquiryAsked(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            units=units,
        )
    )
    return enquiry


def close(enquiry: Enquiry, *, reason: str, version: int | None = None, at: datetime, actor_id: int) -> None:
    """Say that nothing comes of it; what it holds is free.

    :raises Stale: when somebody changed it since `version`.
    :raises Refused: when it is over already, or no reason is given.
    """
    if version is not None and version != enquiry.version:
        raise Stale(
            _(
                "Somebody else changed this in the meantime. Load the page again, look at what is new, then repeat."
            )
        )
    if enquiry.state is not EnquiryState.OPEN:
        raise Refused(_("This enquiry is over already."))
    if not reason.strip():
        raise Refused(_("Say in a few words why nothing comes of it."))
    holding.let_go_of(enquiry, at=at, actor_id=actor_id)
    enquiry.state, enquiry.closed_at, enquiry.close_reason = EnquiryState.CLOSED, at, reason
    record(
        EnquiryClosed(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            reason=enquiry.close_reason,
        )
    )


def reopen(enquiry: Enquiry, *, at: datetime, actor_id: int) -> None:
    """Ask again what was given up.

    :raises Refused: when it was not.
    """
    if enquiry.state is not EnquiryState.CLOSED:
        raise Refused(_("Only an enquiry that was closed can be opened again."))
    enquiry.state, enquiry.closed_at, enquiry.close_reason = EnquiryState.OPEN, None, ""
    record(
        EnquiryReopened(
            at=at, actor_id=actor_id, enquiry_id=enquiry.id, code=enquiry.code, customer=enquiry.customer
        )
    )
