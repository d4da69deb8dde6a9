"""The child process behind `returning.py`: takes the bytes of a message or of a file, says what is in them.

It is run by path and imports nothing of Concierge but how fields of a message are read and what binds it. What comes
back is hostile: it may nest ten thousand pages, unpack to gigabytes, hold scripts, or end in the middle. So nothing is
interpreted that is not asked for – of a form only the values that its fields hold, never how they look, never an action
– every text has a greatest length, and whatever goes wrong ends this process and no other. It has little memory and
little time, no network, and opens no file.

It does one of three things, as its first argument says:

* ``mail``: the files that a message brings, and who sent it;
* ``form``: the fields of a PDF and their values (``/V``), the note that we put into it, and what does not belong there;
* ``pages``: pictures of a PDF's pages, or of a photograph.

The answer is a line of JSON, followed by the bytes that it tells of.
"""

import base64
import io
import json
import os
import re
import sys
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from typing import Any, BinaryIO

from concierge.platform import confined
from concierge.platform.mail_fields import TO, addresses, all_of, first_of, only_address, parts_of, words_in

MOST_FILES = 12
MOST_PAGES = 100
MOST_FIELDS = 3000
DEEPEST_FIELD = 16
MOST_NODES = 400_000
"""Values within a PDF that are looked at for what does not belong there."""
LONGEST_VALUE = 2000
LONGEST_NAME = 200
LARGEST_NOTE = 512 * 1024
LARGEST_XMP = 2 * 1024 * 1024
MOST_PICTURES = 20
PICTURE_SIDE = 1500
"""Pixels of a picture's longer side at most."""
MOST_PIXELS = 60_000_000
"""Of a photograph; larger ones are not unpacked."""
NOTE_NAME = "concierge.json"

_ACTIONS = {
    "/JavaScript": "script",
    "/Rendition": "media",
    "/RichMediaExecute": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/Launch": "launch",
    "/SubmitForm": "submit",
    "/ImportData": "import",
    "/GoToE": "launch",
    "/GoToR": "launch",
}
"""Actions that have no place in a checklist; a link to a page or to the web has."""
_DRAWN = {
    "/FreeText", "/Ink", "/Stamp", "/Text", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight",
    "/Underline", "/StrikeOut", "/Squiggly", "/Caret",
}  # fmt: skip
"""What people write, draw and stamp on pages with; none of it is a field's value."""
_SHOWS_TEXT = re.compile(rb"(?:\([^)]|<[0-9A-Fa-f\s]{2,}>|\[[^\]]*[(<])[^\n]{0,300}?T[jJ]\b")
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the order of what follows around."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\ufeff\ufff9-\ufffb\ud800-\udfff]")
_XMP_NOTE = re.compile(rb"<[A-Za-z0-9_]{1,40}:note(?:\s[^<>]{0,400})?>\s*([A-Za-z0-9+/=\s]{4,800000})</")

Told = dict[str, Any]  # Any: what JSON holds


class Enough(Exception):
    """A file holds more of something than any checklist does; the word says of what."""


def main() -> None:
    """Do what the first argument says with what comes on standard input."""
    task, memory_bytes, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answer
    data = source.read()
    match task:
        case "mail":
            _confine(memory_bytes, seconds)
            _answer(target, *mail(data))
        case "form":
            import pikepdf

            pikepdf.new().close()
            _confine(memory_bytes, seconds)
            _answer(target, form(data), [])
        case "pages":
            import pypdfium2  # noqa: F401 - as above

            _confine(memory_bytes, seconds)
            for picture in pages(data):  # one by one: what is there stays, whatever a later page does
                _answer(target, {"size": len(picture)}, [picture])


def _confine(memory_bytes: int, seconds: int) -> None:
    confined.limit(memory_bytes, seconds)
    confined.shut()


def _answer(target: BinaryIO, said: Told, blobs: Iterable[bytes]) -> None:
    target.write(json.dumps(said).encode() + b"\n")
    target.writelines(blobs)
    target.flush()


# ---------------------------------------------------------------- a message


def mail(data: bytes) -> tuple[Told, list[bytes]]:
    """Who sent a message, what it says about itself, and the files in it."""
    message = message_from_bytes(data)
    parts = list(parts_of(message, with_attached=True))
    names: list[Told] = []
    blobs: list[bytes] = []
    for part in parts:
        if part.is_multipart() or len(blobs) == MOST_FILES:
            continue
        kind = part.get_content_type()
        name = words_in(_file_name(part), at_most=300)
        if kind.startswith("text/") and not name:
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and _is_kept(payload):
            names.append({"name": name, "size": len(payload)})
            blobs.append(payload)
    said = {
        "sender": only_address(all_of(message, "From")),
        "recipients": addresses(text for name in TO for text in all_of(message, name)),
        "subject": words_in(first_of(message, "Subject"), at_most=300),
        "authentication_results": first_of(message, "Authentication-Results"),
        "auto_submitted": first_of(message, "Auto-Submitted").partition(";")[0].strip().lower()[:40],
        "is_report": message.get_content_type() in {"multipart/report", "message/delivery-status"},
        "is_list": bool(first_of(message, "List-Id"))
        or first_of(message, "Precedence").strip().lower() in {"bulk", "list", "junk"},
        "files": names,
    }
    return said, blobs


