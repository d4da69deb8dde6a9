"""The addresses that devices talk to: what they refuse, and that nothing gets lost by it."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from concierge.fieldwork.actions import photos
from concierge.fieldwork.models import FieldChange, FieldEntry, FieldNote, FieldPhoto, NotReady, PhotoUpload
from concierge.fieldwork.protocol import LARGEST_PHOTO, MOST_CHANGES, PIECE, Kind
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.file_kinds import NotKept
from concierge.projects.models import Project
from concierge.visits.models import Visit
from tests.conftest import csrf_token
from tests.makers import fieldwork, people, projects, workforce

ONE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what no database decides."""
SignIn = Callable[[User], FlaskClient]
HOSTILE = [
    "",
    "\0",
    "\ud800",
    "x" * 10_000,
    "<script>",
    "{{7*7}}",
    -1,
    1e308,
    True,
    None,
    [],
    {},
    [[]],
    {"a": {}},
]


@pytest.fixture
def visit(app: Flask) -> Visit:
    with unit_of_work():
        return fieldwork.visit(projects.live(), workforce.technician())


@pytest.fixture
def tomas(visit: Visit) -> User:
    return db.session.get_one(User, visit.technician_ids[0])


@pytest.fixture
def phone(tomas: User, sign_in: SignIn) -> FlaskClient:
    return sign_in(tomas)


def day(phone: FlaskClient) -> dict[str, Any]:
    answer = phone.get("/day/data")
    assert answer.status_code == 200
    return answer.json  # type: ignore[return-value]  # an object


def post(phone: FlaskClient, body: object) -> TestResponse:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-CSRFToken": day(phone)["token"], "Accept": "application/json"}
    return phone.post("/day/changes", data=sent, headers=headers, content_type="application/json")


def raw(
    visit: Visit, by: int, kind: Kind = Kind.NOTE, value: object = "Hello", **more: object
) -> dict[str, Any]:
    change = fieldwork.change(visit, kind, value, by=by)
    return {
        "key": change.key, "visit": change.visit, "ticket": change.ticket, "kind": kind.value, "step": "",
        "value": value, "at": change.at.isoformat(), "seen": [], **more,
    }  # fmt: skip


def batch(tomas: User, *changes: object, **more: object) -> dict[str, Any]:
    return {"user": tomas.id, "sent_at": "2026-03-17T10:00:00+01:00", "changes": list(changes), **more}


def count(table: type[Any]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(table.id))) or 0


@ONE
def test_a_day_says_all_that_is_needed_and_a_change_is_kept_once(
    phone: FlaskClient, visit: Visit, tomas: User
) -> None:
    (told,) = [one for one in day(phone)["visits"] if one["uid"] == visit.uid] or [None]
    if told is None:  # the visit lies beside the day on which this runs; its page tells the same
        told = {"ticket": raw(visit, tomas.id)["ticket"]}
    change = {**raw(visit, tomas.id, value="The door is narrow"), "ticket": told["ticket"]}

    first, again = (post(phone, batch(tomas, change)).json["results"][0] for _ in range(2))  # type: ignore[index]

    assert (first["outcome"], again["outcome"]) == ("done", "known")
    assert count(FieldNote) == 1


def test_each_hostile_value_is_refused_alone(phone: FlaskClient, visit: Visit, tomas: User) -> None:
    values: list[dict[str, Any]] = []
    for kind in Kind:
        for one in HOSTILE:
            values.append(raw(visit, tomas.id, kind, one, step="temperature"))  # noqa: PERF401
    for name in ("key", "visit", "kind", "step", "at", "seen", "ticket"):
        values += [{**raw(visit, tomas.id), name: one} for one in HOSTILE]
    for one in HOSTILE:
        values.append(raw(visit, tomas.id, Kind.STATE, {"to": one, "note": one}))
        values.append(raw(visit, tomas.id, Kind.PHOTO, {"file": one, "caption": one}))
        values.append(raw(visit, tomas.id, Kind.NOT_READY, {"cause": one, "note": one, "file": one}))
        signed = {"party": "customer", "name": one, "role": one, "meaning": one, "strokes": one, "shown": one}
        values.append(raw(visit, tomas.id, Kind.SIGNATURE, signed))
    honest = raw(visit, tomas.id, value="Still here")
    results = []
    for start in range(0, len(values), MOST_CHANGES - 1):
        part = values[start : start + MOST_CHANGES - 1]
        answer = post(phone, batch(tomas, *part, honest))
        assert answer.status_code == 200, answer.text
        results += answer.json["results"][:-1]  # type: ignore[index]
        assert answer.json["results"][-1]["outcome"] in {"done", "known"}  # type: ignore[index]

    assert len(results) == len(values)
    assert all(one["sentence"] for one in results if one["outcome"] in {"refused", "later", "conflict"})
    assert not [one for one in results if "our side" in one["sentence"]]
    with_text = db.session.scalars(sa.select(FieldEntry.value)).all()
    assert all("\0" not in one for one in with_text)
    assert phone.get(f"/day/visits/{visit.uid}").status_code == 200


