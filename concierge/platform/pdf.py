"""Pages into tagged PDFs, in child processes that have little memory, little time, and fetch nothing.

WeasyPrint takes half a second to import and lays out whatever it is given, so no page of the web process ever runs it.
A `Press` keeps a few warm children (`pdf_press.py`); a document that needs too much of anything ends with a child's
death and a sentence. What a document may show besides its own markup and the bundled fonts is handed over with it, as
`assets`.
"""

import atexit
import contextlib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from concierge.platform.assets import NotSetUp, asset_path
from concierge.platform.errors import Refused

MIB = 1024 * 1024
_KEPT = ("PATH", "SYSTEMROOT", "DYLD_FALLBACK_LIBRARY_PATH", "WEASYPRINT_DLL_DIRECTORIES", "FONTCONFIG_FILE")


class Unprintable(Refused):
    """A document that was not made: it needs too much memory or time, or cannot be laid out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may use: seconds by the clock and of the processor, bytes of memory and of markup.

    After so many ``documents`` a child makes room for a new one.
    """

    seconds: int = 30
    memory_bytes: int = 1024 * MIB
    markup_bytes: int = 8 * MIB
    result_bytes: int = 64 * MIB
    documents: int = 500


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished document: its bytes, how many pages it has, and what the renderer had to leave out."""

    data: bytes
    pages: int
    notes: tuple[str, ...] = ()


Kind = Literal["text", "lines", "choice", "check", "radio", "signature"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form that is filled in.

    In the markup it is ``<input type="checkbox" name="<place in the form>" data-value="<what it shows>">``; a radio
    button is ``name="<place>.<place of the option>"``. What it shows is laid out as the page's own text and then put
    into the field, so that every script is right.
    """

    name: str
    kind: Kind
    label: str
    """What a screen reader says, and what is shown when the pointer rests on it."""
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Codes and texts of a choice or of radio buttons."""
    is_required: bool = False
    max_length: int = 0
    """In letters; 0: any."""
    state: str = "yes"
    """For a check box: its value when it is ticked."""


@dataclass(frozen=True, slots=True)
class InnerFile:
    """A file inside the document: data that it was made from (relationship Data of ISO 19005-3)."""

    name: str
    kind: str
    """Its media type."""
    data: bytes
    about: str = ""
    """What it is, for whoever lists the files."""


@dataclass(frozen=True, slots=True)
class Job:
    """A page and all that goes with it; see `Press.print_page`."""

    html: str
    stylesheet: str
    fields: tuple[Field, ...] = ()
    files: tuple[InnerFile, ...] = ()
    note: str = ""
    is_record: bool = False
    is_mirrored: bool = False


class Press:
    """Up to so many warm child processes; each prints one document at a time, threads wait for a free one."""

    def __init__(self, limits: Limits | None = None, *, children: int = 2) -> None:
        self.limits = limits or Limits()
        self._fonts = ""
        self._lock = threading.Lock()
        self._all = [_Child(self.limits, self._font_cache) for _ in range(children)]
        self._free: queue.LifoQueue[_Child] = queue.LifoQueue()  # the last one used is the warm one
        for child in reversed(self._all):
            self._free.put(child)

    def print_page(
        self,
        html: str,
        *,
        stylesheet: str,
        assets: Mapping[str, bytes] | None = None,
        fields: Sequence[Field] = (),
        files: Sequence[InnerFile] = (),
        note: str = "",
        is_record: bool = False,
        is_mirrored: bool = False,
    ) -> Printed:
        """Print a page as PDF/UA-1, a record as PDF/A-3a at the same time; equal arguments give equal bytes.

        :param assets: the files that the stylesheet may name as ``asset:<name>``; every other address is refused.
        :param fields: the form, in the order of the names in the markup; a record has none.
        :param note: a text for the metadata (XMP) that says which document this is.
        :param is_mirrored: for languages that are written from right to left.
        :raises Unprintable: when the page is too large, takes too long or too much memory, or has no layout.
        """
        markup = html.encode()
        if len(markup) > self.limits.markup_bytes:
            raise Unprintable(
                "The document is too large to print. Shorten its longest texts, or split it, then try again."
            )
        blobs = [markup, stylesheet.encode(), *(assets or {}).values(), *(one.data for one in files)]
        head = {
            "sizes": [len(blob) for blob in blobs],
            "names": list(assets or {}),
            "seconds": self.limits.seconds,
            "fields": [asdict(field) for field in fields],
            "files": [{"name": one.name, "kind": one.kind, "about": one.about} for one in files],
            "note": note,
            "is_record": is_record,
            "is_mirrored": is_mirrored,
        }
        said = json.dumps({**head, "seconds": 0}, sort_keys=True).encode()
        head["identifier"] = hashlib.sha256(b"\0".join([said, *blobs])).hexdigest()[:32]
        child = self._free.get()
        try:
            return child.ask(json.dumps(head).encode() + b"\n", blobs)
        finally:
            self._free.put(child)

    def print_job(self, job: Job) -> Printed:
        """The same with all of it in one value.

        :raises Unprintable: as above.
        """
        return self.print_page(
            job.html,
            stylesheet=job.stylesheet,
            fields=job.fields,
            files=job.files,
            note=job.note,
            is_record=job.is_record,
            is_mirrored=job.is_mirrored,
        )

    def warm(self) -> None:
        """Start a child, so that the first document does not wait for it."""
        child = self._free.get()
        try:
            child.running()
        finally:
            self._free.put(child)

    @property
    def children(self) -> tuple[int, ...]:
        """The process ids of the children that run, for those who measure them."""
        return tuple(child.pid for child in self._all if child.pid)

    def close(self) -> None:
        """End the children and remove their folders."""
        for child in self._all:
            child.end()
        with self._lock:
            if self._fonts:
                shutil.rmtree(self._fonts, ignore_errors=True)
                self._fonts = ""

    def _font_cache(self) -> str:
        """The folder of fonts that were put together, shared by all children."""
        with self._lock:
            if not self._fonts:
                self._fonts = tempfile.mkdtemp(prefix="concierge-fonts-")
            return self._fonts


class _Child:
    """One child process and its folder."""

    def __init__(self, limits: Limits, font_cache: Callable[[], str]) -> None:
        self._limits = limits
        self._font_cache = font_cache
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._printed = 0

    @property
    def pid(self) -> int:
        """The id of its process; 0 while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def ask(self, head: bytes, blobs: list[bytes]) -> Printed:
        """Have one document printed.

        :raises Unprintable: as said at `Press.print_page`.
        """
        child = self.running()
        to_child, from_child = cast(BinaryIO, child.stdin), cast(BinaryIO, child.stdout)
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        alarm = threading.Timer(self._limits.seconds, stop)
        alarm.daemon = True
        alarm.start()
        try:
            to_child.write(head)
            for blob in blobs:
                to_child.write(blob)
            to_child.flush()
            answer = json.loads(from_child.readline() or b"{}")
            size = min(int(answer.get("size", 0)), self._limits.result_bytes)
            data = from_child.read(size)
        except (BrokenPipeError, ValueError):
            answer, size, data = {}, 0, b""
        finally:
            alarm.cancel()
        if late.is_set():
            self.end()
            raise Unprintable(
                f"The document took longer than {self._limits.seconds} seconds to lay out and was stopped. "
                "Shorten its longest texts and lists, then try again."
            )
        if not answer.get("done") or len(data) != size:
            self.end()
            raise Unprintable(
                "The document could not be laid out within its memory and time. "
                "Shorten its longest texts and lists, then try again."
            )
        self._printed += 1
        if self._printed >= self._limits.documents:
            self.end()
        return Printed(data, int(answer["pages"]), tuple(str(note) for note in answer["notes"]))

    def running(self) -> subprocess.Popen[bytes]:
        """The process, started when there is none."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        self._folder = tempfile.mkdtemp(prefix="concierge-press-")
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "HOME": self._folder,
            "TMPDIR": self._folder,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            "SOURCE_DATE_EPOCH": "1700000000",  # the instant that made-up fonts carry
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        command = [sys.executable, "-P", "-m", "concierge.platform.pdf_press", str(self._limits.memory_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - this very Python on a module of ours
            [*command, self._font_cache(), *_font_index()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=self._folder,
            start_new_session=True,
        )
        self._printed = 0
        return self._process

    def end(self) -> None:
        """End the process, if it runs."""
        child, self._process = self._process, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):  # what is unsent has no reader any more
                        pipe.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""


def _font_index() -> list[str]:
    """The index of the bundled fonts; nothing where nothing is bundled: then the system's fonts stand in."""
    try:
        return [str(asset_path("print-fonts.json"))]
    except NotSetUp:
        return []


_press = Press()
atexit.register(_press.close)


def press() -> Press:
    """The process's own press; its children start with the first documents."""
    return _press
