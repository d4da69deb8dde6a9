"""Documents: one beside WeasyPrint alone on the same page, many at once, and five hundred from one process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from flask import Flask

from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.pdf import MIB, Limits, Press, press
from concierge.readiness import chores
from concierge.readiness.actions import batching
from concierge.readiness.document import printing, values
from concierge.readiness.models import Checklist
from tests.bench.figures import Figure
from tests.makers.documents import document

ROUNDS = 9

_BARE = """
import gc, json, sys, time
import tempfile
from pathlib import Path
from concierge.platform.pdf_fonts import Library
from concierge.platform.pdf_press import Styles, weasyprint
index, folder = Path(sys.argv[1]), Path(sys.argv[2])
html, css = (folder / "page.html").read_text("utf-8"), (folder / "page.css").read_text("utf-8")
library = Library(index, Path(tempfile.mkdtemp()))
began_at = time.perf_counter()
styles = Styles(library.styles(library.families_for(html)) + css, {}, library)
def render():
    gc.disable()
    page = weasyprint.HTML(string=html, url_fetcher=styles.fetcher, base_url="asset:page.html")
    page.write_pdf(stylesheets=[styles.sheet], font_config=styles.fonts, pdf_variant="pdf/ua-1", pdf_forms=True)
    gc.enable()
render()
print("ready", flush=True)
gc.collect()
gc.freeze()
for line in sys.stdin:
    began_at = time.perf_counter()
    render()
    print((time.perf_counter() - began_at) * 1000, flush=True)
    gc.collect()
"""


def measure(app: Flask, folder: Path, *, note: Callable[[Figure], None], renders: int) -> None:
    """All figures of documents.

    :param folder: for the page as a file; made.
    :param renders: how many documents one process makes while its memory is watched.
    """
    value = document()
    with app.test_request_context():
        _beside_bare(value, folder, note)
        _many(value, note)
        _flat(value, note, renders=renders)


def _beside_bare(value: values.Checklist, folder: Path, note: Callable[[Figure], None]) -> None:
    """The working copy with its finishing, and tuned WeasyPrint alone on the same page, turn by turn."""
    began_at = time.perf_counter()
    press = Press(children=1)
    pages = printing.printed(value, on=press).pages
    cold = (time.perf_counter() - began_at) * 1000
    ours, theirs = [], []
    with _bare(value, folder) as (bare, bare_cold):
        for _ in range(ROUNDS):
            theirs.append(bare())
            began_at = time.perf_counter()
            printing.printed(value, on=press)
            ours.append((time.perf_counter() - began_at) * 1000)
    press.close()
    remark = f"{pages} pages with {len(_form_of(value))} fields"
    note(Figure("checklist PDF, first of a process", cold, "ms", cold / bare_cold, "bare WeasyPrint", remark))
    note(
        Figure(
            "checklist PDF, child warm", min(ours), "ms", min(ours) / min(theirs), "tuned WeasyPrint",
            f"goal × 1.2; {remark}",
        )
    )  # fmt: skip


@contextmanager
def _bare(value: values.Checklist, folder: Path) -> Iterator[tuple[Callable[[], float], float]]:
    """A process that renders the same page and does nothing else: milliseconds each time, and of the first."""
    from concierge.platform.assets import asset_path

    folder.mkdir()
    (folder / "page.html").write_text(printing.html(value), "utf-8")
    (folder / "page.css").write_text(printing.stylesheet(), "utf-8")
    index = asset_path("print-fonts.json")
    command = [sys.executable, "-W", "ignore", "-c", _BARE, str(index), str(folder)]
    began_at = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        to_child, from_child = _pipes(child)
        assert from_child.readline() == "ready\n"
        cold = (time.perf_counter() - began_at) * 1000

        def render() -> float:
            to_child.write("go\n")
            to_child.flush()
            return float(from_child.readline())

        yield render, cold
        to_child.close()


def _pipes(child: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout


def _form_of(value: values.Checklist) -> list[str]:
    return printing.html(value).split("data-value=")[1:]


def _many(value: values.Checklist, note: Callable[[Figure], None], *, count: int = 16) -> None:
    """As many documents from one child and from two."""
    seconds = {}
    for children in (1, 2):
        press = Press(children=children)
        jobs = [printing.job(value)] * count
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(press.print_job, jobs[:2]))  # both are warm
            began_at = time.perf_counter()
            list(pool.map(press.print_job, jobs))
            seconds[children] = time.perf_counter() - began_at
        press.close()
    each = count / seconds[2]
    remark = f"goal × 1.6; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    note(Figure("checklist PDFs, two children", each, "/s", seconds[1] / seconds[2], "one child", remark))


def _flat(value: values.Checklist, note: Callable[[Figure], None], *, renders: int) -> None:
    """What a child holds after so many documents, beside what it held after the first twenty."""
    press = Press(Limits(documents=renders + 100), children=1)
    job = printing.job(value)
    for _ in range(20):
        press.print_job(job)
    (child,) = press.children
    before = _resident_mib(child)
    for _ in range(renders - 20):
        press.print_job(job)
    after = _resident_mib(child)
    press.close()
    remark = f"goal × 1.05; {before:.0f} MiB after 20"
    note(Figure(f"memory after {renders} PDFs", after, "MiB", after / before, "after 20", remark))


def batch(app: Flask, *, note: Callable[[Figure], None], checklists: int) -> None:
    """So many checklists as one piece of work, as somebody asks for them on the page, with the ZIP at the end.

    The instance has as many projects with a checklist.
    """
    with unit_of_work():
        ids = list(
            db.session.scalars(sa.select(Checklist.project_id).order_by(Checklist.id).limit(checklists))
        )
        made = batching.ask_batch(ids, language="en", at=clock.now(), actor_id=None, is_waited_for=True)
        batch_id = made.id
    told: list[int] = []
    before, used = _most_resident_mib(os.getpid()), time.process_time()
    began_at = time.perf_counter()
    finish = chores.make_all(batch_id, lambda done, _: told.append(done))
    took = time.perf_counter() - began_at
    with unit_of_work():
        finish()
    ended = batching.batch_by_id(batch_id)
    assert (len(ended.made), ended.left_out) == (len(ids), [])
    assert ended.file is not None
    assert told == sorted(told), "the bar only grows"
    used = time.process_time() - used
    printers = sum(_used_seconds(child) for child in press().children)
    children = sum(_most_resident_mib(child) for child in press().children)
    size = ended.file.size / MIB
    remark = (
        f"{took / 60:.1f} minutes; processor {used / len(ids):.2f} s each in the worker, "
        f"{printers / len(ids):.2f} s in its printers; ZIP of {size:.0f} MiB; "
        f"the worker held {_most_resident_mib(os.getpid()):.0f} MiB"
        f" ({before:.0f} before), its two printers {children:.0f}; load {os.getloadavg()[0]:.1f}"
    )
    note(Figure(f"{len(ids):,} checklists as one ZIP", len(ids) / took, "/s", remark=remark))


def _most_resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _used_seconds(process: int) -> float:
    """Of the processor, since a process began."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
