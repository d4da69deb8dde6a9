"""The child process behind `reading.py`: takes the bytes of one message, gives what an answer says as JSON.

It is run by path and imports nothing of Concierge but how fields are read and what binds it. A message is hostile: it
may nest a thousand parts, have a head of a megabyte or lie about its letters. So nothing of it is interpreted that is
not asked for, every field has a greatest length, and whatever goes wrong ends this process and no other. It has little
memory and little time, no network, and opens no file but those of Python and of time zones.
"""

import json
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from html.parser import HTMLParser
from typing import Any

from icalendar import Calendar

from concierge.platform import confined
from concierge.platform.mail_fields import (
    MOST_PARTS,
    TO,
    addresses,
    all_of,
    first_of,
    only_address,
    parts_of,
    words_in,
)

LARGEST_CALENDAR = 256 * 1024
"""Bytes of the largest part that is read as a calendar."""
MOST_ATTENDEES = 50
LONGEST_TEXT = 4000

_CALENDARS = {"text/calendar", "application/ics"}
_WARM = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//warm//\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
    b"DTSTART;TZID=Europe/Berlin:20260101T000000\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

Told = dict[str, Any]  # Any: what JSON holds


class Unreadable(Exception):
    """There is a calendar, but none that can be understood; the sentence says why."""


def main() -> None:
    """Read a message on standard input, write what it says on standard output."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answer
    confined.limit(int(sys.argv[1]), int(sys.argv[2]))
    Calendar.from_ical(_WARM)
    confined.shut("ctypes.")
    target.write(json.dumps(told(source.read())).encode())
    target.flush()


def told(data: bytes) -> Told:
    """What a message says, in plain values."""
    message = message_from_bytes(data)
    parts = list(parts_of(message, with_attached=False))
    calendar, problem = _calendar(parts)
    return {
        "sender": only_address(all_of(message, "From")),
        "reply_to": only_address(all_of(message, "Reply-To")),
        "recipients": addresses(text for name in TO for text in all_of(message, name)),
        "subject": words_in(first_of(message, "Subject"), at_most=500),
        "auto_submitted": first_of(message, "Auto-Submitted").partition(";")[0].strip().lower()[:40],
        "authentication_results": first_of(message, "Authentication-Results"),
        "text": _text(parts),
        "calendar": calendar,
        "problem": problem,
        "bounce": _bounce(message, parts),
    }


# ---------------------------------------------------------------- the message


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _letters(part: Message, data: bytes) -> str:
    """The text of a part, whatever it says about its letters."""
    named = part.get_content_charset("utf-8")
    if not named.startswith(("utf-16", "utf-32")):
        with suppress(UnicodeError):
            return data.decode("utf-8-sig")
    with suppress(UnicodeError, LookupError):
        return data.decode(named)
    return data.decode("latin-1")


class _Page(HTMLParser):
    """The words of a page, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a line, or what is not shown."""
        if tag in {"br", "p", "div", "tr", "li"}:
            self.said.append("\n")
        if tag in {"style", "script", "title"}:
            self._hidden = tag

    def handle_endtag(self, tag: str) -> None:
        """End what is not shown."""
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        """Take words."""
        if not self._hidden:
            self.said.append(" ".join(data.split()) + " ")


def _text(parts: list[Message]) -> str:
    """The beginning of what a person wrote."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not part.is_multipart():
                text = _letters(part, _bytes(part)[: 20 * LONGEST_TEXT])
                if kind == "text/html":
                    page = _Page()
                    page.feed(text)
                    text = "".join(page.said)
                text = re.sub(r"[ \t\xa0]+", " ", text).strip()
                if text:
                    return re.sub(r"\s*\n\s*\n\s*", "\n\n", text)[:LONGEST_TEXT]
    return ""


# ---------------------------------------------------------------- its calendar


def _calendar(parts: list[Message]) -> tuple[Told | None, str]:
    """What the calendar in a message says; None when there is none, with a sentence when it cannot be understood.

    Programs send it once to be shown and once to be saved. Both have to say the same.
    """
    found = [part for part in parts if part.get_content_type() in _CALENDARS and not part.is_multipart()]
    try:
        read = [_read(part) for part in found[:4]]
    except Unreadable as error:
        return None, str(error)
    if not read:
        return None, ""
    if any(_gist(other) != _gist(read[0]) for other in read[1:]):
        return None, "Its calendars say different things."
    return read[0], ""


def _gist(calendar: Told) -> tuple[object, ...]:
    said = [(one["address"], one["partstat"]) for one in calendar["attendees"]]
    return calendar["method"], calendar["uid"], calendar["sequence"], said, calendar["starts_at"]


