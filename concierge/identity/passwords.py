"""Passwords: how they are kept, and which are too easy to guess."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST = 12
"""Characters of the shortest password."""

_hasher = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(4)
"""Each hash takes 46 MiB: fifty sign-ins at once would take 2.3 GB."""
_of_nobody = _hasher.hash("the password of nobody")


def hashed(password: str) -> str:
    """What is kept of a password: argon2id, 46 MiB, one pass."""
    with _at_once:
        return _hasher.hash(password)


def is_right(password: str, *, kept: str | None) -> bool:
    """Whether a password is the one that was kept; takes the same time when nothing was."""
    with _at_once:
        try:
            return _hasher.verify(kept or _of_nobody, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def wants_rehash(kept: str) -> bool:
    """Whether a kept password was made with other costs than today's."""
    return _hasher.check_needs_rehash(kept)


def weakness(password: str, *, about: tuple[str, ...]) -> str:
    """Why a password is too easy to guess: "short", "same", "known"; empty when it is not.

    :param about: what others know of the person: name, mail address.
    """
    if len(password) < LEAST:
        return "short"
    if len(set(password)) < 5:
        return "same"
    lower = password.casefold()
    words = {
        word for text in (*about, "concierge password") for word in text.casefold().replace("@", " ").split()
    }
    for word in words:
        if len(word) > 3:
            lower = lower.replace(word, "")
    return "known" if len(lower) < LEAST // 2 else ""