@ONE
def test_what_is_no_batch_is_said_in_a_sentence(phone: FlaskClient, tomas: User, visit: Visit) -> None:
    bodies: list[object] = [
        b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'{"changes": 3}', b"[]", b'{"changes": [NaN]}',
        {"changes": [raw(visit, tomas.id)] * (MOST_CHANGES + 1)}, b" " * (3 * 1024 * 1024),
        batch(tomas, sent_at="yesterday"), batch(tomas, user=tomas.id + 1), batch(tomas, user=None),
    ]  # fmt: skip
    for body in bodies:
        answer = post(phone, body)
        if answer.status_code == 200:
            assert answer.json["results"][0]["outcome"] == "refused"  # type: ignore[index]
        else:
            assert answer.status_code == 422
            assert answer.json["detail"]  # type: ignore[index]

    assert count(FieldChange) == 0


@ONE
def test_without_token_or_sign_in_nothing_is_taken(
    app: Flask, phone: FlaskClient, visit: Visit, tomas: User
) -> None:
    body = json.dumps(batch(tomas, raw(visit, tomas.id)))

    forged = phone.post("/day/changes", data=body, content_type="application/json")
    stranger = app.test_client().get("/day/data", headers={"Accept": "application/json"})

    assert forged.status_code == 400
    assert stranger.status_code == 401
    assert count(FieldChange) == 0


def test_another_person_s_key_visit_and_photo_are_refused(
    phone: FlaskClient, visit: Visit, tomas: User, sign_in: SignIn
) -> None:
    with unit_of_work():
        mallory = people.user(name="Mallory Strang", role=Role.TECHNICIAN)
        workforce.technician(user=mallory)
        photo = fieldwork.uploaded(tomas.id)
        mine = fieldwork.change(visit, Kind.NOTE, "Mine", by=tomas.id)
        fieldwork.send(mine, by=tomas.id)
        project = db.session.get_one(Project, visit.project_id)
        theirs = fieldwork.visit(project, starts="Wed 2026-03-18 09:00", crew=0)
    other = sign_in(mallory)
    stolen = {**raw(visit, tomas.id, value="Mine"), "key": mine.key, "at": mine.at.isoformat()}

    as_mallory = post(other, batch(mallory, stolen)).json["results"][0]  # type: ignore[index]
    own_ticket = {**raw(theirs, mallory.id), "key": mine.key}
    with_ticket = post(other, batch(mallory, own_ticket)).json["results"][0]  # type: ignore[index]
    forged = post(other, batch(mallory, {**raw(theirs, mallory.id), "ticket": "a" * 26})).json["results"][0]  # type: ignore[index]
    picture = raw(theirs, mallory.id, Kind.PHOTO, {"file": photo})
    not_theirs = post(other, batch(mallory, picture)).json["results"][0]  # type: ignore[index]
    again = post(phone, batch(tomas, stolen)).json["results"][0]  # type: ignore[index]
    unknown = post(phone, batch(tomas, {**raw(visit, tomas.id), "visit": "no-such"})).json["results"][0]  # type: ignore[index]

    assert [one["outcome"] for one in (as_mallory, with_ticket, forged, not_theirs)] == [
        "refused", "refused", "refused", "later",
    ]  # fmt: skip
    assert "not yours" in as_mallory["sentence"]
    assert "not yours" in unknown["sentence"]
    assert again["outcome"] == "known", "nothing of Tomas is lost"
    assert db.session.scalars(sa.select(FieldNote.text)).all() == ["Mine"]


