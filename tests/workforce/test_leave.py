"""Leave: asked for, decided, taken back; the visits in it wait for a person and nothing of them is lost."""

import re
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from concierge.core.hours import Hours
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.mail import OutgoingMail
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce import queries
from concierge.workforce.actions import hours, leave, technicians, territories
from concierge.workforce.actions.leave import Overlapping, OwnLeave, Wish
from concierge.workforce.clocks import NoSuchTime
from concierge.workforce.models import Absence, LeaveRequest, Technician
from concierge.workforce.states import AbsenceKind, LeaveState
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at, on

NOW = at("Mon 2026-03-02 08:00+00:00")


@pytest.fixture
def tomas(app: Flask) -> Technician:
    with unit_of_work():
        return workforce.technician()


def wish(first: str, last: str = "", *, start: time | None = None, end: time | None = None) -> Wish:
    return Wish(
        kind=AbsenceKind.LEAVE, first_on=on(first), last_on=on(last or first), from_time=start, to_time=end
    )


def ask(technician: Technician, wanted: Wish) -> LeaveRequest:
    with unit_of_work():
        known = queries.technicians_by_user([technician.user_id])[technician.user_id]
        return leave.ask(known, wanted, at=NOW, actor_id=technician.user_id)


def fresh(request: LeaveRequest) -> LeaveRequest:
    db.session.rollback()
    return db.session.get_one(LeaveRequest, request.id, populate_existing=True)


def test_approved_leave_is_an_absence_and_withdrawing_it_removes_it(app: Flask, tomas: Technician) -> None:
    with unit_of_work():
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
    asked = ask(tomas, wish("Mon 2026-04-13", "Wed 2026-04-15", start=time(12)))

    with unit_of_work():
        leave.approve(asked.id, answer="Enjoy it.", at=NOW, actor_id=jonas.id)

    place = queries.technician_places(
        [tomas.user_id], first_on=on("Mon 2026-04-13"), last_on=on("Thu 2026-04-16")
    )[tomas.user_id]
    assert place.hours_on(on("Mon 2026-04-13")) == (Hours(8 * 60, 12 * 60),)
    assert place.hours_on(on("Wed 2026-04-15")) == ()
    assert place.hours_on(on("Thu 2026-04-16")) == (Hours(8 * 60, 17 * 60),)
    assert fresh(asked).state is LeaveState.APPROVED
    with app.test_request_context(), pytest.raises(Refused, match="approved already"), unit_of_work():
        leave.refuse(asked.id, reason="No.", at=NOW, actor_id=jonas.id)
    with unit_of_work():
        leave.withdraw(asked.id, at=NOW, actor_id=tomas.user_id)
    assert fresh(asked).state is LeaveState.WITHDRAWN
    assert db.session.scalar(select(func.count(Absence.id))) == 0


@pytest.mark.parametrize(
    ("wanted", "why", "kind"),
    [
        (wish("Tue 2026-03-17", "Mon 2026-03-16"), "cannot come before its first", Refused),
        (wish("Tue 2026-03-17", start=time(13), end=time(13)), "ends before it begins", Refused),
        (wish("Sun 2026-03-29", start=time(2, 30)), "02:30 does not exist", NoSuchTime),
        (wish("Sat 2026-03-14", "Sun 2026-03-15"), "do not work in this time anyhow", Refused),
        (wish("Tue 2026-03-17", start=time(18)), "do not work in this time anyhow", Refused),
        (wish("Fri 2026-02-27"), "have passed", Refused),
        (wish("Tue 2026-03-17", "Fri 2027-12-31"), "400 days at most", Refused),
        (wish("Mon 2026-04-13", "Tue 2026-04-14"), "asked for already", Overlapping),
        (wish("Thu 2026-05-07"), "an absence on Thu 7 May already", Overlapping),
    ],
)
def test_a_wish_that_cannot_be_is_refused_in_words(
    app: Flask, tomas: Technician, wanted: Wish, why: str, kind: type[Refused]
) -> None:
    with unit_of_work():
        workforce.absence(tomas, on("Thu 2026-05-07"), kind=AbsenceKind.TRAINING)
    ask(tomas, wish("Mon 2026-04-13", "Wed 2026-04-15"))

    with app.test_request_context(), pytest.raises(kind, match=why):
        ask(tomas, wanted)

    assert db.session.scalar(select(func.count(LeaveRequest.id))) == 1


def test_two_half_days_may_meet_and_nobody_decides_on_their_own(app: Flask, tomas: Technician) -> None:
    ask(tomas, wish("Mon 2026-04-13", end=time(12)))
    afternoon = ask(tomas, wish("Mon 2026-04-13", start=time(12)))

    with app.test_request_context(), pytest.raises(OwnLeave), unit_of_work():
        leave.approve(afternoon.id, at=NOW, actor_id=tomas.user_id)
    with app.test_request_context(), pytest.raises(Refused, match="Say why"), unit_of_work():
        leave.refuse(afternoon.id, reason="  ", at=NOW, actor_id=None)


