"""The child process behind `pdf.py`: reads a page, writes a tagged PDF, until its input ends.

It imports nothing of Concierge but its own two parts. A request is one line of JSON and then its parts, byte for byte;
the answer is one line of JSON and then the PDF. Whatever goes wrong ends the process: the parent starts a new one.
"""

import contextlib
import gc
import hashlib
import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import weasyprint as untyped_weasyprint
from weasyprint.layout import block as untyped_block
from weasyprint.text import fonts as untyped_fonts
from weasyprint.urls import URLFetcher
from weasyprint.urls import URLFetcherResponse as UntypedResponse

from concierge.platform.pdf_finish import Finisher
from concierge.platform.pdf_fonts import Library

try:
    import resource
except ImportError:  # a system without them: the parent's clock is the only limit there
    resource = None  # type: ignore[assignment]  # the name stays, its absence is asked for below

# After start-up nothing here has business with the network or with other programs.
_FORBIDDEN = (
    "socket.", "urllib.Request", "http.client.", "ftplib.", "smtplib.",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork",
)  # fmt: skip

# Any: WeasyPrint carries no types.
weasyprint: Any = untyped_weasyprint
block: Any = untyped_block
fonts: Any = untyped_fonts
URLFetcherResponse: Any = UntypedResponse

_TYPES = {"woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf", "png": "image/png"}
_KEPT_STYLES = 6
"""Parsed stylesheets at once: a document's, with and without the letters of other scripts."""
_MISSING = ".notdef glyph rendered"


class Assets(URLFetcher):
    """Serves `asset:<name>` from memory and the bundled fonts, and refuses every other address."""

    def __init__(self, files: dict[str, bytes], library: Library) -> None:
        start: Any = super().__init__  # Any: as above
        start(allowed_protocols=["asset"], allow_redirects=False)
        self._files = files
        self._library = library

    def fetch(self, url: str, headers: object = None) -> Any:
        scheme, _, name = url.partition(":")
        if scheme.lower() == "asset" and name.startswith("font/") and name[5:].isdecimal():
            data = self._library.data(int(name[5:]))
        elif scheme.lower() == "asset" and name in self._files:
            data = self._files[name]
        else:
            raise ValueError("documents fetch nothing")
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return URLFetcherResponse(url, data, {"Content-Type": kind})


class Notes(logging.Handler):
    """Keeps the first of the renderer's complaints, for the parent to log, and letters that no font holds."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.missing: set[int] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(_MISSING) and isinstance(record.args, tuple):
            self.missing.add(int(str(record.args[-1])))
        if len(self.lines) < 20:
            self.lines.append(record.getMessage()[:300])


class Styles:
    """A parsed stylesheet with its fonts, kept for the next document: a fifth faster, and nothing leaks."""

    def __init__(self, text: str, assets: dict[str, bytes], library: Library) -> None:
        self.fetcher = Assets(assets, library)
        self.fonts = fonts.FontConfiguration()
        self.sheet = weasyprint.CSS(
            string=text, url_fetcher=self.fetcher, font_config=self.fonts, base_url="asset:styles.css"
        )


class Bench:
    """Prints one page after the other, and keeps what the next one can use."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: dict[str, Styles] = {}

    def print_page(
        self, html: str, styles: bytes, head: dict[str, Any], blobs: list[bytes]
    ) -> tuple[bytes, int, Notes]:
        """The PDF, how many pages it has, and what was complained of.

        :param blobs: the assets and then the files that go inside, named in the head.
        """
        assets = dict(zip(head["names"], blobs, strict=False))
        data, pages, notes = self._print(html, self._styles(html, styles, assets), head, blobs[len(assets) :])
        if notes.missing:  # a word nobody can print: better another one than empty boxes
            missing, others = notes.missing, Others(notes.missing)
            html = others.written(html)
            kept = self._styles(html, styles, assets)
            data, pages, notes = self._print(html, kept, head, blobs[len(assets) :], said=others.meant)
            told = " ".join(f"U+{code:04X}" for code in sorted(missing)[:20])
            notes.lines.insert(0, f"No font here holds {told}; printed in other letters.")
        return data, pages, notes

    def _styles(self, html: str, text: bytes, assets: dict[str, bytes]) -> Styles:
        families = self._library.families_for(html)
        digest = hashlib.sha256(b"\0".join([text, *assets.values()])).hexdigest()
        key = " ".join([digest, *sorted(families)])
        if key not in self._kept:
            if len(self._kept) >= _KEPT_STYLES:
                del self._kept[next(iter(self._kept))]
            faces = self._library.styles(families)
            self._kept[key] = Styles(f"{faces}\n{text.decode()}", assets, self._library)
        return self._kept[key]

    def _print(
        self,
        html: str,
        styles: Styles,
        head: dict[str, Any],
        files: list[bytes],
        *,
        said: Callable[[str], str] = str,
    ) -> tuple[bytes, int, Notes]:
        notes = Notes()
        logger = logging.getLogger("weasyprint")
        logger.handlers, logger.propagate = [notes], False
        variant = "pdf/a-3a" if head["is_record"] else "pdf/ua-1"
        form_font = self._library.form_font if head["fields"] else (b"", [])
        finish = Finisher(head, files, form_font=form_font, spell=self._library.spelled, said=said)
        page = weasyprint.HTML(string=html, url_fetcher=styles.fetcher, base_url="asset:page.html")
        document = page.render(
            stylesheets=[styles.sheet],
            font_config=styles.fonts,
            pdf_variant=variant,
            pdf_forms=bool(head["fields"]),
        )
        data = document.write_pdf(
            pdf_variant=variant,
            pdf_identifier=bytes.fromhex(head["identifier"]).hex().encode(),
            finisher=finish,
        )
        return data, len(document.pages), notes


