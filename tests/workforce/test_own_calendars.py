"""A technician's own calendar counts: read by a job, kept when it cannot be, blocking what it must."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform import clock, deliveries, worker
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import RecordedEvent
from concierge.platform.fetching import BadAddress
from concierge.projects.models import Project
from concierge.timetable import TIMETABLE
from concierge.visits import chores, feasibility, queries
from concierge.visits.actions import arranging, checks
from concierge.visits.models import Visit
from concierge.visits.words import sentence
from concierge.workforce import queries as workforce_queries
from concierge.workforce.actions import own_calendars
from concierge.workforce.busy import Busy, Reading
from concierge.workforce.models import BusyTime, OwnCalendar, Technician
from concierge.workforce.states import BusyKind, OwnCalendarState
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at
from tests.web_server import WebServer, ok, raw, unless_known

NOW = at("Mon 2026-03-02 08:00+00:00")
PATH = "/secret-4711/basic.ics"
SECRETS = ("4711", "calendar.example.com", "Doctor", "Family")

EVENT = "UID:a\nSUMMARY:Doctor\nDTSTART:20260317T090000\nDTEND:20260317T110000"


def ics(*events: str) -> bytes:
    """A calendar with these appointments."""
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    """It is Monday morning, and stays so until the test moves it."""
    with time_machine.travel(NOW, tick=False) as clock_of_test:
        yield clock_of_test


@pytest.fixture
def near(app: Flask, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    """The web as the application reaches it: this one server."""
    monkeypatch.setitem(app.extensions, "concierge.way", web.way())
    monkeypatch.setattr("concierge.platform.fetching.OPEN_WEB", web.way())  # addresses are checked by it
    return web


@pytest.fixture
def tomas(app: Flask) -> Technician:
    with unit_of_work():
        return workforce.technician()


def add(technician: Technician, address: str, name: str = "Family") -> OwnCalendar:
    with unit_of_work():
        return own_calendars.add(
            technician, name=name, address=address, at=clock.now(), actor_id=technician.user_id
        )


def fresh(calendar: OwnCalendar) -> OwnCalendar:
    db.session.rollback()
    return db.session.get_one(OwnCalendar, calendar.id, populate_existing=True)


def times(zone: str = "Europe/Zurich") -> list[str]:
    db.session.rollback()
    rows = db.session.scalars(select(BusyTime).order_by(BusyTime.starts_at)).all()
    there = ZoneInfo(zone)
    return [
        f"{row.starts_at.astimezone(there):%m-%d %H:%M}–{row.ends_at.astimezone(there):%m-%d %H:%M}"
        for row in rows
    ]


def happened() -> list[str]:
    db.session.rollback()
    names = db.session.scalars(select(RecordedEvent.name).order_by(RecordedEvent.id)).all()
    return [name for name in names if name.startswith("OwnCalendar")]


# --- reading


def test_a_calendar_that_is_added_is_read_at_once_in_its_owners_zone(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    near.answers[PATH] = ok(ics(EVENT))
    calendar = add(tomas, near.address(PATH))

    worker.drain(app)

    assert times() == ["03-17 09:00–03-17 11:00"]
    read = fresh(calendar)
    assert (read.state, read.fetched_at, read.problem) == (OwnCalendarState.FRESH, NOW, "")
    assert timedelta(minutes=15) <= read.due_at - NOW <= timedelta(minutes=18)
    assert happened() == ["OwnCalendarAdded", "OwnCalendarRead"]


def test_it_is_read_again_every_quarter_of_an_hour_and_an_unchanged_one_costs_little(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    near.answers[PATH] = unless_known(ics(EVENT), '"one"')
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)

    for minute in range(1, 61):
        now.move_to(NOW + timedelta(minutes=minute))
        if minute % 15 == 0:
            with unit_of_work():
                chores.order_own_calendars(clock.now())
                chores.order_own_calendars(clock.now())
        worker.drain(app)

    tags = [asked.headers.get("if-none-match") for asked in near.asked]
    assert 3 <= len(tags) <= 5, "about once in each quarter of an hour, whoever ordered how often"
    assert tags == [None, *['"one"'] * (len(tags) - 1)]
    assert fresh(calendar).read_at == NOW
    assert (fresh(calendar).fetched_at or NOW) > NOW
    assert times() == ["03-17 09:00–03-17 11:00"]
    assert happened() == ["OwnCalendarAdded", "OwnCalendarRead"], "what is the same is not told again"


def test_the_timetable_orders_it() -> None:
    assert any(chore.name == "visits.chores.order_own_calendars" for chore in TIMETABLE)


def test_nobody_reads_the_calendar_of_somebody_who_has_left(
    app: Flask, tomas: Technician, now: time_machine.Traveller
) -> None:
    with unit_of_work():
        workforce.own_calendar(tomas, at=NOW - timedelta(hours=1))
        db.session.execute(delete(Delivery))
        assert own_calendars.order_due(from_at=NOW, to_at=NOW + timedelta(minutes=15)) == 1
        db.session.get_one(User, tomas.user_id).state = AccessState.DISABLED
        assert own_calendars.order_due(from_at=NOW, to_at=NOW + timedelta(minutes=15)) == 0


@pytest.mark.parametrize("why", ["a week has passed", "the owner has moved"])
def test_an_unchanged_calendar_is_read_whole_when_its_times_would_be_others(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller, why: str
) -> None:
    near.answers[PATH] = unless_known(ics(EVENT), '"one"')
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)
    if why == "a week has passed":
        now.move_to(NOW + timedelta(days=8))
    else:
        now.move_to(NOW + timedelta(hours=1))
        with unit_of_work():
            db.session.get_one(User, tomas.user_id).zone = "Asia/Tokyo"

    with unit_of_work():
        own_calendars.read_now(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=clock.now())
    worker.drain(app)

    assert near.asked[-1].headers.get("if-none-match") is None
    expected = "03-17 09:00" if why == "a week has passed" else "03-17 01:00"
    assert times()[0].startswith(expected)


def test_a_calendar_that_changes_takes_the_place_of_what_it_said(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    near.answers[PATH] = ok(ics(EVENT, EVENT.replace("UID:a", "UID:b").replace("20260317", "20260318")))
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)
    kept = db.session.scalars(select(BusyTime.id).order_by(BusyTime.starts_at)).first()
    near.answers[PATH] = ok(ics(EVENT))
    now.shift(timedelta(minutes=5))

    with unit_of_work():
        own_calendars.read_now(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=clock.now())
    worker.drain(app)

    assert times() == ["03-17 09:00–03-17 11:00"]
    assert db.session.scalars(select(BusyTime.id)).all() == [kept], "only what differs is written"
    assert happened()[-1] == "OwnCalendarRead"


# --- when it cannot be read


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (raw("500 Oops", b"", "Content-Length: 0"), "(500)"),
        (raw("404 Not Found", b"", "Content-Length: 0"), "Copy the address again"),
        (ok(b"<!doctype html><title>Sign in</title>"), "web page"),
        (ok(ics(EVENT)[:-16]), "breaks off"),
        (ok(b""), "empty"),
        (lambda talk: None, "asked again later"),
    ],
)
def test_what_cannot_be_read_frees_nobody(
    app: Flask,
    near: WebServer,
    tomas: Technician,
    now: time_machine.Traveller,
    answer: object,
    said: str,
) -> None:
    near.answers[PATH] = ok(ics(EVENT))
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)
    near.answers[PATH] = answer  # type: ignore[assignment]  # an answer

    for _time in range(3):
        now.shift(timedelta(hours=5))
        with unit_of_work():
            own_calendars.read_now(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=clock.now())
        worker.drain(app)

    stale = fresh(calendar)
    assert (stale.state, stale.fetched_at, stale.failures) == (OwnCalendarState.STALE, NOW, 3)
    assert said in stale.problem
    assert times() == ["03-17 09:00–03-17 11:00"]
    assert happened() == ["OwnCalendarAdded", "OwnCalendarRead", "OwnCalendarFailed"], "it failed once"
    assert (
        db.session.scalar(select(func.count(Delivery.id)).where(Delivery.status != DeliveryStatus.DONE)) == 0
    )

    near.answers[PATH] = ok(ics(EVENT))
    now.shift(timedelta(hours=5))
    with unit_of_work():
        own_calendars.read_now(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=clock.now())
    worker.drain(app)

    healed = fresh(calendar)
    assert (healed.state, healed.failures, healed.problem) == (OwnCalendarState.FRESH, 0, "")
    assert happened()[-1] == "OwnCalendarRead"


def test_it_is_tried_ever_more_rarely_but_daily(
    app: Flask, tomas: Technician, now: time_machine.Traveller
) -> None:
    calendar = add(tomas, "https://calendar.example.com/a.ics")
    waits = []
    for _time in range(12):
        with unit_of_work():
            own_calendars.note_failure(calendar.id, address=calendar.address, problem="No.", at=clock.now())
        waits.append((fresh(calendar).due_at - clock.now()) / timedelta(minutes=1))

    assert [round(wait) // 15 * 15 for wait in waits[:4]] == [15, 30, 60, 120]
    assert all(24 * 60 <= wait <= 24 * 60 + 3 for wait in waits[-4:])


def test_the_problem_is_told_in_its_owners_language(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    with unit_of_work():
        db.session.get_one(User, tomas.user_id).language = "de"
    near.answers[PATH] = raw("404 Not Found", b"", "Content-Length: 0")
    calendar = add(tomas, near.address(PATH))

    worker.drain(app)

    assert fresh(calendar).state is OwnCalendarState.STALE
    assert fresh(calendar).problem


def test_a_calendar_removed_or_moved_while_it_was_read_stays_as_it_is(
    app: Flask, tomas: Technician, now: time_machine.Traveller
) -> None:
    calendar = add(tomas, "https://calendar.example.com/a.ics")
    found = Reading((Busy(NOW, NOW + timedelta(hours=1), BusyKind.BUSY),))

    with unit_of_work():
        own_calendars.note_read(calendar.id, address="https://elsewhere.example.com/", reading=found, at=NOW)
        own_calendars.note_read(calendar.id + 1, address=calendar.address, reading=found, at=NOW)
        own_calendars.note_failure(calendar.id, address="https://elsewhere.example.com/", problem="x", at=NOW)

    assert fresh(calendar).state is OwnCalendarState.WAITING
    assert times() == []


def test_an_order_that_was_overtaken_asks_nobody(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    near.answers[PATH] = ok(ics(EVENT))
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)

    with unit_of_work():
        deliveries.enqueue(own_calendars.READ, {"own_calendar_id": calendar.id})
        deliveries.enqueue(own_calendars.READ, {"own_calendar_id": calendar.id + 99})
    worker.drain(app)

    assert len(near.asked) == 1


# --- adding and removing


def test_only_addresses_of_the_open_web_are_taken(app: Flask, tomas: Technician) -> None:
    with pytest.raises(BadAddress), unit_of_work():
        own_calendars.add(tomas, name="x", address="https://localhost/", at=NOW, actor_id=tomas.user_id)

    assert db.session.scalar(select(func.count(OwnCalendar.id))) == 0


def test_the_same_calendar_twice_and_a_sixth_are_refused(app: Flask, tomas: Technician) -> None:
    add(tomas, "https://calendar.example.com/0.ics")
    with pytest.raises(Refused, match="already"):
        add(tomas, "webcal://calendar.example.com/0.ics")
    for number in range(1, own_calendars.MOST):
        add(tomas, f"https://calendar.example.com/{number}.ics")

    with pytest.raises(Refused, match="Up to 5"):
        add(tomas, "https://calendar.example.com/9.ics")


def test_removing_forgets_the_times(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        calendar = workforce.own_calendar(tomas, (NOW, NOW + timedelta(hours=1)))
    with pytest.raises(NotFound), unit_of_work():
        own_calendars.owned(calendar.id, user_id=tomas.user_id + 1)

    with unit_of_work():
        own_calendars.remove(
            own_calendars.owned(calendar.id, user_id=tomas.user_id), at=NOW, actor_id=tomas.user_id
        )

    assert times() == []
    assert db.session.scalar(select(func.count(OwnCalendar.id))) == 0
    assert happened()[-1] == "OwnCalendarRemoved"


def test_another_address_is_read_anew_and_the_old_times_count_until_then(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    near.answers[PATH] = unless_known(ics(EVENT), '"one"')
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)
    near.answers["/other.ics"] = ok(ics(EVENT.replace("20260317", "20260320")))
    now.shift(timedelta(minutes=1))

    with unit_of_work():
        own_calendars.change(
            own_calendars.owned(calendar.id, user_id=tomas.user_id),
            name="Family",
            address=near.address("/other.ics"),
            at=clock.now(),
            actor_id=tomas.user_id,
        )
    assert times() == ["03-17 09:00–03-17 11:00"]
    worker.drain(app)

    assert times() == ["03-20 09:00–03-20 11:00"]
    assert near.asked[-1].headers.get("if-none-match") is None


# --- booking


def busy_at(tomas: Technician, starts: str, ends: str, kind: BusyKind = BusyKind.BUSY) -> OwnCalendar:
    with unit_of_work():
        return workforce.own_calendar(tomas, (at(starts), at(ends)), kind=kind)


def test_a_taken_time_is_booked_only_for_a_reason(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        project = projects.draft()
    busy_at(tomas, "Tue 2026-03-17 09:00+00:00", "Tue 2026-03-17 10:00+00:00")

    with pytest.raises(checks.Conflicting) as refusal, unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    with unit_of_work():
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", reason="He agreed")
        beside = visits.visit(project, tomas, starts="Wed 2026-03-18 09:00")

    assert refusal.value.sentence.startswith("Tomas Keller’s own calendar is taken from 10:00 to 11:00.")
    assert visits.again(booked).crew_members[0].conflict_reason == "He agreed"
    assert visits.again(beside).crew_members[0].conflict_reason == ""


def test_what_was_accepted_stays_accepted_and_what_is_new_has_to_be_said_again(
    app: Flask, tomas: Technician
) -> None:
    with unit_of_work():
        project = projects.draft()
    busy_at(tomas, "Tue 2026-03-17 09:00+00:00", "Tue 2026-03-17 10:00+00:00")
    with unit_of_work():
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", reason="He agreed")
        site = visits.site_of(project)

    with unit_of_work():
        longer = visits.wall("Tue 2026-03-17 13:00")
        arranging.move_visit(
            queries.visit_for_change(booked.id),
            starts_local=visits.wall("Tue 2026-03-17 09:30"),
            ends_local=longer,
            site=site,
            at=NOW,
            actor_id=None,
        )
    calendar = db.session.scalars(select(OwnCalendar)).one()
    with unit_of_work():
        second = Busy(at("Thu 2026-03-19 09:00+00:00"), at("Thu 2026-03-19 10:00+00:00"), BusyKind.BUSY)
        own_calendars.note_read(calendar.id, address=calendar.address, reading=Reading((second,)), at=NOW)
    with pytest.raises(checks.Conflicting), unit_of_work():
        arranging.move_visit(
            queries.visit_for_change(booked.id),
            starts_local=visits.wall("Thu 2026-03-19 09:00"),
            ends_local=visits.wall("Thu 2026-03-19 12:00"),
            site=site,
            at=NOW,
            actor_id=None,
        )


def test_something_tentative_only_warns(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        project = projects.draft()
    busy_at(tomas, "Tue 2026-03-17 09:00+00:00", "Tue 2026-03-17 10:00+00:00", BusyKind.TENTATIVE)

    with unit_of_work():
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")

    found = conflicts_of(booked, tomas, project)
    assert [(one.rule, one.needs_reason) for one in found] == [(Rule.OWN_TENTATIVE, False)]
    with app.test_request_context():
        assert "may be taken from 10:00 to 11:00" in sentence(found[0])


def test_stale_times_say_how_old_they_are_and_an_unread_calendar_is_named(
    app: Flask, tomas: Technician
) -> None:
    with unit_of_work():
        project = projects.draft()
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    calendar = busy_at(tomas, "Tue 2026-03-17 09:00+00:00", "Tue 2026-03-17 10:00+00:00")
    with unit_of_work():
        own_calendars.note_failure(calendar.id, address=calendar.address, problem="No.", at=NOW)

    taken = conflicts_of(booked, tomas, project)
    with unit_of_work():
        never = workforce.own_calendar(tomas, address="https://calendar.example.com/b.ics", is_read=False)
        own_calendars.remove(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=NOW, actor_id=None)
    unread = conflicts_of(booked, tomas, project)

    assert never.state is OwnCalendarState.WAITING
    assert [one.rule for one in (*taken, *unread)] == [Rule.OWN_CALENDAR, Rule.OWN_UNREAD]
    assert not unread[0].needs_reason
    with app.test_request_context():
        assert "since then it cannot be read" in sentence(taken[0])
        assert "could not be read yet" in sentence(unread[0])


def test_a_calendar_that_was_never_read_said_nothing_before(
    tomas: Technician, sign_in: Callable[[User], FlaskClient]
) -> None:
    with unit_of_work():
        never = workforce.own_calendar(tomas, address="https://calendar.example.com/b.ics", is_read=False)
        own_calendars.note_failure(never.id, address=never.address, problem="No such host.", at=NOW)
        calendar_id, address = never.id, never.address
    browser = sign_in(db.session.get_one(User, tomas.user_id))

    shown = browser.get("/settings/calendars").get_data(as_text=True)
    with unit_of_work():
        db.session.get_one(OwnCalendar, calendar_id).fetched_at = NOW
        own_calendars.note_failure(calendar_id, address=address, problem="No such host.", at=NOW)
    later = browser.get("/settings/calendars").get_data(as_text=True)

    assert "could not be read yet, so none of its times count. No such host." in shown
    assert "still counts." not in shown
    assert "What it said before still counts." in later


def conflicts_of(booked: Visit, tomas: Technician, project: Project) -> list[feasibility.Conflict]:
    """What stands against the visit in the technician's own calendars."""
    db.session.rollback()
    stay = Span(booked.starts_at, booked.ends_at)
    found = feasibility.conflicts(
        feasibility.Wanted(visits.site_of(project), stay, (tomas.user_id,), visit_id=booked.id)
    )
    kinds = {Rule.OWN_CALENDAR, Rule.OWN_TENTATIVE, Rule.OWN_UNREAD}
    return [one for one in found if one.rule in kinds]