def test_cover_names_who_is_there_what_is_missing_and_days_below_the_least(
    app: Flask, tomas: Technician
) -> None:
    with unit_of_work():
        lea = workforce.technician(name="Lea Roth", skills=("orbitrap",))
        other = workforce.technician(name="Ben Far", skills=("magnets",))
        territories.add("Alps", parts=[("CH", "")], least=1, at=NOW, actor_id=None)
        for one in (tomas, lea):
            db.session.get_one(Technician, one.id).territory = "Alps"
        for code in ("orbitrap", "magnets"):
            technicians.grant_skill(tomas, code=code, at=NOW, actor_id=None)
        hours.set_hours(lea, [(number, 480, 720) for number in range(3)], at=NOW, actor_id=None)
    asked = ask(tomas, wish("Mon 2026-04-13", "Sun 2026-04-19"))
    ask(lea, wish("Tue 2026-04-14"))

    cover = queries.cover_of(queries.leave_request(asked.id))

    assert [day.on for day in cover.days] == [date(2026, 4, number) for number in range(13, 18)]
    assert [day.there for day in cover.days] == [("Lea Roth",)] * 3 + [()] * 2
    assert [day.asking for day in cover.days] == [(), ("Lea Roth",), (), (), ()]
    assert cover.missing == {"magnets": 5, "orbitrap": 2}
    assert len(cover.thin) == len(cover.alone) == 2
    assert not cover.is_enough
    assert other.territory == ""


def test_leave_over_booked_visits_is_decided_with_open_eyes_and_can_be_undone(
    app: Flask, sign_in: Callable[[User], FlaskClient], tomas: Technician
) -> None:
    with unit_of_work():
        visit = visits.visit(
            projects.live(), tomas, starts="Tue 2029-04-17 09:00", state=VisitState.CONFIRMED
        )
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
        user = db.session.get_one(User, tomas.user_id)
        turn = workforce.turn(
            tomas, starts_local=datetime(2029, 4, 16, 8), ends_local=datetime(2029, 4, 23, 8)
        )
        workforce.turn(tomas, starts_local=datetime(2029, 4, 9, 8), ends_local=datetime(2029, 4, 16, 8))
    day = "2029-04-17"
    his, theirs = sign_in(user), sign_in(jonas)
    form = {"word": "leave", "first_on": day, "last_on": day, "note": "My sister marries."}

    answer = his.post("/leave/new", data={**form, "csrf_token": csrf_token(his, "/leave/new")})

    page = answer.headers["Location"]
    assert answer.status_code == 303
    worker.drain(app)
    shown = theirs.get(page).get_data(as_text=True)
    assert visit.title in shown
    assert "find somebody else for 1 visit" in shown
    assert re.findall(r"/on-call/(\d+)/edit", shown) == [str(turn.id)], "nor does anybody answer calls then"
    assert "away on" not in theirs.get(f"/on-call?week={day}").get_data(as_text=True)
    assert "My sister marries." in shown
    token = csrf_token(theirs, page)
    bare = theirs.post(f"{page}/refusal", data={"csrf_token": token})
    assert bare.status_code == 422
    done = theirs.post(f"{page}/approval", data={"csrf_token": token}, follow_redirects=True)
    assert "The leave is approved." in done.get_data(as_text=True)
    assert "Jonas Reuter: approved" in done.get_data(as_text=True), "its history stands on its page"
    assert visit.title in done.get_data(as_text=True), "and which visits want somebody else"
    assert theirs.get(f"/on-call?week={day}").get_data(as_text=True).count("away on Tue 17 Apr 2029") == 1
    db.session.rollback()
    found = db.session.get_one(Visit, visit.id, populate_existing=True)
    assert "Tomas Keller is away" in found.needs_decision
    assert found.state is VisitState.CONFIRMED, "and stays booked until a person has decided"
    worker.drain(app)
    db.session.rollback()
    said = db.session.scalars(select(OutgoingMail.subject).order_by(OutgoingMail.id)).all()
    assert [subject.split(" on ")[0] for subject in said if "eave" in subject] == [
        "Leave of Tomas Keller",
        "Your leave is approved:",
    ]
    undo = done.get_data(as_text=True).split('action="/undo/')[1].split('"')[0]

    theirs.post(f"/undo/{undo}", data={"csrf_token": token})

    db.session.rollback()
    again = db.session.get_one(Visit, visit.id, populate_existing=True)
    request = db.session.scalars(select(LeaveRequest)).one()
    assert again.needs_decision == ""
    assert request.state is LeaveState.REQUESTED
    assert db.session.scalar(select(func.count(Absence.id))) == 0
    worker.drain(app)
    db.session.rollback()
    last = db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc()).limit(1)).one()
    assert last.subject.startswith("Your leave is looked at again"), "the technician hears of it too"


def test_a_stranger_sees_no_leave_of_others_and_technicians_decide_nothing(
    app: Flask, sign_in: Callable[[User], FlaskClient], tomas: Technician
) -> None:
    asked = ask(tomas, wish("Mon 2029-04-16"))
    with unit_of_work():
        mallory = workforce.technician(name="Mallory Stone")
        user = db.session.get_one(User, mallory.user_id)
    browser = sign_in(user)
    token = csrf_token(browser, "/leave/new")

    assert browser.get(f"/leave/{asked.id}").status_code == 404
    assert browser.get(f"/leave/{asked.id + 999}").status_code == 404
    assert browser.post(f"/leave/{asked.id}/withdrawal", data={"csrf_token": token}).status_code == 404
    assert browser.post(f"/leave/{asked.id}/approval", data={"csrf_token": token}).status_code == 403
    assert "Tomas" not in browser.get("/leave").get_data(as_text=True)
    assert browser.get(f"/technicians/{tomas.user_id}").status_code == 404
    rota = browser.get("/rota?week=2029-04-16").get_data(as_text=True)
    assert "Tomas Keller" in rota
    assert f"/leave/{asked.id}" not in rota
    assert fresh(asked).state is LeaveState.REQUESTED
