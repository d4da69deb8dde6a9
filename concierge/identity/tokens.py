"""Tokens of cookies and secret links: 256 random bits, of which only the digest is kept."""

import hashlib


def token_hash(token: str) -> str:
    """SHA-256 of a token, as tables keep it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
