"""Pages of what came back: brought in, looked at, decided on, typed in beside the pictures."""

import io
import re
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness import queries, returned_words
from concierge.readiness.models import ReturnedDocument
from concierge.readiness.states import Fate, ItemState, Outcome
from tests.conftest import csrf_token
from tests.makers import people, readiness
from tests.readiness import copies
from tests.readiness.copies import Copy, made, of, saved
from tests.readiness.test_returning import AT, answer, items, row, work

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def project(app: Flask) -> Project:
    with time_machine.travel(AT, tick=False), unit_of_work():
        return readiness.project(readiness.instrument(items=items()))


@pytest.fixture
def ada(app: Flask, project: Project, sign_in: SignIn) -> FlaskClient:
    with unit_of_work():
        person = people.user(name="Ada Lind")
    return sign_in(person)


def home(project: Project) -> str:
    return f"/projects/{project.key}/readiness/returned"


def post(browser: FlaskClient, page: str, act: str = "", **fields: object) -> TestResponse:
    return browser.post(f"{page}{act}", data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})


def bring(app: Flask, browser: FlaskClient, project: Project, data: bytes, name: str = "back.pdf") -> str:
    """Bring a file in and read it; the address of its page."""
    came = post(browser, home(project), files=(io.BytesIO(data), name))
    assert came.status_code == 303, came.text
    work(app)
    return came.headers["Location"]


def only(project: Project) -> ReturnedDocument:
    return row(queries.returned_of(project.id)[0].id)


def test_a_file_is_brought_in_and_read(app: Flask, ada: FlaskClient, project: Project) -> None:
    came = post(ada, home(project), files=(io.BytesIO(saved(made(of(project, circuit="yes")))), "back.pdf"))
    waiting = ada.get(came.headers["Location"])
    assert "Is being read" in waiting.text
    assert waiting.headers["Refresh"] == "2"
    work(app)

    page = ada.get(came.headers["Location"]).text

    assert "Dedicated circuit is live" in page
    assert "Everything that was filled in counts." in page
    assert readiness.item(project, "circuit").value == "yes"


def test_a_form_that_is_sent_twice_brings_its_file_once(ada: FlaskClient, project: Project) -> None:
    """With the token that every form carries in a browser."""
    token = re.search(r'name="form_token" value="([^"]+)"', ada.get(home(project)).text)
    assert token
    data = saved(made(of(project, circuit="yes")))

    first, again = (
        post(ada, home(project), files=(io.BytesIO(data), "back.pdf"), form_token=token[1]) for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (303, 303), first.text
    db.session.rollback()
    assert len(queries.returned_of(project.id)) == 1


def test_several_files_at_once_and_one_twice(app: Flask, ada: FlaskClient, project: Project) -> None:
    one, other = (saved(made(of(project, circuit=said))) for said in ("yes", "no"))

    sent = [(io.BytesIO(data), name) for data, name in ((one, "a.pdf"), (other, "b.pdf"), (one, "c.pdf"))]
    post(ada, home(project), files=sent)
    db.session.rollback()

    assert len(queries.returned_of(project.id)) == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty"),
        (b"<html>hello</html>", "Choose the checklist as a PDF"),
        (b"%PDF-1.7" + b"x" * (20 * 1024 * 1024), "larger than 20 MB"),
    ],
)
def test_what_is_no_checklist_is_refused_beside_the_field(
    ada: FlaskClient, project: Project, data: bytes, sentence: str
) -> None:
    refused = post(ada, home(project), files=(io.BytesIO(data), "x.pdf"))

    refused.request.environ["wsgi.input"].close()  # werkzeug keeps large bodies in a file
    assert refused.status_code == 422
    assert sentence in refused.text
    assert queries.returned_of(project.id) == []


def test_choosing_nothing_is_said(ada: FlaskClient, project: Project) -> None:
    refused = post(ada, home(project))

    assert refused.status_code == 422
    assert "Choose a file." in refused.text


def test_an_entry_that_waits_is_taken_or_left(app: Flask, ada: FlaskClient, project: Project) -> None:
    copy = of(project, circuit="yes", storage="yes")
    copy.note = b""
    place = bring(app, ada, project, saved(made(copy)))
    by_key = {entry["key"]: number for number, entry in enumerate(only(project).entries)}

    post(ada, place, f"/entries/{by_key['circuit']}", decision="take")
    assert only(project).settled_at is None
    post(ada, place, f"/entries/{by_key['storage']}", decision="leave")

    assert readiness.item(project, "circuit").value == "yes"
    assert readiness.item(project, "storage").state is ItemState.OPEN
    assert {entry["fate"] for entry in only(project).entries} == {Fate.TAKEN.value, Fate.LEFT.value}
    assert only(project).settled_at is not None


def test_what_cannot_be_read_is_not_taken_either(app: Flask, ada: FlaskClient, project: Project) -> None:
    place = bring(app, ada, project, saved(made(of(project, temperature="about seven"))))

    refused = post(ada, place, "/entries/0", decision="take")

    assert refused.status_code == 409
    assert "about seven" in refused.text
    assert only(project).settled_at is None

    post(ada, place, "/entries/0", decision="take", read_as="20,5 °C")

    assert readiness.item(project, "temperature").value == "20,5 °C"
    assert only(project).entries[0]["typed"] == "about seven"
    assert only(project).settled_at is not None