def test_our_own_visit_in_the_calendar_is_no_conflict_with_itself(
    app: Flask, near: WebServer, tomas: Technician, now: time_machine.Traveller
) -> None:
    with unit_of_work():
        project = projects.draft()
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        turn = workforce.turn(tomas)
    near.answers[PATH] = ok(
        ics(
            f"UID:{booked.uid}\nDTSTART:20260317T080000Z\nDTEND:20260317T110000Z",
            f"UID:{turn.uid}\nDTSTART:20260316T070000Z\nDTEND:20260323T070000Z",
            "UID:private\nDTSTART:20260320T000000Z\nDTEND:20260320T030000Z",
        )
    )

    add(tomas, near.address(PATH))
    worker.drain(app)

    assert times("UTC") == ["03-20 00:00–03-20 03:00"]
    assert conflicts_of(booked, tomas, project) == []


# --- who sees what


def test_nobody_but_the_owner_sees_the_address_and_nobody_the_titles(
    app: Flask,
    near: WebServer,
    sign_in: Callable[[User], FlaskClient],
    tomas: Technician,
    now: time_machine.Traveller,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with unit_of_work():
        project = projects.draft()
        booked = visits.visit(project, tomas, starts="Tue 2026-03-17 10:00")
        petra = people.user(name="Petra Sand", role=Role.ADMINISTRATOR)
    near.answers[PATH] = ok(ics(EVENT))
    calendar = add(tomas, near.address(PATH))
    worker.drain(app)
    now.shift(timedelta(hours=1))
    near.answers[PATH] = raw("500 Oops", b"", "Content-Length: 0")
    with unit_of_work():
        own_calendars.read_now(own_calendars.owned(calendar.id, user_id=tomas.user_id), at=clock.now())
    worker.drain(app)
    admin = sign_in(petra)

    pages = {
        path: admin.get(path).get_data(as_text=True)
        for path in (
            "/calendars",
            f"/calendars/technicians/{tomas.user_id}",
            f"/people/{tomas.user_id}",
            f"/visits/{booked.id}",
            "/settings/deliveries",
            "/settings/calendars",
            "/on-call",
        )
    }
    others = {
        f"/settings/calendars/{calendar.id}/edit": admin.get(
            f"/settings/calendars/{calendar.id}/edit"
        ).status_code
    }

    for path, page in pages.items():
        assert not any(secret in page for secret in SECRETS), path
    assert set(others.values()) == {404}
    assert "own calendar not read since Mon 2 Mar, 09:00" in pages["/calendars"]
    assert "has not been read since" in pages[f"/calendars/technicians/{tomas.user_id}"]
    assert "own calendar is taken" in pages[f"/visits/{booked.id}"]
    said = capsys.readouterr()
    assert not any(secret in said.out + said.err for secret in SECRETS)
    for table in Base.metadata.sorted_tables:
        rows = repr(db.session.execute(table.select()).all())
        assert "Doctor" not in rows, table.name
        if table.name != "own_calendars":
            assert "4711" not in rows, table.name


def test_its_owner_adds_sees_changes_and_removes_one(
    app: Flask,
    near: WebServer,
    sign_in: Callable[[User], FlaskClient],
    tomas: Technician,
) -> None:
    browser = sign_in(db.session.get_one(User, tomas.user_id))
    page = "/settings/calendars"
    token = csrf_token(browser, page)
    near.answers[PATH] = ok(ics("UID:a\nDTSTART:20990317T090000\nDTEND:20990317T110000"))

    answer = browser.post(page, data={"csrf_token": token, "name": "Family", "address": near.address(PATH)})
    waiting = browser.get(page).get_data(as_text=True)
    worker.drain(app)
    shown = browser.get(page).get_data(as_text=True)
    calendar = db.session.scalars(select(OwnCalendar)).one()
    edit = browser.get(f"{page}/{calendar.id}/edit").get_data(as_text=True)
    changed = browser.post(
        f"{page}/{calendar.id}/edit",
        data={"csrf_token": token, "name": "Private", "address": near.address(PATH)},
    )
    soon = browser.post(f"{page}/{calendar.id}/reading", data={"csrf_token": token})
    removed = browser.post(f"{page}/{calendar.id}/removal", data={"csrf_token": token})

    assert (answer.status_code, changed.status_code, removed.status_code) == (303, 303, 303)
    assert soon.status_code == 409, "it was read just now"
    assert "not read yet" in waiting
    assert "up to date" in shown
    assert "4711" not in shown
    assert "4711" in edit
    db.session.rollback()
    assert db.session.scalar(select(func.count(OwnCalendar.id))) == 0


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("", "https://calendar.example.com/a.ics", "Enter a name"),
        ("Family", "", "Enter the address"),
        ("Family", "http://calendar.example.com/a.ics", "has to begin with https"),
        ("Family", "https://10.0.0.1/a.ics", "full name of a server"),
        ("Family", "https://u:p@calendar.example.com/a.ics", "name or password"),
    ],
)
def test_a_bad_form_says_what_to_do_and_keeps_what_was_typed(
    app: Flask,
    sign_in: Callable[[User], FlaskClient],
    tomas: Technician,
    name: str,
    address: str,
    said: str,
) -> None:
    browser = sign_in(db.session.get_one(User, tomas.user_id))
    token = csrf_token(browser, "/settings/calendars")

    answer = browser.post("/settings/calendars", data={"csrf_token": token, "name": name, "address": address})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert not address or re.search(f'value="{re.escape(address)}"', page)
    assert db.session.scalar(select(func.count(OwnCalendar.id))) == 0


def test_who_is_no_technician_is_told_so(app: Flask, ada: FlaskClient) -> None:
    token = csrf_token(ada, "/settings/me")
    data = {"csrf_token": token, "name": "Family", "address": "https://calendar.example.com/a.ics"}

    assert "You go to no sites" in ada.get("/settings/calendars").get_data(as_text=True)
    assert ada.post("/settings/calendars", data=data).status_code == 404


def test_what_others_are_told_holds_no_address(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        workforce.own_calendar(tomas, (NOW, NOW + timedelta(hours=1)))

    shown = workforce_queries.own_calendars_shown([tomas.user_id])
    taken = workforce_queries.taken_times([tomas.user_id], from_at=NOW, to_at=NOW + timedelta(days=1))

    assert len(shown) == len(taken) == 1
    assert "calendar.example.com" not in repr(shown) + repr(taken)
    assert taken[0].starts_at == NOW.astimezone(UTC)
