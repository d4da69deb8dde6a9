"""Answers as mail programs send them: their structure, with words of our own."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

from tests.invitations.conftest import event_in

CRLF = "\r\n"

WEST_EUROPE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a program knows of an invitation that it answers."""

    uid: str
    organizer: str
    attendee: str
    name: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    message_id: str


def asked(letter: EmailMessage) -> Asked:
    """Read an invitation that came by mail, as a program does."""
    event = event_in(letter)
    return Asked(
        uid=str(event["UID"]),
        organizer=str(event["ORGANIZER"]).removeprefix("mailto:"),
        attendee=str(event["ATTENDEE"]).removeprefix("mailto:"),
        name=str(event["ATTENDEE"].params["CN"]),
        sequence=int(event["SEQUENCE"]),
        starts_at=event["DTSTART"].dt,
        ends_at=event["DTEND"].dt,
        summary=str(event["SUMMARY"]),
        message_id=str(letter["Message-ID"]),
    )


def utc(instant: datetime) -> str:
    """An instant as calendars write it."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def outlook(
    to: Asked, partstat: str, *, at: datetime, method: str = "REPLY", organizer: bool = True, comment: str = "",
    starts_local: str = "", ends_local: str = "", sender: str = "",
) -> bytes:  # fmt: skip
    """Outlook on a desktop, through Exchange; Outlook.com leaves ORGANIZER out."""
    word = {"ACCEPTED": "Accepted", "TENTATIVE": "Tentative", "DECLINED": "Declined"}.get(partstat, partstat)
    word = "New Time Proposed" if method == "COUNTER" else word
    times = (
        [
            f"DTSTART;TZID=W. Europe Standard Time:{starts_local}",
            f"DTEND;TZID=W. Europe Standard Time:{ends_local}",
        ]
        if starts_local
        else [f"DTSTART:{utc(to.starts_at)}", f"DTEND:{utc(to.ends_at)}"]
    )
    calendar = lines(
        "BEGIN:VCALENDAR",
        f"METHOD:{method}",
        "PRODID:Microsoft Exchange Server 2010",
        "VERSION:2.0",
        *WEST_EUROPE.splitlines(),
        "BEGIN:VEVENT",
        *([f"ORGANIZER;CN=Planning:MAILTO:{to.organizer}"] if organizer else []),
        f"ATTENDEE;PARTSTAT={partstat};CN={to.name}:MAILTO:{to.attendee}",
        f"COMMENT;LANGUAGE=en-US:{comment}\\n",
        f"UID:{to.uid}",
        f"SUMMARY;LANGUAGE=en-US:{word}: {to.summary}",
        *times,
        "CLASS:PUBLIC",
        "PRIORITY:5",
        f"DTSTAMP:{utc(at)}",
        "TRANSP:OPAQUE",
        "STATUS:CONFIRMED",
        f"SEQUENCE:{to.sequence}",
        "LOCATION;LANGUAGE=en-US:Lab",
        f"X-MICROSOFT-CDO-APPT-SEQUENCE:{to.sequence}",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return mail(
        f"From: {to.name} <{sender or to.attendee}>",
        f"To: Planning <{to.organizer}>",
        f"Subject: {word}: {to.summary}",
        f"Thread-Topic: {to.summary}",
        f"Message-ID: <{partstat}{method}{utc(at)}{to.sequence}@exchange.example>",
        "X-MS-Has-Attach:",
        'Content-Type: multipart/alternative; boundary="_000_AM9PR0001MB0001_"',
        "MIME-Version: 1.0",
        body=CRLF.join([
            "--_000_AM9PR0001MB0001_",
            'Content-Type: text/plain; charset="iso-8859-1"',
            "Content-Transfer-Encoding: quoted-printable",
            "",
            comment or "Gr=FC=DFe",
            "--_000_AM9PR0001MB0001_",
            f'Content-Type: text/calendar; charset="utf-8"; method={method}',
            "Content-Transfer-Encoding: base64",
            "",
            base64(calendar),
            "--_000_AM9PR0001MB0001_--",
            "",
        ]),
    )  # fmt: skip


def google(to: Asked, partstat: str, *, at: datetime, comment: str = "", method: str = "REPLY") -> bytes:
    """Google's calendar: from an address of its own, the person stands in Reply-To; the calendar comes twice."""
    calendar = lines(
        "BEGIN:VCALENDAR",
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"DTSTART:{utc(to.starts_at)}",
        f"DTEND:{utc(to.ends_at)}",
        f"DTSTAMP:{utc(at)}",
        f"ORGANIZER;CN=Planning:mailto:{to.organizer}",
        f"UID:{to.uid}",
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=" + partstat
        + f";CN={to.name};X-NUM-GUESTS=0" + (f';X-RESPONSE-COMMENT="{comment}"' if comment else "")
        + f":mailto:{to.attendee}",
        *([f"COMMENT:{comment}"] if comment else []),
        f"CREATED:{utc(at)}",
        "DESCRIPTION:",
        f"LAST-MODIFIED:{utc(at)}",
        "LOCATION:Lab",
        f"SEQUENCE:{to.sequence}",
        "STATUS:CONFIRMED",
        f"SUMMARY:{to.summary}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    )  # fmt: skip
    return mail(
        f"Reply-To: {to.name} <{to.attendee}>",
        "Sender: Google Calendar <calendar-notification@google.com>",
        f"Message-ID: <calendar-{partstat}-{utc(at)}@google.com>",
        f"Subject: =?UTF-8?Q?Accepted=3A_Besuch_=40_Di=2E_=28M=C3=BCnchen=29?= <{to.summary}>",
        f"From: {to.name} <calendar-notification@google.com>",
        f"To: {to.organizer}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="000000000000a1b2"',
        body=CRLF.join([
            "--000000000000a1b2",
            'Content-Type: multipart/alternative; boundary="000000000000c3d4"',
            "",
            "--000000000000c3d4",
            'Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes',
            "Content-Transfer-Encoding: base64",
            "",
            base64(f"{to.name} has answered this invitation.\r\n"),
            "--000000000000c3d4",
            'Content-Type: text/html; charset="UTF-8"',
            "Content-Transfer-Encoding: quoted-printable",
            "",
            "<html><body><p>answered</p></body></html>",
            "--000000000000c3d4",
            f'Content-Type: text/calendar; charset="UTF-8"; method={method}',
            "Content-Transfer-Encoding: 7bit",
            "",
            calendar,
            "--000000000000c3d4--",
            "--000000000000a1b2",
            'Content-Type: application/ics; name="invite.ics"',
            'Content-Disposition: attachment; filename="invite.ics"',
            "Content-Transfer-Encoding: base64",
            "",
            base64(calendar),
            "--000000000000a1b2--",
            "",
        ]),
    )  # fmt: skip


def apple(to: Asked, partstat: str, *, at: datetime, comment: str = "") -> bytes:
    """Calendar on a Mac, which keeps the address in a parameter as well."""
    calendar = lines(
        "BEGIN:VCALENDAR",
        "CALSCALE:GREGORIAN",
        "VERSION:2.0",
        "METHOD:REPLY",
        "PRODID:-//Apple Inc.//macOS 15.1//EN",
        "BEGIN:VEVENT",
        f'ATTENDEE;CN="{to.name}";CUTYPE=INDIVIDUAL;EMAIL="{to.attendee}";PARTSTAT={partstat}:mailto:{to.attendee}',
        *([f"COMMENT:{comment}"] if comment else []),
        f"CREATED:{utc(at)}",
        f"DTEND:{utc(to.ends_at)}",
        f"DTSTAMP:{utc(at)}",
        f"DTSTART:{utc(to.starts_at)}",
        f'ORGANIZER;CN="Planning";EMAIL="{to.organizer}":mailto:{to.organizer}',
        f"SEQUENCE:{to.sequence}",
        f"SUMMARY:{to.summary}",
        f"UID:{to.uid}",
        "X-APPLE-NEEDS-REPLY:TRUE",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return mail(
        f"From: {to.name} <{to.attendee}>",
        f"To: {to.organizer}",
        "Mime-Version: 1.0 (Mac OS X Mail 16.0)",
        'Content-Type: multipart/alternative; boundary="Apple-Mail=_A1B2"',
        f"Message-Id: <{partstat}-{utc(at)}@mac.example>",
        f"Subject: {to.name} answered: {to.summary}",
        body=CRLF.join([
            "--Apple-Mail=_A1B2",
            "Content-Transfer-Encoding: 7bit",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "An answer from a Mac.",
            "--Apple-Mail=_A1B2",
            "Content-Transfer-Encoding: quoted-printable",
            "Content-Type: text/calendar; name=iCal-20260302-100000.ics; charset=utf-8; method=REPLY",
            "",
            calendar.replace("=", "=3D"),
            "--Apple-Mail=_A1B2--",
            "",
        ]),
    )  # fmt: skip


def thunderbird(
    to: Asked, partstat: str, *, at: datetime, comment: str = "", delegate: str = "", method: str = "REPLY",
    starts_at: datetime | None = None, ends_at: datetime | None = None,
) -> bytes:  # fmt: skip
    """Thunderbird, and alike programs that can delegate: eight bits, the calendar once more as a file."""
    who = f"ATTENDEE;CN={to.name};PARTSTAT={partstat};ROLE=REQ-PARTICIPANT"
    who += f';DELEGATED-TO="mailto:{delegate}"' if delegate else ""
    calendar = lines(
        "BEGIN:VCALENDAR",
        "PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"CREATED:{utc(at)}",
        f"LAST-MODIFIED:{utc(at)}",
        f"DTSTAMP:{utc(at)}",
        f"UID:{to.uid}",
        f"SUMMARY:{to.summary}",
        f"ORGANIZER;RSVP=TRUE;CN=Planning;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:{to.organizer}",
        f"{who}:mailto:{to.attendee}",
        *(
            [f'ATTENDEE;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:{to.attendee}":mailto:{delegate}']
            if delegate
            else []
        ),
        *([f"COMMENT:{comment}"] if comment else []),
        f"DTSTART:{utc(starts_at or to.starts_at)}",
        f"DTEND:{utc(ends_at or to.ends_at)}",
        f"SEQUENCE:{to.sequence}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return mail(
        f"To: {to.organizer}",
        f"From: {to.name} <{to.attendee}>",
        f"Subject: Event Invitation Reply: {to.summary}",
        f"Message-ID: <{partstat}-{utc(at)}@thunderbird.example>",
        "User-Agent: Mozilla Thunderbird",
        "MIME-version: 1.0",
        'Content-type: multipart/mixed; boundary="Boundary_(ID_A1B2)"',
        body=CRLF.join([
            "--Boundary_(ID_A1B2)",
            "Content-type: multipart/alternative;",
            ' boundary="Boundary_(ID_C3D4)"',
            "",
            "--Boundary_(ID_C3D4)",
            "Content-type: text/plain; charset=UTF-8",
            "Content-transfer-encoding: 8BIT",
            "",
            f"{to.name} hat geantwortet – schöne Grüße.",
            "--Boundary_(ID_C3D4)",
            f"Content-type: text/calendar; method={method}; charset=UTF-8",
            "Content-transfer-encoding: 8BIT",
            "",
            calendar,
            "--Boundary_(ID_C3D4)--",
            "--Boundary_(ID_A1B2)",
            "Content-type: application/ics; name=invite.ics",
            "Content-transfer-encoding: BASE64",
            "Content-disposition: attachment; filename=invite.ics",
            "",
            base64(calendar),
            "--Boundary_(ID_A1B2)--",
            "",
        ]),
    )  # fmt: skip


def room(to: Asked, word: str, *, at: datetime, sender: str = "") -> bytes:
    """A mailbox that answers by itself, as some rooms do: the calendar names nobody."""
    calendar = lines(
        "BEGIN:VCALENDAR",
        "METHOD:REPLY",
        "PRODID:Exchange",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        f"ORGANIZER:mailto:{to.organizer}",
        f"UID:{to.uid}",
        f"SUMMARY:{to.summary}",
        f"DTSTART:{utc(to.starts_at)}",
        f"DTEND:{utc(to.ends_at)}",
        f"DTSTAMP:{utc(at)}",
        f"SEQUENCE:{to.sequence}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return mail(
        f"From: {to.name} <{sender or to.attendee}>",
        f"To: {to.organizer}",
        f"Subject: {word}: {to.summary}",
        f"Message-ID: <room{utc(at)}@exchange.example>",
        "Auto-Submitted: auto-replied",
        'Content-Type: text/calendar; charset="utf-8"; method=REPLY',
        "Content-Transfer-Encoding: base64",
        body=base64(calendar) + CRLF,
    )


def away(to: Asked, *, to_address: str = "") -> bytes:
    """Somebody's program says by itself that they are away."""
    return mail(
        f"From: {to.name} <{to.attendee}>",
        f"To: {to_address or to.organizer}",
        "Subject: Out of office",
        "Message-ID: <away@customer.example>",
        "Auto-Submitted: auto-replied (vacation)",
        "Content-Type: text/plain; charset=utf-8",
        body="I am away until Monday.\r\n",
    )


def words(to: Asked, text: str) -> bytes:
    """A person presses Reply and writes."""
    return mail(
        f"From: {to.name} <{to.attendee}>",
        f"To: Planning <{to.organizer}>",
        f"Subject: Re: {to.summary}",
        "Message-ID: <words@customer.example>",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        body=text + CRLF,
    )


def report(
    to: Asked, *, action: str = "failed", with_head: bool = True, recipient: str = "", head: str = ""
) -> bytes:
    """A mail server could not deliver our letter (RFC 3464)."""
    returned = head or lines(
        "From: Concierge <concierge@localhost.localdomain>",
        f"Reply-To: {to.organizer}" if with_head else "X-Nothing: here",
        f"To: {to.attendee}",
        f"Message-ID: {to.message_id}",
        f"Subject: {to.summary}",
    )
    return mail(
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>",
        "To: concierge@localhost.localdomain",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <report@mx.example>",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="A1/mx.example"',
        "MIME-Version: 1.0",
        body=CRLF.join([
            "--A1/mx.example",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "Your message could not be delivered.",
            "--A1/mx.example",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example",
            "Arrival-Date: Mon, 2 Mar 2026 10:00:00 +0000",
            "",
            f"Final-Recipient: rfc822; {recipient or to.attendee}",
            f"Action: {action}",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 no such person",
            "",
            "--A1/mx.example",
            "Content-Type: text/rfc822-headers",
            "",
            returned,
            "--A1/mx.example--",
            "",
        ]),
    )  # fmt: skip


def with_head(message: bytes, *fields: str) -> bytes:
    """The same message after a mail server put fields above it."""
    return CRLF.join([*fields, ""]).encode() + message


def mail(*head: str, body: str) -> bytes:
    """A message of these fields."""
    return (CRLF.join([*head, "", ""]) + body).encode()


def lines(*given: str) -> str:
    """Lines of a calendar, folded where they are long."""
    return CRLF.join(part for line in given for part in _folded(line))


def base64(text: str) -> str:
    """Text in lines of 76 letters."""
    coded = b64encode(text.encode()).decode()
    return CRLF.join(coded[number : number + 76] for number in range(0, len(coded), 76))


def _folded(line: str) -> Iterator[str]:
    yield line[:70]
    for number in range(70, len(line), 69):
        yield " " + line[number : number + 69]
