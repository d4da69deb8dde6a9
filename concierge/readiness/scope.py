"""Secrets that need no sign-in: a checklist's printed link, a customer's link to a project, and the mail address that
checklists are sent back to.
"""

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta

from concierge.identity.tokens import token_hash


def link_token(nonce: str, *, key: str) -> str:
    """The last part of a printed link: 26 letters and digits that follow from the nonce and the secret key.

    The table keeps the nonce and a hash, so a copy of the database opens no checklist.
    """
    digest = hmac.digest(key.encode(), f"readiness checklist link {nonce}".encode(), "sha256")
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def link_hash(token: str) -> str:
    """What the table keeps of a token."""
    return token_hash(token.strip().lower())


_ADDRESS = re.compile(r"[^@+]*\+(?P<key>[a-z0-9-]{1,20})[.](?P<proof>[a-z2-7]{26})@[^@]*", re.ASCII)


def project_address(key: str, *, secret_key: str, mailbox: str) -> str:
    """The address that a project's checklists are sent back to: ``project+hb-2041.<proof>@example.com``.

    :param mailbox: the address that all of them are read from, e.g. ``project@example.com``.
    """
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{key.lower()}.{_address_proof(key, secret_key=secret_key)}@{domain}"


def project_of_address(address: str, *, secret_key: str) -> str | None:
    """The key of the project that a mail address belongs to; None when its proof is not ours.

    Mail servers and people change the case of letters, so that it does not count.
    """
    found = _ADDRESS.fullmatch(address.strip().lower())
    if found is None:
        return None
    own = _address_proof(found["key"], secret_key=secret_key)
    return found["key"].upper() if hmac.compare_digest(own.encode(), found["proof"].encode()) else None


def _address_proof(key: str, *, secret_key: str) -> str:
    """130 bits in lower-case base32: with a key of twenty letters the local part stays within 64."""
    digest = hmac.digest(secret_key.encode(), f"project address {key.lower()}".encode(), "sha256")
    return base64.b32encode(digest[:17]).decode().lower()[:26]


FORM_LASTS = timedelta(days=7)
"""So long somebody may leave a page open before they send its form."""
CODE_DIGITS = 6

_FORM = re.compile(r"(?P<seconds>[0-9]{1,12})-(?P<proof>[a-z2-7]{26})", re.ASCII)


def customer_token(nonce: str, *, key: str) -> str:
    """The secret part of a customer's link: 26 letters and digits that follow from the nonce and the secret key."""
    return _proof(f"customer link {nonce}", key=key)


def form_proof(token: str, *, key: str, at: datetime) -> str:
    """What the forms behind a link carry, so that they are taken from a browser that keeps no cookies, too.

    Only who was shown a page of this very link has it; another site does not know the token.
    """
    seconds = int(at.timestamp())
    return f"{seconds}-{_proof(f'customer form {token} {seconds}', key=key)}"


def is_form_proof(given: str, token: str, *, key: str, at: datetime) -> bool:
    """Whether a form comes from a page behind this link, and not from long ago."""
    found = _FORM.fullmatch(given)
    if found is None:
        return False
    seconds = int(found["seconds"])
    own = _proof(f"customer form {token} {seconds}", key=key)
    if not hmac.compare_digest(own.encode(), found["proof"].encode()):
        return False
    return timedelta(0) <= at - datetime.fromtimestamp(seconds, UTC) <= FORM_LASTS


def code_hash(digits: str, nonce: str, *, key: str) -> str:
    """What the table keeps of the digits that were mailed: useless without the secret key."""
    return hmac.digest(key.encode(), f"customer code {nonce} {digits}".encode(), "sha256").hex()


def upload_token(link_id: int | None, item_id: int, *, name: str, size: int, changed: str, key: str) -> str:
    """The address of an upload: the same for the same file at the same item, so that it goes on where it stopped.

    :param changed: when the file was changed last, as the browser says it.
    """
    return _proof(f"upload {link_id} {item_id} {size} {changed} {name}", key=key)


def _proof(purpose: str, *, key: str) -> str:
    """130 bits as 26 letters and digits."""
    digest = hmac.digest(key.encode(), purpose.encode(errors="replace"), "sha256")
    return base64.b32encode(digest).decode().lower()[:26]
