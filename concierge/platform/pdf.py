"""Pages into PDF/UA-1, in a child process that has little memory, little time, and fetches nothing.

WeasyPrint takes half a second to import and lays out whatever it is given, so no page of the web process
ever runs it. A `Press` keeps one warm child (`pdf_press.py`); a document that needs too much of anything ends
with the child's death and a sentence. What a document may show besides its own markup is handed over with
it, as `assets`.
"""

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from concierge.platform.errors import Refused

MIB = 1024 * 1024
_KEPT = ("PATH", "SYSTEMROOT", "DYLD_FALLBACK_LIBRARY_PATH", "WEASYPRINT_DLL_DIRECTORIES", "FONTCONFIG_FILE")
_PRESS = Path(__file__).with_name("pdf_press.py")


class Unprintable(Refused):
    """A document that was not made: it needs too much memory or time, or cannot be laid out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may use: seconds by the clock and of the processor, bytes of memory and of markup."""

    seconds: int = 30
    memory_bytes: int = 1024 * MIB
    markup_bytes: int = 8 * MIB
    result_bytes: int = 64 * MIB
    documents: int = 200


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished document: its bytes, how many pages it has, and what the renderer had to leave out."""

    data: bytes
    pages: int
    notes: tuple[str, ...] = ()


class Press:
    """One warm child process that prints one document at a time; threads wait for each other."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._printed = 0

    def print_page(self, html: str, *, stylesheet: str, assets: Mapping[str, bytes] | None = None) -> Printed:
        """Print a page as PDF/UA-1; equal arguments give equal bytes.

        `assets` are the files that the stylesheet may name as `asset:<name>`; every other address is refused.

        :raises Unprintable: when the page is too large, takes too long or too much memory, or has no layout.
        """
        markup = html.encode()
        if len(markup) > self.limits.markup_bytes:
            raise Unprintable(
                "The document is too large to print. Shorten its longest texts, or split it, then try again."
            )
        blobs = [markup, stylesheet.encode(), *(assets or {}).values()]
        head = {
            "sizes": [len(blob) for blob in blobs],
            "names": list(assets or {}),
            "seconds": self.limits.seconds,
            "identifier": hashlib.sha256(b"\0".join(blobs)).hexdigest()[:32],
        }
        with self._turn:
            return self._ask(json.dumps(head).encode() + b"\n", blobs)

    def warm(self) -> None:
        """Start the child, so that the first document does not wait for it."""
        with self._turn:
            self._running()

    def close(self) -> None:
        """End the child and remove its folder."""
        with self._turn:
            self._end()

    def _ask(self, head: bytes, blobs: list[bytes]) -> Printed:
        child = self._running()
        to_child, from_child = cast(BinaryIO, child.stdin), cast(BinaryIO, child.stdout)
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        alarm = threading.Timer(self.limits.seconds, stop)
        alarm.daemon = True
        alarm.start()
        try:
            to_child.write(head)
            for blob in blobs:
                to_child.write(blob)
            to_child.flush()
            answer = json.loads(from_child.readline() or b"{}")
            size = min(int(answer.get("size", 0)), self.limits.result_bytes)
            data = from_child.read(size)
        except (BrokenPipeError, ValueError):
            answer, size, data = {}, 0, b""
        finally:
            alarm.cancel()
        if late.is_set():
            self._end()
            raise Unprintable(
                f"The document took longer than {self.limits.seconds} seconds to lay out and was stopped. "
                "Shorten its longest texts and lists, then try again."
            )
        if not answer.get("done") or len(data) != size:
            self._end()
            raise Unprintable(
                "The document could not be laid out within its memory and time. "
                "Shorten its longest texts and lists, then try again."
            )
        self._printed += 1
        if self._printed >= self.limits.documents:
            self._end()
        return Printed(data, int(answer["pages"]), tuple(str(note) for note in answer["notes"]))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
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
        }
        self._child = subprocess.Popen(  # noqa: S603 - this very Python on a file of ours
            [sys.executable, "-P", str(_PRESS), str(self.limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=self._folder,
            start_new_session=True,
        )
        self._printed = 0
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
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


_press = Press()
atexit.register(_press.close)


def press() -> Press:
    """The process's own press; its child starts with the first document."""
    return _press
