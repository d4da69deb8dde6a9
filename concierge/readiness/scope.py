"""Secrets that need no sign-in: a checklist's printed link, and the mail address that it is sent back to."""

import base64
import hmac
import re

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
