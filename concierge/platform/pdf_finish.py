"""What WeasyPrint leaves open in a PDF, mended before it is written: form fields, tags, metadata, files inside.

Part of the press's child process: imports nothing of Concierge. It works on the renderer's own objects, so the
file is written once and needs no second reading. See ISO 14289-1 (PDF/UA-1) and ISO 19005-3 (PDF/A-3).
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape

import pydyf as untyped_pydyf
from weasyprint.pdf.stream import Stream as UntypedStream

pydyf: Any = untyped_pydyf  # Any, here and below: pydyf carries no types
Stream: Any = UntypedStream
_bytes: Callable[[Any], bytes] = pydyf._to_bytes

PRINTED, PAGINATION = 4, "/Pagination"
MULTILINE, REQUIRED, RADIO, COMBO = 1 << 12, 1 << 1, 1 << 15, 1 << 17
TEXT_SIZE = 9
INK = b"0.078 0.09 0.11 rg"
_TO_UNICODE = b"/CMapName /Adobe-Identity-UCS def"
_IS_SHAPED = re.compile(r"[\u0590-\u0eff\ufb1d-\ufdff\ufe70-\ufefe]")
_NO_CHARACTERS = {"0000", "feff", "fffe"}  # ISO 14289-1 §7.21.7
_TICK = b"%s\n%.2f %.2f m %.2f %.2f l %.2f %.2f l\n%.2f w 1 J 1 j S"
_ARCS = ((1, 0.552, 0.552, 1, 0, 1), (-0.552, 1, -1, 0.552, -1, 0), (-1, -0.552, -0.552, -1, 0, -1),
         (0.552, -1, 1, -0.552, 1, 0))  # fmt: skip


class Finisher:
    """The last hand on one document; given to WeasyPrint's ``write_pdf`` as its finisher."""

    def __init__(
        self,
        task: Mapping[str, Any],
        files: Sequence[bytes],
        *,
        form_font: tuple[bytes, list[int]],
        spell: Callable[[str, int], str],
        said: Callable[[str], str] = str,
    ) -> None:
        """
        :param task: ``fields``, ``files`` (their names and kinds), ``note``, ``is_record`` and ``is_mirrored``, as the
            press's parent says them.
        :param files: the bytes of the files inside, in the order of ``task["files"]``.
        :param form_font: a TrueType font with the letters of WinAnsiEncoding, and their widths from code 32 to 255.
        :param spell: which letters a glyph of a family stands for, as far as its font says; empty: unknown.
        :param said: the text that was meant by one that is printed.
        """
        self._task = task
        self._files = files
        self._form_font, self._widths = form_font
        self._spell = spell
        self._said = said
        self._pdf: Any = None
        self._widgets: dict[int, Any] = {}
        self._reached: dict[bytes, set[int]] = {}
        self._moved: dict[bytes, dict[int, int]] = {}
        self._shown: dict[int, list[Any]] = {}

    def __call__(self, document: Any, pdf: Any) -> None:
        """Mend everything."""
        self._pdf = pdf
        pages = [pdf.objects[number] for number in pdf.pages["Kids"][::3]]
        self._polish_tags(pages)
        self._finish_form(pages)
        for page in pages:
            self._finish_links(page)
        maps = (one for one in pdf.objects if isinstance(one, pydyf.Stream) and _TO_UNICODE in one.stream[:9])
        for font, one in zip(document.fonts.values(), maps, strict=True):  # they are written in this order
            one.stream = [self._with_letters(line, font) for line in one.stream]
        self._describe(document.metadata)
        self._embed(document.metadata)
        if self._task["is_mirrored"]:
            pdf.catalog["ViewerPreferences"]["Direction"] = "/R2L"
        pdf.objects[:] = [_Written(one) for one in pdf.objects]

    def _at(self, reference: bytes) -> Any:
        return self._pdf.objects[int(reference.split()[0])]

    def _new(self, made: Any) -> Any:
        self._pdf.add_object(made)
        return made

    # ------------------------------------------------------------ tags

    def _polish_tags(self, pages: list[Any]) -> None:
        """Drop empty tags, give headings of tables their scope, and mark what hangs on no tag as pagination."""
        root = self._at(self._pdf.catalog["StructTreeRoot"])
        self._polish(self._at(root["K"][0]), in_head=False)
        numbers = self._at(root["ParentTree"])["Nums"]
        parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
        for page in pages:
            reached = self._reached.get(page.reference, set())
            tags = parents[page["StructParents"]]
            for mcid in range(len(tags)):
                if mcid not in reached:
                    tags[mcid] = b"null"
            self._rewrite(page, reached, self._moved.get(page.reference, {}))

    def _polish(self, element: Any, *, in_head: bool) -> bool:
        """Returns whether there is anything in it."""
        kind = element["S"]
        kids = element["K"]
        forms = [kid for kid in kids if not isinstance(kid, int) and self._at(kid).get("S") == "/Form"]
        if forms:  # a field's box: what is written in it belongs to the field, not to the page
            widget = int(self._at(self._at(forms[0])["K"][0])["Obj"].split()[0])
            for page, mcid in self._content_of(element):
                self._moved.setdefault(page, {})[mcid] = widget
            element["K"] = pydyf.Array(forms)
            return True
        kept = []
        for kid in kids:
            if isinstance(kid, int):
                self._reached.setdefault(element["Pg"], set()).add(kid)
                kept.append(kid)
                continue
            below = self._at(kid)
            if below.get("Type") == "/OBJR" or self._polish(below, in_head=in_head or kind == "/THead"):
                kept.append(kid)
        element["K"] = pydyf.Array(kept)
        if kind == "/TH":
            element["A"]["Scope"] = "/Column" if in_head else "/Row"
        # An empty cell keeps its place in the row; an empty anything else says nothing.
        return bool(kept) or kind in {"/TD", "/TH", "/Figure"}

    def _content_of(self, element: Any) -> Iterator[tuple[bytes, int]]:
        for kid in element["K"]:
            if isinstance(kid, int):
                yield element["Pg"], kid
            elif "K" in (below := self._at(kid)):
                yield from self._content_of(below)

    def _rewrite(self, page: Any, reached: set[int], moved: Mapping[int, int]) -> None:
        """Mark the content that hangs on no tag (§7.8), and take out what fields show."""
        stream = self._at(page["Contents"])
        texts: Mapping[int, str] = getattr(stream, "texts", {})
        written: list[Any] = []
        taken: list[Any] | None = None
        is_text = False
        for one in stream.stream:
            if isinstance(one, pydyf.Dictionary) and "MCID" in one and one["MCID"] not in reached:
                if one["MCID"] in moved:
                    taken = self._shown.setdefault(moved[one["MCID"]], [])
                    written.pop()  # the tag
                    continue
                written[-1] = "/Artifact"
                one = pydyf.Dictionary({"Type": PAGINATION})
            elif isinstance(one, pydyf.Dictionary) and (text := texts.get(one.get("MCID", -1), "")):
                # The glyphs of Arabic are parts of letters and stand for no letter each: what is read is said.
                if _IS_SHAPED.search(text) or self._said(text) != text:
                    one["ActualText"] = pydyf.String(self._said(text))
            elif taken is not None:
                if one == b"EMC":
                    taken = None
                    continue
                if one == b"BDC":
                    continue
                is_text = is_text or one == b"BT"
                taken.append(one)
                if not is_text:  # colours hold on for what follows
                    written.append(one)
                is_text = is_text and one != b"ET"
                continue
            written.append(one)
        stream.stream = written

    # ------------------------------------------------------------ form

    def _finish_form(self, pages: list[Any]) -> None:
        """Write every field anew from what it is: the renderer only says where it stands."""
        catalog, asked = self._pdf.catalog, self._task["fields"]
        catalog.pop("AcroForm", None)
        if not asked:
            return
        fields: list[bytes] = []
        groups: dict[int, Any] = {}
        font = self._add_form_font()
        has_signatures = False
        for page in pages:
            for reference in page.get("Annots", ()):
                widget = self._at(reference)
                if widget["Subtype"] != "/Widget":
                    continue
                place, _, button = str(widget["T"].string).partition(".")
                field = asked[int(place)]
                placed = {
                    name: widget[name] for name in ("Type", "Subtype", "P", "StructParent") if name in widget
                }
                x0, y0, x1, y1 = (float(edge) for edge in widget["Rect"])
                box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
                widget.clear()
                widget.update(placed)
                widget["Rect"] = pydyf.Array([round(edge, 2) for edge in box])
                widget["F"] = PRINTED
                widget["TU"] = pydyf.String(_label(field, int(button) if button else None))
                if button:
                    group = groups.get(int(place))
                    if group is None:
                        group = groups[int(place)] = self._radio_group(field)
                        fields.append(group.reference)
                    self._as_button(
                        widget, box, field["options"][int(button)][0], field["value"], is_round=True
                    )
                    widget["Parent"] = group.reference
                    group["Kids"].append(widget.reference)
                    continue
                widget["T"] = pydyf.String(field["name"])
                fields.append(widget.reference)
                flags = REQUIRED if field["is_required"] else 0
                match field["kind"]:
                    case "check":
                        widget["FT"] = "/Btn"
                        self._as_button(widget, box, field["state"], field["value"], is_round=False)
                        widget["V"] = widget["AS"]
                    case "signature":
                        widget["FT"], has_signatures = "/Sig", True
                        self._show(widget, box, page, [])
                    case kind:
                        shown = self._shown.get(widget.number, [])
                        self._show(widget, box, page, shown)
                        widget["FT"] = "/Ch" if kind == "choice" else "/Tx"
                        widget["DA"] = pydyf.String(f"/CoF {TEXT_SIZE} Tf {INK.decode()}")
                        widget["V"] = pydyf.String(field["value"])
                        if self._task["is_mirrored"]:
                            widget["Q"] = 2
                        if kind == "choice":
                            flags |= COMBO
                            options = [("", "–"), *field["options"]]
                            widget["Opt"] = pydyf.Array(
                                [
                                    pydyf.Array([pydyf.String(code), pydyf.String(text)])
                                    for code, text in options
                                ]
                            )
                        elif field["max_length"]:
                            widget["MaxLen"] = field["max_length"]
                        if kind == "lines":
                            flags |= MULTILINE
                if flags:
                    widget["Ff"] = flags
        form = pydyf.Dictionary(
            {
                "Fields": pydyf.Array(fields),
                "DR": pydyf.Dictionary({"Font": pydyf.Dictionary({"CoF": font.reference})}),
                "DA": pydyf.String(f"/CoF {TEXT_SIZE} Tf {INK.decode()}"),
            }
        )
        if has_signatures:
            form["SigFlags"] = 1
        catalog["AcroForm"] = self._new(form).reference

    def _radio_group(self, field: Mapping[str, Any]) -> Any:
        flags = RADIO | (REQUIRED if field["is_required"] else 0)
        return self._new(
            pydyf.Dictionary(
                {
                    "FT": "/Btn",
                    "Ff": flags,
                    "T": pydyf.String(field["name"]),
                    "TU": pydyf.String(field["label"]),
                    "V": f"/{field['value']}" if field["value"] else "/Off",
                    "Kids": pydyf.Array(),
                }
            )
        )

    def _as_button(
        self, widget: Any, box: tuple[float, ...], state: str, value: str, *, is_round: bool
    ) -> None:
        width, height = box[2] - box[0], box[3] - box[1]
        if is_round:
            cx, cy, r = width / 2, height / 2, min(width, height) * 0.3
            arcs = [
                b"%.2f %.2f %.2f %.2f %.2f %.2f c"
                % tuple(
                    part
                    for x, y in zip(arc[::2], arc[1::2], strict=True)
                    for part in (cx + r * x, cy + r * y)
                )
                for arc in _ARCS
            ]
            drawn = [INK, b"%.2f %.2f m" % (cx + r, cy), *arcs, b"f"]
        else:
            side = min(width, height)
            ox, oy = (width - side) / 2, (height - side) / 2
            points = [(0.22, 0.52), (0.42, 0.3), (0.8, 0.74)]
            placed = [part for x, y in points for part in (ox + side * x, oy + side * y)]
            drawn = [_TICK % (INK.replace(b"rg", b"RG"), *placed, side * 0.14)]
        on = self._appearance((0, 0, width, height), drawn)
        off = self._appearance((0, 0, width, height), [])
        widget["AP"] = pydyf.Dictionary({"N": pydyf.Dictionary({state: on.reference, "Off": off.reference})})
        widget["AS"] = f"/{state}" if state == value else "/Off"
        widget["MK"] = pydyf.Dictionary({"CA": pydyf.String("l" if is_round else "4")})

    def _show(self, widget: Any, box: tuple[float, ...], page: Any, shown: list[Any]) -> None:
        """What is filled in already, as it was laid out; its coordinates are the page's."""
        drawn: list[Any] = []
        if shown:
            height = page["MediaBox"][3]
            drawn = [b"/Tx BMC", b"q", INK, b"0.75 0 0 -0.75 0 %s cm" % _number(height), *shown, b"Q", b"EMC"]
        made = self._appearance(box, drawn, resources=page["Resources"] if shown else None)
        widget["AP"] = pydyf.Dictionary({"N": made.reference})

    def _appearance(self, box: Sequence[float], drawn: list[Any], *, resources: bytes | None = None) -> Any:
        extra = pydyf.Dictionary(
            {
                "Type": "/XObject",
                "Subtype": "/Form",
                "BBox": pydyf.Array([round(edge, 2) for edge in box]),
                "Resources": resources or pydyf.Dictionary(),
            }
        )
        return self._new(pydyf.Stream(drawn, extra, compress=bool(drawn)))

    def _add_form_font(self) -> Any:
        """The font that programs write with in fields: an ordinary one with the letters of Western Europe."""
        program = self._new(
            pydyf.Stream(
                [self._form_font], pydyf.Dictionary({"Length1": len(self._form_font)}), compress=True
            )
        )
        descriptor = self._new(
            pydyf.Dictionary(
                {
                    "Type": "/FontDescriptor",
                    "FontName": "/ConciergeForm",
                    "Flags": 32,
                    "FontBBox": pydyf.Array([-740, -320, 2550, 1100]),
                    "ItalicAngle": 0,
                    "Ascent": 969,
                    "Descent": -242,
                    "CapHeight": 728,
                    "StemV": 80,
                    "FontFile2": program.reference,
                }
            )
        )
        return self._new(
            pydyf.Dictionary(
                {
                    "Type": "/Font",
                    "Subtype": "/TrueType",
                    "BaseFont": "/ConciergeForm",
                    "Encoding": "/WinAnsiEncoding",
                    "FirstChar": 32,
                    "LastChar": 255,
                    "Widths": pydyf.Array(self._widths),
                    "FontDescriptor": descriptor.reference,
                }
            )
        )

    def _finish_links(self, page: Any) -> None:
        for reference in page.get("Annots", ()):
            link = self._at(reference)
            if link["Subtype"] == "/Link":
                link["F"] = PRINTED
                action = link.get("A")
                if "Contents" not in link and action and "URI" in action:
                    link["Contents"] = action["URI"]

    def _with_letters(self, line: bytes, font: Any) -> bytes:
        """A line of a ToUnicode map; marks over letters leave empty ones, and some characters are none."""
        if not line.startswith(b"<") or b"> <" not in line:
            return line
        glyph, code = (part.strip(b"<>").decode() for part in line.split())
        if code and not {code[start : start + 4] for start in range(0, len(code), 4)} & _NO_CHARACTERS:
            return line
        letters = self._spell(font.family, int(glyph, 16)) or "\N{ZERO WIDTH SPACE}"
        return f"<{glyph}> <{letters.encode('utf-16-be').hex()}>".encode()

    # ------------------------------------------------------------ metadata and files

    def _describe(self, about: Any) -> None:
        """The metadata as plain text, so that anything can read it; with both standards on a record (A-3 and UA-1)."""
        about.title, about.description = self._said(about.title or ""), self._said(about.description or "")
        about.authors = [self._said(author) for author in about.authors]
        named = {"Title": about.title, "Author": ", ".join(about.authors), "Subject": about.description}
        self._pdf.info.update({key: pydyf.String(text) for key, text in named.items() if text})
        text = _xmp(about, note=self._task["note"], is_record=self._task["is_record"])
        extra = pydyf.Dictionary({"Type": "/Metadata", "Subtype": "/XML"})
        self._pdf.catalog["Metadata"] = self._new(pydyf.Stream([text.encode()], extra)).reference

    def _embed(self, about: Any) -> None:
        named = []
        created = _pdf_date(about.created)
        for one, data in zip(self._task["files"], self._files, strict=True):
            kind = one["kind"].replace("/", "#2f")
            parameters = {
                "Size": len(data),
                "CheckSum": f"<{hashlib.md5(data, usedforsecurity=False).hexdigest()}>",
                "CreationDate": pydyf.String(created),
                "ModDate": pydyf.String(created),
            }
            extra = {"Type": "/EmbeddedFile", "Subtype": f"/{kind}", "Params": pydyf.Dictionary(parameters)}
            content = self._new(pydyf.Stream([data], pydyf.Dictionary(extra), compress=True))
            specification = {
                "Type": "/Filespec",
                "F": pydyf.String(one["name"]),
                "UF": pydyf.String(one["name"]),
                "Desc": pydyf.String(one["about"]),
                "AFRelationship": "/Data",
                "EF": pydyf.Dictionary({"F": content.reference, "UF": content.reference}),
            }
            named += [pydyf.String(one["name"]), self._new(pydyf.Dictionary(specification)).reference]
        if named:
            tree = self._new(pydyf.Dictionary({"Names": pydyf.Array(named)}))
            names = self._pdf.catalog.setdefault("Names", pydyf.Dictionary())
            names["EmbeddedFiles"] = tree.reference
            self._pdf.catalog["AF"] = pydyf.Array(named[1::2])


