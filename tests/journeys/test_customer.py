"""A customer on a phone: from the link in the mail through the points to the question, with script and without."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from concierge.readiness import scope
from tests.browser import Screen, Site

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
OPEN = """
    select i.id, i.type, i.unit, i.evidence_need
    from readiness_items i join checklists c on c.id = i.checklist_id
    where c.project_id = ? and i.state = 'open' and i.responsible = 'customer' and i.is_asked
    order by i.due_on
"""


def asked(site: Site, question: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(site.instance / "concierge.sqlite3") as connection:
        found = connection.execute(question, values).fetchall()
    connection.close()
    return found


def token_of(site: Site, project_id: object) -> str:
    """The secret of the newest link to a project, as the mail would bring it."""
    nonce = asked(
        site, "select nonce from customer_links where project_id = ? order by id desc limit 1", project_id
    )[0][0]
    key = (site.instance / "secret_key").read_text().strip()
    return scope.customer_token(str(nonce), key=key)


@pytest.fixture(scope="module")
def projects(site: Site) -> list[tuple[object, ...]]:
    """Number and key of live projects with many open points, whose contact has a mail address."""
    return asked(
        site,
        "select p.id, p.key from projects p join contacts k on k.id = p.contact_id "
        "join checklists c on c.project_id = p.id join readiness_items i on i.checklist_id = c.id "
        "where p.state = 'live' and p.held_on is null and k.email <> '' and k.language = 'en' "
        "and i.state = 'open' and i.responsible = 'customer' and i.is_asked "
        "group by p.id having count(*) > 8 order by p.id limit 3",
    )


def give(screens: Callable[..., Screen], site: Site, project: tuple[object, ...]) -> str:
    """The concierge gives the project's contact a link; the path behind it."""
    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open(f"/projects/{project[1]}/customer")
    page.get_by_role("button", name="Send the link", exact=True).click()
    expect(page.locator("table")).to_contain_text("everything")
    screen.assert_accessible()
    return f"/p/{token_of(site, project[0])}"


def looks_right(screen: Screen) -> None:
    screen.assert_accessible()
    screen.assert_no_sideways_scroll()


def test_a_customer_answers_on_the_phone(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]], tmp_path: Path
) -> None:
    path = give(screens, site, projects[0])
    screen = screens(**PHONE)
    page = screen.open(path)
    looks_right(screen)
    expect(page.locator("h1")).to_contain_text(re.compile("need you|needs you|late"))

    page.locator(".upnext .cover").click()
    page.wait_for_url(re.compile("/items/"))
    looks_right(screen)
    page.get_by_role("button", name="Save and go on").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(".summary")).to_be_focused()
    looks_right(screen)

    answered = _answer_three(page, screen, site, path, projects[0][0])
    assert answered == 3
    _send_photo(page, screen, site, path, projects[0][0], tmp_path)

    section = str(
        asked(site, "select section from readiness_items where id = ?", _first(site, projects[0][0]))[0][0]
    )
    page = screen.open(f"{path}/sections/{section}")
    looks_right(screen)
    page.get_by_role("link", name="Hand it to a colleague").click()
    page.get_by_label("Your colleague’s name").fill("Urs Keller")
    page.get_by_label("Their mail address").fill("urs@example.com")
    looks_right(screen)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("main")).to_contain_text("urs@example.com")

    page = screen.open(f"{path}/questions")
    page.get_by_label("Your message").fill("Does the crate fit through a door of 92 cm?")
    page.get_by_role("button", name="Send the message").click()
    expect(page.locator("main")).to_contain_text("We have it, and answer soon.")
    looks_right(screen)

    for part in ("/visits", "/documents", "/people", "/signature"):
        screen.open(f"{path}{part}")
        looks_right(screen)