def send_photo(phone: FlaskClient, data: bytes, *, uuid: str = "", piece: int = PIECE) -> TestResponse:
    uuid, token = uuid or str(uuid4()), day(phone)["token"]
    offset = 0
    while True:
        part = data[offset : offset + piece]
        answer = phone.post(
            f"/day/files/{uuid}?offset={offset}&size={len(data)}", data=part, headers={"X-CSRFToken": token}
        )
        if answer.status_code != 200 or answer.json["is_whole"]:  # type: ignore[index]
            return answer
        offset = answer.json["received"]  # type: ignore[index]


@ONE
def test_a_photo_goes_on_where_it_stopped_and_loses_what_the_camera_wrote(
    phone: FlaskClient, visit: Visit, tomas: User
) -> None:
    data, uuid = fieldwork.photo((3000, 1200), quality=98), str(uuid4())
    token = day(phone)["token"]
    half = len(data) // 2
    assert half < PIECE
    begun = phone.post(
        f"/day/files/{uuid}?offset=0&size={len(data)}", data=data[:half], headers={"X-CSRFToken": token}
    )
    lost = phone.post(
        f"/day/files/{uuid}?offset=0&size={len(data)}", data=data[:half], headers={"X-CSRFToken": token}
    )
    asked = phone.post(f"/day/files/{uuid}?offset=0&size={len(data)}", headers={"X-CSRFToken": token})
    early = post(phone, batch(tomas, raw(visit, tomas.id, Kind.PHOTO, {"file": uuid})))
    whole = phone.post(
        f"/day/files/{uuid}?offset={half}&size={len(data)}", data=data[half:], headers={"X-CSRFToken": token}
    )
    kept = post(phone, batch(tomas, raw(visit, tomas.id, Kind.PHOTO, {"file": uuid, "caption": "Label"})))

    assert begun.json == {"received": half, "size": len(data), "is_whole": False}
    assert (lost.status_code, lost.json["received"]) == (409, half)  # type: ignore[index]
    assert asked.json["received"] == half  # type: ignore[index]
    assert early.json["results"][0]["outcome"] == "later"  # type: ignore[index]
    assert whole.json["is_whole"]  # type: ignore[index]
    assert kept.json["results"][0]["outcome"] == "done", kept.json  # type: ignore[index]
    db.session.rollback()
    photo_id = db.session.scalars(sa.select(FieldPhoto.id)).one()
    shown = phone.get(f"/day/photos/{photo_id}/large")
    with Image.open(io.BytesIO(shown.data)) as picture:
        assert picture.size == (1024, 2560), "turned as it was held, and made smaller"
        assert not picture.getexif()
    assert b"camera" not in shown.data
    assert len(phone.get(f"/day/photos/{photo_id}/small").data) < len(shown.data)
    assert count(PhotoUpload) == 0


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that would need gigabytes."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (side * 3 + 1) * 40, 9)
    parts = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def multipart(fields: dict[str, str], photo: bytes) -> bytes:
    """A form with a photo as browsers send it; the test client would leave a file of its own open."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="large.jpg"\r\n\r\n'
    return "".join([*parts, head]).encode() + photo + b"\r\n--edge--\r\n"


@ONE
def test_what_is_no_photo_or_too_large_is_refused_and_stays_on_the_device(
    phone: FlaskClient, visit: Visit, tomas: User
) -> None:
    jpeg = fieldwork.photo()
    token = day(phone)["token"]
    uuid = str(uuid4())
    heavy = phone.post(
        f"/day/files/{uuid}?offset=0&size={40 * 1024 * 1024}", data=jpeg, headers={"X-CSRFToken": token}
    )
    assert heavy.status_code == 422
    assert "stays on your device" in heavy.json["detail"]  # type: ignore[index]
    assert "40 MB" in heavy.json["detail"]  # type: ignore[index]
    note, photo = raw(visit, tomas.id), raw(visit, tomas.id, Kind.PHOTO, {"file": uuid})
    rest = post(phone, batch(tomas, photo, note)).json["results"]  # type: ignore[index]
    assert [one["outcome"] for one in rest] == ["later", "done"], "what else was entered is kept"
    form = {
        "csrf_token": token,
        "kind": "not_ready",
        "cause": "power",
        "note": "No current",
        "key": str(uuid4()),
        "file_key": str(uuid4()),
    }
    plainly = phone.post(
        f"/day/visits/{visit.uid}/changes",
        data=multipart(form, b"\xff\xd8\xff" + bytes(40 * 1024 * 1024)),
        content_type="multipart/form-data; boundary=edge",
    )
    assert plainly.status_code == 422
    assert "The photo has 41 MB" in plainly.text
    assert "No current</textarea>" in plainly.text, "what was typed stands there still"
    for data in (
        bomb(),
        jpeg[: len(jpeg) // 2],
        b"<svg onload=alert(1)>",
        b"%PDF-1.7",
        b"\xff\xd8\xff" * 99,
        b"GIF89a",
    ):
        answer = send_photo(phone, data)
        assert answer.status_code == 422, data[:8]
        assert answer.json["detail"]  # type: ignore[index]
    for name in ("../../etc/passwd", "x", str(uuid4()).upper()):
        odd = phone.post(f"/day/files/{name}?offset=0&size=9", data=b"x", headers={"X-CSRFToken": token})
        assert odd.status_code in {404, 422}

    assert count(PhotoUpload) == 0
    with pytest.raises(NotKept):
        photos.pictures(b"\0" * (LARGEST_PHOTO + 1))


@ONE
def test_photos_of_others_are_not_shown(
    phone: FlaskClient, visit: Visit, tomas: User, sign_in: SignIn
) -> None:
    with unit_of_work():
        uuid = fieldwork.uploaded(tomas.id)
        fieldwork.send(fieldwork.change(visit, Kind.PHOTO, {"file": uuid}, by=tomas.id), by=tomas.id)
        mallory = people.user(name="Mallory Strang", role=Role.TECHNICIAN)
        workforce.technician(user=mallory)
        ada = people.user(name="Ada Lind")
    db.session.rollback()
    photo_id = db.session.scalars(sa.select(FieldPhoto.id)).one()

    assert sign_in(mallory).get(f"/day/photos/{photo_id}/large").status_code == 404
    assert sign_in(ada).get(f"/day/photos/{photo_id}/large").status_code == 200
    assert phone.get(f"/day/photos/{photo_id}/huge").status_code == 404


@ONE
def test_the_office_sees_what_came_chooses_and_takes_back(visit: Visit, tomas: User, sign_in: SignIn) -> None:
    with unit_of_work():
        mara = people.user(name="Mara Keller", role=Role.DISPATCHER)
        first = fieldwork.change(visit, Kind.READING, "30", by=tomas.id, step="temperature")
        second = fieldwork.change(visit, Kind.READING, "<b>21</b>", by=mara.id, step="temperature")
        fieldwork.send(first, by=tomas.id)
        fieldwork.send(second, by=mara.id)
        value = {"cause": "power", "note": "No <i>current</i>"}
        fieldwork.send(fieldwork.change(visit, Kind.NOT_READY, value, by=tomas.id), by=tomas.id)
    office = sign_in(mara)
    page = office.get(f"/visits/{visit.id}/field")
    text = page.get_data(as_text=True)

    assert "out of range" in text
    assert "stands against it" in text
    assert "cannot be read" in text
    assert "<b>21" not in text
    assert "<i>current" not in text
    token = csrf_token(office, f"/visits/{visit.id}/field")
    report_id = db.session.scalars(sa.select(NotReady.id)).one()
    for path, data in (
        ("choice", {"key": first.key}),
        ("look", {}),
        (f"not-ready/{report_id}/withdrawal", {}),
    ):
        answer = office.post(f"/visits/{visit.id}/field/{path}", data={"csrf_token": token, **data})
        assert answer.status_code == 303, (path, answer.text)
    again = office.get(f"/visits/{visit.id}/field").get_data(as_text=True)
    assert "stands against it" not in again
    assert "Taken back." in again
    assert "<h1>" not in office.get(f"/visits/{visit.id}/field", headers={"HX-Request": "true"}).text
