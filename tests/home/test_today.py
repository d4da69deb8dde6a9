"""Today: what needs whom, in order, and what happens at sites. It is Tuesday 17 March 2026, 09:42 UTC."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.states import GateKind, MilestoneKind
from concierge.home import agenda
from concierge.identity.actions import asides
from concierge.identity.models import PutAside, User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import milestones, rescheduling
from concierge.projects.models import CalendarProposal, Hold, Milestone, Project
from concierge.projects.states import BlockCause, CalendarProposalState, GateState, Party
from concierge.visits.actions import progress
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState
from concierge.workforce.models import BusyTime, OwnCalendar, Technician
from concierge.workforce.states import BusyKind, OwnCalendarState
from tests.conftest import csrf_token
from tests.makers import orders, people, projects, visits, workforce

SignIn = Callable[[User], FlaskClient]
NOW = datetime(2026, 3, 17, 9, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def page(browser: FlaskClient, path: str = "/today") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def block_first(project: Project) -> Milestone:
    """Block the first milestone that is open."""
    milestone = next(one for one in project.milestones if one.finished_on is None)
    milestones.block(
        project.id, milestone.id, cause=BlockCause.POWER, reason="32 A outlet missing", actor_id=None, at=NOW
    )
    return milestone


def test_strangers_are_asked_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/today")

    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_the_first_day_says_what_to_do_first(ada: FlaskClient) -> None:
    text = page(ada)

    assert "Nothing needs you" in text
    assert "There is no project yet" in text
    assert "/orders/import" in text


def test_a_blocked_milestone_stands_first_with_its_reason(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = block_first(project)

    text = page(ada)

    act_now = text.split('aria-label="Act now"')[1].split("</ul>")[0]
    assert "you now</h1>" in text
    assert f"Clear the way for {milestone.name['en']}" in act_now
    assert "32 A outlet missing" in text
    assert f"/projects/{project.key}" in text


def test_a_draft_waits_for_those_who_may_approve_it(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        projects.draft()
        ada, dora = people.user(), people.user(name="Dora Vogt", role=Role.DISPATCHER)

    assert "Approve the plan of" in page(sign_in(ada))
    assert "Approve the plan of" not in page(sign_in(dora))


def test_a_line_nobody_understands_waits_to_be_matched_once(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        order = orders.order(orders.site())

    text = page(ada)

    assert "Match 1 line of order SO-48213" in text
    assert "Mystery box" in text
    assert f"/orders/{order.id}" in text


def test_a_confirmed_visit_without_its_plan_asks_for_a_decision(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = projects.milestone(project, "install")
        tomas = workforce.technician()
        visit = visits.visit(
            project, tomas, milestone=milestone, state=VisitState.CONFIRMED,
            starts=f"{milestone.forecast_start_on:%a %Y-%m-%d} 09:00", reason="for the test",
        )  # fmt: skip
    with unit_of_work():
        moved = projects.milestone(project, "install")
        rescheduling.move_milestone(
            project.id, moved.id, to=moved.forecast_start_on + timedelta(days=14), reason="later",
            actor_id=None, at=NOW,
        )  # fmt: skip

    text = page(ada)

    assert "Keep or move Install the spectrometer" in text
    assert f"/visits/{visit.id}" in text


def test_a_technician_sees_own_visits_and_nobody_elses(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        mallory = people.user(name="Mallory Kern", role=Role.TECHNICIAN)
        visits.visit(project, tomas, title="Level the magnet", starts="Tue 2026-03-17 13:00")
        tomas_user = db.session.get_one(User, tomas.user_id)

    own, strange = page(sign_in(tomas_user)), page(sign_in(mallory))

    assert "One visit today" in own
    assert "Level the magnet" in own
    assert "Level the magnet" not in strange
    assert "Halden" not in strange


def test_sites_today_counts_the_days_of_a_visit_and_knows_who_is_there(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        visits.visit(
            project, tomas, title="Install", starts="Mon 2026-03-16 09:00", ends="Wed 2026-03-18 17:00"
        )

    text = page(ada)

    assert "Install, day 2 of 3" in text
    assert "10:42 there now" in text
    assert "Visits of Tue 17 Mar by site" in text


def test_what_changed_is_told_in_the_readers_words_with_who_did_it(
    app: Flask, ada: FlaskClient, sign_in: SignIn
) -> None:
    with unit_of_work():
        project = projects.live()
        first = next(one for one in project.milestones if one.finished_on is None)
        first.name = {"en": "Survey", "de": "Begehung"}
        bea, uwe = people.user(name="Bea Roth"), people.user(name="Uwe Kern", language="de")
        visit = visits.visit(project, title="Survey", starts="Thu 2026-03-19 09:00")
        visit.titles = first.name
        progress.let_wait(visit, {"en": "x", "de": "x"})
        milestones.finish(project.id, first.id, on=NOW.date(), actor_id=bea.id, at=NOW)

    english, german = page(ada), page(sign_in(uwe), "/today?whose=all")

    assert "<b>Halden Biologics:</b></a> Survey is done" in english
    assert "Bea Roth" in english
    assert "<b>Halden Biologics:</b></a> Begehung ist erledigt" in german
    assert "Begehung lassen oder verschieben" in german
    assert "Survey" not in german


def test_a_concierge_sees_own_projects_first_and_all_when_asked(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        ada = people.user()
        own, other = (
            projects.draft(),
            projects.draft(place=orders.site(account="Nishiyama", key="NP"), number="SO-2"),
        )
        own.concierge_id, other.concierge_id = ada.id, None

    browser = sign_in(ada)

    assert other.key not in page(browser).split("Sites today")[0]
    assert other.key in page(browser, "/today?whose=all")


def test_more_projects_do_not_mean_more_questions(app: Flask, ada: FlaskClient) -> None:
    def statements() -> int:
        seen: list[str] = []

        def count(*args: object) -> None:
            seen.append(str(args[2]))

        sa.event.listen(db.engine, "before_cursor_execute", count)
        page(ada, "/today?whose=all")
        sa.event.remove(db.engine, "before_cursor_execute", count)
        return len(seen)

    with unit_of_work():
        block_first(projects.live())
        projects.draft(place=orders.site(account="Nishiyama", key="NP"), number="SO-2")
    few = statements()
    with unit_of_work():
        for n in range(4):
            block_first(projects.live(place=orders.site(account=f"More {n}", key=f"M{n}"), number=f"SO-1{n}"))
            projects.draft(place=orders.site(account=f"Draft {n}", key=f"D{n}"), number=f"SO-3{n}")

    assert statements() <= few
    assert few <= 44, "with the two that begin a transaction on SQLite"


def line(text: str, title: str) -> str:
    """What the buttons of the line with a title name: by which it is put aside."""
    found = re.search(r'value="done ([^"]+)"', text.split(title)[1])
    assert found
    return found[1]


def aside(browser: FlaskClient, put: str, **values: str) -> int:
    token = csrf_token(browser, "/settings/me")
    return browser.post("/today/asides", data={"csrf_token": token, "put": put, **values}).status_code


def shown(text: str) -> str:
    """What stands on the page before what was put aside."""
    return text.split("Put aside")[0]


DRAFT = "Approve the plan of"


@pytest.mark.parametrize(
    ("values", "comes_back_at"),
    [
        ({"put": "tomorrow"}, datetime(2026, 3, 18, 5, 0, tzinfo=UTC)),
        ({"put": "week"}, datetime(2026, 3, 23, 5, 0, tzinfo=UTC)),
        ({"put": "day", "day": "2026-04-01"}, datetime(2026, 4, 1, 4, 0, tzinfo=UTC)),
        ({"put": "done"}, None),
    ],
)
def test_a_line_is_put_aside_until_the_morning_of_a_day_in_ones_own_zone(
    app: Flask, ada: FlaskClient, sign_in: SignIn, values: dict[str, str], comes_back_at: datetime | None
) -> None:
    with unit_of_work():
        projects.draft()
    put = f"{values['put']} {line(page(ada), DRAFT)}"
    assert aside(ada, put, **{name: value for name, value in values.items() if name != "put"}) == 303

    assert DRAFT not in shown(page(ada))
    assert DRAFT in page(ada), "it stands among what was put aside"
    if comes_back_at is None:
        return
    with time_machine.travel(comes_back_at - timedelta(minutes=1), tick=False):
        assert DRAFT not in shown(page(still_in(sign_in)))
    with time_machine.travel(comes_back_at, tick=False):
        assert DRAFT in shown(page(still_in(sign_in)))


def still_in(sign_in: SignIn) -> FlaskClient:
    """The coordinator, signed in anew because days have passed."""
    return sign_in(db.session.scalars(sa.select(User).where(User.email.startswith("ada@"))).one())


def test_undo_and_bring_back_show_a_line_again(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        projects.draft()
    aside(ada, "week " + line(page(ada), DRAFT))
    text = page(ada)
    undo = re.search(r'class="toast".*?action="(/today/asides/[0-9]+/return)"', text, re.DOTALL)
    again = re.search(r'action="(/today/asides/[0-9]+/return)"[^>]*>.*?Bring back', text, re.DOTALL)
    assert undo
    assert again
    assert undo[1] in text.split("Put aside until")[1]

    token = csrf_token(ada, "/settings/me")
    assert ada.post(again[1], data={"csrf_token": token}).status_code == 303

    assert DRAFT in shown(page(ada))
    assert ada.post(again[1], data={"csrf_token": token}).status_code == 404, "once is enough"


def test_what_is_done_with_comes_back_when_it_becomes_worse(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = block_first(project)
        project.slip_workdays = 2
    title = f"Clear the way for {milestone.name['en']}"
    put = line(page(ada), title)
    assert put == f"blocked:{milestone.id}#2"
    aside(ada, f"done {put}")
    assert title not in shown(page(ada))

    with unit_of_work():
        db.session.get_one(Project, project.id).slip_workdays = 1
    assert title not in shown(page(ada)), "better is no reason"
    with unit_of_work():
        db.session.get_one(Project, project.id).slip_workdays = 3
    assert title in shown(page(ada))


def test_nobody_brings_back_or_loses_what_another_put_aside(
    app: Flask, ada: FlaskClient, sign_in: SignIn
) -> None:
    with unit_of_work():
        projects.draft()
        bea = people.user(name="Bea Roth")
    aside(ada, "done " + line(page(ada), DRAFT))
    browser = sign_in(bea)
    number = db.session.scalar(sa.select(PutAside.id))

    token = csrf_token(browser, "/settings/me")
    assert browser.post(f"/today/asides/{number}/return", data={"csrf_token": token}).status_code == 404
    assert DRAFT in shown(page(browser, "/today?whose=all"))
    assert DRAFT not in shown(page(ada))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "values",
    [
        {"put": "day draft:1#0"},
        {"put": "day draft:1#0", "day": "2026-03-17"},
        {"put": "day draft:1#0", "day": "2028-01-01"},
        {"put": "day draft:1#0", "day": "soon"},
        {"put": "never draft:1#0"},
        {"put": "done draft:1#x"},
        {"put": "done draft:1#9#0"},
        {"put": "done draft:01#0"},
        {"put": "done draft:1#00"},
        {"put": "done draft:\u0661#0"},
        {"put": "done nothing:1#0"},
        {"put": "done draft:999#0"},
        {"put": "done visit:1#0"},
        {"put": "done draft:1#0\n"},
        {"put": "done " + "x" * 5000},
        {"put": ""},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(ada: FlaskClient, values: dict[str, str]) -> None:
    assert aside(ada, **values) == 409

    assert db.session.scalar(sa.select(sa.func.count(PutAside.id))) == 0


def test_another_day_is_asked_for_on_a_page_of_its_own(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        projects.draft()
    asked = re.search(r'href="(/today/asides/new[^"]+)"', page(ada))
    assert asked

    text = page(ada, asked[1])

    assert "When shall it come back?" in text
    assert f'value="day {line(page(ada), DRAFT)}"' in text
    assert 'min="2026-03-18"' in text
    assert ada.get("/today/asides/new?line=nothing").status_code == 404


def test_a_person_keeps_a_bounded_number_of_things_aside(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        for number in range(asides.MOST + 5):
            asides.put_aside(user_id=ada.id, key=f"draft:{number}", level=0, until=None, at=NOW)

    kept = db.session.scalars(sa.select(PutAside.key).order_by(PutAside.id)).all()
    assert len(kept) == asides.MOST
    assert kept[-1] == f"draft:{asides.MOST + 4}#0"


def test_a_held_gate_close_to_its_date_says_what_is_missing(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = next(one for one in project.milestones if one.kind is MilestoneKind.DELIVERED)
        delivery.forecast_start_on = NOW.date() + timedelta(days=2)
        gate = next(one for one in project.gates if one.kind is GateKind.SHIP)
        gate.state, gate.open_items = GateState.HELD, 2
        gate.holding = [{"key": "power", "requirement": {"en": "32 A outlet"}, "due_on": "2026-03-10"}]

    text = page(ada)

    assert f"Get 2 items ready, or move “{delivery.name['en']}”" in text
    assert "Shipping is held; first: 32 A outlet." in text
    assert "in 2 days" in text


def test_a_hold_that_should_be_over_asks_to_go_on(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        project.held_on = NOW.date() - timedelta(days=7)
        db.session.add(
            Hold(
                project_id=project.id, first_on=project.held_on, expected_on=NOW.date(), cause=BlockCause.BUILDING,
                party=Party.CUSTOMER, reason="The new wing is late.", held_at=NOW,
            )
        )  # fmt: skip

    text = page(ada)

    assert f"Let {project.key} go on, or say how long it rests" in text
    assert "On hold: The new wing is late. Work was to resume on Tue 17 Mar." in text


def test_a_plan_that_cannot_meet_a_day_says_which(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        project.conflicts = [
            {
                "kind": "not after", "key": "install", "milestone": {"en": "Installation"},
                "wanted_on": "2026-04-10", "possible_on": "2026-04-17",
            }
        ]  # fmt: skip

    assert "Installation was wanted for Fri 10 Apr; the plan gives Fri 17 Apr." in page(ada)
    assert "1 conflict" in page(ada)


def test_a_late_promise_names_both_days_and_the_slip(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        project.slip_workdays = 4
        project.promised_handover_on = date(2026, 5, 1)
        project.forecast_handover_on = date(2026, 5, 7)
        for milestone in project.milestones:
            milestone.promised_on = date(2026, 5, 1)

    text = page(ada)

    assert "Agree a new handover with Halden Biologics" in text
    assert "Thu 7 May, 4 working days after the 1 May we promised." in text


def test_a_change_of_a_calendar_waits_for_those_who_schedule(
    app: Flask, ada: FlaskClient, sign_in: SignIn
) -> None:
    with unit_of_work():
        db.session.add(
            CalendarProposal(
                state=CalendarProposalState.OPEN, title="Works holiday", change={}, made_at=NOW,
                projects=3, promises=1,
            )
        )  # fmt: skip
        dora = people.user(name="Dora Vogt", role=Role.DISPATCHER)

    assert "Apply or dismiss “Works holiday”" in page(ada)
    assert "It moves 3 projects; 1 promise would be missed." in page(ada)
    address = re.search(r'href="(/calendars/changes/[0-9]+)"', page(ada))
    assert address
    assert ada.get(address[1]).status_code != 404
    assert "Works holiday" in page(sign_in(dora))


def test_the_heading_counts_what_is_there_and_says_when_there_is_more(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        first = projects.draft()
        order = first.order_id
        place = orders.site(account="Nishiyama", key="NP")
        for number in range(agenda.MOST):
            more = orders.order(place, number=f"SO-9{number}")
            db.session.add(
                Project(
                    key=f"NP-{number}", name="Flow", order_id=more.id, account_id=place.account_id,
                    site_id=place.id, created_at=NOW, starts_on=NOW.date(),
                )
            )  # fmt: skip
    assert order

    text = page(ada, "/today?whose=all")

    assert re.search(r"<h1>More than [0-9]+ things can be done today</h1>", text)
    assert "+</span>" in text.split("Today and the days after")[1][:80]


def test_a_german_reads_german(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        projects.draft()
        uwe = people.user(name="Uwe Kern", language="de")

    text = page(sign_in(uwe), "/today?whose=all")

    assert "freigeben</a>" in text
    assert "Zurückgestellt" not in text


def test_the_sidebar_names_only_what_one_may_open(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        ada = people.user()
        tomas_user = db.session.get_one(User, tomas.user_id)

    assert 'href="/accounts"' in page(sign_in(ada))
    assert 'href="/accounts"' not in page(sign_in(tomas_user))


@pytest.fixture
def visit(app: Flask) -> int:
    """A visit of Tomas tomorrow."""
    with unit_of_work():
        visit = visits.visit(
            projects.live(), workforce.technician(), title="Calibrate", starts="Wed 2026-03-18 09:00"
        )
        return visit.id


@pytest.fixture
def tomas(visit: int, sign_in: SignIn) -> FlaskClient:
    return sign_in(db.session.scalars(sa.select(User).where(User.role == Role.TECHNICIAN)).one())


@pytest.mark.parametrize("until", ["done", "tomorrow", "week"])
def test_a_technicians_line_is_put_aside_and_brought_back(tomas: FlaskClient, until: str) -> None:
    put = line(page(tomas), "Calibrate")
    assert put.startswith("visit:")

    assert aside(tomas, f"{until} {put}") == 303
    text = page(tomas)
    assert ">Calibrate<" not in shown(text).split("toast")[0]
    again = re.search(r'action="(/today/asides/[0-9]+/return)"[^>]*>.*?Bring back', text, re.DOTALL)
    assert again

    token = csrf_token(tomas, "/settings/me")
    assert tomas.post(again[1], data={"csrf_token": token}).status_code == 303
    assert ">Calibrate<" in page(tomas)
    assert "Bring back" not in page(tomas)


def test_a_visit_that_moves_or_is_to_be_reported_comes_back(
    visit: int, tomas: FlaskClient, sign_in: SignIn
) -> None:
    def is_listed(browser: FlaskClient) -> bool:
        return ">Calibrate<" in page(browser).split(">Put aside")[0]

    aside(tomas, "done " + line(page(tomas), "Calibrate"))
    assert not is_listed(tomas)

    with unit_of_work():
        row = db.session.get_one(Visit, visit)
        row.sequence += 1
    assert is_listed(tomas)

    aside(tomas, "done " + line(page(tomas), "Calibrate"))
    assert not is_listed(tomas)
    with time_machine.travel(datetime(2026, 3, 18, 20, tzinfo=UTC), tick=False):
        person = db.session.scalars(sa.select(User).where(User.role == Role.TECHNICIAN)).one()
        assert is_listed(sign_in(person)), "it is over and nobody said how it went"


def test_nobody_puts_aside_what_is_not_on_their_own_page(
    visit: int, ada: FlaskClient, tomas: FlaskClient
) -> None:
    with unit_of_work():
        draft = projects.draft(number="SO-9", place=orders.site(account="Other", key="OT"))

    assert aside(ada, f"done visit:{visit}#0") == 409
    assert aside(tomas, f"done draft:{draft.id}#0") == 409
    assert aside(ada, f"done draft:{draft.id}#0") == 303


def test_a_level_that_was_made_up_hides_nothing_that_becomes_worse(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live()
        milestone = block_first(project)
        project.slip_workdays = 2
    aside(ada, f"done blocked:{milestone.id}#999999")

    with unit_of_work():
        db.session.get_one(Project, project.id).slip_workdays = 3

    assert f"Clear the way for {milestone.name['en']}" in shown(page(ada))


def own_calendar_of_tomas(*times: tuple[datetime, datetime], reason: str = "") -> Visit:
    """Tomas goes on Friday, and has a calendar of his own that says when he is taken."""
    with unit_of_work():
        tomas = workforce.technician()
        project = projects.live()
        visit = visits.visit(project, tomas, starts="Fri 2026-03-20 09:00", at=NOW)
    with unit_of_work():
        member = db.session.scalars(sa.select(VisitTechnician)).one()
        member.conflict_reason = reason
        workforce.own_calendar(db.session.get_one(Technician, tomas.id), *times, at=NOW - timedelta(hours=1))
    return visit


FRIDAY = datetime(2026, 3, 20, 7, 30, tzinfo=UTC)


def test_a_visit_that_became_taken_in_an_own_calendar_is_a_line_until_put_aside(
    ada: FlaskClient,
) -> None:
    visit = own_calendar_of_tomas((FRIDAY, FRIDAY + timedelta(hours=2)))

    text = page(ada)

    assert f"Ask whether Tomas Keller can go: {visit.title}" in text
    assert "Their own calendar says taken, Fri 20 Mar, 08:30–10:30, time at the site." in text
    assert aside(ada, f"done {line(text, 'Ask whether Tomas Keller can go')}") == 303
    assert "Ask whether Tomas" not in shown(page(ada))
    assert visits.again(visit).sequence == visit.sequence


@pytest.mark.parametrize("how", ["free", "for a reason", "not sure"])
def test_a_visit_that_nothing_stands_against_is_no_line(ada: FlaskClient, how: str) -> None:
    shift = timedelta(days=1) if how == "free" else timedelta()
    own_calendar_of_tomas(
        (FRIDAY + shift, FRIDAY + shift + timedelta(hours=2)),
        reason="He swaps" if how == "for a reason" else "",
    )
    if how == "not sure":
        with unit_of_work():
            db.session.execute(sa.update(BusyTime).values(kind=BusyKind.TENTATIVE))

    assert "Ask whether Tomas" not in page(ada)


def test_an_own_calendar_that_cannot_be_read_for_a_day_is_a_line(ada: FlaskClient) -> None:
    own_calendar_of_tomas()
    with unit_of_work():
        calendar = db.session.scalars(sa.select(OwnCalendar)).one()
        calendar.state, calendar.fetched_at = OwnCalendarState.STALE, NOW - timedelta(hours=23)
    assert "whether their own calendar has moved" not in page(ada)
    with unit_of_work():
        calendar = db.session.scalars(sa.select(OwnCalendar)).one()
        calendar.fetched_at = NOW - timedelta(hours=49)

    text = page(ada)

    assert "Ask Tomas Keller whether their own calendar has moved" in text
    assert "they go on 1 visit in the next two weeks" in text