def _lay_out_table(context: object, table: Any, *more: object) -> object:
    """WeasyPrint's own. It turns the widths of a table from right to left round where they are kept, so one that has
    to be laid out twice for its page, as when only its lower edge does not fit, would have them mirrored.
    """
    widths = table.column_widths
    table.column_widths = [*widths]
    try:
        return _table_layout(context, table, *more)
    finally:
        table.column_widths = widths


_table_layout: Any = block.table_layout
block.table_layout = _lay_out_table


class Others:
    """What is printed for the letters that no font holds: their names between angle quotes, which say that it is not
    what was written. What was written is kept, for whoever copies the text or has it read aloud.
    """

    def __init__(self, missing: set[int]) -> None:
        self._runs = re.compile(f"[{''.join(map(re.escape, map(chr, sorted(missing))))}]+")
        self._meant: dict[str, str] = {}

    def written(self, text: str) -> str:
        """A text with other letters in the place of the missing ones."""
        return self._runs.sub(self._other, text)

    def meant(self, text: str) -> str:
        """What a text was that `written` gave."""
        return _QUOTED.sub(lambda found: self._meant.get(found[0], found[0]), text)

    def _other(self, found: re.Match[str]) -> str:
        letters = found[0]
        plain = unicodedata.normalize("NFKD", letters)
        if plain.isascii() and plain.isprintable():
            return plain
        parts = [_name(letter) for letter in letters]
        named = _NO_BREAK.join(filter(None, parts[:_MOST_NAMED])) + ("…" if len(parts) > _MOST_NAMED else "")
        if not named:  # signs that are not seen
            return ""
        other = f"‹{named}›"
        while self._meant.setdefault(other, letters) != letters:
            other = f"‹{other[1:-1]}’›"
        return other


_QUOTED = re.compile("‹[^‹›]*›")
_NO_BREAK = "\N{NO-BREAK SPACE}"
_MOST_NAMED = 12
_NO_NAME = re.compile(
    r".*\b(LETTER|SYLLABLE|SYLLABICS|IDEOGRAPH|HIEROGLYPH|SIGN|DIGIT|VOWEL)[ -](?:.*\b(?:VOWEL|SMALL|CAPITAL) )?"
)


def _name(letter: str) -> str:
    """A letter by its name in Unicode, without its script: ``mem``, ``seo``, ``4e2d``, ``slightly smiling face``."""
    if unicodedata.category(letter)[0] in "CM":
        return ""
    return _NO_NAME.sub("", unicodedata.name(letter, "?")).lower().replace(" ", _NO_BREAK)


def main() -> None:
    """Answer requests on standard input until it ends."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answers
    _limit_memory(int(sys.argv[1]))
    library = Library(Path(sys.argv[3]) if len(sys.argv) > 3 else None, Path(sys.argv[2]))
    weasyprint.HTML(string="<html lang=en><title>Warm</title><p>Warm").write_pdf(pdf_variant="pdf/ua-1")
    with contextlib.suppress(FileNotFoundError):  # a system without any font prints no forms
        bytes(library.form_font[0])
    sys.addaudithook(_refuse)
    bench = Bench(library)
    gc.collect()
    gc.freeze()
    while line := source.readline():
        gc.disable()
        head = json.loads(line)
        parts = [source.read(size) for size in head["sizes"]]
        _limit_processor(head["seconds"])
        data, pages, notes = bench.print_page(parts[0].decode(), parts[1], head, parts[2:])
        answer = {"done": True, "size": len(data), "pages": pages, "notes": notes.lines}
        target.write(json.dumps(answer).encode() + b"\n")
        target.write(data)
        target.flush()
        del data, parts, head
        gc.enable()
        gc.collect()  # while nobody waits


def _limit_memory(memory_bytes: int) -> None:
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))


def _limit_processor(seconds: int) -> None:
    """Let this process use so many more seconds of processor time, beyond what it has used already."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most))


def _refuse(event: str, _: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError("documents reach nothing outside")


if __name__ == "__main__":
    main()
