"""The board: who is where, how full their week is, what clashes, and what drops do."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from concierge.accounts.actions.away import enter_away
from concierge.accounts.models import Contact
from concierge.catalogue.states import MilestoneKind, VisitKind
from concierge.core.board import WallAxis
from concierge.dispatch import queries
from concierge.dispatch.plan import Row
from concierge.dispatch.queries import Wanted
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, unit_of_work
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.visits import feasibility
from concierge.visits.actions import working
from concierge.visits.models import Visit, VisitAttendee, VisitTechnician
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from concierge.workforce.states import AbsenceKind
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at
from tests.makers.visits import wall

NOW = at("Mon 2026-03-02 10:00+00:00")
MONDAY = date(2026, 3, 16)
BOARD = f"/dispatch?on={MONDAY}"
REASON = "They asked for it."
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def in_march() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def jonas(sign_in: SignIn) -> FlaskClient:
    """Jonas, who dispatches, in his browser."""
    with unit_of_work():
        person = people.user(name="Jonas Frei", role=Role.DISPATCHER)
    return sign_in(person)


def viewer_of(user: User) -> Viewer:
    """What this person sees with."""
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language=user.language)


def row_of(user: User, technician: Technician, *, days: int = 7) -> Row:
    """The technician's row of the board, as somebody sees it."""
    db.session.rollback()
    found = queries.read_board(viewer_of(user), Wanted(MONDAY, days), WallAxis(MONDAY, days), at=NOW)
    return next(row for row in found.rows if row.user_id == technician.user_id)


def emptied(project: Project) -> Project:
    """A project without the visits that came with its plan."""
    for visit in db.session.scalars(select(Visit).where(Visit.project_id == project.id)):
        db.session.delete(visit)
    db.session.flush()
    return project


def drop(browser: FlaskClient, visit: Visit, **values: object) -> tuple[int, str]:
    """Drop a bar as the script does, after agreeing to what follows; status and text of the answer."""
    db.session.rollback()
    token = csrf_token(browser, f"/dispatch/visits/{visit.id}?on={MONDAY}")
    sent = {"csrf_token": token, "version": visit.version, "was": "", "halves": 0, **values}
    answer = browser.post(f"/dispatch/visits/{visit.id}/drop?on={MONDAY}", data=sent)
    text = answer.get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', text)
    if answer.status_code == 200 and agreed:
        answer = browser.post(
            f"/dispatch/visits/{visit.id}/drop?on={MONDAY}", data={**sent, "agreed": agreed[1]}
        )
        text = answer.get_data(as_text=True)
    return answer.status_code, text


def test_a_row_tells_load_leave_and_clashes(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        tomas = workforce.technician()
        project = emptied(projects.live())
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, state=VisitState.CONFIRMED)
        visits.visit(project, tomas, starts="Tue 2026-03-17 11:00", hours=3, reason=REASON, title="The other")
        visits.visit(project, tomas, starts="Wed 2026-03-25 09:00", hours=8, title="Next week")
        workforce.absence(tomas, date(2026, 3, 19), date(2026, 3, 20), AbsenceKind.LEAVE)
        workforce.turn(tomas)

    row = row_of(ada, tomas)

    assert row.load.hours == 3 * 9 * 60  # two of the five days are leave
    assert row.load.booked >= 6 * 60  # and the ways
    assert [bar.booked.title for bar in row.bars] == ["Install the spectrometer", "The other"]
    assert row.bars[0].y != row.bars[1].y  # what overlaps lies in lanes of its own
    assert {rule.rule.value for bar in row.bars for rule in bar.against} == {"visit"}
    assert [(each.kind, each.words) for each in row.blocks if each.kind == "leave"] == [("leave", "")]
    assert row.on_call
    assert {bar.look for bar in row.bars} == {"sure", "planned"}
    found = queries.read_board(viewer_of(ada), Wanted(MONDAY, 7), WallAxis(MONDAY, 7), at=NOW)
    assert (found.clashes, found.excused) == (1, 1)  # the first has no reason, the second has
    assert len(row_of(ada, tomas, days=28).bars) == 3


