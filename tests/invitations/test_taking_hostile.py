"""Messages that are made to hurt: each costs seconds at most, reads no file, reaches no address, ends no worker."""

import socket
import time
from base64 import b64encode
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.invitations import mail_reader, reading
from concierge.invitations.reading import Reading
from concierge.platform import mailbox, worker
from concierge.platform.database import db
from concierge.platform.deliveries import Delivery
from concierge.platform.incoming import IncomingMail
from concierge.platform.settings import current
from tests.invitations.replies import Asked, apple, google, lines, mail, outlook, room, thunderbird
from tests.makers.invitations import NOW

WHO = Asked(
    uid="7f3a@concierge.example",
    organizer="schedule+1.abcdefghijklmnopqrstuvwxyz234567@concierge.example",
    attendee="yuki@halden.example",
    name="Yuki Mori",
    sequence=2,
    starts_at=NOW,
    ends_at=NOW,
    summary="Install the spectrometer",
    message_id="<1@concierge.example>",
)
GOOD = apple(WHO, "ACCEPTED", at=NOW)
BITS = [b"\r\n", b"\x00", b"=?", b'"', b"(", b"\xff\xfe", b";", b"BEGIN:VEVENT\r\n"]
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


def calendar(text: str, *, kind: str = "text/calendar; method=REPLY; charset=utf-8") -> bytes:
    return mail(f"From: <{WHO.attendee}>", f"To: {WHO.organizer}", f"Content-Type: {kind}", body=text)


