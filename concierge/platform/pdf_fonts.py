"""The fonts of documents: which ones a text needs, and one file out of the slices that they come in.

Part of the press's child process: imports nothing of Concierge. Japanese comes as more than a hundred slices of a few
letters each, made for browsers; a document with dozens of fonts would be slow and large, so they become one font.
"""

import io
import json
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from fontTools import subset as untyped_subset
from fontTools.fontBuilder import FontBuilder as UntypedFontBuilder
from fontTools.ttLib import TTFont as UntypedTTFont
from fontTools.ttLib import newTable as UntypedNewTable
from fontTools.varLib import instancer as untyped_instancer

FontBuilder: Any = UntypedFontBuilder  # Any, here and below: fontTools carries no types
TTFont: Any = UntypedTTFont
new_table: Any = UntypedNewTable
instancer: Any = untyped_instancer
subset: Any = untyped_subset

_ALWAYS = "Concierge Latin"
_FORM = "ConciergeForm.ttf"
_LIMITS = (
    "maxPoints", "maxContours", "maxCompositePoints", "maxCompositeContours", "maxComponentElements",
    "maxComponentDepth", "maxSizeOfInstructions", "maxStackElements", "maxFunctionDefs", "maxStorage",
)  # fmt: skip
_NAMED = re.compile(r"uni(?P<codes>(?:[0-9A-F]{4})+)")
_FOUR = re.compile(r"[0-9A-F]{4}")


class Library:
    """The bundled fonts, by the index that `static/build.mjs` writes."""

    def __init__(self, index: Path | None, cache: Path) -> None:
        """
        :param index: the index's file; None where nothing is bundled: then the system's fonts stand in.
        :param cache: a folder of our own for fonts that were put together, shared with the children that follow.
        """
        self._folder = index.parent if index else cache
        self._cache = cache
        self._faces: list[dict[str, Any]] = json.loads(index.read_text("utf-8"))["faces"] if index else []
        spans: list[tuple[int, int, str]] = []
        for face in self._faces:
            spans += [
                (first, last, face["family"]) for part in face["parts"] for first, last in part["ranges"]
            ]
        self._spellings: dict[str, tuple[list[str], dict[str, int]]] = {}
        self._spans: dict[str, tuple[list[int], list[int]]] = {}
        for family in dict.fromkeys(family for _, _, family in spans):
            own = sorted({(first, last) for first, last, named in spans if named == family})
            self._spans[family] = [first for first, _ in own], [last for _, last in own]

    def families_for(self, text: str) -> frozenset[str]:
        """The families that hold the letters of a text, the Latin one always among them."""
        needed = {_ALWAYS} if self._faces else set()
        for letter in set(text):
            code = ord(letter)
            if code > 0xFF:
                family = self._family_of(code)
                if family:
                    needed.add(family)
        return frozenset(needed)

    def _family_of(self, code: int) -> str | None:
        for family, (first, last) in self._spans.items():
            place = bisect_right(first, code) - 1
            if place >= 0 and code <= last[place]:
                return family
        return None

    def styles(self, families: Iterable[str]) -> str:
        """The ``@font-face`` rules of families."""
        return "\n".join(
            f'@font-face {{ font-family: "{face["family"]}"; src: url("asset:font/{place}");'
            + (f" font-weight: {face['weight']};" if face["weight"] else "")
            + " }"
            for place, face in enumerate(self._faces)
            if face["family"] in set(families)
        )

    def data(self, place: int) -> bytes:
        """The font behind ``asset:font/<place>``."""
        face = self._faces[place]
        parts = [self._folder / part["file"] for part in face["parts"]]
        if len(parts) == 1:
            alone: bytes = parts[0].read_bytes()
            return alone
        return self._kept(f"{face['family']}-{face['weight']}.ttf", lambda: _joined(parts, face["family"]))

    @cached_property
    def form_font(self) -> tuple[bytes, list[int]]:
        """A font with the letters of WinAnsiEncoding, and their widths from code 32 to 255 in thousandths."""
        latin = next((face for face in self._faces if face["family"] == _ALWAYS), None)
        path = self._folder / latin["parts"][0]["file"] if latin else None
        data = self._kept(_FORM, lambda: _western(path))
        font = TTFont(io.BytesIO(data), lazy=True)
        letters, widths, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        named = (bytes([code]).decode("cp1252", "replace") for code in range(32, 256))
        return data, [round(widths[letters.get(ord(one), ".notdef")][0] * 1000 / em) for one in named]

    def spelled(self, family: str, glyph: int) -> str:
        """The letters that a glyph stands for, by the tables of its font or by its name; empty when neither says."""
        names, letters = self._spelling(family)
        name = names[glyph] if glyph < len(names) else ""
        if name in letters:
            return chr(letters[name])
        found = _NAMED.match(name)
        return "".join(chr(int(code, 16)) for code in _FOUR.findall(found["codes"])) if found else ""

    def _spelling(self, family: str) -> tuple[list[str], dict[str, int]]:
        if family not in self._spellings:
            place = next((place for place, face in enumerate(self._faces) if face["family"] == family), None)
            font = TTFont(io.BytesIO(self.data(place)), lazy=True) if place is not None else None
            self._spellings[family] = (
                (font.getGlyphOrder(), {name: code for code, name in font.getBestCmap().items()})
                if font
                else ([], {})
            )
        return self._spellings[family]

    def _kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self._cache / name
        if not path.exists():
            fresh = self._cache / f"{name}.{os.getpid()}"
            fresh.write_bytes(make())
            fresh.replace(path)
        return path.read_bytes()


