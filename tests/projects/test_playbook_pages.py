"""Pages that offer a version to projects, try a playbook, and fill in fields of the company's own."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue import queries as catalogue
from concierge.catalogue.actions import drafting, playbooks
from concierge.catalogue.contents import FieldPart, MessagePart
from concierge.catalogue.states import Audience, FieldKind
from concierge.home.views import adopting
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects.actions import bulk
from concierge.projects.actions import fields as filling
from concierge.projects.models import Project
from concierge.projects.queries import fields as own
from concierge.readiness import queries as readiness
from concierge.readiness.document import printing
from concierge.readiness.document.filling import filled
from tests.conftest import csrf_token
from tests.makers import orders, people, projects

SignIn = Callable[[User], FlaskClient]

FIELDS = (
    FieldPart(key="cost-centre", name={"en": "Cost centre"}, kind=FieldKind.TEXT, audience=Audience.CUSTOMER),
    FieldPart(key="lid", name={"en": "Weight of the lid"}, kind=FieldKind.NUMBER, unit="kg"),
    FieldPart(key="signed", name={"en": "Signed on"}, kind=FieldKind.DATE),
    FieldPart(
        key="floor",
        name={"en": "Floor"},
        kind=FieldKind.CHOICE,
        choices={"cellar": {"en": "Cellar"}, "top": {"en": "Top"}},
    ),
    FieldPart(key="crane", name={"en": "Crane"}, kind=FieldKind.YES_NO),
)
LETTER = MessagePart(
    key="soon",
    milestone_key="delivery",
    offset_workdays=-5,
    subject={"en": "Soon {date}"},
    text={"en": "Soon."},
)


class Known(NamedTuple):
    """A project under way."""

    id: int
    key: str


def live(*, number: str = "SO-1", account: str = "Halden Biologics", key: str = "HB") -> Known:
    with unit_of_work():
        project = projects.live(place=orders.site(account=account, key=key), number=number)
        return Known(project.id, project.key)


def publish(**parts: object) -> None:
    """Publish the next version of the standard playbook with other parts."""
    with unit_of_work():
        whole = catalogue.contents_of("standard")
        version = drafting.import_draft(replace(whole, **parts), actor_id=None, at=orders.RECEIVED)  # type: ignore[arg-type]  # parts of a playbook
        playbooks.publish(catalogue.version_for_change(version.id), actor_id=None, at=orders.RECEIVED)


def longer() -> tuple[object, ...]:
    whole = catalogue.contents_of("standard")
    db.session.rollback()
    return tuple(replace(one, workdays=5) if one.key == "install" else one for one in whole.milestones)


def browser_of(sign_in: SignIn, role: Role = Role.CONCIERGE) -> FlaskClient:
    with unit_of_work():
        person = people.user(role=role, language="en")
    return sign_in(person)


def handover(key: str) -> object:
    db.session.rollback()
    db.session.expunge_all()
    return db.session.query(Project).filter(Project.key == key).one().forecast_handover_on


def test_several_projects_take_a_version_over_exactly_as_it_was_shown(app: Flask, sign_in: SignIn) -> None:
    first, second = live(), live(number="SO-2", account="Carver State", key="CS")
    publish(milestones=longer())
    browser = browser_of(sign_in)
    token = {"csrf_token": csrf_token(browser, "/playbooks/standard/adoption")}
    before = handover(first.key), handover(second.key)

    listed = browser.get("/playbooks/standard/adoption").get_data(as_text=True)
    none = browser.post("/playbooks/standard/adoption", data=token)
    looked = browser.post("/playbooks/standard/adoption", data={**token, "project": [first.key, second.key]})
    shown = looked.get_data(as_text=True)
    assert (handover(first.key), handover(second.key)) == before, "looking changes nothing"
    agreed = dict(re.findall(r'name="(agreed-[^"]+)" value="([^"]+)"', shown))
    done = browser.post(
        "/playbooks/standard/adoption",
        data={
            **token,
            **agreed,
            f"agreed-{second.key}": "something else",
            "act": "do",
            "project": [first.key, second.key],
        },
    ).get_data(as_text=True)

    assert "2 running projects follow an older version" in listed
    assert none.status_code == 422
    assert "Handover moves in 2" in shown
    assert "1 project follows version 2 now" in done
    assert "has changed since you looked" in done
    assert handover(first.key) > before[0]  # type: ignore[operator]  # dates
    assert handover(second.key) == before[1]


def test_many_projects_take_a_version_over_by_jobs_and_all_go_back_at_once(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    first, second = live(), live(number="SO-2", account="Carver State", key="CS")
    publish(milestones=longer())
    browser = browser_of(sign_in)
    page = "/playbooks/standard/adoption"
    token = {"csrf_token": csrf_token(browser, page)}
    before = handover(first.key), handover(second.key)

    look = browser.post(page, data={**token, "project": [first.key, second.key]}).location or ""
    assert look.startswith("/jobs/")
    drain(app)
    looked = f"/projects/bulk/{look.rpartition('/')[2]}"
    assert "Version 2 of Standard is taken over in each" in browser.get(looked).get_data(as_text=True)
    assert (handover(first.key), handover(second.key)) == before, "looking changes nothing"
    job = browser.post(looked, data=token).location or ""
    assert job.startswith("/jobs/")
    drain(app)

    done = browser.get(f"/projects/bulk/{job.rpartition('/')[2]}").get_data(as_text=True)
    undo = re.findall(r'action="(/undo/[^"]+)"', done)[0]
    assert "Every running project follows version 2" in browser.get(page).get_data(as_text=True)
    assert browser.post(undo, data=token).status_code == 303
    assert "2 running projects follow an older version" in browser.get(page).get_data(as_text=True)


def drain(app: Flask) -> None:
    db.session.remove()
    worker.drain(app)
    db.session.remove()


def test_one_project_sees_what_it_would_do_and_can_take_it_back(app: Flask, sign_in: SignIn) -> None:
    project = live()
    publish(milestones=longer())
    browser = browser_of(sign_in)
    before = handover(project.key)
    overview = browser.get(f"/projects/{project.key}").get_data(as_text=True)
    page = browser.get(f"/projects/{project.key}/playbook").get_data(as_text=True)
    agreed = re.findall(r'name="agreed" value="([^"]+)"', page)[0]
    token = csrf_token(browser, f"/projects/{project.key}/playbook")

    took = browser.post(f"/projects/{project.key}/playbook", data={"csrf_token": token, "agreed": agreed})
    after = handover(project.key)
    history = browser.get(f"/projects/{project.key}/history").get_data(as_text=True)
    undo = re.findall(r'action="(/undo/[^"]+)"', history)[0]
    back = browser.post(undo, data={"csrf_token": token})

    assert "Version 2 of the playbook Standard is out" in overview
    assert took.status_code == back.status_code == 303
    assert after > before  # type: ignore[operator]  # dates
    assert "took version 2 of the playbook Standard over" in history
    assert handover(project.key) == before
    assert browser.get(f"/projects/{project.key}/playbook").status_code == 200, "it is offered again"


def test_a_playbook_is_tried_with_the_holidays_of_a_country_and_with_a_real_order(
    app: Flask, sign_in: SignIn
) -> None:
    live()
    publish(messages=(LETTER,), fields=FIELDS)
    browser = browser_of(sign_in)
    at = "/playbooks/standard/trial"

    swiss = browser.get(f"{at}?start=2027-04-26&country=CH").get_data(as_text=True)
    plain = browser.get(f"{at}?start=2027-04-26&country=JP").get_data(as_text=True)
    hostile = browser.get(f"{at}?start=9999-99-99&country=<b>&units=-4&order=x")

    def ends(page: str) -> str:
        return str(re.findall(r"<h1>(.*?)</h1>", page)[0])

    assert "Handed over on" in ends(swiss)
    assert ends(swiss) != ends(plain)
    assert "Soon " in swiss
    assert "{date}" not in swiss
    assert hostile.status_code == 200


def test_fields_are_filled_in_by_their_kind(app: Flask, sign_in: SignIn) -> None:
    publish_first(FIELDS)
    project = live()
    browser = browser_of(sign_in)
    page = f"/projects/{project.key}/fields"
    token = csrf_token(browser, page)
    loaded = dict(
        re.findall(r'name="(version|loaded)"[^>]*value="([^"]*)"', browser.get(page).get_data(as_text=True))
    )
    good = {"cost-centre": "4711", "lid": "22,5", "signed": "27.11.2026", "floor": "top", "crane": "yes"}

    wrong = browser.post(page, data={"csrf_token": token, **loaded, **good, "lid": "heavy", "signed": "soon"})
    assert not own.values_of(project.id), "nothing is half-saved"
    db.session.rollback()
    saved = browser.post(page, data={"csrf_token": token, **loaded, **good})
    overview = browser.get(f"/projects/{project.key}").get_data(as_text=True)
    again = browser.post(page, data={"csrf_token": token, **loaded, **good, "cost-centre": "0815"})

    assert wrong.status_code == 422
    assert "is not a number" in wrong.get_data(as_text=True)
    assert "is not a day" in wrong.get_data(as_text=True)
    assert saved.status_code == 303
    assert "22,5\N{NO-BREAK SPACE}kg" in overview
    assert "Fri 27 Nov" in overview
    assert again.status_code == 409, "somebody filled them in meanwhile"
    values = own.values_of(project.id)
    assert values["lid"].number == 22.5
    assert {one.field.key: one.said for one in own.filled_fields(project.id)}["floor"] == "Top"
    assert values["cost-centre"].text == "4711"
    assert [one.field.key for one in own.shown_to_customer(project.id)] == ["cost-centre"]

    undo = re.search(r'action="(/undo/\w+)"', overview)
    assert undo
    assert browser.post(undo[1], data={"csrf_token": token}).status_code == 303
    db.session.rollback()
    assert not own.values_of(project.id)


@pytest.mark.parametrize(
    "typed",
    ["2026-11-27", "27.11.2026", "27/11/2026", "27 Nov 2026", "27. November 2026", "27 november 2026"],
)
def test_days_are_read_as_people_write_them(sqlite_app: Flask, typed: str) -> None:
    with sqlite_app.test_request_context():
        assert filling.read_day(typed).isoformat() == "2026-11-27"


@pytest.mark.parametrize("typed", ["31.02.2026", "soon", "2026-13-01", "1.1.26", "27 Nov"])
def test_what_is_no_day_is_told(sqlite_app: Flask, typed: str) -> None:
    with sqlite_app.test_request_context(), pytest.raises(ValueError, match="is not a day"):
        filling.read_day(typed)


def test_a_field_that_the_project_does_not_have_is_refused(app: Flask) -> None:
    publish_first(FIELDS)
    project = live()

    with pytest.raises(Refused, match="no field"), unit_of_work():
        filling.fill_fields(project.id, {"secret": "1"}, actor_id=None, at=orders.RECEIVED)


def publish_first(fields: tuple[FieldPart, ...]) -> None:
    """The standard playbook with fields, before any project follows it."""
    from concierge.catalogue.actions.standard import standard_version

    with unit_of_work():
        standard_version(at=orders.RECEIVED)
    publish(fields=fields)


def test_the_customers_pdf_names_what_the_customer_may_see(app: Flask) -> None:
    publish_first(FIELDS)
    project = live()
    with unit_of_work():
        typed = {"cost-centre": "4711 <b>", "lid": "22"}
        filling.fill_fields(project.id, typed, actor_id=None, at=orders.RECEIVED)
    checklist = readiness.checklist_of(project.id)
    assert checklist is not None

    with app.test_request_context():
        document = filled(checklist, readiness.project_of(checklist), language="de", revision=1)
        page = printing.html(document)

    assert [(one.name, one.said) for one in document.own] == [("Cost centre", "4711 <b>")]
    assert "Cost centre: 4711 &lt;b&gt;" in page
    assert "Weight of the lid" not in page
