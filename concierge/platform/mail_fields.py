"""Parts and fields of a message as strangers wrote it, for the child processes that read mail.

Imports nothing of Concierge, so that a child which imports it has nothing of Concierge either. Everything has a
greatest length and number, and nothing is interpreted that is not asked for. The old policy of the email package is
expected: it keeps fields as they are, where the new one parses them when they are looked at, which takes minutes for
some.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message

MOST_PARTS = 200
DEEPEST = 10
MOST_FIELDS = 50
LONGEST_FIELD = 8000
MOST_ADDRESSES = 200
TO = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
"""The fields that say to whom a message came."""

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,190}")


def parts_of(message: Message, *, with_attached: bool) -> Iterator[Message]:
    """The parts of a message, in order.

    :param with_attached: whether what is attached as a message of its own is looked into as well.
    """
    waiting: list[tuple[Message, int]] = [(message, 0)]
    count = 0
    while waiting and count < MOST_PARTS:
        part, depth = waiting.pop()
        count += 1
        yield part
        is_asked = with_attached or part.get_content_maintype() == "multipart"
        inside = part.get_payload() if is_asked else None
        if isinstance(inside, list) and depth < DEEPEST:
            waiting += [(one, depth + 1) for one in reversed(inside[:MOST_PARTS]) if isinstance(one, Message)]


def all_of(message: Message, name: str) -> list[str]:
    """Every field of a name, as it is written."""
    return [str(value)[:LONGEST_FIELD] for value in (message.get_all(name) or [])[:MOST_FIELDS]]


def first_of(message: Message, name: str) -> str:
    """The first field of a name; empty when there is none."""
    return next(iter(all_of(message, name)), "")


def words_in(text: str, *, at_most: int) -> str:
    """A field as a person reads it (RFC 2047)."""
    with suppress(Exception):  # whatever a broken encoding raises: the text stays as it is
        return str(make_header(decode_header(text[:2000])))[:at_most]
    return text[:at_most]


def only_address(fields: list[str]) -> str:
    """The address of a field that names one person once; anything else is nobody's."""
    if len(fields) != 1:
        return ""
    text = " ".join(fields[0].split())
    angled = re.fullmatch(r"(?:[^<>]{0,2000})<([^<>\s]{1,255})>", text)
    found = _ADDRESS.fullmatch(angled[1] if angled else text)
    return found[0].lower() if found else ""


def addresses(texts: Iterable[str]) -> list[str]:
    """Every address in some fields, once, in lower case."""
    found = dict.fromkeys(address.lower() for text in texts for address in _ADDRESS.findall(text))
    return list(found)[:MOST_ADDRESSES]