def test_a_board_takes_as_many_questions_for_two_as_for_ten(app: Flask) -> None:
    def asked() -> int:
        db.session.remove()
        said: list[str] = []

        def hear(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            said.append(statement)

        event.listen(db.engine, "before_cursor_execute", hear)
        try:
            queries.read_board(looking, Wanted(MONDAY, 7), WallAxis(MONDAY, 7), at=NOW)
            queries.tray(looking, at=NOW)
        finally:
            event.remove(db.engine, "before_cursor_execute", hear)
        return len(said)

    def more(numbers: range) -> None:
        for number in numbers:
            one = workforce.technician(name=f"Tech{number} Nician")
            workforce.absence(one, date(2026, 3, 18))
            visits.visit(
                project, one, starts="Tue 2026-03-17 09:00", hours=30, title=f"Visit {number}", reason=REASON
            )

    with unit_of_work():
        ada = people.user()
        project = emptied(projects.live())
        more(range(2))
    looking = viewer_of(ada)
    asked()  # a connection is made ready
    few = asked()
    with unit_of_work():
        more(range(2, 10))
    assert asked() == few
    assert few < 30


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_drop_moves_the_visit_and_who_goes(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        tomas, lena = workforce.technician(), workforce.technician(name="Lena Roth")
        project = emptied(projects.live())
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, reason=REASON)

    status, text = drop(jonas, visit, halves=3, off=tomas.user_id, on=lena.user_id)

    now = visits.again(visit)
    assert (status, now.technician_ids) == (303, (lena.user_id,)), text
    assert (now.starts_local, now.ends_local) == (wall("Wed 2026-03-18 13:00"), wall("Wed 2026-03-18 16:00"))
    board = jonas.get(BOARD).get_data(as_text=True)
    undo = re.search(r'action="([^"]+)"><input[^>]*><button class="btn quiet">.*?Undo', board)
    assert undo, "no way back is offered"
    jonas.post(undo[1], data={"csrf_token": csrf_token(jonas, f"/dispatch/visits/{visit.id}")})
    assert visits.again(visit).starts_local == wall("Tue 2026-03-17 09:00")
    assert visits.again(visit).technician_ids == (tomas.user_id,)


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_drop_out_of_its_milestone_takes_the_plan_along_when_asked(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        tomas, lena = workforce.technician(), workforce.technician(name="Lena Roth")
        project = emptied(projects.live())
        install = next(one for one in project.milestones if one.kind is MilestoneKind.INSTALLED)
        begins, was = install.start_on, install.finish_on
        assert begins is not None
        assert was is not None
        visit = visits.visit(
            project, tomas, starts=f"{begins:%a %Y-%m-%d} 09:00", milestone=install, reason=REASON
        )
    days = calendars.site_place(visits.site_of(project))
    later = next(on for on in (was + timedelta(days=n) for n in range(1, 9)) if days.planned_on(on))
    halves = sum(2 for n in range((later - begins).days) if days.planned_on(begins + timedelta(days=n)))
    path = f"/dispatch/visits/{visit.id}/drop?on={MONDAY}"
    sent = {"version": visit.version, "was": "", "halves": halves, "off": tomas.user_id, "on": lena.user_id}
    sent |= {"csrf_token": csrf_token(jonas, "/dispatch"), "conflict_reason": REASON}

    spilt = jonas.post(path, data={**sent, "halves": 1}).get_data(as_text=True)
    asked = jonas.post(path, data=sent).get_data(as_text=True)

    assert "Move the plan along?" not in spilt, "it begins on the same day: nothing would move"
    assert "The visit would lie outside of" in asked
    assert "handover moves from" in asked
    assert 'name="along" value="y"' in asked
    seen = jonas.post(path, data={**sent, "along": "y"}).get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', seen)
    assert agreed, seen
    done = jonas.post(path, data={**sent, "along": "y", "agreed": agreed[1]}, follow_redirects=True)
    assert "The visit has moved, and the plan with it." in done.get_data(as_text=True)
    now, milestone = visits.again(visit), projects.milestone(projects.now(project), install.key)
    assert milestone.start_on == now.starts_local.date() == later
    assert milestone.finish_on is not None
    assert now.ends_local.date() <= milestone.finish_on
    assert now.technician_ids == (lena.user_id,)


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_work_booked_out_of_its_milestone_takes_the_plan_along_when_asked(
    app: Flask, jonas: FlaskClient
) -> None:
    with unit_of_work():
        lena = workforce.technician(name="Lena Roth")
        project = emptied(projects.live())
        install = next(one for one in project.milestones if one.kind is MilestoneKind.INSTALLED)
        begins, was = install.start_on, install.finish_on
        assert begins is not None
        assert was is not None
        order = working.open_work(
            project, kind=VisitKind.INSTALL, title="Install the pump", site=visits.site_of(project),
            milestone=install, minutes=240, at=NOW, actor_id=None,
        )  # fmt: skip
    days = calendars.site_place(visits.site_of(project))
    later = next(on for on in (was + timedelta(days=n) for n in range(1, 9)) if days.planned_on(on))
    path = f"/dispatch/work-orders/{order.id}/drop?on={MONDAY}"
    sent = {"day": f"{later}", "half": 0, "on": lena.user_id, "conflict_reason": REASON}
    sent |= {"csrf_token": csrf_token(jonas, "/dispatch")}

    inside = jonas.post(path, data={**sent, "day": f"{begins}"}).get_data(as_text=True)
    asked = jonas.post(path, data=sent).get_data(as_text=True)

    assert "Move the plan along?" not in inside
    assert "The visit would lie outside of" in asked
    assert "handover moves from" in asked
    seen = jonas.post(path, data={**sent, "along": "y"}).get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', seen)
    assert agreed, seen
    done = jonas.post(path, data={**sent, "along": "y", "agreed": agreed[1]}, follow_redirects=True)
    assert "and the plan has moved with it." in done.get_data(as_text=True)
    milestone = projects.milestone(projects.now(project), install.key)
    [visit] = db.session.scalars(select(Visit).where(Visit.work_order_id == order.id))
    assert milestone.start_on == visit.starts_local.date() == later


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_drop_on_what_somebody_else_moved_shows_both(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        project = emptied(projects.live())
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, reason=REASON)
    seen = {"version": visit.version, "was": f"2026-03-17T09:00/2026-03-17T12:00/{tomas.user_id}"}
    assert drop(jonas, visit, halves=2)[0] == 303

    status, text = drop(jonas, visits.again(visit), halves=4, **seen)

    assert status == 409
    assert "Theirs: 2026-03-18" in text
    assert "Yours, as below: 2026-03-19" in text
    assert visits.again(visit).starts_local == wall("Wed 2026-03-18 09:00")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_move_form_knows_calls_what_comes_before_and_who_attends(app: Flask, jonas: FlaskClient) -> None:
    """Nobody travels to a call; free times begin after what has to come first, when the customer's people can."""
    with unit_of_work():
        tomas = workforce.technician()
        project = emptied(projects.live())
        call = visits.visit(
            project, tomas, starts="Tue 2026-03-17 09:00", hours=1, kind=VisitKind.REMOTE_CALL, reason=REASON
        )
        visits.visit(project, tomas, starts="Tue 2026-03-17 10:00", hours=2, reason=REASON)
        install = next(one for one in project.milestones if one.kind is MilestoneKind.INSTALLED)
        ((begins, _name),) = feasibility.waiting([install.id]).values()
        early = visits.visit(project, starts="Mon 2026-03-09 09:00", milestone=install, reason=REASON)
        db.session.add(VisitAttendee(visit_id=early.id, contact_id=project.contact_id))
        contact = db.session.get_one(Contact, project.contact_id)
        enter_away(contact, first_on=begins, last_on=begins + timedelta(days=6), actor_id=None, at=NOW)

    said = jonas.get(f"/dispatch/visits/{call.id}?on={MONDAY}").get_data(as_text=True)

    assert "Tomas Keller: free" in said
    assert not re.search("travel|by (car|train|plane)", said)
    path = f"/dispatch/visits/{early.id}?on={MONDAY}"
    sent = {"start_on": "2026-03-09", "start_time": "09:00", "end_time": "12:00", "look": "when"}
    sent |= {"csrf_token": csrf_token(jonas, path), "version": str(early.version)}
    found = jonas.post(path, data=sent).get_data(as_text=True)
    times = re.findall(r'name="look" value="(2026[^"/]+)/', found)
    assert min(times) > (begins + timedelta(days=7)).isoformat()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_drop_that_breaks_a_rule_asks_for_the_reason_in_place(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        anna, tomas = workforce.technician(name="Anna Adam"), workforce.technician()
        project = emptied(projects.live())
        visit = visits.visit(
            project, anna, tomas, starts="Tue 2026-03-17 09:00", hours=3, crew=2, reason=REASON
        )
        workforce.absence(tomas, date(2026, 3, 19))

    status, text = drop(jonas, visit, halves=4)

    assert status == 422
    assert "Tomas Keller is away" in text
    assert 'name="conflict_reason"' in text
    assert 'value="2026-03-19"' in text  # what was wanted stands in the form
    assert visits.again(visit).starts_local == wall("Tue 2026-03-17 09:00")
    status, text = drop(jonas, visit, halves=4, conflict_reason="He comes in for it.")
    assert status == 303, text
    board = jonas.get(BOARD).get_data(as_text=True)
    bars, by_day = board.split('class="board-days"')
    assert "They go all the same: He comes in for it." in bars
    assert "Tomas Keller is away" in by_day, "where each visit stands once, whoever of the crew it concerns"
    assert by_day.count("They go all the same: He comes in for it.") == 1


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_work_of_the_tray_is_booked_where_it_is_put_and_put_back(
    app: Flask, jonas: FlaskClient, sign_in: SignIn
) -> None:
    with unit_of_work():
        ruth = people.user(name="Ruth Senn", role=Role.DISPATCHER)
        tomas = workforce.technician(skills=("ms",))
        project = emptied(projects.live())
        work = working.open_work(
            project,
            kind=VisitKind.INSTALL,
            title="Install the pump",
            site=visits.site_of(project),
            skill="ms",
            minutes=960,
            at=NOW,
            actor_id=None,
        )
    assert "Install the pump, 2 days" in jonas.get(BOARD).get_data(as_text=True)
    form = jonas.get(f"/dispatch/work-orders/{work.id}").get_data(as_text=True)
    assert "Tomas Keller: free" in form
    sent = {
        "csrf_token": csrf_token(jonas, f"/dispatch/work-orders/{work.id}"),
        "day": "2026-03-17",
        "half": 1,
        "on": tomas.user_id,
        "conflict_reason": REASON,
    }

    page = jonas.post(f"/dispatch/work-orders/{work.id}/drop", data=sent).get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', page)
    assert agreed, page
    jonas.post(f"/dispatch/work-orders/{work.id}/drop", data={**sent, "agreed": agreed[1]})

    # Ruth's board still shows it in the tray: what she drops is not booked a second time.
    late = sign_in(ruth)
    asked = {**sent, "csrf_token": csrf_token(late, "/dispatch"), "day": "2026-03-24"}
    refused = late.post(f"/dispatch/work-orders/{work.id}/drop", data=asked)
    assert refused.status_code == 409
    assert "Somebody has booked a visit for it meanwhile" in refused.get_data(as_text=True)

    db.session.rollback()
    visit = db.session.scalars(select(Visit).where(Visit.work_order_id == work.id)).one()
    assert visit.starts_local == wall("Tue 2026-03-17 13:00")
    assert visit.ends_local == wall("Thu 2026-03-19 11:00")
    assert [one.user_id for one in db.session.scalars(select(VisitTechnician))] == [tomas.user_id]
    assert not queries.tray(viewer_of(ruth), at=NOW, keys={f"w{work.id}"})

    path = f"/dispatch/visits/{visit.id}/tray"
    sent = {"csrf_token": csrf_token(jonas, path), "version": str(visit.version), "reason": "Pump is late."}
    page = jonas.post(path, data=sent).get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', page)
    jonas.post(path, data={**sent, "agreed": agreed[1] if agreed else ""})
    db.session.rollback()
    assert [one.title for one in queries.tray(viewer_of(ruth), at=NOW, keys={f"w{work.id}"})] == [
        "Install the pump"
    ]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_two_people_swap_at_once(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        tomas, lena = workforce.technician(), workforce.technician(name="Lena Roth")
        project = emptied(projects.live())
        here = visits.visit(project, tomas, hours=3, reason=REASON, state=VisitState.CONFIRMED)
        there = visits.visit(project, lena, hours=3, reason=REASON, title="There", state=VisitState.CONFIRMED)
    path = f"/dispatch/visits/{here.id}/swap"
    form = jonas.get(path).get_data(as_text=True)
    value = f"{tomas.user_id}-{there.id}-{lena.user_id}"
    assert f'value="{value}"' in form
    assert f"“{project.account.name}: There” from Lena Roth" in form
    sent = {"csrf_token": csrf_token(jonas, path), "version": str(here.version), "theirs": value}
    sent["conflict_reason"] = REASON

    page = jonas.post(path, data=sent).get_data(as_text=True)
    agreed = re.search(r'name="agreed" value="([^"]+)"', page)
    jonas.post(path, data={**sent, "agreed": agreed[1] if agreed else ""})

    assert visits.again(here).technician_ids == (lena.user_id,)
    assert visits.again(there).technician_ids == (tomas.user_id,)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_poll_tells_only_what_is_new(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        project = emptied(projects.live())
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, reason=REASON)
    page = jonas.get(BOARD).get_data(as_text=True)
    poll = re.search(r'hx-get="([^"]+)"', page.partition('id="board-poll"')[2])
    assert poll
    address = poll[1].replace("&amp;", "&")

    assert jonas.get(address).status_code == 304
    drop(jonas, visit, halves=2)
    told = jonas.get(address)

    assert told.status_code == 200
    assert "Wed 18 Mar, 09:00" in told.get_data(as_text=True)
    assert jonas.get(f"{BOARD}&seen=nonsense").status_code == 200
    assert jonas.get("/dispatch/changes?seen=-1.x").status_code == 200


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_who_may_look_and_what_bad_addresses_show(app: Flask, jonas: FlaskClient, sign_in: SignIn) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        project = emptied(projects.live())
        visit = visits.visit(project, tomas, reason=REASON)
    mallory = sign_in(tomas.user)

    assert mallory.get("/dispatch").status_code == 403
    assert mallory.get("/dispatch/changes").status_code == 403
    assert mallory.get(f"/dispatch/visits/{visit.id}").status_code == 403
    for query in (
        "on=2026-13-40",
        "view=year",
        "technician=x",
        "kind=party",
        "territory=%00",
        "on=9999-12-31",
    ):
        assert jonas.get(f"/dispatch?{query}").status_code in {200, 400}, query
    assert jonas.get("/dispatch/visits/999999").status_code == 404
    assert jonas.get("/dispatch/work-orders/999999").status_code == 404
    status, text = drop(jonas, visit, halves=10**9)
    assert (status, "That place is not on the board" in text) == (409, True)
    status, _text = drop(jonas, visit, was="1/2/3", halves=1)
    assert status == 303  # taken for where it is now


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_skipped_hour_is_refused_in_the_form(app: Flask, jonas: FlaskClient) -> None:
    with unit_of_work():
        project = emptied(projects.live())
        visit = visits.visit(project, starts="Sat 2026-03-28 02:30", hours=4, crew=0)

    status, text = drop(jonas, visit, halves=2)

    assert status == 422
    assert "The clocks in Zurich go forward" in text
    assert visits.again(visit).starts_local == wall("Sat 2026-03-28 02:30")
