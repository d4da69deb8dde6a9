"""What a form or an address carries unseen comes back from a browser, so it may be anything."""

from urllib.parse import quote

import pytest
from flask import Flask

from concierge.platform.clashes import read_loaded
from concierge.visits.views.blueprint import seen_version
from tests.hostile.world import World


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


def test_a_list_is_shown_whatever_its_address_says(app: Flask, world: World) -> None:
    browser = world.browsers["technician"]
    for text in ("\0", "x\0", "²", "99999999999999999999", "0001-01-01", "9999-12-31"):
        for name in (
            "q", "health", "stage", "concierge", "country", "account", "product", "held", "below", "from", "to",
            "field", "sort", "group", "view", "columns", "page",
        ):  # fmt: skip
            address = f"/projects?field=room&value={quote(text)}&{name}={quote(text)}"
            assert browser.get(address).status_code in {200, 303}, address


@pytest.mark.parametrize(
    "address",
    ["/accounts?country=%00", "/promises?account=99999999999999999999", "/people?page=9999999999999999999"],
)
def test_what_no_column_holds_is_said_to_be_unreadable(app: Flask, world: World, address: str) -> None:
    assert world.browsers["administrator"].get(address).status_code in {200, 400}
