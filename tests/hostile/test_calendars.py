"""Texts in calendars stay values of their own property, all the way from the tables (threat I3)."""

import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from concierge.platform import clock
from concierge.platform.database import db
from concierge.visits.models import Visit
from tests.hostile import payloads
from tests.hostile import world as worlds
from tests.hostile.world import World

ODD = (
    "zqx\r\nX-ZQX:1", "zqx\nATTENDEE:mailto:zqx@evil.example", "zqx\rX-ZQX:1", "zqx\x85X-ZQX:1", "zqx\u2028X-ZQX:1",
    "zqx\u2029X-ZQX:1", "zqx\x0bX-ZQX:1", "zqx\x0cX-ZQX:1", "zqx\x00X-ZQX:1", "zqx\x1eX-ZQX:1", "zqx\\nX-ZQX:1",
    "zqx\\\r\nX-ZQX:1", "zqx^nX-ZQX:1", "zqx;X-ZQX=1", "zqx,X-ZQX:1", 'zqx":X-ZQX:1', "zqx;ALTREP=\"javascript:zqx()\"",
    "BEGIN:VALARM\r\nACTION:PROCEDURE\r\nATTACH:zqx\r\nEND:VALARM", "END:VEVENT\r\nEND:VCALENDAR\r\nX-ZQX:1",
    "zqx\r\n X-ZQX:1", "z" * 10_000, "\U0001f9ea" * 2_000, "e\u0301" * 2_000, "\ud800zqx", "\udfffzqx",
    "\u202ezqx", "\ufeffzqx",
    "zqx" + "\\" * 75, "zqx" + "\n" * 200, "zqx" + ";" * 100,
)  # fmt: skip
KNOWN = {
    "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "SEQUENCE", "LAST-MODIFIED",
    "CREATED", "TRANSP", "URL", "CLASS", "CATEGORIES", "GEO", "COLOR", "X-MICROSOFT-CDO-BUSYSTATUS",
}  # fmt: skip


def test_no_text_adds_a_property_or_breaks_a_calendar(app: Flask, world: World) -> None:
    client = app.test_client()
    path = worlds.feed_address(world.people["technician"])
    worlds.write_feeds()
    expected = _shape(client.get(path).data)
    assert expected[0] >= 1
    turns = range(len(ODD)) if db.engine.dialect.name == "sqlite" else range(0, len(ODD), 6)
    for turn in turns:
        worlds.fill(lambda column, number, longest, n=turn: ODD[(number + n) % len(ODD)])
        worlds.write_feeds()
        answer = client.get(path)
        assert answer.status_code == 200
        assert _shape(answer.data)[0] == expected[0]
        assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
        assert b"\nX-ZQX" not in answer.data
        assert b"\nATTENDEE" not in answer.data
        assert b"\nBEGIN:VALARM" not in answer.data


def test_markup_in_calendars_and_files_of_letters_is_plain_text(app: Flask, world: World) -> None:
    from concierge.feeds import queries

    client = app.test_client()
    path = worlds.feed_address(world.people["technician"])
    visit_id = db.session.scalars(sa.select(Visit.id)).first()
    assert visit_id is not None
    for turn in range(0, len(payloads.ALL), 6 if db.engine.dialect.name == "sqlite" else 60):
        worlds.fill(lambda column, number, longest, n=turn: payloads.some(number + n, longest))
        worlds.write_feeds()
        _shape(client.get(path).data)
        _shape(queries.visit_file(visit_id, language="de", at=clock.now()))
        db.session.rollback()


def _shape(data: bytes) -> tuple[int, set[str]]:
    """How many visits a calendar holds; fails when a property is there that the program never writes."""
    calendar = Calendar.from_ical(data)
    visits = list(calendar.walk("VEVENT"))
    names = {name for visit in visits for name in visit}
    assert names <= KNOWN, names - KNOWN
    assert {part.name for part in calendar.walk()} <= {
        "VCALENDAR",
        "VEVENT",
        "VTIMEZONE",
        "STANDARD",
        "DAYLIGHT",
    }
    assert not any(str(value).lower().startswith("text/html") for visit in visits for value in visit.values())
    for visit in visits:
        for value in visit.values():
            params = getattr(value, "params", {})
            assert not any("ZQX" in name for name in params), params
    return len(visits), names
