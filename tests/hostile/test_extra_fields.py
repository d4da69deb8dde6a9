"""A form changes what it asks for and nothing else, whatever else is sent along (threat A4)."""

import datetime
from typing import Any

import html5lib
import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import Base, db
from tests.conftest import csrf_token
from tests.hostile import pages
from tests.hostile import world as worlds
from tests.hostile.world import World

NUMBER = 31337
DAY = "2037-07-07"
WORD = "zqmass"
LAST = ("/end", "/cancellation", "/role", "/sessions", "/revocation", "/rotation", "/restore", "/sign-out")
ASKED_WHEN_NEEDED = {"/confirmation": ("conflict_reason",)}
"""By how the address ends: fields of a form that its page only shows once a rule stands against what was asked."""


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_form_takes_its_own_fields_only(app: Flask, world: World) -> None:
    browser = world.browsers["administrator"]
    forms: dict[str, dict[str, str]] = {}
    for path, answer in pages.walk(app, browser, (world.ours,), each=1):
        if answer.mimetype == "text/html":
            for action, fields in _forms(path, answer.get_data(as_text=True)):
                forms.setdefault(action, fields)
    roles = _roles()
    extra = _every_column()
    taken = 0
    for action in sorted(
        forms, key=lambda found: (found.endswith(LAST) or any(p in found for p in LAST), found)
    ):
        if (
            action.endswith(("/sign-out", "/settings/me/sessions/end"))
            or "/role" in action
            or "/people/1/" in action
        ):
            continue
        fields = forms[action]
        for end, names in ASKED_WHEN_NEEDED.items():
            if action.endswith(end):
                fields.update(dict.fromkeys(names, "Because it is so"))
        fields["csrf_token"] = csrf_token(browser, "/settings/me")
        sent = {**{name: value for name, value in extra.items() if name not in fields}, **fields}
        status = browser.post(action, data=sent).status_code
        assert status < 500, action
        taken += status == 303
        kept = worlds.everything()
        for planted in (str(NUMBER), DAY, WORD):
            assert planted not in kept, (action, planted)

    assert _roles()[: len(roles)] == roles
    assert not any(role is Role.ADMINISTRATOR for _id, role, _email in _roles()[len(roles) :])
    assert len(forms) > 20
    assert taken > 12


def test_an_invited_person_cannot_choose_a_role_or_another_account(app: Flask, world: World) -> None:
    from concierge.identity.actions import people as access
    from concierge.identity.actions.links import make_link
    from concierge.identity.states import LinkPurpose
    from concierge.platform import clock
    from concierge.platform.database import unit_of_work

    with unit_of_work():
        eve = access.invite_person(
            email="eve@concierge.example", name="Eve Stern", role=Role.TECHNICIAN, zone="UTC", language="en",
            actor_id=None, at=clock.now(),
        )  # fmt: skip
        token = make_link(eve, LinkPurpose.INVITATION, at=clock.now())
    client = app.test_client()
    admin = world.people["administrator"]
    data = {
        **_every_column(),
        "role": "administrator",
        "email": admin.email,
        "user_id": str(admin.id),
        "id": str(admin.id),
        "csrf_token": csrf_token(client, f"/invitation/{token}"),
        "password": "four unrelated calm words",
        "again": "four unrelated calm words",
    }

    assert client.post(f"/invitation/{token}", data=data).status_code == 303

    db.session.rollback()
    kept = db.session.get_one(User, eve.id, populate_existing=True)
    assert (kept.role, kept.email) == (Role.TECHNICIAN, "eve@concierge.example")
    assert db.session.get_one(User, admin.id, populate_existing=True).password_hash == "!"


def _roles() -> list[tuple[Any, ...]]:
    with db.engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(sa.select(User.id, User.role, User.email).order_by(User.id))
        ]


def _every_column() -> dict[str, str]:
    """A value for every column name of the model that can be told when it turns up in a table."""
    values = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            match column.type.python_type if not isinstance(column.type, sa.JSON) else dict:
                case t if t in {int, float}:
                    value = str(NUMBER)
                case t if t is datetime.date:
                    value = DAY
                case t if t is datetime.datetime:
                    value = f"{DAY}T07:07"
                case t if t is bool:
                    value = "true"
                case _:
                    value = WORD
            values[column.name] = value
    return values


def _forms(path: str, page: str) -> list[tuple[str, dict[str, str]]]:
    """Address and fields of each form that is sent by POST, filled as a person might."""
    found = []
    root = html5lib.parse(page, namespaceHTMLElements=False)
    for form in root.iter("form"):
        if form.get("method", "").lower() != "post" or form.get("enctype"):
            continue
        fields = {}
        for field in form.iter():
            name = field.get("name")
            if field.tag == "select" and name:
                options = [o.get("value", "") for o in field.iter("option")]
                chosen = [o.get("value", "") for o in field.iter("option") if o.get("selected") is not None]
                fields[name] = (chosen or [o for o in options if o] or [""])[0]
            elif field.tag == "textarea" and name:
                fields[name] = field.text or "Because it is so"
            elif (
                field.tag == "input"
                and name
                and field.get("type") not in {"checkbox", "radio", "submit", "file"}
            ):
                made_up = {
                    "date": "2026-04-01",
                    "time": "08:00",
                    "email": "x@customer.example",
                    "password": "x",
                }
                fields[name] = field.get("value") or made_up.get(field.get("type", ""), "Words")
            elif field.tag == "input" and name and field.get("type") == "radio":
                fields.setdefault(name, field.get("value", ""))
        found.append((form.get("action") or path.partition("?")[0], fields))
    return found
