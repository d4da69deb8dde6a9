"""The child process behind `pdf.py`: reads a page, writes a tagged PDF, until its input ends.

It is run by path and imports nothing of Concierge. A request is one line of JSON and then its parts, byte
for byte; the answer is one line of JSON and then the PDF. Whatever goes wrong ends the process: the parent
starts a new one.
"""

import gc
import hashlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import pikepdf
import weasyprint as untyped_weasyprint
from weasyprint.text import fonts as untyped_fonts
from weasyprint.urls import URLFetcher
from weasyprint.urls import URLFetcherResponse as UntypedResponse

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
fonts: Any = untyped_fonts
URLFetcherResponse: Any = UntypedResponse

_TYPES = {"woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf", "png": "image/png"}


class Assets(URLFetcher):
    """Serves `asset:<name>` from memory and refuses every other address."""

    def __init__(self, files: dict[str, bytes]) -> None:
        start: Any = super().__init__  # Any: as above
        start(allowed_protocols=["asset"], allow_redirects=False)
        self._files = files

    def fetch(self, url: str, headers: object = None) -> Any:
        scheme, _, name = url.partition(":")
        if scheme.lower() != "asset" or name not in self._files:
            raise ValueError("documents fetch nothing")
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return URLFetcherResponse(url, self._files[name], {"Content-Type": kind})


class Notes(logging.Handler):
    """Keeps the first of the renderer's complaints, for the parent to log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < 20:
            self.lines.append(record.getMessage()[:300])


class Styles:
    """A parsed stylesheet with its fonts, kept for the next document: a fifth faster, and nothing leaks."""

    def __init__(self, text: str, assets: dict[str, bytes]) -> None:
        self.fetcher = Assets(assets)
        self.fonts = fonts.FontConfiguration()
        self.sheet = weasyprint.CSS(
            string=text, url_fetcher=self.fetcher, font_config=self.fonts, base_url="asset:styles.css"
        )


def main() -> None:
    """Answer requests on standard input until it ends."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answers
    _limit_memory(int(sys.argv[1]))
    weasyprint.HTML(string="<html lang=en><title>Warm</title><p>Warm").write_pdf(pdf_variant="pdf/ua-1")
    sys.addaudithook(_refuse)
    kept: dict[str, Styles] = {}
    while line := source.readline():
        head = json.loads(line)
        parts = [source.read(size) for size in head["sizes"]]
        assets = dict(zip(head["names"], parts[2:], strict=True))
        key = hashlib.sha256(b"\0".join(parts[1:])).hexdigest()
        _limit_processor(head["seconds"])
        if key not in kept:
            kept.clear()
            kept[key] = Styles(parts[1].decode(), assets)
        identifier = bytes.fromhex(head["identifier"])
        data, pages, notes = _print(parts[0].decode(), kept[key], identifier=identifier)
        answer = {"done": True, "size": len(data), "pages": pages, "notes": notes}
        target.write(json.dumps(answer).encode() + b"\n")
        target.write(data)
        target.flush()


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


def _print(html: str, styles: Styles, *, identifier: bytes) -> tuple[bytes, int, list[str]]:
    notes = Notes()
    logger = logging.getLogger("weasyprint")
    logger.handlers, logger.propagate = [notes], False
    gc.disable()
    try:
        page = weasyprint.HTML(string=html, url_fetcher=styles.fetcher, base_url="asset:page.html")
        document = page.render(stylesheets=[styles.sheet], font_config=styles.fonts, pdf_variant="pdf/ua-1")
        raw = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
        pages = len(document.pages)
        del document
    finally:
        gc.enable()
        gc.collect()
    return finish(raw), pages, notes.lines


def finish(raw: bytes) -> bytes:
    """Repair what WeasyPrint leaves open: running heads become artifacts, headings of tables get a scope,
    links are printed, empty structure goes, and the metadata can be read without unpacking."""
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        root = pdf.Root.StructTreeRoot
        numbers = _parent_tree(root)
        reached: dict[tuple[int, int], set[int]] = {}
        _polish(root.K[0], False, reached)
        for page in pdf.pages:
            seen = reached.get(page.obj.objgen, set())
            _mark_artifacts(pdf, page, seen)
            tags = numbers.get(int(page.obj.get("/StructParents", -1)))
            if tags is not None:
                for mcid in range(len(tags)):
                    if mcid not in seen:
                        tags[mcid] = None
            for link in page.obj.get("/Annots", []):
                link.F = int(link.get("/F", 0)) | 4
                if "/Contents" not in link and "/A" in link and "/URI" in link.A:
                    link.Contents = link.A.URI
        if "/Metadata" in pdf.Root:
            pdf.Root.Metadata.write(pdf.Root.Metadata.read_bytes())  # plain, so that anything can read it
        out = io.BytesIO()
        pdf.save(
            out,
            deterministic_id=True,
            compress_streams=True,
            recompress_flate=False,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
    return out.getvalue()


def _parent_tree(root: Any) -> dict[int, Any]:  # Any: pikepdf objects are dynamic
    flat = list(root.ParentTree.Nums)
    return {int(number): tags for number, tags in zip(flat[::2], flat[1::2], strict=True)}


def _polish(element: Any, in_head: bool, reached: dict[tuple[int, int], set[int]]) -> bool:  # Any: as above
    """Give headings their scope, drop empty elements, note the content reached; whether there is any."""
    kind = str(element.get("/S", ""))
    page = element.get("/Pg")
    kept = []
    for kid in _kids(element):
        if isinstance(kid, int):
            if page is not None:
                reached.setdefault(page.objgen, set()).add(kid)
            kept.append(kid)
        elif str(kid.get("/Type", "")) == "/OBJR" or _polish(kid, in_head or kind == "/THead", reached):
            kept.append(kid)
    if kept and "/K" in element:
        element.K = pikepdf.Array(kept)
    if kind == "/TH":
        attributes = element.get("/A", pikepdf.Dictionary(O=pikepdf.Name.Table))
        attributes.Scope = pikepdf.Name.Column if in_head else pikepdf.Name.Row
        element.A = attributes
    # An empty cell keeps its place in the row; an empty anything else says nothing.
    return bool(kept) or kind in {"/TD", "/TH", "/Figure"}


def _kids(element: Any) -> Iterator[Any]:  # Any: as above
    kids = element.get("/K", [])
    yield from kids if isinstance(kids, pikepdf.Array) else [kids]


def _mark_artifacts(pdf: pikepdf.Pdf, page: pikepdf.Page, reached: set[int]) -> None:
    """Mark content that hangs on no tag, the running heads and feet, as pagination (ISO 14289-1 §7.8)."""
    artifact = pikepdf.Dictionary(Type=pikepdf.Name.Pagination)
    changed = False
    written = []
    instructions: Any = pikepdf.parse_content_stream(page)  # Any: its items unpack, their types do not say so
    for operands, operator in instructions:
        if str(operator) == "BDC" and "/MCID" in operands[1] and int(operands[1].MCID) not in reached:
            operands, changed = [pikepdf.Name.Artifact, artifact], True
        written.append((operands, operator))
    if changed:
        page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(written))


if __name__ == "__main__":
    main()
