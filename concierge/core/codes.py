"""Short codes that people read from paper and type: eight letters and digits of Crockford's base 32.

I, L and O are read as 1, 1 and 0; U does not occur, so no code spells what offends.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_LONGEST = 40


def drawn() -> str:
    """A code that nobody can guess: 40 random bits, without hyphen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def written(code: str) -> str:
    """A code as it is printed: ``XXXX-XXXX``."""
    return f"{code[:4]}-{code[4:]}"


def read(text: str) -> str | None:
    """The code in a text that somebody typed, in any case, with hyphens and blanks anywhere; None when it is none."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    code = "".join(text.split()).replace("-", "").upper().translate(_READ_AS)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
