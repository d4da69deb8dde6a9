"""Calendar files that this process has handed out, by their tag: one tag names one file for ever, so nothing here
can be out of date. When it is full, what was not asked for the longest goes.
"""

import gzip
from collections import OrderedDict
from threading import Lock

ROOM = 64 * 1024 * 1024
"""In bytes: some hundred calendars of a thousand entries, or all of a company's in packed form."""
LARGEST = 8 * 1024 * 1024

_files: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()
_taken = 0


def found(tag: str) -> bytes | None:
    """The file of a tag, when it stands here."""
    with _lock:
        if (data := _files.get(tag)) is not None:
            _files.move_to_end(tag)
        return data


def put(tag: str, data: bytes) -> bytes:
    """Keep a file under its tag; gives it back."""
    global _taken
    if len(data) > LARGEST:
        return data
    with _lock:
        if tag not in _files:
            _files[tag] = data
            _taken += len(data)
        while _taken > ROOM:
            _, gone = _files.popitem(last=False)
            _taken -= len(gone)
    return data


def packed(data: bytes) -> bytes:
    """The file compressed: the same bytes for the same file, always."""
    return gzip.compress(data, compresslevel=6, mtime=0)


def unpacked(data: bytes) -> bytes:
    """The file that was compressed."""
    return gzip.decompress(data)


def clear() -> None:
    """Forget all files."""
    global _taken
    with _lock:
        _files.clear()
        _taken = 0
