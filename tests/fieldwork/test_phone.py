"""The technician's day in a real browser on a phone: whole visits without network, and nothing lost on the way."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Dialog, Error, Page, Route

from tests.browser import Screen, Site, opened, served
from tests.fieldwork import phones
from tests.fieldwork.phones import PASSWORD, Crew
from tests.makers import fieldwork
from tests.processes import free_port

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("phone")]

CREWS = 10
CHANGES = """new Promise((resolve) => {
  const opening = indexedDB.open("concierge-day");
  opening.onsuccess = () => {
    const asked = opening.result.transaction("changes").objectStore("changes").getAll();
    asked.onsuccess = () => {
      opening.result.close();
      resolve(asked.result);
    };
  };
})"""
"""What the device has not forgotten yet."""
REFUSE_WORKERS = """
globalThis.refused = 0;
const register = navigator.serviceWorker.register.bind(navigator.serviceWorker);
navigator.serviceWorker.register = (...wanted) =>
  globalThis.refused < 0 ? register(...wanted) : (globalThis.refused += 1, Promise.reject(new Error("no")));
"""
NOTES = """SELECT field_notes.text FROM field_notes
    JOIN field_changes ON field_changes.id = field_notes.change_id
    JOIN visits ON visits.id = field_changes.visit_id WHERE visits.uid = :uid"""
AUTHORS = """SELECT users.name FROM field_changes JOIN users ON users.id = field_changes.user_id
    JOIN visits ON visits.id = field_changes.visit_id WHERE visits.uid = :uid"""


class Served:
    """The company's server, which can be stopped and started again at the same address."""

    def __init__(self, instance: Path) -> None:
        self.instance, self.port = instance, free_port()
        self._running = ExitStack()
        self._is_up = False
        self.site = self.start()

    def start(self) -> Site:
        """Serve, unless it is served already."""
        if self._is_up:
            return self.site
        self._is_up = True
        wanted = served(self.instance, port=self.port, CONCIERGE_DEMO="no")
        self.site = self._running.enter_context(wanted)
        return self.site

    def stop(self) -> None:
        self._is_up = False
        self._running.close()

    def rows(self, question: str, **values: object) -> list[tuple[object, ...]]:
        """What the database says now, asked beside the server."""
        engine = sa.create_engine(f"sqlite:///{self.instance / 'concierge.sqlite3'}")
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(question), values)]
        engine.dispose()
        return found

    def kinds(self, uid: str) -> dict[str, int]:
        """How many changes of each kind arrived for a visit."""
        question = """SELECT field_changes.kind, count(*) FROM field_changes
            JOIN visits ON visits.id = field_changes.visit_id WHERE visits.uid = :uid GROUP BY 1"""
        return {str(kind): int(str(number)) for kind, number in self.rows(question, uid=uid)}

    def state(self, uid: str) -> str:
        """How far a visit is."""
        ((state,),) = self.rows("SELECT state FROM visits WHERE uid = :uid", uid=uid)
        return str(state)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all; each test has a crew of its own."""
    instance = tmp_path_factory.mktemp("company")
    phones.build(instance, crews=CREWS)
    running = Served(instance)
    yield running
    running.stop()


_NUMBERS = iter(range(CREWS))


@pytest.fixture
def crew(company: Served) -> Crew:
    company.start()  # a test that failed may have left it stopped
    return Crew(next(_NUMBERS))


@pytest.fixture
def phone(browser: Browser, company: Served, crew: Crew) -> Iterator[Callable[..., Screen]]:
    """A maker of phones; what a phone without network reports of requests is no fault, all else is."""
    with ExitStack() as stack:
        made: list[Screen] = []

        def make(*, of: str = crew.tomas, **looks: bool) -> Screen:
            screen = stack.enter_context(opened(browser, company.site, width=390, height=844, **looks))
            made.append(screen)
            screen.sign_in(of, PASSWORD)
            return screen

        yield make
        for screen in made:
            faults = [one for one in screen.faults if one.startswith(("content policy", "error on"))]
            assert not faults, "\n".join(faults)


def holds(page: Page, question: str, timeout_s: float = 120) -> None:
    """Ask the page until it says yes; it may load anew meanwhile."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        with suppress(Error):
            if page.evaluate(question) is True:
                return
        assert time.monotonic() < give_up_at, question
        page.wait_for_timeout(100)


