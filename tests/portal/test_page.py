"""What the customer reads first: the situation, the way with the days that we hold to, and the one next task."""

import re
from datetime import date

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from concierge.accounts.models import Contact
from concierge.catalogue.states import MilestoneKind
from concierge.platform import clock as clocks
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import holding, rescheduling
from concierge.projects.models import Project, Promise
from concierge.projects.states import BlockCause, Party, ProjectState, ShownOn
from concierge.readiness.actions import linking
from tests.makers import projects, readiness
from tests.portal.conftest import SOON, Customer, link_of


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def now(project: Project) -> Project:
    return projects.now(project)


def test_the_page_opens_on_the_one_next_task_and_the_whole_way(project: Project, customer: Customer) -> None:
    page = customer.get()

    assert heading(page) == "8 points need you"
    assert page.index("Dedicated circuit is live") < page.index("What your site needs")
    steps = re.findall(r'<span class="name">([A-Z][a-z]+)', page)
    assert steps == ["Order", "Preparation", "Delivery", "Installation", "Training", "Handover"]
    assert page.count('aria-current="step"') == 1
    assert "Wed 29 Apr" in page
    assert "Cannot start yet" in page, "the list cannot be signed yet"
    assert "Maja Lindqvist" in page
    assert "there now" in page


def test_what_is_done_is_said_plainly_and_what_is_late_is_not_overlooked(
    project: Project, customer: Customer, clock: time_machine.Traveller
) -> None:
    circuit = readiness.item(project, "circuit")
    customer.post(f"/items/{circuit.id}", page=f"/items/{circuit.id}", answer="yes")

    assert "Completed" in customer.get()

    clock.move_to(SOON.replace(month=4, day=20))
    page = customer.get()
    assert re.search(r"\d points are late", heading(page))
    assert "days late" in page


def test_the_dates_that_are_shown_enter_the_ledger_once(project: Project, customer: Customer) -> None:
    customer.get()
    customer.get("/visits")
    customer.get()

    db.session.rollback()
    rows = db.session.scalars(sa.select(Promise).where(Promise.shown_on == ShownOn.PAGE)).all()
    assert {row.milestone_key for row in rows} >= {"delivery", "install", "handover"}
    assert len({(row.milestone_key, row.finish_on) for row in rows}) == len(rows)
    shown = {row.milestone_key: row.finish_on for row in rows}
    for one in now(project).milestones:
        if one.key in shown:
            assert shown[one.key] == one.promised_on


def test_a_forecast_is_not_told_and_delivery_that_moved_shows_both_days(
    app: Flask, project: Project, customer: Customer
) -> None:
    with unit_of_work():
        delivery = projects.milestone(now(project), "delivery")
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=date(2026, 5, 13),
            reason="A SECRET REASON",
            actor_id=None,
            at=clocks.now(),
        )
    worker.drain(app)

    page = customer.get()

    moved = now(project)
    assert "Wed 13 May" in page
    assert "was Wed 29 Apr" in page
    assert "A SECRET REASON" not in page
    handover = next(one for one in moved.milestones if one.kind is MilestoneKind.HANDOVER)
    assert handover.forecast_on != handover.promised_on
    assert handover.forecast_on is not None
    assert f"{handover.forecast_on:%-d %b}" not in page


def test_we_say_first_that_we_are_late(
    project: Project, customer: Customer, clock: time_machine.Traveller
) -> None:
    with unit_of_work():
        for item in readiness.checklist(project).items:
            item.due_on = date(2027, 1, 4)
    clock.move_to(SOON.replace(month=5, day=4))

    page = customer.get()

    assert heading(page) == "We are late with the delivery"
    assert "Wed 29 Apr" in page


