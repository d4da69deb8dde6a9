"""Kinds of files that people may send: told by what a file holds, never by its name."""

from flask_babel import gettext as _

from concierge.platform import files
from concierge.platform.errors import Refused

_MAGIC = (
    (b"%PDF-", 0, "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "png"),
    (b"\xff\xd8\xff", 0, "image/jpeg", "jpg"),
    (b"WEBP", 8, "image/webp", "webp"),
    (b"ftypheic", 4, "image/heic", "heic"),
    (b"ftypheix", 4, "image/heic", "heic"),
    (b"ftypmif1", 4, "image/heic", "heic"),
)
_OFFICE = {
    b"xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    b"word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
}
LARGEST_TEXT = 10 * 1024 * 1024
"""Bytes of a text, a table or a written document, which say much in little; others have `files.LARGEST`."""
_ENDINGS = {"jpg": {"jpg", "jpeg"}, "heic": {"heic", "heif"}, "txt": {"txt", "csv", "log"}}


class NotKept(Refused):
    """A file that is too large, empty, or of a kind that is not kept."""


def refuse_size(data: bytes) -> None:
    """Check that a file has content, and not too much.

    :raises NotKept: when it is empty or too large.
    """
    if not data:
        raise NotKept(_("The file is empty. Choose one with content."))
    if len(data) > files.LARGEST:
        raise NotKept(_("The file is larger than 20 MB. Send a smaller photo, or split the document."))


def refuse_long_text(content_type: str, size: int) -> None:
    """Check that a text or a table is not too large; `size` in bytes.

    :raises NotKept: when it is.
    """
    if size > LARGEST_TEXT and (content_type == "text/plain" or content_type in dict(_OFFICE.values())):
        raise NotKept(
            _("This text or table is larger than 10 MB. Leave out what nobody needs, or send it in parts.")
        )


def kind_of(data: bytes) -> tuple[str, str]:
    """Media type and ending of a file, by what it holds and never by its name.

    :raises NotKept: when it is of a kind that is not kept.
    """
    for magic, offset, content_type, ending in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return content_type, ending
    if data[:4] == b"PK\x03\x04":
        for part, office in _OFFICE.items():
            if part in data[:65536] and b"[Content_Types].xml" in data[:65536]:
                return office
    if _is_plain_text(data):
        return "text/plain", "txt"
    raise NotKept(_("Send a PDF, a photo (JPEG, PNG, WebP, HEIC), a table (CSV, XLSX), DOCX or plain text."))


def named(name: str, ending: str) -> str:
    """The file's name with the ending of what it holds, so that no system takes it for something else."""
    plain = files.plain_name(name)
    if plain.rpartition(".")[2].lower() in _ENDINGS.get(ending, {ending}):
        return plain
    return f"{plain}.{ending}"


def _is_plain_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not text.lstrip().startswith(("<", "%!", "#!")) and all(
        letter >= " " or letter in "\t\r\n" for letter in text
    )