def preloaded(page: Page) -> None:
    """Wait until the device holds the pages and files that it needs."""
    holds(
        page,
        """async () => {
          if (!navigator.serviceWorker.controller) return false;
          const pages = await (await caches.open("concierge-day-pages")).keys();
          const paths = pages.map((request) => new URL(request.url).pathname);
          return paths.includes("/day") && paths.includes("/day/outbox") &&
            paths.some((path) => path.startsWith("/day/visits/visit-both"));
        }""",
    )


def all_sent(page: Page) -> None:
    """Wait until nothing waits on the device."""
    holds(page, f"{CHANGES}.then((all) => all.every((change) => change.state === 'sent'))")


def step(page: Page, key: str) -> object:
    return page.locator(f'.step[data-step="{key}"]')


def test_a_whole_visit_without_network_arrives_once(
    phone: Callable[..., Screen], company: Served, crew: Crew, tmp_path: Path
) -> None:
    screen = phone()
    page, context = screen.page, screen.page.context
    page.wait_for_url("**/day")
    preloaded(page)
    context.set_offline(True)
    company.stop()

    page.reload()
    page.get_by_role("heading", level=1).get_by_text("One visit today").wait_for()
    screen.assert_accessible()
    page.get_by_role("link", name="Open the visit").click()
    page.get_by_text("No network since").wait_for()
    page.get_by_role("button", name="Arrived").click()
    page.get_by_role("button", name="Done", exact=True).click()
    temperature = page.get_by_label("Room temperature")
    temperature.fill("31")
    page.get_by_text("Out of range: should be 18").wait_for()
    temperature.fill("21,5 °C")
    page.get_by_text("In range").wait_for()
    step(page, "temperature").get_by_role("button", name="Save").click()  # type: ignore[attr-defined]  # a locator
    page.get_by_label("Serial number").fill("SN-4711")
    page.keyboard.press("Enter")
    picture = tmp_path / "label.jpg"
    camera = fieldwork.photo((2600, 1900), quality=100)
    picture.write_bytes(camera + bytes(40 * 1024 * 1024 - len(camera)))  # readers stop where the picture ends
    page.locator('.step[data-step="label"] input[capture]').set_input_files(picture)
    page.locator('.step[data-step="label"] img').wait_for()
    page.get_by_role("textbox", name="Note").fill("The door is 2 cm too narrow.")
    page.get_by_role("button", name="Add the note").click()
    page.locator(".entry.here", has_text="The door is 2 cm too narrow.").wait_for()
    page.reload()  # whoever loads again without network finds it all
    page.get_by_text("The door is 2 cm too narrow.").wait_for()
    holds(page, "() => document.querySelectorAll('.entry.here').length === 5")
    page.get_by_text("The customer signs").click()
    drawing = page.locator("details[open] canvas")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for number in range(12):
        page.mouse.move(box["x"] + 40 + 15 * number, box["y"] + 60 + 20 * (number % 3))
    page.mouse.up()
    page.locator("details[open]").get_by_role("button", name="Sign").click()
    page.get_by_text("Signed by Yuki Tanaka").wait_for()
    page.get_by_role("button", name="Everything is done").click()
    page.get_by_text("Over since").first.wait_for()
    screen.assert_accessible()
    screen.assert_no_sideways_scroll()
    page.goto(f"{company.site.address}/day/outbox")
    holds(page, "() => document.querySelectorAll('[data-row]').length === 8")
    screen.assert_accessible()
    assert company.kinds(crew.now) == {}

    company.start()
    context.set_offline(False)
    all_sent(page)
    page.get_by_text("Nothing waits.").wait_for()

    assert company.kinds(crew.now) == {
        "state": 2, "tick": 1, "reading": 1, "serial": 1, "photo": 1, "note": 1, "signature": 1,
    }  # fmt: skip
    assert company.state(crew.now) == "complete"
    ((size,),) = company.rows(
        "SELECT stored_files.size FROM field_photos JOIN stored_files ON stored_files.id = field_photos.file_id"
    )
    assert 10_000 < int(str(size)) < 5 * 1024 * 1024, "the phone made it smaller"
    page.goto(f"{company.site.address}/day/visits/{crew.now}")
    page.locator(".entry", has_text=re.compile(r"21[.,]5 °C")).wait_for()
    holds(page, "() => document.querySelectorAll('.entry.here').length === 0")


