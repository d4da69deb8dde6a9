"""Files come in pieces and go on where a connection was lost; their kind is told by what they hold."""

import io
import re

import pytest
from flask import Flask

from concierge.platform import clock as clocks
from concierge.platform.database import db
from concierge.platform.files import read
from concierge.projects.models import Project
from concierge.readiness import queries, scope
from concierge.readiness.actions.uploading import PIECE
from tests.makers import readiness
from tests.portal.conftest import Customer

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10_000


def headers(customer: Customer, **others: str) -> dict[str, str]:
    proof = scope.form_proof(customer.token, key="a key for tests only", at=clocks.now())
    return {"X-Proof": proof, "Accept": "application/json", **others}


def begin(customer: Customer, item_id: int, data: bytes, *, name: str = "IMG_1.jpg") -> dict[str, object]:
    answer = customer.browser.post(
        f"/p/{customer.token}/uploads",
        data={"item": str(item_id), "name": name, "size": str(len(data)), "changed": "17"},
        headers=headers(customer),
    )
    told: dict[str, object] = answer.get_json()
    return {"status": answer.status_code, **told}


def send(customer: Customer, url: object, piece: bytes, offset: int) -> tuple[int, dict[str, object]]:
    answer = customer.browser.post(
        str(url),
        data=piece,
        headers=headers(
            customer, **{"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        ),
    )
    return answer.status_code, answer.get_json()


def test_a_file_in_pieces_is_whole_at_the_end(project: Project, customer: Customer) -> None:
    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, PHOTO)
    assert (told["status"], told["received"], told["piece"]) == (201, 0, PIECE)

    offset = 0
    while offset < len(PHOTO):
        status, told = send(customer, told["url"], PHOTO[offset : offset + PIECE], offset)
        assert status == 200
        offset = int(str(told["received"]))
    assert told["is_done"]

    kept = readiness.item(project, "floor-plan").evidence
    assert [(one.file.name, one.file.content_type) for one in kept] == [("IMG_1.jpg", "image/jpeg")]
    assert read(kept[0].file) == PHOTO
    assert queries.uploads_of(customer.link_id) == []
    assert customer.browser.get(str(told["url"])).data == PHOTO


def test_an_upload_goes_on_where_it_stopped_also_in_another_browser(
    app: Flask, project: Project, customer: Customer
) -> None:
    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, PHOTO)
    send(customer, told["url"], PHOTO[:PIECE], 0)
    elsewhere = Customer(app, app.test_client(), customer.token, customer.link_id)

    again = begin(elsewhere, item.id, PHOTO)
    status, behind = send(elsewhere, again["url"], PHOTO[:PIECE], 0)

    assert (again["received"], again["url"]) == (PIECE, told["url"])
    assert (status, behind["received"]) == (409, PIECE), "the same piece once more is not put behind itself"
    assert elsewhere.browser.get(str(again["url"])).get_json()["received"] == PIECE


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"<svg onload=x>", "a.png"), (b"MZ\x90\x00", "a.jpg"), (b"#!/bin/sh\nrm -rf /", "a.txt")],
)
def test_what_is_no_kind_that_is_kept_is_refused_with_its_first_piece(
    project: Project, customer: Customer, data: bytes, name: str
) -> None:
    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, data, name=name)

    status, said = send(customer, told["url"], data, 0)

    assert status == 422
    assert "Send a PDF" in str(said["detail"])
    assert queries.uploads_of(customer.link_id) == []
    assert readiness.item(project, "floor-plan").evidence == []


@pytest.mark.parametrize("size", [0, 20 * 1024 * 1024 + 1, 10**12])
def test_too_large_and_empty_files_are_refused_before_they_are_sent(
    project: Project, customer: Customer, size: int
) -> None:
    item = readiness.item(project, "floor-plan")
    answer = customer.browser.post(
        f"/p/{customer.token}/uploads",
        data={"item": str(item.id), "name": "a.jpg", "size": str(size), "changed": ""},
        headers=headers(customer),
    )

    assert answer.status_code == 422


def test_a_log_of_many_megabytes_is_refused_with_its_first_piece(
    project: Project, customer: Customer
) -> None:
    item = readiness.item(project, "floor-plan")
    line = "2026-03-02T10:00,22,5 °C;".encode() * (PIECE // 26)
    told = begin(customer, item.id, bytes(11 * PIECE), name="log.csv")

    status, problem = send(customer, told["url"], line, 0)

    assert (status, "10 MB" in str(problem["detail"])) == (422, True)
    assert queries.uploads_of(customer.link_id) == []


def test_more_than_was_announced_is_refused(project: Project, customer: Customer) -> None:
    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, b"%PDF-1.7 12345")

    status, _said = send(customer, told["url"], b"%PDF-1.7 123456789", 0)
    too_large, _said = send(customer, told["url"], b"%PDF-" + b"x" * PIECE, 0)

    assert (status, too_large) == (422, 422)


def test_names_are_never_places(project: Project, customer: Customer) -> None:
    item = readiness.item(project, "floor-plan")
    data = b"%PDF-1.7 plan"
    told = begin(customer, item.id, data, name="../../etc/‮fdp.exe")

    _status, told = send(customer, told["url"], data, 0)

    assert told["is_done"]
    name = readiness.item(project, "floor-plan").evidence[0].file.name
    assert "/" not in name
    assert "‮" not in name
    assert name.endswith(".pdf")


def test_an_upload_belongs_to_its_own_link(app: Flask, project: Project, customer: Customer) -> None:
    from concierge.platform.database import unit_of_work
    from concierge.readiness.actions import linking

    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, PHOTO)
    with unit_of_work():
        theirs = linking.hand_on(
            queries.link_for_change(customer.link_id),
            section="access",
            name="Urs",
            email="urs@example.com",
            at=clocks.now(),
        )
        token, link_id = linking.token_of(theirs), theirs.id
    colleague = Customer(app, app.test_client(), token, link_id)

    status, _said = send(colleague, str(told["url"]).replace(customer.token, token), PHOTO[:PIECE], 0)

    assert status == 404


def test_no_piece_is_taken_without_the_pages_proof(project: Project, customer: Customer) -> None:
    item = readiness.item(project, "floor-plan")
    told = begin(customer, item.id, PHOTO)

    answer = customer.browser.post(str(told["url"]), data=PHOTO[:PIECE], headers={"Upload-Offset": "0"})

    assert answer.status_code == 400
    assert customer.browser.get(str(told["url"])).get_json()["received"] == 0


@pytest.mark.parametrize("path", ["/returned", "/items/"])
def test_a_file_that_is_refused_is_said_beside_the_field(
    project: Project, customer: Customer, path: str
) -> None:
    """What a request of its own has read, nothing of the test's kept alive."""
    item = readiness.item(project, "floor-plan").id
    path, page = (f"/items/{item}", f"/items/{item}") if path == "/items/" else (path, "/documents")
    proof = re.search(r'name="proof" value="([^"]+)"', customer.get(page))
    assert proof
    db.session.rollback()
    db.session.expunge_all()

    refused = customer.browser.post(
        f"/p/{customer.token}{path}",
        data={"proof": proof[1], "seen": "0", "file": (io.BytesIO(b"<html>"), "plan.pdf")},
    )

    assert refused.status_code == 422
    assert 'class="error"' in refused.text