def test_the_concierge_answers_the_question_and_sees_the_page_as_the_customer_does(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]]
) -> None:
    path = give(screens, site, projects[1])
    customer = screens(**PHONE)
    page = customer.open(f"{path}/questions")
    page.get_by_label("Your message").fill("Who brings the regulators?")
    page.get_by_role("button", name="Send the message").click()

    screen = screens()
    screen.sign_in_as("concierge")
    page = screen.open(f"/projects/{projects[1][1]}/customer")
    page.get_by_label("Answer").first.fill("You do; the list says which.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator("main")).to_contain_text("You do; the list says which.")
    looks_right(screen)
    before = asked(site, "select opened_at from customer_links where project_id = ?", projects[1][0])
    page.get_by_role("link", name=re.compile("^See the page as")).first.click()
    expect(page.locator(".previewing")).to_be_visible()
    looks_right(screen)
    page.locator(".upnext .cover").click()
    looks_right(screen)
    assert page.get_by_role("button", name="Save and go on").count() == 0
    assert asked(site, "select opened_at from customer_links where project_id = ?", projects[1][0]) == before

    page = customer.open(f"{path}/questions")
    expect(page.locator("main")).to_contain_text("You do; the list says which.")


def test_everything_works_without_scripts(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]], tmp_path: Path
) -> None:
    path = give(screens, site, projects[2])
    screen = screens(**PHONE, scripts=False)
    page = screen.open(path)
    page.locator(".upnext .cover").click()
    assert "/items/" in page.url

    confirm = next(
        row for row in asked(site, OPEN, projects[2][0]) if row[1] == "confirm" and row[3] == "none"
    )
    page = screen.open(f"{path}/items/{confirm[0]}")
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.locator(".notice")).to_contain_text("Saved")
    assert asked(site, "select state from readiness_items where id = ?", confirm[0]) == [("answered",)]

    upload = next((row for row in asked(site, OPEN, projects[2][0]) if row[1] == "upload"), None)
    if upload is not None:
        photo = tmp_path / "place.png"
        photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
        page = screen.open(f"{path}/items/{upload[0]}")
        page.get_by_label("Choose files").set_input_files(photo)
        page.get_by_role("button", name="Save and go on").click()
        kept = asked(site, "select count(*) from item_evidence where item_id = ?", upload[0])
        assert kept == [(1,)]


@pytest.mark.parametrize("language", ["de", "ja", "ar"])
def test_other_languages_are_accessible_and_fit(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]], language: str
) -> None:
    path = give(screens, site, projects[1])
    phone, wide = screens(**PHONE, dark=True), screens(width=1440)
    page = phone.open(path)
    page.locator(".tongues summary").click()
    page.locator(f".tongues button[lang={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert page.evaluate("getComputedStyle(document.body).direction") == (
        "rtl" if language == "ar" else "ltr"
    )
    item = _first(site, projects[1][0])

    for part in ("", "/visits", "/people", f"/items/{item}"):
        for screen in (phone, wide):
            screen.open(f"{path}{part}")
            looks_right(screen)


def _first(site: Site, project_id: object) -> object:
    return asked(site, OPEN, project_id)[0][0]


def _answer_three(page: Page, screen: Screen, site: Site, path: str, project_id: object) -> int:
    """Answer a point of three kinds as people do; return how many were saved."""
    saved = 0
    for kind in ("confirm", "text", "choice"):
        row = next(
            (one for one in asked(site, OPEN, project_id) if one[1] == kind and one[3] == "none"), None
        )
        if row is None:
            saved += 1
            continue
        screen.open(f"{path}/items/{row[0]}")
        if kind == "confirm":
            page.get_by_label("Yes").check()
        elif kind == "text":
            page.get_by_label("Your answer").fill("Noëmi Frey, +41 61 555 01 12")
        else:
            page.locator(".choice input").first.check()
        looks_right(screen)
        page.get_by_role("button", name="Save and go on").click()
        expect(page.locator(".notice").first).to_contain_text(re.compile("Saved"))
        state = asked(site, "select state, channel from readiness_items where id = ?", row[0])[0]
        saved += state == ("answered", "web") or state == ("accepted", "web")
    return saved


def _send_photo(page: Page, screen: Screen, site: Site, path: str, project_id: object, folder: Path) -> None:
    """Send a photo of some megabytes over a connection that breaks once; it goes on by itself."""
    row = next((one for one in asked(site, OPEN, project_id) if one[1] == "upload"), None)
    if row is None:
        return
    photo = folder / "IMG_1.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(3 * 1024 * 1024))
    screen.open(f"{path}/items/{row[0]}")
    page.wait_for_selector("html[data-started]")
    failures = {"left": 1}

    def breaks_once(route: object) -> None:
        if failures["left"]:
            failures["left"] -= 1
            route.fulfill(status=503, body="")  # type: ignore[attr-defined]  # Playwright's route
        else:
            route.continue_()  # type: ignore[attr-defined]  # as above

    page.route(re.compile(r"/uploads/"), breaks_once)
    page.get_by_label("Choose files").set_input_files(photo)
    expect(page.locator(".sending")).to_contain_text("Kept", timeout=20_000)
    page.unroute(re.compile(r"/uploads/"))
    screen.faults[:] = [fault for fault in screen.faults if "503" not in fault]
    looks_right(screen)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.locator("h1")).to_be_visible()
    assert asked(site, "select count(*) from item_evidence where item_id = ?", row[0]) == [(1,)]
