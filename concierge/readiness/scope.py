"""Who may read a checklist without signing in: whoever holds its printed link."""

import base64
import hmac

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