def test_an_answer_that_is_lost_and_a_tab_that_dies_send_nothing_twice(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    screen = phone()
    page, context = screen.page, screen.page.context
    page.goto(f"{company.site.address}/day/visits/{crew.now}")
    preloaded(page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route.request.url)
        route.abort()

    context.route("**/day/changes", lose)
    page.get_by_role("textbox", name="Note").fill("Once")
    page.get_by_role("button", name="Add the note").click()
    page.locator(".entry.here", has_text="Once").wait_for()
    wait_for(lambda: bool(lost), page)
    page.close(run_before_unload=False)
    context.unroute("**/day/changes")

    one, other = context.new_page(), context.new_page()
    for tab in (one, other):
        tab.goto(f"{company.site.address}/day/visits/{crew.now}")
    one.get_by_role("textbox", name="Note").fill("From one tab")
    one.get_by_role("button", name="Add the note").click()
    other.get_by_role("textbox", name="Note").fill("From another tab")
    other.get_by_role("button", name="Add the note").click()
    for tab in (one, other):
        all_sent(tab)
        for text in ("Once", "From one tab", "From another tab"):
            tab.locator('[data-entries="note"] > li', has_text=text).wait_for()

    notes = sorted(str(row[0]) for row in company.rows(NOTES, uid=crew.now))
    assert notes == ["From another tab", "From one tab", "Once"]


def test_a_wrong_tap_is_taken_back_before_anybody_hears_of_it(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    page = phone().page
    page.context.route("**/day/changes", lambda route: route.abort())  # however long it takes to press Undo
    page.goto(f"{company.site.address}/day/visits/{crew.now}")

    page.get_by_role("button", name="On my way").click()
    page.get_by_text("On the way since").wait_for()
    assert page.evaluate(f"{CHANGES}.then((all) => all[0].notBefore - Date.parse(all[0].at))") >= 7900
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back.").wait_for()

    page.get_by_role("button", name="On my way").wait_for()
    page.context.unroute("**/day/changes")
    page.get_by_role("textbox", name="Note").fill("Still at home")
    page.get_by_role("button", name="Add the note").click()
    wait_for(lambda: bool(company.kinds(crew.now)), page)
    assert company.kinds(crew.now) == {"note": 1}


def test_what_one_person_entered_is_never_sent_by_the_next(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    screen = phone()
    page, context = screen.page, screen.page.context
    page.goto(f"{company.site.address}/day/visits/{crew.both}")
    preloaded(page)
    context.set_offline(True)
    page.get_by_role("textbox", name="Note").fill("Written by Tomas")
    page.get_by_role("button", name="Add the note").click()
    page.locator(".entry.here").wait_for()
    context.clear_cookies()  # the sign-in has ended
    context.set_offline(False)
    page.get_by_text("Your sign-in has ended.").wait_for()
    assert "1 change waits." in page.locator("[data-strip]").inner_text()

    screen.sign_in(crew.ines, PASSWORD)
    page.goto(f"{company.site.address}/day")
    preloaded(page)
    page.goto(f"{company.site.address}/day/outbox")
    page.get_by_text("Nothing waits.").wait_for()
    page.get_by_text("1 change that somebody else entered on this device has not been sent.").wait_for()
    page.get_by_role("button", name="Hand it in").click()
    page.get_by_text("They stay on the device until that person signs in here again.").wait_for()
    assert company.kinds(crew.both) == {}
    context.set_offline(True)
    page.goto(f"{company.site.address}/day/visits/{crew.now}", wait_until="commit")  # Tomas's alone
    page.get_by_role("heading", name="No network here").wait_for()
    context.set_offline(False)
    leave(page, company)

    screen.sign_in(crew.tomas, PASSWORD)
    page.goto(f"{company.site.address}/day")
    all_sent(page)
    assert company.rows(AUTHORS, uid=crew.both) == [("Tomas Keller",)]


def test_what_somebody_without_access_left_on_a_device_is_handed_in_and_looked_at(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    screen = phone()
    page, context = screen.page, screen.page.context
    page.goto(f"{company.site.address}/day/visits/{crew.both}")
    preloaded(page)
    context.set_offline(True)
    page.get_by_role("textbox", name="Note").fill("Written by Tomas")
    page.get_by_role("button", name="Add the note").click()
    page.locator(".entry.here").wait_for()
    with phones.application(company.instance):
        phones.end_access(crew.tomas)
    context.set_offline(False)
    page.get_by_text("Your sign-in has ended.").wait_for()
    assert "1 change waits." in page.locator("[data-strip]").inner_text()

    context.clear_cookies()
    screen.sign_in(crew.ines, PASSWORD)
    page.goto(f"{company.site.address}/day")
    preloaded(page)
    page.goto(f"{company.site.address}/day/outbox")
    page.get_by_role("button", name="Hand it in").click()
    page.locator("[data-others]").wait_for(state="hidden")
    screen.assert_accessible()
    assert company.kinds(crew.both) == {"note": 1}
    assert company.rows(AUTHORS, uid=crew.both) == [("Tomas Keller",)]
    left = "select c.stray, c.said from field_changes c join visits v on v.id = c.visit_id where v.uid = :uid"
    ((stray, said),) = company.rows(left, uid=crew.both)
    assert stray == "taken away"
    assert "Tomas Keller has no access any more" in str(said)


def test_signing_out_asks_and_clears(phone: Callable[..., Screen], company: Served, crew: Crew) -> None:
    screen = phone()
    page, context = screen.page, screen.page.context
    page.goto(f"{company.site.address}/day/visits/{crew.now}")
    preloaded(page)
    context.route("**/day/changes", lambda route: route.abort())
    page.get_by_role("textbox", name="Note").fill("Not sent")
    page.get_by_role("button", name="Add the note").click()
    page.locator(".entry.here").wait_for()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if len(asked) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    page.goto(f"{company.site.address}/settings/me")
    page.get_by_role("button", name="Sign out", exact=True).click()
    wait_for(lambda: len(asked) == 1, page)
    assert "1 change of yours has not been sent" in asked[0]
    assert page.url.endswith("/settings/me")

    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")

    left = page.evaluate(
        """async () => {
          const count = (await (await caches.open("concierge-day-pages")).keys()).length;
          const opened = await new Promise((resolve) => {
            const opening = indexedDB.open("concierge-day");
            opening.onsuccess = () => resolve(opening.result);
          });
          const all = (name) => new Promise((resolve) => {
            const asked = opened.transaction(name).objectStore(name).getAll();
            asked.onsuccess = () => resolve(asked.result.length);
          });
          return [count, await all("changes"), await all("files")];
        }"""
    )
    assert left == [0, 0, 0]


def test_what_moved_and_what_two_people_say_is_shown(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    tomas, ines = phone(), phone(of=crew.ines)
    for screen in (tomas, ines):
        screen.page.goto(f"{company.site.address}/day/visits/{crew.both}")
        preloaded(screen.page)
        screen.page.context.set_offline(True)
    for screen, typed in ((tomas, "20"), (ines, "22")):
        screen.page.get_by_label("Room temperature").fill(typed)
        step(screen.page, "temperature").get_by_role("button", name="Save").click()  # type: ignore[attr-defined]
        screen.page.locator(".entry.here").wait_for()
    with phones.application(company.instance):
        phones.move(crew.both, minutes=60)
    for screen in (tomas, ines):
        screen.page.context.set_offline(False)
        all_sent(screen.page)
    ines.page.get_by_text("has moved: it was").wait_for()

    page = ines.page
    page.goto(f"{company.site.address}/day/outbox")
    page.get_by_role("heading", name="Two values for one step").wait_for()
    ines.assert_accessible()
    page.locator(".side", has_text="20 °C").get_by_role("button", name="Keep this one").click()
    wait_for(lambda: company.kinds(crew.both) == {"reading": 3}, page)

    page.goto(f"{company.site.address}/day/visits/{crew.both}")
    page.locator(".entry", has_text="20 °C").first.wait_for()
    page.locator(".entry.conflict").first.wait_for(state="detached")  # a busy server's page may come later


def test_a_page_that_its_worker_passed_by_gets_it_in_the_end(
    phone: Callable[..., Screen], company: Served, crew: Crew
) -> None:
    page = phone().page
    page.goto(f"{company.site.address}/day/visits/{crew.both}")
    preloaded(page)
    page.add_init_script(REFUSE_WORKERS)

    page.context.new_cdp_session(page).send("Page.reload", {"ignoreCache": True})  # past the worker
    holds(page, "() => refused > 0 && navigator.serviceWorker.controller === null")
    page.evaluate("refused = -1")

    holds(page, "() => refused === -1 && navigator.serviceWorker.controller !== null", timeout_s=45)


def test_a_full_device_says_so_and_keeps_what_was_typed(
    phone: Callable[..., Screen], company: Served, crew: Crew, tmp_path: Path
) -> None:
    page = phone().page
    page.goto(f"{company.site.address}/day/visits/{crew.now}")
    page.locator("[data-scripted]:not([hidden])").first.wait_for()
    page.evaluate(
        """() => {
          globalThis.add = IDBObjectStore.prototype.add;
          IDBObjectStore.prototype.add = function () { throw new DOMException("full", "QuotaExceededError"); };
        }"""
    )
    good, odd = tmp_path / "good.jpg", tmp_path / "odd.jpg"
    good.write_bytes(fieldwork.photo())
    odd.write_bytes(b"\xff\xd8\xff" + bytes(21 * 1024 * 1024))

    page.get_by_role("textbox", name="Note").fill("Too much")
    page.get_by_role("button", name="Add the note").click()

    page.get_by_text("The device is full").wait_for()
    assert page.get_by_role("textbox", name="Note").input_value() == "Too much"

    label = page.locator('.step[data-step="label"]')
    label.locator("input[capture]").set_input_files(good)
    label.get_by_text("The device is full").wait_for()
    preloaded(page)  # what the server sends meanwhile leaves what waits where it is
    page.evaluate("() => { IDBObjectStore.prototype.add = globalThis.add; }")
    label.get_by_role("button", name="Save again").click()
    label.locator("img").wait_for()
    label.locator("input[capture]").set_input_files(odd)
    label.get_by_text("This photo is larger than 20 MB").wait_for()
    all_sent(page)
    assert company.kinds(crew.now) == {"photo": 1}


def test_the_same_visit_without_scripts(
    phone: Callable[..., Screen], company: Served, crew: Crew, tmp_path: Path
) -> None:
    page = phone(scripts=False).page
    page.goto(f"{company.site.address}/day/visits/{crew.now}")

    page.get_by_role("button", name="Arrived").click()
    step(page, "unpacked").get_by_role("button", name="Done", exact=True).click()  # type: ignore[attr-defined]
    page.get_by_label("Room temperature").fill("21,5")
    step(page, "temperature").get_by_role("button", name="Save").click()  # type: ignore[attr-defined]
    picture = tmp_path / "label.jpg"
    picture.write_bytes(fieldwork.photo())
    page.locator('.step[data-step="label"] input[capture]').set_input_files(picture)
    step(page, "label").get_by_role("button", name="Send the photo").click()  # type: ignore[attr-defined]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"GIF89a no picture at all")
    page.locator('.step[data-step="label"] input[capture]').set_input_files(broken)
    step(page, "label").get_by_role("button", name="Send the photo").click()  # type: ignore[attr-defined]
    page.get_by_text("That was not kept").wait_for()
    page.get_by_text("Somebody has to come again").click()
    page.get_by_label("What is left to do").fill("Train the users")
    page.get_by_role("button", name="Finish for today").click()

    wait_for(lambda: company.state(crew.now) == "incomplete", page)
    assert company.kinds(crew.now) == {"state": 2, "tick": 1, "reading": 1, "photo": 1}


def leave(page: Page, company: Served) -> None:
    page.goto(f"{company.site.address}/settings/me")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")


def wait_for(is_so: Callable[[], bool], page: Page, timeout_s: float = 120) -> None:
    give_up_at = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(50)
