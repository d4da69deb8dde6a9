"""The German texts: complete where customers read, well-formed everywhere, and hardly a gap for the staff."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
CUSTOMERS = (
    "readiness/document",
    "readiness/mails.py",
    "templates/readiness/document.html",
    "templates/readiness/letter",
    "templates/readiness/printed_link.html",
    "templates/readiness/print_by_code.html",
    "feeds/mails.py",
    "templates/feeds/address_letter",
    "templates/feeds/changed_letter",
    "invitations/mails.py",
    "invitations/forms.py",
    "invitations/views/answering.py",
    "templates/invitations/",
)


@pytest.fixture(scope="module")
def german() -> Catalog:
    with (ROOT / "concierge/translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="de")


def marked() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Where every marked text stands, and the text."""
    for folder in ("concierge", "templates"):
        for name, _, message, _, _ in extract_from_dir(
            ROOT / folder, method_map=METHODS, keywords=KEYWORDS, comment_tags=()
        ):
            yield f"{folder}/{name}", message


def has(german: Catalog, message: str | tuple[str, ...]) -> bool:
    found = german.get(message[0] if isinstance(message, tuple) else message)
    if found is None:
        return False
    texts = found.string if isinstance(found.string, tuple | list) else (found.string,)
    return all(texts)


def test_customers_read_german_throughout(german: Catalog) -> None:
    missing = [
        (place, message)
        for place, message in marked()
        if any(part in place for part in CUSTOMERS) and not has(german, message)
    ]

    assert missing == []


def test_the_staff_read_german_nearly_throughout(german: Catalog) -> None:
    messages = {message for _, message in marked()}
    missing = sorted(str(message) for message in messages if not has(german, message))

    assert len(missing) <= len(messages) * 0.03, missing


def test_named_parts_are_the_same_in_both_languages(german: Catalog) -> None:
    faults = [(message.id, str(fault)) for message in german for fault in message.check(german)]

    assert faults == []
