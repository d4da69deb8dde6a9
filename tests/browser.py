"""A real browser on the real application: Playwright drives the system's Chromium.

Fixtures (this file is a pytest plugin; mark such tests `@pytest.mark.browser`):

- `site`     the application as `concierge run` starts it, with the demo company, own instance folder, SQLite;
- `screens`  makes screens: `screen = screens(width=390, dark=True)`; at the end of the test each must have
             been quiet: no console error, no script error, no report of content policy, no failed request.

    def test_today_is_accessible(site, screens):
        screen = screens(width=390)
        screen.sign_in("ada@…", "…")

        screen.open("/today")

        screen.assert_accessible()
        screen.assert_no_sideways_scroll()
"""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests import programs
from tests.processes import dies_with_parent, free_port, stop

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 300  # the demo company is loaded first
PATIENCE_MS = 60_000  # a machine may have a lot else to do
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
# an invalid form and a refusal are answers that scripts show, a stranger's 403 or 404 one that pages show
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (409|422|429)\b")
_ANSWER = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d\b")
_COOKIES: dict[tuple[Path, str], list[Any]] = {}
# a mouse comes to a page that has started, or Playwright tries again; who is faster, tests/home/test_keys.py asks
_PATIENT = """
const sheet = new CSSStyleSheet();
sheet.replaceSync("html:not([data-started]) { pointer-events: none }");
document.adoptedStyleSheets = [sheet];
addEventListener("DOMContentLoaded", () => {
  const isOurs = document.querySelector('head > script[type="module"]');
  if (!isOurs) document.documentElement.dataset.started = "";
});
"""
_WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  const { violatedDirective, blockedURI, sample, sourceFile, lineNumber } = event;
  globalThis.__policy(`${violatedDirective}: ${blockedURI} ${sample} (${sourceFile}:${lineNumber})`);
});
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A served application."""

    address: str
    instance: Path
    pid: int

    @property
    def sign_ins(self) -> dict[str, tuple[str, str]]:
        """Role to address and password, as `concierge run` printed them."""
        said = (self.instance / "served.log").read_text("utf-8").partition("Sign in as")[2]
        rows = (line.rsplit(maxsplit=2) for line in said.partition("Stop with")[0].splitlines()[1:])
        return {row[0].strip(): (row[1], row[2]) for row in rows if len(row) == 3 and "@" in row[1]}

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page, without a browser and without following redirects elsewhere."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode()


@contextlib.contextmanager
def served(
    instance: Path, *, port: int = 0, arguments: tuple[str, ...] = (), **settings: str
) -> Iterator[Site]:
    """Run `concierge run` on a free port of this machine until it answers, and stop it after.

    :param settings: further settings by environment name, such as `DATABASE_URL`, `CONCIERGE_DEMO`
    :raises RuntimeError: when it does not answer in time; carries what it printed
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CONCIERGE_", "FLASK_"))
    }
    environment.pop("DATABASE_URL", None)
    environment |= {"CONCIERGE_INSTANCE": str(instance), "CONCIERGE_PORT": str(port), **settings}
    instance.mkdir(parents=True, exist_ok=True)
    log = instance / "served.log"
    command = [Path(sys.executable).parent / "concierge", "run", *arguments]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, cwd=ROOT, env=environment,
            start_new_session=True, preexec_fn=dies_with_parent(signal.SIGTERM),
        )  # fmt: skip
    try:
        _wait(process, address, log)
        yield Site(address=address, instance=instance, pid=process.pid)
    finally:
        stop(process, with_signal=signal.SIGTERM, timeout_s=15)


