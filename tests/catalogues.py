"""The catalogues of translations: which texts customers see, and which of them a language lacks.

Staff read English and German; customers read six languages. The catalogues of the other four hold what customers see
and nothing else.

    python -m tests.catalogues            brings every catalogue up to date and says what is still to be translated
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "concierge" / "translations"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
ONLY_CUSTOMERS = ("fr", "es", "ja", "ar")
"""Languages that none of our own pages speak."""

OF_THE_PAGE = (
    "concierge/catalogue/bounds.py",
    "concierge/dispatch/actions/choosing.py",
    "concierge/dispatch/mails.py",
    "concierge/feeds/mails.py:address_letter",
    "concierge/home/views/reminding.py:choose_reminders",
    "concierge/invitations/forms.py:AnotherTime",
    "concierge/invitations/forms.py:AnswerInvitation",
    "concierge/invitations/mails.py:_",
    "concierge/invitations/mails.py:wish_letter",
    "concierge/invitations/views/answering.py",
    "concierge/fieldwork/actions/issuing.py:meaning",
    "concierge/fieldwork/document/",
    "concierge/platform/file_kinds.py",
    "concierge/platform/forms.py",
    "concierge/platform/words.py:source_revision",
    "concierge/portal/forms.py",
    "concierge/portal/reading.py",
    "concierge/portal/words.py",
    "concierge/portal/views/access.py",
    "concierge/portal/views/answering.py",
    "concierge/portal/views/links.py",
    "concierge/portal/views/pages.py",
    "concierge/portal/views/questions.py",
    "concierge/portal/views/signing.py",
    "concierge/portal/views/times.py",
    "concierge/portal/views/uploads.py",
    "concierge/readiness/actions/answering.py",
    "concierge/readiness/actions/asking.py",
    "concierge/readiness/actions/attaching.py",
    "concierge/readiness/actions/linking.py",
    "concierge/readiness/actions/signing.py",
    "concierge/readiness/actions/taking.py:_refuse_upload",
    "concierge/readiness/actions/uploading.py",
    "concierge/readiness/document/",
    "concierge/readiness/mails.py",
    "concierge/readiness/plan.py",
    "concierge/readiness/standing.py:missing_files",
    "concierge/readiness/returned_words.py:_theirs",
    "concierge/readiness/returned_words.py:told_to_sender",
    "concierge/readiness/returned_words.py:typed",
    "concierge/readiness/views/printed.py",
    "concierge/visits/clocks.py",
    "concierge/visits/words.py:arrival",
    "templates/feeds/address_letter",
    "templates/fieldwork/document",
    "templates/home/end_reminders.html",
    "templates/invitations/answer.html",
    "templates/invitations/letter",
    "templates/invitations/many",
    "templates/invitations/wish",
    "templates/layouts/base.html",
    "templates/layouts/plain.html",
    "templates/parts/field.html",
    "templates/parts/toast.html",
    "templates/portal/",
    "templates/readiness/document",
    "templates/readiness/letter",
    "templates/readiness/page_letter",
    "templates/readiness/print_by_code.html",
    "templates/readiness/printed_link.html",
    "templates/readiness/reminder",
    "templates/readiness/returned_letter",
    "templates/readiness/stranger_letter",
)
"""Where texts stand that customers read in six languages: their page, the document, and the letters around both.

A file, a folder, or what begins like this; in a file that speaks to our own people too, the function.
"""
OURS = ("templates/portal/customer.html",)
"""What stands among those and is read by our own people."""
IN_TWO = (
    "concierge/feeds/mails.py",
    "concierge/invitations/forms.py",
    "concierge/invitations/mails.py",
    "concierge/invitations/views/answering.py",
    "templates/feeds/address_letter",
    "templates/feeds/changed_letter",
    "templates/invitations/",
)
"""Where texts stand that customers read in English and German."""

Message = str | tuple[str, ...]


@cache
def marked() -> tuple[tuple[str, Message], ...]:
    """Where every marked text stands, as ``file`` or ``file:function``, and the text; looked for once."""
    return tuple(_marked())


def _marked() -> Iterator[tuple[str, Message]]:
    for folder in ("concierge", "templates"):
        for name, line, message, _, _ in extract_from_dir(
            ROOT / folder, method_map=METHODS, keywords=KEYWORDS, comment_tags=()
        ):
            place = f"{folder}/{name}"
            yield (f"{place}:{_around(place, line)}" if name.endswith(".py") else place), message


def _around(place: str, line: int) -> str:
    """The function or class at the left edge of a file that a line stands in; empty outside of all."""
    return next((name for first, last, name in _parts(place) if first <= line <= last), "")


@cache
def _parts(place: str) -> list[tuple[int, int, str]]:
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    return [
        (part.lineno, part.end_lineno or part.lineno, part.name)
        for part in tree.body
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


def seen_by_customers(places: Iterable[str] = OF_THE_PAGE) -> Iterator[tuple[str, Message]]:
    """Those that stand in some places."""
    known = tuple(places)
    for place, message in marked():
        if place.startswith(known) and not place.startswith(OURS):
            yield place, message


def catalogue(language: str) -> Catalog:
    """The catalogue of a language, as translators edit it; an empty one while there is none."""
    path = path_of(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def has(texts: Catalog, message: Message) -> bool:
    """Whether a text is translated, in all its numbers."""
    found = texts.get(message[0] if isinstance(message, tuple) else message)
    if found is None:
        return False
    said = found.string if isinstance(found.string, tuple | list) else (found.string,)
    return all(said)


def missing(language: str, places: Iterable[str] = OF_THE_PAGE) -> list[tuple[str, Message]]:
    """What customers would read in English although their language is another one."""
    texts = catalogue(language)
    return [(place, message) for place, message in seen_by_customers(places) if not has(texts, message)]


def bring_up_to_date(language: str) -> int:
    """Add the texts that a customers' catalogue lacks, take out those that nobody sees; return what is untranslated."""
    before, after = catalogue(language), _empty(language)
    seen = [(place.partition(":")[0], message) for place, message in seen_by_customers()]
    for place, message in sorted(seen, key=lambda one: (one[0], str(one[1]))):
        known = before.get(message[0] if isinstance(message, tuple) else message)
        flags = {"python-format"} if "%(" in str(message) else set()
        after.add(message, known.string if known else None, locations=[(place, 0)], flags=flags)
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, after, width=100, omit_header=False, include_lineno=False, sort_output=False)
    return len({str(message) for _place, message in missing(language)})


def _empty(language: str) -> Catalog:
    day = datetime(2026, 1, 1, tzinfo=UTC)  # the same each time, so that only texts make a difference
    return Catalog(
        locale=language, project="Concierge", version="1", charset="utf-8", fuzzy=False,
        header_comment=f"# What customers of Concierge read: {language}.", creation_date=day, revision_date=day,
        copyright_holder="", msgid_bugs_address="", last_translator="", language_team="",
    )  # fmt: skip


if __name__ == "__main__":
    for code in sys.argv[1:] or ONLY_CUSTOMERS:
        sys.stdout.write(f"{code}: {bring_up_to_date(code)} texts to translate\n")
