"""What people read in their language: complete where customers read, well-formed everywhere, hardly a gap for staff."""

import pytest
from babel.messages.catalog import Catalog

from concierge.platform import speech
from tests import catalogues

FOREIGN = [language for language in speech.CUSTOMERS if language != "en"]


@pytest.fixture(scope="module")
def german() -> Catalog:
    return catalogues.catalogue("de")


@pytest.mark.parametrize("language", FOREIGN)
def test_customers_read_their_language_throughout(language: str) -> None:
    assert catalogues.missing(language) == [], "python -m tests.catalogues, then translate"


def test_customers_read_german_letters_around_visits_and_calendars() -> None:
    assert catalogues.missing("de", catalogues.IN_TWO) == []


def test_the_staff_read_german_nearly_throughout(german: Catalog) -> None:
    messages = {message for _, message in catalogues.marked()}
    missing = sorted(str(message) for message in messages if not catalogues.has(german, message))

    assert len(missing) <= len(messages) * 0.03, missing


def test_nobody_translates_what_is_said_nowhere(german: Catalog) -> None:
    said = {message[0] if isinstance(message, tuple) else message for _, message in catalogues.marked()}
    held = {message.id[0] if isinstance(message.id, tuple) else message.id for message in german}

    assert sorted(held - {""} - said) == []


@pytest.mark.parametrize("language", FOREIGN)
def test_named_parts_are_the_same_in_every_language(language: str) -> None:
    texts = catalogues.catalogue(language)

    assert [(message.id, str(fault)) for message in texts for fault in message.check(texts)] == []


@pytest.mark.parametrize("language", catalogues.ONLY_CUSTOMERS)
def test_a_catalogue_of_customers_holds_what_they_see_and_nothing_else(language: str) -> None:
    seen = {
        message[0] if isinstance(message, tuple) else message for _, message in catalogues.seen_by_customers()
    }
    held = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in catalogues.catalogue(language)
    }

    assert held - {""} <= seen, "python -m tests.catalogues takes out what nobody sees"


def test_every_language_of_customers_has_a_catalogue_and_no_other_has() -> None:
    there = {path.name for path in catalogues.FOLDER.iterdir() if path.is_dir()}

    assert there == set(FOREIGN) == {"de", *catalogues.ONLY_CUSTOMERS}
