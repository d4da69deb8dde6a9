"""A customer on a phone: from the link in the mail through the points to the question, with script and without."""

import re
import sqlite3
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from concierge.platform import speech
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


@pytest.fixture(scope="module")
def short_lists(site: Site) -> list[tuple[object, ...]]:
    """Number and key of the live projects with the fewest open points, and the address of their contact."""
    return asked(
        site,
        "select p.id, p.key, k.email from projects p join contacts k on k.id = p.contact_id "
        "join checklists c on c.project_id = p.id join readiness_items i on i.checklist_id = c.id "
        "where p.state = 'live' and p.held_on is null and k.email <> '' and i.state = 'open' "
        "and i.responsible = 'customer' and i.is_asked and i.type <> 'info' "
        "group by p.id order by count(*), p.id limit 6",
    )


@pytest.mark.parametrize("language", speech.CUSTOMERS)
def test_from_the_mails_link_to_a_signed_list(
    screens: Callable[..., Screen], site: Site, short_lists: list[tuple[object, ...]], language: str
) -> None:
    """In each language; in one of them without scripts."""
    number, key, email = short_lists[speech.CUSTOMERS.index(language)]
    has_scripts = language != "fr"
    path = _mailed(screens, site, str(key), str(email))
    phone = screens(**PHONE, dark=language == "ar", scripts=has_scripts)
    page = phone.open(path)
    page.locator(".tongues summary").click()
    page.locator(f".tongues button[lang={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    turned = page.evaluate("getComputedStyle(document.body).direction") if has_scripts else "ltr"
    assert turned == speech.direction(language)

    def looks(at: Screen = phone) -> None:
        if has_scripts:
            looks_right(at)

    looks()
    wide = screens(width=1440)
    wide.open(path)
    looks(wide)
    page.locator(".upnext .cover").click()
    looks()
    seen: list[str] = []
    for _turn in range(40):
        shown = re.search(r"/items/(\d+)", page.url)
        if shown is None:
            break
        seen.append(shown[1])
        _fill(page, site, language, place=seen.count(shown[1]) - 1)
        page.locator("form .acts button.primary").click()
        expect(page.locator(".summary")).to_have_count(0)
    else:
        pytest.fail(f"the list of {key} does not end")
    looks()
    expect(page.locator(".upnext")).to_have_count(0)

    page.locator(".part.whole .cover").click()
    page.locator("input[name=decision]").nth(2).check()
    page.locator("input[name=name]").fill("山田 Łucja ليلى")
    looks()
    page.locator("form .acts button.primary").click()
    expect(page).not_to_have_url(re.compile("signature"))
    looks()
    signed = asked(
        site,
        "select s.name, s.decision from readiness_signatures s join checklists c on c.id = s.checklist_id "
        "where c.project_id = ? and s.section = '' and s.ended_at is null and s.channel = 'web'",
        number,
    )
    assert signed == [("山田 Łucja ليلى", "not ready")]
    for part in ("/visits", "/documents", "/questions", "/people"):
        phone.open(f"{path}{part}")
        looks()


def _mailed(screens: Callable[..., Screen], site: Site, key: str, email: str) -> str:
    """The path that a letter brings to somebody who asks for their link by themselves."""
    concierge = screens()
    concierge.sign_in_as("concierge")
    page = concierge.open(f"/projects/{key}/customer")
    if not page.locator("table").filter(has_text=email).count():
        page.get_by_role("button", name="Send the link", exact=True).click()
        expect(page.locator("table")).to_contain_text(email)
    before = set((site.instance / "mail").glob("*.eml"))
    page = screens(**PHONE).open("/p")
    page.locator("input[name=email]").fill(email)
    page.locator("form .acts button.primary").click()
    name = page.locator("main").inner_text()
    assert email in name
    known = {f"/p/{token_of(site, asked(site, 'select id from projects where key = ?', key)[0][0])}"}
    for _turn in range(480):
        for letter in set((site.instance / "mail").glob("*.eml")) - before:
            text = message_from_bytes(letter.read_bytes(), policy=default).get_body(("plain",))
            found = re.findall(r"/p/[a-z2-7]+", text.get_content() if text else "")
            if known & set(found):
                return str(found[0] if found[0] in known else (known & set(found)).pop())
        page.wait_for_timeout(250)
    pytest.fail(f"no letter to {email} brought a link")


def _fill(page: Page, site: Site, language: str, *, place: int) -> None:
    """Answer the point that is shown as a person there would; of a choice what stands at a place."""
    number = re.findall(r"/items/(\d+)", page.url)[0]
    kind, least, most, unit, due = asked(
        site, "select type, minimum, maximum, unit, due_on from readiness_items where id = ?", number
    )[0]
    form = page.locator("form#answering")
    if kind in {"confirm", "choice"}:
        form.locator("input[type=radio]").nth(place).check()
    elif kind == "multi":
        form.locator("input[type=checkbox]").first.check()
    elif kind == "measure":
        ends = [float(str(one)) for one in (least, most) if one is not None]
        value = f"{sum(ends) / len(ends):.1f}"
        form.locator("[name=answer]").fill(
            value.replace(".", ",") if language in {"de", "fr", "es"} else value
        )
        if form.locator("select[name=unit]").count():
            form.locator("select[name=unit]").select_option(str(unit))
    elif kind == "date":
        year, month, day = str(due).split("-")
        for name, value in (("year", year), ("month", month), ("day", day)):
            form.locator(f"input[name={name}]").fill(value)
    elif kind in {"text", "signature"}:
        form.locator("[name=answer]").fill("Noëmi Frey, +41 61 555 01 12")
    if form.locator("fieldset.files").count():
        photo = {"name": "place.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + bytes(2000)}
        form.locator("input[type=file]").last.set_input_files(photo)  # type: ignore[arg-type]  # as Playwright says


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
    expect(page.locator(".sending")).to_contain_text("Kept")
    page.unroute(re.compile(r"/uploads/"))
    screen.faults[:] = [fault for fault in screen.faults if "503" not in fault]
    looks_right(screen)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.locator("h1")).to_be_visible()
    assert asked(site, "select count(*) from item_evidence where item_id = ?", row[0]) == [(1,)]
