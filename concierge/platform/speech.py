"""Texts in the reader's language, whose catalogue is found once a request instead of once a text.

Flask-Babel looks for context, domain, locale and catalogue at every text; a page of fifty rows has hundreds.
"""

from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from babel.languages import get_official_languages
from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import Babel, Domain, force_locale, get_domain
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

Words = str | Markup

STAFF = ("en", "de")
"""The languages of our own people's pages."""
AUTONYMS = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ja": "日本語",
    "ar": "العربية",
}
"""The languages that customers are shown and written to in, by the names they give themselves."""
CUSTOMERS = tuple(AUTONYMS)
RIGHT_TO_LEFT = frozenset({"ar"})

MOST_KEPT = 5_000
"""Texts of one language that are kept as templates say them; they say what stands in them, so there are fewer."""


class QuickDomain(Domain):
    """The texts of the application; the catalogue stays with the request while its language does."""

    def get_translations(self) -> NullTranslations:
        """The catalogue of the reader's language."""
        try:
            context = g._flask_babel
            locale, catalogue = context.catalogue
            if locale is context.babel_locale:
                return catalogue  # type: ignore[no-any-return]  # kept below
        except (AttributeError, RuntimeError):  # nothing kept yet, or no application around
            pass
        catalogue = super().get_translations()
        if g:
            g._flask_babel.catalogue = (g._flask_babel.babel_locale, catalogue)
        return catalogue


def customer_language(wanted: str, *, country: str = "") -> str:
    """The language that a customer's person is written to in: theirs when we write it, else one of their country's.

    :param country: ISO 3166-1 alpha-2, of the site; empty: not known.
    """
    short = wanted.split("-")[0].split("_")[0].lower()
    return next((one for one in (short, *languages_of(country)) if one in CUSTOMERS), CUSTOMERS[0])


def in_each(say: Callable[[], str]) -> dict[str, str]:
    """A sentence in each language of our own people, by language; what is kept so is told to each in theirs."""
    said = {}
    for language in STAFF:
        with force_locale(language):
            said[language] = say()
    return said


@cache
def languages_of(country: str) -> tuple[str, ...]:
    """The languages in which a whole country is spoken to by law or custom, the usual one first, as ISO 639 codes.

    From the data of CLDR, without those of a region only; none for a country that is not known.
    """
    by_law = get_official_languages(country) if country else ()
    return tuple(by_law or get_official_languages(country, de_facto=True)) if country else ()


def direction(language: str) -> str:
    """Which way a language is written: ``ltr`` or ``rtl``."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def gettext(text: str, /, **values: object) -> str:
    """Say a text in the reader's language; for what many rows of a page say."""
    translated: str = _catalogue().ugettext(text)
    return translated % values if values else translated


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """Say a text with a number in the reader's language; for what many rows of a page say."""
    translated: str = _catalogue().ungettext(one, many, num)
    return translated % {"num": num, **values}


def _catalogue() -> NullTranslations:
    try:
        context = g._flask_babel
        locale, catalogue = context.catalogue
        if locale is context.babel_locale:
            return catalogue  # type: ignore[no-any-return]  # kept by the domain
    except (AttributeError, RuntimeError):  # nothing kept yet, or no application around
        pass
    return get_domain().get_translations()


def register(app: Flask, *, directories: str, language: Callable[[], str]) -> None:
    """Speak the reader's language, in Python and in templates.

    :param directories: the folder of catalogues.
    :param language: the code of the reader's language.
    """
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = directories
    babel = Babel(app, locale_selector=language, timezone_selector=lambda: "UTC")
    domain = babel.domain_instance = QuickDomain(domain="messages")

    kept: WeakKeyDictionary[NullTranslations, dict[str, Markup]] = WeakKeyDictionary()

    @pass_eval_context
    def said(context: EvalContext, text: str, /, **values: Any) -> Words:  # Any: values of a sentence
        catalogue = _catalogue()
        if not values and context.autoescape:
            texts = kept.get(catalogue)
            if texts is None:
                texts = kept[catalogue] = {}
            if (known := texts.get(text)) is not None:
                return known
            if (
                len(texts) < MOST_KEPT
                and type(text) is str
                and "%" not in (plain := catalogue.ugettext(text))
            ):
                texts[text] = Markup(plain)  # noqa: S704 # the catalogue's own text
                return texts[text]
        translated = catalogue.ugettext(text)
        if not context.autoescape:
            return translated % values
        if values or "%" in translated:
            return Markup(translated) % values  # noqa: S704 # the catalogue's own text; values are escaped
        return Markup(translated)  # noqa: S704 # the catalogue's own text

    @pass_eval_context
    def counted(
        context: EvalContext, one: str, many: str, num: int, /, **values: Any
    ) -> Words:  # Any: as above
        translated = domain.get_translations().ungettext(one, many, num)
        values.setdefault("num", num)
        if not context.autoescape:
            return translated % values
        return Markup(translated) % values  # noqa: S704 # the catalogue's own text; values are escaped

    app.jinja_env.globals.update(_=said, gettext=said, ngettext=counted)