class _Written:
    """An object as the bytes it will be: pydyf asks for them several times, and packs streams anew each time."""

    def __init__(self, made: Any) -> None:
        self.number, self.generation, self.free = made.number, made.generation, made.free
        self.offset = 0
        self.compressible = made.compressible
        self.data = made.data if made.free == "n" else b""

    @property
    def indirect(self) -> bytes:
        """With its number."""
        return b"%d %d obj\n%b\nendobj" % (self.number, self.generation, self.data)


def _packed(stream: Any) -> bytes:
    """A stream as it is written; half a line end at its end gets a whole one after it (ISO 19005-3 §6.1.7.1)."""
    packed = b"\n".join(_bytes(item) for item in stream.stream)
    extra = {**stream.extra}
    if stream.compress:
        packed, extra["Filter"] = zlib.compress(packed, 6), "/FlateDecode"
    extra["Length"] = len(packed)
    end = b"\r\nendstream" if packed[-1:] == b"\r" else b"\nendstream"
    return b"".join((_bytes(pydyf.Dictionary(extra)), b"\nstream\n", packed, end))


# Also for the streams that pydyf itself makes when it writes: of objects, and of where they are.
pydyf.Stream.data = property(_packed)


def _label(field: Mapping[str, Any], button: int | None) -> str:
    label = str(field["label"])
    return label if button is None else f"{label}: {field['options'][button][1]}"


