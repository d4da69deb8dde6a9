"""Plans for unassigned work: asked for, left, cancelled, killed; what they propose, and what booking it does."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient
from flask_babel import force_locale
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import selectinload

from concierge.accounts.models import ContactAway
from concierge.catalogue.states import VisitKind
from concierge.core.assignment import Piece, Planner, Problem, breaks
from concierge.core.dispatch import Certificate, Person, Rule, Taken, Work
from concierge.core.hours import Hours, Place
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.dispatch import chores, proposal_words, solver
from concierge.dispatch.actions import planning
from concierge.dispatch.models import PlanningProposal, PlanningRun
from concierge.dispatch.states import PlanningState, ProposalState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import undo, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.jobs import Job, JobState
from concierge.projects.models import Project
from concierge.visits.actions import working
from concierge.visits.models import Visit, VisitAttendee, WorkOrder
from concierge.workforce import queries as workforce_queries
from tests.makers import people, projects, visits, workforce
from tests.makers.assignment import drawn_problem
from tests.makers.days import at, on
from tests.makers.pages import hidden_in
from tests.makers.visits import site_of

SignIn = Callable[[User], FlaskClient]
NOW = at("Mon 2026-03-02 10:00+00:00")
WEEK = planning.Wish(on("Tue 2026-03-03"), on("Mon 2026-03-16"))


@pytest.fixture
def in_march(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The solver has tests of its own below; elsewhere the greedy plan will do.
    monkeypatch.setattr(solver, "is_installed", lambda: False)
    with time_machine.travel(NOW, tick=True):
        yield


def jonas() -> User:
    return people.user(name="Jonas Weber", role=Role.DISPATCHER)


def viewer_of(user: User) -> Viewer:
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language=user.language)


def work(of: Project, title: str = "Repair", **asks: Any) -> WorkOrder:  # Any: what the act takes
    return working.open_work(
        of, kind=VisitKind.INSTALL, title=title, site=site_of(of), at=NOW, actor_id=None, **asks
    )


def made(app: Flask, user: User, wish: planning.Wish = WEEK) -> PlanningRun:
    with unit_of_work():
        run = planning.ask_plan(wish, at=NOW, actor_id=user.id)
        run_id = run.id
    worker.drain(app)
    db.session.rollback()
    return planning.run_by_id(run_id)


def by_title(run: PlanningRun) -> dict[str, PlanningProposal]:
    db.session.rollback()
    db.session.expire_all()
    return {planning.title_of(one): one for one in planning.proposals_of(run.id)}


def says(one: PlanningProposal, language: str = "en") -> str:
    with current_app.test_request_context(), force_locale(language):
        known = workforce_queries.sendable(proposal_words.people_in(one.facts))
        return " ".join(proposal_words.reasons(one, known))


def accepted(run: PlanningRun, one: PlanningProposal, user: User, *, together: str = "") -> str:
    refusal = chores.accept_one(run.id, one.id, viewer_of(user), together=together or f"plan{one.id}")
    db.session.rollback()
    db.session.expire_all()
    return refusal


@pytest.mark.usefixtures("in_march")
def test_a_plan_proposes_explains_books_and_can_be_taken_back(app: Flask, sign_in: SignIn) -> None:
    """Selin is certified and near, Tomas is not, Lena's certification runs out; two pieces for four people."""
    with unit_of_work():
        user, project = jonas(), projects.live()
        selin = workforce.technician(name="Selin Aydin", skills=("ms",))
        workforce.technician(name="Tomas Keller")
        workforce.technician(name="Lena Roth", skills=("ms",), skill_expires_on=on("Mon 2026-03-02"))
        work(project, "Repair", skill="ms", minutes=240)
        work(project, "Two at once", skill="ms", crew=3)
        work(project, "Years of it", skill="", minutes=60 * 24 * 60)
    browser = sign_in(user)

    run = made(app, user)
    found = by_title(run)

    assert run.state is PlanningState.READY
    assert {
        title: one.state for title, one in found.items() if title in {"Repair", "Two at once", "Years of it"}
    } == {
        "Repair": ProposalState.PROPOSED,
        "Two at once": ProposalState.LEFT,
        "Years of it": ProposalState.LEFT,
    }
    assert found["Repair"].user_ids == [selin.user_id]
    assert db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.title == "Repair")) == 0
    assert "Selin Aydin: level 1" in says(found["Repair"])
    assert "Lena Roth: certification run out" in says(found["Repair"])
    assert "Selin Aydin: Stufe 1" in says(found["Repair"], "de")
    assert "3 technicians are needed" in says(found["Two at once"])
    assert "Tomas Keller: not certified" in says(found["Two at once"])
    assert "not open long enough" in says(found["Years of it"])

    page = browser.get(f"/dispatch/proposals/{run.id}").get_data(as_text=True)
    assert "Selin Aydin" in page
    assert "proven" in page
    answer = browser.post(
        f"/dispatch/proposals/{run.id}/acceptance",
        data={"id": str(found["Repair"].id), **_token(browser, page)},
    )
    assert answer.status_code == 303
    one = by_title(run)["Repair"]
    assert one.state is ProposalState.ACCEPTED
    booked = visits.again(db.session.get_one(Visit, one.visit_id))
    assert booked.technician_ids == (selin.user_id,)
    assert booked.work_order_id == one.work_order_id
    assert "booked" in browser.get(f"/dispatch/proposals/{run.id}").get_data(as_text=True)

    (kept,) = {row.act for row in db.session.scalars(sa.select(undo.Undo))}
    with unit_of_work():
        undo.restore(kept, at=NOW + timedelta(minutes=5))
    again = by_title(run)["Repair"]
    assert (again.state, again.visit_id) == (ProposalState.PROPOSED, None)
    assert db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.title == "Repair")) == 0