def _is_kept(payload: bytes) -> bool:
    """Whether a file may be a checklist or a picture of one; small pictures are those of a signature."""
    head = payload[:1024]
    if b"%PDF-" in head:
        return True
    is_picture = head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or head[8:12] == b"WEBP"
    return (is_picture or head[4:8] == b"ftyp") and len(payload) > 30_000


def _file_name(part: Message) -> str:
    with suppress(Exception):  # whatever a broken encoding raises: it has no name then
        return str(part.get_filename() or "")[:500]
    return ""


# ---------------------------------------------------------------- a form


def form(data: bytes) -> Told:
    """The fields of a PDF with their values, our note, and what does not belong there; or the word for why not."""
    import pikepdf

    try:
        is_sound, pdf = _opened(data)
    except pikepdf.PasswordError:
        return {"problem": "password"}
    except (pikepdf.PdfError, RuntimeError, ValueError, RecursionError):
        return {"problem": "truncated" if _breaks_off(data) else "damaged"}
    try:
        with pdf:
            return {"problem": "", "is_whole": is_sound or not _breaks_off(data), **_told(pdf)}
    except Enough as enough:
        return {"problem": "too large", "of": str(enough)}
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {"problem": "truncated" if not is_sound and _breaks_off(data) else "damaged"}


def _opened(data: bytes) -> tuple[bool, Any]:  # Any: a pikepdf.Pdf
    """A PDF and whether it is as it should be; one with a wrong table of its parts is put together again."""
    import pikepdf

    with suppress(pikepdf.PdfError):
        return True, pikepdf.open(
            io.BytesIO(data), suppress_warnings=True, attempt_recovery=False, inherit_page_attributes=False
        )
    return False, pikepdf.open(io.BytesIO(data), suppress_warnings=True, inherit_page_attributes=False)


def _breaks_off(data: bytes) -> bool:
    return b"%%EOF" not in data[-1100:]


def _told(pdf: Any) -> Told:  # Any: a pikepdf.Pdf
    count = _page_count(pdf)
    root = pdf.Root
    active, others = _strange(pdf)
    found = root.get("/AcroForm")
    fields = _fields(found) if _is(found, "dict") else []
    return {
        "pages": count,
        "note": base64.b64encode(_note(root)).decode(),
        "active": active,
        "is_drawn_on": _is_drawn_on(pdf) or any(field.get("is_shown") for field in fields),
        "files": max(others - 1 if _file_specs(root, NOTE_NAME) else others, 0),
        "has_form": _is(found, "dict") and _is(found.get("/Fields"), "array") and len(found.Fields) > 0,
        "fields": fields,
    }


def _is(value: Any, kind: str) -> bool:  # Any: a pikepdf object or None
    import pikepdf

    if not isinstance(value, pikepdf.Object):
        return False
    kinds = {"dict": pikepdf.Dictionary, "array": pikepdf.Array, "stream": pikepdf.Stream}
    return isinstance(value, kinds[kind])


def _page_count(pdf: Any) -> int:  # Any: as above
    """How many pages there are, counted by going through their tree: what it says of itself may be a lie."""
    count, seen, waiting = 0, set(), [pdf.Root.get("/Pages")]
    while waiting:
        node = waiting.pop()
        if not _is(node, "dict"):
            continue
        if node.is_indirect:
            if node.objgen in seen:
                raise ValueError("pages in a circle")
            seen.add(node.objgen)
        kids = node.get("/Kids")
        if _is(kids, "array"):
            if len(kids) + len(waiting) > 50_000 or len(seen) > 50_000:
                raise Enough("pages")
            waiting += list(kids)
        else:
            count += 1
        if count > MOST_PAGES:
            raise Enough("pages")
    return count


