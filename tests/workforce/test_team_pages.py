"""The pages of technicians: changed by those who may, bad input said at its field, everything taken back."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.workforce import queries
from concierge.workforce.actions import territories
from tests.conftest import csrf_token
from tests.makers import people, workforce
from tests.makers.days import on
from tests.makers.workforce import SOME_DAY

FREE = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), "")


def test_a_technician_is_changed_with_bad_input_said_and_everything_undone(
    app: Flask, sign_in: Callable[[User], FlaskClient]
) -> None:
    with unit_of_work():
        tomas = workforce.technician(skills=("orbitrap",), skill_expires_on=on("Wed 2026-01-07"))
        alps = territories.add("Alps", parts=[("CH", "")], at=SOME_DAY, actor_id=None)
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
    browser, page = sign_in(jonas), f"/technicians/{tomas.user_id}"
    token = csrf_token(browser, f"{page}/hours")
    profile = {
        "csrf_token": token,
        "city": "Basel",
        "country": "CH",
        "subdivision": "BS",
        "languages": "de, en",
        "territory": "",
        "served": str(alps.id),
        "weekly_hours": "32",
        "version": _version(tomas.user_id),
    }

    def sent(path: str, **fields: str) -> tuple[int, str]:
        answer = browser.post(f"{page}/{path}", data={"csrf_token": token, **fields})
        return answer.status_code, answer.get_data(as_text=True)

    status, said = sent("edit", **{**profile, "degrees": "somewhere", "city": "Böhl"})
    assert status == 422
    assert "decimal points" in said
    assert 'value="Böhl"' in said
    status, said = sent("edit", **{**profile, "languages": "klingon"})
    assert status == 409
    assert "is no language" in said
    assert 'value="klingon"' in said, "what was typed stays"
    assert (
        sent("edit", **{**profile, "degrees": "47.5596, 7.5886", "version": _version(tomas.user_id)})[0]
        == 303
    )
    status, said = sent("hours", **{**FREE, "monday": "22-6"})
    assert (status, "cannot run from 22:00 to 06:00" in said, 'value="22-6"' in said) == (422, True, True)
    mark = _mark(browser, page)
    assert (
        sent("hours", **{**FREE, "monday": "8-12, 13-17", "tuesday": "22:00–24:00", "version": mark})[0]
        == 303
    )
    assert sent("hours", **{**FREE, "monday": "8-12", "version": mark})[0] in {409, 422}, (
        "somebody changed them since"
    )
    assert sent("skills/new", code="orbitrap", level="2")[0] in {409, 422}, "it is held already"
    assert sent("skills/new", code="magnets", level="2", issued_on="2026-05-01", expires_on="2026-04-01")[
        0
    ] in {
        409,
        422,
    }
    assert sent("days/new", worked_on="2030-05-01", hours="10-14", reason="Fair")[0] == 303
    assert sent("capacity/new", percent="101", first_on="2030-05-01")[0] == 422
    assert sent("capacity/new", percent="50", first_on="2030-05-01")[0] == 303
    assert sent("capacity/new", percent="20", first_on="2030-06-01")[0] in {409, 422}

    shown = browser.get(page).get_data(as_text=True)

    found = queries.profile_of(tomas.user_id)
    assert (found.degrees, found.weekly_hours, found.languages) == ("47.5596, 7.5886", 32, ["de", "en"])
    assert [row.territory_id for row in found.served] == [alps.id]
    assert len(found.hours) == 3
    for words in (
        "13:00–17:00",
        "22:00–24:00",
        "10:00–14:00",
        "ran out on Wed 7 Jan",
        "50 %",
        "German, English",
    ):
        assert words in shown, words
    undone = browser.get("/technicians").get_data(as_text=True)
    assert "ran out on Wed 7 Jan" in undone
    told = browser.post(
        f"{page}/hours",
        data={**FREE, "csrf_token": token, "version": _mark(browser, page)},
        follow_redirects=True,
    ).get_data(as_text=True)
    db.session.rollback()
    assert queries.profile_of(tomas.user_id).hours == [], "none: the usual ones"
    undo = told.split('action="/undo/')[1].split('"')[0]
    browser.post(f"/undo/{undo}", data={"csrf_token": token})
    db.session.rollback()
    assert len(queries.profile_of(tomas.user_id).hours) == 3


def _version(user_id: int) -> str:
    version = str(queries.profile_of(user_id).version)
    db.session.rollback()
    return version


def _mark(browser: FlaskClient, page: str) -> str:
    text = browser.get(f"{page}/hours").get_data(as_text=True)
    return text.split('name="version"')[1].split('value="')[1].split('"')[0]
