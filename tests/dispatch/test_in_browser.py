"""The dispatch board in a real browser: dragged, driven by keys, watched by two, and as a list on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.browser import Screen

pytestmark = pytest.mark.browser

WEEKS = 8
"""So far ahead a visit that can be moved is looked for in the demo company."""


def board_with_a_visit(screen: Screen) -> Locator:
    """Open a week in which somebody has a visit that can be moved a day on, and return its bar."""
    page = screen.open("/dispatch")
    for _week in range(WEEKS):
        for bar in page.locator(".bar[data-visit]:not(.clash)").all():
            starts, ends, _who = (bar.get_attribute("data-was") or "//").split("/")
            if starts[:10] == ends[:10] and bar.bounding_box() and "T" in starts:
                return page.locator(f"#{bar.get_attribute('id')}")
        later(page)
        screen.started()
    raise AssertionError("the demo company has no visit of a day that can be moved")


def later(page: Page) -> None:
    """Turn to the next week."""
    was = page.url
    page.get_by_role("link", name="Later").click()
    page.wait_for_url(lambda url: url != was)


def is_sent(answer: Response) -> bool:
    """Whether this answers a form."""
    return answer.request.method == "POST"


def agree(page: Page) -> None:
    """Say yes to what is asked before a move: what follows, and why although a rule stands against it."""
    dialog = page.locator("#board-dialog")
    for _step in range(3):
        page.locator("#board:not([aria-busy])").wait_for()
        if not dialog.is_visible():
            return
        reason = dialog.locator("textarea[name=conflict_reason]")
        if reason.is_visible():
            reason.fill("The customer asked for it.")
        with page.expect_response(is_sent):
            dialog.get_by_role("button", name="Move it").click()
    expect(dialog).to_be_hidden()


def drag(page: Page, bar: Locator, *, days: int) -> None:
    """Drag a bar to another day of the same row, with a real mouse."""
    bar.scroll_into_view_if_needed()
    box, axis = bar.bounding_box(), page.locator(".dispatch thead .pic").bounding_box()
    assert box
    assert axis
    x, y = box["x"] + 10, box["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 8, y, steps=2)
    page.mouse.move(x + days * axis["width"] / 7, y, steps=6)
    with page.expect_response(is_sent):
        page.mouse.up()


def test_a_visit_is_dragged_and_taken_back_and_driven_by_keys(screens: Callable[..., Screen]) -> None:
    screen = screens(width=1440, height=1000)
    screen.sign_in_as("dispatcher")
    bar = board_with_a_visit(screen)
    page, was = screen.page, bar.get_attribute("data-was") or ""
    watcher = screens(width=1440, height=1000, dark=True)
    watcher.sign_in_as("concierge")
    watcher.open(page.url.removeprefix(screen.site.address))
    watcher.page.evaluate("globalThis.notReloaded = true")
    theirs = watcher.page.locator(f"#{bar.get_attribute('id')}")
    theirs.focus()
    screen.assert_accessible()
    watcher.assert_accessible()

    day = int(was[8:10])
    drag(page, bar, days=1 if day % 28 else -1)
    agree(page)

    toast = page.locator(".toast", has_text="The visit has moved.")
    toast.hover()  # it stays as long as somebody is at it
    expect(bar).not_to_have_attribute("data-was", was)
    expect(theirs).not_to_have_attribute("data-was", was)  # the watcher's board follows
    expect(theirs).to_be_focused()
    assert watcher.page.evaluate("globalThis.notReloaded")
    with page.expect_navigation():
        toast.get_by_role("button", name="Undo").click()
    screen.open(watcher.page.url.removeprefix(screen.site.address))
    expect(bar).to_have_attribute("data-was", was)

    bar.focus()
    with page.expect_response(is_sent):
        page.keyboard.press("Alt+ArrowRight")
    page.locator("#board:not([aria-busy])").wait_for()
    said = page.locator("#board-said").inner_text()
    assert not said or not page.locator("#board-dialog").is_visible()  # what is only asked for is not said
    agree(page)
    expect(page.locator("#board-said")).to_contain_text("half a day later")
    expect(bar).not_to_have_attribute("data-was", was)
    page.keyboard.press("Escape")
    bar.press("Enter")
    dialog = page.locator("#board-dialog")
    expect(dialog.get_by_label("Day", exact=True)).to_be_visible()
    screen.assert_accessible("#board-dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_on_a_phone_it_is_a_list_by_day_that_works_without_script(screens: Callable[..., Screen]) -> None:
    screen = screens(width=390, height=844, scripts=False)
    screen.sign_in_as("dispatcher")
    screen.open("/dispatch")
    page = screen.page

    expect(page.locator(".dispatch-card")).to_be_hidden()
    expect(page.locator(".board-days h2")).to_have_count(7)
    screen.assert_no_sideways_scroll()
    links = page.locator(".board-days .cover, .tray-card .cover")
    for _week in range(WEEKS):
        if links.count():
            break
        later(page)
    links.first.click()
    assert re.search(r"/(dispatch|visits)/", page.url)
    screen.assert_no_sideways_scroll()
