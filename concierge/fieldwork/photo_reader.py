"""The child process behind `actions/photos.py`: takes the bytes of a photo, gives two pictures made anew.

It is run by path and imports nothing of Concierge but what binds it. In comes the file; out goes one line of JSON and
then the bytes of both pictures. What the camera wrote besides the picture – place, time, device, a smaller picture –
is gone, because nothing but its points is taken over.
"""

import io
import json
import sys
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from concierge.platform import confined

LARGE, SMALL = 2560, 480
"""Points of the longer side of both pictures; a smaller photo stays as large as it is."""
MOST_POINTS = 80_000_000
"""Of a JPEG, which is made smaller while it is read; other kinds are read whole."""
MOST_POINTS_WHOLE = 30_000_000
KINDS = ("JPEG", "PNG", "WEBP")


class Unusable(Exception):
    """Not a photo that can be kept; the word says why."""


def pictures(data: bytes) -> tuple[bytes, bytes, int, int]:
    """The large and the small picture as JPEG, and width and height of the large one.

    :raises Unusable: when it is no photo of a kind that is read, breaks off, or is too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as opened:
            width, height = opened.size
            is_jpeg = opened.format in {"JPEG", "MPO"}
            if width * height > (MOST_POINTS if is_jpeg else MOST_POINTS_WHOLE):
                raise Unusable("large")
            opened.draft("RGB", (LARGE, LARGE))
            large = _on_white(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError:
        raise Unusable("heic" if data[4:12] in _HEIC else "kind") from None
    except (Image.DecompressionBombError, MemoryError):
        raise Unusable("large") from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError):
        raise Unusable("broken") from None
    if min(large.size) < 1:
        raise Unusable("broken")
    large.thumbnail((LARGE, LARGE), Image.Resampling.LANCZOS)
    small = large.copy()
    small.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return _jpeg(large, 85), _jpeg(small, 80), *large.size


_HEIC = {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypavif"}


def _on_white(picture: Any) -> Any:  # Any: pictures carry their own type
    """What shows through a transparent picture is paper."""
    if "A" not in picture.mode and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _jpeg(picture: Any, quality: int) -> bytes:  # Any: as above
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality, optimize=False, progressive=False)
    return kept.getvalue()


def main() -> None:
    """Read one photo from standard input; the first argument is the most memory in bytes, the second seconds."""
    data, target = sys.stdin.buffer.read(), sys.stdout.buffer
    Image.MAX_IMAGE_PIXELS = MOST_POINTS // 2  # Pillow raises at twice that
    Image.init()
    confined.limit(int(sys.argv[1]), int(sys.argv[2]))
    confined.shut()
    try:
        large, small, width, height = pictures(data)
    except Unusable as problem:
        target.write(json.dumps({"problem": str(problem)}).encode() + b"\n")
        return
    head = {"sizes": [len(large), len(small)], "width": width, "height": height}
    target.write(json.dumps(head).encode() + b"\n" + large + small)


if __name__ == "__main__":
    main()