def _strange(pdf: Any) -> tuple[list[str], int]:  # Any: as above
    """What a form could do of its own accord, in words, and how many files are inside; each object is looked at."""
    active: set[str] = set()
    files = nodes = 0
    for whole in pdf.objects:
        waiting = [whole]
        while waiting:
            one = waiting.pop()
            nodes += 1
            if nodes > MOST_NODES:
                raise Enough("objects")
            if _is(one, "array"):
                waiting += [each for each in one if _is_inside(each)]
                continue
            if not (_is(one, "dict") or _is(one, "stream")):
                continue
            entries = dict(one.items())
            kind = str(entries.get("/S", ""))
            if kind in _ACTIONS:
                active.add(_ACTIONS[kind])
            if "/JS" in entries or "/JavaScript" in entries:
                active.add("script")
            if "/XFA" in entries:
                active.add("xfa")
            if "/Launch" in entries:
                active.add("launch")
            if str(entries.get("/Subtype", "")) in {"/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"}:
                active.add("media")
            files += "/EF" in entries
            waiting += [each for each in entries.values() if _is_inside(each)]
    return sorted(active), files


def _is_drawn_on(pdf: Any) -> bool:  # Any: as above
    """Whether somebody wrote or drew on the pages beside the fields, as on a tablet."""
    for page in pdf.pages:
        notes = page.obj.get("/Annots")
        for one in _first_of(notes) if _is(notes, "array") else []:
            if _is(one, "dict") and str(one.get("/Subtype", "")) in _DRAWN:
                return True
    return False


def _is_inside(value: Any) -> bool:  # Any: as above
    """Whether a value is a part of the object it stands in, and not a reference to another one."""
    return (_is(value, "dict") or _is(value, "array")) and not value.is_indirect


def _file_specs(root: Any, name: str) -> list[Any]:  # Any: as above
    """The descriptions of the files inside that have a name: in the tree of names or among the document's own."""
    found = []
    names = root.get("/Names")
    waiting = [names.get("/EmbeddedFiles")] if _is(names, "dict") else []
    seen = 0
    while waiting and seen < 1000:
        node = waiting.pop()
        seen += 1
        if not _is(node, "dict"):
            continue
        if _is(pairs := node.get("/Names"), "array"):
            found += [pairs[place] for place in range(1, min(len(pairs), 400), 2)]
        if _is(kids := node.get("/Kids"), "array"):
            waiting += list(kids)[:200]
    if _is(own := root.get("/AF"), "array"):
        found += list(own)[:200]
    return [one for one in found if _is(one, "dict") and name in {str(one.get("/UF")), str(one.get("/F"))}]


def _note(root: Any) -> bytes:  # Any: as above
    """The note that we put in: as a file, else in the description of the document; empty when there is none."""
    for spec in _file_specs(root, NOTE_NAME):
        held = spec.get("/EF")
        stream = (held.get("/UF") or held.get("/F")) if _is(held, "dict") else None
        if data := _unpacked(stream, LARGEST_NOTE):
            return data
    packet = _unpacked(root.get("/Metadata"), LARGEST_XMP)
    written = _XMP_NOTE.search(packet)
    if written is not None and b"urn:concierge:readiness:1" in packet:
        with suppress(ValueError):
            return base64.b64decode(re.sub(rb"\s", b"", written[1]))[:LARGEST_NOTE]
    return b""


def _unpacked(stream: Any, most: int) -> bytes:  # Any: as above
    """What a stream holds, if it is packed as we do it and no more than so many bytes; else nothing."""
    if not _is(stream, "stream"):
        return b""
    raw = bytes(stream.read_raw_bytes())
    how = stream.get("/Filter")
    if _is(how, "array"):
        how = how[0] if len(how) == 1 else ("" if len(how) else None)
    if how is None:
        return raw if len(raw) <= most else b""
    if str(how) not in {"/FlateDecode", "/Fl"} or stream.get("/DecodeParms") is not None:
        return b""
    with suppress(zlib.error):
        out = zlib.decompressobj().decompress(raw, most + 1)
        return out if len(out) <= most else b""
    return b""


def _fields(found: Any) -> list[Told]:  # Any: as above
    """Every field that can hold a value, with what it holds. Parents hand name, kind and value down."""
    fields: list[Told] = []
    seen: set[Any] = set()
    waiting = (
        [(one, "", None, None, 0) for one in _first_of(found.Fields)]
        if _is(found.get("/Fields"), "array")
        else []
    )
    waiting.reverse()
    looked_at = 0
    while waiting:
        node, above, kind, value, depth = waiting.pop()
        looked_at += 1
        if looked_at > 10 * MOST_FIELDS or len(fields) > MOST_FIELDS:
            raise Enough("fields")
        if not _is(node, "dict") or depth > DEEPEST_FIELD:
            continue
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        own = node.get("/T")
        name = above if own is None else ".".join(part for part in (above, _text(own)) if part)
        kind = node.get("/FT", kind)
        value = node.get("/V", value)
        kids = node.get("/Kids")
        below = [one for one in _first_of(kids) if _is(one, "dict")] if _is(kids, "array") else []
        if any("/T" in one for one in below):
            waiting += [(one, name, kind, value, depth + 1) for one in reversed(below)]
        elif name and kind is not None and len(name) <= LONGEST_NAME:
            said = _value(str(kind), value)
            if not said["value"] and not said.get("is_odd"):
                said |= _only_shown(str(kind), below or [node])
            fields.append({"name": name, "kind": str(kind), **said})
    return fields


