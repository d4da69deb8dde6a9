# What we use of Flask-Babel, which carries no types of its own.
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

from babel import Locale
from babel.support import NullTranslations
from flask import Flask
from flask_babel.speaklater import LazyString

class Babel:
    domain_instance: Domain

    def __init__(
        self,
        app: Flask | None = None,
        *,
        locale_selector: Callable[[], str | None] | None = None,
        timezone_selector: Callable[[], str | None] | None = None,
        default_locale: str = "en",
        default_timezone: str = "UTC",
    ) -> None: ...

def gettext(string: str, **variables: object) -> str: ...
def ngettext(singular: str, plural: str, num: int, **variables: object) -> str: ...
def lazy_gettext(string: str, **variables: object) -> LazyString: ...
def format_decimal(number: float | Decimal, format: str | None = None) -> str: ...
def get_locale() -> Locale: ...
def force_locale(locale: str | Locale) -> AbstractContextManager[None]: ...
def refresh() -> None: ...

class Domain:
    def __init__(self, translation_directories: str | None = None, domain: str = "messages") -> None: ...
    def get_translations(self) -> NullTranslations: ...