def event(*more: str) -> str:
    return lines(
        "BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REPLY", "BEGIN:VEVENT", f"UID:{WHO.uid}",
        "DTSTAMP:20260302T090000Z", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{WHO.attendee}", *more,
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip


BOMBS = {
    "a head of a megabyte": b"References: " + b"<a@b> " * 200_000 + b"\r\n" + GOOD,
    "a subject that is encoded without end": b"Subject: " + b"=?utf-8?q?=41?= " * 50_000 + b"\r\n" + GOOD,
    "a type with a hundred thousand parameters": b"Content-Type: text/calendar" + b"; a=b" * 100_000 + b"\r\n\r\nx",
    "a type with nothing but quotes": b"Content-Type: text/calendar; x=" + b'"' * 100_000 + b"\r\n\r\nx",
    "twenty thousand recipients": b"To: " + b"a@b.example, " * 20_000 + b"\r\n" + GOOD,
    "ten thousand fields": b"X-A: b\r\n" * 10_000 + GOOD,
    "a thousand parts inside each other": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(1000)
    ),
    "ten thousand parts beside each other": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: text/calendar\r\n\r\nx\r\n" * 10_000,
    "messages inside messages": b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "twenty-five megabytes of base64": b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b64encode(b"x" * 18_000_000),
    "components inside each other": calendar("BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 9000),
    "a line without end": calendar(event("COMMENT:" + "x" * 250_000)),
    "folds without end": calendar("BEGIN:VCALENDAR\r\n " + "\r\n ".join("x" * 60_000)),
    "a rule for every second": calendar(event("DTSTART:20260302T090000Z", "RRULE:FREQ=SECONDLY")),
    "a zone that repeats for ever": calendar(
        event().replace(
            "BEGIN:VEVENT",
            "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0000\r\n"
            "TZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n"
            "DTSTART;TZID=X:20260302T090000",
            1,
        )
    ),
    "years that are none": calendar(event("DTSTART:00000000T000000Z", "DTEND:99991231T235959Z", "DURATION:P99999999W")),
    "text that is a path": calendar("/etc/passwd"),
    "an address instead of a calendar": calendar("https://127.0.0.1:1/calendar.ics"),
    "an attachment by address": calendar(event("ATTACH:file:///etc/passwd", "ATTACH:http://127.0.0.1:1/x")),
    "letters that lie": calendar(event(), kind="text/calendar; charset=utf-16"),
    "letters of no kind": calendar(event(), kind="text/calendar; charset=klingon"),
    "letters that pack": calendar(event(), kind="text/calendar; charset=zlib"),
    "letters that look up": calendar(event(), kind="text/calendar; charset=../../../etc/passwd"),
    "nothing": b"",
    "zeros": b"\x00" * 1_000_000,
    "only line ends": b"\r\n" * 500_000,
    "a page without end": mail("Content-Type: text/html", body="<style>" * 40_000),
    "a report of reports": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_i12_a_bomb_costs_seconds_and_nothing_else(name: str) -> None:
    began = time.monotonic()

    found = reading.read(BOMBS[name])

    assert time.monotonic() - began < reading.SECONDS + 30
    assert isinstance(found, Reading)
    assert "root:" not in repr(found)


def test_i12_a_head_that_is_long_does_not_hide_an_answer() -> None:
    for name in ("a head of a megabyte", "ten thousand fields", "twenty thousand recipients"):
        found = reading.read(BOMBS[name])

        assert found.calendar is not None, name
        assert found.calendar.attendees[0].partstat == "ACCEPTED"


def test_i12_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("import time\nwhile True: time.sleep(1)\n")
    monkeypatch.setattr(reading, "_READER", endless)
    monkeypatch.setattr(reading, "SECONDS", 1)
    began = time.monotonic()

    found = reading.read(GOOD)

    assert (found.problem, found.calendar) == (reading.UNREADABLE, None)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd').read()",
        "open('taken', 'w')",
        "__import__('os').open('/etc/passwd', 0)",
        "__import__('pathlib').Path('/proc/self/environ').read_bytes()",
        "__import__('socket').create_connection(('127.0.0.1', PORT), 1)",
        "__import__('urllib.request').request.urlopen('http://127.0.0.1:PORT/')",
        "__import__('subprocess').run(['true'])",
        "__import__('os').system('true')",
        "__import__('os').fork()",
        "__import__('os').unlink('/tmp/x')",
        "bytearray(1_000_000_000)",
        "exec('while True: pass')",
    ],
)
def test_i12_whatever_runs_in_the_reader_reads_no_file_and_reaches_nobody(
    attempt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a message had found a hole in a library and could run what it likes there."""
    monkeypatch.setattr(reading, "SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        attempted = attempt.replace("PORT", str(listening.getsockname()[1]))
        monkeypatch.setattr(reading, "_READER", _with_hole(tmp_path, attempted))

        found = reading.read(GOOD)

        assert found.problem == reading.UNREADABLE
        with pytest.raises(TimeoutError):
            listening.accept()
    assert not Path("taken").exists()


def test_i12_a_hole_through_which_nothing_is_done_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_READER", _with_hole(tmp_path, "None"))

    assert reading.read(GOOD).calendar is not None


def _with_hole(folder: Path, done: str) -> Path:
    source = Path(mail_reader.__file__).read_text()
    begins = "    message = message_from_bytes(data)\n"
    assert begins in source
    holed = folder / "holed.py"
    holed.write_text(source.replace(begins, f"    {done}\n{begins}"))
    return holed


@MANY
@given(st.data())
def test_i12_whatever_is_changed_in_an_answer_is_read_or_refused(data: st.DataObject) -> None:
    programs = [GOOD, google(WHO, "DECLINED", at=NOW), outlook(WHO, "TENTATIVE", at=NOW), room(WHO, "Declined", at=NOW),
                thunderbird(WHO, "DELEGATED", at=NOW, delegate="ken@halden.example")]  # fmt: skip
    message = bytearray(data.draw(st.sampled_from(programs)))
    chance = Random(data.draw(st.integers()))
    for _ in range(data.draw(st.integers(1, 12))):
        place = chance.randrange(len(message))
        kind = chance.randrange(4)
        if kind == 0:
            message[place] = chance.randrange(256)
        elif kind == 1:
            del message[place : place + chance.randrange(40)]
        elif kind == 2:
            message[place:place] = message[: chance.randrange(200)]
        else:
            message[place:place] = chance.choice(
                [b"\r\n", b"\x00", b"=?", b'"', b"(", b"\xff\xfe", b";", b"BEGIN:VEVENT\r\n"]
            )

    told = mail_reader.told(bytes(message))

    assert len(str(told["text"])) <= mail_reader.LONGEST_TEXT
    if told["calendar"] is not None:
        assert len(told["calendar"]["attendees"]) <= mail_reader.MOST_ATTENDEES
        assert len(told["calendar"]["comment"]) <= mail_reader.LONGEST_TEXT


@FEW
@given(st.binary(max_size=4000))
def test_i12_any_bytes_are_a_reading(data: bytes) -> None:
    found = reading.read(data)

    assert found.calendar is None


def test_i12_a_bomb_in_the_mailbox_leaves_the_worker_at_work(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "mailbox" / "new"
    folder.mkdir(parents=True)
    app.extensions["concierge.mailbox"] = tmp_path / "mailbox"
    for number, name in enumerate(("a thousand parts inside each other", "zeros", "a rule for every second")):
        (folder / str(number)).write_bytes(BOMBS[name])
    began = time.monotonic()

    mailbox.read_now()
    worker.drain(app)

    assert time.monotonic() - began < 180
    mails = db.session.query(IncomingMail).all()
    assert len(mails) == 3
    assert all(one.read_at is not None for one in mails)
    assert {one.status.value for one in db.session.query(Delivery)} == {"done"}
    mailbox.register(app, current())
