"""Entering and renaming customers."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.events import AccountAdded, AccountRenamed
from concierge.accounts.models import Account
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record

LEGAL_FORMS = {
    "ag",
    "gmbh",
    "inc",
    "llc",
    "ltd",
    "plc",
    "sa",
    "sas",
    "se",
    "kk",
    "pty",
    "pte",
    "ab",
    "co",
    "kg",
    "bv",
}
LITTLE_WORDS = {
    "and",
    "the",
    "of",
    "for",
    "und",
    "für",
    "de",
    "la",
    "le",
    "les",
    "et",
    "du",
    "der",
    "die",
    "das",
    "dr",
}


def add_account(*, name: str, actor_id: int | None, at: datetime, party_id: str | None = None) -> Account:
    """Enter a customer.

    :param party_id: its number in the ordering system, ``scheme:value``.
    :raises Refused: when it has no name, or the number is already another customer's.
    """
    if not name.strip():
        raise Refused(_("A customer needs a name. Enter one."))
    if party_id and db.session.scalar(sa.select(Account.id).where(Account.party_id == party_id)) is not None:
        raise Refused(
            _("There is already a customer with the number %(number)s. Open that one.", number=party_id)
        )
    account = Account(
        name=name,
        key=_free_key(name),
        party_id=party_id or None,
        created_on=at.date(),
        next_number=1,
        sites=[],
        contacts=[],
    )
    db.session.add(account)
    db.session.flush()
    record(AccountAdded(at=at, actor_id=actor_id, account_id=account.id, name=account.name))
    return account


def rename_account(
    account: Account, *, name: str, actor_id: int | None, at: datetime, version: int | None = None
) -> None:
    """Give a customer another name; its projects keep their keys.

    :param version: the version the person saw; None when nobody looked.
    :raises Refused: without a name.
    :raises Stale: when somebody changed the customer in the meantime.
    """
    if version is not None and version != account.version:
        raise Stale(_("Somebody else changed %(name)s in the meantime. Look again.", name=account.name))
    if not name.strip():
        raise Refused(_("A customer needs a name. Enter one."))
    before = account.name
    account.name = name
    if account.name == before:
        return
    db.session.flush()
    record(
        AccountRenamed(
            at=at, actor_id=actor_id, account_id=account.id, name_before=before, name_after=account.name
        )
    )


def _free_key(name: str) -> str:
    """Letters of the name that no other customer has yet."""
    taken = set(db.session.scalars(sa.select(Account.key)))
    return next(key for key in _keys(name) if key not in taken)


def _keys(name: str) -> Iterator[str]:
    """Two to four capital letters made from a name, the most natural first."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = re.findall(r"[a-z]+", plain)
    words = [word for word in words if word not in LEGAL_FORMS | LITTLE_WORDS] or words or ["customer"]
    initials = "".join(word[0] for word in words)[:3].upper()
    letters = "".join(words).upper()
    if len(initials) >= 2:
        yield initials[:2]
        yield initials
    for length in (2, 3, 4):
        yield letters[:length].ljust(2, "X")
    for letter in letters[1:]:
        yield (initials[:1] + letter + initials[1:])[:4].ljust(2, "X")
    for number in count(2):
        yield f"{letters[:2].ljust(2, 'X')}{_letters(number)}"


def _letters(number: int) -> str:
    """A number in letters: 0 is A, 26 is BA."""
    text = ""
    while True:
        number, rest = divmod(number, 26)
        text = chr(ord("A") + rest) + text
        if number == 0:
            return text
