"""One question a page: each kind is answered, judged and kept; nothing that was typed is lost."""

import io
import re
from datetime import timedelta

import pytest
from flask import Flask

from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness.actions import answering, issuing, judging
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Standing, Verdict
from tests.makers import readiness
from tests.makers.days import on
from tests.portal.conftest import SOON, Customer

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def item(project: Project, key: str) -> ReadinessItem:
    return readiness.item(project, key)


def seen_on(customer: Customer, item_id: int) -> str:
    found = re.search(r'name="seen"[^>]*value="(\d+)"', customer.get(f"/items/{item_id}"))
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("key", "fields", "value"),
    [
        ("circuit", {"answer": "yes"}, "yes"),
        ("temperature", {"answer": "22,5", "unit": "°C"}, "22,5 °C"),
        ("temperature", {"answer": "71.6", "unit": "°F"}, "71.6 °F"),
        ("temperature", {"answer": "71.6 °F", "unit": "°C"}, "71.6 °F"),
        ("temperature", {"answer": "72°", "unit": "°F"}, "72 °F"),
        ("plug", {"answer": "t23"}, "t23"),
        ("gases", {"answer": ["he", "n2"]}, "he, n2"),
        ("person", {"answer": "Noëmi Frey, +41 61 555 01 12"}, "Noëmi Frey, +41 61 555 01 12"),
        ("ready-on", {"day": "7", "month": "4", "year": "2026"}, "2026-04-07"),
        ("signed", {"answer": "Noëmi Frey"}, "Noëmi Frey"),
    ],
)
def test_each_kind_is_answered(
    project: Project, customer: Customer, key: str, fields: dict[str, object], value: str
) -> None:
    asked = item(project, key)

    answer = customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", **fields)

    assert answer.status_code == 303
    kept = item(project, key)
    assert kept.value.replace(" ", "") == value.replace(" ", "")
    assert kept.state is ItemState.ANSWERED
    assert (kept.channel, kept.answered_name) == (
        Channel.WEB,
        project.contact.name if project.contact else "",
    )
    again = customer.get(f"/items/{asked.id}")
    assert "aria-invalid" not in again


def test_an_answer_leads_on_to_what_can_be_done_next(project: Project, customer: Customer) -> None:
    first = item(project, "circuit")

    answer = customer.post(f"/items/{first.id}", page=f"/items/{first.id}", answer="yes")

    assert re.search(r"/items/\d+\?said=saved$", answer.location)
    assert f"/items/{first.id}?" not in answer.location


@pytest.mark.parametrize(
    ("country", "example"), [("US", "11 27 2026"), ("CH", "27 11 2026"), ("CA", "2026 11 27")]
)
def test_a_day_is_asked_for_again_as_the_country_writes_it(
    project: Project, customer: Customer, country: str, example: str
) -> None:
    with unit_of_work():
        item(project, "ready-on").checklist.project.site.country = country
    asked = item(project, "ready-on")

    answer = customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", day="31", month="2", year="2026")

    assert answer.status_code == 422
    assert re.findall(r"[Ss]uch as ([0-9 ]+)\.", answer.get_data(as_text=True)) == [example] * 3


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("key", "fields", "kept"),
    [
        ("temperature", {"answer": "warm", "unit": "°C"}, "warm"),
        ("temperature", {"answer": "22 apples", "unit": "°C"}, "22 apples"),
        ("circuit", {}, ""),
        ("person", {"answer": "x" * 2001}, "x" * 2001),
        ("ready-on", {"day": "31", "month": "2", "year": "2026"}, 'value="31"'),
        ("ready-on", {"day": "a", "month": "2", "year": ""}, 'value="a"'),
        ("gases", {}, ""),
    ],
)
def test_what_cannot_be_read_is_said_on_top_and_stays_in_the_form(
    project: Project, customer: Customer, key: str, fields: dict[str, object], kept: str
) -> None:
    asked = item(project, key)

    answer = customer.post(
        f"/items/{asked.id}", page=f"/items/{asked.id}", comment="Please call me first", **fields
    )

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert 'class="summary bad"' in page
    assert kept in page
    assert "Please call me first" in page
    assert item(project, key).state is ItemState.OPEN


