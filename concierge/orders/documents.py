"""Any file handed in as an order: what it is by its content, never by its name alone, and who reads it."""

import re

from flask_babel import gettext as _

from concierge.orders.incoming import BadDocument, Fault, IncomingOrder
from concierge.orders.spreadsheet import looks_like_sheet, read_csv
from concierge.orders.ubl import read_ubl

LARGEST_BYTES = 20_000_000
TURN_BYTES = 8_192

_SEQUENCE = re.compile(rb"SequenceNumberID[^>]*>\s*(\d{1,9})\s*<")
_MARKS_OF_XML = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<")


def read_orders(data: bytes, name: str) -> tuple[IncomingOrder, ...]:
    """What a file says, in the order of the file; `name` is shown in sentences.

    :raises BadDocument: when it is too large, empty, of a kind that is not read, or faulty.
    """
    name = shown_name(name)
    if len(data) > LARGEST_BYTES:
        raise too_large(name, len(data))
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise BadDocument(name, [Fault(_("The file is empty. Export the order again."))])
    wrong_kind = _wrong_kind(data)
    if wrong_kind:
        raise BadDocument(name, [Fault(wrong_kind)])
    if data.lstrip().startswith(_MARKS_OF_XML):
        return read_ubl(data.lstrip(), name) if data[:1].isspace() else read_ubl(data, name)
    if looks_like_sheet(data) or name.lower().endswith((".csv", ".tsv", ".txt")):
        return read_csv(data, name)
    raise BadDocument(
        name,
        [
            Fault(
                _(
                    "This is neither XML nor a sheet with known columns. Send a UBL order as XML, or a CSV"
                    " like the example."
                ),
                1,
            )
        ],
    )


def turn(start: bytes) -> tuple[int, int]:
    """By which files handed in together are read: orders, then changes by their number, then cancellations.

    :param start: the first bytes of a file, `TURN_BYTES` at most.
    """
    if b"xsd:OrderCancellation-2" in start:
        return 2, 0
    if b"xsd:OrderChange-2" in start:
        number = _SEQUENCE.search(start)
        return 1, int(number[1]) if number else 0
    return 0, 0


def too_large(name: str, size: int) -> BadDocument:
    """The refusal of a file over the limit."""
    sentence = _(
        "The file has %(size)d MB; at most %(limit)d MB are read. Send it without attachments, or split it.",
        size=round(size / 1_000_000),
        limit=LARGEST_BYTES // 1_000_000,
    )
    return BadDocument(shown_name(name), [Fault(sentence)])


def shown_name(name: str) -> str:
    """A file's name without folders and control characters, at most 120 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:120] or _("the file")


def _wrong_kind(data: bytes) -> str | None:
    if data.startswith(b"%PDF"):
        return _("This is a PDF. Ask for the order as UBL XML, or type its lines into the CSV example.")
    if data.startswith(b"PK\x03\x04") and (b"xl/" in data[:4000] or b"[Content_Types].xml" in data[:4000]):
        return _("This is an Excel workbook. Save the sheet as “CSV UTF-8” and send that.")
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        return _("This is a packed archive. Unpack it and send the files inside.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _("This is an old Office file. Save the sheet as “CSV UTF-8” and send that.")
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*")):
        return _("This is a picture. Ask for the order as UBL XML, or type its lines into the CSV example.")
    if data.startswith((b"{", b"[")):
        return _("This is JSON. Send a UBL order as XML, or a CSV like the example.")
    if data.startswith((b"UNA", b"UNB+")):
        return _("This is EDIFACT. Send a UBL order as XML, or a CSV like the example.")
    return None
