"""An invitation or its withdrawal as bytes: one VCALENDAR, one METHOD, one VEVENT (RFC 5546, calendar rules I1–I9)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress

from concierge.feeds import vevent
from concierge.feeds.vevent import Entry
from concierge.invitations.states import Reply

PRODUCT = "-//Concierge//Invitations//EN"
NAME_CHARACTERS = 120

_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_NOT_IN_A_NAME = re.compile('["^\\\\]')
_END = b"END:VEVENT\r\n"
_FOOT = b"END:VCALENDAR\r\n"


class Method(StrEnum):
    """What an iTIP object asks for (RFC 5546 §1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    DECLINECOUNTER = "DECLINECOUNTER"
    """Another time that was asked for by mail is not taken."""


ANSWERS = {
    Reply.NONE: "NEEDS-ACTION",
    Reply.ACCEPTED: "ACCEPTED",
    Reply.TENTATIVE: "TENTATIVE",
    Reply.DECLINED: "DECLINED",
    Reply.DELEGATED: "DELEGATED",
}
"""Each answer as a PARTSTAT (RFC 5545 §3.2.12)."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who invites or is invited: a mail address and a name."""

    address: str
    name: str


def is_writable(address: str) -> bool:
    """Whether a mail address can stand in a calendar object and in the head of a letter."""
    return _MAIL_ADDRESS.fullmatch(address) is not None


def message(
    entry: Entry, *, method: Method, organizer: Party, attendee: Party, answer: Reply = Reply.NONE
) -> bytes:
    """The bytes of an invitation, of a change of one, or of its withdrawal.

    :param entry: what it says; its `modified_at` is the instant of sending (DTSTAMP).
    :param attendee: the one who gets it; nobody else's address stands in it.
    :param answer: what they have answered and need not answer anew.
    """
    event = vevent.render(entry)
    if not event.endswith(_END):
        raise ValueError("An entry ends with its END line.")
    return _head(method) + event.removesuffix(_END) + _people(organizer, attendee, answer) + _END + _FOOT


def declined_counter(*, uid: str, organizer: Party, comment: str, at: datetime) -> bytes:
    """The bytes that tell somebody's calendar program that the time they asked for is not taken (RFC 5546 §3.2.8).

    It names the visit and nothing of it, so that what stands in their calendar stays.
    """
    event = Event()
    event.add("uid", vevent.text(uid))
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("organizer", _address(organizer))
    if comment:
        event.add("comment", vevent.text(comment))
    return _head(Method.DECLINECOUNTER) + bytes(event.to_ical(sorted=False)) + _FOOT


def stamp_after(previous: datetime | None, *, at: datetime) -> datetime:
    """When a letter counts as sent: whole seconds, later than the one before, so that programs see which is newer."""
    now = at.astimezone(UTC).replace(microsecond=0)
    return now if previous is None else max(now, previous.replace(microsecond=0) + timedelta(seconds=1))


def _head(method: Method) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", vevent.text(PRODUCT))
    calendar.add("calscale", vevent.text("GREGORIAN"))
    calendar.add("method", vevent.text(method.value))
    return bytes(calendar.to_ical(sorted=False)).removesuffix(_FOOT)


def _people(organizer: Party, attendee: Party, answer: Reply) -> bytes:
    lines = Event()
    lines.add("organizer", _address(organizer))
    invited = _address(attendee)
    invited.params["CUTYPE"] = "INDIVIDUAL"
    invited.params["ROLE"] = "REQ-PARTICIPANT"
    invited.params["PARTSTAT"] = ANSWERS[answer]
    invited.params["RSVP"] = "TRUE"
    lines.add("attendee", invited)
    written = bytes(lines.to_ical(sorted=False))
    return written.removeprefix(b"BEGIN:VEVENT\r\n").removesuffix(_END)


def _address(party: Party) -> vCalAddress:
    """A party as a calendar address; quotes end a parameter, so that none stay in the name.

    :raises ValueError: when the address could end the line it stands in.
    """
    if not is_writable(party.address):
        raise ValueError("A mail address like this cannot stand in an invitation.")
    address = vCalAddress("mailto:" + quote(party.address, safe="@.+-_!$'*~="))
    name = vevent.one_line(_NOT_IN_A_NAME.sub("", party.name), at_most=NAME_CHARACTERS)
    if name:
        address.params["CN"] = name
    return address