def copied(site: Site, instance: Path) -> Path:
    """An instance folder like a running site's, as that is now: quicker than to load a company again."""
    passing = ("served.log", "prepared", "*.sqlite3*", "screenshots")
    shutil.copytree(site.instance, instance, ignore=shutil.ignore_patterns(*passing), dirs_exist_ok=True)
    for path in site.instance.glob("*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
            database.execute("VACUUM INTO ?", (str(instance / path.name),))
    return instance


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(
        f"concierge run did not answer at {address}: {log.read_text(errors='replace')[-4000:]}"
    )


@dataclass  # without slots: Playwright hangs its handlers on it
class Screen:
    """One window of one person, with everything that went wrong in it."""

    page: Page
    site: Site
    scripts: bool = True
    faults: list[str] = field(default_factory=list)

    def open(self, path: str, *, status: int = 200) -> Page:
        """Go to a page, expect a status, and wait until its scripts answer."""
        answer = self.page.goto(self.site.address + path, wait_until="load")
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}, expected {status}"
        self.started()
        return self.page

    def started(self) -> None:
        """Wait until keys, menus and all behaviours of the page answer; at once where scripts are off."""
        if self.scripts:
            self.page.locator("html[data-started]").wait_for(state="attached")

    def sign_in_as(self, role: str) -> None:
        """Sign in as the demo company's person of a role: through the page once, by the same cookies after."""
        kept = _COOKIES.get((self.site.instance, role))
        if kept:
            self.page.context.add_cookies(kept)
            return
        self.sign_in(*self.site.sign_ins[role])
        _COOKIES[self.site.instance, role] = self.page.context.cookies()

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the page, as a person does."""
        self.open("/sign-in")
        self.page.get_by_label("Mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
        self.started()

    def assert_accessible(self, within: str | None = None) -> None:
        """No violation that axe can find, in the whole page or within a selector."""
        self.page.wait_for_load_state()
        results = Axe().run(self.page, context=within)
        violations = [_in_words(found) for found in results.response["violations"]]
        assert not violations, f"{self.page.url}: {len(violations)} kinds\n" + "\n".join(violations)

    def assert_no_sideways_scroll(self) -> None:
        """The page is no wider than the window; tables may scroll inside themselves."""
        wider = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, f"{self.page.url} is {wider} px wider than {self.page.viewport_size}"

    def assert_title_is_read(self) -> None:
        """The page's name in the top bar is not cut off to a few letters by the buttons beside it."""
        cut = self.page.evaluate(
            "[...document.querySelectorAll('.top .crumbs span')].filter(one => one.offsetParent"
            " && one.clientWidth < Math.min(one.scrollWidth, 80)).map(one => one.textContent)"
        )
        assert not cut, f"{self.page.url} cuts off {cut} at {self.page.viewport_size}"

    def assert_quiet(self) -> None:
        """Nothing went wrong so far: console, pages, content policy, requests."""
        assert not self.faults, "\n".join(self.faults)

    def picture(self, name: str) -> Path:
        """Save a picture of the whole page as NAME.png, in `SCREENSHOTS` or the instance folder."""
        folder = Path(os.environ.get("SCREENSHOTS", self.site.instance / "screenshots"))
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")
        return folder / f"{name}.png"

    def watch(self) -> None:
        """Collect faults from now on."""
        self.page.expose_function("__policy", lambda report: self.faults.append(f"content policy: {report}"))
        self.page.add_init_script(_WATCH_POLICY)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error on {self.page.url}: {error}"))
        self.page.on("requestfailed", self._failed)

    def _heard(self, message: ConsoleMessage) -> None:
        about = message.location.get("url", "")
        is_answer = _REFUSED.match(message.text) or (about == self.page.url and _ANSWER.match(message.text))
        if message.type == "error" and not is_answer:
            self.faults.append(f"console on {self.page.url}: {message.text} ({about})")

    def _failed(self, request: Request) -> None:
        aborted = "ERR_ABORTED" in (request.failure or "")  # left the page, or a download began
        if not aborted:
            self.faults.append(f"request failed: {request.url} {request.failure}")


def _in_words(violation: dict[str, Any]) -> str:
    places = (f"    {node['html'][:200]}\n    {node['failureSummary']}" for node in violation["nodes"][:3])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n" + "\n".join(places)


@contextlib.contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium without a window; for tests and for taking pictures by hand.

    :raises LookupError: when there is no Chromium
    """
    path = programs.chromium()
    if path is None:
        raise LookupError("Chromium is not installed. Type: sudo apt-get install -y chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def opened(
    browser: Browser,
    site: Site,
    *,
    width: int = 1440,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
) -> Iterator[Screen]:
    """A fresh window with own cookies, watched."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        locale="en-GB",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        if scripts:
            context.add_init_script(_PATIENT)
        screen = Screen(page=context.new_page(), site=site, scripts=scripts)
        screen.watch()
        yield screen
    finally:
        context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this process; skips (or fails in CI) where there is no Chromium."""
    programs.need_browser()
    with running_browser() as running:
        yield running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo company, served; tests that change it must not rely on what others leave."""
    with served(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def screens(browser: Browser, site: Site) -> Iterator[Callable[..., Screen]]:
    """A maker of screens: `screens(width=1440, height=900, dark=False, scripts=True)`."""
    made: list[Screen] = []
    with contextlib.ExitStack() as stack:

        def make(**wishes: int | bool) -> Screen:
            made.append(stack.enter_context(opened(browser, site, **wishes)))  # type: ignore[arg-type]  # as opened
            return made[-1]

        yield make
        for screen in made:
            screen.assert_quiet()
