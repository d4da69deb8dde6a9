"""The example texts in the languages that are not written beside them, from catalogues as translators edit them."""

from functools import lru_cache
from importlib import resources

from babel.messages.pofile import read_po

LANGUAGES = ("fr", "es", "ja", "ar")
"""Of the catalogues, in the order in which they are stored."""


def others(text: str) -> dict[str, str]:
    """An English text in the other languages that have it."""
    return {language: said for language in LANGUAGES if (said := _catalogue(language).get(text))}


@lru_cache
def _catalogue(language: str) -> dict[str, str]:
    file = resources.files(__package__) / "translations" / f"{language}.po"
    with file.open("rb") as opened:
        return {str(one.id): str(one.string) for one in read_po(opened, locale=language) if one.id}
