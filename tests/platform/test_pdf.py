"""Printing happens in a child that fetches nothing, ends in time, and gives the same bytes for the same page."""

import http.server
import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import page as page_validation
import pikepdf
import pypdfium2
import pytest

from concierge.platform.pdf import MIB, Limits, Press, Unprintable

STYLES = """
@page { @bottom-right { content: "Page " counter(page) " of " counter(pages) } }
td, th { padding: 4px }
"""
PLAIN = """<!doctype html><html lang="en"><head><title>Checklist</title></head><body><h1>Checklist</h1>
<table><thead><tr><th>Point</th><th>Value</th></tr></thead><tbody><tr><td>Door</td><td></td></tr></tbody></table>
<p><a href="https://concierge.example/x">Newest version</a></p></body></html>"""


@dataclass
class Canary:
    """A server on the loopback address that notes what is asked of it."""

    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            noted.asked.append(self.path)
            self.send_response(302 if self.path == "/redirect" else 200)
            if self.path == "/redirect":
                self.send_header("Location", "/inside")
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    noted = Canary(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield noted
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    made = Press()
    yield made
    made.close()


def failures(data: bytes) -> list[str]:
    """The rules of PDF/UA-1 that a file breaks."""
    report = page_validation.validate_pdf_bytes(data, profile=page_validation.ValidationProfile.PDF_UA_1)
    return [failure.rule_id for failure in report.failures]


def test_a_page_becomes_pdf_ua(printer: Press) -> None:
    printed = printer.print_page(PLAIN, stylesheet=STYLES)

    assert printed.pages == 1
    assert printed.data.startswith(b"%PDF-1.7")
    assert failures(printed.data) == []
    assert b"<pdfuaid" in printed.data or b"pdfuaid:part" in printed.data, "metadata is readable as it stands"


def test_equal_pages_give_equal_bytes_in_another_process(printer: Press) -> None:
    first = printer.print_page(PLAIN, stylesheet=STYLES)
    other = Press()
    try:
        second = other.print_page(PLAIN, stylesheet=STYLES)
    finally:
        other.close()

    assert first.data == second.data


def test_running_heads_are_artifacts_and_headings_have_a_scope(printer: Press) -> None:
    printed = printer.print_page(PLAIN, stylesheet=STYLES)

    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        content = pdf.pages[0].Contents.read_bytes()
        scopes = [element.A.Scope for element in elements(pdf.Root.StructTreeRoot.K[0]) if element.S == "/TH"]
        links = [annotation.F & 4 for annotation in pdf.pages[0].Annots]
    assert b"/Pagination" in content
    assert scopes == ["/Column", "/Column"]
    assert links == [4]


def test_tables_from_right_to_left_keep_their_widths_over_pages(printer: Press) -> None:
    """Where only the lower edge of a table does not fit, it is laid out twice for its page."""
    rows = "".join(f"<tr><td>a{n}</td><td>b{n}</td><td>c{n}</td></tr>" for n in range(3))
    styles = """@page { size: 100mm; margin: 10mm } * { margin: 0; font: 10px/12px sans-serif } td { padding: 1mm 0 }
        table { width: 100%%; table-layout: fixed; border-spacing: 0; padding-bottom: 4mm } .lead { height: %dmm }
        .a { width: 10mm } .c { width: 40mm } .after { break-before: avoid; height: 20mm }"""
    page = f"""<!doctype html><html lang="ar" dir="rtl"><head><title>Checklist</title></head><body><p class="lead">x
        <table><thead><tr><th class="a">a</th><th>b</th><th class="c">c</th></tr></thead><tbody>{rows}</tbody></table>
        <p class="after">x"""

    for lead in range(48, 60, 3):
        printed = printer.print_page(page, stylesheet=styles % lead, is_mirrored=True)
        first, *others = [edges for edges in columns(printed.data) if edges]
        assert others == [first], f"each column stands where it stood, with {lead} mm above"


def columns(data: bytes) -> list[dict[str, int]]:
    """Of each page, the right edge of the texts that begin with a letter, in points."""
    found = []
    pdf = pypdfium2.PdfDocument(data)
    for each in pdf:
        text = each.get_textpage()
        edges: dict[str, int] = {}
        for place in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(place)
            said = text.get_text_bounded(left, bottom, right, top).strip()
            if said[:1] in {"a", "b", "c"}:
                edges[said[0]] = max(edges.get(said[0], 0), round(right))
        found.append(edges)
    pdf.close()
    return found


def elements(parent: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Every structure element below one, itself included."""
    yield parent
    for kid in parent.get("/K", []):
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from elements(kid)


FETCHES = {
    "img": '<img src="{0}/a.png" alt="a">',
    "css link": '<link rel="stylesheet" href="{0}/a.css">',
    "import": '<style>@import "{0}/b.css";</style>',
    "inline background": '<p style="background: url({0}/c.png)">x</p>',
    "font face": "<style>@font-face {{ font-family: F; src: url({0}/f.ttf) }} p {{ font-family: F }}</style><p>x",
    "object": '<object data="{0}/d.svg">x</object>',
    "embed": '<embed src="{0}/e.svg">',
    "svg image": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<title>t</title><image href="{0}/g.png" width="9" height="9"/></svg>',
    "svg use": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<title>t</title><use href="{0}/u.svg#a"/></svg>',
    "attachment link": '<link rel="attachment" href="{0}/h.txt">',
    "attachment anchor": '<a rel="attachment" href="{0}/i.txt">x</a>',
    "content": "<style>p::before {{ content: url({0}/j.png) }}</style><p>x</p>",
    "list style": '<ul style="list-style-image: url({0}/k.png)"><li>x</li></ul>',
    "picture": '<picture><source srcset="{0}/l.png"><img src="{0}/m.png" alt="m"></picture>',
    "redirect": '<img src="{0}/redirect" alt="r">',
    "border image": '<p style="border: 9px solid; border-image: url({0}/n.png) 9">x</p>',
    "file": '<img src="file:///etc/hostname" alt="f">',
    "file attachment": '<link rel="attachment" href="file:///etc/passwd">',
    "data": '<img alt="d" src="data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22>'
    '<image href=%22{0}/o.png%22/></svg>">',
    "base": '<base href="{0}/"><img src="p.png" alt="p">',
}


@pytest.mark.parametrize("way", FETCHES)
def test_nothing_is_fetched(way: str, printer: Press, canary: Canary) -> None:
    before = len(canary.asked)
    body = FETCHES[way].format(canary.address)

    printed = printer.print_page(f"<html lang=en><title>t</title><body>{body}<p>end", stylesheet=STYLES)

    assert canary.asked[before:] == []
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        assert not pdf.attachments
    assert b"root:x:0" not in printed.data


def nested(tag: str, depth: int) -> str:
    return f"<html lang=en><title>t</title>{f'<{tag}>' * depth}x"


def laughing_svg() -> str:
    levels = [
        f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>"
        if n
        else '<rect id="l0" width="1" height="1"/>'
        for n in range(9)
    ]
    return (
        '<html lang=en><title>t</title><svg xmlns="http://www.w3.org/2000/svg" width="99" height="99">'
        f"<title>t</title><defs>{''.join(levels)}</defs><use href='#l8'/></svg>"
    )


BOMBS = {
    "twenty thousand rows": "<html lang=en><title>t</title><table>" + "<tr><td>x<td>y" * 20_000,
    "deep nesting": nested("div", 3_000),
    "deep inline nesting": nested("b", 20_000),
    "svg that uses itself over and over": laughing_svg(),
    "long word": "<html lang=en><title>t</title><p>" + "x" * 2_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_in_time_and_the_next_page_prints(bomb: str) -> None:
    press = Press(Limits(seconds=3))
    try:
        press.warm()
        started = time.monotonic()
        with pytest.raises(Unprintable) as refusal:
            press.print_page(BOMBS[bomb], stylesheet=STYLES)

        assert time.monotonic() - started < 30
        assert refusal.value.sentence.endswith("then try again.")
        for child in press._all:
            child._limits = Limits()  # to begin takes more than three seconds on a busy machine
        assert press.print_page(PLAIN, stylesheet=STYLES).pages == 1
    finally:
        press.close()


def test_a_child_that_hangs_is_ended_after_its_time() -> None:
    """It uses no processor time, and reads nothing: only the clock ends it."""
    press = Press(children=1)
    (place,) = press._all
    try:
        assert press.print_page(PLAIN, stylesheet=STYLES).pages == 1
        (child,) = press.children
        os.kill(child, signal.SIGSTOP)
        place._limits = Limits(seconds=2)  # the machine may be too busy for two seconds from nothing
        with pytest.raises(Unprintable, match="took longer than 2 seconds"):
            press.print_page(PLAIN + "x" * MIB, stylesheet=STYLES)
        place._limits = press.limits
        assert press.print_page(PLAIN, stylesheet=STYLES).pages == 1
        assert child not in press.children
    finally:
        press.close()
    assert Limits().seconds == 30


def test_memory_is_limited() -> None:
    press = Press(Limits(memory_bytes=400 * MIB, seconds=20))
    try:
        with pytest.raises(Unprintable):
            press.print_page(
                "<html lang=en><title>t</title>" + "<p>many words again and again</p>" * 150_000,
                stylesheet="",
            )
    finally:
        press.close()


def test_a_page_of_ten_megabytes_is_refused_at_once() -> None:
    press = Press()

    with pytest.raises(Unprintable, match="too large"):
        press.print_page("x" * 10_000_000, stylesheet="")