def _read(part: Message) -> Told:
    raw = part.get_payload()
    if not isinstance(raw, str) or len(raw) > 2 * LARGEST_CALENDAR:
        raise Unreadable("Its calendar is larger than 256 KB.")
    data = _letters(part, _bytes(part)).replace("\x00", "").encode("utf-8", "replace")
    if len(data) > LARGEST_CALENDAR:
        raise Unreadable("Its calendar is larger than 256 KB.")
    try:
        calendars = Calendar.from_ical(data, multiple=True)
    except Exception as error:
        raise Unreadable("Its calendar is damaged.") from error
    if len(calendars) != 1 or calendars[0].name != "VCALENDAR":
        raise Unreadable("It holds several calendars where one is allowed.")
    events = [one for one in calendars[0].subcomponents if one.name == "VEVENT"]
    if len(events) != 1:
        raise Unreadable("It is not about exactly one appointment.")
    event = events[0]
    starts_at, ends_at = _times(event)
    return {
        "method": (_value(calendars[0], "METHOD") or str(part.get_param("method", ""))).upper()[:20],
        "uid": _value(event, "UID"),
        "sequence": _number(event),
        "stamped_at": _instant(event, "DTSTAMP"),
        "organizer": _mailto(_value(event, "ORGANIZER")),
        "attendees": [_attendee(one) for one in _values(event, "ATTENDEE")[:MOST_ATTENDEES]],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "comment": "\n".join(filter(None, map(_plain, _values(event, "COMMENT")[:10])))[:LONGEST_TEXT],
        "request_status": "\n".join(filter(None, map(_plain, _values(event, "REQUEST-STATUS")[:10])))[:500],
        "summary": _value(event, "SUMMARY"),
    }


def _values(component: Any, name: str) -> list[Any]:  # Any: icalendar's own values
    found = component.get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def _value(component: Any, name: str) -> str:  # Any: as above
    found = _values(component, name)
    return _plain(found[0])[:500] if found else ""


def _plain(value: Any) -> str:  # Any: as above
    if isinstance(value, str):
        return value.strip()
    with suppress(Exception):  # a value of a kind of its own, or a broken one
        return str(value.to_ical().decode("utf-8", "replace")).replace("\\n", "\n").replace("\\", "").strip()
    return ""


def _number(event: Any) -> int:  # Any: as above
    """SEQUENCE, which is 0 when it is not said (RFC 5545 §3.8.7.4)."""
    with suppress(ValueError, TypeError):
        return max(0, min(int(_value(event, "SEQUENCE") or 0), 2**31 - 1))
    return 0


def _attendee(value: Any) -> Told:  # Any: as above
    given = getattr(value, "params", {})

    def of(name: str) -> list[str]:
        found = given.get(name)
        every = found if isinstance(found, list | tuple) else [] if found is None else [found]
        return [str(one)[:300] for one in every][:20]

    return {
        "address": _mailto(_plain(value)),
        "partstat": (of("PARTSTAT") or [""])[0].upper()[:40],
        "name": (of("CN") or [""])[0],
        "sent_by": _mailto((of("SENT-BY") or [""])[0]),
        "delegated_to": [_mailto(one) for one in of("DELEGATED-TO")],
        "delegated_from": [_mailto(one) for one in of("DELEGATED-FROM")],
    }


def _mailto(text: str) -> str:
    plain = text.strip().strip('"').strip().lower()
    return plain.removeprefix("mailto:").strip()[:254]


def _instant(event: Any, name: str) -> str | None:  # Any: as above
    """An instant as ISO 8601 in UTC; None for a day, for the time of no place, and for what is none."""
    with suppress(Exception):  # whatever a broken value raises
        when = _values(event, name)[0].dt
        if isinstance(when, datetime) and when.tzinfo is not None:
            return when.astimezone(UTC).isoformat()
    return None


def _times(event: Any) -> tuple[str | None, str | None]:  # Any: as above
    starts_at, ends_at = _instant(event, "DTSTART"), _instant(event, "DTEND")
    if starts_at and not ends_at:
        with suppress(Exception):  # as above
            length = _values(event, "DURATION")[0].dt
            if isinstance(length, timedelta):
                ends_at = (datetime.fromisoformat(starts_at) + length).isoformat()
    return starts_at, ends_at


# ---------------------------------------------------------------- letters that came back


def _bounce(message: Message, parts: list[Message]) -> Told | None:
    """What a mail server says that could not deliver our letter (RFC 3464); None when this is no such report."""
    if message.get_content_type() != "multipart/report":
        return None
    status = next((one for one in parts if one.get_content_type() == "message/delivery-status"), None)
    blocks = status.get_payload() if status is not None else None
    if not isinstance(blocks, list):
        return None
    about = [one for one in blocks[:MOST_PARTS] if isinstance(one, Message)]
    returned = [head for part in parts for head in _returned(part)]
    failed = [one for one in about if first_of(one, "Action").strip().lower() == "failed"]
    return {
        "failed": bool(failed),
        "why": words_in(next((first_of(one, name) for one in failed for name in ("Diagnostic-Code", "Status")
                               if first_of(one, name)), ""), at_most=200),
        "recipients": addresses(
            text for one in failed for name in ("Original-Recipient", "Final-Recipient")
            for text in (field.rpartition(";")[2] for field in all_of(one, name))
        ),
        "message_ids": [found for head in returned if (found := first_of(head, "Message-ID").strip()[:300])],
        "addresses": addresses(
            text for head in returned for name in ("Reply-To", "From", "Sender") for text in all_of(head, name)
        ),
    }  # fmt: skip


def _returned(part: Message) -> list[Message]:
    """The head of our own letter, as it was sent back."""
    match part.get_content_type():
        case "message/rfc822" | "message/global":
            inside = part.get_payload()
            return [one for one in inside[:1] if isinstance(one, Message)] if isinstance(inside, list) else []
        case "text/rfc822-headers" | "message/global-headers":
            return [message_from_bytes(_bytes(part)[: 256 * 1024])]
    return []


if __name__ == "__main__":
    main()