def test_a_signature_on_the_paper_is_taken_by_a_person(
    app: Flask, ada: FlaskClient, project: Project
) -> None:
    copy = of(project, circuit="yes")
    copy.texts = {**copy.texts, "section-power-sign-name": "A. Beck", "final-sign-name": "A. Beck"}
    copy.radios = {**copy.radios, "final-decision": "not-ready"}
    place = bring(app, ada, project, saved(made(copy)))
    assert {one["key"]: one["fate"] for one in only(project).entries} == {
        "circuit": Fate.TAKEN.value,
        "power": Fate.TAKEN.value,
        "final": Fate.FOR_A_PERSON.value,
    }

    post(ada, place, "/entries/2", decision="take")

    signed = queries.signatures_on(readiness.checklist(project).id)
    assert {(one.section, one.name) for one in signed} == {("power", "A. Beck"), ("", "A. Beck")}


@pytest.mark.parametrize(("decision", "counts"), [("take", "20 °C"), ("leave", "25 °C")])
def test_a_contradiction_is_decided_beside_each_other(
    app: Flask, ada: FlaskClient, project: Project, decision: str, counts: str
) -> None:
    data = saved(made(of(project, temperature="20 °C")))
    answer(project, "temperature", "25 °C")
    place = bring(app, ada, project, data)
    page = ada.get(place).text
    assert "20 °C" in page
    assert "Counts now: 25 °C" in page

    post(ada, place, "/choices/0", decision=decision)

    assert readiness.item(project, "temperature").value == counts
    assert only(project).settled_at is not None


def test_a_scan_is_typed_in_beside_its_pictures(app: Flask, ada: FlaskClient, project: Project) -> None:
    pdf = made(Copy(pages=2))
    del pdf.Root.AcroForm
    place = bring(app, ada, project, saved(pdf))
    page = ada.get(place).text
    assert "/pages/2.jpg" in page
    shown = ada.get(f"{place}/pages/1.jpg")
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    circuit, temperature = readiness.item(project, "circuit").id, readiness.item(project, "temperature").id

    refused = post(
        ada, place, "/answers", **{f"answer_{circuit}": "yes", f"answer_{temperature}": "about seven"}
    )

    assert refused.status_code == 422
    assert "about seven" in refused.text
    assert readiness.item(project, "circuit").state is ItemState.OPEN

    fields = {f"answer_{circuit}": "yes", f"answer_{temperature}": "68 °F", f"comment_{circuit}": "T. Meier"}
    saved_ = post(ada, place, "/answers", **fields, is_done="y")

    assert saved_.status_code == 303
    assert readiness.item(project, "temperature").value == "68 °F"
    assert readiness.item(project, "circuit").comment == "T. Meier"
    assert only(project).settled_at is not None


def test_a_photo_of_a_page_is_a_scan(app: Flask, ada: FlaskClient, project: Project) -> None:
    from PIL import Image

    kept = io.BytesIO()
    Image.effect_noise((900, 1200), 40).save(kept, "JPEG")

    bring(app, ada, project, kept.getvalue(), "page.jpg")

    assert (only(project).outcome, len(only(project).pictures)) == (Outcome.FLAT, 1)


def test_a_photo_that_cannot_be_shown_says_how_it_is_read(
    app: Flask, ada: FlaskClient, project: Project
) -> None:
    bring(app, ada, project, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40_000, "IMG_1.HEIC")
    back = only(project)
    page = ada.get(f"{home(project)}/{back.id}").get_data(as_text=True)

    assert (back.outcome, back.pictures) == (Outcome.FLAT, [])
    assert "HEIC" in page
    assert "JPEG" in returned_words.told_to_sender(back)
    assert f'name="answer_{readiness.item(project, "circuit").id}"' in page, "it is typed in all the same"


def test_the_original_is_handed_out_to_be_saved(app: Flask, ada: FlaskClient, project: Project) -> None:
    data = saved(made(of(project, circuit="yes")))
    place = bring(app, ada, project, data)

    original = ada.get(f"{place}/original")

    assert original.data == data
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in original.headers["Content-Security-Policy"]


def test_a_file_of_another_project_can_be_brought_there(
    app: Flask, ada: FlaskClient, project: Project
) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="BA")
    copy = of(other, circuit="yes")
    with unit_of_work():
        copies.keep_print(other, "TEST2345")
    place = bring(app, ada, project, saved(made(copy)))
    assert other.key in ada.get(place).text

    moved = post(ada, place, "/filing")
    work(app)

    assert f"/projects/{other.key}/" in moved.headers["Location"]
    assert readiness.item(other, "circuit").value == "yes"
    assert only(project).settled_at is not None


def test_what_waits_is_listed_until_it_is_dealt_with(app: Flask, ada: FlaskClient, project: Project) -> None:
    place = bring(app, ada, project, saved(made(of(project, temperature="about seven"))))
    assert place in ada.get("/returned").text
    assert place in ada.get("/today?whose=all").text
    assert "back.pdf" in ada.get(f"/projects/{project.key}/readiness").text

    post(ada, place, "/settlement")

    assert place not in ada.get("/returned").text
    assert only(project).entries[0]["fate"] == Fate.LEFT.value


def test_who_only_looks_cannot_decide(
    app: Flask, ada: FlaskClient, project: Project, sign_in: SignIn
) -> None:
    place = bring(app, ada, project, saved(made(of(project, temperature="about seven"))))
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)
    browser = sign_in(tomas)

    assert browser.get(place).status_code == 404
    assert place not in browser.get("/returned").text


def test_another_projects_file_is_not_reached_through_this_one(
    app: Flask, ada: FlaskClient, project: Project
) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="BA")
    place = bring(app, ada, project, saved(made(of(project, circuit="yes"))))
    foreign = place.replace(project.key, other.key)

    for path in (foreign, f"{foreign}/original", f"{foreign}/pages/1.jpg"):
        assert ada.get(path).status_code == 404
