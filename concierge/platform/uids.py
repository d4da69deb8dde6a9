"""Names of calendar entries: no two alike anywhere, the same for life, and nothing that a reader could learn from them.

A name says when it was made, which the entry's CREATED says too, then 40 random bits, then what all names of this
installation end with. Only the random bits are new to whoever packs a calendar, so that a thousand entries are a
fifth smaller than under names of 122 random bits each. Nothing is trusted because somebody knows a name.
"""

import hmac
import secrets
from base64 import b32encode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from concierge.platform import settings

RANDOM_BYTES = 5
"""For names that are made within one second; a restored backup repeats numbers, but neither seconds nor chance."""
ENDING_BYTES = 10


def fresh_uid(*, at: datetime) -> str:
    """A new name, made `at` an instant: 42 letters, digits and hyphens, such as ``20261122T103000Z-…-…``."""
    ending = _ending(settings.current().secret_key)
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{_letters(secrets.token_bytes(RANDOM_BYTES))}-{ending}"


@lru_cache(maxsize=8)
def _ending(secret_key: str) -> str:
    return _letters(hmac.digest(secret_key.encode(), b"names of calendar entries", sha256)[:ENDING_BYTES])


def _letters(data: bytes) -> str:
    return b32encode(data).decode().lower()