def _first_of(array: Any) -> list[Any]:  # Any: as above
    if len(array) > MOST_FIELDS:
        raise Enough("fields")
    return list(array)


def _value(kind: str, value: Any) -> Told:  # Any: as above
    """What a field holds as text; for a signature whether it is signed."""
    import pikepdf

    if kind == "/Sig":
        return {"value": "", "is_signed": _is(value, "dict")}
    if value is None:
        return {"value": ""}
    if _is(value, "array"):
        texts = [_text(one) for one in list(value)[:100]]
        return _capped(" ".join(sorted(text for text in texts if text)))
    if isinstance(value, pikepdf.Name):
        return _capped(_state(_plain(str(value)[1:])))
    if isinstance(value, pikepdf.String | str):
        text = _text(value)
        return _capped(_state(text.removeprefix("/")) if kind == "/Btn" else text)
    return {"value": "", "is_odd": True}  # a number, a stream or worse: nothing that a form program writes


def _only_shown(kind: str, widgets: list[Any]) -> Told:  # Any: as above
    """What an empty field shows all the same: the state of a button; of a text that there is one."""
    for widget in widgets:
        if kind == "/Btn":
            state = _state(_plain(str(widget.get("/AS", ""))[1:]))
            if state:
                return {"value": state[:LONGEST_VALUE], "is_odd": True}
        elif kind == "/Tx" and _is(drawn := widget.get("/AP"), "dict"):
            return {"is_shown": bool(_SHOWS_TEXT.search(_unpacked(drawn.get("/N"), 200_000)))}
    return {}


def _state(said: str) -> str:
    """Of a button; some programs write its name as a text."""
    return "" if said == "Off" else said


def _capped(text: str) -> Told:
    return {"value": text[:LONGEST_VALUE], **({"is_cut": True} if len(text) > LONGEST_VALUE else {})}


def _text(value: Any) -> str:  # Any: as above
    return _plain(str(value)) if len(bytes(value) if not isinstance(value, str) else value) < 200_000 else ""


def _plain(text: str) -> str:
    """Letters only: no control characters, no marks that turn the order around, one kind of line break."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\u2028", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", _MARKS.sub("", text))).strip()


# ---------------------------------------------------------------- pictures


def pages(data: bytes) -> Iterator[bytes]:
    """The pages of a PDF as JPEG, the first ones; or a photograph, made smaller."""
    if b"%PDF-" in data[:1024]:
        yield from _pdf_pages(data)
    else:
        yield from _photograph(data)


def _pdf_pages(data: bytes) -> Iterator[bytes]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        try:
            document = pypdfium2.PdfDocument(_mended(data))
        except pypdfium2.PdfiumError:
            return
    with suppress(pypdfium2.PdfiumError):
        document.init_forms()  # else nothing is shown of what was filled in
    count = min(len(document), MOST_PICTURES)
    for number in range(count):
        try:
            page = document[number]
            width, height = page.get_size()
            scale = PICTURE_SIDE / max(width, height, 1)
            if min(width, height) * scale < 1:
                continue
            picture = page.render(scale=min(scale, 4), may_draw_forms=True).to_pil()
            page.close()
        except (pypdfium2.PdfiumError, ValueError, MemoryError):
            continue
        yield _jpeg(picture)


def _mended(data: bytes) -> bytes:
    """A PDF put together again as far as that can be done, for a renderer that is stricter; else nothing."""
    import pikepdf

    kept = io.BytesIO()
    with suppress(pikepdf.PdfError, RuntimeError, ValueError):
        _is_sound, pdf = _opened(data)
        pdf.save(kept)
    return kept.getvalue()


def _photograph(data: bytes) -> Iterator[bytes]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow raises at twice that
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            picture.draft("RGB", (PICTURE_SIDE, PICTURE_SIDE))
            turned = ImageOps.exif_transpose(picture)
            turned.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
            yield _jpeg(turned)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return


def _jpeg(picture: Any) -> bytes:  # Any: a PIL.Image.Image
    kept = io.BytesIO()
    picture.convert("RGB").save(kept, "JPEG", quality=82)
    return kept.getvalue()


if __name__ == "__main__":
    main()
