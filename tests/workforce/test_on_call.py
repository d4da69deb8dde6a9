"""Turns on call: entered, changed and cancelled in wall time, never two at once for one technician."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.workforce.actions import on_call
from concierge.workforce.clocks import EndsTooEarly, NoSuchTime
from concierge.workforce.models import OnCallTurn, Technician
from tests.conftest import csrf_token
from tests.makers import people, workforce
from tests.makers.days import at
from tests.makers.visits import wall

NOW = at("Mon 2026-03-02 08:00+00:00")


@pytest.fixture
def tomas(app: Flask) -> Technician:
    with unit_of_work():
        return workforce.technician()


def enter(technician: Technician, starts: str, ends: str) -> OnCallTurn:
    with unit_of_work():
        return on_call.enter(
            technician, starts_local=wall(starts), ends_local=wall(ends), at=NOW, actor_id=None
        )


def change(turn: OnCallTurn, technician: Technician, starts: str, ends: str, note: str = "") -> None:
    with unit_of_work():
        on_call.change(
            on_call.turn_for_change(turn.id),
            technician=technician,
            starts_local=wall(starts),
            ends_local=wall(ends),
            note=note,
            at=NOW,
            actor_id=None,
        )


def fresh(turn: OnCallTurn) -> OnCallTurn:
    db.session.rollback()
    return db.session.get_one(OnCallTurn, turn.id, populate_existing=True)


def test_a_turn_keeps_its_wall_time_where_the_technician_lives(app: Flask, tomas: Technician) -> None:
    turn = enter(tomas, "Mon 2026-03-23 08:00", "Mon 2026-03-30 08:00")

    assert (turn.zone, turn.sequence) == ("Europe/Zurich", 0)
    assert turn.starts_at == at("Mon 2026-03-23 07:00+00:00")
    assert turn.ends_at == at("Mon 2026-03-30 06:00+00:00"), "the clocks went forward in between"


def test_a_time_that_the_clocks_jump_over_is_refused_with_the_next_one(app: Flask, tomas: Technician) -> None:
    with app.test_request_context(), pytest.raises(NoSuchTime, match=r"02:30 does not exist.*Choose 03:30"):
        enter(tomas, "Sun 2026-03-29 02:30", "Mon 2026-03-30 08:00")
    with app.test_request_context(), pytest.raises(NoSuchTime):
        enter(tomas, "Sat 2026-03-28 08:00", "Sun 2026-03-29 02:30")


def test_an_hour_that_comes_twice_leaves_no_gap(app: Flask, tomas: Technician) -> None:
    turn = enter(tomas, "Sun 2026-10-25 02:30", "Sun 2026-10-25 02:45")

    assert turn.ends_at - turn.starts_at == timedelta(minutes=75)


def test_a_turn_ends_after_it_starts_and_within_five_weeks(app: Flask, tomas: Technician) -> None:
    with pytest.raises(EndsTooEarly):
        enter(tomas, "Mon 2026-03-23 08:00", "Mon 2026-03-23 08:00")
    with pytest.raises(Refused, match="five weeks"):
        enter(tomas, "Mon 2026-03-23 08:00", "Mon 2026-05-04 08:00")


def test_turns_of_one_technician_never_overlap_but_may_touch(app: Flask, tomas: Technician) -> None:
    first = enter(tomas, "Mon 2026-03-16 08:00", "Mon 2026-03-23 08:00")
    second = enter(tomas, "Mon 2026-03-23 08:00", "Mon 2026-03-30 08:00")
    with unit_of_work():
        mallory = workforce.technician(name="Mallory Strang")
    enter(mallory, "Mon 2026-03-16 08:00", "Mon 2026-03-23 08:00")

    with pytest.raises(
        on_call.Overlapping, match="on call already from Mon 16 Mar, 08:00 to Mon 23 Mar, 08:00"
    ):
        enter(tomas, "Sun 2026-03-22 08:00", "Mon 2026-03-23 07:00")
    with pytest.raises(on_call.Overlapping):
        change(second, tomas, "Mon 2026-03-23 07:59", "Mon 2026-03-30 08:00")
    with unit_of_work():
        on_call.cancel(on_call.turn_for_change(first.id), at=NOW, actor_id=None)
    enter(tomas, "Sun 2026-03-22 08:00", "Mon 2026-03-23 07:00")


def test_of_many_who_enter_one_turn_at_once_one_succeeds(app: Flask, tomas: Technician) -> None:
    technician_id = tomas.id
    db.session.rollback()

    def once(_number: int) -> str:
        with app.app_context():
            try:
                with unit_of_work():
                    on_call.enter(
                        db.session.get_one(Technician, technician_id),
                        starts_local=datetime(2026, 3, 16, 8),
                        ends_local=datetime(2026, 3, 23, 8),
                        at=NOW,
                        actor_id=None,
                    )
            except on_call.Overlapping:
                return "refused"
            finally:
                db.session.remove()
        return "done"

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(once, range(12)))

    assert results.count("done") == 1


def test_changes_are_counted_and_told_once(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        mallory = workforce.technician(name="Mallory Strang", zone="America/New_York")
    turn = enter(tomas, "Mon 2026-03-16 08:00", "Mon 2026-03-23 08:00")

    change(turn, tomas, "Mon 2026-03-16 08:00", "Mon 2026-03-23 08:00")
    assert fresh(turn).sequence == 0, "nothing changed"
    change(turn, mallory, "Mon 2026-03-16 08:00", "Mon 2026-03-23 08:00", note="Phone 3")
    moved = fresh(turn)
    assert (moved.sequence, moved.zone, moved.note) == (1, "America/New_York", "Phone 3")
    assert moved.starts_at == at("Mon 2026-03-16 12:00+00:00")
    with unit_of_work():
        on_call.cancel(on_call.turn_for_change(turn.id), at=NOW, actor_id=None)
    assert (fresh(turn).sequence, fresh(turn).cancelled_at) == (2, NOW)
    with pytest.raises(Refused, match="cancelled"):
        change(turn, mallory, "Mon 2026-03-16 09:00", "Mon 2026-03-23 08:00")

    names = db.session.scalars(
        select(RecordedEvent.name).where(RecordedEvent.name.like("Turn%")).order_by(RecordedEvent.id)
    ).all()
    told = db.session.scalars(select(RecordedEvent).where(RecordedEvent.name == "TurnChanged")).one()
    assert names == ["TurnEntered", "TurnChanged", "TurnCancelled"]
    assert (told.payload["user_before"], told.payload["user_id"]) == (tomas.user_id, mallory.user_id)


# --- pages


@pytest.fixture
def jonas(app: Flask, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Jonas dispatches."""
    with unit_of_work():
        person = people.user(name="Jonas Falk", role=Role.DISPATCHER)
    return sign_in(person)