@contextmanager
def _marked(self: Any, box: Any, tag: str) -> Iterator[None]:
    """WeasyPrint's own, which also keeps the text of what is marked, by its number on the page."""
    if self._tags is not None:
        vars(self).setdefault("texts", {})[len(self._tags)] = getattr(box, "text", "")
    with _mark(self, box, tag):
        yield


_mark: Any = Stream.marked
Stream.marked = _marked


def _number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()


def _pdf_date(created: str | None) -> str:
    """``D:20261122000000Z`` of a day in ISO 8601; of a fixed one where none is said."""
    return f"D:{(created or '2000-01-01')[:10].replace('-', '')}000000Z"


NAMESPACE = "urn:concierge:readiness:1"
_SCHEMAS = (
    ("PDF/UA identification schema", "http://www.aiim.org/pdfua/ns/id/", "pdfuaid",
     ("part", "Integer", "internal", "Which part of ISO 14289 the document follows")),
    ("Concierge", NAMESPACE, "concierge",
     ("note", "Text", "internal", "Which print of which checklist the document is")),
)  # fmt: skip


def _xmp(about: Any, *, note: str, is_record: bool) -> str:
    said = []
    if is_record:
        said.append(
            '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
            "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance></rdf:Description>"
        )
        said.append(_extension_schemas())
    said.append(
        '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">'
        "<pdfuaid:part>1</pdfuaid:part></rdf:Description>"
    )
    alternatives = {"title": about.title, "description": about.description}
    dublin = "".join(
        f'<dc:{name}><rdf:Alt><rdf:li xml:lang="x-default">{_plain(text)}</rdf:li></rdf:Alt></dc:{name}>'
        for name, text in alternatives.items()
        if text
    )
    if about.authors:
        people = "".join(f"<rdf:li>{_plain(', '.join(about.authors))}</rdf:li>" for _ in (1,))
        dublin += f"<dc:creator><rdf:Seq>{people}</rdf:Seq></dc:creator>"
    said.append(
        f'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">{dublin}</rdf:Description>'
    )
    basic = f"<xmp:CreateDate>{_plain(about.created)}</xmp:CreateDate>" if about.created else ""
    if about.modified:
        basic += f"<xmp:ModifyDate>{_plain(about.modified)}</xmp:ModifyDate>"
    if about.generator:
        basic += f"<xmp:CreatorTool>{_plain(about.generator)}</xmp:CreatorTool>"
    said.append(
        f'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">{basic}</rdf:Description>'
    )
    if note:
        said.append(
            f'<rdf:Description rdf:about="" xmlns:concierge="{NAMESPACE}">'
            f"<concierge:note>{_plain(note)}</concierge:note></rdf:Description>"
        )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        + "\n".join(said)
        + '\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )


def _extension_schemas() -> str:
    """What PDF/A wants said of properties that are not its own (ISO 19005-3 §6.6.2.3)."""
    schemas = []
    for name, address, prefix, (key, kind, category, meaning) in _SCHEMAS:
        schemas.append(
            '<rdf:li rdf:parseType="Resource">'
            f"<pdfaSchema:schema>{name}</pdfaSchema:schema><pdfaSchema:namespaceURI>{address}</pdfaSchema:namespaceURI>"
            f"<pdfaSchema:prefix>{prefix}</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
            f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{key}</pdfaProperty:name>'
            f"<pdfaProperty:valueType>{kind}</pdfaProperty:valueType>"
            f"<pdfaProperty:category>{category}</pdfaProperty:category>"
            f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>"
            "</rdf:li>"
        )
    return (
        '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
        'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
        'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
        + "".join(schemas)
        + "</rdf:Bag></pdfaExtension:schemas></rdf:Description>"
    )


def _plain(text: object) -> str:
    """Text for XML: without the characters that it cannot hold."""
    return escape("".join(one for one in str(text) if one >= " " or one in "\t\n"))
