"""Programs that tests use and that pip does not bring: where they are, and what happens when they are not.

A pytest plugin: a missing program skips its tests loudly and is counted at the end; with `CI=true` they fail.
"""

import inspect
import os
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NoReturn

import playwright
import pytest

_MARK = "missing program: "


def missing(program: str, *, install: str) -> NoReturn:
    """End the test: skipped and counted, or failed where `CI=true`.

    :param install: the line that installs the program on Debian
    """
    sentence = f"{_MARK}{program} – type: {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@cache
def postgresql_folder() -> Path | None:
    """The folder of the newest PostgreSQL server's binaries, or None."""
    patterns = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/pgsql-*/bin")
    found = [
        folder for pattern in patterns for folder in Path("/").glob(pattern) if (folder / "initdb").exists()
    ]
    if found:
        return max(found, key=_number_in)
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


@cache
def dovecot() -> str | None:
    """The IMAP server that mailboxes are read from, or None."""
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return found if found and shutil.which("openssl") else None


@cache
def chromium() -> str | None:
    """The system's Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    found = [path for path in map(shutil.which, names) if path]
    return found[0] if found else (mac if Path(mac).exists() else None)


@cache
def driver_works() -> bool:
    """Whether Playwright's own driver program can start; small systems lack a library that it wants."""
    folder = Path(inspect.getfile(playwright)).parent / "driver"
    driver = folder / ("node.exe" if sys.platform == "win32" else "node")
    try:
        return subprocess.run([driver, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def need_browser() -> str:
    """Chromium, and a driver that works; ends the test when one of them is missing."""
    if not driver_works():
        missing("libatomic (for Playwright)", install="sudo apt-get install -y libatomic1")
    return chromium() or missing("Chromium", install="sudo apt-get install -y chromium")


def need_picture_readers() -> None:
    """`pdftoppm` and `zbarimg`, which read a printed QR code; ends the test when one of them is missing."""
    if not (shutil.which("pdftoppm") and shutil.which("zbarimg")):
        missing("pdftoppm or zbarimg", install="sudo apt-get install -y poppler-utils zbar-tools")


@cache
def python_with_libical() -> str | None:
    """A Python whose `gi` knows libical (`ICalGLib`), usually the distribution's own, or None."""
    question = "import gi; gi.require_version('ICalGLib', '3.0'); from gi.repository import ICalGLib"
    for python in ("/usr/bin/python3", sys.executable):
        if (
            Path(python).exists()
            and subprocess.run([python, "-c", question], capture_output=True).returncode == 0
        ):
            return python
    return None


def need_python_with_libical() -> str:
    """As above; ends the test when there is none."""
    return python_with_libical() or missing(
        "libical", install="sudo apt-get install -y python3-gi gir1.2-ical-3.0"
    )


def need_deno() -> str:
    """Deno, which runs our scripts and npm packages such as ical.js; ends the test when there is none."""
    try:
        from deno import find_deno_bin

        return find_deno_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("deno") or missing("Deno", install="./dev setup --all")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was not tested for want of a program, where nobody can overlook it."""
    reasons = Counter(
        str(report.longrepr[2]).partition(_MARK)[2]
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple) and _MARK in str(report.longrepr[2])
    )
    if reasons:
        terminalreporter.section("NOT TESTED: programs are missing", sep="!", red=True, bold=True)
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count} tests skipped: {reason}", red=True)


def _number_in(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)
