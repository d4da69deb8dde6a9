"""Every page that a person can reach by links, in a real browser: accessible, quiet, and no wider than the window."""

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from concierge.app import create_app
from concierge.platform.settings import load
from tests.browser import Screen, Site

pytestmark = pytest.mark.browser

LOOKS = {
    "wide, light": {"width": 1440, "dark": False},
    "wide, dark": {"width": 1440, "dark": True},
    "phone, light": {"width": 390, "height": 844, "dark": False},
    "phone, dark": {"width": 390, "height": 844, "dark": True},
}
PAGES_AT_MOST = 60


@pytest.fixture(scope="session")
def reachable(site: Site) -> Callable[[Screen, str], list[str]]:
    """Find one address for each kind of page that a signed-in person's links lead to."""
    routes = create_app(load({"CONCIERGE_INSTANCE": str(site.instance)})).url_map.bind("127.0.0.1")
    found: dict[str, list[str]] = {}

    def pages_of(screen: Screen, role: str) -> list[str]:
        if role not in found:
            found[role] = _crawled(screen, routes)
        return found[role]

    return pages_of


@pytest.mark.parametrize(
    ("role", "look"),
    [
        ("concierge", "wide, light"),
        ("concierge", "phone, dark"),
        ("technician", "phone, light"),
        ("technician", "wide, dark"),
    ],
)
def test_every_page_is_accessible_and_fits(
    screens: Callable[..., Screen], reachable: Callable[[Screen, str], list[str]], role: str, look: str
) -> None:
    screen = screens(**LOOKS[look])
    screen.sign_in_as(role)
    problems = []

    for path in reachable(screen, role):
        screen.open(path)
        for check in (
            screen.assert_accessible,
            screen.assert_no_sideways_scroll,
            screen.assert_title_is_read,
        ):
            try:
                check()
            except AssertionError as problem:
                problems.append(str(problem))

    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("role", ["dispatcher", "manager", "administrator"])
def test_every_page_of_the_other_roles_is_accessible(
    screens: Callable[..., Screen], reachable: Callable[[Screen, str], list[str]], role: str
) -> None:
    screen = screens()
    screen.sign_in_as(role)
    seen_by_concierge = set(reachable(screens(), "concierge") if role != "administrator" else ())
    problems = []

    for path in reachable(screen, role):
        screen.open(path)
        try:
            if path not in seen_by_concierge:
                screen.assert_accessible()
        except AssertionError as problem:
            problems.append(str(problem))

    assert not problems, "\n\n".join(problems)


def test_no_page_scrolls_sideways_at_320_pixels_or_with_text_twice_as_large(
    screens: Callable[..., Screen], reachable: Callable[[Screen, str], list[str]]
) -> None:
    screen = screens(width=320, height=640)
    screen.sign_in_as("concierge")
    problems = []

    for path in reachable(screen, "concierge"):
        screen.open(path)
        try:
            screen.assert_no_sideways_scroll()
        except AssertionError as problem:
            problems.append(str(problem))

    assert not problems, "\n".join(problems)


def test_pages_work_without_scripts(
    screens: Callable[..., Screen], reachable: Callable[[Screen, str], list[str]]
) -> None:
    screen = screens(scripts=False)
    screen.sign_in_as("concierge")

    for path in ("/today", "/projects", "/orders", "/accounts", "/calendar"):
        page = screen.open(path)

        assert page.locator("h1").count() == 1, path
        assert page.locator("main").count() == 1, path


def test_an_answer_is_printed_with_its_instant_and_without_what_only_screens_do(
    screens: Callable[..., Screen],
) -> None:
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open("/enquiries")
    page.goto(page.locator("main a[href^='/enquiries/Q-']").first.evaluate("one => one.href"))
    screen.started()
    page.evaluate("globalThis.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Print", exact=True).click()
    assert page.title() == "printed"
    expect(page.locator(".print-only")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".print-only")).to_contain_text("As of ")
    expect(page.get_by_role("link", name="See the stock")).to_be_hidden()
    expect(page.locator(".top")).to_be_hidden()
    screen.assert_no_sideways_scroll()


def test_the_first_tab_skips_to_the_content_and_focus_is_seen(screens: Callable[..., Screen]) -> None:
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open("/today")

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert skip == "#main"
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def _crawled(screen: Screen, routes: object) -> list[str]:
    """Follow links from the first pages on, once for each endpoint; what is fetched as a file is left out."""
    ask = screen.page.context.request
    address = screen.site.address
    waiting = ["/today", "/projects", "/projects?view=lines", "/calendar", "/styleguide", "/settings/me"]
    seen: dict[str, str] = {}
    pages: list[str] = []
    while waiting and len(pages) < PAGES_AT_MOST:
        path = waiting.pop(0)
        kind = _kind(path, routes)
        if not kind or kind in seen:
            continue
        seen[kind] = path
        answer = ask.get(address + path, max_redirects=5)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        pages.append(path)
        for target in re.findall(r"""\shref=["']([^"'#]+)""", answer.text()):
            to = urlsplit(urljoin(address + path, target.replace("&amp;", "&")))
            if f"{to.scheme}://{to.netloc}" == address:
                waiting.append(to.path + (f"?{to.query}" if to.query else ""))
    return pages


def _kind(path: str, routes: object) -> str:
    """The endpoint of a path, with `view` where it decides what the page is; empty for what is no page."""
    parts = urlsplit(path)
    try:
        endpoint, _ = routes.match(parts.path, method="GET")  # type: ignore[attr-defined]  # werkzeug's MapAdapter
    except (HTTPException, RequestRedirect):
        return ""
    view = re.search(r"\bview=\w+", parts.query)
    return "" if endpoint == "static" else f"{endpoint} {view[0] if view else ''}"
