"""What a form carries unseen comes back from a browser, so it may be anything."""

import pytest

from concierge.platform.clashes import read_loaded
from concierge.visits.views.blueprint import seen_version


@pytest.mark.parametrize("text", [None, "", "x", "-1", "1.0", "²", "٣", "1" * 19, "1" * 5000])
def test_a_spoiled_version_is_older_than_all(text: str | None) -> None:
    assert seen_version(text) == 0


def test_a_version_is_read_as_it_was_written() -> None:
    assert seen_version("417") == 417


@pytest.mark.parametrize("text", [None, "", "x", "[]", "null", '"x"', "1e999", "1" * 5000, "[" * 100_000])
def test_a_spoiled_note_of_what_was_loaded_holds_nothing(text: str | None) -> None:
    assert read_loaded(text) == {}


def test_a_note_of_what_was_loaded_is_read_as_it_was_written() -> None:
    assert read_loaded('{"name": ["Room"]}') == {"name": ["Room"]}