def _western(path: Path | None) -> bytes:
    """The letters of WinAnsiEncoding, and nothing else, out of a font; of any installed one where none is given."""
    font = TTFont(path or _installed())
    wanted = {ord(bytes([code]).decode("cp1252", "ignore") or " ") for code in range(32, 256)}
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[1, 2, 6])
    narrowed = subset.Subsetter(options)
    narrowed.populate(unicodes=wanted)
    narrowed.subset(font)
    if "fvar" in font:
        instancer.instantiateVariableFont(font, {"wght": 400}, inplace=True, static=True)
    for table in ("GDEF", "GPOS", "GSUB", "STAT", "HVAR", "MVAR", "gasp", "DSIG"):
        if table in font:
            del font[table]
    font.flavor = None
    font.recalcTimestamp = False
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _installed() -> str:
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"):
        for path in sorted(Path(folder).rglob("*.ttf")):
            if ("Sans" in path.name and "Regular" in path.name) or path.name == "DejaVuSans.ttf":
                return str(path)
    raise FileNotFoundError("no TrueType font is installed")


def _joined(parts: list[Path], family: str) -> bytes:
    """One static TrueType font with the letters of many slices of one and the same font."""
    glyphs: dict[str, Any] = {}
    metrics: dict[str, tuple[int, int]] = {}
    letters: dict[int, str] = {}
    limits = dict.fromkeys(_LIMITS, 0)
    model: Any = None
    for number, path in enumerate(parts):
        font = TTFont(path, recalcBBoxes=False, recalcTimestamp=False)
        outlines, widths = font["glyf"], font["hmtx"].metrics
        for limit in _LIMITS:
            limits[limit] = max(limits[limit], getattr(font["maxp"], limit, 0))
        if model is None:
            model = font
            glyphs[".notdef"], metrics[".notdef"] = outlines.glyphs[".notdef"], widths[".notdef"]
        for code, old in font.getBestCmap().items():
            if code == 0 or code in letters:
                continue
            name = letters[code] = f"u{code:05X}"
            _copy(outlines, widths, old, name, prefix=f"p{number}.", to=(glyphs, metrics))
    built = FontBuilder(model["head"].unitsPerEm, isTTF=True)
    built.setupGlyphOrder(list(glyphs))
    built.setupCharacterMap(letters)
    built.font.recalcBBoxes = built.font.recalcTimestamp = False
    built.font["loca"], built.font["glyf"] = new_table("loca"), new_table("glyf")
    built.font["glyf"].glyphs = glyphs
    built.setupHorizontalMetrics(metrics)
    built.setupHorizontalHeader(ascent=model["hhea"].ascent, descent=model["hhea"].descent)
    built.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family.replace(" ", "")})
    built.setupOS2(
        sTypoAscender=model["OS/2"].sTypoAscender, sTypoDescender=model["OS/2"].sTypoDescender,
        usWinAscent=model["OS/2"].usWinAscent, usWinDescent=model["OS/2"].usWinDescent,
        usWeightClass=model["OS/2"].usWeightClass,
    )  # fmt: skip
    built.setupPost(keepGlyphNames=False)
    for edge in ("xMin", "yMin", "xMax", "yMax"):
        setattr(built.font["head"], edge, getattr(model["head"], edge))
    for limit, value in limits.items():
        setattr(built.font["maxp"], limit, value)
    out = io.BytesIO()
    built.font.save(out)
    return out.getvalue()


def _copy(
    outlines: Any,
    widths: Any,
    old: str,
    name: str,
    *,
    prefix: str,
    to: tuple[dict[str, Any], dict[str, tuple[int, int]]],
) -> None:
    """Take a glyph over under a new name, with the ones that it is made of; outlines stay the bytes they are."""
    glyphs, metrics = to
    glyph = outlines.glyphs[old]
    metrics[name] = widths[old]
    glyphs[name] = glyph
    if int.from_bytes(getattr(glyph, "data", b"")[:2], "big", signed=True) < 0:
        glyph.expand(outlines)
        for component in glyph.components:
            own = prefix + component.glyphName
            if own not in glyphs:
                _copy(outlines, widths, component.glyphName, own, prefix=prefix, to=to)
            component.glyphName = own
