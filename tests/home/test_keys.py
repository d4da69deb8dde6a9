"""The keys of every page, in a real browser: what a hand without a mouse can do."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Screen

pytestmark = pytest.mark.browser


@pytest.fixture
def today(screens: Callable[..., Screen]) -> Page:
    """Today, as the concierge sees it."""
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open("/today")
    page.locator("html[data-started]").wait_for(state="attached")
    return page


def test_control_k_finds_and_enter_opens(today: Page) -> None:
    today.keyboard.press("Control+k")
    today.locator("#palette input[type=search]").fill("playb")
    expect(today.locator("#palette [role=option]").first).to_contain_text("Playbooks")

    today.keyboard.press("Enter")

    today.wait_for_url("**/playbooks")


def test_slash_opens_the_search_and_escape_closes_it(today: Page) -> None:
    today.keyboard.press("/")
    expect(today.locator("#palette")).to_be_visible()
    expect(today.locator("#palette [role=option]").first).to_be_visible()

    today.keyboard.press("Escape")

    expect(today.locator("#palette")).to_be_hidden()


def test_arrows_choose_and_the_field_says_which(today: Page) -> None:
    today.keyboard.press("/")
    expect(today.locator("#palette [role=option]").nth(1)).to_be_visible()

    today.keyboard.press("ArrowDown")

    chosen = today.locator("#palette [role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    said = today.locator("#palette input[type=search]").get_attribute("aria-activedescendant")
    assert said == chosen.get_attribute("id")


def test_j_and_k_move_between_lines_and_enter_opens(today: Page) -> None:
    today.keyboard.press("j")
    first = today.evaluate("document.activeElement.href")
    today.keyboard.press("j")
    second = today.evaluate("document.activeElement.href")
    today.keyboard.press("k")

    assert today.evaluate("document.activeElement.className") == "cover"
    assert first == today.evaluate("document.activeElement.href")
    assert second
    today.keyboard.press("Enter")
    today.wait_for_url(re.compile(re.escape(first)))


def test_g_and_a_letter_go(today: Page) -> None:
    today.keyboard.press("g")
    today.keyboard.press("p")

    today.wait_for_url("**/projects")


def test_a_question_mark_lists_the_keys(today: Page) -> None:
    today.keyboard.press("?")

    expect(today.locator("#keys")).to_be_visible()
    expect(today.locator("#keys")).to_contain_text("Next and previous line")


def test_letters_typed_into_a_field_stay_letters(today: Page) -> None:
    today.keyboard.press("Control+k")
    today.keyboard.type("gp?j")

    expect(today.locator("#palette input[type=search]")).to_have_value("gp?j")
    expect(today.locator("#keys")).to_be_hidden()


def test_the_theme_switches_at_once_and_stays(today: Page) -> None:
    today.get_by_role("button", name="Switch between light and dark").click()
    expect(today.locator("html")).to_have_attribute("data-theme", "dark")

    today.reload()

    expect(today.locator("html")).to_have_attribute("data-theme", "dark")
    assert today.evaluate("getComputedStyle(document.body).color") == "rgb(238, 240, 244)"


def test_a_dialog_asks_before_a_form_is_sent_and_can_be_left(screens: Callable[..., Screen]) -> None:
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open("/styleguide")
    page.wait_for_load_state("networkidle")

    page.get_by_role("button", name="Switch theme").click()
    expect(page.get_by_text("Switch between light and dark?")).to_be_visible()
    page.get_by_role("button", name="Go back").click()
    expect(page.get_by_text("Switch between light and dark?")).to_be_hidden()
    page.get_by_role("button", name="Switch theme").click()
    page.get_by_role("button", name="Switch", exact=True).click()

    page.wait_for_load_state("networkidle")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_more_places_open_from_the_bottom_bar_of_a_phone(screens: Callable[..., Screen]) -> None:
    screen = screens(width=390, height=844)
    screen.sign_in_as("concierge")
    page = screen.open("/today")

    page.get_by_role("button", name="More").click()

    expect(page.locator("#more")).to_be_visible()
    page.locator("#more").get_by_role("link", name="Accounts").click()
    page.wait_for_url("**/accounts")


def test_a_toast_leaves_by_its_button(screens: Callable[..., Screen]) -> None:
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open("/styleguide")
    page.wait_for_load_state("networkidle")

    page.get_by_role("button", name="Dismiss").first.click()

    expect(page.get_by_text("Delivery moved to Fri 27 Nov.")).to_have_count(0)