def test_an_answer_out_of_range_is_kept_and_says_so(project: Project, customer: Customer) -> None:
    asked = item(project, "temperature")

    answer = customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", answer="35", unit="°C")

    assert answer.location.endswith("?said=outside")
    assert "not within what is needed" in customer.get(f"/items/{asked.id}?said=outside")
    assert item(project, "temperature").verdict is Verdict.OUT_OF_RANGE


def test_the_range_stands_in_the_units_of_the_country(app: Flask, client: object, project: Project) -> None:
    from concierge.readiness.actions import linking
    from tests.portal.conftest import holder

    with unit_of_work():
        there = readiness.project(number="SO-US", key="US", country="US")
        assert there.contact is not None
        linking.give_link(there, there.contact, at=clocks.now(), actor_id=None)
    american = holder(app, client, there)  # type: ignore[arg-type]  # the test's browser

    page = american.get(f"/items/{item(there, 'temperature').id}")

    assert "64.4" in page
    assert "80.6" in page
    assert re.search(r'<option selected value="°F"', page)


def test_photos_are_kept_with_a_point_and_come_back_as_downloads(
    project: Project, customer: Customer
) -> None:
    asked = item(project, "floor-plan")

    answer = customer.post(
        f"/items/{asked.id}",
        page=f"/items/{asked.id}",
        photo=(io.BytesIO(PNG), "IMG 0001.HTML"),
        file=[(io.BytesIO(b"%PDF-1.7 plan"), "plan.pdf"), (io.BytesIO(b"a;b\n1;2\n"), "log.csv")],
    )

    assert answer.status_code == 303
    kept = item(project, "floor-plan").evidence
    assert [one.file.name for one in kept] == ["IMG 0001.HTML.png", "plan.pdf", "log.csv"]
    assert {one.attached_name for one in kept} == {project.contact.name if project.contact else ""}
    for one in kept:
        sent = customer.browser.get(f"/p/{customer.token}/files/{one.id}")
        assert sent.status_code == 200
        assert sent.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in sent.headers["Content-Security-Policy"]
        assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert "<img" not in customer.get(f"/items/{asked.id}")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", b"MZ\x00\x01", b"", b"\x00" * 100]
)
def test_files_of_other_kinds_are_refused_and_good_ones_beside_them_stay(
    project: Project, customer: Customer, data: bytes
) -> None:
    asked = item(project, "floor-plan")

    answer = customer.post(
        f"/items/{asked.id}",
        page=f"/items/{asked.id}",
        file=[(io.BytesIO(data), "bad.pdf"), (io.BytesIO(PNG), "good.png")],
    )

    assert answer.status_code == 422
    assert "bad.pdf" in answer.get_data(as_text=True)
    assert [one.file.name for one in item(project, "floor-plan").evidence] == ["good.png"]


def test_an_upload_needs_a_file(project: Project, customer: Customer) -> None:
    asked = item(project, "floor-plan")

    answer = customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", comment="later")

    assert answer.status_code == 422
    assert "Choose a file." in answer.get_data(as_text=True)


def test_two_people_at_once_lose_nothing(project: Project, customer: Customer) -> None:
    asked = item(project, "person")
    seen = seen_on(customer, asked.id)
    with unit_of_work():
        answering.answer_item(
            item(project, "person"),
            typed="Somebody of ours",
            at=clocks.now(),
            by=Answerer(name="Urs from facilities", channel=Channel.PDF),
        )

    answer = customer.post(
        f"/items/{asked.id}", page="", answer="Noëmi Frey", comment="she is there all day", seen=seen
    )

    assert answer.location.endswith("?said=both")
    page = customer.get(f"/items/{asked.id}?said=both")
    assert "Noëmi Frey" in page
    assert "Somebody of ours" in page
    assert "she is there all day" in page
    db.session.rollback()
    found = {one.value: one.standing for one in db.session.query(ItemAnswer).filter_by(item_id=asked.id)}
    assert found == {"Somebody of ours": Standing.CURRENT, "Noëmi Frey": Standing.CONFLICT}


def test_the_same_answer_twice_is_one(project: Project, customer: Customer) -> None:
    asked = item(project, "circuit")
    seen = seen_on(customer, asked.id)

    for _attempt in range(2):
        answer = customer.post(f"/items/{asked.id}", page="", answer="yes", seen=seen)
        assert answer.status_code == 303

    db.session.rollback()
    assert db.session.query(ItemAnswer).filter_by(item_id=asked.id).count() == 1


