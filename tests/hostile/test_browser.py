"""Twenty payloads in a real browser: nothing of them runs, and the content policy has nothing to report (I1)."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import Screen, Site, copied, opened, served
from tests.hostile import payloads


@pytest.fixture(scope="module")
def sullied(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own, whose names, notes and texts are payloads."""
    with served(copied(site, tmp_path_factory.mktemp("sullied"))) as running:
        _sully(running.instance / "concierge.sqlite3")
        yield running


def _sully(path: Path) -> None:
    names = {
        "accounts": "name", "sites": "name", "contacts": "name", "projects": "name", "visits": "title", "users": "name",
        "orders": "note", "order_lines": "name", "playbooks": "name", "products": "name",
    }  # fmt: skip
    database = sqlite3.connect(path, timeout=30)
    for table, column in names.items():
        for (row_id,) in database.execute(f"SELECT id FROM {table}").fetchall():
            text = payloads.IN_A_BROWSER[row_id % len(payloads.IN_A_BROWSER)]
            database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (text, row_id))
    database.commit()
    database.close()


@pytest.mark.browser
def test_nothing_of_a_text_runs(browser: Browser, sullied: Site) -> None:
    with opened(browser, sullied) as screen:
        screen.page.add_init_script(
            "globalThis.zqx = () => { document.documentElement.dataset.ran = 'zqx'; };"
        )
        screen.sign_in_as("administrator")
        first = _first(screen, "/projects")
        for path in (
            "/today",
            "/projects",
            "/projects?view=lines",
            first,
            f"{first}/history",
            "/accounts",
            "/people",
            "/find?q=on",
        ):
            page = screen.open(path)
            assert page.evaluate("document.documentElement.dataset.ran") is None, path
        page.keyboard.press("Control+k")
        page.keyboard.type("on")
        page.locator("#palette [role=option]").first.wait_for()
        assert page.evaluate("document.documentElement.dataset.ran") is None
        assert not page.evaluate(
            "[...document.querySelectorAll('[onerror],[onload],[onfocus],iframe,object')].length"
        )
        screen.assert_quiet()


def _first(screen: Screen, path: str) -> str:
    found = screen.open(path).locator("main a[href^='/projects/']").first.get_attribute("href")
    assert found
    return found.partition("?")[0]