def _token(browser: FlaskClient, page: str) -> dict[str, str]:
    return {"csrf_token": hidden_in(page)["csrf_token"][0]}


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_the_world_has_overtaken_says_so_and_is_not_booked(app: Flask, sign_in: SignIn) -> None:
    """Five ways to be overtaken between the plan and the click; a sixth proposal still fits and is booked."""
    with unit_of_work():
        user, project = jonas(), projects.live()
        crew = {
            name: workforce.technician(name=name, skills=(name.lower(),))
            for name in ("Away", "Busy", "Bigger", "Gone", "Taken", "Fine")
        }
        orders = {name: work(project, name, skill=name.lower(), minutes=480) for name in crew}
        ids = {name: one.id for name, one in orders.items()}
    run = made(app, user)
    found = by_title(run)
    with unit_of_work():
        day = found["Away"].starts_at
        assert day is not None
        workforce.absence(crew["Away"], day.date())
        when = found["Busy"].starts_at
        assert when is not None
        visits.visit(
            project, crew["Busy"], starts=f"{when:%a %Y-%m-%d} 09:00", title="Something else", crew=1
        )
        bigger = db.session.get_one(WorkOrder, ids["Bigger"])
        bigger.crew = 2
        gone = working_order(ids["Gone"])
        working.cancel_work(gone, reason="Sold", at=NOW, actor_id=user.id)
        taken = db.session.get_one(WorkOrder, ids["Taken"])
        visits.visit(
            project, crew["Taken"], starts="Mon 2026-03-30 09:00", title="By hand"
        ).work_order_id = taken.id

    browser = sign_in(user)
    page = browser.get(f"/dispatch/proposals/{run.id}").get_data(as_text=True)
    for sentence in (
        "Away is away",
        "Busy is on",
        "has changed since",
        "nothing to do any more",
        "planned it meanwhile",
    ):
        assert sentence in page, sentence
    said = {name: accepted(run, found[name], user) for name in crew}

    assert [name for name, refusal in said.items() if not refusal] == ["Fine"]
    after = by_title(run)
    assert after["Away"].state is ProposalState.PROPOSED
    assert "Away is away" in after["Away"].refusal
    assert after["Fine"].state is ProposalState.ACCEPTED
    assert accepted(run, after["Fine"], user) == "This is booked already."