def test_a_project_on_hold_says_since_when_and_not_why(project: Project, customer: Customer) -> None:
    with unit_of_work():
        holding.hold(
            project.id,
            cause=BlockCause.CONTRACT,
            party=Party.CUSTOMER,
            first_on=clocks.today("Europe/Zurich"),
            expected_on=None,
            reason="THEY DO NOT PAY",
            actor_id=None,
            at=clocks.now(),
        )

    page = customer.get()

    assert heading(page) == "The project rests"
    assert "Mon 2 Mar" in page
    assert "THEY DO NOT PAY" not in page


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (ProjectState.CANCELLED, "This project was cancelled"),
        (ProjectState.DONE, "Your instrument is handed over"),
    ],
)
def test_what_has_ended_asks_for_nothing(
    project: Project, customer: Customer, state: ProjectState, says: str
) -> None:
    with unit_of_work():
        found = db.session.get_one(Project, project.id)
        found.state = state
        if state is ProjectState.CANCELLED:
            found.cancelled_at, found.cancel_reason = clocks.now(), "NOT FOR THEM"
        else:
            found.finished_on = clocks.today("Europe/Zurich")

    page = customer.get()
    item = readiness.item(project, "person")
    answer = customer.post(f"/items/{item.id}", page="/questions", answer="too late")

    assert heading(page) == says
    assert "NOT FOR THEM" not in page
    assert "Next for you" not in page
    assert answer.status_code == 404


def test_when_nothing_is_to_do_the_page_says_what_comes_next(project: Project, customer: Customer) -> None:
    with unit_of_work():
        for item in readiness.checklist(project).items:
            item.is_asked = False

    page = customer.get()

    assert heading(page) == "Nothing to do for you now"
    assert "We hold to Wed 29 Apr for the delivery." in page


@pytest.mark.parametrize(
    ("language", "direction"), [("de", "ltr"), ("fr", "ltr"), ("es", "ltr"), ("ja", "ltr"), ("ar", "rtl")]
)
def test_the_page_speaks_the_language_that_is_chosen(
    project: Project, customer: Customer, language: str, direction: str
) -> None:
    answer = customer.post("/language", language=language)
    assert answer.status_code == 303

    page = customer.get()

    assert f'<html lang="{language}"' in page
    assert ('dir="rtl"' in page.partition(">")[2][:200]) is (direction == "rtl")
    assert link_of(project).language == language
    assert 'lang="en"' in page, "a text of the playbook that is not written in it says so"


def test_a_language_that_we_do_not_write_is_english(customer: Customer) -> None:
    customer.post("/language", language="xx\r\nSet-Cookie: a=b")

    assert '<html lang="en"' in customer.get()


def test_a_person_at_the_customers_gets_the_page_in_their_own_language(app: Flask, client: object) -> None:
    with time_machine.travel(SOON, tick=True):
        with unit_of_work():
            made = readiness.project(language="de-CH")
            assert made.contact is not None
            link = linking.give_link(made, made.contact, at=clocks.now(), actor_id=None)
        assert link.language == "de"


def test_milestones_of_ours_are_not_on_the_way(project: Project, customer: Customer) -> None:
    from concierge.catalogue.states import Audience

    with unit_of_work():
        for one in now(project).milestones:
            if one.kind is MilestoneKind.TRAINING:
                one.audience = Audience.INTERNAL

    assert "Training" not in re.findall(r'<span class="name">([A-Z][a-z]+)', customer.get())


def test_an_hour_is_said_for_the_site_and_for_the_reader(project: Project, customer: Customer) -> None:
    from tests.makers import visits, workforce

    with unit_of_work():
        engineer = workforce.technician(name="Tomas Berg")
    with unit_of_work():
        visit = visits.visit(now(project), engineer)
        db.session.get_one(Contact, project.contact_id).zone = "Asia/Tokyo"
        shown = f"{visit.starts_local:%H:%M}"

    page = customer.get("/visits")

    assert shown in page
    assert "On your clock:" in page
    assert "Please prepare:" in page
    calendar = re.search(r'href="([^"]+\.ics)"', page)
    assert calendar
    file = customer.browser.get(calendar[1])
    assert file.data.count(b"BEGIN:VEVENT") == 1
