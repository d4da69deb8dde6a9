"""Text as it is searched for: without case, marks and punctuation, and Chinese or Japanese in pairs of signs.

Databases differ in all of this, so nothing of it is left to them: what is kept and what is asked pass through
here, and the rest is comparing plain letters.
"""

import re
import unicodedata

_SPELT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
)
"""Letters that Unicode does not take apart, as people type them who do not have them."""

_PAIRED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Signs that are written without spaces between words."""

_APART = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Text as it is kept for searching: words of plain letters and digits, one space between them."""
    return " ".join(
        part for piece, paired in _pieces(text) for part in (_pairs(piece) if paired else [piece])
    )


def terms(query: str) -> tuple[str, ...]:
    """What each thing found has to hold: one term a word typed, or several where signs stand in pairs.

    A word with punctuation inside, such as HB-2041, stays together as one term. Empty when nothing was typed
    that could be found.
    """
    found = (
        term
        for word in query.split()
        for piece, paired in _pieces(word)
        for term in (_pairs(piece) if paired else [piece])
    )
    return tuple(dict.fromkeys(found))


def with_single_signs(text: str) -> str:
    """Normalised text, with the second sign of each pair once more by itself at its end.

    What begins with a sign is found by it; so, this way, is what ends with it.
    """
    if text.isascii():
        return text
    pairs = (word for word in text.split() if len(word) == 2 and _PAIRED.fullmatch(word))
    return " ".join((text, *dict.fromkeys(pair[1] for pair in pairs)))


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in plain letters, cut where writing with spaces and without them meet."""
    plain = _plain(text)
    pieces, end = [], 0
    for run in _PAIRED.finditer(plain):
        pieces += [(plain[end : run.start()].strip(), False), (run[0], True)]
        end = run.end()
    pieces.append((plain[end:].strip(), False))
    return [(piece, paired) for piece, paired in pieces if piece]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in folded if unicodedata.category(sign) not in {"Mn", "Me", "Cf", "Cs"})
    return _APART.sub(" ", unicodedata.normalize("NFC", bare).translate(_SPELT)).strip()


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
