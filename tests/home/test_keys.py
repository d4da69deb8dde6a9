"""The keys of every page, in a real browser: what a hand without a mouse can do."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import Screen

pytestmark = pytest.mark.browser


@pytest.fixture
def today(screens: Callable[..., Screen]) -> Page:
    """Today, as the concierge sees it."""
    screen = screens()
    screen.sign_in_as("concierge")
    return screen.open("/today")


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


def test_the_list_of_keys_names_where_they_lead(today: Page) -> None:
    today.keyboard.press("?")

    for place in today.locator("[data-go]").all():
        name = place.locator("span").first.inner_text()
        expect(today.locator("#keys")).to_contain_text(f"Go to {name}")


def test_e_is_done_with_the_line_and_undo_brings_it_back(today: Page) -> None:
    today.keyboard.press("j")
    title = today.evaluate("document.activeElement.textContent")
    lines = today.locator(".content > section .cover", has_text=title)
    before = lines.count()

    today.keyboard.press("e")

    expect(today.locator(".toast")).to_contain_text("Done. It comes back only if it becomes worse.")
    today.locator(".toast").hover()  # it stays as long as somebody is at it
    expect(lines).to_have_count(before - 1)
    expect(today.locator("details", has_text="Put aside").locator(".cover", has_text=title)).to_have_count(1)

    today.locator(".toast").get_by_role("button", name="Undo").click()

    expect(today.locator(".toast")).to_contain_text("Back on the list.")
    expect(lines).to_have_count(before)


def test_s_puts_the_line_off_until_a_morning(today: Page) -> None:
    today.keyboard.press("j")
    title = today.evaluate("document.activeElement.textContent")

    today.keyboard.press("s")
    today.locator(".menu[open]").get_by_role("button", name="Tomorrow").click()

    expect(today.locator(".toast")).to_contain_text("Put aside until")
    today.get_by_text("Put aside", exact=False).last.scroll_into_view_if_needed()
    aside = today.locator("details.unfold.alone", has=today.locator(".cover", has_text=title)).last
    aside.locator("summary").first.click()
    aside.locator(".row", has_text=title).get_by_role("button", name="Bring back").click()
    expect(today.locator(".toast")).to_contain_text("Back on the list.")


def test_a_line_is_put_aside_and_brought_back_without_script(screens: Callable[..., Screen]) -> None:
    screen = screens(scripts=False)
    screen.sign_in_as("concierge")
    page = screen.open("/today")
    title = page.locator(".content > section .cover").first.inner_text()

    page.get_by_role("button", name=f"Done with: {title}").first.click()

    expect(page.locator(".toast")).to_contain_text("Done. It comes back only if it becomes worse.")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".content > section .cover", has_text=title).first).to_be_visible()


def test_single_keys_can_be_switched_off_and_on_again(today: Page) -> None:
    def switch(is_off: bool) -> None:
        today.goto(today.url.split("/", 3)[0] + "//" + today.url.split("/", 3)[2] + "/settings/me")
        today.get_by_label("Switch single keys off").set_checked(is_off)
        with today.expect_navigation():
            today.get_by_role("button", name="Save").click()
        today.locator("html[data-started]").wait_for(state="attached")

    switch(True)
    today.keyboard.press("?")
    expect(today.locator("#keys")).to_be_hidden()
    today.keyboard.press("Control+k")
    expect(today.locator("#palette")).to_be_visible()
    today.keyboard.press("Escape")

    switch(False)
    today.keyboard.press("?")
    expect(today.locator("#keys")).to_be_visible()


def test_the_palette_says_how_many_and_offers_acts_on_a_project(today: Page) -> None:
    key = today.evaluate(
        "fetch('/find?q=hal').then((a) => a.text()).then((t) => t.match(/projects\\/([A-Z]+-\\d+)/)[1])"
    )
    today.keyboard.press("/")
    field = today.get_by_role("combobox", name="Find or do")
    field.fill(f"note {key}")

    expect(today.locator("#palette [role=option]").first).to_contain_text(f"Write a note about {key}")
    expect(today.locator("#palette [role=status]")).to_have_text("One result")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.fill("qqqq zzzz")
    expect(today.locator("#palette [role=status]")).to_contain_text("Nothing that you may see")
    expect(field).to_have_attribute("aria-expanded", "false")

    field.fill(f"note {key}")
    expect(today.locator("#palette [role=option]").first).to_contain_text(key)
    today.keyboard.press("Enter")

    today.wait_for_url(f"**/projects/{key}/notes")


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

    page.get_by_role("button", name="Switch theme").click()
    expect(page.get_by_text("Switch between light and dark?")).to_be_visible()
    page.get_by_role("button", name="Go back").click()
    expect(page.get_by_text("Switch between light and dark?")).to_be_hidden()
    page.get_by_role("button", name="Switch theme").click()
    page.get_by_role("button", name="Switch", exact=True).click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_who_is_faster_than_a_script_gets_what_it_does(screens: Callable[..., Screen]) -> None:
    screen = screens()
    screen.sign_in_as("concierge")
    page, coming = screen.page, list[Route]()
    page.route("**/behaviours/*.js", lambda route: coming.append(route))

    def arrive() -> None:
        for route in coming:
            route.continue_()
        coming.clear()

    page.goto(f"{screen.site.address}/projects")
    find = page.locator(".find")
    for _twice in range(2):
        find.evaluate("link => link.click()")
    assert page.locator("#palette").is_hidden()
    arrive()
    expect(page.locator("#palette")).to_be_visible()
    assert page.url.endswith("/projects")

    page.reload()
    stage = page.locator("form.filters select").first
    wanted = stage.locator("option").nth(1).get_attribute("value")
    assert wanted
    stage.select_option(wanted)
    assert page.url.endswith("/projects")
    arrive()
    page.wait_for_url(lambda url: wanted in url)


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

    page.get_by_role("button", name="Dismiss").first.click()

    expect(page.get_by_text("Delivery moved to Fri 27 Nov.")).to_have_count(0)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_finding_noting_and_putting_aside_are_accessible(
    screens: Callable[..., Screen], width: int, dark: bool
) -> None:
    screen = screens(width=width, dark=dark)
    screen.sign_in_as("concierge")
    page = screen.open("/find?q=hal")
    key = re.search(r"/projects/([A-Z]+-[0-9]+)", page.content())
    assert key
    for path in (
        "/find?q=hal",
        "/find?q=hal&kind=contacts",
        "/find?q=nothing+like+it",
        f"/projects/{key[1]}/notes",
        "/today/asides/new?line=draft:1%230",
        "/today?whose=all",
    ):
        screen.open(path)
        screen.assert_accessible()
        screen.assert_no_sideways_scroll()
    page.keyboard.press("Control+k")
    page.locator("#palette input[type=search]").fill("hal")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    screen.assert_accessible("#palette")