def working_order(work_order_id: int) -> WorkOrder:
    return db.session.scalars(
        sa.select(WorkOrder)
        .where(WorkOrder.id == work_order_id)
        .options(selectinload(WorkOrder.visits), selectinload(WorkOrder.project))
    ).one()


@pytest.mark.usefixtures("in_march")
def test_two_plans_at_once_book_the_same_work_once(app: Flask) -> None:
    with unit_of_work():
        user, project = jonas(), projects.live()
        workforce.technician(name="Selin Aydin", skills=("ms",))
        workforce.technician(name="Lena Roth", skills=("ms",))
        work(project, "Repair", skill="ms")
    with unit_of_work():
        both = [planning.ask_plan(WEEK, at=NOW, actor_id=user.id).id for _number in range(2)]
    worker.drain(app)

    one, other = (planning.run_by_id(run_id) for run_id in both)
    assert (one.state, other.state) == (PlanningState.READY, PlanningState.READY)
    assert accepted(one, by_title(one)["Repair"], user) == ""
    assert "planned it meanwhile" in accepted(other, by_title(other)["Repair"], user)
    assert db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.title == "Repair")) == 1


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_everything_that_waits_is_booked_by_a_job_and_taken_back_as_one(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "AT_ONCE", 1)
    with unit_of_work():
        user, project = jonas(), projects.live()
        workforce.technician(name="Selin Aydin")
        for number in range(3):
            work(project, f"Repair {number}", minutes=120)
    run, browser = made(app, user), sign_in(user)
    page = browser.get(f"/dispatch/proposals/{run.id}").get_data(as_text=True)

    def states() -> set[ProposalState]:
        return {one.state for title, one in by_title(run).items() if title.startswith("Repair")}

    answer = browser.post(
        f"/dispatch/proposals/{run.id}/acceptance", data={"all": "1", **_token(browser, page)}
    )
    assert "/jobs/" in answer.headers["Location"]
    assert states() == {ProposalState.PROPOSED}
    worker.drain(app)
    assert states() == {ProposalState.ACCEPTED}
    assert "booked" in browser.get(answer.headers["Location"]).get_data(as_text=True)
    (together,) = {row.act for row in db.session.scalars(sa.select(undo.Undo))}
    with unit_of_work():
        undo.restore(together, at=NOW + timedelta(minutes=5))
    assert states() == {ProposalState.PROPOSED}


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_visit_that_lacks_people_keeps_its_time_and_gets_the_rest_of_its_crew(app: Flask) -> None:
    with unit_of_work():
        user, project = jonas(), projects.live()
        tomas = workforce.technician(name="Tomas Keller", skills=("ms",))
        selin = workforce.technician(name="Selin Aydin", skills=("ms",))
        short = visits.visit(project, tomas, starts="Wed 2026-03-04 09:00", title="Short", crew=2, skill="ms")
        starts_at = short.starts_at
    run = made(app, user)
    one = by_title(run)["Short"]

    assert (one.needs_people, one.starts_at, one.user_ids) == (True, starts_at, [selin.user_id])
    assert accepted(run, one, user) == ""
    assert visits.again(short).technician_ids == tuple(sorted((tomas.user_id, selin.user_id)))


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_planner_knows_who_attends_and_that_calls_are_made_from_home(app: Flask) -> None:
    """Both visits lack a second person: Dr Ito is away during one; the call is hours from where Tomas is before."""
    day = "Wed 2026-03-04"
    with unit_of_work():
        user, project = jonas(), projects.live()
        tomas = workforce.technician(name="Tomas Keller", city="Basel")
        selin = workforce.technician(name="Selin Aydin", country="ES", city="Sevilla", zone="Europe/Madrid")
        attended = visits.visit(project, tomas, starts=f"{day} 13:00", title="Attended", crew=2)
        call = visits.visit(
            project, tomas, starts=f"{day} 09:00", title="Call", crew=2, hours=1, kind=VisitKind.REMOTE_CALL
        )
        db.session.add(VisitAttendee(visit_id=attended.id, contact_id=project.contact_id))
        db.session.add(
            ContactAway(
                contact_id=project.contact_id,
                starts_local=attended.starts_local,
                ends_local=attended.ends_local,
                zone=attended.zone,
                starts_at=attended.starts_at,
                ends_at=attended.ends_at,
            )
        )
        busy = visits.visit(
            project, selin, starts=f"{day} 10:00", title="Elsewhere", hours=1, kind=VisitKind.REMOTE_CALL
        )
        assert busy.starts_at == call.ends_at
    found = by_title(made(app, user))

    assert found["Attended"].state is ProposalState.LEFT
    assert found["Attended"].facts["time"] == [["attendee", 1]]
    assert found["Call"].user_ids == [selin.user_id]


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_proposal_can_be_changed_or_rejected_and_a_rule_against_it_is_told(
    app: Flask, sign_in: SignIn
) -> None:
    with unit_of_work():
        user, project = jonas(), projects.live()
        selin = workforce.technician(name="Selin Aydin")
        lena = workforce.technician(name="Lena Roth")
        workforce.absence(lena, on("Thu 2026-03-05"))
        work(project, "Repair", minutes=240)
        work(project, "Paint", minutes=240)
    run = made(app, user)
    one, browser = by_title(run)["Repair"], sign_in(user)
    address = f"/dispatch/proposals/{run.id}/{one.id}"
    page = browser.get(address).get_data(as_text=True)

    def sent(**other: str) -> Any:  # Any: werkzeug's answer
        form = {"start_on": "2026-03-05", "start_time": "09:00", "end_on": "", "end_time": "13:00"}
        token = {**_token(browser, page), "version": str(by_title(run)["Repair"].version)}
        return browser.post(address, data={**form, "technicians": str(lena.user_id), **token, **other})

    against = sent()
    assert against.status_code == 422
    assert "Lena Roth is away" in against.get_data(as_text=True)
    assert sent(end_time="08:00").status_code == 422
    assert sent(start_on="2026-03-08", technicians="").status_code == 422
    assert sent(technicians=str(selin.user_id)).status_code == 303
    changed = by_title(run)["Repair"]
    assert (changed.user_ids, changed.starts_at) == ([selin.user_id], at("Thu 2026-03-05 08:00+00:00"))
    assert "instead of what was found" in says(changed)
    assert sent(version="1", technicians=str(selin.user_id)).status_code == 409

    paint = by_title(run)["Paint"]
    browser.post(
        f"/dispatch/proposals/{run.id}/rejection", data={"id": str(paint.id), **_token(browser, page)}
    )
    assert by_title(run)["Paint"].state is ProposalState.REJECTED
    assert "rejected this already" in accepted(run, paint, user)
    assert accepted(run, changed, user) == ""


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_who_may_not_and_what_is_not_there_is_not_found(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        user, selin = jonas(), workforce.technician(name="Selin Aydin")
        work(projects.live(), "Repair", minutes=240)
        technician = db.session.get_one(User, selin.user_id)
        run = planning.ask_plan(WEEK, at=NOW, actor_id=user.id)
    browser = sign_in(user)
    page = browser.get(f"/dispatch/proposals/{run.id}").get_data(as_text=True)
    assert sign_in(technician).get(f"/dispatch/proposals/{run.id}").status_code == 403
    assert browser.get("/dispatch/proposals/999").status_code == 404
    for ids, status in (({}, 409), ({"id": "999"}, 404), ({"id": "x"}, 409)):
        answer = browser.post(
            f"/dispatch/proposals/{run.id}/acceptance", data={**ids, **_token(browser, page)}
        )
        assert answer.status_code == status, ids
    for weeks in ("0", "13", "x", ""):
        answer = browser.post("/dispatch/proposals", data={"weeks": weeks, **_token(browser, page)})
        assert answer.status_code == 422, weeks


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
class TestTheJob:
    """It can be left, cancelled and killed; nothing half-made is ever there."""

    def started(self, app: Flask) -> tuple[User, int]:
        with unit_of_work():
            user, project = jonas(), projects.live()
            for number in range(3):
                workforce.technician(name=f"Selin{number} Aydin", skills=("ms",))
                work(project, f"Repair {number}", skill="ms")
        with unit_of_work():
            return user, planning.ask_plan(WEEK, at=NOW, actor_id=user.id).id

    def test_who_cancels_it_stops_the_search_and_nothing_is_proposed(
        self, app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user, run_id = self.started(app)
        browser = sign_in(user)
        page = browser.get(f"/dispatch/proposals/{run_id}").get_data(as_text=True)
        assert "You may leave this page" in page
        real = solver.solved

        def cancelled_meanwhile(planner: Planner, **asked: Any) -> solver.Solved:
            browser.post(f"/dispatch/proposals/{run_id}/cancellation", data=_token(browser, page))
            return real(planner, **asked)

        monkeypatch.setattr(solver, "is_installed", lambda: True)
        monkeypatch.setattr(solver, "solved", cancelled_meanwhile)
        monkeypatch.setattr(solver, "SECONDS", 30.0)
        worker.drain(app)

        db.session.rollback()
        run = planning.run_by_id(run_id)
        assert run.state is PlanningState.CANCELLED
        assert planning.proposals_of(run_id) == []
        assert db.session.get_one(Job, run.job_id).state is JobState.DONE
        assert "cancelled" in browser.get(f"/dispatch/proposals/{run_id}").get_data(as_text=True)

    def test_a_worker_killed_in_the_middle_loses_nothing(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It dies once while it searches, and once when everything was found but nothing kept."""
        _user, run_id = self.started(app)
        real = planning.keep_plan
        for name, module in (("solved", solver), ("keep_plan", planning)):
            with monkeypatch.context() as patch:
                patch.setattr(module, name, _killed)
                with pytest.raises(KeyboardInterrupt):
                    self.run_once(run_id)
            db.session.rollback()
            assert planning.run_by_id(run_id).state is PlanningState.PLANNING
            assert planning.proposals_of(run_id) == []
        assert planning.keep_plan is real
        self.run_once(run_id)
        self.run_once(run_id)  # told twice, it keeps nothing twice

        db.session.rollback()
        assert planning.run_by_id(run_id).state is PlanningState.READY
        assert sum(one.state is ProposalState.PROPOSED for one in planning.proposals_of(run_id)) >= 3

    def run_once(self, run_id: int) -> None:
        db.session.rollback()
        run = planning.run_by_id(run_id)
        assert run.job_id is not None
        result = chores.make_plan(
            chores.Progress(job_id=run.job_id, owner_id=run.asked_by_id), {"run_id": run_id}
        )
        if callable(result):
            with unit_of_work():
                result()


def _killed(*_args: object, **_more: object) -> None:
    raise KeyboardInterrupt


# ---------------------------------------------------------------- the search itself


@settings(max_examples=3, deadline=None)
@given(
    st.builds(
        drawn_problem,
        st.integers(0, 10_000),
        pieces=st.integers(2, 12),
        people=st.integers(1, 6),
        weeks=st.integers(1, 2),
        busy=st.sampled_from([0.2, 0.6]),
        is_odd=st.just(True),
    )
)
def test_a_solvers_plan_breaks_no_rule_and_is_never_worse_than_greedy(problem: Problem) -> None:
    found = solver.solved(Planner(problem), seconds=0.8)

    assert breaks(problem, found.plan) == ()
    assert found.measure <= found.greedy == Planner(problem).measure(Planner(problem).greedy())
    assert found.measure == Planner(problem).measure(found.plan)
    assert found.bound.left <= found.measure.left
    assert found.bound.late is None or found.bound.late <= found.measure.late
    assert found.bound.travel is None or found.bound.travel <= found.measure.travel
    skilled = {one.key: one.skills for one in problem.people}
    pieces = {one.key: one for one in problem.pieces}
    for one in found.plan:
        asked = pieces[one.piece].work
        held = [skilled[key].get(asked.skill) for key in one.crew]
        last_on = (one.stay.to_at or one.stay.from_at) - timedelta(minutes=1)
        assert all(each is not None for each in held)
        assert any(each is not None and each.level >= asked.level for each in held)
        assert all(
            each is not None
            and (each.until is None or each.until >= last_on.astimezone(asked.site.zone).date())
            for each in held
        )


def test_the_search_finds_what_greed_misses() -> None:
    """Who is near does what is due first, although only they could do the other, and only that day."""
    zurich, week = ZoneInfo("Europe/Zurich"), dict.fromkeys(range(5), (Hours(8 * 60, 17 * 60),))
    basel, bern = Spot("CH", "Basel", 47.56, 7.59, "home"), Spot("CH", "Bern", 46.95, 7.45, "home")
    here = Work(Place("Rheintal", zurich, week), Spot("CH", "Basel", 47.57, 7.6, "Rheintal"), "ms", 1)
    away = Taken(Span(at("Tue 2026-11-24 00:00+00:00"), at("Sat 2026-11-28 00:00+00:00")), Rule.LEAVE)
    near = Person("near", "Near", Place("n", zurich, week), basel, (away,), {"ms": Certificate(3)})
    far = Person("far", "Far", Place("f", zurich, week), bern, (), {"ms": Certificate(1)})
    problem = Problem(
        (
            Piece("easy", here, 480, on("Mon 2026-11-23")),
            Piece("hard", replace(here, level=3), 480, on("Tue 2026-11-24")),
        ),
        (near, far),
        Span(at("Mon 2026-11-23 00:00+00:00"), at("Sat 2026-11-28 00:00+00:00")),
    )

    found = solver.solved(Planner(problem), seconds=30.0)  # it ends as soon as nothing better is possible

    assert (found.greedy.left, found.measure.left, found.measure.late) == (1, 0, 0)
    assert (found.was_searched, found.is_better, found.bound.left) == (True, True, 0)
    assert {one.piece: one.crew for one in found.plan} == {"easy": ("far",), "hard": ("near",)}


@pytest.mark.parametrize(
    "says",
    [
        "import sys; sys.exit(1)",
        "print('nonsense', flush=True); print('{\"stage\": 0}')",
        'print(\'{"stage": 0, "chosen": [0, 1, 2, 3, 4, 5], "bound": 0, "value": 0}\')',
        "import time; time.sleep(60)",
    ],
)
def test_whatever_the_child_does_the_greedy_plan_stands(
    says: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    child.write_text(f"import sys\nsys.stdin.read()\n{says}\n")
    monkeypatch.setattr(solver, "_CHILD", child)
    monkeypatch.setattr(solver, "GRACE", 0.5)
    problem = drawn_problem(2, pieces=8, people=4, weeks=1)
    found = solver.solved(Planner(problem), seconds=0.5)
    assert found.measure <= found.greedy
    assert breaks(problem, found.plan) == ()


@pytest.mark.usefixtures("in_march")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_without_the_extra_the_greedy_plan_stands_and_says_so(app: Flask) -> None:
    with unit_of_work():
        user, project = jonas(), projects.live()
        workforce.technician(name="Selin Aydin")
        work(project, "Repair")
    run = made(app, user)
    assert by_title(run)["Repair"].state is ProposalState.PROPOSED
    assert run.result is not None
    assert "No solver is installed" in proposal_words.compared(run.result)


def test_nothing_of_the_solver_is_loaded_with_the_application() -> None:
    assert "ortools" not in sys.modules


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_rule_has_words(app: Flask) -> None:
    with app.test_request_context(), force_locale("de"):
        assert all(proposal_words.ruled_out(rule) for rule in Rule)
