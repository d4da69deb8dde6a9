"""Entering and changing customers' people."""

from dataclasses import dataclass, fields
from datetime import datetime

from flask_babel import gettext as _

from concierge.accounts import clocks
from concierge.accounts.events import ContactAdded, ContactChanged
from concierge.accounts.models import Account, Contact
from concierge.accounts.states import ContactRole
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDetails:
    """What is known of a person; ``site_id`` None means the whole account."""

    name: str
    site_id: int | None = None
    email: str = ""
    phone: str = ""
    role: ContactRole = ContactRole.LAB
    title: str = ""
    language: str = "en"
    zone: str = "UTC"


def add_contact(account: Account, *, details: ContactDetails, actor_id: int | None, at: datetime) -> Contact:
    """Enter a customer's person.

    :raises Refused: without a name, or with an unknown zone.
    """
    contact = Contact(account_id=account.id)
    _write(contact, details)
    db.session.add(contact)
    db.session.flush()
    record(
        ContactAdded(
            at=at, actor_id=actor_id, account_id=account.id, contact_id=contact.id, name=contact.name
        )
    )
    return contact


def change_contact(
    contact: Contact,
    *,
    details: ContactDetails,
    actor_id: int | None,
    at: datetime,
    version: int | None = None,
) -> tuple[str, ...]:
    """Change what is known of a person; return the names of the fields that changed.

    :param version: the version the person saw; None when nobody looked.
    :raises Stale: when somebody changed the contact in the meantime.
    :raises Refused: without a name, or with an unknown zone.
    """
    if version is not None and version != contact.version:
        raise Stale(_("Somebody else changed %(name)s in the meantime. Look again.", name=contact.name))
    names = tuple(field.name for field in fields(details))
    before = {name: getattr(contact, name) for name in names}
    _write(contact, details)
    changed = tuple(name for name in names if getattr(contact, name) != before[name])
    if changed:
        db.session.flush()
        record(
            ContactChanged(
                at=at,
                actor_id=actor_id,
                account_id=contact.account_id,
                contact_id=contact.id,
                name=contact.name,
                changed=changed,
            )
        )
    return changed


def want_reminders(contact: Contact, *, is_reminded: bool, actor_id: int | None, at: datetime) -> None:
    """Note whether somebody wants to be reminded of what is open; they say so themselves, or one of us does."""
    if contact.is_reminded == is_reminded:
        return
    contact.is_reminded = is_reminded
    db.session.flush()
    record(
        ContactChanged(
            at=at,
            actor_id=actor_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            name=contact.name,
            changed=("is_reminded",),
        )
    )


def _write(contact: Contact, details: ContactDetails) -> None:
    if not details.name.strip():
        raise Refused(_("A contact needs a name. Enter one."))
    if not clocks.is_zone(details.zone):
        raise Refused(_("“%(zone)s” is no time zone. Choose one, such as Europe/Zurich.", zone=details.zone))
    contact.name = details.name
    contact.site_id = details.site_id
    contact.email = details.email.strip()
    contact.phone = details.phone
    contact.role = details.role
    contact.title = details.title
    contact.language = details.language or "en"
    contact.zone = details.zone
