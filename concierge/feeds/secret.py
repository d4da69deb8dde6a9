"""The token in a calendar address: made from a random nonce and the secret key, so that it can be shown
again although only its SHA-256 is stored.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256


def fresh_nonce() -> str:
    """A nonce for a new address: 256 random bits as hexadecimal text."""
    return secrets.token_hex(32)


def token_of(nonce: str, *, key: str) -> str:
    """The token that belongs to a nonce: 32 bytes in base64url, 43 characters."""
    made = hmac.digest(key.encode(), b"calendar address:" + nonce.encode(), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()
