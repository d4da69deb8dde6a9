"""What stands in the technicians' own calendars, and who is on call; read from bytes, without a network."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from concierge.demo.staff import FIELD
from concierge.platform.database import db
from concierge.platform.deliveries import Delivery
from concierge.workforce import busy
from concierge.workforce import queries as workforce
from concierge.workforce.actions import on_call, own_calendars
from concierge.workforce.models import Technician
from concierge.workforce.states import OwnCalendarState

SERVER = "https://calendar.example.com"
LAST_SEEN = timedelta(hours=31)
"""How long ago the calendar that cannot be read any more was read."""
NEVER, TOMORROW = timedelta(days=3650), timedelta(days=1)
WEEKS = 10
AROUND_THE_CLOCK = ("Tomas Berg", "Lea Brandt", "Ben Okafor", "Marc Aubry")
"""Who takes turns on call for Europe."""


def fill_calendars(*, at: datetime, today: date, manager_id: int) -> None:
    """Let two technicians' own calendars count, one of which can no longer be read, and put others on call."""
    by_name = {technician.user.name: technician for technician in workforce.technicians()}
    selin, lea = (by_name[FIELD[number].person.name] for number in (0, 2))
    _let_count(selin, "Family", _selins(today), at=at)
    stale_id = _let_count(lea, "Choir", _leas(today), at=at - LAST_SEEN)
    own_calendars.note_failure(
        stale_id,
        address=f"{SERVER}/{lea.user_id}.ics",
        problem="The server answers with an error (503). It is asked again later.",
        at=at - timedelta(hours=2),
    )
    _ask_nobody(at)
    _put_on_call([by_name[name] for name in AROUND_THE_CLOCK], today=today, at=at, manager_id=manager_id)


def _selins(today: date) -> bytes:
    """Something every week, something whole days long, something not sure."""
    monday = today - timedelta(days=today.weekday())
    return _file(
        _event("a", monday - timedelta(days=28), "0730", "0815", "RRULE:FREQ=WEEKLY;BYDAY=TU,TH"),
        _event("b", monday + timedelta(days=9), "1330", "1700"),
        _event("c", monday + timedelta(days=16), "0900", "1200", "STATUS:TENTATIVE"),
        f"UID:d\nDTSTART;VALUE=DATE:{monday + timedelta(days=25):%Y%m%d}\nDURATION:P1D",
    )


def _leas(today: date) -> bytes:
    """A choir that meets each Wednesday evening, and its concerts."""
    monday = today - timedelta(days=today.weekday())
    return _file(
        _event("a", monday + timedelta(days=2), "1600", "2100", "RRULE:FREQ=WEEKLY"),
        _event("b", monday + timedelta(days=11), "1000", "1800"),
    )


def _event(uid: str, on: date, starts: str, ends: str, more: str = "STATUS:CONFIRMED") -> str:
    return f"UID:{uid}\nDTSTART:{on:%Y%m%d}T{starts}00\nDTEND:{on:%Y%m%d}T{ends}00\n{more}"


def _file(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".encode()


def _let_count(technician: Technician, name: str, data: bytes, *, at: datetime) -> int:
    """Add a calendar and read it as if it had been fetched."""
    address, zone = f"{SERVER}/{technician.user_id}.ics", technician.user.zone
    calendar = own_calendars.add(technician, name=name, address=address, at=at, actor_id=technician.user_id)
    reading = busy.read(data, zone=zone, at=at, ours=lambda _uids: ())
    own_calendars.note_read(calendar.id, address=address, reading=reading, zone=zone, at=at)
    return calendar.id


def _ask_nobody(at: datetime) -> None:
    """No server holds these calendars, so none is asked; the one that cannot be read, tomorrow."""
    db.session.execute(sa.delete(Delivery).where(Delivery.name == own_calendars.READ))
    for technician in workforce.technicians():
        for calendar in workforce.own_calendars_of(technician.user_id):
            calendar.due_at = at + (NEVER if calendar.state is OwnCalendarState.FRESH else TOMORROW)
    db.session.flush()


def _put_on_call(technicians: list[Technician], *, today: date, at: datetime, manager_id: int) -> None:
    """A week each from Monday to Monday, eight o'clock where they live, beginning with last week."""
    monday = today - timedelta(days=today.weekday() + 7)
    for number in range(WEEKS):
        first = monday + timedelta(weeks=number)
        on_call.enter(
            technicians[number % len(technicians)],
            starts_local=datetime.combine(first, time(8)),
            ends_local=datetime.combine(first + timedelta(days=7), time(8)),
            note="Hotline Europe",
            at=at,
            actor_id=manager_id,
        )