def filled(browser: FlaskClient, who: Technician, **other: str) -> dict[str, str]:
    return {
        "csrf_token": csrf_token(browser, "/on-call/new"),
        "technician": str(who.id),
        "start_on": "2026-03-16",
        "start_time": "08:00",
        "end_on": "2026-03-23",
        "end_time": "08:00",
        "note": "Phone 3",
        "version": "0",
    } | other


def test_a_dispatcher_enters_changes_and_cancels_a_turn(
    app: Flask, jonas: FlaskClient, tomas: Technician
) -> None:
    entered = jonas.post("/on-call/new", data=filled(jonas, tomas))
    turn = db.session.scalars(select(OnCallTurn)).one()
    shown = jonas.get("/on-call?week=2026-03-16").get_data(as_text=True)
    changed = jonas.post(f"/on-call/{turn.id}/edit", data=filled(jonas, tomas, end_on="2026-03-22"))
    again = jonas.post(f"/on-call/{turn.id}/edit", data=filled(jonas, tomas, end_on="2026-03-21"))
    cancelled = jonas.post(
        f"/on-call/{turn.id}/cancellation", data={"csrf_token": csrf_token(jonas, "/on-call/new")}
    )

    assert (entered.status_code, changed.status_code, cancelled.status_code) == (303, 303, 303)
    assert "Tomas Keller" in shown
    assert "Phone 3" in shown
    assert again.status_code == 422, "it was changed since the form was loaded"
    assert "Somebody else changed this turn" in again.get_data(as_text=True)
    assert fresh(turn).ends_local == datetime(2026, 3, 22, 8)
    assert jonas.get(f"/on-call/{turn.id}/edit").status_code == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"technician": ""}, "valid"),
        ({"start_on": ""}, "Choose the day it starts."),
        ({"start_time": "soon"}, "valid time"),
        ({"end_on": "2026-03-15"}, "Choose a later end."),
        ({"start_on": "2026-03-29", "start_time": "02:30", "end_on": "2026-04-01"}, "Choose 03:30."),
        ({"end_on": "2026-05-15"}, "five weeks at most"),
    ],
)
def test_a_bad_turn_is_shown_again(
    app: Flask, jonas: FlaskClient, tomas: Technician, other: dict[str, str], said: str
) -> None:
    answer = jonas.post("/on-call/new", data=filled(jonas, tomas, **other))

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert "Phone 3" in answer.get_data(as_text=True)
    assert db.session.scalar(select(func.count(OnCallTurn.id))) == 0


def test_a_technician_sees_turns_and_changes_none(
    app: Flask, sign_in: Callable[[User], FlaskClient], tomas: Technician
) -> None:
    with unit_of_work():
        workforce.turn(tomas)
    browser = sign_in(db.session.get_one(User, tomas.user_id))

    page = browser.get("/on-call?week=2026-03-16").get_data(as_text=True)

    assert "Tomas Keller" in page
    assert "Cancel turn" not in page
    assert "/on-call/new" not in page
    assert browser.get("/on-call/new").status_code == 403


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("week", ["", "nonsense", "9999-12-31", "2026-03-16", "0001-01-01", "2099-12-31"])
def test_any_week_can_be_asked_for(app: Flask, jonas: FlaskClient, week: str) -> None:
    assert jonas.get("/on-call", query_string={"week": week}).status_code == 200