def test_an_answer_that_was_given_back_says_why_and_stands_on_top(
    project: Project, customer: Customer
) -> None:
    asked = item(project, "person")
    customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", answer="Noëmi")
    with unit_of_work():
        judging.return_item(
            item(project, "person"), reason="Please add a phone number.", at=clocks.now(), actor_id=None
        )

    page = customer.get()

    assert "Please add a phone number." in page
    assert page.index("Person") < page.index("What your site needs"), "it is the next task"
    assert "Please add a phone number." in customer.get(f"/items/{asked.id}")


def test_a_point_of_ours_is_not_the_customers_to_answer(project: Project, customer: Customer) -> None:
    from concierge.catalogue.states import Responsible

    asked = item(project, "person")
    with unit_of_work():
        item(project, "person").responsible = Responsible.VENDOR

    page = customer.get(f"/items/{asked.id}")
    answer = customer.post(f"/items/{asked.id}", page="", answer="me")

    assert "We see to this." in page
    assert answer.status_code == 404
    assert item(project, "person").state is ItemState.OPEN


def test_a_point_that_is_not_asked_is_not_there(project: Project, customer: Customer) -> None:
    asked = item(project, "person")
    with unit_of_work():
        item(project, "person").is_asked = False

    assert ">Person<" not in customer.get()
    customer.get(f"/items/{asked.id}", status=404)


def test_signing_waits_for_the_answers_and_is_bound_to_them(project: Project, customer: Customer) -> None:
    early = customer.post(
        "/sections/power/signature", page="/sections/power/signature", name="Noëmi Frey", title="Lab manager"
    )
    assert early.status_code == 409
    assert "Noëmi Frey" in early.get_data(as_text=True)
    for key, value in (("circuit", "yes"), ("plug", "t23")):
        asked = item(project, key)
        customer.post(f"/items/{asked.id}", page=f"/items/{asked.id}", answer=value)
    page = customer.get("/sections/power/signature")
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen

    stale = customer.post("/sections/power/signature", page="", name="Noëmi Frey", seen="0" * len(seen[1]))
    signed = customer.post("/sections/power/signature", page="", name="Noëmi Frey", seen=seen[1])

    assert (stale.status_code, signed.status_code) == (409, 303)
    assert "Noëmi Frey signed this" in customer.get("/sections/power/signature")


def test_the_whole_list_is_signed_with_a_decision(project: Project, customer: Customer) -> None:
    ready = customer.post("/signature", page="/signature", name="Noëmi Frey", decision="ready")
    without = customer.post("/signature", page="", name="Noëmi Frey", decision="ready with conditions")
    with_them = customer.post(
        "/signature",
        page="",
        name="Noëmi Frey",
        decision="ready with conditions",
        conditions="The circuit comes on Friday.",
    )

    assert ready.status_code == 409, "something still holds delivery"
    assert without.status_code == 422
    assert with_them.status_code == 303


def test_a_day_that_is_too_late_says_so_until_delivery_moves_away_from_it(
    project: Project, customer: Customer
) -> None:
    asked = item(project, "ready-on")
    page = f"/items/{asked.id}"
    assert "on Wed 22 Apr at the latest" in customer.get(page)

    answer = customer.post(page, page=page, day="23", month="4", year="2026")

    assert answer.headers["Location"].endswith("?said=outside")
    assert item(project, "ready-on").verdict is Verdict.OUT_OF_RANGE
    assert not item(project, "ready-on").is_cleared
    assert "Answered, but not within what is needed." in customer.get()

    for days, verdict in ((1, Verdict.OK), (0, Verdict.OUT_OF_RANGE)):
        db.session.rollback()
        with unit_of_work():
            checklist = readiness.checklist(project)
            issuing.redate_checklist(
                checklist,
                delivery_on=on("Wed 2026-04-29") + timedelta(days=days),
                project=project,
                at=SOON,
                actor_id=None,
            )
        assert item(project, "ready-on").verdict is verdict
        kept = db.session.query(ItemAnswer).filter_by(item_id=asked.id, standing=Standing.CURRENT).one()
        assert kept.verdict is verdict
